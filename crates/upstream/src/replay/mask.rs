//! Takes what looks like a credential out of recorded text, byte for byte as long as it was, so that places and JSON stay whole.

use serde_json::Value;

/// Beginnings of known credentials, and how many characters must follow at least for one to be meant. `Bearer ` is any token in a header's words.
const BEGINNINGS: [(&str, usize); 16] = [
    ("sk-", 16),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxs-", 10),
    ("Bearer ", 16),
    ("bearer ", 16),
];

/// `text` with every credential masked: its beginning stays, the rest becomes `*`.
pub fn mask(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (beginning, least) in BEGINNINGS {
        for (start, _) in text.match_indices(beginning) {
            let from = start + beginning.len();
            let length = text.as_bytes()[from..].iter().take_while(|byte| is_token(**byte)).count();
            let word_begins = start == 0 || !is_token(text.as_bytes()[start - 1]);
            // Keys hold digits; hyphenated words do not.
            if word_begins && length >= least && bytes[from..from + length].iter().any(u8::is_ascii_digit) {
                bytes[from..from + length].fill(b'*');
            }
        }
    }
    // ASCII replaced ASCII, so the text is still one.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Masks every text within `value`.
pub(super) fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(elements) => elements.iter_mut().for_each(mask_json),
        Value::Object(members) => members.values_mut().for_each(mask_json),
        _ => {}
    }
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+')
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn credentials_are_masked_in_place() {
        check("key sk-proj-abc123def456ghi7, ok", "key sk-*********************, ok");
        check("AKIAIOSFODNN7EXAMPLE", "AKIA****************");
        check("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_************************************");
        check("xoxb-123456789012-abc", "xoxb-****************");
        check(r#"{"h":"Authorization: Bearer abcdefgh12345678"}"#, r#"{"h":"Authorization: Bearer ****************"}"#);
    }

    #[test]
    fn ordinary_words_stay() {
        for text in ["sk-short1", "task-based-scheduling-of-2026-work", "sk-learn-is-a-common-library", "Bearer tokens are secrets", "é sk-", ""] {
            check(text, text);
        }
    }

    #[test]
    fn texts_inside_json_are_masked() {
        let mut value = serde_json::json!({ "a": ["x AKIAIOSFODNN7EXAMPLE"], "n": 1 });
        mask_json(&mut value);
        assert_eq!(value, serde_json::json!({ "a": ["x AKIA****************"], "n": 1 }));
    }
}
