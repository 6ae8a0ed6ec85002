//! One try against one provider: pools, timers, and the models that are always there (local, twin, replay).
//!
//! [`Upstream::send`] makes one try and gives back the head of the answer at once; its body is read by polling
//! [`TryBody`], which reads the provider's socket directly. Dropping the future or the body cancels the try: the
//! connection is closed there and then. This crate knows no accounts, no routes and no retries; the only request
//! that it sends twice is one of which no byte had left on a connection that the provider had already closed.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod body;
mod builtin;
mod client;
mod connect;
mod connection;
mod error;
mod event_body;
mod event_stream;
mod headers;
mod health;
pub mod local;
mod pool;
mod post;
mod provider;
mod recording;
mod replay;
mod service_account;
mod sigv4;
mod simulated;
#[cfg(test)]
mod test_server;
mod tls;
mod twin;

pub use body::TryBody;
pub use client::{Timers, Try, TryResponse, Upstream, is_coded};
pub use error::{Stage, TryError};
pub use event_stream::Decoder as EventStreamDecoder;
pub use headers::response_headers;
pub use health::{HealthSnapshot, LastFailure, ObservedHealth};
pub use post::{Posted, post};
pub use provider::{AwsKey, Credential, Provider, ProviderConfig, ProviderKind, Secret};
pub use replay::mask;
pub use replay::{Chunk, Exchange, Pace, Recorder, Recording, Replay, ReplayConfig, ReplayError};
pub use simulated::{SimulatedBody, SimulatedReply, SimulatedReset, SimulatedResponse, Step, TimedStep};
pub use twin::{AfterScript, BUILT_IN_TWINS, Latency, ScriptedCall, ScriptedReply, ScriptedStop, ScriptedUsage, Tail, TokenRange, Twin, TwinConfig, Vice};
