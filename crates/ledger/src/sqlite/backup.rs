//! Whole copies, made with SQLite's online backup and only then given their name.

use super::lock::ServerLock;
use super::store::SqliteStore;
use crate::{LedgerError, Records, VerifyReport};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::path::{Path, PathBuf};

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<(), LedgerError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Copies the ledger to a new file `to`. All pages in one step: readers do not hinder the writer, and a copy in several
/// steps would begin anew with every charge.
pub(super) fn backup(from: &Connection, to: &Path) -> Result<(), LedgerError> {
    if to.exists() {
        return Err(LedgerError::Exists(format!("`{}` is there already: choose another name for the backup", to.display())));
    }
    let partial = beside(to, ".partial");
    copy(from, &partial)?;
    std::fs::rename(&partial, to)?;
    Ok(())
}

fn copy(from: &Connection, to: &Path) -> Result<(), LedgerError> {
    for left_over in [to.to_owned(), beside(to, "-wal"), beside(to, "-shm"), beside(to, "-journal")] {
        remove(&left_over)?;
    }
    let mut copy = Connection::open(to)?;
    let result = Backup::new(from, &mut copy)?.step(-1)?;
    if result != StepResult::Done {
        return Err(LedgerError::Store(format!("the copy did not finish: {result:?}")));
    }
    // One file without a log, so that it can be read wherever it is kept; opening it as a ledger makes the log anew.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Puts the backup `from` in the place of the ledger `to`, and checks it before and after. A ledger that is replaced is
/// kept beside it.
///
/// # Errors
/// [`LedgerError::NotFound`] where there is no backup, [`LedgerError::Exists`] where there is a ledger and `overwrite` is
/// not said, [`LedgerError::InUse`] where a server has it, [`LedgerError::Invalid`] where the backup is not sound; then
/// nothing is changed.
pub fn restore(from: &Path, to: &Path, overwrite: bool) -> Result<VerifyReport, LedgerError> {
    if !from.is_file() {
        return Err(LedgerError::NotFound(format!("there is no backup `{}`", from.display())));
    }
    if to.exists() && !overwrite {
        return Err(LedgerError::Exists(format!("there is a ledger `{}` already: say that it may be overwritten, or move it away", to.display())));
    }
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let _lock = ServerLock::acquire(to)?;
    let partial = beside(to, ".restoring");
    let backup = super::schema::open_reader(from)?;
    // SQLite takes an empty file for an empty database, and any other database would be given our tables.
    if super::schema::version(&backup)? == 0 {
        return Err(LedgerError::Invalid(format!("`{}` is no backup of a ledger", from.display())));
    }
    copy(&backup, &partial)?;
    let sound = |path: &Path| {
        let report = SqliteStore::open(path)?.verify()?;
        if report.is_good() { Ok(report) } else { Err(LedgerError::Invalid(format!("the backup is not sound: {}", report.problems.join("; ")))) }
    };
    if let Err(error) = sound(&partial) {
        remove(&partial)?;
        return Err(error);
    }
    keep_replaced(to)?;
    std::fs::rename(&partial, to)?;
    sound(to)
}

/// Moves a ledger that is to be replaced aside, as `NAME.before-restore-1` and so on. Its log belongs to it and goes along:
/// beside the new file it would be taken for its own.
fn keep_replaced(to: &Path) -> Result<(), LedgerError> {
    let mut number = 1;
    let mut kept = beside(to, ".before-restore-1");
    while kept.exists() {
        number += 1;
        kept = beside(to, &format!(".before-restore-{number}"));
    }
    for suffix in ["-wal", ""] {
        match std::fs::rename(beside(to, suffix), beside(&kept, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    remove(&beside(to, "-shm"))
}
