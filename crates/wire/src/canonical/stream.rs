//! Replies as streams of server-sent events.

use super::chat::ChatStream;
use super::converse::ConverseStream;
use super::gemini::GeminiStream;
use super::messages::MessagesStream;
use super::part::{Citation, Part};
use super::reply::{Reply, StopReason, encode_reply};
use super::request::{Request, ToolKind};
use super::responses_stream::ResponsesStream;
use crate::Endpoint;
use jeton_core::Usage;
use serde_json::Value;

/// The next piece of a streamed reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delta<'a> {
    /// More text.
    Text(&'a str),
    /// More of a refusal.
    Refusal(&'a str),
    /// More shown reasoning.
    Thinking(&'a str),
    /// The signature of the reasoning before it, whole: clients replace, not append (case 35).
    Signature(&'a str),
    /// Hidden reasoning, whole.
    RedactedThinking(&'a str),
    /// A tool call begins.
    ToolUse {
        /// The call's id.
        id: &'a str,
        /// The tool's name.
        name: &'a str,
        /// Whether its arguments are JSON or free text.
        kind: ToolKind,
    },
    /// More of the arguments of the call that is open; ignored where none is.
    Arguments(&'a str),
    /// A source of the text that is being told (case 41).
    Citation(&'a Citation),
    /// The part ends, so that a next one of the same kind is a part of its own. Between parts of different kinds it may be left out.
    EndPart,
}

/// Writes one reply as a stream, event by event, in the official order of its dialect.
///
/// `opening`, any number of `delta`, `closing`. A stream that fails is simply not closed (case 10).
/// Endpoints that never stream give their document in `closing`.
#[derive(Clone, Debug)]
pub struct StreamEncoder(Inner);

#[derive(Clone, Debug)]
enum Inner {
    Chat(ChatStream),
    Responses(Box<ResponsesStream>),
    Messages(MessagesStream),
    Gemini(GeminiStream),
    Converse(ConverseStream),
    Document(Vec<u8>),
}

impl StreamEncoder {
    /// A stream of the reply that `head` begins: its id, model, time and input usage are used. Its parts are not written, but
    /// where they are known, the stream opens as the vendor's would (Chat says `content: null` before a turn of tool calls alone).
    #[must_use]
    pub fn new(endpoint: Endpoint, request: &Request, head: &Reply) -> Self {
        Self(match endpoint {
            Endpoint::Chat => Inner::Chat(ChatStream::new(request, head)),
            Endpoint::Responses => Inner::Responses(Box::new(ResponsesStream::new(request, head))),
            Endpoint::Messages => Inner::Messages(MessagesStream::new(head)),
            Endpoint::Generate => Inner::Gemini(GeminiStream::new(head)),
            Endpoint::Converse => Inner::Converse(ConverseStream::new(head)),
            Endpoint::CountTokens | Endpoint::Embeddings => Inner::Document(encode_reply(endpoint, request, head)),
        })
    }

    /// What comes before any content.
    pub fn opening(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Inner::Chat(stream) => stream.opening(),
            Inner::Responses(stream) => stream.opening(),
            Inner::Messages(stream) => stream.opening(),
            Inner::Gemini(stream) => stream.opening(),
            Inner::Converse(stream) => stream.opening(),
            Inner::Document(_) => Vec::new(),
        }
    }

    /// The events of `delta`: none, one, or several where a part closes and another opens.
    pub fn delta(&mut self, delta: &Delta<'_>) -> Vec<u8> {
        match &mut self.0 {
            Inner::Chat(stream) => stream.delta(delta),
            Inner::Responses(stream) => stream.delta(delta),
            Inner::Messages(stream) => stream.delta(delta),
            Inner::Gemini(stream) => stream.delta(delta),
            Inner::Converse(stream) => stream.delta(delta),
            Inner::Document(_) => Vec::new(),
        }
    }

    /// Closes what is open, states why the reply ended and what it used, and writes the terminal event.
    pub fn closing(&mut self, stop: &StopReason, usage: &Usage) -> Vec<u8> {
        match &mut self.0 {
            Inner::Chat(stream) => stream.closing(stop, usage),
            Inner::Responses(stream) => stream.closing(stop, usage),
            Inner::Messages(stream) => stream.closing(stop, usage),
            Inner::Gemini(stream) => stream.closing(stop, usage),
            Inner::Converse(stream) => stream.closing(stop, usage),
            Inner::Document(document) => std::mem::take(document),
        }
    }

    /// The `sequence_number` that the next event of a Responses stream gets; zero elsewhere.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        if let Inner::Responses(stream) = &self.0 { stream.next_sequence() } else { 0 }
    }
}

/// The whole stream of `reply`: the opening, one piece per fragment of at most `fragment_chars` characters (at least one), and last the closing.
/// Every text and every argument is cut, also inside JSON escapes (case 34).
#[must_use]
pub fn encode_stream(endpoint: Endpoint, request: &Request, reply: &Reply, fragment_chars: usize) -> Vec<Vec<u8>> {
    encode_stream_cut(endpoint, request, reply, |text| cut_by_chars(text, fragment_chars.max(1)))
}

/// Like [`encode_stream`], with fragments as `cut` makes them: pieces that give the text again when joined, one (empty) for an empty text.
pub fn encode_stream_cut<'a>(endpoint: Endpoint, request: &Request, reply: &'a Reply, cut: impl Fn(&'a str) -> Vec<&'a str>) -> Vec<Vec<u8>> {
    let mut encoder = StreamEncoder::new(endpoint, request, reply);
    let mut pieces = vec![encoder.opening()];
    for delta in reply.parts.iter().flat_map(|part| part_deltas(part, &cut)) {
        let piece = encoder.delta(&delta);
        match pieces.last_mut() {
            // The end of a part comes with its last fragment.
            Some(last) if delta == Delta::EndPart => last.extend(piece),
            _ if piece.is_empty() => {}
            _ => pieces.push(piece),
        }
    }
    pieces.push(encoder.closing(&reply.stop, &reply.usage));
    pieces
}

/// A finished part as deltas. Parts that only a request can hold give none.
pub(super) fn part_deltas<'a>(part: &'a Part, cut: impl Fn(&'a str) -> Vec<&'a str>) -> Vec<Delta<'a>> {
    let mut deltas: Vec<Delta<'_>> = match part {
        Part::Text(text) => cut(text).into_iter().map(Delta::Text).collect(),
        Part::Cited { text, citations } => cut(text).into_iter().map(Delta::Text).chain(citations.iter().map(Delta::Citation)).collect(),
        Part::Refusal(text) => cut(text).into_iter().map(Delta::Refusal).collect(),
        Part::Thinking { text, signature } => {
            // A signature may stand without the thought that it signs.
            let thoughts = cut(text).into_iter().filter(|text| !text.is_empty()).map(Delta::Thinking);
            thoughts.chain(signature.as_deref().map(Delta::Signature)).collect()
        }
        Part::RedactedThinking(data) => vec![Delta::RedactedThinking(data)],
        Part::ToolUse { id, name, kind, arguments_json } => {
            let start = Delta::ToolUse { id, name, kind: *kind };
            // A call without arguments is `{}`, said once: the encoders write it where no fragment came (case 8).
            let arguments = if has_no_arguments(*kind, arguments_json) { "" } else { arguments_json };
            std::iter::once(start).chain(cut(arguments).into_iter().filter(|text| !text.is_empty()).map(Delta::Arguments)).collect()
        }
        _ => return Vec::new(),
    };
    deltas.push(Delta::EndPart);
    deltas
}

/// Whether the arguments of a function are an empty object, however it is written.
pub(super) fn has_no_arguments(kind: ToolKind, arguments_json: &str) -> bool {
    kind != ToolKind::Custom && arguments_json.bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"{}")
}

/// `text` cut into pieces of at most `chars` characters.
fn cut_by_chars(text: &str, chars: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, _)) = rest.char_indices().nth(chars) {
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

/// Appends `event: NAME` and the data, framed.
pub(super) fn push_named_event(out: &mut Vec<u8>, name: &str, data: &Value) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    push_event(out, data);
}

/// Appends the data, framed.
fn push_event(out: &mut Vec<u8>, data: &Value) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}
