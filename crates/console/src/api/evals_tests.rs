use super::tests::{check, fit, refused};
use crate::evals_scene::{Scene, fill};
use crate::fixture::{Fixture, NOW, good};
use jeton_eval::run::{CAUSES_RUNS, VALUE_RUNS};
use serde_json::{Value, json};

/// Two runs of one suite, and one of another that was cut off.
fn filled() -> (Fixture, [String; 2]) {
    let fixture = Fixture::new();
    let call = fixture.settle(good(60_000)).to_string();
    let scene = Scene { now: NOW, runs: 2, cases: 24, word: "", call: Some(call) };
    fill(&*fixture.ledger, &scene).unwrap();
    (fixture, [scene.run_id(0), scene.run_id(1)])
}

fn names<'v>(list: &'v Value, member: &str) -> Vec<&'v str> {
    list.as_array().unwrap().iter().map(|item| item[member].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let (fixture, [before, last]) = filled();
    for (path, schema) in [
        ("/api/evals/suites".to_owned(), "EvalSuites"),
        ("/api/evals/runs".to_owned(), "EvalRuns"),
        (format!("/api/evals/run?id={last}"), "EvalRun"),
        (format!("/api/evals/rows?run={last}"), "EvalRows"),
        (format!("/api/evals/case?run={last}&case=window-01"), "EvalCase"),
        (format!("/api/evals/compare?baseline={before}:mini&candidate={last}:sonnet"), "EvalComparison"),
        (format!("/api/evals/compare?baseline={last}:sonnet&candidate={last}:lab&margin=5pp"), "EvalComparison"),
        ("/api/evals/health?suite=refunds".to_owned(), "EvalHealth"),
        ("/api/evals/health?suite=triage".to_owned(), "EvalHealth"),
        (format!("/api/evals/causes?run={last}"), "EvalCauses"),
        ("/api/evals/causes?run=latest:triage".to_owned(), "EvalCauses"),
        ("/api/evals/alarms".to_owned(), "EvalAlarms"),
        ("/api/evals/labels".to_owned(), "EvalLabels"),
    ] {
        check(&fixture, &path, schema).await;
    }
    let empty = Fixture::new();
    assert_eq!(check(&empty, "/api/evals/suites", "EvalSuites").await["suites"], json!([]));
    assert_eq!(check(&empty, "/api/evals/runs", "EvalRuns").await["runs"], json!([]));
}

#[tokio::test]
async fn experiments_are_no_suite_and_targets_stand_with_their_newest_run() {
    let (fixture, [_, last]) = filled();
    let suites = check(&fixture, "/api/evals/suites", "EvalSuites").await["suites"].clone();
    assert_eq!(names(&suites, "suite"), ["refunds", "triage"], "{suites}");
    assert_eq!((&suites[0]["runs"], suites[0]["last_run"].as_str()), (&json!(2), Some(last.as_str())));
    let targets: Vec<&str> = suites[0]["targets"].as_array().unwrap().iter().map(|one| one["totals"]["target"].as_str().unwrap()).collect();
    assert_eq!(targets, ["sonnet", "mini", "lab"]);
    assert_eq!(names(&check(&fixture, "/api/evals/runs", "EvalRuns").await["runs"], "suite"), ["refunds", "triage", "refunds"]);
}

#[tokio::test]
async fn experiments_take_no_place_in_lists_that_are_limited() {
    let (fixture, [_, last]) = filled();
    let waiting = check(&fixture, "/api/evals/labels", "EvalLabels").await["waiting"].clone();
    assert!(!waiting.as_array().unwrap().is_empty());
    let record = fixture.ledger.run(&last).unwrap().unwrap();
    for n in 0..40 {
        let suite = format!("refunds{}", if n % 2 == 0 { CAUSES_RUNS } else { VALUE_RUNS });
        let mut head: Value = serde_json::from_str(&record.json).unwrap();
        (head["id"], head["suite"]) = (json!(format!("{last}-{n}")), json!(suite));
        let started = jeton_core::Timestamp(record.started.0 + 3_600_000 + n);
        fixture.ledger.begin_run(&jeton_ledger::RunRecord { id: format!("{last}-{n}"), suite, started, json: head.to_string() }).unwrap();
    }
    let listed = |path: &'static str| check(&fixture, path, "EvalRuns");
    assert_eq!(names(&listed("/api/evals/runs?limit=20").await["runs"], "suite"), ["refunds", "triage", "refunds"]);
    assert_eq!(names(&listed("/api/evals/runs?limit=2").await["runs"], "suite"), ["refunds", "triage"]);
    assert_eq!(check(&fixture, "/api/evals/labels", "EvalLabels").await["waiting"], waiting);
}

#[tokio::test]
async fn what_is_missing_is_unknown_and_an_invalid_target_says_so() {
    let (fixture, [_, last]) = filled();
    let run = check(&fixture, &format!("/api/evals/run?id={last}"), "EvalRun").await;
    let lab = &run["targets"][2];
    assert_eq!((lab["validity"].as_str(), &lab["errors"], &lab["missing_share_max"]), (Some("invalid"), &json!(8), &json!(0.1)));
    assert!((lab["missing_share"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9 && lab["usd_per_case"].is_null() && lab["cost_unknown_rows"] == 8, "{lab}");
    assert_eq!(run["frontier"], json!(["mini", "sonnet"]), "an invalid target is not on it, though it is cheap");
    let sonnet = &run["targets"][0]["pass_rate"];
    assert!(sonnet["n"] == 24 && sonnet["clusters"] == 12 && sonnet["interval"]["low"].as_f64() < sonnet["value"].as_f64(), "{sonnet}");
    let triage = check(&fixture, "/api/evals/run?id=latest:triage", "EvalRun").await;
    assert_eq!((triage["progress"].as_str(), &triage["rows"], &triage["cells"]), (Some("open"), &json!(16), &json!(24)));
    assert!(triage["targets"][0]["simulated"] == true && triage["selftest"].is_null());
    assert!(triage["targets"][0]["usd_per_success"].is_null() && triage["targets"][1]["usd_per_case"]["value"] == 0.0, "free is known: {triage}");
}

#[tokio::test]
async fn rows_are_narrowed_and_paged() {
    let (fixture, [_, last]) = filled();
    let rows = async |query: &str| check(&fixture, &format!("/api/evals/rows?run={last}&{query}"), "EvalRows").await;
    let errors = rows("outcome=error").await;
    assert_eq!((&errors["matching"], errors["rows"].as_array().unwrap().len()), (&json!(8), 8));
    assert!(
        errors["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["target"] == "lab" && row["fault"]["code"] == "connect_failed" && row["cost_nanousd"].is_null())
    );
    let first = rows("target=mini&limit=20").await;
    let next = first["next"].as_u64().unwrap();
    let rest = rows(&format!("target=mini&limit=20&offset={next}")).await;
    assert_eq!((next, rest["rows"].as_array().unwrap().len(), rest["next"].is_null()), (20, 4, true));
}

#[tokio::test]
async fn a_comparison_lists_the_flips_with_both_rows() {
    let (fixture, [before, last]) = filled();
    let found = check(&fixture, &format!("/api/evals/compare?baseline={before}:mini&candidate={last}:sonnet"), "EvalComparison").await;
    assert_eq!((found["verdict"].as_str(), &found["cases"], &found["same_suite"]), (Some("better"), &json!(24), &json!(true)), "{found}");
    for (kind, passed_before) in [("fixed", 0), ("broken", 1)] {
        for flip in found[kind].as_array().unwrap() {
            assert_eq!((&flip["baseline"]["passed"], &flip["candidate"]["passed"]), (&json!(passed_before), &json!(1 - passed_before)), "{kind}: {flip}");
        }
    }
    let flip = &found["fixed"][0];
    let case = check(&fixture, &format!("/api/evals/case?run={before}&case={}", flip["case"].as_str().unwrap()), "EvalCase").await;
    let row = case["rows"].as_array().unwrap().iter().find(|row| row["row"]["launch"] == flip["baseline_launch"]).unwrap();
    assert_eq!((&row["row"]["target"], &row["row"]["outcome"]), (&json!("mini"), &json!("failed")));
    assert_eq!(row["cause"]["launch"], flip["baseline_launch"], "with the cause of its failure: {row}");
    let lab = check(&fixture, &format!("/api/evals/compare?baseline={last}:sonnet&candidate={last}:lab"), "EvalComparison").await;
    assert_eq!((lab["candidate"]["validity"].as_str(), &lab["unpaired"], lab["usd_per_case"].is_null()), (Some("invalid"), &json!(8), true));
    assert_eq!((lab["verdict"].as_str(), lab["more_cases"].is_null()), (Some("invalid"), true), "no verdict rests on an invalid side");
}

#[tokio::test]
async fn a_label_is_written_once_and_the_answer_waits_no_more() {
    let (fixture, [_, last]) = filled();
    let queue = async || check(&fixture, "/api/evals/labels", "EvalLabels").await;
    // Asked for before, so that the run's totals are kept: a label must be seen in them all the same.
    let tone = async || {
        let run = check(&fixture, &format!("/api/evals/run?id={last}"), "EvalRun").await;
        let graders = run["targets"][0]["graders"].as_array().unwrap().clone();
        let tone = graders.into_iter().find(|one| one["grader"] == "tone").unwrap();
        ["passed", "failed", "unscored"].map(|key| tone[key].as_u64().unwrap())
    };
    assert_eq!((tone().await, tone().await), ([0, 0, 3], [0, 0, 3]));
    let waiting = queue().await["waiting"].clone();
    assert_eq!(names(&waiting, "case"), ["window-01", "receipt-01", "sale-01"]);
    assert_eq!(waiting[0]["question"], "Would you send this answer to a customer as it is?");
    let body =
        json!({ "run": last, "case": "window-01", "target": "sonnet", "repeat": 0, "verdict": "pass", "comment": "Kind and right.", "by": "ada" }).to_string();
    let reply = fixture.post("/api/evals/labels", "admin", &body).await;
    fit(&json!({ "$ref": "#/EvalLabel" }), &reply.json(), "label").unwrap();
    assert_eq!(reply.json()["subject"], format!("{last}/window-01/sonnet/0"));
    let after = queue().await;
    assert_eq!(names(&after["waiting"], "case"), ["receipt-01", "sale-01"]);
    assert_eq!((&after["labels"][0]["by"], &after["labels"][0]["grader"]), (&json!("ada"), &json!("tone")));
    let notes = fixture.ledger.notes(&jeton_ledger::NoteFilter { kind: Some("label".into()), ..Default::default() }).unwrap();
    let written: Value = serde_json::from_str(&notes[0].json).unwrap();
    assert_eq!(written, json!({ "verdict": "pass", "comment": "Kind and right.", "by": "ada", "grader": "tone" }));
    assert_eq!(fixture.post("/api/evals/labels", "caller-helpdesk", &body).await.status, 403, "a key of a caller writes none");
    assert_eq!(check(&fixture, "/api/evals/health?suite=refunds", "EvalHealth").await["waiting"], 2);
    assert_eq!(tone().await, [1, 0, 2], "a label is the verdict of the grader that asks a person");
    let second = body.replace("\"ada\"", "\"bob\"").replace("\"pass\"", "\"fail\"");
    assert_eq!(fixture.post("/api/evals/labels", "admin", &second).await.status, 200, "another person may judge it too");
    assert_eq!(tone().await, [0, 0, 3], "and who are divided give no verdict");
}

#[tokio::test]
async fn a_wrong_request_is_told_what_is_wrong() {
    let (fixture, [_, last]) = filled();
    for (path, status, param, says) in [
        ("/api/evals/runs?suite=refund".to_owned(), 404, "suite", "Did you mean `refunds`?"),
        ("/api/evals/run?id=run-1".to_owned(), 404, "id", "latest:SUITE"),
        ("/api/evals/run".to_owned(), 400, "id", "is missing"),
        (format!("/api/evals/rows?run={last}&outcome=good"), 400, "outcome", "passed, failed, unscored, error"),
        (format!("/api/evals/case?run={last}&case=window-1"), 404, "case", "Did you mean `window-01`?"),
        (format!("/api/evals/compare?baseline={last}&candidate={last}:lab"), 400, "baseline", "several targets"),
        (format!("/api/evals/compare?baseline={last}:sonet&candidate={last}:lab"), 400, "baseline", "sonnet`?"),
        (format!("/api/evals/compare?baseline={last}:mini&candidate={last}:lab&margin=2"), 400, "margin", "such as `2pp`"),
        ("/api/evals/health?suite=none".to_owned(), 404, "suite", "There is no run"),
    ] {
        refused(&fixture, &path, status, param, says).await;
    }
    let with = |member: &str, value: Value| {
        let mut body = json!({ "run": last, "case": "window-01", "target": "sonnet", "verdict": "pass" });
        body[member] = value;
        body.to_string()
    };
    for (body, status, param, says) in [
        ("[]".to_owned(), 400, "body", "must be an object"),
        (with("verdict", json!("good")), 400, "verdict", "`pass` or `fail`"),
        (with("case", json!("")), 400, "case", "is missing"),
        (with("repeat", json!(-1)), 400, "repeat", "whole number"),
        (with("repeat", json!(4)), 404, "target", "repeat 4"),
        (with("target", json!("mini")), 400, "grader", "asks a person"),
        (with("grader", json!("contains")), 400, "grader", "asks a person"),
        (with("word", json!(1)), 400, "word", "no member `word`"),
        (with("comment", json!("x".repeat(5_000))), 400, "comment", "longer than 4096"),
        (with("run", json!("run-0")), 404, "run", "There is no run"),
    ] {
        let reply = fixture.post("/api/evals/labels", "admin", &body).await;
        assert_eq!((reply.status, reply.json()["error"]["param"].as_str()), (status, Some(param)), "{}: {}", &body[..body.len().min(90)], reply.text);
        assert!(reply.text.contains(says), "{says}: {}", reply.text);
    }
}

/// A run like the newest, an hour later, with the rows that `of` makes of that run's.
fn later(fixture: &Fixture, last: &str, of: impl Fn(usize, Value) -> Option<Value>) -> String {
    let record = fixture.ledger.run(last).unwrap().unwrap();
    let id = format!("{last}-later");
    let mut head: Value = serde_json::from_str(&record.json).unwrap();
    head["id"] = json!(id);
    let started = jeton_core::Timestamp(record.started.0 + 3_600_000);
    head["started"] = json!(started);
    fixture.ledger.begin_run(&jeton_ledger::RunRecord { id: id.clone(), suite: record.suite, started, json: head.to_string() }).unwrap();
    let made = fixture.ledger.rows(last, 0).unwrap().into_iter().enumerate().filter_map(|(at, row)| of(at, serde_json::from_str(&row.json).unwrap()));
    let rows: Vec<jeton_ledger::RunRow> = made
        .enumerate()
        .map(|(launch, mut row)| {
            row["launch"] = json!(launch);
            jeton_ledger::RunRow { launch: launch as u64, json: row.to_string() }
        })
        .collect();
    fixture.ledger.append_rows(&id, &rows).unwrap();
    id
}

#[tokio::test]
async fn a_run_that_goes_on_does_not_stand_for_the_suite_and_is_named() {
    let (fixture, [_, last]) = filled();
    let before = check(&fixture, "/api/evals/health?suite=refunds", "EvalHealth").await;
    assert_eq!(before["passed_over"], json!([]));
    let partial = later(&fixture, &last, |at, row| (at < 12).then_some(row));
    let health = check(&fixture, "/api/evals/health?suite=refunds", "EvalHealth").await;
    assert_eq!((health["last_run"].as_str(), &health["rows"]), (Some(last.as_str()), &before["rows"]), "{health}");
    assert_eq!(health["detectable_basis"], before["detectable_basis"]);
    let over = &health["passed_over"];
    assert!(over.as_array().unwrap().len() == 1 && over[0]["run"] == partial && over[0]["why"].as_str().unwrap().starts_with("12 of its 72 cells"), "{over}");
    let page = fixture.get("/evals/suite?suite=refunds").await.text;
    assert!(page.contains("Does not count") && page.contains("12 of its 72 cells are done"), "{page}");
}

#[tokio::test]
async fn repeats_show_pass_at_k_in_the_api_and_on_the_page() {
    let (fixture, [_, last]) = filled();
    let single = check(&fixture, &format!("/api/evals/run?id={last}"), "EvalRun").await;
    assert!(single["targets"].as_array().unwrap().iter().all(|target| target["pass_k"] == json!([])));
    // Two attempts at each case: what was one case and the next.
    let twice = later(&fixture, &last, |at, mut row| {
        row["case"] = json!(format!("case-{}", at / 6));
        row["repeat"] = json!(at / 3 % 2);
        Some(row)
    });
    let run = check(&fixture, &format!("/api/evals/run?id={twice}"), "EvalRun").await;
    let sonnet = &run["targets"][0]["pass_k"];
    assert_eq!((&sonnet[0]["k"], &sonnet[1]["k"], &sonnet[1]["pass_at_k"]["n"]), (&json!(1), &json!(2), &json!(12)), "{sonnet}");
    let value = |name: &str| sonnet[1][name]["value"].as_f64().unwrap();
    assert!(value("pass_hat_k") <= sonnet[0]["pass_at_k"]["value"].as_f64().unwrap() && value("pass_at_k") > value("pass_hat_k"), "{sonnet}");
    let page = fixture.get(&format!("/evals/run?id={twice}")).await.text;
    assert!(page.contains("<h2>Repeats</h2>") && page.contains("pass^k"), "{page}");
    assert!(!fixture.get(&format!("/evals/run?id={last}")).await.text.contains("<h2>Repeats</h2>"));
}
