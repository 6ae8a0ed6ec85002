//! Responses requests.

use super::decode::{media, other, response_format, text_or_parts};
use super::decode_chat::{read_declaration, word_choice};
use super::reader::Node;
use super::request::{Message, Part, Request, Role, ToolChoice, ToolDecl, ToolKind};
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

pub(super) fn fill(request: &mut Request, root: &Node<'_>) -> Result<(), Fault> {
    refuse_unsupported(root)?;
    if let Some(instructions) = root.text_of("instructions")? {
        request.messages.push(Message::text(Role::System, instructions));
    }
    let input = root.need("input")?;
    match input.value {
        Value::String(text) => request.messages.push(Message::text(Role::User, text.as_str())),
        _ => {
            for item in input.list()? {
                push_item(&mut request.messages, &item)?;
            }
        }
    }
    request.tools = root.list_of("tools")?.iter().map(read_tool).collect::<Result<_, _>>()?;
    request.tool_choice = root.get("tool_choice").map_or(Ok(ToolChoice::Auto), |choice| read_choice(&choice))?;
    request.parallel_tool_calls = root.flag_of("parallel_tool_calls", true)?;
    request.output_limit = root.count_of("max_output_tokens")?;
    if let Some(format) = root.get("text").and_then(|text| text.get("format")) {
        request.response_format = response_format(&format, |format| Ok(format.clone()))?;
    }
    if let Some(reasoning) = root.get("reasoning") {
        request.show_thinking = reasoning.get("summary").is_some();
    }
    let given = REPEATED.iter().filter_map(|name| root.get(name).map(|node| ((*name).to_owned(), node.value.clone())));
    request.repeated = given.collect();
    Ok(())
}

/// Case 59: built-in models keep no state.
fn refuse_unsupported(root: &Node<'_>) -> Result<(), Fault> {
    let stateless = "it stores no responses; send the whole conversation in `input`.";
    root.refuse("previous_response_id", |_| true, stateless)?;
    root.refuse("conversation", |_| true, stateless)?;
    root.refuse("prompt", |_| true, "stored prompts live at the provider; send `instructions` and `input`.")?;
    root.refuse("background", |on| on != &Value::Bool(false), "it answers while the caller waits.")?;
    root.refuse("top_logprobs", |n| n.as_u64() != Some(0), "it has no log probabilities.")
}

/// Items of one turn follow each other, so what the same side says in a row is one message (case 46).
fn push_item(messages: &mut Vec<Message>, item: &Node<'_>) -> Result<(), Fault> {
    let (role, parts) = read_item(item)?;
    match messages.last_mut() {
        Some(last) if last.role == role && role != Role::System => last.parts.extend(parts),
        _ => messages.push(Message { role, parts }),
    }
    Ok(())
}

fn read_item(item: &Node<'_>) -> Result<(Role, Vec<Part>), Fault> {
    // An item without a type is a message.
    match item.text_of("type")?.unwrap_or("message") {
        "message" => Ok((read_role(&item.need("role")?)?, text_or_parts(Some(item.need("content")?), read_part)?)),
        kind @ ("function_call" | "custom_tool_call") => Ok((Role::Assistant, vec![read_call(item, kind)?])),
        "function_call_output" | "custom_tool_call_output" => {
            let id = item.need_text("call_id")?.to_owned();
            let content = text_or_parts(Some(item.need("output")?), read_part)?;
            Ok((Role::User, vec![Part::ToolResult { id, content, is_error: false }]))
        }
        "reasoning" => Ok((Role::Assistant, vec![read_reasoning(item)?])),
        "item_reference" => Err(item.fault("refers to a stored item; built-in models store none.").code("unsupported_parameter")),
        kind => Ok((Role::Assistant, vec![other(kind, item)])),
    }
}

fn read_role(role: &Node<'_>) -> Result<Role, Fault> {
    match role.text()? {
        "system" | "developer" => Ok(Role::System),
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        unknown => Err(role.fault(format!("is `{unknown}`; known are system, developer, user and assistant."))),
    }
}

/// Case 58: the call's id is `call_id`; the item's own id is another.
fn read_call(item: &Node<'_>, kind: &str) -> Result<Part, Fault> {
    let (kind, arguments) = if kind == "function_call" { (ToolKind::Function, "arguments") } else { (ToolKind::Custom, "input") };
    Ok(Part::ToolUse {
        id: item.need_text("call_id")?.to_owned(),
        name: item.need_text("name")?.to_owned(),
        kind,
        arguments_json: item.need_text(arguments)?.to_owned(),
    })
}

fn read_reasoning(item: &Node<'_>) -> Result<Part, Fault> {
    let mut texts = Vec::new();
    for piece in item.list_of("summary")?.iter().chain(&item.list_of("content")?) {
        texts.push(piece.need_text("text")?);
    }
    Ok(Part::Thinking { text: texts.join("\n\n"), signature: item.text_of("encrypted_content")?.map(str::to_owned) })
}

fn read_part(part: &Node<'_>) -> Result<Part, Fault> {
    Ok(match part.need_text("type")? {
        "input_text" | "output_text" | "text" => Part::Text(part.need_text("text")?.to_owned()),
        "refusal" => Part::Refusal(part.need_text("refusal")?.to_owned()),
        "input_image" => media("image", None),
        "input_audio" => media("audio", None),
        "input_file" => media("file", None),
        kind => other(kind, part),
    })
}

fn read_tool(tool: &Node<'_>) -> Result<ToolDecl, Fault> {
    match tool.need_text("type")? {
        "function" => read_declaration(tool, ToolKind::Function, "parameters"),
        "custom" => read_declaration(tool, ToolKind::Custom, "parameters"),
        provider => Ok(ToolDecl { name: provider.to_owned(), description: None, schema: None, kind: ToolKind::Provider }),
    }
}

fn read_choice(choice: &Node<'_>) -> Result<ToolChoice, Fault> {
    if let Value::String(word) = choice.value {
        return word_choice(choice, word);
    }
    match choice.need_text("type")? {
        "function" | "custom" => Ok(ToolChoice::Tool(choice.need_text("name")?.to_owned())),
        "allowed_tools" => {
            let mode = choice.need("mode")?;
            word_choice(&mode, mode.text()?)
        }
        // A tool of the provider's, which a built-in model does not have.
        provider => Ok(ToolChoice::Tool(provider.to_owned())),
    }
}
