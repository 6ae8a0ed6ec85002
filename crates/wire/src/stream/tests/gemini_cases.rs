//! Cases of Gemini's streams, by their numbers in the table of wire cases.

use super::*;

fn event(candidate: &str, more: &str) -> String {
    format!("data: {{\"candidates\":[{{{candidate},\"index\":0}}]{more},\"modelVersion\":\"gemini-x\",\"responseId\":\"r\"}}\r\n\r\n")
}

fn part(part: &str) -> String {
    format!(r#""content":{{"parts":[{part}],"role":"model"}}"#)
}

fn ended(text: &str, reason: &str, usage: &str) -> String {
    event(&format!(r#"{},"finishReason":"{reason}""#, part(&format!(r#"{{"text":"{text}"}}"#))), &format!(r#","usageMetadata":{usage}"#))
}

const USAGE: &str = r#"{"promptTokenCount":25,"candidatesTokenCount":10,"thoughtsTokenCount":5,"totalTokenCount":40}"#;

#[test]
fn the_last_event_is_withheld_and_nothing_behind_a_reason_of_the_end_is_lost() {
    let first = event(&part(r#"{"text":"Hi"}"#), r#","usageMetadata":{"promptTokenCount":25,"totalTokenCount":25}"#);
    let (last, behind) = (ended(" there", "STOP", USAGE), "data: {\"usageMetadata\":{\"promptTokenCount\":25,\"candidatesTokenCount\":11}}\r\n\r\n");
    let metered = passes(Endpoint::Generate, &[first.as_str(), &last, behind].concat());
    assert_eq!((metered.forwarded, metered.terminal.as_str()), (format!("{first}{last}"), behind));
    // The last figures count, and what they leave out stays.
    assert_eq!((metered.clean, metered.usage), (true, Usage { reasoning: Some(5), ..used(25, 16) }));
    assert_eq!(
        (metered.observed.text_bytes, metered.observed.finish_reason.as_deref(), metered.observed.model.as_deref()),
        (8, Some("STOP"), Some("gemini-x"))
    );
    // Some servers say so with every event.
    let each = [ended("one", "STOP", USAGE), ended("two", "STOP", USAGE), ended("three", "STOP", USAGE)];
    let metered = passes(Endpoint::Generate, &each.concat());
    assert_eq!((metered.forwarded, &metered.terminal, metered.observed.text_bytes), (each[..2].concat(), &each[2], 11));
    assert!(!passes(Endpoint::Generate, &first).clean, "an end without a reason is none");
    let unspecified = event(&format!(r#"{},"finishReason":"FINISH_REASON_UNSPECIFIED""#, part(r#"{"text":"Hi"}"#)), "");
    let metered = passes(Endpoint::Generate, &format!("{unspecified}{last}"));
    assert_eq!((metered.forwarded, metered.terminal, metered.observed.finish_reason.as_deref()), (unspecified, last, Some("STOP")));
}

#[test]
fn thoughts_calls_and_media_are_content_and_signatures_are_none() {
    assert!(!passes(Endpoint::Generate, &event(&part(r#"{"text":"","thoughtSignature":"c2ln"}"#), "")).started);
    for (content, text, reasoning, calls) in [
        (r#"{"text":"Hm","thought":true}"#, 0, 2, 0),
        (r#"{"thought":true,"text":"Hm"}"#, 0, 2, 0),
        (r#"{"thought":false,"text":"Hm"}"#, 2, 0, 0),
        (r#"{"functionCall":{"name":"f","args":{}},"thoughtSignature":"c2ln"}"#, 0, 0, 1),
        (r#"{"functionCall":{"name":"f"}},{"functionCall":{"name":"f"}}"#, 0, 0, 2),
        (r#"{"inlineData":{"mimeType":"image/png","data":"AAAA"}}"#, 0, 0, 0),
        (r#"{"executableCode":{"code":"1"}}"#, 0, 0, 0),
    ] {
        let metered = passes(Endpoint::Generate, &event(&part(content), ""));
        let seen = &metered.observed;
        assert_eq!((metered.started, seen.text_bytes, seen.reasoning_bytes, seen.tool_calls), (true, text, reasoning, calls), "{content}");
    }
}

#[test]
fn case_51_and_65_what_is_blocked_is_a_refusal_and_an_error_is_no_end() {
    let blocked = passes(
        Endpoint::Generate,
        "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":3,\"totalTokenCount\":3}}\n\n",
    );
    assert_eq!((blocked.clean, blocked.observed.refusal, blocked.usage), (true, true, used(3, 0)));
    assert!(passes(Endpoint::Generate, &ended("x", "PROHIBITED_CONTENT", USAGE)).observed.refusal);
    assert!(!passes(Endpoint::Generate, &ended("x", "MAX_TOKENS", USAGE)).observed.refusal);
    let failed = passes(
        Endpoint::Generate,
        &(event(&part(r#"{"text":"x"}"#), "") + "data: {\"error\":{\"code\":503,\"message\":\"m\",\"status\":\"UNAVAILABLE\"}}\n\n"),
    );
    assert_eq!((failed.clean, failed.error.map(|error| error.kind)), (false, Some(jeton_core::FaultKind::Overloaded)));
    let searched =
        event(&format!(r#"{},"finishReason":"STOP","groundingMetadata":{{"webSearchQueries":["a","b"]}}"#, part("")), &format!(",\"usageMetadata\":{USAGE}"));
    assert_eq!(passes(Endpoint::Generate, &searched).usage.web_searches, Some(2));
}
