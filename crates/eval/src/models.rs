//! The seam to whoever calls models.

use crate::Turn;
use jeton_core::Nanousd;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::future::Future;
use std::pin::Pin;

/// Calls models, one call at a time each; shared by all cases. The product's goes through the broker, a test's answers by script.
pub trait Models: Send + Sync {
    /// Calls a model and waits for its whole answer.
    ///
    /// What went wrong is part of the answer's type: a fault of provider or gateway is no answer.
    fn call(&self, call: ModelCall) -> Calling<'_, Answer>;

    /// The vectors of texts, by an embeddings model.
    fn embed(&self, model: &str, texts: Vec<String>, tags: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)>;
}

/// A call under way.
pub type Calling<'a, T> = Pin<Box<dyn Future<Output = Result<T, CallFault>> + Send + 'a>>;

/// One call of a model, as a suite asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelCall {
    /// `provider/name`, or a route's name.
    pub model: String,
    /// The conversation.
    pub turns: Vec<Turn>,
    /// Context to be put where the pack says, before the conversation is read.
    pub context: Option<ContextText>,
    /// Further fields of the request in Chat Completions' words: `temperature`, `max_tokens`, `tools`, `response_format`, `seed`.
    pub params: Map<String, Value>,
    /// The kind of work.
    pub class: Option<String>,
    /// Labels in the ledger: the suite, the run, the case.
    pub tags: Vec<String>,
    /// After which the call is given up, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// Compiled context as it goes into a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextText {
    /// The parts in order, each with whether a provider that caches should mark its end.
    pub segments: Vec<(String, bool)>,
    /// Whether it stands at the start of the last user message instead of before everything.
    pub in_user_turn: bool,
}

/// A whole answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// The tools that it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<ToolUse>,
    /// Why it ended, in one vocabulary: `stop`, `length`, `tool_calls`, `content_filter`, `refusal`; else the provider's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its call in the ledger; none where no model was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What it cost; none: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    /// Whether a simulated provider answered.
    #[serde(default)]
    pub is_simulated: bool,
    /// Tokens that went in; none: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u64>,
    /// Tokens that came out; none: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u64>,
    /// Microseconds from asking to the whole answer.
    pub latency_us: u64,
    /// How many tries upstream the call made.
    #[serde(default)]
    pub tries: u32,
}

/// A tool that an answer calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolUse {
    /// Its name.
    pub name: String,
    /// Its arguments; a text where they are no JSON.
    pub arguments: Value,
    /// The call's id in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Whose fault it is that there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    /// The provider or the way to it: 429, 5xx, timeouts, broken streams.
    Provider,
    /// The budget is spent: the run stops here.
    Budget,
    /// The request was refused for what it is: an unknown model, a context that does not fit.
    Request,
    /// A command or an endpoint that is the target.
    Target,
    /// A bug of ours.
    Internal,
}

/// Why there is no answer. It is missing data, never a wrong answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallFault {
    /// Whose fault it is.
    pub class: FaultClass,
    /// A stable word: `rate_limited`, `timeout`, `budget_exceeded`.
    pub code: String,
    /// What happened, for people.
    pub message: String,
    /// The HTTP status, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The call in the ledger, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// What it cost all the same; none: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
}
