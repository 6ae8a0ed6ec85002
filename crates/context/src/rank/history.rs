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
    id: Box<str>,
    subject: Box<str>,
}

/// A commit that said the like.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// Its full name.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
    /// What it changed, by the paths of now.
    pub paths: Vec<String>,
    /// How near it is, the nearest having 1.
    pub nearness: f64,
}

/// Commits of the past, newest first, with what each said and changed. Paths are as they are called now.
#[derive(Debug, Default)]
pub struct History {
    terms: Terms,
    commits: Vec<Past>,
    by_term: FxHashMap<TermId, Vec<u32>>,
    by_path: Vec<Vec<u32>>,
    paths: Vec<String>,
    path_ids: FxHashMap<String, u32>,
    length: u64,
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
        paths.iter().for_each(|&path| self.by_path[path as usize].push(number));
        self.length += u64::from(length);
        self.commits.push(Past { terms: terms.into(), length, paths: paths.into(), id: commit.id.as_str().into(), subject: commit.subject.as_str().into() });
    }

    fn path_id(&mut self, path: &str) -> u32 {
        if let Some(&id) = self.path_ids.get(path) {
            return id;
        }
        let id = u32::try_from(self.paths.len()).unwrap_or(u32::MAX);
        self.paths.push(path.to_owned());
        self.by_path.push(Vec::new());
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

    /// Files that were changed together with the one at `path`, each with the share of its changes; commits after the first `unseen`.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn companions(&self, path: &str, unseen: usize) -> FxHashMap<u32, f64> {
        let Some(&id) = self.path_ids.get(path) else { return FxHashMap::default() };
        let commits = &self.by_path[id as usize];
        let seen = &commits[commits.partition_point(|&commit| (commit as usize) < unseen)..];
        let mut found: FxHashMap<u32, f64> = FxHashMap::default();
        for &commit in seen.iter().take(300) {
            let paths = &self.commits[commit as usize].paths;
            paths.iter().filter(|&&other| other != id).for_each(|&other| *found.entry(other).or_default() += 1.0 / (paths.len() as f64 - 0.5).sqrt());
        }
        let all = seen.len().min(300) as f64 + 2.0;
        found.values_mut().for_each(|count| *count /= all);
        found
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

    /// Votes of the nearest of the commits after the first `unseen`, by number of the path.
    pub(crate) fn nearest(&self, query: &Query, unseen: usize) -> FxHashMap<u32, f64> {
        self.votes(self.by_words(query, unseen))
    }

    /// The `most` nearest of the commits after the first `unseen`, the nearest first.
    #[must_use]
    pub fn similar(&self, query: &Query, unseen: usize, most: usize) -> Vec<Similar> {
        let nearest = self.nearest_commits(self.by_words(query, unseen));
        let best = nearest.first().map_or(1.0, |&(_, score)| score).max(f64::MIN_POSITIVE);
        let told = nearest.into_iter().take(most).map(|(number, score)| {
            let commit = &self.commits[number as usize];
            let paths = commit.paths.iter().map(|&path| self.path(path).to_owned()).collect();
            Similar { commit: commit.id.to_string(), subject: commit.subject.to_string(), paths, nearness: score / best }
        });
        told.collect()
    }

    /// BM25 of the messages.
    #[allow(clippy::cast_precision_loss)]
    fn by_words(&self, query: &Query, unseen: usize) -> FxHashMap<u32, f64> {
        let mut by_commit: FxHashMap<u32, f64> = FxHashMap::default();
        let mean = (self.length as f64 / self.commits.len().max(1) as f64).max(1.0);
        for (name, _) in &query.terms {
            let Some(term) = self.terms.find(name) else { continue };
            let weight = self.idf(term, unseen);
            for &number in self.by_term.get(&term).into_iter().flatten().filter(|&&number| number as usize >= unseen) {
                let commit = &self.commits[number as usize];
                let count = commit.terms.binary_search_by_key(&term, |&(term, _)| term).map_or(0.0, |place| f64::from(commit.terms[place].1));
                *by_commit.entry(number).or_default() += weight * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * f64::from(commit.length) / mean));
            }
        }
        by_commit
    }

    /// The nearest commits that changed something, the nearest first.
    fn nearest_commits(&self, by_commit: FxHashMap<u32, f64>) -> Vec<(u32, f64)> {
        let mut nearest: Vec<(u32, f64)> = by_commit.into_iter().filter(|(number, _)| !self.commits[*number as usize].paths.is_empty()).collect();
        nearest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest.truncate(NEAREST);
        nearest
    }

    fn votes(&self, by_commit: FxHashMap<u32, f64>) -> FxHashMap<u32, f64> {
        let nearest = self.nearest_commits(by_commit);
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
