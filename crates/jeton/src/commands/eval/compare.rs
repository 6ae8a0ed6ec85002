//! `jeton eval compare`.

use super::refused;
use super::show::{figure, interval};
use crate::cli::EvalCompareArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_allocate::verdict::Verdict;
use jeton_eval::Row;
use jeton_eval::compare::{Comparison, Flip, compare as compared};
use jeton_eval::label::judged_rows;
use jeton_eval::session::read_head;
use jeton_eval::totals::{Validity, totals};
use jeton_ledger::Records;
use serde_json::json;

/// The rows of one side.
struct Side {
    label: String,
    run: String,
    rows: Vec<Row>,
    invalid: Option<f64>,
}

pub(super) fn compare(context: &Context, args: &EvalCompareArgs, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let baseline = side(&store, &args.baseline, &args.tag)?;
    let candidate = side(&store, &args.candidate, &args.tag)?;
    let comparison = compared((&baseline.label, &refs(&baseline.rows)), (&candidate.label, &refs(&candidate.rows)), args.margin, Level::P95);
    let invalid: Vec<&Side> = [&baseline, &candidate].into_iter().filter(|side| side.invalid.is_some()).collect();
    if is_json {
        output::json(&json!({ "comparison": comparison, "invalid": invalid.iter().map(|side| &side.label).collect::<Vec<_>>() }));
    } else {
        show(&comparison, args.limit, &candidate.run);
        for side in &invalid {
            println!("\n{} is INVALID: {:.1} % of its cells have no verdict.", side.label, 100.0 * side.invalid.unwrap_or_default());
        }
    }
    if comparison.cases == 0 {
        return Err(Failure::usage("the two have no judged case in common", "compare runs of the same suite; `jeton eval list --runs SUITE` shows them"));
    }
    if !invalid.is_empty() {
        return Err(Failure::Invalid);
    }
    match comparison.verdict {
        Verdict::Better | Verdict::NoRelevantDifference => Ok(()),
        Verdict::Worse => Err(Failure::No),
        Verdict::Undecided { .. } => Err(Failure::Undecided),
    }
}

fn refs(rows: &[Row]) -> Vec<&Row> {
    rows.iter().collect()
}

/// `RUN`, `SUITE`, `RUN:TARGET` or `SUITE:TARGET`.
fn side(store: &dyn Records, name: &str, tags: &[String]) -> Result<Side, Failure> {
    let (run, target) = match read_head(store, name) {
        Ok(head) => (head, None),
        Err(_) => match name.rsplit_once(':') {
            Some((run, target)) => (read_head(store, run).map_err(refused)?, Some(target)),
            None => (read_head(store, name).map_err(refused)?, None),
        },
    };
    let names: Vec<String> = run.targets.iter().map(|target| target.name.clone()).collect();
    let target = match target {
        Some(target) if names.iter().any(|name| name == target) => target.to_owned(),
        Some(target) => return Err(Failure::usage(format!("{} has no target `{target}`", run.id), format!("it has {}", names.join(", ")))),
        None if names.len() == 1 => names[0].clone(),
        None => {
            return Err(Failure::usage(
                format!("{} has several targets", run.id),
                format!("name one, such as {name}:{}", names.first().map_or("", String::as_str)),
            ));
        }
    };
    let rows: Vec<Row> = judged_rows(store, &run.id)?;
    let of_target = totals(&rows, std::slice::from_ref(&target), run.errors_max, Level::P95);
    let invalid = of_target.targets.first().and_then(|totals| if let Validity::Invalid { share, .. } = totals.validity { Some(share) } else { None });
    let is_wanted = |row: &Row| row.cell.target == target && (tags.is_empty() || row.tags.iter().any(|tag| tags.contains(tag)));
    let rows = rows.into_iter().filter(is_wanted).collect();
    Ok(Side { label: format!("{}:{target}", run.id), run: run.id, rows, invalid })
}

/// A comparison for people.
fn show(comparison: &Comparison, limit: usize, run: &str) {
    println!("{}\n  against {}", comparison.candidate, comparison.baseline);
    println!("\n  VERDICT: {}", told(comparison));
    println!(
        "\n  passed   {:.1} % → {:.1} % on {} cases of both ({} cannot be paired)",
        100.0 * comparison.rates.0,
        100.0 * comparison.rates.1,
        comparison.cases,
        comparison.unpaired
    );
    if let Some(found) = &comparison.difference {
        let p = comparison.p.map_or(String::new(), |p| format!("; p = {p:.4}, {}", comparison.test));
        println!("  change   {:+.1} points{} ({}{p})", 100.0 * found.value, interval(found, 100.0, 1), found.method);
    }
    println!("  flips    {} fixed, {} broken", comparison.fixed.len(), comparison.broken.len());
    println!("  cost     {} usd a case more", figure(comparison.usd_per_case.as_ref(), 1.0, 6));
    if let Some((before, after, apart)) = &comparison.usd_per_success {
        println!("           {before:.6} → {after:.6} usd a success, change {}", figure(apart.as_ref(), 1.0, 6));
    }
    println!("  latency  {} ms more", figure(comparison.latency_ms.as_ref(), 1.0, 1));
    for (name, flips) in [("broken", &comparison.broken), ("fixed", &comparison.fixed)] {
        if !flips.is_empty() {
            println!();
            let row =
                |flip: &Flip| vec![flip.case.clone(), format!("{}/{} → {}/{}", flip.before.0, flip.before.1, flip.after.0, flip.after.1), flip.why.clone()];
            output::table(&[name, "passed", "why it fails"], &[], flips.iter().take(limit).map(row).collect());
            if flips.len() > limit {
                println!("… and {} more; --limit shows them", flips.len() - limit);
            }
        }
    }
    if let Some(flip) = comparison.broken.first().or(comparison.fixed.first()) {
        println!("\n`jeton eval show {run} --case {}` opens one.", flip.case);
    }
}

fn told(comparison: &Comparison) -> String {
    match comparison.verdict {
        Verdict::Better => "better".to_owned(),
        Verdict::Worse => "worse".to_owned(),
        Verdict::NoRelevantDifference => format!("no relevant difference (within {:.1} points)", 100.0 * comparison.margin),
        Verdict::Undecided { more_cases: Some(more) } => format!("undecided: about {more} more cases would decide, should it stay like this"),
        Verdict::Undecided { more_cases: None } => "undecided".to_owned(),
    }
}
