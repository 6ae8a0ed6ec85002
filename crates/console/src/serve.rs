//! From the table of routes to a router: access, limits, errors and headers, the same for every route.

use crate::api;
use crate::credential::foreign_origin;
use crate::page;
use crate::route::{Answer, Ask, Reach, Route, Verb, printable};
use crate::state::{Access, Console, Peer};
use axum::Router;
use axum::extract::{Query, RawPathParams, Request};
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use jeton_core::{Fault, FaultKind, nearest};
use std::sync::Arc;

type Body = axum::body::Body;

/// Nothing but the page's own files may be loaded, and no page may be put into another one.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// All routes of the console: `/`, `/calls/{id}`, `/context…`, `/evals…`, `/assets/…`, `/api/…` and `/metrics`. Paths under `/api/` that do not
/// exist are answered in the same form as every other error; all other paths are left to the caller's router.
///
/// The server must put [`Peer`] into each request's extensions; without it a request counts as foreign.
pub fn router(console: Console) -> Router {
    let console = Arc::new(console);
    let mut router = Router::new();
    let mut paths: Vec<&'static str> = routes().map(|route| route.path).collect();
    paths.dedup();
    for path in paths {
        let methods: MethodRouter = routes().filter(|route| route.path == path).fold(MethodRouter::new(), |methods, route| {
            let console = console.clone();
            let handler = move |params: RawPathParams, request: Request| respond(console.clone(), route, params, request);
            match route.verb {
                Verb::Get => methods.merge(get(handler)),
                Verb::Post => methods.merge(post(handler)),
            }
        });
        router = router.route(path, methods.fallback(wrong_method));
    }
    router.route("/api/{*rest}", axum::routing::any(wrong_path))
}

/// The table: JSON API, metrics, and pages.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    api::routes().chain(page::ROUTES)
}

async fn wrong_method(request: Request) -> Response<Body> {
    let message = format!("{} does not answer to {}.", request.uri().path(), request.method());
    fault_response(&Fault::new(FaultKind::MethodNotAllowed, message).remedy("/api/openapi.json lists every path with its methods."), false)
}

async fn wrong_path(request: Request) -> Response<Body> {
    let path = request.uri().path();
    let near = nearest(path, api::routes().map(|route| route.path), 1).first().copied().unwrap_or("/api/openapi.json");
    let fault = Fault::new(FaultKind::NotFound, format!("There is no {}.", printable(path)));
    fault_response(&fault.remedy(format!("Did you mean {near}? /api/openapi.json lists every path.")), false)
}

async fn respond(console: Arc<Console>, route: &'static Route, params: RawPathParams, request: Request) -> Response<Body> {
    let as_page = matches!(route.gives, crate::route::Gives::Content(kind) if kind.starts_with("text/html"));
    match answer(console, route, &params, request).await {
        Ok(answer) => answer_response(answer),
        Err(fault) => fault_response(&fault, as_page),
    }
}

async fn answer(console: Arc<Console>, route: &'static Route, params: &RawPathParams, request: Request) -> Result<Answer, Fault> {
    let (head, body) = request.into_parts();
    let access = admit(&console, route, &head.headers, head.extensions.get::<Peer>().copied())?;
    let Query(query) = Query::<Vec<(String, String)>>::try_from_uri(&head.uri)
        .map_err(|error| Fault::new(FaultKind::InvalidRequest, format!("The query cannot be read: {error}.")))?;
    let mut ask = Ask::read(&console, route.params, query, access)?;
    ask.id = params.iter().find(|(name, _)| *name == "id").map(|(_, value)| value.to_owned()).unwrap_or_default();
    if route.takes.is_some() {
        ask.body = Some(read_body(&head.headers, body, route).await?);
    }
    // Handlers ask the store, which blocks; the threads that serve calls must not wait for it.
    let answered = tokio::task::spawn_blocking(move || (route.handler)(&console, &ask)).await;
    answered.unwrap_or_else(|error| {
        tracing::error!(path = route.path, %error, "a request to the console panicked");
        Err(Fault::new(FaultKind::Internal, "Jeton failed at this request.").remedy("Its log says where; please report it."))
    })
}

fn admit(console: &Console, route: &Route, headers: &HeaderMap, peer: Option<Peer>) -> Result<Access, Fault> {
    if route.reach == Reach::Open {
        return Ok(Access::Refused(Fault::new(FaultKind::Unauthenticated, "Nobody was asked.")));
    }
    // A page of another site may make the browser send a request; its answer stays hidden from it, its effect would not.
    if foreign_origin(headers, route.verb) {
        let fault = Fault::new(FaultKind::Forbidden, "This request was made by a page of another site.");
        return Err(fault.remedy("Call the API from a program, or open Jeton's own page."));
    }
    match (console.access)(headers, peer.map(|Peer(address)| address)) {
        Access::Refused(fault) => Err(fault),
        Access::Key(name) if route.reach == Reach::Admin => {
            let fault = Fault::new(FaultKind::Forbidden, format!("The key `{name}` makes calls; it does not open the console."));
            Err(fault.remedy("Use the admin credential: `jeton key admin` prints one."))
        }
        access => Ok(access),
    }
}

async fn read_body(headers: &HeaderMap, body: Body, route: &Route) -> Result<serde_json::Value, Fault> {
    let most = route.body_bytes_max;
    let wanted = if route.is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != wanted {
        let fault = Fault::new(FaultKind::UnsupportedMedia, if route.is_form { "The body must be that of a form." } else { "The body must be JSON." });
        return Err(fault.remedy(format!("Send `content-type: {wanted}`.")));
    }
    let read = Limited::new(body, most).collect().await;
    let bytes = read.map_err(|_| Fault::new(FaultKind::TooLarge, format!("The body is longer than {most} bytes, or broke off.")))?.to_bytes();
    if route.is_form {
        return read_form(&bytes);
    }
    serde_json::from_slice(&bytes).map_err(|error| Fault::new(FaultKind::InvalidRequest, format!("The body is not JSON: {error}.")))
}

/// The fields of a form as an object of texts. A form is written as the query of an address is, and read as one.
fn read_form(bytes: &[u8]) -> Result<serde_json::Value, Fault> {
    let unreadable = |why: &dyn std::fmt::Display| Fault::new(FaultKind::InvalidRequest, format!("The form cannot be read: {why}."));
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(&error))?;
    let address: http::Uri = format!("/?{text}").parse().map_err(|error| unreadable(&error))?;
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(&address).map_err(|error| unreadable(&error))?;
    let mut read = serde_json::Map::new();
    for (name, value) in fields {
        if read.insert(name.clone(), value.into()).is_some() {
            return Err(Fault::new(FaultKind::InvalidRequest, format!("`{}` is given twice.", printable(&name))).param(printable(&name)));
        }
    }
    Ok(serde_json::Value::Object(read))
}

fn answer_response(answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(answer.body));
    if let Some(location) = answer.location.as_deref().and_then(|path| HeaderValue::from_str(path).ok()) {
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.headers_mut().insert(header::LOCATION, location);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    // The page names its files with a digest, so a browser that keeps them never shows old ones.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if answer.keep { "public, max-age=31536000, immutable" } else { "no-store" }));
    guard(headers);
    response
}

fn fault_response(fault: &Fault, as_page: bool) -> Response<Body> {
    let (kind, body) = if as_page {
        ("text/html; charset=utf-8", Bytes::from(page::fault_page(fault)))
    } else {
        ("application/json", Bytes::from(error_json(fault).to_string()))
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(fault.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if fault.kind == FaultKind::Unauthenticated {
        // A browser asks for a name and a password: the password is the admin credential, the name may be anything.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Jeton\", charset=\"UTF-8\""));
    }
    guard(headers);
    response
}

/// The form of every error of the API.
fn error_json(fault: &Fault) -> serde_json::Value {
    let mut error = serde_json::json!({ "code": fault.code_or_kind(), "message": fault.message, "remedy": fault.remedy });
    if let Some(param) = &fault.param {
        error["param"] = param.as_str().into();
    }
    serde_json::json!({ "error": error })
}

fn guard(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
