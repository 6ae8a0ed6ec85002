//! Translation between dialects, held by scenarios that are written by hand (`../scenarios`), by cases and by properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer_cases;
mod converse_cases;
mod fold;
mod gemini_cases;
mod goldens;
mod helpers;
mod made;
mod numbers;
mod properties;
mod protocol;
mod request_cases;
mod scenario;
mod script;
