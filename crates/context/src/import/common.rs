//! The settings that units of every kind have, as front matter and TOML write them.

use crate::fields::Fields;
use crate::tree::{normalize, parent};
use crate::{Anchor, Severity, Trust, Unit};

/// Their names.
pub(crate) const COMMON: [&str; 19] = [
    "id",
    "title",
    "owner",
    "owners",
    "scope",
    "paths",
    "classes",
    "models",
    "trust",
    "anchors",
    "valid_from",
    "valid_until",
    "mandatory",
    "safety",
    "access",
    "supersedes",
    "requires",
    "conflicts",
    "severity",
];

const TRUSTS: [(&str, Trust); 4] = [("reviewed", Trust::Reviewed), ("team", Trust::Team), ("vendor", Trust::Vendor), ("untrusted", Trust::Untrusted)];

const SEVERITIES: [(&str, Severity); 3] = [("note", Severity::Note), ("warning", Severity::Warning), ("error", Severity::Error)];

/// The known names with further ones.
pub(crate) fn known(more: &[&'static str]) -> Vec<&'static str> {
    COMMON.iter().chain(more).copied().collect()
}

/// Puts what `fields` say into `unit`; what they do not say stays as it is.
pub(crate) fn apply(fields: &mut Fields<'_>, unit: &mut Unit) {
    if let Some(title) = fields.text("title") {
        unit.title = title;
    }
    put(&mut unit.owners, [fields.texts("owners"), fields.texts("owner")].concat());
    if let Some(mut scope) = fields.within("scope") {
        apply_scope(&mut scope, unit);
        scope.only(&["paths", "classes", "models"]);
    }
    apply_scope(fields, unit);
    if let Some(trust) = choice(fields, "trust", &TRUSTS) {
        unit.trust = trust;
    }
    anchors(fields, unit);
    unit.valid_from = date(fields, "valid_from").or(unit.valid_from.take());
    unit.valid_until = date(fields, "valid_until").or(unit.valid_until.take());
    unit.is_mandatory = fields.flag("mandatory").unwrap_or(unit.is_mandatory);
    unit.is_safety = fields.flag("safety").unwrap_or(unit.is_safety);
    put(&mut unit.access, fields.texts("access"));
    put(&mut unit.links.supersedes, fields.texts("supersedes"));
    put(&mut unit.links.requires, fields.texts("requires"));
    put(&mut unit.links.conflicts, fields.texts("conflicts"));
}

/// How much a breach weighs; a warning where nothing is said.
pub(crate) fn severity(fields: &mut Fields<'_>) -> Severity {
    choice(fields, "severity", &SEVERITIES).unwrap_or(Severity::Warning)
}

fn apply_scope(fields: &mut Fields<'_>, unit: &mut Unit) {
    put(&mut unit.scope.paths, fields.globs("paths"));
    put(&mut unit.scope.classes, fields.texts("classes"));
    put(&mut unit.scope.models, fields.texts("models"));
}

fn put(list: &mut Vec<String>, said: Vec<String>) {
    if !said.is_empty() {
        *list = said;
    }
}

/// The value that a word names.
pub(crate) fn choice<T: Copy>(fields: &mut Fields<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
    let word = fields.text(key)?;
    let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        fields.report("bad-value", key, format!("`{key}` cannot be `{word}`"), format!("It is one of {}.", names.join(", ")));
    }
    found
}

fn date(fields: &mut Fields<'_>, key: &str) -> Option<String> {
    let text = fields.text(key)?;
    if text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok() {
        return Some(text);
    }
    fields.report("bad-value", key, format!("`{text}` is no day"), "Write it as YYYY-MM-DD.");
    None
}

fn anchors(fields: &mut Fields<'_>, unit: &mut Unit) {
    let line = fields.line("anchors");
    for written in fields.texts("anchors") {
        match declared(&unit.place.path, &written, line) {
            Some(anchor) => unit.anchors.push(anchor),
            None => fields.report(
                "bad-value",
                "anchors",
                format!("the anchor `{written}` leads out of the project"),
                "Write the path from the project's directory.",
            ),
        }
    }
}

/// The anchor that somebody wrote: from the project's directory, or from the file's with `./` and `../`.
fn declared(file: &str, written: &str, line: u32) -> Option<Anchor> {
    let (path, at) = written.split_once('#').map_or((written, None), |(path, at)| (path, Some(at.to_owned()).filter(|at| !at.is_empty())));
    let from = if path.starts_with("./") || path.starts_with("../") { parent(file) } else { "" };
    Some(Anchor { path: normalize(from, path)?, at, is_declared: true, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_stay_in_the_project() {
        let check = |written: &str, expected: Option<(&str, Option<&str>)>| {
            let anchor = declared("context/a.md", written, 1);
            assert_eq!(anchor.as_ref().map(|anchor| (anchor.path.as_str(), anchor.at.as_deref())), expected, "{written}");
        };
        check("src/refund.rs#window", Some(("src/refund.rs", Some("window"))));
        check("./b.md", Some(("context/b.md", None)));
        check("../src/a.rs#", Some(("src/a.rs", None)));
        check("../../a", None);
        check("/etc/passwd", None);
    }
}
