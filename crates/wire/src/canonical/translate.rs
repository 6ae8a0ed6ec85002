//! Answers on their way from a provider's dialect to the caller's.

use super::heard::{Hear, Heard, Reader};
use super::loss::Loss;
use super::names::ToolNames;
use super::part::{Citation, Part};
use super::read_reply::{broken, read_reply};
use super::reply::{Reply, StopReason, encode_reply};
use super::request::{Request, ToolKind};
use super::signature::{Family, seal};
use super::signed::SignedTurn;
use super::stream::{Delta, StreamEncoder, encode_stream_cut};
use super::usage::{anthropic_tier, bedrock_tier, openai_tier};
use crate::sse::{EVENT_BYTES_MAX, SseReader};
use crate::{Endpoint, encode_error_event};
use bytes::Bytes;
use jeton_core::{Fault, Usage};
use serde_json::{Map, Value};

/// What of a request its answer needs.
#[derive(Clone, Debug)]
pub struct Answering {
    /// The request without its conversation: its endpoint, what an answer repeats of it, whether usage was asked for.
    request: Request,
    /// The endpoint through which the provider was asked.
    from: Endpoint,
    names: ToolNames,
    /// The id of an answer whose provider gives it none.
    id: String,
    /// The model signs its reasoning as Bedrock's own models do.
    signs_for_bedrock: bool,
}

impl Answering {
    /// For the answer to `request`, which was written for `from` with the tools' `names`.
    #[must_use]
    pub fn new(request: &Request, from: Endpoint, names: ToolNames) -> Self {
        let kept = Request {
            include_usage: request.include_usage,
            stream: request.stream,
            repeated: request.repeated.clone(),
            embedding: request.embedding.clone(),
            ..Request::new(request.endpoint, request.model.clone())
        };
        Self { request: kept, from, names, id: String::new(), signs_for_bedrock: false }
    }

    /// With the id that the answer gets where its provider gives it none, as Bedrock does; of it, letters and digits are taken.
    #[must_use]
    pub fn identified(mut self, id: &str) -> Self {
        self.id = id.chars().filter(char::is_ascii_alphanumeric).collect();
        self
    }

    /// With the provider's name of the model that is asked, which says whose its signatures are where many makers are asked in one dialect.
    #[must_use]
    pub fn answered_by(mut self, model: &str) -> Self {
        self.signs_for_bedrock = self.from == Endpoint::Converse && super::encode_converse::signs_for_bedrock(model);
        self
    }

    /// The answer's id without the prefix of its dialect, and the model's name: the caller's own words where the provider has none.
    fn named(&self, id: &str, model: &str) -> (String, String) {
        let or = |given: &str, own: &str| if given.is_empty() { own.to_owned() } else { given.to_owned() };
        (or(super::read_reply::bare_id(id), &self.id), or(model, &self.request.model))
    }

    /// The endpoint of the caller.
    #[must_use]
    pub const fn face(&self) -> Endpoint {
        self.request.endpoint
    }

    /// Whether the caller's dialect has no place for signed reasoning, or its clients leave their thoughts out of what they send back.
    const fn loses_thoughts(&self) -> bool {
        matches!(self.face(), Endpoint::Chat | Endpoint::Generate)
    }

    /// A signature as it travels to the caller (case 37).
    fn sealed(&self, raw: &str, is_redacted: bool) -> String {
        let family = match self.from {
            Endpoint::Responses => Family::OpenAi,
            Endpoint::Generate => Family::Gemini,
            _ if self.signs_for_bedrock && is_redacted => Family::BedrockRedacted,
            _ if self.signs_for_bedrock => Family::Bedrock,
            _ if is_redacted => Family::AnthropicRedacted,
            _ => Family::Anthropic,
        };
        // A redacted block has a place of its own in its own dialect, and so has it in Chat among the details of reasoning.
        if is_redacted && family == Family::AnthropicRedacted && matches!(self.face(), Endpoint::Messages | Endpoint::Chat | Endpoint::Converse) {
            return raw.to_owned();
        }
        seal(self.face(), family, raw)
    }
}

/// A whole answer in the caller's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The document, or the events.
    pub body: Vec<u8>,
    /// What of the answer did not come across.
    pub loss: Loss,
    /// Its signed reasoning.
    pub signed: SignedTurn,
}

/// A whole answer, in the caller's dialect, and what of it did not come across. `usage` is what [`crate::read_document`] found in it;
/// `created` is told where the provider does not say when it was made, in seconds since 1970.
///
/// # Errors
/// A fault of the provider where the body is no answer of its dialect.
pub fn translate_document(answering: &Answering, body: &[u8], usage: Usage, created: i64) -> Result<Translation, Fault> {
    translate_whole(answering, body, usage, created, |request, reply| encode_reply(answering.face(), request, reply))
}

/// As [`translate_document`], told as the events of a stream: for a provider that answers with a document where it was asked for a
/// stream.
///
/// # Errors
/// As [`translate_document`].
pub fn translate_document_to_stream(answering: &Answering, body: &[u8], usage: Usage, created: i64) -> Result<Translation, Fault> {
    translate_whole(answering, body, usage, created, |request, reply| encode_stream_cut(answering.face(), request, reply, |text| vec![text]).concat())
}

fn translate_whole(
    answering: &Answering,
    body: &[u8],
    usage: Usage,
    created: i64,
    encode: impl FnOnce(&Request, &Reply) -> Vec<u8>,
) -> Result<Translation, Fault> {
    let (mut reply, mut loss) = read_reply(answering.from, body, usage, created)?;
    (reply.id, reply.model) = answering.named(&reply.id, &reply.model);
    tell_end(answering, &reply.stop, &mut loss);
    tell_usage(answering, &reply.usage, &mut loss);
    let parts = std::mem::take(&mut reply.parts);
    reply.parts = parts.into_iter().filter_map(|part| own_part(answering, part, &mut loss)).collect();
    let signed = if answering.loses_thoughts() { SignedTurn::of(&reply.parts) } else { SignedTurn::default() };
    Ok(Translation { body: encode(&answering.request, &reply), loss, signed })
}

/// OpenAI's dialects do not tell which stop text was met (case 50), nor that a turn was paused or the window full (case 51).
fn tell_end(answering: &Answering, stop: &StopReason, loss: &mut Loss) {
    if answering.face() == Endpoint::Messages {
        return;
    }
    match stop {
        StopReason::StopSequence(_) | StopReason::ContextWindowExceeded if answering.face() == Endpoint::Converse => {}
        StopReason::StopSequence(_) => loss.dropped("stop_sequence", "which stop text was met is not told there"),
        StopReason::PauseTurn => loss.approximated("stop_reason", "a turn that is paused counts as cut short there"),
        StopReason::ContextWindowExceeded => loss.approximated("stop_reason", "a full context window counts as the output limit there"),
        _ => {}
    }
}

/// Figures for which the caller's dialect has no place (case 24), and tiers for which it has no word (case 53).
fn tell_usage(answering: &Answering, usage: &Usage, loss: &mut Loss) {
    let is_some = |figure: Option<u64>| figure.is_some_and(|figure| figure > 0);
    if answering.face() != Endpoint::Messages && is_some(usage.web_searches) {
        loss.dropped("usage.web_searches", "searches by the provider are not counted there");
    }
    if !matches!(answering.face(), Endpoint::Chat | Endpoint::Generate) && (is_some(usage.input_audio) || is_some(usage.output_audio)) {
        loss.dropped("usage.audio_tokens", "tokens of sound are not told apart there");
    }
    if answering.face() == Endpoint::Converse && is_some(usage.reasoning) {
        loss.dropped("usage.reasoning_tokens", "thinking is not told apart there");
    }
    if answering.face() == Endpoint::Generate && (is_some(usage.cache_write) || is_some(usage.cache_write_1h)) {
        loss.dropped("usage.cache_write", "what was written to a cache is input like any other there");
    }
    let Some(tier) = usage.service_tier.as_deref() else { return };
    let is_known = match answering.face() {
        Endpoint::Messages => anthropic_tier(tier).is_some(),
        Endpoint::Converse => bedrock_tier(tier).is_some(),
        // What is not the ordinary tier stands in a header there.
        Endpoint::Generate => matches!(tier, "standard" | "default"),
        _ => openai_tier(tier).is_some(),
    };
    if !is_known {
        loss.dropped("service_tier", format!("there is no tier `{tier}`"));
    }
}

/// A part as the caller knows it: its tools by their names and kinds, signatures sealed. None where it has no counterpart.
fn own_part(answering: &Answering, part: Part, loss: &mut Loss) -> Option<Part> {
    Some(match part {
        Part::Thinking { text, signature } => Part::Thinking { text, signature: signature.map(|raw| answering.sealed(&raw, false)) },
        Part::RedactedThinking(data) => Part::RedactedThinking(answering.sealed(&data, true)),
        Part::ToolUse { id, name, kind, arguments_json } => {
            let own = answering.names.own(&name).to_owned();
            if answering.names.is_wrapped(&name) {
                Part::ToolUse { id, name: own, kind: ToolKind::Custom, arguments_json: unwrapped(&arguments_json) }
            } else {
                tell_arguments(answering, &id, kind, &arguments_json, loss);
                Part::ToolUse { id, name: own, kind, arguments_json }
            }
        }
        Part::Cited { text, citations } => {
            let carried = citations.into_iter().filter(|citation| carries_citation(answering, citation, loss)).collect::<Vec<_>>();
            if carried.is_empty() { Part::Text(text) } else { Part::Cited { text, citations: carried } }
        }
        Part::Other { kind, .. } => {
            let list = if answering.from == Endpoint::Responses { "output" } else { "content" };
            loss.dropped(format!("{list}[type={kind}]"), "what the provider's own tools did has no counterpart");
            return None;
        }
        Part::Media(media) => {
            loss.dropped(format!("content[type={}]", media.kind.name()), "what a model draws or speaks has no place there");
            return None;
        }
        other => other,
    })
}

/// Case 47: Messages, Gemini and Bedrock have objects for arguments alone.
fn tell_arguments(answering: &Answering, id: &str, kind: ToolKind, arguments: &str, loss: &mut Loss) {
    let is_object = || arguments.trim().is_empty() || matches!(serde_json::from_str(arguments), Ok(Value::Object(_)));
    if matches!(answering.face(), Endpoint::Messages | Endpoint::Generate | Endpoint::Converse) && kind != ToolKind::Custom && !is_object() {
        loss.approximated(format!("tool_calls[id={id}]"), "arguments that are no JSON object stand as text in one");
    }
}

/// OpenAI's dialects and Gemini's cite addresses alone; all but OpenAI's cite whole texts.
fn carries_citation(answering: &Answering, citation: &Citation, loss: &mut Loss) -> bool {
    let of_openai = |endpoint| matches!(endpoint, Endpoint::Chat | Endpoint::Responses);
    let quotes = matches!(answering.face(), Endpoint::Messages | Endpoint::Converse);
    if !quotes && citation.url.is_none() {
        loss.dropped("citations", "a source without an address cannot be cited there");
        return false;
    }
    if citation.span.is_some() && !of_openai(answering.face()) {
        loss.approximated("citations.start_index", "the whole text is cited there");
    }
    if citation.quoted.is_some() && !quotes {
        loss.dropped("citations.cited_text", "sources are not quoted there");
    }
    let is_read_whole = matches!(answering.from, Endpoint::Generate | Endpoint::Converse) || quotes && answering.from == Endpoint::Messages;
    if !is_read_whole {
        let carried = ["type", "url", "title", "start_index", "end_index", "cited_text"];
        members_of(citation)
            .filter(|name| !carried.contains(&name.as_str()))
            .for_each(|name| loss.dropped(format!("citations.{name}"), "citations have no such member there"));
    }
    true
}

/// What a citation says, by its own dialect's names.
fn members_of(citation: &Citation) -> impl Iterator<Item = String> {
    let mut members: Map<String, Value> = serde_json::from_str(&citation.json).unwrap_or_default();
    // Chat has all of it one level deeper.
    if let Some(Value::Object(inner)) = members.remove("url_citation") {
        members.extend(inner);
    }
    members.into_iter().filter(|(_, value)| !value.is_null() && value != "").map(|(name, _)| name)
}

/// The free text inside the arguments of a tool that was declared as a function.
fn unwrapped(arguments: &str) -> String {
    match serde_json::from_str::<Map<String, Value>>(arguments) {
        // What stands beside the text would be lost.
        Ok(mut object) if object.len() == 1 => match object.remove(super::WRAPPED_INPUT) {
            Some(Value::String(text)) => text,
            _ => arguments.to_owned(),
        },
        _ => arguments.to_owned(),
    }
}

/// A pure state machine from a provider's stream to the caller's.
#[derive(Debug)]
pub struct StreamTranslator {
    answering: Answering,
    events: SseReader,
    reader: Reader,
    encoder: Option<StreamEncoder>,
    /// The arguments, so far, of a call whose free text is wrapped in them.
    wrapped: Option<String>,
    /// The call that is being told, by its id, and its arguments so far, where the caller's dialect takes nothing but an object.
    checked: Option<(String, String)>,
    stop: Option<StopReason>,
    created: i64,
    /// What is told of the usage at the beginning, where the dialect tells it there (case 33).
    provisional: Usage,
    /// What of the answer must come back with the tools' results, where the caller may have no place for it.
    signed: SignedTurn,
    loss: Loss,
    phase: Phase,
}

const UNENDED: &str = "its stream ended before its end";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Telling,
    /// The provider has said all.
    Ended,
    /// An error was told, and nothing may follow it.
    Failed,
}

impl StreamTranslator {
    /// A translator of one answer. `created` as in [`translate_document`]; `provisional` is what Messages tells of the usage at the
    /// beginning, which no other dialect knows by then: an estimate, restated in the end (case 33).
    #[must_use]
    pub fn new(answering: Answering, created: i64, provisional: Usage) -> Self {
        let reader = Reader::new(answering.from);
        Self {
            answering,
            events: SseReader::new(EVENT_BYTES_MAX),
            reader,
            encoder: None,
            wrapped: None,
            checked: None,
            stop: None,
            created,
            provisional,
            signed: SignedTurn::default(),
            loss: Loss::default(),
            phase: Phase::Telling,
        }
    }

    /// Takes in bytes of the provider's stream, cut anywhere, and appends the caller's events to `out`. The caller's closing is not
    /// among them: [`StreamTranslator::close`] gives it. An error that the provider reports is told as the caller's error event.
    ///
    /// # Errors
    /// A fault of the provider where it breaks its own protocol; the stream is over then.
    pub fn push(&mut self, bytes: &Bytes, out: &mut Vec<u8>) -> Result<(), Fault> {
        for event in self.events.push(bytes).map_err(|error| broken(error.to_string()))? {
            self.take(&event.data, out)?;
        }
        Ok(())
    }

    /// Takes in the data of one event; none: the stream is over.
    fn take(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.phase != Phase::Telling {
            return Ok(());
        }
        self.heard(out, |reader, loss, hear| reader.read(data, loss, hear)).inspect_err(|_| self.phase = Phase::Failed)
    }

    /// Has the reader tell what it hears.
    fn heard<T>(&mut self, out: &mut Vec<u8>, read: impl FnOnce(&mut Reader, &mut Loss, &mut Hear<'_>) -> T) -> T {
        let Self { answering, reader, encoder, wrapped, checked, stop, created, provisional, signed, loss, phase, .. } = self;
        let mut teller = Teller { answering, encoder, wrapped, checked, stop, created: *created, provisional, signed, phase, out, lost: Loss::default() };
        let read = read(reader, loss, &mut |heard| teller.hear(heard));
        let lost = teller.lost;
        loss.extend(lost);
        read
    }

    /// The provider has said all: appends what is left to tell to `out`, all but the closing. Whether the answer is whole is known from
    /// here on, and so what must be charged for.
    ///
    /// # Errors
    /// A fault of the provider where its stream did not come to an end.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        if let Some(event) = self.events.finish() {
            self.take(&event.data, out)?;
        }
        if self.phase == Phase::Telling {
            self.heard(out, |reader, _, hear| reader.end(hear)).inspect_err(|_| self.phase = Phase::Failed)?;
        }
        if self.phase != Phase::Failed {
            self.phase = Phase::Ended;
            if self.encoder.is_none() || self.stop.is_none() {
                self.phase = Phase::Failed;
                return Err(broken(UNENDED));
            }
        }
        Ok(())
    }

    /// The caller's closing: what is left to tell, why the answer ended, what it used, and the terminal event. Empty where an error
    /// was told.
    ///
    /// # Errors
    /// As [`StreamTranslator::finish`].
    pub fn close(&mut self, usage: &Usage) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.finish(&mut out)?;
        if std::mem::replace(&mut self.phase, Phase::Failed) == Phase::Failed {
            return Ok(out);
        }
        match (&mut self.encoder, self.stop.take()) {
            (Some(encoder), Some(stop)) => {
                tell_end(&self.answering, &stop, &mut self.loss);
                tell_usage(&self.answering, usage, &mut self.loss);
                out.extend(encoder.closing(&stop, usage));
            }
            _ => return Err(broken(UNENDED)),
        }
        Ok(out)
    }

    /// An error as the caller's event, wherever the stream stands; nothing comes after it.
    pub fn fail(&mut self, fault: &Fault) -> Vec<u8> {
        self.phase = Phase::Failed;
        encode_error_event(self.answering.face(), fault, self.encoder.as_ref().map_or(0, StreamEncoder::next_sequence))
    }

    /// Whether the provider has said all, or failed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.phase != Phase::Telling
    }

    /// The signed reasoning of an answer to a Chat client so far; empty for others, who give it back themselves.
    #[must_use]
    pub const fn signed(&self) -> &SignedTurn {
        &self.signed
    }

    /// What of the answer did not come across so far.
    #[must_use]
    pub const fn loss(&self) -> &Loss {
        &self.loss
    }
}

/// What a Messages stream tells of its usage at the beginning. The vendor's SDKs cannot do without; each later figure replaces it (case 33).
fn begun(provisional: &Usage) -> Usage {
    match provisional.input {
        Some(_) => provisional.clone(),
        None => Usage { input: Some(0), output: Some(0), ..provisional.clone() },
    }
}

/// Tells the caller what was heard.
struct Teller<'a> {
    answering: &'a Answering,
    encoder: &'a mut Option<StreamEncoder>,
    wrapped: &'a mut Option<String>,
    checked: &'a mut Option<(String, String)>,
    stop: &'a mut Option<StopReason>,
    created: i64,
    provisional: &'a Usage,
    signed: &'a mut SignedTurn,
    phase: &'a mut Phase,
    out: &'a mut Vec<u8>,
    lost: Loss,
}

impl Teller<'_> {
    fn hear(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::Start { id, model, created } => self.start(id, model, created),
            Heard::Delta(delta) => self.delta(&delta),
            Heard::Stop(stop) => *self.stop = Some(stop),
            Heard::Failed(fault) => {
                let sequence = self.encoder.as_ref().map_or(0, StreamEncoder::next_sequence);
                self.out.extend(encode_error_event(self.answering.face(), &fault, sequence));
                *self.phase = Phase::Failed;
            }
            Heard::End => *self.phase = Phase::Ended,
        }
    }

    fn start(&mut self, id: &str, model: &str, created: Option<i64>) {
        let (id, model) = self.answering.named(id, model);
        let head = Reply {
            id,
            model,
            created: created.unwrap_or(self.created),
            parts: Vec::new(),
            stop: StopReason::EndTurn,
            usage: if self.answering.face() == Endpoint::Messages { begun(self.provisional) } else { Usage::default() },
        };
        let mut encoder = StreamEncoder::new(self.answering.face(), &self.answering.request, &head);
        self.out.extend(encoder.opening());
        *self.encoder = Some(encoder);
    }

    fn delta(&mut self, delta: &Delta<'_>) {
        match *delta {
            Delta::Signature(raw) => self.tell(&Delta::Signature(&self.answering.sealed(raw, false))),
            Delta::RedactedThinking(raw) => self.tell(&Delta::RedactedThinking(&self.answering.sealed(raw, true))),
            Delta::ToolUse { id, name, kind } => {
                self.unwrap();
                let is_wrapped = self.answering.names.is_wrapped(name);
                let kind = if is_wrapped { ToolKind::Custom } else { kind };
                *self.wrapped = is_wrapped.then(String::new);
                // A stream of Messages carries fragments of anything; Gemini's calls come whole.
                let is_checked = self.answering.face() == Endpoint::Generate && kind != ToolKind::Custom;
                *self.checked = is_checked.then(|| (id.to_owned(), String::new()));
                self.tell(&Delta::ToolUse { id, name: self.answering.names.own(name), kind });
            }
            Delta::Arguments(text) => match self.wrapped {
                Some(so_far) => so_far.push_str(text),
                None => {
                    if let Some((_, so_far)) = self.checked {
                        so_far.push_str(text);
                    }
                    self.tell(delta);
                }
            },
            Delta::Citation(citation) => {
                if carries_citation(self.answering, citation, &mut self.lost) {
                    self.tell(delta);
                }
            }
            Delta::EndPart | Delta::Text(_) | Delta::Refusal(_) | Delta::Thinking(_) => {
                self.unwrap();
                self.tell(delta);
            }
        }
    }

    /// The free text of a call whose arguments are complete.
    fn unwrap(&mut self) {
        if let Some(arguments) = self.wrapped.take() {
            self.tell(&Delta::Arguments(&unwrapped(&arguments)));
        }
        if let Some((id, arguments)) = self.checked.take() {
            tell_arguments(self.answering, &id, ToolKind::Function, &arguments, &mut self.lost);
        }
    }

    fn tell(&mut self, delta: &Delta<'_>) {
        // The other dialects have a place for signatures of their own.
        if self.answering.loses_thoughts() {
            self.signed.hear(delta);
        }
        if let Some(encoder) = self.encoder {
            self.out.extend(encoder.delta(delta));
        }
    }
}
