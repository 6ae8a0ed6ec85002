//! How well a repository's own past problems are localised: no model, no network.

mod cases;

pub use cases::{Case, CaseFile, cases};
