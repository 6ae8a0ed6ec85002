//! Directories with code that no context speaks of.

use super::spoken::{How, Spoken};
use crate::audit::past::is_within;
use crate::audit::report::{Fact, Item, Touched, grouped};
use crate::audit::survey::Survey;
use crate::tree::parent;
use crate::{Finding, Place, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Smaller parts are counted and not reported, in lines.
const LINES_MIN: u64 = 200;

/// A part with so many lines, in which so many commits worked, is a warning.
const LINES_WARNING: u64 = 1_000;
const COMMITS_WARNING: u64 = 5;

/// Counts the directories with code that context speaks of, and names the largest parts of which none does.
pub(super) fn look(survey: &Survey<'_>, units: &[&Unit]) -> (Vec<Fact>, Vec<Item>) {
    let all = survey.code_directories();
    if all.is_empty() {
        return (vec![Fact::new("code-directories", 0, "no code of a language that is known here")], Vec::new());
    }
    let spoken = Spoken::of(survey, units);
    let how: BTreeMap<&str, Option<How>> = all.iter().map(|directory| (*directory, spoken.how(directory))).collect();
    let silent: BTreeSet<&str> = how.iter().filter(|(_, how)| how.is_none()).map(|(directory, _)| *directory).collect();
    let by_scope = how.values().filter(|how| **how == Some(How::Scope)).count() as u64;
    let also = if by_scope == 0 { String::new() } else { format!("; of {} more only the scope of a rule takes them in", grouped(by_scope)) };
    let says = format!("{} of {} directories with code have no context that speaks of them{also}", grouped(silent.len() as u64), grouped(all.len() as u64));
    let fact = Fact::of("uncovered-directories", silent.len() as u64, all.len() as u64, says);
    let parts = parts(&all, &silent, &|part| spoken.has_document_within(part));
    (vec![fact], parts.iter().filter_map(|(part, directories)| item(survey, part, directories)).collect())
}

/// The silent directories, by the largest part of the tree all of whose directories with code are silent and in which no document stands.
/// The top itself is no part.
fn parts<'a>(all: &BTreeSet<&'a str>, silent: &BTreeSet<&'a str>, has_document: &dyn Fn(&str) -> bool) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let is_silent = |part: &str| !has_document(part) && all.iter().filter(|directory| is_within(directory, part)).all(|directory| silent.contains(directory));
    let mut parts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for directory in silent.iter().copied().filter(|directory| !directory.is_empty()) {
        let mut at = directory;
        while !parent(at).is_empty() && is_silent(parent(at)) {
            at = parent(at);
        }
        parts.entry(at).or_default().insert(directory);
    }
    parts
}

/// A part with the code of its silent directories alone.
fn item(survey: &Survey<'_>, part: &str, directories: &BTreeSet<&str>) -> Option<Item> {
    let lines = survey.code().filter(|file| directories.contains(parent(&file.path))).map(|file| file.lines).sum::<u64>();
    if lines < LINES_MIN {
        return None;
    }
    let commits = survey.past.touching(|file| directories.contains(parent(file)));
    let is_heavy = lines >= LINES_WARNING && commits.is_some_and(|commits| commits >= COMMITS_WARNING);
    let severity = if is_heavy { Severity::Warning } else { Severity::Note };
    let inside = if directories.len() > 1 { format!(" ({} directories with code)", directories.len()) } else { String::new() };
    let message = format!("No document, rule or schema speaks of `{part}/`{inside}, and no comment at the head of its files says what it is for.");
    let remedy = format!("Say in a few lines what `{part}/` is for and what must hold in it: in `{part}/README.md`, or where the project is described.");
    Some(Item::new(Finding::new("uncovered-code", severity, Place::file(part), message, remedy), Touched { commits, lines: Some(lines), ..Touched::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_large_as_nothing_speaks_of_them() {
        let all = BTreeSet::from(["a", "a/b", "a/b/c", "d", "d/e", "f/g"]);
        let silent = BTreeSet::from(["a", "a/b", "a/b/c", "d/e", "f/g"]);
        let check = |has_document: &dyn Fn(&str) -> bool, expected: &[&str]| {
            assert_eq!(parts(&all, &silent, has_document).into_keys().collect::<Vec<_>>(), expected);
        };
        check(&|_| false, &["a", "d/e", "f"]);
        // A README in `f` means that `f` is spoken of, even where its directories are not.
        check(&|part| part == "f", &["a", "d/e", "f/g"]);
    }
}
