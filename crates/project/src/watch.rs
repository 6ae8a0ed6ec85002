//! Whether a file has changed, without a watcher of the system: the binary looks once a second.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tells one state of a file from another. A file that is not there has a stamp too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileStamp {
    /// When it was last written; none where there is no file or the system does not say.
    pub modified: Option<SystemTime>,
    /// Its length in bytes.
    pub length_bytes: u64,
}

impl FileStamp {
    /// The stamp of the file at `path`, links followed.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        std::fs::metadata(path).map_or_else(|_| Self::default(), |metadata| Self { modified: metadata.modified().ok(), length_bytes: metadata.len() })
    }

    /// Whether `path` differs from this stamp; if so the stamp is brought up to date.
    pub fn changed(&mut self, path: &Path) -> bool {
        let before = std::mem::replace(self, Self::of(path));
        *self != before
    }
}

/// What tells one state of a project's configuration from another: `jeton.toml` and the files of its packs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectStamp(pub(crate) Vec<(PathBuf, FileStamp)>);

impl ProjectStamp {
    /// The files, in the order of the alphabet; one that is not there may be among them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|(path, _)| path.as_path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_making_and_removing_a_file_changes_its_stamp_once() {
        let path = std::env::temp_dir().join(format!("jeton-stamp-{}", std::process::id()));
        let mut stamp = FileStamp::of(&path);
        assert!(!stamp.changed(&path));
        std::fs::write(&path, "a").unwrap();
        assert!(stamp.changed(&path) && !stamp.changed(&path));
        std::fs::write(&path, "ab").unwrap();
        assert!(stamp.changed(&path) && !stamp.changed(&path));
        std::fs::remove_file(&path).unwrap();
        assert!(stamp.changed(&path) && !stamp.changed(&path));
    }
}
