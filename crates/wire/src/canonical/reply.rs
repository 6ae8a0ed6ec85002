//! What a reply says, and its document in each dialect.

use super::part::Part;
use super::request::Request;
use super::{chat, converse, embeddings, gemini, messages, responses};
use crate::Endpoint;
use jeton_core::Usage;

/// A finished reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// A suffix of letters and digits that makes the reply's ids unique; each dialect puts its own prefix before it (`chatcmpl-`, `resp_`, `msg_`).
    pub id: String,
    /// The model's name as the answer gives it.
    pub model: String,
    /// When it was made, in seconds since 1970 (the Messages dialect does not show it).
    pub created: i64,
    /// What it says, in order. For embeddings one [`Part::Embedding`] per input.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub stop: StopReason,
    /// What it used. Where input or output is unknown, the dialect's usage object is left out (or `null`): unknown is never zero.
    pub usage: Usage,
}

/// Why a reply ended (case 51).
///
/// | here | Chat | Responses | Messages |
/// | --- | --- | --- | --- |
/// | `EndTurn` | `stop` | completed | `end_turn` |
/// | `MaxTokens` | `length` | incomplete: `max_output_tokens` | `max_tokens` |
/// | `StopSequence` | `stop` | completed | `stop_sequence`, with the text |
/// | `ToolUse` | `tool_calls` | completed | `tool_use` |
/// | `Refusal` | `content_filter`; `stop` beside a `refusal` text | incomplete: `content_filter`; completed beside a refusal part | `refusal` |
/// | `PauseTurn` | `length` | incomplete: `max_output_tokens` | `pause_turn` |
/// | `ContextWindowExceeded` | `length` | incomplete: `max_output_tokens` | `model_context_window_exceeded` |
///
/// A pause is not an end, so where the dialect has no word for it the reply counts as cut short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StopReason {
    /// The model was done.
    #[default]
    EndTurn,
    /// The output limit was reached.
    MaxTokens,
    /// This stop text was reached (case 50).
    StopSequence(String),
    /// The model waits for its tools.
    ToolUse,
    /// The model, or a filter before it, refused.
    Refusal,
    /// The provider paused a long turn; it goes on when sent back.
    PauseTurn,
    /// The context window is full.
    ContextWindowExceeded,
}

/// The reply as one JSON document in the shape of `endpoint`. `request` says what the dialect repeats (Responses) and how vectors are written.
#[must_use]
pub fn encode_reply(endpoint: Endpoint, request: &Request, reply: &Reply) -> Vec<u8> {
    match endpoint {
        Endpoint::Chat => chat::document(reply),
        Endpoint::Responses => responses::document(request, reply),
        Endpoint::Messages => messages::document(reply),
        Endpoint::CountTokens => messages::token_count(reply).to_string().into_bytes(),
        Endpoint::Embeddings => embeddings::document(request, reply).to_string().into_bytes(),
        Endpoint::Generate => gemini::document(reply),
        Endpoint::Converse => converse::document(reply),
    }
}
