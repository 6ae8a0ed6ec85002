//! Tries: on to the next before the first content, never after it; each on the receipt.

use super::harness::Harness;
use jeton_core::Certainty;
use jeton_ledger::CallStatus;
use jeton_wire::Endpoint;

const ASK: &str = r#"{"model":"r","stream":STREAM,"max_tokens":50,"messages":[{"role":"user","content":"Hi"}],"input":"Hi"}"#;

/// A route from a twin that goes wrong in one way to a healthy one.
fn route(vice: &str, more: &str) -> Harness {
    Harness::new(&format!(
        "[providers.bad]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = {{ faults = {{ {vice} = 1.0 }}, stall_ms = 600000 }}\n{more}\n[routes.r]\ntry = [\"bad/m\", \"twin/steady\"]"
    ))
}

#[tokio::test(start_paused = true)]
async fn a_try_that_fails_before_its_content_goes_on_to_the_next_in_every_dialect() {
    for (vice, status) in [("server_error", Some(500)), ("rate_limited", Some(429)), ("overloaded", None), ("reset_before", None)] {
        let house = route(vice, "");
        for endpoint in [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages] {
            for stream in ["true", "false"] {
                let got = house.send(house.inbound(endpoint, &ASK.replace("STREAM", stream), &[])).await;
                let record = house.record(&got).record;
                assert_eq!((got.status, record.status, record.tries.len()), (200, CallStatus::Ok, 2), "{vice} {endpoint} {stream}: {}", got.body);
                assert!(status.is_none_or(|status| record.tries[0].status == Some(status)));
                assert_eq!((record.model.as_deref(), record.route.as_deref()), (Some("twin/steady"), Some("r")));
            }
        }
        house.assert_books_hold();
    }
}

#[tokio::test(start_paused = true)]
async fn case_66_after_the_first_content_nothing_is_switched_and_the_break_is_told() {
    for (vice, stream_end) in [("cut", "error"), ("reset_during", "error"), ("stall", "error")] {
        let house = route(vice, "");
        for endpoint in [Endpoint::Chat, Endpoint::Responses, Endpoint::Messages] {
            let got = house.send(house.inbound(endpoint, &ASK.replace("STREAM", "true"), &[])).await;
            let record = house.record(&got).record;
            assert_eq!((got.status, record.status), (200, CallStatus::Failed), "{vice} {endpoint}");
            assert!(
                got.body.contains(stream_end) && !got.body.contains("[DONE]") && !got.body.contains("message_stop") && !got.body.contains("response.completed"),
                "{}",
                got.body
            );
            assert_eq!((record.tries.len(), record.usage_certainty), (1, Certainty::Estimated));
            assert!(record.charged.0 > 0, "what was seen is charged");
        }
        house.assert_books_hold();
    }
}

#[tokio::test(start_paused = true)]
async fn the_timer_of_the_first_content_ends_a_try_that_says_nothing() {
    let slow = "[providers.slow]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { first_token = { kind = \"fixed\", ms = 5000.0 } }\n[routes.q]\ntry = [\"slow/m\", \"twin/steady\"]\ntimeouts = { first_content_ms = 1000 }";
    let house = Harness::new(slow);
    let body = ASK.replace("STREAM", "true").replace("\"r\"", "\"q\"");
    let begun = tokio::time::Instant::now();
    let got = house.chat(&body).await;
    let record = house.record(&got).record;
    assert_eq!((got.status, record.tries.len()), (200, 2));
    assert!(record.tries[0].outcome.ends_with("_timeout"), "{}", record.tries[0].outcome);
    assert_eq!(begun.elapsed().as_millis(), 1_000);
    assert_eq!(record.tries[0].usage.output, Some(50), "the request went out: a second at a hundred tokens a second, within the bound of fifty");
    house.assert_books_hold();
}

#[tokio::test(start_paused = true)]
async fn the_callers_deadline_bounds_all_tries() {
    let house = Harness::new(
        "[providers.slow]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { first_token = { kind = \"fixed\", ms = 5000.0 } }\n[routes.r]\ntry = [\"slow/m\", \"slow/m\"]",
    );
    let begun = tokio::time::Instant::now();
    let got = house.send(house.inbound(Endpoint::Chat, &ASK.replace("STREAM", "false"), &[("jeton-deadline", "1500")])).await;
    assert_eq!((got.status, begun.elapsed().as_millis()), (504, 1_500));
    let record = house.record(&got).record;
    assert!(record.decisions.iter().any(|decision| decision.what.contains("The time for all tries is over")), "{:?}", record.decisions);
}

#[tokio::test(start_paused = true)]
async fn the_last_failure_reaches_the_caller_in_the_providers_words_and_with_our_wait() {
    let house = Harness::new("[routes.r]\ntry = [\"twin/broken\", \"twin/limited\"]");
    let got = house.send(house.inbound(Endpoint::Messages, &ASK.replace("STREAM", "true"), &[])).await;
    assert_eq!((got.status, got.json()["error"]["type"].as_str().unwrap()), (429, "rate_limit_error"));
    assert_eq!(got.headers["retry-after"], "1");
    assert_eq!(house.record(&got).record.tries.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_providers_own_time_holds_even_if_it_is_longer_than_the_usual() {
    let house = Harness::new(
        "[timeouts]\ntotal_ms = 2500\n[providers.longer]\napi = \"twin\"\nmodels = [\"m\"]\ntimeouts = { total_ms = 8000 }\ntwin = { first_token = { kind = \"fixed\", ms = 4000.0 } }",
    );
    let got = house.chat(&ASK.replace("STREAM", "false").replace("\"r\"", "\"longer/m\"")).await;
    assert_eq!(got.status, 200, "{}", got.body);
}

#[tokio::test(start_paused = true)]
async fn a_class_bounds_the_wait_for_answers_that_are_not_streamed_too() {
    let house = Harness::new(
        "[providers.slow]\napi = \"twin\"\nmodels = [\"m\"]\ntwin = { first_token = { kind = \"fixed\", ms = 4000.0 } }\n[classes.quick]\nlimits = { first_content_ms = 500 }",
    );
    let begun = tokio::time::Instant::now();
    let body = ASK.replace("STREAM", "false").replace("\"r\"", "\"slow/m\"");
    let got = house.send(house.inbound(Endpoint::Chat, &body, &[("jeton-class", "quick")])).await;
    assert_eq!((got.status, begun.elapsed().as_millis()), (504, 500), "{}", got.body);
    house.assert_books_hold();
}

#[tokio::test]
async fn a_deadline_that_is_no_number_is_refused() {
    let house = Harness::new("");
    let got = house.send(house.inbound(Endpoint::Chat, super::harness::HELLO, &[("jeton-deadline", "soon")])).await;
    assert_eq!((got.status, got.json()["error"]["param"].as_str().unwrap()), (400, "jeton-deadline"));
    house.assert_books_hold();
}
