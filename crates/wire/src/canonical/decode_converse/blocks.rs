//! The content blocks of a Converse request or answer. Each is an object with one member, named after its kind.

use super::media::{read_document, read_media};
use super::read_list;
use crate::canonical::exact;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::part::{Citation, MediaKind, Part, Piece};
use crate::canonical::request::ToolKind;
use jeton_core::Fault;
use serde_json::Value;

/// A content block, of a request or of an answer.
pub(in crate::canonical) fn read_block(mut block: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let place = block.path.place();
    let Some(part) = read_part(&mut block, loss)? else {
        // Of another kind (video, a provider's own tools …), kept as it is.
        let value = block.into_value();
        let kind = value.as_object().and_then(|members| members.keys().next()).cloned().unwrap_or_default();
        return Ok(Piece { part: Part::Other { kind, json: exact::text(&value) }, cache: None, place });
    };
    block.rest(loss);
    Ok(Piece { part, cache: None, place })
}

fn read_part(block: &mut Object<'_>, loss: &mut Loss) -> Result<Option<Part>, Fault> {
    let Some(kind) = block.first_name().map(str::to_owned) else { return Ok(None) };
    match kind.as_str() {
        "text" => Ok(block.text("text")?.map(Part::Text)),
        // Case 40: what the provider's own tools do is not the caller's.
        "toolUse" | "toolResult" if block.peek(&kind).and_then(|inner| inner.get("type")).is_some_and(Value::is_string) => Ok(None),
        "toolUse" => block.object("toolUse", |call| read_call(call, loss)),
        "toolResult" => block.object("toolResult", |result| read_result(result, loss)),
        "reasoningContent" => block.object("reasoningContent", |content| read_thought(content, loss)),
        "citationsContent" => block.object("citationsContent", |content| read_cited(content, loss)),
        "image" => block.object("image", |image| read_media(image, MediaKind::Image, loss).map(Part::Media)),
        "audio" => block.object("audio", |audio| read_media(audio, MediaKind::Audio, loss).map(Part::Media)),
        "document" => block.object("document", |document| read_document(document, loss)),
        "searchResult" => block.object("searchResult", |result| read_search_result(result, loss)),
        "guardContent" => block.object("guardContent", |content| read_guarded(content, loss)),
        // Only within the result of a tool.
        "json" => Ok(block.take("json").map(|json| Part::Text(exact::text(&json)))),
        _ => Ok(None),
    }
}

fn read_call(mut call: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let part = Part::ToolUse {
        id: call.need_text("toolUseId")?,
        name: call.need_text("name")?,
        kind: ToolKind::Function,
        arguments_json: exact::text(&call.need("input")?),
    };
    call.rest(loss);
    Ok(part)
}

fn read_result(mut result: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let id = result.need_text("toolUseId")?;
    let content = read_list(&mut result, "content", loss)?;
    let is_error = match result.text("status")?.as_deref() {
        Some("error") => true,
        Some("success") | None => false,
        Some(unknown) => return Err(result.fault("status", format!("is `{unknown}`; known are success and error."))),
    };
    result.rest(loss);
    Ok(Part::ToolResult { id, kind: ToolKind::Function, content, is_error })
}

fn read_thought(mut content: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let shown = content.object("reasoningText", |mut shown| {
        let part = Part::Thinking { text: shown.need_text("text")?, signature: shown.text("signature")?.filter(|signature| !signature.is_empty()) };
        shown.rest(loss);
        Ok(part)
    })?;
    let part = match shown {
        Some(part) => part,
        None => Part::RedactedThinking(content.need_text("redactedContent")?),
    };
    content.rest(loss);
    Ok(part)
}

/// Case 41.
fn read_cited(mut content: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let texts = content.each("content", |mut said| {
        let text = said.text("text")?.unwrap_or_default();
        said.rest(loss);
        Ok(text)
    })?;
    let citations: Vec<Citation> = content.list("citations")?.iter().map(read_citation).collect();
    content.rest(loss);
    let text = texts.concat();
    Ok(if citations.is_empty() { Part::Text(text) } else { Part::Cited { text, citations } })
}

/// A citation of any kind; a page of the web has an address, and a result of a search its source.
pub(in crate::canonical) fn read_citation(value: &Value) -> Citation {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let quoted: Vec<&str> =
        value.get("sourceContent").and_then(Value::as_array).into_iter().flatten().filter_map(|piece| piece.get("text")?.as_str()).collect();
    let source = text(value.get("source")).filter(|source| source.contains("://"));
    Citation {
        url: text(value.pointer("/location/web/url")).or(source),
        title: text(value.get("title")),
        quoted: Some(quoted.concat()).filter(|quoted| !quoted.is_empty()),
        span: None,
        json: exact::text(value),
    }
}

fn read_search_result(mut result: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let title = result.text("title")?;
    let texts = result.each("content", |mut said| {
        let text = said.need_text("text")?;
        said.rest(loss);
        Ok(text)
    })?;
    result.rest(loss);
    Ok(Part::Document { title, text: texts.join("\n") })
}

/// What a guardrail is to look at, and how; elsewhere it is what it is without one.
fn read_guarded(mut content: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    loss.approximated(content.path, "guardrails are of this provider alone");
    let part = match content.object("image", |image| read_media(image, MediaKind::Image, loss))? {
        Some(media) => Part::Media(media),
        None => Part::Text(content.need_object("text", |mut text| {
            let said = text.need_text("text")?;
            text.ignore("qualifiers");
            text.rest(loss);
            Ok(said)
        })?),
    };
    content.rest(loss);
    Ok(part)
}
