//! What an answer holds that tells of an ability, read from its dialect's own bytes: on purpose not through the translation, which would
//! hide what it mends.

use bytes::Bytes;
use jeton_wire::{Endpoint, SseReader};
use serde_json::Value;

/// What was found in an answer, whatever its dialect.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) text: String,
    /// The names of the tools called, and whether their arguments are an object.
    pub(crate) calls: Vec<(String, bool)>,
    /// Whether it shows reasoning, or counts tokens of it.
    pub(crate) is_thought: bool,
    pub(crate) has_logprobs: bool,
    /// How many answers there are.
    pub(crate) answers: usize,
    pub(crate) has_usage: bool,
    /// Whether usage tells tokens of the cache apart, none of them included.
    pub(crate) has_cache: bool,
    /// Tokens counted without an answer.
    pub(crate) counted: Option<u64>,
    /// Events of the stream.
    pub(crate) events: usize,
    /// What broke the stream, in the provider's words.
    pub(crate) error: Option<String>,
}

/// Reads a whole answer; none where it is no document.
pub(crate) fn document(endpoint: Endpoint, body: &[u8]) -> Option<Said> {
    let value: Value = serde_json::from_slice(body).ok().filter(Value::is_object)?;
    let mut said = Said::default();
    match endpoint {
        Endpoint::Chat => chat(&mut said, &value),
        Endpoint::Responses => responses(&mut said, &value),
        Endpoint::Messages => messages(&mut said, &value),
        Endpoint::CountTokens => said.counted = value["input_tokens"].as_u64(),
        Endpoint::Generate => generate(&mut said, &value),
        Endpoint::Converse => converse(&mut said, &value),
        Endpoint::Embeddings => return None,
    }
    Some(said)
}

/// Reads a stream: its events, its text, whether it states usage, what broke it.
pub(crate) fn stream(endpoint: Endpoint, body: &[u8]) -> Said {
    let mut reader = SseReader::default();
    let mut events = reader.push(&Bytes::copy_from_slice(body)).unwrap_or_default();
    events.extend(reader.finish());
    let mut said = Said::default();
    for value in events.iter().filter_map(|event| serde_json::from_slice::<Value>(&event.data).ok()) {
        said.events += 1;
        let (text, usage) = match endpoint {
            Endpoint::Chat => (&value["choices"][0]["delta"]["content"], &value["usage"]),
            Endpoint::Responses if value["type"] == "response.output_text.delta" => (&value["delta"], &Value::Null),
            Endpoint::Responses => (&Value::Null, &value["response"]["usage"]),
            Endpoint::Messages => (&value["delta"]["text"], &value["usage"]),
            Endpoint::Generate => (&value["candidates"][0]["content"]["parts"][0]["text"], &value["usageMetadata"]),
            _ => (&value["delta"]["text"], &value["usage"]),
        };
        said.text.push_str(text.as_str().unwrap_or_default());
        said.has_usage |= usage.is_object();
        if let Some(error) = Some(&value["error"]).filter(|error| !error.is_null()) {
            said.error = Some(error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned));
        }
    }
    said
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn is_positive(value: &Value) -> bool {
    value.as_u64().is_some_and(|number| number > 0)
}

fn name(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether arguments written as text are an object.
fn is_object(arguments: &Value) -> bool {
    arguments.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).is_some_and(|value| value.is_object())
}

fn chat(said: &mut Said, value: &Value) {
    let choices = list(&value["choices"]);
    said.answers = choices.len();
    if let Some(choice) = choices.first() {
        let message = &choice["message"];
        said.text = name(&message["content"]);
        said.calls = list(&message["tool_calls"]).iter().map(|call| (name(&call["function"]["name"]), is_object(&call["function"]["arguments"]))).collect();
        said.has_logprobs = !list(&choice["logprobs"]["content"]).is_empty();
        said.is_thought = ["reasoning_content", "reasoning"].iter().any(|member| message[*member].as_str().is_some_and(|text| !text.is_empty()));
    }
    let usage = &value["usage"];
    said.has_usage = usage.is_object();
    said.is_thought |= is_positive(&usage["completion_tokens_details"]["reasoning_tokens"]);
    said.has_cache = usage["prompt_tokens_details"]["cached_tokens"].is_u64();
}

fn responses(said: &mut Said, value: &Value) {
    for item in list(&value["output"]) {
        match item["type"].as_str() {
            Some("message") => {
                said.answers += 1;
                for part in list(&item["content"]) {
                    said.text.push_str(part["text"].as_str().unwrap_or_default());
                    said.has_logprobs |= !list(&part["logprobs"]).is_empty();
                }
            }
            Some("function_call") => said.calls.push((name(&item["name"]), is_object(&item["arguments"]))),
            Some("reasoning") => said.is_thought = true,
            _ => {}
        }
    }
    let usage = &value["usage"];
    said.has_usage = usage.is_object();
    said.is_thought |= is_positive(&usage["output_tokens_details"]["reasoning_tokens"]);
    said.has_cache = usage["input_tokens_details"]["cached_tokens"].is_u64();
}

fn messages(said: &mut Said, value: &Value) {
    said.answers = 1;
    for block in list(&value["content"]) {
        match block["type"].as_str() {
            Some("text") => said.text.push_str(block["text"].as_str().unwrap_or_default()),
            Some("tool_use") => said.calls.push((name(&block["name"]), block["input"].is_object())),
            Some("thinking" | "redacted_thinking") => said.is_thought = true,
            _ => {}
        }
    }
    let usage = &value["usage"];
    said.has_usage = usage.is_object();
    said.has_cache = usage["cache_read_input_tokens"].is_u64() && usage["cache_creation_input_tokens"].is_u64();
}

fn generate(said: &mut Said, value: &Value) {
    let candidates = list(&value["candidates"]);
    said.answers = candidates.len();
    if let Some(candidate) = candidates.first() {
        for part in list(&candidate["content"]["parts"]) {
            if part["thought"] == true {
                said.is_thought = true;
            } else {
                said.text.push_str(part["text"].as_str().unwrap_or_default());
            }
            if part["functionCall"].is_object() {
                said.calls.push((name(&part["functionCall"]["name"]), part["functionCall"]["args"].is_object()));
            }
        }
        said.has_logprobs = candidate["logprobsResult"].is_object();
    }
    let usage = &value["usageMetadata"];
    said.has_usage = usage.is_object();
    said.is_thought |= is_positive(&usage["thoughtsTokenCount"]);
    said.has_cache = usage["cachedContentTokenCount"].is_u64();
}

fn converse(said: &mut Said, value: &Value) {
    said.answers = 1;
    for block in list(&value["output"]["message"]["content"]) {
        said.text.push_str(block["text"].as_str().unwrap_or_default());
        if block["toolUse"].is_object() {
            said.calls.push((name(&block["toolUse"]["name"]), block["toolUse"]["input"].is_object()));
        }
        said.is_thought |= block["reasoningContent"].is_object();
    }
    let usage = &value["usage"];
    said.has_usage = usage.is_object();
    said.has_cache = usage["cacheReadInputTokens"].is_u64();
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(endpoint: Endpoint, value: &Value) -> Said {
        document(endpoint, value.to_string().as_bytes()).unwrap()
    }

    /// The same answer in each dialect: a thought, a word, a call of a tool.
    fn answers() -> [(Endpoint, Value); 5] {
        let function = json!({ "name": "weather", "arguments": "{}" });
        let chat = json!({
            "choices": [{ "message": { "content": "Hi", "tool_calls": [{ "function": function }] } }],
            "usage": { "prompt_tokens_details": { "cached_tokens": 0 }, "completion_tokens_details": { "reasoning_tokens": 3 } },
        });
        let call = json!({ "type": "function_call", "name": "weather", "arguments": "{}" });
        let responses = json!({
            "output": [{ "type": "reasoning" }, { "type": "message", "content": [{ "text": "Hi" }] }, call],
            "usage": { "input_tokens_details": { "cached_tokens": 0 } },
        });
        let messages = json!({
            "content": [{ "type": "thinking" }, { "type": "text", "text": "Hi" }, { "type": "tool_use", "name": "weather", "input": {} }],
            "usage": { "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0 },
        });
        let call = json!({ "functionCall": { "name": "weather", "args": {} } });
        let generate = json!({
            "candidates": [{ "content": { "parts": [{ "text": "hm", "thought": true }, { "text": "Hi" }, call] } }],
            "usageMetadata": { "cachedContentTokenCount": 4 },
        });
        let call = json!({ "toolUse": { "name": "weather", "input": {} } });
        let converse = json!({
            "output": { "message": { "content": [{ "reasoningContent": {} }, { "text": "Hi" }, call] } },
            "usage": { "cacheReadInputTokens": 0 },
        });
        [
            (Endpoint::Chat, chat),
            (Endpoint::Responses, responses),
            (Endpoint::Messages, messages),
            (Endpoint::Generate, generate),
            (Endpoint::Converse, converse),
        ]
    }

    #[test]
    fn each_dialect_is_read_for_the_same_things() {
        let calls = vec![("weather".to_owned(), true)];
        let expected = Said { text: "Hi".into(), calls, is_thought: true, answers: 1, has_usage: true, has_cache: true, ..Said::default() };
        for (endpoint, value) in answers() {
            assert_eq!(read(endpoint, &value), expected, "{endpoint}");
        }
    }

    #[test]
    fn no_document_makes_it_panic_and_arguments_that_are_cut_are_no_object() {
        for endpoint in Endpoint::ALL {
            assert_eq!(document(endpoint, b"<html>"), None);
            assert_eq!(document(endpoint, b"[]"), None);
            let _ = document(endpoint, br#"{"choices":7,"output":null,"content":{},"usage":[]}"#);
            let _ = stream(endpoint, b"data: [DONE]\n\ndata: {\"error\":3}\n\ndata: 7\n\n");
        }
        let cut = json!({ "choices": [{ "message": { "tool_calls": [{ "function": { "name": "weather", "arguments": "{\"ci" } }] } }] });
        assert_eq!(read(Endpoint::Chat, &cut).calls, [("weather".to_owned(), false)]);
    }

    #[test]
    fn a_stream_tells_its_text_its_usage_and_what_broke_it() {
        let events = [r#"{"choices":[{"delta":{"content":"Hel"}}]}"#, r#"{"choices":[{"delta":{"content":"lo"}}]}"#, r#"{"choices":[],"usage":{}}"#, "[DONE]"];
        let events: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
        let said = stream(Endpoint::Chat, events.as_bytes());
        assert_eq!((said.text.as_str(), said.events, said.has_usage, said.error), ("Hello", 3, true, None));
        let broken = stream(Endpoint::Messages, b"event: error\ndata: {\"type\":\"error\",\"error\":{\"message\":\"Overloaded\"}}\n\n");
        assert_eq!(broken.error.as_deref(), Some("Overloaded"));
    }
}
