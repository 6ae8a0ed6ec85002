//! Gemini's `generateContent`: what the events of a stream, and a document, say of themselves.

use super::{Content, Facts, Verdict, string_bytes};
use crate::Dialect;
use crate::json::{Cursor, Parsed};

/// Words for answers that a filter held back (`FinishReason` in Google's reference).
pub(crate) const GEMINI_REFUSALS: [&str; 11] = [
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
    "JAILBREAK",
];

/// Reads one event; the verdict, and whether usage was stated. There is no event that says nothing but the end: the one with the reason
/// of it is the last, and what comes behind it is withheld with it.
pub(super) fn event(facts: &mut Facts, data: &[u8]) -> (Verdict, bool) {
    let mut cursor = Cursor::new(data);
    cursor.space();
    let finished_before = facts.observed.finish_reason.is_some();
    // An event that is no JSON is passed on; what was read of it before it went wrong counts.
    let mut stated = false;
    let _ = walk(facts, &mut cursor, &mut stated);
    let is_end = !finished_before && facts.observed.finish_reason.is_some();
    (if is_end { Verdict::Terminal } else { Verdict::Pass }, stated)
}

/// Reads a document. True where usage was stated.
pub(crate) fn generated(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut stated = false;
    walk(facts, cursor, &mut stated)?;
    Ok(stated)
}

fn walk(facts: &mut Facts, cursor: &mut Cursor<'_>, stated: &mut bool) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"candidates" if cursor.peek() == Some(b'[') => {
            cursor.array(|cursor, _| if cursor.peek() == Some(b'{') { candidate(facts, cursor) } else { cursor.skip() })
        }
        b"usageMetadata" => {
            *stated |= facts.figures.read(Dialect::Gemini, cursor)?;
            Ok(())
        }
        b"promptFeedback" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| match &*cursor.name(name) {
            // A prompt that is blocked has no answer.
            b"blockReason" if cursor.peek() == Some(b'"') => {
                facts.observed.refusal = true;
                facts.read_finish(cursor)
            }
            _ => cursor.skip(),
        }),
        b"modelVersion" => facts.read_model(cursor),
        b"error" => facts.read_error(cursor).map(drop),
        _ => cursor.skip(),
    })
}

fn candidate(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"content" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| match &*cursor.name(name) {
            b"parts" if cursor.peek() == Some(b'[') => cursor.array(|cursor, _| if cursor.peek() == Some(b'{') { part(facts, cursor) } else { cursor.skip() }),
            _ => cursor.skip(),
        }),
        b"finishReason" if is_unspecified(cursor) => cursor.skip(),
        b"finishReason" => {
            facts.read_finish(cursor)?;
            facts.observed.refusal |= facts.observed.finish_reason.as_deref().is_some_and(|word| GEMINI_REFUSALS.contains(&word));
            Ok(())
        }
        b"groundingMetadata" if cursor.peek() == Some(b'{') => searches(facts, cursor),
        _ => cursor.skip(),
    })
}

/// Whether a reason stands here that is none yet.
fn is_unspecified(cursor: &Cursor<'_>) -> bool {
    cursor.rest().starts_with(b"\"FINISH_REASON_UNSPECIFIED\"")
}

/// Reads a part. Its members may come in any order, so a text is counted at its end.
fn part(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    let (mut text, mut is_thought) = (0, false);
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"text" => {
            text = string_bytes(cursor)?;
            Ok(())
        }
        b"thought" if matches!(cursor.peek(), Some(b't' | b'f')) => {
            is_thought = cursor.boolean()?.unwrap_or(false);
            Ok(())
        }
        b"functionCall" => {
            facts.observed.tool_calls += 1;
            let place = cursor.span()?;
            facts.content(Content::Tool, place.len() as u64);
            Ok(())
        }
        b"thoughtSignature" => cursor.skip(),
        // Code that is run, images and what else: content whose text nobody counts.
        b"inlineData" | b"fileData" | b"executableCode" | b"codeExecutionResult" => {
            facts.content(Content::Text, 0);
            cursor.skip()
        }
        _ => cursor.skip(),
    })?;
    if text > 0 {
        facts.content(if is_thought { Content::Reasoning } else { Content::Text }, text);
    }
    Ok(())
}

/// Counts the searches that the answer rests on; the last statement counts.
fn searches(facts: &mut Facts, cursor: &mut Cursor<'_>) -> Parsed<()> {
    let mut count = 0;
    cursor.object(|cursor, name| match &*cursor.name(name) {
        b"webSearchQueries" if cursor.peek() == Some(b'[') => cursor.array(|cursor, _| {
            count += 1;
            cursor.skip()
        }),
        _ => cursor.skip(),
    })?;
    if count > 0 {
        facts.figures.set_web_searches(count);
    }
    Ok(())
}
