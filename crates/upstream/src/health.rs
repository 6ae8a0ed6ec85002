//! What was seen of a provider: counts and times, for pages, `/readyz` and later for choosing. Lock-free but for the last failure.

use crate::error::{Stage, TryError};
use http::StatusCode;
use jeton_core::{Clock, FaultKind, SystemClock, Timestamp};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Weight of a new time in the running mean: 1/8, as TCP takes for its round-trip time (RFC 6298).
const MEAN_SHIFT: u32 = 3;

/// Counts and running means of one provider since the process began.
#[derive(Debug, Default)]
pub struct ObservedHealth {
    tries: AtomicU64,
    answered: AtomicU64,
    connect_failed: AtomicU64,
    timed_out: AtomicU64,
    broken: AtomicU64,
    rate_limited: AtomicU64,
    server_errors: AtomicU64,
    failures_in_a_row: AtomicU64,
    connect: RunningMean,
    first_byte: RunningMean,
    last_failure: Mutex<Option<LastFailure>>,
}

/// The latest failure of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastFailure {
    /// When it was seen.
    pub at: Timestamp,
    /// The cause in words, without secrets.
    pub detail: String,
}

/// The figures of [`ObservedHealth`] at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthSnapshot {
    /// Tries begun.
    pub tries: u64,
    /// Tries answered with a status below 500 other than 429.
    pub answered: u64,
    /// Connections that could not be opened, timeouts of opening included.
    pub connect_failed: u64,
    /// Tries that ran into a timer after the connection was open.
    pub timed_out: u64,
    /// Tries that broke off: reset, cut, or not HTTP.
    pub broken: u64,
    /// Answers 429.
    pub rate_limited: u64,
    /// Answers of 500 and above.
    pub server_errors: u64,
    /// Failures since the last answer; 0 after each answer.
    pub failures_in_a_row: u64,
    /// Running mean of the time to open a connection in microseconds; none before the first.
    pub connect_us: Option<u64>,
    /// Running mean of the time from sending to the head of the answer in microseconds; none before the first.
    pub first_byte_us: Option<u64>,
    /// The latest failure.
    pub last_failure: Option<LastFailure>,
}

impl ObservedHealth {
    /// The figures now. Each is right by itself; together they may be a few tries apart.
    #[must_use]
    pub fn snapshot(&self) -> HealthSnapshot {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HealthSnapshot {
            tries: get(&self.tries),
            answered: get(&self.answered),
            connect_failed: get(&self.connect_failed),
            timed_out: get(&self.timed_out),
            broken: get(&self.broken),
            rate_limited: get(&self.rate_limited),
            server_errors: get(&self.server_errors),
            failures_in_a_row: get(&self.failures_in_a_row),
            connect_us: self.connect.get(),
            first_byte_us: self.first_byte.get(),
            last_failure: self.last_failure.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Counts a try begun.
    pub(crate) fn began(&self) {
        self.tries.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how long opening a connection took.
    pub(crate) fn connected(&self, took: Duration) {
        self.connect.add(took);
    }

    /// Counts an answer by its status and notes how long its head took.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        self.first_byte.add(took);
        let counter = match status.as_u16() {
            429 => &self.rate_limited,
            500.. => &self.server_errors,
            _ => {
                self.answered.fetch_add(1, Ordering::Relaxed);
                self.failures_in_a_row.store(0, Ordering::Relaxed);
                return;
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.note(format!("answered {}", status.as_u16()));
    }

    /// Counts a try that failed.
    pub(crate) fn failed(&self, error: &TryError) {
        let counter = match (error.stage, error.kind) {
            (Stage::Connect | Stage::Tls, _) => &self.connect_failed,
            (_, FaultKind::Timeout) => &self.timed_out,
            _ => &self.broken,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.note(error.to_string());
    }

    fn note(&self, detail: String) {
        self.failures_in_a_row.fetch_add(1, Ordering::Relaxed);
        let failure = LastFailure { at: SystemClock.now(), detail };
        *self.last_failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }
}

/// A running mean of durations in microseconds; 0 means that there was none yet.
#[derive(Debug, Default)]
struct RunningMean(AtomicU64);

impl RunningMean {
    /// Takes in one duration. Two at the same moment may lose one of them: a mean bears that, a lock would cost more.
    fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let old = self.0.load(Ordering::Relaxed);
        let new = if old == 0 { us } else { old - (old >> MEAN_SHIFT) + (us >> MEAN_SHIFT) };
        self.0.store(new.max(1), Ordering::Relaxed);
    }

    fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|us| *us > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_kind() {
        let health = ObservedHealth::default();
        let ms = Duration::from_millis;
        health.answered(StatusCode::OK, ms(8));
        health.answered(StatusCode::BAD_REQUEST, ms(8));
        health.answered(StatusCode::TOO_MANY_REQUESTS, ms(8));
        health.answered(StatusCode::from_u16(529).unwrap(), ms(8));
        health.failed(&TryError::new(Stage::Connect, FaultKind::Timeout, "late"));
        health.failed(&TryError::new(Stage::Headers, FaultKind::Timeout, "late"));
        health.failed(&TryError::new(Stage::Body, FaultKind::UpstreamFailed, "cut"));
        let seen = health.snapshot();
        assert_eq!(
            [seen.answered, seen.rate_limited, seen.server_errors, seen.connect_failed, seen.timed_out, seen.broken, seen.failures_in_a_row],
            [2, 1, 1, 1, 1, 1, 5]
        );
        assert_eq!(seen.last_failure.unwrap().detail, "cut (body)");
        health.answered(StatusCode::OK, ms(8));
        assert_eq!(health.snapshot().failures_in_a_row, 0);
    }

    #[test]
    fn the_mean_begins_with_the_first_and_follows() {
        let mean = RunningMean::default();
        assert_eq!(mean.get(), None);
        mean.add(Duration::from_micros(800));
        assert_eq!(mean.get(), Some(800));
        mean.add(Duration::from_micros(1600));
        assert_eq!(mean.get(), Some(900));
    }
}
