//! Messages through the real binary: same dialect, same bytes.

use crate::common::{House, MESSAGES, assert_has};
use jeton_testkit::fixtures::{self, event, messages_closing, messages_opening};
use jeton_testkit::http::Request;
use jeton_testkit::{Upstream, holds_eventually};
use serde_json::Value;

/// A request whose cached prefix a serialiser would change: white space, order, escapes, number forms, duplicates.
const ODD: &str = "{\"max_tokens\":1024 ,\n \"model\":\"claudia/x\", \"system\" : [ {\"type\":\"text\",\"text\":\"Caf\\u00e9\\/\",\"cache_control\":{\"ttl\":\"1h\",\"type\":\"ephemeral\"}} ],\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"a\",\"type\":\"text\",\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"iVBORw0KGgo=\"}}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"Eq+/==\"},{\"type\":\"redacted_thinking\",\"data\":\"Zm9v\"},{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{\"b\":1.0,\"a\":1.00}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_1\",\"is_error\":false,\"content\":\"x\"}]}],\"metadata\":{\"user_id\":\"u\"},\"temperature\":1.0,\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\",\"properties\":{}}},{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"tool_choice\":{\"type\":\"auto\",\"disable_parallel_tool_use\":true},\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},\"x\":1,\"x\":2}";

const ASK: &str = r#"{"model":"claudia/x","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;

/// Streams `said` in chunks of so many bytes; it must arrive byte for byte. Gives the record.
#[track_caller]
fn check_passes(said: &str, used: (u64, u64)) -> Value {
    let mut record = Value::Null;
    for pieces in [5, usize::MAX] {
        let bytes = said.as_bytes().to_vec();
        let house = House::new(Upstream::start(move |exchange| exchange.events(&bytes.chunks(pieces).collect::<Vec<_>>())));
        let reply = house.server.post(MESSAGES, ASK);
        assert_eq!((reply.status(), reply.text().as_str()), (200, said), "in pieces of {pieces}");
        record = house.server.record(&reply.call());
        assert_eq!((record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()), (Some(used.0), Some(used.1)), "{record}");
        assert_eq!((record["status"].as_str(), record["usage_certainty"].as_str()), (Some("ok"), Some("reported")));
        house.verify();
    }
    record
}

fn delta(index: u64, delta: &str) -> String {
    event("content_block_delta", &format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#))
}

fn block(index: u64, start: &str, deltas: &[&str]) -> String {
    let mut said = event("content_block_start", &format!(r#"{{"type":"content_block_start","index":{index},"content_block":{start}}}"#));
    deltas.iter().for_each(|one| said.push_str(&delta(index, one)));
    said + &event("content_block_stop", &format!(r#"{{"type":"content_block_stop","index":{index}}}"#))
}

#[test]
fn cases_42_43_request_bytes_arrive_as_sent_except_the_model() {
    let odd = " {\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"x-1\",\"content\":[{\"type\":\"text\",\"text\":\"\\u00e9\"}],\"stop_reason\":\"pause_turn\",\"usage\":{\"input_tokens\":5,\"output_tokens\":3,\"cache_read_input_tokens\":100,\"cache_creation_input_tokens\":20,\"cache_creation\":{\"ephemeral_5m_input_tokens\":5,\"ephemeral_1h_input_tokens\":15}}}\n";
    let house = House::new(Upstream::document(odd));
    let reply = house.server.post(MESSAGES, ODD);
    assert_eq!((reply.status(), reply.text().as_str()), (200, odd));
    assert_eq!(house.upstream.last().text(), ODD.replace("claudia/x", "x"));
    assert_eq!(house.upstream.last().target, "/v1/messages");
    let usage = house.server.record(&reply.call())["usage"].clone();
    // Cases 21 and 22: cache reads and both classes of writes are counted apart.
    assert_eq!(
        (usage["input"].as_u64(), usage["cache_read"].as_u64(), usage["cache_write"].as_u64(), usage["cache_write_1h"].as_u64()),
        (Some(5), Some(100), Some(5), Some(15))
    );
    house.verify();
}

#[test]
fn case_52_version_beta_and_query_pass_and_a_missing_version_is_put_in() {
    let house = House::new(Upstream::document(fixtures::messages_document(5, 3)));
    let request = Request::post(&format!("{MESSAGES}?beta=true"), ODD).header("anthropic-version", "2024-01-01").header("anthropic-beta", "a-1,b-2");
    assert_eq!(house.server.ask(&request).status(), 200);
    let sent = house.upstream.last();
    assert_eq!(
        (sent.header("anthropic-version"), sent.header("anthropic-beta"), sent.target.as_str()),
        (Some("2024-01-01"), Some("a-1,b-2"), "/v1/messages?beta=true")
    );
    assert_eq!(house.server.post(MESSAGES, ODD).status(), 200);
    assert_eq!(house.upstream.last().header("anthropic-version"), Some("2023-06-01"));
}

#[test]
fn cases_29_30_the_official_order_passes() {
    let record = check_passes(&fixtures::messages_stream("Grüße 🌍", 5, 3), (5, 3));
    assert_eq!(record["finish_reason"], "end_turn");
}

#[test]
fn cases_31_34_to_36_38_to_41_blocks_of_every_kind_pass_byte_for_byte() {
    let said = [
        event("ping", r#"{"type": "ping"}"#),
        messages_opening(5),
        block(
            0,
            r#"{"type":"thinking","thinking":"","signature":""}"#,
            &[r#"{"type":"thinking_delta","thinking":"hm"}"#, r#"{"type":"signature_delta","signature":"Eq+\/=="}"#],
        ),
        event("ping", r#"{"type": "ping"}"#),
        block(1, r#"{"type":"redacted_thinking","data":"Zm9v"}"#, &[]),
        block(
            2,
            r#"{"type":"text","text":"F"}"#,
            &[r#"{"type":"text_delta","text":"irst"}"#, r#"{"type":"citations_delta","citation":{"type":"page_location","cited_text":"x"}}"#],
        ),
        block(
            3,
            r#"{"type":"tool_use","id":"toolu_1","name":"f","input":{}}"#,
            &[
                r#"{"type":"input_json_delta","partial_json":""}"#,
                r#"{"type":"input_json_delta","partial_json":"{\"a\": \"\\u00"}"#,
                r#"{"type":"input_json_delta","partial_json":"e9\"}"}"#,
            ],
        ),
        block(4, r#"{"type":"thinking","thinking":"","signature":""}"#, &[r#"{"type":"thinking_delta","thinking":"again"}"#]),
        block(5, r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#, &[]),
        block(6, r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#, &[]),
        block(7, r#"{"type":"quantum","x":1}"#, &[r#"{"type":"quantum_delta","x":2}"#]),
        event("brand_new_event", r#"{"type":"brand_new_event","a":[1,2.50]}"#),
        messages_closing(30),
    ]
    .concat();
    let record = check_passes(&said, (5, 30));
    assert_eq!(record["tool_calls"], 1, "case 40: a server tool is not a client's tool call");
}

#[test]
fn case_33_usage_of_the_last_delta_is_cumulative_and_absent_is_not_zero() {
    let start = messages_opening(5).replace("\"cache_read_input_tokens\":0", "\"cache_read_input_tokens\":100");
    let text = block(0, r#"{"type":"text","text":""}"#, &[r#"{"type":"text_delta","text":"Hi"}"#]);
    let restating = messages_closing(30).replace("\"usage\":{", "\"usage\":{\"input_tokens\":7,\"cache_read_input_tokens\":90,");
    let record = check_passes(&[start.as_str(), &text, &restating].concat(), (7, 30));
    assert_eq!(record["usage"]["cache_read"], 90, "restated: the last counts");
    let record = check_passes(&[start.as_str(), &text, &messages_closing(30)].concat(), (5, 30));
    assert_eq!(record["usage"]["cache_read"], 100, "not restated: the first stays");
}

#[test]
fn case_32_an_error_event_in_mid_stream_is_passed_and_ends_it() {
    let begun = messages_opening(5) + &block(0, r#"{"type":"text","text":""}"#, &[r#"{"type":"text_delta","text":"Hi"}"#]);
    let error = event("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    let house = House::new(Upstream::events(format!("{begun}{error}")));
    let reply = house.server.post(MESSAGES, ASK);
    assert_eq!(reply.text(), begun + &error);
    let record = house.server.record(&reply.call());
    assert_eq!((record["status"].as_str(), record["fault"]["code"].as_str()), (Some("failed"), Some("overloaded")));
    assert_eq!(
        (record["usage"]["input"].as_u64(), record["usage_certainty"].as_str()),
        (Some(5), Some("estimated")),
        "case 68: the input is exact, the output is not"
    );
    house.verify();
}

#[test]
fn case_65_an_error_as_first_event_is_an_http_error_in_this_dialect() {
    let house = House::new(Upstream::events(event("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)));
    let reply = house.server.post(MESSAGES, ASK);
    assert_eq!(reply.status(), 529, "{}", reply.text());
    let body = reply.json();
    assert_eq!((body["type"].as_str(), body["error"]["type"].as_str()), (Some("error"), Some("overloaded_error")));
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error_event_and_no_message_stop() {
    let house = House::new(Upstream::start(|exchange| {
        exchange.begin_events()?;
        exchange.chunk(messages_opening(500) + &delta(0, r#"{"type":"text_delta","text":"Hello"}"#))?;
        if exchange.number == 0 {
            exchange.cut()
        } else {
            exchange.end()?
        }
        Ok(())
    }));
    for _ in 0..2 {
        let reply = house.server.post(MESSAGES, ASK);
        let text = reply.text();
        assert_has(&text, &["Hello", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"The provider's stream"]);
        assert!(!text.contains("message_stop"), "{text}");
        let record = house.server.record(&reply.call());
        assert_eq!((record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()), (Some(500), Some(2)), "case 68");
    }
    house.verify();
}

#[test]
fn case_61_a_providers_refusal_keeps_its_status_and_its_words() {
    for (status, kind) in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (529, "overloaded_error"),
    ] {
        let body = format!("{{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"No\"}},\"request_id\":\"req_1\"}}");
        let said = body.clone();
        let house = House::new(Upstream::start(move |exchange| {
            exchange.document_with(status, &[("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:00Z"), ("request-id", "req_1")], &said)
        }));
        let reply = house.server.post(MESSAGES, ASK);
        assert_eq!((reply.status(), reply.text()), (status, body));
        assert_eq!((reply.header("request-id"), reply.header("anthropic-ratelimit-tokens-reset")), (Some("req_1"), None), "case 62");
    }
}

#[test]
fn case_67_a_client_that_leaves_cuts_the_provider() {
    let house = House::new(Upstream::start(|exchange| {
        exchange.begin_events()?;
        exchange.chunk(messages_opening(777) + &delta(0, r#"{"type":"thinking_delta","thinking":"Hello, you"}"#))?;
        exchange.wait_for_close();
        Ok(())
    }));
    let mut stream = house.server.stream(MESSAGES, ASK);
    stream.read_until("Hello, you");
    let call = stream.head.call();
    drop(stream);
    holds_eventually("the provider sees its client gone", || house.upstream.clients_gone() == 1);
    let record = house.server.record(&call);
    assert_eq!(record["status"], "cancelled");
    assert_eq!(
        (record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()),
        (Some(777), Some(3)),
        "case 68: exact input, counted output, hidden reasoning as well"
    );
    house.verify();
}

#[test]
fn tokens_are_counted_for_nothing_by_the_provider_itself() {
    let house = House::with(Upstream::document("{ \"input_tokens\" : 42 }"), "[accounts.default]\nbudget = { usd = 0.0000001 }\n");
    let body = r#"{"model":"claudia/x","messages":[{"role":"user","content":"Hi"}]}"#;
    let reply = house.server.post("/v1/messages/count_tokens", body);
    assert_eq!((reply.status(), reply.text().as_str()), (200, "{ \"input_tokens\" : 42 }"));
    assert_eq!((house.upstream.last().target.as_str(), house.upstream.last().text()), ("/v1/messages/count_tokens", body.replace("claudia/x", "x")));
    let record = house.server.record(&reply.call());
    assert_eq!((record["endpoint"].as_str(), record["charged_nanousd"].as_i64()), (Some("count_tokens"), Some(0)));
}
