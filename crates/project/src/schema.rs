//! The JSON Schema of `jeton.toml`, for editors.

use crate::describe::{DESCRIPTION, Definition, Fallback, Kind};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of `jeton.toml`, made from the same description that the reader follows.
/// It cannot say everything: checks across settings are the reader's alone.
#[must_use]
pub fn schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jeton.toml",
        "description": "Configuration of Jeton. Everything is optional.",
    });
    extend(&mut schema, table(""));
    schema["$defs"] = json!({ "secret": secret() });
    schema
}

fn extend(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

/// A table whose keys are described under `pattern`.
fn table(pattern: &str) -> Value {
    let properties: Map<String, Value> = DESCRIPTION.children(pattern).iter().map(|definition| (definition.leaf().to_owned(), property(definition))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn property(definition: &Definition) -> Value {
    let mut schema = shape(definition);
    schema["description"] = json!(definition.doc);
    match definition.fallback {
        Fallback::Text(text) => schema["default"] = json!(text),
        Fallback::Whole(number) => schema["default"] = json!(number),
        Fallback::Flag(flag) => schema["default"] = json!(flag),
        Fallback::Words(words) => schema["default"] = json!(words),
        Fallback::Empty => {}
        Fallback::Unset(what) => schema["$comment"] = json!(format!("Default: {what}.")),
    }
    schema
}

fn shape(definition: &Definition) -> Value {
    match definition.kind {
        Kind::Section => table(definition.path),
        Kind::Named(_) => json!({ "type": "object", "additionalProperties": table(&format!("{}.*", definition.path)) }),
        Kind::Rules => {
            let mut rule = table(definition.path);
            rule["minProperties"] = json!(1);
            json!({ "anyOf": [rule.clone(), { "type": "array", "items": rule }] })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Usd | Kind::Rate => json!({ "type": "number", "minimum": 0 }),
        Kind::Fraction { most } => json!({ "type": "number", "minimum": 0, "maximum": most }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Choices(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
        Kind::FlagOr(words) => {
            let values: Vec<Value> = [true, false].into_iter().map(Value::from).chain(words.iter().map(|&word| word.into())).collect();
            json!({ "enum": values })
        }
        Kind::Text(_) => json!({ "type": "string", "minLength": 1 }),
        Kind::Texts(_) => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
        Kind::Secret => json!({ "$ref": "#/$defs/secret" }),
        Kind::Headers => json!({ "type": "object", "additionalProperties": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }] } }),
        Kind::UnknownPrice => json!({ "anyOf": [
            { "const": "refuse" },
            { "type": "object", "additionalProperties": false, "required": ["usd_per_million_tokens"], "properties": { "usd_per_million_tokens": { "type": "number", "minimum": 0 } } },
        ] }),
        Kind::Query => json!({ "anyOf": [{ "const": "last_user" }, one_text("header"), one_text("text")] }),
        Kind::Json => json!({ "type": "object" }),
    }
}

/// A table that holds nothing but the text `key`.
fn one_text(key: &str) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": [key], "properties": { key: { "type": "string", "minLength": 1 } } })
}

fn secret() -> Value {
    json!({
        "description": "Where a secret is kept: an environment variable, or a file that holds nothing else. Never the secret itself.",
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": { "env": { "type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }, "file": { "type": "string", "minLength": 1 } },
    })
}
