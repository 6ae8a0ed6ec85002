//! What twins promise: reproducible bytes and waits, each vice as described, scripts in every dialect.

use super::*;
use crate::simulated::{SimulatedResponse, Step};
use proptest::prelude::*;
use serde_json::{Value, json};

/// The endpoints of a twin.
const ASKED: [Endpoint; 5] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::CountTokens, Endpoint::Embeddings];
const STREAMED: [Endpoint; 3] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages];

fn ask(endpoint: Endpoint, stream: bool, more: &Value) -> Vec<u8> {
    let mut body = match endpoint {
        Endpoint::Chat => json!({ "model": "t", "messages": [{ "role": "user", "content": "hello there" }], "stream_options": { "include_usage": true } }),
        Endpoint::Responses => json!({ "model": "t", "input": "hello there" }),
        Endpoint::Messages => json!({ "model": "t", "max_tokens": 4096, "messages": [{ "role": "user", "content": "hello there" }] }),
        Endpoint::CountTokens => json!({ "model": "t", "messages": [{ "role": "user", "content": "hello there" }] }),
        Endpoint::Embeddings => json!({ "model": "t", "input": ["hello there", "hello there", "other"] }),
        Endpoint::Generate | Endpoint::Converse => unreachable!("twins do not speak it"),
    };
    if stream {
        body["stream"] = true.into();
    }
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string().into_bytes()
}

fn config(settings: Value) -> TwinConfig {
    let config: TwinConfig = serde_json::from_value(settings).unwrap();
    config.check().unwrap();
    config
}

fn always(vice: Vice) -> TwinConfig {
    TwinConfig { faults: [(vice, 1.0)].into(), ..TwinConfig::default() }
}

fn response(config: &TwinConfig, ordinal: u64, endpoint: Endpoint, body: &[u8]) -> SimulatedResponse {
    answer(config, ordinal, endpoint, body).outcome.unwrap()
}

fn text(response: &SimulatedResponse) -> String {
    let bytes: Vec<u8> =
        response.steps.iter().filter_map(|step| if let Step::Bytes(bytes) = &step.step { Some(bytes.to_vec()) } else { None }).flatten().collect();
    String::from_utf8(bytes).unwrap()
}

fn document(config: &TwinConfig, ordinal: u64, endpoint: Endpoint, more: &Value) -> Value {
    serde_json::from_str(&text(&response(config, ordinal, endpoint, &ask(endpoint, false, more)))).unwrap()
}

fn streamed(config: &TwinConfig, endpoint: Endpoint) -> String {
    text(&response(config, 0, endpoint, &ask(endpoint, true, &json!({}))))
}

/// The events of a stream, without those that are no JSON.
fn events(stream: &str) -> Vec<Value> {
    stream.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect()
}

const fn terminal(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Chat => "[DONE]",
        Endpoint::Responses => "response.completed",
        _ => "message_stop",
    }
}

#[test]
fn the_same_seed_and_ordinal_give_the_same_answer() {
    for name in BUILT_IN_TWINS {
        let config = TwinConfig::built_in(name).unwrap();
        config.check().unwrap();
        for endpoint in ASKED {
            let body = ask(endpoint, endpoint.streams(), &json!({}));
            assert_eq!(answer(&config, 5, endpoint, &body), answer(&config, 5, endpoint, &body), "{name} {endpoint}");
        }
    }
    let say = |seed, ordinal| {
        document(&TwinConfig { seed, ..TwinConfig::default() }, ordinal, Endpoint::Chat, &json!({}))["choices"][0]["message"]["content"].clone()
    };
    assert_ne!(say(0, 0), say(0, 1));
    assert_ne!(say(0, 0), say(1, 0));
}

#[test]
fn steady_is_complete_and_at_once() {
    for endpoint in STREAMED {
        let reply = answer(&TwinConfig::default(), 0, endpoint, &ask(endpoint, true, &json!({})));
        assert_eq!(reply.delay_before_headers, Duration::ZERO);
        let response = reply.outcome.unwrap();
        assert_eq!(response.status, 200);
        assert!(response.steps.iter().all(|step| step.after.is_zero()));
        assert!(text(&response).contains(terminal(endpoint)));
    }
}

#[test]
fn slow_waits_for_the_first_token_and_for_each_further_one() {
    let config = config(json!({
        "first_token": { "kind": "fixed", "ms": 800.0 }, "per_token": { "kind": "fixed", "ms": 20.0 }, "tokens_out": { "least": 10, "most": 10 },
    }));
    let streamed = response(&config, 0, Endpoint::Chat, &ask(Endpoint::Chat, true, &json!({})));
    let waits: Vec<u128> = streamed.steps.iter().map(|step| step.after.as_millis()).collect();
    // Opening, nine words of which the last brings the full stop, closing.
    assert_eq!(waits, [0, 800, 20, 20, 20, 20, 20, 20, 20, 20, 0]);
    let whole = answer(&config, 0, Endpoint::Chat, &ask(Endpoint::Chat, false, &json!({})));
    assert_eq!(whole.delay_before_headers.as_millis(), 800 + 9 * 20);
}

#[test]
fn refusals_speak_the_vendors_words() {
    let check = |vice: Vice, endpoint: Endpoint, status: u16, kind: &str| {
        let response = response(&always(vice), 0, endpoint, &ask(endpoint, true, &json!({})));
        assert_eq!(response.status, status);
        assert!(response.headers.contains(&("content-type".into(), "application/json".into())), "case 64: no stream on an error status");
        assert_eq!(response.headers.iter().any(|header| *header == ("retry-after".into(), "1".into())), vice == Vice::RateLimited);
        let body: Value = serde_json::from_str(&text(&response)).unwrap();
        assert_eq!(body["error"]["type"], kind);
    };
    check(Vice::RateLimited, Endpoint::Chat, 429, "requests");
    check(Vice::RateLimited, Endpoint::Messages, 429, "rate_limit_error");
    check(Vice::ServerError, Endpoint::Responses, 500, "server_error");
    check(Vice::ServerError, Endpoint::Messages, 500, "api_error");
    check(Vice::Overloaded, Endpoint::Chat, 503, "server_error");
    check(Vice::Overloaded, Endpoint::Messages, 529, "overloaded_error");
}

#[test]
fn broken_streams_have_content_and_no_terminal_event() {
    for endpoint in STREAMED {
        for vice in [Vice::ResetDuring, Vice::Cut] {
            let response = response(&always(vice), 0, endpoint, &ask(endpoint, true, &json!({})));
            let end = if vice == Vice::Cut { Step::End } else { Step::Reset };
            assert_eq!(response.steps.last().unwrap().step, end);
            assert!(response.steps.len() > 3, "some content came");
            assert!(!text(&response).contains(terminal(endpoint)), "{endpoint} {vice:?}");
        }
        assert_eq!(answer(&always(Vice::ResetBefore), 0, endpoint, &ask(endpoint, true, &json!({}))).outcome, Err(SimulatedReset));
    }
}

#[test]
fn broken_documents_are_half_a_document() {
    let whole = response(&TwinConfig::default(), 0, Endpoint::Chat, &ask(Endpoint::Chat, false, &json!({})));
    for vice in [Vice::ResetDuring, Vice::Cut] {
        let half = response(&always(vice), 0, Endpoint::Chat, &ask(Endpoint::Chat, false, &json!({})));
        assert_eq!(text(&half).len(), text(&whole).len() / 2);
    }
    let stalled = response(&always(Vice::Stall), 0, Endpoint::Chat, &ask(Endpoint::Chat, false, &json!({})));
    assert_eq!(text(&stalled), text(&whole));
    assert_eq!(stalled.steps[1].after, Duration::from_millis(300_000));
}

#[test]
fn case_11_case_32_case_65_an_error_inside_a_200_is_the_last_event() {
    let mut early = [false; 2];
    for endpoint in STREAMED {
        for ordinal in 0..8 {
            let response = response(&always(Vice::ErrorEvent), ordinal, endpoint, &ask(endpoint, true, &json!({})));
            assert_eq!(response.status, 200);
            let events = events(&text(&response));
            let last = events.last().unwrap();
            assert!(last["type"] == "error" || last.get("error").is_some(), "{last}");
            if endpoint == Endpoint::Responses {
                assert_eq!(last["sequence_number"].as_u64().unwrap(), events.len() as u64 - 1);
            }
            assert!(!text(&response).contains(terminal(endpoint)));
            early[usize::from(response.steps.len() > 2)] = true;
        }
        let document = document(&always(Vice::ErrorEvent), 0, endpoint, &json!({}));
        assert!(document.get("error").is_some());
    }
    assert_eq!(early, [true; 2], "first and in the middle");
}

#[test]
fn a_stall_is_silent_once_in_the_middle_and_then_goes_on() {
    let config = TwinConfig { stall_ms: 5_000, ..always(Vice::Stall) };
    for endpoint in STREAMED {
        let response = response(&config, 0, endpoint, &ask(endpoint, true, &json!({})));
        let silent: Vec<usize> = response.steps.iter().enumerate().filter(|(_, step)| step.after.as_millis() == 5_000).map(|(at, _)| at).collect();
        assert_eq!(silent.len(), 1);
        assert!(silent[0] > 1 && silent[0] < response.steps.len());
        assert_eq!(text(&response), streamed(&TwinConfig::default(), endpoint));
    }
}

#[test]
fn wrong_and_missing_usage() {
    let usage = |vice: Option<Vice>| document(&vice.map_or(TwinConfig::default(), always), 0, Endpoint::Chat, &json!({})).get("usage").cloned();
    let figure = |usage: &Option<Value>, name: &str| usage.as_ref().unwrap()[name].as_u64().unwrap();
    let (right, wrong) = (usage(None), usage(Some(Vice::WrongUsage)));
    assert_eq!(figure(&wrong, "prompt_tokens"), figure(&right, "prompt_tokens") / 2);
    assert_eq!(figure(&wrong, "completion_tokens"), figure(&right, "completion_tokens") * 11 + 1);
    assert_eq!(usage(Some(Vice::MissingUsage)), None);
    assert!(!streamed(&always(Vice::MissingUsage), Endpoint::Messages).contains("usage"));
}

#[test]
fn the_first_calls_fail_and_then_none_does() {
    let config = config(json!({ "fail_first": 2, "fail_with": "overloaded", "script": [{ "text": "one" }, { "text": "two" }], "after_script": "last" }));
    let say = |ordinal| document(&config, ordinal, Endpoint::Chat, &json!({}))["choices"][0]["message"]["content"].clone();
    for ordinal in 0..2 {
        assert_eq!(response(&config, ordinal, Endpoint::Chat, &ask(Endpoint::Chat, false, &json!({}))).status, 503);
    }
    assert_eq!([say(2), say(3), say(4)], [json!("one"), json!("two"), json!("two")], "the script begins with the first call that does not fail");
}

#[test]
fn flaky_goes_wrong_three_times_in_ten_in_every_way() {
    let config = TwinConfig::built_in("flaky").unwrap();
    let vices: Vec<Vice> = (0..4_000).filter_map(|ordinal| config.vice(ordinal, None)).collect();
    assert!((1_080..=1_320).contains(&vices.len()), "{}", vices.len());
    assert!(Vice::ALL.iter().all(|vice| vices.contains(vice)));
}

#[test]
fn a_twin_counts_the_calls_of_each_model_and_knows_the_built_in_names() {
    let twin = Twin::new(TwinConfig::default());
    let body = ask(Endpoint::Chat, false, &json!({}));
    let steady = TwinConfig::default();
    assert_eq!(twin.next(Endpoint::Chat, "steady", &body), answer(&steady, 0, Endpoint::Chat, &body));
    assert_eq!(twin.next(Endpoint::Chat, "steady", &body), answer(&steady, 1, Endpoint::Chat, &body));
    assert_eq!(twin.next(Endpoint::Chat, "broken", &body).outcome.unwrap().status, 500);
    assert_eq!(twin.next(Endpoint::Chat, "other", &body), answer(&steady, 0, Endpoint::Chat, &body));
    let own = Twin::new(TwinConfig { seed: 1, ..TwinConfig::default() });
    assert_eq!(own.next(Endpoint::Chat, "broken", &body).outcome.unwrap().status, 200, "own settings hold for every name");
}

#[test]
fn a_forced_tool_is_called_with_arguments_that_fit() {
    let schema =
        json!({ "type": "object", "required": ["city", "days"], "properties": { "city": { "type": "string" }, "days": { "type": "integer", "minimum": 1 } } });
    let chat = json!({
        "tools": [{ "type": "function", "function": { "name": "a", "parameters": {} } }, { "type": "function", "function": { "name": "weather", "parameters": schema } }],
        "tool_choice": { "type": "function", "function": { "name": "weather" } },
    });
    let choice = document(&TwinConfig::default(), 0, Endpoint::Chat, &chat)["choices"][0].clone();
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["tool_calls"][0]["function"], json!({ "name": "weather", "arguments": r#"{"city":"text","days":1}"# }));
    let messages = json!({ "tools": [{ "type": "web_search_20250305", "name": "web_search" }, { "name": "weather", "input_schema": schema }], "tool_choice": { "type": "any" } });
    let message = document(&TwinConfig::default(), 0, Endpoint::Messages, &messages);
    assert_eq!((&message["stop_reason"], &message["content"][0]["input"]), (&json!("tool_use"), &json!({ "city": "text", "days": 1 })));
    let free = json!({ "tools": [{ "type": "custom", "name": "sh" }], "tool_choice": "required" });
    assert_eq!(document(&TwinConfig::default(), 0, Endpoint::Responses, &free)["output"][0]["type"], "custom_tool_call");
}

#[test]
fn a_demanded_form_is_filled() {
    let schema = json!({ "type": "object", "required": ["ok"], "properties": { "ok": { "type": "boolean" } } });
    let chat = json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "r", "schema": schema, "strict": true } } });
    assert_eq!(document(&TwinConfig::default(), 0, Endpoint::Chat, &chat)["choices"][0]["message"]["content"], r#"{"ok":false}"#);
    let responses = json!({ "text": { "format": { "type": "json_schema", "name": "r", "schema": schema } } });
    assert_eq!(document(&TwinConfig::default(), 0, Endpoint::Responses, &responses)["output"][0]["content"][0]["text"], r#"{"ok":false}"#);
    let messages = json!({ "output_config": { "format": { "type": "json_schema", "schema": schema } } });
    assert_eq!(document(&TwinConfig::default(), 0, Endpoint::Messages, &messages)["content"][0]["text"], r#"{"ok":false}"#);
}

#[test]
fn the_output_limit_and_stop_texts_hold() {
    let limited = document(&TwinConfig::default(), 0, Endpoint::Messages, &json!({ "max_tokens": 3 }));
    assert_eq!(limited["stop_reason"], "max_tokens");
    assert_eq!(limited["content"][0]["text"].as_str().unwrap().split(' ').count(), 3);
    let stopped = document(&TwinConfig::default(), 0, Endpoint::Messages, &json!({ "stop_sequences": ["zzz", " "] }));
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!(" ")));
    assert!(!stopped["content"][0]["text"].as_str().unwrap().contains(' '));
}

#[test]
fn thinking_is_shown_where_asked_for() {
    let message = document(&TwinConfig::default(), 0, Endpoint::Messages, &json!({ "thinking": { "type": "enabled", "budget_tokens": 1024 } }));
    assert_eq!(message["content"][0]["type"], "thinking");
    assert_eq!(message["content"][1]["type"], "text");
    let response = document(&TwinConfig::default(), 0, Endpoint::Responses, &json!({ "reasoning": { "summary": "auto" } }));
    assert_eq!(response["output"][0]["type"], "reasoning");
    assert!(response["usage"]["output_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0);
}

#[test]
fn embeddings_and_counts() {
    let list = document(&TwinConfig::default(), 0, Endpoint::Embeddings, &json!({ "dimensions": 8 }));
    let vector = |at: usize| list["data"][at]["embedding"].clone();
    assert_eq!(list["data"].as_array().unwrap().len(), 3);
    assert_eq!(vector(0).as_array().unwrap().len(), 8);
    assert_eq!(vector(0), vector(1));
    assert_ne!(vector(0), vector(2));
    let coded = document(&TwinConfig::default(), 3, Endpoint::Embeddings, &json!({ "encoding_format": "base64" }));
    assert_eq!(coded["data"][0]["embedding"].as_str().unwrap().len(), (256 * 4_usize).div_ceil(3) * 4);
    let count = document(&TwinConfig::default(), 0, Endpoint::CountTokens, &json!({}));
    assert_eq!(count, json!({ "input_tokens": jeton_text::estimate_tokens("hello there\n") }));
}

#[test]
fn a_malformed_request_is_refused_in_the_callers_dialect() {
    let refused = response(&TwinConfig::default(), 0, Endpoint::Messages, br#"{"model":"t","messages":[]}"#);
    let body: Value = serde_json::from_str(&text(&refused)).unwrap();
    assert_eq!((refused.status, &body["type"], &body["error"]["type"]), (400, &json!("error"), &json!("invalid_request_error")));
    assert!(body["error"]["message"].as_str().unwrap().contains("max_tokens"));
}

#[test]
fn wrong_settings_are_all_named() {
    let config: TwinConfig = serde_json::from_value(json!({
        "faults": { "cut": 0.8, "stall": 0.7 }, "tokens_out": { "least": 5, "most": 2 }, "tokens_per_event": 0, "first_token": { "kind": "exponential", "mean_ms": -1.0 },
    }))
    .unwrap();
    let wrong = config.check().unwrap_err();
    assert_eq!(wrong.len(), 4, "{wrong:?}");
    for unknown in [json!({ "sead": 1 }), json!({ "faults": { "explode": 1 } }), json!({ "script": [{ "txt": "x" }] })] {
        assert!(serde_json::from_value::<TwinConfig>(unknown).is_err());
    }
}

/// What a script says, as a client sees it in any dialect: text, reasoning, calls, input and output tokens.
type Said = (String, String, Vec<(String, Value)>, u64, u64);

fn said_in_document(endpoint: Endpoint, body: &Value) -> Said {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parse = |value: &Value| serde_json::from_str(value.as_str().unwrap()).unwrap();
    let tokens = |input: &str, output: &str| (body["usage"][input].as_u64().unwrap(), body["usage"][output].as_u64().unwrap());
    let (mut text, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
    let (input, output) = match endpoint {
        Endpoint::Chat => {
            let message = &body["choices"][0]["message"];
            (text, thinking) = (word(&message["content"]), word(&message["reasoning_content"]));
            message["tool_calls"]
                .as_array()
                .into_iter()
                .flatten()
                .for_each(|call| calls.push((word(&call["function"]["name"]), parse(&call["function"]["arguments"]))));
            tokens("prompt_tokens", "completion_tokens")
        }
        Endpoint::Responses => {
            for item in body["output"].as_array().unwrap() {
                item["content"].as_array().into_iter().flatten().for_each(|part| text += &word(&part["text"]));
                item["summary"].as_array().into_iter().flatten().for_each(|part| thinking += &word(&part["text"]));
                if item["type"] == "function_call" {
                    calls.push((word(&item["name"]), parse(&item["arguments"])));
                }
            }
            tokens("input_tokens", "output_tokens")
        }
        _ => {
            for block in body["content"].as_array().unwrap() {
                text += &word(&block["text"]);
                thinking += &word(&block["thinking"]);
                if block["type"] == "tool_use" {
                    calls.push((word(&block["name"]), block["input"].clone()));
                }
            }
            tokens("input_tokens", "output_tokens")
        }
    };
    (text, thinking, calls, input, output)
}

fn said_in_stream(endpoint: Endpoint, events: &[Value]) -> Said {
    if endpoint == Endpoint::Responses {
        return said_in_document(endpoint, &events.last().unwrap()["response"]);
    }
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (mut text, mut thinking, mut input, mut output) = (String::new(), String::new(), 0, 0);
    let mut calls: Vec<(String, String)> = Vec::new();
    for event in events {
        let delta = if endpoint == Endpoint::Chat { &event["choices"][0]["delta"] } else { &event["delta"] };
        text += &word(&delta["content"]);
        text += &word(&delta["text"]);
        thinking += &word(&delta["reasoning_content"]);
        thinking += &word(&delta["thinking"]);
        let (block, call) = (&event["content_block"], &delta["tool_calls"][0]["function"]);
        if block["type"] == "tool_use" || call.get("name").is_some() {
            calls.push((word(&block["name"]) + &word(&call["name"]), String::new()));
        }
        if let Some(open) = calls.last_mut() {
            open.1 += &(word(&delta["partial_json"]) + &word(&call["arguments"]));
        }
        for (usage_in, usage_out) in [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")] {
            input = event["usage"][usage_in].as_u64().unwrap_or(input);
            output = event["usage"][usage_out].as_u64().unwrap_or(output);
        }
    }
    (text, thinking, calls.into_iter().map(|(name, arguments)| (name, serde_json::from_str(&arguments).unwrap())).collect(), input, output)
}

fn any_script() -> impl Strategy<Value = ScriptedReply> {
    let words = || prop::option::of("[a-z \"\\\\é✓😀\n]{1,20}");
    let call = ("[a-z]{1,6}", prop::collection::btree_map("[a-z]{1,3}", "[a-z\"é ]{0,6}", 0..3));
    (words(), words(), prop::collection::vec(call, 0..3), prop::option::of(0_u64..1_000), prop::option::of(1_u64..1_000)).prop_map(
        |(thinking, text, calls, input, output)| ScriptedReply {
            thinking,
            text,
            tool_calls: calls.into_iter().map(|(name, arguments)| ScriptedCall { name, arguments: json!(arguments), id: None }).collect(),
            usage: ScriptedUsage { input, output, ..ScriptedUsage::default() },
            ..ScriptedReply::default()
        },
    )
}

proptest! {
    #[test]
    fn a_script_says_the_same_as_document_and_as_stream_in_every_dialect(script in any_script(), tokens_per_event in 1_u64..4) {
        let config = TwinConfig { script: vec![script.clone()], tokens_per_event, ..TwinConfig::default() };
        for endpoint in STREAMED {
            let whole = said_in_document(endpoint, &document(&config, 0, endpoint, &json!({})));
            prop_assert_eq!(&whole, &said_in_stream(endpoint, &events(&streamed(&config, endpoint))), "{}", endpoint);
            prop_assert_eq!(&whole.0, script.text.as_deref().unwrap_or_default());
            prop_assert_eq!(&whole.1, script.thinking.as_deref().unwrap_or_default());
            prop_assert_eq!(whole.2.len(), script.tool_calls.len());
            prop_assert_eq!(whole.4, script.usage.output.unwrap_or(whole.4));
        }
    }

    #[test]
    fn no_body_and_no_seed_make_a_twin_panic(seed: u64, ordinal: u64, name in 0..BUILT_IN_TWINS.len(), body in "[\\[\\]{}\":,a-z0-9 ]{0,40}") {
        let config = TwinConfig { seed, ..TwinConfig::built_in(BUILT_IN_TWINS[name]).unwrap() };
        for endpoint in ASKED {
            let _ = answer(&config, ordinal, endpoint, body.as_bytes());
            let _ = answer(&config, ordinal, endpoint, &ask(endpoint, true, &json!({ "dimensions": 8 })));
        }
    }
}
