//! Context that is wrong: the findings of its checks, weighed by the commits that changed the files.

use super::about_doc;
use crate::audit::report::{Fact, Item, counted};
use crate::audit::roles::is_fixture;
use crate::audit::survey::Survey;
use crate::tree::{file_name, normalize, parent};
use crate::{Finding, Severity};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;

/// Findings that another part of the audit says with more of its reasons.
const SAID_ELSEWHERE: [&str; 1] = ["no-owner"];

/// Errors and warnings of the checks, one for each thing that is wrong, however many places say it. Notes are left to `jeton context check`.
pub(super) fn look(survey: &Survey<'_>, checks: &[Finding]) -> (Vec<Fact>, Vec<Item>) {
    let ignored = Ignored::read(survey);
    let is_meant = |finding: &&Finding| {
        finding.severity > Severity::Note && !is_fixture(&finding.place.path) && !SAID_ELSEWHERE.contains(&finding.code) && !ignored.explains(finding)
    };
    let mut by_message: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in checks.iter().filter(is_meant) {
        by_message.entry((finding.code, &finding.message)).or_default().push(finding);
    }
    let errors = by_message.values().filter(|same| same.iter().any(|finding| finding.severity == Severity::Error)).count() as u64;
    let all = by_message.len() as u64;
    let says = format!("the checks of context find {} and {}", counted(errors, "error", "errors"), counted(all - errors, "warning", "warnings"));
    let items = by_message.into_values().map(|same| about_doc(survey, with_places(&same)));
    (vec![Fact::new("check-findings", all, says)], items.collect())
}

/// The first of findings that say the same, with the number of the other places.
fn with_places(same: &[&Finding]) -> Finding {
    let mut finding = same[0].clone();
    finding.severity = same.iter().map(|finding| finding.severity).max().unwrap_or(finding.severity);
    if same.len() > 1 {
        finding.message = format!("{} (here and in {})", finding.message.trim_end_matches('.'), counted(same.len() as u64 - 1, "more place", "more places"));
    }
    finding
}

/// What the ignore files of the tree name. A bare repository has no others, and Git does not read these there.
struct Ignored<'s>(Vec<(&'s str, Gitignore)>);

impl<'s> Ignored<'s> {
    fn read(survey: &'s Survey<'_>) -> Self {
        let files = survey.tree.files().iter().filter(|file| file_name(&file.path) == ".gitignore");
        Self(files.filter_map(|file| Some((parent(&file.path), rules(&survey.text(&file.path)?)?))).collect())
    }

    /// Whether a path that is said to be gone is ignored: then a tool makes it when it is needed.
    fn explains(&self, finding: &Finding) -> bool {
        let Some(path) = finding.message.split('`').nth(1).filter(|_| finding.code == "broken-path") else { return false };
        let path = path.split('#').next().unwrap_or(path);
        [normalize("", path), normalize(parent(&finding.place.path), path)].iter().flatten().any(|path| self.names(path))
    }

    fn names(&self, path: &str) -> bool {
        let inside = |directory: &str| if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') };
        self.0
            .iter()
            .any(|(directory, rules)| inside(directory).is_some_and(|path| !path.is_empty() && rules.matched_path_or_any_parents(path, false).is_ignore()))
    }
}

fn rules(text: &str) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new("");
    for line in text.lines() {
        // A line that is no pattern ignores nothing, with Git too.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}
