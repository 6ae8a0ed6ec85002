//! Chunks of a Chat Completions stream, and the message of its document.

use super::{Content, Facts, Verdict, string_bytes};
use crate::Dialect;
use crate::error::read_embedded;
use crate::json::{Cursor, Parsed, Text};
use std::ops::Range;

/// The most tool calls of one answer that are told apart.
const CALLS_MAX: usize = 1024;

/// What a chunk holds that decides where it goes.
#[derive(Default)]
struct Chunk {
    /// Whether there is a choice.
    has_choice: bool,
    has_error: bool,
    /// Place of the member `usage`, name and value.
    usage: Option<Range<usize>>,
    usage_is_stated: bool,
    /// Usage was stated anywhere in the chunk.
    stated: bool,
}

/// Reads one event's data; the verdict, and whether usage was stated.
pub(super) fn event(facts: &mut Facts, name: &[u8], data: &[u8], strip_usage: bool) -> (Verdict, bool) {
    if data.trim_ascii() == b"[DONE]" {
        return (Verdict::Terminal, false);
    }
    let mut chunk = Chunk::default();
    let mut cursor = Cursor::new(data);
    cursor.space();
    // A chunk that is no JSON is passed on; what was read of it before it went wrong counts.
    let walked = cursor.object(|cursor, name| member(facts, &mut chunk, cursor, name));
    if name == b"error" && !chunk.has_error {
        chunk.has_error = true;
        facts.error.get_or_insert_with(|| read_embedded(data));
    }
    let verdict = match chunk.usage {
        Some(place) if strip_usage && walked.is_ok() && !chunk.has_error => {
            if chunk.usage_is_stated && !chunk.has_choice {
                Verdict::Strip
            } else {
                Verdict::Cut(with_comma(data, place))
            }
        }
        _ => Verdict::Pass,
    };
    (verdict, chunk.stated)
}

fn member(facts: &mut Facts, chunk: &mut Chunk, cursor: &mut Cursor<'_>, name: Text) -> Parsed<()> {
    match &*cursor.name(name) {
        b"choices" if cursor.peek() == Some(b'[') => cursor.array(|cursor, position| {
            chunk.has_choice = true;
            choice(facts, position as u64, cursor)
        }),
        b"usage" => {
            chunk.usage_is_stated = facts.figures.read(Dialect::OpenAi, cursor)?;
            chunk.stated |= chunk.usage_is_stated;
            chunk.usage = Some(name.start - 1..cursor.at);
            Ok(())
        }
        b"error" => {
            chunk.has_error |= facts.read_error(cursor)?;
            Ok(())
        }
        b"model" => facts.read_model(cursor),
        b"service_tier" => {
            chunk.stated |= facts.figures.read_tier(cursor)?;
            Ok(())
        }
        // Groq's own place for it.
        b"x_groq" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| {
            if &*cursor.name(name) == b"usage" {
                chunk.stated |= facts.figures.read(Dialect::OpenAi, cursor)?;
                return Ok(());
            }
            cursor.skip()
        }),
        _ => cursor.skip(),
    }
}

/// The place of a member with the comma that goes with it.
fn with_comma(data: &[u8], place: Range<usize>) -> Range<usize> {
    let behind = data[place.end..].iter().position(|byte| !byte.is_ascii_whitespace());
    if let Some(comma) = behind.filter(|offset| data[place.end + offset] == b',') {
        let next = place.end + comma + 1;
        let space = data[next..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        return place.start..next + space;
    }
    let before = data[..place.start].iter().rposition(|byte| !byte.is_ascii_whitespace());
    match before.filter(|&at| data[at] == b',') {
        Some(comma) => comma..place.end,
        None => place,
    }
}

fn choice(facts: &mut Facts, position: u64, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    let mut index = position;
    let mut calls = Vec::new();
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"index" => {
            index = number(cursor)?.unwrap_or(position);
            Ok(())
        }
        b"delta" | b"message" if cursor.peek() == Some(b'{') => message(facts, cursor, &mut calls),
        b"text" => facts.read_content(Content::Text, cursor),
        b"finish_reason" => facts.read_finish(cursor),
        _ => cursor.skip(),
    })?;
    for (call, id) in calls {
        count_call(facts, index, call, id);
    }
    Ok(())
}

/// Reads a delta or a whole message. `calls` takes the index and id of each tool call in it.
pub(crate) fn message(facts: &mut Facts, cursor: &mut Cursor<'_>, calls: &mut Vec<(u64, String)>) -> Parsed<()> {
    // Servers repeat the same reasoning under several names; the longest counts.
    let mut reasoning = 0;
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"content" if cursor.peek() == Some(b'[') => {
            let bytes = parts(cursor)?;
            if bytes > 0 {
                facts.content(Content::Text, bytes);
            }
            Ok(())
        }
        b"content" => facts.read_content(Content::Text, cursor),
        b"refusal" => {
            let bytes = string_bytes(cursor)?;
            if bytes > 0 {
                facts.observed.refusal = true;
                facts.content(Content::Text, bytes);
            }
            Ok(())
        }
        b"reasoning" | b"reasoning_content" => {
            reasoning = string_bytes(cursor)?.max(reasoning);
            Ok(())
        }
        b"reasoning_details" if cursor.peek() == Some(b'[') => {
            reasoning = parts(cursor)?.max(reasoning);
            Ok(())
        }
        b"tool_calls" if cursor.peek() == Some(b'[') => cursor.array(|cursor, position| tool_call(facts, position as u64, cursor, calls)),
        b"function_call" if cursor.peek() == Some(b'{') => {
            calls.push((0, String::new()));
            function(facts, cursor)
        }
        b"audio" if cursor.peek() == Some(b'{') => audio(facts, cursor),
        _ => cursor.skip(),
    })?;
    if reasoning > 0 {
        facts.content(Content::Reasoning, reasoning);
    }
    Ok(())
}

/// Bytes of the texts in a list of parts, nested or not.
fn parts(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    let mut bytes = 0;
    cursor.array(|cursor, _| {
        if cursor.peek() != Some(b'{') {
            bytes += string_bytes(cursor)?;
            return Ok(());
        }
        cursor.object(|cursor, name| {
            let name = cursor.name(name);
            bytes += match &*name {
                b"text" | b"summary" | b"data" | b"thinking" if cursor.peek() == Some(b'[') => parts(cursor)?,
                b"text" | b"summary" | b"data" | b"refusal" => string_bytes(cursor)?,
                _ => cursor.skip().map(|()| 0)?,
            };
            Ok(())
        })
    })?;
    Ok(bytes)
}

fn tool_call(facts: &mut Facts, position: u64, cursor: &mut Cursor<'_>, calls: &mut Vec<(u64, String)>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    let (mut index, mut id) = (position, String::new());
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"index" => {
            index = number(cursor)?.unwrap_or(position);
            Ok(())
        }
        b"id" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            id = cursor.text_prefix(text, 64);
            Ok(())
        }
        b"function" | b"custom" if cursor.peek() == Some(b'{') => function(facts, cursor),
        _ => cursor.skip(),
    })?;
    // A tool that takes no arguments begins and ends here: that is content too.
    facts.content(Content::Tool, 0);
    calls.push((index, id));
    Ok(())
}

fn function(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"name" | b"arguments" | b"input" => facts.read_content(Content::Tool, cursor),
        _ => cursor.skip(),
    })
}

fn audio(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"transcript" => facts.read_content(Content::Text, cursor),
        b"data" => {
            if string_bytes(cursor)? > 0 {
                facts.content(Content::Text, 0);
            }
            Ok(())
        }
        _ => cursor.skip(),
    })
}

/// A fragment belongs to a known call where choice and index agree, unless it brings another id: some servers number all 0.
pub(crate) fn count_call(facts: &mut Facts, choice: u64, index: u64, id: String) {
    let calls = &mut facts.chat_calls;
    if let Some(at) = calls.iter().rposition(|call| (call.0, call.1) == (choice, index)) {
        let known = &mut calls[at].2;
        if id.is_empty() || *known == id {
            return;
        }
        if known.is_empty() {
            *known = id;
            return;
        }
    }
    if calls.len() < CALLS_MAX {
        calls.push((choice, index, id));
        facts.observed.tool_calls += 1;
    }
}

fn number(cursor: &mut Cursor<'_>) -> Parsed<Option<u64>> {
    let place = cursor.span()?;
    Ok(std::str::from_utf8(cursor.slice(place)).ok().and_then(|written| written.parse().ok()))
}
