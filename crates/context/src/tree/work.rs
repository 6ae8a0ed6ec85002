//! The files as they lie on disk.

use super::{FileEntry, Link, READ_BYTES_MAX, ReadError, Tree, Unread, normalize, parent};
use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Directories that belong to tools and never to the project's content.
const NEVER: [&str; 2] = [".git", ".jeton"];

/// How often a file that changes under the reader is read.
const READS_MAX: usize = 3;

/// What is left out beside what ignore files name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeOptions {
    /// Globs, from the project's directory, as `.gitignore` writes them.
    pub ignore: Vec<String>,
}

/// The files below a directory. Respects `.gitignore` (also without Git), `.ignore` and `.jetonignore`; hidden files belong to it.
#[derive(Debug)]
pub struct WorkTree {
    root: PathBuf,
    files: Vec<FileEntry>,
    links: Vec<Link>,
    unread: Vec<Unread>,
}

impl WorkTree {
    /// Walks the directory `root`. What cannot be looked at is in [`Tree::unread`].
    #[must_use]
    pub fn open(root: &Path, options: &TreeOptions) -> Self {
        let mut tree = Self { root: root.to_owned(), files: Vec::new(), links: Vec::new(), unread: Vec::new() };
        for entry in walk(root, options, &mut tree.unread) {
            match entry {
                Ok(entry) => tree.take(&entry),
                Err(error) => tree.unread.push(Unread { path: String::new(), why: error.to_string() }),
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.links.sort_by(|a, b| a.path.cmp(&b.path));
        tree
    }

    /// The project's directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn take(&mut self, entry: &ignore::DirEntry) {
        let Some(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            return;
        }
        let Some(path) = relative(&self.root, entry.path()) else {
            let shown = entry.path().strip_prefix(&self.root).unwrap_or(entry.path()).to_string_lossy().into_owned();
            self.unread.push(Unread { path: shown, why: "its name is no UTF-8".to_owned() });
            return;
        };
        if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).ok().and_then(|target| target.to_str().and_then(|target| normalize(parent(&path), target)));
            self.links.push(Link { path: path.into(), target });
            return;
        }
        // Pipes and sockets have no content to read.
        if !kind.is_file() {
            return;
        }
        match entry.metadata() {
            Ok(metadata) => self.files.push(FileEntry { path: path.into(), size_bytes: metadata.len(), stamp: stamp(&metadata) }),
            Err(error) => self.unread.push(Unread { path, why: error.to_string() }),
        }
    }
}

fn walk(root: &Path, options: &TreeOptions, unread: &mut Vec<Unread>) -> ignore::Walk {
    let mut overrides = OverrideBuilder::new(root);
    for glob in &options.ignore {
        // An override that begins with `!` leaves out.
        if let Err(error) = overrides.add(&format!("!{}", glob.trim_start_matches('!'))) {
            unread.push(Unread { path: String::new(), why: format!("the ignore pattern `{glob}` cannot be read: {error}") });
        }
    }
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).parents(false).require_git(false).follow_links(false).git_global(false).add_custom_ignore_filename(".jetonignore");
    if let Ok(overrides) = overrides.build() {
        builder.overrides(overrides);
    }
    builder.filter_entry(|entry| !entry.file_name().to_str().is_some_and(|name| NEVER.contains(&name)));
    builder.build()
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '/' { inside.to_owned() } else { inside.replace(std::path::MAIN_SEPARATOR, "/") })
}

fn stamp(metadata: &Metadata) -> String {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos());
    format!("{modified:x}-{:x}", metadata.len())
}

impl Tree for WorkTree {
    fn files(&self) -> &[FileEntry] {
        &self.files
    }

    fn links(&self) -> &[Link] {
        &self.links
    }

    fn unread(&self) -> &[Unread] {
        &self.unread
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let Some(entry) = self.file(path) else { return Err(ReadError::NotFound) };
        read_steadily(&self.root.join(&*entry.path))
    }
}

/// Reads a file until its size and time are the same before and after.
fn read_steadily(path: &Path) -> Result<Vec<u8>, ReadError> {
    for _ in 0..READS_MAX {
        // Between the walk and now a file may have become a link that leads out.
        let before = std::fs::symlink_metadata(path).map_err(failed)?;
        if !before.is_file() {
            return Err(ReadError::NotFound);
        }
        if before.len() > READ_BYTES_MAX {
            return Err(ReadError::TooLarge(before.len()));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0) + 1);
        let file = File::open(path).map_err(failed)?;
        (&file).take(READ_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        let after = file.metadata().map_err(failed)?;
        if stamp(&before) == stamp(&after) && bytes.len() as u64 == after.len() {
            return Ok(bytes);
        }
    }
    Err(ReadError::Changing)
}

fn failed(error: std::io::Error) -> ReadError {
    if error.kind() == std::io::ErrorKind::NotFound { ReadError::NotFound } else { ReadError::Failed(error.to_string()) }
}
