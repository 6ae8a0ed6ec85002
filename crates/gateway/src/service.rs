//! From a request to its answer: which door it wants, who asks, the body, the broker.

use crate::panic::CatchPanic;
use crate::path::{Kind, Target, parse, percent_decoded};
use crate::peer::{Client, check_host, client, dialect_of_list, is_anthropic, is_vendors};
use crate::read::{Bounds, read_body};
use crate::response::{GatewayBody, json};
use crate::{cors, models};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, header};
use hyper::body::Incoming;
use jeton_broker::{Broker, Buffers, Inbound, Live, Peer, Reserved};
use jeton_core::{Fault, FaultKind};
use jeton_wire::{Dialect, Endpoint};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// What the fallback answers with.
pub type FallbackFuture = Pin<Box<dyn Future<Output = Response<GatewayBody>> + Send>>;

/// Answers what is not a vendor's path. Gets the request and who asks.
pub type Fallback = Arc<dyn Fn(Request<Incoming>, Client) -> FallbackFuture + Send + Sync>;

/// Says why no call should be sent here now, a sentence each; nothing where all is well.
pub type Readiness = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

/// What a gateway is made of.
pub struct GatewayOptions {
    /// Where calls go.
    pub broker: Arc<Broker>,
    /// Where other paths go.
    pub fallback: Fallback,
    /// What `/readyz` says.
    pub readiness: Readiness,
    /// The bound on bytes in memory.
    pub buffers: Arc<Buffers>,
}

/// The vendors' doors.
pub struct Gateway {
    broker: Arc<Broker>,
    fallback: Fallback,
    readiness: Readiness,
    buffers: Arc<Buffers>,
    panics: AtomicU64,
    is_stopping: AtomicBool,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("broker", &self.broker).finish_non_exhaustive()
    }
}

impl Gateway {
    /// A gateway to a broker.
    #[must_use]
    pub fn new(options: GatewayOptions) -> Arc<Self> {
        let GatewayOptions { broker, fallback, readiness, buffers } = options;
        Arc::new(Self { broker, fallback, readiness, buffers, panics: AtomicU64::new(0), is_stopping: AtomicBool::new(false) })
    }

    /// Panics that were caught since the start.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Makes `/readyz` say that the server is stopping, to connections that are still served; new ones are refused then.
    pub fn stop_being_ready(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// The configuration in use.
    #[must_use]
    pub fn live(&self) -> Arc<Live> {
        self.broker.live()
    }

    /// Answers one request. A panic on the way is answered with 500 in the caller's dialect.
    pub async fn serve(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Response<GatewayBody> {
        let dialect = dialect_of(&parse(request.uri().path(), is_anthropic(request.headers())).kind);
        match CatchPanic::new(Arc::clone(&self).route(request, peer)).await {
            Ok(response) => response,
            Err(_) => {
                self.panics.fetch_add(1, Ordering::Relaxed);
                let fault = Fault::new(FaultKind::Internal, "Jeton met a bug of its own in this call; the others go on.")
                    .remedy("Its log says where; please report it.");
                json(500, jeton_wire::encode_error(dialect, &fault, None))
            }
        }
    }

    async fn route(self: Arc<Self>, request: Request<Incoming>, peer: SocketAddr) -> Response<GatewayBody> {
        let received = Instant::now();
        let live = self.broker.live();
        let settings = &live.snapshot().gateway;
        let origin = cors::allowed_origin(request.headers(), &settings.cors_origins).cloned();
        if let Some(answer) = cors::preflight(request.method(), request.headers(), &settings.cors_origins) {
            return answer;
        }
        let client = client(peer, request.headers(), &settings.trusted_proxies);
        let mut target = parse(request.uri().path(), is_anthropic(request.headers()));
        if target.model.is_some() || matches!(target.kind, Kind::Models(_, Some(Dialect::Gemini))) {
            target.key = target.key.or_else(|| query_key(request.uri().query()));
        }
        let checked = check_host(request.headers(), &settings.allowed_hosts).and_then(|()| cors::check_origin(request.headers(), &settings.cors_origins));
        let mut response = match checked {
            Err(fault) => plain_error(dialect_of(&target.kind), &fault),
            Ok(()) if is_vendors(&target.kind) => self.vendor(request, target, client, &live, received).await,
            Ok(()) => self.other(request, client).await,
        };
        if let Some(origin) = origin {
            cors::allow(response.headers_mut(), origin);
        }
        response
    }

    async fn other(&self, request: Request<Incoming>, client: Client) -> Response<GatewayBody> {
        match request.uri().path() {
            "/healthz" => json(200, r#"{"status":"ok"}"#),
            "/readyz" => self.ready(),
            _ => (self.fallback)(request, client).await,
        }
    }

    fn ready(&self) -> Response<GatewayBody> {
        let mut reasons = (self.readiness)();
        if self.is_stopping.load(Ordering::Relaxed) {
            reasons.insert(0, "the server is stopping".to_owned());
        }
        let is_ready = reasons.is_empty() || reasons.iter().all(|reason| reason.starts_with("config: "));
        let body = serde_json::json!({ "ready": is_ready, "notes": reasons });
        json(if is_ready { 200 } else { 503 }, body.to_string())
    }

    async fn vendor(&self, request: Request<Incoming>, target: Target, client: Client, live: &Live, received: Instant) -> Response<GatewayBody> {
        let (head, body) = request.into_parts();
        match (&target.kind, &head.method) {
            (Kind::Call(_), &Method::POST) if is_array_stream(&target, head.uri.query()) => {
                let fault = Fault::new(FaultKind::InvalidRequest, "A stream comes as server-sent events here, and the request asks for a JSON array.")
                    .code("stream_form")
                    .param("alt")
                    .remedy("Add `?alt=sse` to the address, as Google's SDKs do.");
                self.refuse(head, target, client, received, fault).await
            }
            (Kind::Call(endpoint), &Method::POST) => self.call(*endpoint, head, body, target, client, live, received).await,
            (Kind::Models(name, dialect), &Method::GET) => self.models(name.as_deref(), *dialect, &head, target.key.as_deref(), client, live),
            (Kind::Refused { why, .. }, _) => {
                let fault = Fault::new(FaultKind::NotFound, format!("{} {} is not served ({why}).", head.method, shown(&target.rest)))
                    .code("path_not_served")
                    .remedy("Jeton serves what it can meter: chat completions, responses, messages, generateContent, token counts, embeddings, and the list of models.");
                self.refuse(head, target, client, received, fault).await
            }
            _ => {
                let wanted = if matches!(target.kind, Kind::Models(..)) { "GET" } else { "POST" };
                let fault = Fault::new(FaultKind::MethodNotAllowed, format!("{} is asked for with {wanted}, not with {}.", shown(&target.rest), head.method));
                let mut response = self.refuse(head, target, client, received, fault).await;
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(wanted));
                response
            }
        }
    }

    fn models(&self, name: Option<&str>, told: Option<Dialect>, head: &Parts, path_key: Option<&str>, client: Client, live: &Live) -> Response<GatewayBody> {
        let dialect = told.unwrap_or_else(|| dialect_of_list(&head.headers));
        let ledger = self.broker.ledger();
        let key = path_key.or_else(|| jeton_broker::presented_key(&head.headers));
        let may = match key {
            Some(key) => ledger.authenticate(key).is_ok(),
            None => !ledger.has_keys() && client.is_loopback(),
        };
        if !may {
            let fault = Fault::new(FaultKind::Unauthenticated, "The list of models is shown to callers with a key.")
                .remedy("Send a key made with `jeton key create NAME`.");
            return plain_error(dialect, &fault);
        }
        match name {
            None => json(200, models::list(live, dialect).to_string()),
            Some(name) => match models::one(live, name, dialect) {
                Ok(model) => json(200, model.to_string()),
                Err(fault) => plain_error(dialect, &fault),
            },
        }
    }

    #[allow(clippy::too_many_arguments)]
    async fn call(
        &self,
        endpoint: Endpoint,
        head: Parts,
        body: Incoming,
        target: Target,
        client: Client,
        live: &Live,
        received: Instant,
    ) -> Response<GatewayBody> {
        let settings = &live.snapshot().gateway;
        let bounds = Bounds {
            bytes_max: settings.body_limit_bytes,
            decompressed_max: settings.decompressed_limit_bytes,
            silence: Duration::from_millis(settings.idle_timeout_ms),
        };
        let mut reserved = self.buffers.reserve();
        // A stranger's body is not read: it could be large, and many.
        let peer = Peer { is_loopback: client.is_loopback(), is_own: false };
        let read = match self.broker.check_caller(&head.headers, target.key.as_deref(), peer) {
            Ok(()) => read_body(body, &head.headers, bounds, &mut reserved).await,
            Err(fault) => Err(fault),
        };
        let (body, fault) = match read {
            Ok(body) => (body, None),
            Err(fault) => (Bytes::new(), Some(fault)),
        };
        let inbound = inbound(Some(endpoint), head, (body, reserved), target, client, received);
        let response = match fault {
            None => self.broker.call(inbound).await,
            Some(fault) => self.broker.refuse(inbound, fault).await,
        };
        response.map(GatewayBody::Call)
    }

    async fn refuse(&self, head: Parts, target: Target, client: Client, received: Instant, fault: Fault) -> Response<GatewayBody> {
        let endpoint = if let Kind::Call(endpoint) = target.kind { Some(endpoint) } else { None };
        self.broker.refuse(inbound(endpoint, head, (Bytes::new(), self.buffers.reserve()), target, client, received), fault).await.map(GatewayBody::Call)
    }
}

/// A call as the broker takes it. A path that is no endpoint is written down in its vendor's dialect.
fn inbound(endpoint: Option<Endpoint>, head: Parts, (body, reserved): (Bytes, Reserved), target: Target, client: Client, received: Instant) -> Inbound {
    let shape = match dialect_of(&target.kind) {
        Dialect::Anthropic => Endpoint::Messages,
        Dialect::Gemini => Endpoint::Generate,
        Dialect::OpenAi | Dialect::Bedrock => Endpoint::Chat,
    };
    let query = head.uri.query().map(|query| if endpoint == Some(Endpoint::Generate) { without_googles_own(query) } else { query.to_owned() });
    Inbound {
        is_endpoint: endpoint.is_some(),
        endpoint: endpoint.unwrap_or(shape),
        path: head.uri.path().to_owned(),
        query,
        path_class: target.class,
        path_key: target.key,
        path_model: target.model,
        headers: Arc::new(head.headers),
        body,
        reserved,
        peer: Peer { is_loopback: client.is_loopback(), is_own: false },
        accounts: None,
        received,
    }
}

/// Google streams a JSON array where the query does not ask for server-sent events.
fn is_array_stream(target: &Target, query: Option<&str>) -> bool {
    let is_stream = target.model.as_ref().is_some_and(|model| model.is_stream);
    is_stream && !query.unwrap_or_default().split('&').any(|pair| pair == "alt=sse")
}

/// The query of a call in Gemini's dialect without the form of the stream, which the provider's own path names, and without the
/// credentials that Google's APIs take there ("System parameters": `key`, `access_token`, `oauth_token`): they are for Jeton, if for anyone.
fn without_googles_own(query: &str) -> String {
    let is_own = |pair: &str| {
        let name = percent_decoded(pair.split('=').next().unwrap_or_default());
        ["alt", "$alt", "key", "$key", "access_token", "oauth_token"].into_iter().any(|own| name.eq_ignore_ascii_case(own))
    };
    query.split('&').filter(|pair| !is_own(pair)).collect::<Vec<_>>().join("&")
}

/// A key of ours in the query, where Google's clients may put it.
fn query_key(query: Option<&str>) -> Option<String> {
    query?.split('&').find_map(|pair| pair.strip_prefix("key=")).filter(|key| key.starts_with("jtn_")).map(str::to_owned)
}

fn dialect_of(kind: &Kind) -> Dialect {
    match kind {
        Kind::Call(endpoint) => endpoint.dialect(),
        Kind::Refused { dialect, .. } => *dialect,
        Kind::Models(_, dialect) => dialect.unwrap_or(Dialect::OpenAi),
        Kind::Other => Dialect::OpenAi,
    }
}

/// An error outside of any call.
fn plain_error(dialect: Dialect, fault: &Fault) -> Response<GatewayBody> {
    let mut response = json(fault.kind.status(), jeton_wire::encode_error(dialect, fault, None));
    response.headers_mut().insert("x-should-retry", HeaderValue::from_static("false"));
    response
}

/// A path as an error may show it, and a receipt keep it: without the key of a prefix `/k/KEY`.
fn shown(path: &str) -> String {
    let mut is_key = false;
    let mut parts = Vec::new();
    for part in path.split('/') {
        parts.push(if is_key { "…" } else { part });
        is_key = part == "k";
    }
    parts.join("/").chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_path_holds_no_key() {
        assert_eq!(shown("/k/jtn_a_b/v1/nonsense"), "/k/…/v1/nonsense");
        assert_eq!(shown("/c/docs/k/jtn_a_b/c/k/v1/x"), "/c/docs/k/…/c/k/…/x");
        assert_eq!(shown("/v1/bad\u{7}path"), "/v1/badpath");
    }

    #[test]
    fn a_query_of_googles_loses_its_key_and_the_form_of_its_stream() {
        assert_eq!(without_googles_own("alt=sse&key=AIza&x=1"), "x=1");
        assert_eq!(without_googles_own("alt=sse"), "");
        assert_eq!(without_googles_own("access_token=ya29.a&x=1&oauth_token=ya29.b&access%5Ftoken=ya29.c&%24alt=sse&fields=key"), "x=1&fields=key");
        assert_eq!(query_key(Some("alt=sse&key=jtn_a_b")).as_deref(), Some("jtn_a_b"));
        assert_eq!(query_key(Some("key=AIza")), None);
    }
}
