//! The values that a criterion compares with: its own, filled in for the case, or the case's references.

use crate::{Case, template};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What is judged.
pub(crate) struct Sample<'s> {
    /// The case.
    pub(crate) case: &'s Case,
    /// The whole answer.
    pub(crate) answer: &'s crate::Answer,
    /// Its text after the grader's changes.
    pub(crate) text: Cow<'s, str>,
    /// The context that the call was given.
    pub(crate) context: Option<&'s str>,
    /// Whether the text stands for what changes make of an answer, so that no grader within another changes it again.
    pub(crate) is_probe: bool,
}

/// What templates of graders may ask for: the case's variables, `id`, `input` (what was asked last) and `reference`.
pub(crate) fn values(case: &Case) -> Map<String, Value> {
    let mut values = case.vars.clone();
    values.entry("id").or_insert_with(|| case.id.as_str().into());
    values.insert("input".into(), case.input.last_text().into());
    if let Some(reference) = &case.reference {
        values.entry("reference").or_insert_with(|| reference.clone());
    }
    values
}

/// A text of a grader for a case. What a case's values hold is never read as a template.
///
/// # Errors
/// What is wrong with the template, or which name has no value.
pub fn fill<'t>(text: &'t str, case: &Case) -> Result<Cow<'t, str>, String> {
    if !template::is_template(text) {
        return Ok(Cow::Borrowed(text));
    }
    template::render(text, &values(case)).map(Cow::Owned)
}

/// A value of a grader for a case: every text in it is filled.
pub(crate) fn fill_value(value: &Value, case: &Case) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill(text, case)?.into_owned()),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill_value(item, case)).collect::<Result<_, _>>()?),
        Value::Object(map) => Value::Object(map.iter().map(|(key, item)| Ok((key.clone(), fill_value(item, case)?))).collect::<Result<_, String>>()?),
        other => other.clone(),
    })
}

/// What the answer is compared with: the grader's value, or the case's references, any of which is right.
pub(crate) fn wanted<'v>(value: Option<&'v str>, case: &'v Case) -> Result<Vec<Cow<'v, str>>, String> {
    if let Some(value) = value {
        return Ok(vec![fill(value, case)?]);
    }
    let text = |value: &'v Value| value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    match &case.reference {
        None | Some(Value::Null) => Err(format!("case `{}` has no reference", case.id)),
        Some(Value::Array(several)) if several.is_empty() => Err(format!("case `{}` has no reference", case.id)),
        Some(Value::Array(several)) => Ok(several.iter().map(text).collect()),
        Some(one) => Ok(vec![text(one)]),
    }
}

/// Small letters, without a copy where there are no others.
pub(crate) fn folded(text: &str, ignore_case: bool) -> Cow<'_, str> {
    if ignore_case && text.chars().any(|c| !c.is_ascii() || c.is_ascii_uppercase()) { Cow::Owned(text.to_lowercase()) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::case;
    use serde_json::json;

    #[test]
    fn texts_are_filled_and_values_are_data() {
        let mut asked = case("c1", "How {{many}}?", json!(["{{x}}", 2]));
        asked.vars.insert("days".into(), json!(30));
        let check = |text: &str, expected: Result<&str, &str>| assert_eq!(fill(text, &asked).as_deref().map_err(String::as_str), expected, "{text}");
        check("plain {x}", Ok("plain {x}"));
        check("{{days}} days for {{id}}: {{input}}", Ok("30 days for c1: How {{many}}?"));
        check("{{reference[0]}}", Ok("{{x}}"));
        check("{{gone}}", Err("there is no value for `gone`"));
        assert_eq!(wanted(None, &asked).unwrap(), ["{{x}}", "2"]);
        assert_eq!(wanted(Some("{{days}}"), &asked).unwrap(), ["30"]);
        assert_eq!(fill_value(&json!({"a": ["{{days}}", 1]}), &asked).unwrap(), json!({"a": ["30", 1]}));
        assert!(wanted(None, &case("c2", "", json!(null))).is_err() && wanted(None, &case("c3", "", json!([]))).is_err());
    }
}
