//! A console over a real ledger in a folder of its own, a clock that stands still, and a way to ask it. Tests only.

use crate::state::{Access, ConfigProblem, ConfigStatus, Console, Health, ModelStatus, Peer, ProviderStatus, Status};
use crate::{EngineSlot, Metrics, credential, router};
use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt;
use hyper::service::Service;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_core::{Attribution, CallId, Certainty, Clock, Cost, Fault, FaultKind, ManualClock, Nanousd, Timestamp, Usage};
use jeton_ledger::{
    AccountConfig, Budget, CallRecord, CallStatus, ContextAsker, ContextReceipt, ContextSpan, Decision, HoldOut, Ledger, StageTime, TryRecord, Window, sqlite,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

/// 2026-11-23T18:14:49.120Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_457_689_120);

pub(crate) struct Fixture {
    pub(crate) router: Router,
    pub(crate) console: Console,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) metrics: Arc<Metrics>,
    folder: PathBuf,
}

fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    std::env::temp_dir().join(format!("jeton-console-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)))
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// An answer as read.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// `admin` opens everything, `caller-NAME` is the key NAME, and without a credential only loopback is served.
fn access(headers: &http::HeaderMap, peer: Option<std::net::SocketAddr>) -> Access {
    match credential(headers).as_deref() {
        Some("admin") => Access::Full,
        Some(key) => match key.strip_prefix("caller-") {
            Some(name) => Access::Key(name.into()),
            None => Access::Refused(Fault::new(FaultKind::Unauthenticated, "The credential is not known.").remedy("`jeton key admin` makes one.")),
        },
        None if peer.is_some_and(|address| address.ip().is_loopback()) => Access::Full,
        None => Access::Refused(Fault::new(FaultKind::Unauthenticated, "A credential is needed.")),
    }
}

/// A project with context: one that is sound, one that is not, one that only a key may see, and a name that would like to be markup.
const PROJECT: [(&str, &str); 8] = [
    ("context/refunds.md", "---\ntitle: Refund window\nowners: ['@desk']\n---\nA refund is possible within {fact: 14 from policy.toml#/refund/days} days.\n"),
    (
        "context/stale.md",
        "---\ntitle: <script>alert('x')</script>\"onload=\"y\nowners: [\"<script>alert('x')</script>\"]\nanchors: [gone/<b>.rs]\n---\nA refund of <script>alert('x')</script> tea.\n",
    ),
    ("context/secret.md", "---\ntitle: Refund of staff\naccess: [helpdesk]\n---\nStaff get a refund of everything.\n"),
    ("context/old.md", "---\ntitle: Refund in autumn\nvalid_until: 2026-11-22\n---\nA refund in autumn is possible within 60 days.\n"),
    ("context/rules.toml", "[[constraint]]\nid = \"no-promise\"\ntext = \"Never promise a refund.\"\nmandatory = true\n"),
    (
        "evals/refunds.toml",
        "name = \"refunds\"\n[[target]]\nmodel = \"local/extract\"\n[[grade]]\nkind = \"contains\"\n[[case]]\nid = \"window-01\"\ninput = \"How long may I send a thing back?\"\nreference = \"30 days\"\n",
    ),
    ("policy.toml", "[refund]\ndays = 30\n"),
    ("src/refund.rs", "/// How long a refund is possible.\npub fn refund_window() -> u32 { 30 }\n"),
];

impl Fixture {
    /// With a project's context.
    pub(crate) fn with_context() -> Self {
        let folder = folder();
        for (path, text) in PROJECT {
            let path = folder.join("project").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let engine = Engine::open(&folder.join("project"), EngineOptions::default());
        let slot: EngineSlot = Arc::new(OnceLock::from(Arc::new(engine)));
        Self::started(folder, Some(slot))
    }

    /// With a context that is still being read.
    pub(crate) fn reading_context() -> Self {
        Self::started(folder(), Some(EngineSlot::default()))
    }

    pub(crate) fn new() -> Self {
        Self::started(folder(), None)
    }

    fn started(folder: PathBuf, engine: Option<EngineSlot>) -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let options = sqlite::Options { clock: clock.clone(), ..sqlite::Options::default() };
        let ledger: Arc<dyn Ledger> = Arc::new(sqlite::SqliteLedger::open(&folder.join("ledger.db"), options).unwrap());
        let budget = Some(Budget { amount: Nanousd(5_000_000_000), window: Window::Month, timezone: "UTC".into() });
        let account = |name: &str, parent: Option<&str>, budget| AccountConfig { name: name.into(), parent: parent.map(Into::into), budget };
        ledger.configure(vec![account("acme", None, budget), account("support", Some("acme"), None)]).unwrap();
        let metrics = Arc::new(Metrics::new());
        let mut console = Console::new(ledger.clone(), metrics.clone(), clock as Arc<dyn Clock>, Arc::new(status), Arc::new(access)).with_zone("UTC").unwrap();
        if let Some(engine) = engine {
            let settings =
                "[packs.refunds]\nunits = [\"constraint:*\"]\nscope = [\"context/**\"]\nbudget_tokens = 500\n[classes.support]\npack = \"refunds\"\n";
            let snapshot = Arc::new(jeton_project::load("jeton.toml", settings, &|_| None).unwrap());
            console = console.with_context(engine, Arc::new(move || Arc::clone(&snapshot)));
        }
        Self { router: router(console.clone()), console, ledger, metrics, folder }
    }

    /// Settles and waits until it is written.
    pub(crate) fn settle(&self, record: CallRecord) -> CallId {
        let id = record.id;
        self.metrics.observe(&record);
        self.ledger.settle(record).wait().unwrap();
        id
    }

    pub(crate) async fn send(&self, request: http::Request<Body>) -> Reply {
        let response = hyper_util::service::TowerToHyperService::new(self.router.clone()).call(request).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Reply { status: head.status.as_u16(), headers: head.headers, text }
    }

    /// A GET from loopback.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(local(http::Request::get(path)).body(Body::empty()).unwrap()).await
    }

    /// A POST of JSON with a bearer token.
    pub(crate) async fn post(&self, path: &str, token: &str, body: &str) -> Reply {
        let request = http::Request::post(path).header("content-type", "application/json").header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }
}

pub(crate) fn local(request: http::request::Builder) -> http::request::Builder {
    request.extension(Peer(([127, 0, 0, 1], 50_000).into()))
}

fn status() -> Status {
    let problem = ConfigProblem { since: NOW, mistakes: vec!["jeton.toml:3:1: unknown key `<b>`".into()] };
    let provider = ProviderStatus {
        name: "acme<script>".into(),
        api: "openai".into(),
        base_url: Some("http://127.0.0.1:9/v1".into()),
        health: Health::Degraded,
        detail: Some("2 of 9 tries failed.".into()),
        tried: Some(NOW),
        simulated: false,
    };
    Status {
        version: "0.1.0".into(),
        started: Timestamp(NOW.0 - 90_000),
        listen: vec!["http://127.0.0.1:4600".into()],
        durability: "process".into(),
        config: ConfigStatus { digest: "sha256:0123456789abcdef".into(), path: Some("jeton.toml".into()), loaded: NOW, problem: Some(problem) },
        providers: vec![provider],
        models: vec![ModelStatus { name: "acme/fast".into(), endpoints: vec!["chat".into()], priced: true, simulated: false }],
        stopping: false,
    }
}

/// A good call `ago_ms` before [`NOW`], by the key `helpdesk`.
pub(crate) fn good(ago_ms: i64) -> CallRecord {
    let started = Timestamp(NOW.0 - ago_ms);
    let mut attribution = Attribution::new(["key:helpdesk", "support", "acme"].map(Into::into).into());
    attribution.key = Some("helpdesk".into());
    attribution.class = "support.refund".into();
    attribution.tags = vec!["team=north".into()];
    let usage = Usage { input: Some(1_000), cache_read: Some(200), output: Some(50), reasoning: Some(10), ..Usage::default() };
    let cost = Cost::Known(Nanousd(1_250_000));
    let mut record = CallRecord::begun(CallId::first_at(started), started, attribution);
    record.endpoint = "chat".into();
    record.model_asked = "fast".into();
    record.model = Some("acme/fast".into());
    record.status = CallStatus::Ok;
    record.http_status = 200;
    record.stream = true;
    record.usage = usage.clone();
    record.usage_certainty = Certainty::Reported;
    record.cost = cost.clone();
    record.charged = Nanousd(1_250_000);
    record.charge_certainty = Certainty::Reported;
    record.price_version = Some("2026-11-20".into());
    record.first_content_us = Some(300_000);
    record.total_us = 900_000;
    record.own_us = 150;
    record.stages = vec![StageTime { stage: "identify".into(), at_us: 10 }, StageTime { stage: "settle".into(), at_us: 899_000 }];
    record.decisions = vec![Decision { stage: "identify".into(), what: "Key `helpdesk`.".into() }];
    record.config_digest = "sha256:0123456789abcdef".into();
    record.tries = vec![TryRecord {
        provider: "acme".into(),
        model: "fast-1".into(),
        started_us: 100,
        first_content_us: Some(299_000),
        ended_us: 898_000,
        status: Some(200),
        outcome: "ok".into(),
        fault: None,
        usage,
        cost,
        charged: Nanousd(1_250_000),
        bytes_in: 900,
        bytes_out: 4_000,
    }];
    record
}

/// Context that a call was given.
pub(crate) fn attached() -> ContextReceipt {
    let span = ContextSpan {
        unit: "doc:docs/refunds.md".into(),
        kind: "doc".into(),
        digest: "d1".into(),
        path: "docs/refunds.md".into(),
        first_line: 3,
        last_line: 9,
        tokens: 70,
        view: "full".into(),
        why: "`refund` stands in its title".into(),
        tier: "retrieved".into(),
        is_eligible: true,
    };
    let hold_out = HoldOut { share_ppm: 20_000, eligible: 2, propensity_ppb: 10_000_000, held_out: Some("doc:docs/old.md".into()) };
    ContextReceipt {
        pack: "refunds".into(),
        asked_by: ContextAsker::Class,
        digest: "m1".into(),
        snapshot: "s1".into(),
        query_digest: "q1".into(),
        vocabulary: "o200k_base".into(),
        tokens: 70,
        budget_tokens: 4_000,
        bytes: 300,
        breakpoints: 1,
        breakpoints_dropped: 0,
        spans: vec![span],
        hold_out: Some(hold_out),
    }
}

/// A call whose cost and tokens nobody knows, that failed.
pub(crate) fn unknown(ago_ms: i64) -> CallRecord {
    let mut record = good(ago_ms);
    let cost = Cost::Unknown("the provider reported no usage".into());
    record.status = CallStatus::Failed;
    record.http_status = 502;
    record.usage = Usage::default();
    record.usage_certainty = Certainty::Unknown;
    record.cost = cost.clone();
    record.charge_certainty = Certainty::Unknown;
    record.first_content_us = None;
    record.fault = Some(Fault::new(FaultKind::UpstreamFailed, "The stream broke off.").remedy("Try again."));
    record.tries[0].usage = Usage::default();
    record.tries[0].cost = cost;
    record.tries[0].fault.clone_from(&record.fault);
    record
}
