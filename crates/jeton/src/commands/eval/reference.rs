//! A run or a target of one, as people name it: `RUN`, `SUITE`, `RUN:TARGET` or `SUITE:TARGET`, where a suite stands for its last run that is
//! finished and valid.

use super::refused;
use crate::failure::Failure;
use jeton_allocate::Level;
use jeton_eval::Row;
use jeton_eval::label::judged_rows;
use jeton_eval::latest::{PassedOver, newest, unfit};
use jeton_eval::run::RunHead;
use jeton_eval::session::read_head;
use jeton_eval::totals::{TargetTotals, totals};
use jeton_ledger::Records;

/// Runs that do not count of which each is told; of more their number is.
const TOLD: usize = 5;

/// What a name stands for.
pub(super) struct Reference {
    pub(super) head: RunHead,
    pub(super) rows: Vec<Row>,
    /// The target that was named.
    pub(super) target: Option<String>,
    /// What should be known of the choice, a sentence each.
    pub(super) notes: Vec<String>,
}

impl Reference {
    /// What `name` stands for; none where there is no such run and no run of such a suite.
    pub(super) fn find(store: &dyn Records, name: &str) -> Result<Option<Self>, Failure> {
        Self::find_for(store, name, None)
    }

    /// The same, for a target that is to be compared with itself: the name of a suite alone stands for its last run that counts for this target,
    /// where any has it.
    pub(super) fn find_for(store: &dyn Records, name: &str, judged: Option<&str>) -> Result<Option<Self>, Failure> {
        let of_judged = match judged {
            Some(judged) => Self::of_run(store, name, Some(judged))?.filter(|found| found.names().iter().any(|name| name == judged)),
            None => None,
        };
        let found = match of_judged {
            Some(found) => Some(Self { target: None, ..found }),
            None => Self::of_run(store, name, None)?,
        };
        if found.is_some() {
            return Ok(found);
        }
        for (at, _) in name.match_indices(':') {
            let found = Self::of_run(store, &name[..at], Some(&name[at + 1..]))?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Self::without_target(store, name)
    }

    /// The mistake where `name` is a suite with runs of which none has the target that is named; else nothing.
    fn without_target(store: &dyn Records, name: &str) -> Result<Option<Self>, Failure> {
        for (at, _) in name.match_indices(':') {
            let (suite, target) = (suite_of(&name[..at]), &name[at + 1..]);
            if !store.runs(Some(suite), 1)?.is_empty() {
                return Err(Failure::usage(format!("no run of `{suite}` has a target `{target}`"), format!("`jeton eval list --runs {suite}` shows its runs")));
            }
        }
        Ok(None)
    }

    fn of_run(store: &dyn Records, run: &str, target: Option<&str>) -> Result<Option<Self>, Failure> {
        let target_owned = target.map(str::to_owned);
        if store.run(run)?.is_some() {
            let head = read_head(store, run).map_err(refused)?;
            let rows = judged_rows(store, &head.id)?;
            let partial = unfit(store, &head, &rows, &[])?;
            let notes = partial.map(|partial| format!("{} is taken as it is: {}", partial.run, partial.why)).into_iter().collect();
            return Ok(Some(Self { head, rows, target: target_owned, notes }));
        }
        match newest(store, suite_of(run), target)? {
            Ok(found) => {
                let notes = passed_over(&found.passed_over, &found.head.id);
                Ok(Some(Self { head: found.head, rows: found.rows, target: target_owned, notes }))
            }
            Err(unfit) => match (unfit.first(), unfit.iter().find(|unfit| unfit.is_whole)) {
                (None, _) => Ok(None),
                // Whoever asks is told that it is invalid.
                (_, Some(invalid)) => Self::of_run(store, &invalid.run, target),
                (Some(partial), None) => Err(Failure::usage(
                    format!("no run of `{run}` is finished: {partial}"),
                    format!("`jeton eval run --resume {}` finishes it; named by its id, it is taken as it is", partial.run),
                )),
            },
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.head.targets.iter().map(|target| target.name.clone()).collect()
    }

    /// The one target that is meant.
    pub(super) fn one(&self, asked: &str) -> Result<String, Failure> {
        let names = self.names();
        match (&self.target, names.as_slice()) {
            (Some(target), _) if names.contains(target) => Ok(target.clone()),
            (Some(target), _) => Err(Failure::usage(format!("{} has no target `{target}`", self.head.id), format!("it has {}", names.join(", ")))),
            (None, [one]) => Ok(one.clone()),
            (None, _) => Err(Failure::usage(
                format!("{} has several targets", self.head.id),
                format!("name one, such as {asked}:{}", names.first().map_or("", String::as_str)),
            )),
        }
    }

    /// The rows of one target, those with any of the tags (none: all).
    pub(super) fn side(&self, target: &str, tags: &[String]) -> Side {
        let of_target = totals(&self.rows, std::slice::from_ref(&target.to_owned()), self.head.errors_max, Level::P95).targets.into_iter().next();
        let is_wanted = |row: &&Row| row.cell.target == target && (tags.is_empty() || row.tags.iter().any(|tag| tags.contains(tag)));
        let rows = self.rows.iter().filter(is_wanted).cloned().collect();
        Side { label: format!("{}:{target}", self.head.id), run: self.head.id.clone(), rows, totals: of_target }
    }
}

/// The suite whose last run is meant.
fn suite_of(name: &str) -> &str {
    name.strip_prefix("latest:").unwrap_or(name)
}

/// The newest of those that do not count, a sentence each, and how many more there are.
fn passed_over(unfit: &[PassedOver], taken: &str) -> Vec<String> {
    let told = unfit.iter().take(TOLD).map(|unfit| format!("{unfit}; {taken} is taken"));
    let more = unfit.len().saturating_sub(TOLD);
    told.chain((more > 0).then(|| format!("{more} more newer than {taken} do not count"))).collect()
}

/// The rows of one target of a run.
pub(super) struct Side {
    /// `RUN:TARGET`.
    pub(super) label: String,
    pub(super) run: String,
    pub(super) rows: Vec<Row>,
    /// What all of its rows add up to.
    pub(super) totals: Option<TargetTotals>,
}
