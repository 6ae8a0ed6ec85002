//! Messages and token-count requests.

use super::decode::{media, other, stop_texts, text_or_parts};
use super::decode_chat::read_declaration;
use super::reader::Node;
use super::request::{Message, Part, Request, ResponseFormat, Role, ToolChoice, ToolDecl, ToolKind};
use crate::Endpoint;
use jeton_core::Fault;

pub(super) fn fill(request: &mut Request, root: &Node<'_>) -> Result<(), Fault> {
    // Case 42: a text or a list of blocks.
    let system = text_or_parts(root.get("system"), read_block)?;
    if !system.is_empty() {
        request.messages.push(Message { role: Role::System, parts: system });
    }
    for message in root.need("messages")?.list()? {
        request.messages.push(read_message(&message)?);
    }
    request.tools = root.list_of("tools")?.iter().map(read_tool).collect::<Result<_, _>>()?;
    if let Some(choice) = root.get("tool_choice") {
        request.tool_choice = read_choice(&choice)?;
        request.parallel_tool_calls = !choice.flag_of("disable_parallel_tool_use", false)?;
    }
    request.stop = stop_texts(root.get("stop_sequences"))?;
    if let Some(thinking) = root.get("thinking") {
        request.show_thinking = matches!(thinking.need_text("type")?, "enabled" | "adaptive");
    }
    request.response_format = read_format(root)?;
    // The API demands a limit of everything but a count.
    request.output_limit = match request.endpoint {
        Endpoint::CountTokens => root.count_of("max_tokens")?,
        _ => Some(root.need("max_tokens")?.count()?),
    };
    Ok(())
}

/// `output_config.format`, or the older `output_format`.
fn read_format(root: &Node<'_>) -> Result<Option<ResponseFormat>, Fault> {
    let format = root.get("output_config").and_then(|config| config.get("format")).or_else(|| root.get("output_format"));
    let Some(format) = format else { return Ok(None) };
    super::decode::response_format(&format, |format| Ok(format.clone()))
}

fn read_message(message: &Node<'_>) -> Result<Message, Fault> {
    let role = message.need("role")?;
    let role = match role.text()? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        unknown => return Err(role.fault(format!("is `{unknown}`; known are user and assistant."))),
    };
    Ok(Message { role, parts: text_or_parts(Some(message.need("content")?), read_block)? })
}

fn read_block(block: &Node<'_>) -> Result<Part, Fault> {
    Ok(match block.need_text("type")? {
        "text" => Part::Text(block.need_text("text")?.to_owned()),
        "thinking" => Part::Thinking { text: block.need_text("thinking")?.to_owned(), signature: block.text_of("signature")?.map(str::to_owned) },
        "redacted_thinking" => Part::RedactedThinking(block.need_text("data")?.to_owned()),
        "tool_use" => Part::ToolUse {
            id: block.need_text("id")?.to_owned(),
            name: block.need_text("name")?.to_owned(),
            kind: ToolKind::Function,
            arguments_json: block.need("input")?.value.to_string(),
        },
        "tool_result" => Part::ToolResult {
            id: block.need_text("tool_use_id")?.to_owned(),
            content: text_or_parts(block.get("content"), read_block)?,
            is_error: block.flag_of("is_error", false)?,
        },
        "image" => media("image", source_type(block)?),
        "document" => read_document(block)?,
        "search_result" => read_search_result(block)?,
        // Case 40: the provider's own tools are not the caller's.
        kind => other(kind, block),
    })
}

fn source_type<'a>(block: &Node<'a>) -> Result<Option<&'a str>, Fault> {
    block.need("source")?.text_of("media_type")
}

/// A document given as text is read; one given as a file or an address is media.
fn read_document(block: &Node<'_>) -> Result<Part, Fault> {
    let source = block.need("source")?;
    let title = block.text_of("title")?.map(str::to_owned);
    match source.need_text("type")? {
        "text" => Ok(Part::Document { title, text: source.need_text("data")?.to_owned() }),
        "content" => Ok(Part::Document { title, text: joined_text(source.get("content"))? }),
        _ => Ok(media("document", source.text_of("media_type")?)),
    }
}

fn read_search_result(block: &Node<'_>) -> Result<Part, Fault> {
    Ok(Part::Document { title: block.text_of("title")?.map(str::to_owned), text: joined_text(block.get("content"))? })
}

fn joined_text(content: Option<Node<'_>>) -> Result<String, Fault> {
    let texts = text_or_parts(content, read_block)?.into_iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
    Ok(texts.collect::<Vec<_>>().join("\n"))
}

/// A tool without a type, or of type `custom`, is the caller's; every other type is known to the provider.
fn read_tool(tool: &Node<'_>) -> Result<ToolDecl, Fault> {
    let kind = if matches!(tool.text_of("type")?, None | Some("custom")) { ToolKind::Function } else { ToolKind::Provider };
    read_declaration(tool, kind, "input_schema")
}

fn read_choice(choice: &Node<'_>) -> Result<ToolChoice, Fault> {
    Ok(match choice.need_text("type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.need_text("name")?.to_owned()),
        unknown => return Err(choice.fault(format!("has the unknown type `{unknown}`; known are auto, any, tool and none."))),
    })
}
