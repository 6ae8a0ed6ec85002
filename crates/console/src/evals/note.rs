//! What was said of runs and suites after the fact, as other parts of Jeton write it into notes.

use super::notes;
use crate::api::ledger_fault;
use crate::state::Console;
use jeton_allocate::Estimate;
use jeton_core::{Fault, Timestamp};
use jeton_eval::causes::Label;
use jeton_ledger::{Note, NoteFilter};
use serde::Deserialize;
use serde_json::Value;

/// Why cases of a run failed: a note of kind `cause`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CauseNote {
    /// When it was written.
    #[serde(skip)]
    pub(crate) at: Timestamp,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default)]
    pub(crate) clusters: Vec<ClusterRead>,
    #[serde(default)]
    pub(crate) gaps: Vec<GapRead>,
    #[serde(default)]
    pub(crate) calls: u64,
    #[serde(default)]
    pub(crate) is_cut: bool,
}

/// Failures of one structure.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ClusterRead {
    pub(crate) signature: String,
    pub(crate) rows: Vec<usize>,
}

/// See [`jeton_eval::causes::Gap`].
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GapRead {
    pub(crate) target: String,
    pub(crate) cases: usize,
    pub(crate) actual: Option<Estimate>,
    pub(crate) oracle: Option<Estimate>,
    pub(crate) environment: Option<Estimate>,
    pub(crate) model: Option<Estimate>,
}

/// What a gate said of a run: a note of kind `gate`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GateNote {
    #[serde(skip)]
    pub(crate) at: Timestamp,
    #[serde(default)]
    at_least: Option<AtLeast>,
    #[serde(default)]
    not_worse: Option<NotWorse>,
    pub(crate) decision: String,
    #[serde(default)]
    pub(crate) more_cases: Option<u64>,
    #[serde(default)]
    pub(crate) stopped_early: bool,
    #[serde(default)]
    pub(crate) taken: Option<usize>,
    #[serde(default)]
    pub(crate) alpha: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct AtLeast {
    target: String,
    bar: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct NotWorse {
    baseline: String,
    candidate: String,
    margin: f64,
}

impl GateNote {
    /// What was asked, in words.
    pub(crate) fn question(&self) -> String {
        match (&self.at_least, &self.not_worse) {
            (Some(asked), _) => format!("Does {} pass at least {} % of the cases?", asked.target, points(asked.bar)),
            (None, Some(asked)) => format!("Is {} at most {} points worse than {}?", asked.candidate, points(asked.margin), asked.baseline),
            (None, None) => "A question that this version does not know.".to_owned(),
        }
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
    Ok(notes.first().and_then(|note| Some(CauseNote { at: note.at, ..serde_json::from_str(&note.json).ok()? })))
}

/// What gates said of a run, the newest first.
pub(crate) fn gates(console: &Console, run: &str) -> Result<Vec<GateNote>, Fault> {
    let read = |note: &Note| Some(GateNote { at: note.at, ..serde_json::from_str(&note.json).ok()? });
    Ok(notes(console, "gate", run, None)?.iter().filter_map(read).collect())
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
