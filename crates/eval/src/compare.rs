//! Two runs, or two targets, on the same cases: better, worse, no relevant difference, or undecided.

use crate::totals::{Clusters, by_case, observations, passed};
use crate::{Outcome, Row};
use jeton_allocate::bootstrap::bootstrap;
use jeton_allocate::paired::{Flips, Pair, difference, sign_flip};
use jeton_allocate::verdict::{Verdict, verdict};
use jeton_allocate::{Estimate, Level, Observation, mean};
use jeton_core::Nanousd;
use serde::Serialize;
use std::collections::HashMap;

/// Sign flips of the permutation test.
const FLIPS: usize = 10_000;
const RESAMPLES: usize = 2_000;
const SEED: u64 = 1;

/// What a comparison came to. Differences are candidate less baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// What is compared with.
    pub baseline: String,
    /// What is judged.
    pub candidate: String,
    /// Cases that both have judged.
    pub cases: usize,
    /// Cases that only one of them has, or that one of them has no verdict on.
    pub unpaired: usize,
    /// The pass rates on the common cases, by their weights.
    pub rates: (f64, f64),
    /// The verdict on quality.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The largest difference that does not matter.
    pub margin: f64,
    /// The difference of the pass rates.
    pub difference: Option<Estimate>,
    /// The p-value of the exact test: McNemar's where no clusters are shared and all cases count alike, else of flipped signs.
    pub p: Option<f64>,
    /// Which test.
    pub test: &'static str,
    /// Cases that pass now and did not.
    pub fixed: Vec<Flip>,
    /// Cases that passed and do not now.
    pub broken: Vec<Flip>,
    /// The difference of the mean scores.
    pub score: Option<Estimate>,
    /// The difference in US dollars per case, where all costs are known.
    pub usd_per_case: Option<Estimate>,
    /// US dollars per success of both, and their difference, where all is known.
    pub usd_per_success: Option<(f64, f64, Option<Estimate>)>,
    /// The difference in milliseconds of an answer, the mean of the cases.
    pub latency_ms: Option<Estimate>,
}

/// A case whose outcome changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flip {
    /// The case.
    pub case: String,
    /// Its repeats that passed, of how many: before.
    pub before: (usize, usize),
    /// Now.
    pub after: (usize, usize),
    /// The launch of its row in the baseline, and in the candidate, for who wants to open them.
    pub rows: (u64, u64),
    /// Why it fails where it fails: the first grade that is not met.
    pub why: String,
}

/// A case in both.
struct Both<'r> {
    case: &'r str,
    cluster: usize,
    /// As the candidate has it: the later of the two, where a suite has changed.
    weight: f64,
    baseline: Vec<&'r Row>,
    candidate: Vec<&'r Row>,
}

/// Compares the rows of a baseline with those of a candidate, by case. `margin` is the largest difference of pass rates that does not matter.
#[must_use]
pub fn compare(baseline: (&str, &[&Row]), candidate: (&str, &[&Row]), margin: f64, level: Level) -> Comparison {
    let both = both(baseline.1, candidate.1);
    let judged: Vec<&Both<'_>> = both.iter().filter(|case| of_case(&case.baseline, passed).is_some() && of_case(&case.candidate, passed).is_some()).collect();
    let pairs = pairs(&judged, passed);
    let found = difference(&pairs, level);
    let (p, test) = test(&pairs);
    let all = by_case(baseline.1).len().max(by_case(candidate.1).len());
    let cost = |row: &Row| row.cost.map(Nanousd::as_usd_f64);
    let costs_known = both.iter().all(|case| case.baseline.iter().chain(&case.candidate).all(|row| row.cost.is_some()));
    Comparison {
        baseline: baseline.0.to_owned(),
        candidate: candidate.0.to_owned(),
        cases: judged.len(),
        unpaired: all.saturating_sub(judged.len()),
        rates: (mean_of(&pairs, |pair| pair.baseline), mean_of(&pairs, |pair| pair.candidate)),
        verdict: found.as_ref().map_or(Verdict::Undecided { more_cases: None }, |found| verdict(found, margin)),
        margin,
        difference: found,
        p,
        test,
        fixed: flips(&judged, true),
        broken: flips(&judged, false),
        score: difference(&self::pairs(&judged, |row| row.score), level),
        usd_per_case: apart(&self::pairs(&both.iter().collect::<Vec<_>>(), cost), level).filter(|_| costs_known),
        usd_per_success: costs_known.then(|| per_success(&judged, level)).flatten(),
        latency_ms: apart(&self::pairs(&judged, |row| row.latency_us().map(|us| us as f64 / 1_000.0)), level),
    }
}

fn both<'r>(baseline: &[&'r Row], candidate: &[&'r Row]) -> Vec<Both<'r>> {
    let mut clusters = Clusters::default();
    let of_candidate: HashMap<&str, Vec<&Row>> = by_case(candidate).into_iter().collect();
    let common = by_case(baseline).into_iter().filter_map(|(case, baseline)| {
        let candidate = of_candidate.get(case)?.clone();
        let cluster = clusters.number(&baseline.first()?.cluster);
        Some(Both { case, cluster, weight: candidate.first()?.weight, baseline, candidate })
    });
    common.collect()
}

/// The mean over the repeats for which there is a value.
fn of_case(rows: &[&Row], of: impl Fn(&Row) -> Option<f64>) -> Option<f64> {
    observations(rows, of).first().map(|observation| observation.value)
}

fn pairs(cases: &[&Both<'_>], of: impl Fn(&Row) -> Option<f64>) -> Vec<Pair> {
    let pair = |case: &&Both<'_>| {
        let (baseline, candidate) = (of_case(&case.baseline, &of)?, of_case(&case.candidate, &of)?);
        Some(Pair { cluster: case.cluster, baseline, candidate, weight: case.weight })
    };
    cases.iter().filter_map(pair).collect()
}

/// The mean by the weights of the cases; 0 where nothing counts.
fn mean_of(pairs: &[Pair], of: fn(&Pair) -> f64) -> f64 {
    let counted: Vec<Observation> = pairs.iter().map(|pair| Observation { cluster: pair.cluster, value: of(pair), weight: pair.weight }).collect();
    mean::moments(&counted).map_or(0.0, |moments| moments.mean)
}

/// The mean difference of figures that are no scores: no bound on them is known, so one that is nowhere seen is just that. Each case counts
/// once: its weight is one of quality.
fn apart(pairs: &[Pair], level: Level) -> Option<Estimate> {
    mean::mean(&pairs.iter().map(|pair| Observation { weight: 1.0, ..pair.difference() }).collect::<Vec<_>>(), level)
}

/// The test that is exact for these pairs. McNemar's counts flips, so it is of use only where all count alike.
pub(crate) fn test(pairs: &[Pair]) -> (Option<f64>, &'static str) {
    let pairs: Vec<Pair> = pairs.iter().filter(|pair| pair.weight > 0.0).copied().collect();
    let are_alike = pairs.windows(2).all(|two| (two[0].weight - two[1].weight).abs() <= 0.0);
    let mut clusters: Vec<usize> = pairs.iter().map(|pair| pair.cluster).collect();
    clusters.sort_unstable();
    clusters.dedup();
    match Flips::count(&pairs) {
        Some(flips) if are_alike && clusters.len() == pairs.len() => (Some(flips.mcnemar()), "exact McNemar"),
        _ => (sign_flip(&pairs, FLIPS, SEED), "sign flips of clusters"),
    }
}

fn flips(cases: &[&Both<'_>], wants_fixed: bool) -> Vec<Flip> {
    let count = |rows: &[&Row]| (rows.iter().filter(|row| row.outcome == Outcome::Passed).count(), rows.iter().filter(|row| row.passed().is_some()).count());
    let share = |(passed, of): (usize, usize)| passed as f64 / of.max(1) as f64;
    let flip = |case: &&Both<'_>| {
        let (before, after) = (count(&case.baseline), count(&case.candidate));
        let changed = share(after) - share(before);
        let failing = if wants_fixed { &case.baseline } else { &case.candidate };
        let row = failing.iter().find(|row| row.outcome == Outcome::Failed)?;
        let why = row.grades.iter().find(|grade| grade.verdict == crate::Verdict::Fail).map_or(String::new(), |grade| grade.why.clone());
        let is_wanted = if wants_fixed { changed > 0.0 } else { changed < 0.0 };
        let rows = (case.baseline.first()?.launch, case.candidate.first()?.launch);
        is_wanted.then(|| Flip { case: case.case.to_owned(), before, after, rows, why })
    };
    cases.iter().filter_map(flip).collect()
}

/// Cluster, costs and successes of both, for ratios.
type Spent = (usize, [f64; 4]);

fn per_success(cases: &[&Both<'_>], level: Level) -> Option<(f64, f64, Option<Estimate>)> {
    let sum = |rows: &[&Row]| {
        (rows.iter().filter_map(|row| row.cost).map(Nanousd::as_usd_f64).sum::<f64>(), rows.iter().filter(|row| row.outcome == Outcome::Passed).count() as f64)
    };
    let spent: Vec<Spent> = cases
        .iter()
        .map(|case| {
            let (before, after) = (sum(&case.baseline), sum(&case.candidate));
            (case.cluster, [before.0, before.1, after.0, after.1])
        })
        .collect();
    let ratios = |spent: &[Spent]| {
        let all = spent.iter().fold([0.0; 4], |mut all, (_, figures)| {
            all.iter_mut().zip(figures).for_each(|(all, figure)| *all += figure);
            all
        });
        (all[1] > 0.0 && all[3] > 0.0).then(|| (all[0] / all[1], all[2] / all[3]))
    };
    let (before, after) = ratios(&spent)?;
    let apart = bootstrap(&spent, |case| case.0, |spent| ratios(spent).map(|(before, after)| after - before), level, RESAMPLES, SEED);
    Some((before, after, apart))
}
