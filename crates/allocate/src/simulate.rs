//! How many cases a gate takes, by simulation.

use crate::Level;
use crate::sequential::{Gate, RateSequence};
use jeton_core::SeededRandom;
use serde::{Deserialize, Serialize};

/// What came of many runs of a [`Gate`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateSimulation {
    /// The true pass rate.
    pub truth: f64,
    /// The bar.
    pub bar: f64,
    /// Runs.
    pub replicates: u64,
    /// Cases of a run at most.
    pub horizon: u64,
    /// Runs that passed.
    pub passed: u64,
    /// Runs that failed.
    pub failed: u64,
    /// The mean number of cases of the decided runs; `None` where none was decided.
    pub mean_cases: Option<f64>,
    /// The standard error of that mean; `None` for fewer than two decided runs.
    pub se_cases: Option<f64>,
}

/// Runs a gate `replicates` times on independent cases that pass with probability `truth`. `None` unless `bar` can be a gate's.
#[must_use]
pub fn simulate_gate(truth: f64, bar: f64, level: Level, replicates: u64, horizon: u64, seed: u64) -> Option<GateSimulation> {
    let limits = limits(bar, level, horizon)?;
    let mut random = SeededRandom::new(seed);
    let (mut passed, mut failed, mut sum, mut squares) = (0_u64, 0_u64, 0.0, 0.0);
    for _ in 0..replicates {
        let mut counts = RateSequence::default();
        let decided = limits.iter().find_map(|limit| {
            counts.push(random.unit() < truth);
            limit.decided(counts)
        });
        if let Some(decision) = decided {
            let cases = (counts.passed + counts.failed) as f64;
            (sum, squares) = (sum + cases, squares + cases * cases);
            *if decision { &mut passed } else { &mut failed } += 1;
        }
    }
    let decided = (passed + failed) as f64;
    let mean_cases = (decided > 0.0).then(|| sum / decided);
    let se_cases = mean_cases.filter(|_| decided > 1.0).map(|mean| ((squares / decided - mean * mean).max(0.0) / (decided - 1.0)).sqrt());
    Some(GateSimulation { truth, bar, replicates, horizon, passed, failed, mean_cases, se_cases })
}

/// The counts that decide after some number of cases; the evidence only grows with passes.
struct Limit {
    passed_least: u64,
    failed_least: u64,
}

impl Limit {
    const fn decided(&self, counts: RateSequence) -> Option<bool> {
        if counts.passed >= self.passed_least {
            Some(true)
        } else if counts.failed >= self.failed_least {
            Some(false)
        } else {
            None
        }
    }
}

fn limits(bar: f64, level: Level, horizon: u64) -> Option<Vec<Limit>> {
    Gate::new(bar, level)?;
    let limit = -level.alpha().ln();
    let (mut passed_least, mut failed_least) = (0, 0);
    let of = |n: u64| {
        while passed_least <= n && Gate::with_counts(bar, level, passed_least, n - passed_least).ln_e_pass() < limit {
            passed_least += 1;
        }
        while failed_least <= n && Gate::with_counts(bar, level, n - failed_least, failed_least).ln_e_fail() < limit {
            failed_least += 1;
        }
        Limit { passed_least, failed_least }
    };
    Some((1..=horizon).map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact means at 95 % for a bar of 0.90, among runs that decide within 4,000 cases: 66.07 cases at 0.98, 107.44 at 0.80, 28.61 at 0.70
    /// and 429.88 at 0.85, from the chances of all counts, case by case (by another program in another language).
    #[test]
    fn cases_to_decide() {
        for (truth, expected) in [(0.98, 66.07), (0.80, 107.44), (0.70, 28.61), (0.85, 429.88)] {
            let got = simulate_gate(truth, 0.9, Level::P95, 10_000, 4_000, 11).unwrap();
            let (mean, error) = (got.mean_cases.unwrap(), got.se_cases.unwrap());
            assert!((mean - expected).abs() < 4.0 * error && error < 0.02 * expected, "{got:?}");
            let (right, wrong) = if truth > 0.9 { (got.passed, got.failed) } else { (got.failed, got.passed) };
            assert!(right >= 9_990 - wrong && wrong < 500, "{got:?}");
        }
    }

    #[test]
    fn at_the_bar_errors_are_bounded_and_most_runs_stay_open() {
        let got = simulate_gate(0.9, 0.9, Level::P95, 10_000, 2_000, 12).unwrap();
        assert!(got.passed <= 500 && got.failed <= 500 && got.passed + got.failed < 900, "{got:?}");
    }

    #[test]
    fn the_limits_are_the_gates() {
        let limits = limits(0.9, Level::P95, 300).unwrap();
        let mut random = SeededRandom::new(5);
        for truth in [0.98, 0.9, 0.7] {
            let mut gate = Gate::new(0.9, Level::P95).unwrap();
            let decided = limits.iter().find_map(|limit| {
                let now = gate.push(random.unit() < truth);
                assert_eq!(limit.decided(gate.counts()), now);
                now
            });
            assert_eq!(decided, gate.decided());
        }
        assert!(simulate_gate(0.5, 1.0, Level::P95, 1, 1, 0).is_none());
        assert_eq!(simulate_gate(0.9, 0.9, Level::P95, 10, 0, 0).unwrap().mean_cases, None);
    }
}
