//! Test only: what the integration tests drive Jeton with, on nothing but std and blocking sockets, so that every byte
//! and every moment at which it travels is in the test's hand.
//!
//! - [`Project`] and [`Server`]: the real binary in a temporary project directory, started, stopped and killed.
//! - [`http`]: a client of HTTP/1.1 that shows what came in which piece.
//! - [`Upstream`]: a provider whose every answer is scripted, and which keeps the exact bytes it was asked with.
//! - [`scripted`]: such a provider whose replies, verdicts and vectors stand in a document.
//! - [`agent`]: such a provider that plays one conversation with tools in every dialect.
//! - [`aws`]: the framing of AWS's streams.
//! - [`fixtures`]: requests and answers of both vendors.
#![allow(clippy::unwrap_used)] // a wrong assumption of a test fails the test

mod agent;
pub mod aws;
pub mod fixtures;
pub mod http;
mod scripted;
mod server;
mod upstream;
mod wait;

pub use agent::agent;
pub use scripted::{copy_for, scripted};
pub use server::{Output, Project, Server};
pub use upstream::{Exchange, Recorded, Upstream};
pub use wait::{DEADLINE, Gate, eventually, holds_eventually};
