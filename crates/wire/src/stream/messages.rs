//! Events of a Messages stream, and the blocks of its document.

use super::{Content, Facts, Verdict, string_bytes};
use crate::Dialect;
use crate::error::read_embedded;
use crate::json::{Cursor, Parsed};
use std::borrow::Cow;

/// Reads one event; the verdict, and whether usage was stated. `name` stands in where the data has no type.
pub(super) fn event(facts: &mut Facts, name: &[u8], data: &[u8]) -> (Verdict, bool) {
    let mut cursor = Cursor::new(data);
    cursor.space();
    let mut kind: Cow<'_, [u8]> = Cow::Borrowed(name);
    let mut stated = false;
    // The meaning of a member hangs on none but its own name, so the type may come last. An event that is no JSON is passed on.
    let _ = cursor.object(|cursor, name| match &*cursor.name(name) {
        b"type" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            kind = cursor.name(text);
            Ok(())
        }
        b"delta" if cursor.peek() == Some(b'{') => delta(facts, cursor),
        b"content_block" if cursor.peek() == Some(b'{') => block(facts, cursor),
        b"message" if cursor.peek() == Some(b'{') => {
            stated |= message(facts, cursor)?;
            Ok(())
        }
        b"usage" => {
            stated |= facts.figures.read(Dialect::Anthropic, cursor)?;
            Ok(())
        }
        b"error" => facts.read_error(cursor).map(drop),
        _ => cursor.skip(),
    });
    if *kind == *b"error" {
        facts.error.get_or_insert_with(|| read_embedded(data));
    }
    let verdict = if *kind == *b"message_stop" { Verdict::Terminal } else { Verdict::Pass };
    (verdict, stated)
}

/// Reads a message: the opening of a stream, or a document. True where usage was stated.
pub(crate) fn message(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut stated = false;
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"model" => facts.read_model(cursor),
        b"usage" => {
            stated = facts.figures.read(Dialect::Anthropic, cursor)?;
            Ok(())
        }
        b"content" if cursor.peek() == Some(b'[') => cursor.array(|cursor, _| if cursor.peek() == Some(b'{') { block(facts, cursor) } else { cursor.skip() }),
        b"stop_reason" => stop(facts, cursor),
        b"error" => facts.read_error(cursor).map(drop),
        _ => cursor.skip(),
    })?;
    Ok(stated)
}

fn stop(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    facts.read_finish(cursor)?;
    facts.observed.refusal |= facts.observed.finish_reason.as_deref() == Some("refusal");
    Ok(())
}

/// Reads a content block. Begun empty, text and thinking are no content so far; every other kind is.
fn block(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    let mut begins_content = true;
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"type" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            let kind = cursor.name(text);
            begins_content = !matches!(&*kind, b"text" | b"thinking");
            facts.observed.tool_calls += u64::from(*kind == *b"tool_use");
            Ok(())
        }
        b"text" => facts.read_content(Content::Text, cursor),
        b"thinking" | b"data" => facts.read_content(Content::Reasoning, cursor),
        b"name" => {
            let bytes = string_bytes(cursor)?;
            if facts.counted {
                facts.observed.tool_bytes += bytes;
            }
            Ok(())
        }
        // In a document the input is whole; a stream opens it as `{}`.
        b"input" => {
            let place = cursor.span()?;
            if facts.counted && place.len() > 2 {
                facts.observed.tool_bytes += place.len() as u64;
            }
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    facts.content_started |= begins_content;
    Ok(())
}

/// Reads the delta of a block, or of the message. Deltas of kinds not known are tolerated; signatures are no content.
fn delta(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"text" => facts.read_content(Content::Text, cursor),
        b"thinking" => facts.read_content(Content::Reasoning, cursor),
        b"partial_json" => facts.read_content(Content::Tool, cursor),
        b"stop_reason" => stop(facts, cursor),
        _ => cursor.skip(),
    })
}
