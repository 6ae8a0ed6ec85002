//! Decisions that may be looked at after every case: gates and confidence sequences for passes and fails.
//!
//! They hold at every look at once (Ville 1939), on three conditions that the caller keeps: the order of the cases is random from a recorded
//! seed; results are taken in the order of launch ([`LaunchOrder`]), since slow answers are often the wrong ones; a case that timed out is a
//! result, not a gap. Cases that share a cluster are one unit: feed such clusters to [`crate::betting`] as their mean.

use crate::special::{ln_beta, ln_beta_cdf, root};
use crate::{Estimate, Interval, Level, Method};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Both parameters of the mixing distribution: Jeffreys' prior.
const PRIOR: f64 = 0.5;

/// ln of the mixture's likelihood: B(a+S, b+F) / B(a, b).
fn ln_mixture(passed: u64, failed: u64) -> f64 {
    ln_beta(PRIOR + passed as f64, PRIOR + failed as f64) - ln_beta(PRIOR, PRIOR)
}

/// ln of p^S (1−p)^F; zero counts take no logarithm of zero.
fn ln_likelihood(p: f64, passed: u64, failed: u64) -> f64 {
    let term = |count: u64, ln: f64| if count == 0 { 0.0 } else { count as f64 * ln };
    term(passed, p.ln()) + term(failed, (-p).ln_1p())
}

/// A confidence sequence of a pass rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSequence {
    /// Passes so far.
    pub passed: u64,
    /// Fails so far.
    pub failed: u64,
}

impl RateSequence {
    /// Takes the next result.
    pub const fn push(&mut self, passed: bool) {
        if passed {
            self.passed = self.passed.saturating_add(1);
        } else {
            self.failed = self.failed.saturating_add(1);
        }
    }

    /// The logarithm of the evidence that the rate is not `rate`: B(a+S, b+F) / (B(a,b)·p^S·(1−p)^F). The rates for which it is below ln(1/α)
    /// are the confidence sequence.
    #[must_use]
    pub fn ln_e_against(&self, rate: f64) -> f64 {
        ln_mixture(self.passed, self.failed) - ln_likelihood(rate, self.passed, self.failed)
    }

    /// The rates p with B(a+S, b+F) / (B(a,b)·p^S·(1−p)^F) < 1/α, a = b = ½ (Robbins 1970's mixture; Ville's inequality): the chance that
    /// it ever excludes the truth is at most α. `None` before the first result.
    #[must_use]
    pub fn estimate(&self, level: Level) -> Option<Estimate> {
        let n = self.passed.checked_add(self.failed).filter(|n| *n > 0)?;
        let value = self.passed as f64 / n as f64;
        // Below zero where the data are too unlikely under p.
        let mixture = ln_mixture(self.passed, self.failed);
        let kept = |p: f64| ln_likelihood(p, self.passed, self.failed) - mixture - level.alpha().ln();
        let low = if self.passed == 0 { 0.0 } else { root(0.0, value, |p| -kept(p)) };
        let high = if self.failed == 0 { 1.0 } else { root(value, 1.0, kept) };
        let (n, interval) = (n as usize, Interval::new(low, high));
        Some(Estimate { value, interval, level, n, clusters: n, method: Method::BetaBinomialSequence })
    }
}

/// Whether a pass rate is at least a bar, decided as soon as the results allow.
///
/// Pass: the mixture over rates above the bar against the bar itself,
/// E = B(a+S, b+F)·(1−I(a+S, b+F)) / (B(a,b)·(1−I(a,b))·p0^S·(1−p0)^F) ≥ 1/α, where I is the regularised beta function at p0; it is an
/// e-process for p ≤ p0 (Ramdas, Grünwald, Vovk and Shafer 2023, "Game-theoretic statistics and safe anytime-valid inference"). Fail: its
/// mirror for p ≥ p0. The chance ever to pass below the bar, or ever to fail at or above it, is at most α each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    bar: f64,
    alpha: f64,
    counts: RateSequence,
    settled: Option<bool>,
}

impl Gate {
    /// A gate at `bar` with error probability 1 − `level`; `None` unless 0 < `bar` < 1.
    #[must_use]
    pub fn new(bar: f64, level: Level) -> Option<Self> {
        (bar > 0.0 && bar < 1.0).then(|| Self { bar, alpha: level.alpha(), counts: RateSequence::default(), settled: None })
    }

    /// A gate whose evidence stands at these counts, undecided.
    pub(crate) fn with_counts(bar: f64, level: Level, passed: u64, failed: u64) -> Self {
        Self { bar, alpha: level.alpha(), counts: RateSequence { passed, failed }, settled: None }
    }

    /// Takes the next result, and says what is decided. A decision stays.
    pub fn push(&mut self, passed: bool) -> Option<bool> {
        self.counts.push(passed);
        if self.settled.is_none() {
            let limit = -self.alpha.ln();
            self.settled = if self.ln_e_pass() >= limit {
                Some(true)
            } else if self.ln_e_fail() >= limit {
                Some(false)
            } else {
                None
            };
        }
        self.settled
    }

    /// `Some(true)` once it is shown that the rate is above the bar, `Some(false)` that it is below.
    #[must_use]
    pub const fn decided(&self) -> Option<bool> {
        self.settled
    }

    /// The results so far.
    #[must_use]
    pub const fn counts(&self) -> RateSequence {
        self.counts
    }

    /// The logarithm of the evidence against "at most the bar".
    #[must_use]
    pub fn ln_e_pass(&self) -> f64 {
        ln_e_above(self.bar, self.counts.passed, self.counts.failed)
    }

    /// The logarithm of the evidence against "at least the bar".
    #[must_use]
    pub fn ln_e_fail(&self) -> f64 {
        ln_e_above(1.0 - self.bar, self.counts.failed, self.counts.passed)
    }
}

pub(crate) fn ln_e_above(bar: f64, passed: u64, failed: u64) -> f64 {
    // 1 − I(a, b) at p0 is I(b, a) at 1 − p0, without cancellation.
    let ln_above = |passed: u64, failed: u64| ln_beta_cdf(1.0 - bar, PRIOR + failed as f64, PRIOR + passed as f64);
    ln_mixture(passed, failed) + ln_above(passed, failed) - ln_above(0, 0) - ln_likelihood(bar, passed, failed)
}

/// Whether one run is better or worse than another on the same cases, decided as soon as the discordant pairs allow: they enter a [`Gate`] at
/// one half. The chance ever to find a difference where there is none is at most α in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedGate {
    gate: Gate,
    n: u64,
}

impl PairedGate {
    /// A gate with error probability 1 − `level` in each direction.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self { gate: Gate { bar: 0.5, alpha: level.alpha(), counts: RateSequence::default(), settled: None }, n: 0 }
    }

    /// Takes the next pair: `Some(true)` once the candidate is shown to be better, `Some(false)` once worse.
    pub fn push(&mut self, baseline_passed: bool, candidate_passed: bool) -> Option<bool> {
        self.n += 1;
        if baseline_passed == candidate_passed { self.gate.decided() } else { self.gate.push(candidate_passed) }
    }

    /// What is decided.
    #[must_use]
    pub const fn decided(&self) -> Option<bool> {
        self.gate.decided()
    }

    /// Pairs so far, and the discordant ones: passes are fixed, fails are broken.
    #[must_use]
    pub const fn counts(&self) -> (u64, RateSequence) {
        (self.n, self.gate.counts())
    }
}

/// Hands on results in the order of launch, whatever the order of completion.
///
/// Taking results as they come is biased towards fast ones: where wrong answers take three times as long, fifty in flight make a true 0.80
/// look like 0.945 to a rule that stops early. A result waits until all launched before it are there.
#[derive(Clone, Debug)]
pub struct LaunchOrder<T> {
    next: u64,
    waiting: BTreeMap<u64, T>,
}

impl<T> Default for LaunchOrder<T> {
    fn default() -> Self {
        Self { next: 0, waiting: BTreeMap::new() }
    }
}

/// A launch was said to have finished twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedTwice(pub u64);

impl std::fmt::Display for FinishedTwice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "launch {} has a result already; the later one was not counted", self.0)
    }
}

impl std::error::Error for FinishedTwice {}

impl<T> LaunchOrder<T> {
    /// Takes the result of the launch with this index (from 0, without gaps) and gives all that may be used now, in order.
    ///
    /// # Errors
    /// Where that launch has a result already.
    pub fn finish(&mut self, launch: u64, result: T) -> Result<Vec<T>, FinishedTwice> {
        if launch < self.next || self.waiting.contains_key(&launch) {
            return Err(FinishedTwice(launch));
        }
        self.waiting.insert(launch, result);
        let mut released = Vec::new();
        while let Some(result) = self.waiting.remove(&self.next) {
            released.push(result);
            self.next += 1;
        }
        Ok(released)
    }

    /// How many were handed on: the longest finished prefix.
    #[must_use]
    pub const fn released(&self) -> u64 {
        self.next
    }

    /// How many have finished but wait for an earlier one.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// For n passes in a row the mixture is Γ-ratios: B(n+½, ½)/π; the sequence's lower end is (α·that)^(1/n).
    #[test]
    fn a_row_of_passes_has_a_closed_form() {
        let mut sequence = RateSequence::default();
        assert_eq!(sequence.estimate(Level::P95), None);
        let mut mixture = 1.0;
        for n in 1..=40_i32 {
            sequence.push(true);
            mixture *= (f64::from(n) - 0.5) / f64::from(n);
            let interval = sequence.estimate(Level::P95).unwrap().interval.unwrap();
            assert!((interval.low - (0.05 * mixture).powf(1.0 / f64::from(n))).abs() < 1e-9 && interval.high >= 1.0);
            assert!((sequence.ln_e_against(interval.low) - 20.0_f64.ln()).abs() < 1e-6);
        }
    }

    /// The half width is 1.6 times that of Wilson's interval at 50 cases and 1.9 times at 2,000.
    #[test]
    fn looking_always_costs_width() {
        for (n, ratio) in [(50, 1.6), (2_000, 1.9)] {
            let sequence = RateSequence { passed: n * 8 / 10, failed: n * 2 / 10 };
            let width = sequence.estimate(Level::P95).unwrap().interval.unwrap().width();
            let fixed = crate::proportion::wilson(sequence.passed as f64, n as f64, Level::P95).unwrap().width();
            assert!((width / fixed - ratio).abs() < 0.1, "{n}: {}", width / fixed);
        }
    }

    /// E is the ratio of two integrals over (p0, 1), here by the midpoint rule in p = 1 − u², which takes away the singularity.
    #[test]
    fn the_evidence_is_a_ratio_of_integrals() {
        for (bar, passed, failed) in [(0.9, 30, 1), (0.9, 10, 5), (0.5, 3, 2), (0.3, 0, 4)] {
            let integral = |passed: i32, failed: i32| {
                let (steps, top) = (200_000, (1.0_f64 - bar).sqrt());
                let at = |i: i32| {
                    let u = top * (f64::from(i) + 0.5) / f64::from(steps);
                    let p = 1.0 - u * u;
                    2.0 * p.powf(f64::from(passed) - 0.5) * u.powi(2 * failed)
                };
                (0..steps).map(at).sum::<f64>() * top / f64::from(steps)
            };
            let expected = integral(passed, failed) / integral(0, 0) / (bar.powi(passed) * (1.0 - bar).powi(failed));
            let got = ln_e_above(bar, passed as u64, failed as u64).exp();
            assert!((got / expected - 1.0).abs() < 1e-6, "{got} is not {expected}");
        }
    }

    #[test]
    fn a_gate_decides_and_stays() {
        let mut gate = Gate::new(0.9, Level::P95).unwrap();
        let cases = (1..=1_000).find(|_| gate.push(true) == Some(true)).unwrap();
        assert!((30..60).contains(&cases), "{cases}");
        assert!((0..100).all(|_| gate.push(false) == Some(true)));
        let mut gate = Gate::new(0.9, Level::P95).unwrap();
        assert!((1..=10).any(|_| gate.push(false) == Some(false)));
        for bar in [0.0, 1.0, f64::NAN, -1.0] {
            assert_eq!(Gate::new(bar, Level::P95), None);
        }
    }

    #[test]
    fn only_discordant_pairs_speak() {
        let mut gate = PairedGate::new(Level::P95);
        assert!((0..500).all(|i| gate.push(i % 2 == 0, i % 2 == 0).is_none()));
        let broken = (1..=20).find(|_| gate.push(true, false) == Some(false)).unwrap();
        assert_eq!(gate.counts(), (500 + broken, RateSequence { passed: 0, failed: broken }));
        assert!(broken <= 9, "{broken}");
    }

    proptest! {
        /// Whatever the order of completion, what comes out is the order of launch, and never past a gap.
        #[test]
        fn results_come_out_as_launched(order in Just((0_u64..40).collect::<Vec<_>>()).prop_shuffle()) {
            let mut buffer = LaunchOrder::default();
            let mut out = Vec::new();
            for (done, launch) in order.iter().enumerate() {
                out.extend(buffer.finish(*launch, *launch).unwrap());
                let prefix = (0..).take_while(|i| order[..=done].contains(i)).count();
                prop_assert_eq!(out.len(), prefix);
                prop_assert_eq!(buffer.waiting(), done + 1 - prefix);
                prop_assert_eq!(buffer.finish(*launch, 0), Err(FinishedTwice(*launch)));
            }
            prop_assert_eq!(out, (0_u64..40).collect::<Vec<_>>());
        }
    }
}
