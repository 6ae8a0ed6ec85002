//! Context as infrastructure: a catalogue of typed units, their checks, a compiler under a token budget, search and freshness.
//! Knows nothing of models and money.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod constraint;
pub mod fact;
mod finding;
pub mod git;
mod place;
pub mod report;
pub mod sandbox;
pub mod schema;
pub mod secret;
pub mod tree;
mod unit;

pub use finding::{Finding, Fix, Severity};
pub use place::{Digest, Place};
pub use unit::{Anchor, Detail, Example, Fact, Format, Kind, Links, Loading, Scope, Skill, Trust, Unit};
