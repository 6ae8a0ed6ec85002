//! `jeton eval list`.

use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_eval::label::judged_rows;
use jeton_eval::read;
use jeton_eval::run::RunHead;
use jeton_eval::totals::totals;
use jeton_ledger::{Records, RunRecord, Runs};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Runs that are listed.
const RUNS: u64 = 20;

pub(super) fn list(context: &Context, runs: Option<&str>, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    if let Some(suite) = runs {
        return list_runs(&store, &store.runs(Some(suite), RUNS)?, is_json);
    }
    let root = context.project.dir();
    let suites = read::suites(root);
    tell_twins(root, &suites);
    let mut rows = Vec::new();
    let mut data = Vec::new();
    for (name, file) in &suites {
        let shown = file.strip_prefix(root).unwrap_or(Path::new(file)).display().to_string();
        let last = store.runs(Some(name), 1)?.into_iter().next();
        rows.push(vec![name.clone(), shown.clone(), last.as_ref().map_or_else(|| "never run".to_owned(), |run| run.id.clone())]);
        data.push(json!({ "suite": name, "file": shown, "last_run": last.map(|run| run.id) }));
    }
    if is_json {
        output::json(&data);
    } else if rows.is_empty() {
        println!("There is no suite yet. Put one into evals/NAME.toml; docs/evals.md says how, and `jeton eval run FILE` also reads promptfoo's.");
    } else {
        output::table(&["suite", "file", "last run"], &[], rows);
    }
    Ok(())
}

/// Tells of files whose suites have one name.
fn tell_twins(root: &Path, suites: &[(String, PathBuf)]) {
    let shown = |file: &Path| file.strip_prefix(root).unwrap_or(file).display().to_string();
    for (place, (name, file)) in suites.iter().enumerate() {
        if let Some((_, first)) = suites[..place].iter().find(|(other, _)| other == name) {
            eprintln!(
                "two suites are called `{name}`: {} and {}\n  next: give one of them another `name`; neither is run until then",
                shown(first),
                shown(file)
            );
        }
    }
}

fn list_runs(store: &dyn Records, runs: &[RunRecord], is_json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut data = Vec::new();
    for run in runs {
        let Ok(head) = serde_json::from_str::<RunHead>(&run.json) else { continue };
        let done = judged_rows(store, &head.id)?;
        let names: Vec<String> = head.targets.iter().map(|target| target.name.clone()).collect();
        let totals = totals(&done, &names, head.errors_max, Level::P95);
        for target in &totals.targets {
            rows.push(vec![
                head.id.clone(),
                target.target.clone(),
                format!("{}/{}", target.cells, head.cells / head.targets.len().max(1)),
                super::show::figure(target.pass_rate.as_ref(), 100.0, 1),
                output::money(target.cost, target.cost_unknown as u64),
            ]);
        }
        data.push(json!({ "run": head, "totals": totals }));
    }
    if is_json {
        output::json(&data);
    } else if rows.is_empty() {
        println!("There is no run of this suite.");
    } else {
        output::table(&["run", "target", "cells", "passed % [95 %]", "cost"], &[], rows);
    }
    Ok(())
}
