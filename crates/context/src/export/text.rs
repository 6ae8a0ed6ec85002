//! Units as the Markdown of an exported file.

use super::{Kind, Tree, Unit};
use crate::constraint::Constraint;
use crate::rule_text::RuleText;
use crate::{Detail, Severity, facts, markdown};
use std::fmt::Write;

/// The text of a unit with the facts that hold now, and without secrets.
pub(super) fn filled(unit: &Unit, tree: &dyn Tree) -> String {
    facts::shown_text(unit, tree).0
}

/// All units: constraints as one list, then the others, each under its heading. `with_scope` says where each applies.
pub(super) fn rules(units: &[&Unit], tree: &dyn Tree, with_scope: bool, left_out: &str) -> String {
    let mut out = String::new();
    let constraints: Vec<String> = units.iter().filter(|unit| unit.kind == Kind::Constraint).map(|unit| rule(unit, tree, with_scope)).collect();
    if !constraints.is_empty() {
        let _ = write!(out, "## Rules\n\n{}\n", constraints.join("\n"));
    }
    for kind in [Kind::Doc, Kind::Skill, Kind::Schema, Kind::Example] {
        for unit in units.iter().filter(|unit| unit.kind == kind) {
            if !out.is_empty() {
                out.push('\n');
            }
            out.push_str(&section(unit, tree, with_scope));
        }
    }
    if !left_out.is_empty() {
        let _ = write!(out, "\n{left_out}");
    }
    out
}

fn rule(unit: &Unit, tree: &dyn Tree, with_scope: bool) -> String {
    let must = match &unit.detail {
        Detail::Constraint(constraint) if matches!(&**constraint, Constraint { severity: Severity::Error, .. }) => "**Must:** ",
        _ => "",
    };
    let scope = if with_scope && !unit.scope.paths.is_empty() { format!(" (in `{}`)", unit.scope.paths.join("`, `")) } else { String::new() };
    let RuleText { head, rest } = RuleText::new(unit, &filled(unit, tree));
    if rest.is_empty() { format!("- {must}{head}{scope}") } else { format!("- {must}{head}{scope}\n\n{rest}\n") }
}

fn section(unit: &Unit, tree: &dyn Tree, with_scope: bool) -> String {
    let body = filled(unit, tree);
    let text = match unit.kind {
        Kind::Schema => format!("## {}\n\n```yaml\n{}\n```", unit.title, body.trim()),
        Kind::Example => format!("## Example: {}\n\n{}", unit.title, body.trim()),
        _ if body.trim_start().starts_with('#') => demoted(body.trim()),
        _ => format!("## {}\n\n{}", unit.title, body.trim()),
    };
    match unit.scope.paths.as_slice() {
        paths if with_scope && !paths.is_empty() => {
            let (heading, rest) = text.split_once('\n').unwrap_or((&text, ""));
            format!("{heading}\n\nApplies to `{}`.\n\n{}\n", paths.join("`, `"), rest.trim_start())
        }
        _ => format!("{text}\n"),
    }
}

/// The text with its headings one or more levels lower, so that the highest is of level 2.
pub(super) fn demoted(text: &str) -> String {
    let document = markdown::parse(text);
    let highest = document.headings.iter().filter(|heading| heading.is_top).map(|heading| heading.level).min().unwrap_or(2);
    let by = usize::from(2_u8.saturating_sub(highest));
    let mut out = String::with_capacity(text.len() + 8);
    let mut from = 0;
    for heading in document.headings.iter().filter(|heading| heading.is_top && text[heading.start..].trim_start().starts_with('#') && heading.level < 6) {
        let at = heading.start + text[heading.start..].find('#').unwrap_or(0);
        out.push_str(&text[from..at]);
        out.push_str(&"#".repeat(by));
        from = at;
    }
    out.push_str(&text[from..]);
    out
}

/// A line of `llms.txt`.
pub(super) fn link(unit: &Unit, tree: &dyn Tree) -> String {
    let note = match unit.kind {
        Kind::Constraint => RuleText::new(unit, &filled(unit, tree)).head,
        _ => String::new(),
    };
    let note = if note.is_empty() || note == unit.title { String::new() } else { format!(": {note}") };
    format!("- [{}]({}){note}", unit.title.replace(['[', ']'], ""), unit.place.path.replace(' ', "%20"))
}

/// A text in the double quotes of YAML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_go_below_the_page_s_own() {
        let check = |text: &str, expected: &str| assert_eq!(demoted(text), expected, "{text}");
        check("# A\n\n```\n# no\n```\n\n## B", "## A\n\n```\n# no\n```\n\n### B");
        check("## A\n### B", "## A\n### B");
        check("no heading", "no heading");
    }
}
