//! One account: what it has spent and put by in its windows.

use crate::window::zone;
use crate::{AccountConfig, AccountStanding, LedgerError, Span, Window};
use jeton_core::{Nanousd, Timestamp};
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// A configuration that was checked, with the windows in force.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) accounts: Vec<Planned>,
}

#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) config: AccountConfig,
    pub(crate) span: Span,
    window: Window,
    zone: TimeZone,
}

impl Plan {
    /// Checks `accounts` and finds the windows that hold `now`.
    pub(crate) fn new(accounts: Vec<AccountConfig>, now: Timestamp) -> Result<Self, LedgerError> {
        check_names(&accounts)?;
        let plan = |config: AccountConfig| {
            if config.budget.as_ref().is_some_and(|budget| budget.amount < Nanousd::ZERO) {
                return Err(LedgerError::Invalid(format!("the budget of account `{}` is negative", config.name)));
            }
            // An account without a budget is counted by the month in UTC, for the reports.
            let (window, zone) = match &config.budget {
                Some(budget) => (budget.window, zone(&budget.timezone)?),
                None => (Window::Month, TimeZone::UTC),
            };
            Ok(Planned { span: Span::within(window, &zone, now), config, window, zone })
        };
        Ok(Self { accounts: accounts.into_iter().map(plan).collect::<Result<_, _>>()? })
    }
}

fn check_names(accounts: &[AccountConfig]) -> Result<(), LedgerError> {
    let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
    for account in accounts {
        if parents.insert(&account.name, account.parent.as_deref()).is_some() {
            return Err(LedgerError::Invalid(format!("account `{}` is given twice", account.name)));
        }
    }
    for account in accounts {
        let mut at = account.parent.as_deref();
        let mut steps = 0;
        while let Some(parent) = at {
            steps += 1;
            if steps > accounts.len() {
                return Err(LedgerError::Invalid(format!("the parents of account `{}` go round in a circle", account.name)));
            }
            at = parents.get(parent).copied().flatten();
        }
    }
    Ok(())
}

/// Spent and held in one window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Balance {
    pub(super) span: Span,
    pub(super) spent: Nanousd,
    pub(super) held: Nanousd,
}

impl Balance {
    const fn new(span: Span, spent: Nanousd) -> Self {
        Self { span, spent, held: Nanousd::ZERO }
    }
}

#[derive(Debug)]
pub(super) struct Account {
    planned: Planned,
    current: Balance,
    /// Windows that are over and in which calls still hold money.
    older: Vec<Balance>,
}

impl Account {
    pub(super) fn new(planned: &Planned, spent: Nanousd) -> Self {
        Self { current: Balance::new(planned.span, spent), planned: planned.clone(), older: Vec::new() }
    }

    /// Whether `planned` is counted in the same windows.
    pub(super) fn has_window_of(&self, planned: &Planned) -> bool {
        self.planned.window == planned.window && self.planned.zone == planned.zone
    }

    /// The same figures under another parent and budget.
    pub(super) fn under(mut self, config: &AccountConfig) -> Self {
        self.planned.config = config.clone();
        self
    }

    /// The budget per window.
    pub(super) fn limit(&self) -> Option<Nanousd> {
        self.planned.config.budget.as_ref().map(|budget| budget.amount)
    }

    /// What is left at `at`; none without a budget.
    pub(super) fn available(&mut self, now: Timestamp, at: Timestamp) -> Option<Nanousd> {
        let limit = self.limit()?;
        self.roll(now);
        let balance = self.balance_for(at);
        Some(limit.saturating_sub(balance.spent).saturating_sub(balance.held))
    }

    pub(super) fn count(&mut self, now: Timestamp, at: Timestamp, spent: Nanousd, held: Nanousd) {
        self.roll(now);
        let balance = self.balance_for(at);
        balance.spent = balance.spent.saturating_add(spent);
        balance.held = balance.held.saturating_add(held);
        if !self.older.is_empty() {
            self.older.retain(|balance| balance.held != Nanousd::ZERO);
        }
    }

    pub(super) fn standing(&mut self, now: Timestamp) -> AccountStanding {
        self.roll(now);
        let Balance { span, spent, held } = self.current;
        let AccountConfig { name, parent, budget } = self.planned.config.clone();
        let available = self.limit().map(|limit| limit.saturating_sub(spent).saturating_sub(held));
        AccountStanding { name, parent, budget, since: span.since(), spent, held, available, renews_at: span.end }
    }

    /// Whether no window that is over is kept.
    #[cfg(test)]
    pub(super) fn has_nothing_older(&self) -> bool {
        self.older.is_empty()
    }

    /// The balance of the window that holds `at`, made where there is none.
    pub(super) fn balance_for(&mut self, at: Timestamp) -> &mut Balance {
        if at >= self.current.span.start {
            return &mut self.current;
        }
        let place = self.older.iter().position(|balance| balance.span.holds(at)).unwrap_or_else(|| {
            self.older.push(Balance::new(Span::within(self.planned.window, &self.planned.zone, at), Nanousd::ZERO));
            self.older.len() - 1
        });
        &mut self.older[place]
    }

    /// Begins the window that holds `now`, if the current one is over.
    fn roll(&mut self, now: Timestamp) {
        if self.current.span.end.is_none_or(|end| now < end) {
            return;
        }
        let over = std::mem::replace(&mut self.current, Balance::new(Span::within(self.planned.window, &self.planned.zone, now), Nanousd::ZERO));
        if over.held != Nanousd::ZERO {
            self.older.push(over);
        }
    }
}
