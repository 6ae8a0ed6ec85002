//! Fingerprints: digests of what code says, whatever its layout and comments.

use super::outline::outline_of_tree;
use super::resolve::{Resolved, resolve};
use super::rules::{Rule, rules};
use super::{Language, Outline, OutlineOptions, Symbol, SymbolKind, parse};
use crate::Digest;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use tree_sitter::Tree;

/// Renamed code is only recognised from this many tokens on: below it, different things look alike.
pub const RENAMED_TOKENS_MIN: u32 = 16;

/// What stands for a symbol's own name where names do not count.
const NAME_MASK: &str = "\u{0}name";

/// Digests of the tokens of a symbol or file, without comments and layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of what others rely on: attributes and everything up to the body, and the members of a record, interface or enumeration. Of a file:
    /// everything outside the bodies of functions.
    pub signature: Digest,
    /// Of everything.
    pub body: Digest,
    /// Of everything, with the symbol's own name left out, so that a renamed symbol keeps it.
    pub body_without_name: Digest,
    /// Tokens in all.
    pub tokens: u32,
}

/// A symbol found where a fingerprint's code has gone to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moved {
    /// Whether its name is another one.
    pub is_renamed: bool,
    /// The file, as the candidate was named.
    pub file: String,
    /// The symbol's path within it.
    pub symbol: String,
    /// Its first line, from 1.
    pub first_line: u32,
}

/// The fingerprint of a symbol, or of the whole text where none is named. Several definitions under one path (overloads, a declaration with
/// its definition) have one fingerprint together. None where the symbol is missing or its name has several meanings, or the text is unread.
#[must_use]
pub fn fingerprint(language: Language, text: &str, symbol: Option<&str>) -> Option<Fingerprint> {
    let tree = parse::parse(language, text)?;
    let outline = outline_of_tree(language, text, &tree, OutlineOptions::default());
    let tokens = Tokens::of(language, text, &tree);
    let Some(symbol) = symbol else { return Some(tokens.whole(&outline)) };
    match resolve(&outline, symbol) {
        Resolved::One(found) => Some(tokens.symbols(&outline, &[found])),
        Resolved::Many(found) if found.iter().all(|other| other.path == found[0].path) => Some(tokens.symbols(&outline, &found)),
        Resolved::Many(_) | Resolved::None => None,
    }
}

/// The fingerprints of all symbols of a text, in order; empty where it is unread.
#[must_use]
pub fn fingerprints(language: Language, text: &str) -> Vec<(Symbol, Fingerprint)> {
    let Some(tree) = parse::parse(language, text) else { return Vec::new() };
    let outline = outline_of_tree(language, text, &tree, OutlineOptions::default());
    let tokens = Tokens::of(language, text, &tree);
    outline.symbols.iter().map(|symbol| (symbol.clone(), tokens.symbols(&outline, &[symbol]))).collect()
}

/// The digest of the words of a text without grammar: blank space does not count, all else does.
#[must_use]
pub fn fingerprint_text(text: &str) -> Digest {
    digest(text.split_whitespace())
}

/// Where code with this fingerprint stands in `candidates` (file, language, text): the same under the same name first, then under another.
/// `name` is the vanished symbol's own name.
#[must_use]
pub fn find_moved<'a>(wanted: &Fingerprint, name: &str, candidates: impl IntoIterator<Item = (&'a str, Language, &'a str)>) -> Vec<Moved> {
    let mut found = Vec::new();
    for (file, language, text) in candidates {
        for (symbol, print) in fingerprints(language, text) {
            let is_renamed = symbol.name != name;
            let is_same = print.body_without_name == wanted.body_without_name && (!is_renamed || print.tokens >= RENAMED_TOKENS_MIN);
            if is_same && symbol.kind != SymbolKind::Implementation {
                found.push(Moved { is_renamed, file: file.to_owned(), symbol: symbol.path, first_line: symbol.first_line });
            }
        }
    }
    found.sort();
    found
}

/// The tokens of a text, in order.
struct Tokens<'a> {
    text: &'a str,
    ranges: Vec<Range<usize>>,
}

impl<'a> Tokens<'a> {
    /// The leaves of the tree that are no comments, and text between them that no leaf covers (grammars leave parts of strings uncovered).
    fn of(language: Language, text: &'a str, tree: &Tree) -> Self {
        let (rules, mut cursor) = (rules(language), tree.walk());
        let (mut ranges, mut at) = (Vec::new(), 0);
        loop {
            let node = cursor.node();
            let is_comment = rules.get(usize::from(node.kind_id())) == Some(&Rule::Comment);
            if !is_comment && cursor.goto_first_child() {
                continue;
            }
            if node.start_byte() > at {
                push_words(text, at..node.start_byte(), &mut ranges);
            }
            if !is_comment && node.kind() == "preproc_arg" {
                push_words(text, node.byte_range(), &mut ranges);
            } else if !is_comment && text.get(node.byte_range()).is_some_and(|shown| !shown.trim().is_empty()) {
                ranges.push(node.byte_range());
            }
            at = at.max(node.end_byte());
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    push_words(text, at..text.len(), &mut ranges);
                    return Self { text, ranges };
                }
            }
        }
    }

    fn within(&self, bytes: &Range<usize>) -> &[Range<usize>] {
        let first = self.ranges.partition_point(|range| range.start < bytes.start);
        let last = self.ranges.partition_point(|range| range.start < bytes.end);
        &self.ranges[first..last.max(first)]
    }

    fn whole(&self, outline: &Outline) -> Fingerprint {
        let all = 0..self.text.len();
        let body = digest(self.shown(&all));
        let signature = digest(self.shown_outside(&all, &function_bodies(outline, &all)));
        Fingerprint { signature, body, body_without_name: body, tokens: count(self.ranges.len()) }
    }

    fn symbols(&self, outline: &Outline, symbols: &[&Symbol]) -> Fingerprint {
        let (mut signature, mut body) = (Vec::new(), Vec::new());
        for symbol in symbols {
            let whole = symbol.doc.start.min(symbol.bytes.start)..symbol.bytes.end;
            let hidden = match &symbol.body {
                Some(_) if symbol.kind.has_members_as_signature() => function_bodies(outline, &whole),
                Some(body) => vec![body.clone()],
                None => Vec::new(),
            };
            signature.extend(self.shown_outside(&whole, &hidden));
            body.extend(self.shown(&whole));
        }
        let masked = symbols.first().map_or_else(Vec::new, |symbol| without_name(&body, symbol));
        Fingerprint {
            signature: digest(signature.iter().copied()),
            body_without_name: digest(masked),
            tokens: count(body.len()),
            body: digest(body.iter().copied()),
        }
    }

    fn shown(&self, bytes: &Range<usize>) -> impl Iterator<Item = &'a str> {
        self.within(bytes).iter().filter_map(|range| self.text.get(range.clone()))
    }

    /// The tokens in `bytes` that are in none of `hidden`, which is in order.
    fn shown_outside(&self, bytes: &Range<usize>, hidden: &[Range<usize>]) -> Vec<&'a str> {
        let is_hidden = |range: &Range<usize>| {
            let after = hidden.partition_point(|hidden| hidden.start <= range.start);
            after > 0 && range.start < hidden[after - 1].end
        };
        self.within(bytes).iter().filter(|range| !is_hidden(range)).filter_map(|range| self.text.get(range.clone())).collect()
    }
}

/// The tokens with a mask for the symbol's own name. A function's is masked where it is defined and where it calls itself: a variable or
/// another's method of that name keeps it, as it does when an editor renames the function.
fn without_name<'a>(tokens: &[&'a str], symbol: &Symbol) -> Vec<&'a str> {
    let is_function = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
    let defined = tokens.iter().position(|token| *token == symbol.name);
    let is_own = |at: usize| {
        let before = |back: usize| at.checked_sub(back).map_or("", |at| tokens[at]);
        let is_others = before(1) == "." && !matches!(before(2), "self" | "this");
        !is_function || defined == Some(at) || (tokens.get(at + 1) == Some(&"(") && !is_others)
    };
    tokens.iter().enumerate().map(|(at, token)| if *token == symbol.name && is_own(at) { NAME_MASK } else { token }).collect()
}

/// The bodies of functions within `bytes`, in order.
fn function_bodies(outline: &Outline, bytes: &Range<usize>) -> Vec<Range<usize>> {
    let is_function = |symbol: &&Symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method);
    let within = outline.symbols.iter().filter(|symbol| symbol.bytes.start >= bytes.start && symbol.bytes.end <= bytes.end);
    let mut found: Vec<_> = within.filter(is_function).filter_map(|symbol| symbol.body.clone()).collect();
    found.sort_by_key(|body| body.start);
    found
}

fn push_words(text: &str, bytes: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let Some(shown) = text.get(bytes.clone()) else { return };
    ranges.extend(shown.split_whitespace().map(|word| {
        let start = bytes.start + (word.as_ptr() as usize - shown.as_ptr() as usize);
        start..start + word.len()
    }));
}

fn digest<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Digest {
    let mut bytes = Vec::new();
    for token in tokens {
        bytes.extend_from_slice(&(token.len() as u64).to_le_bytes());
        bytes.extend_from_slice(token.as_bytes());
    }
    Digest::of(&bytes)
}

fn count(tokens: usize) -> u32 {
    u32::try_from(tokens).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "struct Refund { days: u32 }
impl Refund {
    #[must_use]
    fn left(&self, day: u32) -> u32 { let left = self.days - day; if left > 9 { 9 } else { left } }
}
const DAYS: u32 = 30;
";

    /// What of a symbol's fingerprint changes with the text: signature, body, body without name.
    fn check(symbol: &str, from: &str, to: &str, expected: [bool; 3]) {
        assert!(TEXT.contains(from));
        let before = fingerprint(Language::Rust, TEXT, Some(symbol)).unwrap();
        let after = fingerprint(Language::Rust, &TEXT.replace(from, to), Some(symbol)).unwrap();
        let changed = [before.signature != after.signature, before.body != after.body, before.body_without_name != after.body_without_name];
        assert_eq!(changed, expected, "{symbol}: {from} -> {to}");
    }

    #[test]
    fn what_changed() {
        check("left", "{ 9 }", "{ 8 }", [false, true, true]);
        check("left", "day: u32", "day: u64", [true, true, true]);
        check("left", "#[must_use]", "#[inline]", [true, true, true]);
        check("left", "{ 9 }", "{ /* nine */\n 9 }", [false, false, false]);
        check("left", "days: u32", "days: u64", [false, false, false]);
        check("Refund", "days: u32", "days: u64", [true, true, true]);
        check("Refund", "{ 9 }", "{ 8 }", [false, false, false]);
        check("DAYS", "30", "14", [false, true, true]);
        check("DAYS", "u32 = 30", "u64 = 30", [true, true, true]);
    }

    #[test]
    fn whole_files() {
        let before = fingerprint(Language::Rust, TEXT, None).unwrap();
        let body = fingerprint(Language::Rust, &TEXT.replace("{ 9 }", "{ 8 }"), None).unwrap();
        let signature = fingerprint(Language::Rust, &TEXT.replace("day: u32", "day: u64"), None).unwrap();
        assert!(body.body != before.body && body.signature == before.signature);
        assert_ne!(signature.signature, before.signature);
        assert_eq!(fingerprint_text("a  b\nc"), fingerprint_text("a b c"));
        assert_ne!(fingerprint_text("a bc"), fingerprint_text("ab c"));
    }

    #[test]
    fn names_with_several_meanings() {
        let overloads =
            "class A { int f(int a) { return 1; } int f(long a) { return 2; } } class B { int g() { return 1; } } class C { int g() { return 1; } }";
        let both = fingerprint(Language::Java, overloads, Some("A::f")).unwrap();
        let changed = fingerprint(Language::Java, &overloads.replace("return 2", "return 3"), Some("f")).unwrap();
        assert!(both.signature == changed.signature && both.body != changed.body);
        assert_eq!(fingerprint(Language::Java, overloads, Some("g")), None);
        assert_eq!(fingerprint(Language::Java, overloads, Some("missing")), None);
    }

    #[test]
    fn code_that_went_elsewhere() {
        let wanted = fingerprint(Language::Rust, TEXT, Some("left")).unwrap();
        let find = |name: &str, text: &str| {
            let found = find_moved(&wanted, name, [("b.rs", Language::Rust, text)]);
            found.into_iter().map(|moved| (moved.symbol, moved.is_renamed)).collect::<Vec<_>>()
        };
        assert_eq!(find("left", TEXT), [("Refund::left".to_owned(), false)]);
        let renamed = TEXT.replace("fn left", "fn rest");
        assert_eq!(find("left", &renamed), [("Refund::rest".to_owned(), true)]);
        assert_eq!(find("left", &TEXT.replace("9", "8")), []);
        // Too short to tell one from another.
        let short = fingerprint(Language::Rust, "fn a() {}", Some("a")).unwrap();
        assert!(find_moved(&short, "a", [("b.rs", Language::Rust, "fn b() {}")]).is_empty());
        assert_eq!(find_moved(&short, "a", [("b.rs", Language::Rust, "fn a() {}")]).len(), 1);
    }
}
