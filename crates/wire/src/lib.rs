//! The dialects as pure functions of bytes: scan, minimal edits, stream events, usage, errors, and the canonical form.
//!
//! Nothing here does I/O, reads a clock or knows of HTTP, keys or prices. What needs no change is never written anew:
//! [`scan`] finds places in a request, [`Edits`] changes those places only, [`StreamMeter`] passes slices on.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod canonical;
mod context;
mod dialect;
mod document;
mod edit;
mod error;
mod json;
mod limits;
mod media_types;
mod scan;
mod sse;
mod stream;
mod usage;

pub use context::{Attached, ContextPlace, ContextSegment, NotAttachable, attach_context, last_user_text};
pub use dialect::{Dialect, Endpoint};
pub use document::{DocumentFacts, read_document};
pub use edit::{Edits, ask_for_usage, replace_model, set_output_limit};
pub use error::{UpstreamFault, encode_error, encode_error_event, read_error};
pub use limits::retry_after_ms;
pub use scan::{LimitSpan, RequestFacts, scan};
pub use sse::{EVENT_BYTES_MAX, SseEvent, SseReader, SseTooLarge};
pub use stream::{Ended, Observed, Pushed, StreamMeter, StreamOptions};
