//! The best passages for a question, and how far they are to be trusted.

use crate::local::candidates::{Candidate, candidates};
use crate::local::material::Source;
use crate::local::question::{Key, Question, Wanted, type_factor};
use crate::local::tables::tables;
use crate::local::{Extraction, Passage, THRESHOLD};
use jeton_text::{Field, Index, IndexBuilder, terms};
use std::collections::HashSet;
use std::ops::Range;

/// Fields of the ranking: the passage itself, what it stands under, what is around it. A sentence's length says little about its worth, so
/// lengths are discounted less than in prose search.
const FIELDS: &[Field] = &[Field { weight: 1.0, b: 0.4 }, Field { weight: 0.6, b: 0.2 }, Field { weight: 0.25, b: 0.5 }];

/// How much of a question's word counts as found: in the passage, above it, beside it, and through a near meaning.
const IN_HEADING: f64 = 0.85;
const IN_NEIGHBOUR: f64 = 0.6;
const BY_NEAR_MEANING: f64 = 0.8;

/// A word that is rare in the context tells most, but none tells nothing: this is added to every idf.
const IDF_FLOOR: f64 = 0.5;

/// How many of the best hits are looked at closely.
const LOOKED_AT: usize = 24;

/// How many passages are reported at most.
const PASSAGES_MOST: usize = 5;

struct Judged {
    candidate: usize,
    score: f64,
    confidence: f64,
    /// For each key of the question, how far it is found, 0 to 1.
    found: Vec<f64>,
}

struct Judge<'a> {
    sources: &'a [Source],
    question: Question,
    candidates: Vec<Candidate>,
    index: Index,
    /// What each key of the question weighs.
    weights: Vec<f64>,
}

/// Answers a question from the sources, or abstains.
pub(crate) fn answer(question: &str, sources: &[Source]) -> Extraction {
    let candidates = candidates(sources);
    if candidates.is_empty() {
        return Extraction::abstained("there is no context to answer from", Vec::new(), 0.0);
    }
    let judge = Judge::new(sources, Question::read(question), candidates);
    if judge.question.keys.is_empty() {
        return Extraction::abstained("the question has no telling word", Vec::new(), 0.0);
    }
    judge.answer()
}

impl<'a> Judge<'a> {
    fn new(sources: &'a [Source], question: Question, candidates: Vec<Candidate>) -> Self {
        let mut builder = IndexBuilder::new(FIELDS);
        for candidate in &candidates {
            builder.add(&[&candidate.own, &candidate.heading, &candidate.neighbours]);
        }
        let index = builder.build();
        #[allow(clippy::cast_precision_loss)]
        let weights = question.keys.iter().map(|key| (index.idf(&key.term) + IDF_FLOOR) / key.name_words as f64).collect();
        Self { sources, question, candidates, index, weights }
    }

    fn answer(&self) -> Extraction {
        let judged = self.judged();
        let Some(best) = judged.first() else {
            return Extraction::abstained("no word of the question is in the context", Vec::new(), 0.0);
        };
        let used = self.with_companions(&judged);
        let mut passages: Vec<Passage> = used.iter().map(|&place| self.passage(&judged[place], true)).collect();
        if best.confidence < THRESHOLD {
            passages.iter_mut().for_each(|passage| passage.used = false);
            let reason = format!("the best passage reaches a confidence of {:.2}, below {THRESHOLD}", best.confidence);
            return Extraction::abstained(&reason, passages, best.confidence);
        }
        passages.sort_by_key(|passage| (passage.message, passage.start));
        let passages = self.joined(passages);
        let answer = passages.iter().map(|passage| passage.text.as_str()).collect::<Vec<_>>().join(" ");
        let found = best.found.iter().filter(|found| **found > 0.0).count();
        let reason = format!("{found} of the question's {} telling words are in or around the best passage", self.question.keys.len());
        let rest = (0..judged.len()).filter(|place| !used.contains(place)).map(|place| self.passage(&judged[place], false));
        let passages: Vec<Passage> = passages.into_iter().chain(rest).take(PASSAGES_MOST).collect();
        Extraction { answer: Some(answer), confidence: best.confidence, passages, reason }
    }

    /// The likeliest candidates, best first.
    fn judged(&self) -> Vec<Judged> {
        let keys = &self.question.keys;
        let near = keys.iter().flat_map(|key| key.near.iter().map(|term| (term.as_str(), BY_NEAR_MEANING)));
        let query: Vec<(&str, f64)> = keys.iter().map(|key| (key.term.as_str(), 1.0)).chain(near).collect();
        let hits = self.index.search(&query);
        let scores: Vec<f64> = hits.iter().map(|hit| hit.score).collect();
        let mut judged: Vec<Judged> = hits.iter().take(LOOKED_AT).map(|hit| self.judge(hit.document, hit.score, &scores)).collect();
        judged.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then(b.score.total_cmp(&a.score)).then(a.candidate.cmp(&b.candidate)));
        judged
    }

    /// Confidence: the weighted share of the question's words that are found, times how well the type of the answer fits, times how clearly the
    /// passage leads the others, less where a name of the question is nowhere in the context.
    fn judge(&self, place: usize, score: f64, scores: &[f64]) -> Judged {
        let candidate = &self.candidates[place];
        let sets = [&candidate.own, &candidate.heading, &candidate.neighbours].map(|terms| terms.iter().map(String::as_str).collect::<HashSet<&str>>());
        let found: Vec<f64> = self.question.keys.iter().map(|key| found(key, &sets)).collect();
        let total: f64 = self.weights.iter().sum();
        let covered = found.iter().zip(&self.weights).map(|(found, weight)| found * weight).sum::<f64>() / total;
        let fits = type_factor(&self.question, self.text(candidate));
        let next = scores.iter().copied().find(|other| *other < score).unwrap_or(0.0);
        let lead = if scores.first().is_some_and(|first| score >= *first) { 1.0 - next / score } else { 0.0 };
        let strange = if self.has_strange_name() { 0.5 } else { 1.0 };
        // Nothing but the neighbours speaks of it: hardly an answer.
        let own = if found.iter().all(|found| *found <= IN_NEIGHBOUR) { 0.6 } else { 1.0 };
        let confidence = (covered * fits * (0.9 + 0.1 * lead) * strange * own).clamp(0.0, 1.0);
        Judged { candidate: place, score: score * fits, confidence, found }
    }

    /// Whether the question names somebody or something that the context never does.
    fn has_strange_name(&self) -> bool {
        self.question.keys.iter().any(|key| key.is_name && self.index.document_frequency(&key.term) == 0)
    }

    /// The best one, and those that add words of the question which it lacks: the answer may stand in two sentences.
    fn with_companions(&self, judged: &[Judged]) -> Vec<usize> {
        let mut used = vec![0];
        let mut found = judged[0].found.clone();
        let total: f64 = self.weights.iter().sum();
        for (place, other) in judged.iter().enumerate().skip(1).take(8) {
            let gain: f64 = (0..found.len()).map(|key| (other.found[key] - found[key]).max(0.0) * self.weights[key]).sum::<f64>() / total;
            if used.len() < 3 && gain >= 0.3 && other.confidence >= THRESHOLD {
                used.push(place);
                found.iter_mut().zip(&other.found).for_each(|(have, more)| *have = have.max(*more));
            }
        }
        used
    }

    fn text(&self, candidate: &Candidate) -> &str {
        &self.sources[candidate.source].text[candidate.range.clone()]
    }

    fn passage(&self, judged: &Judged, used: bool) -> Passage {
        let candidate = &self.candidates[judged.candidate];
        let range = if used { self.cell(candidate).unwrap_or_else(|| self.whole(candidate)) } else { candidate.range.clone() };
        Passage::new(&self.sources[candidate.source], range, judged.score, used)
    }

    /// The cell asked for, where the candidate is a table's row and the question names the column but not what the cell says.
    fn cell(&self, candidate: &Candidate) -> Option<Range<usize>> {
        let text = &self.sources[candidate.source].text;
        let span = self.sources[candidate.source].spans.iter().find(|span| span.contains(&candidate.range.start))?;
        let all = tables(&text[span.clone()]);
        let at = candidate.range.start - span.start;
        let (table, row) = all.iter().find_map(|table| table.rows.iter().find(|row| row.range.start == at).map(|row| (table, row)))?;
        let asked = |text: &str| terms(text).iter().filter(|term| self.question.keys.iter().any(|key| key.term == **term || key.near.contains(*term))).count();
        // The row must be named by another of its cells.
        let column = (0..table.columns.len().min(row.cells.len()))
            .filter(|&column| asked(&table.columns[column]) > 0)
            .max_by_key(|&column| asked(&table.columns[column]))?;
        let cell = &row.cells[column];
        let named = row.cells.iter().enumerate().any(|(place, cell)| place != column && asked(&cell.text) > 0);
        let fits = type_factor(&self.question, &cell.text) >= 1.0 || self.question.wanted == Wanted::Anything;
        (named && fits && !cell.text.is_empty()).then(|| cell.range.start + span.start..cell.range.end + span.start)
    }

    /// A line that introduces a list is taken with its list.
    fn whole(&self, candidate: &Candidate) -> Range<usize> {
        let source = &self.sources[candidate.source];
        if !self.text(candidate).ends_with(':') {
            return candidate.range.clone();
        }
        let span_end = source.spans.iter().find(|span| span.contains(&candidate.range.start)).map_or(source.text.len(), |span| span.end);
        let rest = &source.text[candidate.range.end..span_end];
        let listed = jeton_text::units(rest).into_iter().take_while(|unit| unit.kind == jeton_text::UnitKind::ListItem).last();
        candidate.range.start..candidate.range.end + listed.map_or(0, |unit| unit.end)
    }

    /// Passages that touch or overlap become one, with the text between.
    fn joined(&self, passages: Vec<Passage>) -> Vec<Passage> {
        let mut joined: Vec<Passage> = Vec::new();
        for passage in passages {
            let source = |message: usize| self.sources.iter().find(|source| source.message == message);
            match (joined.last_mut(), source(passage.message)) {
                (Some(last), Some(source))
                    if last.message == passage.message && (passage.start <= last.end || source.text[last.end..passage.start].trim().is_empty()) =>
                {
                    *last = Passage::new(source, last.start..last.end.max(passage.end), last.score.max(passage.score), true);
                }
                _ => joined.push(passage),
            }
        }
        joined
    }
}

fn found(key: &Key, sets: &[HashSet<&str>; 3]) -> f64 {
    let by_place = [1.0, IN_HEADING, IN_NEIGHBOUR];
    let best = |wanted: &dyn Fn(&HashSet<&str>) -> bool| sets.iter().zip(by_place).find(|(set, _)| wanted(set)).map_or(0.0, |(_, worth)| worth);
    let exact = best(&|set| set.contains(key.term.as_str()));
    let near = best(&|set| key.near.iter().any(|term| set.contains(term.as_str()))) * BY_NEAR_MEANING;
    exact.max(near)
}
