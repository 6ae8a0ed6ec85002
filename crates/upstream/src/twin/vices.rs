//! Errors in the vendors' words.

use super::config::{TwinConfig, Vice};
use crate::simulated::SimulatedReply;
use jeton_wire::{Dialect, Endpoint};
use serde_json::{Value, json};
use std::time::Duration;

/// A vendor's error: HTTP status, type and code, message.
struct VendorError {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: &'static str,
}

const fn vendor_error(dialect: Dialect, vice: Vice) -> VendorError {
    let (status, kind, code, message) = match (dialect, vice) {
        (Dialect::OpenAi, Vice::RateLimited) => (429, "requests", Some("rate_limit_exceeded"), "Rate limit reached for requests (simulated)."),
        (Dialect::OpenAi, Vice::Overloaded) => (503, "server_error", Some("service_unavailable"), "The engine is currently overloaded (simulated)."),
        (Dialect::OpenAi, _) => (500, "server_error", None, "The server had an error while processing your request (simulated)."),
        (Dialect::Anthropic, Vice::RateLimited) => (429, "rate_limit_error", None, "Number of requests has exceeded your rate limit (simulated)."),
        (Dialect::Anthropic, Vice::Overloaded | Vice::ErrorEvent) => (529, "overloaded_error", None, "Overloaded (simulated)."),
        (Dialect::Anthropic, _) => (500, "api_error", None, "Internal server error (simulated)."),
        (Dialect::Gemini, Vice::RateLimited) => (429, "RESOURCE_EXHAUSTED", None, "You exceeded your current quota (simulated)."),
        (Dialect::Gemini, Vice::Overloaded | Vice::ErrorEvent) => (503, "UNAVAILABLE", None, "The model is overloaded. Please try again later (simulated)."),
        (Dialect::Gemini, _) => (500, "INTERNAL", None, "An internal error has occurred (simulated)."),
        (Dialect::Bedrock, Vice::RateLimited) => (429, "throttlingException", None, "Too many requests, please wait before trying again (simulated)."),
        (Dialect::Bedrock, Vice::Overloaded | Vice::ErrorEvent) => {
            (503, "serviceUnavailableException", None, "Bedrock is unable to process your request (simulated).")
        }
        (Dialect::Bedrock, _) => (500, "internalServerException", None, "The system encountered an unexpected error (simulated)."),
    };
    VendorError { status, kind, code, message }
}

fn error_object(dialect: Dialect, vice: Vice) -> Value {
    let error = vendor_error(dialect, vice);
    match dialect {
        Dialect::OpenAi => json!({ "error": { "message": error.message, "type": error.kind, "param": null, "code": error.code } }),
        Dialect::Anthropic => json!({ "type": "error", "error": { "type": error.kind, "message": error.message } }),
        Dialect::Gemini => json!({ "error": { "code": error.status, "message": error.message, "status": error.kind } }),
        Dialect::Bedrock => json!({ "message": error.message }),
    }
}

/// An answer with an error status, and the headers that come with it.
pub(super) fn refusal(config: &TwinConfig, dialect: Dialect, vice: Vice, delay: Duration) -> SimulatedReply {
    let status = vendor_error(dialect, vice).status;
    let mut reply = SimulatedReply::document(status, error_object(dialect, vice).to_string().into_bytes());
    reply.delay_before_headers = delay;
    if let (Vice::RateLimited, Ok(response)) = (vice, &mut reply.outcome) {
        let seconds = config.retry_after_ms.div_ceil(1_000).to_string();
        response.headers.push(("retry-after".into(), seconds));
        match dialect {
            Dialect::OpenAi => response.headers.push(("x-ratelimit-remaining-requests".into(), "0".into())),
            Dialect::Anthropic => response.headers.push(("anthropic-ratelimit-requests-remaining".into(), "0".into())),
            Dialect::Gemini | Dialect::Bedrock => {}
        }
    }
    reply
}

/// An error in the middle of a stream (cases 11, 32), or in place of a document.
pub(super) fn error_inside(endpoint: Endpoint, stream: bool, sequence: u64) -> Vec<u8> {
    let dialect = endpoint.dialect();
    let object = error_object(dialect, Vice::ErrorEvent);
    let error = vendor_error(dialect, Vice::ErrorEvent);
    match endpoint {
        _ if !stream => object.to_string(),
        Endpoint::Responses => {
            let event = json!({ "type": "error", "code": error.kind, "message": error.message, "param": null, "sequence_number": sequence });
            format!("event: error\ndata: {event}\n\n")
        }
        Endpoint::Messages => format!("event: error\ndata: {object}\n\n"),
        Endpoint::Converse => format!("event: {0}\ndata: {1}\n\n", error.kind, json!({ error.kind: object })),
        _ => format!("data: {object}\n\n"),
    }
    .into_bytes()
}
