//! Cases of Converse streams, by their numbers in the table of wire cases.

use super::*;
use jeton_core::FaultKind;

fn event(name: &str, inner: &str) -> String {
    format!("event: {name}\ndata: {{\"{name}\":{inner}}}\n\n")
}

fn delta(index: u64, delta: &str) -> String {
    event("contentBlockDelta", &format!(r#"{{"contentBlockIndex":{index},"delta":{delta}}}"#))
}

const START: &str = r#"{"role":"assistant"}"#;

fn ended(reason: &str) -> String {
    event("messageStop", &format!(r#"{{"stopReason":"{reason}"}}"#))
}

fn metadata(members: &str) -> String {
    event("metadata", &format!(r#"{{"usage":{{"inputTokens":25,"outputTokens":15,"totalTokens":40}},"metrics":{{"latencyMs":551}}{members}}}"#))
}

#[test]
fn case_29_and_33_the_order_stays_and_the_metadata_with_its_usage_is_withheld() {
    let stream = [
        event("messageStart", START),
        delta(0, r#"{"text":"Hi\u00e9"}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ended("end_turn"),
        metadata(""),
    ];
    let metered = passes(Endpoint::Converse, &stream.concat());
    assert_eq!((metered.terminal.as_str(), metered.clean, metered.usage), (metadata("").as_str(), true, used(25, 15)));
    assert_eq!((metered.observed.finish_reason.as_deref(), metered.observed.text_bytes, metered.observed.refusal), (Some("end_turn"), 4, false));
    let cut = passes(Endpoint::Converse, &stream[..4].concat());
    assert!(!cut.clean && cut.usage == Usage::default(), "without its metadata a stream was cut short");
}

#[test]
fn case_53_the_tier_the_speed_and_the_model_that_a_router_chose_are_read() {
    let metered = passes(
        Endpoint::Converse,
        &metadata(r#","serviceTier":{"type":"flex"},"trace":{"promptRouter":{"invokedModelId":"arn:aws:bedrock:us-east-1::foundation-model/a"}}"#),
    );
    assert_eq!(metered.usage, Usage { service_tier: Some("flex".into()), ..used(25, 15) });
    assert_eq!(metered.observed.model.as_deref(), Some("arn:aws:bedrock:us-east-1::foundation-model/a"));
    let fast = passes(Endpoint::Converse, &metadata(r#","serviceTier":{"type":"default"},"performanceConfig":{"latency":"optimized"}"#));
    assert_eq!(fast.usage.service_tier.as_deref(), Some("optimized"));
}

#[test]
fn case_69_openings_and_signatures_are_no_content() {
    let silent =
        [event("messageStart", START), delta(0, r#"{"text":""}"#), delta(0, r#"{"reasoningContent":{"signature":"EqQB"}}"#), ended("end_turn")].concat();
    assert!(!passes(Endpoint::Converse, &silent).started);
    let call = event("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#);
    for content in
        [delta(0, r#"{"text":"H"}"#), delta(0, r#"{"reasoningContent":{"text":"H"}}"#), delta(0, r#"{"reasoningContent":{"redactedContent":"AA=="}}"#), call]
    {
        assert!(passes(Endpoint::Converse, &content).started, "{content}");
    }
}

#[test]
fn case_40_the_clients_calls_are_counted_and_the_providers_own_are_not() {
    let start = |more: &str| event("contentBlockStart", &format!(r#"{{"contentBlockIndex":0,"start":{{"toolUse":{{"toolUseId":"t","name":"ab"{more}}}}}}}"#));
    let stream =
        [start(""), delta(0, r#"{"toolUse":{"input":"{\"x\""}}"#), start(r#","type":"server_tool_use""#), delta(1, r#"{"reasoningContent":{"text":"Hm"}}"#)];
    let observed = passes(Endpoint::Converse, &stream.concat()).observed;
    assert_eq!((observed.tool_calls, observed.tool_bytes, observed.reasoning_bytes), (1, 8, 2));
}

#[test]
fn case_65_an_exception_in_the_stream_is_an_error_of_its_kind() {
    for (name, inner, kind) in [
        ("throttlingException", r#"{"message":"m"}"#, FaultKind::RateLimited),
        ("serviceUnavailableException", r#"{"message":"m"}"#, FaultKind::Overloaded),
        ("validationException", r#"{"message":"m"}"#, FaultKind::InvalidRequest),
        ("internalServerException", r#"{"message":"m"}"#, FaultKind::UpstreamFailed),
        ("modelStreamErrorException", r#"{"message":"m","originalStatusCode":429}"#, FaultKind::RateLimited),
        ("someNewException", r#"{"message":"m"}"#, FaultKind::UpstreamFailed),
    ] {
        let metered = passes(Endpoint::Converse, &[event("messageStart", START), event(name, inner)].concat());
        let error = metered.error.unwrap();
        assert_eq!((error.kind, error.type_.as_str(), error.message.as_str(), metered.clean), (kind, name, "m", false));
    }
    // What comes behind it makes the answer no finished one.
    let spoiled = metered(Endpoint::Converse, false, &[event("internalServerException", r#"{"message":"m"}"#), metadata("")].concat());
    assert!(!spoiled.clean && spoiled.terminal.is_empty());
}

#[test]
fn case_51_a_filters_stop_is_a_refusal() {
    for reason in ["content_filtered", "guardrail_intervened"] {
        assert!(passes(Endpoint::Converse, &ended(reason)).observed.refusal);
    }
}
