//! The members that become a prompt: messages and items, their system texts, and the media parts whose bytes are not text.

use super::{Scanner, begins_with};
use crate::json::{Cursor, Parsed, Text};

/// How much of the system prompt is kept for the match rules of classes, in bytes.
const SYSTEM_BYTES_MAX: usize = 4096;

/// What one object among messages and parts says of itself. Its members may come in any order, so it is judged at its end.
#[derive(Default)]
struct Part {
    is_media: bool,
    is_reference: bool,
    is_system: bool,
    /// The source holds text, not media.
    holds_text: bool,
    /// Weight of base64 in the places where media stand.
    inline: u64,
    /// Where the content begins.
    content_at: Option<usize>,
}

impl Scanner {
    /// Passes `messages`, or the `input` of Responses, which may be a string.
    pub(super) fn conversation(&mut self, cursor: &mut Cursor<'_>, may_be_text: bool) -> Parsed<()> {
        match cursor.peek() {
            Some(b'"') if may_be_text => cursor.skip(),
            Some(b'n') if may_be_text => cursor.null().map(drop),
            Some(b'[') => cursor.array(|cursor, _| self.part(cursor, true)),
            _ if may_be_text => cursor.expected("a string or an array of items"),
            _ => cursor.expected("an array of messages"),
        }
    }

    /// Passes `system` or `instructions`.
    pub(super) fn system(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if !matches!(cursor.peek(), Some(b'"' | b'[' | b'n')) {
            return cursor.expected("a string or an array of text blocks");
        }
        let start = cursor.at;
        self.prompt(cursor)?;
        self.keep_system(cursor, start);
        Ok(())
    }

    /// Passes any value among the parts of a prompt.
    fn prompt(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        match cursor.peek() {
            Some(b'{') => self.part(cursor, false),
            Some(b'[') => cursor.array(|cursor, _| self.prompt(cursor)),
            _ => cursor.skip(),
        }
    }

    /// Passes a message, an item or a part.
    fn part(&mut self, cursor: &mut Cursor<'_>, is_message: bool) -> Parsed<()> {
        let mut part = Part::default();
        cursor.object(|cursor, name| {
            let name = cursor.name(name);
            match &*name {
                b"type" if cursor.peek() == Some(b'"') => {
                    let kind = cursor.string()?;
                    let kind = cursor.name(kind);
                    part.is_media = is_media(&kind);
                    part.is_reference = *kind == *b"item_reference";
                    Ok(())
                }
                b"role" if is_message => {
                    let role = cursor.string()?;
                    part.is_system = matches!(&*cursor.name(role), b"system" | b"developer");
                    Ok(())
                }
                b"content" if is_message => {
                    part.content_at = Some(cursor.at);
                    match cursor.peek() {
                        Some(b'"' | b'[' | b'n') => self.prompt(cursor),
                        _ => cursor.expected("a string or an array of parts"),
                    }
                }
                b"content" | b"output" => self.prompt(cursor),
                b"image_url" | b"video_url" | b"input_audio" | b"file" | b"file_data" | b"result" => media(cursor, &name, &mut part),
                b"source" => self.source(cursor, &mut part),
                _ => cursor.skip(),
            }
        })?;
        if part.is_media && !part.holds_text {
            self.facts.media_parts += 1;
            self.facts.media_bytes += part.inline;
            self.excluded += part.inline;
        }
        self.facts.stateful |= part.is_reference;
        if let Some(start) = part.content_at.filter(|_| part.is_system) {
            self.keep_system(cursor, start);
        }
        Ok(())
    }

    /// Passes the source of an Anthropic image or document: base64, text, an address, a file or blocks.
    fn source(&mut self, cursor: &mut Cursor<'_>, part: &mut Part) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        let (mut is_base64, mut inline) = (false, 0);
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"type" if cursor.peek() == Some(b'"') => {
                let kind = cursor.string()?;
                let kind = cursor.name(kind);
                is_base64 = *kind == *b"base64";
                part.holds_text = matches!(&*kind, b"text" | b"content");
                Ok(())
            }
            b"data" if cursor.peek() == Some(b'"') => {
                inline = cursor.string()?.decoded as u64;
                Ok(())
            }
            b"content" => self.prompt(cursor),
            _ => cursor.skip(),
        })?;
        if is_base64 {
            part.inline += inline;
        }
        Ok(())
    }

    /// Keeps the beginning of the system text that starts at `start` in validated JSON: a string, or blocks with `text`.
    pub(super) fn keep_system(&mut self, cursor: &Cursor<'_>, start: usize) {
        let body = cursor.slice(0..cursor.at);
        let mut reader = Cursor::starting(body, start);
        // The text was validated; a reader that stops early has what it needs.
        let _ = match reader.peek() {
            Some(b'"') => reader.string().map(|text| self.keep(&reader, text)),
            Some(b'[') => reader.array(|reader, _| {
                if reader.peek() != Some(b'{') {
                    return reader.skip();
                }
                reader.object(|reader, name| {
                    if &*reader.name(name) == b"text" && reader.peek() == Some(b'"') {
                        let text = reader.string()?;
                        self.keep(reader, text);
                        return Ok(());
                    }
                    reader.skip()
                })
            }),
            _ => Ok(()),
        };
    }

    pub(super) fn keep(&mut self, reader: &Cursor<'_>, text: Text) {
        let kept = &mut self.facts.system_prompt;
        if !kept.is_empty() && kept.len() < SYSTEM_BYTES_MAX {
            kept.push('\n');
        }
        let room = SYSTEM_BYTES_MAX - kept.len();
        if room > 0 {
            kept.push_str(&reader.text_prefix(text, room));
        }
    }
}

/// Passes a place where media stand: a string, or an object whose `url`, `data` or `file_data` is one.
fn media(cursor: &mut Cursor<'_>, name: &[u8], part: &mut Part) -> Parsed<()> {
    match cursor.peek() {
        Some(b'"') => {
            let text = cursor.string()?;
            if matches!(name, b"file_data" | b"data" | b"result") || begins_with(cursor, text, b"data:") {
                part.inline += text.decoded as u64;
            }
            Ok(())
        }
        Some(b'{') if matches!(name, b"image_url" | b"video_url" | b"input_audio" | b"file") => cursor.object(|cursor, inner| {
            let inner = cursor.name(inner);
            match &*inner {
                b"url" | b"data" | b"file_data" if cursor.peek() == Some(b'"') => media(cursor, &inner, part),
                _ => cursor.skip(),
            }
        }),
        _ => cursor.skip(),
    }
}

/// Types of parts whose tokens cannot be told from their bytes.
fn is_media(kind: &[u8]) -> bool {
    matches!(
        kind,
        b"image_url"
            | b"image"
            | b"input_image"
            | b"input_audio"
            | b"audio"
            | b"video_url"
            | b"video"
            | b"input_video"
            | b"file"
            | b"input_file"
            | b"document"
            | b"computer_screenshot"
            | b"image_generation_call"
            | b"container_upload"
    )
}
