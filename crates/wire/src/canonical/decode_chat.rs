//! Chat Completions requests.

use super::decode::{media, other, response_format, stop_texts, text_or_parts};
use super::reader::Node;
use super::request::{Message, Part, Request, Role, ToolChoice, ToolDecl, ToolKind};
use jeton_core::Fault;
use serde_json::Value;

pub(super) fn fill(request: &mut Request, root: &Node<'_>) -> Result<(), Fault> {
    refuse_unsupported(root)?;
    for message in root.need("messages")?.list()? {
        request.messages.push(read_message(&message)?);
    }
    request.tools = root.list_of("tools")?.iter().map(read_tool).collect::<Result<_, _>>()?;
    request.tool_choice = root.get("tool_choice").map_or(Ok(ToolChoice::Auto), |choice| read_choice(&choice))?;
    request.parallel_tool_calls = root.flag_of("parallel_tool_calls", true)?;
    request.output_limit = match root.count_of("max_completion_tokens")? {
        Some(limit) => Some(limit),
        None => root.count_of("max_tokens")?,
    };
    request.stop = stop_texts(root.get("stop"))?;
    if let Some(format) = root.get("response_format") {
        request.response_format = response_format(&format, |format| format.need("json_schema"))?;
    }
    if let Some(options) = root.get("stream_options") {
        request.include_usage = options.flag_of("include_usage", false)?;
    }
    Ok(())
}

fn refuse_unsupported(root: &Node<'_>) -> Result<(), Fault> {
    root.refuse("n", |n| n.as_u64() != Some(1), "it makes one choice; send as many requests as you want answers.")?;
    root.refuse("logprobs", |on| on != &Value::Bool(false), "it has no log probabilities.")?;
    root.refuse("functions", |_| true, "`functions` is deprecated; use `tools`.")?;
    root.refuse("function_call", |_| true, "`function_call` is deprecated; use `tool_choice`.")?;
    root.refuse("audio", |_| true, "it does not speak.")
}

fn read_message(message: &Node<'_>) -> Result<Message, Fault> {
    let content = || text_or_parts(message.get("content"), read_part);
    let role = message.need("role")?;
    match role.text()? {
        "system" | "developer" => Ok(Message { role: Role::System, parts: content()? }),
        "user" => Ok(Message { role: Role::User, parts: content()? }),
        "assistant" => read_assistant(message, content()?),
        "tool" => {
            let id = message.need_text("tool_call_id")?.to_owned();
            Ok(Message { role: Role::User, parts: vec![Part::ToolResult { id, content: content()?, is_error: false }] })
        }
        unknown => Err(role.fault(format!("is `{unknown}`; known are system, developer, user, assistant and tool."))),
    }
}

/// Reasoning comes first in the turn (case 36), tool calls last.
fn read_assistant(message: &Node<'_>, content: Vec<Part>) -> Result<Message, Fault> {
    let mut parts = Vec::new();
    // Case 18: vendors name the member differently.
    for name in ["reasoning_content", "reasoning"] {
        if let Some(text) = message.text_of(name)?.filter(|_| parts.is_empty()) {
            parts.push(Part::Thinking { text: text.to_owned(), signature: None });
        }
    }
    parts.extend(content);
    parts.extend(message.text_of("refusal")?.map(|text| Part::Refusal(text.to_owned())));
    for call in message.list_of("tool_calls")? {
        parts.push(read_call(&call)?);
    }
    Ok(Message { role: Role::Assistant, parts })
}

fn read_call(call: &Node<'_>) -> Result<Part, Fault> {
    let id = call.need_text("id")?.to_owned();
    let (kind, inner, arguments) = match call.text_of("type")?.unwrap_or("function") {
        "custom" => (ToolKind::Custom, call.need("custom")?, "input"),
        _ => (ToolKind::Function, call.need("function")?, "arguments"),
    };
    // Case 47: arguments stay as they are, valid or not.
    Ok(Part::ToolUse { id, name: inner.need_text("name")?.to_owned(), kind, arguments_json: inner.need_text(arguments)?.to_owned() })
}

fn read_part(part: &Node<'_>) -> Result<Part, Fault> {
    Ok(match part.need_text("type")? {
        "text" => Part::Text(part.need_text("text")?.to_owned()),
        "refusal" => Part::Refusal(part.need_text("refusal")?.to_owned()),
        "image_url" => media("image", None),
        "input_audio" => media("audio", None),
        "file" => media("file", None),
        kind => other(kind, part),
    })
}

fn read_tool(tool: &Node<'_>) -> Result<ToolDecl, Fault> {
    let (kind, inner) = match tool.need_text("type")? {
        "function" => (ToolKind::Function, tool.need("function")?),
        "custom" => (ToolKind::Custom, tool.need("custom")?),
        provider => return Ok(ToolDecl { name: provider.to_owned(), description: None, schema: None, kind: ToolKind::Provider }),
    };
    read_declaration(&inner, kind, "parameters")
}

/// Name, description and schema, as all three dialects write them.
pub(super) fn read_declaration(inner: &Node<'_>, kind: ToolKind, schema_member: &str) -> Result<ToolDecl, Fault> {
    let schema = inner.get(schema_member).filter(|_| kind == ToolKind::Function);
    if let Some(schema) = &schema {
        schema.object()?;
    }
    Ok(ToolDecl {
        name: inner.need_text("name")?.to_owned(),
        description: inner.text_of("description")?.map(str::to_owned),
        schema: schema.map(|schema| schema.value.clone()),
        kind,
    })
}

fn read_choice(choice: &Node<'_>) -> Result<ToolChoice, Fault> {
    if let Value::String(word) = choice.value {
        return word_choice(choice, word);
    }
    match choice.need_text("type")? {
        kind @ ("function" | "custom") => Ok(ToolChoice::Tool(choice.need(kind)?.need_text("name")?.to_owned())),
        "allowed_tools" => {
            let allowed = choice.need("allowed_tools")?;
            let mode = allowed.need("mode")?;
            word_choice(&mode, mode.text()?)
        }
        unknown => Err(choice.fault(format!("has the unknown type `{unknown}`."))),
    }
}

/// The words that both OpenAI endpoints use.
pub(super) fn word_choice(choice: &Node<'_>, word: &str) -> Result<ToolChoice, Fault> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        unknown => Err(choice.fault(format!("is `{unknown}`; known are auto, none and required."))),
    }
}
