//! Media types by the ends of addresses: Google wants to be told what stands there.

use crate::canonical::MediaKind;

/// What an address ends with, and the media type.
const ENDS: [(&str, &str); 16] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/md"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("flac", "audio/flac"),
    ("mp4", "video/mp4"),
];

/// The media type that the end of the address implies, its query left out.
pub(crate) fn of_address(address: &str) -> Option<&'static str> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, end) = path.rsplit('/').next()?.rsplit_once('.')?;
    ENDS.iter().find(|(known, _)| end.eq_ignore_ascii_case(known)).map(|(_, media_type)| *media_type)
}

/// A name for a file that has none: OpenAI demands one, and goes by its end.
pub(crate) fn file_name(media_type: &str) -> String {
    let end = ENDS.iter().find(|(_, known)| *known == media_type).map_or("bin", |(end, _)| *end);
    format!("document.{end}")
}

/// What is likeliest at an address that does not say it: documents at addresses are PDFs at Anthropic.
pub(crate) const fn likeliest(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Audio => "audio/mp3",
        MediaKind::File => "application/pdf",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_address_implies_a_type() {
        assert_eq!(of_address("https://example.com/a.b/c.PNG?x=1.pdf"), Some("image/png"));
        assert_eq!(of_address("gs://bucket/file.pdf"), Some("application/pdf"));
        assert_eq!(of_address("https://example.png/no-end"), None);
    }
}
