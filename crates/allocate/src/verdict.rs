//! What may be said of a figure or a difference.

use crate::{Estimate, Interval};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a comparison came to, where more is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// The whole interval is above zero, and not within the margin.
    Better,
    /// The whole interval is below zero, and not within the margin.
    Worse,
    /// The whole interval is within the margin on both sides of zero (two one-sided tests, Schuirmann 1987).
    NoRelevantDifference,
    /// The interval allows more than one answer.
    Undecided {
        /// How many cases more would decide, should the estimate stay as it is; `None` where it would never, or nothing is known.
        more_cases: Option<u64>,
    },
}

/// What a gate came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "decision")]
pub enum Decision {
    /// The whole interval is on the good side of the bar.
    Pass,
    /// The whole interval is on the bad side.
    Fail,
    /// The bar is within the interval.
    Undecided {
        /// As in [`Verdict::Undecided`].
        more_cases: Option<u64>,
    },
    /// Too much is missing for an answer: what there is is no evidence, neither good nor bad.
    Invalid,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Better => f.write_str("better"),
            Self::Worse => f.write_str("worse"),
            Self::NoRelevantDifference => f.write_str("no relevant difference"),
            Self::Undecided { more_cases } => undecided(f, *more_cases),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Fail => f.write_str("fail"),
            Self::Undecided { more_cases } => undecided(f, *more_cases),
            Self::Invalid => f.write_str("invalid"),
        }
    }
}

fn undecided(f: &mut fmt::Formatter<'_>, more_cases: Option<u64>) -> fmt::Result {
    match more_cases {
        Some(more) => write!(f, "undecided: about {more} more cases"),
        None => f.write_str("undecided"),
    }
}

/// The verdict on a difference (candidate less baseline) with its interval.
///
/// `margin` is the largest difference that does not matter, in the units of the score; a negative or unknown one counts as zero, and then
/// "no relevant difference" is never said. An interval within the margin is no relevant difference though it may exclude zero.
#[must_use]
pub fn verdict(difference: &Estimate, margin: f64) -> Verdict {
    let margin = if margin > 0.0 { margin } else { 0.0 };
    let Some(interval) = difference.interval else { return Verdict::Undecided { more_cases: None } };
    if -margin < interval.low && interval.high < margin {
        Verdict::NoRelevantDifference
    } else if interval.low > 0.0 {
        Verdict::Better
    } else if interval.high < 0.0 {
        Verdict::Worse
    } else {
        let sides = Sides::of(difference.value, interval);
        let apart = sides.until_excluded(difference.value, 0.0);
        let within = if difference.value.abs() < margin {
            sides.until_below(difference.value, margin).max(sides.until_above(difference.value, -margin))
        } else {
            f64::INFINITY
        };
        Verdict::Undecided { more_cases: more(difference.n, apart.min(within)) }
    }
}

/// Whether a figure is at least `bar`: the pass rate of a gate, say. At the bar passes.
#[must_use]
pub fn at_least(estimate: &Estimate, bar: f64) -> Decision {
    match estimate.interval {
        Some(interval) if interval.low >= bar => Decision::Pass,
        Some(interval) if interval.high < bar => Decision::Fail,
        Some(interval) => {
            let growth = Sides::of(estimate.value, interval).until_excluded(estimate.value, bar);
            Decision::Undecided { more_cases: more(estimate.n, growth) }
        }
        None => Decision::Undecided { more_cases: None },
    }
}

/// Non-inferiority: passes only if the whole interval of the difference is above −`margin`; that no difference was found is no pass. A
/// negative or unknown margin counts as zero.
#[must_use]
pub fn not_worse(difference: &Estimate, margin: f64) -> Decision {
    at_least(difference, if margin > 0.0 { -margin } else { 0.0 })
}

/// The distances from the estimate to the ends of its interval, which shrink as one over the root of the number of cases.
struct Sides {
    lower: f64,
    upper: f64,
}

impl Sides {
    fn of(value: f64, interval: Interval) -> Self {
        Self { lower: (value - interval.low).max(0.0), upper: (interval.high - value).max(0.0) }
    }

    /// How many times the cases must grow until the interval is all above `bound`, below the value.
    fn until_above(&self, value: f64, bound: f64) -> f64 {
        (self.lower / (value - bound)).powi(2)
    }

    /// The same for all below a bound above the value.
    fn until_below(&self, value: f64, bound: f64) -> f64 {
        (self.upper / (bound - value)).powi(2)
    }

    /// The same for the side of `bound` that the value is on.
    fn until_excluded(&self, value: f64, bound: f64) -> f64 {
        if value > bound { self.until_above(value, bound) } else { self.until_below(value, bound) }
    }
}

/// Cases above this are no plan.
const CASES_MAX: f64 = 1e12;

fn more(n: usize, growth: f64) -> Option<u64> {
    let needed = n as f64 * growth;
    (needed.is_finite() && needed < CASES_MAX).then(|| (needed.ceil() as u64).saturating_sub(n as u64).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Level, Method};

    fn estimate(low: f64, value: f64, high: f64) -> Estimate {
        Estimate { value, interval: Interval::new(low, high), level: Level::P95, n: 100, clusters: 100, method: Method::Tango }
    }

    #[test]
    fn four_answers() {
        let check = |low: f64, value: f64, high: f64, expected: Verdict| assert_eq!(verdict(&estimate(low, value, high), 0.02), expected, "[{low}, {high}]");
        check(0.01, 0.05, 0.09, Verdict::Better);
        check(-0.09, -0.05, -0.01, Verdict::Worse);
        check(-0.01, 0.0, 0.01, Verdict::NoRelevantDifference);
        check(0.005, 0.01, 0.015, Verdict::NoRelevantDifference);
        // Half the width at four times the cases excludes zero.
        check(-0.05, 0.05, 0.15, Verdict::Undecided { more_cases: Some(300) });
        check(-0.15, -0.05, 0.05, Verdict::Undecided { more_cases: Some(300) });
        // To be within ±2 points at ±4 takes four times the cases; zero itself is never excluded.
        check(-0.04, 0.0, 0.04, Verdict::Undecided { more_cases: Some(300) });
    }

    #[test]
    fn what_is_unknown_stays_undecided() {
        let unknown = Estimate { interval: None, ..estimate(0.0, 0.9, 1.0) };
        assert_eq!(verdict(&unknown, 0.02), Verdict::Undecided { more_cases: None });
        assert_eq!(at_least(&unknown, 0.5), Decision::Undecided { more_cases: None });
        assert_eq!(verdict(&estimate(-0.1, 0.0, 0.1), 0.0), Verdict::Undecided { more_cases: None });
        assert_eq!(verdict(&estimate(-0.1, 0.0, 0.1), f64::NAN), Verdict::Undecided { more_cases: None });
        assert_eq!(at_least(&estimate(0.5, 0.6, 0.7), f64::NAN), Decision::Undecided { more_cases: None });
    }

    #[test]
    fn no_difference_found_is_not_the_same_as_no_worse() {
        assert_eq!(not_worse(&estimate(-0.01, 0.0, 0.01), 0.02), Decision::Pass);
        assert_eq!(not_worse(&estimate(-0.08, 0.0, 0.08), 0.02), Decision::Undecided { more_cases: Some(1_500) });
        assert_eq!(not_worse(&estimate(-0.08, -0.05, -0.03), 0.02), Decision::Fail);
        assert_eq!(not_worse(&estimate(0.0, 0.0, 0.0), 0.0), Decision::Pass);
        assert_eq!(at_least(&estimate(0.92, 0.95, 0.97), 0.9), Decision::Pass);
        assert_eq!(at_least(&estimate(0.8, 0.85, 0.89), 0.9), Decision::Fail);
    }

    #[test]
    fn verdicts_are_written_for_people_and_programs() {
        let undecided = Verdict::Undecided { more_cases: Some(40) };
        assert_eq!(undecided.to_string(), "undecided: about 40 more cases");
        assert_eq!(serde_json::to_string(&undecided).unwrap(), r#"{"verdict":"undecided","more_cases":40}"#);
        assert_eq!(serde_json::to_string(&Verdict::NoRelevantDifference).unwrap(), r#"{"verdict":"no-relevant-difference"}"#);
        assert_eq!(serde_json::to_string(&Decision::Pass).unwrap(), r#"{"decision":"pass"}"#);
        assert_eq!(
            (serde_json::to_string(&Decision::Invalid).unwrap(), Decision::Invalid.to_string()),
            (r#"{"decision":"invalid"}"#.to_owned(), "invalid".to_owned())
        );
    }
}
