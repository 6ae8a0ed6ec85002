//! Suites as people write them, and as they should not.

use super::*;
use crate::testing::Folder;
use crate::{Input, Role, TargetKind, Turn, prompt};
use serde_json::json;

const CONTEXT: &str = "[[constraint]]\nid = \"no-promise\"\ntext = \"Promise nothing.\"\ncheck = { forbid = \"we promise\" }\nclasses = [\"support.*\"]\n\n[[constraint]]\nid = \"other\"\ntext = \"Shout not.\"\ncheck = { forbid = \"!!\" }\nclasses = [\"sales\"]\n";
const EXAMPLES: &str = "[[example]]\nid = \"late\"\nclasses = [\"support.refund\"]\ninput = \"40 days?\"\noutput = { decision = \"no\" }\n\n[[example]]\nid = \"wrong\"\nclasses = [\"support.refund\"]\ninput = \"40 days?\"\noutput = \"Yes\"\ncounterexample = true\n";

fn project(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    folder.put("context/refunds.md", b"# Refunds\n\nThirty days.\n");
    folder.put("context/tea.md", b"# Tea\n\nHalf.\n");
    folder.put("context/rules.toml", CONTEXT.as_bytes());
    folder.put("context/examples.toml", EXAMPLES.as_bytes());
    folder
}

fn read_toml(text: &str, others: &[(&str, &str)]) -> Result<(Suite, Vec<Finding>), Vec<Finding>> {
    let folder = project(others);
    folder.put("evals/refunds.toml", text.as_bytes());
    read_suite(folder.path(), &folder.path().join("evals/refunds.toml"))
}

/// The findings of a suite as `code path:line`.
fn found(text: &str, others: &[(&str, &str)]) -> Vec<String> {
    let findings = read_toml(text, others).map_or_else(|findings| findings, |(_, findings)| findings);
    findings.iter().map(|finding| format!("{} {}", finding.code, finding.place)).collect()
}

fn check(text: &str, others: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(found(text, others), expected, "{text}");
}

const WHOLE: &str = r#"
name = "refunds"
description = "What the desk says."
class = "support.refund"
seed = 7
repeats = 3
concurrency = 4
errors_max = 0.05
timeout_ms = 30000
cases = ["rows.jsonl", "more.csv"]
cases_from_examples = "support.*"
constraints = true

[vars]
shop = "Tannin"

[[case]]
id = "inline"
dialogue = ["Hello", "And {{tea}}?"]
reference = ["half", "50 %"]
needs = "doc:context/tea.md"
weight = 2
vars = { shop = "Spout" }
[[case.grade]]
kind = "judge"
model = "acme/judge"
rubric = "Is it {{reference}} at {{shop}}?"
choices = { yes = 1, partly = 0.5 }

[[grade]]
kind = "contains"
[[grade]]
kind = "contains"
values = ["{{shop}}"]
weight = 0

[prompts]
short = "At {{shop}}: {{input}}"
[prompts.chat]
system = "You serve {{shop}}."
before = [{ role = "user", content = "hi" }, { role = "assistant", content = "hello" }]

[matrix]
model = ["acme/a", "acme/b"]
pack = ["none", "refund"]
prompt = ["short"]

[watch]
every_minutes = 60
sample = 0.01
"#;
const ROWS: &str = "{\"id\": \"r1\", \"input\": \"How long?\", \"reference\": \"30 days\", \"needs\": [\"doc:context/refunds.md\"], \"tags\": [\"plain\"]}\n\n{\"messages\": [{\"role\": \"system\", \"content\": \"s\"}, {\"role\": \"user\", \"content\": \"Why?\"}], \"reference\": \"law\", \"cluster\": \"c\"}\n";
const CSV: &str = "id,input,reference,needs,tags,weight,customer\nc1,\"Really,\nlong?\",30,doc:context/refunds.md;doc:context/tea.md,a b,0.5,Ann\n";

#[test]
fn a_suite_with_everything() {
    let (suite, findings) = read_toml(WHOLE, &[("evals/rows.jsonl", ROWS), ("evals/more.csv", CSV)]).unwrap();
    assert_eq!(findings, []);
    assert_eq!((suite.seed, suite.repeats, suite.concurrency, suite.errors_max, suite.timeout_ms), (7, 3, 4, 0.05, Some(30_000)));
    let cases: Vec<(&str, String)> = suite.cases.iter().map(|case| (case.id.as_str(), case.place.to_string())).collect();
    let expected = [("r1", "evals/rows.jsonl:1"), ("case-2", "evals/rows.jsonl:3"), ("c1", "evals/more.csv:2-3"), ("inline", "evals/refunds.toml:17")];
    assert_eq!(cases[..4], expected.map(|(id, place)| (id, place.to_owned())));
    assert_eq!((cases[4].0, &suite.cases[4].reference), ("example:late", &Some(json!({"decision": "no"}))));
    assert_eq!(suite.cases.len(), 5, "a counterexample is no case");
    let [.., csv, inline, _] = suite.cases.as_slice() else { panic!("five cases") };
    assert_eq!((csv.weight, csv.tags.len(), csv.needs.len(), &csv.vars), (0.5, 2, 2, json!({"customer": "Ann", "shop": "Tannin"}).as_object().unwrap()));
    assert_eq!((inline.vars["shop"].as_str(), inline.references()), (Some("Spout"), vec!["half".to_owned(), "50 %".to_owned()]));
    let names = |graders: &[Grader]| graders.iter().map(|grader| grader.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&suite.graders), ["contains", "contains-2", "constraint:no-promise"]);
    assert_eq!(names(&inline.graders), ["judge"]);
    let targets: Vec<&str> = suite.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(targets, ["acme/a+none+short", "acme/a+refund+short", "acme/b+none+short", "acme/b+refund+short"]);
    assert!(matches!(&suite.targets[0].kind, TargetKind::Model { pack: None, .. }));
    assert_eq!(suite.watch.as_ref().map(|watch| (watch.every_minutes, watch.silent_minutes)), Some((Some(60), 60)));
}

#[test]
fn what_is_sent() {
    let (mut suite, _) = read_toml(WHOLE, &[("evals/rows.jsonl", ROWS), ("evals/more.csv", CSV)]).unwrap();
    let short = suite.targets[0].clone();
    suite.targets[0].prompt = Some("chat".to_owned());
    let texts = |turns: &[Turn]| turns.iter().map(|turn| turn.content.clone()).collect::<Vec<_>>();
    let sent = |target, case: usize| texts(&prompt::turns(&suite, target, &suite.cases[case]).unwrap());
    assert_eq!(sent(&short, 0), ["At Tannin: How long?"]);
    assert_eq!(sent(&short, 1), ["s", "At Tannin: Why?"]);
    assert_eq!(sent(&suite.targets[0], 1), ["You serve Tannin.", "hi", "hello", "s", "Why?"]);
    // What a case asks is data: braces in it stay.
    assert_eq!(sent(&short, 3), ["At Spout: Hello"]);
    let next = |nth| prompt::next(&suite, &short, &suite.cases[3], nth).unwrap().map(|turn| turn.content);
    assert_eq!([next(1), next(2)], [Some("At Spout: And {{tea}}?".to_owned()), None]);
    let unknown = crate::Target { prompt: Some("gone".to_owned()), ..short };
    assert_eq!(prompt::turns(&suite, &unknown, &suite.cases[0]), Err("the suite has no prompt `gone`".to_owned()));
}

#[test]
fn yaml_is_the_same() {
    let folder = project(&[]);
    folder.put(
        "evals/a.yaml",
        b"class: support.refund\ncase:\n  - id: x\n    input: 'q'\n    reference: a\ngrade:\n  - {kind: exact, ignore_case: true}\ntarget: [{model: acme/a}]\n",
    );
    folder.put("evals/b.toml", b"class = \"support.refund\"\ntarget = [{ model = \"acme/a\" }]\n[[grade]]\nignore_case = true\nkind = \"exact\"\n[[case]]\nreference = \"a\"\ninput = \"q\"\nid = \"x\"\n");
    folder.put("evals/notes.md", b"");
    assert_eq!(discover(folder.path()), ["evals/a.yaml", "evals/b.toml"].map(|path| folder.path().join(path)));
    let digests = discover(folder.path()).iter().map(|file| read_suite(folder.path(), file).unwrap().0.digest).collect::<Vec<_>>();
    assert_eq!(digests[0], digests[1]);
    folder.put("evals/b.toml", b"class = \"support.refund\"\n[[grade]]\nkind = \"exact\"\n[[case]]\nreference = \"a\"\ninput = \"q\"\nid = \"x\"\n");
    assert_ne!(read_suite(folder.path(), &folder.path().join("evals/b.toml")).unwrap().0.digest, digests[0]);
}

const CASE: &str = "[[case]]\ninput = \"q\"\nreference = \"a\"\n[[grade]]\nkind = \"exact\"\n[[target]]\nmodel = \"acme/a\"\n";

/// `CASE` with lines before it.
fn with(head: &str) -> String {
    format!("{head}\n{CASE}")
}

#[test]
fn mistakes_of_the_suite() {
    check("", &[], &["no-cases evals/refunds.toml", "no-targets evals/refunds.toml:1"]);
    check(&with("repeats = 0"), &[], &["bad-value evals/refunds.toml:1"]);
    check(
        &with("repeats = 'x'\nseed = -1\nerrors_max = 2\nclass = 'a b'"),
        &[],
        &["wrong-type evals/refunds.toml:1", "bad-value evals/refunds.toml:2", "bad-value evals/refunds.toml:3", "bad-value evals/refunds.toml:4"],
    );
    check(&with("concurency = 3"), &[], &["unknown-key evals/refunds.toml:1"]);
    check("a = ", &[], &["unreadable-toml evals/refunds.toml:1"]);
    check(&with("matrix = { model = 'acme/b' }"), &[], &["matrix-and-targets evals/refunds.toml:1"]);
    check(
        &with("cases = ['gone.jsonl', '../../x.jsonl', 'x.parquet']"),
        &[("evals/x.parquet", "")],
        &["unreadable-file evals/refunds.toml:1", "outside-project evals/refunds.toml:1", "unreadable-file evals/x.parquet"],
    );
    check(&with("constraints = true\ncases_from_examples = 'suport.*'"), &[], &["no-constraints evals/refunds.toml:1", "unknown-unit evals/refunds.toml:2"]);
    check(
        &with("watch = { sample = 2, every_minutes = 0, x = 1 }"),
        &[],
        &["unknown-key evals/refunds.toml:1", "bad-value evals/refunds.toml:1", "bad-value evals/refunds.toml:1"],
    );
    check(&with("watch = { sample = 0.1 }"), &[], &["missing-key evals/refunds.toml:1"]);
}

#[test]
fn mistakes_of_cases() {
    check(&format!("{CASE}[[case]]\nid = 'case-1'\ninput = 'q'\nreference = 1\n"), &[], &["duplicate-id evals/refunds.toml:8"]);
    check(
        &format!("{CASE}[[case]]\nreference = 1\n[[case]]\ninput = 'q'\ndialogue = ['q']\n[[case]]\nmessages = [{{ role = 'robot' }}]\n[[case]]\ninput = []\n"),
        &[],
        &["missing-key evals/refunds.toml:8", "bad-value evals/refunds.toml:12", "wrong-type evals/refunds.toml:14", "wrong-type evals/refunds.toml:16"],
    );
    check(
        &format!(
            "{CASE}[[case]]\ninput = 'q'\nneeds = ['doc:context/refund.md']\nweight = -1\ntag = 'x'\nreference = 1\nvars = {{ input = 'x' }}\nfiles = ['gone.txt']\n"
        ),
        &[],
        &[
            "unknown-unit evals/refunds.toml:8",
            "unreadable-file evals/refunds.toml:8",
            "bad-value evals/refunds.toml:11",
            "unknown-key evals/refunds.toml:12",
            "bad-value evals/refunds.toml:14",
        ],
    );
    let rows = "{\"input\": \"q\", \"reference\": 1}\n[1]\n{\"input\": }\n{\"input\": \"q\", \"weight\": \"x\", \"reference\": 1}\n";
    check(
        &with("cases = 'rows.jsonl'"),
        &[("evals/rows.jsonl", rows)],
        &["wrong-type evals/rows.jsonl:2", "unreadable-json evals/rows.jsonl:3", "wrong-type evals/rows.jsonl:4"],
    );
    let csv = "id,input,id\n1,\"a\"b,2\n3,4\n\"5\n";
    check(
        &with("cases = 'rows.csv'"),
        &[("evals/rows.csv", csv)],
        &[
            "no-reference evals/refunds.toml:5",
            "unreadable-csv evals/rows.csv:1",
            "unreadable-csv evals/rows.csv:2",
            "unreadable-csv evals/rows.csv:3",
            "unreadable-csv evals/rows.csv:4",
            "unreadable-csv evals/rows.csv:4",
        ],
    );
    check(&with("cases = 'rows.jsonl'"), &[("evals/rows.jsonl", "{\"question\": \"q\", \"answer\": \"a\"}\n")], &["rows-guessed evals/rows.jsonl"]);
    check(&with("cases = 'rows.jsonl'"), &[("evals/rows.jsonl", "\n")], &["no-cases evals/rows.jsonl"]);
}

#[test]
fn files_that_cannot_be_read() {
    let folder = project(&[]);
    folder.put("evals/refunds.toml", with("cases = 'rows.jsonl'").as_bytes());
    folder.put("evals/rows.jsonl", b"{}\n\xff\n");
    let read = || read_suite(folder.path(), &folder.path().join("evals/refunds.toml")).unwrap_err();
    assert_eq!(read()[0].message, "the file is not UTF-8: line 2, byte 3");
    #[cfg(unix)]
    {
        std::fs::remove_file(folder.path().join("evals/rows.jsonl")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("evals/rows.jsonl")).unwrap();
        assert_eq!(read()[0].code, "outside-project");
    }
    std::fs::File::create(folder.path().join("evals/refunds.toml")).unwrap().set_len(5 << 20).unwrap();
    assert!(read()[0].message.contains("at most 4194304 are read"), "{:?}", read()[0]);
}

/// The findings of a grader, as `code`, and their remedies.
fn of_grader(grader: &str) -> Vec<(&'static str, String)> {
    let findings = read_toml(&format!("[[case]]\ninput = \"q\"\n[[target]]\nmodel = \"acme/a\"\n[[grade]]\n{grader}\n"), &[]);
    findings.err().unwrap_or_default().into_iter().map(|finding| (finding.code, finding.remedy)).collect()
}

#[test]
fn mistakes_of_graders() {
    let codes = |grader: &str, expected: &[&str]| {
        assert_eq!(of_grader(grader).iter().map(|(code, _)| *code).collect::<Vec<_>>(), expected, "{grader}");
    };
    codes("weight = 1", &["missing-key"]);
    codes("kind = 'contain'", &["unknown-grader"]);
    assert_eq!(of_grader("kind = 'contain'")[0].1, "The nearest are `contains`, `constraint`, `cost`.");
    codes("kind = 'exact'", &["no-reference"]);
    codes("kind = 'exact'\nvalue = '{{colour}}'", &["unset-variable"]);
    codes("kind = 'exact'\nvalue = '{{colour'", &["bad-template"]);
    codes("kind = 'regex'\npattern = '('", &["bad-pattern"]);
    codes("kind = 'regex'\npattern = 'a'\ntransform = [{ find = '(?=x)' }]", &["bad-pattern"]);
    codes("kind = 'regex'\npattern = 'a'\ntransform = ['trim', 'sort']", &["wrong-type"]);
    codes("kind = 'regex'\npattern = 'a'\nweight = -0.5\nthreshold = 1.5\nnegate = 'no'", &["bad-value", "bad-value", "wrong-type"]);
    codes("kind = 'regex'\npattern = 'a'\nweight = nan", &["wrong-type"]);
    codes("kind = 'json-schema'\nschema = { type = 'strin' }", &["bad-schema"]);
    codes("kind = 'json-schema'\nschema = 'gone.json'", &["unreadable-file"]);
    codes("kind = 'json-schema'\nunit = 'doc:context/refunds.md'", &["unknown-unit"]);
    codes("kind = 'constraint'\nunit = 'constraint:no-promises'", &["unknown-unit"]);
    codes("kind = 'cost'\nat_most_usd = 'cheap'", &["bad-value"]);
    codes("kind = 'latency'", &["missing-key"]);
    codes("kind = 'length'\nunit = 'lines'", &["bad-value"]);
    codes("kind = 'length'\nat_least = 5\nat_most = 4", &["bad-value"]);
    codes("kind = 'judge'\nchoices = { A = 3 }", &["missing-key", "missing-key", "bad-value"]);
    codes("kind = 'program'\ncommand = []", &["bad-value"]);
    codes("kind = 'tool-calls'\ncalls = [{ tool = 'x' }]", &["wrong-type"]);
    codes("kind = 'tool-calls'", &["missing-key"]);
    codes("kind = 'all'\nof = []", &["missing-key"]);
    codes("kind = 'all'\nof = [{ kind = 'exact' }]", &["no-reference"]);
    codes("kind = 'refusal'\nname = 'a'\n[[grade]]\nkind = 'refusal'\nname = 'a'", &["duplicate-name"]);
}

#[test]
fn mistakes_of_targets_and_prompts() {
    let codes = |text: &str, expected: &[&str]| check(&format!("[[case]]\ninput = 'q'\n[[grade]]\nkind = 'refusal'\n{text}\n"), &[], expected);
    codes("[[target]]\npack = 'x'", &["missing-key evals/refunds.toml:5"]);
    codes("[[target]]\nmodel = 'a/b'\nurl = 'http://x'", &["bad-value evals/refunds.toml:7"]);
    codes("[[target]]\nmodel = 'a/b'\nat = '/x'\nprompt = 'x'", &["bad-value evals/refunds.toml:7", "unknown-prompt evals/refunds.toml:8"]);
    codes("[[target]]\nurl = 'x'\nat = 'a.b'", &["bad-value evals/refunds.toml:6", "bad-value evals/refunds.toml:7"]);
    codes("[[target]]\nmodel = 'a/b'\n[[target]]\nmodel = 'a/b'", &["duplicate-name evals/refunds.toml:7"]);
    codes("[[target]]\nmodel = 'a/b'\nonly = 'x'", &["unknown-tag evals/refunds.toml:5"]);
    codes("[matrix]\npack = 'x'", &["missing-key evals/refunds.toml:5"]);
    codes("[matrix]\nmodel = ['a', 'a']\nprompt = 'x'", &["duplicate-name evals/refunds.toml:5", "unknown-prompt evals/refunds.toml:7"]);
    codes("[prompts]\na = '{{reference}}'\n[[target]]\nmodel = 'a/b'\nprompt = 'a'", &["unset-variable evals/refunds.toml:6"]);
    codes(
        "[prompts.a]\nbefore = [{ role = 'x' }]\nuser = '{% if %}'\n[[target]]\nmodel = 'a/b'",
        &["bad-template evals/refunds.toml:5", "wrong-type evals/refunds.toml:6"],
    );
}

#[test]
fn every_kind_has_its_defaults() {
    let minimal = [
        "kind = 'exact'",
        "kind = 'contains'",
        "kind = 'starts-with'",
        "kind = 'regex'\npattern = 'a'",
        "kind = 'number'",
        "kind = 'json'",
        "kind = 'json-schema'",
        "kind = 'edit-similarity'",
        "kind = 'embedding-similarity'\nmodel = 'a/e'",
        "kind = 'rouge'",
        "kind = 'bleu'",
        "kind = 'table'",
        "kind = 'sql'\nsetup = 'create table t (a)'",
        "kind = 'program'\ncommand = 'python3 check.py'",
        "kind = 'tool-calls'\ncalls = 'find'",
        "kind = 'quotation'",
        "kind = 'constraint'\nunit = 'constraint:other'",
        "kind = 'latency'\nat_most_ms = 5",
        "kind = 'cost'\nat_most_usd = 0.02",
        "kind = 'length'\nat_most = 5",
        "kind = 'refusal'",
        "kind = 'judge'\nmodel = 'a/j'\nrubric = 'good?'",
        "kind = 'human'",
        "kind = 'all'\nof = [{ kind = 'refusal' }]",
        "kind = 'any'\nof = { kind = 'refusal' }",
    ];
    let text: String = minimal.iter().map(|grader| format!("[[grade]]\n{grader}\n")).collect();
    let (suite, _) = read_toml(&format!("{text}[[case]]\ninput = 'q'\nreference = 'a'\n[[target]]\nmodel = 'a/b'\n"), &[]).unwrap();
    let kinds: std::collections::BTreeSet<String> = suite.graders.iter().map(|grader| grader.name.clone()).collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), grader::KINDS.map(|(name, _)| name));
    let criterion = |name: &str| suite.graders.iter().find(|grader| grader.name == name).map(|grader| grader.criterion.clone()).unwrap();
    assert_eq!(criterion("program"), Criterion::Program { command: vec!["python3".into(), "check.py".into()], timeout_ms: 10_000, files: vec![] });
    assert_eq!(criterion("contains"), Criterion::Contains { values: vec![], any: true, ignore_case: false });
    assert_eq!(criterion("cost"), Criterion::Cost { at_most: jeton_core::Nanousd(20_000_000) });
    assert!(matches!(&suite.cases[0].input, Input::Text(text) if text == "q"));
    assert_eq!(Turn::new(Role::User, "q").role, Role::User);
}
