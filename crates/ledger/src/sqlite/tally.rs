//! How many calls and entries were written, and a digest of them all that does not depend on their order.
//!
//! The tally is written in the transaction of what it counts, by one statement for all of it, and the check of the ledger
//! counts anew: a row that is gone, added or changed shows, whatever else was changed along with it. The digests bear no
//! secret: they find damage and careless hands, not someone who computes them anew.

use super::rows::{CALL_COLUMNS, ENTRY_COLUMNS};
use crate::LedgerError;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, ToSql};

/// Columns of `calls`; in a row of a call with its details the JSON comes after them.
pub(super) const CALL_WIDTH: usize = 31;
/// Columns of `entries`.
const ENTRY_WIDTH: usize = 11;
/// Sums are kept in 62 bits, so that two of them never overflow SQLite's signed integers.
const MASK: i64 = i64::MAX >> 1;

const ADD: &str = "UPDATE tally SET calls = calls + ?1, calls_digest = (calls_digest + ?2) & ?5, entries = entries + ?3, \
     entries_digest = (entries_digest + ?4) & ?5";

/// FNV-1a over 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.byte(*byte));
    }

    /// A value with its type and length, so that what lies in one column is never taken for what lies in the next.
    fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.byte(0),
            ValueRef::Integer(number) => {
                self.byte(1);
                self.bytes(&number.to_le_bytes());
            }
            ValueRef::Real(number) => {
                self.byte(2);
                self.bytes(&number.to_bits().to_le_bytes());
            }
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                self.byte(3);
                self.bytes(&bytes.len().to_le_bytes());
                self.bytes(bytes);
            }
        }
    }

    /// The first `width` columns of a row that was read.
    fn of_columns(row: &Row<'_>, width: usize) -> Result<Self, rusqlite::Error> {
        let mut digest = Self::new();
        for place in 0..width {
            digest.value(row.get_ref(place)?);
        }
        Ok(digest)
    }

    pub(super) fn of_call(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Self::of_columns(row, CALL_WIDTH)
    }

    pub(super) fn of_entry(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Self::of_columns(row, ENTRY_WIDTH)
    }

    pub(super) const fn to_u64(self) -> u64 {
        self.0
    }
}

/// Writes a row, and says how many were written and what their columns' digest is.
pub(super) fn execute(statement: &mut CachedStatement<'_>, values: &[&dyn ToSql]) -> Result<(usize, Digest), rusqlite::Error> {
    let mut digest = Digest::new();
    for value in values {
        match value.to_sql()? {
            ToSqlOutput::Borrowed(value) => digest.value(value),
            ToSqlOutput::Owned(value) => digest.value((&value).into()),
            // The others are no values of a column of ours.
            _ => return Err(rusqlite::Error::InvalidQuery),
        }
    }
    Ok((statement.execute(values)?, digest))
}

/// Counts and digests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: i64,
    pub(super) calls_digest: i64,
    pub(super) entries: i64,
    pub(super) entries_digest: i64,
}

impl Tally {
    /// `digest` covers the columns and then the details.
    pub(super) fn add_call(&mut self, digest: Digest) {
        self.calls += 1;
        self.calls_digest = sum(self.calls_digest, digest);
    }

    pub(super) fn add_entry(&mut self, digest: Digest) {
        self.entries += 1;
        self.entries_digest = sum(self.entries_digest, digest);
    }

    /// Adds these to what the file says. Nothing to add writes nothing.
    pub(super) fn save(self, connection: &Connection) -> Result<(), rusqlite::Error> {
        if self != Self::default() {
            connection.prepare_cached(ADD)?.execute([self.calls, self.calls_digest, self.entries, self.entries_digest, MASK])?;
        }
        Ok(())
    }

    /// What the file says; none where its row is gone.
    pub(super) fn load(connection: &Connection) -> Result<Option<Self>, rusqlite::Error> {
        let read = |row: &Row<'_>| Ok(Self { calls: row.get(0)?, calls_digest: row.get(1)?, entries: row.get(2)?, entries_digest: row.get(3)? });
        connection.query_row("SELECT calls, calls_digest, entries, entries_digest FROM tally", [], read).optional()
    }
}

fn sum(sum: i64, digest: Digest) -> i64 {
    sum.wrapping_add(digest.0.cast_signed()) & MASK
}

/// Counts what a file of an older version holds.
pub(super) fn fill(connection: &Connection) -> Result<(), LedgerError> {
    let mut tally = Tally::default();
    let mut entries = connection.prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entries"))?;
    let mut rows = entries.query([])?;
    while let Some(row) = rows.next()? {
        tally.add_entry(Digest::of_entry(row)?);
    }
    let mut calls = connection.prepare(&format!("SELECT {CALL_COLUMNS}, json FROM calls LEFT JOIN details ON call = id"))?;
    let mut rows = calls.query([])?;
    while let Some(row) = rows.next()? {
        let mut digest = Digest::of_call(row)?;
        let json = row.get_ref(CALL_WIDTH)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        digest.bytes(json.unwrap_or_default().as_bytes());
        tally.add_call(digest);
    }
    Ok(tally.save(connection)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(values: &[ValueRef<'_>]) -> Digest {
        let mut digest = Digest::new();
        values.iter().for_each(|value| digest.value(*value));
        digest
    }

    #[test]
    fn the_digest_is_fnv_1a() {
        for (text, expected) in [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)] {
            let mut digest = Digest::new();
            digest.bytes(text.as_bytes());
            assert_eq!(digest.to_u64(), expected, "{text}");
        }
    }

    #[test]
    fn columns_do_not_run_into_each_other() {
        let check = |left: &[ValueRef<'_>], right: &[ValueRef<'_>]| assert_ne!(digest(left), digest(right), "{left:?} {right:?}");
        check(&[ValueRef::Null], &[ValueRef::Integer(0)]);
        check(&[ValueRef::Text(b"ab"), ValueRef::Text(b"c")], &[ValueRef::Text(b"a"), ValueRef::Text(b"bc")]);
        check(&[ValueRef::Null, ValueRef::Integer(1)], &[ValueRef::Integer(1), ValueRef::Null]);
        check(&[ValueRef::Text(b"")], &[ValueRef::Null]);
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_number_does() {
        let [one, two] = [digest(&[ValueRef::Integer(1)]), digest(&[ValueRef::Integer(2)])];
        let tally = |digests: &[Digest]| {
            let mut tally = Tally::default();
            digests.iter().for_each(|digest| tally.add_call(*digest));
            tally
        };
        assert_eq!(tally(&[one, two]), tally(&[two, one]));
        assert_ne!(tally(&[one, two]), tally(&[one, one]));
        assert!(tally(&[one; 1_000]).calls_digest >= 0);
    }
}
