//! What the console is given: the ledger, the metrics, and three questions that it asks of the rest of the program.

use crate::context::{ContextDesk, EngineSlot, SnapshotSource};
use crate::evals::TotalsKept;
use crate::metrics::Metrics;
use jeton_core::{Clock, Fault, Timestamp};
use jeton_ledger::Ledger;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a request may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything: the admin credential, or a loopback caller while no key exists.
    Full,
    /// A caller's key, by its name: receipts of and feedback on the calls that it made.
    Key(Arc<str>),
    /// Nothing, and why.
    Refused(Fault),
}

/// Tells what a request may do from its headers and the address of its connection. An address that is not known
/// (`None`) must be taken for a foreign one.
pub type AccessCheck = Arc<dyn Fn(&http::HeaderMap, Option<SocketAddr>) -> Access + Send + Sync>;

/// Tells the state of the program now. Called for every page and every `/api/status`; must not block for long.
pub type StatusSource = Arc<dyn Fn() -> Status + Send + Sync>;

/// The address of the connection that a request came by. The server puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Everything that the routes of the console work with.
#[derive(Clone)]
pub struct Console {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) status: StatusSource,
    pub(crate) access: AccessCheck,
    pub(crate) zone: TimeZone,
    pub(crate) context: Option<Arc<ContextDesk>>,
    pub(crate) totals: Arc<TotalsKept>,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("zone", &self.zone.iana_name()).finish_non_exhaustive()
    }
}

impl Console {
    /// A console over `ledger`. Days begin in the machine's time zone until [`Console::with_zone`] names another.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, metrics: Arc<Metrics>, clock: Arc<dyn Clock>, status: StatusSource, access: AccessCheck) -> Self {
        Self { ledger, metrics, clock, status, access, zone: TimeZone::system(), context: None, totals: Arc::default() }
    }

    /// The console with the project's context, which may come later than the console, and the settings in use, for packs and classes.
    #[must_use]
    pub fn with_context(mut self, engine: EngineSlot, snapshot: SnapshotSource) -> Self {
        self.context = Some(Arc::new(ContextDesk::new(engine, snapshot)));
        self
    }

    /// The time zone in which days begin and times are shown, by its IANA name.
    ///
    /// # Errors
    /// Where no such zone is known.
    pub fn with_zone(mut self, name: &str) -> Result<Self, String> {
        self.zone = TimeZone::get(name).map_err(|error| format!("`{name}` is not a known time zone: {error}"))?;
        Ok(self)
    }
}

/// The state of the program, as `/api/status` gives it and the page shows it. Holds no secret.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// When it started.
    pub started: Timestamp,
    /// Base addresses that it listens on, e.g. `http://127.0.0.1:4600`. The first is the one shown to users.
    pub listen: Vec<String>,
    /// What a finished response has survived: `process` or `power`.
    pub durability: String,
    /// The configuration in use.
    pub config: ConfigStatus,
    /// The providers, by name.
    pub providers: Vec<ProviderStatus>,
    /// The models that can be asked for, by name.
    pub models: Vec<ModelStatus>,
    /// Whether the program is draining its last calls before it ends.
    pub stopping: bool,
}

/// The configuration in use, and what is wrong with the one on disk.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigStatus {
    /// Digest of the snapshot in use.
    pub digest: String,
    /// Path of `jeton.toml`; `None` where there is none.
    pub path: Option<String>,
    /// When the snapshot in use was loaded.
    pub loaded: Timestamp,
    /// What is wrong with the file on disk; `None` where it is the one in use.
    pub problem: Option<ConfigProblem>,
}

/// A configuration that was not taken over.
#[derive(Clone, Debug, Serialize)]
pub struct ConfigProblem {
    /// When it was found.
    pub since: Timestamp,
    /// Every mistake, one text each: `jeton.toml:12:5: …`.
    pub mistakes: Vec<String>,
}

/// How a provider does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// The last tries succeeded.
    Up,
    /// Some of the last tries failed.
    Degraded,
    /// The last tries failed.
    Down,
    /// Nothing was tried so far.
    #[default]
    Unknown,
}

/// A provider and its health.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderStatus {
    /// Its name.
    pub name: String,
    /// What it speaks: `openai`, `anthropic`, `twin`, `replay`, `local`.
    pub api: String,
    /// Where it is; `None` for built-in ones.
    pub base_url: Option<String>,
    /// How it does.
    pub health: Health,
    /// Why, in a sentence: the last failure, or that a credential is missing.
    pub detail: Option<String>,
    /// When it was last tried.
    pub tried: Option<Timestamp>,
    /// Whether its money is simulated.
    pub simulated: bool,
}

/// A model that can be asked for.
#[derive(Clone, Debug, Serialize)]
pub struct ModelStatus {
    /// `provider/name`, or the name of a route.
    pub name: String,
    /// Endpoints that it answers: `chat`, `responses`, `messages`, `embeddings`.
    pub endpoints: Vec<String>,
    /// Whether its input and output both have a price.
    pub priced: bool,
    /// Whether its money is simulated.
    pub simulated: bool,
}
