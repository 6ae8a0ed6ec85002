//! A text of a small language with its comments and strings blanked out, so that its braces and words can be trusted. Every byte keeps
//! its place.

/// How a language writes comments and strings.
pub(crate) struct Syntax {
    pub(crate) line_comments: &'static [&'static str],
    pub(crate) block_comments: bool,
    /// Openings of strings, which close with the same mark; the longest first.
    pub(crate) quotes: &'static [&'static str],
    /// Whether `\` takes the meaning from the mark after it.
    pub(crate) has_escapes: bool,
    /// Whether a string may run over several lines only where its mark has three characters.
    pub(crate) ends_with_line: bool,
    /// `$tag$ … $tag$`.
    pub(crate) has_dollars: bool,
}

pub(crate) const GRAPHQL: Syntax =
    Syntax { line_comments: &["#"], block_comments: false, quotes: &["\"\"\"", "\""], has_escapes: true, ends_with_line: true, has_dollars: false };

pub(crate) const PROTOBUF: Syntax =
    Syntax { line_comments: &["//"], block_comments: true, quotes: &["\"", "'"], has_escapes: true, ends_with_line: true, has_dollars: false };

pub(crate) const SQL: Syntax =
    Syntax { line_comments: &["--"], block_comments: true, quotes: &["'", "\"", "`"], has_escapes: false, ends_with_line: false, has_dollars: true };

/// A text without comments and contents of strings.
pub(crate) struct Blanked {
    /// As long as the text. Marks of strings stay; what is in them is `_`, or a space in comments. ASCII wherever it was blanked.
    pub(crate) bytes: Vec<u8>,
    /// Where a comment or string begins that does not end.
    pub(crate) open: Option<usize>,
}

pub(crate) fn blank(text: &str, syntax: &Syntax) -> Blanked {
    let mut out = Blanked { bytes: text.as_bytes().to_vec(), open: None };
    let mut at = 0;
    while at < text.len() {
        at = step(text.as_bytes(), at, syntax, &mut out);
    }
    out
}

/// The place after what begins at `at`.
fn step(text: &[u8], at: usize, syntax: &Syntax, out: &mut Blanked) -> usize {
    let rest = &text[at..];
    if syntax.line_comments.iter().any(|mark| rest.starts_with(mark.as_bytes())) {
        let end = memchr::memchr(b'\n', rest).map_or(text.len(), |line| at + line);
        out.bytes[at..end].fill(b' ');
        return end;
    }
    if syntax.block_comments && rest.starts_with(b"/*") {
        let end = memchr::memmem::find(&rest[2..], b"*/").map(|length| at + length + 4);
        return cover(at, 0, end, 0, b' ', out);
    }
    if let Some(tag) = dollar_tag(rest).filter(|_| syntax.has_dollars) {
        let end = memchr::memmem::find(&rest[tag..], &rest[..tag]).map(|length| at + length + 2 * tag);
        return cover(at, tag, end, tag, b'_', out);
    }
    match syntax.quotes.iter().find(|mark| rest.starts_with(mark.as_bytes())) {
        Some(mark) => cover(at, mark.len(), string_end(rest, mark.as_bytes(), syntax).map(|length| at + length), mark.len(), b'_', out),
        None => at + 1,
    }
}

/// Blanks what lies between the marks, up to the end of the text where nothing closes, and gives the place after it.
fn cover(start: usize, opening: usize, end: Option<usize>, closing: usize, with: u8, out: &mut Blanked) -> usize {
    if end.is_none() {
        out.open = out.open.or(Some(start));
    }
    let (inner_end, end) = end.map_or((out.bytes.len(), out.bytes.len()), |end| (end - closing, end));
    for byte in &mut out.bytes[(start + opening).min(inner_end)..inner_end] {
        if *byte != b'\n' {
            *byte = with;
        }
    }
    end
}

/// Bytes of the string with its marks; `None` where it does not close.
fn string_end(text: &[u8], mark: &[u8], syntax: &Syntax) -> Option<usize> {
    let mut at = mark.len();
    while at < text.len() {
        if syntax.has_escapes && text[at] == b'\\' {
            at += 2;
        } else if text[at..].starts_with(mark) {
            return Some(at + mark.len());
        } else if syntax.ends_with_line && mark.len() == 1 && text[at] == b'\n' {
            return None;
        } else {
            at += 1;
        }
    }
    None
}

/// Bytes of `$tag$` at the beginning of `text`.
fn dollar_tag(text: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'$') {
        return None;
    }
    let name = text[1..].iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count();
    (text.get(1 + name) == Some(&b'$')).then_some(name + 2)
}

/// The place of the bracket that closes the one at `open`, or the end.
pub(crate) fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The words of blanked bytes with their places: runs of letters, digits and `_`, and single marks.
pub(crate) fn words(bytes: &[u8], from: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut at = from;
    std::iter::from_fn(move || {
        while at < bytes.len() && (bytes[at].is_ascii_whitespace() || !bytes[at].is_ascii()) {
            at += 1;
        }
        let start = at;
        let of_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        at += bytes[start..].iter().take_while(|b| of_word(b)).count();
        at = if at == start && start < bytes.len() { start + 1 } else { at };
        std::str::from_utf8(&bytes[start..at]).ok().filter(|word| !word.is_empty()).map(|word| (start, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, syntax: &Syntax, expected: &str, open: Option<usize>) {
        let blanked = blank(text, syntax);
        assert_eq!((String::from_utf8_lossy(&blanked.bytes).as_ref(), blanked.open), (expected, open), "{text}");
    }

    #[test]
    fn comments_and_strings_are_blanked() {
        check("a # {\nb \"x\\\"}\" c", &GRAPHQL, "a    \nb \"____\" c", None);
        check("\"\"\"a \" {\n\"\"\" b", &GRAPHQL, "\"\"\"_____\n\"\"\" b", None);
        check("a /* ; */ b // }\n'x'", &PROTOBUF, "a         b     \n'_'", None);
        check("'it''s;' $f$ ; $f$ -- ;\n", &SQL, "'__''__' $f$___$f$     \n", None);
        check("a 'b", &SQL, "a '_", Some(2));
        check("/* a", &SQL, "    ", Some(0));
    }

    proptest! {
        #[test]
        fn every_byte_keeps_its_place(text in "[a-z\"'`#/*$\\\\{};\n é-]{0,60}") {
            for syntax in [&GRAPHQL, &PROTOBUF, &SQL] {
                let blanked = blank(&text, syntax);
                prop_assert_eq!(blanked.bytes.len(), text.len());
                prop_assert!(words(&blanked.bytes, 0).count() <= text.len());
            }
        }
    }
}
