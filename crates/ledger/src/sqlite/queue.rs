//! What waits to be written, and when the writer wakes.
//!
//! A settlement is urgent: somebody waits for it. A hold is not: it goes along with the next settlement, or after a few
//! milliseconds if none comes. While many calls are under way the writer lingers a little for company, because a
//! transaction costs several times what a row costs; a lone caller never waits for that.

use crate::book::OpenHold;
use crate::{Acknowledge, CallRecord, LedgerError};
use jeton_core::{CallId, Nanousd, Timestamp};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a hold waits for company.
const HOLD_WAIT: Duration = Duration::from_millis(5);
/// How long a settlement waits for company while many calls are under way.
const LINGER: Duration = Duration::from_micros(400);
/// Calls under way from which lingering pays.
const LINGER_CALLS_MIN: usize = 8;
/// Settlements with which a transaction is cheap enough.
const LINGER_ENOUGH: usize = 24;

/// Something to be written.
#[derive(Debug)]
pub(super) enum Job {
    /// Money put by: the hold itself (step 0), or its n-th raise with the difference.
    Hold { call: CallId, step: i64, amount: Nanousd, hold: OpenHold, made_at: Timestamp },
    /// A settlement and its record.
    Settle { record: Box<CallRecord>, at: Timestamp, made_at: Timestamp },
    /// A correction of an expired call's charge.
    Adjust { record: Box<CallRecord>, difference: Nanousd, at: Timestamp, made_at: Timestamp },
    /// Nothing; its acknowledgement tells that all before it is durable.
    Barrier,
    /// A statement that runs before the transaction it comes in: by it tests break and mend the store.
    #[cfg(test)]
    Execute(String),
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) job: Job,
    pub(super) acknowledge: Option<Acknowledge>,
    /// What became of it in the transaction under way.
    pub(super) outcome: Result<(), LedgerError>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiting {
    /// The writer works and looks again by itself.
    #[default]
    Busy,
    /// Anything wakes it.
    Idle,
    /// This many urgent items wake it.
    For(usize),
}

#[derive(Debug, Default)]
struct State {
    items: Vec<Item>,
    urgent: usize,
    /// Calls under way, as of the last push.
    under_way: usize,
    waiting: Waiting,
    stopping: bool,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
    /// Items not yet written, those in the writer's hands included.
    pending: AtomicUsize,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item. `under_way` is the number of calls that may settle soon.
    pub(super) fn push(&self, job: Job, acknowledge: Option<Acknowledge>, under_way: usize) {
        self.pending.fetch_add(1, Ordering::Relaxed);
        let urgent = !matches!(job, Job::Hold { .. });
        let mut state = self.lock();
        state.items.push(Item { job, acknowledge, outcome: Ok(()) });
        state.urgent += usize::from(urgent);
        state.under_way = under_way;
        let wakes = match state.waiting {
            Waiting::Busy => false,
            Waiting::Idle => true,
            Waiting::For(count) => state.urgent >= count,
        };
        if wakes {
            state.waiting = Waiting::Busy;
            drop(state);
            self.wake.notify_one();
        }
    }

    /// How many items are not written.
    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// Notes that items were written.
    pub(super) fn written(&self, count: usize) {
        self.pending.fetch_sub(count, Ordering::Relaxed);
    }

    /// Makes the writer write what is there and end.
    pub(super) fn stop(&self) {
        self.lock().stopping = true;
        self.wake.notify_one();
    }

    /// Waits until a transaction is worth making, then moves everything to `into`. With `retry` it waits no longer than
    /// that, because something failed before. True means that this is the end.
    pub(super) fn drain(&self, into: &mut Vec<Item>, retry: Option<Duration>) -> bool {
        let mut state = self.lock();
        if let Some(retry) = retry {
            state = self.wait_for(state, 1, retry);
        } else {
            while state.items.is_empty() && !state.stopping {
                state.waiting = Waiting::Idle;
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state = self.wait_for(state, 1, HOLD_WAIT);
            if state.under_way >= LINGER_CALLS_MIN {
                let enough = (state.under_way / 2).clamp(2, LINGER_ENOUGH);
                state = self.wait_for(state, enough, LINGER);
            }
        }
        state.waiting = Waiting::Busy;
        state.urgent = 0;
        into.append(&mut state.items);
        state.stopping
    }

    /// Waits until `count` urgent items are there, or `at_most` has passed.
    fn wait_for<'a>(&self, mut state: MutexGuard<'a, State>, count: usize, at_most: Duration) -> MutexGuard<'a, State> {
        let begun = Instant::now();
        while state.urgent < count && !state.stopping {
            let Some(left) = at_most.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else { break };
            state.waiting = Waiting::For(count);
            state = self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}
