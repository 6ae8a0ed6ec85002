//! Cases of answers, for every pair of dialects that they apply to, as documents and as streams.

use crate::fold;
use crate::helpers::{Chat, Messages, PAIRS, Responses, answer, answered, hi, stream};
use crate::script::Event;
use jeton_wire::Endpoint;
use serde_json::{Value, json};

/// A word for an end of each dialect that means the same: `(chat, responses, messages)`.
const ENDS: [(&str, &str, &str); 3] =
    [("stop", "completed", "end_turn"), ("length", "max_output_tokens", "max_tokens"), ("content_filter", "content_filter", "refusal")];

fn end(dialect: Endpoint, ends: (&'static str, &'static str, &'static str)) -> &'static str {
    match dialect {
        Responses => ends.1,
        Messages => ends.2,
        _ => ends.0,
    }
}

/// Why an answer ended, in its dialect's words.
fn end_of(dialect: Endpoint, answer: &Value) -> String {
    let word = match dialect {
        Responses => answer.pointer("/incomplete_details/reason").filter(|reason| !reason.is_null()).unwrap_or(&answer["status"]),
        Messages => &answer["stop_reason"],
        _ => &answer["choices"][0]["finish_reason"],
    };
    word.as_str().unwrap().to_owned()
}

/// "Hi" as a script that ends with `end` and `usage`; Responses has neither in its script, so they stand in its answer.
fn hi_script(dialect: Endpoint, end: &str, usage: &Value) -> String {
    match dialect {
        Messages => format!(
            "start {{\"input_tokens\":1,\"output_tokens\":1}}\nblock text\ntext \"Hi\"\nstop\nend {{\"stop_reason\":\"{end}\",\"stop_sequence\":null}} {usage}\ndone"
        ),
        Responses => "start\nmessage\ntext \"Hi\"\ndone".into(),
        _ => format!("role\ntext \"Hi\"\nfinish {end}\nusage {usage}\ndone"),
    }
}

/// The answer of `from` to a caller of `to`: as it comes across as a document, and put together from the stream.
fn both(from: Endpoint, to: Endpoint, word: &str, usage: &Value) -> [Value; 2] {
    let document = answered(from, hi(from), word, usage.clone());
    let bytes = crate::helpers::stream_of(from, &hi_script(from, word, usage), &document);
    let metered = crate::helpers::metered(from, &bytes);
    let (out, _) = crate::helpers::translate_chunks(&crate::helpers::answering(from, to), [&bytes[..]], &metered).unwrap();
    [answer(from, to, &document).0, fold::document(to, &crate::script::parse(&out))]
}

/// Usage of each dialect for the same call: 40 fresh, 60 read from the cache, 30 written to it, 50 out, of which 20 were thoughts.
fn usage(dialect: Endpoint) -> Value {
    match dialect {
        Messages => {
            json!({ "input_tokens": 40, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 60, "output_tokens": 50, "output_tokens_details": { "thinking_tokens": 20 } })
        }
        Responses => {
            json!({ "input_tokens": 130, "input_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 30 }, "output_tokens": 50, "output_tokens_details": { "reasoning_tokens": 20 }, "total_tokens": 180 })
        }
        _ => {
            json!({ "prompt_tokens": 130, "completion_tokens": 50, "total_tokens": 180, "prompt_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 30 }, "completion_tokens_details": { "reasoning_tokens": 20 } })
        }
    }
}

#[test]
fn case_21_and_24_input_includes_the_cache_as_the_caller_knows_it_and_reasoning_is_counted_once() {
    for (from, to) in PAIRS {
        for got in both(from, to, end(from, ENDS[0]), &usage(from)) {
            let mut got = got["usage"].clone();
            got.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "service_tier" | "cache_creation"));
            assert_eq!(got, usage(to), "{from} → {to}");
        }
    }
}

#[test]
fn case_24_and_26_figures_without_a_place_are_told() {
    let mut messages = usage(Messages);
    messages["server_tool_use"] = json!({ "web_search_requests": 2 });
    for to in [Chat, Responses] {
        assert_eq!(answer(Messages, to, &answered(Messages, hi(Messages), "end_turn", messages.clone())).1, ["dropped usage.web_searches"]);
    }
    let mut chat = usage(Chat);
    chat["prompt_tokens_details"]["audio_tokens"] = 7.into();
    for to in [Messages, Responses] {
        assert_eq!(answer(Chat, to, &answered(Chat, hi(Chat), "stop", chat.clone())).1, ["dropped usage.audio_tokens"]);
    }
}

#[test]
fn case_22_both_lives_of_cache_writes_are_input_in_openais_words() {
    let usage = json!({ "input_tokens": 1, "cache_creation_input_tokens": 30, "cache_creation": { "ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10 }, "output_tokens": 5 });
    let chat = both(Messages, Chat, "end_turn", &usage);
    assert!(chat.iter().all(|got| got["usage"]["prompt_tokens"] == 31 && got["usage"]["prompt_tokens_details"]["cache_write_tokens"] == 30), "{chat:?}");
    let responses = both(Messages, Responses, "end_turn", &usage);
    assert!(
        responses.iter().all(|got| got["usage"]["input_tokens"] == 31 && got["usage"]["input_tokens_details"]["cache_write_tokens"] == 30),
        "{responses:?}"
    );
}

#[test]
fn case_23_cached_tokens_that_are_not_told_stay_untold_and_zero_stays_zero() {
    for (details, wanted) in [(json!({}), None), (json!({ "cached_tokens": null }), None), (json!({ "cached_tokens": 0 }), Some(0))] {
        let usage = json!({ "prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10, "prompt_tokens_details": details });
        for got in both(Chat, Messages, "stop", &usage) {
            assert_eq!(got["usage"].get("cache_read_input_tokens").and_then(Value::as_u64), wanted, "{details}");
            assert_eq!(got["usage"]["input_tokens"], 9);
        }
    }
    for (usage, wanted) in
        [(json!({ "input_tokens": 9, "output_tokens": 1 }), None), (json!({ "input_tokens": 9, "cache_read_input_tokens": 0, "output_tokens": 1 }), Some(0))]
    {
        for got in both(Messages, Chat, "end_turn", &usage) {
            assert_eq!(got.pointer("/usage/prompt_tokens_details/cached_tokens").and_then(Value::as_u64), wanted);
        }
    }
}

#[test]
fn case_33_the_last_figures_of_a_messages_stream_count_and_what_they_leave_out_stays() {
    let script = |last: &str| {
        format!(
            "start {{\"input_tokens\":25,\"cache_read_input_tokens\":4,\"output_tokens\":1}}\nblock text\ntext \"Hi\"\nstop\nend {{\"stop_reason\":\"end_turn\"}} {last}\ndone"
        )
    };
    for (last, prompt, cached) in [(r#"{"output_tokens":15}"#, 29, 4), (r#"{"input_tokens":30,"cache_read_input_tokens":0,"output_tokens":15}"#, 30, 0)] {
        let (events, _) = stream(Messages, Chat, &script(last));
        let usage = &events[events.len() - 2].1["usage"];
        assert_eq!(
            (&usage["prompt_tokens"], &usage["prompt_tokens_details"]["cached_tokens"], &usage["completion_tokens"]),
            (&json!(prompt), &json!(cached), &json!(15))
        );
        let (events, _) = stream(Messages, Responses, &script(last));
        assert_eq!(events.last().unwrap().1["response"]["usage"]["input_tokens"], prompt);
    }
    // The other way, the start has what is known: nothing yet, as numbers that an SDK can add to; the end restates all.
    let (events, _) = stream(Chat, Messages, &hi_script(Chat, "stop", &usage(Chat)));
    assert_eq!(events[0].1["message"]["usage"], json!({ "input_tokens": 0, "output_tokens": 0 }));
    assert_eq!(events[events.len() - 2].1["usage"], usage(Messages));
    let estimate = jeton_core::Usage { input: Some(120), ..jeton_core::Usage::default() };
    let mut translator = jeton_wire::canonical::StreamTranslator::new(crate::helpers::answering(Chat, Messages), 1, estimate);
    let mut out = Vec::new();
    translator.push(&bytes::Bytes::from_static(b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"), &mut out).unwrap();
    assert_eq!(crate::script::parse(&out)[0].1["message"]["usage"], json!({ "input_tokens": 120, "output_tokens": 1 }));
    let (silent, _) = stream(Chat, Messages, "role\ntext \"Hi\"\nfinish stop\ndone");
    assert_eq!(silent[silent.len() - 2].1["usage"], json!({ "output_tokens": 0 }));
}

#[test]
fn case_34_fragments_of_arguments_come_across_cut_anywhere_even_in_an_escape() {
    let pieces = ["", "{\"t\":\"a\\", "\"b\\u00", "e9\"", "}"];
    let call = |dialect| match dialect {
        Chat => format!("role\ncall 0 c1 f\n{}finish tool_calls\ndone", pieces.map(|piece| format!("args 0 {}\n", json!(piece))).concat()),
        Responses => format!("start\ncall c1 f\n{}done", pieces.map(|piece| format!("args {}\n", json!(piece))).concat()),
        _ => format!(
            "start {{\"input_tokens\":1,\"output_tokens\":1}}\nblock tool c1 f\n{}stop\nend {{\"stop_reason\":\"tool_use\"}} {{\"output_tokens\":5}}\ndone",
            pieces.map(|piece| format!("json {}\n", json!(piece))).concat()
        ),
    };
    for (from, to) in PAIRS {
        let (events, _) = stream(from, to, &call(from));
        let document = fold::document(to, &events);
        let arguments: Value = match to {
            Chat => serde_json::from_str(document["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].as_str().unwrap()).unwrap(),
            Responses => serde_json::from_str(document["output"][0]["arguments"].as_str().unwrap()).unwrap(),
            _ => document["content"][0]["input"].clone(),
        };
        assert_eq!(arguments, json!({ "t": "a\"bé" }), "{from} → {to}");
    }
}

const THOUGHTS: &str = r#"start {"input_tokens":1,"output_tokens":1}
block thinking
think "one"
sign "c2ln+/=1"
stop
block text
text "first"
stop
block thinking
think "two"
sign "c2ln+/=2"
stop
block redacted ZGF0YQ+/=
stop
block text
text "second"
stop
end {"stop_reason":"end_turn"} {"output_tokens":9}
done"#;

fn texts(events: &[Event], pointer: &str) -> Vec<String> {
    events.iter().filter_map(|(_, event)| event.pointer(pointer)?.as_str().map(str::to_owned)).collect()
}

#[test]
fn case_35_signatures_and_hidden_thoughts_come_across_byte_for_byte() {
    let (events, _) = stream(Messages, Chat, THOUGHTS);
    assert_eq!(texts(&events, "/choices/0/delta/reasoning_details/0/signature"), ["c2ln+/=1", "c2ln+/=2"]);
    assert_eq!(texts(&events, "/choices/0/delta/reasoning_details/0/text"), ["one", "two"]);
    assert_eq!(texts(&events, "/choices/0/delta/reasoning_details/0/data"), ["ZGF0YQ+/="]);
    let (events, _) = stream(Messages, Responses, THOUGHTS);
    let output = &events.last().unwrap().1["response"]["output"];
    let encrypted: Vec<&str> = output.as_array().unwrap().iter().filter_map(|item| item["encrypted_content"].as_str()).collect();
    assert_eq!(encrypted, ["jeton:anthropic:c2ln+/=1", "jeton:anthropic:c2ln+/=2", "jeton:anthropic-redacted:ZGF0YQ+/="]);
}

#[test]
fn case_38_and_39_thoughts_stay_apart_and_no_text_behind_one_is_lost() {
    let (events, _) = stream(Messages, Chat, THOUGHTS);
    assert_eq!(texts(&events, "/choices/0/delta/reasoning_content"), ["one", "two"]);
    assert_eq!(texts(&events, "/choices/0/delta/content"), ["", "first", "second"]);
    let (events, _) = stream(Messages, Responses, THOUGHTS);
    let output = events.last().unwrap().1["response"]["output"].clone();
    let kinds: Vec<&str> = output.as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reasoning", "message", "reasoning", "reasoning", "message"]);
    assert_eq!((&output[0]["summary"][0]["text"], &output[2]["summary"][0]["text"]), (&json!("one"), &json!("two")));
    assert_eq!((&output[1]["content"][0]["text"], &output[4]["content"][0]["text"]), (&json!("first"), &json!("second")));
    let chat = "role\nthink \"one\"\ntext \"first\"\nthink \"two\"\ntext \"second\"\nfinish stop\ndone";
    for to in [Messages, Responses] {
        let document = fold::document(to, &stream(Chat, to, chat).0);
        let list = if to == Messages { &document["content"] } else { &document["output"] };
        assert_eq!(list.as_array().unwrap().len(), 4, "{document}");
        assert!(list[1].to_string().contains("first") && list[3].to_string().contains("second"));
    }
}

#[test]
fn case_40_the_providers_own_tools_are_no_calls_of_the_callers() {
    let content = json!([{ "type": "server_tool_use", "id": "s", "name": "web_search", "input": {} }, { "type": "text", "text": "Hi" }]);
    for to in [Chat, Responses] {
        let (document, lost) = answer(Messages, to, &answered(Messages, content.clone(), "end_turn", usage(Messages)));
        assert!(!document.to_string().contains("web_search"));
        assert_eq!((end_of(to, &document).as_str(), lost), (end(to, ENDS[0]), vec!["dropped content[type=server_tool_use]".to_owned()]));
    }
    let output = json!([{ "type": "web_search_call", "id": "ws_1", "status": "completed", "action": { "type": "search", "query": "x" } }]);
    for (to, more) in [(Chat, Some("dropped usage.web_searches")), (Messages, None)] {
        let (document, lost) = answer(Responses, to, &answered(Responses, output.clone(), "completed", usage(Responses)));
        let wanted: Vec<&str> = std::iter::once("dropped output[type=web_search_call]").chain(more).collect();
        assert_eq!((end_of(to, &document).as_str(), lost), (end(to, ENDS[0]), wanted.into_iter().map(str::to_owned).collect()));
    }
}

#[test]
fn case_41_text_that_citations_split_is_whole_and_every_source_is_kept() {
    let cited = |text: &str, url: &str| json!({ "type": "text", "text": text, "citations": [{ "type": "web_search_result_location", "url": url, "title": "t", "encrypted_index": "", "cited_text": "" }] });
    let content = json!([cited("One ", "https://a"), { "type": "text", "text": "and " }, cited("two", "https://b")]);
    let (chat, _) = answer(Messages, Chat, &answered(Messages, content.clone(), "end_turn", usage(Messages)));
    let message = &chat["choices"][0]["message"];
    let places: Vec<(&str, u64, u64)> = message["annotations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|annotation| {
            let inner = &annotation["url_citation"];
            (inner["url"].as_str().unwrap(), inner["start_index"].as_u64().unwrap(), inner["end_index"].as_u64().unwrap())
        })
        .collect();
    assert_eq!((message["content"].as_str(), places), (Some("One and two"), vec![("https://a", 0, 4), ("https://b", 8, 11)]));
    let (responses, _) = answer(Messages, Responses, &answered(Messages, content, "end_turn", usage(Messages)));
    let parts = responses["output"][0]["content"].as_array().unwrap();
    let urls: Vec<Option<&str>> = parts.iter().map(|part| part.pointer("/annotations/0/url").and_then(Value::as_str)).collect();
    assert_eq!(urls, [Some("https://a"), None, Some("https://b")]);
}

#[test]
fn case_50_which_stop_text_was_met_is_told_to_those_who_have_a_place_for_it() {
    let mut chat = answered(Chat, hi(Chat), "stop", usage(Chat));
    chat["choices"][0]["stop_reason"] = "END".into();
    let (document, _) = answer(Chat, Messages, &chat);
    assert_eq!((&document["stop_reason"], &document["stop_sequence"]), (&json!("stop_sequence"), &json!("END")));
    let mut messages = answered(Messages, hi(Messages), "stop_sequence", usage(Messages));
    messages["stop_sequence"] = "END".into();
    for to in [Chat, Responses] {
        let (document, lost) = answer(Messages, to, &messages);
        assert_eq!((end_of(to, &document).as_str(), lost), (end(to, ENDS[0]), vec!["dropped stop_sequence".to_owned()]));
    }
}

#[test]
fn case_51_reasons_for_an_end_go_across_and_a_refusal_is_never_an_end_of_turn() {
    for (from, to) in PAIRS {
        for ends in ENDS {
            for got in both(from, to, end(from, ends), &usage(from)) {
                assert_eq!(end_of(to, &got), end(to, ends), "{from} → {to}");
            }
        }
    }
    for word in ["pause_turn", "model_context_window_exceeded"] {
        for to in [Chat, Responses] {
            for got in both(Messages, to, word, &usage(Messages)) {
                assert_eq!(end_of(to, &got), end(to, ENDS[1]), "{word} → {to}");
            }
        }
    }
    for (from, word) in [(Chat, "new_word"), (Messages, "new_word")] {
        let (_, lost) = answer(from, Responses, &answered(from, hi(from), word, usage(from)));
        assert_eq!(lost.len(), 1, "{lost:?}");
    }
}

#[test]
fn case_32_case_61_an_error_in_a_stream_has_the_callers_word_for_it() {
    // Anthropic's and OpenAI's types: https://docs.claude.com/en/api/errors, https://platform.openai.com/docs/guides/error-codes.
    let types = [
        ("invalid_request_error", "invalid_request_error"),
        ("authentication_error", "server_error"),
        ("not_found_error", "invalid_request_error"),
        ("rate_limit_error", "rate_limit_error"),
        ("api_error", "server_error"),
        ("overloaded_error", "service_unavailable_error"),
    ];
    for (word, wanted) in types {
        let script = format!("start {{\"input_tokens\":1,\"output_tokens\":1}}\nerror {{\"type\":\"{word}\",\"message\":\"no\"}}");
        let (events, _) = stream(Messages, Chat, &script);
        let error = &events.last().unwrap().1["error"];
        if word != "authentication_error" {
            assert_eq!(error["type"], wanted, "{word}");
        }
        assert_eq!(error["message"].as_str().map(|message| message.contains("no")), Some(true));
        let (events, _) = stream(Messages, Responses, &script);
        assert_eq!(events.last().unwrap().0, "error");
    }
    for (error, wanted) in [
        (r#"{"message":"slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}"#, "rate_limit_error"),
        (r#"{"message":"no","type":"server_error","code":null}"#, "api_error"),
        (r#"{"message":"no","type":"invalid_request_error","code":null}"#, "invalid_request_error"),
    ] {
        let (events, _) = stream(Chat, Messages, &format!("role\ntext \"x\"\nerror {error}"));
        let (name, event) = events.last().unwrap();
        assert_eq!((name.as_str(), event["error"]["type"].as_str()), ("error", Some(wanted)));
    }
    let failed = r#"start
raw {"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow down"}}}"#;
    for (to, wanted) in [(Messages, "rate_limit_error"), (Chat, "rate_limit_error")] {
        let (events, _) = stream(Responses, to, failed);
        assert_eq!(events.last().unwrap().1["error"]["type"], wanted, "{to}");
    }
}

#[test]
fn case_53_the_tier_of_an_answer_is_told_in_the_callers_words() {
    let chat = |tier: &str| {
        let mut answer = answered(Chat, hi(Chat), "stop", usage(Chat));
        answer["service_tier"] = tier.into();
        answer
    };
    for (tier, wanted, lost) in [("default", Some("standard"), 0), ("priority", Some("priority"), 0), ("flex", None, 1)] {
        let (document, told) = answer(Chat, Messages, &chat(tier));
        assert_eq!((document["usage"]["service_tier"].as_str(), told.len()), (wanted, lost), "{tier}");
    }
    for (tier, wanted, lost) in [("standard", Some("default"), 0), ("priority", Some("priority"), 0), ("batch", None, 1)] {
        let mut figures = usage(Messages);
        figures["service_tier"] = tier.into();
        for to in [Chat, Responses] {
            let (document, told) = answer(Messages, to, &answered(Messages, hi(Messages), "end_turn", figures.clone()));
            assert_eq!((document["service_tier"].as_str(), told.len()), (wanted, lost), "{tier}");
        }
    }
}

#[test]
fn case_74_new_words_and_events_are_told_and_the_answer_goes_on() {
    let script = "start {\"input_tokens\":1,\"output_tokens\":1}\nraw {\"type\":\"weather\"}\nblock text\nraw {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"mood\"}}\ntext \"Hi\"\nstop\nend {\"stop_reason\":\"bored\"} {\"output_tokens\":1}\ndone";
    for to in [Chat, Responses] {
        let (events, lost) = stream(Messages, to, script);
        assert!(fold::document(to, &events).to_string().contains("Hi"));
        assert_eq!(lost, ["dropped delta[type=mood]", "dropped events[type=weather]", "dropped stop_reason"]);
    }
}
