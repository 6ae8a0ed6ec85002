//! Gemini's `generateContent`: a request from the canonical form, after Google's reference of `models.generateContent`.

mod config;
mod parts;
mod tools;
mod turn;

use super::encode::{drop_asked, drop_cache, drop_choice, format_path, instruction_text, parallel_path, turns};
use super::loss::Loss;
use super::names::ToolNames;
use super::object::invalid;
use super::part::{Part, Piece};
use super::request::{Request, Role, ServiceTier};
use super::target::Target;
use super::writer::Writer;
use config::write_config;
use jeton_core::Fault;
use parts::{Results, write_item};
use tools::{write_choice, write_tools};
use turn::{Item, model_turn, sign_calls, user_turn};

/// What the parts of a turn are written with.
struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
    results: Results<'a>,
}

impl Context<'_> {
    /// Gemini 3 and later, which grade their thinking by levels, refuse a call without its signature, and take media in results.
    const fn is_graded(&self) -> bool {
        self.target.takes.adaptive_thinking
    }
}

/// Before Gemini 3, Google refuses JSON and tools in one request: https://github.com/googleapis/python-genai/issues/867.
fn refuse_json_beside_tools(context: &Context<'_>) -> Result<(), Fault> {
    let Context { request, target, .. } = context;
    let is_googles_to_judge = context.is_graded() || request.endpoint == crate::Endpoint::Generate;
    if is_googles_to_judge || request.tools.is_empty() || request.response_format.is_none() {
        return Ok(());
    }
    let path = format_path(request);
    let why = format!("`{path}` asks for JSON beside tools, and `{}` takes one of them at a time.", target.model);
    let remedy = "Name a model of Gemini 3 or of another provider, or declare a tool whose arguments are the answer.";
    Err(invalid(why).code("not_translatable").param(path).remedy(remedy))
}

/// The parts of a request that are settled before anything is written.
struct Plan<'a> {
    system: Vec<&'a str>,
    turns: Vec<(Role, Vec<Item<'a>>)>,
}

/// The body; the model stands in the path.
///
/// # Errors
/// As [`super::encode_request`].
pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages: _,
        tools,
        tool_choice: _,
        parallel_tool_calls,
        output_limit: _,
        stop: _,
        response_format: _,
        stream: _,
        include_usage: _,
        reasoning: _,
        sampling: _,
        choices: _,
        logprobs: _,
        verbosity,
        user,
        metadata,
        service_tier,
        cache_key,
        store,
        stored_state: _,
        embedding: _,
        repeated: _,
    } = request;
    drop_asked(verbosity.as_ref(), loss);
    drop_asked(user.as_ref(), loss);
    // Vertex AI alone has labels, and the Gemini API refuses them: they stay where they came from.
    let labels = metadata.as_ref().filter(|_| request.endpoint == crate::Endpoint::Generate);
    if labels.is_none() {
        drop_asked(metadata.as_ref(), loss);
    }
    drop_asked(cache_key.as_ref(), loss);
    drop_asked(store.as_ref().filter(|store| store.value), loss);
    drop_choice(request, loss);
    if !tools.is_empty() && !*parallel_tool_calls {
        loss.dropped(parallel_path(request), "calls side by side cannot be forbidden there");
    }
    let context = Context { request, target, names, results: Results::of(&request.messages) };
    refuse_json_beside_tools(&context)?;
    let plan = plan(&context, loss);
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        if !plan.system.is_empty() {
            w.member_object("systemInstruction", |w| w.member_list("parts", |w| plan.system.iter().for_each(|text| w.object(|w| w.member_text("text", text)))));
        }
        w.member_list("contents", |w| {
            for (role, items) in &plan.turns {
                w.object(|w| failed = failed.take().or(write_turn(w, *role, items, &context, loss).err()));
            }
        });
        failed = failed.take().or(write_tools(w, &context, loss).err());
        write_choice(w, &context, loss);
        write_config(w, &context, loss);
        w.member_of("labels", labels.map(|labels| &labels.value));
        match service_tier.as_ref().map(|tier| (&tier.value, tier.path)) {
            None | Some((ServiceTier::Auto, _)) => {}
            Some((ServiceTier::Standard, _)) => w.member("serviceTier", "standard"),
            Some((ServiceTier::Other(word), _)) if matches!(word.as_str(), "flex" | "priority") => w.member("serviceTier", word),
            Some((ServiceTier::Other(word), path)) => loss.dropped(path, format!("there is no tier `{word}`")),
        }
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

fn plan<'a>(context: &Context<'a>, loss: &mut Loss) -> Plan<'a> {
    let mut system = Vec::new();
    let mut merged: Vec<(Role, Vec<Item<'a>>)> = Vec::new();
    let mut last_instruction = None;
    for (role, pieces) in turns(&context.request.messages) {
        let items = match role {
            Role::System if merged.is_empty() => {
                for piece in pieces {
                    if let Some(text) = instruction(piece, loss) {
                        system.push(text);
                        last_instruction = Some(piece);
                    }
                }
                continue;
            }
            Role::System => pieces.into_iter().filter_map(|piece| told_in_turn(piece, loss)).collect(),
            Role::User => user_turn(pieces, context, loss),
            Role::Assistant => model_turn(pieces, context, loss),
        };
        let side = if role == Role::System { Role::User } else { role };
        match merged.last_mut() {
            _ if items.is_empty() => {}
            Some((last, earlier)) if *last == side => earlier.extend(items),
            _ => merged.push((side, items)),
        }
    }
    // Case 48.
    if let Some((Role::Assistant, items)) = merged.last()
        && let Some(piece) = items.first().and_then(Item::piece).filter(|_| context.request.endpoint == crate::Endpoint::Messages)
    {
        loss.approximated(&piece.place, "the beginning of an answer is a finished turn there");
    }
    // The API wants a turn of the user. Where there are instructions alone, the last of them is it.
    if merged.is_empty()
        && let (Some(text), Some(piece)) = (system.pop(), last_instruction)
    {
        loss.approximated(&piece.place, "there must be a turn of the user, and these instructions are it");
        merged.push((Role::User, vec![Item::text(text.to_owned())]));
    }
    if context.is_graded() {
        sign_calls(&mut merged);
    }
    Plan { system, turns: merged }
}

/// The text of an instruction.
fn instruction<'a>(piece: &'a Piece, loss: &mut Loss) -> Option<&'a str> {
    drop_cache(&piece.place, piece.cache, loss);
    match &piece.part {
        Part::Text(text) | Part::Cited { text, .. } => Some(text.as_str()).filter(|text| !text.is_empty()),
        _ => {
            loss.dropped(&piece.place, "instructions are text");
            None
        }
    }
}

/// Case 20: instructions in the middle stay in their place, as words of the user.
fn told_in_turn<'a>(piece: &'a Piece, loss: &mut Loss) -> Option<Item<'a>> {
    let text = instruction(piece, loss)?;
    loss.approximated(&piece.place, "instructions in the middle of a conversation are told in the user's turn");
    Some(Item::text(instruction_text(text)))
}

fn write_turn(w: &mut Writer, role: Role, items: &[Item<'_>], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut failed = None;
    w.member("role", if role == Role::Assistant { "model" } else { "user" });
    w.member_list("parts", |w| {
        for item in items {
            w.object(|w| failed = failed.take().or(write_item(w, item, context, loss).err()));
        }
    });
    failed.map_or(Ok(()), Err)
}
