//! How well a repository's own past problems are localised: no model, no network.

mod cases;
mod interval;
mod measure;

pub use cases::{Case, CaseFile, cases};
pub use interval::{Estimate, estimate};
pub use measure::{MEASURES, Measures};

use crate::compile::{Request, Sources, Today, UnitIndex, compile};
use crate::git::{Commit, Git, GitError};
use crate::index::Index;
use crate::rank::{Corpus, History, Query, baseline, rank};
use crate::tree::{RevisionTree, Tree, TreeOptions};
use crate::{Catalogue, Kind};
use jeton_text::Vocabulary;
use measure::{Shown, measure};
use serde::Serialize;

/// What is measured.
#[derive(Clone, Debug)]
pub struct ScoreOptions {
    /// Cases at most, the newest.
    pub cases: usize,
    /// The budget of the context in tokens.
    pub budget_tokens: u64,
    /// The vocabulary in which it is counted.
    pub vocabulary: Vocabulary,
    /// What is left out of every tree.
    pub tree: TreeOptions,
}

impl Default for ScoreOptions {
    fn default() -> Self {
        Self { cases: 150, budget_tokens: 8_192, vocabulary: Vocabulary::O200kBase, tree: TreeOptions::default() }
    }
}

/// A way to find, whose measures stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ranker {
    /// BM25 over whole files, packed whole in that order.
    Files,
    /// BM25 over chunks, a file by its best; packed chunk by chunk.
    Chunks,
    /// All evidence, and the compiler.
    Jeton,
}

impl Ranker {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Files, Self::Chunks, Self::Jeton];

    /// A name for tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Files => "BM25 over files",
            Self::Chunks => "BM25 over chunks",
            Self::Jeton => "jeton",
        }
    }
}

/// A case with what each ranker made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scored {
    /// The fix.
    pub commit: String,
    /// The question.
    pub query: String,
    /// Measures by ranker, in the order of [`Ranker::ALL`].
    pub measures: [Measures; 3],
}

/// The measures of a repository.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// Every case, the newest first.
    pub cases: Vec<Scored>,
    /// Files of the newest tree.
    pub files: usize,
    /// Commits of the past that could be used.
    pub commits: usize,
    /// The budget of the context in tokens.
    pub budget_tokens: u64,
}

impl Score {
    /// The mean of a measure (by its place in [`MEASURES`]) with its interval.
    #[must_use]
    pub fn estimate(&self, ranker: Ranker, measure: usize) -> Option<Estimate> {
        let values: Vec<f64> = self.cases.iter().map(|case| case.measures[ranker as usize].values()[measure]).collect();
        estimate(&values)
    }

    /// How much better `ranker` is than `other` on the same cases.
    #[must_use]
    pub fn difference(&self, ranker: Ranker, other: Ranker, measure: usize) -> Option<Estimate> {
        let value = |case: &Scored, ranker: Ranker| case.measures[ranker as usize].values()[measure];
        let values: Vec<f64> = self.cases.iter().map(|case| value(case, ranker) - value(case, other)).collect();
        estimate(&values)
    }

    /// How much better this is than `before`, on the cases that both have.
    #[must_use]
    pub fn against(&self, before: &Self, measure: usize) -> Option<Estimate> {
        let value = |case: &Scored| case.measures[Ranker::Jeton as usize].values()[measure];
        let pairs = self.cases.iter().filter_map(|case| {
            let other = before.cases.iter().find(|other| other.commit == case.commit)?;
            Some(value(case) - value(other))
        });
        estimate(&pairs.collect::<Vec<_>>())
    }
}

/// How many commits of the past are read.
pub const COMMITS_MAX: usize = 20_000;

/// Measures the repository at `revision`. Calls `progress` with the cases done and all of them.
///
/// # Errors
/// Where Git cannot tell the past.
pub fn score(git: &Git, revision: &str, options: &ScoreOptions, progress: &mut dyn FnMut(usize, usize)) -> Result<Score, GitError> {
    let log = git.log(revision, COMMITS_MAX)?;
    let cases = cases(git, &log, options.cases)?;
    score_cases(git, &log, &cases, options, progress)
}

/// Measures given cases.
///
/// # Errors
/// Where Git cannot tell the past.
pub fn score_cases(git: &Git, log: &[Commit], cases: &[Case], options: &ScoreOptions, progress: &mut dyn FnMut(usize, usize)) -> Result<Score, GitError> {
    let history = History::new(log);
    let mut index = Index::new();
    let mut found = Score { cases: Vec::with_capacity(cases.len()), files: 0, commits: log.len(), budget_tokens: options.budget_tokens };
    for (done, case) in cases.iter().enumerate() {
        progress(done, cases.len());
        let tree = RevisionTree::open(git, &case.parent, &options.tree)?;
        let view = index.view(&tree);
        found.files = found.files.max(view.files().len());
        let corpus = Corpus { index: &index, view: &view, history: Some(&history), unseen_commits: case.position, meaning: None };
        let measures = [
            measured_plainly(case, &tree, &corpus, options, Ranker::Files),
            measured_plainly(case, &tree, &corpus, options, Ranker::Chunks),
            measured(case, &tree, &corpus, options),
        ];
        found.cases.push(Scored { commit: case.commit.clone(), query: case.query.clone(), measures });
    }
    progress(cases.len(), cases.len());
    Ok(found)
}

/// The ranking and the compiler on one case.
fn measured(case: &Case, tree: &dyn Tree, corpus: &Corpus<'_>, options: &ScoreOptions) -> Measures {
    let ranked = rank(corpus, &Query::new(&case.query));
    let order: Vec<&str> = ranked.iter().take(10).map(|ranked| &*corpus.view.files()[ranked.file].path).collect();
    let (catalogue, units) = (Catalogue::default(), UnitIndex::default());
    let sources =
        Sources { tree, catalogue: &catalogue, units: &units, corpus: Some(corpus), standing: &|_| (1.0, None), mask: &str::to_owned, nearness: None };
    let request = Request { kinds: &[Kind::Code], ..Request::new(&case.query, options.budget_tokens, options.vocabulary, Today("1970-01-01")) };
    let spans = compile(&sources, &request).map(|compilation| compilation.manifest.spans).unwrap_or_default();
    let shown: Vec<Shown<'_>> =
        spans.iter().filter(|span| span.place.first_line > 0).map(|span| (&*span.place.path, span.place.first_line, span.place.last_line)).collect();
    measure(case, &order, &shown)
}

/// BM25 on one case: files or chunks in their order, until the budget is full.
fn measured_plainly(case: &Case, tree: &dyn Tree, corpus: &Corpus<'_>, options: &ScoreOptions, ranker: Ranker) -> Measures {
    let query = Query::new(&case.query);
    let (order, pieces) = if ranker == Ranker::Files { baseline::files(corpus, &query) } else { baseline::chunks(corpus, &query) };
    let order: Vec<&str> = order.iter().take(10).map(|&file| &*corpus.view.files()[file].path).collect();
    let mut left = options.budget_tokens;
    let mut shown: Vec<Shown<'_>> = Vec::new();
    for piece in pieces {
        // No vocabulary has tokens of more bytes on average in any text: such a piece is not read for nothing.
        if piece.bytes.len() as u64 > 12 * left {
            continue;
        }
        let path = &*corpus.view.files()[piece.file].path;
        let text = tree.text(path).unwrap_or_default();
        let tokens = options.vocabulary.count(text.get(piece.bytes.clone()).unwrap_or_default());
        // What does not fit is left out, and the next is tried, as the compiler does; a piece too large ends a plain packer's list soon.
        if tokens <= left {
            left -= tokens;
            shown.push((path, piece.first_line, piece.last_line));
        }
        if left < 100 || shown.len() > 200 {
            break;
        }
    }
    measure(case, &order, &shown)
}
