//! YAML as JSON values with lines. Nothing in it can name a type, run or read anything; aliases and nesting are bounded.

use crate::located::{LineMap, Located, Unreadable, below};
use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use serde_json::{Map, Number, Value};

/// How deep a document may nest.
const DEPTH_MAX: usize = 200;

/// Reads the first document of `text`; an empty one is `null`.
///
/// # Errors
/// Where the text is no YAML, a key stands twice, or it nests deeper than anybody writes.
pub fn parse(text: &str) -> Result<Located, Unreadable> {
    if let Some(line) = too_deep(text) {
        return Err(Unreadable { line, message: format!("it nests deeper than {DEPTH_MAX} levels") });
    }
    let documents = MarkedYaml::load_from_str(text).map_err(|error| fault(&error))?;
    let mut lines = LineMap::default();
    let value = match documents.first() {
        Some(document) => convert(document, "", &mut lines),
        None => Value::Null,
    };
    Ok(Located::new(value, lines))
}

fn fault(error: &saphyr::ScanError) -> Unreadable {
    Unreadable { line: line_of(error.marker().line()), message: error.info().to_owned() }
}

fn line_of(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

/// The first line whose beginning opens too many levels. The reader of YAML calls itself for each level, and would end the process.
fn too_deep(text: &str) -> Option<u32> {
    let opens = |line: &str| line.bytes().take_while(|b| matches!(b, b' ' | b'\t' | b'-' | b'?' | b':')).count() > 2 * DEPTH_MAX;
    text.lines().position(opens).map(|at| line_of(at + 1))
}

fn convert(node: &MarkedYaml<'_>, pointer: &str, lines: &mut LineMap) -> Value {
    lines.put_first(pointer, line_of(node.span.start.line()));
    match &node.data {
        YamlData::Value(scalar) => scalar_value(scalar),
        YamlData::Representation(text, ..) => Value::String(text.to_string()),
        YamlData::Sequence(items) => items.iter().enumerate().map(|(at, item)| convert(item, &below(pointer, &at.to_string()), lines)).collect(),
        YamlData::Mapping(entries) => {
            let mut map = Map::new();
            for (key, item) in entries {
                let name = key_name(key);
                let inside = below(pointer, &name);
                lines.put(&inside, line_of(key.span.start.line()));
                map.insert(name, convert(item, &inside, lines));
            }
            Value::Object(map)
        }
        YamlData::Tagged(_, inner) => convert(inner, pointer, lines),
        YamlData::Alias(_) | YamlData::BadValue => Value::Null,
    }
}

fn scalar_value(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(flag) => Value::Bool(*flag),
        Scalar::Integer(number) => Value::Number((*number).into()),
        Scalar::FloatingPoint(number) => Number::from_f64(number.into_inner()).map_or(Value::Null, Value::Number),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

fn key_name(key: &MarkedYaml<'_>) -> String {
    match &key.data {
        YamlData::Value(scalar) => match scalar_value(scalar) {
            Value::String(text) => text,
            Value::Null => "null".to_owned(),
            other => other.to_string(),
        },
        YamlData::Tagged(_, inner) => key_name(inner),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(text: &str, expected: Value) {
        assert_eq!(parse(text).map(|read| read.value).unwrap_or(Value::Null), expected, "{text}");
    }

    #[test]
    fn values_and_their_lines() {
        check("a: 1\nb: [x, 'y', true]\n", json!({"a": 1, "b": ["x", "y", true]}));
        check("a: &x {k: 1.5}\nb: *x\n", json!({"a": {"k": 1.5}, "b": {"k": 1.5}}));
        check("200:\n  d: ~\n", json!({"200": {"d": null}}));
        check("", Value::Null);
        let read = parse("a:\n  b:\n    - x\n    - y\nc/d: 2\n").unwrap();
        assert_eq!(["/a", "/a/b", "/a/b/1", "/c~1d"].map(|pointer| read.line(pointer)), [1, 2, 4, 5]);
    }

    #[test]
    fn mistakes_have_lines() {
        assert_eq!(parse("a: 1\nb: [").map_err(|error| error.line > 1), Err(true));
        assert_eq!(parse("a: 1\na: 2\n").map_err(|error| error.line), Err(2));
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        let deep: String = (0..5_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert!(parse(&deep).is_err());
    }

    #[test]
    fn aliases_of_aliases_end() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            text += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
        }
        assert!(parse(&text).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n\t\"'&*!|>%@`é]{0,200}") {
            let _ = parse(&text);
        }
    }
}
