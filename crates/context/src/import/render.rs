//! Values as compact text in the manner of YAML: fewer tokens than JSON, in the order of the file.

use serde_json::Value;
use std::fmt::Write;

/// Lists of short values up to this length stand on one line, in characters.
const INLINE_MAX: usize = 80;

/// The value as text that ends with a line break.
pub(crate) fn render(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(map, 0, &mut out),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut out),
        other => {
            out.push_str(&scalar(other, 0));
            out.push('\n');
        }
    }
    out
}

fn entries(map: &serde_json::Map<String, Value>, indent: usize, out: &mut String) {
    for (key, value) in map {
        let _ = write!(out, "{:indent$}{}:", "", plain(key));
        nested(value, indent, out);
    }
}

/// What stands after a key or a hyphen.
fn nested(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            entries(map, indent + 2, out);
        }
        Value::Array(items) if !items.is_empty() => match inline(items) {
            Some(line) => {
                let _ = writeln!(out, " {line}");
            }
            None => {
                out.push('\n');
                list(items, indent + 2, out);
            }
        },
        other => {
            let _ = writeln!(out, " {}", scalar(other, indent + 2));
        }
    }
}

fn list(items: &[Value], indent: usize, out: &mut String) {
    for item in items {
        match item {
            Value::Object(map) if !map.is_empty() => {
                // The first key stands beside the hyphen.
                let start = out.len();
                entries(map, indent + 2, out);
                out.replace_range(start + indent..start + indent + 1, "-");
            }
            other => {
                let _ = write!(out, "{:indent$}-", "");
                nested(other, indent, out);
            }
        }
    }
}

fn inline(items: &[Value]) -> Option<String> {
    let short = |item: &Value| !(item.is_object() || item.is_array() || item.as_str().is_some_and(|text| text.contains('\n')));
    if !items.iter().all(short) {
        return None;
    }
    let line = format!("[{}]", items.iter().map(|item| scalar(item, 0)).collect::<Vec<_>>().join(", "));
    (line.chars().count() <= INLINE_MAX).then_some(line)
}

fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::String(text) if text.trim_end().contains('\n') => {
            let lines = text.trim_end().lines().map(|line| if line.trim().is_empty() { String::new() } else { format!("{:indent$}{line}", "") });
            format!("|\n{}", lines.collect::<Vec<_>>().join("\n"))
        }
        Value::String(text) => plain(text.trim_end()),
        other => other.to_string(),
    }
}

/// The text without quotes where it cannot be taken for anything else.
fn plain(text: &str) -> String {
    let is_word = !text.is_empty()
        && !text.starts_with(|c: char| c.is_whitespace() || "-?:,[]{}#&*!|>'\"%@`0123456789+.~".contains(c))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(", ")
        && !text.ends_with([':', ' '])
        && !text.chars().any(char::is_control)
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    if is_word || is_path_or_status(text) { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

/// Keys of OpenAPI (`200`, `/refunds/{id}`) need no quotes to be understood.
fn is_path_or_status(text: &str) -> bool {
    (text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit()))
        || (text.starts_with('/') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/{}_-.".contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_compact() {
        let value = json!({"a": {"b": [1, "x y", true], "c": [{"k": "v", "l": {"m": 1}}, "z"]}, "t": "two\nlines\n", "e": {}, "q": "yes: no", "200": "a # b"});
        let expected =
            "a:\n  b: [1, x y, true]\n  c:\n    - k: v\n      l:\n        m: 1\n    - z\nt: |\n  two\n  lines\ne: {}\nq: \"yes: no\"\n200: \"a # b\"\n";
        assert_eq!(render(&value), expected);
        assert_eq!(crate::yaml::parse(expected).unwrap().value["a"], value["a"]);
        assert_eq!(render(&json!([])), "[]\n");
    }
}
