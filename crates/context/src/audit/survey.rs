//! One look at every file: what it is for, how long it is, which tests it defines. All parts of the audit work from it.

use super::past::Past;
use super::roles::{self, Role};
use super::tests_found;
use crate::generated::is_generated;
use crate::markdown::{self, Document};
use crate::tree::{Tree, file_name, parent};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Larger files are known by name and size alone, in bytes.
const READ_BYTES_MAX: u64 = 1 << 20;

/// A file of code.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    pub(crate) path: Arc<str>,
    pub(crate) role: Role,
    pub(crate) language: &'static str,
    /// Lines that are not blank.
    pub(crate) lines: u64,
    /// Tests that it defines.
    pub(crate) tests: u32,
    /// Whether it begins with a comment on the whole (`//!`, a docstring, `// Package x`).
    pub(crate) speaks_of_itself: bool,
}

/// A running text.
pub(crate) struct DocText {
    pub(crate) path: Arc<str>,
    pub(crate) text: String,
    /// Its parts, where it is Markdown.
    pub(crate) document: Option<Document>,
    /// Whether it tells how to work, and is no changelog or licence.
    pub(crate) is_of_work: bool,
}

/// What stands in the tree.
pub(crate) struct Survey<'t> {
    pub(crate) tree: &'t dyn Tree,
    pub(crate) past: Past,
    pub(crate) sources: Vec<SourceFile>,
    pub(crate) docs: Vec<DocText>,
    /// Files of code or text that could not be read or are too large.
    pub(crate) unread: Vec<String>,
    /// Test frameworks by the number of files that use them.
    pub(crate) frameworks: BTreeMap<&'static str, u64>,
    /// Directories with a file that declares a package, shallow ones first.
    pub(crate) packages: BTreeSet<String>,
}

impl<'t> Survey<'t> {
    /// Looks at every file of `tree` once.
    pub(crate) fn take(tree: &'t dyn Tree, past: Past) -> Self {
        let mut survey = Self {
            tree,
            past,
            sources: Vec::new(),
            docs: Vec::new(),
            unread: tree.unread().iter().map(|unread| unread.path.clone()).collect(),
            frameworks: BTreeMap::new(),
            packages: BTreeSet::new(),
        };
        for file in tree.files() {
            if is_manifest(file_name(&file.path)) && roles::role(&file.path) != Role::Foreign {
                survey.packages.insert(parent(&file.path).to_owned());
            }
            match roles::role(&file.path) {
                Role::Foreign | Role::Other => {}
                _ if file.size_bytes > READ_BYTES_MAX => survey.unread.push(file.path.to_string()),
                role => survey.read(&file.path, role),
            }
        }
        survey
    }

    fn read(&mut self, path: &Arc<str>, role: Role) {
        let Ok(text) = self.tree.text(path) else {
            self.unread.push(path.to_string());
            return;
        };
        if role == Role::Doc {
            self.docs.push(doc(path, text));
            return;
        }
        let Some(language) = roles::language(path) else { return };
        if is_generated(&text) {
            return;
        }
        let lines = text.lines().filter(|line| !line.trim().is_empty()).count() as u64;
        let tests = tests_found::count(&text, language);
        if tests > 0
            && let Some(framework) = tests_found::framework(&text, language)
        {
            *self.frameworks.entry(framework).or_default() += 1;
        }
        let speaks_of_itself = speaks_of_itself(&text, language);
        self.sources.push(SourceFile { path: path.clone(), role, language, lines, tests, speaks_of_itself });
    }

    /// The product's own code.
    pub(crate) fn code(&self) -> impl Iterator<Item = &SourceFile> {
        self.sources.iter().filter(|file| file.role == Role::Code)
    }

    /// Lines of the product's own code at or below `path`.
    pub(crate) fn lines_within(&self, path: &str) -> u64 {
        self.code().filter(|file| super::past::is_within(&file.path, path)).map(|file| file.lines).sum()
    }

    /// The directories that hold code of the product.
    pub(crate) fn code_directories(&self) -> BTreeSet<&str> {
        self.code().map(|file| parent(&file.path)).collect()
    }

    /// The nearest directory at or above `directory` that declares a package; the top where none does.
    pub(crate) fn package_of<'p>(&self, directory: &'p str) -> &'p str {
        let mut at = directory;
        while !at.is_empty() && !self.packages.contains(at) {
            at = parent(at);
        }
        at
    }

    /// Languages of the product's code by lines, the largest first.
    pub(crate) fn languages(&self) -> Vec<(&'static str, u64)> {
        let mut lines: BTreeMap<&'static str, u64> = BTreeMap::new();
        for file in self.code() {
            *lines.entry(file.language).or_default() += file.lines;
        }
        let mut sorted: Vec<(&'static str, u64)> = lines.into_iter().collect();
        sorted.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        sorted
    }

    /// The text of a file, if it is there and can be read.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let file = self.tree.file(path)?;
        if file.size_bytes > READ_BYTES_MAX { None } else { self.tree.text(path).ok() }
    }

    /// Documents that tell how to work.
    pub(crate) fn work_docs(&self) -> impl Iterator<Item = &DocText> {
        self.docs.iter().filter(|doc| doc.is_of_work)
    }

    /// Whether a document names one of `names` as words of their own.
    pub(crate) fn is_named(&self, names: &[String]) -> bool {
        self.work_docs().any(|doc| names.iter().any(|name| has_words(&doc.text, name)))
    }
}

fn doc(path: &Arc<str>, text: String) -> DocText {
    let ending = file_name(path).rsplit_once('.').map_or("", |(_, ending)| ending);
    let document = matches!(ending, "md" | "mdx" | "mdc" | "markdown").then(|| markdown::parse(&text));
    DocText { path: path.clone(), document, is_of_work: roles::is_of_work(path), text }
}

/// Whether `words` stands in `text` with no letter, digit, `-`, `_` or `/` grown on to it.
pub(crate) fn has_words(text: &str, words: &str) -> bool {
    let grows = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    memchr::memmem::find_iter(text.as_bytes(), words.as_bytes()).any(|at| {
        let (before, after) = (text[..at].chars().next_back(), text[at + words.len()..].chars().next());
        !grows(before) && !grows(after)
    })
}

fn is_manifest(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "Cargo.toml",
        "package.json",
        "pyproject.toml",
        "setup.py",
        "setup.cfg",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "Gemfile",
        "composer.json",
        "mix.exs",
        "Package.swift",
        "pubspec.yaml",
        "build.sbt",
    ];
    NAMES.contains(&name) || name.ends_with(".csproj") || name.ends_with(".gemspec")
}

/// Whether the file begins with a comment that speaks of the whole file, of some forty characters or more.
fn speaks_of_itself(text: &str, language: &str) -> bool {
    let enough = |text: String| text.trim().chars().count() >= 40;
    match language {
        "Rust" => enough(text.lines().take_while(|line| is_rust_head(line)).filter_map(|line| line.trim().strip_prefix("//!")).collect()),
        "Python" => {
            let start = text.lines().position(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
            let body: String = start.map(|at| text.lines().skip(at).take(12).collect::<Vec<_>>().join("\n")).unwrap_or_default();
            ["\"\"\"", "r\"\"\"", "'''"].iter().any(|mark| body.starts_with(mark))
                && enough(body.trim_matches('"').split("\"\"\"").next().unwrap_or_default().to_owned())
        }
        "Go" => text.split("\npackage ").next().is_some_and(|head| head.contains("// Package ") || head.contains("Package ") && head.contains("/*")),
        "Shell" => false,
        _ => {
            let start = text.trim_start();
            let comment = start.strip_prefix("/**").and_then(|rest| rest.split("*/").next()).unwrap_or_default();
            let is_licence = ["copyright", "licen"].iter().any(|word| comment.to_lowercase().contains(word));
            !is_licence && enough(comment.replace('*', ""))
        }
    }
}

/// What may stand before the end of a Rust file's own comment: comments and attributes of the file.
fn is_rust_head(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("//") || line.starts_with("#!")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn every_file_is_seen_for_what_it_is() {
        let tree = MemoryTree::new([
            ("Cargo.toml", "[package]\n"),
            ("README.md", "# Tea\n"),
            ("src/lib.rs", "//! How tea is brewed, and for how long it has to stand.\n\nfn a() {}\n#[test]\nfn b() {}\n"),
            ("src/gen.rs", "// @generated by a tool\nfn a() {}\n"),
            ("vendor/x/y.rs", "fn a() {}\n"),
        ]);
        let survey = Survey::take(&tree, Past::default());
        let seen: Vec<(&str, u64, u32, bool)> = survey.sources.iter().map(|file| (&*file.path, file.lines, file.tests, file.speaks_of_itself)).collect();
        assert_eq!(seen, [("src/lib.rs", 4, 1, true)]);
        assert_eq!((survey.docs.len(), survey.package_of("src/a"), survey.languages()), (1, "", vec![("Rust", 4)]));
    }

    #[test]
    fn words_stand_alone() {
        let check = |text: &str, words: &str, expected: bool| assert_eq!(has_words(text, words), expected, "{text} / {words}");
        check("run `make test`.", "make test", true);
        check("run make tests", "make test", false);
        check("run cmake test", "make test", false);
        check("make test-all", "make test", false);
        check("ünmake test", "make test", false);
    }

    #[test]
    fn files_that_speak_of_themselves() {
        let check = |language: &str, text: &str, expected: bool| assert_eq!(speaks_of_itself(text, language), expected, "{language}: {text}");
        check("Rust", "// Copyright\n\n//! Routes requests to handlers, by their method and path.\n", true);
        check("Rust", "use a;\n//! Routes requests to handlers, by their method and path.\n", false);
        check("Python", "# c\n\"\"\"Routes requests to handlers, by their method and path.\"\"\"\nimport a\n", true);
        check("Python", "\"\"\"Short.\"\"\"\n", false);
        check("Go", "// Package tea brews.\npackage tea\n", true);
        check("Go", "package tea\n", false);
        check("TypeScript", "/**\n * Routes requests to handlers, by their method and path.\n */\nimport a\n", true);
        check("TypeScript", "/**\n * Copyright 2020 The authors of routes and handlers and more\n */\n", false);
    }
}
