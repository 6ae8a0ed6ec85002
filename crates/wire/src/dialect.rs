//! Wire formats and the calls that Jeton meters in them.

use std::fmt;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's: Chat Completions, Responses and Embeddings.
    OpenAi,
    /// Anthropic's: Messages and its token count.
    Anthropic,
}

impl Dialect {
    /// The stable word: `openai` or `anthropic`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// Anthropic's token count of a Messages request.
    CountTokens,
    /// OpenAI Embeddings.
    Embeddings,
}

impl Endpoint {
    /// Every kind of call.
    pub const ALL: [Self; 5] = [Self::Chat, Self::Responses, Self::Messages, Self::CountTokens, Self::Embeddings];

    /// The wire format of the call.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::Responses | Self::Embeddings => Dialect::OpenAi,
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
        }
    }

    /// The stable word, as used in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::CountTokens => "count_tokens",
            Self::Embeddings => "embeddings",
        }
    }

    /// The path behind a provider's base address, which is what the vendor's SDK takes: with `/v1` for OpenAI,
    /// without for Anthropic.
    #[must_use]
    pub const fn upstream_path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
            Self::Embeddings => "/embeddings",
        }
    }

    /// Whether an answer can come as a stream of events.
    #[must_use]
    pub const fn streams(self) -> bool {
        matches!(self, Self::Chat | Self::Responses | Self::Messages)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_endpoint_has_its_dialect_name_and_path() {
        let table: Vec<_> = Endpoint::ALL.iter().map(|e| format!("{e} {} {} {}", e.dialect(), e.upstream_path(), e.streams())).collect();
        assert_eq!(
            table,
            [
                "chat openai /chat/completions true",
                "responses openai /responses true",
                "messages anthropic /v1/messages true",
                "count_tokens anthropic /v1/messages/count_tokens false",
                "embeddings openai /embeddings false",
            ]
        );
    }
}
