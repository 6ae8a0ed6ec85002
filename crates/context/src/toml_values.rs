//! TOML as JSON values with lines.

use crate::located::{LineMap, Lines, Located, Unreadable, below};
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How many parts a dotted key may have.
const KEY_PARTS_MAX: usize = 64;

/// Reads a TOML document. Dates and times become texts.
///
/// # Errors
/// Where the text is no TOML.
pub fn parse(text: &str) -> Result<Located, Unreadable> {
    if let Some(at) = text.lines().position(|line| key_parts(line) > KEY_PARTS_MAX) {
        return Err(Unreadable { line: u32::try_from(at + 1).unwrap_or(u32::MAX), message: format!("a key has more than {KEY_PARTS_MAX} parts") });
    }
    let index = Lines::of(text);
    let table = DeTable::parse(text)
        .map_err(|error| Unreadable { line: error.span().map_or(1, |span| index.line(span.start)), message: error.message().trim().replace('\n', ", ") })?;
    let mut lines = LineMap::default();
    lines.put("", 1);
    let value = convert_table(table.get_ref(), "", &index, &mut lines);
    Ok(Located::new(value, lines))
}

/// Parts of the key with which a line may begin. Each part is a level, and levels are read by a function that calls itself.
fn key_parts(line: &str) -> usize {
    let of_key = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'"' | b'\'' | b' ' | b'\t' | b'[' | b'{');
    line.bytes().take_while(of_key).filter(|&b| b == b'.').count() + 1
}

fn convert_table(table: &DeTable<'_>, pointer: &str, index: &Lines, lines: &mut LineMap) -> Value {
    // Tables come sorted by name; here they are put in the order of the file.
    let mut entries: Vec<(&Spanned<_>, &Spanned<DeValue<'_>>)> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let mut map = Map::new();
    for (key, value) in entries {
        let name = key.get_ref().to_string();
        let inside = below(pointer, &name);
        lines.put(&inside, index.line(key.span().start));
        map.insert(name, convert(value, &inside, index, lines));
    }
    Value::Object(map)
}

fn convert(value: &Spanned<DeValue<'_>>, pointer: &str, index: &Lines, lines: &mut LineMap) -> Value {
    match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => integer(number.as_str(), number.radix()),
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => {
            let convert_item = |(at, item): (usize, &Spanned<DeValue<'_>>)| {
                let inside = below(pointer, &at.to_string());
                lines.put(&inside, index.line(item.span().start));
                convert(item, &inside, index, lines)
            };
            items.iter().enumerate().map(convert_item).collect()
        }
        DeValue::Table(table) => convert_table(table, pointer, index, lines),
    }
}

fn integer(text: &str, radix: u32) -> Value {
    i64::from_str_radix(&text.replace('_', ""), radix).map_or_else(|_| Value::String(text.to_owned()), |number| Value::Number(number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_and_their_lines() {
        let read = parse("a = 1\n[b]\nc = [\"x\",\n \"y\"]\nd = 2026-01-02\n\n[[rule]]\nid = \"r\"\n[[rule]]\nid = \"s\"\nx = 0x1f\nf = 1_0.5\n").unwrap();
        let rules = json!([{"id": "r"}, {"id": "s", "x": 31, "f": 10.5}]);
        assert_eq!(read.value, json!({"a": 1, "b": {"c": ["x", "y"], "d": "2026-01-02"}, "rule": rules}));
        assert_eq!(["/b/c/1", "/b/d", "/rule/0", "/rule/1", "/rule/1/id"].map(|pointer| read.line(pointer)), [4, 5, 7, 9, 10]);
    }

    #[test]
    fn mistakes_have_lines() {
        assert_eq!(parse("a = 1\nb = \n").map_err(|error| error.line), Err(2));
        assert!(parse(&format!("{}a = 1", "a.".repeat(100_000))).is_err());
        assert!(parse(&format!("a = {}", "[".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~\n\t\"'é]{0,200}") {
            let _ = parse(&text);
        }
    }
}
