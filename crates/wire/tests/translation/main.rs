//! Translation between dialects, held by scenarios that are written by hand (`../scenarios`), by cases and by properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod goldens;

mod scenario;
mod script;
