//! What units of context are worth: each left out of the cases that it is in, against the same cases unchanged.
//!
//! A unit's lift is what it did: with it less without it, its room given to whatever the pack chooses next. Lifts are paired by case. A unit is
//! no longer tried once a test that holds at every look has decided; the others are judged at the end, as one family.

mod ablate;
mod live;
mod packages;
#[cfg(test)]
mod tests;

pub use ablate::{Ablation, ValueOptions};
pub use live::{LIVE_N_MIN, LiveCall, LiveDraw, LiveValue, live};

use crate::compare;
use jeton_allocate::betting::{MeanSequence, MeanTest};
use jeton_allocate::multiple::{holm, simultaneous};
use jeton_allocate::paired::{Pair, difference};
use jeton_allocate::verdict::{Decision, not_worse};
use jeton_allocate::{Estimate, Interval, Level};
use jeton_core::{Exact, Nanousd, Rate};
use serde::Serialize;

/// The kind of the note that keeps a report; its subject is the suite.
pub const VALUE: &str = "value";

/// What a unit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Answers are better with it.
    Improved,
    /// Answers are not worse with it than without, by more than the margin.
    NonInferior,
    /// Answers are worse with it.
    Regressed,
    /// What was seen does not say.
    Underpowered,
}

impl Effect {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::NonInferior => "non-inferior",
            Self::Regressed => "regressed",
            Self::Underpowered => "underpowered",
        }
    }
}

/// What a unit of context is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitValue {
    /// Its id.
    pub unit: String,
    /// The file that it stands in; none: the catalogue has it no more.
    pub package: Option<String>,
    /// Cases whose context it is in.
    pub cases: usize,
    /// Of those, cases that were judged with it and without.
    pub pairs: usize,
    /// What it did.
    pub effect: Effect,
    /// Pass rate with it less without it, on the cases that it is in.
    pub lift: Option<Estimate>,
    /// The p-value against "it does nothing", adjusted after Holm over all units; none: nothing was paired.
    pub p: Option<f64>,
    /// Which test decided or would have.
    pub test: &'static str,
    /// Whether it was decided before all of its cases were tried.
    pub is_early: bool,
    /// Cases that do better with it.
    pub helped: Vec<String>,
    /// Cases that do worse with it.
    pub harmed: Vec<String>,
    /// Its tokens where it is in, the mean over cases.
    pub tokens: f64,
    /// The share of all cases whose context it is in.
    pub share: f64,
    /// What its tokens cost per 30 days at the class's traffic; none: the traffic or the price is not known.
    pub per_month: Option<Nanousd>,
}

/// What a file's units are worth together, as Shapley shares them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PackageValue {
    /// The file.
    pub package: String,
    /// Its units.
    pub units: Vec<String>,
    /// Its share of the pass rate, over all cases.
    pub lift: Option<Estimate>,
}

/// What was found of packages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Packages {
    /// What all units do together less the sum of what each does alone; away from zero they interact.
    pub interaction: Option<Estimate>,
    /// The packages' shares; empty where units do not interact, or nothing was tried.
    pub values: Vec<PackageValue>,
    /// Why there are no shares.
    pub why: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ValueReport {
    /// The target whose pack was examined.
    pub target: String,
    /// The units, the greatest lift first; unknown ones last.
    pub units: Vec<UnitValue>,
    /// What their files are worth.
    pub packages: Packages,
    /// Cases of the target.
    pub cases: usize,
    /// Cases without context, each with why.
    pub without: Vec<(String, String)>,
    /// Calls that were made.
    pub calls: u64,
    /// Why it ended before its time.
    pub cut: Option<String>,
    /// The loss that does not matter.
    pub margin: f64,
}

/// What a class's traffic costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Calls of the class in the last 30 days; none: unknown.
    pub calls: Option<u64>,
    /// What an input token costs; none: unknown.
    pub input: Option<Rate>,
}

impl Traffic {
    /// What `tokens` in a share of all calls cost per 30 days.
    #[must_use]
    pub fn of_tokens(self, tokens: f64, share: f64) -> Option<Nanousd> {
        let sent = tokens * share * self.calls? as f64;
        // Far below 2^53, and never negative: tokens and calls are counts, the share is within [0, 1].
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let sent = sent.round() as u64;
        let mut exact = Exact::default();
        exact.add_tokens(sent, self.input?);
        Some(exact.round_half_even())
    }
}

/// The level at which each of `units` is tested at every look, and once more at the end: half of the family's error for each.
#[must_use]
pub(crate) fn half(level: Level) -> Level {
    Level::new(1.0 - level.alpha() / 2.0).unwrap_or(level)
}

/// Decides about one unit at every look.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    test: Option<MeanTest>,
    sequence: MeanSequence,
    decided: Option<bool>,
}

impl Look {
    /// One of `units`, of a family with this level.
    pub(crate) fn new(level: Level, units: usize) -> Self {
        let level = simultaneous(half(level), units);
        Self { test: MeanTest::new(0.5, level, None), sequence: MeanSequence::new(level, None), decided: None }
    }

    /// Takes the mean difference (with less without) of a cluster, within [-1, 1].
    pub(crate) fn push(&mut self, difference: f64) -> Option<bool> {
        let score = f64::midpoint(difference, 1.0);
        self.sequence.push(score);
        if let Some(test) = &mut self.test
            && self.decided.is_none()
        {
            self.decided = test.push(score);
        }
        self.decided
    }

    pub(crate) const fn decided(&self) -> Option<bool> {
        self.decided
    }

    /// The difference with bounds that hold at every look.
    pub(crate) fn estimate(&self) -> Option<Estimate> {
        let found = self.sequence.estimate()?;
        let back = |score: f64| 2.0 * score - 1.0;
        let interval = found.interval.and_then(|interval| Interval::new(back(interval.low), back(interval.high)));
        Some(Estimate { value: back(found.value), interval, ..found })
    }
}

/// What is known of a unit before the family is judged.
pub(crate) struct Tried {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) look: Look,
}

/// What was found of a unit.
pub(crate) struct Judged {
    pub(crate) effect: Effect,
    pub(crate) lift: Option<Estimate>,
    pub(crate) p: Option<f64>,
    pub(crate) test: &'static str,
}

/// Judges units as one family: those that were decided early by their test, the others by Holm's p-values and simultaneous intervals, at half
/// of the family's error each.
pub(crate) fn judge(tried: &[Tried], margin: f64, level: Level) -> Vec<Judged> {
    let level = half(level);
    let each = simultaneous(level, tried.len());
    let tests: Vec<(Option<f64>, &'static str)> = tried.iter().map(|unit| compare::test(&unit.pairs)).collect();
    let adjusted = holm(&tests.iter().map(|(p, _)| p.unwrap_or(f64::NAN)).collect::<Vec<_>>());
    let of = |((unit, (p, test)), adjusted): ((&Tried, (Option<f64>, &'static str)), f64)| {
        let p = p.map(|_| adjusted);
        if let Some(is_better) = unit.look.decided() {
            let effect = if is_better { Effect::Improved } else { Effect::Regressed };
            return Judged { effect, lift: unit.look.estimate(), p, test: "betting, at every look" };
        }
        let lift = difference(&unit.pairs, each);
        let effect = lift.as_ref().map_or(Effect::Underpowered, |lift| effect(lift, p, margin, level));
        Judged { effect, lift, p, test }
    };
    tried.iter().zip(tests).zip(adjusted).map(of).collect()
}

fn effect(lift: &Estimate, p: Option<f64>, margin: f64, level: Level) -> Effect {
    let is_shown = p.is_some_and(|p| p <= level.alpha());
    let (is_above, is_below) = lift.interval.map_or((false, false), |interval| (interval.low > 0.0, interval.high < 0.0));
    if is_above || is_shown && lift.value > 0.0 {
        Effect::Improved
    } else if is_below || is_shown && lift.value < 0.0 {
        Effect::Regressed
    } else if not_worse(lift, margin) == Decision::Pass {
        Effect::NonInferior
    } else {
        Effect::Underpowered
    }
}
