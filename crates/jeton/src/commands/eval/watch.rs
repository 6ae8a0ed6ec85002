//! `jeton eval watch`: suites run on their schedules, with heartbeats, and alarms on silence and drift.

use super::run::{Begun, Gating, execute};
use super::{Desk, chance, choice};
use crate::caller::Wall;
use crate::cli::{ChoiceArgs, WatchArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use crate::serve::live::usd_of;
use jeton_allocate::Level;
use jeton_context::Severity;
use jeton_core::{Clock, Nanousd, SystemClock, Timestamp};
use jeton_eval::run::{RunHead, read_rows, run_id};
use jeton_eval::watch::{ALARM, Alarm, HEARTBEAT, Heartbeat, RunSeen, WatchState, drift, silence};
use jeton_eval::{Row, Suite, Watch, read};
use jeton_ledger::sqlite::{SqliteStore, running_server};
use jeton_ledger::{CostQuery, Dimension, Note, NoteFilter, Records, Runs, Window};
use serde_json::json;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Runs of a suite that drift is looked for in.
const RUNS: u64 = 50;
/// Heartbeats and alarms that are read back.
const NOTES: u64 = 50;
/// The longest sleep, so that a changed suite is seen soon.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Minutes between looks at a suite of which nothing is known but that it was watched, and after which it is silent.
const SILENT_MINUTES: u64 = 60;
/// How long a webhook may take.
const POST_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn watch(context: &Context, args: &WatchArgs, is_json: bool) -> Result<(), Failure> {
    let (mut is_first, mut heads) = (true, HashMap::new());
    loop {
        let suites = watched(context, &args.suite, &mut heads)?;
        if suites.is_empty() {
            return Err(Failure::usage(
                "no suite has `[watch] every_minutes`, so there is nothing to watch",
                "write `[watch]` with `every_minutes = 60` into a suite",
            ));
        }
        let (mut alarms, mut next) = (Vec::new(), None);
        for (suite, watch) in &suites {
            let (raised, at) = look(context, suite, watch)?;
            alarms.extend(raised);
            next = [next, at].into_iter().flatten().min();
        }
        tell(&suites, &alarms, next, is_first || args.once, is_json);
        if args.once {
            return if alarms.is_empty() { Ok(()) } else { Err(Failure::No) };
        }
        is_first = false;
        if !wait(next)? {
            return Ok(());
        }
    }
}

/// The suites with a schedule. One that cannot be read does not keep the others from running; it is due all the same, cannot be run, and so
/// falls silent. `heads` are those that could be read before.
fn watched(context: &Context, names: &[String], heads: &mut HashMap<PathBuf, Suite>) -> Result<Vec<(Suite, Watch)>, Failure> {
    let root = context.project.dir();
    let files = if names.is_empty() { read::discover(root) } else { names.iter().map(|name| super::file_of(context, name)).collect::<Result<_, _>>()? };
    let mut found = Vec::new();
    for file in files {
        let head = match read::read_suite(root, &file) {
            Ok((suite, _)) => Some(suite),
            Err(findings) => {
                let why = findings.iter().find(|finding| finding.severity == Severity::Error).map_or("", |finding| finding.message.as_str());
                eprintln!("{} cannot be read: {why}", file.display());
                unread(context, &file, heads)?
            }
        };
        let Some(suite) = head else { continue };
        heads.insert(file, suite.clone());
        found.extend(suite.watch.clone().filter(|watch| watch.every_minutes.is_some()).map(|watch| (suite, watch)));
    }
    Ok(found)
}

/// What is known of a suite that cannot be read: what it says of itself still, what it said last, or, where it was watched before and nothing
/// more is known, that an hour without a score is silence.
fn unread(context: &Context, file: &Path, heads: &HashMap<PathBuf, Suite>) -> Result<Option<Suite>, Failure> {
    let root = context.project.dir();
    if let Some(head) = read::head_of(root, file).or_else(|| heads.get(file).cloned()) {
        return Ok(Some(head));
    }
    let name = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if state(&super::super::store(context)?, &name)?.tried.is_none() {
        return Ok(None);
    }
    let place = jeton_context::Place::file(file.strip_prefix(root).unwrap_or(file).to_string_lossy());
    let watch = Watch {
        every_minutes: Some(SILENT_MINUTES),
        sample: 0.0,
        budget_usd_per_day: None,
        silent_minutes: SILENT_MINUTES,
        false_alarm_every: 10_000.0,
        webhook: None,
    };
    Ok(Some(Suite { watch: Some(watch), ..Suite::new(name, place) }))
}

/// One look at one suite: what is due is done. Gives the alarms and when to look again.
fn look(context: &Context, suite: &Suite, watch: &Watch) -> Result<(Vec<Alarm>, Option<Timestamp>), Failure> {
    let store = super::super::store(context)?;
    let mut state = state(&store, &suite.name)?;
    let now = SystemClock.now();
    let step = state.step(watch, now);
    let mut alarms = Vec::new();
    if let Some(since) = step.silent {
        alarms.push(silence(&suite.name, since, now));
    }
    if let Some(due) = step.run {
        let beat = run(context, &store, suite, watch, due);
        let at = SystemClock.now();
        store.add_note(&Note { kind: HEARTBEAT.to_owned(), subject: suite.name.clone(), at, json: json!(beat).to_string() })?;
        state.beat(&beat, at);
        if let Some(run) = &beat.run {
            alarms.extend(drifted(&store, suite, watch, run)?);
        }
    }
    for alarm in &alarms {
        store.add_note(&Note { kind: ALARM.to_owned(), subject: suite.name.clone(), at: SystemClock.now(), json: json!(alarm).to_string() })?;
        post(watch, alarm);
    }
    state.is_told |= step.silent.is_some() && state.waiting.is_some();
    Ok((alarms, state.step(watch, SystemClock.now()).next))
}

fn state(store: &dyn Records, suite: &str) -> Result<WatchState, Failure> {
    let of = |kind: &str| {
        let filter = NoteFilter { kind: Some(kind.to_owned()), subject_prefix: Some(suite.to_owned()), limit: Some(NOTES) };
        // A prefix is also that of suites whose names go on.
        store.notes(&filter).map(|notes| notes.into_iter().filter(|note| note.subject == suite).collect::<Vec<_>>())
    };
    Ok(WatchState::of_notes(&of(HEARTBEAT)?, &of(ALARM)?))
}

/// Runs a suite. That it could not be run is a heartbeat without a score: after a while it is silence.
fn run(context: &Context, store: &SqliteStore, suite: &Suite, watch: &Watch, due: Timestamp) -> Heartbeat {
    let id = run_id(SystemClock.now(), chance());
    let wall = daily_wall(context, store, suite, watch);
    let done = wall.and_then(|wall| Desk::open_to_try(context, &suite.place.path, wall.as_ref(), &[])).and_then(|desk| {
        let choice = choice(&ChoiceArgs::default(), &desk.suite);
        desk.with(async |place| execute(place, &desk, Begun::New(choice, id), Gating::default()).await)?
    });
    match done {
        Ok(done) => {
            let scored = done.session.rows.iter().filter(|row| row.passed().is_some()).count();
            let (expected, executed) = (done.session.plan.len() as u64, done.session.rows.len() as u64);
            Heartbeat { run: Some(done.session.head.id), due, expected: Some(expected), executed, scored: scored as u64 }
        }
        Err(failure) => {
            eprintln!("{} was due and could not be run", suite.name);
            failure.report(false);
            Heartbeat { run: None, due, expected: None, executed: 0, scored: 0 }
        }
    }
}

/// What a suite may still spend today by itself. A server's broker makes its own holds, so while one has the ledger it is looked between runs
/// instead of at every call.
fn daily_wall(context: &Context, store: &SqliteStore, suite: &Suite, watch: &Watch) -> Result<Option<Wall>, Failure> {
    let Some(amount) = watch.budget_usd_per_day.map(usd_of) else { return Ok(None) };
    let now = SystemClock.now();
    let since = Timestamp(now.day() * 86_400_000);
    let query = CostQuery { since: Some(since), ..CostQuery::all(Dimension::Tag) };
    let tag = format!("suite:{}", suite.name);
    let spent = store.cost(&query)?.into_iter().find(|row| row.name == tag).map_or(Nanousd::ZERO, |row| row.real.charged.saturating_add(row.simulated.charged));
    if spent >= amount {
        return Err(Failure::dependency(
            format!("suite {} has spent {spent} of the {amount} that it may spend today", suite.name),
            "raise `budget_usd_per_day` in its [watch], or wait for tomorrow (UTC)",
        ));
    }
    if running_server(&context.ledger_path(&context.snapshot()?))?.is_some() {
        return Ok(None);
    }
    Ok(Some(Wall { account: format!("watch:{}", suite.name), amount, window: Window::Day }))
}

/// Alarms of drift that came up in this run.
fn drifted(store: &dyn Records, suite: &Suite, watch: &Watch, run: &str) -> Result<Vec<Alarm>, Failure> {
    let mut read: Vec<(RunHead, Vec<Row>)> = Vec::new();
    for record in store.runs(Some(&suite.name), RUNS)?.into_iter().rev() {
        let Ok(head) = serde_json::from_str::<RunHead>(&record.json) else { continue };
        let rows = read_rows(store, &record.id)?;
        // Parts of a suite and runs that were cut off measure something else.
        if rows.len() == head.cells && head.choice.cases.is_empty() && head.choice.tags.is_empty() {
            read.push((head, rows));
        }
    }
    let seen: Vec<RunSeen<'_>> = read.iter().map(|(head, rows)| RunSeen { id: &head.id, digest: head.digest, rows }).collect();
    Ok(drift(&suite.name, &seen, watch.false_alarm_every, Level::P95).into_iter().filter(|alarm| alarm.run.as_deref() == Some(run)).collect())
}

/// Posts an alarm. What goes wrong is told; the alarm stands in the ledger all the same.
fn post(watch: &Watch, alarm: &Alarm) {
    let Some(url) = &watch.webhook else { return };
    let body = json!({ "kind": "jeton.alarm", "alarm": alarm, "text": alarm.message }).to_string();
    let posted = runtime().map(|runtime| runtime.block_on(jeton_upstream::post(url, http::HeaderMap::new(), body.into(), POST_LIMIT)));
    match posted {
        Ok(Ok(answer)) if (200..300).contains(&answer.status) => {}
        Ok(Ok(answer)) => eprintln!("the webhook answered {}; the alarm stands in the ledger", answer.status),
        Ok(Err(why)) => eprintln!("the webhook could not be reached: {why}; the alarm stands in the ledger"),
        Err(failure) => failure.report(false),
    }
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Failure::dependency(format!("no runtime could be started: {error}"), ""))
}

/// Sleeps until the next look. `false`: somebody wants it to end.
fn wait(next: Option<Timestamp>) -> Result<bool, Failure> {
    let left = next.map_or(SLEEP_MAX, |next| Duration::from_millis(u64::try_from(next.0 - SystemClock.now().0).unwrap_or(0)));
    let sleep = left.clamp(Duration::from_secs(1), SLEEP_MAX);
    Ok(runtime()?.block_on(async {
        tokio::select! {
            () = tokio::time::sleep(sleep) => true,
            _ = tokio::signal::ctrl_c() => false,
        }
    }))
}

fn tell(suites: &[(Suite, Watch)], alarms: &[Alarm], next: Option<Timestamp>, is_told: bool, is_json: bool) {
    if is_json && (is_told || !alarms.is_empty()) {
        output::json(
            &json!({ "suites": suites.iter().map(|(suite, _)| &suite.name).collect::<Vec<_>>(), "alarms": alarms, "next": next.map(Timestamp::rfc3339) }),
        );
        return;
    }
    alarms.iter().for_each(|alarm| println!("ALARM {}", output::line(&alarm.message)));
    if is_told && !is_json {
        let next = next.map_or(String::new(), |next| format!("; the next look is due at {}", next.rfc3339()));
        println!("{} watched, {} alarms{next}", if suites.len() == 1 { "1 suite".to_owned() } else { format!("{} suites", suites.len()) }, alarms.len());
    }
}
