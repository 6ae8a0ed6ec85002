//! JSON schemas, as far as the vendors' rules for them differ (case 60).

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

/// `schema` with every object closed, as Anthropic demands it of the schema of an answer, and whether it had to be changed.
pub(super) fn closed(schema: &Value) -> (Cow<'_, Value>, bool) {
    if is_closed(schema) {
        return (Cow::Borrowed(schema), false);
    }
    let mut closed = schema.clone();
    close(&mut closed);
    (Cow::Owned(closed), true)
}

fn is_closed(schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return true };
    (!is_object_schema(schema) || schema.get("additionalProperties") == Some(&Value::Bool(false))) && within(schema).all(is_closed)
}

fn close(schema: &mut Value) {
    let Value::Object(schema) = schema else { return };
    if is_object_schema(schema) {
        schema.insert("additionalProperties".into(), Value::Bool(false));
    }
    for (name, value) in schema {
        match value {
            value if SINGLE.contains(&name.as_str()) => close(value),
            Value::Array(inner) if LISTS.contains(&name.as_str()) => inner.iter_mut().for_each(close),
            Value::Object(inner) if NAMED.contains(&name.as_str()) => inner.values_mut().for_each(close),
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
        let (closed_schema, changed) = closed(&open);
        assert!(changed && is_closed(&closed_schema));
        assert_eq!(*closed_schema, nested(&json!(false), &json!([])));
        assert!(!closed(&closed_schema).1);
        assert_eq!(*input_schema(Some(&json!({ "properties": {} }))), json!({ "type": "object", "properties": {} }));
    }
}
