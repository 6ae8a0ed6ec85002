use super::*;
use jeton_core::{FaultKind, Nanousd};
use proptest::prelude::*;

fn usage(input: u64, output: u64) -> Usage {
    Usage { input: Some(input), output: Some(output), ..Usage::default() }
}

#[test]
fn case_03_a_chat_document_is_read() {
    let facts = read_document(
        Endpoint::Chat,
        br#"{"id":"c","object":"chat.completion","model":"gpt-x-2026","choices":[{"index":0,"message":{"role":"assistant","content":"hell\u00f6",
        "refusal":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},
        "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"cost":0.001},"service_tier":"default"}"#,
    );
    assert!(facts.well_formed && facts.error.is_none());
    assert_eq!(facts.usage, Usage { service_tier: Some("default".into()), reported_cost: Some(Nanousd(1_000_000)), ..usage(9, 12) });
    assert_eq!((facts.observed.finish_reason.as_deref(), facts.observed.model.as_deref()), (Some("tool_calls"), Some("gpt-x-2026")));
    assert_eq!((facts.observed.tool_calls, facts.observed.text_bytes, facts.observed.tool_bytes), (2, 6, 6));
}

#[test]
fn case_15_every_choice_of_a_document_counts() {
    let choice = r#"{"message":{"content":"abc","tool_calls":[{"id":"a","function":{"name":"","arguments":""}}]},"finish_reason":"stop"}"#;
    let facts = read_document(Endpoint::Chat, format!(r#"{{"choices":[{choice},{choice}]}}"#).as_bytes());
    assert_eq!((facts.observed.text_bytes, facts.observed.tool_calls), (6, 2));
}

#[test]
fn case_17_a_refusal_is_seen() {
    assert!(read_document(Endpoint::Chat, br#"{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#).observed.refusal);
    assert!(read_document(Endpoint::Messages, br#"{"type":"message","content":[],"stop_reason":"refusal"}"#).observed.refusal);
    let responses = br#"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#;
    assert!(read_document(Endpoint::Responses, responses).observed.refusal);
}

#[test]
fn case_40_a_messages_document_counts_the_clients_tools_alone() {
    let facts = read_document(
        Endpoint::Messages,
        br#"{"type":"message","model":"claude-x","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"xyz"},
        {"type":"server_tool_use","id":"s","name":"web_search","input":{"q":"x"}},{"type":"web_search_tool_result","content":[]},{"type":"text","text":"hi"},
        {"type":"tool_use","id":"t","name":"f","input":{}}],"stop_reason":"tool_use",
        "usage":{"input_tokens":5,"output_tokens":7,"server_tool_use":{"web_search_requests":1},"service_tier":"standard"}}"#,
    );
    assert_eq!(facts.usage, Usage { web_searches: Some(1), service_tier: Some("standard".into()), ..usage(5, 7) });
    assert_eq!((facts.observed.tool_calls, facts.observed.text_bytes, facts.observed.reasoning_bytes), (1, 2, 5));
    assert_eq!(facts.observed.finish_reason.as_deref(), Some("tool_use"));
}

#[test]
fn case_40_a_converse_document_counts_the_clients_tools_alone() {
    let facts = read_document(
        Endpoint::Converse,
        br#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},{"reasoningContent":{"redactedContent":"AAA="}},
        {"toolUse":{"toolUseId":"s","name":"n","type":"server_tool_use","input":{}}},{"text":"hi"},{"citationsContent":{"content":[{"text":"so"}],"citations":[]}},
        {"toolUse":{"toolUseId":"t","name":"f","input":{"x":1}}}]}},"stopReason":"tool_use","metrics":{"latencyMs":1},"serviceTier":{"type":"priority"},
        "usage":{"inputTokens":5,"outputTokens":7,"totalTokens":42,"cacheReadInputTokens":0,"cacheWriteInputTokens":30,"cacheDetails":[{"ttl":"1h","inputTokens":10},{"ttl":"5m","inputTokens":20}]}}"#,
    );
    assert!(facts.well_formed && facts.error.is_none());
    let cached = Usage { cache_read: Some(0), cache_write: Some(20), cache_write_1h: Some(10), ..usage(5, 7) };
    assert_eq!(facts.usage, Usage { service_tier: Some("priority".into()), ..cached });
    assert_eq!((facts.observed.tool_calls, facts.observed.text_bytes, facts.observed.reasoning_bytes), (1, 4, 6));
    assert_eq!(facts.observed.finish_reason.as_deref(), Some("tool_use"));
    assert!(read_document(Endpoint::Converse, br#"{"output":{"message":{"content":[]}},"stopReason":"guardrail_intervened"}"#).observed.refusal);
}

#[test]
fn case_56_a_responses_document_says_why_it_ended() {
    for (ending, finish) in [
        (r#""status":"completed""#, "completed"),
        (r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}"#, "max_output_tokens"),
        (r#""incomplete_details":{"reason":"content_filter"},"status":"incomplete""#, "content_filter"),
        (r#""status":"failed","error":{"code":"server_error","message":"m"}"#, "failed"),
    ] {
        let facts = read_document(Endpoint::Responses, format!("{{{ending}}}").as_bytes());
        assert_eq!(facts.observed.finish_reason.as_deref(), Some(finish));
        assert_eq!(facts.error.is_some(), finish == "failed");
    }
}

#[test]
fn case_58_calls_and_reasoning_of_a_responses_document_are_told_apart() {
    let facts = read_document(
        Endpoint::Responses,
        br#"{"model":"gpt-x","status":"completed","output":[{"summary":[{"type":"summary_text","text":"hm"}],"type":"reasoning","encrypted_content":"zzz"},
        {"id":"fc_1","type":"function_call","call_id":"call_1","name":"f","arguments":"{\"a\":1}"},{"type":"custom_tool_call","input":"free"},
        {"type":"web_search_call","id":"ws"},{"type":"message","content":[{"type":"output_text","text":"hello"}]}],
        "usage":{"input_tokens":4,"input_tokens_details":{"cached_tokens":3},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":6},"service_tier":"flex"}"#,
    );
    let expected = Usage { cache_read: Some(3), reasoning: Some(1), web_searches: Some(1), service_tier: Some("flex".into()), ..usage(1, 2) };
    assert_eq!(facts.usage, expected);
    assert_eq!((facts.observed.tool_calls, facts.observed.text_bytes, facts.observed.reasoning_bytes, facts.observed.tool_bytes), (2, 5, 2, 11));
}

#[test]
fn case_65_an_error_inside_a_200_is_seen() {
    for (endpoint, body, kind) in [
        (Endpoint::Chat, r#"{"error":{"message":"m","code":429}}"#, FaultKind::RateLimited),
        (Endpoint::Messages, r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, FaultKind::Overloaded),
        (Endpoint::Embeddings, r#"{"error":{"message":"m","type":"server_error"}}"#, FaultKind::UpstreamFailed),
        (Endpoint::Responses, r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#, FaultKind::RateLimited),
    ] {
        let error = read_document(endpoint, body.as_bytes()).error.unwrap();
        assert_eq!((error.kind, error.message.as_str(), error.status), (kind, "m", 200), "{body}");
    }
    assert!(read_document(Endpoint::Chat, br#"{"error":null,"choices":[]}"#).error.is_none());
}

#[test]
fn case_27_a_usage_of_zero_is_zero_and_a_missing_one_is_unknown() {
    assert_eq!(read_document(Endpoint::Chat, br#"{"usage":{"prompt_tokens":0,"completion_tokens":0}}"#).usage, usage(0, 0));
    assert_eq!(read_document(Endpoint::Chat, br#"{"choices":[]}"#).usage, Usage::default());
}

#[test]
fn embeddings_are_passed_over_and_their_usage_read() {
    let facts = read_document(
        Endpoint::Embeddings,
        br#"{"object":"list","data":[{"embedding":[-0.1,1e-9]}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
    );
    assert_eq!((facts.usage, facts.observed.model.as_deref()), (usage(8, 0), Some("e")));
    assert_eq!(read_document(Endpoint::CountTokens, br#"{"input_tokens":2095}"#).usage, usage(0, 0));
}

#[test]
fn a_body_that_is_no_document_is_told_apart() {
    for body in ["", "<html>", "[]", "{\"usage\":", "{} x", "null"] {
        assert!(!read_document(Endpoint::Chat, body.as_bytes()).well_formed, "{body}");
    }
}

proptest! {
    #[test]
    fn no_document_makes_it_panic(value in crate::scan::tests::any_json(), figures in prop::array::uniform5(any::<u64>()), cut in 0_usize..400) {
        let [input, output, total, cached, reasoning] = figures;
        let usage = format!(
            r#"{{"prompt_tokens":{input},"input_tokens":{input},"completion_tokens":{output},"output_tokens":{output},"total_tokens":{total},"cached_tokens":{cached},
            "cache_creation_input_tokens":{cached},"cache_creation":{{"ephemeral_1h_input_tokens":{total}}},"reasoning_tokens":{reasoning},"cost":{input}}}"#
        );
        let body = format!(r#"{{"choices":[{value}],"content":{value},"output":{value},"usage":{usage},"error":{value}}}"#);
        for endpoint in Endpoint::ALL {
            prop_assert!(read_document(endpoint, body.as_bytes()).well_formed);
            prop_assert!(!read_document(endpoint, &body.as_bytes()[..cut.min(body.len() - 1)]).well_formed);
        }
    }
}
