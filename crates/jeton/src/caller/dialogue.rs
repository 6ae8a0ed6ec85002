//! A suite's call as a request of its dialect, and the answer read back: the client's half of Chat Completions and Messages.

use super::fault;
use jeton_eval::{Answer, CallFault, FaultClass, ModelCall, Role, ToolUse, Turn};
use jeton_wire::{ContextPlace, ContextSegment, Endpoint, attach_context};
use serde_json::{Map, Value, json};

/// Output tokens that are asked for in Messages where the call says nothing: the dialect demands a figure.
const OUTPUT_TOKENS: u64 = 4_096;

/// The body of a call.
///
/// # Errors
/// Where its context has no place in the request.
pub(super) fn request(endpoint: Endpoint, call: &ModelCall) -> Result<Vec<u8>, CallFault> {
    let mut body = if endpoint == Endpoint::Messages { messages(call) } else { chat(call) };
    for (name, value) in &call.params {
        body.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if endpoint == Endpoint::Messages {
        body.entry("max_tokens").or_insert_with(|| json!(OUTPUT_TOKENS));
    }
    let plain = Value::Object(body).to_string().into_bytes();
    let Some(context) = &call.context else { return Ok(plain) };
    let segments: Vec<ContextSegment> =
        context.segments.iter().map(|(text, breakpoint)| ContextSegment { text: text.clone(), breakpoint: *breakpoint }).collect();
    let place = if context.in_user_turn { ContextPlace::User } else { ContextPlace::System };
    let plain = bytes::Bytes::from(plain);
    let attached = attach_context(endpoint, &plain, &segments, place).map_err(|refusal| {
        let told = refusal.fault(endpoint);
        fault(FaultClass::Request, told.code_or_kind(), told.message.clone())
    })?;
    Ok(attached.edits.apply(&plain).to_vec())
}

fn chat(call: &ModelCall) -> Map<String, Value> {
    let turn = |turn: &Turn| {
        let mut message = json!({ "role": turn.role, "content": turn.content });
        if let Some(calls) = &turn.tool_calls {
            message["tool_calls"] = calls.clone();
        }
        if let Some(id) = &turn.tool_call_id {
            message["tool_call_id"] = json!(id);
        }
        message
    };
    let messages: Vec<Value> = call.turns.iter().map(turn).collect();
    Map::from_iter([("model".to_owned(), json!(call.model)), ("messages".to_owned(), json!(messages))])
}

fn messages(call: &ModelCall) -> Map<String, Value> {
    let system: Vec<&str> = call.turns.iter().filter(|turn| turn.role == Role::System).map(|turn| turn.content.as_str()).collect();
    let rest: Vec<Value> = call.turns.iter().filter(|turn| turn.role != Role::System).map(message).collect();
    let mut body = Map::from_iter([("model".to_owned(), json!(call.model))]);
    if !system.is_empty() {
        body.insert("system".to_owned(), json!(system.join("\n\n")));
    }
    body.insert("messages".to_owned(), json!(rest));
    body
}

/// A message of the Messages dialect; tool calls and results are blocks there.
fn message(turn: &Turn) -> Value {
    if turn.role == Role::Tool {
        let block = json!({ "type": "tool_result", "tool_use_id": turn.tool_call_id, "content": turn.content });
        return json!({ "role": "user", "content": [block] });
    }
    let Some(calls) = turn.tool_calls.as_ref().and_then(Value::as_array) else {
        return json!({ "role": turn.role, "content": turn.content });
    };
    let used = calls.iter().map(|call| {
        let input = call["function"]["arguments"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_else(|| json!({}));
        json!({ "type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": input })
    });
    let text = (!turn.content.is_empty()).then(|| json!({ "type": "text", "text": turn.content }));
    json!({ "role": "assistant", "content": text.into_iter().chain(used).collect::<Vec<_>>() })
}

/// The answer in a whole document; none where it is none of its dialect.
pub(super) fn answer(endpoint: Endpoint, body: &[u8]) -> Option<Answer> {
    let document: Value = serde_json::from_slice(body).ok()?;
    if endpoint == Endpoint::Messages { of_messages(&document) } else { of_chat(&document) }
}

fn of_chat(document: &Value) -> Option<Answer> {
    let choice = document["choices"].get(0)?;
    let message = choice.get("message")?;
    let refusal = message["refusal"].as_str();
    let tools = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice).iter().map(|call| {
        let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
        ToolUse {
            name: call["function"]["name"].as_str().unwrap_or_default().to_owned(),
            arguments: serde_json::from_str(arguments).unwrap_or_else(|_| json!(arguments)),
            id: call["id"].as_str().map(str::to_owned),
        }
    });
    Some(Answer {
        text: message["content"].as_str().or(refusal).unwrap_or_default().to_owned(),
        tools: tools.collect(),
        finish: if refusal.is_some() { Some("refusal".to_owned()) } else { choice["finish_reason"].as_str().map(str::to_owned) },
        tokens_in: document["usage"]["prompt_tokens"].as_u64(),
        tokens_out: document["usage"]["completion_tokens"].as_u64(),
        ..Answer::default()
    })
}

fn of_messages(document: &Value) -> Option<Answer> {
    let blocks = document["content"].as_array()?;
    let text: Vec<&str> = blocks.iter().filter(|block| block["type"] == "text").filter_map(|block| block["text"].as_str()).collect();
    let used = blocks.iter().filter(|block| block["type"] == "tool_use").map(|block| ToolUse {
        name: block["name"].as_str().unwrap_or_default().to_owned(),
        arguments: block["input"].clone(),
        id: block["id"].as_str().map(str::to_owned),
    });
    let finish = document["stop_reason"].as_str().map(|reason| match reason {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" => "length",
        "tool_use" => "tool_calls",
        other => other,
    });
    Some(Answer {
        text: text.concat(),
        tools: used.collect(),
        finish: finish.map(str::to_owned),
        tokens_in: document["usage"]["input_tokens"].as_u64(),
        tokens_out: document["usage"]["output_tokens"].as_u64(),
        ..Answer::default()
    })
}

/// The vectors of an embeddings answer, in the order of the inputs.
#[allow(clippy::cast_possible_truncation)] // Vectors are single precision on the wire.
pub(super) fn vectors(body: &[u8]) -> Option<Vec<Vec<f32>>> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let mut found: Vec<(u64, Vec<f32>)> = Vec::new();
    for (place, item) in document["data"].as_array()?.iter().enumerate() {
        let vector = item["embedding"].as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect::<Option<Vec<f32>>>()?;
        found.push((item["index"].as_u64().unwrap_or(place as u64), vector));
    }
    found.sort_by_key(|(index, _)| *index);
    Some(found.into_iter().map(|(_, vector)| vector).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_eval::ContextText;

    fn call() -> ModelCall {
        ModelCall { model: "m".into(), turns: vec![Turn::new(Role::System, "Be brief."), Turn::new(Role::User, "Why?")], ..ModelCall::default() }
    }

    #[test]
    fn a_call_in_both_dialects() {
        let body = |endpoint, call: &ModelCall| serde_json::from_slice::<Value>(&request(endpoint, call).unwrap()).unwrap();
        let chat = body(Endpoint::Chat, &call());
        assert_eq!(chat["messages"], json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Why?" }]));
        let messages = body(Endpoint::Messages, &call());
        assert_eq!((&messages["system"], &messages["max_tokens"]), (&json!("Be brief."), &json!(OUTPUT_TOKENS)));
        assert_eq!(messages["messages"], json!([{ "role": "user", "content": "Why?" }]));
        let context = Some(ContextText { segments: vec![("Because.".into(), true)], in_user_turn: false });
        let with = body(Endpoint::Messages, &ModelCall { context, ..call() });
        assert_eq!(with["system"][0]["text"], "Because.");
        assert_eq!(with["system"][0]["cache_control"]["type"], "ephemeral");
    }

    #[test]
    fn answers_are_read_and_what_is_none_is_not() {
        let chat = br#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1","function":{"name":"find","arguments":"{\"q\":1}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
        let read = answer(Endpoint::Chat, chat).unwrap();
        assert_eq!((read.tools[0].name.as_str(), &read.tools[0].arguments, read.tokens_in), ("find", &json!({ "q": 1 }), Some(3)));
        let messages =
            br#"{"content":[{"type":"text","text":"Yes"},{"type":"tool_use","id":"2","name":"f","input":{}}],"stop_reason":"max_tokens","usage":{}}"#;
        let read = answer(Endpoint::Messages, messages).unwrap();
        assert_eq!((read.text.as_str(), read.finish.as_deref(), read.tools.len(), read.tokens_in), ("Yes", Some("length"), 1, None));
        assert_eq!(answer(Endpoint::Chat, b"{}"), None);
        assert_eq!(answer(Endpoint::Messages, b"no"), None);
        assert_eq!(vectors(br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}"#), Some(vec![vec![1.0], vec![2.0]]));
    }
}
