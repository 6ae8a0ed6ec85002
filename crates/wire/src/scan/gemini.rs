//! What a request in Gemini's dialect says of itself. Names stand in camel case or with underscores.

use super::{Scanner, integer};
use crate::json::{Cursor, Parsed, Wrong};

impl Scanner {
    /// Passes a member's value; true where it can become part of the prompt.
    pub(super) fn gemini_member(&mut self, name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<bool> {
        match name {
            b"contents" => match cursor.peek() {
                Some(b'[' | b'{') => one_or_each(cursor, |cursor| self.content(cursor, false)).map(|()| true),
                _ => cursor.expected("an array of contents"),
            },
            b"systemInstruction" | b"system_instruction" => match cursor.peek() {
                Some(b'{') => self.content(cursor, true).map(|()| true),
                Some(b'n') => cursor.skip().map(|()| false),
                _ => cursor.expected("an object with parts"),
            },
            b"tools" => one_or_each(cursor, |cursor| self.google_tool(cursor)).map(|()| true),
            b"generationConfig" | b"generation_config" => self.generation_config(cursor).map(|()| true),
            b"serviceTier" | b"service_tier" => self.tier(false, cursor).map(|()| false),
            b"cachedContent" | b"cached_content" => {
                let value = cursor.span()?;
                self.facts.stateful |= !matches!(cursor.slice(value), b"null" | b"\"\"");
                Ok(false)
            }
            b"model" | b"toolConfig" | b"tool_config" | b"safetySettings" | b"safety_settings" | b"labels" => cursor.skip().map(|()| false),
            _ => cursor.skip().map(|()| true),
        }
    }

    /// Passes a turn, or the system's instructions, whose beginning is kept.
    fn content(&mut self, cursor: &mut Cursor<'_>, is_system: bool) -> Parsed<()> {
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"parts" => one_or_each(cursor, |cursor| self.google_part(cursor, is_system)),
            _ => cursor.skip(),
        })
    }

    fn google_part(&mut self, cursor: &mut Cursor<'_>, is_system: bool) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.expected("a part, which is an object");
        }
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"text" if is_system && cursor.peek() == Some(b'"') => {
                let text = cursor.string()?;
                self.keep(cursor, text);
                Ok(())
            }
            b"inlineData" | b"inline_data" => {
                self.facts.media_parts += 1;
                each_member(cursor, |cursor, name| match name {
                    b"data" if cursor.peek() == Some(b'"') => {
                        let bytes = cursor.string()?.decoded as u64;
                        self.facts.media_bytes += bytes;
                        self.excluded += bytes;
                        Ok(())
                    }
                    _ => cursor.skip(),
                })
            }
            b"fileData" | b"file_data" => {
                self.facts.media_parts += 1;
                cursor.skip()
            }
            b"functionResponse" | b"function_response" => each_member(cursor, |cursor, name| match name {
                b"parts" => one_or_each(cursor, |cursor| self.google_part(cursor, false)),
                _ => cursor.skip(),
            }),
            _ => cursor.skip(),
        })
    }

    /// Every member but the caller's functions is a tool that the provider runs.
    fn google_tool(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        if cursor.peek() != Some(b'{') {
            return cursor.expected("a tool, which is an object");
        }
        cursor.object(|cursor, name| match &*cursor.name(name) {
            b"functionDeclarations" | b"function_declarations" => one_or_each(cursor, |cursor| {
                self.facts.tools += 1;
                cursor.skip()
            }),
            _ => {
                self.facts.tools += 1;
                let value = cursor.span()?;
                self.facts.server_tools |= cursor.slice(value) != b"null";
                Ok(())
            }
        })
    }

    fn generation_config(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let start = cursor.at;
        if !cursor.null()? {
            cursor.object(|cursor, name| {
                self.facts.limit_holder_members += 1;
                match &*cursor.name(name) {
                    b"maxOutputTokens" | b"max_output_tokens" => self.limit("maxOutputTokens", cursor),
                    b"candidateCount" | b"candidate_count" => {
                        let at = cursor.at;
                        self.facts.choices = integer(cursor, "a whole number of answers, 1 or more")?.unwrap_or(1);
                        if self.facts.choices == 0 { Err(Wrong::new(at, "expected a whole number of answers, 1 or more, found `0`")) } else { Ok(()) }
                    }
                    _ => cursor.skip(),
                }
            })?;
        }
        self.facts.limit_holder = Some(start..cursor.at);
        Ok(())
    }
}

/// Passes a list, or an object alone, which means a list of one; anything else states nothing.
fn one_or_each(cursor: &mut Cursor<'_>, mut each: impl FnMut(&mut Cursor<'_>) -> Parsed<()>) -> Parsed<()> {
    match cursor.peek() {
        Some(b'[') => cursor.array(|cursor, _| each(cursor)),
        Some(b'{') => each(cursor),
        _ => cursor.skip(),
    }
}

/// Passes an object member by member; anything else states nothing.
fn each_member(cursor: &mut Cursor<'_>, mut member: impl FnMut(&mut Cursor<'_>, &[u8]) -> Parsed<()>) -> Parsed<()> {
    if cursor.peek() != Some(b'{') {
        return cursor.skip();
    }
    cursor.object(|cursor, name| {
        let name = cursor.name(name);
        member(cursor, &name)
    })
}
