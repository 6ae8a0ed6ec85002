//! Gemini's `generateContent`: an answer from the canonical form, as a document and as a stream.

mod grounding;

use super::chat::text_bytes;
use super::part::Part;
use super::reply::{Reply, StopReason};
use super::request::ToolKind;
use super::signature::in_base64;
use super::stream::Delta;
use super::usage;
use super::writer::Writer;
use grounding::Grounding;
use jeton_core::Usage;

/// The answer as one document.
pub(super) fn document(reply: &Reply) -> Vec<u8> {
    let mut grounding = Grounding::default();
    let mut writer = Writer::with_capacity(512 + text_bytes(&reply.parts));
    writer.object(|w| {
        w.member_list("candidates", |w| {
            w.object(|w| {
                w.member_object("content", |w| {
                    w.member_list("parts", |w| reply.parts.iter().for_each(|part| write_part(w, part, &mut grounding)));
                    w.member("role", "model");
                });
                w.member("finishReason", finish_reason(&reply.stop));
                w.member("index", &0);
                w.member_of("groundingMetadata", grounding.metadata());
            });
        });
        w.member_of("usageMetadata", usage::gemini(&reply.usage));
        w.member("modelVersion", &reply.model);
        w.member("responseId", &reply.id);
    });
    writer.into_bytes()
}

fn write_part(w: &mut Writer, part: &Part, grounding: &mut Grounding) {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Cited { text, .. } => {
            grounding.text(text);
            if let Part::Cited { citations, .. } = part {
                citations.iter().for_each(|citation| grounding.cite(citation));
            }
            grounding.end_part();
            w.object(|w| w.member_text("text", text));
        }
        // A thought that is neither shown nor signed says nothing.
        Part::Thinking { text, signature: None } if text.is_empty() => {}
        Part::Thinking { text, signature } => w.object(|w| write_thought(w, text, signature.as_deref())),
        Part::RedactedThinking(data) => w.object(|w| write_thought(w, "", Some(data))),
        Part::ToolUse { id, name, kind, arguments_json } => w.object(|w| write_call(w, id, name, *kind, arguments_json)),
        _ => {}
    }
}

/// A signature of another family stands on the thought that it signs: clients that keep their thoughts give both back together.
fn write_thought(w: &mut Writer, text: &str, signature: Option<&str>) {
    w.member_text("text", text);
    w.member("thought", &true);
    if let Some(signature) = signature {
        w.member_text("thoughtSignature", &in_base64(signature));
    }
}

/// A call, whole: its arguments are an object here, never fragments of one.
fn write_call(w: &mut Writer, id: &str, name: &str, kind: ToolKind, arguments_json: &str) {
    w.member_object("functionCall", |w| {
        w.member("id", id);
        w.member("name", name);
        if kind == ToolKind::Custom {
            return w.member_object("args", |w| w.member(super::WRAPPED_INPUT, arguments_json));
        }
        match super::object_text(arguments_json) {
            Some(object) => w.member_raw("args", object),
            None if arguments_json.trim().is_empty() => w.member_object("args", |_| {}),
            None => w.member_object("args", |w| w.member(super::INVALID_INPUT, arguments_json)),
        }
    });
}

/// Case 51. Calls of functions end with `STOP`, as a met stop text does.
const fn finish_reason(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::EndTurn | StopReason::StopSequence(_) | StopReason::ToolUse => "STOP",
        StopReason::MaxTokens | StopReason::PauseTurn | StopReason::ContextWindowExceeded => "MAX_TOKENS",
        StopReason::Refusal => "SAFETY",
    }
}

/// A call whose arguments are still coming.
#[derive(Clone, Debug)]
struct OpenCall {
    id: String,
    name: String,
    kind: ToolKind,
    arguments: String,
}

/// The answer as a stream: each event is a document with the next parts of it, the last one with the reason of the end.
#[derive(Clone, Debug)]
pub(super) struct GeminiStream {
    /// What every event ends with.
    tail: Vec<u8>,
    open: Option<OpenCall>,
    grounding: Grounding,
}

impl GeminiStream {
    pub(super) fn new(head: &Reply) -> Self {
        let mut tail = Writer::onto(Vec::new());
        tail.member("modelVersion", &head.model);
        tail.member("responseId", &head.id);
        Self { tail: tail.into_bytes(), open: None, grounding: Grounding::default() }
    }

    /// The first event is that of the first part.
    #[expect(clippy::unused_self, reason = "the other dialects' streams have an opening")]
    pub(super) const fn opening(&mut self) -> Vec<u8> {
        Vec::new()
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        if let (Delta::Arguments(more), Some(open)) = (delta, &mut self.open) {
            open.arguments.push_str(more);
            return Vec::new();
        }
        let out = self.end_call();
        match *delta {
            Delta::Text(text) | Delta::Refusal(text) => {
                self.grounding.text(text);
                self.part(out, |w| w.member_text("text", text))
            }
            Delta::Thinking(text) => self.part(out, |w| write_thought(w, text, None)),
            Delta::Signature(signature) | Delta::RedactedThinking(signature) => self.part(out, |w| write_thought(w, "", Some(signature))),
            Delta::ToolUse { id, name, kind } => {
                self.open = Some(OpenCall { id: id.to_owned(), name: name.to_owned(), kind, arguments: String::new() });
                out
            }
            Delta::Citation(citation) => {
                self.grounding.cite(citation);
                out
            }
            Delta::EndPart => {
                self.grounding.end_part();
                out
            }
            Delta::Arguments(_) => out,
        }
    }

    /// The call that is open is complete.
    fn end_call(&mut self) -> Vec<u8> {
        match self.open.take() {
            Some(call) => self.part(Vec::new(), |w| write_call(w, &call.id, &call.name, call.kind, &call.arguments)),
            None => Vec::new(),
        }
    }

    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = self.end_call();
        let metadata = self.grounding.metadata();
        out.extend_from_slice(b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"");
        out.extend_from_slice(finish_reason(stop).as_bytes());
        out.extend_from_slice(b"\",\"index\":0");
        for (name, value) in [("groundingMetadata", metadata), ("usageMetadata", usage::gemini(usage))] {
            if name == "usageMetadata" {
                out.extend_from_slice(b"}]");
            }
            if let Some(value) = value {
                out.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
            }
        }
        self.end_event(out)
    }

    /// Appends an event with one part.
    fn part(&self, mut out: Vec<u8>, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        out.reserve(256);
        out.extend_from_slice(b"data: {\"candidates\":[{\"content\":{\"parts\":[{");
        let mut writer = Writer::onto(out);
        write(&mut writer);
        let mut out = writer.into_bytes();
        out.extend_from_slice(b"}],\"role\":\"model\"},\"index\":0}]");
        self.end_event(out)
    }

    fn end_event(&self, mut out: Vec<u8>) -> Vec<u8> {
        out.push(b',');
        out.extend_from_slice(&self.tail);
        out.extend_from_slice(b"}\n\n");
        out
    }
}
