//! The parts of a turn.

use super::Context;
use super::turn::{Block, Item, stands_in_result};
use crate::canonical::encode::{document_text, refuse_foreign_file, refused_part};
use crate::canonical::loss::Loss;
use crate::canonical::part::{Media, MediaSource, Part, Piece};
use crate::canonical::request::{Message, ToolKind};
use crate::canonical::writer::Writer;
use crate::canonical::{INVALID_INPUT, WRAPPED_INPUT, object_text};
use crate::media_types::{likeliest, of_address};
use crate::{Dialect, Endpoint};
use jeton_core::Fault;
use std::collections::HashMap;

/// The calls of a conversation, by their ids: results name the function here and stand in the order of the calls.
pub(super) struct Results<'a>(HashMap<&'a str, (usize, &'a str)>);

impl<'a> Results<'a> {
    pub(super) fn of(messages: &'a [Message]) -> Self {
        let calls = messages.iter().flat_map(|message| &message.parts).filter_map(|piece| match &piece.part {
            Part::ToolUse { id, name, .. } => Some((id.as_str(), name.as_str())),
            _ => None,
        });
        Self(calls.enumerate().map(|(place, (id, name))| (id, (place, name))).collect())
    }

    /// The place of the call among all; behind all where there is none.
    pub(super) fn place(&self, id: &str) -> usize {
        self.0.get(id).map_or(usize::MAX, |call| call.0)
    }

    fn name(&self, id: &str) -> Option<&'a str> {
        self.0.get(id).map(|call| call.1)
    }
}

pub(super) fn write_item(w: &mut Writer, item: &Item<'_>, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    match &item.block {
        Block::Text(text) => w.member_text("text", text),
        Block::Piece(piece) => write_piece(w, piece, context, loss)?,
    }
    if let Some(signature) = item.signature {
        w.member_text("thoughtSignature", signature);
    }
    Ok(())
}

fn write_piece(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    match &piece.part {
        Part::Text(text) => w.member_text("text", text),
        Part::Cited { text, .. } => {
            loss.dropped(piece.place.member("citations"), "citations are not taken back there");
            w.member_text("text", text);
        }
        Part::Refusal(text) => {
            loss.approximated(&piece.place, "a refusal is text there");
            w.member_text("text", text);
        }
        Part::Thinking { text, .. } => {
            w.member_text("text", text);
            w.member("thought", &true);
        }
        Part::ToolUse { id: _, name, kind, arguments_json } => w.member_object("functionCall", |w| {
            w.member("name", &*context.names.sent(name));
            write_args(w, piece, *kind, arguments_json, loss);
        }),
        Part::ToolResult { id, kind: _, content, is_error } => return write_result(w, piece, id, content, *is_error, context, loss),
        Part::Document { title, text } => {
            loss.approximated(&piece.place, "a document is text between marks there");
            w.member_text("text", &document_text(title.as_deref(), text));
        }
        Part::Media(media) => return write_media(w, piece, media, context, loss),
        Part::Other { json, .. } if context.request.endpoint.dialect() == Dialect::Gemini => write_own(w, json),
        Part::Other { kind, .. } => {
            let takers = "Leave it out, or name a model of its own provider.";
            return Err(refused_part(piece, context.target, &format!("a part of kind `{kind}`"), takers));
        }
        Part::RedactedThinking(_) | Part::Embedding(_) => {}
    }
    Ok(())
}

/// A part of this dialect as it stands: its members, within the object that is open.
fn write_own(w: &mut Writer, json: &str) {
    if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(json) {
        members.iter().for_each(|(name, value)| w.member(name, value));
    }
}

/// Case 47: what is no JSON object is kept inside one.
fn write_args(w: &mut Writer, piece: &Piece, kind: ToolKind, arguments: &str, loss: &mut Loss) {
    if kind == ToolKind::Custom {
        return w.member_object("args", |w| w.member(WRAPPED_INPUT, arguments));
    }
    match object_text(arguments) {
        Some(object) => w.member_raw("args", object),
        None if arguments.trim().is_empty() => w.member_object("args", |_| {}),
        None => {
            loss.approximated(&piece.place, "arguments that are no JSON object stand as text in one");
            w.member_object("args", |w| w.member(INVALID_INPUT, arguments));
        }
    }
}

/// What a function answered: by the reference `output` holds it, and `error` what went wrong.
fn write_result(w: &mut Writer, piece: &Piece, id: &str, content: &[Piece], is_error: bool, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let (mut texts, mut media) = (Vec::new(), Vec::new());
    for inner in content {
        match &inner.part {
            Part::Text(text) | Part::Cited { text, .. } | Part::Refusal(text) => texts.push(text.clone()),
            Part::Document { title, text } => {
                loss.approximated(&inner.place, "a document is text between marks there");
                texts.push(document_text(title.as_deref(), text));
            }
            Part::Media(found) if stands_in_result(inner, context) => media.push((inner, found)),
            // It stands behind the result.
            Part::Media(_) => {}
            Part::Other { kind, .. } => {
                return Err(refused_part(inner, context.target, &format!("a part of kind `{kind}`"), "Send its text."));
            }
            _ => return Err(refused_part(inner, context.target, "no part of a result", "Leave it out.")),
        }
    }
    let name = context.results.name(id).unwrap_or_else(|| {
        loss.approximated(&piece.place, "the call that it answers is not in the conversation");
        id
    });
    let mut failed = None;
    w.member_object("functionResponse", |w| {
        w.member("name", &*context.names.sent(name));
        w.member_object("response", |w| match (if is_error { "error" } else { "output" }, texts.as_slice()) {
            ("output", []) => {}
            (member, []) => w.member(member, ""),
            (member, [text]) => w.member_text(member, text),
            (member, texts) => w.member(member, texts),
        });
        if !media.is_empty() {
            w.member_list("parts", |w| {
                for (inner, found) in media {
                    w.object(|w| failed = failed.take().or(write_media(w, inner, found, context, loss).err()));
                }
            });
        }
    });
    failed.map_or(Ok(()), Err)
}

fn write_media(w: &mut Writer, piece: &Piece, media: &Media, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    refuse_foreign_file(piece, source, context.request, context.target)?;
    if detail.as_ref().is_some_and(|detail| detail != "auto") {
        loss.dropped(piece.place.member("detail"), "how closely an image is looked at cannot be chosen");
    }
    if name.is_some() {
        loss.dropped(piece.place.member(name_member(context)), "files have no names there");
    }
    match source {
        MediaSource::Base64 { media_type, data } => w.member_object("inlineData", |w| {
            w.member("mimeType", media_type);
            w.member_text("data", data);
        }),
        MediaSource::Url(uri) | MediaSource::FileId(uri) => w.member_object("fileData", |w| {
            let media_type = of_address(uri).unwrap_or_else(|| {
                loss.approximated(&piece.place, "what stands at the address must be said there, and is a guess");
                likeliest(*kind)
            });
            w.member("mimeType", media_type);
            w.member("fileUri", uri);
        }),
    }
    Ok(())
}

/// Where the caller's dialect has the name of a file.
fn name_member(context: &Context<'_>) -> &'static str {
    match context.request.endpoint {
        Endpoint::Chat => "file.filename",
        Endpoint::Messages | Endpoint::CountTokens => "title",
        Endpoint::Generate => "inlineData.displayName",
        Endpoint::Converse => "document.name",
        Endpoint::Responses | Endpoint::Embeddings => "filename",
    }
}
