//! A server's life beside its calls: stops, silent and slow clients, bounds, timers of the first content.

use crate::common::{CHAT, House, MESSAGES, PRICES, RESPONSES, assert_has};
use jeton_testkit::fixtures::{self, DONE, chat_chunk, event, messages_opening};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Gate, Upstream, eventually, holds_eventually};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ASK: &str = r#"{"model":"acme/fast","messages":[]}"#;
const ASK_MESSAGES: &str = r#"{"model":"claudia/x","max_tokens":9,"messages":[]}"#;
const ASK_RESPONSES: &str = r#"{"model":"acme/fast","input":"Hi"}"#;

fn streamed(body: &str) -> String {
    body.replacen('{', r#"{"stream":true,"#, 1)
}

/// A provider that answers each request when the gate lets it.
fn gated(gate: &Gate) -> Upstream {
    let held = gate.clone();
    Upstream::start(move |exchange| {
        held.pass();
        exchange.document(200, fixtures::chat_document(5, 3))
    })
}

#[test]
fn a_stop_closes_idle_connections_at_once_and_answers_what_is_under_way() {
    for signal in ["TERM", "INT"] {
        let gate = Gate::new();
        let mut house = House::new(gated(&gate));
        let mut idle = house.server.connect();
        assert_eq!(idle.ask(&Request::get("/readyz")).json()["ready"], true);
        let mut under_way = house.server.connect();
        under_way.send(&Request::post(CHAT, ASK)).unwrap();
        holds_eventually("the provider was asked", || house.upstream.count() == 1);
        house.server.signal(signal);
        assert!(idle.is_closed_by_server(), "{signal}");
        gate.open();
        assert_eq!(under_way.reply().unwrap().status(), 200, "{signal}");
        assert!(under_way.is_closed_by_server(), "{signal}: it is not kept for a further call");
        assert_eq!(house.server.wait().code(), Some(0), "{signal}");
        house.verify();
    }
}

#[test]
fn only_what_waits_for_the_client_is_closed_for_its_silence() {
    let gate = Gate::new();
    let house = House::with(gated(&gate), "[gateway]\nidle_timeout_ms = 300\nheader_timeout_ms = 300\n");
    let mut under_way = house.server.connect();
    under_way.send(&Request::post(CHAT, ASK)).unwrap();
    holds_eventually("the provider was asked", || house.upstream.count() == 1);
    // Both begin to be silent later than the call, so it has waited longer when they are closed.
    let mut idle = house.server.connect();
    assert_eq!(idle.ask(&Request::get("/healthz")).status(), 200);
    let mut headless = house.server.connect();
    headless.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a").unwrap();
    assert!(idle.is_closed_by_server() && headless.is_closed_by_server());
    gate.open();
    assert_eq!(under_way.reply().unwrap().status(), 200, "a provider's slowness is not the client's");
    house.verify();
}

#[test]
fn a_client_that_does_not_read_slows_its_provider_down_and_is_closed_in_time() {
    const PIECES: usize = 4_000;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let house = House::with(
        Upstream::start(move |exchange| {
            let piece = chat_chunk(&format!(r#"{{"content":"{}"}}"#, "long ".repeat(10_000)), "null");
            exchange.begin_events()?;
            for _ in 0..PIECES {
                exchange.chunk(&piece)?;
                counted.fetch_add(1, Ordering::SeqCst);
            }
            exchange.chunk(DONE)?;
            exchange.end()
        }),
        "[gateway]\nidle_timeout_ms = 300\n",
    );
    let stream = house.server.stream(CHAT, streamed(ASK));
    let call = stream.head.call();
    let record = house.server.record(&call);
    assert_eq!(record["status"], "cancelled", "{record}");
    // Both sockets hold some; beyond that, nothing is read ahead of the client.
    let pieces = sent.load(Ordering::SeqCst);
    assert!(pieces < PIECES / 4, "{pieces} of {PIECES} pieces of 50 kB were taken from the provider");
    assert!(record["charged_nanousd"].as_i64().unwrap() > 0, "what was produced is paid for");
    drop(stream);
    house.verify();
}

#[test]
fn the_body_limit_is_exact_and_told_in_each_dialect() {
    let answers = Upstream::start(|exchange| match exchange.request.target.as_str() {
        "/v1/messages" => exchange.document(200, fixtures::messages_document(5, 3)),
        "/v1/responses" => exchange.document(200, fixtures::responses_document(5, 3)),
        _ => exchange.document(200, fixtures::chat_document(5, 3)),
    });
    let house = House::with(answers, "[gateway]\nbody_limit_bytes = 1024\n");
    for (path, body, kind) in
        [(CHAT, ASK, "invalid_request_error"), (RESPONSES, ASK_RESPONSES, "invalid_request_error"), (MESSAGES, ASK_MESSAGES, "request_too_large")]
    {
        let padded = |bytes: usize| body.to_owned() + &" ".repeat(bytes - body.len());
        assert_eq!(house.server.post(path, padded(1024)).status(), 200, "{path}");
        let reply = house.server.post(path, padded(1025));
        assert_eq!((reply.status(), reply.json()["error"]["type"].as_str()), (413, Some(kind)), "{path}: {}", reply.text());
        assert_eq!(reply.json()["type"].as_str(), (path == MESSAGES).then_some("error"));
        assert_eq!(house.server.record(&reply.call())["status"], "refused");
    }
    house.verify();
}

#[test]
fn what_one_client_uploads_counts_against_the_memory_of_all() {
    let house = House::with(Upstream::document(fixtures::messages_document(5, 3)), "[gateway]\nbuffer_limit_bytes = 100000\n");
    let mut slow = house.server.connect();
    slow.write(&Request::post(CHAT, "").header("content-length", "95000").head_bytes(house.server.address())).unwrap();
    slow.write(&[b' '; 90_000]).unwrap();
    let large = ASK_MESSAGES.to_owned() + &" ".repeat(20_000);
    holds_eventually("the upload is held", || house.server.get("/metrics").text().contains("jeton_buffered_bytes 90000"));
    let full = house.server.post(MESSAGES, large.as_str());
    assert_eq!(full.status(), 503, "{}", full.text());
    assert_eq!((full.json()["error"]["type"].as_str(), full.json()["error"]["code"].as_str()), (Some("overloaded_error"), Some("memory_bound")));
    assert!(full.header("retry-after").is_some(), "{full:?}");
    assert_has(full.json()["error"]["message"].as_str().unwrap(), &["gateway.buffer_limit_bytes"]);
    drop(slow);
    eventually("its client gone, there is room again", || (house.server.post(MESSAGES, large.as_str()).status() == 200).then_some(()));
    house.verify();
}

#[test]
fn a_document_that_passes_the_memory_of_all_is_told_as_our_bound_and_tried_nowhere_else() {
    let large = |exchange: &mut Exchange| exchange.document(200, " ".repeat(200_000));
    let second = Upstream::document(fixtures::chat_document(5, 3));
    let more = format!(
        "[gateway]\nbuffer_limit_bytes = 100000\n[providers.second]\napi = \"openai\"\nbase_url = \"{}/v1\"\n[routes.two]\ntry = [\"acme/fast\", \"second/fast\"]\n",
        second.url()
    );
    let house = House::with(Upstream::start(large), &more);
    let reply = house.server.post(CHAT, ASK.replace("acme/fast", "two"));
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str(), second.count()), (503, Some("memory_bound"), 0), "{}", reply.text());
    assert!(house.server.record(&reply.call())["charged_nanousd"].as_i64().unwrap() > 0, "the provider did its work");
    house.verify();
}

#[test]
fn who_asks_first_whether_to_send_is_told_to_go_on() {
    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let mut connection = house.server.connect();
    let request = Request::post(CHAT, ASK).header("expect", "100-continue");
    connection.write(&request.head_bytes(house.server.address())).unwrap();
    assert_eq!(connection.read_head().unwrap().status, 100);
    connection.write(ASK.as_bytes()).unwrap();
    assert_eq!(connection.reply().unwrap().status(), 200);
    assert_eq!(house.upstream.last().header("expect"), None);
    // The same connection serves on, requests sent without waiting too, in their order.
    connection.send(&Request::post(CHAT, ASK)).unwrap();
    connection.send(&Request::get("/healthz")).unwrap();
    assert_has(&connection.reply().unwrap().text(), &["chat.completion"]);
    assert_has(&connection.reply().unwrap().text(), &["ok"]);
}

/// Begins a stream as `opening` does and then says nothing any more.
fn opens_and_falls_silent(opening: impl Fn(&Exchange) -> String + Send + Sync + 'static) -> Upstream {
    Upstream::start(move |exchange| {
        let opening = opening(exchange);
        exchange.begin_events()?;
        exchange.chunk(opening)?;
        exchange.wait_for_close();
        Ok(())
    })
}

/// The events with which each endpoint opens a stream before there is any content.
fn opening(exchange: &Exchange) -> String {
    match exchange.request.target.as_str() {
        "/v1/messages" => messages_opening(5) + &event("ping", r#"{"type": "ping"}"#),
        "/v1/responses" => event("response.created", r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","status":"in_progress"}}"#),
        _ => ": ping\n\n".to_owned() + &chat_chunk(r#"{"role":"assistant","content":""}"#, "null"),
    }
}

#[test]
fn case_69_an_opening_event_without_content_ends_with_an_error_in_every_dialect() {
    let house = House::with(opens_and_falls_silent(opening), "[timeouts]\nfirst_content_ms = 200\n");
    for (path, body, opens, ends, error, never) in [
        (CHAT, ASK, "\"role\":\"assistant\"", "data: {\"error\":", "\"timeout\"", "[DONE]"),
        (MESSAGES, ASK_MESSAGES, "event: message_start", "event: error\ndata: {\"type\":\"error\"", "timeout_error", "message_stop"),
        (RESPONSES, ASK_RESPONSES, "event: response.created", "event: error\ndata: {\"type\":\"error\"", "timeout", "response.completed"),
    ] {
        let reply = house.server.post(path, streamed(body));
        assert_eq!(reply.status(), 200, "{path}");
        assert_has(&reply.text(), &[opens, ends]);
        assert!(reply.text().contains(error) && !reply.text().contains(never), "{path}: {}", reply.text());
        let record = house.server.record(&reply.call());
        assert_eq!((record["status"].as_str(), record["fault"]["code"].as_str()), (Some("failed"), Some("timeout")), "{path}: {record}");
        assert_eq!(record["first_content_us"], serde_json::Value::Null, "an opening is no content");
    }
    holds_eventually("the provider is cut off", || house.upstream.clients_gone() == 3);
    house.verify();
}

#[test]
fn case_69_in_a_route_the_next_model_answers_and_nothing_of_the_first_is_seen() {
    let silent = opens_and_falls_silent(opening);
    let second = Upstream::start(|exchange| match exchange.request.target.as_str() {
        "/v1/messages" => exchange.events(&[fixtures::messages_stream("Second", 5, 3).as_bytes()]),
        _ => exchange.events(&[fixtures::responses_stream("Second", 5, 3, "completed").as_bytes()]),
    });
    let url = silent.url();
    let house = House::with(
        second,
        &format!(
            "[timeouts]\nfirst_content_ms = 200\n[providers.mute]\napi = \"anthropic\"\nbase_url = \"{url}\"\n[providers.dumb]\napi = \"openai\"\nbase_url = \"{url}/v1\"\n\
             [models.\"mute/x\"]\n{PRICES}[models.\"dumb/fast\"]\n{PRICES}[routes.m]\ntry = [\"mute/x\", \"claudia/x\"]\n[routes.r]\ntry = [\"dumb/fast\", \"acme/fast\"]\n"
        ),
    );
    for (path, body, expected) in [
        (MESSAGES, ASK_MESSAGES.replace("claudia/x", "m"), fixtures::messages_stream("Second", 5, 3)),
        (RESPONSES, ASK_RESPONSES.replace("acme/fast", "r"), fixtures::responses_stream("Second", 5, 3, "completed")),
    ] {
        let reply = house.server.post(path, streamed(&body));
        assert_eq!((reply.status(), reply.text()), (200, expected), "{path}");
        let record = house.server.record(&reply.call());
        let outcomes: Vec<&str> = record["tries"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
        assert_eq!((record["status"].as_str(), outcomes), (Some("ok"), vec!["body_timeout", "ok"]), "{path}");
    }
    holds_eventually("the first is cut off", || silent.clients_gone() == 2);
    house.verify();
}
