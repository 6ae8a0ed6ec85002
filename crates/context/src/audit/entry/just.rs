//! Recipes of justfiles.

use super::{EntryPoint, Source};
use crate::Place;

/// Takes the public recipes; their parameters are declared.
pub(super) fn read(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let lines: Vec<&str> = text.lines().collect();
    let (mut comment, mut attributes) = (false, String::new());
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            attributes.push_str(line);
            continue;
        }
        let Some((name, needs)) = recipe(line) else {
            if !line.starts_with([' ', '\t']) {
                comment = line.starts_with('#') && !line.starts_with("#!");
                attributes.clear();
            }
            continue;
        };
        if !(name.starts_with('_') || attributes.contains("private")) {
            let body: Vec<&str> = lines[at + 1..]
                .iter()
                .take_while(|line| line.starts_with([' ', '\t']) || line.is_empty())
                .map(|line| line.trim().trim_start_matches('@'))
                .collect();
            let commands = format!("{}{needs}", body.join("\n"));
            let place = Place::line(path, u32::try_from(at + 1).unwrap_or(u32::MAX));
            let mut entry = EntryPoint::new(Source::Just, name, place, vec![format!("just {name}")], commands);
            entry.is_guarded |= attributes.contains("confirm");
            found.push(entry.described(comment || attributes.contains("doc(")).typed(Some(true)));
        }
        comment = false;
        attributes.clear();
    }
}

/// The name of the recipe that a line begins, and the recipes that run before it, as commands.
fn recipe(line: &str) -> Option<(&str, String)> {
    let line = line.strip_prefix('@').unwrap_or(line);
    if !line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    let (head, rest) = line.split_once(':')?;
    if rest.starts_with('=') || head.contains('=') && !head.contains(['\'', '"']) && !head.contains(' ') {
        return None;
    }
    let name = head.split_whitespace().next()?;
    let is_setting = matches!(name, "set" | "alias" | "export" | "import" | "mod");
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let needs = rest.split_whitespace().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())).map(|word| format!("\njust {word}")).collect();
    (is_name && !is_setting).then_some((name, needs))
}
