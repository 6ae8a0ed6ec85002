//! Context that is wrong by what can be seen without a lock: paths that were removed, files that cannot be read as what they are.

use super::about_doc;
use super::stock::is_agents;
use crate::audit::phantom::is_own;
use crate::audit::report::{Fact, Item, counted, grouped};
use crate::audit::roles::{is_fixture, is_of_work};
use crate::audit::survey::Survey;
use crate::git::Git;
use crate::tree::{file_name, parent};
use crate::{Anchor, Finding, Format, Kind, Place, Severity, Unit};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::{BTreeMap, BTreeSet};

/// The most paths whose past is asked for.
const ASKED_MAX: usize = 400;

/// Counts the places that context names, and reports those that are gone: missing now, and once in the repository's past.
pub(super) fn look(survey: &Survey<'_>, units: &[&Unit]) -> (Vec<Fact>, Vec<Item>) {
    let units: Vec<&Unit> = units.iter().copied().filter(|unit| unit.kind != Kind::Schema && is_of_work(&unit.place.path)).collect();
    let named: BTreeSet<&str> = units.iter().flat_map(|unit| unit.anchors.iter().map(|anchor| &*anchor.path)).collect();
    if named.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let missing = missing(survey, &named);
    let Some(git) = survey.git.filter(|git| !git.is_shallow()) else {
        let says =
            format!("{} of {} paths that context names are not there; which of them were removed only Git's whole past can tell", missing.len(), named.len());
        return (vec![Fact::of("missing-paths", missing.len() as u64, named.len() as u64, says)], Vec::new());
    };
    let gone = removed(git, survey.past.head.as_deref().unwrap_or("HEAD"), &missing);
    let says = format!("{} of {} paths that context names were removed", grouped(gone.len() as u64), grouped(named.len() as u64));
    let fact = Fact::of("broken-paths", gone.len() as u64, named.len() as u64, says);
    (vec![fact], gone.iter().filter_map(|(path, commit)| item(survey, &units, path, commit)).collect())
}

/// Paths that are neither files nor links, and that no ignore file names: what is ignored is made by a tool.
fn missing<'a>(survey: &Survey<'_>, named: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let links: BTreeSet<&str> = survey.tree.links().iter().map(|link| &*link.path).collect();
    let ignored: Vec<(&str, Gitignore)> = ignore_files(survey);
    let is_ignored = |path: &str| {
        let inside = |directory: &str| if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') };
        ignored.iter().any(|(directory, rules)| inside(directory).is_some_and(|path| rules.matched_path_or_any_parents(path, false).is_ignore()))
    };
    named.iter().copied().filter(|path| !survey.tree.exists(path) && !links.contains(path) && !is_ignored(path)).collect()
}

fn ignore_files<'s>(survey: &'s Survey<'_>) -> Vec<(&'s str, Gitignore)> {
    let files = survey.tree.files().iter().filter(|file| file_name(&file.path) == ".gitignore");
    let rules = |text: &str| {
        let mut builder = GitignoreBuilder::new("");
        for line in text.lines() {
            // A line that is no pattern ignores nothing, with Git too.
            let _ = builder.add_line(None, line);
        }
        builder.build().ok()
    };
    files.filter_map(|file| Some((parent(&file.path), rules(&survey.text(&file.path)?)?))).collect()
}

/// One finding for each path, at the first place that names it. In texts for agents and contributors it misleads work; in others it may be
/// the reader's own file that is meant.
fn item(survey: &Survey<'_>, units: &[&Unit], path: &str, commit: &str) -> Option<Item> {
    let places = units.iter().flat_map(|unit| unit.anchors.iter().map(move |anchor| (*unit, anchor))).filter(|(_, anchor)| anchor.path == path);
    let mut places: Vec<(&Unit, &Anchor)> = places.collect();
    places.sort_by_key(|(unit, anchor)| (!misleads(unit), unit.place.path.clone(), anchor.line));
    let (unit, anchor) = *places.first()?;
    let more = if places.len() > 1 { format!(", and in {} after it", counted(places.len() as u64 - 1, "place", "places")) } else { String::new() };
    let message = format!("`{path}` is named here{more}, and is gone: commit {commit} removed it.");
    let severity = if misleads(unit) { Severity::Warning } else { Severity::Note };
    let place = Place::line(unit.place.path.clone(), anchor.line);
    Some(about_doc(survey, Finding::new("broken-path", severity, place, message, "Name what took its place, or take the sentence out.").about(unit)))
}

fn misleads(unit: &Unit) -> bool {
    is_agents(unit.format) || matches!(unit.format, Format::Context) || is_own(&unit.place.path)
}

/// Of `paths` those that a commit removed, each with the newest such commit.
fn removed(git: &Git, revision: &str, paths: &BTreeSet<&str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if paths.is_empty() {
        return found;
    }
    let scopes: Vec<String> = paths.iter().take(ASKED_MAX).map(|path| format!(":(top,literal){}{path}", git.prefix())).collect();
    let mut arguments = vec!["log", "--no-show-signature", "--diff-filter=D", "--name-only", "--no-renames", "-z", "--format=%x01%h%x02", "--end-of-options"];
    arguments.extend([revision, "--"]);
    arguments.extend(scopes.iter().map(String::as_str));
    let printed = git.run(&arguments).unwrap_or_default();
    for record in printed.split(|&b| b == 1).map(String::from_utf8_lossy) {
        let Some((commit, files)) = record.split_once('\u{2}') else { continue };
        for file in files.split('\0').filter_map(|file| file.trim_start_matches('\n').strip_prefix(git.prefix())) {
            let meant = paths.iter().filter(|path| crate::audit::past::is_within(file, path));
            for path in meant {
                found.entry((*path).to_owned()).or_insert_with(|| commit.to_owned());
            }
        }
    }
    found
}

/// The findings of the checks of context, weighed. Notes are left to `jeton context check`.
pub(super) fn of_checks(survey: &Survey<'_>, checks: &[Finding]) -> (Vec<Fact>, Vec<Item>) {
    let (errors, warnings) = (of_severity(checks, Severity::Error), of_severity(checks, Severity::Warning));
    let says = format!("the checks of context find {errors} errors and {warnings} warnings");
    (vec![Fact::new("check-findings", errors + warnings, says)], weighed(survey, checks))
}

/// What the import had to say of files that it could not read as what they are.
pub(super) fn of_import(survey: &Survey<'_>, findings: &[Finding]) -> (Vec<Fact>, Vec<Item>) {
    (Vec::new(), weighed(survey, findings))
}

fn of_severity(findings: &[Finding], severity: Severity) -> u64 {
    findings.iter().filter(|finding| finding.severity == severity).count() as u64
}

fn weighed(survey: &Survey<'_>, findings: &[Finding]) -> Vec<Item> {
    let meant = findings.iter().filter(|finding| finding.severity > Severity::Note && !is_fixture(&finding.place.path));
    meant.map(|finding| about_doc(survey, finding.clone())).collect()
}
