//! Data files: JSON Lines, a JSON list, or CSV, row by row.

use super::csv;
use super::dialect::{self, Dialect};
use super::files::{self, DATA_BYTES_MAX};
use super::mixed;
use super::source::{Report, Source};
use jeton_context::{Place, Severity};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::Arc;

/// A row in our words.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) source: Source,
    /// An answer that was recorded with it.
    pub(crate) output: Option<Value>,
}

/// The rows of a file, each in our words, and the dialect that they were in; none: ours.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
    pub(crate) dialect: Option<&'static str>,
}

/// Reads a data file; mistakes go to `report`.
pub(crate) fn read(project: &Path, file: &Path, report: &Report) -> Rows {
    let shown: Arc<str> = files::shown(project, file).into();
    match files::text(file, DATA_BYTES_MAX) {
        Ok(text) => parse(&shown, &text, report),
        Err(unread) => {
            report.error(unread.code, Place::file(shown), unread.why, unread.remedy);
            Rows::default()
        }
    }
}

/// The rows of a text, after the end of the path's name.
pub(crate) fn parse(path: &Arc<str>, text: &str, report: &Report) -> Rows {
    let end = path.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    let rows = match end.as_str() {
        "csv" | "tsv" => of_csv(path, text, report),
        "json" => of_json(path, text, report),
        "jsonl" | "ndjson" => of_lines(path, text, report),
        _ => {
            let message = "the name does not say what this file is";
            report.error("unreadable-file", Place::file(Arc::clone(path)), message, "Let it end with `.jsonl`, `.json` or `.csv`.");
            Vec::new()
        }
    };
    mixed::check(path, &rows, report);
    let found = rows.iter().find_map(|(row, ..)| dialect::sniff(row));
    if let Some(dialect) = found {
        let message = format!("the rows look like those of {}, and are read so", dialect.name);
        report.add(
            "rows-guessed",
            Severity::Note,
            Place::file(Arc::clone(path)),
            message,
            "Nothing, if that is right; else rename the keys to `input` and `reference`.",
        );
    }
    let rows = rows.into_iter().map(|(row, first, last)| own(path, row, found, (first, last))).collect();
    Rows { rows, dialect: found.map(|dialect| dialect.name) }
}

fn own(path: &Arc<str>, row: Map<String, Value>, dialect: Option<&'static Dialect>, (first, last): (u32, u32)) -> Row {
    let own = match dialect {
        Some(dialect) => dialect.own(row),
        None => dialect::Own { row, output: None },
    };
    Row { source: Source::row(Arc::clone(path), Value::Object(own.row), first, last), output: own.output }
}

type Placed = (Map<String, Value>, u32, u32);

fn of_lines(path: &Arc<str>, text: &str, report: &Report) -> Vec<Placed> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let row = |(at, line): (usize, &str)| {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let place = Place::line(Arc::clone(path), number);
        match serde_json::from_str(line) {
            Ok(Value::Object(map)) => return Some((map, number, number)),
            Ok(_) => report.error("wrong-type", place, "the line is no JSON object", "Write one object on each line: `{\"input\": …}`."),
            Err(error) => {
                let message = format!("the line is no JSON: {}", without_place(&error));
                report.error("unreadable-json", place, message, format!("Mend it at column {}; each row stands on one line.", error.column()));
            }
        }
        None
    };
    lines.filter_map(row).collect()
}

/// What is wrong, without the line, which is always the first.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

fn of_json(path: &Arc<str>, text: &str, report: &Report) -> Vec<Placed> {
    let located = match jeton_context::json::parse(text) {
        Ok(located) => located,
        Err(error) => {
            report.error("unreadable-json", Place::line(Arc::clone(path), error.line), format!("the file is no JSON: {}", error.message), "Mend the line.");
            return Vec::new();
        }
    };
    let Some(items) = located.value.as_array() else {
        report.error("wrong-type", Place::file(Arc::clone(path)), "the file is no list of rows", "Write `[{\"input\": …}, …]`.");
        return Vec::new();
    };
    let row = |(at, item): (usize, &Value)| {
        let (first, last) = located.lines_of(&format!("/{at}"));
        if !item.is_object() {
            report.error("wrong-type", Place::line(Arc::clone(path), first), "the row is no JSON object", "Write `{\"input\": …}`.");
        }
        Some((item.as_object()?.clone(), first, last))
    };
    items.iter().enumerate().filter_map(row).collect()
}

/// Columns that hold several values.
const LISTS: [&str; 3] = ["needs", "tags", "files"];

fn of_csv(path: &Arc<str>, text: &str, report: &Report) -> Vec<Placed> {
    let (records, broken) = csv::read(text);
    for fault in broken {
        report.error(
            "unreadable-csv",
            Place::line(Arc::clone(path), fault.line),
            fault.message,
            "Write a field with quotes, separators or line ends as `\"…\"`.",
        );
    }
    let mut records = records.into_iter();
    let Some(header) = records.next() else { return Vec::new() };
    let names: Vec<String> = header.fields.iter().map(|name| name.trim().to_owned()).collect();
    for (at, name) in names.iter().enumerate() {
        if name.is_empty() || names[..at].contains(name) {
            let message = if name.is_empty() { format!("column {} has no name", at + 1) } else { format!("two columns are called `{name}`") };
            report.error("unreadable-csv", Place::line(Arc::clone(path), header.first_line), message, "Give every column a name of its own in the first line.");
        }
    }
    let is_foreign = dialect::sniff(&names.iter().map(|name| (name.clone(), Value::Null)).collect()).is_some();
    let row = |record: csv::Record| {
        if record.fields.len() != names.len() {
            let message = format!("the record has {} fields, and the first line names {}", record.fields.len(), names.len());
            report.error(
                "unreadable-csv",
                Place::lines(Arc::clone(path), record.first_line, record.last_line),
                message,
                "Add or remove separators, or put the field that has one into quotes.",
            );
            return None;
        }
        let cells = names.iter().cloned().zip(record.fields);
        Some((row_of(cells, is_foreign), record.first_line, record.last_line))
    };
    records.filter_map(row).collect()
}

/// A record as a row. An empty cell is left out; a column that is none of ours is a variable.
fn row_of(cells: impl Iterator<Item = (String, String)>, is_foreign: bool) -> Map<String, Value> {
    let (mut row, mut vars) = (Map::new(), Map::new());
    for (name, cell) in cells {
        match name.as_str() {
            key if LISTS.contains(&key) => drop(row.insert(name, split(&cell))),
            "weight" => drop(row.insert(name, weight(&cell))),
            "id" | "cluster" | "class" | "input" | "reference" => {
                if !cell.is_empty() {
                    row.insert(name, Value::String(cell));
                }
            }
            _ if is_foreign => drop(row.insert(name, Value::String(cell))),
            _ => drop(vars.insert(name, Value::String(cell))),
        }
    }
    if !vars.is_empty() {
        row.insert("vars".to_owned(), Value::Object(vars));
    }
    row
}

/// Several values in a cell: with semicolons between them, or else blanks.
fn split(cell: &str) -> Value {
    let parts: Vec<&str> = if cell.contains(';') { cell.split(';').collect() } else { cell.split_whitespace().collect() };
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A number; what is none stays a text, and is reported as one where the case is read.
fn weight(cell: &str) -> Value {
    match cell.trim() {
        "" => Value::Null,
        text => serde_json::from_str::<serde_json::Number>(text).map_or_else(|_| text.into(), Value::Number),
    }
}
