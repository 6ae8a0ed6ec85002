//! The cache breakpoints (`cache_control`) that a Messages request has of its own, and those (`cachePoint`) of a Converse request.

use crate::json::{Cursor, Parsed};

/// Breakpoints that a request may have ("Prompt caching", Anthropic; the same in the Amazon Bedrock User Guide).
const BREAKPOINTS_MAX: u64 = 4;

/// What the caller marks itself.
#[derive(Debug, Default)]
pub(super) struct Markers {
    /// Breakpoints in the whole request.
    count: u64,
    /// Whether one behind the front of `system` lives an hour: none that lives shorter may stand before it (case 43).
    is_long_behind: bool,
}

impl Markers {
    /// Breakpoints that can be added at the front of `system`.
    pub(super) const fn room(&self) -> u64 {
        if self.is_long_behind { 0 } else { BREAKPOINTS_MAX.saturating_sub(self.count) }
    }

    /// Passes the value of a member of the request, and counts.
    pub(super) fn member(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<()> {
        // In the prompt tools come first, so theirs stand before ours.
        let is_behind = !matches!(name, b"tools" | b"toolConfig");
        if name == b"cache_control" { self.marker(cursor, is_behind) } else { self.value(cursor, is_behind) }
    }

    fn value(&mut self, cursor: &mut Cursor<'_>, is_behind: bool) -> Parsed<()> {
        match cursor.peek() {
            Some(b'[') => cursor.array(|cursor, _| self.value(cursor, is_behind)),
            Some(b'{') => cursor.object(|cursor, name| match &*cursor.name(name) {
                b"cache_control" | b"cachePoint" => self.marker(cursor, is_behind),
                // Arguments and schemas of tools may hold any name.
                b"input" | b"input_schema" | b"inputSchema" => cursor.skip(),
                _ => self.value(cursor, is_behind),
            }),
            _ => cursor.skip(),
        }
    }

    fn marker(&mut self, cursor: &mut Cursor<'_>, is_behind: bool) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        self.count += 1;
        cursor.object(|cursor, name| {
            if &*cursor.name(name) == b"ttl" && cursor.peek() == Some(b'"') {
                let life = cursor.string()?;
                // What lives longer than the usual five minutes is an hour, or what is not known today.
                self.is_long_behind |= is_behind && *cursor.name(life) != *b"5m";
                return Ok(());
            }
            cursor.skip()
        })
    }
}
