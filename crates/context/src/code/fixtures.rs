//! One small text in every language, and what holds for all of them.

use super::*;
use crate::code::rules::{Rule, rules};
use proptest::prelude::*;

const ALL: [(Language, &str); 12] = [
    (Language::Rust, include_str!("fixtures/sample.rs")),
    (Language::Python, include_str!("fixtures/sample.py")),
    (Language::TypeScript, include_str!("fixtures/sample.ts")),
    (Language::Tsx, include_str!("fixtures/sample.tsx")),
    (Language::JavaScript, include_str!("fixtures/sample.js")),
    (Language::Go, include_str!("fixtures/sample.go")),
    (Language::Java, include_str!("fixtures/Sample.java")),
    (Language::C, include_str!("fixtures/sample.c")),
    (Language::Cpp, include_str!("fixtures/sample.cpp")),
    (Language::CSharp, include_str!("fixtures/Sample.cs")),
    (Language::Ruby, include_str!("fixtures/sample.rb")),
    (Language::Php, include_str!("fixtures/sample.php")),
];

fn sample(language: Language) -> &'static str {
    ALL[language as usize].1
}

/// A line for each symbol: `doc_first_line-first_line-last_line + kind path = signature`, `-` where it is not public, its layout on one line.
fn shown(language: Language) -> Vec<String> {
    let text = sample(language);
    let outline = outline(language, text);
    assert!(!outline.has_errors && !outline.is_unread, "{language:?}");
    let line = |symbol: &Symbol| {
        let lines = if symbol.doc_first_line == symbol.first_line { String::new() } else { format!("{}>", symbol.doc_first_line) };
        let mark = if symbol.is_public { '+' } else { '-' };
        let signature = text[symbol.signature.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{lines}{}-{} {mark} {} {} = {signature}", symbol.first_line, symbol.last_line, symbol.kind.name(), symbol.path)
    };
    outline.symbols.iter().map(line).collect()
}

#[test]
fn symbols_of_every_language() {
    let mut found = String::new();
    for (language, _) in ALL {
        found.push_str(&format!("# {language:?}\n"));
        for line in shown(language) {
            found.push_str(&line);
            found.push('\n');
        }
    }
    for (found, expected) in found.lines().zip(include_str!("fixtures/expected.txt").lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found, include_str!("fixtures/expected.txt"));
}

/// Every place lies on characters and in its symbol, and the order is that of the text.
fn check_places(language: Language, text: &str) {
    let outline = outline_with(language, text, OutlineOptions { has_references: true });
    let mut before = 0;
    for symbol in &outline.symbols {
        let place = format!("{language:?} {symbol:?} of {text:?}");
        for range in [Some(&symbol.bytes), Some(&symbol.signature), Some(&symbol.doc), symbol.body.as_ref()].into_iter().flatten() {
            assert!(text.get(range.clone()).is_some(), "{place}");
        }
        assert!(symbol.doc.end == symbol.bytes.start && symbol.signature.start == symbol.bytes.start && symbol.signature.end <= symbol.bytes.end, "{place}");
        assert!(symbol.doc_first_line <= symbol.first_line && symbol.first_line <= symbol.last_line, "{place}");
        let line = |at: usize| u32::try_from(text[..at].matches('\n').count() + 1).unwrap();
        assert_eq!((line(symbol.bytes.start), line(symbol.bytes.end)), (symbol.first_line, symbol.last_line), "{place}");
        assert_eq!(line(symbol.doc.start), symbol.doc_first_line, "{place}");
        assert!(!symbol.name.is_empty() && symbol.path.ends_with(&symbol.name), "{place}");
        assert!(symbol.bytes.start >= before, "{place}");
        before = symbol.bytes.start;
    }
    let numbers = signature_view(text, &outline, None);
    assert!(numbers.iter().all(|line| line.number >= 1 && line.number as usize <= text.lines().count().max(1)), "{language:?} {text:?}");
    let _ = (handle_view("a", &outline, 80), fingerprints(language, text), fingerprint(language, text, None), identifiers(text));
}

/// The text with `" "`, or a line with a comment, put into every gap that is blank anyway.
fn with_more_blanks(language: Language, text: &str) -> String {
    let comment = match language {
        Language::Python | Language::Ruby => "# more: x(1)",
        _ => "// more: x(1)",
    };
    let tree = parse::parse(language, text).unwrap();
    let leaves = leaves(language, text, &tree);
    let (mut wider, mut at) = (String::new(), 0);
    for range in &leaves {
        let gap = &text[at..range.start];
        wider.push_str(gap);
        match (gap.contains('\n'), gap.is_empty()) {
            // Python's lines begin with what they are worth, and what stands between them is free.
            (true, _) => {
                let indentation = gap.rsplit('\n').next().unwrap();
                wider.truncate(wider.len() - indentation.len());
                wider.push_str(&format!("\n{indentation}{comment}\n{indentation}"));
            }
            (false, false) => wider.push(' '),
            (false, true) => {}
        }
        wider.push_str(&text[range.clone()]);
        at = range.end;
    }
    wider.push_str(&text[at..]);
    wider
}

/// The places of the tokens without comments.
fn leaves(language: Language, text: &str, tree: &tree_sitter::Tree) -> Vec<std::ops::Range<usize>> {
    let (rules, mut cursor, mut found) = (rules(language), tree.walk(), Vec::new());
    loop {
        let node = cursor.node();
        let is_comment = rules[usize::from(node.kind_id())] == Rule::Comment;
        if !is_comment && cursor.goto_first_child() {
            continue;
        }
        if !is_comment && !text[node.byte_range()].trim().is_empty() {
            found.push(node.byte_range());
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

#[test]
fn fingerprints_do_not_see_layout_and_comments() {
    for (language, text) in ALL {
        let wider = with_more_blanks(language, text);
        assert_ne!(wider, text);
        let names = |text: &str| fingerprints(language, text).into_iter().map(|(symbol, print)| (symbol.path, print)).collect::<Vec<_>>();
        for (wide, plain) in names(&wider).into_iter().zip(names(text)) {
            assert_eq!(wide, plain, "{language:?}");
        }
        assert_eq!(names(&wider).len(), names(text).len(), "{language:?}");
        assert_eq!(fingerprint(language, &wider, None), fingerprint(language, text, None), "{language:?}");
    }
}

#[test]
fn fingerprints_see_every_token() {
    for (language, text) in ALL {
        let whole = fingerprint(language, text, None).unwrap();
        let tree = parse::parse(language, text).unwrap();
        for range in leaves(language, text, &tree) {
            let changed = format!("{}zz{}", &text[..range.end], &text[range.end..]);
            let now = fingerprint(language, &changed, None).unwrap();
            assert_ne!(now.body, whole.body, "{language:?} {:?} at {range:?}", &text[range.clone()]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_text_is_read(text in "\\PC{0,200}", chosen in 0..ALL.len()) {
        check_places(ALL[chosen].0, &text);
    }

    #[test]
    fn any_piece_of_code_is_read(chosen in 0..ALL.len(), as_other in 0..ALL.len(), cut in 0.0..1.0_f64, until in 0.0..1.0_f64) {
        let text = ALL[chosen].1;
        let at = |share: f64| (0..=(text.len() as f64 * share) as usize).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (first, last) = (at(cut).min(at(until)), at(cut).max(at(until)));
        check_places(ALL[chosen].0, &text[first..last]);
        check_places(ALL[chosen].0, &format!("{}{}", &text[..first], &text[last..]));
        check_places(ALL[as_other].0, &text[first..]);
    }
}

#[test]
fn deep_and_large_texts_are_bounded() {
    for (language, _) in ALL {
        for piece in ["(", "{", "[", "a<", "if a {", "(((a", "/*", "x?", "class A { "] {
            let text = piece.repeat(6_000 / piece.len());
            let _ = (outline(language, &text), fingerprint(language, &text, None));
        }
        let large = " ".repeat(PARSED_BYTES_MAX + 1);
        assert!(outline(language, &large).is_unread);
    }
}
