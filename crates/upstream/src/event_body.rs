//! Streams in AWS's own framing as server-sent events, so that everything behind reads one framing.

use crate::body::TryBody;
use crate::client::TryResponse;
use crate::error::{Stage, TryError};
use crate::event_stream::Decoder;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_body::{Body, Frame};
use jeton_core::FaultKind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The answer as it is, or, where it comes as an AWS event stream, as one of server-sent events.
pub(crate) fn as_server_sent(mut response: TryResponse) -> TryResponse {
    let kind = response.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().starts_with("application/vnd.amazon.eventstream") {
        return response;
    }
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response.body = TryBody::made(EventBody { inner: response.body, decoder: Decoder::default(), is_over: false });
    response
}

struct EventBody {
    inner: TryBody,
    decoder: Decoder,
    is_over: bool,
}

impl Body for EventBody {
    type Data = Bytes;
    type Error = TryError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TryError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        loop {
            let read = ready!(Pin::new(&mut self.inner).poll_frame(cx));
            let mut out = Vec::new();
            let decoded = match read {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.decoder.push(&data, &mut out),
                    Err(_) => Ok(()),
                },
                Some(Err(error)) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.is_over = true;
                    return Poll::Ready(self.decoder.finish().err().map(|why| Err(broken(&why))));
                }
            };
            if let Err(why) = decoded {
                // The connection is dropped with what is left on it.
                self.is_over = true;
                self.inner = TryBody::ready(Bytes::new());
                return Poll::Ready(Some(Err(broken(&why))));
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

fn broken(why: &str) -> TryError {
    TryError::new(Stage::Body, FaultKind::UpstreamFailed, format!("the provider's event stream cannot be read: {why}"))
}
