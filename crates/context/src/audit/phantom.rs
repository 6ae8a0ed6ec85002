//! Commands that documents name and the project has not.

use super::entry::{EntryPoint, Source};
use super::report::{Item, Touched};
use super::survey::{DocText, Survey};
use crate::tree::{file_name, parent};
use crate::{Finding, Place, Severity};
use std::collections::BTreeSet;

/// Texts by which people and agents work on the project itself; others may speak of the reader's own project.
const OWN: [&str; 10] = ["readme", "contributing", "agents", "claude", "gemini", "development", "developing", "hacking", "building", "testing"];

/// What runners take beside names of targets.
const OF_NPM: [&str; 4] = ["test", "start", "stop", "restart"];

/// Reports `make X`, `just X`, `npm run X` where no file declares `X`.
pub(super) fn look(survey: &Survey<'_>, entries: &[EntryPoint]) -> Vec<Item> {
    let runners = [("make ", Source::Make), ("just ", Source::Just), ("npm run ", Source::Npm), ("pnpm run ", Source::Npm), ("yarn run ", Source::Npm)];
    let mut items = Vec::new();
    let mut told = BTreeSet::new();
    for doc in survey.work_docs().filter(|doc| is_own(&doc.path)) {
        for (line, code) in commands(doc) {
            for (runner, source) in runners {
                let Some(name) = code.trim_start_matches(['$', ' ']).strip_prefix(runner).and_then(target) else { continue };
                let is_known = entries.iter().any(|entry| entry.source == source && entry.name == name) || source == Source::Npm && OF_NPM.contains(&name);
                let may_judge = declares(survey, source) && !has_open_targets(survey, source);
                if !is_known && may_judge && told.insert((doc.path.clone(), runner, name.to_owned())) {
                    items.push(item(survey, doc, line, &format!("{runner}{name}")));
                }
            }
        }
    }
    items
}

fn item(survey: &Survey<'_>, doc: &DocText, line: u32, command: &str) -> Item {
    let message = format!("`{command}` is named here, and no file declares it.");
    let commits = survey.past.touching_path(&doc.path);
    let finding = Finding::new(
        "phantom-command",
        Severity::Warning,
        Place::line(doc.path.clone(), line),
        message,
        "Name the command that does it now, or take the sentence out.",
    );
    Item::new(finding, Touched { commits, ..Touched::default() })
}

pub(super) fn is_own(path: &str) -> bool {
    let stem = file_name(path).to_lowercase();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    OWN.iter().any(|word| stem == *word) && !super::roles::is_data(parent(path)) && !super::roles::is_data(path)
}

/// Lines of code blocks for a shell and pieces of inline code, with their lines.
fn commands(doc: &DocText) -> Vec<(u32, String)> {
    let Some(document) = &doc.document else { return Vec::new() };
    let is_shell = |info: &str| matches!(info.split([' ', ',']).next().unwrap_or_default(), "" | "sh" | "bash" | "shell" | "console" | "zsh" | "text");
    let blocks = document.blocks.iter().filter(|block| is_shell(&block.info)).flat_map(|block| {
        let below_fence = u32::from(!block.info.is_empty() || doc.text[block.span.clone()].starts_with(['`', '~']));
        block.text.lines().enumerate().map(move |(at, line)| (block.line + below_fence + u32::try_from(at).unwrap_or(0), line.trim().to_owned()))
    });
    blocks.chain(document.codes.iter().map(|code| (code.line, code.text.clone()))).collect()
}

/// The target that a command names first, where it is written plainly.
fn target(rest: &str) -> Option<&str> {
    let name = rest.split_whitespace().next()?;
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'));
    // Prose in a block of text: `make sure that …`.
    (is_plain && !matches!(name, "sure" | "a" | "an" | "the" | "it" | "your" | "changes" | "this")).then_some(name)
}

/// Whether the project has files in which such commands are declared, outside of tests and examples.
fn declares(survey: &Survey<'_>, source: Source) -> bool {
    let is_meant = |name: &str| match source {
        Source::Make => matches!(name, "Makefile" | "makefile" | "GNUmakefile"),
        Source::Just => matches!(name, "justfile" | "Justfile" | ".justfile"),
        _ => name == "package.json",
    };
    survey.tree.files().iter().any(|file| is_meant(file_name(&file.path)))
}

/// Whether targets may come from elsewhere: patterns, includes, targets in other directories' files that were not read.
fn has_open_targets(survey: &Survey<'_>, source: Source) -> bool {
    let open: fn(&str) -> bool = match source {
        Source::Make => |line| {
            line.starts_with("include ")
                || line.starts_with("-include ")
                || line.starts_with('%') && line.contains(':')
                || line.starts_with("$(") && line.contains("):")
        },
        Source::Just => |line| line.starts_with("import ") || line.starts_with("mod "),
        _ => return false,
    };
    let files = survey
        .tree
        .files()
        .iter()
        .filter(|file| matches!(file_name(&file.path).to_lowercase().as_str(), "makefile" | "gnumakefile" | "justfile" | ".justfile"));
    files.filter_map(|file| survey.text(&file.path)).any(|text| text.lines().any(open))
}
