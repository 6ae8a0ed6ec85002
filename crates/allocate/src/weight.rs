//! Cases that count more or less than others.

use crate::Observation;

/// The cases that count, their weights as shares of the largest: equal weights are all 1, whatever they were. Cases of weight 0 are left out.
/// `None` where a weight is negative or not finite.
pub(crate) fn relative(observations: &[Observation]) -> Option<Vec<Observation>> {
    if !observations.iter().all(|o| o.weight.is_finite() && o.weight >= 0.0) {
        return None;
    }
    let most = observations.iter().map(|o| o.weight).fold(0.0, f64::max);
    let scaled = observations.iter().map(|o| Observation { weight: o.weight / most, ..*o });
    Some(scaled.filter(|o| o.weight > 0.0).collect())
}

/// How many equal weights say as much: (Σw)²/Σw² (Kish 1965, "Survey sampling", section 11.7). The number itself where all are equal.
pub(crate) fn effective(weights: impl Iterator<Item = f64> + Clone) -> f64 {
    let sum: f64 = weights.clone().sum();
    sum * sum / weights.map(|weight| weight * weight).sum::<f64>()
}

/// How many clusters of equal weight say as much: [`effective`] over the mean weights of the clusters. Sizes do not enter, weights alone do:
/// with equal weights it is the number of clusters.
pub(crate) fn effective_clusters(observations: &[Observation]) -> f64 {
    let means: Vec<f64> =
        crate::mean::group(observations, |o| o.cluster).iter().map(|group| group.iter().map(|o| o.weight).sum::<f64>() / group.len() as f64).collect();
    effective(means.iter().copied())
}

/// Whether no case counts more than another; cases of weight 0 are none.
pub(crate) fn are_equal(weights: impl Iterator<Item = f64>) -> bool {
    let mut first = None;
    weights.filter(|weight| *weight > 0.0).all(|weight| (weight - *first.get_or_insert(weight)).abs() <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weighted(weights: &[f64]) -> Vec<Observation> {
        weights.iter().enumerate().map(|(cluster, &weight)| Observation { cluster: cluster / 2, value: 1.0, weight }).collect()
    }

    /// By hand: 3, 1 are worth 16/10; in clusters of two, 3 and 1 against 2 and 2 are worth two clusters.
    #[test]
    fn effective_numbers_by_hand() {
        assert!((effective([3.0, 1.0].into_iter()) - 1.6).abs() < 1e-12);
        assert!((effective_clusters(&weighted(&[3.0, 1.0, 2.0, 2.0])) - 2.0).abs() < 1e-12);
        assert!((effective_clusters(&weighted(&[3.0, 3.0, 1.0])) - 1.6).abs() < 1e-12);
    }

    #[test]
    fn weights_are_shares_of_the_largest() {
        let scaled = relative(&weighted(&[3.0, 0.0, 1.5])).unwrap();
        assert_eq!(scaled.iter().map(|o| o.weight).collect::<Vec<_>>(), [1.0, 0.5]);
        assert_eq!(relative(&weighted(&[0.3, 0.3])).unwrap(), weighted(&[1.0, 1.0]));
        assert_eq!(relative(&weighted(&[0.0, 0.0])).unwrap(), []);
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(relative(&weighted(&[1.0, wrong])), None);
        }
        assert!(are_equal([2.0, 0.0, 2.0].into_iter()) && !are_equal([2.0, 1.0].into_iter()));
    }
}
