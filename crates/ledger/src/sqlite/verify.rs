//! The check of everything: each invariant, each total, and the running book against its entries.

use super::recover::open_holds;
use super::rows::{CALL_COLUMNS, ENTRY_COLUMNS, read_entry, read_record};
use super::schema::SETTLED;
use super::spent::spent;
use crate::book::Plan;
use crate::{AccountConfig, AccountStanding, CallRecord, CallStatus, EntryKind, EntryRow, LedgerError, VerifyReport};
use jeton_core::{CallId, Nanousd, Timestamp};
use rusqlite::{Connection, Row, Rows};
use std::collections::BTreeMap;

/// A record's time may differ from its id's where the clock stepped back while ids went on. More than this is a fault.
const CLOCK_STEP_MS: i64 = 3_600_000;

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

/// The entries of one call.
struct Group {
    call: CallId,
    entries: Vec<(i64, EntryRow)>,
}

/// Reads entries call by call.
struct Groups<'s> {
    rows: Rows<'s>,
    next: Option<(i64, EntryRow)>,
}

impl<'s> Groups<'s> {
    fn new(rows: Rows<'s>) -> Result<Self, LedgerError> {
        let mut groups = Self { rows, next: None };
        groups.next = groups.read()?;
        Ok(groups)
    }

    fn read(&mut self) -> Result<Option<(i64, EntryRow)>, LedgerError> {
        let Some(row) = self.rows.next()? else { return Ok(None) };
        Ok(Some((row.get(1)?, read_entry(row)?)))
    }

    fn next(&mut self) -> Result<Option<Group>, LedgerError> {
        let Some(first) = self.next.take() else { return Ok(None) };
        let mut group = Group { call: first.1.call, entries: vec![first] };
        while let Some(entry) = self.read()? {
            if entry.1.call != group.call {
                self.next = Some(entry);
                break;
            }
            group.entries.push(entry);
        }
        Ok(Some(group))
    }
}

/// Walks calls and entries side by side, both in the order of ids.
fn calls_and_entries(connection: &Connection, report: &mut VerifyReport) -> Result<(), LedgerError> {
    let mut entries = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entries ORDER BY call, step"))?;
    let mut calls = connection.prepare(&format!("SELECT {CALL_COLUMNS}, json FROM calls LEFT JOIN details ON call = id ORDER BY id"))?;
    let mut groups = Groups::new(entries.query([])?)?;
    let mut calls = calls.query([])?;
    let mut group = groups.next()?;
    while let Some(row) = calls.next()? {
        report.calls += 1;
        let id = CallId::from_i64(row.get(0)?);
        while let Some(alone) = group.take_if(|group| group.call < id) {
            without_call(&alone, report);
            group = groups.next()?;
        }
        match (record(row, id, report)?, group.take_if(|group| group.call == id)) {
            (record, Some(mine)) => {
                if let Some(record) = record {
                    check_call(&record, &mine, report);
                }
                count_entries(&mine, report);
                group = groups.next()?;
            }
            (_, None) => report.problem(format!("{id} has no entries")),
        }
    }
    while let Some(alone) = group {
        without_call(&alone, report);
        group = groups.next()?;
    }
    Ok(())
}

fn record(row: &Row<'_>, id: CallId, report: &mut VerifyReport) -> Result<Option<CallRecord>, LedgerError> {
    if row.get::<_, Option<String>>(31)?.is_none() {
        report.problem(format!("{id} has no details"));
        return Ok(None);
    }
    match read_record(row) {
        Ok(record) => Ok(Some(record)),
        Err(error) => {
            report.problem(error.to_string());
            Ok(None)
        }
    }
}

fn count_entries(group: &Group, report: &mut VerifyReport) {
    report.entries += group.entries.len() as u64;
    for (_, entry) in &group.entries {
        if matches!(entry.kind, EntryKind::Charge | EntryKind::Adjust) {
            report.charged = report.charged.saturating_add(entry.amount);
        }
    }
}

/// Entries of a call that has no record: a hold that is open is none of the ledger's faults, all else is.
fn without_call(group: &Group, report: &mut VerifyReport) {
    count_entries(group, report);
    if group.entries.iter().all(|(_, entry)| entry.kind == EntryKind::Hold) {
        report.open_holds += 1;
        let is_in_order = group.entries.iter().enumerate().all(|(place, (step, _))| usize::try_from(*step) == Ok(place));
        if !is_in_order {
            report.problem(format!("{} has a raise without what it raises", group.call));
        }
    } else {
        report.problem(format!("{} has a settlement and no record", group.call));
    }
}

fn check_call(record: &CallRecord, group: &Group, report: &mut VerifyReport) {
    let id = record.id;
    let mut fault = |is_right: bool, what: &str| {
        if !is_right {
            report.problem(format!("{id}: {what}"));
        }
    };
    let holds: Vec<&EntryRow> = group.entries.iter().map(|(_, entry)| entry).filter(|entry| entry.kind == EntryKind::Hold).collect();
    let held = holds.iter().fold(Nanousd::ZERO, |sum, hold| sum.saturating_add(hold.amount));
    let settlements: Vec<&EntryRow> = group.entries.iter().filter(|(step, _)| *step == SETTLED).map(|(_, entry)| entry).collect();
    fault(settlements.len() == 1, "it has no charge and no release");
    for settlement in settlements {
        fault(settlement.amount == record.charged, "its entry and its record charge different amounts");
        fault((settlement.kind == EntryKind::Release) == (record.charged == Nanousd::ZERO), "it is released and charged at once");
        fault(settlement.simulated == record.simulated, "its entry and its record differ in whether it was simulated");
        let paid_by_the_same = settlement.accounts.iter().map(String::as_str).eq(record.attribution.accounts.iter().map(|name| &**name));
        fault(paid_by_the_same, "its entry and its record name different accounts");
        for hold in &holds {
            fault(hold.made_at <= settlement.made_at, "its hold comes after its settlement");
            fault(hold.at == settlement.at, "its hold and its settlement lie in different windows");
            fault(hold.accounts == settlement.accounts, "its hold and its settlement count for different accounts");
        }
    }
    fault(held == record.held, "its entries and its record hold different amounts");
    let step_ms = record.started.0.abs_diff(id.started().0);
    fault(record.started.day() == id.started().day() || step_ms <= CLOCK_STEP_MS.unsigned_abs(), "its id is of another day than its record");
    check_money(record, &mut fault);
    report.debts += u64::from(!holds.is_empty() && record.charged > held);
}

fn check_money(record: &CallRecord, fault: &mut impl FnMut(bool, &str)) {
    let tries = record.tries.iter().fold(Nanousd::ZERO, |sum, attempt| sum.saturating_add(attempt.charged));
    // A call that was cut off has lost its tries with the process that made them.
    fault(record.status == CallStatus::Interrupted || tries == record.charged, "the charges of its tries do not sum to its own");
    fault(record.cost.known().is_none_or(|cost| cost == record.charged), "its known cost is not what it was charged");
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
    let rebuilt = spent(connection, &plan, |_| true)?;
    for (standing, (planned, spent)) in running.standings.iter().zip(plan.accounts.iter().zip(rebuilt)) {
        report.accounts += 1;
        if standing.name != planned.config.name || standing.since != planned.span.since() {
            report.problem(format!("account `{}` runs in another window than its configuration says", standing.name));
        } else if standing.spent != spent {
            report.problem(format!("account `{}` runs at {} spent, and its entries say {spent}", standing.name, standing.spent));
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
