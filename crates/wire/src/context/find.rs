//! Where in a request context can be put, and what its user says.

use super::markers::Markers;
use crate::json::{Cursor, Parsed};
use crate::{Edits, Endpoint};
use std::ops::Range;

/// The members that matter here, by their places.
#[derive(Debug, Default)]
pub(super) struct Outline {
    endpoint: Option<Endpoint>,
    /// The value of `system` or `instructions`.
    pub(super) system: Option<Range<usize>>,
    /// The value of `messages` or `input`.
    pub(super) conversation: Option<Range<usize>>,
    /// The caller's own cache breakpoints.
    pub(super) markers: Markers,
    /// Just behind the opening brace.
    insert_at: usize,
    has_members: bool,
}

/// Where the last user message begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UserPlace {
    /// In a string: the offset behind its opening quote.
    Text { at: usize, is_empty: bool },
    /// Before this part.
    Part { at: usize },
}

impl Outline {
    pub(super) fn read(endpoint: Endpoint, body: &[u8]) -> Parsed<Self> {
        let mut outline = Self { endpoint: Some(endpoint), ..Self::default() };
        let mut cursor = Cursor::new(body);
        cursor.space();
        outline.insert_at = cursor.at + 1;
        let is_messages = matches!(endpoint, Endpoint::Messages | Endpoint::CountTokens | Endpoint::Converse);
        cursor.object(|cursor, name| {
            outline.has_members = true;
            let name = cursor.name(name);
            let start = cursor.at;
            match (&*name, endpoint) {
                (b"system" | b"messages" | b"tools" | b"toolConfig" | b"cache_control", _) if is_messages => outline.markers.member(&name, cursor)?,
                _ => cursor.skip()?,
            }
            match (&*name, endpoint) {
                (b"system", _) if is_messages => outline.system = Some(start..cursor.at),
                (b"instructions", Endpoint::Responses) => outline.system = Some(start..cursor.at),
                (b"input", Endpoint::Responses) => outline.conversation = Some(start..cursor.at),
                (b"systemInstruction" | b"system_instruction", Endpoint::Generate) => outline.system = Some(start..cursor.at),
                (b"contents", Endpoint::Generate) => outline.conversation = Some(start..cursor.at),
                (b"messages", Endpoint::Chat | Endpoint::Messages | Endpoint::CountTokens | Endpoint::Converse) => {
                    outline.conversation = Some(start..cursor.at)
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(outline)
    }

    /// Puts a member before all others.
    pub(super) fn insert_member(&self, name: &str, value: &str, edits: &mut Edits) {
        let comma = if self.has_members { "," } else { "" };
        edits.insert(self.insert_at, format!("\"{name}\":{value}{comma}"));
    }

    /// Whether nothing stands between the brackets at `place`.
    pub(super) fn is_empty_list(&self, body: &[u8], place: &Range<usize>) -> bool {
        body[place.start + 1..place.end - 1].iter().all(u8::is_ascii_whitespace)
    }

    /// Where the last user message begins that has more than results of tools, which must come first in it.
    pub(super) fn user_place(&self, body: &[u8]) -> Option<UserPlace> {
        let at_text = |at: usize| {
            let text = Cursor::starting(body, at).string().ok()?;
            Some(UserPlace::Text { at: text.start, is_empty: text.start == text.end })
        };
        let start = self.conversation.as_ref()?.start;
        if body[start] == b'"' {
            return at_text(start);
        }
        self.user_contents(body).into_iter().rev().find_map(|at| if body[at] == b'"' { at_text(at) } else { first_own_part(body, at) })
    }

    /// The text of the last user message that has any.
    pub(super) fn user_text(&self, body: &[u8], bytes_max: usize) -> Option<String> {
        let start = self.conversation.as_ref()?.start;
        let contents = if body[start] == b'"' { vec![start] } else { self.user_contents(body) };
        contents.into_iter().rev().map(|at| text_of(body, at, bytes_max)).find(|text| !text.trim().is_empty())
    }

    /// Where the contents of the user's messages begin, in their order.
    fn user_contents(&self, body: &[u8]) -> Vec<usize> {
        let mut contents = Vec::new();
        let Some(place) = &self.conversation else { return contents };
        // Google's turns have parts, and are the user's where no role is given.
        let is_google = self.endpoint == Some(Endpoint::Generate);
        // The body was validated: a reader that stops early has met what has no messages.
        let _ = Cursor::starting(body, place.start).array(|cursor, _| {
            let (mut is_user, mut content) = (is_google, None);
            cursor.object(|cursor, name| {
                match &*cursor.name(name) {
                    b"role" if cursor.peek() == Some(b'"') => {
                        let role = cursor.string()?;
                        is_user = *cursor.name(role) == *b"user";
                        return Ok(());
                    }
                    b"parts" if is_google => content = Some(cursor.at),
                    b"content" if !is_google => content = Some(cursor.at),
                    _ => {}
                }
                cursor.skip()
            })?;
            contents.extend(content.filter(|&at| is_user && matches!(body[at], b'"' | b'[')));
            Ok(())
        });
        contents
    }
}

/// The place of the member `wanted` of the object at `at`, in validated JSON.
pub(super) fn member(body: &[u8], at: usize, wanted: &[u8]) -> Option<Range<usize>> {
    let mut found = None;
    // What is no object has no members.
    let _ = Cursor::starting(body, at).object(|cursor, name| {
        let is_wanted = *cursor.name(name) == *wanted;
        let place = cursor.span()?;
        found = if is_wanted { Some(place) } else { found.take() };
        Ok(())
    });
    found
}

/// Hands every part of the content at `at` to `each`, with the place where the part begins and what its type is; `each`
/// gets a cursor behind the part.
fn parts(body: &[u8], at: usize, mut each: impl FnMut(usize, &[u8])) {
    let _ = Cursor::starting(body, at).array(|cursor, _| {
        let start = cursor.at;
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        let mut kind = Vec::new();
        cursor.object(|cursor, name| {
            match &*cursor.name(name) {
                b"type" if cursor.peek() == Some(b'"') => {
                    let text = cursor.string()?;
                    kind = cursor.name(text).into_owned();
                    return Ok(());
                }
                // The parts of Google and Amazon have no type: what they hold says it.
                b"functionResponse" | b"function_response" | b"toolResult" if kind.is_empty() => kind = b"tool_result".to_vec(),
                b"text" if kind.is_empty() => kind = b"text".to_vec(),
                _ => {}
            }
            cursor.skip()
        })?;
        each(start, &kind);
        Ok(())
    });
}

fn first_own_part(body: &[u8], at: usize) -> Option<UserPlace> {
    let mut first = None;
    parts(body, at, |start, kind| {
        if first.is_none() && kind != b"tool_result" {
            first = Some(UserPlace::Part { at: start });
        }
    });
    first
}

/// The text of a content: a string, or its text parts.
fn text_of(body: &[u8], at: usize, bytes_max: usize) -> String {
    let mut cursor = Cursor::starting(body, at);
    if cursor.peek() == Some(b'"') {
        return cursor.string().map(|text| cursor.text_prefix(text, bytes_max)).unwrap_or_default();
    }
    let mut whole = String::new();
    parts(body, at, |start, kind| {
        if !matches!(kind, b"text" | b"input_text") || whole.len() + 1 >= bytes_max {
            return;
        }
        let _ = Cursor::starting(body, start).object(|cursor, name| {
            if &*cursor.name(name) == b"text" && cursor.peek() == Some(b'"') {
                let text = cursor.string()?;
                if !whole.is_empty() {
                    whole.push('\n');
                }
                let room = bytes_max - whole.len();
                whole.push_str(&cursor.text_prefix(text, room));
                return Ok(());
            }
            cursor.skip()
        });
    });
    whole
}
