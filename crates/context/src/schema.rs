//! JSON Schemas that validate: offline, with places, in the order of the text.

use jsonschema::Validator;
use serde_json::Value;

/// The most faults that are told of one value.
const FAULTS_MAX: usize = 20;

/// A fault of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The JSON Pointer to what is wrong; empty for the whole.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
}

/// A compiled schema.
#[derive(Clone, Debug)]
pub struct Schema {
    validator: Validator,
}

impl Schema {
    /// Compiles `schema`. What it refers to must be within it: nothing is fetched.
    ///
    /// # Errors
    /// What cannot be read, with its place in the schema.
    pub fn new(schema: &Value) -> Result<Self, String> {
        let built = jsonschema::options().offline().should_validate_formats(true).should_ignore_unknown_formats(true).build(schema);
        built.map(|validator| Self { validator }).map_err(|error| {
            let at = error.instance_path().to_string();
            if at.is_empty() { error.to_string() } else { format!("{at}: {error}") }
        })
    }

    /// What is wrong with `value`, at most 20 faults.
    #[must_use]
    pub fn faults(&self, value: &Value) -> Vec<SchemaFault> {
        let fault = |error: jsonschema::ValidationError<'_>| SchemaFault { pointer: error.instance_path().to_string(), message: error.to_string() };
        self.validator.iter_errors(value).take(FAULTS_MAX).map(fault).collect()
    }
}

/// The JSON in an answer: the whole text, or what stands in its only fence.
///
/// # Errors
/// Why it cannot be read, with line and column.
pub fn read_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(unfenced(text)).map_err(|error| format!("it is no JSON: {error}"))
}

/// What a structured file holds: TOML and YAML by the end of its name, JSON for all else.
///
/// # Errors
/// Why it cannot be read, with its line.
pub fn read_file(path: &str, text: &str) -> Result<Value, String> {
    match crate::tree::file_name(path).rsplit_once('.').map_or("", |(_, end)| end) {
        "toml" => crate::toml_values::parse(text).map(|read| read.value).map_err(|why| format!("it is no TOML: {why}")),
        "yaml" | "yml" => crate::yaml::parse(text).map(|read| read.value).map_err(|why| format!("it is no YAML: {why}")),
        _ => read_json(text),
    }
}

fn unfenced(text: &str) -> &str {
    let trimmed = text.trim();
    let Some(inside) = trimmed.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return trimmed };
    match inside.split_once('\n') {
        Some((mark, body)) if !body.contains("```") && mark.trim().bytes().all(|byte| byte.is_ascii_alphanumeric()) => body.trim(),
        _ => trimmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn faults_have_places() {
        let schema = Schema::new(&json!({"type": "object", "properties": {"days": {"type": "integer", "maximum": 30}}, "required": ["days"]})).unwrap();
        let check = |value: Value, expected: &[&str]| {
            let found: Vec<String> = schema.faults(&value).into_iter().map(|fault| fault.pointer).collect();
            assert_eq!(found, expected, "{value}");
        };
        check(json!({"days": 14}), &[]);
        check(json!({"days": 45}), &["/days"]);
        check(json!({}), &[""]);
    }

    #[test]
    fn what_is_no_schema_is_told_and_nothing_is_fetched() {
        assert!(Schema::new(&json!({"type": "nonsense"})).is_err());
        assert!(Schema::new(&json!({"$ref": "https://example.com/other.json"})).is_err());
    }

    #[test]
    fn json_with_and_without_fence() {
        let check = |text: &str, expected: Option<Value>| assert_eq!(read_json(text).ok(), expected, "{text}");
        check(" {\"a\":1}\n", Some(json!({"a": 1})));
        check("```json\n{\"a\":1}\n```", Some(json!({"a": 1})));
        check("```\n[1]\n```", Some(json!([1])));
        check("Here it is: {}", None);
    }
}
