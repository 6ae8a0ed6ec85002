//! `CODEOWNERS`: who answers for which paths.

use crate::tree::Tree;
use globset::{Glob, GlobBuilder, GlobSet};

/// Where the file is looked for; the first that is there counts.
const PLACES: [&str; 4] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];

/// The rules, in the order of the file. The last that matches counts.
#[derive(Debug, Default)]
pub(crate) struct CodeOwners {
    globs: GlobSet,
    /// The owners of each glob.
    owners: Vec<Vec<String>>,
}

impl CodeOwners {
    /// The rules of the project; none without a file.
    pub(crate) fn read(tree: &dyn Tree) -> Self {
        PLACES.iter().find_map(|path| tree.file(path).and_then(|file| tree.text(&file.path).ok())).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Lines that cannot be read as rules match nothing, as with the hosts that read the file.
    fn parse(text: &str) -> Self {
        let (globs, owners): (Vec<Glob>, Vec<Vec<String>>) = text.lines().filter_map(rule).flatten().unzip();
        Self { globs: GlobSet::new(&globs).unwrap_or_default(), owners }
    }

    /// Everybody who is named, some more than once.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.owners.iter().flatten()
    }

    pub(crate) fn of(&self, path: &str) -> Vec<String> {
        self.globs.matches(path).into_iter().max().and_then(|last| self.owners.get(last)).cloned().unwrap_or_default()
    }
}

fn rule(line: &str) -> Option<Vec<(Glob, Vec<String>)>> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with(['#', '[', '^']) {
        return None;
    }
    let mut words = line.split_whitespace();
    let pattern = words.next()?;
    let owners: Vec<String> = words.map(str::to_owned).collect();
    Some(globs(pattern).into_iter().map(|glob| (glob, owners.clone())).collect())
}

/// A pattern as `.gitignore` reads it: with a `/` inside it is anchored at the top; a directory means all below.
fn globs(pattern: &str) -> Vec<Glob> {
    let is_directory = pattern.ends_with('/');
    let inner = pattern.trim_matches('/');
    let is_anchored = pattern.starts_with('/') || inner.contains('/');
    let start = if is_anchored || inner.starts_with("**") { String::new() } else { "**/".to_owned() };
    // `docs/*` owns the files of the directory and nothing deeper.
    let below = [format!("{start}{inner}/**")].into_iter().filter(|_| !inner.ends_with("/*") || is_directory);
    let itself = [format!("{start}{inner}")].into_iter().filter(|_| !is_directory);
    itself.chain(below).filter_map(|glob| GlobBuilder::new(&glob).literal_separator(true).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_rule_that_matches_counts() {
        let text = "* @all # everyone\n*.rs @rust\n/docs/ @docs @more\nsrc/api/*.rs @api\napps/ @apps\n/docs/secret.md\n/build/* @build\n";
        let owners = CodeOwners::parse(text);
        let check = |path: &str, expected: &str| assert_eq!(owners.of(path).join(" "), expected, "{path}");
        check("a.txt", "@all");
        check("x/y.rs", "@rust");
        check("docs/a/b.md", "@docs @more");
        check("x/docs/a.md", "@all");
        check("src/api/a.rs", "@api");
        check("src/api/b/a.rs", "@rust");
        check("x/apps/y/z", "@apps");
        check("docs/secret.md", "");
        check("build/a", "@build");
        check("build/a/b", "@all");
    }
}
