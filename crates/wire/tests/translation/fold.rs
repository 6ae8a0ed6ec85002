//! What a client has in the end that puts the pieces of a stream together, as the vendors' SDKs do.

use crate::script::Event;
use jeton_wire::Endpoint;
use serde_json::{Value, json};

/// The document that the stream tells; panics where the stream breaks the dialect's order of events.
pub(crate) fn document(dialect: Endpoint, events: &[Event]) -> Value {
    match dialect {
        Endpoint::Chat => chat(events),
        Endpoint::Messages => messages(events),
        Endpoint::Generate => generate(events),
        Endpoint::Converse => converse(events),
        _ => {
            let (name, last) = events.last().unwrap();
            assert!(matches!(name.as_str(), "response.completed" | "response.incomplete"), "{name}");
            assert!(events.iter().enumerate().all(|(at, (_, event))| event["sequence_number"] == at));
            last["response"].clone()
        }
    }
}

fn append(place: &mut Value, text: &Value) {
    if let Some(text) = text.as_str() {
        *place = (place.as_str().unwrap_or_default().to_owned() + text).into();
    }
}

fn chat(events: &[Event]) -> Value {
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(last.1, "[DONE]");
    let first = &chunks[0].1;
    let mut message = json!({ "role": null, "content": null, "refusal": null });
    let (mut finish, mut usage) = (Value::Null, Value::Null);
    let mut lists = json!({ "annotations": [], "reasoning_details": [], "tool_calls": [] });
    for (_, chunk) in chunks {
        for name in ["id", "created", "model", "object"] {
            assert_eq!(chunk[name], first[name]);
        }
        if let Some(stated) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            usage = stated.clone();
            assert_eq!(chunk["choices"], json!([]));
            continue;
        }
        let choice = &chunk["choices"][0];
        assert!(finish.is_null(), "something comes behind the reason of the end");
        finish = choice["finish_reason"].clone();
        let delta = &choice["delta"];
        for name in ["role", "content", "refusal", "reasoning_content"] {
            append(&mut message[name], &delta[name]);
        }
        for name in ["annotations", "reasoning_details"] {
            lists[name].as_array_mut().unwrap().extend(delta[name].as_array().cloned().unwrap_or_default());
        }
        for fragment in delta["tool_calls"].as_array().into_iter().flatten() {
            let calls = lists["tool_calls"].as_array_mut().unwrap();
            let index = usize::try_from(fragment["index"].as_u64().unwrap()).unwrap();
            if index == calls.len() {
                let mut call = fragment.clone();
                call.as_object_mut().unwrap().shift_remove("index");
                calls.push(call);
                continue;
            }
            let (kind, member) = if fragment.get("custom").is_some() { ("custom", "input") } else { ("function", "arguments") };
            append(&mut calls[index][kind][member], &fragment[kind][member]);
        }
    }
    for (name, list) in lists.as_object().unwrap() {
        message[name] = list.clone();
    }
    // The opening's empty content says nothing.
    if message["content"] == "" {
        message["content"] = Value::Null;
    }
    json!({
        "id": first["id"], "object": "chat.completion", "created": first["created"], "model": first["model"], "service_tier": first["service_tier"],
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }], "usage": usage,
    })
}

fn converse(events: &[Event]) -> Value {
    let mut content: Vec<Value> = Vec::new();
    let mut answer = json!({});
    let (mut partial, mut closed) = (String::new(), 0);
    for (name, event) in events {
        let event = &event[name];
        let index = usize::try_from(event["contentBlockIndex"].as_u64().unwrap_or_default()).unwrap();
        match name.as_str() {
            "messageStart" => assert_eq!(event["role"], "assistant"),
            "contentBlockStart" => {
                assert!(index == content.len() && index == closed);
                partial.clear();
                content.push(event["start"].clone());
            }
            "contentBlockDelta" => {
                assert_eq!(index, closed, "the block is open");
                if index == content.len() {
                    content.push(json!({}));
                }
                let (block, delta) = (&mut content[index], &event["delta"]);
                let thought = &delta["reasoningContent"];
                partial += delta["toolUse"]["input"].as_str().unwrap_or_default();
                if delta["text"].is_string() {
                    append(&mut block["text"], &delta["text"]);
                }
                if thought["signature"].is_string() && block["reasoningContent"].is_null() {
                    block["reasoningContent"] = json!({ "reasoningText": { "text": "" } });
                }
                for name in ["text", "signature"].into_iter().filter(|name| thought[name].is_string()) {
                    append(&mut block["reasoningContent"]["reasoningText"][name], &thought[name]);
                }
                if thought["redactedContent"].is_string() {
                    block["reasoningContent"]["redactedContent"] = thought["redactedContent"].clone();
                }
                if delta["citation"].is_object() {
                    let text = block.as_object_mut().unwrap().shift_remove("text");
                    let cited = &mut block["citationsContent"];
                    if let Some(text) = text {
                        *cited = json!({ "content": [{ "text": text }], "citations": [] });
                    }
                    cited["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
                }
            }
            "contentBlockStop" => {
                assert!(index == closed && index < content.len());
                closed += 1;
                if let Some(call) = content[index].get_mut("toolUse") {
                    call["input"] = serde_json::from_str(&partial).unwrap_or_else(|_| json!({ "INVALID_JSON": partial }));
                }
            }
            "messageStop" | "metadata" => {
                assert_eq!(closed, content.len());
                answer.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
            }
            unknown => panic!("{unknown}"),
        }
    }
    assert_eq!(events.last().unwrap().0, "metadata");
    answer["output"] = json!({ "message": { "role": "assistant", "content": content } });
    answer
}

fn messages(events: &[Event]) -> Value {
    let mut message = events[0].1["message"].clone();
    let mut partial = String::new();
    let mut open = None;
    for (name, event) in &events[1..] {
        assert_eq!(event["type"], name.as_str());
        let blocks = message["content"].as_array_mut().unwrap();
        match name.as_str() {
            "ping" => {}
            "content_block_start" => {
                assert!(open.is_none() && event["index"] == blocks.len());
                open = Some(blocks.len());
                partial.clear();
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let block = &mut blocks[open.expect("an open block")];
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => append(&mut block["text"], &delta["text"]),
                    "thinking_delta" => append(&mut block["thinking"], &delta["thinking"]),
                    "signature_delta" => block["signature"] = delta["signature"].clone(),
                    "input_json_delta" => partial += delta["partial_json"].as_str().unwrap(),
                    "citations_delta" => match block.get_mut("citations").and_then(Value::as_array_mut) {
                        Some(citations) => citations.push(delta["citation"].clone()),
                        None => block["citations"] = json!([delta["citation"]]),
                    },
                    unknown => panic!("{unknown}"),
                }
            }
            "content_block_stop" => {
                let block = &mut blocks[open.take().expect("an open block")];
                if block["type"] == "tool_use" {
                    block["input"] = serde_json::from_str(&partial).unwrap_or_else(|_| json!({ "INVALID_JSON": partial }));
                }
            }
            "message_delta" => {
                assert!(open.is_none());
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["stop_sequence"] = event["delta"]["stop_sequence"].clone();
                message["usage"].as_object_mut().unwrap().extend(event["usage"].as_object().unwrap().clone());
            }
            "message_stop" => {}
            unknown => panic!("{unknown}"),
        }
    }
    assert_eq!(events.last().unwrap().0, "message_stop");
    message
}

/// Texts of one kind that follow each other are one, as long as no signature stands between them; the rest of the last event counts.
fn generate(events: &[Event]) -> Value {
    let mut parts: Vec<Value> = Vec::new();
    let mut answer = events.last().unwrap().1.clone();
    for (at, (name, event)) in events.iter().enumerate() {
        assert!(name.is_empty() && event["responseId"] == answer["responseId"] && event["modelVersion"] == answer["modelVersion"]);
        let candidate = &event["candidates"][0];
        assert_eq!((candidate["index"].as_u64(), candidate["content"]["role"].as_str()), (Some(0), Some("model")));
        assert_eq!(candidate["finishReason"].is_string(), at + 1 == events.len());
        for part in candidate["content"]["parts"].as_array().unwrap() {
            let goes_on = parts.last().is_some_and(|last| last["text"].is_string() && last["thought"] == part["thought"] && last["thoughtSignature"].is_null());
            match parts.last_mut().filter(|_| goes_on && part["text"].is_string()) {
                Some(last) => {
                    append(&mut last["text"], &part["text"]);
                    if let Some(signature) = part.get("thoughtSignature") {
                        last["thoughtSignature"] = signature.clone();
                    }
                }
                None if *part == json!({ "text": "" }) => {}
                None => parts.push(part.clone()),
            }
        }
    }
    answer["candidates"][0]["content"]["parts"] = parts.into();
    answer
}
