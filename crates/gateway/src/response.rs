//! The bodies that the server sends.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use jeton_broker::CallBody;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An error while a body is made. Ends the connection.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The body of whatever the fallback answers.
pub type BoxBody = Pin<Box<dyn Body<Data = Bytes, Error = BodyError> + Send>>;

/// The body of a response: a call's, a short text, or the fallback's.
pub enum GatewayBody {
    /// The answer to a call.
    Call(CallBody),
    /// A text that is here already.
    Text(Option<Bytes>),
    /// The fallback's.
    Other(BoxBody),
}

impl Body for GatewayBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Call(body) => Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(|never| match never {}))),
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Other(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Call(body) => body.is_end_stream(),
            Self::Text(text) => text.is_none(),
            Self::Other(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Call(body) => body.size_hint(),
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Self::Other(body) => body.size_hint(),
        }
    }
}

/// A JSON document as response.
pub(crate) fn json(status: u16, body: impl Into<Bytes>) -> Response<GatewayBody> {
    let mut response = Response::new(GatewayBody::Text(Some(body.into())));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
