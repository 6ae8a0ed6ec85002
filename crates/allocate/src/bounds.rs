//! What missing results leave open.

use crate::Interval;
use serde::{Deserialize, Serialize};

/// The counts of a run: errors of the infrastructure are missing data, neither passes nor fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Cases that passed.
    pub passed: u64,
    /// Cases without a verdict: the provider failed, the grader gave none.
    pub unresolved: u64,
    /// All cases.
    pub total: u64,
}

impl Counts {
    /// The least and the greatest pass rate that the missing results allow: [S/N, (S+E)/N] (Manski 1989, "Anatomy of the selection
    /// problem", worst-case bounds). They are no confidence interval: sampling error comes on top. `None` for no cases, or where the parts
    /// are more than the whole.
    #[must_use]
    pub fn bounds(self) -> Option<Interval> {
        let most = self.passed.checked_add(self.unresolved).filter(|most| *most <= self.total)?;
        let total = (self.total > 0).then_some(self.total as f64)?;
        Interval::new(self.passed as f64 / total, most as f64 / total)
    }

    /// The share of cases without a verdict; `None` for no cases.
    #[must_use]
    pub fn unresolved_share(self) -> Option<f64> {
        (self.total > 0).then(|| self.unresolved as f64 / self.total as f64)
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
        let bounds = Counts { passed: 164, unresolved: 5, total: 200 }.bounds().unwrap();
        assert!((bounds.low - 0.820).abs() < 1e-12 && (bounds.high - 0.845).abs() < 1e-12);
        assert!(bounds.contains(164.0 / 195.0));
        assert_eq!(Counts { passed: 0, unresolved: 3, total: 3 }.bounds(), Interval::new(0.0, 1.0));
        for (passed, unresolved, total) in [(0, 0, 0), (2, 2, 3), (u64::MAX, 1, u64::MAX)] {
            assert_eq!(Counts { passed, unresolved, total }.bounds(), None);
        }
        let (low, high) = (Interval { low: 0.1, high: 0.3 }, Interval { low: 0.2, high: 0.5 });
        assert_eq!(widened(low, high), Interval::new(0.1, 0.5));
    }
}
