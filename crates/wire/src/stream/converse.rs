//! Bedrock's Converse: each event is an object with one member, named after its type, as the SDKs show it (`{"messageStop": {…}}`).
//! What the events of a stream, and a document, say of themselves.

use super::{Content, Facts, Verdict, string_bytes};
use crate::Dialect;
use crate::error::read_exception;
use crate::json::{Cursor, Parsed};

/// Reads an event; whether usage was stated comes with the verdict.
pub(super) fn event(facts: &mut Facts, data: &[u8]) -> (Verdict, bool) {
    let mut cursor = Cursor::new(data);
    cursor.space();
    let (mut verdict, mut stated) = (Verdict::Pass, false);
    // An event that is no JSON is passed on.
    let _ = cursor.object(|cursor, name| {
        let name = cursor.name(name);
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        match &*name {
            b"contentBlockStart" => inner(cursor, b"start", |cursor| block(facts, cursor)),
            b"contentBlockDelta" => inner(cursor, b"delta", |cursor| delta(facts, cursor)),
            b"messageStop" => inner(cursor, b"stopReason", |cursor| stop(facts, cursor)),
            b"metadata" => {
                verdict = Verdict::Terminal;
                cursor.object(|cursor, name| {
                    let name = cursor.name(name);
                    stated |= figures(facts, &name, cursor)?;
                    Ok(())
                })
            }
            exception if exception.ends_with(b"Exception") => {
                let place = cursor.span()?;
                let value = serde_json::from_slice(cursor.slice(place)).unwrap_or_default();
                facts.error.get_or_insert_with(|| read_exception(&String::from_utf8_lossy(exception), &value));
                Ok(())
            }
            _ => cursor.skip(),
        }
    });
    (verdict, stated)
}

/// Reads a whole answer; true where usage was stated.
pub(crate) fn converse(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut stated = false;
    cursor.object(|cursor, name| {
        let name = cursor.name(name);
        match &*name {
            b"output" if cursor.peek() == Some(b'{') => inner(cursor, b"message", |cursor| {
                inner(cursor, b"content", |cursor| match cursor.peek() {
                    Some(b'[') => cursor.array(|cursor, _| block(facts, cursor)),
                    _ => cursor.skip(),
                })
            }),
            b"stopReason" => stop(facts, cursor),
            _ => {
                stated |= figures(facts, &name, cursor)?;
                Ok(())
            }
        }
    })?;
    Ok(stated)
}

/// Passes an object; `read` gets its member `wanted`.
fn inner(cursor: &mut Cursor<'_>, wanted: &[u8], mut read: impl FnMut(&mut Cursor<'_>) -> Parsed<()>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| if &*cursor.name(name) == wanted { read(cursor) } else { cursor.skip() })
}

/// Usage, and what decides the price beside it. True where usage was stated.
fn figures(facts: &mut Facts, name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
    match name {
        b"usage" => facts.figures.read(Dialect::Bedrock, cursor),
        b"serviceTier" => {
            inner(cursor, b"type", |cursor| facts.figures.read_tier(cursor).map(drop))?;
            Ok(true)
        }
        b"performanceConfig" => {
            inner(cursor, b"latency", |cursor| facts.figures.read_speed(cursor))?;
            Ok(true)
        }
        // A router of prompts tells which model it chose.
        b"trace" => {
            inner(cursor, b"promptRouter", |cursor| inner(cursor, b"invokedModelId", |cursor| facts.read_model(cursor)))?;
            Ok(false)
        }
        _ => cursor.skip().map(|()| false),
    }
}

fn stop(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    facts.read_finish(cursor)?;
    facts.observed.refusal |= matches!(facts.observed.finish_reason.as_deref(), Some("content_filtered" | "guardrail_intervened" | "refusal"));
    Ok(())
}

/// A block of a document, or the beginning of one of a stream.
fn block(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"text" => facts.read_content(Content::Text, cursor),
        b"toolUse" => call(facts, cursor),
        b"reasoningContent" => thought(facts, cursor),
        b"citationsContent" => inner(cursor, b"content", |cursor| match cursor.peek() {
            Some(b'[') => cursor.array(|cursor, _| inner(cursor, b"text", |cursor| facts.read_content(Content::Text, cursor))),
            _ => cursor.skip(),
        }),
        _ => {
            facts.content_started = true;
            cursor.skip()
        }
    })
}

/// A tool call; one of the provider's own tools has a type, and is none of the client's.
fn call(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    facts.content_started = true;
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    let (mut bytes, mut is_own) = (0, false);
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"name" => {
            bytes += string_bytes(cursor)?;
            Ok(())
        }
        b"input" => {
            bytes += cursor.span()?.len() as u64;
            Ok(())
        }
        b"type" => {
            is_own = string_bytes(cursor)? > 0;
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    facts.observed.tool_calls += u64::from(!is_own);
    facts.content(Content::Tool, bytes);
    Ok(())
}

fn thought(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"text" | b"redactedContent" => facts.read_content(Content::Reasoning, cursor),
        b"reasoningText" => inner(cursor, b"text", |cursor| facts.read_content(Content::Reasoning, cursor)),
        _ => cursor.skip(),
    })
}

/// A delta of a block; signatures are no content.
fn delta(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"text" => facts.read_content(Content::Text, cursor),
        b"reasoningContent" => thought(facts, cursor),
        b"toolUse" => inner(cursor, b"input", |cursor| facts.read_content(Content::Tool, cursor)),
        _ => cursor.skip(),
    })
}
