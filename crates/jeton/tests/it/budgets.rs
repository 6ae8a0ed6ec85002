//! Money: no call spends what nobody allotted, and every refusal says why.

use crate::common::{self, CHAT, House, MESSAGES, RESPONSES, assert_has, decisions};
use jeton_testkit::http::{Reply, Request};
use jeton_testkit::{Gate, Upstream, eventually, fixtures, holds_eventually};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const DOLLAR: i64 = 1_000_000_000;

/// The account that pays for callers without a key, with a budget for good.
fn budget(usd: &str) -> String {
    format!("[accounts.default]\nbudget = {{ usd = {usd}, window = \"total\" }}\n")
}

fn chat(max_tokens: Option<u64>) -> String {
    let limit = max_tokens.map_or(String::new(), |tokens| format!("\"max_tokens\":{tokens},"));
    format!("{{\"model\":\"acme/fast\",{limit}\"messages\":[{{\"role\":\"user\",\"content\":\"Hi\"}}]}}")
}

/// How an account stands, from the API.
fn standing(house: &House, name: &str) -> Value {
    let accounts = house.server.get("/api/accounts").json();
    accounts["accounts"].as_array().unwrap().iter().find(|account| account["name"] == name).unwrap_or_else(|| panic!("no {name} in {accounts}")).clone()
}

fn refusal(reply: &Reply) -> String {
    assert_eq!(reply.status(), 400, "{}", reply.text());
    assert_eq!(reply.header("x-should-retry"), Some("false"));
    reply.json()["error"]["message"].as_str().unwrap().to_owned()
}

#[test]
fn a_thousand_concurrent_calls_spend_no_more_than_their_dollar() {
    let gate = Gate::new();
    let held = gate.clone();
    // The provider answers nobody before everybody has asked, and uses exactly what each call may use.
    let upstream = Upstream::start(move |exchange| {
        held.pass();
        let limit = exchange.request.json()["max_tokens"].as_u64().unwrap();
        exchange.document(200, fixtures::chat_document(0, limit))
    });
    let house = House::with(upstream, &budget("1"));
    // 4,000 output tokens are eight thousandths of a dollar, and the prompt is held for too: 123 calls fit.
    let body = chat(Some(4_000));
    let (ok, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..1_000)
        .map(|_| {
            let (address, body, ok, refused) = (house.server.address(), body.clone(), Arc::clone(&ok), Arc::clone(&refused));
            let work = move || {
                let reply = jeton_testkit::http::Connection::open(address).ask(&Request::post(CHAT, body));
                match reply.status() {
                    200 => ok.fetch_add(1, Ordering::SeqCst),
                    400 => refused.fetch_add(1, Ordering::SeqCst),
                    other => panic!("{other}: {}", reply.text()),
                };
            };
            std::thread::Builder::new().stack_size(128 * 1024).spawn(work).unwrap()
        })
        .collect();
    holds_eventually("every call is either at the provider or refused", || house.upstream.count() + refused.load(Ordering::SeqCst) == 1_000);
    let during = standing(&house, "default");
    gate.open();
    clients.into_iter().for_each(|client| client.join().unwrap());
    let admitted = house.upstream.count();
    let hold = during["held_nanousd"].as_i64().unwrap() / i64::try_from(admitted).unwrap();
    assert_eq!(i64::try_from(admitted).unwrap(), DOLLAR / hold, "as many calls as the dollar affords, each held at {hold}");
    assert_eq!((ok.load(Ordering::SeqCst), refused.load(Ordering::SeqCst)), (admitted, 1_000 - admitted));
    let after = standing(&house, "default");
    assert_eq!(after["held_nanousd"], 0);
    assert_eq!(after["spent_nanousd"].as_i64().unwrap(), 8_000_000 * i64::try_from(admitted).unwrap());
    assert!(after["spent_nanousd"].as_i64().unwrap() <= DOLLAR);
    house.verify();
}

#[test]
fn case_63_out_of_budget_is_a_400_that_sdks_do_not_retry_in_both_dialects() {
    let house = House::with(Upstream::document("{}"), &budget("0.000001"));
    let reply = house.server.post(CHAT, chat(Some(4_000)));
    let message = refusal(&reply);
    assert_has(&message, &["account `default`", "$0.00 spent", "$0.00 held of $0.000001", "the call needs $0.00", "does not renew", "Raise the budget"]);
    let error = &reply.json()["error"];
    assert_eq!((error["type"].as_str(), error["code"].as_str()), (Some("insufficient_quota"), Some("budget_exhausted")));
    assert_eq!(reply.header("retry-after"), None);
    let record = house.server.record(&reply.call());
    assert_eq!((record["status"].as_str(), record["charged_nanousd"].as_i64()), (Some("refused"), Some(0)));

    let reply = house.server.post(MESSAGES, r#"{"model":"claudia/x","max_tokens":4000,"messages":[{"role":"user","content":"Hi"}]}"#);
    refusal(&reply);
    let body = reply.json();
    assert_eq!((body["type"].as_str(), body["error"]["type"].as_str()), (Some("error"), Some("invalid_request_error")));
    assert_eq!(body["error"]["code"], "budget_exhausted");
    assert_eq!(body["request_id"], reply.call());

    let reply = house.server.post(RESPONSES, r#"{"model":"acme/fast","max_output_tokens":4000,"input":"Hi","stream":true}"#);
    refusal(&reply);
    assert_eq!(reply.json()["error"]["code"], "budget_exhausted");
    assert_eq!(house.upstream.count(), 0, "nothing was sent");
    house.verify();
}

#[test]
fn a_renewing_budget_says_when() {
    let house = House::with(Upstream::document("{}"), "[accounts.default]\nbudget = { usd = 0.000001, window = \"year\", timezone = \"UTC\" }\n");
    let message = refusal(&house.server.post(CHAT, chat(Some(4_000))));
    assert_has(&message, &["It renews at ", "-01-01T00:00:00.000Z."]);
}

#[test]
fn a_request_without_an_output_limit_gets_one_that_the_budget_affords() {
    let answers = Upstream::start(|exchange| match exchange.request.target.as_str() {
        "/v1/messages" => exchange.document(200, fixtures::messages_document(5, 3)),
        "/v1/responses" => exchange.document(200, fixtures::responses_document(5, 3)),
        _ => exchange.document(200, fixtures::chat_document(5, 3)),
    });
    // Half of what 4,000 output tokens cost.
    let house = House::with(answers, &budget("0.004"));
    let mut limits = Vec::new();
    for (path, body, field) in [
        (CHAT, chat(None), "max_tokens"),
        (RESPONSES, r#"{"model":"acme/fast","input":"Hi"}"#.to_owned(), "max_output_tokens"),
        (CHAT, r#"{"model":"acme/fast","n":2,"messages":[{"role":"user","content":"Hi"}]}"#.to_owned(), "max_tokens"),
    ] {
        let reply = house.server.post(path, body.as_str());
        assert_eq!(reply.status(), 200, "{}", reply.text());
        let sent = house.upstream.last();
        let tokens = sent.json()[field].as_u64().unwrap_or_else(|| panic!("no {field} in {}", sent.text()));
        assert_eq!(
            sent.text(),
            body.replace("acme/fast", "fast").replacen('{', &format!("{{\"{field}\":{tokens},"), 1),
            "one member was put in, nothing else changed"
        );
        let record = house.server.record(&reply.call());
        assert_has(
            &decisions(&record),
            &["hold: the request states no output limit; account `default` affords $0.00", &format!("output limited to {tokens} tokens")],
        );
        assert!(record["held_nanousd"].as_i64().unwrap() <= 4_000_000);
        limits.push(tokens);
    }
    assert!((1_800..2_000).contains(&limits[0]), "{limits:?}");
    assert!((850..1_000).contains(&limits[2]), "two answers share what there is: {limits:?}");
    house.verify();
}

#[test]
fn the_limit_is_put_in_under_the_name_that_the_provider_takes() {
    let upstream = Upstream::document(fixtures::chat_document(5, 3));
    let more = format!(
        "{}[providers.newer]\napi = \"openai\"\nbase_url = \"{}/v1\"\noutput_limit_field = \"max_completion_tokens\"\n[models.\"newer/deep\"]\n{}",
        budget("0.004"),
        upstream.url(),
        common::PRICES
    );
    let house = House::with(upstream, &more);
    let reply = house.server.post(CHAT, chat(None).replace("acme/fast", "newer/deep"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let sent = house.upstream.last().json();
    assert!(sent["max_completion_tokens"].is_u64() && sent["max_tokens"].is_null(), "{sent}");
}

#[test]
fn a_stated_limit_is_not_changed_and_below_the_floor_the_call_is_refused() {
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), &budget("0.0004"));
    // The floor of 256 tokens costs $0.000512: without a limit of its own the call needs that.
    let message = refusal(&house.server.post(CHAT, chat(None)));
    assert_has(&message, &["$0.0004, and the call needs $0.0006"]);
    // A call that says that it needs less gets it, unchanged.
    let reply = house.server.post(CHAT, chat(Some(100)));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(house.upstream.last().text(), chat(Some(100)).replace("acme/fast", "fast"));
    assert_eq!(house.upstream.count(), 1);
}

#[test]
fn what_exceeds_its_hold_is_debt_that_the_next_call_sees() {
    let house = House::with(Upstream::document(fixtures::chat_document(900_000, 3)), &budget("0.5"));
    assert_eq!(house.server.post(CHAT, chat(Some(10))).status(), 200);
    let message = refusal(&house.server.post(CHAT, chat(Some(10))));
    assert_has(&message, &["$0.900006 spent", "of $0.5"]);
    house.verify();
}

#[test]
fn an_unknown_price_is_refused_under_a_budget_and_shown_as_unknown_without_one() {
    let ask = |house: &House| house.server.post(CHAT, chat(Some(10)).replace("acme/fast", "acme/nobody-knows"));
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), &budget("1"));
    let reply = ask(&house);
    let message = refusal(&reply);
    assert_has(&message, &["The price of `acme/nobody-knows` is unknown", "[models.\"acme/nobody-knows\"]", "budget.unknown_price"]);
    assert_eq!(reply.json()["error"]["code"], "price_unknown");
    assert_eq!(house.upstream.count(), 0);

    let house = House::new(Upstream::document(fixtures::chat_document(5, 3)));
    let reply = ask(&house);
    assert_eq!(reply.status(), 200);
    let record = house.server.record(&reply.call());
    assert_eq!(record["cost_nanousd"], Value::Null, "unknown is never zero");
    assert!(record["cost_unknown"].is_string());
    assert_eq!(house.project.json(&["cost"])["total"]["real"]["unknown_calls"], 1);
}

#[test]
fn an_unknown_price_is_held_and_charged_at_the_configured_bound() {
    let bound = format!("{}[budget]\nunknown_price = {{ usd_per_million_tokens = 100 }}\n", budget("1"));
    let house = House::with(Upstream::document(fixtures::chat_document(1_000, 500)), &bound);
    let reply = house.server.post(CHAT, chat(Some(600)).replace("acme/fast", "acme/nobody-knows"));
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let record = house.server.record(&reply.call());
    assert_eq!(record["cost_nanousd"], Value::Null);
    assert_eq!(record["charged_nanousd"], 150_000_000, "1,500 tokens at 100 dollars per million");
    assert_eq!(standing(&house, "default")["spent_nanousd"], 150_000_000);
    house.verify();
}

#[test]
fn a_class_bounds_what_a_call_may_cost_and_put_out() {
    let classes = "[classes.cheap]\nlimits = { cost_per_call = { usd = 0.001 } }\n[classes.short]\nlimits = { output_tokens = 300 }\n[classes.tiny]\nlimits = { cost_per_call = { usd = 0.0001 } }\n";
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), classes);
    let ask = |class: &str, limit: Option<u64>| house.server.ask(&Request::post(CHAT, chat(limit)).header("jeton-class", class));

    let reply = ask("cheap", None);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let tokens = house.upstream.last().json()["max_tokens"].as_u64().unwrap();
    assert!((400..500).contains(&tokens), "{tokens} tokens at two dollars per million stay under a tenth of a cent");
    assert_has(&decisions(&house.server.record(&reply.call())), &["class `cheap` affords $0.001"]);

    let reply = ask("cheap", Some(4_000));
    assert_eq!(reply.status(), 403);
    assert_has(&reply.text(), &["class `cheap`", "$0.001", "class_cost_limit"]);
    assert_eq!(ask("tiny", None).status(), 403, "below the floor");

    assert_eq!(ask("short", None).status(), 200);
    assert_eq!(house.upstream.last().json()["max_tokens"], 300);
    let reply = ask("short", Some(301));
    assert_eq!((reply.status(), reply.header("x-should-retry")), (403, Some("false")));
    assert_eq!(reply.json()["error"]["code"], "class_output_limit");
    assert_eq!(ask("short", Some(299)).status(), 200);
    house.verify();
}

#[test]
fn a_class_allows_providers_models_and_regions() {
    let classes =
        "[classes.a]\nallow = { providers = [\"claudia\"] }\n[classes.b]\nallow = { models = [\"acme/f*\"] }\n[classes.c]\nallow = { regions = [\"eu\"] }\n";
    let house = House::with(Upstream::document(fixtures::chat_document(5, 3)), classes);
    let ask = |class: &str, model: &str| house.server.post(&format!("/c/{class}{CHAT}"), chat(Some(5)).replace("acme/fast", model));
    for (class, model, status, says) in [
        ("a", "acme/fast", 403, "It allows: claudia."),
        ("b", "acme/fast", 200, ""),
        ("b", "acme/slow", 403, "It allows: acme/f*."),
        ("c", "acme/fast", 403, "region `unknown`"),
    ] {
        let reply = ask(class, model);
        assert_eq!(reply.status(), status, "{class} {model}: {}", reply.text());
        assert_has(&reply.text(), &[says]);
    }
    assert_eq!(house.upstream.count(), 1);
}

#[test]
fn accounts_above_pay_as_well_and_a_key_can_have_a_budget() {
    let accounts = "[accounts.org]\nbudget = { usd = 0.02, window = \"total\" }\n[accounts.team]\nparent = \"org\"\nbudget = { usd = 5 }\n";
    let house = House::with(Upstream::document(fixtures::chat_document(1_000, 4_000)), accounts);
    let admin = house.project.key(&["admin"]);
    let key = house.project.key(&["create", "worker", "--account", "team", "--budget-usd", "0.012", "--window", "day"]);
    let other = house.project.key(&["create", "other", "--account", "team"]);
    let ask = |key: &str| house.server.ask(&Request::post(CHAT, chat(Some(4_000))).header("authorization", &format!("Bearer {key}")));
    eventually("the keys are known to the server", || (ask(&key).status() == 200).then_some(()));
    // 9 of the key's 12 thousandths are spent: the next would need 8.
    let message = refusal(&ask(&key));
    assert_has(&message, &["account `key:worker`", "$0.009 spent", "of $0.012", "It renews at "]);
    assert_eq!(ask(&other).status(), 200);
    // 18 of the organisation's 20 are spent, whoever spent them.
    assert_has(&refusal(&ask(&other)), &["account `org`", "$0.018 spent", "of $0.02"]);
    let calls = house.server.ask(&Request::get("/api/calls").header("jeton-key", &admin)).json();
    let paid: Vec<&Value> = calls["calls"].as_array().unwrap().iter().filter(|call| call["status"] == "ok").map(|call| &call["accounts"]).collect();
    assert_eq!(json!(paid), json!([["key:other", "team", "org"], ["key:worker", "team", "org"]]));
    house.verify();
}
