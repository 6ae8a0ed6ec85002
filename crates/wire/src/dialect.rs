//! Wire formats and the calls that Jeton meters in them.

use std::fmt;

/// A wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's: Chat Completions, Responses and Embeddings.
    OpenAi,
    /// Anthropic's: Messages and its token count.
    Anthropic,
    /// Google's Gemini API and Vertex AI: `generateContent`.
    Gemini,
    /// Amazon Bedrock's: Converse.
    Bedrock,
}

impl Dialect {
    /// The stable word: `openai`, `anthropic`, `gemini` or `bedrock`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
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
    /// Gemini's `generateContent`, and `streamGenerateContent` where the answer is streamed.
    Generate,
    /// Bedrock's Converse, and ConverseStream where the answer is streamed. Its events travel as server-sent events here: the
    /// provider's own framing ends where its bytes are received.
    Converse,
}

impl Endpoint {
    /// Every kind of call.
    pub const ALL: [Self; 7] = [Self::Chat, Self::Responses, Self::Messages, Self::CountTokens, Self::Embeddings, Self::Generate, Self::Converse];

    /// The wire format of the call.
    #[must_use]
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Chat | Self::Responses | Self::Embeddings => Dialect::OpenAi,
            Self::Messages | Self::CountTokens => Dialect::Anthropic,
            Self::Generate => Dialect::Gemini,
            Self::Converse => Dialect::Bedrock,
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
            Self::Generate => "generate",
            Self::Converse => "converse",
        }
    }

    /// The path behind a provider's base address, which is what the vendor's SDK takes: with `/v1` for OpenAI,
    /// without for Anthropic and Google. Where the model stands in the path, `{model}` stands for it; the path of a streamed answer
    /// differs there ([`Endpoint::stream_path`]).
    #[must_use]
    pub const fn upstream_path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
            Self::Messages => "/v1/messages",
            Self::CountTokens => "/v1/messages/count_tokens",
            Self::Embeddings => "/embeddings",
            Self::Generate => "/v1beta/models/{model}:generateContent",
            Self::Converse => "/model/{model}/converse",
        }
    }

    /// As [`Endpoint::upstream_path`], for an answer that is to be streamed.
    #[must_use]
    pub const fn stream_path(self) -> &'static str {
        match self {
            Self::Generate => "/v1beta/models/{model}:streamGenerateContent?alt=sse",
            Self::Converse => "/model/{model}/converse-stream",
            _ => self.upstream_path(),
        }
    }

    /// Whether the path says which model is asked and whether the answer is to be streamed, and the body does not.
    #[must_use]
    pub const fn names_model_in_path(self) -> bool {
        matches!(self, Self::Generate | Self::Converse)
    }

    /// Whether an answer can come as a stream of events.
    #[must_use]
    pub const fn streams(self) -> bool {
        matches!(self, Self::Chat | Self::Responses | Self::Messages | Self::Generate | Self::Converse)
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
                "generate gemini /v1beta/models/{model}:generateContent true",
                "converse bedrock /model/{model}/converse true",
            ]
        );
    }
}
