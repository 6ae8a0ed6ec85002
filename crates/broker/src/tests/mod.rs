//! Whole calls through the broker: real ledger, simulated providers, a clock that stands still until it is moved.

mod admission;
mod context;
mod harness;
mod money;
mod path;
mod tries;
