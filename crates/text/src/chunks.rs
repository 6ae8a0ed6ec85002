//! Units gathered into pieces of a wished size.

use crate::tokens::Counter;
use crate::{Unit, UnitKind, units};

/// A piece of a text: whole units that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// Where the headings above it lie (start and end in bytes), the outermost first. A heading at its own beginning is among them.
    pub headings: Vec<(usize, usize)>,
    /// Its size by [`estimate_tokens`](crate::estimate_tokens).
    pub tokens: u64,
}

/// Cuts `text` into chunks of at most `tokens_max` estimated tokens. A chunk never crosses a heading and never cuts a unit: a unit larger than
/// the bound is a chunk of its own. Nothing but white space lies between chunks.
#[must_use]
pub fn chunks(text: &str, tokens_max: u64) -> Vec<Chunk> {
    let units = units(text);
    let mut found: Vec<Chunk> = Vec::new();
    let mut counter = Counter::default();
    for (at, unit) in units.iter().enumerate() {
        if let Some(open) = found.last_mut() {
            counter.push_text(&text[open.end..unit.end]);
            let under_new_heading = unit.kind == UnitKind::Heading && units[at - 1].kind != UnitKind::Heading;
            if !under_new_heading && counter.total() <= tokens_max {
                (open.end, open.tokens) = (unit.end, counter.total());
                continue;
            }
        }
        counter = Counter::default();
        counter.push_text(unit.text(text));
        found.push(Chunk { start: unit.start, end: unit.end, headings: headings(&units, at), tokens: counter.total() });
    }
    found
}

/// Places of the headings above a unit, and of the unit itself if it is one.
fn headings(units: &[Unit], first: usize) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut above = if units[first].kind == UnitKind::Heading { Some(first) } else { units[first].heading };
    while let Some(place) = above {
        found.push((units[place].start, units[place].end));
        above = units[place].heading;
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chunks_keep_headings_and_bounds() {
        let text = "# Tea\nGreen tea is mild. Black tea is strong.\n## Cups\nCups hold 200 ml.";
        let check = |tokens_max, expected: &[(&str, &[&str])]| {
            let found = chunks(text, tokens_max);
            let shown: Vec<(&str, Vec<&str>)> =
                found.iter().map(|chunk| (&text[chunk.start..chunk.end], chunk.headings.iter().map(|&(start, end)| &text[start..end]).collect())).collect();
            let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(text, headings)| (*text, headings.to_vec())).collect();
            assert_eq!(shown, expected);
        };
        check(100, &[("# Tea\nGreen tea is mild. Black tea is strong.", &["# Tea"]), ("## Cups\nCups hold 200 ml.", &["# Tea", "## Cups"])]);
        check(
            6,
            &[
                ("# Tea", &["# Tea"]),
                ("Green tea is mild.", &["# Tea"]),
                ("Black tea is strong.", &["# Tea"]),
                ("## Cups", &["# Tea", "## Cups"]),
                ("Cups hold 200 ml.", &["# Tea", "## Cups"]),
            ],
        );
    }

    proptest! {
        #[test]
        fn chunks_tile_the_text_within_the_bound(text in "([a-z]{1,8}|[ .!\n]|\n# ){0,80}", tokens_max in 1_u64..40) {
            let units = units(&text);
            let mut at = 0;
            for chunk in chunks(&text, tokens_max) {
                prop_assert!(text[at..chunk.start].trim().is_empty());
                let whole = units.iter().filter(|unit| unit.start >= chunk.start && unit.end <= chunk.end).count();
                prop_assert_eq!(chunk.tokens, crate::estimate_tokens(&text[chunk.start..chunk.end]));
                prop_assert!(whole >= 1 && (chunk.tokens <= tokens_max || whole == 1));
                at = chunk.end;
            }
            prop_assert!(text[at..].trim().is_empty());
        }
    }
}
