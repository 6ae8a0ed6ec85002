//! The tools of a Chat request.

use crate::canonical::encode::{drop_cache, refusal, strict_there};
use crate::canonical::loss::Loss;
use crate::canonical::names::ToolNames;
use crate::canonical::request::{Request, ToolChoice, ToolDecl, ToolKind};
use crate::canonical::target::Target;
use crate::canonical::writer::Writer;
use crate::canonical::{wrapped_description, wrapped_schema};
use jeton_core::Fault;

pub(super) fn write_tools(w: &mut Writer, request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<(), Fault> {
    if request.tools.is_empty() {
        return Ok(());
    }
    if let Some(tool) = request.tools.iter().find(|tool| tool.kind == ToolKind::Provider) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, target, &why, "Leave it out, or declare a tool of your own."));
    }
    w.member_list("tools", |w| {
        for tool in &request.tools {
            w.object(|w| write_tool(w, tool, request, target, names, loss));
        }
    });
    Ok(())
}

fn write_tool(w: &mut Writer, tool: &ToolDecl, request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) {
    let ToolDecl { name, description, schema, kind, strict, cache, details, place } = tool;
    drop_cache(place, *cache, loss);
    let is_custom = *kind == ToolKind::Custom && target.takes.custom_tools;
    let member = if is_custom { "custom" } else { "function" };
    w.member("type", member);
    w.member_object(member, |w| {
        w.member("name", &*names.sent(name));
        if is_custom {
            w.member_of("description", description.as_deref());
            w.member_of("format", details.as_ref());
        } else if *kind == ToolKind::Custom {
            loss.approximated(place, "a tool of free text is declared as a function with one text");
            w.member_of("description", wrapped_description(description.as_deref(), details.as_ref()));
            w.member("parameters", &wrapped_schema());
        } else {
            w.member_of("description", description.as_deref());
            w.member_of("parameters", schema.as_ref());
            w.member_of("strict", strict.map(|strict| strict_there(strict, schema.as_ref(), request, place.member("strict"), loss)));
        }
    });
}

/// Case 44.
pub(super) fn write_choice(w: &mut Writer, choice: &ToolChoice, parallel: bool, request: &Request, names: &ToolNames) {
    if request.tools.is_empty() {
        return;
    }
    if !parallel {
        w.member("parallel_tool_calls", &false);
    }
    let one = |w: &mut Writer, name: &str| {
        let is_custom = request.tools.iter().any(|tool| tool.name == name && tool.kind == ToolKind::Custom) && !names.is_wrapped(&names.sent(name));
        let kind = if is_custom { "custom" } else { "function" };
        w.member("type", kind);
        w.member_object(kind, |w| w.member("name", &*names.sent(name)));
    };
    match choice {
        ToolChoice::Auto => {}
        ToolChoice::None => w.member("tool_choice", "none"),
        ToolChoice::Required => w.member("tool_choice", "required"),
        ToolChoice::Tool(name) => w.member_object("tool_choice", |w| one(w, name)),
        ToolChoice::Among { names: among, is_required } => w.member_object("tool_choice", |w| {
            w.member("type", "allowed_tools");
            w.member_object("allowed_tools", |w| {
                w.member("mode", if *is_required { "required" } else { "auto" });
                w.member_list("tools", |w| among.iter().for_each(|name| w.object(|w| one(w, name))));
            });
        }),
    }
}
