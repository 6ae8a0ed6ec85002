//! JSON schemas, as far as the vendors' rules for them differ (case 60).

use super::loss::Loss;
use super::request::ToolDecl;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Where schemas lie within a schema: under these names, one each, …
const SINGLE: [&str; 3] = ["items", "additionalProperties", "not"];
/// … a list of them, …
const LISTS: [&str; 4] = ["anyOf", "allOf", "oneOf", "prefixItems"];
/// … or an object of them by names.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];

/// The schemas directly within `schema`.
fn within(schema: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let single = SINGLE.iter().filter_map(|name| schema.get(*name));
    let lists = LISTS.iter().filter_map(|name| schema.get(*name)?.as_array()).flatten();
    let named = NAMED.iter().filter_map(|name| schema.get(*name)?.as_object()).flat_map(Map::values);
    single.chain(lists).chain(named)
}

fn is_object_schema(schema: &Map<String, Value>) -> bool {
    schema.contains_key("properties")
        || schema.get("type").is_some_and(|kind| kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&json!("object"))))
}

/// Whether OpenAI takes `schema` as a strict one: every object closed, and every member of it required.
pub(super) fn fits_strict(schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return true };
    if is_object_schema(schema) {
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &String| required.is_some_and(|required| required.iter().any(|one| one == name));
        let members = schema.get("properties").and_then(Value::as_object);
        let is_fit = schema.get("additionalProperties") == Some(&Value::Bool(false)) && members.is_none_or(|members| members.keys().all(is_required));
        if !is_fit {
            return false;
        }
    }
    within(schema).all(fits_strict)
}

/// Bounds that Anthropic's decoding cannot hold: a schema with one of them is refused. After the JSON schema limitations in
/// https://platform.claude.com/docs/en/build-with-claude/structured-outputs; Bedrock's are the same.
const BOUNDS: [&str; 12] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "contains",
];
/// The formats of texts that it holds.
const FORMATS: [&str; 10] = ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Why a schema comes out of [`held`] as another one.
pub(super) const HELD: &str =
    "objects have no other members than those of the schema there, and bounds of numbers, texts and lists are words of its descriptions";

/// `schema` as Anthropic takes it where answers are held to it: every object closed, and what it cannot hold said in the descriptions,
/// as the vendor's own SDKs do; and whether it had to be changed.
pub(super) fn held(schema: &Value) -> (Cow<'_, Value>, bool) {
    if is_held(schema) {
        return (Cow::Borrowed(schema), false);
    }
    let mut held = schema.clone();
    hold(&mut held);
    (Cow::Owned(held), true)
}

fn is_held(schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return true };
    let is_closed = !is_object_schema(schema) || schema.get("additionalProperties") == Some(&Value::Bool(false));
    is_closed && !has_bare_choice(schema) && !schema.iter().any(|(name, value)| is_beyond(name, value)) && within(schema).all(is_held)
}

/// Whether one of several schemas is to hold, which can be said as any of them.
fn has_bare_choice(schema: &Map<String, Value>) -> bool {
    schema.contains_key("oneOf") && !schema.contains_key("anyOf")
}

/// Whether a member of a schema says what cannot be held.
fn is_beyond(name: &str, value: &Value) -> bool {
    match name {
        "minItems" => value.as_u64().is_none_or(|least| least > 1),
        "format" => value.as_str().is_none_or(|format| !FORMATS.contains(&format)),
        _ => BOUNDS.contains(&name),
    }
}

fn hold(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    if is_object_schema(schema) {
        schema.insert("additionalProperties".into(), Value::Bool(false));
    }
    if has_bare_choice(schema) {
        let choices = schema.shift_remove("oneOf").unwrap_or_default();
        schema.insert("anyOf".into(), choices);
    }
    let beyond: Vec<String> = schema.iter().filter(|(name, value)| is_beyond(name, value)).map(|(name, _)| name.clone()).collect();
    let words: Vec<String> = beyond.iter().filter_map(|name| Some(format!("{name}: {}", schema.shift_remove(name)?))).collect();
    if !words.is_empty() {
        let words = format!("{{{}}}", words.join(", "));
        let description = schema.get("description").and_then(Value::as_str).map_or(words.clone(), |said| format!("{said}\n\n{words}"));
        schema.insert("description".into(), description.into());
    }
    for (name, value) in schema {
        match value {
            value if SINGLE.contains(&name.as_str()) => hold(value),
            Value::Array(inner) if LISTS.contains(&name.as_str()) => inner.iter_mut().for_each(hold),
            Value::Object(inner) if NAMED.contains(&name.as_str()) => inner.values_mut().for_each(hold),
            _ => {}
        }
    }
}

/// The schema of a tool's input as Anthropic takes it: always of type `object`.
pub(super) fn input_schema(schema: Option<&Value>) -> Cow<'_, Value> {
    match schema {
        None => Cow::Owned(json!({ "type": "object", "properties": {} })),
        Some(schema) if schema.get("type").is_some() => Cow::Borrowed(schema),
        Some(schema) => {
            let mut typed = Map::from_iter([("type".to_owned(), json!("object"))]);
            typed.extend(schema.as_object().cloned().unwrap_or_default());
            Cow::Owned(typed.into())
        }
    }
}

/// As [`input_schema`]; calls of a strict tool are [`held`] to it.
pub(super) fn tool_schema<'a>(tool: &'a ToolDecl, loss: &mut Loss) -> Cow<'a, Value> {
    let mut schema = input_schema(tool.schema.as_ref());
    if tool.strict == Some(true) && !is_held(&schema) {
        loss.approximated(&tool.place, HELD);
        hold(schema.to_mut());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(additional: &Value, required: &Value) -> Value {
        json!({ "type": "object", "additionalProperties": false, "required": ["list"], "properties": {
            "list": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "string" } }, "required": required, "additionalProperties": additional } },
        } })
    }

    #[test]
    fn case_60_a_strict_schema_has_closed_objects_with_every_member_required_at_any_depth() {
        assert!(fits_strict(&nested(&json!(false), &json!(["a"]))));
        assert!(!fits_strict(&nested(&json!(false), &json!([]))));
        assert!(!fits_strict(&nested(&json!(true), &json!(["a"]))));
        assert!(!fits_strict(&json!({ "type": "object" })));
        assert!(fits_strict(&json!({ "type": ["string", "null"] })));
        assert!(!fits_strict(&json!({ "anyOf": [{ "type": ["object", "null"], "properties": { "b": {} } }] })));
    }

    #[test]
    fn case_60_objects_are_closed_and_nothing_else_is_changed() {
        let open = nested(&json!({ "type": "string" }), &json!([]));
        let (closed, changed) = held(&open);
        assert!(changed && is_held(&closed));
        assert_eq!(*closed, nested(&json!(false), &json!([])));
        assert!(!held(&closed).1);
        assert_eq!(*input_schema(Some(&json!({ "properties": {} }))), json!({ "type": "object", "properties": {} }));
    }

    #[test]
    fn case_60_bounds_that_cannot_be_held_are_words_of_the_description() {
        let bounded = json!({ "type": "object", "additionalProperties": false, "properties": {
            "n": { "type": "integer", "minimum": 1, "maximum": 9, "description": "How many." },
            "mail": { "type": "string", "format": "email", "pattern": "@" },
            "code": { "type": "string", "format": "regex", "maxLength": 4 },
            "list": { "type": "array", "minItems": 1, "items": { "oneOf": [{ "type": "number", "multipleOf": 0.5 }, { "type": "null" }] } },
            "many": { "type": "array", "minItems": 2, "items": {} },
        } });
        let (schema, changed) = held(&bounded);
        let wanted = json!({ "type": "object", "additionalProperties": false, "properties": {
            "n": { "type": "integer", "description": "How many.\n\n{minimum: 1, maximum: 9}" },
            "mail": { "type": "string", "format": "email", "pattern": "@" },
            "code": { "type": "string", "description": "{format: \"regex\", maxLength: 4}" },
            "list": { "type": "array", "minItems": 1, "items": { "anyOf": [{ "type": "number", "description": "{multipleOf: 0.5}" }, { "type": "null" }] } },
            "many": { "type": "array", "items": {}, "description": "{minItems: 2}" },
        } });
        assert_eq!((&*schema, changed, held(&schema).1), (&wanted, true, false));
    }
}
