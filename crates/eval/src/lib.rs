//! Evaluation that decides, and says why: suites of cases, graders, durable runs, comparison, gates and causes.
//!
//! ```text
//! suite ─▶ plan (seeded order) ─▶ cell: environment ─▶ call ─▶ grades ─▶ row ─▶ totals, comparison, gate, causes
//! ```
//! Decisions are pure functions of rows. Models are reached through the seam [`Models`] only, whose one implementation of the
//! product goes through the broker: every case is metered, held and in the ledger.
#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::cast_precision_loss)] // Counts of cases and calls are far below 2^52.

mod case;
pub mod causes;
pub mod cell;
pub mod codes;
pub mod compare;
pub mod environment;
pub mod family;
pub mod gate;
mod grade;
pub mod grader;
pub mod import;
pub mod label;
pub mod latest;
pub mod live;
#[cfg(test)]
mod measured_tests;
mod models;
pub mod power;
pub mod prompt;
pub mod read;
pub mod repeats;
pub mod report;
mod row;
pub mod run;
pub mod session;
mod suite;
pub mod template;
#[cfg(test)]
mod testing;
mod then;
pub mod totals;
pub mod transform;
pub mod value;
pub mod watch;
#[cfg(test)]
mod weights_tests;
pub mod write;

pub use case::{Case, Input, Role, Turn};
pub use grade::{Criterion, Grade, Grader, Verdict};
pub use models::{Answer, CallFault, Calling, ContextText, FaultClass, ModelCall, Models, ToolUse};
pub use row::{Cell, ContextUse, Outcome, Row, UnitUse};
pub use suite::{Prompt, Suite, Target, TargetKind, Watch};
pub use transform::Transform;
