//! Replies that are laid down in advance.

use super::config::Vice;
use jeton_core::Usage;
use jeton_wire::canonical::StopReason;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One reply of a script: reasoning first, then text or refusal, then tool calls. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedReply {
    /// Shown reasoning.
    pub thinking: Option<String>,
    /// The signature of the reasoning.
    pub signature: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// A refusal, apart from the text.
    pub refusal: Option<String>,
    /// Tool calls, in order.
    pub tool_calls: Vec<ScriptedCall>,
    /// Figures to state; what is left out is estimated from the texts.
    pub usage: ScriptedUsage,
    /// Why the reply ends. Default: `tool_use` after tool calls, `refusal` after a refusal, else `end_turn`.
    pub stop: Option<ScriptedStop>,
    /// The stop text that was reached, with `stop = "stop_sequence"`.
    pub stop_sequence: Option<String>,
    /// The reply goes wrong in this way.
    pub vice: Option<Vice>,
}

/// A tool call of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// The tool's name.
    pub name: String,
    /// The arguments: an object, or a text that is sent as it is, valid JSON or not.
    #[serde(default = "no_arguments")]
    pub arguments: Value,
    /// The call's id. Default: made up.
    #[serde(default)]
    pub id: Option<String>,
}

fn no_arguments() -> Value {
    Value::Object(serde_json::Map::new())
}

impl ScriptedCall {
    /// The arguments as they travel.
    pub(super) fn arguments_json(&self) -> String {
        if let Value::String(raw) = &self.arguments { raw.clone() } else { self.arguments.to_string() }
    }
}

/// Figures of usage, as in [`Usage`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptedUsage {
    /// Input tokens outside caches.
    pub input: Option<u64>,
    /// Input tokens read from a cache.
    pub cache_read: Option<u64>,
    /// Input tokens written to a cache of the default life.
    pub cache_write: Option<u64>,
    /// Input tokens written to a cache that lives one hour.
    pub cache_write_1h: Option<u64>,
    /// All output tokens.
    pub output: Option<u64>,
    /// The part of the output that was reasoning.
    pub reasoning: Option<u64>,
}

impl From<ScriptedUsage> for Usage {
    fn from(stated: ScriptedUsage) -> Self {
        let ScriptedUsage { input, cache_read, cache_write, cache_write_1h, output, reasoning } = stated;
        Self { input, cache_read, cache_write, cache_write_1h, output, reasoning, ..Self::default() }
    }
}

/// Why a scripted reply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedStop {
    /// Done.
    EndTurn,
    /// Output limit reached.
    MaxTokens,
    /// Stop text reached.
    StopSequence,
    /// Waits for tools.
    ToolUse,
    /// Refused.
    Refusal,
    /// Paused by the provider.
    PauseTurn,
    /// Context window full.
    ContextWindowExceeded,
}

impl ScriptedReply {
    /// Why the reply ends.
    pub(super) fn stop_reason(&self) -> StopReason {
        match self.stop {
            Some(ScriptedStop::EndTurn) => StopReason::EndTurn,
            Some(ScriptedStop::MaxTokens) => StopReason::MaxTokens,
            Some(ScriptedStop::StopSequence) => StopReason::StopSequence(self.stop_sequence.clone().unwrap_or_default()),
            Some(ScriptedStop::ToolUse) => StopReason::ToolUse,
            Some(ScriptedStop::Refusal) => StopReason::Refusal,
            Some(ScriptedStop::PauseTurn) => StopReason::PauseTurn,
            Some(ScriptedStop::ContextWindowExceeded) => StopReason::ContextWindowExceeded,
            None if !self.tool_calls.is_empty() => StopReason::ToolUse,
            None if self.refusal.is_some() => StopReason::Refusal,
            None => StopReason::EndTurn,
        }
    }
}
