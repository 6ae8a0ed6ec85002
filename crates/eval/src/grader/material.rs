//! What graders may read beside the answer: the catalogue of units, files of the project, the sandbox.

use jeton_context::constraint::Surroundings;
use jeton_context::facts::fill_facts;
use jeton_context::sandbox::Sandbox;
use jeton_context::tree::Tree;
use jeton_context::{Catalogue, Unit};
use std::path::{Path, PathBuf};

/// The largest file that a grader reads, in bytes.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What graders may read. Nothing outside of the project's directory is looked at.
pub struct Material<'a> {
    units: Option<(&'a Catalogue, &'a dyn Tree)>,
    surroundings: Surroundings<'a>,
    sandbox: Result<&'a Sandbox, String>,
    project: PathBuf,
    folder: PathBuf,
}

impl std::fmt::Debug for Material<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Material").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Why something was not to be had, and what to do.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    pub(crate) remedy: &'static str,
}

impl Missing {
    pub(crate) fn new(code: &'static str, why: impl Into<String>, remedy: &'static str) -> Self {
        Self { code, why: why.into(), remedy }
    }
}

impl<'a> Material<'a> {
    /// The catalogue with the files whose facts its units quote; the sandbox, or why there is none; the project's directory, and the suite's,
    /// from which files are named.
    #[must_use]
    pub fn new(units: Option<(&'a Catalogue, &'a dyn Tree)>, sandbox: Result<&'a Sandbox, String>, project: &Path, folder: &Path) -> Self {
        let all: &'a [Unit] = units.map_or(&[], |(catalogue, _)| catalogue.units());
        let surroundings = Surroundings::new(all).with_sandbox(sandbox.clone());
        Self { units, surroundings, sandbox, project: project.to_owned(), folder: folder.to_owned() }
    }

    /// The unit of this id.
    pub(crate) fn unit(&self, id: &str) -> Result<&'a Unit, Missing> {
        let Some((catalogue, _)) = self.units else {
            return Err(Missing::new("unknown-unit", format!("`{id}` is looked for, and no context was read"), "Run it in a project with context."));
        };
        catalogue.unit(id).ok_or_else(|| Missing::new("unknown-unit", format!("there is no unit `{id}`"), "`jeton context list` shows the ids."))
    }

    /// The units that a name with or without `*` means; empty where there are none.
    pub(crate) fn units(&self, name: &str) -> Vec<&'a Unit> {
        self.units.map_or_else(Vec::new, |(catalogue, _)| catalogue.find(name))
    }

    /// A unit's text as a model gets it.
    pub(crate) fn text_of(&self, unit: &Unit) -> String {
        match self.units {
            Some((_, tree)) => fill_facts(&unit.body, &unit.facts, &unit.place.path, tree).0,
            None => unit.body.to_string(),
        }
    }

    /// What constraints' checks may need.
    pub(crate) const fn surroundings(&self) -> &Surroundings<'a> {
        &self.surroundings
    }

    /// The sandbox, or why there is none.
    pub(crate) fn sandbox(&self) -> Result<&'a Sandbox, Missing> {
        self.sandbox.clone().map_err(|why| Missing::new("no-sandbox", why, "Programs are only run in a sandbox: install one, or use another grader."))
    }

    /// A file that the suite names, seen from its directory; it lies in the project, whatever links say.
    pub(crate) fn locate(&self, named: &str) -> Result<PathBuf, Missing> {
        let unreadable = |error: std::io::Error| {
            Missing::new("unreadable-file", format!("`{named}` cannot be read: {error}"), "Correct the path; it begins at the suite's directory.")
        };
        let root = self.project.canonicalize().map_err(unreadable)?;
        let path = self.folder.join(named).canonicalize().map_err(unreadable)?;
        if path.starts_with(&root) {
            return Ok(path);
        }
        Err(Missing::new("outside-project", format!("`{named}` lies outside of the project"), "Copy the file into the project; nothing outside of it is read."))
    }

    /// The path of a file as the sandbox sees it: from the project's directory.
    pub(crate) fn within(&self, named: &str) -> Result<String, Missing> {
        let path = self.locate(named)?;
        let root = self.project.canonicalize().unwrap_or_default();
        // A name that begins with a dash would be read as an option.
        Ok(format!("./{}", path.strip_prefix(&root).unwrap_or(&path).to_string_lossy()))
    }

    /// The text of a file that the suite names.
    pub(crate) fn text(&self, named: &str) -> Result<String, Missing> {
        let path = self.locate(named)?;
        let unreadable = |why: String| Missing::new("unreadable-file", format!("`{named}` cannot be read: {why}"), "Name a text file of at most 4 MiB.");
        let about = std::fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?;
        if !about.is_file() || about.len() > FILE_BYTES_MAX {
            return Err(unreadable("it is no file, or larger than 4 MiB".to_owned()));
        }
        std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))
    }
}
