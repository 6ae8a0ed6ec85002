//! What a request asks.

use crate::Endpoint;
use serde_json::{Map, Value};

/// A request in the canonical form.
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
    /// Whether the answer should show its reasoning (Messages `thinking`, Responses `reasoning.summary`).
    pub show_thinking: bool,
    /// What an embeddings request asks.
    pub embedding: Option<EmbeddingAsk>,
    /// Members that a Responses object repeats from its request (`tools`, `temperature`, `metadata`, …), as they were given.
    pub repeated: Map<String, Value>,
}

/// One turn of the conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
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

/// A piece of a turn, of the request or of the reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// The model's refusal, apart from its text (case 17).
    Refusal(String),
    /// Shown reasoning, with the provider's signature (Messages `signature`, Responses `encrypted_content`) byte for byte.
    Thinking {
        /// The reasoning or its summary; may be empty.
        text: String,
        /// Opaque proof that the provider wrote it, where it gave one.
        signature: Option<String>,
    },
    /// Reasoning that the provider hides: opaque data to be given back unchanged (case 35).
    RedactedThinking(String),
    /// The model calls a tool.
    ToolUse {
        /// The call's id, unique within the conversation (`call_id` of Responses).
        id: String,
        /// The tool's name.
        name: String,
        /// What kind of tool; decides what `arguments_json` is.
        kind: ToolKind,
        /// The arguments as JSON text, exactly as given; free text for [`ToolKind::Custom`].
        arguments_json: String,
    },
    /// The answer of a tool.
    ToolResult {
        /// The id of the call that it answers.
        id: String,
        /// Its content: text, documents, media.
        content: Vec<Part>,
        /// Whether the tool failed.
        is_error: bool,
    },
    /// A document whose text is in the request.
    Document {
        /// Its title, where given.
        title: Option<String>,
        /// Its text.
        text: String,
    },
    /// An image, audio, or file that is not text.
    Media {
        /// `image`, `audio`, `file` or `document`.
        kind: String,
        /// Its media type, where the request says it.
        media_type: Option<String>,
    },
    /// A part of another kind (a provider's own tools), kept as JSON text.
    Other {
        /// Its `type`.
        kind: String,
        /// The whole part.
        json: String,
    },
    /// One vector; only in replies to embeddings.
    Embedding(Vec<f32>),
}

/// A declared tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDecl {
    /// The name by which it is called.
    pub name: String,
    /// What it does, in words for the model.
    pub description: Option<String>,
    /// JSON Schema of its arguments; `None` where the tool takes free text or the provider knows the schema.
    pub schema: Option<Value>,
    /// What kind of tool.
    pub kind: ToolKind,
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
            show_thinking: false,
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
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// The turn's text and documents, a line break after each piece; tool calls, tool results and reasoning left out.
    #[must_use]
    pub fn plain_text(&self) -> String {
        let mut out = String::new();
        for part in &self.parts {
            if matches!(part, Part::Text(_) | Part::Document { .. }) {
                part.write_text(&mut out);
            }
        }
        out
    }
}

impl Part {
    /// Appends all text of the part that a model would read.
    fn write_text(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Refusal(text) | Self::Thinking { text, .. } => push_line(out, text),
            Self::ToolUse { name, arguments_json, .. } => {
                push_line(out, name);
                push_line(out, arguments_json);
            }
            Self::ToolResult { content, .. } => content.iter().for_each(|part| part.write_text(out)),
            Self::Document { title, text } => {
                title.iter().for_each(|title| push_line(out, title));
                push_line(out, text);
            }
            Self::Other { json, .. } => push_line(out, json),
            Self::RedactedThinking(_) | Self::Media { .. } | Self::Embedding(_) => {}
        }
    }
}

fn push_line(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push('\n');
    }
}
