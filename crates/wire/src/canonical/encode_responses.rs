//! Responses requests.

mod tools;

use super::decode_responses::ENCRYPTED;
use super::encode::{
    drop_cache, drop_choice, drop_sampling, limit_path, refuse_foreign_file, refused_part, results_first, schema_path, signature_for, stop_path, strict_there,
    turns, user_there, write_said, write_samplers,
};
use super::encode_chat::{TOOL_FAILED, effort, write_tier};
use super::loss::Loss;
use super::names::{ToolNames, short_id};
use super::part::{Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Effort, Message, Request, ResponseFormat, Role, ToolKind};
use super::signature::Family;
use super::target::Target;
use super::writer::Writer;
use crate::Endpoint;
use crate::media_types::file_name;
use jeton_core::Fault;
use serde_json::json;
use tools::{write_choice, write_tools};

/// What the API takes of a `call_id`: a longer one is a 400 (https://github.com/RooCodeInc/Roo-Code/pull/10763).
const CALL_ID_CHARS_MAX: usize = 64;

/// The least output limit that the API takes, in tokens.
const OUTPUT_TOKENS_MIN: u64 = 16;

pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages,
        tools: _,
        tool_choice,
        parallel_tool_calls,
        output_limit,
        stop,
        response_format,
        stream,
        include_usage: _,
        reasoning,
        sampling,
        choices: _,
        logprobs,
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
    let context = Context { request, target, names };
    let (instructions, rest) = instructions(messages);
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        w.member("model", &target.model);
        w.member_of("instructions", instructions);
        w.member_list("input", |w| failed = write_items(w, rest, &context, loss).err());
        failed = failed.take().or(write_tools(w, &context, loss).err());
        drop_choice(request, loss);
        write_choice(w, tool_choice, *parallel_tool_calls, &context);
        write_limit(w, output_limit.or(target.sets_limit.then_some(target.output_limit)), request, loss);
        if !stop.is_empty() {
            loss.dropped(stop_path(request), "the dialect has no such setting");
        }
        write_text(w, response_format.as_ref(), verbosity.as_ref().map(|asked| asked.value.as_str()), request, loss);
        drop_sampling(sampling, &["temperature", "top_p"], loss);
        write_samplers(w, sampling, target, loss);
        w.member_of("top_logprobs", logprobs.as_ref().map(|asked| asked.value));
        write_reasoning(w, &context, loss);
        w.member_of("safety_identifier", user.as_ref().map(|asked| user_there(asked, loss)));
        w.member_of("metadata", metadata.as_ref().map(|asked| &asked.value));
        write_tier(w, request, service_tier.as_ref().map(|tier| (&tier.value, tier.path)), loss);
        w.member_of("prompt_cache_key", cache_key.as_ref().map(|asked| &asked.value));
        // What is kept there under ids that no other dialect knows is of no use to anybody.
        w.member("store", &store.as_ref().is_some_and(|asked| asked.value));
        // A model that does not think refuses to be asked for what it thought: https://github.com/NousResearch/hermes-agent/pull/24234
        let thinks = target.takes.effort_max > Effort::None;
        if thinks && !store.as_ref().is_some_and(|asked| asked.value) && (reasoning.is_encrypted || reasons(request)) {
            w.member("include", &[ENCRYPTED]);
        }
        if *stream {
            w.member("stream", &true);
        }
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
}

/// Whether the request says that the model is to think.
const fn reasons(request: &Request) -> bool {
    let reasoning = &request.reasoning;
    reasoning.effort.is_some() || reasoning.budget_tokens.is_some() || reasoning.is_adaptive || reasoning.is_shown
}

/// Case 60: a first system text without marks is `instructions`; the others keep their places among the items (case 20). Where it is
/// all that is said, it stays there, too: the API takes no empty `input`.
fn instructions(messages: &[Message]) -> (Option<&str>, &[Message]) {
    match messages {
        [Message { role: Role::System, parts }, rest @ ..] if !rest.is_empty() => match parts.as_slice() {
            [Piece { part: Part::Text(text), cache: None, .. }] => (Some(text), rest),
            _ => (None, messages),
        },
        _ => (None, messages),
    }
}

fn write_items(w: &mut Writer, messages: &[Message], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let turns = turns(messages);
    // Case 48.
    if let Some((Role::Assistant, pieces)) = turns.last()
        && let Some(piece) = pieces.first().filter(|_| matches!(context.request.endpoint, Endpoint::Messages | Endpoint::Converse))
    {
        loss.approximated(&piece.place, "the beginning of an answer is a finished turn there");
    }
    for (role, pieces) in turns {
        let pieces = if role == Role::User { results_first(pieces, loss) } else { pieces };
        let mut said: Vec<&Piece> = Vec::new();
        for piece in pieces {
            drop_cache(&piece.place, piece.cache, loss);
            if is_said(&piece.part) {
                said.push(piece);
                continue;
            }
            if let (Part::Other { kind, .. }, Role::User | Role::System) = (&piece.part, role)
                && context.request.endpoint != Endpoint::Responses
            {
                let takers = "Leave it out, or name a model of its own provider.";
                return Err(refused_part(piece, context.target, &format!("a part of kind `{kind}`"), takers));
            }
            write_message(w, role, &std::mem::take(&mut said), context, loss)?;
            write_item(w, piece, context, loss)?;
        }
        write_message(w, role, &said, context, loss)?;
    }
    Ok(())
}

/// Whether a part is content of a message; the others are items of their own.
const fn is_said(part: &Part) -> bool {
    matches!(part, Part::Text(_) | Part::Cited { .. } | Part::Refusal(_) | Part::Document { .. } | Part::Media(_))
}

fn write_message(w: &mut Writer, role: Role, pieces: &[&Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let pieces: Vec<&Piece> = pieces.iter().copied().filter(|piece| !matches!(&piece.part, Part::Text(text) if text.is_empty())).collect();
    if pieces.is_empty() {
        return Ok(());
    }
    let mut failed = None;
    w.object(|w| {
        w.member("type", "message");
        w.member(
            "role",
            match role {
                Role::System => "developer",
                Role::User => "user",
                Role::Assistant => "assistant",
            },
        );
        // The list's form of an assistant's message belongs to the server that gave out its id; servers that hold to the reference
        // refuse it without one.
        if let ([Piece { part: Part::Text(text), .. }], Role::Assistant) = (pieces.as_slice(), role) {
            w.member("content", text);
            return;
        }
        w.member_list("content", |w| {
            for piece in &pieces {
                w.object(|w| failed = failed.take().or(write_part(w, piece, role, context, loss).err()));
            }
        });
    });
    failed.map_or(Ok(()), Err)
}

fn write_part(w: &mut Writer, piece: &Piece, role: Role, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if write_said(w, piece, if role == Role::Assistant { "output_text" } else { "input_text" }, loss) {
        return Ok(());
    }
    match &piece.part {
        Part::Media(media) => {
            refuse_foreign_file(piece, &media.source, context.request, context.target)?;
            write_media(w, piece, media, context.target)?;
        }
        _ => return Err(refused_part(piece, context.target, "no content of a message", "Put it where it belongs.")),
    }
    Ok(())
}

fn write_media(w: &mut Writer, piece: &Piece, media: &Media, target: &Target) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    match kind {
        MediaKind::Audio => return Err(refused_part(piece, target, "audio", "Send it to a model that is asked through Chat Completions.")),
        MediaKind::Image => {
            w.member("type", "input_image");
            match source {
                MediaSource::Url(url) => w.member("image_url", url),
                MediaSource::Base64 { media_type, data } => w.member("image_url", &format!("data:{media_type};base64,{data}")),
                MediaSource::FileId(id) => w.member("file_id", id),
            }
            // The reference has it as required, with this as what a model does by itself.
            w.member("detail", detail.as_deref().unwrap_or("auto"));
        }
        MediaKind::File => {
            w.member("type", "input_file");
            match source {
                MediaSource::Url(url) => w.member("file_url", url),
                MediaSource::Base64 { media_type, data } => {
                    w.member("filename", &name.clone().unwrap_or_else(|| file_name(media_type)));
                    w.member("file_data", &format!("data:{media_type};base64,{data}"));
                }
                MediaSource::FileId(id) => w.member("file_id", id),
            }
        }
    }
    Ok(())
}

/// An item of its own: a call, its answer, reasoning.
fn write_item(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Context { request, target, names } = context;
    match &piece.part {
        Part::ToolUse { id, name, kind, arguments_json } => {
            let name = names.sent(name);
            w.object(|w| match kind {
                ToolKind::Custom if target.takes.custom_tools => {
                    w.member("type", "custom_tool_call");
                    w.member("call_id", &*short_id(id, CALL_ID_CHARS_MAX));
                    w.member("name", &*name);
                    w.member("input", arguments_json);
                }
                _ => {
                    w.member("type", "function_call");
                    w.member("call_id", &*short_id(id, CALL_ID_CHARS_MAX));
                    w.member("name", &*name);
                    match kind {
                        ToolKind::Custom => w.member("arguments", &json!({ super::WRAPPED_INPUT: arguments_json }).to_string()),
                        _ => w.member_text("arguments", arguments_json),
                    }
                }
            });
        }
        Part::ToolResult { .. } => return write_result(w, piece, context, loss),
        Part::Thinking { text, signature } => match signature.as_deref().and_then(|sealed| signature_for(request, sealed, Family::OpenAi)) {
            Some(encrypted) => write_reasoning_item(w, text, encrypted),
            None if text.is_empty() && signature.is_none() => {}
            None => loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back"),
        },
        Part::RedactedThinking(sealed) => match signature_for(request, sealed, Family::OpenAi) {
            Some(encrypted) => write_reasoning_item(w, "", encrypted),
            None => loss.dropped(&piece.place, "reasoning without a signature of this family is not taken back"),
        },
        Part::Other { json, .. } if request.endpoint == Endpoint::Responses => w.raw(json),
        Part::Other { kind, .. } => loss.dropped(&piece.place, format!("what another provider's `{kind}` left has no counterpart")),
        _ => return Err(refused_part(piece, target, "no item", "Leave it out.")),
    }
    Ok(())
}

/// Case 58.
fn write_reasoning_item(w: &mut Writer, summary: &str, encrypted: &str) {
    w.object(|w| {
        w.member("type", "reasoning");
        w.member_list("summary", |w| {
            if !summary.is_empty() {
                w.object(|w| {
                    w.member("type", "summary_text");
                    w.member_text("text", summary);
                });
            }
        });
        w.member("encrypted_content", encrypted);
    });
}

fn write_result(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Part::ToolResult { id, kind, content, is_error } = &piece.part else { return Ok(()) };
    content.iter().for_each(|inner| drop_cache(&inner.place, inner.cache, loss));
    let failed_note = Piece::from(Part::Text(TOOL_FAILED.to_owned()));
    let mut pieces: Vec<&Piece> = content.iter().collect();
    if *is_error {
        loss.approximated(piece.place.member("is_error"), "that the tool failed is told in words");
        pieces.insert(0, &failed_note);
    }
    let is_custom = *kind == ToolKind::Custom && context.target.takes.custom_tools;
    let mut failed = None;
    w.object(|w| {
        w.member("type", if is_custom { "custom_tool_call_output" } else { "function_call_output" });
        w.member("call_id", &*short_id(id, CALL_ID_CHARS_MAX));
        match pieces.as_slice() {
            [] => w.member("output", ""),
            [Piece { part: Part::Text(text), .. }] => w.member_text("output", text),
            pieces => w.member_list("output", |w| {
                for inner in pieces {
                    w.object(|w| failed = failed.take().or(write_part(w, inner, Role::User, context, loss).err()));
                }
            }),
        }
    });
    failed.map_or(Ok(()), Err)
}

fn write_limit(w: &mut Writer, limit: Option<u64>, request: &Request, loss: &mut Loss) {
    if limit.is_some_and(|limit| limit < OUTPUT_TOKENS_MIN) {
        loss.approximated(limit_path(request), "the least limit there is 16");
    }
    w.member_of("max_output_tokens", limit.map(|limit| limit.max(OUTPUT_TOKENS_MIN)));
}

fn write_text(w: &mut Writer, format: Option<&ResponseFormat>, verbosity: Option<&str>, request: &Request, loss: &mut Loss) {
    if format.is_none() && verbosity.is_none() {
        return;
    }
    w.member_object("text", |w| {
        if let Some(format) = format {
            w.member_object("format", |w| match format {
                ResponseFormat::JsonObject => w.member("type", "json_object"),
                ResponseFormat::JsonSchema { name, description, schema, strict } => {
                    w.member("type", "json_schema");
                    w.member("name", if name.is_empty() { super::UNNAMED_SCHEMA } else { name });
                    w.member_of("description", description.as_deref());
                    w.member("schema", schema);
                    w.member("strict", &strict_there(*strict, Some(schema), request, schema_path(request, "schema"), loss));
                }
            });
        }
        w.member_of("verbosity", verbosity);
    });
}

/// Case 49. Reasoning that is to be shown is shown as a summary.
fn write_reasoning(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) {
    let reasoning = &context.request.reasoning;
    let effort = effort(context.request, context.target, loss);
    if context.target.takes.effort_max == Effort::None {
        reasoning.summary.iter().for_each(|summary| loss.dropped(summary.path, "the model does not think"));
        return;
    }
    let summary = match &reasoning.summary {
        Some(summary) => Some(summary.value.as_str()),
        None if reasoning.is_shown => Some("auto"),
        None => None,
    };
    if effort.is_none() && summary.is_none() {
        return;
    }
    w.member_object("reasoning", |w| {
        w.member_of("effort", effort.map(Effort::name));
        w.member_of("summary", summary);
    });
}
