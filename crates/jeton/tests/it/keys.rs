//! Who may call, who may look, and what of it travels on.

use crate::common::{BINARY, CHAT, House, MESSAGES, assert_has};
use jeton_testkit::http::{Reply, Request};
use jeton_testkit::{Project, Upstream, eventually, fixtures, holds_eventually};
use std::time::{Duration, Instant};

const BODY: &str = r#"{"model":"acme/fast","messages":[{"role":"user","content":"Hi"}]}"#;

fn upstream() -> Upstream {
    Upstream::start(|exchange| match exchange.request.target.as_str() {
        "/v1/messages" => exchange.document(200, fixtures::messages_document(5, 3)),
        _ => exchange.document(200, fixtures::chat_document(5, 3)),
    })
}

fn ask(house: &House, headers: &[(&str, &str)]) -> Reply {
    house.server.ask(&headers.iter().fold(Request::post(CHAT, BODY), |request, (name, value)| request.header(name, value)))
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

#[test]
fn without_keys_callers_on_this_machine_are_served_whatever_they_send() {
    let house = House::new(upstream());
    for headers in [&[][..], &[("authorization", "Bearer sk-none")], &[("x-api-key", "sk-ant-none")], &[("authorization", "Basic eDp5")]] {
        assert_eq!(ask(&house, headers).status(), 200, "{headers:?}");
    }
    assert_eq!(house.upstream.last().header("authorization"), None, "a provider without a credential gets none");
}

#[test]
fn once_a_key_exists_every_call_needs_one() {
    let house = House::new(upstream());
    let key = house.project.key(&["create", "ci", "--class", "ci.review", "--tags", "team=core,nightly"]);
    assert!(key.starts_with("jtn_"), "{key}");
    holds_eventually("the server knows that there are keys", || ask(&house, &[]).status() == 401);
    let refused = ask(&house, &[("authorization", "Bearer sk-none")]);
    assert_eq!(
        (refused.status(), refused.json()["error"]["type"].as_str(), refused.header("x-should-retry")),
        (401, Some("authentication_error"), Some("false"))
    );
    assert_has(&refused.text(), &["asks for a key", "jeton key create NAME"]);
    let unknown = ask(&house, &[("authorization", "Bearer jtn_nonsense_nonsense")]);
    assert_eq!((unknown.status(), unknown.json()["error"]["code"].as_str()), (401, Some("invalid_api_key")));
    let asked = house.upstream.count();
    for headers in [[("authorization", bearer(&key))], [("x-api-key", key.clone())], [("jeton-key", key.clone())]] {
        let reply = ask(&house, &[(headers[0].0, &headers[0].1)]);
        assert_eq!(reply.status(), 200, "{}: {}", headers[0].0, reply.text());
    }
    assert_eq!(house.server.post(&format!("/k/{key}{CHAT}"), BODY).status(), 200, "in the URL");
    let reply = house.server.ask(&Request::post(MESSAGES, r#"{"model":"claudia/x","max_tokens":9,"messages":[]}"#).header("x-api-key", "sk-ant-x"));
    assert_eq!((reply.status(), reply.json()["error"]["type"].as_str()), (401, Some("authentication_error")), "in Anthropic's dialect");
    assert_eq!(house.upstream.count(), asked + 4, "who has no key asks no provider");
    let row = &house.project.json(&["call", "list", "--status", "ok", "--limit", "1"])[0];
    assert_eq!((row["key"].as_str(), row["class"].as_str(), row["tags"].as_array().map(Vec::len)), (Some("ci"), Some("ci.review"), Some(2)));
    // Nothing on disk or on a screen holds the key itself.
    let secret = key.rsplit('_').next().unwrap();
    for file in ["ledger.db", "ledger.db-wal"] {
        let bytes = std::fs::read(house.project.dir().join(".jeton").join(file)).unwrap_or_default();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{file} holds the key");
    }
    let shown =
        house.project.run(&["key", "list", "--json"]).stdout + &house.project.run(&["ledger", "export", "--table", "keys"]).stdout + &house.server.said();
    assert!(!shown.contains(secret) && shown.contains("ci.review"), "{shown}");
    house.verify();
}

#[test]
fn a_revoked_key_stops_working_within_a_second_and_an_expired_one_does_not_work() {
    let house = House::new(upstream());
    let key = house.project.key(&["create", "ci"]);
    let old = house.project.key(&["create", "old", "--expires", "2020-01-01"]);
    let call = |key: &str| ask(&house, &[("authorization", &bearer(key))]);
    eventually("the key is known", || (call(&key).status() == 200).then_some(()));
    let expired = call(&old);
    assert_eq!(expired.status(), 401);
    assert_has(&expired.text(), &["has expired"]);
    assert_eq!(house.project.run(&["key", "revoke", "ci"]).code, 0);
    let revoked = Instant::now();
    let refused = eventually("the key is refused", || Some(call(&key)).filter(|reply| reply.status() == 401));
    // The rule is a second; the rest is for a machine that runs other tests beside.
    assert!(revoked.elapsed() < Duration::from_millis(1_500), "{:?}", revoked.elapsed());
    assert_has(&refused.text(), &["was revoked"]);
    assert_eq!(house.project.run(&["key", "revoke", "nobody"]).code, 2);
    assert_eq!(ask(&house, &[]).status(), 401, "revoking the last key does not open the door");
}

#[test]
fn an_admin_key_opens_the_console_and_no_models() {
    let house = House::new(upstream());
    for path in ["/api/calls", "/metrics", "/"] {
        assert_eq!(house.server.get(path).status(), 200, "{path}, on this machine without keys");
    }
    let admin = house.project.key(&["admin"]);
    let caller = house.project.key(&["create", "ci"]);
    eventually("the keys are known", || (ask(&house, &[("jeton-key", &caller)]).status() == 200).then_some(()));
    let refused = ask(&house, &[("authorization", &bearer(&admin))]);
    assert_eq!(refused.status(), 403);
    assert_has(&refused.text(), &["This is an admin key", "not the models"]);
    for path in ["/api/calls", "/api/cost", "/api/accounts", "/api/status", "/metrics", "/"] {
        let with =
            |key: Option<&str>| house.server.ask(&key.iter().fold(Request::get(path), |request, key| request.header("authorization", &bearer(key)))).status();
        assert_eq!((with(None), with(Some(&caller)), with(Some(&admin))), (401, 403, 200), "{path}");
    }
    assert_eq!(house.server.get("/healthz").status(), 200, "needs no credential");
    assert_eq!(house.server.get("/v1/models").status(), 401);
    assert_eq!(house.server.ask(&Request::get("/v1/models").header("authorization", &bearer(&caller))).status(), 200);
}

#[test]
fn a_caller_sees_and_judges_the_calls_of_its_own_key_only() {
    let house = House::new(upstream());
    let (mine, other) = (house.project.key(&["create", "mine"]), house.project.key(&["create", "other"]));
    let reply = eventually("the keys are known", || Some(ask(&house, &[("jeton-key", &mine)])).filter(|reply| reply.status() == 200));
    let path = format!("/api/calls/{}/feedback", reply.call());
    let judge = |key: &str| house.server.ask(&Request::post(&path, r#"{"verdict":"good","score":0.9,"comment":"fine"}"#).header("jeton-key", key)).status();
    assert!(judge(&other) >= 400);
    assert!((200..300).contains(&judge(&mine)));
    assert_eq!(house.server.ask(&Request::get(&format!("/api/calls/{}", reply.call())).header("jeton-key", &other)).status(), 404);
    let detail = house.server.ask(&Request::get(&format!("/api/calls/{}", reply.call())).header("jeton-key", &mine)).json();
    assert_eq!((detail["feedback"][0]["verdict"].as_str(), detail["feedback"][0]["by"].as_str()), (Some("good"), Some("mine")));
}

#[test]
fn a_proxy_on_this_machine_does_not_make_the_world_local() {
    let house = House::new(upstream());
    for header in [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1"), ("x-real-ip", "127.0.0.1")] {
        let reply = ask(&house, &[header]);
        assert_eq!(reply.status(), 401, "{header:?}");
        assert_has(&reply.text(), &["its own machine only"]);
        assert_eq!(house.server.ask(&Request::get("/api/calls").header(header.0, header.1)).status(), 401, "{header:?}");
    }
    let trusting = House::with(upstream(), "[gateway]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    assert_eq!(ask(&trusting, &[("x-forwarded-for", "::1")]).status(), 200, "the proxy says that it is from here");
    assert_eq!(ask(&trusting, &[("x-forwarded-for", "127.0.0.1, 203.0.113.9")]).status(), 401, "what the caller wrote itself does not count");
}

#[test]
fn only_known_host_names_are_answered() {
    let house = House::with(upstream(), "[gateway]\nallowed_hosts = [\"jeton.example\"]\n");
    for (host, status) in [("jeton.example", 200), ("localhost:1", 200), ("127.0.0.1", 200), ("evil.example", 403), ("jeton.example.evil", 403), ("", 403)] {
        assert_eq!(ask(&house, &[("host", host)]).status(), status, "{host}");
        let page = house.server.ask(&Request::get("/api/calls").header("host", host)).status();
        assert_eq!(page, status, "{host}");
    }
    assert_has(&ask(&house, &[("host", "evil.example")]).text(), &["does not answer to the name `evil.example`", "gateway.allowed_hosts"]);
}

#[test]
fn pages_of_other_origins_are_shut_out_unless_named() {
    let preflight = |house: &House, origin: &str| {
        house.server.ask(
            &Request::new("OPTIONS", CHAT)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization"),
        )
    };
    let house = House::new(upstream());
    let reply = preflight(&house, "https://app.example");
    assert!(reply.status() >= 400 && reply.header("access-control-allow-origin").is_none());
    let open = House::with(upstream(), "[gateway]\ncors_origins = [\"https://app.example\"]\n");
    let reply = preflight(&open, "https://app.example");
    assert_eq!(
        (reply.status(), reply.header("access-control-allow-origin"), reply.header("access-control-allow-headers")),
        (204, Some("https://app.example"), Some("authorization"))
    );
    assert!(preflight(&open, "https://evil.example").header("access-control-allow-origin").is_none());
    let reply = ask(&open, &[("origin", "https://app.example")]);
    assert_eq!((reply.status(), reply.header("access-control-allow-origin")), (200, Some("https://app.example")));
    assert_has(reply.header("access-control-expose-headers").unwrap(), &["jeton-call"]);
}

#[test]
fn the_teams_credential_travels_and_nothing_of_the_callers_or_jetons_own() {
    let upstream = upstream();
    let project = crate::common::project(&upstream, "");
    let url = upstream.url();
    project.configure(&format!(
        "[providers.acme]\napi = \"openai\"\nbase_url = \"{url}/v1\"\napi_key = {{ env = \"ACME_KEY\" }}\nheaders = {{ x-team = \"red\" }}\n[providers.claudia]\napi = \"anthropic\"\nbase_url = \"{url}\"\napi_key = {{ env = \"CLAUDIA_KEY\" }}\n"
    ));
    let server = project.start_with_env(&[("ACME_KEY", "sk-acme-team"), ("CLAUDIA_KEY", "sk-ant-team")]);
    let secrets = ["sk-caller", "session=1", "Bearer sk-caller", "203.0.113.9"];
    let request = Request::post(CHAT, BODY)
        .header("authorization", "Bearer sk-caller")
        .header("cookie", "session=1")
        .header("jeton-class", "a")
        .header("jeton-tags", "b")
        .header("jeton-outcome", "c")
        .header("jeton-deadline", "60000")
        .header("openai-organization", "org-1")
        .header("idempotency-key", "same")
        .header("user-agent", "OpenAI/Python")
        .header("x-stainless-lang", "python")
        .header("connection", "keep-alive, x-hop")
        .header("x-hop", "mine");
    assert_eq!(server.ask(&request).status(), 200);
    let sent = upstream.last();
    assert_eq!((sent.header("authorization"), sent.header("x-team")), (Some("Bearer sk-acme-team"), Some("red")));
    assert_eq!(
        (sent.header("openai-organization"), sent.header("idempotency-key"), sent.header("user-agent")),
        (Some("org-1"), Some("same"), Some("OpenAI/Python"))
    );
    for (name, value) in &sent.headers {
        assert!(!name.starts_with("jeton-") && name != "cookie" && name != "x-hop", "{name} travels");
        assert!(!secrets.contains(&value.as_str()), "{name}: {value} travels");
    }
    assert_eq!(server.post(MESSAGES, r#"{"model":"claudia/x","max_tokens":9,"messages":[]}"#).status(), 200);
    assert_eq!((upstream.last().header("x-api-key"), upstream.last().header("authorization")), (Some("sk-ant-team"), None));
}

#[test]
fn a_callers_own_credential_travels_where_the_provider_is_set_so_and_jetons_key_never() {
    let upstream = upstream();
    let mine = format!("[providers.mine]\napi = \"anthropic\"\nbase_url = \"{}\"\ncredential = \"caller\"\n", upstream.url());
    let house = House::with(upstream, &mine);
    let body = r#"{"model":"mine/claude-x","max_tokens":9,"messages":[]}"#;
    let key = house.project.key(&["create", "dev"]);
    let send =
        |headers: &[(&str, &str)]| house.server.ask(&headers.iter().fold(Request::post(MESSAGES, body), |request, (name, value)| request.header(name, value)));
    eventually("the key is known", || (send(&[("jeton-key", &key), ("authorization", "Bearer sk-ant-oat-own")]).status() == 200).then_some(()));
    let sent = house.upstream.last();
    assert_eq!((sent.header("authorization"), sent.header("x-api-key"), sent.header("jeton-key")), (Some("Bearer sk-ant-oat-own"), None, None));
    assert_eq!(send(&[("jeton-key", &key), ("x-api-key", "sk-ant-own")]).status(), 200);
    assert_eq!(house.upstream.last().header("x-api-key"), Some("sk-ant-own"));
    for header in [("authorization", bearer(&key)), ("x-api-key", key.clone())] {
        assert_eq!(send(&[(header.0, &header.1)]).status(), 200);
        assert!(house.upstream.last().headers.iter().all(|(_, value)| !value.contains("jtn_")), "Jeton's key travels");
    }
    let reply = house.server.ask(&Request::post(&format!("/k/{key}{MESSAGES}"), body).header("authorization", "Bearer sk-ant-oat-own"));
    assert_eq!(reply.status(), 200);
    assert_eq!((house.upstream.last().target.as_str(), house.upstream.last().header("authorization")), ("/v1/messages", Some("Bearer sk-ant-oat-own")));
}

#[test]
fn a_public_address_without_keys_refuses_to_start() {
    let project = Project::new(BINARY);
    let refuses = |says: &[&str]| {
        let output = project.run(&["up", "--listen", "0.0.0.0:0"]);
        assert_eq!((output.code, output.stdout.as_str()), (2, ""), "{output:?}");
        assert_has(&output.stderr, says);
    };
    refuses(&["can be reached from other machines", "neither keys for calls nor an admin key exist", "jeton key create NAME"]);
    let _ = project.key(&["create", "ci"]);
    refuses(&["no admin key exists"]);
    let _ = project.key(&["admin"]);
    let server = project.start_in_shell("exec \"$0\" up --listen 0.0.0.0:0");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], server.address().port()));
    assert_eq!(jeton_testkit::http::Connection::open(address).ask(&Request::post(CHAT, BODY)).status(), 401);
}

#[test]
fn a_key_stops_working_when_its_time_is_over() {
    let house = House::new(upstream());
    let key = house.project.key(&["create", "short", "--expires", "3s"]);
    let call = || ask(&house, &[("authorization", &bearer(&key))]);
    eventually("the key is known", || (call().status() == 200).then_some(()));
    let reply = eventually("the key has ended", || Some(call()).filter(|reply| reply.status() == 401));
    assert_has(&reply.text(), &["has expired"]);
}

#[test]
fn a_browser_opens_the_page_with_the_admin_key_as_password_and_other_sites_cannot_use_it() {
    let house = House::new(upstream());
    let admin = house.project.key(&["admin"]);
    let unasked = eventually("the key is known", || Some(house.server.get("/")).filter(|reply| reply.status() == 401));
    assert_has(unasked.header("www-authenticate").unwrap(), &["Basic realm=\"Jeton\""]);
    assert_has(unasked.header("content-type").unwrap(), &["text/html"]);
    let password = format!("Basic {}", base64(format!("anybody:{admin}").as_bytes()));
    let get = |path: &str, more: &[(&str, &str)]| {
        house.server.ask(&more.iter().fold(Request::get(path).header("authorization", &password), |request, (name, value)| request.header(name, value)))
    };
    assert_eq!(get("/", &[]).status(), 200);
    // The browser remembers the password and would send it along with what a page of another site asks for.
    let foreign = get("/api/calls", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]);
    assert_eq!((foreign.status(), foreign.json()["error"]["code"].as_str()), (403, Some("forbidden")));
    assert_has(&foreign.text(), &["page of another site"]);
    assert_eq!(get("/", &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).status(), 200, "a link is followed");
    let wrong = house.server.ask(&Request::get("/api/calls").header("authorization", &format!("Basic {}", base64(b"anybody:guess"))));
    assert_eq!((wrong.status(), wrong.json()["error"]["code"].as_str()), (401, Some("unauthenticated")));
    let other = house.server.get("/api/cost").json();
    assert!(other["error"]["message"].is_string() && other["error"]["remedy"].is_string(), "{other}");
}

/// Base 64 by RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let three = [piece[0], piece.get(1).copied().unwrap_or(0), piece.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for place in 0..4_usize {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= piece.len() { letter as char } else { '=' });
        }
    }
    text
}

#[test]
fn what_proxies_say_of_the_caller_does_not_travel_on() {
    let house = House::with(upstream(), "[gateway]\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let headers = [
        ("x-forwarded-for", "::1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "jeton.example"),
        ("x-real-ip", "10.9.8.7"),
        ("forwarded", "for=10.9.8.7"),
        ("via", "1.1 proxy"),
        ("cf-connecting-ip", "10.9.8.7"),
        ("cookie", "session=1"),
    ];
    let reply = ask(&house, &headers);
    assert_eq!(reply.status(), 200, "the caller is on this machine: {}", reply.text());
    let sent = house.upstream.last();
    for (name, _) in headers {
        assert_eq!(sent.header(name), None, "{name} travels");
    }
}
