//! `context.embeddings`: a model takes part in ranking, in commands and in packs that a server attaches; every call of it is in the ledger,
//! and without it the context is served all the same.

use crate::common::{BINARY, CHAT, assert_has, decisions};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Project, Upstream, eventually, fixtures, holds_eventually};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const DOCS: [(&str, &str); 3] = [
    ("docs/returns.md", "# Returns\n\nA refund is paid within 30 days.\n"),
    ("docs/post.md", "# Post\n\nEach parcel has a label.\n"),
    ("src/post.rs", "pub fn parcel() {}\n"),
];

fn project(config: &str) -> Project {
    let project = Project::with(BINARY, config);
    for (path, text) in DOCS {
        let path = project.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    project
}

fn embeddings(model: &str) -> String {
    format!("[context]\nembeddings = \"{model}\"\n")
}

/// Calls of the class, as the ledger has them.
fn embedded(project: &Project) -> Vec<Value> {
    project.json(&["call", "list", "--class", "jeton.context"]).as_array().unwrap().clone()
}

const COMPILE: [&str; 4] = ["context", "compile", "how long does a refund take", "--manifest"];

#[test]
fn a_command_embeds_what_is_new_once_and_the_task_each_time() {
    let project = project(&embeddings("twin/steady"));
    let first = project.run(&COMPILE);
    assert_eq!(first.code, 0, "{first:?}");
    assert_has(&first.stderr, &["note: 3 texts embedded by twin/steady in 1 call\n"]);
    let manifest = first.json();
    assert_eq!((manifest["embeddings"].as_str(), &manifest["notes"]), (Some("twin/steady"), &Value::Null));
    assert_has(&first.stdout, &["means the like (1st of 2)"]);
    let calls = embedded(&project);
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call["status"] == "ok" && call["simulated"] == true), "{calls:?}");
    let second = project.run(&COMPILE);
    assert_eq!((second.json(), second.stderr.as_str(), embedded(&project).len()), (manifest, "", 3));
    // Search and explanation ask too, and what changes is embedded anew, alone.
    std::fs::write(project.dir().join("docs/post.md"), "# Post\n\nEach shipment has a label.\n").unwrap();
    let explained = project.run(&["context", "explain", "how long does a refund take"]);
    assert_has(&explained.stderr, &["note: 1 text embedded by twin/steady in 1 call\n"]);
    assert_has(&explained.stdout, &["means the like"]);
    assert_has(&project.run(&["context", "search", "refund"]).stdout, &["means the like (1st of 2)"]);
    assert_eq!(project.run(&["ledger", "verify"]).code, 0);
}

#[test]
fn a_model_that_fails_is_told_of_and_the_context_is_that_of_words_alone() {
    let plain = project("").run(&COMPILE).json();
    let project = project(&embeddings("twin/broken"));
    let output = project.run(&COMPILE);
    assert_eq!(output.code, 0, "{output:?}");
    let manifest = output.json();
    assert_eq!((&manifest["digest"], &manifest["spans"], &manifest["embeddings"]), (&plain["digest"], &plain["spans"], &Value::Null));
    let note = "ranked by words alone, without the embeddings of twin/broken: ";
    assert!(manifest["notes"][0].as_str().unwrap().starts_with(note), "{manifest}");
    assert_has(&output.stderr, &[note]);
    assert_has(&project.run(&["context", "search", "refund"]).stderr, &[note]);
}

/// Texts about money point in one direction, all others in another.
fn meaning(exchange: &mut Exchange) -> io::Result<()> {
    if exchange.request.target != "/v1/embeddings" {
        return exchange.document(200, fixtures::chat_document(5, 3));
    }
    let request = exchange.request.json();
    let is_money = |text: &str| ["refund", "cash"].iter().any(|word| text.contains(word));
    let vector = |text: &Value| if is_money(text.as_str().unwrap()) { json!([1.0, 0.1]) } else { json!([0.1, 1.0]) };
    let data = request["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = data.map(|(index, text)| json!({ "object": "embedding", "index": index, "embedding": vector(text) })).collect();
    let answer = json!({ "object": "list", "data": data, "model": "small", "usage": { "prompt_tokens": 7, "total_tokens": 7 } });
    exchange.document(200, answer.to_string())
}

fn served(upstream: &Upstream) -> Project {
    let providers = format!("[providers.acme]\napi = \"openai\"\nbase_url = \"{}/v1\"\nprices = \"free\"\n[packs.shop]\nkinds = [\"doc\"]\n", upstream.url());
    project(&format!("{providers}{}", embeddings("acme/small")))
}

fn ask(key: &str) -> Request {
    let body = r#"{"model":"acme/fast","messages":[{"role":"user","content":"When does somebody get cash?"}]}"#;
    Request::post(CHAT, body).header("authorization", &format!("Bearer {key}")).header("jeton-context", "shop")
}

#[test]
fn a_server_embeds_in_the_background_without_a_key_and_attaches_what_means_the_like() {
    let upstream = Upstream::start(meaning);
    let project = served(&upstream);
    let key = project.key(&["create", "ci"]);
    let server = project.start();
    holds_eventually("the context is embedded", || server.said().contains("texts of the project's context were embedded"));
    let reply = server.ask(&ask(&key));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = upstream.last().text();
    assert!(sent.contains("A refund is paid within 30 days") && !sent.contains("parcel"), "{sent}");
    let record = eventually("the receipt", || project.run(&["call", "show", &reply.call(), "--json"]).json().get("record").cloned());
    assert_has(&decisions(&record), &["attach: the embeddings of acme/small took part in ranking the context"]);
    // What changes is embedded without being asked for; a command meanwhile goes through the server, with a key.
    std::fs::write(project.dir().join("docs/cash.md"), "# Till\n\nWhat is in it at night.\n").unwrap();
    let count = || upstream.requests().iter().filter(|request| request.target == "/v1/embeddings").count();
    holds_eventually("the change is embedded", || upstream.requests().iter().any(|request| request.text().contains("What is in it at night")));
    let before = count();
    let mut command = project.command(&COMPILE);
    let output = command.env("JETON_KEY", &key).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["embeddings"], "acme/small", "{output:?}");
    assert!(count() > before);
    assert_has(&project.run(&COMPILE).stderr, &["ranked by words alone, without the embeddings of acme/small: This server asks for a key"]);
    assert_eq!(server.stop(), 0);
    let calls = embedded(&project);
    assert!(calls.iter().filter(|call| call["status"] == "ok").count() >= 4, "{calls:?}");
    assert_eq!(project.run(&["ledger", "verify", "--json"]).json()["open_holds"], 0);
}

#[test]
fn a_server_serves_context_while_the_model_fails_and_says_so_on_the_receipt() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let upstream = Upstream::start(move |exchange| match exchange.request.target.as_str() {
        "/v1/embeddings" if down.load(Ordering::Relaxed) => exchange.document(400, r#"{"error":{"message":"no such model","type":"invalid_request_error"}}"#),
        _ => meaning(exchange),
    });
    let project = served(&upstream);
    let server = project.start();
    holds_eventually("the context is embedded", || server.said().contains("texts of the project's context were embedded"));
    is_down.store(true, Ordering::Relaxed);
    let reply = server.ask(&ask("any").edited(|body| body.replace("get cash", "get a refund")));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert!(upstream.last().text().contains("A refund is paid within 30 days"), "by its words");
    let decided = decisions(&server.record(&reply.call()));
    assert_has(&decided, &["attach: ranked by words alone, without the embeddings of acme/small: ", "no such model"]);
}
