//! Runs: what is to be done, in which order, and what became of it.

mod drive;
mod head;
mod plan;
mod writer;

pub use drive::{Driver, End, Progress};
pub use head::{CAUSES_RUNS, Choice, RunEnd, RunHead, SelfTestSummary, VALUE_RUNS, is_of_experiments, run_id};
pub use plan::{Planned, plan};
pub use writer::{RowWriter, read_rows};
