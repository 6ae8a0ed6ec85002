//! Tests of what the weights of cases do, and of what they leave alone.

use crate::Row;
use crate::causes::gap;
use crate::compare::compare;
use crate::gate::{Question, Stopping, report};
use crate::measured_tests::{at_least, refs, rows, slots};
use crate::totals::{TargetTotals, Validity, totals};
use jeton_allocate::Level;
use jeton_allocate::verdict::{Decision, Verdict};
use jeton_core::{Nanousd, SeededRandom};
use proptest::collection::vec;
use proptest::prelude::*;

fn weighted(target: &str, outcomes: &str, weights: &[f64]) -> Vec<Row> {
    let mut rows = rows(target, outcomes);
    rows.iter_mut().zip(weights.iter().cycle()).for_each(|(row, weight)| row.weight = *weight);
    rows
}

fn of(rows: &[Row]) -> TargetTotals {
    totals(rows, &["a".to_owned()], 0.2, Level::P95).targets.remove(0)
}

#[test]
fn a_heavy_pass_moves_no_rate_above_one() {
    let found = of(&weighted("a", "pppppppppf", &[50.0, 1.0]));
    let rate = found.pass_rate.unwrap();
    assert!((rate.value - 254.0 / 255.0).abs() < 1e-12, "{rate:?}");
    assert!(rate.interval.is_some_and(|i| i.low < 0.8 && i.high <= 1.0), "five heavy cases are five: {rate:?}");
    let heavy_fail = of(&weighted("a", "fppppppppp", &[9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])).pass_rate.unwrap();
    assert!((heavy_fail.value - 0.5).abs() < 1e-12 && heavy_fail.interval.is_some_and(|i| i.low < 0.2), "{heavy_fail:?}");
}

#[test]
fn what_is_missing_counts_by_its_weight() {
    let found = of(&weighted("a", "ppfe", &[1.0, 1.0, 1.0, 7.0]));
    let bounds = found.bounds.unwrap();
    assert!((bounds.low - 0.2).abs() < 1e-12 && (bounds.high - 0.9).abs() < 1e-12, "{bounds:?}");
    assert!(matches!(found.validity, Validity::Invalid { share, .. } if (share - 0.7).abs() < 1e-12), "{:?}", found.validity);
    assert_eq!(of(&weighted("a", "ppfe", &[1.0, 1.0, 1.0, 0.1])).validity, Validity::Valid);
    assert_eq!(of(&weighted("a", "ee", &[0.0])).validity, Validity::Empty);
}

/// A case may count ten times for quality; it is still paid once.
#[test]
fn costs_and_times_know_no_weights() {
    let mut rows = weighted("a", "pp", &[10.0, 1.0]);
    rows[0].cost = Some(Nanousd(30_000));
    let found = of(&rows);
    assert!((found.usd_per_case.unwrap().value - 2e-5).abs() < 1e-15);
    assert!((found.usd_per_success.unwrap().value - 2e-5).abs() < 1e-15);
    let after = weighted("b", "pp", &[10.0, 1.0]);
    let compared = compare(("a", &refs(&rows)), ("b", &refs(&after)), 0.02, Level::P95);
    assert!((compared.usd_per_case.unwrap().value + 1e-5).abs() < 1e-15, "{compared:?}");
}

/// Thirty light cases are fixed and ten heavy ones are broken: by number better, by weight worse.
#[test]
fn a_comparison_and_the_gaps_of_causes_go_by_weight() {
    let (before, after) = (format!("{}{}", "f".repeat(30), "p".repeat(10)), format!("{}{}", "p".repeat(30), "f".repeat(10)));
    let weights: Vec<f64> = (0..40).map(|at| if at < 30 { 1.0 } else { 20.0 }).collect();
    let (before, after) = (weighted("a", &before, &weights), weighted("b", &after, &weights));
    let found = compare(("a", &refs(&before)), ("b", &refs(&after)), 0.02, Level::P95);
    let difference = found.difference.unwrap();
    assert!((difference.value + 170.0 / 230.0).abs() < 1e-12 && found.verdict == Verdict::Worse, "{found:?}");
    assert!((found.rates.0 - 200.0 / 230.0).abs() < 1e-12 && (found.rates.1 - 30.0 / 230.0).abs() < 1e-12);
    assert_eq!(found.test, "sign flips of clusters");
    let gaps = gap("a", &refs(&before), &refs(&after), Level::P95);
    let [actual, oracle, environment] = [gaps.actual, gaps.oracle, gaps.environment].map(|figure| figure.unwrap().value);
    assert!((actual - 200.0 / 230.0).abs() < 1e-12 && (environment - difference.value).abs() < 1e-12 && (oracle - actual - environment).abs() < 1e-12);
}

fn decided(question: Question, rows: &[Row]) -> (Option<bool>, Decision) {
    let mut stopping = Stopping::new(question, &slots(rows), Level::P95);
    rows.iter().for_each(|row| _ = stopping.push(row));
    (stopping.decided(), report(&stopping, rows, true, Level::P95).decision)
}

/// A hundred and fifty light cases pass, one heavy one fails: two of three by weight, and nothing to pass 90 % by.
#[test]
fn light_cases_do_not_carry_a_gate_past_a_heavy_one() {
    let mut rows = rows("a", &format!("{}f", "p".repeat(150)));
    rows[150].weight = 75.0;
    assert_ne!(decided(at_least(0.9), &rows).1, Decision::Pass);
    // The same by the number of cases in a cluster.
    let mut rows = crate::measured_tests::rows("a", &format!("{}{}", "p".repeat(150), "f".repeat(75)));
    rows[150..].iter_mut().for_each(|row| "one".clone_into(&mut row.cluster));
    assert_ne!(decided(at_least(0.9), &rows).1, Decision::Pass);
}

/// At a true weighted rate of just the bar, a gate that looks after every case passes in at most half of five percent.
#[test]
fn a_gate_by_weight_is_seldom_wrong() {
    let passes = |seed: u64| {
        let mut random = SeededRandom::new(seed);
        // One in four counts three times and passes at 0.6; the rest once, at 0.9: (0.9 + 0.6)/2 by weight.
        let heavy: Vec<bool> = (0..300).map(|_| random.unit() < 0.25).collect();
        let outcomes: String = heavy.iter().map(|heavy| if random.unit() < if *heavy { 0.6 } else { 0.9 } { 'p' } else { 'f' }).collect();
        let weights: Vec<f64> = heavy.iter().map(|heavy| if *heavy { 3.0 } else { 1.0 }).collect();
        decided(at_least(0.75), &weighted("a", &outcomes, &weights)).0
    };
    let found: Vec<Option<bool>> = (0..1_000).map(passes).collect();
    let count = |which: bool| found.iter().filter(|decided| **decided == Some(which)).count();
    // 25 are expected at most; 45 would be four standard deviations more.
    assert!(count(true) <= 45 && count(false) <= 45, "{} passed and {} failed of 1,000", count(true), count(false));
    // By number of cases the rate is 0.825: a gate that forgot the weights would pass them.
    let clear = |p: char| decided(at_least(0.75), &weighted("a", &p.to_string().repeat(300), &[1.0, 3.0])).0;
    assert_eq!((clear('p'), clear('f')), (Some(true), Some(false)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Totals, comparisons and gates: within their scale; equal weights as none; scaled weights the same; weight 0 as if not there.
    #[test]
    fn weights_hold_everywhere(
        outcomes in vec(prop::sample::select(vec!['p', 'p', 'p', 'f', 'f', 'e', 'u']), 1..40),
        weights in vec(prop_oneof![4 => 0.2_f64..5.0, 1 => Just(0.0)], 1..20),
        scale in prop::sample::select(vec![0.25, 8.0, 1024.0]),
    ) {
        let outcomes: String = outcomes.into_iter().collect();
        let rows = weighted("a", &outcomes, &weights);
        let rates = |rows: &[Row]| { let found = of(rows); (found.pass_rate, found.bounds, found.validity, found.score) };
        let (rate, bounds, ..) = rates(&rows);
        prop_assert!(rate.is_none_or(|rate| (0.0..=1.0).contains(&rate.value) && rate.interval.is_none_or(|i| i.low >= 0.0 && i.high <= 1.0)), "{rate:?}");
        prop_assert!(bounds.is_none_or(|i| i.low >= 0.0 && i.high <= 1.0), "{bounds:?}");
        let equal = weighted("a", &outcomes, &[0.3]);
        prop_assert_eq!(rates(&equal), rates(&crate::measured_tests::rows("a", &outcomes)));
        // Powers of two, so that nothing is rounded.
        let scaled = weighted("a", &outcomes, &weights.iter().map(|weight| weight * scale).collect::<Vec<_>>());
        prop_assert_eq!(rates(&scaled), rates(&rows));
        prop_assert_eq!(decided(at_least(0.5), &scaled), decided(at_least(0.5), &rows));
        let mut counted: Vec<Row> = rows.iter().filter(|row| row.weight > 0.0).cloned().collect();
        prop_assert_eq!(rates(&counted), rates(&rows));
        counted.iter_mut().enumerate().for_each(|(at, row)| row.launch = at as u64);
        prop_assert_eq!(decided(at_least(0.5), &counted), decided(at_least(0.5), &rows));
    }
}
