//! The canonical form: what a request asks and what a reply says, apart from any dialect.
//!
//! Built-in models read a [`Request`] and answer with a [`Reply`], which is written as a document ([`encode_reply`]) or as a
//! stream ([`StreamEncoder`], [`encode_stream`]) in the exact shapes and event orders of the vendors' APIs. What a dialect asks that
//! the canonical form cannot carry is refused by name in [`decode_request`], never dropped in silence.

mod answered;
mod cache;
mod chat;
mod citations;
mod collect;
mod converse;
mod decode;
mod decode_chat;
mod decode_converse;
mod decode_embeddings;
mod decode_gemini;
mod decode_messages;
mod decode_responses;
mod embeddings;
mod encode;
mod encode_chat;
mod encode_converse;
mod encode_gemini;
mod encode_messages;
mod encode_responses;
mod exact;
mod gemini;
mod heard;
mod loss;
mod messages;
mod names;
mod object;
mod part;
mod read_converse;
mod read_gemini;
mod read_reply;
mod reply;
mod request;
mod responses;
mod responses_stream;
mod schema;
mod signature;
mod signed;
mod stream;
mod target;
mod translate;
mod usage;
mod writer;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod decode_tests;
#[cfg(test)]
mod read_back;

pub use collect::read_stream;
pub use decode::{decode_request, read_request};
pub use encode::{Encoded, encode_request};
pub use loss::{How, Loss, Lost, Place};
pub use names::ToolNames;
pub use part::{CacheLife, Citation, Media, MediaKind, MediaSource, Part, Piece};
pub use read_reply::read_reply;
pub use reply::{Reply, StopReason, encode_reply};
pub use request::{
    Asked, Effort, EmbeddingAsk, EmbeddingInput, Message, Reasoning, Request, ResponseFormat, Role, Sampling, ServiceTier, ToolChoice, ToolDecl, ToolKind,
};
pub use signature::{Family, has_marked, seal, unseal};
pub use signed::{KEPT_REASONING, SignedTurn, put_back};
pub use stream::{Delta, StreamEncoder, encode_stream, encode_stream_cut};
pub use target::{Takes, Target};
pub use translate::{Answering, StreamTranslator, Translation, translate_document, translate_document_to_stream};

use serde_json::{Value, json};

/// The member in which a dialect without free-text tools carries their input.
const WRAPPED_INPUT: &str = "input";

/// The member in which arguments travel that are no JSON object (case 47), by the name that Anthropic advises for it.
const INVALID_INPUT: &str = "INVALID_JSON";

/// Arguments that are a JSON object which every reader can read (no number beyond all bounds), as they are written.
fn object_text(arguments: &str) -> Option<&str> {
    matches!(serde_json::from_str(arguments), Ok(Value::Object(_))).then(|| arguments.trim())
}

/// The name of a schema that has none, where the dialect demands one.
const UNNAMED_SCHEMA: &str = "answer";

/// The arguments of a free-text tool that is declared as a function.
fn wrapped_schema() -> Value {
    json!({ "type": "object", "properties": { WRAPPED_INPUT: { "type": "string" } }, "required": [WRAPPED_INPUT], "additionalProperties": false })
}

/// What such a tool does, with the grammar of its text, which nobody enforces then.
fn wrapped_description(description: Option<&str>, format: Option<&Value>) -> Option<String> {
    let grammar = format.and_then(|format| format.get("definition")?.as_str());
    match (description, grammar) {
        (description, None) => description.map(str::to_owned),
        (description, Some(grammar)) => Some(format!(
            "{}

The text must follow this grammar:
{grammar}",
            description.unwrap_or_default()
        )),
    }
}
