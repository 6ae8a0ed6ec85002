//! Cases of Messages streams, by their numbers in the table of wire cases.

use super::*;

fn event(kind: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!("event: {kind}\ndata: {{\"type\":\"{kind}\"{comma}{members}}}\n\n")
}

fn start(usage: &str) -> String {
    event(
        "message_start",
        &format!(r#""message":{{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],"stop_reason":null,"usage":{usage}}}"#),
    )
}

fn block(index: u64, block: &str) -> String {
    event("content_block_start", &format!(r#""index":{index},"content_block":{block}"#))
}

fn delta(index: u64, delta: &str) -> String {
    event("content_block_delta", &format!(r#""index":{index},"delta":{delta}"#))
}

fn stop(index: u64) -> String {
    event("content_block_stop", &format!(r#""index":{index}"#))
}

fn ended(reason: &str, usage: &str) -> String {
    event("message_delta", &format!(r#""delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{usage}"#))
}

const USAGE: &str = r#"{"input_tokens":25,"output_tokens":1}"#;
const TEXT: &str = r#"{"type":"text","text":""}"#;
const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

#[test]
fn case_29_and_30_the_order_of_events_stays_and_the_stop_is_withheld() {
    let stream =
        [start(USAGE), block(0, TEXT), delta(0, r#"{"type":"text_delta","text":"Hi"}"#), stop(0), ended("end_turn", r#"{"output_tokens":15}"#), STOP.into()];
    let metered = passes(Endpoint::Messages, &stream.concat());
    assert_eq!((metered.terminal.as_str(), metered.clean, metered.usage), (STOP, true, used(25, 15)));
    assert_eq!((metered.observed.finish_reason.as_deref(), metered.observed.model.as_deref()), (Some("end_turn"), Some("claude-x")));
}

#[test]
fn case_69_pings_and_openings_are_no_content() {
    let opening = [start(USAGE), event("ping", ""), block(0, TEXT), block(1, r#"{"type":"thinking","thinking":"","signature":""}"#)].concat();
    assert!(!passes(Endpoint::Messages, &opening).started);
    for content in [
        delta(0, r#"{"type":"text_delta","text":"H"}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"H"}"#),
        block(0, r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
        block(0, r#"{"type":"redacted_thinking","data":"x"}"#),
        block(0, r#"{"type":"hologram"}"#),
    ] {
        assert!(passes(Endpoint::Messages, &content).started, "{content}");
    }
}

#[test]
fn case_31_pings_and_unknown_events_pass_anywhere() {
    let stream = [
        event("ping", ""),
        start(USAGE),
        event("novelty", r#""a":[1]"#),
        block(0, TEXT),
        event("ping", ""),
        delta(0, r#"{"type":"hologram_delta","x":1}"#),
        delta(0, r#"{"type":"citations_delta","citation":{"type":"char_location","cited_text":"abc"}}"#),
        STOP.into(),
    ];
    let metered = passes(Endpoint::Messages, &stream.concat());
    assert_eq!((metered.clean, metered.started, metered.observed.text_bytes), (true, false, 0));
}

#[test]
fn case_32_an_error_event_is_seen_and_passes() {
    let error = event("error", r#""error":{"type":"overloaded_error","message":"Overloaded"}"#);
    for before in [String::new(), [start(USAGE), block(0, TEXT), delta(0, r#"{"type":"text_delta","text":"H"}"#)].concat()] {
        let metered = passes(Endpoint::Messages, &format!("{before}{error}"));
        let seen = metered.error.unwrap();
        assert_eq!((seen.kind, seen.message.as_str(), metered.clean), (FaultKind::Overloaded, "Overloaded", false));
    }
    let metered = metered(Endpoint::Messages, false, &format!("{error}{STOP}"));
    assert_eq!((metered.forwarded, metered.terminal.as_str(), metered.clean), (error, "", false));
}

#[test]
fn case_33_usage_is_cumulative_and_what_is_absent_stays() {
    let first = r#"{"input_tokens":25,"cache_creation_input_tokens":30,"cache_read_input_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":10},"output_tokens":1,"service_tier":"standard"}"#;
    let expected = |input, output| Usage {
        cache_read: Some(4),
        cache_write: Some(20),
        cache_write_1h: Some(10),
        service_tier: Some("standard".into()),
        ..used(input, output)
    };
    let check = |deltas: &[&str], usage: Usage| {
        let stream = start(first) + &deltas.iter().map(|usage| ended("end_turn", usage)).collect::<String>();
        assert_eq!(passes(Endpoint::Messages, &stream).usage, usage, "{deltas:?}");
    };
    check(&[r#"{"output_tokens":15}"#], expected(25, 15));
    check(&[r#"{"output_tokens":7}"#, r#"{"output_tokens":15}"#], expected(25, 15));
    check(&[r#"{"input_tokens":40,"cache_creation_input_tokens":30,"cache_read_input_tokens":4,"output_tokens":15}"#], expected(40, 15));
    check(&[r#"{"output_tokens":15,"cache_read_input_tokens":null}"#], expected(25, 15));
    let searched = Usage { web_searches: Some(2), ..expected(25, 15) };
    check(&[r#"{"output_tokens":15,"server_tool_use":{"web_search_requests":2}}"#], searched);
}

#[test]
fn case_34_fragments_of_arguments_pass_whatever_they_are() {
    let fragments = ["", "{\\\"a", "\\\":\\\"\\\\u00", "e9\\\"}"];
    let deltas: String = fragments.iter().map(|part| delta(1, &format!(r#"{{"type":"input_json_delta","partial_json":"{part}"}}"#))).collect();
    let stream = block(1, r#"{"type":"tool_use","id":"toolu_1","name":"f","input":{}}"#) + &deltas + &stop(1);
    let metered = passes(Endpoint::Messages, &stream);
    assert_eq!((metered.observed.tool_calls, metered.observed.tool_bytes), (1, 1 + 14));
}

#[test]
fn case_35_signatures_and_redacted_thinking_stay() {
    let stream = [
        block(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, r#"{"type":"thinking_delta","thinking":"hmm"}"#),
        delta(0, r#"{"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h+/=="}"#),
        stop(0),
        block(1, r#"{"type":"redacted_thinking","data":"EmwKAhgBEgy3va3p"}"#),
        stop(1),
    ];
    let metered = passes(Endpoint::Messages, &stream.concat());
    assert_eq!((metered.observed.reasoning_bytes, metered.observed.text_bytes), (3 + 16, 0));
}

#[test]
fn case_38_the_first_text_behind_thinking_is_not_lost() {
    let stream = [
        delta(0, r#"{"type":"thinking_delta","thinking":"hmm"}"#),
        stop(0),
        block(1, r#"{"type":"text","text":"First"}"#),
        delta(1, r#"{"type":"text_delta","text":" then"}"#),
    ];
    assert_eq!(passes(Endpoint::Messages, &stream.concat()).observed.text_bytes, 10);
}

#[test]
fn case_39_several_thinking_blocks_add_up() {
    let thinking = |index| {
        [block(index, r#"{"type":"thinking","thinking":"","signature":""}"#), delta(index, r#"{"type":"thinking_delta","thinking":"hmm"}"#), stop(index)]
            .concat()
    };
    let stream = [thinking(0), block(1, r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#), stop(1), thinking(2)];
    let observed = passes(Endpoint::Messages, &stream.concat()).observed;
    assert_eq!((observed.reasoning_bytes, observed.tool_calls), (6, 1));
}

#[test]
fn case_40_tools_of_the_server_are_no_calls_of_the_clients() {
    let stream = [
        block(0, r#"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#),
        delta(0, r#"{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}"#),
        stop(0),
        block(1, r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"type":"web_search_result","title":"t"}]}"#),
        stop(1),
    ];
    assert_eq!(passes(Endpoint::Messages, &stream.concat()).observed.tool_calls, 0);
}

#[test]
fn case_41_citations_pass_between_blocks_of_text() {
    let stream: String = (0..3)
        .map(|index| {
            [
                block(index, r#"{"citations":[],"type":"text","text":""}"#),
                delta(index, r#"{"type":"citations_delta","citation":{"type":"web_search_result_location","cited_text":"long text"}}"#),
                delta(index, r#"{"type":"text_delta","text":"abc"}"#),
                stop(index),
            ]
            .concat()
        })
        .collect();
    assert_eq!(passes(Endpoint::Messages, &stream).observed.text_bytes, 9);
}

#[test]
fn case_51_a_refusal_and_other_stop_reasons_are_kept() {
    for reason in ["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "pause_turn", "model_context_window_exceeded"] {
        let observed = passes(Endpoint::Messages, &ended(reason, "{}")).observed;
        assert_eq!((observed.finish_reason.as_deref(), observed.refusal), (Some(reason), reason == "refusal"));
    }
}

#[test]
fn case_68_an_aborted_stream_keeps_its_input_and_counts_its_output() {
    let stream = [start(USAGE), delta(0, r#"{"type":"thinking_delta","thinking":"hmm"}"#), delta(0, r#"{"type":"text_delta","text":"Hello"}"#)].concat();
    let metered = metered(Endpoint::Messages, false, &format!("{stream}event: content_block_delta\ndata: {{\"type\":\"conte"));
    assert_eq!((metered.forwarded, metered.usage, metered.clean), (stream, used(25, 1), false));
    assert_eq!((metered.observed.text_bytes, metered.observed.reasoning_bytes), (5, 3));
}

#[test]
fn events_without_a_name_go_by_the_type_in_their_data() {
    let stop = "data: {\"type\":\"message_stop\"}\n\n";
    assert!(passes(Endpoint::Messages, stop).clean);
    assert!(passes(Endpoint::Messages, "data: {\"a\":1,\"type\" : \"message_stop\"}\n\n").clean);
    assert!(passes(Endpoint::Messages, "event: message_stop\ndata: {}\n\n").clean);
    assert!(!passes(Endpoint::Messages, "event: ping\ndata: {\"delta\":{\"type\":\"message_stop\"}}\n\n").clean);
}
