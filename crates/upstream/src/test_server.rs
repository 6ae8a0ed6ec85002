//! A loopback server for tests whose every byte the test writes by hand.

use crate::client::{Timers, Try, TryResponse, Upstream};
use crate::error::TryError;
use crate::provider::{Provider, ProviderConfig, ProviderKind};
use bytes::Bytes;
use http::HeaderMap;
use jeton_wire::Endpoint;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long a test waits for what must come; far more than it needs, so that only a fault meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listening socket and a provider that leads to it.
pub(crate) struct TestServer {
    listener: TcpListener,
    pub(crate) provider: Arc<Provider>,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let provider = Provider::new(ProviderConfig::new("test", ProviderKind::OpenAi, base_url), None).unwrap();
        Self { listener, provider: Arc::new(provider) }
    }

    /// Its address with `path`.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.listener.local_addr().unwrap())
    }

    pub(crate) async fn accept(&self) -> Peer {
        let accepted = timeout(PATIENCE, self.listener.accept()).await.expect("a connection");
        Peer(accepted.unwrap().0)
    }

    /// Comes back when the runtime has seen everything that had happened on any socket before.
    pub(crate) async fn settle(&self) {
        let connecting = tokio::spawn(TcpStream::connect(self.listener.local_addr().unwrap()));
        drop(self.accept().await);
        connecting.await.unwrap().unwrap();
    }

    /// A try with `body`; a second to connect and to answer.
    pub(crate) fn attempt(&self, body: &'static str) -> Try {
        Try {
            provider: Arc::clone(&self.provider),
            endpoint: Endpoint::Chat,
            model: "m".to_owned(),
            headers: Arc::new(HeaderMap::new()),
            query: None,
            body: Bytes::from_static(body.as_bytes()),
            asked: Bytes::new(),
            sent: Arc::default(),
            stream: false,
            seed: 0,
            timers: Timers { connect_ms: 1_000, headers_ms: 1_000 },
        }
    }

    /// Sends in a task of its own, so that the test can play the server meanwhile.
    pub(crate) fn send(&self, body: &'static str) -> tokio::task::JoinHandle<Result<TryResponse, TryError>> {
        let attempt = self.attempt(body);
        tokio::spawn(async move { Upstream::new().send(attempt).await })
    }
}

/// The server's end of one connection.
pub(crate) struct Peer(TcpStream);

impl Peer {
    /// Reads one request whole: its head in lower case and its body.
    pub(crate) async fn request(&mut self) -> (String, String) {
        let mut read = Vec::new();
        let head_end = loop {
            if let Some(at) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more(&mut read).await > 0, "closed in the head");
        };
        let head = String::from_utf8(read[..head_end].to_vec()).unwrap().to_ascii_lowercase();
        let length: usize = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        while read.len() < head_end + length {
            assert!(self.more(&mut read).await > 0, "closed in the body");
        }
        (head, String::from_utf8(read[head_end..].to_vec()).unwrap())
    }

    async fn more(&mut self, read: &mut Vec<u8>) -> usize {
        timeout(PATIENCE, self.0.read_buf(read)).await.expect("more of the request").unwrap()
    }

    pub(crate) async fn write(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// Answers 200 with a body of known length.
    pub(crate) async fn answer(&mut self, body: &str) {
        self.write(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Waits until the other side has closed.
    pub(crate) async fn closed(&mut self) {
        let mut rest = [0; 64];
        while !matches!(timeout(PATIENCE, self.0.read(&mut rest)).await.expect("a close"), Ok(0) | Err(_)) {}
    }

    /// Closes with a reset instead of an orderly end.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }
}
