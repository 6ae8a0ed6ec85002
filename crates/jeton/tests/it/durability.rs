//! What was told to be done stays done: kills, full disks, stops, backups.

use crate::common::{BINARY, CHAT, House, MESSAGES, RESPONSES, assert_has, project, verify};
use jeton_testkit::http::{Connection, Request};
use jeton_testkit::{Gate, Project, Upstream, eventually, fixtures, holds_eventually};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A provider of everything, in several pieces where it streams.
fn provider() -> Upstream {
    Upstream::start(|exchange| {
        let is_stream = exchange.request.json()["stream"] == true;
        let (whole, stream) = match exchange.request.target.as_str() {
            "/v1/messages" => (fixtures::messages_document(5, 3), fixtures::messages_stream("Hello", 5, 3)),
            "/v1/responses" => (fixtures::responses_document(5, 3), fixtures::responses_stream("Hello", 5, 3, "completed")),
            _ => (fixtures::chat_document(5, 3), fixtures::chat_stream_with_usage("Hello", 5, 3)),
        };
        if !is_stream {
            return exchange.document(200, whole);
        }
        let pieces: Vec<&[u8]> = stream.as_bytes().chunks(97).collect();
        exchange.events(&pieces)
    })
}

/// The mixed load, by number: three endpoints, streamed and whole.
fn request(number: usize) -> Request {
    let stream = number.is_multiple_of(2);
    match number / 2 % 3 {
        0 => Request::post(CHAT, format!("{{\"model\":\"acme/fast\",\"stream\":{stream},\"messages\":[{{\"role\":\"user\",\"content\":\"{number}\"}}]}}")),
        1 => Request::post(
            MESSAGES,
            format!("{{\"model\":\"claudia/x\",\"stream\":{stream},\"max_tokens\":50,\"messages\":[{{\"role\":\"user\",\"content\":\"{number}\"}}]}}"),
        ),
        _ => Request::post(RESPONSES, format!("{{\"model\":\"acme/fast\",\"stream\":{stream},\"input\":\"{number}\"}}")),
    }
}

/// Sends calls until the server is gone; notes each whose end was received.
fn work(address: SocketAddr, first: usize, ended: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut number = first;
    let mut connection = Connection::try_open(address)?;
    loop {
        connection.send(&request(number))?;
        let reply = connection.reply()?;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        ended.lock().unwrap().push(reply.call());
        number += 7;
    }
}

/// SIGKILL after the seed's k-th completed call: every call whose end a client received is in the ledger.
fn kill_and_look(seed: u64) {
    let upstream = provider();
    let project = project(&upstream, "[accounts.default]\nbudget = { usd = 100 }\n");
    let server = project.start();
    let after = usize::try_from(1 + seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) % 61).unwrap();
    let ended = Arc::new(Mutex::new(Vec::new()));
    let clients: Vec<_> = (0..4)
        .map(|client| {
            let (address, ended) = (server.address(), Arc::clone(&ended));
            std::thread::spawn(move || work(address, client + usize::try_from(seed).unwrap(), &ended))
        })
        .collect();
    holds_eventually("so many calls have ended", || ended.lock().unwrap().len() >= after);
    server.kill();
    for client in clients {
        assert!(client.join().unwrap().is_err(), "seed {seed}: the server is gone");
    }
    let server = project.start();
    let recorded: HashMap<String, String> =
        server.calls().iter().map(|call| (call["id"].as_str().unwrap().to_owned(), call["status"].as_str().unwrap().to_owned())).collect();
    let ended = ended.lock().unwrap();
    for call in &*ended {
        assert_eq!(recorded.get(call).map(String::as_str), Some("ok"), "seed {seed}: {call}, whose end was received; {} calls are recorded", recorded.len());
    }
    assert!(recorded.values().all(|status| status == "ok" || status == "interrupted"), "seed {seed}: {recorded:?}");
    drop(server);
    let report = project.run(&["ledger", "verify", "--json"]);
    assert_eq!((report.code, report.json()["open_holds"].as_u64()), (0, Some(0)), "seed {seed}: {report:?}");
}

#[test]
fn killed_at_any_moment_every_ended_call_is_in_the_ledger_seeds_0_to_9() {
    (0..10).for_each(kill_and_look);
}

#[test]
fn killed_at_any_moment_every_ended_call_is_in_the_ledger_seeds_10_to_19() {
    (10..20).for_each(kill_and_look);
}

/// A provider that begins an answer and stands still until the gate opens.
fn stuck_after_hel(gate: &Gate) -> Upstream {
    let held = gate.clone();
    Upstream::start(move |exchange| {
        exchange.begin_events()?;
        exchange.chunk(fixtures::chat_chunk(r#"{"content":"Hel"}"#, "null"))?;
        held.pass();
        Ok(())
    })
}

#[test]
fn what_a_kill_cut_off_is_charged_at_its_hold_and_marked() {
    let gate = Gate::new();
    let upstream = stuck_after_hel(&gate);
    let project = project(&upstream, "[accounts.default]\nbudget = { usd = 1, window = \"total\" }\n");
    let server = project.start();
    let mut stream = server.stream(CHAT, r#"{"model":"acme/fast","stream":true,"max_tokens":100,"messages":[]}"#);
    stream.read_until("Hel");
    // The hold is written behind the call's back; only what was written can be found again.
    let held_nanousd = eventually("the hold is written", || {
        let entries = project.run(&["ledger", "export", "--table", "entries"]).stdout;
        entries
            .lines()
            .find(|line| line.contains("\"hold\""))
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["amount"].as_i64().unwrap_or_else(|| panic!("{line}")))
    });
    let call = stream.head.call();
    server.kill();
    gate.open();
    let server = project.start();
    let record = server.record(&call);
    assert_eq!((record["status"].as_str(), record["charged_nanousd"].as_i64()), (Some("interrupted"), Some(held_nanousd)));
    assert_eq!(record["cost_nanousd"], serde_json::Value::Null, "what it cost is not known");
    verify(&project);
}

#[test]
fn a_ledger_that_cannot_be_written_refuses_calls_and_ends_streams_with_an_error() {
    let gate = Gate::new();
    let held = gate.clone();
    let upstream = Upstream::start(move |exchange| {
        if exchange.request.json()["stream"] != true {
            return exchange.document(200, fixtures::chat_document(5, 3));
        }
        let (begin, end) = match exchange.request.target.as_str() {
            "/v1/messages" => (fixtures::messages_stream("Hello", 5, 3).replace(&fixtures::messages_closing(3), ""), fixtures::messages_closing(3)),
            "/v1/responses" => {
                let all = fixtures::responses_stream("Hello", 5, 3, "completed");
                let (begin, end) = all.split_at(all.rfind("event: response.completed").unwrap());
                (begin.to_owned(), end.to_owned())
            }
            _ => (fixtures::chat_chunk(r#"{"content":"Hello"}"#, "null"), fixtures::chat_chunk("{}", "\"stop\"") + fixtures::DONE),
        };
        exchange.begin_events()?;
        exchange.chunk(begin)?;
        held.pass();
        exchange.chunk(end)?;
        exchange.end()
    });
    let project = project(&upstream, "");
    drop(project.start());
    // No file of this process may grow beyond a megabyte, and the signal that says so is ignored: writes fail.
    let server = project.start_in_shell("trap '' XFSZ; ulimit -f 1500; exec \"$0\" up --listen 127.0.0.1:0");
    let mut streams = Vec::new();
    for (path, body) in [
        (CHAT, r#"{"model":"acme/fast","stream":true,"messages":[]}"#),
        (MESSAGES, r#"{"model":"claudia/x","stream":true,"max_tokens":9,"messages":[]}"#),
        (RESPONSES, r#"{"model":"acme/fast","stream":true,"input":"Hi"}"#),
    ] {
        let mut stream = server.stream(path, body);
        stream.read_until("Hello");
        streams.push(stream);
    }
    let mut connection = server.connect();
    let ask = Request::post(CHAT, r#"{"model":"acme/fast","messages":[]}"#);
    let mut calls = 0;
    let refused = loop {
        let reply = connection.ask(&ask);
        if reply.status() != 200 {
            break reply;
        }
        calls += 1;
        assert!(calls < 5_000, "the disk does not fill");
    };
    assert_eq!((refused.status(), refused.json()["error"]["code"].as_str()), (503, Some("ledger_unavailable")), "{}", refused.text());
    let asked = upstream.count();
    let again = connection.ask(&ask);
    assert_eq!((again.status(), again.json()["error"]["code"].as_str()), (503, Some("ledger_unavailable")));
    assert_has(&again.text(), &["no call is made that cannot be accounted"]);
    assert!(again.header("retry-after").is_some());
    assert_eq!(upstream.count(), asked, "a call that cannot be accounted is not made");
    assert_eq!(server.get("/readyz").status(), 503);
    gate.open();
    let ends: Vec<String> = streams.into_iter().map(|stream| String::from_utf8(stream.to_end().unwrap()).unwrap()).collect();
    for (end, (error, terminal)) in
        ends.iter().zip([("data: {\"error\":{", "[DONE]"), ("event: error\n", "message_stop"), ("event: error\n", "response.completed")])
    {
        assert_has(end, &["Hello", error, "ledger_unavailable"]);
        assert!(!end.contains(terminal), "an answer whose charge is not durable has no end: {end}");
    }
    drop(server);
    // The same ledger with room to write: nothing was broken.
    drop(project.start());
    verify(&project);
}

#[test]
fn a_second_server_on_the_same_ledger_refuses_to_start() {
    let project = Project::new(BINARY);
    let server = project.start();
    let second = project.run(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!((second.code, second.stdout.as_str()), (3, ""), "{second:?}");
    assert_has(&second.stderr, &["error: ", &server.address().to_string(), "stop that server first"]);
    assert_eq!(server.get("/healthz").status(), 200, "the first one serves on");
    let restore = project.run(&["ledger", "restore", "nowhere.db", "--replace"]);
    assert_ne!(restore.code, 0);
}

/// A server with a stream that is in its middle until the gate opens.
fn in_mid_stream(gate: &Gate) -> (House, jeton_testkit::http::Stream) {
    let held = gate.clone();
    let house = House::new(Upstream::start(move |exchange| {
        exchange.begin_events()?;
        exchange.chunk(fixtures::chat_chunk(r#"{"content":"Hel"}"#, "null"))?;
        held.pass();
        exchange.chunk(fixtures::chat_chunk(r#"{"content":"lo"}"#, "\"stop\"") + &fixtures::chat_usage_chunk(5, 3) + fixtures::DONE)?;
        exchange.end()
    }));
    let mut stream = house.server.stream(CHAT, r#"{"model":"acme/fast","stream":true,"messages":[]}"#);
    stream.read_until("Hel");
    (house, stream)
}

#[test]
fn a_graceful_stop_lets_a_stream_end_and_takes_no_new_calls() {
    let gate = Gate::new();
    let (House { mut server, project, .. }, stream) = in_mid_stream(&gate);
    server.signal("TERM");
    holds_eventually("no more connections are taken", || Connection::try_open(server.address()).is_err());
    gate.open();
    let body = String::from_utf8(stream.to_end().unwrap()).unwrap();
    assert!(body.ends_with(fixtures::DONE), "{body}");
    assert_eq!(server.wait().code(), Some(0));
    assert_has(&server.said(), &["stopping: ", "stopped."]);
    assert!(!project.dir().join(".jeton/server.json").exists(), "nobody is sent to a server that is gone");
    verify(&project);
}

#[test]
fn a_second_signal_stops_at_once_and_settles_what_was_cut() {
    let gate = Gate::new();
    let (House { mut server, project, .. }, stream) = in_mid_stream(&gate);
    let call = stream.head.call();
    server.signal("TERM");
    holds_eventually("the stop has begun", || server.said().contains("stopping: "));
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(stream.to_end().is_err(), "the stream was cut");
    let record = project.json(&["call", "show", &call]);
    assert_eq!(record["record"]["status"], "cancelled", "{record}");
    verify(&project);
    gate.open();
}

#[test]
fn a_backup_is_whole_and_takes_the_ledgers_place_again() {
    let house = House::new(provider());
    let first = house.server.ask(&request(1)).call();
    let backup = house.project.run(&["ledger", "backup", "copy.db"]);
    assert_eq!(backup.code, 0, "{backup:?}");
    let second = house.server.ask(&request(2)).call();
    assert_eq!(house.project.run(&["ledger", "backup", "copy.db"]).code, 2, "a backup is not overwritten");
    let under_use = house.project.run(&["ledger", "restore", "copy.db", "--replace"]);
    assert_eq!(under_use.code, 3, "{under_use:?}");
    let House { server, project, .. } = house;
    assert_eq!(server.stop(), 0);
    let refused = project.run(&["ledger", "restore", "copy.db"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    let restored = project.run(&["ledger", "restore", "copy.db", "--replace"]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_has(&restored.stdout, &["1 calls", "every total and invariant holds"]);
    assert_eq!(project.run(&["call", "show", &first]).code, 0);
    assert_eq!(project.run(&["call", "show", &second]).code, 2);
    // The ledger that was replaced is kept beside it, and can be put back.
    let back = project.run(&["ledger", "restore", ".jeton/ledger.db.before-restore-1", "--replace"]);
    assert_eq!(back.code, 0, "{back:?}");
    assert_eq!(project.run(&["call", "show", &second]).code, 0);
}

#[test]
fn everything_can_be_exported_as_json_lines_and_csv() {
    let house = House::new(provider());
    let calls: Vec<String> = (0..6).map(|number| house.server.ask(&request(number)).call()).collect();
    let lines = house.project.run(&["ledger", "export"]).stdout;
    assert_eq!(lines.lines().count(), 6);
    for (line, call) in lines.lines().zip(&calls) {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(row["id"], call.as_str());
    }
    let csv = house.project.run(&["ledger", "export", "--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 7, "{csv}");
    assert_has(&csv, &[&calls[0], &calls[5]]);
    let entries = house.project.run(&["ledger", "export", "--table", "entries"]).stdout;
    assert_eq!(entries.lines().filter(|line| line.contains("\"charge\"")).count(), 6);
    let unknown = house.project.run(&["ledger", "export", "--table", "people"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (2, ""));
    assert_has(&unknown.stderr, &["`people` is no table"]);
}

#[test]
fn ids_go_on_after_a_restart() {
    let house = House::new(provider());
    let before = house.server.ask(&request(0)).call();
    let House { server, project, upstream } = house;
    assert_eq!(server.stop(), 0);
    let server = project.start();
    let after = server.ask(&request(0)).call();
    assert!(after > before, "{before} {after}");
    drop(upstream);
}

#[test]
fn with_power_durability_calls_are_served_and_recorded() {
    let upstream = provider();
    let project = project(&upstream, "[store]\ndurability = \"power\"\n");
    let server = project.start();
    let served = AtomicUsize::new(0);
    for number in 0..6 {
        assert_eq!(server.ask(&request(number)).status(), 200);
        served.fetch_add(1, Ordering::Relaxed);
    }
    server.kill();
    assert_eq!(project.json(&["call", "list"]).as_array().unwrap().len(), served.load(Ordering::Relaxed));
}

#[test]
fn a_stop_ends_what_is_not_over_by_its_deadline() {
    let gate = Gate::new();
    let upstream = stuck_after_hel(&gate);
    let mut house = House::with(upstream, "[gateway]\ndrain_deadline_ms = 300\n");
    let mut stream = house.server.stream(CHAT, r#"{"model":"acme/fast","stream":true,"messages":[]}"#);
    stream.read_until("Hel");
    house.server.signal("TERM");
    assert_eq!(house.server.wait().code(), Some(0));
    assert_eq!(house.project.json(&["call", "list"])[0]["status"], "cancelled");
    verify(&house.project);
    gate.open();
}

#[test]
fn what_was_recorded_is_answered_again_byte_for_byte_and_a_miss_says_what_differs() {
    let upstream = provider();
    let project = project(&upstream, "");
    let server = project.start_in_shell("exec \"$0\" up --listen 127.0.0.1:0 --record .jeton/replay");
    let replies: Vec<Vec<u8>> = (0..6).map(|number| server.ask(&request(number).header("authorization", "Bearer sk-caller-secret")).body).collect();
    assert_eq!(server.stop(), 0);
    let mut recorded = String::new();
    let mut folders = vec![project.dir().join(".jeton/replay")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() { folders.push(entry.path()) } else { recorded.push_str(&std::fs::read_to_string(entry.path()).unwrap()) }
        }
    }
    assert!(recorded.contains("Hello") && !recorded.contains("secret"), "secrets are taken out");
    let (asked, server) = (upstream.count(), project.start());
    for (number, reply) in replies.iter().enumerate() {
        let again = server.ask(&replayed(number));
        assert_eq!((again.status(), again.body.as_slice()), (200, reply.as_slice()), "{number}: {}", again.text());
        assert_eq!(server.record(&again.call())["simulated"], true);
    }
    let miss = server.post(CHAT, r#"{"model":"replay/acme/fast","messages":[{"role":"user","content":"something else"}]}"#);
    assert_eq!(miss.status(), 404, "{}", miss.text());
    assert_has(&miss.text(), &["messages"]);
    assert_eq!(upstream.count(), asked, "nothing went to the provider");
    verify(&project);
}

/// The same request, asked of the recordings.
fn replayed(number: usize) -> Request {
    request(number).edited(|body| body.replace("acme/fast", "replay/acme/fast").replace("claudia/x", "replay/claudia/x"))
}
