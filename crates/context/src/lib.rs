//! Context as infrastructure: a catalogue of typed units, their checks, a compiler under a token budget, search and freshness.
//! Knows nothing of models and money.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod code;
pub mod constraint;
mod finding;
mod place;
mod unit;

pub use finding::{Finding, Severity};
pub use place::{Digest, Place};
pub use unit::{Anchor, Detail, Example, Fact, Format, Kind, Links, Loading, Scope, Skill, Trust, Unit};
