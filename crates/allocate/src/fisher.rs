//! Fisher's exact test of two groups of passes and fails.

use crate::special::ln_choose;
use serde::{Deserialize, Serialize};

/// Passes of two arms, such as an experiment and its control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arms {
    /// Passes of the arm that is examined.
    pub arm_passed: u64,
    /// Results of that arm.
    pub arm_n: u64,
    /// Passes of the control.
    pub control_passed: u64,
    /// Results of the control.
    pub control_n: u64,
}

/// p-values of [`fisher`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fisher {
    /// Against "the arm passes no more often than the control".
    pub greater: f64,
    /// Against "the arm passes no less often than the control".
    pub less: f64,
    /// Against "both pass equally often": the sum over all tables no more likely than this one.
    pub two_sided: f64,
}

/// The exact conditional test (Fisher 1935; two-sided after Freeman and Halton 1951). `None` where an arm is empty or passed more than it ran.
#[must_use]
pub fn fisher(arms: Arms) -> Option<Fisher> {
    let Arms { arm_passed, arm_n, control_passed, control_n } = arms;
    if arm_n == 0 || control_n == 0 || arm_passed > arm_n || control_passed > control_n {
        return None;
    }
    let n = arm_n.checked_add(control_n)?;
    let passed = arm_passed + control_passed;
    let ln_all = ln_choose(n, passed);
    let probability = |k: u64| (ln_choose(arm_n, k) + ln_choose(control_n, passed - k) - ln_all).exp();
    let (least, most) = (passed.saturating_sub(control_n), passed.min(arm_n));
    // Tables as likely as this one must not be lost to rounding.
    let here = probability(arm_passed) * (1.0 + 1e-9);
    let sum = |tables: &mut dyn Iterator<Item = f64>| tables.sum::<f64>().min(1.0);
    Some(Fisher {
        greater: sum(&mut (arm_passed..=most).map(probability)),
        less: sum(&mut (least..=arm_passed).map(probability)),
        two_sided: sum(&mut (least..=most).map(probability).filter(|p| *p <= here)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arm: (u64, u64), control: (u64, u64), greater: f64, two_sided: f64) {
        let got = fisher(Arms { arm_passed: arm.0, arm_n: arm.1, control_passed: control.0, control_n: control.1 }).unwrap();
        assert!((got.greater - greater).abs() < 1e-9 && (got.two_sided - two_sided).abs() < 1e-9, "{got:?}");
    }

    /// 1/C(2k, k) for k of k against none of k; Fisher's lady tasting tea (1935) with three of four right: 17/70 and 34/70.
    #[test]
    fn tables_by_hand() {
        check((3, 3), (0, 3), 1.0 / 20.0, 2.0 / 20.0);
        check((4, 4), (0, 4), 1.0 / 70.0, 2.0 / 70.0);
        check((5, 5), (0, 5), 1.0 / 252.0, 2.0 / 252.0);
        check((3, 4), (1, 4), 17.0 / 70.0, 34.0 / 70.0);
        check((2, 4), (2, 4), 53.0 / 70.0, 1.0);
        check((4, 4), (4, 4), 1.0, 1.0);
    }

    #[test]
    fn both_tails_share_the_table_itself() {
        let got = fisher(Arms { arm_passed: 9, arm_n: 52, control_passed: 4, control_n: 48 }).unwrap();
        let here = (ln_choose(52, 9) + ln_choose(48, 4) - ln_choose(100, 13)).exp();
        assert!((got.greater + got.less - 1.0 - here).abs() < 1e-9);
    }

    #[test]
    fn tables_that_cannot_be_are_refused() {
        for (arm_passed, arm_n, control_passed, control_n) in [(0, 0, 1, 2), (1, 2, 0, 0), (3, 2, 0, 2), (0, u64::MAX, 0, 1)] {
            assert_eq!(fisher(Arms { arm_passed, arm_n, control_passed, control_n }), None);
        }
    }
}
