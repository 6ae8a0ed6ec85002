//! Bedrock's Converse: a request in the canonical form.

mod blocks;
mod media;

use super::decode::{asked, cache_mark_named, read_role, stop_texts};
use super::exact;
use super::loss::{Loss, Path};
use super::object::{Object, complaint};
use super::part::Piece;
use super::request::{Asked, Effort, Message, Request, ResponseFormat, Role, ServiceTier, ToolChoice, ToolDecl, ToolKind};
use jeton_core::Fault;
use serde_json::Value;

pub(super) use blocks::{read_block, read_citation};

/// Fills `request` from the body.
///
/// # Errors
/// As [`super::read_request`].
pub(super) fn fill(request: &mut Request, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let system = read_list(root, "system", loss)?;
    if !system.is_empty() {
        request.messages.push(Message { role: Role::System, parts: system });
    }
    request.messages.extend(root.each("messages", |message| read_message(message, loss))?);
    root.object("inferenceConfig", |mut config| {
        request.output_limit = config.count("maxTokens")?;
        request.sampling.place = config.path.place();
        request.sampling.temperature = config.number("temperature")?;
        request.sampling.top_p = config.number("topP")?;
        let stop = config.take("stopSequences");
        request.stop = stop_texts(stop, &config.path.member("stopSequences"))?;
        config.rest(loss);
        Ok(())
    })?;
    root.object("toolConfig", |config| read_tools(request, config, loss))?;
    root.object("additionalModelRequestFields", |fields| read_more(request, fields, loss))?;
    root.object("outputConfig", |config| read_output(request, config, loss))?;
    root.object("serviceTier", |mut tier| {
        request.service_tier = asked(tier.text("type")?.map(read_tier), "serviceTier.type");
        tier.rest(loss);
        Ok(())
    })?;
    request.metadata = asked(root.members_of("requestMetadata")?, "requestMetadata");
    // A prompt that is kept at the provider, and what is to be put into it.
    if root.take("promptVariables").is_some() {
        request.stored_state.push("promptVariables".into());
    }
    // Other dialects tell without being asked which stop text was met; other fields are the model's own.
    if root.peek("additionalModelResponseFieldPaths").and_then(Value::as_array).is_some_and(|paths| paths.iter().all(is_stop_pointer)) {
        root.ignore("additionalModelResponseFieldPaths");
    }
    Ok(())
}

fn is_stop_pointer(pointer: &Value) -> bool {
    pointer.as_str().is_some_and(|pointer| matches!(pointer, "/stop_sequence" | "/delta/stop_sequence"))
}

fn read_tier(word: String) -> ServiceTier {
    if word == "default" { ServiceTier::Standard } else { ServiceTier::Other(word) }
}

fn read_message(mut message: Object<'_>, loss: &mut Loss) -> Result<Message, Fault> {
    let role = read_role(&mut message)?;
    let parts = read_list(&mut message, "content", loss)?;
    message.rest(loss);
    Ok(Message { role, parts })
}

/// The blocks of a list; a mark of the cache is a block behind the one that it stands at (case 43).
pub(super) fn read_list(object: &mut Object<'_>, name: &str, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    let blocks = object.list(name)?;
    let path = object.path.member(name);
    let mut pieces: Vec<Piece> = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.into_iter().enumerate() {
        let mut block = Object::of(block, path.element(index))?;
        if let Some(life) = cache_mark_named("cachePoint", &mut block, loss)? {
            match pieces.last_mut() {
                Some(piece) => piece.cache = Some(life),
                None => loss.dropped(block.path, "a mark of the cache stands behind nothing"),
            }
            block.rest(loss);
            continue;
        }
        pieces.push(read_block(block, loss)?);
    }
    Ok(pieces)
}

fn read_tools(request: &mut Request, mut config: Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let tools = config.list("tools")?;
    let path = config.path.member("tools");
    for (index, tool) in tools.into_iter().enumerate() {
        let mut tool = Object::of(tool, path.element(index))?;
        if let Some(life) = cache_mark_named("cachePoint", &mut tool, loss)? {
            match request.tools.last_mut() {
                Some(before) => before.cache = Some(life),
                None => loss.dropped(tool.path, "a mark of the cache stands behind nothing"),
            }
            tool.rest(loss);
            continue;
        }
        request.tools.push(read_tool(tool, loss)?);
    }
    if let Some(choice) = config.object("toolChoice", |choice| read_choice(choice, loss))? {
        request.tool_choice = choice;
    }
    config.rest(loss);
    Ok(())
}

fn read_tool(mut tool: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    let place = tool.path.place();
    let declared = tool.object("toolSpec", |mut spec| {
        let schema = spec.object("inputSchema", |mut schema| {
            let json = schema.members_of("json")?.map(Value::Object);
            schema.rest(loss);
            Ok(json)
        })?;
        let declared = ToolDecl {
            name: spec.need_text("name")?,
            description: spec.text("description")?,
            schema: schema.flatten(),
            strict: spec.flag("strict")?,
            place: spec.path.place(),
            ..ToolDecl::default()
        };
        spec.rest(loss);
        Ok(declared)
    })?;
    match declared {
        Some(declared) => {
            tool.rest(loss);
            Ok(declared)
        }
        // A tool of the provider or of the model, kept as it stands.
        None => Ok(ToolDecl { name: "systemTool".into(), kind: ToolKind::Provider, details: Some(tool.into_value()), place, ..ToolDecl::default() }),
    }
}

fn read_choice(mut choice: Object<'_>, loss: &mut Loss) -> Result<ToolChoice, Fault> {
    let name = choice.object("tool", |mut tool| {
        let name = tool.need_text("name")?;
        tool.rest(loss);
        Ok(name)
    })?;
    let mut has = |kind: &str| {
        choice.object(kind, |inner| {
            inner.rest(loss);
            Ok(())
        })
    };
    let is_any = has("any")?.is_some();
    has("auto")?;
    choice.rest(loss);
    Ok(match name {
        Some(name) => ToolChoice::Tool(name),
        None if is_any => ToolChoice::Required,
        None => ToolChoice::Auto,
    })
}

/// What only one maker's models take, as far as it has a counterpart elsewhere: the members of Anthropic's Messages, and Nova's.
fn read_more(request: &mut Request, mut fields: Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    // The older name is still taken.
    for (member, budget, kind) in [
        ("thinking", "additionalModelRequestFields.thinking.budget_tokens", "additionalModelRequestFields.thinking.type"),
        ("reasoning_config", "additionalModelRequestFields.reasoning_config.budget_tokens", "additionalModelRequestFields.reasoning_config.type"),
    ] {
        fields.object(member, |thinking| read_thinking(request, thinking, budget, kind, loss))?;
    }
    fields.object("reasoningConfig", |mut config| {
        const PATH: &str = "additionalModelRequestFields.reasoningConfig.maxReasoningEffort";
        config.ignore("type");
        read_effort(request, config.text("maxReasoningEffort")?, PATH, loss);
        config.rest(loss);
        Ok(())
    })?;
    fields.object("output_config", |mut config| {
        read_effort(request, config.text("effort")?, "additionalModelRequestFields.output_config.effort", loss);
        config.rest(loss);
        Ok(())
    })?;
    read_effort(request, fields.text("reasoning_effort")?, "additionalModelRequestFields.reasoning_effort", loss);
    request.sampling.top_k = fields.number("top_k")?;
    fields.object("inferenceConfig", |mut config| {
        request.sampling.top_k = config.number("topK")?;
        config.rest(loss);
        Ok(())
    })?;
    fields.object("tool_choice", |mut choice| {
        request.parallel_tool_calls = !choice.flag("disable_parallel_tool_use")?.unwrap_or(false);
        match choice.text("type")?.as_deref() {
            Some("any") => request.tool_choice = ToolChoice::Required,
            Some("tool") => request.tool_choice = ToolChoice::Tool(choice.need_text("name")?),
            _ => {}
        }
        choice.rest(loss);
        Ok(())
    })?;
    fields.rest(loss);
    Ok(())
}

fn read_thinking(request: &mut Request, mut thinking: Object<'_>, budget: &'static str, kind: &'static str, loss: &mut Loss) -> Result<(), Fault> {
    let reasoning = &mut request.reasoning;
    match thinking.need_text("type")?.as_str() {
        "enabled" => reasoning.budget_tokens = asked(thinking.count("budget_tokens")?, budget),
        "adaptive" => reasoning.is_adaptive = true,
        "disabled" => reasoning.effort = Some(Asked::new(Effort::None, kind)),
        unknown => return Err(thinking.fault("type", format!("is `{unknown}`; known are enabled, adaptive and disabled."))),
    }
    reasoning.is_shown = reasoning.effort.as_ref().is_none_or(|effort| effort.value != Effort::None);
    thinking.rest(loss);
    Ok(())
}

fn read_effort(request: &mut Request, word: Option<String>, path: &'static str, loss: &mut Loss) {
    let Some(word) = word else { return };
    match Effort::of(&word) {
        Some(effort) => request.reasoning.effort = Some(Asked::new(effort, path)),
        None => loss.dropped(path, "the grade is not known to Jeton"),
    }
}

fn read_output(request: &mut Request, mut config: Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    read_effort(request, config.text("effort")?, "outputConfig.effort", loss);
    request.response_format = config.object("textFormat", |mut format| {
        format.ignore("type");
        let schema = format.need_object("structure", |mut structure| {
            let schema = structure.need_object("jsonSchema", |schema| read_schema(schema, loss))?;
            structure.rest(loss);
            Ok(schema)
        })?;
        format.rest(loss);
        Ok(schema)
    })?;
    config.rest(loss);
    Ok(())
}

/// A schema is a text there, and always holds strictly.
fn read_schema(mut object: Object<'_>, loss: &mut Loss) -> Result<ResponseFormat, Fault> {
    let text = object.need_text("schema")?;
    let path: Path<'_> = object.path.member("schema");
    let schema = exact::parse(text.as_bytes()).ok().filter(Value::is_object).ok_or_else(|| complaint(&path, "is no JSON object."))?;
    let read = ResponseFormat::JsonSchema { name: object.text("name")?.unwrap_or_default(), description: object.text("description")?, schema, strict: true };
    object.rest(loss);
    Ok(read)
}
