//! Chat Completions requests.

mod tools;

use super::encode::{
    adaptive_path, document_text, drop_asked, drop_cache, drop_choice, drop_sampling, effort_of_budget, effort_within, graded, refuse_foreign_file,
    refused_part, results_first, schema_path, stop_path, strict_there, thinks, turns, user_there, write_said, write_samplers,
};
use super::loss::Loss;
use super::names::{ToolNames, short_id};
use super::part::{Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Effort, Reasoning, Request, ResponseFormat, Role, Sampling, ServiceTier, ToolKind};
use super::target::Target;
use super::writer::Writer;
use crate::Endpoint;
use crate::media_types::file_name;
use jeton_core::Fault;
use serde_json::{Value, json};
use tools::{write_choice, write_tools};

/// What OpenAI's older models take of a call's id: a longer one is a 400 (https://github.com/openclaw/openclaw/pull/875).
const ID_CHARS_MAX: usize = 40;
/// Stop texts that OpenAI takes at most.
const STOPS_MAX: usize = 4;

pub(super) fn body(request: &Request, target: &Target, names: &ToolNames, loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    let Request {
        endpoint: _,
        model: _,
        messages: _,
        tools: _,
        tool_choice,
        parallel_tool_calls,
        output_limit,
        stop,
        response_format,
        stream,
        include_usage: _,
        reasoning: _,
        sampling: _,
        choices,
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
    let mut failed = None;
    let mut writer = Writer::with_capacity(4096);
    writer.object(|w| {
        w.member("model", &target.model);
        w.member_list("messages", |w| failed = write_messages(w, &Context { request, target, names }, loss).err());
        failed = failed.take().or(write_tools(w, request, target, names, loss).err());
        drop_choice(request, loss);
        write_choice(w, tool_choice, *parallel_tool_calls, request, names);
        let limit = output_limit.or(target.sets_limit.then_some(target.output_limit));
        w.member_of(if target.takes.completion_limit { "max_completion_tokens" } else { "max_tokens" }, limit);
        write_stop(w, stop, stop_path(request), target, loss);
        write_format(w, response_format.as_ref(), request, loss);
        write_sampling(w, &request.sampling, target, loss);
        w.member_of("reasoning_effort", effort(request, target, loss).map(Effort::name));
        w.member_of("n", choices.as_ref().map(|choices| choices.value).filter(|&choices| choices != 1));
        if let Some(logprobs) = logprobs {
            w.member("logprobs", &true);
            w.member_of("top_logprobs", Some(logprobs.value).filter(|&count| count > 0));
        }
        w.member_of("verbosity", verbosity.as_ref().map(|asked| &asked.value));
        w.member_of("user", user.as_ref().map(|asked| user_there(asked, loss)));
        w.member_of("metadata", metadata.as_ref().map(|asked| &asked.value));
        write_tier(w, request, service_tier.as_ref().map(|tier| (&tier.value, tier.path)), loss);
        w.member_of("prompt_cache_key", cache_key.as_ref().map(|asked| &asked.value));
        // Left out, nothing is stored.
        w.member_of("store", store.as_ref().map(|asked| asked.value).filter(|&store| store));
        if *stream {
            w.member("stream", &true);
            // Case 1: usage is needed for the account, whoever asked for it.
            if target.takes.stream_options {
                w.member_object("stream_options", |w| w.member("include_usage", &true));
            }
        }
    });
    failed.map_or(Ok(writer.into_bytes()), Err)
}

struct Context<'a> {
    request: &'a Request,
    target: &'a Target,
    names: &'a ToolNames,
}

fn write_messages(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let turns = turns(&context.request.messages);
    let last = turns.len().saturating_sub(1);
    for (index, (role, pieces)) in turns.into_iter().enumerate() {
        match role {
            Role::System => write_plain(w, "system", &pieces, context, loss)?,
            Role::User => write_user(w, &results_first(pieces, loss), context, loss)?,
            Role::Assistant => {
                if index == last
                    && let Some(piece) = pieces.first().filter(|_| matches!(context.request.endpoint, Endpoint::Messages | Endpoint::Converse))
                {
                    loss.approximated(&piece.place, "the beginning of an answer is a finished turn there");
                }
                write_assistant(w, &pieces, context, loss)?;
            }
        }
    }
    Ok(())
}

/// A turn of text and media.
fn write_plain(w: &mut Writer, role: &str, pieces: &[&Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut failed = None;
    w.object(|w| {
        w.member("role", role);
        failed = write_content(w, pieces, context, loss).err();
    });
    failed.map_or(Ok(()), Err)
}

/// The member `content`: a text where there is one text alone, else parts.
fn write_content(w: &mut Writer, pieces: &[&Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    for piece in pieces {
        drop_cache(&piece.place, piece.cache, loss);
    }
    if let [Piece { part: Part::Text(text), .. }] = pieces {
        w.member_text("content", text);
        return Ok(());
    }
    let mut failed = None;
    w.member_list("content", |w| {
        for piece in pieces {
            w.object(|w| failed = failed.take().or(write_piece(w, piece, context, loss).err()));
        }
    });
    failed.map_or(Ok(()), Err)
}

fn write_piece(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    if write_said(w, piece, "text", loss) {
        return Ok(());
    }
    match &piece.part {
        Part::Media(media) => {
            refuse_foreign_file(piece, &media.source, context.request, context.target)?;
            write_media(w, piece, media, context.target)?;
        }
        Part::Other { kind, .. } => {
            return Err(refused_part(piece, context.target, &format!("a part of kind `{kind}`"), "Leave it out, or name a model of its own provider."));
        }
        _ => {
            return Err(refused_part(piece, context.target, "a part of another turn", "Put it into the turn that it belongs to."));
        }
    }
    Ok(())
}

fn write_media(w: &mut Writer, piece: &Piece, media: &Media, target: &Target) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    let data_url = |media_type: &str, data: &str| format!("data:{media_type};base64,{data}");
    match (kind, source) {
        (MediaKind::Image, MediaSource::FileId(_)) => {
            return Err(refused_part(piece, target, "an image that is stored at another provider", "Send the image itself."));
        }
        (MediaKind::Image, source) => {
            w.member("type", "image_url");
            w.member_object("image_url", |w| {
                match source {
                    MediaSource::Base64 { media_type, data } => w.member("url", &data_url(media_type, data)),
                    MediaSource::Url(url) | MediaSource::FileId(url) => w.member("url", url),
                }
                w.member_of("detail", detail.as_deref());
            });
        }
        (MediaKind::Audio, MediaSource::Base64 { media_type, data }) => {
            w.member("type", "input_audio");
            w.member_object("input_audio", |w| {
                w.member_text("data", data);
                w.member("format", media_type.rsplit('/').next().unwrap_or_default());
            });
        }
        (MediaKind::File, MediaSource::Base64 { media_type, data }) => {
            w.member("type", "file");
            w.member_object("file", |w| {
                w.member("filename", &name.clone().unwrap_or_else(|| file_name(media_type)));
                w.member("file_data", &data_url(media_type, data));
            });
        }
        (MediaKind::File, MediaSource::FileId(id)) => {
            w.member("type", "file");
            w.member_object("file", |w| w.member("file_id", id));
        }
        (MediaKind::Audio, _) => return Err(refused_part(piece, target, "audio at an address", "Send the bytes themselves.")),
        (MediaKind::File, MediaSource::Url(_)) => return Err(refused_part(piece, target, "a file at an address", "Send the bytes themselves.")),
    }
    Ok(())
}

/// The results of tools as messages of their own, then what the user says.
fn write_user(w: &mut Writer, pieces: &[&Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let (results, others): (Vec<&&Piece>, Vec<&&Piece>) = pieces.iter().partition(|piece| matches!(piece.part, Part::ToolResult { .. }));
    let mut said: Vec<&Piece> = Vec::new();
    for piece in results {
        said.extend(write_result(w, piece, loss));
    }
    said.extend(others.into_iter().copied());
    if said.is_empty() { Ok(()) } else { write_plain(w, "user", &said, context, loss) }
}

/// Writes the answer of a tool, which is text there; gives back what is none, for the user's turn behind it.
fn write_result<'a>(w: &mut Writer, piece: &'a Piece, loss: &mut Loss) -> Vec<&'a Piece> {
    let Part::ToolResult { id, kind: _, content, is_error } = &piece.part else { return Vec::new() };
    drop_cache(&piece.place, piece.cache, loss);
    let mut texts = Vec::new();
    let mut others = Vec::new();
    for inner in content {
        drop_cache(&inner.place, inner.cache, loss);
        match &inner.part {
            Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => texts.push(text.clone()),
            Part::Document { title, text } => {
                loss.approximated(&inner.place, "a document is text between marks there");
                texts.push(document_text(title.as_deref(), text));
            }
            _ => {
                loss.approximated(&inner.place, "a tool answers with text there; it stands in the user's turn behind it");
                others.push(inner);
            }
        }
    }
    if *is_error {
        loss.approximated(piece.place.member("is_error"), "that the tool failed is told in words");
        texts.insert(0, TOOL_FAILED.to_owned());
    }
    w.object(|w| {
        w.member("role", "tool");
        w.member("tool_call_id", &*short_id(id, ID_CHARS_MAX));
        match texts.as_slice() {
            [text] => w.member_text("content", text),
            [] => w.member("content", if others.is_empty() { "" } else { "(See the user's next message.)" }),
            texts => w.member_list("content", |w| {
                for text in texts {
                    w.object(|w| {
                        w.member("type", "text");
                        w.member_text("text", text);
                    });
                }
            }),
        }
    });
    others
}

/// Told before the words of a tool that failed, where the dialect has no mark for it.
pub(super) const TOOL_FAILED: &str = "The tool failed:";

fn write_assistant(w: &mut Writer, pieces: &[&Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut said: Vec<&Piece> = Vec::new();
    let mut calls: Vec<&Piece> = Vec::new();
    let mut refusal = None;
    let mut thoughts = Vec::new();
    for piece in pieces {
        match &piece.part {
            Part::Text(_) | Part::Cited { .. } => said.push(piece),
            Part::ToolUse { .. } => calls.push(piece),
            Part::Refusal(text) => refusal = Some(text),
            Part::Thinking { text, .. } if context.target.takes.reasoning_member.is_some() => thoughts.push(text.as_str()),
            Part::Thinking { text, signature } if text.is_empty() && signature.is_none() => {}
            Part::Thinking { .. } | Part::RedactedThinking(_) => loss.dropped(&piece.place, "reasoning is not taken back there"),
            Part::Other { kind, .. } => loss.dropped(&piece.place, format!("what another provider's `{kind}` left has no counterpart")),
            _ => return Err(refused_part(piece, context.target, "no part of the model's own turn", "Put it into the user's turn.")),
        }
    }
    if said.is_empty() && calls.is_empty() && refusal.is_none() {
        return Ok(());
    }
    let mut failed = None;
    w.object(|w| {
        w.member("role", "assistant");
        if let Some(member) = context.target.takes.reasoning_member.as_deref().filter(|_| !thoughts.is_empty()) {
            w.member(member, &thoughts.join("\n\n"));
        }
        if said.is_empty() {
            w.member("content", &Value::Null);
        } else {
            failed = write_content(w, &said, context, loss).err();
        }
        w.member_of("refusal", refusal);
        if !calls.is_empty() {
            w.member_list("tool_calls", |w| calls.iter().for_each(|call| write_call(w, call, context, loss)));
        }
    });
    failed.map_or(Ok(()), Err)
}

fn write_call(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) {
    let Part::ToolUse { id, name, kind, arguments_json } = &piece.part else { return };
    drop_cache(&piece.place, piece.cache, loss);
    let name = context.names.sent(name);
    w.object(|w| {
        w.member("id", &*short_id(id, ID_CHARS_MAX));
        if *kind == ToolKind::Custom && context.target.takes.custom_tools {
            w.member("type", "custom");
            w.member_object("custom", |w| {
                w.member("name", &*name);
                w.member("input", arguments_json);
            });
        } else {
            w.member("type", "function");
            w.member_object("function", |w| {
                w.member("name", &*name);
                // Case 47: as they are, valid or not.
                match kind {
                    ToolKind::Custom => w.member("arguments", &json!({ super::WRAPPED_INPUT: arguments_json }).to_string()),
                    _ => w.member_text("arguments", arguments_json),
                }
            });
        }
    });
}

fn write_stop(w: &mut Writer, stop: &[String], path: &str, target: &Target, loss: &mut Loss) {
    if !target.takes.stop_texts && !stop.is_empty() {
        return loss.dropped(path, "the model takes no stop texts");
    }
    if stop.len() > STOPS_MAX {
        loss.approximated(path, "four stop texts are taken there, the first four");
    }
    match &stop[..stop.len().min(STOPS_MAX)] {
        [] => {}
        [text] => w.member("stop", text),
        texts => w.member("stop", texts),
    }
}

fn write_format(w: &mut Writer, format: Option<&ResponseFormat>, request: &Request, loss: &mut Loss) {
    let Some(format) = format else { return };
    w.member_object("response_format", |w| match format {
        ResponseFormat::JsonObject => w.member("type", "json_object"),
        ResponseFormat::JsonSchema { name, description, schema, strict } => {
            w.member("type", "json_schema");
            w.member_object("json_schema", |w| {
                w.member("name", if name.is_empty() { super::UNNAMED_SCHEMA } else { name });
                w.member_of("description", description.as_deref());
                w.member("schema", schema);
                w.member("strict", &strict_there(*strict, Some(schema), request, schema_path(request, "schema"), loss));
            });
        }
    });
}

fn write_sampling(w: &mut Writer, sampling: &Sampling, target: &Target, loss: &mut Loss) {
    drop_sampling(sampling, &["temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "logit_bias"], loss);
    write_samplers(w, sampling, target, loss);
    w.member_of("frequency_penalty", sampling.frequency_penalty.as_ref());
    w.member_of("presence_penalty", sampling.presence_penalty.as_ref());
    w.member_of("seed", sampling.seed.as_ref());
    w.member_of("logit_bias", sampling.logit_bias.as_ref());
}

/// Case 49: the grade that was asked for, or the one nearest to a budget. That reasoning is to be shown has no place in a Chat request.
pub(super) fn effort(request: &Request, target: &Target, loss: &mut Loss) -> Option<Effort> {
    let Reasoning { effort, budget_tokens, is_adaptive, is_shown, summary, is_encrypted: _ } = &request.reasoning;
    if target.endpoint == Endpoint::Chat && *is_shown && request.endpoint == Endpoint::Responses {
        drop_asked(summary.as_ref(), loss);
    }
    let path = effort.as_ref().map(|effort| effort.path).or(budget_tokens.as_ref().map(|budget| budget.path)).or(is_adaptive.then_some(adaptive_path(request)));
    if !thinks(path.filter(|_| effort.as_ref().is_none_or(|effort| effort.value != Effort::None)), target, loss) {
        return None;
    }
    if let Some(effort) = effort {
        return Some(effort_within(effort, target, loss));
    }
    if *is_adaptive {
        // Left out, some models would not think at all.
        loss.approximated(adaptive_path(request), "a middle grade of effort stands for the model's own judgement");
        return Some(graded(Effort::Medium, target));
    }
    let budget = budget_tokens.as_ref()?;
    loss.approximated(budget.path, "a grade of effort stands for the budget");
    Some(graded(effort_of_budget(budget.value, request.output_limit.unwrap_or(target.output_limit)), target))
}

/// Case 53.
pub(super) fn write_tier(w: &mut Writer, request: &Request, tier: Option<(&ServiceTier, &'static str)>, loss: &mut Loss) {
    match tier {
        None => {}
        Some((ServiceTier::Auto, _)) => w.member("service_tier", "auto"),
        Some((ServiceTier::Standard, _)) => w.member("service_tier", "default"),
        // Google has these two by the same names.
        Some((ServiceTier::Other(word), _)) if request.endpoint.dialect() == crate::Dialect::OpenAi || is_shared(request, word) => {
            w.member("service_tier", word)
        }
        Some((ServiceTier::Other(word), path)) => loss.dropped(path, format!("there is no tier `{word}`")),
    }
}

/// Whether OpenAI and Google name the tier alike.
fn is_shared(request: &Request, word: &str) -> bool {
    request.endpoint == Endpoint::Generate && matches!(word, "flex" | "priority")
}
