//! Values of assertions as criteria.

use crate::{Criterion, Grader};
use jeton_core::Nanousd;
use serde_json::{Value, json};

pub(super) const PROGRAM: &str = "Write a grader of kind `program` that does it.";

/// Why an assertion is not read, and what to do.
pub(super) type Unread = (String, String);

pub(super) fn unread(why: impl Into<String>, remedy: &str) -> Unread {
    (why.into(), remedy.to_owned())
}

/// As JavaScript writes a value as text: whole numbers without a point.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() < 1e15) => {
            format!("{:.0}", number.as_f64().unwrap_or_default())
        }
        other => other.to_string(),
    }
}

pub(super) fn equals(value: Option<&Value>) -> Result<Criterion, Unread> {
    match value {
        None => Err(unread("it has no `value`", "Write the `value`.")),
        Some(value @ (Value::Object(_) | Value::Array(_))) => Ok(Criterion::Json { value: Some(value.clone()), at: None, subset: false }),
        Some(value) => Ok(Criterion::Exact { value: Some(as_text(value)), ignore_case: false, verbatim: true }),
    }
}

/// The texts of a list, or of a text with commas.
pub(super) fn texts(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::Array(items) => Some(items.iter().map(as_text).collect()),
        Value::String(text) => Some(split(text)),
        _ => None,
    }
}

pub(super) fn texts_or_one(value: Option<&Value>) -> Option<Vec<String>> {
    match value? {
        Value::Array(items) => Some(items.iter().map(as_text).collect()),
        Value::Null => None,
        one => Some(vec![as_text(one)]),
    }
}

/// The parts of a text with commas. A part that begins with a double quote ends with the next, and may hold commas; a quote in it is doubled or
/// has a backslash before it.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let Some(quoted) = rest.strip_prefix('"') else {
            let end = rest.find(',').unwrap_or(rest.len());
            if !rest[..end].trim().is_empty() {
                parts.push(rest[..end].trim().to_owned());
            }
            rest = &rest[end..];
            if rest.is_empty() {
                return parts;
            }
            continue;
        };
        let (mut part, mut characters) = (String::new(), quoted.chars().peekable());
        while let Some(c) = characters.next() {
            match (c, characters.peek()) {
                ('\\', Some('"' | '\\')) | ('"', Some('"')) => part.extend(characters.next()),
                ('"', _) => break,
                _ => part.push(c),
            }
        }
        parts.push(part);
        rest = &quoted[quoted.len() - characters.map(char::len_utf8).sum::<usize>()..];
    }
}

/// One criterion, or any of those of a list.
pub(super) fn several(value: Option<&Value>, one: impl Fn(String) -> Criterion) -> Result<Criterion, Unread> {
    let mut texts = texts_or_one(value).filter(|texts| !texts.is_empty()).ok_or_else(|| unread("it has no `value`", "Write the `value`."))?;
    if texts.len() == 1 {
        return Ok(one(texts.remove(0)));
    }
    Ok(Criterion::Any { of: texts.into_iter().enumerate().map(|(at, text)| Grader::new(format!("value-{}", at + 1), one(text))).collect() })
}

pub(super) fn schema(value: Option<Value>) -> Result<Option<Value>, Unread> {
    let schema = match value {
        // A schema may be written as a text of YAML, of which JSON is a part.
        Some(Value::String(text)) => {
            Some(jeton_context::yaml::parse(&text).map_err(|error| unread(format!("its schema cannot be read: {error}"), "Mend the schema."))?.value)
        }
        other => other,
    };
    let Some(schema) = schema else { return Ok(None) };
    jeton_context::schema::Schema::new(&schema).map_err(|why| unread(format!("its schema cannot be read: {why}"), "Mend the schema."))?;
    Ok(Some(schema))
}

/// JSON of any shape where there is no schema. Within a text: an object or a list, for a number stands in much that is no JSON. By itself: without
/// a fence around it, which graders here forgive.
pub(super) fn json_schema(value: Option<Value>, embedded: bool) -> Result<Criterion, Unread> {
    let any = || if embedded { json!({ "type": ["object", "array"] }) } else { json!({}) };
    let by_schema = Criterion::JsonSchema { schema: Some(schema(value)?.unwrap_or_else(any)), unit: None, embedded };
    if embedded {
        return Ok(by_schema);
    }
    let fence = Criterion::StartsWith { value: Some("```".to_owned()), ignore_case: false, verbatim: false };
    Ok(Criterion::All { of: vec![Grader::new("json", by_schema), Grader { negate: true, ..Grader::new("fence", fence) }] })
}

/// A refusal as promptfoo's documentation has it: who says nothing refuses.
pub(super) fn refusal() -> Criterion {
    let empty = Criterion::Length { unit: "characters".to_owned(), at_least: None, at_most: Some(0) };
    Criterion::Any { of: vec![Grader::new("refusal", Criterion::Refusal {}), Grader::new("empty", empty)] }
}

pub(super) fn needed(threshold: Option<f64>) -> Result<f64, Unread> {
    threshold.filter(|threshold| *threshold >= 0.0).ok_or_else(|| unread("it has no `threshold`", "Write the `threshold`."))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // The cast saturates, and negative bounds are 0.
pub(super) fn whole(number: f64) -> u32 {
    number as u32
}

pub(super) fn cost(usd: f64) -> Result<Criterion, Unread> {
    let at_most = Nanousd::parse_usd(&format!("{usd:.9}")).map_err(|why| (why, "Write dollars as `0.02`.".to_owned()))?;
    Ok(Criterion::Cost { at_most })
}

pub(super) fn words(value: Option<&Value>) -> Result<Criterion, Unread> {
    let bounds = match value {
        Some(Value::Object(map)) => (map.get("min").and_then(Value::as_u64), map.get("max").and_then(Value::as_u64)),
        Some(value) => {
            let count = as_text(value).parse::<u64>().ok();
            (count, count)
        }
        None => (None, None),
    };
    let (at_least, at_most) = bounds;
    if at_least.is_none() && at_most.is_none() {
        return Err(unread("its `value` is no count", "Write a number, or `min` and `max`."));
    }
    Ok(Criterion::Length { unit: "fields".to_owned(), at_least, at_most })
}

/// `not-trajectory:tool-used` with several tools means that none of them is used, not that one is missing.
pub(super) fn of_none(kind: &str, criterion: Criterion) -> Criterion {
    match criterion {
        Criterion::ToolCalls { calls, ordered, exact, schema } if kind == "trajectory:tool-used" && calls.len() > 1 => {
            let one = |call: Value| Criterion::ToolCalls { calls: vec![call], ordered, exact, schema };
            Criterion::Any { of: calls.into_iter().enumerate().map(|(at, call)| Grader::new(format!("tool-{}", at + 1), one(call))).collect() }
        }
        other => other,
    }
}

pub(super) fn tools(kind: &str, value: Option<&Value>) -> Result<Criterion, Unread> {
    let name = |value: &Value| value.as_str().or_else(|| value.get("name").and_then(Value::as_str)).map(|name| json!({ "name": name }));
    let names = |items: &[Value]| items.iter().map(name).collect::<Option<Vec<Value>>>();
    let of_list = |value: &Value| match value {
        Value::Array(items) => names(items),
        Value::String(text) => Some(split(text).into_iter().map(|name| json!({ "name": name })).collect()),
        one => name(one).map(|call| vec![call]),
    };
    let map = value.and_then(Value::as_object);
    let mode = |default: &str| map.and_then(|map| map.get("mode")).and_then(Value::as_str).unwrap_or(default).to_owned();
    let unknown = || unread("its `value` names no tools in a way that is known", "Write a grader of kind `tool-calls`.");
    let (calls, ordered, exact) = match kind {
        "tool-call-f1" => (value.and_then(of_list), false, true),
        "trajectory:tool-sequence" => (map.and_then(|map| map.get("steps")).or(value).and_then(of_list), true, mode("in_order") == "exact"),
        "trajectory:tool-args-match" => {
            let arguments = map.and_then(|map| map.get("arguments").or_else(|| map.get("args"))).ok_or_else(unknown)?;
            let call = map.and_then(|map| map.get("name")).map(|name| vec![json!({ "name": name, "arguments": arguments })]);
            if mode("partial") == "exact" {
                return Err(unread("its arguments must be the same, and here those that are named", "Write a grader of kind `tool-calls`, or a `program`."));
            }
            (call, false, false)
        }
        _ if map.is_some_and(|map| {
            map.contains_key("min") || map.contains_key("max") || map.contains_key("pattern") || map.contains_key("defaults") || map.contains_key("ignore")
        }) =>
        {
            return Err(unread("it counts or matches calls", PROGRAM));
        }
        _ => (value.and_then(of_list), false, false),
    };
    Ok(Criterion::ToolCalls { calls: calls.filter(|calls| !calls.is_empty()).ok_or_else(unknown)?, ordered, exact, schema: false })
}
