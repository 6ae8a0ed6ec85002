//! One truth told twice: files for different agents, both written by hand, that have drifted apart.

use crate::audit::report::{Fact, Item, Touched};
use crate::audit::survey::{DocText, Survey};
use crate::tree::{file_name, parent};
use crate::{Finding, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Files that speak to all agents or to one, of the same directory.
const DIALECTS: [&str; 5] = ["AGENTS.md", "CLAUDE.md", "GEMINI.md", ".cursorrules", "copilot-instructions.md"];

/// A file with fewer lines only points elsewhere.
const LINES_MIN: usize = 4;

/// Compares the files for agents of each directory.
pub(super) fn look(survey: &Survey<'_>) -> (Vec<Fact>, Vec<Item>) {
    let mut by_directory: BTreeMap<&str, Vec<&DocText>> = BTreeMap::new();
    for doc in survey.docs.iter().filter(|doc| DIALECTS.contains(&file_name(&doc.path))) {
        let directory = parent(&doc.path);
        let directory = if matches!(file_name(directory), ".github" | ".claude") { parent(directory) } else { directory };
        by_directory.entry(directory).or_default().push(doc);
    }
    let mut items = Vec::new();
    for docs in by_directory.values() {
        for (at, first) in docs.iter().enumerate() {
            items.extend(docs[at + 1..].iter().filter_map(|second| compare(survey, first, second)));
        }
    }
    (Vec::new(), items)
}

fn compare(survey: &Survey<'_>, first: &DocText, second: &DocText) -> Option<Item> {
    let (a, b) = (lines(&first.text), lines(&second.text));
    if a.len() < LINES_MIN || b.len() < LINES_MIN || a == b || names(first, second) || names(second, first) {
        return None;
    }
    let (shared, all) = (a.intersection(&b).count(), a.union(&b).count());
    let is_copy = shared * 2 >= a.len().min(b.len());
    let (code, severity) = if is_copy { ("drifted-dialects", Severity::Warning) } else { ("two-dialects", Severity::Note) };
    let message = if is_copy {
        format!("`{}` and `{}` tell the same to different agents and have drifted: {shared} of {all} different lines are in both.", second.path, first.path)
    } else {
        format!("`{}` and `{}` tell different things to different agents: {shared} of {all} different lines are in both.", second.path, first.path)
    };
    let remedy = format!("Keep `{}` as the truth, and let the other only import or link it.", first.path);
    let commits = survey.past.touching(|file| file == &*first.path || file == &*second.path);
    let place = Place::line(second.path.clone(), first_only(&second.text, &a));
    Some(Item::new(Finding::new(code, severity, place, message, remedy), Touched { commits, ..Touched::default() }))
}

/// Whether `one` imports or names the other.
fn names(one: &DocText, other: &DocText) -> bool {
    one.text.contains(file_name(&other.path))
}

fn lines(text: &str) -> BTreeSet<&str> {
    text.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphanumeric)).collect()
}

/// The first line that the other has not.
fn first_only(text: &str, other: &BTreeSet<&str>) -> u32 {
    let differs = |line: &str| line.chars().any(char::is_alphanumeric) && !other.contains(line.trim());
    u32::try_from(text.lines().position(differs).unwrap_or(0) + 1).unwrap_or(1)
}
