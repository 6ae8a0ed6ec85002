//! Who may spend, and how much in which period.

use jeton_core::{Nanousd, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The period of a budget, by the calendar of its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the next.
    Month,
    /// From 1 January to the next.
    Year,
    /// For good: it never renews.
    Total,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 6] = [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Year, Self::Total];

    /// The stable word, as in `jeton.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Total => "total",
        }
    }

    /// The window that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.name() == name)
    }
}

/// How much may be spent in each window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// The amount per window.
    pub amount: Nanousd,
    /// The period.
    pub window: Window,
    /// The IANA time zone whose calendar decides, e.g. `Europe/Berlin`.
    pub timezone: String,
}

/// An account as the configuration states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountConfig {
    /// Its name.
    pub name: String,
    /// The account it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it may spend; without one it is only counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// How an account stands in its window now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountStanding {
    /// Its name.
    pub name: String,
    /// The account it lies in.
    pub parent: Option<String>,
    /// Its budget; where there is none, `spent` and `held` are those of the month in UTC.
    pub budget: Option<Budget>,
    /// When the window began; none for [`Window::Total`].
    pub since: Option<Timestamp>,
    /// What was charged in the window.
    pub spent: Nanousd,
    /// What is put by for calls under way.
    pub held: Nanousd,
    /// What is left: the budget less `spent` and `held`. Negative in debt; none without a budget.
    pub available: Option<Nanousd>,
    /// When the window ends and the next begins; never for [`Window::Total`].
    pub renews_at: Option<Timestamp>,
}

/// The accounts that pay for a call of `leaf`: itself, then parent after parent. An account that is not configured pays
/// alone. A circle (which [`crate::Ledger::configure`] refuses) is followed once.
#[must_use]
pub fn chain(leaf: &str, accounts: &[AccountConfig]) -> Arc<[Arc<str>]> {
    let mut names: Vec<Arc<str>> = vec![leaf.into()];
    let mut at = leaf;
    while let Some(parent) = accounts.iter().find(|account| account.name == at).and_then(|account| account.parent.as_deref()) {
        if names.iter().any(|name| &**name == parent) {
            break;
        }
        names.push(parent.into());
        at = parent;
    }
    names.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_follows_parents_and_ends() {
        let account = |name: &str, parent: Option<&str>| AccountConfig { name: name.into(), parent: parent.map(Into::into), budget: None };
        let accounts =
            [account("key:ci", Some("support")), account("support", Some("acme")), account("acme", None), account("a", Some("b")), account("b", Some("a"))];
        let check = |leaf: &str, expected: &[&str]| assert_eq!(chain(leaf, &accounts).iter().map(|n| &**n).collect::<Vec<_>>(), expected);
        check("key:ci", &["key:ci", "support", "acme"]);
        check("elsewhere", &["elsewhere"]);
        check("a", &["a", "b"]);
    }
}
