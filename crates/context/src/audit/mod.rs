//! Have we given the model the environment it needs? Evidence from any repository, without network, key or model: what there is to read,
//! what there is to run, what would notice a mistake, and what calls did so far.
//!
//! Nothing is run and nothing outside the tree is read. Everything said is counted or stands at a place; what cannot be told is said to be
//! unknown. The order of findings follows [`value`].

mod context;
mod entry;
mod evaluation;
mod gates;
mod operations;
mod past;
mod report;
mod roles;
mod show;
mod survey;
mod tests_found;
mod tools;

pub use operations::{ClassUse, Ledger, Operations};
pub use report::{Fact, Item, Part, Report, Section, Touched, grouped, value};
pub use show::{markdown, sarif, text, visible};

use crate::check::{self, CheckInput, CheckOptions, CodePrints, LockView};
use crate::git::{Git, NoGit};
use crate::lock::{LOCK_FILE, Lock};
use crate::tree::Tree;
use crate::{Catalogue, CatalogueOptions, Finding};
use past::Past;
use report::counted;
use survey::Survey;

/// What is audited.
pub struct AuditInput<'a> {
    /// The files.
    pub tree: &'a dyn Tree,
    /// Their past, or why there is none.
    pub git: Result<&'a Git, &'a NoGit>,
    /// The day on which validity of context is judged, `YYYY-MM-DD`.
    pub today: &'a str,
    /// What is known of calls.
    pub ledger: &'a Ledger,
}

/// Looks at everything once and says what it found. Never fails: what cannot be told is in the report.
#[must_use]
pub fn audit(input: &AuditInput<'_>) -> Report {
    let past = input.git.map_or_else(|_| Past::default(), |git| Past::read(git, "HEAD"));
    let survey = Survey::take(input.tree, past);
    // Sizes are estimated: exact counts would take longer than all else.
    let catalogue = Catalogue::build(input.tree, &CatalogueOptions { vocabularies: Vec::new() });
    let (entries, workflows) = entry::find(&survey, &catalogue);
    let checks = checks(input, &catalogue);
    let sections = vec![
        context::section(&survey, &catalogue, &checks),
        tools::section(&survey, &entries, &workflows),
        evaluation::section(&survey, &catalogue, &entries, &workflows),
        operations::section(input.ledger),
    ];
    Report { commit: survey.past.head.clone(), facts: facts(&survey), cannot_tell: cannot_tell(input, &survey), sections }
}

/// The checks of context, without those that would run something.
fn checks(input: &AuditInput<'_>, catalogue: &Catalogue) -> Vec<Finding> {
    let lock = input.tree.text(LOCK_FILE).ok().map(|text| Lock::parse(&text, LOCK_FILE).0);
    check::check(&CheckInput {
        tree: input.tree,
        units: catalogue.units(),
        import_findings: catalogue.findings(),
        git: input.git.ok(),
        today: input.today,
        lock: lock.as_ref().map(|lock| lock as &dyn LockView),
        fingerprints: &CodePrints,
        sandbox: Err("an audit runs nothing".to_owned()),
        options: CheckOptions::default(),
    })
}

fn facts(survey: &Survey<'_>) -> Vec<Fact> {
    let files = survey.tree.files().len() as u64;
    let (code, lines) = (survey.code().count() as u64, survey.lines_within(""));
    let languages: Vec<&str> = survey.languages().iter().take(4).map(|(name, _)| *name).collect();
    let of = if languages.is_empty() { String::new() } else { format!(" ({})", languages.join(", ")) };
    let says = format!("{}, {} of code{of} with {}", counted(files, "file", "files"), grouped(code), counted(lines, "line", "lines"));
    let mut facts = vec![Fact::new("files", files, says)];
    if let (Some(commits), Some(day)) = (survey.past.all(), &survey.past.day) {
        facts.push(Fact::new("commits", commits, format!("{} in the {} days before {day}", counted(commits, "commit", "commits"), past::DAYS)));
    }
    facts
}

fn cannot_tell(input: &AuditInput<'_>, survey: &Survey<'_>) -> Vec<String> {
    let mut said = Vec::new();
    match input.git {
        Err(NoGit::NotInstalled) => said.push("Git is not installed: what changed lately and what was removed is not known.".to_owned()),
        Err(NoGit::NoRepository) => said.push("This is no Git repository: what changed lately and what was removed is not known.".to_owned()),
        Err(NoGit::Refused(why)) => said.push(format!("Git refuses to answer ({why}): what changed lately and what was removed is not known.")),
        Ok(_) if survey.past.head.is_none() => said.push("The repository has no commit: what changed lately is not known.".to_owned()),
        Ok(git) if git.is_shallow() => {
            said.push("The clone is shallow: commits are counted only as far as its past goes, and what was removed is not known.".to_owned())
        }
        Ok(_) => {}
    }
    let unread: Vec<String> = survey.unread.iter().filter(|path| !path.is_empty()).cloned().collect();
    if !unread.is_empty() {
        said.push(format!(
            "{} of code or text could not be read or {} too large: {}.",
            counted(unread.len() as u64, "file", "files"),
            if unread.len() == 1 { "is" } else { "are" },
            report::listed(&unread, 3)
        ));
    }
    said
}

/// Whether a path is one of the product's own code.
pub(crate) fn is_code(path: &str) -> bool {
    roles::role(path) == roles::Role::Code
}

/// Whether a path lies in tests, examples, or copies of others' work.
pub(crate) fn is_aside(path: &str) -> bool {
    roles::is_data(path) || roles::role(path) == roles::Role::Foreign
}

#[cfg(test)]
mod tests;
