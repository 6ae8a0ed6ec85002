use super::tests::{check, fit, refused};
use crate::fixture::Fixture;
use serde_json::{Value, json};

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|unit| unit["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_answer_fits_its_schema() {
    let fixture = Fixture::with_context();
    let list = check(&fixture, "/api/context/units", "UnitList").await;
    assert_eq!(list["units"].as_array().unwrap().len(), 5);
    for id in ids(&list["units"]) {
        let encoded: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        check(&fixture, &format!("/api/context/unit?id={encoded}"), "Unit").await;
    }
    check(&fixture, "/api/context/findings", "FindingList").await;
    check(&fixture, "/api/context/search?q=refund", "SearchResult").await;
    for (path, schema) in [("compile", "Compilation"), ("explain", "Explanation")] {
        let reply = fixture.post(&format!("/api/context/{path}"), "admin", r#"{"task": "How long is a refund possible?"}"#).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        fit(&json!({ "$ref": format!("#/{schema}") }), &reply.json(), path).unwrap();
    }
}

#[tokio::test]
async fn filters_narrow_the_catalogue() {
    let fixture = Fixture::with_context();
    for (query, expected) in [
        ("kind=constraint", &["constraint:no-promise"][..]),
        ("owner=%40desk", &["doc:context/refunds.md"]),
        ("state=expired", &["doc:context/old.md"]),
        ("state=broken&owner=none", &[]),
        ("state=broken", &["doc:context/stale.md"]),
    ] {
        let list = check(&fixture, &format!("/api/context/units?{query}"), "UnitList").await;
        assert_eq!(ids(&list["units"]), expected, "{query}");
    }
}

#[tokio::test]
async fn what_nobody_knows_is_null_and_says_why() {
    let fixture = Fixture::with_context();
    let unit = check(&fixture, "/api/context/unit?id=doc:context/refunds.md", "Unit").await;
    for (figure, reason) in [("uses", "uses_unknown"), ("lift", "lift_unknown"), ("history", "history_unknown")] {
        assert!(unit[figure].is_null() && unit[reason].as_str().is_some_and(|why| !why.is_empty()), "{figure}: {unit}");
    }
    assert_eq!(unit["body"], "A refund is possible within 30 days.", "facts are as they are now");
    assert_eq!((&unit["facts"][0]["said"], &unit["facts"][0]["is"]), (&json!("14"), &json!("30")));
}

#[tokio::test]
async fn findings_stand_with_their_owners() {
    let fixture = Fixture::with_context();
    let all = check(&fixture, "/api/context/findings", "FindingList").await;
    let of = |owner: &Value| all["owners"].as_array().unwrap().iter().find(|group| &group["owner"] == owner).unwrap();
    let desk = of(&json!("@desk"))["findings"].as_array().unwrap();
    assert!(desk.iter().any(|finding| finding["code"] == "wrong-fact" || finding["message"].as_str().unwrap().contains("30")), "{desk:?}");
    assert!(of(&Value::Null)["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == "expired-unit"));
    let one = check(&fixture, "/api/context/findings?owner=%40desk", "FindingList").await;
    assert_eq!(one["owners"].as_array().unwrap().len(), 1);
}

/// The units that `token` gets for `body`.
async fn compiled(fixture: &Fixture, token: &str, body: &str) -> Vec<String> {
    let reply = fixture.post("/api/context/compile", token, body).await;
    assert_eq!(reply.status, 200, "{body}: {}", reply.text);
    reply.json()["manifest"]["spans"].as_array().unwrap().iter().map(|span| span["unit"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_key_gets_what_it_may_see_and_no_more() {
    let fixture = Fixture::with_context();
    let task = r#"{"task": "Refund of staff"}"#;
    let has = |units: &[String]| units.iter().any(|unit| unit == "doc:context/secret.md");
    assert!(has(&compiled(&fixture, "caller-helpdesk", task).await));
    assert!(!has(&compiled(&fixture, "caller-other", task).await));
    assert!(has(&compiled(&fixture, "admin", r#"{"task": "Refund of staff", "key": "helpdesk"}"#).await), "the admin looks through a key's eyes");
    let reply = fixture.post("/api/context/compile", "caller-other", r#"{"task": "Refund of staff", "key": "helpdesk"}"#).await;
    assert_eq!((reply.status, reply.json()["error"]["param"].as_str()), (403, Some("key")));
    for path in ["/api/context/units", "/api/context/unit?id=doc:context/secret.md", "/api/context/findings", "/api/context/search?q=staff", "/context"] {
        let key = http::Request::get(path).header("authorization", "Bearer caller-helpdesk").body(axum::body::Body::empty()).unwrap();
        assert_eq!(fixture.send(key).await.status, 403, "{path}");
    }
    assert_eq!(fixture.post("/api/context/explain", "caller-helpdesk", task).await.status, 403);
}

#[tokio::test]
async fn packs_say_what_the_request_does_not() {
    let fixture = Fixture::with_context();
    let budget = |body: &'static str| {
        let fixture = &fixture;
        async move { fixture.post("/api/context/compile", "admin", body).await.json()["manifest"]["budget_tokens"].as_u64() }
    };
    assert_eq!(budget(r#"{"task": "refund", "pack": "refunds"}"#).await, Some(500));
    assert_eq!(budget(r#"{"task": "refund", "class": "support"}"#).await, Some(500), "the pack of the class");
    assert_eq!(budget(r#"{"task": "refund", "class": "support", "budget_tokens": 300}"#).await, Some(300));
    assert_eq!(budget(r#"{"task": "refund"}"#).await, Some(8_192));
    assert_eq!(compiled(&fixture, "admin", r#"{"task": "refund_window", "kinds": ["code"], "vocabulary": "cl100k_base"}"#).await, ["code:src/refund.rs"]);
}

#[tokio::test]
async fn a_wrong_request_is_told_what_is_wrong() {
    let fixture = Fixture::with_context();
    refused(&fixture, "/api/context/unit", 400, "id", "is missing").await;
    refused(&fixture, "/api/context/unit?id=doc:context/refund.md", 404, "id", "Did you mean `doc:context/refunds.md`?").await;
    refused(&fixture, "/api/context/units?state=old", 400, "state", "suspect").await;
    refused(&fixture, "/api/context/search", 400, "q", "is missing").await;
    let long = format!(r#"{{"task": "{}"}}"#, "x".repeat(70_000));
    for (body, param, says) in [
        ("[]", "body", "must be an object"),
        ("{}", "task", "is missing"),
        (r#"{"task": " "}"#, "task", "is empty"),
        (r#"{"task": "x", "budget_tokens": 200001}"#, "budget_tokens", "from 1 to 200000"),
        (r#"{"task": "x", "budget_tokens": -1}"#, "budget_tokens", "whole number"),
        (r#"{"task": "x", "budget_tokens": 1}"#, "budget_tokens", "Allow at least"),
        (r#"{"task": "x", "pack": "refund"}"#, "pack", "Did you mean `refunds`?"),
        (r#"{"task": "x", "kinds": ["prose"]}"#, "kinds", "constraint, doc"),
        (r#"{"task": "x", "paths": "src"}"#, "paths", "list of strings"),
        (r#"{"task": "x", "vocabulary": "latin"}"#, "vocabulary", "o200k_base"),
        (r#"{"task": "x", "model": 1}"#, "model", "must be a string"),
        (r#"{"task": "x", "tokens": 1}"#, "tokens", "no member `tokens`"),
        (long.as_str(), "task", "longer than 65536 bytes"),
    ] {
        let reply = fixture.post("/api/context/compile", "admin", body).await;
        let shown = &body[..body.len().min(80)];
        assert_eq!((reply.status, reply.json()["error"]["param"].as_str()), (400, Some(param)), "{shown}: {}", reply.text);
        assert!(reply.text.contains(says), "{shown}: {}", reply.text);
    }
}

#[tokio::test]
async fn without_context_or_before_it_is_read_the_api_says_so() {
    for (fixture, says) in [(Fixture::new(), "without the project's context"), (Fixture::reading_context(), "still being read")] {
        let reply = fixture.get("/api/context/units").await;
        assert!(reply.status == 503 && reply.text.contains(says) && !reply.json()["error"]["remedy"].is_null(), "{}", reply.text);
        assert_eq!(fixture.get("/context").await.status, 503);
    }
}
