//! From bytes to the canonical form: what the endpoints share.

use super::reader::{Node, invalid};
use super::request::{Part, Request, ResponseFormat};
use super::{decode_chat, decode_embeddings, decode_messages, decode_responses};
use crate::Endpoint;
use jeton_core::Fault;
use serde_json::Value;

/// Reads the body of a request to a built-in model.
///
/// # Errors
/// An invalid-request fault that names the place, where the body is no JSON object, a member that is read has a wrong type or is missing,
/// or the request asks for what built-in models cannot do: several choices (case 15), log probabilities (case 16), stored state (case 59),
/// the deprecated `functions`. Members that mean nothing to a built-in model (temperature, …) are accepted.
pub fn decode_request(endpoint: Endpoint, body: &[u8]) -> Result<Request, Fault> {
    let document: Value = serde_json::from_slice(body)
        .map_err(|error| invalid(format!("The body is not valid JSON: {error}.")).remedy("Send one JSON object with `content-type: application/json`."))?;
    let root = Node::root(&document);
    root.object()?;
    let mut request = Request::new(endpoint, root.need_text("model")?);
    request.stream = root.flag_of("stream", false)?;
    match endpoint {
        Endpoint::Chat => decode_chat::fill(&mut request, &root)?,
        Endpoint::Responses => decode_responses::fill(&mut request, &root)?,
        Endpoint::Messages | Endpoint::CountTokens => decode_messages::fill(&mut request, &root)?,
        Endpoint::Embeddings => decode_embeddings::fill(&mut request, &root)?,
    }
    Ok(request)
}

/// A text, or a list of parts each read by `part`. `null` and absence are no parts.
pub(super) fn text_or_parts<'a>(content: Option<Node<'a>>, part: impl Fn(&Node<'a>) -> Result<Part, Fault>) -> Result<Vec<Part>, Fault> {
    let Some(content) = content else { return Ok(Vec::new()) };
    match content.value {
        Value::String(text) => Ok(vec![Part::Text(text.clone())]),
        Value::Array(_) => content.list()?.iter().map(part).collect(),
        _ => Err(content.wrong("a text or a list of parts")),
    }
}

/// A media part.
pub(super) fn media(kind: &str, media_type: Option<&str>) -> Part {
    Part::Media { kind: kind.to_owned(), media_type: media_type.map(str::to_owned) }
}

/// A part that is kept as it is.
pub(super) fn other(kind: &str, node: &Node<'_>) -> Part {
    Part::Other { kind: kind.to_owned(), json: node.value.to_string() }
}

/// Stop texts: one text or a list of them (case 50).
pub(super) fn stop_texts(stop: Option<Node<'_>>) -> Result<Vec<String>, Fault> {
    let Some(stop) = stop else { return Ok(Vec::new()) };
    let texts = match stop.value {
        Value::String(text) => vec![text.clone()],
        _ => stop.list()?.iter().map(|text| text.text().map(str::to_owned)).collect::<Result<_, _>>()?,
    };
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

/// A response format; `inner` is where name, schema and strictness lie (`json_schema` in Chat, the object itself in Responses).
pub(super) fn response_format<'a>(format: &Node<'a>, inner: impl Fn(&Node<'a>) -> Result<Node<'a>, Fault>) -> Result<Option<ResponseFormat>, Fault> {
    match format.need_text("type")? {
        "text" => Ok(None),
        "json_object" => Ok(Some(ResponseFormat::JsonObject)),
        "json_schema" => {
            let inner = inner(format)?;
            let schema = inner.need("schema")?;
            schema.object()?;
            let name = inner.text_of("name")?.unwrap_or_default().to_owned();
            Ok(Some(ResponseFormat::JsonSchema { name, schema: schema.value.clone(), strict: inner.flag_of("strict", false)? }))
        }
        unknown => Err(format.fault(format!("has the unknown type `{unknown}`; known are text, json_object and json_schema."))),
    }
}
