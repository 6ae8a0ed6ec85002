//! What is asked of the book, and how it and the store refuse.

use jeton_core::{CallId, Nanousd, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A request to put money by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The call it is for.
    pub call: CallId,
    /// The accounts that pay, the nearest first. All of them afford it, or none is touched.
    pub accounts: Arc<[Arc<str>]>,
    /// The call's class; kept with the hold so that a call cut off by a crash still has one.
    pub class: Arc<str>,
    /// The model asked for; kept with the hold for the same reason.
    pub model: Arc<str>,
    /// The least that is of use. Below it the call is refused.
    pub floor: Nanousd,
    /// The upper bound of the call's cost. Taken as `floor` where it is less.
    pub want: Nanousd,
    /// How long the hold may live without being settled, in milliseconds.
    pub lease_ms: i64,
    /// Whether the money is a simulated provider's.
    pub simulated: bool,
}

/// Money that was put by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// How much in all, earlier raises included.
    pub amount: Nanousd,
    /// The account that had not all that was wanted, where the amount is less.
    pub limited_by: Option<String>,
}

/// Why money was not put by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The budget of an account does not reach.
    Exhausted,
    /// The store fails, or more waits to be written than memory allows.
    StoreDown,
    /// The call has a hold already, or was settled.
    Twice,
    /// A raise for a call that holds nothing (any more).
    NotHeld,
}

/// A refusal to put money by, with the figures of the account that refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub reason: RefusalReason,
    /// The account that refused; empty where none did.
    pub account: String,
    /// What it has spent in its window.
    pub spent: Nanousd,
    /// What it has put by for other calls.
    pub held: Nanousd,
    /// Its budget.
    pub budget: Nanousd,
    /// The least that was asked for.
    pub needed: Nanousd,
    /// When the budget renews; never where none.
    pub renews_at: Option<Timestamp>,
    /// More about a failing store.
    pub detail: String,
}

impl Refusal {
    /// A refusal that no account's figures explain.
    pub(crate) fn plain(reason: RefusalReason, needed: Nanousd, detail: impl Into<String>) -> Self {
        Self {
            reason,
            account: String::new(),
            spent: Nanousd::ZERO,
            held: Nanousd::ZERO,
            budget: Nanousd::ZERO,
            needed,
            renews_at: None,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            RefusalReason::Exhausted => {
                let Self { account, spent, held, budget, needed, .. } = self;
                write!(f, "The budget of account `{account}` does not reach: {spent} spent and {held} held of {budget}, and the call needs {needed}.")?;
                match self.renews_at {
                    Some(at) => write!(f, " It renews at {}.", at.rfc3339()),
                    None => write!(f, " It does not renew."),
                }
            }
            RefusalReason::StoreDown => write!(f, "The ledger cannot be written: {}.", self.detail),
            RefusalReason::Twice => write!(f, "The call holds money already, or was settled."),
            RefusalReason::NotHeld => write!(f, "The call holds no money that could be raised."),
        }
    }
}

impl std::error::Error for Refusal {}

/// What can go wrong with the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// The store cannot be read or written; the text is the store's own.
    Store(String),
    /// The call was settled before; nothing was written.
    AlreadySettled(CallId),
    /// What was given is not valid; the text says what is.
    Invalid(String),
    /// There is no such thing.
    NotFound(String),
    /// Something is there already that would be overwritten.
    Exists(String),
    /// Another server has the file; the text says which.
    InUse(String),
    /// The file was written by a newer Jeton.
    Newer {
        /// The file's schema version.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(why) => write!(f, "the ledger's store failed: {why}"),
            Self::AlreadySettled(call) => write!(f, "{call} was settled before"),
            Self::Invalid(why) | Self::NotFound(why) | Self::Exists(why) | Self::InUse(why) => f.write_str(why),
            Self::Newer { found, known } => {
                write!(f, "the ledger was written by a newer Jeton (schema {found}; this one knows {known}): use that version, or restore a backup")
            }
        }
    }
}

impl std::error::Error for LedgerError {}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl From<std::io::Error> for LedgerError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.to_string())
    }
}
