//! What once was in the repository: a path that is missing and was there is broken; one that never was may mean anything.

use crate::git::Git;
use crate::tree::{Tree, file_name, parent};
use std::collections::{BTreeMap, BTreeSet};

/// How many renames are followed.
const RENAMES_MAX: usize = 20;

/// Paths of the past.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    /// Whether there is a past to ask.
    pub(super) is_known: bool,
    /// Whether the past was cut off when it was cloned: what is not in it may have been before.
    pub(super) is_shallow: bool,
    /// What is gone, with what took its place.
    gone: BTreeMap<String, Option<String>>,
    /// For what ignore files say of a path; `None` in tests.
    git: Option<Git>,
    /// Tracked and still there, though the project's tree leaves it out.
    kept: BTreeSet<String>,
}

/// What became of a path that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Was {
    /// It is there after all, but ignored.
    There,
    /// Git never had it, or there is no Git.
    Never,
    /// The clone is shallow, and nobody knows.
    Unknown,
    /// It was removed.
    Removed,
    /// It has this path now.
    Renamed(String),
}

impl Past {
    /// The past of the repository up to its head and what the work tree changed since.
    pub(super) fn read(git: Option<&Git>, tree: &dyn Tree) -> Self {
        let Some(git) = git.filter(|git| git.resolve("HEAD").is_some()) else { return Self::default() };
        let mut past = Self::of(git.vanished("HEAD").unwrap_or_default());
        past.git = Some(git.clone());
        past.is_shallow = git.is_shallow();
        for patch in git.diff_worktree("HEAD").unwrap_or_default() {
            if let Some(old) = patch.old_path.filter(|old| patch.new_path.as_ref() != Some(old)) {
                past.gone.insert(old, patch.new_path);
            }
        }
        let listed = git.files("HEAD").unwrap_or_default().into_iter().map(|file| file.path);
        past.kept = listed.filter(|path| tree.file(path).is_none() && !past.gone.contains_key(path)).collect();
        past
    }

    /// The past of a list, newest first.
    pub(super) fn of(vanished: Vec<(String, Option<String>)>) -> Self {
        let mut gone = BTreeMap::new();
        for (path, now) in vanished {
            gone.entry(path).or_insert(now);
        }
        Self { is_known: true, gone, ..Self::default() }
    }

    /// What became of `path`, a file or a directory, which `tree` does not have.
    pub(super) fn of_path(&self, tree: &dyn Tree, path: &str) -> Was {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/");
        if self.kept.contains(path) || self.kept.range(inside.clone()..).next().is_some_and(|kept| kept.starts_with(&inside)) {
            return Was::There;
        }
        let was = self.gone_or_below(tree, path, &inside);
        // What was removed and is ignored now is made by a tool when it is needed.
        if was == Was::Removed && self.is_ignored(path) { Was::There } else { was }
    }

    fn gone_or_below(&self, tree: &dyn Tree, path: &str, inside: &str) -> Was {
        if self.gone.contains_key(path) {
            return self.follow(tree, path).map_or(Was::Removed, Was::Renamed);
        }
        let mut below = self.gone.range(inside.to_owned()..).take_while(|(gone, _)| gone.starts_with(inside)).peekable();
        if below.peek().is_none() {
            return if self.is_shallow { Was::Unknown } else { Was::Never };
        }
        below.find_map(|(gone, _)| directory(path, gone, &self.follow(tree, gone)?)).filter(|now| tree.exists(now)).map_or(Was::Removed, Was::Renamed)
    }

    /// Whether a file with one of these names was removed, wherever it stood.
    pub(super) fn had_file(&self, names: &[&str]) -> bool {
        self.gone.keys().any(|path| names.contains(&file_name(path)))
    }

    fn is_ignored(&self, path: &str) -> bool {
        self.git.as_ref().is_some_and(|git| git.run(&["check-ignore", "--quiet", "--no-index", "--", path]).is_ok())
    }

    /// The path that `path` has now, where it is there.
    fn follow(&self, tree: &dyn Tree, path: &str) -> Option<String> {
        let mut at = path;
        for _ in 0..RENAMES_MAX {
            at = self.gone.get(at)?.as_deref()?;
            if tree.exists(at) {
                return Some(at.to_owned());
            }
        }
        None
    }
}

/// Where the directory `path` is now, by a file of it that is `now` instead of `was`.
fn directory(path: &str, was: &str, now: &str) -> Option<String> {
    let rest = was.strip_prefix(path)?;
    now.strip_suffix(rest).filter(|now| !now.is_empty()).map(str::to_owned).or_else(|| Some(parent(now).to_owned()).filter(|now| !now.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn removed_renamed_and_never() {
        let tree = MemoryTree::new([("src/c.rs", ""), ("lib/new/x.rs", "")]);
        let renamed = |from: &str, to: &str| (from.to_owned(), Some(to.to_owned()));
        let past = Past::of(vec![
            renamed("src/b.rs", "src/c.rs"),
            renamed("src/a.rs", "src/b.rs"),
            ("gone.md".to_owned(), None),
            renamed("lib/old/x.rs", "lib/new/x.rs"),
        ]);
        let check = |path: &str, expected: Was| assert_eq!(past.of_path(&tree, path), expected, "{path}");
        check("src/a.rs", Was::Renamed("src/c.rs".to_owned()));
        check("gone.md", Was::Removed);
        check("lib/old/", Was::Renamed("lib/new".to_owned()));
        check("lib/older", Was::Never);
        check("out/report.json", Was::Never);
    }

    #[test]
    fn a_shallow_clone_knows_only_what_was_removed_since() {
        let past = Past { is_shallow: true, ..Past::of(vec![("gone.md".to_owned(), None)]) };
        let found = ["gone.md", "never.md"].map(|path| past.of_path(&MemoryTree::default(), path));
        assert_eq!(found, [Was::Removed, Was::Unknown]);
    }

    #[test]
    fn renames_in_a_circle_end() {
        let past = Past::of(vec![("a".to_owned(), Some("b".to_owned())), ("b".to_owned(), Some("a".to_owned()))]);
        assert_eq!(past.of_path(&MemoryTree::default(), "a"), Was::Removed);
    }
}
