//! The shape of every error that leaves Jeton: what, why, what next. Each dialect writes it in its own words.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What went wrong, as a stable word. Decides the HTTP status and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is malformed or asks for what cannot be.
    InvalidRequest,
    /// No credential, or one that is unknown, expired or revoked.
    Unauthenticated,
    /// The credential does not reach this far.
    Forbidden,
    /// No such path, model, route or call.
    NotFound,
    /// A method that the path does not know.
    MethodNotAllowed,
    /// The body is larger than the limit.
    TooLarge,
    /// The body comes in a form that is not read (content type or coding).
    UnsupportedMedia,
    /// The budget of an account has run out.
    BudgetExhausted,
    /// A rule of the class or the project forbids the call.
    PolicyRefused,
    /// The price of the model is unknown and the budget is hard.
    PriceUnknown,
    /// Too many requests upstream.
    RateLimited,
    /// The client went away before the end.
    ClientClosed,
    /// A bug of Jeton's own.
    Internal,
    /// The provider failed, or could not be reached.
    UpstreamFailed,
    /// The provider is overloaded.
    Overloaded,
    /// The provider did not answer in time.
    Timeout,
    /// Jeton cannot serve now: the ledger's store fails, the memory bound is reached, or it is stopping.
    Unavailable,
}

impl FaultKind {
    /// The HTTP status. 499 follows nginx's use for a client that left; 529 Anthropic's for overload.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::BudgetExhausted | Self::PriceUnknown => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::PolicyRefused => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UnsupportedMedia => 415,
            Self::RateLimited => 429,
            Self::ClientClosed => 499,
            Self::Internal => 500,
            Self::UpstreamFailed => 502,
            Self::Unavailable => 503,
            Self::Timeout => 504,
            Self::Overloaded => 529,
        }
    }

    /// Whether the same request may succeed a little later without anybody changing anything.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::UpstreamFailed | Self::Overloaded | Self::Timeout | Self::Unavailable | Self::Internal)
    }

    /// The stable word, as used in `code` fields, records and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::BudgetExhausted => "budget_exhausted",
            Self::PolicyRefused => "policy_refused",
            Self::PriceUnknown => "price_unknown",
            Self::RateLimited => "rate_limited",
            Self::ClientClosed => "client_closed",
            Self::Internal => "internal",
            Self::UpstreamFailed => "upstream_failed",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
        }
    }
}

/// An error on its way to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of error.
    pub kind: FaultKind,
    /// A finer code than the kind's, where there is one (`model_not_found`, `dialect_mismatch`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened and why, in one or two sentences. Holds no secret and no prompt.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The parameter of the request at fault, e.g. `model` or `messages[3].content`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// When trying again makes sense, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Fault {
    /// An error of `kind` that says what happened.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into(), remedy: None, param: None, retry_after_ms: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Names the parameter at fault.
    #[must_use]
    pub fn param(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Gives a finer code.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Says when to try again.
    #[must_use]
    pub const fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The finer code, or the kind's.
    #[must_use]
    pub fn code_or_kind(&self) -> &str {
        self.code.as_deref().unwrap_or(self.kind.code())
    }

    /// Message and remedy in one text.
    #[must_use]
    pub fn full_message(&self) -> String {
        match &self.remedy {
            Some(remedy) => format!("{} {remedy}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code_or_kind(), self.full_message())
    }
}

impl std::error::Error for Fault {}
