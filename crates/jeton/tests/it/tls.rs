//! Encryption at both ends: one Jeton behind another, the certificate a test's own.

use crate::common::{BINARY, CHAT, MESSAGES, assert_has, verify};
use jeton_testkit::http::{Connection, Request};
use jeton_testkit::{Project, Server, fixtures, holds_eventually};
use std::time::{Duration, Instant};

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/test-only-cert.pem");
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/test-only-key.pem");
const ASK: &str = r#"{"model":"a/twin/steady","messages":[{"role":"user","content":"Hello"}]}"#;
const ASK_STREAM: &str = r#"{"model":"a/twin/steady","stream":true,"messages":[{"role":"user","content":"Hello"}]}"#;

/// A server that speaks TLS, and its project.
fn behind() -> (Server, Project) {
    let project = Project::with(BINARY, "[gateway.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n");
    std::fs::copy(CERTIFICATE, project.dir().join("cert.pem")).unwrap();
    std::fs::copy(KEY, project.dir().join("key.pem")).unwrap();
    (project.start(), project)
}

/// A server whose providers `a` and `c` are the other one, asked over TLS by the name `host`.
fn in_front(behind: &Server, host: &str, trusts: &str) -> (Server, Project) {
    let origin = format!("https://{host}:{}", behind.address().port());
    let project = Project::with(
        BINARY,
        &format!("[providers.a]\napi = \"openai\"\nbase_url = \"{origin}/v1\"\n[providers.c]\napi = \"anthropic\"\nbase_url = \"{origin}\"\n"),
    );
    (project.start_with_env(&[("SSL_CERT_FILE", trusts), ("SSL_CERT_DIR", "")]), project)
}

#[test]
fn calls_of_every_kind_go_through_two_servers_over_tls() {
    let (behind, behind_project) = behind();
    assert_has(&behind.said(), &["listening on https://127.0.0.1:"]);
    for host in ["localhost", "127.0.0.1"] {
        let (server, project) = in_front(&behind, host, CERTIFICATE);
        let chat = server.post(CHAT, ASK);
        assert_eq!(chat.status(), 200, "{host}: {}", chat.text());
        assert!(!chat.json()["choices"][0]["message"]["content"].as_str().unwrap().is_empty());
        let stream = server.stream(CHAT, ASK_STREAM);
        assert_eq!(stream.head.status, 200);
        let streamed = stream.head.call();
        let body = String::from_utf8(stream.to_end().unwrap()).unwrap();
        assert!(body.ends_with(fixtures::DONE), "{body}");
        let messages = server.post(MESSAGES, r#"{"model":"c/twin/steady","max_tokens":50,"messages":[{"role":"user","content":"Hello"}]}"#);
        assert_eq!((messages.status(), messages.json()["type"].as_str()), (200, Some("message")), "{}", messages.text());
        for call in [chat.call(), streamed, messages.call()] {
            let record = server.record(&call);
            assert_eq!((record["status"].as_str(), record["usage_certainty"].as_str()), (Some("ok"), Some("reported")), "{record}");
        }
        verify(&project);
    }
    assert_eq!(behind_project.json(&["call", "list"]).as_array().unwrap().iter().filter(|call| call["status"] == "ok").count(), 6);
    verify(&behind_project);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_not_spoken_to() {
    let (behind, behind_project) = behind();
    let other = Project::new(BINARY);
    // Trusted is some other certificate, by the same name.
    let trusted = other.dir().join("other.pem");
    std::fs::write(&trusted, OTHER_CERTIFICATE).unwrap();
    for trusts in [trusted.to_str().unwrap(), "/nowhere/at/all.pem"] {
        let (server, project) = in_front(&behind, "localhost", trusts);
        for (path, body) in [(CHAT, ASK), (CHAT, ASK_STREAM), (MESSAGES, r#"{"model":"c/twin/steady","max_tokens":5,"messages":[]}"#)] {
            let reply = server.post(path, body);
            assert_eq!(reply.status(), 502, "{}", reply.text());
            let record = server.record(&reply.call());
            assert_eq!((record["tries"][0]["outcome"].as_str(), record["charged_nanousd"].as_i64()), (Some("tls_failed"), Some(0)), "{record}");
            assert_has(record["tries"][0]["fault"]["message"].as_str().unwrap(), &["(tls)"]);
        }
        verify(&project);
    }
    assert_eq!(behind_project.json(&["call", "list"]).as_array().unwrap().len(), 0, "no request was sent");
}

#[test]
fn what_is_no_tls_at_the_tls_port_does_no_harm() {
    let (behind, project) = behind();
    let mut plain = behind.connect();
    plain.send(&Request::post(CHAT, ASK)).unwrap();
    assert!(plain.is_closed_by_server(), "plain HTTP gets no answer");
    let mut silent = behind.connect();
    silent.write(b"\x16\x03\x01").unwrap();
    let (server, front) = in_front(&behind, "localhost", CERTIFICATE);
    assert_eq!(server.post(CHAT, ASK).status(), 200, "others are served");
    assert_eq!(project.json(&["call", "list"]).as_array().unwrap().len(), 1);
    drop((server, front));
    // A handshake that does not come to its end does not hold up the end of the server.
    let begun = Instant::now();
    assert_eq!(behind.stop(), 0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(silent.is_closed_by_server());
}

#[test]
fn a_handshake_that_does_not_come_to_its_end_is_closed_in_time() {
    let (behind, _project) = {
        let project = Project::with(BINARY, &format!("[gateway]\nheader_timeout_ms = 200\n[gateway.tls]\ncert = {CERTIFICATE:?}\nkey = {KEY:?}\n"));
        (project.start(), project)
    };
    let mut silent = behind.connect();
    assert!(silent.is_closed_by_server());
    holds_eventually("it serves on", || Connection::try_open(behind.address()).is_ok());
}

#[test]
fn files_that_are_no_certificate_refuse_to_start_and_are_named() {
    let project = Project::with(BINARY, "[gateway.tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\n");
    let refuses = |cert: &str, key: &str, says: &[&str]| {
        std::fs::write(project.dir().join("cert.pem"), cert).unwrap();
        std::fs::write(project.dir().join("key.pem"), key).unwrap();
        let output = project.run(&["up", "--listen", "127.0.0.1:0"]);
        assert!((2..=3).contains(&output.code) && output.stdout.is_empty(), "{output:?}");
        assert_has(&output.stderr, says);
        assert!(!output.stderr.contains("MIGHAgEA"), "the key's text is shown: {}", output.stderr);
    };
    let (certificate, key) = (std::fs::read_to_string(CERTIFICATE).unwrap(), std::fs::read_to_string(KEY).unwrap());
    refuses("", &key, &["gateway.tls"]);
    refuses("nonsense", &key, &["gateway.tls"]);
    refuses(&certificate, "nonsense", &["gateway.tls.key", "key.pem"]);
    refuses(&key, &certificate, &["gateway.tls"]);
    refuses(OTHER_CERTIFICATE, &key, &["gateway.tls"]);
}

/// Another certificate for `localhost`, whose key was thrown away.
const OTHER_CERTIFICATE: &str = concat!(
    "-----BEGIN CERTIFICATE-----\n",
    "MIIBZDCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv\n",
    "c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM\n",
    "CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCMAdvvpDdsbH0nu\n",
    "WPkSoe31WB4zeAwpc45sT8BY8hxdoZXp7W6pNAz9blyI+hiL66/R8/CHsWi8SeCu\n",
    "mQ3CFz2jSzBJMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAMBgNVHRMBAf8E\n",
    "AjAAMB0GA1UdDgQWBBQCV/+mnSGl/cO/st3ARoLivBDRZzAKBggqhkjOPQQDAgNI\n",
    "ADBFAiEAgG4WGbpOMqIDliU162pczekSAyuA0p9ZvE01YriRm8wCIBhzWvXcoiwT\n",
    "R2dZB6TKXJnoaIPGrizojQFGujTf1Nho\n",
    "-----END CERTIFICATE-----\n",
);
