//! What a suite can see: the smallest difference that its cases find, from the variances of the runs that there are.

use crate::Row;
use crate::label::judged_rows;
use crate::latest::{PassedOver, RUNS, unfit};
use crate::run::RunHead;
use crate::totals::{Clusters, by_case, passed};
use jeton_allocate::Case;
use jeton_allocate::power::{Aim, Variances, pilot};
use jeton_ledger::{LedgerError, Records};
use serde::Serialize;
use std::collections::HashMap;

/// Two lots of answers to the same cases, and where their differences come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Basis {
    /// What is compared with, as `RUN:TARGET`.
    pub baseline: String,
    /// What is compared, as `RUN:TARGET`.
    pub candidate: String,
    /// Cases that both have judged.
    pub cases: usize,
    /// Independent groups of these cases.
    pub clusters: usize,
    /// Where the differences come from.
    pub variances: Variances,
}

/// Why the variances of a suite are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// There are no two lots of answers to the same cases.
    NoPair,
    /// There are fewer than two cases that both have judged.
    TooFew,
    /// No case came out differently, so nothing tells how much they vary.
    AllAlike,
}

impl Unknown {
    /// In a sentence, with what would tell.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoPair => "two targets of one run, or two runs of one target with the suite unchanged, would tell",
            Self::TooFew => "fewer than two cases were judged on both sides that could be compared",
            Self::AllAlike => "no case came out differently on the two sides that were compared, so nothing tells how much cases vary",
        }
    }
}

impl Basis {
    /// The smallest difference of pass rates that so many cases, each so often tried on both sides, find with the chance of `aim`: a
    /// share, above 1 where they see none.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn detectable(&self, cases: usize, repeats: u32, aim: Aim) -> Result<f64, Unknown> {
        let repeats = u64::from(repeats.max(1));
        self.variances.detectable(cases as u64, repeats, repeats, aim).ok_or(Unknown::AllAlike)
    }
}

/// What was looked for, and what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    /// The basis, or why there is none.
    pub found: Result<Basis, Unknown>,
    /// Runs that would have been the basis, but are not finished or not valid.
    pub passed_over: Vec<PassedOver>,
}

/// The basis of a suite: the newest run with two targets, its first against its second; else the newest two runs of one target with the suite
/// as it is in the newest. Only runs that are finished and valid count.
///
/// # Errors
/// Where the store fails.
pub fn basis(store: &dyn Records, suite: &str) -> Result<Sought, LedgerError> {
    let records = store.runs(Some(suite), RUNS)?;
    let mut heads: Vec<RunHead> = records.iter().filter_map(|record| serde_json::from_str(&record.json).ok()).collect();
    let mut passed_over = Vec::new();
    loop {
        let Some((before, after)) = sides(&heads) else { return Ok(Sought { found: Err(Unknown::NoPair), passed_over }) };
        let rows = judged_rows(store, &before.0.id)?;
        let others = if before.0.id == after.0.id { None } else { Some(judged_rows(store, &after.0.id)?) };
        let others = others.as_ref().unwrap_or(&rows);
        let not_after = unfit(store, after.0, others, &[after.1])?;
        let Some(unfit) = not_after.map_or_else(|| unfit(store, before.0, &rows, &[before.1]), |unfit| Ok(Some(unfit)))? else {
            return Ok(Sought { found: of_rows((before.0, before.1, &rows), (after.0, after.1, others)), passed_over });
        };
        heads.retain(|head| head.id != unfit.run);
        passed_over.push(unfit);
    }
}

type Side<'h> = (&'h RunHead, &'h str);

fn sides(heads: &[RunHead]) -> Option<(Side<'_>, Side<'_>)> {
    let newest = heads.first()?;
    // A suite that has changed is another one, and so are its cases.
    let same: Vec<&RunHead> = heads.iter().filter(|head| head.digest == newest.digest).collect();
    let of = |head: &RunHead| head.targets.len() > 1;
    if let Some(head) = same.iter().copied().find(|head| of(head)).or_else(|| heads.iter().find(|head| of(head))) {
        return Some(((head, &head.targets[0].name), (head, &head.targets[1].name)));
    }
    let target = newest.targets.first()?.name.as_str();
    let before = same.into_iter().skip(1).find(|head| head.targets.iter().any(|one| one.name == target))?;
    Some(((before, target), (newest, target)))
}

fn of_rows<'r>(before: (&RunHead, &str, &'r [Row]), after: (&RunHead, &str, &'r [Row])) -> Result<Basis, Unknown> {
    let of = |(_, name, rows): (&RunHead, &str, &'r [Row])| rows.iter().filter(|row| row.cell.target == name).collect::<Vec<&'r Row>>();
    let (baseline, candidate) = paired(&of(before), &of(after));
    let variances = pilot(&baseline, &candidate).ok_or(Unknown::TooFew)?;
    let clusters = baseline.iter().map(|case| case.cluster).collect::<std::collections::BTreeSet<_>>().len();
    let name = |(head, target, _): (&RunHead, &str, &[Row])| format!("{}:{target}", head.id);
    Ok(Basis { baseline: name(before), candidate: name(after), cases: baseline.len(), clusters, variances })
}

/// The scores of the cases that both have judged, in the same order.
fn paired(first: &[&Row], second: &[&Row]) -> (Vec<Case>, Vec<Case>) {
    let mut clusters = Clusters::default();
    let of_second: HashMap<&str, Vec<&Row>> = by_case(second).into_iter().collect();
    let scores = |rows: &[&Row]| rows.iter().filter_map(|row| passed(row)).collect::<Vec<f64>>();
    let both = by_case(first).into_iter().filter_map(|(case, rows)| {
        let (before, after) = (scores(&rows), scores(of_second.get(case)?));
        let cluster = clusters.number(&rows.first()?.cluster);
        (!before.is_empty() && !after.is_empty()).then_some((Case { cluster, scores: before }, Case { cluster, scores: after }))
    });
    both.unzip()
}

#[cfg(test)]
mod tests;
