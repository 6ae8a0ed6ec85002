//! The body of an answer, as the HTTP server polls it.

use crate::stages::meter::Metered;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer. Dropping a stream before its end cancels the provider and settles the call.
pub struct CallBody(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Stream(Box<Metered>),
}

impl CallBody {
    /// A body that is here already.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(crate) fn stream(metered: Metered) -> Self {
        Self(Kind::Stream(Box::new(metered)))
    }
}

impl fmt::Debug for CallBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Whole(_) => "CallBody::Whole",
            Kind::Stream(_) => "CallBody::Stream",
        })
    }
}

/// A panic in one stream must not end its connection without a word.
fn poll_stream(metered: &mut Metered, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
    catch_unwind(AssertUnwindSafe(|| metered.poll_bytes(cx))).unwrap_or_else(|_| {
        metered.give_up();
        metered.poll_bytes(cx)
    })
}

impl Body for CallBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Stream(metered) => poll_stream(metered, cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}
