//! Gates: yes, no or undecided, as soon as it can be said without cheating.

use crate::totals::{Clusters, TargetTotals, Totals, Validity, by_case, observations, passed, rate};
use crate::{Outcome, Row};
use jeton_allocate::betting::MeanTest;
use jeton_allocate::paired::{Pair, difference};
use jeton_allocate::sequential::{Gate as RateGate, LaunchOrder};
use jeton_allocate::verdict::{Decision, at_least, not_worse};
use jeton_allocate::{Estimate, Level};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What a gate asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether the pass rate of a target is at least so high, from 0 to 1.
    AtLeast {
        /// The target.
        target: String,
        /// The bar.
        bar: f64,
    },
    /// Whether a target is not worse than a baseline by more than the margin, on the same cases.
    NotWorse {
        /// The baseline.
        baseline: String,
        /// The target.
        candidate: String,
        /// The largest loss that is allowed, from 0 to 1.
        margin: f64,
    },
}

/// The level of the product's gates: a wrong yes, and a wrong no, in at most one of twenty each.
pub const LEVEL: Level = Level::P95;

/// The level, on each side, of looking while a run goes on: half of the error probability goes to that, half to the look at the run's end, and
/// together they keep to it.
#[must_use]
pub fn looking(level: Level) -> Level {
    Level::new(1.0 - level.alpha() / 2.0).unwrap_or(level)
}

/// One cell as a gate sees it: launch, case, cluster, target.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Its place in the run's order.
    pub launch: u64,
    /// The case.
    pub case: String,
    /// The case's cluster.
    pub cluster: String,
    /// The case's weight.
    pub weight: f64,
    /// The target.
    pub target: String,
}

/// All cases of one cluster: they are one piece of evidence.
#[derive(Clone, Debug, Default)]
struct Group {
    waits_for: usize,
    /// The cases with their weights, in the order of the plan.
    cases: Vec<(String, f64)>,
    /// What came in: the case's place, whether of the side that is judged, passed or not or missing.
    rows: Vec<(usize, bool, Option<f64>)>,
}

impl Group {
    /// The place of a case, which is taken in where it is new.
    fn place(&mut self, slot: &Slot) -> usize {
        self.cases.iter().position(|(case, _)| *case == slot.case).unwrap_or_else(|| {
            self.cases.push((slot.case.clone(), slot.weight));
            self.cases.len() - 1
        })
    }

    fn weight(&self) -> f64 {
        self.cases.iter().map(|(_, weight)| weight).sum()
    }
}

/// A test in one of the two ways of reading what is missing.
#[derive(Clone, Debug)]
enum Test {
    Rate(RateGate),
    Mean(MeanTest),
}

impl Test {
    fn push(&mut self, value: f64) -> Option<bool> {
        match self {
            Self::Rate(test) => test.push(value > 0.5),
            Self::Mean(test) => test.push(value),
        }
    }
}

/// A decision under way. Rows may come in any order and are taken in by launch, so that quick answers get no favour; a cluster is taken in
/// once all its cells are there. A pass must hold with everything missing failed, a fail with everything missing passed.
///
/// What is tested is the rate that the report shows, Σwx / Σw. Clusters of one cell and of equal weight are passes and fails for
/// [`jeton_allocate::sequential::Gate`]. Others enter [`jeton_allocate::betting`] as u·x + (1−u)·m, with x the weighted mean of the cluster, m the mean that
/// is tested and u the cluster's weight as a share of the heaviest one's: a number in [0, 1] whose expectation is m exactly where
/// E[u·(x − m)] = 0, that is where the weighted rate is m.
#[derive(Clone, Debug)]
pub struct Stopping {
    question: Question,
    groups: Vec<Group>,
    /// By launch: the group, the case's place in it, and the side.
    group_of: HashMap<u64, (usize, usize, bool)>,
    /// The weight of the heaviest group.
    heaviest: f64,
    order: LaunchOrder<usize>,
    /// Everything missing failed; may only pass.
    strict: Option<Test>,
    /// Everything missing passed; may only fail.
    kind: Option<Test>,
    decided: Option<bool>,
    taken: usize,
}

impl Stopping {
    /// A gate over the cells of a plan, in launch order.
    #[must_use]
    pub fn new(question: Question, slots: &[Slot], level: Level) -> Self {
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let mut group_of = HashMap::new();
        for slot in slots.iter().filter(|slot| side(&question, &slot.target).is_some() && slot.weight > 0.0) {
            let place = *places.entry(&slot.cluster).or_insert_with(|| {
                groups.push(Group::default());
                groups.len() - 1
            });
            groups[place].waits_for += 1;
            group_of.insert(slot.launch, (place, groups[place].place(slot), side(&question, &slot.target) == Some(true)));
        }
        let heaviest = groups.iter().map(Group::weight).fold(0.0, f64::max);
        let is_plain = groups.iter().all(|group| group.waits_for == 1 && group.weight() >= heaviest);
        let test = || test(&question, is_plain, looking(level));
        Self { strict: test(), kind: test(), question: question.clone(), groups, group_of, heaviest, order: LaunchOrder::default(), decided: None, taken: 0 }
    }

    /// Takes a row in, and says what is decided: `Some(true)` yes, `Some(false)` no. A decision stays.
    pub fn push(&mut self, row: &Row) -> Option<bool> {
        let Some((place, case, is_candidate)) = self.group_of.remove(&row.launch) else { return self.decided };
        let group = &mut self.groups[place];
        group.rows.push((case, is_candidate, passed(row)));
        if group.rows.len() < group.waits_for {
            return self.decided;
        }
        for ready in self.order.finish(place as u64, place).unwrap_or_default() {
            self.take(ready);
        }
        self.decided
    }

    /// What is decided.
    #[must_use]
    pub const fn decided(&self) -> Option<bool> {
        self.decided
    }

    /// How many clusters were taken in.
    #[must_use]
    pub const fn taken(&self) -> usize {
        self.taken
    }

    fn take(&mut self, place: usize) {
        let group = &self.groups[place];
        let share = group.weight() / self.heaviest;
        let weighed = |kind| share * value(&self.question, group, kind) + (1.0 - share) * tested(&self.question);
        let (low, high) = (weighed(false), weighed(true));
        self.taken += 1;
        let passes = self.strict.as_mut().and_then(|test| test.push(low)) == Some(true);
        let fails = self.kind.as_mut().and_then(|test| test.push(high)) == Some(false);
        if self.decided.is_none() && (passes || fails) {
            self.decided = Some(passes);
        }
    }
}

/// Whether a target takes part: `true` the one that is judged, `false` the baseline.
fn side(question: &Question, target: &str) -> Option<bool> {
    match question {
        Question::AtLeast { target: judged, .. } => (judged == target).then_some(true),
        Question::NotWorse { candidate, .. } if candidate == target => Some(true),
        Question::NotWorse { baseline, .. } => (baseline == target).then_some(false),
    }
}

/// The mean of [`value`] that is tested.
fn tested(question: &Question) -> f64 {
    match question {
        Question::AtLeast { bar, .. } => *bar,
        Question::NotWorse { margin, .. } => (1.0 - margin.clamp(0.0, 1.0)) / 2.0,
    }
}

fn test(question: &Question, is_plain: bool, level: Level) -> Option<Test> {
    match question {
        Question::AtLeast { bar, .. } if is_plain => RateGate::new(*bar, level).map(Test::Rate),
        _ => MeanTest::new(tested(question), level, None).map(Test::Mean),
    }
}

/// The value of a cluster in [0, 1]: the weighted mean of its cases, repeats averaged; for a comparison half of one plus the difference. What
/// is missing counts for the candidate where `kind`, else against it.
fn value(question: &Question, group: &Group, kind: bool) -> f64 {
    let filled = |is_candidate: bool| move |passed: Option<f64>| passed.unwrap_or(if kind == is_candidate { 1.0 } else { 0.0 });
    let mean = |is_candidate: bool| {
        let mut repeats = vec![(0.0, 0.0); group.cases.len()];
        for (case, _, passed) in group.rows.iter().filter(|row| row.1 == is_candidate) {
            repeats[*case].0 += filled(is_candidate)(*passed);
            repeats[*case].1 += 1.0;
        }
        let judged = || group.cases.iter().zip(&repeats).filter(|(_, (_, n))| *n > 0.0);
        let whole: f64 = judged().map(|((_, weight), _)| weight).sum();
        if whole > 0.0 { judged().map(|((_, weight), (sum, n))| weight * (sum / n)).sum::<f64>() / whole } else { 0.0 }
    };
    match question {
        Question::AtLeast { .. } => mean(true),
        Question::NotWorse { .. } => (mean(true) - mean(false)).midpoint(1.0),
    }
}

/// What a gate came to at the end of a run: what a note of kind `gate` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateReport {
    /// What was asked.
    #[serde(flatten)]
    pub question: Question,
    /// The answer.
    #[serde(flatten)]
    pub decision: Decision,
    /// Whether it was decided before the end of the plan.
    pub stopped_early: bool,
    /// Clusters that the decision rests on.
    pub taken: usize,
    /// The rate or the difference with everything missing failed, and with everything missing passed.
    pub estimates: (Option<Estimate>, Option<Estimate>),
    /// The probability of a wrong yes, and of a wrong no, at most.
    pub alpha: f64,
}

impl GateReport {
    /// The answer as far as the rows are evidence: where too much of a target is missing it is invalid, whatever was decided.
    #[must_use]
    pub fn held_to<'t>(self, targets: impl IntoIterator<Item = &'t TargetTotals>) -> Self {
        let is_invalid = targets.into_iter().any(|target| matches!(target.validity, Validity::Invalid { .. }));
        if is_invalid { Self { decision: Decision::Invalid, ..self } } else { self }
    }

    /// The answer where a target is asked to be not worse than itself, which needs no case.
    #[must_use]
    pub const fn of_itself(question: Question, level: Level) -> Self {
        Self { question, decision: Decision::Pass, stopped_early: true, taken: 0, estimates: (None, None), alpha: level.alpha() }
    }
}

/// Totals of a run that its gate ended: what is missing is a share of all that was `planned`, for the rest was not asked for on purpose. Without
/// that, two errors that came early would spoil an answer that the whole run would give.
#[must_use]
pub fn over_plan(totals: Totals, rows: &[Row], planned: &[Slot], errors_max: f64) -> Totals {
    let heaviest = planned.iter().map(|slot| slot.weight).fold(0.0, f64::max);
    let over = |target: TargetTotals| {
        let of_plan: f64 = planned.iter().filter(|slot| slot.target == target.target).map(|slot| slot.weight / heaviest).sum();
        let missing = rows.iter().filter(|row| row.cell.target == target.target && passed(row).is_none());
        let share = missing.map(|row| row.weight / heaviest).sum::<f64>() / of_plan;
        let validity = match target.validity {
            Validity::Invalid { most, .. } if share > errors_max => Validity::Invalid { share, most },
            Validity::Invalid { .. } => Validity::Valid,
            as_it_is => as_it_is,
        };
        TargetTotals { validity, ..target }
    };
    Totals { targets: totals.targets.into_iter().map(over).collect() }
}

/// The answer of a gate: what was decided while the run went on, else by the interval at its end.
#[must_use]
pub fn report(stopping: &Stopping, rows: &[Row], is_whole: bool, level: Level) -> GateReport {
    let question = stopping.question.clone();
    // A one-sided error of half alpha is that of a two-sided interval at the level itself.
    let estimates = match &question {
        Question::AtLeast { target, .. } => (at(rows, target, false, level), at(rows, target, true, level)),
        Question::NotWorse { baseline, candidate, .. } => (apart(rows, baseline, candidate, false, level), apart(rows, baseline, candidate, true, level)),
    };
    let decision = match stopping.decided {
        Some(true) => Decision::Pass,
        Some(false) => Decision::Fail,
        None if is_whole => at_the_end(&question, &estimates),
        None => Decision::Undecided { more_cases: None },
    };
    GateReport { question, decision, stopped_early: stopping.decided.is_some() && !is_whole, taken: stopping.taken, estimates, alpha: level.alpha() }
}

fn at_the_end(question: &Question, (strict, kind): &(Option<Estimate>, Option<Estimate>)) -> Decision {
    let decide = |estimate: &Estimate| match question {
        Question::AtLeast { bar, .. } => at_least(estimate, *bar),
        Question::NotWorse { margin, .. } => not_worse(estimate, *margin),
    };
    match (strict.as_ref().map(decide), kind.as_ref().map(decide)) {
        (Some(Decision::Pass), _) => Decision::Pass,
        (_, Some(Decision::Fail)) => Decision::Fail,
        (Some(Decision::Undecided { more_cases }), _) => Decision::Undecided { more_cases },
        _ => Decision::Undecided { more_cases: None },
    }
}

/// The pass rate with everything missing read one way.
fn at(rows: &[Row], target: &str, kind: bool, level: Level) -> Option<Estimate> {
    let rows: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target).collect();
    rate(&observations(&rows, |row| Some(read(row, kind))), level)
}

fn apart(rows: &[Row], baseline: &str, candidate: &str, kind: bool, level: Level) -> Option<Estimate> {
    let of = |target: &str| rows.iter().filter(|row| row.cell.target == target).collect::<Vec<&Row>>();
    let (before, after) = (by_case(&of(baseline)), by_case(&of(candidate)));
    let mut clusters = Clusters::default();
    let mean = |rows: &[&Row], kind: bool| rows.iter().map(|row| read(row, kind)).sum::<f64>() / rows.len().max(1) as f64;
    let pairs: Vec<Pair> = after
        .iter()
        .filter_map(|(case, rows)| {
            let before = before.iter().find(|(name, _)| name == case)?;
            let first = rows.first()?;
            let (baseline, candidate) = (mean(&before.1, !kind), mean(rows, kind));
            Some(Pair { cluster: clusters.number(&first.cluster), baseline, candidate, weight: first.weight })
        })
        .collect();
    difference(&pairs, level)
}

fn read(row: &Row, kind: bool) -> f64 {
    match row.outcome {
        Outcome::Passed => 1.0,
        Outcome::Failed => 0.0,
        Outcome::Unscored | Outcome::Error => f64::from(kind),
    }
}
