//! Bedrock's Converse: an answer from the canonical form, as a document and as a stream.
//!
//! A stream has the names of its events twice, as the name of the event and as the one member of its data, as the SDKs show it.
//! `metrics` are left out: how long the provider took is not known.

use super::chat::text_bytes;
use super::part::{Citation, Part};
use super::reply::{Reply, StopReason};
use super::request::ToolKind;
use super::stream::Delta;
use super::usage;
use super::writer::{Writer, push_text};
use jeton_core::Usage;
use serde_json::{Value, json};

/// The answer as one document.
pub(super) fn document(reply: &Reply) -> Vec<u8> {
    let mut writer = Writer::with_capacity(512 + text_bytes(&reply.parts));
    writer.object(|w| {
        w.member_object("output", |w| {
            w.member_object("message", |w| {
                w.member("role", "assistant");
                w.member_list("content", |w| reply.parts.iter().for_each(|part| write_block(w, part)));
            });
        });
        w.member("stopReason", stop_reason(&reply.stop));
        write_matched(w, &reply.stop);
        w.member_of("usage", usage::converse(&reply.usage));
        write_tier(w, &reply.usage);
    });
    writer.into_bytes()
}

/// A content block. A refusal's words are text here; that it is one is told by the stop reason.
fn write_block(w: &mut Writer, part: &Part) {
    match part {
        Part::Text(text) | Part::Refusal(text) => w.object(|w| w.member_text("text", text)),
        Part::Cited { text, citations } => w.object(|w| {
            w.member_object("citationsContent", |w| {
                w.member_list("content", |w| w.object(|w| w.member_text("text", text)));
                w.member("citations", &citations.iter().map(citation).collect::<Vec<_>>());
            });
        }),
        // A thought that is neither shown nor signed says nothing.
        Part::Thinking { text, signature: None } if text.is_empty() => {}
        Part::Thinking { text, signature } => w.object(|w| {
            w.member_object("reasoningContent", |w| {
                w.member_object("reasoningText", |w| {
                    w.member_text("text", text);
                    w.member_of("signature", signature.as_deref());
                });
            });
        }),
        Part::RedactedThinking(data) => w.object(|w| w.member_object("reasoningContent", |w| w.member_text("redactedContent", data))),
        Part::ToolUse { id, name, kind, arguments_json } => w.object(|w| {
            w.member_object("toolUse", |w| {
                w.member("toolUseId", id);
                w.member("name", name);
                super::messages::write_input(w, *kind, arguments_json);
            });
        }),
        _ => {}
    }
}

/// A citation: as it was where it is of this dialect, else as one of a page of the web.
fn citation(citation: &Citation) -> Value {
    let own: Option<Value> = serde_json::from_str(&citation.json).ok();
    if let Some(own) = own.filter(|own| own["location"].is_object() || own["sourceContent"].is_array()) {
        return own;
    }
    if let Some(citation) = serde_json::from_str(&citation.json).ok().and_then(|own| super::citations::as_converse(&own)) {
        return citation;
    }
    let mut plain = json!({});
    if let Some(title) = &citation.title {
        plain["title"] = title.as_str().into();
    }
    if let Some(quoted) = &citation.quoted {
        plain["sourceContent"] = json!([{ "text": quoted }]);
    }
    if let Some(url) = &citation.url {
        plain["location"] = json!({ "web": { "url": url } });
    }
    plain
}

/// Case 51. A pause is not an end, so it counts as cut short.
const fn stop_reason(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::EndTurn => "end_turn",
        StopReason::MaxTokens | StopReason::PauseTurn => "max_tokens",
        StopReason::StopSequence(_) => "stop_sequence",
        StopReason::ToolUse => "tool_use",
        StopReason::Refusal => "content_filtered",
        StopReason::ContextWindowExceeded => "model_context_window_exceeded",
    }
}

/// Case 50.
fn write_matched(w: &mut Writer, stop: &StopReason) {
    if let StopReason::StopSequence(text) = stop
        && !text.is_empty()
    {
        w.member_object("additionalModelResponseFields", |w| w.member("stop_sequence", text));
    }
}

/// Case 53.
fn write_tier(w: &mut Writer, usage: &Usage) {
    if let Some(tier) = usage.service_tier.as_deref().and_then(usage::bedrock_tier) {
        w.member_object("serviceTier", |w| w.member("type", tier));
    }
}

/// The answer as a stream.
#[derive(Clone, Debug)]
pub(super) struct ConverseStream {
    /// Index of the open block, else of the next one.
    index: u64,
    open: Option<Block>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Text,
    Thought,
    /// A tool call, and whether a fragment of its input with something in it has been written. Free text is told as a text in an
    /// object.
    Tool {
        filled: bool,
        is_free: bool,
    },
}

impl ConverseStream {
    pub(super) const fn new(_head: &Reply) -> Self {
        Self { index: 0, open: None }
    }

    pub(super) fn opening(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        push(&mut out, "messageStart", |w| w.member("role", "assistant"));
        out
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        match *delta {
            Delta::Text(text) | Delta::Refusal(text) => {
                self.ensure(&mut out, Block::Text);
                self.push_delta(&mut out, |w| w.member_text("text", text));
            }
            Delta::Thinking(text) => {
                self.ensure(&mut out, Block::Thought);
                self.push_delta(&mut out, |w| w.member_object("reasoningContent", |w| w.member_text("text", text)));
            }
            // Case 35: whole, and last in its block.
            Delta::Signature(signature) => {
                self.ensure(&mut out, Block::Thought);
                self.push_delta(&mut out, |w| w.member_object("reasoningContent", |w| w.member_text("signature", signature)));
                self.end_block(&mut out);
            }
            Delta::RedactedThinking(data) => {
                self.end_block(&mut out);
                self.open = Some(Block::Thought);
                self.push_delta(&mut out, |w| w.member_object("reasoningContent", |w| w.member_text("redactedContent", data)));
                self.end_block(&mut out);
            }
            Delta::ToolUse { id, name, kind } => {
                self.end_block(&mut out);
                self.open = Some(Block::Tool { filled: false, is_free: kind == ToolKind::Custom });
                push(&mut out, "contentBlockStart", |w| {
                    w.member_object("start", |w| {
                        w.member_object("toolUse", |w| {
                            w.member("toolUseId", id);
                            w.member("name", name);
                        });
                    });
                    w.member("contentBlockIndex", &self.index);
                });
            }
            Delta::Arguments(text) => self.arguments(&mut out, text),
            Delta::Citation(one) => {
                self.ensure(&mut out, Block::Text);
                self.push_delta(&mut out, |w| w.member("citation", &citation(one)));
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
            self.push_input(out, super::messages::FREE_TEXT_OPENS);
        }
        // The text as it stands between the quotes.
        let mut quoted = Vec::new();
        push_text(&mut quoted, text);
        let quoted = String::from_utf8(quoted).unwrap_or_default();
        self.push_input(out, &quoted[1..quoted.len() - 1]);
    }

    fn push_input(&self, out: &mut Vec<u8>, json: &str) {
        self.push_delta(out, |w| w.member_object("toolUse", |w| w.member_text("input", json)));
    }

    /// Texts and thoughts open without a word.
    fn ensure(&mut self, out: &mut Vec<u8>, kind: Block) {
        if self.open != Some(kind) {
            self.end_block(out);
            self.open = Some(kind);
        }
    }

    fn push_delta(&self, out: &mut Vec<u8>, write: impl FnOnce(&mut Writer)) {
        push(out, "contentBlockDelta", |w| {
            w.member_object("delta", write);
            w.member("contentBlockIndex", &self.index);
        });
    }

    fn end_block(&mut self, out: &mut Vec<u8>) {
        match self.open {
            // Case 8: whoever joins the fragments of a call without arguments gets `{}`.
            Some(Block::Tool { filled: false, is_free: false }) => self.push_input(out, "{}"),
            Some(Block::Tool { filled: false, is_free: true }) => {
                self.push_input(out, &[super::messages::FREE_TEXT_OPENS, super::messages::FREE_TEXT_CLOSES].concat());
            }
            Some(Block::Tool { is_free: true, .. }) => self.push_input(out, super::messages::FREE_TEXT_CLOSES),
            _ => {}
        }
        if self.open.take().is_some() {
            push(out, "contentBlockStop", |w| w.member("contentBlockIndex", &self.index));
            self.index += 1;
        }
    }

    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = Vec::new();
        self.end_block(&mut out);
        push(&mut out, "messageStop", |w| {
            w.member("stopReason", stop_reason(stop));
            write_matched(w, stop);
        });
        push(&mut out, "metadata", |w| {
            w.member_of("usage", usage::converse(usage));
            write_tier(w, usage);
        });
        out
    }
}

/// Appends an event, framed.
fn push(out: &mut Vec<u8>, name: &str, write: impl FnOnce(&mut Writer)) {
    out.reserve(192);
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: {");
    let mut writer = Writer::onto(std::mem::take(out));
    writer.member_object(name, write);
    *out = writer.into_bytes();
    out.extend_from_slice(b"}\n\n");
}
