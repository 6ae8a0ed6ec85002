//! The row of stages, and the ways to leave it early.

use super::harness::{HELLO, Harness};
use crate::call::Call;
use http_body::Body;
use jeton_core::{Certainty, Cost, FaultKind};
use jeton_ledger::CallStatus;
use jeton_wire::Endpoint;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn every_stage_stands_on_the_receipt_in_its_order() {
    let house = Harness::new("");
    let got = house.chat(HELLO).await;
    assert_eq!(got.status, 200);
    let record = house.record(&got).record;
    let stages: Vec<&str> = record.stages.iter().map(|stage| &*stage.stage).collect();
    assert_eq!(stages, ["identify", "classify", "admit", "hold", "choose", "try", "settle"]);
    assert!(record.stages.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
    assert_eq!((record.status, record.http_status, record.simulated), (CallStatus::Ok, 200, true));
    assert_eq!(record.usage.output.unwrap(), got.json()["usage"]["completion_tokens"].as_u64().unwrap());
    assert!(record.charged.0 > 0 && record.charged <= record.held);
    house.assert_books_hold();
}

#[tokio::test]
async fn a_stream_ends_only_after_its_charge_and_says_what_the_ledger_says() {
    let house = Harness::new("");
    for (endpoint, end) in [(Endpoint::Chat, "[DONE]"), (Endpoint::Messages, "message_stop"), (Endpoint::Responses, "response.completed")] {
        let body = r#"{"model":"twin/steady","stream":true,"max_tokens":64,"messages":[{"role":"user","content":"Hi"}],"input":"Hi"}"#;
        let got = house.send(house.inbound(endpoint, body, &[])).await;
        assert!(got.body.contains(end), "{endpoint}: {}", got.body);
        // The harness has flushed nothing: the record is there because the end had to wait for it.
        let record = jeton_ledger::Records::call(&*house.ledger, got.call()).unwrap().unwrap().record;
        assert_eq!((record.status, record.usage_certainty), (CallStatus::Ok, Certainty::Reported), "{endpoint}");
        assert!(!got.body.contains("\"usage\":{") || endpoint != Endpoint::Chat, "usage that only Jeton asked for is taken out");
    }
    house.assert_books_hold();
}

#[tokio::test(start_paused = true)]
async fn case_67_a_client_that_leaves_is_charged_for_what_was_seen_and_holds_nothing() {
    let house = Harness::new(
        "[providers.slow]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { per_token = { kind = \"fixed\", ms = 100.0 }, tokens_out = { least = 60, most = 60 } }\n[accounts.default]\nbudget = { usd = 1 }",
    );
    let body = r#"{"model":"slow/m","stream":true,"messages":[{"role":"user","content":"Hello"}]}"#;
    let response = house.broker.call(house.inbound(Endpoint::Chat, body, &[])).await;
    let mut body = response.into_body();
    for _ in 0..20 {
        std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.unwrap().unwrap();
    }
    assert_eq!(house.broker.calls_in_flight(), 1);
    drop(body);
    let record = house.newest().record;
    assert_eq!((record.status, record.usage_certainty), (CallStatus::Cancelled, Certainty::Estimated));
    let output = record.usage.output.unwrap();
    assert!((5..60).contains(&output), "{output}");
    assert!(record.charged.0 > 0);
    house.assert_books_hold();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_answer_is_recorded_too() {
    let house = Harness::new("[providers.slow]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { first_token = { kind = \"fixed\", ms = 60000.0 } }");
    let inbound = house.inbound(Endpoint::Chat, r#"{"model":"slow/m","messages":[{"role":"user","content":"Hello"}]}"#, &[]);
    let outcome = tokio::time::timeout(std::time::Duration::from_secs(1), house.broker.call(inbound)).await;
    assert!(outcome.is_err());
    let record = house.newest().record;
    assert_eq!((record.status, record.tries.len(), record.usage_certainty), (CallStatus::Cancelled, 1, Certainty::Estimated));
    house.assert_books_hold();
}

#[tokio::test]
async fn a_panic_on_the_way_settles_the_call() {
    let house = Harness::new("");
    let broker = Arc::clone(&house.broker);
    let inbound = house.inbound(Endpoint::Chat, HELLO, &[]);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _call = Call::begin(&broker, inbound);
        panic!("a bug on the path");
    }));
    assert!(panicked.is_err());
    let record = house.newest().record;
    assert_eq!((record.status, record.fault.unwrap().kind), (CallStatus::Failed, FaultKind::Internal));
    house.assert_books_hold();
}

#[tokio::test]
async fn what_watches_calls_cannot_stop_them_from_being_settled() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let house = Harness::watched(
        "",
        Arc::new(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("a bug in the metrics");
        }),
    );
    assert_eq!(house.chat(HELLO).await.status, 200);
    assert_eq!(seen.load(Ordering::Relaxed), 1);
    house.assert_books_hold();
}

#[tokio::test]
async fn a_refusal_costs_nothing_and_is_recorded_with_its_reason() {
    let house = Harness::new("");
    for (body, status, code) in [
        ("{", 400, "invalid_request"),
        (r#"{"model":7,"messages":[]}"#, 400, "invalid_request"),
        (r#"{"model":"twin/stedy","messages":[]}"#, 404, "model_not_found"),
        (r#"{"model":"../../etc","messages":[]}"#, 404, "model_not_found"),
        (r#"{"model":"a\nb","messages":[]}"#, 400, "invalid_request"),
    ] {
        let got = house.chat(body).await;
        assert_eq!((got.status, got.headers["x-should-retry"].to_str().unwrap()), (status, "false"), "{body}");
        let record = house.record(&got).record;
        assert_eq!((record.status, record.cost, record.tries.len()), (CallStatus::Refused, Cost::Known(jeton_core::Nanousd(0)), 0));
        assert_eq!(record.fault.unwrap().code_or_kind(), code, "{body}");
    }
    house.assert_books_hold();
}

#[tokio::test]
async fn unpriced_streams_are_unknown_and_never_free() {
    let house = Harness::new("[providers.own]\napi = \"twin\"\nmodels = [\"m\"]\n[models.\"own/m\"]\nprice = { input = 1.0, output = 2.0 }");
    let got = house.chat(r#"{"model":"own/m","messages":[{"role":"user","content":"Hi"}]}"#).await;
    let record = house.record(&got).record;
    assert_eq!(record.price_version.as_deref(), Some("jeton.toml"));
    let usage = &record.usage;
    let expected = usage.input.unwrap() * 1_000 + usage.output.unwrap() * 2_000;
    assert_eq!(record.charged.0, i64::try_from(expected).unwrap());
}
