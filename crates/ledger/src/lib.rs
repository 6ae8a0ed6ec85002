//! What was spent, by whom, on what: entries, calls, budgets, keys. A coarse trait and the SQLite engine.
//!
//! Two layers. [`Book`] is the standing of all accounts in memory: a pure state machine that decides whether money can be
//! put by. The engine behind [`Ledger`] writes what the book decided, in groups, and rebuilds the book from what it wrote.
//! Nothing here knows HTTP or a dialect.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod account;
mod book;
mod context;
mod durable;
mod error;
mod feedback;
mod key;
mod ledger;
mod query;
mod record;
mod run;
pub mod sqlite;
mod window;

pub use account::{AccountConfig, AccountStanding, Budget, Window, chain};
pub use book::{Book, Expired, OpenHold, Settlement};
pub use context::{ContextAsker, ContextReceipt, ContextSpan, HoldOut};
pub use durable::{Acknowledge, Durable, durable};
pub use error::{Ask, Hold, LedgerError, Refusal, RefusalReason};
pub use feedback::{COMMENT_BYTES_MAX, Feedback};
pub use key::{KEY_ACCOUNT_PREFIX, KeyRecord, KeyRefusal, NewKey};
pub use ledger::{Ledger, Records};
pub use query::{
    CallDetail, CallFilter, CallRow, CostQuery, CostRow, Dimension, EntryKind, EntryRow, ExportFormat, ExportTable, LatencyQuery, LatencyRow, Percentiles,
    SeriesRow, Sums, Tokens, VerifyReport,
};
pub use record::{CallRecord, CallStatus, Decision, StageTime, TryRecord};
pub use run::{Note, NoteFilter, RunRecord, RunRow, Runs};
pub use window::Span;
