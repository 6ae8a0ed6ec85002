//! What is fuzzed, and what must hold of it whatever the bytes.

use super::corpus::{DOCUMENTS, FRAMES, HEADERS, REQUESTS, STREAMS};
use super::translate;
use bytes::Bytes;
use jeton_core::SeededRandom;
use jeton_upstream::EventStreamDecoder;
use jeton_wire::{
    Dialect, Edits, Endpoint, RequestFacts, SseEvent, SseReader, StreamMeter, StreamOptions, ask_for_usage, encode_error, encode_error_event, read_document,
    read_error, replace_model, retry_after_ms, scan, set_output_limit,
};
use serde_json::{Map, Value};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

const STREAMED: [Endpoint; 5] = [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::Generate, Endpoint::Converse];
const DIALECTS: [Dialect; 4] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock];
const LIMITS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
/// Where a limit stands one level deeper.
const NESTED_LIMITS: [(&str, &str); 5] = [
    ("generationConfig", "maxOutputTokens"),
    ("generationConfig", "max_output_tokens"),
    ("generation_config", "maxOutputTokens"),
    ("generation_config", "max_output_tokens"),
    ("inferenceConfig", "maxTokens"),
];

/// The fields that limit the output at an endpoint.
const fn limits_of(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Chat => &["max_tokens", "max_completion_tokens"],
        Endpoint::Responses => &["max_output_tokens"],
        Endpoint::Messages => &["max_tokens"],
        Endpoint::Generate => &["maxOutputTokens"],
        Endpoint::Converse => &["maxTokens"],
        Endpoint::CountTokens | Endpoint::Embeddings => &[],
    }
}

/// A reader under test. `run` gives a number that stands for the kind of outcome, or what does not hold.
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) seeds: &'static [&'static str],
    pub(super) run: fn(&[u8]) -> Result<u64, String>,
}

pub(super) const TARGETS: [Target; 22] = [
    Target { name: "edit", what: "a scanned request is JSON, and an edit changes nothing else", seeds: REQUESTS, run: edit },
    Target { name: "canonical", what: "any request is decoded or refused", seeds: REQUESTS, run: canonical },
    Target { name: "sse", what: "events are the same however the bytes are cut", seeds: STREAMS, run: sse },
    Target { name: "stream", what: "a metered stream passes unchanged, however it is cut, less usage nobody asked for", seeds: STREAMS, run: stream },
    Target { name: "document", what: "usage is read from any document", seeds: DOCUMENTS, run: document },
    Target { name: "event-stream", what: "AWS's frames are the same however the bytes are cut", seeds: FRAMES, run: event_stream },
    Target { name: "error", what: "errors and retry hints are read from anything and written as JSON", seeds: HEADERS, run: error },
    asked("ask-chat", |input| translate::request(Endpoint::Chat, input)),
    asked("ask-responses", |input| translate::request(Endpoint::Responses, input)),
    asked("ask-messages", |input| translate::request(Endpoint::Messages, input)),
    asked("ask-generate", |input| translate::request(Endpoint::Generate, input)),
    asked("ask-converse", |input| translate::request(Endpoint::Converse, input)),
    answered("answer-chat", |input| translate::answer(Endpoint::Chat, input)),
    answered("answer-responses", |input| translate::answer(Endpoint::Responses, input)),
    answered("answer-messages", |input| translate::answer(Endpoint::Messages, input)),
    answered("answer-generate", |input| translate::answer(Endpoint::Generate, input)),
    answered("answer-converse", |input| translate::answer(Endpoint::Converse, input)),
    streamed("stream-chat", |input| translate::stream(Endpoint::Chat, input)),
    streamed("stream-responses", |input| translate::stream(Endpoint::Responses, input)),
    streamed("stream-messages", |input| translate::stream(Endpoint::Messages, input)),
    streamed("stream-generate", |input| translate::stream(Endpoint::Generate, input)),
    streamed("stream-converse", |input| translate::stream(Endpoint::Converse, input)),
];

type Run = fn(&[u8]) -> Result<u64, String>;

const fn asked(name: &'static str, run: Run) -> Target {
    Target { name, what: "a translated request is JSON that its own dialect reads", seeds: REQUESTS, run }
}

const fn answered(name: &'static str, run: Run) -> Target {
    Target { name, what: "a translated answer is JSON", seeds: DOCUMENTS, run }
}

const fn streamed(name: &'static str, run: Run) -> Target {
    Target { name, what: "a translated stream is the same however it is cut, and ends once or with an error", seeds: STREAMS, run }
}

pub(super) fn need(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}

pub(super) fn outcome(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A message without the figures in it, so that a place further on is not a new outcome.
pub(super) fn kind_of(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).take(80).collect()
}

pub(super) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

fn edit(input: &[u8]) -> Result<u64, String> {
    let body = Bytes::copy_from_slice(input);
    let mut kinds = Vec::new();
    for endpoint in Endpoint::ALL {
        match scan(endpoint, &body) {
            Ok(facts) => {
                check_scan(&body, &facts)?;
                if !endpoint.names_model_in_path() {
                    check_model(endpoint, &body, &facts)?;
                }
                if endpoint == Endpoint::Chat {
                    check_usage_asked(&body, &facts)?;
                }
                check_limit(endpoint, &body, &facts)?;
                let kind = (facts.stream, facts.include_usage, facts.output_limit.is_some(), facts.choices.min(3), facts.media_parts.min(2));
                kinds.push(outcome((
                    kind,
                    facts.server_tools,
                    facts.tools.min(2),
                    facts.stateful,
                    facts.thinking_budget.is_some(),
                    facts.stream_options_members.min(2),
                )));
            }
            Err(fault) => kinds.push(outcome(kind_of(&fault.message))),
        }
    }
    Ok(outcome(kinds))
}

fn check_scan(body: &[u8], facts: &RequestFacts) -> Result<(), String> {
    need(is_json(body), || "what was scanned is not JSON".into())?;
    need(facts.text_bytes <= body.len() as u64, || format!("{} bytes of text in {} bytes", facts.text_bytes, body.len()))?;
    need(facts.system_prompt.len() <= 4_096, || "the system prompt is not cut".into())?;
    if facts.model_span.is_empty() {
        return need(facts.model.is_empty(), || format!("{:?} was read as a model that stands nowhere", facts.model));
    }
    let model: Option<String> = body.get(facts.model_span.clone()).and_then(|bytes| serde_json::from_slice(bytes).ok());
    need(model.as_ref() == Some(&facts.model), || format!("the model is {model:?} at its place, but {:?} was read", facts.model))
}

fn check_model(endpoint: Endpoint, body: &Bytes, facts: &RequestFacts) -> Result<(), String> {
    const NAME: &str = "a \"new\" \\ näme";
    let model: Option<String> = body.get(facts.model_span.clone()).and_then(|bytes| serde_json::from_slice(bytes).ok());
    need(model.as_ref() == Some(&facts.model), || format!("the model is {model:?} at its place, but {:?} was read", facts.model))?;
    let mut edits = Edits::new();
    replace_model(facts, NAME, &mut edits);
    let edited = edits.apply(body);
    let (before, after) = (&body[..facts.model_span.start], &body[facts.model_span.end..]);
    need(edited.starts_with(before) && edited.ends_with(after), || "replacing the model changed something else".into())?;
    let again = scan(endpoint, &edited).map_err(|fault| format!("with another model it is refused: {fault}"))?;
    let expected = RequestFacts { model: NAME.into(), ..facts.clone() };
    need(again.model == expected.model && same_but_places(&again, &expected), || format!("with another model {expected:?} became {again:?}"))
}

fn check_usage_asked(body: &Bytes, facts: &RequestFacts) -> Result<(), String> {
    let mut edits = Edits::new();
    ask_for_usage(facts, &mut edits);
    let edited = edits.apply(body);
    need(facts.include_usage == (edited == *body), || "asking for usage changed what asked already, or nothing".into())?;
    let replaced = facts.include_usage_span.as_ref().or(facts.stream_options_span.as_ref()).map_or(0, ExactSizeIterator::len);
    let kept = common(body.iter(), edited.iter()) + common(body.iter().rev(), edited.iter().rev());
    need(kept + replaced >= body.len(), || format!("asking for usage kept {kept} of {} bytes", body.len()))?;
    let again = scan(Endpoint::Chat, &edited).map_err(|fault| format!("asking for usage spoils it: {fault}"))?;
    need(again.include_usage, || "asking for usage does not ask for it".into())?;
    let expected = RequestFacts { include_usage: true, ..facts.clone() };
    need(same_but_places(&again, &expected), || format!("asked for usage, {expected:?} became {again:?}"))
}

fn check_limit(endpoint: Endpoint, body: &Bytes, facts: &RequestFacts) -> Result<(), String> {
    for field in limits_of(endpoint) {
        let mut edits = Edits::new();
        set_output_limit(facts, field, 77, &mut edits);
        let edited = edits.apply(body);
        let again = scan(endpoint, &edited).map_err(|fault| format!("{endpoint:?}, limited by {field}, is refused: {fault}"))?;
        need(again.output_limit == Some(77), || format!("{endpoint:?}, limited by {field} to 77, says {:?}", again.output_limit))?;
        if let (Ok(Value::Object(mut before)), Ok(Value::Object(mut after))) = (serde_json::from_slice(body), serde_json::from_slice(&edited)) {
            [&mut before, &mut after].into_iter().for_each(forget_limits);
            need(before == after, || format!("limiting by {field} changed something else"))?;
        }
    }
    Ok(())
}

fn forget_limits(body: &mut Map<String, Value>) {
    LIMITS.iter().for_each(|name| drop(body.shift_remove(*name)));
    for (outer, name) in NESTED_LIMITS {
        if let Some(Value::Object(members)) = body.get_mut(outer) {
            members.shift_remove(name);
        }
        if body.get(outer).is_some_and(|value| value.is_null() || value.as_object().is_some_and(Map::is_empty)) {
            body.shift_remove(outer);
        }
    }
}

/// Whether everything that is no place and no limit is the same.
fn same_but_places(a: &RequestFacts, b: &RequestFacts) -> bool {
    let of = |facts: &RequestFacts| {
        let flags = (facts.stream, facts.include_usage, facts.server_tools, facts.stateful, facts.empty_object);
        let counts = (facts.choices, facts.media_parts, facts.media_bytes, facts.tools, facts.output_limit, facts.thinking_budget);
        (flags, counts, facts.system_prompt.clone(), facts.service_tier.clone())
    };
    of(a) == of(b)
}

fn common<'a>(a: impl Iterator<Item = &'a u8>, b: impl Iterator<Item = &'a u8>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).count()
}

fn canonical(input: &[u8]) -> Result<u64, String> {
    let kinds = Endpoint::ALL.map(|endpoint| match jeton_wire::canonical::decode_request(endpoint, input) {
        Ok(request) => outcome((request.messages.len().min(4), request.tools.len().min(3), request.stream, request.output_limit.is_some())),
        Err(fault) => outcome(kind_of(&fault.message)),
    });
    Ok(outcome(kinds))
}

/// The input in pieces, cut at places that depend on its content alone.
pub(super) fn pieces(input: &Bytes) -> Vec<Bytes> {
    let mut random = SeededRandom::new(outcome(input) ^ 0x5EED);
    let longest = [2, 7, 40, 400][usize::try_from(random.below(4)).unwrap_or(0)];
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < input.len() {
        let end = (at + usize::try_from(random.below(longest)).unwrap_or(0) + 1).min(input.len());
        pieces.push(input.slice(at..end));
        at = end;
    }
    pieces
}

fn events(chunks: &[Bytes]) -> Result<Vec<SseEvent>, String> {
    let mut reader = SseReader::default();
    let mut all = Vec::new();
    for chunk in chunks {
        all.extend(reader.push(chunk).map_err(|why| why.to_string())?);
    }
    all.extend(reader.finish());
    Ok(all)
}

/// Bytes in hexadecimal, for a corpus of texts has no others; what is none is taken as it is.
fn unhexed(input: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs: Option<Vec<u8>> = input.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect();
    pairs.unwrap_or_else(|| input.to_vec())
}

fn event_stream(input: &[u8]) -> Result<u64, String> {
    let input = Bytes::from(unhexed(input));
    let read = |chunks: &[Bytes]| {
        let (mut decoder, mut out) = (EventStreamDecoder::default(), Vec::new());
        let read = chunks.iter().try_for_each(|chunk| decoder.push(chunk, &mut out)).and_then(|()| decoder.finish());
        (out, read)
    };
    let whole = read(std::slice::from_ref(&input));
    let cut = read(&pieces(&input));
    need(whole == cut, || format!("whole: {whole:?}\n  in pieces: {cut:?}"))?;
    Ok(outcome((whole.0.len().min(400) / 20, whole.1.err().map(|why| kind_of(&why)))))
}

fn sse(input: &[u8]) -> Result<u64, String> {
    let input = Bytes::copy_from_slice(input);
    let whole = events(std::slice::from_ref(&input))?;
    let cut = events(&pieces(&input))?;
    need(whole == cut, || format!("whole: {whole:?}\n  in pieces: {cut:?}"))?;
    let data: usize = whole.iter().map(|event| event.data.len()).sum();
    need(data <= input.len(), || "there is more data than input".into())?;
    Ok(outcome((whole.len().min(12), whole.iter().map(|event| (event.name.clone(), event.data.len().min(3))).take(6).collect::<Vec<_>>())))
}

/// All that a meter says of a stream.
struct Metered {
    output: Vec<u8>,
    facts: String,
    failed: bool,
    terminal_seen: bool,
}

fn metered(endpoint: Endpoint, strip_usage: bool, chunks: &[Bytes]) -> Metered {
    let mut meter = StreamMeter::new(endpoint, StreamOptions { strip_usage, text_bytes_counted: true });
    let mut output = Vec::new();
    for chunk in chunks {
        meter.push(chunk.clone()).forward.iter().for_each(|bytes| output.extend_from_slice(bytes));
    }
    let ended = meter.finish();
    output.extend_from_slice(&ended.forward);
    output.extend_from_slice(&meter.terminal());
    let facts = format!("{:?} {:?} {:?} {} {} {}", meter.usage(), meter.observed(), meter.error(), meter.content_started(), meter.terminal_seen(), ended.clean);
    Metered { output, facts, failed: meter.error().is_some(), terminal_seen: meter.terminal_seen() }
}

fn stream(input: &[u8]) -> Result<u64, String> {
    let input = Bytes::copy_from_slice(input);
    let cut = pieces(&input);
    let mut kinds = Vec::new();
    for endpoint in STREAMED {
        for strip_usage in [false, true] {
            let whole = metered(endpoint, strip_usage, std::slice::from_ref(&input));
            let pieced = metered(endpoint, strip_usage, &cut);
            need(whole.facts == pieced.facts, || format!("{endpoint:?}, whole: {}\n  in pieces: {}", whole.facts, pieced.facts))?;
            need(whole.output == pieced.output, || {
                format!("{endpoint:?}, whole: {}\n  in pieces: {}", whole.output.escape_ascii(), pieced.output.escape_ascii())
            })?;
            if strip_usage && endpoint == Endpoint::Chat {
                check_stripped(&input, &whole)?;
            } else {
                need(is_passed_on(&input, &whole), || format!("{endpoint:?}: the stream became {}", whole.output.escape_ascii()))?;
            }
            kinds.push(outcome((kind_of(&whole.facts), whole.terminal_seen)));
        }
    }
    Ok(outcome(kinds))
}

/// Whether the output is the input: to its end, where at most the blank line that the last event lacked was added; or to the
/// beginning of a last event that was cut off. A stream that failed may end sooner.
fn is_passed_on(input: &Bytes, whole: &Metered) -> bool {
    let output = whole.output.as_slice();
    let completed = (0..=2).any(|added| {
        let (kept, blank) = output.split_at(output.len().saturating_sub(added));
        blank.iter().all(|byte| *byte == b'\n') && kept == input.as_ref()
    });
    let holds_event = |rest: &[u8]| SseReader::default().push(&Bytes::copy_from_slice(rest)).is_ok_and(|events| !events.is_empty());
    let kept = common(input.iter(), output.iter());
    let lost = input.get(kept..).unwrap_or_default();
    let only_newlines = output[kept..].len() <= 2 && output[kept..].iter().all(|byte| *byte == b'\n');
    completed || only_newlines && (whole.failed || !holds_event(lost))
}

/// What the client did not ask for is gone, all else is there: compared by the events, up to the end of the answer.
fn check_stripped(input: &Bytes, stripped: &Metered) -> Result<(), String> {
    let output = Bytes::copy_from_slice(&stripped.output);
    let (before, after) = (answers(input)?, answers(&output)?);
    let leaks = after.iter().any(|chunk| chunk.get("usage").is_some_and(|usage| !usage.is_null()) && chunk.get("choices").is_some());
    // An error is passed on as it came, whatever stands beside it.
    need(!leaks || stripped.failed || has_twice(input), || "usage that nobody asked for is sent".into())?;
    let choices = |chunks: &[Value]| {
        chunks.iter().filter_map(|chunk| chunk.get("choices").filter(|list| list.as_array().is_some_and(|list| !list.is_empty())).cloned()).collect::<Vec<_>>()
    };
    // What cannot be parsed before can be after, where the usage was what was wrong with it.
    let mut sent = choices(&after).into_iter();
    need(stripped.failed || choices(&before).iter().all(|one| sent.any(|other| other == *one)), || "content was lost with the usage".into())
}

/// A member stated twice in one object is read by everyone in his own way; nothing is held of such a stream.
fn has_twice(input: &[u8]) -> bool {
    events(&[Bytes::copy_from_slice(input)])
        .is_ok_and(|events| events.iter().any(|event| event.data.windows(7).filter(|word| *word == b"\"usage\"").count() > 1))
}

/// The JSON objects of the events before `[DONE]`.
fn answers(stream: &Bytes) -> Result<Vec<Value>, String> {
    let all = events(std::slice::from_ref(stream))?;
    let open = all.iter().take_while(|event| event.data.as_ref().trim_ascii() != b"[DONE]");
    Ok(open.filter_map(|event| serde_json::from_slice(&event.data).ok()).filter(Value::is_object).collect())
}

fn document(input: &[u8]) -> Result<u64, String> {
    let mut kinds = Vec::new();
    for endpoint in Endpoint::ALL {
        let facts = read_document(endpoint, input);
        need(!facts.well_formed || is_json(input), || format!("{endpoint:?}: what is said to be well-formed is not JSON"))?;
        let usage = &facts.usage;
        kinds.push(outcome((
            kind_of(&format!("{usage:?}")),
            facts.error.is_some(),
            facts.well_formed,
            facts.observed.tool_calls.min(3),
            facts.observed.refusal,
        )));
    }
    Ok(outcome(kinds))
}

fn error(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let header = |name: &str| text.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name).map(|(_, value)| value.to_owned()));
    let wait = retry_after_ms(header);
    let mut kinds = vec![outcome(wait.map(|ms| ms.min(5)))];
    let fault = read_error(Dialect::OpenAi, 500, header, input).to_fault();
    for endpoint in Endpoint::ALL {
        let event = Bytes::from(encode_error_event(endpoint, &fault, 3));
        need(events(&[event])?.len() == 1, || "an error event is not one event".into())?;
    }
    for dialect in DIALECTS {
        for status in [200, 400, 429, 500, 529] {
            let fault = read_error(dialect, status, header, input);
            // Where no header says it, Google's details may.
            need(fault.retry_after_ms == wait || wait.is_none(), || format!("the hint is {wait:?}, the error says {:?}", fault.retry_after_ms))?;
            need(is_json(&encode_error(dialect, &fault.to_fault(), Some("call"))), || "an error is written that is no JSON".into())?;
            kinds.push(outcome((fault.kind, kind_of(&fault.type_), fault.message.len().min(3))));
        }
    }
    Ok(outcome(kinds))
}
