//! The wire cases of the encoders, by number, and the property that a document and its stream say the same.

use super::read_back::{self, Seen, events};
use super::*;
use crate::{Endpoint, StreamMeter, StreamOptions, read_document};
use bytes::Bytes;
use jeton_core::Usage;
use proptest::prelude::*;
use serde_json::{Value, json};

const STREAMED: [Endpoint; 3] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages];

fn usage() -> Usage {
    Usage { input: Some(11), cache_read: Some(4), cache_write: Some(2), output: Some(7), reasoning: Some(3), ..Usage::default() }
}

fn reply(parts: Vec<Part>) -> Reply {
    Reply { id: "abc123".into(), model: "gpt-test".into(), created: 1_700_000_000, parts, stop: StopReason::EndTurn, usage: usage() }
}

fn words(text: &str) -> Part {
    Part::Text(text.into())
}

fn thought(text: &str, signature: &str) -> Part {
    Part::Thinking { text: text.into(), signature: Some(signature.into()) }
}

fn call(id: &str, name: &str, arguments: &str) -> Part {
    Part::ToolUse { id: id.into(), name: name.into(), kind: ToolKind::Function, arguments_json: arguments.into() }
}

fn asking(endpoint: Endpoint) -> Request {
    Request { stream: true, include_usage: true, ..Request::new(endpoint, "gpt-test") }
}

/// The events of `reply`, in fragments of three characters.
fn streamed(endpoint: Endpoint, reply: &Reply) -> Vec<(String, Value)> {
    events(&encode_stream(endpoint, &asking(endpoint), reply, 3).concat())
}

fn deltas(reply: &Reply) -> Vec<Value> {
    streamed(Endpoint::Chat, reply).iter().filter_map(|(_, chunk)| chunk.get("choices")?.get(0)?.get("delta").cloned()).collect()
}

fn names(endpoint: Endpoint, reply: &Reply) -> Vec<String> {
    streamed(endpoint, reply).into_iter().map(|(name, _)| name).collect()
}

fn document(endpoint: Endpoint, reply: &Reply) -> Value {
    serde_json::from_slice(&encode_reply(endpoint, &Request::new(endpoint, "gpt-test"), reply)).unwrap()
}

#[test]
fn case_02_the_usage_chunk_has_empty_choices_and_comes_only_if_asked_for() {
    let chunks = streamed(Endpoint::Chat, &reply(vec![words("hello")]));
    let (_, last) = &chunks[chunks.len() - 2];
    assert_eq!(last["choices"], json!([]));
    assert_eq!(
        last["usage"],
        json!({
            "prompt_tokens": 17, "completion_tokens": 7, "total_tokens": 24,
            "prompt_tokens_details": { "cached_tokens": 4, "cache_write_tokens": 2 },
            "completion_tokens_details": { "reasoning_tokens": 3 },
        })
    );
    let unasked = Request { include_usage: false, ..asking(Endpoint::Chat) };
    let plain = encode_stream(Endpoint::Chat, &unasked, &reply(vec![words("hello")]), 3).concat();
    assert!(!String::from_utf8(plain).unwrap().contains("\"usage\""));
}

#[test]
fn case_04_other_chunks_say_usage_null_and_unknown_usage_is_left_out() {
    let chunks = streamed(Endpoint::Chat, &reply(vec![words("hello")]));
    for (_, chunk) in &chunks[..chunks.len() - 2] {
        assert_eq!(chunk.get("usage"), Some(&Value::Null));
    }
    let silent = Reply { usage: Usage::default(), ..reply(vec![words("hello")]) };
    assert!(streamed(Endpoint::Chat, &silent).iter().all(|(_, chunk)| chunk.get("usage").is_none_or(Value::is_null)));
    assert_eq!(document(Endpoint::Chat, &silent).get("usage"), None);
    assert_eq!(document(Endpoint::Messages, &silent).get("usage"), None);
    assert_eq!(document(Endpoint::Responses, &silent).get("usage"), Some(&Value::Null));
}

#[test]
fn case_05_the_role_comes_on_the_first_delta_only() {
    let deltas = deltas(&reply(vec![words("hello"), call("c1", "f", "{}")]));
    assert_eq!(deltas[0], json!({ "role": "assistant", "content": "", "refusal": null }));
    assert!(deltas[1..].iter().all(|delta| delta.get("role").is_none()));
    let only_calls = super::cases::deltas(&reply(vec![call("c1", "f", "{}")]));
    assert_eq!(only_calls[0]["content"], Value::Null);
}

#[test]
fn case_06_each_call_has_its_own_index_whatever_stands_between() {
    let parts = vec![words("hm"), call("c1", "f", r#"{"a":1}"#), words("and"), call("c2", "g", r#"{"b":2}"#), call("c3", "f", "{}")];
    let mut indices: Vec<u64> = deltas(&reply(parts)).iter().filter_map(|delta| delta["tool_calls"][0]["index"].as_u64()).collect();
    indices.dedup();
    assert_eq!(indices, [0, 1, 2]);
}

#[test]
fn case_07_id_and_name_come_once_on_the_first_fragment() {
    let deltas = deltas(&reply(vec![call("c1", "lookup", r#"{"city":"Oslo"}"#)]));
    let fragments: Vec<&Value> = deltas.iter().filter_map(|delta| delta.get("tool_calls")).map(|calls| &calls[0]).collect();
    assert_eq!(fragments[0], &json!({ "index": 0, "id": "c1", "type": "function", "function": { "name": "lookup", "arguments": "" } }));
    assert_eq!(fragments[1], &json!({ "index": 0, "function": { "arguments": "{\"c" } }));
    for fragment in &fragments[1..] {
        assert_eq!(fragment.as_object().unwrap().len(), 2, "{fragment}");
        assert_eq!(fragment["function"].as_object().unwrap().len(), 1, "{fragment}");
    }
}

#[test]
fn case_08_a_call_without_arguments_is_an_empty_object_said_once() {
    for written in ["{}", "", " { } "] {
        for endpoint in STREAMED {
            let reply = Reply { stop: StopReason::ToolUse, ..reply(vec![call("c1", "now", written), call("c2", "now", written)]) };
            let seen = read_back::stream(endpoint, &encode_stream(endpoint, &asking(endpoint), &reply, 1).concat());
            let bare = |id: &str| (id.to_owned(), "now".to_owned(), "{}".to_owned());
            assert_eq!(seen.calls, [bare("c1"), bare("c2")], "{endpoint:?} {written:?}");
        }
    }
    let fragments: Vec<String> = streamed(Endpoint::Messages, &reply(vec![call("c1", "now", "{}")]))
        .iter()
        .filter_map(|(_, event)| event["delta"]["partial_json"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(fragments, ["", "{}"]);
}

#[test]
fn case_09_id_created_and_model_are_the_same_on_all_chunks() {
    let chunks = streamed(Endpoint::Chat, &reply(vec![words("hello"), call("c1", "f", "{}")]));
    for (_, chunk) in &chunks[..chunks.len() - 1] {
        assert_eq!(chunk["id"], "chatcmpl-abc123");
        assert_eq!(chunk["created"], 1_700_000_000);
        assert_eq!(chunk["model"], "gpt-test");
        assert_eq!(chunk["object"], "chat.completion.chunk");
    }
}

#[test]
fn case_10_done_is_part_of_the_closing_alone() {
    let request = asking(Endpoint::Chat);
    let mut encoder = StreamEncoder::new(Endpoint::Chat, &request, &reply(vec![]));
    let mut open = encoder.opening();
    open.extend(encoder.delta(&Delta::Text("hello")));
    assert!(!String::from_utf8(open).unwrap().contains("[DONE]"));
    let closing = String::from_utf8(encoder.closing(&StopReason::EndTurn, &usage())).unwrap();
    assert!(closing.ends_with("data: [DONE]\n\n"));
    assert_eq!(closing.matches("[DONE]").count(), 1);
}

#[test]
fn case_11_a_stream_that_is_not_closed_has_no_finish_reason() {
    let request = asking(Endpoint::Chat);
    let mut encoder = StreamEncoder::new(Endpoint::Chat, &request, &reply(vec![]));
    let mut open = encoder.opening();
    open.extend(encoder.delta(&Delta::Text("hello")));
    assert!(events(&open).iter().all(|(_, chunk)| chunk["choices"][0]["finish_reason"].is_null()));
}

#[test]
fn case_12_the_finish_reason_is_null_until_the_last_chunk_of_the_choice() {
    let chunks = streamed(Endpoint::Chat, &reply(vec![words("hello"), call("c1", "f", "{}")]));
    let reasons: Vec<&Value> = chunks.iter().filter_map(|(_, chunk)| chunk.get("choices")?.get(0)?.get("finish_reason")).collect();
    let (last, before) = reasons.split_last().unwrap();
    assert_eq!(*last, "stop");
    assert!(before.iter().all(|reason| reason.is_null()));
}

#[test]
fn case_15_case_16_several_choices_and_log_probabilities_are_refused_by_name() {
    let check = |endpoint: Endpoint, member: &str, param: &str| {
        let rest = if endpoint == Endpoint::Responses { r#""input":"x""# } else { r#""messages":[]"# };
        let fault = decode_request(endpoint, format!(r#"{{"model":"m",{rest},{member}}}"#).as_bytes()).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some(param));
        assert_eq!(fault.code_or_kind(), "unsupported_parameter");
    };
    check(Endpoint::Chat, r#""n":2"#, "n");
    check(Endpoint::Chat, r#""logprobs":true"#, "logprobs");
    check(Endpoint::Responses, r#""top_logprobs":3"#, "top_logprobs");
    let fine = br#"{"model":"m","messages":[],"n":1,"logprobs":false}"#;
    assert!(decode_request(Endpoint::Chat, fine).is_ok());
}

#[test]
fn case_17_a_refusal_has_its_own_field() {
    let refused = Reply { stop: StopReason::Refusal, ..reply(vec![Part::Refusal("I will not.".into())]) };
    let chat = document(Endpoint::Chat, &refused);
    assert_eq!(chat["choices"][0]["message"]["refusal"], "I will not.");
    assert_eq!(chat["choices"][0]["message"]["content"], Value::Null);
    let response = document(Endpoint::Responses, &refused);
    assert_eq!(response["output"][0]["content"], json!([{ "type": "refusal", "refusal": "I will not." }]));
    assert_eq!(response["status"], "completed");
    assert_eq!(document(Endpoint::Messages, &refused)["stop_reason"], "refusal");
    assert!(names(Endpoint::Responses, &refused).contains(&"response.refusal.done".to_owned()));
}

#[test]
fn case_18_reasoning_in_chat_is_reasoning_content_and_is_read_under_either_name() {
    let reply = reply(vec![thought("because", "sig"), words("so")]);
    assert_eq!(document(Endpoint::Chat, &reply)["choices"][0]["message"]["reasoning_content"], "because");
    for name in ["reasoning", "reasoning_content"] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"assistant","{name}":"because","content":"so"}}]}}"#);
        let request = decode_request(Endpoint::Chat, body.as_bytes()).unwrap();
        assert_eq!(request.messages[0].parts, [Part::Thinking { text: "because".into(), signature: None }, words("so")]);
    }
}

#[test]
fn case_21_case_22_input_includes_the_cache_in_openai_and_not_in_anthropic() {
    let used = Usage { cache_write_1h: Some(5), ..usage() };
    let reply = Reply { usage: used, ..reply(vec![]) };
    assert_eq!(document(Endpoint::Chat, &reply)["usage"]["prompt_tokens"], 22);
    assert_eq!(document(Endpoint::Responses, &reply)["usage"]["input_tokens"], 22);
    let messages = &document(Endpoint::Messages, &reply)["usage"];
    assert_eq!(messages["input_tokens"], 11);
    assert_eq!(messages["cache_creation_input_tokens"], 7);
    assert_eq!(messages["cache_creation"], json!({ "ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 5 }));
    assert_eq!(document(Endpoint::CountTokens, &reply), json!({ "input_tokens": 22 }));
}

#[test]
fn case_29_a_block_is_closed_before_the_next_opens() {
    let reply = Reply { stop: StopReason::ToolUse, ..reply(vec![thought("why", "sig"), words("so"), call("c1", "f", r#"{"a":1}"#)]) };
    let mut names = names(Endpoint::Messages, &reply);
    names.dedup();
    let block = ["content_block_start", "content_block_delta", "content_block_stop"];
    let wanted: Vec<&str> = ["message_start", "ping"].into_iter().chain(block).chain(block).chain(block).chain(["message_delta", "message_stop"]).collect();
    assert_eq!(names, wanted);
}

#[test]
fn case_30_there_is_one_message_start() {
    let count = |name: &str| names(Endpoint::Messages, &reply(vec![words("a"), words("b")])).iter().filter(|event| *event == name).count();
    assert_eq!((count("message_start"), count("message_stop"), count("message_delta")), (1, 1, 1));
}

#[test]
fn case_31_a_ping_follows_the_start() {
    assert_eq!(streamed(Endpoint::Messages, &reply(vec![]))[1], ("ping".to_owned(), json!({ "type": "ping" })));
}

#[test]
fn case_32_a_failing_messages_stream_ends_without_message_stop() {
    let mut encoder = StreamEncoder::new(Endpoint::Messages, &asking(Endpoint::Messages), &reply(vec![]));
    let mut open = encoder.opening();
    open.extend(encoder.delta(&Delta::Text("hello")));
    assert!(events(&open).iter().all(|(name, _)| name != "message_stop" && name != "message_delta"));
}

#[test]
fn case_33_the_start_has_provisional_usage_and_the_delta_the_cumulative() {
    let all = streamed(Endpoint::Messages, &reply(vec![words("hello")]));
    let start = &all[0].1["message"]["usage"];
    assert_eq!((&start["input_tokens"], &start["output_tokens"], &start["cache_read_input_tokens"]), (&json!(11), &json!(1), &json!(4)));
    let last = &all[all.len() - 2].1;
    assert_eq!(
        last["usage"],
        json!({ "input_tokens": 11, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 4, "output_tokens": 7, "output_tokens_details": { "thinking_tokens": 3 } })
    );
    assert_eq!(last["delta"], json!({ "stop_reason": "end_turn", "stop_sequence": null }));
}

#[test]
fn case_34_argument_fragments_are_cut_anywhere_and_the_first_is_empty() {
    let arguments = r#"{"text":"a\"b\\u00e9 – ✓"}"#;
    for chars in 1..5 {
        for endpoint in STREAMED {
            let seen = read_back::stream(endpoint, &encode_stream(endpoint, &asking(endpoint), &reply(vec![call("c", "f", arguments)]), chars).concat());
            let got: Value = serde_json::from_str(&seen.calls[0].2).unwrap();
            assert_eq!(got, serde_json::from_str::<Value>(arguments).unwrap());
        }
    }
    let first = streamed(Endpoint::Messages, &reply(vec![call("c", "f", arguments)]));
    assert_eq!(first[3].1["delta"], json!({ "type": "input_json_delta", "partial_json": "" }));
}

#[test]
fn case_35_a_signature_comes_whole_just_before_its_block_stops() {
    let signature = "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk==";
    let all = streamed(Endpoint::Messages, &reply(vec![thought("why", signature), Part::RedactedThinking("EmwK".into()), words("so")]));
    let at = all.iter().position(|(_, event)| event["delta"]["type"] == "signature_delta").unwrap();
    assert_eq!(all[at].1["delta"]["signature"], signature);
    assert_eq!(all[at + 1].0, "content_block_stop");
    assert_eq!(all[at + 2].1["content_block"], json!({ "type": "redacted_thinking", "data": "EmwK" }));
    let response = document(Endpoint::Responses, &reply(vec![thought("why", signature)]));
    assert_eq!(response["output"][0]["encrypted_content"], signature);
}

#[test]
fn case_36_reasoning_is_read_before_the_rest_of_its_turn_and_kept() {
    let body = br#"{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[
        {"type":"thinking","thinking":"why","signature":"sig"},{"type":"redacted_thinking","data":"EmwK"},
        {"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]}]}"#;
    let request = decode_request(Endpoint::Messages, body).unwrap();
    assert_eq!(request.messages[0].parts, [thought("why", "sig"), Part::RedactedThinking("EmwK".into()), call("t1", "f", r#"{"a":1}"#)]);
}

#[test]
fn case_38_no_text_is_lost_where_blocks_change() {
    let reply = reply(vec![thought("why", "sig"), words("H"), call("c", "f", "{}"), words("i")]);
    for endpoint in STREAMED {
        let seen = read_back::stream(endpoint, &encode_stream(endpoint, &asking(endpoint), &reply, 1).concat());
        assert_eq!((seen.text.as_str(), seen.thinking.as_str()), ("Hi", "why"), "{endpoint:?}");
    }
}

#[test]
fn case_39_several_thoughts_stay_apart() {
    let reply = reply(vec![thought("one", "s1"), thought("two", "s2"), words("so"), thought("three", "s3")]);
    for endpoint in [Endpoint::Messages, Endpoint::Responses] {
        let seen = read_back::stream(endpoint, &encode_stream(endpoint, &asking(endpoint), &reply, 2).concat());
        assert_eq!(seen.signatures, ["s1", "s2", "s3"], "{endpoint:?}");
    }
    let blocks: Vec<Value> = document(Endpoint::Messages, &reply)["content"].as_array().unwrap().iter().map(|block| block["thinking"].clone()).collect();
    assert_eq!(blocks, [json!("one"), json!("two"), Value::Null, json!("three")]);
}

#[test]
fn case_42_case_43_system_is_a_text_or_blocks_with_cache_control() {
    for system in [r#""be brief""#, r#"[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral","ttl":"1h"}}]"#] {
        let body = format!(r#"{{"model":"m","max_tokens":5,"system":{system},"messages":[{{"role":"user","content":"hi"}}]}}"#);
        let request = decode_request(Endpoint::Messages, body.as_bytes()).unwrap();
        assert_eq!(request.messages[0].parts, [words("be brief")]);
        assert_eq!(request.messages[1], Message::text(Role::User, "hi"));
        let life = system.contains("1h").then_some(CacheLife::OneHour);
        assert_eq!(request.messages[0].parts[0].cache, life);
    }
}

#[test]
fn case_51_stop_reasons_in_each_dialect() {
    let check = |stop: StopReason, chat: &str, response: &str, message: &str| {
        for (endpoint, wanted) in STREAMED.into_iter().zip([chat, response, message]) {
            let reply = Reply { stop: stop.clone(), ..reply(vec![words("x")]) };
            assert_eq!(read_back::document(endpoint, &encode_reply(endpoint, &asking(endpoint), &reply)).end, wanted);
        }
    };
    check(StopReason::EndTurn, "stop", "completed", "end_turn");
    check(StopReason::MaxTokens, "length", "incompletemax_output_tokens", "max_tokens");
    check(StopReason::StopSequence("END".into()), "stop", "completed", "stop_sequenceEND");
    check(StopReason::ToolUse, "tool_calls", "completed", "tool_use");
    check(StopReason::Refusal, "content_filter", "incompletecontent_filter", "refusal");
    check(StopReason::PauseTurn, "length", "incompletemax_output_tokens", "pause_turn");
    check(StopReason::ContextWindowExceeded, "length", "incompletemax_output_tokens", "model_context_window_exceeded");
}

#[test]
fn case_55_numbers_grow_and_places_are_stable() {
    // The reader fails where a number, an index or an id does not hold.
    let reply = reply(vec![thought("why", "sig"), words("Hi"), Part::Refusal("no".into()), call("c1", "f", r#"{"a":1}"#), call("c2", "g", "{}")]);
    let all = streamed(Endpoint::Responses, &reply);
    let body = encode_stream(Endpoint::Responses, &asking(Endpoint::Responses), &reply, 3).concat();
    assert_eq!(read_back::stream(Endpoint::Responses, &body).calls.len(), 2);
    let numbers: Vec<u64> = all.iter().map(|(_, event)| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..all.len() as u64).collect::<Vec<_>>());
}

#[test]
fn case_56_the_end_is_completed_or_incomplete_without_done() {
    let complete = streamed(Endpoint::Responses, &reply(vec![words("Hi")]));
    let (name, last) = complete.last().unwrap();
    assert_eq!(name, "response.completed");
    assert_eq!(last["response"]["usage"]["output_tokens_details"], json!({ "reasoning_tokens": 3 }));
    let cut = Reply { stop: StopReason::MaxTokens, ..reply(vec![words("Hi")]) };
    let cut = streamed(Endpoint::Responses, &cut);
    let (name, last) = cut.last().unwrap();
    assert_eq!(name, "response.incomplete");
    assert_eq!(last["response"]["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert_eq!(last["response"]["output"][0]["status"], "incomplete");
}

#[test]
fn case_57_added_delta_and_done_are_complete_for_every_kind() {
    let custom = Part::ToolUse { id: "c2".into(), name: "sh".into(), kind: ToolKind::Custom, arguments_json: "ls".into() };
    let reply = reply(vec![thought("why", "sig"), words("Hi"), call("c1", "f", "{}"), custom]);
    let wanted = [
        "created",
        "in_progress",
        "output_item.added",
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
        "output_item.done",
        "completed",
    ];
    let got: Vec<String> = names(Endpoint::Responses, &reply).iter().map(|name| name.strip_prefix("response.").unwrap().to_owned()).collect();
    assert_eq!(got, wanted);
}

#[test]
fn case_58_the_call_id_is_not_the_items_id_and_custom_tools_take_free_text() {
    let custom = Part::ToolUse { id: "c2".into(), name: "sh".into(), kind: ToolKind::Custom, arguments_json: "ls -l".into() };
    let output = document(Endpoint::Responses, &reply(vec![call("c1", "f", r#"{"a":1}"#), custom]))["output"].clone();
    assert_eq!(output[0]["call_id"], "c1");
    assert_eq!(output[0]["id"], "fc_abc123_0");
    assert_eq!(output[1], json!({ "id": "ctc_abc123_1", "type": "custom_tool_call", "status": "completed", "call_id": "c2", "name": "sh", "input": "ls -l" }));
}

#[test]
fn case_58_a_call_of_a_namespaces_tool_names_both_as_a_document_and_in_every_event() {
    let reply = reply(vec![call("c1", "crm::find", "{}"), call("c2", "find", "{}")]);
    let named = |item: &Value| (item["namespace"].clone(), item["name"].clone());
    let wanted = [(json!("crm"), json!("find")), (Value::Null, json!("find"))];
    let output = |response: &Value| response["output"].as_array().unwrap().iter().map(named).collect::<Vec<_>>();
    assert_eq!(output(&document(Endpoint::Responses, &reply)), wanted);
    let events = streamed(Endpoint::Responses, &reply);
    for name in ["response.output_item.added", "response.output_item.done"] {
        assert_eq!(events.iter().filter(|(have, _)| have == name).map(|(_, data)| named(&data["item"])).collect::<Vec<_>>(), wanted, "{name}");
    }
    let done = events.iter().filter(|(name, _)| name == "response.function_call_arguments.done");
    assert_eq!(done.map(|(_, data)| data["name"].clone()).collect::<Vec<_>>(), ["find", "find"]);
    assert_eq!(output(&events.last().unwrap().1["response"]), wanted);
}

#[test]
fn case_59_stored_state_is_refused_by_name() {
    for (member, param) in [
        (r#""previous_response_id":"resp_1""#, "previous_response_id"),
        (r#""conversation":"conv_1""#, "conversation"),
        (r#""background":true"#, "background"),
        (r#""prompt":{"id":"p"}"#, "prompt"),
    ] {
        let body = format!(r#"{{"model":"m","input":"hi",{member}}}"#);
        assert_eq!(decode_request(Endpoint::Responses, body.as_bytes()).unwrap_err().param.as_deref(), Some(param));
    }
    let stored = br#"{"model":"m","input":[{"type":"item_reference","id":"x"}]}"#;
    assert_eq!(decode_request(Endpoint::Responses, stored).unwrap_err().param.as_deref(), Some("input[0]"));
    assert!(decode_request(Endpoint::Responses, br#"{"model":"m","input":"hi","background":false,"previous_response_id":null}"#).is_ok());
}

#[test]
fn a_response_repeats_what_was_asked_and_has_every_member() {
    let body = br#"{"model":"m","input":"hi","instructions":"be brief","temperature":0.2,"text":{"verbosity":"low"},
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],"tool_choice":"required","metadata":{"k":"v"},"store":true}"#;
    let request = decode_request(Endpoint::Responses, body).unwrap();
    let response: Value = serde_json::from_slice(&encode_reply(Endpoint::Responses, &request, &reply(vec![words("x")]))).unwrap();
    assert_eq!(response["instructions"], "be brief");
    assert_eq!(response["temperature"], 0.2);
    assert_eq!(response["text"], json!({ "format": { "type": "text" }, "verbosity": "low" }));
    assert_eq!(response["tools"][0]["name"], "f");
    assert_eq!(response["tool_choice"], "required");
    assert_eq!(response["metadata"], json!({ "k": "v" }));
    assert_eq!(response["store"], false, "nothing is stored, whatever was asked");
    for member in
        ["id", "object", "created_at", "status", "error", "incomplete_details", "model", "output", "parallel_tool_calls", "top_p", "usage", "truncation"]
    {
        assert!(response.get(member).is_some(), "{member}");
    }
}

#[test]
fn broken_arguments_are_wrapped_where_an_object_is_demanded() {
    let message = document(Endpoint::Messages, &reply(vec![call("c", "f", "{\"a\":")]));
    assert_eq!(message["content"][0]["input"], json!({ "INVALID_JSON": "{\"a\":" }));
    assert_eq!(document(Endpoint::Chat, &reply(vec![call("c", "f", "{\"a\":")]))["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], "{\"a\":");
}

#[test]
fn embeddings_come_as_numbers_or_base_64() {
    let vectors = reply(vec![Part::Embedding(vec![1.0, -2.0]), Part::Embedding(vec![0.5, 0.25])]);
    let encode = |format: &str| -> Value {
        let body = format!(r#"{{"model":"m","input":["a","b"],"encoding_format":"{format}"}}"#);
        let request = decode_request(Endpoint::Embeddings, body.as_bytes()).unwrap();
        serde_json::from_slice(&encode_reply(Endpoint::Embeddings, &request, &vectors)).unwrap()
    };
    assert_eq!(encode("float")["data"][1], json!({ "object": "embedding", "index": 1, "embedding": [0.5, 0.25] }));
    assert_eq!(encode("base64")["data"][0]["embedding"], "AACAPwAAAMA=");
    assert_eq!(encode("float")["usage"], json!({ "prompt_tokens": 17, "total_tokens": 17 }));
}

/// Parts that a reply may hold; text that JSON must escape and characters of several bytes among them.
fn any_part() -> impl Strategy<Value = Part> {
    let text = "[a-z \"\\\\\n{é✓😀]{0,12}";
    let arguments = prop::collection::btree_map("[a-z]{1,4}", text, 0..3).prop_map(|members| json!(members).to_string());
    prop_oneof![
        text.prop_map(Part::Text),
        text.prop_map(Part::Refusal),
        (text, prop::option::of("[A-Za-z0-9+/]{1,9}")).prop_map(|(text, signature)| Part::Thinking { text, signature }),
        "[A-Za-z0-9+/]{1,9}".prop_map(Part::RedactedThinking),
        ("call_[a-z0-9]{4}", "[a-z_]{1,8}", arguments).prop_map(|(id, name, arguments_json)| Part::ToolUse {
            id,
            name,
            kind: ToolKind::Function,
            arguments_json
        }),
    ]
}

fn any_stop() -> impl Strategy<Value = StopReason> {
    prop_oneof![
        Just(StopReason::EndTurn),
        Just(StopReason::MaxTokens),
        Just(StopReason::ToolUse),
        Just(StopReason::Refusal),
        Just(StopReason::StopSequence("END".into()))
    ]
}

proptest! {
    #[test]
    fn a_document_and_its_stream_say_the_same(
        parts in prop::collection::vec(any_part(), 0..6), stop in any_stop(), chars in 1_usize..6, output in prop::option::of(1_u64..99)
    ) {
        // Where only the output is unknown, a Messages stream keeps its provisional figure; so all is known or nothing is.
        let used = output.map_or(Usage::default(), |output| Usage { output: Some(output), ..usage() });
        let reply = Reply { stop, usage: used, ..reply(parts) };
        for endpoint in STREAMED {
            let request = asking(endpoint);
            let whole: Seen = read_back::document(endpoint, &encode_reply(endpoint, &request, &reply));
            let stream = read_back::stream(endpoint, &encode_stream(endpoint, &request, &reply, chars).concat());
            prop_assert_eq!(&whole, &stream, "{:?}", endpoint);
            prop_assert_eq!(whole.calls.len(), reply.parts.iter().filter(|part| matches!(part, Part::ToolUse { .. })).count());
        }
    }

    #[test]
    fn the_meter_reads_what_the_encoders_write(
        parts in prop::collection::vec(any_part(), 0..5), stop in any_stop(), chars in 1_usize..6, chunk_bytes in 1_usize..400
    ) {
        let reply = Reply { stop, ..reply(parts) };
        for endpoint in STREAMED {
            let request = asking(endpoint);
            let facts = read_document(endpoint, &encode_reply(endpoint, &request, &reply));
            let stream = Bytes::from(encode_stream(endpoint, &request, &reply, chars).concat());
            let mut meter = StreamMeter::new(endpoint, StreamOptions { strip_usage: false, text_bytes_counted: true });
            let mut passed = Vec::new();
            for start in (0..stream.len()).step_by(chunk_bytes) {
                let pushed = meter.push(stream.slice(start..stream.len().min(start + chunk_bytes)));
                pushed.forward.iter().for_each(|bytes| passed.extend_from_slice(bytes));
            }
            let ended = meter.finish();
            passed.extend_from_slice(&ended.forward);
            passed.extend_from_slice(&meter.terminal());
            prop_assert!(ended.clean && meter.error().is_none() && facts.well_formed && facts.error.is_none(), "{}", endpoint);
            prop_assert_eq!(&passed, &stream, "{}: every byte passes", endpoint);
            prop_assert_eq!(meter.usage(), &facts.usage, "{}", endpoint);
            prop_assert_eq!((facts.usage.input, facts.usage.cache_read, facts.usage.output), (Some(11), Some(4), Some(7)), "{}", endpoint);
            let calls = reply.parts.iter().filter(|part| matches!(part, Part::ToolUse { .. })).count() as u64;
            prop_assert_eq!((meter.observed().tool_calls, facts.observed.tool_calls), (calls, calls), "{}", endpoint);
            prop_assert_eq!(&meter.observed().finish_reason, &facts.observed.finish_reason, "{}", endpoint);
        }
    }

    #[test]
    fn no_body_makes_the_decoders_panic(body in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        for endpoint in [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::CountTokens, Endpoint::Embeddings] {
            let _ = decode_request(endpoint, body.as_bytes());
        }
    }
}
