//! The page over a ledger of invented calls, to look at it and to change its looks.
//!
//! ```text
//! cargo run -p jeton-console --example page              # http://127.0.0.1:4601, with a call every second
//! cargo run -p jeton-console --example page -- empty     # before the first call
//! cargo run -p jeton-console --example page -- trouble   # with a bad configuration and a failing provider
//! cargo run -p jeton-console --example page -- still     # no new calls
//! JETON_PAGE_LISTEN=127.0.0.1:0 cargo run -p jeton-console --example page    # at another address
//! JETON_CONTEXT=DIR cargo run -p jeton-console --example page    # with the context of the project in DIR
//! ```

#![allow(clippy::print_stdout)]

mod evals;

use jeton_console::{Access, ConfigProblem, ConfigStatus, Console, EngineSlot, Health, Metrics, ModelStatus, Peer, ProviderStatus, Status, router};
use jeton_context::engine::{Engine, EngineOptions};
use jeton_core::{Attribution, CallId, Certainty, Clock, Cost, Fault, FaultKind, ManualClock, Nanousd, SeededRandom, SystemClock, Timestamp, Usage};
use jeton_ledger::{AccountConfig, Ask, Budget, CallFilter, CallRecord, CallStatus, Decision, Feedback, Ledger, StageTime, TryRecord, Window, sqlite};
use std::sync::Arc;
use std::time::Duration;

const LISTEN: &str = "127.0.0.1:4601";
const DAY_MS: i64 = 86_400_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let scene = std::env::args().nth(1).unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("jeton-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    // The ledger's clock goes along with the invented calls, so that each is charged to the window that it lies in.
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let options = sqlite::Options { clock: clock.clone(), ..sqlite::Options::default() };
    let ledger: Arc<dyn Ledger> = Arc::new(sqlite::SqliteLedger::open(&folder.join("ledger.db"), options)?);
    let metrics = Arc::new(Metrics::new());
    ledger.configure(accounts())?;
    if scene != "empty" {
        fill(&*ledger, &metrics, &clock)?;
        let call = ledger.calls(&CallFilter { limit: 1, ..CallFilter::default() })?.first().map(|call| call.id.to_string());
        evals::fill(&*ledger, &evals::Scene { now: SystemClock.now(), runs: 9, cases: 48, word: "", call })?;
    }
    let started = Timestamp(SystemClock.now().0 - 3 * DAY_MS - 14_400_000);
    let trouble = scene == "trouble";
    let status = Arc::new(move || status(started, trouble));
    let console = Console::new(ledger.clone(), metrics.clone(), Arc::new(SystemClock), status, Arc::new(|_, _| Access::Full));
    let console = with_context(console)?;
    if scene.is_empty() {
        let (ledger, metrics) = (ledger.clone(), metrics.clone());
        tokio::spawn(async move { go_on(&*ledger, &metrics, &clock).await });
    }
    serve(router(console)).await
}

/// The console with the context of the project that the environment names.
fn with_context(console: Console) -> Result<Console, Failure> {
    let Some(folder) = std::env::var_os("JETON_CONTEXT") else { return Ok(console) };
    let project = jeton_project::Project::open(&folder);
    let snapshot = Arc::new(project.load(&|_| None).map_err(|report| format!("{:?}", report.diagnostics))?);
    let slot = EngineSlot::default();
    let filled = slot.clone();
    std::thread::spawn(move || filled.set(Arc::new(Engine::open(project.dir(), EngineOptions::default()))));
    Ok(console.with_context(slot, Arc::new(move || snapshot.clone())))
}

async fn serve(router: axum::Router) -> Result<(), Failure> {
    let address = std::env::var("JETON_PAGE_LISTEN").unwrap_or_else(|_| LISTEN.to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let router = router.clone();
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(Peer(peer));
                hyper::service::Service::call(&hyper_util::service::TowerToHyperService::new(router.clone()), request)
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
        });
    }
}

fn accounts() -> Vec<AccountConfig> {
    let account = |name: &str, parent: Option<&str>, usd: Option<(&str, Window)>| AccountConfig {
        name: name.into(),
        parent: parent.map(Into::into),
        budget: usd.map(|(usd, window)| Budget { amount: Nanousd::parse_usd(usd).unwrap_or_default(), window, timezone: "Europe/Berlin".into() }),
    };
    vec![
        account("acme", None, Some(("150", Window::Month))),
        account("support", Some("acme"), Some(("40", Window::Month))),
        account("engineering", Some("acme"), Some(("25", Window::Day))),
        account("research", Some("acme"), Some(("0.10", Window::Total))),
        account("ci", Some("engineering"), Some(("14", Window::Day))),
        account("default", None, None),
    ]
}

fn status(started: Timestamp, trouble: bool) -> Status {
    let now = SystemClock.now();
    let provider = |name: &str, api: &str, base_url: Option<&str>, simulated| ProviderStatus {
        name: name.into(),
        api: api.into(),
        base_url: base_url.map(Into::into),
        health: Health::Up,
        detail: None,
        tried: Some(now),
        simulated,
    };
    let mut providers = vec![
        provider("anthropic", "anthropic", Some("https://api.anthropic.com"), false),
        provider("openai", "openai", Some("https://api.openai.com/v1"), false),
        provider("lab", "openai", Some("http://10.0.0.7:8000/v1"), false),
        provider("local", "local", None, false),
        provider("twin", "twin", None, true),
    ];
    providers[2].health = Health::Unknown;
    let problem = trouble.then(|| ConfigProblem {
        since: Timestamp(now.0 - 420_000),
        mistakes: vec![
            "jeton.toml:14:9: unknown key `limit` in [models.\"lab/coder-7b\"]; did you mean `limits`?".into(),
            "jeton.toml:31:15: route `cheap-first` tries `openai/gpt-5-nano`, which is not a model; nearest: openai/gpt-5-mini".into(),
        ],
    });
    if trouble {
        providers[1].health = Health::Down;
        providers[1].detail = Some("The last 6 tries ended with status 529, overloaded.".into());
    }
    let models = [("anthropic/claude-sonnet-4-5", "messages"), ("openai/gpt-5-mini", "chat"), ("local/extract", "chat")];
    Status {
        version: env!("CARGO_PKG_VERSION").into(),
        started,
        listen: vec!["http://127.0.0.1:4600".into()],
        durability: "process".into(),
        config: ConfigStatus { digest: "sha256:3f9ac17be20d4417".into(), path: Some("jeton.toml".into()), loaded: started, problem },
        providers,
        models: models.map(|(name, endpoint)| ModelStatus { name: name.into(), endpoints: vec![endpoint.into()], priced: true, simulated: false }).to_vec(),
        stopping: false,
    }
}

/// What one class of work looks like: account, key, endpoint, models by preference, tokens in and out, share of the traffic.
struct Kind {
    class: &'static str,
    accounts: &'static [&'static str],
    key: &'static str,
    endpoint: &'static str,
    models: &'static [usize],
    input: u64,
    output: u64,
    share: f64,
}

/// Name, price of input, cached input and output in nano-dollars per 1,000 tokens (0: unknown), first content in ms, µs per token, share of failing tries.
const MODELS: [(&str, u64, u64, u64, f64, f64, f64); 6] = [
    ("anthropic/claude-sonnet-4-5", 3_000_000, 300_000, 15_000_000, 900.0, 14_000.0, 0.01),
    ("openai/gpt-5-mini", 250_000, 25_000, 2_000_000, 520.0, 7_000.0, 0.015),
    ("anthropic/claude-haiku-4-5", 1_000_000, 100_000, 5_000_000, 410.0, 6_500.0, 0.004),
    ("lab/coder-7b", 0, 0, 0, 160.0, 4_000.0, 0.03),
    ("twin/steady", 1_000_000, 100_000, 4_000_000, 240.0, 3_000.0, 0.05),
    ("local/extract", 1, 1, 1, 14.0, 40.0, 0.0),
];

const KINDS: [Kind; 7] = [
    Kind {
        class: "support.refund",
        accounts: &["key:helpdesk", "support", "acme"],
        key: "helpdesk",
        endpoint: "messages",
        models: &[2, 0],
        input: 3_200,
        output: 260,
        share: 0.30,
    },
    Kind {
        class: "support.triage",
        accounts: &["key:helpdesk", "support", "acme"],
        key: "helpdesk",
        endpoint: "chat",
        models: &[1, 2],
        input: 900,
        output: 40,
        share: 0.27,
    },
    Kind {
        class: "code.review",
        accounts: &["key:ci", "ci", "engineering", "acme"],
        key: "ci",
        endpoint: "messages",
        models: &[0],
        input: 14_000,
        output: 1_100,
        share: 0.09,
    },
    Kind {
        class: "code.complete",
        accounts: &["key:editor", "engineering", "acme"],
        key: "editor",
        endpoint: "chat",
        models: &[3, 1],
        input: 1_800,
        output: 90,
        share: 0.14,
    },
    Kind {
        class: "docs.extract",
        accounts: &["key:docs", "research", "acme"],
        key: "docs",
        endpoint: "chat",
        models: &[5, 1],
        input: 2_400,
        output: 120,
        share: 0.08,
    },
    Kind { class: "rehearsal", accounts: &["default"], key: "", endpoint: "responses", models: &[4], input: 1_200, output: 300, share: 0.07 },
    Kind { class: "unclassified", accounts: &["default"], key: "", endpoint: "chat", models: &[1], input: 600, output: 200, share: 0.05 },
];

/// Thirty days of calls, more by day than by night, and a few under way.
fn fill(ledger: &dyn Ledger, metrics: &Metrics, clock: &ManualClock) -> Result<(), Failure> {
    let now = SystemClock.now().0;
    let mut random = SeededRandom::new(11);
    let mut at = now - 30 * DAY_MS;
    let mut sequence = 0;
    let mut durable = None;
    while at < now - 4_000 {
        let hour = (at.rem_euclid(DAY_MS) as f64 / 3_600_000.0 - 13.0) / 24.0 * std::f64::consts::TAU;
        let weekend = (at / DAY_MS + 3) % 7 >= 5;
        let per_hour = (30.0 + 150.0 * (hour.cos() * 1.4).exp() / 4.0) * if weekend { 0.35 } else { 1.0 } * if now - at < DAY_MS { 2.2 } else { 0.35 };
        at += (-(1.0 - random.unit()).ln() * 3_600_000.0 / per_hour) as i64 + 1;
        sequence = (sequence + 1) % 4_096;
        let record = call(Timestamp(at.min(now - 1_000)), sequence, &mut random);
        metrics.observe(&record);
        clock.set(record.started);
        put_by(ledger, &record);
        let (id, good) = (record.id, record.status == CallStatus::Ok);
        durable = Some(ledger.settle(record));
        if good && sequence % 900 == 7 {
            durable.take().map(jeton_ledger::Durable::wait).transpose()?;
            let comment = Some("Named the right order and the right amount.".to_owned());
            ledger.feedback(id, &Feedback { verdict: "good".into(), score: Some(0.9), comment, by: "helpdesk".into(), at: Timestamp(at + 40_000) })?;
        }
    }
    ledger.flush().wait()?;
    drop(durable);
    clock.set(SystemClock.now());
    hold(ledger, now);
    metrics.calls_in_flight.set(3);
    Ok(())
}

/// Holds what the record says was held, where the accounts afford it.
fn put_by(ledger: &dyn Ledger, record: &CallRecord) {
    let (accounts, class, model) = (record.attribution.accounts.clone(), record.attribution.class.clone(), record.model_asked.as_str().into());
    let ask = Ask { call: record.id, accounts, class, model, floor: record.held, want: record.held, lease_ms: DAY_MS, simulated: record.simulated };
    if record.status != CallStatus::Refused {
        let _ = ledger.admit(&ask);
    }
}

fn hold(ledger: &dyn Ledger, now: i64) {
    for (sequence, (accounts, usd)) in
        [(&["ci", "engineering", "acme"][..], "0.34"), (&["support", "acme"][..], "1.85"), (&["research", "acme"][..], "0.02")].into_iter().enumerate()
    {
        let amount = Nanousd::parse_usd(usd).unwrap_or_default();
        let call = CallId::from_i64(CallId::first_at(Timestamp(now)).to_i64() | (4_000 + sequence as i64));
        let accounts = accounts.iter().map(|name| Arc::from(*name)).collect();
        let _ = ledger.admit(&Ask {
            call,
            accounts,
            class: "code.review".into(),
            model: "m".into(),
            floor: Nanousd(1),
            want: amount,
            lease_ms: DAY_MS,
            simulated: false,
        });
    }
}

async fn go_on(ledger: &dyn Ledger, metrics: &Metrics, clock: &ManualClock) {
    let mut random = SeededRandom::new(SystemClock.now().0.unsigned_abs());
    loop {
        tokio::time::sleep(Duration::from_millis(400 + random.below(1_600))).await;
        clock.set(SystemClock.now());
        let record = call(clock.now(), i64::try_from(random.below(3_000)).unwrap_or(0), &mut random);
        metrics.observe(&record);
        put_by(ledger, &record);
        let _ = ledger.settle(record).await;
    }
}

/// A call as it might have happened at `at`.
fn call(at: Timestamp, sequence: i64, random: &mut SeededRandom) -> CallRecord {
    let mut pick = random.unit();
    let kind = KINDS
        .iter()
        .find(|kind| {
            (pick < kind.share) || {
                pick -= kind.share;
                false
            }
        })
        .unwrap_or(&KINDS[0]);
    let id = CallId::from_i64(CallId::first_at(at).to_i64() | sequence);
    let mut attribution = Attribution::new(kind.accounts.iter().map(|name| Arc::from(*name)).collect());
    attribution.class = kind.class.into();
    attribution.key = Some(kind.key).filter(|key| !key.is_empty()).map(Into::into);
    attribution.tags = vec!["release=2026.11".into()];
    let mut record = CallRecord::begun(id, at, attribution);
    record.endpoint = kind.endpoint.into();
    record.model_asked = MODELS[kind.models[0]].0.into();
    record.simulated = kind.models[0] == 4;
    record.stream = kind.endpoint != "responses" || random.unit() < 0.5;
    record.config_digest = "sha256:3f9ac17be20d4417".into();
    record.price_version = Some("2026-11-20".into());
    record.request_bytes = kind.input * 5;
    record.own_us = 90 + random.below(200);
    // One bad hour, so that a failure has something to look like.
    let bad = if (17.0..18.0).contains(&(((at.0 - SystemClock.now().0) as f64 / 3_600_000.0) + 24.0)) { 20.0 } else { 1.0 };
    if random.unit() < 0.012 {
        refuse(&mut record);
    } else {
        answer(&mut record, kind, bad, random);
    }
    record
}

fn refuse(record: &mut CallRecord) {
    record.status = CallStatus::Refused;
    record.http_status = 400;
    record.cost = Cost::Known(Nanousd::ZERO);
    record.total_us = 310;
    record.stages = stages(&[("identify", 12), ("classify", 20), ("admit", 41), ("hold", 60)]);
    record.decisions = vec![Decision { stage: "hold".into(), what: "Account `research` has $0.04 left of $1.20; the call needs at least $0.09.".into() }];
    record.fault = Some(
        Fault::new(FaultKind::BudgetExhausted, "The budget of account `research` does not reach.")
            .remedy("It renews at midnight; raise it in jeton.toml to go on today."),
    );
}

fn stages(times: &[(&'static str, u64)]) -> Vec<StageTime> {
    times.iter().map(|(stage, at_us)| StageTime { stage: (*stage).into(), at_us: *at_us }).collect()
}

fn answer(record: &mut CallRecord, kind: &Kind, bad: f64, random: &mut SeededRandom) {
    let spread =
        |random: &mut SeededRandom| (0.3 * (random.unit() + random.unit() + random.unit() - 1.5) * 3.4 + if random.unit() < 0.03 { 1.6 } else { 0.0 }).exp();
    let mut at_us = 96;
    let mut ended = CallStatus::Failed;
    for &place in kind.models {
        let (name, input, cached, output, first_ms, token_us, failing) = MODELS[place];
        let (provider, model) = name.split_once('/').unwrap_or((name, name));
        let fails = random.unit() < failing * bad;
        let tokens_out = (kind.output as f64 * spread(random)) as u64 + 1;
        let tokens_in = (kind.input as f64 * spread(random)) as u64 + 1;
        let from_cache = if input > 1 && kind.input > 2_000 { tokens_in * 7 / 10 } else { 0 };
        let first = at_us + (first_ms * 1_000.0 * spread(random)) as u64;
        let end = if fails { first } else { first + (tokens_out as f64 * token_us) as u64 };
        let nano = (tokens_in - from_cache) * input / 1_000 + from_cache * cached / 1_000 + tokens_out * output / 1_000;
        let nano = if input == 1 { 0 } else { nano };
        let cost = if fails {
            Cost::Known(Nanousd::ZERO)
        } else if input == 0 {
            Cost::Unknown("the price of input is unknown".into())
        } else {
            Cost::Known(Nanousd(nano as i64))
        };
        let usage = if fails {
            Usage::default()
        } else {
            Usage {
                input: Some(tokens_in - from_cache),
                cache_read: (from_cache > 0).then_some(from_cache),
                output: Some(tokens_out),
                reasoning: (place == 1).then_some(tokens_out / 3),
                ..Usage::default()
            }
        };
        let charged = if input == 0 && !fails { Nanousd(4_000_000) } else { cost.known().unwrap_or_default() };
        let fault = fails.then(|| Fault::new(FaultKind::Overloaded, format!("{provider} is overloaded (529).")));
        record.tries.push(TryRecord {
            provider: provider.into(),
            model: model.into(),
            started_us: at_us,
            first_content_us: (!fails).then_some(first),
            ended_us: end,
            status: Some(if fails { 529 } else { 200 }),
            outcome: if fails { "overloaded" } else { "ok" }.into(),
            fault: fault.clone(),
            usage: usage.clone(),
            cost: cost.clone(),
            charged,
            bytes_in: tokens_out * 22,
            bytes_out: record.request_bytes,
        });
        at_us = end + 40;
        record.total_us = end + 150;
        if fails {
            record.fault = fault;
            record.cost = Cost::Known(Nanousd::ZERO);
            record.http_status = 529;
            continue;
        }
        record.usage = usage;
        record.usage_certainty = Certainty::Reported;
        record.charge_certainty = if input == 0 { Certainty::Unknown } else { Certainty::Reported };
        record.cost = cost;
        record.charged = charged;
        record.held = Nanousd(charged.0 * 3 + 1_000);
        record.model = Some(name.into());
        record.first_content_us = record.stream.then_some(first + 60);
        record.response_bytes = tokens_out * 22;
        record.finish_reason = Some("end_turn".into());
        record.http_status = 200;
        record.fault = None;
        ended = CallStatus::Ok;
        break;
    }
    if ended == CallStatus::Ok && random.unit() < 0.01 {
        ended = CallStatus::Cancelled;
        record.usage_certainty = Certainty::Estimated;
        record.charge_certainty = Certainty::Estimated;
    }
    record.status = ended;
    finish(record, kind);
}

fn finish(record: &mut CallRecord, kind: &Kind) {
    let first = record.first_content_us.unwrap_or(record.total_us);
    record.stages = stages(&[
        ("identify", 11),
        ("classify", 19),
        ("admit", 34),
        ("hold", 58),
        ("choose", 71),
        ("try", 96),
        ("meter", first),
        ("settle", record.total_us - 90),
        ("record", record.total_us),
    ]);
    let decision = |stage: &'static str, what: String| Decision { stage: stage.into(), what };
    record.decisions = vec![
        decision("classify", format!("Class `{}` by the header.", kind.class)),
        decision("hold", format!("{} put by: the bound of {} tokens in and 1,024 out.", record.held, kind.input * 2)),
        decision(
            "choose",
            format!(
                "{} in this order: {}.",
                if kind.models.len() > 1 { "Route `cheap-first`" } else { "The model that was asked for" },
                kind.models.iter().map(|&place| MODELS[place].0).collect::<Vec<_>>().join(", ")
            ),
        ),
    ];
    if record.tries.len() > 1 {
        record.decisions.push(decision("try", "The first try failed before any content, so the next model was asked.".into()));
    }
}
