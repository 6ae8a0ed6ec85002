//! Bad input: each gets an error in its caller's dialect that names the place and the remedy, is recorded, and never
//! reaches a provider.

use crate::common::{CHAT, House, MESSAGES, RESPONSES, assert_has};
use jeton_testkit::http::{Reply, Request};
use jeton_testkit::{Upstream, fixtures, holds_eventually};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A house whose provider must not be asked.
fn house() -> House {
    House::with(
        Upstream::document(fixtures::chat_document(5, 3)),
        "[gateway]\nbody_limit_bytes = 65536\ndecompressed_limit_bytes = 100000\nheader_timeout_ms = 400\nidle_timeout_ms = 600\n",
    )
}

/// The error's object, in the dialect of the path that was asked.
#[track_caller]
fn error_of(path: &str, reply: &Reply) -> Value {
    let body = reply.json();
    if path.contains("messages") {
        assert_eq!(body["type"], "error", "{body}");
        assert_eq!(body["request_id"], reply.call(), "{body}");
    }
    let error = body["error"].clone();
    if path.starts_with("/v1beta/") {
        assert!(error["status"].is_string() && error["code"] == u64::from(reply.status()), "{body}");
        return error;
    }
    assert!(error["type"].is_string() && error["message"].as_str().is_some_and(|message| !message.is_empty()) && error["code"].is_string(), "{body}");
    error
}

/// Every endpoint refuses `body` with `status`, saying all of `says`; it is recorded and goes nowhere.
#[track_caller]
fn check_refused(house: &House, path: &str, body: &[u8], status: u16, says: &[&str]) {
    let reply = house.server.post(path, body);
    assert_eq!(reply.status(), status, "{path}: {}", reply.text());
    let error = error_of(path, &reply);
    assert_has(error["message"].as_str().unwrap(), says);
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    let record = house.server.record(&reply.call());
    assert_eq!(
        (record["status"].as_str(), record["http_status"].as_u64(), record["charged_nanousd"].as_i64()),
        (Some("refused"), Some(status.into()), Some(0))
    );
    assert_eq!(house.upstream.count(), 0, "{path}: the provider was asked");
}

#[test]
fn broken_json_is_refused_with_its_place() {
    let house = house();
    for path in [CHAT, RESPONSES, MESSAGES, "/v1/messages/count_tokens", "/v1/embeddings"] {
        check_refused(&house, path, b"", 400, &["line 1, column 1 (byte 0)", "Correct the request body"]);
        check_refused(&house, path, b"{\"model\":\"acme/fast\",\n \"messages\":[}", 400, &["line 2, column 14", "(byte 35)"]);
        check_refused(&house, path, b"{\"model\":\"acme/fast\"} x", 400, &["column 23"]);
        check_refused(&house, path, b"[]", 400, &["object"]);
        check_refused(&house, path, b"{\"messages\":[],\"input\":\"\"}", 400, &["model"]);
    }
    house.verify();
}

#[test]
fn wrong_types_are_refused_where_jeton_reads_them_and_pass_elsewhere() {
    let house = house();
    for (path, member, says) in [
        (CHAT, r#""stream":"yes""#, "stream"),
        (CHAT, r#""stream_options":7"#, "stream_options"),
        (CHAT, r#""max_tokens":-1"#, "max_tokens"),
        (CHAT, r#""max_completion_tokens":"9""#, "max_completion_tokens"),
        (CHAT, r#""n":0.5"#, "n"),
        (CHAT, r#""model":"acme/slow""#, "model"),
        (RESPONSES, r#""max_output_tokens":[]"#, "max_output_tokens"),
        (MESSAGES, r#""max_tokens":1e400"#, "max_tokens"),
    ] {
        let body = format!("{{\"model\":\"acme/fast\",{member}}}");
        check_refused(&house, path, body.as_bytes(), 400, &[says, "line 1, column "]);
        let error = house.server.post(path, body).json();
        assert_eq!(error["error"]["param"], says, "{error}");
    }
    check_refused(&house, CHAT, br#"{"model":7}"#, 400, &["model"]);
    // What only the provider reads is the provider's to judge.
    assert_eq!(house.server.post(CHAT, r#"{"model":"acme/fast","temperature":"hot","messages":[],"logit_bias":7}"#).status(), 200);
}

#[test]
fn invalid_utf8_and_absurd_nesting_are_refused() {
    let house = house();
    check_refused(&house, CHAT, b"{\"model\":\"acme/fast\",\"messages\":[{\"content\":\"\xff\"}]}", 400, &["byte 0xff is not part of valid UTF-8"]);
    check_refused(&house, MESSAGES, b"{\"model\":\"claudia/x\",\"x\":\"\xed\xa0\x80\"}", 400, &["UTF-8"]);
    for depth in [129, 20_000] {
        let body = format!("{{\"model\":\"acme/fast\",\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        check_refused(&house, CHAT, body.as_bytes(), 400, &["lie more than 128 deep in each other"]);
    }
    let body = format!("{{\"model\":\"acme/fast\",\"x\":{}", "{\"a\":".repeat(12_000));
    check_refused(&house, CHAT, body.as_bytes(), 400, &["lie more than 128 deep in each other"]);
}

#[test]
fn case_76_model_names_that_are_paths_or_controls_are_refused() {
    let house = house();
    for name in ["", "\\u0000", "acme/f\\r\\nx-evil: 1", "acme/\\u001b[31m", &"x".repeat(300)] {
        check_refused(&house, CHAT, format!("{{\"model\":\"{name}\"}}").as_bytes(), 400, &["model"]);
    }
    for name in ["acme/../admin", "acme/a/../../b", "acme/./x", "acme//x", "acme/", "/acme/fast", "acme/a b", "acme/é", "nobody/x", "..", "http://evil/v1"] {
        check_refused(&house, CHAT, format!("{{\"model\":\"{name}\"}}").as_bytes(), 404, &["There is no model `", "The nearest are `"]);
    }
}

#[test]
fn oversize_bodies_are_refused_however_they_come() {
    let house = house();
    let large = format!("{{\"model\":\"acme/fast\",\"x\":\"{}\"}}", "y".repeat(70_000));
    check_refused(&house, CHAT, large.as_bytes(), 413, &["the limit is 65536", "gateway.body_limit_bytes"]);
    check_refused(&house, MESSAGES, large.as_bytes(), 413, &["the limit is 65536"]);

    let mut connection = house.server.connect();
    connection.write(&Request::new("POST", CHAT).header("transfer-encoding", "chunked").head_bytes(house.server.address())).unwrap();
    for piece in large.as_bytes().chunks(10_000) {
        connection.write(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        connection.write(piece).unwrap();
        connection.write(b"\r\n").unwrap();
    }
    let reply = connection.reply().unwrap();
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (413, Some("too_large")));

    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, bytes).unwrap();
        encoder.finish().unwrap()
    };
    let bomb = Request::post(CHAT, gzip(&vec![b' '; 20_000_000])).header("content-encoding", "gzip");
    assert_eq!(house.server.ask(&bomb).status(), 413, "a bomb is not unpacked");
    let broken = house.server.ask(&Request::post(CHAT, "not gzip").header("content-encoding", "gzip"));
    assert_eq!((broken.status(), broken.json()["error"]["param"].as_str()), (400, Some("content-encoding")));
    let unknown = house.server.ask(&Request::post(CHAT, "{}").header("content-encoding", "br"));
    assert_eq!(unknown.status(), 415);
    assert_has(&unknown.text(), &["gzip, deflate or zstd"]);
    assert_eq!(house.upstream.count(), 0);
    house.verify();
}

#[test]
fn unknown_paths_and_methods_are_refused_by_name_and_recorded() {
    let house = house();
    for (method, path, status, says) in [
        ("POST", "/v1/nonsense", 404, "there is no such path"),
        ("GET", "/v1/files/file-1", 404, "files"),
        ("POST", "/v1/audio/speech", 404, "audio"),
        ("POST", "/v1/messages/batches", 404, "message batches"),
        ("DELETE", "/v1/responses/resp_1", 404, "stored responses"),
        ("POST", "/v1beta/models/x:countTokens", 404, "Gemini"),
        ("POST", "/v1/chat/completions/../../files", 404, "no such path"),
        ("GET", CHAT, 405, "POST"),
        ("DELETE", MESSAGES, 405, "POST"),
        ("POST", "/v1/models", 405, "GET"),
    ] {
        let reply = house.server.ask(&Request::new(method, path));
        assert_eq!(reply.status(), status, "{method} {path}: {}", reply.text());
        assert_has(error_of(path, &reply)["message"].as_str().unwrap(), &[says]);
        assert_eq!(reply.header("allow").is_some(), status == 405);
        let record = house.server.record(&reply.call());
        let expected = if path == CHAT {
            "chat"
        } else if path == MESSAGES {
            "messages"
        } else {
            "none"
        };
        assert_eq!((record["status"].as_str(), record["endpoint"].as_str()), (Some("refused"), Some(expected)), "{method} {path}");
    }
    for path in ["/nonsense", "/.env", "/v1", "/api/nonsense"] {
        assert_eq!(house.server.get(path).status(), 404, "{path}");
    }
    assert_eq!(house.upstream.count(), 0);
    house.verify();
}

#[test]
fn labels_that_are_no_names_are_refused() {
    let house = house();
    let body = r#"{"model":"acme/fast","messages":[]}"#;
    for (name, value) in
        [("jeton-class", "a b"), ("jeton-class", "../x"), ("jeton-outcome", "ä"), ("jeton-tags", "ok,<script>"), ("jeton-task", &"x".repeat(200))]
    {
        let reply = house.server.ask(&Request::post(CHAT, body).header(name, value));
        if value.is_ascii() {
            assert_eq!((reply.status(), error_of(CHAT, &reply)["param"].as_str()), (400, Some(name)), "{value}");
        }
    }
    let reply = house.server.post(&format!("/c/%0d%0aevil{CHAT}"), body);
    assert_eq!(reply.status(), 400, "{}", reply.text());
    assert!(house.upstream.requests().iter().all(|request| request.header("jeton-outcome").is_none()));
}

#[test]
fn what_is_not_http_is_refused_and_reaches_nobody() {
    let house = house();
    for raw in [
        &b"NONSENSE\r\n\r\n"[..],
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}   ",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx: a\x00b\r\ncontent-length: 0\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nbad name: x\r\ncontent-length: 0\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut connection = house.server.connect();
        connection.write(raw).unwrap();
        let head = connection.read_head();
        assert!(head.is_err() || head.unwrap().status == 400, "{:?}", String::from_utf8_lossy(raw));
    }
    let mut connection = house.server.connect();
    let _ = connection.write(&Request::new("POST", CHAT).header("x-long", &"x".repeat(200_000)).head_bytes(house.server.address()));
    assert!(connection.read_head().map_or(true, |head| head.status == 431), "a head of 200 kB");
    assert_eq!(house.upstream.count(), 0);
    assert_eq!(house.server.get("/healthz").status(), 200);
}

#[test]
fn smuggled_requests_are_not_seen_as_two() {
    let house = house();
    let mut connection = house.server.connect();
    let both = b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    connection.write(both).unwrap();
    let _ = connection.reply();
    assert_eq!(house.upstream.count(), 0);
}

#[test]
fn slow_clients_are_closed() {
    let house = house();
    // A head that comes drop by drop: each drop is in time, the whole is not.
    let begun = Instant::now();
    let mut slow = house.server.connect();
    let mut silent = house.server.connect();
    let mut headless = house.server.connect();
    headless.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost:").unwrap();
    silent.write(&Request::new("POST", CHAT).header("content-length", "10").head_bytes(house.server.address())).unwrap();
    holds_eventually("the drops are refused", || slow.write(b"x").is_err());
    assert!(headless.is_closed_by_server());
    let reply = silent.reply().unwrap();
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (400, Some("request_timeout")), "a body that does not come");
    assert!(house.server.connect().is_closed_by_server(), "a connection without any request");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(house.upstream.count(), 0);
    house.verify();
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_body_is_nobodys_call() {
    let house = house();
    let mut connection = house.server.connect();
    connection.write(&Request::new("POST", CHAT).header("content-length", "1000").head_bytes(house.server.address())).unwrap();
    connection.write(b"{\"model\":\"acme/fast\",").unwrap();
    drop(connection);
    assert_eq!(house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#).status(), 200);
    assert_eq!(house.upstream.count(), 1);
    house.verify();
}

#[test]
fn a_providers_nonsense_harms_nobody() {
    let answers: [&[u8]; 7] =
        [b"", b"{", b"\xff\xfe", b"[[[[[[", b"{\"usage\":{\"prompt_tokens\":-5,\"completion_tokens\":1e99}}", b"{\"usage\":\"none\",\"choices\":7}", b"null"];
    let house = House::new(Upstream::start(move |exchange| {
        let body = answers[exchange.number / 2 % answers.len()];
        if exchange.request.json()["stream"] == true {
            return exchange.events(&[b"data: ", body, b"\n\ndata: [DONE]\n\n"]);
        }
        exchange.document(200, body)
    }));
    for body in answers {
        let reply = house.server.post(CHAT, r#"{"model":"acme/fast","messages":[]}"#);
        if body.ends_with(b"}") {
            assert_eq!((reply.status(), reply.body.as_slice()), (200, body), "what a provider says is passed on");
        } else {
            assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (502, Some("upstream_failed")), "what is no document is not");
        }
        let record = house.server.record(&reply.call());
        assert_eq!(record["usage_certainty"], "estimated", "{record}");
        let reply = house.server.post(CHAT, r#"{"model":"acme/fast","messages":[],"stream":true}"#);
        assert!(reply.status() == 200 || reply.status() == 502, "{}", reply.text());
    }
    house.verify();
    assert_has(&house.server.get("/metrics").text(), &["panics_total 0"]);
}
