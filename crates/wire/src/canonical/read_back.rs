//! Test only: reads documents and streams as the vendors' clients do, so that what was written can be compared with what arrives.

use crate::Endpoint;
use serde_json::Value;

/// What a client has in its hands at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) text: String,
    pub(super) refusal: String,
    pub(super) thinking: String,
    pub(super) signatures: Vec<String>,
    /// Id, name, arguments.
    pub(super) calls: Vec<(String, String, String)>,
    pub(super) end: String,
    /// Input and output tokens.
    pub(super) usage: Option<(u64, u64)>,
}

/// The events of a stream: the name, where there is one, and the data.
pub(super) fn events(stream: &[u8]) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(stream).unwrap();
    let frames: Vec<&str> = text.split_terminator("\n\n").collect();
    assert!(text.is_empty() || text.ends_with("\n\n"), "the last event is framed");
    let read = |frame: &&str| {
        let name = frame.lines().find_map(|line| line.strip_prefix("event: ")).unwrap_or_default().to_owned();
        let data = frame.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        (name, if data == "[DONE]" { Value::from("[DONE]") } else { serde_json::from_str(data).unwrap() })
    };
    frames.iter().map(read).collect()
}

pub(super) fn document(endpoint: Endpoint, body: &[u8]) -> Seen {
    let body: Value = serde_json::from_slice(body).unwrap();
    match endpoint {
        Endpoint::Chat => {
            let choice = &body["choices"][0];
            let mut seen = chat_message(&choice["message"]);
            seen.end = text(&choice["finish_reason"]);
            seen.usage = figures(&body["usage"], "prompt_tokens", "completion_tokens");
            named(seen, &body)
        }
        Endpoint::Responses => response(&body),
        Endpoint::Messages => message(&body),
        _ => panic!("no reply of this endpoint is read back"),
    }
}

pub(super) fn stream(endpoint: Endpoint, body: &[u8]) -> Seen {
    let events = events(body);
    match endpoint {
        Endpoint::Chat => chat_stream(&events),
        Endpoint::Responses => responses_stream(&events),
        Endpoint::Messages => messages_stream(&events),
        _ => panic!("no stream of this endpoint is read back"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn figures(usage: &Value, input: &str, output: &str) -> Option<(u64, u64)> {
    Some((usage.get(input)?.as_u64()?, usage.get(output)?.as_u64()?))
}

fn named(seen: Seen, body: &Value) -> Seen {
    Seen { id: text(&body["id"]), model: text(&body["model"]), ..seen }
}

fn chat_message(message: &Value) -> Seen {
    let call = |call: &Value| {
        let (inner, arguments) = if call["type"] == "custom" { (&call["custom"], "input") } else { (&call["function"], "arguments") };
        (text(&call["id"]), text(&inner["name"]), text(&inner[arguments]))
    };
    Seen {
        text: text(&message["content"]),
        refusal: text(&message["refusal"]),
        thinking: text(&message["reasoning_content"]),
        calls: message["tool_calls"].as_array().into_iter().flatten().map(call).collect(),
        ..Seen::default()
    }
}

fn chat_stream(events: &[(String, Value)]) -> Seen {
    let mut seen = Seen::default();
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done.1, "[DONE]");
    for (_, chunk) in chunks {
        seen = named(seen, chunk);
        if let Some(usage) = figures(&chunk["usage"], "prompt_tokens", "completion_tokens") {
            seen.usage = Some(usage);
        }
        let Some(choice) = chunk["choices"].get(0) else { continue };
        let piece = chat_message(&choice["delta"]);
        seen.text += &piece.text;
        seen.refusal += &piece.refusal;
        seen.thinking += &piece.thinking;
        for (call, (id, name, arguments)) in choice["delta"]["tool_calls"].as_array().into_iter().flatten().zip(piece.calls) {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if index == seen.calls.len() {
                seen.calls.push((id, name, String::new()));
            }
            // Later fragments of a custom call carry no type.
            seen.calls[index].2 += if arguments.is_empty() { call["custom"]["input"].as_str().unwrap_or_default() } else { &arguments };
        }
        seen.end += &text(&choice["finish_reason"]);
    }
    seen
}

fn message(body: &Value) -> Seen {
    let mut seen = named(Seen::default(), body);
    for block in body["content"].as_array().unwrap() {
        match block["type"].as_str().unwrap() {
            "text" => seen.text += block["text"].as_str().unwrap(),
            "thinking" => {
                seen.thinking += block["thinking"].as_str().unwrap();
                seen.signatures.push(text(&block["signature"]));
            }
            "redacted_thinking" => seen.signatures.push(text(&block["data"])),
            "tool_use" => seen.calls.push((text(&block["id"]), text(&block["name"]), block["input"].to_string())),
            unknown => panic!("{unknown}"),
        }
    }
    seen.end = text(&body["stop_reason"]) + body["stop_sequence"].as_str().unwrap_or_default();
    seen.usage = figures(&body["usage"], "input_tokens", "output_tokens");
    seen
}

/// Builds the message from its events and fails where the order is not the official one (case 29).
fn messages_stream(events: &[(String, Value)]) -> Seen {
    let mut body = Value::Null;
    let mut open: Option<(u64, String)> = None;
    for (name, event) in events {
        assert_eq!(event["type"].as_str().unwrap(), name);
        match name.as_str() {
            "message_start" => {
                assert!(body.is_null(), "one message_start");
                body = event["message"].clone();
            }
            "ping" => {}
            "content_block_start" => {
                assert!(open.is_none(), "the block before is closed");
                let blocks = body["content"].as_array_mut().unwrap();
                assert_eq!(event["index"].as_u64().unwrap(), blocks.len() as u64);
                open = Some((blocks.len() as u64, String::new()));
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let (index, json) = open.as_mut().unwrap();
                assert_eq!(event["index"].as_u64().unwrap(), *index);
                let block = &mut body["content"][usize::try_from(*index).unwrap()];
                apply_delta(block, &event["delta"], json);
            }
            "content_block_stop" => {
                let (index, json) = open.take().unwrap();
                if !json.is_empty() {
                    body["content"][usize::try_from(index).unwrap()]["input"] = serde_json::from_str(&json).unwrap();
                }
            }
            "message_delta" => {
                assert!(open.is_none());
                body["stop_reason"] = event["delta"]["stop_reason"].clone();
                body["stop_sequence"] = event["delta"]["stop_sequence"].clone();
                if let Some(usage) = event.get("usage") {
                    body["usage"] = usage.clone();
                }
            }
            "message_stop" => {}
            unknown => panic!("{unknown}"),
        }
    }
    assert_eq!(events.last().unwrap().0, "message_stop");
    message(&body)
}

fn apply_delta(block: &mut Value, delta: &Value, json: &mut String) {
    let mut append = |name: &str| block[name] = (text(&block[name]) + delta[name].as_str().unwrap()).into();
    match delta["type"].as_str().unwrap() {
        "text_delta" => append("text"),
        "thinking_delta" => append("thinking"),
        // The SDKs replace.
        "signature_delta" => block["signature"] = delta["signature"].clone(),
        "input_json_delta" => *json += delta["partial_json"].as_str().unwrap(),
        unknown => panic!("{unknown}"),
    }
}

fn response(body: &Value) -> Seen {
    let mut seen = named(Seen::default(), body);
    for item in body["output"].as_array().unwrap() {
        match item["type"].as_str().unwrap() {
            "message" => {
                for part in item["content"].as_array().unwrap() {
                    seen.text += part["text"].as_str().unwrap_or_default();
                    seen.refusal += part["refusal"].as_str().unwrap_or_default();
                }
            }
            "reasoning" => {
                item["summary"].as_array().unwrap().iter().for_each(|part| seen.thinking += part["text"].as_str().unwrap());
                seen.signatures.push(text(&item["encrypted_content"]));
            }
            "function_call" => seen.calls.push((text(&item["call_id"]), text(&item["name"]), text(&item["arguments"]))),
            "custom_tool_call" => seen.calls.push((text(&item["call_id"]), text(&item["name"]), text(&item["input"]))),
            unknown => panic!("{unknown}"),
        }
    }
    seen.end = text(&body["status"]) + body["incomplete_details"]["reason"].as_str().unwrap_or_default();
    seen.usage = figures(&body["usage"], "input_tokens", "output_tokens");
    seen
}

/// Builds the response from its events alone, checks that the last event's response says the same, and that numbers and places hold (cases 55, 57).
fn responses_stream(events: &[(String, Value)]) -> Seen {
    let mut items: Vec<Value> = Vec::new();
    let mut done: Vec<Value> = Vec::new();
    for (number, (name, event)) in events.iter().enumerate() {
        assert_eq!(event["type"].as_str().unwrap(), name);
        assert_eq!(event["sequence_number"].as_u64().unwrap(), number as u64);
        if name == "response.output_item.added" {
            assert_eq!(items.len(), done.len(), "the item before is done");
            assert_eq!(event["output_index"].as_u64().unwrap(), items.len() as u64);
            items.push(event["item"].clone());
        } else if name == "response.output_item.done" {
            let (built, ended) = (items.last_mut().unwrap(), &event["item"]);
            // Status and hidden data are known only at the end.
            for late in ["status", "encrypted_content"] {
                if let Some(value) = ended.get(late) {
                    built[late] = value.clone();
                }
            }
            assert_eq!(built, ended, "fragments make the item");
            done.push(ended.clone());
        } else if let Some(id) = event.get("item_id") {
            let item = items.last_mut().unwrap();
            assert_eq!(&item["id"], id);
            assert_eq!(event["output_index"].as_u64().unwrap(), done.len() as u64);
            apply_event(item, name, event);
        }
    }
    let (name, last) = events.last().unwrap();
    assert_eq!(name, &format!("response.{}", last["response"]["status"].as_str().unwrap()));
    assert_eq!(last["response"]["output"].as_array().unwrap(), &done);
    response(&last["response"])
}

fn apply_event(item: &mut Value, name: &str, event: &Value) {
    fn append(place: &mut Value, event: &Value) {
        *place = (text(place) + event["delta"].as_str().unwrap()).into();
    }
    let at = |name: &str| usize::try_from(event[name].as_u64().unwrap()).unwrap();
    match name.strip_prefix("response.").unwrap() {
        "content_part.added" => {
            let parts = item["content"].as_array_mut().unwrap();
            assert_eq!(parts.len(), at("content_index"));
            parts.push(event["part"].clone());
        }
        "output_text.delta" => append(&mut item["content"][at("content_index")]["text"], event),
        "refusal.delta" => append(&mut item["content"][at("content_index")]["refusal"], event),
        "output_text.done" => assert_eq!(item["content"][at("content_index")]["text"], event["text"]),
        "refusal.done" => assert_eq!(item["content"][at("content_index")]["refusal"], event["refusal"]),
        "content_part.done" => assert_eq!(item["content"][at("content_index")], event["part"]),
        "reasoning_summary_part.added" => item["summary"].as_array_mut().unwrap().push(event["part"].clone()),
        "reasoning_summary_text.delta" => append(&mut item["summary"][at("summary_index")]["text"], event),
        "reasoning_summary_text.done" => assert_eq!(item["summary"][at("summary_index")]["text"], event["text"]),
        "reasoning_summary_part.done" => assert_eq!(item["summary"][at("summary_index")], event["part"]),
        "function_call_arguments.delta" => append(&mut item["arguments"], event),
        "function_call_arguments.done" => assert_eq!(item["arguments"], event["arguments"]),
        "custom_tool_call_input.delta" => append(&mut item["input"], event),
        "custom_tool_call_input.done" => assert_eq!(item["input"], event["input"]),
        unknown => panic!("{unknown}"),
    }
}
