//! Intervals for any statistic, by resampling clusters.

use crate::mean::group;
use crate::special::{normal_cdf, normal_quantile};
use crate::{Estimate, Interval, Level, Method};
use jeton_core::SeededRandom;

/// Resamples at least: the ends of a BCa interval lie far out in the tails.
pub const RESAMPLES_MIN: usize = 2_000;

/// Fewer clusters than this give no interval: their resamples are too few to have tails.
const CLUSTERS_MIN: usize = 3;

/// A statistic of `items` with its BCa interval (Efron 1987, "Better bootstrap confidence intervals"), resampling whole clusters.
///
/// z0 = Φ⁻¹(#{θ*<θ̂}/B), ties counted half; acceleration a = Σ(θ̄−θ_(c))³ / (6·(Σ(θ̄−θ_(c))²)^{3/2}) from the jackknife over clusters; ends at
/// the quantiles Φ(z0 + (z0+z_q)/(1−a(z0+z_q))) of the resamples. `resamples` below [`RESAMPLES_MIN`] are raised to it.
///
/// `None` where the statistic of all items is `None` or not finite. The interval is `None` for fewer than three clusters, where more than
/// one in twenty resamples has no statistic, and where all resamples are alike.
#[must_use]
pub fn bootstrap<T: Copy>(
    items: &[T],
    cluster: impl Fn(&T) -> usize,
    statistic: impl Fn(&[T]) -> Option<f64>,
    level: Level,
    resamples: usize,
    seed: u64,
) -> Option<Estimate> {
    let finite = |items: &[T]| statistic(items).filter(|value| value.is_finite());
    let value = finite(items)?;
    let groups = group(items, cluster);
    let made = Estimate { value, interval: None, level, n: items.len(), clusters: groups.len(), method: Method::BootstrapBca };
    if groups.len() < CLUSTERS_MIN {
        return Some(made);
    }
    let wanted = resamples.max(RESAMPLES_MIN);
    let mut drawn = resample(&groups, &finite, wanted, seed);
    if drawn.len() * 20 < wanted * 19 {
        return Some(made);
    }
    drawn.sort_by(f64::total_cmp);
    Some(Estimate { interval: ends(value, &drawn, acceleration(&groups, &finite), level), ..made })
}

fn resample<T: Copy>(groups: &[Vec<T>], statistic: &impl Fn(&[T]) -> Option<f64>, resamples: usize, seed: u64) -> Vec<f64> {
    let mut random = SeededRandom::new(seed);
    let is_plain = groups.iter().all(|group| group.len() == 1);
    let alone: Vec<T> = groups.iter().flatten().copied().collect();
    let mut sample = Vec::with_capacity(alone.len());
    let draws = (0..resamples).filter_map(|_| {
        sample.clear();
        let drawn = (0..groups.len()).map(|_| random.below(groups.len() as u64) as usize);
        if is_plain {
            // Most suites have no clusters, and copying cases one by one is several times faster than group by group.
            sample.extend(drawn.map(|at| alone[at]));
        } else {
            drawn.for_each(|at| sample.extend_from_slice(&groups[at]));
        }
        statistic(&sample)
    });
    draws.collect()
}

/// Efron's acceleration; zero where leaving clusters out changes nothing or cannot be done.
fn acceleration<T: Copy>(groups: &[Vec<T>], statistic: &impl Fn(&[T]) -> Option<f64>) -> f64 {
    let all: Vec<T> = groups.iter().flatten().copied().collect();
    let mut rest = Vec::with_capacity(all.len());
    let mut from = 0;
    let without = |group: &Vec<T>| {
        rest.clear();
        rest.extend_from_slice(&all[..from]);
        from += group.len();
        rest.extend_from_slice(&all[from..]);
        statistic(&rest)
    };
    let left: Vec<f64> = groups.iter().filter_map(without).collect();
    let mean = left.iter().sum::<f64>() / left.len() as f64;
    let squares: f64 = left.iter().map(|value| (mean - value).powi(2)).sum();
    let cubes: f64 = left.iter().map(|value| (mean - value).powi(3)).sum();
    let acceleration = cubes / (6.0 * squares.powf(1.5));
    if acceleration.is_finite() { acceleration } else { 0.0 }
}

/// The interval from sorted resamples.
fn ends(value: f64, sorted: &[f64], acceleration: f64, level: Level) -> Option<Interval> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    if (last - first).abs() <= 1e-13 * value.abs().max(last.abs()) {
        return None;
    }
    let below = sorted.partition_point(|drawn| *drawn < value);
    let ties = sorted.partition_point(|drawn| *drawn <= value) - below;
    let all = sorted.len() as f64;
    let share = (below as f64 + ties as f64 / 2.0) / all;
    // Where every resample lies on one side the correction would be infinite.
    let z0 = normal_quantile(share.clamp(0.5 / all, 1.0 - 0.5 / all));
    let end = |q: f64| {
        let z = z0 + normal_quantile(q);
        let scale = 1.0 - acceleration * z;
        let adjusted = if scale > 0.0 { normal_cdf(z0 + z / scale) } else { f64::from(u8::from(q > 0.5)) };
        quantile(sorted, adjusted)
    };
    Interval::new(end(level.alpha() / 2.0)?, end(1.0 - level.alpha() / 2.0)?)
}

/// The quantile of sorted values, interpolated (Hyndman and Fan 1996, type 7). `None` for no values or a share outside [0, 1].
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Some(sorted[below] + (place - below as f64) * (sorted[above] - sorted[below]))
}

/// The same quantile of values that come so many times each: what [`quantile`] says of each value repeated by its count. For many samples of the
/// same values, which need not be sorted again. `None` where nothing is counted or the share is outside [0, 1].
#[must_use]
pub fn quantile_counted(sorted: &[f64], counts: &[u32], share: f64) -> Option<f64> {
    let all: usize = counts.iter().map(|count| *count as usize).sum();
    if all == 0 || !(0.0..=1.0).contains(&share) {
        return None;
    }
    let place = share * (all - 1) as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(all - 1);
    let mut low = None;
    let mut seen = 0;
    for (value, count) in sorted.iter().zip(counts) {
        seen += *count as usize;
        if low.is_none() && seen > below {
            low = Some(*value);
        }
        if let Some(low) = low.filter(|_| seen > above) {
            return Some(low + (place - below as f64) * (*value - low));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Observation, independent, mean};

    fn of_mean(observations: &[Observation]) -> Option<f64> {
        mean::moments(observations).map(|m| m.mean)
    }

    fn mean_of(values: &[f64], seed: u64) -> Option<Estimate> {
        bootstrap(&independent(values), |o| o.cluster, of_mean, Level::P95, 4_000, seed)
    }

    #[test]
    fn quantiles_by_hand() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        for (share, expected) in [(0.0, Some(1.0)), (0.5, Some(3.0)), (0.9, Some(6.8)), (1.0, Some(8.0)), (1.1, None), (f64::NAN, None)] {
            assert!(quantile(&sorted, share).zip(expected).map_or(expected.is_none(), |(got, expected)| (got - expected).abs() < 1e-9));
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_quantile_of_counts_is_that_of_the_values_repeated() {
        let sorted = [0.5, 1.0, 1.0, 3.5, 8.0, 9.25];
        let mut random = SeededRandom::new(4);
        for _ in 0..500 {
            let counts: Vec<u32> = sorted.iter().map(|_| random.below(4) as u32).collect();
            let repeated: Vec<f64> = sorted.iter().zip(&counts).flat_map(|(value, count)| std::iter::repeat_n(*value, *count as usize)).collect();
            for share in [0.0, 0.31, 0.5, 0.95, 1.0, 1.1, f64::NAN] {
                assert_eq!(quantile_counted(&sorted, &counts, share), quantile(&repeated, share), "{counts:?} {share}");
            }
        }
    }

    /// For the mean of symmetric values BCa agrees with the normal interval, σ/√n by the plug-in variance.
    #[test]
    fn a_mean_of_symmetric_values_is_nearly_normal() {
        let values: Vec<f64> = (0..101).map(f64::from).collect();
        let interval = mean_of(&values, 1).unwrap().interval.unwrap();
        let half = 1.96 * (850.0_f64 / 101.0).sqrt();
        assert!((interval.low - (50.0 - half)).abs() < 0.4 && (interval.high - (50.0 + half)).abs() < 0.4, "{interval:?}");
    }

    /// Half of twenty passed: a fifth of the resamples tie with the estimate, and may not push the interval to one side.
    #[test]
    fn ties_stay_in_the_middle() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i % 2)).collect();
        let interval = mean_of(&values, 5).unwrap().interval.unwrap();
        assert!((interval.low + interval.high - 1.0).abs() < 0.051 && interval.width() < 0.46, "{interval:?}");
    }

    /// Skew moves both ends of the interval towards the long tail.
    #[test]
    fn skew_is_corrected() {
        let values: Vec<f64> = (0..60).map(|i| (f64::from(i) / 10.0).exp()).collect();
        let estimate = mean_of(&values, 2).unwrap();
        let interval = estimate.interval.unwrap();
        assert!(interval.high - estimate.value > 1.15 * (estimate.value - interval.low), "{estimate:?}");
    }

    #[test]
    fn the_seed_decides_and_what_is_unknown_stays_so() {
        let values: Vec<f64> = (0..30).map(|i| f64::from(i % 7)).collect();
        assert_eq!(mean_of(&values, 3), mean_of(&values, 3));
        assert_ne!(mean_of(&values, 3), mean_of(&values, 4));
        assert_eq!(mean_of(&[], 0), None);
        assert_eq!(mean_of(&[f64::NAN, 1.0, 2.0], 0), None);
        assert_eq!(mean_of(&[1.0, 2.0], 0).unwrap().interval, None);
        assert_eq!(mean_of(&[2.0; 9], 0).unwrap().interval, None);
        let one_cluster = bootstrap(&independent(&values), |_| 7, of_mean, Level::P95, 0, 0).unwrap();
        assert_eq!((one_cluster.interval, one_cluster.clusters), (None, 1));
    }
}
