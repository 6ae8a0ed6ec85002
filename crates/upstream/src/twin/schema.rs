//! A small value that fits a JSON Schema: what a twin puts into tool arguments and structured output.

use serde_json::{Map, Value, json};

/// References and nested alternatives are followed so deep; recursive schemas end there.
const DEPTH_MOST: usize = 32;

/// A small instance of `schema`: required members only, the first alternative, the least allowed size. Follows `$ref` within the schema,
/// `const`, `enum`, `default`, `anyOf`, `oneOf`, `allOf`, bounds of numbers and lengths, and common formats; not `pattern`, `if` and `not`.
pub(super) fn minimal_instance(schema: &Value) -> Value {
    instance(schema, schema, DEPTH_MOST)
}

fn instance(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(target) = schema["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)) {
        return instance(target, root, depth);
    }
    if let Some(fixed) = schema.get("const").or_else(|| schema["enum"].get(0)).or_else(|| schema.get("default")) {
        return fixed.clone();
    }
    if let Some(all) = schema["allOf"].as_array() {
        return instance(&merged(schema, all, root), root, depth);
    }
    if let Some(first) = ["anyOf", "oneOf"].iter().find_map(|name| schema[*name].as_array()).and_then(|list| best_of(list)) {
        return instance(first, root, depth);
    }
    match type_of(schema) {
        "object" => object(schema, root, depth),
        "array" => array(schema, root, depth),
        "integer" => number(schema, true),
        "number" => number(schema, false),
        "boolean" => false.into(),
        "null" => Value::Null,
        _ => text(schema).into(),
    }
}

/// The first alternative that is not `null`.
fn best_of(list: &[Value]) -> Option<&Value> {
    list.iter().find(|schema| schema["type"] != "null").or_else(|| list.first())
}

/// The schema's first type other than `null`; guessed from its members where it names none.
fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null"),
        _ if schema.get("properties").is_some() => "object",
        _ if schema.get("items").is_some() => "array",
        _ => "string",
    }
}

/// The schema with all of `all` put into it: members and what is required are joined, the rest is replaced.
fn merged(schema: &Value, all: &[Value], root: &Value) -> Value {
    let mut whole = schema.as_object().cloned().unwrap_or_default();
    whole.remove("allOf");
    for part in all {
        let part = part["$ref"].as_str().and_then(|path| root.pointer(path.strip_prefix('#')?)).unwrap_or(part);
        for (name, value) in part.as_object().into_iter().flatten() {
            match (whole.get_mut(name), value) {
                (Some(Value::Object(known)), Value::Object(more)) => known.extend(more.clone()),
                (Some(Value::Array(known)), Value::Array(more)) => known.extend(more.iter().cloned()),
                _ => {
                    whole.insert(name.clone(), value.clone());
                }
            }
        }
    }
    whole.into()
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let mut members = Map::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        members.insert(name.to_owned(), instance(&schema["properties"][name], root, depth));
    }
    members.into()
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    // A schema may ask for millions; nobody needs them from a twin.
    let least = usize::try_from(schema["minItems"].as_u64().unwrap_or(0)).unwrap_or(0).min(64);
    let fixed = schema["prefixItems"].as_array();
    (0..least).map(|place| instance(fixed.and_then(|list| list.get(place)).unwrap_or(&schema["items"]), root, depth)).collect()
}

/// Zero, or the allowed number that is nearest above the lower (else below the upper) bound.
fn number(schema: &Value, whole: bool) -> Value {
    let bound = |name: &str| schema[name].as_f64();
    let step = bound("multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let low = bound("minimum")
        .into_iter()
        .chain(bound("exclusiveMinimum").map(|low| low + if whole { 1.0 } else { step.min(0.5) }))
        .fold(f64::NEG_INFINITY, f64::max);
    let high =
        bound("maximum").into_iter().chain(bound("exclusiveMaximum").map(|high| high - if whole { 1.0 } else { step.min(0.5) })).fold(f64::INFINITY, f64::min);
    let wanted = 0.0_f64.max(low).min(high);
    let stepped = if whole || schema.get("multipleOf").is_some() {
        let above = (wanted / step).ceil() * step;
        if above > high { (wanted / step).floor() * step } else { above }
    } else {
        wanted
    };
    #[allow(clippy::cast_possible_truncation)]
    if whole { json!(stepped as i64) } else { json!(stepped) }
}

/// A text of the format, or of the least length.
fn text(schema: &Value) -> String {
    match schema["format"].as_str() {
        Some("date") => "2026-01-01".into(),
        Some("time") => "00:00:00Z".into(),
        Some("date-time") => "2026-01-01T00:00:00Z".into(),
        Some("duration") => "PT1S".into(),
        Some("email") => "name@example.com".into(),
        Some("hostname") => "example.com".into(),
        Some("ipv4") => "192.0.2.1".into(),
        Some("ipv6") => "2001:db8::1".into(),
        Some("uri" | "url" | "iri") => "https://example.com/".into(),
        Some("uuid") => "00000000-0000-4000-8000-000000000000".into(),
        _ => {
            let least = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap_or(0).min(10_000);
            let most = usize::try_from(schema["maxLength"].as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
            "text".chars().cycle().take(least.max(4).min(most.max(least))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schema: Value, expected: Value) {
        assert_eq!(minimal_instance(&schema), expected, "{schema}");
    }

    #[test]
    fn simple_types() {
        check(json!({ "type": "string" }), json!("text"));
        check(json!({ "type": "string", "minLength": 6 }), json!("textte"));
        check(json!({ "type": "string", "maxLength": 2 }), json!("te"));
        check(json!({ "type": "string", "format": "date" }), json!("2026-01-01"));
        check(json!({ "type": ["null", "boolean"] }), json!(false));
        check(json!({ "enum": ["b", "a"] }), json!("b"));
        check(json!({ "const": 5 }), json!(5));
        check(json!({}), json!("text"));
    }

    #[test]
    fn numbers_keep_their_bounds() {
        check(json!({ "type": "integer" }), json!(0));
        check(json!({ "type": "integer", "minimum": 7, "multipleOf": 5 }), json!(10));
        check(json!({ "type": "integer", "exclusiveMinimum": 0 }), json!(1));
        check(json!({ "type": "integer", "maximum": -3 }), json!(-3));
        check(json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }), json!(0.5));
        check(json!({ "type": "number", "minimum": 0.25 }), json!(0.25));
    }

    #[test]
    fn objects_hold_what_is_required_and_lists_the_least() {
        let schema = json!({
            "type": "object", "required": ["name", "tags"],
            "properties": { "name": { "type": "string" }, "age": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "boolean" }, "minItems": 2 } },
        });
        check(schema, json!({ "name": "text", "tags": [false, false] }));
    }

    #[test]
    fn alternatives_and_references() {
        check(json!({ "anyOf": [{ "type": "null" }, { "type": "integer" }] }), json!(0));
        check(json!({ "$ref": "#/$defs/a", "$defs": { "a": { "const": "x" } } }), json!("x"));
        let both = json!({ "allOf": [
            { "type": "object", "required": ["a"], "properties": { "a": { "const": 1 } } },
            { "required": ["b"], "properties": { "b": { "const": 2 } } },
        ] });
        check(both, json!({ "a": 1, "b": 2 }));
    }

    #[test]
    fn a_recursive_schema_ends() {
        let tree = json!({ "$ref": "#/$defs/node", "$defs": { "node": { "type": "object", "required": ["next"], "properties": { "next": { "$ref": "#/$defs/node" } } } } });
        assert!(minimal_instance(&tree)["next"]["next"].is_object());
    }
}
