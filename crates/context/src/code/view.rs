//! Code shown shorter: signatures without bodies, and a line that only names what is there.

use super::{Language, Outline, Symbol, SymbolKind};
use std::ops::RangeInclusive;

/// What stands for a body.
const ELISION: &str = "…";

/// A line of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewLine {
    /// The line of the file that it comes from, from 1.
    pub number: u32,
    /// The text, with the file's indentation; ` …` at its end where a body was left out.
    pub text: String,
}

/// The signatures of an outline's symbols, in order, with the first sentence of their comments where it fits on one line. With `lines`, only
/// symbols that touch these lines, and what encloses them.
#[must_use]
pub fn signature_view(text: &str, outline: &Outline, lines: Option<RangeInclusive<u32>>) -> Vec<ViewLine> {
    let (mut shown, mut shown_until) = (Vec::new(), 0);
    for symbol in &outline.symbols {
        let is_wanted = lines.as_ref().is_none_or(|lines| symbol.doc_first_line <= *lines.end() && symbol.last_line >= *lines.start());
        // Short records show their members themselves; variables of one statement are shown once.
        if !is_wanted || symbol.signature.end <= shown_until {
            continue;
        }
        shown_until = symbol.signature.end;
        shown.extend(doc_line(text, symbol));
        push_signature(text, symbol, &mut shown);
        if outline.language == Language::Python {
            shown.extend(docstring_line(text, symbol));
        }
    }
    shown
}

/// `path: Refund, Refund::window, …`: what other files may use (or all, where nothing is marked so), outermost only, in the order of the text, in
/// at most `characters_max` characters. The path alone is never cut.
#[must_use]
pub fn handle_view(path: &str, outline: &Outline, characters_max: usize) -> String {
    let outer = outermost(outline);
    let has_public = outer.iter().any(|symbol| symbol.is_public);
    let mut names: Vec<&str> = Vec::new();
    for symbol in outer.into_iter().filter(|symbol| symbol.is_public || !has_public) {
        if !names.contains(&symbol.path.as_str()) {
            names.push(&symbol.path);
        }
        if names.len() > characters_max {
            break;
        }
    }
    let mut line = path.to_owned();
    let mut length = path.chars().count();
    for (place, name) in names.iter().enumerate() {
        let separator = if place == 0 { ": " } else { ", " };
        // Room for what says that more follows.
        let reserve = if place + 1 == names.len() { 0 } else { separator.len() + 1 };
        let added = separator.len() + name.chars().count();
        if length + added + reserve > characters_max {
            if length + separator.len() < characters_max {
                line.push_str(separator);
                line.push_str(ELISION);
            }
            break;
        }
        line.push_str(separator);
        line.push_str(name);
        length += added;
    }
    line
}

/// Symbols that lie in no type; modules only where nothing of them is seen.
fn outermost(outline: &Outline) -> Vec<&Symbol> {
    let (mut found, mut inner_until, mut outer_depth) = (Vec::new(), 0, 0);
    for symbol in &outline.symbols {
        if symbol.bytes.start < inner_until && symbol.depth > outer_depth {
            continue;
        }
        match symbol.kind {
            SymbolKind::Module if symbol.body.is_some() => continue,
            _ => (inner_until, outer_depth) = (symbol.bytes.end, symbol.depth),
        }
        if symbol.kind != SymbolKind::Implementation {
            found.push(symbol);
        }
    }
    found
}

fn push_signature(text: &str, symbol: &Symbol, shown: &mut Vec<ViewLine>) {
    let signature = text.get(symbol.signature.clone()).unwrap_or_default();
    let is_elided = symbol.body.is_some() && symbol.signature.end < symbol.bytes.end && !symbol.kind.is_container();
    let mut number = symbol.first_line;
    let mut indentation = indentation(text, symbol.signature.start);
    for line in signature.lines() {
        shown.push(ViewLine { number, text: format!("{indentation}{}", line.trim_end()) });
        (number, indentation) = (number.saturating_add(1), "");
    }
    if let Some(last) = shown.last_mut().filter(|_| is_elided) {
        last.text.push(' ');
        last.text.push_str(ELISION);
    }
}

/// The blank space with which the line of `at` begins.
fn indentation(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    &line[..line.len() - line.trim_start().len()]
}

/// The first line of the comment above, where it holds a whole sentence.
fn doc_line(text: &str, symbol: &Symbol) -> Option<ViewLine> {
    let doc = text.get(symbol.doc.clone())?;
    let mut number = symbol.doc_first_line;
    let mut lines = doc.lines().peekable();
    while let Some(line) = lines.next() {
        let words = line.trim().trim_start_matches(['/', '*', '#', '!']).trim_end_matches(['/', '*']).trim();
        let is_comment = line.trim_start().starts_with(['/', '*']) || line.trim_start().starts_with('#') && !line.trim_start().starts_with("#[");
        let next = lines.peek().map_or("", |next| next.trim().trim_matches(['/', '*', '#', '!', ' ']));
        let is_tag = words.starts_with('<') && words.ends_with('>') && !words.contains(' ');
        if is_comment && !words.is_empty() && !is_tag {
            let is_whole = words.ends_with(['.', '!', '?', ':', '>']) || words.contains(". ") || next.is_empty() || next.starts_with(['@', '[']);
            let indentation = indentation(text, symbol.signature.start);
            let mark = if line.trim_start().starts_with(['/', '#']) { "" } else { "/** " };
            let end = if line.trim_start().starts_with("/*") && !line.trim_end().ends_with("*/") || !mark.is_empty() { " */" } else { "" };
            let said = if mark.is_empty() { line.trim() } else { words };
            return is_whole.then(|| ViewLine { number, text: format!("{indentation}{mark}{said}{end}") });
        }
        number += 1;
    }
    None
}

/// The first line of a Python docstring, where it holds a whole sentence.
fn docstring_line(text: &str, symbol: &Symbol) -> Option<ViewLine> {
    let body = symbol.body.clone().filter(|_| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Class))?;
    let shown = text.get(body.clone())?;
    let quote = ["\"\"\"", "'''"].into_iter().find(|quote| shown.starts_with(quote))?;
    let line = shown[quote.len()..].lines().next()?.trim_end();
    let said = line.split(quote).next()?.trim();
    let is_whole = !said.is_empty() && (said.len() < line.len() || said.ends_with(['.', '!', '?', ':']) || said.contains(". "));
    let skipped = text.get(symbol.bytes.start..body.start)?.bytes().filter(|byte| *byte == b'\n').count();
    let number = symbol.first_line.saturating_add(u32::try_from(skipped).ok()?);
    is_whole.then(|| ViewLine { number, text: format!("{}{quote}{said}{quote}", indentation(text, body.start)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::outline;
    use proptest::prelude::*;

    fn check(language: Language, text: &str, lines: Option<RangeInclusive<u32>>, expected: &[&str]) {
        let view = signature_view(text, &outline(language, text), lines);
        let shown: Vec<_> = view.iter().map(|line| format!("{} {}", line.number, line.text)).collect();
        assert_eq!(shown, expected);
    }

    const RUST: &str = "/// A refund. It ends.
#[derive(Debug)]
pub struct Refund {
    days: u32,
}

impl Refund {
    /// Whether it is open
    /// today.
    pub fn is_open(
        &self,
    ) -> bool {
        self.days > 0
    }

    fn close(&self) {}
}
";

    #[test]
    fn bodies_are_left_out() {
        let head = ["1 /// A refund. It ends.", "3 pub struct Refund {", "4     days: u32,", "5 }", "7 impl Refund"];
        let open = ["10     pub fn is_open(", "11         &self,", "12     ) -> bool …"];
        check(Language::Rust, RUST, None, &[&head[..], &open, &["16     fn close(&self) …"]].concat());
        check(Language::Rust, RUST, Some(13..=13), &[&head[4..], &open].concat());
        check(Language::Rust, RUST, Some(6..=6), &[]);
    }

    #[test]
    fn comments_of_several_languages() {
        check(
            Language::Python,
            "class A(B):\n    \"\"\"Keeps. More.\n    \"\"\"\n    x = 1\n",
            None,
            &["1 class A(B):", "2     \"\"\"Keeps. More.\"\"\"", "4     x = 1"],
        );
        check(Language::Java, "/**\n * Keeps.\n */\nclass A {\n}\n", None, &["2 /** Keeps. */", "4 class A"]);
        check(Language::Go, "// Keeps all\nfunc A() {\n}\n", None, &["1 // Keeps all", "2 func A() …"]);
        check(Language::CSharp, "/// <summary>\n/// Keeps.\n/// </summary>\nclass A { }\n", None, &["2 /// Keeps.", "4 class A"]);
    }

    #[test]
    fn handles_are_bounded() {
        let outline = outline(Language::Rust, "pub struct A; struct Hidden; impl A { pub fn b() {} } pub fn long_name() {} pub fn c() {}");
        let check = |max: usize, expected: &str| assert_eq!(handle_view("a.rs", &outline, max), expected, "{max}");
        check(100, "a.rs: A, long_name, c");
        check(21, "a.rs: A, long_name, c");
        check(20, "a.rs: A, …");
        check(9, "a.rs: …");
        check(3, "a.rs");
    }

    proptest! {
        #[test]
        fn handles_never_grow_too_long(max in 4..60_usize) {
            let outline = outline(Language::Rust, RUST);
            prop_assert!(handle_view("a.rs", &outline, max).chars().count() <= max);
        }
    }
}
