//! A cursor over JSON text: it validates as it goes, builds no document and allocates nothing until something is wrong.
//!
//! The grammar is that of RFC 8259. A lone surrogate escape (`"\ud83d"`) is grammatical and passes; who wants the text of such a
//! string decides what becomes of it. UTF-8 is not checked here: [`crate::scan`] does that once for the whole body.

use std::borrow::Cow;
use std::ops::Range;

/// How deep arrays and objects may lie in each other.
pub(crate) const DEPTH_MAX: u32 = 128;

pub(crate) type Parsed<T> = Result<T, Box<Wrong>>;

/// What is wrong, where, and on which way there.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// Offset in bytes.
    pub(crate) at: usize,
    /// What was expected and what was found.
    pub(crate) what: String,
    /// The steps to the place, innermost first.
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Member(String),
    Element(usize),
}

impl Wrong {
    pub(crate) fn new(at: usize, what: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, what: what.into(), steps: Vec::new() })
    }

    /// The place as a path such as `messages[3].content`; empty at the top.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => {
                    path.push('.');
                    path.push_str(name);
                }
                Step::Element(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

/// A string of the text: its place without the quotes, and what it measures once its escapes are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// Offset of the first byte behind the opening quote.
    pub(crate) start: usize,
    /// Offset of the closing quote.
    pub(crate) end: usize,
    /// Bytes of UTF-8 once the escapes are resolved.
    pub(crate) decoded: usize,
}

impl Text {
    /// The place with both quotes.
    pub(crate) const fn quoted(self) -> Range<usize> {
        self.start - 1..self.end + 1
    }

    const fn is_plain(self) -> bool {
        self.end - self.start == self.decoded
    }
}

/// A place in JSON text.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    pub(crate) at: usize,
    depth: u32,
    /// Bytes passed so far that are not white space, strings counted as their decoded text and two quotes.
    pub(crate) weight: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0, weight: 0 }
    }

    /// A cursor that starts at `at`, on a value.
    pub(crate) const fn starting(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, depth: 0, weight: 0 }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The bytes from here on.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Passes white space.
    #[inline]
    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    pub(crate) fn wrong<T>(&self, what: impl Into<String>) -> Parsed<T> {
        Err(Wrong::new(self.at, what))
    }

    /// An error that says what was expected here and what stands here instead.
    #[cold]
    pub(crate) fn expected<T>(&self, what: &str) -> Parsed<T> {
        self.wrong(format!("expected {what}, found {}", self.found()))
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the end of the text".into(),
            Some(b'"') => "a string".into(),
            Some(b'{') => "an object".into(),
            Some(b'[') => "an array".into(),
            Some(b't' | b'f') => "a boolean".into(),
            Some(b'n') => "null".into(),
            Some(b'-' | b'0'..=b'9') => "a number".into(),
            Some(byte @ 0x21..=0x7E) => format!("`{}`", char::from(byte)),
            Some(byte) => format!("byte 0x{byte:02x}"),
        }
    }

    /// Passes an object, handing each member's value to `member`, which must pass it.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, Text) -> Parsed<()>) -> Parsed<()> {
        if !self.open(b'{', "an object")? {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.expected("the name of a member in double quotes");
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.expected("`:` behind the name of a member");
            }
            self.step();
            self.space();
            if let Err(mut wrong) = member(self, name) {
                wrong.steps.push(Step::Member(self.text(name).chars().take(64).collect()));
                return Err(wrong);
            }
            if !self.more(b'}', "`,` or `}`")? {
                return Ok(());
            }
        }
    }

    /// Passes an array, handing each element to `element` with its index, which must pass it.
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self, usize) -> Parsed<()>) -> Parsed<()> {
        if !self.open(b'[', "an array")? {
            return Ok(());
        }
        for index in 0.. {
            if let Err(mut wrong) = element(self, index) {
                wrong.steps.push(Step::Element(index));
                return Err(wrong);
            }
            if !self.more(b']', "`,` or `]`")? {
                break;
            }
        }
        Ok(())
    }

    /// Passes the opening bracket; false where the closing one follows at once.
    fn open(&mut self, bracket: u8, what: &str) -> Parsed<bool> {
        if self.peek() != Some(bracket) {
            return self.expected(what);
        }
        if self.depth == DEPTH_MAX {
            return self.wrong(format!("arrays and objects lie more than {DEPTH_MAX} deep in each other"));
        }
        self.step();
        self.space();
        if self.peek() == Some(bracket + 2) {
            self.step();
            return Ok(false);
        }
        self.depth += 1;
        Ok(true)
    }

    /// Passes the comma before another item (true) or the closing bracket (false).
    #[inline]
    fn more(&mut self, closing: u8, what: &str) -> Parsed<bool> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.step();
                self.space();
                Ok(true)
            }
            Some(byte) if byte == closing => {
                self.step();
                self.depth -= 1;
                Ok(false)
            }
            _ => self.expected(what),
        }
    }

    #[inline]
    fn step(&mut self) {
        self.at += 1;
        self.weight += 1;
    }

    /// Passes any value.
    pub(crate) fn skip(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(|cursor, _| cursor.skip()),
            Some(b'[') => self.array(|cursor, _| cursor.skip()),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            _ => self.expected("a value"),
        }
    }

    /// Passes any value and gives its place.
    pub(crate) fn span(&mut self) -> Parsed<Range<usize>> {
        let start = self.at;
        self.skip()?;
        Ok(start..self.at)
    }

    /// Passes white space up to the end of the text.
    pub(crate) fn end(&mut self) -> Parsed<()> {
        self.space();
        match self.peek() {
            None => Ok(()),
            Some(_) => self.expected("nothing more behind the value"),
        }
    }

    fn word(&mut self, word: &[u8]) -> Parsed<()> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.wrong("expected a value, found a word that is none of `true`, `false`, `null`");
        }
        self.at += word.len();
        self.weight += word.len() as u64;
        Ok(())
    }

    /// Passes a boolean or null (`None`).
    pub(crate) fn boolean(&mut self) -> Parsed<Option<bool>> {
        match self.peek() {
            Some(b't') => self.word(b"true").map(|()| Some(true)),
            Some(b'f') => self.word(b"false").map(|()| Some(false)),
            Some(b'n') => self.word(b"null").map(|()| None),
            _ => self.expected("true or false"),
        }
    }

    /// Passes null where it stands here.
    pub(crate) fn null(&mut self) -> Parsed<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word(b"null").map(|()| true)
    }

    /// Passes a string.
    pub(crate) fn string(&mut self) -> Parsed<Text> {
        if self.peek() != Some(b'"') {
            return self.expected("a string");
        }
        let start = self.at + 1;
        let mut at = start;
        let mut saved = 0;
        loop {
            at = plain_run(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let (written, meant) = self.escape(at)?;
                    at += written;
                    saved += written - meant;
                }
                Some(byte) => return Err(Wrong::new(at, format!("a string holds the control character 0x{byte:02x}, which must be written as an escape"))),
                None => return Err(Wrong::new(start - 1, "the string that begins here has no end")),
            }
        }
        self.at = at + 1;
        let decoded = at - start - saved;
        self.weight += decoded as u64 + 2;
        Ok(Text { start, end: at, decoded })
    }

    /// Bytes that the escape at `at` takes as written, and as meant.
    fn escape(&self, at: usize) -> Parsed<(usize, usize)> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok((2, 1)),
            Some(b'u') => match self.hex(at + 2)? {
                0..0x80 => Ok((6, 1)),
                0x80..0x800 => Ok((6, 2)),
                0xD800..0xDC00 if self.low_surrogate(at + 6) => Ok((12, 4)),
                _ => Ok((6, 3)),
            },
            _ => Err(Wrong::new(at, "a string holds an escape that JSON does not know")),
        }
    }

    fn low_surrogate(&self, at: usize) -> bool {
        self.bytes.get(at..at + 2) == Some(b"\\u") && self.hex(at + 2).is_ok_and(|unit| (0xDC00..0xE000).contains(&unit))
    }

    fn hex(&self, at: usize) -> Parsed<u32> {
        let digits = self.bytes.get(at..at + 4).unwrap_or_default();
        let value = digits.iter().try_fold(0, |value, &digit| char::from(digit).to_digit(16).map(|digit| value * 16 + digit));
        match value {
            Some(value) if digits.len() == 4 => Ok(value),
            _ => Err(Wrong::new(at.min(self.bytes.len()), "expected four hexadecimal digits behind `\\u`")),
        }
    }

    /// Passes a number and gives its place.
    pub(crate) fn number(&mut self) -> Parsed<Range<usize>> {
        let start = self.at;
        let mut at = start + usize::from(self.peek() == Some(b'-'));
        match self.bytes.get(at) {
            Some(b'0') => at += 1,
            Some(b'1'..=b'9') => at = self.digits(at)?,
            _ => return self.expected("a number"),
        }
        if self.bytes.get(at) == Some(&b'.') {
            at = self.digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(at) {
            let signed = matches!(self.bytes.get(at + 1), Some(b'+' | b'-'));
            at = self.digits(at + 1 + usize::from(signed))?;
        }
        self.at = at;
        self.weight += (at - start) as u64;
        Ok(start..at)
    }

    /// The offset behind one or more digits.
    fn digits(&self, at: usize) -> Parsed<usize> {
        let count = self.bytes.get(at..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { Err(Wrong::new(at.min(self.bytes.len()), "a number lacks a digit here")) } else { Ok(at + count) }
    }

    /// The bytes of a place.
    pub(crate) fn slice(&self, place: Range<usize>) -> &'a [u8] {
        &self.bytes[place]
    }

    /// The bytes of a string as meant, for comparing names. A lone surrogate becomes U+FFFD.
    #[inline]
    pub(crate) fn name(&self, text: Text) -> Cow<'a, [u8]> {
        if text.is_plain() { Cow::Borrowed(&self.bytes[text.start..text.end]) } else { Cow::Owned(self.text(text).into_owned().into_bytes()) }
    }

    /// The text of a string as meant. A lone surrogate, or what is not UTF-8, becomes U+FFFD.
    pub(crate) fn text(&self, text: Text) -> Cow<'a, str> {
        let written = String::from_utf8_lossy(&self.bytes[text.start..text.end]);
        if text.is_plain() { written } else { Cow::Owned(unescape(&written, usize::MAX)) }
    }

    /// The first `most` bytes (or a little less, at the end of a character) of the text of a string as meant.
    pub(crate) fn text_prefix(&self, text: Text, most: usize) -> String {
        let mut end = text.end.min(text.start.saturating_add(most.saturating_mul(6)));
        while end < text.end && !self.bytes[end].is_ascii() {
            end -= 1;
        }
        unescape(&String::from_utf8_lossy(&self.bytes[text.start..end]), most)
    }
}

/// Resolves the escapes of validated text, up to `most` bytes of result.
fn unescape(written: &str, most: usize) -> String {
    let mut meant = String::with_capacity(written.len().min(most));
    let mut rest = written.chars();
    while let Some(next) = rest.next() {
        let character = if next == '\\' { unescape_one(&mut rest) } else { next };
        if meant.len() + character.len_utf8() > most {
            break;
        }
        meant.push(character);
    }
    meant
}

fn unescape_one(rest: &mut std::str::Chars<'_>) -> char {
    match rest.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => {
            let high = take_hex(rest);
            let mut ahead = rest.clone();
            if (0xD800..0xDC00).contains(&high) && ahead.next() == Some('\\') && ahead.next() == Some('u') {
                let low = take_hex(&mut ahead);
                if (0xDC00..0xE000).contains(&low) {
                    *rest = ahead;
                    return char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)).unwrap_or(char::REPLACEMENT_CHARACTER);
                }
            }
            char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        Some(plain) => plain,
        None => char::REPLACEMENT_CHARACTER,
    }
}

fn take_hex(rest: &mut std::str::Chars<'_>) -> u32 {
    (0..4).fold(0, |value, _| value * 16 + rest.next().and_then(|digit| digit.to_digit(16)).unwrap_or(0))
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The offset of the first quote, backslash or control character at or behind `at`, or the end. Eight bytes at a time: a byte
/// below `n` borrows from its high bit, and only bytes above a true hit can be false ones, so the lowest hit is exact.
#[inline]
fn plain_run(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*eight);
        let quote = word ^ (ONES * 0x22);
        let slash = word ^ (ONES * 0x5C);
        let hits = (quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash) | (word.wrapping_sub(ONES * 0x20) & !word);
        if hits & HIGHS != 0 {
            return at + (hits & HIGHS).trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    bytes.iter().skip(at).position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').map_or(bytes.len(), |offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn validate(bytes: &[u8]) -> Parsed<()> {
        let mut cursor = Cursor::new(bytes);
        cursor.space();
        cursor.skip()?;
        cursor.end()
    }

    fn oracle(bytes: &[u8]) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
    }

    #[track_caller]
    fn check(text: &str, valid: bool) {
        assert_eq!(validate(text.as_bytes()).is_ok(), valid, "{text}");
        assert_eq!(oracle(text.as_bytes()), valid, "the oracle on {text}");
    }

    #[test]
    fn the_grammar_is_that_of_json() {
        for text in
            ["{}", "[]", " [ ] ", "0", "-0", "1.5e-7", "1E+2", "\"\"", "\"\\u00e9\\\"\"", "{\"a\":[1,{\"b\":null}],\"a\":true}", "\"\\ud83d\"", "\"\u{7f}\""]
        {
            check(text, true);
        }
        for text in [
            "",
            " ",
            "{",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "tru",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "{a:1}",
            "{\"a\" 1}",
            "[1 2]",
            "1 1",
            "[}",
            "\u{feff}1",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize, inside: &str| validate(format!("{}{inside}{}", "[".repeat(depth), "]".repeat(depth)).as_bytes());
        for inside in ["", "1"] {
            assert!(nested(128, inside).is_ok());
            assert!(nested(129, inside).unwrap_err().what.contains("more than 128 deep"));
        }
        assert!(validate("[{\"a\":".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn a_string_measures_what_it_means() {
        for text in ["", "abc", "\\n", "\\u00e9", "\\u20ac", "\\ud83d\\ude00", "é€😀", "a\\\\\\\"b", "\\ud83d", "\\ud83d\\u0041"] {
            let quoted = format!("\"{text}\"");
            let mut cursor = Cursor::new(quoted.as_bytes());
            let found = cursor.string().unwrap();
            let meant = cursor.text(found);
            assert_eq!(found.decoded, meant.len(), "{text}");
            if let Ok(expected) = serde_json::from_str::<String>(&quoted) {
                assert_eq!(meant, expected);
            }
            assert_eq!(cursor.text_prefix(found, 4096), meant);
        }
    }

    #[test]
    fn a_prefix_ends_at_a_character() {
        let quoted = format!("\"{}\"", "é".repeat(9_000));
        let mut cursor = Cursor::new(quoted.as_bytes());
        let text = cursor.string().unwrap();
        assert_eq!(cursor.text_prefix(text, 4095), "é".repeat(2047));
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json_on_arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if std::str::from_utf8(&bytes).is_ok() {
                prop_assert_eq!(validate(&bytes).is_ok(), oracle(&bytes));
            }
            drop(validate(&bytes));
        }

        #[test]
        fn it_agrees_with_serde_json_on_what_is_nearly_json(text in "[\\[\\]{}\",:0-9eE+. \\\\untrfalsbdD-]{0,24}") {
            prop_assert_eq!(validate(text.as_bytes()).is_ok(), oracle(text.as_bytes()), "{}", text);
        }

        #[test]
        fn a_plain_run_ends_where_a_simple_search_ends(bytes in prop::collection::vec(any::<u8>(), 0..64), at in 0_usize..64) {
            let at = at.min(bytes.len());
            let simple = bytes[at..].iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').map_or(bytes.len(), |offset| at + offset);
            prop_assert_eq!(plain_run(&bytes, at), simple);
        }
    }
}
