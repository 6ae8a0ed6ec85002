//! The tools of a Responses request.

use super::Context;
use crate::Endpoint;
use crate::canonical::encode::{drop_cache, refusal, strict_there};
use crate::canonical::loss::Loss;
use crate::canonical::request::{ToolChoice, ToolDecl, ToolKind};
use crate::canonical::writer::Writer;
use crate::canonical::{wrapped_description, wrapped_schema};
use jeton_core::Fault;

pub(super) fn write_tools(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Context { request, target, .. } = context;
    if request.tools.is_empty() {
        return Ok(());
    }
    let foreign = |tool: &&ToolDecl| tool.kind == ToolKind::Provider && request.endpoint != Endpoint::Responses;
    if let Some(tool) = request.tools.iter().find(foreign) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, target, &why, "Leave it out, or declare a tool of your own."));
    }
    w.member_list("tools", |w| {
        for tool in &request.tools {
            match (&tool.kind, &tool.details) {
                (ToolKind::Provider, Some(details)) => w.raw(&details.to_string()),
                _ => w.object(|w| write_tool(w, tool, context, loss)),
            }
        }
    });
    Ok(())
}

fn write_tool(w: &mut Writer, tool: &ToolDecl, context: &Context<'_>, loss: &mut Loss) {
    let Context { request, target, names } = context;
    let ToolDecl { name, description, schema, kind, strict, cache, details, place } = tool;
    drop_cache(place, *cache, loss);
    let is_custom = *kind == ToolKind::Custom && target.takes.custom_tools;
    w.member("type", if is_custom { "custom" } else { "function" });
    w.member("name", &*names.sent(name));
    if is_custom {
        w.member_of("description", description.as_deref());
        w.member_of("format", details.as_ref());
    } else if *kind == ToolKind::Custom {
        loss.approximated(place, "a tool of free text is declared as a function with one text");
        w.member_of("description", wrapped_description(description.as_deref(), details.as_ref()));
        w.member("parameters", &wrapped_schema());
        w.member("strict", &false);
    } else {
        w.member_of("description", description.as_deref());
        w.member_of("parameters", schema.as_ref());
        // Case 60: a schema is strict here unless the request says otherwise, elsewhere it is not.
        let strict = strict.or((request.endpoint != Endpoint::Responses).then_some(false));
        w.member_of("strict", strict.map(|strict| strict_there(strict, schema.as_ref(), request, place.member("strict"), loss)));
    }
}

/// Case 44.
pub(super) fn write_choice(w: &mut Writer, choice: &ToolChoice, parallel: bool, context: &Context<'_>) {
    let Context { request, names, .. } = context;
    if request.tools.is_empty() {
        return;
    }
    if !parallel {
        w.member("parallel_tool_calls", &false);
    }
    let one = |w: &mut Writer, name: &str| {
        let tool = request.tools.iter().find(|tool| tool.name == name);
        match tool.map(|tool| tool.kind) {
            Some(ToolKind::Provider) => w.member("type", name),
            Some(ToolKind::Custom) if !names.is_wrapped(&names.sent(name)) => {
                w.member("type", "custom");
                w.member("name", &*names.sent(name));
            }
            _ => {
                w.member("type", "function");
                w.member("name", &*names.sent(name));
            }
        }
    };
    match choice {
        ToolChoice::Auto => {}
        ToolChoice::None => w.member("tool_choice", "none"),
        ToolChoice::Required => w.member("tool_choice", "required"),
        ToolChoice::Tool(name) => w.member_object("tool_choice", |w| one(w, name)),
        ToolChoice::Among { names: among, is_required } => w.member_object("tool_choice", |w| {
            w.member("type", "allowed_tools");
            w.member("mode", if *is_required { "required" } else { "auto" });
            w.member_list("tools", |w| among.iter().for_each(|name| w.object(|w| one(w, name))));
        }),
    }
}
