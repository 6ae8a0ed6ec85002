//! The units of a text: sentences, headings, list items, tables, code.

use crate::blocks::{Block, BlockKind, blocks};
use crate::sentences::sentences;

/// What a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// A sentence of a paragraph, or a line of it that stands alone.
    Sentence,
    /// A heading (`# …` or underlined).
    Heading,
    /// A sentence of a list item; the first of an item begins with its marker.
    ListItem,
    /// A whole table in pipes.
    Table,
    /// A whole fenced code block with its fences, or a rule.
    Code,
}

/// One unit and where it lies, in bytes of the text it was cut from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// What it is.
    pub kind: UnitKind,
    /// Where it begins, without white space before.
    pub start: usize,
    /// Where it ends, without white space after.
    pub end: usize,
    /// The place in the list of the heading that it stands under; a heading stands under the next higher one.
    pub heading: Option<usize>,
    /// The number of the block (paragraph, item, table) that it belongs to, from 0; units of one block follow each other.
    pub block: usize,
}

impl Unit {
    /// The unit's own text; `text` is what it was cut from.
    ///
    /// # Panics
    /// If `text` is another text, shorter or with other character boundaries.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }
}

/// Cuts `text` into units, in order. They never overlap, and nothing but white space lies between, before or after them.
#[must_use]
pub fn units(text: &str) -> Vec<Unit> {
    let mut found: Vec<Unit> = Vec::new();
    // The headings above the present place, with their depths.
    let mut above: Vec<(usize, usize)> = Vec::new();
    for (number, Block { kind, range }) in blocks(text).into_iter().enumerate() {
        let (kind, pieces) = match kind {
            BlockKind::Blank => continue,
            BlockKind::Heading => (UnitKind::Heading, vec![range]),
            BlockKind::Table => (UnitKind::Table, vec![range]),
            BlockKind::Code => (UnitKind::Code, vec![range]),
            BlockKind::ListItem => (UnitKind::ListItem, sentences(text, range)),
            BlockKind::Paragraph => (UnitKind::Sentence, sentences(text, range)),
        };
        for piece in pieces {
            let whole = &text[piece.clone()];
            let start = piece.start + (whole.len() - whole.trim_start().len());
            let end = piece.start + whole.trim_end().len();
            if start >= end {
                continue;
            }
            if kind == UnitKind::Heading {
                let depth = heading_depth(&text[start..end]);
                above.retain(|&(_, higher)| higher < depth);
            }
            found.push(Unit { kind, start, end, heading: above.last().map(|&(place, _)| place), block: number });
            if kind == UnitKind::Heading {
                above.push((found.len() - 1, heading_depth(&text[start..end])));
            }
        }
    }
    found
}

fn heading_depth(heading: &str) -> usize {
    match heading.bytes().take_while(|&b| b == b'#').count() {
        0 if heading.ends_with('-') => 2,
        0 => 1,
        depth => depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headings_hold_what_follows() {
        let text = "# A\nOne. Two.\n## B\n- x\n\n# C\nThree.";
        let shown: Vec<(&str, Option<&str>)> = {
            let units = units(text);
            units.iter().map(|unit| (unit.text(text), unit.heading.map(|place| units[place].text(text)))).collect()
        };
        assert_eq!(
            shown,
            [("# A", None), ("One.", Some("# A")), ("Two.", Some("# A")), ("## B", Some("# A")), ("- x", Some("## B")), ("# C", None), ("Three.", Some("# C"))]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn nothing_is_lost_and_nothing_overlaps(text in "([a-zA-Z]{1,6}|[0-9]{1,3}|[ .!?:|#`=\\-\n\r\t。é\u{3000}🙂\"')]|Dr\\. |```|\n\n|\n- ){0,60}") {
            let mut at = 0;
            for unit in units(&text) {
                prop_assert!(unit.start >= at && unit.end > unit.start);
                prop_assert!(text[at..unit.start].trim().is_empty(), "lost {:?}", &text[at..unit.start]);
                prop_assert_eq!(unit.text(&text), unit.text(&text).trim());
                at = unit.end;
            }
            prop_assert!(text[at..].trim().is_empty(), "lost {:?}", &text[at..]);
        }
    }
}
