//! What Jeton must know of a request before it leaves: one validating pass over the body, no document is built.

use crate::json::{Cursor, Parsed, Text, Wrong};
use crate::{Dialect, Endpoint};
use jeton_core::{Fault, FaultKind};
use std::ops::Range;

mod converse;
mod gemini;
mod prompt;

/// The longest model name, in bytes.
const MODEL_BYTES_MAX: usize = 256;

/// What a request says of itself. Places are offsets in the scanned body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// The model asked for, as the caller wrote it. Never empty, at most 256 bytes, no control characters. Empty where the path
    /// names it ([`Endpoint::names_model_in_path`]), and to be set from there, as `stream` is.
    pub model: String,
    /// Place of the model's string with its quotes.
    pub model_span: Range<usize>,
    /// Whether the answer is to come as a stream of events.
    pub stream: bool,
    /// Whether the client itself asked for the usage of a Chat Completions stream.
    pub include_usage: bool,
    /// Place of the value of `include_usage`, whatever it is.
    pub include_usage_span: Option<Range<usize>>,
    /// Place of the value of `stream_options`, an object or null.
    pub stream_options_span: Option<Range<usize>>,
    /// How many members `stream_options` has.
    pub stream_options_members: u64,
    /// The most output tokens that the request allows for one answer; the larger where two fields state it.
    pub output_limit: Option<u64>,
    /// The field that states `output_limit`: `max_tokens`, `max_completion_tokens`, `max_output_tokens`, `maxOutputTokens`
    /// or `maxTokens`.
    pub output_limit_field: Option<&'static str>,
    /// Every field that states a limit, or states null.
    pub output_limit_spans: Vec<LimitSpan>,
    /// Place of the object that holds the limit where the request has it in one (`generationConfig`,
    /// `inferenceConfig`), or of the null in its place.
    pub limit_holder: Option<Range<usize>>,
    /// How many members that object has.
    pub limit_holder_members: u64,
    /// How many answers are asked for (`n`), else 1.
    pub choices: u64,
    /// An upper bound of the tokens of the prompt, as no token has less than one byte: the bytes of every member that can
    /// become part of it (unknown members too), white space left out, strings counted as meant. Inline base64 media are left out.
    pub text_bytes: u64,
    /// Images, audio, files and documents, inline or by address. Their tokens are not in `text_bytes`.
    pub media_parts: u64,
    /// Bytes of inline base64 media.
    pub media_bytes: u64,
    /// Whether a tool is declared that the provider runs (web search, code execution, MCP…): it can add input that no bound foresees.
    pub server_tools: bool,
    /// How many tools are declared.
    pub tools: u64,
    /// The service tier asked for; `fast` where the request asks for `speed: "fast"`.
    pub service_tier: Option<String>,
    /// The first 4 KiB of system and developer messages, `system` and `instructions`, joined by newlines.
    pub system_prompt: String,
    /// Whether the request rests on what the provider keeps (`previous_response_id`, `conversation`, a stored `prompt`,
    /// an item by reference) or leaves something there to be fetched (`background`).
    pub stateful: bool,
    /// Just behind the opening brace: where a member can be put in.
    pub insert_at: usize,
    /// Whether the body has no member at all.
    pub empty_object: bool,
    /// The thinking budget of a Messages request, in tokens.
    pub thinking_budget: Option<u64>,
}

/// A limit of the output where the request states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitSpan {
    /// The field's name.
    pub field: &'static str,
    /// Place of its value.
    pub span: Range<usize>,
    /// Whether the value is null, which limits nothing.
    pub is_null: bool,
}

/// Reads and validates a request's body.
///
/// # Errors
/// [`FaultKind::InvalidRequest`], naming path, line, column and byte, where the body is not UTF-8, not JSON, nested more than
/// 128 deep or no object; where a member that Jeton reads has a wrong type or is stated twice; and where `model` is missing,
/// empty, too long or holds control characters.
pub fn scan(endpoint: Endpoint, body: &[u8]) -> Result<RequestFacts, Fault> {
    if let Err(error) = std::str::from_utf8(body) {
        let at = error.valid_up_to();
        let what = format!("byte 0x{:02x} is not part of valid UTF-8", body.get(at).copied().unwrap_or_default());
        return Err(fault(&Wrong::new(at, what), body));
    }
    let mut scanner = Scanner { endpoint, facts: RequestFacts { choices: 1, ..RequestFacts::default() }, seen: 0, excluded: 0 };
    match scanner.body(&mut Cursor::new(body)) {
        Ok(()) => Ok(scanner.facts),
        Err(wrong) => Err(fault(&wrong, body)),
    }
}

/// The error as callers meet it. Columns count characters, as editors do.
fn fault(wrong: &Wrong, body: &[u8]) -> Fault {
    let at = wrong.at.min(body.len());
    let line_start = memchr::memrchr(b'\n', &body[..at]).map_or(0, |newline| newline + 1);
    let line = memchr::memchr_iter(b'\n', &body[..at]).count() + 1;
    let column = String::from_utf8_lossy(&body[line_start..at]).chars().count() + 1;
    let path = wrong.path();
    let place = if path.is_empty() { "request body" } else { &path };
    let message = format!("{place}: {} at line {line}, column {column} (byte {at}).", wrong.what);
    let fault = Fault::new(FaultKind::InvalidRequest, message).remedy("Correct the request body there and send it again.");
    if path.is_empty() { fault } else { fault.param(path) }
}

struct Scanner {
    endpoint: Endpoint,
    facts: RequestFacts,
    /// One bit for each member of [`READ`] that was met.
    seen: u32,
    /// Weight of inline media, which is not text.
    excluded: u64,
}

/// Members that Jeton reads. Stated twice they are refused: the provider might read the other one.
const READ: [&[u8]; 27] = [
    b"model",
    b"stream",
    b"stream_options",
    b"n",
    b"max_tokens",
    b"max_completion_tokens",
    b"max_output_tokens",
    b"service_tier",
    b"speed",
    b"messages",
    b"input",
    b"system",
    b"instructions",
    b"tools",
    b"thinking",
    b"background",
    b"previous_response_id",
    b"inferenceConfig",
    b"toolConfig",
    b"contents",
    b"systemInstruction",
    b"system_instruction",
    b"generationConfig",
    b"generation_config",
    b"serviceTier",
    b"cachedContent",
    b"cached_content",
];

/// Members that never become part of a prompt.
const NOT_PROMPT: [&[u8]; 38] = [
    b"additionalModelResponseFieldPaths",
    b"audio",
    b"background",
    b"conversation",
    b"dimensions",
    b"encoding_format",
    b"frequency_penalty",
    b"guardrailConfig",
    b"include",
    b"logit_bias",
    b"logprobs",
    b"max_tool_calls",
    b"metadata",
    b"modalities",
    b"parallel_tool_calls",
    b"presence_penalty",
    b"projectIdentifier",
    b"previous_response_id",
    b"prompt_cache_key",
    b"prompt_cache_retention",
    b"provider",
    b"reasoning",
    b"reasoning_effort",
    b"requestMetadata",
    b"safety_identifier",
    b"seed",
    b"stop",
    b"stop_sequences",
    b"store",
    b"stream_options",
    b"temperature",
    b"thinking",
    b"top_k",
    b"top_logprobs",
    b"top_p",
    b"truncation",
    b"user",
    b"verbosity",
];

impl Scanner {
    fn body(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        cursor.space();
        if cursor.peek() != Some(b'{') {
            return cursor.expected("a JSON object");
        }
        self.facts.insert_at = cursor.at + 1;
        self.facts.empty_object = true;
        cursor.object(|cursor, name| {
            self.facts.empty_object = false;
            let before = (cursor.weight, self.excluded);
            let name = cursor.name(name);
            self.once(&name, cursor)?;
            if self.member(&name, cursor)? {
                let weight = cursor.weight - before.0 - (self.excluded - before.1);
                self.facts.text_bytes += weight;
            }
            Ok(())
        })?;
        cursor.end()?;
        if self.seen & 1 == 0 && !self.endpoint.names_model_in_path() {
            return Err(Wrong::new(self.facts.insert_at - 1, "the member `model` is missing from the object that begins"));
        }
        Ok(())
    }

    fn once(&mut self, name: &[u8], cursor: &Cursor<'_>) -> Parsed<()> {
        let Some(position) = READ.iter().position(|read| *read == name) else { return Ok(()) };
        let bit = 1 << position;
        if self.seen & bit != 0 {
            return cursor.wrong("the member is stated twice, the second time");
        }
        self.seen |= bit;
        Ok(())
    }

    /// Passes a member's value; true where it can become part of the prompt.
    fn member(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
        match (name, self.endpoint) {
            (_, Endpoint::Generate) => self.gemini_member(name, cursor),
            (b"model", _) => self.model(cursor).map(|()| false),
            (b"stream", Endpoint::Chat | Endpoint::Responses | Endpoint::Messages) => {
                self.facts.stream = cursor.boolean()?.unwrap_or(false);
                Ok(false)
            }
            (b"stream_options", Endpoint::Chat) => self.stream_options(cursor).map(|()| false),
            (b"n", Endpoint::Chat) => {
                let at = cursor.at;
                self.facts.choices = integer(cursor, "a whole number of answers, 1 or more")?.unwrap_or(1);
                if self.facts.choices == 0 { Err(Wrong::new(at, "expected a whole number of answers, 1 or more, found `0`")) } else { Ok(false) }
            }
            (b"max_tokens", Endpoint::Chat | Endpoint::Messages) => self.limit("max_tokens", cursor).map(|()| false),
            (b"max_completion_tokens", Endpoint::Chat) => self.limit("max_completion_tokens", cursor).map(|()| false),
            (b"max_output_tokens", Endpoint::Responses) => self.limit("max_output_tokens", cursor).map(|()| false),
            (b"service_tier" | b"speed", _) => self.tier(name == b"speed", cursor).map(|()| false),
            (b"tools", Endpoint::Chat | Endpoint::Responses | Endpoint::Messages | Endpoint::CountTokens) => self.tools(cursor).map(|()| true),
            (b"thinking", Endpoint::Messages) => self.thinking(cursor).map(|()| false),
            (b"inferenceConfig", Endpoint::Converse) => self.inference_config(cursor).map(|()| false),
            (b"toolConfig", Endpoint::Converse) => self.tool_config(cursor).map(|()| true),
            (b"additionalModelRequestFields", Endpoint::Converse) => self.model_fields(cursor).map(|()| true),
            (b"serviceTier", Endpoint::Converse) => self.named_tier(b"type", cursor).map(|()| false),
            (b"performanceConfig", Endpoint::Converse) => self.named_tier(b"latency", cursor).map(|()| false),
            _ => self.prompt_member(name, cursor),
        }
    }

    fn prompt_member(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
        match (name, self.endpoint) {
            (b"messages", Endpoint::Chat | Endpoint::Messages | Endpoint::CountTokens) => self.conversation(cursor, false).map(|()| true),
            (b"input", Endpoint::Responses) => self.conversation(cursor, true).map(|()| true),
            (b"input", Endpoint::Embeddings) => match cursor.peek() {
                Some(b'"' | b'[') => cursor.skip().map(|()| true),
                _ => cursor.expected("a string or an array"),
            },
            (b"system", Endpoint::Messages | Endpoint::CountTokens) | (b"instructions", Endpoint::Responses) => self.system(cursor).map(|()| true),
            (b"web_search_options" | b"plugins", Endpoint::Chat) | (b"mcp_servers", Endpoint::Messages) => {
                let value = cursor.span()?;
                self.facts.server_tools |= !matches!(cursor.slice(value), b"null" | b"[]");
                Ok(true)
            }
            (b"messages", Endpoint::Converse) => self.converse_messages(cursor).map(|()| true),
            (b"system", Endpoint::Converse) => self.converse_system(cursor).map(|()| true),
            // What is put into a prompt that is kept at the provider.
            (b"promptVariables", Endpoint::Converse) => {
                let value = cursor.span()?;
                self.facts.stateful |= cursor.slice(value) != b"null";
                Ok(true)
            }
            (b"previous_response_id" | b"conversation" | b"prompt", Endpoint::Responses) => {
                let value = cursor.span()?;
                self.facts.stateful |= cursor.slice(value) != b"null";
                Ok(name == b"prompt")
            }
            (b"background", Endpoint::Responses) => {
                self.facts.stateful |= cursor.boolean()?.unwrap_or(false);
                Ok(false)
            }
            _ => cursor.skip().map(|()| !NOT_PROMPT.contains(&name)),
        }
    }

    fn model(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let at = cursor.at;
        let name = cursor.string()?;
        let model = cursor.text(name);
        let wrong = |what: &str| Err(Wrong::new(at, what));
        if model.trim().is_empty() {
            return wrong("expected the name of a model, found an empty string");
        }
        if model.len() > MODEL_BYTES_MAX {
            return wrong("expected the name of a model of at most 256 bytes, found a longer one");
        }
        if model.chars().any(|character| character.is_control() || character == char::REPLACEMENT_CHARACTER) {
            return wrong("expected the name of a model, found control characters in it");
        }
        self.facts.model = model.into_owned();
        self.facts.model_span = name.quoted();
        Ok(())
    }

    fn stream_options(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let start = cursor.at;
        if !cursor.null()? {
            cursor.object(|cursor, name| {
                self.facts.stream_options_members += 1;
                if &*cursor.name(name) != b"include_usage" {
                    return cursor.skip();
                }
                if self.facts.include_usage_span.is_some() {
                    return cursor.wrong("the member is stated twice, the second time");
                }
                let at = cursor.at;
                self.facts.include_usage = cursor.boolean()?.unwrap_or(false);
                self.facts.include_usage_span = Some(at..cursor.at);
                Ok(())
            })?;
        }
        self.facts.stream_options_span = Some(start..cursor.at);
        Ok(())
    }

    fn limit(&mut self, field: &'static str, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let start = cursor.at;
        let tokens = integer(cursor, "a whole number of tokens")?;
        self.facts.output_limit_spans.push(LimitSpan { field, span: start..cursor.at, is_null: tokens.is_none() });
        if tokens > self.facts.output_limit {
            self.facts.output_limit = tokens;
            self.facts.output_limit_field = Some(field);
        }
        Ok(())
    }

    fn tier(&mut self, is_speed: bool, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        let tier = cursor.string()?;
        let tier = cursor.text_prefix(tier, 64);
        if !is_speed {
            // A speed is priced apart and was maybe read before.
            self.facts.service_tier.get_or_insert(tier);
        } else if tier == "fast" {
            self.facts.service_tier = Some(tier);
        }
        Ok(())
    }

    fn thinking(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        cursor.object(|cursor, name| {
            if &*cursor.name(name) == b"budget_tokens" {
                self.facts.thinking_budget = integer(cursor, "a whole number of tokens")?;
                return Ok(());
            }
            cursor.skip()
        })
    }

    fn tools(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        let dialect = self.endpoint.dialect();
        cursor.array(|cursor, _| {
            let mut kind: Option<String> = None;
            cursor.object(|cursor, name| {
                if &*cursor.name(name) == b"type" && cursor.peek() == Some(b'"') {
                    let text = cursor.string()?;
                    kind = Some(cursor.text_prefix(text, 64));
                    return Ok(());
                }
                cursor.skip()
            })?;
            self.facts.tools += 1;
            self.facts.server_tools |= kind.is_some_and(|kind| !client_runs(dialect, &kind));
            Ok(())
        })
    }
}

/// Whether tools of this type are run by the client. A type that is not known counts as the provider's: that is the dearer guess.
fn client_runs(dialect: Dialect, kind: &str) -> bool {
    let prefixes: &[&str] = match dialect {
        Dialect::OpenAi => &["computer", "local_shell", "apply_patch"],
        Dialect::Anthropic => &["bash_", "text_editor_", "computer_", "memory_"],
        // Their tools have no `type`.
        Dialect::Gemini | Dialect::Bedrock => &[],
    };
    matches!(kind, "function" | "custom") || prefixes.iter().any(|prefix| kind.starts_with(prefix))
}

/// Passes a whole number that is not negative, or null (`None`).
fn integer(cursor: &mut Cursor<'_>, what: &str) -> Parsed<Option<u64>> {
    if cursor.null()? {
        return Ok(None);
    }
    if !matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) {
        return cursor.expected(what);
    }
    let at = cursor.at;
    let place = cursor.number()?;
    let written = String::from_utf8_lossy(cursor.slice(place)).into_owned();
    match written.parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(Wrong::new(at, format!("expected {what}, found `{}`", written.chars().take(32).collect::<String>()))),
    }
}

/// Whether a string of the body begins with `prefix`, as written.
fn begins_with(cursor: &Cursor<'_>, text: Text, prefix: &[u8]) -> bool {
    cursor.slice(text.start..text.end).starts_with(prefix)
}

#[cfg(test)]
pub(crate) mod tests;
