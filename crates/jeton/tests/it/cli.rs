//! The command line: help, shapes of output, exit codes.

use crate::common::{BINARY, CHAT, House, assert_has, golden};
use jeton_testkit::http::Request;
use jeton_testkit::{Project, Upstream, eventually, fixtures};

#[test]
fn help_of_every_noun() {
    let project = Project::new(BINARY);
    golden("help", &project, &["--help"]);
    for noun in ["init", "audit", "up", "demo", "cost", "call", "ledger", "key", "config", "model", "eval"] {
        golden(&format!("help-{noun}"), &project, &[noun, "--help"]);
    }
    let verbs =
        [("call", "list"), ("call", "feedback"), ("ledger", "export"), ("ledger", "restore"), ("key", "create"), ("model", "prices"), ("model", "probe")];
    for (noun, verb) in verbs.into_iter().chain([("eval", "run"), ("eval", "show"), ("eval", "compare"), ("eval", "gate")]) {
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
    assert_has(&house.project.run(&["call", "show", &call]).stdout, &["feedback   good (0.9) by ", ": just right"]);
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

/// Changes a ledger behind Jeton's back, as somebody with rights to the file could.
fn tamper(ledger: &std::path::Path, sql: &str) {
    let connection = rusqlite::Connection::open(ledger).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").unwrap();
    let triggers: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    assert!(connection.execute(sql, []).unwrap() > 0, "{sql} changes nothing");
}

#[test]
fn a_ledger_that_was_tampered_with_is_found_out_with_exit_1() {
    let house = House::new(Upstream::document(fixtures::chat_document(1_500, 300)));
    let body = r#"{"model":"acme/fast","messages":[]}"#;
    let call = house.server.post(CHAT, body).call();
    assert_eq!(house.server.post(CHAT, body).status(), 200);
    let House { server, project, .. } = house;
    assert_eq!(server.stop(), 0);
    assert_eq!(project.run(&["ledger", "backup", "good.db"]).code, 0);
    for (name, sql, says) in [
        ("amount", "UPDATE entries SET amount = amount - 1 WHERE step = 1000", "its entry and its record charge different amounts"),
        ("gone", "DELETE FROM entries WHERE step = 1000", "it has no charge and no release"),
        ("orphan", "DELETE FROM calls", "has a settlement and no record"),
    ] {
        let copy = project.dir().join(format!("{name}.db"));
        std::fs::copy(project.dir().join("good.db"), &copy).unwrap();
        tamper(&copy, sql);
        // A backup that is not sound does not take the ledger's place.
        let refused = project.run(&["ledger", "restore", &format!("{name}.db"), "--replace"]);
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{name}: {refused:?}");
        assert_has(&refused.stderr, &["the backup is not sound", says]);
        assert_eq!(project.run(&["ledger", "verify"]).code, 0, "{name}: the ledger is untouched");

        let elsewhere = Project::new(BINARY);
        std::fs::create_dir_all(elsewhere.dir().join(".jeton")).unwrap();
        std::fs::copy(&copy, elsewhere.dir().join(".jeton/ledger.db")).unwrap();
        let found = elsewhere.run(&["ledger", "verify"]);
        assert_eq!(found.code, 1, "{name}: {found:?}");
        assert_has(&found.stdout, &["FAULTS", &call, says]);
        let found = elsewhere.run(&["ledger", "verify", "--json"]);
        assert_eq!(found.code, 1);
        assert!(found.json()["problems"].as_array().unwrap().iter().any(|problem| problem.as_str().unwrap().contains(says)), "{found:?}");
    }
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let call = house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#).call();
    let House { server, project, .. } = house;
    assert_eq!(server.stop(), 0);
    assert_eq!(project.run(&["ledger", "backup", "good.db"]).code, 0);
    let good = std::fs::read(project.dir().join("good.db")).unwrap();
    let mut torn = good.clone();
    torn.truncate(good.len() / 2);
    let mut scratched = good.clone();
    scratched[4096..good.len() / 2].fill(0x5a);
    rusqlite::Connection::open(project.dir().join("other.db")).unwrap().execute_batch("CREATE TABLE calls (id); INSERT INTO calls VALUES (1)").unwrap();
    let other = std::fs::read(project.dir().join("other.db")).unwrap();
    let nonsense = b"this is no database, however long its text goes on";
    for (name, bytes) in [("nonsense", &nonsense[..]), ("torn", &torn), ("scratched", &scratched), ("empty", b""), ("another program's", &other)] {
        std::fs::write(project.dir().join("bad.db"), bytes).unwrap();
        let refused = project.run(&["ledger", "restore", "bad.db", "--replace"]);
        assert!((2..=3).contains(&refused.code) && refused.stderr.starts_with("error: "), "{name}: {refused:?}");
        assert_eq!(project.run(&["call", "show", &call]).code, 0, "{name}");
        assert_eq!(project.run(&["ledger", "verify"]).code, 0, "{name}");
    }
    let missing = project.run(&["ledger", "restore", "nowhere.db", "--replace"]);
    assert_eq!(missing.code, 2, "{missing:?}");
}

#[test]
fn a_ledger_that_is_no_database_is_a_dependency_that_is_down() {
    let project = Project::new(BINARY);
    std::fs::create_dir_all(project.dir().join(".jeton")).unwrap();
    std::fs::write(project.dir().join(".jeton/ledger.db"), "this is no database, however long its text goes on").unwrap();
    for args in [&["up", "--listen", "127.0.0.1:0"][..], &["cost"], &["key", "list"], &["ledger", "verify"]] {
        let output = project.run(args);
        assert_eq!((output.code, output.stdout.as_str()), (3, ""), "{args:?}: {output:?}");
        assert_has(&output.stderr, &["error: ", "next: "]);
    }
}

#[test]
fn every_command_that_prints_data_prints_it_as_json() {
    let house = House::new(Upstream::document(fixtures::chat_document(1_500, 300)));
    let call = house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#).call();
    let project = &house.project;
    let _ = project.key(&["create", "ci", "--account", "default", "--budget-usd", "5", "--window", "day", "--expires", "90d"]);
    let _ = project.key(&["admin"]);
    for args in [
        &["cost", "--by", "day"][..],
        &["cost", "--by", "outcome", "--since", "24h", "--until", "2100-01-01"],
        &["call", "list", "--since", "1h", "--limit", "1"],
        &["call", "show", &call],
        &["ledger", "verify"],
        &["key", "list"],
        &["config", "check"],
        &["config", "show"],
        &["config", "schema"],
        &["model", "list"],
        &["model", "show", "acme/fast"],
        &["model", "prices"],
        &["model", "prices", "--unknown", "--all"],
        &["key", "revoke", "ci"],
    ] {
        let shown = project.json(args);
        assert!(shown.as_array().is_none_or(|rows| !rows.is_empty()) && !shown.is_null(), "{args:?} prints {shown}");
    }
    let mistake = project.run(&["--json", "call", "show", "nonsense"]);
    let told: serde_json::Value = serde_json::from_str(&mistake.stderr).unwrap();
    assert_eq!((mistake.code, mistake.stdout.as_str(), told["error"]["code"].as_str()), (2, "", Some("usage")));
}

#[test]
fn models_and_keys_as_people_read_them() {
    let house = House::new(Upstream::document("{}"));
    let project = &house.project;
    golden("model-show", project, &["model", "show", "acme/fast"]);
    let models = project.run(&["model", "list"]);
    assert_has(&models.stdout, &["MODEL", "INPUT $/M", "CACHE READ", "OUTPUT $/M", "CONTEXT", "MAX OUTPUT", "acme/fast", "1", "0.1", "2", "100 000", "4 000"]);
    assert_has(&models.stdout, &["twin/steady", "simulated"]);
    let _ = project.key(&["create", "ci", "--class", "ci.review", "--tags", "a,b", "--budget-usd", "5", "--window", "day", "--expires", "2099-01-01"]);
    let _ = project.key(&["create", "old", "--expires", "2020-01-02"]);
    let _ = project.key(&["admin"]);
    let keys = project.run(&["key", "list"]).stdout;
    assert_has(&keys, &["NAME", "ID", "ACCOUNT", "CLASS", "TAGS", "BUDGET", "STATE"]);
    let row = |name: &str| keys.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {keys}"));
    assert_has(row("ci"), &["default", "ci.review", "a,b", "$5", "per day", "until 20"]);
    assert_has(row("old"), &["expired 2020-01-0"]);
    assert_has(row("admin"), &["admin, living"]);
    assert_eq!(project.run(&["key", "create", "ci"]).code, 2, "a name is used once");
}

#[test]
fn a_verdict_over_http_stands_on_the_receipt_and_a_wrong_one_is_refused() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let call = house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#).call();
    let path = format!("/api/calls/{call}/feedback");
    let judge = |path: &str, body: &str| house.server.post(path, body);
    assert!((200..300).contains(&judge(&path, r#"{"verdict":"bad","score":0.25,"comment":"left out the date"}"#).status()));
    assert_has(&house.project.run(&["call", "show", &call]).stdout, &["feedback   bad (0.25) by ", ": left out the date"]);
    assert_has(&house.server.get(&format!("/calls/{call}")).text(), &["left out the date"]);
    for (body, says) in
        [(r#"{"verdict":"good","score":1.5}"#, "score"), (r#"{"score":0.5}"#, "verdict"), ("[]", ""), ("{", "JSON"), (r#"{"verdict":""}"#, "verdict")]
    {
        let reply = judge(&path, body);
        assert_eq!(reply.status(), 400, "{body}: {}", reply.text());
        assert_has(&reply.text(), &[says]);
    }
    let unknown = judge("/api/calls/call-20200101-0000000000/feedback", r#"{"verdict":"good"}"#);
    assert_eq!(unknown.status(), 404, "{}", unknown.text());
    assert_eq!(house.project.run(&["call", "feedback", &call, "good", "--score", "2"]).code, 2);
    assert_eq!(house.project.run(&["call", "feedback", "call-20200101-0000000000", "good"]).code, 2);
    assert_eq!(house.project.json(&["call", "show", &call])["feedback"].as_array().unwrap().len(), 1);
    house.verify();
}
