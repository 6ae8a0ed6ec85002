//! Commits, newest first, with the files that each changed.

use super::{Git, GitError};

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another path.
    Renamed,
}

/// A file that a commit changed. Paths are from the project's directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// The path after the commit, or the last one it had.
    pub path: String,
    /// The path before, where it is another.
    pub old_path: Option<String>,
}

/// A commit that is no merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its full name.
    pub id: String,
    /// Its first parent's; empty for a root.
    pub parent: String,
    /// When it was committed, in seconds since 1970.
    pub time_s: i64,
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message.
    pub body: String,
    /// What it changed.
    pub changes: Vec<Change>,
}

impl Git {
    /// At most `most` commits before and at `revision`, newest first, merges left out. Renames are found where the content is the same.
    ///
    /// # Errors
    /// Where Git cannot tell them.
    pub fn log(&self, revision: &str, most: usize) -> Result<Vec<Commit>, GitError> {
        Ok(self.read_log(&self.raw_log(revision, most)?))
    }

    /// The same, from `cache` where it holds the log of an ancestor; the cache is brought up to date. A cache that cannot be used is ignored,
    /// one that cannot be written is left.
    ///
    /// # Errors
    /// Where Git cannot tell them.
    pub fn cached_log(&self, revision: &str, most: usize, cache: &std::path::Path) -> Result<Vec<Commit>, GitError> {
        let Some(head) = self.resolve(revision) else { return self.log(revision, most) };
        let scope = format!("{head} {}\n", self.prefix());
        let known = std::fs::read(cache).unwrap_or_default();
        if let Some(log) = known.strip_prefix(scope.as_bytes()) {
            return Ok(self.read_log(log));
        }
        let raw = self.grown(&known, &head, most).map_or_else(|| self.raw_log(&head, most), Ok)?;
        let saved = [scope.as_bytes(), &raw].concat();
        let _ = crate::tree::replace_file(cache, &saved);
        Ok(self.read_log(&raw))
    }

    /// The cached log of an ancestor with what came since before it.
    fn grown(&self, known: &[u8], head: &str, most: usize) -> Option<Vec<u8>> {
        let line = memchr::memchr(b'\n', known)?;
        let (before, prefix) = std::str::from_utf8(&known[..line]).ok()?.split_once(' ')?;
        if prefix != self.prefix() || self.run(&["merge-base", "--is-ancestor", before, head]).is_err() {
            return None;
        }
        let new = self.raw_log(&format!("{before}..{head}"), most).ok()?;
        Some([&new, &known[line + 1..]].concat())
    }

    fn read_log(&self, raw: &[u8]) -> Vec<Commit> {
        raw.split(|&b| b == 1).filter_map(|record| commit(record, self.prefix())).collect()
    }

    fn raw_log(&self, revision: &str, most: usize) -> Result<Vec<u8>, GitError> {
        let limit = format!("--max-count={most}");
        let mut arguments = vec!["log", "--no-merges", "--no-show-signature", "--name-status", "-M100%", "-z", "--date-order", &limit];
        // The record begins with a byte that no message holds; fields end with another.
        arguments.extend(["--format=%x01%H%x02%P%x02%ct%x02%s%x02%b%x02", "--end-of-options", revision, "--"]);
        let scope = format!(":(top){}", self.prefix());
        if !self.prefix().is_empty() {
            arguments.push(&scope);
        }
        self.run(&arguments)
    }

    /// Every path that a commit up to `revision` removed or renamed away, newest first, each with the path that took its place, if any.
    ///
    /// # Errors
    /// Where Git cannot tell them.
    pub fn vanished(&self, revision: &str) -> Result<Vec<(String, Option<String>)>, GitError> {
        let mut arguments = vec!["log", "--no-merges", "--no-show-signature", "--name-status", "-M70%", "-l400", "-z", "--diff-filter=DR"];
        arguments.extend(["--format=%x01", "--end-of-options", revision, "--"]);
        let output = self.run(&arguments)?;
        let mut found = Vec::new();
        for record in output.split(|&b| b == 1) {
            for change in changes(record, self.prefix()) {
                match change.kind {
                    ChangeKind::Renamed => found.extend(change.old_path.map(|old| (old, Some(change.path)))),
                    _ => found.push((change.path, None)),
                }
            }
        }
        Ok(found)
    }
}

fn commit(record: &[u8], prefix: &str) -> Option<Commit> {
    let mut fields = record.splitn(6, |&b| b == 2);
    let mut text = || fields.next().map(|field| String::from_utf8_lossy(field).into_owned());
    let (id, parents, time, subject, body) = (text()?, text()?, text()?, text()?, text()?);
    let rest = fields.next().unwrap_or_default();
    let parent = parents.split(' ').next().unwrap_or_default().to_owned();
    Some(Commit { id, parent, time_s: time.parse().ok()?, subject, body, changes: changes(rest, prefix) })
}

/// `M\0path\0R100\0old\0new\0…`, with line ends before the first.
fn changes(record: &[u8], prefix: &str) -> Vec<Change> {
    let mut fields = record.split(|&b| b == 0).map(|field| field.strip_prefix(b"\n").unwrap_or(field)).filter(|field| !field.is_empty());
    let mut found = Vec::new();
    while let Some(status) = fields.next() {
        let mut path = || fields.next().and_then(|path| std::str::from_utf8(path).ok()).and_then(|path| path.strip_prefix(prefix)).map(str::to_owned);
        let change = match status.first() {
            Some(b'A' | b'C') if status[0] == b'C' => {
                path();
                path().map(|path| Change { kind: ChangeKind::Added, path, old_path: None })
            }
            Some(b'A') => path().map(|path| Change { kind: ChangeKind::Added, path, old_path: None }),
            Some(b'D') => path().map(|path| Change { kind: ChangeKind::Deleted, path, old_path: None }),
            Some(b'R') => {
                let old_path = path();
                path().map(|path| Change { kind: ChangeKind::Renamed, path, old_path })
            }
            _ => path().map(|path| Change { kind: ChangeKind::Modified, path, old_path: None }),
        };
        found.extend(change);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back() {
        let record = b"abc\x02p1 p2\x021700000000\x02fix: tea\x02Why.\n\x02\0\nM\0a/x.rs\0R100\0a/old.rs\0a/new.rs\0A\0b/out.rs\0D\0a/gone.rs\0";
        let read = commit(record, "a/").unwrap();
        assert_eq!((read.id.as_str(), read.parent.as_str(), read.time_s, read.subject.as_str()), ("abc", "p1", 1_700_000_000, "fix: tea"));
        let shown: Vec<(ChangeKind, &str, Option<&str>)> = read.changes.iter().map(|c| (c.kind, c.path.as_str(), c.old_path.as_deref())).collect();
        assert_eq!(shown, [(ChangeKind::Modified, "x.rs", None), (ChangeKind::Renamed, "new.rs", Some("old.rs")), (ChangeKind::Deleted, "gone.rs", None)]);
    }
}
