//! Columns of a data file whose rows have values of different types: often a slip of whoever wrote the file, and nothing would tell it later.

use super::source::Report;
use jeton_context::{Place, Severity};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of a column that are told one by one; of the others their number is.
const TOLD_MAX: usize = 10;

/// The type of a value for this comparison. A text and a list of texts are one: both are ways to say what is asked and what would be right.
fn kind(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "yes or no",
        Value::Number(_) => "a number",
        Value::String(_) | Value::Array(_) => "a text or a list",
        Value::Object(_) => "an object",
    })
}

/// Reports the rows whose value in a column is of another type than most rows have there. Ids may be texts and numbers. `rows` come with
/// their first and last lines.
pub(super) fn check(path: &Arc<str>, rows: &[(Map<String, Value>, u32, u32)], report: &Report) {
    let mut columns: BTreeMap<&str, Vec<(usize, &'static str)>> = BTreeMap::new();
    for (at, (row, ..)) in rows.iter().enumerate() {
        for (name, value) in row.iter().filter(|(name, _)| *name != "id") {
            columns.entry(name).or_default().extend(kind(value).map(|kind| (at, kind)));
        }
    }
    for (name, values) in columns {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        values.iter().for_each(|(_, kind)| *counts.entry(kind).or_default() += 1);
        let Some((usual, count)) = counts.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count * 2 > values.len()) else { continue };
        let others: Vec<&(usize, &str)> = values.iter().filter(|(_, kind)| *kind != usual).collect();
        for (nth, (at, kind)) in others.iter().take(TOLD_MAX).enumerate() {
            let (_, first, last) = &rows[*at];
            let more = if nth + 1 == TOLD_MAX && others.len() > TOLD_MAX { format!("; so do {} rows more", others.len() - TOLD_MAX) } else { String::new() };
            let message = format!("row {}, column `{name}`: it has {kind}, and {count} of {} rows have {usual}{more}", at + 1, values.len());
            let remedy = format!("Write {usual} as its value, if that is meant; it is read as it stands.");
            report.add("mixed-types", Severity::Warning, Place::lines(Arc::clone(path), *first, *last), message, remedy);
        }
    }
}
