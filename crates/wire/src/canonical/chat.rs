//! Chat Completions: the document and the stream.

use super::part::{Citation, Part};
use super::reply::{Reply, StopReason};
use super::request::{Request, ToolKind};
use super::stream::Delta;
use super::usage;
use super::writer::Writer;
use jeton_core::Usage;
use serde_json::{Value, json};

/// The tier that the vendor names where nothing else was asked.
const ORDINARY_TIER: &str = "default";

/// A `chat.completion` object.
pub(super) fn document(reply: &Reply) -> Vec<u8> {
    let refused = reply.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let mut writer = Writer::with_capacity(1024 + 2 * text_bytes(&reply.parts));
    writer.object(|w| {
        w.member("id", &format!("chatcmpl-{}", reply.id));
        w.member("object", "chat.completion");
        w.member("created", &reply.created);
        w.member("model", &reply.model);
        w.member_list("choices", |w| {
            w.object(|w| {
                w.member("index", &0);
                w.member_object("message", |w| write_message(w, &reply.parts));
                w.member("logprobs", &Value::Null);
                w.member("finish_reason", finish_reason(&reply.stop, refused));
            });
        });
        w.member("service_tier", &tier(&reply.usage));
        w.member("system_fingerprint", &Value::Null);
        w.member_of("usage", usage::chat(&reply.usage));
    });
    writer.into_bytes()
}

/// About how many bytes the texts of an answer take.
pub(super) fn text_bytes(parts: &[Part]) -> usize {
    let of = |part: &Part| match part {
        Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) | Part::RedactedThinking(text) => text.len(),
        Part::Thinking { text, signature } => text.len() + signature.as_ref().map_or(0, String::len),
        Part::ToolUse { arguments_json, .. } => arguments_json.len(),
        _ => 0,
    };
    parts.iter().map(|part| of(part) + 128).sum()
}

fn write_message(w: &mut Writer, parts: &[Part]) {
    w.member("role", "assistant");
    let texts = |pick: fn(&Part) -> Option<&String>| parts.iter().filter_map(pick).map(String::as_str).collect::<Vec<&str>>();
    let text = texts(|part| if let Part::Text(text) | Part::Cited { text, .. } = part { Some(text) } else { None });
    let refusal = texts(|part| if let Part::Refusal(text) = part { Some(text) } else { None });
    for (name, texts) in [("content", text), ("refusal", refusal)] {
        if texts.is_empty() { w.member(name, &Value::Null) } else { w.member_joined(name, &texts) }
    }
    // Case 18: the name that most open servers use.
    let thoughts = texts(|part| if let Part::Thinking { text, .. } = part { Some(text) } else { None });
    if thoughts.iter().any(|text| !text.is_empty()) {
        w.member_joined("reasoning_content", &thoughts);
    }
    if parts.iter().any(|part| matches!(part, Part::ToolUse { .. })) {
        w.member_list("tool_calls", |w| parts.iter().for_each(|part| write_call(w, part)));
    }
    w.member("annotations", &annotations(parts));
    // Signed reasoning in the form in which aggregators hand it on, so that a client that gives it back keeps its signature. Where
    // nothing is signed the plain text says all.
    if parts.iter().any(|part| matches!(part, Part::RedactedThinking(_) | Part::Thinking { signature: Some(_), .. })) {
        w.member_list("reasoning_details", |w| parts.iter().for_each(|part| write_detail(w, part)));
    }
}

fn write_detail(w: &mut Writer, part: &Part) {
    match part {
        Part::Thinking { text, signature: Some(signature) } => w.object(|w| signed(w, text, signature)),
        Part::RedactedThinking(data) => w.object(|w| hidden(w, data)),
        _ => {}
    }
}

fn signed(w: &mut Writer, text: &str, signature: &str) {
    w.member("type", "reasoning.text");
    w.member_text("text", text);
    w.member_text("signature", signature);
}

fn hidden(w: &mut Writer, data: &str) {
    w.member("type", "reasoning.encrypted");
    w.member_text("data", data);
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
    let (start, end) = citation.span.map_or((start, end), |(from, to)| (start.saturating_add(from), start.saturating_add(to)));
    let inner = json!({ "url": url, "title": citation.title.as_deref().unwrap_or_default(), "start_index": start, "end_index": end });
    Some(json!({ "type": "url_citation", "url_citation": inner }))
}

/// None where the dialect has no word for the tier that was used.
fn tier(usage: &Usage) -> Option<&str> {
    usage.service_tier.as_deref().map_or(Some(ORDINARY_TIER), usage::openai_tier)
}

fn write_call(w: &mut Writer, part: &Part) {
    let Part::ToolUse { id, name, kind, arguments_json } = part else { return };
    let (kind, member) = kind_and_member(*kind);
    let arguments = if arguments_json.is_empty() && kind == "function" { "{}" } else { arguments_json };
    w.object(|w| {
        w.member("id", id);
        w.member("type", kind);
        w.member_object(kind, |w| {
            w.member("name", name);
            w.member_text(member, arguments);
        });
    });
}

/// The word for a kind of call, and the member of it in which its input stands.
const fn kind_and_member(kind: ToolKind) -> (&'static str, &'static str) {
    match kind {
        ToolKind::Custom => ("custom", "input"),
        ToolKind::Function | ToolKind::Provider => ("function", "arguments"),
    }
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
    /// What every chunk begins with (case 9), up to its choices, and what it ends with.
    head: Vec<u8>,
    tail: &'static [u8],
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
            head: chunk_head(head),
            // Case 4: every chunk says so where usage was asked for.
            tail: if request.include_usage { b"],\"usage\":null}\n\n" } else { b"]}\n\n" },
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
        self.delta_of(Vec::new(), |w| {
            w.member("role", "assistant");
            w.member("content", &content);
            w.member("refusal", &Value::Null);
        })
    }

    pub(super) fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        match *delta {
            Delta::Text(text) => {
                self.text_chars += text.chars().count();
                self.after_call(|w| w.member_text("content", text))
            }
            Delta::Refusal(text) => {
                self.refusal_told = true;
                self.after_call(|w| w.member_text("refusal", text))
            }
            Delta::Thinking(text) => {
                self.thought.push_str(text);
                self.after_call(|w| w.member_text("reasoning_content", text))
            }
            Delta::ToolUse { id, name, kind } => self.begin_call(id, name, kind),
            Delta::Arguments(text) => self.arguments(Vec::new(), text),
            Delta::EndPart => {
                self.thought.clear();
                self.part_start = self.text_chars;
                self.end_call()
            }
            // With the whole text, so that whoever keeps the details can give them back as they are (case 35).
            Delta::Signature(signature) => {
                let thought = std::mem::take(&mut self.thought);
                self.after_call(|w| w.member_list("reasoning_details", |w| w.object(|w| signed(w, &thought, signature))))
            }
            Delta::RedactedThinking(data) => self.after_call(|w| w.member_list("reasoning_details", |w| w.object(|w| hidden(w, data)))),
            Delta::Citation(citation) => match annotation(citation, self.part_start, self.text_chars) {
                Some(annotation) => self.after_call(|w| w.member("annotations", &[annotation])),
                None => Vec::new(),
            },
        }
    }

    fn after_call(&mut self, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let out = self.end_call();
        self.delta_of(out, write)
    }

    /// Case 7: id and name once, on the first fragment.
    fn begin_call(&mut self, id: &str, name: &str, kind: ToolKind) -> Vec<u8> {
        let out = self.end_call();
        let index = self.calls;
        self.calls += 1;
        self.open_call = Some(OpenCall { kind, filled: false });
        let (kind, member) = kind_and_member(kind);
        self.fragment(out, index, |w| {
            w.member("id", id);
            w.member("type", kind);
            w.member_object(kind, |w| {
                w.member("name", name);
                w.member(member, "");
            });
        })
    }

    fn arguments(&mut self, out: Vec<u8>, text: &str) -> Vec<u8> {
        let Some(open) = &mut self.open_call else { return out };
        open.filled = true;
        let (kind, member) = kind_and_member(open.kind);
        self.fragment(out, self.calls - 1, |w| w.member_object(kind, |w| w.member_text(member, text)))
    }

    /// A fragment of a call.
    fn fragment(&self, out: Vec<u8>, index: u64, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        self.delta_of(out, |w| {
            w.member_list("tool_calls", |w| {
                w.object(|w| {
                    w.member("index", &index);
                    write(w);
                });
            });
        })
    }

    /// Case 8: a function that got no arguments gets `{}`.
    fn end_call(&mut self) -> Vec<u8> {
        let bare = self.open_call.is_some_and(|open| !open.filled && open.kind != ToolKind::Custom);
        let out = if bare { self.arguments(Vec::new(), "{}") } else { Vec::new() };
        self.open_call = None;
        out
    }

    pub(super) fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        let mut out = self.end_call();
        // Case 12: the one finish reason comes with the last chunk of the choice.
        out = self.chunk(out, |_| {}, Some(finish_reason(stop, self.refusal_told)));
        if let Some(usage) = usage::chat(usage).filter(|_| self.include_usage) {
            // Case 2: choices are empty beside usage.
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],\"usage\":");
            out.extend_from_slice(usage.to_string().as_bytes());
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        out
    }

    fn delta_of(&self, out: Vec<u8>, write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        self.chunk(out, write, None)
    }

    /// Appends a chunk: what all of them repeat is written once, when the stream begins.
    fn chunk(&self, mut out: Vec<u8>, write_delta: impl FnOnce(&mut Writer), finish_reason: Option<&str>) -> Vec<u8> {
        out.reserve(self.head.len() + 160);
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"{\"index\":0,\"delta\":{");
        let mut writer = Writer::onto(out);
        write_delta(&mut writer);
        let mut out = writer.into_bytes();
        match finish_reason {
            None => out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":null}"),
            Some(reason) => {
                out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":\"");
                out.extend_from_slice(reason.as_bytes());
                out.extend_from_slice(b"\"}");
            }
        }
        out.extend_from_slice(self.tail);
        out
    }
}

/// `data: {…,"choices":[`.
fn chunk_head(head: &Reply) -> Vec<u8> {
    let mut writer = Writer::onto(b"data: {".to_vec());
    writer.member("id", &format!("chatcmpl-{}", head.id));
    writer.member("object", "chat.completion.chunk");
    writer.member("created", &head.created);
    writer.member("model", &head.model);
    writer.member("service_tier", &tier(&head.usage));
    writer.member("system_fingerprint", &Value::Null);
    let mut out = writer.into_bytes();
    out.extend_from_slice(b",\"choices\":[");
    out
}
