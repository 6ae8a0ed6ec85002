//! The server that has the ledger, over HTTP.

use super::{Sending, Sent, Wall, call_id, fault, headers};
use crate::failure::Failure;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use jeton_broker::public_path;
use jeton_eval::{CallFault, FaultClass};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

pub(super) struct Server {
    address: String,
    authority: String,
    key: Option<String>,
}

impl Server {
    pub(super) fn new(address: &str, wall: Option<&Wall>) -> Result<Self, Failure> {
        if wall.is_some() {
            return Err(Failure::usage(
                "a budget of this run alone cannot be kept while a server has the ledger: its holds are made there",
                "stop `jeton up` for the time of the run, or leave `--budget` out and bound the account in jeton.toml",
            ));
        }
        let Some(authority) = address.strip_prefix("http://") else {
            return Err(Failure::dependency(
                format!("the server at {address} speaks TLS, and commands do not verify its certificate"),
                "stop it for the time of the command",
            ));
        };
        Ok(Self { address: address.to_owned(), authority: authority.to_owned(), key: crate::context::env("JETON_KEY") })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn send(&self, sending: Sending) -> Result<Sent, CallFault> {
        self.exchange(sending).await.map_err(|why| fault(FaultClass::Internal, "server_unreachable", format!("the server at {}: {why}", self.address)))
    }

    async fn exchange(&self, sending: Sending) -> Result<Sent, String> {
        let stream = TcpStream::connect(&self.authority).await.map_err(|error| error.to_string())?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(Io(stream)).await.map_err(|error| error.to_string())?;
        let driving = tokio::spawn(connection);
        let mut request = Request::post(public_path(sending.endpoint)).header(header::HOST, &self.authority);
        if let Some(key) = &self.key {
            request = request.header("jeton-key", key);
        }
        let wanted = headers(&sending);
        if let Some(into) = request.headers_mut() {
            into.extend(wanted);
        }
        let request = request.body(Full::new(Bytes::from(sending.body))).map_err(|error| error.to_string())?;
        let (head, body) = sender.send_request(request).await.map_err(|error| error.to_string())?.into_parts();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes().to_vec();
        driving.abort();
        Ok(Sent { status: head.status.as_u16(), body, call: call_id(&head.headers) })
    }
}

/// A connection as hyper takes it.
struct Io(TcpStream);

impl hyper::rt::Read for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, mut into: hyper::rt::ReadBufCursor<'_>) -> Poll<std::io::Result<()>> {
        let mut space = [0_u8; 16 << 10];
        let room = into.remaining().min(space.len());
        let mut buffer = ReadBuf::new(&mut space[..room]);
        match Pin::new(&mut self.0).poll_read(cx, &mut buffer) {
            Poll::Ready(Ok(())) => {
                into.put_slice(buffer.filled());
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl hyper::rt::Write for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
