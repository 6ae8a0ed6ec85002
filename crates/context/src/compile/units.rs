//! The words of the catalogue's units, for search among them.

use crate::index::{TermId, Terms, each_word};
use crate::rank::{Query, idf};
use crate::{Catalogue, Kind, Unit};
use jeton_text::{Vocabulary, chunks};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

const K1: f64 = 1.2;
const B: f64 = 0.75;
/// A word of a title or a path counts as so many of the body.
const TITLE_WEIGHT: f64 = 3.0;
/// Tokens of a piece of a long unit, about.
const PIECE_TOKENS: u64 = 120;

struct Posting {
    unit: u32,
    /// Occurrences in the body, and in title and path.
    counts: (u16, u16),
}

/// An index over the units of one catalogue, by their place in it.
#[derive(Default)]
pub struct UnitIndex {
    terms: Terms,
    postings: FxHashMap<TermId, Vec<Posting>>,
    lengths: Vec<u32>,
    mean: f64,
    pieces: Vec<OnceLock<Vec<Range<usize>>>>,
    counted: Mutex<FxHashMap<(usize, usize, Vocabulary), u64>>,
}

impl std::fmt::Debug for UnitIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnitIndex").field("units", &self.lengths.len()).finish_non_exhaustive()
    }
}

/// What a unit has of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct UnitScore {
    /// BM25F (Robertson, Zaragoza and Taylor 2004, "Simple BM25 extension to multiple weighted fields").
    pub(crate) score: f64,
    /// The share of the query, each word by how much it tells, from 0 to 1.
    pub(crate) coverage: f64,
}

impl UnitIndex {
    /// Reads all units of a catalogue.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut index = Self::default();
        for (number, unit) in catalogue.units().iter().enumerate() {
            index.add(u32::try_from(number).unwrap_or(u32::MAX), unit);
        }
        index.mean = index.lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / index.lengths.len().max(1) as f64;
        index
    }

    fn add(&mut self, number: u32, unit: &Unit) {
        let mut counts: FxHashMap<TermId, (u16, u16)> = FxHashMap::default();
        let mut length = 0;
        each_word(&unit.body, |word| {
            for &term in self.terms.of_word(word) {
                let count = counts.entry(term).or_default();
                count.0 = count.0.saturating_add(1);
                length += 1;
            }
        });
        for text in [&unit.title, &*unit.place.path] {
            each_word(text, |word| {
                for &term in self.terms.of_word(word) {
                    let count = counts.entry(term).or_default();
                    count.1 = count.1.saturating_add(1);
                }
            });
        }
        for (term, counts) in counts {
            self.postings.entry(term).or_default().push(Posting { unit: number, counts });
        }
        self.lengths.push(length);
        self.pieces.push(OnceLock::new());
    }

    /// The pieces of a unit's text, cut once.
    pub(crate) fn pieces(&self, place: usize, body: &str) -> &[Range<usize>] {
        self.pieces.get(place).map_or(&[], |pieces| pieces.get_or_init(|| chunks(body, PIECE_TOKENS).into_iter().map(|piece| piece.start..piece.end).collect()))
    }

    /// Tokens of a piece, counted once.
    pub(crate) fn tokens(&self, place: usize, piece: usize, vocabulary: Vocabulary, text: &str) -> u64 {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry((place, piece, vocabulary)).or_insert_with(|| vocabulary.count(text))
    }

    /// The units that have words of `task`, by place in the catalogue, the best first, each with its score: BM25F.
    #[must_use]
    pub fn search(&self, task: &str) -> Vec<(usize, f64)> {
        let scores = self.scores(&Query::new(task));
        let mut found: Vec<(usize, f64)> = scores.iter().map(|score| score.score).enumerate().filter(|(_, score)| *score > 0.0).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }

    /// What each unit has of the query; by place in the catalogue.
    pub(crate) fn scores(&self, query: &Query) -> Vec<UnitScore> {
        let mut scores = vec![UnitScore::default(); self.lengths.len()];
        let mut all = 0.0;
        for (name, count) in &query.terms {
            let postings = self.terms.find(name).and_then(|term| self.postings.get(&term)).map_or(&[][..], Vec::as_slice);
            let telling = idf(self.lengths.len() as u64, postings.len() as u64) * f64::from(*count).sqrt();
            all += telling;
            for posting in postings {
                let length = f64::from(self.lengths[posting.unit as usize]) / self.mean.max(1.0);
                let frequency = f64::from(posting.counts.0) / (1.0 - B + B * length) + TITLE_WEIGHT * f64::from(posting.counts.1);
                let score = &mut scores[posting.unit as usize];
                score.score += telling * frequency / (K1 + frequency);
                score.coverage += telling;
            }
        }
        scores.iter_mut().for_each(|score| score.coverage /= f64::max(all, f64::MIN_POSITIVE));
        scores
    }
}

/// How much a kind helps, all else equal: rules and shapes say more for each token than prose.
pub(crate) const fn kind_prior(kind: Kind) -> f64 {
    match kind {
        Kind::Constraint | Kind::Schema => 1.0,
        Kind::Doc | Kind::Code => 0.9,
        Kind::Example => 0.8,
        Kind::Skill => 0.6,
        Kind::History => 0.4,
    }
}
