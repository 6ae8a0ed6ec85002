//! The content blocks of a Messages request.

use super::thinking::{OwnThinking, own_thinking};
use super::{Context, write_cache, write_text};
use crate::canonical::encode::refused_part;
use crate::canonical::loss::Loss;
use crate::canonical::part::{Citation, Media, MediaKind, MediaSource, Part, Piece};
use crate::canonical::request::{Request, ToolKind};
use crate::canonical::target::Target;
use crate::canonical::writer::Writer;
use crate::canonical::{INVALID_INPUT, WRAPPED_INPUT, object_text};
use crate::{Dialect, Endpoint};
use jeton_core::Fault;
use serde_json::Value;
use serde_json::value::RawValue;

pub(super) fn write_piece(w: &mut Writer, piece: &Piece, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Context { request, target, names } = context;
    match &piece.part {
        Part::Text(text) => write_text(w, text, None),
        Part::Cited { text, citations } => write_cited(w, piece, text, citations, request, loss),
        Part::Refusal(text) => {
            loss.approximated(&piece.place, "a refusal is text there");
            write_text(w, text, None);
        }
        Part::Thinking { .. } | Part::RedactedThinking(_) => match own_thinking(&piece.part, request, target) {
            Some(OwnThinking::Shown { text, signature }) => {
                w.member("type", "thinking");
                w.member_text("thinking", text);
                w.member_text("signature", signature);
            }
            Some(OwnThinking::Redacted(data)) => {
                w.member("type", "redacted_thinking");
                w.member_text("data", data);
            }
            None => {}
        },
        Part::ToolUse { id, name, kind, arguments_json } => {
            w.member("type", "tool_use");
            w.member("id", &tool_id(id));
            w.member("name", &*names.sent(name));
            write_input(w, piece, *kind, arguments_json, loss);
        }
        Part::ToolResult { id, kind: _, content, is_error } => {
            w.member("type", "tool_result");
            w.member("tool_use_id", &tool_id(id));
            write_result(w, content, context, loss)?;
            if *is_error {
                w.member("is_error", &true);
            }
        }
        Part::Document { title, text } => {
            w.member("type", "document");
            w.member_object("source", |w| {
                w.member("type", "text");
                w.member("media_type", "text/plain");
                w.member_text("data", text);
            });
            w.member_of("title", title.as_deref());
        }
        Part::Media(media) => write_media(w, piece, media, target, loss)?,
        Part::Other { kind, json } => match (request.endpoint.dialect(), serde_json::from_str::<Value>(json)) {
            (Dialect::Anthropic, Ok(Value::Object(members))) => members.iter().for_each(|(name, value)| w.member(name, value)),
            _ => return Err(refused_part(piece, target, &format!("a part of kind `{kind}`"), "Leave it out, or name a model of its own provider.")),
        },
        Part::Embedding(_) => {}
    }
    write_cache(w, piece.cache);
    Ok(())
}

fn write_cited(w: &mut Writer, piece: &Piece, text: &str, citations: &[Citation], request: &Request, loss: &mut Loss) {
    write_text(w, text, None);
    let own: Vec<&RawValue> = citations.iter().filter_map(|citation| serde_json::from_str(&citation.json).ok()).collect();
    if request.endpoint.dialect() == Dialect::Anthropic {
        w.member("citations", &own);
    } else {
        loss.dropped(piece.place.member("annotations"), "citations of another dialect are not taken back");
    }
}

/// Ids are letters, digits, `_` and `-` there.
fn tool_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' }).collect()
}

/// Case 47: what is no JSON object is kept inside one, by the name that the vendor advises for broken arguments.
pub(in crate::canonical) fn write_input(w: &mut Writer, piece: &Piece, kind: ToolKind, arguments: &str, loss: &mut Loss) {
    if kind == ToolKind::Custom {
        return w.member_object("input", |w| w.member(WRAPPED_INPUT, arguments));
    }
    match object_text(arguments) {
        None if arguments.trim().is_empty() => w.member_object("input", |_| {}),
        Some(object) => w.member_raw("input", object),
        None => {
            loss.approximated(&piece.place, "arguments that are no JSON object stand as text in one");
            w.member_object("input", |w| w.member(INVALID_INPUT, arguments));
        }
    }
}

fn write_result(w: &mut Writer, content: &[Piece], context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut failed = None;
    match content {
        [] => {}
        [Piece { part: Part::Text(text), cache: None, .. }] => w.member_text("content", text),
        pieces => w.member_list("content", |w| {
            for piece in pieces.iter().filter(|piece| !matches!(&piece.part, Part::Text(text) if text.is_empty())) {
                if matches!(piece.part, Part::Thinking { .. } | Part::RedactedThinking(_)) {
                    loss.dropped(&piece.place, "a tool's result holds no reasoning");
                    continue;
                }
                w.object(|w| failed = failed.take().or(write_piece(w, piece, context, loss).err()));
            }
        }),
    }
    failed.map_or(Ok(()), Err)
}

/// What the API takes of images: https://docs.claude.com/en/docs/build-with-claude/vision
const IMAGE_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

fn write_media(w: &mut Writer, piece: &Piece, media: &Media, target: &Target, loss: &mut Loss) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    let takers = "Send it to a model of a provider whose dialect has a place for it.";
    if let MediaSource::FileId(_) = source
        && target.endpoint != Endpoint::CountTokens
    {
        return Err(refused_part(piece, target, "a file that is stored at another provider", "Send the bytes themselves."));
    }
    match kind {
        MediaKind::Audio => return Err(refused_part(piece, target, "audio", takers)),
        MediaKind::Image => {
            if let MediaSource::Base64 { media_type, .. } = source
                && !IMAGE_TYPES.contains(&media_type.as_str())
            {
                return Err(refused_part(piece, target, &format!("an image of type `{media_type}`"), "Send it as JPEG, PNG, GIF or WebP."));
            }
            w.member("type", "image");
        }
        MediaKind::File => {
            let readable = matches!(source, MediaSource::Url(_)) || matches!(source, MediaSource::Base64 { media_type, .. } if media_type == "application/pdf");
            if !readable {
                return Err(refused_part(piece, target, "a file other than a PDF", "Send its text, or a PDF."));
            }
            w.member("type", "document");
            w.member_of("title", name.as_deref());
        }
    }
    if detail.as_ref().is_some_and(|detail| detail != "auto") {
        loss.dropped(piece.place.member("detail"), "how closely an image is looked at cannot be chosen");
    }
    w.member_object("source", |w| match source {
        MediaSource::Url(url) => {
            w.member("type", "url");
            w.member("url", url);
        }
        MediaSource::Base64 { media_type, data } => {
            w.member("type", "base64");
            w.member("media_type", media_type);
            w.member_text("data", data);
        }
        MediaSource::FileId(id) => {
            w.member("type", "file");
            w.member("file_id", id);
        }
    });
    Ok(())
}
