//! Pages of other origins: shut out unless the configuration names them.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use jeton_core::{Fault, FaultKind};

use crate::response::GatewayBody;

/// The origin of the page that asks, where the configuration allows it.
pub(crate) fn allowed_origin<'a>(headers: &'a HeaderMap, allowed: &[String]) -> Option<&'a HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    allowed.iter().any(|name| origin.as_bytes() == name.as_bytes()).then_some(origin)
}

/// Refuses what a page of another origin sends. A browser sends a plain POST without asking first, so without this check
/// any page could spend money here; that it cannot read the answer would not help.
///
/// # Errors
/// Where the request names an origin that is neither this server's own nor configured.
pub(crate) fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Fault> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, name)| !name.is_empty() && name == host);
    if is_own || allowed_origin(headers, allowed).is_some() {
        return Ok(());
    }
    Err(Fault::new(FaultKind::Forbidden, "This request was made by a web page of another origin.")
        .code("origin_not_allowed")
        .param("origin")
        .remedy("Add the page's origin to gateway.cors_origins in jeton.toml if it may call from a browser."))
}

/// The answer to a browser's question whether it may send a request (Fetch standard, "CORS-preflight request").
pub(crate) fn preflight(method: &Method, headers: &HeaderMap, allowed: &[String]) -> Option<Response<GatewayBody>> {
    if *method != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    let origin = allowed_origin(headers, allowed)?.clone();
    let mut response = Response::new(GatewayBody::Text(None));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let out = response.headers_mut();
    if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    out.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    allow(out, origin);
    Some(response)
}

/// Lets the page of `origin` read the response.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("jeton-call, jeton-dropped, retry-after, retry-after-ms"));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_another_origin_cannot_spend() {
        let check = |origin: Option<&str>, passes: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:4600".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(check_origin(&headers, &["https://app.example".to_owned()]).is_ok(), passes, "{origin:?}");
        };
        check(None, true);
        check(Some("http://127.0.0.1:4600"), true);
        check(Some("https://app.example"), true);
        for foreign in ["https://evil.example", "null", "http://127.0.0.1:4601", "127.0.0.1:4600", ""] {
            check(Some(foreign), false);
        }
    }

    #[test]
    fn only_named_origins_pass() {
        let allowed = ["https://app.example".to_owned()];
        let ask = |origin: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, "POST".parse().unwrap());
            headers
        };
        let answer = preflight(&Method::OPTIONS, &ask("https://app.example"), &allowed).unwrap();
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        for other in ["https://evil.example", "https://app.example.evil", "null"] {
            assert!(preflight(&Method::OPTIONS, &ask(other), &allowed).is_none(), "{other}");
        }
        assert!(preflight(&Method::POST, &ask("https://app.example"), &allowed).is_none());
        assert!(preflight(&Method::OPTIONS, &ask("https://app.example"), &[]).is_none());
    }
}
