//! The tools of a Converse request.

use super::maker::Maker;
use super::{Context, write_cache_point};
use crate::Dialect;
use crate::canonical::encode::{choice_path, parallel_path, refusal, tools_offered};
use crate::canonical::encode_messages::Block;
use crate::canonical::loss::Loss;
use crate::canonical::part::{Part, Piece};
use crate::canonical::request::{Role, ToolChoice, ToolDecl, ToolKind};
use crate::canonical::schema::{input_schema, tool_schema};
use crate::canonical::writer::Writer;
use crate::canonical::{wrapped_description, wrapped_schema};
use jeton_core::Fault;
use serde_json::{Map, Value, json};

/// The name of a tool whose result is in the history and whose call is not.
const UNNAMED: &str = "tool";

/// `toolConfig`, which must be there where the history has calls of tools or their results (case 45).
///
/// # Errors
/// A refusal of tools that another provider runs (case 40).
pub(super) fn write_config(
    w: &mut Writer,
    turns: &[(Role, Vec<Block<'_>>)],
    context: &Context<'_>,
    more: &mut Map<String, Value>,
    loss: &mut Loss,
) -> Result<(), Fault> {
    let Context { request, target, .. } = context;
    let used = used(turns);
    let offered = tools_offered(request, loss);
    let foreign = |tool: &&&ToolDecl| tool.kind == ToolKind::Provider && request.endpoint.dialect() != Dialect::Bedrock;
    if let Some(tool) = offered.iter().find(foreign) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, target, &why, "Leave it out, or declare a tool of your own."));
    }
    if offered.is_empty() {
        if !used.is_empty() {
            loss.approximated("tools", "tools that the history calls must be declared there, so they are");
            w.member_object("toolConfig", |w| write_used(w, &used, context));
        }
        return Ok(());
    }
    if request.tool_choice == ToolChoice::None {
        if used.is_empty() {
            loss.approximated(choice_path(request), "that no tool may be called is said by declaring none there");
            offered.iter().for_each(|tool| loss.dropped(&tool.place, "none may be called, and what is declared may be"));
            return Ok(());
        }
        loss.dropped(choice_path(request), "tools that the history calls must be declared there, and none can be forbidden");
    }
    w.member_object("toolConfig", |w| {
        w.member_list("tools", |w| {
            for tool in offered {
                match (&tool.kind, &tool.details) {
                    (ToolKind::Provider, Some(details)) => w.raw(&details.to_string()),
                    _ => w.object(|w| w.member_object("toolSpec", |w| write_spec(w, tool, context, loss))),
                }
                write_cache_point(w, context.maker.marked_tool(tool.cache, &tool.place, loss));
            }
        });
        write_choice(w, context, more, loss);
    });
    Ok(())
}

/// The names of the tools that the history calls, each once.
fn used<'a>(turns: &[(Role, Vec<Block<'a>>)]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    let mut has_results = false;
    for block in turns.iter().flat_map(|(_, blocks)| blocks) {
        match block {
            Block::Piece(Piece { part: Part::ToolUse { name, .. }, .. }) if !names.contains(&name.as_str()) => names.push(name),
            Block::Piece(Piece { part: Part::ToolResult { .. }, .. }) => has_results = true,
            _ => {}
        }
    }
    if names.is_empty() && has_results {
        names.push(UNNAMED);
    }
    names
}

fn write_used(w: &mut Writer, used: &[&str], context: &Context<'_>) {
    w.member_list("tools", |w| {
        for name in used {
            w.object(|w| {
                w.member_object("toolSpec", |w| {
                    w.member("name", &*context.names.sent(name));
                    w.member_object("inputSchema", |w| w.member("json", &*input_schema(None)));
                });
            });
        }
    });
}

fn write_spec(w: &mut Writer, tool: &ToolDecl, context: &Context<'_>, loss: &mut Loss) {
    let ToolDecl { name, description, schema: _, kind, strict, cache: _, details, place } = tool;
    w.member("name", &*context.names.sent(name));
    let described = |description: Option<String>| description.filter(|text| !text.is_empty());
    if *kind == ToolKind::Custom {
        loss.approximated(place, "a tool of free text is declared as a function with one text");
        w.member_of("description", described(wrapped_description(description.as_deref(), details.as_ref())));
        w.member_object("inputSchema", |w| w.member("json", &wrapped_schema()));
        return;
    }
    w.member_of("description", described(description.clone()));
    w.member_object("inputSchema", |w| w.member("json", &*tool_schema(tool, loss)));
    w.member_of("strict", *strict);
}

/// Case 44. What Anthropic's models are told of calls side by side goes with the choice into their own member, for two choices that
/// contradict each other are refused.
fn write_choice(w: &mut Writer, context: &Context<'_>, more: &mut Map<String, Value>, loss: &mut Loss) {
    let Context { request, names, maker, .. } = context;
    if !request.parallel_tool_calls && *maker == Maker::Anthropic && request.tool_choice != ToolChoice::None {
        let mut choice = match &request.tool_choice {
            ToolChoice::Auto | ToolChoice::None | ToolChoice::Among { is_required: false, .. } => json!({ "type": "auto" }),
            ToolChoice::Required | ToolChoice::Among { is_required: true, .. } => json!({ "type": "any" }),
            ToolChoice::Tool(name) => json!({ "type": "tool", "name": names.sent(name) }),
        };
        choice["disable_parallel_tool_use"] = true.into();
        more.insert("tool_choice".into(), choice);
        return;
    }
    if !request.parallel_tool_calls && request.tool_choice != ToolChoice::None {
        loss.dropped(parallel_path(request), "the dialect has no such setting for this model");
    }
    match &request.tool_choice {
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Among { is_required: false, .. } => {}
        ToolChoice::Required | ToolChoice::Among { is_required: true, .. } => w.member_object("toolChoice", |w| w.member_object("any", |_| {})),
        ToolChoice::Tool(name) => w.member_object("toolChoice", |w| w.member_object("tool", |w| w.member("name", &*names.sent(name)))),
    }
}
