//! Requests of the three dialects come out as the same canonical form, and complaints name their place.

use super::*;
use crate::Endpoint;
use serde_json::json;

fn decode(endpoint: Endpoint, body: &serde_json::Value) -> Request {
    decode_request(endpoint, body.to_string().as_bytes()).unwrap()
}

fn check_refused(endpoint: Endpoint, body: &str, param: Option<&str>, words: &str) {
    let fault = decode_request(endpoint, body.as_bytes()).unwrap_err();
    assert_eq!(fault.kind.status(), 400, "{body}");
    assert_eq!(fault.param.as_deref(), param, "{body}");
    assert!(fault.full_message().contains(words), "{}", fault.full_message());
}

fn schema() -> serde_json::Value {
    json!({ "type": "object", "required": ["city"], "properties": { "city": { "type": "string" } } })
}

/// A conversation with a tool round, as each dialect writes it.
fn conversations() -> [(Endpoint, serde_json::Value); 4] {
    let chat = json!({ "model": "m", "max_completion_tokens": 50, "messages": [
        { "role": "developer", "content": "be brief" },
        { "role": "user", "content": [{ "type": "text", "text": "weather?" }] },
        { "role": "assistant", "content": null, "tool_calls": [{ "id": "c1", "type": "function", "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" } }] },
        { "role": "tool", "tool_call_id": "c1", "content": "rain" },
    ], "tools": [{ "type": "function", "function": { "name": "weather", "description": "tells it", "parameters": schema() } }], "tool_choice": "required", "parallel_tool_calls": false });
    let responses = json!({ "model": "m", "max_output_tokens": 50, "instructions": "be brief", "input": [
        { "role": "user", "content": [{ "type": "input_text", "text": "weather?" }] },
        { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": "{\"city\":\"Oslo\"}" },
        { "type": "function_call_output", "call_id": "c1", "output": "rain" },
    ], "tools": [{ "type": "function", "name": "weather", "description": "tells it", "parameters": schema() }], "tool_choice": "required", "parallel_tool_calls": false });
    let messages = json!({ "model": "m", "max_tokens": 50, "system": "be brief", "messages": [
        { "role": "user", "content": "weather?" },
        { "role": "assistant", "content": [{ "type": "tool_use", "id": "c1", "name": "weather", "input": { "city": "Oslo" } }] },
        { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "c1", "content": [{ "type": "text", "text": "rain" }] }] },
    ], "tools": [{ "name": "weather", "description": "tells it", "input_schema": schema() }], "tool_choice": { "type": "any", "disable_parallel_tool_use": true } });
    let converse = json!({ "inferenceConfig": { "maxTokens": 50 }, "system": [{ "text": "be brief" }], "messages": [
        { "role": "user", "content": [{ "text": "weather?" }] },
        { "role": "assistant", "content": [{ "toolUse": { "toolUseId": "c1", "name": "weather", "input": { "city": "Oslo" } } }] },
        { "role": "user", "content": [{ "toolResult": { "toolUseId": "c1", "content": [{ "text": "rain" }] } }] },
    ], "toolConfig": { "tools": [{ "toolSpec": { "name": "weather", "description": "tells it", "inputSchema": { "json": schema() } } }] },
        "additionalModelRequestFields": { "tool_choice": { "type": "any", "disable_parallel_tool_use": true } } });
    [(Endpoint::Chat, chat), (Endpoint::Responses, responses), (Endpoint::Messages, messages), (Endpoint::Converse, converse)]
}

#[test]
fn case_20_case_44_case_46_a_conversation_reads_the_same_in_every_dialect() {
    let call = Part::ToolUse { id: "c1".into(), name: "weather".into(), kind: ToolKind::Function, arguments_json: r#"{"city":"Oslo"}"#.into() };
    let content = vec![Part::Text("rain".into()).into()];
    let result = Part::ToolResult { id: "c1".into(), kind: ToolKind::Function, content, is_error: false };
    for (endpoint, body) in conversations() {
        let request = decode(endpoint, &body);
        let wanted = [
            Message::text(Role::System, "be brief"),
            Message::text(Role::User, "weather?"),
            Message { role: Role::Assistant, parts: vec![call.clone().into()] },
            Message { role: Role::User, parts: vec![result.clone().into()] },
        ];
        assert_eq!(request.messages, wanted, "{endpoint}");
        assert_eq!(
            request.tools,
            [ToolDecl { name: "weather".into(), description: Some("tells it".into()), schema: Some(schema()), ..ToolDecl::default() }],
            "{endpoint}"
        );
        assert_eq!((request.tool_choice, request.parallel_tool_calls, request.output_limit), (ToolChoice::Required, false, Some(50)), "{endpoint}");
    }
}

#[test]
fn complaints_about_a_converse_request_name_their_place() {
    let check = |body: &str, param: &str, words: &str| check_refused(Endpoint::Converse, body, Some(param), words);
    check(r#"{"messages":[{"role":"robot","content":[]}]}"#, "messages[0].role", "`robot`");
    check(r#"{"messages":[{"role":"user","content":"text"}]}"#, "messages[0].content", "must be a list");
    check(r#"{"messages":[{"role":"user","content":[{"toolUse":{"toolUseId":"t","name":"f"}}]}]}"#, "messages[0].content[0].toolUse.input", "missing");
    check(r#"{"messages":[{"role":"user","content":[{"image":{"format":"png"}}]}]}"#, "messages[0].content[0].image.source", "missing");
    check(r#"{"inferenceConfig":{"maxTokens":"many"}}"#, "inferenceConfig.maxTokens", "whole number");
    check(r#"{"toolConfig":{"tools":[{"toolSpec":{}}]}}"#, "toolConfig.tools[0].toolSpec.name", "missing");
    let schema = r#"{"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"[]"}}}}}"#;
    check(schema, "outputConfig.textFormat.structure.jsonSchema.schema", "no JSON object");
    check(r#"{"promptVariables":{"a":{"text":"b"}}}"#, "promptVariables", "stores nothing");
}

#[test]
fn one_tool_may_be_demanded_and_provider_tools_are_marked() {
    let chat = json!({ "model": "m", "messages": [], "tool_choice": { "type": "function", "function": { "name": "f" } } });
    assert_eq!(decode(Endpoint::Chat, &chat).tool_choice, ToolChoice::Tool("f".into()));
    let responses = json!({ "model": "m", "input": "x", "tool_choice": { "type": "function", "name": "f" }, "tools": [{ "type": "web_search" }, { "type": "custom", "name": "sh" }] });
    let request = decode(Endpoint::Responses, &responses);
    assert_eq!(request.tool_choice, ToolChoice::Tool("f".into()));
    assert_eq!(request.tools.iter().map(|tool| tool.kind).collect::<Vec<_>>(), [ToolKind::Provider, ToolKind::Custom]);
    let messages = json!({ "model": "m", "max_tokens": 1, "messages": [], "tool_choice": { "type": "tool", "name": "f" }, "tools": [{ "type": "bash_20250124", "name": "bash" }] });
    let request = decode(Endpoint::Messages, &messages);
    assert_eq!((request.tool_choice, request.tools[0].kind), (ToolChoice::Tool("f".into()), ToolKind::Provider));
}

#[test]
fn documents_given_as_text_are_read_and_media_is_named() {
    let body = json!({ "model": "m", "max_tokens": 1, "messages": [{ "role": "user", "content": [
        { "type": "document", "title": "Returns", "source": { "type": "text", "media_type": "text/plain", "data": "Within 30 days." } },
        { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "AAAA" } },
        { "type": "container_upload", "file_id": "f" },
    ] }] });
    let request = decode(Endpoint::Messages, &body);
    let parts = &request.messages[0].parts;
    assert_eq!(parts[0], Part::Document { title: Some("Returns".into()), text: "Within 30 days.".into() });
    let source = MediaSource::Base64 { media_type: "image/png".into(), data: "AAAA".into() };
    assert_eq!(parts[1], Part::Media(Media { kind: MediaKind::Image, source, name: None, detail: None }));
    assert!(matches!(&parts[2].part, Part::Other { kind, .. } if kind == "container_upload"));
    assert_eq!(request.messages[0].plain_text(), "Returns\nWithin 30 days.\n");
    assert!(!request.prompt_text().contains("AAAA"));
}

#[test]
fn case_50_stop_is_a_text_or_a_list() {
    let stop = |value: serde_json::Value| decode(Endpoint::Chat, &json!({ "model": "m", "messages": [], "stop": value })).stop;
    assert_eq!(stop(json!("END")), ["END"]);
    assert_eq!(stop(json!(["a", "", "b"])), ["a", "b"]);
    assert_eq!(stop(json!(null)), Vec::<String>::new());
}

#[test]
fn case_60_the_demanded_form_is_the_same_in_both_openai_endpoints() {
    let wanted = Some(ResponseFormat::JsonSchema { name: "r".into(), description: None, schema: schema(), strict: true });
    let chat = json!({ "model": "m", "messages": [], "response_format": { "type": "json_schema", "json_schema": { "name": "r", "schema": schema(), "strict": true } } });
    assert_eq!(decode(Endpoint::Chat, &chat).response_format, wanted);
    let responses = json!({ "model": "m", "input": "x", "text": { "format": { "type": "json_schema", "name": "r", "schema": schema(), "strict": true } } });
    assert_eq!(decode(Endpoint::Responses, &responses).response_format, wanted);
}

#[test]
fn embeddings_take_texts_and_tokens() {
    let inputs = |input: serde_json::Value| decode(Endpoint::Embeddings, &json!({ "model": "m", "input": input })).embedding.unwrap().inputs;
    let text = |text: &str| EmbeddingInput::Text(text.into());
    assert_eq!(inputs(json!("a")), [text("a")]);
    assert_eq!(inputs(json!(["a", "b"])), [text("a"), text("b")]);
    assert_eq!(inputs(json!([1, 2])), [EmbeddingInput::Tokens(vec![1, 2])]);
    assert_eq!(inputs(json!([[1], [2]])), [EmbeddingInput::Tokens(vec![1]), EmbeddingInput::Tokens(vec![2])]);
}

#[test]
fn complaints_name_their_place() {
    check_refused(Endpoint::Chat, "{", None, "not valid JSON");
    check_refused(Endpoint::Chat, "[]", None, "must be an object, not a list");
    check_refused(Endpoint::Chat, r#"{"messages":[]}"#, Some("model"), "missing");
    check_refused(
        Endpoint::Chat,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":5}]}]}"#,
        Some("messages[0].content[0].text"),
        "a number",
    );
    check_refused(Endpoint::Chat, r#"{"model":"m","messages":[{"role":"robot"}]}"#, Some("messages[0].role"), "robot");
    check_refused(Endpoint::Chat, r#"{"model":"m","messages":[],"max_tokens":-1}"#, Some("max_tokens"), "zero or more");
    check_refused(Endpoint::Chat, r#"{"model":"m","messages":[],"functions":[]}"#, Some("functions"), "use `tools`");
    check_refused(Endpoint::Messages, r#"{"model":"m","messages":[]}"#, Some("max_tokens"), "missing");
    check_refused(Endpoint::Responses, r#"{"model":"m","input":[{"type":"function_call","name":"f"}]}"#, Some("input[0].call_id"), "missing");
    check_refused(Endpoint::Embeddings, r#"{"model":"m","input":[]}"#, Some("input"), "at least one");
    check_refused(Endpoint::Embeddings, r#"{"model":"m","input":"a","dimensions":0}"#, Some("dimensions"), "between 1");
    let deep = "[".repeat(200);
    check_refused(Endpoint::Chat, &format!(r#"{{"model":"m","messages":{deep}"#), None, "recursion limit");
    assert!(decode_request(Endpoint::CountTokens, br#"{"model":"m","messages":[]}"#).is_ok(), "a count needs no limit");
}
