//! The canonical form: what a request asks and what a reply says, apart from any dialect.
//!
//! Built-in models read a [`Request`] and answer with a [`Reply`], which is written as a document ([`encode_reply`]) or as a
//! stream ([`StreamEncoder`], [`encode_stream`]) in the exact shapes and event orders of the vendors' APIs. What a dialect asks that
//! the canonical form cannot carry is refused by name in [`decode_request`], never dropped in silence.

mod chat;
mod decode;
mod decode_chat;
mod decode_embeddings;
mod decode_messages;
mod decode_responses;
mod embeddings;
mod messages;
mod reader;
mod reply;
mod request;
mod responses;
mod stream;
mod usage;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod decode_tests;
#[cfg(test)]
mod read_back;

pub use decode::decode_request;
pub use reply::{Reply, StopReason, encode_reply};
pub use request::{EmbeddingAsk, EmbeddingInput, Message, Part, Request, ResponseFormat, Role, ToolChoice, ToolDecl, ToolKind};
pub use stream::{Delta, StreamEncoder, encode_stream, encode_stream_cut};
