//! Targets of Makefiles.

use super::{EntryPoint, Source};
use crate::Place;

/// Takes the targets that people call: names without dots, slashes, patterns and variables.
pub(super) fn read(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let lines: Vec<&str> = text.lines().collect();
    let mut comment = false;
    for (at, line) in lines.iter().enumerate() {
        let Some((names, rest)) = rule(line) else {
            comment = is_comment(line) || comment && line.starts_with(".PHONY");
            continue;
        };
        let body: Vec<&str> = lines[at + 1..].iter().take_while(|line| line.starts_with('\t') || line.trim().is_empty()).map(|line| line.trim()).collect();
        let (before, help) = rest.split_once('#').unwrap_or((rest, ""));
        // What stands before it runs too.
        let needs: String = before.split_whitespace().filter(|name| is_name(name)).map(|name| format!("\nmake {name}")).collect();
        for name in names {
            let commands = format!("{}{needs}", body.join("\n"));
            let place = Place::line(path, line_number(at));
            found.push(EntryPoint::new(Source::Make, name, place, vec![format!("make {name}")], commands).described(comment || !help.trim().is_empty()));
        }
        comment = false;
    }
}

fn line_number(at: usize) -> u32 {
    u32::try_from(at + 1).unwrap_or(u32::MAX)
}

fn is_comment(line: &str) -> bool {
    line.starts_with('#') && line.trim_start_matches('#').trim().len() >= 4
}

/// The names that a line defines, and what follows the colon.
fn rule(line: &str) -> Option<(Vec<&str>, &str)> {
    if line.starts_with(['\t', ' ', '#', '.']) {
        return None;
    }
    let (names, rest) = line.split_once(':')?;
    if rest.starts_with('=') || rest.starts_with(":=") || names.contains(['=', '$', '%', '(']) || rest.trim_start().starts_with(['=']) {
        return None;
    }
    let names: Vec<&str> = names.split_whitespace().filter(|name| is_name(name)).collect();
    // `target: VARIABLE = value` sets a variable.
    let is_setting = rest.split('#').next().unwrap_or_default().contains('=');
    (!names.is_empty() && !is_setting).then_some((names, rest.trim_start_matches(':')))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}
