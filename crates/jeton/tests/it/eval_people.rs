//! `jeton eval` and what people and other programs bring: labels as verdicts, foreign text on the terminal, reasons, and imports.

use crate::common::{assert_has, project};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Output, Project, Upstream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What an answer says that wants the terminal for itself: clears it, sets its title, and turns the line.
const NASTY: &str = "\u{1b}[2J\u{1b}]0;mine\u{7}\u{9b}31m\u{202e}";

fn document(text: &str) -> Vec<u8> {
    let message = json!({ "role": "assistant", "content": text });
    let usage = json!({ "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150 });
    json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "fast", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }], "usage": usage })
        .to_string()
        .into_bytes()
}

fn asked(exchange: &Exchange<'_>) -> String {
    let body = exchange.request.json();
    body["messages"].as_array().and_then(|turns| turns.last()).and_then(|turn| turn["content"].as_str()).unwrap_or_default().to_owned()
}

/// A project with a suite of so many cases, whose provider says back what it is asked.
fn house(upstream: &Upstream, cases: usize, graders: &str) -> Project {
    let project = project(upstream, "");
    let lines: Vec<String> =
        (0..cases).map(|n| json!({ "id": format!("c{n}"), "input": format!("case {n}"), "reference": format!("case {n}") }).to_string()).collect();
    std::fs::create_dir_all(project.dir().join("evals")).unwrap();
    std::fs::write(project.dir().join("evals/kind.jsonl"), lines.join("\n")).unwrap();
    let suite =
        format!("name = \"kind\"\ncases = \"kind.jsonl\"\n[[target]]\nname = \"fast\"\nmodel = \"acme/fast\"\nparams = {{ max_tokens = 50 }}\n{graders}");
    std::fs::write(project.dir().join("evals/kind.toml"), suite).unwrap();
    project
}

const PERSON: &str = "[[grade]]\nname = \"kind\"\nkind = \"human\"\nquestion = \"Is it kind?\"\n";

#[track_caller]
fn ended(output: &Output, code: i32) -> Value {
    assert_eq!(output.code, code, "{output:?}");
    output.json()
}

/// Passed, failed, unscored, errors of the only target.
fn counts(document: &Value) -> [u64; 4] {
    let target = &document["totals"]["targets"][0];
    ["passed", "failed", "unscored", "errors"].map(|key| target[key].as_u64().unwrap_or_else(|| panic!("{document}")))
}

#[test]
fn labels_are_the_verdict_of_the_grader_that_asks_people() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document(&asked(exchange))));
    let project = house(&upstream, 20, &format!("[[grade]]\nkind = \"contains\"\n{PERSON}"));
    let run = ended(&project.run(&["eval", "run", "kind", "--json"]), 5);
    assert_eq!(counts(&run), [0, 0, 20, 0], "nobody has judged: nothing passes");
    let label = |by: &str, set: &[String]| {
        let set: Vec<&str> = set.iter().flat_map(|one| ["--set", one.as_str()]).collect();
        ended(&project.run(&[&["eval", "label", "kind", "--by", by, "--json"], set.as_slice()].concat()), 0)
    };
    label("ada", &(0..19).map(|n| format!("c{n}={}", if n < 2 { "fail" } else { "pass" })).collect::<Vec<_>>());
    assert_eq!(counts(&project.json(&["eval", "show", "kind"])), [17, 2, 1, 0], "what nobody has labelled stays unscored");
    label("bob", &["c0=pass".to_owned()]);
    let shown = project.json(&["eval", "show", "kind", "--outcome", "unscored"]);
    assert_eq!(counts(&shown), [17, 1, 2, 0], "who are divided give no verdict: {shown}");
    label("eve", &["c0=pass".to_owned()]);
    label("ada", &["c19=pass".to_owned()]);
    assert_eq!(counts(&project.json(&["eval", "show", "kind"])), [19, 1, 0, 0]);
    let case = project.run(&["eval", "show", "kind", "--case", "c1"]).stdout;
    assert_has(&case, &["c1 · fast · repeat 0 · failed", "Fail kind 0.00 judged by ada"]);
    assert_has(&project.run(&["eval", "show", "kind", "--case", "c0"]).stdout, &["Pass kind 1.00 2 of 3 people say pass"]);
    assert_has(&project.run(&["eval", "list", "--runs", "kind"]).stdout, &["95.0 ["]);
    let events = project.dir().join("events.jsonl");
    ended(&project.run(&["eval", "show", "kind", "--otel", events.to_str().unwrap(), "--json"]), 0);
    let events = std::fs::read_to_string(&events).unwrap();
    assert_eq!((events.matches("judged by ada").count(), events.matches("people say pass").count()), (19, 1), "a person's word is a result");
    // The same answers in a gate: asked for once, judged by what people said of them.
    let calls = upstream.count();
    let gate = ended(&project.run(&["eval", "gate", "kind", "--at-least", "0.7", "--whole", "--cache", "--json"]), 0);
    assert_eq!((counts(&gate), upstream.count()), ([19, 1, 0, 0], calls), "{gate}");
    let compared = project.run(&["eval", "compare", run["run"]["id"].as_str().unwrap(), "kind", "--margin", "20pp", "--json"]);
    let compared = ended(&compared, 0);
    assert_eq!((&compared["comparison"]["cases"], &compared["invalid"]), (&json!(20), &json!([])), "{compared}");
    // A label that comes later counts in that run, too.
    label("ada", &["c5=fail".to_owned()]);
    assert_eq!(counts(&project.json(&["eval", "show", "kind"])), [18, 2, 0, 0]);
}

/// The newest run of a suite of people's questions, made anew.
fn ran(project: &Project, more: &[&str]) -> [u64; 4] {
    counts(&project.run(&[&["eval", "run", "kind", "--no-selftest", "--json"], more].concat()).json())
}

fn label(project: &Project, by: &str, set: &str) {
    ended(&project.run(&["eval", "label", "kind", "--grader", "kind", "--by", by, "--set", set, "--json"]), 0);
}

#[test]
fn a_label_is_taken_over_only_where_question_input_and_answer_are_the_same() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("yes")));
    let project = house(&upstream, 2, PERSON);
    ended(&project.run(&["eval", "run", "kind", "--json"]), 5);
    label(&project, "ada", "c0=pass");
    label(&project, "ada", "c1=pass");
    assert_eq!(ran(&project, &[]), [2, 0, 0, 0], "the same answers to the same questions");
    let [suite, cases] = ["kind.toml", "kind.jsonl"].map(|name| project.dir().join("evals").join(name));
    let change = |file: &std::path::Path, from: &str, to: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(file, text.replace(from, to)).unwrap();
    };
    change(&suite, "Is it kind?", "Is it rude?");
    assert_eq!(ran(&project, &[]), [0, 0, 2, 0], "nobody was asked that");
    change(&suite, "Is it rude?", "Is it kind?");
    change(&cases, "\"input\":\"case 0\"", "\"input\":\"something else\"");
    assert_eq!(ran(&project, &[]), [1, 0, 1, 0], "nobody has judged the answer to that");
    change(&cases, "\"input\":\"something else\"", "\"input\":\"case 0\"");
    assert_eq!(ran(&project, &[]), [2, 0, 0, 0], "what was said still stands");
}

#[test]
fn labels_count_however_old_their_run_is() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("case 0")));
    let project = house(&upstream, 1, &format!("[[grade]]\nkind = \"contains\"\n{PERSON}"));
    ended(&project.run(&["eval", "run", "kind", "--json"]), 5);
    label(&project, "ada", "c0=fail");
    ended(&project.run(&["eval", "label", "kind", "--grader", "contains", "--by", "ada", "--set", "c0=pass", "--json"]), 0);
    for _ in 0..20 {
        assert_eq!(ran(&project, &["--cache"]), [0, 1, 0, 0]);
    }
    assert_eq!(ran(&project, &["--cache"]), [0, 1, 0, 0], "the labelled run is the 22nd");
    let calibrated = project.json(&["eval", "show", "kind", "--calibrate"])["calibrated"][0].clone();
    assert_eq!((&calibrated["grader"], &calibrated["labelled"]), (&json!("contains"), &json!(1)), "{calibrated}");
}

#[test]
fn votes_on_identical_answers_are_pooled_and_the_last_word_of_each_person_counts() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("yes")));
    let project = house(&upstream, 1, PERSON);
    ended(&project.run(&["eval", "run", "kind", "--repeats", "3", "--json"]), 5);
    label(&project, "ada", "c0/fast/0=fail");
    label(&project, "bob", "c0/fast/1=pass");
    label(&project, "eve", "c0/fast/2=pass");
    assert_eq!(ran(&project, &["--repeats", "3"]), [3, 0, 0, 0], "two of three people say pass");
    label(&project, "bob", "c0/fast/0=fail");
    assert_eq!(ran(&project, &["--repeats", "3"]), [0, 3, 0, 0], "bob has changed his mind in the later run");
    label(&project, "dan", "c0/fast/1=pass");
    assert_eq!(ran(&project, &["--repeats", "3"]), [0, 0, 3, 0], "two against two is no verdict");
}

/// What would steer a terminal.
fn steers(text: &str) -> Vec<char> {
    text.chars().filter(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(c)).collect()
}

#[test]
fn what_models_and_providers_say_steers_no_terminal() {
    let upstream = Upstream::start(|exchange| {
        let text = asked(exchange);
        if text == "case 0" {
            let refused = json!({ "error": { "message": format!("no {NASTY}"), "type": "invalid_request_error", "code": format!("c{NASTY}") } });
            return exchange.document(400, refused.to_string().as_bytes());
        }
        exchange.document(200, document(&format!("{text}{NASTY}")))
    });
    let project = house(&upstream, 4, "[[grade]]\nkind = \"exact\"\n");
    ended(&project.run(&["eval", "run", "kind", "--json"]), 5);
    let check = |args: &[&str], says: &str| {
        let told = project.run(args);
        let all = format!("{}{}", told.stdout, told.stderr);
        assert_eq!(steers(&all), [], "{args:?}: {all:?}");
        assert!(all.contains(says), "{args:?}: {all}");
        told
    };
    check(&["eval", "show", "kind", "--case", "c0"], "The provider answered 400");
    check(&["eval", "show", "kind", "--case", "c0", "--json"], "The provider answered 400");
    check(&["eval", "show", "kind", "--case", "c1"], "case 1\u{fffd}[2J\u{fffd}]0;mine\u{fffd}\u{fffd}31m\u{fffd}");
    let told = check(&["eval", "show", "kind", "--case", "c1", "--json"], "\\u009b31m\\u202e").json();
    assert_eq!(told[0]["answer"]["text"], format!("case 1{NASTY}"), "as data it is whole");
    check(&["eval", "show", "kind", "--outcome", "failed"], "c1");
    check(&["eval", "show", "kind", "--outcome", "error"], "c0");
    check(&["eval", "causes", "kind", "--no-experiments"], "c1");
    check(&["eval", "compare", "kind", "kind"], "VERDICT");
    check(&["eval", "label", "kind", "--grader", "exact", "--list"], "c1");
}

#[test]
fn what_stopped_a_run_and_what_graders_are_called_steer_no_terminal() {
    let is_down = Arc::new(AtomicBool::new(false));
    let upstream = Upstream::start({
        let is_down = Arc::clone(&is_down);
        move |exchange| {
            if is_down.load(Ordering::SeqCst) {
                let refused = json!({ "error": { "message": format!("no {NASTY}"), "type": "authentication_error", "code": "invalid_api_key" } });
                return exchange.document(401, refused.to_string().as_bytes());
            }
            exchange.document(200, document(&asked(exchange)))
        }
    });
    let name = "g\\u001b[2J\\u009b31m";
    let project = house(&upstream, 40, &format!("[[grade]]\nname = \"{name}\"\nkind = \"exact\"\n"));
    ended(&project.run(&["eval", "run", "kind", "--json"]), 0);
    let check = |args: &[&str], says: &[&str]| {
        let told = project.run(args);
        let all = format!("{}{}", told.stdout, told.stderr);
        assert_eq!(steers(&all), [], "{args:?}: {all:?}");
        says.iter().for_each(|say| assert!(all.contains(say), "{args:?}: {all}"));
    };
    let grader = "g\u{1b}[2J\u{9b}31m";
    check(&["eval", "label", "kind", "--grader", grader, "--by", "ada\u{1b}[2J", "--set", "c1=pass"], &["1 labelled by ada\u{fffd}[2J"]);
    check(&["eval", "show", "kind", "--calibrate"], &["Graders tested: ", "`g\u{fffd}[2J\u{fffd}31m`", "g\u{fffd}[2J\u{fffd}31m: 1 labels by 1 people"]);
    check(&["eval", "show", "kind", "--case", "c1"], &["Pass g\u{fffd}[2J\u{fffd}31m"]);
    is_down.store(true, Ordering::SeqCst);
    check(&["eval", "run", "kind"], &["nothing was answered any more"]);
    let stopped = "nothing was answered any more: The provider answered 401";
    check(&["eval", "compare", "kind", "kind"], &["does not count", stopped, "VERDICT"]);
    check(&["eval", "size", "kind", "--detect", "5pp"], &["does not count", stopped]);
    check(&["eval", "gate", "kind", "--not-worse-than", "kind:fast"], &["does not count", stopped]);
}

#[test]
fn causes_say_why_nothing_was_established() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("who knows")));
    let project = house(&upstream, 5, "[[grade]]\nkind = \"contains\"\n");
    ended(&project.run(&["eval", "run", "kind", "--json"]), 0);
    let calls = upstream.count();
    let told = project.run(&["eval", "causes", "kind", "--no-experiments"]);
    assert_eq!((told.code, upstream.count()), (0, calls), "{told:?}");
    assert_has(&told.stderr, &["5 of 5 cells did not pass; no experiment is made"]);
    assert_has(&told.stdout, &["no experiment was asked for", "No experiment was made, as --no-experiments asks"]);
    for untrue in ["bound", "control", "examined", "--calls", "eval show"] {
        assert!(!told.stdout.contains(untrue), "{untrue}: {}", told.stdout);
    }
    let free = project.json(&["eval", "causes", "kind", "--no-experiments"]);
    assert!(free["experiments"].is_null() && free["report"]["is_cut"] == false, "{free}");
    assert_eq!(project.json(&["eval", "list", "--runs", "kind#causes"]), json!([]), "no run of experiments is begun");
    // A bound that is reached is said to be one.
    let bounded = project.run(&["eval", "causes", "kind", "--no-gap", "--calls", "3", "--repeats", "3"]);
    assert_has(&bounded.stdout, &["the bound of 3 calls was reached before it was examined", "--calls raises it"]);
    assert_eq!(upstream.count(), calls + 3);
    // And experiments that a person would have to judge say that.
    let people = house(&upstream, 3, PERSON);
    ended(&people.run(&["eval", "run", "kind", "--json"]), 5);
    ended(&people.run(&["eval", "label", "kind", "--set", "c1=fail", "--by", "ada", "--json"]), 0);
    let told = people.json(&["eval", "causes", "kind", "--case", "c1", "--no-gap"]);
    let label = &told["report"]["labels"][0];
    assert_eq!(label["case"], "c1", "{told}");
}

#[test]
fn a_call_becomes_a_case_without_its_secrets() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("yes")));
    let project = project(&upstream, "");
    let server = project.start();
    let reply = server.post("/v1/chat/completions", br#"{"model":"acme/fast","messages":[{"role":"user","content":"hello"}]}"#);
    let call = reply.call();
    assert_eq!(server.record(&call)["status"], "ok");
    // In pieces, so that this file holds no secret itself.
    let asked = ["Log in with pass", "word=hunter2, sec", "ret: s3same and api", "_key=abc1.\nAuthor", "ization: Basic dTpwdw==\nHow?"].concat();
    std::fs::write(project.dir().join("asked.txt"), &asked).unwrap();
    let input = project.dir().join("asked.txt");
    let told = project.run(&["eval", "import", "--call", &call, "--input", input.to_str().unwrap(), "--write", "--json"]);
    let told = ended(&told, 0);
    assert_eq!(told["masked"], 4, "{told}");
    let written = std::fs::read_to_string(project.dir().join(told["cases"].as_str().unwrap())).unwrap();
    for secret in ["hunter2", "s3same", "abc1", "dTpwdw"] {
        assert!(!written.contains(secret), "{secret}: {written}");
    }
    assert_has(&written, &["Log in with", "[masked password]", "[masked secret]", "[masked api-key]", "[masked authorization]", "How?"]);
}

#[test]
fn imports_tell_rows_of_wrong_types_and_broken_archives() {
    let upstream = Upstream::start(|exchange| exchange.document(200, document("yes")));
    let project = project(&upstream, "");
    let check = |name: &str, bytes: &[u8], code: i32, says: &[&str]| {
        std::fs::write(project.dir().join(name), bytes).unwrap();
        let told = project.run(&["eval", "import", name]);
        assert_eq!(told.code, code, "{name}: {told:?}");
        let all = format!("{}{}", told.stdout, told.stderr);
        says.iter().for_each(|say| assert!(all.contains(say), "{name} does not say {say}: {all}"));
    };
    let mixed = b"{\"input\": \"a\", \"target\": \"x\"}\n{\"input\": 7, \"target\": \"y\"}\n{\"input\": \"c\", \"target\": {\"z\": 1}}\n{\"input\": \"d\", \"target\": [\"z\"]}\n";
    let says = ["mixed-types mixed.jsonl:2: row 2, column `input`: it has a number", "mixed-types mixed.jsonl:3: row 3, column `target`: it has an object"];
    check("mixed.jsonl", mixed, 0, &says);
    check("bool.jsonl", b"{\"input\": true, \"target\": \"x\"}\n", 2, &["bool.jsonl:1", "`input` is not a text"]);
    check("vars.jsonl", b"{\"input\": \"a\", \"target\": \"x\", \"vars\": 5}\n", 2, &["vars.jsonl:1", "`vars` is not a table"]);
    check("weight.csv", b"input,reference,weight\na,b,heavy\n", 2, &["weight.csv:2", "`weight` is not a number"]);
    check("tests.json", b"[{\"vars\": {\"a\": 1}, \"assert\": []}, 7, {\"vars\": 3}]", 2, &["the test is not an object", "`vars` is not a table"]);
    let hosted = br#"{"testing_criteria": [{"type": "string_check", "name": "s", "input": "{{sample.output_text}}", "reference": "x", "operation": "eq"}],
 "data_source": {"source": {"content": [{"item": {"input": "q", "ideal": "x"}}, 5]}}}"#;
    check("hosted.json", hosted, 2, &["hosted.json:2", "row 2 is no JSON object"]);
    let mut random = jeton_core::SeededRandom::new(8);
    let noise: Vec<u8> = (0..2_000).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
    let says = ["noise.eval", "the archive cannot be read", "no zip archive", "inspect log convert --to json"];
    check("noise.eval", &noise, 2, &says);
    check("empty.eval", b"", 2, &["the archive cannot be read"]);
    check("text.eval", b"not an archive", 2, &["the archive cannot be read"]);
}

/// Calls of the class `support`, each with so many tokens as its words say.
fn live_calls(project: &Project, n: usize, tokens: u64) {
    let server = project.start();
    let mut connection = server.connect();
    for _ in 0..n {
        let body = json!({ "model": "acme/fast", "messages": [{ "role": "user", "content": format!("tokens {tokens}") }] });
        let reply = connection.ask(&Request::post("/c/support/v1/chat/completions", body.to_string()));
        assert_eq!(reply.status(), 200, "{}", reply.text());
    }
}

#[test]
fn labels_from_before_a_change_of_the_traffic_no_longer_correct_a_judge() {
    let upstream = Upstream::start(|exchange| {
        let text = asked(exchange);
        let tokens = text.strip_prefix("tokens ").map_or(100, |tokens| tokens.parse::<u64>().unwrap());
        let answer = String::from_utf8(document(&text)).unwrap().replace("\"prompt_tokens\":100", &format!("\"prompt_tokens\":{tokens}"));
        exchange.document(200, answer.replace("\"total_tokens\":150", &format!("\"total_tokens\":{}", tokens + 50)).as_bytes())
    });
    let project = house(&upstream, 12, "[[grade]]\nkind = \"contains\"\n");
    let suite = project.dir().join("evals/kind.toml");
    std::fs::write(&suite, format!("class = \"support\"\n{}", std::fs::read_to_string(&suite).unwrap())).unwrap();
    ended(&project.run(&["eval", "run", "kind", "--json"]), 0);
    let label = || {
        let set: Vec<String> = (0..6).flat_map(|n| ["--set".to_owned(), format!("c{n}={}", if n == 0 { "fail" } else { "pass" })]).collect();
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        ended(&project.run(&[&["eval", "label", "kind", "--grader", "contains", "--by", "ada", "--json"], set.as_slice()].concat()), 0);
    };
    let calibrated = || project.json(&["eval", "show", "kind", "--calibrate"])["calibrated"][0].clone();
    live_calls(&project, 230, 100);
    label();
    let before = calibrated();
    assert_eq!((&before["labelled"], &before["withdrawn"]), (&json!(6), &json!([])), "{before}");
    assert!(before["corrected"]["value"].as_f64().unwrap() < 1.0, "{before}");
    live_calls(&project, 40, 900);
    let after = calibrated();
    assert_eq!((&after["labelled"], after["corrected"].is_null(), &after["withdrawn"][0][1]), (&json!(0), true, &json!(6)), "{after}");
    let why = after["withdrawn"][0][0].as_str().unwrap();
    assert_has(why, &["the traffic of the class has changed since", "inputs of more than 100 tokens make up"]);
    assert_has(&project.run(&["eval", "show", "kind", "--calibrate"]).stdout, &["6 labels are withdrawn: the traffic of the class has changed"]);
    label();
    assert_eq!(calibrated()["labelled"], 6, "labels of now count again");
}
