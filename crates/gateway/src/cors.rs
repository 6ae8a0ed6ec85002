//! Pages of other origins: shut out unless the configuration names them.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use crate::response::GatewayBody;

/// The origin of the page that asks, where the configuration allows it.
pub(crate) fn allowed_origin<'a>(headers: &'a HeaderMap, allowed: &[String]) -> Option<&'a HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    allowed.iter().any(|name| origin.as_bytes() == name.as_bytes()).then_some(origin)
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
