//! Messages and token-count requests.

use super::decode::{ReadPart, asked, declaration, other, piece, provider_tool, read_role, response_format, sampling, stop_texts, text_or_parts};
use super::exact;
use super::loss::Loss;
use super::object::Object;
use super::part::{Citation, Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Asked, Effort, Message, Request, ResponseFormat, Role, ServiceTier, ToolChoice, ToolDecl, ToolKind};
use crate::Endpoint;
use jeton_core::Fault;
use serde_json::Value;

const READ: ReadPart = read_block;

pub(super) fn fill(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    // Case 42: a text or a list of blocks.
    let system = root.take("system");
    let system = text_or_parts(system, &root.path.member("system"), READ, loss)?;
    if !system.is_empty() {
        request.messages.push(Message { role: Role::System, parts: system });
    }
    if root.peek("messages").is_none() {
        return Err(root.fault("messages", "is missing."));
    }
    request.messages.extend(root.each("messages", |message| read_message(message, loss))?);
    request.tools = root.each("tools", |tool| read_tool(tool, loss))?;
    if let Some((choice, parallel)) = root.object("tool_choice", |choice| read_choice(choice, loss))? {
        request.tool_choice = choice;
        request.parallel_tool_calls = parallel;
    }
    let stop = root.take("stop_sequences");
    request.stop = stop_texts(stop, &root.path.member("stop_sequences"))?;
    sampling(request, root)?;
    read_thinking(request, root, loss)?;
    read_output(request, root, loss)?;
    root.object("metadata", |mut metadata| {
        request.user = asked(metadata.text("user_id")?, "metadata.user_id");
        metadata.rest(loss);
        Ok(())
    })?;
    request.service_tier = asked(root.text("service_tier")?.map(tier), "service_tier");
    // The API demands a limit of everything but a count.
    request.output_limit = match (request.endpoint, root.count("max_tokens")?) {
        (Endpoint::CountTokens, limit) | (_, limit @ Some(_)) => limit,
        (_, None) => return Err(root.fault("max_tokens", "is missing.")),
    };
    Ok(())
}

fn tier(word: String) -> ServiceTier {
    match word.as_str() {
        "auto" => ServiceTier::Auto,
        "standard_only" => ServiceTier::Standard,
        _ => ServiceTier::Other(word),
    }
}

fn read_thinking(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    root.object("thinking", |mut thinking| {
        let kind = thinking.need_text("type")?;
        match kind.as_str() {
            "enabled" => request.reasoning.budget_tokens = asked(thinking.count("budget_tokens")?, "thinking.budget_tokens"),
            "adaptive" => request.reasoning.is_adaptive = true,
            "disabled" => request.reasoning.effort = Some(Asked::new(Effort::None, "thinking.type")),
            unknown => return Err(thinking.fault("type", format!("is `{unknown}`; known are enabled, adaptive and disabled."))),
        }
        request.reasoning.is_shown = kind != "disabled";
        thinking.rest(loss);
        Ok(())
    })
    .map(drop)
}

/// `output_config` with effort and format, or the older `output_format`.
fn read_output(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let config = root.object("output_config", |mut config| {
        if let Some(word) = config.text("effort")? {
            match Effort::of(&word) {
                Some(effort) => request.reasoning.effort = Some(Asked::new(effort, "output_config.effort")),
                None => loss.dropped(config.path.member("effort"), "the grade is not known to Jeton"),
            }
        }
        let format = config.object("format", |format| response_format(format, None, loss))?;
        config.rest(loss);
        Ok(format.flatten())
    })?;
    let older: Option<Option<ResponseFormat>> = root.object("output_format", |format| response_format(format, None, loss))?;
    request.response_format = config.flatten().or(older.flatten());
    // A schema always holds strictly in this dialect.
    if let Some(ResponseFormat::JsonSchema { strict, .. }) = &mut request.response_format {
        *strict = true;
    }
    Ok(())
}

fn read_message(mut message: Object<'_>, loss: &mut Loss) -> Result<Message, Fault> {
    let role = read_role(&mut message)?;
    let content = message.need("content")?;
    let parts = text_or_parts(Some(content), &message.path.member("content"), READ, loss)?;
    message.rest(loss);
    Ok(Message { role, parts })
}

/// A content block, of a request or of an answer.
pub(super) fn read_block(mut block: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let kind = block.peek_text("type").to_owned();
    let part = match kind.as_str() {
        "" => return Err(block.fault("type", "is missing.")),
        "text" => read_text(&mut block)?,
        "thinking" => Part::Thinking { text: block.need_text("thinking")?, signature: block.text("signature")?.filter(|text| !text.is_empty()) },
        "redacted_thinking" => Part::RedactedThinking(block.need_text("data")?),
        "tool_use" => Part::ToolUse {
            id: block.need_text("id")?,
            name: block.need_text("name")?,
            kind: ToolKind::Function,
            arguments_json: exact::text(&block.need("input")?),
        },
        "tool_result" => {
            let id = block.need_text("tool_use_id")?;
            let content = block.take("content");
            let content = text_or_parts(content, &block.path.member("content"), READ, loss)?;
            Part::ToolResult { id, kind: ToolKind::Function, content, is_error: block.flag("is_error")?.unwrap_or(false) }
        }
        "image" => Part::Media(block.need_object("source", |source| read_source(source, MediaKind::Image, loss))?),
        "document" => read_document(&mut block, loss)?,
        "search_result" => {
            let title = block.text("title")?;
            Part::Document { title, text: joined_text(&mut block, loss)? }
        }
        // Case 40: the provider's own tools are not the caller's.
        _ => return Ok(other(block)),
    };
    block.ignore("type");
    piece(part, block, loss)
}

fn read_text(block: &mut Object<'_>) -> Result<Part, Fault> {
    let text = block.need_text("text")?;
    let citations: Vec<Citation> = block.list("citations")?.iter().map(read_citation).collect();
    Ok(if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } })
}

/// A citation of any kind; all name what they quote alike.
pub(super) fn read_citation(value: &Value) -> Citation {
    // Chat has the address one level deeper.
    let inner = value.get("url_citation").unwrap_or(value);
    let text = |name: &str| inner.get(name).and_then(Value::as_str).map(str::to_owned);
    let place = |name: &str| inner.get(name).and_then(Value::as_u64).and_then(|place| usize::try_from(place).ok());
    Citation {
        url: text("url").or_else(|| text("source")),
        title: text("title").or_else(|| text("document_title")),
        quoted: text("cited_text"),
        span: place("start_index").zip(place("end_index")),
        json: exact::text(value),
    }
}

fn read_source(mut source: Object<'_>, kind: MediaKind, loss: &mut Loss) -> Result<Media, Fault> {
    let read = match source.need_text("type")?.as_str() {
        "base64" => MediaSource::Base64 { media_type: source.need_text("media_type")?, data: source.need_text("data")? },
        "url" => MediaSource::Url(source.need_text("url")?),
        "file" => MediaSource::FileId(source.need_text("file_id")?),
        unknown => return Err(source.fault("type", format!("is `{unknown}`; known are base64, url and file."))),
    };
    source.rest(loss);
    Ok(Media { kind, source: read, name: None, detail: None })
}

/// A document given as text is read; one given as a file or an address is media.
fn read_document(block: &mut Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let title = block.text("title")?;
    block.need_object("source", |mut source| {
        let text = match source.peek_text("type") {
            "text" => source.need_text("data")?,
            "content" => joined_text(&mut source, loss)?,
            _ => return Ok(Part::Media(Media { name: title, ..read_source(source, MediaKind::File, loss)? })),
        };
        source.ignore("type");
        source.ignore("media_type");
        source.rest(loss);
        Ok(Part::Document { title, text })
    })
}

fn joined_text(object: &mut Object<'_>, loss: &mut Loss) -> Result<String, Fault> {
    let content = object.take("content");
    let mut texts = Vec::new();
    for piece in text_or_parts(content, &object.path.member("content"), READ, loss)? {
        match piece.part {
            Part::Text(text) | Part::Cited { text, .. } => texts.push(text),
            _ => loss.dropped(&piece.place, "only text is taken over from a document's content"),
        }
    }
    Ok(texts.join("\n"))
}

/// A tool without a type, or of type `custom`, is the caller's; every other type is known to the provider.
fn read_tool(mut tool: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    if !matches!(tool.peek_text("type"), "" | "custom") {
        return provider_tool(tool, loss);
    }
    tool.ignore("type");
    declaration(tool, ToolKind::Function, "input_schema", loss)
}

/// The choice, and whether several calls in one turn are allowed.
fn read_choice(mut choice: Object<'_>, loss: &mut Loss) -> Result<(ToolChoice, bool), Fault> {
    let read = match choice.need_text("type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.need_text("name")?),
        unknown => return Err(choice.fault("type", format!("is `{unknown}`; known are auto, any, tool and none."))),
    };
    let parallel = !choice.flag("disable_parallel_tool_use")?.unwrap_or(false);
    choice.rest(loss);
    Ok((read, parallel))
}
