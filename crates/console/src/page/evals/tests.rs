use super::super::tests::assert_clean;
use crate::evals_scene::{Scene, fill};
use crate::fixture::{Fixture, NOW, local};
use axum::body::Body;
use serde_json::json;

const NASTY: &str = "<script>alert('x')</script>\"onload=\"y";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A console with two runs, and their ids.
fn filled(word: &str) -> (Fixture, [String; 2], String) {
    let fixture = Fixture::new();
    let scene = Scene { now: NOW, runs: 2, cases: 24, word, call: None };
    fill(&*fixture.ledger, &scene).unwrap();
    (fixture, [scene.run_id(0), scene.run_id(1)], scene.case_id(0))
}

async fn page(fixture: &Fixture, path: &str) -> String {
    let reply = fixture.get(path).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "text/html; charset=utf-8"), "{path}: {}", reply.text);
    assert_clean(&reply.text);
    reply.text
}

fn says(text: &str, all: &[&str]) {
    for one in all {
        assert!(text.contains(one), "does not say {one}: {text}");
    }
}

#[tokio::test]
async fn what_comes_from_data_never_becomes_markup() {
    let (fixture, [before, last], case) = filled(NASTY);
    let (case, word) = (encoded(&case), encoded(NASTY));
    for path in [
        "/evals".to_owned(),
        "/evals/suite?suite=refunds&theme=dark".to_owned(),
        format!("/evals/suite?suite=triage{word}"),
        format!("/evals/run?id={last}"),
        format!("/evals/run?id={last}&outcome=error"),
        format!("/evals/case?run={last}&case={case}"),
        format!("/evals/compare?baseline={before}:mini&candidate={last}:sonnet"),
        format!("/evals/compare?baseline={word}&candidate={word}"),
        "/evals/labels".to_owned(),
    ] {
        assert!(page(&fixture, &path).await.contains("&lt;script&gt;"), "{path} does not show the name at all");
    }
    for path in [format!("/evals/suite?suite={word}"), format!("/evals/run?id={word}"), format!("/evals/case?run={last}&case={word}")] {
        let reply = fixture.get(&path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert_clean(&reply.text);
    }
}

#[tokio::test]
async fn the_overview_has_alarms_first_and_figures_with_their_intervals() {
    let (fixture, [_, last], _) = filled("");
    let text = page(&fixture, "/evals").await;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is missing: {text}"));
    assert!(at("Alarm: refunds") < at("/evals/suite?suite=refunds"));
    says(&text, &["n 24", "invalid", "could be ", ">sim<", "goes on, or was cut off", "8 rows of unknown cost", &format!("/evals/run?id={last}")]);
    assert!(!text.contains("#causes") && !text.contains("#value"), "experiments are no suite");
    says(&page(&fixture, &format!("/evals/run?id={last}v")).await, &[&format!("{last}v"), "By grader"]);
    let empty = page(&Fixture::new(), "/evals").await;
    says(&empty, &["No suite was run so far."]);
}

#[tokio::test]
async fn a_suite_shows_runs_cost_soundness_and_causes() {
    let (fixture, _, _) = filled("");
    let text = page(&fixture, "/evals/suite?suite=refunds").await;
    says(
        &text,
        &[
            "Pass rate over runs",
            "role=\"img\" aria-label=\"Pass rates of sonnet in 2 runs; the table has the figures\"",
            "class=\"frontier\"",
            "on the frontier",
            "not drawn: invalid",
            "24 cases in 12 independent groups",
            "96 checks",
            "8 expected, 8 executed, 7 scored",
            "points</b>",
            "found in 4 of 5 comparisons with 24 cases, at an error of 1 in 20. It is worked out from how 24 cases in 12 independent groups vary",
            "<h3>Judges and people</h3>",
            "11 of 11<span class=\"sub\">kappa 1.00",
            "18 labels by 2 people; on 6 answers that more than one labelled they agree with Cohen&#39;s kappa 0.57",
            "context-missing",
            "Environment gap",
            "aria-label=\"What is compared\"",
        ],
    );
    says(
        &page(&fixture, "/evals/suite?suite=triage").await,
        &["left out", "the suite is not watched", "nobody has asked", ">sim<", "No model judges in this suite"],
    );
}

#[tokio::test]
async fn moments_of_one_day_are_told_by_the_hour_and_targets_are_compared_in_their_order() {
    let (fixture, [_, last], _) = filled("");
    let scale = |after: &[i64]| super::scale(&fixture.console, after.iter().map(|ms| jeton_core::Timestamp(NOW.0 + ms)));
    assert_eq!((scale(&[]), scale(&[0]), scale(&[0, 60_000]), scale(&[0, 86_400_000])), ("%H:%M", "%H:%M", "%H:%M", "%-d %b"));
    let text = page(&fixture, "/evals/suite?suite=refunds").await;
    let form = text.split("aria-label=\"What is compared\"").nth(1).unwrap();
    let chosen: Vec<&str> = form.split(" selected>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(chosen, [format!("refunds · sonnet · {last}"), format!("refunds · mini · {last}")]);
}

#[tokio::test]
async fn a_run_shows_totals_faults_gates_and_rows_that_can_be_narrowed() {
    let (fixture, [_, last], _) = filled("");
    let text = page(&fixture, &format!("/evals/run?id={last}")).await;
    says(
        &text,
        &[
            "Does sonnet pass at least 80 % of the cases?",
            "About 60 more cases would decide.",
            "connect_failed",
            "8 of 24",
            "By tag",
            "By grader",
            "72 of 72 rows",
            "contains: <code>30 days</code> is not in the answer",
            &format!("for <a href=\"/evals/run?id={last}x\">experiments</a>"),
        ],
    );
    let narrowed = page(&fixture, &format!("/evals/run?id={last}&outcome=error&target=lab")).await;
    says(&narrowed, &["8 of 72 rows", "<option selected>error</option>"]);
    says(&page(&fixture, &format!("/evals/run?id={last}&outcome=unscored")).await, &["No row matches."]);
    says(&page(&fixture, &format!("/evals/run?id={last}&offset=60")).await, &["61–72", ">Before<"]);
}

#[tokio::test]
async fn a_case_shows_answer_grades_context_and_cause() {
    let fixture = Fixture::new();
    let scene = Scene { now: NOW, runs: 2, cases: 24, word: "", call: Some("call-20261123-1k7c2m9x0a".into()) };
    fill(&*fixture.ledger, &scene).unwrap();
    let run = scene.run_id(1);
    let compared = page(&fixture, &format!("/evals/compare?baseline={run}:sonnet&candidate={run}:mini")).await;
    let broken = compared.split("href=\"").find(|rest| rest.starts_with("/evals/case") && rest.contains("target=mini")).unwrap();
    let address = broken.split('"').next().unwrap().replace("&amp;", "&");
    let text = page(&fixture, address.split('#').next().unwrap()).await;
    assert!(text.contains(&format!("id=\"{}\"", address.split('#').nth(1).unwrap())), "the flip leads to its row: {address}");
    says(
        &text,
        &[
            "I cannot find a rule about this",
            "<code>30 days</code> is not in the answer",
            "/context/unit?id=doc%3Acontext%2Frefunds.md",
            "Needed, and not in it",
            "cut by the budget",
            "/calls/call-20261123-1k7c2m9x0a",
            "<h3>Why</h3>",
        ],
    );
    assert!(!text.contains("<h2>sonnet"), "only the target that was asked for");
    says(&text, &["What it asks stands in <span class=\"mono\">evals/refunds.toml</span>"]);
    let lab = page(&fixture, &format!("/evals/case?run={run}&case=window-01&target=lab")).await;
    says(&lab, &["There is no answer", "connect_failed", "the record proves it"]);
}

#[tokio::test]
async fn experiments_lead_to_their_answers() {
    let (fixture, [_, last], _) = filled("");
    let causes = fixture.get(&format!("/api/evals/causes?run={last}")).await.json();
    let label = causes["report"]["labels"].as_array().unwrap().iter().find(|label| label["level"] == "L2").unwrap();
    assert_eq!(label["experiments"], format!("{last}x"));
    let (case, launch) = (label["case"].as_str().unwrap(), &label["tried"][0]["rows"][0]);
    let text = page(&fixture, &format!("/evals/case?run={last}&case={case}&target={}", label["target"].as_str().unwrap())).await;
    says(&text, &[&format!("<a href=\"/evals/case?run={last}x&amp;case={case}#row-{launch}\">{launch}</a>")]);
    says(&page(&fixture, &format!("/evals/case?run={last}x&case={case}")).await, &["<h2>sonnet"]);
    // A note of an earlier version does not say where the rows are.
    let mut old = json!({ "labels": [], "calls": 3 });
    old["labels"] = json!([{ "case": case, "target": label["target"], "launch": label["launch"], "cause": "model", "level": "L2", "proof": "it was so",
        "tried": [{ "arm": "unchanged", "passed": 0, "n": 5, "rows": [4711] }] }]);
    let note = jeton_ledger::Note { kind: "cause".into(), subject: last.clone(), at: NOW, json: old.to_string() };
    fixture.ledger.add_note(&note).unwrap();
    let text = page(&fixture, &format!("/evals/case?run={last}&case={case}&target={}", label["target"].as_str().unwrap())).await;
    assert!(text.contains("it was so") && text.contains("4711") && !text.contains("#row-4711"), "{text}");
}

#[tokio::test]
async fn a_case_and_the_queue_show_what_was_asked() {
    let fixture = Fixture::with_context();
    let scene = Scene { now: NOW, runs: 2, cases: 24, word: "", call: None };
    fill(&*fixture.ledger, &scene).unwrap();
    let run = scene.run_id(1);
    let text = page(&fixture, &format!("/evals/case?run={run}&case=window-01")).await;
    says(
        &text,
        &[
            "How long may I send a thing back?",
            "<div><h3>Right is</h3><pre class=\"text\" tabindex=\"0\">30 days</pre></div>",
            "The suite has changed since this run",
        ],
    );
    says(&page(&fixture, &format!("/evals/case?run={run}&case=sale-01")).await, &["which has no such case now"]);
    says(&page(&fixture, "/evals/labels").await, &["How long may I send a thing back?"]);
}

#[tokio::test]
async fn a_comparison_is_told_in_words_and_an_invalid_side_warns() {
    let (fixture, [before, last], _) = filled("");
    says(
        &page(&fixture, &format!("/evals/compare?baseline={before}:mini&candidate={last}:sonnet")).await,
        &["The candidate is better.", "points", "sign flips of clusters", "Broken", "Fixed"],
    );
    says(&page(&fixture, &format!("/evals/compare?baseline={last}:sonnet&candidate={last}:lab")).await, &["No verdict: lab is invalid."]);
    says(&page(&fixture, "/evals/compare").await, &["Choose a baseline and a candidate."]);
    says(&page(&fixture, &format!("/evals/compare?baseline={last}:lap&candidate={last}:lab")).await, &["role=\"alert\"", "Did you mean"]);
}

/// Sends the form of the page, as a browser does.
async fn send(fixture: &Fixture, form: &str, site: &str) -> crate::fixture::Reply {
    let request = local(http::Request::post("/evals/labels"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site)
        .header("sec-fetch-mode", "navigate");
    fixture.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_person_judges_by_a_plain_form() {
    let (fixture, [_, last], _) = filled("");
    let text = page(&fixture, "/evals/labels").await;
    says(&text, &["3 answers", "Would you send this answer to a customer as it is?", "value=\"pass\"", "value=\"fail\"", "method=\"post\""]);
    let form = format!("run={last}&case=window-01&target=sonnet&repeat=0&grader=tone&comment=Kind+%26+right&by=&verdict=fail");
    assert_eq!(send(&fixture, &form, "cross-site").await.status, 403, "a form of another site");
    let reply = send(&fixture, &form, "same-origin").await;
    assert_eq!((reply.status, reply.header("location")), (303, "/evals/labels?done=1"), "{}", reply.text);
    says(&page(&fixture, "/evals/labels?done=1").await, &["2 answers", "The label is written.", "Kind &amp; right", "window-<wbr>01/<wbr>sonnet/<wbr>0"]);
    says(
        &page(&fixture, &format!("/evals/case?run={last}&case=window-01")).await,
        &["What people said", "Kind &amp; right", "judged by admin; admin: Kind &amp; right"],
    );
    says(&page(&fixture, &format!("/evals/run?id={last}")).await, &["tone"]);
    let wrong = send(&fixture, &format!("run={last}&run={last}"), "same-origin").await;
    assert!(wrong.status == 400 && wrong.text.contains("is given twice"), "{}", wrong.text);
    let reply = fixture.post("/evals/labels", "admin", "{}").await;
    assert!(reply.status == 415 && reply.text.contains("form-urlencoded"), "{}", reply.text);
}
