//! Gemini's `generateContent`: a request in the canonical form.
//!
//! After Google's reference of `models.generateContent`. Its JSON is that of Protocol Buffers: names in camel case or with underscores,
//! and an object where a list of one is meant.

mod config;
mod parts;
mod schema;

use super::loss::Loss;
use super::object::Object;
use super::part::{Part, Piece};
use super::request::{Asked, Message, Request, Role, ServiceTier, ToolChoice, ToolDecl, ToolKind};
use jeton_core::Fault;
use parts::{Calls, read_parts};
use schema::json_schema;
use serde_json::{Map, Value};

pub(super) use parts::{Said, read_said};

const MEMBERS: [&str; 6] = ["systemInstruction", "generationConfig", "toolConfig", "safetySettings", "cachedContent", "serviceTier"];

/// Fills `request` from the body.
///
/// # Errors
/// As [`super::read_request`].
pub(super) fn fill(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    root.accept_snake_case(&MEMBERS);
    // The path names the model.
    root.ignore("model");
    let mut calls = Calls::default();
    root.object("systemInstruction", |content| read_content(content, Some(Role::System), &mut request.messages, &mut calls, loss))?;
    request.messages.retain(|message| !message.parts.is_empty());
    if root.peek("contents").is_none() {
        return Err(root.fault("contents", "is missing."));
    }
    root.each_or_one("contents", |content| read_content(content, None, &mut request.messages, &mut calls, loss))?;
    for tools in root.each_or_one("tools", |tool| read_tool(tool, loss))? {
        request.tools.extend(tools);
    }
    root.object("toolConfig", |mut tools| {
        tools.accept_snake_case(&["functionCallingConfig", "retrievalConfig"]);
        if let Some(choice) = tools.object("functionCallingConfig", |choice| read_choice(choice, loss))? {
            request.tool_choice = choice;
        }
        tools.rest(loss);
        Ok(())
    })?;
    root.object("generationConfig", |config| config::read(config, request, loss))?;
    if root.peek("cachedContent").is_some() {
        root.ignore("cachedContent");
        request.stored_state.push("cachedContent".to_owned());
    }
    request.metadata = root.members_of("labels")?.filter(|labels| !labels.is_empty()).map(|labels| Asked::new(labels, "labels"));
    request.service_tier = root.text("serviceTier")?.as_deref().and_then(tier).map(|tier| Asked::new(tier, "serviceTier"));
    root.each_or_one("safetySettings", |setting| {
        loss.dropped(setting.path, "a filter cannot be set there");
        Ok(())
    })
    .map(drop)
}

/// `flex`, or `SERVICE_TIER_FLEX` as it was written at first.
fn tier(word: &str) -> Option<ServiceTier> {
    let word = word.to_ascii_lowercase();
    match word.strip_prefix("service_tier_").unwrap_or(&word) {
        "" | "unspecified" => None,
        "standard" => Some(ServiceTier::Standard),
        other => Some(ServiceTier::Other(other.to_owned())),
    }
}

/// A turn, or more of the last one: Google's Python SDK gives back every event of a streamed answer as a content of its own. Without a
/// role it is the user's; results of functions stood in turns of a role of their own once.
fn read_content(mut content: Object<'_>, role: Option<Role>, messages: &mut Vec<Message>, calls: &mut Calls, loss: &mut Loss) -> Result<(), Fault> {
    let word = content.text("role")?.unwrap_or_default();
    let role = match (role, word.as_str()) {
        (Some(role), _) => role,
        (None, "" | "user" | "function" | "tool") => Role::User,
        (None, "model") => Role::Assistant,
        (None, unknown) => return Err(content.fault("role", format!("is `{unknown}`; known are user and model."))),
    };
    calls.turn_of(role);
    let mut parts = messages.pop_if(|last| last.role == role).map_or_else(Vec::new, |last| last.parts);
    let seam = parts.len();
    read_parts(&mut content, &mut parts, calls, loss)?;
    if role == Role::Assistant {
        join_texts(&mut parts, seam);
    }
    messages.push(Message { role, parts });
    content.rest(loss);
    Ok(())
}

/// A text that was streamed in pieces is one again: Anthropic refuses a piece that is white space alone.
fn join_texts(parts: &mut Vec<Piece>, seam: usize) {
    let Some([Piece { part: Part::Text(begun), .. }, Piece { part: Part::Text(more), .. }]) = seam.checked_sub(1).and_then(|last| parts.get_mut(last..=seam))
    else {
        return;
    };
    begun.push_str(more);
    parts.remove(seam);
}

/// Functions that the caller runs, and what the provider runs: each a member of its own.
fn read_tool(mut tool: Object<'_>, loss: &mut Loss) -> Result<Vec<ToolDecl>, Fault> {
    tool.accept_snake_case(&["functionDeclarations"]);
    let mut declared = tool.each_or_one("functionDeclarations", |function| read_function(function, loss))?;
    for name in tool.names() {
        let place = tool.path.member(&name).place();
        if let Some(settings) = tool.take(&name) {
            let details = Value::Object(Map::from_iter([(name.clone(), settings)]));
            declared.push(ToolDecl { name, kind: ToolKind::Provider, details: Some(details), place, ..ToolDecl::default() });
        }
    }
    Ok(declared)
}

fn read_function(mut function: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    function.accept_snake_case(&["parametersJsonSchema", "responseJsonSchema"]);
    // One or the other, says the reference.
    let subset = function.members_of("parameters")?.map(|schema| json_schema(Value::Object(schema)));
    let schema = match function.take("parametersJsonSchema") {
        Some(schema) => Some(schema),
        None => subset,
    };
    let place = function.path.place();
    let declared = ToolDecl { name: function.need_text("name")?, description: function.text("description")?, schema, place, ..ToolDecl::default() };
    function.rest(loss);
    Ok(declared)
}

/// Whether and which functions are to be called.
fn read_choice(mut choice: Object<'_>, loss: &mut Loss) -> Result<ToolChoice, Fault> {
    choice.accept_snake_case(&["allowedFunctionNames"]);
    let mut names = Vec::new();
    for name in choice.list("allowedFunctionNames")? {
        match name {
            Value::String(name) => names.push(name),
            other => return Err(super::object::wrong(&choice.path.member("allowedFunctionNames"), "a list of texts", &other)),
        }
    }
    let mode = choice.text("mode")?.unwrap_or_default();
    let read = match (mode.to_ascii_uppercase().as_str(), names.as_slice()) {
        ("ANY", []) => ToolChoice::Required,
        ("ANY", [name]) => ToolChoice::Tool(name.clone()),
        ("ANY", _) => ToolChoice::Among { names, is_required: true },
        ("NONE", _) => ToolChoice::None,
        ("VALIDATED", []) => {
            loss.approximated(choice.path.member("mode"), "calls are not held to their schemas there");
            ToolChoice::Auto
        }
        ("VALIDATED", _) => ToolChoice::Among { names, is_required: false },
        ("AUTO" | "MODE_UNSPECIFIED" | "", names) => {
            if !names.is_empty() {
                loss.dropped(choice.path.member("allowedFunctionNames"), "it says nothing beside this mode");
            }
            ToolChoice::Auto
        }
        (unknown, _) => return Err(choice.fault("mode", format!("is `{unknown}`; known are AUTO, ANY, NONE and VALIDATED."))),
    };
    choice.rest(loss);
    Ok(read)
}
