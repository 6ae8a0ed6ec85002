//! Responses requests.

use super::decode::{
    ReadPart, allowed_tools, asked, declaration, media_at, other, piece, provider_tool, response_format, sampling, text_or_parts, word_choice,
};
use super::decode_chat::{closeness, common, effort, file_part};
use super::decode_messages::read_citation;
use super::exact::is_number;
use super::loss::{Loss, Path};
use super::names::namespaced;
use super::object::{Object, wrong};
use super::part::{Citation, Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Message, Request, Role, ToolChoice, ToolDecl, ToolKind};
use jeton_core::Fault;
use serde_json::Value;

/// Members that the response object repeats, where the request gives them. Not `store` and `service_tier`: those say what was done, not what was asked.
const REPEATED: [&str; 15] = [
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
];

/// The member of `include` that asks for encrypted reasoning.
pub(super) const ENCRYPTED: &str = "reasoning.encrypted_content";

const READ: ReadPart = read_part;

pub(super) fn fill(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let given = REPEATED.iter().filter_map(|name| root.peek(name).map(|value| ((*name).to_owned(), value.clone())));
    request.repeated = given.collect();
    read_state(request, root);
    if let Some(text) = root.text("instructions")? {
        let piece = Piece { part: Part::Text(text), cache: None, place: root.path.member("instructions").place() };
        request.messages.push(Message { role: Role::System, parts: vec![piece] });
    }
    read_input(request, root, loss)?;
    request.tools = root.each("tools", |tool| read_tools(tool, loss))?.into_iter().flatten().collect();
    if let Some(choice) = root.take("tool_choice") {
        request.tool_choice = read_choice(choice, &root.path.member("tool_choice"), loss)?;
    }
    request.parallel_tool_calls = root.flag("parallel_tool_calls")?.unwrap_or(true);
    request.output_limit = root.count("max_output_tokens")?;
    root.object("text", |mut text| {
        request.response_format = text.object("format", |format| response_format(format, None, loss))?.flatten();
        request.verbosity = asked(text.text("verbosity")?, "text.verbosity");
        text.rest(loss);
        Ok(())
    })?;
    sampling(request, root)?;
    common(request, root)?;
    read_reasoning(request, root, loss)?;
    request.logprobs = asked(root.count("top_logprobs")?.filter(|&count| count > 0), "top_logprobs");
    if root.peek_text("truncation") == "disabled" {
        root.ignore("truncation");
    }
    root.object("stream_options", |mut options| {
        // Padding against an eavesdropper on the line to the vendor.
        options.ignore("include_obfuscation");
        options.rest(loss);
        Ok(())
    })?;
    Ok(())
}

/// Case 59: what rests on state that lives at the provider.
fn read_state(request: &mut Request, root: &mut Object<'_>) {
    for name in ["previous_response_id", "conversation", "prompt"] {
        if root.take(name).is_some() {
            request.stored_state.push(name.to_owned());
        }
    }
    if root.take("background").is_some_and(|on| on != Value::Bool(false)) {
        request.stored_state.push("background".to_owned());
    }
}

fn read_input(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let input = root.need("input")?;
    let path = root.path.member("input");
    match input {
        Value::String(text) if !is_number(&text) => {
            let piece = Piece { part: Part::Text(text), cache: None, place: path.place() };
            request.messages.push(Message { role: Role::User, parts: vec![piece] });
        }
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                let item = Object::of(item, path.element(index))?;
                if item.peek_text("type") == "item_reference" {
                    request.stored_state.push(item.path.to_string());
                    continue;
                }
                push_item(&mut request.messages, item, loss)?;
            }
        }
        other => return Err(wrong(&path, "a text or a list of items", &other)),
    }
    Ok(())
}

fn read_reasoning(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    root.object("reasoning", |mut reasoning| {
        if let Some(word) = reasoning.text("effort")? {
            request.reasoning.effort = effort(&word, "reasoning.effort", loss);
        }
        let older = reasoning.text("generate_summary")?;
        let summary = reasoning.text("summary")?.or(older);
        request.reasoning.is_shown = summary.is_some();
        request.reasoning.summary = asked(summary, "reasoning.summary");
        reasoning.rest(loss);
        Ok(())
    })?;
    let wishes = root.list("include")?;
    let path = root.path.member("include");
    for (index, wish) in wishes.iter().enumerate() {
        match wish.as_str() {
            Some(ENCRYPTED) => request.reasoning.is_encrypted = true,
            _ => loss.dropped(path.element(index), "only encrypted reasoning can be included"),
        }
    }
    Ok(())
}

/// Items of one turn follow each other, so what the same side says in a row is one message (case 46).
fn push_item(messages: &mut Vec<Message>, item: Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let (role, parts) = read_item(item, loss)?;
    match messages.last_mut() {
        Some(last) if last.role == role && role != Role::System => last.parts.extend(parts),
        _ => messages.push(Message { role, parts }),
    }
    Ok(())
}

fn read_item(mut item: Object<'_>, loss: &mut Loss) -> Result<(Role, Vec<Piece>), Fault> {
    // An item without a type is a message.
    let kind = item.peek_text("type").to_owned();
    let part = match kind.as_str() {
        "" | "message" => return read_message(item, loss),
        "function_call_output" | "custom_tool_call_output" => {
            let kind = if kind == "function_call_output" { ToolKind::Function } else { ToolKind::Custom };
            let id = item.need_text("call_id")?;
            let output = item.need("output")?;
            let content = text_or_parts(Some(output), &item.path.member("output"), READ, loss)?;
            (Role::User, Part::ToolResult { id, kind, content, is_error: false })
        }
        _ => match read_output_item(&mut item, loss)? {
            Some(part) => (Role::Assistant, part),
            None => return Ok((Role::Assistant, vec![other(item)])),
        },
    };
    forget_identity(&mut item);
    Ok((part.0, vec![piece(part.1, item, loss)?]))
}

/// What the vendor's server gave an item for itself.
pub(super) fn forget_identity(item: &mut Object<'_>) {
    for name in ["type", "id", "status"] {
        item.ignore(name);
    }
}

/// A call or reasoning, as requests repeat them and answers bring them; none for items of other kinds.
pub(super) fn read_output_item(item: &mut Object<'_>, loss: &mut Loss) -> Result<Option<Part>, Fault> {
    Ok(match item.peek_text("type") {
        "function_call" => Some(read_call(item, ToolKind::Function, "arguments")?),
        "custom_tool_call" => Some(read_call(item, ToolKind::Custom, "input")?),
        "reasoning" => Some(read_thoughts(item, loss)?),
        _ => None,
    })
}

fn read_message(mut item: Object<'_>, loss: &mut Loss) -> Result<(Role, Vec<Piece>), Fault> {
    let role = match item.need_text("role")?.as_str() {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        unknown => return Err(item.fault("role", format!("is `{unknown}`; known are system, developer, user and assistant."))),
    };
    let content = item.need("content")?;
    let parts = text_or_parts(Some(content), &item.path.member("content"), READ, loss)?;
    forget_identity(&mut item);
    item.rest(loss);
    Ok((role, parts))
}

/// Case 58: the call's id is `call_id`; the item's own id is another.
fn read_call(item: &mut Object<'_>, kind: ToolKind, arguments: &str) -> Result<Part, Fault> {
    Ok(Part::ToolUse { id: item.need_text("call_id")?, name: need_name(item)?, kind, arguments_json: item.need_text(arguments)? })
}

fn read_thoughts(item: &mut Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let mut texts = Vec::new();
    for name in ["summary", "content"] {
        let path = item.path;
        let path = path.member(name);
        for (index, piece) in item.list(name)?.into_iter().enumerate() {
            let mut piece = Object::of(piece, path.element(index))?;
            piece.ignore("type");
            texts.push(piece.need_text("text")?);
            piece.rest(loss);
        }
    }
    Ok(Part::Thinking { text: texts.join("\n\n"), signature: item.text("encrypted_content")? })
}

/// A content part, of a request or of an answer.
pub(super) fn read_part(mut part: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let kind = part.peek_text("type").to_owned();
    let read = match kind.as_str() {
        "" => return Err(part.fault("type", "is missing.")),
        "input_text" | "output_text" | "text" => {
            let text = part.need_text("text")?;
            let citations: Vec<Citation> = part.list("annotations")?.iter().map(read_citation).collect();
            if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } }
        }
        "refusal" => Part::Refusal(part.need_text("refusal")?),
        "input_image" => read_image(&mut part)?,
        "input_file" => file_part(&mut part)?,
        "input_audio" => part.need_object("input_audio", |mut audio| {
            let source = MediaSource::Base64 { media_type: format!("audio/{}", audio.need_text("format")?), data: audio.need_text("data")? };
            audio.rest(loss);
            Ok(Part::Media(Media { kind: MediaKind::Audio, source, name: None, detail: None }))
        })?,
        _ => return Ok(other(part)),
    };
    part.ignore("type");
    piece(read, part, loss)
}

fn read_image(part: &mut Object<'_>) -> Result<Part, Fault> {
    let detail = closeness(part)?;
    if let Some(id) = part.text("file_id")? {
        return Ok(Part::Media(Media { kind: MediaKind::Image, source: MediaSource::FileId(id), name: None, detail }));
    }
    Ok(media_at(MediaKind::Image, part.need_text("image_url")?, detail))
}

/// The name of a tool, with its namespace where it stands in one.
fn need_name(object: &mut Object<'_>) -> Result<String, Fault> {
    let name = object.need_text("name")?;
    Ok(match object.text("namespace")? {
        Some(space) => namespaced(&space, &name),
        None => name,
    })
}

/// A tool, or those of a namespace. No other dialect groups tools, so each of a group stands by itself, under the names of both.
fn read_tools(mut tool: Object<'_>, loss: &mut Loss) -> Result<Vec<ToolDecl>, Fault> {
    if tool.peek_text("type") != "namespace" {
        return Ok(vec![read_tool(tool, loss)?]);
    }
    tool.ignore("type");
    let space = tool.need_text("name")?;
    let mut tools = tool.each("tools", |inner| read_tool(inner, loss))?;
    for inner in tools.iter_mut().filter(|inner| inner.kind != ToolKind::Provider) {
        inner.name = namespaced(&space, &inner.name);
    }
    if tool.take("description").is_some() {
        loss.dropped(tool.path.member("description"), "the tools of a namespace stand by themselves there");
    }
    tool.rest(loss);
    Ok(tools)
}

fn read_tool(mut tool: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    let kind = match tool.peek_text("type") {
        "" => return Err(tool.fault("type", "is missing.")),
        "function" => ToolKind::Function,
        "custom" => ToolKind::Custom,
        _ => return provider_tool(tool, loss),
    };
    tool.ignore("type");
    declaration(tool, kind, "parameters", loss)
}

/// The name of a tool that may be called; a tool of the provider's has its type alone.
fn read_allowed(tool: &mut Object<'_>, _: &mut Loss) -> Result<String, Fault> {
    let kind = tool.need_text("type")?;
    if tool.peek("name").is_some() { need_name(tool) } else { Ok(kind) }
}

fn read_choice(choice: Value, path: &Path<'_>, loss: &mut Loss) -> Result<ToolChoice, Fault> {
    let mut object = match choice {
        Value::String(word) => return word_choice(path, &word),
        Value::Object(_) => Object::of(choice, *path)?,
        other => return Err(wrong(path, "a word or an object", &other)),
    };
    let kind = object.peek_text("type").to_owned();
    let read = match kind.as_str() {
        "" => return Err(object.fault("type", "is missing.")),
        "function" | "custom" => ToolChoice::Tool(need_name(&mut object)?),
        "allowed_tools" => return allowed_tools(object, read_allowed, loss),
        // A tool of the provider's.
        _ => ToolChoice::Tool(kind),
    };
    object.ignore("type");
    object.rest(loss);
    Ok(read)
}
