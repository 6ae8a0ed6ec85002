//! Responses and embeddings through the real binary: same dialect, same bytes.

use crate::common::{House, PRICES, RESPONSES, assert_has};
use jeton_testkit::Upstream;
use jeton_testkit::fixtures::{self, event};
use serde_json::Value;

const ODD: &str = "{\"input\" : [ {\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"caf\\u00e9\"}]},{\"type\":\"reasoning\",\"id\":\"rs_1\",\"encrypted_content\":\"gAAA==\",\"summary\":[]},{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"call_1\",\"name\":\"f\",\"arguments\":\"{ }\"},{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"1.00\"},{\"type\":\"custom_tool_call\",\"call_id\":\"call_2\",\"name\":\"g\",\"input\":\"free text\"}],\n\"model\": \"acme/fast\",\"temperature\":1.0 , \"text\":{\"format\":{\"type\":\"text\"}},\"x\":1,\"x\":[]}";

const ASK: &str = r#"{"model":"acme/fast","stream":true,"input":"Hi"}"#;

#[track_caller]
fn check_passes(said: &str, used: (u64, u64)) -> Value {
    let mut record = Value::Null;
    for pieces in [9, usize::MAX] {
        let bytes = said.as_bytes().to_vec();
        let house = House::new(Upstream::start(move |exchange| exchange.events(&bytes.chunks(pieces).collect::<Vec<_>>())));
        let reply = house.server.post(RESPONSES, ASK);
        assert_eq!((reply.status(), reply.text().as_str()), (200, said), "in pieces of {pieces}");
        assert_eq!(house.upstream.last().text(), ASK.replace("acme/fast", "fast"), "usage comes by itself: nothing is asked for");
        record = house.server.record(&reply.call());
        assert_eq!((record["usage"]["input"].as_u64(), record["usage"]["output"].as_u64()), (Some(used.0), Some(used.1)), "{record}");
        house.verify();
    }
    record
}

#[test]
fn cases_58_60_request_bytes_arrive_as_sent_except_the_model() {
    let odd = " {\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\",\"output\":[{\"type\":\"reasoning\",\"encrypted_content\":\"g==\"}],\"usage\":{\"input_tokens\":50,\"input_tokens_details\":{\"cached_tokens\":40},\"output_tokens\":30,\"output_tokens_details\":{\"reasoning_tokens\":20},\"total_tokens\":80},\"temperature\":1.00}";
    let house = House::new(Upstream::document(odd));
    let reply = house.server.post(RESPONSES, ODD);
    assert_eq!((reply.status(), reply.text().as_str()), (200, odd));
    assert_eq!(house.upstream.last().text(), ODD.replace("acme/fast", "fast"));
    assert_eq!(house.upstream.last().target, "/v1/responses");
    let record = house.server.record(&reply.call());
    let usage = &record["usage"];
    assert_eq!(
        (usage["input"].as_u64(), usage["cache_read"].as_u64(), usage["output"].as_u64(), usage["reasoning"].as_u64()),
        (Some(10), Some(40), Some(30), Some(20)),
        "case 21: cached tokens are part of OpenAI's input"
    );
    assert_eq!(record["cost_nanousd"], 10 * 1_000 + 40 * 100 + 30 * 2_000);
    house.verify();
}

#[test]
fn cases_55_to_57_every_event_passes_and_no_done_is_put_behind() {
    for (end, status) in [("completed", "ok"), ("incomplete", "ok")] {
        let record = check_passes(&fixtures::responses_stream("Grüße 🌍", 5, 3, end), (5, 3));
        assert_eq!(record["status"], status, "{end}");
    }
    let strange = fixtures::responses_stream("Hi", 5, 3, "completed").replacen(
        "event: response.in_progress",
        ": note\n\nevent: response.brand_new\ndata: {\"type\":\"response.brand_new\",\"sequence_number\":1}\n\nevent: response.in_progress",
        1,
    );
    check_passes(&strange, (5, 3));
}

#[test]
fn case_56_a_failed_response_passes_and_is_recorded_as_failed() {
    let failed = fixtures::responses_stream("Hi", 5, 3, "failed")
        .replace("\"status\":\"failed\"", "\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"Broken\"}");
    let house = House::new(Upstream::events(failed.clone()));
    let reply = house.server.post(RESPONSES, ASK);
    assert_eq!(reply.text(), failed);
    let record = house.server.record(&reply.call());
    assert_eq!((record["status"].as_str(), record["charged_nanousd"].as_i64()), (Some("failed"), Some(11_000)), "{record}");
    house.verify();
}

#[test]
fn a_stream_that_breaks_off_ends_with_a_numbered_error_event() {
    let all = fixtures::responses_stream("Hello", 5, 3, "completed");
    let begun = all[..all.find("event: response.output_text.done").unwrap()].to_owned();
    let house = House::new(Upstream::start(move |exchange| {
        exchange.begin_events()?;
        exchange.chunk(&begun)?;
        exchange.cut();
        Ok(())
    }));
    let text = house.server.post(RESPONSES, ASK).text();
    let error = text.rsplit("data: ").next().unwrap();
    let error: Value = serde_json::from_str(error.trim()).unwrap();
    assert_eq!((error["type"].as_str(), error["sequence_number"].as_u64(), error["code"].as_str()), (Some("error"), Some(5), Some("upstream_failed")));
    assert!(!text.contains("response.completed") && !text.contains("[DONE]"));
    house.verify();
}

#[test]
fn case_65_a_failure_before_any_content_is_an_http_error() {
    let error = event("error", r#"{"type":"error","code":"rate_limit_exceeded","message":"Slow down","param":null,"sequence_number":0}"#);
    let house = House::new(Upstream::events(error));
    let reply = house.server.post(RESPONSES, ASK);
    assert_eq!(reply.status(), 429, "{}", reply.text());
    assert_has(&reply.text(), &["Slow down"]);
}

#[test]
fn case_59_what_rests_on_stored_state_is_pinned_or_refused() {
    let upstream = Upstream::document(fixtures::responses_document(5, 3));
    let routes = format!(
        "[providers.other]\napi = \"openai\"\nbase_url = \"{}/v1\"\n[models.\"other/fast\"]\n{PRICES}\n[routes.two]\ntry = [\"acme/fast\", \"other/fast\"]\n[routes.same]\ntry = [\"acme/fast\", \"acme/slow\"]\n",
        upstream.url()
    );
    let house = House::with(upstream, &routes);
    let body = |model: &str| format!("{{\"model\":\"{model}\",\"input\":\"Hi\",\"previous_response_id\":\"resp_0\"}}");
    assert_eq!(house.server.post(RESPONSES, body("acme/fast")).status(), 200);
    let reply = house.server.post(RESPONSES, body("two"));
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (400, Some("state_not_pinned")));
    let reply = house.server.post(RESPONSES, body("same"));
    assert_eq!(reply.status(), 200);
    assert_has(&crate::common::decisions(&house.server.record(&reply.call())), &["pinned to `acme`"]);
    assert_eq!(house.upstream.count(), 2);
}

#[test]
fn embeddings_pass_byte_for_byte_and_are_charged_by_input() {
    let odd = "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[1.0,-0.00,1e-3]}],\"model\":\"fast\",\"usage\":{\"prompt_tokens\":8,\"total_tokens\":8}}\n";
    let house = House::new(Upstream::document(odd));
    let body = "{ \"input\":[\"a\",\"b\"],\"model\":\"acme/fast\",\"dimensions\":3 }";
    let reply = house.server.post("/v1/embeddings", body);
    assert_eq!((reply.status(), reply.text().as_str()), (200, odd));
    assert_eq!((house.upstream.last().target.as_str(), house.upstream.last().text()), ("/v1/embeddings", body.replace("acme/fast", "fast")));
    assert_eq!(house.server.record(&reply.call())["cost_nanousd"], 8_000);
    house.verify();
}
