//! The lines of a text, gathered into blocks: headings, lists, tables, code fences, paragraphs.

use std::ops::Range;

/// What a run of lines is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Blank,
    Heading,
    ListItem,
    Table,
    Code,
    Paragraph,
}

/// A run of whole lines; blocks tile the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    pub(crate) range: Range<usize>,
}

/// Cuts `text` into blocks. Their ranges follow each other without gap from 0 to the end.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let lines = lines(text);
    let mut blocks: Vec<Block> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (kind, count) = block_at(text, &lines[at..], blocks.last());
        let range = lines[at].start..lines[at + count - 1].end;
        at += count;
        match blocks.last_mut() {
            Some(last) if joins(last.kind, kind) => last.range.end = range.end,
            _ => blocks.push(Block { kind, range }),
        }
    }
    blocks
}

/// The lines of a text with their line ends.
pub(crate) fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).chain([text.len()]) {
        if end > start {
            lines.push(start..end);
        }
        start = end;
    }
    lines
}

/// Lines of a paragraph go on in the paragraph, or in the list item before it.
const fn joins(last: BlockKind, next: BlockKind) -> bool {
    matches!((last, next), (BlockKind::Paragraph | BlockKind::ListItem, BlockKind::Paragraph) | (BlockKind::Blank, BlockKind::Blank))
}

/// The kind of the block that begins with the first of `rest`, and how many lines it surely has.
fn block_at(text: &str, rest: &[Range<usize>], before: Option<&Block>) -> (BlockKind, usize) {
    let line = |at: usize| rest.get(at).map_or("", |range| &text[range.clone()]);
    let first = line(0);
    let trimmed = first.trim();
    if trimmed.is_empty() {
        return (BlockKind::Blank, 1);
    }
    if let Some(fence) = fence(trimmed) {
        let inside =
            (1..rest.len()).find(|&at| line(at).trim().starts_with(fence) && line(at).trim().trim_start_matches(fence).trim_matches(['`', '~']).is_empty());
        return (BlockKind::Code, inside.map_or(rest.len(), |at| at + 1));
    }
    if is_heading(trimmed) {
        return (BlockKind::Heading, 1);
    }
    if is_rule(trimmed) {
        return (BlockKind::Code, 1);
    }
    if is_table_line(trimmed) && (trimmed.starts_with('|') || is_table_separator(line(1).trim())) {
        let count = (1..rest.len()).find(|&at| !is_table_line(line(at).trim())).unwrap_or(rest.len());
        return (BlockKind::Table, count);
    }
    if list_marker(trimmed).is_some() {
        return (BlockKind::ListItem, 1);
    }
    // A line underlined with = or - is a heading too, if it does not go on a paragraph.
    let fresh = !before.is_some_and(|block| block.kind == BlockKind::Paragraph);
    if fresh && is_underline(line(1).trim()) {
        return (BlockKind::Heading, 2);
    }
    (BlockKind::Paragraph, 1)
}

fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence))
}

/// `# Title` to `###### Title`.
fn is_heading(line: &str) -> bool {
    let rest = line.trim_start_matches('#');
    (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with([' ', '\t'])
}

/// `---`, `***`, `===` standing alone: a rule, which is nobody's sentence.
fn is_rule(line: &str) -> bool {
    line.len() >= 3 && ["-", "*", "_", "="].iter().any(|mark| line.replace(mark, "").trim().is_empty())
}

fn is_underline(line: &str) -> bool {
    line.len() >= 3 && (line.trim_matches('=').is_empty() || line.trim_matches('-').is_empty())
}

fn is_table_line(line: &str) -> bool {
    line.contains('|') && !line.is_empty()
}

/// `|---|:--:|`: the line under a table's header.
pub(crate) fn is_table_separator(line: &str) -> bool {
    line.contains('-') && line.contains('|') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t' | '+'))
}

/// The length of `- `, `* `, `+ `, `• `, `1. ` or `1) ` at the start of a line, with the space.
pub(crate) fn list_marker(line: &str) -> Option<usize> {
    if let Some(bullet) = ["- ", "* ", "+ ", "• ", "– "].iter().find(|bullet| line.starts_with(**bullet)) {
        return Some(bullet.len());
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &line[digits..];
    ((1..=3).contains(&digits) && (rest.starts_with(". ") || rest.starts_with(") "))).then_some(digits + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(BlockKind, &str)]) {
        let found: Vec<(BlockKind, &str)> = blocks(text).into_iter().map(|block| (block.kind, &text[block.range])).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn kinds_of_blocks() {
        use BlockKind::{Blank, Code, Heading, ListItem, Paragraph, Table};
        check("", &[]);
        check("one\ntwo\n\nthree", &[(Paragraph, "one\ntwo\n"), (Blank, "\n"), (Paragraph, "three")]);
        check("# A\ntext", &[(Heading, "# A\n"), (Paragraph, "text")]);
        check("Title\n=====\ntext", &[(Heading, "Title\n=====\n"), (Paragraph, "text")]);
        check("- a\n  more\n- b", &[(ListItem, "- a\n  more\n"), (ListItem, "- b")]);
        check("1. a\n2) b", &[(ListItem, "1. a\n"), (ListItem, "2) b")]);
        check("```rust\nlet a = 1;\n```\nend", &[(Code, "```rust\nlet a = 1;\n```\n"), (Paragraph, "end")]);
        check("```\nopen", &[(Code, "```\nopen")]);
        check("| a | b |\n|---|---|\n| 1 | 2 |\nend", &[(Table, "| a | b |\n|---|---|\n| 1 | 2 |\n"), (Paragraph, "end")]);
        check("a | b\n--|--\n1 | 2", &[(Table, "a | b\n--|--\n1 | 2")]);
        check("a or | b\nno table", &[(Paragraph, "a or | b\nno table")]);
        check("2024. was a year", &[(Paragraph, "2024. was a year")]);
        check("#hash", &[(Paragraph, "#hash")]);
    }
}
