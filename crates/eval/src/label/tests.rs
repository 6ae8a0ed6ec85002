use super::*;
use crate::{Answer, Grade, Outcome, testing};
use jeton_core::SeededRandom;
use serde_json::{Value, json};
use std::collections::HashMap;

fn row(case: usize, judge: Verdict) -> Row {
    Row {
        launch: case as u64,
        answer: Some(Answer { text: "an answer".to_owned(), ..Answer::default() }),
        grades: vec![Grade::new("judge", judge, "so it says"), asking(&json!({ "kind": "human", "question": "Is it right?" }))],
        ..testing::row(&format!("c{case}"), "acme/fast", Outcome::Unscored)
    }
}

/// A grade without a verdict, with what its grader was told.
fn asking(raw: &Value) -> Grade {
    Grade { raw: Some(raw.clone()), ..Grade::new("human", Verdict::Unscored, "so it is") }
}

#[test]
fn who_is_asked_stands_in_the_grade() {
    let human = asking(&json!({ "kind": "human", "question": "Is it kind?" }));
    assert_eq!((question(&human), waits(&human)), (Some("Is it kind?"), true));
    assert!(!waits(&Grade { verdict: Verdict::Pass, ..human }), "a person has said so");
    for raw in [json!([{ "text": "no verdict" }]), json!({ "question": "Is it kind?" }), Value::Null] {
        assert_eq!(question(&asking(&raw)), None, "{raw}");
    }
}

fn label(grader: &str, passed: bool, by: &str) -> Label {
    let verdict = if passed { Verdict::Pass } else { Verdict::Fail };
    Label { grader: grader.to_owned(), verdict, comment: None, by: by.to_owned(), judge: None, at: Timestamp(0) }
}

fn said_of(labels: &[(usize, Label)]) -> Labels {
    let mut all: Labels = HashMap::new();
    for (case, label) in labels {
        all.entry(subject("run-1", &row(*case, Verdict::Pass).cell)).or_default().push(label.clone());
    }
    all
}

/// Three people at most, about one answer that a judge passes.
#[test]
fn what_most_people_say_is_the_verdict_of_the_grader_that_asks_them() {
    use Outcome::{Failed, Passed, Unscored};
    let check = |negate: bool, said: &[(&str, &str, bool)], outcome: Outcome, verdict: Verdict, score: Option<f64>| {
        let mut rows = vec![row(0, Verdict::Pass)];
        rows[0].grades[1] = asking(&json!({ "kind": "human", "question": "Is it right?", "negate": negate }));
        let labels = said_of(&said.iter().map(|(by, grader, passes)| (0, label(grader, *passes, by))).collect::<Vec<_>>());
        join(&mut rows, "run-1", &labels);
        assert_eq!((rows[0].outcome, rows[0].grades[1].verdict, rows[0].score), (outcome, verdict, score), "{said:?}");
        assert_eq!(question(&rows[0].grades[1]), Some("Is it right?"), "who is asked still stands there");
        rows.remove(0)
    };
    let by_one = check(false, &[("ada", "human", true)], Passed, Verdict::Pass, Some(1.0));
    assert_eq!(by_one.grades[1].why, "judged by ada");
    assert_eq!(by_one.grades[0].verdict, Verdict::Pass, "the judge's own is untouched");
    check(false, &[("ada", "human", false)], Failed, Verdict::Fail, Some(0.5));
    check(true, &[("ada", "human", true)], Failed, Verdict::Fail, Some(0.5));
    check(true, &[("ada", "human", false)], Passed, Verdict::Pass, Some(1.0));
    let by_three = check(false, &[("ada", "human", true), ("bob", "human", false), ("eve", "human", false)], Failed, Verdict::Fail, Some(0.5));
    assert_eq!(by_three.grades[1].why, "1 of 3 people say pass");
    let tied = check(false, &[("ada", "human", true), ("bob", "human", false)], Unscored, Verdict::Unscored, None);
    assert_eq!(tied.grades[1].why, "1 of 2 people say pass, so there is no verdict");
    // Nobody, or in the judge's place only: unscored, and never passed.
    check(false, &[], Unscored, Verdict::Unscored, None);
    check(false, &[("ada", "judge", false)], Unscored, Verdict::Unscored, None);
    // What a case asks decides with the others: a person's word does not outweigh a grader that fails.
    let mut rows = vec![row(0, Verdict::Fail)];
    join(&mut rows, "run-1", &said_of(&[(0, label("human", true, "ada"))]));
    assert_eq!((rows[0].outcome, rows[0].score), (Failed, Some(0.5)));
}

#[test]
fn the_queue_has_what_nobody_or_i_have_not_labelled() {
    let mut rows: Vec<Row> = (0..4).map(|case| row(case, Verdict::Pass)).collect();
    rows[3].answer = None;
    let labels = said_of(&[(0, label("human", true, "ada")), (1, label("judge", true, "ada"))]);
    let check = |grader: Option<&str>, by: &str, expected: &[u64]| {
        let found: Vec<u64> = queue(&rows, "run-1", grader, &labels, by).iter().map(|waiting| waiting.row.launch).collect();
        assert_eq!(found, expected, "{grader:?} {by}");
    };
    check(None, "", &[1, 2]);
    check(None, "ada", &[1, 2]);
    check(None, "bob", &[0, 1, 2]);
    check(Some("judge"), "ada", &[0, 2]);
    check(Some("nothing"), "", &[]);
}

#[test]
fn labels_say_pass_or_fail_and_who() {
    let cell = &row(0, Verdict::Pass).cell;
    let note = note("run-1", cell, &label("human", true, "ada"), Timestamp(7)).unwrap();
    assert_eq!((note.subject.as_str(), note.json.as_str()), ("run-1/c0/acme/fast/0", r#"{"grader":"human","verdict":"pass","by":"ada"}"#));
    assert!(super::note("run-1", cell, &label("human", true, " "), Timestamp(0)).is_err());
    assert!(super::note("run-1", cell, &Label { verdict: Verdict::Unscored, ..label("human", true, "ada") }, Timestamp(0)).is_err());
}

#[test]
fn two_people_have_a_kappa_and_three_an_alpha() {
    let rows: Vec<Row> = (0..40).map(|case| row(case, Verdict::Pass)).collect();
    let mut labels = Vec::new();
    for case in 0..40 {
        labels.push((case, label("human", case % 2 == 0, "ada")));
        // Bob differs in four of forty: 90 % agree, half of it by chance, so kappa is 0.8.
        labels.push((case, label("human", (case % 2 == 0) != (case < 4), "bob")));
    }
    let found = &agreement(&rows, "run-1", &said_of(&labels), Level::P95)[0];
    assert_eq!((found.labels, found.people, found.shared, found.coefficient), (80, 2, 40, Some("cohen-kappa")));
    let value = found.value.unwrap();
    assert!((value.value - 0.8).abs() < 1e-9 && value.interval.unwrap().contains(0.8), "{value:?}");
    labels.push((0, label("human", true, "eve")));
    assert_eq!(agreement(&rows, "run-1", &said_of(&labels), Level::P95)[0].coefficient, Some("krippendorff-alpha"));
    let alone = agreement(&rows, "run-1", &said_of(&labels[..1]), Level::P95);
    assert_eq!((alone[0].shared, alone[0].coefficient, alone[0].value), (0, None, None));
}

/// A suite as it is, with nothing known of the judge and the traffic.
fn standing(digest: Digest) -> Standing<'static> {
    Standing { digest, judge: None, traffic: None }
}

/// A judge that passes a third of the bad answers too: its own rate is too high, the corrected one is not.
#[test]
fn a_lenient_judge_is_corrected_by_labels() {
    let mut random = SeededRandom::new(5);
    let truth: Vec<bool> = (0..600).map(|_| random.below(10) < 6).collect();
    let rows: Vec<Row> =
        truth.iter().enumerate().map(|(case, good)| row(case, if *good || random.below(3) == 0 { Verdict::Pass } else { Verdict::Fail })).collect();
    let labels: Vec<(usize, Label)> = (0..150).map(|case| (case, label("judge", truth[case], "ada"))).collect();
    let of = |digest| LabelledRun { run: "run-1", digest, rows: &rows, labels: said_of(&labels) };
    let now = Digest::of_parts(&[b"now"]);
    let found = calibrate(&rows, &standing(now), &[of(now)], "acme/fast", "judge", Level::P95);
    assert_eq!((found.labelled, found.judged, found.withdrawn.len()), (150, 450, 0));
    let same = rows[..150].iter().zip(&truth).filter(|(row, good)| (row.grades[0].verdict == Verdict::Pass) == **good).count();
    assert_eq!(found.agreed, same);
    let kappa = found.kappa.unwrap();
    assert!(same < 150 && kappa.n == 150 && kappa.value < 1.0 && kappa.interval.unwrap().low > 0.5, "{kappa:?}");
    let rate = truth.iter().filter(|good| **good).count() as f64 / 600.0;
    assert!(!found.raw.unwrap().interval.unwrap().contains(rate) && found.corrected.unwrap().interval.unwrap().contains(rate), "{found:?}");
    let changed = calibrate(&rows, &standing(now), &[of(Digest::of_parts(&[b"then"]))], "acme/fast", "judge", Level::P95);
    assert_eq!((changed.labelled, changed.corrected, changed.withdrawn), (0, None, vec![("the suite has changed since".to_owned(), 150)]));
}

#[test]
fn a_corrected_rate_stays_a_rate() {
    // Eleven of twelve are right, and the judge misses one of them: the interval of so few would go beyond 1.
    let rows: Vec<Row> = (0..24).map(|case| row(case, if case == 3 || case == 5 { Verdict::Fail } else { Verdict::Pass })).collect();
    let labels: Vec<(usize, Label)> = (0..12).map(|case| (case, label("judge", case != 5, "ada"))).collect();
    let run = LabelledRun { run: "run-1", digest: Digest::default(), rows: &rows, labels: said_of(&labels) };
    let found = calibrate(&rows, &standing(Digest::default()), &[run], "acme/fast", "judge", Level::P95);
    let interval = found.corrected.unwrap().interval.unwrap();
    // Twelve labels with one contradiction say little, and the interval says so.
    assert!(interval.low > 0.3 && interval.low < 0.5 && interval.contains(11.0 / 12.0) && interval.high <= 1.0, "{interval:?}");
}

#[test]
fn labels_of_another_judge_are_withdrawn() {
    let rows: Vec<Row> = (0..10).map(|case| row(case, Verdict::Pass)).collect();
    let (then, now) = (Digest::of_parts(&[b"rubric"]), Digest::of_parts(&[b"another rubric"]));
    let labels: Vec<(usize, Label)> = (0..5).map(|case| (case, Label { judge: Some(then), ..label("judge", true, "ada") })).collect();
    let run = LabelledRun { run: "run-1", digest: Digest::default(), rows: &rows, labels: said_of(&labels) };
    let found = calibrate(&rows, &Standing { judge: Some(now), ..standing(Digest::default()) }, &[run], "acme/fast", "judge", Level::P95);
    assert!(found.corrected.is_none() && found.withdrawn[0].0.contains("judge") && found.withdrawn[0].1 == 5, "{found:?}");
}

#[test]
fn labels_from_before_a_change_of_the_traffic_are_withdrawn_and_say_so() {
    let rows: Vec<Row> = (0..20).map(|case| row(case, if case == 0 { Verdict::Fail } else { Verdict::Pass })).collect();
    let labels: Vec<(usize, Label)> = (0..12).map(|case| (case, Label { at: Timestamp(case as i64), ..label("judge", case != 0, "ada") })).collect();
    let found = |traffic: Option<&Changed>| {
        let run = LabelledRun { run: "run-1", digest: Digest::default(), rows: &rows, labels: said_of(&labels) };
        calibrate(&rows, &Standing { traffic, ..standing(Digest::default()) }, &[run], "acme/fast", "judge", Level::P95)
    };
    assert_eq!((found(None).labelled, found(None).withdrawn.len()), (12, 0));
    let changed = |at: i64| Changed { at: Timestamp(at), what: "inputs of more than 90 tokens make up 60 % of late, and 10 % before".to_owned() };
    let some = found(Some(&changed(4)));
    assert_eq!((some.labelled, some.judged, some.withdrawn.len(), some.withdrawn[0].1), (7, 13, 1, 5), "five were given before it");
    assert!(some.corrected.is_some() && some.withdrawn[0].0.starts_with("the traffic of the class has changed since: inputs of more than 90"), "{some:?}");
    let all = found(Some(&changed(99)));
    assert_eq!((all.labelled, all.corrected, all.kappa, all.withdrawn[0].1), (0, None, None, 12), "the corrected score is gone, the judge's own stays");
    assert!(all.raw.is_some());
}
