//! Facts at their source: the value that a pointer or a regular expression finds in a file.

use crate::tree::Tree;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

/// The largest program that a pointer's regular expression may compile to, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// The value that `pointer` finds in the file at `path`, as it is written in a sentence.
///
/// A pointer is a JSON Pointer into JSON, TOML or YAML, or `re:` and a regular expression whose first group, or else the whole match, is the value.
///
/// # Errors
/// Why there is none: no such file, nothing at the pointer, or a whole table or list there.
pub fn value(tree: &dyn Tree, path: &str, pointer: &str) -> Result<String, String> {
    let text = tree.text(path).map_err(|error| format!("`{path}` cannot be read: {error}"))?;
    if let Some(pattern) = pointer.strip_prefix("re:") {
        let built = regex::RegexBuilder::new(pattern).multi_line(true).size_limit(REGEX_BYTES_MAX).build();
        let pattern = built.map_err(|error| format!("its regular expression cannot be read: {}", error.to_string().lines().last().unwrap_or_default()))?;
        let captures = pattern.captures(&text).ok_or_else(|| format!("nothing in `{path}` matches `{pattern}`"))?;
        return Ok(captures.get(1).or_else(|| captures.get(0)).map_or("", |found| found.as_str()).trim().to_owned());
    }
    let whole = read(path, &text).map_err(|why| format!("`{path}` cannot be read: {why}"))?;
    let found = whole.pointer(pointer).ok_or_else(|| format!("`{path}` has nothing at `{pointer}`"))?;
    match found {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(found.to_string()),
        Value::Null => Err(format!("`{path}` has null at `{pointer}`")),
        Value::Array(_) | Value::Object(_) => Err(format!("`{path}` has more than one value at `{pointer}`")),
    }
}

/// What a structured file holds: TOML and YAML by the end of the name, JSON for all else.
///
/// # Errors
/// Why it cannot be read, with its line.
pub fn read(path: &str, text: &str) -> Result<Value, String> {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "toml" => text.parse::<toml::Table>().map(|table| of_toml(toml::Value::Table(table))).map_err(|error| format!("it is no TOML: {}", one_line(&error))),
        "yaml" | "yml" => {
            let documents = Yaml::load_from_str(text).map_err(|error| format!("it is no YAML: {error}"))?;
            documents.first().map_or(Ok(Value::Null), |document| Ok(of_yaml(document)))
        }
        _ => crate::schema::read_json(text),
    }
}

fn one_line(error: &toml::de::Error) -> String {
    error.message().lines().next().unwrap_or_default().to_owned()
}

fn of_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(is) => Value::Bool(is),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(of_toml).collect(),
        toml::Value::Table(table) => Value::Object(table.into_iter().map(|(name, value)| (name, of_toml(value))).collect()),
    }
}

fn of_yaml(value: &Yaml<'_>) -> Value {
    match value {
        Yaml::Value(Scalar::Null) | Yaml::Alias(_) | Yaml::BadValue => Value::Null,
        Yaml::Value(Scalar::Boolean(is)) => Value::Bool(*is),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) | Yaml::Representation(text, ..) => Value::String(text.to_string()),
        Yaml::Sequence(items) => items.iter().map(of_yaml).collect(),
        Yaml::Mapping(map) => Value::Object(map.iter().map(|(name, value)| (key(name), of_yaml(value))).collect()),
        Yaml::Tagged(_, inner) => of_yaml(inner),
    }
}

fn key(name: &Yaml<'_>) -> String {
    match of_yaml(name) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn check(path: &str, text: &str, pointer: &str, expected: Result<&str, &str>) {
        let found = value(&MemoryTree::new([(path, text)]), path, pointer);
        match (expected, &found) {
            (Ok(value), Ok(found)) => assert_eq!(found, value, "{pointer}"),
            (Err(part), Err(why)) => assert!(why.contains(part), "{pointer}: {why}"),
            _ => panic!("{pointer}: {found:?}"),
        }
    }

    #[test]
    fn values_of_structured_files() {
        check("p.toml", "[refund]\ndays = 30\nfrom = 2026-01-01\n", "/refund/days", Ok("30"));
        check("p.toml", "[refund]\ndays = 30\nfrom = 2026-01-01\n", "/refund/from", Ok("2026-01-01"));
        check("p.yaml", "refund:\n  fee: 2.5\n  who: [shop, maker]\n", "/refund/fee", Ok("2.5"));
        check("p.yml", "refund:\n  who: [shop, maker]\n", "/refund/who/1", Ok("maker"));
        check("p.json", "{\"a\":{\"b\":true}}", "/a/b", Ok("true"));
        check("p.json", "{\"a\":{\"b\":true}}", "/a", Err("more than one value"));
        check("p.json", "{\"a\":null}", "/a", Err("null"));
        check("p.json", "{\"a\":1}", "/c", Err("nothing at `/c`"));
        check("p.json", "{", "/c", Err("no JSON"));
        check("p.toml", "a = ", "/c", Err("no TOML"));
    }

    #[test]
    fn values_by_regular_expression() {
        check("a.rs", "const DAYS: u32 = 30;\n", "re:DAYS: u32 = (\\d+)", Ok("30"));
        check("a.rs", "const DAYS: u32 = 30;\n", "re:HOURS", Err("matches"));
        check("a.rs", "", "re:(", Err("cannot be read"));
        check("a.rs", "30\n", "re:^\\d+$", Ok("30"));
    }
}
