//! The request in another dialect, for a model whose provider does not speak the caller's; and the way back of its answer.

use crate::call::{Call, Candidate};
use crate::catalogue::Resolved;
use crate::estimate;
use crate::media;
use crate::stages::attempt::{Answer, is_error};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jeton_core::{Fault, FaultKind, Usage};
use jeton_project::{Api, OutputLimitField, StreamOptions};
use jeton_wire::canonical::{
    Answering, Effort, KEPT_REASONING, Loss, Lost, Request, SignedTurn, StreamTranslator, Takes, Target, encode_request, put_back, read_request,
    translate_document, translate_document_to_stream,
};
use jeton_wire::{Dialect, Endpoint, Observed, RequestFacts, encode_error, scan};
use std::collections::VecDeque;
use std::sync::Arc;

/// A request as a provider of another dialect gets it.
#[derive(Debug)]
pub(crate) struct Translated {
    pub(crate) body: Bytes,
    pub(crate) facts: RequestFacts,
    /// What did not come across.
    pub(crate) loss: Loss,
    answering: Answering,
}

/// What the caller asked, in the canonical form: read once for all candidates.
pub(crate) type Asked = Arc<(Request, Loss)>;

/// Writes the call's request for `resolved`, to be asked through `through`.
///
/// # Errors
/// Where the request cannot be read, a part of it cannot be carried, or everything must be and is not (`jeton-strict`).
pub(crate) fn translate(call: &mut Call, resolved: &Resolved, through: Endpoint) -> Result<Arc<Translated>, Fault> {
    let asked = asked(call)?;
    let (request, unread) = &*asked;
    let target = target(call, resolved, through);
    media::refuse_unread(call, request, resolved)?;
    let mut encoded = encode_request(request, &target).map_err(|fault| media::with_takers(call, request, fault))?;
    let mut loss = unread.clone();
    loss.extend(std::mem::take(&mut encoded.loss));
    if is_strict(call)? && loss.iter().any(is_callers) {
        return Err(lossy(resolved, through, &loss));
    }
    let body = Bytes::from(encoded.body);
    let mut facts = scan(through, &body)?;
    facts.model.clone_from(&resolved.entry.name);
    facts.stream = request.stream;
    // A limit that only the dialect demands is no wish of the caller's: less of it may be afforded.
    if request.output_limit.is_none() {
        facts.output_limit = None;
    }
    let answering = Answering::new(request, through, encoded.names).identified(&call.id.to_string()).answered_by(&resolved.entry.name);
    Ok(Arc::new(Translated { body, facts, loss, answering }))
}

fn asked(call: &mut Call) -> Result<Asked, Fault> {
    if let Some(asked) = &call.asked {
        return Ok(Arc::clone(asked));
    }
    let (mut request, loss) = read_request(call.inbound.endpoint, &call.inbound.body)?;
    if let Some(path) = &call.inbound.path_model {
        request.model.clone_from(&path.model);
        request.stream = path.is_stream;
    }
    put_signed_back(call, &mut request);
    let asked = Arc::new((request, loss));
    call.asked = Some(Arc::clone(&asked));
    Ok(asked)
}

/// Whether all must be carried: by the caller's header, or by the route.
fn is_strict(call: &Call) -> Result<bool, Fault> {
    match call.inbound.header("jeton-strict") {
        None => Ok(call.route.as_deref().and_then(|name| call.live.route(name)).is_some_and(|route| route.is_strict)),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(Fault::new(FaultKind::InvalidRequest, "The header `jeton-strict` must be `true` or `false`.").code("bad_header").param("jeton-strict")),
    }
}

/// Whether something is lost that the caller sent: what was kept for it is not among that.
fn is_callers(lost: &Lost) -> bool {
    !lost.path.starts_with(KEPT_REASONING)
}

fn lossy(resolved: &Resolved, through: Endpoint, loss: &Loss) -> Fault {
    let lost = || loss.iter().filter(|lost| is_callers(lost));
    let named: Vec<String> = lost().take(5).map(|lost| format!("`{}` would be {} ({})", lost.path, lost.how.name(), lost.why)).collect();
    let more = lost().count().saturating_sub(named.len());
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let fault = Fault::new(
        FaultKind::InvalidRequest,
        format!("Not all of the request can be carried to `{}`, which is asked through {through}: {}{more}.", resolved.full_name(), named.join(", ")),
    );
    let fault = match lost().next() {
        Some(first) => fault.param(first.path.clone()),
        None => fault,
    };
    fault.code("translation_loss").remedy("Leave these out, name a model whose provider speaks this dialect, or send without `jeton-strict`.")
}

/// Who is asked, and what is known of what it takes.
fn target(call: &Call, resolved: &Resolved, through: Endpoint) -> Target {
    let output_limit = resolved.entry.output.unwrap_or(call.live.snapshot().budget.default_output_bound_tokens);
    Target {
        takes: takes(call, resolved, through),
        output_most: resolved.entry.output,
        betas: betas(call),
        ..Target::new(through, resolved.entry.name.clone(), output_limit)
    }
}

/// What the caller asks for by the header `anthropic-beta` (case 52); other dialects have no such thing.
fn betas(call: &Call) -> Vec<String> {
    let stated = call.inbound.header("anthropic-beta").filter(|_| call.inbound.endpoint.dialect() == Dialect::Anthropic);
    stated.into_iter().flat_map(|names| names.split(',')).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn takes(call: &Call, resolved: &Resolved, through: Endpoint) -> Takes {
    let Some(config) = call.live.snapshot().providers.get(resolved.provider.name()) else { return Takes::default() };
    let is_openai = is_openai(config);
    let abilities = &resolved.entry.abilities;
    Takes {
        completion_limit: chat_limit_field(config) == COMPLETION_LIMIT,
        reasoning_member: config.reasoning_field.clone(),
        custom_tools: through == Endpoint::Responses || is_openai,
        adaptive_thinking: abilities.adaptive_thinking,
        effort_min: Effort::of(&abilities.effort_min).unwrap_or(Effort::None),
        effort_max: Effort::of(&abilities.effort_max).unwrap_or(Effort::High),
        effort_gaps: abilities.effort_gaps.iter().filter_map(|grade| Effort::of(grade)).collect(),
        thinking_budget: abilities.thinking_budget,
        samplers: abilities.samplers,
        stop_texts: abilities.stop_texts,
        stream_options: asks_for_usage(call, resolved),
    }
}

/// The name that OpenAI gave the limit of output when its models began to reason.
const COMPLETION_LIMIT: &str = "max_completion_tokens";

/// The field that carries a limit of output in Chat Completions. OpenAI's newer models refuse `max_tokens`; most compatible servers know
/// nothing else.
#[must_use]
pub fn chat_limit_field(config: &jeton_project::Provider) -> &'static str {
    match config.output_limit_field {
        OutputLimitField::MaxCompletionTokens => COMPLETION_LIMIT,
        OutputLimitField::Auto if is_openai(config) => COMPLETION_LIMIT,
        OutputLimitField::Auto | OutputLimitField::MaxTokens => "max_tokens",
    }
}

/// Whether it is OpenAI's own service, or Azure's with the same models, whose newest fields compatible servers often do not know.
pub(crate) fn is_openai(config: &jeton_project::Provider) -> bool {
    config.api == Api::Azure || config.base_url.contains("//api.openai.com")
}

/// Whether usage may be asked for in a stream of Chat Completions.
pub(crate) fn asks_for_usage(call: &Call, resolved: &Resolved) -> bool {
    match call.live.snapshot().providers.get(resolved.provider.name()).map(|config| config.stream_options) {
        Some(StreamOptions::Never) => false,
        Some(StreamOptions::Always) => true,
        Some(StreamOptions::Auto) | None => !resolved.provider.upstream.refuses_stream_options(),
    }
}

/// Headers of the caller that mean the same to every provider. The others are the vendor's, whose dialect it is not.
const NEUTRAL: [HeaderName; 3] = [HeaderName::from_static("traceparent"), HeaderName::from_static("tracestate"), HeaderName::from_static("idempotency-key")];

/// The headers with which a translated request travels.
pub(crate) fn request_headers(caller: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in NEUTRAL {
        if let Some(value) = caller.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// The headers of a document that is written anew.
pub(crate) fn json_headers(mut upstream: HeaderMap) -> HeaderMap {
    upstream.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    upstream
}

/// A provider's refusal in the caller's dialect (case 61).
pub(crate) fn refusal(call: &Call, status: StatusCode, headers: HeaderMap, fault: &Fault, code: Option<String>) -> Answer {
    let mut fault = fault.clone();
    fault.code = fault.code.or(code);
    let dialect = call.inbound.endpoint.dialect();
    let body = encode_error(dialect, &fault, Some(&call.id.to_string()));
    // Some servers answer with an error under 200, which a caller's client takes for an answer.
    let status = if is_error(status) { status } else { StatusCode::from_u16(fault.kind.status()).unwrap_or(StatusCode::BAD_GATEWAY) };
    // 529 is Anthropic's own; the others say the same with 503.
    let status = if status.as_u16() == 529 && dialect != Dialect::Anthropic { StatusCode::SERVICE_UNAVAILABLE } else { status };
    Answer::Document { status, headers: json_headers(headers), body: body.into() }
}

/// Turns the provider's bytes that are ready into the caller's.
///
/// # Errors
/// Where the provider breaks its own protocol.
pub(crate) fn pass(translator: &mut StreamTranslator, ready: &mut VecDeque<Bytes>) -> Result<(), Fault> {
    let mut out = Vec::new();
    let passed = ready.drain(..).try_for_each(|bytes| translator.push(&bytes, &mut out));
    if !out.is_empty() {
        ready.push_back(out.into());
    }
    passed
}

impl Translated {
    /// A whole answer in the caller's dialect, under the provider's headers. What of it did not come across is noted on the call. Some
    /// servers give a document where a stream is asked for; the caller's client waits for events, and gets them.
    ///
    /// # Errors
    /// Where the provider's answer is none of its dialect.
    pub(crate) fn document(&self, call: &mut Call, status: StatusCode, mut headers: HeaderMap, body: &[u8]) -> Result<Answer, Fault> {
        let (usage, created) = (call.usage.clone(), call.started.seconds());
        let (translated, media_type) = if self.facts.stream {
            (translate_document_to_stream(&self.answering, body, usage, created)?, "text/event-stream")
        } else {
            (translate_document(&self.answering, body, usage, created)?, "application/json")
        };
        note_loss(call, "answer", &translated.loss);
        call.dropped.extend(translated.loss);
        keep_signed(call, &translated.signed);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        Ok(Answer::Document { status, headers, body: translated.body.into() })
    }

    /// Whether what came of a stream, which is all that will come, is an answer at all.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn judge<'a>(&self, call: &Call, mut stream: impl Iterator<Item = &'a Bytes>) -> Result<(), Fault> {
        let (mut translator, mut out) = (self.stream(call), Vec::new());
        stream.try_for_each(|bytes| translator.push(bytes, &mut out))?;
        translator.finish(&mut out)
    }

    /// What turns the provider's stream into the caller's.
    pub(crate) fn stream(&self, call: &Call) -> StreamTranslator {
        let (provisional, _) = estimate::complete(&Usage::default(), false, self.facts.text_bytes, &Observed::default());
        StreamTranslator::new(self.answering.clone(), call.started.seconds(), provisional)
    }
}

/// Case 54: the answer to a count for a model whose provider cannot count, as an estimate; the header `jeton-estimated` says so. None
/// where the provider itself counts.
///
/// # Errors
/// Where the request cannot be read.
pub(crate) fn counted_here(call: &mut Call) -> Result<Option<Answer>, Fault> {
    let is_ours = call.inbound.endpoint == Endpoint::CountTokens && call.candidates.first().is_some_and(|first| first.resolved.provider.counts_here());
    if !is_ours {
        return Ok(None);
    }
    let tokens = jeton_text::estimate_tokens(&asked(call)?.0.prompt_text());
    call.is_estimated = true;
    let model = call.candidates[0].resolved.full_name();
    call.decided("translate", format!("the provider of `{model}` counts no tokens: {tokens} by Jeton's estimate"));
    let body = serde_json::json!({ "input_tokens": tokens }).to_string();
    Ok(Some(Answer::Document { status: StatusCode::OK, headers: json_headers(HeaderMap::new()), body: body.into() }))
}

/// Keeps the signed reasoning of a turn for a Chat client, whose dialect has no place of its own for it, or for a Gemini client, which
/// may leave thoughts out of what it sends back.
pub(crate) fn keep_signed(call: &Call, signed: &SignedTurn) {
    if let Some(vault) = call.broker.vault().filter(|_| signed.must_be_kept()) {
        vault.keep(&caller(call), signed, call.broker.now());
    }
}

/// Puts signed reasoning that was kept back into the turns of such a client, byte for byte. A turn that goes to another family of models
/// loses it again, and that is told.
fn put_signed_back(call: &mut Call, request: &mut Request) {
    if !matches!(request.endpoint, Endpoint::Chat | Endpoint::Generate) {
        return;
    }
    let (caller, now) = (caller(call), call.broker.now());
    let found = call.broker.vault().map_or(0, |vault| put_back(request, |id| vault.find(&caller, id, now)));
    if found > 0 {
        call.decided("translate", format!("signed reasoning was put back into {found} turns"));
    }
}

/// Whose turns they are: the key's, or everybody's on this machine where there are no keys.
fn caller(call: &Call) -> Arc<str> {
    call.attribution.key.as_deref().map_or_else(|| Arc::from(""), Arc::from)
}

/// Notes on the receipt that the request was translated, and what it lost by it.
pub(crate) fn note_request(call: &mut Call, candidate: &Candidate, translated: &Translated) {
    let face = call.inbound.endpoint;
    call.decided("translate", format!("from {face} to {} for `{}`", candidate.through, candidate.resolved.full_name()));
    note_loss(call, "request", &translated.loss);
    call.dropped.extend(translated.loss.clone());
}

/// Notes on the receipt what did not come across of the request or the answer.
pub(crate) fn note_loss(call: &mut Call, way: &str, loss: &Loss) {
    for lost in loss.iter() {
        call.decided("translate", format!("{way}: `{}` {} ({})", lost.path, lost.how.name(), lost.why));
    }
}
