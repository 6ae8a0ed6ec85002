//! How a result is shared among its causes.

use crate::special::t_quantile;
use crate::{Estimate, Interval, Level, Method};
use jeton_core::SeededRandom;

/// Players whose coalitions are counted out at most: 2¹² values.
pub const EXACT_PLAYERS: usize = 12;

/// A set of players: bit i stands for player i.
pub type Coalition = u64;

/// The exact Shapley values (Shapley 1953): each player's gain, averaged over all orders in which the players could come together. They sum to
/// v(all) − v(none). Each of the 2ⁿ coalitions is asked for once.
///
/// `None` for no players, more than [`EXACT_PLAYERS`], or a coalition whose value is unknown or not finite. The values carry no sampling error
/// of the orders; that of the data is found by resampling it, see [`crate::bootstrap`].
pub fn exact(players: usize, mut value: impl FnMut(Coalition) -> Option<f64>) -> Option<Vec<f64>> {
    if players == 0 || players > EXACT_PLAYERS {
        return None;
    }
    let all = 1_u64 << players;
    let values: Vec<f64> = (0..all).map(|coalition| value(coalition).filter(|v| v.is_finite())).collect::<Option<_>>()?;
    // The share of the orders in which just `size` players come before: size!(n−1−size)!/n! = 1/(n·C(n−1, size)).
    let mut weights = vec![1.0 / players as f64; players];
    for size in 1..players {
        weights[size] = weights[size - 1] * size as f64 / (players - size) as f64;
    }
    let share = |player: usize| {
        let bit = 1_u64 << player;
        let gain = |coalition: u64| weights[coalition.count_ones() as usize] * (values[(coalition | bit) as usize] - values[coalition as usize]);
        (0..all).filter(|coalition| coalition & bit == 0).map(gain).sum()
    };
    Some((0..players).map(share).collect())
}

/// Shapley values from random orders (Castro, Gómez and Tejada 2009), each with the interval of its mean over the orders by t. Orders come in
/// pairs, one the reverse of the other, which are averaged and count as one (Mitchell et al. 2022): `n` is the number of pairs.
///
/// The interval is that of the sampled orders alone; it is `None` for one pair of orders, and where all gave the same gain. `None` for no
/// players, more than 64, no pairs, or an unknown value. Values are asked for again where coalitions recur; keep them if they are dear.
pub fn sampled(players: usize, pairs: usize, level: Level, seed: u64, mut value: impl FnMut(Coalition) -> Option<f64>) -> Option<Vec<Estimate>> {
    if players == 0 || players > 64 || pairs == 0 {
        return None;
    }
    let mut random = SeededRandom::new(seed);
    let mut order: Vec<usize> = (0..players).collect();
    let (mut sums, mut squares) = (vec![0.0; players], vec![0.0; players]);
    for _ in 0..pairs {
        for last in (1..players).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        let mut gains = vec![0.0; players];
        walk(order.iter().copied(), &mut gains, &mut value)?;
        walk(order.iter().rev().copied(), &mut gains, &mut value)?;
        for (player, gain) in gains.iter().enumerate() {
            sums[player] += gain / 2.0;
            squares[player] += (gain / 2.0).powi(2);
        }
    }
    let n = pairs as f64;
    let estimate = |player: usize| {
        let mean = sums[player] / n;
        let variance = (squares[player] / n - mean * mean).max(0.0) / (n - 1.0);
        let half = t_quantile(1.0 - level.alpha() / 2.0, n - 1.0) * variance.sqrt();
        let interval = (half > 1e-9 * mean.abs()).then(|| Interval::new(mean - half, mean + half)).flatten();
        Estimate { value: mean, interval, level, n: pairs, clusters: pairs, method: Method::PermutationSampling }
    };
    Some((0..players).map(estimate).collect())
}

/// Adds what each player brings when they come in this order.
fn walk(order: impl Iterator<Item = usize>, gains: &mut [f64], value: &mut impl FnMut(Coalition) -> Option<f64>) -> Option<()> {
    let mut coalition = 0;
    let mut before = value(0).filter(|v| v.is_finite())?;
    for player in order {
        coalition |= 1 << player;
        let after = value(coalition).filter(|v| v.is_finite())?;
        gains[player] += after - before;
        before = after;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The glove game: one left glove (player 0) and two right ones; a pair is worth 1. Shares are 2/3, 1/6 and 1/6.
    fn gloves(coalition: Coalition) -> Option<f64> {
        Some(f64::from(u8::from(coalition & 1 == 1 && coalition & 6 != 0)))
    }

    #[test]
    fn the_glove_game() {
        let shares = exact(3, gloves).unwrap();
        assert!(shares.iter().zip([2.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]).all(|(got, expected)| (got - expected).abs() < 1e-12), "{shares:?}");
        for (estimate, share) in sampled(3, 2_000, Level::P95, 4, gloves).unwrap().iter().zip(shares) {
            let width = estimate.interval.unwrap().width();
            assert!((estimate.value - share).abs() < 0.02 && (0.01..0.05).contains(&width), "{estimate:?}");
        }
    }

    #[test]
    fn what_cannot_be_shared_is_unknown() {
        assert_eq!(exact(0, gloves), None);
        assert_eq!(exact(13, gloves), None);
        assert_eq!(exact(2, |c| (c != 2).then_some(1.0)), None);
        assert_eq!(exact(2, |_| Some(f64::NAN)), None);
        assert_eq!(sampled(65, 1, Level::P95, 0, gloves), None);
        assert_eq!(sampled(3, 0, Level::P95, 0, gloves), None);
        assert_eq!(sampled(3, 5, Level::P95, 0, |_| None), None);
        // What is additive gives each order the same gain: nothing is known of an error that is not there.
        let additive = sampled(64, 2, Level::P95, 0, |c| Some(f64::from(c.count_ones()))).unwrap();
        assert!(additive.iter().all(|e| (e.value - 1.0).abs() < 1e-12 && e.interval.is_none()));
    }

    proptest! {
        /// Efficiency and the null player: shares sum to the whole, and who changes nothing gets nothing.
        #[test]
        fn axioms(values in prop::collection::vec(-10.0_f64..10.0, 16)) {
            // Player 4 changes nothing.
            let shares = exact(5, |c| values.get((c & 15) as usize).copied()).unwrap();
            prop_assert!((shares.iter().sum::<f64>() - (values[15] - values[0])).abs() < 1e-9);
            prop_assert!(shares[4].abs() < 1e-12);
            let sums: f64 = sampled(5, 7, Level::P95, 1, |c| values.get((c & 15) as usize).copied()).unwrap().iter().map(|e| e.value).sum();
            prop_assert!((sums - (values[15] - values[0])).abs() < 1e-9);
        }
    }
}
