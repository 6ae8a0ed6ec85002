//! Intervals of a pass rate.

use crate::mean::{critical, moments};
use crate::special::{beta_quantile, normal_quantile};
use crate::weight::{are_equal, relative};
use crate::{Estimate, Interval, Level, Method, Observation};

/// The weighted pass rate with the interval that fits the data, and its name.
///
/// Values are 1 and 0, or between for cases with repeats. At the edges (nothing passed, or everything) it is Clopper and Pearson's on the
/// number of clusters, since outcomes that are all alike do not show how much the cases of a cluster have in common; with unequal weights on
/// the effective number of clusters, rounded down. For independent passes and fails of equal weight Wilson's; else Wilson's with an effective
/// number of cases. Below a few hundred cases the normal approximation is too narrow (Bowyer, Aitchison and Ivanova 2025).
///
/// `None` for no values that count, or where one is outside [0, 1]. The interval is `None` for one cluster.
#[must_use]
pub fn proportion(observations: &[Observation], level: Level) -> Option<Estimate> {
    let observations = &relative(observations)?[..];
    if observations.iter().any(|o| !(0.0..=1.0).contains(&o.value)) {
        return None;
    }
    let moments = moments(observations)?;
    let (n, clusters) = (moments.n, moments.clusters);
    let is_edge = observations.iter().all(|o| o.value <= 0.0) || observations.iter().all(|o| o.value >= 1.0);
    let is_plain = clusters == n && are_equal(observations.iter().map(|o| o.weight));
    let (method, interval) = if is_edge {
        let clusters = whole(moments.clusters_effective);
        (Method::ClopperPearson, clopper_pearson(moments.mean.round() * clusters, clusters, level))
    } else if is_plain && observations.iter().all(|o| o.value <= 0.0 || o.value >= 1.0) {
        (Method::Wilson, wilson(observations.iter().map(|o| o.value).sum(), n as f64, level))
    } else {
        (Method::ClusteredWilson, clustered_wilson(observations, level))
    };
    Some(Estimate { value: moments.mean, interval: interval.filter(|_| clusters > 1), level, n, clusters, method })
}

/// An effective number rounded down, but for what rounding of sums takes away.
pub(crate) fn whole(effective: f64) -> f64 {
    (effective * (1.0 + 1e-12)).floor()
}

/// Wilson's score interval (Wilson 1927; Brown, Cai and DasGupta 2001): (p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n).
///
/// `passed` and `n` may be fractions, for effective numbers. `None` unless 0 ≤ `passed` ≤ `n` and `n` > 0.
#[must_use]
pub fn wilson(passed: f64, n: f64, level: Level) -> Option<Interval> {
    score_interval(passed, n, normal_quantile(1.0 - level.alpha() / 2.0))
}

pub(crate) fn score_interval(passed: f64, n: f64, z: f64) -> Option<Interval> {
    if !(n > 0.0 && passed >= 0.0 && passed <= n) {
        return None;
    }
    let (p, zz) = (passed / n, z * z);
    let centre = p + zz / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    let scale = 1.0 + zz / n;
    Interval::new((centre - half) / scale, (centre + half) / scale).map(|i| i.within(0.0, 1.0))
}

/// Wilson's interval with n_eff = min(n', p̂(1−p̂)/SE²) for n and t_{C'−1} for z (Korn and Graubard 1998, there for Clopper and Pearson's); see
/// [`crate::mean::moments`] for n' and C'.
///
/// `None` for fewer than two clusters, values outside [0, 1], or no spread between clusters.
#[must_use]
pub fn clustered_wilson(observations: &[Observation], level: Level) -> Option<Interval> {
    let moments = moments(observations).filter(|m| (0.0..=1.0).contains(&m.mean))?;
    let n = effective_n(observations)?;
    score_interval(moments.mean * n, n, critical(moments.clusters_effective, level))
}

/// How many independent cases of equal weight would give the same standard error: p̂(1−p̂)/SE², and not more than their weights allow, n'.
/// `None` where the standard error is unknown; n' where it is zero though the rate is not at an edge.
#[must_use]
pub fn effective_n(observations: &[Observation]) -> Option<f64> {
    let moments = moments(observations)?;
    let se = moments.se_clustered?;
    let variance = moments.mean * (1.0 - moments.mean);
    (variance > 0.0).then(|| (variance / (se * se)).min(moments.n_effective))
}

/// The exact interval of Clopper and Pearson (1934): [B⁻¹(α/2; x, n−x+1), B⁻¹(1−α/2; x+1, n−x)], with 0 and 1 at the edges. It covers at
/// least its level for every true rate, hence fits claims of safety; with no failure its upper bound is close to 3/n one-sided.
///
/// Arguments as for [`wilson`].
#[must_use]
pub fn clopper_pearson(passed: f64, n: f64, level: Level) -> Option<Interval> {
    if !(n > 0.0 && passed >= 0.0 && passed <= n) {
        return None;
    }
    let tail = level.alpha() / 2.0;
    let low = if passed <= 0.0 { 0.0 } else { beta_quantile(tail, passed, n - passed + 1.0) };
    let high = if passed >= n { 1.0 } else { beta_quantile(1.0 - tail, passed + 1.0, n - passed) };
    Interval::new(low, high)
}

/// The one-sided lower bound of Clopper and Pearson: with all of n passed it is α^(1/n).
#[must_use]
pub fn lower_bound(passed: f64, n: f64, level: Level) -> Option<f64> {
    if !(n > 0.0 && passed >= 0.0 && passed <= n) {
        return None;
    }
    Some(if passed <= 0.0 { 0.0 } else { beta_quantile(level.alpha(), passed, n - passed + 1.0) })
}

/// Equal-tailed quantiles of Beta(x+½, n−x+½), the posterior under Jeffreys' prior, with 0 and 1 at the edges (Brown, Cai and DasGupta 2001).
///
/// Arguments as for [`wilson`].
#[must_use]
pub fn jeffreys(passed: f64, n: f64, level: Level) -> Option<Interval> {
    if !(n > 0.0 && passed >= 0.0 && passed <= n) {
        return None;
    }
    let tail = level.alpha() / 2.0;
    let (a, b) = (passed + 0.5, n - passed + 0.5);
    let low = if passed <= 0.0 { 0.0 } else { beta_quantile(tail, a, b) };
    let high = if passed >= n { 1.0 } else { beta_quantile(1.0 - tail, a, b) };
    Interval::new(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::independent;

    fn check(interval: Option<Interval>, low: f64, high: f64) {
        let got = interval.unwrap();
        assert!((got.low - low).abs() < 6e-5 && (got.high - high).abs() < 6e-5, "{got:?} is not [{low}, {high}]");
    }

    /// Newcombe 1998 ("Two-sided confidence intervals for the single proportion"), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29 by the
    /// score method and by the exact one.
    #[test]
    fn published_intervals() {
        for (passed, n, score, exact) in [
            (81.0, 263.0, (0.2553, 0.3662), (0.2527, 0.3676)),
            (15.0, 148.0, (0.0624, 0.1605), (0.0578, 0.1617)),
            (0.0, 20.0, (0.0, 0.1611), (0.0, 0.1684)),
            (1.0, 29.0, (0.0061, 0.1718), (0.0009, 0.1776)),
        ] {
            check(wilson(passed, n, Level::P95), score.0, score.1);
            check(clopper_pearson(passed, n, Level::P95), exact.0, exact.1);
        }
    }

    #[test]
    fn edges_have_closed_forms() {
        let all = clopper_pearson(50.0, 50.0, Level::P95).unwrap();
        assert!((all.low - 0.025_f64.powf(1.0 / 50.0)).abs() < 1e-12);
        let least = lower_bound(50.0, 50.0, Level::P95).unwrap();
        assert!((least - 0.05_f64.powf(1.0 / 50.0)).abs() < 1e-12 && 1.0 - least < 3.0 / 50.0);
        let within = jeffreys(3.0, 10.0, Level::P95).unwrap();
        let outside = clopper_pearson(3.0, 10.0, Level::P95).unwrap();
        assert!(outside.low < within.low && within.high < outside.high);
        for method in [wilson, clopper_pearson, jeffreys] {
            assert_eq!(method(0.0, 0.0, Level::P95), None);
            assert_eq!(method(3.0, 2.0, Level::P95), None);
            assert_eq!(method(f64::NAN, 2.0, Level::P95), None);
        }
    }

    #[test]
    fn the_method_follows_the_data() {
        let check = |observations: &[Observation], method, has_interval: bool| {
            let got = proportion(observations, Level::P95).unwrap();
            assert_eq!((got.method, got.interval.is_some()), (method, has_interval));
        };
        let in_pairs = |values: &[f64]| values.iter().enumerate().map(|(i, &value)| Observation { cluster: i / 2, value, weight: 1.0 }).collect::<Vec<_>>();
        check(&independent(&[1.0, 0.0, 1.0]), Method::Wilson, true);
        check(&independent(&[1.0, 1.0, 1.0]), Method::ClopperPearson, true);
        check(&independent(&[0.0]), Method::ClopperPearson, false);
        check(&independent(&[0.5, 0.0, 1.0]), Method::ClusteredWilson, true);
        check(&in_pairs(&[1.0, 1.0, 0.0, 0.0, 1.0, 1.0]), Method::ClusteredWilson, true);
        check(&in_pairs(&[1.0, 0.0]), Method::ClusteredWilson, false);
        assert_eq!(proportion(&[], Level::P95), None);
        assert_eq!(proportion(&independent(&[1.5]), Level::P95), None);
        assert_eq!(proportion(&independent(&[f64::NAN]), Level::P95), None);
    }

    /// Two alike cases a cluster are worth about one.
    #[test]
    fn cases_that_are_alike_count_once() {
        let alike: Vec<Observation> = (0..200).map(|i| Observation { cluster: i / 2, value: f64::from(u8::from(i / 2 % 4 == 0)), weight: 1.0 }).collect();
        let n = effective_n(&alike).unwrap();
        assert!((n - 99.0).abs() < 1e-9, "{n}");
        let all: Vec<Observation> = alike.iter().map(|o| Observation { value: 1.0, ..*o }).collect();
        assert_eq!(proportion(&all, Level::P95).unwrap().interval, clopper_pearson(100.0, 100.0, Level::P95));
    }
}
