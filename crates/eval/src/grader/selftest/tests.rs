use super::*;
use crate::Grader;
use crate::grader::testing::{suite, wait};
use crate::grader::{Material, Prepared};
use crate::testing::{Script, answer, case};
use serde_json::{Value, json};
use std::path::Path;

fn by(criterion: Criterion) -> Grader {
    let kind = name(&criterion);
    Grader::new(kind, criterion)
}

fn exact() -> Grader {
    by(Criterion::Exact { value: None, ignore_case: true, verbatim: false })
}

fn contains(values: &[&str]) -> Grader {
    by(Criterion::Contains { values: values.iter().map(|value| (*value).to_owned()).collect(), any: false, ignore_case: true })
}

fn test_with(suite: &Suite, script: &Script, paid_calls_max: u64) -> SelfTest {
    let here = Path::new(".");
    let material = Material::new(None, Err("there is none".into()), here, here);
    let (prepared, findings) = Prepared::new(suite, &material);
    assert!(findings.is_empty(), "{findings:?}");
    let bench = Bench::new(script, &prepared);
    wait(selftest(suite, &bench, SelfTestOptions { seed: 7, paid_calls_max }))
}

fn test(references: &[Value], graders: Vec<Grader>) -> SelfTest {
    let cases = references.iter().enumerate().map(|(at, reference)| case(&format!("c{at}"), "?", reference.clone())).collect();
    test_with(&suite(cases, graders), &Script::default(), 0)
}

fn told(test: &SelfTest) -> Vec<(Severity, &str)> {
    test.findings.iter().map(|finding| (finding.severity, finding.message.as_str())).collect()
}

#[test]
fn graders_that_tell_right_from_wrong_pass() {
    let found = test(&[json!("30 days"), json!("the blue one"), json!(["Ada", "Ada Lovelace"])], vec![exact()]);
    assert!(found.passes() && found.findings.is_empty(), "{:?}", found.findings);
    let tested = &found.graders[0];
    assert_eq!((tested.grader.as_str(), tested.kind), ("exact", "exact"));
    assert_eq!(tested.reference, Tally { passed: 4, ..Tally::default() });
    assert_eq!((tested.empty, tested.shuffled), (Tally { failed: 3, ..Tally::default() }, Tally { failed: 3, ..Tally::default() }));
    assert_eq!((found.checked(), found.not_applicable()), (10, 0));
}

#[test]
fn a_reference_that_fails_and_an_empty_answer_that_passes_stop_the_suite() {
    let wrong = test(&[json!("30 days"), json!("the blue one")], vec![exact(), contains(&["days"])]);
    assert!(!wrong.passes());
    assert_eq!(told(&wrong), [(Severity::Error, "`contains` does not pass the reference of `c1`: it does not have `days`")]);
    assert_eq!(wrong.graders[1].failing, [("c1".to_owned(), "it does not have `days`".to_owned())]);
    let negated = Grader { negate: true, ..contains(&["sorry"]) };
    let open = test(&[json!("30 days"), json!("the blue one")], vec![negated.clone()]);
    assert!(!open.passes());
    assert_eq!(told(&open)[0], (Severity::Error, "an empty answer to `c0`, `c1` passes `contains`"));
    assert_eq!(told(&open)[1].0, Severity::Warning, "no grader compares with the case: {:?}", open.findings);
    // Beside a grader that an empty answer fails, one that only forbids something is right.
    assert!(test(&[json!("30 days"), json!("the blue one")], vec![negated, exact()]).findings.is_empty());
}

#[test]
fn order_free_graders_are_only_warned_of() {
    let words = |grader: Grader| test(&[json!("first the lamp then the chair")], vec![grader]);
    assert_eq!(told(&words(by(Criterion::Rouge { value: None, n: 1, f1: false })))[0].0, Severity::Warning);
    assert!(words(exact()).findings.is_empty() && words(by(Criterion::Bleu { value: None })).findings.is_empty());
    let loose = Grader { threshold: Some(0.05), ..by(Criterion::EditSimilarity { value: None, ignore_case: false, distance_max: None, verbatim: false }) };
    let found = words(loose);
    assert_eq!((told(&found)[0].0, found.passes()), (Severity::Error, false), "{:?}", found.findings);
    // Another case's reference within the tolerance.
    let near = by(Criterion::Number { value: None, absolute: 100.0, relative: 0.0, last: true });
    assert_eq!(told(&test(&[json!("10 days"), json!("7 weeks and 21")], vec![near]))[0].0, Severity::Error);
}

#[test]
fn what_means_nothing_here_is_counted_apart() {
    let graders = vec![
        exact(),
        by(Criterion::Latency { at_most_ms: 1 }),
        by(Criterion::Cost { at_most: Nanousd(1) }),
        by(Criterion::Human { question: "?".into() }),
        by(Criterion::ToolCalls { calls: vec![json!("find")], ordered: false, exact: false, schema: false }),
        Grader { weight: 0.0, ..contains(&["nowhere"]) },
    ];
    let found = test(&[json!("30 days"), json!("the blue one")], graders);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    let none = Tally { not_applicable: 2, ..Tally::default() };
    let by_kind: Vec<_> = found.graders.iter().map(|tested| (tested.kind, tested.reference, tested.empty)).collect();
    assert_eq!(by_kind[1..4], [("latency", none, none), ("cost", none, none), ("human", none, none)]);
    assert_eq!(by_kind[4], ("tool-calls", none, Tally { failed: 2, ..Tally::default() }));
    assert_eq!(by_kind.len(), 5, "what decides nothing is not tested");
}

#[test]
fn what_a_grader_that_was_not_asked_might_catch_is_left_open() {
    let forbids = || Grader { negate: true, ..contains(&["sorry"]) };
    let references = [json!("30 days"), json!("the blue one")];
    let open = test(&references, vec![forbids(), by(Criterion::Human { question: "Is it right?".into() })]);
    assert!(open.findings.is_empty(), "{:?}", open.findings);
    assert_eq!((open.empty, open.shuffled), (Tally { not_applicable: 2, ..Tally::default() }, Tally { not_applicable: 2, ..Tally::default() }));
    // Time and cost catch no wrong answer.
    assert!(!test(&references, vec![forbids(), by(Criterion::Latency { at_most_ms: 1 })]).passes());
}

fn judge(name: &str, model: &str) -> Grader {
    let rubric = "It is right.".to_owned();
    Grader::new(name, Criterion::Judge { model: model.to_owned(), rubric, samples: 3, shows_reference: true, pairwise: false, choices: Vec::new() })
}

fn says(verdict: &str) -> Answer {
    answer(json!({"reason": "So.", "verdict": verdict}).to_string())
}

#[test]
fn a_judge_is_tested_on_one_case_with_one_sample_of_each_probe() {
    let cases = vec![case("c0", "?", Value::Null), case("c1", "?", json!(["30 days", "a month"])), case("c2", "?", "the blue one")];
    let suite = suite(cases, vec![Grader { referenced: Some(true), ..judge("strict", "j/m") }]);
    assert_eq!(paid_calls(&suite), 3);
    let free = Script::default();
    let found = test_with(&suite, &free, 0);
    assert!(free.calls().is_empty() && found.findings.is_empty() && found.calls.is_empty());
    assert_eq!(found.untested, [("strict (judge)".to_owned(), "it costs, and the test had no calls left or found faults before".to_owned())]);
    // It passes the reference, and then neither nothing nor another case's reference.
    let paid = Script::default().on("*", "", [says("pass"), says("fail"), says("fail")]);
    let found = test_with(&suite, &paid, PAID_CALLS_MAX);
    assert_eq!((paid.calls().len(), found.calls.len(), found.cost), (3, 3, Some(Nanousd(30_000))));
    assert!(found.findings.is_empty() && found.untested.is_empty(), "{:?}", found.findings);
    let tested = &found.graders[0];
    assert_eq!((tested.reference.passed, tested.empty.failed, tested.shuffled.failed), (1, 1, 1));
}

#[test]
fn a_judge_that_cannot_tell_or_says_nothing_stops_the_suite() {
    let suite = suite(vec![case("c0", "?", "30 days"), case("c1", "?", "the blue one")], vec![judge("judge", "j/m")]);
    let lenient = test_with(&suite, &Script::default().on("*", "", [says("pass")]), PAID_CALLS_MAX);
    let expected = [(Severity::Error, "an empty answer to `c0` passes `judge`"), (Severity::Error, "the reference of another case passes `judge` in `c0`")];
    assert_eq!(told(&lenient), expected);
    let harsh = test_with(&suite, &Script::default().on("*", "", [says("fail")]), PAID_CALLS_MAX);
    assert_eq!(told(&harsh), [(Severity::Error, "`judge` does not pass the reference of `c0`: So.")]);
    let prose = test_with(&suite, &Script::default().on("*", "", [answer("Well, I would say that it is fine.")]), PAID_CALLS_MAX);
    assert!(!prose.passes() && told(&prose)[0].1.starts_with("`judge` does not pass the reference of `c0`: "), "{:?}", prose.findings);
}

#[test]
fn what_costs_comes_last_and_is_bounded() {
    let references = || vec![case("c0", "?", "30 days"), case("c1", "?", "the blue one")];
    // A free grader that is wrong about the other case: nobody is paid.
    let script = Script::default().on("*", "", [says("pass")]);
    let found = test_with(&suite(references(), vec![contains(&["30 days"]), judge("judge", "j/m")]), &script, PAID_CALLS_MAX);
    assert!(!found.passes() && script.calls().is_empty(), "{:?}", found.findings);
    // Two calls do for the reference and an empty answer, and for nothing of the second judge.
    let script = Script::default().on("*", "", [says("pass"), says("fail")]);
    let found = test_with(&suite(references(), vec![judge("one", "j/m"), judge("two", "j/m")]), &script, 2);
    assert_eq!((script.calls().len(), found.calls.len()), (2, 2));
    assert_eq!(found.graders.iter().map(Tested::is_tested).collect::<Vec<_>>(), [true, true], "each was asked for the reference: {:?}", found.graders);
    let many = (0..20).map(|number| judge(&format!("judge {number}"), "j/m")).collect();
    assert_eq!(paid_calls(&suite(references(), many)), PAID_CALLS_MAX);
}

#[test]
fn embeddings_are_tested_and_what_is_not_says_why() {
    let similar = Grader { threshold: Some(0.9), ..by(Criterion::EmbeddingSimilarity { model: "e/m".into(), value: None }) };
    let graders =
        vec![similar, by(Criterion::Human { question: "?".into() }), Grader { weight: 0.0, ..judge("aside", "j/m") }, by(Criterion::Latency { at_most_ms: 1 })];
    let script = Script::default().vector("30 days", &[1.0, 0.0]).vector("the blue one", &[0.0, 1.0]).vector("", &[0.7, 0.7]);
    let found = test_with(&suite(vec![case("c0", "?", "30 days"), case("c1", "?", "the blue one")], graders), &script, PAID_CALLS_MAX);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    assert_eq!(found.tested().collect::<Vec<_>>(), ["embedding-similarity"]);
    let untested: Vec<String> = found.untested.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(untested, ["aside (judge): it decides nothing", "human: a person judges", "latency: it does not judge texts"]);
    assert!(script.calls().iter().all(|call| call.model == "e/m"), "what decides nothing is not paid for");
}

#[test]
fn a_list_is_one_value_where_the_grader_reads_it_so() {
    let same = by(Criterion::Json { value: None, at: None, subset: false });
    let rows = by(Criterion::Table { value: None, ordered: false, tolerance: 0.0 });
    let found = test(&[json!([{"a": 1}, {"a": 2}]), json!([{"b": "x"}])], vec![same, rows]);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    assert_eq!(found.graders[0].reference.passed, 2);
}

#[test]
fn where_the_right_answer_is_nothing_an_empty_one_may_pass() {
    let found = test(&[json!(""), json!("the blue one")], vec![exact()]);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    assert_eq!((found.empty.not_applicable, found.empty.failed), (1, 1));
}

#[test]
fn graders_of_some_cases_are_tested_on_those() {
    let grader = Grader { referenced: Some(true), ..by(Criterion::Regex { pattern: "^{{reference}}$".into() }) };
    let refusal = Grader { referenced: Some(false), ..by(Criterion::Refusal {}) };
    let cases = vec![case("c0", "?", "30 days"), case("c1", "?", "the blue one"), case("c2", "?", Value::Null)];
    let found = test_with(&suite(cases, vec![grader, refusal]), &Script::default(), 0);
    assert!(found.findings.is_empty(), "{:?}", found.findings);
    let tested: Vec<_> = found.graders.iter().map(|tested| (tested.kind, tested.reference.passed, tested.empty.failed)).collect();
    assert_eq!(tested, [("regex", 2, 2), ("refusal", 0, 1)]);
}

#[test]
fn the_same_seed_draws_the_same() {
    let references: Vec<Value> = (0..30).map(|at| json!(format!("answer number {at} of thirty"))).collect();
    let grader = || Grader { threshold: Some(0.3), ..by(Criterion::EditSimilarity { value: None, ignore_case: false, distance_max: None, verbatim: false }) };
    assert_eq!(test(&references, vec![grader()]), test(&references, vec![grader()]));
}
