//! The answer of `local/extract`, through the same door as those from the network.

use crate::client::Try;
use crate::local;
use crate::simulated::{SimulatedReply, SimulatedResponse, Step, TimedStep};
use jeton_core::{Clock, SystemClock};
use std::time::Duration;

/// What `local/extract` answers, there at once.
pub(crate) fn extract(attempt: &Try) -> SimulatedReply {
    let id = format!("{:016x}", attempt.seed);
    let answer = local::answer(attempt.endpoint, &attempt.body, &id, SystemClock.now().0 / 1_000);
    let headers = answer.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let steps = answer.frames.into_iter().map(|frame| TimedStep { after: Duration::ZERO, step: Step::Bytes(frame) }).collect();
    SimulatedReply { delay_before_headers: Duration::ZERO, outcome: Ok(SimulatedResponse { status: answer.status, headers, steps }) }
}
