//! Answers that are made here: a head, and a body that plays timed steps. Under tokio's paused clock the times are exact.

use crate::body::TryBody;
use crate::client::TryResponse;
use crate::error::{Stage, TryError};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Body, Frame};
use jeton_core::FaultKind;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// One thing that happens to a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes arrive.
    Bytes(Bytes),
    /// The connection is reset: the body ends with an error.
    Reset,
    /// The body ends. It also ends after the last step.
    End,
}

/// A step and the wait before it, counted from the step before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimedStep {
    /// How long after the step before (or the head of the answer).
    pub after: Duration,
    /// What happens then.
    pub step: Step,
}

/// The head and the steps of a simulated answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedResponse {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// What the body does.
    pub steps: Vec<TimedStep>,
}

/// The connection was reset before the head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulatedReset;

/// A whole simulated answer, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedReply {
    /// The wait before the head.
    pub delay_before_headers: Duration,
    /// The answer, or a reset in its place.
    pub outcome: Result<SimulatedResponse, SimulatedReset>,
}

impl SimulatedReply {
    /// A JSON document of `status` that is there at once.
    #[must_use]
    pub fn document(status: u16, body: Vec<u8>) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let steps = vec![TimedStep { after: Duration::ZERO, step: Step::Bytes(body.into()) }];
        Self { delay_before_headers: Duration::ZERO, outcome: Ok(SimulatedResponse { status, headers, steps }) }
    }

    /// Waits for the head and gives it with a body that plays the steps.
    ///
    /// # Errors
    /// A failure at [`Stage::Headers`] where the simulated connection is reset.
    pub async fn play(self) -> Result<TryResponse, TryError> {
        if !self.delay_before_headers.is_zero() {
            tokio::time::sleep(self.delay_before_headers).await;
        }
        let Ok(response) = self.outcome else {
            return Err(TryError::new(Stage::Headers, FaultKind::UpstreamFailed, "the simulated provider reset the connection before it answered"));
        };
        let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
        Ok(TryResponse { status, headers: header_map(&response.headers), body: TryBody::made(SimulatedBody::new(response.steps)) })
    }
}

/// Headers as `http` has them; a name or value that cannot be one is left out.
fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            map.append(name, value);
        }
    }
    map
}

/// A body that plays timed steps. The clock of a step starts when the step before was taken, so a slow reader sees no burst.
#[derive(Debug)]
pub struct SimulatedBody {
    steps: VecDeque<TimedStep>,
    /// Runs while the first step waits.
    wait: Option<Pin<Box<Sleep>>>,
}

impl SimulatedBody {
    /// A body that does `steps` one after the other.
    #[must_use]
    pub fn new(steps: Vec<TimedStep>) -> Self {
        Self { steps: steps.into(), wait: None }
    }

    /// The first step, once its time has come.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        let Some(next) = self.steps.front() else { return Poll::Ready(Step::End) };
        if !next.after.is_zero() {
            let due = next.after;
            let wait = self.wait.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + due)));
            std::task::ready!(wait.as_mut().poll(cx));
        }
        self.wait = None;
        Poll::Ready(self.steps.pop_front().map_or(Step::End, |timed| timed.step))
    }
}

impl Body for SimulatedBody {
    type Data = Bytes;
    type Error = TryError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TryError>>> {
        match std::task::ready!(self.poll_step(cx)) {
            Step::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Step::Reset => {
                self.steps.clear();
                Poll::Ready(Some(Err(TryError::new(Stage::Body, FaultKind::UpstreamFailed, "the simulated provider reset the connection"))))
            }
            Step::End => {
                self.steps.clear();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    fn after(ms: u64, step: Step) -> TimedStep {
        TimedStep { after: Duration::from_millis(ms), step }
    }

    fn bytes(text: &'static str) -> Step {
        Step::Bytes(Bytes::from_static(text.as_bytes()))
    }

    /// What a reader sees, each with the milliseconds since the start.
    async fn seen(steps: Vec<TimedStep>) -> Vec<(u128, String)> {
        let start = Instant::now();
        let mut body = SimulatedBody::new(steps);
        let mut seen = Vec::new();
        while let Some(frame) = body.frame().await {
            let what = frame.map_or_else(|error| error.to_string(), |frame| String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap());
            seen.push((start.elapsed().as_millis(), what));
        }
        seen.push((start.elapsed().as_millis(), "end".into()));
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn steps_come_at_their_times() {
        let got = seen(vec![after(0, bytes("a")), after(800, bytes("b")), after(20, bytes("c"))]).await;
        assert_eq!(got, [(0, "a".into()), (800, "b".into()), (820, "c".into()), (820, "end".into())]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_comes_after_a_reset_or_an_end() {
        let got = seen(vec![after(5, bytes("a")), after(5, Step::Reset), after(5, bytes("b"))]).await;
        assert_eq!(got[1], (10, "the simulated provider reset the connection (body)".into()));
        assert_eq!(got[2], (10, "end".into()));
        assert_eq!(seen(vec![after(1, bytes("a")), after(7, Step::End), after(5, bytes("b"))]).await.last(), Some(&(8, "end".into())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_head_waits_and_a_reset_comes_in_its_place() {
        let start = Instant::now();
        let reply = SimulatedReply { delay_before_headers: Duration::from_millis(300), ..SimulatedReply::document(429, b"{}".to_vec()) };
        let response = reply.play().await.unwrap();
        assert_eq!((start.elapsed().as_millis(), response.status.as_u16()), (300, 429));
        assert_eq!(response.headers["content-type"], "application/json");
        let reset = SimulatedReply { delay_before_headers: Duration::ZERO, outcome: Err(SimulatedReset) };
        assert_eq!(reset.play().await.unwrap_err().stage, Stage::Headers);
    }
}
