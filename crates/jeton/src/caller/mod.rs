//! Calls that Jeton itself makes of models, for evaluation and for search by meaning: always through the broker, so that each is
//! metered, held and in the ledger. Where a server has the ledger the call goes to it, else a broker in this process makes it.

mod dialogue;
mod own;
mod server;

use crate::context::Context;
use crate::failure::Failure;
use jeton_broker::{Broker, Buffers, PathModel};
use jeton_core::{CallId, DEFAULT_ACCOUNT, Nanousd};
use jeton_eval::{Answer, CallFault, Calling, FaultClass, ModelCall, Models};
use jeton_ledger::sqlite::{SqliteStore, running_server};
use jeton_ledger::{AccountConfig, Budget, CallRecord, CallStatus, Records, Window};
use jeton_project::Snapshot;
use jeton_wire::{Dialect, Endpoint};
use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// A sum of money that the calls of a caller may cost together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    /// The name of the account that holds it.
    pub(crate) account: String,
    /// How much.
    pub(crate) amount: Nanousd,
    /// In which period.
    pub(crate) window: Window,
}

impl Wall {
    /// The account as the ledger takes it: below the default one, which pays as well.
    pub(crate) fn account_config(&self) -> AccountConfig {
        let budget = Budget { amount: self.amount, window: self.window, timezone: "UTC".to_owned() };
        AccountConfig { name: self.account.clone(), parent: Some(DEFAULT_ACCOUNT.to_owned()), budget: Some(budget) }
    }

    /// The accounts that pay for its calls, the nearest first.
    pub(crate) fn payers(&self, snapshot: &Snapshot) -> Arc<[Arc<str>]> {
        let above = snapshot.account_chain(DEFAULT_ACCOUNT).into_iter().map(Arc::from);
        std::iter::once(Arc::from(self.account.as_str())).chain(above).collect()
    }
}

/// Calls models in the name of a command.
pub(crate) struct Caller {
    way: Way,
    /// For receipts, and for what evaluation keeps.
    store: Arc<dyn Records>,
    snapshot: Arc<Snapshot>,
}

enum Way {
    /// A broker of this command.
    Own(own::Own),
    /// The server that has the ledger.
    Server(server::Server),
    /// The broker of this server, which may be gone before the last who asks.
    Serving(Weak<Broker>, Arc<Buffers>, Option<Arc<[Arc<str>]>>),
}

/// A request as it is sent.
pub(super) struct Sending {
    endpoint: Endpoint,
    body: Vec<u8>,
    class: Option<String>,
    tags: Vec<String>,
    /// Model and stream, where the path names them.
    path_model: Option<PathModel>,
}

/// A request in a dialect's own words, to be passed on as it is.
pub(crate) struct RawCall {
    pub(crate) endpoint: Endpoint,
    /// The model, as `provider/name`; the body names it as well, where its dialect does.
    pub(crate) model: String,
    pub(crate) is_stream: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) class: String,
}

/// The answer to a [`RawCall`], as it came.
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Its receipt.
    pub(crate) record: Option<CallRecord>,
}

/// What came back.
pub(super) struct Sent {
    status: u16,
    body: Vec<u8>,
    call: Option<CallId>,
}

impl Caller {
    /// Opens the way to models: through the server that has the project's ledger, else with a broker of its own. With `wall`, the
    /// calls together cost no more.
    ///
    /// # Errors
    /// Where the configuration has mistakes, or the ledger cannot be opened.
    pub(crate) fn open(context: &Context, snapshot: &Arc<Snapshot>, wall: Option<&Wall>) -> Result<Self, Failure> {
        let path = context.ledger_path(snapshot);
        if let Some(holder) = running_server(&path)? {
            let address = holder.address.ok_or_else(|| {
                Failure::dependency("a server that is about to start has the ledger", "try again in a moment; `jeton up` says when it listens")
            })?;
            let store: Arc<dyn Records> = Arc::new(SqliteStore::open(&path)?);
            return Ok(Self { way: Way::Server(server::Server::new(&address, wall)?), store, snapshot: Arc::clone(snapshot) });
        }
        let own = own::Own::open(context, snapshot, wall)?;
        Ok(Self { store: own.records(), way: Way::Own(own), snapshot: Arc::clone(snapshot) })
    }

    /// The way to models within a server.
    pub(crate) fn serving(broker: &Arc<Broker>, buffers: &Arc<Buffers>) -> Self {
        let store: Arc<dyn Records> = Arc::clone(broker.ledger()) as Arc<dyn Records>;
        let snapshot = Arc::clone(broker.live().snapshot());
        Self { way: Way::Serving(Arc::downgrade(broker), Arc::clone(buffers), None), store, snapshot }
    }

    /// The same within a server, its calls paid by the account of `wall`, which whoever configures the ledger must know.
    pub(crate) fn paid_by(mut self, wall: Option<&Wall>) -> Self {
        if let Way::Serving(_, _, accounts) = &mut self.way {
            *accounts = wall.map(|wall| wall.payers(&self.snapshot));
        }
        self
    }

    /// Where measured things are.
    pub(crate) fn store(&self) -> &Arc<dyn Records> {
        &self.store
    }

    /// A sentence on what a running server makes different, for people.
    pub(crate) fn note(&self) -> Option<String> {
        match &self.way {
            Way::Own(_) | Way::Serving(..) => None,
            Way::Server(server) => Some(format!("calls go through the server at {}", server.address())),
        }
    }

    async fn send(&self, sending: Sending, timeout: Option<Duration>) -> Result<Sent, CallFault> {
        let going = async {
            match &self.way {
                Way::Own(own) => own.send(sending).await,
                Way::Server(server) => server.send(sending).await,
                Way::Serving(broker, buffers, accounts) => match broker.upgrade() {
                    Some(broker) => own::through(&broker, buffers, accounts.clone(), sending).await,
                    None => Err(fault(FaultClass::Internal, "stopping", "the server is about to stop".to_owned())),
                },
            }
        };
        match timeout {
            None => going.await,
            Some(limit) => tokio::time::timeout(limit, going)
                .await
                .unwrap_or_else(|_| Err(fault(FaultClass::Provider, "timeout", format!("there was no whole answer after {} ms", limit.as_millis())))),
        }
    }

    fn receipt(&self, call: CallId) -> Option<CallRecord> {
        match &self.way {
            Way::Own(own) => own.take_record(call),
            Way::Server(_) | Way::Serving(..) => self.store.call(call).ok().flatten().map(|detail| detail.record),
        }
    }

    async fn ask(&self, call: ModelCall) -> Result<Answer, CallFault> {
        let endpoint = endpoint_of(&self.snapshot, &call.model);
        let body = dialogue::request(endpoint, &call)?;
        let begun = Instant::now();
        let sending = Sending { endpoint, body, class: call.class, tags: call.tags, path_model: None };
        let sent = self.send(sending, call.timeout_ms.map(Duration::from_millis)).await?;
        let latency_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let record = sent.call.and_then(|id| self.receipt(id));
        if !(200..300).contains(&sent.status) {
            return Err(refused(endpoint.dialect(), &sent, record.as_ref()));
        }
        let mut answer = dialogue::answer(endpoint, &sent.body).ok_or_else(|| CallFault {
            call: shown(&sent),
            ..fault(FaultClass::Provider, "unreadable", "the answer is no document of its dialect".to_owned())
        })?;
        answer.latency_us = latency_us;
        answer.call = shown(&sent);
        if let Some(record) = record {
            told_by(&mut answer, &record);
        }
        Ok(answer)
    }

    /// Sends a request as it is, and gives back what came, whatever it says.
    ///
    /// # Errors
    /// Where no whole answer came.
    pub(crate) async fn raw(&self, call: RawCall, patience: Duration) -> Result<RawAnswer, CallFault> {
        let RawCall { endpoint, model, is_stream, body, class } = call;
        let path_model = endpoint.names_model_in_path().then_some(PathModel { model, is_stream });
        let sent = self.send(Sending { endpoint, body, class: Some(class), tags: Vec::new(), path_model }, Some(patience)).await?;
        let record = sent.call.and_then(|id| self.receipt(id));
        Ok(RawAnswer { status: sent.status, body: sent.body, record })
    }

    /// The vectors of texts, asked for under `class`.
    pub(crate) async fn vectors(
        &self,
        model: &str,
        texts: &[String],
        class: Option<&str>,
        tags: Vec<String>,
        patience: Option<Duration>,
    ) -> Result<(Vec<Vec<f32>>, Answer), CallFault> {
        let begun = Instant::now();
        let count = texts.len();
        let body = serde_json::json!({ "model": model, "input": texts }).to_string().into_bytes();
        let sending = Sending { endpoint: Endpoint::Embeddings, body, class: class.map(str::to_owned), tags, path_model: None };
        let sent = self.send(sending, patience).await?;
        let record = sent.call.and_then(|id| self.receipt(id));
        if !(200..300).contains(&sent.status) {
            return Err(refused(Dialect::OpenAi, &sent, record.as_ref()));
        }
        let vectors = dialogue::vectors(&sent.body)
            .filter(|vectors| vectors.len() == count)
            .ok_or_else(|| fault(FaultClass::Provider, "unreadable", format!("the answer does not hold {count} vectors")))?;
        let mut answer = Answer { call: shown(&sent), latency_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), ..Answer::default() };
        if let Some(record) = record {
            told_by(&mut answer, &record);
        }
        Ok((vectors, answer))
    }
}

impl Models for Caller {
    fn call(&self, call: ModelCall) -> Calling<'_, Answer> {
        Box::pin(self.ask(call))
    }

    fn embed(&self, model: &str, texts: Vec<String>, tags: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)> {
        let model = model.to_owned();
        Box::pin(async move { self.vectors(&model, &texts, None, tags, None).await })
    }
}

/// The wire format that a model's provider speaks; of a route, that of its first model.
pub(crate) fn endpoint_of(snapshot: &Snapshot, model: &str) -> Endpoint {
    let first = snapshot.routes.get(model).and_then(|route| route.models.first()).map_or(model, String::as_str);
    let provider = first.split_once('/').map_or("", |(provider, _)| provider);
    match snapshot.providers.get(provider).map(|provider| provider.api) {
        Some(jeton_project::Api::Anthropic) => Endpoint::Messages,
        _ => Endpoint::Chat,
    }
}

fn shown(sent: &Sent) -> Option<String> {
    sent.call.map(|call| call.to_string())
}

/// What the receipt knows better than the answer.
fn told_by(answer: &mut Answer, record: &CallRecord) {
    answer.cost = record.cost.known();
    answer.is_simulated = record.simulated;
    answer.model.clone_from(&record.model);
    answer.tokens_in = record.usage.input_total().or(answer.tokens_in);
    answer.tokens_out = record.usage.output.or(answer.tokens_out);
    answer.latency_us = record.total_us;
    answer.tries = u32::try_from(record.tries.len()).unwrap_or(u32::MAX);
}

pub(super) fn fault(class: FaultClass, code: &str, message: String) -> CallFault {
    CallFault { class, code: code.to_owned(), message, status: None, call: None, cost: None }
}

/// Why a call was refused or failed, by status and receipt.
fn refused(dialect: Dialect, sent: &Sent, record: Option<&CallRecord>) -> CallFault {
    let told = jeton_wire::read_error(dialect, sent.status, |_| None, &sent.body);
    let own = record.and_then(|record| record.fault.as_ref());
    let code = own.map_or_else(|| format!("status_{}", sent.status), |fault| fault.code_or_kind().to_owned());
    let message = own.map_or(told.message, |fault| fault.message.clone());
    let class = match (sent.status, record.map(|record| record.status)) {
        (402, _) => FaultClass::Budget,
        (_, Some(CallStatus::Refused)) if code.contains("budget") => FaultClass::Budget,
        (408 | 429 | 500.., _) => FaultClass::Provider,
        _ => FaultClass::Request,
    };
    CallFault { class, code, message, status: Some(sent.status), call: shown(sent), cost: record.and_then(|record| record.cost.known()) }
}

/// The id that the answer's header tells.
pub(super) fn call_id(headers: &http::HeaderMap) -> Option<CallId> {
    headers.get("jeton-call").and_then(|value| value.to_str().ok()).and_then(|text| CallId::from_str(text).ok())
}

/// The headers of a call: its class and labels, no pack and no route but what the call itself says.
pub(super) fn headers(sending: &Sending) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    let mut put = |name: &'static str, text: &str| {
        if let Ok(value) = http::HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    put("content-type", "application/json");
    if sending.endpoint.dialect() == Dialect::Anthropic {
        put("anthropic-version", "2023-06-01");
    }
    put("jeton-context", "none");
    put("jeton-route", "none");
    if let Some(class) = &sending.class {
        put("jeton-class", class);
    }
    let tags: Vec<&str> = sending.tags.iter().map(String::as_str).filter(|tag| jeton_core::is_name(tag)).collect();
    if !tags.is_empty() {
        put("jeton-tags", &tags.join(","));
    }
    headers
}
