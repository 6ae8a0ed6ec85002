//! Recording what passes: a body that notes each piece on its way, and writes the exchange down at its clean end.

use crate::body::TryBody;
use crate::client::{Try, TryResponse};
use crate::error::TryError;
use crate::{Recorder, Recording};
use bytes::Bytes;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// Wraps an answer so that it is recorded. One that breaks off is not: it would replay a failure as an answer.
pub(crate) fn record(recorder: &Arc<Recorder>, attempt: &Try, began: Instant, response: TryResponse) -> TryResponse {
    let model = format!("{}/{}", attempt.provider.name(), attempt.model);
    let Some(mut recording) = Recording::new(attempt.endpoint, model, &attempt.asked) else { return response };
    let TryResponse { status, headers, body } = response;
    let texts = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    recording.head(status.as_u16(), texts, began.elapsed());
    let body = TryBody::made(RecordedBody { inner: body, recording: Some(recording), recorder: Arc::clone(recorder), began });
    TryResponse { status, headers, body }
}

struct RecordedBody {
    inner: TryBody,
    recording: Option<Recording>,
    recorder: Arc<Recorder>,
    began: Instant,
}

impl RecordedBody {
    fn write(&mut self) {
        let Some(recording) = self.recording.take() else { return };
        if let Err(error) = self.recorder.append(&recording.finish()) {
            tracing::warn!(%error, "an exchange could not be recorded");
        }
    }
}

impl Body for RecordedBody {
    type Data = Bytes;
    type Error = TryError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TryError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let at = self.began.elapsed();
                if let (Some(data), Some(recording)) = (frame.data_ref(), &mut self.recording) {
                    recording.chunk(data, at);
                }
                if self.inner.is_end_stream() {
                    self.write();
                }
            }
            Poll::Ready(None) => self.write(),
            Poll::Ready(Some(Err(_))) => self.recording = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}
