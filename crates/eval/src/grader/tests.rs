use super::testing::{Trial, fails, grade_of, passes, suite, unscored, verdict_of, wait};
use super::*;
use crate::testing::{Folder, Script, answer, case};
use crate::{Grader, Verdict};
use jeton_context::tree::MemoryTree;
use jeton_context::{Catalogue, CatalogueOptions};
use jeton_core::Nanousd;
use proptest::prelude::*;
use serde_json::json;

fn exact(ignore_case: bool, verbatim: bool) -> Criterion {
    Criterion::Exact { value: None, ignore_case, verbatim }
}

fn contains(values: &[&str], any: bool) -> Criterion {
    Criterion::Contains { values: values.iter().map(|value| (*value).to_owned()).collect(), any, ignore_case: true }
}

#[test]
fn exact_texts() {
    passes(&exact(false, false), "30 days", " 30 days\n");
    fails(&exact(false, true), "30 days", " 30 days\n");
    fails(&exact(false, false), "30 days", "30 Days");
    passes(&exact(true, false), "Ä", "ä");
    fails(&exact(false, false), "30 days", "");
    let several = Trial::new(&exact(false, false)).reference(json!(["a", "b"]));
    assert_eq!([several.answer(&answer("b")).verdict, several.answer(&answer("c")).verdict], [Verdict::Pass, Verdict::Fail]);
    assert_eq!(verdict_of(&exact(false, false), &answer("x")), Verdict::Unscored, "without a reference there is nothing to say");
    // What a case holds is data: the reference is not read as a template.
    passes(&exact(false, false), "{{input}}", "{{input}}");
    passes(&Criterion::Exact { value: Some("so: {{reference}}".into()), ignore_case: false, verbatim: false }, "{{x}}", "so: {{x}}");
    unscored(&Criterion::Exact { value: Some("{{gone}}".into()), ignore_case: false, verbatim: false }, "", "");
}

#[test]
fn texts_within_and_beginnings() {
    passes(&contains(&["lamp", "40"], false), "", "The LAMP costs 40.");
    fails(&contains(&["lamp", "50"], false), "", "The lamp costs 40.");
    assert_eq!(grade_of(&contains(&["lamp", "50"], false), "", "The lamp").score, Some(0.5));
    passes(&contains(&["50", "40"], true), "", "40");
    fails(&contains(&["50", "60"], true), "", "40");
    passes(&contains(&[], true), "30 days", "within 30 days");
    fails(&contains(&[], true), "30 days", "");
    unscored(&contains(&["a", " "], false), "", "a");
    unscored(&contains(&[], true), "", "anything");
    let starts = |value: Option<&str>| Criterion::StartsWith { value: value.map(str::to_owned), ignore_case: true, verbatim: false };
    passes(&starts(Some("Yes")), "", " yes, it is");
    fails(&starts(Some("Yes")), "", "No");
    unscored(&starts(Some("")), "", "No");
    let verbatim = Criterion::StartsWith { value: Some("Yes".to_owned()), ignore_case: false, verbatim: true };
    passes(&verbatim, "", "Yes, it is");
    fails(&verbatim, "", " Yes, it is");
}

#[test]
fn patterns_take_no_more_time_than_the_answer_is_long() {
    let regex = |pattern: &str| Criterion::Regex { pattern: pattern.to_owned() };
    passes(&regex(r"(?i)\b30\s+days\b"), "", "in 30  DAYS.");
    assert_eq!(grade_of(&regex("days"), "", "30 days").at.as_deref(), Some("3"));
    fails(&regex("^(a+)+$"), "", &format!("{}!", "a".repeat(100_000)));
    fails(&regex("(x+x+)+y"), "", &"x".repeat(100_000));
    passes(&regex("^{{reference}}$"), "3.", "31");
    unscored(&regex("("), "", "(");
    unscored(&regex("(?=x)"), "", "x");
    unscored(&regex("(?:a{1000}){1000}"), "", "a");
}

#[test]
fn figures_of_the_answer() {
    let slow = Answer { latency_us: 1_000_001, ..answer("") };
    assert_eq!(verdict_of(&Criterion::Latency { at_most_ms: 1000 }, &slow), Verdict::Fail);
    assert_eq!(verdict_of(&Criterion::Latency { at_most_ms: 1001 }, &slow), Verdict::Pass);
    assert_eq!(verdict_of(&Criterion::Latency { at_most_ms: u64::MAX }, &slow), Verdict::Pass);
    let cost = Criterion::Cost { at_most: Nanousd(10_000) };
    assert_eq!(verdict_of(&cost, &answer("")), Verdict::Pass);
    assert_eq!(verdict_of(&cost, &Answer { cost: Some(Nanousd(10_001)), ..answer("") }), Verdict::Fail);
    assert_eq!(verdict_of(&cost, &Answer { cost: None, ..answer("") }), Verdict::Unscored);
    let length = |unit: &str, at_least, at_most| Criterion::Length { unit: unit.to_owned(), at_least, at_most };
    passes(&length("words", Some(2), Some(3)), "", "three small words");
    fails(&length("words", Some(2), None), "", "one");
    passes(&length("fields", Some(3), Some(3)), "", "a well-known – ");
    fails(&length("characters", None, Some(3)), "", "äöüß");
    passes(&length("tokens", None, Some(3)), "", "Hello, world");
    unscored(&length("pages", None, Some(3)), "", "");
    unscored(&length("words", None, None), "", "");
}

#[test]
fn refusals() {
    let check = |text: &str, finish: &str, is_refusal: bool| {
        let said = Answer { finish: Some(finish.to_owned()), ..answer(text) };
        assert_eq!(verdict_of(&Criterion::Refusal {}, &said) == Verdict::Pass, is_refusal, "{text}");
    };
    check("", "refusal", true);
    check("Half of", "content_filter", true);
    check("I cannot answer this from the context given.", "stop", true);
    check("I’m sorry, but I can’t help with that.", "stop", true);
    check("Unfortunately, I'm unable to do so.", "stop", true);
    check("As an AI language model, I cannot say.", "stop", true);
    check("", "stop", false);
    check("You can return it within 30 days.", "stop", false);
    check("Tell them: if I can't help with it, nobody can.", "stop", false);
    check(&format!("{} I can't help with that.", "Here is the whole story. ".repeat(20)), "stop", false);
}

#[test]
fn people_and_embeddings() {
    let human = Criterion::Human { question: "Is {{id}} kind?".into() };
    assert_eq!(verdict_of(&human, &answer("x")), Verdict::Unscored);
    let suite = suite(vec![case("c1", "?", "r")], vec![Grader::new("kind", human)]);
    let material = Material::new(None, Err("none".into()), std::path::Path::new("."), std::path::Path::new("."));
    let (prepared, _) = Prepared::new(&suite, &material);
    let labelled = |score: f64, passes: Option<bool>| {
        let labels = move |case: &Case, grader: &str, question: &str, answer: &Answer| {
            (case.id == "c1" && grader == "kind" && question == "Is c1 kind?" && answer.text == "x").then(|| Label {
                score,
                passes,
                why: "warm".into(),
                by: "ada".into(),
            })
        };
        let bench = Bench { models: &Script::default(), prepared: &prepared, tags: Vec::new(), labels: &labels, timeout_ms: None };
        wait(grade_all(&suite.cases[0], &answer("x"), &bench, None)).remove(0)
    };
    assert_eq!((labelled(0.7, None).verdict, labelled(0.2, None).verdict), (Verdict::Pass, Verdict::Fail));
    assert_eq!((labelled(0.7, Some(false)).verdict, labelled(f64::NAN, None).verdict), (Verdict::Fail, Verdict::Unscored));
    assert_eq!(labelled(0.7, None).why, "ada: warm");
    let bench = Bench { models: &Script::default(), prepared: &prepared, tags: Vec::new(), labels: &no_labels, timeout_ms: None };
    let waiting = wait(grade_all(&suite.cases[0], &answer("x"), &bench, None)).remove(0);
    assert_eq!(
        (waiting.verdict, waiting.raw),
        (Verdict::Unscored, Some(json!({ "kind": "human", "question": "Is c1 kind?", "input": suite.cases[0].input.digest() })))
    );
    assert_eq!(crate::label::question(&labelled(0.7, None)), Some("Is c1 kind?"), "a label keeps the question");
    let similar = Trial::new(&Criterion::EmbeddingSimilarity { value: None, model: "e/m".into() }).reference("lamp");
    let similar = similar.script(Script::default().vector("lamp", &[1.0, 0.0]).vector("light", &[0.9, 0.1]).vector("dog", &[0.0, 1.0]).vector("", &[0.0]));
    let verdicts = ["light", "dog", "unknown", "  "].map(|text| similar.answer(&answer(text)).verdict);
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Unscored, Verdict::Fail]);
    assert_eq!(similar.calls().len(), 3, "an empty answer asks no model");
}

#[test]
fn several_as_one() {
    use Verdict::{Fail, Pass, Unscored};
    let of = |values: &[&str]| -> Vec<Grader> {
        let broken = Criterion::Contains { values: vec![String::new()], any: false, ignore_case: false };
        let one = |value: &&str| if *value == "?" { broken.clone() } else { contains(&[value], false) };
        values.iter().map(|value| Grader::new(*value, one(value))).collect()
    };
    let check = |criterion: Criterion, threshold: Option<f64>, verdict: Verdict| {
        let mut trial = Trial::new(&criterion);
        trial.grader.threshold = threshold;
        let grade = trial.answer(&answer("a b c"));
        assert_eq!(grade.verdict, verdict, "{criterion:?} {threshold:?}: {}", grade.why);
    };
    check(Criterion::All { of: of(&["a", "b"]) }, None, Pass);
    check(Criterion::All { of: of(&["a", "x"]) }, None, Fail);
    check(Criterion::All { of: of(&["a", "x"]) }, Some(0.5), Pass);
    check(Criterion::All { of: of(&["a", "x", "y"]) }, Some(0.5), Fail);
    check(Criterion::All { of: of(&["a", "?"]) }, None, Unscored);
    check(Criterion::All { of: of(&["x", "?"]) }, None, Fail);
    check(Criterion::All { of: of(&["a", "b", "c", "?"]) }, Some(0.5), Unscored);
    check(Criterion::All { of: of(&["x", "y", "?"]) }, Some(0.5), Fail);
    check(Criterion::Any { of: of(&["x", "b"]) }, None, Pass);
    check(Criterion::Any { of: of(&["?", "b"]) }, None, Pass);
    check(Criterion::Any { of: of(&["x", "?"]) }, None, Unscored);
    check(Criterion::Any { of: of(&["x", "y"]) }, None, Fail);
    check(Criterion::Any { of: Vec::new() }, None, Unscored);
    check(Criterion::All { of: Vec::new() }, Some(0.1), Unscored);
    let mut free = of(&["x"]);
    free[0].weight = 0.0;
    check(Criterion::All { of: free }, None, Unscored);
}

#[test]
fn constraints_of_the_catalogue() {
    let tree = MemoryTree::new([(
        "context/rules.toml",
        "[[constraint]]\nid = \"no-promise\"\ntext = \"Promise nothing.\"\ncheck = { forbid = 'guarantee' }\n\n\
         [[constraint]]\nid = \"tone\"\ntext = \"Be kind.\"\n\n[[constraint]]\nid = \"lint\"\ntext = \"Lint.\"\ncheck = { command = [\"lint\"] }\n",
    )]);
    let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
    let graders = ["no-promise", "tone", "lint", "nobody"].map(|id| Grader::new(id, Criterion::Constraint { unit: format!("constraint:{id}") }));
    let suite = suite(vec![case("c1", "?", "r")], graders.to_vec());
    let here = std::path::Path::new(".");
    let material = Material::new(Some((&catalogue, &tree)), Err("there is no sandbox".into()), here, here);
    let (prepared, findings) = Prepared::new(&suite, &material);
    let told: Vec<(&str, String)> = findings.iter().map(|finding| (finding.code, finding.place.to_string())).collect();
    let at = "evals/suite.toml".to_owned();
    assert_eq!(told, [("bad-constraint", at.clone()), ("no-sandbox", at.clone()), ("unknown-unit", at)]);
    let script = Script::default();
    let bench = Bench::new(&script, &prepared);
    let verdicts =
        |text: &str| wait(grade_all(&suite.cases[0], &answer(text), &bench, None)).into_iter().map(|grade| (grade.verdict, grade.at)).collect::<Vec<_>>();
    use Verdict::{Fail, Pass, Unscored};
    assert_eq!(verdicts("We try."), [(Pass, None), (Unscored, None), (Unscored, None), (Unscored, None)]);
    assert_eq!(verdicts("We do.\nWe guarantee it.")[0], (Fail, Some("2:4".to_owned())));
}

#[test]
fn every_mistake_is_told_at_once() {
    let folder = Folder::new(&[("p/evals/schema.json", "{\"type\": \"nonsense\"}"), ("p/evals/ok.json", "{\"type\": \"object\"}"), ("outside.json", "{}")]);
    let project = folder.path().join("p");
    let schema = |file: &str| Criterion::JsonSchema { schema: Some(file.into()), unit: None, embedded: false };
    let sql = |value: Option<&str>, setup: &str| Criterion::Sql { value: value.map(str::to_owned), setup: setup.to_owned(), ordered: false };
    let judge = |samples: u32, choices: Vec<(String, f64)>| Criterion::Judge {
        model: "m".into(),
        rubric: "r".into(),
        samples,
        shows_reference: false,
        pairwise: false,
        choices,
    };
    let broken = [
        (Criterion::Regex { pattern: "(".into() }, "bad-pattern"),
        (Criterion::Regex { pattern: "({{reference}}".into() }, "bad-pattern"),
        (schema("schema.json"), "bad-schema"),
        (schema("gone.json"), "unreadable-file"),
        (schema("../../outside.json"), "outside-project"),
        (Criterion::JsonSchema { schema: None, unit: Some("schema:x".into()), embedded: false }, "unknown-unit"),
        (Criterion::JsonSchema { schema: None, unit: None, embedded: false }, "missing-key"),
        (sql(None, "CREATE"), "bad-sql"),
        (sql(Some("SELECT x FROM t"), "CREATE TABLE t (a)"), "bad-sql"),
        (Criterion::Program { command: vec!["judge".into()], timeout_ms: 1, files: Vec::new() }, "no-sandbox"),
        (Criterion::Quotation { sources: vec!["nowhere.md".into()], at_least: 1, min_words: 1 }, "unknown-source"),
        (Criterion::ToolCalls { calls: Vec::new(), ordered: false, exact: false, schema: true }, "no-tools"),
        (Criterion::Rouge { value: None, n: 0, f1: false }, "bad-value"),
        (Criterion::Length { unit: "words".into(), at_least: Some(3), at_most: Some(2) }, "bad-value"),
        (judge(0, Vec::new()), "bad-value"),
        (judge(1, vec![("a".into(), f64::NAN), ("b".into(), 1.0)]), "bad-value"),
        (Criterion::Any { of: vec![Grader::new("inner", Criterion::Regex { pattern: "[".into() })] }, "bad-pattern"),
        (Criterion::All { of: Vec::new() }, "bad-value"),
    ];
    let (graders, codes): (Vec<Grader>, Vec<&str>) =
        broken.into_iter().enumerate().map(|(at, (criterion, code))| (Grader::new(format!("g{at}"), criterion), code)).unzip();
    let mut case = case("c1", "?", "r");
    case.graders = vec![
        Grader { threshold: Some(0.0), ..Grader::new("own", schema("ok.json")) },
        Grader { weight: f64::NAN, ..Grader::new("heavy", Criterion::Refusal {}) },
    ];
    let suite = suite(vec![case], graders);
    let material = Material::new(None, Err("there is none".into()), &project, &project.join("evals"));
    let (prepared, findings) = Prepared::new(&suite, &material);
    let told: Vec<&str> = findings.iter().map(|finding| finding.code).collect();
    assert_eq!(told, [codes, vec!["always-passes", "bad-value"]].concat(), "{findings:#?}");
    assert!(findings.iter().all(|finding| !finding.remedy.is_empty() && !finding.place.path.is_empty()));
    assert!(findings[0].message.contains("`g0`"), "{}", findings[0].message);
    // Whatever is broken says nothing.
    let script = Script::default();
    let bench = Bench::new(&script, &prepared);
    let grades = wait(grade_all(&suite.cases[0], &answer("x"), &bench, None));
    let scored: Vec<&str> = grades.iter().filter(|grade| grade.verdict != Verdict::Unscored).map(|grade| grade.grader.as_str()).collect();
    assert_eq!(scored, ["own"]);
}

#[test]
fn all_or_nothing_has_nothing_between() {
    let values = vec!["blue".to_owned(), "green".to_owned()];
    let mut trial = Trial::new(&Criterion::Contains { values, any: false, ignore_case: false });
    assert_eq!(trial.answer(&answer("blue")).score, Some(0.5));
    trial.grader.all_or_nothing = true;
    let scores = ["blue", "green and blue"].map(|text| trial.answer(&answer(text)).score);
    assert_eq!(scores, [Some(0.0), Some(1.0)]);
    trial.grader.negate = true;
    assert_eq!(trial.answer(&answer("blue")).score, Some(1.0));
}

#[test]
fn changes_come_before_and_what_they_lack_fails() {
    let mut trial = Trial::new(&exact(false, false)).reference("blue");
    trial.grader.transform = vec![Transform::Pointer("/colour".into())];
    let grade = trial.answer(&answer("{\"colour\": \"blue\"}"));
    assert_eq!(grade.verdict, Verdict::Pass);
    assert_eq!(trial.answer(&answer("blue")).verdict, Verdict::Fail);
    assert_eq!(trial.negated().answer(&answer("blue")).verdict, Verdict::Fail, "what is not there is no proof of its absence");
}

#[test]
fn a_models_fault_is_no_verdict() {
    let trial = Trial::new(&Criterion::EmbeddingSimilarity { value: None, model: "e/m".into() }).reference("lamp");
    let grade = trial.script(Script::default()).answer(&answer("x"));
    assert_eq!(grade.verdict, Verdict::Unscored);
}

/// Grading may go from thread to thread.
#[test]
fn futures_can_be_sent() {
    fn is_send<T: Send>(_: &T) {}
    let suite = suite(vec![case("c1", "?", "r")], vec![Grader::new("e", exact(false, false))]);
    let here = std::path::Path::new(".");
    let material = Material::new(None, Err("none".into()), here, here);
    let (prepared, _) = Prepared::new(&suite, &material);
    let script = Script::default();
    let bench = Bench::new(&script, &prepared);
    let said = answer("r");
    let future = grade_all(&suite.cases[0], &said, &bench, None);
    is_send(&future);
    assert_eq!(wait(future)[0].verdict, Verdict::Pass);
}

/// Where this machine has no sandbox there is nothing to look at; CI must have one.
#[test]
fn programs_judge_in_the_sandbox() {
    let folder = Folder::new(&[("evals/words.txt", "lamp chair")]);
    let sandbox = match jeton_context::sandbox::Sandbox::open(folder.path()) {
        Ok(sandbox) => sandbox,
        Err(why) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs a sandbox: {why}");
            return;
        }
    };
    let program = |script: &str| Criterion::Program {
        command: ["sh", "-c", script, "sh"].map(str::to_owned).to_vec(),
        timeout_ms: 2000,
        files: vec!["words.txt".into()],
    };
    let scripts = [
        "grep -q '\"output\":\"lamp\"' && grep -q lamp \"$1\" && echo '{\"pass\": true, \"reason\": \"so\"}'",
        "echo '{\"score\": 0.2}'",
        "echo fine",
        "exit 1",
        "while :; do :; done",
    ];
    let graders: Vec<Grader> = scripts.iter().enumerate().map(|(at, script)| Grader::new(format!("g{at}"), program(script))).collect();
    let suite = suite(vec![case("c1", "?", "r")], graders);
    let material = Material::new(None, Ok(&sandbox), folder.path(), &folder.path().join("evals"));
    let (prepared, findings) = Prepared::new(&suite, &material);
    assert!(findings.is_empty(), "{findings:?}");
    let script = Script::default();
    let bench = Bench::new(&script, &prepared);
    let verdicts: Vec<Verdict> = wait(grade_all(&suite.cases[0], &answer("lamp"), &bench, None)).into_iter().map(|grade| grade.verdict).collect();
    use Verdict::{Fail, Pass, Unscored};
    assert_eq!(verdicts, [Pass, Fail, Unscored, Unscored, Unscored]);
}

fn any_criterion() -> impl Strategy<Value = Criterion> {
    prop_oneof![
        Just(exact(true, false)),
        Just(contains(&["a", "b"], true)),
        Just(Criterion::Regex { pattern: "[0-9]+".into() }),
        Just(Criterion::Number { value: Some(3.0), absolute: 1.0, relative: 0.0, last: false }),
        Just(Criterion::Json { value: Some(json!({"a": 1})), at: None, subset: true }),
        Just(Criterion::EditSimilarity { value: None, ignore_case: false, distance_max: None, verbatim: false }),
        Just(Criterion::Rouge { value: None, n: 1, f1: false }),
        Just(Criterion::Bleu { value: None }),
        Just(Criterion::Table { value: None, ordered: false, tolerance: 0.1 }),
        Just(Criterion::Refusal {}),
        Just(Criterion::Cost { at_most: Nanousd(1) }),
        Just(Criterion::Human { question: "?".into() }),
        Just(Criterion::Length { unit: "words".into(), at_least: Some(1), at_most: Some(4) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Negation turns pass and fail into each other and leaves alone what is unscored; scores are always within 0 and 1.
    #[test]
    fn negation_is_its_own_inverse(criterion in any_criterion(), text in "[ab1 {}\":,|\\-\\n]{0,30}", reference in "[ab1 ]{0,10}", threshold in prop::option::of(0.01..1.0_f64)) {
        let mut trial = Trial::new(&criterion).reference(reference);
        trial.grader.threshold = threshold;
        let plain = trial.answer(&answer(text.clone()));
        trial.grader.negate = true;
        let negated = trial.answer(&answer(text));
        let expected = match plain.verdict { Verdict::Pass => Verdict::Fail, Verdict::Fail => Verdict::Pass, Verdict::Unscored => Verdict::Unscored };
        prop_assert_eq!(negated.verdict, expected);
        match (plain.score, negated.score) {
            (Some(score), Some(other)) => prop_assert!((0.0..=1.0).contains(&score) && (score + other - 1.0).abs() < 1e-12),
            (score, other) => prop_assert_eq!(score, other),
        }
    }
}
