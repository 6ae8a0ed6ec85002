//! AWS Signature Version 4: proof that a request comes from who holds the key, without sending the key.
//!
//! After AWS's "Create a signed AWS API request" (IAM user guide). HMAC and SHA-256 are ring's.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use jeton_core::Timestamp;
use ring::{digest, hmac};
use std::fmt::{self, Write as _};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// An access key, for good or for a session.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// Goes with keys that expire.
    pub(crate) session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Where a signature holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// As the `Host` header says it.
    pub(crate) host: &'a str,
    /// As sent: percent-encoded.
    pub(crate) path_and_query: &'a str,
    /// Of these, `Content-Type` and all `X-Amz-*` are signed: proxies may alter the others.
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// The headers that make `request` a signed one: `Authorization`, `X-Amz-Date` and, with a session's key, `X-Amz-Security-Token`.
pub(crate) fn sign(key: &Credentials, scope: Scope<'_>, request: &Signed<'_>, now: Timestamp) -> Vec<(HeaderName, HeaderValue)> {
    let stamp = stamp(now);
    let day = &stamp[..8];
    let mut added = vec![("x-amz-date", stamp.clone())];
    added.extend(key.session_token.clone().map(|token| ("x-amz-security-token", token)));

    let (names, headers) = canonical_headers(request, &added);
    let canonical = canonical_request(request, &names, &headers);
    let credential = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("{ALGORITHM}\n{stamp}\n{credential}\n{}", sha256(canonical.as_bytes()));
    let signature = hex(mac(&signing_key(key, scope, day), to_sign.as_bytes()).as_ref());
    added.push(("authorization", format!("{ALGORITHM} Credential={}/{credential}, SignedHeaders={names}, Signature={signature}", key.access_key_id)));

    let header = |(name, value): (&'static str, String)| {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(name != "x-amz-date");
        Some((HeaderName::from_static(name), value))
    };
    added.into_iter().filter_map(header).collect()
}

/// `20150830T123600Z`.
fn stamp(now: Timestamp) -> String {
    let (year, month, day) = now.civil();
    let second = now.seconds().rem_euclid(86_400);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

/// The signed headers' names, `;` between them, and their lines, both in the order of the names.
fn canonical_headers(request: &Signed<'_>, added: &[(&str, String)]) -> (String, String) {
    let is_signed = |name: &HeaderName| *name == header::CONTENT_TYPE || name.as_str().starts_with("x-amz-");
    let is_replaced = |name: &HeaderName| added.iter().any(|(added, _)| name.as_str() == *added);
    let mut all: Vec<(&str, String)> = request
        .headers
        .iter()
        .filter(|(name, _)| is_signed(name) && !is_replaced(name))
        .map(|(name, value)| (name.as_str(), trimmed(&String::from_utf8_lossy(value.as_bytes()))))
        .chain(added.iter().map(|(name, value)| (*name, trimmed(value))))
        .chain([("host", request.host.to_owned())])
        .collect();
    all.sort_by_key(|(name, _)| *name);
    let mut names: Vec<&str> = Vec::new();
    let mut lines = String::new();
    for (name, value) in &all {
        if names.last() == Some(name) {
            lines.pop();
            let _ = writeln!(lines, ",{value}");
        } else {
            names.push(name);
            let _ = writeln!(lines, "{name}:{value}");
        }
    }
    (names.join(";"), lines)
}

/// Without spaces around, and single ones within.
fn trimmed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

fn canonical_request(request: &Signed<'_>, names: &str, headers: &str) -> String {
    let (path, query) = request.path_and_query.split_once('?').unwrap_or((request.path_and_query, ""));
    let mut members: Vec<&str> = query.split('&').filter(|member| !member.is_empty()).collect();
    members.sort_unstable();
    format!("{}\n{}\n{}\n{headers}\n{names}\n{}", request.method, encoded_again(path), members.join("&"), sha256(request.body))
}

/// The path, percent-encoded once more than it was sent, as all services but S3 want it.
fn encoded_again(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn signing_key(key: &Credentials, scope: Scope<'_>, day: &str) -> Vec<u8> {
    let secret = format!("AWS4{}", key.secret_access_key);
    [day, scope.region, scope.service, "aws4_request"].iter().fold(secret.into_bytes(), |key, part| mac(&key, part.as_bytes()).as_ref().to_vec())
}

fn mac(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-08-30T12:36:00Z, the moment of AWS's test suite.
    const THEN: Timestamp = Timestamp(1_440_938_160_000);

    fn key(session_token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: session_token.map(str::to_owned),
        }
    }

    /// A case of AWS's Signature Version 4 test suite, and its signature as published there.
    #[track_caller]
    fn check_published(method: &str, path_and_query: &str, headers: &[(&'static str, &'static str)], body: &str, names: &str, signature: &str) {
        let headers: HeaderMap = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        let request = Signed { method, host: "example.amazonaws.com", path_and_query, headers: &headers, body: body.as_bytes() };
        let signed = sign(&key(None), Scope { region: "us-east-1", service: "service" }, &request, THEN);
        let expected = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={names}, Signature={signature}");
        assert_eq!(signed[0], (HeaderName::from_static("x-amz-date"), HeaderValue::from_static("20150830T123600Z")));
        assert_eq!(signed[1].1.to_str().unwrap(), expected);
    }

    #[test]
    fn the_signatures_are_those_of_the_published_suite() {
        let plain = "host;x-amz-date";
        check_published("GET", "/", &[], "", plain, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        check_published("POST", "/", &[], "", plain, "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let query = "/?Param2=value2&Param1=value1";
        check_published("GET", query, &[], "", plain, "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let names = "content-type;host;x-amz-date";
        check_published("POST", "/", &[form], "Param1=value1", names, "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
    }

    #[test]
    fn a_request_to_bedrock_is_signed_as_botocore_signs_it() {
        // Made with botocore 1.43.11.
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261126/eu-central-1/bedrock/aws4_request, \
                        SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, \
                        Signature=f85f4986c485f09591947c37e71ac6eba12ec436e6b88e6b10452bf8eaa44fdb";
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        // What the caller says of date and token is replaced.
        headers.insert("x-amz-date", HeaderValue::from_static("20000101T000000Z"));
        let request = Signed {
            method: "POST",
            host: "bedrock-runtime.eu-central-1.amazonaws.com",
            path_and_query: "/model/us.claudia-v1%3A0/converse",
            headers: &headers,
            body: br#"{"messages":[]}"#,
        };
        // 2026-11-26T01:02:03Z.
        let now = Timestamp(1_795_654_923_000);
        let signed = sign(&key(Some("a/session+token==")), Scope { region: "eu-central-1", service: "bedrock" }, &request, now);
        let value = |name: &str| signed.iter().find(|(found, _)| found == name).and_then(|(_, value)| value.to_str().ok());
        assert_eq!(value("authorization"), Some(expected));
        assert_eq!(value("x-amz-security-token"), Some("a/session+token=="));
        assert!(signed.iter().all(|(name, value)| value.is_sensitive() == (name != "x-amz-date")));
    }

    #[test]
    fn values_are_trimmed_and_what_stands_twice_is_one_line() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-b", HeaderValue::from_static("  one   two "));
        headers.append("x-amz-b", HeaderValue::from_static("three"));
        headers.append("x-amz-a", HeaderValue::from_static("1"));
        headers.append("user-agent", HeaderValue::from_static("not signed"));
        let request = Signed { method: "GET", host: "h", path_and_query: "/", headers: &headers, body: b"" };
        let (names, lines) = canonical_headers(&request, &[]);
        assert_eq!((names.as_str(), lines.as_str()), ("host;x-amz-a;x-amz-b", "host:h\nx-amz-a:1\nx-amz-b:one two,three\n"));
    }

    #[test]
    fn the_secret_does_not_show() {
        let shown = format!("{:?}", key(Some("token")));
        assert!(shown.contains("AKIDEXAMPLE") && !shown.contains("wJalr") && !shown.contains("token"));
    }
}
