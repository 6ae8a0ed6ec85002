//! `jeton up`: everything put together, started, kept fresh, and stopped.

mod banner;
mod context;
mod engine;
mod fallback;
pub(crate) mod live;
mod logging;
mod reload;
mod signals;
mod status;

use crate::cli::UpArgs;
use crate::context::{Context, env};
use crate::failure::Failure;
use engine::Reading;
use jeton_broker::{Broker, BrokerOptions, Buffers, Live, Surroundings};
use jeton_console::{Console, Metrics, ledger_access};
use jeton_core::SystemClock;
use jeton_gateway::{Gateway, GatewayOptions, Handle, Server, ServerOptions};
use jeton_ledger::sqlite::{Commit, Durability, OnCommit, Options, SqliteLedger};
use jeton_ledger::{AccountConfig, Budget, Ledger, Window};
use jeton_project::Snapshot;
use jeton_upstream::{Recorder, Upstream};
use reload::Reload;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often leases, keys and the configuration file are looked at. Revoked keys stop working within a second.
const TICK: Duration = Duration::from_millis(500);

/// Starts the server and serves until it is told to stop.
pub(crate) fn up(context: &Context, args: &UpArgs) -> Result<(), Failure> {
    let mut snapshot = context.snapshot()?;
    if let Some(listen) = args.listen {
        snapshot.gateway.listen = listen;
    }
    logging::start(&snapshot.log);
    // Before anything is served: who was answered once may stop the server.
    let signals = signals::Signals::listen()?;
    let running = start(context, Arc::new(snapshot), args)?;
    running.serve(&signals)
}

/// Figures that are read now and then, instead of being counted on the path of every call.
struct Gauges {
    metrics: Arc<Metrics>,
    broker: Arc<Broker>,
    buffers: Arc<Buffers>,
}

impl Gauges {
    fn look(&self, gateway: &Gateway) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics.calls_in_flight.set(whole(self.broker.calls_in_flight()));
        self.metrics.buffered_bytes.set(whole(self.buffers.held()));
        self.metrics.panics.add(gateway.panics().saturating_sub(self.metrics.panics.get()));
        self.buffers.set_most(self.broker.live().snapshot().gateway.buffer_limit_bytes);
    }
}

/// A started server.
struct Running {
    gateway: Arc<Gateway>,
    ledger: Arc<SqliteLedger>,
    handle: Handle,
    reload: Reload,
    gauges: Gauges,
    server_file: std::path::PathBuf,
}

fn start(context: &Context, snapshot: Arc<Snapshot>, args: &UpArgs) -> Result<Running, Failure> {
    let metrics = Arc::new(Metrics::new());
    let ledger = open_ledger(context, &snapshot, &metrics)?;
    refuse_open_door(&snapshot, &*ledger)?;
    let around = Surroundings { project_dir: context.project.dir(), env: &env, previous: None };
    let live = Live::assemble(Arc::clone(&snapshot), &around).map_err(|mistakes| {
        Failure::usage(mistakes.join("\n       "), "mend jeton.toml or the environment; `jeton config show --effective` shows what holds")
    })?;
    let watch_accounts = live::WatchAccounts::default();
    ledger.configure(accounts(&snapshot))?;
    let (tap, seen) = live::LiveTap::new();
    let read = jeton_console::EngineSlot::default();
    let observed = Arc::clone(&metrics);
    let options = BrokerOptions {
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        upstream: upstream(args.record.as_deref())?,
        clock: Arc::new(SystemClock),
        live,
        context: Some(Arc::new(context::Packs(Arc::clone(&read)))),
        on_record: Arc::new(move |record| observed.observe(record)),
        tap: Some(Arc::clone(&tap) as Arc<dyn jeton_broker::Tap>),
        node: 0,
    };
    let broker = Broker::new(options)?;
    let buffers = Buffers::new(snapshot.gateway.buffer_limit_bytes);
    let reading = Reading::begin(&read, context, &snapshot, &broker, &buffers);
    live::start(live::Judging {
        root: context.project.dir().to_owned(),
        tap,
        seen,
        ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
        broker: Arc::clone(&broker),
        buffers: Arc::clone(&buffers),
        engine: Arc::clone(&read),
        accounts: Arc::clone(&watch_accounts),
    });
    let tls = snapshot.gateway.tls.as_ref().map(|tls| (context.project.dir().join(&tls.cert), context.project.dir().join(&tls.key)));
    let server = Server::bind(&ServerOptions { listen: snapshot.gateway.listen, tls, workers: snapshot.gateway.workers })
        .map_err(|why| Failure::dependency(why, "`jeton config show --effective` shows gateway.listen"))?;
    let address = format!("{}://{}", if server.is_secure() { "https" } else { "http" }, server.address());
    let reload = Reload::new(context.project.clone(), Arc::clone(&broker), Arc::clone(&ledger), watch_accounts, reading, args.listen, Arc::clone(&metrics));
    let status = status::source(Arc::clone(&broker), reload.state(), address.clone(), &snapshot, context);
    let console = Console::new(
        Arc::clone(&ledger) as Arc<dyn Ledger>,
        Arc::clone(&metrics),
        Arc::new(SystemClock),
        status,
        ledger_access(Arc::clone(&ledger) as Arc<dyn Ledger>),
    );
    let settings = Arc::clone(&broker);
    let console = console.with_context(read, Arc::new(move || Arc::clone(settings.live().snapshot())));
    let gateway = Gateway::new(GatewayOptions {
        broker: Arc::clone(&broker),
        fallback: fallback::to(jeton_console::router(console)),
        readiness: status::readiness(Arc::clone(&ledger) as Arc<dyn Ledger>, reload.state()),
        buffers: Arc::clone(&buffers),
    });
    let handle = server.start(&gateway).map_err(|why| Failure::dependency(why, ""))?;
    ledger.announce(&address)?;
    let server_file = announce(&context.ledger_path(&snapshot), &address);
    banner::print(&address, &broker.live(), &*ledger, args.record.as_deref());
    let gauges = Gauges { metrics, broker, buffers };
    Ok(Running { gateway, ledger, handle, reload, gauges, server_file })
}

fn open_ledger(context: &Context, snapshot: &Snapshot, metrics: &Arc<Metrics>) -> Result<Arc<SqliteLedger>, Failure> {
    let durability = match snapshot.store.durability {
        jeton_project::Durability::Process => Durability::Process,
        jeton_project::Durability::Power => Durability::Power,
    };
    let metrics = Arc::clone(metrics);
    let on_commit: OnCommit = Arc::new(move |commit| match commit {
        Commit::Written { entries, took_us } => metrics.observe_commit(entries, took_us),
        Commit::Failed => metrics.observe_commit_failure(),
    });
    let options = Options { durability, on_commit: Some(on_commit), ..Options::default() };
    let ledger = SqliteLedger::open(&context.ledger_path(snapshot), options)?;
    if ledger.recovered() > 0 {
        tracing::warn!(calls = ledger.recovered(), "calls that a dead server had left unsettled were charged at what was held for them");
    }
    Ok(Arc::new(ledger))
}

/// Nothing listens to the world by accident.
fn refuse_open_door(snapshot: &Snapshot, ledger: &dyn Ledger) -> Result<(), Failure> {
    if !snapshot.is_public() || (ledger.has_keys() && ledger.has_admin_keys()) {
        return Ok(());
    }
    let missing = match (ledger.has_keys(), ledger.has_admin_keys()) {
        (false, false) => "neither keys for calls nor an admin key exist",
        (false, true) => "no key for calls exists",
        _ => "no admin key exists",
    };
    Err(Failure::usage(
        format!("{} can be reached from other machines, and {missing}: anybody could spend your money", snapshot.gateway.listen),
        "make both with `jeton key create NAME` and `jeton key admin`, or listen on 127.0.0.1",
    ))
}

fn upstream(record: Option<&Path>) -> Result<Arc<Upstream>, Failure> {
    let Some(directory) = record else { return Ok(Upstream::new()) };
    let recorder = Recorder::new(directory)
        .map_err(|error| Failure::dependency(format!("--record {}: {error}", directory.display()), "name a directory that can be written"))?;
    Ok(Upstream::recording(recorder))
}

/// The accounts of the configuration, as the ledger takes them.
pub(crate) fn accounts(snapshot: &Snapshot) -> Vec<AccountConfig> {
    let budget = |budget: &jeton_project::Budget| Budget {
        amount: budget.amount,
        window: Window::from_name(budget.window.as_str()).unwrap_or(Window::Total),
        timezone: budget.timezone.clone(),
    };
    snapshot
        .accounts
        .iter()
        .map(|(name, account)| AccountConfig { name: name.clone(), parent: account.parent.clone(), budget: account.budget.as_ref().map(budget) })
        .collect()
}

/// The same with those that bound what suites spend by themselves.
fn accounts_with(snapshot: &Snapshot, watched: &live::WatchAccounts) -> Vec<AccountConfig> {
    let mut all = accounts(snapshot);
    all.extend(watched.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter().cloned());
    all
}

/// Tells programs where the server is: `server.json` beside the ledger. Not needed to serve, so a failure is only noted.
fn announce(ledger: &Path, address: &str) -> std::path::PathBuf {
    let path = ledger.with_file_name("server.json");
    let text = serde_json::json!({ "address": address, "pid": std::process::id() }).to_string();
    if let Err(error) = std::fs::write(&path, text) {
        tracing::warn!(%error, "server.json could not be written");
    }
    path
}

impl Running {
    fn serve(mut self, signals: &signals::Signals) -> Result<(), Failure> {
        while signals.count() == 0 {
            if let Err(error) = self.ledger.tick() {
                tracing::warn!(%error, "the ledger's housekeeping failed");
            }
            self.reload.look();
            self.gauges.look(&self.gateway);
            signals.wait(TICK);
        }
        self.stop(signals);
        Ok(())
    }

    /// Lets calls under way end, up to the deadline; a second signal ends them at once.
    fn stop(self, signals: &signals::Signals) {
        let drain_deadline = Duration::from_millis(self.gauges.broker.live().snapshot().gateway.drain_deadline_ms);
        eprintln!("stopping: {} connections; calls under way have {} s (again to stop at once)", self.handle.open_connections(), drain_deadline.as_secs());
        self.gateway.stop_being_ready();
        self.handle.drain();
        let begun = Instant::now();
        while !self.handle.is_over() && signals.count() < 2 && begun.elapsed() < drain_deadline {
            signals.wait(Duration::from_millis(50));
        }
        self.handle.stop_now();
        self.handle.join();
        if let Err(error) = self.ledger.flush().wait() {
            tracing::error!(%error, "the last entries could not be written");
        }
        let _ = std::fs::remove_file(&self.server_file);
        eprintln!("stopped.");
    }
}
