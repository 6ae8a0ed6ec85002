//! Messages requests.

pub(super) mod parts;
pub(super) mod thinking;
mod tools;

use super::encode::{
    JSON_ONLY, NO_SAMPLERS, drop_asked, drop_choice, drop_sampling, drop_sampling_because, format_path, instruction_text, stop_path, turns, within,
};
use super::loss::Loss;
use super::names::ToolNames;
use super::part::{CacheLife, Part, Piece};
use super::request::{Request, ResponseFormat, Role, ServiceTier, ToolChoice};
use super::target::Target;
use super::writer::Writer;
use crate::{Dialect, Endpoint};
use jeton_core::{Fault, Samplers};
use parts::write_piece;
use thinking::{Thinking, own_thinking, thinking, write_thinking};
use tools::{write_choice, write_output, write_tools};

/// The parts of a request that are settled before anything is written.
struct Plan<'a> {
    system: Vec<Block<'a>>,
    turns: Vec<(Role, Vec<Block<'a>>)>,
    thinking: Thinking,
    choice: &'a ToolChoice,
    limit: u64,
}

/// A content block to be written.
pub(super) enum Block<'a> {
    Piece(&'a Piece),
    Text(String),
}

pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages: _,
        tools: _,
        tool_choice: _,
        parallel_tool_calls,
        output_limit: _,
        stop,
        response_format: _,
        stream,
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
    drop_asked(metadata.as_ref(), loss);
    drop_asked(cache_key.as_ref(), loss);
    drop_asked(store.as_ref().filter(|store| store.value), loss);
    drop_choice(request, loss);
    let plan = plan(request, target, loss);
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        w.member("model", &target.model);
        if target.endpoint == Endpoint::Messages {
            w.member("max_tokens", &plan.limit);
        }
        write_system(w, &plan, request, loss);
        w.member_list("messages", |w| {
            for (role, blocks) in &plan.turns {
                w.object(|w| failed = failed.take().or(write_turn(w, *role, blocks, &Context { request, target, names }, loss).err()));
            }
        });
        failed = failed.take().or(write_tools(w, request, target, names, loss).err());
        write_choice(w, plan.choice, *parallel_tool_calls, request, names);
        let effort = write_thinking(w, &plan.thinking);
        write_output(w, effort, request, loss);
        if target.endpoint == Endpoint::CountTokens {
            return;
        }
        write_stop(w, stop, stop_path(request), loss);
        write_sampling(w, request, target, &plan.thinking, loss);
        if let Some(user) = user {
            w.member_object("metadata", |w| w.member("user_id", &user.value));
        }
        match service_tier.as_ref().map(|tier| (&tier.value, tier.path)) {
            None => {}
            Some((ServiceTier::Auto, _)) => w.member("service_tier", "auto"),
            Some((ServiceTier::Standard, _)) => w.member("service_tier", "standard_only"),
            Some((ServiceTier::Other(word), path)) => loss.dropped(path, format!("there is no tier `{word}`")),
        }
        if *stream {
            w.member("stream", &true);
        }
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

/// What the blocks of a turn are written with.
struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
}

fn plan<'a>(request: &'a Request, target: &Target, loss: &mut Loss) -> Plan<'a> {
    let limit = request.output_limit.unwrap_or(target.output_limit);
    let (system, turns) = conversation(request, target, loss);
    let thinking = thinking(request, target, limit, &turns, loss);
    Plan { system, turns, thinking, choice: &request.tool_choice, limit }
}

/// Instructions, and the turns of user and model, as Messages takes them, and Converse after it.
pub(super) fn conversation<'a>(request: &'a Request, target: &Target, loss: &mut Loss) -> (Vec<Block<'a>>, Vec<(Role, Vec<Block<'a>>)>) {
    let mut system = Vec::new();
    let mut merged: Vec<(Role, Vec<Block<'a>>)> = Vec::new();
    for (role, pieces) in turns(&request.messages) {
        match role {
            Role::System if merged.is_empty() => system.extend(pieces.into_iter().map(Block::Piece)),
            Role::System => push_turn(&mut merged, Role::User, instructions(&pieces, loss)),
            role => push_turn(&mut merged, role, pieces.into_iter().map(Block::Piece).collect()),
        }
    }
    if request.response_format == Some(ResponseFormat::JsonObject) {
        loss.approximated(format_path(request), "the dialect has no JSON without a schema; the model is told in words");
        system.push(Block::Text(JSON_ONLY.to_owned()));
    }
    for (role, blocks) in &mut merged {
        blocks.retain(|block| is_sendable(block, *role, request, target, loss));
    }
    // What is left of the turns: two that an empty one stood between are one.
    let said = std::mem::take(&mut merged).into_iter().filter(|(_, blocks)| !blocks.is_empty());
    said.for_each(|(role, blocks)| push_turn(&mut merged, role, blocks));
    for (role, blocks) in &mut merged {
        if *role == Role::User {
            put_results_first(blocks, loss);
        }
    }
    ask_something(&mut system, &mut merged, loss);
    end_of_prefill(&mut merged, request, loss);
    (system, merged)
}

fn push_turn<'a>(turns: &mut Vec<(Role, Vec<Block<'a>>)>, role: Role, blocks: Vec<Block<'a>>) {
    match turns.last_mut() {
        Some((last, earlier)) if *last == role => earlier.extend(blocks),
        _ => turns.push((role, blocks)),
    }
}

/// Results of tools come first in the user's turn (case 46).
fn put_results_first(blocks: &mut [Block<'_>], loss: &mut Loss) {
    let is_result = |block: &Block<'_>| matches!(block, Block::Piece(Piece { part: Part::ToolResult { .. }, .. }));
    let results = blocks.iter().filter(|block| is_result(block)).count();
    if let Some(Block::Piece(other)) = blocks[..results].iter().find(|block| !is_result(block)) {
        loss.approximated(&other.place, "it stands behind the results of the tools now");
    }
    blocks.sort_by_key(|block| !is_result(block));
}

/// The API wants a turn of the user. Where there are instructions alone, the last of them is it.
fn ask_something<'a>(system: &mut Vec<Block<'a>>, turns: &mut Vec<(Role, Vec<Block<'a>>)>, loss: &mut Loss) {
    if !turns.is_empty() {
        return;
    }
    if let Some(last) = system.pop() {
        if let Block::Piece(piece) = &last {
            loss.approximated(&piece.place, "there must be a turn of the user, and these instructions are it");
        }
        turns.push((Role::User, vec![last]));
    }
}

/// Case 48: the answer goes on where a last turn of the model ends, and that may not be white space.
fn end_of_prefill<'a>(turns: &mut [(Role, Vec<Block<'a>>)], request: &Request, loss: &mut Loss) {
    let Some((Role::Assistant, blocks)) = turns.last_mut() else { return };
    let Some(Block::Piece(piece)) = blocks.last() else { return };
    if !matches!(request.endpoint.dialect(), Dialect::Anthropic | Dialect::Bedrock) {
        loss.approximated(&piece.place, "the answer goes on with the model's last turn there");
    }
    if let Part::Text(text) = &piece.part
        && text.ends_with(char::is_whitespace)
    {
        loss.approximated(&piece.place, "white space at the end of the model's last turn is refused there");
        let trimmed = Block::Text(text.trim_end().to_owned());
        blocks.pop();
        blocks.push(trimmed);
    }
}

/// Case 20: instructions in the middle stay in their place, as words of the user.
fn instructions<'a>(pieces: &[&Piece], loss: &mut Loss) -> Vec<Block<'a>> {
    let text = |piece: &&Piece| match &piece.part {
        Part::Text(text) | Part::Cited { text, .. } if !text.is_empty() => {
            loss.approximated(&piece.place, "instructions in the middle of a conversation are told in the user's turn");
            Some(Block::Text(instruction_text(text)))
        }
        _ => None,
    };
    pieces.iter().filter_map(text).collect()
}

/// Whether a block can be sent at all: empty texts are refused by the API, reasoning needs its own family's signature.
fn is_sendable(block: &Block<'_>, role: Role, request: &Request, target: &Target, loss: &mut Loss) -> bool {
    let Block::Piece(piece) = block else { return true };
    match &piece.part {
        Part::Text(text) if target.endpoint == Endpoint::Converse && !text.is_empty() && text.trim().is_empty() => {
            loss.dropped(&piece.place, "white space alone is refused there");
            false
        }
        Part::Text(text) | Part::Refusal(text) => !text.is_empty(),
        Part::Thinking { .. } | Part::RedactedThinking(_) => {
            let is_kept = own_thinking(&piece.part, request, target).is_some();
            if !is_kept && !matches!(&piece.part, Part::Thinking { text, signature: None } if text.is_empty()) {
                loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back");
            }
            is_kept
        }
        // What the user shows and the target cannot see is refused where it is written (case 75).
        Part::Other { kind, .. } if role == Role::Assistant && request.endpoint.dialect() != target.endpoint.dialect() => {
            loss.dropped(&piece.place, format!("what another provider's `{kind}` left has no counterpart"));
            false
        }
        Part::Embedding(_) => false,
        _ => true,
    }
}

fn write_system(w: &mut Writer, plan: &Plan<'_>, request: &Request, loss: &mut Loss) {
    let texts: Vec<(&str, Option<CacheLife>)> = plan
        .system
        .iter()
        .filter_map(|block| match block {
            Block::Text(text) => Some((text.as_str(), None)),
            Block::Piece(Piece { part: Part::Text(text) | Part::Cited { text, .. }, cache, .. }) => Some((text.as_str(), *cache)),
            Block::Piece(piece) => {
                loss.dropped(&piece.place, "instructions are text");
                None
            }
        })
        .filter(|(text, _)| !text.is_empty())
        .collect();
    // Case 42: a text, or blocks where a mark of the cache must stand at one of them.
    match texts.as_slice() {
        [] => {}
        [(text, None)] if request.endpoint != Endpoint::CountTokens => w.member_text("system", text),
        texts => w.member_list("system", |w| {
            for (text, cache) in texts {
                w.object(|w| write_text(w, text, *cache));
            }
        }),
    }
}

fn write_text(w: &mut Writer, text: &str, cache: Option<CacheLife>) {
    w.member("type", "text");
    w.member_text("text", text);
    write_cache(w, cache);
}

fn write_cache(w: &mut Writer, cache: Option<CacheLife>) {
    match cache {
        None => {}
        Some(CacheLife::FiveMinutes) => w.member_object("cache_control", |w| w.member("type", "ephemeral")),
        Some(CacheLife::OneHour) => w.member_object("cache_control", |w| {
            w.member("type", "ephemeral");
            w.member("ttl", "1h");
        }),
    }
}

fn write_turn(w: &mut Writer, role: Role, blocks: &[Block<'_>], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    w.member("role", if role == Role::Assistant { "assistant" } else { "user" });
    let mut failed = None;
    match blocks {
        [Block::Piece(Piece { part: Part::Text(text), cache: None, .. })] => w.member_text("content", text),
        [Block::Text(text)] => w.member_text("content", text),
        blocks => w.member_list("content", |w| {
            for block in blocks {
                w.object(|w| match block {
                    Block::Text(text) => write_text(w, text, None),
                    Block::Piece(piece) => failed = failed.take().or(write_piece(w, piece, context, loss).err()),
                });
            }
        }),
    }
    failed.map_or(Ok(()), Err)
}

/// Case 50. The API refuses stop texts of white space alone.
fn write_stop(w: &mut Writer, stop: &[String], path: &str, loss: &mut Loss) {
    let (kept, blank): (Vec<&String>, Vec<&String>) = stop.iter().partition(|text| !text.trim().is_empty());
    if !blank.is_empty() {
        loss.dropped(path, "a stop text of white space alone is refused there");
    }
    if !kept.is_empty() {
        w.member("stop_sequences", &kept);
    }
}

fn write_sampling(w: &mut Writer, request: &Request, target: &Target, thinking: &Thinking, loss: &mut Loss) {
    let sampling = &request.sampling;
    if !matches!(thinking, Thinking::Off) {
        // Case 49: a model that thinks takes none of them.
        let is_usual = sampling.temperature.as_ref().is_some_and(|number| number.as_f64() == Some(1.0));
        let keeps: &[&str] = if is_usual { &["temperature"] } else { &[] };
        return drop_sampling_because(sampling, keeps, "a model that thinks does not take it", loss);
    }
    if target.takes.samplers == Samplers::None {
        return drop_sampling_because(sampling, &[], NO_SAMPLERS, loss);
    }
    drop_sampling(sampling, &["temperature", "top_p", "top_k"], loss);
    if let Some(temperature) = &sampling.temperature {
        w.member("temperature", &within(temperature, 1.0, &sampling.path("temperature"), loss));
    }
    if let Some(top_p) = &sampling.top_p {
        if sampling.temperature.is_some() && target.takes.samplers != Samplers::Both {
            loss.dropped(sampling.path("top_p"), "it may not stand beside a temperature");
        } else {
            w.member("top_p", top_p);
        }
    }
    w.member_of("top_k", sampling.top_k.as_ref());
}
