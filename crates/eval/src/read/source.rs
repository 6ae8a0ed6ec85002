//! Tables of a file with the place of each setting, and the mistakes that were found in them.

use jeton_context::located::{Located, below};
use jeton_context::{Finding, Place, Severity};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::sync::Arc;

/// The mistakes that were found, in order.
#[derive(Debug, Default)]
pub(crate) struct Report(RefCell<Vec<Finding>>);

impl Report {
    pub(crate) fn add(&self, code: &'static str, severity: Severity, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.0.borrow_mut().push(Finding::new(code, severity, place, message, remedy));
    }

    pub(crate) fn error(&self, code: &'static str, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.add(code, Severity::Error, place, message, remedy);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.borrow().iter().any(|finding| finding.severity == Severity::Error)
    }

    /// All of them, by place.
    pub(crate) fn take(&self) -> Vec<Finding> {
        let mut findings = self.0.take();
        findings.sort_by(|a, b| a.place.cmp(&b.place));
        findings.dedup();
        findings
    }
}

/// A value with the line of each of its parts.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: Arc<str>,
    pub(crate) value: Value,
    lines: Lines,
    /// Whether `null` may stand for a setting that is left out: in YAML and JSON, where it is written; TOML has none but for a number that is none.
    has_null: bool,
}

#[derive(Debug)]
enum Lines {
    Of(Located),
    /// All of it stands between these lines.
    Fixed(u32, u32),
}

impl Source {
    /// A whole file.
    pub(crate) fn file(path: Arc<str>, mut located: Located, has_null: bool) -> Self {
        Self { path, value: std::mem::take(&mut located.value), lines: Lines::Of(located), has_null }
    }

    /// A row of a data file.
    pub(crate) fn row(path: Arc<str>, value: Value, first_line: u32, last_line: u32) -> Self {
        Self { path, value, lines: Lines::Fixed(first_line, last_line), has_null: true }
    }

    /// The place of what a JSON pointer leads to.
    pub(crate) fn place(&self, pointer: &str) -> Place {
        let (first, last) = match &self.lines {
            Lines::Of(located) => (located.line(pointer), located.line(pointer)),
            Lines::Fixed(first, last) => (*first, *last),
        };
        Place::lines(Arc::clone(&self.path), first, last)
    }

    /// The table at a JSON pointer.
    pub(crate) fn table<'a>(&'a self, pointer: &str, report: &'a Report) -> Option<Fields<'a>> {
        let map = self.value.pointer(pointer)?.as_object()?;
        Some(Fields { source: self, map, pointer: pointer.to_owned(), report })
    }
}

/// A table, whose settings are taken one by one.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) source: &'a Source,
    pub(crate) map: &'a Map<String, Value>,
    pub(crate) pointer: String,
    pub(crate) report: &'a Report,
}

impl<'a> Fields<'a> {
    pub(crate) fn place(&self) -> Place {
        self.source.place(&self.pointer)
    }

    pub(crate) fn place_of(&self, key: &str) -> Place {
        self.source.place(&below(&self.pointer, key))
    }

    pub(crate) fn error(&self, code: &'static str, key: &str, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.error(code, self.place_of(key), message, remedy);
    }

    pub(crate) fn wrong_type(&self, key: &str, expected: &str) {
        self.error("wrong-type", key, format!("`{key}` is not {expected}"), format!("Write {expected} as its value."));
    }

    /// The value of a setting; none where it is left out.
    pub(crate) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !(value.is_null() && self.source.has_null))
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    fn typed<T>(&self, key: &str, expected: &str, read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let typed = read(value);
        if typed.is_none() {
            self.wrong_type(key, expected);
        }
        typed
    }

    /// A text; numbers count as such.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.typed(key, "a text", as_text)
    }

    /// Reports where a setting is not there.
    pub(crate) fn must_have(&self, key: &str, what: &str) {
        if !self.has(key) {
            self.report.error("missing-key", self.place(), format!("there is no `{key}`: {what}"), format!("Write `{key} = …`."));
        }
    }

    /// A text that must be there.
    pub(crate) fn needed(&self, key: &str, what: &str) -> Option<String> {
        self.must_have(key, what);
        self.text(key)
    }

    /// A list of texts; one text is a list of one.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let read = |value: &Value| match value {
            Value::Array(items) => items.iter().map(as_text).collect(),
            one => as_text(one).map(|text| vec![text]),
        };
        self.typed(key, "a list of texts", read).unwrap_or_default()
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.typed(key, "`true` or `false`", Value::as_bool)
    }

    /// A number.
    pub(crate) fn number(&self, key: &str) -> Option<f64> {
        self.typed(key, "a number", Value::as_f64)
    }

    /// A number of a range.
    pub(crate) fn number_in(&self, key: &str, least: f64, most: f64) -> Option<f64> {
        let number = self.number(key)?;
        if number < least || number > most {
            let range = if most.is_finite() { format!("from {least} to {most}") } else { format!("of {least} or more") };
            self.error("bad-value", key, format!("`{key}` is {number}"), format!("Write a number {range}."));
            return None;
        }
        Some(number)
    }

    /// A whole number of a range.
    pub(crate) fn count(&self, key: &str, least: u64, most: u64) -> Option<u64> {
        let range = if most == u64::MAX { format!("a whole number of {least} or more") } else { format!("a whole number from {least} to {most}") };
        let value = self.value(key)?;
        match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => return Some(number),
            _ if value.as_i64().is_some() || value.as_u64().is_some() => {
                self.error("bad-value", key, format!("`{key}` is {value}"), format!("Write {range}."));
            }
            _ => self.wrong_type(key, &range),
        }
        None
    }

    /// A whole number of a range that fits 32 bits.
    pub(crate) fn small(&self, key: &str, least: u32) -> Option<u32> {
        self.count(key, least.into(), u32::MAX.into()).and_then(|count| u32::try_from(count).ok())
    }

    /// A table with names of its own.
    pub(crate) fn free_table(&self, key: &str) -> Map<String, Value> {
        self.typed(key, "a table", |value| value.as_object().cloned()).unwrap_or_default()
    }

    /// The table under `key`.
    pub(crate) fn within(&self, key: &str) -> Option<Self> {
        let map = self.typed(key, "a table", Value::as_object)?;
        Some(Self { source: self.source, map, pointer: below(&self.pointer, key), report: self.report })
    }

    /// The tables of a list under `key`; one table is a list of one.
    pub(crate) fn tables(&self, key: &str) -> Vec<Self> {
        let pointer = below(&self.pointer, key);
        let fields = |map, pointer| Self { source: self.source, map, pointer, report: self.report };
        match self.value(key) {
            None => Vec::new(),
            Some(Value::Object(map)) => vec![fields(map, pointer)],
            Some(Value::Array(items)) => {
                let tables: Vec<Self> =
                    items.iter().enumerate().filter_map(|(at, item)| Some(fields(item.as_object()?, below(&pointer, &at.to_string())))).collect();
                if tables.len() < items.len() {
                    self.wrong_type(key, "a list of tables");
                }
                tables
            }
            Some(_) => {
                self.wrong_type(key, "a list of tables");
                Vec::new()
            }
        }
    }

    /// Reports every setting that is not among `known`, with the nearest names.
    pub(crate) fn only(&self, known: &[&str]) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str())) {
            let message = format!("nothing is called `{key}` here, so it would have no effect");
            self.error("unknown-key", key, message, nearest(key, known.iter().copied()));
        }
    }
}

/// The remedy for a name that is not among some: those that are nearest.
pub(crate) fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = jeton_core::nearest(wanted, names, 3).iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "There is none to choose from.".to_owned(),
        [one] => format!("The only one is {one}."),
        several => format!("The nearest are {}.", several.join(", ")),
    }
}

fn as_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))
}
