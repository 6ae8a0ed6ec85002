//! The configuration: what is said about it, and how a running server takes it up.

use crate::common::{BINARY, CHAT, House, assert_has, config, golden};
use jeton_testkit::fixtures::{self, DONE, chat_chunk};
use jeton_testkit::{Gate, Project, Upstream, eventually};

const MISTAKES: &str = "[gateway]\nlistn = \"127.0.0.1:4600\"\nbody_limit_bytes = \"32\"\n\n[providers.acme]\napi = \"opnai\"\nbase_url = \"http://127.0.0.1:9000/v1\"\napi_key = \"sk-very-secret-value\"\n\n[routes.cheap]\ntry = [\"acme/fast\", \"acne/fast\"]\n\n[accounts.a]\nparent = \"a\"\nbudget = { usd = -1, window = \"fortnight\" }\n";
const GOOD: &str = "[providers.acme]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:9000/v1\"\napi_key = { env = \"ACME_KEY\" }\n\n[models.\"acme/fast\"]\nprice = { input = 0.25, output = 2.0 }\n\n[routes.cheap]\ntry = [\"acme/fast\", \"local/extract\"]\n\n[accounts.support]\nbudget = { usd = 50, timezone = \"Europe/Berlin\" }\n\n[classes.\"support.refund\"]\nvalue = { usd = 1.50 }\nroute = \"cheap\"\n";

#[test]
fn every_mistake_is_reported_at_once_with_place_and_remedy() {
    let project = Project::with(BINARY, MISTAKES);
    golden("config-check-mistakes", &project, &["config", "check"]);
    golden("config-check-mistakes-json", &project, &["config", "check", "--json"]);
    golden("up-mistakes", &project, &["up"]);
}

#[test]
fn a_good_configuration_is_said_to_be_good_and_shown_with_origins() {
    let project = Project::with(BINARY, GOOD);
    golden("config-check-good", &project, &["config", "check"]);
    golden("config-show", &project, &["config", "show"]);
    golden("config-show-effective", &project, &["config", "show", "--effective"]);
    let empty = Project::new(BINARY);
    golden("config-check-empty", &empty, &["config", "check"]);
    golden("config-show-empty", &empty, &["config", "show"]);
}

#[test]
fn the_schema_is_json_schema() {
    let schema = Project::new(BINARY).run(&["config", "schema"]);
    assert_eq!(schema.code, 0);
    assert_has(schema.json()["$schema"].as_str().unwrap(), &["json-schema.org"]);
    assert!(schema.json()["properties"]["providers"].is_object());
}

#[test]
fn secrets_are_shown_nowhere() {
    let upstream = Upstream::start(|exchange| exchange.document(500, r#"{"error":{"message":"no"}}"#));
    let project = Project::with(BINARY, &GOOD.replace("http://127.0.0.1:9000", &upstream.url()));
    std::fs::write(project.dir().join("file-key"), "sk-from-file-secret\n").unwrap();
    project.configure(
        &(GOOD.replace("http://127.0.0.1:9000", &upstream.url())
            + "[providers.filed]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_key = { file = \"file-key\" }\n[log]\nlevel = \"trace\"\n"),
    );
    let server = project.start_with_env(&[("ACME_KEY", "sk-from-env-secret")]);
    let reply = server.post(CHAT, r#"{"model":"acme/fast","messages":[{"role":"user","content":"my-own-prompt"}]}"#);
    assert_eq!(upstream.last().header("authorization"), Some("Bearer sk-from-env-secret"));
    let mut shown = vec![server.get("/").text(), server.get("/api/status").text(), server.get("/metrics").text(), server.get("/readyz").text()];
    shown.push(server.get(&format!("/api/calls/{}", reply.call())).text());
    shown.push(project.run(&["call", "show", &reply.call()]).stdout);
    shown.push(server.said());
    let mut command = project.command(&["config", "show", "--effective", "--json"]);
    shown.push(String::from_utf8(command.env("ACME_KEY", "sk-from-env-secret").output().unwrap().stdout).unwrap());
    for text in shown {
        assert!(!text.contains("secret"), "{text}");
        assert!(!text.contains("my-own-prompt"), "a prompt is shown: {text}");
    }
}

#[test]
fn a_missing_secret_refuses_to_start_and_names_what_is_missing() {
    let project = Project::with(BINARY, GOOD);
    let output = project.run(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!((output.code, output.stdout.as_str()), (2, ""));
    assert_has(&output.stderr, &["providers.acme", "ACME_KEY"]);
}

#[test]
fn a_valid_change_is_taken_up_between_calls_and_those_under_way_keep_theirs() {
    let gate = Gate::new();
    let held = gate.clone();
    let house = House::new(Upstream::start(move |exchange| {
        if exchange.request.json()["stream"] != true {
            return exchange.document(200, fixtures::chat_document(5, 3));
        }
        exchange.begin_events()?;
        exchange.chunk(chat_chunk(r#"{"content":"old"}"#, "null"))?;
        held.pass();
        exchange.chunk(chat_chunk("{}", "\"stop\"") + &fixtures::chat_usage_chunk(5, 3) + DONE)?;
        exchange.end()
    }));
    let mut stream = house.server.stream(CHAT, r#"{"model":"acme/fast","stream":true,"messages":[]}"#);
    stream.read_until("old");
    let (streamed, other) = (stream.head.call(), Upstream::document(fixtures::chat_document(500, 300)));
    let before = house.upstream.count();
    house.project.configure(&config(&other, "[routes.fresh]\ntry = [\"acme/fast\"]\n").replace("input = 1.0", "input = 3.0"));
    let reply =
        eventually("the new route is served", || Some(house.server.post(CHAT, r#"{"model":"fresh","messages":[]}"#)).filter(|reply| reply.status() == 200));
    assert_eq!((other.count(), house.upstream.count()), (1, before));
    assert_eq!(house.server.record(&reply.call())["cost_nanousd"], 500 * 3_000 + 300 * 2_000);
    gate.open();
    assert!(String::from_utf8(stream.to_end().unwrap()).unwrap().ends_with(DONE));
    let (old, new) = (house.server.record(&streamed), house.server.record(&reply.call()));
    assert_eq!(old["cost_nanousd"], 11_000, "the old price holds for what began under it");
    assert_ne!(old["config_digest"], new["config_digest"]);
    house.verify();
}

#[test]
fn an_invalid_change_leaves_the_old_one_in_force_and_is_shown() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let ask = || house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#).status();
    assert_eq!(ask(), 200);
    let good = config(&house.upstream, "");
    house.project.configure(&(good.clone() + "[gateway]\nlistn = 1\n"));
    let ready = eventually("the mistake is shown", || Some(house.server.get("/readyz")).filter(|reply| reply.text().contains("listn")));
    assert_eq!(ready.status(), 200, "the old one serves");
    assert_has(&ready.text(), &["config: jeton.toml:", "unknown key `listn`"]);
    assert_eq!(ask(), 200);
    assert_has(&house.server.get("/api/status").text(), &["listn"]);
    assert_has(&house.server.get("/").text(), &["listn"]);
    eventually("the log says so", || house.server.said().contains("the last good one stays in use").then_some(()));
    // A secret that is not there is found only when it is looked up.
    house.project.configure(&good.replacen("api = \"openai\"", "api = \"openai\"\napi_key = { env = \"NO_SUCH_KEY\" }", 1));
    eventually("the other mistake is shown", || house.server.get("/readyz").text().contains("NO_SUCH_KEY").then_some(()));
    assert_eq!(ask(), 200);
    house.project.configure(&(good + "\n"));
    eventually("all is well again", || (house.server.get("/readyz").json()["notes"].as_array().map(Vec::len) == Some(0)).then_some(()));
    assert_eq!(ask(), 200);
}

#[test]
fn a_changed_budget_holds_at_once_and_keeps_what_was_spent() {
    let house = House::with(Upstream::document(fixtures::chat_document(1_000, 500)), "[accounts.default]\nbudget = { usd = 1 }\n");
    let body = r#"{"model":"acme/fast","max_tokens":500,"messages":[]}"#;
    assert_eq!(house.server.post(CHAT, body).status(), 200);
    house.project.configure(&config(&house.upstream, "[accounts.default]\nbudget = { usd = 0.0025 }\n"));
    let refused = eventually("the smaller budget holds", || Some(house.server.post(CHAT, body)).filter(|reply| reply.status() == 400));
    assert_has(&refused.text(), &["of $0.0025"]);
    house.verify();
}

#[test]
fn what_is_read_of_the_context_follows_its_settings() {
    const NARROW: &str = "[context]\nignore = [\"docs/drafts/**\"]\nvocabulary = \"cl100k_base\"\n";
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), NARROW);
    let write = |path: &str, text: &str| {
        let path = house.project.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let configure = |settings: &str| house.project.configure(&config(&house.upstream, settings));
    // The vocabulary, and whether a page is there.
    let is_read_as = |vocabulary: &str, path: &str, is_there: bool| {
        eventually(&format!("{path} under {vocabulary}: {is_there}"), || {
            let reply = house.server.get("/api/context/units");
            let catalogue = (reply.status() == 200).then(|| reply.json())?;
            (catalogue["vocabulary"] == vocabulary && reply.text().contains(path) == is_there).then_some(())
        });
    };
    write("docs/tea.md", "# Tea\n\nThe tea is green.\n");
    write("docs/drafts/coffee.md", "# Coffee\n\nThe coffee is black.\n");
    is_read_as("cl100k_base", "docs/tea.md", true);
    is_read_as("cl100k_base", "docs/drafts/coffee.md", false);
    configure("");
    is_read_as("o200k_base", "docs/drafts/coffee.md", true);
    // What was left out is watched now.
    write("docs/drafts/cocoa.md", "# Cocoa\n\nThe cocoa is brown.\n");
    is_read_as("o200k_base", "docs/drafts/cocoa.md", true);
    configure(NARROW);
    is_read_as("cl100k_base", "docs/drafts/coffee.md", false);
}

/// Everything that Jeton itself writes about its calls.
fn written(project: &Project, server: &jeton_testkit::Server, calls: &[String], admin: Option<&str>) -> String {
    let get = |path: &str| {
        let request = jeton_testkit::http::Request::get(path);
        server.ask(&admin.iter().fold(request, |request, key| request.header("jeton-key", key))).text()
    };
    let mut shown: Vec<String> = ["/", "/api/status", "/api/calls", "/api/cost", "/api/keys", "/metrics", "/readyz", "/v1/models"].map(get).into();
    for call in calls {
        shown.extend([get(&format!("/api/calls/{call}")), get(&format!("/calls/{call}")), project.run(&["call", "show", call]).stdout]);
    }
    for args in [&["ledger", "export"][..], &["ledger", "export", "--table", "keys"], &["key", "list", "--json"], &["call", "list", "--json"]] {
        shown.push(project.run(args).stdout);
    }
    shown.push(server.said());
    shown.join("\n")
}

#[test]
fn a_provider_that_says_its_key_aloud_is_not_repeated() {
    let says = r#"{"error":{"message":"Incorrect API key provided: team-credential-secret7. So was team-credential-secret7","type":"x","code":"team-credential-secret7"}}"#;
    let upstream = Upstream::start(move |exchange| match exchange.request.json()["stream"].as_bool() {
        Some(true) if exchange.number == 3 => {
            exchange.events(&[fixtures::chat_chunk(r#"{"content":"Hi"}"#, "null").as_bytes(), format!("data: {says}\n\n").as_bytes()])
        }
        Some(true) => exchange.events(&[format!("data: {says}\n\n").as_bytes()]),
        _ => exchange.document(if exchange.number == 0 { 200 } else { 401 }, says),
    });
    let project = Project::with(BINARY, &(GOOD.replace("http://127.0.0.1:9000", &upstream.url()) + "[log]\nlevel = \"trace\"\n"));
    let server = project.start_with_env(&[("ACME_KEY", "team-credential-secret7")]);
    let ask = |body: &str| server.post(CHAT, body);
    let plain = r#"{"model":"acme/fast","messages":[]}"#;
    let streamed = plain.replacen('{', r#"{"stream":true,"#, 1);
    let replies = [ask(plain), ask(plain), ask(&streamed), ask(&streamed), ask(&plain.replace("acme/fast", "cheap"))];
    assert!(!replies[2].text().contains("secret7"), "an answer in Jeton's own words: {}", replies[2].text());
    let calls: Vec<String> = replies.iter().map(jeton_testkit::http::Reply::call).collect();
    let shown = written(&project, &server, &calls, None);
    assert_has(&shown, &["Incorrect API key provided: "]);
    assert!(!shown.contains("secret7"), "{}", shown.lines().filter(|line| line.contains("secret7")).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_callers_key_is_written_nowhere_wherever_it_stands_and_whatever_fails() {
    let upstream = Upstream::document(fixtures::chat_document(5, 3));
    let project = crate::common::project(&upstream, "[log]\nlevel = \"trace\"\n");
    let key = project.key(&["create", "ci"]);
    let admin = project.key(&["admin"]);
    let server = project.start_in_shell("exec \"$0\" up --listen 127.0.0.1:0 --record tape");
    let mut calls = Vec::new();
    for body in [r#"{"model":"acme/fast","messages":[]}"#, "{", r#"{"model":"nobody/x","messages":[]}"#] {
        calls.push(server.post(&format!("/k/{key}/c/a{CHAT}"), body).call());
        calls.push(server.ask(&jeton_testkit::http::Request::post(CHAT, body).header("authorization", &format!("Bearer {key}"))).call());
    }
    for path in [format!("/k/{key}/v1/nonsense"), format!("/k/{key}{CHAT}?key={key}")] {
        calls.push(server.post(&path, "{}").call());
    }
    calls.push(server.post(&format!("/k/{admin}{CHAT}"), "{}").call());
    assert_eq!(server.post(&format!("/k/{key}/nonsense"), "{}").status(), 404);
    let mut shown = written(&project, &server, &calls, Some(&admin));
    for entry in std::fs::read_dir(project.dir().join("tape")).unwrap() {
        shown += &std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
    }
    for (whose, key) in [("the caller's", &key), ("the admin's", &admin)] {
        let secret = key.rsplit('_').next().unwrap();
        let lines: Vec<&str> = shown.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{whose} key is written: {lines:#?}");
    }
    assert_has(&shown, &["nobody/x"]);
}
