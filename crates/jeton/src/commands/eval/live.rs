//! `jeton eval live`: what became of the live calls that suites judge.

use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_allocate::Level;
use jeton_core::Timestamp;
use jeton_eval::live::{Kept, LIVE_BEAT, LiveSummary, feedback, summary};
use jeton_eval::read;
use jeton_eval::watch::Alarm;
use jeton_ledger::sqlite::SqliteStore;
use jeton_ledger::{NoteFilter, Runs};
use serde_json::json;
use std::collections::BTreeSet;

/// Results that are summed up, the newest of each suite.
const RESULTS: u64 = 5_000;

pub(super) fn live(context: &Context, suite: Option<&str>, is_json: bool) -> Result<(), Failure> {
    let store = super::super::store(context)?;
    let names: BTreeSet<String> = match suite {
        Some(name) => BTreeSet::from([name.to_owned()]),
        None => sampled(context, &store)?,
    };
    let told = names
        .iter()
        .map(|name| {
            let kept = Kept::read(&store, name, RESULTS)?;
            let said = feedback(&store, &kept.results)?;
            Ok((name, summary(&kept.results, &kept.beats, &said, Level::P95), kept.alarms))
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if is_json {
        let data: Vec<_> = told.iter().map(|(name, found, alarms)| json!({ "suite": name, "live": found, "alarms": alarms })).collect();
        output::json(&data);
        return Ok(());
    }
    if told.is_empty() {
        println!("No suite judges live calls. Write `[watch]` with `sample = 0.05` into a suite that has a class; `jeton up` does the rest.");
    }
    for (name, found, alarms) in told {
        show(name, &found, &alarms);
    }
    Ok(())
}

/// Suites that want a sample, and those that have judged some.
fn sampled(context: &Context, store: &SqliteStore) -> Result<BTreeSet<String>, Failure> {
    let root = context.project.dir();
    let files = read::discover(root).into_iter().filter_map(|file| read::read_suite(root, &file).ok());
    let wanting = files.filter(|(suite, _)| suite.watch.as_ref().is_some_and(|watch| watch.sample > 0.0)).map(|(suite, _)| suite.name);
    let judged = store.notes(&NoteFilter { kind: Some(LIVE_BEAT.to_owned()), subject_prefix: None, limit: Some(RESULTS) })?;
    Ok(wanting.chain(judged.into_iter().map(|note| note.subject)).collect())
}

fn show(name: &str, found: &LiveSummary, alarms: &[Alarm]) {
    println!("suite {name}");
    println!("  judged      {} calls, {} with a verdict; {} let go of", found.executed, found.scored, found.dropped);
    match &found.pass_rate {
        Some((rate, interval)) => println!("  pass rate   {:.1} % [{:.1}, {:.1}]", 100.0 * rate, 100.0 * interval.low, 100.0 * interval.high),
        None => println!("  pass rate   unknown: nothing was scored yet"),
    }
    match found.feedback {
        Some((count, mean)) => println!("  feedback    {mean:.2} on average, of {count} calls"),
        None => println!("  feedback    none on these calls"),
    }
    for (kind, count) in &found.failures {
        println!("  failed by   {}: {count}", output::line(kind));
    }
    println!("  last sign   {}", found.last_beat.map_or_else(|| "none yet".to_owned(), Timestamp::rfc3339));
    alarms.iter().rev().take(3).for_each(|alarm| println!("  ALARM       {}", output::line(&alarm.message)));
}
