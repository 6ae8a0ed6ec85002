//! Images, documents and sound of Converse.

use crate::canonical::encode_converse::media::{DOCUMENTS, IMAGES, format_at};
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use crate::canonical::part::{Media, MediaKind, MediaSource, Part};
use jeton_core::Fault;

/// An image or sound.
pub(super) fn read_media(mut media: Object<'_>, kind: MediaKind, loss: &mut Loss) -> Result<Media, Fault> {
    let format = media.need_text("format")?;
    let source = media.need_object("source", |source| read_source(source, kind, &format, loss))?;
    media.rest(loss);
    Ok(Media { kind, source, name: None, detail: None })
}

/// A document whose text is there is read; one that is bytes, or lies in a bucket, is media.
pub(super) fn read_document(mut document: Object<'_>, loss: &mut Loss) -> Result<Part, Fault> {
    let name = document.text("name")?;
    let format = document.text("format")?.unwrap_or_default();
    let part = document.need_object("source", |mut source| {
        let text = match source.text("text")? {
            Some(text) => text,
            None if source.peek("content").is_some() => {
                let texts = source.each("content", |mut said| {
                    let text = said.need_text("text")?;
                    said.rest(loss);
                    Ok(text)
                })?;
                texts.join("\n")
            }
            None => {
                let source = read_source(source, MediaKind::File, &format, loss)?;
                return Ok(Part::Media(Media { kind: MediaKind::File, source, name: name.clone(), detail: None }));
            }
        };
        source.rest(loss);
        Ok(Part::Document { title: name.clone(), text })
    })?;
    document.rest(loss);
    Ok(part)
}

fn read_source(mut source: Object<'_>, kind: MediaKind, format: &str, loss: &mut Loss) -> Result<MediaSource, Fault> {
    if let Some(data) = source.text("bytes")? {
        source.rest(loss);
        return Ok(MediaSource::Base64 { media_type: media_type(kind, format), data });
    }
    let place = source.path.place();
    let uri = source.need_object("s3Location", |mut location| {
        let uri = location.need_text("uri")?;
        location.rest(loss);
        Ok(uri)
    })?;
    source.rest(loss);
    if !format.is_empty() && format_at(kind, &uri) != Some(format) {
        loss.dropped(place, "the address does not tell the type");
    }
    Ok(MediaSource::Url(uri))
}

/// The media type of a word; one that is not known becomes one that nobody knows.
fn media_type(kind: MediaKind, format: &str) -> String {
    let find = |list: &[(&str, &str)]| list.iter().find(|(word, _)| *word == format).map(|(_, media_type)| (*media_type).to_owned());
    match kind {
        MediaKind::Image => find(&IMAGES).unwrap_or_else(|| format!("image/{format}")),
        MediaKind::File => find(&DOCUMENTS).unwrap_or_else(|| format!("application/{format}")),
        MediaKind::Audio => format!("audio/{format}"),
    }
}
