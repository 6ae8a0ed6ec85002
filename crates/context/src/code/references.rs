//! Names that a text uses.

use super::{Language, OutlineOptions, outline_with};
use std::collections::BTreeMap;

/// Names used in `text` with how often, by name, from its syntax: comments, strings and the places where names are defined do not count.
/// Empty where the text is unread.
#[must_use]
pub fn references(language: Language, text: &str) -> Vec<(String, u32)> {
    outline_with(language, text, OutlineOptions { has_references: true }).references
}

/// Words of `text` that may be names, with how often, by name: a scan without grammar, many times faster than [`references`], which takes
/// words of comments, strings and the language itself for names too. Words of one character and figures are left out.
#[must_use]
pub fn identifiers(text: &str) -> BTreeMap<&str, u32> {
    let mut found = BTreeMap::new();
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    for word in words.filter(|word| word.len() > 1 && !word.starts_with(|c: char| c.is_numeric())) {
        *found.entry(word).or_default() += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_used() {
        let check = |language: Language, text: &str, expected: &[(&str, u32)]| {
            let found = references(language, text);
            let found: Vec<_> = found.iter().map(|(name, count)| (name.as_str(), *count)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check(Language::Rust, "fn a(x: Refund) { b(x.days); a(\"c\") } // d", &[("Refund", 1), ("a", 1), ("b", 1), ("days", 1), ("x", 2)]);
        check(Language::Python, "def a(): return b.c  # d", &[("b", 1), ("c", 1)]);
        check(Language::Go, "package p\nfunc a() { b.C() }", &[("C", 1), ("b", 1), ("p", 1)]);
    }

    #[test]
    fn words_that_may_be_names() {
        let found: Vec<_> = identifiers("let días = a_1 + a_1 + 22 + x;").into_iter().collect();
        assert_eq!(found, [("a_1", 2), ("días", 1), ("let", 1)]);
    }
}
