//! A provider that plays one conversation with tools, in whichever vendor's dialect it is asked, as its public reference writes it:
//! it thinks and calls two tools at once, calls a third when both results are there, and answers in the end.
//!
//! It is strict: every turn must tell the conversation so far as it was, with the picture, the calls and their results in order, and what
//! it signed byte for byte; else it refuses with 400.

mod clouds;
mod heard;

use crate::fixtures::{DONE, event};
use crate::{Exchange, Upstream};
use serde_json::{Value, json};

/// What Messages signs its thought with, and Responses encrypts it to.
const SIGNATURE: &str = "EqQBCkYIBxgCKkDd/w==";
const THOUGHT: &str = "Two files are to be read.";

/// The provider.
#[must_use]
pub fn agent() -> Upstream {
    Upstream::start(|exchange| {
        let body = exchange.request.json();
        let target = exchange.request.target.clone();
        let is_stream = body["stream"] == true || target.contains(":streamGenerateContent") || target.ends_with("/converse-stream");
        match turn(&target, &body) {
            Ok(Said { frames, .. }) if is_stream && !frames.is_empty() => exchange.frames(&frames),
            Ok(said) if is_stream => exchange.events(&said.stream.iter().map(String::as_bytes).collect::<Vec<_>>()),
            Ok(said) => exchange.document(200, said.document.to_string()),
            Err(why) => refused(exchange, &why),
        }
    })
}

fn refused(exchange: &mut Exchange<'_>, why: &str) -> std::io::Result<()> {
    let error = json!({ "type": "invalid_request_error", "message": why });
    exchange.document(400, json!({ "type": "error", "error": error }).to_string())
}

/// An answer in both forms.
#[derive(Default)]
struct Said {
    document: Value,
    stream: Vec<String>,
    /// The stream of the one vendor that has a framing of its own.
    frames: Vec<u8>,
}

/// What is said: text, and calls with id, name and arguments.
struct Words {
    thinks: bool,
    text: &'static str,
    calls: &'static [(&'static str, &'static str, &'static str)],
}

const TURNS: [Words; 3] = [
    Words { thinks: true, text: "Let me look.", calls: &[("call_a", "read", r#"{"path":"a.txt"}"#), ("call_b", "list", "{}")] },
    Words { thinks: false, text: "", calls: &[("call_c", "read", r#"{"path":"b.txt"}"#)] },
    Words { thinks: false, text: "Both files say hello.", calls: &[] },
];

fn turn(target: &str, body: &Value) -> Result<Said, String> {
    let last = target.rsplit('/').next().unwrap_or_default();
    let dialect = match last.split(['?', ':']).nth(1) {
        Some("generateContent" | "streamGenerateContent") => "generate",
        _ if last.starts_with("converse") => "converse",
        _ => last,
    };
    let words = &TURNS[heard::turns_held(dialect, body)?];
    Ok(match dialect {
        "messages" => messages(words),
        "responses" => responses(words),
        "generate" => clouds::generate(words),
        "converse" => clouds::converse(words),
        _ => chat(words),
    })
}

/// What a call's arguments say; a text where they are no JSON.
fn parsed(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into())
}

fn messages(words: &Words) -> Said {
    let mut content = Vec::new();
    if words.thinks {
        content.push(json!({ "type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE }));
    }
    if !words.text.is_empty() {
        content.push(json!({ "type": "text", "text": words.text }));
    }
    for (id, name, arguments) in words.calls {
        content.push(json!({ "type": "tool_use", "id": id, "name": name, "input": parsed(arguments) }));
    }
    let stop = if words.calls.is_empty() { "end_turn" } else { "tool_use" };
    let usage = json!({ "input_tokens": 100, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 20, "output_tokens": 30 });
    let head = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "agent-1", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage });
    let mut stream = vec![event("message_start", &json!({ "type": "message_start", "message": head }).to_string())];
    for (index, block) in content.iter().enumerate() {
        stream.extend(block_events(index, block));
    }
    let delta = json!({ "type": "message_delta", "delta": { "stop_reason": stop, "stop_sequence": null }, "usage": { "output_tokens": 30 } });
    stream.push(event("message_delta", &delta.to_string()));
    stream.push(event("message_stop", r#"{"type":"message_stop"}"#));
    let mut document = head;
    document["content"] = content.into();
    document["stop_reason"] = stop.into();
    Said { document, stream, ..Said::default() }
}

fn block_events(index: usize, block: &Value) -> Vec<String> {
    let (start, deltas) = match block["type"].as_str() {
        Some("thinking") => (
            json!({ "type": "thinking", "thinking": "", "signature": "" }),
            vec![json!({ "type": "thinking_delta", "thinking": block["thinking"] }), json!({ "type": "signature_delta", "signature": block["signature"] })],
        ),
        Some("text") => (json!({ "type": "text", "text": "" }), vec![json!({ "type": "text_delta", "text": block["text"] })]),
        _ => {
            let input = block["input"].to_string();
            let (first, second) = input.split_at(input.len() / 2);
            let fragments = ["", first, second].map(|text| json!({ "type": "input_json_delta", "partial_json": text }));
            (json!({ "type": "tool_use", "id": block["id"], "name": block["name"], "input": {} }), fragments.to_vec())
        }
    };
    let named = |name: &str, mut data: Value| {
        data["type"] = name.into();
        data["index"] = index.into();
        event(name, &data.to_string())
    };
    let mut events = vec![named("content_block_start", json!({ "content_block": start }))];
    events.extend(deltas.into_iter().map(|delta| named("content_block_delta", json!({ "delta": delta }))));
    events.push(named("content_block_stop", json!({})));
    events
}

fn chat(words: &Words) -> Said {
    let calls: Vec<Value> =
        words.calls.iter().map(|(id, name, arguments)| json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })).collect();
    let finish = if calls.is_empty() { "stop" } else { "tool_calls" };
    let usage = json!({ "prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150, "prompt_tokens_details": { "cached_tokens": 20 } });
    let mut message = json!({ "role": "assistant", "content": if words.text.is_empty() { Value::Null } else { words.text.into() }, "refusal": null });
    let mut deltas = vec![json!({ "role": "assistant", "content": "" })];
    if words.thinks {
        message["reasoning_content"] = THOUGHT.into();
        deltas.push(json!({ "reasoning_content": THOUGHT }));
    }
    if !words.text.is_empty() {
        deltas.push(json!({ "content": words.text }));
    }
    for (index, (id, name, arguments)) in words.calls.iter().enumerate() {
        deltas.push(json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } }] }));
        let (first, second) = arguments.split_at(arguments.len() / 2);
        deltas.extend([first, second].map(|text| json!({ "tool_calls": [{ "index": index, "function": { "arguments": text } }] })));
    }
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    let chunk = |choices: Value, usage: &Value| {
        let chunk =
            json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "agent-1", "choices": choices, "usage": usage });
        format!("data: {chunk}\n\n")
    };
    let mut stream: Vec<String> = deltas.into_iter().map(|delta| chunk(json!([{ "index": 0, "delta": delta, "finish_reason": null }]), &Value::Null)).collect();
    stream.push(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": finish }]), &Value::Null));
    stream.push(chunk(json!([]), &usage));
    stream.push(DONE.to_owned());
    let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish });
    let document =
        json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "agent-1", "choices": [choice], "usage": usage });
    Said { document, stream, ..Said::default() }
}

fn responses(words: &Words) -> Said {
    let mut output = Vec::new();
    if words.thinks {
        output.push(json!({ "id": "rs_1", "type": "reasoning", "summary": [{ "type": "summary_text", "text": THOUGHT }], "encrypted_content": SIGNATURE }));
    }
    if !words.text.is_empty() {
        let part = json!({ "type": "output_text", "text": words.text, "annotations": [] });
        output.push(json!({ "id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part] }));
    }
    for (id, name, arguments) in words.calls {
        output.push(json!({ "id": format!("fc_{id}"), "type": "function_call", "status": "completed", "call_id": id, "name": name, "arguments": arguments }));
    }
    let usage = json!({ "input_tokens": 120, "input_tokens_details": { "cached_tokens": 20 }, "output_tokens": 30, "output_tokens_details": { "reasoning_tokens": 5 }, "total_tokens": 150 });
    let response = |status: &str, output: Value, usage: Value| json!({ "id": "resp_1", "object": "response", "created_at": 1_700_000_000, "status": status, "model": "agent-1", "output": output, "usage": usage });
    let mut events = vec![("response.created".to_owned(), json!({ "response": response("in_progress", json!([]), Value::Null) }))];
    for (index, item) in output.iter().enumerate() {
        events.extend(item_events(index, item));
    }
    let document = response("completed", output.into(), usage);
    events.push(("response.completed".to_owned(), json!({ "response": document })));
    let numbered = events.into_iter().enumerate().map(|(number, (name, mut data))| {
        data["type"] = name.as_str().into();
        data["sequence_number"] = number.into();
        event(&name, &data.to_string())
    });
    Said { stream: numbered.collect(), document, ..Said::default() }
}

fn item_events(index: usize, item: &Value) -> Vec<(String, Value)> {
    let mut begun = item.clone();
    let mut events = Vec::new();
    let mut say = |name: &str, mut data: Value| {
        data["output_index"] = index.into();
        data["item_id"] = item["id"].clone();
        events.push((name.to_owned(), data));
    };
    match item["type"].as_str() {
        Some("reasoning") => {
            begun["summary"] = json!([]);
            begun["encrypted_content"] = Value::Null;
            say("response.output_item.added", json!({ "item": begun }));
            say("response.reasoning_summary_part.added", json!({ "summary_index": 0, "part": { "type": "summary_text", "text": "" } }));
            say("response.reasoning_summary_text.delta", json!({ "summary_index": 0, "delta": THOUGHT }));
            say("response.reasoning_summary_text.done", json!({ "summary_index": 0, "text": THOUGHT }));
            say("response.reasoning_summary_part.done", json!({ "summary_index": 0, "part": item["summary"][0] }));
        }
        Some("message") => {
            begun["content"] = json!([]);
            let text = &item["content"][0]["text"];
            say("response.output_item.added", json!({ "item": begun }));
            say("response.content_part.added", json!({ "content_index": 0, "part": { "type": "output_text", "text": "", "annotations": [] } }));
            say("response.output_text.delta", json!({ "content_index": 0, "delta": text }));
            say("response.output_text.done", json!({ "content_index": 0, "text": text }));
            say("response.content_part.done", json!({ "content_index": 0, "part": item["content"][0] }));
        }
        _ => {
            begun["arguments"] = "".into();
            say("response.output_item.added", json!({ "item": begun }));
            say("response.function_call_arguments.delta", json!({ "delta": item["arguments"] }));
            say("response.function_call_arguments.done", json!({ "name": item["name"], "arguments": item["arguments"] }));
        }
    }
    say("response.output_item.done", json!({ "item": item }));
    events
}
