//! For terminals: four sections, readable without colour.

use super::{shown, tally};
use crate::audit::report::{Item, Report, Section};

/// The width at which lines are broken, in characters.
const WIDTH: usize = 110;

/// The report of `name`, at most `limit` findings a section.
#[must_use]
pub fn text(report: &Report, name: &str, limit: usize) -> String {
    let at = report.commit.as_deref().map_or(String::new(), |commit| format!(" at {}", commit.get(..10).unwrap_or(commit)));
    let mut out = format!("Audit of {name}{at}\n");
    for fact in &report.facts {
        fold(&mut out, "  ", "  ", &fact.says);
    }
    for said in &report.cannot_tell {
        fold(&mut out, "  ? ", "    ", said);
    }
    for part in &report.sections {
        section(&mut out, part, limit);
    }
    out
}

fn section(out: &mut String, part: &Section, limit: usize) {
    out.push_str(&format!("\n{}  {}\n", part.part.name().to_uppercase(), part.question));
    for fact in &part.facts {
        fold(out, "  · ", "    ", &fact.says);
    }
    let (items, more) = shown(part, limit);
    if !part.items.is_empty() {
        out.push_str(&format!("\n  {}, the most valuable first:\n", tally(part)));
    }
    for one in items {
        item(out, one);
    }
    if more > 0 {
        out.push_str(&format!("\n  and {more} more; --limit {} shows all\n", items.len() + more));
    }
}

fn item(out: &mut String, item: &Item) {
    let finding = &item.finding;
    out.push_str(&format!("\n  {} {}\n", finding.severity.name(), finding.place));
    fold(out, "    ", "    ", &finding.message);
    let why = item.touched.why();
    if !why.is_empty() {
        fold(out, "    why here: ", "      ", &why);
    }
    fold(out, "    next: ", "      ", &finding.remedy);
    out.truncate(out.trim_end().len());
    out.push_str(&format!("  [{}]\n", finding.code));
}

/// Adds `text`, broken at blanks, the first line after `first` and the others after `rest`.
fn fold(out: &mut String, first: &str, rest: &str, text: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            rest.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.extend(word.chars().map(visible));
        is_empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A character of foreign text for a terminal, which it must not steer: controls, and what is not seen or turns the direction of a line, become
/// the replacement character.
#[must_use]
pub fn visible(c: char) -> char {
    if c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') { '\u{FFFD}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_and_steer_nothing() {
        let mut out = String::new();
        fold(&mut out, "- ", "  ", &"word ".repeat(30));
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH) && out.lines().count() == 2, "{out}");
        let mut out = String::new();
        fold(&mut out, "", "", "a\u{1b}[31m b\u{202e}");
        assert_eq!(out, "a\u{FFFD}[31m b\u{FFFD}\n");
    }
}
