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

    /// The member `name` with the texts put together, as one text.
    pub(crate) fn member_joined(&mut self, name: &str, texts: &[&str]) {
        match texts {
            [text] => self.member(name, text),
            texts => self.member(name, &texts.concat()),
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
        self.serialize(name);
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

#[cfg(test)]
mod tests {
    use super::*;

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
