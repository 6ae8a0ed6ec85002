//! Configurations of promptfoo's, after its public documentation and the behaviour of version 0.121. A test passes where all of its assertions
//! pass, or, with a `threshold`, where their weighted mean reaches it; a weight of 0 decides nothing. What has no counterpart is told, and becomes
//! a question to a person, so that no case passes without it.

mod assertion;
mod prompt;
mod provider;
mod script;
mod table;
mod tests_of;
mod values;

use super::{Found, Importer, Recording};
use crate::read::grader::free_name;
use crate::read::source::Source;
use crate::{Answer, Case, Criterion, Grader, Input, Suite, Target, TargetKind, template};
use assertion::{Assertions, Inherited};
use jeton_context::Place;
use prompt::Named;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use tests_of::Test;

/// Names under which tests have their question, the likeliest first.
const QUESTIONS: [&str; 8] = ["input", "question", "query", "prompt", "message", "user_input", "text", "topic"];
/// Settings that say nothing about what is measured, or that are read.
const KNOWN: [&str; 20] = [
    "$schema",
    "assertionTemplates",
    "commandLineOptions",
    "defaultTest",
    "description",
    "env",
    "evaluateOptions",
    "metadata",
    "outputPath",
    "prompts",
    "providers",
    "scenarios",
    "sharing",
    "tags",
    "targets",
    "tests",
    "tracing",
    "writeLatestResults",
    "nunjucksFilters",
    "redteam",
];

/// Whether a document is a configuration of promptfoo's, and no suite of ours, which has tables where it has lists.
pub(crate) fn is_config(value: &Value) -> bool {
    let is_list = |key: &str| value.get(key).is_some_and(|value| value.is_array() || value.is_string());
    let has_ours = ["case", "grade", "target", "cases"].iter().any(|key| value.get(*key).is_some());
    !has_ours && (is_list("providers") || is_list("targets") || is_list("prompts") || is_list("tests") || is_list("scenarios"))
}

/// Reads a configuration.
pub(crate) fn import(importer: &Importer<'_>, mut source: Source) -> Option<Found> {
    source.value = dereferenced(importer, &source, &source.value, 0);
    tell_unread(importer, &source);
    let text = |key: &str| source.value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut suite = Suite::new(importer.suite_name(), importer.place());
    suite.description = text("description");
    settings(&mut suite, source.value.get("evaluateOptions"));
    let prompts = prompt::prompts(importer, source.value.get("prompts"), &source.place("/prompts"));
    suite.targets = targets(importer, &source, &prompts);
    let tests = tests_of::tests(importer, &source);
    let has_default = source.value.get("defaultTest").is_some_and(|default| !default.is_null() && !default.is_string());
    let default = if has_default { Test::of(importer, &source, "/defaultTest").unwrap_or_default() } else { Test::default() };
    if source.value.get("defaultTest").is_some_and(Value::is_string) {
        importer.skipped(&source.place("/defaultTest"), "a default test in a file of its own is not read", "Write it into the configuration.");
    }
    let recordings = build(importer, &mut suite, prompts, &default, tests);
    Some(Found { format: "promptfoo", suite, recordings })
}

/// Reads tests that stand in a file of their own; none where the file has no test of promptfoo's.
pub(super) fn tests_alone(importer: &Importer<'_>, text: &str) -> Option<Found> {
    let head = text.lines().next().unwrap_or_default();
    let is_table = head.contains("__expected") || head.contains("__description") || head.contains("__metric");
    let is_test = |value: &Value| {
        value.get("vars").is_some()
            && (value.get("assert").is_some() || value.get("input").is_none() && value.get("messages").is_none() && value.get("dialogue").is_none())
    };
    let first: Option<Value> =
        if text.trim_start().starts_with('[') { serde_json::from_str::<Vec<Value>>(text).ok()?.into_iter().next() } else { serde_json::from_str(head).ok() };
    if !is_table && !first.as_ref().is_some_and(is_test) {
        return None;
    }
    let tests = tests_of::of_text(importer, &importer.path, text);
    let mut suite = Suite::new(importer.suite_name(), importer.place());
    let recordings = build(importer, &mut suite, Vec::new(), &Test::default(), tests);
    Some(Found { format: "promptfoo tests", suite, recordings })
}

/// The value with what `$ref` leads to in its place.
fn dereferenced(importer: &Importer<'_>, source: &Source, value: &Value, depth: usize) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| dereferenced(importer, source, item, depth)).collect(),
        Value::Object(map) => match map.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let found = reference.strip_prefix('#').and_then(|pointer| source.value.pointer(pointer)).filter(|_| depth < 8);
                let Some(found) = found else {
                    importer.skipped(&importer.place(), format!("`$ref: {reference}` leads nowhere in this file"), "Write in its place what it means.");
                    return Value::Null;
                };
                let mut found = dereferenced(importer, source, found, depth + 1);
                if let Some(target) = found.as_object_mut() {
                    target.extend(map.iter().filter(|(key, _)| *key != "$ref").map(|(key, value)| (key.clone(), value.clone())));
                }
                found
            }
            None => map.iter().map(|(key, value)| (key.clone(), dereferenced(importer, source, value, depth))).collect(),
        },
        other => other.clone(),
    }
}

fn tell_unread(importer: &Importer<'_>, source: &Source) {
    for key in source.value.as_object().into_iter().flat_map(Map::keys) {
        let is_unread = !KNOWN.contains(&key.as_str()) || ["nunjucksFilters", "redteam"].contains(&key.as_str());
        if is_unread {
            let place = source.place(&jeton_context::located::below("", key));
            importer.skipped(&place, format!("`{key}` is not read"), "See whether the suite needs what it does.");
        }
    }
}

fn settings(suite: &mut Suite, options: Option<&Value>) {
    let count = |key: &str| options.and_then(|options| options.get(key)).and_then(Value::as_u64).filter(|count| *count > 0);
    suite.concurrency = count("maxConcurrency").and_then(|count| usize::try_from(count).ok()).unwrap_or(4);
    suite.repeats = count("repeat").and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    suite.timeout_ms = count("timeoutMs");
}

/// Every provider with every prompt that it is asked with.
fn targets(importer: &Importer<'_>, source: &Source, prompts: &[Named]) -> Vec<Target> {
    let key = if source.value.get("providers").is_some() { "providers" } else { "targets" };
    let entries: Vec<Value> = match source.value.get(key) {
        Some(Value::Array(entries)) => entries.clone(),
        Some(one) if !one.is_null() => vec![one.clone()],
        _ => Vec::new(),
    };
    let mut targets: Vec<Target> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let Some(provider) = provider::provider(importer, entry, &source.place(&format!("/{key}/{at}"))) else { continue };
        for prompt in prompts.iter().filter(|prompt| provider.prompts.is_empty() || provider.prompts.iter().any(|name| super::name_of(name) == prompt.name)) {
            let word = if prompts.len() == 1 { provider.target.name.clone() } else { format!("{}+{}", provider.target.name, prompt.name) };
            let taken: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
            let mut target = Target { name: free_name(&word, &taken), prompt: Some(prompt.name.clone()), ..provider.target.clone() };
            if matches!(target.kind, TargetKind::Command { .. } | TargetKind::Http { .. }) && prompts.len() == 1 && prompt.text.trim() == "{{prompt}}" {
                target.prompt = None;
            }
            targets.push(target);
        }
    }
    targets
}

/// Puts the cases, their graders and the prompts into the suite, and gives back recorded answers.
fn build(importer: &Importer<'_>, suite: &mut Suite, mut prompts: Vec<Named>, default: &Test, tests: Vec<Test>) -> Vec<Recording> {
    let merged: Vec<Test> = tests.into_iter().map(|test| test.over(default)).collect();
    affixes(&mut prompts, &merged);
    // Assertions of the default test are the suite's where they mean the same in all tests.
    let is_shared = !default.asserts.is_empty()
        && merged.iter().all(|test| test.map.get("threshold").is_none() && !skips_default(test) && test.table("options") == default.table("options"));
    if is_shared {
        suite.graders = Assertions { importer, inherited: inherited(importer, default).0 }.graders(&default.asserts);
    }
    let mut recordings = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut ids: BTreeSet<String> = BTreeSet::new();
    for (at, test) in merged.iter().enumerate() {
        let place = test.place.clone().unwrap_or_else(|| importer.place());
        let graders = graders(importer, test, if is_shared || skips_default(test) { &[] } else { &default.asserts }, &suite.graders, &place);
        tell_filters(importer, test, &place);
        let combinations = tests_of::combinations(importer, test, &place);
        for vars in combinations {
            let mut case = case(importer, test, vars, &prompts, at + 1, &place);
            let described = case.id.clone();
            let count = counts.entry(described.clone()).or_insert(1);
            // A description may be what another gets by its number.
            while !ids.insert(case.id.clone()) {
                *count += 1;
                case.id = format!("{described} #{count}");
            }
            case.graders.clone_from(&graders);
            recordings.extend(recording(test, &case));
            suite.cases.push(case);
        }
    }
    fill_unset(importer, suite, &prompts);
    suite.prompts = prompts.into_iter().map(|named| (named.name, named.prompt)).collect();
    recordings
}

fn skips_default(test: &Test) -> bool {
    test.table("options").get("disableDefaultAsserts") == Some(&Value::Bool(true))
}

/// What stands before and behind the prompt in single tests becomes variables of the prompt.
fn affixes(prompts: &mut [Named], tests: &[Test]) {
    for (key, before) in [("prefix", true), ("suffix", false)] {
        if !tests.iter().any(|test| test.table("options").contains_key(key)) {
            continue;
        }
        for named in prompts.iter_mut() {
            let Some(user) = named.prompt.user.as_mut() else { continue };
            *user = if before { format!("{{{{__{key}}}}}{user}") } else { format!("{user}{{{{__{key}}}}}") };
        }
    }
}

/// What the assertions of a test inherit; the expression of a transform that is a script.
fn inherited(importer: &Importer<'_>, test: &Test) -> (Inherited, Option<String>) {
    let options = test.table("options");
    let expression = options.get("transform").or_else(|| options.get("postprocess")).and_then(Value::as_str);
    let transform = expression.map(script::transforms);
    let (judge, embedder) = assertion::models(&options);
    if options.contains_key("rubricPrompt") {
        let place = test.place.clone().unwrap_or_else(|| importer.place());
        importer.differs(&place, "the judge has a prompt of its own, and gets its rubric alone", "Put into the rubric what the prompt said.");
    }
    let script = match &transform {
        Some(None) => expression.map(str::to_owned),
        _ => None,
    };
    let is_mean = test.map.contains_key("threshold");
    (Inherited { transform: transform.flatten().unwrap_or_default(), is_mean, judge, embedder }, script)
}

/// The graders of a test: those of the default test, then its own; with a threshold all of them as one.
fn graders(importer: &Importer<'_>, test: &Test, default: &[(Value, Place)], taken: &[Grader], place: &Place) -> Vec<Grader> {
    let (inherited, script) = inherited(importer, test);
    let asserts: Vec<(Value, Place)> = default.iter().chain(&test.asserts).cloned().collect();
    let mut graders = Assertions { importer, inherited }.graders(&asserts);
    if let Some(expression) = script {
        importer.skipped(place, format!("the transform `{expression}` is a script"), "Write it as `transform` of the graders, or the graders as `program`.");
        graders = vec![Grader::new("transform", Criterion::Human { question: "Is the answer right, once it is transformed?".to_owned() })];
    }
    if test.map.contains_key("assertScoringFunction") {
        importer.skipped(place, "`assertScoringFunction` is a script", "Write the weights of the graders and a threshold.");
        graders.push(Grader::new("scoring", Criterion::Human { question: "Is the answer good enough?".to_owned() }));
    }
    if let Some(threshold) = test.map.get("threshold").and_then(Value::as_f64).filter(|_| !graders.is_empty()) {
        return vec![Grader { threshold: Some(threshold.clamp(0.0, 1.0)), ..Grader::new("score", Criterion::All { of: graders }) }];
    }
    let mut names: Vec<String> = taken.iter().map(|grader| grader.name.clone()).collect();
    for grader in &mut graders {
        grader.name = free_name(&grader.name, &names);
        names.push(grader.name.clone());
    }
    graders
}

/// Says what picks targets for single tests, which are tried on all of them here.
fn tell_filters(importer: &Importer<'_>, test: &Test, place: &Place) {
    let options = test.table("options");
    for key in ["provider", "providers", "prompts"].into_iter().filter(|key| test.map.contains_key(*key)) {
        importer.skipped(
            place,
            format!("`{key}` of a test is not read, so it is tried on every target"),
            "Tag the case, and name the tag in `only` of the target.",
        );
    }
    for key in ["transformVars", "storeOutputAs", "repeat"].into_iter().filter(|key| options.contains_key(*key)) {
        importer.skipped(place, format!("`{key}` of a test is not read"), "Write the variables as they shall be.");
    }
}

/// The case of a test with one combination of its variables.
fn case(importer: &Importer<'_>, test: &Test, vars: Map<String, Value>, prompts: &[Named], number: usize, place: &Place) -> Case {
    let mut vars = resolved(importer, vars, place);
    let options = test.table("options");
    for key in ["prefix", "suffix"] {
        if prompts.iter().any(|named| named.prompt.user.as_ref().is_some_and(|user| user.contains(&format!("{{{{__{key}}}}}")))) {
            vars.insert(format!("__{key}"), options.get(key).cloned().unwrap_or_else(|| "".into()));
        }
    }
    let input = question(&vars, prompts);
    vars.remove("input");
    let described = test.map.get("description").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty() && !text.contains('\n'));
    let mut case = Case::new(described.map_or_else(|| format!("test-{number}"), str::to_owned), Input::Text(input), place.clone());
    // Combinations of one test's variables are no independent evidence.
    case.cluster = format!("test-{number}");
    let tag = |(key, value): (&String, &Value)| value.as_str().map(|value| format!("{key}={value}"));
    case.tags = test.table("metadata").iter().filter_map(tag).collect();
    case.vars = vars;
    case
}

/// Variables that speak of other variables, with their values in place: from here on they are data.
fn resolved(importer: &Importer<'_>, vars: Map<String, Value>, place: &Place) -> Map<String, Value> {
    let render = |(name, value): (&String, &Value)| {
        let Some(text) = value.as_str().filter(|text| template::is_template(text)) else { return (name.clone(), value.clone()) };
        let rendered = template::render(text, &vars).unwrap_or_else(|why| {
            importer.differs(place, format!("the variable `{name}` stays as it is written: {why}"), "See whether braces in it are meant.");
            text.to_owned()
        });
        (name.clone(), rendered.into())
    };
    vars.iter().map(render).collect()
}

/// What a test asks: the variable that is most likely the question, or the prompt itself where there is none.
fn question(vars: &Map<String, Value>, prompts: &[Named]) -> String {
    let asked: BTreeSet<String> = prompts.iter().filter_map(|named| template::names(&named.text).ok()).flatten().collect();
    let is_asked = |name: &&str| asked.is_empty() || asked.contains(*name);
    let known = QUESTIONS.iter().copied().filter(is_asked).find_map(|name| vars.get(name));
    let first = vars.iter().find(|(name, _)| !name.starts_with("__") && is_asked(&name.as_str())).map(|(_, value)| value);
    match known.or(first) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => prompts.first().map_or_else(String::new, |named| named.text.clone()),
    }
}

/// Variables without a value print nothing in promptfoo's templates; here they get an empty one, and it is told.
fn fill_unset(importer: &Importer<'_>, suite: &mut Suite, prompts: &[Named]) {
    let of_prompts = prompts.iter().flat_map(|named| named.prompt.before.iter().map(|turn| turn.content.as_str()).chain(named.prompt.user.as_deref()));
    let shared: BTreeSet<String> = of_prompts.chain(suite.graders.iter().flat_map(templates)).filter_map(|text| template::names(text).ok()).flatten().collect();
    let mut unset: BTreeMap<String, usize> = BTreeMap::new();
    for case in &mut suite.cases {
        let own: BTreeSet<String> = case.graders.iter().flat_map(templates).filter_map(|text| template::names(text).ok()).flatten().collect();
        for name in shared.iter().chain(&own).filter(|name| !["input", "id"].contains(&name.as_str())) {
            if !case.vars.contains_key(name) {
                case.vars.insert(name.clone(), "".into());
                *unset.entry(name.clone()).or_default() += 1;
            }
        }
    }
    for (name, count) in unset {
        importer.differs(
            &importer.place(),
            format!("`{{{{{name}}}}}` has no value in {count} of {} cases, and prints nothing", suite.cases.len()),
            "Set it in `vars`.",
        );
    }
}

/// The templates of a grader and of those within it.
fn templates(grader: &Grader) -> Vec<&str> {
    match &grader.criterion {
        Criterion::All { of } | Criterion::Any { of } => of.iter().flat_map(templates).collect(),
        other => crate::read::check::templates(other),
    }
}

/// The answer that stands in a test.
fn recording(test: &Test, case: &Case) -> Option<Recording> {
    let text = match test.map.get("providerOutput")? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(Recording { case: case.id.clone(), target: None, repeat: 0, answer: Answer { text, ..Answer::default() }, scores: Vec::new() })
}
