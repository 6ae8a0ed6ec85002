//! Context put into a request: the same bytes as if the caller had sent it itself, and no other byte changed.
//!
//! What "pasted by hand" means, for the place [`ContextPlace::System`]:
//! - **Chat**: a message `{"role":"system","content":"…"}` before all others;
//! - **Responses**: the text at the start of `instructions`, a blank line before what stands there;
//! - **Messages** and its token count: a text block for each segment at the front of `system`, a `system` that is a string
//!   following as the last block;
//! - **Converse**: as Messages, in its own blocks;
//! - **Gemini**: a part with the text at the front of `systemInstruction`.
//!
//! For [`ContextPlace::User`] the text stands in the last user message, with a blank line before its text, or as a part of
//! its own before its first part. Segments follow each other with nothing between: who compiles them writes the breaks.
//! A request is read again for this, but only where context is asked for.

mod find;
mod markers;

use crate::{Edits, Endpoint};
use find::{Outline, UserPlace};
use jeton_core::{Fault, FaultKind};

/// A stretch of context that is as stable as its neighbours are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextSegment {
    /// Its text.
    pub text: String,
    /// Whether a cache of the provider should end behind it, where the dialect can say so.
    pub breakpoint: bool,
}

/// Where context is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContextPlace {
    /// Before everything else of the prompt but tools.
    #[default]
    System,
    /// At the start of the last user message.
    User,
}

/// The edits that attach context, and what became of its breakpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// What to change in the body.
    pub edits: Edits,
    /// Breakpoints that were set.
    pub breakpoints: u64,
    /// Breakpoints that were asked for and not set: the dialect has none there, or the request's own take precedence.
    pub breakpoints_dropped: u64,
}

/// Why context cannot be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAttachable {
    /// Requests of this endpoint have no place for it.
    Endpoint,
    /// The request has no messages.
    NoMessages,
    /// No message of a user is there to carry it.
    NoUserMessage,
    /// `system` or `instructions` has a form that is not known.
    UnknownForm,
    /// The body is no request; [`crate::scan`] says why.
    Unreadable,
}

impl NotAttachable {
    /// The refusal as callers meet it.
    #[must_use]
    pub fn fault(self, endpoint: Endpoint) -> Fault {
        let (message, param, remedy) = match self {
            Self::Endpoint => ("No context can be attached to requests of this endpoint.", "jeton-context", "Leave the header `jeton-context` out."),
            Self::NoMessages => ("Context cannot be attached: the request has no messages.", conversation(endpoint), "Send at least one message."),
            Self::NoUserMessage => (
                "Context cannot be attached: the pack puts it into the last user message, and the request has none.",
                conversation(endpoint),
                "Send a user message, or let the pack have `place = \"system\"`.",
            ),
            Self::UnknownForm => (
                "Context cannot be attached: the request's system text has not the form that its dialect gives it.",
                match endpoint {
                    Endpoint::Responses => "instructions",
                    Endpoint::Generate => "systemInstruction",
                    _ => "system",
                },
                "Send it as the vendor's reference has it.",
            ),
            Self::Unreadable => ("Context cannot be attached: the request cannot be read.", conversation(endpoint), "Correct the request."),
        };
        Fault::new(FaultKind::InvalidRequest, message).code("context_not_attachable").param(param).remedy(remedy)
    }
}

/// The member that holds the conversation.
const fn conversation(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Responses => "input",
        Endpoint::Generate => "contents",
        _ => "messages",
    }
}

/// The edits of `body` that put `segments` into it. Empty segments are passed over; without any other, nothing is changed.
///
/// # Errors
/// Where the request has no place for them. The body is one that [`crate::scan`] has read.
pub fn attach_context(endpoint: Endpoint, body: &[u8], segments: &[ContextSegment], place: ContextPlace) -> Result<Attached, NotAttachable> {
    if endpoint == Endpoint::Embeddings {
        return Err(NotAttachable::Endpoint);
    }
    let outline = Outline::read(endpoint, body).map_err(|_| NotAttachable::Unreadable)?;
    let segments = merged(segments);
    let wanted = segments.iter().filter(|segment| segment.breakpoint).count() as u64;
    let mut attached = Attached { breakpoints_dropped: wanted, ..Attached::default() };
    let text: String = segments.iter().map(|segment| segment.text.as_str()).collect();
    match (place, endpoint) {
        _ if segments.is_empty() => {}
        (ContextPlace::User, _) => user(endpoint, body, &outline, &text, &mut attached.edits)?,
        (_, Endpoint::Chat) => message(body, &outline, &text, &mut attached.edits)?,
        (_, Endpoint::Responses) => instructions(body, &outline, &text, &mut attached.edits)?,
        (_, Endpoint::Generate) => system_parts(body, &outline, &text, &mut attached.edits)?,
        _ => blocks(endpoint, body, &outline, &segments, &mut attached)?,
    }
    Ok(attached)
}

/// The text of the last user message that has any, its parts one below the other, results of tools left out. At most
/// `bytes_max` bytes, or a little less at the end of a character. The body is one that [`crate::scan`] has read.
#[must_use]
pub fn last_user_text(endpoint: Endpoint, body: &[u8], bytes_max: usize) -> Option<String> {
    Outline::read(endpoint, body).ok()?.user_text(body, bytes_max)
}

/// The segments that have text; the breakpoint of an empty one goes to the one before.
fn merged(segments: &[ContextSegment]) -> Vec<ContextSegment> {
    let mut kept: Vec<ContextSegment> = Vec::with_capacity(segments.len());
    for segment in segments {
        match kept.last_mut() {
            Some(before) if segment.text.is_empty() => before.breakpoint |= segment.breakpoint,
            None if segment.text.is_empty() => {}
            _ => kept.push(segment.clone()),
        }
    }
    kept
}

/// Chat: a system message before all others.
fn message(body: &[u8], outline: &Outline, text: &str, edits: &mut Edits) -> Result<(), NotAttachable> {
    let messages = outline.conversation.as_ref().filter(|place| body[place.start] == b'[').ok_or(NotAttachable::NoMessages)?;
    let comma = if outline.is_empty_list(body, messages) { "" } else { "," };
    edits.insert(messages.start + 1, format!("{{\"role\":\"system\",\"content\":\"{}\"}}{comma}", escaped(text)));
    Ok(())
}

/// Responses: the beginning of `instructions`.
fn instructions(body: &[u8], outline: &Outline, text: &str, edits: &mut Edits) -> Result<(), NotAttachable> {
    match &outline.system {
        None => outline.insert_member("instructions", &format!("\"{}\"", escaped(text)), edits),
        Some(place) => match body[place.start] {
            b'n' => edits.replace(place.clone(), format!("\"{}\"", escaped(text))),
            b'"' => before_text(place.start + 1, place.len() == 2, text, edits),
            _ => return Err(NotAttachable::UnknownForm),
        },
    }
    Ok(())
}

/// Gemini: a part at the front of `systemInstruction`.
fn system_parts(body: &[u8], outline: &Outline, text: &str, edits: &mut Edits) -> Result<(), NotAttachable> {
    let part = format!("{{\"text\":\"{}\"}}", escaped(text));
    match &outline.system {
        None => outline.insert_member("systemInstruction", &format!("{{\"parts\":[{part}]}}"), edits),
        Some(place) if body[place.start] == b'n' => edits.replace(place.clone(), format!("{{\"parts\":[{part}]}}")),
        Some(place) => {
            let parts = find::member(body, place.start, b"parts").ok_or(NotAttachable::UnknownForm)?;
            match body[parts.start] {
                b'[' => {
                    let comma = if outline.is_empty_list(body, &parts) { "" } else { "," };
                    edits.insert(parts.start + 1, format!("{part}{comma}"));
                }
                // An object alone is a list of one.
                b'{' => {
                    edits.insert(parts.start, format!("[{part},"));
                    edits.insert(parts.end, "]");
                }
                _ => return Err(NotAttachable::UnknownForm),
            }
        }
    }
    Ok(())
}

/// Messages and Converse: text blocks at the front of `system`.
fn blocks(endpoint: Endpoint, body: &[u8], outline: &Outline, segments: &[ContextSegment], attached: &mut Attached) -> Result<(), NotAttachable> {
    let mut room = outline.markers.room();
    let mut written: Vec<String> = Vec::with_capacity(segments.len());
    // The last of ours marks the longest prefix: it is kept the longest.
    for segment in segments.iter().rev() {
        let is_marked = segment.breakpoint && room > 0;
        if is_marked {
            room -= 1;
            attached.breakpoints += 1;
            attached.breakpoints_dropped -= 1;
        }
        written.push(block(endpoint, &segment.text, is_marked));
    }
    written.reverse();
    let blocks = written.join(",");
    let Some(place) = &outline.system else {
        outline.insert_member("system", &format!("[{blocks}]"), &mut attached.edits);
        return Ok(());
    };
    match body[place.start] {
        b'n' => attached.edits.replace(place.clone(), format!("[{blocks}]")),
        // A block without text would be refused.
        b'"' if endpoint == Endpoint::Converse => return Err(NotAttachable::UnknownForm),
        b'"' if place.len() == 2 => attached.edits.replace(place.clone(), format!("[{blocks}]")),
        b'"' => {
            attached.edits.insert(place.start, format!("[{blocks},{{\"type\":\"text\",\"text\":"));
            attached.edits.insert(place.end, "}]");
        }
        b'[' => {
            let comma = if outline.is_empty_list(body, place) { "" } else { "," };
            attached.edits.insert(place.start + 1, format!("{blocks}{comma}"));
        }
        _ => return Err(NotAttachable::UnknownForm),
    }
    Ok(())
}

/// A text block, and the mark of the cache in it or behind it.
fn block(endpoint: Endpoint, text: &str, is_marked: bool) -> String {
    let text = escaped(text);
    match (endpoint, is_marked) {
        (Endpoint::Converse, false) => format!("{{\"text\":\"{text}\"}}"),
        (Endpoint::Converse, true) => format!("{{\"text\":\"{text}\"}},{{\"cachePoint\":{{\"type\":\"default\"}}}}"),
        (_, false) => format!("{{\"type\":\"text\",\"text\":\"{text}\"}}"),
        (_, true) => format!("{{\"type\":\"text\",\"text\":\"{text}\",\"cache_control\":{{\"type\":\"ephemeral\"}}}}"),
    }
}

/// Every dialect: the start of the last user message.
fn user(endpoint: Endpoint, body: &[u8], outline: &Outline, text: &str, edits: &mut Edits) -> Result<(), NotAttachable> {
    let kind = match endpoint {
        Endpoint::Responses => "\"type\":\"input_text\",",
        // Their parts have no type.
        Endpoint::Generate | Endpoint::Converse => "",
        _ => "\"type\":\"text\",",
    };
    match outline.user_place(body).ok_or(NotAttachable::NoUserMessage)? {
        UserPlace::Text { at, is_empty } => before_text(at, is_empty, text, edits),
        UserPlace::Part { at } => edits.insert(at, format!("{{{kind}\"text\":\"{}\"}},", escaped(text))),
    }
    Ok(())
}

/// Puts `text` at the start of a string whose first byte is at `at`.
fn before_text(at: usize, is_empty: bool, text: &str, edits: &mut Edits) {
    let gap = if is_empty { "" } else { "\\n\\n" };
    edits.insert(at, format!("{}{gap}", escaped(text)));
}

/// The text as it stands between the quotes of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests;
