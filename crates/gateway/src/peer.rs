//! Who is at the other end of a connection, proxies seen through where they are trusted.

use crate::path::Kind;
use http::{HeaderMap, header};
use jeton_core::{Fault, FaultKind};
use jeton_project::Network;
use jeton_wire::Dialect;
use std::net::{IpAddr, SocketAddr};

/// The caller behind a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its address: that of the connection, or what a trusted proxy says; none where a proxy that nobody trusts speaks for it.
    pub address: Option<SocketAddr>,
}

impl Client {
    /// Whether the caller sits on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.address.is_some_and(|address| address.ip().to_canonical().is_loopback())
    }
}

/// Finds the caller behind a connection from `peer`. A request that went through a proxy comes from wherever the proxy says,
/// if the proxy is trusted; if not, from nobody knows where: a proxy on this machine must not make the world local.
pub(crate) fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> Client {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address.to_canonical()));
    let forwarded_for: Vec<&str> =
        headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim).collect();
    let is_forwarded = !forwarded_for.is_empty() || headers.contains_key(header::FORWARDED) || headers.contains_key("x-real-ip");
    if !is_forwarded {
        return Client { address: Some(peer) };
    }
    if !is_trusted(peer.ip()) {
        return Client { address: None };
    }
    // Each proxy appends whom it heard from: the last address that is not a trusted proxy is the caller.
    let caller = forwarded_for.iter().rev().map(|text| text.parse::<IpAddr>()).find(|address| !matches!(address, Ok(address) if is_trusted(*address)));
    match caller {
        Some(Ok(address)) => Client { address: Some(SocketAddr::new(address, 0)) },
        _ => Client { address: None },
    }
}

/// Checks the Host header, so that no page of another site can reach this server under a name of its own (DNS rebinding).
/// Addresses and `localhost` always pass: rebinding needs a name.
///
/// # Errors
/// Where the header is missing or names what is not served here.
pub(crate) fn check_host(headers: &HeaderMap, allowed: &[String]) -> Result<(), Fault> {
    let refused = |message: String| {
        Err(Fault::new(FaultKind::Forbidden, message)
            .code("host_not_allowed")
            .remedy("Add the name to gateway.allowed_hosts in jeton.toml if it is this server's."))
    };
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else {
        return refused("The request has no readable Host header.".into());
    };
    let name = host_name(host).to_ascii_lowercase();
    let is_address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    let is_local = name == "localhost" || name.ends_with(".localhost");
    if is_address || is_local || allowed.contains(&name) {
        return Ok(());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    refused(format!("This server does not answer to the name `{shown}`."))
}

/// The name in a Host header, without its port.
fn host_name(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host.ends_with(']') && (host.starts_with('[') || host.matches(':').count() == 1) => &host[..colon],
        _ => host,
    }
}

/// Whether a path that both vendors share is meant in Anthropic's dialect: `anthropic-version` or `x-api-key` tells.
pub(crate) fn is_anthropic(headers: &HeaderMap) -> bool {
    headers.contains_key("anthropic-version") || headers.contains_key("x-api-key")
}

/// In which dialect the list of models is meant that all vendors have at one path.
pub(crate) fn dialect_of_list(headers: &HeaderMap) -> Dialect {
    if headers.contains_key("x-goog-api-key") || headers.contains_key("x-goog-api-client") {
        Dialect::Gemini
    } else if is_anthropic(headers) {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

/// Whether the path is a vendor's, so that errors are written in its dialect.
pub(crate) fn is_vendors(kind: &Kind) -> bool {
    !matches!(kind, Kind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_proxy_on_this_machine_does_not_make_the_world_local() {
        let local: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        let trusted = [Network::parse("127.0.0.1").unwrap()];
        let forwarded = headers(&[("x-forwarded-for", "203.0.113.9")]);
        assert!(client(local, &headers(&[]), &[]).is_loopback());
        assert_eq!(client(local, &forwarded, &[]).address, None);
        assert_eq!(client(local, &forwarded, &trusted).address.unwrap().ip().to_string(), "203.0.113.9");
        // What the caller itself wrote stands before what the proxy added.
        let forged = headers(&[("x-forwarded-for", "127.0.0.1, 203.0.113.9")]);
        assert!(!client(local, &forged, &trusted).is_loopback());
        assert_eq!(client(local, &headers(&[("x-forwarded-for", "nonsense")]), &trusted).address, None);
    }

    #[test]
    fn only_known_names_are_answered() {
        let check = |host: &str, passes: bool| {
            assert_eq!(check_host(&headers(&[("host", host)]), &["jeton.example".to_owned()]).is_ok(), passes, "{host}");
        };
        for host in ["127.0.0.1:4600", "localhost", "LOCALHOST:4600", "[::1]:4600", "::1", "10.1.2.3", "jeton.example:443", "a.localhost"] {
            check(host, true);
        }
        for host in ["evil.example", "evil.example:4600", "localhost.evil.example", "127.0.0.1.evil.example", ""] {
            check(host, false);
        }
        assert!(check_host(&HeaderMap::new(), &[]).is_err());
    }
}
