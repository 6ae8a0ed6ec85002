//! Calls in one dialect to providers of another, through the real binary: what the provider gets, what the caller gets, what the
//! ledger says. The shapes themselves are tested in `wire`.

use crate::common::{CHAT, House, MESSAGES, RESPONSES, assert_has, decisions};
use jeton_testkit::fixtures::{self, DONE, chat_chunk, event, messages_opening};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Recorded, Upstream};
use serde_json::{Value, json};

const ASK_CLAUDIA: &str =
    r#"{"model":"claudia/x","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi"}],"seed":7,"user":"u-1"}"#;
const ASK_ACME: &str = r#"{"model":"acme/fast","max_tokens":50,"system":"Be brief.","top_k":5,"stream":true,"messages":[{"role":"user","content":"Hi"}],"metadata":{"user_id":"u-1"}}"#;

fn streaming(ask: &str) -> String {
    ask.replacen('{', r#"{"stream":true,"#, 1)
}

/// The data of the events of a stream, in order; `[DONE]` as a text.
fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| if data == "[DONE]" { "[DONE]".into() } else { serde_json::from_str(data).unwrap() }).collect()
}

fn path_of(sent: &Recorded) -> &str {
    &sent.target
}

#[test]
fn a_chat_client_is_served_by_a_model_that_speaks_messages() {
    let house = House::new(Upstream::document(fixtures::messages_document(5, 3)));
    let request = Request::post(CHAT, ASK_CLAUDIA).header("openai-organization", "o").header("authorization", "Bearer sk-any").header("traceparent", "00-1");
    let reply = house.server.ask(&request);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = house.upstream.last();
    assert_eq!(path_of(&sent), "/v1/messages");
    assert_eq!((sent.header("anthropic-version"), sent.header("openai-organization"), sent.header("traceparent")), (Some("2023-06-01"), None, Some("00-1")));
    // Case 19: the limit is the model's own.
    let wanted =
        json!({ "model": "x", "max_tokens": 4000, "system": "Be brief.", "messages": [{ "role": "user", "content": "Hi" }], "metadata": { "user_id": "u-1" } });
    assert_eq!(sent.json(), wanted);
    let answer = reply.json();
    assert_eq!((answer["object"].as_str(), answer["choices"][0]["message"]["content"].as_str()), (Some("chat.completion"), Some("Hello.")));
    assert_eq!((answer["choices"][0]["finish_reason"].as_str(), answer["usage"]["total_tokens"].as_u64()), (Some("stop"), Some(8)));
    assert_eq!(reply.header("jeton-dropped"), Some("seed"));
    let record = house.server.record(&reply.call());
    assert_has(&decisions(&record), &["translate: from chat to messages for `claudia/x`", "translate: request: `seed` dropped"]);
    assert_eq!((record["endpoint"].as_str(), record["charged_nanousd"].as_u64()), (Some("chat"), Some(11_000)), "{record}");
    house.verify();
}

#[test]
fn what_the_configuration_says_of_a_model_decides_what_it_is_sent() {
    let ask = r#"{"model":"acme/fast","max_tokens":50,"temperature":0.5,"messages":[{"role":"user","content":"Hi"}]}"#;
    for (abilities, temperature) in [("samplers = \"both\"", json!(0.5)), ("samplers = \"none\"", Value::Null)] {
        let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), &format!("[models.\"acme/fast\".abilities]\n{abilities}\n"));
        let reply = house.server.post(MESSAGES, ask);
        assert_eq!((reply.status(), &house.upstream.last().json()["temperature"]), (200, &temperature), "{abilities}: {}", reply.text());
        assert_eq!(reply.header("jeton-dropped"), temperature.is_null().then_some("temperature"), "{abilities}");
    }
}

#[test]
fn a_messages_client_streams_from_a_model_that_speaks_chat() {
    let tools = [
        r#"{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"read","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"\"a.txt\"}"}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"list","arguments":"{}"}}]}"#,
    ];
    let said = chat_chunk(r#"{"role":"assistant","content":""}"#, "null")
        + &chat_chunk(r#"{"content":"Let me look."}"#, "null")
        + &tools.iter().map(|delta| chat_chunk(delta, "null")).collect::<String>()
        + &chat_chunk("{}", r#""tool_calls""#)
        + &fixtures::chat_usage_chunk(100, 20)
        + DONE;
    let house = House::new(Upstream::events(said));
    let reply = house.server.post(MESSAGES, ASK_ACME);
    let sent = house.upstream.last();
    assert_eq!(path_of(&sent), "/v1/chat/completions");
    assert_eq!(
        sent.json(),
        json!({
            "model": "fast", "messages": [{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi" }], "max_tokens": 50,
            "user": "u-1", "stream": true, "stream_options": { "include_usage": true },
        })
    );
    let events = events(&reply.text());
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let block = |deltas: usize| [vec!["content_block_start"], vec!["content_block_delta"; deltas], vec!["content_block_stop"]].concat();
    assert_eq!(kinds, [vec!["message_start", "ping"], block(1), block(3), block(2), vec!["message_delta", "message_stop"]].concat());
    let end = &events[events.len() - 2];
    assert_eq!(
        (end["delta"]["stop_reason"].as_str(), end["usage"]["input_tokens"].as_u64(), end["usage"]["output_tokens"].as_u64()),
        (Some("tool_use"), Some(100), Some(20))
    );
    assert_eq!(reply.header("jeton-dropped"), Some("top_k"));
    assert_eq!(house.server.record(&reply.call())["charged_nanousd"], 140_000);
    house.verify();
}

#[test]
fn a_responses_client_is_served_by_both_other_dialects() {
    for (model, answer, path) in
        [("claudia/x", fixtures::messages_document(5, 3), "/v1/messages"), ("lean/fast", fixtures::chat_document(5, 3), "/v1/chat/completions")]
    {
        let upstream = Upstream::document(answer);
        let more = format!(
            "[providers.lean]\napi = \"openai\"\nbase_url = \"{}/v1\"\nendpoints = [\"chat\"]\n[models.\"lean/fast\"]\n{}",
            upstream.url(),
            crate::common::PRICES
        );
        let house = House::with(upstream, &more);
        let reply = house.server.post(RESPONSES, format!(r#"{{"model":"{model}","instructions":"Be brief.","input":"Hi"}}"#));
        assert_eq!(reply.status(), 200, "{}", reply.text());
        assert_eq!(path_of(&house.upstream.last()), path);
        let answer = reply.json();
        assert_eq!((answer["object"].as_str(), answer["status"].as_str()), (Some("response"), Some("completed")));
        assert_eq!(answer["output"][0]["content"][0]["text"], "Hello.");
        house.verify();
    }
}

#[test]
fn strictness_refuses_before_anything_is_sent() {
    let house = House::with(Upstream::document(fixtures::messages_document(5, 3)), "[routes.exact]\ntry = [\"claudia/x\"]\nstrict = true\n");
    for request in [Request::post(CHAT, ASK_CLAUDIA).header("jeton-strict", "true"), Request::post(CHAT, ASK_CLAUDIA.replace("claudia/x", "exact"))] {
        let reply = house.server.ask(&request);
        assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (400, Some("translation_loss")), "{}", reply.text());
        assert_has(&reply.text(), &["`seed` would be dropped", "jeton-strict"]);
    }
    assert_eq!(house.upstream.count(), 0);
    let whole = Request::post(CHAT, ASK_CLAUDIA.replace(r#","seed":7"#, "")).header("jeton-strict", "true");
    assert_eq!(house.server.ask(&whole).status(), 200);
    let wrong = Request::post(CHAT, ASK_CLAUDIA).header("jeton-strict", "yes");
    assert_eq!(house.server.ask(&wrong).json()["error"]["param"], "jeton-strict");
    house.verify();
}

#[test]
fn case_75_a_part_that_the_target_cannot_take_is_named_and_nothing_is_sent() {
    let house = House::new(Upstream::document(fixtures::messages_document(5, 3)));
    let audio = json!({ "model": "claudia/x", "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "Listen." }, { "type": "input_audio", "input_audio": { "format": "wav", "data": "AAAA" } }] }] });
    let reply = house.server.post(CHAT, audio.to_string());
    assert_eq!((reply.status(), reply.json()["error"]["param"].as_str()), (400, Some("messages[0].content[1]")), "{}", reply.text());
    assert_has(&reply.text(), &["audio", "`x` is asked in the dialect of messages"]);
    assert_eq!(house.upstream.count(), 0);
}

#[test]
fn case_61_errors_of_the_provider_speak_the_callers_dialect() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let house = House::new(Upstream::start(move |exchange| exchange.document_with(529, &[("retry-after", "7")], body)));
    let reply = house.server.post(CHAT, ASK_CLAUDIA);
    assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("7")), "529 is a word of Anthropic's: {}", reply.text());
    let error = &reply.json()["error"];
    assert_eq!(error["type"], "service_unavailable_error");
    assert_has(error["message"].as_str().unwrap(), &["The provider answered 529", "Overloaded"]);
    let body = r#"{"error":{"message":"Too long.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    let house = House::new(Upstream::start(move |exchange| exchange.document(400, body)));
    let reply = house.server.post(MESSAGES, ASK_ACME);
    let error = reply.json();
    assert_eq!((reply.status(), error["type"].as_str(), error["error"]["type"].as_str()), (400, Some("error"), Some("invalid_request_error")));
    assert_eq!(error["error"]["code"], "context_length_exceeded");
    house.verify();
}

#[test]
fn case_10_case_11_case_32_a_stream_that_fails_ends_with_an_error_of_the_callers_dialect_and_is_charged() {
    let half = messages_opening(100)
        + &event("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)
        + &event("content_block_delta", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}"#);
    let overloaded = event("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#);
    let disorder = event("content_block_start", r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#);
    let twice = messages_opening(100);
    for (end, words) in [
        (overloaded, "Overloaded"),
        (disorder, "block 1 opens where none may"),
        (twice, "`message_start` comes twice"),
        ("data: {\"type\":\n\n".to_owned(), "not valid JSON"),
        (String::new(), "ended before its end"),
    ] {
        let house = House::new(Upstream::events(half.clone() + &end));
        let reply = house.server.post(CHAT, streaming(ASK_CLAUDIA));
        let text = reply.text();
        // What is broken before anything was sent on is an error of HTTP.
        let last = events(&text).pop().unwrap_or_else(|| reply.json());
        assert!(last["error"]["message"].as_str().unwrap_or_default().contains(words), "{words}: {text}");
        assert!(!text.contains("[DONE]") && !text.contains(r#""finish_reason":"stop""#), "{text}");
        let record = house.server.record(&reply.call());
        assert_eq!((record["status"].as_str(), record["usage"]["input"].as_u64()), (Some("failed"), Some(100)), "{words}: {record}");
        assert!(record["charged_nanousd"].as_u64().is_some_and(|charged| charged >= 100_000), "a hundred tokens were used: {record}");
        house.verify();
    }
}

#[test]
fn a_route_goes_on_in_another_dialect() {
    let house = House::with(
        Upstream::start(|exchange| {
            if exchange.request.target.contains("chat") {
                exchange.document(500, r#"{"error":{"message":"No."}}"#)
            } else {
                exchange.document(200, fixtures::messages_document(5, 3))
            }
        }),
        "[routes.both]\ntry = [\"acme/fast\", \"claudia/x\"]\n",
    );
    let reply = house.server.post(CHAT, ASK_CLAUDIA.replace("claudia/x", "both"));
    assert_eq!((reply.status(), reply.header("jeton-dropped")), (200, Some("seed")), "{}", reply.text());
    let paths: Vec<String> = house.upstream.requests().iter().map(|sent| sent.target.clone()).collect();
    assert_eq!(paths, ["/v1/chat/completions", "/v1/messages"]);
    assert_eq!(house.server.record(&reply.call())["model"], "claudia/x");
    house.verify();
}

#[test]
fn what_a_budget_affords_is_told_in_the_providers_words() {
    let house = House::with(Upstream::document(fixtures::messages_document(5, 3)), "[accounts.default]\nbudget = { usd = 0.002 }\n");
    let reply = house.server.post(CHAT, ASK_CLAUDIA);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let limit = house.upstream.last().json()["max_tokens"].as_u64().unwrap();
    assert!((256..1000).contains(&limit), "less than the model's 4000: {limit}");
    house.verify();
}

#[test]
fn case_54_tokens_are_estimated_where_the_provider_cannot_count() {
    let house = House::new(Upstream::document(""));
    let reply = house.server.post("/v1/messages/count_tokens", r#"{"model":"acme/fast","messages":[{"role":"user","content":"How many tokens are these?"}]}"#);
    assert_eq!(
        (reply.status(), reply.header("jeton-estimated"), reply.json()["input_tokens"].as_u64()),
        (200, Some("input_tokens"), Some(6)),
        "{}",
        reply.text()
    );
    assert_eq!(house.upstream.count(), 0);
    house.verify();
}

#[test]
fn case_37_a_signature_of_another_family_is_taken_out_on_the_way_to_the_same_dialect() {
    let house = House::new(Upstream::document(fixtures::messages_document(5, 3)));
    let ask = |signature: &str| {
        json!({ "model": "claudia/x", "max_tokens": 50, "messages": [{ "role": "user", "content": "Hi" },
            { "role": "assistant", "content": [{ "type": "thinking", "thinking": "Hm.", "signature": signature }, { "type": "text", "text": "Yes?" }] },
            { "role": "user", "content": "Go on." }] })
        .to_string()
    };
    let own = ask("EqQBCg==");
    assert_eq!(house.server.post(MESSAGES, own.as_str()).status(), 200);
    assert_eq!(house.upstream.last().text(), own.replace("claudia/x", "x"), "its own passes byte for byte");
    let reply = house.server.post(MESSAGES, ask("jeton:openai:gAAAA"));
    assert_eq!((reply.status(), reply.header("jeton-dropped")), (200, Some("messages[1].content[0]")), "{}", reply.text());
    assert_eq!(house.upstream.last().json()["messages"][1]["content"], "Yes?");
}

#[test]
fn signed_reasoning_of_one_vendor_comes_back_through_the_dialect_of_the_other() {
    let thinking = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use", "stop_sequence": null,
        "content": [{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=" }, { "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }],
        "usage": { "input_tokens": 5, "output_tokens": 3 },
    });
    let house = House::new(Upstream::document(thinking.to_string()));
    let tools = json!([{ "type": "function", "name": "f", "parameters": { "type": "object" } }]);
    let ask = |input: Value| {
        json!({ "model": "claudia/x", "input": input, "tools": tools, "reasoning": { "effort": "medium" }, "max_output_tokens": 3000 }).to_string()
    };
    let first = house.server.post(RESPONSES, ask(json!([{ "role": "user", "content": "Hi" }]))).json();
    assert_eq!(house.upstream.last().json()["thinking"], json!({ "type": "enabled", "budget_tokens": 1500 }));
    let mut input = vec![json!({ "role": "user", "content": "Hi" })];
    input.extend(first["output"].as_array().unwrap().iter().cloned());
    input.push(json!({ "type": "function_call_output", "call_id": "toolu_1", "output": "done" }));
    let reply = house.server.post(RESPONSES, ask(input.into()));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().json()["messages"][1]["content"], thinking["content"], "byte for byte");
}

#[test]
fn a_chat_client_that_gives_nothing_back_keeps_its_signed_reasoning_streamed_and_not() {
    let thinking =
        json!([{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=" }, { "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }]);
    let document = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use", "stop_sequence": null,
        "content": thinking, "usage": { "input_tokens": 5, "output_tokens": 3 },
    });
    let block = |index: u64, start: &str, delta: &str| {
        event("content_block_start", &format!(r#"{{"type":"content_block_start","index":{index},"content_block":{start}}}"#))
            + delta
            + &event("content_block_stop", &format!(r#"{{"type":"content_block_stop","index":{index}}}"#))
    };
    let delta = |delta: &str| event("content_block_delta", &format!(r#"{{"type":"content_block_delta","index":0,"delta":{delta}}}"#));
    let thought = delta(r#"{"type":"thinking_delta","thinking":"Hm."}"#) + &delta(r#"{"type":"signature_delta","signature":"EqQB+/="}"#);
    let stream = messages_opening(5)
        + &block(0, r#"{"type":"thinking","thinking":"","signature":""}"#, &thought)
        + &block(1, r#"{"type":"tool_use","id":"toolu_1","name":"f","input":{}}"#, "")
        + &event("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":3}}"#)
        + &event("message_stop", r#"{"type":"message_stop"}"#);
    for (upstream, is_stream) in [(Upstream::document(document.to_string()), false), (Upstream::events(stream), true)] {
        let house = House::new(upstream);
        let ask = |more: Value| {
            let mut messages = vec![json!({ "role": "user", "content": "Hi" })];
            messages.extend(more.as_array().unwrap().iter().cloned());
            let tools = json!([{ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } }]);
            json!({ "model": "claudia/x", "stream": is_stream, "messages": messages, "tools": tools, "reasoning_effort": "low", "max_tokens": 3000 })
                .to_string()
        };
        let first = house.server.post(CHAT, ask(json!([])));
        assert!(first.text().contains("toolu_1"), "{}", first.text());
        let call = json!({ "id": "toolu_1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
        let turns = json!([{ "role": "assistant", "content": null, "tool_calls": [call] }, { "role": "tool", "tool_call_id": "toolu_1", "content": "done" }]);
        let second = house.server.post(CHAT, ask(turns.clone()));
        let sent = house.upstream.last().json();
        assert_eq!(sent["messages"][1]["content"], thinking, "byte for byte");
        assert!(sent["thinking"].is_object(), "so the model may go on thinking");
        assert_has(&decisions(&house.server.record(&second.call())), &["signed reasoning was put back into 1 turns"]);
        house.verify();
    }
}

#[test]
fn an_error_under_200_has_the_status_of_its_kind_in_the_callers_dialect() {
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    for ask in [ASK_CLAUDIA.to_owned(), streaming(ASK_CLAUDIA)] {
        let house = House::new(Upstream::document(overloaded));
        let reply = house.server.post(CHAT, ask);
        assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (503, Some("overloaded")), "{}", reply.text());
        house.verify();
    }
}

#[test]
fn a_document_where_a_stream_was_asked_for_comes_as_the_events_of_one() {
    let house = House::new(Upstream::document(fixtures::messages_document(5, 3)));
    let reply = house.server.post(CHAT, streaming(ASK_CLAUDIA));
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("text/event-stream")), "{}", reply.text());
    let events = events(&reply.text());
    let said: String = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!((said.as_str(), events.last()), ("Hello.", Some(&json!("[DONE]"))));
    assert_eq!(house.server.record(&reply.call())["charged_nanousd"], 11_000);
    house.verify();
}

/// In the provider's own dialect and in another: what the head says stands, whatever becomes of the body, and nothing is charged.
#[test]
fn a_refusal_whose_body_cannot_be_read_keeps_its_status_and_when_to_try_again() {
    let coded = |exchange: &mut Exchange<'_>| exchange.document_with(429, &[("retry-after", "7"), ("content-encoding", "gzip")], [0x1f, 0x8b, 0x08, 0x00]);
    let cut = |exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 401 Said\r\nretry-after: 7\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"error\"")?;
        exchange.reset();
        Ok(())
    };
    for (status, upstream) in [(429, Upstream::start(coded)), (401, Upstream::start(cut))] {
        let house = House::new(upstream);
        let own = r#"{"model":"claudia/x","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}"#;
        for (path, ask) in [(CHAT, ASK_CLAUDIA), (MESSAGES, ASK_ACME), (MESSAGES, own)] {
            let reply = house.server.post(path, ask);
            assert_eq!((reply.status(), reply.header("retry-after")), (status, Some("7")), "{path}: {}", reply.text());
            assert!(reply.json()["error"]["message"].as_str().is_some(), "{path}: {}", reply.text());
            assert_eq!(house.server.record(&reply.call())["charged_nanousd"], 0, "{path}");
        }
        house.verify();
    }
}

#[test]
fn grades_and_stop_texts_are_those_that_the_configuration_says() {
    let ask = r#"{"model":"acme/fast","max_tokens":4000,"stop_sequences":["x"],"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"Hi"}]}"#;
    for (abilities, effort, stop) in
        [("", "low", json!("x")), ("effort_gaps = [\"low\"]\nstop_texts = false", "minimal", Value::Null), ("effort_min = \"medium\"", "medium", json!("x"))]
    {
        let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), &format!("[models.\"acme/fast\".abilities]\n{abilities}\n"));
        assert_eq!(house.server.post(MESSAGES, ask).status(), 200, "{abilities}");
        let sent = house.upstream.last().json();
        assert_eq!((sent["reasoning_effort"].as_str(), &sent["stop"]), (Some(effort), &stop), "{abilities}");
    }
}

/// The whole may take ten minutes; silence within a document may not.
#[test]
fn a_document_that_falls_silent_is_given_up_when_silence_may_last_no_longer() {
    let silent = |exchange: &mut Exchange<'_>| {
        exchange.send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"id\"")?;
        exchange.wait_for_close();
        Ok(())
    };
    let house = House::with(Upstream::start(silent), "[timeouts]\nidle_ms = 100\n");
    let reply = house.server.post(CHAT, ASK_CLAUDIA);
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (504, Some("timeout")), "{}", reply.text());
    house.verify();
}

#[test]
fn a_status_that_is_no_answer_to_a_call_is_a_bad_gateway() {
    for status in [302, 304, 600] {
        let house = House::new(Upstream::start(move |exchange| exchange.document(status, if status == 304 { "" } else { "{}" })));
        for (path, ask) in [(CHAT, ASK_CLAUDIA), (MESSAGES, ASK_ACME)] {
            let reply = house.server.post(path, ask);
            assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (502, Some("upstream_failed")), "{status}: {}", reply.text());
        }
    }
}

#[test]
fn an_error_under_200_has_the_status_of_its_kind_in_its_own_dialect_too() {
    let said = r#"{"error":{"message":"Too long.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#;
    let house = House::new(Upstream::document(said));
    let reply = house.server.post(CHAT, r#"{"model":"acme/fast","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}"#);
    assert_eq!((reply.status(), reply.text().as_str()), (400, said), "the words stay the provider's");
    house.verify();
}

#[test]
fn an_error_as_the_first_event_keeps_the_providers_code() {
    let event = "data: {\"error\":{\"message\":\"Too long.\",\"type\":\"invalid_request_error\",\"code\":\"context_length_exceeded\"}}\n\n";
    let house = House::new(Upstream::events(event));
    for (path, ask) in
        [(MESSAGES, ASK_ACME.to_owned()), (CHAT, r#"{"model":"acme/fast","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#.to_owned())]
    {
        let reply = house.server.post(path, ask);
        assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (400, Some("context_length_exceeded")), "{}", reply.text());
    }
}

#[test]
fn case_37_kept_reasoning_is_left_out_for_another_family_and_told_as_what_the_caller_did_not_send() {
    let turn = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use", "stop_sequence": null,
        "content": [{ "type": "thinking", "thinking": "Hm.", "signature": "EqQB+/=" }, { "type": "tool_use", "id": "toolu_1", "name": "f", "input": {} }],
        "usage": { "input_tokens": 5, "output_tokens": 3 },
    });
    let response = json!({ "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [], "usage": null });
    let upstream = Upstream::start(move |exchange| {
        let answer = if exchange.request.target.contains("responses") { &response } else { &turn };
        exchange.document(200, answer.to_string())
    });
    let other = format!("[providers.other]\napi = \"openai\"\nbase_url = \"{}/v1\"\nendpoints = [\"responses\"]\n", upstream.url());
    let house = House::with(upstream, &other);
    let tools = json!([{ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } }]);
    let ask = |model: &str, messages: Value| json!({ "model": model, "messages": messages, "tools": tools, "max_tokens": 3000 }).to_string();
    let first = house.server.post(CHAT, ask("claudia/x", json!([{ "role": "user", "content": "Hi" }])));
    assert_eq!(first.status(), 200, "{}", first.text());
    let call = json!({ "id": "toolu_1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let on = json!([{ "role": "user", "content": "Hi" }, { "role": "assistant", "content": null, "tool_calls": [call] }, { "role": "tool", "tool_call_id": "toolu_1", "content": "done" }]);
    let elsewhere = house.server.ask(&Request::post(CHAT, ask("other/m", on)).header("jeton-strict", "true"));
    let sent = house.upstream.last();
    assert_eq!((path_of(&sent), elsewhere.header("jeton-dropped")), ("/v1/responses", Some("kept_reasoning[toolu_1]")), "{}", elsewhere.text());
    assert!(!sent.text().contains("EqQB") && sent.text().contains("function_call_output"), "{}", sent.text());
}

#[test]
fn what_an_answer_loses_stands_in_the_header_and_on_the_receipt() {
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "pause_turn", "stop_sequence": null,
        "content": [{ "type": "text", "text": "Wait." }], "usage": { "input_tokens": 5, "output_tokens": 3 },
    });
    let house = House::new(Upstream::document(answer.to_string()));
    let reply = house.server.post(CHAT, r#"{"model":"claudia/x","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}"#);
    assert_eq!(reply.header("jeton-dropped"), Some("stop_reason~"), "{}", reply.text());
    assert_has(&decisions(&house.server.record(&reply.call())), &["translate: answer: `stop_reason` approximated"]);
}

#[test]
fn case_75_an_image_for_a_model_that_does_not_see_is_refused_with_the_models_that_do() {
    let settings = "[models.\"acme/seer\".abilities]\nreads = [\"image\"]\n[models.\"acme/blind\".abilities]\nreads = []\n";
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), settings);
    let ask = |model: &str| {
        let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } });
        json!({ "model": model, "max_tokens": 50, "messages": [{ "role": "user", "content": [{ "type": "text", "text": "What is it?" }, image] }] }).to_string()
    };
    let reply = house.server.post(MESSAGES, ask("acme/blind"));
    let error = &reply.json()["error"];
    assert_eq!((reply.status(), error["param"].as_str(), error["code"].as_str()), (400, Some("messages[0].content[1]"), Some("not_translatable")), "{error}");
    assert_has(error["message"].as_str().unwrap(), &["`acme/blind` does not read", "Models here that read an image:", "`acme/seer`"]);
    assert_eq!(house.upstream.count(), 0);
    assert_eq!(house.server.post(MESSAGES, ask("acme/seer")).status(), 200);
    assert_eq!(house.server.post(MESSAGES, ask("acme/fast")).status(), 200, "of what nobody knows nothing is refused");
}
