use super::openapi_document;
use crate::fixture::{Fixture, attached, good, local, unknown};
use crate::metrics::grammar;
use axum::body::Body;
use serde_json::{Value, json};

/// Holds `value` against `schema`, as far as the document's schemas go. Says where it does not fit.
pub(super) fn fit(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        let named = openapi_document()["components"]["schemas"][name].clone();
        return if named.is_null() { Err(format!("{place}: no schema {name}")) } else { fit(&named, value, place) };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let errors: Vec<String> = choices.iter().filter_map(|choice| fit(choice, value, place).err()).collect();
        return if errors.len() < choices.len() { Ok(()) } else { Err(errors.join("; ")) };
    }
    if schema.get("type").is_none() {
        return Ok(()); // any JSON
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_null(),
    };
    let kinds = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    if !kinds.iter().any(|kind| is(kind.as_str().unwrap())) {
        return Err(format!("{place}: {value} is none of {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|names| !names.contains(value)) {
        return Err(format!("{place}: {value} is not in the list"));
    }
    if let Some(members) = value.as_object() {
        let known = schema["properties"].as_object().unwrap();
        for name in schema["required"].as_array().unwrap() {
            members.get(name.as_str().unwrap()).ok_or_else(|| format!("{place}: {name} is missing"))?;
        }
        for (name, member) in members {
            fit(known.get(name).ok_or_else(|| format!("{place}: {name} is not described"))?, member, &format!("{place}.{name}"))?;
        }
    }
    value.as_array().into_iter().flatten().try_for_each(|item| fit(&schema["items"], item, &format!("{place}[]")))
}

pub(super) async fn check(fixture: &Fixture, path: &str, schema: &str) -> Value {
    let reply = fixture.get(path).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"), "{path}: {}", reply.text);
    fit(&json!({ "$ref": format!("#/{schema}") }), &reply.json(), path).unwrap();
    reply.json()
}

pub(super) async fn refused(fixture: &Fixture, path: &str, status: u16, param: &str, says: &str) {
    let reply = fixture.get(path).await;
    let error = reply.json()["error"].clone();
    assert_eq!((reply.status, error["param"].as_str().unwrap_or_default()), (status, param), "{path}: {}", reply.text);
    assert!(reply.text.contains(says), "{path}: {}", reply.text);
    fit(&json!({ "$ref": "#/Error" }), &reply.json(), path).unwrap();
}

fn filled() -> Fixture {
    let fixture = Fixture::new();
    fixture.settle(good(60_000));
    fixture.settle(unknown(50_000));
    let mut simulated = good(40_000);
    simulated.simulated = true;
    simulated.attribution.key = Some("other".into());
    fixture.settle(simulated);
    fixture
}

#[test]
fn the_document_is_the_golden_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/openapi.json");
    let written = serde_json::to_string_pretty(&openapi_document()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap_or_default() == written, "the API's document changed; look at it and run again with UPDATE_GOLDEN=1");
}

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let fixture = filled();
    let id = check(&fixture, "/api/calls", "CallPage").await["calls"][1]["id"].as_str().unwrap().to_owned();
    let receipt = check(&fixture, &format!("/api/calls/{id}"), "Receipt").await;
    assert_eq!(
        (receipt["cost_nanousd"].clone(), receipt["usage"]["input"].clone(), receipt["charge_certainty"].as_str()),
        (Value::Null, Value::Null, Some("unknown"))
    );
    let mut given = good(30_000);
    given.context = Some(Box::new(attached()));
    let given = fixture.settle(given);
    let receipt = check(&fixture, &format!("/api/calls/{given}"), "Receipt").await;
    assert_eq!((receipt["context"]["spans"][0]["unit"].as_str(), receipt["context"]["hold_out"]["eligible"].as_i64()), (Some("doc:docs/refunds.md"), Some(2)));
    for by in super::DIMENSIONS {
        check(&fixture, &format!("/api/cost?by={by}&since=all"), "CostReport").await;
        check(&fixture, &format!("/api/latency?by={by}"), "LatencyReport").await;
    }
    check(&fixture, "/api/series?since=1h&points=6", "Series").await;
    check(&fixture, "/api/accounts", "Accounts").await;
    check(&fixture, "/api/models", "Models").await;
    let status = check(&fixture, "/api/status", "Status").await;
    assert_eq!((status["uptime_seconds"].as_i64(), status["store"]["healthy"].as_bool()), (Some(90), Some(true)));
}

#[tokio::test]
async fn money_and_unknown_calls_stay_apart_from_simulated_ones() {
    let fixture = filled();
    let report = check(&fixture, "/api/cost?by=class&since=1h", "CostReport").await;
    let row = &report["rows"][0];
    assert_eq!((row["real"]["calls"].as_i64(), row["real"]["cost_nanousd"].as_i64()), (Some(2), Some(1_250_000)));
    assert_eq!((row["real"]["cost_unknown_calls"].as_i64(), row["real"]["cost_unknown_bound_nanousd"].as_i64()), (Some(1), Some(1_250_000)));
    assert_eq!((row["simulated"]["calls"].as_i64(), row["simulated"]["cost_nanousd"].as_i64()), (Some(1), Some(1_250_000)));
}

#[tokio::test]
async fn pages_of_calls_follow_one_another_without_gap_or_overlap() {
    let fixture = Fixture::new();
    let mut expected: Vec<String> = (1..=7).map(|number| fixture.settle(good(number * 1_000)).to_string()).collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = check(&fixture, &format!("/api/calls?limit=3&before={cursor}"), "CallPage").await;
        seen.extend(page["calls"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let fixture = filled();
    for (query, number) in [
        ("", 3),
        ("status=failed", 1),
        ("simulated=true", 1),
        ("key=other", 1),
        ("class=support.refund&tag=team%3Dnorth", 3),
        ("model=acme%2Ffast", 3),
        ("account=acme&since=45s", 1),
        ("class=", 3),
        ("outcome=none", 0),
    ] {
        let page = check(&fixture, &format!("/api/calls?{query}"), "CallPage").await;
        assert_eq!(page["calls"].as_array().unwrap().len(), number, "{query}");
    }
}

#[tokio::test]
async fn a_wrong_request_is_told_what_is_wrong_and_what_would_be_right() {
    let fixture = Fixture::new();
    refused(&fixture, "/api/calls?clas=x", 400, "clas", "Did you mean `class`?").await;
    refused(&fixture, "/api/calls?limit=0", 400, "limit", "from 1 to 1000").await;
    refused(&fixture, "/api/calls?since=yesterday", 400, "since", "24h").await;
    refused(&fixture, "/api/calls?class=a&class=b", 400, "class", "twice").await;
    refused(&fixture, "/api/calls?before=x", 400, "before", "call-2026").await;
    refused(&fixture, "/api/cost?by=mood", 400, "by", "model, provider, class").await;
    refused(&fixture, "/api/series?since=2030-01-01", 400, "since", "before").await;
    refused(&fixture, "/api/calls/x%3Cb%3E", 400, "id", "not the id of a call").await;
    refused(&fixture, "/api/calls/call-20261123-0000000000", 404, "", "There is no call-20261123-0000000000").await;
    refused(&fixture, "/api/call", 404, "", "Did you mean /api/calls").await;
    let reply = fixture.send(local(http::Request::delete("/api/calls")).body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (405, Some("method_not_allowed")));
}

#[tokio::test]
async fn only_the_caller_and_the_admin_give_feedback_and_read_the_receipt() {
    let fixture = Fixture::new();
    let id = fixture.settle(good(1_000));
    let path = format!("/api/calls/{id}/feedback");
    let given = fixture.post(&path, "caller-helpdesk", r#"{"verdict": "good", "score": 0.9, "comment": "right", "by": "somebody else"}"#).await;
    assert_eq!(given.status, 200, "{}", given.text);
    fit(&json!({ "$ref": "#/Feedback" }), &given.json(), "feedback").unwrap();
    assert_eq!(given.json()["by"], "helpdesk", "a key speaks in its own name");
    assert_eq!(fixture.post(&path, "admin", r#"{"verdict": "bad", "by": "Ada"}"#).await.json()["by"], "Ada");
    let receipt = fixture.get(&format!("/api/calls/{id}")).await.json();
    assert_eq!(receipt["feedback"].as_array().unwrap().len(), 2);
    let reply = fixture.post(&path, "caller-other", r#"{"verdict": "good"}"#).await;
    assert_eq!(reply.status, 404, "another key is not even told that the call exists");
    let own = http::Request::get(format!("/api/calls/{id}")).header("x-api-key", "caller-helpdesk").body(Body::empty()).unwrap();
    assert_eq!(fixture.send(own).await.status, 200);
}

#[tokio::test]
async fn bad_feedback_is_refused_by_its_member() {
    let fixture = Fixture::new();
    let path = format!("/api/calls/{}/feedback", fixture.settle(good(1_000)));
    for (body, says) in [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ("{}", "`verdict` is missing"),
        (r#"{"verdict": 1}"#, "must be a string"),
        (r#"{"verdict": "good", "score": 2}"#, "0 to 1"),
        (r#"{"verdict": "good", "score": "1"}"#, "0 to 1"),
        (r#"{"verdict": "so so"}"#, "verdict"),
        (r#"{"verdict": "good", "stars": 5}"#, "no member `stars`"),
    ] {
        let reply = fixture.post(&path, "admin", body).await;
        assert!(reply.status == 400 && reply.text.contains(says), "{body}: {} {}", reply.status, reply.text);
    }
    let long = format!(r#"{{"verdict": "good", "comment": "{}"}}"#, "x".repeat(70_000));
    assert_eq!(fixture.post(&path, "admin", &long).await.status, 413);
    let form = http::Request::post(&path).header("authorization", "Bearer admin").body(Body::from("verdict=good")).unwrap();
    assert_eq!(fixture.send(form).await.status, 415);
}

#[tokio::test]
async fn nothing_is_told_without_a_credential_or_to_another_site() {
    let fixture = Fixture::new();
    for path in ["/", "/api/page", "/api/calls", "/api/status", "/api/cost", "/metrics", "/calls/call-20261123-0000000000"] {
        let foreign = fixture.send(http::Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(foreign.status, 401, "{path}");
        assert!(foreign.header("www-authenticate").starts_with("Basic"), "{path}");
        let other_site = local(http::Request::get(path)).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "cors");
        assert_eq!(fixture.send(other_site.body(Body::empty()).unwrap()).await.status, 403, "{path}");
        if !path.starts_with("/calls/") {
            let key = http::Request::get(path).header("authorization", "Bearer caller-helpdesk").body(Body::empty()).unwrap();
            assert_eq!(fixture.send(key).await.status, 403, "{path}");
        }
    }
    let open = fixture.send(http::Request::get("/api/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(open.status, 200);
}

#[tokio::test]
async fn metrics_keep_to_the_format_and_count_what_was_observed() {
    let fixture = filled();
    fixture.metrics.observe_commit(12, 800);
    let mut odd = good(10);
    odd.attribution.class = "quo\"te\\back\nline".into();
    fixture.metrics.observe(&odd);
    let reply = fixture.get("/metrics").await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let samples = grammar::read(&reply.text).unwrap();
    let value = |name: &str, labels: &[(&str, &str)]| -> f64 {
        let fits = |sample: &&grammar::Sample| sample.0 == name && labels.iter().all(|(label, value)| sample.1.get(*label).is_some_and(|found| found == value));
        samples.iter().filter(fits).map(|sample| sample.2).sum()
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    near(value("jeton_calls_total", &[("class", "support.refund"), ("simulated", "false")]), 2.0);
    near(value("jeton_calls_total", &[("status", "failed")]), 1.0);
    near(value("jeton_calls_total", &[("class", "quo\"te\\back\nline")]), 1.0);
    near(value("jeton_tokens_total", &[("kind", "cache_read"), ("simulated", "true")]), 200.0);
    near(value("jeton_cost_nanousd_total", &[("class", "support.refund"), ("simulated", "false")]), 1_250_000.0);
    near(value("jeton_calls_cost_unknown_total", &[]), 1.0);
    near(value("jeton_call_duration_seconds_count", &[("endpoint", "chat")]), 4.0);
    near(value("jeton_call_first_content_seconds_sum", &[]), 0.9);
    near(value("jeton_account_budget_nanousd", &[("account", "acme"), ("window", "month")]), 5_000_000_000.0);
    near(value("jeton_ledger_commit_entries_sum", &[]), 12.0);
    near(value("jeton_provider_up", &[]), 1.0);
}

/// The calls that `/metrics` counts, by model and class, after one call of each of `models` × `classes`.
async fn counted(models: u32, classes: u32) -> Vec<(String, String, f64)> {
    let fixture = Fixture::new();
    for (model, class) in (0..models).flat_map(|model| (0..classes).map(move |class| (model, class))) {
        let mut record = good(1);
        record.model = Some(format!("acme/model-{model}"));
        record.attribution.class = format!("class-{class}").into();
        fixture.metrics.observe(&record);
    }
    let samples = grammar::read(&fixture.get("/metrics").await.text).unwrap();
    let calls = samples.into_iter().filter(|sample| sample.0 == "jeton_calls_total");
    calls.map(|(_, labels, value)| (labels["model"].clone(), labels["class"].clone(), value)).collect()
}

#[tokio::test]
async fn labels_without_bound_end_as_other() {
    for (models, classes, other_model, other_class) in [(1, 700, "acme/model-0", "other"), (700, 1, "other", "class-0")] {
        let calls = counted(models, classes).await;
        assert_eq!(calls.len(), 61, "60 values of one label, and the others");
        let other = calls.iter().find(|(model, class, _)| (model.as_str(), class.as_str()) == (other_model, other_class)).unwrap();
        assert!((other.2 - 640.0).abs() < 1e-9, "{other:?}");
    }
    let calls = counted(20, 50).await;
    assert_eq!(calls.len(), 501, "the sets in all are bounded too");
    let other = calls.iter().find(|(model, class, _)| (model.as_str(), class.as_str()) == ("other", "other")).unwrap();
    assert!((other.2 - 500.0).abs() < 1e-9, "{other:?}");
}
