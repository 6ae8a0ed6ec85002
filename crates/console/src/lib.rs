//! The JSON API, the metrics and the page. Knows no dialect.
//!
//! [`router`] serves everything from a [`Console`]; one table of routes (`route.rs`) gives the router, the OpenAPI
//! document and the check of every request. Handlers are plain functions over the ledger and run off the async threads.
//! The page is written here, in Rust, with two files of its own (`assets/`); it loads nothing from anywhere else.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod access;
mod api;
mod context;
mod credential;
mod evals;
#[cfg(test)]
#[path = "../examples/evals/mod.rs"]
mod evals_scene;
#[cfg(test)]
mod fixture;
mod metrics;
mod page;
mod period;
mod route;
mod serve;
mod state;

pub use access::ledger_access;
pub use api::openapi_document;
pub use context::{EngineSlot, SnapshotSource};
pub use credential::credential;
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use period::parse_moment;
pub use serve::router;
pub use state::{Access, AccessCheck, ConfigProblem, ConfigStatus, Console, Health, ModelStatus, Peer, ProviderStatus, Status, StatusSource};
