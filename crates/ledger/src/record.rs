//! The record of a call: what the receipt shows and the reports sum.

use crate::ContextReceipt;
use jeton_core::{Attribution, CallId, Certainty, Cost, Fault, Nanousd, Timestamp, Usage};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// A whole answer was given.
    Ok,
    /// Jeton refused it before anything was sent upstream.
    Refused,
    /// Every try failed, or the answer broke off on the provider's side.
    Failed,
    /// The client went away before the end.
    Cancelled,
    /// The process ended, or the lease ran out, before the call was settled; it is charged at what was held.
    Interrupted,
}

impl CallStatus {
    /// All of them, in the order of their codes in the store.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Refused, Self::Failed, Self::Cancelled, Self::Interrupted];

    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Everything that is kept of one call. Holds no prompt, no answer and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Its id; sorts by time.
    pub id: CallId,
    /// When the request came in.
    pub started: Timestamp,
    /// Who pays, and what kind of work it was.
    pub attribution: Attribution,
    /// The endpoint's name: `chat`, `responses`, `messages`, `count_tokens`, `embeddings`.
    pub endpoint: String,
    /// The model as the caller named it.
    pub model_asked: String,
    /// The model that answered, as `provider/name`; none where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The route that chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How it ended.
    pub status: CallStatus,
    /// The HTTP status sent to the caller; 0 where none was, or where nobody knows.
    pub http_status: u16,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// What all tries used together.
    pub usage: Usage,
    /// Where the usage comes from.
    pub usage_certainty: Certainty,
    /// What all tries cost together.
    pub cost: Cost,
    /// What budgets count: the cost, or the bound where the cost is unknown.
    pub charged: Nanousd,
    /// Where the charge comes from.
    pub charge_certainty: Certainty,
    /// The version of the price book that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_version: Option<String>,
    /// Whether a simulated provider answered: counted in budgets, shown apart in totals.
    pub simulated: bool,
    /// What was held for it in the end, raises included.
    pub held: Nanousd,
    /// The tries upstream, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<TryRecord>,
    /// When each stage was reached.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageTime>,
    /// Microseconds from the start to the first content sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_content_us: Option<u64>,
    /// Microseconds from the start to the end.
    pub total_us: u64,
    /// Microseconds of `total_us` that were Jeton's own.
    pub own_us: u64,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// Bytes of the response's body.
    pub response_bytes: u64,
    /// The finish or stop reason, in the provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<String>,
    /// Tool calls in the answer.
    pub tool_calls: u64,
    /// Why things went the way they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// The context that was attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<ContextReceipt>>,
    /// What the caller was told, where it was an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Digest of the configuration that was in force.
    pub config_digest: String,
}

impl CallRecord {
    /// The record of a call that only its attribution and start are known of: nothing used, nothing charged, status
    /// [`CallStatus::Interrupted`]. A caller fills in the rest.
    #[must_use]
    pub fn begun(id: CallId, started: Timestamp, attribution: Attribution) -> Self {
        Self {
            id,
            started,
            attribution,
            endpoint: String::new(),
            model_asked: String::new(),
            model: None,
            route: None,
            status: CallStatus::Interrupted,
            http_status: 0,
            stream: false,
            usage: Usage::default(),
            usage_certainty: Certainty::Unknown,
            cost: Cost::Unknown("not settled".to_owned()),
            charged: Nanousd::ZERO,
            charge_certainty: Certainty::Unknown,
            price_version: None,
            simulated: false,
            held: Nanousd::ZERO,
            tries: Vec::new(),
            stages: Vec::new(),
            first_content_us: None,
            total_us: 0,
            own_us: 0,
            request_bytes: 0,
            response_bytes: 0,
            finish_reason: None,
            tool_calls: 0,
            decisions: Vec::new(),
            context: None,
            fault: None,
            config_digest: String::new(),
        }
    }

    /// The account nearest to the call.
    #[must_use]
    pub fn account(&self) -> Option<&Arc<str>> {
        self.attribution.accounts.first()
    }
}

/// One try against one provider. Times are microseconds since the call's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryRecord {
    /// The provider's name.
    pub provider: String,
    /// The provider's own name of the model.
    pub model: String,
    /// When it was sent.
    pub started_us: u64,
    /// When its first content came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_content_us: Option<u64>,
    /// When it ended.
    pub ended_us: u64,
    /// The provider's HTTP status, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// A stable word for how it ended, e.g. `ok`, `connect_failed`, `rate_limited`.
    pub outcome: String,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What it used.
    pub usage: Usage,
    /// What it cost.
    pub cost: Cost,
    /// What budgets count for it. The tries' charges sum to the call's.
    pub charged: Nanousd,
    /// Bytes received from the provider.
    pub bytes_in: u64,
    /// Bytes sent to the provider.
    pub bytes_out: u64,
}

/// When a stage of the path was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// The stage's name.
    pub stage: Cow<'static, str>,
    /// Microseconds since the call's start.
    pub at_us: u64,
}

/// A decision and its reason, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The stage that decided.
    pub stage: Cow<'static, str>,
    /// What was decided, and why.
    pub what: String,
}
