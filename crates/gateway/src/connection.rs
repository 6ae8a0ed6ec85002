//! One connection: HTTP/1.1 over whatever carries it.

use crate::guard::{Limits, Note, Noted, Watch};
use crate::response::GatewayBody;
use crate::service::Gateway;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// Bytes that a connection buffers of a request at most; a head longer than this is refused with 431.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopping {
    /// Not at all.
    No,
    /// Calls under way are finished.
    Draining,
    /// Everything ends.
    Now,
}

/// Serves one connection to its end.
pub(crate) async fn serve<S>(stream: S, peer: SocketAddr, gateway: Arc<Gateway>, watch: Arc<Watch>, mut stopping: watch::Receiver<Stopping>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let note = watch.note();
    let serving = Arc::clone(&note);
    let service = service_fn(move |request: Request<Incoming>| {
        serving.serving();
        let gateway = Arc::clone(&gateway);
        let note = Arc::clone(&serving);
        async move {
            let response: Response<GatewayBody> = gateway.serve(request, peer).await;
            Ok::<_, Infallible>(response.map(|body| NotedBody { body, note }))
        }
    });
    let io = TokioIo::new(Noted::new(stream, Arc::clone(&note)));
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.max_buf_size(BUFFER_BYTES_MAX).header_read_timeout(None);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut is_draining = *stopping.borrow() != Stopping::No;
    if is_draining {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            // A connection that breaks is the client's affair: what its call used was settled when it was dropped.
            _ = connection.as_mut() => return,
            () = note.closed() => return,
            changed = stopping.changed() => {
                if changed.is_err() || *stopping.borrow() == Stopping::Now {
                    return;
                }
                if !is_draining {
                    is_draining = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// Closes the connections that keep this thread waiting, once a second, as long as the thread serves.
pub(crate) async fn sweep(watch: Arc<Watch>, gateway: Arc<Gateway>) {
    let mut every = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        every.tick().await;
        let live = gateway.live();
        let settings = &live.snapshot().gateway;
        let limits =
            Limits { head: std::time::Duration::from_millis(settings.header_timeout_ms), idle: std::time::Duration::from_millis(settings.idle_timeout_ms) };
        watch.sweep(limits);
    }
}

/// A body that notes its end.
struct NotedBody {
    body: GatewayBody,
    note: Arc<Note>,
}

impl Drop for NotedBody {
    fn drop(&mut self) {
        self.note.served();
    }
}

impl Body for NotedBody {
    type Data = Bytes;
    type Error = crate::response::BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
