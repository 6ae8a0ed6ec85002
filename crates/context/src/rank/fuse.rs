//! Evidence of several kinds, brought to one order.

use super::lexical::{ChunkScores, chunk_scores, definition_scores, idf, name_scores, path_scores};
use super::{Corpus, Query};
use crate::index::TermId;
use crate::role::Role;
use serde::Serialize;

/// A kind of evidence that a file is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Its best chunk has the words.
    Body,
    /// Its next three chunks have them too.
    Spread,
    /// Its path has them.
    Path,
    /// It has the names that the task names exactly.
    Names,
    /// The commits whose messages are nearest changed it.
    Nearest,
    /// It was changed together with the likeliest files.
    Together,
    /// It is called like one of the likeliest files: its test, its header.
    Sibling,
    /// It names one of the likeliest files.
    Mentions,
    /// It defines what the task names.
    Defines,
    /// It defines what the likeliest chunks use.
    Used,
    /// Its path and names mean the like, as a model for embeddings sees it.
    Meaning,
}

impl Signal {
    /// Why a file is needed, as people read it.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Body => "has the words",
            Self::Spread => "has them in several places",
            Self::Path => "is called so",
            Self::Names => "has the names",
            Self::Nearest => "similar commits changed it",
            Self::Together => "changes with likely files",
            Self::Sibling => "is called like a likely file",
            Self::Mentions => "names a likely file",
            Self::Defines => "defines what is named",
            Self::Used => "defines what a likely part uses",
            Self::Meaning => "means the like",
        }
    }
}

/// How many signals there are.
pub const SIGNALS: usize = 11;

/// How much each signal counts; it is applied to the square root of a signal's strength, which goes from 0 to 1.
///
/// Fitted as a listwise softmax (Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach", ListNet) on 1,247 fixes
/// of nine public repositories: ripgrep, flask, gin, fastify, jj, gson, pydantic, prometheus and vite. Those by which the quality is
/// measured are not among them.
///
/// That of [`Signal::Meaning`] is set by hand, a little below that of similar commits, and fitted on nothing: no model for embeddings was there
/// to measure it with.
const WEIGHTS: [(Signal, f64); SIGNALS] = [
    (Signal::Body, 3.60),
    (Signal::Spread, 1.93),
    (Signal::Path, 2.08),
    (Signal::Names, 1.05),
    (Signal::Nearest, 1.62),
    (Signal::Together, 1.81),
    (Signal::Sibling, 1.25),
    (Signal::Mentions, 0.97),
    (Signal::Defines, 0.38),
    (Signal::Used, 0.95),
    (Signal::Meaning, 1.5),
];

/// How likely a file is needed for what it is, fitted with [`WEIGHTS`].
const fn prior(role: Role) -> f64 {
    match role {
        Role::Source => 2.06,
        Role::Test => 1.99,
        Role::Bench => -0.09,
        Role::Ci => -0.56,
        Role::Example => -0.88,
        Role::Config => -0.93,
        Role::Data | Role::Other | Role::Asset | Role::Lock => -0.67,
        Role::Changelog => -1.36,
        // Never needed for a fix, and too rare among the cases to be fitted.
        Role::Vendored | Role::Generated => -2.0,
        Role::Docs => -2.25,
    }
}

/// The strength of each signal for one file, from 0 to 1; the strongest file of the query has 1 for those that are its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence(pub [f64; SIGNALS]);

impl Evidence {
    fn score(&self, role: Role) -> f64 {
        prior(role) + WEIGHTS.iter().map(|&(signal, weight)| weight * self.0[signal as usize].sqrt()).sum::<f64>()
    }

    /// The signals that count most for this file, the strongest first, each with what it adds to the score.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Signal, f64)> {
        let mut found: Vec<(Signal, f64)> = WEIGHTS.iter().map(|&(signal, weight)| (signal, weight * self.0[signal as usize].sqrt())).collect();
        found.retain(|(_, adds)| *adds > 0.05);
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    }
}

/// A file with its place in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedFile {
    /// Its number in the view.
    pub file: usize,
    /// The logarithm of how likely it is needed, up to a constant.
    pub score: f64,
    /// Why.
    pub evidence: Evidence,
    /// What each of its chunks has of the words; empty where none has any.
    pub chunks: Box<[f32]>,
}

/// The weighted terms of a query. A word that most messages have tells little of a place, however rare it is in code.
pub(crate) fn weighted(corpus: &Corpus<'_>, query: &Query) -> Vec<(TermId, f64)> {
    let telling = |term: &str| corpus.history.map_or(1.0, |history| history.telling(term, corpus.unseen_commits));
    let found = query.terms.iter().filter_map(|(term, count)| {
        let id = corpus.index.terms().find(term)?;
        Some((id, f64::from(*count).sqrt() * telling(term)))
    });
    found.collect()
}

/// All files with any evidence, the likeliest first; equal ones by path.
#[must_use]
pub fn rank(corpus: &Corpus<'_>, query: &Query) -> Vec<RankedFile> {
    let files = corpus.view.files();
    let terms = weighted(corpus, query);
    let scores = chunk_scores(corpus, &terms);
    let mut evidence = vec![Evidence::default(); files.len()];
    own_evidence(corpus, query, &terms, &scores, &mut evidence);
    near_evidence(corpus, &scores, &mut evidence);
    let mut chunks: Vec<Box<[f32]>> = vec![Box::default(); files.len()];
    scores.by_file.into_iter().for_each(|(file, scores)| chunks[file] = scores);
    let mut found: Vec<RankedFile> = evidence
        .into_iter()
        .enumerate()
        .filter(|(_, evidence)| evidence.0.iter().any(|&strength| strength > 0.0))
        .map(|(file, evidence)| RankedFile { file, score: evidence.score(files[file].role), evidence, chunks: std::mem::take(&mut chunks[file]) })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.file.cmp(&b.file)));
    found
}

/// Puts the strengths of a signal, scaled so that the strongest is 1.
fn put(evidence: &mut [Evidence], signal: Signal, scores: &[f64]) {
    let best = scores.iter().copied().fold(0.0, f64::max);
    if best > 0.0 {
        evidence.iter_mut().zip(scores).for_each(|(evidence, score)| evidence.0[signal as usize] = score / best);
    }
}

/// What a file says for itself.
fn own_evidence(corpus: &Corpus<'_>, query: &Query, terms: &[(TermId, f64)], chunks: &ChunkScores, evidence: &mut [Evidence]) {
    let files = corpus.view.files();
    let (mut body, mut spread) = (vec![0.0; files.len()], vec![0.0; files.len()]);
    for (file, scores) in &chunks.by_file {
        let best = best_four(scores);
        body[*file] = f64::from(best[0]);
        spread[*file] = f64::from(best[1] + best[2] + best[3]);
    }
    put(evidence, Signal::Body, &body);
    put(evidence, Signal::Spread, &spread);
    put(evidence, Signal::Path, &path_scores(corpus, terms));
    put(evidence, Signal::Names, &name_scores(corpus, query));
    put(evidence, Signal::Defines, &definition_scores(corpus, terms));
    if let Some(meaning) = corpus.meaning {
        put(evidence, Signal::Meaning, meaning);
    }
    let Some(history) = corpus.history else { return };
    let mut nearest = vec![0.0; files.len()];
    for (path, votes) in history.nearest(query, corpus.unseen_commits) {
        if let Some(file) = corpus.view.find(history.path(path)) {
            nearest[file] = votes;
        }
    }
    put(evidence, Signal::Nearest, &nearest);
}

fn best_four(scores: &[f32]) -> [f32; 4] {
    let mut best = [0.0_f32; 4];
    for &score in scores {
        let mut score = score;
        for place in &mut best {
            if score > *place {
                std::mem::swap(place, &mut score);
            }
        }
    }
    best
}

/// How many of the likeliest files speak of others.
const SPEAKERS: usize = 10;

/// What the likeliest files say of others, each by how likely it is itself.
fn near_evidence(corpus: &Corpus<'_>, chunks: &ChunkScores, evidence: &mut [Evidence]) {
    let files = corpus.view.files();
    let scores: Vec<f64> = evidence.iter().zip(files).map(|(evidence, file)| evidence.score(file.role)).collect();
    let speaks = |evidence: &Evidence| [Signal::Body, Signal::Nearest, Signal::Meaning].iter().any(|&signal| evidence.0[signal as usize] > 0.0);
    let mut order: Vec<usize> = (0..files.len()).filter(|&file| speaks(&evidence[file])).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    order.truncate(SPEAKERS);
    let best = order.first().map_or(0.0, |&file| scores[file]);
    let sum: f64 = order.iter().map(|&file| (scores[file] - best).exp()).sum();
    for &speaker in &order {
        let share = (scores[speaker] - best).exp() / sum;
        let this = &files[speaker];
        if let Some(history) = corpus.history {
            for (path, together) in history.companions(&this.path, corpus.unseen_commits) {
                if let Some(file) = corpus.view.find(history.path(path)).filter(|&file| file != speaker) {
                    evidence[file].0[Signal::Together as usize] += share * together;
                }
            }
        }
        for (file, _) in files.iter().enumerate().filter(|(file, other)| *file != speaker && other.called == this.called) {
            evidence[file].0[Signal::Sibling as usize] += share;
        }
        let naming: Vec<usize> = corpus.index.blobs_with(this.called).iter().filter_map(|&blob| corpus.view.file_of(blob)).collect();
        let telling = idf(files.len() as u64, naming.len() as u64) / idf(files.len() as u64, 1).max(f64::MIN_POSITIVE);
        naming.into_iter().filter(|&file| file != speaker).for_each(|file| evidence[file].0[Signal::Mentions as usize] += share * telling);
        for (file, part) in used_by(corpus, speaker, chunks) {
            evidence[file].0[Signal::Used as usize] += share * part;
        }
    }
    evidence.iter_mut().for_each(|evidence| evidence.0.iter_mut().for_each(|strength| *strength = strength.min(1.0)));
}

/// A name that more files define says nothing of a place.
const DEFINERS_MAX: usize = 3;

/// Files that define what the best chunk of a file uses, with their shares of it: the edges from use to definition.
#[allow(clippy::cast_precision_loss)]
fn used_by(corpus: &Corpus<'_>, speaker: usize, chunks: &ChunkScores) -> Vec<(usize, f64)> {
    let Ok(place) = chunks.by_file.binary_search_by_key(&speaker, |(file, _)| *file) else { return Vec::new() };
    let scores = &chunks.by_file[place].1;
    let Some(best) = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a))) else { return Vec::new() };
    let blob = corpus.index.blob(corpus.view.files()[speaker].blob);
    let uses = blob.terms.iter().filter(|&&term| blob.postings(term).binary_search_by_key(&best, |&(chunk, _)| chunk as usize).is_ok());
    let mut found: Vec<(usize, f64)> = Vec::new();
    let mut all = 0.0;
    for &term in uses {
        let definers: Vec<usize> = corpus.index.blobs_defining(term).iter().filter_map(|&blob| corpus.view.file_of(blob)).take(DEFINERS_MAX + 1).collect();
        if definers.is_empty() || definers.len() > DEFINERS_MAX || definers.contains(&speaker) {
            continue;
        }
        all += 1.0;
        found.extend(definers.iter().map(|&file| (file, 1.0 / definers.len() as f64)));
    }
    found.iter_mut().for_each(|(_, part)| *part /= f64::max(all, 1.0));
    found
}
