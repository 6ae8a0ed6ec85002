//! Files cut into chunks of lines, small enough that a budget holds many, whole enough that each can be read.

/// Lines of a chunk at most.
pub(crate) const LINES_MAX: usize = 40;
/// A chunk is not cut before this many lines.
const LINES_MIN: usize = 12;
/// Bytes of a chunk at most; a longer line is a chunk of its own.
const BYTES_MAX: usize = 4096;

/// Some lines of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first line, from 1.
    pub(crate) first_line: u32,
    /// The last line.
    pub(crate) last_line: u32,
    /// Where the first line begins, in bytes.
    pub(crate) start: u32,
    /// Where the last line ends, its line end included.
    pub(crate) end: u32,
}

/// Cuts `text` into spans that tile it. A cut falls where a reader would make it: before a line that begins at the margin after a
/// blank one, else after a blank line, else where the chunk is full.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let lines = lines(text);
    let mut found = Vec::with_capacity(lines.len() / 20 + 1);
    let mut first = 0;
    while first < lines.len() {
        let last = last_line(&lines, first);
        found.push(Span { first_line: number(first + 1), last_line: number(last + 1), start: number(lines[first].start), end: number(lines[last].end) });
        first = last + 1;
    }
    found
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

struct Line {
    start: usize,
    end: usize,
    /// Blank characters before its text; `None` for a blank line.
    indent: Option<usize>,
}

fn lines(text: &str) -> Vec<Line> {
    let bytes = text.as_bytes();
    let mut found = Vec::with_capacity(bytes.len() / 32 + 1);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes).map(|at| at + 1).chain([bytes.len()]) {
        if start < end {
            let indent = bytes[start..end].iter().position(|byte| !byte.is_ascii_whitespace());
            found.push(Line { start, end, indent });
        }
        start = end;
    }
    found
}

/// The last line of the chunk that begins at `first`.
fn last_line(lines: &[Line], first: usize) -> usize {
    let most = (first + LINES_MAX).min(lines.len());
    let fits = (first + 1..most).take_while(|&at| lines[at].end - lines[first].start <= BYTES_MAX).last().unwrap_or(first);
    if fits + 1 == lines.len() {
        return fits;
    }
    let cuts = first + LINES_MIN..=fits;
    // How good a place before a line is: at the margin after a blank line, then after any blank line, the later the better.
    let rank = |at: usize| match (lines.get(at).and_then(|line| line.indent), lines[at - 1].indent) {
        (Some(0), None) => 2,
        (Some(_), None) => 1,
        _ => 0,
    };
    cuts.map(|at| (rank(at + 1), at)).filter(|&(rank, _)| rank > 0).max().map_or(fits, |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_fall_between_items() {
        let item = |lines: usize| format!("fn x() {{\n{}}}\n\n", "    a();\n".repeat(lines));
        let text = [item(10), item(10), item(10), item(30)].concat();
        let shown: Vec<(u32, u32)> = spans(&text).iter().map(|span| (span.first_line, span.last_line)).collect();
        assert_eq!(shown, [(1, 39), (40, 72)]);
    }

    proptest! {
        #[test]
        fn spans_tile_the_text(text in "([a-z {}\n\t]|\n\n|é|.{200}\n){0,400}") {
            let mut at = 0;
            let mut line = 0;
            for span in spans(&text) {
                prop_assert_eq!((span.start as usize, span.first_line), (at, line + 1));
                let piece = &text[span.start as usize..span.end as usize];
                prop_assert!(piece.len() <= BYTES_MAX || span.first_line == span.last_line);
                prop_assert_eq!(piece.split_inclusive('\n').count() as u32, span.last_line - span.first_line + 1);
                prop_assert!((span.last_line - span.first_line) < LINES_MAX as u32);
                (at, line) = (span.end as usize, span.last_line);
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
