//! The files as a commit has them.

use super::{FileEntry, Link, READ_BYTES_MAX, ReadError, Tree, TreeOptions, Unread, normalize, parent};
use crate::git::{BlobReader, Git, GitError, TreeFile};
use ignore::overrides::{Override, OverrideBuilder};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The longest target of a link, in bytes; what is longer is no path.
const LINK_BYTES_MAX: u64 = 4_096;

/// The files of a commit below the project's directory. Needs no work tree.
#[derive(Debug)]
pub struct RevisionTree {
    files: Vec<FileEntry>,
    links: Vec<Link>,
    blobs: HashMap<String, String>,
    reader: Mutex<BlobReader>,
}

impl RevisionTree {
    /// The tree of `revision`.
    ///
    /// # Errors
    /// Where Git does not know it.
    pub fn open(git: &Git, revision: &str, options: &TreeOptions) -> Result<Self, GitError> {
        Self::of_files(git, git.files(revision)?, options)
    }

    /// The tree of files that are listed already.
    ///
    /// # Errors
    /// Where Git cannot be started.
    pub fn of_files(git: &Git, listed: Vec<TreeFile>, options: &TreeOptions) -> Result<Self, GitError> {
        let ignored = ignored(options);
        let (mut files, mut links, mut blobs) = (Vec::new(), Vec::new(), HashMap::new());
        let mut reader = git.blobs()?;
        for file in listed.into_iter().filter(|file| !is_ignored(&ignored, &file.path)) {
            if file.is_link {
                let written = if file.size_bytes > LINK_BYTES_MAX { None } else { reader.read(&file.blob)? };
                let target = written.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|target| normalize(parent(&file.path), &target));
                links.push(Link { path: file.path.into(), target });
                continue;
            }
            files.push(FileEntry { path: file.path.as_str().into(), size_bytes: file.size_bytes, stamp: file.blob.clone() });
            blobs.insert(file.path, file.blob);
        }
        Ok(Self { files, links, blobs, reader: Mutex::new(reader) })
    }
}

fn ignored(options: &TreeOptions) -> Override {
    let mut builder = OverrideBuilder::new("");
    for glob in &options.ignore {
        // What cannot be read as a glob was reported when the configuration was.
        let _ = builder.add(&format!("!{}", glob.trim_start_matches('!')));
    }
    builder.build().unwrap_or_else(|_| Override::empty())
}

fn is_ignored(ignored: &Override, path: &str) -> bool {
    let mut at = Some(path);
    let mut is_directory = false;
    while let Some(part) = at {
        if ignored.matched(Path::new(part), is_directory).is_ignore() {
            return true;
        }
        at = part.rsplit_once('/').map(|(directory, _)| directory);
        is_directory = true;
    }
    false
}

impl Tree for RevisionTree {
    fn stamps_are_contents(&self) -> bool {
        true
    }

    fn files(&self) -> &[FileEntry] {
        &self.files
    }

    fn links(&self) -> &[Link] {
        &self.links
    }

    fn unread(&self) -> &[Unread] {
        &[]
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        let entry = self.file(path).ok_or(ReadError::NotFound)?;
        if entry.size_bytes > READ_BYTES_MAX {
            return Err(ReadError::TooLarge(entry.size_bytes));
        }
        let blob = self.blobs.get(path).ok_or(ReadError::NotFound)?;
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.read(blob).map_err(|error| ReadError::Failed(error.message))?.ok_or(ReadError::NotFound)
    }
}
