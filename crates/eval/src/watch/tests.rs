use super::*;
use crate::{Answer, Cell, Outcome};
use jeton_core::Nanousd;

const fn minutes(n: i64) -> Timestamp {
    Timestamp(1_795_428_000_000 + n * MINUTE_MS)
}

fn watch(every: Option<u64>, silent: u64) -> Watch {
    Watch { every_minutes: every, sample: 0.0, budget_usd_per_day: None, silent_minutes: silent, false_alarm_every: 10_000.0, webhook: None }
}

fn beat(due: i64, scored: u64) -> Heartbeat {
    Heartbeat { run: Some("run-1".to_owned()), due: minutes(due), expected: Some(10), executed: 10, scored }
}

#[test]
fn a_suite_runs_when_it_is_due() {
    let (watch, mut state) = (watch(Some(30), 60), WatchState::default());
    let mut ran = Vec::new();
    for now in 0..100 {
        let step = state.step(&watch, minutes(now));
        assert!(step.silent.is_none() && step.next.unwrap() > minutes(now));
        if let Some(due) = step.run {
            ran.push(now);
            state.beat(&Heartbeat { due, ..beat(0, 9) }, minutes(now));
        }
    }
    assert_eq!(ran, [0, 30, 60, 90]);
    let none = WatchState::default().step(&self::watch(None, 60), minutes(0));
    assert_eq!(none, Step { run: None, silent: None, next: None });
}

#[test]
fn silence_is_told_once_and_ends_with_a_score() {
    let (watch, mut state) = (watch(Some(30), 60), WatchState::default());
    let mut told = Vec::new();
    for now in 0..=300 {
        let step = state.step(&watch, minutes(now));
        if step.silent.is_some() {
            told.push(now);
            state.is_told = true;
        }
        if let Some(due) = step.run {
            // From minute 60 on less than half is scored; from 240 on it is again, but the next silence never comes.
            let scored = if (60..240).contains(&now) { 4 } else { 5 };
            state.beat(&Heartbeat { due, ..beat(0, scored) }, minutes(now));
        }
    }
    assert_eq!(told, [120], "one hour after what was due at minute 60");
    assert_eq!(state.waiting, None);
}

#[test]
fn a_watch_that_was_dead_says_so_and_no_schedule_is_too_rare_for_it() {
    let note =
        |at: i64, beat: &Heartbeat| Note { kind: HEARTBEAT.to_owned(), subject: "s".to_owned(), at: minutes(at), json: serde_json::to_string(beat).unwrap() };
    let state = WatchState::of_notes(&[note(30, &beat(30, 9)), note(0, &beat(0, 0))], &[]);
    assert_eq!(state, WatchState { tried: Some(minutes(30)), waiting: None, is_told: false });
    // Due daily, silent after an hour: half a day without a score is no silence, a missed day is.
    let daily = watch(Some(1_440), 60);
    assert_eq!(state.step(&daily, minutes(700)).silent, None);
    let late = state.step(&daily, minutes(30 + 1_440 + 61));
    assert_eq!((late.run, late.silent), (Some(minutes(1_470)), Some(minutes(1_470))));
    let told = Note {
        kind: ALARM.to_owned(),
        subject: "s".to_owned(),
        at: minutes(200),
        json: serde_json::to_string(&silence("s", minutes(100), minutes(200))).unwrap(),
    };
    assert!(WatchState::of_notes(&[note(100, &beat(100, 0))], std::slice::from_ref(&told)).is_told);
    assert!(!WatchState::of_notes(&[note(300, &beat(300, 0))], &[told]).is_told, "that was another silence");
}

/// A run of 100 cases, of which the first 20 fail by nature.
fn run(rate: f64, usd: i64, latency_us: u64, random: &mut SeededRandom) -> Vec<Row> {
    let row = |case: u64| {
        let passed = case >= 20 && random.below(1_000) < (rate * 1_000.0) as u64;
        Row {
            launch: case,
            cell: Cell { case: format!("c{case}"), target: "t".to_owned(), repeat: 0 },
            cluster: format!("c{case}"),
            tags: Vec::new(),
            outcome: if passed { Outcome::Passed } else { Outcome::Failed },
            score: None,
            weight: 1.0,
            answer: Some(Answer { latency_us: latency_us + random.below(latency_us), ..Answer::default() }),
            fault: None,
            grades: Vec::new(),
            context: None,
            cost: Some(Nanousd(usd)),
            request: Digest::default(),
            is_cached: false,
            at: Timestamp(0),
        }
    };
    (0..100).map(row).collect()
}

fn alarms(runs: &[Vec<Row>], digests: impl Fn(usize) -> u8) -> Vec<(usize, AlarmKind)> {
    let ids: Vec<String> = (0..runs.len()).map(|at| format!("run-{at}")).collect();
    let seen: Vec<RunSeen<'_>> =
        runs.iter().enumerate().map(|(at, rows)| RunSeen { id: &ids[at], digest: Digest::of_parts(&[&[digests(at)]]), rows }).collect();
    let found = drift("s", &seen, 10_000.0, Level::P95);
    found.iter().map(|alarm| (ids.iter().position(|id| alarm.run.as_deref() == Some(id)).unwrap(), alarm.kind)).collect()
}

#[test]
fn what_stays_as_it_was_raises_no_alarm() {
    let mut random = SeededRandom::new(2);
    let runs: Vec<Vec<Row>> = (0..40).map(|_| run(0.9, 1_000, 50_000, &mut random)).collect();
    assert_eq!(alarms(&runs, |_| 0), []);
}

#[test]
fn drops_and_rises_are_found_soon_and_told_once() {
    let mut random = SeededRandom::new(3);
    let mut check = |rate: f64, usd: i64, latency: u64, expected: AlarmKind| {
        let mut runs: Vec<Vec<Row>> = (0..10).map(|_| run(0.9, 1_000, 50_000, &mut random)).collect();
        runs.extend((0..10).map(|_| run(rate, usd, latency, &mut random)));
        let found = alarms(&runs, |_| 0);
        assert!(found.len() == 1 && found[0].1 == expected && (10..14).contains(&found[0].0), "{found:?}");
        // Another suite is another baseline: nothing is compared across.
        assert_eq!(alarms(&runs, |at| u8::from(at >= 10)), []);
    };
    check(0.5, 1_000, 50_000, AlarmKind::Quality);
    check(0.9, 2_000, 50_000, AlarmKind::Cost);
    check(0.9, 1_000, 150_000, AlarmKind::Latency);
}
