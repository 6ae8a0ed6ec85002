//! Tree-sitter queries as checks: each match is a breach.

use std::path::Path;
use tree_sitter::{Language, Parser, Query, QueryCursor, StreamingIterator};

/// A compiled query in its language.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// The language as it is called here: `rust`, `typescript`.
    pub(crate) name: &'static str,
    language: Language,
    query: Query,
}

/// Names, ends of files' names, and grammars.
struct Known {
    name: &'static str,
    aliases: &'static [&'static str],
    ends: &'static [&'static str],
    grammar: fn() -> Language,
}

const KNOWN: [Known; 12] = [
    Known { name: "rust", aliases: &["rs"], ends: &["rs"], grammar: || tree_sitter_rust::LANGUAGE.into() },
    Known { name: "python", aliases: &["py"], ends: &["py", "pyi"], grammar: || tree_sitter_python::LANGUAGE.into() },
    Known { name: "typescript", aliases: &["ts"], ends: &["ts", "mts", "cts"], grammar: || tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into() },
    Known { name: "tsx", aliases: &[], ends: &["tsx"], grammar: || tree_sitter_typescript::LANGUAGE_TSX.into() },
    Known { name: "javascript", aliases: &["js", "jsx"], ends: &["js", "jsx", "mjs", "cjs"], grammar: || tree_sitter_javascript::LANGUAGE.into() },
    Known { name: "go", aliases: &["golang"], ends: &["go"], grammar: || tree_sitter_go::LANGUAGE.into() },
    Known { name: "java", aliases: &[], ends: &["java"], grammar: || tree_sitter_java::LANGUAGE.into() },
    Known { name: "c", aliases: &[], ends: &["c", "h"], grammar: || tree_sitter_c::LANGUAGE.into() },
    Known { name: "cpp", aliases: &["c++", "cxx"], ends: &["cc", "cpp", "cxx", "hpp", "hh"], grammar: || tree_sitter_cpp::LANGUAGE.into() },
    Known { name: "csharp", aliases: &["c#", "cs", "c-sharp"], ends: &["cs"], grammar: || tree_sitter_c_sharp::LANGUAGE.into() },
    Known { name: "ruby", aliases: &["rb"], ends: &["rb"], grammar: || tree_sitter_ruby::LANGUAGE.into() },
    Known { name: "php", aliases: &[], ends: &["php"], grammar: || tree_sitter_php::LANGUAGE_PHP.into() },
];

fn known(name: &str) -> Option<&'static Known> {
    let name = name.to_ascii_lowercase();
    KNOWN.iter().find(|known| known.name == name || known.aliases.contains(&name.as_str()))
}

impl Pattern {
    /// Compiles `query` for `language`.
    ///
    /// # Errors
    /// Where the language is not known, the query cannot be read, or it marks nothing.
    pub(crate) fn new(language: &str, query: &str) -> Result<Self, String> {
        let known = known(language).ok_or_else(|| format!("there is no grammar for `{language}`; there are {}", KNOWN.map(|known| known.name).join(", ")))?;
        let grammar = (known.grammar)();
        let compiled = Query::new(&grammar, query).map_err(|error| {
            format!("the {} query cannot be read at line {}, column {}: {}", known.name, error.row + 1, error.column + 1, error.message.trim())
        })?;
        if compiled.capture_names().is_empty() {
            return Err("the query marks nothing: put a capture such as `@breach` after the node that is wrong".to_owned());
        }
        Ok(Self { name: known.name, language: grammar, query: compiled })
    }

    /// Whether the file at `path` is in the query's language.
    pub(crate) fn reads(&self, path: &str) -> bool {
        let end = Path::new(path).extension().and_then(|end| end.to_str()).unwrap_or_default();
        KNOWN.iter().any(|known| known.name == self.name && known.ends.contains(&end))
    }

    /// Whether a code block marked `mark` is in the query's language.
    pub(crate) fn is_mark(&self, mark: &str) -> bool {
        known(mark).is_some_and(|known| known.name == self.name)
    }

    /// The bytes of each match's mark: the capture `@breach`, or else the first. `None` where `text` cannot be parsed without errors and
    /// `is_strict`, or not at all.
    pub(crate) fn find(&self, text: &str, is_strict: bool) -> Option<Vec<(usize, usize)>> {
        let mut parser = Parser::new();
        parser.set_language(&self.language).ok()?;
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
        let check = |language: &str, query: &str, why: &str| assert!(Pattern::new(language, query).unwrap_err().contains(why), "{query}");
        check("cobol", "(a)", "no grammar for `cobol`");
        check("rust", "(no_such_node) @a", "line 1");
        check("rust", "(identifier)", "marks nothing");
    }

    #[test]
    fn every_grammar_loads() {
        for known in &KNOWN {
            assert!(Parser::new().set_language(&(known.grammar)()).is_ok(), "{}", known.name);
        }
    }
}
