//! Entries, read call by call.

use super::super::rows::read_entry;
use super::super::tally::{Digest, Tally};
use crate::{EntryKind, EntryRow, LedgerError};
use jeton_core::CallId;
use rusqlite::Rows;
use std::ops::Deref;

/// An entry with what reports leave out.
pub(super) struct Entry {
    pub(super) step: i64,
    pub(super) class: Option<String>,
    pub(super) model: Option<String>,
    row: EntryRow,
    digest: Digest,
}

impl Deref for Entry {
    type Target = EntryRow;

    fn deref(&self) -> &EntryRow {
        &self.row
    }
}

/// The entries of one call.
pub(super) struct Group {
    pub(super) call: CallId,
    pub(super) entries: Vec<Entry>,
}

impl Group {
    pub(super) fn of_kind(&self, kind: EntryKind) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.kind == kind)
    }

    /// What was held, exactly.
    pub(super) fn held(&self) -> i128 {
        self.of_kind(EntryKind::Hold).map(|entry| i128::from(entry.amount.0)).sum()
    }

    /// What was charged and adjusted, exactly.
    pub(super) fn charged(&self) -> i128 {
        let charges = self.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Charge | EntryKind::Adjust));
        charges.map(|entry| i128::from(entry.amount.0)).sum()
    }

    pub(super) fn count(&self, tally: &mut Tally) {
        self.entries.iter().for_each(|entry| tally.add_entry(entry.digest));
    }
}

/// Reads entries in the order of calls.
pub(super) struct Groups<'s> {
    rows: Rows<'s>,
    next: Option<Entry>,
}

impl<'s> Groups<'s> {
    pub(super) fn new(rows: Rows<'s>) -> Result<Self, LedgerError> {
        let mut groups = Self { rows, next: None };
        groups.next = groups.read()?;
        Ok(groups)
    }

    fn read(&mut self) -> Result<Option<Entry>, LedgerError> {
        let Some(row) = self.rows.next()? else { return Ok(None) };
        Ok(Some(Entry { step: row.get(1)?, class: row.get(9)?, model: row.get(10)?, row: read_entry(row)?, digest: Digest::of_entry(row)? }))
    }

    pub(super) fn next(&mut self) -> Result<Option<Group>, LedgerError> {
        let Some(first) = self.next.take() else { return Ok(None) };
        let mut group = Group { call: first.call, entries: vec![first] };
        while let Some(entry) = self.read()? {
            if entry.call != group.call {
                self.next = Some(entry);
                break;
            }
            group.entries.push(entry);
        }
        Ok(Some(group))
    }
}
