//! Waiting for facts that come about on their own.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long a fact may take. Generous: it is only used up where a test fails.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Asks until there is an answer.
///
/// # Panics
/// Where there is none within [`DEADLINE`]; `what` says what was waited for.
#[track_caller]
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "not within {} s: {what}", DEADLINE.as_secs());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Asks until it is so.
///
/// # Panics
/// Where it is not within [`DEADLINE`].
#[track_caller]
pub fn holds_eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    eventually(what, || is_so().then_some(()));
}

/// A gate at which threads wait until the test lets them through.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<u64>, Condvar)>);

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `count` threads through, those to come as well.
    ///
    /// # Panics
    /// Where a thread that waited has panicked.
    pub fn let_through(&self, count: u64) {
        let (permits, changed) = &*self.0;
        let mut permits = permits.lock().unwrap();
        *permits = permits.saturating_add(count);
        changed.notify_all();
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.let_through(u64::MAX / 2);
    }

    /// Waits until there is leave to go through.
    ///
    /// # Panics
    /// Where there is none within [`DEADLINE`].
    pub fn pass(&self) {
        let (permits, changed) = &*self.0;
        let permits = permits.lock().unwrap();
        let (mut permits, waited) = changed.wait_timeout_while(permits, DEADLINE, |permits| *permits == 0).unwrap();
        assert!(!waited.timed_out(), "nobody opened the gate");
        *permits -= 1;
    }
}
