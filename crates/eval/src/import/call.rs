//! A live call as a case. The ledger keeps what the receipt says and no text, so what was asked is given beside it; secrets are masked, and
//! what would have been right is for a person to write.

use super::name_of;
use crate::read::case::messages;
use crate::{Case, Criterion, Grader, Input, Suite, write};
use jeton_context::Place;
use jeton_context::secret::{mask_cautiously, mask_json_cautiously};
use jeton_ledger::CallDetail;
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// A case of a live call, and the files of the suite that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveCase {
    /// The case.
    pub case: Case,
    /// Secrets that were masked in what was asked.
    pub masked: usize,
    /// The suite's file from the project's directory, with its contents where it is new.
    pub suite: (PathBuf, String),
    /// The file of cases, from the project's directory.
    pub cases: PathBuf,
    /// The case as a line of it.
    pub line: String,
}

/// The case of a call. `input`: what was asked, as a text, or as JSON: a list of messages, or a request with `messages`.
///
/// # Errors
/// Where nothing was asked, or it is JSON of another shape.
pub fn live_case(call: &CallDetail, input: &str) -> Result<LiveCase, String> {
    let (input, masked) = asked(input)?;
    let record = &call.record;
    let class = record.attribution.class.to_string();
    let name = format!("live-{}", name_of(&class));
    let mut case = Case::new(record.id.to_string(), input, Place::file(format!("evals/{name}.jsonl")));
    case.tags = vec!["live".to_owned()];
    // One conversation or task is one source, however many of its calls become cases.
    if let Some(outcome) = &record.attribution.outcome {
        case.cluster = outcome.to_string();
    }
    case.vars.insert("receipt".to_owned(), receipt(call));
    let mut suite = Suite::new(name, Place::file("evals"));
    suite.class = Some(class);
    suite.description = "Cases from live calls; their references are to be written.".to_owned();
    let question = "Is the answer right? Write `reference` into the case and another grader here, and nobody needs to be asked.";
    suite.graders = vec![Grader::new("human", Criterion::Human { question: question.to_owned() })];
    suite.cases = vec![case.clone()];
    let mut files = write::files(&suite).into_iter();
    let (Some(settings), Some((cases, line))) = (files.next(), files.next()) else { return Err("the case cannot be written".to_owned()) };
    Ok(LiveCase { case, masked, suite: settings, cases, line })
}

/// What the receipt says: figures and names, no text.
fn receipt(call: &CallDetail) -> Value {
    let record = &call.record;
    let feedback: Vec<Value> = call.feedback.iter().map(|feedback| json!({ "verdict": feedback.verdict, "score": feedback.score })).collect();
    let units: Option<Vec<&str>> = record.context.as_deref().map(|context| context.spans.iter().map(|span| span.unit.as_str()).collect());
    let all = json!({
        "started": record.started.rfc3339(),
        "model": record.model.as_deref().unwrap_or(&record.model_asked),
        "status": record.status.name(),
        "finish": record.finish_reason,
        "units": units,
        "feedback": (!feedback.is_empty()).then_some(feedback),
    });
    let said: Map<String, Value> =
        all.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.clone(), value.clone())).collect();
    Value::Object(said)
}

fn asked(text: &str) -> Result<(Input, usize), String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("what was asked is empty".to_owned());
    }
    let mut count = 0;
    let mut masked = |text: &str| {
        let (masked, spans) = mask_cautiously(text);
        count += spans.len();
        masked.into_owned()
    };
    let parsed = serde_json::from_str::<Value>(text).ok().filter(|value| value.is_array() || value.get("messages").is_some());
    let Some(parsed) = parsed else {
        let input = Input::Text(masked(text));
        return Ok((input, count));
    };
    let list = parsed.get("messages").unwrap_or(&parsed);
    let mut turns = messages(list).ok_or("`messages` is no list of messages with `role` and `content` as text")?;
    let mut in_calls = 0;
    for turn in &mut turns {
        turn.content = masked(&turn.content);
        in_calls += turn.tool_calls.as_mut().map_or(0, mask_json_cautiously);
    }
    Ok((Input::Messages(turns), count + in_calls))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::read_suite;
    use crate::testing::Folder;
    use jeton_core::{Attribution, CallId, Timestamp};
    use jeton_ledger::{CallRecord, Feedback};

    fn detail() -> CallDetail {
        let mut attribution = Attribution::new(["acme".into()].into());
        attribution.class = "support.refund".into();
        attribution.outcome = Some("ticket-7".into());
        let mut record = CallRecord::begun(CallId::first_at(Timestamp(1_795_428_000_000)), Timestamp(1_795_428_000_000), attribution);
        record.model = Some("acme/fast".to_owned());
        let feedback = Feedback { verdict: "bad".to_owned(), score: None, comment: Some("named Ada".to_owned()), by: "ada".to_owned(), at: Timestamp(0) };
        CallDetail { record, entries: Vec::new(), feedback: vec![feedback] }
    }

    #[test]
    fn a_call_becomes_a_case_that_reads_back() {
        let found = live_case(&detail(), "How long may a kettle be returned?").unwrap();
        let (suite, cases) = (found.suite.0.to_string_lossy().into_owned(), found.cases.to_string_lossy().into_owned());
        assert_eq!((suite.as_str(), cases.as_str()), ("evals/live-support.refund.toml", "evals/live-support.refund.jsonl"));
        let folder = Folder::new(&[(suite.as_str(), found.suite.1.as_bytes()), (cases.as_str(), found.line.as_bytes())]);
        let (read, _) = read_suite(folder.path(), &folder.path().join(&suite)).unwrap();
        assert_eq!((read.class.as_deref(), read.cases.len()), (Some("support.refund"), 1));
        let case = &read.cases[0];
        assert_eq!((case.cluster.as_str(), &case.reference, case.tags.join(" ")), ("ticket-7", &None, "live".to_owned()));
        assert_eq!((case.vars["receipt"]["model"].as_str(), case.vars["receipt"]["feedback"][0]["verdict"].as_str()), (Some("acme/fast"), Some("bad")));
        assert!(!found.line.contains("Ada"), "comments may name people");
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        // In pieces, so that this file holds no secret itself.
        let secret = ["ghp_", "R7kQ2mX9vT4nL8wB3cY6zD1fH5jP0sG2aE7u"].concat();
        let messages = json!({ "model": "acme/fast", "messages": [
            { "role": "user", "content": format!("use {secret}") },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": "1", "function": { "name": "push", "arguments": format!("{{\"token\":\"{secret}\"}}") } }] },
        ] });
        for (input, at_least) in [(format!("my token is {secret}"), 1), (messages.to_string(), 2)] {
            let found = live_case(&detail(), &input).unwrap();
            assert!(found.masked >= at_least && !found.line.contains(&secret) && found.line.contains("[masked "), "{}", found.line);
        }
    }

    #[test]
    fn what_a_name_or_a_header_gives_away_is_masked_whatever_it_looks_like() {
        let messages = json!([
            { "role": "user", "content": "my password=hunter2, and Authorization: Basic dTpw" },
            { "role": "assistant", "content": "", "tool_calls": [{ "id": "1", "function": { "name": "login", "arguments": { "api_key": "kettle" } } }] },
        ]);
        for (input, count) in [("My password: hunter2, secret: \"two words\", api_key=abc.".to_owned(), 3), (messages.to_string(), 3)] {
            let found = live_case(&detail(), &input).unwrap();
            let is_out = ["hunter2", "two words", "abc", "dTpw", "kettle"].iter().all(|secret| !found.line.contains(secret));
            assert!(found.masked == count && is_out, "{}: {}", found.masked, found.line);
        }
    }

    #[test]
    fn what_is_no_question_is_refused() {
        assert!(live_case(&detail(), "  \n").is_err());
        assert!(live_case(&detail(), r#"{"messages":[{"role":"user"}]}"#).is_err());
        // Other JSON is a text that was asked.
        assert!(matches!(live_case(&detail(), r#"{"a":1}"#).unwrap().case.input, Input::Text(_)));
    }
}
