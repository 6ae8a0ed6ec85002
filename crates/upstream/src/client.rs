//! One try: choose a connection, send, and wait for the head of the answer.

use crate::Recorder;
use crate::body::TryBody;
use crate::builtin;
use crate::connect::connect;
use crate::connection::{Connection, ExchangeError, RequestBody};
use crate::error::{Stage, TryError, with_causes};
use crate::event_body::as_server_sent;
use crate::headers::request_headers;
use crate::provider::{Network, Proof, Provider, ProviderKind};
use crate::recording::record;
use crate::sigv4;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use jeton_core::{Clock, FaultKind, SystemClock};
use jeton_wire::Endpoint;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long the parts of a try may take that this crate sees. First content, idle time and the whole belong to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// From the beginning until the connection is open, in milliseconds.
    pub connect_ms: u64,
    /// From the beginning until the head of the answer, in milliseconds. An answer that is not streamed has its head only when it is complete.
    pub headers_ms: u64,
}

impl Default for Timers {
    /// 10 s to connect; 10 minutes to the head, as the vendors' SDKs wait.
    fn default() -> Self {
        Self { connect_ms: 10_000, headers_ms: 600_000 }
    }
}

/// What one try asks, and of whom.
#[derive(Clone)]
pub struct Try {
    /// Who is asked.
    pub provider: Arc<Provider>,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// The provider's own name of the model. Most network kinds read it in the body; the others have it in the path.
    pub model: String,
    /// The caller's headers, as they came; what must not travel is taken out here.
    pub headers: Arc<HeaderMap>,
    /// The query of the caller's URL that travels (`beta=true`), without `?`. Must hold no key.
    pub query: Option<String>,
    /// The body, ready to be sent.
    pub body: Bytes,
    /// The body as the caller sent it: by it an exchange is recorded and found again, whatever Jeton had to edit.
    pub asked: Bytes,
    /// Set as soon as bytes of the request may have left: whoever drops the try knows by it whether it may have cost something.
    pub sent: Arc<AtomicBool>,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// What makes a simulated answer repeatable.
    pub seed: u64,
    /// How long it may take.
    pub timers: Timers,
}

impl fmt::Debug for Try {
    /// Leaves out what may hold a prompt or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { provider, endpoint, model, body, stream, timers, .. } = self;
        let mut shown = f.debug_struct("Try");
        shown.field("provider", &provider.name()).field("endpoint", endpoint).field("model", model);
        shown.field("body_bytes", &body.len()).field("stream", stream).field("timers", timers).finish_non_exhaustive()
    }
}

/// The head of an answer, and its body to be read.
#[derive(Debug)]
pub struct TryResponse {
    /// The provider's status; an error status is an answer too.
    pub status: StatusCode,
    /// The provider's headers as they came; [`crate::response_headers`] makes those that the caller gets.
    pub headers: HeaderMap,
    /// The body.
    pub body: TryBody,
}

/// Makes tries. One for the whole process is enough.
#[derive(Debug, Default)]
pub struct Upstream {
    recorder: Option<Arc<Recorder>>,
}

impl Upstream {
    /// An upstream without any open connection.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// An upstream that writes every exchange down.
    #[must_use]
    pub fn recording(recorder: Recorder) -> Arc<Self> {
        Arc::new(Self { recorder: Some(Arc::new(recorder)) })
    }

    /// Makes one try and waits for the head of the answer. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`TryError`] if there is no answer, or one that is not HTTP; it says whether the request may have reached the provider.
    pub async fn send(&self, attempt: Try) -> Result<TryResponse, TryError> {
        let provider = Arc::clone(&attempt.provider);
        let health = provider.health();
        health.began();
        let begun = Instant::now();
        let limit = Duration::from_millis(attempt.timers.headers_ms);
        let answered = timeout(limit, answer(&attempt)).await.unwrap_or_else(|_| {
            let detail = format!("no answer from {} within {} ms", provider.name(), attempt.timers.headers_ms);
            Err(TryError::new(Stage::Headers, FaultKind::Timeout, detail))
        });
        match &answered {
            Ok(answer) => health.answered(answer.status, begun.elapsed()),
            Err(error) => health.failed(error),
        }
        match &self.recorder {
            // What is replayed or computed here is at hand already.
            Some(recorder) if !matches!(provider.kind(), ProviderKind::Local | ProviderKind::Replay(_)) => {
                answered.map(|response| record(recorder, &attempt, begun, response))
            }
            _ => answered,
        }
    }
}

async fn answer(attempt: &Try) -> Result<TryResponse, TryError> {
    attempt.sent.store(!attempt.provider.kind().is_network(), Ordering::Relaxed);
    match attempt.provider.kind() {
        ProviderKind::OpenAi | ProviderKind::Anthropic | ProviderKind::Gemini | ProviderKind::Vertex | ProviderKind::Bedrock | ProviderKind::Azure { .. } => {
            answer_from_network(attempt).await
        }
        ProviderKind::Twin(twin) => twin.next(attempt.endpoint, &attempt.model, &attempt.body).play().await,
        ProviderKind::Replay(replay) => replay.answer(attempt.endpoint, &attempt.model, &attempt.asked).play().await,
        ProviderKind::Local => builtin::extract(attempt).await?.play().await,
    }
}

async fn answer_from_network(attempt: &Try) -> Result<TryResponse, TryError> {
    let provider = &attempt.provider;
    let network = provider.network().ok_or_else(|| TryError::new(Stage::Send, FaultKind::Internal, "the provider has no address"))?;
    let proof = match &network.proof {
        Proof::Token(account) => Some(account.authorization(Duration::from_millis(attempt.timers.connect_ms)).await?),
        Proof::None | Proof::Signature { .. } => None,
    };
    let (answer, connection) = exchange(attempt, network, proof.as_ref()).await?;
    let (head, incoming) = answer.into_parts();
    if let (StatusCode::UNAUTHORIZED, Proof::Token(account)) = (head.status, &network.proof) {
        account.forget().await;
    }
    check_head(head.status, &head.headers)?;
    let body = TryBody::network(incoming, connection, Arc::clone(provider));
    Ok(as_server_sent(TryResponse { status: head.status, headers: head.headers, body }))
}

/// Sends over an idle connection if there is one, else over a new one.
///
/// A server may close an idle connection in the very moment in which it is used again. A model call is not idempotent:
/// sent twice it may be paid twice. So it is sent again only if no byte of it was handed to the operating system; that
/// the other side *closed* says nothing about what it had read. Each idle connection is looked at just before its use,
/// so what remains is a close that is on its way in that moment.
async fn exchange(attempt: &Try, network: &Network, token: Option<&HeaderValue>) -> Result<(Response<Incoming>, Connection), TryError> {
    while let Some(mut connection) = network.pool.take() {
        attempt.sent.store(true, Ordering::Relaxed);
        match connection.exchange(request(attempt, network, token)?).await {
            Ok(answer) => return Ok((answer, connection)),
            Err(error) if !error.sent => attempt.sent.store(false, Ordering::Relaxed),
            Err(error) => return Err(no_answer(&error, true)),
        }
    }
    let begun = Instant::now();
    let mut connection = connect(&network.origin, Duration::from_millis(attempt.timers.connect_ms)).await?;
    attempt.provider.health().connected(begun.elapsed());
    attempt.sent.store(true, Ordering::Relaxed);
    match connection.exchange(request(attempt, network, token)?).await {
        Ok(answer) => Ok((answer, connection)),
        Err(error) => Err(no_answer(&error, false)),
    }
}

fn request(attempt: &Try, network: &Network, token: Option<&HeaderValue>) -> Result<Request<RequestBody>, TryError> {
    let mut request = Request::new(RequestBody::new(attempt.body.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = network.paths.of(attempt.endpoint, &attempt.model, attempt.stream, attempt.query.as_deref())?;
    *request.headers_mut() = request_headers(&attempt.headers, &attempt.provider, network);
    if let Some(token) = token {
        request.headers_mut().insert(AUTHORIZATION, token.clone());
    }
    if let Proof::Signature { region, key } = &network.proof {
        sign(&mut request, attempt, network, region, key);
    }
    Ok(request)
}

/// Signs a request to Bedrock.
fn sign(request: &mut Request<RequestBody>, attempt: &Try, network: &Network, region: &str, key: &sigv4::Credentials) {
    let host = network.origin.host_header.to_str().unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let signed = sigv4::Signed { method: "POST", host, path_and_query: &path, headers: request.headers(), body: &attempt.body };
    for (name, value) in sigv4::sign(key, sigv4::Scope { region, service: "bedrock" }, &signed, SystemClock.now()) {
        request.headers_mut().insert(name, value);
    }
}

fn no_answer(error: &ExchangeError, reused: bool) -> TryError {
    let cause = with_causes(&error.cause);
    let detail = match (error.cause.is_parse() || error.cause.is_parse_too_large(), reused) {
        (true, _) => format!("the provider's answer is not HTTP that can be read: {cause}"),
        (false, true) => format!("the provider closed a kept connection while the request was under way: {cause}"),
        (false, false) => format!("the connection broke before an answer: {cause}"),
    };
    let failure = TryError::new(Stage::Headers, FaultKind::UpstreamFailed, detail);
    if error.sent { failure } else { failure.unsent() }
}

/// Refuses heads behind which there is no body that can be read: a change of protocol, and codings of an answer that were not asked for.
fn check_head(status: StatusCode, headers: &HeaderMap) -> Result<(), TryError> {
    let refuse = |detail: String| Err(TryError::new(Stage::Headers, FaultKind::UpstreamFailed, detail));
    if status.is_informational() {
        return refuse(format!("the provider answered {} to a plain request", status.as_u16()));
    }
    if status.is_success() && is_coded(headers) {
        return refuse("the provider sent a compressed answer although an uncompressed one was asked for".to_owned());
    }
    Ok(())
}

/// Whether the body is in a coding, none of which is asked for: the body of a refusal may be, and cannot be read then.
#[must_use]
pub fn is_coded(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_server::TestServer;
    use http_body_util::BodyExt;

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

    async fn text(answer: TryResponse) -> String {
        String::from_utf8(answer.body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    /// The failure of a try whose server writes `bytes` after the request and then closes.
    async fn failure(bytes: &str) -> TryError {
        let server = TestServer::start().await;
        let answer = server.send("{}");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write(bytes).await;
        drop(peer);
        match answer.await.unwrap() {
            Ok(answer) => answer.body.collect().await.unwrap_err(),
            Err(error) => error,
        }
    }

    async fn check_failure(bytes: &str, stage: Stage, words: &str) {
        let error = failure(bytes).await;
        assert_eq!((error.stage, error.kind, error.sent), (stage, FaultKind::UpstreamFailed, true), "{error}");
        assert!(error.detail.contains(words), "{error}");
    }

    #[tokio::test]
    async fn the_request_arrives_byte_for_byte_and_the_answer_comes_back() {
        let server = TestServer::start().await;
        let mut attempt = server.attempt("{ \"a\" :1}");
        attempt.query = Some("beta=true".to_owned());
        let answer = tokio::spawn(async move { Upstream::new().send(attempt).await });
        let mut peer = server.accept().await;
        let (head, body) = peer.request().await;
        assert!(head.starts_with("post /v1/chat/completions?beta=true http/1.1\r\nhost: 127.0.0.1:"), "{head}");
        assert!(head.contains("content-length: 9\r\n"), "{head}");
        assert_eq!(body, "{ \"a\" :1}");
        peer.write("HTTP/1.1 404 Not Found\r\nx-request-id: r\r\ncontent-length: 2\r\n\r\nno").await;
        let answer = answer.await.unwrap().unwrap();
        assert_eq!((answer.status.as_u16(), &answer.headers["x-request-id"]), (404, &http::HeaderValue::from_static("r")));
        assert_eq!(text(answer).await, "no");
    }

    #[tokio::test]
    async fn a_connection_serves_one_try_after_the_other() {
        let server = TestServer::start().await;
        let first = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.answer("one").await;
        assert_eq!(text(first.await.unwrap().unwrap()).await, "one");
        assert_eq!(server.provider.idle_connections(), 1);
        for _ in 0..3 {
            let next = server.send("2");
            assert_eq!(peer.request().await.1, "2");
            peer.write(CHUNKED).await;
            peer.write("3\r\ntwo\r\n0\r\n\r\n").await;
            assert_eq!(text(next.await.unwrap().unwrap()).await, "two");
            assert_eq!(server.provider.idle_connections(), 1);
        }
        let empty = server.send("3");
        peer.request().await;
        peer.answer("").await;
        assert!(http_body::Body::is_end_stream(&empty.await.unwrap().unwrap().body));
        assert_eq!(server.provider.idle_connections(), 1);
    }

    #[tokio::test]
    async fn a_reader_that_stops_at_the_known_length_gives_the_connection_back() {
        let server = TestServer::start().await;
        let answer = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.answer("one").await;
        let mut answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.body.frame().await.unwrap().unwrap().into_data().unwrap(), "one");
        assert!(http_body::Body::is_end_stream(&answer.body));
        assert_eq!(server.provider.idle_connections(), 1);
    }

    #[tokio::test]
    async fn a_connection_closed_while_idle_is_replaced() {
        let server = TestServer::start().await;
        let first = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.answer("one").await;
        assert_eq!(text(first.await.unwrap().unwrap()).await, "one");
        drop(peer);
        server.settle().await;
        let second = server.send("2");
        let mut peer = server.accept().await;
        assert_eq!(peer.request().await.1, "2");
        peer.answer("two").await;
        assert_eq!(text(second.await.unwrap().unwrap()).await, "two");
    }

    #[tokio::test]
    async fn connections_idle_too_long_are_closed_without_being_asked_for() {
        let server = TestServer::start().await;
        let answer = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.answer("one").await;
        assert_eq!(text(answer.await.unwrap().unwrap()).await, "one");
        server.settle().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_millis(3_900)).await;
        assert_eq!(server.provider.idle_connections(), 1);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(server.provider.idle_connections(), 0);
        tokio::time::resume();
        peer.closed().await;
    }

    #[tokio::test]
    async fn a_kept_connection_that_dies_after_the_request_is_not_asked_twice() {
        let server = TestServer::start().await;
        let first = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.answer("one").await;
        assert_eq!(text(first.await.unwrap().unwrap()).await, "one");
        let second = server.send("2");
        peer.request().await;
        peer.reset();
        let error = second.await.unwrap().unwrap_err();
        assert_eq!((error.stage, error.sent), (Stage::Headers, true), "{error}");
        assert!(error.detail.contains("kept connection"), "{error}");
    }

    #[tokio::test]
    async fn answers_that_break_off_say_where() {
        check_failure("", Stage::Headers, "before an answer").await;
        check_failure("HTTP/1.1 200 OK\r\ncontent-", Stage::Headers, "before an answer").await;
        check_failure("SSH-2.0-hello\r\n\r\n", Stage::Headers, "not HTTP").await;
        check_failure("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour", Stage::Body, "broke off").await;
        check_failure(&format!("{CHUNKED}4\r\nfour\r\n"), Stage::Body, "broke off").await;
        check_failure(&format!("{CHUNKED}nonsense\r\n"), Stage::Body, "broke off").await;
        check_failure("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", Stage::Headers, "101").await;
        check_failure("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx", Stage::Headers, "compressed").await;
    }

    #[tokio::test]
    async fn heads_are_bounded_in_lines_and_bytes() {
        let lines = "x: y\r\n".repeat(200);
        check_failure(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"), Stage::Headers, "not HTTP").await;
        let long = "y".repeat(100_000);
        check_failure(&format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n"), Stage::Headers, "not HTTP").await;
    }

    #[tokio::test]
    async fn a_reset_in_the_body_is_an_error_and_closes_the_connection() {
        let server = TestServer::start().await;
        let answer = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write(CHUNKED).await;
        peer.write("5\r\nfirst\r\n").await;
        let mut answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        peer.reset();
        let error = answer.body.frame().await.unwrap().unwrap_err();
        assert_eq!((error.stage, error.kind), (Stage::Body, FaultKind::UpstreamFailed), "{error}");
        assert!(answer.body.frame().await.is_none());
        assert_eq!(server.provider.idle_connections(), 0);
        assert_eq!(server.provider.health().snapshot().broken, 1);
    }

    #[tokio::test]
    async fn a_close_ends_a_body_without_length_and_the_connection() {
        let server = TestServer::start().await;
        let answer = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nwhole").await;
        drop(peer);
        assert_eq!(text(answer.await.unwrap().unwrap()).await, "whole");
        assert_eq!(server.provider.idle_connections(), 0);
    }

    #[tokio::test]
    async fn a_slow_head_is_a_timeout_and_closes_the_connection() {
        let server = TestServer::start().await;
        let mut attempt = server.attempt("{}");
        attempt.timers.headers_ms = 20;
        let answer = tokio::spawn(async move { Upstream::new().send(attempt).await });
        let mut peer = server.accept().await;
        peer.request().await;
        let error = answer.await.unwrap().unwrap_err();
        assert_eq!((error.stage, error.kind), (Stage::Headers, FaultKind::Timeout), "{error}");
        peer.closed().await;
        assert_eq!(server.provider.health().snapshot().timed_out, 1);
    }

    #[tokio::test]
    async fn a_refused_connection_is_named() {
        let server = TestServer::start().await;
        let attempt = server.attempt("{}");
        drop(server);
        let error = Upstream::new().send(attempt).await.unwrap_err();
        assert_eq!((error.stage, error.kind, error.sent), (Stage::Connect, FaultKind::UpstreamFailed, false));
        assert!(error.detail.contains("cannot connect to 127.0.0.1:"), "{error}");
    }

    #[tokio::test]
    async fn a_server_without_encryption_fails_in_the_stage_of_encryption() {
        let server = TestServer::start().await;
        let mut attempt = server.attempt("{}");
        let base_url = format!("https://{}/v1", attempt.provider.network().unwrap().origin.host_header.to_str().unwrap());
        attempt.provider = Arc::new(Provider::new(crate::ProviderConfig::new("t", ProviderKind::OpenAi, base_url), None).unwrap());
        let answer = tokio::spawn(async move { Upstream::new().send(attempt).await });
        let mut peer = server.accept().await;
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let error = answer.await.unwrap().unwrap_err();
        assert_eq!((error.stage, error.sent), (Stage::Tls, false), "{error}");
    }

    #[tokio::test]
    async fn case_67_a_dropped_try_closes_the_connection_at_once() {
        let server = TestServer::start().await;
        let waiting = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        waiting.abort();
        peer.closed().await;

        let answer = server.send("2");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write(CHUNKED).await;
        peer.write("5\r\nfirst\r\n").await;
        let mut answer = answer.await.unwrap().unwrap();
        assert!(answer.body.frame().await.unwrap().is_ok());
        drop(answer);
        peer.closed().await;
        assert_eq!(server.provider.idle_connections(), 0);
    }

    #[tokio::test]
    async fn case_71_each_event_arrives_before_the_next_is_written() {
        let server = TestServer::start().await;
        let answer = server.send("1");
        let mut peer = server.accept().await;
        peer.request().await;
        peer.write(CHUNKED).await;
        let mut answer = answer.await.unwrap().unwrap();
        for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            peer.write(&format!("{:x}\r\n{event}\r\n", event.len())).await;
            assert_eq!(answer.body.frame().await.unwrap().unwrap().into_data().unwrap(), event);
        }
        peer.write("0\r\n\r\n").await;
        assert!(answer.body.frame().await.is_none());
        assert_eq!(server.provider.idle_connections(), 1);
    }

    #[tokio::test]
    async fn case_70_large_bodies_pass_both_ways() {
        let server = TestServer::start().await;
        let large: &'static str = Box::leak("x".repeat(3_000_000).into_boxed_str());
        let answer = server.send(large);
        let mut peer = server.accept().await;
        assert_eq!(peer.request().await.1.len(), large.len());
        let written = tokio::spawn(async move { peer.answer(large).await });
        assert_eq!(text(answer.await.unwrap().unwrap()).await.len(), large.len());
        written.await.unwrap();
        assert_eq!(server.provider.idle_connections(), 1);
    }

    #[tokio::test]
    async fn an_early_answer_to_a_large_request_is_read_and_the_connection_is_not_kept() {
        let server = TestServer::start().await;
        let large: &'static str = Box::leak("x".repeat(30_000_000).into_boxed_str());
        let answer = server.send(large);
        let mut peer = server.accept().await;
        peer.write("HTTP/1.1 413 Payload Too Large\r\ncontent-length: 3\r\n\r\nbig").await;
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.status.as_u16(), 413);
        assert_eq!(text(answer).await, "big");
        assert_eq!(server.provider.idle_connections(), 0);
        peer.closed().await;
    }

    #[tokio::test]
    async fn a_try_prints_neither_prompt_nor_headers() {
        let server = TestServer::start().await;
        let printed = format!("{:?}", server.attempt("a prompt"));
        assert!(printed.contains("body_bytes: 8") && !printed.contains("prompt"), "{printed}");
    }
}
