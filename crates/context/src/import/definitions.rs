//! Definitions of GraphQL and protobuf files: one unit for each.

use super::blank::{Blanked, GRAPHQL, PROTOBUF, blank, closing, words};
use super::{Draft, Found, Source};
use crate::located::Lines;
use crate::{Detail, Format, Kind, Place, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Words that begin a definition in GraphQL.
const GRAPHQL_WORDS: [&str; 6] = ["type", "input", "enum", "interface", "union", "scalar"];

/// Words that begin a definition in protobuf.
const PROTOBUF_WORDS: [&str; 3] = ["message", "service", "enum"];

/// Types whose fields are the operations of a GraphQL service.
const OPERATIONS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// The fields of an operation type are parted into units of about this many tokens, by estimate.
const GROUP_TOKENS: u64 = 400;

struct Definition<'a> {
    word: &'a str,
    name: &'a str,
    is_extension: bool,
    span: Range<usize>,
}

pub(super) fn graphql(source: &Source<'_>, found: &mut Found) {
    let blanked = blank(source.text, &GRAPHQL);
    let definitions = graphql_definitions(source.text, &blanked);
    report_open(source, &blanked, &definitions, found);
    found.graphql.take(source, &blanked.bytes, &definitions);
    let mut units = Units::new(source, Format::GraphQl);
    for definition in &definitions {
        let title = format!("{} {}", definition.word, definition.name);
        let name = if definition.is_extension { format!("extend-{}", definition.name) } else { definition.name.to_owned() };
        if OPERATIONS.contains(&definition.name) {
            for (first, text, span) in groups(source.text, &blanked.bytes, definition) {
                let name = first.map_or_else(|| name.clone(), |field| format!("{name}.{field}"));
                units.add(&name, &title, text, span, found);
            }
        } else {
            units.add(&name, &title, source.text[definition.span.clone()].to_owned(), definition.span.clone(), found);
        }
    }
}

/// What GraphQL defines without a definition, after the specification of October 2021, section 3.5.
const GRAPHQL_SCALARS: [&str; 5] = ["Int", "Float", "String", "Boolean", "ID"];

/// The types of all GraphQL files: a schema may be parted over several.
#[derive(Default)]
pub(crate) struct GraphqlTypes {
    defined: BTreeSet<String>,
    /// Types of fields and arguments, each with its place.
    named: Vec<(String, Place)>,
    /// Whether a file extends a type: then the schema may be another service's for the rest.
    is_partial: bool,
}

impl GraphqlTypes {
    fn take(&mut self, source: &Source<'_>, bytes: &[u8], definitions: &[Definition<'_>]) {
        let lines = Lines::of(source.text);
        for definition in definitions {
            if definition.is_extension {
                self.is_partial = true;
            } else {
                self.defined.insert(definition.name.to_owned());
            }
            if matches!(definition.word, "type" | "input" | "interface") {
                let named = types_of(bytes, definition.span.clone());
                self.named.extend(named.into_iter().map(|(at, name)| (name.to_owned(), source.place(lines.line(at)))));
            }
        }
    }
}

/// The types of a definition's fields and arguments with where each stands: the name behind a colon, outside of directives and defaults.
fn types_of(bytes: &[u8], span: Range<usize>) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let (mut skip_to, mut before, mut is_directive) = (0, "", false);
    for (at, word) in words(&bytes[..span.end], span.start) {
        if at < skip_to {
            continue;
        }
        match word {
            "(" if is_directive => skip_to = closing(bytes, at).map_or(span.end, |end| end + 1),
            "{" | "[" if before == "=" => skip_to = closing(bytes, at).map_or(span.end, |end| end + 1),
            // A list's type stands in brackets.
            "[" if before == ":" => continue,
            word if before == ":" && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => found.push((at, word)),
            _ => {}
        }
        is_directive = before == "@";
        before = word;
    }
    found
}

/// Reports types that no GraphQL file of the project defines.
pub(crate) fn note_types(found: &mut Found) {
    let types = std::mem::take(&mut found.graphql);
    if types.is_partial {
        return;
    }
    for (name, place) in types.named.into_iter().filter(|(name, _)| !types.defined.contains(name) && !GRAPHQL_SCALARS.contains(&name.as_str())) {
        let message = format!("no GraphQL file defines the type `{name}`");
        found.report("broken-ref", Severity::Error, place, message, "Correct it, or add what it names.");
    }
}

fn graphql_definitions<'a>(text: &'a str, blanked: &'a Blanked) -> Vec<Definition<'a>> {
    let bytes = &blanked.bytes;
    let mut definitions = Vec::new();
    let (mut skip_to, mut before, mut description) = (0, "", None);
    let mut all = words(bytes, 0).peekable();
    while let Some((at, word)) = all.next() {
        if at < skip_to {
            continue;
        }
        match word {
            "{" | "(" => skip_to = closing(bytes, at).map_or(bytes.len(), |end| end + 1),
            "\"" => description = description.or(Some(at)),
            word if GRAPHQL_WORDS.contains(&word) && !matches!(before, "on" | "|" | "=" | "@") => {
                let Some(&(_, name)) = all.peek() else { break };
                let is_extension = before == "extend";
                let start = description.take().unwrap_or(if is_extension { text[..at].rfind("extend").unwrap_or(at) } else { at });
                let end = definition_end(bytes, at + word.len());
                definitions.push(Definition { word, name, is_extension, span: start..end });
                skip_to = end;
            }
            "extend" => {}
            word if word.starts_with('_') => {}
            _ => description = None,
        }
        before = word;
    }
    definitions
}

/// Where a GraphQL definition ends: with its braces, or before the next definition.
fn definition_end(bytes: &[u8], from: usize) -> usize {
    let mut all = words(bytes, from);
    let mut end = all.next().map_or(from, |(at, name)| at + name.len());
    let (mut before, mut skip_to) = ("", 0);
    for (at, word) in all {
        if at < skip_to {
            continue;
        }
        match word {
            "{" => return closing(bytes, at).map_or(bytes.len(), |end| end + 1),
            "(" => skip_to = closing(bytes, at).map_or(bytes.len(), |end| end + 1),
            _ if begins_next(word, before) => return end,
            _ => {}
        }
        end = skip_to.max(at + word.len());
        before = word;
    }
    end
}

/// Whether a word outside of braces begins the next definition.
fn begins_next(word: &str, before: &str) -> bool {
    let begins = GRAPHQL_WORDS.contains(&word) || matches!(word, "extend" | "schema" | "directive" | "\"" | "query" | "mutation" | "fragment");
    begins && !matches!(before, "|" | "=" | "&" | "@" | "implements")
}

/// The fields of an operation type in groups, each with the name of its first field but for the first group.
fn groups<'a>(text: &'a str, bytes: &'a [u8], definition: &Definition<'_>) -> Vec<(Option<&'a str>, String, Range<usize>)> {
    let Some(open) = bytes[definition.span.clone()].iter().position(|b| *b == b'{').map(|at| at + definition.span.start) else {
        return vec![(None, text[definition.span.clone()].to_owned(), definition.span.clone())];
    };
    let head = &text[definition.span.start..=open];
    let close = definition.span.end.saturating_sub(1).max(open + 1).min(text.len());
    let mut groups = Vec::new();
    let (mut start, mut first) = (open + 1, None);
    for (line_start, name) in fields(text, bytes, open + 1..close) {
        if line_start > start && jeton_text::estimate_tokens(&text[start..line_start]) >= GROUP_TOKENS {
            groups.push((first, format!("{head}{}}}", &text[start..line_start]), start..line_start));
            (start, first) = (line_start, Some(name));
        }
    }
    let rest = &text[start..close];
    let span = if groups.is_empty() { definition.span.clone() } else { start..definition.span.end };
    groups.push((first, format!("{head}{rest}}}"), span));
    groups
}

/// The lines on which fields begin, with their names: a word at the beginning of a line outside of arguments.
fn fields<'a>(text: &'a str, bytes: &'a [u8], span: Range<usize>) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (span.start, 0_i32);
    for line in text[span].split_inclusive('\n') {
        let blanked = &bytes[at..at + line.len()];
        let word = words(blanked, 0).next().map(|(place, word)| (place + at, word));
        if let Some((place, word)) = word.filter(|(_, word)| depth == 0 && word.as_bytes()[0].is_ascii_alphabetic()) {
            found.push((at, &text[place..place + word.len()]));
        }
        depth += blanked.iter().map(|b| i32::from(matches!(b, b'(' | b'{')) - i32::from(matches!(b, b')' | b'}'))).sum::<i32>();
        at += line.len();
    }
    found
}

pub(super) fn protobuf(source: &Source<'_>, found: &mut Found) {
    let blanked = blank(source.text, &PROTOBUF);
    let bytes = &blanked.bytes;
    let mut definitions = Vec::new();
    let (mut skip_to, mut package) = (0, "");
    let mut all = words(bytes, 0).peekable();
    while let Some((at, word)) = all.next() {
        if at < skip_to {
            continue;
        }
        if word == "package" && package.is_empty() {
            let end = memchr::memchr(b';', &bytes[at..]).map_or(source.text.len(), |end| at + end);
            package = source.text[at + word.len()..end].trim();
        } else if PROTOBUF_WORDS.contains(&word)
            && let Some(&(_, name)) = all.peek()
        {
            // A field may be called `message`: only braces make a definition.
            let Some(mark) = memchr::memchr2(b'{', b';', &bytes[at..]).map(|mark| at + mark) else { break };
            skip_to = mark;
            if bytes[mark] == b'{' {
                skip_to = closing(bytes, mark).map_or(bytes.len(), |end| end + 1);
                definitions.push(Definition { word, name, is_extension: false, span: with_comment(source.text, at)..skip_to });
            }
        } else if word == "{" {
            skip_to = closing(bytes, at).map_or(bytes.len(), |end| end + 1);
        }
    }
    report_open(source, &blanked, &definitions, found);
    let mut units = Units::new(source, Format::Protobuf);
    for definition in &definitions {
        let full = if package.is_empty() { definition.name.to_owned() } else { format!("{package}.{}", definition.name) };
        let text = source.text[definition.span.clone()].to_owned();
        units.add(definition.name, &format!("{} {full}", definition.word), text, definition.span.clone(), found);
    }
}

/// The beginning of the comment right above the line of `at`.
pub(super) fn with_comment(text: &str, at: usize) -> usize {
    let mut start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |line| line + 1);
    while start > 0 {
        let above = text[..start - 1].rfind('\n').map_or(0, |line| line + 1);
        let line = text[above..start].trim();
        if !(line.starts_with("//") || line.starts_with("--") || line.starts_with("/*") || line.starts_with('*')) {
            break;
        }
        start = above;
    }
    start
}

fn report_open(source: &Source<'_>, blanked: &Blanked, definitions: &[Definition<'_>], found: &mut Found) {
    let lines = Lines::of(source.text);
    if let Some(at) = blanked.open {
        let message = "a text or comment begins here and does not end; what follows may be read wrongly";
        found.report("unterminated", Severity::Error, source.place(lines.line(at)), message, "Close it.");
    }
    let last = definitions.last().filter(|last| last.span.end == source.text.len() && blanked.bytes[last.span.clone()].contains(&b'{'));
    if let Some(last) = last.filter(|last| closes_nothing(&blanked.bytes[last.span.clone()])) {
        let message = format!("`{} {}` does not end", last.word, last.name);
        found.report("unterminated", Severity::Error, source.place(lines.line(last.span.start)), message, "Close its braces.");
    }
}

fn closes_nothing(bytes: &[u8]) -> bool {
    let count = |marks: &[u8]| bytes.iter().filter(|b| marks.contains(b)).count();
    count(b"{") > count(b"}")
}

/// Makes units of pieces of a file, with names that are used once.
pub(super) struct Units<'a> {
    source: &'a Source<'a>,
    format: Format,
    lines: Lines,
    used: BTreeMap<String, u32>,
}

impl<'a> Units<'a> {
    pub(super) fn new(source: &'a Source<'a>, format: Format) -> Self {
        Self { source, format, lines: Lines::of(source.text), used: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, name: &str, title: &str, body: String, span: Range<usize>, found: &mut Found) {
        let count = self.used.entry(name.to_owned()).and_modify(|count| *count += 1).or_insert(0);
        let name = if *count == 0 { name.to_owned() } else { format!("{name}-{count}") };
        let start = span.start + self.source.text[span.clone()].len() - self.source.text[span.clone()].trim_start().len();
        let last = span.start + self.source.text[span].trim_end().len().saturating_sub(1);
        let place = Place::lines(Arc::clone(self.source.path), self.lines.line(start), self.lines.line(last.max(start)));
        let id = format!("schema:{}#{name}", self.source.path);
        let mut unit = Unit::new(Kind::Schema, id, title, body.trim(), place, self.format);
        unit.detail = Detail::Schema(Box::default());
        found.drafts.push(Draft::plain(unit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;
    use proptest::prelude::*;

    /// Names with lines, mistakes with lines, and bodies.
    type Read = (Vec<(String, u32, u32)>, Vec<(&'static str, u32)>, Vec<String>);

    fn read(path: &str, text: &str) -> Read {
        let (tree, path, mut found) = (MemoryTree::default(), Arc::from(path), Found::default());
        let source = Source { path: &path, text, tree: &tree };
        if path.ends_with(".proto") {
            protobuf(&source, &mut found)
        } else {
            graphql(&source, &mut found)
        }
        let name = |unit: &Unit| unit.id.split('#').nth(1).unwrap_or_default().to_owned();
        let units = found.drafts.iter().map(|draft| (name(&draft.unit), draft.unit.place.first_line, draft.unit.place.last_line)).collect();
        let findings = found.findings.iter().map(|finding| (finding.code, finding.place.first_line)).collect();
        (units, findings, found.drafts.iter().map(|draft| draft.unit.body.to_string()).collect())
    }

    fn check(path: &str, text: &str, expected: &[(&str, u32, u32)], mistakes: &[(&str, u32)]) {
        let (units, findings, bodies) = read(path, text);
        let units: Vec<(&str, u32, u32)> = units.iter().map(|(name, first, last)| (name.as_str(), *first, *last)).collect();
        assert_eq!((&units[..], &findings[..]), (expected, mistakes), "{text}\n{bodies:?}");
    }

    #[test]
    fn graphql_types_are_units() {
        let text = "\"\"\"\nA refund {\n\"\"\"\ntype Refund @key(fields: \"id\") {\n  id: ID! # type X\n  type: Kind\n}\n\nunion R = A | B\nscalar Date\nenum Kind { A B }\nextend type Refund { at: Date }\nschema { query: Query }\nquery Q { type }\n";
        check("a.graphql", text, &[("Refund", 1, 7), ("R", 9, 9), ("Date", 10, 10), ("Kind", 11, 11), ("extend-Refund", 12, 12)], &[]);
        check("a.graphql", "type A {\n  \"open\n}\n", &[("A", 1, 3)], &[("unterminated", 2), ("unterminated", 1)]);
    }

    #[test]
    fn graphql_types_that_nothing_defines() {
        let check = |files: &[&str], expected: &[(&str, u32)]| {
            let (tree, mut found) = (MemoryTree::default(), Found::default());
            for (at, text) in files.iter().enumerate() {
                graphql(&Source { path: &Arc::from(format!("{at}.graphql")), text, tree: &tree }, &mut found);
            }
            note_types(&mut found);
            let shown: Vec<(&str, u32)> = found.findings.iter().map(|finding| (finding.code, finding.place.first_line)).collect();
            assert_eq!(shown, expected, "{files:?}");
        };
        check(&["type A {\n  a: Gone\n  b(c: [Lost!]! = []): Int\n}\n"], &[("broken-ref", 2), ("broken-ref", 3)]);
        check(
            &[
                "type A implements N @key(fields: \"id\") {\n  a: [B!]! @cost(scope: HIGH)\n  c(d: I = {e: RED}, f: Boolean = true): ID!\n}\ninterface N { a: [B!]! }\n",
                "type B { id: ID }\ninput I { e: Color }\nenum Color { RED }\n",
            ],
            &[],
        );
        check(&["extend type Query { a: Remote }\n"], &[]);
    }

    #[test]
    fn operations_are_parted() {
        let field = |at: usize| format!("  \"\"\"\n  {}\n  \"\"\"\n  field{at}(a: Int): Int\n", "What this field is for. ".repeat(20));
        let (units, _, bodies) = read("a.graphql", &format!("type Query {{\n{}}}\n", (0..8).map(field).collect::<String>()));
        assert!(units.len() >= 2 && units[0].0 == "Query" && units[1].0.starts_with("Query.field"), "{units:?}");
        assert!(bodies.iter().all(|body| body.starts_with("type Query {") && body.ends_with('}')));
    }

    #[test]
    fn protobuf_messages_are_units() {
        let text = "syntax = \"proto3\";\npackage shop.v1;\n\n// A refund.\n// Really {\nmessage Refund {\n  message Inner { }\n  enum E { A = 0; }\n}\noption (x) = { message: 1 };\nservice S {\n  rpc Get (A) returns (B);\n}\n";
        check("a.proto", text, &[("Refund", 4, 9), ("S", 11, 13)], &[]);
        check("a.proto", "message A {\n  string x = 1;\n", &[("A", 1, 2)], &[("unterminated", 1)]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(type |enum A |union |extend |scalar |message A |service |package |\\{|\\}|\\(|\\)|\"|\"\"\"|//|#|=|;|\n|[a-z é]){0,30}") {
            read("a.graphql", &text);
            read("a.proto", &text);
        }
    }
}
