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
    wait(selftest_with(suite, &bench, SelfTestOptions { seed: 7, paid_calls_max }))
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

#[test]
fn paid_graders_are_asked_only_so_far() {
    let judge =
        Criterion::Judge { model: "j/m".into(), rubric: "It is right.".into(), samples: 2, shows_reference: true, pairwise: false, choices: Vec::new() };
    let cases = vec![case("c0", "?", "30 days"), case("c1", "?", "the blue one")];
    let suite = suite(cases, vec![by(judge)]);
    let script = || Script::default().on("*", "", [answer(json!({"reason": "So.", "verdict": "pass"}).to_string())]);
    let free = script();
    let found = test_with(&suite, &free, 0);
    assert!(free.calls().is_empty() && found.findings.is_empty() && found.calls.is_empty());
    assert_eq!((found.empty.not_applicable, found.graders[0].reference.not_applicable), (2, 2));
    let paid = script();
    let found = test_with(&suite, &paid, 5);
    assert_eq!((paid.calls().len(), found.calls.len(), found.cost), (4, 4, Some(Nanousd(40_000))));
    // The judge passes an empty answer.
    assert_eq!(told(&found), [(Severity::Error, "an empty answer to `c0` passes `judge`")]);
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
