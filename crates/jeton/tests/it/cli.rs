//! The command line: help, shapes of output, exit codes.

use crate::common::{BINARY, CHAT, House, assert_has, golden};
use jeton_testkit::http::Request;
use jeton_testkit::{Project, Upstream, eventually, fixtures};

#[test]
fn help_of_every_noun() {
    let project = Project::new(BINARY);
    golden("help", &project, &["--help"]);
    for noun in ["up", "demo", "cost", "call", "ledger", "key", "config", "model"] {
        golden(&format!("help-{noun}"), &project, &[noun, "--help"]);
    }
    for (noun, verb) in [("call", "list"), ("call", "feedback"), ("ledger", "export"), ("ledger", "restore"), ("key", "create"), ("model", "prices")] {
        golden(&format!("help-{noun}-{verb}"), &project, &[noun, verb, "--help"]);
    }
}

#[test]
fn mistakes_on_the_command_line_are_told_on_stderr_with_exit_2() {
    let project = Project::new(BINARY);
    golden("unknown-noun", &project, &["bogus"]);
    golden("no-noun", &project, &[]);
    golden("unknown-call", &project, &["call", "show", "call-20200101-0000000000"]);
    golden("bad-call", &project, &["call", "show", "nonsense"]);
    golden("bad-status", &project, &["call", "list", "--status", "fine"]);
    golden("bad-moment", &project, &["cost", "--since", "yesterdayish"]);
    golden("bad-project", &project, &["--project", "nowhere", "cost"]);
    golden("unknown-model", &project, &["model", "show", "local/extrakt"]);
    golden("bad-budget", &project, &["key", "create", "x", "--budget-usd", "lots"]);
    golden("json-mistake", &project, &["--json", "--project", "nowhere", "cost"]);
}

#[test]
fn an_empty_project_says_so() {
    let project = Project::new(BINARY);
    golden("empty-cost", &project, &["cost"]);
    golden("empty-calls", &project, &["call", "list"]);
    golden("empty-keys", &project, &["key", "list"]);
    golden("empty-verify", &project, &["ledger", "verify"]);
    golden("empty-models", &project, &["model", "list"]);
    golden("empty-unknown-prices", &project, &["model", "prices", "--unknown"]);
}

#[test]
fn costs_and_receipts_in_both_forms() {
    let house = House::new(Upstream::document(fixtures::chat_document(1_500, 300)));
    let body = r#"{"model":"acme/fast","messages":[{"role":"user","content":"Hi"}]}"#;
    for class in ["support", "support", "review"] {
        assert_eq!(house.server.ask(&Request::post(CHAT, body).header("jeton-class", class).header("jeton-tags", "team=a")).status(), 200);
    }
    let call = house.server.ask(&Request::post(CHAT, body.replace("fast", "unpriced"))).call();
    let refused = house.server.post(CHAT, "{}").call();
    for by in ["model", "class", "provider", "key", "tag", "account", "status"] {
        golden(&format!("cost-by-{by}"), &house.project, &["cost", "--by", by]);
    }
    golden("verify", &house.project, &["ledger", "verify"]);
    let report = house.project.json(&["cost", "--by", "class"]);
    assert_eq!((report["by"].as_str(), report["rows"].as_array().map(Vec::len)), (Some("class"), Some(3)));
    let listed = house.project.run(&["call", "list"]);
    assert_has(
        &listed.stdout,
        &[
            "CALL",
            "TIME UTC",
            "CLASS",
            "MODEL",
            "STATUS",
            "INPUT",
            "OUTPUT",
            "COST",
            "TOTAL",
            "refused",
            "acme/unpriced",
            "unknown",
            "review",
            "1 500",
            "300",
            "$0.0021",
            "support",
        ],
    );
    assert_eq!(house.project.json(&["call", "list", "--class", "support"]).as_array().unwrap().len(), 2);
    assert_eq!(house.project.json(&["call", "list", "--status", "refused"])[0]["id"], refused);
    let shown = house.project.run(&["call", "show", &call]);
    assert_has(
        &shown.stdout,
        &[
            &call,
            "chat 200, ok (stop)",
            "class      unclassified (nothing said)",
            "paid by    default",
            "model      acme/unpriced (asked for: acme/unpriced)",
            "tokens     input 1 500, output 300 (reported by the provider)",
            "money      unknown: ",
            "identify ",
            "→ settle ",
            "try        acme/unpriced ok 200",
        ],
    );
    let judged = house.project.run(&["call", "feedback", &call, "good", "--score", "0.9", "--comment", "just right"]);
    assert_eq!((judged.code, judged.stdout.as_str()), (0, "Noted.\n"));
    assert_has(&house.project.run(&["call", "show", &call]).stdout, &["feedback   good by ", ": just right"]);
    let detail = house.project.json(&["call", "show", &call]);
    assert_eq!(detail["feedback"][0]["score"], 0.9);
    house.verify();
}

#[test]
fn the_banner_says_where_everything_is_and_what_to_try() {
    let house = House::new(Upstream::document("{}"));
    let address = house.server.address();
    let said = eventually("the banner is whole", || Some(house.server.said()).filter(|said| said.contains("jeton cost --by class")));
    assert_has(
        &said,
        &[
            "jeton 0.1.0 listening on http://",
            &format!("page      http://{address}/"),
            "OpenAI    base_url",
            "Anthropic base_url",
            "providers acme (jeton.toml)",
            "local (built in)",
            "curl ",
            "python -c",
        ],
    );
    let file: serde_json::Value = serde_json::from_slice(&std::fs::read(house.project.dir().join(".jeton/server.json")).unwrap()).unwrap();
    assert_eq!((file["address"].as_str(), file["pid"].as_u64()), (Some(format!("http://{address}").as_str()), Some(u64::from(house.server.pid()))));
}

#[test]
fn what_the_banner_suggests_works() {
    let project = Project::new(BINARY);
    let server = project.start();
    let reply = server.post(
        CHAT,
        r#"{"model":"local/extract","messages":[{"role":"system","content":"Refunds take five days."},{"role":"user","content":"How long do refunds take?"}]}"#,
    );
    assert_eq!(reply.status(), 200);
    assert_has(&reply.text(), &["five days"]);
    let reply = server.post(CHAT, r#"{"model":"twin/steady","messages":[{"role":"user","content":"Hello"}]}"#);
    assert_eq!(reply.status(), 200);
    assert_eq!(server.record(&reply.call())["simulated"], true);
}

#[test]
fn who_wants_only_the_first_line_of_the_banner_does_not_end_the_server() {
    let project = Project::new(BINARY);
    let mut child = project.command(&["up", "--listen", "127.0.0.1:0"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    // The pipe is closed now, before anything else was read.
    let address = line.trim().rsplit_once("://").unwrap().1.parse().unwrap();
    let reply = jeton_testkit::http::Connection::open(address).ask(&Request::get("/healthz"));
    assert_eq!((reply.status(), child.try_wait().unwrap()), (200, None));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn who_stops_reading_a_table_ends_the_command_quietly() {
    let project = Project::new(BINARY);
    let mut child = project.command(&["model", "prices", "--all"]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
