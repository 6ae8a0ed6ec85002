//! Evaluation that decides, and says why: suites of cases, graders, durable runs, comparison, gates and causes.
//!
//! ```text
//! suite ─▶ plan (seeded order) ─▶ cell: environment ─▶ call ─▶ grades ─▶ row ─▶ totals, comparison, gate, causes
//! ```
//! Decisions are pure functions of rows. Models are reached through the seam [`Models`] only, whose one implementation of the
//! product goes through the broker: every case is metered, held and in the ledger.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod case;
mod grade;
pub mod grader;
mod models;
mod row;
mod suite;
pub mod template;
#[cfg(test)]
pub(crate) mod testing;
pub mod transform;

pub use case::{Case, Input, Role, Turn};
pub use grade::{Criterion, Grade, Grader, Verdict};
pub use models::{Answer, CallFault, Calling, ContextText, FaultClass, ModelCall, Models, ToolUse};
pub use row::{Cell, ContextUse, Outcome, Row, UnitUse};
pub use suite::{Prompt, Suite, Target, TargetKind, Watch};
pub use transform::Transform;
