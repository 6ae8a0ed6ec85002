//! The path of a call, stage by stage; the only way anything in Jeton calls a model.
//!
//! ```text
//! identify ─▶ classify ─▶ attach ─▶ admit ─▶ hold ─▶ choose ─▶ try ─▶ meter ─▶ settle ─▶ record
//! ```
//! [`Broker::call`] reads as that list. Each stage is a file under `stages/`; what a call has gathered on its way is
//! [`call::Call`], and the record of it is built by one pure function, [`stages::record::build`], on every path.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod assemble;
mod body;
mod bound;
mod broker;
mod buffers;
mod call;
mod catalogue;
mod context;
mod estimate;
mod inbound;
mod live;
mod media;
mod stages;
mod tap;
#[cfg(test)]
mod tests;
mod vault;

pub use assemble::Surroundings;
pub use body::CallBody;
pub use broker::{Broker, BrokerOptions, OnRecord};
pub use buffers::{Buffers, Reserved, memory_full};
pub use catalogue::{Catalogue, ModelEntry, ProviderEntry, Resolved, public_path};
pub use context::{ContextAnswer, ContextManifest, ContextRequest, ContextSource, context_budget_exceeded, hold_out};
pub use inbound::{Inbound, PathModel, Peer};
pub use live::Live;
pub use stages::admit::askable;
pub use stages::identify::presented_key;
pub use stages::translate::chat_limit_field;
pub use tap::{Seen, Tap};
