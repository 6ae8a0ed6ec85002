//! The project's directory: found upward from where one stands, read as a whole.

use crate::diagnostic::{Code, Diagnostic, Report};
use crate::{FileStamp, PackText, ProjectStamp, Snapshot, load_with_packs};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The name of the project's file.
pub const FILE_NAME: &str = "jeton.toml";

/// Where packs may stand in files of their own, from the project's directory.
pub const PACK_DIR: &str = "context/packs";

/// The largest file of a pack, in bytes: far above what a long query of fixed text needs.
const PACK_BYTES_MAX: u64 = 1 << 20;

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

    /// The state of the files that [`Project::load`] reads; it differs once one of them is changed, made or removed.
    #[must_use]
    pub fn stamp(&self) -> ProjectStamp {
        let files = std::iter::once(self.file()).chain(self.pack_files());
        ProjectStamp(files.map(|path| (path.clone(), FileStamp::of(&path))).collect())
    }

    /// Reads `jeton.toml` (none: an empty one) and the files of packs together with the environment.
    ///
    /// # Errors
    /// As [`crate::load_with_packs`]; where a file cannot be read or is no UTF-8; where a pack's file lies outside the project.
    pub fn load(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Snapshot, Report> {
        let text = match std::fs::read(self.file()) {
            Ok(bytes) => text_of(FILE_NAME, bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(not_readable(FILE_NAME, &error)),
        };
        let (packs, mut unreadable) = self.packs();
        match load_with_packs(FILE_NAME, &text, &packs, env) {
            Ok(snapshot) if unreadable.is_empty() => Ok(snapshot),
            Ok(_) => Err(Report { diagnostics: unreadable }),
            Err(mut report) => {
                report.diagnostics.append(&mut unreadable);
                Err(report)
            }
        }
    }

    /// The files of packs, in the order of the alphabet.
    fn pack_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.dir.join(PACK_DIR)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|ending| ending == "toml")).collect();
        files.sort();
        files
    }

    /// The texts of packs. One that cannot be read is among them without text, so that nobody misses its name.
    fn packs(&self) -> (Vec<PackText>, Vec<Diagnostic>) {
        let (mut packs, mut unreadable) = (Vec::new(), Vec::new());
        for path in self.pack_files() {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let path_label = format!("{PACK_DIR}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            let text = self.pack_text(&path, &path_label).unwrap_or_else(|mistake| {
                unreadable.extend(mistake.diagnostics);
                String::new()
            });
            packs.push(PackText { name, path_label, text });
        }
        (packs, unreadable)
    }

    fn pack_text(&self, path: &Path, label: &str) -> Result<String, Report> {
        let real = |path: &Path| std::fs::canonicalize(path).map_err(|error| not_readable(label, &error));
        let place = real(path)?;
        if !place.starts_with(real(&self.dir)?) {
            let remedy = "put the file itself there: nothing outside the project is read";
            return Err(unreadable(label, (0, 0), "the file is a link out of the project".into(), "a file of the project", remedy));
        }
        let is_fit = std::fs::metadata(&place).is_ok_and(|found| found.is_file() && found.len() <= PACK_BYTES_MAX);
        if !is_fit {
            let expected = format!("a file of at most {PACK_BYTES_MAX} bytes");
            return Err(unreadable(label, (0, 0), "this is no file, or it is too large".into(), &expected, "move it elsewhere, or shorten it"));
        }
        let mut bytes = Vec::new();
        let read = std::fs::File::open(&place).and_then(|file| file.take(PACK_BYTES_MAX).read_to_end(&mut bytes));
        read.map_err(|error| not_readable(label, &error))?;
        text_of(label, bytes)
    }
}

fn text_of(label: &str, bytes: Vec<u8>) -> Result<String, Report> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let place = (valid.matches('\n').count() + 1, valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        unreadable(label, place, "this byte is no UTF-8".into(), "text in UTF-8", "save the file as UTF-8")
    })
}

fn not_readable(label: &str, error: &std::io::Error) -> Report {
    let remedy = "give the user that runs Jeton the right to read the file";
    unreadable(label, (0, 0), format!("the file cannot be read: {}", error.kind()), "a file that can be read", remedy)
}

fn unreadable(label: &str, (line, column): (usize, usize), message: String, expected: &str, remedy: &str) -> Report {
    let end_column = if line == 0 { 0 } else { column + 1 };
    let (file, expected, remedy) = (label.to_owned(), expected.to_owned(), remedy.to_owned());
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

    #[test]
    fn packs_in_files_are_read_and_their_changes_are_seen() {
        let dir = std::env::temp_dir().join(format!("jeton-packs-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("p").join(PACK_DIR)).unwrap();
        let project = Project::open(dir.join("p"));
        let write = |name: &str, text: &[u8]| std::fs::write(dir.join("p").join(PACK_DIR).join(name), text).unwrap();
        let before = project.stamp();
        write("refunds.toml", b"budget_tokens = 700\n");
        write("notes.md", b"no pack");
        assert_ne!(project.stamp(), before);
        let snapshot = project.load(&|_| None).unwrap();
        assert_eq!(snapshot.packs.iter().map(|(name, pack)| (name.as_str(), pack.budget_tokens)).collect::<Vec<_>>(), [("refunds", 700)]);
        let written = project.stamp();
        write("refunds.toml", b"budget_tokens = 7\xff\n");
        assert_ne!(project.stamp(), written);
        let report = project.load(&|_| None).unwrap_err();
        assert_eq!((report.diagnostics[0].file.as_str(), report.diagnostics[0].line, report.diagnostics.len()), ("context/packs/refunds.toml", 1, 1));
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_project_is_no_pack() {
        let dir = std::env::temp_dir().join(format!("jeton-pack-link-{}", std::process::id()));
        std::fs::create_dir_all(dir.join("p").join(PACK_DIR)).unwrap();
        std::fs::write(dir.join("outside.toml"), "budget_tokens = 7\n").unwrap();
        std::os::unix::fs::symlink(dir.join("outside.toml"), dir.join("p").join(PACK_DIR).join("a.toml")).unwrap();
        let report = Project::open(dir.join("p")).load(&|_| None).unwrap_err();
        assert!(report.diagnostics[0].message.contains("out of the project"), "{report}");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
