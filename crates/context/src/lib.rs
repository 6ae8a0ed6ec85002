//! Context as infrastructure: a catalogue of typed units, their checks, a compiler under a token budget, search and freshness.
//! Knows nothing of models and money.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod audit;
pub mod catalogue;
pub mod check;
pub mod code;
mod codeowners;
pub mod compile;
pub mod constraint;
pub mod embed;
pub mod engine;
pub mod export;
pub mod facts;
mod fields;
mod finding;
pub mod front_matter;
mod generated;
pub mod git;
mod import;
pub mod index;
pub mod init;
pub mod json;
pub mod located;
pub mod lock;
pub mod markdown;
mod mentions;
pub mod past;
mod place;
pub mod rank;
pub mod report;
mod role;
mod rows;
mod rule_text;
pub mod sandbox;
pub mod schema;
pub mod score;
pub mod secret;
pub mod sections;
pub mod settings;
mod standing;
mod token_cache;
pub mod toml_values;
pub mod tree;
mod unit;
pub mod watch;
pub mod yaml;

pub use catalogue::{Catalogue, CatalogueOptions};
pub use finding::{Finding, Fix, Severity};
pub use lock::{Lock, LockDiff};
pub use place::{Digest, Place};
pub use role::{Role, role};
pub use rows::{KindTotal, UnitCard, UnitRow};
pub use token_cache::TokenCache;
pub use unit::{Anchor, Detail, Example, Fact, Format, Kind, Links, Loading, Scope, Skill, Trust, Unit};
