//! `jeton audit`: have we given models the environment they need?

mod ledger;

use crate::cli::{AuditArgs, Format, Gate};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_context::Severity;
use jeton_context::audit::{self, AuditInput, Ledger, Report};
use jeton_context::git::{Git, NoGit};
use jeton_context::tree::{RevisionTree, Tree, TreeOptions, WorkTree};
use jeton_core::{Clock, SystemClock};
use std::path::Path;

pub(crate) fn run(context: &Context, args: &AuditArgs, is_json: bool) -> Result<(), Failure> {
    let path = args.path.as_deref().unwrap_or_else(|| context.project.dir());
    if !path.is_dir() {
        let message = format!("{}: there is no such directory", path.display());
        return Err(Failure::usage(message, "name a directory, or a bare repository"));
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let report = look(&path)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    match if is_json { Format::Json } else { args.format } {
        Format::Text => print!("{}", audit::text(&report, &name, args.limit)),
        Format::Markdown => print!("{}", audit::markdown(&report, &name, args.limit)),
        Format::Json => output::json(&report),
        Format::Sarif => output::json(&audit::sarif(&report)),
    }
    let least = match args.gate {
        Some(Gate::Error) => Severity::Error,
        Some(Gate::Warning) => Severity::Warning,
        None => return Ok(()),
    };
    if report.worst().is_some_and(|worst| worst >= least) { Err(Failure::No) } else { Ok(()) }
}

/// Looks at the files at work; of a bare repository, at those of its newest commit.
fn look(path: &Path) -> Result<Report, Failure> {
    let git = Git::open(path);
    let (tree, ledger): (Box<dyn Tree>, Ledger) = match &git {
        Ok(git) if git.is_bare() => (revision(git)?, Ledger::None),
        _ => (Box::new(WorkTree::open(path, &TreeOptions::default())), ledger::read(path)),
    };
    let (year, month, day) = SystemClock.now().civil();
    let today = format!("{year:04}-{month:02}-{day:02}");
    Ok(audit::audit(&AuditInput { tree: tree.as_ref(), git: git.as_ref().map_err(|why: &NoGit| why), today: &today, ledger: &ledger }))
}

fn revision(git: &Git) -> Result<Box<dyn Tree>, Failure> {
    if git.resolve("HEAD").is_none() {
        return Err(Failure::usage("the repository is bare and has no commit: there is nothing to look at", "push a commit to it first"));
    }
    let opened = RevisionTree::open(git, "HEAD", &TreeOptions::default());
    Ok(Box::new(opened.map_err(|error| Failure::dependency(format!("the newest commit cannot be read: {error}"), "check the repository with `git fsck`"))?))
}
