//! A promise that something was written: a one-shot future on the standard library alone, because the writer is a plain
//! thread and the ledger knows no runtime.

use crate::LedgerError;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

type Outcome = Result<(), LedgerError>;

#[derive(Debug, Default)]
struct Slot {
    outcome: Option<Outcome>,
    waker: Option<Waker>,
}

type Shared = Arc<Mutex<Slot>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Slot> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Resolves once what was handed over is durable, or has failed to become so. Dropping it is fine: the writing goes on.
#[derive(Debug)]
#[must_use = "await it, or drop it on purpose"]
pub struct Durable(Shared);

/// The writer's end of a [`Durable`].
#[derive(Debug)]
pub struct Acknowledge(Shared);

/// A promise and the end that keeps it.
pub fn durable() -> (Acknowledge, Durable) {
    let shared = Shared::default();
    (Acknowledge(Arc::clone(&shared)), Durable(shared))
}

impl Acknowledge {
    /// Keeps the promise, or says why it could not be kept.
    pub fn resolve(self, outcome: Result<(), LedgerError>) {
        let waker = {
            let mut slot = lock(&self.0);
            slot.outcome.get_or_insert(outcome);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Acknowledge {
    fn drop(&mut self) {
        let waker = {
            let mut slot = lock(&self.0);
            slot.outcome.get_or_insert_with(|| Err(LedgerError::Store("the ledger's writer stopped".to_owned())));
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Durable {
    /// A promise that is settled already.
    pub fn ready(outcome: Result<(), LedgerError>) -> Self {
        Self(Arc::new(Mutex::new(Slot { outcome: Some(outcome), waker: None })))
    }

    /// Blocks this thread until the promise is settled. Not for async code.
    ///
    /// # Errors
    /// As awaiting it.
    pub fn wait(mut self) -> Result<(), LedgerError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut self).poll(&mut context) {
                return outcome;
            }
            thread::park();
        }
    }
}

impl Future for Durable {
    type Output = Result<(), LedgerError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = lock(&self.0);
        if let Some(outcome) = &slot.outcome {
            return Poll::Ready(outcome.clone());
        }
        if !slot.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            slot.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_resolves_across_threads() {
        let (acknowledge, durable) = durable();
        let waiter = thread::spawn(move || durable.wait());
        acknowledge.resolve(Ok(()));
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }

    #[test]
    fn a_writer_that_stops_is_an_error_and_not_a_hang() {
        let (acknowledge, durable) = durable();
        drop(acknowledge);
        assert!(durable.wait().is_err());
        assert_eq!(Durable::ready(Ok(())).wait(), Ok(()));
    }

    #[test]
    fn nobody_need_wait() {
        let (acknowledge, durable) = durable();
        drop(durable);
        acknowledge.resolve(Ok(()));
    }
}
