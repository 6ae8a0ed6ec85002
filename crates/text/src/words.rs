//! Words and identifiers, as search sees them.

use crate::stem::stem;

/// A word and where it lies, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The words of a text, in order: runs of letters, digits and underscores; figures keep inner points and commas (`1,250.50`), words keep an
/// inner apostrophe or hyphen (`don't`, `kebab-case`). Each character of a script written without spaces (Han, kana) is a word.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut characters = text.char_indices().peekable();
    while let Some((start, character)) = characters.next() {
        if is_wide(character) {
            found.push(Word { start, end: start + character.len_utf8() });
            continue;
        }
        if !is_word(character) {
            continue;
        }
        let (mut end, mut last) = (start + character.len_utf8(), character);
        while let Some(&(at, next)) = characters.peek() {
            let after = text[at + next.len_utf8()..].chars().next();
            if !(is_word(next) || after.is_some_and(|after| is_inner(last, next, after))) {
                break;
            }
            end = at + next.len_utf8();
            last = next;
            characters.next();
        }
        found.push(Word { start, end });
    }
    found
}

fn is_word(character: char) -> bool {
    (character.is_alphanumeric() || character == '_') && !is_wide(character)
}

const fn is_wide(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A mark between two characters of one word.
fn is_inner(last: char, mark: char, after: char) -> bool {
    match mark {
        '.' | ',' => last.is_ascii_digit() && after.is_ascii_digit(),
        '\'' | '\u{2019}' | '-' => last.is_alphanumeric() && is_word(after),
        _ => false,
    }
}

/// Cuts an identifier into its parts: `parseHTTPRequest_v2` → `parse`, `HTTP`, `Request`, `v`, `2`; `kebab-case` → `kebab`, `case`.
/// The parts are slices of the identifier; separators (`_`, `-`, `.` and all else that is neither letter nor digit) lie between them.
#[must_use]
pub fn identifier_parts(identifier: &str) -> Vec<&str> {
    #[derive(PartialEq, Clone, Copy)]
    enum Kind {
        Small,
        Capital,
        Digit,
        Gap,
    }
    let kind = |character: char| match character {
        c if c.is_uppercase() => Kind::Capital,
        c if c.is_numeric() => Kind::Digit,
        c if c.is_alphabetic() => Kind::Small,
        _ => Kind::Gap,
    };
    let characters: Vec<(usize, Kind)> = identifier.char_indices().map(|(at, character)| (at, kind(character))).collect();
    let mut cuts = vec![0];
    for (place, pair) in characters.windows(2).enumerate() {
        let [(_, before), (at, here)] = [pair[0], pair[1]];
        let next = characters.get(place + 2).map(|&(_, next)| next);
        // HTTPRequest: the last capital before a small letter begins the next part.
        let cut = match (before, here) {
            (Kind::Capital, Kind::Small) => false,
            (Kind::Capital, Kind::Capital) => next == Some(Kind::Small),
            (before, here) => before != here,
        };
        if cut {
            cuts.push(at);
        }
    }
    cuts.push(identifier.len());
    let pieces = cuts.windows(2).map(|pair| &identifier[pair[0]..pair[1]]);
    pieces.filter(|piece| piece.starts_with(char::is_alphanumeric)).collect()
}

/// The terms under which a text is found: every word in small letters and stemmed, figures without thousands separators, and, for words with
/// inner structure (`camelCase`, `snake_case`, `kebab-case`), the parts beside the whole. Two neighbouring characters of a script without spaces
/// are a term, as is a single one.
#[must_use]
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut before: Option<Word> = None;
    for word in words(text) {
        let shown = &text[word.start..word.end];
        if shown.starts_with(is_wide) {
            found.push(shown.to_owned());
            if let Some(before) = before.filter(|before| before.end == word.start) {
                found.push(text[before.start..word.end].to_owned());
            }
            before = Some(word);
            continue;
        }
        before = None;
        push_terms(shown, &mut found);
    }
    found
}

fn push_terms(word: &str, found: &mut Vec<String>) {
    if word.starts_with(|c: char| c.is_ascii_digit()) && word.bytes().all(|b| b.is_ascii_digit() || b == b',' || b == b'.') {
        found.push(word.replace(',', ""));
        return;
    }
    let plain = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let parts = identifier_parts(plain);
    if parts.len() > 1 {
        found.extend(parts.iter().map(|part| stem(&part.to_lowercase())));
        found.push(plain.to_lowercase());
    } else {
        found.push(stem(&plain.to_lowercase()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_fall_into_parts() {
        let check = |identifier: &str, expected: &[&str]| assert_eq!(identifier_parts(identifier), expected, "{identifier}");
        check("parseHTTPRequest_v2", &["parse", "HTTP", "Request", "v", "2"]);
        check("snake_case__name", &["snake", "case", "name"]);
        check("kebab-case", &["kebab", "case"]);
        check("utf8", &["utf", "8"]);
        check("XMLHttp", &["XML", "Http"]);
        check("ÜberGröße", &["Über", "Größe"]);
        check("", &[]);
        check("_", &[]);
    }

    #[test]
    fn terms_of_texts() {
        let check = |text: &str, expected: &[&str]| assert_eq!(terms(text), expected, "{text}");
        check("Refunds cost $1,250.50!", &["refund", "cost", "1250.50"]);
        check("Anna's kettles", &["anna", "kettl"]);
        check("maxRetries", &["max", "retri", "maxretries"]);
        check("退款 a", &["退", "款", "退款", "a"]);
    }

    proptest! {
        #[test]
        fn words_slice_back_in_order(text in "\\PC{0,60}") {
            let mut at = 0;
            for word in words(&text) {
                prop_assert!(word.start >= at && word.end > word.start);
                prop_assert!(!text[word.start..word.end].contains(char::is_whitespace));
                // Whatever lies between words is neither letter nor digit.
                prop_assert!(!text[at..word.start].contains(char::is_alphanumeric));
                at = word.end;
            }
        }

        #[test]
        fn parts_keep_every_letter(identifier in "[a-zA-Z0-9_.éÜ-]{0,30}") {
            let kept: String = identifier.chars().filter(|c| c.is_alphanumeric()).collect();
            prop_assert_eq!(identifier_parts(&identifier).concat(), kept);
        }
    }
}
