//! Means with standard errors that know of clusters.

use crate::weight::{effective, effective_clusters, relative};
use crate::{Estimate, Interval, Level, Method, Observation, special};

/// A weighted mean with its standard errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean of the values by weight: Σwx / Σw.
    pub mean: f64,
    /// The standard error as if no two cases shared a source, and weights had nothing to do with values; `None` for less than two cases.
    pub se_independent: Option<f64>,
    /// The cluster-robust standard error; `None` for fewer than two clusters.
    pub se_clustered: Option<f64>,
    /// Cases that count.
    pub n: usize,
    /// Clusters that count.
    pub clusters: usize,
    /// How many cases of equal weight say as much (Kish's (Σw)²/Σw²): `n` where all weights are equal.
    pub n_effective: f64,
    /// The same for clusters, of the mean weights of their cases: `clusters` where all weights are equal.
    pub clusters_effective: f64,
}

impl Moments {
    /// How many times more variance the clusters, and weights that go with values, bring than as many independent cases would have; `None`
    /// where either is unknown or zero.
    #[must_use]
    pub fn design_effect(&self) -> Option<f64> {
        let effect = (self.se_clustered? / self.se_independent?).powi(2);
        effect.is_finite().then_some(effect)
    }
}

/// The weighted mean and both standard errors; `None` for no values that count, or where one is not finite.
///
/// The mean is a ratio of sums, s̄ = Σws / Σw, and its error that of its linear part, w(s−s̄)/Σw (Särndal, Swensson and Wretman 1992,
/// "Model assisted survey sampling", section 5.7). Independent: SE² = Σw(s−s̄)² / (Σw·(n'−1)), n' = (Σw)²/Σw² (Kish 1965). Clustered:
/// SE² = C'/(C'−1) · Σ_c(Σ_{i∈c} w(s_i−s̄))² / (Σw)², with C' as n', of the clusters' mean weights. With equal weights these are
/// Σ(s−s̄)² / (n(n−1)) and C/(C−1) · Σ_c(Σ_{i∈c}(s_i−s̄))² / n² (Miller 2024, "Adding error bars to evals", appendix A, with the factor for few
/// clusters of Cameron and Miller 2015).
#[must_use]
pub fn moments(observations: &[Observation]) -> Option<Moments> {
    let observations = &relative(observations)?[..];
    let n = observations.len();
    if n == 0 {
        return None;
    }
    let whole = observations.iter().map(|o| o.weight).sum::<f64>();
    let mean = observations.iter().map(|o| o.weight * o.value).sum::<f64>() / whole;
    if !mean.is_finite() {
        return None;
    }
    let deviations: Vec<f64> = cluster_sums(observations, |o| o.weight * (o.value - mean));
    let clusters = deviations.len();
    let squares: f64 = observations.iter().map(|o| o.weight * (o.value - mean).powi(2)).sum();
    let (cases, groups) = (effective(observations.iter().map(|o| o.weight)), effective_clusters(observations));
    let se_independent = (n > 1).then(|| (squares / (whole * (cases - 1.0))).sqrt());
    let se_clustered = (clusters > 1).then(|| (groups / (groups - 1.0) * deviations.iter().map(|d| d * d).sum::<f64>()).sqrt() / whole);
    Some(Moments { mean, se_independent, se_clustered, n, clusters, n_effective: cases, clusters_effective: groups })
}

/// The weighted mean with the interval mean ± t_{C'−1} · SE, see [`moments`].
///
/// `None` for no values, or where one is not finite. The interval is `None` for one cluster, and where all values are equal: a sample
/// without spread says nothing about its error. For passes and fails use [`crate::proportion::proportion`], which knows better there.
#[must_use]
pub fn mean(observations: &[Observation], level: Level) -> Option<Estimate> {
    let moments = moments(observations)?;
    let interval = moments.se_clustered.filter(|se| *se > spread_min(moments.mean)).and_then(|se| around(moments.mean, se, moments.clusters_effective, level));
    Some(Estimate { value: moments.mean, interval, level, n: moments.n, clusters: moments.clusters, method: Method::ClusteredMean })
}

/// The two-sided p-value against a true mean of zero, by Student's t with the clustered standard error and C−1 degrees; for differences of
/// scores that are not passes and fails. `None` where [`mean`] has no interval.
#[must_use]
pub fn t_test(observations: &[Observation]) -> Option<f64> {
    let moments = moments(observations)?;
    let se = moments.se_clustered.filter(|se| *se > spread_min(moments.mean))?;
    Some(2.0 * special::t_upper((moments.mean / se).abs(), degrees(moments.clusters_effective)))
}

/// `value` ± t_{C−1} · `se`, of that many clusters of equal weight.
pub(crate) fn around(value: f64, se: f64, clusters: f64, level: Level) -> Option<Interval> {
    let half = critical(clusters, level) * se;
    Interval::new(value - half, value + half)
}

/// The two-sided critical value of t with one degree less than there are clusters.
pub(crate) fn critical(clusters: f64, level: Level) -> f64 {
    special::t_quantile(1.0 - level.alpha() / 2.0, degrees(clusters))
}

/// Degrees of freedom: one less than there are clusters, and one at least.
fn degrees(clusters: f64) -> f64 {
    (clusters - 1.0).max(1.0)
}

/// Standard errors at most this large are rounding, not spread.
pub(crate) fn spread_min(mean: f64) -> f64 {
    1e-13 * mean.abs()
}

/// The sum of a figure over each cluster, in the order of the clusters' numbers.
pub(crate) fn cluster_sums(observations: &[Observation], of: impl Fn(&Observation) -> f64) -> Vec<f64> {
    let mut keyed: Vec<(usize, f64)> = observations.iter().map(|o| (o.cluster, of(o))).collect();
    keyed.sort_by_key(|(cluster, _)| *cluster);
    keyed.chunk_by(|a, b| a.0 == b.0).map(|group| group.iter().map(|(_, value)| value).sum()).collect()
}

/// The observations of each cluster, in the order of the clusters' numbers.
pub(crate) fn group<T: Copy>(items: &[T], cluster: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let mut sorted = items.to_vec();
    sorted.sort_by_key(|item| cluster(item));
    sorted.chunk_by(|a, b| cluster(a) == cluster(b)).map(<[T]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Case, average_repeats, independent};

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
    }

    /// By hand: 1, 2, 3, 4 have mean 2.5 and variance 5/3; in clusters {1, 2}, {3, 4} the sums of deviations are −2 and 2.
    #[test]
    fn standard_errors_by_hand() {
        let alone = moments(&independent(&[1.0, 2.0, 3.0, 4.0])).unwrap();
        close(alone.mean, 2.5);
        close(alone.se_independent.unwrap(), (5.0_f64 / 12.0).sqrt());
        close(alone.se_clustered.unwrap(), (5.0_f64 / 12.0).sqrt());
        close(alone.design_effect().unwrap(), 1.0);
        let values = [(7, 1.0), (7, 2.0), (3, 3.0), (3, 4.0)].map(|(cluster, value)| Observation { cluster, value, weight: 1.0 });
        let paired = moments(&values).unwrap();
        close(paired.se_clustered.unwrap(), 1.0);
        let estimate = mean(&values, Level::P95).unwrap();
        close(estimate.interval.unwrap().high, 2.5 + 12.706_204_736_174_7);
        assert_eq!((estimate.n, estimate.clusters), (4, 2));
    }

    #[test]
    fn unknown_is_never_zero() {
        assert_eq!(mean(&[], Level::P95), None);
        assert_eq!(mean(&independent(&[1.0, f64::NAN]), Level::P95), None);
        assert_eq!(mean(&independent(&[f64::MAX, f64::MAX]), Level::P95), None);
        assert_eq!(mean(&independent(&[0.3]), Level::P95).unwrap().interval, None);
        assert_eq!(mean(&independent(&[0.1; 7]), Level::P95).unwrap().interval, None);
        let one = [1.0, 2.0].map(|value| Observation { cluster: 0, value, weight: 1.0 });
        assert_eq!(mean(&one, Level::P95).unwrap().interval, None);
    }

    /// The p-value is at most α exactly where the interval at 1 − α excludes zero.
    #[test]
    fn the_t_test_is_the_interval_turned_round() {
        let values = independent(&[0.3, 0.1, -0.1, 0.4, 0.2]);
        let p = t_test(&values).unwrap();
        for (level, excludes) in [(1.0 - p * 1.01, true), (1.0 - p * 0.99, false)] {
            assert_eq!(mean(&values, Level::new(level).unwrap()).unwrap().interval.unwrap().low > 0.0, excludes);
        }
        assert_eq!(t_test(&independent(&[0.0, 0.0])), None);
    }

    #[test]
    fn repeats_are_averaged_within_their_case_first() {
        let cases = [vec![1.0, 0.0, 0.0, 0.0], vec![1.0], vec![]].map(|scores| Case { cluster: scores.len(), scores });
        let observations = average_repeats(&cases);
        close(mean(&observations, Level::P95).unwrap().value, 0.625);
        assert_eq!(observations.len(), 2);
    }
}
