//! Whether live calls are still judged: what was to be, what was, and the alarm where the two part. Time comes in; who counts is not who judges.

use super::LiveBeat;
use crate::watch::{Alarm, AlarmKind, MINUTE_MS, is_alive};
use jeton_core::Timestamp;
use std::collections::VecDeque;

/// How often a sign of life is written, in milliseconds, where there is something to say.
pub const BEAT_MS: i64 = MINUTE_MS;
/// Fewer calls than this say nothing of a share.
const LAG_CALLS_MIN: u64 = 10;
/// Signs of life that are remembered: two weeks of calls in every minute.
const BEATS_MAX: usize = 20_160;

/// The counts of one suite, with what was told of them. Whoever takes calls counts those expected, whoever judges those executed and scored,
/// and whoever looks finds where the second fell silent, even where it cannot say so itself any more.
#[derive(Clone, Debug)]
pub struct Pulse {
    suite: String,
    silent_minutes: u64,
    beats: VecDeque<(Timestamp, LiveBeat)>,
    /// Beats of an earlier process: what it left waiting is nowhere any more.
    remembered: usize,
    open: LiveBeat,
    next_beat: Timestamp,
    is_told: bool,
}

impl Pulse {
    /// With the beats of an earlier process, the oldest first. `has_alarm`: a silence was told of the suite before, which is not told again
    /// while it lasts.
    #[must_use]
    pub fn new(suite: impl Into<String>, silent_minutes: u64, beats: Vec<(Timestamp, LiveBeat)>, has_alarm: bool, now: Timestamp) -> Self {
        let remembered = beats.len();
        let mut pulse =
            Self { suite: suite.into(), silent_minutes, beats: beats.into(), remembered, open: LiveBeat::default(), next_beat: now, is_told: false };
        pulse.is_told = has_alarm && pulse.silence(now).is_some();
        pulse
    }

    /// Takes another time of silence, where the suite's file has changed.
    pub const fn set_silent_minutes(&mut self, minutes: u64) {
        self.silent_minutes = minutes;
    }

    /// A call of the sample came.
    pub const fn expected(&mut self) {
        self.open.expected += 1;
    }

    /// A call of the sample was let go of.
    pub const fn dropped(&mut self) {
        self.open.dropped += 1;
    }

    /// A call of the sample was judged, with or without a verdict.
    pub fn executed(&mut self, is_scored: bool) {
        self.open.executed += 1;
        self.open.scored += u64::from(is_scored);
    }

    /// What is to be written and told `now`: a sign of life where a minute has passed, and a silence, once until it ends. The first result is
    /// a sign of life at once.
    pub fn look(&mut self, now: Timestamp) -> (Option<LiveBeat>, Option<Alarm>) {
        if now < self.next_beat && !(self.beats.is_empty() && self.open.executed + self.open.dropped > 0) {
            return (None, None);
        }
        self.next_beat = Timestamp(now.0.saturating_add(BEAT_MS));
        let beat = Some(std::mem::take(&mut self.open)).filter(|beat| !beat.is_empty());
        self.beats.extend(beat.map(|beat| (now, beat)));
        while self.beats.len() > BEATS_MAX {
            self.beats.pop_front();
            self.remembered = self.remembered.saturating_sub(1);
        }
        let silence = self.silence(now);
        let alarm = silence.clone().filter(|_| !self.is_told);
        self.is_told = silence.is_some();
        (beat, alarm)
    }

    fn silence(&self, now: Timestamp) -> Option<Alarm> {
        let beats: Vec<(Timestamp, LiveBeat)> = self.beats.iter().copied().collect();
        silence(&self.suite, &beats, self.remembered, self.silent_minutes, now)
    }
}

/// The alarm of a silence, in one of three cases over `silent_minutes`: calls were in the sample and none was scored; calls that came before
/// that time are still not judged; of the calls that were done with, at least [`LAG_CALLS_MIN`], fewer than half have a verdict. The first
/// `remembered` beats are of an earlier process, whose waiting calls are gone.
#[must_use]
pub fn silence(suite: &str, beats: &[(Timestamp, LiveBeat)], remembered: usize, silent_minutes: u64, now: Timestamp) -> Option<Alarm> {
    let span = i64::try_from(silent_minutes.max(1)).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
    let from = Timestamp(now.0.saturating_sub(span));
    let what = unscored(beats, from, now)
        .or_else(|| behind(&beats[remembered.min(beats.len())..], from, silent_minutes))
        .or_else(|| few(beats, from, silent_minutes))?;
    Some(Alarm { suite: suite.to_owned(), kind: AlarmKind::Silence, target: None, run: None, message: format!("suite {suite}: {what}") })
}

/// Nothing scored since before `from`, although something was expected then.
fn unscored(beats: &[(Timestamp, LiveBeat)], from: Timestamp, now: Timestamp) -> Option<String> {
    let last_scored = beats.iter().rposition(|(_, beat)| beat.scored > 0).map_or(0, |place| place + 1);
    let silent = &beats[last_scored..];
    let (since, _) = silent.iter().find(|(at, beat)| beat.expected > 0 && *at <= from)?;
    let sum = |of: fn(&LiveBeat) -> u64| silent.iter().map(|(_, beat)| of(beat)).sum::<u64>();
    let (expected, executed) = (sum(|beat| beat.expected), sum(|beat| beat.executed));
    let minutes = (now.0 - since.0) / MINUTE_MS;
    Some(format!("none of {expected} live calls that were to be judged was scored for {minutes} minutes; {executed} were judged"))
}

/// Calls that came before `from` and are neither judged nor let go of: they are judged in the order in which they came.
fn behind(beats: &[(Timestamp, LiveBeat)], from: Timestamp, minutes: u64) -> Option<String> {
    let expected: u64 = beats.iter().filter(|(at, _)| *at <= from).map(|(_, beat)| beat.expected).sum();
    let done: u64 = beats.iter().map(|(_, beat)| beat.executed + beat.dropped).sum();
    (expected > done).then(|| format!("judging is behind: {} live calls wait for more than {minutes} minutes", expected - done))
}

/// Few verdicts among the calls done with since `from`.
fn few(beats: &[(Timestamp, LiveBeat)], from: Timestamp, minutes: u64) -> Option<String> {
    // Not before it has gone on for so long.
    beats.iter().find(|(at, beat)| *at <= from && beat.expected > 0)?;
    let late = beats.iter().filter(|(at, _)| *at > from);
    let (done, scored) = late.fold((0, 0), |(done, scored), (_, beat)| (done + beat.executed + beat.dropped, scored + beat.scored));
    (done >= LAG_CALLS_MIN && !is_alive(Some(done), scored)).then(|| format!("only {scored} of {done} live calls of the last {minutes} minutes were scored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(minute: i64) -> Timestamp {
        Timestamp(1_795_428_000_000 + minute * MINUTE_MS)
    }

    fn pulse() -> Pulse {
        Pulse::new("s", 60, Vec::new(), false, at(0))
    }

    /// Lets minutes pass, in each of which so many calls come, are judged and scored. Gives the minutes in which it alarmed, with what it said.
    fn pass(pulse: &mut Pulse, minutes: std::ops::Range<i64>, expected: u64, executed: u64, scored: u64) -> Vec<(i64, String)> {
        let mut alarms = Vec::new();
        for minute in minutes {
            (0..expected).for_each(|_| pulse.expected());
            (0..executed).for_each(|number| pulse.executed(number < scored));
            alarms.extend(pulse.look(at(minute)).1.map(|alarm| (minute, alarm.message)));
        }
        alarms
    }

    #[test]
    fn who_stops_judging_is_missed_after_the_stated_time_and_once() {
        let mut pulse = pulse();
        assert_eq!(pass(&mut pulse, 0..100, 3, 3, 3), [], "all is judged");
        // The judge is dead: nobody counts anything as executed any more.
        let alarms = pass(&mut pulse, 100..400, 3, 0, 0);
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        let (minute, said) = &alarms[0];
        assert_eq!((*minute, said.as_str()), (160, "suite s: none of 183 live calls that were to be judged was scored for 60 minutes; 0 were judged"));
        // It judges again, works off what waits, and dies a second time.
        assert_eq!(pass(&mut pulse, 400..500, 0, 9, 9), []);
        assert_eq!(pass(&mut pulse, 500..600, 1, 0, 0).len(), 1);
    }

    #[test]
    fn where_no_call_comes_nothing_is_silent() {
        let mut pulse = pulse();
        assert_eq!(pass(&mut pulse, 0..5, 2, 2, 2), []);
        assert_eq!(pass(&mut pulse, 5..2_000, 0, 0, 0), []);
        assert_eq!(pass(&mut pulse, 2_000..2_050, 1, 0, 0), [], "less than the stated time");
    }

    #[test]
    fn a_judge_that_lags_is_told_though_it_scores_now_and_then() {
        // One of three calls is judged: within the hour calls wait for more than an hour.
        let alarms = pass(&mut pulse(), 0..300, 3, 1, 1);
        assert_eq!(alarms.len(), 1, "{alarms:?}");
        assert!(alarms[0].0 < 100 && alarms[0].1.contains("judging is behind: "), "{alarms:?}");
        // All are judged, and few get a verdict.
        let alarms = pass(&mut pulse(), 0..300, 5, 5, 1);
        assert_eq!(alarms, [(60, "suite s: only 60 of 300 live calls of the last 60 minutes were scored".to_owned())]);
        assert_eq!(pass(&mut pulse(), 0..300, 5, 5, 3), [], "most get one");
    }

    #[test]
    fn a_new_process_keeps_what_was_told_and_does_not_wait_for_calls_that_are_gone() {
        let beat = |expected, executed, scored| LiveBeat { expected, executed, scored, dropped: 0 };
        let left = vec![(at(-200), beat(9, 4, 4))];
        assert_eq!(Pulse::new("s", 60, left, false, at(0)).look(at(0)).1, None, "five waited when it died");
        let silent = vec![(at(-90), beat(9, 9, 0))];
        let alarm = |has_alarm| Pulse::new("s", 60, silent.clone(), has_alarm, at(0)).look(at(0)).1;
        assert!(alarm(false).is_some_and(|alarm| alarm.message.contains("for 90 minutes; 9 were judged")));
        assert_eq!(alarm(true), None, "it was told");
    }

    #[test]
    fn a_sign_of_life_comes_with_the_first_result_and_then_each_minute() {
        let mut pulse = pulse();
        assert_eq!(pulse.look(at(0)), (None, None), "nothing to say");
        pulse.expected();
        let soon = Timestamp(at(0).0 + 10);
        assert_eq!(pulse.look(soon).0, None);
        pulse.executed(true);
        assert_eq!(pulse.look(soon).0, Some(LiveBeat { expected: 1, executed: 1, scored: 1, dropped: 0 }));
        pulse.expected();
        pulse.dropped();
        assert_eq!(pulse.look(Timestamp(soon.0 + BEAT_MS - 1)).0, None);
        assert_eq!(pulse.look(Timestamp(soon.0 + BEAT_MS)).0, Some(LiveBeat { expected: 1, dropped: 1, ..LiveBeat::default() }));
    }
}
