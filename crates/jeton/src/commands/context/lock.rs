//! `jeton context lock` and `diff`.

use super::{plural, prints, tell_findings};
use crate::failure::Failure;
use crate::output;
use jeton_context::engine::{Engine, EngineOptions, LOCK_FILE};
use jeton_context::git::NoGit;
use jeton_context::tree::{RevisionTree, replace_file};
use jeton_context::{Catalogue, CatalogueOptions, Lock, LockDiff};
use serde_json::json;

pub(super) fn run(engine: &Engine, is_check: bool, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let before = desk.lock.clone();
    let now = prints::lock_of(&desk.catalogue, &*desk.tree).with_answers_of(&before.clone().unwrap_or_default());
    let diff = Lock::diff(&before.clone().unwrap_or_default(), &now);
    let text = now.to_string();
    let is_same = desk.tree.text(LOCK_FILE).is_ok_and(|known| known.replace("\r\n", "\n") == text);
    if !is_check && !is_same {
        write(engine, &text)?;
    }
    if is_json {
        output::json(&json!({ "up_to_date": is_same, "written": !is_check && !is_same, "units": now.units.len(), "diff": diff }));
    } else {
        tell(is_check, is_same, before.is_some(), now.units.len(), &diff);
        tell_findings(engine, is_json);
    }
    if is_check && !is_same { Err(Failure::No) } else { Ok(()) }
}

fn tell(is_check: bool, is_same: bool, was_there: bool, units: usize, diff: &LockDiff) {
    if is_same {
        println!("{LOCK_FILE} is up to date: {}.", plural(units, "unit"));
        return;
    }
    // What differs only in form, or was a line that could not be read, has no difference to show.
    if was_there && !diff.is_empty() {
        print!("{diff}");
    }
    match (is_check, was_there) {
        (true, true) => println!("{LOCK_FILE} is out of date. Look at the changes, then run `jeton context lock`."),
        (true, false) => println!("There is no {LOCK_FILE}. `jeton context lock` makes it."),
        (false, _) => println!("{LOCK_FILE} was written: {}.", plural(units, "unit")),
    }
}

fn write(engine: &Engine, text: &str) -> Result<(), Failure> {
    if engine.git().is_ok_and(jeton_context::git::Git::is_bare) {
        return Err(Failure::usage(format!("a bare repository has no place for {LOCK_FILE}"), "run this in a work tree"));
    }
    let path = engine.root().join(LOCK_FILE);
    replace_file(&path, text.as_bytes())
        .map_err(|error| Failure::dependency(format!("{} cannot be written: {error}", path.display()), "check the rights of the project's directory"))
}

pub(super) fn diff(engine: &Engine, options: &EngineOptions, revision: Option<&str>, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let (before, against) = match (revision, &desk.lock) {
        (Some(revision), _) => of_revision(engine, options, revision)?,
        (None, Some(lock)) => (lock.clone(), LOCK_FILE.to_owned()),
        (None, None) if engine.git().is_ok_and(|git| git.resolve("HEAD").is_some()) => of_revision(engine, options, "HEAD")?,
        (None, None) => (Lock::default(), format!("nothing, since there is no {LOCK_FILE}")),
    };
    let diff = Lock::diff(&before, &prints::lock_of(&desk.catalogue, &*desk.tree));
    if is_json {
        output::json(&json!({ "against": against, "is_empty": diff.is_empty(), "diff": diff }));
    } else {
        eprintln!("compared with {against}");
        print!("{diff}");
    }
    Ok(())
}

/// The lock of a revision, or that of its files, and what it is called.
fn of_revision(engine: &Engine, options: &EngineOptions, revision: &str) -> Result<(Lock, String), Failure> {
    let git = engine.git().map_err(no_git)?;
    if git.resolve(revision).is_none() {
        return Err(Failure::usage(format!("Git knows no revision `{revision}`"), "name a branch, a tag or a commit"));
    }
    if let Some(bytes) = git.show(revision, LOCK_FILE) {
        let name = format!("{LOCK_FILE} of {revision}");
        return Ok((Lock::parse(&String::from_utf8_lossy(&bytes), &name).0, name));
    }
    let tree = RevisionTree::open(git, revision, &options.tree)
        .map_err(|error| Failure::dependency(format!("the files of {revision} cannot be read: {error}"), "`git fsck` checks the repository"))?;
    let catalogue = Catalogue::build(&tree, &CatalogueOptions { vocabularies: vec![options.vocabulary] });
    Ok((prints::lock_of(&catalogue, &tree), format!("the files of {revision}, which has no {LOCK_FILE}")))
}

/// Why the past cannot be asked.
pub(super) fn no_git(why: &NoGit) -> Failure {
    match why {
        NoGit::NotInstalled => Failure::dependency("the program git is not there", "install Git, or put it into the PATH"),
        NoGit::NoRepository => Failure::usage("this directory belongs to no Git repository", "run it in a repository, or name one with --project DIR"),
        NoGit::Refused(said) => Failure::dependency(format!("Git refuses: {said}"), "do what Git says, or name another directory with --project DIR"),
    }
}
