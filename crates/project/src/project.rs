//! The project's directory: found upward from where one stands, read as a whole.

use crate::diagnostic::{Code, Diagnostic, Report};
use crate::{Snapshot, load};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The name of the project's file.
pub const FILE_NAME: &str = "jeton.toml";

/// A directory that is, or may become, a project. `jeton.toml` need not exist: then every default holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    dir: PathBuf,
}

impl Project {
    /// The nearest directory with a `jeton.toml`, at `from` or above it.
    #[must_use]
    pub fn discover(from: &Path) -> Option<PathBuf> {
        let start = std::path::absolute(from).ok()?;
        start.ancestors().find(|dir| dir.join(FILE_NAME).is_file()).map(Path::to_path_buf)
    }

    /// The project at `dir`.
    pub fn open(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// The project's directory; relative paths of the snapshot start here.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of its `jeton.toml`, whether it exists or not.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.dir.join(FILE_NAME)
    }

    /// Reads the file (none: an empty one) together with the environment.
    ///
    /// # Errors
    /// As [`load`], and where the file cannot be read or is no UTF-8.
    pub fn load(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Snapshot, Report> {
        let bytes = match std::fs::read(self.file()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let remedy = "give the user that runs Jeton the right to read the file";
                return Err(unreadable(0, 0, format!("the file cannot be read: {}", error.kind()), "a file that can be read", remedy));
            }
        };
        match std::str::from_utf8(&bytes) {
            Ok(text) => load(FILE_NAME, text, env),
            Err(error) => {
                let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
                let (line, column) = (valid.matches('\n').count() + 1, valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
                Err(unreadable(line, column, "this byte is no UTF-8".into(), "text in UTF-8", "save the file as UTF-8"))
            }
        }
    }
}

fn unreadable(line: usize, column: usize, message: String, expected: &str, remedy: &str) -> Report {
    let end_column = if line == 0 { 0 } else { column + 1 };
    let (file, expected, remedy) = (FILE_NAME.to_owned(), expected.to_owned(), remedy.to_owned());
    Report { diagnostics: vec![Diagnostic { file, line, column, end_column, message, expected, remedy, code: Code::Unreadable, excerpt: None }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_project_upward_is_found_and_read() {
        let dir = std::env::temp_dir().join(format!("jeton-project-{}", std::process::id()));
        let inner = dir.join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(dir.join(FILE_NAME), "[log]\nlevel = 'debug'\n").unwrap();
        assert_eq!(Project::discover(&inner), Some(dir.clone()));
        let project = Project::open(&dir);
        assert_eq!(project.load(&|_| None).unwrap().log.level, crate::LogLevel::Debug);
        assert_eq!(Project::open(&inner).load(&|_| None).unwrap().log.level, crate::LogLevel::Info);
        std::fs::write(project.file(), b"# caf\xe9\n").unwrap();
        let report = project.load(&|_| None).unwrap_err();
        assert_eq!((report.diagnostics[0].line, report.diagnostics[0].column, report.diagnostics[0].code), (1, 6, Code::Unreadable));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
