//! The vendors' dialects over HTTP: listener, limits, and the way from a path to the broker.
//!
//! What is not a vendor's path is handed to a fallback, which the binary supplies (the console): this crate knows no pages.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod connection;
mod cors;
mod guard;
mod models;
mod panic;
mod path;
mod peer;
mod read;
mod response;
mod server;
mod service;
mod tls;

pub use peer::Client;
pub use response::{BodyError, BoxBody, GatewayBody};
pub use server::{Handle, Server, ServerError, ServerOptions};
pub use service::{Fallback, FallbackFuture, Gateway, GatewayOptions, Readiness};
