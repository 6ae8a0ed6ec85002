//! Holds, budgets, and what a call is told where the money is short.

use super::harness::Harness;
use jeton_core::Nanousd;
use jeton_ledger::{CallStatus, Ledger};
use jeton_wire::Endpoint;
use std::sync::Arc;

/// A twin at a dollar per token in and out, so that figures are easy; 10 tokens out.
fn dear(budget: &str, more: &str) -> Harness {
    Harness::new(&format!(
        "[providers.dear]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = {{ tokens_out = {{ least = 10, most = 10 }} }}\n[models.\"dear/m\"]\nprice = {{ input = 1000.0, output = 1000.0 }}\nlimits = {{ output = 4000 }}\n[accounts.default]\nbudget = {{ usd = {budget} }}\n{more}"
    ))
}

const ASK: &str = r#"{"model":"dear/m","messages":[{"role":"user","content":"Hi"}]}"#;

#[tokio::test]
async fn a_request_without_a_limit_gets_the_one_that_the_budget_affords() {
    let house = dear("1", "");
    let got = house.chat(ASK).await;
    assert_eq!(got.status, 200, "{}", got.body);
    let record = house.record(&got).record;
    assert_eq!(record.held, Nanousd::parse_usd("1").unwrap(), "all that there is");
    let told = &record.decisions.iter().find(|decision| decision.stage == "hold").unwrap().what;
    assert!(told.contains("account `default` affords $1.00: output limited to 9"), "{told}");
    house.assert_books_hold();
}

#[tokio::test]
async fn below_the_floor_it_is_refused_with_figures_in_each_dialect_and_not_tried_again() {
    let house = dear("0.1", "");
    for (endpoint, place) in [(Endpoint::Chat, "/error/code"), (Endpoint::Messages, "/error/code"), (Endpoint::Responses, "/error/code")] {
        let body = ASK.replace("\"messages\"", "\"input\":\"Hi\",\"messages\"");
        let got = house.send(house.inbound(endpoint, &body, &[])).await;
        assert_eq!((got.status, got.headers["x-should-retry"].to_str().unwrap()), (400, "false"));
        assert_eq!(got.json().pointer(place).unwrap(), "budget_exhausted", "{endpoint}");
        assert!(got.body.contains("$0.10") && got.body.contains("default"), "{}", got.body);
        assert_eq!(house.record(&got).record.status, CallStatus::Refused);
    }
    house.assert_books_hold();
}

#[tokio::test]
async fn a_stated_limit_is_held_in_full_or_refused() {
    let house = dear("1", "");
    let with = |tokens: u64| ASK.replace("\"messages\"", &format!("\"max_tokens\":{tokens},\"messages\""));
    let got = house.chat(&with(500)).await;
    let record = house.record(&got).record;
    assert!(record.held >= Nanousd(500_000_000) && record.decisions.is_empty(), "{:?}", record.decisions);
    assert_eq!(house.chat(&with(2_000)).await.status, 400);
}

#[tokio::test]
async fn no_number_of_calls_at_once_overspends() {
    let house = Arc::new(dear("1", ""));
    let body = ASK.replace("\"messages\"", "\"max_tokens\":10,\"messages\"");
    let calls: Vec<_> = (0..1_000)
        .map(|_| {
            let (house, body) = (Arc::clone(&house), body.clone());
            tokio::spawn(async move { house.chat(&body).await.status })
        })
        .collect();
    let mut answered = 0;
    for call in calls {
        answered += usize::from(call.await.unwrap() == 200);
    }
    let standing = house.ledger.standings().into_iter().find(|account| account.name == "default").unwrap();
    assert!(answered > 5, "{answered}");
    assert!(standing.spent <= Nanousd::parse_usd("1").unwrap() && standing.held == Nanousd::ZERO, "{standing:?}");
    house.assert_books_hold();
}

#[tokio::test]
async fn a_class_bounds_what_a_call_may_cost_and_write() {
    let house = dear("100", "[classes.small]\nlimits = { cost_per_call = { usd = 0.5 }, output_tokens = 300 }");
    let small = [("jeton-class", "small")];
    let got = house.send(house.inbound(Endpoint::Chat, ASK, &small)).await;
    let record = house.record(&got).record;
    assert_eq!(got.status, 200);
    assert!(record.held <= Nanousd::parse_usd("0.5").unwrap(), "{}", record.held);
    for (asked, code) in [("\"max_tokens\":301,", "class_output_limit"), ("\"max_tokens\":300,\"pad\":\"PAD\",", "class_cost_limit")] {
        let body = ASK.replace("\"messages\"", &format!("{asked}\"messages\"")).replace("PAD", &"x ".repeat(300));
        let got = house.send(house.inbound(Endpoint::Chat, &body, &small)).await;
        assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (403, code));
    }
}

#[tokio::test]
async fn an_unknown_price_is_refused_under_a_budget_or_held_at_the_bound() {
    let open = "[providers.own]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\n";
    let ask = r#"{"model":"own/m","max_tokens":10,"messages":[{"role":"user","content":"Hi"}]}"#;
    let house = Harness::new(&format!("{open}[accounts.default]\nbudget = {{ usd = 1 }}"));
    let got = house.chat(ask).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (400, "price_unknown"));
    let house = Harness::new(&format!("{open}[accounts.default]\nbudget = {{ usd = 1 }}\n[budget]\nunknown_price = {{ usd_per_million_tokens = 100 }}"));
    let got = house.chat(ask).await;
    assert_eq!(got.status, 502, "the hold succeeded; nobody listens there");
    assert!(house.record(&got).record.held > Nanousd::ZERO);
    house.assert_books_hold();
}

#[tokio::test]
async fn a_cost_that_nobody_knows_is_never_charged_at_nothing() {
    // The model's own price says nothing of cached tokens, and the provider reports some.
    let house = Harness::new(
        "[providers.c]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { script = [{ text = \"Hi\", usage = { input = 100, cache_read = 900, output = 10 } }] }\n[models.\"c/m\"]\nprice = { input = 1000.0, output = 2000.0 }\nlimits = { output = 100 }\n[accounts.default]\nbudget = { usd = 50 }",
    );
    let prompt = "word ".repeat(1_000);
    let got = house.chat(&ASK.replace("dear/m", "c/m").replace("Hi", &prompt)).await;
    let record = house.record(&got).record;
    assert!(matches!(&record.cost, jeton_core::Cost::Unknown(why) if why.contains("cache reads")), "{:?}", record.cost);
    // Every token at the dearest known rate of its kind: 1,000 in at $0.001 and 10 out at $0.002.
    assert_eq!(record.charged, Nanousd::parse_usd("1.02").unwrap());
    assert_eq!(record.charge_certainty, jeton_core::Certainty::Unknown);
    house.assert_books_hold();
}

#[tokio::test]
async fn a_broken_counter_does_not_empty_an_account() {
    let house = Harness::new(
        "[providers.c]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { script = [{ text = \"Hi\", usage = { input = 9000000000000000, output = 10 } }] }\n[models.\"c/m\"]\nprice = { input = 1.0, output = 2.0 }\nlimits = { output = 100 }\n[accounts.default]\nbudget = { usd = 1 }",
    );
    let got = house.chat(&ASK.replace("dear/m", "c/m")).await;
    let record = house.record(&got).record;
    assert!(record.cost.known().is_none() && record.charged <= record.held && record.charged > Nanousd::ZERO, "{record:?}");
    assert_eq!(record.usage.input, None);
    house.assert_books_hold();
}

#[tokio::test]
async fn what_cannot_be_afforded_is_passed_over_and_the_routes_ceiling_holds_for_all() {
    let route = "[providers.cheap]\napi = \"twin\"\nmodels = [\"m\"]\n[models.\"cheap/m\"]\nprice = { input = 1.0, output = 1.0 }\nlimits = { output = 100 }\n[routes.r]\ntry = [\"dear/m\", \"cheap/m\"]\n[routes.tight]\ntry = [\"dear/m\"]\nmax_cost = { usd = 0.01 }";
    let house = dear("0.1", route);
    let got = house.chat(&ASK.replace("dear/m", "r")).await;
    let record = house.record(&got).record;
    assert_eq!((got.status, record.model.as_deref()), (200, Some("cheap/m")));
    assert!(record.decisions.iter().any(|decision| decision.what.starts_with("`dear/m` is passed over: ")), "{:?}", record.decisions);
    let got = dear("50", route).chat(&ASK.replace("dear/m", "tight")).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (403, "class_cost_limit"));
    house.assert_books_hold();
}

#[tokio::test]
async fn a_limit_that_is_only_assumed_is_told_to_the_provider() {
    let house = Harness::new(
        "[providers.own]\napi = \"openai\"\nbase_url = \"http://127.0.0.1:9\"\n[models.\"own/m\"]\nprice = { input = 1.0, output = 1.0 }\n[accounts.default]\nbudget = { usd = 50 }",
    );
    let got = house.chat(&ASK.replace("dear/m", "own/m")).await;
    let record = house.record(&got).record;
    assert!(
        record.decisions.iter().any(|decision| decision.what.contains("longest output is not known: output limited to 16384 tokens")),
        "{:?}",
        record.decisions
    );
    assert!(record.tries[0].bytes_out > record.request_bytes, "the limit was put in");
}
