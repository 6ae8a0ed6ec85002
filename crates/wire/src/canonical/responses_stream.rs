//! The stream of Responses.

use super::names::without_namespace;
use super::part::Citation;
use super::reply::{Reply, StopReason};
use super::request::{Request, ToolKind};
use super::responses::annotation;
use super::stream::{Delta, push_named_event};
use super::usage;
use super::writer::Writer;
use jeton_core::Usage;
use serde_json::{Map, Value, json};

/// A stream of Responses events (cases 55–57).
#[derive(Clone, Debug)]
pub(super) struct ResponsesStream {
    id: String,
    sequence: u64,
    /// The response as it stands; `output` is filled at the end.
    response: Value,
    output: Vec<Value>,
    open: Option<Item>,
    refusal_told: bool,
}

/// The item that is being written.
#[derive(Clone, Debug)]
struct Item {
    id: String,
    kind: ItemKind,
}

#[derive(Clone, Debug)]
enum ItemKind {
    Message { done: Vec<Value>, part: Option<ContentPart> },
    Reasoning { summary: Option<String>, encrypted: Option<String> },
    Call { call_id: String, name: String, kind: ToolKind, arguments: String },
}

/// A part of a message that is being written.
#[derive(Clone, Debug)]
struct ContentPart {
    refusal: bool,
    text: String,
    annotations: Vec<Value>,
}

impl ContentPart {
    fn value(&self) -> Value {
        if self.refusal {
            json!({ "type": "refusal", "refusal": self.text })
        } else {
            json!({ "type": "output_text", "annotations": self.annotations, "logprobs": [], "text": self.text })
        }
    }
}

impl Item {
    /// The item as it stands.
    fn value(&self, status: &str) -> Value {
        match &self.kind {
            ItemKind::Message { done, .. } => json!({ "id": self.id, "type": "message", "status": status, "content": done, "role": "assistant" }),
            ItemKind::Reasoning { summary, encrypted } => {
                let texts: Vec<Value> = summary.iter().map(|text| json!({ "type": "summary_text", "text": text })).collect();
                let mut item = json!({ "id": self.id, "type": "reasoning", "summary": texts });
                if let Some(encrypted) = encrypted {
                    item["encrypted_content"] = encrypted.as_str().into();
                }
                item
            }
            // Case 58: the item's id is not the call's.
            ItemKind::Call { call_id, name, kind, arguments } => {
                let (space, name) = without_namespace(name);
                let mut item = if *kind == ToolKind::Custom {
                    json!({ "id": self.id, "type": "custom_tool_call", "status": status, "call_id": call_id, "name": name, "input": arguments })
                } else {
                    json!({ "id": self.id, "type": "function_call", "status": status, "call_id": call_id, "name": name, "arguments": arguments })
                };
                if let Some(space) = space {
                    item["namespace"] = space.into();
                }
                item
            }
        }
    }
}

impl ResponsesStream {
    pub(super) fn new(request: &Request, head: &Reply) -> Self {
        Self { id: head.id.clone(), sequence: 0, response: skeleton(request, head), output: Vec::new(), open: None, refusal_told: false }
    }

    pub(super) const fn next_sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) fn opening(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let response = self.response.clone();
        self.push(&mut out, "response.created", json!({ "response": response.clone() }));
        self.push(&mut out, "response.in_progress", json!({ "response": response }));
        out
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        match *delta {
            Delta::Text(text) => self.text(&mut out, text, false),
            Delta::Refusal(text) => self.text(&mut out, text, true),
            Delta::Thinking(text) => self.thinking(&mut out, text),
            Delta::Signature(data) => {
                self.ensure_reasoning(&mut out);
                if let Some(Item { kind: ItemKind::Reasoning { encrypted, .. }, .. }) = &mut self.open {
                    *encrypted = Some(data.to_owned());
                }
                self.end_item(&mut out, "completed");
            }
            Delta::RedactedThinking(data) => {
                self.begin(&mut out, "rs", ItemKind::Reasoning { summary: None, encrypted: Some(data.to_owned()) });
                self.end_item(&mut out, "completed");
            }
            Delta::ToolUse { id, name, kind } => {
                let prefix = if kind == ToolKind::Custom { "ctc" } else { "fc" };
                self.begin(&mut out, prefix, ItemKind::Call { call_id: id.to_owned(), name: name.to_owned(), kind, arguments: String::new() });
            }
            Delta::Arguments(text) => self.arguments(&mut out, text),
            Delta::Citation(citation) => self.annotation(&mut out, citation),
            // A message goes on with its next part; everything else is an item of its own.
            Delta::EndPart if matches!(self.open, Some(Item { kind: ItemKind::Message { .. }, .. })) => self.end_content_part(&mut out),
            // Whether a call is whole is known when something follows it, or the answer says why it ends: nobody may run a call whose
            // arguments broke off.
            Delta::EndPart if matches!(self.open, Some(Item { kind: ItemKind::Call { .. }, .. })) => {}
            Delta::EndPart => self.end_item(&mut out, "completed"),
        }
        out
    }

    fn text(&mut self, out: &mut Vec<u8>, text: &str, refusal: bool) {
        self.refusal_told |= refusal;
        if !matches!(self.open, Some(Item { kind: ItemKind::Message { .. }, .. })) {
            self.begin(out, "msg", ItemKind::Message { done: Vec::new(), part: None });
        }
        self.ensure_content_part(out, refusal);
        let Some(Item { id, kind: ItemKind::Message { done, part: Some(part) } }) = &mut self.open else { return };
        part.text.push_str(text);
        let (name, place) =
            if refusal { ("response.refusal.delta", Some(("content_index", done.len()))) } else { (TEXT_DELTA, Some(("content_index", done.len()))) };
        push_delta(out, name, id, self.output.len(), place, text, self.sequence);
        self.sequence += 1;
    }

    fn ensure_content_part(&mut self, out: &mut Vec<u8>, refusal: bool) {
        let Some(Item { kind: ItemKind::Message { part, .. }, .. }) = &self.open else { return };
        if part.as_ref().is_some_and(|part| part.refusal == refusal) {
            return;
        }
        self.end_content_part(out);
        let Some(Item { id, kind: ItemKind::Message { done, part } }) = &mut self.open else { return };
        let fresh = part.insert(ContentPart { refusal, text: String::new(), annotations: Vec::new() });
        let event = json!({ "item_id": id, "output_index": self.output.len(), "content_index": done.len(), "part": fresh.value() });
        self.push(out, "response.content_part.added", event);
    }

    fn end_content_part(&mut self, out: &mut Vec<u8>) {
        let Some(Item { id, kind: ItemKind::Message { done, part } }) = &mut self.open else { return };
        let Some(ended) = part.take() else { return };
        let place = json!({ "item_id": id, "output_index": self.output.len(), "content_index": done.len() });
        let value = ended.value();
        done.push(value.clone());
        if ended.refusal {
            self.push(out, "response.refusal.done", with(&place, &[("refusal", ended.text.into())]));
        } else {
            self.push(out, "response.output_text.done", with(&place, &[("text", ended.text.into()), ("logprobs", json!([]))]));
        }
        self.push(out, "response.content_part.done", with(&place, &[("part", value)]));
    }

    /// A source that has an address, with the place of the text so far (case 41).
    fn annotation(&mut self, out: &mut Vec<u8>, citation: &Citation) {
        let Some(Item { id, kind: ItemKind::Message { done, part: Some(part) } }) = &mut self.open else { return };
        let Some(annotation) = annotation(citation, part.text.chars().count()) else { return };
        let event = json!({
            "item_id": id,
            "output_index": self.output.len(),
            "content_index": done.len(),
            "annotation_index": part.annotations.len(),
            "annotation": annotation,
        });
        part.annotations.push(annotation);
        self.push(out, "response.output_text.annotation.added", event);
    }

    fn ensure_reasoning(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.open, Some(Item { kind: ItemKind::Reasoning { .. }, .. })) {
            self.begin(out, "rs", ItemKind::Reasoning { summary: None, encrypted: None });
        }
    }

    fn thinking(&mut self, out: &mut Vec<u8>, text: &str) {
        self.ensure_reasoning(out);
        let Some(Item { id, kind: ItemKind::Reasoning { summary, .. } }) = &mut self.open else { return };
        let fresh = summary.is_none();
        summary.get_or_insert_default().push_str(text);
        if fresh {
            let place = json!({ "item_id": id, "output_index": self.output.len(), "summary_index": 0 });
            self.push(out, "response.reasoning_summary_part.added", with(&place, &[("part", json!({ "type": "summary_text", "text": "" }))]));
        }
        let Some(Item { id, .. }) = &self.open else { return };
        push_delta(out, "response.reasoning_summary_text.delta", id, self.output.len(), Some(("summary_index", 0)), text, self.sequence);
        self.sequence += 1;
    }

    fn arguments(&mut self, out: &mut Vec<u8>, text: &str) {
        let Some(Item { id, kind: ItemKind::Call { kind, arguments, .. } }) = &mut self.open else { return };
        arguments.push_str(text);
        let name = if *kind == ToolKind::Custom { "response.custom_tool_call_input.delta" } else { "response.function_call_arguments.delta" };
        push_delta(out, name, id, self.output.len(), None, text, self.sequence);
        self.sequence += 1;
    }

    fn begin(&mut self, out: &mut Vec<u8>, prefix: &str, kind: ItemKind) {
        self.end_item(out, "completed");
        let item = Item { id: format!("{prefix}_{}_{}", self.id, self.output.len()), kind };
        let event = json!({ "output_index": self.output.len(), "item": item.value("in_progress") });
        self.open = Some(item);
        self.push(out, "response.output_item.added", event);
    }

    fn end_item(&mut self, out: &mut Vec<u8>, status: &str) {
        self.end_content_part(out);
        // Case 8: a function that got no arguments gets `{}`.
        if matches!(&self.open, Some(Item { kind: ItemKind::Call { kind, arguments, .. }, .. }) if arguments.is_empty() && *kind != ToolKind::Custom) {
            self.arguments(out, "{}");
        }
        let Some(item) = self.open.take() else { return };
        let index = self.output.len();
        self.push_inner_done(out, &item, index);
        let value = item.value(status);
        self.output.push(value.clone());
        self.push(out, "response.output_item.done", json!({ "output_index": index, "item": value }));
    }

    /// The `done` events of what an item other than a message holds.
    fn push_inner_done(&mut self, out: &mut Vec<u8>, item: &Item, index: usize) {
        let place = json!({ "item_id": item.id, "output_index": index });
        match &item.kind {
            ItemKind::Reasoning { summary: Some(text), .. } => {
                let place = with(&place, &[("summary_index", 0.into())]);
                self.push(out, "response.reasoning_summary_text.done", with(&place, &[("text", text.as_str().into())]));
                let part = json!({ "type": "summary_text", "text": text });
                self.push(out, "response.reasoning_summary_part.done", with(&place, &[("part", part)]));
            }
            ItemKind::Call { kind: ToolKind::Custom, arguments, .. } => {
                self.push(out, "response.custom_tool_call_input.done", with(&place, &[("input", arguments.as_str().into())]));
            }
            ItemKind::Call { name, arguments, .. } => {
                let members = [("name", without_namespace(name).1.into()), ("arguments", arguments.as_str().into())];
                self.push(out, "response.function_call_arguments.done", with(&place, &members));
            }
            _ => {}
        }
    }

    /// Case 56: the last event tells how it ended; there is no `[DONE]`.
    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = Vec::new();
        let cut_short = incomplete_reason(stop, self.refusal_told);
        let status = if cut_short.is_some() { "incomplete" } else { "completed" };
        self.end_item(&mut out, status);
        self.response["status"] = status.into();
        self.response["incomplete_details"] = cut_short.map_or(Value::Null, |reason| json!({ "reason": reason }));
        self.response["output"] = std::mem::take(&mut self.output).into();
        self.response["usage"] = usage::responses(usage).unwrap_or(Value::Null);
        if let Some(tier) = &usage.service_tier {
            self.response["service_tier"] = usage::openai_tier(tier).into();
        }
        let response = self.response.clone();
        self.push(&mut out, if cut_short.is_some() { "response.incomplete" } else { "response.completed" }, json!({ "response": response }));
        out
    }

    /// Writes one event: its type first, its growing number (case 55) last.
    fn push(&mut self, out: &mut Vec<u8>, name: &str, members: Value) {
        let mut event = Map::new();
        event.insert("type".into(), name.into());
        if let Value::Object(members) = members {
            event.extend(members);
        }
        event.insert("sequence_number".into(), self.sequence.into());
        self.sequence += 1;
        push_named_event(out, name, &event.into());
    }
}

const TEXT_DELTA: &str = "response.output_text.delta";

/// Most events are of this kind, so no document is made for them. `index` is the place within the item, and what it is called.
fn push_delta(out: &mut Vec<u8>, name: &str, item: &str, output_index: usize, index: Option<(&str, usize)>, text: &str, sequence: u64) {
    out.reserve(256 + name.len() + item.len() + text.len());
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: {");
    let mut writer = Writer::onto(std::mem::take(out));
    writer.member("type", name);
    writer.member("item_id", item);
    writer.member("output_index", &output_index);
    if let Some((name, index)) = index {
        writer.member(name, &index);
    }
    writer.member_text("delta", text);
    if name == TEXT_DELTA {
        writer.member_list("logprobs", |_| {});
    }
    writer.member("sequence_number", &sequence);
    *out = writer.into_bytes();
    out.extend_from_slice(b"}\n\n");
}

/// `place` with more members.
fn with(place: &Value, members: &[(&str, Value)]) -> Value {
    let mut object = place.clone();
    for (name, value) in members {
        object[*name] = value.clone();
    }
    object
}

/// Why a response is incomplete; `None` where it is complete.
pub(super) const fn incomplete_reason(stop: &StopReason, refusal_told: bool) -> Option<&'static str> {
    match stop {
        StopReason::MaxTokens | StopReason::PauseTurn | StopReason::ContextWindowExceeded => Some("max_output_tokens"),
        StopReason::Refusal if !refusal_told => Some("content_filter"),
        _ => None,
    }
}

/// Every member of a response, in the vendor's order, and what it says where nothing else is asked or known.
pub(super) const MEMBERS: [(&str, &str); 28] = [
    ("id", "null"),
    ("object", "\"response\""),
    ("created_at", "null"),
    ("status", "\"in_progress\""),
    ("background", "false"),
    ("error", "null"),
    ("incomplete_details", "null"),
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("model", "null"),
    ("output", "[]"),
    ("parallel_tool_calls", "true"),
    ("previous_response_id", "null"),
    ("prompt_cache_key", "null"),
    ("reasoning", "{\"effort\":null,\"summary\":null}"),
    ("safety_identifier", "null"),
    ("service_tier", "null"),
    ("store", "false"),
    ("temperature", "1.0"),
    ("text", "{\"format\":{\"type\":\"text\"}}"),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_logprobs", "0"),
    ("top_p", "1.0"),
    ("truncation", "\"disabled\""),
    ("usage", "null"),
    ("user", "null"),
];

/// What `name` says: what the request gives, else `default`. An object given in part (`text` without `format`) keeps the defaults of
/// what it leaves out.
pub(super) fn settled(request: &Request, name: &str, default: &str) -> Value {
    let known: Value = serde_json::from_str(default).unwrap_or_default();
    match (known, request.repeated.get(name)) {
        (Value::Object(mut known), Some(Value::Object(given))) => {
            known.extend(given.clone());
            known.into()
        }
        (_, Some(given)) => given.clone(),
        (known, None) => known,
    }
}

pub(super) fn response_id(head: &Reply) -> String {
    format!("resp_{}", head.id)
}

/// The tier that a response names.
pub(super) fn tier(head: &Reply) -> Option<&str> {
    head.usage.service_tier.as_deref().map_or(Some("default"), usage::openai_tier)
}

/// A response in progress with every member that the vendor writes; the request's own values replace the defaults.
fn skeleton(request: &Request, head: &Reply) -> Value {
    let mut response: Map<String, Value> = MEMBERS.iter().map(|(name, default)| ((*name).to_owned(), settled(request, name, default))).collect();
    response["id"] = response_id(head).into();
    response["created_at"] = head.created.into();
    response["model"] = head.model.as_str().into();
    response["service_tier"] = tier(head).into();
    response.insert("metadata".into(), settled(request, "metadata", "{}"));
    response.into()
}
