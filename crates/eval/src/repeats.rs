//! What repeats tell: whether any of k attempts at a case passes, and whether all of them do.

use crate::Row;
use crate::totals::{Clusters, by_case, passed};
use jeton_allocate::passk::{Attempts, pass_at_k, pass_hat_k};
use jeton_allocate::{Estimate, Interval, Level};
use serde::Serialize;

/// The seed of all resampling: the same rows give the same figures.
const SEED: u64 = 1;

/// pass@k and pass^k of one target: the chance that at least one, and that each, of `k` attempts at a case passes, as the mean over cases by
/// their weights.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassK {
    /// How many attempts.
    pub k: u64,
    /// pass@k over the cases with at least `k` verdicts; none where there is no such case.
    pub pass_at_k: Option<Estimate>,
    /// pass^k over the same cases.
    pub pass_hat_k: Option<Estimate>,
    /// Cases that neither rests on, for fewer than `k` of their attempts have a verdict.
    pub cases_short: usize,
    /// What pass@k could be, whatever the missing verdicts would have been; none where a case has not been tried `k` times.
    pub pass_at_k_bounds: Option<Interval>,
    /// The same for pass^k.
    pub pass_hat_k_bounds: Option<Interval>,
}

/// pass@k and pass^k of one target's rows, for a single attempt and for as many as the most tried case has; nothing where no case was tried
/// twice, for then both are the pass rate.
#[must_use]
pub fn pass_k(rows: &[&Row], level: Level) -> Vec<PassK> {
    let cases = by_case(rows);
    let most = cases.iter().map(|(_, rows)| rows.len() as u64).max().unwrap_or(0);
    if most < 2 { Vec::new() } else { [1, most].into_iter().map(|k| of_k(&cases, k, level)).collect() }
}

fn of_k(cases: &[(&str, Vec<&Row>)], k: u64, level: Level) -> PassK {
    let judged: Vec<Attempts> = attempts(cases, passed);
    let enough: Vec<Attempts> = judged.into_iter().filter(|case| case.n >= k).collect();
    let missing_as = |score: f64| attempts(cases, move |row| Some(passed(row).unwrap_or(score)));
    let (worst, best) = (missing_as(0.0), missing_as(1.0));
    let bounds = |of: fn(&Attempts, u64) -> Option<f64>| Interval::new(mean(&worst, |case| of(case, k))?, mean(&best, |case| of(case, k))?);
    PassK {
        k,
        pass_at_k: pass_at_k(&enough, k, level, SEED),
        pass_hat_k: pass_hat_k(&enough, k, level, SEED),
        cases_short: cases.len() - enough.len(),
        pass_at_k_bounds: bounds(Attempts::pass_at),
        pass_hat_k_bounds: bounds(Attempts::pass_all),
    }
}

/// The attempts at each case, of the rows for which `of` has a verdict.
fn attempts(cases: &[(&str, Vec<&Row>)], of: impl Fn(&Row) -> Option<f64>) -> Vec<Attempts> {
    let mut clusters = Clusters::default();
    let case = |(_, rows): &(&str, Vec<&Row>)| {
        let verdicts: Vec<f64> = rows.iter().filter_map(|row| of(row)).collect();
        let passed = verdicts.iter().filter(|score| **score > 0.5).count() as u64;
        let (cluster, weight) = rows.first().map_or((0, 0.0), |row| (clusters.number(&row.cluster), row.weight));
        Attempts { cluster, n: verdicts.len() as u64, passed, weight }
    };
    cases.iter().map(case).collect()
}

/// The mean over all cases that count; none where one of them has no value.
fn mean(cases: &[Attempts], of: impl Fn(&Attempts) -> Option<f64>) -> Option<f64> {
    let counting = cases.iter().filter(|case| case.weight > 0.0);
    let values: Vec<(f64, f64)> = counting.map(|case| Some((case.weight, of(case)?))).collect::<Option<_>>()?;
    let weight: f64 = values.iter().map(|(weight, _)| weight).sum();
    (weight > 0.0).then(|| values.iter().map(|(weight, value)| weight * value).sum::<f64>() / weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Outcome, testing};

    /// A case's attempts: `p` passed, `f` failed, `u` has no verdict, `e` no answer.
    fn rows(cases: &[(&str, &str)]) -> Vec<Row> {
        let outcome = |c: char| match c {
            'p' => Outcome::Passed,
            'f' => Outcome::Failed,
            'u' => Outcome::Unscored,
            _ => Outcome::Error,
        };
        let mut all = Vec::new();
        for (at, (cluster, outcomes)) in cases.iter().enumerate() {
            for (repeat, c) in outcomes.chars().enumerate() {
                let row = testing::row(&format!("c{at}"), "a", outcome(c));
                all.push(Row { cluster: (*cluster).to_owned(), cell: Cell { repeat: u32::try_from(repeat).unwrap(), ..row.cell.clone() }, ..row });
            }
        }
        all
    }

    fn found(cases: &[(&str, &str)]) -> Vec<PassK> {
        let rows = rows(cases);
        pass_k(&rows.iter().collect::<Vec<_>>(), Level::P95)
    }

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    #[test]
    fn a_single_attempt_has_only_its_pass_rate() {
        assert_eq!(found(&[("a", "p"), ("b", "f")]), []);
        assert_eq!(found(&[]), []);
    }

    /// By hand: of three attempts at each of four cases 3, 2, 1 and 0 passed.
    #[test]
    fn any_and_all_of_the_attempts() {
        let found = found(&[("a", "ppp"), ("b", "ppf"), ("c", "fpf"), ("d", "fff")]);
        assert_eq!(found.iter().map(|of| (of.k, of.cases_short)).collect::<Vec<_>>(), [(1, 0), (3, 0)]);
        let value = |estimate: &Option<Estimate>| estimate.as_ref().unwrap().value;
        close(value(&found[0].pass_at_k), 0.5);
        close(value(&found[0].pass_hat_k), 0.5);
        close(value(&found[1].pass_at_k), 0.75);
        close(value(&found[1].pass_hat_k), 0.25);
        let interval = found[1].pass_at_k.as_ref().unwrap().interval.unwrap();
        assert!(interval.low < 0.75 && interval.high > 0.75 && interval.high <= 1.0, "{interval:?}");
        assert_eq!(found[1].pass_at_k_bounds, Interval::new(0.75, 0.75), "nothing is missing");
    }

    #[test]
    fn cases_of_one_cluster_are_one_piece_of_evidence() {
        let outcomes = ["ppp", "ppf", "fpf", "fff", "ppp", "fff", "ppf", "fpf"];
        let grouped = |by: usize| {
            let names: Vec<String> = (0..8).map(|at| format!("g{}", at / by)).collect();
            let cases: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(outcomes).collect();
            found(&cases)[1].pass_hat_k.unwrap()
        };
        assert_eq!((grouped(1).clusters, grouped(4).clusters, grouped(1).n), (8, 2, 8));
    }

    #[test]
    fn a_single_attempt_is_the_pass_rate_whatever_the_weights() {
        let mut rows = rows(&[("a", "pp"), ("b", "pf"), ("c", "ff"), ("d", "pp")]);
        let weights = [("c0", 3.0), ("c1", 2.0), ("c2", 1.0), ("c3", 0.0)];
        rows.iter_mut().for_each(|row| row.weight = weights.iter().find(|(case, _)| row.cell.case == *case).unwrap().1);
        let found = super::pass_k(&rows.iter().collect::<Vec<_>>(), Level::P95);
        let once = found[0].pass_at_k.as_ref().unwrap();
        close(once.value, 4.0 / 6.0);
        assert_eq!(once.n, 3);
        close(found[0].pass_at_k_bounds.unwrap().low, once.value);
        close(found[1].pass_hat_k.as_ref().unwrap().value, 0.5);
    }

    #[test]
    fn a_case_short_of_verdicts_is_told_and_bounded() {
        let found = found(&[("a", "pp"), ("b", "pe"), ("c", "fu"), ("d", "ff")]);
        assert_eq!((found[0].cases_short, found[1].cases_short), (0, 2));
        assert_eq!(found[1].pass_hat_k.as_ref().unwrap().n, 2);
        close(found[1].pass_hat_k.as_ref().unwrap().value, 0.5);
        assert_eq!(found[1].pass_hat_k_bounds, Interval::new(0.25, 0.5));
        assert_eq!(found[1].pass_at_k_bounds, Interval::new(0.5, 0.75));
        let cut_off = super::pass_k(&rows(&[("a", "pp"), ("b", "p")]).iter().collect::<Vec<_>>(), Level::P95);
        assert_eq!((cut_off[1].cases_short, cut_off[1].pass_at_k_bounds), (1, None), "what was never tried has no bounds yet");
    }
}
