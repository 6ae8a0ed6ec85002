//! What is wrong with a suite is told before a token is spent: all of it, with place and remedy, as text and as data.

use crate::common::{assert_has, project};
use jeton_testkit::{Output, Project, Upstream, fixtures};
use serde_json::{Value, json};

/// A project with a pack and a route, whose provider must not be asked.
fn house(upstream: &Upstream, suite: &str) -> Project {
    let project = project(upstream, "[packs.desk]\nkinds = [\"doc\"]\nbudget_tokens = 100\n\n[routes.careful]\ntry = [\"acme/fast\"]\n");
    put(&project, "evals/desk.toml", suite);
    project
}

fn put(project: &Project, path: &str, text: &str) {
    let path = project.dir().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn provider() -> Upstream {
    Upstream::document(fixtures::chat_document(5, 3))
}

/// The errors of a list of findings: code, line, message and remedy in one text each.
#[track_caller]
fn errors(findings: &Value) -> Vec<String> {
    let findings = findings.as_array().unwrap_or_else(|| panic!("no list: {findings}"));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_else(|| panic!("no {key}: {finding}")).to_owned();
    let is_error = |finding: &&Value| finding["severity"] == "error";
    let told = findings.iter().filter(is_error).map(|finding| {
        let place = &finding["place"];
        let at = format!("{}:{}", place["path"].as_str().unwrap(), place["first_line"]);
        format!("{} {at} {} | {}", text(finding, "code"), text(finding, "message"), text(finding, "remedy"))
    });
    told.collect()
}

const UNKNOWN: &str = r#"[[case]]
id = "a"
input = "How long?"
reference = "30 days"
[[case.grade]]
kind = "judge"
model = "acmee/fast"
rubric = "Is it right?"

[[grade]]
kind = "contains"
[[grade]]
kind = "any"
of = [{ kind = "judge", model = "twin/stedy", rubric = "Is it right?" }, { kind = "embedding-similarity", model = "local/extract" }]

[[target]]
name = "one"
model = "local/extrakt"
[[target]]
name = "two"
model = "acme/fast"
pack = "dask"
[[target]]
name = "three"
run = "run-20260101-000000000"
[[target]]
name = "four"
model = "careful"
"#;

#[track_caller]
fn has_all_unknown(findings: &Value) {
    let found = errors(findings);
    let expected = [
        ["unknown-model evals/desk.toml:1 ", "no provider is called `acmee`", "`acme/fast`"],
        ["unknown-model evals/desk.toml:14 ", "no model and no route `twin/stedy`", "`twin/steady`"],
        ["unknown-model evals/desk.toml:14 ", "`local/extract` is not served at /v1/embeddings", ""],
        ["unknown-model evals/desk.toml:18 ", "no model and no route `local/extrakt`", "Did you mean `local/extract`"],
        ["unknown-pack evals/desk.toml:22 ", "there is no pack `dask`", "Did you mean `desk`?"],
        ["unknown-run evals/desk.toml:25 ", "there is no run `run-20260101-000000000`", "jeton eval list"],
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for parts in expected {
        assert!(found.iter().any(|one| parts.iter().all(|part| one.contains(part))), "{parts:?} in {found:#?}");
    }
}

#[test]
fn names_that_mean_nothing_are_told_together_before_anything_is_called() {
    let upstream = provider();
    let project = house(&upstream, UNKNOWN);
    let checked = project.run(&["eval", "check", "desk", "--json"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    has_all_unknown(&checked.json()["findings"]);
    for verb in [vec!["run", "desk"], vec!["gate", "desk", "--target", "four", "--not-worse-than", "one"]] {
        let refused = project.run(&[&["eval"], verb.as_slice(), &["--json"]].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{refused:?}");
        let error = error_of(&refused);
        assert_eq!(error["code"], "suite", "{error}");
        assert!(error["message"].as_str().unwrap().contains("extrakt") && error["remedy"].as_str().unwrap().contains("nothing was spent"), "{error}");
        if verb[0] == "run" {
            has_all_unknown(&error["findings"]);
        }
    }
    let told = project.run(&["eval", "run", "desk"]);
    assert_has(&told.stderr, &["evals/desk.toml:1: ", "`acmee`", "evals/desk.toml:18: ", "Did you mean `local/extract`", "next: mend the suite"]);
    assert_eq!(upstream.count(), 0, "nothing was called");
}

fn error_of(output: &Output) -> Value {
    let line = output.stderr.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{output:?}"));
    serde_json::from_str::<Value>(line).unwrap()["error"].clone()
}

#[test]
fn what_is_not_tried_need_not_be_there_and_a_route_is_a_target() {
    let upstream = Upstream::document(fixtures::chat_document(5, 3));
    let suite = UNKNOWN
        .replace("acmee/fast", "acme/fast")
        .replace("twin/stedy", "acme/fast")
        .replace("{ kind = \"embedding-similarity\", model = \"local/extract\" }", "{ kind = \"refusal\" }");
    let project = house(&upstream, &suite);
    let ran = project.run(&["eval", "run", "desk", "--target", "four", "--no-selftest", "--json"]);
    assert_eq!((ran.json()["totals"]["targets"][0]["cells"].as_u64(), ran.json()["totals"]["targets"][0]["errors"].as_u64()), (Some(1), Some(0)), "{ran:?}");
    let asked = upstream.count();
    assert!(asked > 0, "the route's model was asked");
    let stranger = project.run(&["eval", "run", "desk", "--target", "acmee/fast"]);
    assert_eq!(stranger.code, 2, "{stranger:?}");
    assert_has(&stranger.stderr, &["--target: there is no model `acmee/fast`", "Did you mean `acme/fast`"]);
    assert_eq!(upstream.count(), asked, "nothing more was called");
}

#[test]
fn a_class_that_forbids_a_model_is_told_in_the_check() {
    let upstream = provider();
    let project = crate::common::project(&upstream, "[classes.\"support.refund\"]\nallow = { providers = [\"claudia\"] }\n");
    let suite = "class = \"support.refund\"\n[[case]]\ninput = \"?\"\nreference = \"!\"\n[[grade]]\nkind = \"contains\"\n[[target]]\nmodel = \"acme/fast\"\n";
    put(&project, "evals/desk.toml", suite);
    let checked = project.run(&["eval", "check"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    assert_has(
        &checked.stdout,
        &["evals/desk.toml:8: error [unknown-model] Class `support.refund` does not allow provider `acme`", "help: It allows: claudia", "1 error"],
    );
}

const SOUND: &str = "[[case]]\ninput = \"?\"\nreference = \"!\"\n[[grade]]\nkind = \"contains\"\n[[target]]\nmodel = \"acme/fast\"\n";

#[test]
fn two_files_with_one_name_are_both_named() {
    let upstream = provider();
    let project = house(&upstream, SOUND);
    assert_eq!(project.run(&["eval", "check"]).code, 0);
    put(&project, "evals/other.toml", &format!("name = \"desk\"\n{SOUND}"));
    put(&project, "evals/third.toml", &format!("name = \"renamed\"\n{SOUND}"));
    let checked = project.run(&["eval", "check", "--json"]);
    assert_eq!(checked.code, 1, "{checked:?}");
    let found = errors(&checked.json()["findings"]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|one| one.starts_with("duplicate-suite ") && one.contains("evals/desk.toml") && one.contains("evals/other.toml")), "{found:?}");
    for suite in ["desk", "evals/other.toml"] {
        let refused = project.run(&["eval", "run", suite]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_has(&refused.stderr, &["two suites are called `desk`", "another `name`"]);
    }
    assert_eq!(upstream.count(), 0);
    let listed = project.json(&["eval", "list"]);
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|one| one["suite"].as_str().unwrap()).collect();
    assert_eq!(names, ["desk", "desk", "renamed"], "a suite is listed by its name, not by its file's: {listed}");
    assert_has(&project.run(&["eval", "list"]).stderr, &["two suites are called `desk`: evals/desk.toml and evals/other.toml"]);
    assert_eq!(project.run(&["eval", "check", "renamed"]).code, 0, "a suite is found by its name");
}

#[test]
fn all_mistakes_of_a_suite_are_a_list_in_json() {
    let upstream = provider();
    let project = house(
        &upstream,
        "colour = 1\n[[case]]\nid = \"a\"\ninput = \"?\"\n[[grade]]\nkind = \"regex\"\npattern = \"(\"\n[[target]]\nmodel = \"acme/slo\"\nrepeats = 2\n",
    );
    let refused = project.run(&["eval", "run", "desk", "--json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let found = errors(&error_of(&refused)["findings"]);
    let codes: Vec<&str> = found.iter().map(|one| one.split(' ').next().unwrap()).collect();
    assert_eq!(codes, ["unknown-key", "bad-pattern", "unknown-key"], "{found:#?}");
}

#[test]
fn counts_of_nothing_are_no_counts() {
    let project = house(&provider(), SOUND);
    for (option, says) in
        [("--repeats", "a whole number from 1 on"), ("--concurrency", "a whole number from 1 to 10000"), ("--first", "a whole number from 1 on")]
    {
        let refused = project.run(&["eval", "run", "desk", option, "0"]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_has(&refused.stderr, &["invalid value '0'", option, says]);
    }
    assert_eq!(project.run(&["eval", "causes", "desk", "--repeats", "0"]).code, 2);
    assert_eq!(project.run(&["context", "value", "--suite", "desk", "--repeats", "0"]).code, 2);
}

/// A provider that answers `30 days`, and judges: by whether what it is shown as the answer has them, or always with pass.
fn judging(is_lenient: bool) -> Upstream {
    Upstream::start(move |exchange| {
        let asked = exchange.request.json()["messages"].to_string();
        let text = if asked.contains("RUBRIC") {
            // The reference is not shown, so the days stand in the answer alone.
            let verdict = if is_lenient || asked.contains("30 days") { "pass" } else { "fail" };
            json!({ "reason": "So.", "verdict": verdict }).to_string()
        } else {
            "30 days".to_owned()
        };
        let message = json!({ "role": "assistant", "content": text });
        let usage = json!({ "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150 });
        let document = json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "fast", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage });
        exchange.document(200, document.to_string())
    })
}

const JUDGED: &str = r#"[[case]]
id = "a"
input = "How long?"
reference = "30 days"
[[case]]
id = "b"
input = "Which one?"
reference = "the blue one"
[[grade]]
kind = "judge"
model = "acme/fast"
rubric = "RUBRIC: it is right."
samples = 3
[[grade]]
kind = "human"
weight = 0
[[target]]
name = "fast"
model = "acme/fast"
params = { max_tokens = 50 }
"#;

#[test]
fn a_judge_is_tested_before_targets_are_paid_and_the_report_says_so() {
    let upstream = judging(false);
    let project = house(&upstream, JUDGED);
    let checked = project.run(&["eval", "check", "desk"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert_has(&checked.stdout, &["suite desk can be read: 2 cases; the graders' self-test makes at most 3 calls of models"]);
    assert_eq!(upstream.count(), 0);
    let ran = project.run(&["eval", "run", "desk", "--budget", "1usd"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_has(&ran.stderr, &["judges and embeddings make at most 3 calls"]);
    assert_has(&ran.stdout, &["Graders tested: ", " 0 faults", "`judge` (3 calls for $0.0006); not tested: `human` (it decides nothing)"]);
    let bodies: Vec<String> = upstream.requests().iter().map(|sent| sent.json()["messages"].to_string()).collect();
    assert!(bodies[..3].iter().all(|body| body.contains("RUBRIC")) && bodies.len() == 3 + 2 + 6, "three probes, then two answers with three samples each");
    let by_tag = project.json(&["cost", "--by", "tag"]);
    let spent = |tag: &str| by_tag["rows"].as_array().unwrap().iter().find(|row| row["name"] == tag).map(|row| row["real"]["charged"].as_u64().unwrap());
    assert_eq!((spent("self-test"), spent("suite:desk")), (Some(600_000), Some(11 * 200_000)), "{by_tag}");
    let shown = project.json(&["eval", "show", "desk"]);
    let test = &shown["run"]["selftest"];
    assert_eq!((&test["tested"], &test["calls"], &test["cost"]), (&json!(["judge"]), &json!(3), &json!(600_000)), "{shown}");
    crate::common::verify(&project);
}

#[test]
fn a_judge_that_passes_anything_stops_the_run_before_targets_are_paid() {
    let upstream = judging(true);
    let project = house(&upstream, JUDGED);
    let refused = project.run(&["eval", "run", "desk"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_has(&refused.stderr, &["fail their own test, so nothing was run; the test cost $0.0006 for 3 calls", "an empty answer to `a` passes `judge`"]);
    assert_eq!(upstream.count(), 3, "no target was asked");
    let ran = project.run(&["eval", "run", "desk", "--no-selftest"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_has(&ran.stdout, &["The graders were not tested: --no-selftest."]);
    assert_eq!(upstream.count(), 3 + 8, "two answers with three samples each, and no probe");
    // A budget that does not do for the test does not do for the run.
    let poor = project.run(&["eval", "run", "desk", "--budget", "0.0000001usd"]);
    assert_eq!((poor.code, upstream.count()), (4, 11), "undecided: {poor:?}");
    assert_has(&poor.stderr, &["`judge` does not pass the reference of `a`: the judge gave no answer: "]);
}

#[test]
fn a_judge_that_is_down_is_no_answer_about_the_graders() {
    let upstream = Upstream::start(|exchange| exchange.document(503, "{}"));
    let project = house(&upstream, JUDGED);
    let refused = project.run(&["eval", "gate", "desk", "--at-least", "0.5"]);
    assert_eq!(refused.code, 3, "a gate does not say no for it: {refused:?}");
    assert_has(&refused.stderr, &["`judge` does not pass the reference of `a`", "the graders could not be tested (provider)", "--no-selftest"]);
}

#[test]
fn a_recorded_run_is_found_by_its_id_and_by_its_suite_and_its_targets_by_name() {
    let project = house(&judging(false), &JUDGED.replace("name = \"fast\"", "name = \"quick\""));
    let run = project.run(&["eval", "run", "desk", "--json"]).json()["run"]["id"].as_str().unwrap().to_owned();
    let again = |target: &str| format!("{}[[target]]\n{target}\n", JUDGED.split("[[target]]").next().unwrap());
    for (target, code) in
        [(format!("run = \"{run}\""), 0), ("run = \"desk\"\ntarget = \"quick\"".to_owned(), 0), ("run = \"desk\"\ntarget = \"quik\"".to_owned(), 1)]
    {
        put(&project, "evals/again.toml", &again(&target));
        let checked = project.run(&["eval", "check", "again"]);
        assert_eq!(checked.code, code, "{target}: {checked:?}");
        if code == 1 {
            assert_has(&checked.stdout, &["error [unknown-run] run-", "has no target `quik`", "Did you mean `quick`?"]);
        }
    }
}
