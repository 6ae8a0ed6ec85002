//! The values that a label may take. Callers name classes, so without a bound each of them could fill Prometheus.

use super::OTHER;
use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// The distinct values of one label in one process. The first ones are kept; all that come after are [`OTHER`].
const VALUES_MOST: usize = 60;

/// The values that one label has taken so far.
#[derive(Debug, Default)]
pub(super) struct LabelValues(RwLock<HashSet<Box<str>>>);

impl LabelValues {
    /// `value` where it has a place or gets one, else [`OTHER`].
    pub(super) fn keep<'a>(&self, value: &'a str) -> &'a str {
        {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if known.contains(value) {
                return value;
            }
            if known.len() >= VALUES_MOST || value == OTHER {
                return OTHER;
            }
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Other threads may have taken the last places in between.
        if known.len() < VALUES_MOST {
            known.insert(value.into());
        }
        if known.contains(value) { value } else { OTHER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_values_stay_and_the_others_are_other() {
        let values = LabelValues::default();
        assert_eq!(values.keep(OTHER), OTHER, "takes no place");
        for number in 0..VALUES_MOST {
            let name = format!("class-{number}");
            assert_eq!(values.keep(&name), name);
        }
        for (value, expected) in [("late", OTHER), ("class-0", "class-0"), ("class-59", "class-59"), ("late", OTHER)] {
            assert_eq!(values.keep(value), expected);
        }
    }
}
