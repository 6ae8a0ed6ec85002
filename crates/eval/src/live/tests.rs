//! Which calls are judged, how often drift is a false alarm, and that a real change is found.

use super::*;
use jeton_core::SeededRandom;
use proptest::prelude::*;

const LEVEL: Level = Level::P95;

fn result(number: usize, passed: bool, failure: Option<&str>) -> LiveResult {
    LiveResult {
        call: format!("call-{number}"),
        at: Timestamp(number as i64),
        outcome: if passed { Outcome::Passed } else { Outcome::Failed },
        score: Some(f64::from(u8::from(passed))),
        failure: failure.map(str::to_owned),
        verdicts: Vec::new(),
        model: None,
        cost: Some(Nanousd(1_000_000)),
        latency_us: 1_000,
        is_simulated: true,
    }
}

/// Results of which `rate` pass, the others failing by grader `a`, or with `share_b` of them by `b`.
fn drawn(random: &mut SeededRandom, from: usize, count: usize, rate: f64, share_b: f64) -> Vec<LiveResult> {
    (from..from + count)
        .map(|number| {
            let passed = random.unit() < rate;
            let kind = if random.unit() < share_b { "grader:b" } else { "grader:a" };
            result(number, passed, (!passed).then_some(kind))
        })
        .collect()
}

fn kinds(results: &[LiveResult], run_length: f64) -> Vec<AlarmKind> {
    drift("s", results, &HashMap::new(), run_length, LEVEL).into_iter().map(|alarm| alarm.kind).collect()
}

#[test]
fn the_sample_is_the_share_of_all_calls_and_larger_ones_hold_smaller_ones() {
    let ids: Vec<CallId> = (0..20_000_i64).map(|number| CallId::from_i64(number << 20)).collect();
    for share in [0.0, 0.05, 0.5, 1.0] {
        let count = ids.iter().filter(|id| is_sampled(**id, share)).count() as f64;
        assert!((count / 20_000.0 - share).abs() < 0.011, "{share}: {count}");
    }
    assert!(ids.iter().all(|id| !is_sampled(*id, 0.05) || is_sampled(*id, 0.5)));
}

proptest! {
    #[test]
    fn every_replica_draws_alike(number in 0_i64..i64::MAX, share in 0.0_f64..=1.0) {
        let id = CallId::from_i64(number);
        let told = CallId::from_i64(id.to_i64());
        prop_assert_eq!(is_sampled(id, share), is_sampled(told, share));
    }
}

#[test]
fn a_steady_stream_raises_few_false_alarms_and_fewer_than_stated() {
    // 40 streams of 2,000 results beyond their baselines: at one in 2,000 results at most, 40 alarms are expected at the very worst.
    let mut alarms = 0;
    for seed in 0..40 {
        let mut random = SeededRandom::new(seed);
        alarms += kinds(&drawn(&mut random, 0, 2_200, 0.8, 0.5), 2_000.0).len();
    }
    assert!(alarms <= 40, "{alarms} false alarms in 80,000 results");
}

#[test]
fn a_fall_of_quality_and_a_change_of_the_mix_at_the_same_quality_are_found() {
    let mut random = SeededRandom::new(7);
    let mut worse = drawn(&mut random, 0, 400, 0.95, 0.0);
    worse.extend(drawn(&mut random, 400, 400, 0.7, 0.0));
    assert!(kinds(&worse, 10_000.0).contains(&AlarmKind::Quality));
    let mut other = drawn(&mut random, 0, 400, 0.8, 0.05);
    other.extend(drawn(&mut random, 400, 600, 0.8, 0.95));
    let alarms = drift("s", &other, &HashMap::new(), 10_000.0, LEVEL);
    assert_eq!(alarms.iter().map(|alarm| alarm.kind).collect::<Vec<_>>(), [AlarmKind::Failures], "quality is as it was");
    assert!(alarms[0].message.contains("grader:b"), "{}", alarms[0].message);
}

#[test]
fn dearer_slower_and_worse_liked_calls_are_found_each_by_its_own_series() {
    let mut random = SeededRandom::new(3);
    let mut results = drawn(&mut random, 0, 800, 1.0, 0.0);
    let mut feedback = HashMap::new();
    for (number, one) in results.iter_mut().enumerate() {
        let is_late = number >= 400;
        one.cost = Some(Nanousd(if is_late { 2_000_000 } else { 1_000_000 }));
        one.latency_us = if is_late { 2_000 } else { 1_000 };
        feedback.insert(one.call.clone(), if is_late { 0.4 } else { 0.9 });
    }
    let alarms = drift("s", &results, &feedback, 10_000.0, LEVEL);
    let kinds: BTreeSet<AlarmKind> = alarms.iter().map(|alarm| alarm.kind).collect();
    assert_eq!(kinds, BTreeSet::from([AlarmKind::Cost, AlarmKind::Latency, AlarmKind::Feedback]));
    assert!(alarms.iter().all(|alarm| alarm.run.is_some()), "each names the call in which it came up");
}

#[test]
fn silence_is_calls_without_a_score_for_so_long() {
    let beat = |expected, scored| LiveBeat { expected, executed: expected, scored, dropped: 0 };
    let at = |minute: i64| Timestamp(minute * BEAT_MS);
    let silent = |beats: &[(Timestamp, LiveBeat)], now| silence("s", beats, 0, 60, now).is_some();
    assert!(!silent(&[(at(0), beat(0, 0))], at(600)), "no calls came");
    assert!(!silent(&[(at(0), beat(3, 0))], at(59)));
    assert!(silent(&[(at(0), beat(3, 0))], at(60)));
    assert!(!silent(&[(at(0), beat(3, 0)), (at(30), beat(3, 1))], at(600)), "one was scored since");
}

#[test]
fn live_answers_are_judged_by_what_needs_no_case() {
    let grader = |criterion| Grader::new("g", criterion);
    let exact = |value: Option<&str>| Criterion::Exact { value: value.map(str::to_owned), ignore_case: false, verbatim: false };
    assert!(judges_live(&grader(Criterion::Refusal {})));
    assert!(judges_live(&grader(exact(Some("yes")))));
    assert!(!judges_live(&grader(exact(None))), "the reference is what is right");
    assert!(!judges_live(&grader(exact(Some("{{reference}}")))));
    assert!(!judges_live(&grader(Criterion::Human { question: String::new() })));
    assert!(!judges_live(&Grader { referenced: Some(true), ..grader(Criterion::Refusal {}) }));
    assert!(!judges_live(&grader(Criterion::Any { of: vec![grader(exact(None))] })));
}
