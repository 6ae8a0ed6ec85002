//! What was said of runs and suites after the fact, as other parts of Jeton write it into notes.

use super::notes;
use crate::api::ledger_fault;
use crate::state::Console;
use jeton_core::{Fault, Timestamp};
use jeton_eval::causes::Report;
use jeton_eval::gate::{GateReport, Question};
use jeton_ledger::{Note, NoteFilter};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something that was said, and when.
#[derive(Clone, Debug)]
pub(crate) struct Noted<T> {
    pub(crate) at: Timestamp,
    pub(crate) said: T,
}

/// Why cases of a run failed: a note of kind `cause`.
pub(crate) type CauseNote = Noted<Report>;
/// What a gate said of a run: a note of kind `gate`.
pub(crate) type GateNote = Noted<GateReport>;

impl<T: DeserializeOwned> Noted<T> {
    /// None where it cannot be read.
    fn read(note: &Note) -> Option<Self> {
        Some(Self { at: note.at, said: serde_json::from_str(&note.json).ok()? })
    }
}

/// What a gate was asked, in words.
pub(crate) fn asked(question: &Question) -> String {
    match question {
        Question::AtLeast { target, bar } => format!("Does {target} pass at least {} % of the cases?", points(*bar)),
        Question::NotWorse { baseline, candidate, margin } => format!("Is {candidate} at most {} points worse than {baseline}?", points(*margin)),
    }
}

/// A share as percent, without digits that say nothing.
fn points(share: f64) -> String {
    format!("{:.2}", share * 100.0).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Anything else that was said: an alarm, a heartbeat.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) subject: String,
    pub(crate) at: Timestamp,
    /// As it was written.
    pub(crate) json: Value,
}

impl Said {
    fn new(note: Note) -> Self {
        let json = serde_json::from_str(&note.json).unwrap_or(Value::String(note.json));
        Self { subject: note.subject, at: note.at, json }
    }

    /// The sentence in it; else all of it.
    pub(crate) fn sentence(&self) -> String {
        let found = ["message", "what", "why", "text"].iter().find_map(|name| self.json.get(*name)?.as_str());
        found.or(self.json.as_str()).map_or_else(|| self.json.to_string(), str::to_owned)
    }

    /// A whole number in it.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.json.get(name)?.as_u64()
    }
}

/// The newest word on why cases of a run failed; none where nobody has asked, or it cannot be read.
pub(crate) fn causes(console: &Console, run: &str) -> Result<Option<CauseNote>, Fault> {
    let notes = notes(console, "cause", run, None)?;
    Ok(notes.first().and_then(CauseNote::read))
}

/// What gates said of a run, the newest first.
pub(crate) fn gates(console: &Console, run: &str) -> Result<Vec<GateNote>, Fault> {
    Ok(notes(console, "gate", run, None)?.iter().filter_map(GateNote::read).collect())
}

/// The newest alarms.
pub(crate) fn alarms(console: &Console, limit: u64) -> Result<Vec<Said>, Fault> {
    let filter = NoteFilter { kind: Some("alarm".to_owned()), subject_prefix: None, limit: Some(limit) };
    Ok(console.ledger.notes(&filter).map_err(|error| ledger_fault(&error))?.into_iter().map(Said::new).collect())
}

/// The newest heartbeat of a suite.
pub(super) fn heartbeat(console: &Console, suite: &str) -> Result<Option<Said>, Fault> {
    Ok(notes(console, "heartbeat", suite, None)?.into_iter().next().map(Said::new))
}
