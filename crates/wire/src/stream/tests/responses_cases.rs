//! Cases of Responses streams, by their numbers in the table of wire cases.

use super::*;

fn event(kind: &str, sequence: u64, members: &str) -> String {
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"sequence_number\":{sequence},{members}}}\n\n")
}

fn opening() -> String {
    let response = r#""response":{"id":"resp_1","status":"in_progress","model":"gpt-x","error":null,"output":[],"usage":null,"service_tier":"auto"}"#;
    event("response.created", 0, response) + &event("response.in_progress", 1, response)
}

fn text_delta(sequence: u64, text: &str) -> String {
    event("response.output_text.delta", sequence, &format!(r#""item_id":"msg_1","output_index":0,"content_index":0,"delta":"{text}","logprobs":[]"#))
}

const USAGE: &str = r#""usage":{"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":12}"#;

fn ending(kind: &str, sequence: u64, members: &str) -> String {
    event(
        &format!("response.{kind}"),
        sequence,
        &format!(r#""response":{{"id":"resp_1","status":"{kind}","model":"gpt-x","service_tier":"default",{members}}}"#),
    )
}

#[test]
fn case_55_sequence_numbers_and_places_stay_and_the_next_number_is_known() {
    let stream = opening() + &text_delta(2, "Hi") + &ending("completed", 3, USAGE);
    let metered = passes(Endpoint::Responses, &stream);
    assert_eq!(metered.next_sequence, 4);
    assert_eq!(passes(Endpoint::Responses, &(opening() + &text_delta(7, "Hi"))).next_sequence, 8);
}

#[test]
fn case_56_each_ending_is_terminal_and_withheld_without_done() {
    for (kind, members, finish) in [
        ("completed", USAGE.to_owned(), "completed"),
        ("incomplete", format!(r#""incomplete_details":{{"reason":"max_output_tokens"}},{USAGE}"#), "max_output_tokens"),
        ("incomplete", format!(r#"{USAGE},"incomplete_details":{{"reason":"content_filter"}}"#), "content_filter"),
        ("cancelled", USAGE.to_owned(), "cancelled"),
    ] {
        let end = ending(kind, 3, &members);
        let metered = passes(Endpoint::Responses, &(opening() + &text_delta(2, "Hi") + &end));
        let usage = Usage { cache_read: Some(4), reasoning: Some(1), service_tier: Some("default".into()), ..used(6, 2) };
        assert_eq!((metered.terminal, metered.clean, metered.usage), (end, true, usage), "{kind}");
        assert_eq!((metered.observed.finish_reason.as_deref(), metered.error), (Some(finish), None));
    }
    let with_done = ending("completed", 3, USAGE) + "data: [DONE]\n\n";
    assert_eq!(passes(Endpoint::Responses, &with_done).terminal, with_done, "some servers send it: it stays behind the end");
}

#[test]
fn case_57_triples_pass_whole_and_are_counted_once() {
    let stream = [
        opening(),
        event("response.output_item.added", 2, r#""output_index":0,"item":{"id":"msg_1","type":"message","content":[]}"#),
        event("response.content_part.added", 3, r#""item_id":"msg_1","part":{"type":"output_text","text":""}"#),
        text_delta(4, "Hel"),
        text_delta(5, "lo"),
        event("response.output_text.done", 6, r#""item_id":"msg_1","text":"Hello""#),
        event("response.content_part.done", 7, r#""item_id":"msg_1","part":{"type":"output_text","text":"Hello"}"#),
        event("response.output_item.done", 8, r#""output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"Hello"}]}"#),
        ending("completed", 9, &format!(r#""output":[{{"type":"message","content":[{{"type":"output_text","text":"Hello"}}]}}],{USAGE}"#)),
    ];
    let metered = passes(Endpoint::Responses, &stream.concat());
    assert_eq!((metered.observed.text_bytes, metered.observed.model.as_deref()), (5, Some("gpt-x")));
}

#[test]
fn case_58_calls_custom_tools_and_reasoning_are_told_apart() {
    let stream = [
        event("response.output_item.added", 2, r#""item":{"id":"rs_1","type":"reasoning","summary":[]}"#),
        event("response.reasoning_summary_text.delta", 3, r#""item_id":"rs_1","delta":"hmm""#),
        event("response.output_item.added", 4, r#""item":{"id":"fc_1","type":"function_call","call_id":"call_1","name":"f","arguments":""}"#),
        event("response.function_call_arguments.delta", 5, r#""item_id":"fc_1","delta":"{}""#),
        event("response.output_item.added", 6, r#""item":{"id":"ct_1","type":"custom_tool_call","call_id":"call_2","name":"g","input":""}"#),
        event("response.custom_tool_call_input.delta", 7, r#""item_id":"ct_1","delta":"free text""#),
    ];
    let observed = passes(Endpoint::Responses, &stream.concat()).observed;
    assert_eq!((observed.tool_calls, observed.reasoning_bytes, observed.tool_bytes), (2, 3, 11));
}

#[test]
fn case_69_openings_are_no_content() {
    let added = event("response.output_item.added", 2, r#""item":{"type":"message","content":[]}"#);
    assert!(!passes(Endpoint::Responses, &(opening() + &added + &text_delta(3, ""))).started);
    for content in [
        text_delta(2, "a"),
        event("response.refusal.delta", 2, r#""delta":"No""#),
        event("response.reasoning_text.delta", 2, r#""delta":"hm""#),
        event("response.output_audio.delta", 2, r#""delta":"QUJD""#),
        event("response.output_item.added", 2, r#""item":{"type":"function_call","arguments":""}"#),
        event("response.output_item.added", 2, r#""item":{"type":"web_search_call"}"#),
    ] {
        assert!(passes(Endpoint::Responses, &content).started, "{content}");
    }
}

#[test]
fn case_17_a_refusal_is_seen() {
    assert!(passes(Endpoint::Responses, &event("response.refusal.delta", 2, r#""delta":"No""#)).observed.refusal);
}

#[test]
fn case_26_web_searches_are_counted_once() {
    let done = |sequence| event("response.output_item.done", sequence, r#""item":{"type":"web_search_call","status":"completed"}"#);
    assert_eq!(passes(Endpoint::Responses, &(done(1) + &done(2))).usage.web_searches, Some(2), "they are paid though the end never came");
    let end = ending("completed", 3, &format!(r#""output":[{{"type":"web_search_call"}},{{"type":"web_search_call"}}],{USAGE}"#));
    assert_eq!(passes(Endpoint::Responses, &(done(1) + &done(2) + &end)).usage.web_searches, Some(2));
}

#[test]
fn case_65_failures_of_every_form_are_seen() {
    for (event, kind, clean) in [
        (event("error", 2, r#""code":"rate_limit_exceeded","message":"m","param":null"#), FaultKind::RateLimited, false),
        (event("error", 2, r#""error":{"type":"server_error","message":"m"}"#), FaultKind::UpstreamFailed, false),
        (ending("failed", 2, r#""error":{"code":"server_error","message":"m"}"#), FaultKind::UpstreamFailed, true),
    ] {
        let metered = passes(Endpoint::Responses, &event);
        let error = metered.error.unwrap();
        assert_eq!((error.kind, error.message.as_str(), metered.clean, metered.started), (kind, "m", clean, false), "{event}");
    }
    let failed = passes(Endpoint::Responses, &ending("failed", 2, r#""error":null"#));
    assert!(failed.error.is_some());
    let both = event("error", 2, r#""code":"server_error","message":"m""#) + &ending("failed", 3, r#""error":{"message":"m"}"#);
    assert!(passes(Endpoint::Responses, &both).terminal.contains("response.failed"), "the vendor sends both, and both pass");
}

#[test]
fn case_68_an_aborted_stream_counts_what_was_seen() {
    let metered = passes(Endpoint::Responses, &(opening() + &text_delta(2, "Hello")));
    assert_eq!((metered.usage.input, metered.usage.output, metered.observed.text_bytes, metered.clean), (None, None, 5, false));
}

#[test]
fn case_74_unknown_events_pass() {
    let stream = event("response.hologram.delta", 2, r#""delta":{"x":1}"#) + &event("response.novelty", 3, r#""a":1"#) + "event: x\ndata: [1,2\n\n";
    assert!(!passes(Endpoint::Responses, &stream).started);
}
