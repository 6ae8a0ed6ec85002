//! Writes a suite as files of ours: the suite as TOML, its cases as JSON Lines. What is read from them measures the same.

use crate::{Case, Criterion, Grader, Input, Prompt, Suite, Target, TargetKind, Turn, Watch};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

/// The files of a suite, as paths from the project's directory with their contents: `evals/NAME.toml` and, where it has cases,
/// `evals/NAME.jsonl`. A suite with what TOML cannot say (`null` within a value, a number beyond 64 bits) is written as JSON in
/// `evals/NAME.yaml`, of which YAML is a superset.
#[must_use]
pub fn files(suite: &Suite) -> Vec<(PathBuf, String)> {
    let stem = suite.name.replace(['/', ':', '@', '='], "-");
    let rows: String = suite.cases.iter().map(|case| row(case).to_string() + "\n").collect();
    let mut settings = settings(suite);
    if !rows.is_empty() {
        settings.insert("cases".to_owned(), format!("{stem}.jsonl").into());
    }
    let tables = tables(suite);
    let is_toml = settings.values().chain(tables.values()).all(toml_can_say);
    let text = if is_toml {
        toml(&settings, &tables)
    } else {
        let whole: Map<String, Value> = settings.into_iter().chain(tables).collect();
        serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
    };
    let folder = PathBuf::from("evals");
    let mut files = vec![(folder.join(format!("{stem}.{}", if is_toml { "toml" } else { "yaml" })), text)];
    if !rows.is_empty() {
        files.push((folder.join(format!("{stem}.jsonl")), rows));
    }
    files
}

fn settings(suite: &Suite) -> Map<String, Value> {
    let value = json!({
        "name": suite.name,
        "description": suite.description,
        "class": suite.class,
        "seed": suite.seed,
        "repeats": suite.repeats,
        "concurrency": suite.concurrency,
        "errors_max": suite.errors_max,
        "timeout_ms": suite.timeout_ms,
    });
    let mut map = said(value);
    if suite.description.is_empty() {
        map.remove("description");
    }
    map
}

/// The entries of an object that say something.
fn said(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

fn tables(suite: &Suite) -> Map<String, Value> {
    let mut tables = Map::new();
    if !suite.prompts.is_empty() {
        tables.insert("prompts".to_owned(), suite.prompts.iter().map(|(name, prompt)| (name.clone(), self::prompt(prompt))).collect());
    }
    let lists = [("grade", suite.graders.iter().map(grader).collect::<Vec<_>>()), ("target", suite.targets.iter().map(target).collect())];
    for (name, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
        tables.insert(name.to_owned(), Value::Array(items));
    }
    if let Some(watch) = &suite.watch {
        tables.insert("watch".to_owned(), self::watch(watch));
    }
    tables
}

fn prompt(prompt: &Prompt) -> Value {
    let mut map = Map::new();
    if !prompt.before.is_empty() {
        map.insert("before".to_owned(), prompt.before.iter().map(turn).collect());
    }
    if let Some(user) = &prompt.user {
        map.insert("user".to_owned(), user.as_str().into());
    }
    Value::Object(map)
}

fn turn(turn: &Turn) -> Value {
    serde_json::to_value(turn).unwrap_or_default()
}

fn watch(watch: &Watch) -> Value {
    Value::Object(said(serde_json::to_value(watch).unwrap_or_default()))
}

fn target(target: &Target) -> Value {
    let kind = match &target.kind {
        TargetKind::Model { model, pack, oracle } => json!({ "model": model, "pack": pack, "oracle": oracle.then_some(true) }),
        TargetKind::Command { command } => json!({ "command": command }),
        TargetKind::Http { url, at } => json!({ "url": url, "at": at }),
        TargetKind::Recorded { run, target } => json!({ "run": run, "target": target }),
    };
    let mut map = Map::from_iter([("name".to_owned(), target.name.as_str().into())]);
    map.extend(said(kind));
    if let Some(prompt) = &target.prompt {
        map.insert("prompt".to_owned(), prompt.as_str().into());
    }
    if !target.params.is_empty() {
        map.insert("params".to_owned(), Value::Object(target.params.clone()));
    }
    if !target.only.is_empty() {
        map.insert("only".to_owned(), target.only.clone().into());
    }
    Value::Object(map)
}

/// A case as a row of JSON Lines.
pub(crate) fn row(case: &Case) -> Value {
    let mut row = Map::from_iter([("id".to_owned(), case.id.as_str().into())]);
    if case.cluster != case.id {
        row.insert("cluster".to_owned(), case.cluster.as_str().into());
    }
    let (key, input) = match &case.input {
        Input::Text(text) => ("input", text.as_str().into()),
        Input::Messages(turns) => ("messages", turns.iter().map(turn).collect()),
        Input::Dialogue(says) => ("dialogue", says.clone().into()),
    };
    row.insert(key.to_owned(), input);
    row.extend(said(json!({ "class": case.class, "reference": case.reference })));
    for (key, texts) in [("needs", &case.needs), ("files", &case.files), ("tags", &case.tags)] {
        if !texts.is_empty() {
            row.insert(key.to_owned(), texts.clone().into());
        }
    }
    if (case.weight - 1.0).abs() > 0.0 {
        row.insert("weight".to_owned(), case.weight.into());
    }
    if !case.vars.is_empty() {
        row.insert("vars".to_owned(), Value::Object(case.vars.clone()));
    }
    if !case.graders.is_empty() {
        row.insert("grade".to_owned(), case.graders.iter().map(grader).collect());
    }
    Value::Object(row)
}

/// A grader as a suite writes it, without what is left out by default.
pub(crate) fn grader(grader: &Grader) -> Value {
    let mut map = said(serde_json::to_value(&grader.criterion).unwrap_or_default());
    match &grader.criterion {
        Criterion::Cost { at_most } => {
            map.remove("at_most");
            map.insert("at_most_usd".to_owned(), at_most.to_string().trim_start_matches('$').into());
        }
        Criterion::Judge { choices, .. } => {
            map.insert("choices".to_owned(), choices.iter().map(|(choice, score)| (choice.clone(), Value::from(*score))).collect());
        }
        Criterion::All { of } | Criterion::Any { of } => drop(map.insert("of".to_owned(), of.iter().map(self::grader).collect())),
        _ => {}
    }
    // Flags that are true by themselves in some kinds are always written, and values whatever they are.
    let kept = ["any", "last", "shows_reference", "value", "schema"];
    map.retain(|key, value| kept.contains(&key.as_str()) || !(value == &Value::Bool(false) || is_empty(value)));
    map.insert("name".to_owned(), grader.name.as_str().into());
    if grader.negate {
        map.insert("negate".to_owned(), true.into());
    }
    if (grader.weight - 1.0).abs() > 0.0 {
        map.insert("weight".to_owned(), grader.weight.into());
    }
    if let Some(threshold) = grader.threshold {
        map.insert("threshold".to_owned(), threshold.into());
    }
    if grader.all_or_nothing {
        map.insert("all_or_nothing".to_owned(), true.into());
    }
    if !grader.only.is_empty() {
        map.insert("only".to_owned(), grader.only.clone().into());
    }
    if let Some(referenced) = grader.referenced {
        map.insert("referenced".to_owned(), referenced.into());
    }
    if !grader.transform.is_empty() {
        map.insert("transform".to_owned(), serde_json::to_value(&grader.transform).unwrap_or_default());
    }
    Value::Object(map)
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

fn toml_can_say(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Number(number) => number.is_f64() || number.is_i64(),
        Value::Array(items) => items.iter().all(toml_can_say),
        Value::Object(map) => map.values().all(toml_can_say),
        Value::Bool(_) | Value::String(_) => true,
    }
}

/// Settings, then tables: of those with a list, one `[[table]]` for each item.
fn toml(settings: &Map<String, Value>, tables: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in settings {
        entry(&mut text, key, value);
    }
    for (name, value) in tables {
        match value {
            Value::Array(items) => items.iter().for_each(|item| table(&mut text, &format!("[[{name}]]"), item)),
            Value::Object(map) if map.values().all(Value::is_object) => {
                map.iter().for_each(|(key, item)| table(&mut text, &format!("[{name}.{}]", quoted_key(key)), item));
            }
            other => table(&mut text, &format!("[{name}]"), other),
        }
    }
    text
}

fn table(text: &mut String, head: &str, value: &Value) {
    let _ = write!(text, "\n{head}\n");
    for (key, value) in value.as_object().into_iter().flatten() {
        entry(text, key, value);
    }
}

fn entry(text: &mut String, key: &str, value: &Value) {
    let _ = writeln!(text, "{} = {}", quoted_key(key), inline(value));
}

fn quoted_key(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_bare { key.to_owned() } else { quoted(key) }
}

/// A basic string. TOML escapes as JSON does, and has no DEL.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map.iter().map(|(key, value)| format!("{} = {}", quoted_key(key), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
