//! Tests as a table: CSV whose columns are variables, with `__expected` and its kin.

use crate::read::csv;
use serde_json::{Map, Value, json};

/// A record as a test case, in the words of promptfoo's files.
pub(super) fn test(names: &[String], record: &csv::Record) -> Value {
    let (mut test, mut vars, mut options, mut metadata) = (Map::new(), Map::new(), Map::new(), Map::new());
    let mut asserts: Vec<Value> = Vec::new();
    for (name, cell) in names.iter().zip(&record.fields) {
        match name.as_str() {
            "__description" | "__providerOutput" => drop(test.insert(name[2..].to_owned(), cell.as_str().into())),
            "__threshold" => drop(test.insert("threshold".to_owned(), number(cell))),
            "__prefix" | "__suffix" => drop(options.insert(name[2..].to_owned(), cell.as_str().into())),
            "__metric" | "__metadata" => {}
            _ if name.starts_with("__expected") => asserts.extend(Some(cell.trim()).filter(|cell| !cell.is_empty()).map(expected)),
            _ if name.starts_with("__config:") => {}
            _ => match name.strip_prefix("__metadata:") {
                Some(key) => drop(metadata.insert(key.trim_end_matches("[]").to_owned(), cell.as_str().into())),
                None => drop(vars.insert(name.clone(), cell.as_str().into())),
            },
        }
    }
    configure(&mut asserts, names, record);
    for (key, map) in [("vars", vars), ("options", options), ("metadata", metadata)] {
        if !map.is_empty() {
            test.insert(key.to_owned(), Value::Object(map));
        }
    }
    if !asserts.is_empty() {
        test.insert("assert".to_owned(), Value::Array(asserts));
    }
    test.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    Value::Object(test)
}

/// Sets what the columns `__metric` and `__config:__expectedN:threshold` say; N counts the expected values that are there.
fn configure(asserts: &mut [Value], names: &[String], record: &csv::Record) {
    for (name, cell) in names.iter().zip(&record.fields).filter(|(_, cell)| !cell.is_empty()) {
        if name == "__metric" {
            asserts.iter_mut().for_each(|assertion| assertion["metric"] = cell.as_str().into());
        }
        let Some((column, key)) = name.strip_prefix("__config:__expected").and_then(|rest| rest.split_once(':')) else { continue };
        let at = if column.is_empty() { Some(0) } else { column.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) };
        if let Some(assertion) = at.and_then(|at| asserts.get_mut(at)).filter(|_| key == "threshold") {
            assertion["threshold"] = number(cell);
        }
    }
}

fn number(text: &str) -> Value {
    text.trim().parse::<f64>().map_or(Value::Null, |number| json!(number))
}

/// Kinds whose value is a list with commas.
const LISTS: [&str; 4] = ["contains-any", "contains-all", "icontains-any", "icontains-all"];
/// Kinds that have a threshold in the short form, of 0.75 where none is written; `similar` of 0.8.
const THRESHOLDS: [&str; 6] = ["cost", "latency", "levenshtein", "rouge-n", "similar", "starts-with"];

/// The short form of an assertion: `type(threshold):value`, a rubric after `grade:`, a script after `fn:`; anything else must be equalled.
pub(super) fn expected(text: &str) -> Value {
    let scripts = [("fn:", "javascript"), ("eval:", "javascript"), ("javascript:", "javascript"), ("python:", "python")];
    for (prefix, kind) in scripts.into_iter().chain([("grade:", "llm-rubric"), ("llm-rubric:", "llm-rubric")]) {
        if let Some(value) = text.strip_prefix(prefix) {
            return json!({ "type": kind, "value": value.trim() });
        }
    }
    let equals = || json!({ "type": "equals", "value": text });
    let Some((kind, threshold, value)) = parts(text) else { return equals() };
    let bare = kind.strip_prefix("not-").unwrap_or(kind);
    let mut map = Map::from_iter([("type".to_owned(), kind.into())]);
    if let Some(value) = value.map(str::trim) {
        let value = if LISTS.contains(&bare) { super::values::split(value).into() } else { value.into() };
        map.insert("value".to_owned(), value);
    }
    if THRESHOLDS.contains(&bare) {
        map.insert("threshold".to_owned(), threshold.unwrap_or(if bare == "similar" { 0.8 } else { 0.75 }).into());
    }
    Value::Object(map)
}

/// The type, the threshold and the value; none where the text does not begin with a type. Some types have a colon in their name.
fn parts(text: &str) -> Option<(&str, Option<f64>, Option<&str>)> {
    let ends = text.match_indices([':', '(']).map(|(at, _)| at).chain([text.len()]);
    let is_type = |at: &usize| super::assertion::is_type(text[..*at].strip_prefix("not-").unwrap_or(&text[..*at]));
    let end = ends.filter(is_type).max()?;
    let (kind, rest) = text.split_at(end);
    let (threshold, rest) = match rest.strip_prefix('(') {
        Some(inside) => {
            let (number, rest) = inside.split_once(')')?;
            (Some(number.parse::<f64>().ok()?), rest)
        }
        None => (None, rest),
    };
    (rest.is_empty() || rest.starts_with(':')).then(|| (kind, threshold, rest.strip_prefix(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form() {
        let check = |text: &str, value: Value| assert_eq!(expected(text), value, "{text}");
        check("Paris", json!({"type": "equals", "value": "Paris"}));
        check("note: this", json!({"type": "equals", "value": "note: this"}));
        check("contains: Paris", json!({"type": "contains", "value": "Paris"}));
        check("not-icontains:as an AI", json!({"type": "not-icontains", "value": "as an AI"}));
        check("contains-any:a, \"b, c\"", json!({"type": "contains-any", "value": ["a", "b, c"]}));
        check("similar(0.8):hello: you", json!({"type": "similar", "value": "hello: you", "threshold": 0.8}));
        check("similar(x):hello", json!({"type": "equals", "value": "similar(x):hello"}));
        check("is-json", json!({"type": "is-json"}));
        check("similar:hello", json!({"type": "similar", "value": "hello", "threshold": 0.8}));
        check("trajectory:tool-used: find", json!({"type": "trajectory:tool-used", "value": "find"}));
        check("latency(500)", json!({"type": "latency", "threshold": 500.0}));
        check("grade: be kind", json!({"type": "llm-rubric", "value": "be kind"}));
        check("fn:output.length > 3", json!({"type": "javascript", "value": "output.length > 3"}));
    }

    #[test]
    fn a_record_is_a_test() {
        let (records, _) = csv::read(
            "q,__expected1,__expected2,__config:__expected1:threshold,__description,__threshold,__metadata:kind,__prefix\nx,,contains:a,0.25,d,0.5,k,Hm \n",
        );
        let names = &records[0].fields;
        let expected = json!({
            "description": "d", "threshold": 0.5, "vars": {"q": "x"}, "options": {"prefix": "Hm "}, "metadata": {"kind": "k"},
            "assert": [{"type": "contains", "value": "a", "threshold": 0.25}],
        });
        assert_eq!(test(names, &records[1]), expected);
    }
}
