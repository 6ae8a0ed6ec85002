//! Live calls that are judged: which ones, by which graders, what is kept of them, and whether they drift. Pure but for `kept`.

mod kept;
mod pulse;

pub use kept::{Kept, feedback};
pub use pulse::{BEAT_MS, Pulse, silence};

use crate::grader::{calls_of, is_of_case, takes_reference};
use crate::watch::{Alarm, AlarmKind};
use crate::{Criterion, Grade, Grader, Outcome, Suite, Verdict};
use jeton_allocate::bootstrap::quantile;
use jeton_allocate::monitor::{Change, Detector};
use jeton_allocate::proportion::wilson;
use jeton_allocate::{Interval, Level};
use jeton_core::{CallId, Nanousd, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The kind of the note of a judged call; its subject is the suite.
pub const LIVE: &str = "live";
/// The kind of the note that says what was to be judged and what was; its subject is the suite.
pub const LIVE_BEAT: &str = "live-heartbeat";

/// Results that later ones are compared with.
const BASELINE_RESULTS: usize = 200;
/// A rise of cost that is no drift.
const COST_SLACK: f64 = 1.10;
/// A rise of latency that is no drift: the way to a provider is not steady.
const LATENCY_SLACK: f64 = 1.25;
/// Kinds of failure that are watched apart; the others are watched together.
const FAILURES_MAX: usize = 16;
/// All kinds of failure beyond [`FAILURES_MAX`].
const OTHER: &str = "other";
/// Quality, cost, latency, feedback, and the mix of failures.
const SERIES: f64 = 5.0;

/// Whether a call is in the sample of this share (0 to 1): by a hash of its id alone, so that every replica and every later reader agree.
/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014) makes the time in an id tell nothing of the draw.
#[must_use]
pub fn is_sampled(call: CallId, share: f64) -> bool {
    let mut mixed = call.to_i64().cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // The upper 53 bits, as a number from 0 to below 1.
    let drawn = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
    drawn < share
}

/// Whether a live answer can be judged by the grader: it must need nothing of a case, no reference and no person.
#[must_use]
pub fn judges_live(grader: &Grader) -> bool {
    fn has_person(criterion: &Criterion) -> bool {
        match criterion {
            Criterion::All { of } | Criterion::Any { of } => of.iter().any(|grader| has_person(&grader.criterion)),
            other => matches!(other, Criterion::Human { .. }),
        }
    }
    grader.referenced != Some(true) && !takes_reference(&grader.criterion) && !is_of_case(&grader.criterion, false) && !has_person(&grader.criterion)
}

/// Whether the grader calls models, so that it runs under a budget only.
#[must_use]
pub fn is_paid(grader: &Grader) -> bool {
    calls_of(&grader.criterion) > 0
}

/// The suite for one live call: its graders that can judge it, those that cost only where they are paid for; no cases.
#[must_use]
pub fn suite_for_live(suite: &Suite) -> Suite {
    let is_paid_for = suite.watch.as_ref().is_some_and(|watch| watch.budget_usd_per_day.is_some());
    let graders = suite.graders.iter().filter(|grader| judges_live(grader) && (is_paid_for || !is_paid(grader))).cloned().collect();
    Suite { graders, cases: Vec::new(), ..suite.clone() }
}

/// What is kept of a judged call. No text of the call is in it: graders' reasons quote answers, so they are not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveResult {
    /// The call.
    pub call: String,
    /// When it was judged.
    pub at: Timestamp,
    /// How it ended: `error` where the call itself failed.
    pub outcome: Outcome,
    /// How good, from 0 to 1; none where it was not scored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What went wrong: `grader:NAME`, `error:CODE`; none where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The graders' verdicts by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<(String, Verdict)>,
    /// The model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the call cost; none: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Nanousd>,
    /// How long it took, in microseconds.
    pub latency_us: u64,
    /// Whether a simulated provider answered.
    #[serde(default)]
    pub is_simulated: bool,
}

impl LiveResult {
    /// Passed or failed; none where nothing can be said.
    #[must_use]
    pub const fn passed(&self) -> Option<bool> {
        match self.outcome {
            Outcome::Passed => Some(true),
            Outcome::Failed => Some(false),
            _ => None,
        }
    }
}

/// The first grade that decides and is not met, as a kind of failure.
#[must_use]
pub fn failure_of(grades: &[Grade]) -> Option<String> {
    grades.iter().find(|grade| grade.verdict == Verdict::Fail && grade.weight != 0.0).map(|grade| format!("grader:{}", grade.grader))
}

/// What was to be judged since the last of its kind, and what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveBeat {
    /// Calls that the sample holds.
    pub expected: u64,
    /// Those that were judged.
    pub executed: u64,
    /// Those with a verdict.
    pub scored: u64,
    /// Those that were let go of, because more came than can be held.
    pub dropped: u64,
}

impl LiveBeat {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A series of results that may drift: when each came, and its value from 0 to 1.
struct Series<'r> {
    kind: AlarmKind,
    values: Vec<(&'r str, f64)>,
    change: Change,
}

/// Alarms of drift in live results, the oldest first; `feedback` has the scores that callers gave to calls, by their ids.
///
/// The first 200 results of each series are the baseline, moved to the cautious end of its own 95 % interval; each later one goes to a
/// [`Detector`]: passes and feedback as they are, cost and latency with the ratio r to the baseline's median as r/(1 + r), each kind of
/// failure as its share among all results. All detectors of a suite together raise a false alarm about once in `run_length` results or less
/// often: each of the five series has five times that length, and within the mix of failures each kind seventeen times more. After an alarm a
/// new baseline begins.
#[must_use]
pub fn drift(suite: &str, results: &[LiveResult], feedback: &HashMap<String, f64>, run_length: f64, level: Level) -> Vec<Alarm> {
    let each = run_length.max(1.0) * SERIES;
    let of =
        |value: &dyn Fn(&LiveResult) -> Option<f64>| -> Vec<(&str, f64)> { results.iter().filter_map(|one| Some((one.call.as_str(), value(one)?))).collect() };
    let mut alarms = Vec::new();
    for series in [
        Series { kind: AlarmKind::Quality, values: of(&|one| one.passed().map(|passed| f64::from(u8::from(passed)))), change: Change::Drop },
        Series { kind: AlarmKind::Feedback, values: of(&|one| feedback.get(&one.call).copied()), change: Change::Drop },
        Series { kind: AlarmKind::Cost, values: of(&|one| one.cost.map(Nanousd::as_usd_f64).filter(|usd| *usd > 0.0)), change: Change::Rise },
        Series { kind: AlarmKind::Latency, values: of(&|one| Some(one.latency_us as f64).filter(|us| *us > 0.0)), change: Change::Rise },
    ] {
        alarms.extend(of_series(suite, &series, each, level));
    }
    alarms.extend(of_failures(suite, results, each, level));
    let place: HashMap<&str, usize> = results.iter().enumerate().map(|(place, one)| (one.call.as_str(), place)).collect();
    alarms.sort_by_key(|alarm| (alarm.run.as_deref().and_then(|call| place.get(call)).copied(), alarm.kind));
    alarms
}

fn of_series(suite: &str, series: &Series<'_>, run_length: f64, level: Level) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut rest = series.values.as_slice();
    while rest.len() > BASELINE_RESULTS {
        let (base, later) = rest.split_at(BASELINE_RESULTS);
        let values: Vec<f64> = base.iter().map(|(_, value)| *value).collect();
        let Some(found) = first_alarm(series, &values, later, run_length, level) else { break };
        let (call, _) = later[found];
        let now: Vec<f64> = later[found.saturating_sub(BASELINE_RESULTS - 1)..=found].iter().map(|(_, value)| *value).collect();
        alarms.push(Alarm {
            suite: suite.to_owned(),
            kind: series.kind,
            target: None,
            run: Some(call.to_owned()),
            message: said(suite, series.kind, &values, &now),
        });
        rest = &later[found + 1..];
    }
    alarms
}

/// Where in `later` the detector of the series rings first.
fn first_alarm(series: &Series<'_>, base: &[f64], later: &[(&str, f64)], run_length: f64, level: Level) -> Option<usize> {
    let n = base.len() as f64;
    let (median, mean) = match series.kind {
        AlarmKind::Cost | AlarmKind::Latency => {
            let mut sorted = base.to_vec();
            sorted.sort_by(f64::total_cmp);
            let slack = if series.kind == AlarmKind::Cost { COST_SLACK } else { LATENCY_SLACK };
            (quantile(&sorted, 0.5)?, slack / (1.0 + slack))
        }
        // A score from 0 to 1 varies no more than a pass with the same mean, so the interval of passes is the cautious one.
        _ => (1.0, wilson(base.iter().sum(), n, level)?.low),
    };
    let score = |value: f64| match series.kind {
        AlarmKind::Cost | AlarmKind::Latency => value / (value + median),
        _ => value,
    };
    let mut detector = Detector::new(mean.clamp(1e-6, 1.0 - 1e-6), series.change, run_length)?;
    later.iter().position(|(_, value)| detector.push(score(*value)))
}

fn said(suite: &str, kind: AlarmKind, then: &[f64], now: &[f64]) -> String {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (then, now) = (mean(then), mean(now));
    let what = match kind {
        AlarmKind::Quality => format!("fewer live answers pass: {:.1} % of late, {:.1} % at first", 100.0 * now, 100.0 * then),
        AlarmKind::Feedback => format!("callers' verdicts fell: {now:.2} of late, {then:.2} at first"),
        AlarmKind::Cost => format!("live calls cost more: {now:.6} usd each of late, {then:.6} at first"),
        _ => format!("live calls take longer: {:.0} ms of late, {:.0} at first", now / 1_000.0, then / 1_000.0),
    };
    format!("suite {suite}: {what}")
}

/// Alarms of kinds of failure that make up more of the results than at first, whatever the whole does.
fn of_failures(suite: &str, results: &[LiveResult], run_length: f64, level: Level) -> Vec<Alarm> {
    let judged: Vec<(&str, Option<&str>)> =
        results.iter().filter(|one| one.outcome != Outcome::Unscored).map(|one| (one.call.as_str(), one.failure.as_deref())).collect();
    failures(&judged, BASELINE_RESULTS, run_length, level)
        .into_iter()
        .map(|(call, kind, then, now)| Alarm {
            suite: suite.to_owned(),
            kind: AlarmKind::Failures,
            target: None,
            run: Some(call.to_owned()),
            message: format!("suite {suite}: more live calls fail by {kind}: {:.1} % of late, {:.1} % at first", 100.0 * now, 100.0 * then),
        })
        .collect()
}

/// Where the share of a kind of failure rose, which one it is, and its share at first and of late.
pub(crate) fn failures<'r>(judged: &[(&'r str, Option<&str>)], baseline: usize, run_length: f64, level: Level) -> Vec<(&'r str, String, f64, f64)> {
    let mut found = Vec::new();
    let mut rest = judged;
    let each = run_length * (FAILURES_MAX + 1) as f64;
    while rest.len() > baseline {
        let (base, later) = rest.split_at(baseline);
        let count = |of: &[(&str, Option<&str>)], kind: &str| of.iter().filter(|(_, failure)| *failure == Some(kind)).count() as f64;
        let mut detectors: BTreeMap<&str, Detector> = BTreeMap::new();
        let mut named: BTreeSet<&str> = base.iter().filter_map(|(_, failure)| *failure).take(FAILURES_MAX).collect();
        let mut rung = None;
        for (place, (_, failure)) in later.iter().enumerate() {
            // A kind that comes up later is watched from where it comes up; its baseline is that it never came.
            if let Some(kind) = failure
                && named.len() < FAILURES_MAX
            {
                named.insert(kind);
            }
            for kind in named.iter().copied().chain([OTHER]) {
                let detector = detectors.entry(kind).or_insert_with(|| {
                    let high = wilson(count(base, kind), base.len() as f64, level).map_or(0.5, |interval: Interval| interval.high);
                    Detector::new(high.clamp(1e-6, 1.0 - 1e-6), Change::Rise, each).expect("the baseline lies between 0 and 1, and the length is at least 1")
                });
                let is_it = failure.is_some_and(|failure| failure == kind || (kind == OTHER && !named.contains(failure)));
                if detector.push(f64::from(u8::from(is_it))) {
                    rung.get_or_insert((place, kind));
                }
            }
            if rung.is_some() {
                break;
            }
        }
        let Some((place, kind)) = rung else { break };
        let late = &later[(place + 1).saturating_sub(baseline.max(1))..=place];
        found.push((later[place].0, kind.to_owned(), count(base, kind) / base.len() as f64, count(late, kind) / late.len() as f64));
        rest = &later[place + 1..];
    }
    found
}

/// What live results come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LiveSummary {
    /// Calls that the sample held.
    pub expected: u64,
    /// Calls that were judged.
    pub executed: u64,
    /// Calls with a verdict.
    pub scored: u64,
    /// Calls that were let go of.
    pub dropped: u64,
    /// The share that passed among those with a verdict, with its interval.
    pub pass_rate: Option<(f64, Interval)>,
    /// Failures by kind, the most frequent first.
    pub failures: Vec<(String, u64)>,
    /// How many of the judged calls have a score from their callers, and its mean.
    pub feedback: Option<(u64, f64)>,
    /// The last sign of life.
    pub last_beat: Option<Timestamp>,
}

/// Sums up results and signs of life, with the callers' own scores beside.
#[must_use]
pub fn summary(results: &[LiveResult], beats: &[(Timestamp, LiveBeat)], feedback: &HashMap<String, f64>, level: Level) -> LiveSummary {
    let scored = results.iter().filter_map(LiveResult::passed).count();
    let passed = results.iter().filter(|one| one.passed() == Some(true)).count();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    results.iter().filter_map(|one| one.failure.as_deref()).for_each(|kind| *kinds.entry(kind).or_default() += 1);
    let mut failures: Vec<(String, u64)> = kinds.into_iter().map(|(kind, count)| (kind.to_owned(), count)).collect();
    failures.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let said: Vec<f64> = results.iter().filter_map(|one| feedback.get(&one.call).copied()).collect();
    let sum = |of: fn(&LiveBeat) -> u64| beats.iter().map(|(_, beat)| of(beat)).sum();
    LiveSummary {
        expected: sum(|beat| beat.expected),
        executed: results.len() as u64,
        scored: scored as u64,
        dropped: sum(|beat| beat.dropped),
        pass_rate: wilson(passed as f64, scored as f64, level).map(|interval| (passed as f64 / scored.max(1) as f64, interval)),
        failures,
        feedback: (!said.is_empty()).then(|| (said.len() as u64, said.iter().sum::<f64>() / said.len() as f64)),
        last_beat: beats.last().map(|(at, _)| *at),
    }
}

#[cfg(test)]
mod tests;
