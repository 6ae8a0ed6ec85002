//! Errors in the vendors' shapes: ours on the way to the caller, theirs on the way in.

mod google;

use crate::limits::retry_after_ms;
use crate::{Dialect, Endpoint};
use jeton_core::{Fault, FaultKind};
use serde_json::{Map, Value, json};

/// The longest message that is kept of a provider's error, in bytes.
const MESSAGE_BYTES_MAX: usize = 2048;

/// What a provider said when it refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFault {
    /// The HTTP status: 200 where the error came inside a successful answer.
    pub status: u16,
    /// What it means to Jeton. 401 and 403 concern the provider's credential, not the caller's.
    pub kind: FaultKind,
    /// The provider's own word for the type of error; empty where it gave none.
    pub type_: String,
    /// The provider's own code, such as `insufficient_quota`.
    pub code: Option<String>,
    /// The provider's message without control characters, at most 2 KiB; never empty.
    pub message: String,
    /// When the provider says that trying again makes sense, in milliseconds from its answer.
    pub retry_after_ms: Option<u64>,
}

impl UpstreamFault {
    /// The error as Jeton's own, for a record or for a caller to whom the provider's bytes cannot go.
    #[must_use]
    pub fn to_fault(&self) -> Fault {
        let mut fault = Fault::new(self.kind, self.message.clone());
        fault.code = self.code.clone();
        fault.retry_after_ms = self.retry_after_ms;
        fault
    }
}

/// The JSON body of an error in the dialect's shape. `call` is the id of the call.
///
/// Anthropic's errors know neither code nor parameter; both are extra members there, so that programs can tell
/// `budget_exhausted` from other refusals.
#[must_use]
pub fn encode_error(dialect: Dialect, fault: &Fault, call: Option<&str>) -> Vec<u8> {
    let body = match dialect {
        Dialect::OpenAi => json!({ "error": openai_error(fault) }),
        Dialect::Anthropic => json!({ "type": "error", "error": anthropic_error(fault), "request_id": call }),
        Dialect::Gemini => json!({ "error": gemini_error(fault) }),
        Dialect::Bedrock => json!({ "message": fault.full_message(), "__type": bedrock_type(fault.kind), "code": fault.code_or_kind() }),
    };
    body.to_string().into_bytes()
}

/// An error in the middle of a stream, as one event in the endpoint's shape. No terminal event comes after it.
/// `sequence` numbers it among the events of a Responses stream ([`crate::StreamMeter::next_sequence`]).
#[must_use]
pub fn encode_error_event(endpoint: Endpoint, fault: &Fault, sequence: u64) -> Vec<u8> {
    let event = match endpoint {
        Endpoint::Chat | Endpoint::Embeddings => format!("data: {}\n\n", json!({ "error": openai_error(fault) })),
        Endpoint::Messages | Endpoint::CountTokens => {
            format!("event: error\ndata: {}\n\n", json!({ "type": "error", "error": anthropic_error(fault) }))
        }
        Endpoint::Generate => format!("data: {}\n\n", json!({ "error": gemini_error(fault) })),
        Endpoint::Converse => {
            let name = bedrock_event(fault.kind);
            let data = json!({ name: { "message": fault.full_message(), "code": fault.code_or_kind() } });
            format!("event: {name}\ndata: {data}\n\n")
        }
        Endpoint::Responses => {
            let data = json!({
                "type": "error",
                "code": fault.code_or_kind(),
                "message": fault.full_message(),
                "param": fault.param,
                "sequence_number": sequence,
            });
            format!("event: error\ndata: {data}\n\n")
        }
    };
    event.into_bytes()
}

fn openai_error(fault: &Fault) -> Value {
    json!({ "message": fault.full_message(), "type": openai_type(fault.kind), "param": fault.param, "code": fault.code_or_kind() })
}

fn anthropic_error(fault: &Fault) -> Value {
    let mut error = Map::new();
    error.insert("type".into(), anthropic_type(fault.kind).into());
    error.insert("message".into(), fault.full_message().into());
    error.insert("code".into(), fault.code_or_kind().into());
    if let Some(param) = &fault.param {
        error.insert("param".into(), param.as_str().into());
    }
    error.into()
}

/// Google's own shape (google.rpc.Status), with Jeton's code among the details as `reason`.
fn gemini_error(fault: &Fault) -> Value {
    json!({
        // 529 is Anthropic's own.
        "code": if fault.kind == FaultKind::Overloaded { 503 } else { fault.kind.status() },
        "message": fault.full_message(),
        "status": gemini_status(fault.kind),
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": fault.code_or_kind(),
            "domain": "jeton",
            "metadata": fault.param.as_ref().map_or_else(|| json!({}), |param| json!({ "param": param })),
        }],
    })
}

/// The canonical codes of Google's APIs (google.rpc.Code).
const fn gemini_status(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::InvalidRequest | FaultKind::MethodNotAllowed | FaultKind::TooLarge | FaultKind::UnsupportedMedia => "INVALID_ARGUMENT",
        FaultKind::PriceUnknown | FaultKind::BudgetExhausted => "FAILED_PRECONDITION",
        FaultKind::NotFound => "NOT_FOUND",
        FaultKind::Unauthenticated => "UNAUTHENTICATED",
        FaultKind::Forbidden | FaultKind::PolicyRefused => "PERMISSION_DENIED",
        FaultKind::RateLimited => "RESOURCE_EXHAUSTED",
        FaultKind::ClientClosed => "CANCELLED",
        FaultKind::Internal | FaultKind::UpstreamFailed => "INTERNAL",
        FaultKind::Overloaded | FaultKind::Unavailable => "UNAVAILABLE",
        FaultKind::Timeout => "DEADLINE_EXCEEDED",
    }
}

/// The exceptions of Bedrock's runtime.
const fn bedrock_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Unauthenticated | FaultKind::Forbidden | FaultKind::PolicyRefused => "AccessDeniedException",
        FaultKind::NotFound => "ResourceNotFoundException",
        FaultKind::RateLimited => "ThrottlingException",
        FaultKind::BudgetExhausted => "ServiceQuotaExceededException",
        FaultKind::Overloaded | FaultKind::Unavailable => "ServiceUnavailableException",
        FaultKind::Timeout => "ModelTimeoutException",
        FaultKind::Internal | FaultKind::UpstreamFailed => "InternalServerException",
        _ => "ValidationException",
    }
}

/// The exceptions that may be an event of a stream (`ConverseStreamOutput`).
const fn bedrock_event(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::RateLimited => "throttlingException",
        FaultKind::Overloaded | FaultKind::Unavailable => "serviceUnavailableException",
        FaultKind::Timeout => "modelStreamErrorException",
        FaultKind::Internal | FaultKind::UpstreamFailed => "internalServerException",
        _ => "validationException",
    }
}

const fn openai_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::InvalidRequest
        | FaultKind::NotFound
        | FaultKind::MethodNotAllowed
        | FaultKind::TooLarge
        | FaultKind::UnsupportedMedia
        | FaultKind::PriceUnknown
        | FaultKind::ClientClosed => "invalid_request_error",
        FaultKind::Unauthenticated => "authentication_error",
        FaultKind::Forbidden | FaultKind::PolicyRefused => "permission_error",
        FaultKind::BudgetExhausted => "insufficient_quota",
        FaultKind::RateLimited => "rate_limit_error",
        FaultKind::Internal | FaultKind::UpstreamFailed => "server_error",
        FaultKind::Overloaded | FaultKind::Unavailable => "service_unavailable_error",
        FaultKind::Timeout => "timeout_error",
    }
}

const fn anthropic_type(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::InvalidRequest
        | FaultKind::MethodNotAllowed
        | FaultKind::UnsupportedMedia
        | FaultKind::BudgetExhausted
        | FaultKind::PriceUnknown
        | FaultKind::ClientClosed => "invalid_request_error",
        FaultKind::Unauthenticated => "authentication_error",
        FaultKind::Forbidden | FaultKind::PolicyRefused => "permission_error",
        FaultKind::NotFound => "not_found_error",
        FaultKind::TooLarge => "request_too_large",
        FaultKind::RateLimited => "rate_limit_error",
        FaultKind::Internal | FaultKind::UpstreamFailed => "api_error",
        FaultKind::Overloaded | FaultKind::Unavailable => "overloaded_error",
        FaultKind::Timeout => "timeout_error",
    }
}

/// Reads a provider's refusal: the status decides what it means, the body what it says. Any body is understood somehow:
/// both vendors' shapes, those of servers compatible with them, plain text and pages of HTML. An error inside a 200 has its
/// type, or a status in its code, to go by.
#[must_use]
pub fn read_error(dialect: Dialect, status: u16, headers: impl Fn(&str) -> Option<String>, body: &[u8]) -> UpstreamFault {
    let mut fault = match serde_json::from_slice::<Value>(body) {
        Ok(value) => from_value(status, &value),
        Err(_) => UpstreamFault { message: plain_text(body), ..blank(status) },
    };
    if dialect == Dialect::Bedrock {
        by_exception(&mut fault, headers("x-amzn-errortype"));
    }
    if fault.message.is_empty() {
        fault.message = format!("The provider answered {status} in the {dialect} dialect without a message.");
    }
    fault.retry_after_ms = retry_after_ms(headers).or(fault.retry_after_ms);
    fault
}

/// AWS names its exceptions in a header or in the body, with an address or a namespace around the name.
fn by_exception(fault: &mut UpstreamFault, header: Option<String>) {
    let stated = header.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| std::mem::take(&mut fault.type_));
    let name = stated.split(':').next().unwrap_or_default();
    fault.type_ = tidy(name.rsplit('#').next().unwrap_or_default(), 64);
    // 424 says that the model failed, not that the request was wrong.
    if let Some(kind) = kind_of_exception(&fault.type_) {
        fault.kind = kind;
    }
}

/// Reads an error object found inside a successful answer.
pub(crate) fn read_embedded(json: &[u8]) -> UpstreamFault {
    let mut fault = match serde_json::from_slice::<Value>(json) {
        Ok(value) => from_value(200, &value),
        Err(_) => blank(200),
    };
    if fault.message.is_empty() {
        fault.message = "The provider reported an error without a message.".into();
    }
    fault
}

/// Reads an exception of Bedrock's that came as an event of a stream: its name says what kind it is.
pub(crate) fn read_exception(name: &str, value: &Value) -> UpstreamFault {
    let mut fault = from_value(200, value);
    fault.type_ = tidy(name, 64);
    // The status that the model itself answered with, where the stream broke off at the model.
    let original = value.get("originalStatusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let kind = kind_of_word(name).filter(|kind| *kind != FaultKind::UpstreamFailed).or_else(|| kind_of_status(original?));
    fault.kind = kind.unwrap_or(FaultKind::UpstreamFailed);
    if fault.message.is_empty() {
        fault.message = format!("The provider reported `{}` without a message.", fault.type_);
    }
    fault
}

fn blank(status: u16) -> UpstreamFault {
    let kind = kind_of_status(status).unwrap_or(FaultKind::UpstreamFailed);
    UpstreamFault { status, kind, type_: String::new(), code: None, message: String::new(), retry_after_ms: None }
}

fn from_value(status: u16, value: &Value) -> UpstreamFault {
    // Google's front wraps the object in an array.
    let outer = value.get(0).unwrap_or(value);
    let error = outer.get("error").filter(|error| !error.is_null()).unwrap_or(outer);
    let word = |name: &str| error.get(name).or_else(|| outer.get(name)).filter(|word| !word.is_null());
    let google = google::of(error);
    let type_ = word("type").or_else(|| word("__type")).and_then(Value::as_str).or(google.status).unwrap_or_default().to_owned();
    let code = google.code().or_else(|| word("code").or_else(|| word("status")).map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned)));
    let stated = word("code").and_then(|code| code.as_str().map_or_else(|| code.as_u64(), |digits| digits.parse().ok()));
    let stated = stated.and_then(|code| u16::try_from(code).ok());
    let kind = google
        .kind()
        .or_else(|| kind_of_status(status))
        .or_else(|| kind_of_word(&type_))
        .or_else(|| kind_of_word(code.as_deref().unwrap_or_default()))
        .or_else(|| stated.and_then(kind_of_status))
        .unwrap_or(FaultKind::UpstreamFailed);
    UpstreamFault {
        status,
        kind,
        type_: tidy(&type_, 64),
        code: code.map(|code| tidy(&code, 64)),
        message: message(outer, error),
        retry_after_ms: google.retry_after_ms,
    }
}

fn message(outer: &Value, error: &Value) -> String {
    let said = [error.get("message"), outer.get("message"), outer.get("Message"), outer.get("detail"), Some(error)];
    let Some(said) = said.into_iter().flatten().find(|said| !said.is_null()) else { return String::new() };
    match said {
        Value::String(text) => tidy(text, MESSAGE_BYTES_MAX),
        Value::Object(members) if members.is_empty() => String::new(),
        other => tidy(&other.to_string(), MESSAGE_BYTES_MAX),
    }
}

fn kind_of_status(status: u16) -> Option<FaultKind> {
    Some(match status {
        0..=399 => return None,
        401 => FaultKind::Unauthenticated,
        402 | 403 => FaultKind::Forbidden,
        404 => FaultKind::NotFound,
        405 => FaultKind::MethodNotAllowed,
        408 | 504 | 522 | 524 => FaultKind::Timeout,
        413 => FaultKind::TooLarge,
        415 => FaultKind::UnsupportedMedia,
        429 => FaultKind::RateLimited,
        503 | 529 => FaultKind::Overloaded,
        409 | 425 | 500.. => FaultKind::UpstreamFailed,
        _ => FaultKind::InvalidRequest,
    })
}

/// Words of both vendors, as types and as codes.
fn kind_of_word(word: &str) -> Option<FaultKind> {
    Some(match word {
        "invalid_request_error" | "invalid_prompt" | "context_length_exceeded" | "content_policy_violation" => FaultKind::InvalidRequest,
        "authentication_error" | "invalid_api_key" => FaultKind::Unauthenticated,
        "permission_error" | "billing_error" => FaultKind::Forbidden,
        "not_found_error" | "model_not_found" => FaultKind::NotFound,
        "request_too_large" => FaultKind::TooLarge,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "requests" | "tokens" | "too_many_requests" => FaultKind::RateLimited,
        "overloaded_error" | "overloaded" | "service_unavailable_error" | "service_unavailable" => FaultKind::Overloaded,
        "timeout_error" | "timeout" => FaultKind::Timeout,
        "api_error" | "server_error" | "internal_server_error" | "internal_error" => FaultKind::UpstreamFailed,
        _ => return kind_of_exception(word),
    })
}

/// The exceptions of Bedrock's runtime, which events of a stream write with a small first letter.
fn kind_of_exception(word: &str) -> Option<FaultKind> {
    let name = word.strip_suffix("Exception")?;
    Some(match name.to_ascii_lowercase().as_str() {
        "accessdenied" => FaultKind::Forbidden,
        "resourcenotfound" => FaultKind::NotFound,
        "throttling" | "modelnotready" => FaultKind::RateLimited,
        "serviceunavailable" => FaultKind::Overloaded,
        "modeltimeout" => FaultKind::Timeout,
        "validation" => FaultKind::InvalidRequest,
        "internalserver" | "modelerror" | "modelstreamerror" => FaultKind::UpstreamFailed,
        _ => return None,
    })
}

fn plain_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(MESSAGE_BYTES_MAX)]);
    if text.trim_start().starts_with('<') {
        let title = text.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>"));
        return tidy(title.map_or("The provider answered with a page of HTML.", |(title, _)| title), 300);
    }
    tidy(&text, 300)
}

/// At most `most` bytes of a text, without control characters and without white space around.
fn tidy(text: &str, most: usize) -> String {
    let mut tidied = String::with_capacity(text.len().min(most));
    for character in text.trim().chars() {
        let character = if character.is_control() { ' ' } else { character };
        if tidied.len() + character.len_utf8() > most {
            break;
        }
        tidied.push(character);
    }
    tidied
}

#[cfg(test)]
mod tests;
