//! The standing of all accounts: a pure state machine `(state, event, now) → (state, effects)`.
//!
//! Money is put by in all accounts of a call or in none, a charge goes to the window of its call's *admission*, and what
//! a charge exceeds its hold by is debt that the next admission sees. The clock never runs backwards in here: an earlier
//! `now` than the last is taken for the last.

mod balance;
mod recent;
#[cfg(test)]
mod tests;

pub(crate) use balance::{Plan, Planned};

use crate::{AccountStanding, Ask, Hold, Refusal, RefusalReason};
use balance::Account;
use jeton_core::{CallId, Nanousd, Timestamp};
use recent::Recent;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// How many settled calls are remembered, so that a second settlement is noticed. A second one comes from a fault in the
/// path of one call, so soon after the first; the store refuses older ones by its own key.
const REMEMBERED: usize = 4_096;

/// The standing of all accounts.
#[derive(Debug, Default)]
pub struct Book {
    accounts: HashMap<Arc<str>, Account>,
    /// Names in the order of the configuration, for reports.
    order: Vec<Arc<str>>,
    holds: HashMap<CallId, OpenHold>,
    /// Deadlines of leases, the earliest first.
    leases: BTreeSet<(Timestamp, CallId)>,
    /// Calls settled not long ago, with what an expiry charged for them.
    settled: Recent<Option<Expired>>,
    now: Timestamp,
}

/// Money put by for a call that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenHold {
    /// The accounts that pay, the nearest first.
    pub accounts: Arc<[Arc<str>]>,
    /// How much.
    pub amount: Nanousd,
    /// When the call was admitted: decides the windows.
    pub at: Timestamp,
    /// When the lease ends.
    pub deadline: Timestamp,
    /// The call's class.
    pub class: Arc<str>,
    /// The model asked for.
    pub model: Arc<str>,
    /// Whether the money is a simulated provider's.
    pub simulated: bool,
}

/// A hold whose lease ran out: it was charged in full, because nobody knows what the call used, and unknown is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// The call.
    pub call: CallId,
    /// Its hold, whose amount was charged.
    pub hold: OpenHold,
}

/// What a settlement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The hold is freed and the charge counts in the windows of this admission.
    Settled {
        /// When the call was admitted.
        at: Timestamp,
        /// What was held.
        held: Nanousd,
    },
    /// Nothing was held (a refusal, or a call that was free from the start); the charge counts in the windows of now.
    Unheld {
        /// The moment that decided the windows.
        at: Timestamp,
    },
    /// The lease had run out and the bound was charged: the difference corrects it.
    Late {
        /// When the call was admitted.
        at: Timestamp,
        /// What is to be added to the earlier charge; may be negative.
        difference: Nanousd,
    },
    /// The call was settled before; nothing was done.
    Twice,
}

impl Book {
    /// A book without accounts: everything is afforded and nothing counted.
    #[must_use]
    pub fn new() -> Self {
        Self { settled: Recent::new(REMEMBERED), ..Self::default() }
    }

    /// Whether an account goes on with the figures it has: its window is the same as before.
    pub(crate) fn keeps(&self, planned: &Planned) -> bool {
        self.accounts.get(planned.config.name.as_str()).is_some_and(|account| account.has_window_of(planned))
    }

    /// Takes over a checked configuration. Accounts that [`Book::keeps`] go on as they are; for the others `spent` says, by
    /// place in the plan, what was charged for calls admitted in their windows. Holds stay.
    pub(crate) fn configure(&mut self, plan: Plan, spent: &[Nanousd]) {
        let mut before = std::mem::take(&mut self.accounts);
        let mut fresh: Vec<Arc<str>> = Vec::new();
        self.order.clear();
        for (planned, spent) in plan.accounts.into_iter().zip(spent) {
            let name: Arc<str> = planned.config.name.as_str().into();
            self.order.push(Arc::clone(&name));
            let kept = before.remove(&name).filter(|account| account.has_window_of(&planned));
            if kept.is_none() {
                fresh.push(Arc::clone(&name));
            }
            let account = kept.map_or_else(|| Account::new(&planned, *spent), |account| account.under(&planned.config));
            self.accounts.insert(name, account);
        }
        for hold in self.holds.values() {
            for name in distinct(&hold.accounts).filter(|name| fresh.contains(name)) {
                if let Some(account) = self.accounts.get_mut(name) {
                    let balance = account.balance_for(hold.at);
                    balance.held = balance.held.saturating_add(hold.amount);
                }
            }
        }
    }

    /// Puts money by: the most that all accounts afford, up to `want`, if that is `floor` at least. A call that wants
    /// nothing is admitted whatever the accounts' debts, because it cannot add to them.
    ///
    /// # Errors
    /// The account with the least left refuses, and nothing changes.
    pub fn admit(&mut self, ask: &Ask, now: Timestamp) -> Result<Hold, Refusal> {
        let now = self.advance(now);
        let floor = ask.floor.max(Nanousd::ZERO);
        let want = ask.want.max(floor);
        if self.holds.contains_key(&ask.call) || self.settled.get(ask.call).is_some() {
            return Err(Refusal::plain(RefusalReason::Twice, floor, ""));
        }
        let (amount, limited_by) = self.afford(&ask.accounts, now, floor, want)?;
        self.count(&ask.accounts, now, Nanousd::ZERO, amount);
        let deadline = Timestamp(now.0.saturating_add(ask.lease_ms.max(1)));
        let hold = OpenHold {
            accounts: Arc::clone(&ask.accounts),
            amount,
            at: now,
            deadline,
            class: Arc::clone(&ask.class),
            model: Arc::clone(&ask.model),
            simulated: ask.simulated,
        };
        self.holds.insert(ask.call, hold);
        self.leases.insert((deadline, ask.call));
        Ok(Hold { amount, limited_by })
    }

    /// Raises a hold until the call has `floor` to `want` in all. One that reaches already stays as it is.
    ///
    /// # Errors
    /// As [`Book::admit`], and where nothing is held; nothing changes.
    pub fn raise(&mut self, call: CallId, floor: Nanousd, want: Nanousd, now: Timestamp) -> Result<Hold, Refusal> {
        self.advance(now);
        let Some(open) = self.holds.get(&call) else { return Err(Refusal::plain(RefusalReason::NotHeld, floor, "")) };
        let (accounts, at, amount) = (Arc::clone(&open.accounts), open.at, open.amount);
        let more = want.max(floor).saturating_sub(amount);
        if more <= Nanousd::ZERO {
            return Ok(Hold { amount, limited_by: None });
        }
        let least = floor.saturating_sub(amount).max(Nanousd::ZERO);
        let (added, limited_by) = match self.afford(&accounts, at, least, more) {
            // What is held reaches the floor already: an account that has nothing left takes nothing away.
            Err(refusal) if least == Nanousd::ZERO => (Nanousd::ZERO, Some(refusal.account)),
            other => other?,
        };
        self.count(&accounts, at, Nanousd::ZERO, added);
        let amount = amount.saturating_add(added);
        if let Some(open) = self.holds.get_mut(&call) {
            open.amount = amount;
        }
        Ok(Hold { amount, limited_by })
    }

    /// Gives a hold `lease_ms` from now. Nothing happens where nothing is held.
    pub fn renew(&mut self, call: CallId, lease_ms: i64, now: Timestamp) {
        let now = self.advance(now);
        if let Some(open) = self.holds.get_mut(&call) {
            self.leases.remove(&(open.deadline, call));
            open.deadline = Timestamp(now.0.saturating_add(lease_ms.max(1)));
            self.leases.insert((open.deadline, call));
        }
    }

    /// Settles a call: frees its hold and counts `charged`, which may exceed it.
    pub fn settle(&mut self, call: CallId, accounts: &[Arc<str>], charged: Nanousd, now: Timestamp) -> Settlement {
        let now = self.advance(now);
        if let Some(open) = self.holds.remove(&call) {
            self.leases.remove(&(open.deadline, call));
            self.count(&open.accounts, open.at, charged, Nanousd(-open.amount.0));
            self.settled.insert(call, None);
            return Settlement::Settled { at: open.at, held: open.amount };
        }
        match self.settled.get_mut(call).map(Option::take) {
            Some(Some(Expired { hold, .. })) => {
                let difference = charged.saturating_sub(hold.amount);
                self.count(&hold.accounts, hold.at, difference, Nanousd::ZERO);
                Settlement::Late { at: hold.at, difference }
            }
            Some(None) => Settlement::Twice,
            None => {
                self.count(accounts, now, charged, Nanousd::ZERO);
                self.settled.insert(call, None);
                Settlement::Unheld { at: now }
            }
        }
    }

    /// Ends the leases that ran out by `now`: each such hold becomes a charge of its whole amount.
    pub fn expire(&mut self, now: Timestamp) -> Vec<Expired> {
        let now = self.advance(now);
        let mut expired = Vec::new();
        while let Some(&(deadline, call)) = self.leases.first().filter(|(deadline, _)| *deadline <= now) {
            self.leases.remove(&(deadline, call));
            let Some(hold) = self.holds.remove(&call) else { continue };
            self.count(&hold.accounts, hold.at, hold.amount, Nanousd(-hold.amount.0));
            let ended = Expired { call, hold };
            self.settled.insert(call, Some(ended.clone()));
            expired.push(ended);
        }
        expired
    }

    /// How all accounts stand at `now`, in the order of the configuration.
    pub fn standings(&mut self, now: Timestamp) -> Vec<AccountStanding> {
        let now = self.advance(now);
        let Self { accounts, order, .. } = self;
        order.iter().filter_map(|name| Some(accounts.get_mut(name)?.standing(now))).collect()
    }

    /// The calls that hold money, in no order.
    pub fn holds(&self) -> impl Iterator<Item = (CallId, &OpenHold)> {
        self.holds.iter().map(|(call, hold)| (*call, hold))
    }

    /// The hold of a call that is under way.
    #[must_use]
    pub fn hold(&self, call: CallId) -> Option<&OpenHold> {
        self.holds.get(&call)
    }

    /// How many calls hold money.
    #[must_use]
    pub fn open_holds(&self) -> usize {
        self.holds.len()
    }

    /// The latest time that was seen.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        self.now
    }

    /// The most that all `accounts` afford in their windows at `at`, from `floor` to `want`, and who set the limit.
    fn afford(&mut self, accounts: &[Arc<str>], at: Timestamp, floor: Nanousd, want: Nanousd) -> Result<(Nanousd, Option<String>), Refusal> {
        if want == Nanousd::ZERO {
            return Ok((want, None));
        }
        let mut tightest: Option<(Nanousd, &Arc<str>)> = None;
        for name in distinct(accounts) {
            let left = self.accounts.get_mut(name).and_then(|account| account.available(self.now, at));
            if let Some(left) = left.filter(|left| tightest.is_none_or(|(least, _)| *left < least)) {
                tightest = Some((left, name));
            }
        }
        let Some((left, name)) = tightest.filter(|(left, _)| *left < want) else { return Ok((want, None)) };
        if left < floor || left <= Nanousd::ZERO {
            return Err(self.refusal(name, at, floor));
        }
        Ok((left, Some(name.to_string())))
    }

    fn refusal(&mut self, name: &Arc<str>, at: Timestamp, needed: Nanousd) -> Refusal {
        let mut refusal = Refusal::plain(RefusalReason::Exhausted, needed, "");
        name.as_ref().clone_into(&mut refusal.account);
        if let Some(account) = self.accounts.get_mut(name) {
            refusal.budget = account.limit().unwrap_or_default();
            let balance = account.balance_for(at);
            (refusal.spent, refusal.held, refusal.renews_at) = (balance.spent, balance.held, balance.span.end);
        }
        refusal
    }

    /// Adds to what `accounts` have spent and held in their windows at `at`.
    fn count(&mut self, accounts: &[Arc<str>], at: Timestamp, spent: Nanousd, held: Nanousd) {
        for name in distinct(accounts) {
            if let Some(account) = self.accounts.get_mut(name) {
                account.count(self.now, at, spent, held);
            }
        }
    }
}

/// Each name once: a chain that names an account twice does not pay twice.
fn distinct(accounts: &[Arc<str>]) -> impl Iterator<Item = &Arc<str>> {
    accounts.iter().enumerate().filter(|(place, name)| !accounts[..*place].contains(name)).map(|(_, name)| name)
}
