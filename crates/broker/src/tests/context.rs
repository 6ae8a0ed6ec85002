//! Context attached to calls: which pack, where it lands in the provider's bytes, what it costs, what the receipt says.

use super::harness::{Got, Harness};
use crate::{ContextAnswer, ContextManifest, ContextRequest, ContextSource, context_budget_exceeded, hold_out};
use jeton_core::Fault;
use jeton_ledger::{CallStatus, ContextAsker, ContextSpan};
use jeton_project::PackQuery;
use jeton_testkit::Upstream;
use jeton_testkit::fixtures::{chat_document, chat_stream_with_usage, messages_document, messages_stream, responses_document, responses_stream};
use jeton_wire::{ContextSegment, Endpoint};
use std::sync::{Arc, Mutex};

/// A source that says what it was asked for.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<ContextRequest>>,
}

const FIRST: &str = "Refunds: 30 days.\n";

impl Fake {
    fn last(&self) -> ContextRequest {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

fn span(unit: &str) -> ContextSpan {
    ContextSpan {
        unit: unit.into(),
        kind: "doc".into(),
        digest: "d1".into(),
        path: "docs/refunds.md".into(),
        first_line: 1,
        last_line: 4,
        tokens: 6,
        view: "full".into(),
        why: "in its title".into(),
        tier: "retrieved".into(),
        is_eligible: true,
    }
}

impl ContextSource for Fake {
    fn attach(&self, request: &ContextRequest) -> Result<ContextAnswer, Fault> {
        self.asked.lock().unwrap().push(request.clone());
        match &*request.name {
            "tight" => return Err(context_budget_exceeded("tight", 90, request.pack.budget_tokens, &["constraint:a"])),
            "broken" => panic!("the source is broken"),
            "empty" => return Ok(ContextAnswer::default()),
            _ => {}
        }
        let eligible = ["doc:a", "doc:b"];
        let hold_out = hold_out(&eligible, request.pack.hold_out, request.draw, |unit| unit).map(|(_, noted)| noted);
        let large = if &*request.name == "large" { "x".repeat(20_000) } else { format!("Asked: \"{}\"\n", request.query) };
        Ok(ContextAnswer {
            segments: vec![ContextSegment { text: FIRST.into(), breakpoint: true }, ContextSegment { text: large, breakpoint: false }],
            tokens: 12,
            manifest: ContextManifest {
                digest: "m1".into(),
                snapshot: "s1".into(),
                query_digest: "q1".into(),
                vocabulary: "o200k_base".into(),
                budget_tokens: request.pack.budget_tokens,
                spans: eligible.iter().map(|unit| span(unit)).collect(),
                hold_out,
            },
            notes: vec!["ranked by words alone".into()],
        })
    }
}

const PACKS: &str = r#"
[packs.refunds]
[packs.user]
place = "user"
[packs.task]
query = { header = "x-task" }
[packs.fixed]
query = { text = "always" }
[packs.draws]
hold_out = 0.03
[packs.tight]
budget_tokens = 50
[packs.large]
[packs.broken]
[packs.empty]
[classes.help]
pack = "refunds"
"#;

/// A house with `more` settings and two providers that record what reaches them.
struct Scene {
    house: Harness,
    source: Arc<Fake>,
    upstream: Upstream,
}

impl Scene {
    fn new(more: &str) -> Self {
        let upstream = Upstream::start(|exchange| {
            let is_stream = exchange.request.json()["stream"].as_bool().unwrap_or(false);
            match exchange.request.target.as_str() {
                "/v1/chat/completions" if is_stream => exchange.events(&[chat_stream_with_usage("Hi", 9, 2).as_bytes()]),
                "/v1/chat/completions" => exchange.document(200, chat_document(9, 2)),
                "/v1/responses" if is_stream => exchange.events(&[responses_stream("Hi", 9, 2, "completed").as_bytes()]),
                "/v1/responses" => exchange.document(200, responses_document(9, 2)),
                "/v1/messages/count_tokens" => exchange.document(200, r#"{"input_tokens":9}"#),
                "/v1/messages" if is_stream => exchange.events(&[messages_stream("Hi", 9, 2).as_bytes()]),
                "/v1/messages" => exchange.document(200, messages_document(9, 2)),
                _ => exchange.document(200, r#"{"object":"list","data":[],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#),
            }
        });
        let url = upstream.url();
        let providers = format!(
            "[providers.oa]\napi = 'openai'\nbase_url = '{url}/v1'\nprices = 'free'\n[providers.an]\napi = 'anthropic'\nbase_url = '{url}'\nprices = 'free'\n"
        );
        let source = Arc::new(Fake::default());
        let house = Harness::with_context(&format!("{providers}{PACKS}{more}"), source.clone());
        Self { house, source, upstream }
    }

    async fn send(&self, endpoint: Endpoint, body: &str, headers: &[(&'static str, &str)]) -> Got {
        self.house.send(self.house.inbound(endpoint, body, headers)).await
    }
}

#[tokio::test]
async fn the_providers_bytes_are_those_of_the_same_text_pasted_by_hand() {
    let scene = Scene::new("");
    let text = r#"Refunds: 30 days.\nAsked: \"When?\"\n"#;
    let marked = r#"{"type":"text","text":"Refunds: 30 days.\n","cache_control":{"type":"ephemeral"}},{"type":"text","text":"Asked: \"When?\"\n"}"#;
    for (endpoint, body, expected) in [
        (
            Endpoint::Chat,
            r#"{"model":"m","stream":STREAM,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"When?"}]}"#,
            format!(
                r#"{{"model":"m","stream":STREAM,"stream_options":{{"include_usage":true}},"messages":[{{"role":"system","content":"{text}"}},{{"role":"user","content":"When?"}}]}}"#
            ),
        ),
        (
            Endpoint::Responses,
            r#"{"model":"m","stream":STREAM,"instructions":"Be \u00e9xact.","input":"When?"}"#,
            format!(r#"{{"model":"m","stream":STREAM,"instructions":"{text}\n\nBe \u00e9xact.","input":"When?"}}"#),
        ),
        (
            Endpoint::Messages,
            r#"{"model":"m","max_tokens":9, "stream":STREAM,"system":"Be exact.","messages":[{"role":"user","content":"When?"}]}"#,
            format!(
                r#"{{"model":"m","max_tokens":9, "stream":STREAM,"system":[{marked},{{"type":"text","text":"Be exact."}}],"messages":[{{"role":"user","content":"When?"}}]}}"#
            ),
        ),
    ] {
        let provider = if endpoint == Endpoint::Messages { "an" } else { "oa" };
        for stream in ["true", "false"] {
            let (body, expected) = (body.replace("STREAM", stream), expected.replace("STREAM", stream));
            let named = body.replacen("\"m\"", &format!("\"{provider}/m\""), 1);
            let got = scene.send(endpoint, &named, &[("jeton-context", "refunds")]).await;
            let through = scene.upstream.last();
            assert_eq!((got.status, through.text()), (200, expected.clone()), "{endpoint} {stream}: {}", got.body);
            assert_eq!(through.header("jeton-context"), None, "our headers never travel upstream");
            // The same text sent by the caller itself arrives as the same bytes, and is answered the same.
            let pasted = scene.send(endpoint, &expected.replacen("\"m\"", &format!("\"{provider}/m\""), 1), &[]).await;
            assert_eq!((pasted.body, scene.upstream.last().text()), (got.body.clone(), expected), "{endpoint} {stream}");
        }
    }
    scene.house.assert_books_hold();
}

#[tokio::test]
async fn the_receipt_says_what_was_attached_and_holds_no_text_of_it() {
    let scene = Scene::new("");
    let body = r#"{"model":"an/m","max_tokens":9,"messages":[{"role":"user","content":"When?"}]}"#;
    let got = scene.send(Endpoint::Messages, body, &[("jeton-class", "help")]).await;
    let record = scene.house.record(&got).record;
    let context = record.context.clone().unwrap();
    assert_eq!((context.pack.as_str(), context.asked_by, context.digest.as_str()), ("refunds", ContextAsker::Class, "m1"));
    assert_eq!((context.tokens, context.budget_tokens, context.breakpoints, context.breakpoints_dropped), (12, 4_000, 1, 0));
    assert_eq!((context.bytes, context.spans.len(), context.hold_out.clone()), ((scene.upstream.last().body.len() - body.len() + 3) as u64, 2, None));
    assert_eq!((record.request_bytes, record.tries[0].bytes_out), (body.len() as u64, scene.upstream.last().body.len() as u64));
    assert!(!serde_json::to_string(&record).unwrap().contains("30 days"));
    let stages: Vec<&str> = record.stages.iter().map(|stage| &*stage.stage).collect();
    assert_eq!(stages, ["identify", "classify", "attach", "admit", "hold", "choose", "try", "settle"]);
    let request = scene.source.last();
    assert_eq!((&*request.class, request.key, request.model.as_str(), request.query.as_str()), ("help", None, "an/m", "When?"));
}

#[tokio::test]
async fn a_header_comes_before_the_class_and_can_switch_its_pack_off() {
    let scene = Scene::new("");
    let body = r#"{"model":"oa/m","messages":[{"role":"user","content":"When?"}]}"#;
    for (header, asked) in [(None, Some("refunds")), (Some("fixed"), Some("fixed")), (Some("none"), None)] {
        let headers: Vec<(&'static str, &str)> = [("jeton-class", "help")].into_iter().chain(header.map(|name| ("jeton-context", name))).collect();
        let got = scene.send(Endpoint::Chat, body, &headers).await;
        let record = scene.house.record(&got).record;
        assert_eq!((got.status, record.context.map(|context| context.pack)), (200, asked.map(str::to_owned)), "{header:?}");
        if asked.is_none() {
            assert_eq!(scene.upstream.last().text(), body.replace("oa/", ""), "every byte is the caller's");
            assert!(record.decisions.iter().any(|decision| decision.what.contains("switched off")));
        }
    }
    assert_eq!(scene.send(Endpoint::Chat, body, &[("jeton-context", "none")]).await.status, 200);
}

#[tokio::test]
async fn each_pack_looks_for_what_it_says() {
    let scene = Scene::new("");
    let body = r#"{"model":"oa/m","messages":[{"role":"user","content":"When?"},{"role":"assistant","content":"No."}]}"#;
    for (pack, task, query) in [("refunds", None, "When?"), ("task", Some("fix it"), "fix it"), ("task", None, ""), ("fixed", None, "always")] {
        let headers: Vec<(&'static str, &str)> = [("jeton-context", pack)].into_iter().chain(task.map(|task| ("x-task", task))).collect();
        let got = scene.send(Endpoint::Chat, body, &headers).await;
        assert_eq!((got.status, scene.source.last().query.as_str()), (200, query), "{pack}");
        let notes = scene.house.record(&got).record.decisions.iter().filter(|decision| decision.what.contains("lacks the header `x-task`")).count();
        assert_eq!(notes, usize::from(pack == "task" && task.is_none()));
    }
    assert_eq!(scene.source.last().pack.query, PackQuery::Text("always".into()));
    scene.send(Endpoint::Chat, body, &[("jeton-context", "user")]).await;
    assert!(scene.upstream.last().text().contains(r#"{"role":"user","content":"Refunds: 30 days.\nAsked: \"When?\"\n\n\nWhen?"}"#));
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused_with_what_to_do() {
    let scene = Scene::new("");
    let chat = r#"{"model":"oa/m","messages":[{"role":"assistant","content":"Hello."}]}"#;
    for (pack, status, code, part) in [
        ("refund", 400, "pack_not_found", "refunds"),
        ("user", 400, "context_not_attachable", "place = "),
        ("tight", 400, "context_budget_exceeded", "packs.tight.budget_tokens"),
        ("broken", 500, "internal", "broken"),
    ] {
        let got = scene.send(Endpoint::Chat, chat, &[("jeton-context", pack)]).await;
        assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (status, code), "{}", got.body);
        assert!(got.body.contains(part), "{}", got.body);
        let record = scene.house.record(&got).record;
        assert_eq!((record.status, record.context, record.tries.len()), (CallStatus::Refused, None, 0));
    }
    assert_eq!(scene.upstream.count(), 0, "nothing was sent");
    scene.house.assert_books_hold();
}

#[tokio::test]
async fn what_the_source_notes_is_on_the_receipt() {
    let scene = Scene::new("");
    let got = scene.send(Endpoint::Chat, r#"{"model":"oa/m","messages":[{"role":"user","content":"When?"}]}"#, &[("jeton-context", "refunds")]).await;
    let decisions = scene.house.record(&got).record.decisions;
    assert!(decisions.iter().any(|decision| (&*decision.stage, decision.what.as_str()) == ("attach", "ranked by words alone")), "{decisions:?}");
}

#[tokio::test]
async fn counting_tokens_counts_context_and_embeddings_have_none() {
    let scene = Scene::new("");
    let body = r#"{"model":"an/m","messages":[{"role":"user","content":"When?"}]}"#;
    assert_eq!(scene.send(Endpoint::CountTokens, body, &[("jeton-context", "refunds")]).await.status, 200);
    assert!(scene.upstream.last().text().contains("30 days"));
    let body = r#"{"model":"oa/m","input":"When?"}"#;
    let got = scene.send(Endpoint::Embeddings, body, &[("jeton-context", "refunds")]).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (400, "context_not_attachable"));
    let got = scene.send(Endpoint::Embeddings, body, &[("jeton-class", "help")]).await;
    let record = scene.house.record(&got).record;
    assert_eq!((got.status, record.context), (200, None), "{}", got.body);
    assert!(record.decisions.iter().any(|decision| decision.what.contains("embeddings have no place")));
}

#[tokio::test]
async fn the_hold_pays_for_the_context() {
    let scene = Scene::new("[models.'oa/dear']\nprice = { input = 1.0, output = 1.0 }\n[accounts.default]\nbudget = { usd = 0.015 }\n");
    let body = r#"{"model":"oa/dear","max_tokens":10,"messages":[{"role":"user","content":"When?"}]}"#;
    let plain = scene.house.record(&scene.send(Endpoint::Chat, body, &[]).await).record;
    let small = scene.house.record(&scene.send(Endpoint::Chat, body, &[("jeton-context", "refunds")]).await).record;
    let bytes = small.context.as_ref().unwrap().bytes;
    // One micro-dollar for each byte; the escape of a quote and a line break counts as what it means.
    assert!((small.held.0 - plain.held.0) / 1_000 >= i64::try_from(bytes).unwrap() - 6, "{} {}", plain.held, small.held);
    let got = scene.send(Endpoint::Chat, body, &[("jeton-context", "large")]).await;
    assert_eq!(got.json()["error"]["code"], "budget_exhausted", "{}", got.body);
    scene.house.assert_books_hold();
}

#[tokio::test]
async fn every_try_of_a_route_gets_the_context() {
    let scene = Scene::new("[providers.bad]\napi = 'twin'\nmodels = ['m']\ntwin = { faults = { server_error = 1.0 } }\n[routes.r]\ntry = ['bad/m', 'oa/m']\n");
    let body = r#"{"model":"r","messages":[{"role":"user","content":"When?"}]}"#;
    let got = scene.send(Endpoint::Chat, body, &[("jeton-context", "refunds")]).await;
    let record = scene.house.record(&got).record;
    assert_eq!((got.status, record.tries.len()), (200, 2), "{}", got.body);
    let asked: Vec<String> = scene.source.asked.lock().unwrap().iter().map(|request| request.model.clone()).collect();
    assert_eq!(asked, ["bad/m"], "compiled once, for the first");
    assert!(record.tries[0].bytes_out > body.len() as u64 && scene.upstream.last().text().contains("30 days"));
    scene.house.assert_books_hold();
}

#[tokio::test]
async fn draws_are_noted_and_an_empty_compilation_changes_nothing() {
    let scene = Scene::new("");
    let body = r#"{"model":"oa/m","messages":[{"role":"user","content":"When?"}]}"#;
    let got = scene.send(Endpoint::Chat, body, &[("jeton-context", "draws")]).await;
    let drawn = scene.house.record(&got).record.context.unwrap().hold_out.unwrap();
    assert_eq!((drawn.share_ppm, drawn.eligible, drawn.propensity_ppb), (30_000, 2, 15_000_000));
    assert_eq!(scene.source.last().draw, got.call().to_i64().unsigned_abs());
    let got = scene.send(Endpoint::Chat, body, &[("jeton-context", "empty")]).await;
    assert_eq!(scene.upstream.last().text(), body.replace("oa/", ""));
    assert_eq!(scene.house.record(&got).record.context.unwrap().bytes, 0);
}

#[tokio::test]
async fn a_server_without_a_source_says_so() {
    let house = Harness::new(&format!("{PACKS}[providers.t]\napi = 'twin'"));
    let got = house.send(house.inbound(Endpoint::Chat, super::harness::HELLO, &[("jeton-context", "refunds")])).await;
    assert_eq!((got.status, got.json()["error"]["code"].as_str().unwrap()), (400, "context_not_served"));
    let got = house.send(house.inbound(Endpoint::Chat, super::harness::HELLO, &[("jeton-class", "help")])).await;
    let record = house.record(&got).record;
    assert_eq!((got.status, record.context), (200, None));
    assert!(record.decisions.iter().any(|decision| decision.what.contains("serves no context")));
}
