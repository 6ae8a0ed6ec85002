//! Live traffic: weighted samples, and alarms with a stated rate of false ones.

use crate::bootstrap::quantile;
use crate::mean::{cluster_sums, critical};
use crate::sequential::ln_e_above;
use crate::{Estimate, Interval, Level, Method, Observation};
use serde::{Deserialize, Serialize};

/// A scored call with the probability at which it was chosen to be scored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampled {
    /// See [`Observation::cluster`].
    pub cluster: usize,
    /// Its score.
    pub value: f64,
    /// Its probability of being in the sample, above 0 and at most 1, as recorded when it was drawn.
    pub probability: f64,
}

/// A mean over all calls from a weighted sample of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weighted {
    /// The mean with its interval.
    pub estimate: Estimate,
    /// How many calls the sample stands for: Σ1/π.
    pub population: f64,
    /// How many equally weighted calls would be as good: (Σw)²/Σw² (Kish 1965). Refuse to conclude while it is small.
    pub effective_n: f64,
}

/// The mean of all calls from a sample in which each stands for 1/π (Horvitz and Thompson 1952): Σwy/Σw, whose standard error is that of the
/// clusters' summed w(y−ȳ) over Σw (Hájek 1971; linearised), with t. "All errors and 1 % of the rest" stays unbiased so.
///
/// `None` for no calls, a probability outside (0, 1] or a value that is not finite. The interval is `None` for one cluster or no spread.
#[must_use]
pub fn horvitz_thompson(sample: &[Sampled], level: Level) -> Option<Weighted> {
    if sample.is_empty() || sample.iter().any(|call| !(call.probability > 0.0 && call.probability <= 1.0)) {
        return None;
    }
    let population: f64 = sample.iter().map(|call| 1.0 / call.probability).sum();
    let squares: f64 = sample.iter().map(|call| call.probability.powi(-2)).sum();
    let value = sample.iter().map(|call| call.value / call.probability).sum::<f64>() / population;
    if !value.is_finite() {
        return None;
    }
    let weighted = |call: &Sampled| Observation { cluster: call.cluster, value: (call.value - value) / call.probability, weight: 1.0 };
    let sums = cluster_sums(&sample.iter().map(weighted).collect::<Vec<_>>(), |o| o.value);
    let clusters = sums.len();
    let groups = clusters as f64;
    let se = (groups / (groups - 1.0) * sums.iter().map(|sum| sum * sum).sum::<f64>()).sqrt() / population;
    let half = critical(clusters as f64, level) * se;
    let interval = (clusters > 1 && se > crate::mean::spread_min(value)).then(|| Interval::new(value - half, value + half)).flatten();
    let estimate = Estimate { value, interval, level, n: sample.len(), clusters, method: Method::HorvitzThompson };
    Some(Weighted { estimate, population, effective_n: population * population / squares })
}

/// The direction of a change that is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// The mean falls below the baseline: quality.
    Drop,
    /// The mean rises above it: failures.
    Rise,
}

/// Bets of the detector, as shares of the largest that cannot lose everything: large changes are found soon by the bold, small ones by the shy.
const BETS: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8];

/// An alarm for the mean of scores in [0, 1], passes and fails among them, with a bound on false alarms.
///
/// Shiryaev and Roberts's statistic R = L·(1 + R) for each of several bets L = 1 + λ(m0 − x), and their mean: an e-detector (Shin, Ramdas and
/// Rinaldo 2023). While the mean is not beyond the baseline, the expected number of results until an alarm is at least `run_length`, whatever
/// their distribution. For passes and fails each bet is the likelihood ratio of one rate beyond the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    baseline: f64,
    change: Change,
    run_length: f64,
    statistics: [f64; BETS.len()],
    n: u64,
    alarm: Option<u64>,
}

impl Detector {
    /// `None` unless 0 < `baseline` < 1 and `run_length` is at least 1. Take a baseline on the cautious side of its own interval.
    #[must_use]
    pub fn new(baseline: f64, change: Change, run_length: f64) -> Option<Self> {
        let is_valid = baseline > 0.0 && baseline < 1.0 && run_length >= 1.0 && run_length.is_finite();
        is_valid.then_some(Self { baseline, change, run_length, statistics: [0.0; BETS.len()], n: 0, alarm: None })
    }

    /// Takes the next score: `true` once there is an alarm, which stays until [`Detector::reset`]. A score outside [0, 1] counts as the nearer
    /// end, one that is no number is not taken.
    pub fn push(&mut self, value: f64) -> bool {
        if value.is_nan() {
            return self.alarm.is_some();
        }
        self.n += 1;
        let (mean, value) = match self.change {
            Change::Drop => (self.baseline, value.clamp(0.0, 1.0)),
            Change::Rise => (1.0 - self.baseline, 1.0 - value.clamp(0.0, 1.0)),
        };
        for (statistic, share) in self.statistics.iter_mut().zip(BETS) {
            // λ below 1/(1 − m0) keeps the factor positive at x = 1.
            *statistic = ((1.0 + share / (1.0 - mean) * (mean - value)) * (1.0 + *statistic)).min(f64::MAX);
        }
        if self.alarm.is_none() && self.statistic() >= self.run_length {
            self.alarm = Some(self.n);
        }
        self.alarm.is_some()
    }

    /// The statistic; an alarm is at `run_length`.
    #[must_use]
    pub fn statistic(&self) -> f64 {
        self.statistics.iter().map(|statistic| statistic / BETS.len() as f64).sum()
    }

    /// After how many results the alarm came.
    #[must_use]
    pub const fn alarm(&self) -> Option<u64> {
        self.alarm
    }

    /// Begins anew, after an alarm was looked at.
    pub const fn reset(&mut self) {
        self.statistics = [0.0; BETS.len()];
        self.n = 0;
        self.alarm = None;
    }
}

/// A quantile with bounds that hold at every look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantileBounds {
    /// The quantile of the values.
    pub value: f64,
    /// Its lower bound; `None` while the values do not bound it from below.
    pub low: Option<f64>,
    /// Its upper bound; `None` while the values do not bound it from above, as for a p95 of thirty.
    pub high: Option<f64>,
    /// The level of both together.
    pub level: Level,
    /// How many values.
    pub n: usize,
    /// How the bounds came about.
    pub method: Method,
}

/// A confidence sequence of a quantile, of latencies or costs, say.
///
/// Of independent values those at most the true quantile are passes at a rate of at least `share`, those below it at a rate of at most `share`:
/// what an e-process of a [`crate::sequential::Gate`] refutes at α/2 is no quantile (the idea of Howard and Ramdas 2022, "Sequential
/// estimation of quantiles", with the mixture of that gate). It holds for ties too.
///
/// `None` for no values, one that is not finite, or a share that is not between 0 and 1.
#[must_use]
pub fn quantile_sequence(values: &[f64], share: f64, level: Level) -> Option<QuantileBounds> {
    if !(share > 0.0 && share < 1.0) || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let limit = (2.0 / level.alpha()).ln();
    // How many values may be at most the quantile, at the least, and below it, at the most.
    let is_too_few = |count: usize| ln_e_above(1.0 - share, (n - count) as u64, count as u64) >= limit;
    let is_too_many = |count: usize| ln_e_above(share, count as u64, (n - count) as u64) >= limit;
    let counts: Vec<usize> = (0..=n).collect();
    let least = counts.partition_point(|count| is_too_few(*count));
    let above = counts.partition_point(|count| !is_too_many(*count));
    Some(QuantileBounds {
        value: quantile(&sorted, share)?,
        low: least.checked_sub(1).and_then(|at| sorted.get(at)).copied(),
        high: above.checked_sub(1).and_then(|at| sorted.get(at)).copied(),
        level,
        n,
        method: Method::QuantileSequence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: one error of probability 1 and one success of 1 % stand for 1 and 100 calls.
    #[test]
    fn a_weighted_sample_stands_for_all() {
        let call = |cluster, value, probability| Sampled { cluster, value, probability };
        let got = horvitz_thompson(&[call(0, 0.0, 1.0), call(1, 1.0, 0.01)], Level::P95).unwrap();
        assert!((got.population - 101.0).abs() < 1e-9 && (got.estimate.value - 100.0 / 101.0).abs() < 1e-12);
        assert!((got.effective_n - 101.0_f64.powi(2) / 10_001.0).abs() < 1e-9);
        let even: Vec<Sampled> = [1.0, 2.0, 3.0, 4.0].iter().enumerate().map(|(at, value)| call(at, *value, 0.25)).collect();
        let plain = crate::mean::mean(&crate::independent(&[1.0, 2.0, 3.0, 4.0]), Level::P95).unwrap();
        let got = horvitz_thompson(&even, Level::P95).unwrap();
        assert!((got.estimate.interval.unwrap().low - plain.interval.unwrap().low).abs() < 1e-9 && (got.effective_n - 4.0).abs() < 1e-9);
        for wrong in [0.0, -0.5, 1.5, f64::NAN] {
            assert_eq!(horvitz_thompson(&[call(0, 1.0, wrong)], Level::P95), None);
        }
        assert_eq!(horvitz_thompson(&[], Level::P95), None);
        assert_eq!(horvitz_thompson(&[call(0, f64::NAN, 1.0)], Level::P95), None);
        assert_eq!(horvitz_thompson(&[call(0, 1.0, 0.5)], Level::P95).unwrap().estimate.interval, None);
    }

    #[test]
    fn a_bet_is_a_likelihood_ratio() {
        // With a share s the rate after the change is p1 = p0(1 − s): L(1) = p1/p0, L(0) = (1−p1)/(1−p0).
        let mut detector = Detector::new(0.9, Change::Drop, 1e9).unwrap();
        detector.push(1.0);
        assert!((detector.statistics[5] - 0.2).abs() < 1e-12);
        detector.reset();
        detector.push(0.0);
        assert!((detector.statistics[5] - (1.0 - 0.9 * 0.2) / 0.1).abs() < 1e-9);
    }

    #[test]
    fn a_change_is_found_and_silence_is_no_change() {
        for (change, before, after) in [(Change::Drop, 1.0, 0.0), (Change::Rise, 0.0, 1.0)] {
            let mut detector = Detector::new(0.5, change, 1_000.0).unwrap();
            assert!((0..500).all(|_| !detector.push(before)) && !detector.push(f64::NAN));
            let late = (1..100).find(|_| detector.push(after)).unwrap();
            assert!(late < 16 && detector.alarm() == Some(500 + late) && detector.push(before), "{late}");
            detector.reset();
            assert!(detector.alarm().is_none() && !detector.push(before));
        }
        for (baseline, run_length) in [(0.0, 10.0), (1.0, 10.0), (f64::NAN, 10.0), (0.5, 0.5), (0.5, f64::INFINITY)] {
            assert_eq!(Detector::new(baseline, Change::Drop, run_length), None);
        }
    }

    #[test]
    fn quantiles_are_bounded_once_there_are_values_beyond() {
        let values: Vec<f64> = (0..2_000).map(|i| f64::from(i * 7919 % 2_000)).collect();
        let bounds = quantile_sequence(&values, 0.95, Level::P95).unwrap();
        let (low, high) = (bounds.low.unwrap(), bounds.high.unwrap());
        assert!(low < 1_899.0 && 1_900.0 < high && high - low < 90.0, "{bounds:?}");
        let few = quantile_sequence(&values[..30], 0.95, Level::P95).unwrap();
        assert!(few.high.is_none() && few.low.is_some(), "{few:?}");
        let same = quantile_sequence(&[3.0; 500], 0.5, Level::P95).unwrap();
        assert_eq!((same.low, same.high), (Some(3.0), Some(3.0)));
        assert_eq!(quantile_sequence(&[], 0.5, Level::P95), None);
        assert_eq!(quantile_sequence(&[1.0, f64::NAN], 0.5, Level::P95), None);
        assert_eq!(quantile_sequence(&[1.0], 1.0, Level::P95), None);
    }
}
