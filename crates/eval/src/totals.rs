//! What the rows of a run add up to. Always recomputed from them; nothing here is kept.

use crate::repeats::{PassK, pass_k};
use crate::{Outcome, Row, Verdict};
use jeton_allocate::bootstrap::{bootstrap, quantile_counted};
use jeton_allocate::bounds::Counts;
use jeton_allocate::{Estimate, Interval, Level, Observation, mean, proportion};
use jeton_core::Nanousd;
use serde::Serialize;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// How often a statistic is resampled.
const RESAMPLES: usize = 2_000;
/// The seed of all resampling: the same rows give the same figures.
const SEED: u64 = 1;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// By target, in the order of the run.
    pub targets: Vec<TargetTotals>,
}

/// Whether figures may be used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "validity")]
pub enum Validity {
    /// Enough was answered and judged.
    Valid,
    /// More than `most` of the cells are missing, by the weights of their cases: the run is no evidence, neither good nor bad.
    Invalid {
        /// The share that is missing.
        share: f64,
        /// The share that may be.
        most: f64,
    },
    /// There is nothing yet.
    Empty,
}

/// What one target came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetTotals {
    /// Its name.
    pub target: String,
    /// Distinct cases.
    pub cases: usize,
    /// Rows.
    pub cells: usize,
    /// Rows that passed.
    pub passed: usize,
    /// Rows that failed.
    pub failed: usize,
    /// Rows with an answer and no verdict.
    pub unscored: usize,
    /// Rows without an answer.
    pub errors: usize,
    /// Whether the figures may be used.
    #[serde(flatten)]
    pub validity: Validity,
    /// The pass rate of what was judged, repeats averaged within their case, cases by their weights.
    pub pass_rate: Option<Estimate>,
    /// What the pass rate could be, whatever the missing cells would have been; by the weights of the cases.
    pub bounds: Option<Interval>,
    /// Whether any and whether all of several attempts at a case pass; nothing where each was tried once.
    pub pass_k: Vec<PassK>,
    /// The mean score of what was judged, by the weights of the cases.
    pub score: Option<Estimate>,
    /// What all of it cost, as far as known.
    pub cost: Nanousd,
    /// Rows whose cost is unknown.
    pub cost_unknown: usize,
    /// US dollars per case, where all costs are known; each case once, whatever its weight, as all costs and times.
    pub usd_per_case: Option<Estimate>,
    /// US dollars per success, where all costs are known and anything succeeded.
    pub usd_per_success: Option<Estimate>,
    /// Milliseconds of an answer: the median.
    pub latency_p50_ms: Option<Estimate>,
    /// Milliseconds of an answer: 95 of 100 took no longer.
    pub latency_p95_ms: Option<Estimate>,
    /// Tokens that went in, where all are known.
    pub tokens_in: Option<u64>,
    /// Tokens that came out, where all are known.
    pub tokens_out: Option<u64>,
    /// Whether any answer came from a simulated provider.
    pub is_simulated: bool,
    /// Answers taken from earlier runs.
    pub cached: usize,
    /// Pass rates by tag.
    pub tags: BTreeMap<String, Option<Estimate>>,
    /// What each grader said.
    pub graders: BTreeMap<String, GraderTotals>,
    /// Faults by code.
    pub faults: BTreeMap<String, usize>,
}

/// What one grader said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GraderTotals {
    /// Passes.
    pub passed: usize,
    /// Fails.
    pub failed: usize,
    /// No verdict.
    pub unscored: usize,
}

/// The rows of one target by case, in the order of their first launch.
#[must_use]
pub fn by_case<'r>(rows: &[&'r Row]) -> Vec<(&'r str, Vec<&'r Row>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut cases: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in rows {
        let place = *places.entry(&row.cell.case).or_insert_with(|| {
            cases.push((&row.cell.case, Vec::new()));
            cases.len() - 1
        });
        cases[place].1.push(row);
    }
    cases
}

/// Clusters by number.
#[derive(Debug, Default)]
pub struct Clusters(HashMap<String, usize>);

impl Clusters {
    /// The number of a cluster.
    pub fn number(&mut self, cluster: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(cluster.to_owned()).or_insert(next)
    }
}

/// One value for each case, of the rows for which `of` has one: repeats are averaged. With the case's weight, by which passes and scores count.
#[must_use]
pub fn observations(rows: &[&Row], of: impl Fn(&Row) -> Option<f64>) -> Vec<Observation> {
    let mut clusters = Clusters::default();
    let mut found = Vec::new();
    for (_, rows) in by_case(rows) {
        let values: Vec<f64> = rows.iter().filter_map(|row| of(row)).collect();
        if let Some(first) = rows.first().filter(|_| !values.is_empty()) {
            let value = values.iter().sum::<f64>() / values.len() as f64;
            found.push(Observation { cluster: clusters.number(&first.cluster), value, weight: first.weight });
        }
    }
    found
}

/// The same with each case counting once: what cases cost, and how long they take, has nothing to do with how much their quality counts.
#[must_use]
pub fn each_once(rows: &[&Row], of: impl Fn(&Row) -> Option<f64>) -> Vec<Observation> {
    observations(rows, of).into_iter().map(|observation| Observation { weight: 1.0, ..observation }).collect()
}

/// 1 for a pass, 0 for a fail, none for what is missing.
#[must_use]
pub fn passed(row: &Row) -> Option<f64> {
    row.passed().map(f64::from)
}

/// The weighted rate of passes, with the interval that fits: Wilson's and its kin. Rate and interval are from 0 to 1.
#[must_use]
pub fn rate(observations: &[Observation], level: Level) -> Option<Estimate> {
    proportion::proportion(observations, level)
}

/// What rows add up to. `errors_max`: the share of missing cells above which they are no evidence. `targets`: names in their order.
#[must_use]
pub fn totals(rows: &[Row], targets: &[String], errors_max: f64, level: Level) -> Totals {
    let of = |name: &String| {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.cell.target == *name).collect();
        target_totals(name, &rows, errors_max, level)
    };
    Totals { targets: targets.iter().map(of).collect() }
}

fn target_totals(name: &str, rows: &[&Row], errors_max: f64, level: Level) -> TargetTotals {
    let count = |outcome: Outcome| rows.iter().filter(|row| row.outcome == outcome).count();
    let counts = counts(rows);
    let all_known = |of: fn(&Row) -> Option<u64>| rows.iter().filter(|row| row.answer.is_some()).map(|row| of(row)).try_fold(0_u64, |sum, x| Some(sum + x?));
    let judged = observations(rows, passed);
    TargetTotals {
        target: name.to_owned(),
        cases: by_case(rows).len(),
        cells: rows.len(),
        passed: count(Outcome::Passed),
        failed: count(Outcome::Failed),
        unscored: count(Outcome::Unscored),
        errors: count(Outcome::Error),
        validity: validity(counts, errors_max),
        pass_rate: rate(&judged, level),
        bounds: counts.bounds(),
        pass_k: pass_k(rows, level),
        score: mean::mean(&observations(rows, |row| row.score), level),
        cost: rows.iter().filter_map(|row| row.cost).fold(Nanousd::ZERO, |sum, cost| sum.saturating_add(cost)),
        cost_unknown: rows.iter().filter(|row| row.cost.is_none()).count(),
        usd_per_case: mean::mean(&each_once(rows, |row| row.cost.map(Nanousd::as_usd_f64)), level).filter(|_| rows.iter().all(|row| row.cost.is_some())),
        usd_per_success: usd_per_success(rows, level),
        latency_p50_ms: latency(rows, 0.5, level),
        latency_p95_ms: latency(rows, 0.95, level),
        tokens_in: all_known(|row| row.answer.as_ref()?.tokens_in),
        tokens_out: all_known(|row| row.answer.as_ref()?.tokens_out),
        is_simulated: rows.iter().any(|row| row.answer.as_ref().is_some_and(|answer| answer.is_simulated)),
        cached: rows.iter().filter(|row| row.is_cached).count(),
        tags: by_tag(rows, level),
        graders: graders(rows),
        faults: faults(rows),
    }
}

/// Rows by how they ended and by the weights of their cases, as shares of the largest: equal weights count rows.
pub(crate) fn counts(rows: &[&Row]) -> Counts {
    let most = rows.iter().map(|row| row.weight).fold(0.0, f64::max);
    // An empty sum of floats is -0.0, which would be printed so.
    let sum = |of: fn(Outcome) -> bool| rows.iter().filter(|row| of(row.outcome)).map(|row| row.weight / most).sum::<f64>() + 0.0;
    Counts {
        passed: sum(|outcome| outcome == Outcome::Passed),
        failed: sum(|outcome| outcome == Outcome::Failed),
        unresolved: sum(|outcome| matches!(outcome, Outcome::Unscored | Outcome::Error)),
    }
}

fn validity(counts: Counts, most: f64) -> Validity {
    match counts.unresolved_share() {
        None => Validity::Empty,
        Some(share) if share > most => Validity::Invalid { share, most },
        Some(_) => Validity::Valid,
    }
}

/// A case's cluster, cost and success, for ratios.
type Spent = (usize, f64, f64);

/// Cost over successes: a ratio of sums, with a bootstrap over clusters.
fn usd_per_success(rows: &[&Row], level: Level) -> Option<Estimate> {
    if rows.iter().any(|row| row.cost.is_none()) {
        return None;
    }
    let mut clusters = Clusters::default();
    let spent: Vec<Spent> = rows.iter().filter_map(|row| Some((clusters.number(&row.cluster), row.cost?.as_usd_f64(), passed(row).unwrap_or(0.0)))).collect();
    let ratio = |spent: &[Spent]| {
        let (usd, successes) = spent.iter().fold((0.0, 0.0), |(usd, successes), case| (usd + case.1, successes + case.2));
        (successes > 0.0).then(|| usd / successes)
    };
    bootstrap(&spent, |case| case.0, ratio, level, RESAMPLES, SEED)
}

fn latency(rows: &[&Row], share: f64, level: Level) -> Option<Estimate> {
    let mut clusters = Clusters::default();
    let mut taken: Vec<(f64, usize)> = rows.iter().filter_map(|row| Some((row.latency_us()? as f64 / 1_000.0, clusters.number(&row.cluster)))).collect();
    // Sorted once: a resample counts places, and thousands of them need no sorting. The order of the items is what the seed draws from.
    let mut by_time: Vec<usize> = (0..taken.len()).collect();
    by_time.sort_by(|a, b| taken[*a].0.total_cmp(&taken[*b].0));
    let mut ranked: Vec<(usize, usize)> = taken.iter().map(|(_, cluster)| (*cluster, 0)).collect();
    by_time.iter().enumerate().for_each(|(rank, at)| ranked[*at].1 = rank);
    taken.sort_by(|a, b| a.0.total_cmp(&b.0));
    let sorted: Vec<f64> = taken.iter().map(|(ms, _)| *ms).collect();
    let counts = RefCell::new(vec![0_u32; sorted.len()]);
    let at = |sample: &[(usize, usize)]| {
        let mut counts = counts.borrow_mut();
        counts.fill(0);
        sample.iter().for_each(|(_, rank)| counts[*rank] += 1);
        quantile_counted(&sorted, &counts, share)
    };
    bootstrap(&ranked, |case| case.0, at, level, RESAMPLES, SEED)
}

fn by_tag(rows: &[&Row], level: Level) -> BTreeMap<String, Option<Estimate>> {
    let mut tags: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        row.tags.iter().for_each(|tag| tags.entry(tag).or_default().push(row));
    }
    tags.into_iter().map(|(tag, rows)| (tag.to_owned(), rate(&observations(&rows, passed), level))).collect()
}

fn graders(rows: &[&Row]) -> BTreeMap<String, GraderTotals> {
    let mut graders: BTreeMap<String, GraderTotals> = BTreeMap::new();
    for grade in rows.iter().flat_map(|row| &row.grades) {
        let totals = graders.entry(grade.grader.clone()).or_default();
        match grade.verdict {
            Verdict::Pass => totals.passed += 1,
            Verdict::Fail => totals.failed += 1,
            Verdict::Unscored => totals.unscored += 1,
        }
    }
    graders
}

fn faults(rows: &[&Row]) -> BTreeMap<String, usize> {
    let mut faults = BTreeMap::new();
    for fault in rows.iter().filter_map(|row| row.fault.as_ref()) {
        *faults.entry(fault.code.clone()).or_insert(0) += 1;
    }
    faults
}
