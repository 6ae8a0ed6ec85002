//! Terms of source and prose: identifiers split and stemmed, each distinct word looked at once.

use jeton_text::{identifier_parts, stem};
use rustc_hash::FxHashMap;

/// Longer words are encoded data and name nothing.
const WORD_BYTES_MAX: usize = 64;

/// The number of a term within a [`Terms`].
pub(crate) type TermId = u32;

/// Terms by number, and the terms of each word met so far.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    names: Vec<Box<str>>,
    by_name: FxHashMap<Box<str>, TermId>,
    by_word: FxHashMap<Box<str>, Box<[TermId]>>,
}

impl Terms {
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn name(&self, id: TermId) -> &str {
        &self.names[id as usize]
    }

    pub(crate) fn find(&self, name: &str) -> Option<TermId> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn intern(&mut self, name: &str) -> TermId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let id = TermId::try_from(self.names.len()).unwrap_or(TermId::MAX);
        self.names.push(name.into());
        self.by_name.insert(name.into(), id);
        id
    }

    /// The terms of a word: its parts in small letters and stemmed, and, where it has several, the whole in small letters.
    pub(crate) fn of_word(&mut self, word: &str) -> &[TermId] {
        if !self.by_word.contains_key(word) {
            let ids: Box<[TermId]> = terms_of_word(word).iter().map(|name| self.intern(name)).collect();
            self.by_word.insert(word.into(), ids);
        }
        self.by_word.get(word).map_or(&[], |ids| ids)
    }

    /// Forgets everything and gives its memory back.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The terms of one word. Parts of one letter are left out beside longer ones: they are loop variables and plurals of acronyms.
pub(crate) fn terms_of_word(word: &str) -> Vec<String> {
    if word.len() > WORD_BYTES_MAX {
        return Vec::new();
    }
    let parts = identifier_parts(word);
    if parts.len() < 2 {
        return parts.iter().map(|part| stem(&part.to_lowercase())).collect();
    }
    let mut found: Vec<String> = parts.iter().filter(|part| part.chars().nth(1).is_some()).map(|part| stem(&part.to_lowercase())).collect();
    found.push(word.trim_matches('_').to_lowercase());
    found
}

/// Calls `each` with every word of `text`: runs of letters, digits and underscores; characters of scripts without spaces singly.
pub(crate) fn each_word<'t>(text: &'t str, mut each: impl FnMut(&'t str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        while at < bytes.len() && IS_WORD[bytes[at] as usize] {
            at += 1;
        }
        if at < bytes.len() && bytes[at] >= 0x80 {
            at = rest_of_word(text, at, start, &mut each);
            continue;
        }
        if at > start {
            each(&text[start..at]);
        }
        at += 1;
    }
}

/// Goes on from a character beyond ASCII at `at`, within the word that began at `start`. Returns where to go on.
fn rest_of_word<'t>(text: &'t str, at: usize, start: usize, each: &mut impl FnMut(&'t str)) -> usize {
    let mut end = at;
    for (offset, character) in text[at..].char_indices() {
        let here = at + offset;
        let is_wide = matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}');
        if !is_wide && (character.is_alphanumeric() || character == '_') {
            end = here + character.len_utf8();
            continue;
        }
        if end > start {
            each(&text[start..end]);
        }
        let after = here + character.len_utf8();
        // The middle dot of kana is a mark.
        if is_wide && character.is_alphanumeric() {
            each(&text[here..after]);
        }
        return after;
    }
    if end > start {
        each(&text[start..end]);
    }
    text.len()
}

static IS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        each_word(text, |word| found.push(word));
        found
    }

    #[test]
    fn words_and_their_terms() {
        assert_eq!(words("fn parse_url(x: &str) -> Größe { 退款 ・ }"), ["fn", "parse_url", "x", "str", "Größe", "退", "款"]);
        let check = |word: &str, expected: &[&str]| assert_eq!(terms_of_word(word), expected, "{word}");
        check("parseURLs", &["pars", "ur", "ls", "parseurls"]);
        check("parse_url", &["pars", "url", "parse_url"]);
        check("requests", &["request"]);
        check("x", &["x"]);
        check("__init__", &["init"]);
        check("42", &["42"]);
        check(&"a".repeat(65), &[]);
    }

    #[test]
    fn numbers_are_steady() {
        let mut terms = Terms::default();
        let first = terms.of_word("parse_url").to_vec();
        assert_eq!(terms.of_word("parse_url"), first);
        assert_eq!(terms.find("url").map(|id| terms.name(id).to_owned()).as_deref(), Some("url"));
        assert_eq!(terms.len(), 3);
    }

    proptest! {
        #[test]
        fn words_are_all_letters_and_lose_none(text in "\\PC{0,60}") {
            let kept: String = words(&text).concat();
            let expected: String = text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
            prop_assert_eq!(kept, expected);
        }
    }
}
