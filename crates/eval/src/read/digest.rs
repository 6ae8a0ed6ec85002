//! The digest of what a suite measures.

use crate::{Case, Grader, Suite};
use jeton_context::Digest;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The digest of cases, graders, prompts and targets, and of the files that cases name: not of names, orders of keys, seeds and places.
pub(crate) fn digest(suite: &Suite, files: &BTreeMap<String, String>) -> Digest {
    let cases: Vec<Value> = suite.cases.iter().map(case).collect();
    let content = json!({
        "class": suite.class,
        "cases": cases,
        "graders": graders(&suite.graders),
        "prompts": suite.prompts,
        "targets": suite.targets,
        "files": files,
    });
    Digest::of(sorted(content).to_string().as_bytes())
}

fn graders(graders: &[Grader]) -> Value {
    serde_json::to_value(graders).unwrap_or_default()
}

fn case(case: &Case) -> Value {
    json!({
        "id": case.id,
        "cluster": case.cluster,
        "class": case.class,
        "input": case.input,
        "reference": case.reference,
        "needs": case.needs,
        "files": case.files,
        "tags": case.tags,
        "weight": case.weight,
        "vars": case.vars,
        "graders": graders(&case.graders),
    })
}

/// The value with the keys of its objects in order, so that the order in which they were written does not matter.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        other => other,
    }
}
