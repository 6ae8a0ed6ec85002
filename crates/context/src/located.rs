//! Values of structured files (YAML, TOML, JSON) with the line of each.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A value read from a file, with the line on which each of its parts stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Located {
    /// The value.
    pub value: Value,
    lines: BTreeMap<String, u32>,
}

/// Why a structured file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl Located {
    pub(crate) fn new(value: Value, lines: LineMap) -> Self {
        Self { value, lines: lines.0 }
    }

    /// The line of the part at a JSON pointer, from 1; that of the nearest part above where the pointer leads nowhere.
    #[must_use]
    pub fn line(&self, pointer: &str) -> u32 {
        let mut pointer = pointer;
        loop {
            if let Some(&line) = self.lines.get(pointer) {
                return line;
            }
            let Some((above, _)) = pointer.rsplit_once('/') else { return 1 };
            pointer = above;
        }
    }

    /// The first and last line of the part at a JSON pointer, so far as its keys and values begin on them.
    #[must_use]
    pub fn lines_of(&self, pointer: &str) -> (u32, u32) {
        let first = self.line(pointer);
        // `0` is the character after `/`.
        let inside = self.lines.range(format!("{pointer}/")..format!("{pointer}0"));
        (first, inside.map(|(_, line)| *line).max().unwrap_or(first).max(first))
    }

    /// The same, as part of a file in which `lines` lines stand before it.
    #[must_use]
    pub fn moved_down(mut self, lines: u32) -> Self {
        self.lines.values_mut().for_each(|line| *line += lines);
        self.lines.entry(String::new()).or_insert(lines + 1);
        self
    }
}

/// Longer pointers have no line of their own, in bytes: a small file of deep lists would need a gigabyte for them.
const POINTER_BYTES_MAX: usize = 300;

/// The lines of parts, as a reader collects them.
#[derive(Default)]
pub(crate) struct LineMap(BTreeMap<String, u32>);

impl LineMap {
    /// Says where a part stands; what was said last counts.
    pub(crate) fn put(&mut self, pointer: &str, line: u32) {
        if pointer.len() <= POINTER_BYTES_MAX {
            self.0.insert(pointer.to_owned(), line);
        }
    }

    /// Says where a part stands, unless that is known.
    pub(crate) fn put_first(&mut self, pointer: &str, line: u32) {
        if pointer.len() <= POINTER_BYTES_MAX && !self.0.contains_key(pointer) {
            self.0.insert(pointer.to_owned(), line);
        }
    }
}

/// The pointer to the part `key` of what `pointer` leads to.
#[must_use]
pub fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The lines of a text: from a byte to its line.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect())
    }

    /// The line in which the byte lies, from 1.
    pub(crate) fn line(&self, at: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&start| start <= at)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_part_above_gives_the_line() {
        let located = Located::new(Value::Null, LineMap(BTreeMap::from([(String::new(), 1), ("/a".to_owned(), 3), ("/a/b".to_owned(), 5)])));
        assert_eq!(["/a/b", "/a/c/d", "/x", ""].map(|pointer| located.line(pointer)), [5, 3, 1, 1]);
        assert_eq!((located.lines_of("/a"), located.lines_of("/x")), ((3, 5), (1, 1)));
        assert_eq!(located.moved_down(2).line("/a/b"), 7);
    }

    #[test]
    fn bytes_have_lines() {
        let lines = Lines::of("a\nbc\n");
        assert_eq!([0, 1, 2, 4, 5].map(|at| lines.line(at)), [1, 1, 2, 2, 3]);
    }
}
