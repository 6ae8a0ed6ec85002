//! Checks of the catalogue: what is broken, stale, contradictory, too large or dangerous, each with place and remedy.

mod blocks;
mod characters;
mod codes;
mod commands;
mod constraints;
mod desk;
mod examples;
mod facts;
mod freshness;
mod instructions;
mod opposites;
mod owners;
mod past;
mod paths;
mod prints;
mod secrets;
mod size;
mod speaks;
mod statements;

pub use codes::{CODES, Code, code, meaning};
pub(crate) use freshness::state_of;
pub use freshness::{AnchorState, Freshness, anchor_print, anchor_state, freshness};
pub use prints::{CodePrints, locked_print};

use crate::git::Git;
use crate::lock::{AnchorPrint, Lock};
use crate::sandbox::Sandbox;
use crate::tree::Tree;
use crate::{Anchor, Finding, Unit};
use desk::Desk;

/// What the lock remembers.
pub trait LockView: Sync {
    /// The fingerprint of an anchor when somebody last looked.
    fn print(&self, unit: &str, anchor: &Anchor) -> Option<AnchorPrint>;

    /// Whether it is known that `path` never was a file of the project and need not be.
    fn is_never(&self, path: &str) -> bool;
}

impl LockView for Lock {
    fn print(&self, unit: &str, anchor: &Anchor) -> Option<AnchorPrint> {
        Lock::print(self, unit, anchor).flatten()
    }

    fn is_never(&self, path: &str) -> bool {
        self.never.contains(path)
    }
}

/// Fingerprints of source code.
pub trait Fingerprints: Sync {
    /// The print of the symbol `at` in the file at `path`, or of the whole file; `None` where the symbol is not there, or the language is not known.
    fn print(&self, tree: &dyn Tree, path: &str, at: Option<&str>) -> Option<AnchorPrint>;

    /// Where the symbol `at` of `path` stands now, as `path` or `path#Symbol`: under another name with the same body, or in another file.
    fn moved(&self, tree: &dyn Tree, path: &str, at: &str, was: Option<&AnchorPrint>) -> Option<String>;

    /// Whether symbols of the file at `path` can be found at all.
    fn reads(&self, path: &str) -> bool;
}

/// What checks may do and how they count.
#[derive(Clone, Debug, Default)]
pub struct CheckOptions {
    /// Whether constraints that are commands judge the examples.
    pub run_commands: bool,
    /// Whether code blocks marked `test` are run.
    pub run_blocks: bool,
    /// The vocabulary in which sizes are counted; units that were not counted in it are estimated.
    pub vocabulary: String,
}

/// What is checked.
pub struct CheckInput<'a> {
    /// The project's files.
    pub tree: &'a dyn Tree,
    /// The catalogue.
    pub units: &'a [Unit],
    /// What the import had to say.
    pub import_findings: &'a [Finding],
    /// The project's past; `None` where there is no repository.
    pub git: Option<&'a Git>,
    /// The day on which validity is judged, `YYYY-MM-DD`.
    pub today: &'a str,
    /// The lock; `None` where there is none.
    pub lock: Option<&'a dyn LockView>,
    /// Fingerprints of code.
    pub fingerprints: &'a dyn Fingerprints,
    /// Where commands run, or why they cannot.
    pub sandbox: Result<&'a Sandbox, String>,
    /// What checks may do.
    pub options: CheckOptions,
}

/// Runs every check. The findings are sorted by place and code; none is twice.
#[must_use]
pub fn check(input: &CheckInput<'_>) -> Vec<Finding> {
    run(&Desk::new(input))
}

/// Paths that texts name, that are not there and never were: what `unknown-path` asks about. A lock that has them in [`Lock::never`] keeps the
/// question from being asked again.
#[must_use]
pub fn unknown_paths(input: &CheckInput<'_>) -> std::collections::BTreeSet<String> {
    paths::unknown(&Desk::new(input))
}

fn run(desk: &Desk<'_>) -> Vec<Finding> {
    let mut found = desk.input.import_findings.to_vec();
    let checks: [fn(&Desk<'_>, &mut Vec<Finding>); 14] = [
        paths::check,
        freshness::check,
        facts::check,
        speaks::check,
        commands::check,
        examples::check,
        blocks::check,
        constraints::check,
        opposites::check,
        size::check,
        characters::check,
        instructions::check,
        secrets::check,
        owners::check,
    ];
    checks.iter().for_each(|check| check(desk, &mut found));
    let mut found: Vec<Finding> = found.into_iter().map(Finding::masked).collect();
    found.sort_by(|a, b| (&a.place, a.code, &a.unit, &a.message).cmp(&(&b.place, b.code, &b.unit, &b.message)));
    found.dedup();
    found
}

#[cfg(test)]
mod testing;
