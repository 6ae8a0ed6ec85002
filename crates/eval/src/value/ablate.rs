//! The experiment: rounds over the units that are undecided, one cluster of cases each.

use super::packages::packages;
use super::{Look, Traffic, Tried, UnitValue, ValueReport, judge};
use crate::cell::{CellRunner, Treatment};
use crate::environment::Change;
use crate::run::{Choice, Planned, plan};
use crate::totals::Clusters;
use crate::{FaultClass, Row};
use futures_util::stream::{self, StreamExt};
use jeton_allocate::Level;
use jeton_allocate::paired::Pair;
use jeton_context::catalogue::matches_pattern;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Faults one after the other after which nothing more is asked.
const FAULTS_IN_A_ROW: usize = 25;

/// How much is tried.
#[derive(Clone, Debug)]
pub struct ValueOptions {
    /// Which cases, in which order, how often, how many at one time.
    pub choice: Choice,
    /// Patterns of ids; empty: all units.
    pub units: Vec<String>,
    /// Calls that may be made in all.
    pub calls_max: u64,
    /// The loss that does not matter, as a share.
    pub margin: f64,
    /// The level of all verdicts together.
    pub level: Level,
    /// Whether files are judged as wholes where their units interact.
    pub with_packages: bool,
    /// Pairs of random orders where there are too many packages to count all coalitions.
    pub orders: usize,
    /// What tokens cost.
    pub traffic: Traffic,
}

/// Measures what the units of a target's pack are worth.
pub struct Ablation<'a> {
    /// Makes rows of cells; its first target is examined.
    pub cells: &'a CellRunner<'a>,
    /// Takes every row.
    pub keep: &'a (dyn Fn(Row) + Sync),
    /// How much is tried.
    pub options: ValueOptions,
}

/// A case under units that are left out, by their ids in order.
pub(super) type Arm = (usize, Vec<String>);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The pass rate of each arm over its repeats; none: no verdict.
    pub(super) rates: HashMap<Arm, Option<f64>>,
    pub(super) calls: u64,
    pub(super) cut: Option<String>,
    faults: usize,
}

/// A case with what is in its context.
pub(super) struct Subject {
    pub(super) planned: Planned,
    pub(super) cluster: usize,
    pub(super) units: HashMap<String, u64>,
}

/// A unit under examination: its cases by cluster, those still to be tried from the end.
struct Patient {
    unit: String,
    waiting: Vec<Vec<usize>>,
    done: Vec<usize>,
    look: Look,
}

impl Ablation<'_> {
    /// Tries every unit that is in the context of a case.
    pub async fn measure(&self) -> ValueReport {
        let mut report = ValueReport { margin: self.options.margin, ..ValueReport::default() };
        let subjects = self.subjects(&mut report).await;
        let mut patients = self.patients(&subjects);
        let mut seen = Seen::default();
        while self.round(&subjects, &mut patients, &mut seen).await {}
        let tried: Vec<Tried> = patients.iter().map(|patient| Tried { pairs: pairs(&subjects, patient, &seen), look: patient.look.clone() }).collect();
        let judged = judge(&tried, self.options.margin, self.options.level);
        report.units = patients.iter().zip(&tried).zip(judged).map(|((patient, tried), judged)| self.value(&subjects, patient, tried, judged, &seen)).collect();
        let lift = |unit: &UnitValue| unit.lift.map_or(f64::NEG_INFINITY, |lift| lift.value);
        report.units.sort_by(|a, b| lift(b).total_cmp(&lift(a)).then_with(|| a.unit.cmp(&b.unit)));
        if self.options.with_packages {
            let names: Vec<(String, Option<String>)> = report.units.iter().map(|unit| (unit.unit.clone(), unit.package.clone())).collect();
            report.packages = packages(self, &subjects, &names, &mut seen).await;
        }
        (report.calls, report.cut) = (seen.calls, seen.cut);
        report
    }

    /// The cases of the target in the run's order, with what is in their context. No call is made.
    async fn subjects(&self, report: &mut ValueReport) -> Vec<Subject> {
        let Some(target) = self.cells.targets.first() else { return Vec::new() };
        report.target.clone_from(&target.name);
        let choice = Choice { repeats: 1, ..self.options.choice.clone() };
        let mut clusters = Clusters::default();
        let mut found = Vec::new();
        for planned in plan(self.cells.suite, std::slice::from_ref(target), &choice) {
            let case = &self.cells.suite.cases[planned.case];
            let context = self.cells.context(case, target, &Treatment::default()).await;
            let units = match context {
                Ok(Some((_, used))) => used.units.into_iter().fold(HashMap::new(), |mut units, used| {
                    *units.entry(used.unit).or_insert(0) += used.tokens;
                    units
                }),
                Ok(None) => {
                    report.without.push((case.id.clone(), "the target has no pack".to_owned()));
                    HashMap::new()
                }
                Err(fault) => {
                    report.without.push((case.id.clone(), fault.message));
                    HashMap::new()
                }
            };
            found.push(Subject { cluster: clusters.number(&case.cluster), planned, units });
        }
        report.cases = found.len();
        found
    }

    fn patients(&self, subjects: &[Subject]) -> Vec<Patient> {
        let is_wanted = |unit: &str| self.options.units.is_empty() || self.options.units.iter().any(|pattern| matches_pattern(pattern, unit));
        let mut cases: BTreeMap<&str, Vec<Vec<usize>>> = BTreeMap::new();
        for (at, subject) in subjects.iter().enumerate() {
            for unit in subject.units.keys().filter(|unit| is_wanted(unit)) {
                let groups = cases.entry(unit).or_default();
                match groups.iter_mut().find(|group| subjects[group[0]].cluster == subject.cluster) {
                    Some(group) => group.push(at),
                    None => groups.push(vec![at]),
                }
            }
        }
        let units = cases.len();
        let patient = |(unit, mut waiting): (&str, Vec<Vec<usize>>)| {
            waiting.reverse();
            Patient { unit: unit.to_owned(), waiting, done: Vec::new(), look: Look::new(self.options.level, units) }
        };
        cases.into_iter().map(patient).collect()
    }

    /// Tries the next cluster of every unit that is undecided. Says whether anything was done.
    async fn round(&self, subjects: &[Subject], patients: &mut [Patient], seen: &mut Seen) -> bool {
        let mut is_done = false;
        let mut turn: Vec<(usize, Vec<usize>)> = Vec::new();
        for (at, patient) in patients.iter_mut().enumerate().filter(|(_, patient)| patient.look.decided().is_none()) {
            turn.extend(patient.waiting.pop().map(|group| (at, group)));
        }
        // One after the other, so that the bound on calls ends between clusters; all of a round at one time where it allows them.
        let all: Vec<Arm> = turn.iter().flat_map(|(at, group)| arms_of(&patients[*at].unit, group)).collect();
        let fits = seen.calls + self.cost(&all, seen) <= self.options.calls_max;
        if fits && !turn.is_empty() {
            self.see(subjects, all, seen).await;
        }
        for (at, group) in turn {
            let wanted = arms_of(&patients[at].unit, &group);
            if !self.see(subjects, wanted, seen).await {
                break;
            }
            is_done = true;
            let patient = &mut patients[at];
            let differences: Vec<f64> = group.iter().filter_map(|&case| lift(seen, case, &patient.unit)).collect();
            if !differences.is_empty() {
                patient.look.push(differences.iter().sum::<f64>() / differences.len() as f64);
            }
            patient.done.extend(group);
        }
        is_done && seen.cut.is_none()
    }

    /// Calls that these arms still take.
    pub(super) fn cost(&self, arms: &[Arm], seen: &Seen) -> u64 {
        let new: HashSet<&Arm> = arms.iter().filter(|arm| !seen.rates.contains_key(*arm)).collect();
        new.len() as u64 * u64::from(self.options.choice.repeats.max(1))
    }

    /// Makes the rows of arms that were not seen yet. `false`: the bound on calls, the budget or faults say to stop.
    pub(super) async fn see(&self, subjects: &[Subject], arms: Vec<Arm>, seen: &mut Seen) -> bool {
        let cost = self.cost(&arms, seen);
        if cost > 0 && seen.cut.is_some() {
            return false;
        }
        if seen.calls + cost > self.options.calls_max {
            seen.cut = Some(format!("the bound of {} calls is reached", self.options.calls_max));
            return false;
        }
        let mut new: Vec<Arm> = arms.into_iter().filter(|arm| !seen.rates.contains_key(arm)).collect();
        let mut once = HashSet::new();
        new.retain(|arm| once.insert(arm.clone()));
        let cells: Vec<(usize, Planned, Treatment)> = new.iter().enumerate().flat_map(|(at, arm)| self.cells_of(subjects, at, arm)).collect();
        let made: Vec<(usize, Row)> = stream::iter(&cells)
            .map(|(at, planned, treatment)| async { (*at, self.cells.treated(planned, treatment).await) })
            .buffered(self.options.choice.concurrency.max(1))
            .collect()
            .await;
        let mut judged: Vec<Vec<f64>> = vec![Vec::new(); new.len()];
        for (at, row) in made {
            seen.calls += 1;
            note_fault(&row, seen);
            judged[at].extend(row.passed().map(f64::from));
            (self.keep)(row);
        }
        let rate = |passed: Vec<f64>| (!passed.is_empty()).then(|| passed.iter().sum::<f64>() / passed.len() as f64);
        seen.rates.extend(new.into_iter().zip(judged.into_iter().map(rate)));
        seen.cut.is_none()
    }

    fn cells_of(&self, subjects: &[Subject], at: usize, arm: &Arm) -> Vec<(usize, Planned, Treatment)> {
        let change = Change { leave_out: arm.1.clone(), ..Change::default() };
        let treatment = Treatment { change, ..Treatment::default() };
        let cell = |repeat| {
            let mut planned = subjects[arm.0].planned.clone();
            planned.cell.repeat = repeat;
            (at, planned, treatment.clone())
        };
        (0..self.options.choice.repeats.max(1)).map(cell).collect()
    }

    fn value(&self, subjects: &[Subject], patient: &Patient, tried: &Tried, judged: super::Judged, seen: &Seen) -> UnitValue {
        let tokens: Vec<u64> = subjects.iter().filter_map(|subject| subject.units.get(&patient.unit).copied()).collect();
        let (mean, share) = (tokens.iter().sum::<u64>() as f64 / tokens.len().max(1) as f64, tokens.len() as f64 / subjects.len().max(1) as f64);
        let changed = |wants_more: bool| -> Vec<String> {
            let is_so = |case: &&usize| lift(seen, **case, &patient.unit).is_some_and(|lift| if wants_more { lift > 0.0 } else { lift < 0.0 });
            patient.done.iter().filter(is_so).map(|&case| subjects[case].planned.cell.case.clone()).collect()
        };
        let engine = self.cells.environment.engine.as_ref();
        UnitValue {
            package: engine.and_then(|engine| engine.desk().catalogue.unit(&patient.unit).map(|unit| unit.place.path.to_string())),
            unit: patient.unit.clone(),
            cases: tokens.len(),
            pairs: tried.pairs.len(),
            effect: judged.effect,
            lift: judged.lift,
            p: judged.p,
            test: judged.test,
            is_early: patient.look.decided().is_some() && !patient.waiting.is_empty(),
            helped: changed(true),
            harmed: changed(false),
            tokens: mean,
            share,
            per_month: self.options.traffic.of_tokens(mean, share),
        }
    }
}

fn arms_of(unit: &str, group: &[usize]) -> Vec<Arm> {
    group.iter().flat_map(|&case| [(case, Vec::new()), (case, vec![unit.to_owned()])]).collect()
}

/// With the unit less without it; none where either has no verdict.
pub(super) fn lift(seen: &Seen, case: usize, unit: &str) -> Option<f64> {
    let rate = |left_out: Vec<String>| seen.rates.get(&(case, left_out)).copied().flatten();
    Some(rate(Vec::new())? - rate(vec![unit.to_owned()])?)
}

fn pairs(subjects: &[Subject], patient: &Patient, seen: &Seen) -> Vec<Pair> {
    let rate = |case: usize, left_out: Vec<String>| seen.rates.get(&(case, left_out)).copied().flatten();
    let pair = |&case: &usize| {
        Some(Pair { cluster: subjects[case].cluster, baseline: rate(case, vec![patient.unit.clone()])?, candidate: rate(case, Vec::new())?, weight: 1.0 })
    };
    patient.done.iter().filter_map(pair).collect()
}

fn note_fault(row: &Row, seen: &mut Seen) {
    let Some(fault) = &row.fault else {
        seen.faults = 0;
        return;
    };
    seen.faults += 1;
    if fault.class == FaultClass::Budget {
        seen.cut = Some(format!("the budget is spent: {}", fault.message));
    } else if seen.faults >= FAULTS_IN_A_ROW {
        seen.cut = Some(format!("nothing was answered any more: {}", fault.message));
    }
}
