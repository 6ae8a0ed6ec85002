//! Tree-sitter queries as checks: each match is a breach.

use crate::code::Language;
use tree_sitter::{Parser, Query, QueryCursor, StreamingIterator};

/// A compiled query in its language.
#[derive(Debug)]
pub(crate) struct Pattern {
    language: Language,
    query: Query,
}

impl Pattern {
    /// Compiles `query` for `language`.
    ///
    /// # Errors
    /// Where the language is not known, the query cannot be read, or it marks nothing.
    pub(crate) fn new(language: &str, query: &str) -> Result<Self, String> {
        let known = || Language::ALL.map(Language::name).join(", ");
        let language = Language::from_name(language).ok_or_else(|| format!("there is no grammar for `{language}`; there are {}", known()))?;
        let compiled = Query::new(&language.grammar(), query).map_err(|error| {
            format!("the {} query cannot be read at line {}, column {}: {}", language.name(), error.row + 1, error.column + 1, error.message.trim())
        })?;
        if compiled.capture_names().is_empty() {
            return Err("the query marks nothing: put a capture such as `@breach` after the node that is wrong".to_owned());
        }
        Ok(Self { language, query: compiled })
    }

    /// The query's language as it is called here: `rust`, `typescript`.
    pub(crate) const fn name(&self) -> &'static str {
        self.language.name()
    }

    /// Whether the file at `path` is in the query's language. A header `.h` may be in C as well as in C++.
    pub(crate) fn reads(&self, path: &str) -> bool {
        Language::from_path(path) == Some(self.language) || self.language == Language::C && path.ends_with(".h")
    }

    /// Whether a code block marked `mark` is in the query's language.
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        Language::from_name(mark) == Some(self.language)
    }

    /// The bytes of each match's mark: the capture `@breach`, or else the first. `None` where `text` cannot be parsed without errors and
    /// `is_strict`, or not at all.
    pub(crate) fn find(&self, text: &str, is_strict: bool) -> Option<Vec<(usize, usize)>> {
        let mut parser = Parser::new();
        parser.set_language(&self.language.grammar()).ok()?;
        let tree = parser.parse(text, None)?;
        if is_strict && tree.root_node().has_error() {
            return None;
        }
        let marked = self.query.capture_index_for_name("breach");
        let mut cursor = QueryCursor::new();
        let mut matches = cursor.matches(&self.query, tree.root_node(), text.as_bytes());
        let mut found = Vec::new();
        while let Some(one) = matches.next() {
            let capture = one.captures().iter().find(|capture| Some(capture.index) == marked).or_else(|| one.captures().first());
            found.extend(capture.map(|capture| (capture.node.start_byte(), capture.node.end_byte())));
        }
        found.sort_unstable();
        found.dedup();
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_find_and_faults_are_told() {
        let pattern = Pattern::new("rust", "((macro_invocation macro: (identifier) @name) @breach (#eq? @name \"dbg\"))").unwrap();
        let text = "fn a() { dbg!(1); print!(\"x\"); }";
        let found: Vec<&str> = pattern.find(text, true).unwrap().into_iter().map(|(start, end)| &text[start..end]).collect();
        assert_eq!(found, ["dbg!(1)"]);
        assert_eq!(pattern.find("not rust at all {", true), None);
        assert!(pattern.reads("src/a.rs") && !pattern.reads("a.py") && pattern.is_mark("RS"));
        let c = Pattern::new("c", "(identifier) @a").unwrap();
        assert!(c.reads("a.c") && c.reads("a.h") && !c.reads("a.hpp") && !c.reads("a.cc"));
        let check = |language: &str, query: &str, why: &str| assert!(Pattern::new(language, query).unwrap_err().contains(why), "{query}");
        check("cobol", "(a)", "no grammar for `cobol`");
        check("rust", "(no_such_node) @a", "line 1");
        check("rust", "(identifier)", "marks nothing");
    }

    #[test]
    fn every_grammar_loads() {
        for language in Language::ALL {
            assert!(Parser::new().set_language(&language.grammar()).is_ok(), "{}", language.name());
        }
    }
}
