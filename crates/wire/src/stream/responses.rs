//! Events of a Responses stream, and the response that its document is.

use super::{Content, Facts, Verdict, string_bytes};
use crate::Dialect;
use crate::json::{Cursor, Parsed};
use std::borrow::Cow;

/// What an event holds, known once all its members were passed.
#[derive(Default)]
struct Event<'a> {
    kind: Cow<'a, [u8]>,
    /// Bytes of the string `delta`.
    delta_bytes: u64,
    /// Type of the item.
    item: Cow<'a, [u8]>,
    /// Where the object `response` begins.
    response_at: Option<usize>,
    error_at: Option<usize>,
}

/// Reads one event's data; the verdict, and whether usage was stated.
pub(super) fn event(facts: &mut Facts, data: &[u8]) -> (Verdict, bool) {
    let mut event = Event::default();
    let mut cursor = Cursor::new(data);
    cursor.space();
    // An event that is no JSON is passed on; what was read of it before it went wrong counts.
    let _ = cursor.object(|cursor, name| member(facts, &mut event, cursor, &cursor.name(name)));
    let kind: &[u8] = &event.kind;
    if let Some(suffix) = kind.strip_suffix(b".delta") {
        delta(facts, suffix, event.delta_bytes);
    }
    let mut stated = false;
    match kind {
        b"response.output_item.added" => item_added(facts, &event.item),
        b"response.output_item.done" if *event.item == *b"web_search_call" => {
            facts.web_searches += 1;
            facts.figures.set_web_searches(facts.web_searches);
            stated = true;
        }
        b"error" => {
            let at = event.error_at.unwrap_or(0);
            facts.error.get_or_insert_with(|| crate::error::read_embedded(value_at(data, at)));
        }
        _ => {}
    }
    let is_terminal = matches!(kind, b"response.completed" | b"response.incomplete" | b"response.failed" | b"response.cancelled");
    if let Some(at) = event.response_at.filter(|_| is_terminal || facts.observed.model.is_none()) {
        stated |= response(facts, &mut Cursor::starting(data, at)).unwrap_or(false);
    }
    if is_terminal {
        if kind == b"response.failed" {
            facts.error.get_or_insert_with(|| crate::error::read_embedded(b"{}"));
        }
        return (Verdict::Terminal, true);
    }
    (Verdict::Pass, stated)
}

fn member<'a>(facts: &mut Facts, event: &mut Event<'a>, cursor: &mut Cursor<'a>, name: &[u8]) -> Parsed<()> {
    match name {
        b"type" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            event.kind = cursor.name(text);
            Ok(())
        }
        b"sequence_number" => {
            let place = cursor.span()?;
            if let Some(number) = std::str::from_utf8(cursor.slice(place)).ok().and_then(|written| written.parse::<u64>().ok()) {
                facts.next_sequence = number.saturating_add(1);
            }
            Ok(())
        }
        b"delta" => {
            event.delta_bytes = string_bytes(cursor)?;
            Ok(())
        }
        b"item" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| {
            if &*cursor.name(name) == b"type" && cursor.peek() == Some(b'"') {
                let text = cursor.string()?;
                event.item = cursor.name(text);
                return Ok(());
            }
            cursor.skip()
        }),
        b"response" if cursor.peek() == Some(b'{') => {
            event.response_at = Some(cursor.at);
            cursor.skip()
        }
        b"error" if cursor.peek() == Some(b'{') => {
            event.error_at = Some(cursor.at);
            cursor.skip()
        }
        _ => cursor.skip(),
    }
}

fn value_at(data: &[u8], at: usize) -> &[u8] {
    let mut cursor = Cursor::starting(data, at);
    cursor.space();
    cursor.span().map_or(&[][..], |place| cursor.slice(place))
}

/// A delta goes by the words in its type. Sound and the like count as content without bytes of text.
fn delta(facts: &mut Facts, kind: &[u8], bytes: u64) {
    let has = |word: &[u8]| memchr::memmem::find(kind, word).is_some();
    if bytes == 0 {
        return;
    }
    if has(b"reasoning") {
        facts.content(Content::Reasoning, bytes);
    } else if has(b"arguments") || has(b"tool_call") || has(b"_call_code") {
        facts.content(Content::Tool, bytes);
    } else if has(b"text") || has(b"refusal") || has(b"transcript") {
        facts.observed.refusal |= has(b"refusal");
        facts.content(Content::Text, bytes);
    } else {
        facts.content(Content::Text, 0);
    }
}

/// Messages and reasoning begin empty; every other item is content from its beginning.
fn item_added(facts: &mut Facts, kind: &[u8]) {
    facts.observed.tool_calls += u64::from(is_client_call(kind));
    if !matches!(kind, b"message" | b"reasoning" | b"") {
        facts.content_started = true;
    }
}

fn is_client_call(kind: &[u8]) -> bool {
    matches!(kind, b"function_call" | b"custom_tool_call" | b"computer_call" | b"local_shell_call" | b"apply_patch_call")
}

/// Reads a response object: a document, or what terminal events carry. True where usage was stated.
pub(crate) fn response(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let (mut status, mut reason, mut stated) = (None, None, false);
    let (mut calls, mut searches) = (0, 0);
    let (mut text, mut reasoning, mut tool, mut refused) = (0, 0, 0, false);
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"model" => facts.read_model(cursor),
        b"usage" => {
            stated |= facts.figures.read(Dialect::OpenAi, cursor)?;
            Ok(())
        }
        b"service_tier" => {
            stated |= facts.figures.read_tier(cursor)?;
            Ok(())
        }
        b"status" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            status = Some(cursor.text_prefix(text, 64));
            Ok(())
        }
        b"incomplete_details" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| {
            if &*cursor.name(name) == b"reason" && cursor.peek() == Some(b'"') {
                let text = cursor.string()?;
                reason = Some(cursor.text_prefix(text, 64));
                return Ok(());
            }
            cursor.skip()
        }),
        b"error" => facts.read_error(cursor).map(drop),
        b"output" if cursor.peek() == Some(b'[') => cursor.array(|cursor, _| {
            let item = item(cursor)?;
            calls += u64::from(is_client_call(&item.kind));
            searches += u64::from(*item.kind == *b"web_search_call");
            text += item.text_bytes;
            reasoning += item.reasoning_bytes;
            tool += item.tool_bytes;
            refused |= item.refused;
            Ok(())
        }),
        _ => cursor.skip(),
    })?;
    // The whole response restates what the stream showed piece by piece.
    let observed = &mut facts.observed;
    observed.tool_calls = observed.tool_calls.max(calls);
    observed.refusal |= refused;
    if facts.counted {
        observed.text_bytes = observed.text_bytes.max(text);
        observed.reasoning_bytes = observed.reasoning_bytes.max(reasoning);
        observed.tool_bytes = observed.tool_bytes.max(tool);
    }
    if searches > facts.web_searches {
        facts.web_searches = searches;
        facts.figures.set_web_searches(searches);
        stated = true;
    }
    if let Some(ended) = reason.or(status).filter(|status| !matches!(status.as_str(), "in_progress" | "queued")) {
        facts.observed.finish_reason = Some(ended);
    }
    Ok(stated)
}

/// An item of a whole response.
#[derive(Default)]
struct Item<'a> {
    kind: Cow<'a, [u8]>,
    text_bytes: u64,
    reasoning_bytes: u64,
    tool_bytes: u64,
    refused: bool,
}

fn item<'a>(cursor: &mut Cursor<'a>) -> Parsed<Item<'a>> {
    let mut item = Item::default();
    if cursor.peek() != Some(b'{') {
        return cursor.skip().map(|()| item);
    }
    // `content` holds the text of messages and that of reasoning: the type, which may come last, tells which.
    let mut content_bytes = 0;
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"type" if cursor.peek() == Some(b'"') => {
            let text = cursor.string()?;
            item.kind = cursor.name(text);
            Ok(())
        }
        b"content" if cursor.peek() == Some(b'[') => texts(cursor, &mut content_bytes, &mut item.refused),
        b"summary" if cursor.peek() == Some(b'[') => texts(cursor, &mut item.reasoning_bytes, &mut false),
        b"arguments" | b"input" | b"code" => {
            item.tool_bytes += string_bytes(cursor)?;
            Ok(())
        }
        _ => cursor.skip(),
    })?;
    if *item.kind == *b"reasoning" {
        item.reasoning_bytes += content_bytes;
    } else {
        item.text_bytes = content_bytes;
    }
    Ok(item)
}

/// Adds up the texts of a list of parts.
fn texts(cursor: &mut Cursor<'_>, bytes: &mut u64, refused: &mut bool) -> Parsed<()> {
    cursor.array(|cursor, _| {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"text" => {
                *bytes += string_bytes(cursor)?;
                Ok(())
            }
            b"refusal" => {
                let refusal = string_bytes(cursor)?;
                *refused |= refusal > 0;
                *bytes += refusal;
                Ok(())
            }
            _ => cursor.skip(),
        })
    })
}
