//! Whether exported files still say what `context/` says.

use super::{Digest, ExportFile, MARK, MARK_END, Tree, is_export};
use crate::tree::file_name;
use crate::{Finding, Place, Severity};

/// Who made a file.
pub(super) enum Origin {
    /// An export, and nobody changed it since.
    Ours,
    /// An export, and somebody changed it.
    Edited(u32),
    /// Somebody else.
    Foreign,
}

pub(super) fn origin(text: &str) -> Origin {
    let text = text.replace("\r\n", "\n");
    let Some(at) = text.match_indices(MARK).map(|(at, _)| at).find(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n') else { return Origin::Foreign };
    let line = u32::try_from(text[..at].matches('\n').count() + 1).unwrap_or(1);
    let (marker, body) = text[at..].split_once('\n').unwrap_or((&text[at..], ""));
    let said = marker.strip_prefix(MARK).and_then(|rest| rest.strip_suffix(MARK_END)).and_then(Digest::parse);
    let body = body.strip_prefix('\n').unwrap_or(body);
    let is_whole = body.ends_with('\n') && !body.ends_with("\n\n");
    let is_same = is_whole && said == Some(Digest::of_parts(&[&text.as_bytes()[..at], body.trim_end().as_bytes()]));
    if is_same { Origin::Ours } else { Origin::Edited(line) }
}

/// What is wrong with the files in `tree` beside those that an export makes now: missing, edited by hand, out of date, without a marker
/// (those are never overwritten), or left over.
#[must_use]
pub fn check_drift(files: &[ExportFile], tree: &dyn Tree) -> Vec<Finding> {
    let mut findings: Vec<Finding> = files.iter().filter_map(|file| drift(file, tree)).collect();
    findings.extend(left_over(files, tree));
    findings.sort_by(|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    findings
}

fn drift(file: &ExportFile, tree: &dyn Tree) -> Option<Finding> {
    let place = Place::file(file.path.as_str());
    let again = "Run `jeton context export` again.";
    let Ok(text) = tree.text(&file.path) else {
        return Some(Finding::new("export-missing", Severity::Warning, place, "the exported file is not there", again));
    };
    match origin(&text) {
        Origin::Foreign => {
            let remedy = "Move what it says into `context/` and delete it, or leave this dialect out.";
            Some(Finding::new("export-foreign", Severity::Warning, place, "the file was not made by an export, and is not overwritten", remedy))
        }
        Origin::Edited(line) => {
            let remedy = "Put the change into `context/`, delete the file, and export again.";
            Some(Finding::new("export-edited", Severity::Error, Place::line(file.path.as_str(), line), "the exported file was edited by hand", remedy))
        }
        Origin::Ours if text.replace("\r\n", "\n") != file.text => {
            Some(Finding::new("export-stale", Severity::Error, place, "`context/` says something else now than this exported file", again))
        }
        Origin::Ours => None,
    }
}

/// Exported files of the same dialect that an export would not make any more.
fn left_over<'a>(files: &'a [ExportFile], tree: &'a dyn Tree) -> impl Iterator<Item = Finding> + 'a {
    let is_of = |path: &str| files.iter().any(|file| family(&file.path) == family(path)) && !files.iter().any(|file| file.path == *path);
    let candidates = tree.files().iter().filter(move |file| family(&file.path).is_some() && is_of(&file.path));
    candidates.filter(|file| tree.text(&file.path).is_ok_and(|text| is_export(&text))).map(|file| {
        let message = "no unit of `context/` leads to this exported file any more";
        Finding::new("export-left-over", Severity::Warning, Place::file(file.path.to_string()), message, "Delete it.")
    })
}

/// The kind of exported file that a path can be.
fn family(path: &str) -> Option<&'static str> {
    match file_name(path) {
        "AGENTS.md" => Some("agents"),
        "CLAUDE.md" => Some("claude"),
        "llms.txt" => Some("llms"),
        name if path.starts_with(".claude/rules/") && name.ends_with(".md") => Some("claude"),
        name if path.starts_with(".cursor/rules/") && name.ends_with(".mdc") => Some("cursor"),
        _ => None,
    }
}
