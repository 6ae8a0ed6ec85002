//! Context that is wrong by what can be seen without a lock: paths that were removed, files that cannot be read as what they are.

use super::about_doc;
use crate::audit::report::{Fact, Item, grouped};
use crate::audit::roles::is_of_work;
use crate::audit::survey::Survey;
use crate::git::Git;
use crate::{Catalogue, Finding, Kind, Place, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// The most paths whose past is asked for.
const ASKED_MAX: usize = 400;

/// Counts the places that context names, and reports those that are gone: missing now, and once in the repository's past.
pub(super) fn look(survey: &Survey<'_>, catalogue: &Catalogue) -> (Vec<Fact>, Vec<Item>) {
    let units: Vec<&Unit> = catalogue.units().iter().filter(|unit| unit.kind != Kind::Schema && is_of_work(&unit.place.path)).collect();
    let named: BTreeSet<&str> = units.iter().flat_map(|unit| unit.anchors.iter().map(|anchor| &*anchor.path)).collect();
    if named.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let links: BTreeSet<&str> = survey.tree.links().iter().map(|link| &*link.path).collect();
    let missing: BTreeSet<&str> = named.iter().copied().filter(|path| !survey.tree.exists(path) && !links.contains(path)).collect();
    let Some(git) = survey.git.filter(|git| !git.is_shallow()) else {
        let says =
            format!("{} of {} paths that context names are not there; which of them were removed only Git's whole past can tell", missing.len(), named.len());
        return (vec![Fact::of("missing-paths", missing.len() as u64, named.len() as u64, says)], Vec::new());
    };
    let gone = removed(git, survey.past.head.as_deref().unwrap_or("HEAD"), &missing);
    let says = format!("{} of {} paths that context names were removed", grouped(gone.len() as u64), grouped(named.len() as u64));
    let fact = Fact::of("broken-paths", gone.len() as u64, named.len() as u64, says);
    let anchors = units.iter().flat_map(|unit| unit.anchors.iter().map(move |anchor| (*unit, anchor)));
    let broken = anchors.filter_map(|(unit, anchor)| Some((unit, anchor, gone.get(anchor.path.as_str())?)));
    let items = broken.map(|(unit, anchor, commit)| {
        let message = format!("`{}` is named here and is gone: commit {commit} removed it.", anchor.path);
        let remedy = "Name what took its place, or take the sentence out.";
        about_doc(survey, Finding::new("broken-path", Severity::Warning, Place::line(unit.place.path.clone(), anchor.line), message, remedy).about(unit))
    });
    (vec![fact], items.collect())
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
    findings.iter().filter(|finding| finding.severity > Severity::Note).map(|finding| about_doc(survey, finding.clone())).collect()
}
