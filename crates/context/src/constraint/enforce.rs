//! Constraints over the files of a project, or over what a change added to them.

use super::run::{Breach, Prepared, Subject, Surroundings, Verdict};
use super::{Constraint, PathScope};
use crate::git::FilePatch;
use crate::tree::Tree;
use crate::{Detail, Finding, Place, Unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Enforcement {
    /// Each breach, with the constraint's severity; by place.
    pub breaches: Vec<Finding>,
    /// What could not be checked, by unit and path.
    pub unscored: Vec<Unscored>,
    /// How many pairs of constraint and file were checked.
    pub checked: u64,
}

/// A constraint that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unscored {
    /// The constraint's unit.
    pub unit: String,
    /// The file; `None` where it is the constraint itself.
    pub path: Option<String>,
    /// Why, in a sentence.
    pub why: String,
}

/// Runs the constraints among `units` that speak of files on the files of `tree` in their scopes. With a `diff` only the files that it names are
/// looked at, and of their breaches only those on lines that it added.
///
/// A rule without a check is passed over; the file in which a rule is written is not judged by it, since it quotes what it forbids.
#[must_use]
pub fn enforce(units: &[Unit], tree: &dyn Tree, diff: Option<&[FilePatch]>, surroundings: &Surroundings<'_>) -> Enforcement {
    let mut made = Enforcement::default();
    let added = diff.map(added_lines);
    let mut rules = Vec::new();
    for unit in units {
        let Detail::Constraint(constraint) = &unit.detail else { continue };
        match rule(unit, constraint, surroundings) {
            Ok(rule) => rules.extend(rule),
            Err(why) => made.unscored.push(Unscored { unit: unit.id.clone(), path: None, why }),
        }
    }
    for file in tree.files().iter().filter(|file| added.as_ref().is_none_or(|added| added.contains_key(&*file.path))) {
        let lines = added.as_ref().and_then(|added| added.get(&*file.path));
        judge_file(tree, &file.path, lines.map(Vec::as_slice), &rules, &mut made);
    }
    made.breaches.sort_by(|a, b| (&a.place, &a.unit, &a.message).cmp(&(&b.place, &b.unit, &b.message)));
    made.unscored.sort();
    made
}

struct Rule<'a> {
    unit: &'a Unit,
    constraint: &'a Constraint,
    scope: PathScope,
    prepared: Prepared<'a>,
}

fn rule<'a>(unit: &'a Unit, constraint: &'a Constraint, surroundings: &'a Surroundings<'a>) -> Result<Option<Rule<'a>>, String> {
    let prepared = Prepared::new(constraint, surroundings)?;
    if !prepared.is_executable() {
        return Ok(None);
    }
    Ok(Some(Rule { unit, constraint, scope: PathScope::new(&unit.scope.paths)?, prepared }))
}

/// The lines that a change added, by path. A file without hunks (renamed, or binary) has none.
fn added_lines(diff: &[FilePatch]) -> BTreeMap<&str, Vec<(u32, u32)>> {
    let of_file = |patch: &FilePatch| {
        patch.hunks.iter().filter(|hunk| hunk.new_lines > 0).map(|hunk| (hunk.new_start, hunk.new_start.saturating_add(hunk.new_lines - 1))).collect()
    };
    let files = diff.iter().filter_map(|patch| Some((patch.new_path.as_deref()?, of_file(patch))));
    files.filter(|(_, lines): &(&str, Vec<_>)| !lines.is_empty()).collect()
}

fn judge_file(tree: &dyn Tree, path: &str, added: Option<&[(u32, u32)]>, rules: &[Rule<'_>], made: &mut Enforcement) {
    let rules: Vec<&Rule<'_>> =
        rules.iter().filter(|rule| rule.prepared.judges_file(path) && rule.scope.matches(path) && *rule.unit.place.path != *path).collect();
    if rules.is_empty() {
        return;
    }
    let bytes = match tree.read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let unscored =
                |rule: &&Rule<'_>| Unscored { unit: rule.unit.id.clone(), path: Some(path.to_owned()), why: format!("the file cannot be read: {error}") };
            made.unscored.extend(rules.iter().map(unscored));
            return;
        }
    };
    // A picture or an archive has no text that a rule could speak of.
    if memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_some() {
        return;
    }
    let text = String::from_utf8_lossy(&bytes);
    for rule in rules {
        match rule.prepared.run(Subject::File { path, text: &text, added_lines: added }) {
            Verdict::Holds => made.checked += 1,
            Verdict::Broken(breaches) => {
                made.checked += 1;
                made.breaches.extend(breaches.iter().map(|breach| finding(rule, path, breach)));
            }
            Verdict::Unscored(why) => made.unscored.push(Unscored { unit: rule.unit.id.clone(), path: Some(path.to_owned()), why }),
        }
    }
}

fn finding(rule: &Rule<'_>, path: &str, breach: &Breach) -> Finding {
    let place = if breach.line == 0 { Place::file(path) } else { Place::line(path, breach.line) };
    let message = format!("`{}` is broken: {}", rule.unit.id, breach.excerpt);
    Finding::new("constraint-broken", rule.constraint.severity, place, message, rule.constraint.text.trim().lines().next().unwrap_or_default())
        .about(rule.unit)
        .masked()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::{Check, Target};
    use crate::git::Hunk;
    use crate::tree::MemoryTree;
    use crate::{Format, Kind, Severity};

    fn unit(check: Check, paths: &[&str]) -> Unit {
        let mut unit = Unit::new(Kind::Constraint, "constraint:x", "x", "Never unwrap.", Place::line("context/x.md", 1), Format::Context);
        unit.scope.paths = paths.iter().map(|&path| path.to_owned()).collect();
        unit.detail =
            Detail::Constraint(Box::new(Constraint { text: "Never unwrap.".to_owned(), severity: Severity::Error, check: Some(check), target: Target::Files }));
        unit
    }

    fn check(rule: Check, paths: &[&str], diff: Option<&[FilePatch]>, expected: &[&str]) -> Enforcement {
        let tree = MemoryTree::new([
            ("context/x.md", "Never write unwrap()."),
            ("src/a.rs", "fn a() {\n  b().unwrap();\n  c().unwrap();\n}\n"),
            ("src/b.py", "b.unwrap()\n"),
            ("logo.png", "\0unwrap()"),
        ]);
        let units = [unit(rule, paths)];
        let surroundings = Surroundings::new(&units);
        let made = enforce(&units, &tree, diff, &surroundings);
        let shown: Vec<String> = made.breaches.iter().map(|finding| finding.place.to_string()).collect();
        assert_eq!(shown, expected);
        made
    }

    fn patch(path: &str, new_start: u32, new_lines: u32) -> FilePatch {
        FilePatch { old_path: None, new_path: Some(path.to_owned()), hunks: vec![Hunk { old_start: 1, old_lines: 0, new_start, new_lines }] }
    }

    #[test]
    fn breaches_in_scope_and_in_a_change() {
        let forbid = || Check::Forbid("unwrap\\(\\)".to_owned());
        assert_eq!(check(forbid(), &[], None, &["src/a.rs:2", "src/a.rs:3", "src/b.py:1"]).checked, 2);
        check(forbid(), &["*.rs"], None, &["src/a.rs:2", "src/a.rs:3"]);
        check(forbid(), &[], Some(&[patch("src/a.rs", 3, 1)]), &["src/a.rs:3"]);
        check(forbid(), &[], Some(&[patch("src/a.rs", 1, 0)]), &[]);
        check(Check::Require("Licence".to_owned()), &["*.py"], None, &["src/b.py"]);
        let query = Check::Query {
            language: "rust".to_owned(),
            query: "(call_expression function: (field_expression field: (field_identifier) @f) (#eq? @f \"unwrap\"))".to_owned(),
        };
        check(query, &[], None, &["src/a.rs:2", "src/a.rs:3"]);
    }

    #[test]
    fn what_cannot_be_run_does_not_hold() {
        let made = check(Check::Forbid("(".to_owned()), &[], None, &[]);
        assert_eq!((made.checked, made.unscored.len()), (0, 1));
        let made = check(Check::Command(vec!["lint".to_owned()]), &["src/"], None, &[]);
        assert_eq!((made.checked, made.unscored.len()), (0, 2));
        let made = check(Check::SchemaUnit("schema:none".to_owned()), &[], None, &[]);
        assert!(made.unscored[0].why.contains("schema:none"));
    }
}
