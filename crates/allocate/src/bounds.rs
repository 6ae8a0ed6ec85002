//! What missing results leave open.

use crate::Interval;
use serde::{Deserialize, Serialize};

/// The counts of a run, by the weights of its cases: errors of the infrastructure are missing data, neither passes nor fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// The weight of the cases that passed; their number where all count alike.
    pub passed: f64,
    /// The weight of those that failed.
    pub failed: f64,
    /// The weight of those without a verdict: the provider failed, the grader gave none.
    pub unresolved: f64,
}

impl Counts {
    /// The least and the greatest pass rate that the missing results allow: [S/N, (S+E)/N] (Manski 1989, "Anatomy of the selection
    /// problem", worst-case bounds). They are no confidence interval: sampling error comes on top. `None` for no cases, or where a part is
    /// negative or not finite.
    #[must_use]
    pub fn bounds(self) -> Option<Interval> {
        let total = self.total()?;
        Interval::new(self.passed / total, (self.passed + self.unresolved) / total)
    }

    /// The share of cases without a verdict; `None` as for [`Counts::bounds`].
    #[must_use]
    pub fn unresolved_share(self) -> Option<f64> {
        Some(self.unresolved / self.total()?)
    }

    /// Added in this order, so that no part of the sum is above it.
    fn total(self) -> Option<f64> {
        let parts = [self.passed, self.unresolved, self.failed];
        let total: f64 = parts.iter().sum();
        (parts.iter().all(|part| *part >= 0.0) && total > 0.0 && total.is_finite()).then_some(total)
    }
}

/// A sampling interval widened by what the missing results could be: the lower end of the interval with all of them failed to the upper end
/// with all of them passed (Horowitz and Manski 2000). A gate must hold at the unfavourable end.
#[must_use]
pub fn widened(all_failed: Interval, all_passed: Interval) -> Option<Interval> {
    Interval::new(all_failed.low.min(all_passed.low), all_passed.high.max(all_failed.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One run of 200 cases with 164 passes and 5 errors, which one tool calls 82.0 % and another 84.1 %: both bounds say what is known.
    #[test]
    fn missing_results_widen_and_never_vanish() {
        let bounds = Counts { passed: 164.0, failed: 31.0, unresolved: 5.0 }.bounds().unwrap();
        assert!((bounds.low - 0.820).abs() < 1e-12 && (bounds.high - 0.845).abs() < 1e-12);
        assert!(bounds.contains(164.0 / 195.0));
        assert_eq!(Counts { passed: 0.0, failed: 0.0, unresolved: 3.0 }.bounds(), Interval::new(0.0, 1.0));
        for (passed, failed, unresolved) in [(0.0, 0.0, 0.0), (2.0, -1.0, 2.0), (f64::INFINITY, 1.0, 0.0), (f64::NAN, 1.0, 1.0)] {
            let counts = Counts { passed, failed, unresolved };
            assert_eq!((counts.bounds(), counts.unresolved_share()), (None, None));
        }
        let (low, high) = (Interval { low: 0.1, high: 0.3 }, Interval { low: 0.2, high: 0.5 });
        assert_eq!(widened(low, high), Interval::new(0.1, 0.5));
    }
}
