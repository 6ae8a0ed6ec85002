//! `jeton context score`: how well the repository's own past fixes are found.

use super::lock::no_git;
use super::{plural, tree_options, vocabulary};
use crate::cli::ScoreArgs;
use crate::context::{Context, env};
use crate::failure::Failure;
use crate::output;
use jeton_context::git::{Commit, Git, GitError, NoGit};
use jeton_context::score::COMMITS_MAX;
use jeton_context::score::{Case, Estimate, MEASURES, Ranker, Score, ScoreOptions, cases, score_cases};
use jeton_project::Snapshot;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};

/// Fewer cases decide nothing: their intervals are wider than any difference between rankers that was ever seen.
const CASES_MIN: usize = 20;

pub(super) fn run(context: &Context, args: &ScoreArgs, is_json: bool) -> Result<(), Failure> {
    let bounds = args.at_least.iter().map(|text| bound(text)).collect::<Result<Vec<_>, _>>()?;
    let snapshot = context.snapshot()?;
    let git = match Git::open(context.project.dir()) {
        Err(NoGit::NoRepository) if args.compare.is_none() && bounds.is_empty() && !is_json => {
            println!("There is no Git repository here, so there are no past fixes to measure by. Name one with --project DIR.");
            return Ok(());
        }
        opened => opened.map_err(|why| no_git(&why))?,
    };
    if git.resolve("HEAD").is_none() {
        return empty(is_json, &bounds);
    }
    let bench = Bench { git: &git, options: options(args, &snapshot) };
    let (score, comparison) = match &args.compare {
        Some(with) => {
            let (score, comparison) = bench.compare(args, with)?;
            (score, Some(comparison))
        }
        None => (bench.score("HEAD")?, None),
    };
    let verdicts: Vec<(Bound, Verdict)> = bounds.into_iter().map(|bound| (bound, verdict(&score, bound))).collect();
    if is_json {
        output::json(&data(&bench, &score, comparison.as_ref(), &verdicts));
    } else {
        show(&bench, &score);
        comparison.iter().for_each(Comparison::show);
        verdicts.iter().for_each(|(bound, verdict)| println!("\n{} is at least {}: {}", MEASURES[bound.measure], bound.value, verdict.name()));
    }
    if verdicts.iter().any(|(_, verdict)| *verdict == Verdict::No) {
        return Err(Failure::No);
    }
    if verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Undecided) { Err(Failure::Undecided) } else { Ok(()) }
}

fn empty(is_json: bool, bounds: &[Bound]) -> Result<(), Failure> {
    if is_json {
        output::json(&json!({ "cases": 0, "commits": 0 }));
    } else {
        println!("The repository has no commits, so there are no past fixes to measure by.");
    }
    if bounds.is_empty() { Ok(()) } else { Err(Failure::Undecided) }
}

fn options(args: &ScoreArgs, snapshot: &Snapshot) -> ScoreOptions {
    ScoreOptions { cases: args.cases, budget_tokens: args.budget.0, vocabulary: vocabulary(snapshot), tree: tree_options(snapshot) }
}

/// A repository under measurement.
struct Bench<'a> {
    git: &'a Git,
    options: ScoreOptions,
}

impl Bench<'_> {
    fn score(&self, revision: &str) -> Result<Score, Failure> {
        let log = self.git.log(revision, COMMITS_MAX).map_err(|error| failed(&error))?;
        let found = cases(self.git, &log, self.options.cases).map_err(|error| failed(&error))?;
        self.measured(&log, &found, &self.options)
    }

    fn measured(&self, log: &[Commit], found: &[Case], options: &ScoreOptions) -> Result<Score, Failure> {
        let is_shown = std::io::stderr().is_terminal();
        let mut progress = |done: usize, all: usize| {
            if is_shown {
                let _ = write!(std::io::stderr(), "\r\x1b[K{}", if done == all { String::new() } else { format!("{done} of {all} cases") });
            }
        };
        score_cases(self.git, log, found, options, &mut progress).map_err(|error| failed(&error))
    }

    /// The score with the settings of now and of `with` on the same cases: for a revision those before it.
    fn compare(&self, args: &ScoreArgs, with: &str) -> Result<(Score, Comparison), Failure> {
        let as_file = std::path::Path::new(with);
        let (text, revision) = if as_file.exists() {
            let path = if as_file.is_dir() { as_file.join("jeton.toml") } else { as_file.to_owned() };
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display()), "name a jeton.toml, or a revision of Git"))?;
            (text, "HEAD")
        } else if self.git.resolve(with).is_some() {
            (self.git.show(with, "jeton.toml").map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default(), with)
        } else {
            return Err(Failure::usage(format!("`{with}` is no file and no revision"), "name a jeton.toml, or a branch, a tag or a commit"));
        };
        let label = if as_file.exists() { with.to_owned() } else { format!("{with}:jeton.toml") };
        let other = options(args, &jeton_project::load(&label, &text, &env).map_err(Failure::Config)?);
        let log = self.git.log(revision, COMMITS_MAX).map_err(|error| failed(&error))?;
        let now_log = self.git.log("HEAD", COMMITS_MAX).map_err(|error| failed(&error))?;
        let found = cases(self.git, &log, self.options.cases).map_err(|error| failed(&error))?;
        let place: std::collections::HashMap<&str, usize> = now_log.iter().enumerate().map(|(at, commit)| (commit.id.as_str(), at + 1)).collect();
        let found_now: Vec<Case> = found.iter().filter_map(|case| Some(Case { position: *place.get(case.commit.as_str())?, ..case.clone() })).collect();
        let score = self.measured(&now_log, &found_now, &self.options)?;
        // The same cases in the same trees: then only the settings could make a difference.
        let is_same = self.options.tree == other.tree && self.options.vocabulary == other.vocabulary;
        let before = if is_same { score.clone() } else { self.measured(&log, &found, &other)? };
        Ok((score.clone(), Comparison::new(with.to_owned(), is_same, &score, &before)))
    }
}

fn failed(error: &GitError) -> Failure {
    Failure::dependency(format!("the past cannot be read: {error}"), "`git fsck` checks the repository")
}

/// What an interval of a difference says.
fn sense(estimate: &Estimate) -> &'static str {
    match estimate {
        few if few.cases < CASES_MIN => "undecided: too few",
        better if better.low > 0.0 => "better",
        worse if worse.high < 0.0 => "worse",
        _ => "undecided",
    }
}

/// The settings of now against others, measure by measure.
struct Comparison {
    with: String,
    is_same: bool,
    differences: Vec<Option<Estimate>>,
}

impl Comparison {
    fn new(with: String, is_same: bool, score: &Score, before: &Score) -> Self {
        Self { with, is_same, differences: (0..MEASURES.len()).map(|measure| score.against(before, measure)).collect() }
    }

    fn show(&self) {
        println!("\nNOW AGAINST {}", self.with);
        if self.is_same {
            println!(
                "What is measured has the same settings in both (what is left out, the vocabulary), so nothing can differ.\nThe score measures how well code is found for past fixes; documents and rules do not enter it. \
                 `jeton context diff {}` shows how they changed.",
                self.with
            );
            return;
        }
        let rows = self.differences.iter().enumerate().map(|(measure, difference)| vec![MEASURES[measure].to_owned(), gained(difference.as_ref())]);
        output::table(&["measure", "difference in points"], &[], rows.collect());
    }

    fn data(&self) -> Value {
        let measures: serde_json::Map<String, Value> =
            self.differences.iter().enumerate().map(|(measure, difference)| (MEASURES[measure].to_owned(), judged(difference.as_ref()))).collect();
        json!({ "with": self.with, "is_same": self.is_same, "differences": measures })
    }
}

fn judged(difference: Option<&Estimate>) -> Value {
    difference.map_or(Value::Null, |estimate| json!({ "estimate": estimate, "verdict": sense(estimate) }))
}

/// `+3.1 [+0.4, +5.9] better`, in points of a hundred.
fn gained(difference: Option<&Estimate>) -> String {
    difference.map_or_else(
        || "unknown: no case".to_owned(),
        |estimate| {
            let points = |share: f64| format!("{:+.1}", 100.0 * share).replace("-0.0", "+0.0");
            format!("{} [{}, {}] {}", points(estimate.mean), points(estimate.low), points(estimate.high), sense(estimate))
        },
    )
}

/// `84.2 % [79.0, 88.9]`.
fn measured(estimate: Option<&Estimate>) -> String {
    estimate
        .map_or_else(|| "unknown".to_owned(), |estimate| format!("{:.1} % [{:.1}, {:.1}]", 100.0 * estimate.mean, 100.0 * estimate.low, 100.0 * estimate.high))
}

fn show(bench: &Bench<'_>, score: &Score) {
    if score.cases.is_empty() {
        println!("Among {} no fix of the past could be used as a case: undecided, too few.", plural(score.commits, "commit"));
        if bench.git.is_shallow() {
            println!("The repository is shallow: `git fetch --unshallow` brings the whole past.");
        }
        return;
    }
    let rows = (0..MEASURES.len()).map(|measure| {
        let of = |ranker: Ranker| measured(score.estimate(ranker, measure).as_ref());
        let [files, chunks, jeton] = Ranker::ALL.map(of);
        vec![MEASURES[measure].to_owned(), jeton, chunks, files]
    });
    output::table(&["measure", Ranker::Jeton.name(), Ranker::Chunks.name(), Ranker::Files.name()], &[], rows.collect());
    println!();
    let rows = (0..MEASURES.len()).map(|measure| {
        let over = |other: Ranker| gained(score.difference(Ranker::Jeton, other, measure).as_ref());
        vec![MEASURES[measure].to_owned(), over(Ranker::Chunks), over(Ranker::Files)]
    });
    output::table(&["jeton against", Ranker::Chunks.name(), Ranker::Files.name()], &[], rows.collect());
    println!(
        "\n{} from {}, up to {}; contexts of {} tokens in {}; 95 % intervals; differences are paired.",
        plural(score.cases.len(), "case"),
        plural(score.commits, "commit"),
        plural(score.files, "file"),
        output::count(score.budget_tokens),
        bench.options.vocabulary.name()
    );
    if score.cases.len() < CASES_MIN {
        println!("Undecided: too few cases; at least {CASES_MIN} are needed before a difference means anything.");
    }
    if bench.git.is_shallow() {
        println!("The repository is shallow, so cases are missing: `git fetch --unshallow` brings the whole past.");
    }
}

fn data(bench: &Bench<'_>, score: &Score, comparison: Option<&Comparison>, verdicts: &[(Bound, Verdict)]) -> Value {
    let mut measures = serde_json::Map::new();
    for (measure, name) in MEASURES.iter().enumerate() {
        let of = |ranker: Ranker| score.estimate(ranker, measure);
        let over = |other: Ranker| judged(score.difference(Ranker::Jeton, other, measure).as_ref());
        measures.insert(
            (*name).to_owned(),
            json!({
                "jeton": of(Ranker::Jeton), "chunks": of(Ranker::Chunks), "files": of(Ranker::Files),
                "against_chunks": over(Ranker::Chunks), "against_files": over(Ranker::Files),
            }),
        );
    }
    let bounds: Vec<Value> =
        verdicts.iter().map(|(bound, verdict)| json!({ "measure": MEASURES[bound.measure], "at_least": bound.value, "verdict": verdict.name() })).collect();
    json!({
        "cases": score.cases.len(), "commits": score.commits, "files": score.files, "is_shallow": bench.git.is_shallow(), "cases_min": CASES_MIN,
        "budget_tokens": score.budget_tokens, "vocabulary": bench.options.vocabulary.name(), "measures": measures,
        "compare": comparison.map(Comparison::data), "at_least": bounds, "scored": score.cases,
    })
}

/// What a measure has to be at least.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bound {
    measure: usize,
    value: f64,
}

/// `recall@10=0.8`; the measure without regard to case and blanks.
fn bound(text: &str) -> Result<Bound, Failure> {
    let plain = |name: &str| name.to_lowercase().replace([' ', '-', '_'], "");
    let parsed = text.split_once('=').and_then(|(name, value)| {
        let measure = MEASURES.iter().position(|known| plain(known) == plain(name))?;
        let value = value.trim().parse::<f64>().ok().filter(|value| (0.0..=1.0).contains(value))?;
        Some(Bound { measure, value })
    });
    parsed.ok_or_else(|| {
        let next = format!("write MEASURE=VALUE, with one of {} and a value from 0 to 1", MEASURES.join(", "));
        Failure::usage(format!("--at-least {text} cannot be read"), next)
    })
}

/// Whether a bound is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Yes,
    No,
    Undecided,
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Undecided => "undecided",
        }
    }
}

/// Yes and no are said only where the whole interval says so.
fn verdict(score: &Score, bound: Bound) -> Verdict {
    match score.estimate(Ranker::Jeton, bound.measure) {
        Some(estimate) if estimate.cases < CASES_MIN => Verdict::Undecided,
        Some(estimate) if estimate.low >= bound.value => Verdict::Yes,
        Some(estimate) if estimate.high < bound.value => Verdict::No,
        _ => Verdict::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_as_people_type_them() {
        let check = |text: &str, expected: Option<(usize, f64)>| {
            assert_eq!(bound(text).ok(), expected.map(|(measure, value)| Bound { measure, value }), "{text}");
        };
        check("recall@10=0.8", Some((1, 0.8)));
        check("mrr=1", Some((2, 1.0)));
        check("files-in-budget = 0.5", Some((3, 0.5)));
        for text in ["", "recall@10", "recall@7=0.1", "mrr=80", "mrr=-1", "mrr=NaN"] {
            check(text, None);
        }
    }

    #[test]
    fn better_is_said_only_where_the_interval_says_so() {
        let check = |low: f64, high: f64, cases: usize, expected: &str| {
            let estimate = Estimate { mean: f64::midpoint(low, high), low, high, cases };
            assert_eq!(sense(&estimate), expected, "{estimate:?}");
        };
        check(0.01, 0.2, 20, "better");
        check(-0.2, -0.01, 20, "worse");
        check(0.0, 0.2, 300, "undecided");
        check(0.01, 0.2, 19, "undecided: too few");
    }
}
