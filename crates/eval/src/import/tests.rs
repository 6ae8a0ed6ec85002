//! Files of other programs, written after their public formats.

use super::archive::tests::archive;
use super::*;
use crate::testing::Folder;
use crate::{Criterion, Grader, Input, TargetKind, Transform, Verdict, prompt, read};
use serde_json::json;

fn import_in(folder: &Folder, path: &str) -> Result<Imported, Vec<Finding>> {
    let file = folder.path().join(path);
    import(folder.path(), &file, &std::fs::read(&file).unwrap())
}

fn import_text(path: &str, text: &str) -> Result<Imported, Vec<Finding>> {
    import_in(&Folder::new(&[(path, text)]), path)
}

fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {}", finding.code, finding.place)).collect()
}

/// What is written of an import is read as the same suite.
fn check_files(imported: &Imported) {
    let files = to_files(imported);
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.to_str().unwrap(), text.as_str())).collect();
    let folder = Folder::new(&texts);
    let (suite, _) = read::read_suite(folder.path(), &folder.path().join(&files[0].0)).unwrap_or_else(|findings| panic!("{findings:#?}\n{}", files[0].1));
    assert_eq!(suite.digest, imported.suite.digest, "{}", files[0].1);
}

const CONFIG: &str = r#"# yaml-language-server: $schema=https://promptfoo.dev/config-schema.json
description: Translations
prompts:
  - "Translate into {{language}}: {{text}}"
  - file://prompts/chat.json
providers:
  - openai:chat:gpt-4o-mini
  - id: anthropic:messages:claude-x
    label: claude
    prompts: [chat]
    config: { temperature: 0, max_tokens: 64, apiKey: sk-secret }
defaultTest:
  vars: { style: plain }
  assert:
    - type: not-contains
      value: "As an AI"
assertionTemplates:
  polite: { type: icontains, value: please }
tests:
  - description: greeting
    vars:
      language: [French, German]
      text: "Hello {{name}}"
      name: world
    assert:
      - $ref: '#/assertionTemplates/polite'
        weight: 2
      - { type: equals, value: "Bonjour", metric: Word }
      - { type: equals, value: { a: 1 } }
      - { type: regex, value: '^\w+$', transform: output.trim() }
  - file://tests.csv
evaluateOptions: { maxConcurrency: 3, repeat: 2 }
outputPath: out.json
"#;
const CHAT: &str = r#"[{"role": "system", "content": "Be {{style}}."}, {"role": "user", "content": "{{text}} in {{language}}"}]"#;
const TESTS: &str = "language,text,__expected,__description,__metadata:kind\nSpanish,Cheese,\"icontains-any: queso, \"\"q, r\"\"\",cheese,food\n";

fn config() -> Folder {
    Folder::new(&[("pf/promptfooconfig.yaml", CONFIG), ("pf/prompts/chat.json", CHAT), ("pf/tests.csv", TESTS)])
}

#[test]
fn a_configuration_of_promptfoo() {
    let folder = config();
    let imported = import_in(&folder, "pf/promptfooconfig.yaml").unwrap();
    assert_eq!((imported.format, codes(&imported.findings)), ("promptfoo", vec!["import-differs pf/promptfooconfig.yaml:8".to_owned()]));
    let suite = &imported.suite;
    assert_eq!((suite.name.as_str(), suite.concurrency, suite.repeats, suite.description.as_str()), ("promptfooconfig", 3, 2, "Translations"));
    let targets: Vec<(&str, Option<&str>)> = suite.targets.iter().map(|target| (target.name.as_str(), target.prompt.as_deref())).collect();
    let expected = [("openai:chat:gpt-4o-mini+prompt-1", "prompt-1"), ("openai:chat:gpt-4o-mini+chat", "chat"), ("claude+chat", "chat")];
    assert_eq!(targets, expected.map(|(name, prompt)| (name, Some(prompt))));
    assert_eq!(suite.targets[2].kind, TargetKind::Model { model: "anthropic/claude-x".to_owned(), pack: None, oracle: false });
    assert_eq!(suite.targets[2].params, json!({"temperature": 0, "max_tokens": 64}).as_object().unwrap().clone());
    let ids: Vec<(&str, &str)> = suite.cases.iter().map(|case| (case.id.as_str(), case.cluster.as_str())).collect();
    assert_eq!(ids, [("greeting", "test-1"), ("greeting #2", "test-1"), ("cheese", "test-2")]);
    assert_eq!((&suite.cases[0].vars["text"], &suite.cases[0].input), (&json!("Hello world"), &Input::Text("Hello world".to_owned())));
    assert_eq!((suite.cases[2].tags.as_slice(), suite.cases[2].place.to_string()), (&["kind=food".to_owned()][..], "pf/tests.csv:2".to_owned()));
    let sent = |target: usize, case: usize| {
        let turns = prompt::turns(suite, &suite.targets[target], &suite.cases[case]).unwrap();
        turns.into_iter().map(|turn| turn.content).collect::<Vec<_>>()
    };
    assert_eq!(sent(0, 1), ["Translate into German: Hello world"]);
    assert_eq!(sent(2, 2), ["Be plain.", "Cheese in Spanish"]);
    check_files(&imported);
    // Run directly, it is the same suite.
    let (direct, _) = read::read_suite(folder.path(), &folder.path().join("pf/promptfooconfig.yaml")).unwrap();
    assert_eq!(direct.digest, suite.digest);
}

#[test]
fn assertions_keep_their_weights_and_names() {
    let imported = import_in(&config(), "pf/promptfooconfig.yaml").unwrap();
    let contains = |value: &str, ignore_case| Criterion::Contains { values: vec![value.to_owned()], any: false, ignore_case };
    assert_eq!(imported.suite.graders, [Grader { negate: true, ..Grader::new("not-contains", contains("As an AI", false)) }]);
    let case = &imported.suite.cases[0];
    let exact = Criterion::Exact { value: Some("Bonjour".to_owned()), ignore_case: false, verbatim: true };
    let expected = [
        Grader { weight: 2.0, ..Grader::new("icontains", contains("please", true)) },
        Grader::new("Word", exact),
        Grader::new("equals", Criterion::Json { value: Some(json!({"a": 1})), at: None, subset: false }),
        Grader { transform: vec![Transform::Trim], ..Grader::new("regex", Criterion::Regex { pattern: "^[A-Za-z0-9_]+$".to_owned() }) },
    ];
    assert_eq!(case.graders, expected);
    let any = Criterion::Contains { values: vec!["queso".to_owned(), "q, r".to_owned()], any: true, ignore_case: true };
    assert_eq!(imported.suite.cases[2].graders[0].criterion, any);
}

/// The graders of one test with these assertions, and the findings.
fn asserted(asserts: &str) -> (Vec<Grader>, Vec<Finding>) {
    let text = format!("prompts: ['{{{{q}}}}']\nproviders: [openai:gpt-4o]\ntests:\n  - vars: {{q: x}}\n    assert:\n{asserts}");
    let imported = import_text("promptfooconfig.yaml", &text).unwrap_or_else(|findings| panic!("{asserts}: {findings:#?}"));
    check_files(&imported);
    (imported.suite.cases[0].graders.clone(), imported.findings)
}

#[test]
fn the_vocabulary_of_assertions() {
    let one = |assertion: &str, criterion: Criterion, threshold: Option<f64>| {
        let (graders, _) = asserted(&format!("      - {{{assertion}}}\n"));
        assert_eq!((&graders[0].criterion, graders[0].threshold), (&criterion, threshold), "{assertion}");
    };
    let exact = |value: &str| Criterion::Exact { value: Some(value.to_owned()), ignore_case: false, verbatim: true };
    one("type: equals, value: 4.0", exact("4"), None);
    one("type: equals, value: true", exact("true"), None);
    one("type: starts-with, value: a", Criterion::StartsWith { value: Some("a".to_owned()), ignore_case: false, verbatim: true }, None);
    let values = vec!["a".to_owned(), "b, c".to_owned()];
    one("type: contains-all, value: 'a, \"b, c\"'", Criterion::Contains { values: values.clone(), any: false, ignore_case: false }, None);
    one("type: contains-any, value: [a, 'b, c']", Criterion::Contains { values, any: true, ignore_case: false }, None);
    let (graders, _) = asserted("      - {type: is-json}\n      - {type: contains-json}\n      - {type: is-refusal}\n");
    assert!(matches!(&graders[0].criterion, Criterion::All { of } if of.len() == 2 && of[1].negate), "JSON, and no fence: {graders:?}");
    assert!(matches!(&graders[1].criterion, Criterion::JsonSchema { schema: Some(schema), embedded: true, .. } if schema["type"].is_array()));
    assert!(matches!(&graders[2].criterion, Criterion::Any { of } if of.len() == 2), "silence is a refusal: {graders:?}");
    one("type: contains-json, value: 'type: object'", Criterion::JsonSchema { schema: Some(json!({"type": "object"})), unit: None, embedded: true }, None);
    let edit = |distance_max| Criterion::EditSimilarity { value: Some("a".to_owned()), ignore_case: false, distance_max, verbatim: true };
    one("type: levenshtein, value: a", edit(Some(5)), None);
    one("type: levenshtein, value: a, threshold: 2", edit(Some(2)), None);
    let embedding = Criterion::EmbeddingSimilarity { value: Some("a".to_owned()), model: "openai/text-embedding-3-large".to_owned() };
    one("type: similar, value: a", embedding, Some(0.75));
    one("type: rouge-n, value: a, threshold: 0.5", Criterion::Rouge { value: Some("a".to_owned()), n: 1, f1: true }, Some(0.5));
    one("type: bleu, value: a", Criterion::Bleu { value: Some("a".to_owned()) }, Some(0.5));
    one("type: latency, threshold: 500", Criterion::Latency { at_most_ms: 500 }, None);
    one("type: cost, threshold: 0.002", Criterion::Cost { at_most: jeton_core::Nanousd(2_000_000) }, None);
    one("type: word-count, value: {min: 2, max: 5}", Criterion::Length { unit: "fields".to_owned(), at_least: Some(2), at_most: Some(5) }, None);
    let tools = |calls: Value, ordered, exact, schema| Criterion::ToolCalls { calls: calls.as_array().unwrap().clone(), ordered, exact, schema };
    one("type: is-valid-openai-tools-call", tools(json!([]), false, false, true), None);
    one("type: tool-call-f1, value: [a], threshold: 0.5", tools(json!([{"name": "a"}]), false, true, false), Some(0.5));
    one("type: tool-call-f1, value: [a, b]", tools(json!([{"name": "a"}, {"name": "b"}]), false, true, false), None);
    one("type: 'trajectory:tool-sequence', value: {mode: exact, steps: [a]}", tools(json!([{"name": "a"}]), true, true, false), None);
    let (graders, _) = asserted("      - {type: 'not-trajectory:tool-used', value: [a, b]}\n");
    assert!(graders[0].negate && matches!(&graders[0].criterion, Criterion::Any { of } if of.len() == 2), "none of them");
    let (graders, _) =
        asserted("      - {type: llm-rubric, value: kind, threshold: 0.8, provider: 'anthropic:messages:x'}\n      - {type: llm-rubric, value: brief}\n");
    assert!(matches!(&graders[0].criterion, Criterion::Judge { model, rubric, .. } if model == "anthropic/x" && rubric == "kind"));
    assert_eq!(graders.iter().map(|grader| grader.name.as_str()).collect::<Vec<_>>(), ["llm-rubric", "llm-rubric-2"]);
}

#[test]
fn what_is_not_read_leaves_the_case_unscored() {
    for assertion in [
        "type: javascript, value: 'output.length > 3'",
        "type: python, value: 'file://check.py'",
        "type: not-moderation",
        "type: contain, value: x",
        "type: regex, value: '(?=x)'",
        "type: contains",
        "type: contains, value: x, transform: 'output.split(1)'",
        "type: is-json, value: 'type: strin'",
        "type: latency",
        "type: equals, value: 'file://../../secret.txt'",
    ] {
        let (graders, findings) = asserted(&format!("      - {{{assertion}}}\n"));
        assert!(matches!(&graders[0].criterion, Criterion::Human { .. }), "{assertion}: {graders:?}");
        let skipped: Vec<&Finding> = findings.iter().filter(|finding| finding.code == "import-skipped").collect();
        assert!(skipped.iter().any(|finding| finding.place.first_line == 6 && !finding.remedy.is_empty()), "{assertion}: {findings:?}");
    }
}

#[test]
fn thresholds_put_the_assertions_of_a_test_together() {
    let text = "prompts: 'Say {{q}}'\nproviders: echo\ndefaultTest: {assert: [{type: contains, value: a}]}\ntests:\n  - {vars: {q: x}, threshold: 0.5, assert: [{type: icontains, value: b, weight: 3}]}\n  - {vars: {q: y}, options: {disableDefaultAsserts: true}, assert: [{type: assert-set, threshold: 0.5, weight: 0, metric: set, assert: [{type: is-refusal}, {type: contains, value: c}]}]}\n  - {vars: {q: z}, threshold: 0}\n";
    let imported = import_text("promptfooconfig.yaml", text).unwrap();
    assert_eq!(imported.suite.graders, []);
    let names = |of: &[Grader]| of.iter().map(|grader| grader.name.clone()).collect::<Vec<_>>();
    let all = |case: usize| match imported.suite.cases[case].graders.as_slice() {
        [Grader { name, threshold, weight, criterion: Criterion::All { of }, .. }] => (name.clone(), *threshold, weight.to_string(), names(of)),
        other => panic!("{other:?}"),
    };
    assert_eq!(all(0), ("score".to_owned(), Some(0.5), "1".to_owned(), vec!["contains".to_owned(), "icontains".to_owned()]));
    assert_eq!(all(1), ("set".to_owned(), Some(0.5), "0".to_owned(), vec!["is-refusal".to_owned(), "contains".to_owned()]));
    assert_eq!(all(2), ("score".to_owned(), Some(0.0), "1".to_owned(), vec!["contains".to_owned()]));
    assert_eq!(codes(&imported.findings)[0], "no-graders promptfooconfig.yaml");
    check_files(&imported);
}

#[test]
fn scenarios_files_and_affixes() {
    let config = "prompts: [prompts.txt]\nproviders: [{id: 'https://api.example/chat', config: {transformResponse: 'json.out[0]'}}]\nscenarios:\n  - config: [{vars: {lang: fr}, assert: [{type: contains, value: f}]}, {vars: {lang: de}}]\n    tests: [{vars: {q: 'file://q/*.txt'}, assert: [{type: contains, value: '{{lang}}'}], options: {prefix: 'Hm. '}}]\ntests: [{vars: {q: 'file://../outside.txt', lang: en}, provider: x}]\n";
    let files =
        [("e/promptfooconfig.yaml", config), ("e/prompts.txt", "A {{q}}\n---\nB {{q}} {{gone}}\n"), ("e/q/1.txt", "one\n"), ("e/q/2.txt", "two {{lang}}")];
    let imported = import_in(&Folder::new(&files), "e/promptfooconfig.yaml").unwrap();
    let suite = &imported.suite;
    let cases: Vec<(&str, &str, usize)> =
        suite.cases.iter().map(|case| (case.vars["lang"].as_str().unwrap(), case.vars["q"].as_str().unwrap(), case.graders.len())).collect();
    assert_eq!(cases, [("en", "", 0), ("fr", "one", 2), ("fr", "two fr", 2), ("de", "one", 1), ("de", "two de", 1)]);
    assert_eq!(suite.targets[0].kind, TargetKind::Http { url: "https://api.example/chat".to_owned(), at: Some("/out/0".to_owned()) });
    let turns = prompt::turns(suite, &suite.targets[1], &suite.cases[1]).unwrap();
    assert_eq!(turns[0].content, "Hm. B one ");
    let codes = codes(&imported.findings);
    for code in ["no-graders e/promptfooconfig.yaml", "import-differs e/promptfooconfig.yaml", "import-skipped e/promptfooconfig.yaml:6"] {
        assert!(codes.iter().any(|found| found == code), "{code} in {codes:?}");
    }
    check_files(&imported);
}

#[test]
fn rows_of_data() {
    let check = |path: &str, text: &str, format: &str, kinds: &[&str], recorded: usize| {
        let imported = import_text(path, text).unwrap_or_else(|findings| panic!("{findings:#?}"));
        let names: Vec<&str> = imported.suite.graders.iter().chain(&imported.suite.cases[0].graders).map(|grader| grader.name.as_str()).collect();
        assert_eq!((imported.format, names.as_slice(), imported.recordings.len()), (format, kinds, recorded), "{text}");
        check_files(&imported);
        imported
    };
    check("d.jsonl", "{\"input\": \"2+2?\", \"ideal\": [\"4\", \"four\"], \"completion\": \"It is 4\"}\n", "OpenAI evals", &["contains"], 1);
    check("d.json", "[{\"input\": \"2+2?\", \"target\": \"4\", \"id\": 7}]", "Inspect", &["contains"], 0);
    check("d.csv", "input,target,unit\n2+2?,4,m\n", "Inspect", &["contains"], 0);
    check("d.jsonl", "{\"item\": {\"q\": \"2+2?\", \"ideal\": \"4\"}, \"sample\": {\"output_text\": \"4\"}}\n", "OpenAI hosted evals", &["contains"], 1);
    check("d.jsonl", "{\"question\": \"Where?\", \"answer\": {\"city\": \"Rome\"}}\n", "question and answers", &["contains"], 0);
    check("d.jsonl", "{\"input\": \"q\", \"reference\": {\"a\": 1}}\n", "Jeton", &["json"], 0);
    check("d.csv", "q,__expected\nx,contains:a\n", "promptfoo tests", &["contains"], 0);
    check(
        "d.jsonl",
        "{\"vars\": {\"q\": \"x\"}, \"assert\": [{\"type\": \"contains\", \"value\": \"a\"}], \"providerOutput\": \"a\"}\n",
        "promptfoo tests",
        &["contains"],
        1,
    );
    let choices = check("d.jsonl", "{\"input\": \"2+2?\", \"target\": \"B\", \"choices\": [\"3\", \"4\"]}\n", "Inspect", &["exact"], 0);
    assert_eq!(choices.suite.cases[0].vars["lettered"], "A) 3\nB) 4");
}

fn sample(id: &Value, epoch: u32, text: &str, score: &str) -> Value {
    json!({
        "id": id, "epoch": epoch, "input": [{"role": "user", "content": "Capital?"}], "target": ["Rome"], "metadata": {"k": 1},
        "output": {"model": "m/x", "choices": [{"message": {"role": "assistant", "content": [{"type": "text", "text": text}]}, "stop_reason": "max_tokens"}], "usage": {"input_tokens": 3, "output_tokens": 4}, "time": 1.5},
        "scores": {"includes": {"value": score, "explanation": "e"}, "judge": {"value": {"a": 1}}},
    })
}

fn header() -> Value {
    json!({"version": 2, "status": "success", "eval": {"task": "my/task", "model": "m/x", "scorers": [{"name": "inspect_ai/includes", "options": {"ignore_case": false}}, {"name": "f1"}]}})
}

#[test]
fn logs_of_inspect() {
    let samples = [sample(&json!("a"), 1, "Rome", "C"), sample(&json!("a"), 2, "No", "I"), sample(&json!(2), 1, "Rom", "P")];
    let texts: Vec<String> = samples.iter().map(Value::to_string).collect();
    let members = [
        ("header.json", header().to_string(), 93),
        ("samples/a_epoch_1.json", texts[0].clone(), 93),
        ("samples/a_epoch_2.json", texts[1].clone(), 8),
        ("samples/2_epoch_1.json", texts[2].clone(), 0),
    ];
    let members: Vec<(&str, &[u8], u16)> = members.iter().map(|(name, text, method)| (*name, text.as_bytes(), *method)).collect();
    let mut whole = header();
    whole["samples"] = samples.to_vec().into();
    let folder = Folder::new(&[("logs/run.eval", archive(&members)), ("logs/run.json", whole.to_string().into_bytes())]);
    for path in ["logs/run.eval", "logs/run.json"] {
        let imported = import_in(&folder, path).unwrap();
        assert_eq!(
            (imported.suite.name.as_str(), imported.suite.cases.len(), imported.suite.repeats, imported.format),
            ("my-task", 2, 2, "Inspect log"),
            "{path}"
        );
        assert_eq!(imported.suite.graders[0].criterion, Criterion::Contains { values: vec![], any: true, ignore_case: false });
        assert_eq!(codes(&imported.findings), [format!("import-skipped {path}")], "the scorer f1");
        let recorded: Vec<(&str, u32, &str)> =
            imported.recordings.iter().map(|recording| (recording.case.as_str(), recording.repeat, recording.answer.text.as_str())).collect();
        assert_eq!(recorded, [("a", 0, "Rome"), ("a", 1, "No"), ("2", 0, "Rom")]);
        let last = &imported.recordings[2];
        assert_eq!((last.answer.finish.as_deref(), last.answer.latency_us, last.answer.tokens_in), (Some("length"), 1_500_000, Some(3)));
        let scores: Vec<(Verdict, Option<f64>)> = last.scores.iter().map(|grade| (grade.verdict, grade.score)).collect();
        assert_eq!(scores, [(Verdict::Fail, Some(0.5)), (Verdict::Unscored, None)]);
        check_files(&imported);
    }
}

#[test]
fn criteria_of_openai() {
    let definition = json!({
        "name": "Tickets",
        "data_source": {"source": {"type": "file_content", "content": [{"item": {"text": "Broken", "label": "Hardware"}}]}},
        "testing_criteria": [
            {"type": "string_check", "name": "Match", "input": "{{ sample.output_text }}", "reference": "{{ item.label }}", "operation": "eq"},
            {"type": "string_check", "name": "Not", "input": "{{sample.output_text}}", "reference": "sorry", "operation": "ilike"},
            {"type": "text_similarity", "name": "Near", "input": "{{sample.output_text}}", "reference": "{{item.label}}", "evaluation_metric": "rouge_2", "pass_threshold": 0.4},
            {"type": "label_model", "name": "Tone", "model": "gpt-4o", "labels": ["good", "bad"], "passing_labels": ["good"], "input": [{"role": "user", "content": "Judge {{sample.output_text}}"}]},
            {"type": "score_model", "name": "Score", "model": "gpt-4o", "range": [1, 5], "pass_threshold": 4, "input": [{"role": "user", "content": "Rate"}]},
            {"type": "python", "name": "Py", "source": "def grade(): ..."},
            {"type": "multi", "name": "Both", "graders": {}, "calculate_output": "a + b"},
        ],
    });
    let imported = import_text("eval.json", &definition.to_string()).unwrap();
    let graders = &imported.suite.graders;
    assert_eq!(graders[0].criterion, Criterion::Exact { value: Some("{{ item.label }}".to_owned()), ignore_case: false, verbatim: true });
    assert_eq!(graders[1].criterion, Criterion::Contains { values: vec!["sorry".to_owned()], any: false, ignore_case: true });
    assert_eq!((&graders[2].criterion, graders[2].threshold), (&Criterion::Rouge { value: Some("{{item.label}}".to_owned()), n: 2, f1: false }, Some(0.4)));
    assert!(matches!(&graders[3].criterion, Criterion::Judge { choices, .. } if choices == &[("good".to_owned(), 1.0), ("bad".to_owned(), 0.0)]));
    assert_eq!(graders[4].threshold, Some(0.75));
    assert!(graders[5..].iter().all(|grader| matches!(grader.criterion, Criterion::Human { .. })));
    assert_eq!(imported.findings.iter().filter(|finding| finding.code == "import-skipped").count(), 2);
    check_files(&imported);
}

#[test]
fn broken_files_are_told() {
    let check = |path: &str, text: &str, expected: &[&str]| {
        let findings = import_text(path, text).unwrap_err();
        assert_eq!(codes(&findings), expected, "{text}");
    };
    check("a.bin", "x", &["import-unknown a.bin"]);
    check("a.yaml", "x: 1\n", &["import-unknown a.yaml"]);
    check("a.yaml", "x: [", &["unreadable-yaml a.yaml:2"]);
    check("a.jsonl", "{\"input\": \"q\", \"target\": 1}\n{\n", &["rows-guessed a.jsonl", "unreadable-json a.jsonl:2"]);
    check("a.jsonl", "", &["no-cases a.jsonl"]);
    check("a.csv", "q,__expected\n\"x,contains:a\n", &["unreadable-csv a.csv:2", "unreadable-csv a.csv:2"]);
    check("a.csv", "q,__expected\nx\n", &["unreadable-csv a.csv:2"]);
    check("a.eval", "PK\u{3}\u{4}", &["bad-archive a.eval"]);
    check("a.json", "{\"eval\": {}, \"samples\": []}", &["no-cases a.json"]);
    check("a.json", "{\"testing_criteria\": []}", &["no-cases a.json:1"]);
    let header = header().to_string();
    let broken = Folder::new(&[("a.eval", archive(&[("header.json", header.as_bytes(), 93), ("samples/a.json", b"{", 8)]))]);
    assert_eq!(codes(&import_in(&broken, "a.eval").unwrap_err())[0], "bad-archive a.eval");
    let latin = Folder::new(&[("a.jsonl", b"{\"input\": \"\xe9\"}")]);
    assert_eq!(codes(&import_in(&latin, "a.jsonl").unwrap_err()), ["unreadable-file a.jsonl"]);
}
