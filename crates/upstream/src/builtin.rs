//! The answer of `local/extract`, through the same door as those from the network.

use crate::client::Try;
use crate::error::{Stage, TryError};
use crate::local;
use crate::simulated::{SimulatedReply, SimulatedResponse, Step, TimedStep};
use jeton_core::{Clock, FaultKind, SystemClock};
use std::time::Duration;

/// Bodies up to so many bytes are answered where they come in, in about a millisecond; larger ones would hold up the
/// calls beside them and go to a thread of their own.
const IN_PLACE_BYTES_MAX: usize = 8 * 1024;

/// What `local/extract` answers, there at once.
///
/// # Errors
/// Where it panics, which would be a bug of its own.
pub(crate) async fn extract(attempt: &Try) -> Result<SimulatedReply, TryError> {
    let (endpoint, body, id) = (attempt.endpoint, attempt.body.clone(), format!("{:016x}", attempt.seed));
    let work = move || local::answer(endpoint, &body, &id, SystemClock.now().0 / 1_000);
    let answer = if attempt.body.len() <= IN_PLACE_BYTES_MAX {
        work()
    } else {
        let failed = |_| TryError::new(Stage::Send, FaultKind::Internal, "local/extract failed at this request").unsent();
        tokio::task::spawn_blocking(work).await.map_err(failed)?
    };
    let headers = answer.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let steps = answer.frames.into_iter().map(|frame| TimedStep { after: Duration::ZERO, step: Step::Bytes(frame) }).collect();
    Ok(SimulatedReply { delay_before_headers: Duration::ZERO, outcome: Ok(SimulatedResponse { status: answer.status, headers, steps }) })
}
