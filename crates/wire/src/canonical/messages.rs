//! Messages: the document, the stream, and the token count.

use super::chat::text_bytes;
use super::part::{Citation, Part};
use super::reply::{Reply, StopReason};
use super::request::ToolKind;
use super::stream::{Delta, push_named_event};
use super::usage;
use super::writer::Writer;
use jeton_core::Usage;
use serde_json::{Value, json};

/// A `message` object.
pub(super) fn document(reply: &Reply) -> Vec<u8> {
    let mut writer = Writer::with_capacity(512 + text_bytes(&reply.parts));
    writer.object(|w| {
        w.member("id", &format!("msg_{}", reply.id));
        w.member("type", "message");
        w.member("role", "assistant");
        w.member("model", &reply.model);
        w.member_list("content", |w| reply.parts.iter().for_each(|part| write_block(w, part)));
        w.member("stop_reason", stop_reason(&reply.stop));
        w.member("stop_sequence", &stop_sequence(&reply.stop));
        w.member_of("usage", usage::messages(&reply.usage));
    });
    writer.into_bytes()
}

/// The answer to a count. Where the count is unknown the member is `null`, which no client can take for a figure.
pub(super) fn token_count(reply: &Reply) -> Value {
    json!({ "input_tokens": reply.usage.input_total() })
}

/// A message before anything of it is said.
fn envelope(id: &str, model: &str) -> Value {
    json!({
        "id": format!("msg_{id}"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    })
}

/// A content block. A refusal's words are text here; that it is one is told by the stop reason.
fn write_block(w: &mut Writer, part: &Part) {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Cited { text, .. } => w.object(|w| {
            w.member("type", "text");
            w.member_text("text", text);
            if let Part::Cited { citations, .. } = part {
                w.member("citations", &citations.iter().map(location).collect::<Vec<_>>());
            }
        }),
        // A thought that is neither shown nor signed says nothing.
        Part::Thinking { text, signature: None } if text.is_empty() => {}
        Part::Thinking { text, signature } => w.object(|w| {
            w.member("type", "thinking");
            w.member_text("thinking", text);
            w.member("signature", signature.as_deref().unwrap_or_default());
        }),
        Part::RedactedThinking(data) => w.object(|w| {
            w.member("type", "redacted_thinking");
            w.member_text("data", data);
        }),
        Part::ToolUse { id, name, kind, arguments_json } => w.object(|w| {
            w.member("type", "tool_use");
            w.member("id", id);
            w.member("name", name);
            write_input(w, *kind, arguments_json);
        }),
        _ => {}
    }
}

/// A citation: as it was where it is of this dialect, else as a result of a web search.
fn location(citation: &Citation) -> Value {
    let own: Option<Value> = serde_json::from_str(&citation.json).ok();
    if let Some(own) = own.filter(|own| own["type"].as_str().is_some_and(|kind| kind.ends_with("_location"))) {
        return own;
    }
    if let Some(citation) = serde_json::from_str(&citation.json).ok().and_then(|own| super::citations::as_messages(&own)) {
        return citation;
    }
    json!({
        "type": "web_search_result_location",
        "url": citation.url.as_deref().unwrap_or_default(),
        "title": citation.title,
        "encrypted_index": "",
        "cited_text": citation.quoted.as_deref().unwrap_or_default(),
    })
}

/// Arguments as the object that the dialect demands, as they are written. What is no JSON object is wrapped, so that nothing is lost
/// (case 47); the name follows the vendor's advice for handing broken arguments back.
pub(super) fn write_input(w: &mut Writer, kind: ToolKind, arguments_json: &str) {
    if kind == ToolKind::Custom {
        return w.member_object("input", |w| w.member(super::WRAPPED_INPUT, arguments_json));
    }
    match super::object_text(arguments_json) {
        Some(object) => w.member_raw("input", object),
        None if arguments_json.trim().is_empty() => w.member_object("input", |_| {}),
        None => w.member_object("input", |w| w.member(super::INVALID_INPUT, arguments_json)),
    }
}

/// What stands before and behind the free text of a tool, in the object that the dialect demands ([`super::WRAPPED_INPUT`]).
pub(super) const FREE_TEXT_OPENS: &str = "{\"input\":\"";
pub(super) const FREE_TEXT_CLOSES: &str = "\"}";

const fn stop_reason(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::EndTurn => "end_turn",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence(_) => "stop_sequence",
        StopReason::ToolUse => "tool_use",
        StopReason::Refusal => "refusal",
        StopReason::PauseTurn => "pause_turn",
        StopReason::ContextWindowExceeded => "model_context_window_exceeded",
    }
}

fn stop_sequence(stop: &StopReason) -> Value {
    if let StopReason::StopSequence(text) = stop { text.as_str().into() } else { Value::Null }
}

/// A stream of Messages events (case 29).
#[derive(Clone, Debug)]
pub(super) struct MessagesStream {
    id: String,
    model: String,
    usage: Usage,
    /// Index of the open block, else of the next one.
    index: u64,
    open: Option<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Text,
    Thinking,
    /// A tool call, and whether a fragment of its input with something in it has been written. Free text is told as a text in an
    /// object.
    Tool {
        filled: bool,
        is_free: bool,
    },
    /// A block that is whole as it opens.
    Whole,
}

impl MessagesStream {
    pub(super) fn new(head: &Reply) -> Self {
        Self { id: head.id.clone(), model: head.model.clone(), usage: head.usage.clone(), index: 0, open: None }
    }

    /// `message_start` with provisional usage, and the ping that the vendor sends after it (case 31).
    pub(super) fn opening(&mut self) -> Vec<u8> {
        let mut message = envelope(&self.id, &self.model);
        if let Some(usage) = usage::messages_start(&self.usage) {
            message["usage"] = usage;
        }
        let mut out = Vec::new();
        push_named_event(&mut out, "message_start", &json!({ "type": "message_start", "message": message }));
        push_named_event(&mut out, "ping", &json!({ "type": "ping" }));
        out
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        match *delta {
            Delta::Text(text) | Delta::Refusal(text) => {
                self.ensure(&mut out, Block::Text, || json!({ "type": "text", "text": "" }));
                self.push_delta(&mut out, "text_delta", |w| w.member_text("text", text));
            }
            Delta::Thinking(text) => {
                self.ensure_thinking(&mut out);
                self.push_delta(&mut out, "thinking_delta", |w| w.member_text("thinking", text));
            }
            // Case 35: whole, and last in its block.
            Delta::Signature(signature) => {
                self.ensure_thinking(&mut out);
                self.push_delta(&mut out, "signature_delta", |w| w.member_text("signature", signature));
                self.end_block(&mut out);
            }
            Delta::RedactedThinking(data) => {
                self.begin(&mut out, Block::Whole, &json!({ "type": "redacted_thinking", "data": data }));
                self.end_block(&mut out);
            }
            Delta::ToolUse { id, name, kind } => {
                self.begin(
                    &mut out,
                    Block::Tool { filled: false, is_free: kind == ToolKind::Custom },
                    &json!({ "type": "tool_use", "id": id, "name": name, "input": {} }),
                );
                // Case 34: the vendor's first fragment is empty.
                self.push_input(&mut out, "");
            }
            Delta::Arguments(text) => self.arguments(&mut out, text),
            Delta::Citation(citation) => {
                self.ensure(&mut out, Block::Text, || json!({ "type": "text", "text": "" }));
                self.push_delta(&mut out, "citations_delta", |w| w.member("citation", &location(citation)));
            }
            Delta::EndPart => self.end_block(&mut out),
        }
        out
    }

    fn arguments(&mut self, out: &mut Vec<u8>, text: &str) {
        let Some(Block::Tool { filled, is_free }) = &mut self.open else { return };
        let begins = !std::mem::replace(filled, *filled || !text.is_empty());
        if !*is_free {
            return self.push_input(out, text);
        }
        if begins && !text.is_empty() {
            self.push_input(out, FREE_TEXT_OPENS);
        }
        // The text as it stands between the quotes.
        let quoted = Value::from(text).to_string();
        self.push_input(out, &quoted[1..quoted.len() - 1]);
    }

    fn push_input(&self, out: &mut Vec<u8>, json: &str) {
        self.push_delta(out, "input_json_delta", |w| w.member_text("partial_json", json));
    }

    fn ensure_thinking(&mut self, out: &mut Vec<u8>) {
        self.ensure(out, Block::Thinking, || json!({ "type": "thinking", "thinking": "", "signature": "" }));
    }

    /// Opens a block of `kind` unless one is open.
    fn ensure(&mut self, out: &mut Vec<u8>, kind: Block, start: impl FnOnce() -> Value) {
        if self.open != Some(kind) {
            self.begin(out, kind, &start());
        }
    }

    /// Case 29: the block before is closed first.
    fn begin(&mut self, out: &mut Vec<u8>, kind: Block, start: &Value) {
        self.end_block(out);
        self.open = Some(kind);
        push_named_event(out, "content_block_start", &json!({ "type": "content_block_start", "index": self.index, "content_block": start }));
    }

    /// Most events are of this kind, so no document is made for them.
    fn push_delta(&self, out: &mut Vec<u8>, kind: &str, write: impl FnOnce(&mut Writer)) {
        out.reserve(224);
        out.extend_from_slice(b"event: content_block_delta\ndata: {");
        let mut writer = Writer::onto(std::mem::take(out));
        writer.member("type", "content_block_delta");
        writer.member("index", &self.index);
        writer.member_object("delta", |w| {
            w.member("type", kind);
            write(w);
        });
        *out = writer.into_bytes();
        out.extend_from_slice(b"}\n\n");
    }

    fn end_block(&mut self, out: &mut Vec<u8>) {
        match self.open {
            // Case 8: whoever joins the fragments of a call without arguments gets `{}`.
            Some(Block::Tool { filled: false, is_free: false }) => self.push_input(out, "{}"),
            Some(Block::Tool { filled: false, is_free: true }) => self.push_input(out, &format!("{FREE_TEXT_OPENS}{FREE_TEXT_CLOSES}")),
            Some(Block::Tool { is_free: true, .. }) => self.push_input(out, FREE_TEXT_CLOSES),
            _ => {}
        }
        if self.open.take().is_some() {
            push_named_event(out, "content_block_stop", &json!({ "type": "content_block_stop", "index": self.index }));
            self.index += 1;
        }
    }

    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = Vec::new();
        self.end_block(&mut out);
        let delta = json!({ "stop_reason": stop_reason(stop), "stop_sequence": stop_sequence(stop) });
        let mut event = json!({ "type": "message_delta", "delta": delta });
        // Whoever was told of the usage at the beginning adds up from it, and cannot do without the end.
        let begun = self.usage.input.map(|_| json!({ "output_tokens": usage.output.unwrap_or(0) }));
        if let Some(usage) = usage::messages_delta(usage).or(begun) {
            event["usage"] = usage;
        }
        push_named_event(&mut out, "message_delta", &event);
        push_named_event(&mut out, "message_stop", &json!({ "type": "message_stop" }));
        out
    }
}
