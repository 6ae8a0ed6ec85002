//! Google's own form of a schema (a subset of OpenAPI 3.0) as a JSON Schema.

use serde_json::{Map, Value, json};

/// Members by their names with underscores, which Google's JSON takes as well.
const RENAMED: [(&str, &str); 10] = [
    ("any_of", "anyOf"),
    ("max_items", "maxItems"),
    ("min_items", "minItems"),
    ("max_length", "maxLength"),
    ("min_length", "minLength"),
    ("max_properties", "maxProperties"),
    ("min_properties", "minProperties"),
    ("property_ordering", "propertyOrdering"),
    ("additional_properties", "additionalProperties"),
    ("prefix_items", "prefixItems"),
];

/// Counts, which Google's JSON may write as texts because they are 64 bits wide.
const COUNTS: [&str; 6] = ["maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties"];

/// The schema in the words of JSON Schema: types in lower case, `nullable` as a type of its own. What both know stays.
pub(super) fn json_schema(schema: Value) -> Value {
    let Value::Object(members) = schema else { return schema };
    let mut read = Map::new();
    let mut nullable = false;
    for (name, value) in members {
        let name = RENAMED.iter().find(|(snake, _)| *snake == name).map_or(name.as_str(), |(_, camel)| camel).to_owned();
        let value = match (name.as_str(), value) {
            ("type", Value::String(word)) if word == "TYPE_UNSPECIFIED" => continue,
            ("type", Value::String(word)) => word.to_ascii_lowercase().into(),
            ("nullable", Value::Bool(flag)) => {
                nullable = flag;
                continue;
            }
            ("items" | "additionalProperties", inner) => json_schema(inner),
            ("anyOf" | "prefixItems", Value::Array(inner)) => inner.into_iter().map(json_schema).collect(),
            ("properties", Value::Object(inner)) => inner.into_iter().map(|(name, inner)| (name, json_schema(inner))).collect::<Map<_, _>>().into(),
            (count, Value::String(digits)) if COUNTS.contains(&count) => digits.parse::<u64>().map_or(Value::String(digits), Value::from),
            (_, other) => other,
        };
        read.insert(name, value);
    }
    if nullable {
        make_nullable(&mut read);
    }
    Value::Object(read)
}

fn make_nullable(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    } else if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.push(json!({ "type": "null" }));
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn googles_schemas_are_json_schemas_in_other_words() {
        let google = json!({ "type": "OBJECT", "propertyOrdering": ["a"], "required": ["a"], "properties": {
            "a": { "type": "STRING", "enum": ["x"], "nullable": true },
            "nullable": { "type": "ARRAY", "min_items": "1", "items": { "any_of": [{ "type": "INTEGER", "format": "int32" }], "nullable": true } },
            "type": { "type": "TYPE_UNSPECIFIED" },
        } });
        let plain = json!({ "type": "object", "propertyOrdering": ["a"], "required": ["a"], "properties": {
            "a": { "type": ["string", "null"], "enum": ["x", null] },
            "nullable": { "type": "array", "minItems": 1, "items": { "anyOf": [{ "type": "integer", "format": "int32" }, { "type": "null" }] } },
            "type": {},
        } });
        assert_eq!(json_schema(google), plain);
        assert_eq!(json_schema(plain.clone()), plain);
    }
}
