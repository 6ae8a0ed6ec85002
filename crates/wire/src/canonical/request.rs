//! What a request asks.

use super::loss::Place;
use super::part::{CacheLife, Part, Piece};
use crate::Endpoint;
use serde_json::{Map, Number, Value};

/// A request in the canonical form. What is read from one dialect is written in another from here ([`super::encode_request`]);
/// encoders take it apart member by member, so that a member that one of them forgets does not compile.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The endpoint that it came in by.
    pub endpoint: Endpoint,
    /// The model's name as the body gives it.
    pub model: String,
    /// The conversation, system text first. Empty for embeddings.
    pub messages: Vec<Message>,
    /// Declared tools, in the order given.
    pub tools: Vec<ToolDecl>,
    /// Whether and which tools are to be called.
    pub tool_choice: ToolChoice,
    /// Whether one turn may call several tools. True unless the request forbids it.
    pub parallel_tool_calls: bool,
    /// The most output tokens; `None` where the request sets no limit.
    pub output_limit: Option<u64>,
    /// Texts at which generation stops; never an empty text.
    pub stop: Vec<String>,
    /// The form that the answer's text must have; `None` is free text.
    pub response_format: Option<ResponseFormat>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Chat streams: whether a last chunk is to state usage.
    pub include_usage: bool,
    /// Whether and how much the model is to think.
    pub reasoning: Reasoning,
    /// How the next token is drawn.
    pub sampling: Sampling,
    /// How many answers are wanted, where the request says so (case 15).
    pub choices: Option<Asked<u64>>,
    /// Log probabilities: how many alternatives for each token; 0 for those of the tokens alone (case 16).
    pub logprobs: Option<Asked<u64>>,
    /// How long-winded the answer is to be (`low`, `medium`, `high`).
    pub verbosity: Option<Asked<String>>,
    /// Who uses it, opaque to everybody (case 53): `user`, `safety_identifier`, `metadata.user_id`.
    pub user: Option<Asked<String>>,
    /// Labels that the provider keeps with the call.
    pub metadata: Option<Asked<Map<String, Value>>>,
    /// The tier that is asked for (case 53).
    pub service_tier: Option<Asked<ServiceTier>>,
    /// What requests with one prefix have in common, for the provider's cache (`prompt_cache_key`).
    pub cache_key: Option<Asked<String>>,
    /// Whether the provider is to keep the exchange, where the request says so (`store`).
    pub store: Option<Asked<bool>>,
    /// State that lives at the provider: `previous_response_id`, `conversation`, `background` … by their names (case 59).
    pub stored_state: Vec<String>,
    /// What an embeddings request asks.
    pub embedding: Option<EmbeddingAsk>,
    /// Members that a Responses object repeats from its request (`tools`, `temperature`, `metadata`, …), as they were given.
    pub repeated: Map<String, Value>,
}

/// A setting, and the member of the request that it came from. Two settings are equal by their values.
#[derive(Clone, Debug)]
pub struct Asked<T> {
    /// What is asked for.
    pub value: T,
    /// The path of the member that asked for it, e.g. `reasoning.effort`.
    pub path: &'static str,
}

impl<T> Asked<T> {
    /// A setting that `path` asks for.
    pub const fn new(value: T, path: &'static str) -> Self {
        Self { value, path }
    }
}

impl<T: PartialEq> PartialEq for Asked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// Whether and how much a model is to think (case 49).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reasoning {
    /// How hard.
    pub effort: Option<Asked<Effort>>,
    /// Thinking tokens at most, where a budget is stated.
    pub budget_tokens: Option<Asked<u64>>,
    /// Whether the model itself decides how much it thinks (Messages `adaptive`).
    pub is_adaptive: bool,
    /// Whether the answer should show its reasoning (Messages `thinking`, Responses `reasoning.summary`).
    pub is_shown: bool,
    /// The detail of the summary that is shown (`auto`, `concise`, `detailed`), where stated.
    pub summary: Option<Asked<String>>,
    /// Whether encrypted reasoning is to come with the answer (Responses `include: ["reasoning.encrypted_content"]`).
    pub is_encrypted: bool,
}

/// How hard a model is to think, as both vendors grade it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as possible.
    Minimal,
    /// A little.
    Low,
    /// As usual.
    Medium,
    /// Hard.
    High,
    /// Very hard (`xhigh`).
    XHigh,
    /// As hard as it can (`max`).
    Max,
}

impl Effort {
    /// Every grade with its word.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::None, "none"),
        (Self::Minimal, "minimal"),
        (Self::Low, "low"),
        (Self::Medium, "medium"),
        (Self::High, "high"),
        (Self::XHigh, "xhigh"),
        (Self::Max, "max"),
    ];

    /// The grade that `word` names.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == word).map(|(effort, _)| effort)
    }

    /// The word.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(effort, _)| *effort == self).map_or("", |(_, name)| name)
    }
}

/// How the next token is drawn. Numbers stay as they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// Flatness of the distribution: 0 to 2 at OpenAI, 0 to 1 at Anthropic.
    pub temperature: Option<Number>,
    /// Only the tokens that make up this share of probability.
    pub top_p: Option<Number>,
    /// Only so many tokens.
    pub top_k: Option<Number>,
    /// Less of what came often.
    pub frequency_penalty: Option<Number>,
    /// Less of what came at all.
    pub presence_penalty: Option<Number>,
    /// For the same answer again, as far as possible.
    pub seed: Option<Number>,
    /// What is added to single tokens, by their number in the model's vocabulary.
    pub logit_bias: Option<Map<String, Value>>,
    /// The object of the request that holds the settings, by names in camel case; empty where they stand in the request itself, by
    /// names with underscores.
    pub place: Place,
}

impl Sampling {
    /// The path of the setting, which is named here as its field is.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        if self.place.path().is_empty() { name.to_owned() } else { self.place.member(&super::object::camel_case(name)) }
    }
}

/// The tier that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceTier {
    /// The provider decides.
    Auto,
    /// The ordinary one and no other (OpenAI `default`, Anthropic `standard_only`).
    Standard,
    /// Another, by the provider's word (`flex`, `priority`, …).
    Other(String),
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Piece>,
}

/// Who speaks. Case 20: OpenAI's `developer` is `System`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions: `system`, `developer`, `instructions`.
    System,
    /// The caller. Tool results are parts of a user's turn.
    User,
    /// The model.
    Assistant,
}

/// A declared tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolDecl {
    /// The name by which it is called; the `type` for tools of the provider.
    pub name: String,
    /// What it does, in words for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments; `None` where the tool takes free text or the provider knows the schema.
    pub schema: Option<Value>,
    /// What kind of tool.
    pub kind: ToolKind,
    /// Whether arguments must fit the schema exactly, where stated.
    pub strict: Option<bool>,
    /// The provider is to keep all up to here in its cache.
    pub cache: Option<CacheLife>,
    /// What else the declaration says: the grammar of a custom tool (`format`), a provider's tool as it stands.
    pub details: Option<Value>,
    /// Where it stood.
    pub place: Place,
}

/// Kinds of tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToolKind {
    /// The caller runs it; its arguments are a JSON object.
    #[default]
    Function,
    /// The caller runs it; its input is free text (OpenAI `custom`).
    Custom,
    /// The provider runs it or knows its schema (web search, computer, …). Built-in models never call one.
    Provider,
}

/// Which tools are to be called (case 44).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// None may be called.
    None,
    /// At least one must be called (`required`, `any`).
    Required,
    /// This one must be called.
    Tool(String),
    /// Only these may be called, by their names.
    Among {
        /// The names.
        names: Vec<String>,
        /// Whether one of them must be.
        is_required: bool,
    },
}

/// The form that the answer's text must have.
#[derive(Clone, Debug, PartialEq)]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name; empty where the dialect has none.
        name: String,
        /// What the schema is for, where given.
        description: Option<String>,
        /// The JSON Schema.
        schema: Value,
        /// Whether the answer must fit exactly.
        strict: bool,
    },
}

/// What an embeddings request asks.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingAsk {
    /// The texts, one vector each. Never empty.
    pub inputs: Vec<EmbeddingInput>,
    /// The wished length of the vectors, 1 or more.
    pub dimensions: Option<u32>,
    /// Whether vectors are written as base64 of little-endian `f32` (the SDKs' default) instead of as arrays.
    pub base64: bool,
}

/// One input of an embeddings request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingInput {
    /// A text.
    Text(String),
    /// A text that the caller has already cut into tokens.
    Tokens(Vec<u64>),
}

impl Request {
    /// An empty request to `model`: no messages, no tools, not streamed.
    #[must_use]
    pub fn new(endpoint: Endpoint, model: impl Into<String>) -> Self {
        Self {
            endpoint,
            model: model.into(),
            messages: Vec::new(),
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            parallel_tool_calls: true,
            output_limit: None,
            stop: Vec::new(),
            response_format: None,
            stream: false,
            include_usage: false,
            reasoning: Reasoning::default(),
            sampling: Sampling::default(),
            choices: None,
            logprobs: None,
            verbosity: None,
            user: None,
            metadata: None,
            service_tier: None,
            cache_key: None,
            store: None,
            stored_state: Vec::new(),
            embedding: None,
            repeated: Map::new(),
        }
    }

    /// All text that a model would read, a line break after each piece: messages, tool declarations, schemas, embedding inputs.
    /// Media and tokens are not in it.
    #[must_use]
    pub fn prompt_text(&self) -> String {
        let mut out = String::new();
        for message in &self.messages {
            message.parts.iter().for_each(|part| part.write_text(&mut out));
        }
        for tool in &self.tools {
            push_line(&mut out, &tool.name);
            tool.description.iter().for_each(|text| push_line(&mut out, text));
            tool.schema.iter().for_each(|schema| push_line(&mut out, &schema.to_string()));
        }
        if let Some(ResponseFormat::JsonSchema { schema, .. }) = &self.response_format {
            push_line(&mut out, &schema.to_string());
        }
        for input in self.embedding.iter().flat_map(|ask| &ask.inputs) {
            if let EmbeddingInput::Text(text) = input {
                push_line(&mut out, text);
            }
        }
        out
    }
}

impl Message {
    /// A turn that is one text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into()).into()] }
    }

    /// The turn's text and documents, a line break after each piece; tool calls, tool results and reasoning left out.
    #[must_use]
    pub fn plain_text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            if matches!(part.part, Part::Text(_) | Part::Cited { .. } | Part::Document { .. }) {
                part.write_text(&mut out);
            }
        }
        out
    }
}

pub(super) fn push_line(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push('\n');
    }
}
