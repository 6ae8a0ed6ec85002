//! The content blocks of a Converse request. Each is an object with one member, named after its kind.

use super::media::{write_document, write_media};
use super::{Context, write_cache_point};
use crate::Dialect;
use crate::canonical::citations::as_converse;
use crate::canonical::encode::refused_part;
use crate::canonical::encode_messages::parts::write_input;
use crate::canonical::encode_messages::thinking::{OwnThinking, own_thinking};
use crate::canonical::loss::Loss;
use crate::canonical::part::{Citation, Part, Piece};
use crate::canonical::writer::Writer;
use jeton_core::Fault;
use serde_json::{Map, Value};

/// The block of a part, and behind it the mark of the cache that stands at it.
///
/// # Errors
/// A refusal of what the dialect has no place for (case 75).
pub(super) fn write_block(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut result = Ok(());
    w.object(|w| result = write_part(w, piece, context, loss));
    write_cache_point(w, context.maker.marked(piece.cache, &piece.place, loss));
    result
}

fn write_part(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    match &piece.part {
        Part::Text(text) => w.member_text("text", text),
        Part::Cited { text, citations } => write_cited(w, piece, text, citations, context, loss),
        Part::Refusal(text) => {
            loss.approximated(&piece.place, "a refusal is text there");
            w.member_text("text", text);
        }
        Part::Thinking { .. } | Part::RedactedThinking(_) => {
            if let Some(own) = own_thinking(&piece.part, context.request, context.target) {
                w.member_object("reasoningContent", |w| write_thought(w, &own));
            }
        }
        Part::ToolUse { id, name, kind, arguments_json } => w.member_object("toolUse", |w| {
            w.member("toolUseId", &tool_id(id));
            w.member("name", &*context.names.sent(name));
            write_input(w, piece, *kind, arguments_json, loss);
        }),
        Part::ToolResult { id, kind: _, content, is_error } => return write_result(w, piece, id, content, *is_error, context, loss),
        Part::Document { title, text } => write_document(w, piece, title.as_deref(), text, context, loss),
        Part::Media(media) => return write_media(w, piece, media, context, loss),
        Part::Other { kind, json } => match (context.request.endpoint.dialect(), serde_json::from_str::<Map<String, Value>>(json)) {
            (Dialect::Bedrock, Ok(members)) => members.iter().for_each(|(name, value)| w.member(name, value)),
            _ => {
                let remedy = "Leave it out, or name a model of its own provider.";
                return Err(refused_part(piece, context.target, &format!("a part of kind `{kind}`"), remedy));
            }
        },
        Part::Embedding(_) => {}
    }
    Ok(())
}

fn write_thought(w: &mut Writer, thought: &OwnThinking<'_>) {
    match thought {
        OwnThinking::Shown { text, signature } => w.member_object("reasoningText", |w| {
            w.member_text("text", text);
            w.member_text("signature", signature);
        }),
        OwnThinking::Redacted(data) => w.member_text("redactedContent", data),
    }
}

fn write_cited(w: &mut Writer, piece: &Piece, text: &str, citations: &[Citation], context: &Context<'_>, loss: &mut Loss) {
    let dialect = context.request.endpoint.dialect();
    let read = |citation: &Citation| serde_json::from_str::<Value>(&citation.json).ok();
    let own: Vec<Value> = match dialect {
        Dialect::Bedrock => citations.iter().filter_map(read).collect(),
        _ => citations.iter().filter_map(|citation| as_converse(&read(citation)?)).collect(),
    };
    if own.len() < citations.len() {
        let member = if dialect == Dialect::Anthropic { "citations" } else { "annotations" };
        loss.dropped(piece.place.member(member), "citations of pages of the web, and of other dialects, are not taken back");
    }
    if own.is_empty() {
        return w.member_text("text", text);
    }
    w.member_object("citationsContent", |w| {
        w.member_list("content", |w| w.object(|w| w.member_text("text", text)));
        w.member("citations", &own);
    });
}

/// Ids are letters, digits and `_.:-` there, at most 64 of them (`ToolUseBlock.toolUseId`).
pub(super) fn tool_id(id: &str) -> String {
    let fitting = |c: char| if c.is_ascii_alphanumeric() || "_.:-".contains(c) { c } else { '_' };
    crate::canonical::names::short_id(id, 64).chars().map(fitting).collect()
}

fn write_result(w: &mut Writer, piece: &Piece, id: &str, content: &[Piece], is_error: bool, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut failed = None;
    w.member_object("toolResult", |w| {
        w.member("toolUseId", &tool_id(id));
        w.member_list("content", |w| {
            for inner in content.iter().filter(|inner| !matches!(&inner.part, Part::Text(text) if text.is_empty())) {
                if inner.cache.is_some() {
                    loss.dropped(inner.place.member("cache_control"), "within the result of a tool there are no marks of the cache");
                }
                w.object(|w| failed = failed.take().or(write_part(w, inner, context, loss).err()));
            }
        });
        if is_error && context.maker.takes_status() {
            w.member("status", "error");
        } else if is_error {
            loss.dropped(piece.place.member("is_error"), "the model is not told that a tool failed");
        }
    });
    failed.map_or(Ok(()), Err)
}
