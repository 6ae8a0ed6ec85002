//! Which headers travel, in both directions.
//!
//! Towards the provider everything travels that is not ours, not the connection's and not about the caller's own
//! machine: SDKs and agents rely on vendor headers (`anthropic-beta`, `openai-project`, `idempotency-key`…), and new
//! ones appear every month. Towards the caller only a list travels: a provider's cookies, limits and transport rules
//! are not ours to promise.

use crate::provider::{Network, Provider, ProviderKind, Secret};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The version of Anthropic's API that is asked for when the caller names none.
const ANTHROPIC_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");
/// How every key of Jeton's own begins; such a value never leaves.
const OWN_KEY_MARK: &[u8] = b"jtn_";

/// Whether a header belongs to one connection only (RFC 9110 §7.6.1) or frames the message.
fn belongs_to_connection(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "http2-settings"
            | "host"
            | "content-length"
            | "expect"
    )
}

/// Whether a header of the caller tells of the caller's machine, its session or of Jeton, and so stays here.
/// The body may have been decoded and edited, so its coding and digests stay here too.
fn stays_here(name: &str) -> bool {
    matches!(
        name,
        "cookie"
            | "accept-encoding"
            | "content-encoding"
            | "content-md5"
            | "content-digest"
            | "digest"
            | "repr-digest"
            | "forwarded"
            | "via"
            | "x-real-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "origin"
            | "referer"
            | "baggage"
            // Credentials of other services and of gateways between the caller and Jeton. None of the providers takes the caller's there.
            | "apikey"
            | "x-auth-token"
            | "x-access-token"
            | "private-token"
            | "ocp-apim-subscription-key"
            | "x-amz-security-token"
    ) || name.starts_with("jeton-")
        || name.starts_with("x-forwarded-")
        || name.starts_with("sec-")
}

fn is_credential(name: &str) -> bool {
    matches!(name, "authorization" | "x-api-key" | "x-goog-api-key" | "api-key")
}

/// The headers of a request to `provider`, made from the caller's.
pub(crate) fn request_headers(caller: &HeaderMap, provider: &Provider, network: &Network) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(caller.len() + network.headers.len() + 4);
    headers.insert(header::HOST, network.origin.host_header.clone());
    let own_names = connection_names(caller);
    for (name, value) in caller {
        if travels(name.as_str(), value, provider) && !own_names.iter().any(|n| n.eq_ignore_ascii_case(name.as_str())) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if matches!(provider.kind(), ProviderKind::Anthropic) {
        headers.entry(HeaderName::from_static("anthropic-version")).or_insert(ANTHROPIC_VERSION);
    }
    if let Some((name, value)) = &network.credential {
        headers.insert(name.clone(), value.clone());
    }
    for (name, value) in &network.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

fn travels(name: &str, value: &HeaderValue, provider: &Provider) -> bool {
    if is_credential(name) {
        return provider.takes_callers_credential() && !value.as_bytes().windows(OWN_KEY_MARK.len()).any(|w| w == OWN_KEY_MARK);
    }
    !belongs_to_connection(name) && !stays_here(name)
}

/// The names that the caller's `connection` header declares to be for its own connection.
fn connection_names(caller: &HeaderMap) -> Vec<&str> {
    let values = caller.get_all(header::CONNECTION).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).map(str::trim).filter(|n| !matches!(*n, "" | "close" | "keep-alive")).collect()
}

/// The headers of a provider's answer that the caller gets: what the body is, whose request it was, and what the vendor says about it.
/// Limits of the provider (`x-ratelimit-*`, `anthropic-ratelimit-*`, `retry-after`), cookies, lengths and transport rules stay here (WIRE.md case 62).
#[must_use]
pub fn response_headers(upstream: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in upstream {
        if returns(name.as_str()) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn returns(name: &str) -> bool {
    match name {
        "content-type" | "content-language" | "x-request-id" | "request-id" | "cf-ray" | "x-amzn-requestid" => true,
        _ => (name.starts_with("openai-") || name.starts_with("anthropic-")) && !name.contains("ratelimit"),
    }
}

/// The header that carries the team's own key.
pub(crate) fn credential_header(kind: &ProviderKind, secret: &Secret) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = match kind {
        ProviderKind::Anthropic => (HeaderName::from_static("x-api-key"), secret.reveal().to_owned()),
        ProviderKind::Gemini => (HeaderName::from_static("x-goog-api-key"), secret.reveal().to_owned()),
        ProviderKind::Azure { .. } => (HeaderName::from_static("api-key"), secret.reveal().to_owned()),
        _ => (header::AUTHORIZATION, format!("Bearer {}", secret.reveal())),
    };
    let mut value = HeaderValue::from_str(&value).map_err(|_| "the credential holds characters that cannot stand in a header".to_owned())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Reads one header of the provider's configuration. Its value may be a secret, so it is never named.
pub(crate) fn check_extra_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is not the name of a header"))?;
    if belongs_to_connection(parsed.as_str()) || parsed == header::ACCEPT_ENCODING {
        return Err(format!("the header `{name}` is set by Jeton itself"));
    }
    let mut value = HeaderValue::from_str(value).map_err(|_| format!("the value of the header `{name}` holds characters that cannot stand there"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Credential, ProviderConfig};

    fn with_credential(kind: ProviderKind, credential: Credential) -> Provider {
        let mut config = ProviderConfig::new("p", kind, "http://example.test:8000/v1");
        config.credential = credential;
        config.headers = vec![("X-Team".to_owned(), "red".to_owned())];
        Provider::new(config, None).unwrap()
    }

    fn map(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn lines(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<String> = headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    /// The headers that reach the provider beyond those that every request has.
    fn check(provider: &Provider, caller: &[&str], expected: &[&str]) {
        let sent = request_headers(&map(caller), provider, provider.network().unwrap());
        let always = ["host: example.test:8000", "content-type: application/json", "accept-encoding: identity", "x-team: red"];
        let sent = lines(&sent);
        assert!(always.iter().all(|a| sent.iter().any(|s| s == a)), "{sent:?}");
        let rest: Vec<&str> = sent.iter().map(String::as_str).filter(|s| !always.contains(s)).collect();
        assert_eq!(rest, expected);
    }

    #[test]
    fn vendor_headers_pass() {
        let provider = with_credential(ProviderKind::OpenAi, Credential::None);
        for line in [
            "anthropic-beta: a,b",
            "idempotency-key: 1",
            "openai-beta: assistants=v2",
            "openai-organization: o",
            "openai-project: p",
            "user-agent: sdk/1",
            "x-request-id: r",
            "x-stainless-lang: python",
        ] {
            check(&provider, &[line], &[line]);
        }
    }

    #[test]
    fn what_is_not_the_providers_stays_here() {
        let provider = with_credential(ProviderKind::OpenAi, Credential::None);
        for line in [
            "host: gateway",
            "content-length: 5",
            "transfer-encoding: chunked",
            "connection: close",
            "authorization: Bearer jtn_x",
            "x-api-key: jtn_x",
            "cookie: a=b",
            "accept-encoding: gzip",
            "content-encoding: gzip",
            "jeton-key: k",
            "jeton-class: c",
            "forwarded: for=1.2.3.4",
            "x-forwarded-for: 1.2.3.4",
            "x-forwarded-proto: https",
            "x-real-ip: 1.2.3.4",
            "origin: http://page",
            "sec-fetch-mode: cors",
            "expect: 100-continue",
            "upgrade: h2c",
            "te: trailers",
            "x-team: blue",
            "apikey: k",
            "x-auth-token: t",
            "x-access-token: t",
            "private-token: glpat-1",
            "ocp-apim-subscription-key: k",
            "x-amz-security-token: t",
            "proxy-authorization: Basic YQ==",
        ] {
            check(&provider, &[line], &[]);
        }
        check(&provider, &["connection: keep-alive, x-hop", "x-hop: 1", "x-kept: 1"], &["x-kept: 1"]);
    }

    #[test]
    fn the_own_key_goes_where_the_dialect_wants_it() {
        let own = || Credential::Own(Secret::new("k"));
        check(&with_credential(ProviderKind::OpenAi, own()), &["authorization: Bearer theirs"], &["authorization: Bearer k"]);
        check(
            &with_credential(ProviderKind::Anthropic, own()),
            &["x-api-key: theirs", "authorization: Bearer theirs"],
            &["anthropic-version: 2023-06-01", "x-api-key: k"],
        );
        check(&with_credential(ProviderKind::Anthropic, own()), &["anthropic-version: 2024-01-01"], &["anthropic-version: 2024-01-01", "x-api-key: k"]);
    }

    #[test]
    fn the_callers_credential_passes_only_when_configured_and_never_a_key_of_ours() {
        let caller = with_credential(ProviderKind::OpenAi, Credential::Caller);
        check(&caller, &["authorization: Bearer theirs"], &["authorization: Bearer theirs"]);
        check(&caller, &["x-api-key: theirs"], &["x-api-key: theirs"]);
        check(&caller, &["authorization: Bearer jtn_ours", "jeton-key: jtn_ours"], &[]);
    }

    #[test]
    fn case_62_limits_of_the_provider_do_not_pass_as_ours() {
        let upstream = map(&[
            "content-type: text/event-stream",
            "content-length: 10",
            "transfer-encoding: chunked",
            "connection: keep-alive",
            "set-cookie: a=b",
            "openai-processing-ms: 5",
            "openai-ratelimit-x: 1",
            "x-request-id: r",
            "request-id: q",
            "anthropic-organization-id: o",
            "anthropic-ratelimit-tokens-reset: 2026-01-01T00:00:00Z",
            "x-ratelimit-remaining-tokens: 5",
            "retry-after: 3",
            "strict-transport-security: max-age=1",
            "access-control-allow-origin: *",
            "jeton-call: forged",
        ]);
        assert_eq!(
            lines(&response_headers(&upstream)),
            ["anthropic-organization-id: o", "content-type: text/event-stream", "openai-processing-ms: 5", "request-id: q", "x-request-id: r"]
        );
    }

    #[test]
    fn extra_headers_that_frame_the_message_are_refused() {
        assert!(check_extra_header("content-length", "5").unwrap_err().contains("content-length"));
        assert!(check_extra_header("bad name", "5").unwrap_err().contains("bad name"));
        assert!(!check_extra_header("x", "a\nb").unwrap_err().contains("a\nb"));
    }
}
