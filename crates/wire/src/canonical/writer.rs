//! Writes JSON text straight from borrowed values, without a document in between.

use serde::Serialize;

/// JSON text under way. Members and elements get their commas by themselves.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
    /// Whether something stands before the next member or element.
    follows: bool,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), follows: false }
    }

    /// Goes on behind `out`, where an object or list stands open that is still empty.
    pub(crate) const fn onto(out: Vec<u8>) -> Self {
        Self { out, follows: false }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// The member `name` with a text; faster than [`Writer::member`].
    pub(crate) fn member_text(&mut self, name: &str, text: &str) {
        self.key(name);
        push_text(&mut self.out, text);
        self.follows = true;
    }

    /// The member `name` with the texts put together, as one text.
    pub(crate) fn member_joined(&mut self, name: &str, texts: &[&str]) {
        match texts {
            [text] => self.member_text(name, text),
            texts => self.member_text(name, &texts.concat()),
        }
    }

    /// An object as a value: an element, or the whole document.
    pub(crate) fn object(&mut self, write: impl FnOnce(&mut Self)) {
        self.comma();
        self.braced(b'{', b'}', write);
    }

    /// The member `name` with a value.
    pub(crate) fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.key(name);
        self.serialize(value);
        self.follows = true;
    }

    /// The member `name`, where there is a value.
    pub(crate) fn member_of<T: Serialize>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.member(name, &value);
        }
    }

    /// The member `name` with an object.
    pub(crate) fn member_object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.key(name);
        self.braced(b'{', b'}', write);
    }

    /// The member `name` with a list.
    pub(crate) fn member_list(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        self.key(name);
        self.braced(b'[', b']', write);
    }

    /// The member `name` with JSON text that is written already.
    pub(crate) fn member_raw(&mut self, name: &str, json: &str) {
        self.key(name);
        self.out.extend_from_slice(json.as_bytes());
        self.follows = true;
    }

    /// An element that is JSON text already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.comma();
        self.out.extend_from_slice(json.as_bytes());
        self.follows = true;
    }

    fn braced(&mut self, open: u8, close: u8, write: impl FnOnce(&mut Self)) {
        self.out.push(open);
        self.follows = false;
        write(self);
        self.out.push(close);
        self.follows = true;
    }

    fn key(&mut self, name: &str) {
        self.comma();
        push_text(&mut self.out, name);
        self.out.push(b':');
    }

    fn comma(&mut self) {
        if self.follows {
            self.out.push(b',');
        }
    }

    fn serialize<T: Serialize + ?Sized>(&mut self, value: &T) {
        // Memory takes every byte, and all that is written here has texts for keys.
        serde_json::to_writer(&mut self.out, value).expect("texts, numbers and JSON values can always be written to memory");
    }
}

/// Appends a JSON text. Eight bytes are looked at together, for most of a text needs no escape.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    let mut from = 0;
    loop {
        let at = next_escaped(bytes, from);
        out.extend_from_slice(&bytes[from..at]);
        let Some(&byte) = bytes.get(at) else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            other => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', HEX[usize::from(other >> 4)], HEX[usize::from(other & 15)]]),
        }
        from = at + 1;
    }
    out.push(b'"');
}

/// The place of the first byte at or behind `from` that a JSON text escapes: control characters, quotes, backslashes. The length if there is none.
fn next_escaped(bytes: &[u8], from: usize) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let mut at = from;
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        // The high bit of every byte below 0x20, and of every byte that is the one sought; of several, the lowest is right.
        let below = word.wrapping_sub(ONES * 0x20) & !word;
        let is = |sought: u8| {
            let differs = word ^ (ONES * u64::from(sought));
            differs.wrapping_sub(ONES) & !differs
        };
        let found = (below | is(b'"') | is(b'\\')) & HIGH;
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let needs = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    bytes.get(at..).and_then(|rest| rest.iter().position(needs)).map_or(bytes.len(), |place| at + place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_are_written_as_serde_json_writes_them(text in "[\\x00-\\x24\"\\\\a-c\\x7féü€😀]{0,40}") {
            let mut out = Vec::new();
            push_text(&mut out, &text);
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn commas_stand_between_and_nowhere_else() {
        let mut writer = Writer::default();
        writer.object(|w| {
            w.member_list("a", |_| {});
            w.member_list("b", |w| {
                w.object(|w| w.member("x", "say \"é\"\n"));
                w.object(|_| {});
                w.raw("1");
            });
            w.member_of("c", None::<u64>);
            w.member_of("d", Some(2));
            w.member_object("e", |w| w.member_raw("f", "{\"g\":[]}"));
            w.member("h", &true);
        });
        let text = String::from_utf8(writer.into_bytes()).unwrap();
        assert_eq!(text, r#"{"a":[],"b":[{"x":"say \"é\"\n"},{},1],"d":2,"e":{"f":{"g":[]}},"h":true}"#);
    }
}
