//! The tools of a Messages request, and the form of its answer.

use crate::Dialect;
use crate::canonical::encode::{refusal, schema_path, tell_bare_schema, tools_offered};
use crate::canonical::loss::Loss;
use crate::canonical::names::ToolNames;
use crate::canonical::request::{Effort, Request, ResponseFormat, ToolChoice, ToolDecl, ToolKind};
use crate::canonical::schema::{HELD, held, tool_schema};
use crate::canonical::target::Target;
use crate::canonical::writer::Writer;
use crate::canonical::{wrapped_description, wrapped_schema};
use jeton_core::Fault;

use super::write_cache;

pub(super) fn write_tools(w: &mut Writer, request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<(), Fault> {
    let offered = tools_offered(request, loss);
    if offered.is_empty() {
        return Ok(());
    }
    let foreign = |tool: &&&ToolDecl| tool.kind == ToolKind::Provider && request.endpoint.dialect() != Dialect::Anthropic;
    if let Some(tool) = offered.iter().find(foreign) {
        let why = format!("is `{}`, a tool that its own provider runs", tool.name);
        return Err(refusal(&tool.place, target, &why, "Leave it out, or declare a tool of your own."));
    }
    w.member_list("tools", |w| {
        for tool in offered {
            match (&tool.kind, &tool.details) {
                (ToolKind::Provider, Some(details)) => w.raw(&details.to_string()),
                _ => w.object(|w| write_tool(w, tool, names, loss)),
            }
        }
    });
    Ok(())
}

fn write_tool(w: &mut Writer, tool: &ToolDecl, names: &ToolNames, loss: &mut Loss) {
    let ToolDecl { name, description, schema: _, kind, strict, cache, details, place } = tool;
    w.member("name", &*names.sent(name));
    if *kind == ToolKind::Custom {
        loss.approximated(place, "a tool of free text is declared as a function with one text");
        w.member_of("description", wrapped_description(description.as_deref(), details.as_ref()));
        w.member("input_schema", &wrapped_schema());
    } else {
        w.member_of("description", description.as_deref());
        w.member("input_schema", &*tool_schema(tool, loss));
        w.member_of("strict", *strict);
    }
    write_cache(w, *cache);
}

/// Case 44: `disable_parallel_tool_use` is the inverse of the other dialect's switch.
pub(super) fn write_choice(w: &mut Writer, choice: &ToolChoice, parallel: bool, request: &Request, names: &ToolNames) {
    if request.tools.is_empty() || (parallel && *choice == ToolChoice::Auto) {
        return;
    }
    w.member_object("tool_choice", |w| {
        match choice {
            ToolChoice::Auto | ToolChoice::Among { is_required: false, .. } => w.member("type", "auto"),
            ToolChoice::Required | ToolChoice::Among { is_required: true, .. } => w.member("type", "any"),
            ToolChoice::None => w.member("type", "none"),
            ToolChoice::Tool(name) => {
                w.member("type", "tool");
                w.member("name", &*names.sent(name));
            }
        }
        if !parallel && *choice != ToolChoice::None {
            w.member("disable_parallel_tool_use", &true);
        }
    });
}

/// `output_config`: the grade of effort, and the schema of the answer.
pub(super) fn write_output(w: &mut Writer, effort: Option<Effort>, request: &Request, loss: &mut Loss) {
    let schema = match &request.response_format {
        Some(ResponseFormat::JsonSchema { name, description, schema, strict }) => {
            tell_bare_schema(name, description.as_deref(), *strict, request, loss);
            let (schema, changed) = held(schema);
            if changed {
                loss.approximated(schema_path(request, "schema"), HELD);
            }
            Some(schema)
        }
        _ => None,
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    w.member_object("output_config", |w| {
        w.member_of("effort", effort.map(Effort::name));
        if let Some(schema) = schema {
            w.member_object("format", |w| {
                w.member("type", "json_schema");
                w.member("schema", &schema);
            });
        }
    });
}
