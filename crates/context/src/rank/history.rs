//! The repository's past as evidence: what was changed when something like this was said before.

use super::Query;
use super::lexical::idf;
use crate::git::{ChangeKind, Commit};
use crate::index::{TermId, Terms, each_word};
use rustc_hash::FxHashMap;

/// A commit with more files than this is a sweep (a rename, a format) and tells nothing of a place.
const FILES_MAX: usize = 40;
/// How many of the nearest commits have a vote.
const NEAREST: usize = 30;
const K1: f64 = 1.2;
const B: f64 = 0.5;

#[derive(Debug)]
struct Past {
    terms: Box<[(TermId, u16)]>,
    length: u32,
    paths: Box<[u32]>,
}

/// Commits of the past, newest first, with what each said and changed. Paths are as they are called now.
#[derive(Debug, Default)]
pub struct History {
    terms: Terms,
    commits: Vec<Past>,
    by_term: FxHashMap<TermId, Vec<u32>>,
    paths: Vec<String>,
    path_ids: FxHashMap<String, u32>,
    length: u64,
}

/// What the past says of files, by path number.
#[derive(Debug, Default)]
pub(crate) struct PastScores {
    /// Votes of the nearest commits.
    pub(crate) nearest: FxHashMap<u32, f64>,
    /// Each file as the sum of what was said of it.
    pub(crate) said: FxHashMap<u32, f64>,
    /// How often each was changed, new changes counting more.
    pub(crate) churn: FxHashMap<u32, f64>,
}

impl History {
    /// Reads commits, newest first.
    #[must_use]
    pub fn new(commits: &[Commit]) -> Self {
        let mut history = Self::default();
        // Older commits speak of a file under the name that it had: what it is called now.
        let mut now: FxHashMap<String, String> = FxHashMap::default();
        for commit in commits {
            for change in &commit.changes {
                if let (ChangeKind::Renamed, Some(old)) = (change.kind, &change.old_path) {
                    let last = now.get(&change.path).unwrap_or(&change.path).clone();
                    now.insert(old.clone(), last);
                }
            }
            let paths: Vec<&str> = commit.changes.iter().map(|change| now.get(&change.path).unwrap_or(&change.path).as_str()).collect();
            history.push(commit, &paths);
        }
        history
    }

    fn push(&mut self, commit: &Commit, paths: &[&str]) {
        let mut found: Vec<TermId> = Vec::new();
        each_word(&commit.subject, |word| found.extend(self.terms.of_word(word)));
        each_word(&commit.body, |word| found.extend(self.terms.of_word(word)));
        let length = u32::try_from(found.len()).unwrap_or(u32::MAX);
        found.sort_unstable();
        let terms: Vec<(TermId, u16)> = found.chunk_by(|a, b| a == b).map(|run| (run[0], u16::try_from(run.len()).unwrap_or(u16::MAX))).collect();
        let number = u32::try_from(self.commits.len()).unwrap_or(u32::MAX);
        terms.iter().for_each(|&(term, _)| self.by_term.entry(term).or_default().push(number));
        let mut paths: Vec<u32> = if paths.len() > FILES_MAX { Vec::new() } else { paths.iter().map(|path| self.path_id(path)).collect() };
        paths.sort_unstable();
        paths.dedup();
        self.length += u64::from(length);
        self.commits.push(Past { terms: terms.into(), length, paths: paths.into() });
    }

    fn path_id(&mut self, path: &str) -> u32 {
        if let Some(&id) = self.path_ids.get(path) {
            return id;
        }
        let id = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        self.paths.push(path.to_owned());
        self.path_ids.insert(path.to_owned(), id);
        id
    }

    /// How many commits there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether there is no past.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    pub(crate) fn path(&self, id: u32) -> &str {
        &self.paths[id as usize]
    }

    /// How rare a word is in messages, of those after the first `unseen`.
    fn idf(&self, term: TermId, unseen: usize) -> f64 {
        let with = self.by_term.get(&term).map_or(0, |commits| commits.len() - commits.partition_point(|&c| (c as usize) < unseen));
        idf((self.commits.len() - unseen) as u64, with as u64)
    }

    /// From 0 to 1: how much a word of a message tells, against the rarest.
    pub(crate) fn telling(&self, term: &str, unseen: usize) -> f64 {
        let rarest = idf((self.commits.len().saturating_sub(unseen)) as u64, 0).max(1e-9);
        self.terms.find(term).map_or(1.0, |term| (self.idf(term, unseen) / rarest).min(1.0))
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn scores(&self, query: &Query, unseen: usize) -> PastScores {
        let mut by_commit: FxHashMap<u32, f64> = FxHashMap::default();
        let mut said: FxHashMap<u32, f64> = FxHashMap::default();
        let mean = (self.length as f64 / self.commits.len().max(1) as f64).max(1.0);
        let mut said_lengths: FxHashMap<u32, f64> = FxHashMap::default();
        let mut churn: FxHashMap<u32, f64> = FxHashMap::default();
        for (age, commit) in self.commits.iter().skip(unseen).enumerate() {
            for &path in &commit.paths {
                *said_lengths.entry(path).or_default() += share(commit);
                *churn.entry(path).or_default() += 1.0 / (1.0 + age as f64 / 500.0);
            }
        }
        let mean_said = said_lengths.values().sum::<f64>() / said_lengths.len().max(1) as f64;
        for (name, _) in &query.terms {
            let Some(term) = self.terms.find(name) else { continue };
            let weight = self.idf(term, unseen);
            let mut of_term: FxHashMap<u32, f64> = FxHashMap::default();
            for &number in self.by_term.get(&term).into_iter().flatten().filter(|&&number| number as usize >= unseen) {
                let commit = &self.commits[number as usize];
                let count = commit.terms.binary_search_by_key(&term, |&(term, _)| term).map_or(0.0, |place| f64::from(commit.terms[place].1));
                *by_commit.entry(number).or_default() += weight * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * f64::from(commit.length) / mean));
                commit.paths.iter().for_each(|&path| *of_term.entry(path).or_default() += share(commit));
            }
            for (path, count) in of_term {
                let length = said_lengths.get(&path).copied().unwrap_or(0.0) / mean_said.max(1e-9);
                *said.entry(path).or_default() += weight * count / (count + 0.5 * (1.0 - B + B * length));
            }
        }
        PastScores { nearest: self.votes(by_commit), said, churn }
    }

    fn votes(&self, by_commit: FxHashMap<u32, f64>) -> FxHashMap<u32, f64> {
        let mut nearest: Vec<(u32, f64)> = by_commit.into_iter().filter(|(number, _)| !self.commits[*number as usize].paths.is_empty()).collect();
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest.truncate(NEAREST);
        let best = nearest.first().map_or(1.0, |&(_, score)| score).max(1e-9);
        let mut votes: FxHashMap<u32, f64> = FxHashMap::default();
        for (number, score) in nearest {
            let commit = &self.commits[number as usize];
            commit.paths.iter().for_each(|&path| *votes.entry(path).or_default() += (score / best).powi(2) * share(commit));
        }
        votes
    }
}

/// What one file of a commit has of what was said of all.
#[allow(clippy::cast_precision_loss)]
fn share(commit: &Past) -> f64 {
    1.0 / (commit.paths.len().max(1) as f64).sqrt()
}
