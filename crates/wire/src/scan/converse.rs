//! The members of a Converse request that have no like in the other dialects.

use super::{Scanner, integer};
use crate::json::{Cursor, Parsed};

impl Scanner {
    /// Passes `inferenceConfig`, in which the output limit stands.
    pub(super) fn inference_config(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let start = cursor.at;
        let mut members = 0;
        if !cursor.null()? {
            cursor.object(|cursor, name| {
                members += 1;
                if &*cursor.name(name) == b"maxTokens" { self.limit("maxTokens", cursor) } else { cursor.skip() }
            })?;
        }
        self.facts.limit_holder = Some(start..cursor.at);
        self.facts.limit_holder_members = members;
        Ok(())
    }

    /// Passes `toolConfig`.
    pub(super) fn tool_config(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        cursor.object(|cursor, name| {
            if &*cursor.name(name) != b"tools" || cursor.peek() != Some(b'[') {
                return cursor.skip();
            }
            cursor.array(|cursor, _| {
                let mut is_mark = false;
                cursor.object(|cursor, name| {
                    match &*cursor.name(name) {
                        b"cachePoint" => is_mark = true,
                        // A tool that the provider runs.
                        b"systemTool" => self.facts.server_tools = true,
                        _ => {}
                    }
                    cursor.skip()
                })?;
                self.facts.tools += u64::from(!is_mark);
                Ok(())
            })
        })
    }

    /// Passes what only one maker's models take: Anthropic's budget for thinking, and tools by their types.
    pub(super) fn model_fields(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"thinking" | b"reasoning_config" if cursor.peek() == Some(b'{') => cursor.object(|cursor, name| {
                if &*cursor.name(name) == b"budget_tokens" {
                    self.facts.thinking_budget = integer(cursor, "a whole number of tokens")?;
                    return Ok(());
                }
                cursor.skip()
            }),
            b"tools" if cursor.peek() == Some(b'[') => self.tools(cursor),
            _ => cursor.skip(),
        })
    }

    /// Passes `serviceTier` or `performanceConfig`, whose one member decides the price.
    pub(super) fn named_tier(&mut self, member: &[u8], cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        cursor.object(|cursor, name| {
            if &*cursor.name(name) != member || cursor.peek() != Some(b'"') {
                return cursor.skip();
            }
            let word = cursor.string()?;
            let word = cursor.text_prefix(word, 64);
            if member == b"type" {
                self.facts.service_tier.get_or_insert(word);
            } else if word != "standard" {
                self.facts.service_tier = Some(word);
            }
            Ok(())
        })
    }

    /// Passes the messages.
    pub(super) fn converse_messages(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.peek() != Some(b'[') {
            return cursor.expected("an array of messages");
        }
        cursor.array(|cursor, _| {
            let (mut is_system, mut content_at) = (false, None);
            cursor.object(|cursor, name| match &*cursor.name(name) {
                b"role" if cursor.peek() == Some(b'"') => {
                    let role = cursor.string()?;
                    is_system = *cursor.name(role) == *b"system";
                    Ok(())
                }
                b"content" => {
                    content_at = Some(cursor.at);
                    self.blocks(cursor)
                }
                _ => cursor.skip(),
            })?;
            if let Some(start) = content_at.filter(|_| is_system) {
                self.keep_system(cursor, start);
            }
            Ok(())
        })
    }

    /// Passes the instructions.
    pub(super) fn converse_system(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if !matches!(cursor.peek(), Some(b'[' | b'n')) {
            return cursor.expected("an array of blocks");
        }
        let start = cursor.at;
        self.blocks(cursor)?;
        self.keep_system(cursor, start);
        Ok(())
    }

    /// Passes a list of blocks, each an object with one member that names its kind.
    fn blocks(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.null()? {
            return Ok(());
        }
        cursor.array(|cursor, _| {
            if cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            cursor.object(|cursor, name| match &*cursor.name(name) {
                b"image" | b"document" | b"video" | b"audio" => self.converse_media(cursor),
                b"toolResult" if cursor.peek() == Some(b'{') => {
                    cursor.object(|cursor, name| if &*cursor.name(name) == b"content" { self.blocks(cursor) } else { cursor.skip() })
                }
                b"guardContent" if cursor.peek() == Some(b'{') => {
                    cursor.object(|cursor, name| if &*cursor.name(name) == b"image" { self.converse_media(cursor) } else { cursor.skip() })
                }
                _ => cursor.skip(),
            })
        })
    }

    /// Passes an image, document, film or sound: bytes, a place in a bucket, or text.
    fn converse_media(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.skip();
        }
        let (mut inline, mut holds_text) = (0, false);
        cursor.object(|cursor, name| {
            if &*cursor.name(name) != b"source" || cursor.peek() != Some(b'{') {
                return cursor.skip();
            }
            cursor.object(|cursor, name| match &*cursor.name(name) {
                b"bytes" if cursor.peek() == Some(b'"') => {
                    inline += cursor.string()?.decoded as u64;
                    Ok(())
                }
                b"text" | b"content" => {
                    holds_text = true;
                    cursor.skip()
                }
                _ => cursor.skip(),
            })
        })?;
        if !holds_text {
            self.facts.media_parts += 1;
            self.facts.media_bytes += inline;
            self.excluded += inline;
        }
        Ok(())
    }
}
