//! Bedrock's Converse: a request from the canonical form.
//!
//! Conversations are written as Messages has them, for that is what the dialect was made after; what only one maker's models take
//! stands in `additionalModelRequestFields`.

mod maker;
pub(super) mod media;
mod parts;
mod settings;
mod tools;

use super::encode::{drop_asked, drop_choice};
use super::encode_messages::thinking::{Thinking, thinking};
use super::encode_messages::{Block, conversation};
use super::loss::Loss;
use super::names::ToolNames;
use super::part::{CacheLife, Part, Piece};
use super::request::{Request, Role};
use super::target::Target;
use super::writer::Writer;
use jeton_core::Fault;
use maker::Maker;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// What blocks are written with.
struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
    maker: Maker,
    /// The names of the documents so far: no two may be the same.
    documents: RefCell<Vec<String>>,
}

/// Whether the model's signatures are those of Bedrock's own models, which Anthropic's cannot read (case 37).
pub(super) fn signs_for_bedrock(model: &str) -> bool {
    !matches!(Maker::of(model), Maker::Anthropic | Maker::Unknown)
}

/// Put before a conversation that begins with the model.
const GOES_ON: &str = "(The conversation goes on.)";

/// The body; the model stands in the path.
///
/// # Errors
/// As [`super::encode_request`].
pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages: _,
        tools: _,
        tool_choice: _,
        parallel_tool_calls: _,
        output_limit: _,
        stop: _,
        response_format: _,
        // The path says it, and usage always comes.
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
    drop_asked(cache_key.as_ref(), loss);
    drop_asked(store.as_ref().filter(|store| store.value), loss);
    drop_choice(request, loss);
    let context = Context { request, target, names, maker: Maker::of(&target.model), documents: RefCell::default() };
    let (system, mut turns) = conversation(request, target, loss);
    begin_with_user(&mut turns, loss);
    let mut more = Map::new();
    let effort = think(&context, &turns, &mut more, loss);
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        write_system(w, &system, &context, loss);
        w.member_list("messages", |w| {
            for (role, blocks) in &turns {
                w.object(|w| failed = failed.take().or(write_turn(w, *role, blocks, &context, loss).err()));
            }
        });
        settings::write_inference(w, &context, is_thinking(&more), &mut more, loss);
        settings::pass_betas(&context, &mut more, loss);
        failed = failed.take().or(tools::write_config(w, &turns, &context, &mut more, loss).err());
        if !more.is_empty() {
            w.member("additionalModelRequestFields", &more);
        }
        settings::write_matched_stop(w, request);
        settings::write_output(w, effort, request, loss);
        settings::write_tier(w, service_tier.as_ref(), loss);
        settings::write_metadata(w, metadata.as_ref(), loss);
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

/// The API wants a conversation to begin with the user.
fn begin_with_user(turns: &mut Vec<(Role, Vec<Block<'_>>)>, loss: &mut Loss) {
    if let Some((Role::Assistant, blocks)) = turns.first() {
        if let Some(Block::Piece(piece)) = blocks.first() {
            loss.approximated(&piece.place, "a conversation must begin with the user there, and a word of the user's is put before it");
        }
        turns.insert(0, (Role::User, vec![Block::Text(GOES_ON.to_owned())]));
    }
}

fn is_thinking(more: &Map<String, Value>) -> bool {
    more.contains_key("thinking")
}

/// Case 49: what the maker's models are told of thinking. The grade stands elsewhere, beside the format of the answer.
fn think(context: &Context<'_>, turns: &[(Role, Vec<Block<'_>>)], more: &mut Map<String, Value>, loss: &mut Loss) -> Option<&'static str> {
    let Context { request, target, maker, .. } = context;
    if *maker != Maker::Anthropic {
        return settings::effort(context, more, loss);
    }
    let limit = request.output_limit.unwrap_or(target.output_limit);
    match thinking(request, target, limit, turns, loss) {
        Thinking::Off => None,
        Thinking::Budget(tokens) => {
            more.insert("thinking".into(), serde_json::json!({ "type": "enabled", "budget_tokens": tokens }));
            None
        }
        Thinking::Adaptive(effort) => {
            more.insert("thinking".into(), serde_json::json!({ "type": "adaptive" }));
            effort.map(super::request::Effort::name)
        }
    }
}

fn write_system(w: &mut Writer, system: &[Block<'_>], context: &Context<'_>, loss: &mut Loss) {
    let mut texts: Vec<(&str, Option<CacheLife>)> = Vec::new();
    for block in system {
        match block {
            Block::Text(text) => texts.push((text, None)),
            Block::Piece(Piece { part: Part::Text(text) | Part::Cited { text, .. }, cache, place }) => {
                texts.push((text, context.maker.marked(*cache, place, loss)));
            }
            Block::Piece(piece) => loss.dropped(&piece.place, "instructions are text"),
        }
    }
    texts.retain(|(text, _)| !text.trim().is_empty());
    if texts.is_empty() {
        return;
    }
    w.member_list("system", |w| {
        for (text, cache) in texts {
            w.object(|w| w.member_text("text", text));
            write_cache_point(w, cache);
        }
    });
}

/// Case 43: a mark is a block of its own, behind the one that it stands at.
fn write_cache_point(w: &mut Writer, cache: Option<CacheLife>) {
    let Some(life) = cache else { return };
    w.object(|w| {
        w.member_object("cachePoint", |w| {
            w.member("type", "default");
            if life == CacheLife::OneHour {
                w.member("ttl", "1h");
            }
        });
    });
}

/// What is said beside a document in a turn that has no words: the API refuses such a turn.
const BESIDE_A_DOCUMENT: &str = "See the document.";

fn write_turn(w: &mut Writer, role: Role, blocks: &[Block<'_>], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    w.member("role", if role == Role::Assistant { "assistant" } else { "user" });
    let mut failed = None;
    w.member_list("content", |w| {
        for block in blocks {
            match block {
                Block::Text(text) => w.object(|w| w.member_text("text", text)),
                Block::Piece(piece) => failed = failed.take().or(parts::write_block(w, piece, context, loss).err()),
            }
        }
        if let Some(document) = document_alone(blocks) {
            loss.approximated(&document.place, "a document may not stand without words there, so some stand beside it");
            w.object(|w| w.member_text("text", BESIDE_A_DOCUMENT));
        }
    });
    failed.map_or(Ok(()), Err)
}

/// The first document of a turn without words.
fn document_alone<'a>(blocks: &[Block<'a>]) -> Option<&'a Piece> {
    let says = |block: &Block<'_>| match block {
        Block::Text(_) => true,
        Block::Piece(piece) => matches!(piece.part, Part::Text(_) | Part::Cited { .. } | Part::Refusal(_)),
    };
    let document = |block: &Block<'a>| match block {
        Block::Piece(piece) if media::is_document(&piece.part) => Some(*piece),
        _ => None,
    };
    if blocks.iter().any(says) { None } else { blocks.iter().find_map(document) }
}
