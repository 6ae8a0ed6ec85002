//! What the ledger keeps of judged live calls.

use super::{LIVE, LIVE_BEAT, LiveBeat, LiveResult};
use crate::watch::{ALARM, Alarm};
use jeton_core::Timestamp;
use jeton_ledger::{LedgerError, Note, NoteFilter, Records};
use std::collections::HashMap;

/// The newest of a suite, the oldest of these first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Judged calls.
    pub results: Vec<LiveResult>,
    /// Signs of life.
    pub beats: Vec<(Timestamp, LiveBeat)>,
    /// Alarms of any kind.
    pub alarms: Vec<Alarm>,
}

impl Kept {
    /// Reads at most `limit` of each kind.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn read(records: &(impl Records + ?Sized), suite: &str, limit: u64) -> Result<Self, LedgerError> {
        let notes = |kind: &str| -> Result<Vec<Note>, LedgerError> {
            let filter = NoteFilter { kind: Some(kind.to_owned()), subject_prefix: Some(suite.to_owned()), limit: Some(limit) };
            // A prefix is also that of suites whose names go on.
            let mut notes: Vec<Note> = records.notes(&filter)?.into_iter().filter(|note| note.subject == suite).collect();
            notes.reverse();
            Ok(notes)
        };
        Ok(Self {
            results: notes(LIVE)?.iter().filter_map(|note| serde_json::from_str(&note.json).ok()).collect(),
            beats: notes(LIVE_BEAT)?.iter().filter_map(|note| Some((note.at, serde_json::from_str(&note.json).ok()?))).collect(),
            alarms: notes(ALARM)?.iter().filter_map(|note| serde_json::from_str(&note.json).ok()).collect(),
        })
    }
}

/// The scores that callers gave to these calls, the newest of each; a verdict `good` or `bad` without a score is 1 or 0.
///
/// # Errors
/// Where the store cannot be read.
pub fn feedback(records: &(impl Records + ?Sized), results: &[LiveResult]) -> Result<HashMap<String, f64>, LedgerError> {
    let mut found = HashMap::new();
    for one in results {
        let Ok(id) = one.call.parse() else { continue };
        let Some(said) = records.call(id)?.and_then(|detail| detail.feedback.into_iter().next_back()) else { continue };
        let score = said.score.or(match said.verdict.as_str() {
            "good" => Some(1.0),
            "bad" => Some(0.0),
            _ => None,
        });
        found.extend(score.map(|score| (one.call.clone(), score)));
    }
    Ok(found)
}
