//! The words that every statistic is said in.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A confidence level, between 0 and 1, both excluded.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Level(f64);

impl Level {
    /// 95 %.
    pub const P95: Self = Self(0.95);

    /// `None` unless 0 < `level` < 1.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.0 && level < 1.0).then_some(Self(level))
    }

    /// The level as a share, such as 0.95.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The probability of error that is left: 1 − level.
    #[must_use]
    pub const fn alpha(self) -> f64 {
        1.0 - self.0
    }
}

impl TryFrom<f64> for Level {
    type Error = &'static str;

    fn try_from(level: f64) -> Result<Self, Self::Error> {
        Self::new(level).ok_or("a confidence level is between 0 and 1, both excluded; 0.95 is usual")
    }
}

impl From<Level> for f64 {
    fn from(level: Level) -> Self {
        level.0
    }
}

/// A closed interval of finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// `None` unless both ends are finite and `low` ≤ `high`.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Option<Self> {
        (low.is_finite() && high.is_finite() && low <= high).then_some(Self { low, high })
    }

    /// Whether the value is not outside.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// The distance of the ends.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    /// What of it lies in `[low, high]`; ends outside move to the bound.
    pub(crate) fn within(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }
}

/// How an interval came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Mean with a cluster-robust standard error and Student's t.
    ClusteredMean,
    /// Wilson's score interval.
    Wilson,
    /// Wilson's score interval with an effective number of cases and Student's t.
    ClusteredWilson,
    /// The exact binomial interval of Clopper and Pearson.
    ClopperPearson,
    /// Quantiles of the posterior under Jeffreys' prior.
    Jeffreys,
    /// Bias-corrected, accelerated bootstrap over clusters.
    BootstrapBca,
    /// Tango's score interval of a paired difference.
    Tango,
    /// Tango's score interval with an effective number of pairs and Student's t.
    ClusteredTango,
    /// Newcombe's tenth method for a paired difference.
    Newcombe,
    /// Bounds of what missing results could be.
    Identification,
    /// A confidence sequence of the beta-binomial mixture; valid at every look.
    BetaBinomialSequence,
    /// A confidence sequence by hedged betting; valid at every look.
    BettingSequence,
    /// An asymptotic confidence sequence; valid at every look, for many cases.
    AsymptoticSequence,
    /// A confidence sequence of a quantile; valid at every look.
    QuantileSequence,
    /// Labels of people, without a judge.
    LabelsOnly,
    /// Prediction-powered inference.
    Ppi,
    /// Prediction-powered inference with a cross-fitted weight of the judge.
    PpiPlusPlus,
    /// A judged rate corrected by sensitivity and specificity.
    RoganGladen,
    /// Values weighted by one over their probability of being sampled.
    HorvitzThompson,
    /// Sampled permutations with Student's t.
    PermutationSampling,
    /// All coalitions counted out; no sampling error.
    Exact,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClusteredMean => "mean, clustered standard error, t",
            Self::Wilson => "Wilson",
            Self::ClusteredWilson => "Wilson, effective n, t",
            Self::ClopperPearson => "Clopper–Pearson",
            Self::Jeffreys => "Jeffreys",
            Self::BootstrapBca => "BCa bootstrap over clusters",
            Self::Tango => "Tango",
            Self::ClusteredTango => "Tango, effective n, t",
            Self::Newcombe => "Newcombe 10",
            Self::Identification => "identification bounds",
            Self::BetaBinomialSequence => "beta-binomial confidence sequence",
            Self::BettingSequence => "betting confidence sequence",
            Self::AsymptoticSequence => "asymptotic confidence sequence",
            Self::QuantileSequence => "quantile confidence sequence",
            Self::LabelsOnly => "human labels only",
            Self::Ppi => "PPI",
            Self::PpiPlusPlus => "PPI++, cross-fitted",
            Self::RoganGladen => "Rogan–Gladen",
            Self::HorvitzThompson => "Horvitz–Thompson",
            Self::PermutationSampling => "sampled permutations",
            Self::Exact => "exact",
        })
    }
}

/// A figure with what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The point estimate, in the units of the data.
    pub value: f64,
    /// The interval at `level`; `None` where the data cannot give one (one cluster, or no spread to go by). Unknown, never zero wide.
    pub interval: Option<Interval>,
    /// The level of the interval.
    pub level: Level,
    /// Cases that it rests on.
    pub n: usize,
    /// Independent groups among them; equal to `n` where no two cases share a source.
    pub clusters: usize,
    /// How the interval came about.
    pub method: Method,
}

/// One value of one case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The source that cases share (document, repository, template, conversation), by any number; a case of its own has one of its own.
    pub cluster: usize,
    /// The score, in the units of the measure; 1 and 0 for pass and fail.
    pub value: f64,
    /// How much it counts beside others, from 0 on; 1 is usual. Only ratios matter: weights that are all equal change nothing, and a case of
    /// weight 0 is as if it were not there. A weight that is negative or not finite makes a figure unknown.
    #[serde(default = "usual")]
    pub weight: f64,
}

/// The weight of what names none.
pub(crate) const fn usual() -> f64 {
    1.0
}

/// One case with the scores of its repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// See [`Observation::cluster`].
    pub cluster: usize,
    /// One score for each repeat.
    pub scores: Vec<f64>,
}

impl Case {
    /// The mean over the repeats; `None` without any.
    #[must_use]
    pub fn observation(&self) -> Option<Observation> {
        let n = self.scores.len();
        (n > 0).then(|| Observation { cluster: self.cluster, value: self.scores.iter().sum::<f64>() / n as f64, weight: 1.0 })
    }
}

/// Cases as one value each: repeats are averaged within their case first, since they say little about other cases. Cases without a score
/// are left out; count them with [`crate::bounds`].
#[must_use]
pub fn average_repeats(cases: &[Case]) -> Vec<Observation> {
    cases.iter().filter_map(Case::observation).collect()
}

/// Values as observations that share nothing.
#[must_use]
pub fn independent(values: &[f64]) -> Vec<Observation> {
    values.iter().enumerate().map(|(cluster, &value)| Observation { cluster, value, weight: 1.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_intervals_that_mean_nothing_are_refused() {
        for level in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Level::new(level), None);
        }
        assert!(serde_json::from_str::<Level>("95").is_err_and(|e| e.to_string().contains("0.95")));
        assert_eq!(Interval::new(1.0, 0.0), None);
        assert_eq!(Interval::new(f64::NAN, 0.0), None);
        assert_eq!(Interval::new(0.0, f64::INFINITY), None);
    }

    #[test]
    fn an_estimate_is_written_and_read() {
        let estimate = Estimate { value: 0.5, interval: None, level: Level::P95, n: 1, clusters: 1, method: Method::ClopperPearson };
        let text = serde_json::to_string(&estimate).unwrap();
        assert_eq!(text, r#"{"value":0.5,"interval":null,"level":0.95,"n":1,"clusters":1,"method":"clopper-pearson"}"#);
        assert_eq!(serde_json::from_str::<Estimate>(&text).unwrap(), estimate);
    }
}
