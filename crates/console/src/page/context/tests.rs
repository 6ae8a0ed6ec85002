use super::super::tests::assert_clean;
use crate::fixture::Fixture;

const NASTY: &str = "%3Cscript%3Ealert(%27x%27)%3C%2Fscript%3E%22onload%3D%22y";

#[tokio::test]
async fn what_comes_from_data_never_becomes_markup() {
    let fixture = Fixture::with_context();
    for path in [
        "/context".to_owned(),
        "/context?theme=dark&state=broken".into(),
        "/context/unit?id=doc:context/stale.md".into(),
        "/context/findings".into(),
        "/context/preview?task=refund+of+tea".into(),
        format!("/context/preview?task={NASTY}"),
    ] {
        let reply = fixture.get(&path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"), "{path}: {}", reply.text);
        assert_clean(&reply.text);
        assert!(reply.text.contains("&lt;script&gt;"), "{path} does not show the name at all");
    }
    for path in [format!("/context?owner={NASTY}"), format!("/context/findings?owner={NASTY}"), format!("/context/preview?task=x&pack={NASTY}")] {
        assert_clean(&fixture.get(&path).await.text);
    }
}

async fn check(path: &str, says: &[&str]) {
    let page = Fixture::with_context().get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    for says in says {
        assert!(page.text.contains(says), "{path} does not say {says}: {}", page.text);
    }
}

#[tokio::test]
async fn the_catalogue_shows_the_least_fresh_first_and_dashes_for_what_nobody_knows() {
    check("/context", &["5 units", "title=\"Unknown: needs an evaluation suite\"", "aria-label=\"Which units\"", "always in", ">nobody<"]).await;
    let page = Fixture::with_context().get("/context").await.text;
    let at = |text: &str| page.rfind(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(at("id=doc%3Acontext%2Fold.md") < at("id=doc%3Acontext%2Fstale.md") && at("id=doc%3Acontext%2Fstale.md") < at("id=doc%3Acontext%2Frefunds.md"));
    check("/context?kind=schema", &["No unit matches."]).await;
}

#[tokio::test]
async fn a_unit_shows_its_text_as_a_model_gets_it_and_why_it_is_stale() {
    check("/context/unit?id=doc:context/refunds.md", &["A refund is possible within 30 days.", "policy.toml", "Where it was used", "@desk"]).await;
    check("/context/unit?id=doc:context/stale.md", &["broken", "broken-anchor", "To do:", "History of its file"]).await;
    let missing = Fixture::with_context().get("/context/unit?id=doc:no").await;
    assert!(missing.status == 404 && missing.text.contains("There is no unit"), "{}", missing.text);
}

#[tokio::test]
async fn the_preview_says_what_is_in_and_why_a_fact_is_lacking() {
    check("/context/preview", &["Nothing is sent to any model", "<textarea", "name=\"budget\""]).await;
    let lacking = [
        "must be there",
        "What was left out",
        "What was not thought of",
        "it held until 2026-11-22",
        "only these keys may see it: helpdesk",
        "What 2,000 tokens more would buy",
    ];
    check("/context/preview?task=refund+in+autumn&budget=500", &lacking).await;
    check("/context/preview?task=refund&class=support", &["by the pack <code>refunds</code>"]).await;
    check("/context/preview?task=refund&budget=1", &["role=\"alert\"", "Allow at least"]).await;
}
