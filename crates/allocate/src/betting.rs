//! Means of scores in [0, 1] that may be looked at after every case, by hedged betting (Waudby-Smith and Ramdas 2024, "Estimating means of
//! bounded random variables by betting").
//!
//! Conditions as in [`crate::sequential`]. Paired scores d in [−1, 1] enter as (d+1)/2, and "no difference" is ½.

use crate::mean::moments;
use crate::special::normal_quantile;
use crate::{Estimate, Interval, Level, Method, Observation};
use serde::{Deserialize, Serialize};

/// The largest share of the wealth that is bet.
const SHARE_MAX: f64 = 0.5;

/// What the next bet may know: the results before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Past {
    n: u64,
    sum: f64,
    squares: f64,
    /// Cases of a finite set; `None` for a population.
    of: Option<u64>,
}

impl Past {
    const fn new(of: Option<u64>) -> Self {
        Self { n: 0, sum: 0.0, squares: 0.0, of }
    }

    /// λ = √(2 ln(2/α) / (σ̂²·i·ln(i+1))) for the i-th result, σ̂² from those before it, begun with ½ and ¼.
    fn stake(&self, alpha: f64) -> f64 {
        let next = (self.n + 1) as f64;
        let variance = (0.25 + self.squares) / next;
        (2.0 * (2.0 / alpha).ln() / (variance * next * (next + 1.0).ln())).sqrt()
    }

    /// The mean that is left for the rest of the set if all of it has mean `mean`.
    fn remaining(&self, mean: f64) -> f64 {
        match self.of {
            Some(all) if all > self.n => (all as f64 * mean - self.sum) / (all - self.n) as f64,
            _ => mean,
        }
    }

    fn push(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
        let mean = (0.5 + self.sum) / (self.n + 1) as f64;
        self.squares += (value - mean).powi(2);
    }

    /// Where the mean of the whole set must lie for arithmetic's sake.
    fn possible(&self) -> (f64, f64) {
        match self.of {
            Some(all) if all > 0 => (self.sum / all as f64, (self.sum + all.saturating_sub(self.n) as f64) / all as f64),
            _ => (0.0, 1.0),
        }
    }
}

/// ln of the wealth of the two gamblers who bet that the mean is above and below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Wealth {
    above: f64,
    below: f64,
}

impl Wealth {
    fn push(&mut self, value: f64, mean: f64, stake: f64) {
        // Outside [0, 1] the rest of a finite set cannot have this mean: the gamblers have won.
        if mean < -1e-9 {
            self.above = f64::INFINITY;
        } else if mean > 1.0 + 1e-9 {
            self.below = f64::INFINITY;
        } else {
            let mean = mean.clamp(1e-12, 1.0 - 1e-12);
            self.above += (stake.min(SHARE_MAX / mean) * (value - mean)).ln_1p();
            self.below += (-stake.min(SHARE_MAX / (1.0 - mean)) * (value - mean)).ln_1p();
        }
    }

    /// ln max(½K⁺, ½K⁻).
    fn hedged(&self) -> f64 {
        self.above.max(self.below) - std::f64::consts::LN_2
    }
}

/// Evidence against one value of the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanTest {
    mean: f64,
    alpha: f64,
    past: Past,
    wealth: Wealth,
    decided: Option<bool>,
}

impl MeanTest {
    /// Tests whether scores in [0, 1] have this mean, with error probability 1 − `level`; of a finite set of `of` cases where given. `None`
    /// unless 0 < `mean` < 1.
    #[must_use]
    pub fn new(mean: f64, level: Level, of: Option<u64>) -> Option<Self> {
        (mean > 0.0 && mean < 1.0).then(|| Self { mean, alpha: level.alpha(), past: Past::new(of), wealth: Wealth::default(), decided: None })
    }

    /// Takes the next score: `Some(true)` once the mean is shown to be above, `Some(false)` once below. Scores outside [0, 1] (and more than
    /// the set has) are not taken: the test would no longer hold.
    pub fn push(&mut self, value: f64) -> Option<bool> {
        if (0.0..=1.0).contains(&value) && self.past.of.is_none_or(|all| self.past.n < all) {
            self.wealth.push(value, self.past.remaining(self.mean), self.past.stake(self.alpha));
            self.past.push(value);
            if self.decided.is_none() && self.wealth.hedged() >= -self.alpha.ln() {
                self.decided = Some(self.wealth.above > self.wealth.below);
            }
        }
        self.decided
    }

    /// The evidence that the mean is above: an e-value.
    #[must_use]
    pub fn e_above(&self) -> f64 {
        self.wealth.above.exp()
    }

    /// The evidence that the mean is below: an e-value.
    #[must_use]
    pub fn e_below(&self) -> f64 {
        self.wealth.below.exp()
    }
}

/// Steps of the grid of means; the interval is wider than the exact one by at most a step on each side.
const STEPS: usize = 1_000;

/// A confidence sequence of the mean of scores in [0, 1].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanSequence {
    level: Level,
    past: Past,
    grid: Vec<Wealth>,
    /// The first and last step of the grid that were never excluded; empty once the first is above the last.
    kept: (usize, usize),
}

impl MeanSequence {
    /// Before any score. For the mean of a finite set give its number of cases: the interval closes when it is exhausted.
    #[must_use]
    pub fn new(level: Level, of: Option<u64>) -> Self {
        Self { level, past: Past::new(of), grid: vec![Wealth::default(); STEPS + 1], kept: (0, STEPS) }
    }

    /// Takes the next score. `false` where it is outside [0, 1] or beyond the set, and was not taken.
    pub fn push(&mut self, value: f64) -> bool {
        if !(0.0..=1.0).contains(&value) || self.past.of.is_some_and(|all| self.past.n >= all) {
            return false;
        }
        let (stake, limit) = (self.past.stake(self.level.alpha()), -self.level.alpha().ln());
        let (first, last) = self.kept;
        for step in first..=last {
            self.grid[step].push(value, self.past.remaining(step as f64 / STEPS as f64), stake);
        }
        self.past.push(value);
        let is_kept = |step: &usize| self.grid[*step].hedged() < limit;
        let kept = (first..=last).find(is_kept).zip((first..=last).rev().find(is_kept));
        self.kept = kept.unwrap_or((1, 0));
        true
    }

    /// The means that were never excluded. `None` before the first score; the interval is `None` where all were, which has a chance of at most
    /// α unless the scores drift.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        let n = (self.past.n > 0).then_some(self.past.n as usize)?;
        let (first, last) = self.kept;
        let (least, most) = self.past.possible();
        let end = |step: usize| (step.min(STEPS) as f64 / STEPS as f64).clamp(least, most);
        let interval = if self.past.of == Some(self.past.n) {
            Interval::new(least, least)
        } else if first > last {
            None
        } else {
            Interval::new(end(first.saturating_sub(1)), end(last + 1))
        };
        Some(Estimate { value: self.past.sum / n as f64, interval, level: self.level, n, clusters: n, method: Method::BettingSequence })
    }
}

/// An asymptotic confidence sequence of any mean: μ̂ ± σ̂·√((nρ²+1)/(n²ρ²)·ln((nρ²+1)/α²)) (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas
/// 2024, "Time-uniform central limit theory and asymptotic confidence sequences"). It is tightest at `tightest_at` cases, which must be chosen
/// before looking: ρ² = (−2 ln α + ln(−2 ln α) + 1) / `tightest_at`. For many cases; below some hundred use [`MeanSequence`].
///
/// `None` for no values or one that is not finite; the interval is `None` for fewer than two values, or without spread.
#[must_use]
pub fn asymptotic(values: &[Observation], tightest_at: u64, level: Level) -> Option<Estimate> {
    let moments = moments(values)?;
    let n = moments.n_effective;
    let twice = -2.0 * level.alpha().ln();
    let rho = (twice + twice.ln() + 1.0).max(1.0) / tightest_at.max(1) as f64;
    let scale = ((n * rho + 1.0) / (n * n * rho) * ((n * rho + 1.0) / level.alpha().powi(2)).ln()).sqrt();
    let half = moments.se_clustered.filter(|se| *se > crate::mean::spread_min(moments.mean)).map(|se| se * n.sqrt() * scale);
    let interval = half.and_then(|half| Interval::new(moments.mean - half, moments.mean + half));
    Some(Estimate { value: moments.mean, interval, level, n: moments.n, clusters: moments.clusters, method: Method::AsymptoticSequence })
}

/// How many times wider the asymptotic sequence is at its tightest than the interval for one look.
#[must_use]
pub fn price_of_looking(level: Level) -> f64 {
    let twice = -2.0 * level.alpha().ln();
    let rho = (twice + twice.ln() + 1.0).max(1.0);
    ((rho + 1.0) / rho * ((rho + 1.0) / level.alpha().powi(2)).ln()).sqrt() / normal_quantile(1.0 - level.alpha() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::SeededRandom;

    /// By hand: the first stake is √(2 ln 40/(¼·ln 2)) = 6.5, cut to ½/m and ½/(1−m); a first score of 1 multiplies by 1+½(1−m)/m and ½.
    #[test]
    fn the_first_bet_by_hand() {
        let mut test = MeanTest::new(0.25, Level::P95, None).unwrap();
        assert_eq!(test.push(1.0), None);
        assert!((test.e_above() - 2.5).abs() < 1e-12 && (test.e_below() - 0.5).abs() < 1e-12);
        assert_eq!((test.push(f64::NAN), test.push(2.0), test.past.n), (None, None, 1));
    }

    #[test]
    fn a_sequence_narrows_and_holds_what_its_test_holds() {
        let mut random = SeededRandom::new(8);
        let mut sequence = MeanSequence::new(Level::P95, None);
        let mut tests = [0.2, 0.5, 0.55, 0.7].map(|mean| MeanTest::new(mean, Level::P95, None).unwrap());
        assert_eq!(sequence.estimate(), None);
        let mut width = 1.0;
        for _ in 0..400 {
            let value = random.unit();
            assert!(sequence.push(value));
            let interval = sequence.estimate().unwrap().interval.unwrap();
            assert!(interval.width() <= width + 1e-12);
            width = interval.width();
            for test in &mut tests {
                let is_out = test.push(value).is_some();
                let near = |end: f64| (test.mean - end).abs() < 2.1 / STEPS as f64;
                assert!(is_out != interval.contains(test.mean) || near(interval.low) || near(interval.high));
            }
        }
        assert!(width < 0.15, "{width}");
        assert!(!sequence.push(1.1) && !sequence.push(f64::NAN));
    }

    #[test]
    fn a_finite_set_closes_when_it_is_exhausted() {
        let mut finite = MeanSequence::new(Level::P95, Some(60));
        let mut endless = MeanSequence::new(Level::P95, None);
        for i in 0..60 {
            let value = f64::from(u8::from(i % 3 == 0));
            assert!(finite.push(value) && endless.push(value));
            let (one, other) = (finite.estimate().unwrap().interval.unwrap(), endless.estimate().unwrap().interval.unwrap());
            assert!(one.contains(1.0 / 3.0) && one.width() <= other.width() + 2e-3, "{i}: {one:?} {other:?}");
        }
        let last = finite.estimate().unwrap().interval.unwrap();
        assert!(last.contains(1.0 / 3.0) && last.width() < 1e-12 && !finite.push(0.0));
    }

    /// Waudby-Smith et al. 2024: at its tightest the sequence is less than twice as wide as the interval for one look.
    #[test]
    fn the_asymptotic_sequence_is_tightest_where_it_was_told() {
        let values: Vec<Observation> = (0..1_000).map(|i| Observation { cluster: i, value: f64::from(u8::from(i % 5 == 0)), weight: 1.0 }).collect();
        let width = |at| asymptotic(&values, at, Level::P95).unwrap().interval.unwrap().width();
        assert!(width(1_000) <= width(700) && width(1_000) <= width(1_400));
        let once = crate::mean::mean(&values, Level::P95).unwrap().interval.unwrap().width();
        assert!((width(1_000) / once / price_of_looking(Level::P95) - 1.0).abs() < 0.01 && price_of_looking(Level::P95) < 2.0);
        assert_eq!(asymptotic(&[], 1, Level::P95), None);
        assert_eq!(asymptotic(&values[1..4], 0, Level::P95).unwrap().interval, None);
    }
}
