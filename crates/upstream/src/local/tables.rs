//! Markdown tables, read with the places of their cells.

use std::ops::Range;

/// A cell: its text without white space around it, and where that lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) range: Range<usize>,
}

/// A row of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// From the first cell's beginning to the last one's end.
    pub(crate) range: Range<usize>,
    pub(crate) cells: Vec<Cell>,
}

/// A table. Its first line is the header where a separator follows it; else it has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// The tables of a text: runs of lines with pipes.
pub(crate) fn tables(text: &str) -> Vec<Table> {
    let mut found = Vec::new();
    let mut open: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        if line.contains('|') {
            open.push(range);
        } else if !open.is_empty() {
            found.extend(table(text, &std::mem::take(&mut open)));
        }
    }
    found.extend(table(text, &open));
    found
}

fn table(text: &str, lines: &[Range<usize>]) -> Option<Table> {
    if lines.len() < 2 {
        return None;
    }
    let mut table = Table::default();
    let has_header = is_separator(&text[lines[1].clone()]);
    for (place, line) in lines.iter().enumerate() {
        let cells = cells(text, line);
        if has_header && place == 0 {
            table.columns = cells.into_iter().map(|cell| plain(&cell.text).to_owned()).collect();
        } else if !is_separator(&text[line.clone()]) {
            let (Some(first), Some(last)) = (cells.iter().find(|cell| !cell.text.is_empty()), cells.iter().rfind(|cell| !cell.text.is_empty())) else {
                continue;
            };
            table.rows.push(Row { range: first.range.start..last.range.end, cells });
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn is_separator(line: &str) -> bool {
    line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | '+') || c.is_whitespace())
}

/// The cells between the pipes of a line; an escaped pipe belongs to its cell.
fn cells(text: &str, line: &Range<usize>) -> Vec<Cell> {
    let shown = text[line.clone()].trim();
    let offset = line.start + (text[line.clone()].len() - text[line.clone()].trim_start().len());
    let from = usize::from(shown.starts_with('|'));
    let mut start = from;
    let mut found = Vec::new();
    let mut cut = |start: usize, end: usize| {
        let whole = &shown[start..end];
        let begin = offset + start + (whole.len() - whole.trim_start().len());
        let trimmed = whole.trim();
        found.push(Cell { text: trimmed.to_owned(), range: begin..begin + trimmed.len() });
    };
    for (at, _) in shown.match_indices('|').filter(|&(at, _)| at >= from && !shown[..at].ends_with('\\')) {
        cut(start, at);
        start = at + 1;
    }
    if start < shown.len() {
        cut(start, shown.len());
    }
    found
}

/// Text without the marks of emphasis and code around it.
pub(crate) fn plain(text: &str) -> &str {
    text.trim().trim_matches(['*', '_', '`']).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_places() {
        let text = "Plans:\n| Plan | **Price** |\n|:---|---:|\n| Free | 0 |\n|  Pro  | 20 \\| 30 |\nend";
        let found = tables(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].columns, ["Plan", "Price"]);
        for row in &found[0].rows {
            for cell in &row.cells {
                assert_eq!(text[cell.range.clone()], cell.text);
            }
        }
        let shown: Vec<&str> = found[0].rows.iter().map(|row| &text[row.range.clone()]).collect();
        assert_eq!(shown, ["Free | 0", "Pro  | 20 \\| 30"]);
        assert_eq!(tables("a | b").len(), 0);
        assert_eq!(tables("a | b\n--|--").len(), 0);
        assert_eq!(tables("a | b\nc | d")[0].rows.len(), 2);
    }
}
