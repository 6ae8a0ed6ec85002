//! Why cases fail: what the record proves first, then experiments, each with one change against a control, decided by a test. A cause is
//! never an opinion: its label says on which evidence it stands, and "undetermined" is a proper answer.
//!
//! ```text
//! failed rows ─▶ clusters by structure ─▶ record (free) ─▶ control, arms (three of a cluster) ─▶ labels, gap
//! ```

mod arms;
mod climb;
mod cluster;
mod found;
mod gap;
mod ladder;
mod record;
mod trial;

pub use arms::{Factor, factors};
pub use cluster::{Cluster, clusters};
pub use gap::{Gap, gap};
pub use ladder::{Ladder, LadderOptions, Report};
pub(crate) use record::unwrapped;
pub use record::{Deficit, deficits};

use serde::{Deserialize, Serialize};
use std::fmt;

/// The established reason of a failure. The letters are those of the field's taxonomy in `docs/evals.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The grader is at fault: the reference fails, or nothing can be judged.
    Grader,
    /// The provider, or the way to it.
    Provider,
    /// The answer was cut, or a limit was met.
    Limit,
    /// The answer was filtered or refused.
    Refusal,
    /// The right content in the wrong form.
    Format,
    /// A stated rule was broken.
    Constraint,
    /// A tool failed, was not offered, or gave a wrong result.
    Tool,
    /// A needed unit of context was not there.
    ContextMissing,
    /// A needed unit of context was out of date.
    ContextStale,
    /// Other units of context led astray.
    ContextDistracting,
    /// The model cannot do it in an environment in which another can.
    Model,
    /// The same request succeeds sometimes.
    Random,
    /// Nothing tried decides it.
    Undetermined,
}

impl Cause {
    /// All of them, the cheapest to mend first.
    pub const ALL: [Self; 13] = [
        Self::Grader,
        Self::Provider,
        Self::Limit,
        Self::Refusal,
        Self::Format,
        Self::Constraint,
        Self::ContextMissing,
        Self::ContextStale,
        Self::ContextDistracting,
        Self::Tool,
        Self::Model,
        Self::Random,
        Self::Undetermined,
    ];

    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grader => "grader",
            Self::Provider => "provider",
            Self::Limit => "limit",
            Self::Refusal => "refusal",
            Self::Format => "format",
            Self::Constraint => "constraint",
            Self::Tool => "tool",
            Self::ContextMissing => "context-missing",
            Self::ContextStale => "context-stale",
            Self::ContextDistracting => "context-distracting",
            Self::Model => "model",
            Self::Random => "random",
            Self::Undetermined => "undetermined",
        }
    }

    /// Who mends it.
    #[must_use]
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Grader => "the suite's owner",
            Self::Provider => "who runs the gateway",
            Self::Limit | Self::Refusal => "who sets the limits",
            Self::Format => "the schema's owner",
            Self::Constraint => "the constraint's owner",
            Self::Tool => "the tool's owner",
            Self::ContextMissing | Self::ContextStale | Self::ContextDistracting => "the unit's owner",
            Self::Model => "who chooses the model",
            Self::Random => "who decides on repeats",
            Self::Undetermined => "nobody yet",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// On what a label stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Nothing but that the case failed.
    L0,
    /// It looks like others of its cluster that were examined.
    L1,
    /// An experiment: the change made it pass more often than the control, by a test.
    L2,
    /// The record proves it.
    L3,
}

/// What one arm of an experiment came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// What was changed.
    pub arm: String,
    /// Repeats that passed.
    pub passed: u64,
    /// Repeats with a verdict.
    pub n: u64,
    /// Against "it passes no more often than the control", adjusted for the number of arms; none for the control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// The rows that show it: the experiments' run and the launches in it.
    pub rows: Vec<u64>,
}

/// Why a case failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The case.
    pub case: String,
    /// The target.
    pub target: String,
    /// The launch of the row that failed.
    pub launch: u64,
    /// The cause.
    pub cause: Cause,
    /// Further causes: each enough by itself where `jointly` is not set, else needed together with the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Cause>,
    /// Whether the causes must be mended together.
    #[serde(default)]
    pub jointly: bool,
    /// On what it stands.
    pub level: Level,
    /// What shows it, in a sentence.
    pub proof: String,
    /// The unit, grader or parameter that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The experiments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
}
