//! The body of an answer, read as it is polled.

use crate::connection::Connection;
use crate::error::{Stage, TryError, with_causes};
use crate::provider::Provider;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use jeton_core::FaultKind;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The body of an answer: from the network, or made here. Nothing is read unless it is polled, so a slow reader slows the
/// provider and grows no memory. Dropped before its end, it closes the connection, which cancels the work upstream.
#[derive(Debug)]
pub struct TryBody(Source);

enum Source {
    Network(NetworkBody),
    Ready(Option<Bytes>),
    Made(Pin<Box<dyn Body<Data = Bytes, Error = TryError> + Send>>),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network(_) => "Network",
            Self::Ready(_) => "Ready",
            Self::Made(_) => "Made",
        })
    }
}

impl TryBody {
    /// A body that is here already.
    #[must_use]
    pub fn ready(bytes: Bytes) -> Self {
        Self(Source::Ready(Some(bytes).filter(|b| !b.is_empty())))
    }

    /// A body that is made as it is polled.
    pub fn made(body: impl Body<Data = Bytes, Error = TryError> + Send + 'static) -> Self {
        Self(Source::Made(Box::pin(body)))
    }

    /// A body from the network; the connection goes back to the provider's pool at its clean end.
    pub(crate) fn network(incoming: Incoming, connection: Connection, provider: Arc<Provider>) -> Self {
        let mut body = NetworkBody { incoming, connection: Some(connection), provider };
        if body.incoming.is_end_stream() {
            body.give_back();
        }
        Self(Source::Network(body))
    }
}

impl Body for TryBody {
    type Data = Bytes;
    type Error = TryError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, TryError>>> {
        match &mut self.0 {
            Source::Network(body) => body.poll(cx).map(|data| data.map(|d| d.map(Frame::data))),
            Source::Ready(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Source::Made(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Network(body) => body.connection.is_none(),
            Source::Ready(bytes) => bytes.is_none(),
            Source::Made(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Network(body) => body.incoming.size_hint(),
            Source::Ready(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Source::Made(body) => body.size_hint(),
        }
    }
}

struct NetworkBody {
    incoming: Incoming,
    /// Gone at the end of the body, clean or not.
    connection: Option<Connection>,
    provider: Arc<Provider>,
}

impl NetworkBody {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TryError>>> {
        let Self { incoming, connection, .. } = self;
        let Some(connection) = connection else { return Poll::Ready(None) };
        let read = connection.work(cx, |inner| poll_data(incoming, inner));
        match &read {
            Poll::Pending => {}
            // With a known length the reader may never ask again after the last byte.
            Poll::Ready(Some(Ok(_))) if !self.incoming.is_end_stream() => {}
            Poll::Ready(Some(Ok(_)) | None) => self.give_back(),
            Poll::Ready(Some(Err(error))) => {
                self.connection = None;
                self.provider.health().failed(error);
            }
        }
        read
    }

    fn give_back(&mut self) {
        if let (Some(connection), Some(network)) = (self.connection.take(), self.provider.network()) {
            network.pool.put(connection);
        }
    }
}

/// The next data of a body. Trailers hold nothing that Jeton reads and are let go.
fn poll_data(incoming: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TryError>>> {
    loop {
        match std::task::ready!(Pin::new(&mut *incoming).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
            Some(Err(e)) => {
                let detail = format!("the answer broke off: {}", with_causes(&e));
                return Poll::Ready(Some(Err(TryError::new(Stage::Body, FaultKind::UpstreamFailed, detail))));
            }
            None => return Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, Full};

    #[tokio::test]
    async fn bodies_that_are_here_give_their_bytes_once() {
        let body = TryBody::ready(Bytes::from_static(b"abc"));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
        assert!(TryBody::ready(Bytes::new()).is_end_stream());
        let made = Full::new(Bytes::from_static(b"xy")).map_err(|never| match never {});
        assert_eq!(TryBody::made(made).collect().await.unwrap().to_bytes(), "xy");
    }
}
