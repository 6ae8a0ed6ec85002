//! Server-sent events, read as they arrive: cut at any byte, with any line ending, without copying what needs no copy.

use bytes::Bytes;
use memchr::memchr2;
use std::fmt;
use std::ops::Range;

/// The largest event that is held until it is complete, in bytes.
pub const EVENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// An event is larger than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SseTooLarge {
    /// The limit in bytes.
    pub limit: usize,
}

impl fmt::Display for SseTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event of the stream is larger than {} bytes", self.limit)
    }
}

impl std::error::Error for SseTooLarge {}

/// Where an event's fields lie. Offsets count from the event's first byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Place of the last `event` field's value.
    pub(crate) name: Option<Range<usize>>,
    /// Place of the first `data` line's value.
    pub(crate) data: Range<usize>,
    /// How many `data` lines there are.
    pub(crate) data_lines: usize,
}

impl Shape {
    /// Takes in a line (without its ending); true where it is blank, which ends the event.
    fn line(&mut self, event: &[u8], line: Range<usize>) -> bool {
        let bytes = &event[line.clone()];
        if bytes.is_empty() {
            return true;
        }
        if let Some(value) = field(bytes, b"data") {
            if self.data_lines == 0 {
                self.data = line.start + value..line.end;
            }
            self.data_lines += 1;
        } else if let Some(value) = field(bytes, b"event") {
            self.name = Some(line.start + value..line.end);
        }
        false
    }

    /// The data: the one line as it stands, or all lines joined by newlines.
    pub(crate) fn data<'a>(&self, event: &'a [u8], joined: &'a mut Vec<u8>) -> &'a [u8] {
        if self.data_lines <= 1 {
            return &event[self.data.clone()];
        }
        joined.extend_from_slice(&event[self.data.clone()]);
        for (line, value) in lines(&event[self.data.end..]).filter_map(|line| Some((line, field(line, b"data")?))) {
            joined.push(b'\n');
            joined.extend_from_slice(&line[value..]);
        }
        joined
    }
}

/// Where the value of field `name` begins in a line, where the line is of that field.
pub(crate) fn field(line: &[u8], name: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(name)?;
    match rest {
        [] => Some(line.len()),
        [b':', b' ', ..] => Some(name.len() + 2),
        [b':', ..] => Some(name.len() + 1),
        _ => None,
    }
}

/// The lines of an event without their endings.
pub(crate) fn lines(event: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = event;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest[end..].strip_prefix(b"\r\n").or_else(|| rest.get(end + 1..)).unwrap_or_default();
        Some(line)
    })
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// A complete event as the splitter finds it.
#[derive(Debug)]
pub(crate) enum Piece {
    /// It lies in the chunk.
    Chunk(Range<usize>, Shape),
    /// It was held since an earlier chunk and is complete now.
    Held(Bytes, Shape),
    /// The line feed at the chunk's beginning that belongs to the carriage return with which the previous event ended.
    Tail(Range<usize>),
}

/// Finds events in chunks. What is incomplete is held, and searched once.
#[derive(Debug)]
pub(crate) struct Splitter {
    held: Vec<u8>,
    shape: Shape,
    /// Where the line begins that is being read, from the event's first byte.
    line_start: usize,
    /// The previous chunk ended with a carriage return: a line feed may follow that belongs to it.
    after_cr: bool,
    /// The stream's first line was read: a byte-order mark may stand before it alone.
    began: bool,
    limit: usize,
}

impl Splitter {
    pub(crate) const fn new(limit: usize) -> Self {
        let shape = Shape { name: None, data: 0..0, data_lines: 0 };
        Self { held: Vec::new(), shape, line_start: 0, after_cr: false, began: false, limit }
    }

    /// The next complete event of `chunk` at or behind `at`, which moves on. `None`: the rest is held, and all was read.
    pub(crate) fn next(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, SseTooLarge> {
        if *at < chunk.len() && std::mem::take(&mut self.after_cr) && chunk[*at] == b'\n' {
            *at += 1;
            if self.held.is_empty() {
                return Ok(Some(Piece::Tail(*at - 1..*at)));
            }
            self.held.push(b'\n');
            self.line_start = self.held.len();
        }
        if *at >= chunk.len() {
            return Ok(None);
        }
        if self.held.is_empty() { self.next_in_chunk(chunk, at) } else { self.next_held(chunk, at) }
    }

    fn next_in_chunk(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, SseTooLarge> {
        let start = *at;
        let event = &chunk[start..];
        self.line_start = 0;
        while let Some(length) = memchr2(b'\n', b'\r', &event[self.line_start..]) {
            let line = self.line_start..self.line_start + length;
            let next = self.behind_ending(event, line.end);
            self.line_start = next;
            if self.line(event, line) {
                *at = start + next;
                return Ok(Some(Piece::Chunk(start..*at, std::mem::take(&mut self.shape))));
            }
        }
        self.held.extend_from_slice(event);
        *at = chunk.len();
        self.hold_on()
    }

    fn next_held(&mut self, chunk: &Bytes, at: &mut usize) -> Result<Option<Piece>, SseTooLarge> {
        while let Some(length) = memchr2(b'\n', b'\r', &chunk[*at..]) {
            let next = self.behind_ending(chunk, *at + length);
            let line = self.line_start..self.held.len() + length;
            self.held.extend_from_slice(&chunk[*at..next]);
            *at = next;
            self.line_start = self.held.len();
            let event = std::mem::take(&mut self.held);
            if self.line(&event, line) {
                return Ok(Some(Piece::Held(event.into(), std::mem::take(&mut self.shape))));
            }
            self.held = event;
        }
        self.held.extend_from_slice(&chunk[*at..]);
        *at = chunk.len();
        self.hold_on()
    }

    fn hold_on(&self) -> Result<Option<Piece>, SseTooLarge> {
        if self.held.len() > self.limit { Err(SseTooLarge { limit: self.limit }) } else { Ok(None) }
    }

    /// The offset behind the line ending at `end`.
    fn behind_ending(&mut self, bytes: &[u8], end: usize) -> usize {
        if bytes[end] == b'\r' {
            match bytes.get(end + 1) {
                Some(b'\n') => return end + 2,
                Some(_) => {}
                None => self.after_cr = true,
            }
        }
        end + 1
    }

    fn line(&mut self, event: &[u8], mut line: Range<usize>) -> bool {
        if !std::mem::replace(&mut self.began, true) && event[line.clone()].starts_with(BOM) {
            line.start += BOM.len();
        }
        self.shape.line(event, line)
    }

    /// The stream ended: what was held, its last line taken as ended too. A server may leave out the last blank line.
    pub(crate) fn finish(&mut self) -> Option<(Bytes, Shape)> {
        if self.held.is_empty() {
            return None;
        }
        let event = std::mem::take(&mut self.held);
        self.line(&event, self.line_start..event.len());
        Some((event.into(), std::mem::take(&mut self.shape)))
    }

    /// Bytes held now.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held.len()
    }
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// The value of the `event` field; empty where there is none.
    pub name: String,
    /// The data, its lines joined by newlines.
    pub data: Bytes,
}

/// Reads a stream of events whose chunks may be cut anywhere. Comments, and events without data, are passed over.
#[derive(Debug)]
pub struct SseReader(Splitter);

impl Default for SseReader {
    fn default() -> Self {
        Self::new(EVENT_BYTES_MAX)
    }
}

impl SseReader {
    /// A reader that holds at most `limit` bytes of an incomplete event.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self(Splitter::new(limit))
    }

    /// The events that `chunk` completes.
    ///
    /// # Errors
    /// Where an incomplete event exceeds the limit. The stream cannot be read further then.
    pub fn push(&mut self, chunk: &Bytes) -> Result<Vec<SseEvent>, SseTooLarge> {
        let mut events = Vec::new();
        let mut at = 0;
        while let Some(piece) = self.0.next(chunk, &mut at)? {
            match piece {
                Piece::Chunk(place, shape) => events.extend(event(&chunk.slice(place), &shape)),
                Piece::Held(bytes, shape) => events.extend(event(&bytes, &shape)),
                Piece::Tail(_) => {}
            }
        }
        Ok(events)
    }

    /// The stream ended: its last event, where the blank line behind it is missing.
    pub fn finish(&mut self) -> Option<SseEvent> {
        self.0.finish().and_then(|(bytes, shape)| event(&bytes, &shape))
    }
}

fn event(bytes: &Bytes, shape: &Shape) -> Option<SseEvent> {
    let data = match shape.data_lines {
        0 => return None,
        1 => bytes.slice(shape.data.clone()),
        _ => {
            let mut joined = Vec::new();
            shape.data(bytes, &mut joined);
            joined.into()
        }
    };
    let name = shape.name.clone().map(|place| String::from_utf8_lossy(&bytes[place]).into_owned()).unwrap_or_default();
    Some(SseEvent { name, data })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<(String, String)> {
        let mut reader = SseReader::default();
        let mut events: Vec<SseEvent> = chunks.iter().flat_map(|chunk| reader.push(&Bytes::copy_from_slice(chunk)).unwrap()).collect();
        events.extend(reader.finish());
        events.into_iter().map(|event| (event.name, String::from_utf8(event.data.to_vec()).unwrap())).collect()
    }

    #[track_caller]
    fn check(stream: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
        let bytes = stream.as_bytes();
        for first in 0..=bytes.len() {
            for second in [first, first.midpoint(bytes.len()), bytes.len()] {
                let chunks = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(read(&chunks), expected, "{stream:?} cut at {first} and {second}");
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single), expected, "{stream:?} byte by byte");
    }

    #[test]
    fn case_14_every_line_ending_is_read() {
        for ending in ["\n", "\r\n", "\r"] {
            let stream = ["event: a", "data: 1", "", "data:2", "", ""].join(ending);
            check(&stream, &[("a", "1"), ("", "2")]);
        }
        check("data: 1\r\n\ndata: 2\n\r\ndata: 3\r\r\n", &[("", "1"), ("", "2"), ("", "3")]);
    }

    #[test]
    fn case_14_lines_are_joined_and_one_space_is_dropped() {
        check("data: a\ndata:  b\ndata:c\ndata\n\n", &[("", "a\n b\nc\n")]);
        check("data:\n\n", &[("", "")]);
        check("datax: 1\nid: 7\nretry: 3\nevent: a\nevent:b\ndata: 1\n\n", &[("b", "1")]);
    }

    #[test]
    fn case_14_a_byte_order_mark_may_stand_before_the_first_line_alone() {
        check("\u{feff}data: 1\n\n\u{feff}data: 2\n\n", &[("", "1")]);
        check("\u{feff}data: a\ndata: b\n\n", &[("", "a\nb")]);
    }

    #[test]
    fn case_14_characters_cut_in_two_are_whole_again() {
        check("data: é€😀\n\n", &[("", "é€😀")]);
    }

    #[test]
    fn case_14_a_huge_event_is_read_and_a_larger_one_refused() {
        let huge = format!("data: {}\n\n", "x".repeat(3_000_000));
        let mut reader = SseReader::default();
        let mut events = Vec::new();
        for chunk in huge.as_bytes().chunks(16_384) {
            events.extend(reader.push(&Bytes::copy_from_slice(chunk)).unwrap());
        }
        assert_eq!(events[0].data.len(), 3_000_000);
        let mut reader = SseReader::new(100);
        assert!(reader.push(&Bytes::from_static(b"data: ")).is_ok());
        assert_eq!(reader.push(&Bytes::from(vec![b'x'; 100])), Err(SseTooLarge { limit: 100 }));
    }

    #[test]
    fn case_13_comments_are_passed_over() {
        check(": keep-alive\n\n:\n\ndata: 1\n: inside\n\n", &[("", "1")]);
    }

    #[test]
    fn the_last_blank_line_may_be_missing() {
        check("data: 1\n\ndata: [DONE]", &[("", "1"), ("", "[DONE]")]);
        check("data: 1\n\ndata: [DONE]\r", &[("", "1"), ("", "[DONE]")]);
    }

    #[test]
    fn an_event_within_one_chunk_is_not_copied() {
        let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
        let events = SseReader::default().push(&chunk).unwrap();
        assert_eq!(events[1].data.as_ptr(), chunk[15..].as_ptr());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(chunks in prop::collection::vec("[\r\n :daevtn\u{feff}x]{0,12}", 0..12)) {
            let bytes: Vec<&[u8]> = chunks.iter().map(String::as_bytes).collect();
            let whole = chunks.concat();
            prop_assert_eq!(read(&bytes), read(&[whole.as_bytes()]));
        }
    }
}
