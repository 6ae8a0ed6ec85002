//! What commits changed, line by line.

use super::{Git, GitError};

/// Lines of the old file that a change took away, and lines of the new one that it put in their place. A side without lines has
/// `lines == 0` and `start` is the line before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// First line before, from 1.
    pub old_start: u32,
    /// How many lines before.
    pub old_lines: u32,
    /// First line after, from 1.
    pub new_start: u32,
    /// How many lines after.
    pub new_lines: u32,
}

/// A file's part of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch {
    /// The path before; `None` for a new file.
    pub old_path: Option<String>,
    /// The path after; `None` for a removed one.
    pub new_path: Option<String>,
    /// Its hunks, in order; none for binary files.
    pub hunks: Vec<Hunk>,
}

impl Git {
    /// What each of `commits` changed against its first parent, in their order.
    ///
    /// # Errors
    /// Where Git cannot tell.
    pub fn patches(&self, commits: &[String]) -> Result<Vec<Vec<FilePatch>>, GitError> {
        let arguments = ["diff-tree", "--stdin", "-r", "-p", "-U0", "-M", "--no-ext-diff", "--no-textconv", "--root", "--format=%x01%H", "-l400"];
        let output = self.run_with(&arguments, (commits.join("\n") + "\n").into_bytes())?;
        let text = String::from_utf8_lossy(&output);
        let mut by_commit: std::collections::HashMap<&str, Vec<FilePatch>> = std::collections::HashMap::new();
        for record in text.split('\u{1}').skip(1) {
            let (id, patch) = record.split_once('\n').unwrap_or((record, ""));
            by_commit.insert(id.trim(), read_patch(patch, self.prefix()));
        }
        Ok(commits.iter().map(|id| by_commit.remove(id.as_str()).unwrap_or_default()).collect())
    }

    /// What differs between `revision` and the work tree.
    ///
    /// # Errors
    /// Where Git cannot tell.
    pub fn diff_worktree(&self, revision: &str) -> Result<Vec<FilePatch>, GitError> {
        let output = self.run(&["diff", "-p", "-U0", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--end-of-options", revision, "--"])?;
        Ok(read_patch(&String::from_utf8_lossy(&output), self.prefix()))
    }

    /// The files of the work tree that Git neither tracks nor ignores, each as wholly added: its hunk has as many lines as can be.
    ///
    /// # Errors
    /// Where Git cannot tell.
    pub fn untracked(&self) -> Result<Vec<FilePatch>, GitError> {
        let output = self.run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        let whole = |path: &[u8]| FilePatch {
            old_path: None,
            new_path: Some(String::from_utf8_lossy(path).into_owned()),
            hunks: vec![Hunk { old_start: 0, old_lines: 0, new_start: 1, new_lines: u32::MAX }],
        };
        Ok(output.split(|&b| b == 0).filter(|path| !path.is_empty()).map(whole).collect())
    }
}

/// Reads a patch as Git prints it. Files outside `prefix` are left out; what cannot be read is passed over.
fn read_patch(text: &str, prefix: &str) -> Vec<FilePatch> {
    let mut found: Vec<FilePatch> = Vec::new();
    let mut is_head = false;
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("diff --git ") {
            is_head = true;
            // Binary files and pure renames have no `---` line; for those with equal names on both sides the halves tell it.
            let half = names.len() / 2;
            let same = names.get(2..half).filter(|name| names.get(half + 3..) == Some(name)).map(str::to_owned);
            found.push(FilePatch { old_path: same.clone(), new_path: same, hunks: Vec::new() });
            continue;
        }
        let Some(file) = found.last_mut() else { continue };
        if let Some(hunk) = line.strip_prefix("@@ ").and_then(hunk) {
            is_head = false;
            file.hunks.push(hunk);
        } else if is_head {
            read_head(line, file);
        }
    }
    let mut kept = Vec::new();
    for mut file in found {
        let inside = |path: Option<String>| path.and_then(|path| path.strip_prefix(prefix).map(str::to_owned));
        file.old_path = inside(file.old_path);
        file.new_path = inside(file.new_path);
        if file.old_path.is_some() || file.new_path.is_some() {
            kept.push(file);
        }
    }
    kept
}

fn read_head(line: &str, file: &mut FilePatch) {
    let path = |name: &str| if name == "/dev/null" { None } else { Some(name.trim_end_matches('\t').get(2..).unwrap_or_default().to_owned()) };
    if let Some(name) = line.strip_prefix("--- ") {
        file.old_path = path(name);
    } else if let Some(name) = line.strip_prefix("+++ ") {
        file.new_path = path(name);
    } else if let Some(name) = line.strip_prefix("rename from ") {
        file.old_path = Some(name.to_owned());
    } else if let Some(name) = line.strip_prefix("rename to ") {
        file.new_path = Some(name.to_owned());
    } else if line.starts_with("new file mode") {
        file.old_path = None;
    } else if line.starts_with("deleted file mode") {
        file.new_path = None;
    }
}

/// `-12,3 +12,4 @@ …`
fn hunk(text: &str) -> Option<Hunk> {
    let mut parts = text.split(' ');
    let side = |part: Option<&str>, mark: char| {
        let part = part?.strip_prefix(mark)?;
        let (start, lines) = part.split_once(',').unwrap_or((part, "1"));
        Some((start.parse().ok()?, lines.parse().ok()?))
    };
    let (old_start, old_lines) = side(parts.next(), '-')?;
    let (new_start, new_lines) = side(parts.next(), '+')?;
    Some(Hunk { old_start, old_lines, new_start, new_lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_reads_back() {
        let text = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -3,0 +4,2 @@ fn x\n+--- not a head\n+b\n@@ -9 +11 @@\n-a\n+b\n\
                    diff --git a/old.rs b/new.rs\nsimilarity index 100%\nrename from old.rs\nrename to new.rs\n\
                    diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n\
                    diff --git a/b.png b/b.png\nindex 1..2\nBinary files a/b.png and b/b.png differ\n";
        let read = read_patch(text, "");
        let paths: Vec<(Option<&str>, Option<&str>, usize)> =
            read.iter().map(|file| (file.old_path.as_deref(), file.new_path.as_deref(), file.hunks.len())).collect();
        assert_eq!(
            paths,
            [(Some("src/a.rs"), Some("src/a.rs"), 2), (Some("old.rs"), Some("new.rs"), 0), (Some("gone"), None, 1), (Some("b.png"), Some("b.png"), 0)]
        );
        assert_eq!(
            read[0].hunks,
            [Hunk { old_start: 3, old_lines: 0, new_start: 4, new_lines: 2 }, Hunk { old_start: 9, old_lines: 1, new_start: 11, new_lines: 1 }]
        );
    }
}
