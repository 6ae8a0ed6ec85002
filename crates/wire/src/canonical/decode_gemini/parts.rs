//! The parts of a turn, of a request or of an answer.

use crate::canonical::exact;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::part::{Media, MediaKind, MediaSource, Part, Piece};
use crate::canonical::request::{Role, ToolKind};
use crate::canonical::signature::{opened, standard_base64};
use crate::media_types::of_address;
use jeton_core::Fault;
use serde_json::Value;

const MEMBERS: [&str; 9] = [
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "thoughtSignature",
    "executableCode",
    "codeExecutionResult",
    "videoMetadata",
    "mediaResolution",
];

/// What a part says.
pub(crate) enum Said {
    /// A text; of a thought where `is_thought`.
    Text { text: String, is_thought: bool },
    /// A call of a function.
    Call { id: Option<String>, name: String, arguments_json: String },
    /// What a function answered.
    Result { id: Option<String>, name: String, content: Vec<Piece>, is_error: bool },
    /// An image, sound or file.
    Media(Media),
    /// What the provider's own tools left, by the name of its member.
    Other { kind: String, json: String },
    /// Nothing but a signature, if that.
    Nothing,
}

/// Reads a part, and the signature that stands on it.
pub(crate) fn read_said(mut part: Object<'_>, loss: &mut Loss) -> Result<(Said, Option<String>), Fault> {
    part.accept_snake_case(&MEMBERS);
    let signature = part.text("thoughtSignature")?.filter(|text| !text.is_empty()).map(opened);
    let is_thought = part.flag("thought")?.unwrap_or(false);
    let said = if let Some(text) = part.text("text")? {
        if text.is_empty() && !is_thought { Said::Nothing } else { Said::Text { text, is_thought } }
    } else if let Some(call) = part.object("functionCall", |call| read_call(call, loss))? {
        call
    } else if let Some(result) = part.object("functionResponse", |result| read_result(result, loss))? {
        result
    } else if !is_video(&part)
        && let Some(media) = read_media(&mut part, loss)?
    {
        Said::Media(media)
    } else if let Some(kind) = part.first_name().map(str::to_owned) {
        return Ok((Said::Other { kind, json: exact::text(&part.into_value()) }, signature));
    } else if is_thought {
        Said::Text { text: String::new(), is_thought }
    } else {
        Said::Nothing
    };
    part.rest(loss);
    Ok((said, signature))
}

fn read_call(mut call: Object<'_>, loss: &mut Loss) -> Result<Said, Fault> {
    let id = call.text("id")?.filter(|id| !id.is_empty());
    let name = call.need_text("name")?;
    let arguments_json = call.members_of("args")?.map_or_else(|| "{}".to_owned(), |args| exact::text(&Value::Object(args)));
    call.rest(loss);
    Ok(Said::Call { id, name, arguments_json })
}

fn read_result(mut result: Object<'_>, loss: &mut Loss) -> Result<Said, Fault> {
    let id = result.text("id")?.filter(|id| !id.is_empty());
    let name = result.need_text("name")?;
    let place = result.path.member("response").place();
    let (texts, is_error) = match result.take("response") {
        None => (Vec::new(), false),
        Some(Value::Object(response)) => answer_of(Value::Object(response)),
        Some(other) => return Err(super::super::object::wrong(&result.path.member("response"), "an object", &other)),
    };
    let mut content: Vec<Piece> = texts.into_iter().map(|text| Piece { part: Part::Text(text), cache: None, place: place.clone() }).collect();
    content.extend(result.each_or_one("parts", |mut part| {
        part.accept_snake_case(&MEMBERS);
        let place = part.path.place();
        let media = read_media(&mut part, loss)?.ok_or_else(|| part.fault("inlineData", "is missing."))?;
        part.rest(loss);
        Ok(Piece { part: Part::Media(media), cache: None, place })
    })?);
    result.rest(loss);
    Ok(Said::Result { id, name, content, is_error })
}

/// The texts of an answer, and whether it is an error. The reference names two members: `output` for what a function gives, `error` for
/// what went wrong; without either the whole object is the output.
fn answer_of(response: Value) -> (Vec<String>, bool) {
    let Value::Object(members) = &response else { return (vec![exact::text(&response)], false) };
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (None, _) => (Vec::new(), false),
        (Some((name, value)), None) if name == "output" || name == "error" => (texts_of(value), name == "error"),
        _ => (vec![exact::text(&response)], false),
    }
}

/// A text, a list of texts, or anything else as JSON.
fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(elements) if !elements.is_empty() && elements.iter().all(Value::is_string) => {
            elements.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        other => vec![exact::text(other)],
    }
}

/// Whether it is a film, which stays as it is: no dialect but Gemini's own has a place for it, and as a file it would be taken for a PDF.
fn is_video(part: &Object<'_>) -> bool {
    let media = ["inlineData", "fileData"].iter().find_map(|name| part.peek(name));
    let kind = media.and_then(|media| media.get("mimeType").or_else(|| media.get("mime_type"))).and_then(Value::as_str);
    kind.is_some_and(|kind| kind.starts_with("video/"))
}

/// Bytes (`inlineData`) or an address (`fileData`).
fn read_media(part: &mut Object<'_>, loss: &mut Loss) -> Result<Option<Media>, Fault> {
    let inline = part.object("inlineData", |mut blob| {
        blob.accept_snake_case(&["mimeType", "displayName"]);
        let (media_type, data, name) = (blob.need_text("mimeType")?, standard_base64(blob.need_text("data")?), blob.text("displayName")?);
        blob.rest(loss);
        Ok(Media { kind: kind_of(&media_type), source: MediaSource::Base64 { media_type, data }, name, detail: None })
    })?;
    if inline.is_some() {
        return Ok(inline);
    }
    part.object("fileData", |mut file| {
        file.accept_snake_case(&["mimeType", "fileUri", "displayName"]);
        let (uri, media_type, name) = (file.need_text("fileUri")?, file.text("mimeType")?, file.text("displayName")?);
        let implied = of_address(&uri);
        if media_type.is_some() && media_type.as_deref() != implied {
            loss.dropped(file.path.member("mimeType"), "what stands at an address says so itself");
        }
        let kind = media_type.as_deref().or(implied).map_or(MediaKind::File, kind_of);
        let source = if is_stored(&uri) { MediaSource::FileId(uri) } else { MediaSource::Url(uri) };
        file.rest(loss);
        Ok(Media { kind, source, name, detail: None })
    })
}

fn kind_of(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        _ => MediaKind::File,
    }
}

/// Files that were uploaded to Google, which nobody else can fetch.
fn is_stored(uri: &str) -> bool {
    uri.starts_with("gs://") || uri.contains("generativelanguage.googleapis.com/") || uri.starts_with("files/")
}

/// The calls of the turn before, which results are matched with: ids are optional in this dialect.
#[derive(Default)]
pub(super) struct Calls {
    open: Vec<(String, String)>,
    made: usize,
    was_model: bool,
}

impl Calls {
    /// A turn of `role` begins: calls of the model's turns before the last are answered no more.
    pub(super) fn turn_of(&mut self, role: Role) {
        let is_model = role == Role::Assistant;
        if is_model && !std::mem::replace(&mut self.was_model, is_model) {
            self.open.clear();
        }
        self.was_model = is_model;
    }

    /// An id of ours, the same whenever the same conversation is read: it becomes part of a cached prefix.
    fn make(&mut self) -> String {
        self.made += 1;
        format!("call_{}", self.made)
    }

    fn call(&mut self, id: Option<String>, name: &str) -> String {
        let id = id.unwrap_or_else(|| self.make());
        self.open.push((id.clone(), name.to_owned()));
        id
    }

    fn result(&mut self, id: Option<String>, name: &str) -> String {
        let by_id = id.as_ref().and_then(|id| self.open.iter().position(|call| call.0 == *id));
        match by_id.or_else(|| self.open.iter().position(|call| call.1 == name)) {
            Some(at) => self.open.remove(at).0,
            None => id.unwrap_or_else(|| self.make()),
        }
    }
}

/// Reads the parts of a content of a request behind those that its turn has already.
pub(super) fn read_parts(content: &mut Object<'_>, pieces: &mut Vec<Piece>, calls: &mut Calls, loss: &mut Loss) -> Result<(), Fault> {
    content.each_or_one("parts", |part| {
        let place = part.path.place();
        let (said, signature) = read_said(part, loss)?;
        let signed = |signature| Piece { part: Part::Thinking { text: String::new(), signature: Some(signature) }, cache: None, place: place.clone() };
        let part = match said {
            Said::Text { text, is_thought: true } => {
                push_thought(pieces, text, signature, &place);
                return Ok(());
            }
            // The signature of a text comes behind it, as it does in a stream.
            Said::Text { text, is_thought: false } => {
                pieces.push(Piece { part: Part::Text(text), cache: None, place: place.clone() });
                pieces.extend(signature.map(signed));
                return Ok(());
            }
            Said::Call { id, name, arguments_json } => {
                if let Some(signature) = signature {
                    push_thought(pieces, String::new(), Some(signature), &place);
                }
                Part::ToolUse { id: calls.call(id, &name), name, kind: ToolKind::Function, arguments_json }
            }
            other => {
                pieces.extend(signature.map(signed));
                match other {
                    Said::Result { id, name, content, is_error } => {
                        Part::ToolResult { id: calls.result(id, &name), kind: ToolKind::Function, content, is_error }
                    }
                    Said::Media(media) => Part::Media(media),
                    Said::Other { kind, json } => Part::Other { kind, json },
                    _ => return Ok(()),
                }
            }
        };
        pieces.push(Piece { part, cache: None, place });
        Ok(())
    })?;
    Ok(())
}

/// A thought, in pieces as it was streamed maybe, until its signature comes: that of the call behind it is its own.
fn push_thought(pieces: &mut Vec<Piece>, more: String, signature: Option<String>, place: &crate::canonical::Place) {
    if let Some(Piece { part: Part::Thinking { text, signature: unsigned @ None }, .. }) = pieces.last_mut() {
        text.push_str(&more);
        *unsigned = signature;
        return;
    }
    pieces.push(Piece { part: Part::Thinking { text: more, signature }, cache: None, place: place.clone() });
}
