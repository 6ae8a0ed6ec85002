//! A given value brought to the type that a schema asks for, or refused.

use crate::local::facts::Given;
use serde_json::{Number, Value};

/// The value of a scalar type (`string`, `integer`, `number`, `boolean`) with its `enum`, `const`, bounds and format checked; `None` where the
/// given value cannot be read as one without guessing. A `pattern` is not checked.
pub(crate) fn scalar(kind: &str, schema: &Value, given: &Given) -> Option<Value> {
    if let Some(allowed) = allowed(schema) {
        return choose(&allowed, given);
    }
    let value = match kind {
        "string" => Value::String(text(given, schema)?),
        "integer" => integer(&number_text(given)?)?,
        "number" => number(&number_text(given)?)?,
        "boolean" => Value::Bool(boolean(given)?),
        _ => return None,
    };
    within_bounds(schema, &value).then_some(value)
}

fn allowed(schema: &Value) -> Option<Vec<Value>> {
    schema.get("const").map(|only| vec![only.clone()]).or_else(|| schema.get("enum").and_then(Value::as_array).cloned())
}

/// The one allowed value that the given text is, or else the only one whose words stand in it.
fn choose(allowed: &[Value], given: &Given) -> Option<Value> {
    let given_text = plain_text(given)?;
    let fold = |text: &str| {
        let words = jeton_text::words(text).into_iter().flat_map(|word| jeton_text::identifier_parts(&text[word.start..word.end]));
        words.map(str::to_lowercase).collect::<Vec<_>>()
    };
    let wanted = fold(&given_text);
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let choices: Vec<&Value> = allowed.iter().filter(|value| !value.is_null()).collect();
    if let Some(same) = choices.iter().find(|value| fold(&shown(value)) == wanted) {
        return Some((*same).clone());
    }
    let mut inside = choices.iter().filter(|value| {
        let words = fold(&shown(value));
        !words.is_empty() && wanted.windows(words.len()).any(|run| run == words)
    });
    let only = inside.next()?;
    // Said to be not so, or several at once: no choice.
    let negated = wanted.iter().any(|word| matches!(word.as_str(), "not" | "no" | "never" | "neither"));
    (inside.next().is_none() && !negated).then(|| (*only).clone())
}

fn plain_text(given: &Given) -> Option<String> {
    match given {
        Given::Text(text) => Some(text.clone()),
        Given::Json(Value::String(text)) => Some(text.clone()),
        Given::Json(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        _ => None,
    }
}

fn text(given: &Given, schema: &Value) -> Option<String> {
    let text = match given {
        // Several items put together would be words that stand nowhere.
        Given::List(items) => items.first().filter(|_| items.len() == 1)?.clone(),
        other => plain_text(other)?,
    };
    match schema.get("format").and_then(Value::as_str) {
        Some("date") => date(&text),
        Some("email") => text.split([' ', '<', '>', '(', ')', ',']).find(|word| word.contains('@')).map(|word| word.trim_end_matches('.').to_owned()),
        Some("uri" | "url") => text.split_whitespace().find(|word| word.contains("://")).map(|word| word.trim_end_matches(['.', ',', ')']).to_owned()),
        _ => Some(text).filter(|text| !is_blank(text)),
    }
}

/// What people write where nothing is known.
fn is_blank(text: &str) -> bool {
    matches!(text.trim().to_lowercase().as_str(), "" | "-" | "–" | "—" | "n/a" | "null" | "none" | "unknown" | "tbd" | "?")
}

/// The only figure in the text, with sign and point, without thousands separators, currency and unit. Two figures are none: "3 to 5".
fn number_text(given: &Given) -> Option<String> {
    if let Given::Json(Value::Number(number)) = given {
        return Some(number.to_string());
    }
    let text = plain_text(given)?;
    let words = jeton_text::words(&text);
    let mut figures = words.iter().filter(|word| text[word.start..word.end].starts_with(|c: char| c.is_ascii_digit()));
    let figure = figures.next()?;
    if figures.next().is_some() {
        return None;
    }
    let shown = &text[figure.start..figure.end];
    // "20th" and "30min" hold a figure, "3D-7" and "10-20" hold more than one thing.
    let digits = &shown[..shown.rfind(|c: char| c.is_ascii_digit()).map_or(0, |at| at + 1)];
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')) || text[figure.end..].starts_with([':', '/']) {
        return None;
    }
    let before = text[..figure.start].trim_end_matches(['$', '€', '£', '¥', ' ']);
    let negative = before.ends_with(['-', '−']) && !before.trim_end_matches(['-', '−']).ends_with(char::is_alphanumeric);
    let scaled = ["million", "billion", "thousand", "dozen"].iter().any(|word| text.to_lowercase().contains(word));
    let plain = without_separators(digits)?;
    (!scaled).then(|| if negative { format!("-{plain}") } else { plain })
}

/// `1,250.50`, `1.250,50` and `1,250` without separators; `None` where the groups are not of three.
fn without_separators(digits: &str) -> Option<String> {
    let decimal = match (digits.rfind('.'), digits.rfind(',')) {
        (Some(point), Some(comma)) => Some(point.max(comma)),
        (Some(point), None) if digits.matches('.').count() == 1 => Some(point),
        (None, Some(comma)) if digits.matches(',').count() == 1 && digits.len() - comma != 4 => Some(comma),
        _ => None,
    };
    let (whole, fraction) = decimal.map_or((digits, None), |at| (&digits[..at], Some(&digits[at + 1..])));
    let groups: Vec<&str> = whole.split(['.', ',']).collect();
    let grouped = groups.len() == 1 || (groups[1..].iter().all(|group| group.len() == 3) && (1..=3).contains(&groups[0].len()));
    let whole = groups.concat();
    grouped.then(|| fraction.map_or_else(|| whole.clone(), |fraction| format!("{whole}.{fraction}")))
}

fn integer(text: &str) -> Option<Value> {
    let whole = text.split_once('.').map_or(Some(text), |(whole, fraction)| fraction.bytes().all(|b| b == b'0').then_some(whole))?;
    whole.parse::<i64>().ok().map(Value::from)
}

fn number(text: &str) -> Option<Value> {
    if let Some(value) = text.parse::<i64>().ok().filter(|_| !text.contains('.')) {
        return Some(value.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}

fn boolean(given: &Given) -> Option<bool> {
    if let Given::Json(Value::Bool(value)) = given {
        return Some(*value);
    }
    let lower = plain_text(given)?.to_lowercase();
    let first = lower.split(|c: char| !c.is_alphanumeric() && c != '✓' && c != '✗' && c != '✔' && c != '✘').find(|word| !word.is_empty())?.to_owned();
    match first.as_str() {
        "yes" | "true" | "on" | "enabled" | "active" | "available" | "included" | "required" | "supported" | "allowed" | "✓" | "✔" | "y" => Some(true),
        "no" | "false" | "off" | "disabled" | "inactive" | "unavailable" | "excluded" | "optional" | "unsupported" | "forbidden" | "not" | "✗" | "✘" | "n"
        | "never" => Some(false),
        _ => None,
    }
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// `2024-03-05` from itself, "5 March 2024" or "March 5th, 2024". Dates of figures alone are ambiguous and refused.
fn date(text: &str) -> Option<String> {
    let words: Vec<String> = jeton_text::words(text).iter().map(|word| text[word.start..word.end].to_lowercase()).collect();
    let digits = |word: &str| word.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<u32>().ok();
    if let Some(found) =
        words.iter().find(|word| word.len() == 10 && word.split('-').map(str::len).eq([4, 2, 2]) && word.split('-').all(|part| digits(part).is_some()))
    {
        return Some(found.clone());
    }
    let month_at = words.iter().position(|word| word.len() >= 3 && MONTHS.iter().any(|month| word.starts_with(month)))?;
    let month = MONTHS.iter().position(|month| words[month_at].starts_with(month))? + 1;
    let figures: Vec<u32> = words.iter().filter_map(|word| digits(word)).collect();
    let [day, year] = *figures.as_slice() else { return None };
    ((1..=31).contains(&day) && (1000..=9999).contains(&year)).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn within_bounds(schema: &Value, value: &Value) -> bool {
    let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
    let holds = |name: &str, test: &dyn Fn(f64) -> bool| bound(name).is_none_or(test);
    if let Some(number) = value.as_f64() {
        return holds("minimum", &|least| number >= least)
            && holds("maximum", &|most| number <= most)
            && holds("exclusiveMinimum", &|least| number > least)
            && holds("exclusiveMaximum", &|most| number < most);
    }
    let Some(text) = value.as_str() else { return true };
    #[allow(clippy::cast_precision_loss)]
    let length = text.chars().count() as f64;
    holds("minLength", &|least| length >= least) && holds("maxLength", &|most| length <= most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(kind: &str, text: &str, expected: Option<Value>) {
        assert_eq!(scalar(kind, &json!({}), &Given::Text(text.into())), expected, "{kind} {text}");
    }

    #[test]
    fn figures() {
        check("integer", "1,250", Some(json!(1250)));
        check("integer", "$20", Some(json!(20)));
        check("integer", "30 days", Some(json!(30)));
        check("integer", "3 to 5 days", None);
        check("integer", "10-20", None);
        check("integer", "4.0", Some(json!(4)));
        check("integer", "4.5", None);
        check("integer", "-7", Some(json!(-7)));
        check("integer", "10:30", None);
        check("integer", "2 million", None);
        check("integer", "many", None);
        check("number", "€1.250,50", Some(json!(1250.5)));
        check("number", "19,95", Some(json!(19.95)));
        check("number", "1,250.50 EUR", Some(json!(1250.5)));
        check("number", "45%", Some(json!(45)));
        check("number", "1,25,50", None);
    }

    #[test]
    fn other_types() {
        check("boolean", "Yes, always", Some(json!(true)));
        check("boolean", "not enabled", Some(json!(false)));
        check("boolean", "perhaps", None);
        check("string", "Oslo", Some(json!("Oslo")));
        check("string", "n/a", None);
        let fit = |schema: Value, text: &str, expected: Option<Value>| {
            let kind = schema["type"].as_str().unwrap_or("string").to_owned();
            assert_eq!(scalar(&kind, &schema, &Given::Text(text.into())), expected, "{schema} {text}");
        };
        fit(json!({"enum": ["in_stock", "sold_out"]}), "In stock", Some(json!("in_stock")));
        fit(json!({"enum": ["low", "high"]}), "High (since Monday)", Some(json!("high")));
        fit(json!({"enum": ["low", "high"]}), "low or high", None);
        fit(json!({"enum": ["low", "high"]}), "not high", None);
        fit(json!({"type": "integer", "maximum": 10}), "11", None);
        fit(json!({"type": "string", "format": "date"}), "March 5th, 2024", Some(json!("2024-03-05")));
        fit(json!({"type": "string", "format": "date"}), "05/06/2024", None);
        fit(json!({"type": "string", "format": "email"}), "write to a@example.org.", Some(json!("a@example.org")));
    }
}
