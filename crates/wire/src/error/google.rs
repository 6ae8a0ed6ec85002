//! What Google's errors say beyond status and message (`google.rpc.Status` with its details).

use crate::limits::duration_ms;
use jeton_core::FaultKind;
use serde_json::Value;

/// What is special of an error of Google's; nothing where it is none.
#[derive(Default)]
pub(super) struct Said<'a> {
    /// The canonical code in words, e.g. `RESOURCE_EXHAUSTED`.
    pub(super) status: Option<&'a str>,
    /// The reason in `google.rpc.ErrorInfo`, e.g. `API_KEY_INVALID`.
    reason: Option<&'a str>,
    /// The delay in `google.rpc.RetryInfo`, in milliseconds.
    pub(super) retry_after_ms: Option<u64>,
}

pub(super) fn of(error: &Value) -> Said<'_> {
    let is_canonical = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let Some(status) = error.get("status").and_then(Value::as_str).filter(is_canonical) else { return Said::default() };
    let details = error.get("details").and_then(Value::as_array).into_iter().flatten();
    let mut said = Said { status: Some(status), ..Said::default() };
    for detail in details {
        match detail.get("@type").and_then(Value::as_str).and_then(|kind| kind.rsplit('.').next()) {
            Some("ErrorInfo") => said.reason = detail.get("reason").and_then(Value::as_str),
            Some("RetryInfo") => said.retry_after_ms = detail.get("retryDelay").and_then(Value::as_str).and_then(duration_ms),
            _ => {}
        }
    }
    said
}

impl Said<'_> {
    /// The finest word that there is.
    pub(super) fn code(&self) -> Option<String> {
        self.reason.or(self.status).map(str::to_owned)
    }

    /// What the words mean where the status says less: a key that is not valid is a 400.
    pub(super) fn kind(&self) -> Option<FaultKind> {
        match (self.reason, self.status) {
            (Some("API_KEY_INVALID"), _) => Some(FaultKind::Unauthenticated),
            (_, Some("RESOURCE_EXHAUSTED")) => Some(FaultKind::RateLimited),
            (_, Some("UNAVAILABLE")) => Some(FaultKind::Overloaded),
            (_, Some("DEADLINE_EXCEEDED")) => Some(FaultKind::Timeout),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Dialect, read_error};
    use jeton_core::FaultKind;

    fn read(status: u16, body: &str) -> (FaultKind, Option<String>, Option<u64>) {
        let fault = read_error(Dialect::Gemini, status, |_| None, body.as_bytes());
        (fault.kind, fault.code, fault.retry_after_ms)
    }

    #[test]
    fn case_61_and_62_googles_details_say_why_and_how_long() {
        let limited = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.07s"}]}}"#;
        assert_eq!(read(429, limited), (FaultKind::RateLimited, Some("RESOURCE_EXHAUSTED".into()), Some(34_070)));
        let key = r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}]"#;
        assert_eq!(read(400, key), (FaultKind::Unauthenticated, Some("API_KEY_INVALID".into()), None));
        assert_eq!(read(200, r#"{"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#), (FaultKind::Overloaded, Some("UNAVAILABLE".into()), None));
    }
}
