//! Rows of other programs, told by their keys and put into our words. The keys are those that the programs' public documentation names.

use serde_json::{Map, Value, json};

/// Whose rows these are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) name: &'static str,
    input: &'static str,
    reference: &'static [&'static str],
    output: &'static [&'static str],
    /// Keys that must be there beside the input.
    told_by: &'static [&'static str],
}

const fn dialect(
    name: &'static str,
    input: &'static str,
    reference: &'static [&'static str],
    output: &'static [&'static str],
    told_by: &'static [&'static str],
) -> Dialect {
    Dialect { name, input, reference, output, told_by }
}

/// The first that fits counts.
const DIALECTS: [Dialect; 16] = [
    dialect("OpenAI hosted evals", "item", &[], &["sample"], &[]),
    dialect("LangSmith", "inputs", &["outputs", "reference_outputs"], &[], &[]),
    dialect("Ragas", "user_input", &["reference"], &["response"], &[]),
    dialect("OpenAI evals", "input", &["ideal"], &["completion"], &["ideal"]),
    dialect("Inspect", "input", &["target"], &["output"], &["target"]),
    dialect("DeepEval", "input", &["expectedOutput"], &["actualOutput"], &["actualOutput"]),
    dialect("DeepEval", "input", &["expected_output"], &["actual_output"], &["expected_output"]),
    dialect("Langfuse or DeepEval", "input", &["expectedOutput"], &["actualOutput"], &["expectedOutput"]),
    dialect("Braintrust", "input", &["expected"], &["output"], &["expected"]),
    dialect("question and answers", "question", &["answer", "answers", "correct_answer", "reference", "target"], &["output", "response"], &[]),
    dialect("prompt and completion", "prompt", &["completion", "answer", "response", "reference", "expected", "target", "ideal"], &["output"], &[]),
    dialect("instruction and output", "instruction", &["output", "response"], &[], &[]),
    dialect("query and answer", "query", &["answer", "response", "reference", "expected"], &["output"], &[]),
    dialect("chat messages", "conversations", &[], &[], &[]),
    dialect("chat messages", "conversation", &[], &[], &[]),
    dialect("chat messages", "messages", &[], &[], &[]),
];

/// Texts under which other programs put what is asked, where they put an object.
const ASKED: [&str; 8] = ["input", "question", "query", "prompt", "user_input", "message", "text", "instruction"];
const ANSWERED: [&str; 10] = ["ideal", "answer", "expected", "reference", "target", "label", "correct_answer", "correct_label", "output", "expected_output"];

/// The dialect of a row; none where it is ours.
pub(crate) fn sniff(row: &Map<String, Value>) -> Option<&'static Dialect> {
    let has = |key: &&str| row.contains_key(*key);
    // What has our word for the answer beside our word for the question is ours.
    if row.contains_key("reference") && ["input", "messages", "dialogue"].iter().any(has) {
        return None;
    }
    let dialect = DIALECTS.iter().find(|dialect| row.contains_key(dialect.input) && dialect.told_by.iter().all(has))?;
    match dialect.input {
        "messages" => ends_with_answer(row.get("messages")?).then_some(dialect),
        "item" => row.get("item")?.is_object().then_some(dialect),
        _ => Some(dialect),
    }
}

fn ends_with_answer(messages: &Value) -> bool {
    messages.as_array().and_then(|turns| turns.last()).is_some_and(|turn| role(turn) == Some("assistant"))
}

/// A row in our words.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// The row.
    pub(crate) row: Map<String, Value>,
    /// An answer that was recorded with it.
    pub(crate) output: Option<Value>,
}

impl Dialect {
    /// The row in our words: what is asked, what would be right; what else we have a word for as it is; all other keys as variables.
    pub(crate) fn own(&self, row: Map<String, Value>) -> Own {
        let (mut own, mut vars, mut broken) = (Own::default(), Map::new(), None);
        let put = |key: &str, value: Value, row: &mut Map<String, Value>| {
            if !value.is_null() {
                row.insert(key.to_owned(), value);
            }
        };
        for (key, value) in row {
            match key.as_str() {
                "vars" => match value {
                    Value::Object(map) => vars.extend(map),
                    other => broken = Some(other).filter(|other| !other.is_null()),
                },
                _ if key == self.input => self.ask(value, &mut own.row, &mut vars),
                _ if self.reference.contains(&key.as_str()) && !own.row.contains_key("reference") => {
                    put("reference", plain(value, &ANSWERED), &mut own.row);
                }
                _ if self.output.contains(&key.as_str()) => own.output = Some(value).filter(|value| !value.is_null()),
                "id" | "cluster" | "class" | "needs" | "tags" | "weight" | "grade" => put(&key, value, &mut own.row),
                // These words mean something else elsewhere.
                _ => drop(vars.insert(key, value)),
            }
        }
        vars.remove("input");
        if !vars.is_empty() {
            own.row.insert("vars".to_owned(), Value::Object(vars));
        }
        // What is no table stays, so that whoever reads the case says so.
        if let Some(broken) = broken {
            own.row.insert("vars".to_owned(), broken);
        }
        own
    }

    fn ask(&self, value: Value, row: &mut Map<String, Value>, vars: &mut Map<String, Value>) {
        match self.input {
            "item" => {
                let item = value.as_object().cloned().unwrap_or_default();
                if let Some(answer) = ANSWERED.iter().find_map(|key| item.get(*key)) {
                    row.entry("reference").or_insert_with(|| answer.clone());
                }
                row.insert("input".to_owned(), plain(value.clone(), &ASKED));
                vars.insert("item".to_owned(), value);
            }
            "messages" | "conversations" | "conversation" => {
                let mut turns: Vec<Value> = value.as_array().map(|turns| turns.iter().map(as_message).collect()).unwrap_or_default();
                if ends_with_answer(&Value::Array(turns.clone()))
                    && let Some(last) = turns.pop()
                {
                    row.entry("reference").or_insert_with(|| last.get("content").cloned().unwrap_or_default());
                }
                row.insert("messages".to_owned(), Value::Array(turns));
            }
            _ => {
                if let Value::Object(map) = &value
                    && map.len() > 1
                {
                    let others = map.iter().filter(|(key, _)| !ASKED.contains(&key.as_str()));
                    vars.extend(others.map(|(key, value)| (key.clone(), value.clone())));
                }
                row.insert("input".to_owned(), plain(value, &ASKED));
            }
        }
    }
}

/// A text or list as it is; of an object what stands under the first of `keys`, or its only value, or else its JSON.
fn plain(value: Value, keys: &[&str]) -> Value {
    let Value::Object(map) = &value else { return value };
    if let Some(found) = keys.iter().find_map(|key| map.get(*key)).filter(|found| !found.is_object()) {
        return found.clone();
    }
    match map.values().next() {
        Some(only) if map.len() == 1 && !only.is_object() => only.clone(),
        _ => Value::String(value.to_string()),
    }
}

/// A message with `role` and `content`, also where it is written with `from` and `value`.
fn as_message(turn: &Value) -> Value {
    match (turn.get("from").and_then(Value::as_str), turn.get("value")) {
        (Some(_), Some(content)) => json!({ "role": role(turn), "content": content }),
        _ => turn.clone(),
    }
}

fn role(turn: &Value) -> Option<&str> {
    let role = turn.get("role").or_else(|| turn.get("from"))?.as_str()?;
    Some(match role {
        "human" => "user",
        "gpt" | "model" => "assistant",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: Value, name: Option<&str>, own: Value, output: Option<Value>) {
        let row = row.as_object().unwrap().clone();
        let dialect = sniff(&row);
        assert_eq!(dialect.map(|dialect| dialect.name), name, "{row:?}");
        let Some(dialect) = dialect else { return };
        let read = dialect.own(row);
        assert_eq!((Value::Object(read.row), read.output), (own, output));
    }

    #[test]
    fn rows_are_told_by_their_keys() {
        let qa = json!({"input": "2+2?", "reference": "4"});
        check(qa.clone(), None, Value::Null, None);
        check(json!({"messages": [{"role": "user", "content": "q"}]}), None, Value::Null, None);
        check(
            json!({"input": "2+2?", "target": "4", "id": 7, "choices": ["3", "4"]}),
            Some("Inspect"),
            json!({"input": "2+2?", "reference": "4", "id": 7, "vars": {"choices": ["3", "4"]}}),
            None,
        );
        check(json!({"input": "2+2?", "ideal": ["4", "four"]}), Some("OpenAI evals"), json!({"input": "2+2?", "reference": ["4", "four"]}), None);
        check(
            json!({"question": "2+2?", "answer": "4", "class": "sum"}),
            Some("question and answers"),
            json!({"input": "2+2?", "reference": "4", "class": "sum"}),
            None,
        );
        check(json!({"user_input": "2+2?", "reference": "4", "response": "5"}), Some("Ragas"), qa.clone(), Some("5".into()));
        check(json!({"input": "2+2?", "expectedOutput": "4", "actualOutput": "5"}), Some("DeepEval"), qa.clone(), Some("5".into()));
        check(
            json!({"input": {"question": "2+2?", "unit": "m"}, "expected": "4"}),
            Some("Braintrust"),
            json!({"input": "2+2?", "reference": "4", "vars": {"unit": "m"}}),
            None,
        );
        check(json!({"inputs": {"q": "2+2?"}, "outputs": {"a": "4"}}), Some("LangSmith"), qa, None);
        let item = json!({"question": "2+2?", "correct_label": "4"});
        check(json!({"item": item}), Some("OpenAI hosted evals"), json!({"reference": "4", "input": "2+2?", "vars": {"item": item}}), None);
        let chat = json!([{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]);
        check(json!({"conversations": chat}), Some("chat messages"), json!({"reference": "a", "messages": [{"role": "user", "content": "q"}]}), None);
    }
}
