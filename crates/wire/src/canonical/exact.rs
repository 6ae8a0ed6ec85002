//! Whole numbers of any size, digit for digit.
//!
//! A JSON document is read into values whose numbers have 64 bits. A greater whole number would come out as another one, and an
//! identifier among the arguments of a tool would name another thing. So it travels as a marked text, and is a number again in
//! all that is written.

use memchr::memmem;
use serde_json::Value;
use std::borrow::Cow;

/// What a number begins with while it is a text: a character for private use, so that no text has it by chance.
const MARK: &str = "\u{F8FF}number:";

/// The fewest digits of a whole number that 64 bits may not hold: `i64::MIN` has 19.
const DIGITS_MIN: usize = 19;

/// Reads a document; whole numbers beyond 64 bits are marked texts in it.
pub(super) fn parse(json: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(&mark(json))
}

/// Whether a text stands for a number.
pub(super) fn is_number(text: &str) -> bool {
    text.strip_prefix(MARK).is_some_and(|digits| is_great(digits.as_bytes()))
}

/// The value as JSON text, with all numbers as they were.
pub(super) fn text(value: &Value) -> String {
    let text = value.to_string();
    if text.contains(MARK) { String::from_utf8(restored(text.into_bytes())).unwrap_or_default() } else { text }
}

/// The written document with all numbers as they were.
pub(super) fn restored(json: Vec<u8>) -> Vec<u8> {
    let quoted = [b"\"", MARK.as_bytes()].concat();
    let mut out = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(&json, &quoted) {
        let digits = at + quoted.len();
        let end = digits + json[digits..].iter().take_while(|byte| matches!(byte, b'-' | b'0'..=b'9')).count();
        if is_great(&json[digits..end]) && json.get(end) == Some(&b'"') {
            out.extend_from_slice(&json[from..at]);
            out.extend_from_slice(&json[digits..end]);
            from = end + 1;
        }
    }
    if from == 0 {
        return json;
    }
    out.extend_from_slice(&json[from..]);
    out
}

/// The document with marked texts in the place of great whole numbers.
fn mark(json: &[u8]) -> Cow<'_, [u8]> {
    if !may_have_great(json) {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len() + 32);
    let (mut from, mut at) = (0, 0);
    while let Some(byte) = json.get(at) {
        let end = match byte {
            b'"' => end_of_text(json, at),
            b'-' | b'0'..=b'9' => at + json[at..].iter().take_while(|byte| is_of_number(**byte)).count(),
            _ => at + 1,
        };
        if is_great(&json[at..end]) {
            out.extend_from_slice(&json[from..at]);
            out.push(b'"');
            out.extend_from_slice(MARK.as_bytes());
            out.extend_from_slice(&json[at..end]);
            out.push(b'"');
            from = end;
        }
        at = end;
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(&json[from..]);
    Cow::Owned(out)
}

/// A cheap look: no run of enough digits can hide between every nineteenth byte.
fn may_have_great(json: &[u8]) -> bool {
    let is_digit = |at: usize| json.get(at).is_some_and(u8::is_ascii_digit);
    (DIGITS_MIN - 1..json.len()).step_by(DIGITS_MIN).any(|at| {
        let before = (0..DIGITS_MIN - 1).take_while(|back| is_digit(at - 1 - back)).count();
        is_digit(at) && before + 1 + (1..DIGITS_MIN).take_while(|ahead| is_digit(at + ahead)).count() >= DIGITS_MIN
    })
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

/// Whether this is a whole number, as JSON writes them, that 64 bits do not hold.
fn is_great(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    digits.len() >= DIGITS_MIN
        && digits[0] != b'0'
        && digits.iter().all(u8::is_ascii_digit)
        && std::str::from_utf8(number).is_ok_and(|number| number.parse::<u64>().is_err() && number.parse::<i64>().is_err())
}

/// Behind the quote that closes the text which begins at `at`.
fn end_of_text(json: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while let Some(found) = json.get(end..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        end += found;
        if json[end] == b'"' {
            return end + 1;
        }
        end += 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check_kept(json: &str) {
        assert_eq!(text(&parse(json.as_bytes()).unwrap()), json);
    }

    #[test]
    fn whole_numbers_of_any_size_stay_as_they_are() {
        check_kept(r#"{"id":123456789012345678901234567890,"least":-9223372036854775809,"l":[18446744073709551616]}"#);
        check_kept(r#"{"u64":18446744073709551615,"i64":-9223372036854775808,"text":"\\\"123456789012345678901234567890"}"#);
        check_kept("123456789012345678901234567890");
    }

    #[test]
    fn other_numbers_are_read_as_ever() {
        for json in ["1.25", "[0.1234567890123456789012]", "1e3", "[12345678901234567890123e-3]", "18446744073709551615"] {
            assert!(matches!(mark(json.as_bytes()), Cow::Borrowed(_)), "{json}");
        }
        assert!(parse(b"[012345678901234567890123]").is_err(), "no number of JSON begins with a zero");
        assert!(parse(b"\"123456789012345678901234567890").is_err());
    }

    #[test]
    fn a_text_that_is_marked_by_chance_stays_a_text() {
        for digits in ["", "12", "x123456789012345678901234567890", "123456789012345678901234567890 "] {
            let written = serde_json::to_string(&format!("{MARK}{digits}")).unwrap();
            assert_eq!(text(&parse(written.as_bytes()).unwrap()), written);
        }
    }

    proptest! {
        #[test]
        fn a_number_is_found_wherever_it_stands(before in "[a-z0-9 ]{0,60}", number in "-?[1-9][0-9]{0,40}", after in "[a-z0-9 ]{0,60}") {
            let json = format!("{{\"{before}x\":[\"{before}\",{number},\"{after}\"]}}");
            prop_assert_eq!(text(&parse(json.as_bytes()).unwrap()), json);
        }
    }
}
