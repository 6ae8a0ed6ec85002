//! JSON with lines.

use crate::located::{LineMap, Located, Unreadable, below};

/// Reads a JSON document.
///
/// # Errors
/// Where the text is no JSON, or nests deeper than 128 levels.
pub fn parse(text: &str) -> Result<Located, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message).to_owned();
        Unreadable { line: u32::try_from(error.line().max(1)).unwrap_or(u32::MAX), message }
    })?;
    Ok(Located::new(value, lines(text)))
}

/// Where a level of the document stands.
enum Level {
    Object { pointer: String, key: Option<String> },
    Array { pointer: String, at: usize },
}

/// The line of every part of a valid document.
fn lines(text: &str) -> LineMap {
    let bytes = text.as_bytes();
    let mut lines = LineMap::default();
    let mut levels: Vec<Level> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let start = at;
        let byte = bytes[at];
        at = match byte {
            b'"' => string_end(bytes, at),
            _ => at + 1,
        };
        match byte {
            b'\n' => line += 1,
            b'}' | b']' => drop(levels.pop()),
            b',' => next(&mut levels),
            b' ' | b'\t' | b'\r' | b':' => {}
            b'"' if is_key(&levels) => {
                let key: String = serde_json::from_str(&text[start..at]).unwrap_or_default();
                take_key(&mut levels, key, line, &mut lines);
            }
            _ => {
                let pointer = pointer(&levels);
                lines.put_first(&pointer, line);
                match byte {
                    b'{' => levels.push(Level::Object { pointer, key: None }),
                    b'[' => levels.push(Level::Array { pointer, at: 0 }),
                    b'"' => {}
                    _ => at += bytes[at..].iter().take_while(|b| !matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')).count(),
                }
            }
        }
    }
    lines
}

fn is_key(levels: &[Level]) -> bool {
    matches!(levels.last(), Some(Level::Object { key: None, .. }))
}

fn take_key(levels: &mut [Level], name: String, line: u32, lines: &mut LineMap) {
    if let Some(Level::Object { key, pointer }) = levels.last_mut() {
        lines.put(&below(pointer, &name), line);
        *key = Some(name);
    }
}

fn next(levels: &mut [Level]) {
    match levels.last_mut() {
        Some(Level::Object { key, .. }) => *key = None,
        Some(Level::Array { at, .. }) => *at += 1,
        None => {}
    }
}

fn pointer(levels: &[Level]) -> String {
    match levels.last() {
        Some(Level::Object { pointer, key }) => below(pointer, key.as_deref().unwrap_or_default()),
        Some(Level::Array { pointer, at }) => below(pointer, &at.to_string()),
        None => String::new(),
    }
}

/// The byte after the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_part_has_its_line() {
        let read = parse("{\n \"a\": [1,\n  {\"b\": true}],\n \"c\\\"/\": \"x,\\\"}\",\n \"d\": null}\n").unwrap();
        assert_eq!(["/a", "/a/0", "/a/1", "/a/1/b", "/c\"~1", "/d"].map(|pointer| read.line(pointer)), [2, 2, 3, 3, 4, 5]);
        assert_eq!(parse("{\n\"a\": }").map_err(|error| (error.line, error.message)), Err((2, "expected value".to_owned())));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}\",:0-9a-z\\\\ \n]{0,60}") {
            let _ = parse(&text);
            let _ = lines(&text);
        }
    }
}
