//! The files of a project, at work or at a revision: what is ignored is not there, and nothing outside is ever read.

mod revision;
mod work;

pub use revision::RevisionTree;
pub use work::{TreeOptions, WorkTree};

use std::fmt;
use std::sync::Arc;

/// The largest file that is read whole, in bytes. Larger ones (logs, dumps, media) are known by name and size alone.
pub const READ_BYTES_MAX: u64 = 4 << 20;

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// The path from the project's directory, with `/` between its parts.
    pub path: Arc<str>,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// What tells this content from another without reading it: the object's name at a revision, time and size at work.
    pub stamp: String,
}

/// A symbolic link; it is never followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The path of the link.
    pub path: Arc<str>,
    /// The path that it leads to, from the project's directory; `None` where it leads outside or nowhere.
    pub target: Option<String>,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The path from the project's directory.
    pub path: String,
    /// Why, in a sentence.
    pub why: String,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// It is not in the tree.
    NotFound,
    /// It is larger than [`READ_BYTES_MAX`].
    TooLarge(u64),
    /// It changed each time it was read.
    Changing,
    /// The system says so.
    Failed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("it is not there"),
            Self::TooLarge(bytes) => write!(f, "it has {} MiB; files above {} MiB are not read", bytes >> 20, READ_BYTES_MAX >> 20),
            Self::Changing => f.write_str("it changes while it is read"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// The files of a project.
pub trait Tree: Send + Sync {
    /// All files, by path.
    fn files(&self) -> &[FileEntry];

    /// Whether equal stamps mean equal contents whatever the path.
    fn stamps_are_contents(&self) -> bool {
        false
    }

    /// All symbolic links, by path.
    fn links(&self) -> &[Link];

    /// What could not be looked at, by path.
    fn unread(&self) -> &[Unread];

    /// The bytes of a file of [`Tree::files`].
    ///
    /// # Errors
    /// Where it cannot be read, or is too large.
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError>;

    /// The file at `path`.
    fn file(&self, path: &str) -> Option<&FileEntry> {
        let files = self.files();
        files.binary_search_by(|file| (*file.path).cmp(path)).ok().map(|place| &files[place])
    }

    /// Whether a file or a directory with files stands at `path`.
    fn exists(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        if path.is_empty() || path == "." || self.file(path).is_some() {
            return true;
        }
        let inside = format!("{path}/");
        let at = self.files().partition_point(|file| *file.path < *inside);
        self.files().get(at).is_some_and(|file| file.path.starts_with(&inside))
    }

    /// The text of a file; bytes that are no UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// As [`Tree::read`].
    fn text(&self, path: &str) -> Result<String, ReadError> {
        self.read(path).map(|bytes| match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        })
    }
}

/// `path` without `.` and `..`, seen from the directory `from`; `None` where it leads out of the project or is absolute.
#[must_use]
pub fn normalize(from: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') || path.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Writes a file whole or not at all: beside it first, then in its place.
///
/// # Errors
/// Where the directory cannot be written.
pub fn replace_file(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

/// The directory of a path; empty at the top.
#[must_use]
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
#[must_use]
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A tree in memory. For tests and for texts that are no files.
#[derive(Debug, Default)]
pub struct MemoryTree {
    files: Vec<FileEntry>,
    contents: std::collections::BTreeMap<String, Vec<u8>>,
}

impl MemoryTree {
    /// A tree of these files.
    #[must_use]
    pub fn new<P: Into<String>, B: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, B)>) -> Self {
        let contents: std::collections::BTreeMap<String, Vec<u8>> = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        let entry = |(path, bytes): (&String, &Vec<u8>)| FileEntry {
            path: Arc::from(path.as_str()),
            size_bytes: bytes.len() as u64,
            stamp: crate::Digest::of(bytes).to_string(),
        };
        Self { files: contents.iter().map(entry).collect(), contents }
    }
}

impl Tree for MemoryTree {
    fn stamps_are_contents(&self) -> bool {
        true
    }

    fn files(&self) -> &[FileEntry] {
        &self.files
    }

    fn links(&self) -> &[Link] {
        &[]
    }

    fn unread(&self) -> &[Unread] {
        &[]
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        self.contents.get(path).cloned().ok_or(ReadError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_never_lead_out() {
        let check = |from: &str, path: &str, expected: Option<&str>| assert_eq!(normalize(from, path).as_deref(), expected, "{from} + {path}");
        check("docs", "a.md", Some("docs/a.md"));
        check("docs/x", "../a.md", Some("docs/a.md"));
        check("", "./a//b", Some("a/b"));
        check("docs", "../../a", None);
        check("", "/etc/passwd", None);
        check("", "..", None);
    }

    #[test]
    fn directories_exist_where_they_have_files() {
        let tree = MemoryTree::new([("docs/a.md", "x"), ("docs2/b", "y")]);
        let found = ["docs", "docs/", "docs/a.md", "doc", "docs2", "docs/b", ""].map(|path| tree.exists(path));
        assert_eq!(found, [true, true, true, false, true, false, true]);
    }
}
