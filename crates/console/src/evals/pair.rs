//! Two targets of one run or of two, as they are asked for: `RUN:TARGET`.

use super::{Run, is_valid, rows, run};
use crate::route::{Ask, printable};
use crate::state::Console;
use jeton_allocate::Level;
use jeton_core::{Fault, FaultKind, nearest};
use jeton_eval::compare::{Comparison, compare};
use jeton_eval::totals::TargetTotals;
use jeton_eval::{Row, Target};

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) run: Run,
    pub(crate) target: String,
}

impl Side {
    /// As it is asked for.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.run.head.id, self.target)
    }

    pub(crate) fn totals(&self) -> Option<&TargetTotals> {
        self.run.target(&self.target)
    }
}

/// A comparison with its sides.
#[derive(Clone, Debug)]
pub(crate) struct Pairing {
    pub(crate) baseline: Side,
    pub(crate) candidate: Side,
    pub(crate) comparison: Comparison,
}

impl Pairing {
    /// The side on which no verdict can rest, for too much of it is missing.
    pub(crate) fn invalid(&self) -> Option<&Side> {
        [&self.baseline, &self.candidate].into_iter().find(|side| side.totals().is_some_and(|totals| !is_valid(totals)))
    }

    /// Whether both were measured by the same cases, graders and prompts.
    pub(crate) fn is_same_suite(&self) -> bool {
        self.baseline.run.head.digest == self.candidate.run.head.digest
    }
}

/// Compares the two that `ask` names.
pub(crate) fn pairing(console: &Console, ask: &Ask) -> Result<Pairing, Fault> {
    let margin = margin(ask.text("margin").unwrap_or("0.02"))?;
    let (baseline, candidate) = (side(console, ask, "baseline")?, side(console, ask, "candidate")?);
    let before = rows(console, &baseline.run.head.id)?;
    let other = if candidate.run.head.id == baseline.run.head.id { None } else { Some(rows(console, &candidate.run.head.id)?) };
    let after = other.as_ref().unwrap_or(&before);
    let names = (baseline.name(), candidate.name());
    let comparison = compare((&names.0, &of(&before, &baseline.target)), (&names.1, &of(after, &candidate.target)), margin, Level::P95);
    Ok(Pairing { baseline, candidate, comparison })
}

fn of<'r>(rows: &'r [Row], target: &str) -> Vec<&'r Row> {
    rows.iter().filter(|row| row.cell.target == target).collect()
}

/// A margin as a share (`0.02`) or in points (`2pp`).
fn margin(text: &str) -> Result<f64, Fault> {
    let read = match text.trim().strip_suffix("pp") {
        Some(points) => points.trim().parse::<f64>().map(|points| points / 100.0),
        None => text.trim().parse::<f64>(),
    };
    read.ok().filter(|share| (0.0..1.0).contains(share)).ok_or_else(|| {
        let fault = Fault::new(FaultKind::InvalidRequest, format!("`margin` cannot be `{}`.", printable(text))).param("margin");
        fault.remedy("It is the largest difference that does not matter: a share from 0 to 1 such as `0.02`, or points such as `2pp`.")
    })
}

fn side(console: &Console, ask: &Ask, name: &'static str) -> Result<Side, Fault> {
    let asked = crate::api::needed(ask, name, "run-20261123-0a1b2c3d4:fast")?;
    // Ids of runs hold no colon; names of targets may.
    let (id, target) = match asked.strip_prefix("latest:") {
        Some(rest) => rest.split_once(':').map_or((asked, None), |(suite, target)| (&asked[.."latest:".len() + suite.len()], Some(target))),
        None => asked.split_once(':').map_or((asked, None), |(id, target)| (id, Some(target))),
    };
    let run = run(console, id, name)?;
    let names = || run.head.targets.iter().map(|target| target.name.as_str());
    let target = match (target, run.head.targets.as_slice()) {
        (Some(target), _) if names().any(|known| known == target) => target.to_owned(),
        (None, [Target { name, .. }]) => name.clone(),
        (target, _) => {
            let message = target.map_or_else(
                || format!("`{name}` names a run with several targets, and none of them."),
                |target| format!("{} has no target `{}`.", run.head.id, printable(target)),
            );
            let near = target.and_then(|target| nearest(target, names(), 1).first().copied());
            let all = names().map(|known| format!("`{}:{known}`", run.head.id)).collect::<Vec<_>>().join(", ");
            let remedy = near.map_or_else(|| format!("It is one of {all}."), |near| format!("Did you mean `{}:{near}`?", run.head.id));
            return Err(Fault::new(FaultKind::InvalidRequest, message).param(name).remedy(remedy));
        }
    };
    Ok(Side { run, target })
}
