//! Reads the settings of a unit out of a table, and reports what it does not know.

use crate::located::{Located, below};
use crate::{Finding, Place, Severity};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A table of a file with its place.
pub(crate) struct Fields<'a> {
    located: &'a Located,
    pub(crate) map: &'a Map<String, Value>,
    pointer: String,
    path: &'a Arc<str>,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Fields<'a> {
    /// The table at `pointer`; `None` where there is none.
    pub(crate) fn new(located: &'a Located, pointer: String, path: &'a Arc<str>, findings: &'a mut Vec<Finding>) -> Option<Self> {
        let map = located.value.pointer(&pointer)?.as_object()?;
        Some(Self { located, map, pointer, path, findings })
    }

    /// The line on which a setting stands.
    pub(crate) fn line(&self, key: &str) -> u32 {
        self.located.line(&below(&self.pointer, key))
    }

    /// The line on which the table begins.
    pub(crate) fn first_line(&self) -> u32 {
        self.located.line(&self.pointer)
    }

    pub(crate) fn report(&mut self, code: &'static str, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        let place = Place::line(Arc::clone(self.path), self.line(key));
        self.findings.push(Finding::new(code, Severity::Error, place, message, remedy));
    }

    fn wrong_type(&mut self, key: &str, expected: &str) {
        self.report("wrong-type", key, format!("`{key}` is not {expected}"), format!("Write {expected} as its value."));
    }

    /// A text; numbers count as such.
    pub(crate) fn text(&mut self, key: &str) -> Option<String> {
        match self.map.get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => {
                self.wrong_type(key, "a text");
                None
            }
        }
    }

    /// A list of texts; one text is a list of one.
    pub(crate) fn texts(&mut self, key: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string));
        match self.map.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                let texts: Vec<String> = items.iter().filter_map(text).collect();
                if texts.len() < items.len() {
                    self.wrong_type(key, "a list of texts");
                }
                texts
            }
            Some(value) => text(value).map_or_else(
                || {
                    self.wrong_type(key, "a list of texts");
                    Vec::new()
                },
                |text| vec![text],
            ),
        }
    }

    /// Globs: a list, or one text with commas between them.
    pub(crate) fn globs(&mut self, key: &str) -> Vec<String> {
        self.texts(key).iter().flat_map(|text| split_globs(text)).collect()
    }

    /// Yes or no; only a real boolean is taken.
    pub(crate) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.map.get(key)? {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            _ => {
                self.wrong_type(key, "`true` or `false`");
                None
            }
        }
    }

    /// The table under `key`.
    pub(crate) fn within(&mut self, key: &str) -> Option<Fields<'_>> {
        match self.map.get(key)? {
            Value::Object(map) => Some(Fields { located: self.located, map, pointer: below(&self.pointer, key), path: self.path, findings: self.findings }),
            Value::Null => None,
            _ => {
                self.wrong_type(key, "a table");
                None
            }
        }
    }

    /// Reports every setting that is not among `known`, with the nearest names.
    pub(crate) fn only(&mut self, known: &[&str]) {
        let unknown: Vec<&String> = self.map.keys().filter(|key| !known.contains(&key.as_str())).collect();
        for key in unknown {
            let nearest: Vec<String> = jeton_core::nearest(key, known.iter().copied(), 3).iter().map(|name| format!("`{name}`")).collect();
            self.report(
                "unknown-key",
                key,
                format!("nothing is called `{key}` here, so it has no effect"),
                format!("The nearest names are {}.", nearest.join(", ")),
            );
        }
    }
}

/// The globs of a text with commas between them; a comma in braces belongs to its glob.
pub(crate) fn split_globs(text: &str) -> Vec<String> {
    let (mut globs, mut depth, mut start) = (Vec::new(), 0_i32, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth <= 0 => {
                globs.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    globs.push(&text[start..]);
    globs.into_iter().map(|glob| glob.trim().trim_matches(['"', '\'']).to_owned()).filter(|glob| !glob.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_globs_but_not_in_braces() {
        let check = |text: &str, expected: &[&str]| assert_eq!(split_globs(text), expected, "{text}");
        check("*.ts, *.tsx", &["*.ts", "*.tsx"]);
        check("src/**/*.{ts,tsx},docs/*", &["src/**/*.{ts,tsx}", "docs/*"]);
        check(" , ", &[]);
        check("}a,b", &["}a", "b"]);
    }

    #[test]
    fn wrong_and_unknown_settings_are_reported_with_their_lines() {
        let located = crate::yaml::parse("title: 3\nglobz: x\nalwaysApply: 'yes'\nnames: [a, {}]\n").unwrap();
        let (path, mut findings) = (Arc::from("a.md"), Vec::new());
        let mut fields = Fields::new(&located, String::new(), &path, &mut findings).unwrap();
        assert_eq!((fields.text("title").as_deref(), fields.flag("alwaysApply"), fields.texts("names")), (Some("3"), None, vec!["a".to_owned()]));
        fields.only(&["title", "globs", "alwaysApply", "names"]);
        let found: Vec<_> = findings.iter().map(|finding| (finding.code, finding.place.first_line)).collect();
        assert_eq!(found, [("wrong-type", 3), ("wrong-type", 4), ("unknown-key", 2)]);
        assert!(findings[2].remedy.contains("`globs`"));
    }
}
