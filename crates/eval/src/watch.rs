//! What runs without being asked: when a suite is due, when silence is an alarm, and whether results drift. Pure: time comes in, decisions go
//! out, and what is remembered are the heartbeats, alarms and runs in the ledger.

use crate::{Row, Watch};
use jeton_allocate::Level;
use jeton_allocate::bootstrap::quantile;
use jeton_allocate::monitor::{Change, Detector};
use jeton_context::Digest;
use jeton_core::{SeededRandom, Timestamp};
use jeton_ledger::Note;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The kind of the note of a heartbeat; its subject is the suite.
pub const HEARTBEAT: &str = "heartbeat";
/// The kind of the note of an alarm; its subject is the suite.
pub const ALARM: &str = "alarm";

pub(crate) const MINUTE_MS: i64 = 60_000;
/// Runs whose figures are what later ones are compared with.
const BASELINE_RUNS: usize = 3;
/// A rise of cost that is no drift: prices and lengths of answers move a little.
const COST_SLACK: f64 = 1.10;
/// A rise of latency that is no drift: the way to a provider is not steady.
const LATENCY_SLACK: f64 = 1.25;
const SEED: u64 = 1;

/// A sign of life: what was to be done and what was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The run; none: it did not come to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// When it was due.
    pub due: Timestamp,
    /// Cells that were planned; none: it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// Cells that have a row.
    pub executed: u64,
    /// Cells that have a verdict.
    pub scored: u64,
}

/// Whether so many results are a sign of life: some, and at least half of what was expected, where that is known.
#[must_use]
pub fn is_alive(expected: Option<u64>, scored: u64) -> bool {
    scored > 0 && expected.is_none_or(|expected| scored.saturating_mul(2) >= expected)
}

/// What an alarm is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Nothing, or less than half, was scored although it was due.
    Silence,
    /// Fewer pass.
    Quality,
    /// Answers cost more.
    Cost,
    /// Answers take longer.
    Latency,
    /// Callers of live calls say that they are worse.
    Feedback,
    /// A kind of failure makes up more of the results.
    Failures,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// The suite.
    pub suite: String,
    /// What it is about.
    pub kind: AlarmKind,
    /// The target; none: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The run in which it came up; none: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What happened, for people.
    pub message: String,
}

/// What is remembered of a suite's watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WatchState {
    /// When the last run was begun, or tried.
    pub tried: Option<Timestamp>,
    /// Since when something is due that was not scored.
    pub waiting: Option<Timestamp>,
    /// Whether this silence was told already.
    pub is_told: bool,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Run the suite; since when that was due.
    pub run: Option<Timestamp>,
    /// Tell that it is silent; since when.
    pub silent: Option<Timestamp>,
    /// When to look again.
    pub next: Option<Timestamp>,
}

impl WatchState {
    /// From the notes of a suite, newest first: heartbeats and alarms.
    #[must_use]
    pub fn of_notes(heartbeats: &[Note], alarms: &[Note]) -> Self {
        let mut state = Self::default();
        for note in heartbeats.iter().rev() {
            if let Ok(beat) = serde_json::from_str::<Heartbeat>(&note.json) {
                state.beat(&beat, note.at);
            }
        }
        let is_silence = |note: &&Note| serde_json::from_str::<Alarm>(&note.json).is_ok_and(|alarm| alarm.kind == AlarmKind::Silence);
        let told = alarms.iter().find(is_silence).map(|note| note.at);
        state.is_told = state.waiting.zip(told).is_some_and(|(waiting, told)| told >= waiting);
        state
    }

    /// Takes a heartbeat that came `at`.
    pub fn beat(&mut self, beat: &Heartbeat, at: Timestamp) {
        self.tried = Some(at);
        if is_alive(beat.expected, beat.scored) {
            (self.waiting, self.is_told) = (None, false);
        } else {
            self.waiting.get_or_insert(beat.due);
        }
    }

    /// What is to be done `now`. A suite that never ran is due at once. Silence is told once, [`Watch::silent_minutes`] after the first thing
    /// that was due and not scored; that a schedule was missed, because nothing ran at all, is silence too.
    #[must_use]
    pub fn step(&self, watch: &Watch, now: Timestamp) -> Step {
        let Some(every) = watch.every_minutes else { return Step { run: None, silent: None, next: None } };
        let after = |at: Timestamp, minutes: u64| Timestamp(at.0.saturating_add(MINUTE_MS.saturating_mul(i64::try_from(minutes).unwrap_or(i64::MAX))));
        let due = self.tried.map_or(now, |tried| after(tried, every.max(1)));
        let waiting = self.waiting.or_else(|| (due <= now).then_some(due));
        let silent_from = waiting.map(|waiting| after(waiting, watch.silent_minutes.max(1)));
        let silent = waiting.filter(|_| !self.is_told && silent_from.is_some_and(|from| from <= now));
        let run = (due <= now).then_some(due);
        let next_due = if run.is_some() { after(now, every.max(1)) } else { due };
        let next = silent_from.filter(|from| *from > now && !self.is_told).map_or(next_due, |from| from.min(next_due));
        Step { run, silent, next: Some(next) }
    }
}

/// The alarm of a silence.
#[must_use]
pub fn silence(suite: &str, since: Timestamp, now: Timestamp) -> Alarm {
    let minutes = (now.0 - since.0) / MINUTE_MS;
    let message = format!("suite {suite}: nothing, or less than half, was scored for {minutes} minutes although it was due at {}", since.rfc3339());
    Alarm { suite: suite.to_owned(), kind: AlarmKind::Silence, target: None, run: None, message }
}

/// A run as drift sees it.
#[derive(Clone, Copy, Debug)]
pub struct RunSeen<'r> {
    /// Its id.
    pub id: &'r str,
    /// The digest of the suite: runs of another one are not compared.
    pub digest: Digest,
    /// Its rows.
    pub rows: &'r [Row],
}

/// Alarms of drift in the runs of a suite, the oldest run first: of pass rate, cost and latency of every target.
///
/// Each result is compared with its own case in the first three runs: as ½ + ½(passed − rate then), and for cost and latency, with the ratio
/// r to the median then, as r/(1 + r), which is ½ where nothing changed. These go to a [`Detector`] in a random order within each run. The
/// baseline is moved to the cautious end of its own interval, and rises of cost by 10 % and of latency by 25 % are none. All detectors
/// together raise a false alarm about once in `run_length` results or less often: each has its number of them times that length, since
/// their mean is a detector too (Shin, Ramdas and Rinaldo 2023). After an alarm, and where the suite changes, a new baseline begins.
#[must_use]
pub fn drift(suite: &str, runs: &[RunSeen<'_>], run_length: f64, level: Level) -> Vec<Alarm> {
    let targets: BTreeSet<&str> = runs.iter().flat_map(|run| run.rows.iter().map(|row| row.cell.target.as_str())).collect();
    let each = run_length.max(1.0) * 4.0 * targets.len().max(1) as f64;
    let mut alarms = Vec::new();
    for target in targets {
        for kind in [AlarmKind::Quality, AlarmKind::Cost, AlarmKind::Latency] {
            alarms.extend(of_measure(suite, runs, target, kind, each, level));
        }
    }
    alarms.extend(failing(suite, runs, run_length.max(1.0) * 4.0, level));
    let place = |alarm: &Alarm| runs.iter().position(|run| alarm.run.as_deref() == Some(run.id));
    alarms.sort_by_key(|alarm| (place(alarm), alarm.kind));
    alarms
}

/// Alarms of kinds of failure that make up more of the rows than in the first three runs with the suite as it is.
fn failing(suite: &str, runs: &[RunSeen<'_>], run_length: f64, level: Level) -> Vec<Alarm> {
    let Some(last) = runs.last() else { return Vec::new() };
    let since = runs.iter().rposition(|run| run.digest != last.digest).map_or(0, |place| place + 1);
    let same = &runs[since..];
    let kind = |row: &Row| row.fault.as_ref().map(|fault| format!("error:{}", fault.code)).or_else(|| crate::live::failure_of(&row.grades));
    let rows: Vec<(&str, Option<String>)> = same.iter().flat_map(|run| run.rows.iter().map(|row| (run.id, kind(row)))).collect();
    let judged: Vec<(&str, Option<&str>)> = rows.iter().map(|(run, kind)| (*run, kind.as_deref())).collect();
    let baseline: usize = same.iter().take(BASELINE_RUNS).map(|run| run.rows.len()).sum();
    if same.len() <= BASELINE_RUNS || baseline == 0 {
        return Vec::new();
    }
    let told = crate::live::failures(&judged, baseline, run_length, level).into_iter().map(|(run, kind, then, now)| Alarm {
        suite: suite.to_owned(),
        kind: AlarmKind::Failures,
        target: None,
        run: Some(run.to_owned()),
        message: format!("suite {suite}: more answers fail by {kind}: {:.1} % of late, {:.1} % at first", 100.0 * now, 100.0 * then),
    });
    told.collect()
}

fn of_measure(suite: &str, runs: &[RunSeen<'_>], target: &str, kind: AlarmKind, run_length: f64, level: Level) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let (mut base, mut detector): (Vec<&RunSeen<'_>>, Option<(Baseline, Detector)>) = (Vec::new(), None);
    for run in runs {
        if base.first().is_some_and(|first| first.digest != run.digest) {
            base.clear();
            detector = None;
        }
        let Some((baseline, watching)) = &mut detector else {
            base.push(run);
            if base.len() == BASELINE_RUNS {
                detector = Baseline::of(&base, target, kind, level)
                    .and_then(|baseline| Some((baseline.clone(), Detector::new(baseline.mean, baseline.change, run_length)?)));
                if detector.is_none() {
                    // Too little is known of it in these: the next runs are tried.
                    base.remove(0);
                }
            }
            continue;
        };
        let mut scores = baseline.scores(run, target, kind);
        SeededRandom::new(Digest::of_parts(&[run.id.as_bytes()]).0.iter().fold(SEED, |seed, byte| seed.wrapping_mul(257).wrapping_add(u64::from(*byte))))
            .shuffle(&mut scores);
        if scores.iter().fold(false, |_, score| watching.push(*score)) {
            alarms.push(alarm(suite, run, target, kind, baseline));
            base.clear();
            detector = None;
        }
    }
    alarms
}

/// What each case did at first.
#[derive(Clone, Debug)]
struct Baseline {
    cases: HashMap<String, f64>,
    mean: f64,
    change: Change,
}

fn measured(row: &Row, kind: AlarmKind) -> Option<f64> {
    match kind {
        AlarmKind::Quality => row.passed().map(f64::from),
        AlarmKind::Cost => row.cost.filter(|_| !row.is_cached).map(jeton_core::Nanousd::as_usd_f64).filter(|usd| *usd > 0.0),
        AlarmKind::Latency => row.latency_us().map(|us| us as f64).filter(|us| *us > 0.0),
        AlarmKind::Silence | AlarmKind::Feedback | AlarmKind::Failures => None,
    }
}

impl Baseline {
    fn of(runs: &[&RunSeen<'_>], target: &str, kind: AlarmKind, level: Level) -> Option<Self> {
        let rows: Vec<&Row> = runs.iter().flat_map(|run| run.rows).filter(|row| row.cell.target == target).collect();
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for row in &rows {
            values.entry(&row.cell.case).or_default().extend(measured(row, kind));
        }
        let of_case = |mut values: Vec<f64>| match kind {
            AlarmKind::Quality => (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
            _ => {
                values.sort_by(f64::total_cmp);
                quantile(&values, 0.5)
            }
        };
        let cases: HashMap<String, f64> = values.into_iter().filter_map(|(case, values)| Some((case.to_owned(), of_case(values)?))).collect();
        if cases.is_empty() {
            return None;
        }
        let ratio = |slack: f64| slack / (1.0 + slack);
        let (mean, change) = match kind {
            AlarmKind::Cost => (ratio(COST_SLACK), Change::Rise),
            AlarmKind::Latency => (ratio(LATENCY_SLACK), Change::Rise),
            // How far the baseline itself may be off: the runs may have had luck.
            _ => {
                let rate = crate::totals::rate(&crate::totals::each_once(&rows, crate::totals::passed), level)?;
                (0.5 - (rate.value - rate.interval?.low).max(0.0) / 2.0, Change::Drop)
            }
        };
        Some(Self { cases, mean, change })
    }

    fn scores(&self, run: &RunSeen<'_>, target: &str, kind: AlarmKind) -> Vec<f64> {
        let score = |row: &Row| {
            let (now, then) = (measured(row, kind)?, self.cases.get(&row.cell.case)?);
            Some(if kind == AlarmKind::Quality { f64::midpoint(1.0, now - then) } else { now / (now + then) })
        };
        run.rows.iter().filter(|row| row.cell.target == target).filter_map(score).collect()
    }
}

fn alarm(suite: &str, run: &RunSeen<'_>, target: &str, kind: AlarmKind, baseline: &Baseline) -> Alarm {
    let rows: Vec<&Row> = run.rows.iter().filter(|row| row.cell.target == target && baseline.cases.contains_key(&row.cell.case)).collect();
    let now: Vec<f64> = rows.iter().filter_map(|row| measured(row, kind)).collect();
    let mean = |values: &mut dyn Iterator<Item = f64>, n: usize| values.sum::<f64>() / n.max(1) as f64;
    let (now, then) = (mean(&mut now.iter().copied(), now.len()), mean(&mut baseline.cases.values().copied(), baseline.cases.len()));
    let what = match kind {
        AlarmKind::Quality => format!("passes fell: {:.1} % in this run, {:.1} % at first", 100.0 * now, 100.0 * then),
        AlarmKind::Cost => format!("answers cost more: {now:.6} usd each in this run, {then:.6} at first"),
        AlarmKind::Latency => format!("answers take longer: {:.0} ms in this run, {:.0} at first", now / 1_000.0, then / 1_000.0),
        AlarmKind::Silence | AlarmKind::Feedback | AlarmKind::Failures => String::new(),
    };
    Alarm {
        suite: suite.to_owned(),
        kind,
        target: Some(target.to_owned()),
        run: Some(run.id.to_owned()),
        message: format!("suite {suite}, target {target}: {what}"),
    }
}

#[cfg(test)]
mod tests;
