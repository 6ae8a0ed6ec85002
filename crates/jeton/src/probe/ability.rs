//! What a model can be asked about, one name each.

use clap::ValueEnum;

/// An ability of a model at its provider. The name is what people type and what stands in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Ability {
    /// An answer in text
    Text,
    /// The field that carries the limit of output
    OutputLimit,
    /// The provider's other endpoint: Responses beside Chat Completions, or the reverse
    OtherEndpoint,
    /// A streamed answer
    Streaming,
    /// Usage within a stream
    StreamUsage,
    /// Instructions before the conversation
    System,
    /// A call of a tool
    Tools,
    /// Two calls of tools in one answer
    ParallelTools,
    /// A call of the tool that is named
    ForcedTool,
    /// A tool whose arguments hold to its schema
    StrictTool,
    /// An answer that holds to a JSON schema
    Schema,
    /// A picture
    Image,
    /// A PDF document
    Pdf,
    /// Reasoning, by the model's own setting
    Thinking,
    /// Reasoning that the model itself grades
    AdaptiveThinking,
    /// A budget of tokens for reasoning
    ThinkingBudget,
    /// The highest grade of effort that the data claims
    Effort,
    /// Stop sequences
    Stop,
    /// A temperature
    Temperature,
    /// `top_p` beside a temperature
    TopP,
    /// Log probabilities of tokens
    Logprobs,
    /// A seed
    Seed,
    /// Several answers to one request
    N,
    /// Usage that tells tokens of the cache apart
    Cache,
    /// Tokens counted without an answer
    CountTokens,
}

impl Ability {
    /// All of them, in the order in which they are asked: what the others need comes first.
    pub(crate) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// Its name.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
