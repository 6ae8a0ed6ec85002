//! Of which directories context speaks, and how it does.

use crate::audit::past::is_within;
use crate::audit::survey::Survey;
use crate::tree::{file_name, parent};
use crate::{Kind, Unit};
use globset::{Glob, GlobMatcher};
use std::collections::{BTreeMap, BTreeSet};

/// Directories that are no level of their own: what lies in them is what lies above them.
const NO_LEVEL: [&str; 8] = ["src", "lib", "app", "main", "java", "kotlin", "python", "internal"];

/// How many levels of directories with code a text speaks of, below the directory in which it stands; and below one that it only names.
const LEVELS_STANDING: usize = 2;
const LEVELS_NAMED: usize = 1;

/// How context speaks of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// A unit names a file of it, a document names it, or its own index file says what it is for.
    Itself,
    /// A document stands in it, or in a directory not far above it.
    Above,
    /// Only the scope of a rule takes it in.
    Scope,
}

/// What context speaks of.
pub(super) struct Spoken<'a> {
    code: BTreeSet<&'a str>,
    /// What stands above a package speaks of it only where it names it.
    packages: &'a BTreeSet<String>,
    /// Whether a document stands at the top.
    has_top: bool,
    /// Directories in which a document stands.
    standing: BTreeSet<String>,
    /// Directories that are spoken of by themselves.
    directories: BTreeSet<String>,
    /// Names that documents write.
    words: BTreeSet<String>,
    /// Names of documents, without their endings and in small letters: `docs/refunds.md` speaks of what is called `refunds`.
    pages: BTreeSet<String>,
    /// Directories that documents write as paths, or whose files they do.
    paths: BTreeSet<String>,
    scopes: Vec<GlobMatcher>,
}

impl<'a> Spoken<'a> {
    pub(super) fn of(survey: &'a Survey<'_>, units: &[&Unit]) -> Self {
        let mut spoken = Self {
            code: survey.code_directories(),
            packages: &survey.packages,
            has_top: false,
            standing: BTreeSet::new(),
            directories: BTreeSet::new(),
            words: BTreeSet::new(),
            pages: BTreeSet::new(),
            paths: BTreeSet::new(),
            scopes: Vec::new(),
        };
        for unit in units.iter().filter(|unit| !matches!(unit.kind, Kind::Code | Kind::History)) {
            spoken.take(survey, unit);
        }
        for doc in survey.work_docs() {
            spoken.stand(&doc.path);
            spoken.pages.insert(file_name(&doc.path).split('.').next().unwrap_or_default().to_lowercase());
            spoken.read(&doc.text);
        }
        spoken.own_comments(survey);
        spoken.has_top = spoken.standing.remove("");
        spoken
    }

    fn take(&mut self, survey: &Survey<'_>, unit: &Unit) {
        let scopes = unit.scope.paths.iter().filter(|glob| !matches!(glob.as_str(), "**" | "**/*" | "*"));
        self.scopes.extend(scopes.filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher())));
        for anchor in &unit.anchors {
            if survey.tree.file(&anchor.path).is_some() {
                self.directories.insert(parent(&anchor.path).to_owned());
            } else if survey.tree.exists(&anchor.path) {
                self.paths.insert(anchor.path.trim_end_matches('/').to_owned());
            }
        }
    }

    /// A document speaks of the directory in which it stands; in `docs/` of a package, of the package.
    fn stand(&mut self, path: &str) {
        let mut at = parent(path);
        while matches!(file_name(at), "docs" | "doc" | "documentation") {
            at = parent(at);
        }
        self.standing.insert(at.to_owned());
    }

    /// Takes the names and paths of a text: runs of letters, digits, `_`, `-`, `.` and `/`. A file's path names its directory too.
    fn read(&mut self, text: &str) {
        for run in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'))).filter(|run| run.len() >= 3) {
            let path = without_host(run).trim_start_matches("./");
            let name = path.trim_matches(['.', '/', '-', '_']);
            if path.contains('/') {
                self.paths.insert(name.to_owned());
                if file_name(name).contains('.') {
                    self.paths.insert(parent(name).to_owned());
                }
            } else {
                self.words.insert(name.to_owned());
            }
        }
    }

    /// Whether a document stands in the directory or anywhere below it.
    pub(super) fn has_document_within(&self, directory: &str) -> bool {
        self.standing.iter().any(|standing| is_within(standing, directory))
    }

    /// A comment at the head of an index file speaks of its directory; comments of other files do where most of them have one.
    fn own_comments(&mut self, survey: &Survey<'_>) {
        let mut by_directory: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for file in survey.code() {
            let (speaking, all) = by_directory.entry(parent(&file.path)).or_default();
            *speaking += usize::from(file.speaks_of_itself);
            *all += 1;
            if file.speaks_of_itself {
                self.directories.extend(directory_of_index(&file.path, &self.code));
            }
        }
        let most = by_directory.into_iter().filter(|(_, (speaking, all))| *speaking > 0 && speaking * 2 >= *all);
        self.directories.extend(most.map(|(directory, _)| directory.to_owned()));
    }

    /// How context speaks of the directory; `None` where nothing does.
    pub(super) fn how(&self, directory: &str) -> Option<How> {
        if self.directories.contains(directory) || self.is_named(directory) {
            Some(How::Itself)
        } else if self.is_below(directory) {
            Some(How::Above)
        } else {
            let inside = format!("{directory}/x");
            self.scopes.iter().any(|glob| glob.is_match(directory) || glob.is_match(&inside)).then_some(How::Scope)
        }
    }

    /// Whether a document stands in the directory or not far above it, or names one above it. No package is left on the way up.
    fn is_below(&self, directory: &str) -> bool {
        let (mut at, mut levels) = (directory, 0);
        while !at.is_empty() {
            if levels <= LEVELS_STANDING && self.standing.contains(at) || levels <= LEVELS_NAMED && self.is_named(at) {
                return true;
            }
            if self.packages.contains(at) {
                return false;
            }
            levels += usize::from(self.code.contains(at) && !NO_LEVEL.contains(&file_name(at)));
            at = parent(at);
        }
        // A README at the top speaks of the one place where the code is, and not of everything below.
        self.has_top && levels == 0
    }

    /// Whether a document bears the directory's name, or writes its path, or writes its name where that is no word of everyday speech: of two
    /// words, or a package's.
    fn is_named(&self, directory: &str) -> bool {
        let name = file_name(directory);
        let is_distinct = name.len() >= 4 && (name.contains(['-', '_']) || self.packages.contains(directory));
        self.paths.contains(directory) || name.len() >= 4 && self.pages.contains(&name.to_lowercase()) || is_distinct && self.words.contains(name)
    }
}

/// The directory that an index file speaks of: its own, or the one beside it that bears its name (`refunds.rs` and `refunds/`).
fn directory_of_index(path: &str, code: &BTreeSet<&str>) -> Option<String> {
    const NAMES: [&str; 9] = ["lib.rs", "main.rs", "mod.rs", "__init__.py", "index.ts", "index.js", "index.tsx", "doc.go", "package-info.java"];
    if NAMES.contains(&file_name(path)) {
        return Some(parent(path).to_owned());
    }
    path.strip_suffix(".rs").filter(|beside| code.contains(beside)).map(str::to_owned)
}

/// The part of an address of a file on a Git host that is the file's path.
fn without_host(run: &str) -> &str {
    let inside = ["/blob/", "/tree/"].iter().find_map(|mark| run.split_once(mark)).and_then(|(_, rest)| rest.split_once('/'));
    inside.map_or(run, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::past::Past;
    use crate::tree::MemoryTree;
    use crate::{Catalogue, CatalogueOptions};

    /// The directories with code of these files, each with how context speaks of it.
    #[track_caller]
    fn check(files: &[(&str, &str)], expected: &[(&str, Option<How>)]) {
        let tree = MemoryTree::new(files.iter().copied());
        let survey = Survey::take(&tree, Past::default());
        let catalogue = Catalogue::build(&tree, &CatalogueOptions { vocabularies: Vec::new() });
        let units: Vec<&Unit> = catalogue.units().iter().collect();
        let spoken = Spoken::of(&survey, &units);
        let found: Vec<(&str, Option<How>)> = survey.code_directories().into_iter().map(|directory| (directory, spoken.how(directory))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_readme_at_the_top_speaks_of_the_one_place_with_code() {
        check(&[("README.md", "# Tea\n"), ("src/a.rs", ""), ("src/brew/a.rs", "")], &[("src", Some(How::Above)), ("src/brew", None)]);
    }

    #[test]
    fn everyday_words_name_no_directory_and_paths_do() {
        let text = "# Tea\nA function to export metadata. See `src/brew/` and the tea-pot.\n";
        check(
            &[("README.md", text), ("src/export/a.rs", ""), ("src/brew/a.rs", ""), ("src/tea-pot/a.rs", ""), ("src/metadata/a.rs", "")],
            &[("src/brew", Some(How::Itself)), ("src/export", None), ("src/metadata", None), ("src/tea-pot", Some(How::Itself))],
        );
    }

    #[test]
    fn directories_at_the_top_are_named_by_paths_alone() {
        let text = "# Tea\nThe engine is in [engine](https://example.org/a/tea/blob/main/brew/engine.go), storage is in `storage/`; config is easy.\n";
        let itself = Some(How::Itself);
        check(&[("README.md", text), ("brew/a.go", ""), ("config/a.go", ""), ("storage/a.go", "")], &[("brew", itself), ("config", None), ("storage", itself)]);
    }

    #[test]
    fn a_document_speaks_of_what_bears_its_name() {
        check(&[("docs/refunds.md", "# R\n"), ("cmd/refunds/a.go", ""), ("cmd/rates/a.go", "")], &[("cmd/rates", None), ("cmd/refunds", Some(How::Itself))]);
    }

    #[test]
    fn a_text_above_a_package_does_not_speak_of_it_unless_it_names_it() {
        let files = [
            ("crates/README.md", "# Crates\nThe crate kettle boils.\n"),
            ("crates/kettle/Cargo.toml", ""),
            ("crates/kettle/src/a.rs", ""),
            ("crates/strainer/Cargo.toml", ""),
            ("crates/strainer/src/a.rs", ""),
        ];
        check(&files, &[("crates/kettle/src", Some(How::Above)), ("crates/strainer/src", None)]);
    }

    #[test]
    fn one_commented_file_of_many_does_not_speak_for_its_directory() {
        let says = "//! Brews tea, and says for how long it has to stand.\n";
        check(
            &[("x/a.rs", says), ("x/b.rs", ""), ("x/c.rs", ""), ("y/mod.rs", says), ("y/b.rs", ""), ("y/c.rs", "")],
            &[("x", None), ("y", Some(How::Itself))],
        );
        check(&[("z.rs", says), ("z/a.rs", ""), ("z/b.rs", ""), ("z/c.rs", "")], &[("", Some(How::Itself)), ("z", Some(How::Itself))]);
    }

    #[test]
    fn levels_end_and_scopes_are_told_apart() {
        let files = [("ui/AGENTS.md", "Be brief.\n"), ("ui/a.ts", ""), ("ui/b/a.ts", ""), ("ui/b/c/a.ts", ""), ("ui/b/c/d/a.ts", "")];
        let above = Some(How::Above);
        check(&files, &[("ui", above), ("ui/b", above), ("ui/b/c", above), ("ui/b/c/d", Some(How::Scope))]);
    }
}
