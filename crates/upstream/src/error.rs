//! Why a try did not succeed.

use jeton_core::FaultKind;
use std::fmt;

/// How far a try had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Finding the address or opening the connection.
    Connect,
    /// Agreeing on encryption.
    Tls,
    /// Building or writing the request.
    Send,
    /// Waiting for the head of the answer.
    Headers,
    /// Reading the body of the answer.
    Body,
}

impl Stage {
    /// The stable word, as used in receipts and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Headers => "headers",
            Self::Body => "body",
        }
    }
}

/// A try that failed below HTTP, or whose answer could not be read. An answer with an error status is no `TryError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryError {
    /// How far the try had come.
    pub stage: Stage,
    /// What kind of fault it is for the caller: mostly `UpstreamFailed` or `Timeout`.
    pub kind: FaultKind,
    /// The cause in words. Holds no secret, no prompt and no header value.
    pub detail: String,
    /// Whether bytes of the request may have reached the provider: if so, the try may have cost something.
    pub sent: bool,
}

impl TryError {
    /// A failure at `stage`. Whether the request was sent follows from the stage; [`TryError::unsent`] says otherwise.
    pub fn new(stage: Stage, kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { stage, kind, detail: detail.into(), sent: matches!(stage, Stage::Headers | Stage::Body) }
    }

    /// States that no byte of the request had left.
    #[must_use]
    pub const fn unsent(mut self) -> Self {
        self.sent = false;
        self
    }
}

impl fmt::Display for TryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.stage.name())
    }
}

impl std::error::Error for TryError {}

/// An error and its causes in one line, each said once: hyper's own words leave the cause to `source`.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = inner.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_cause_and_stage() {
        let error = TryError::new(Stage::Connect, FaultKind::UpstreamFailed, "connection refused");
        assert_eq!(error.to_string(), "connection refused (connect)");
        assert!(!error.sent);
        assert!(TryError::new(Stage::Headers, FaultKind::Timeout, "late").sent);
        assert!(!TryError::new(Stage::Headers, FaultKind::Timeout, "late").unsent().sent);
    }
}
