//! Whether one of k attempts passes, and whether all do.

use crate::bootstrap::{RESAMPLES_MIN, bootstrap};
use crate::estimate::usual;
use crate::proportion::clopper_pearson;
use crate::weight::{effective_clusters, relative};
use crate::{Estimate, Level, Method, Observation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The attempts at one case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempts {
    /// See [`crate::Observation::cluster`].
    pub cluster: usize,
    /// How many there were.
    pub n: u64,
    /// How many passed.
    pub passed: u64,
    /// See [`crate::Observation::weight`].
    #[serde(default = "usual")]
    pub weight: f64,
}

impl Attempts {
    /// The unbiased chance that at least one of k attempts passes: 1 − C(n−c, k)/C(n, k) (Chen et al. 2021, "Evaluating large language
    /// models trained on code"). `None` for k = 0, k > n or more passes than attempts.
    #[must_use]
    pub fn pass_at(&self, k: u64) -> Option<f64> {
        let failed = self.n.checked_sub(self.passed)?;
        Some(1.0 - all_of(failed, self.n, k)?)
    }

    /// The unbiased chance that all of k attempts pass: C(c, k)/C(n, k) (Yao et al. 2024, "τ-bench"). It is not (c/n)^k, which is biased
    /// upwards. `None` as for [`Attempts::pass_at`].
    #[must_use]
    pub fn pass_all(&self, k: u64) -> Option<f64> {
        if self.passed > self.n { None } else { all_of(self.passed, self.n, k) }
    }
}

/// C(marked, k)/C(n, k): the chance that k drawn of n are all marked.
fn all_of(marked: u64, n: u64, k: u64) -> Option<f64> {
    if k == 0 || k > n {
        return None;
    }
    if k > marked {
        return Some(0.0);
    }
    // One factor for each draw, or for each that is not marked: whichever are fewer.
    let (marked, n, k) = (marked as f64, n as f64, k as f64);
    let ratio = |from: f64, to: f64, count: f64| (0..count as u64).map(|i| (from - i as f64) / (to - i as f64)).product::<f64>();
    Some(if k <= n - marked { ratio(marked, n, k) } else { ratio(n - k, n, n - marked) })
}

/// pass@k over cases, with a BCa interval over clusters.
///
/// `None` for no cases, and where a case has fewer than k attempts: leaving it out would change the question.
#[must_use]
pub fn pass_at_k(cases: &[Attempts], k: u64, level: Level, seed: u64) -> Option<Estimate> {
    over_cases(cases, |case| case.pass_at(k), level, seed)
}

/// pass^k over cases, with a BCa interval over clusters; `None` as for [`pass_at_k`].
#[must_use]
pub fn pass_hat_k(cases: &[Attempts], k: u64, level: Level, seed: u64) -> Option<Estimate> {
    over_cases(cases, |case| case.pass_all(k), level, seed)
}

fn over_cases(cases: &[Attempts], of: impl Fn(&Attempts) -> Option<f64>, level: Level, seed: u64) -> Option<Estimate> {
    let scored = |case: &Attempts| Some(Observation { cluster: case.cluster, value: of(case)?, weight: case.weight });
    let scored = relative(&cases.iter().map(scored).collect::<Option<Vec<_>>>()?)?;
    let mean = |scored: &[Observation]| {
        let weight: f64 = scored.iter().map(|o| o.weight).sum();
        (weight > 0.0).then(|| scored.iter().map(|o| o.weight * o.value).sum::<f64>() / weight)
    };
    let is_edge = scored.iter().all(|o| o.value <= 0.0) || scored.iter().all(|o| o.value >= 1.0);
    if is_edge && !scored.is_empty() {
        // Resamples would all be alike. That all of C scores in [0, 1] are 1 has at most the chance μ^C, so the exact bound holds here too.
        let clusters = scored.iter().map(|o| o.cluster).collect::<BTreeSet<_>>().len();
        let worth = effective_clusters(&scored).floor();
        let value = mean(&scored)?;
        let interval = clopper_pearson(value * worth, worth, level).filter(|_| clusters > 1);
        return Some(Estimate { value, interval, level, n: scored.len(), clusters, method: Method::ClopperPearson });
    }
    let estimate = bootstrap(&scored, |o| o.cluster, mean, level, RESAMPLES_MIN, seed)?;
    Some(Estimate { interval: estimate.interval.map(|i| i.within(0.0, 1.0)), ..estimate })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attempts(n: u64, passed: u64) -> Attempts {
        Attempts { cluster: 0, n, passed, weight: 1.0 }
    }

    /// By counting: 3 of 5 passed; of the ten pairs one has no pass and three have two.
    #[test]
    fn small_cases_counted_out() {
        let close = |got: Option<f64>, expected: f64| assert!((got.unwrap() - expected).abs() < 1e-12, "{got:?} is not {expected}");
        close(attempts(5, 3).pass_at(2), 0.9);
        close(attempts(5, 3).pass_all(2), 0.3);
        close(attempts(5, 3).pass_at(1), 0.6);
        close(attempts(5, 5).pass_all(5), 1.0);
        close(attempts(5, 4).pass_all(5), 0.0);
        close(attempts(1_000_000, 999_999).pass_all(500_000), 0.5);
        for (n, passed, k) in [(5, 3, 6), (5, 3, 0), (0, 0, 1), (3, 4, 1)] {
            assert_eq!((attempts(n, passed).pass_at(k), attempts(n, passed).pass_all(k)), (None, None));
        }
    }

    #[test]
    fn cases_with_too_few_attempts_make_it_unknown() {
        let cases: Vec<Attempts> = (0..20).map(|i| Attempts { cluster: i, n: 4, passed: (i % 5) as u64, weight: 1.0 }).collect();
        let at = pass_at_k(&cases, 2, Level::P95, 1).unwrap();
        let all = pass_hat_k(&cases, 2, Level::P95, 1).unwrap();
        assert!(all.value < 0.5 && at.value > 0.5 && all.interval.unwrap().contains(all.value));
        assert_eq!(pass_at_k(&cases, 5, Level::P95, 1), None);
        assert_eq!(pass_at_k(&[], 1, Level::P95, 1), None);
        // Weights decide what counts: the mean of 1 and 0 at three to one, and what weighs nothing is not there.
        let weighted =
            |weights: [f64; 3]| [4, 0, 2].into_iter().zip(weights).enumerate().map(|(cluster, (passed, weight))| Attempts { cluster, n: 4, passed, weight });
        let value = |weights| pass_at_k(&weighted(weights).collect::<Vec<_>>(), 1, Level::P95, 1).map(|found| (found.value, found.n));
        assert_eq!((value([3.0, 1.0, 0.0]), value([6.0, 2.0, 0.0]), value([0.0; 3])), (Some((0.75, 2)), Some((0.75, 2)), None));
        let sure: Vec<Attempts> = cases.iter().map(|case| Attempts { passed: 4, ..*case }).collect();
        assert_eq!(pass_hat_k(&sure, 4, Level::P95, 1).unwrap().interval, clopper_pearson(20.0, 20.0, Level::P95));
    }

    proptest! {
        /// With binomial passes the estimators have the expectations 1 − (1−p)^k and p^k: they are unbiased.
        #[test]
        fn both_are_unbiased(n in 1_u64..12, k in 1_u64..12, p in 0.01_f64..0.99) {
            prop_assume!(k <= n);
            let weight = |c: u64| (crate::special::ln_choose(n, c) + c as f64 * p.ln() + (n - c) as f64 * (1.0 - p).ln()).exp();
            let mean = |of: &dyn Fn(Attempts) -> f64| (0..=n).map(|c| weight(c) * of(attempts(n, c))).sum::<f64>();
            prop_assert!((mean(&|a| a.pass_all(k).unwrap()) - p.powi(k as i32)).abs() < 1e-9);
            prop_assert!((mean(&|a| a.pass_at(k).unwrap()) - (1.0 - (1.0 - p).powi(k as i32))).abs() < 1e-9);
        }
    }
}
