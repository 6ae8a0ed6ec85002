//! Cases of Chat Completions streams, by their numbers in the table of wire cases.

use super::*;

const HEAD: &str = r#""id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x""#;

/// A chunk with these members behind the usual ones.
fn chunk(members: &str) -> String {
    format!("data: {{{HEAD},{members}}}\n\n")
}

fn delta(delta: &str) -> String {
    chunk(&format!(r#""choices":[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":null}}]"#))
}

fn finish(reason: &str) -> String {
    chunk(&format!(r#""choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]"#))
}

const USAGE: &str = r#""usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}"#;
const DONE: &str = "data: [DONE]\n\n";

fn expected_usage() -> Usage {
    Usage { cache_read: Some(4), ..used(6, 2) }
}

fn stream(parts: &[String]) -> String {
    parts.concat()
}

fn text() -> Vec<String> {
    vec![delta(r#"{"role":"assistant","content":"","refusal":null}"#), delta(r#"{"content":"Hel"}"#), delta(r#"{"content":"l\u00f6"}"#), finish("stop")]
}

#[test]
fn case_01_the_usage_chunk_is_stripped_where_only_we_asked() {
    let mut parts = text();
    parts.extend([chunk(&format!(r#""choices":[],{USAGE}"#)), DONE.into()]);
    let metered = metered(Endpoint::Chat, true, &stream(&parts));
    assert_eq!(metered.forwarded, stream(&text()));
    assert_eq!((metered.terminal.as_str(), metered.clean, metered.usage), (DONE, true, expected_usage()));
}

#[test]
fn case_02_the_usage_chunk_passes_as_it_is_where_the_client_asked() {
    let mut parts = text();
    parts.extend([chunk(&format!(r#""choices":[],{USAGE}"#)), DONE.into()]);
    assert_eq!(passes(Endpoint::Chat, &stream(&parts)).usage, expected_usage());
}

#[test]
fn case_03_usage_is_read_wherever_it_stands() {
    let with_choices = |usage: &str| chunk(&format!(r#""choices":[{{"index":0,"delta":{{"content":"x"}}}}],{usage}"#));
    let cumulative = [with_choices(r#""usage":{"prompt_tokens":10,"completion_tokens":1}"#), with_choices(USAGE), DONE.into()];
    assert_eq!(passes(Endpoint::Chat, &stream(&cumulative)).usage, expected_usage());
    let after_finish = [finish("stop"), with_choices(USAGE), DONE.into()];
    assert_eq!(passes(Endpoint::Chat, &stream(&after_finish)).usage, expected_usage());
    let without_choices = [finish("stop"), chunk(USAGE), DONE.into()];
    assert_eq!(passes(Endpoint::Chat, &stream(&without_choices)).usage, expected_usage());
    let behind_done = [finish("stop"), DONE.into(), chunk(&format!(r#""choices":[],{USAGE}"#))];
    assert_eq!(passes(Endpoint::Chat, &stream(&behind_done)).usage, expected_usage());
    let groq = [chunk(&format!(r#""choices":[],"x_groq":{{"id":"r",{USAGE}}}"#)), DONE.into()];
    assert_eq!(passes(Endpoint::Chat, &stream(&groq)).usage, expected_usage());
}

#[test]
fn case_03_on_a_chunk_with_choices_only_the_member_is_stripped() {
    for (with, without) in [
        (format!(r#"{{"choices":[{{"delta":{{}}}}],{USAGE}}}"#), r#"{"choices":[{"delta":{}}]}"#),
        (format!(r#"{{"choices":[{{"delta":{{}}}}] ,  {USAGE} }}"#), r#"{"choices":[{"delta":{}}]  }"#),
        (format!(r#"{{{USAGE}, "choices":[{{"delta":{{}}}}]}}"#), r#"{"choices":[{"delta":{}}]}"#),
        (format!(r#"{{"a":1,{USAGE},"choices":[{{"usage":7}}]}}"#), r#"{"a":1,"choices":[{"usage":7}]}"#),
    ] {
        let metered = metered(Endpoint::Chat, true, &format!("data: {with}\r\n\r\n"));
        assert_eq!((metered.forwarded, metered.usage), (format!("data: {without}\r\n\r\n"), expected_usage()));
    }
}

#[test]
fn case_04_usage_null_is_stripped_and_states_nothing() {
    let with = chunk(r#""choices":[{"index":0,"delta":{"content":"x"}}],"usage":null"#);
    let without = chunk(r#""choices":[{"index":0,"delta":{"content":"x"}}]"#);
    let stripped = metered(Endpoint::Chat, true, &with);
    assert_eq!((stripped.forwarded, stripped.usage, stripped.clean), (without, Usage::default(), false));
    passes(Endpoint::Chat, &with);
    let filter_results = chunk(r#""choices":[],"prompt_filter_results":[],"usage":null"#);
    assert_eq!(metered(Endpoint::Chat, true, &filter_results).forwarded, chunk(r#""choices":[],"prompt_filter_results":[]"#), "a chunk of Azure's");
}

#[test]
fn case_05_a_role_is_no_content_and_passes() {
    let mut meter = StreamMeter::new(Endpoint::Chat, StreamOptions::default());
    let role = Bytes::from(delta(r#"{"role":"assistant","content":""}"#));
    assert_eq!(meter.push(role.clone()).forward, [role]);
    assert!(!meter.content_started());
    meter.push(Bytes::from(delta(r#"{"content":"a"}"#)));
    assert!(meter.content_started());
}

#[test]
fn case_06_and_07_tool_calls_are_told_apart_by_index_and_by_id() {
    let call = |fields: &str| delta(&format!(r#"{{"tool_calls":[{{{fields}}}]}}"#));
    let check = |parts: &[String], calls: u64| assert_eq!(passes(Endpoint::Chat, &stream(parts)).observed.tool_calls, calls);
    let opening = |index: u64, id: &str| call(&format!(r#""index":{index},"id":"{id}","type":"function","function":{{"name":"f","arguments":""}}"#));
    let fragment = |index: u64| call(&format!(r#""index":{index},"function":{{"arguments":"{{\"a\""}}"#));
    check(&[opening(0, "a"), fragment(0), opening(1, "b"), fragment(1), fragment(0)], 2);
    check(&[opening(1, "a"), fragment(1), opening(2, "b")], 2);
    check(&[opening(0, "a"), opening(0, "a"), fragment(0)], 1);
    check(&[opening(0, "a"), fragment(0), opening(0, "b"), fragment(0)], 2);
    check(&[opening(0, ""), fragment(0), opening(0, "late")], 1);
    check(&[call(r#""id":"a","function":{"name":"f","arguments":"{}"}"#)], 1);
}

#[test]
fn case_08_a_tool_without_arguments_is_content() {
    let metered = passes(Endpoint::Chat, &delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"","arguments":""}}]}"#));
    assert_eq!((metered.started, metered.observed.tool_calls, metered.observed.tool_bytes), (true, 1, 0));
}

#[test]
fn case_09_ids_and_the_providers_model_stay() {
    let metered = passes(Endpoint::Chat, &stream(&text()));
    assert_eq!(metered.observed.model.as_deref(), Some("gpt-x"));
}

#[test]
fn case_10_done_is_withheld_and_never_given_behind_an_error() {
    let clean = passes(Endpoint::Chat, &stream(&[finish("stop"), DONE.into()]));
    assert_eq!((clean.terminal.as_str(), clean.clean), (DONE, true));
    let error = "data: {\"error\":{\"message\":\"m\"}}\n\n";
    let failed = metered(Endpoint::Chat, false, &format!("{error}{DONE}"));
    assert_eq!((failed.forwarded.as_str(), failed.terminal.as_str(), failed.clean), (error, "", false));
}

#[test]
fn case_10_a_stream_cut_short_is_not_clean() {
    let cut = passes(Endpoint::Chat, &stream(&text()[..2]));
    assert_eq!((cut.clean, cut.terminal.as_str(), cut.observed.finish_reason), (false, "", None));
    let whole = delta(r#"{"content":"abc"}"#);
    for cut in 1..whole.len() - 3 {
        let ended = metered(Endpoint::Chat, false, &format!("{whole}{}", &whole[..cut]));
        assert_eq!((ended.forwarded.as_str(), ended.observed.text_bytes), (whole.as_str(), 3), "an error event can follow");
    }
    for cut in whole.len() - 2..=whole.len() {
        let ended = metered(Endpoint::Chat, false, &whole[..cut]);
        assert_eq!((ended.forwarded.as_str(), ended.observed.text_bytes), (whole.as_str(), 3), "only the blank line lacked");
    }
    let without_blank_line = passes(Endpoint::Chat, "data: [DONE]");
    assert_eq!((without_blank_line.terminal.as_str(), without_blank_line.clean), ("data: [DONE]", true));
}

#[test]
fn case_11_an_error_in_the_middle_is_seen_and_passes() {
    for error in [
        "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\"}}\n\n",
        "event: error\ndata: {\"message\":\"m\"}\n\n",
        "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"m\"}}\n\n",
    ] {
        let metered = passes(Endpoint::Chat, &format!("{}{error}", delta(r#"{"content":"a"}"#)));
        let seen = metered.error.unwrap();
        assert_eq!((seen.message.as_str(), seen.kind, metered.clean), ("m", FaultKind::UpstreamFailed, false), "{error}");
    }
    assert!(passes(Endpoint::Chat, &chunk(r#""choices":[],"error":null"#)).error.is_none());
}

#[test]
fn case_12_the_finish_reason_is_the_last_that_is_not_null() {
    let parts = [delta(r#"{"content":"a"}"#), finish("length"), chunk(r#""choices":[{"index":0,"delta":{},"finish_reason":null}]"#)];
    assert_eq!(passes(Endpoint::Chat, &stream(&parts)).observed.finish_reason.as_deref(), Some("length"));
}

#[test]
fn case_13_comments_pass_and_are_no_content() {
    let comments = passes(Endpoint::Chat, ": OPENROUTER PROCESSING\n\n:\n\n");
    assert!(!comments.started && !comments.clean);
}

#[test]
fn case_14_odd_framing_is_metered_and_passes() {
    let stream = format!(
        "\u{feff}data:{{\"choices\":[{{\"delta\":{{\"content\":\"é\"}}}}]}}\r\n\r\ndata: {{\"choices\":\ndata: [],\ndata: {USAGE}}}\n\n\ndata:[DONE]\r\r"
    );
    let metered = passes(Endpoint::Chat, &stream);
    assert_eq!((metered.observed.text_bytes, metered.usage, metered.clean), (2, expected_usage(), true));
}

#[test]
fn case_14_a_member_is_stripped_from_data_of_several_lines() {
    let stream = format!("id: 7\ndata: {{\"choices\":[{{}}],\ndata: {USAGE},\ndata: \"x\":1}}\n\n");
    assert_eq!(metered(Endpoint::Chat, true, &stream).forwarded, "id: 7\ndata: {\"choices\":[{}],\ndata: \"x\":1}\n\n");
}

#[test]
fn case_15_choices_are_metered_side_by_side() {
    let choice = |index: u64, delta: &str| chunk(&format!(r#""choices":[{{"index":{index},"delta":{delta}}}]"#));
    let call = r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}"#;
    let metered = passes(Endpoint::Chat, &stream(&[choice(0, r#"{"content":"ab"}"#), choice(1, r#"{"content":"cd"}"#), choice(1, call), choice(0, call)]));
    assert_eq!((metered.observed.text_bytes, metered.observed.tool_calls), (4, 2));
}

#[test]
fn case_16_logprobs_pass() {
    let logprobs = r#""logprobs":{"content":[{"token":"a","logprob":-0.1,"bytes":[97],"top_logprobs":[]}],"refusal":null}"#;
    passes(Endpoint::Chat, &chunk(&format!(r#""choices":[{{"index":0,"delta":{{"content":"a"}},{logprobs}}}]"#)));
}

#[test]
fn case_17_a_refusal_is_content_of_its_own() {
    let metered = passes(Endpoint::Chat, &delta(r#"{"refusal":"No."}"#));
    assert_eq!((metered.started, metered.observed.refusal, metered.observed.text_bytes), (true, true, 3));
}

#[test]
fn case_18_reasoning_is_counted_once_under_whatever_name() {
    for (fields, bytes) in [
        (r#""reasoning":"abc""#, 3),
        (r#""reasoning_content":"abc""#, 3),
        (r#""reasoning":"abc","reasoning_details":[{"type":"reasoning.text","text":"abc","signature":"long"}]"#, 3),
        (r#""reasoning_details":[{"type":"reasoning.encrypted","data":"abcdef"}]"#, 6),
    ] {
        let metered = passes(Endpoint::Chat, &delta(&format!("{{{fields}}}")));
        assert_eq!((metered.started, metered.observed.reasoning_bytes, metered.observed.text_bytes), (true, bytes, 0), "{fields}");
    }
    let thinking = r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hmm"}]}]}"#;
    assert!(passes(Endpoint::Chat, &delta(thinking)).started);
}

#[test]
fn case_25_the_tier_is_what_the_response_says() {
    let metered = passes(Endpoint::Chat, &stream(&[chunk(r#""service_tier":"flex","choices":[]"#), chunk(r#""service_tier":"flex","choices":[]"#)]));
    assert_eq!(metered.usage.service_tier.as_deref(), Some("flex"));
}

#[test]
fn case_28_a_reported_cost_is_taken() {
    let metered = passes(Endpoint::Chat, &chunk(r#""choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"cost":0.25}"#));
    assert_eq!(metered.usage.reported_cost.map(|cost| cost.0), Some(250_000_000));
}

#[test]
fn case_65_an_error_in_the_first_event_is_seen_before_any_content() {
    let mut meter = StreamMeter::new(Endpoint::Chat, StreamOptions::default());
    let pushed = meter.push(Bytes::from_static(b": wait\n\ndata: {\"error\":{\"message\":\"busy\",\"code\":429}}\n\n"));
    assert_eq!((meter.content_started(), meter.error().map(|error| error.kind), pushed.forward.len()), (false, Some(FaultKind::RateLimited), 1));
}

#[test]
fn case_68_what_was_seen_of_an_aborted_stream_is_counted() {
    let parts = [
        delta(r#"{"reasoning_content":"hmm"}"#),
        delta(r#"{"content":"a\n\ud83d\ude00"}"#),
        delta(r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}"#),
    ];
    let observed = passes(Endpoint::Chat, &stream(&parts)).observed;
    assert_eq!((observed.reasoning_bytes, observed.text_bytes, observed.tool_bytes), (3, 6, 3));
}

#[test]
fn case_74_what_is_not_known_passes() {
    let parts = [
        chunk(r#""choices":[{"index":0,"delta":{"hologram":{"x":[1]}},"finish_reason":"bored"}],"new":{"a":null}"#),
        "event: novelty\ndata: not json\n\n".into(),
        "data: {\"choices\":7,\"usage\":\"x\"}\n\n".into(),
    ];
    let metered = passes(Endpoint::Chat, &stream(&parts));
    assert_eq!((metered.observed.finish_reason.as_deref(), metered.usage, metered.started), (Some("bored"), Usage::default(), false));
}

#[test]
fn case_14_an_event_written_anew_keeps_one_blank_line_wherever_it_is_cut() {
    // Found by fuzzing: two data lines with CRLF, from which usage is taken out, cut between the last CR and LF.
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\r\ndata: \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\n";
    let metered = metered(Endpoint::Chat, true, &format!("{event}data: [DONE]\r\n\r\n"));
    assert_eq!(metered.forwarded.matches("\r\n\r\n").count() + metered.forwarded.matches("\n\n").count(), 1, "{:?}", metered.forwarded);
    assert_eq!(metered.usage, used(1, 1));
}
