//! One server per file. The lock is the operating system's on a file beside the ledger, so that it ends with its holder,
//! however that dies; what the file says is only for the message to the second one.

use crate::LedgerError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The server that holds a ledger, as far as it has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its process.
    pub pid: Option<u32>,
    /// Where it listens, e.g. `http://127.0.0.1:4600`.
    pub address: Option<String>,
}

/// The lock of a running server; free again when dropped.
#[derive(Debug)]
pub(super) struct ServerLock(Mutex<File>);

fn lock_path(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

impl ServerLock {
    /// Takes the lock. A command that merely looks whether a server runs holds it for an instant; three attempts outlast it.
    pub(super) fn acquire(ledger: &Path) -> Result<Self, LedgerError> {
        let path = lock_path(ledger);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        for attempt in 0..3 {
            match file.try_lock() {
                Ok(()) => {
                    let lock = Self(Mutex::new(file));
                    lock.announce(None)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if attempt < 2 => std::thread::sleep(Duration::from_millis(5)),
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
        }
        Err(LedgerError::InUse(refusal(ledger, &read_holder(&path))))
    }

    /// Writes down who holds the lock and where it listens.
    pub(super) fn announce(&self, address: Option<&str>) -> Result<(), LedgerError> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(0))?;
        file.set_len(0)?;
        write!(file, "{} {}", std::process::id(), address.unwrap_or_default())?;
        file.flush()?;
        Ok(())
    }
}

fn refusal(ledger: &Path, holder: &Holder) -> String {
    let pid = holder.pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
    let address = holder.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    format!("another server{pid}{address} has the ledger `{}`: stop it first, or give this one a `store.url` of its own", ledger.display())
}

fn read_holder(path: &Path) -> Holder {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(1_024).read_to_string(&mut text));
    if read.is_err() {
        return Holder::default();
    }
    let (pid, address) = text.split_once(' ').unwrap_or((&text, ""));
    Holder { pid: pid.parse().ok(), address: (!address.is_empty()).then(|| address.to_owned()) }
}

/// The server that has the ledger now; none where no server runs.
///
/// # Errors
/// [`LedgerError::Store`] where the lock file cannot be opened.
pub fn running_server(ledger: &Path) -> Result<Option<Holder>, LedgerError> {
    let path = lock_path(ledger);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&path))),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::tests::Folder;

    #[test]
    fn a_second_server_is_refused_and_told_who_has_it() {
        let folder = Folder::new();
        let ledger = folder.path("ledger.db");
        assert_eq!(running_server(&ledger).unwrap(), None);
        let lock = ServerLock::acquire(&ledger).unwrap();
        lock.announce(Some("http://127.0.0.1:4600")).unwrap();
        let told = ServerLock::acquire(&ledger).err().unwrap().to_string();
        assert!(told.contains(&std::process::id().to_string()) && told.contains("http://127.0.0.1:4600"), "{told}");
        assert_eq!(running_server(&ledger).unwrap().unwrap().address.as_deref(), Some("http://127.0.0.1:4600"));
        drop(lock);
        assert_eq!(running_server(&ledger).unwrap(), None);
        assert!(ServerLock::acquire(&ledger).is_ok());
    }
}
