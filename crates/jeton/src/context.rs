//! Where a command works: the project found upward from the current directory, or the one named.

use crate::failure::Failure;
use jeton_project::{Project, Snapshot};
use std::path::PathBuf;

/// The project of a command.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) project: Project,
}

/// The environment variable of a name, if it is set to text.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Context {
    /// The project in `dir`, or the one found upward from here; without any, the current directory as an empty one.
    pub(crate) fn open(dir: Option<PathBuf>) -> Result<Self, Failure> {
        let dir = match dir {
            Some(dir) if !dir.is_dir() => {
                return Err(Failure::usage(
                    format!("--project {}: there is no such directory", dir.display()),
                    "name a directory that holds jeton.toml, or leave it out",
                ));
            }
            Some(dir) => std::path::absolute(&dir).unwrap_or(dir),
            None => {
                let here = std::env::current_dir()
                    .map_err(|error| Failure::dependency(format!("the current directory cannot be read: {error}"), "change to one that exists"))?;
                Project::discover(&here).unwrap_or(here)
            }
        };
        Ok(Self { project: Project::open(dir) })
    }

    /// Reads the configuration.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.project.load(&env).map_err(Failure::Config)
    }

    /// The ledger's file.
    pub(crate) fn ledger_path(&self, snapshot: &Snapshot) -> PathBuf {
        self.project.dir().join(&snapshot.store.path)
    }
}
