//! JSON: equality and subset with the first place that differs, schemas, and JSON within prose.

use super::said::{Judged, Said, short};
use super::values::{Sample, fill_value};
use crate::Case;
use jeton_context::located::below;
use jeton_context::schema::{Schema, read_json};
use serde_json::Value;

/// The most pieces of JSON that are looked at in one answer.
const PIECES_MAX: usize = 100;
/// The most brackets at which no JSON begins that are tried; each may take as long as the deepest nesting that is read.
const TRIES_MAX: usize = 2000;

/// The answer is JSON that equals the value (or, as `subset`, has all of it), at a pointer of both.
///
/// The value is the grader's own or the reference; a text of either is read as JSON where it is. A list as reference is the list itself, unless
/// all its items are texts of JSON objects or lists: then any of them is right. A value of the grader's own that has nothing at the pointer is
/// itself what must stand there.
pub(crate) fn json(sample: &Sample<'_>, value: Option<&Value>, at: Option<&str>, subset: bool) -> Judged {
    let pointer = at.unwrap_or_default();
    let wanted = match value {
        Some(value) => {
            let value = parsed(fill_value(value, sample.case)?);
            vec![value.pointer(pointer).cloned().unwrap_or(value)]
        }
        None => references(sample.case)?
            .into_iter()
            .map(|value| value.pointer(pointer).cloned().ok_or_else(|| format!("the reference has nothing at `{pointer}`")))
            .collect::<Result<Vec<_>, String>>()?,
    };
    let answer = match read_json(&sample.text) {
        Ok(answer) => answer,
        Err(why) => return Ok(Said::fail(why)),
    };
    let Some(answer) = answer.pointer(pointer) else { return Ok(Said::fail("there is nothing at the place").at(pointer)) };
    let differences: Vec<Difference> = wanted.iter().filter_map(|wanted| difference(answer, wanted, subset, pointer)).collect();
    Ok(match differences.first() {
        Some(first) if differences.len() == wanted.len() => Said::fail(first.why.clone()).at(first.at.clone()),
        _ => Said::pass(if subset { "it has all of the value" } else { "it is equal" }),
    })
}

/// A text that is JSON is its value.
fn parsed(value: Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    }
}

fn references(case: &Case) -> Result<Vec<Value>, String> {
    let document =
        |value: &Value| value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(|value| value.is_object() || value.is_array());
    match &case.reference {
        None | Some(Value::Null) => Err(format!("case `{}` has no reference", case.id)),
        Some(Value::Array(items)) if !items.is_empty() => {
            let several: Option<Vec<Value>> = items.iter().map(document).collect();
            Ok(several.unwrap_or_else(|| vec![Value::Array(items.clone())]))
        }
        Some(one) => Ok(vec![parsed(one.clone())]),
    }
}

/// Where two values differ first.
struct Difference {
    at: String,
    why: String,
}

/// The first difference of `answer` from `wanted`; objects in any order, numbers by value. As a subset, members may be more, items may not.
fn difference(answer: &Value, wanted: &Value, subset: bool, at: &str) -> Option<Difference> {
    let differs = |why: String| Some(Difference { at: at.to_owned(), why });
    match (answer, wanted) {
        (Value::Object(answer), Value::Object(wanted)) => {
            for (key, value) in wanted {
                let place = below(at, key);
                match answer.get(key) {
                    None => return Some(Difference { at: place, why: format!("{} is missing", short(key)) }),
                    Some(said) => {
                        if let Some(found) = difference(said, value, subset, &place) {
                            return Some(found);
                        }
                    }
                }
            }
            let more = answer.keys().find(|key| !subset && !wanted.contains_key(*key));
            more.map(|key| Difference { at: below(at, key), why: format!("{} is not wanted", short(key)) })
        }
        (Value::Array(answer), Value::Array(wanted)) if answer.len() != wanted.len() => {
            differs(format!("it has {} items, and {} are wanted", answer.len(), wanted.len()))
        }
        (Value::Array(answer), Value::Array(wanted)) => {
            answer.iter().zip(wanted).enumerate().find_map(|(place, (said, value))| difference(said, value, subset, &below(at, &place.to_string())))
        }
        _ if is_same(answer, wanted) => None,
        _ => differs(format!("it is {}, and {} is wanted", short(&answer.to_string()), short(&wanted.to_string()))),
    }
}

/// Equal scalars; `1` and `1.0` are one number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_f64() || b.is_f64()) && a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| (a - b).abs() <= 0.0),
        _ => a == b,
    }
}

/// Whether the answer has all of `wanted`, in which the text `*` stands for any value; else where it does not.
pub(crate) fn lacks(answer: &Value, wanted: &Value, at: &str) -> Option<(String, String)> {
    match (answer, wanted) {
        (_, Value::String(any)) if any == "*" => None,
        (Value::Object(answer), Value::Object(wanted)) => wanted.iter().find_map(|(key, value)| {
            let place = below(at, key);
            answer.get(key).map_or_else(|| Some((place.clone(), format!("{} is missing", short(key)))), |said| lacks(said, value, &place))
        }),
        (Value::Array(answer), Value::Array(wanted)) if answer.len() == wanted.len() => {
            answer.iter().zip(wanted).enumerate().find_map(|(place, (said, value))| lacks(said, value, &below(at, &place.to_string())))
        }
        _ if is_same(answer, wanted) => None,
        _ => Some((at.to_owned(), format!("it is {}, and {} is wanted", short(&answer.to_string()), short(&wanted.to_string())))),
    }
}

/// The answer, or a piece of JSON in it, satisfies the schema.
pub(crate) fn json_schema(sample: &Sample<'_>, schema: &Schema, embedded: bool) -> Judged {
    let pieces: Vec<Value> = match read_json(&sample.text) {
        Ok(whole) => vec![whole],
        Err(why) if !embedded => return Ok(Said::fail(why)),
        Err(_) => pieces(&sample.text),
    };
    let mut first = None;
    for piece in &pieces {
        match schema.faults(piece).into_iter().next() {
            None => return Ok(Said::pass("it satisfies the schema")),
            Some(fault) => first = first.or(Some(fault)),
        }
    }
    Ok(match first {
        Some(fault) => Said::fail(short(&fault.message).trim_matches('`').to_owned()).at(fault.pointer),
        None => Said::fail("there is no JSON in it"),
    })
}

/// The objects and lists in a text: those that fill a fence, then those in running text, in order; what stands within one that was read is not
/// looked at again.
fn pieces(text: &str) -> Vec<Value> {
    let fences = text.split("```").skip(1).step_by(2).take(PIECES_MAX);
    let mut found: Vec<Value> = fences.filter_map(|fence| read_json(&format!("```{fence}```")).ok()).collect();
    let (mut at, mut tries) = (0, 0);
    while let Some(offset) = text[at..].find(['{', '[']).filter(|_| tries < TRIES_MAX && found.len() < PIECES_MAX) {
        let start = at + offset;
        let mut reader = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        at = match reader.next() {
            Some(Ok(value)) => {
                found.push(value);
                start + reader.byte_offset().max(1)
            }
            _ => {
                tries += 1;
                start + 1
            }
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Criterion;
    use crate::grader::testing::{fails, grade_of, passes, unscored};
    use serde_json::json;

    #[test]
    fn equality_and_subset_show_where() {
        let check = |value: Value, at: Option<&str>, subset: bool, answer: &str, expected: Option<&str>| {
            let criterion = Criterion::Json { value: Some(value), at: at.map(str::to_owned), subset };
            let grade = grade_of(&criterion, "", answer);
            assert_eq!((grade.verdict == crate::Verdict::Pass, grade.at.as_deref()), (expected.is_none(), expected), "{answer}: {grade:?}");
        };
        check(json!({"a": 1, "b": [1, 2]}), None, false, "{\"b\": [1, 2.0], \"a\": 1.0}", None);
        check(json!({"a": 1}), None, false, "```json\n{\"a\": 1}\n```", None);
        check(json!({"a": {"b/c": 1}}), None, false, "{\"a\": {\"b/c\": 2}}", Some("/a/b~1c"));
        check(json!({"a": 1}), None, false, "{\"a\": 1, \"b\": 2}", Some("/b"));
        check(json!({"a": 1}), None, true, "{\"a\": 1, \"b\": 2}", None);
        check(json!({"a": 1, "b": 1}), None, true, "{\"a\": 1}", Some("/b"));
        check(json!([1, 2]), None, true, "[1, 2, 3]", Some(""));
        check(json!({"a": 5}), Some("/a"), false, "{\"a\": 5, \"c\": 1}", None);
        check(json!(5), Some("/a"), false, "{\"a\": 5}", None);
        check(json!(5), Some("/b"), false, "{\"a\": 5}", Some("/b"));
        check(json!("{\"a\": 1}"), None, false, "{\"a\": 1}", None);
        check(json!(9_007_199_254_740_993_u64), None, false, "9007199254740992", Some(""));
    }

    #[test]
    fn references_are_values_or_texts_of_them() {
        let same = Criterion::Json { value: None, at: None, subset: false };
        passes(&same, "{\"a\": [1]}", "{\"a\": [1]}");
        fails(&same, "{\"a\": [1]}", "{\"a\": [2]}");
        fails(&same, "{\"a\": [1]}", "");
        fails(&same, "{\"a\": [1]}", &"[".repeat(100_000));
        unscored(&Criterion::Json { value: None, at: Some("/x".into()), subset: false }, "{}", "{\"x\": 1}");
    }

    #[test]
    fn schemas_of_the_whole_or_of_a_piece() {
        let by = |embedded| Criterion::JsonSchema {
            schema: Some(json!({"type": "object", "properties": {"days": {"type": "integer", "maximum": 30}}, "required": ["days"]})),
            unit: None,
            embedded,
        };
        passes(&by(false), "", "{\"days\": 3}");
        assert_eq!(grade_of(&by(false), "", "{\"days\": 31}").at.as_deref(), Some("/days"));
        fails(&by(false), "", "It is {\"days\": 3}.");
        passes(&by(true), "", "It is {\"days\": 3}.");
        passes(&by(true), "", "Not {this} but [1]:\n```json\n{\"days\": 3}\n```\n");
        fails(&by(true), "", "nothing");
        fails(&by(true), "", "");
        fails(&by(true), "", &"[{\"a\":".repeat(50_000));
        fails(&by(true), "", &"{".repeat(200_000));
    }

    #[test]
    fn a_star_is_any_value() {
        let found = |answer: Value, wanted: Value| lacks(&answer, &wanted, "").map(|(at, _)| at);
        assert_eq!(found(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": "*"}})), None);
        assert_eq!(found(json!({"a": 1}), json!({"b": "*"})), Some("/b".to_owned()));
        assert_eq!(found(json!([1, 2]), json!([1, "*"])), None);
        assert_eq!(found(json!([1]), json!([1, "*"])), Some(String::new()));
    }
}
