//! The check of everything: each invariant, each total, and the running book against its entries.

mod call;
mod groups;

use super::recover::open_holds;
use super::rows::{CALL_COLUMNS, ENTRY_COLUMNS, read_sealed};
use super::spent::{clamped, exactly_spent};
use super::tally::{CALL_WIDTH, Digest, Tally};
use crate::book::Plan;
use crate::{AccountConfig, AccountStanding, CallRecord, EntryKind, LedgerError, VerifyReport};
use call::Faults;
use groups::{Group, Groups};
use jeton_core::{CallId, Nanousd, Timestamp};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// What a running book says, taken at the moment of the snapshot.
pub(super) struct Running {
    pub(super) accounts: Vec<AccountConfig>,
    pub(super) standings: Vec<AccountStanding>,
    pub(super) holds: BTreeMap<CallId, Nanousd>,
    pub(super) now: Timestamp,
}

/// Runs `with` on one unchanging view of the file.
pub(super) fn snapshot<T>(connection: &Connection, with: impl FnOnce(&Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
    begin(connection)?;
    let result = with(connection);
    end(connection)?;
    result
}

/// Fixes the view: SQLite takes it with the first read.
pub(super) fn begin(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute_batch("BEGIN; SELECT 1 FROM meta")?;
    Ok(())
}

pub(super) fn end(connection: &Connection) -> Result<(), LedgerError> {
    connection.execute_batch("COMMIT")?;
    Ok(())
}

pub(super) fn check(connection: &Connection, running: Option<&Running>) -> Result<VerifyReport, LedgerError> {
    let mut report = VerifyReport::default();
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        report.problem(format!("the file is damaged: {sound}"));
    }
    calls_and_entries(connection, &mut report)?;
    orphans(connection, &mut report)?;
    if let Some(running) = running {
        compare(connection, running, &mut report)?;
    }
    Ok(report)
}

/// What is counted on the way.
#[derive(Default)]
struct Counted {
    tally: Tally,
    /// In nano-dollars; never out of range.
    charged: i128,
}

impl Counted {
    fn entries(&mut self, group: &Group, report: &mut VerifyReport) {
        report.entries += group.entries.len() as u64;
        group.count(&mut self.tally);
        let charged = group.charged();
        self.charged += charged;
        for (sum, what) in [(charged, "is charged"), (group.held(), "holds")] {
            if i64::try_from(sum).is_err() {
                report.problem(format!("{} {what} more than can be written down: {sum} nano-dollars", group.call));
            }
        }
    }

    /// Compares what was found with what was counted when it was written.
    fn conclude(self, connection: &Connection, report: &mut VerifyReport) -> Result<(), LedgerError> {
        report.charged = clamped(self.charged);
        if i128::from(report.charged.0) != self.charged {
            report.problem(format!("all charges together are out of range: {} nano-dollars", self.charged));
        }
        let Some(written) = Tally::load(connection)? else {
            report.problem("the count of calls and entries is gone");
            return Ok(());
        };
        let found = self.tally;
        let rows = [
            ("calls", found.calls, written.calls, found.calls_digest == written.calls_digest),
            ("entries", found.entries, written.entries, found.entries_digest == written.entries_digest),
        ];
        for (what, found, written, is_same) in rows {
            if found != written {
                report.problem(format!("{found} {what} are there, and {written} were written"));
            } else if !is_same {
                report.problem(format!("the {what} are not those that were written: their digests differ"));
            }
        }
        Ok(())
    }
}

/// Walks calls and entries side by side, both in the order of ids.
fn calls_and_entries(connection: &Connection, report: &mut VerifyReport) -> Result<(), LedgerError> {
    let mut entries = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entries ORDER BY call, step"))?;
    let mut calls = connection.prepare(&format!("SELECT {CALL_COLUMNS}, json FROM calls LEFT JOIN details ON call = id ORDER BY id"))?;
    let mut groups = Groups::new(entries.query([])?)?;
    let mut calls = calls.query([])?;
    let mut group = groups.next()?;
    let mut counted = Counted::default();
    while let Some(row) = calls.next()? {
        report.calls += 1;
        let id = CallId::from_i64(row.get(0)?);
        while let Some(alone) = group.take_if(|group| group.call < id) {
            counted.entries(&alone, report);
            without_call(&alone, report);
            group = groups.next()?;
        }
        let record = record(row, id, &mut counted.tally, report)?;
        match group.take_if(|group| group.call == id) {
            Some(mine) => {
                if let Some(record) = record {
                    call::entries(&record, &mine, &mut Faults { id, report });
                }
                counted.entries(&mine, report);
                group = groups.next()?;
            }
            None => report.problem(format!("{id} has no entries")),
        }
    }
    while let Some(alone) = group {
        counted.entries(&alone, report);
        without_call(&alone, report);
        group = groups.next()?;
    }
    counted.conclude(connection, report)
}

/// Reads a call, counts it, and checks it by itself.
fn record(row: &Row<'_>, id: CallId, tally: &mut Tally, report: &mut VerifyReport) -> Result<Option<CallRecord>, LedgerError> {
    let columns = Digest::of_call(row)?;
    let json = row.get_ref(CALL_WIDTH)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    let mut digest = columns;
    digest.bytes(json.unwrap_or_default().as_bytes());
    tally.add_call(digest);
    if json.is_none() {
        report.problem(format!("{id} has no details"));
        return Ok(None);
    }
    match read_sealed(row) {
        Ok((record, written)) => {
            let mut faults = Faults { id, report };
            call::columns(row, &record, (columns.to_u64(), written), &mut faults)?;
            call::whole_and_parts(&record, &mut faults);
            Ok(Some(record))
        }
        Err(error) => {
            report.problem(error.to_string());
            Ok(None)
        }
    }
}

/// Entries of a call that has no record: a hold that is open is none of the ledger's faults, all else is.
fn without_call(group: &Group, report: &mut VerifyReport) {
    if group.entries.iter().all(|entry| entry.kind == EntryKind::Hold) {
        report.open_holds += 1;
        let is_in_order = group.entries.iter().enumerate().all(|(place, entry)| usize::try_from(entry.step) == Ok(place));
        if !is_in_order {
            report.problem(format!("{} has a raise without what it raises", group.call));
        }
    } else {
        report.problem(format!("{} has a settlement and no record", group.call));
    }
}

fn orphans(connection: &Connection, report: &mut VerifyReport) -> Result<(), LedgerError> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    report.feedback = count("SELECT COUNT(*) FROM feedback")?;
    let details = count("SELECT COUNT(*) FROM details WHERE NOT EXISTS (SELECT 1 FROM calls WHERE id = details.call)")?;
    let feedback = count("SELECT COUNT(*) FROM feedback WHERE NOT EXISTS (SELECT 1 FROM calls WHERE id = feedback.call)")?;
    for (orphans, what) in [(details, "details"), (feedback, "verdicts")] {
        if orphans > 0 {
            report.problem(format!("{orphans} {what} belong to no call"));
        }
    }
    Ok(())
}

/// Rebuilds the standing of every account from the entries and compares it with the running one.
fn compare(connection: &Connection, running: &Running, report: &mut VerifyReport) -> Result<(), LedgerError> {
    let plan = Plan::new(running.accounts.clone(), running.now)?;
    let rebuilt = exactly_spent(connection, &plan, |_| true)?;
    for (standing, (planned, spent)) in running.standings.iter().zip(plan.accounts.iter().zip(rebuilt)) {
        report.accounts += 1;
        if standing.name != planned.config.name || standing.since != planned.span.since() {
            report.problem(format!("account `{}` runs in another window than its configuration says", standing.name));
        } else if i64::try_from(spent).is_err() {
            report.problem(format!("account `{}` has spent more than can be written down: {spent} nano-dollars", standing.name));
        } else if standing.spent != clamped(spent) {
            report.problem(format!("account `{}` runs at {} spent, and its entries say {}", standing.name, standing.spent, clamped(spent)));
        }
    }
    let written: BTreeMap<CallId, Nanousd> = open_holds(connection, -1)?.into_iter().map(|(call, hold)| (call, hold.amount)).collect();
    for (call, amount) in &running.holds {
        if written.get(call) != Some(amount) {
            report.problem(format!("{call} holds {amount} in the running book, and its entries say otherwise"));
        }
    }
    for call in written.keys().filter(|call| !running.holds.contains_key(call)) {
        report.problem(format!("{call} holds money by its entries and none in the running book"));
    }
    Ok(())
}
