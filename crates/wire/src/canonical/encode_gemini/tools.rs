//! The tools of a request, and the choice among them.

use super::Context;
use crate::Dialect;
use crate::canonical::encode::drop_cache;
use crate::canonical::encode::refusal;
use crate::canonical::loss::Loss;
use crate::canonical::request::{ToolChoice, ToolDecl, ToolKind};
use crate::canonical::writer::Writer;
use crate::canonical::{wrapped_description, wrapped_schema};
use jeton_core::Fault;

/// Functions stand together in one element; each tool of the provider is one of its own.
pub(super) fn write_tools(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let tools = &context.request.tools;
    if tools.is_empty() {
        return Ok(());
    }
    let foreign = |tool: &&ToolDecl| tool.kind == ToolKind::Provider && context.request.endpoint.dialect() != Dialect::Gemini;
    if let Some(tool) = tools.iter().find(foreign) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, context.target, &why, "Leave it out, or declare a tool of your own."));
    }
    let (provided, functions): (Vec<&ToolDecl>, Vec<&ToolDecl>) = tools.iter().partition(|tool| tool.kind == ToolKind::Provider);
    w.member_list("tools", |w| {
        if !functions.is_empty() {
            w.object(|w| w.member_list("functionDeclarations", |w| functions.iter().for_each(|tool| w.object(|w| write_function(w, tool, context, loss)))));
        }
        for details in provided.iter().filter_map(|tool| tool.details.as_ref()) {
            w.raw(&details.to_string());
        }
    });
    Ok(())
}

fn write_function(w: &mut Writer, tool: &ToolDecl, context: &Context<'_>, loss: &mut Loss) {
    let ToolDecl { name, description, schema, kind, strict, cache, details, place } = tool;
    drop_cache(place, *cache, loss);
    if *strict == Some(true) {
        loss.dropped(place.member("strict"), "calls are not held to their schemas there");
    }
    w.member("name", &*context.names.sent(name));
    if *kind == ToolKind::Custom {
        loss.approximated(place, "a tool of free text is declared as a function with one text");
        w.member_of("description", wrapped_description(description.as_deref(), details.as_ref()));
        w.member("parametersJsonSchema", &wrapped_schema());
    } else {
        w.member_of("description", description.as_deref());
        w.member_of("parametersJsonSchema", schema.as_ref());
    }
}

/// Case 44. Names beside `VALIDATED` are those that may be called, beside `ANY` those of which one must be.
pub(super) fn write_choice(w: &mut Writer, context: &Context<'_>, _loss: &mut Loss) {
    let choice = &context.request.tool_choice;
    if context.request.tools.is_empty() || *choice == ToolChoice::Auto {
        return;
    }
    let sent = |name: &String| context.names.sent(name).into_owned();
    let (mode, names) = match choice {
        ToolChoice::Auto => return,
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Tool(name) => ("ANY", vec![sent(name)]),
        ToolChoice::Among { names, is_required } => (if *is_required { "ANY" } else { "VALIDATED" }, names.iter().map(sent).collect()),
    };
    w.member_object("toolConfig", |w| {
        w.member_object("functionCallingConfig", |w| {
            w.member("mode", mode);
            if !names.is_empty() {
                w.member("allowedFunctionNames", &names);
            }
        });
    });
}
