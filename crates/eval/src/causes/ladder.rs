//! The ladder: what the record proves, then experiments on a few of each cluster; the rest is labelled by association.

use super::cluster::{Cluster, clusters};
use super::found::{Examined, Named, by_cluster, by_record, without_experiments};
use super::record::{Deficit, deficits};
use super::{Gap, Label};
use crate::cell::{CellRunner, Treatment};
use crate::run::Planned;
use crate::{Case, Outcome, Row, Target};
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
    /// Whether experiments are made at all; else causes are what the record proves.
    pub with_experiments: bool,
    /// Calls that may be made in all.
    pub calls_max: u64,
    /// The error probability of a label by experiment.
    pub alpha: f64,
    /// A model that can more, as `provider/name`; none: "the model" is never said.
    pub stronger: Option<String>,
    /// Whether the environment gap is measured on all cases, where experiments are made.
    pub with_gap: bool,
    /// Decides which members of a cluster are examined.
    pub seed: u64,
}

impl Default for LadderOptions {
    fn default() -> Self {
        // Five of five against none of five is p = 0.004 (Fisher, one-sided): it stays below 0.05 with ten arms.
        Self { repeats: 5, members: 3, with_experiments: true, calls_max: 500, alpha: 0.05, stronger: None, with_gap: true, seed: 0 }
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
        if self.options.with_gap && self.options.with_experiments {
            report.gaps = self.gaps(rows, &mut report).await;
        }
        report
    }

    pub(super) fn parts(&self, row: &Row) -> Option<(&Case, &Target)> {
        let case = self.cells.suite.cases.iter().find(|case| case.id == row.cell.case)?;
        let target = self.cells.targets.iter().find(|target| target.name == row.cell.target)?;
        Some((case, target))
    }

    /// The cell of a row, where its parts are now.
    pub(super) fn planned(&self, row: &Row) -> Option<Planned> {
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
        let mut found: Vec<Named> = Vec::new();
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
            } else if !self.options.with_experiments {
                without_experiments(deficits)
            } else if nth < self.options.members {
                let examined = self.examine_row(row, deficits, report).await;
                found.push(examined.named());
                examined
            } else {
                by_cluster(&found)
            };
            labels.insert(row.launch, label(examined));
        }
    }

    /// What the row was given where units have changed since: its own texts, so far as they are known.
    pub(super) fn as_then(&self, row: &Row) -> Treatment {
        let mut base = Treatment::default();
        base.change.replace = self.texts_then(row);
        base
    }

    /// Units of the row's context that have another text now, where the one that they had is still known: only then are the two apart.
    pub(super) fn changed(&self, row: &Row) -> Vec<String> {
        self.texts_then(row).into_iter().map(|(unit, _)| unit).collect()
    }

    fn texts_then(&self, row: &Row) -> Vec<(String, String)> {
        let Some(engine) = &self.cells.environment.engine else { return Vec::new() };
        let desk = engine.desk();
        let used = row.context.iter().flat_map(|context| &context.units);
        let changed = used.filter(|used| desk.catalogue.unit(&used.unit).is_some_and(|unit| unit.digest != used.digest));
        changed.filter_map(|used| Some((used.unit.clone(), (self.archive)(&used.unit, used.digest)?))).collect()
    }
}
