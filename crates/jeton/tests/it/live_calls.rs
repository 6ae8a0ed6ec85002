//! Live calls that suites judge, through the real binary: which are judged, what is kept, who pays, and when it alarms.

use crate::common::{BINARY, CHAT, MESSAGES, RESPONSES, verify};
use jeton_core::{Clock, SystemClock, Timestamp};
use jeton_ledger::sqlite::SqliteStore;
use jeton_ledger::{Note, Runs};
use jeton_testkit::{Project, Server, Upstream, holds_eventually};
use serde_json::{Value, json};

const CONFIG: &str = "[providers.sim]\napi = \"twin\"\nmodels = [\"plain\"]\n";

/// A suite of class `desk` that judges this share of its live calls by `graders`.
fn suite(project: &Project, watch: &str, graders: &str) {
    let dir = project.dir().join("evals");
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("class = \"desk\"\n\n[[case]]\nid = \"one\"\ninput = \"Hi\"\nreference = \"x\"\n\n{graders}\n[watch]\n{watch}\n");
    std::fs::write(dir.join("desk.toml"), text).unwrap();
}

const LENGTH: &str = "[[grade]]\nkind = \"length\"\nat_least = 1\n\n[[grade]]\nkind = \"exact\"\nreferenced = true\n";

fn started(project: &Project) -> Server {
    let server = project.start();
    holds_eventually("the suite is read", || server.said().contains("live calls are judged"));
    server
}

fn live(project: &Project) -> Value {
    project.json(&["eval", "live", "desk"])[0]["live"].clone()
}

/// Asks in each dialect, streamed and not; gives the calls' ids.
fn ask_all(server: &Server) -> Vec<String> {
    let mut calls = Vec::new();
    for stream in [false, true] {
        let chat = json!({ "model": "sim/plain", "stream": stream, "messages": [{ "role": "user", "content": "Hi" }] });
        let responses = json!({ "model": "sim/plain", "stream": stream, "input": "Hi" });
        let messages = json!({ "model": "sim/plain", "stream": stream, "max_tokens": 50, "messages": [{ "role": "user", "content": "Hi" }] });
        for (path, body) in [(CHAT, chat), (RESPONSES, responses), (MESSAGES, messages)] {
            let reply = server.post(&format!("/c/desk{path}"), body.to_string());
            assert_eq!(reply.status(), 200, "{}", reply.text());
            calls.push(reply.call());
        }
    }
    calls
}

#[test]
fn calls_of_every_dialect_are_judged_and_their_words_are_nowhere_kept() {
    let project = Project::with(BINARY, CONFIG);
    suite(&project, "sample = 1.0", LENGTH);
    let server = started(&project);
    let calls = ask_all(&server);
    assert_eq!(server.post(CHAT, r#"{"model":"sim/plain","messages":[{"role":"user","content":"Hi"}]}"#).status(), 200, "of no class");
    assert_eq!(server.post("/c/desk/v1/chat/completions", r#"{"model":"sim/none","messages":[]}"#).status(), 404);
    holds_eventually("all are judged", || live(&project)["executed"] == 7);
    let found = live(&project);
    assert_eq!((found["scored"].as_u64(), found["pass_rate"][0].as_f64()), (Some(6), Some(1.0)), "{found}");
    assert_eq!(found["failures"], json!([["error:model_not_found", 1]]));
    let liked = server.post(&format!("/api/calls/{}/feedback", calls[0]), r#"{"verdict":"good","score":0.8}"#);
    assert!((200..300).contains(&liked.status()), "{}", liked.text());
    assert_eq!(live(&project)["feedback"], json!([1, 0.8]));
    let notes = project.run(&["ledger", "export", "--table", "notes"]).stdout;
    assert!(notes.contains("\"live\"") && !notes.contains("Hi"), "{notes}");
    let shown = project.run(&["eval", "live"]).stdout;
    assert!(shown.contains("pass rate   100.0 %") && shown.contains("feedback    0.80"), "{shown}");
    verify(&project);
}

#[test]
fn the_sample_is_drawn_by_the_calls_ids_and_survives_a_kill() {
    let project = Project::with(BINARY, CONFIG);
    suite(&project, "sample = 0.5", LENGTH);
    let server = started(&project);
    let calls: Vec<String> = (0..5).flat_map(|_| ask_all(&server)).collect();
    let drawn = |call: &String| jeton_eval_sampled(call, 0.5);
    let wanted: Vec<&String> = calls.iter().filter(|call| drawn(call)).collect();
    assert!(!wanted.is_empty() && wanted.len() < calls.len(), "{} of {}", wanted.len(), calls.len());
    holds_eventually("the sample is judged", || live(&project)["executed"] == wanted.len());
    server.kill();
    assert_eq!(live(&project)["executed"], wanted.len(), "nothing recorded is lost");
    let notes = project.run(&["ledger", "export", "--table", "notes"]).stdout;
    for call in &calls {
        assert_eq!(notes.contains(call.as_str()), drawn(call), "{call}");
    }
}

/// The draw as any other replica would make it.
fn jeton_eval_sampled(call: &str, share: f64) -> bool {
    jeton_eval::live::is_sampled(call.parse().unwrap(), share)
}

#[test]
fn a_judge_that_costs_stops_at_the_days_budget_and_does_not_run_without_one() {
    let judge = "[[grade]]\nkind = \"judge\"\nmodel = \"sim/plain\"\nrubric = \"Is it kind?\"\nweight = 0\n\n[[grade]]\nkind = \"length\"\nat_least = 1\n";
    let config = format!("{CONFIG}\n[models.\"sim/plain\"]\nprice = {{ input = 10.0, output = 10.0 }}\n");
    for (watch, is_paid) in [("sample = 1.0", false), ("sample = 1.0\nbudget_usd_per_day = 0.4", true)] {
        let project = Project::with(BINARY, &config);
        suite(&project, watch, judge);
        let server = started(&project);
        let calls = ask_all(&server).len();
        holds_eventually("all are judged", || live(&project)["executed"] == calls);
        let by_tag = project.json(&["cost", "--by", "tag"]);
        let spent = by_tag["rows"].as_array().unwrap().iter().find(|row| row["name"] == "suite:desk");
        assert_eq!(spent.is_some(), is_paid, "{by_tag}");
        if let Some(spent) = spent {
            let charged = spent["simulated"]["charged"].as_u64().unwrap();
            assert!(charged > 0 && charged <= 400_000_000, "{spent}");
        }
        verify(&project);
    }
}

#[test]
fn failing_answers_raise_an_alarm_that_is_posted_and_stands_in_the_ledger() {
    let hook = Upstream::document("{}");
    let project = Project::with(BINARY, CONFIG);
    let watch = format!("sample = 1.0\nfalse_alarm_every = 20\nwebhook = \"{}/hook\"", hook.url());
    suite(&project, &watch, LENGTH);
    let server = started(&project);
    let ask = |model: &str| server.post("/c/desk/v1/chat/completions", format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"Hi"}}]}}"#));
    for _ in 0..201 {
        assert_eq!(ask("sim/plain").status(), 200);
    }
    holds_eventually("the baseline is judged", || live(&project)["executed"] == 201);
    for _ in 0..60 {
        assert_eq!(ask("sim/none").status(), 404);
    }
    holds_eventually("the alarm is posted", || hook.requests().iter().any(|sent| sent.json()["alarm"]["kind"] == "failures"));
    let posted = hook.requests().iter().find(|sent| sent.json()["alarm"]["kind"] == "failures").unwrap().json();
    assert!(posted["text"].as_str().unwrap().contains("error:model_not_found"), "{posted}");
    let told = project.json(&["eval", "live", "desk"]);
    assert!(told[0]["alarms"].as_array().unwrap().iter().any(|alarm| alarm["kind"] == "failures"), "{told}");
}

/// Puts a note of the suite `desk` into the ledger that was written so many minutes ago.
fn note(project: &Project, kind: &str, minutes_ago: i64, json: &Value) {
    verify(project);
    let store = SqliteStore::open(&project.dir().join(".jeton/ledger.db")).unwrap();
    let at = Timestamp(SystemClock.now().0 - minutes_ago * 60_000);
    store.add_note(&Note { kind: kind.to_owned(), subject: "desk".to_owned(), at, json: json.to_string() }).unwrap();
}

/// The alarms of silence of what `eval live` tells.
fn silences(project: &Project) -> usize {
    let told = project.json(&["eval", "live", "desk"]);
    told[0]["alarms"].as_array().unwrap().iter().filter(|alarm| alarm["kind"] == "silence").count()
}

#[test]
fn a_suite_that_can_no_longer_be_read_is_missed_by_its_calls_and_alarms() {
    let hook = Upstream::document("{}");
    let project = Project::with(BINARY, CONFIG);
    let watch = format!("sample = 1.0\nsilent_minutes = 90\nwebhook = \"{}/hook\"", hook.url());
    suite(&project, &watch, LENGTH);
    suite(&project, &watch, "[[grade]]\nkind = \"lenght\"\n");
    let server = project.start();
    holds_eventually("the file is seen", || server.said().contains("a suite cannot be read, and judges no live calls"));
    ask_all(&server);
    holds_eventually("its calls are expected all the same", || live(&project)["expected"].as_u64() > Some(0));
    let found = live(&project);
    assert_eq!((&found["executed"], &found["expected"], hook.count()), (&json!(0), &found["dropped"], 0), "{found}");
    // Two hours after calls that nobody judged.
    let other = Project::with(BINARY, CONFIG);
    suite(&other, &watch, "[[grade]]\nkind = \"lenght\"\n");
    note(&other, "live-heartbeat", 120, &json!({ "expected": 3, "executed": 0, "scored": 0, "dropped": 3 }));
    let server = other.start();
    holds_eventually("the alarm is posted", || hook.count() == 1);
    let posted = hook.last().json();
    assert_eq!(posted["alarm"]["kind"], "silence", "{posted}");
    assert!(posted["text"].as_str().unwrap().contains("none of 3 live calls that were to be judged was scored for 120 minutes"), "{posted}");
    assert_eq!(silences(&other), 1);
    let page = server.get("/evals").text();
    assert!(page.contains("none of 3 live calls"), "the page tells it: {page}");
}

#[test]
fn a_schedule_whose_suite_cannot_be_parsed_any_more_falls_silent() {
    let project = Project::with(BINARY, CONFIG);
    suite(&project, "every_minutes = 60", "[[grade]]\nkind = \"length\"\nat_least = 1\n");
    note(&project, "heartbeat", 180, &json!({ "run": "run-1", "due": 0, "expected": 1, "executed": 1, "scored": 1 }));
    std::fs::write(project.dir().join("evals/desk.toml"), "class = [").unwrap();
    let looked = project.run(&["eval", "watch", "--once", "--json"]);
    assert_eq!(looked.code, 1, "an alarm: {looked:?}");
    assert_eq!(looked.json()["alarms"][0]["kind"], "silence", "{looked:?}");
    assert!(looked.stderr.contains("the file is no TOML"), "{looked:?}");
    let again = project.run(&["eval", "watch", "--once"]);
    assert_eq!(again.code, 0, "it is told once: {again:?}");
}

#[test]
fn a_suite_without_targets_runs_with_a_model_that_is_named() {
    let project = Project::with(BINARY, CONFIG);
    suite(&project, "silent_minutes = 60", "[[grade]]\nkind = \"length\"\nat_least = 1\n");
    let none = project.run(&["eval", "run", "desk"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("does not say what is tried") && none.stderr.contains("--target provider/name"), "{none:?}");
    let unknown = project.run(&["eval", "run", "desk", "--target", "nope"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("`nope` is no model by its full name"), "{unknown:?}");
    let run = project.json(&["eval", "run", "desk", "--target", "sim/plain"]);
    assert_eq!(run["totals"]["targets"][0]["passed"], 1, "{run}");
    verify(&project);
}

#[test]
fn the_watch_runs_what_is_due_once_and_stays_within_the_days_budget() {
    let project = Project::with(BINARY, CONFIG);
    let graders = "[[grade]]\nkind = \"length\"\nat_least = 1\n\n[[target]]\nmodel = \"sim/plain\"\n";
    suite(&project, "every_minutes = 60\nbudget_usd_per_day = 0.000001", graders);
    let first = project.run(&["eval", "watch", "--once"]);
    assert_eq!(first.code, 0, "{first:?}");
    let beats = project.run(&["ledger", "export", "--table", "notes"]).stdout;
    assert!(beats.contains("heartbeat"), "{beats}");
    let runs = project.json(&["eval", "list", "--runs", "desk"]).to_string();
    assert!(runs.contains("\"run-2") && !runs.contains("eval:"), "a run has a run's id: {runs}");
    verify(&project);
    let cost = project.json(&["cost", "--by", "tag"]);
    let charged: u64 =
        cost["rows"].as_array().unwrap().iter().filter(|row| row["name"] == "suite:desk").map(|row| row["simulated"]["charged"].as_u64().unwrap()).sum();
    assert!(charged <= 1_000, "a thousandth of a cent was the wall: {cost}");
}
