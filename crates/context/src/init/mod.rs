//! The safe first steps: files that make a directory a project, guessed from what is in it. Nothing is written here; what is proposed is shown
//! as a difference first, and files that exist are left alone.

mod diff;
mod files;
mod guess;

pub use diff::unified;
pub use guess::ClassGuess;

use crate::check::locked_print;
use crate::lock::{LOCK_FILE, Lock};
use crate::tree::Tree;
use crate::{Catalogue, CatalogueOptions};

/// How a proposed file stands to the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// There is none of this name.
    New,
    /// It is there with these very bytes.
    Same,
    /// It is there with others, and stays as it is unless somebody says otherwise.
    Differs,
}

/// A file that would be written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Proposed {
    /// The path from the project's directory.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it is for, in a sentence.
    pub why: String,
    /// How it stands to what is there.
    pub standing: Standing,
    /// The text that is there, where it differs.
    #[serde(skip)]
    pub before: Option<String>,
}

/// What is proposed, and what was left out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Proposal {
    /// Classes of work that the directory suggests, each with its evidence.
    pub classes: Vec<ClassGuess>,
    /// The files, by path.
    pub files: Vec<Proposed>,
    /// A workflow to copy, where the system of CI is not known.
    pub ci_snippet: Option<String>,
}

/// Proposes files for the project in `tree`. A directory that has a `jeton.toml` is a project: what it says is not guessed again.
#[must_use]
pub fn propose(tree: &dyn Tree) -> Proposal {
    let is_project = tree.exists("jeton.toml");
    let classes = if is_project { Vec::new() } else { guess::classes(tree) };
    let mut files = Vec::new();
    if !is_project {
        files.push(("jeton.toml".to_owned(), files::configuration(&classes), "the classes of work, each with what suggested it".to_owned()));
        for class in &classes {
            let path = format!("context/packs/{}.toml", class.pack);
            files.push((path, files::pack(class), format!("the context that calls of `{}` get", class.name)));
        }
    }
    if let Some(text) = lock(tree) {
        files.push((LOCK_FILE.to_owned(), text, "what context there is, so that a change of it is reviewed like code".to_owned()));
    }
    let has_github = tree.files().iter().any(|file| file.path.starts_with(".github/workflows/"));
    if has_github {
        files.push((files::WORKFLOW_PATH.to_owned(), files::WORKFLOW.to_owned(), "audits each proposed change".to_owned()));
    }
    files.sort();
    let files = files.into_iter().map(|(path, text, why)| standing(tree, path, text, why)).collect();
    Proposal { classes, files, ci_snippet: (!has_github).then(|| files::COMMANDS.to_owned()) }
}

/// The lock of the context that is there; none where there is no context, or a lock already: then it is for `jeton context lock` to renew it.
fn lock(tree: &dyn Tree) -> Option<String> {
    let catalogue = Catalogue::build(tree, &CatalogueOptions::default());
    let is_wanted = !catalogue.units().is_empty() && !tree.exists(LOCK_FILE);
    is_wanted.then(|| Lock::of(&catalogue, tree, &|anchor| locked_print(tree, anchor)).to_string())
}

fn standing(tree: &dyn Tree, path: String, text: String, why: String) -> Proposed {
    // A link of this name would lead the writing elsewhere: it counts as a file that is there.
    let is_link = tree.links().iter().any(|link| *link.path == *path);
    let before = tree.file(&path).map(|file| tree.text(&file.path).unwrap_or_default()).or_else(|| is_link.then(String::new));
    let standing = match &before {
        None => Standing::New,
        Some(before) if *before == text => Standing::Same,
        Some(_) => Standing::Differs,
    };
    Proposed { path, text, why, before: before.filter(|_| standing == Standing::Differs), standing }
}

#[cfg(test)]
mod tests;
