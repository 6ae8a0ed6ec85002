//! Counters, gauges and histograms that cost one or a few atomic additions to feed.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A figure that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// The sum so far.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that rises and falls.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Adds `amount`, which may be negative.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Replaces the figure.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The figure now.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many values fell under each of a fixed list of bounds, and their sum. Values are integers in the unit of the
/// bounds; [`Histogram::scale`] turns them into the unit that is shown.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One count per bound, and one for what lies above all of them. Not cumulative, so that a value costs one addition.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
    scale: u64,
}

impl Histogram {
    /// A histogram with ascending upper `bounds`; what is shown is divided by `scale` (1,000,000 shows microseconds as seconds).
    #[must_use]
    pub fn new(bounds: &'static [u64], scale: u64) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0), scale: scale.max(1) }
    }

    /// Counts `value`.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Each upper bound with the number of values at or under it, then their number in all. Consistent in itself: the
    /// number is the sum of what was read.
    pub(crate) fn cumulative(&self) -> (Vec<(u64, u64)>, u64) {
        let mut running = 0;
        let mut under = Vec::with_capacity(self.bounds.len());
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            running += count.load(Ordering::Relaxed);
            under.push((*bound, running));
        }
        (under, running + self.counts[self.bounds.len()].load(Ordering::Relaxed))
    }

    /// The sum of all values, in the unit of the bounds.
    pub(crate) fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// What a shown value is divided by.
    pub(crate) const fn scale(&self) -> u64 {
        self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_on_a_bound_lies_under_it() {
        let histogram = Histogram::new(&[10, 100], 1);
        for value in [0, 10, 11, 100, 101] {
            histogram.observe(value);
        }
        assert_eq!(histogram.cumulative(), (vec![(10, 2), (100, 4)], 5));
        assert_eq!(histogram.sum(), 222);
    }
}
