//! Images, documents and sound of a Converse request.

use super::Context;
use crate::canonical::encode::{refuse_foreign_file, refused_part};
use crate::canonical::loss::Loss;
use crate::canonical::part::{Media, MediaKind, MediaSource, Part, Piece};
use crate::canonical::writer::Writer;
use jeton_core::Fault;

/// The words for types of images (`ImageBlock.format`).
pub(in crate::canonical) const IMAGES: [(&str, &str); 4] = [("png", "image/png"), ("jpeg", "image/jpeg"), ("gif", "image/gif"), ("webp", "image/webp")];

/// The words for types of documents (`DocumentBlock.format`).
pub(in crate::canonical) const DOCUMENTS: [(&str, &str); 9] = [
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
];

/// The words for types of sound (`AudioBlock.format`); the media type is `audio/` and the word.
const SOUNDS: [&str; 15] = ["mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm", "webm"];

/// The name of a document that has none, or none that is taken.
const UNNAMED: &str = "document";

/// The longest name of a document, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Where the bytes of an address of this kind lie, which is the only one that the provider fetches.
const FETCHED: &str = "s3://";

/// Whether it is written as a document.
pub(super) const fn is_document(part: &Part) -> bool {
    matches!(part, Part::Document { .. } | Part::Media(Media { kind: MediaKind::File, .. }))
}

/// Writes the block of an image, document or sound.
///
/// # Errors
/// A refusal where the dialect has no place for its type, or for where it is to be had (case 75).
pub(super) fn write_media(w: &mut Writer, piece: &Piece, media: &Media, context: &Context<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let Media { kind, source, name, detail } = media;
    refuse_foreign_file(piece, source, context.request, context.target)?;
    let format = format(piece, *kind, source, context)?;
    if detail.as_ref().is_some_and(|detail| detail != "auto") {
        loss.dropped(piece.place.member("detail"), "how closely an image is looked at cannot be chosen");
    }
    let block = match kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::File => "document",
    };
    w.member_object(block, |w| {
        w.member_of("format", format);
        if *kind == MediaKind::File {
            w.member("name", &document_name(piece, name.as_deref(), context, loss));
        }
        w.member_object("source", |w| match source {
            MediaSource::Url(uri) => w.member_object("s3Location", |w| w.member("uri", uri)),
            MediaSource::Base64 { data, .. } => w.member_text("bytes", data),
            // Refused above.
            MediaSource::FileId(_) => {}
        });
    });
    Ok(())
}

/// Writes a document whose text is in the request.
pub(super) fn write_document(w: &mut Writer, piece: &Piece, title: Option<&str>, text: &str, context: &Context<'_>, loss: &mut Loss) {
    w.member_object("document", |w| {
        w.member("format", "txt");
        w.member("name", &document_name(piece, title, context, loss));
        w.member_object("source", |w| w.member_text("text", text));
    });
}

/// The word for the type; none for a document in a bucket whose address does not tell, where the dialect demands none.
fn format(piece: &Piece, kind: MediaKind, source: &MediaSource, context: &Context<'_>) -> Result<Option<&'static str>, Fault> {
    let refused = |what: String, remedy: &str| Err(refused_part(piece, context.target, &what, remedy));
    match source {
        MediaSource::Base64 { media_type, .. } => {
            let plain = media_type.split(';').next().unwrap_or_default().trim();
            match format_of(kind, plain) {
                Some(format) => Ok(Some(format)),
                None => refused(format!("of the type `{plain}`"), remedy(kind)),
            }
        }
        MediaSource::Url(uri) if uri.starts_with(FETCHED) => match (format_at(kind, uri), kind) {
            (None, MediaKind::Image | MediaKind::Audio) => refused("at an address that does not tell its type".into(), remedy(kind)),
            (format, _) => Ok(format),
        },
        MediaSource::Url(_) => refused(format!("{} at an address", article(kind)), "Send the bytes themselves, or a file in S3 (`s3://…`)."),
        MediaSource::FileId(_) => refused("a file that is stored at another provider".into(), "Send the bytes themselves."),
    }
}

const fn article(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "an image",
        MediaKind::Audio => "audio",
        MediaKind::File => "a file",
    }
}

const fn remedy(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "Send a PNG, JPEG, GIF or WebP.",
        MediaKind::Audio => "Send a WAV or MP3.",
        MediaKind::File => "Send a PDF, a document of Word or Excel, or its text.",
    }
}

fn format_of(kind: MediaKind, media_type: &str) -> Option<&'static str> {
    let find = |list: &[(&'static str, &str)]| list.iter().find(|(_, known)| *known == media_type).map(|(word, _)| *word);
    match kind {
        MediaKind::Image if media_type == "image/jpg" => Some("jpeg"),
        MediaKind::Image => find(&IMAGES),
        MediaKind::File => find(&DOCUMENTS),
        MediaKind::Audio => SOUNDS.into_iter().find(|word| media_type.strip_prefix("audio/") == Some(word)),
    }
}

/// By the ending of an address.
pub(in crate::canonical) fn format_at(kind: MediaKind, uri: &str) -> Option<&'static str> {
    let ending = uri.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    let find = |list: &[(&'static str, &str)]| list.iter().find(|(word, _)| *word == ending).map(|(word, _)| *word);
    match kind {
        MediaKind::Image if ending == "jpg" => Some("jpeg"),
        MediaKind::Image => find(&IMAGES),
        MediaKind::File => find(&DOCUMENTS),
        MediaKind::Audio => SOUNDS.into_iter().find(|word| *word == ending),
    }
}

/// The name of a document. The reference allows letters, digits, single spaces, hyphens, parentheses and square brackets; two documents
/// may not have one name.
fn document_name(piece: &Piece, title: Option<&str>, context: &Context<'_>, loss: &mut Loss) -> String {
    let mut name = String::new();
    for c in title.unwrap_or_default().chars().take(NAME_CHARS_MAX - 8) {
        match c {
            c if c.is_whitespace() && (name.is_empty() || name.ends_with(' ')) => {}
            c if c.is_whitespace() => name.push(' '),
            c if c.is_ascii_alphanumeric() || "-()[]".contains(c) => name.push(c),
            _ => name.push('-'),
        }
    }
    let mut name = name.trim_end().to_owned();
    if name.is_empty() {
        name = UNNAMED.to_owned();
    }
    let mut used = context.documents.borrow_mut();
    if used.contains(&name) {
        let numbered = (2..).map(|number| format!("{name} ({number})")).find(|numbered| !used.contains(numbered));
        name = numbered.unwrap_or_default();
    }
    if title.is_some_and(|title| title != name) {
        loss.approximated(&piece.place, "a document's name is one of its own there, of letters, digits, spaces, hyphens and brackets");
    }
    used.push(name.clone());
    name
}
