//! Who may ask what: labels, classes, models, dialects, state.

use super::harness::{HELLO, Harness};
use jeton_core::ClassSource;
use jeton_ledger::NewKey;
use jeton_ledger::{Ledger, Records};
use jeton_wire::Endpoint;

fn key(house: &Harness, key: NewKey) -> String {
    let (_, text) = house.ledger.create_key(key, jeton_core::Timestamp(1)).unwrap();
    house.ledger.tick().unwrap();
    text
}

#[tokio::test]
async fn the_class_comes_from_header_path_key_rule_in_this_order() {
    let house = Harness::new(
        "[classes.\"by.tag\"]\nmatch = { tag = \"vip\" }\n[classes.\"by.system\"]\nmatch = { system = \"You review code*\" }\n[classes.\"by.header\"]\nmatch = { header = \"x-app: billing*\" }",
    );
    let system = r#"{"model":"twin/steady","messages":[{"role":"system","content":"You review code.\nBe brief."},{"role":"user","content":"Hi"}]}"#;
    let check = async |body: &str, headers: &[(&'static str, &str)], path: Option<&str>, class: &str, source: ClassSource| {
        let mut inbound = house.inbound(Endpoint::Chat, body, headers);
        inbound.path_class = path.map(str::to_owned);
        let got = house.send(inbound).await;
        let attribution = house.record(&got).record.attribution;
        assert_eq!((&*attribution.class, attribution.class_source), (class, source));
    };
    check(HELLO, &[], None, "unclassified", ClassSource::None).await;
    check(HELLO, &[("jeton-tags", "vip")], None, "by.tag", ClassSource::Rule).await;
    check(system, &[], None, "by.system", ClassSource::Rule).await;
    check(HELLO, &[("x-app", "billing-batch")], None, "by.header", ClassSource::Rule).await;
    check(HELLO, &[("jeton-tags", "vip")], Some("by.path"), "by.path", ClassSource::Path).await;
    check(HELLO, &[("jeton-class", "said")], Some("by.path"), "said", ClassSource::Header).await;
    let text = key(&house, NewKey { class: Some("by.key".into()), ..NewKey::named("ci") });
    check(HELLO, &[("jeton-key", &text), ("jeton-tags", "vip")], None, "by.key", ClassSource::Key).await;
}

#[tokio::test]
async fn once_a_key_exists_every_call_needs_one_wherever_sdks_put_it() {
    let house = Harness::new("[accounts.team]\nparent = \"org\"\n[accounts.org]\nbudget = { usd = 5 }");
    let text = key(&house, NewKey { account: Some("team".into()), tags: vec!["a=b".into()], ..NewKey::named("ci") });
    let admin = key(&house, NewKey { admin: true, ..NewKey::named("boss") });
    let bearer = format!("Bearer {text}");
    for (headers, status) in [
        (vec![("authorization", bearer.as_str())], 200),
        (vec![("x-api-key", text.as_str())], 200),
        (vec![("jeton-key", text.as_str()), ("authorization", "Bearer sk-vendor")], 200),
        (vec![], 401),
        (vec![("authorization", "Bearer jtn_000000000000_0000000000000000000000000000000000000000000000000000000000000000")], 401),
        (vec![("jeton-key", admin.as_str())], 403),
    ] {
        let got = house.send(house.inbound(Endpoint::Chat, HELLO, &headers)).await;
        assert_eq!(got.status, status, "{headers:?}");
        if status == 200 {
            let attribution = house.record(&got).record.attribution;
            assert_eq!(attribution.accounts.iter().map(|name| &**name).collect::<Vec<_>>(), ["key:ci", "team", "org"]);
            assert_eq!((attribution.key.as_deref(), attribution.tags.len()), (Some("ci"), 1));
        }
    }
    house.ledger.revoke_key("ci", jeton_core::Timestamp(2)).unwrap();
    house.ledger.tick().unwrap();
    let got = house.send(house.inbound(Endpoint::Chat, HELLO, &[("jeton-key", &text)])).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (401, "invalid_api_key"));
}

#[tokio::test]
async fn calls_of_jetons_own_need_no_key_and_the_default_account_pays() {
    let house = Harness::new("");
    key(&house, NewKey::named("ci"));
    for (is_own, status) in [(true, 200), (false, 401)] {
        let mut inbound = house.inbound(Endpoint::Chat, HELLO, &[]);
        inbound.peer.is_own = is_own;
        let got = house.send(inbound).await;
        assert_eq!(got.status, status);
        let attribution = house.record(&got).record.attribution;
        assert!(attribution.key.is_none() && attribution.accounts.iter().all(|name| &**name == jeton_core::DEFAULT_ACCOUNT), "{attribution:?}");
    }
}

#[tokio::test]
async fn without_keys_only_this_machine_is_served() {
    let house = Harness::new("");
    let mut inbound = house.inbound(Endpoint::Chat, HELLO, &[]);
    inbound.peer.is_loopback = false;
    assert_eq!(house.send(inbound).await.status, 401);
}

#[tokio::test]
async fn a_class_allows_providers_models_and_regions() {
    let house = Harness::new(
        "[providers.eu]\napi = \"twin\"\nregion = \"eu\"\nmodels = [\"m\"]\n[classes.a]\nallow = { providers = [\"eu\"] }\n[classes.b]\nallow = { models = [\"twin/st*\"] }\n[classes.c]\nallow = { regions = [\"eu\"] }\n[routes.r]\ntry = [\"twin/steady\", \"eu/m\"]",
    );
    for (class, model, status) in [
        ("a", "eu/m", 200),
        ("a", "twin/steady", 403),
        ("a", "r", 200),
        ("b", "twin/steady", 200),
        ("b", "eu/m", 403),
        ("c", "eu/m", 200),
        ("c", "twin/steady", 403),
    ] {
        let body = HELLO.replace("twin/steady", model);
        let got = house.send(house.inbound(Endpoint::Chat, &body, &[("jeton-class", class)])).await;
        assert_eq!(got.status, status, "{class} {model}: {}", got.body);
    }
}

#[tokio::test]
async fn models_are_found_by_full_and_by_unique_bare_name() {
    let house = Harness::new(
        "[providers.a]\napi = \"twin\"\nmodels = [\"both\", \"only-a\"]\n[providers.b]\napi = \"twin\"\nmodels = [\"both\"]\n[providers.net]\napi = \"anthropic\"\nbase_url = \"http://127.0.0.1:9\"",
    );
    for (model, status, code) in [
        ("only-a", 200, ""),
        ("a/both", 200, ""),
        ("both", 400, "model_ambiguous"),
        ("nope/x", 404, "model_not_found"),
        ("twin/nope", 404, "model_not_found"),
        ("net/../../v1/files", 404, "model_not_found"),
    ] {
        let got = house.chat(&HELLO.replace("twin/steady", model)).await;
        assert_eq!(got.status, status, "{model}: {}", got.body);
        if status != 200 {
            assert_eq!(got.json()["error"]["code"], code, "{model}");
        }
    }
    let got = house.send(house.inbound(Endpoint::Embeddings, r#"{"model":"net/claude","input":"hi"}"#, &[])).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str()), (400, Some("dialect_mismatch")), "embeddings are not translated");
    let got = house.chat(&HELLO.replace("twin/steady", "twin/stedy")).await;
    assert!(got.body.contains("`twin/steady`"), "the nearest names are told: {}", got.body);
}

#[tokio::test]
async fn case_59_state_stored_upstream_pins_the_call_to_its_provider_or_refuses() {
    let house = Harness::new(
        "[routes.far]\ntry = [\"twin/steady\", \"net/m\"]\n[routes.near]\ntry = [\"twin/steady\", \"twin/slow\"]\n[providers.net]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:9\"",
    );
    let body = |route: &str| format!(r#"{{"model":"{route}","input":"Hi","previous_response_id":"resp_1"}}"#);
    let got = house.send(house.inbound(Endpoint::Responses, &body("far"), &[])).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (400, "state_not_pinned"));
    let got = house.send(house.inbound(Endpoint::Responses, &body("near"), &[])).await;
    let decisions = house.record(&got).record.decisions;
    assert!(decisions.iter().any(|decision| decision.what.contains("pinned to `twin`")), "{decisions:?}");
}
