//! The typed, immutable reading of a project's configuration.

use crate::effective::Setting;
use crate::{ContextSettings, HeaderValue, Network, Pack, Pattern, SecretRef};
use jeton_core::{AbilityOverrides, Nanousd, Price, Rate};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// One validated reading of `jeton.toml` and the environment. Never changed; a new reading makes a new one.
/// Relative paths in it start at the project's directory.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// 16 hexadecimal digits over every effective value: equal where nothing that matters differs.
    pub digest: String,
    /// How Jeton serves.
    pub gateway: Gateway,
    /// Where measured things are kept.
    pub store: Store,
    /// What Jeton logs.
    pub log: Log,
    /// Rules for holds and unknown prices.
    pub budget: BudgetRules,
    /// Timers of a try, where provider and route say nothing else.
    pub timeouts: Timeouts,
    /// By name. `local`, `twin` and `replay` are always among them.
    pub providers: BTreeMap<String, Provider>,
    /// What was said of single models, by `provider/name`.
    pub models: BTreeMap<String, Model>,
    /// By name.
    pub routes: BTreeMap<String, Route>,
    /// By name; a parent that has no table of its own is here without a budget.
    pub accounts: BTreeMap<String, Account>,
    /// By name.
    pub classes: BTreeMap<String, Class>,
    /// Names of `classes` in the order of the file: the first whose rule matches takes the call.
    pub class_order: Vec<String>,
    /// By name, from `jeton.toml` and from files of their own.
    pub packs: BTreeMap<String, Pack>,
    /// How the catalogue of context is read.
    pub context: ContextSettings,
    /// What is allowed but worth knowing, a sentence each.
    pub notes: Vec<String>,
    #[serde(skip)]
    pub(crate) settings: Arc<[Setting]>,
}

impl Snapshot {
    /// Whether `gateway.listen` can be reached from other machines. Such an address without keys and an admin
    /// credential must refuse to start.
    #[must_use]
    pub fn is_public(&self) -> bool {
        !self.gateway.listen.ip().to_canonical().is_loopback()
    }

    /// Every setting that holds, with where it was said. Secrets are masked.
    #[must_use]
    pub fn effective(&self) -> Vec<Setting> {
        self.settings.to_vec()
    }

    /// The timers of a try: what the route says, else the provider, else `[timeouts]`. Unknown names say nothing.
    #[must_use]
    pub fn timeouts_for(&self, provider: &str, route: Option<&str>) -> Timeouts {
        let mut timeouts = self.timeouts;
        if let Some(provider) = self.providers.get(provider) {
            timeouts = timeouts.with(&provider.timeouts);
        }
        if let Some(route) = route.and_then(|name| self.routes.get(name)) {
            timeouts = timeouts.with(&route.timeouts);
        }
        timeouts
    }

    /// `account` and those above it, the nearest first. An account without a table stands alone.
    #[must_use]
    pub fn account_chain(&self, account: &str) -> Vec<String> {
        let mut chain = vec![account.to_owned()];
        while let Some(parent) = chain.last().and_then(|name| self.accounts.get(name)).and_then(|account| account.parent.clone()) {
            // No cycle passes validation; a chain is never longer than there are accounts.
            if chain.len() > self.accounts.len() {
                break;
            }
            chain.push(parent);
        }
        chain
    }
}

/// `[gateway]`: how Jeton serves HTTP.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gateway {
    /// Address and port to serve on. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The largest request body, in bytes as they arrive.
    pub body_limit_bytes: u64,
    /// The largest request body after decompression, in bytes.
    pub decompressed_limit_bytes: u64,
    /// Bytes that all calls together may hold in memory; at the bound new calls are refused.
    pub buffer_limit_bytes: u64,
    /// How long a client may take to send a request's head.
    pub header_timeout_ms: u64,
    /// How long a connection may stay silent.
    pub idle_timeout_ms: u64,
    /// How long a graceful stop waits for running calls.
    pub drain_deadline_ms: u64,
    /// Proxies whose forwarding headers are believed.
    #[serde(serialize_with = "as_texts")]
    pub trusted_proxies: Vec<Network>,
    /// Further names, lower-case, that the Host header may carry.
    pub allowed_hosts: Vec<String>,
    /// Origins of pages that may call from a browser, as browsers write them.
    pub cors_origins: Vec<String>,
    /// Certificate of the listener; none: plain HTTP.
    pub tls: Option<Tls>,
    /// Threads that serve; none: one for each core.
    pub workers: Option<usize>,
}

/// `gateway.tls`: PEM files of the listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// `[store]`: where the ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Store {
    /// The address as written, `sqlite:PATH`.
    pub url: String,
    /// The file of the address.
    pub path: PathBuf,
    /// What a charge survives.
    pub durability: Durability,
}

/// What a charge survives once the end of its response has been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The death of the process.
    Process,
    /// The death of the machine: each commit is synced.
    Power,
}

/// `[log]`: what Jeton writes about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Log {
    /// Text or JSON lines.
    pub format: LogFormat,
    /// The least weighty level that is written.
    pub level: LogLevel,
    /// Whether requests and whole answers are logged.
    pub prompts: bool,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// Weight of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// And what is doubtful.
    Warn,
    /// And what happened.
    Info,
    /// And how.
    Debug,
    /// And every step.
    Trace,
}

impl LogLevel {
    /// The level's name in lower case, as filters take it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// `[budget]`: how money is put by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BudgetRules {
    /// What happens to a call whose model has no known price.
    pub unknown_price: UnknownPrice,
    /// The least output limit in tokens that a call without one is given.
    pub output_floor_tokens: u64,
    /// The output bound in tokens of a model whose cap is unknown.
    pub default_output_bound_tokens: u64,
    /// How long a hold lives. At least the longest `total_ms`.
    pub lease_ms: u64,
}

/// What happens to a call whose model has no known price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownPrice {
    /// It is refused.
    Refuse,
    /// It is held and charged at this rate for every token.
    Bound(Rate),
}

/// Timers of one try, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// To a connection, name look-up and TLS included.
    pub connect_ms: u64,
    /// To the head of the response; none: `first_content_ms` bounds it.
    pub headers_ms: Option<u64>,
    /// To the first content. Pings, roles and opening events do not count.
    pub first_content_ms: u64,
    /// Between two pieces of the response.
    pub idle_ms: u64,
    /// To the end of the response.
    pub total_ms: u64,
}

impl Timeouts {
    /// These timers, with those that `over` sets in their place.
    #[must_use]
    pub fn with(self, over: &TimeoutOverrides) -> Self {
        Self {
            connect_ms: over.connect_ms.unwrap_or(self.connect_ms),
            headers_ms: over.headers_ms.or(self.headers_ms),
            first_content_ms: over.first_content_ms.unwrap_or(self.first_content_ms),
            idle_ms: over.idle_ms.unwrap_or(self.idle_ms),
            total_ms: over.total_ms.unwrap_or(self.total_ms),
        }
    }
}

/// Timers of a try that a provider or a route sets; see [`Timeouts`] for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimeoutOverrides {
    /// To a connection.
    pub connect_ms: Option<u64>,
    /// To the head of the response.
    pub headers_ms: Option<u64>,
    /// To the first content.
    pub first_content_ms: Option<u64>,
    /// Between two pieces.
    pub idle_ms: Option<u64>,
    /// To the end.
    pub total_ms: Option<u64>,
}

/// `[providers.NAME]`: who answers calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Provider {
    /// The dialect it speaks, or the built-in kind that it is.
    pub api: Api,
    /// What the vendor's SDK takes, without a slash at the end. Empty for the built-in kinds.
    pub base_url: String,
    /// Its credential; none: none is sent.
    pub api_key: Option<SecretRef>,
    /// Whose credential travels upstream.
    pub credential: CredentialSource,
    /// Headers sent with each call, by lower-case name.
    pub headers: BTreeMap<String, HeaderValue>,
    /// Where the prices of its models are looked up.
    pub prices: Prices,
    /// The field that carries an output limit put in by Jeton (Chat Completions).
    pub output_limit_field: OutputLimitField,
    /// Whether `stream_options` is sent.
    pub stream_options: StreamOptions,
    /// The endpoints that it has (`chat`, `responses`, `embeddings`), the one first to which calls to others are translated; empty:
    /// all of its dialect.
    pub endpoints: Vec<String>,
    /// The member of a message in which it takes back its own reasoning.
    pub reasoning_field: Option<String>,
    /// The version of Azure's older API, whose paths name a deployment.
    pub api_version: Option<String>,
    /// How calls of Bedrock are signed.
    pub aws: Aws,
    /// Its own timers.
    pub timeouts: TimeoutOverrides,
    /// Where it computes; compared with a class's `allow.regions`.
    pub region: Option<String>,
    /// What happens upstream when the client leaves.
    pub on_cancel: OnCancel,
    /// Names of its models; empty: not said, any name may be asked for.
    pub models: Vec<String>,
    /// Settings of a simulated provider, checked by what simulates it; null where none are given.
    pub twin: serde_json::Value,
    /// Where a replay provider finds its exchanges.
    pub replay_dir: PathBuf,
    /// Whether it stands in `jeton.toml`, came from the environment or is built in.
    pub declared: Declared,
}

/// `[providers.NAME.aws]`: how calls of Bedrock are signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Aws {
    /// The region that is called; none: it is read out of the address.
    pub region: Option<String>,
    /// The id of the access key; none: calls are not signed.
    pub access_key_id: Option<SecretRef>,
    /// Its secret.
    pub secret_access_key: Option<SecretRef>,
    /// The token of a temporary key.
    pub session_token: Option<SecretRef>,
}

/// Where a provider comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Declared {
    /// It has a table in `jeton.toml`.
    File,
    /// `OPENAI_…` or `ANTHROPIC_…` in the environment stands for it.
    Environment,
    /// It is always there.
    BuiltIn,
}

/// The dialect that a provider speaks, or the built-in kind that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// OpenAI's and everything compatible with it.
    Openai,
    /// Anthropic's.
    Anthropic,
    /// Google's Gemini API.
    Gemini,
    /// Google's models at Vertex AI: the same dialect, other addresses and credentials.
    Vertex,
    /// Amazon Bedrock's Converse.
    Bedrock,
    /// OpenAI's models at Azure: the same dialect, other addresses and credentials.
    Azure,
    /// A simulated provider.
    Twin,
    /// Recorded exchanges.
    Replay,
    /// Models inside Jeton.
    Local,
}

impl Api {
    /// The name in `jeton.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Vertex => "vertex",
            Self::Bedrock => "bedrock",
            Self::Azure => "azure",
            Self::Twin => "twin",
            Self::Replay => "replay",
            Self::Local => "local",
        }
    }

    /// Whether it is reached over the network.
    #[must_use]
    pub const fn is_remote(self) -> bool {
        !matches!(self, Self::Twin | Self::Replay | Self::Local)
    }

    /// The provider of the price book that sells its models, where the service has but one.
    #[must_use]
    pub const fn book(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("google"),
            Self::Vertex => Some("google-vertex"),
            Self::Bedrock => Some("amazon-bedrock"),
            Self::Azure => Some("azure"),
            _ => None,
        }
    }
}

/// Whose credential travels upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSource {
    /// The provider's `api_key`.
    Own,
    /// The one that the caller sent; Jeton's own key then travels in `jeton-key` or the URL.
    Caller,
}

/// Where the prices of a provider's models are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// Under this provider of the price book.
    Book(String),
    /// Nowhere: its models cost nothing (a server of one's own).
    Free,
}

/// The field that carries an output limit put in by Jeton into a Chat Completions request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputLimitField {
    /// Chosen by model and base address.
    Auto,
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// Whether `stream_options` is sent with streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamOptions {
    /// Yes, until the provider has refused it once.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What happens upstream when the client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCancel {
    /// The try is cut at once.
    Cancel,
    /// The response is read to its end, for exact usage.
    Drain,
}

/// `[models."provider/name"]`: what the price book lacks or has wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Model {
    /// Own prices; each one that is `None` is taken from the price book.
    pub price: Option<Price>,
    /// The context window in tokens: prompt and output together.
    pub context_tokens: Option<u64>,
    /// The longest output in tokens.
    pub output_tokens: Option<u64>,
    /// What it takes, where that is said.
    pub abilities: AbilityOverrides,
}

/// `[routes.NAME]`: a named way to choose among models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Models as `provider/name`, tried in this order. Never empty.
    pub models: Vec<String>,
    /// Its own timers for each try.
    pub timeouts: TimeoutOverrides,
    /// The most that all tries of a call may cost together.
    pub max_cost: Option<Nanousd>,
    /// How long all tries of a call may take together.
    pub total_ms: u64,
    /// Whether a model is passed over to which a translation would not carry all of a call.
    pub is_strict: bool,
}

/// `[accounts.NAME]`: who may spend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The account above, which pays as well.
    pub parent: Option<String>,
    /// What it may spend; none: as much as those above it may.
    pub budget: Option<Budget>,
}

/// An amount for each period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Budget {
    /// The amount.
    pub amount: Nanousd,
    /// The period.
    pub window: Window,
    /// IANA name of the time zone in which periods begin.
    pub timezone: String,
}

/// The period of a budget, by the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// From the full hour.
    Hour,
    /// From midnight.
    Day,
    /// From Monday, midnight.
    Week,
    /// From the first of the month.
    Month,
    /// From 1 January.
    Year,
    /// Once and for all.
    Total,
}

impl Window {
    /// The name in `jeton.toml`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Total => "total",
        }
    }
}

/// `[classes."NAME"]`: a kind of work.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Class {
    /// Rules by which calls are found to be of this class; one that holds is enough.
    pub rules: Vec<MatchRule>,
    /// What a good result is worth.
    pub value: Option<Nanousd>,
    /// The quality that it must have.
    pub quality: Option<Quality>,
    /// What may serve it.
    pub allow: Allow,
    /// What a call of it may take.
    pub limits: ClassLimits,
    /// Name of the pack whose context belongs to its calls.
    pub pack: Option<String>,
    /// Name of the route that serves it, where the caller names none.
    pub route: Option<String>,
}

/// Conditions that hold together; at least one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MatchRule {
    /// Name of the caller's key.
    pub key: Option<String>,
    /// A request header.
    pub header: Option<HeaderMatch>,
    /// The request's path starts with this, at a segment's end.
    pub path: Option<String>,
    /// A tag of the call: `name` or `name=value`.
    pub tag: Option<String>,
    /// The beginning of the system prompt.
    pub system: Option<Pattern>,
}

/// A header and what its value must fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeaderMatch {
    /// The header's name in lower case.
    pub name: String,
    /// What the value must fit.
    pub value: Pattern,
}

/// A suite and the score that it must reach.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Name of the suite.
    pub suite: Option<String>,
    /// The least score, from 0 to 1.
    pub at_least: Option<f64>,
}

/// What may serve a class. An empty list allows everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Allow {
    /// Names of providers.
    pub providers: Vec<String>,
    /// Regions of providers; one without a region is then not allowed.
    pub regions: Vec<String>,
    /// Models as `provider/name`, in which `*` stands for any run of characters.
    pub models: Vec<Pattern>,
}

/// What a call of a class may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClassLimits {
    /// The most it may cost.
    pub cost_per_call: Option<Nanousd>,
    /// The longest time to its first content.
    pub first_content_ms: Option<u64>,
    /// The most output tokens it may ask for.
    pub output_tokens: Option<u64>,
}

fn as_texts<S: serde::Serializer, T: ToString>(items: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(items.iter().map(ToString::to_string))
}
