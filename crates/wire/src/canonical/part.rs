//! The parts of a turn.

use super::loss::Place;
use super::request::{ToolKind, push_line};

/// A part of a turn with what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The part.
    pub part: Part,
    /// The provider is to keep all up to here in its cache (case 43).
    pub cache: Option<CacheLife>,
    /// Where it stood.
    pub place: Place,
}

impl From<Part> for Piece {
    fn from(part: Part) -> Self {
        Self { part, cache: None, place: Place::default() }
    }
}

impl PartialEq<Part> for Piece {
    fn eq(&self, part: &Part) -> bool {
        self.part == *part
    }
}

impl std::ops::Deref for Piece {
    type Target = Part;

    fn deref(&self) -> &Part {
        &self.part
    }
}

/// How long a provider keeps a marked prefix (case 22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheLife {
    /// Five minutes, which is what a mark without a time means.
    #[default]
    FiveMinutes,
    /// An hour.
    OneHour,
}

/// A piece of a turn, of the request or of the reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// Text with the passages that it rests on (case 41).
    Cited {
        /// The text.
        text: String,
        /// Its sources, in order; never empty.
        citations: Vec<Citation>,
    },
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
        /// The kind of the tool that was called.
        kind: ToolKind,
        /// Its content: text, documents, media.
        content: Vec<Piece>,
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
    Media(Media),
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

/// An image, audio, or file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where it is to be had.
    pub source: MediaSource,
    /// Its file name or title, where given.
    pub name: Option<String>,
    /// How closely an image is to be looked at (OpenAI `detail`), where given; `auto`, which is what a model does by itself, is not.
    pub detail: Option<String>,
}

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// A file, mostly a PDF.
    File,
}

impl MediaKind {
    /// The word for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

/// Where media are to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaSource {
    /// An address that the provider fetches.
    Url(String),
    /// The bytes themselves.
    Base64 {
        /// Their media type, e.g. `image/png`; `wav` and such words of OpenAI's audio are written as `audio/wav`.
        media_type: String,
        /// In base64, as given.
        data: String,
    },
    /// A file stored at the provider, which no other provider has.
    FileId(String),
}

/// A passage that a text rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The address of the source, where it has one.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The passage, where it is given.
    pub quoted: Option<String>,
    /// What of the text rests on it, from and to, in characters of the text that it stands at; all of it where this is not given.
    pub span: Option<(usize, usize)>,
    /// The whole citation as JSON text, for the dialect that it came from.
    pub json: String,
}

impl Part {
    /// Appends all text of the part that a model would read.
    pub(super) fn write_text(&self, out: &mut String) {
        match self {
            Self::Text(text) | Self::Cited { text, .. } | Self::Refusal(text) | Self::Thinking { text, .. } => push_line(out, text),
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
            Self::RedactedThinking(_) | Self::Media(_) | Self::Embedding(_) => {}
        }
    }
}
