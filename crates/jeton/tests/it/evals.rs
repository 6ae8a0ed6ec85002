//! `jeton eval` through the real binary: totals, kills and resumes, Ctrl-C, walls of money, exit codes, JUnit.

use crate::common::{assert_has, project};
use jeton_core::SeededRandom;
use jeton_testkit::{Exchange, Output, Project, Upstream, holds_eventually};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Cases whose number ends so are answered wrong.
const WRONG: usize = 7;

/// The number of the case that is asked for.
pub(crate) fn number(exchange: &Exchange<'_>) -> usize {
    let body = exchange.request.json();
    let asked = body["messages"].as_array().and_then(|turns| turns.last()).and_then(|turn| turn["content"].as_str()).unwrap_or_default().to_owned();
    asked.trim_start_matches("case ").parse().unwrap_or_else(|_| panic!("{body}"))
}

pub(crate) fn document(text: &str) -> Vec<u8> {
    let message = json!({ "role": "assistant", "content": text });
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150 });
    json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "fast", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage })
        .to_string()
        .into_bytes()
}

/// A provider that is wrong about every tenth case, and takes its time.
pub(crate) fn provider(delay: Duration) -> Upstream {
    Upstream::start(move |exchange| {
        let number = number(exchange);
        exchange.think(delay);
        exchange.document(200, document(&if number % 10 == WRONG { "who knows".to_owned() } else { format!("answer {number}") }))
    })
}

/// A provider that has no answer to cases from `first` on.
pub(crate) fn broken_from(first: usize) -> Upstream {
    Upstream::start(move |exchange| {
        let number = number(exchange);
        if number >= first {
            exchange.document(400, br#"{"error":{"message":"no","type":"invalid_request_error"}}"#)
        } else {
            exchange.document(200, document(&format!("answer {number}")))
        }
    })
}

/// A project with a suite of so many cases.
pub(crate) fn house(upstream: &Upstream, cases: usize, more: &str) -> Project {
    let project = project(upstream, "");
    let lines: Vec<String> =
        (0..cases).map(|n| json!({ "id": format!("c{n}"), "input": format!("case {n}"), "reference": format!("answer {n}") }).to_string()).collect();
    std::fs::create_dir_all(project.dir().join("evals")).unwrap();
    std::fs::write(project.dir().join("evals/numbers.jsonl"), lines.join("\n")).unwrap();
    let suite = format!("name = \"numbers\"\ncases = \"numbers.jsonl\"\nseed = 3\n{more}\n[[grade]]\nname = \"says it\"\nkind = \"contains\"\n");
    std::fs::write(project.dir().join("evals/numbers.toml"), suite).unwrap();
    project
}

pub(crate) const TARGET: &str = "concurrency = 4\n[[target]]\nname = \"fast\"\nmodel = \"acme/fast\"\nparams = { max_tokens = 50 }\n";
/// A second target, which the provider knows by its temperature.
pub(crate) const HOT: &str = "[[target]]\nname = \"hot\"\nmodel = \"acme/fast\"\nparams = { max_tokens = 50, temperature = 1.0 }\n";

pub(crate) fn target(document: &Value, place: usize) -> &Value {
    &document["totals"]["targets"][place]
}

/// Passed, failed, unscored, errors.
fn counts(document: &Value) -> [u64; 4] {
    ["passed", "failed", "unscored", "errors"].map(|key| target(document, 0)[key].as_u64().unwrap_or_else(|| panic!("{document}")))
}

/// What does not depend on how long anything took.
fn figures(document: &Value) -> Value {
    let of = target(document, 0);
    json!(
        [
            "cases",
            "cells",
            "passed",
            "failed",
            "unscored",
            "errors",
            "pass_rate",
            "bounds",
            "score",
            "cost",
            "cost_unknown",
            "usd_per_case",
            "tokens_in",
            "tokens_out"
        ]
        .map(|key| of[key].clone())
    )
}

/// The rows of the last run by case, each with what came of it.
fn rows(project: &Project) -> HashMap<String, String> {
    let of = |outcome: &str| {
        let shown = project.json(&["eval", "show", "numbers", "--outcome", outcome]);
        let rows = shown["rows"].as_array().unwrap_or_else(|| panic!("{shown}")).clone();
        rows.into_iter().map(|row| (row["case"].as_str().unwrap().to_owned(), outcome.to_owned())).collect::<Vec<_>>()
    };
    ["passed", "failed", "unscored", "error"].into_iter().flat_map(of).collect()
}

/// A run in the background, with what it says kept.
struct Running(Child);

impl Running {
    fn start(project: &Project, args: &[&str]) -> Self {
        let mut command = project.command(&[&["eval", "run"], args, &["--json"]].concat());
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn has_ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }

    fn wait(&mut self) -> ExitStatus {
        holds_eventually("the run ends", || self.has_ended());
        self.0.wait().unwrap()
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn interrupt(&self) {
        let told = std::process::Command::new("kill").args(["-INT", &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
pub(crate) fn ended(output: &Output, code: i32) -> Value {
    assert_eq!(output.code, code, "{output:?}");
    output.json()
}

#[test]
fn a_run_adds_up_and_is_shown_again() {
    let upstream = provider(Duration::ZERO);
    let project = house(&upstream, 40, TARGET);
    let run = ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
    assert_eq!((counts(&run), run["is_complete"].as_bool()), ([36, 4, 0, 0], Some(true)), "{run}");
    assert_eq!(upstream.count(), 40, "one call to a case");
    assert_eq!(target(&run, 0)["cost"], 40 * 200_000, "{run}");
    let shown = project.json(&["eval", "show", "numbers"]);
    assert_eq!(figures(&shown), figures(&run), "totals are those of the rows");
    let tags = project.run(&["call", "list", "--json"]).stdout;
    assert!(tags.contains("suite:numbers") || tags.contains("acme/fast"), "{tags}");
}

/// Kills of one run, each after a seeded number of further calls, then the run to its end: nothing is lost, nothing that was durable is
/// asked again, and the figures are those of a run that nobody disturbed.
fn kill_and_resume(seed: u64, kills: usize) {
    const CASES: usize = 120;
    let undisturbed = {
        let upstream = provider(Duration::ZERO);
        figures(&ended(&house(&upstream, CASES, TARGET).run(&["eval", "run", "numbers", "--json"]), 0))
    };
    let upstream = provider(Duration::from_millis(10));
    let project = house(&upstream, CASES, TARGET);
    let mut random = SeededRandom::new(seed);
    let mut durable: HashMap<String, String> = HashMap::new();
    for kill in 0..kills {
        let mark = upstream.count();
        let mut running = Running::start(&project, if kill == 0 { &["numbers"] } else { &["--resume", "numbers"] });
        let after = usize::try_from(1 + random.below(20)).unwrap();
        holds_eventually("so many calls were made", || upstream.count() >= mark + after || running.has_ended());
        assert!(!running.has_ended(), "seed {seed}: kill {kill} came too late");
        running.kill();
        not_again(&upstream, mark, &durable, seed);
        let now = rows(&project);
        assert!(durable.iter().all(|row| now.get(row.0) == Some(row.1)), "seed {seed}: kill {kill} lost a row");
        durable = now;
    }
    let mark = upstream.count();
    let run = ended(&project.run(&["eval", "run", "--resume", "numbers", "--json"]), 0);
    not_again(&upstream, mark, &durable, seed);
    assert_eq!(upstream.count() - mark, CASES - durable.len(), "seed {seed}: what was left, once each");
    assert_eq!(figures(&run), undisturbed, "seed {seed}");
}

/// Since `mark`, no case was asked for whose row was durable.
fn not_again(upstream: &Upstream, mark: usize, durable: &HashMap<String, String>, seed: u64) {
    for asked in upstream.requests().iter().skip(mark) {
        let body = asked.json();
        let turn = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap().replace("case ", "c");
        assert!(!durable.contains_key(&turn), "seed {seed}: {turn} was durable and was asked again");
    }
}

#[test]
fn killed_at_any_moment_a_run_goes_on_and_repeats_nothing_that_was_durable_seeds_1_and_2() {
    (1..=2).for_each(|seed| kill_and_resume(seed, 5));
}

#[test]
fn killed_at_any_moment_a_run_goes_on_and_repeats_nothing_that_was_durable_seeds_3_and_4() {
    (3..=4).for_each(|seed| kill_and_resume(seed, 5));
}

#[test]
fn ctrl_c_waits_for_the_calls_under_way_and_the_run_goes_on() {
    let upstream = provider(Duration::from_millis(10));
    let project = house(&upstream, 120, TARGET);
    let mut running = Running::start(&project, &["numbers"]);
    holds_eventually("some calls were made", || upstream.count() >= 8);
    running.interrupt();
    assert_eq!(running.wait().code(), Some(4), "it was stopped: undecided");
    let (asked, durable) = (upstream.count(), rows(&project).len());
    assert_eq!(asked, durable, "every call that was made has its row");
    assert!(durable < 120);
    let run = ended(&project.run(&["eval", "run", "--resume", "numbers", "--json"]), 0);
    assert_eq!((counts(&run), upstream.count()), ([108, 12, 0, 0], 120));
}

/// A call costs 100 tokens in at $1 and 50 out at $2 per million: 0.0002 dollars.
const CALL_NANOUSD: u64 = 200_000;

#[test]
fn a_budget_is_a_wall_also_for_a_run_that_goes_on() {
    let upstream = provider(Duration::ZERO);
    let project = house(&upstream, 60, TARGET);
    let budget_nanousd = 3_000_000;
    let run = ended(&project.run(&["eval", "run", "numbers", "--budget", "0.003usd", "--json"]), 4);
    let spent = target(&run, 0)["cost"].as_u64().unwrap();
    assert_eq!((spent, run["is_complete"].as_bool()), (upstream.count() as u64 * CALL_NANOUSD, Some(false)), "{run}");
    assert!(spent > 0 && spent <= budget_nanousd, "{spent}");
    let again = ended(&project.run(&["eval", "run", "--resume", "numbers", "--json"]), 4);
    let spent = target(&again, 0)["cost"].as_u64().unwrap();
    assert!(spent <= budget_nanousd, "the wall of the run that goes on is the same: {spent}");
    assert_eq!(spent, upstream.count() as u64 * CALL_NANOUSD, "nothing was spent beside the rows");
    assert_eq!(target(&again, 0)["errors"], 0, "a refusal by the budget is no row");
}

#[test]
fn a_budget_is_raised_or_lowered_for_a_run_that_goes_on() {
    let upstream = provider(Duration::ZERO);
    let project = house(&upstream, 60, TARGET);
    let spent = |run: &Value| target(run, 0)["cost"].as_u64().unwrap();
    let run = ended(&project.run(&["eval", "run", "numbers", "--budget", "0.003usd", "--repeats", "1", "--json"]), 4);
    let first = spent(&run);
    let raised = project.run(&["eval", "run", "--resume", "numbers", "--budget", "0.006usd", "--json"]);
    assert_has(&raised.stderr, &["the budget of run-", "is $0.006 now; it was $0.003"]);
    let raised = ended(&raised, 4);
    assert!(spent(&raised) > first && spent(&raised) <= 6_000_000, "{raised}");
    assert_eq!(raised["run"]["choice"]["budget"], 6_000_000, "the run keeps it: {raised}");
    let asked = upstream.count();
    let again = ended(&project.run(&["eval", "run", "--resume", "numbers", "--json"]), 4);
    assert!(spent(&again) <= 6_000_000, "without an option it stays raised: {again}");
    let lowered = ended(&project.run(&["eval", "run", "--resume", "numbers", "--budget", "0.001usd", "--json"]), 4);
    assert_eq!(lowered["run"]["choice"]["budget"], 1_000_000);
    assert!(upstream.count() - asked <= 1, "less than is spent: nothing more is called");
    let whole = ended(&project.run(&["eval", "run", "--resume", "numbers", "--budget", "1usd", "--json"]), 0);
    assert_eq!((counts(&whole), whole["is_complete"].as_bool()), ([54, 6, 0, 0], Some(true)), "{whole}");
    assert_eq!(spent(&whole), 60 * CALL_NANOUSD, "no case was paid twice");
    assert_eq!(project.run(&["eval", "run", "--resume", "numbers", "--repeats", "2"]).code, 2, "all else stays as it was asked for");
}

#[test]
fn a_budget_for_a_run_that_had_none_counts_what_it_has_cost() {
    let upstream = provider(Duration::from_millis(10));
    let project = house(&upstream, 60, TARGET);
    let mut running = Running::start(&project, &["numbers"]);
    holds_eventually("some calls were made", || upstream.count() >= 10);
    running.interrupt();
    assert_eq!(running.wait().code(), Some(4));
    let before = upstream.count() as u64 * CALL_NANOUSD;
    let refused = project.run(&["eval", "run", "--resume", "numbers", "--budget", "0.001usd"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_has(&refused.stderr, &["before it had a budget", "it is for the whole run"]);
    let wall = before + 6 * CALL_NANOUSD;
    let budget = format!("{:.7}usd", wall as f64 / 1e9);
    let run = ended(&project.run(&["eval", "run", "--resume", "numbers", "--budget", &budget, "--json"]), 4);
    let spent = target(&run, 0)["cost"].as_u64().unwrap();
    assert!(spent > before && spent <= wall, "{before} < {spent} <= {wall}");
    let again = ended(&project.run(&["eval", "run", "--resume", "numbers", "--budget", &budget, "--json"]), 4);
    assert!(target(&again, 0)["cost"].as_u64().unwrap() <= wall, "and so it stays: {again}");
}

#[test]
fn what_is_not_answered_is_missing_and_too_much_of_it_makes_a_run_invalid() {
    let few = broken_from(57);
    let project = house(&few, 60, TARGET);
    let run = ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
    assert_eq!(counts(&run), [57, 0, 0, 3]);
    assert_eq!((target(&run, 0)["bounds"]["low"].as_f64(), target(&run, 0)["bounds"]["high"].as_f64()), (Some(0.95), Some(1.0)), "{run}");
    assert_eq!(target(&run, 0)["pass_rate"]["value"], 1.0, "of what was judged");
    let many = broken_from(48);
    let project = house(&many, 60, TARGET);
    let run = ended(&project.run(&["eval", "run", "numbers", "--json"]), 5);
    assert_eq!((counts(&run), target(&run, 0)["validity"].as_str()), ([48, 0, 0, 12], Some("invalid")), "{run}");
    let gate = project.run(&["eval", "gate", "numbers", "--at-least", "0.5", "--whole"]);
    assert_eq!(gate.code, 5, "no gate says yes or no on it: {gate:?}");
}

#[test]
fn a_gate_says_yes_no_or_undecided_and_writes_junit() {
    let upstream = provider(Duration::ZERO);
    let project = house(&upstream, 60, TARGET);
    for (bar, code) in [("0.5", 0), ("0.99", 1), ("0.88", 4)] {
        let gate = project.run(&["eval", "gate", "numbers", "--at-least", bar, "--json"]);
        assert_eq!(gate.code, code, "at least {bar}: {gate:?}");
    }
    assert!(upstream.count() < 3 * 60, "what is plain is decided before the end: {}", upstream.count());
    let gate = project.run(&["eval", "gate", "numbers", "--at-least", "0.5", "--whole", "--junit", "junit.xml", "--markdown", "summary.md"]);
    assert_eq!(gate.code, 0, "{gate:?}");
    let junit = std::fs::read_to_string(project.dir().join("junit.xml")).unwrap();
    assert_has(&junit, &["<testsuites name=\"numbers\" tests=\"61\" failures=\"6\" errors=\"0\" skipped=\"0\">", "numbers / gate", "</testsuites>"]);
    assert_eq!(elements(&junit), HashMap::from([("testsuites".into(), 1), ("testsuite".into(), 2), ("testcase".into(), 61), ("failure".into(), 6)]));
    assert_has(&std::fs::read_to_string(project.dir().join("summary.md")).unwrap(), &["numbers"]);
    assert_eq!(project.run(&["eval", "gate", "numbers", "--at-least", "1.5"]).code, 2);
}

#[test]
fn a_cause_names_the_run_of_its_experiments_and_a_suite_tells_what_it_sees() {
    let upstream = provider(Duration::ZERO);
    let project = house(&upstream, 20, &format!("{TARGET}{HOT}"));
    ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
    let found = project.json(&["eval", "causes", "numbers", "--repeats", "2", "--no-gap"]);
    let tried = found["report"]["labels"].as_array().unwrap().iter().flat_map(|label| label["tried"].as_array().cloned().unwrap_or_default());
    let launch = tried.flat_map(|one| one["rows"].as_array().unwrap().clone()).next().unwrap();
    assert_eq!(found["report"]["experiments"], found["experiments"], "{found}");
    let rows = project.json(&["eval", "show", found["experiments"].as_str().unwrap(), "--outcome", "failed"])["rows"].clone();
    assert!(rows.as_array().unwrap().iter().any(|row| row["launch"] == launch), "{rows}");
    let free = project.json(&["eval", "causes", "numbers", "--no-experiments"]);
    assert!(free["report"]["experiments"].is_null() && free["report"]["calls"] == 0, "no experiment, no run of them: {free}");
    let size = |project: &Project| project.json(&["eval", "size", "numbers", "--detect", "5pp"]);
    let alike = size(&project);
    assert!(alike["basis"].as_str().unwrap().contains("no case came out differently"), "{alike}");
    // The two targets differ in the cases that the first is wrong about: the second has answers to all.
    let upstream = Upstream::start(|exchange| {
        let (number, is_hot) = (number(exchange), exchange.request.json()["temperature"] == 1.0);
        exchange.document(200, document(&if is_hot || number % 10 != WRONG { format!("answer {number}") } else { "who knows".to_owned() }))
    });
    let project = house(&upstream, 20, &format!("{TARGET}{HOT}"));
    ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
    // Two of twenty differ: the variance is 20/19·0.1·0.9, and 2.8016·√(variance/20) = 0.1928.
    assert!((size(&project)["detectable"].as_f64().unwrap() - 0.192_8).abs() < 1e-3, "{}", size(&project));
}

/// The attributes of a record of OTLP by name.
fn attributes(record: &Value) -> HashMap<String, Value> {
    let value = |value: &Value| value.as_object().and_then(|kinds| kinds.values().next()).cloned().unwrap_or_default();
    record["attributes"].as_array().unwrap().iter().map(|one| (one["key"].as_str().unwrap().to_owned(), value(&one["value"]))).collect()
}

/// The records of exports.
fn records(exports: &[Value]) -> Vec<Value> {
    exports.iter().flat_map(|export| export["resourceLogs"][0]["scopeLogs"][0]["logRecords"].as_array().unwrap().clone()).collect()
}

#[test]
fn grades_become_events_of_opentelemetry() {
    let upstream = provider(Duration::ZERO);
    let person = "[[grade]]\nname = \"kind\"\nkind = \"human\"\nquestion = \"Is it kind?\"\nweight = 0\n[[grade]]\nname = \"broken\"\nkind = \"json\"\nat = \"/x\"\nvalue = 1\nweight = 0\n";
    let project = house(&upstream, 20, TARGET);
    let suite = project.dir().join("evals/numbers.toml");
    std::fs::write(&suite, format!("{}{person}", std::fs::read_to_string(&suite).unwrap())).unwrap();
    let run = ended(&project.run(&["eval", "run", "numbers", "--otel", "events.jsonl", "--json"]), 0);
    let exports: Vec<Value> =
        std::fs::read_to_string(project.dir().join("events.jsonl")).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let written = records(&exports);
    assert!(written.iter().all(|record| record["eventName"] == "gen_ai.evaluation.result" && record["timeUnixNano"].as_str().unwrap().len() == 19));
    let of = |name: &str| written.iter().map(attributes).filter(|one| one["gen_ai.evaluation.name"] == name).collect::<Vec<_>>();
    assert_eq!((of("says it").len(), of("kind").len()), (20, 0), "what waits for a person is no result yet");
    let wrong = of("says it").into_iter().filter(|one| one["gen_ai.evaluation.score.label"] == "fail").collect::<Vec<_>>();
    assert_eq!(wrong.len(), 2);
    assert_eq!(
        (&wrong[0]["gen_ai.evaluation.score.value"], &wrong[0]["jeton.run"], &wrong[0]["jeton.target"]),
        (&json!(0.0), &run["run"]["id"], &json!("fast"))
    );
    assert!(wrong[0]["gen_ai.response.id"].as_str().unwrap().starts_with("call-") && !wrong[0]["gen_ai.evaluation.explanation"].as_str().unwrap().is_empty());
    let collector = Upstream::start(|exchange| exchange.document(200, b"{}"));
    let told = project.run(&["eval", "show", "numbers", "--otel", &collector.url()]);
    assert_eq!((told.code, collector.count(), collector.last().target.as_str()), (0, 1, "/v1/logs"), "{told:?}");
    assert_eq!(records(&[collector.last().json()]), written, "the collector gets what the file gets");
    let down = Upstream::start(|exchange| exchange.document(503, b"no"));
    let told = project.run(&["eval", "gate", "numbers", "--at-least", "0.5", "--whole", "--otel", &down.url()]);
    assert_eq!(told.code, 3, "{told:?}");
    assert_has(&told.stdout, &["GATE: yes"]);
    assert_has(&told.stderr, &["it answered 503", "jeton eval show RUN --otel"]);
    assert_eq!(project.run(&["eval", "show", "numbers", "--otel", "nowhere/events.jsonl"]).code, 3);
}

/// The elements of an XML document, counted; every one is closed where it must be.
#[track_caller]
pub(crate) fn elements(xml: &str) -> HashMap<String, usize> {
    let (mut open, mut counts) = (Vec::new(), HashMap::new());
    for tag in xml.split('<').skip(1).filter(|tag| !tag.starts_with('?')) {
        let (inner, text) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag: {tag}"));
        assert!(!text.contains('&') || ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#"].iter().any(|entity| text.contains(entity)), "{text}");
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{xml}");
            continue;
        }
        let name = inner.split([' ', '/']).next().unwrap().to_owned();
        assert_eq!(inner.matches('"').count() % 2, 0, "{inner}");
        *counts.entry(name.clone()).or_insert(0) += 1;
        if !inner.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    counts
}

#[test]
fn a_comparison_says_better_worse_the_same_or_undecided() {
    let wrong: Arc<Mutex<usize>> = Arc::default();
    let shared = Arc::clone(&wrong);
    let upstream = Upstream::start(move |exchange| {
        let number = number(exchange);
        let is_wrong = exchange.request.json()["temperature"] == 1.0 && number < *shared.lock().unwrap();
        exchange.document(200, document(&if is_wrong { "who knows".to_owned() } else { format!("answer {number}") }))
    });
    let project = house(&upstream, 60, &format!("{TARGET}{HOT}"));
    for (broken, there, back) in [(30, 1, 0), (0, 0, 0), (3, 4, 4)] {
        *wrong.lock().unwrap() = broken;
        ended(&project.run(&["eval", "run", "numbers", "--json"]), 0);
        let compare = |baseline: &str, candidate: &str| project.run(&["eval", "compare", baseline, candidate, "--margin", "10pp", "--json"]);
        let (forth, to) = (compare("numbers:fast", "numbers:hot"), compare("numbers:hot", "numbers:fast"));
        assert_eq!((forth.code, to.code), (there, back), "{broken} broken: {forth:?}\n{to:?}");
        assert_eq!(forth.json()["comparison"]["broken"].as_array().map(Vec::len), Some(broken));
        assert_eq!(to.json()["comparison"]["fixed"].as_array().map(Vec::len), Some(broken));
    }
    assert_eq!(project.run(&["eval", "compare", "numbers", "numbers:hot"]).code, 2, "which target is meant is not said");
}
