//! Chat Completions requests.

use super::decode::{
    ReadPart, allowed_tools, asked, declaration, media_at, other, piece, provider_tool, response_format, sampling, source_at, stop_texts, text_or_parts,
    word_choice,
};
use super::decode_messages;
use super::exact::is_number;
use super::loss::{Loss, Path};
use super::object::{Object, wrong};
use super::part::{Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Asked, Effort, Message, Request, Role, ServiceTier, ToolChoice, ToolDecl, ToolKind};
use jeton_core::Fault;
use serde_json::Value;

const READ: ReadPart = read_part;

pub(super) fn fill(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    refuse_unsupported(root)?;
    if root.peek("messages").is_none() {
        return Err(root.fault("messages", "is missing."));
    }
    request.messages.extend(root.each("messages", |message| read_message(message, loss))?);
    tell_custom_results(&mut request.messages);
    request.tools = root.each("tools", |tool| read_tool(tool, loss))?;
    if let Some(choice) = root.take("tool_choice") {
        request.tool_choice = read_choice(choice, &root.path.member("tool_choice"), loss)?;
    }
    request.parallel_tool_calls = root.flag("parallel_tool_calls")?.unwrap_or(true);
    // Case 19: two names of one limit; the newer one counts.
    let (newer, older) = (root.count("max_completion_tokens")?, root.count("max_tokens")?);
    request.output_limit = newer.or(older);
    let stop = root.take("stop");
    request.stop = stop_texts(stop, &root.path.member("stop"))?;
    request.response_format = root.object("response_format", |format| response_format(format, Some("json_schema"), loss))?.flatten();
    root.object("stream_options", |mut options| {
        request.include_usage = options.flag("include_usage")?.unwrap_or(false);
        // Padding against an eavesdropper on the line to the vendor.
        options.ignore("include_obfuscation");
        options.rest(loss);
        Ok(())
    })?;
    sampling(request, root)?;
    read_reasoning(request, root, loss)?;
    common(request, root)?;
    if root.flag("logprobs")?.unwrap_or(false) || root.peek("top_logprobs").is_some() {
        request.logprobs = Some(Asked::new(root.count("top_logprobs")?.unwrap_or(0), "logprobs"));
    }
    request.choices = asked(root.count("n")?, "n");
    request.verbosity = asked(root.text("verbosity")?, "verbosity");
    Ok(())
}

/// The members that both OpenAI endpoints have by the same names.
pub(super) fn common(request: &mut Request, root: &mut Object<'_>) -> Result<(), Fault> {
    // Case 53: the newer of two names of one thing counts.
    request.user = match root.text("safety_identifier")? {
        Some(newer) => Some(Asked::new(newer, "safety_identifier")),
        None => asked(root.text("user")?, "user"),
    };
    request.metadata = asked(root.members_of("metadata")?.filter(|labels| !labels.is_empty()), "metadata");
    request.service_tier = asked(root.text("service_tier")?.map(tier), "service_tier");
    request.store = asked(root.flag("store")?, "store");
    request.cache_key = asked(root.text("prompt_cache_key")?, "prompt_cache_key");
    Ok(())
}

fn tier(word: String) -> ServiceTier {
    match word.as_str() {
        "auto" => ServiceTier::Auto,
        "default" => ServiceTier::Standard,
        _ => ServiceTier::Other(word),
    }
}

/// What is deprecated, and what no other dialect can answer.
fn refuse_unsupported(root: &mut Object<'_>) -> Result<(), Fault> {
    for (name, why) in [
        ("functions", "is deprecated and cannot be translated; use `tools`."),
        ("function_call", "is deprecated and cannot be translated; use `tool_choice`."),
        ("audio", "asks for a spoken answer, which only the providers of that dialect give."),
        ("web_search_options", "asks the provider to search the web, which cannot be translated; declare a search tool of your own."),
    ] {
        if root.peek(name).is_some() {
            return Err(root.fault(name, why).code("unsupported_parameter"));
        }
    }
    let spoken = root.list("modalities")?.iter().any(|modality| modality != "text");
    if spoken { Err(root.fault("modalities", "may only be `text` here.").code("unsupported_parameter")) } else { Ok(()) }
}

/// `reasoning_effort`, or the object `reasoning` that aggregators take.
fn read_reasoning(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if let Some(word) = root.text("reasoning_effort")? {
        request.reasoning.effort = effort(&word, "reasoning_effort", loss);
    }
    root.object("reasoning", |mut reasoning| {
        if let Some(word) = reasoning.text("effort")? {
            request.reasoning.effort = effort(&word, "reasoning.effort", loss);
        }
        request.reasoning.budget_tokens = asked(reasoning.count("max_tokens")?, "reasoning.max_tokens");
        reasoning.ignore("enabled");
        reasoning.ignore("exclude");
        reasoning.rest(loss);
        Ok(())
    })
    .map(drop)
}

/// The grade that `word` names; an unknown one is reported.
pub(super) fn effort(word: &str, path: &'static str, loss: &mut Loss) -> Option<Asked<Effort>> {
    let effort = Effort::of(word);
    if effort.is_none() {
        loss.dropped(path, "the grade is not known to Jeton");
    }
    asked(effort, path)
}

fn read_message(mut message: Object<'_>, loss: &mut Loss) -> Result<Message, Fault> {
    let role = message.need_text("role")?;
    let content = message.take("content");
    let mut parts = text_or_parts(content, &message.path.member("content"), READ, loss)?;
    let role = match role.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => {
            parts = read_assistant(&mut message, parts, loss)?;
            Role::Assistant
        }
        "tool" => {
            let id = message.need_text("tool_call_id")?;
            // Repeated by some clients; the call itself says it.
            message.ignore("name");
            let part = Part::ToolResult { id, kind: ToolKind::Function, content: parts, is_error: false };
            parts = vec![Piece { part, cache: super::decode::cache_mark(&mut message, loss)?, place: message.path.place() }];
            Role::User
        }
        unknown => return Err(message.fault("role", format!("is `{unknown}`; known are system, developer, user, assistant and tool."))),
    };
    message.rest(loss);
    Ok(Message { role, parts })
}

/// A result does not say here what kind of tool it is from; its call does.
fn tell_custom_results(messages: &mut [Message]) {
    let mut custom: Vec<String> = Vec::new();
    for piece in messages.iter_mut().flat_map(|message| &mut message.parts) {
        match &mut piece.part {
            Part::ToolUse { id, kind: ToolKind::Custom, .. } => custom.push(id.clone()),
            Part::ToolResult { id, kind, .. } if custom.contains(id) => *kind = ToolKind::Custom,
            _ => {}
        }
    }
}

/// Reasoning comes first in the turn (case 36), tool calls last.
fn read_assistant(message: &mut Object<'_>, content: Vec<Piece>, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    let mut parts = read_thoughts(message, loss)?;
    parts.extend(content);
    if let Some(text) = message.text("refusal")? {
        parts.push(Piece { part: Part::Refusal(text), cache: None, place: message.path.member("refusal").place() });
    }
    parts.extend(message.each("tool_calls", |call| read_call(call, loss))?);
    Ok(parts)
}

/// Case 18: vendors name the member differently. Where the blocks themselves are given, the plain text beside them says the same.
pub(super) fn read_thoughts(message: &mut Object<'_>, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    let mut parts = message.each("thinking_blocks", |block| decode_messages::read_block(block, loss))?;
    let details = message.each("reasoning_details", |detail| read_detail(detail, loss))?;
    if parts.is_empty() {
        parts = details;
    }
    // A client may have kept the signature from a stream and the text apart from it.
    if let [Piece { part: Part::Thinking { text, .. }, .. }] = parts.as_mut_slice()
        && text.is_empty()
    {
        let told = [message.peek_text("reasoning_content"), message.peek_text("reasoning")];
        *text = told.into_iter().find(|told| !told.is_empty()).unwrap_or_default().to_owned();
    }
    for name in ["reasoning_content", "reasoning"] {
        if let Some(text) = message.text(name)?.filter(|_| parts.is_empty()) {
            parts.push(Piece { part: Part::Thinking { text, signature: None }, cache: None, place: message.path.member(name).place() });
        }
    }
    Ok(parts)
}

/// How closely an image is to be looked at, where that is not what a model does by itself.
pub(super) fn closeness(image: &mut Object<'_>) -> Result<Option<String>, Fault> {
    Ok(image.text("detail")?.filter(|detail| detail != "auto"))
}

/// An element of `reasoning_details`, the form in which aggregators hand reasoning on.
fn read_detail(mut detail: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let part = match detail.peek_text("type") {
        "reasoning.encrypted" => Part::RedactedThinking(detail.need_text("data")?),
        "reasoning.summary" => Part::Thinking { text: detail.need_text("summary")?, signature: None },
        _ => Part::Thinking { text: detail.text("text")?.unwrap_or_default(), signature: detail.text("signature")? },
    };
    for name in ["type", "id", "format", "index"] {
        detail.ignore(name);
    }
    piece(part, detail, loss)
}

/// A tool call of a message; also of an answer.
pub(super) fn read_call(mut call: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let id = call.need_text("id")?;
    let (kind, member, arguments) = match call.text("type")?.as_deref().unwrap_or("function") {
        "custom" => (ToolKind::Custom, "custom", "input"),
        _ => (ToolKind::Function, "function", "arguments"),
    };
    // Case 47: arguments stay as they are, valid or not.
    let (name, arguments_json) = call.need_object(member, |mut inner| {
        let read = (inner.need_text("name")?, inner.text(arguments)?.unwrap_or_default());
        inner.rest(loss);
        Ok(read)
    })?;
    call.ignore("index");
    piece(Part::ToolUse { id, name, kind, arguments_json }, call, loss)
}

fn read_part(mut part: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let kind = part.peek_text("type").to_owned();
    let read = match kind.as_str() {
        "" => return Err(part.fault("type", "is missing.")),
        "text" => Part::Text(part.need_text("text")?),
        "refusal" => Part::Refusal(part.need_text("refusal")?),
        "image_url" => match part.need("image_url")? {
            Value::String(url) if !is_number(&url) => media_at(MediaKind::Image, url, None),
            object => {
                let mut image = Object::of(object, part.path.member("image_url"))?;
                let read = media_at(MediaKind::Image, image.need_text("url")?, closeness(&mut image)?);
                image.rest(loss);
                read
            }
        },
        "input_audio" => part.need_object("input_audio", |mut audio| {
            let source = MediaSource::Base64 { media_type: format!("audio/{}", audio.need_text("format")?), data: audio.need_text("data")? };
            audio.rest(loss);
            Ok(Part::Media(Media { kind: MediaKind::Audio, source, name: None, detail: None }))
        })?,
        "file" => part.need_object("file", |file| read_file(file, loss))?,
        _ => return Ok(other(part)),
    };
    part.ignore("type");
    piece(read, part, loss)
}

/// A file by its id or its bytes; both endpoints name the members alike.
pub(super) fn read_file(mut file: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let part = file_part(&mut file)?;
    file.rest(loss);
    Ok(part)
}

/// As [`read_file`], for an object that has further members.
pub(super) fn file_part(file: &mut Object<'_>) -> Result<Part, Fault> {
    let name = file.text("filename")?;
    let source = match (file.text("file_id")?, file.text("file_data")?, file.text("file_url")?) {
        (Some(id), _, _) => MediaSource::FileId(id),
        (_, Some(data), _) => match source_at(data) {
            // Bytes without the address form around them: OpenAI takes those as PDF.
            MediaSource::Url(data) => MediaSource::Base64 { media_type: "application/pdf".into(), data },
            inline => inline,
        },
        (_, _, Some(url)) => MediaSource::Url(url),
        (None, None, None) => return Err(file.fault("file_data", "is missing.")),
    };
    Ok(Part::Media(Media { kind: MediaKind::File, source, name, detail: None }))
}

fn read_tool(mut tool: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    let kind = match tool.peek_text("type") {
        "" => return Err(tool.fault("type", "is missing.")),
        "function" => ToolKind::Function,
        "custom" => ToolKind::Custom,
        _ => return provider_tool(tool, loss),
    };
    let member = tool.need_text("type")?;
    let mut declared = tool.need_object(&member, |inner| declaration(inner, kind, "parameters", loss))?;
    declared.cache = declared.cache.or(super::decode::cache_mark(&mut tool, loss)?);
    tool.rest(loss);
    Ok(declared)
}

fn read_choice(choice: Value, path: &Path<'_>, loss: &mut Loss) -> Result<ToolChoice, Fault> {
    let mut object = match choice {
        Value::String(word) => return word_choice(path, &word),
        Value::Object(_) => Object::of(choice, *path)?,
        other => return Err(wrong(path, "a word or an object", &other)),
    };
    let read = match object.need_text("type")?.as_str() {
        kind @ ("function" | "custom") => object.need_object(kind, |mut inner| {
            let name = inner.need_text("name")?;
            inner.rest(loss);
            Ok(ToolChoice::Tool(name))
        })?,
        "allowed_tools" => object.need_object("allowed_tools", |allowed| {
            let read_name = |tool: &mut Object<'_>, loss: &mut Loss| {
                let kind = tool.need_text("type")?;
                tool.need_object(&kind, |mut inner| {
                    let name = inner.need_text("name")?;
                    inner.rest(loss);
                    Ok(name)
                })
            };
            allowed_tools(allowed, read_name, loss)
        })?,
        unknown => return Err(object.fault("type", format!("is `{unknown}`; known are function, custom and allowed_tools."))),
    };
    object.rest(loss);
    Ok(read)
}
