//! Chat Completions: the document and the stream.

use super::part::{Citation, Part};
use super::reply::{Reply, StopReason};
use super::request::{Request, ToolKind};
use super::stream::{Delta, push_event};
use super::usage;
use jeton_core::Usage;
use serde_json::{Map, Value, json};

/// The tier that the vendor names where nothing else was asked.
const ORDINARY_TIER: &str = "default";

/// A `chat.completion` object.
pub(super) fn document(reply: &Reply) -> Value {
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    message.insert("content".into(), joined(reply, |part| if let Part::Text(text) | Part::Cited { text, .. } = part { Some(text) } else { None }).into());
    message.insert("refusal".into(), joined(reply, |part| if let Part::Refusal(text) = part { Some(text) } else { None }).into());
    // Case 18: the name that most open servers use.
    if let Some(reasoning) = joined(reply, |part| if let Part::Thinking { text, .. } = part { Some(text) } else { None }).filter(|text| !text.is_empty()) {
        message.insert("reasoning_content".into(), reasoning.into());
    }
    let calls: Vec<Value> = reply.parts.iter().filter_map(call).collect();
    if !calls.is_empty() {
        message.insert("tool_calls".into(), calls.into());
    }
    message.insert("annotations".into(), annotations(&reply.parts).into());
    let details = reasoning_details(&reply.parts);
    if !details.is_empty() {
        message.insert("reasoning_details".into(), details.into());
    }
    let refused = reply.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let mut object = json!({
        "id": format!("chatcmpl-{}", reply.id),
        "object": "chat.completion",
        "created": reply.created,
        "model": reply.model,
        "choices": [{ "index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason(&reply.stop, refused) }],
        "service_tier": tier(&reply.usage),
        "system_fingerprint": null,
    });
    if let (Some(usage), Some(members)) = (usage::chat(&reply.usage), object.as_object_mut()) {
        members.insert("usage".into(), usage);
    }
    object
}

/// Case 18: signed reasoning in the form in which aggregators hand it on, so that a client that gives it back keeps its signature.
/// Empty where nothing is signed: the plain text says all then.
fn reasoning_details(parts: &[Part]) -> Vec<Value> {
    let details = parts.iter().filter_map(|part| match part {
        Part::Thinking { text, signature: Some(signature) } => Some(signed(text, signature)),
        Part::RedactedThinking(data) => Some(json!({ "type": "reasoning.encrypted", "data": data })),
        _ => None,
    });
    details.collect()
}

fn signed(text: &str, signature: &str) -> Value {
    json!({ "type": "reasoning.text", "text": text, "signature": signature })
}

/// The sources that have an address, each with the place of its text (case 41).
fn annotations(parts: &[Part]) -> Vec<Value> {
    let mut at = 0;
    let mut annotations = Vec::new();
    for part in parts {
        let (Part::Text(text) | Part::Cited { text, .. }) = part else { continue };
        let end = at + text.chars().count();
        if let Part::Cited { citations, .. } = part {
            annotations.extend(citations.iter().filter_map(|citation| annotation(citation, at, end)));
        }
        at = end;
    }
    annotations
}

fn annotation(citation: &Citation, start: usize, end: usize) -> Option<Value> {
    let url = citation.url.as_ref()?;
    let inner = json!({ "url": url, "title": citation.title.as_deref().unwrap_or_default(), "start_index": start, "end_index": end });
    Some(json!({ "type": "url_citation", "url_citation": inner }))
}

/// None where the dialect has no word for the tier that was used.
fn tier(usage: &Usage) -> Option<&str> {
    usage.service_tier.as_deref().map_or(Some(ORDINARY_TIER), usage::openai_tier)
}

/// The texts of one kind put together; `None` where there is no part of the kind.
fn joined<'a>(reply: &'a Reply, pick: impl Fn(&'a Part) -> Option<&'a String>) -> Option<String> {
    let texts: Vec<&str> = reply.parts.iter().filter_map(|part| pick(part).map(String::as_str)).collect();
    (!texts.is_empty()).then(|| texts.concat())
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolUse { id, name, kind, arguments_json } = part else { return None };
    Some(match kind {
        ToolKind::Custom => json!({ "id": id, "type": "custom", "custom": { "name": name, "input": arguments_json } }),
        _ => {
            let arguments = if arguments_json.is_empty() { "{}" } else { arguments_json };
            json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
        }
    })
}

/// A refusal that is told in `refusal` ends with `stop`; one made by a filter is a `content_filter`.
fn finish_reason(stop: &StopReason, refusal_told: bool) -> &'static str {
    match stop {
        StopReason::EndTurn | StopReason::StopSequence(_) => "stop",
        StopReason::MaxTokens | StopReason::PauseTurn | StopReason::ContextWindowExceeded => "length",
        StopReason::ToolUse => "tool_calls",
        StopReason::Refusal if refusal_told => "stop",
        StopReason::Refusal => "content_filter",
    }
}

/// A stream of `chat.completion.chunk` objects.
#[derive(Clone, Debug)]
pub(super) struct ChatStream {
    /// What every chunk repeats (case 9).
    id: String,
    created: i64,
    model: String,
    tier: Option<String>,
    include_usage: bool,
    /// Whether the turn is known to hold no text.
    textless: bool,
    /// Calls begun so far; the open one's index is one less (case 6).
    calls: u64,
    open_call: Option<OpenCall>,
    refusal_told: bool,
    /// Characters of text so far, and where the part began that is being told.
    text_chars: usize,
    part_start: usize,
    /// The thought that is being told.
    thought: String,
}

#[derive(Clone, Copy, Debug)]
struct OpenCall {
    kind: ToolKind,
    /// Whether a fragment of its arguments has been written.
    filled: bool,
}

impl ChatStream {
    pub(super) fn new(request: &Request, head: &Reply) -> Self {
        Self {
            id: format!("chatcmpl-{}", head.id),
            created: head.created,
            model: head.model.clone(),
            tier: tier(&head.usage).map(str::to_owned),
            include_usage: request.include_usage,
            textless: !head.parts.is_empty() && !head.parts.iter().any(|part| matches!(part, Part::Text(_))),
            calls: 0,
            open_call: None,
            refusal_told: false,
            text_chars: 0,
            part_start: 0,
            thought: String::new(),
        }
    }

    /// Case 5: the role, here and nowhere else.
    pub(super) fn opening(&mut self) -> Vec<u8> {
        let content = if self.textless { Value::Null } else { "".into() };
        self.chunk(json!({ "role": "assistant", "content": content, "refusal": null }), None)
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        match *delta {
            Delta::Text(text) => {
                self.text_chars += text.chars().count();
                self.after_call(json!({ "content": text }))
            }
            Delta::Refusal(text) => {
                self.refusal_told = true;
                self.after_call(json!({ "refusal": text }))
            }
            Delta::Thinking(text) => {
                self.thought.push_str(text);
                self.after_call(json!({ "reasoning_content": text }))
            }
            Delta::ToolUse { id, name, kind } => self.begin_call(id, name, kind),
            Delta::Arguments(text) => self.arguments(text),
            Delta::EndPart => {
                self.thought.clear();
                self.part_start = self.text_chars;
                self.end_call()
            }
            // With the whole text, so that whoever keeps the details can give them back as they are (case 35).
            Delta::Signature(signature) => {
                let thought = std::mem::take(&mut self.thought);
                self.after_call(json!({ "reasoning_details": [signed(&thought, signature)] }))
            }
            Delta::RedactedThinking(data) => self.after_call(json!({ "reasoning_details": [{ "type": "reasoning.encrypted", "data": data }] })),
            Delta::Citation(citation) => match annotation(citation, self.part_start, self.text_chars) {
                Some(annotation) => self.after_call(json!({ "annotations": [annotation] })),
                None => Vec::new(),
            },
        }
    }

    fn after_call(&mut self, delta: Value) -> Vec<u8> {
        let mut out = self.end_call();
        out.extend(self.chunk(delta, None));
        out
    }

    /// Case 7: id and name once, on the first fragment.
    fn begin_call(&mut self, id: &str, name: &str, kind: ToolKind) -> Vec<u8> {
        let mut out = self.end_call();
        let index = self.calls;
        self.calls += 1;
        self.open_call = Some(OpenCall { kind, filled: false });
        let call = match kind {
            ToolKind::Custom => json!({ "index": index, "id": id, "type": "custom", "custom": { "name": name, "input": "" } }),
            _ => json!({ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": "" } }),
        };
        out.extend(self.chunk(json!({ "tool_calls": [call] }), None));
        out
    }

    fn arguments(&mut self, text: &str) -> Vec<u8> {
        let Some(open) = &mut self.open_call else { return Vec::new() };
        open.filled = true;
        let index = self.calls - 1;
        let call = match open.kind {
            ToolKind::Custom => json!({ "index": index, "custom": { "input": text } }),
            _ => json!({ "index": index, "function": { "arguments": text } }),
        };
        self.chunk(json!({ "tool_calls": [call] }), None)
    }

    /// Case 8: a function that got no arguments gets `{}`.
    fn end_call(&mut self) -> Vec<u8> {
        let bare = self.open_call.is_some_and(|open| !open.filled && open.kind != ToolKind::Custom);
        let out = if bare { self.arguments("{}") } else { Vec::new() };
        self.open_call = None;
        out
    }

    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = self.end_call();
        // Case 12: the one finish reason comes with the last chunk of the choice.
        out.extend(self.chunk(json!({}), Some(finish_reason(stop, self.refusal_told))));
        if let Some(usage) = usage::chat(usage).filter(|_| self.include_usage) {
            // Case 2: choices are empty beside usage.
            let mut chunk = self.frame(json!([]));
            chunk["usage"] = usage;
            push_event(&mut out, &chunk);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        out
    }

    fn chunk(&self, delta: Value, finish_reason: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        let choice = json!({ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason });
        push_event(&mut out, &self.frame(json!([choice])));
        out
    }

    fn frame(&self, choices: Value) -> Value {
        let mut frame = json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "service_tier": self.tier,
            "system_fingerprint": null,
            "choices": choices,
        });
        // Case 4: every chunk says so where usage was asked for.
        if self.include_usage {
            frame["usage"] = Value::Null;
        }
        frame
    }
}
