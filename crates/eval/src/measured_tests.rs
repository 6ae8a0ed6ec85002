//! Tests of what rows add up to: totals, comparisons, gates and the order of a run.

use crate::compare::compare;
use crate::gate::{Question, Slot, Stopping, report};
use crate::grader::testing::suite;
use crate::report::{junit, markdown};
use crate::run::{Choice, RunHead, plan};
use crate::testing::{answer, case, fault};
use crate::totals::{Validity, totals};
use crate::{Cell, Outcome, Row, Target, TargetKind};
use jeton_allocate::Level;
use jeton_allocate::verdict::{Decision, Verdict};
use jeton_context::Digest;
use jeton_core::{Nanousd, SeededRandom, Timestamp};

fn row(launch: u64, case: &str, target: &str, outcome: Outcome) -> Row {
    let has_answer = matches!(outcome, Outcome::Passed | Outcome::Failed | Outcome::Unscored);
    Row {
        launch,
        cell: Cell { case: case.to_owned(), target: target.to_owned(), repeat: 0 },
        cluster: case.to_owned(),
        tags: Vec::new(),
        outcome,
        score: None,
        weight: 1.0,
        answer: has_answer.then(|| answer("text")),
        fault: (outcome == Outcome::Error).then(|| fault("timeout", "late & <long>")),
        grades: Vec::new(),
        context: None,
        cost: Some(Nanousd(10_000)),
        request: Digest::default(),
        is_cached: false,
        at: Timestamp(0),
    }
}

/// `p` passes, `f` fails, `u` is unscored, `e` is an error.
pub(crate) fn rows(target: &str, outcomes: &str) -> Vec<Row> {
    let outcome = |c: char| match c {
        'p' => Outcome::Passed,
        'f' => Outcome::Failed,
        'u' => Outcome::Unscored,
        _ => Outcome::Error,
    };
    outcomes.chars().enumerate().map(|(at, c)| row(at as u64, &format!("c{at}"), target, outcome(c))).collect()
}

pub(crate) fn refs(rows: &[Row]) -> Vec<&Row> {
    rows.iter().collect()
}

fn of_one(outcomes: &str, errors_max: f64) -> crate::totals::TargetTotals {
    totals(&rows("a", outcomes), &["a".to_owned()], errors_max, Level::P95).targets.remove(0)
}

#[test]
fn what_is_missing_is_neither_a_pass_nor_a_fail() {
    let found = of_one("ppppppppfe", 0.2);
    assert_eq!((found.passed, found.failed, found.errors, found.cells), (8, 1, 1, 10));
    assert!((found.pass_rate.unwrap().value - 8.0 / 9.0).abs() < 1e-12);
    let bounds = found.bounds.unwrap();
    assert!((bounds.low - 0.8).abs() < 1e-12 && (bounds.high - 0.9).abs() < 1e-12);
    assert_eq!(found.validity, Validity::Valid);
    assert!(matches!(of_one("ppee", 0.2).validity, Validity::Invalid { share, .. } if (share - 0.5).abs() < 1e-12));
    assert_eq!(of_one("", 0.2).validity, Validity::Empty);
    assert_eq!(of_one("", 0.2).pass_rate, None);
    assert_eq!(found.faults["timeout"], 1);
}

#[test]
fn an_unknown_cost_makes_no_cheap_success() {
    let mut some = rows("a", "pppf");
    let known = totals(&some, &["a".to_owned()], 0.1, Level::P95).targets.remove(0);
    assert_eq!((known.cost, known.cost_unknown), (Nanousd(40_000), 0));
    assert!((known.usd_per_success.unwrap().value - 4.0 * 1e-5 / 3.0).abs() < 1e-15);
    some[0].cost = None;
    let unknown = totals(&some, &["a".to_owned()], 0.1, Level::P95).targets.remove(0);
    assert_eq!((unknown.cost, unknown.cost_unknown, unknown.usd_per_case, unknown.usd_per_success), (Nanousd(30_000), 1, None, None));
    assert_eq!(of_one("fff", 0.1).usd_per_success, None);
}

#[test]
fn weights_move_the_rate_and_repeats_do_not_make_cases() {
    let mut weighted = rows("a", "pf");
    weighted[0].weight = 3.0;
    let rate = totals(&weighted, &["a".to_owned()], 0.1, Level::P95).targets.remove(0).pass_rate.unwrap();
    assert!((rate.value - 0.75).abs() < 1e-12, "{rate:?}");
    let mut repeated = rows("a", "pppp");
    repeated.iter_mut().enumerate().for_each(|(at, row)| {
        row.cell.case = "one".to_owned();
        row.cluster = "one".to_owned();
        row.cell.repeat = u32::try_from(at).unwrap();
    });
    let found = totals(&repeated, &["a".to_owned()], 0.1, Level::P95).targets.remove(0);
    assert_eq!((found.cases, found.cells, found.pass_rate.unwrap().n), (1, 4, 1));
}

#[test]
fn a_comparison_lists_its_flips_and_decides() {
    let (before, after) = (rows("a", &"f".repeat(20)), rows("b", &format!("{}ffe", "p".repeat(17))));
    let found = compare(("a", &refs(&before)), ("b", &refs(&after)), 0.02, Level::P95);
    assert_eq!((found.cases, found.unpaired, found.fixed.len(), found.broken.len()), (19, 1, 17, 0));
    assert_eq!(found.verdict, Verdict::Better);
    assert_eq!(found.test, "exact McNemar");
    assert_eq!((found.fixed[0].case.as_str(), found.fixed[0].before, found.fixed[0].after), ("c0", (0, 1), (1, 1)));
    let back = compare(("b", &refs(&after)), ("a", &refs(&before)), 0.02, Level::P95);
    assert_eq!((back.verdict, back.broken.len()), (Verdict::Worse, 17));
    let same = compare(("a", &refs(&before)), ("a", &refs(&before)), 0.02, Level::P95);
    assert!(matches!(same.verdict, Verdict::Undecided { .. }), "20 equal cases show no difference of two points: {:?}", same.verdict);
    let cost = found.usd_per_case.unwrap();
    assert!(cost.value.abs() < 1e-12 && cost.interval.is_none_or(|i| i.width() < 1e-12), "{cost:?}");
}

pub(crate) fn slots(rows: &[Row]) -> Vec<Slot> {
    let slot =
        |row: &Row| Slot { launch: row.launch, case: row.cell.case.clone(), cluster: row.cluster.clone(), weight: row.weight, target: row.cell.target.clone() };
    rows.iter().map(slot).collect()
}

pub(crate) fn at_least(bar: f64) -> Question {
    Question::AtLeast { target: "a".to_owned(), bar }
}

#[test]
fn a_gate_stops_early_whatever_the_order_of_completion() {
    let rows = rows("a", &"p".repeat(200));
    let mut stopping = Stopping::new(at_least(0.9), &slots(&rows), Level::P95);
    let needed = rows.iter().position(|row| stopping.push(row) == Some(true)).unwrap();
    assert!((20..100).contains(&needed), "{needed}");
    // The very same rows from the last to the first: nothing is decided before the prefix is there.
    let mut backwards = Stopping::new(at_least(0.9), &slots(&rows), Level::P95);
    let at = rows.iter().rev().position(|row| backwards.push(row) == Some(true)).unwrap();
    assert_eq!(at, rows.len() - 1);
    assert_eq!((backwards.decided(), backwards.taken()), (Some(true), 200));
}

#[test]
fn what_is_missing_may_not_make_a_gate_pass_nor_fail() {
    let rows = rows("a", &format!("e{}", "p".repeat(11)).repeat(8));
    let mut stopping = Stopping::new(at_least(0.9), &slots(&rows), Level::P95);
    rows.iter().for_each(|row| _ = stopping.push(row));
    let found = report(&stopping, &rows, true, Level::P95);
    assert!(matches!(found.decision, Decision::Undecided { .. }), "{found:?}");
    let (strict, kind) = found.estimates;
    assert!((strict.unwrap().value - 11.0 / 12.0).abs() < 1e-12 && (kind.unwrap().value - 1.0).abs() < 1e-12);
}

#[test]
fn a_gate_says_no_and_is_seldom_wrong() {
    let wrong = (0..400_u64)
        .filter(|seed| {
            let mut random = SeededRandom::new(*seed);
            let outcomes: String = (0..300).map(|_| if random.unit() < 0.9 { 'p' } else { 'f' }).collect();
            let rows = rows("a", &outcomes);
            let mut stopping = Stopping::new(at_least(0.9), &slots(&rows), Level::P95);
            rows.iter().for_each(|row| _ = stopping.push(row));
            report(&stopping, &rows, true, Level::P95).decision != Decision::Undecided { more_cases: None } && stopping.decided() == Some(true)
        })
        .count();
    // Half of five percent: 10 expected at most; 22 would be four standard deviations more.
    assert!(wrong <= 22, "{wrong} of 400 passed while they ran at the very bar");
    let bad = rows("a", &"pf".repeat(100));
    let mut stopping = Stopping::new(at_least(0.9), &slots(&bad), Level::P95);
    assert_eq!(bad.iter().find_map(|row| stopping.push(row)), Some(false));
}

#[test]
fn not_worse_is_shown_and_not_merely_undisproved() {
    let pair = |before: &str, after: &str| {
        let (mut a, mut b) = (rows("a", before), rows("b", after));
        a.iter_mut().for_each(|row| row.launch *= 2);
        b.iter_mut().for_each(|row| row.launch = row.launch * 2 + 1);
        let mut all: Vec<Row> = a.into_iter().chain(b).collect();
        all.sort_by_key(|row| row.launch);
        let question = Question::NotWorse { baseline: "a".to_owned(), candidate: "b".to_owned(), margin: 0.05 };
        let mut stopping = Stopping::new(question, &slots(&all), Level::P95);
        all.iter().for_each(|row| _ = stopping.push(row));
        report(&stopping, &all, true, Level::P95).decision
    };
    assert!(matches!(pair("ppppf", "ppppf"), Decision::Undecided { .. }), "five equal cases show little");
    assert_eq!(pair(&"p".repeat(300), &"p".repeat(300)), Decision::Pass);
    assert_eq!(pair(&"p".repeat(100), &"f".repeat(100)), Decision::Fail);
}

#[test]
fn a_plan_is_seeded_and_keeps_the_targets_of_a_case_together() {
    let mut of = suite((0..30).map(|at| case(&format!("c{at}"), "?", "!")).collect(), Vec::new());
    of.cases[3].tags = vec!["hard".to_owned()];
    let kind = TargetKind::Model { model: "a/b".to_owned(), pack: None, oracle: false };
    let target = |name: &str, only: &[&str]| Target {
        name: name.to_owned(),
        kind: kind.clone(),
        prompt: None,
        params: serde_json::Map::new(),
        only: only.iter().map(|tag| (*tag).to_owned()).collect(),
    };
    let targets = [target("a", &[]), target("b", &["hard"])];
    let choice = |seed| Choice { seed, repeats: 2, ..Choice::default() };
    let cells = plan(&of, &targets, &choice(1));
    assert_eq!((cells.len(), cells.iter().enumerate().all(|(at, cell)| cell.launch == at as u64)), (62, true));
    assert_eq!(cells, plan(&of, &targets, &choice(1)));
    assert_ne!(cells, plan(&of, &targets, &choice(2)));
    let hard: Vec<usize> = (0..cells.len()).filter(|&at| cells[at].case == 3).collect();
    assert!(hard.len() == 4 && hard[3] - hard[0] == 3, "{hard:?}");
    let first = plan(&of, &targets, &Choice { first: Some(5), ..choice(1) });
    assert_eq!(first[..], cells[..first.len()]);
    assert_eq!(plan(&of, &targets, &Choice { tags: vec!["hard".to_owned()], ..choice(1) }).len(), 4);
}

fn head() -> RunHead {
    let kind = TargetKind::Model { model: "a/b".to_owned(), pack: None, oracle: false };
    let target = Target { name: "a".to_owned(), kind, prompt: None, params: serde_json::Map::new(), only: Vec::new() };
    RunHead {
        id: "run-20261123-000000000".to_owned(),
        suite: "refunds & <more>".to_owned(),
        file: "evals/refunds.toml".to_owned(),
        digest: Digest::default(),
        catalogue: None,
        config: String::new(),
        class: None,
        choice: Choice { seed: 7, ..Choice::default() },
        targets: vec![target],
        cases: 4,
        cells: 4,
        errors_max: 0.1,
        selftest: None,
        started: Timestamp(1_795_428_000_000),
        version: "0".to_owned(),
    }
}

#[test]
fn reports_keep_outages_apart_from_wrong_answers() {
    let rows = rows("a", "pfue");
    let xml = junit(&head(), &rows, None);
    assert!(xml.contains("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""), "{xml}");
    assert!(xml.contains("timeout: late &amp; &lt;long&gt;") && xml.contains("refunds &amp; &lt;more&gt;") && !xml.contains("& <"), "{xml}");
    let text = markdown(&head(), &totals(&rows, &["a".to_owned()], 0.1, Level::P95), None);
    assert!(text.contains("**invalid**") && text.contains("**graders not tested**") && text.contains("| `a` **invalid** | 4 | 50.0 %"), "{text}");
}

#[test]
fn an_invalid_gate_is_neither_yes_nor_no_nor_undecided_in_any_report() {
    let rows = rows("a", "pppppppeee");
    let mut stopping = Stopping::new(at_least(0.5), &slots(&rows), Level::P95);
    rows.iter().for_each(|row| _ = stopping.push(row));
    let (valid, invalid) = (totals(&rows, &["a".to_owned()], 0.5, Level::P95), totals(&rows, &["a".to_owned()], 0.1, Level::P95));
    let plain = report(&stopping, &rows, true, Level::P95);
    assert_eq!(plain.clone().held_to(&valid.targets), plain);
    let found = plain.held_to(&invalid.targets);
    assert_eq!(serde_json::to_value(&found).unwrap()["decision"], "invalid");
    let xml = junit(&head(), &rows, Some(&found));
    assert!(
        xml.contains("tests=\"11\" failures=\"0\" errors=\"4\" skipped=\"0\"")
            && xml.contains("<error type=\"invalid\" message=\"`a` at least 50.0 %: invalid"),
        "{xml}"
    );
    let text = markdown(&head(), &invalid, Some(&found));
    assert!(text.starts_with("### Suite `refunds & <more>`: `a` at least 50.0 %: **invalid, too much is missing to say**"), "{text}");
}

#[test]
fn a_summary_has_pass_at_k_where_cases_were_tried_more_than_once() {
    let mut twice = rows("a", "pfpp");
    twice.iter_mut().enumerate().for_each(|(at, row)| {
        row.cell.case = format!("c{}", at / 2);
        row.cluster = row.cell.case.clone();
    });
    let of = |rows: &[Row]| markdown(&head(), &totals(rows, &["a".to_owned()], 0.1, Level::P95), None);
    assert!(of(&twice).contains("| `a` | 2 | 100.0 % [") && of(&twice).contains(" | 50.0 % | 0 |"), "{}", of(&twice));
    assert!(!of(&rows("a", "pfpp")).contains("pass@k"));
}
