//! The meter of a streamed answer: it passes the provider's bytes on as they are, and learns from them what the ledger needs.
//!
//! Its work per event is one walk over the event's JSON without a document. Only three things change what is sent: usage that
//! was asked for on our account is taken out, the terminal event is withheld until the charge is durable, and an event that is
//! not complete is held until it is.

use crate::error::read_embedded;
use crate::json::{Cursor, Parsed};
use crate::sse::{EVENT_BYTES_MAX, Piece, Shape, Splitter, SseTooLarge, field, lines};
use crate::usage::Figures;
use crate::{Endpoint, UpstreamFault, read_document};
use bytes::{Bytes, BytesMut};
use jeton_core::{FaultKind, Usage};
use std::ops::Range;

mod chat;
mod converse;
mod gemini;
mod messages;
mod responses;

pub(crate) use chat::{count_call as count_chat_call, message as read_chat_message};
pub(crate) use converse::converse as read_converse;
pub(crate) use gemini::{GEMINI_REFUSALS, generated as read_generated};
pub(crate) use messages::message as read_message;
pub(crate) use responses::response as read_response;

/// How a stream is to be metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamOptions {
    /// The usage was asked for by [`crate::ask_for_usage`], not by the client: it is taken out of a Chat Completions stream.
    pub strip_usage: bool,
    /// Whether the bytes of the output are counted, for an estimate should the stream be cut short.
    pub text_bytes_counted: bool,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self { strip_usage: false, text_bytes_counted: true }
    }
}

/// What was seen of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Bytes of text and refusals, in UTF-8 with escapes resolved.
    pub text_bytes: u64,
    /// Bytes of reasoning: thinking, its summaries, and what is hidden in it by encryption.
    pub reasoning_bytes: u64,
    /// Bytes of the arguments and inputs of tools.
    pub tool_bytes: u64,
    /// Why the answer ended, in the provider's word (`stop`, `tool_use`, `max_output_tokens`…).
    pub finish_reason: Option<String>,
    /// The model that answered, as the provider names it.
    pub model: Option<String>,
    /// Calls of the client's tools. Tools that the provider runs itself do not count.
    pub tool_calls: u64,
    /// Whether the model refused.
    pub refusal: bool,
}

impl Observed {
    /// Whether nothing of an answer was seen.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text_bytes + self.reasoning_bytes + self.tool_bytes + self.tool_calls == 0
    }
}

/// What a chunk brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Bytes to send now, in this order; slices of the chunk where nothing had to be held or taken out.
    pub forward: Vec<Bytes>,
}

/// The body has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Bytes that were held and are to be sent now: a last event that lacked its blank line, completed so that an error event
    /// may follow, or a document that came in place of a stream. An event cut off in its middle is dropped, as readers do.
    pub forward: Bytes,
    /// Whether the terminal event was seen, and no error before it. Some servers end a Chat Completions stream without
    /// `[DONE]`: whether [`Observed::finish_reason`] is known tells a finished answer from one cut short.
    pub clean: bool,
}

/// Facts of an answer that all dialects fill in.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) figures: Figures,
    pub(crate) observed: Observed,
    pub(crate) error: Option<UpstreamFault>,
    content_started: bool,
    /// The number of the next event of a Responses stream.
    next_sequence: u64,
    /// Tool calls of a Chat Completions answer: choice, index and id.
    chat_calls: Vec<(u64, u64, String)>,
    /// Web searches of a Responses answer.
    web_searches: u64,
    counted: bool,
}

impl Facts {
    pub(crate) fn counting() -> Self {
        Self { counted: true, ..Self::default() }
    }

    /// Takes an error that stands here, unless it is null; the first one counts.
    pub(crate) fn read_error(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        let place = cursor.span()?;
        let json = cursor.slice(place);
        if json == b"null" {
            return Ok(false);
        }
        self.error.get_or_insert_with(|| read_embedded(json));
        Ok(true)
    }

    /// Takes the model's name once.
    pub(crate) fn read_model(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if self.observed.model.is_some() || cursor.peek() != Some(b'"') {
            return cursor.skip();
        }
        let name = cursor.string()?;
        let name = cursor.text_prefix(name, 256);
        if !name.is_empty() {
            self.observed.model = Some(name);
        }
        Ok(())
    }

    /// Takes the reason of the end, where it is a string.
    pub(crate) fn read_finish(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.peek() != Some(b'"') {
            return cursor.skip();
        }
        let reason = cursor.string()?;
        self.observed.finish_reason = Some(cursor.text_prefix(reason, 64));
        Ok(())
    }

    /// Content of `bytes` bytes was seen.
    fn content(&mut self, kind: Content, bytes: u64) {
        self.content_started = true;
        if self.counted {
            match kind {
                Content::Text => self.observed.text_bytes += bytes,
                Content::Reasoning => self.observed.reasoning_bytes += bytes,
                Content::Tool => self.observed.tool_bytes += bytes,
            }
        }
    }

    /// Takes a string as content, unless it is empty.
    fn read_content(&mut self, kind: Content, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let bytes = string_bytes(cursor)?;
        if bytes > 0 {
            self.content(kind, bytes);
        }
        Ok(())
    }
}

/// Passes a value; the bytes of its text where it is a string, else 0.
fn string_bytes(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    if cursor.peek() != Some(b'"') {
        return cursor.skip().map(|()| 0);
    }
    Ok(cursor.string()?.decoded as u64)
}

#[derive(Clone, Copy)]
enum Content {
    Text,
    Reasoning,
    Tool,
}

/// What is to be done with an event. A place is one in its data.
enum Verdict {
    Pass,
    /// The event is the terminal one.
    Terminal,
    /// The event was asked for on our account alone.
    Strip,
    /// This member of the data was asked for on our account alone.
    Cut(Range<usize>),
}

/// Where an event's bytes go.
enum Way {
    Forward,
    Strip,
    Withhold,
    /// Withhold in the place of what is withheld so far, which goes its way.
    WithholdInstead,
    /// Forward without the bytes of this place.
    ForwardWithout(Range<usize>),
    /// Forward these bytes in its stead.
    ForwardRewritten(Bytes),
}

/// Where the line feed goes that belongs to the previous event.
#[derive(Clone, Copy, Debug)]
enum TailWay {
    Forward,
    Strip,
    Withhold,
}

/// A pure state machine over the chunks of a streamed answer.
#[derive(Debug)]
pub struct StreamMeter {
    endpoint: Endpoint,
    strip_usage: bool,
    splitter: Splitter,
    facts: Facts,
    usage: Usage,
    withheld: Vec<Bytes>,
    withheld_bytes: usize,
    terminal_seen: bool,
    /// An error came before the terminal event.
    spoiled: bool,
    /// The stream cannot be read further.
    broken: bool,
    events: u64,
    tail: TailWay,
}

impl StreamMeter {
    /// A meter for the answer to a streaming call.
    #[must_use]
    pub fn new(endpoint: Endpoint, options: StreamOptions) -> Self {
        Self {
            endpoint,
            strip_usage: options.strip_usage && endpoint == Endpoint::Chat,
            splitter: Splitter::new(EVENT_BYTES_MAX),
            facts: Facts { counted: options.text_bytes_counted, ..Facts::default() },
            usage: Usage::default(),
            withheld: Vec::new(),
            withheld_bytes: 0,
            terminal_seen: false,
            spoiled: false,
            broken: false,
            events: 0,
            tail: TailWay::Forward,
        }
    }

    /// Takes in a chunk, cut anywhere. An event larger than [`EVENT_BYTES_MAX`] is an error ([`StreamMeter::error`]), after
    /// which nothing is forwarded any more.
    pub fn push(&mut self, chunk: Bytes) -> Pushed {
        let mut forward = Vec::new();
        self.push_into(chunk, &mut forward);
        Pushed { forward }
    }

    /// As [`StreamMeter::push`], into a list that the caller may use again.
    pub fn push_into(&mut self, chunk: Bytes, forward: &mut Vec<Bytes>) {
        if self.broken {
            return;
        }
        // Bytes of the chunk up to `sent` went their way; those up to `done` are to be forwarded in one slice.
        let (mut sent, mut done, mut at) = (0, 0, 0);
        loop {
            let piece = match self.splitter.next(&chunk, &mut at) {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    self.break_off(error);
                    break;
                }
            };
            match piece {
                Piece::Chunk(place, shape) => {
                    let way = self.judge(&chunk[place.clone()], &shape);
                    if !matches!(way, Way::Forward) {
                        push_slice(forward, &chunk, sent..place.start);
                        sent = place.end;
                        self.send(chunk.slice(place), way, forward);
                    }
                }
                Piece::Held(bytes, shape) => {
                    let way = self.judge(&bytes, &shape);
                    self.send(bytes, way, forward);
                    sent = at;
                }
                Piece::Tail(place) => match self.tail {
                    TailWay::Forward => {}
                    TailWay::Strip => sent = place.end,
                    TailWay::Withhold => {
                        sent = place.end;
                        self.withhold(chunk.slice(place));
                    }
                },
            }
            done = at;
        }
        push_slice(forward, &chunk, sent..done);
    }

    /// The body has ended, cleanly or not.
    pub fn finish(&mut self) -> Ended {
        let mut forward = Vec::new();
        if let Some((bytes, shape)) = self.splitter.finish().filter(|_| !self.broken) {
            if self.events == 0 && shape.data_lines == 0 {
                self.read_as_document(&bytes);
                forward.push(bytes);
            } else if self.terminal_seen || is_whole(&bytes, &shape) {
                let blank = if bytes.ends_with(b"\n") { &b"\n"[..] } else { b"\n\n" };
                let way = self.judge(&bytes, &shape);
                let is_withheld = matches!(way, Way::WithholdInstead) && self.facts.error.is_none();
                self.send(bytes, way, &mut forward);
                if !forward.is_empty() && !is_withheld {
                    forward.push(Bytes::from_static(blank));
                }
            }
        }
        Ended { forward: join(&mut forward), clean: self.terminal_seen && !self.spoiled && !self.broken }
    }

    /// Some servers answer a streaming request with a document, mostly an error.
    fn read_as_document(&mut self, body: &[u8]) {
        let facts = read_document(self.endpoint, body);
        if facts.well_formed {
            self.usage = facts.usage;
            self.facts.observed = facts.observed;
            self.facts.error = facts.error;
        }
    }

    /// The bytes withheld: the terminal event with what came behind it, to be sent once the charge is durable. Empty before the
    /// terminal event was seen, and when asked again. `[DONE]` and `message_stop` behind an error event are not given: they would
    /// make a failed answer look finished.
    pub fn terminal(&mut self) -> Bytes {
        self.withheld_bytes = 0;
        if self.spoiled && self.endpoint != Endpoint::Responses {
            self.withheld.clear();
        }
        join(&mut self.withheld)
    }

    /// The bytes withheld so far, which [`StreamMeter::terminal`] gives.
    pub fn withheld(&self) -> impl Iterator<Item = &Bytes> {
        self.withheld.iter()
    }

    /// Whether content was seen: text, reasoning, a tool call, a refusal, audio. Pings, roles and openings are none.
    #[must_use]
    pub const fn content_started(&self) -> bool {
        self.facts.content_started
    }

    /// Whether the terminal event was seen: `[DONE]`, `message_stop`, `response.completed` and its like.
    #[must_use]
    pub const fn terminal_seen(&self) -> bool {
        self.terminal_seen
    }

    /// Whether nothing more is to be read: the terminal event was seen, in a dialect that has one.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.terminal_seen && self.has_last_event()
    }

    /// Gemini's streams say why they end, with any event and more than once, and go on; only their connection ends them.
    const fn has_last_event(&self) -> bool {
        !matches!(self.endpoint, Endpoint::Generate)
    }

    /// The first error event or error object, or that the stream cannot be read.
    #[must_use]
    pub const fn error(&self) -> Option<&UpstreamFault> {
        self.facts.error.as_ref()
    }

    /// Whether the stream cannot be read further. The error that says so is Jeton's own and was not passed on.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The usage as reported so far.
    #[must_use]
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// What was seen so far.
    #[must_use]
    pub const fn observed(&self) -> &Observed {
        &self.facts.observed
    }

    /// The number that the next event of a Responses stream bears; 0 elsewhere.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.facts.next_sequence
    }

    /// Bytes that the meter holds now: an incomplete event and the terminal one.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.splitter.held_bytes() + self.withheld_bytes
    }

    fn judge(&mut self, event: &[u8], shape: &Shape) -> Way {
        self.events += u64::from(shape.data_lines > 0);
        let way = self.way(event, shape);
        self.tail = match way {
            // A rewritten event is sent whole, its last line feed included.
            Way::Strip | Way::ForwardRewritten(_) => TailWay::Strip,
            Way::Withhold => TailWay::Withhold,
            Way::WithholdInstead if self.facts.error.is_none() => TailWay::Withhold,
            _ => TailWay::Forward,
        };
        way
    }

    fn way(&mut self, event: &[u8], shape: &Shape) -> Way {
        let mut joined = Vec::new();
        let verdict = if shape.data_lines == 0 { Verdict::Pass } else { self.read(shape, event, &mut joined) };
        match verdict {
            // Where nothing but the end of the connection ends an answer, all that comes counts, and the last event is what is withheld.
            Verdict::Pass if self.terminal_seen && !self.has_last_event() && shape.data_lines > 0 => Way::WithholdInstead,
            // What comes behind the terminal event is told apart no more: none of it is content.
            _ if self.terminal_seen => Way::Withhold,
            Verdict::Pass => Way::Forward,
            Verdict::Terminal => {
                self.terminal_seen = true;
                Way::Withhold
            }
            Verdict::Strip => Way::Strip,
            Verdict::Cut(place) if shape.data_lines == 1 => Way::ForwardWithout(shape.data.start + place.start..shape.data.start + place.end),
            Verdict::Cut(place) => {
                joined.drain(place);
                Way::ForwardRewritten(with_data(event, &joined))
            }
        }
    }

    fn read(&mut self, shape: &Shape, event: &[u8], joined: &mut Vec<u8>) -> Verdict {
        let data = shape.data(event, joined);
        let name = shape.name.clone().map_or(&[][..], |place| &event[place]);
        let failed_before = self.facts.error.is_some();
        let (verdict, stated) = match self.endpoint {
            Endpoint::Responses => responses::event(&mut self.facts, data),
            Endpoint::Messages | Endpoint::CountTokens => messages::event(&mut self.facts, name, data),
            Endpoint::Generate => gemini::event(&mut self.facts, data),
            Endpoint::Converse => converse::event(&mut self.facts, data),
            Endpoint::Chat | Endpoint::Embeddings => chat::event(&mut self.facts, name, data, self.strip_usage),
        };
        if stated {
            self.usage = self.facts.figures.usage(self.endpoint);
        }
        self.spoiled |= !self.terminal_seen && matches!(verdict, Verdict::Terminal) && failed_before;
        verdict
    }

    fn send(&mut self, event: Bytes, way: Way, forward: &mut Vec<Bytes>) {
        match way {
            Way::Forward => forward.push(event),
            Way::Strip => {}
            Way::Withhold => self.withhold(event),
            Way::WithholdInstead => {
                forward.append(&mut self.withheld);
                self.withheld_bytes = 0;
                // An error is told at once, as ever.
                if self.facts.error.is_some() { forward.push(event) } else { self.withhold(event) }
            }
            Way::ForwardWithout(place) => {
                push_slice(forward, &event, 0..place.start);
                push_slice(forward, &event, place.end..event.len());
            }
            Way::ForwardRewritten(bytes) => forward.push(bytes),
        }
    }

    fn withhold(&mut self, bytes: Bytes) {
        self.withheld_bytes += bytes.len();
        if self.withheld_bytes > EVENT_BYTES_MAX + bytes.len() {
            return self.break_off(SseTooLarge { limit: EVENT_BYTES_MAX });
        }
        self.withheld.push(bytes);
    }

    fn break_off(&mut self, error: SseTooLarge) {
        self.broken = true;
        self.facts.error.get_or_insert_with(|| UpstreamFault {
            status: 200,
            kind: FaultKind::UpstreamFailed,
            type_: String::new(),
            code: Some("event_too_large".into()),
            message: format!("The provider's stream cannot be read: {error}."),
            retry_after_ms: None,
        });
    }
}

/// Whether the data of an event that lacks its blank line is complete.
fn is_whole(event: &[u8], shape: &Shape) -> bool {
    let mut joined = Vec::new();
    let data = shape.data(event, &mut joined);
    let mut cursor = Cursor::new(data);
    cursor.space();
    data.trim_ascii() == b"[DONE]" || cursor.skip().and_then(|()| cursor.end()).is_ok()
}

fn push_slice(forward: &mut Vec<Bytes>, bytes: &Bytes, place: Range<usize>) {
    if place.start < place.end {
        forward.push(bytes.slice(place));
    }
}

/// The slices as one; without a copy where there is but one.
fn join(slices: &mut Vec<Bytes>) -> Bytes {
    match slices.len() {
        0 => Bytes::new(),
        1 => slices.remove(0),
        _ => {
            let mut joined = BytesMut::with_capacity(slices.iter().map(Bytes::len).sum());
            slices.drain(..).for_each(|slice| joined.extend_from_slice(&slice));
            joined.freeze()
        }
    }
}

/// The event with other data; its further lines stay.
fn with_data(event: &[u8], data: &[u8]) -> Bytes {
    let mut written = BytesMut::with_capacity(event.len());
    for line in lines(event).filter(|line| !line.is_empty() && field(line, b"data").is_none()) {
        written.extend_from_slice(line);
        written.extend_from_slice(b"\n");
    }
    for line in data.split(|&byte| byte == b'\n') {
        written.extend_from_slice(b"data: ");
        written.extend_from_slice(line);
        written.extend_from_slice(b"\n");
    }
    written.extend_from_slice(b"\n");
    written.freeze()
}

#[cfg(test)]
mod tests;
