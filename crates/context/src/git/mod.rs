//! The repository's past, by Git's own command line: plumbing only, no hooks, no external diffs, nothing written.

mod batch;
mod file_log;
mod history;
mod patch;

pub use batch::BlobReader;
pub use file_log::FileCommit;
pub use history::{Change, ChangeKind, Commit};
pub use patch::{FilePatch, Hunk};

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Settings of a repository that would run programs of its choosing, switched off.
const SAFE: [&str; 8] = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false", "-c", "log.showSignature=false"];

/// What Git said when it could not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitError {
    /// In one line.
    pub message: String,
}

impl fmt::Display for GitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GitError {}

/// Why there is no repository to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoGit {
    /// The program `git` is not there.
    NotInstalled,
    /// The directory belongs to no repository.
    NoRepository,
    /// Git refuses, in its own words.
    Refused(String),
}

/// A file of a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// The path from the project's directory.
    pub path: String,
    /// The object's name.
    pub blob: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// A repository, seen from the project's directory, which may be a part of it.
#[derive(Clone, Debug)]
pub struct Git {
    directory: PathBuf,
    /// The project's directory from the repository's top, with a slash at its end; empty at the top.
    prefix: String,
    is_bare: bool,
    is_shallow: bool,
}

impl Git {
    /// The repository that `directory` belongs to, or is (a bare one).
    ///
    /// # Errors
    /// Where there is none, or Git is not installed or refuses.
    pub fn open(directory: &Path) -> Result<Self, NoGit> {
        let mut git = Self { directory: directory.to_owned(), prefix: String::new(), is_bare: false, is_shallow: false };
        let asked = git
            .command(&["rev-parse", "--is-bare-repository", "--is-shallow-repository", "--show-prefix"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output();
        let output =
            asked.map_err(|error| if error.kind() == std::io::ErrorKind::NotFound { NoGit::NotInstalled } else { NoGit::Refused(error.to_string()) })?;
        if !output.status.success() {
            let said = first_line(&output.stderr);
            return Err(if said.contains("not a git repository") { NoGit::NoRepository } else { NoGit::Refused(said) });
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let mut lines = said.lines();
        git.is_bare = lines.next() == Some("true");
        git.is_shallow = lines.next() == Some("true");
        lines.next().unwrap_or_default().clone_into(&mut git.prefix);
        Ok(git)
    }

    /// Whether there is no work tree.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.is_bare
    }

    /// Whether the past was cut off when it was cloned.
    #[must_use]
    pub const fn is_shallow(&self) -> bool {
        self.is_shallow
    }

    /// The commit that `revision` names; `None` where there is none (a repository without commits has no `HEAD`).
    #[must_use]
    pub fn resolve(&self, revision: &str) -> Option<String> {
        // A revision that begins with a dash would be read as an option.
        if revision.starts_with('-') || revision.is_empty() {
            return None;
        }
        let output = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")]).ok()?;
        Some(String::from_utf8_lossy(&output).trim().to_owned()).filter(|id| !id.is_empty())
    }

    /// The files of `revision` below the project's directory, by path.
    ///
    /// # Errors
    /// Where Git cannot list them.
    pub fn files(&self, revision: &str) -> Result<Vec<TreeFile>, GitError> {
        let tree = format!("{revision}:{}", self.prefix);
        let output = self.run(&["ls-tree", "-r", "-z", "--long", "--full-tree", &tree])?;
        let mut files: Vec<TreeFile> = output.split(|&b| b == 0).filter_map(tree_file).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// The bytes of a file at `revision`; `None` where it is not there.
    #[must_use]
    pub fn show(&self, revision: &str, path: &str) -> Option<Vec<u8>> {
        self.run(&["cat-file", "blob", &format!("{revision}:{}{path}", self.prefix)]).ok()
    }

    /// A reader of many objects.
    ///
    /// # Errors
    /// Where Git cannot be started.
    pub fn blobs(&self) -> Result<BlobReader, GitError> {
        BlobReader::start(self.command(&["cat-file", "--batch"]))
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.directory).args(SAFE).arg("--no-optional-locks").args(arguments);
        // What the environment says of another repository must not lead away from this one.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_CEILING_DIRECTORIES"] {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_PAGER", "cat").stdin(Stdio::null());
        command
    }

    /// What a command printed.
    ///
    /// # Errors
    /// Where it did not succeed.
    pub fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
        let output = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).output().map_err(|error| GitError { message: error.to_string() })?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(GitError { message: format!("git {}: {}", arguments.first().unwrap_or(&""), first_line(&output.stderr)) })
        }
    }

    /// What a command prints when it is given `input`.
    pub(crate) fn run_with(&self, arguments: &[&str], input: Vec<u8>) -> Result<Vec<u8>, GitError> {
        let failed = |error: std::io::Error| GitError { message: format!("git {}: {error}", arguments.first().unwrap_or(&"")) };
        let mut child = self.command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        // Written from a thread of its own: both pipes are bounded, and Git answers before it has read everything.
        let writer = std::thread::spawn(move || stdin.map_or(Ok(()), |mut stdin| std::io::Write::write_all(&mut stdin, &input)));
        let mut printed = Vec::new();
        if let Some(stdout) = &mut child.stdout {
            stdout.read_to_end(&mut printed).map_err(failed)?;
        }
        let _ = writer.join();
        if child.wait().map_err(failed)?.success() {
            Ok(printed)
        } else {
            Err(GitError { message: format!("git {} failed", arguments.first().unwrap_or(&"")) })
        }
    }
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}

/// `100644 blob 1234…    5678\tpath`; submodules are no files.
fn tree_file(line: &[u8]) -> Option<TreeFile> {
    let tab = memchr::memchr(b'\t', line)?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let path = std::str::from_utf8(&line[tab + 1..]).ok()?.to_owned();
    let mut parts = head.split_ascii_whitespace();
    let (mode, kind, blob, size) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    (kind == "blob").then(|| TreeFile { path, blob: blob.to_owned(), size_bytes: size.parse().unwrap_or(0), is_link: mode == "120000" })
}
