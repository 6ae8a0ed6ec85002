//! Lists of calls, and one call with everything.

use super::rows::{CALL_COLUMNS, ENTRY_COLUMNS, read_call_row, read_entry, read_record, status_code};
use crate::query::SEPARATOR;
use crate::{CallDetail, CallFilter, CallRow, Feedback, LedgerError};
use jeton_core::{CallId, Timestamp};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 10_000;

pub(super) fn calls(connection: &Connection, filter: &CallFilter) -> Result<Vec<CallRow>, LedgerError> {
    let mut clauses: Vec<&str> = vec!["id >= ?", "id < ?"];
    let first = filter.since.map_or(0, |since| CallId::first_at(since).to_i64());
    let until = filter.until.map_or(i64::MAX, |until| CallId::first_at(until).to_i64());
    let end = filter.before.map_or(i64::MAX, CallId::to_i64).min(until);
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(first), Box::new(end)];
    let texts = [("class = ?", &filter.class), ("key = ?", &filter.key), ("outcome = ?", &filter.outcome)];
    for (clause, value) in texts {
        if let Some(value) = value {
            clauses.push(clause);
            values.push(Box::new(value));
        }
    }
    if let Some(model) = &filter.model {
        clauses.push("(model = ? OR model_asked = ?)");
        values.extend([Box::new(model) as Box<dyn ToSql>, Box::new(model)]);
    }
    if let Some(status) = filter.status {
        clauses.push("status = ?");
        values.push(Box::new(status_code(status)));
    }
    if let Some(simulated) = filter.simulated {
        clauses.push("simulated = ?");
        values.push(Box::new(simulated));
    }
    let lists = [("instr(char(31) || accounts || char(31), ?) > 0", &filter.account), ("instr(char(31) || tags || char(31), ?) > 0", &filter.tag)];
    for (clause, value) in lists {
        if let Some(value) = value {
            clauses.push(clause);
            values.push(Box::new(format!("{SEPARATOR}{value}{SEPARATOR}")));
        }
    }
    let limit = if filter.limit == 0 { LIMIT_DEFAULT } else { filter.limit.min(LIMIT_MAX) };
    let sql = format!("SELECT {CALL_COLUMNS} FROM calls WHERE {} ORDER BY id DESC LIMIT {limit}", clauses.join(" AND "));
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(values), read_call_row)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn call(connection: &Connection, id: CallId) -> Result<Option<CallDetail>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {CALL_COLUMNS}, json FROM calls JOIN details ON call = id WHERE id = ?1"))?;
    let mut rows = statement.query([id.to_i64()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let record = read_record(row)?;
    let mut statement = connection.prepare_cached(&format!("SELECT {ENTRY_COLUMNS} FROM entries WHERE call = ?1 ORDER BY step"))?;
    let entries = statement.query_map([id.to_i64()], read_entry)?.collect::<Result<_, _>>()?;
    let feedback = feedback(connection, id)?;
    Ok(Some(CallDetail { record, entries, feedback }))
}

pub(super) fn newest_call(connection: &Connection) -> Result<Option<CallId>, LedgerError> {
    let newest = connection.prepare_cached("SELECT MAX(id) FROM calls")?.query_row([], |row| row.get::<_, Option<i64>>(0))?;
    Ok(newest.map(CallId::from_i64))
}

fn feedback(connection: &Connection, id: CallId) -> Result<Vec<Feedback>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT verdict, score, comment, by, at FROM feedback WHERE call = ?1 ORDER BY id")?;
    let read =
        |row: &rusqlite::Row<'_>| Ok(Feedback { verdict: row.get(0)?, score: row.get(1)?, comment: row.get(2)?, by: row.get(3)?, at: Timestamp(row.get(4)?) });
    let feedback = statement.query_map([id.to_i64()], read)?.collect::<Result<_, _>>()?;
    Ok(feedback)
}

pub(super) fn add_feedback(connection: &Connection, id: CallId, feedback: &Feedback) -> Result<(), LedgerError> {
    feedback.check()?;
    let is_there = connection.prepare_cached("SELECT 1 FROM calls WHERE id = ?1")?.query_row([id.to_i64()], |_| Ok(())).optional()?.is_some();
    if !is_there {
        return Err(LedgerError::NotFound(format!("there is no {id} in the ledger")));
    }
    connection.prepare_cached("INSERT INTO feedback (call, verdict, score, comment, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        id.to_i64(),
        feedback.verdict,
        feedback.score,
        feedback.comment,
        feedback.by,
        feedback.at.0
    ])?;
    Ok(())
}
