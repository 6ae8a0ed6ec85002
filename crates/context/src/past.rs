//! What a context held at an earlier time: a unit or a file by its digest, from the files as they are now or from the repository's past.

use crate::git::Git;
use crate::tree::{MemoryTree, Tree};
use crate::{Catalogue, CatalogueOptions, Digest, Place, Unit};

/// Commits of one path that are looked through at most, the newest first.
const COMMITS_MAX: usize = 500;

/// A piece of an earlier context.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The unit's id; `code:PATH` for code.
    pub unit: &'a str,
    /// The digest that it had.
    pub digest: Digest,
    /// Where it stood.
    pub place: &'a Place,
}

/// Where a piece was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is still the same.
    Now(String),
    /// It was so in this commit, and is otherwise now: its text then and now, `None` where it is gone.
    Then {
        /// The commit.
        commit: String,
        /// The text as it was.
        text: String,
        /// The text as it is.
        now: Option<String>,
    },
    /// Neither the files nor the past have it: it was never committed, or the past was cut off. Its text now, where it is still there.
    Nowhere(Option<String>),
}

/// Looks for a piece of an earlier context.
#[must_use]
pub fn find(tree: &dyn Tree, git: Option<&Git>, wanted: &Wanted<'_>) -> Found {
    if let Some(commit) = wanted.unit.strip_prefix("history:") {
        let text = git.and_then(|git| git.run(&["show", "-s", "--format=%s", &git.resolve(commit)?]).ok());
        // A commit never changes.
        return text.map_or(Found::Nowhere(None), |subject| Found::Now(String::from_utf8_lossy(&subject).into_owned()));
    }
    let path = &*wanted.place.path;
    let now = tree.read(path).ok().and_then(|bytes| piece(path, &bytes, wanted));
    if let Some((digest, text)) = &now
        && *digest == wanted.digest
    {
        return Found::Now(text.clone());
    }
    let now = now.map(|(_, text)| text);
    let Some(git) = git else { return Found::Nowhere(now) };
    for commit in commits_of(git, path) {
        let Some(bytes) = git.show(&commit, path) else { continue };
        if let Some((digest, text)) = piece(path, &bytes, wanted)
            && digest == wanted.digest
        {
            return Found::Then { commit, text, now };
        }
    }
    Found::Nowhere(now)
}

fn commits_of(git: &Git, path: &str) -> Vec<String> {
    let most = format!("--max-count={COMMITS_MAX}");
    let place = format!(":(top,literal){}{path}", git.prefix());
    let listed = git.run(&["log", "--format=%H", &most, "HEAD", "--", &place]).unwrap_or_default();
    String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect()
}

/// The digest and text of a piece in a state of its file.
fn piece(path: &str, bytes: &[u8], wanted: &Wanted<'_>) -> Option<(Digest, String)> {
    if wanted.unit.starts_with("code:") {
        let text = String::from_utf8_lossy(bytes);
        let (first, last) = (wanted.place.first_line as usize, wanted.place.last_line as usize);
        let lines: String = text.split_inclusive('\n').skip(first.saturating_sub(1)).take((last + 1).saturating_sub(first.max(1))).collect();
        return Some((Digest::of(bytes), if first == 0 { text.into_owned() } else { lines }));
    }
    let alone = MemoryTree::new([(path, bytes)]);
    let catalogue = Catalogue::build(&alone, &CatalogueOptions { vocabularies: Vec::new() });
    catalogue.unit(wanted.unit).map(|unit: &Unit| (unit.digest, unit.body.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_in(files: &[(&str, &str)], unit: &str, digest: Digest, place: &Place) -> Found {
        find(&MemoryTree::new(files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec()))), None, &Wanted { unit, digest, place })
    }

    #[test]
    fn what_is_the_same_is_found_and_what_changed_is_not() {
        let place = Place::lines("a.rs", 2, 2);
        let digest = Digest::of(b"one\ntwo\n");
        assert_eq!(find_in(&[("a.rs", "one\ntwo\n")], "code:a.rs", digest, &place), Found::Now("two\n".to_owned()));
        assert_eq!(find_in(&[("a.rs", "one\n2\n")], "code:a.rs", digest, &place), Found::Nowhere(Some("2\n".to_owned())));
        assert_eq!(find_in(&[], "code:a.rs", digest, &place), Found::Nowhere(None));
    }

    #[test]
    fn a_unit_is_found_in_its_file_alone() {
        let text = "# Tea\n\nGreen tea is mild and is brewed at eighty degrees for two minutes, whatever the leaf says.\n";
        let catalogue = Catalogue::build(&MemoryTree::new([("docs/tea.md", text)]), &CatalogueOptions::default());
        let unit = &catalogue.units()[0];
        assert!(matches!(find_in(&[("docs/tea.md", text)], &unit.id, unit.digest, &unit.place), Found::Now(_)));
    }
}
