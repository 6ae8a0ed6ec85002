//! Whole numbers beyond 64 bits, which no `Value` can hold: looked for in the bytes.

use crate::helpers::{Chat, Converse, Generate, Messages, Responses, answering, pairs};
use crate::scenario::CREATED;
use bytes::Bytes;
use jeton_core::Usage;
use jeton_wire::Endpoint;
use jeton_wire::canonical::{StreamTranslator, Target, encode_request, read_request, translate_document};

const GREAT: &str = "123456789012345678901234567890";

/// A request with a schema and a call of a tool that both have the number.
fn request(dialect: Endpoint) -> String {
    match dialect {
        Responses => format!(
            r#"{{"model":"m","input":[{{"role":"user","content":"Hi"}},{{"type":"function_call","call_id":"c","name":"f","arguments":"{{\"id\":{GREAT}}}"}},{{"type":"function_call_output","call_id":"c","output":"ok"}}],"tools":[{{"type":"function","name":"f","parameters":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}}}}}}]}}"#
        ),
        Messages => format!(
            r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"Hi"}},{{"role":"assistant","content":[{{"type":"tool_use","id":"c","name":"f","input":{{"id":{GREAT}}}}}]}},{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"c","content":"ok"}}]}}],"tools":[{{"name":"f","input_schema":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}}}}}}]}}"#
        ),
        Generate => format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"text":"Hi"}}]}},{{"role":"model","parts":[{{"functionCall":{{"name":"f","args":{{"id":{GREAT}}}}}}}]}},{{"role":"user","parts":[{{"functionResponse":{{"name":"f","response":{{"output":"ok"}}}}}}]}}],"tools":[{{"functionDeclarations":[{{"name":"f","parametersJsonSchema":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}}}}}}]}}]}}"#
        ),
        Converse => format!(
            r#"{{"messages":[{{"role":"user","content":[{{"text":"Hi"}}]}},{{"role":"assistant","content":[{{"toolUse":{{"toolUseId":"c","name":"f","input":{{"id":{GREAT}}}}}}}]}},{{"role":"user","content":[{{"toolResult":{{"toolUseId":"c","content":[{{"text":"ok"}}]}}}}]}}],"toolConfig":{{"tools":[{{"toolSpec":{{"name":"f","inputSchema":{{"json":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}}}}}}}}}}]}}}}"#
        ),
        _ => format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}},{{"role":"assistant","tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":"{{\"id\":{GREAT}}}"}}}}]}},{{"role":"tool","tool_call_id":"c","content":"ok"}}],"tools":[{{"type":"function","function":{{"name":"f","parameters":{{"type":"object","properties":{{"id":{{"const":{GREAT}}}}}}}}}}}]}}"#
        ),
    }
}

/// An answer that calls the tool.
fn answer(dialect: Endpoint) -> String {
    match dialect {
        Responses => format!(
            r#"{{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","output":[{{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{{\"id\":{GREAT}}}","status":"completed"}}]}}"#
        ),
        Messages => format!(
            r#"{{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{{"type":"tool_use","id":"c","name":"f","input":{{"id":{GREAT}}}}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":1,"output_tokens":1}}}}"#
        ),
        Generate => format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"functionCall":{{"name":"f","args":{{"id":{GREAT}}}}}}}]}},"finishReason":"STOP","index":0}}],"modelVersion":"m","responseId":"r"}}"#
        ),
        Converse => format!(
            r#"{{"output":{{"message":{{"role":"assistant","content":[{{"toolUse":{{"toolUseId":"c","name":"f","input":{{"id":{GREAT}}}}}}}]}}}},"stopReason":"tool_use"}}"#
        ),
        _ => format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":null,"tool_calls":[{{"id":"c","type":"function","function":{{"name":"f","arguments":"{{\"id\":{GREAT}}}"}}}}]}},"finish_reason":"tool_calls"}}]}}"#
        ),
    }
}

fn count(bytes: &[u8]) -> (usize, bool) {
    let text = std::str::from_utf8(bytes).unwrap();
    // Neither in quotes of its own, nor as what it was marked with on its way.
    (text.matches(GREAT).count(), text.contains(&format!("\"{GREAT}\"")) || text.contains("number:"))
}

#[test]
fn great_numbers_of_requests_and_answers_come_across_digit_for_digit() {
    for (from, to) in pairs() {
        let (read, _) = read_request(from, request(from).as_bytes()).unwrap();
        let body = encode_request(&read, &Target::new(to, "m", 64_000)).unwrap().body;
        assert_eq!(count(&body), (2, false), "{from} → {to}: {}", String::from_utf8_lossy(&body));
        let document = translate_document(&answering(from, to), answer(from).as_bytes(), Usage::default(), CREATED).unwrap().body;
        assert_eq!(count(&document), (1, false), "{from} → {to}: {}", String::from_utf8_lossy(&document));
    }
}

#[test]
fn arguments_that_a_server_tells_at_once_keep_their_numbers_in_a_stream() {
    let stream = format!(
        "event: message_start\ndata: {{\"type\":\"message_start\",\"message\":{{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"usage\":{{\"input_tokens\":1,\"output_tokens\":1}}}}}}\n\n\
         event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"f\",\"input\":{{\"id\":{GREAT}}}}}}}\n\n\
         event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":0}}\n\n\
         event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"tool_use\"}},\"usage\":{{\"output_tokens\":5}}}}\n\n\
         event: message_stop\ndata: {{\"type\":\"message_stop\"}}\n\n"
    );
    let mut translator = StreamTranslator::new(answering(Messages, Chat), CREATED, Usage::default());
    let mut out = Vec::new();
    translator.push(&Bytes::from(stream), &mut out).unwrap();
    out.extend(translator.close(&Usage::default()).unwrap());
    assert_eq!(count(&out), (1, false), "{}", String::from_utf8_lossy(&out));
}

/// Found by fuzzing: a great number where a text belongs is no text.
#[test]
fn a_great_number_is_no_word() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":18446744073709551616}]}]}"#;
    let fault = read_request(Messages, body.as_bytes()).unwrap_err();
    assert_eq!(fault.param.as_deref(), Some("messages[0].content[0].type"), "{fault}");
    let body = r#"{"model":18446744073709551616,"max_tokens":9,"messages":[]}"#;
    let fault = read_request(Messages, body.as_bytes()).unwrap_err();
    assert!(fault.message.contains("must be a text, not a number"), "{fault}");
    let places = [r#""system":N,"messages":[]"#, r#""messages":[{"role":"user","content":N}]"#, r#""messages":[],"stop_sequences":[N]"#];
    for place in places {
        let body = format!("{{\"model\":\"m\",\"max_tokens\":9,{}}}", place.replace('N', GREAT));
        assert!(read_request(Messages, body.as_bytes()).is_err(), "{body}");
    }
}
