//! Times in buckets whose width is at most 1/64 of their value, so that rounds can be added up and nothing is lost that a table shows.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Counts of times in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Histogram {
    /// Lower edge of the bucket in microseconds, and count.
    buckets: BTreeMap<u64, u64>,
    n: u64,
}

impl Histogram {
    pub(crate) fn add(&mut self, us: u64) {
        *self.buckets.entry(lower_edge(us)).or_default() += 1;
        self.n += 1;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (edge, count) in &other.buckets {
            *self.buckets.entry(*edge).or_default() += count;
        }
        self.n += other.n;
    }

    pub(crate) const fn n(&self) -> u64 {
        self.n
    }

    /// The time below which `share` of all lie, in microseconds; none without any.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts far below 2^52
    pub(crate) fn quantile(&self, share: f64) -> Option<u64> {
        let rank = ((self.n as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(edge, count)| {
            seen += count;
            (seen >= rank).then_some(*edge)
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        self.buckets.iter().map(|(edge, count)| json!([edge, count])).collect()
    }

    pub(crate) fn from_json(value: &Value) -> Self {
        let mut histogram = Self::default();
        for pair in value.as_array().into_iter().flatten() {
            if let (Some(edge), Some(count)) = (pair[0].as_u64(), pair[1].as_u64()) {
                *histogram.buckets.entry(edge).or_default() += count;
                histogram.n += count;
            }
        }
        histogram
    }
}

/// Cuts all but the first seven binary digits.
const fn lower_edge(us: u64) -> u64 {
    let digits = 64 - us.leading_zeros();
    let cut = digits.saturating_sub(7);
    us >> cut << cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_64th_and_rounds_add_up() {
        let mut all = Histogram::default();
        let mut half = Histogram::default();
        (1..=1_000).for_each(|us| all.add(us));
        (1_001..=2_000).for_each(|us| half.add(us));
        assert_eq!(all.quantile(0.5), Some(500));
        assert_eq!(all.quantile(0.0), Some(1));
        all.merge(&half);
        assert_eq!((all.n(), all.quantile(0.5)), (2_000, Some(1_000)));
        assert_eq!(Histogram::from_json(&all.to_json()), all);
        assert_eq!(Histogram::default().quantile(0.5), None);
    }
}
