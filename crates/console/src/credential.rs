//! Where a credential stands in a request: programs send a bearer token or a vendor's header, browsers a password.

use crate::route::Verb;
use http::{HeaderMap, header};

/// The credential that `headers` carry: `jeton-key`, `authorization: Bearer …`, the password of `authorization: Basic …`
/// (what a browser sends after asking), or `x-api-key`, in this order. It is not checked.
#[must_use]
pub fn credential(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|value| !value.is_empty());
    if let Some(key) = text("jeton-key") {
        return Some(key.to_owned());
    }
    if let Some(authorization) = text(header::AUTHORIZATION.as_str()) {
        let (scheme, value) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(value.trim().to_owned());
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let pair = String::from_utf8(decode_base64(value.trim())?).ok()?;
            return pair.split_once(':').map(|(_, password)| password.to_owned());
        }
    }
    text("x-api-key").map(str::to_owned)
}

/// Base 64 by RFC 4648, section 4; `None` where the text is none.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF) as u8);
        }
    }
    Some(bytes)
}

/// Whether a browser says that a page of another site made this request. Programs say nothing, and pass.
pub(crate) fn foreign_origin(headers: &HeaderMap, verb: Verb) -> bool {
    let named = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = named("sec-fetch-site");
    if verb == Verb::Post {
        // A form of another site is a navigation too, and writes. Without the newer header (a plain address in a network) `origin` tells.
        let same_host = |origin: &str| origin.split_once("://").map(|(_, host)| host) == named("host");
        return match site {
            Some(site) => !matches!(site, "same-origin" | "none"),
            None => named("origin").is_some_and(|origin| !same_host(origin)),
        };
    }
    let navigates = headers.get("sec-fetch-mode").is_some_and(|value| value == "navigate");
    // Following a link from another site to the page is no attack: it is a plain GET that shows the page to the user.
    matches!(site, Some("cross-site" | "same-site")) && !navigates
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn check(pairs: &[(&'static str, &str)], expected: Option<&str>) {
        assert_eq!(credential(&headers(pairs)).as_deref(), expected, "{pairs:?}");
    }

    #[test]
    fn every_place_of_a_credential_is_read() {
        check(&[("authorization", "Bearer jeton-abc")], Some("jeton-abc"));
        check(&[("authorization", "Basic YWRtaW46amV0b24tYTpiYw==")], Some("jeton-a:bc"));
        check(&[("authorization", "Basic %%")], None);
        check(&[("x-api-key", "jeton-abc")], Some("jeton-abc"));
        check(&[("authorization", "Bearer vendor"), ("jeton-key", "jeton-abc")], Some("jeton-abc"));
        check(&[], None);
    }

    #[test]
    fn a_page_of_another_site_is_foreign_and_a_link_from_it_is_not() {
        let check =
            |verb: Verb, pairs: &[(&'static str, &str)], expected: bool| assert_eq!(foreign_origin(&headers(pairs), verb), expected, "{verb:?} {pairs:?}");
        check(Verb::Get, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")], true);
        check(Verb::Get, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], false);
        check(Verb::Get, &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], false);
        check(Verb::Get, &[], false);
        // A form that another page sends navigates too.
        check(Verb::Post, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], true);
        check(Verb::Post, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")], true);
        check(Verb::Post, &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "navigate"), ("origin", "null")], false);
        check(Verb::Post, &[("origin", "http://10.0.0.9:4600"), ("host", "10.0.0.9:4600")], false);
        check(Verb::Post, &[("origin", "http://elsewhere.example"), ("host", "10.0.0.9:4600")], true);
        check(Verb::Post, &[("origin", "null"), ("host", "10.0.0.9:4600")], true);
        check(Verb::Post, &[], false);
    }
}
