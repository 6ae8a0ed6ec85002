//! What is known of one content: its chunks, its terms by chunk.

use super::chunk::{Span, spans};
use super::term::{TermId, Terms, each_word};
use crate::code::{Language, outline};
use crate::generated::is_generated;

/// The number of a chunk within its blob.
pub(crate) type ChunkId = u16;

/// Chunks of a blob at most; what lies behind is not searched. 2.6 million lines.
const CHUNKS_MAX: usize = ChunkId::MAX as usize;

/// One content, read once whatever paths and revisions have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blob {
    /// Its chunks, which tile it.
    pub(crate) spans: Box<[Span]>,
    /// Terms in each chunk, repetitions counted.
    pub(crate) lengths: Box<[u32]>,
    /// Distinct terms, ascending.
    pub(crate) terms: Box<[TermId]>,
    /// Where each term's postings begin; one more than terms.
    pub(crate) starts: Box<[u32]>,
    /// Chunk and occurrences, ascending by term, then chunk.
    pub(crate) postings: Box<[(ChunkId, u16)]>,
    /// What it defines, in the order of the text.
    pub(crate) symbols: Box<[Defined]>,
    /// Whether a program has written it, as far as a text in a language tells.
    pub(crate) is_generated: bool,
}

/// A definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Defined {
    /// The term of its whole name.
    pub(crate) name: TermId,
    /// Its first line, from 1.
    pub(crate) line: u32,
    /// Where its signature begins, in bytes.
    pub(crate) start: u32,
    /// Where its signature ends.
    pub(crate) end: u32,
    /// How many definitions enclose it.
    pub(crate) depth: u32,
}

impl Blob {
    /// Reads a text; in a language, its definitions too.
    pub(crate) fn read(text: &str, language: Option<Language>, terms: &mut Terms) -> Self {
        let mut spans = spans(text);
        spans.truncate(CHUNKS_MAX);
        let mut lengths = Vec::with_capacity(spans.len());
        let mut occurrences: Vec<u64> = Vec::with_capacity(text.len() / 6);
        for (chunk, span) in spans.iter().enumerate() {
            let before = occurrences.len();
            each_word(&text[span.start as usize..span.end as usize], |word| {
                occurrences.extend(terms.of_word(word).iter().map(|&term| u64::from(term) << 16 | chunk as u64));
            });
            lengths.push(u32::try_from(occurrences.len() - before).unwrap_or(u32::MAX));
        }
        occurrences.sort_unstable();
        let blob = Self::of_sorted(spans, lengths, &occurrences);
        let symbols = language.map(|language| definitions(text, language, terms, &blob.terms)).unwrap_or_default();
        Self { symbols, is_generated: language.is_some() && is_generated(text), ..blob }
    }

    fn of_sorted(spans: Vec<Span>, lengths: Vec<u32>, occurrences: &[u64]) -> Self {
        let (mut terms, mut starts, mut postings): (Vec<TermId>, Vec<u32>, Vec<(ChunkId, u16)>) = Default::default();
        let mut before = None;
        for &occurrence in occurrences {
            if before == Some(occurrence) {
                if let Some((_, count)) = postings.last_mut() {
                    *count = count.saturating_add(1);
                }
                continue;
            }
            before = Some(occurrence);
            let term = TermId::try_from(occurrence >> 16).unwrap_or(TermId::MAX);
            if terms.last() != Some(&term) {
                terms.push(term);
                starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
            }
            postings.push(((occurrence & 0xffff) as ChunkId, 1));
        }
        starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
        Self { spans: spans.into(), lengths: lengths.into(), terms: terms.into(), starts: starts.into(), postings: postings.into(), ..Self::default() }
    }

    /// Chunks that have the term, with how often.
    pub(crate) fn postings(&self, term: TermId) -> &[(ChunkId, u16)] {
        let Ok(place) = self.terms.binary_search(&term) else { return &[] };
        self.postings.get(self.starts[place] as usize..self.starts[place + 1] as usize).unwrap_or(&[])
    }

    /// The same with every term renumbered.
    pub(crate) fn renumbered(self, numbers: &[TermId]) -> Self {
        let mut order: Vec<usize> = (0..self.terms.len()).collect();
        order.sort_unstable_by_key(|&place| numbers[self.terms[place] as usize]);
        let mut postings = Vec::with_capacity(self.postings.len());
        let (mut terms, mut starts) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len() + 1));
        for place in order {
            terms.push(numbers[self.terms[place] as usize]);
            starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
            postings.extend_from_slice(&self.postings[self.starts[place] as usize..self.starts[place + 1] as usize]);
        }
        starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
        let mut symbols = self.symbols.clone();
        symbols.iter_mut().for_each(|symbol| symbol.name = numbers[symbol.name as usize]);
        Self { terms: terms.into(), starts: starts.into(), postings: postings.into(), symbols, ..self }
    }
}

/// Definitions whose names are among the `own` terms of the text; names that are no word (`operator+`, `"a-b"`) are looked for by nobody.
fn definitions(text: &str, language: Language, terms: &mut Terms, own: &[TermId]) -> Box<[Defined]> {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let found = outline(language, text).symbols.into_iter().filter_map(|symbol| {
        // The last term of a name is the whole of it; names that are too long have none.
        let name = *terms.of_word(&symbol.name).last().filter(|name| own.binary_search(name).is_ok())?;
        Some(Defined { name, line: symbol.first_line, start: number(symbol.signature.start), end: number(symbol.signature.end), depth: symbol.depth })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postings_by_term_and_chunk() {
        let mut terms = Terms::default();
        let text = format!("alpha beta alpha\n{}\n\ngamma alpha_beta\n", "filler\n".repeat(40));
        let blob = Blob::read(&text, None, &mut terms);
        let found = |name: &str| terms.find(name).map(|term| blob.postings(term).to_vec()).unwrap_or_default();
        assert_eq!(blob.spans.len(), 2);
        assert_eq!(found("alpha"), [(0, 2), (1, 1)]);
        assert_eq!(found("beta"), [(0, 1), (1, 1)]);
        assert_eq!(found("alpha_beta"), [(1, 1)]);
        assert_eq!(found("nothing"), []);
    }

    #[test]
    fn renumbering_keeps_what_is_said() {
        let (mut here, mut there) = (Terms::default(), Terms::default());
        for word in ["z", "gamma", "beta", "alpha"] {
            there.intern(word);
        }
        let blob = Blob::read("alpha beta gamma alpha", None, &mut here);
        let numbers: Vec<TermId> = (0..here.len()).map(|id| there.intern(here.name(id as TermId))).collect();
        let moved = blob.renumbered(&numbers);
        assert!(moved.terms.is_sorted());
        assert_eq!(there.find("alpha").map(|term| moved.postings(term).to_vec()), Some(vec![(0, 2)]));
    }
}
