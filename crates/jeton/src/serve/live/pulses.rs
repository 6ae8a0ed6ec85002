//! Who looks whether live calls are still judged: on a thread of its own, so that a judge that hangs, dies or cannot be read is missed.

use super::{json, write};
use jeton_core::{Clock, SystemClock, Timestamp};
use jeton_eval::live::{LIVE_BEAT, LiveBeat, Pulse};
use jeton_eval::watch::{ALARM, Alarm};
use jeton_ledger::{Ledger, Note};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(1_000);
/// How long a webhook may take.
const POST_LIMIT: Duration = Duration::from_secs(10);

/// The counts of all suites that judge live calls, by name.
#[derive(Default)]
pub(super) struct Pulses(Mutex<BTreeMap<String, Counted>>);

struct Counted {
    pulse: Pulse,
    webhook: Option<String>,
}

impl Pulses {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, suite: &str, count: impl FnOnce(&mut Pulse)) {
        if let Some(counted) = self.lock().get_mut(suite) {
            count(&mut counted.pulse);
        }
    }

    pub(super) fn expected(&self, suite: &str) {
        self.with(suite, Pulse::expected);
    }

    pub(super) fn dropped(&self, suite: &str) {
        self.with(suite, Pulse::dropped);
    }

    pub(super) fn executed(&self, suite: &str, is_scored: bool) {
        self.with(suite, |pulse| pulse.executed(is_scored));
    }

    /// Counts a suite from now on: goes on where it is counted already, else begins with what `remembered` makes of the past.
    pub(super) fn watch(&self, suite: &str, silent_minutes: u64, webhook: Option<&String>, remembered: impl FnOnce() -> (Vec<(Timestamp, LiveBeat)>, bool)) {
        let mut all = self.lock();
        if let Some(counted) = all.get_mut(suite) {
            counted.pulse.set_silent_minutes(silent_minutes);
            counted.webhook = webhook.cloned();
            return;
        }
        let (beats, has_alarm) = remembered();
        let pulse = Pulse::new(suite, silent_minutes, beats, has_alarm, SystemClock.now());
        all.insert(suite.to_owned(), Counted { pulse, webhook: webhook.cloned() });
    }

    /// Leaves out suites that judge no live calls any more.
    pub(super) fn keep_only(&self, suites: &[&str]) {
        self.lock().retain(|name, _| suites.contains(&name.as_str()));
    }

    /// Writes the signs of life that are due `now`, and raises alarms of silence.
    pub(super) fn look(&self, ledger: &dyn Ledger, now: Timestamp, post: &dyn Fn(&str, &Alarm)) {
        let mut alarms = Vec::new();
        for (suite, counted) in self.lock().iter_mut() {
            let (beat, alarm) = counted.pulse.look(now);
            if let Some(beat) = beat {
                write(ledger, &Note { kind: LIVE_BEAT.to_owned(), subject: suite.clone(), at: now, json: json(&beat) });
            }
            alarms.extend(alarm.map(|alarm| (alarm, counted.webhook.clone())));
        }
        // Calls are counted in the meantime: nothing is posted under the lock.
        alarms.iter().for_each(|(alarm, webhook)| raise(ledger, webhook.as_deref(), alarm, now, post));
    }
}

/// Writes an alarm down and posts it.
pub(super) fn raise(ledger: &dyn Ledger, webhook: Option<&str>, alarm: &Alarm, now: Timestamp, post: &dyn Fn(&str, &Alarm)) {
    tracing::warn!(suite = alarm.suite, "{}", alarm.message);
    write(ledger, &Note { kind: ALARM.to_owned(), subject: alarm.suite.clone(), at: now, json: json(alarm) });
    webhook.into_iter().for_each(|url| post(url, alarm));
}

/// Posts an alarm to a webhook, and waits for its answer. What goes wrong is logged; the alarm stands in the ledger all the same.
pub(super) fn post(runtime: &tokio::runtime::Runtime, url: &str, alarm: &Alarm) {
    let body = serde_json::json!({ "kind": "jeton.alarm", "alarm": alarm, "text": alarm.message }).to_string();
    match runtime.block_on(jeton_upstream::post(url, http::HeaderMap::new(), body.into(), POST_LIMIT)) {
        Ok(answer) if (200..300).contains(&answer.status) => {}
        Ok(answer) => tracing::warn!(status = answer.status, "the webhook refused an alarm; it stands in the ledger"),
        Err(why) => tracing::warn!(%why, "the webhook could not be reached; the alarm stands in the ledger"),
    }
}

/// Starts the thread that looks, for as long as the process lives.
pub(super) fn start(pulses: Arc<Pulses>, ledger: Arc<dyn Ledger>) {
    let begun = std::thread::Builder::new().name("live-watch".to_owned()).spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            tracing::warn!("nobody looks whether live calls are judged: no runtime could be started");
            return;
        };
        loop {
            pulses.look(&*ledger, SystemClock.now(), &|url, alarm| post(&runtime, url, alarm));
            std::thread::sleep(LOOK);
        }
    });
    if let Err(error) = begun {
        tracing::warn!(%error, "nobody looks whether live calls are judged: no thread could be started");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::ManualClock;
    use jeton_ledger::sqlite::{Options, SqliteLedger};
    use jeton_ledger::{NoteFilter, Runs};
    use jeton_testkit::Upstream;

    const MINUTE_MS: i64 = 60_000;

    struct Folder(std::path::PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_judge_that_hangs_is_missed_by_the_ledger_and_the_webhook_though_it_does_nothing_more_itself() {
        let folder = Folder(std::env::temp_dir().join(format!("jeton-pulses-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).unwrap();
        let ledger = SqliteLedger::open(&folder.0.join("ledger.db"), Options::default()).unwrap();
        let (hook, clock) = (Upstream::document("{}"), ManualClock::new(Timestamp(1_795_428_000_000)));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let pulses = Pulses::default();
        let (url, mut alarms) = (hook.url(), Vec::new());
        pulses.watch("desk", 30, Some(&url), || (Vec::new(), false));
        pulses.look(&ledger, clock.now(), &|_, _| panic!("nothing has come yet"));
        for minute in 0..120 {
            // For ten minutes each call is judged; then the judge waits for ever, and only those who call go on.
            pulses.expected("desk");
            if minute < 10 {
                pulses.executed("desk", true);
            }
            clock.advance(MINUTE_MS);
            pulses.look(&ledger, clock.now(), &|url, alarm| post(&runtime, url, alarm));
            alarms.extend((hook.count() > alarms.len()).then_some(minute));
        }
        assert_eq!(alarms, [40], "30 minutes after the first call that was not judged, once");
        let body = hook.last().json();
        assert_eq!(
            (body["kind"].as_str(), body["alarm"]["kind"].as_str(), body["alarm"]["suite"].as_str()),
            (Some("jeton.alarm"), Some("silence"), Some("desk"))
        );
        let notes = |kind: &str| ledger.notes(&NoteFilter { kind: Some(kind.to_owned()), subject_prefix: Some("desk".to_owned()), limit: None }).unwrap();
        assert_eq!(notes(ALARM).len(), 1, "it stands where the page reads it");
        let beats: Vec<LiveBeat> = notes(LIVE_BEAT).iter().map(|note| serde_json::from_str(&note.json).unwrap()).collect();
        let sum = |of: fn(&LiveBeat) -> u64| beats.iter().map(of).sum::<u64>();
        assert_eq!((sum(|beat| beat.expected), sum(|beat| beat.executed), sum(|beat| beat.scored)), (120, 10, 10));
        pulses.keep_only(&[]);
        pulses.look(&ledger, clock.now(), &|_, _| panic!("it is watched no more"));
    }
}
