//! The ladder: control first, then one factor at a time, then all, then all but one, then a stronger model.

use super::arms::{Factor, factors, together};
use super::cluster::{Cluster, clusters};
use super::record::{Deficit, deficits};
use super::{Cause, Gap, Label, Level, Tried, gap};
use crate::cell::{CellRunner, Treatment};
use crate::run::Planned;
use crate::{Case, Outcome, Row, Target, TargetKind};
use jeton_allocate::fisher::{Arms, fisher};
use jeton_context::Digest;
use jeton_core::SeededRandom;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How much is tried.
#[derive(Clone, Debug)]
pub struct LadderOptions {
    /// Repeats of each arm.
    pub repeats: u64,
    /// Failures of a cluster that are examined.
    pub members: usize,
    /// Calls that may be made in all.
    pub calls_max: u64,
    /// The error probability of a label by experiment.
    pub alpha: f64,
    /// A model that can more, as `provider/name`; none: "the model" is never said.
    pub stronger: Option<String>,
    /// Whether the environment gap is measured on all cases.
    pub with_gap: bool,
    /// Decides which members of a cluster are examined.
    pub seed: u64,
}

impl Default for LadderOptions {
    fn default() -> Self {
        // Five of five against none of five is p = 0.004 (Fisher, one-sided): it stays below 0.05 with ten arms.
        Self { repeats: 5, members: 3, calls_max: 500, alpha: 0.05, stronger: None, with_gap: true, seed: 0 }
    }
}

/// What was found: what a note of kind `cause` holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The run whose rows are those of the experiments; none: it is not known, or no experiment was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiments: Option<String>,
    /// A label for each row that did not pass, in the order of the run.
    pub labels: Vec<Label>,
    /// The clusters, the largest first.
    pub clusters: Vec<Cluster>,
    /// The environment gap of each target that calls a model.
    pub gaps: Vec<Gap>,
    /// Calls that were made.
    pub calls: u64,
    /// Whether the bound on calls ended the work before its time.
    pub is_cut: bool,
}

/// Establishes causes.
pub struct Ladder<'a> {
    /// Makes rows of cells.
    pub cells: &'a CellRunner<'a>,
    /// The text of a unit at a digest, where it is still known: what a call was given then.
    pub archive: &'a (dyn Fn(&str, Digest) -> Option<String> + Sync),
    /// Takes every row of an experiment, and gives its place.
    pub keep: &'a (dyn Fn(Row) -> u64 + Sync),
    /// How much is tried.
    pub options: LadderOptions,
}

/// Answers of each model that must agree against a reference.
const AGREEING_LEAST: usize = 3;

/// What was found of one member.
struct Examined {
    cause: Cause,
    also: Vec<Cause>,
    jointly: bool,
    level: Level,
    proof: String,
    about: Option<String>,
    tried: Vec<Tried>,
}

/// A case under examination.
struct Patient {
    planned: Planned,
    base: Treatment,
    tried: Vec<Tried>,
    /// The answers of the last arm.
    said: Vec<String>,
}

/// Passes of an arm.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: u64,
    n: u64,
}

impl Ladder<'_> {
    /// Labels every row that did not pass.
    pub async fn examine(&self, rows: &[Row]) -> Report {
        let mut report = Report::default();
        let mut failed = Vec::new();
        for row in rows.iter().filter(|row| row.outcome != Outcome::Passed) {
            if let Some((case, target)) = self.parts(row) {
                failed.push((row, deficits(self.cells.suite, case, target, row, self.cells.bench).await));
            }
        }
        report.clusters = clusters(&failed);
        let mut labels: HashMap<u64, Label> = HashMap::new();
        let mut random = SeededRandom::new(self.options.seed);
        for cluster in report.clusters.clone() {
            self.examine_cluster(&cluster, &failed, &mut random, &mut report, &mut labels).await;
        }
        report.labels = failed.iter().filter_map(|(row, _)| labels.remove(&row.launch)).collect();
        if self.options.with_gap {
            report.gaps = self.gaps(rows, &mut report).await;
        }
        report
    }

    fn parts(&self, row: &Row) -> Option<(&Case, &Target)> {
        let case = self.cells.suite.cases.iter().find(|case| case.id == row.cell.case)?;
        let target = self.cells.targets.iter().find(|target| target.name == row.cell.target)?;
        Some((case, target))
    }

    /// The cell of a row, where its parts are now.
    fn planned(&self, row: &Row) -> Option<Planned> {
        Some(Planned {
            launch: row.launch,
            case: self.cells.suite.cases.iter().position(|case| case.id == row.cell.case)?,
            target: self.cells.targets.iter().position(|target| target.name == row.cell.target)?,
            cell: row.cell.clone(),
        })
    }

    async fn examine_cluster(
        &self,
        cluster: &Cluster,
        failed: &[(&Row, Vec<Deficit>)],
        random: &mut SeededRandom,
        report: &mut Report,
        labels: &mut HashMap<u64, Label>,
    ) {
        let mut order = cluster.rows.clone();
        random.shuffle(&mut order);
        let mut found: Vec<(Cause, Vec<Cause>, bool)> = Vec::new();
        for (nth, place) in order.into_iter().enumerate() {
            let (row, deficits) = &failed[place];
            let label = |examined: Examined| Label {
                case: row.cell.case.clone(),
                target: row.cell.target.clone(),
                launch: row.launch,
                cause: examined.cause,
                also: examined.also,
                jointly: examined.jointly,
                level: examined.level,
                proof: examined.proof,
                about: examined.about,
                tried: examined.tried,
            };
            let examined = if let Some(deficit) = deficits.iter().find(|deficit| deficit.is_final) {
                by_record(deficit)
            } else if nth < self.options.members {
                let examined = self.examine_row(row, deficits, report).await;
                found.push((examined.cause, examined.also.clone(), examined.jointly));
                examined
            } else {
                by_cluster(&found)
            };
            labels.insert(row.launch, label(examined));
        }
    }

    async fn examine_row(&self, row: &Row, deficits: &[Deficit], report: &mut Report) -> Examined {
        let Some((case, target)) = self.parts(row) else { return undetermined("the suite has this case no more", Vec::new()) };
        let Some(planned) = self.planned(row) else { return undetermined("the suite has this case no more", Vec::new()) };
        let mut patient = Patient { planned, base: self.as_then(row), tried: Vec::new(), said: Vec::new() };
        let control = self.arm(&mut patient, "unchanged", &Treatment::default(), report).await;
        if control.n == 0 {
            return undetermined("the control was not answered", patient.tried);
        }
        let factors = factors(self.cells.suite, case, target, row, deficits, &self.changed(row));
        self.climb(&mut patient, control, &factors, deficits, report).await
    }

    /// Control against each factor, then against all of them, then a stronger model in the best environment.
    async fn climb(&self, patient: &mut Patient, control: Count, factors: &[Factor], deficits: &[Deficit], report: &mut Report) -> Examined {
        let tests = factors.len() + 2;
        let mut enough: Vec<&Factor> = Vec::new();
        for factor in factors {
            let count = self.arm(patient, &factor.what, &factor.treatment, report).await;
            if self.beats(patient, count, control, tests) {
                enough.push(factor);
            }
        }
        // Other units lead astray only where having the needed ones beside them did not help.
        if enough.iter().any(|factor| factor.cause == Cause::ContextMissing) {
            enough.retain(|factor| factor.cause != Cause::ContextDistracting);
        }
        if let Some(first) = enough.first() {
            let also = enough[1..].iter().map(|factor| factor.cause).collect();
            return by_experiment(first, also, false, deficits, control, std::mem::take(&mut patient.tried));
        }
        if control.passed > 0 {
            let proof = format!("the same request passed {} of {} times when it was sent again", control.passed, control.n);
            return Examined { cause: Cause::Random, level: Level::L2, proof, ..undetermined("", std::mem::take(&mut patient.tried)) };
        }
        self.climb_higher(patient, control, factors, deficits, report).await
    }

    /// All factors at once, then a stronger model.
    async fn climb_higher(&self, patient: &mut Patient, control: Count, factors: &[Factor], deficits: &[Deficit], report: &mut Report) -> Examined {
        let tests = factors.len() + 2;
        let all: Vec<&Factor> = factors.iter().collect();
        let best = together(&all);
        let mut at_best = control;
        if factors.len() > 1 {
            at_best = self.arm(patient, "with everything made right", &best, report).await;
            if self.beats(patient, at_best, control, tests) {
                return self.jointly(patient, &all, at_best, deficits, control, report).await;
            }
        }
        let Some(stronger) = self.options.stronger.clone() else { return unresolved(deficits, factors, std::mem::take(&mut patient.tried)) };
        let treatment = Treatment { model: Some(stronger.clone()), ..best };
        let by_target = patient.said.clone();
        let count = self.arm(patient, &format!("with everything made right, by {stronger}"), &treatment, report).await;
        if self.beats(patient, count, at_best, tests) {
            let proof = format!(
                "{stronger} passes {} of {} times in the environment in which the target passes {} of {}",
                count.passed, count.n, at_best.passed, at_best.n
            );
            return Examined { cause: Cause::Model, level: Level::L2, proof, ..undetermined("", std::mem::take(&mut patient.tried)) };
        }
        if let Some(proof) = self.against_reference(&self.cells.suite.cases[patient.planned.case], &by_target, &patient.said) {
            let about = Some("the reference".to_owned());
            return Examined { cause: Cause::Grader, level: Level::L2, proof, about, ..undetermined("", std::mem::take(&mut patient.tried)) };
        }
        unresolved(deficits, factors, std::mem::take(&mut patient.tried))
    }

    /// What shows that the reference is wrong: in the environment at its best two models give one and the same answer every time, it stands
    /// word for word in a unit that the case needs, and no reference stands in any of them.
    fn against_reference(&self, case: &Case, by_target: &[String], by_stronger: &[String]) -> Option<String> {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_lowercase();
        let said = plain(by_target.first()?);
        let agree = |answers: &[String]| answers.len() >= AGREEING_LEAST && answers.iter().all(|answer| plain(answer) == said);
        let references = case.references();
        if said.is_empty() || references.is_empty() || !agree(by_target) || !agree(by_stronger) {
            return None;
        }
        let desk = self.cells.environment.engine.as_ref()?.desk();
        let needed: Vec<(&str, String)> = case.needs.iter().filter_map(|id| Some((id.as_str(), plain(&desk.catalogue.unit(id)?.body)))).collect();
        let (unit, _) = needed.iter().find(|(_, body)| body.contains(&said))?;
        let stands = references.iter().any(|reference| needed.iter().any(|(_, body)| body.contains(&plain(reference))));
        (!stands).then(|| {
            format!("both models always answer `{}`, which stands in {unit}; the reference stands in no unit that the case needs", by_target[0].trim())
        })
    }

    /// Which of the factors that help only together are needed: those without which it fails again.
    async fn jointly(&self, patient: &mut Patient, all: &[&Factor], at_best: Count, deficits: &[Deficit], control: Count, report: &mut Report) -> Examined {
        let mut needed: Vec<&Factor> = Vec::new();
        for left_out in all {
            let others: Vec<&Factor> = all.iter().filter(|factor| factor.what != left_out.what).copied().collect();
            let count = self.arm(patient, &format!("with everything but {}", left_out.what), &together(&others), report).await;
            if self.beats(patient, at_best, count, all.len()) {
                needed.push(left_out);
            }
        }
        match needed.split_first() {
            Some((first, others)) => {
                let also: Vec<Cause> = others.iter().map(|factor| factor.cause).collect();
                by_experiment(first, also, !others.is_empty(), deficits, control, std::mem::take(&mut patient.tried))
            }
            None => undetermined("everything made right helps, and no single part of it is needed", std::mem::take(&mut patient.tried)),
        }
    }

    /// What the row was given where units have changed since: its own texts, so far as they are known.
    fn as_then(&self, row: &Row) -> Treatment {
        let mut base = Treatment::default();
        base.change.replace = self.texts_then(row);
        base
    }

    /// Units of the row's context that have another text now, where the one that they had is still known: only then are the two apart.
    fn changed(&self, row: &Row) -> Vec<String> {
        self.texts_then(row).into_iter().map(|(unit, _)| unit).collect()
    }

    fn texts_then(&self, row: &Row) -> Vec<(String, String)> {
        let Some(engine) = &self.cells.environment.engine else { return Vec::new() };
        let desk = engine.desk();
        let used = row.context.iter().flat_map(|context| &context.units);
        let changed = used.filter(|used| desk.catalogue.unit(&used.unit).is_some_and(|unit| unit.digest != used.digest));
        changed.filter_map(|used| Some((used.unit.clone(), (self.archive)(&used.unit, used.digest)?))).collect()
    }

    /// Repeats of a treatment.
    async fn arm(&self, patient: &mut Patient, what: &str, treatment: &Treatment, report: &mut Report) -> Count {
        let mut with_base = treatment.clone();
        if !treatment.is_fresh {
            with_base.change.replace.extend(patient.base.change.replace.iter().cloned());
        }
        let (mut count, mut rows) = (Count::default(), Vec::new());
        patient.said.clear();
        for repeat in 0..self.options.repeats {
            if report.calls >= self.options.calls_max {
                report.is_cut = true;
                break;
            }
            let mut planned = patient.planned.clone();
            planned.cell.repeat = u32::try_from(repeat).unwrap_or(u32::MAX);
            let row = self.cells.treated(&planned, &with_base).await;
            report.calls += 1;
            if let Some(passed) = row.passed() {
                count.n += 1;
                count.passed += u64::from(passed);
            }
            patient.said.extend(row.answer.as_ref().map(|answer| answer.text.clone()));
            rows.push((self.keep)(row));
        }
        patient.tried.push(Tried { arm: what.to_owned(), passed: count.passed, n: count.n, p: None, rows });
        count
    }

    /// Whether an arm passes more often than another, by Fisher's test; the p-value is multiplied with the number of tests (Bonferroni).
    fn beats(&self, patient: &mut Patient, arm: Count, control: Count, tests: usize) -> bool {
        let arms = Arms { arm_passed: arm.passed, arm_n: arm.n, control_passed: control.passed, control_n: control.n };
        let p = fisher(arms).map(|found| (found.greater * tests.max(1) as f64).min(1.0));
        if let Some(last) = patient.tried.last_mut() {
            last.p = p;
        }
        p.is_some_and(|p| p <= self.options.alpha)
    }

    /// The environment gap: every case of the run once in the environment at its best.
    async fn gaps(&self, rows: &[Row], report: &mut Report) -> Vec<Gap> {
        let mut found = Vec::new();
        for target in self.cells.targets.iter().filter(|target| matches!(target.kind, TargetKind::Model { .. })) {
            let actual: Vec<&Row> = rows.iter().filter(|row| row.cell.target == target.name).collect();
            let mut at_best = Vec::new();
            for row in actual.iter().filter(|row| row.cell.repeat == 0) {
                let Some((case, _)) = self.parts(row) else { continue };
                if report.calls >= self.options.calls_max {
                    report.is_cut = true;
                    break;
                }
                if let Some(best) = self.at_best(case, target, row).await {
                    report.calls += 1;
                    (self.keep)(best.clone());
                    at_best.push(best);
                }
            }
            found.push(gap(&target.name, &actual, &at_best.iter().collect::<Vec<_>>(), jeton_allocate::Level::P95));
        }
        found
    }

    async fn at_best(&self, case: &Case, target: &Target, row: &Row) -> Option<Row> {
        if case.needs.is_empty() {
            return None;
        }
        let deficits = deficits(self.cells.suite, case, target, row, self.cells.bench).await;
        let factors = factors(self.cells.suite, case, target, row, &deficits, &self.changed(row));
        let mut treatment = together(&factors.iter().collect::<Vec<_>>());
        treatment.change.insert.clone_from(&case.needs);
        treatment.change.only_inserted = true;
        let planned = self.planned(row)?;
        Some(self.cells.treated(&planned, &treatment).await)
    }
}

fn undetermined(proof: &str, tried: Vec<Tried>) -> Examined {
    Examined { cause: Cause::Undetermined, also: Vec::new(), jointly: false, level: Level::L0, proof: proof.to_owned(), about: None, tried }
}

fn by_record(deficit: &Deficit) -> Examined {
    let level = if deficit.cause == Cause::Undetermined { Level::L0 } else { Level::L3 };
    Examined { cause: deficit.cause, level, proof: deficit.proof.clone(), about: deficit.about.clone(), ..undetermined("", Vec::new()) }
}

fn by_experiment(factor: &Factor, also: Vec<Cause>, jointly: bool, deficits: &[Deficit], control: Count, tried: Vec<Tried>) -> Examined {
    let shown = deficits.iter().find(|deficit| deficit.cause == factor.cause);
    let arm = tried.iter().find(|tried| tried.arm == factor.what);
    let counts = arm.map_or(String::new(), |arm| format!(": {} of {} passed, against {} of {}", arm.passed, arm.n, control.passed, control.n));
    let record = shown.map_or(String::new(), |deficit| format!("; {}", deficit.proof));
    Examined {
        cause: factor.cause,
        also,
        jointly,
        level: Level::L2,
        proof: format!("{}{counts}{record}", factor.what),
        about: shown.and_then(|deficit| deficit.about.clone()),
        tried,
    }
}

/// Members beyond those examined get the label that all of them agree on, as an association.
fn by_cluster(found: &[(Cause, Vec<Cause>, bool)]) -> Examined {
    match found.split_first() {
        Some((first, others)) if first.0 != Cause::Undetermined && others.iter().all(|other| other == first) => Examined {
            cause: first.0,
            also: first.1.clone(),
            jointly: first.2,
            level: Level::L1,
            ..undetermined("it looks like the examined members of its cluster, which agree", Vec::new())
        },
        _ => undetermined("the examined members of its cluster do not agree, or have no cause", Vec::new()),
    }
}

/// Nothing helped. A unit that is proven out of date and could not be tried as it should be stays the best proven deficit.
fn unresolved(deficits: &[Deficit], factors: &[Factor], tried: Vec<Tried>) -> Examined {
    let untried = deficits.iter().find(|deficit| deficit.cause == Cause::ContextStale && !factors.iter().any(|factor| factor.cause == Cause::ContextStale));
    match untried {
        Some(deficit) => Examined { tried, ..by_record(deficit) },
        None => undetermined("nothing that was tried made it pass", tried),
    }
}
