//! Streams as scenarios write them, one event a line, and the events that the vendor's server sends for them.

use bytes::Bytes;
use jeton_wire::{Endpoint, SseReader};
use serde_json::{Value, json};

/// An event: its name (empty in Chat) and its data.
pub(crate) type Event = (String, Value);

/// The events of a script. `answer` is the whole answer that the stream tells, whose envelope its events repeat.
pub(crate) fn events(dialect: Endpoint, script: &str, answer: &Value) -> Vec<Event> {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match dialect {
        Endpoint::Chat => chat(lines, script, answer),
        Endpoint::Messages => messages(lines, answer),
        Endpoint::Generate => generate(lines, answer),
        Endpoint::Converse => converse(lines),
        _ => Responses::new(answer).run(lines),
    }
}

/// The stream as bytes.
pub(crate) fn sse(dialect: Endpoint, events: &[Event]) -> Vec<u8> {
    let mut out = String::new();
    for (name, data) in events {
        if !matches!(dialect, Endpoint::Chat | Endpoint::Generate) {
            out += &format!("event: {name}\n");
        }
        match data {
            Value::String(word) => out += &format!("data: {word}\n\n"),
            data => out += &format!("data: {data}\n\n"),
        }
    }
    out.into_bytes()
}

/// The events of a stream of bytes.
pub(crate) fn parse(stream: &[u8]) -> Vec<Event> {
    let mut reader = SseReader::default();
    let mut events = reader.push(&Bytes::copy_from_slice(stream)).unwrap();
    events.extend(reader.finish());
    let data = |data: &[u8]| serde_json::from_slice(data).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(data).into_owned()));
    events.into_iter().map(|event| (event.name, data(&event.data))).collect()
}

fn words(line: &str) -> (&str, &str) {
    line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

#[track_caller]
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// Two JSON values that stand behind each other.
fn two(text: &str) -> (Value, Value) {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>().map(Result::unwrap);
    (values.next().unwrap(), values.next().unwrap_or(Value::Null))
}

fn chat<'a>(lines: impl Iterator<Item = &'a str>, script: &str, answer: &Value) -> Vec<Event> {
    let with_usage = script.lines().any(|line| line.trim().starts_with("usage "));
    let frame = |choices: Value| {
        let mut frame = json!({
            "id": answer["id"], "object": "chat.completion.chunk", "created": answer["created"], "model": answer["model"],
            "service_tier": answer["service_tier"], "system_fingerprint": answer["system_fingerprint"], "choices": choices,
        });
        if with_usage {
            frame["usage"] = Value::Null;
        }
        (String::new(), frame)
    };
    let chunk = |delta: Value, finish: Value| frame(json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }]));
    let delta = |delta: Value| chunk(delta, Value::Null);
    lines
        .map(|line| {
            let (word, rest) = words(line);
            match word {
                "role" => delta(json!({ "role": "assistant", "content": "", "refusal": null })),
                "text" => delta(json!({ "content": value(rest) })),
                "refusal" => delta(json!({ "refusal": value(rest) })),
                "think" => delta(json!({ "reasoning_content": value(rest) })),
                "detail" => delta(json!({ "reasoning_details": [value(rest)] })),
                "cite" => delta(json!({ "annotations": [value(rest)] })),
                "call" | "custom" => {
                    let (index, rest) = words(rest);
                    let (id, name) = words(rest);
                    let index: u64 = index.parse().unwrap();
                    delta(json!({ "tool_calls": [if word == "call" {
                        json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } })
                    } else {
                        json!({ "index": index, "id": id, "type": "custom", "custom": { "name": name, "input": "" } })
                    }] }))
                }
                "args" | "input" => {
                    let (index, rest) = words(rest);
                    let index: u64 = index.parse().unwrap();
                    delta(json!({ "tool_calls": [if word == "args" {
                        json!({ "index": index, "function": { "arguments": value(rest) } })
                    } else {
                        json!({ "index": index, "custom": { "input": value(rest) } })
                    }] }))
                }
                "finish" => chunk(json!({}), rest.into()),
                "usage" => {
                    let (name, mut chunk) = frame(json!([]));
                    chunk["usage"] = value(rest);
                    (name, chunk)
                }
                "error" => (String::new(), json!({ "error": value(rest) })),
                "raw" => (String::new(), value(rest)),
                "done" => (String::new(), "[DONE]".into()),
                unknown => panic!("{unknown}"),
            }
        })
        .collect()
}

/// Each event of Gemini is a document with the next part; `end` is the last one, with the reason of the end and usage.
fn generate<'a>(lines: impl Iterator<Item = &'a str>, answer: &Value) -> Vec<Event> {
    let event = |candidate: Value, more: Value| {
        let mut event = json!({ "candidates": [candidate] });
        let event_members = event.as_object_mut().unwrap();
        event_members.extend(more.as_object().cloned().unwrap_or_default());
        event_members.extend([("modelVersion".to_owned(), answer["modelVersion"].clone()), ("responseId".to_owned(), answer["responseId"].clone())]);
        (String::new(), event)
    };
    let part = |part: Value| event(json!({ "content": { "parts": [part], "role": "model" }, "index": 0 }), json!({}));
    lines
        .map(|line| {
            let (word, rest) = words(line);
            match word {
                "text" => part(json!({ "text": value(rest) })),
                "think" => part(json!({ "text": value(rest), "thought": true })),
                "sign" => part(json!({ "text": "", "thought": true, "thoughtSignature": value(rest) })),
                "part" => part(value(rest)),
                "call" => part(json!({ "functionCall": value(rest) })),
                "end" => {
                    let (reason, rest) = words(rest);
                    let (usage, more) = two(rest);
                    let mut candidate = json!({ "content": { "parts": [{ "text": "" }], "role": "model" }, "finishReason": reason, "index": 0 });
                    candidate.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
                    event(candidate, json!({ "usageMetadata": usage }))
                }
                "error" => (String::new(), json!({ "error": value(rest) })),
                "raw" => (String::new(), value(rest)),
                unknown => panic!("{unknown}"),
            }
        })
        .collect()
}

fn messages<'a>(lines: impl Iterator<Item = &'a str>, answer: &Value) -> Vec<Event> {
    let mut index = 0_u64;
    let named = |event: Value| (event["type"].as_str().unwrap().to_owned(), event);
    lines
        .map(|line| {
            let (word, rest) = words(line);
            let delta = |delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
            named(match word {
                "start" => json!({ "type": "message_start", "message": {
                    "id": answer["id"], "type": "message", "role": "assistant", "model": answer["model"], "content": [],
                    "stop_reason": null, "stop_sequence": null, "usage": value(rest),
                } }),
                "ping" => json!({ "type": "ping" }),
                "block" => {
                    let (kind, rest) = words(rest);
                    let block = match kind {
                        "text" => json!({ "type": "text", "text": "" }),
                        "thinking" => json!({ "type": "thinking", "thinking": "", "signature": "" }),
                        "redacted" => json!({ "type": "redacted_thinking", "data": rest }),
                        "tool" => {
                            let (id, name) = words(rest);
                            json!({ "type": "tool_use", "id": id, "name": name, "input": {} })
                        }
                        _ => value(line.strip_prefix("block ").unwrap()),
                    };
                    json!({ "type": "content_block_start", "index": index, "content_block": block })
                }
                "text" => delta(json!({ "type": "text_delta", "text": value(rest) })),
                "think" => delta(json!({ "type": "thinking_delta", "thinking": value(rest) })),
                "sign" => delta(json!({ "type": "signature_delta", "signature": value(rest) })),
                "json" => delta(json!({ "type": "input_json_delta", "partial_json": value(rest) })),
                "cite" => delta(json!({ "type": "citations_delta", "citation": value(rest) })),
                "stop" => {
                    index += 1;
                    json!({ "type": "content_block_stop", "index": index - 1 })
                }
                "end" => {
                    let (delta, usage) = two(rest);
                    json!({ "type": "message_delta", "delta": delta, "usage": usage })
                }
                "error" => json!({ "type": "error", "error": value(rest) }),
                "raw" => value(rest),
                "done" => json!({ "type": "message_stop" }),
                unknown => panic!("{unknown}"),
            })
        })
        .collect()
}

fn converse<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Event> {
    let mut index = 0_u64;
    lines
        .map(|line| {
            let (word, rest) = words(line);
            let delta = |delta: Value| ("contentBlockDelta", json!({ "delta": delta, "contentBlockIndex": index }));
            let (name, inner) = match word {
                "start" => ("messageStart", json!({ "role": "assistant" })),
                "tool" => {
                    let (id, name) = words(rest);
                    ("contentBlockStart", json!({ "start": { "toolUse": { "toolUseId": id, "name": name } }, "contentBlockIndex": index }))
                }
                "block" => ("contentBlockStart", json!({ "start": value(rest), "contentBlockIndex": index })),
                "text" => delta(json!({ "text": value(rest) })),
                "think" => delta(json!({ "reasoningContent": { "text": value(rest) } })),
                "sign" => delta(json!({ "reasoningContent": { "signature": value(rest) } })),
                "redacted" => delta(json!({ "reasoningContent": { "redactedContent": value(rest) } })),
                "json" => delta(json!({ "toolUse": { "input": value(rest) } })),
                "cite" => delta(json!({ "citation": value(rest) })),
                "delta" => delta(value(rest)),
                "stop" => {
                    index += 1;
                    ("contentBlockStop", json!({ "contentBlockIndex": index - 1 }))
                }
                "end" => {
                    let (reason, more) = two(rest);
                    let mut inner = json!({ "stopReason": reason });
                    inner.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
                    ("messageStop", inner)
                }
                "usage" => {
                    let (usage, more) = two(rest);
                    let mut inner = json!({ "usage": usage, "metrics": { "latencyMs": 551 } });
                    inner.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
                    ("metadata", inner)
                }
                exception if exception.ends_with("Exception") => (exception, value(rest)),
                "raw" => {
                    let event = value(rest);
                    return (event.as_object().unwrap().keys().next().unwrap().clone(), event);
                }
                unknown => panic!("{unknown}"),
            };
            (name.to_owned(), json!({ name: inner }))
        })
        .collect()
}

/// The many events of a Responses stream, told after the vendor's reference of them.
struct Responses<'a> {
    answer: &'a Value,
    out: Vec<Event>,
    /// The open item and where it stands.
    item: Option<Value>,
    index: usize,
    /// The kind of the part that is open in a message, or whether a summary is.
    part: Option<&'static str>,
    /// The ids of the items that are closed.
    ids: Vec<Value>,
}

impl<'a> Responses<'a> {
    fn new(answer: &'a Value) -> Self {
        Self { answer, out: Vec::new(), item: None, index: 0, part: None, ids: Vec::new() }
    }

    fn push(&mut self, name: &str, mut event: Value) {
        event["type"] = name.into();
        event["sequence_number"] = self.out.len().into();
        self.out.push((name.to_owned(), event));
    }

    fn place(&self) -> Value {
        let item = self.item.as_ref().expect("an open item");
        json!({ "item_id": item["id"], "output_index": self.index })
    }

    fn at(&self, members: Value) -> Value {
        let mut event = self.place();
        let item = self.item.as_ref().unwrap();
        match item["type"].as_str() {
            Some("message") => event["content_index"] = item["content"].as_array().map_or(0, |parts| parts.len() - usize::from(self.part.is_some())).into(),
            Some("reasoning") => event["summary_index"] = 0.into(),
            _ => {}
        }
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        event
    }

    fn last_part(&mut self) -> &mut Value {
        let item = self.item.as_mut().unwrap();
        let list = if item["type"] == "message" { "content" } else { "summary" };
        item[list].as_array_mut().unwrap().last_mut().unwrap()
    }

    fn open(&mut self, prefix: &str, mut item: Value) {
        self.close_item("completed");
        item["id"] = format!("{prefix}_{}", self.index).into();
        self.item = Some(item.clone());
        self.push("response.output_item.added", json!({ "output_index": self.index, "item": item }));
    }

    fn open_part(&mut self, kind: &'static str) {
        if self.part == Some(kind) {
            return;
        }
        self.close_part();
        let (list, event, part) = match kind {
            "text" => ("content", "response.content_part.added", json!({ "type": "output_text", "annotations": [], "logprobs": [], "text": "" })),
            "refusal" => ("content", "response.content_part.added", json!({ "type": "refusal", "refusal": "" })),
            _ => ("summary", "response.reasoning_summary_part.added", json!({ "type": "summary_text", "text": "" })),
        };
        self.item.as_mut().unwrap()[list].as_array_mut().unwrap().push(part.clone());
        self.part = Some(kind);
        let event_data = self.at(json!({ "part": part }));
        self.push(event, event_data);
    }

    fn close_part(&mut self) {
        let Some(kind) = self.part else { return };
        let part = self.last_part().clone();
        let (done, whole, member) = match kind {
            "text" => ("response.output_text.done", "response.content_part.done", "text"),
            "refusal" => ("response.refusal.done", "response.content_part.done", "refusal"),
            _ => ("response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "text"),
        };
        let mut event = self.at(json!({ member: part[member] }));
        if kind == "text" {
            event["logprobs"] = json!([]);
        }
        self.push(done, event);
        let event = self.at(json!({ "part": part }));
        self.push(whole, event);
        self.part = None;
    }

    fn close_item(&mut self, status: &str) {
        if self.item.is_none() {
            return;
        }
        self.close_part();
        let mut item = self.item.clone().unwrap();
        let place = self.place();
        match item["type"].as_str() {
            Some("function_call") => {
                let event = json!({ "item_id": place["item_id"], "output_index": self.index, "name": item["name"], "arguments": item["arguments"] });
                self.push("response.function_call_arguments.done", event);
            }
            Some("custom_tool_call") => {
                self.push("response.custom_tool_call_input.done", json!({ "item_id": place["item_id"], "output_index": self.index, "input": item["input"] }))
            }
            _ => {}
        }
        if item["type"] != "reasoning" {
            item["status"] = status.into();
        }
        self.push("response.output_item.done", json!({ "output_index": self.index, "item": item }));
        self.ids.push(item["id"].clone());
        self.item = None;
        self.index += 1;
    }

    fn append(&mut self, member: &str, text: &Value) {
        let item = self.item.as_mut().unwrap();
        let place = if self.part.is_some() { self.last_part() } else { item };
        let joined = place[member].as_str().unwrap().to_owned() + text.as_str().unwrap();
        place[member] = joined.into();
    }

    fn run<'l>(mut self, lines: impl Iterator<Item = &'l str>) -> Vec<Event> {
        for line in lines {
            let (word, rest) = words(line);
            match word {
                "start" => {
                    let mut response = self.answer.clone();
                    for (name, blank) in [("status", json!("in_progress")), ("output", json!([])), ("usage", Value::Null), ("incomplete_details", Value::Null)]
                    {
                        response[name] = blank;
                    }
                    self.push("response.created", json!({ "response": response }));
                    self.push("response.in_progress", json!({ "response": response }));
                }
                "message" => self.open("msg", json!({ "type": "message", "status": "in_progress", "role": "assistant", "content": [] })),
                "reasoning" => self.open("rs", json!({ "type": "reasoning", "summary": [] })),
                "call" | "custom" => {
                    let (id, name) = words(rest);
                    match word {
                        "call" => self.open("fc", json!({ "type": "function_call", "status": "in_progress", "call_id": id, "name": name, "arguments": "" })),
                        _ => self.open("ctc", json!({ "type": "custom_tool_call", "status": "in_progress", "call_id": id, "name": name, "input": "" })),
                    }
                }
                "item" => self.open("x", value(rest)),
                "text" | "refusal" | "summary" => {
                    let text = value(rest);
                    let (kind, member, event) = match word {
                        "text" => ("text", "text", "response.output_text.delta"),
                        "refusal" => ("refusal", "refusal", "response.refusal.delta"),
                        _ => ("summary", "text", "response.reasoning_summary_text.delta"),
                    };
                    self.open_part(kind);
                    self.append(member, &text);
                    let mut data = self.at(json!({ "delta": text }));
                    if kind == "text" {
                        data["logprobs"] = json!([]);
                    }
                    self.push(event, data);
                }
                "part" => self.close_part(),
                "cite" => {
                    let annotation = value(rest);
                    let number = self.last_part()["annotations"].as_array().unwrap().len();
                    self.last_part()["annotations"].as_array_mut().unwrap().push(annotation.clone());
                    let data = self.at(json!({ "annotation_index": number, "annotation": annotation }));
                    self.push("response.output_text.annotation.added", data);
                }
                "encrypted" => {
                    self.item.as_mut().unwrap()["encrypted_content"] = value(rest);
                }
                "args" | "input" => {
                    let text = value(rest);
                    let (member, event) = match word {
                        "args" => ("arguments", "response.function_call_arguments.delta"),
                        _ => ("input", "response.custom_tool_call_input.delta"),
                    };
                    self.append(member, &text);
                    let data = self.at(json!({ "delta": text }));
                    self.push(event, data);
                }
                "error" => {
                    let error = value(rest);
                    self.push("error", error);
                }
                "raw" => {
                    let event = value(rest);
                    let name = event["type"].as_str().unwrap().to_owned();
                    self.push(&name, event);
                }
                "done" => {
                    let status = self.answer["status"].as_str().unwrap().to_owned();
                    self.close_item(&status);
                    let name = format!("response.{status}");
                    let mut response = self.answer.clone();
                    for (item, id) in response["output"].as_array_mut().unwrap().iter_mut().zip(&self.ids) {
                        item["id"] = id.clone();
                    }
                    self.push(&name, json!({ "response": response }));
                }
                unknown => panic!("{unknown}"),
            }
        }
        self.out
    }
}
