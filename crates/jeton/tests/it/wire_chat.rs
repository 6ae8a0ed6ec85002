//! Chat Completions through the real binary: same dialect, same bytes. What is asserted here about bytes is asserted of
//! the whole body, not of what a parser makes of it.

use crate::common::{CHAT, House, assert_has};
use jeton_testkit::fixtures::{self, DONE, chat_chunk};
use jeton_testkit::http::Request;
use jeton_testkit::{Upstream, holds_eventually};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A request that no serialiser would write again like this.
const ODD: &str = "{ \"model\" :\t\"acme/fast\",\r\n  \"messages\":[ {\"content\":\"caf\\u00e9 \\/ \\ud83d\\ude00 \u{e9}\",\"role\":\"user\"} ] ,\"temperature\":1.0,\"top_p\":1.00,\"x_new\":{\"b\":1,\"a\":[1e0, -0.0]},\"x_new\":2,\"seed\":9007199254740993 }\n";

const ASK: &str = r#"{"model":"acme/fast","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;

/// The same stream with the wish for usage of the caller's own.
const ASK_WITH_USAGE: &str = r#"{"model":"acme/fast","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi"}]}"#;

/// Sends `ask` to a provider that streams `said` in chunks of so many bytes, and checks what arrives and what was used.
#[track_caller]
fn check_stream(ask: &str, said: &str, pieces: usize, arrives: &str, used: (u64, u64)) -> Value {
    let bytes = said.as_bytes().to_vec();
    let house = House::new(Upstream::start(move |exchange| exchange.events(&bytes.chunks(pieces).collect::<Vec<_>>())));
    let reply = house.server.post(CHAT, ask);
    assert_eq!((reply.status(), reply.text().as_str()), (200, arrives), "in pieces of {pieces}");
    assert_has(reply.header("content-type").unwrap(), &["text/event-stream"]);
    let record = house.server.record(&reply.call());
    assert_eq!((record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()), (Some(used.0), Some(used.1)), "{record}");
    assert_eq!(record["status"], "ok");
    house.verify();
    record
}

/// A stream in which nothing may be changed.
#[track_caller]
fn check_passes(said: &str, used: (u64, u64)) -> Value {
    check_stream(ASK_WITH_USAGE, said, 7, said, used);
    check_stream(ASK_WITH_USAGE, said, usize::MAX, said, used)
}

#[test]
fn request_bytes_arrive_as_sent_except_the_model() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let reply = house.server.post(CHAT, ODD);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", "fast"));
    assert_eq!(house.upstream.last().target, "/v1/chat/completions");
    house.verify();
}

#[test]
fn response_bytes_come_back_as_sent() {
    let odd = "\n{ \"usage\" : {\"prompt_tokens\":5, \"completion_tokens\":3.0e0,\"total_tokens\":8}, \"model\":\"fast-2026\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"\\u00e9\\/\",\"reasoning\":\"r\",\"x\":1.00},\"finish_reason\":\"new_reason\"}],\"x\":{},\"x\":[] }\r\n";
    let house = House::new(Upstream::document(odd));
    let reply = house.server.post(CHAT, ODD);
    assert_eq!(reply.text(), odd);
    assert_eq!(reply.header("content-length"), Some(odd.len().to_string().as_str()));
    assert_eq!(house.server.record(&reply.call())["finish_reason"], "new_reason");
}

#[test]
fn case_01_usage_is_asked_for_and_stripped_again_whatever_the_pieces() {
    let said = fixtures::chat_stream_with_usage("Grüße 🌍", 5, 3);
    for pieces in [1, 3, 16, 64, usize::MAX] {
        check_stream(ASK, &said, pieces, &fixtures::chat_stream("Grüße 🌍"), (5, 3));
    }
}

#[test]
fn case_01_only_the_wish_for_usage_is_put_into_the_request() {
    let house = House::new(Upstream::start(|exchange| {
        if exchange.request.json()["stream"] == true {
            return exchange.events(&[fixtures::chat_stream_with_usage("Hi", 5, 3).as_bytes()]);
        }
        exchange.document(200, fixtures::chat_document(5, 3))
    }));
    let sent = |body: &str| {
        assert_eq!(house.server.post(CHAT, body).status(), 200);
        house.upstream.last().text()
    };
    let fast = |body: &str| body.replace("acme/fast", "fast");
    assert_eq!(sent(ASK), fast(ASK).replacen('{', r#"{"stream_options":{"include_usage":true},"#, 1));
    assert_eq!(sent(ASK_WITH_USAGE), fast(ASK_WITH_USAGE), "who asked already is not asked for again");
    for (options, expected) in [
        (r#"{"include_usage": false}"#, r#"{"include_usage": true}"#),
        ("null", r#"{"include_usage":true}"#),
        ("{}", r#"{"include_usage":true}"#),
        ("{ \"x\":1 }", "{\"include_usage\":true, \"x\":1 }"),
    ] {
        let body = ASK_WITH_USAGE.replace(r#"{"include_usage":true}"#, options);
        assert_eq!(sent(&body), fast(&body).replace(options, expected));
    }
    let body = ASK.replace(",\"stream\":true", "");
    assert_eq!(sent(&body), fast(&body), "a whole answer reports its usage anyway");
}

#[test]
fn case_02_the_usage_chunk_keeps_its_official_shape_for_those_who_asked() {
    check_passes(&fixtures::chat_stream_with_usage("Hi", 5, 3), (5, 3));
}

#[test]
fn case_03_usage_on_a_chunk_with_choices_on_every_chunk_or_after_the_finish_is_read() {
    let with_usage = |chunk: &str, usage: &str| chunk.replace("}]}\n\n", &format!("}}],\"usage\":{usage}}}\n\n"));
    let first = with_usage(&chat_chunk(r#"{"content":"Hi"}"#, "null"), r#"{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}"#);
    let last = with_usage(&chat_chunk("{}", "\"stop\""), r#"{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}"#);
    check_passes(&[&first, &last, DONE].concat(), (5, 3));
    check_passes(&[&chat_chunk(r#"{"content":"Hi"}"#, "null"), &last, DONE].concat(), (5, 3));
}

#[test]
fn case_04_usage_null_on_other_chunks_passes_and_is_taken_out_where_it_was_asked_for_by_jeton() {
    let null = fixtures::chat_stream("Hi").replace("\"choices\"", "\"usage\":null,\"choices\"");
    let said = null.replace(DONE, &(fixtures::chat_usage_chunk(5, 3) + DONE));
    check_passes(&said, (5, 3));
    check_stream(ASK, &said, 11, &fixtures::chat_stream("Hi"), (5, 3));
}

#[test]
fn cases_05_to_09_12_15_to_18_deltas_of_every_kind_pass_byte_for_byte() {
    let said = [
        chat_chunk(r#"{"role":"assistant","content":null,"refusal":null}"#, "null"),
        chat_chunk(r#"{"reasoning":"hm","reasoning_content":"hm","reasoning_details":[{"type":"reasoning.encrypted","data":"AA=="}]}"#, "null"),
        chat_chunk(r#"{"tool_calls":[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]}"#, "null"),
        chat_chunk(r#"{"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"g","arguments":"{}"}}]}"#, "null"),
        chat_chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":\"\\u00"}}]}"#, "null"),
        chat_chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"e9\"}"}}]}"#, "null"),
        chat_chunk(r#"{"content":"x"}"#, "null").replace("\"index\":0", "\"index\":1"),
        chat_chunk(r#"{"refusal":"No."}"#, "null").replace(
            "\"finish_reason\"",
            r#""logprobs":{"content":null,"refusal":[{"token":"No","logprob":-0.0,"bytes":[78],"top_logprobs":[]}]},"finish_reason""#,
        ),
        chat_chunk("{}", "\"stop\"").replace("\"index\":0", "\"index\":1"),
        chat_chunk("{}", "\"tool_calls\""),
        fixtures::chat_usage_chunk(5, 30),
        DONE.to_owned(),
    ]
    .concat();
    let record = check_passes(&said, (5, 30));
    assert_eq!(record["tool_calls"], 2);
}

#[test]
fn case_10_no_done_after_a_stream_that_breaks_off() {
    let house = House::new(Upstream::start(|exchange| {
        exchange.begin_events()?;
        exchange.chunk(chat_chunk(r#"{"content":"Hel"}"#, "null"))?;
        match exchange.number {
            0 => exchange.cut(),
            1 => exchange.reset(),
            _ => exchange.end()?,
        }
        Ok(())
    }));
    for how in ["cut", "reset", "ended without its end"] {
        let reply = house.server.post(CHAT, ASK);
        let text = reply.text();
        assert_has(&text, &["Hel", "data: {\"error\":{\"message\":\"The provider's stream"]);
        assert!(!text.contains("[DONE]") && !text.contains("\"stop\""), "{how}: {text}");
        assert!(text.ends_with("}}\n\n"), "{how}: {text}");
        let record = house.server.record(&reply.call());
        assert_eq!((record["status"].as_str(), record["usage_certainty"].as_str()), (Some("failed"), Some("estimated")), "{how}");
        assert!(record["charged_nanousd"].as_i64().unwrap() > 0, "{how}: what was delivered is charged");
    }
    house.verify();
}

#[test]
fn case_11_an_error_in_mid_stream_is_passed_and_nothing_is_invented_after_it() {
    let error = "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n";
    for end in ["", DONE] {
        let said = [&chat_chunk(r#"{"content":"Hel"}"#, "null"), error, end].concat();
        let house = House::new(Upstream::events(said));
        let reply = house.server.post(CHAT, ASK);
        assert_eq!(reply.text(), chat_chunk(r#"{"content":"Hel"}"#, "null") + error);
        let record = house.server.record(&reply.call());
        assert_eq!((record["status"].as_str(), record["fault"]["code"].as_str()), (Some("failed"), Some("upstream_failed")), "{record}");
        house.verify();
    }
}

#[test]
fn cases_13_and_14_comments_crlf_bom_and_events_of_any_shape_pass() {
    let plain = fixtures::chat_stream_with_usage("Hi", 5, 3);
    check_passes(&plain.replace("data: ", ": keep-alive\n\n:\ndata: "), (5, 3));
    check_passes(&plain.replace('\n', "\r\n"), (5, 3));
    check_passes(&plain.replace("data: ", "data:"), (5, 3));
    check_passes(&format!("\u{feff}{plain}"), (5, 3));
    check_passes(&format!("retry: 3000\nid: 7\n\nevent: x.new\ndata: {{\"type\":\"x\"}}\n\n{plain}"), (5, 3));
    // One event in several lines of data, as the standard allows.
    let lines = plain.replace(",\"choices\"", "\ndata: ,\"choices\"");
    check_passes(&lines, (5, 3));
    // What Jeton asked for is taken out in all of these shapes.
    check_stream(ASK, &plain.replace('\n', "\r\n"), 5, &fixtures::chat_stream("Hi").replace('\n', "\r\n"), (5, 3));
}

#[test]
fn case_14_an_event_of_a_mebibyte_passes() {
    let huge = serde_json::json!({ "content": "é".repeat(512 * 1024) }).to_string();
    let said = [&chat_chunk(&huge, "null"), &chat_chunk("{}", "\"stop\""), &fixtures::chat_usage_chunk(5, 3), DONE].concat();
    check_stream(ASK_WITH_USAGE, &said, 60_000, &said, (5, 3));
}

#[test]
fn case_61_a_providers_refusal_keeps_its_status_and_its_words() {
    for status in [400, 401, 403, 404, 409, 413, 422, 429, 500, 503, 529] {
        let body = format!("{{ \"error\": {{\"message\":\"No, {status}\", \"type\":\"its_own\",\"code\":\"x\" , \"param\":null}}}}");
        let said = body.clone();
        let house = House::new(Upstream::start(move |exchange| exchange.document(status, &said)));
        for ask in [ODD, ASK] {
            let reply = house.server.post(CHAT, ask);
            assert_eq!((reply.status(), reply.text()), (status, body.clone()), "case 64: JSON, also for streams");
            assert_has(reply.header("content-type").unwrap(), &["application/json"]);
        }
        let record = &house.server.calls()[0];
        assert_eq!(
            (record["status"].as_str(), record["http_status"].as_u64(), record["charged_nanousd"].as_i64()),
            (Some("failed"), Some(u64::from(status)), Some(0))
        );
        house.verify();
    }
}

#[test]
fn case_62_a_providers_limits_do_not_leak_and_its_wish_to_wait_is_told_as_jetons() {
    let headers = [
        ("retry-after-ms", "1500"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "20s"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("set-cookie", "a=b"),
        ("x-request-id", "req_7"),
        ("openai-processing-ms", "12"),
        ("server", "cloudy"),
    ];
    let house = House::new(Upstream::start(move |exchange| exchange.document_with(429, &headers, r#"{"error":{"message":"slow down"}}"#)));
    let reply = house.server.post(CHAT, ODD);
    assert_eq!(reply.status(), 429);
    assert_eq!((reply.header("retry-after-ms"), reply.header("retry-after")), (Some("1500"), Some("2")));
    assert_eq!((reply.header("x-request-id"), reply.header("openai-processing-ms")), (Some("req_7"), Some("12")));
    for (name, _) in &reply.head.headers {
        assert!(!name.contains("ratelimit") && name != "set-cookie" && name != "server", "{name} leaks");
    }
}

#[test]
fn case_65_an_error_as_first_event_of_one_model_is_an_http_error() {
    let error = "data: {\"error\":{\"message\":\"Overloaded\",\"type\":\"overloaded_error\",\"code\":529}}\n\n";
    let house = House::new(Upstream::events(error));
    let reply = house.server.post(CHAT, ASK);
    assert_eq!(reply.status(), 529, "{}", reply.text());
    assert_has(reply.header("content-type").unwrap(), &["application/json"]);
    assert_has(&reply.text(), &["Overloaded"]);
    assert_eq!(reply.header("x-should-retry"), Some("true"));
}

#[test]
fn case_67_a_client_that_leaves_cuts_the_provider_and_is_charged_by_estimate() {
    let house = House::with(
        Upstream::start(|exchange| {
            exchange.begin_events()?;
            exchange.chunk(chat_chunk(r#"{"content":"twelve bytes"}"#, "null"))?;
            exchange.wait_for_close();
            Ok(())
        }),
        "[accounts.default]\nbudget = { usd = 1 }\n",
    );
    let mut stream = house.server.stream(CHAT, ASK);
    stream.read_until("twelve bytes");
    let call = stream.head.call();
    drop(stream);
    holds_eventually("the provider sees its client gone", || house.upstream.clients_gone() == 1);
    let record = house.server.record(&call);
    assert_eq!((record["status"].as_str(), record["usage_certainty"].as_str()), (Some("cancelled"), Some("estimated")));
    assert_eq!(record["usage"]["output"], 3, "case 68: twelve bytes are three tokens, estimated");
    assert!(record["charged_nanousd"].as_i64().unwrap() >= 6_000, "{record}");
    let account = &house.server.get("/api/accounts").json()["accounts"][0];
    assert_eq!((account["held_nanousd"].as_i64(), &account["spent_nanousd"]), (Some(0), &record["charged_nanousd"]), "the hold is released");
    house.verify();
}

#[test]
fn case_67_a_client_that_leaves_before_the_answer_begins_cuts_the_provider_too() {
    let house = House::new(Upstream::start(|exchange| {
        exchange.wait_for_close();
        Ok(())
    }));
    for body in [ASK, ODD] {
        let before = house.upstream.clients_gone();
        let mut connection = house.server.connect();
        connection.send(&Request::post(CHAT, body)).unwrap();
        holds_eventually("the provider is asked", || house.upstream.count() == before + 1);
        drop(connection);
        holds_eventually("the provider sees its client gone", || house.upstream.clients_gone() == before + 1);
    }
    holds_eventually("both calls are recorded", || house.server.calls().iter().filter(|call| call["status"] == "cancelled").count() == 2);
    assert!(house.server.calls().iter().all(|call| call["charged_nanousd"].as_i64().unwrap() > 0 && call["usage_certainty"] == "estimated"));
    house.verify();
}

#[test]
fn case_67_a_provider_that_is_drained_is_charged_by_its_own_figures() {
    let gate = jeton_testkit::Gate::new();
    let held = gate.clone();
    let upstream = Upstream::start(move |exchange| {
        exchange.begin_events()?;
        exchange.chunk(chat_chunk(r#"{"content":"Hel"}"#, "null"))?;
        held.pass();
        exchange.chunk(chat_chunk(r#"{"content":"lo"}"#, "\"stop\"") + &fixtures::chat_usage_chunk(50, 30) + DONE)?;
        exchange.end()
    });
    let drained = format!(
        "[providers.slow]\napi = \"openai\"\nbase_url = \"{}/v1\"\non_cancel = \"drain\"\n[models.\"slow/fast\"]\n{}",
        upstream.url(),
        crate::common::PRICES
    );
    let house = House::with(upstream, &drained);
    let mut stream = house.server.stream(CHAT, ASK.replace("acme/fast", "slow/fast"));
    stream.read_until("Hel");
    let call = stream.head.call();
    drop(stream);
    gate.open();
    let record = house.server.record(&call);
    assert_eq!((record["status"].as_str(), record["usage_certainty"].as_str()), (Some("cancelled"), Some("reported")), "{record}");
    assert_eq!((record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()), (Some(50), Some(30)));
    house.verify();
}

#[test]
fn case_70_compressed_bodies_chunked_bodies_and_expect_are_read() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let fast = ODD.replace("acme/fast", "fast");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut gzip, ODD.as_bytes()).unwrap();
    let reply = house.server.ask(&Request::post(CHAT, gzip.finish().unwrap()).header("content-encoding", "gzip"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().text(), fast);
    assert_eq!(house.upstream.last().header("content-encoding"), None);

    let mut connection = house.server.connect();
    let head = Request::new("POST", CHAT).header("expect", "100-continue").header("content-length", &ODD.len().to_string());
    connection.write(&head.head_bytes(house.server.address())).unwrap();
    assert_eq!(connection.read_head().unwrap().status, 100, "the body is asked for before it is sent");
    connection.write(ODD.as_bytes()).unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
    assert_eq!(house.upstream.last().text(), fast);
    assert_eq!(house.upstream.last().header("expect"), None);

    let head = Request::new("POST", CHAT).header("transfer-encoding", "chunked");
    connection.write(&head.head_bytes(house.server.address())).unwrap();
    for piece in ODD.as_bytes().chunks(31) {
        connection.write(format!("{:x}\r\n", piece.len()).as_bytes()).unwrap();
        connection.write(piece).unwrap();
        connection.write(b"\r\n").unwrap();
    }
    connection.write(b"0\r\n\r\n").unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
    assert_eq!(house.upstream.last().text(), fast);
}

#[test]
fn case_70_a_large_body_passes_unchanged() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let body = ODD.replace("caf", &"long ".repeat(800_000));
    assert_eq!(house.server.post(CHAT, body.as_str()).status(), 200);
    assert!(house.upstream.last().body == body.replace("acme/fast", "fast").into_bytes(), "four megabytes differ");
}

#[test]
fn case_71_each_event_is_there_before_the_next_is_sent() {
    let gate = jeton_testkit::Gate::new();
    let held = gate.clone();
    let house = House::new(Upstream::start(move |exchange| {
        exchange.begin_events()?;
        for number in 0..20 {
            exchange.chunk(chat_chunk(&format!("{{\"content\":\"<{number}>\"}}"), "null"))?;
            held.pass();
        }
        exchange.chunk(chat_chunk("{}", "\"stop\"") + &fixtures::chat_usage_chunk(5, 3) + DONE)?;
        exchange.end()
    }));
    let mut stream = house.server.connect().begin(&Request::post(CHAT, ASK).header("accept-encoding", "gzip, br"));
    assert_eq!(stream.head.header("content-encoding"), None);
    for number in 0..20 {
        stream.read_until(&format!("<{number}>"));
        gate.let_through(1);
    }
    assert!(String::from_utf8(stream.to_end().unwrap()).unwrap().ends_with(DONE));
}

#[test]
fn cases_74_and_75_unknown_members_parts_and_values_pass() {
    let body = r#"{"model":"acme/fast","modalities":["text","smell"],"messages":[{"role":"alien","content":[{"type":"hologram","hologram":{"x":1}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}]}],"reasoning_effort":"absurd","service_tier":"turbo"}"#;
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    assert_eq!(house.server.post(CHAT, body).status(), 200);
    assert_eq!(house.upstream.last().text(), body.replace("acme/fast", "fast"));
}

#[test]
fn case_76_model_names_with_slashes_and_colons_arrive_as_the_providers_own() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    for name in ["meta-llama/Llama-3:free", "a/b/c:latest", "ft:gpt:acme::id"] {
        let reply = house.server.post(CHAT, ODD.replace("acme/fast", &format!("acme/{name}")));
        assert_eq!(reply.status(), 200, "{}", reply.text());
        assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", name));
        assert_eq!(house.upstream.last().target, "/v1/chat/completions", "a name never becomes part of a path");
        assert_eq!(house.server.record(&reply.call())["model"], format!("acme/{name}"));
    }
    // Escaped in JSON, it is still the same name.
    assert_eq!(house.server.post(CHAT, ODD.replace("acme/fast", "acme\\/f\\u0061st")).status(), 200);
    assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", "fast"));
}

#[test]
fn a_bare_name_is_found_and_an_unknown_one_names_the_nearest() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let reply = house.server.post(CHAT, ODD.replace("acme/fast", "fast"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", "fast"), "no byte had to change");
    let reply = house.server.post(CHAT, ODD.replace("acme/fast", "fasd"));
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (404, Some("model_not_found")));
    assert_has(&reply.text(), &["no model `fasd`", "The nearest are `acme/fast`"]);
    let reply = house.server.post("/v1/embeddings", r#"{"model":"claudia/x","input":"hi"}"#);
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (400, Some("dialect_mismatch")));
    assert_has(&reply.text(), &["`claudia/x` is not served at /v1/embeddings", "/v1/chat/completions", "/v1/messages"]);
}

#[test]
fn case_71_a_client_that_does_not_read_holds_its_provider_back() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let event = chat_chunk(&format!("{{\"content\":\"{}\"}}", "x".repeat(64 * 1024)), "null");
    let house = House::new(Upstream::start(move |exchange| {
        exchange.begin_events()?;
        for _ in 0..4_000 {
            exchange.chunk(&event)?;
            counted.fetch_add(event.len(), Ordering::SeqCst);
        }
        exchange.end()
    }));
    let mut stream = house.server.stream(CHAT, ASK);
    stream.read_until("xxxx");
    // What the sockets hold goes out; then nothing more does.
    let (mut before, mut unchanged) = (usize::MAX, 0);
    holds_eventually("the provider is held back", || {
        let now = sent.load(Ordering::SeqCst);
        unchanged = if std::mem::replace(&mut before, now) == now { unchanged + 1 } else { 0 };
        unchanged > 50
    });
    assert!(before < 64 << 20, "{before} of 250 MiB were taken from the provider for a client that reads nothing");
    let call = stream.head.call();
    drop(stream);
    assert_eq!(house.server.record(&call)["status"], "cancelled");
    house.verify();
}

#[test]
fn parallel_streams_are_not_mixed_up() {
    let house = House::new(Upstream::start(|exchange| {
        let asked = exchange.request.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
        let said = fixtures::chat_stream_with_usage(&asked.repeat(200), 5, 3);
        exchange.events(&said.as_bytes().chunks(501).collect::<Vec<_>>())
    }));
    std::thread::scope(|scope| {
        for client in 0..40 {
            let server = &house.server;
            scope.spawn(move || {
                let mut connection = server.connect();
                for round in 0..5 {
                    let mine = format!("<{client}.{round}>");
                    let reply = connection.ask(&Request::post(CHAT, ASK.replace("Hi", &mine)));
                    assert_eq!(reply.text(), fixtures::chat_stream(&mine.repeat(200)));
                }
            });
        }
    });
    let calls = house.server.calls();
    assert_eq!((calls.len(), calls.iter().filter(|call| call["status"] == "ok" && call["cost_nanousd"] == 11_000).count()), (200, 200));
    house.verify();
}

#[test]
fn case_69_the_only_model_must_show_content_in_time_too() {
    let house = House::with(
        Upstream::start(|exchange| {
            exchange.begin_events()?;
            exchange.chunk(chat_chunk(r#"{"role":"assistant","content":""}"#, "null"))?;
            exchange.wait_for_close();
            Ok(())
        }),
        "[timeouts]\nfirst_content_ms = 300\n",
    );
    let reply = house.server.post(CHAT, ASK);
    assert!(!reply.text().contains("[DONE]"));
    assert_has(&reply.text(), &["\"error\"", "timeout"]);
    assert_eq!(house.server.record(&reply.call())["status"], "failed");
    house.verify();
}

#[test]
fn all_calls_together_hold_no_more_bytes_than_they_may() {
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), "[gateway]\nbuffer_limit_bytes = 100000\n");
    let large = ODD.replace("caf", &"long ".repeat(30_000));
    let reply = house.server.post(CHAT, large);
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (503, Some("memory_bound")));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(house.server.post(CHAT, ODD).status(), 200, "and give back what they held");
}
