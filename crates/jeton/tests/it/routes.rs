//! Fallbacks: what fails before its first content goes on to the next model, and every try stands on the receipt.

use crate::common::{CHAT, House, MESSAGES, PRICES, assert_has, decisions};
use jeton_testkit::fixtures::{self, DONE, chat_chunk};
use jeton_testkit::http::Request;
use jeton_testkit::{Exchange, Upstream, eventually};
use serde_json::Value;
use std::io;
use std::net::TcpListener;

const ASK: &str = r#"{"model":"two","messages":[{"role":"user","content":"Hi"}]}"#;
const ASK_STREAM: &str = r#"{"model":"two","stream":true,"messages":[{"role":"user","content":"Hi"}]}"#;

/// The route `two`: `first/fast` at `first`, then `acme/fast`, with short timers.
fn house(first: &str, second: Upstream, more: &str) -> House {
    let config = format!(
        "[providers.first]\napi = \"openai\"\nbase_url = \"{first}/v1\"\n[models.\"first/fast\"]\n{PRICES}\n[routes.two]\ntry = [\"first/fast\", \"acme/fast\"]\ntimeouts = {{ connect_ms = 300, headers_ms = 300, first_content_ms = 300, idle_ms = 300 }}\n{more}"
    );
    House::with(second, &config)
}

fn healthy() -> Upstream {
    Upstream::start(|exchange| {
        if exchange.request.json()["stream"] == true {
            return exchange.events(&[fixtures::chat_stream_with_usage("Second", 5, 3).as_bytes()]);
        }
        exchange.document(200, fixtures::chat_document(5, 3))
    })
}

fn outcomes(record: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    record["tries"].as_array().unwrap().iter().map(|one| (text(&one["provider"]), text(&one["outcome"]))).collect()
}

/// The first model fails as `fails` does; the second answers. Gives the record.
#[track_caller]
fn check_goes_on(ask: &str, outcome: &str, fails: impl Fn(&mut Exchange) -> io::Result<()> + Send + Sync + 'static) -> Value {
    let first = Upstream::start(fails);
    let house = house(&first.url(), healthy(), "");
    let reply = house.server.post(CHAT, ask);
    assert_eq!(reply.status(), 200, "{outcome}: {}", reply.text());
    let expected = if ask == ASK { String::from_utf8(fixtures::chat_document(5, 3)).unwrap() } else { fixtures::chat_stream("Second") };
    assert_eq!(reply.text(), expected, "the failed try leaves no trace in the answer");
    assert_eq!((first.count(), house.upstream.count()), (1, 1));
    let record = house.server.record(&reply.call());
    assert_eq!(outcomes(&record), [("first".to_owned(), outcome.to_owned()), ("acme".to_owned(), "ok".to_owned())]);
    assert_eq!((record["status"].as_str(), record["model"].as_str(), record["route"].as_str()), (Some("ok"), Some("acme/fast"), Some("two")));
    assert_has(&decisions(&record), &["choose: route `two` (asked for as model): first/fast, acme/fast", "try: `first/fast` failed ("]);
    house.verify();
    record
}

#[test]
fn a_refused_connection_goes_on_and_costs_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let house = house(&format!("http://{closed}"), healthy(), "");
    let reply = house.server.post(CHAT, ASK);
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let record = house.server.record(&reply.call());
    assert_eq!(outcomes(&record)[0], ("first".to_owned(), "connect_failed".to_owned()));
    assert_eq!((record["tries"][0]["charged_nanousd"].as_i64(), record["charged_nanousd"].as_i64()), (Some(0), Some(11_000)));
    house.verify();
}

#[test]
fn passing_errors_go_on_and_cost_nothing() {
    for (status, outcome) in [(429, "rate_limited"), (500, "upstream_failed"), (502, "upstream_failed"), (503, "overloaded"), (529, "overloaded")] {
        for ask in [ASK, ASK_STREAM] {
            let record = check_goes_on(ask, outcome, move |exchange| exchange.document_with(status, &[("retry-after", "7")], r#"{"error":{"message":"no"}}"#));
            assert_eq!((record["tries"][0]["status"].as_u64(), record["tries"][0]["charged_nanousd"].as_i64()), (Some(status.into()), Some(0)));
        }
    }
}

#[test]
fn a_silent_provider_goes_on_and_its_possible_use_is_charged() {
    let record = check_goes_on(ASK, "headers_timeout", |exchange| {
        exchange.wait_for_close();
        Ok(())
    });
    let (first, all) = (record["tries"][0]["charged_nanousd"].as_i64().unwrap(), record["charged_nanousd"].as_i64().unwrap());
    assert!(first > 0 && all == first + 11_000, "the provider may have read the prompt: {record}");
    assert_eq!(record["charge_certainty"], "estimated");
}

#[test]
fn a_reset_before_the_answer_goes_on() {
    check_goes_on(ASK, "headers_failed", |exchange| {
        exchange.reset();
        Ok(())
    });
}

#[test]
fn case_69_a_stream_of_pings_and_roles_without_content_goes_on() {
    let record = check_goes_on(ASK_STREAM, "body_timeout", |exchange| {
        exchange.begin_events()?;
        exchange.chunk(": ping\n\n".to_owned() + &chat_chunk(r#"{"role":"assistant","content":""}"#, "null"))?;
        exchange.wait_for_close();
        Ok(())
    });
    assert_has(&record["tries"][0]["fault"]["message"].to_string(), &["no content within 300 ms"]);
}

#[test]
fn case_65_an_error_inside_a_200_goes_on() {
    let error = "data: {\"error\":{\"message\":\"Overloaded\",\"code\":529}}\n\n";
    check_goes_on(ASK_STREAM, "overloaded", move |exchange| exchange.events(&[error.as_bytes()]));
    check_goes_on(ASK_STREAM, "overloaded", move |exchange| {
        exchange.events(&[chat_chunk(r#"{"role":"assistant","content":""}"#, "null").as_bytes(), error.as_bytes()])
    });
    check_goes_on(ASK, "rate_limited", |exchange| exchange.document(200, r#"{"error":{"message":"Slow down","code":429}}"#));
    check_goes_on(ASK_STREAM, "body_failed", |exchange| exchange.events(&[]));
}

#[test]
fn case_66_after_the_first_content_nothing_is_switched() {
    let first = Upstream::start(|exchange| {
        exchange.begin_events()?;
        exchange.chunk(chat_chunk(r#"{"content":"First"}"#, "null"))?;
        exchange.cut();
        Ok(())
    });
    let house = house(&first.url(), healthy(), "");
    let reply = house.server.post(CHAT, ASK_STREAM);
    assert_has(&reply.text(), &["First", "\"error\""]);
    assert!(!reply.text().contains("Second") && !reply.text().contains(DONE));
    assert_eq!(house.upstream.count(), 0);
    let record = house.server.record(&reply.call());
    assert_eq!((record["status"].as_str(), record["model"].as_str()), (Some("failed"), Some("first/fast")));
    house.verify();
}

#[test]
fn a_stream_that_falls_silent_after_its_content_ends_with_an_error() {
    let first = Upstream::start(|exchange| {
        exchange.begin_events()?;
        exchange.chunk(chat_chunk(r#"{"content":"First"}"#, "null"))?;
        exchange.wait_for_close();
        Ok(())
    });
    let house = house(&first.url(), healthy(), "");
    let text = house.server.post(CHAT, ASK_STREAM).text();
    assert_has(&text, &["First", "fell silent", "timeout"]);
    eventually("the provider is cut off", || (first.clients_gone() == 1).then_some(()));
    house.verify();
}

#[test]
fn the_callers_own_mistake_is_not_tried_elsewhere() {
    for status in [400, 401, 403, 404, 413, 422] {
        let first = Upstream::start(move |exchange| exchange.document(status, r#"{"error":{"message":"yours"}}"#));
        let house = house(&first.url(), healthy(), "");
        let reply = house.server.post(CHAT, ASK);
        assert_eq!((reply.status(), reply.text().as_str()), (status, r#"{"error":{"message":"yours"}}"#));
        assert_eq!(house.upstream.count(), 0, "{status}");
    }
}

#[test]
fn when_all_fail_the_last_ones_words_are_told_and_every_try_is_recorded() {
    let first = Upstream::start(|exchange| exchange.document(500, r#"{"error":{"message":"first"}}"#));
    let house = house(&first.url(), Upstream::start(|exchange| exchange.document_with(429, &[("retry-after", "9")], r#"{"error":{"message":"second"}}"#)), "");
    let reply = house.server.post(CHAT, ASK);
    assert_eq!((reply.status(), reply.text().as_str(), reply.header("retry-after")), (429, r#"{"error":{"message":"second"}}"#, Some("9")));
    let record = house.server.record(&reply.call());
    assert_eq!((record["status"].as_str(), record["tries"].as_array().map(Vec::len), record["charged_nanousd"].as_i64()), (Some("failed"), Some(2), Some(0)));
    house.verify();
}

#[test]
fn when_the_last_is_silent_the_caller_gets_a_timeout_in_its_dialect() {
    let silent = Upstream::start(|exchange| {
        exchange.wait_for_close();
        Ok(())
    });
    let house = House::with(silent, "[timeouts]\nheaders_ms = 200\nfirst_content_ms = 200\n");
    let reply = house.server.post(MESSAGES, r#"{"model":"claudia/x","max_tokens":9,"messages":[]}"#);
    assert_eq!((reply.status(), reply.json()["error"]["type"].as_str()), (504, Some("timeout_error")), "{}", reply.text());
    assert_has(&reply.text(), &["Provider `claudia` did not answer", "within 200 ms"]);
    house.verify();
}

#[test]
fn a_route_is_asked_for_by_header_by_name_or_by_class() {
    let first = Upstream::start(|exchange| exchange.document(500, "{}"));
    let house = house(&first.url(), healthy(), "[classes.work]\nroute = \"two\"\n");
    let plain = ASK.replace("\"two\"", "\"first/fast\"");
    let ask = |body: &str, name: &str, value: &str| house.server.ask(&Request::post(CHAT, body).header(name, value));
    assert_eq!(ask(&plain, "x-nothing", "x").status(), 500);
    for (name, value) in [("jeton-route", "two"), ("jeton-class", "work")] {
        let reply = ask(&plain, name, value);
        assert_eq!(reply.status(), 200, "{name}");
        assert_eq!(house.server.record(&reply.call())["route"], "two");
    }
    let reply = ask(&plain, "jeton-route", "tow");
    assert_eq!((reply.status(), reply.json()["error"]["code"].as_str()), (404, Some("route_not_found")));
    assert_has(&reply.text(), &["There is no route `tow`", "two"]);
}

#[test]
fn the_money_of_a_route_bounds_its_tries() {
    let first = Upstream::start(|exchange| exchange.document(500, "{}"));
    let house = house(&first.url(), healthy(), "[routes.two.max_cost]\nusd = 0.001\n");
    let reply = house.server.post(CHAT, ASK);
    assert_eq!(reply.status(), 200, "a call that states no limit gets one that the route affords: {}", reply.text());
    for sent in [first.last(), house.upstream.last()] {
        let tokens = sent.json()["max_tokens"].as_u64().unwrap();
        assert!((400..500).contains(&tokens), "{tokens} tokens at two dollars per million stay under a tenth of a cent");
    }
    assert!(house.server.record(&reply.call())["held_nanousd"].as_i64().unwrap() <= 1_000_000);
    let asked = (first.count(), house.upstream.count());
    let reply = house.server.post(CHAT, ASK.replacen('{', "{\"max_tokens\":4000,", 1));
    assert_eq!(reply.status(), 403, "{}", reply.text());
    assert_has(&reply.text(), &["$0.001"]);
    assert_eq!((first.count(), house.upstream.count()), asked, "what can cost more is not sent");
    house.verify();
}

#[test]
fn a_deadline_of_the_callers_bounds_all_tries() {
    let silent = Upstream::start(|exchange| {
        exchange.wait_for_close();
        Ok(())
    });
    let house = House::new(silent);
    let ask = Request::post(CHAT, ASK.replace("two", "acme/fast")).header("jeton-deadline", "150");
    let begun = std::time::Instant::now();
    let reply = house.server.ask(&ask);
    assert_eq!(reply.status(), 504, "{}", reply.text());
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{:?}", begun.elapsed());
    house.verify();
}

#[test]
fn a_refusal_of_stream_options_is_remembered() {
    let upstream = Upstream::start(|exchange| {
        if exchange.request.text().contains("stream_options") {
            return exchange.document(400, r#"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}"#);
        }
        exchange.events(&[fixtures::chat_stream("Hi").as_bytes()])
    });
    let house = House::new(upstream);
    let ask = ASK_STREAM.replace("two", "acme/fast");
    let first = house.server.post(CHAT, ask.as_str());
    assert_eq!((first.status(), first.text()), (200, fixtures::chat_stream("Hi")));
    assert_eq!(house.upstream.count(), 2, "asked with, then without");
    let record = house.server.record(&first.call());
    assert_eq!(record["tries"].as_array().unwrap().len(), 2);
    assert_has(&decisions(&record), &["`acme` refuses stream_options: asked again without"]);
    assert_eq!(record["usage_certainty"], "estimated", "a server that never tells is estimated, and marked");
    let second = house.server.post(CHAT, ask.as_str());
    assert_eq!((second.status(), house.upstream.count()), (200, 3));
    assert_eq!(house.upstream.last().text(), ask.replace("acme/fast", "fast"));
    // A caller who asks for it itself is told the provider's own words.
    let own = ask.replacen('{', "{\"stream_options\":{\"include_usage\":true},", 1);
    assert_eq!(house.server.post(CHAT, own).status(), 400);
    house.verify();
}

#[test]
fn stream_options_that_are_always_sent_are_left_out_once_after_a_refusal_and_no_more() {
    let upstream = Upstream::start(|exchange| {
        exchange.document(400, r#"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}"#)
    });
    let url = upstream.url();
    let house = House::with(upstream, &format!("[providers.always]\napi = \"openai\"\nbase_url = \"{url}/v1\"\nstream_options = true\n"));
    let reply = house.server.post(CHAT, ASK_STREAM.replace("two", "always/fast"));
    assert_eq!((reply.status(), house.upstream.count()), (400, 2), "{}", reply.text());
    house.verify();
}
