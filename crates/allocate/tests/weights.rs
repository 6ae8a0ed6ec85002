//! Weights move figures within their scale, and nothing else: equal ones change nothing, a case of weight 0 is not there.
#![allow(clippy::unwrap_used)]

use jeton_allocate::paired::{Pair, difference, sign_flip};
use jeton_allocate::{Estimate, Level, Method, Observation, mean, proportion};
use proptest::collection::vec;
use proptest::prelude::*;

/// Passes, fails and means of repeats, in clusters or not, of weights far apart.
fn cases() -> impl Strategy<Value = Vec<Observation>> {
    let value = prop_oneof![4 => Just(1.0), 3 => Just(0.0), 1 => 0.0_f64..=1.0];
    let weight = prop_oneof![4 => 0.1_f64..4.0, 1 => Just(0.0), 1 => 1e-6_f64..1e6];
    (vec((value, weight), 1..40), 1_usize..4)
        .prop_map(|(cases, size)| cases.into_iter().enumerate().map(|(at, (value, weight))| Observation { cluster: at / size, value, weight }).collect())
}

fn with_weight(cases: &[Observation], of: impl Fn(f64) -> f64) -> Vec<Observation> {
    cases.iter().map(|o| Observation { weight: of(o.weight), ..*o }).collect()
}

/// Against what each case did otherwise.
fn pairs(cases: &[Observation], before: &[bool]) -> Vec<Pair> {
    let pair = |(o, before): (&Observation, &bool)| Pair { cluster: o.cluster, baseline: f64::from(u8::from(*before)), candidate: o.value, weight: o.weight };
    cases.iter().zip(before.iter().cycle()).map(pair).collect()
}

fn alike(one: Option<Estimate>, other: Option<Estimate>) {
    let parts = |of: Option<Estimate>| of.map(|of| (of.n, of.clusters, of.method, of.interval.is_some()));
    assert_eq!(parts(one), parts(other), "{one:?} {other:?}");
    let ends = |of: Option<Estimate>| of.map_or([0.0; 3], |of| [of.value, of.interval.map_or(0.0, |i| i.low), of.interval.map_or(0.0, |i| i.high)]);
    for (a, b) in ends(one).into_iter().zip(ends(other)) {
        assert!((a - b).abs() <= 1e-7, "{one:?} {other:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn a_rate_and_its_interval_are_from_0_to_1(cases in cases()) {
        let found = proportion::proportion(&cases, Level::P95);
        prop_assert_eq!(found.is_some(), cases.iter().any(|o| o.weight > 0.0));
        if let Some(found) = found {
            prop_assert!((0.0..=1.0).contains(&found.value), "{found:?}");
            let interval = found.interval;
            prop_assert!(interval.is_none_or(|i| 0.0 <= i.low && i.low <= found.value + 1e-9 && found.value <= i.high + 1e-9 && i.high <= 1.0), "{found:?}");
        }
    }

    #[test]
    fn a_difference_and_its_interval_are_from_minus_1_to_1(cases in cases(), before in vec(any::<bool>(), 1..40)) {
        if let Some(found) = difference(&pairs(&cases, &before), Level::P95) {
            prop_assert!(found.value.abs() <= 1.0 && found.interval.is_none_or(|i| -1.0 <= i.low && i.high <= 1.0), "{found:?}");
        }
    }

    /// Bit for bit, whatever the weight.
    #[test]
    fn equal_weights_change_nothing(cases in cases(), before in vec(any::<bool>(), 1..40), weight in 1e-3_f64..1e3) {
        let (plain, equal) = (with_weight(&cases, |_| 1.0), with_weight(&cases, |_| weight));
        prop_assert_eq!(proportion::proportion(&plain, Level::P95), proportion::proportion(&equal, Level::P95));
        prop_assert_eq!(mean::mean(&plain, Level::P95), mean::mean(&equal, Level::P95));
        let (plain, equal) = (pairs(&plain, &before), pairs(&equal, &before));
        prop_assert_eq!(difference(&plain, Level::P95), difference(&equal, Level::P95));
        prop_assert_eq!(sign_flip(&plain, 50, 1), sign_flip(&equal, 50, 1));
    }

    #[test]
    fn only_ratios_of_weights_matter(cases in cases(), before in vec(any::<bool>(), 1..40), scale in 1e-3_f64..1e3) {
        let scaled = with_weight(&cases, |weight| weight * scale);
        alike(proportion::proportion(&cases, Level::P95), proportion::proportion(&scaled, Level::P95));
        alike(mean::mean(&cases, Level::P95), mean::mean(&scaled, Level::P95));
        alike(difference(&pairs(&cases, &before), Level::P95), difference(&pairs(&scaled, &before), Level::P95));
    }

    #[test]
    fn a_case_of_weight_0_is_not_there(cases in cases(), before in vec(any::<bool>(), 40)) {
        let both = pairs(&cases, &before);
        let counted: Vec<Observation> = cases.iter().filter(|o| o.weight > 0.0).copied().collect();
        prop_assert_eq!(proportion::proportion(&cases, Level::P95), proportion::proportion(&counted, Level::P95));
        prop_assert_eq!(mean::mean(&cases, Level::P95), mean::mean(&counted, Level::P95));
        let counted: Vec<Pair> = both.iter().filter(|pair| pair.weight > 0.0).copied().collect();
        prop_assert_eq!(difference(&both, Level::P95), difference(&counted, Level::P95));
        prop_assert_eq!(sign_flip(&both, 50, 1), sign_flip(&counted, 50, 1));
    }
}

/// By hand: weights 3, 1 on a pass and a fail are a rate of 3/4.
#[test]
fn a_heavy_case_counts_by_its_weight() {
    let of = |cases: &[(f64, f64)]| cases.iter().enumerate().map(|(cluster, &(value, weight))| Observation { cluster, value, weight }).collect::<Vec<_>>();
    let rate = proportion::proportion(&of(&[(1.0, 3.0), (0.0, 1.0)]), Level::P95).unwrap();
    assert!((rate.value - 0.75).abs() < 1e-12 && rate.method == Method::ClusteredWilson, "{rate:?}");
    // Ten heavy cases among a hundred light ones: (100 + 100)²/(100 + 1,000) = 36.4 of equal weight, 36 at the edge.
    let all: Vec<(f64, f64)> = (0..110).map(|at| (1.0, if at < 10 { 10.0 } else { 1.0 })).collect();
    let edge = proportion::proportion(&of(&all), Level::P95).unwrap();
    assert_eq!((edge.method, edge.interval), (Method::ClopperPearson, proportion::clopper_pearson(36.0, 36.0, Level::P95)));
    let same: Vec<Pair> = all.iter().enumerate().map(|(cluster, &(_, weight))| Pair { cluster, baseline: 1.0, candidate: 1.0, weight }).collect();
    let unseen = difference(&same, Level::P95).unwrap().interval.unwrap().high;
    assert!((unseen - (1.0 - 0.025_f64.powf(1.0 / 36.0))).abs() < 1e-9, "{unseen}");
}
