//! Recorded exchanges, for exact offline tests and evaluations without cost.
//!
//! A directory holds one JSON Lines file per model; each line is an [`Exchange`]. [`Recorder`] appends, [`Replay`] answers by the digest of
//! the request. What counts as the same request, and what is kept of one, is said at [`Exchange`].

mod difference;
mod digest;
mod files;
mod mask;
mod record;

pub use files::{Recorder, ReplayError};
pub use mask::mask;
pub use record::{Chunk, Exchange, Recording};

use crate::simulated::{SimulatedReply, SimulatedResponse, Step, TimedStep};
use files::Library;
use jeton_core::{Fault, FaultKind, nearest};
use jeton_wire::{Endpoint, encode_error};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Pointers that a miss names at most.
const POINTERS_MOST: usize = 5;

/// Where recorded exchanges lie and how they are played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayConfig {
    /// The directory; it need not exist.
    pub directory: PathBuf,
    /// Whether waits are played as recorded.
    pub pace: Pace,
}

/// How fast recorded bodies are played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Without waits.
    #[default]
    Instant,
    /// With the recorded waits.
    Recorded,
}

/// Answers from recorded exchanges. Files are read when they are first asked for and again when they change.
#[derive(Debug)]
pub struct Replay {
    config: ReplayConfig,
    library: Library,
    /// How often each recorded request was answered: one recorded several times gets its answers in turn, then from the first again.
    turns: Mutex<HashMap<(String, String), usize>>,
}

impl Replay {
    /// Answers from the directory of `config`.
    #[must_use]
    pub fn new(config: ReplayConfig) -> Self {
        Self { library: Library::new(config.directory.clone()), config, turns: Mutex::default() }
    }

    /// The models that have recorded exchanges, sorted.
    ///
    /// # Errors
    /// Where the directory is there but cannot be listed.
    pub fn models(&self) -> Result<Vec<String>, ReplayError> {
        self.library.models()
    }

    /// The recorded answer to `body`; a 404 in the caller's dialect that says what differs from the nearest recorded request; or a 503
    /// where the file cannot be read. Reads files, which are small and mostly at hand already.
    pub fn answer(&self, endpoint: Endpoint, model: &str, body: &[u8]) -> SimulatedReply {
        match self.find(endpoint, model, body) {
            Ok(exchange) => play(&exchange, self.config.pace),
            Err(fault) => SimulatedReply::document(fault.kind.status(), encode_error(endpoint.dialect(), &fault, None)),
        }
    }

    fn find(&self, endpoint: Endpoint, model: &str, body: &[u8]) -> Result<Exchange, Fault> {
        let request =
            digest::canonical_request(body).map_err(|error| Fault::new(FaultKind::InvalidRequest, format!("The body is not valid JSON: {error}.")))?;
        let exchanges = self.library.load(model).map_err(|error| Fault::new(FaultKind::Unavailable, error.to_string()))?;
        let Some(exchanges) = exchanges else { return Err(self.unknown_model(model)) };
        let digest = digest::digest(endpoint, &request);
        let same: Vec<&Exchange> = exchanges.iter().filter(|exchange| exchange.digest == digest).collect();
        if same.is_empty() {
            return Err(miss(endpoint, model, &request, &exchanges));
        }
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry((model.to_owned(), digest)).or_default();
        let chosen = same[*turn % same.len()].clone();
        *turn += 1;
        Ok(chosen)
    }

    fn unknown_model(&self, model: &str) -> Fault {
        let known = self.library.models().unwrap_or_default();
        let near = nearest(model, known.iter().map(String::as_str), 3);
        let remedy = if near.is_empty() { "Record some with `jeton up --record DIR`.".to_owned() } else { format!("Recorded are: {}.", near.join(", ")) };
        Fault::new(FaultKind::NotFound, format!("No exchange of `{model}` is recorded.")).code("model_not_found").param("model").remedy(remedy)
    }
}

/// Says what differs from the recorded request of the same endpoint that differs in the fewest places. Tells places, not contents.
fn miss(endpoint: Endpoint, model: &str, request: &Value, exchanges: &Arc<[Exchange]>) -> Fault {
    let nearest = exchanges
        .iter()
        .filter(|exchange| exchange.endpoint == endpoint.name())
        .map(|exchange| difference::pointers(&exchange.request, request))
        .min_by_key(Vec::len);
    let message = match nearest {
        None => format!("No recorded exchange of `{model}` is a {endpoint} call."),
        Some(pointers) => {
            let named = pointers.iter().take(POINTERS_MOST).map(|pointer| format!("`{pointer}`")).collect::<Vec<_>>().join(", ");
            let more = pointers.len().saturating_sub(POINTERS_MOST);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("No recorded exchange of `{model}` has this request. The nearest of {} differs at {named}{more}.", exchanges.len())
        }
    };
    Fault::new(FaultKind::NotFound, message).code("replay_miss").remedy("Send the recorded request, or record this one with `jeton up --record DIR`.")
}

fn play(exchange: &Exchange, pace: Pace) -> SimulatedReply {
    let wait = |ms: u64| if pace == Pace::Recorded { Duration::from_millis(ms) } else { Duration::ZERO };
    let steps = exchange.body.iter().map(|chunk| TimedStep { after: wait(chunk.after_ms), step: Step::Bytes(chunk.text.clone().into()) }).collect();
    let response = SimulatedResponse { status: exchange.status, headers: exchange.headers.clone(), steps };
    SimulatedReply { delay_before_headers: wait(exchange.head_after_ms), outcome: Ok(response) }
}

#[cfg(test)]
mod tests;
