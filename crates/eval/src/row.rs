//! Rows: what became of each cell of a run. Totals are always recomputed from them.

use crate::{Answer, CallFault, Grade};
use jeton_context::Digest;
use jeton_core::{Nanousd, Timestamp};
use serde::{Deserialize, Serialize};

/// One thing to do: a case under a target, for the nth time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// The case's id.
    pub case: String,
    /// The target's name.
    pub target: String,
    /// The repeat, from 0.
    pub repeat: u32,
}

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that decides is met.
    Passed,
    /// Something that decides is not met.
    Failed,
    /// There is an answer, and no verdict on it.
    Unscored,
    /// There is no answer: missing data.
    Error,
}

/// One row. Appended once, never changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its place in the seeded order of the run, from 0: the order in which sequential decisions take it in.
    pub launch: u64,
    /// What was done.
    #[serde(flatten)]
    pub cell: Cell,
    /// The case's cluster.
    pub cluster: String,
    /// The case's labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The weighted mean of the grades that decide, from 0 to 1; none where unscored or without an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The case's weight.
    pub weight: f64,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<CallFault>,
    /// What the graders say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grades: Vec<Grade>,
    /// The context that the call was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<ContextUse>,
    /// What the cell cost, graders included; none: unknown in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    /// The digest of the request: model, conversation, context and parameters.
    pub request: Digest,
    /// Whether the answer was taken from an earlier run.
    #[serde(default)]
    pub is_cached: bool,
    /// When it was written.
    pub at: Timestamp,
}

/// The context of a call, as its manifest says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContextUse {
    /// The pack's name.
    pub pack: String,
    /// The digest of the compiled bytes.
    pub digest: Digest,
    /// The digest of all that could be chosen from.
    pub snapshot: Digest,
    /// Its tokens.
    pub tokens: u64,
    /// The tokens that were allowed.
    pub budget_tokens: u64,
    /// The units in it, in order.
    pub units: Vec<UnitUse>,
    /// Units that were put in by an experiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserted: Vec<String>,
    /// Units that were left out by an experiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// Needed units that were looked at and are not in, each with why: not found, out of scope, cut by the budget, ranked too low.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<(String, String)>,
}

/// A unit in a context.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitUse {
    /// Its id.
    pub unit: String,
    /// Its digest then.
    pub digest: Digest,
    /// How much of it was shown: `handle`, `signature`, `excerpt`, `full`.
    pub view: String,
    /// Its tokens.
    pub tokens: u64,
    /// Whether its source had changed since it was written: `suspect`, `stale`, `broken`; none where it was fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
}

impl Row {
    /// Whether it passed: 1 or 0; none where it is missing.
    #[must_use]
    pub const fn passed(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Passed => Some(true),
            Outcome::Failed => Some(false),
            Outcome::Unscored | Outcome::Error => None,
        }
    }

    /// Microseconds that the answer took.
    #[must_use]
    pub fn latency_us(&self) -> Option<u64> {
        self.answer.as_ref().filter(|_| !self.is_cached).map(|answer| answer.latency_us)
    }
}
