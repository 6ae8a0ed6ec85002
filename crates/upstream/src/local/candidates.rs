//! The pieces of the context that may be an answer: sentences, list items, table rows and cells, lines of code.

use crate::local::material::{Source, is_question};
use crate::local::tables::{Table, tables};
use jeton_text::{Unit, UnitKind, terms, units};
use std::ops::Range;

/// A piece that may be an answer, with the text around it that helps to find it.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// Place in the list of sources.
    pub(crate) source: usize,
    /// Where it lies in the source's text.
    pub(crate) range: Range<usize>,
    /// Its own terms.
    pub(crate) own: Vec<String>,
    /// Terms of what it stands under: headings, a question that it answers, the line that introduces its list, a table's header.
    pub(crate) heading: Vec<String>,
    /// Terms of the sentences before and after it.
    pub(crate) neighbours: Vec<String>,
}

/// All candidates of all sources, in order.
pub(crate) fn candidates(sources: &[Source]) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (place, source) in sources.iter().enumerate() {
        for span in &source.spans {
            in_span(place, source, span, &mut found);
        }
    }
    found
}

fn in_span(source: usize, whole: &Source, span: &Range<usize>, found: &mut Vec<Candidate>) {
    let text = &whole.text[span.clone()];
    let units = units(text);
    let terms = units.iter().map(|unit| if unit.kind == UnitKind::Table { Vec::new() } else { terms(unit.text(text)) }).collect();
    let reader = Reader { text, offset: span.start, source, runs: run_starts(&units), units, terms };
    for place in 0..reader.units.len() {
        reader.read(place, found);
    }
}

/// The units of one span.
struct Reader<'a> {
    text: &'a str,
    /// Where the span begins in the source's text.
    offset: usize,
    source: usize,
    units: Vec<Unit>,
    /// Of each unit but tables.
    terms: Vec<Vec<String>>,
    runs: Vec<usize>,
}

impl Reader<'_> {
    fn read(&self, place: usize, found: &mut Vec<Candidate>) {
        let unit = &self.units[place];
        match unit.kind {
            UnitKind::Heading => {}
            UnitKind::Sentence | UnitKind::ListItem => {
                if !self.asks(place) {
                    found.push(self.candidate(without_dress(self.text, unit), self.above(place), self.around(place)));
                }
            }
            UnitKind::Table => {
                for table in tables(unit.text(self.text)) {
                    let heading = [self.above(place), header_terms(&table)].concat();
                    for row in &table.rows {
                        let range = row.range.start + unit.start..row.range.end + unit.start;
                        found.push(self.candidate(range, heading.clone(), Vec::new()));
                    }
                }
            }
            UnitKind::Code => {
                let heading = self.above(place);
                found.extend(code_lines(self.text, unit).into_iter().map(|range| self.candidate(range, heading.clone(), Vec::new())));
            }
        }
    }

    fn candidate(&self, range: Range<usize>, heading: Vec<String>, neighbours: Vec<String>) -> Candidate {
        let own = terms(&self.text[range.clone()]);
        Candidate { source: self.source, range: range.start + self.offset..range.end + self.offset, own, heading, neighbours }
    }

    fn asks(&self, place: usize) -> bool {
        is_question(self.units[place].text(self.text))
    }

    /// Terms of the headings above, and of the question or the introducing line (`… :`) right before.
    fn above(&self, place: usize) -> Vec<String> {
        let mut found = Vec::new();
        let mut heading = self.units[place].heading;
        while let Some(at) = heading {
            found.extend_from_slice(&self.terms[at]);
            heading = self.units[at].heading;
        }
        if let Some(question) = place.checked_sub(1).filter(|&at| self.asks(at)) {
            found.extend_from_slice(&self.terms[question]);
        }
        let introduces = |&at: &usize| self.units[at].kind == UnitKind::Sentence && self.units[at].text(self.text).ends_with(':');
        if matches!(self.units[place].kind, UnitKind::ListItem | UnitKind::Table | UnitKind::Code)
            && let Some(intro) = self.runs[place].checked_sub(1).filter(introduces)
        {
            found.extend_from_slice(&self.terms[intro]);
        }
        found
    }

    /// Terms of the sentence before in the same block, and of the one after.
    fn around(&self, place: usize) -> Vec<String> {
        let near = [place.checked_sub(1), Some(place + 1)].into_iter().flatten();
        let same_block = near.filter(|&at| self.units.get(at).is_some_and(|unit| unit.block == self.units[place].block));
        same_block.flat_map(|at| self.terms[at].iter().cloned()).collect()
    }
}

fn header_terms(table: &Table) -> Vec<String> {
    table.columns.iter().flat_map(|column| terms(column)).collect()
}

/// The unit without list marker and without the `A:` of an answer.
fn without_dress(text: &str, unit: &Unit) -> Range<usize> {
    let mut start = unit.start;
    if unit.kind == UnitKind::ListItem {
        let shown = unit.text(text);
        let digits = shown.len() - shown.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let marker = if digits > 0 {
            shown[digits..].starts_with([')', '.']).then_some(digits + 1)
        } else {
            shown.starts_with(['-', '*', '+', '•', '–']).then(|| shown.chars().next().map_or(0, char::len_utf8))
        };
        // Only a marker with white space after it is one: `-5` is a figure.
        if let Some(length) = marker.filter(|&length| shown[length..].starts_with(char::is_whitespace)) {
            start += length + (shown[length..].len() - shown[length..].trim_start().len());
        }
    }
    for label in ["A: ", "Answer: ", "**A:** "] {
        if text[start..unit.end].starts_with(label) {
            start += label.len();
        }
    }
    start..unit.end
}

/// For each unit the first of the units of its kind that follow each other up to it: where its list began.
fn run_starts(units: &[Unit]) -> Vec<usize> {
    let mut starts: Vec<usize> = Vec::with_capacity(units.len());
    for (place, unit) in units.iter().enumerate() {
        let goes_on = place > 0 && units[place - 1].kind == unit.kind;
        starts.push(if goes_on { starts[place - 1] } else { place });
    }
    starts
}

fn code_lines(text: &str, unit: &Unit) -> Vec<Range<usize>> {
    let mut at = unit.start;
    let mut found = Vec::new();
    for line in unit.text(text).split_inclusive('\n') {
        let trimmed = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        if trimmed.contains(char::is_alphanumeric) && !trimmed.starts_with("```") && !trimmed.starts_with("~~~") {
            found.push(start..start + trimmed.len());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::material::whole;

    fn check(text: &str, expected: &[&str]) {
        let source = Source { message: 0, text: text.to_owned(), spans: whole(text) };
        let found: Vec<String> = candidates(&[source]).into_iter().map(|candidate| text[candidate.range].to_owned()).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn pieces() {
        check("# Tea\nIt is hot. Is it?\nA: Yes.", &["It is hot.", "Yes."]);
        check("- one\n- -5 degrees\n2. two", &["one", "-5 degrees", "two"]);
        check("| a | b |\n|---|---|\n| 1 | 2 |", &["1 | 2"]);
        check("```sh\nrun it\n\n```", &["run it"]);
    }
}
