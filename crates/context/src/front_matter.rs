//! The YAML between two lines `---` at the head of a Markdown file.

use crate::located::{Located, Unreadable};
use crate::yaml;
use serde_json::Value;

/// A file cut into its front matter and the rest.
#[derive(Debug, PartialEq)]
pub struct FrontMatter<'t> {
    /// What was said; `None`: the file has none.
    pub fields: Option<Result<Located, Unreadable>>,
    /// Whether the YAML could be read only after its plain values were quoted (`globs: *.ts`), as agents' own readers do.
    pub is_lenient: bool,
    /// The text after it.
    pub body: &'t str,
    /// The line of the file on which the body begins, from 1.
    pub body_line: u32,
}

/// Cuts `text`. Front matter that does not end is reported, and the whole text is the body.
#[must_use]
pub fn split(text: &str) -> FrontMatter<'_> {
    let whole = FrontMatter { fields: None, is_lenient: false, body: text, body_line: 1 };
    let start = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(rest) = after_fence(start) else { return whole };
    let mut at = 0;
    let mut lines = 0;
    for line in rest.split_inclusive('\n') {
        lines += 1;
        if is_fence(line) {
            let (fields, is_lenient) = read(&rest[..at]);
            return FrontMatter { fields: Some(fields), is_lenient, body: &rest[at + line.len()..], body_line: lines + 2 };
        }
        at += line.len();
    }
    // A line of hyphens alone is a rule of Markdown; it is front matter only when a key follows.
    if !rest.lines().next().is_some_and(is_entry) {
        return whole;
    }
    let unclosed = Unreadable { line: 1, message: "the front matter does not end: no second line `---`".to_owned() };
    FrontMatter { fields: Some(Err(unclosed)), ..whole }
}

fn after_fence(text: &str) -> Option<&str> {
    let end = text.find('\n')?;
    is_fence(&text[..end]).then(|| &text[end + 1..])
}

fn is_fence(line: &str) -> bool {
    line.starts_with("---") && line[3..].trim().is_empty()
}

/// Whether a line begins with `key:`.
fn is_entry(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')))
}

fn read(yaml: &str) -> (Result<Located, Unreadable>, bool) {
    let strict = yaml::parse(yaml).and_then(only_mapping);
    let (fields, is_lenient) = match strict {
        Ok(fields) => (Ok(fields), false),
        Err(error) => match yaml::parse(&quoted(yaml)).and_then(only_mapping) {
            Ok(fields) => (Ok(fields), true),
            Err(_) => (Err(error), false),
        },
    };
    let moved = fields.map(|fields| fields.moved_down(1)).map_err(|error| Unreadable { line: error.line + 1, ..error });
    (moved, is_lenient)
}

fn only_mapping(located: Located) -> Result<Located, Unreadable> {
    match located.value {
        Value::Object(_) | Value::Null => Ok(located),
        _ => Err(Unreadable { line: 1, message: "front matter has keys with values, and this has none".to_owned() }),
    }
}

/// The text with every plain value of a key on the top level in single quotes.
fn quoted(yaml: &str) -> String {
    let mut out = String::with_capacity(yaml.len() + 16);
    for line in yaml.lines() {
        let parts = line.split_once(':').filter(|_| is_entry(line));
        match parts {
            Some((key, value)) if is_plain(value.trim()) => {
                out.push_str(&format!("{key}: '{}'", value.trim().replace('\'', "''")));
            }
            _ => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Whether a value may be put in quotes: none yet, no list, no block, no flag.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && !value.starts_with(['"', '\'', '[', '|', '>', '#']) && !matches!(value, "true" | "false" | "null" | "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(text: &str, fields: Option<Value>, body: &str, body_line: u32) {
        let split = split(text);
        let found = split.fields.map(|fields| fields.map_or_else(|error| json!(error.line), |located| located.value));
        assert_eq!((found, split.body, split.body_line), (fields, body, body_line), "{text}");
    }

    #[test]
    fn front_matter_is_cut_off() {
        check("---\na: 1\n---\nText\n", Some(json!({"a": 1})), "Text\n", 4);
        check("---\r\na: 1\r\n---\r\nText", Some(json!({"a": 1})), "Text", 4);
        check("\u{feff}---\na: 1\n---\nText", Some(json!({"a": 1})), "Text", 4);
        check("---\n---\nText", Some(Value::Null), "Text", 3);
        check("Text\n---\n", None, "Text\n---\n", 1);
        check("---\n\nA rule before\n", None, "---\n\nA rule before\n", 1);
        check("---\na: 1\nText", Some(json!(1)), "---\na: 1\nText", 1);
        check("---\na: [\n---\nText", Some(json!(3)), "Text", 4);
        check("---\n- a\n---\nText", Some(json!(2)), "Text", 4);
    }

    #[test]
    fn what_agents_read_is_read() {
        let split = split("---\ndescription: Rules: all of them\nglobs: *.ts,*.tsx\nalwaysApply: false\n---\n");
        assert!(split.is_lenient);
        let fields = split.fields.unwrap().unwrap();
        assert_eq!(fields.value, json!({"description": "Rules: all of them", "globs": "*.ts,*.tsx", "alwaysApply": false}));
        assert_eq!(fields.line("/globs"), 3);
    }

    proptest! {
        #[test]
        fn the_body_is_always_the_end_of_the_text(text in "(---\n)?[a-z:\\[\\]\n* -]{0,60}(\n---\n)?[a-z\n]{0,20}") {
            let split = split(&text);
            prop_assert!(text.ends_with(split.body));
            prop_assert_eq!(text[..text.len() - split.body.len()].matches('\n').count() + 1, split.body_line as usize);
        }
    }
}
