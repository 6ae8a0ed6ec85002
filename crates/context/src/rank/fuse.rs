//! Evidence of several kinds, brought to one order.

use super::lexical::{ChunkScores, chunk_scores, name_scores, path_scores};
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
    /// Its next best chunks have them too.
    Spread,
    /// Its path has them.
    Path,
    /// It has the names that the task names exactly.
    Names,
    /// It was changed by the commits whose messages are nearest.
    Nearest,
    /// What was said of it over time has the words.
    Said,
    /// It was changed often and lately.
    Churn,
    /// What it is for.
    Role,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 8] = [Self::Body, Self::Spread, Self::Path, Self::Names, Self::Nearest, Self::Said, Self::Churn, Self::Role];
}

/// How much each kind of evidence counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights(pub [f64; Signal::ALL.len()]);

/// The evidence for one file: each signal from 0 to 1, the best file of the query having 1; the role's is a prior.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence(pub [f64; Signal::ALL.len()]);

/// A file with its place in the order.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedFile {
    /// Its number in the view.
    pub file: usize,
    /// The higher, the likelier it is needed.
    pub score: f64,
    /// Why.
    pub evidence: Evidence,
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

/// All evidence for every file of the view.
pub(crate) fn evidence(corpus: &Corpus<'_>, query: &Query) -> (Vec<Evidence>, ChunkScores) {
    let files = corpus.view.files();
    let terms = weighted(corpus, query);
    let chunks = chunk_scores(corpus, &terms);
    let mut found = vec![Evidence::default(); files.len()];
    let mut put = |signal: Signal, scores: &[f64]| {
        let best = scores.iter().copied().fold(0.0, f64::max);
        if best > 0.0 {
            found.iter_mut().zip(scores).for_each(|(evidence, score)| evidence.0[signal as usize] = score / best);
        }
    };
    let (mut body, mut spread) = (vec![0.0; files.len()], vec![0.0; files.len()]);
    for (file, scores) in &chunks.by_file {
        let mut best = [0.0_f32; 4];
        for &score in scores.iter() {
            if score > best[3] {
                best[3] = score;
                best.sort_by(|a, b| b.total_cmp(a));
            }
        }
        body[*file] = f64::from(best[0]);
        spread[*file] = f64::from(best[1] + best[2] + best[3]);
    }
    put(Signal::Body, &body);
    put(Signal::Spread, &spread);
    put(Signal::Path, &path_scores(corpus, &terms));
    put(Signal::Names, &name_scores(corpus, query));
    if let Some(history) = corpus.history {
        let past = history.scores(query, corpus.unseen_commits);
        for (signal, scores) in [(Signal::Nearest, &past.nearest), (Signal::Said, &past.said), (Signal::Churn, &past.churn)] {
            let mut by_file = vec![0.0; files.len()];
            for (&path, &score) in scores {
                if let Some(file) = corpus.view.find(history.path(path)) {
                    by_file[file] = score;
                }
            }
            put(signal, &by_file);
        }
    }
    for (evidence, file) in found.iter_mut().zip(files) {
        evidence.0[Signal::Role as usize] = prior(file.role);
    }
    (found, chunks)
}

/// How likely a file of this kind is changed, all else equal.
pub(crate) const fn prior(role: Role) -> f64 {
    match role {
        Role::Source => 1.0,
        Role::Test => 0.6,
        Role::Docs | Role::Config => 0.4,
        Role::Example | Role::Ci | Role::Bench => 0.3,
        Role::Other => 0.2,
        Role::Changelog | Role::Data => 0.1,
        Role::Lock | Role::Asset => 0.0,
    }
}

#[doc(hidden)]
pub fn dump(corpus: &Corpus<'_>, query: &Query) -> Vec<(String, Role, f64, Evidence)> {
    let (found, _) = evidence(corpus, query);
    let whole = super::lexical::file_scores(corpus, &query.terms.iter().filter_map(|(t, _)| corpus.index.terms().find(t).map(|t| (t, 1.0))).collect::<Vec<_>>());
    found.into_iter().zip(corpus.view.files()).zip(whole).map(|((e, f), w)| (f.path.to_string(), f.role, w, e)).filter(|r| r.2 > 0.0 || r.3.0[..7].iter().any(|x| *x > 0.0)).collect()
}
