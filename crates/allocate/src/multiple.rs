//! Many comparisons at once: k variants × m metrics × slices are one family.
//!
//! A p-value that is not in [0, 1] (not computed, NaN) stays in the family and counts as 1; an e-value that is negative or NaN counts as 0.

use crate::Estimate;
use crate::Level;
use crate::verdict::{Verdict, verdict};

fn known(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { p } else { 1.0 }
}

/// The places of the values in ascending order.
fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order
}

/// p-values adjusted after Holm (1979): a claim holds at α if its adjusted p-value is at most α, and the chance of any false claim is then at
/// most α, whatever the dependence. For gates.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let p: Vec<f64> = p_values.iter().map(|p| known(*p)).collect();
    let mut adjusted = vec![1.0; p.len()];
    let mut most = 0.0_f64;
    for (rank, at) in ascending(&p).into_iter().enumerate() {
        most = most.max(p[at] * (p.len() - rank) as f64).min(1.0);
        adjusted[at] = most;
    }
    adjusted
}

/// p-values adjusted after Benjamini and Hochberg (1995): of the claims with an adjusted p-value of at most q, an expected share of at most q is
/// false, for independent or positively dependent tests. For dashboards.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let p: Vec<f64> = p_values.iter().map(|p| known(*p)).collect();
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, at) in ascending(&p).into_iter().enumerate().rev() {
        least = least.min(p[at] * p.len() as f64 / (rank + 1) as f64);
        adjusted[at] = least;
    }
    adjusted
}

/// Which claims hold by e-BH (Wang and Ramdas 2022): the k̂ largest e-values, k̂ = max{k : e_(k) ≥ K/(αk)}. The expected share of false claims
/// is at most α under any dependence, and at any time of stopping. `alpha` outside (0, 1) claims nothing.
#[must_use]
pub fn e_bh(e_values: &[f64], alpha: f64) -> Vec<bool> {
    let mut claimed = vec![false; e_values.len()];
    if !(alpha > 0.0 && alpha < 1.0) {
        return claimed;
    }
    let e: Vec<f64> = e_values.iter().map(|e| if *e >= 0.0 { *e } else { 0.0 }).collect();
    let mut order = ascending(&e);
    order.reverse();
    let enough = |rank: usize| e[order[rank]] * alpha * (rank + 1) as f64 >= e.len() as f64;
    let count = (0..e.len()).rev().find(|rank| enough(*rank)).map_or(0, |rank| rank + 1);
    order[..count].iter().for_each(|at| claimed[*at] = true);
    claimed
}

/// The level at which each of `members` intervals must be made for all of them to hold together at `level` (Bonferroni). The level itself for
/// fewer than two.
#[must_use]
pub fn simultaneous(level: Level, members: usize) -> Level {
    Level::new(1.0 - level.alpha() / members.max(1) as f64).unwrap_or(level)
}

/// Verdicts on a family of differences, each with its p-value against zero and its estimate at the [`simultaneous`] level.
///
/// "No relevant difference" is said by the simultaneous intervals; "better" and "worse" by them, or by Holm's adjusted p-value, which finds at
/// least as much. Each of the two kinds of claim is false anywhere in the family with probability at most 1 − `level`.
#[must_use]
pub fn family(members: &[(Estimate, f64)], margin: f64, level: Level) -> Vec<Verdict> {
    let adjusted = holm(&members.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let decide = |((estimate, _), p): (&(Estimate, f64), f64)| match verdict(estimate, margin) {
        Verdict::Undecided { .. } if p <= level.alpha() && estimate.value > 0.0 => Verdict::Better,
        Verdict::Undecided { .. } if p <= level.alpha() && estimate.value < 0.0 => Verdict::Worse,
        decided => decided,
    };
    members.iter().zip(adjusted).map(decide).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Interval, Method};
    use proptest::prelude::*;

    /// Benjamini and Hochberg 1995, section 3.2 (thrombolysis): of 15 p-values Bonferroni and Holm claim three at 0.05, their procedure four.
    const PUBLISHED: [f64; 15] = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000];

    #[test]
    fn published_family() {
        let claimed = |adjusted: Vec<f64>| adjusted.iter().filter(|p| **p <= 0.05).count();
        assert_eq!((claimed(holm(&PUBLISHED)), claimed(benjamini_hochberg(&PUBLISHED))), (3, 4));
    }

    #[test]
    fn small_families_by_hand() {
        let close = |got: Vec<f64>, expected: &[f64]| assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} is not {expected:?}");
        close(holm(&[0.04, 0.01, 0.03]), &[0.06, 0.03, 0.06]);
        close(benjamini_hochberg(&[0.04, 0.01, 0.03]), &[0.04, 0.03, 0.04]);
        close(holm(&[f64::NAN, 0.02]), &[1.0, 0.04]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty() && e_bh(&[], 0.05).is_empty());
        assert_eq!(e_bh(&[20.0, 5.0, 60.0, f64::NAN], 0.1), [true, false, true, false]);
        assert_eq!(e_bh(&[15.0, 5.0, 39.0, 1.0], 0.1), [false; 4]);
        assert_eq!(e_bh(&[1e9], f64::NAN), [false]);
    }

    #[test]
    fn a_family_is_held_to_more_than_its_members() {
        let level = simultaneous(Level::P95, 2);
        assert!((level.get() - 0.975).abs() < 1e-12);
        let member =
            |low: f64, value: f64, high: f64| Estimate { value, interval: Interval::new(low, high), level, n: 100, clusters: 100, method: Method::Tango };
        let verdicts = family(&[(member(0.01, 0.05, 0.09), 0.004), (member(-0.001, 0.04, 0.08), 0.04)], 0.0, Level::P95);
        assert_eq!(verdicts, [Verdict::Better, Verdict::Better]);
        let verdicts = family(&[(member(-0.01, 0.05, 0.11), 0.08), (member(-0.08, -0.04, 0.001), 0.04)], 0.0, Level::P95);
        assert!(verdicts.iter().all(|v| matches!(v, Verdict::Undecided { more_cases: Some(_) })), "{verdicts:?}");
    }

    proptest! {
        /// Adjusting never lowers a p-value, keeps the order, and Holm is never more lenient than Benjamini and Hochberg.
        #[test]
        fn laws(p in prop::collection::vec(0.0_f64..=1.0, 0..20)) {
            let (strict, lenient) = (holm(&p), benjamini_hochberg(&p));
            for i in 0..p.len() {
                prop_assert!(p[i] <= lenient[i] + 1e-12 && lenient[i] <= strict[i] + 1e-12 && strict[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || (strict[i] <= strict[j] && lenient[i] <= lenient[j]));
                }
            }
        }
    }
}
