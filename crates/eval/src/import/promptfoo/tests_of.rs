//! Test cases: their files, what they inherit, and the combinations of their variables.

use super::table;
use crate::import::{Importer, is_script};
use crate::read::source::Source;
use crate::read::{csv, files, parse};
use jeton_context::Place;
use jeton_context::located::below;
use serde_json::{Map, Value};
use std::sync::Arc;

/// More combinations of one test's variables than anybody means.
const COMBINATIONS_MAX: usize = 10_000;

/// A test with its assertions, each with its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Test {
    pub(super) map: Map<String, Value>,
    pub(super) asserts: Vec<(Value, Place)>,
    pub(super) place: Option<Place>,
}

impl Test {
    /// The test at a pointer. What is of another type than it must be is told.
    pub(super) fn of(importer: &Importer<'_>, source: &Source, pointer: &str) -> Option<Self> {
        let value = source.value.pointer(pointer)?;
        let wrong = |place: Place, what: &str, expected: &str| {
            importer.report.error("wrong-type", place, format!("{what} is not {expected}"), format!("Write {expected} as its value."));
        };
        let Some(map) = value.as_object().cloned() else {
            wrong(source.place(pointer), "the test", "an object with `vars` and `assert`");
            return None;
        };
        for key in ["vars", "options", "metadata"] {
            match map.get(key) {
                None | Some(Value::Null | Value::Object(_)) => {}
                Some(Value::String(named)) if key == "vars" => {
                    let message = format!("the variables come from `{named}`, which is not read");
                    importer.skipped(&source.place(&below(pointer, key)), message, "Write them into the test.");
                }
                Some(_) => wrong(source.place(&below(pointer, key)), &format!("`{key}`"), "a table"),
            }
        }
        if map.get("assert").is_some_and(|value| !value.is_null() && !value.is_array()) {
            wrong(source.place(&below(pointer, "assert")), "`assert`", "a list of assertions");
        }
        let list = below(pointer, "assert");
        let asserts = map.get("assert").and_then(Value::as_array).into_iter().flatten().enumerate();
        let asserts = asserts.map(|(at, value)| (value.clone(), source.place(&below(&list, &at.to_string())))).collect();
        Some(Self { map, asserts, place: Some(source.place(pointer)) })
    }

    /// The table of a setting.
    pub(super) fn table(&self, key: &str) -> Map<String, Value> {
        self.map.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The test over what it inherits: tables are put together, all else is replaced.
    pub(super) fn over(mut self, base: &Self) -> Self {
        for key in ["vars", "options", "metadata"] {
            let mut merged = base.table(key);
            merged.extend(self.table(key));
            if !merged.is_empty() {
                self.map.insert(key.to_owned(), Value::Object(merged));
            }
        }
        for (key, value) in base.map.iter().filter(|(key, _)| *key != "assert") {
            self.map.entry(key.clone()).or_insert_with(|| value.clone());
        }
        self
    }
}

/// The tests of a configuration: those of `tests`, and each of a scenario for each of its settings. Without any, one test with nothing.
pub(super) fn tests(importer: &Importer<'_>, source: &Source) -> Vec<Test> {
    let mut tests = listed(importer, source, "/tests");
    let scenarios = source.value.get("scenarios").and_then(Value::as_array).map_or(0, Vec::len);
    for at in 0..scenarios {
        tests.extend(scenario(importer, source, &format!("/scenarios/{at}")));
    }
    if tests.is_empty() && scenarios == 0 && source.value.get("tests").is_none() {
        tests.push(Test { place: Some(importer.place()), ..Test::default() });
    }
    tests
}

fn scenario(importer: &Importer<'_>, source: &Source, pointer: &str) -> Vec<Test> {
    if source.value.pointer(pointer).is_some_and(|scenario| !scenario.is_object()) {
        importer.skipped(&source.place(pointer), "a scenario in a file of its own is not read", "Write it into the configuration.");
        return Vec::new();
    }
    let configs = listed(importer, source, &below(pointer, "config"));
    let mut tests = listed(importer, source, &below(pointer, "tests"));
    if tests.is_empty() {
        tests.push(Test { place: Some(source.place(pointer)), ..Test::default() });
    }
    let with = |config: &Test| -> Vec<Test> {
        let merged = |test: &Test| {
            let mut merged = test.clone().over(config);
            merged.asserts.splice(0..0, config.asserts.iter().cloned());
            merged
        };
        tests.iter().map(merged).collect()
    };
    configs.iter().flat_map(with).collect()
}

/// The tests of a list, of a file, or of a list with files in it.
fn listed(importer: &Importer<'_>, source: &Source, pointer: &str) -> Vec<Test> {
    let place = source.place(pointer);
    match source.value.pointer(pointer) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(named)) => of_files(importer, named, &place),
        Some(Value::Array(items)) => {
            let test = |(at, item): (usize, &Value)| {
                let pointer = below(pointer, &at.to_string());
                match item {
                    Value::String(named) => of_files(importer, named, &source.place(&pointer)),
                    _ => Test::of(importer, source, &pointer).into_iter().collect(),
                }
            };
            items.iter().enumerate().flat_map(test).collect()
        }
        Some(Value::Object(map)) if map.contains_key("path") => {
            importer.skipped(&place, "tests that a program makes are not read", "Let it write them into a file.");
            Vec::new()
        }
        Some(_) => {
            importer.skipped(&place, "the tests are neither a list nor a file", "Write a list.");
            Vec::new()
        }
    }
}

fn of_files(importer: &Importer<'_>, named: &str, place: &Place) -> Vec<Test> {
    let named = named.strip_prefix("file://").unwrap_or(named);
    let is_remote = ["http://", "https://", "huggingface://", "az://", "s3://"].iter().any(|start| named.starts_with(start));
    if is_remote || is_script(named) || named.ends_with(".xlsx") || named.ends_with(".xls") {
        importer.skipped(place, format!("the tests in `{named}` are not read"), "Write them as CSV, JSON Lines or YAML in the project.");
        return Vec::new();
    }
    let paths = importer.matching(named);
    if paths.is_empty() {
        importer.skipped(place, format!("no file is named by `{named}`"), "Correct the path; it begins at the directory of the configuration.");
    }
    let read = |path: String| {
        let Some((file, text)) = importer.text(&path, place) else { return Vec::new() };
        of_text(importer, &files::shown(importer.project, &file).into(), &text)
    };
    paths.into_iter().flat_map(read).collect()
}

/// The tests of a text, after the end of its path.
pub(super) fn of_text(importer: &Importer<'_>, path: &Arc<str>, text: &str) -> Vec<Test> {
    if path.ends_with(".csv") || path.ends_with(".tsv") {
        return of_table(importer, path, text);
    }
    if path.ends_with(".jsonl") || path.ends_with(".ndjson") {
        return of_lines(importer, path, text);
    }
    let Some(source) = parse(path, text, importer.report) else { return Vec::new() };
    match &source.value {
        Value::Array(_) => listed(importer, &source, ""),
        _ => Test::of(importer, &source, "").into_iter().collect(),
    }
}

fn of_lines(importer: &Importer<'_>, path: &Arc<str>, text: &str) -> Vec<Test> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let test = |(at, line): (usize, &str)| {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        match serde_json::from_str(line) {
            Ok(value) => Test::of(importer, &Source::row(Arc::clone(path), value, number, number), ""),
            Err(error) => {
                let place = Place::line(Arc::clone(path), number);
                importer.report.error("unreadable-json", place, format!("the line is no JSON: {error}"), "Mend the line; each test stands on one.");
                None
            }
        }
    };
    lines.filter_map(test).collect()
}

fn of_table(importer: &Importer<'_>, path: &Arc<str>, text: &str) -> Vec<Test> {
    let (records, broken) = csv::read(text);
    for fault in broken {
        importer.report.error(
            "unreadable-csv",
            Place::line(Arc::clone(path), fault.line),
            fault.message,
            "Write a field with quotes, separators or line ends as `\"…\"`.",
        );
    }
    let mut records = records.into_iter();
    let Some(header) = records.next() else { return Vec::new() };
    let names: Vec<String> = header.fields.iter().map(|name| name.trim().to_owned()).collect();
    let test = |record: csv::Record| {
        let row = Source::row(Arc::clone(path), table::test(&names, &record), record.first_line, record.last_line);
        if record.fields.len() != names.len() {
            let message = format!("the record has {} fields, and the first line names {}", record.fields.len(), names.len());
            importer.report.error("unreadable-csv", row.place(""), message, "Add or remove separators, or put the field that has one into quotes.");
        }
        Test::of(importer, &row, "")
    };
    records.filter_map(test).collect()
}

/// The values of a test's variables, one for each combination: a list of texts stands for each of them, and so does a path with `*`.
pub(super) fn combinations(importer: &Importer<'_>, test: &Test, place: &Place) -> Vec<Map<String, Value>> {
    let is_expanded = test.table("options").get("disableVarExpansion") != Some(&Value::Bool(true));
    let mut combinations = vec![Map::new()];
    for (name, value) in test.table("vars") {
        let values: Vec<Value> = match &value {
            Value::Array(items) if is_expanded && items.first().is_some_and(Value::is_string) => items.clone(),
            Value::String(text) if is_expanded && text.starts_with("file://") => {
                importer.matching(&text[7..]).into_iter().map(|path| format!("file://{path}").into()).collect()
            }
            _ => vec![value],
        };
        let values: Vec<Value> = values.into_iter().map(|value| loaded(importer, value, &name, place)).collect();
        if combinations.len().saturating_mul(values.len()) > COMBINATIONS_MAX {
            importer.report.error("bad-value", place.clone(), format!("the variables have more than {COMBINATIONS_MAX} combinations"), "Shorten the lists.");
            return combinations;
        }
        combinations = combinations.iter().flat_map(|combination| values.iter().map(|value| with(combination, &name, value))).collect();
    }
    combinations
}

fn with(combination: &Map<String, Value>, name: &str, value: &Value) -> Map<String, Value> {
    let mut map = combination.clone();
    map.insert(name.to_owned(), value.clone());
    map
}

/// A variable's value; the contents of a file where it names one, structured ones as JSON.
fn loaded(importer: &Importer<'_>, value: Value, name: &str, place: &Place) -> Value {
    let Some(named) = value.as_str().and_then(|text| text.strip_prefix("file://")) else { return value };
    match importer.data(named, place) {
        Some(Value::String(text)) => text.into(),
        Some(data) => data.to_string().into(),
        None => {
            importer.skipped(place, format!("the variable `{name}` comes from `{named}`, which is not read"), "Write its value.");
            "".into()
        }
    }
}
