//! The broker: what all calls share, and the row of stages.

use crate::body::CallBody;
use crate::call::Call;
use crate::context::ContextSource;
use crate::inbound::{Inbound, Peer};
use crate::live::Live;
use crate::stages::attempt::{self, Answer};
use crate::stages::meter::{self, Metered};
use crate::stages::settle::{self, Ending};
use crate::stages::{admit, attach, choose, classify, hold, identify, translate};
use crate::tap::{self, Tap};
use crate::vault::Vault;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use jeton_core::{CallId, CallIds, Clock, DEFAULT_ACCOUNT, Fault};
use jeton_ledger::{CallRecord, Ledger};
use jeton_upstream::Upstream;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Is told of every call, once, when it is settled. Must not block.
pub type OnRecord = Arc<dyn Fn(&CallRecord) + Send + Sync>;

/// What a broker is made of.
pub struct BrokerOptions {
    /// Where calls are accounted.
    pub ledger: Arc<dyn Ledger>,
    /// What makes the tries.
    pub upstream: Arc<Upstream>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The configuration to begin with.
    pub live: Live,
    /// What compiles context; none: no context is served.
    pub context: Option<Arc<dyn ContextSource>>,
    /// Is told of every call.
    pub on_record: OnRecord,
    /// Looks at what some live calls say; none: nobody does.
    pub tap: Option<Arc<dyn Tap>>,
    /// The number of this replica.
    pub node: u8,
}

/// The only way anything in Jeton calls a model.
pub struct Broker {
    ledger: Arc<dyn Ledger>,
    upstream: Arc<Upstream>,
    clock: Arc<dyn Clock>,
    live: ArcSwap<Live>,
    ids: CallIds,
    context: Option<Arc<dyn ContextSource>>,
    on_record: OnRecord,
    tap: Option<Arc<dyn Tap>>,
    vault: Option<Vault>,
    nobody: Arc<[Arc<str>]>,
    in_flight: AtomicU64,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("config", &self.live.load().snapshot().digest).finish_non_exhaustive()
    }
}

impl Broker {
    /// A broker whose ids come after the newest call of the ledger.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn new(options: BrokerOptions) -> Result<Arc<Self>, jeton_ledger::LedgerError> {
        let newest = options.ledger.newest_call()?;
        Ok(Arc::new(Self {
            ledger: options.ledger,
            upstream: options.upstream,
            clock: options.clock,
            live: ArcSwap::from_pointee(options.live),
            ids: CallIds::new(options.node, newest),
            context: options.context,
            on_record: options.on_record,
            tap: options.tap,
            vault: Vault::new(),
            nobody: Arc::from([Arc::from(DEFAULT_ACCOUNT)]),
            in_flight: AtomicU64::new(0),
        }))
    }

    /// The configuration in use now.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Puts another configuration to use. Calls under way keep theirs.
    pub fn replace(&self, live: Live) {
        self.live.store(Arc::new(live));
    }

    /// Where calls are accounted.
    #[must_use]
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// Calls that have begun and are not settled.
    #[must_use]
    pub fn calls_in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn count_begun(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    pub(crate) fn context(&self) -> Option<&Arc<dyn ContextSource>> {
        self.context.as_ref()
    }

    pub(crate) fn tap(&self) -> Option<&Arc<dyn Tap>> {
        self.tap.as_ref()
    }

    pub(crate) fn vault(&self) -> Option<&Vault> {
        self.vault.as_ref()
    }

    pub(crate) fn now(&self) -> jeton_core::Timestamp {
        self.clock.now()
    }

    pub(crate) fn next_id(&self) -> CallId {
        self.ids.next(&*self.clock)
    }

    pub(crate) fn default_accounts(&self) -> Arc<[Arc<str>]> {
        Arc::clone(&self.nobody)
    }

    pub(crate) fn observe(&self, record: &CallRecord) {
        // What watches calls must not stop them from being settled.
        let watched = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.on_record)(record)));
        if watched.is_err() {
            tracing::error!(call = %record.id, "what watches calls panicked");
        }
    }

    /// Whether a caller may call at all, told from the head of its request.
    ///
    /// # Errors
    /// What to answer it.
    pub fn check_caller(&self, headers: &HeaderMap, path_key: Option<&str>, peer: Peer) -> Result<(), Fault> {
        identify::authenticate(&*self.ledger, headers, path_key, peer).map(drop)
    }

    /// Takes a call from its arrival to its answer. Dropping the future, or the answer's body, cancels the call.
    pub async fn call(self: &Arc<Self>, inbound: Inbound) -> Response<CallBody> {
        let mut call = Call::begin(self, inbound);
        match path(&mut call).await {
            Ok(answer) => answered(call, answer).await,
            Err(fault) => refused(call, fault).await,
        }
    }

    /// Records a request that could not be read, and answers it in the dialect of its path.
    pub async fn refuse(self: &Arc<Self>, inbound: Inbound, fault: Fault) -> Response<CallBody> {
        refused(Call::begin(self, inbound), fault).await
    }
}

/// The stages up to the first content, in their order.
async fn path(call: &mut Call) -> Result<Answer, Fault> {
    identify::identify(call)?;
    call.passed("identify");
    log_content(call, "request", &call.inbound.body);
    call.facts = Some(call.inbound.facts(&call.inbound.body)?);
    classify::classify(call)?;
    call.passed("classify");
    attach::attach(call).await?;
    tap::begin(call);
    if call.context.is_some() {
        call.passed("attach");
    }
    admit::admit(call)?;
    call.passed("admit");
    if let Some(answer) = translate::counted_here(call)? {
        return Ok(answer);
    }
    hold::hold(call)?;
    call.passed("hold");
    let plan = choose::choose(call)?;
    call.passed("choose");
    let answer = attempt::attempt(call, &plan).await?;
    call.passed("try");
    Ok(answer)
}

async fn answered(mut call: Call, answer: Answer) -> Response<CallBody> {
    match answer {
        Answer::Stream(answer) => {
            call.http_status = answer.status.as_u16();
            let headers = response_headers(&call, &answer.headers);
            let status = answer.status;
            respond(status, headers, CallBody::stream(Metered::new(call, *answer)))
        }
        Answer::Document { status, headers, body } => {
            log_content(&call, "answer", &body);
            if let Some(tapped) = &mut call.tapped {
                tapped.keep(&body, false);
            }
            call.http_status = status.as_u16();
            call.response_bytes = body.len() as u64;
            let headers = response_headers(&call, &headers);
            let ending = match call.tries.last().and_then(|last| last.fault.clone()).filter(|_| call.running.is_none()) {
                Some(fault) => Ending::Failed(fault),
                None => Ending::Completed,
            };
            let durable = settle::settle(&mut call, ending);
            match durable.await {
                Ok(()) => respond(status, headers, CallBody::whole(body)),
                Err(error) => error_response(&call, &meter::not_durable(&error)),
            }
        }
    }
}

/// Logs what passes, where the configuration asks for it; prompts are in no other line of the log.
fn log_content(call: &Call, what: &'static str, body: &Bytes) {
    /// Bytes of one text that are logged at most.
    const LOGGED_BYTES_MAX: usize = 16 << 10;
    if call.live.snapshot().log.prompts {
        let text = String::from_utf8_lossy(&body[..body.len().min(LOGGED_BYTES_MAX)]);
        tracing::info!(call = %call.id, what, bytes = body.len(), %text, "call content");
    }
}

/// The caller gets the fault in its own dialect, after it is on record.
async fn refused(mut call: Call, fault: Fault) -> Response<CallBody> {
    let response = error_response(&call, &fault);
    call.http_status = fault.kind.status();
    let ending = if call.tries.is_empty() { Ending::Refused(fault) } else { Ending::Failed(fault) };
    let durable = settle::settle(&mut call, ending);
    // An error ends nothing that was paid for, so a store that fails must not keep it back; what the tries used stays in
    // the ledger's memory and is written as soon as it can be.
    if call.broker.ledger().healthy().is_ok() {
        let _ = durable.await;
    }
    response
}

fn error_response(call: &Call, fault: &Fault) -> Response<CallBody> {
    let body = jeton_wire::encode_error(call.inbound.endpoint.dialect(), fault, Some(&call.id.to_string()));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    insert_call(&mut headers, call.id);
    // The vendors' SDKs obey it: what trying again cannot help is not tried again (case 63).
    headers.insert("x-should-retry", HeaderValue::from_static(if fault.kind.is_passing() { "true" } else { "false" }));
    insert_retry_after(&mut headers, fault);
    let status = StatusCode::from_u16(fault.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    respond(status, headers, CallBody::whole(Bytes::from(body)))
}

/// The headers of an answer: the provider's that mean something to the caller, and Jeton's own.
fn response_headers(call: &Call, upstream: &HeaderMap) -> HeaderMap {
    let mut headers = jeton_upstream::response_headers(upstream);
    insert_call(&mut headers, call.id);
    if let Some(value) = Some(call.dropped.header()).filter(|value| !value.is_empty()).and_then(|value| HeaderValue::from_str(&value).ok()) {
        headers.insert("jeton-dropped", value);
    }
    if call.is_estimated {
        headers.insert("jeton-estimated", HeaderValue::from_static("input_tokens"));
    }
    if let Some(fault) = call.tries.last().and_then(|last| last.fault.as_ref()) {
        insert_retry_after(&mut headers, fault);
    }
    headers
}

fn insert_call(headers: &mut HeaderMap, id: CallId) {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert("jeton-call", value);
    }
}

fn insert_retry_after(headers: &mut HeaderMap, fault: &Fault) {
    if let Some(ms) = fault.retry_after_ms {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        headers.insert("retry-after-ms", HeaderValue::from(ms));
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: CallBody) -> Response<CallBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
