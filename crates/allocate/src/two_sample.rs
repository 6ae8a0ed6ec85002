//! Whether an arm passes more often than its control, decided after any number of repeats.

use serde::{Deserialize, Serialize};

/// Pseudo-counts of passes and fails of each arm before the first result. Any positive number is valid; 0.18, the one in the examples of the
/// authors' package safestats, grows fast where arms differ much, as causes do: four of four against none of four are 37 to 1 by it, and
/// 19 to 1 by one half.
const PRIOR: f64 = 0.18;

/// Passes and results of one arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Results that passed.
    pub passed: u64,
    /// All results.
    pub n: u64,
}

impl Arm {
    /// The rate to bet on next.
    fn predicted(self) -> f64 {
        (self.passed as f64 + PRIOR) / (self.n as f64 + 2.0 * PRIOR)
    }
}

/// Evidence that an arm passes more often than its control (Turner, Ly and Grünwald 2024, "Generic E-variables for exact sequential k-sample
/// tests that allow for optional stopping").
///
/// Each block multiplies the evidence by Π θ_arm(y)/θ°(y) · Π θ_control(y)/θ°(y): the rates are predicted from the blocks before, θ° is their
/// mean weighted by the sizes in the block, and where the arm is predicted to be no better both are θ° and the factor is 1. If the arm passes
/// no more often than the control, the chance that the evidence ever reaches 1/α is at most α.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TwoSample {
    arm: Arm,
    control: Arm,
    ln_e: f64,
    ln_e_most: f64,
}

impl Default for TwoSample {
    fn default() -> Self {
        Self { arm: Arm::default(), control: Arm::default(), ln_e: 0.0, ln_e_most: 0.0 }
    }
}

impl TwoSample {
    /// Takes a block: results of both arms, whose numbers were chosen before they were seen. Blocks that lack an arm, or with more passes than
    /// results, change nothing; say so by the answer `false`.
    pub fn push(&mut self, arm: Arm, control: Arm) -> bool {
        if arm.n == 0 || control.n == 0 || arm.passed > arm.n || control.passed > control.n {
            return false;
        }
        let (better, worse) = (self.arm.predicted(), self.control.predicted());
        if better > worse {
            let (size, control_size) = (arm.n as f64, control.n as f64);
            let pooled = (size * better + control_size * worse) / (size + control_size);
            let factor = |rate: f64, arm: Arm| arm.passed as f64 * (rate / pooled).ln() + (arm.n - arm.passed) as f64 * ((1.0 - rate) / (1.0 - pooled)).ln();
            self.ln_e += factor(better, arm) + factor(worse, control);
            self.ln_e_most = self.ln_e_most.max(self.ln_e);
        }
        for (sum, block) in [(&mut self.arm, arm), (&mut self.control, control)] {
            sum.passed += block.passed;
            sum.n += block.n;
        }
        true
    }

    /// The evidence now: an e-value, which may be multiplied with others of independent data and averaged with any.
    #[must_use]
    pub fn e_value(&self) -> f64 {
        self.ln_e.exp()
    }

    /// A p-value that holds at every look: one over the greatest evidence so far.
    #[must_use]
    pub fn p_value(&self) -> f64 {
        (-self.ln_e_most).exp()
    }

    /// The results so far, arm and control.
    #[must_use]
    pub const fn arms(&self) -> (Arm, Arm) {
        (self.arm, self.control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::SeededRandom;

    const YES: Arm = Arm { passed: 1, n: 1 };
    const NO: Arm = Arm { passed: 0, n: 1 };

    /// By hand: after one pass against one fail the rates are 1.18/1.36 and 0.18/1.36, so the next like it multiplies by (1.18/0.68)².
    #[test]
    fn a_clear_cause_takes_four_and_four() {
        let mut test = TwoSample::default();
        let mut expected = 1.0;
        for k in 0..4 {
            expected *= (2.0 * (f64::from(k) + 0.18) / (f64::from(k) + 0.36)).powi(2);
            assert!(test.push(YES, NO));
            assert!((test.e_value() / expected - 1.0).abs() < 1e-9, "{}", test.e_value());
        }
        assert!(test.p_value() < 0.05 && test.p_value() > 0.02, "{}", test.p_value());
    }

    #[test]
    fn an_arm_that_is_worse_is_no_evidence() {
        let mut test = TwoSample::default();
        for _ in 0..50 {
            test.push(NO, YES);
        }
        assert!((test.e_value() - 1.0).abs() < 1e-12);
        for (arm, control) in [(Arm::default(), YES), (YES, Arm::default()), (Arm { passed: 2, n: 1 }, YES)] {
            assert!(!test.push(arm, control));
        }
        assert_eq!(test.arms(), (Arm { passed: 0, n: 50 }, Arm { passed: 50, n: 50 }));
    }

    /// Over every pair of equal rates and every next block the expected factor is at most 1.
    #[test]
    fn no_factor_is_expected_to_grow_without_a_difference() {
        let mut random = SeededRandom::new(3);
        let mut test = TwoSample::default();
        for _ in 0..200 {
            let block = |random: &mut SeededRandom, n: u64| Arm { passed: random.below(n + 1), n };
            let (arm, control) = (block(&mut random, 3), block(&mut random, 2));
            test.push(arm, control);
            for rate in [0.01, 0.3, 0.5, 0.9] {
                let mut expected = 0.0;
                for outcome in 0..4_u32 {
                    let (a, b) = (u64::from(outcome & 1), u64::from(outcome >> 1));
                    let mut next = test;
                    next.push(Arm { passed: a, n: 1 }, Arm { passed: b, n: 1 });
                    let chance = |y: u64| if y == 1 { rate } else { 1.0 - rate };
                    expected += chance(a) * chance(b) * (next.ln_e - test.ln_e).exp();
                }
                assert!(expected <= 1.0 + 1e-12, "{expected}");
            }
        }
    }
}
