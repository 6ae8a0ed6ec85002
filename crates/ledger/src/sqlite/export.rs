//! Everything, as JSON Lines or CSV: nobody is locked in. Rows are written as they are read.

use super::keys;
use super::rows::{CALL_COLUMNS, ENTRY_COLUMNS, read_entry, read_record};
use crate::{CallRecord, EntryRow, ExportFormat, ExportTable, Feedback, KeyRecord, LedgerError, Note, RunRecord, RunRow};
use jeton_core::{CallId, Certainty, Nanousd, Timestamp};
use rusqlite::Connection;
use serde::Serialize;
use std::io::Write;
use std::sync::Arc;

/// A verdict with the call it is on.
#[derive(Serialize)]
struct FeedbackLine {
    call: CallId,
    #[serde(flatten)]
    feedback: Feedback,
}

/// A row with the run it is of.
#[derive(Serialize)]
struct RowLine {
    run: String,
    #[serde(flatten)]
    row: RunRow,
}

/// A row that can be written in both formats.
trait Line: Serialize {
    const RECORD: &'static str;
    const HEADING: &'static [&'static str];
    fn cells(&self) -> Vec<String>;
}

#[derive(Serialize)]
struct Tagged<'a, T> {
    record: &'static str,
    #[serde(flatten)]
    line: &'a T,
}

struct Sink<'a> {
    format: ExportFormat,
    out: &'a mut dyn Write,
    rows: u64,
}

impl Sink<'_> {
    fn heading(&mut self, names: &[&str]) -> Result<(), LedgerError> {
        if self.format == ExportFormat::Csv {
            writeln!(self.out, "{}", names.join(","))?;
        }
        Ok(())
    }

    fn line<T: Line>(&mut self, line: &T) -> Result<(), LedgerError> {
        self.rows += 1;
        match self.format {
            ExportFormat::Jsonl => {
                serde_json::to_writer(&mut *self.out, &Tagged { record: T::RECORD, line }).map_err(|error| LedgerError::Store(error.to_string()))?;
                writeln!(self.out)?;
            }
            ExportFormat::Csv => writeln!(self.out, "{}", line.cells().iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(","))?,
        }
        Ok(())
    }
}

/// A cell after RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe before it; a number is none.
fn quoted(cell: &str) -> String {
    let is_number = || cell.parse::<f64>().is_ok_and(f64::is_finite);
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

pub(super) fn export(connection: &Connection, table: ExportTable, format: ExportFormat, out: &mut dyn Write) -> Result<u64, LedgerError> {
    let mut sink = Sink { format, out, rows: 0 };
    match table {
        ExportTable::Calls => calls(connection, &mut sink)?,
        ExportTable::Entries => entries(connection, &mut sink)?,
        ExportTable::Feedback => feedback(connection, &mut sink)?,
        ExportTable::Keys => {
            sink.heading(KeyRecord::HEADING)?;
            keys::read_all(connection)?.iter().try_for_each(|(key, _)| sink.line(key))?;
        }
        ExportTable::Runs => all(connection, &mut sink, "SELECT id, suite, started, json FROM runs ORDER BY started, id", |row| {
            Ok(RunRecord { id: row.get(0)?, suite: row.get(1)?, started: Timestamp(row.get(2)?), json: row.get(3)? })
        })?,
        ExportTable::RunRows => all(connection, &mut sink, "SELECT run, launch, json FROM run_rows ORDER BY run, launch", |row| {
            Ok(RowLine { run: row.get(0)?, row: RunRow { launch: row.get::<_, i64>(1)?.unsigned_abs(), json: row.get(2)? } })
        })?,
        ExportTable::Notes => all(connection, &mut sink, "SELECT kind, subject, at, json FROM notes ORDER BY id", |row| {
            Ok(Note { kind: row.get(0)?, subject: row.get(1)?, at: Timestamp(row.get(2)?), json: row.get(3)? })
        })?,
    }
    sink.out.flush()?;
    Ok(sink.rows)
}

/// Every row of a statement as a line.
fn all<T: Line>(connection: &Connection, sink: &mut Sink<'_>, sql: &str, read: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<T>) -> Result<(), LedgerError> {
    sink.heading(T::HEADING)?;
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sink.line(&read(row)?)?;
    }
    Ok(())
}

fn calls(connection: &Connection, sink: &mut Sink<'_>) -> Result<(), LedgerError> {
    sink.heading(CallRecord::HEADING)?;
    let mut statement = connection.prepare(&format!("SELECT {CALL_COLUMNS}, json FROM calls JOIN details ON call = id ORDER BY id"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sink.line(&read_record(row)?)?;
    }
    Ok(())
}

fn entries(connection: &Connection, sink: &mut Sink<'_>) -> Result<(), LedgerError> {
    sink.heading(EntryRow::HEADING)?;
    let mut statement = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entries ORDER BY call, step"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sink.line(&read_entry(row)?)?;
    }
    Ok(())
}

fn feedback(connection: &Connection, sink: &mut Sink<'_>) -> Result<(), LedgerError> {
    sink.heading(FeedbackLine::HEADING)?;
    let mut statement = connection.prepare("SELECT call, verdict, score, comment, by, at FROM feedback ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let feedback = Feedback { verdict: row.get(1)?, score: row.get(2)?, comment: row.get(3)?, by: row.get(4)?, at: Timestamp(row.get(5)?) };
        sink.line(&FeedbackLine { call: CallId::from_i64(row.get(0)?), feedback })?;
    }
    Ok(())
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn time(at: Option<Timestamp>) -> String {
    at.map(Timestamp::rfc3339).unwrap_or_default()
}

fn nano(amount: Nanousd) -> String {
    amount.0.to_string()
}

const fn word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Reported => "reported",
        Certainty::Estimated => "estimated",
        Certainty::Unknown => "unknown",
    }
}

fn spaced(names: &[Arc<str>]) -> String {
    names.join(" ")
}

impl Line for CallRecord {
    const RECORD: &'static str = "call";
    const HEADING: &'static [&'static str] = &[
        "id",
        "started",
        "class",
        "key",
        "accounts",
        "outcome",
        "task",
        "tags",
        "endpoint",
        "model_asked",
        "model",
        "route",
        "status",
        "http_status",
        "stream",
        "simulated",
        "input_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
        "usage_certainty",
        "cost_nanousd",
        "charged_nanousd",
        "charge_certainty",
        "held_nanousd",
        "price_version",
        "tries",
        "first_content_us",
        "total_us",
        "own_us",
        "finish_reason",
        "fault",
    ];

    /// An unknown figure is an empty cell, not zero.
    fn cells(&self) -> Vec<String> {
        let (who, usage) = (&self.attribution, &self.usage);
        vec![
            self.id.to_string(),
            self.started.rfc3339(),
            who.class.to_string(),
            or_empty(who.key.as_ref()),
            spaced(&who.accounts),
            or_empty(who.outcome.as_ref()),
            or_empty(who.task.as_ref()),
            spaced(&who.tags),
            self.endpoint.clone(),
            self.model_asked.clone(),
            or_empty(self.model.as_ref()),
            or_empty(self.route.as_ref()),
            self.status.name().to_owned(),
            self.http_status.to_string(),
            self.stream.to_string(),
            self.simulated.to_string(),
            or_empty(usage.input),
            or_empty(usage.cache_read),
            or_empty(usage.cache_write),
            or_empty(usage.cache_write_1h),
            or_empty(usage.output),
            or_empty(usage.reasoning),
            word(self.usage_certainty).to_owned(),
            or_empty(self.cost.known().map(|cost| cost.0)),
            nano(self.charged),
            word(self.charge_certainty).to_owned(),
            nano(self.held),
            or_empty(self.price_version.as_ref()),
            self.tries.len().to_string(),
            or_empty(self.first_content_us),
            self.total_us.to_string(),
            self.own_us.to_string(),
            or_empty(self.finish_reason.as_ref()),
            or_empty(self.fault.as_ref().map(|fault| fault.code_or_kind())),
        ]
    }
}

impl Line for RunRecord {
    const RECORD: &'static str = "run";
    const HEADING: &'static [&'static str] = &["id", "suite", "started", "json"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.clone(), self.suite.clone(), self.started.rfc3339(), self.json.clone()]
    }
}

impl Line for RowLine {
    const RECORD: &'static str = "run_row";
    const HEADING: &'static [&'static str] = &["run", "launch", "json"];

    fn cells(&self) -> Vec<String> {
        vec![self.run.clone(), self.row.launch.to_string(), self.row.json.clone()]
    }
}

impl Line for Note {
    const RECORD: &'static str = "note";
    const HEADING: &'static [&'static str] = &["kind", "subject", "at", "json"];

    fn cells(&self) -> Vec<String> {
        vec![self.kind.clone(), self.subject.clone(), self.at.rfc3339(), self.json.clone()]
    }
}

impl Line for EntryRow {
    const RECORD: &'static str = "entry";
    const HEADING: &'static [&'static str] = &["call", "kind", "amount_nanousd", "accounts", "admitted_at", "made_at", "certainty", "simulated"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.call.to_string(),
            self.kind.name().to_owned(),
            nano(self.amount),
            self.accounts.join(" "),
            self.at.rfc3339(),
            self.made_at.rfc3339(),
            word(self.certainty).to_owned(),
            self.simulated.to_string(),
        ]
    }
}

impl Line for FeedbackLine {
    const RECORD: &'static str = "feedback";
    const HEADING: &'static [&'static str] = &["call", "verdict", "score", "comment", "by", "at"];

    fn cells(&self) -> Vec<String> {
        let Feedback { verdict, score, comment, by, at } = &self.feedback;
        vec![self.call.to_string(), verdict.clone(), or_empty(*score), or_empty(comment.as_ref()), by.clone(), at.rfc3339()]
    }
}

impl Line for KeyRecord {
    const RECORD: &'static str = "key";
    const HEADING: &'static [&'static str] =
        &["id", "name", "account", "class", "tags", "created", "expires", "revoked", "admin", "budget_nanousd", "budget_window", "budget_timezone"];

    fn cells(&self) -> Vec<String> {
        let budget = self.budget.as_ref();
        vec![
            self.id.clone(),
            self.name.clone(),
            self.account.clone(),
            or_empty(self.class.as_ref()),
            self.tags.join(" "),
            self.created.rfc3339(),
            time(self.expires),
            time(self.revoked),
            self.admin.to_string(),
            or_empty(budget.map(|budget| budget.amount.0)),
            or_empty(budget.map(|budget| budget.window.name())),
            or_empty(budget.map(|budget| &budget.timezone)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_cell_is_a_formula() {
        let check = |cell: &str, expected: &str| assert_eq!(quoted(cell), expected);
        check("=1+2", "'=1+2");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check("@SUM(A1)", "'@SUM(A1)");
        check("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0");
        check("-1+cmd", "'-1+cmd");
        check("\t=1", "'\t=1");
        check("\r=1", "\"'\r=1\"");
        check("-", "'-");
        check("-inf", "'-inf");
        // An adjustment may be negative, and stays a number.
        check("-150000000", "-150000000");
        check("-0.5", "-0.5");
        check("a=b", "a=b");
        check("", "");
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        for (cell, expected) in [("a b", "a b"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("1\n2", "\"1\n2\"")] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
