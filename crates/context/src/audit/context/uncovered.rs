//! Directories with code that no context speaks of.

use crate::audit::past::is_within;
use crate::audit::report::{Fact, Item, Touched, grouped};
use crate::audit::survey::Survey;
use crate::tree::{file_name, parent};
use crate::{Finding, Kind, Place, Severity, Unit};
use globset::Glob;
use std::collections::BTreeSet;

/// Smaller parts are counted and not reported, in lines.
const LINES_MIN: u64 = 200;

/// A part with so many lines, in which so many commits worked, is a warning.
const LINES_WARNING: u64 = 1_000;
const COMMITS_WARNING: u64 = 5;

/// Names of directories that every project has: a text that holds such a word speaks of nothing in particular.
const COMMON: [&str; 42] = [
    "src",
    "lib",
    "libs",
    "app",
    "apps",
    "api",
    "core",
    "common",
    "utils",
    "util",
    "internal",
    "pkg",
    "cmd",
    "main",
    "server",
    "client",
    "types",
    "models",
    "model",
    "services",
    "service",
    "components",
    "config",
    "data",
    "tools",
    "scripts",
    "helpers",
    "crates",
    "packages",
    "shared",
    "public",
    "views",
    "routes",
    "hooks",
    "assets",
    "features",
    "modules",
    "commands",
    "error",
    "errors",
    "java",
    "python",
];

/// Counts the directories with code that context speaks of, and names the largest parts of which none does.
pub(super) fn look(survey: &Survey<'_>, units: &[&Unit]) -> (Vec<Fact>, Vec<Item>) {
    let all = survey.code_directories();
    if all.is_empty() {
        return (vec![Fact::new("code-directories", 0, "no code of a language that is known here")], Vec::new());
    }
    let spoken = Spoken::of(survey, units);
    let silent: BTreeSet<&str> = all.iter().copied().filter(|directory| !spoken.covers(directory)).collect();
    let says = format!("{} of {} directories with code have no context that speaks of them", grouped(silent.len() as u64), grouped(all.len() as u64));
    let fact = Fact::of("uncovered-directories", silent.len() as u64, all.len() as u64, says);
    let parts = parts(&all, &silent);
    (vec![fact], parts.into_iter().filter_map(|part| item(survey, part, &silent)).collect())
}

/// The largest parts of the tree all of whose directories with code are silent. The top itself is no part.
fn parts<'a>(all: &BTreeSet<&'a str>, silent: &BTreeSet<&'a str>) -> BTreeSet<&'a str> {
    let is_silent = |part: &str| all.iter().filter(|directory| is_within(directory, part)).all(|directory| silent.contains(directory));
    let widest = |directory: &'a str| {
        let mut at = directory;
        while !parent(at).is_empty() && is_silent(parent(at)) {
            at = parent(at);
        }
        at
    };
    silent.iter().filter(|directory| !directory.is_empty()).map(|directory| widest(directory)).collect()
}

fn item(survey: &Survey<'_>, part: &str, silent: &BTreeSet<&str>) -> Option<Item> {
    let lines = survey.lines_within(part);
    if lines < LINES_MIN {
        return None;
    }
    let commits = survey.past.touching_path(part);
    let is_heavy = lines >= LINES_WARNING && commits.is_some_and(|commits| commits >= COMMITS_WARNING);
    let severity = if is_heavy { Severity::Warning } else { Severity::Note };
    let directories = silent.iter().filter(|directory| is_within(directory, part)).count();
    let inside = if directories > 1 { format!(" ({directories} directories)") } else { String::new() };
    let message = format!("No document, rule or schema speaks of `{part}/`{inside}, and no file in it says what it is for.");
    let remedy = format!("Say in a few lines what `{part}/` is for and what must hold in it: in `{part}/README.md`, or where the project is described.");
    Some(Item::new(Finding::new("uncovered-code", severity, Place::file(part), message, remedy), Touched { commits, lines: Some(lines), ..Touched::default() }))
}

/// Directories that are no level of their own: what lies in them is what lies above them.
const NO_LEVEL: [&str; 8] = ["src", "lib", "app", "main", "java", "kotlin", "python", "internal"];

/// How many levels of directories with code a text on a directory speaks of, below it.
const LEVELS_MAX: usize = 2;

/// What context speaks of.
struct Spoken<'a> {
    /// All directories with code.
    code: BTreeSet<&'a str>,
    /// Whether a document stands at the top.
    has_top: bool,
    /// Directories of which all is spoken that lies below.
    trees: BTreeSet<String>,
    /// Directories that are spoken of alone.
    directories: BTreeSet<String>,
    /// Words and paths that stand in documents.
    words: BTreeSet<String>,
    globs: Vec<globset::GlobMatcher>,
}

impl<'a> Spoken<'a> {
    fn of(survey: &'a Survey<'_>, units: &[&Unit]) -> Self {
        let mut spoken = Self {
            code: survey.code_directories(),
            has_top: false,
            trees: BTreeSet::new(),
            directories: BTreeSet::new(),
            words: BTreeSet::new(),
            globs: Vec::new(),
        };
        for unit in units.iter().filter(|unit| !matches!(unit.kind, Kind::Code | Kind::History)) {
            spoken.take(survey, unit);
        }
        for doc in survey.work_docs() {
            spoken.directory_of_doc(&doc.path);
            spoken.words.extend(words(&doc.text));
        }
        for file in survey.code().filter(|file| file.speaks_of_itself) {
            spoken.directories.insert(parent(&file.path).to_owned());
            if is_index(&file.path) {
                spoken.trees.insert(tree_of_index(&file.path));
            }
        }
        // A README at the top speaks of the top, and does not thereby speak of everything.
        spoken.has_top = spoken.trees.remove("");
        spoken
    }

    fn take(&mut self, survey: &Survey<'_>, unit: &Unit) {
        self.globs.extend(
            unit.scope
                .paths
                .iter()
                .filter(|glob| !matches!(glob.as_str(), "**" | "**/*" | "*"))
                .filter_map(|glob| Some(Glob::new(glob).ok()?.compile_matcher())),
        );
        for anchor in &unit.anchors {
            if survey.tree.file(&anchor.path).is_some() {
                self.directories.insert(parent(&anchor.path).to_owned());
            } else if survey.tree.exists(&anchor.path) {
                self.trees.insert(anchor.path.trim_end_matches('/').to_owned());
            }
        }
    }

    /// A document speaks of the directory in which it stands; in `docs/` of a package, of the package.
    fn directory_of_doc(&mut self, path: &str) {
        let directory = parent(path);
        self.directories.insert(directory.to_owned());
        let mut at = directory;
        while matches!(file_name(at), "docs" | "doc" | "documentation") {
            at = parent(at);
        }
        self.trees.insert(at.to_owned());
    }

    fn covers(&self, directory: &str) -> bool {
        self.directories.contains(directory) || self.is_matched(directory) || self.is_below(directory)
    }

    fn is_matched(&self, directory: &str) -> bool {
        let inside = format!("{directory}/x");
        self.globs.iter().any(|glob| glob.is_match(directory) || glob.is_match(&inside))
    }

    /// Whether the directory or one not far above it is spoken of with what lies below: named as a path, or by a name of its own.
    fn is_below(&self, directory: &str) -> bool {
        let (mut at, mut levels) = (directory, 0);
        while !at.is_empty() {
            let is_named = self.words.contains(at) && (at.contains('/') || !is_common(at)) || is_distinct(file_name(at)) && self.words.contains(file_name(at));
            if levels <= LEVELS_MAX && (self.trees.contains(at) || is_named) {
                return true;
            }
            levels += usize::from(self.code.contains(at) && !NO_LEVEL.contains(&file_name(at)));
            at = parent(at);
        }
        // A README at the top speaks of the one place where the code is, and not of everything below.
        self.has_top && levels == 0
    }
}

fn is_common(name: &str) -> bool {
    COMMON.contains(&name.to_lowercase().as_str())
}

/// Whether a name is that of one thing: of two words, or a long one that not every project has.
fn is_distinct(name: &str) -> bool {
    !is_common(name) && (name.len() >= 6 || name.len() >= 4 && name.contains(['-', '_']))
}

/// The file with which a module or package begins.
fn is_index(path: &str) -> bool {
    matches!(file_name(path), "lib.rs" | "main.rs" | "mod.rs" | "__init__.py" | "index.ts" | "index.js" | "index.tsx" | "doc.go" | "package-info.java")
}

/// What an index file speaks of: its directory, and for a crate's root the whole crate.
fn tree_of_index(path: &str) -> String {
    let directory = parent(path);
    let is_root_of_crate = matches!(file_name(path), "lib.rs" | "main.rs") && file_name(directory) == "src";
    (if is_root_of_crate { parent(directory) } else { directory }).to_owned()
}

/// Names and paths of a text: runs of letters, digits, `_`, `-`, `.` and `/`, without marks at their ends.
fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let runs = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')));
    let trimmed = runs.map(|run| run.trim_matches(['.', '/', '-', '_'])).filter(|run| run.len() >= 3);
    trimmed.flat_map(|run| {
        // `crates/a/src/x.rs` also speaks of `crates/a/src`.
        let parts: Vec<String> = std::iter::once(run).chain(run.contains('.').then(|| parent(run))).filter(|run| !run.is_empty()).map(str::to_owned).collect();
        parts
    })
}
