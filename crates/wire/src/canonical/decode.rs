//! From bytes to the canonical form: what the endpoints share.

use super::exact::is_number;
use super::loss::{Loss, Path};
use super::object::{Object, complaint, invalid, wrong};
use super::part::{CacheLife, Media, MediaKind, MediaSource, Part, Piece};
use super::request::{Asked, Request, ResponseFormat, Role, ToolChoice, ToolDecl, ToolKind};
use super::{decode_chat, decode_converse, decode_embeddings, decode_gemini, decode_messages, decode_responses, exact};
use crate::Endpoint;
use jeton_core::Fault;
use serde_json::Value;

/// Reads the body of a request, to be written in another dialect. The report says what of it the canonical form cannot hold.
/// Where the path names model and stream ([`Endpoint::names_model_in_path`]), both are left for the caller of this function to set.
///
/// # Errors
/// An invalid-request fault that names the place, where the body is no JSON object, a member that is read has a wrong type or is
/// missing, or the request uses what is deprecated (`functions`) or what no other dialect has and no answer can do without (audio output).
pub fn read_request(endpoint: Endpoint, body: &[u8]) -> Result<(Request, Loss), Fault> {
    let document = exact::parse(body)
        .map_err(|error| invalid(format!("The body is not valid JSON: {error}.")).remedy("Send one JSON object with `content-type: application/json`."))?;
    let mut loss = Loss::default();
    let mut root = Object::of(document, Path::Root)?;
    let mut request = Request::new(endpoint, if endpoint.names_model_in_path() { String::new() } else { root.need_text("model")? });
    request.stream = !endpoint.names_model_in_path() && root.flag("stream")?.unwrap_or(false);
    match endpoint {
        Endpoint::Chat => decode_chat::fill(&mut request, &mut root, &mut loss)?,
        Endpoint::Responses => decode_responses::fill(&mut request, &mut root, &mut loss)?,
        Endpoint::Messages | Endpoint::CountTokens => decode_messages::fill(&mut request, &mut root, &mut loss)?,
        Endpoint::Embeddings => decode_embeddings::fill(&mut request, &mut root)?,
        Endpoint::Generate => decode_gemini::fill(&mut request, &mut root, &mut loss)?,
        Endpoint::Converse => decode_converse::fill(&mut request, &mut root, &mut loss)?,
    }
    root.rest(&mut loss);
    Ok((request, loss))
}

/// Reads the body of a request to a built-in model.
///
/// # Errors
/// As [`read_request`], and where the request asks for what built-in models cannot do: several choices (case 15), log probabilities
/// (case 16), stored state (case 59). Members that mean nothing to a built-in model (temperature, …) are accepted.
pub fn decode_request(endpoint: Endpoint, body: &[u8]) -> Result<Request, Fault> {
    let (request, _) = read_request(endpoint, body)?;
    refuse_for_builtin(&request)?;
    Ok(request)
}

fn refuse_for_builtin(request: &Request) -> Result<(), Fault> {
    let refusal = |path: &str, why: &str| -> Result<(), Fault> {
        Err(invalid(format!("`{path}` cannot be served by a built-in model: {why}")).param(path.to_owned()).code("unsupported_parameter"))
    };
    if let Some(choices) = request.choices.as_ref().filter(|choices| choices.value != 1) {
        return refusal(choices.path, "it makes one choice; send as many requests as you want answers.");
    }
    if let Some(logprobs) = &request.logprobs {
        return refusal(logprobs.path, "it has no log probabilities.");
    }
    if let Some(path) = request.stored_state.first() {
        return refusal(path, "it stores nothing; send the whole conversation in `input`.");
    }
    Ok(())
}

/// A setting that `path` names, where it is there.
pub(super) fn asked<T>(value: Option<T>, path: &'static str) -> Option<Asked<T>> {
    value.map(|value| Asked::new(value, path))
}

/// How the parts of a list are read.
pub(super) type ReadPart = fn(Object<'_>, &mut Loss) -> Result<Piece, Fault>;

/// A text, or a list of parts each read by `read`. Absence is no parts.
pub(super) fn text_or_parts(content: Option<Value>, path: &Path<'_>, read: ReadPart, loss: &mut Loss) -> Result<Vec<Piece>, Fault> {
    match content {
        None => Ok(Vec::new()),
        Some(Value::String(text)) if !is_number(&text) => Ok(vec![Piece { part: Part::Text(text), cache: None, place: path.place() }]),
        Some(Value::Array(parts)) => parts.into_iter().enumerate().map(|(index, part)| read(Object::of(part, path.element(index))?, loss)).collect(),
        Some(other) => Err(wrong(path, "a text or a list of parts", &other)),
    }
}

/// A part with its cache mark (case 43); what is left of its object is reported.
pub(super) fn piece(part: Part, mut object: Object<'_>, loss: &mut Loss) -> Result<Piece, Fault> {
    let cache = cache_mark(&mut object, loss)?;
    let place = object.path.place();
    object.rest(loss);
    Ok(Piece { part, cache, place })
}

/// The mark `cache_control`, where it is there.
pub(super) fn cache_mark(object: &mut Object<'_>, loss: &mut Loss) -> Result<Option<CacheLife>, Fault> {
    cache_mark_named("cache_control", object, loss)
}

/// A mark of the cache by its dialect's name, where it is there.
pub(super) fn cache_mark_named(name: &str, object: &mut Object<'_>, loss: &mut Loss) -> Result<Option<CacheLife>, Fault> {
    object.object(name, |mut mark| {
        mark.ignore("type");
        let life = match mark.text("ttl")?.as_deref() {
            Some("1h") => CacheLife::OneHour,
            Some("5m") | None => CacheLife::FiveMinutes,
            Some(_) => {
                loss.approximated(mark.path.member("ttl"), "the time is not known to Jeton, and five minutes stand for it");
                CacheLife::FiveMinutes
            }
        };
        mark.rest(loss);
        Ok(life)
    })
}

/// Who speaks, in Anthropic's words, which are Bedrock's.
pub(super) fn read_role(message: &mut Object<'_>) -> Result<Role, Fault> {
    Ok(match message.need_text("role")?.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        unknown => return Err(message.fault("role", format!("is `{unknown}`; known are user and assistant."))),
    })
}

/// A part that is kept as it is.
pub(super) fn other(object: Object<'_>) -> Piece {
    let kind = object.peek_text("type").to_owned();
    let place = object.path.place();
    Piece { part: Part::Other { kind, json: exact::text(&object.into_value()) }, cache: None, place }
}

/// Media at an address, which may hold them itself (`data:image/png;base64,…`).
pub(super) fn media_at(kind: MediaKind, url: String, detail: Option<String>) -> Part {
    Part::Media(Media { kind, source: source_at(url), name: None, detail })
}

/// Where an address leads.
pub(super) fn source_at(url: String) -> MediaSource {
    let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match inline {
        // Many clients call it so, and no vendor does.
        Some(("image/jpg", data)) => MediaSource::Base64 { media_type: "image/jpeg".to_owned(), data: data.to_owned() },
        Some((media_type, data)) => MediaSource::Base64 { media_type: media_type.to_owned(), data: data.to_owned() },
        None => MediaSource::Url(url),
    }
}

/// Stop texts: one text or a list of them (case 50).
pub(super) fn stop_texts(stop: Option<Value>, path: &Path<'_>) -> Result<Vec<String>, Fault> {
    let texts = match stop {
        None => Vec::new(),
        Some(Value::String(text)) if !is_number(&text) => vec![text],
        Some(Value::Array(texts)) => texts
            .into_iter()
            .enumerate()
            .map(|(index, text)| match text {
                Value::String(text) if !is_number(&text) => Ok(text),
                other => Err(wrong(&path.element(index), "a text", &other)),
            })
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(wrong(path, "a text or a list of texts", &other)),
    };
    Ok(texts.into_iter().filter(|text| !text.is_empty()).collect())
}

/// A response format. `inner` is the member in which name, schema and strictness lie (`json_schema` in Chat); none: the object itself.
pub(super) fn response_format(mut format: Object<'_>, inner: Option<&str>, loss: &mut Loss) -> Result<Option<ResponseFormat>, Fault> {
    let kind = format.need_text("type")?;
    let read = match kind.as_str() {
        "text" => None,
        "json_object" => Some(ResponseFormat::JsonObject),
        "json_schema" => {
            return match inner {
                Some(inner) => {
                    let schema = format.need_object(inner, |object| json_schema(object, loss))?;
                    format.rest(loss);
                    Ok(Some(schema))
                }
                None => json_schema(format, loss).map(Some),
            };
        }
        unknown => return Err(format.fault("type", format!("is `{unknown}`; known are text, json_object and json_schema."))),
    };
    format.rest(loss);
    Ok(read)
}

fn json_schema(mut object: Object<'_>, loss: &mut Loss) -> Result<ResponseFormat, Fault> {
    let schema = object.need("schema")?;
    if !schema.is_object() {
        return Err(wrong(&object.path.member("schema"), "an object", &schema));
    }
    let read = ResponseFormat::JsonSchema {
        name: object.text("name")?.unwrap_or_default(),
        description: object.text("description")?,
        schema,
        strict: object.flag("strict")?.unwrap_or(false),
    };
    object.rest(loss);
    Ok(read)
}

/// Name, description and schema, as all three dialects write them.
pub(super) fn declaration(mut object: Object<'_>, kind: ToolKind, schema_member: &str, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    let schema = if kind == ToolKind::Function { object.members_of(schema_member)?.map(Value::Object) } else { None };
    let declared = ToolDecl {
        name: object.need_text("name")?,
        description: object.text("description")?,
        schema,
        kind,
        strict: object.flag("strict")?,
        cache: cache_mark(&mut object, loss)?,
        details: if kind == ToolKind::Custom { object.take("format") } else { None },
        place: object.path.place(),
    };
    object.rest(loss);
    Ok(declared)
}

/// A tool that the provider runs or knows, kept as it stands.
pub(super) fn provider_tool(mut object: Object<'_>, loss: &mut Loss) -> Result<ToolDecl, Fault> {
    let place = object.path.place();
    let name = object.peek_text("type").to_owned();
    let cache = cache_mark(&mut object, loss)?;
    Ok(ToolDecl { name, kind: ToolKind::Provider, cache, details: Some(object.into_value()), place, ..ToolDecl::default() })
}

/// The words that both OpenAI endpoints use for the choice of tools.
pub(super) fn word_choice(path: &Path<'_>, word: &str) -> Result<ToolChoice, Fault> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" => Ok(ToolChoice::Required),
        unknown => Err(complaint(path, format!("is `{unknown}`; known are auto, none and required."))),
    }
}

/// `allowed_tools` of both OpenAI endpoints; `read_name` takes the name of one tool.
pub(super) fn allowed_tools(
    mut object: Object<'_>,
    read_name: fn(&mut Object<'_>, &mut Loss) -> Result<String, Fault>,
    loss: &mut Loss,
) -> Result<ToolChoice, Fault> {
    object.ignore("type");
    let mode = object.need_text("mode")?;
    let is_required = word_choice(&object.path.member("mode"), &mode)? == ToolChoice::Required;
    let names = object.each("tools", |mut tool| {
        let name = read_name(&mut tool, loss)?;
        tool.rest(loss);
        Ok(name)
    })?;
    object.rest(loss);
    Ok(ToolChoice::Among { names, is_required })
}

/// The members of a Chat or Responses request about sampling; Messages has three of them by the same names.
pub(super) fn sampling(request: &mut Request, root: &mut Object<'_>) -> Result<(), Fault> {
    let sampling = &mut request.sampling;
    sampling.temperature = root.number("temperature")?;
    sampling.top_p = root.number("top_p")?;
    sampling.top_k = root.number("top_k")?;
    sampling.frequency_penalty = root.number("frequency_penalty")?;
    sampling.presence_penalty = root.number("presence_penalty")?;
    sampling.seed = root.number("seed")?;
    sampling.logit_bias = root.members_of("logit_bias")?;
    Ok(())
}
