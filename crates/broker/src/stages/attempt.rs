//! The tries: one after the other until one shows content. What failed before its first content leaves no trace in the
//! answer, only on the receipt; after the first content nothing is switched (case 66).

use crate::buffers::memory_full;
use crate::call::{Call, Candidate, RunningTry, micros};
use crate::stages::choose::Plan;
use crate::stages::{hold, settle, translate};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use jeton_core::{Cost, Fault, FaultKind, Nanousd, Usage};
use jeton_ledger::TryRecord;
use jeton_project::Timeouts;
use jeton_upstream::{Timers, Try, TryBody, TryError, TryResponse};
use jeton_wire::canonical::{Loss, StreamTranslator};
use jeton_wire::{Edits, Endpoint, StreamMeter, UpstreamFault};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The largest answer that is not streamed, in bytes; error bodies are cut far below.
const DOCUMENT_BYTES_MAX: usize = 256 << 20;
const ERROR_BYTES_MAX: usize = 1 << 20;

/// The most that a stream may send before its first content, in bytes: pings, comments, opening events.
const OPENING_BYTES_MAX: usize = 16 << 20;

/// What the tries led to.
pub(crate) enum Answer {
    /// A whole answer: a document, or the provider's own refusal.
    Document { status: StatusCode, headers: HeaderMap, body: Bytes },
    /// An answer that comes in pieces, its first content read.
    Stream(Box<StreamAnswer>),
}

/// A stream that goes on.
pub(crate) struct StreamAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: TryBody,
    pub(crate) meter: StreamMeter,
    /// What turns the provider's events into the caller's, where their dialects differ.
    pub(crate) translator: Option<Box<StreamTranslator>>,
    /// What was read and may be sent on at once.
    pub(crate) ready: VecDeque<Bytes>,
    pub(crate) idle: Duration,
    /// When the first content must be there, should it not be so far.
    pub(crate) content_until: Instant,
    pub(crate) deadline: Instant,
}

/// How one try went.
enum Outcome {
    /// It answers.
    Answered(Answer),
    /// It failed. Where the provider said so itself, with its words for the caller.
    Failed { fault: Fault, said: Option<Answer>, is_passing: bool },
}

/// Makes the tries of `plan`, one after the other.
///
/// # Errors
/// The last try's failure, where the provider itself said nothing that could be passed on.
pub(crate) async fn attempt(call: &mut Call, plan: &Plan) -> Result<Answer, Fault> {
    let mut last = None;
    for (place, &index) in plan.order.iter().enumerate() {
        if place > 0
            && let Err(refusal) = may_go_on(call, plan, index)
        {
            call.decided("try", format!("no further try: {}", refusal.message));
            break;
        }
        let is_last = place + 1 == plan.order.len();
        match one(call, index, plan.deadline, is_last).await {
            Outcome::Answered(answer) => return Ok(answer),
            Outcome::Failed { fault, said, is_passing } => {
                if is_passing && !is_last {
                    call.decided("try", format!("`{}` failed ({}): on to the next", call.candidates[index].resolved.full_name(), fault.code_or_kind()));
                }
                last = Some((fault, said));
                if !is_passing {
                    break;
                }
            }
        }
    }
    match last {
        Some((_, Some(said))) => Ok(said),
        Some((fault, None)) => Err(fault),
        None => Err(Fault::new(FaultKind::Internal, "The plan of the call was empty.")),
    }
}

/// Whether time and money allow a further try.
fn may_go_on(call: &mut Call, plan: &Plan, index: usize) -> Result<(), Fault> {
    if Instant::now() >= plan.deadline {
        return Err(Fault::new(FaultKind::Timeout, "The time for all tries is over."));
    }
    hold::raise(call, index)
}

async fn one(call: &mut Call, index: usize, deadline: Instant, is_last: bool) -> Outcome {
    let mut candidate = call.candidates[index].clone();
    let timeouts = call.live.timeouts(candidate.resolved.provider.name(), call.route.as_deref(), call.class.as_deref());
    let deadline = deadline.min(Instant::now() + Duration::from_millis(timeouts.total_ms));
    let mut is_refused = false;
    loop {
        begin(call, index, &candidate);
        call.dropped = Loss::default();
        if let Some(translated) = &candidate.translated {
            translate::note_request(call, &candidate, translated);
        }
        let asks_for_usage = !is_refused && asks_for_usage(call, &candidate);
        let response = send(call, &candidate, &timeouts, deadline, asks_for_usage).await;
        let asked_for_usage = asks_for_usage || (!is_refused && candidate.translated.is_some() && candidate.through == Endpoint::Chat);
        let response = match response {
            Ok(response) => response,
            Err(error) => return broken(call, &error),
        };
        if let Some(running) = &mut call.running {
            running.record.status = Some(response.status.as_u16());
        }
        if !response.status.is_success() {
            let refusal = refused(call, response, Duration::from_millis(timeouts.idle_ms), deadline).await;
            if asked_for_usage && refuses_stream_options(&refusal) {
                is_refused = true;
                candidate.resolved.provider.upstream.remember_refused_stream_options();
                if candidate.translated.is_some()
                    && let Ok(translated) = translate::translate(call, &candidate.resolved, candidate.through)
                {
                    candidate.translated = Some(translated);
                    call.candidates[index] = candidate.clone();
                }
                call.decided("try", format!("`{}` refuses stream_options: asked again without", candidate.resolved.provider.name()));
                continue;
            }
            return refusal;
        }
        let is_stream = call.facts.as_ref().is_some_and(|facts| facts.stream) && is_event_stream(&response.headers);
        return if is_stream {
            first_content(call, response, &candidate, &timeouts, deadline, is_last, asks_for_usage).await
        } else {
            document(call, response, &candidate, Duration::from_millis(timeouts.idle_ms), deadline).await
        };
    }
}

fn begin(call: &mut Call, index: usize, candidate: &Candidate) {
    let record = TryRecord {
        provider: candidate.resolved.provider.name().to_owned(),
        model: candidate.resolved.entry.name.clone(),
        started_us: call.elapsed_us(),
        first_content_us: None,
        ended_us: 0,
        status: None,
        outcome: String::new(),
        fault: None,
        usage: Usage::default(),
        cost: Cost::Known(Nanousd::ZERO),
        charged: Nanousd::ZERO,
        bytes_in: 0,
        bytes_out: 0,
    };
    call.running = Some(RunningTry { record, candidate: index, sent: Arc::default() });
}

async fn send(call: &mut Call, candidate: &Candidate, timeouts: &Timeouts, deadline: Instant, asks_for_usage: bool) -> Result<TryResponse, TryError> {
    let is_stream = call.facts.as_ref().is_some_and(|facts| facts.stream);
    let left_ms = u64::try_from(deadline.saturating_duration_since(Instant::now()).as_millis()).unwrap_or(u64::MAX).max(1);
    // An answer that is not streamed shows its head only when it is complete.
    let class_ms = call.class.as_ref().and_then(|class| class.limits.first_content_ms).unwrap_or(u64::MAX);
    let headers_ms = timeouts.headers_ms.unwrap_or(if is_stream { timeouts.first_content_ms } else { timeouts.total_ms.min(class_ms) });
    let body = edited(call, candidate, asks_for_usage);
    if let Some(running) = &mut call.running {
        running.record.bytes_out = body.len() as u64;
    }
    let (headers, query, asked) = match &candidate.translated {
        None => (Arc::clone(&call.inbound.headers), call.inbound.query.clone(), call.inbound.body.clone()),
        Some(translated) => (Arc::new(translate::request_headers(&call.inbound.headers)), None, translated.body.clone()),
    };
    let attempt = Try {
        provider: Arc::clone(&candidate.resolved.provider.upstream),
        endpoint: candidate.through,
        model: candidate.resolved.entry.name.clone(),
        headers,
        query,
        body,
        asked,
        sent: call.running.as_ref().map(|running| Arc::clone(&running.sent)).unwrap_or_default(),
        stream: is_stream,
        seed: u64::try_from(call.id.to_i64()).unwrap_or(0),
        timers: Timers { connect_ms: timeouts.connect_ms.min(left_ms), headers_ms: headers_ms.min(left_ms) },
    };
    let upstream = Arc::clone(call.broker.upstream());
    let waited = Instant::now();
    let response = upstream.send(attempt).await;
    call.upstream_us += micros(waited.elapsed());
    response
}

/// The request as this candidate gets it: every byte the caller's, but for the model's name, a limit of output that the
/// money needs, and the wish for usage.
fn edited(call: &Call, candidate: &Candidate, asks_for_usage: bool) -> Bytes {
    let mut edits = Edits::new();
    if let Some(translated) = &candidate.translated {
        if let Some(tokens) = call.output_limit {
            jeton_wire::set_output_limit(&translated.facts, limit_field(call, candidate), tokens, &mut edits);
        }
        return edits.apply(&translated.body);
    }
    let Some(facts) = &call.facts else { return call.inbound.body.clone() };
    if facts.model != candidate.resolved.entry.name && !candidate.through.names_model_in_path() {
        jeton_wire::replace_model(facts, &candidate.resolved.entry.name, &mut edits);
    }
    if asks_for_usage {
        jeton_wire::ask_for_usage(facts, &mut edits);
    }
    if let Some(tokens) = call.output_limit {
        jeton_wire::set_output_limit(facts, limit_field(call, candidate), tokens, &mut edits);
    }
    edits.apply(&call.inbound.body)
}

fn limit_field(call: &Call, candidate: &Candidate) -> &'static str {
    match candidate.through {
        Endpoint::Responses => "max_output_tokens",
        Endpoint::Generate => "maxOutputTokens",
        Endpoint::Converse => "maxTokens",
        Endpoint::Chat => call.live.snapshot().providers.get(candidate.resolved.provider.name()).map_or("max_tokens", translate::chat_limit_field),
        _ => "max_tokens",
    }
}

/// Whether usage must be asked for on our account: chat streams of callers who did not ask (case 1).
fn asks_for_usage(call: &Call, candidate: &Candidate) -> bool {
    let Some(facts) = call.facts.as_ref().filter(|_| candidate.translated.is_none()) else { return false };
    candidate.through == Endpoint::Chat && facts.stream && !facts.include_usage && translate::asks_for_usage(call, &candidate.resolved)
}

fn refuses_stream_options(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { fault, .. } if fault.kind == FaultKind::InvalidRequest && fault.message.contains("stream_options"))
}

/// The provider answered with an error status: its words go to the caller unless another try follows. Where they cannot be read, its
/// head says enough: what to do, and when to try again.
async fn refused(call: &mut Call, response: TryResponse, idle: Duration, deadline: Instant) -> Outcome {
    let TryResponse { status, headers, body } = response;
    let body = match collect(call, body, idle, deadline, ERROR_BYTES_MAX).await {
        Err(error) if error.kind == FaultKind::Unavailable => return broken(call, &error),
        Ok(body) if !jeton_upstream::is_coded(&headers) => Some(concealed(call, body)),
        _ => None,
    };
    let candidate = call.running.as_ref().map(|running| &call.candidates[running.candidate]);
    let (through, is_translated) = candidate.map_or((call.inbound.endpoint, false), |candidate| (candidate.through, candidate.translated.is_some()));
    let dialect = through.dialect();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let said = jeton_wire::read_error(dialect, status.as_u16(), header, body.as_deref().unwrap_or_default());
    let (fault, code) = (fault_of(call, &said), code_of(call, &said));
    settle::close_try(call, fault.code_or_kind().to_owned(), Some(fault.clone()));
    let is_passing = said.kind.is_passing() || status.as_u16() == 408;
    let answer = match body {
        Some(body) if !is_translated && is_error(status) => Answer::Document { status, headers, body },
        _ => translate::refusal(call, status, headers, &fault, code),
    };
    Outcome::Failed { fault, said: Some(answer), is_passing }
}

/// Whether a status is one of an error. Others than these and success are no answer to a call: nobody follows a redirection with a prompt.
pub(crate) fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// An error as it may be seen: some providers repeat the credential that they refuse.
fn concealed(call: &Call, body: Bytes) -> Bytes {
    let provider = call.running.as_ref().map(|running| &call.candidates[running.candidate].resolved.provider.upstream);
    provider.and_then(|provider| provider.conceal(&body)).map_or(body, Bytes::from)
}

/// What the provider of the running try said went wrong, as a fault. Neither its credential nor what looks like one is kept.
pub(crate) fn fault_of(call: &Call, said: &UpstreamFault) -> Fault {
    let concealed = concealed(call, Bytes::copy_from_slice(said.message.as_bytes()));
    let message = jeton_upstream::mask(&String::from_utf8_lossy(&concealed));
    let mut fault = Fault::new(said.kind, format!("The provider answered {}: {message}", said.status));
    fault.retry_after_ms = said.retry_after_ms;
    fault
}

/// The word of the provider of the running try for what went wrong, where it is one: some repeat the credential even there.
fn code_of(call: &Call, said: &UpstreamFault) -> Option<String> {
    let code = said.code.as_ref()?;
    let concealed = concealed(call, Bytes::copy_from_slice(code.as_bytes()));
    (concealed == code.as_bytes() && jeton_upstream::mask(code) == *code).then(|| code.clone())
}

/// The try broke below HTTP.
fn broken(call: &mut Call, error: &TryError) -> Outcome {
    // Our own bound is not the provider's failure, and another model's answer would meet it as well.
    let is_ours = error.kind == FaultKind::Unavailable;
    let provider = call.running.as_ref().map_or_else(String::new, |running| running.record.provider.clone());
    let fault = if is_ours {
        memory_full()
    } else {
        Fault::new(error.kind, format!("Provider `{provider}` did not answer: {error}."))
            .remedy("The try stands on the receipt; further models in a route (`routes.NAME.try`) would have been tried next.")
    };
    let outcome = if error.kind == FaultKind::Timeout { format!("{}_timeout", error.stage.name()) } else { format!("{}_failed", error.stage.name()) };
    if error.sent {
        settle::close_try_unanswered(call, outcome, Some(fault.clone()));
    } else {
        settle::close_try(call, outcome, Some(fault.clone()));
    }
    Outcome::Failed { fault, said: None, is_passing: !is_ours }
}

/// Reads a whole answer.
async fn document(call: &mut Call, response: TryResponse, candidate: &Candidate, idle: Duration, deadline: Instant) -> Outcome {
    let TryResponse { status, headers, body } = response;
    let body = match collect(call, body, idle, deadline, DOCUMENT_BYTES_MAX).await {
        Ok(body) => body,
        Err(error) => return broken(call, &error),
    };
    let facts = jeton_wire::read_document(candidate.through, &body);
    call.usage.update(facts.usage);
    call.observed = facts.observed;
    if let Some(said) = facts.error {
        let body = concealed(call, body);
        let (fault, code) = (fault_of(call, &said), code_of(call, &said));
        settle::close_try(call, fault.code_or_kind().to_owned(), Some(fault.clone()));
        let answer = if candidate.translated.is_some() {
            translate::refusal(call, status, headers, &fault, code)
        } else {
            // The words are the provider's; the status is not: a client takes 200 for an answer. Responses has failed ones of its own.
            let is_told = candidate.through == Endpoint::Responses || is_error(status);
            let status = if is_told { status } else { StatusCode::from_u16(said.kind.status()).unwrap_or(StatusCode::BAD_GATEWAY) };
            Answer::Document { status, headers, body }
        };
        return Outcome::Failed { fault, said: Some(answer), is_passing: said.kind.is_passing() };
    }
    if !facts.well_formed {
        let fault = Fault::new(FaultKind::UpstreamFailed, "The provider answered with what is no JSON document.")
            .remedy("Look whether `base_url` leads to the provider's API.");
        settle::close_try_unanswered(call, "not_json".to_owned(), Some(fault.clone()));
        return Outcome::Failed { fault, said: None, is_passing: true };
    }
    note_first_content(call);
    let Some(translated) = &candidate.translated else { return Outcome::Answered(Answer::Document { status, headers, body }) };
    match translated.document(call, status, headers, &body) {
        Ok(answer) => Outcome::Answered(answer),
        Err(fault) => {
            settle::close_try_unanswered(call, "not_read".to_owned(), Some(fault.clone()));
            Outcome::Failed { fault, said: None, is_passing: true }
        }
    }
}

fn incomplete() -> TryError {
    TryError::new(jeton_upstream::Stage::Body, FaultKind::Timeout, "the answer was not complete in time")
}

/// Reads a body to its end, which must come by `deadline`, and each piece within `idle` of the one before.
async fn collect(call: &mut Call, mut body: TryBody, idle: Duration, deadline: Instant, bytes_max: usize) -> Result<Bytes, TryError> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let waited = Instant::now();
    let read = async {
        let mut until = deadline;
        while let Some(frame) = timeout_at(until, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await.map_err(|_| incomplete())? {
            until = deadline.min(Instant::now() + idle);
            let Ok(data) = frame?.into_data() else { continue };
            if !call.inbound.reserved.grow(data.len() as u64) {
                return Err(TryError::new(jeton_upstream::Stage::Body, FaultKind::Unavailable, "all calls together hold as many bytes as they may"));
            }
            if first.len() + all.len() + data.len() > bytes_max {
                return Err(TryError::new(jeton_upstream::Stage::Body, FaultKind::UpstreamFailed, format!("the answer is longer than {bytes_max} bytes")));
            }
            // Most answers come in one piece: that piece is passed on without a copy.
            if first.is_empty() && all.is_empty() {
                first = data;
            } else {
                if all.is_empty() {
                    all.extend_from_slice(&std::mem::take(&mut first));
                }
                all.extend_from_slice(&data);
            }
        }
        Ok(if all.is_empty() { std::mem::take(&mut first) } else { std::mem::take(&mut all).freeze() })
    }
    .await;
    call.upstream_us += micros(waited.elapsed());
    let bytes = read?;
    if let Some(running) = &mut call.running {
        running.record.bytes_in = bytes.len() as u64;
    }
    Ok(bytes)
}

/// Reads a stream until its first content, so that a failure before it can still be mended by another try (case 65).
/// The last try has nothing behind it: its first bytes go out as soon as they are known not to be an error.
async fn first_content(
    call: &mut Call,
    response: TryResponse,
    candidate: &Candidate,
    timeouts: &Timeouts,
    deadline: Instant,
    is_last: bool,
    asked_for_usage: bool,
) -> Outcome {
    let TryResponse { status, headers, mut body } = response;
    let mut meter = StreamMeter::new(candidate.through, jeton_wire::StreamOptions { strip_usage: asked_for_usage, ..jeton_wire::StreamOptions::default() });
    let mut ready = VecDeque::new();
    let mut waiting_bytes = 0;
    let begun = call.running.as_ref().map_or(0, |running| running.record.started_us);
    let until = (call.inbound.received + Duration::from_micros(begun) + Duration::from_millis(timeouts.first_content_ms)).min(deadline);
    let waited = Instant::now();
    let is_enough = |meter: &StreamMeter, ready: &VecDeque<Bytes>| meter.content_started() || meter.terminal_seen() || (is_last && !ready.is_empty());
    let ended = loop {
        if meter.error().is_some() || is_enough(&meter, &ready) {
            break Ok(());
        }
        match timeout_at(until, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await {
            Err(_) => break Err(TryError::new(jeton_upstream::Stage::Body, FaultKind::Timeout, format!("no content within {} ms", timeouts.first_content_ms))),
            Ok(Some(Err(error))) => break Err(error),
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                note_bytes_in(call, data.len());
                waiting_bytes += data.len();
                if waiting_bytes > OPENING_BYTES_MAX || !call.inbound.reserved.grow(data.len() as u64) {
                    let detail = format!("more than {OPENING_BYTES_MAX} bytes came before the first content");
                    break Err(TryError::new(jeton_upstream::Stage::Body, FaultKind::UpstreamFailed, detail));
                }
                ready.extend(meter.push(data).forward);
            }
            Ok(None) => break Err(TryError::new(jeton_upstream::Stage::Body, FaultKind::UpstreamFailed, "the stream ended before its first content")),
        }
    };
    call.upstream_us += micros(waited.elapsed());
    absorb(call, &meter);
    if let Err(error) = ended {
        return broken(call, &error);
    }
    if let Some(said) = meter.error().filter(|_| !meter.content_started()) {
        let (mut fault, code) = (fault_of(call, said), code_of(call, said));
        settle::close_try(call, fault.code_or_kind().to_owned(), Some(fault.clone()));
        let is_passing = said.kind.is_passing();
        fault.code = code;
        return Outcome::Failed { fault, said: None, is_passing };
    }
    if meter.content_started() {
        note_first_content(call);
    }
    let mut translator = None;
    if let Some(translated) = &candidate.translated {
        let mut stream = translated.stream(call);
        // An answer that ends without content may be none: its last words say so, and they are withheld until the charge is durable.
        let is_all = meter.terminal_seen() && !meter.content_started();
        let judged = if is_all { translated.judge(call, ready.iter().chain(meter.withheld())) } else { Ok(()) };
        if let Err(fault) = judged.and_then(|()| translate::pass(&mut stream, &mut ready)) {
            settle::close_try_unanswered(call, "not_read".to_owned(), Some(fault.clone()));
            return Outcome::Failed { fault, said: None, is_passing: true };
        }
        translator = Some(Box::new(stream));
    }
    let answer =
        StreamAnswer { status, headers, body, meter, translator, ready, idle: Duration::from_millis(timeouts.idle_ms), content_until: until, deadline };
    Outcome::Answered(Answer::Stream(Box::new(answer)))
}

/// Takes over what the meter has seen, so that the call can be charged whatever happens next.
pub(crate) fn absorb(call: &mut Call, meter: &StreamMeter) {
    call.usage = meter.usage().clone();
    call.observed = meter.observed().clone();
}

pub(crate) fn note_bytes_in(call: &mut Call, bytes: usize) {
    if let Some(running) = &mut call.running {
        running.record.bytes_in += bytes as u64;
    }
}

pub(crate) fn note_first_content(call: &mut Call) {
    let at = call.elapsed_us();
    call.first_content_us.get_or_insert(at);
    if let Some(running) = &mut call.running {
        running.record.first_content_us.get_or_insert(at);
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/event-stream"))
}
