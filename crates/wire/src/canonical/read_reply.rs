//! A provider's answer, as a document, in the canonical form.

use super::decode_chat::{read_call, read_thoughts};
use super::decode_messages::{read_block, read_citation};
use super::decode_responses::{forget_identity, read_output_item, read_part};
use super::loss::{Loss, Path};
use super::object::Object;
use super::part::{Citation, Part, Piece};
use super::reply::{Reply, StopReason};
use super::{exact, read_converse, read_gemini};
use crate::Endpoint;
use crate::error::read_embedded;
use jeton_core::{Fault, FaultKind, Usage};
use serde_json::Value;

/// Reads the body of a successful answer. Its usage is not read here but given: [`crate::read_document`] knows all its forms.
/// `created` is told where the dialect does not say when the answer was made, in seconds since 1970.
///
/// # Errors
/// A fault of the provider where the body is no answer of its dialect.
pub fn read_reply(endpoint: Endpoint, body: &[u8], usage: Usage, created: i64) -> Result<(Reply, Loss), Fault> {
    let document = exact::parse(body).map_err(|error| broken(format!("it is not valid JSON ({error})")))?;
    let mut loss = Loss::default();
    let mut root = Object::of(document, Path::Root).map_err(|fault| as_broken(&fault))?;
    let mut reply = Reply {
        id: bare_id(&root.text("id").ok().flatten().unwrap_or_default()).to_owned(),
        model: root.text("model").ok().flatten().unwrap_or_default(),
        created,
        parts: Vec::new(),
        stop: StopReason::EndTurn,
        usage,
    };
    for name in ["usage", "object", "type", "role", "service_tier", "system_fingerprint"] {
        root.ignore(name);
    }
    let read = match endpoint {
        Endpoint::Chat => chat(&mut reply, &mut root, &mut loss),
        Endpoint::Responses => responses(&mut reply, &mut root, &mut loss),
        Endpoint::Messages => messages(&mut reply, &mut root, &mut loss),
        Endpoint::Generate => read_gemini::fill(&mut reply, &mut root, &mut loss),
        Endpoint::Converse => read_converse::fill(&mut reply, &mut root, &mut loss),
        Endpoint::CountTokens | Endpoint::Embeddings => Ok(()),
    };
    read.map_err(|fault| if fault.code.is_some() { fault } else { as_broken(&fault) })?;
    let has = |wanted: fn(&Part) -> bool| reply.parts.iter().any(wanted);
    reply.stop = settled(reply.stop.clone(), has(|part| matches!(part, Part::ToolUse { .. })), has(|part| matches!(part, Part::Refusal(_))));
    root.rest(&mut loss);
    Ok((reply, loss))
}

/// An answer that breaks its own dialect.
pub(super) fn broken(what: impl AsRef<str>) -> Fault {
    Fault::new(FaultKind::UpstreamFailed, format!("The provider's answer cannot be read: {}.", what.as_ref())).code("upstream_protocol")
}

/// A complaint about a document, said of a provider's answer.
pub(super) fn as_broken(fault: &Fault) -> Fault {
    broken(fault.message.trim_end_matches('.'))
}

/// An id without the prefix of its dialect.
pub(super) fn bare_id(id: &str) -> &str {
    ["chatcmpl-", "resp_", "msg_"].iter().find_map(|prefix| id.strip_prefix(prefix)).unwrap_or(id)
}

/// The first choice: nobody asks for more of what is translated.
fn chat(reply: &mut Reply, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if let Some(created) = root.take("created").and_then(|created| created.as_i64()) {
        reply.created = created;
    }
    let choices = root.each("choices", |mut choice| {
        let index = choice.count("index")?.unwrap_or(0);
        let pieces = choice.need_object("message", |message| chat_message(message, loss))?;
        let stop = chat_stop(&mut choice, loss)?.unwrap_or(StopReason::EndTurn);
        // vLLM tells which stop text was met.
        let matched = choice.text("stop_reason").ok().flatten();
        choice.rest(loss);
        Ok((index, pieces, stop, matched))
    })?;
    let Some((_, pieces, stop, matched)) = choices.into_iter().min_by_key(|choice| choice.0) else {
        return Err(root.fault("choices", "is empty or missing."));
    };
    reply.parts = parts(pieces);
    reply.stop = matched.map_or(stop, StopReason::StopSequence);
    Ok(())
}

fn chat_message(mut message: Object<'_>, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    message.ignore("role");
    let mut pieces = read_thoughts(&mut message, loss)?;
    let citations: Vec<Citation> = message.list("annotations")?.iter().map(read_citation).collect();
    if let Some(text) = message.text("content")?.filter(|text| !text.is_empty()) {
        pieces.push(if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } }.into());
    }
    pieces.extend(message.text("refusal")?.map(|text| Part::Refusal(text).into()));
    pieces.extend(message.each("tool_calls", |call| read_call(call, loss))?);
    message.rest(loss);
    Ok(pieces)
}

/// Case 51. A word that is not known ends the turn, and is reported. Aggregators and servers of one's own say by a word that the answer
/// failed, which ends nothing.
pub(super) fn chat_stop(choice: &mut Object<'_>, loss: &mut Loss) -> Result<Option<StopReason>, Fault> {
    if let Some(error) = choice.take("error").filter(Value::is_object) {
        return Err(read_embedded(error.to_string().as_bytes()).to_fault());
    }
    let Some(word) = choice.text("finish_reason")?.filter(|word| !word.is_empty()) else { return Ok(None) };
    Ok(Some(match word.as_str() {
        "stop" => StopReason::EndTurn,
        "length" => StopReason::MaxTokens,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "content_filter" => StopReason::Refusal,
        "error" | "abort" => return Err(Fault::new(FaultKind::UpstreamFailed, format!("The provider gave the answer up ({word}).")).code("given_up")),
        _ => {
            loss.dropped(choice.path.member("finish_reason"), "the word is not known to Jeton");
            StopReason::EndTurn
        }
    }))
}

/// What an answer says of its end beside its own word: some dialects have none for a call or a refusal, and some models behind the
/// others call a tool and say that their turn is over, which an agent would not run.
pub(super) fn settled(stop: StopReason, has_called: bool, has_refused: bool) -> StopReason {
    match stop {
        StopReason::EndTurn if has_called => StopReason::ToolUse,
        StopReason::EndTurn if has_refused => StopReason::Refusal,
        stop => stop,
    }
}

fn messages(reply: &mut Reply, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if root.peek("content").is_none() {
        return Err(root.fault("content", "is missing."));
    }
    let pieces = root.each("content", |block| read_block(block, loss))?;
    let word = root.need_text("stop_reason")?;
    let matched = root.text("stop_sequence")?;
    reply.stop = messages_stop(&word, matched, loss);
    reply.parts = parts(pieces);
    Ok(())
}

/// Case 51.
pub(super) fn messages_stop(word: &str, matched: Option<String>, loss: &mut Loss) -> StopReason {
    match word {
        "end_turn" => StopReason::EndTurn,
        "max_tokens" => StopReason::MaxTokens,
        "stop_sequence" => StopReason::StopSequence(matched.unwrap_or_default()),
        "tool_use" => StopReason::ToolUse,
        "refusal" => StopReason::Refusal,
        "pause_turn" => StopReason::PauseTurn,
        "model_context_window_exceeded" => StopReason::ContextWindowExceeded,
        _ => {
            loss.dropped("stop_reason", "the word is not known to Jeton");
            StopReason::EndTurn
        }
    }
}

fn responses(reply: &mut Reply, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if let Some(created) = root.take("created_at").and_then(|created| created.as_f64()) {
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
        let created = created as i64;
        reply.created = created;
    }
    if root.peek("output").is_none() {
        return Err(root.fault("output", "is missing."));
    }
    let items = root.each("output", |item| output_item(item, loss))?;
    reply.parts = parts(items.into_iter().flatten().collect());
    reply.stop = responses_stop(root, loss)?;
    forget_repeated(root);
    Ok(())
}

/// What a response says of its end.
pub(super) fn responses_stop(root: &mut Object<'_>, loss: &mut Loss) -> Result<StopReason, Fault> {
    let reason = root.object("incomplete_details", |mut details| {
        let reason = details.text("reason")?;
        details.rest(loss);
        Ok(reason)
    })?;
    let reason = reason.flatten();
    match root.text("status")?.as_deref() {
        Some("incomplete") => Ok(match reason.as_deref() {
            Some("max_output_tokens") => StopReason::MaxTokens,
            Some("content_filter") => StopReason::Refusal,
            _ => {
                loss.dropped("incomplete_details.reason", "the word is not known to Jeton");
                StopReason::MaxTokens
            }
        }),
        Some("completed") | None => Ok(StopReason::EndTurn),
        Some(other) => Err(root.fault("status", format!("is `{other}`, which is no finished answer."))),
    }
}

/// Members in which a response repeats its request, or says what only its own dialect asks.
pub(super) fn forget_repeated(root: &mut Object<'_>) {
    for name in [
        "background",
        "billing",
        "completed_at",
        "error",
        "frequency_penalty",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "metadata",
        "parallel_tool_calls",
        "presence_penalty",
        "previous_response_id",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    ] {
        root.ignore(name);
    }
}

/// The parts of an item of an answer.
pub(super) fn output_item(mut item: Object<'_>, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    let place = item.path.place();
    if item.peek_text("type") == "message" {
        forget_identity(&mut item);
        item.ignore("role");
        let pieces = item.each("content", |mut part| {
            part.ignore("logprobs");
            read_part(part, loss)
        })?;
        item.rest(loss);
        return Ok(pieces);
    }
    let Some(part) = read_output_item(&mut item, loss)? else { return Ok(vec![super::decode::other(item)]) };
    forget_identity(&mut item);
    item.rest(loss);
    Ok(vec![Piece { part, cache: None, place }])
}

fn parts(pieces: Vec<Piece>) -> Vec<Part> {
    pieces.into_iter().map(|piece| piece.part).collect()
}
