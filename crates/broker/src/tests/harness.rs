//! A broker over a ledger in a directory of its own.

use crate::{Broker, BrokerOptions, Buffers, CallBody, ContextSource, Inbound, Live, OnRecord, Peer, Surroundings};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::Body;
use jeton_core::{CallId, SystemClock};
use jeton_ledger::sqlite::{Options, SqliteLedger};
use jeton_ledger::{AccountConfig, Budget, CallDetail, Ledger, Records, Window};
use jeton_project::load;
use jeton_upstream::Upstream;
use jeton_wire::Endpoint;
use serde_json::Value;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

pub(super) struct Harness {
    pub(super) broker: Arc<Broker>,
    pub(super) ledger: Arc<SqliteLedger>,
    pub(super) buffers: Arc<Buffers>,
    dir: PathBuf,
}

/// What a caller got.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Harness {
    pub(super) fn new(toml: &str) -> Self {
        Self::watched(toml, Arc::new(|_| {}))
    }

    pub(super) fn watched(toml: &str, on_record: OnRecord) -> Self {
        Self::made(toml, on_record, None)
    }

    pub(super) fn with_context(toml: &str, context: Arc<dyn ContextSource>) -> Self {
        Self::made(toml, Arc::new(|_| {}), Some(context))
    }

    fn made(toml: &str, on_record: OnRecord, context: Option<Arc<dyn ContextSource>>) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let dir = std::env::temp_dir().join(format!("jeton-broker-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).unwrap();
        let snapshot = Arc::new(load("jeton.toml", toml, &|_| None).unwrap_or_else(|report| panic!("{report}")));
        let ledger = Arc::new(SqliteLedger::open(&dir.join("ledger.db"), Options::default()).unwrap());
        let accounts = snapshot.accounts.iter().map(|(name, account)| AccountConfig {
            name: name.clone(),
            parent: account.parent.clone(),
            budget: account.budget.as_ref().map(|b| Budget {
                amount: b.amount,
                window: Window::from_name(b.window.as_str()).unwrap(),
                timezone: b.timezone.clone(),
            }),
        });
        ledger.configure(accounts.collect()).unwrap();
        let live = Live::assemble(snapshot, &Surroundings { project_dir: &dir, env: &|_| None, previous: None }).unwrap();
        let (upstream, clock) = (Upstream::new(), Arc::new(SystemClock));
        let options = BrokerOptions { ledger: ledger.clone() as Arc<dyn Ledger>, upstream, clock, live, context, on_record, tap: None, node: 0 };
        Self { broker: Broker::new(options).unwrap(), ledger, buffers: Buffers::new(1 << 30), dir }
    }

    pub(super) fn inbound(&self, endpoint: Endpoint, body: &str, headers: &[(&'static str, &str)]) -> Inbound {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect();
        Inbound {
            is_endpoint: true,
            endpoint,
            path: crate::public_path(endpoint).to_owned(),
            path_model: None,
            query: None,
            path_class: None,
            path_key: None,
            headers: Arc::new(headers),
            body: Bytes::from(body.to_owned()),
            reserved: self.buffers.reserve(),
            peer: Peer { is_loopback: true, is_own: false },
            accounts: None,
            received: Instant::now(),
        }
    }

    pub(super) async fn send(&self, inbound: Inbound) -> Got {
        let response = self.broker.call(inbound).await;
        let (head, body) = response.into_parts();
        Got { status: head.status.as_u16(), headers: head.headers, body: read(body).await }
    }

    pub(super) async fn chat(&self, body: &str) -> Got {
        self.send(self.inbound(Endpoint::Chat, body, &[])).await
    }

    /// The record of what a caller got, once everything is written.
    pub(super) fn record(&self, got: &Got) -> CallDetail {
        self.detail(got.call())
    }

    pub(super) fn detail(&self, id: CallId) -> CallDetail {
        self.ledger.flush().wait().unwrap();
        self.ledger.call(id).unwrap().unwrap()
    }

    /// The newest call of all.
    pub(super) fn newest(&self) -> CallDetail {
        self.ledger.flush().wait().unwrap();
        let id = self.ledger.newest_call().unwrap().unwrap();
        self.ledger.call(id).unwrap().unwrap()
    }

    pub(super) fn assert_books_hold(&self) {
        self.ledger.flush().wait().unwrap();
        let report = self.ledger.verify().unwrap();
        assert!(report.is_good() && report.open_holds == 0, "{report:?}");
        assert_eq!((self.buffers.held(), self.broker.calls_in_flight()), (0, 0));
    }
}

impl Drop for Harness {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Got {
    pub(super) fn call(&self) -> CallId {
        self.headers["jeton-call"].to_str().unwrap().parse().unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) async fn read(mut body: CallBody) -> String {
    let mut text = Vec::new();
    while let Some(Ok(frame)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        text.extend_from_slice(frame.data_ref().unwrap());
    }
    String::from_utf8(text).unwrap()
}

pub(super) const HELLO: &str = r#"{"model":"twin/steady","messages":[{"role":"user","content":"Hello"}]}"#;
