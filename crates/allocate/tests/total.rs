//! No input makes a function panic, and no interval is anything but ordered and finite.
#![allow(clippy::unwrap_used, unused_must_use)] // that it returns is the point

use jeton_allocate::bootstrap::{bootstrap, quantile};
use jeton_allocate::fisher::{Arms, fisher};
use jeton_allocate::monitor::{Change, Detector, Sampled, horvitz_thompson, quantile_sequence};
use jeton_allocate::paired::{Flips, Pair, difference, sign_flip};
use jeton_allocate::passk::{Attempts, pass_at_k, pass_hat_k};
use jeton_allocate::power::{Aim, Variances, components, mcnemar_cases, pilot, rate_cases};
use jeton_allocate::ppi::{Judged, Labelled, ppi, ppi_plus_plus, rogan_gladen};
use jeton_allocate::{Case, Estimate, Level, Observation, agreement, average_repeats, betting, mean, multiple, proportion, sequential, verdict};
use proptest::collection::vec;
use proptest::prelude::*;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.0_f64..=1.0,
        2 => Just(1.0),
        2 => Just(0.0),
        2 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -0.0]),
    ]
}

fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![8 => Just(1.0), 2 => 0.0_f64..5.0, 1 => number()]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0_u64..12, 1 => 0_u64..3_000, 1 => prop::sample::select(vec![u64::MAX, u64::MAX - 1, 1 << 53])]
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::P95), (1e-9_f64..1.0).prop_filter_map("a level", Level::new)]
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    vec((0_usize..9, number(), weight()).prop_map(|(cluster, value, weight)| Observation { cluster, value, weight }), 0..20)
}

fn sound(estimate: Option<Estimate>) {
    let Some(estimate) = estimate else { return };
    assert!(estimate.value.is_finite() && estimate.n > 0 && estimate.clusters > 0 && estimate.clusters <= estimate.n, "{estimate:?}");
    if let Some(interval) = estimate.interval {
        assert!(interval.low.is_finite() && interval.high.is_finite() && interval.low <= interval.high, "{estimate:?}");
    }
    let text = serde_json::to_string(&estimate).unwrap();
    assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap().n, estimate.n);
    verdict::verdict(&estimate, 0.02);
    verdict::at_least(&estimate, 0.9);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn one_run(values in observations(), level in level(), (x, n) in (number(), number()), of in prop::option::of(count())) {
        sound(mean::mean(&values, level));
        mean::t_test(&values);
        sound(proportion::proportion(&values, level));
        for method in [proportion::wilson, proportion::clopper_pearson, proportion::jeffreys] {
            method(x, n, level);
        }
        proportion::lower_bound(x, n, level);
        sound(betting::asymptotic(&values, of.unwrap_or(0), level));
        let (mut sequence, mut test) = (betting::MeanSequence::new(level, of), betting::MeanTest::new(x, level, of));
        let mut gate = sequential::Gate::new(x, level);
        let mut detector = Detector::new(x, Change::Rise, n);
        for value in values.iter().map(|o| o.value) {
            sequence.push(value);
            sound(sequence.estimate());
            test.as_mut().map(|test| test.push(value));
            gate.as_mut().map(|gate| gate.push(value > 0.5));
            detector.as_mut().map(|detector| detector.push(value));
        }
        let plain: Vec<f64> = values.iter().map(|o| o.value).collect();
        quantile_sequence(&plain, x, level);
        quantile(&plain, x);
        multiple::holm(&plain);
        multiple::benjamini_hochberg(&plain);
        multiple::e_bh(&plain, x);
    }

    #[test]
    fn two_runs(rows in vec((0_usize..9, number(), number(), weight()), 0..16), level in level(), counts in [count(), count(), count(), count()], x in number()) {
        let pairs: Vec<Pair> = rows.iter().map(|&(cluster, baseline, candidate, weight)| Pair { cluster, baseline, candidate, weight }).collect();
        sound(difference(&pairs, level));
        prop_assert!(sign_flip(&pairs, 20, 1).is_none_or(|p| p > 0.0 && p <= 1.0));
        let [both_passed, fixed, broken, both_failed] = counts;
        let flips = Flips { both_passed, fixed, broken, both_failed };
        prop_assert!((0.0..=1.0).contains(&flips.mcnemar()) && (0.0..=1.0).contains(&flips.mcnemar_mid_p()));
        flips.tango(level);
        flips.newcombe(level);
        let labelled: Vec<Labelled> = rows.iter().map(|&(cluster, human, judge, _)| Labelled { cluster, human, judge }).collect();
        let judged: Vec<Observation> = rows.iter().map(|&(cluster, _, value, weight)| Observation { cluster, value, weight }).collect();
        sound(ppi(&labelled, &judged, level));
        sound(ppi_plus_plus(&labelled, &judged, level));
        agreement::skill(&labelled, level);
        let sample: Vec<Sampled> = rows.iter().map(|&(cluster, value, probability, _)| Sampled { cluster, value, probability }).collect();
        sound(horvitz_thompson(&sample, level).map(|weighted| weighted.estimate));
        sound(rogan_gladen(Judged { good_passed: fixed, good: broken, bad_failed: both_passed, bad: both_failed, passed: fixed, n: broken }, level));
        mcnemar_cases(x, rows.first().map_or(0.1, |row| row.1), Aim::default());
    }

    #[test]
    fn plans(scores in vec((0_usize..9, vec(number(), 0..4)), 0..9), (x, y, z) in (number(), number(), number()), (k, n) in (count(), count()), level in level()) {
        let cases: Vec<Case> = scores.into_iter().map(|(cluster, scores)| Case { cluster, scores }).collect();
        components(&cases);
        let of_pilot = pilot(&cases, &cases);
        average_repeats(&cases);
        let variances = Variances { between: x, within_baseline: y, within_candidate: z, design_effect: x };
        for variances in of_pilot.into_iter().chain([variances]) {
            variances.cases(y, k, n, Aim::default());
            variances.detectable(n, k, k, Aim::default());
            variances.recommend(z, n, Aim::default());
        }
        rate_cases(x, y, z, level);
    }

    #[test]
    fn counts((a, n, b, m) in (0_u64..300, 0_u64..300, 0_u64..300, 0_u64..300), k in count()) {
        let arms = Arms { arm_passed: a, arm_n: n, control_passed: b, control_n: m };
        prop_assert!(fisher(arms).is_none_or(|p| [p.greater, p.less, p.two_sided].iter().all(|p| (0.0..=1.0).contains(p))));
        let attempts = Attempts { cluster: 0, n, passed: a, weight: 1.0 };
        prop_assert!(attempts.pass_at(k).is_none_or(|p| (-1e-12..=1.0).contains(&p)));
        prop_assert!(attempts.pass_all(k).is_none_or(|p| (0.0..=1.0).contains(&p)));
        sound(pass_at_k(&[attempts], k, Level::P95, 1));
        sound(pass_hat_k(&[attempts], k, Level::P95, 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn resampling(values in observations(), level in level()) {
        sound(bootstrap(&values, |o| o.cluster, |values| mean::moments(values).map(|m| m.mean), level, 0, 1));
        let cases: Vec<(usize, usize, usize)> = values.iter().map(|o| (o.cluster, usize::from(o.value > 0.5), o.cluster % 2)).collect();
        sound(agreement::kappa(&cases, level, 1));
    }
}
