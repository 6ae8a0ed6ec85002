//! For tests: models that answer by script, cases in a line, and a project in a folder of its own.

use crate::{Answer, CallFault, Calling, Case, Cell, FaultClass, Input, ModelCall, Models, Outcome, Row};
use jeton_context::{Digest, Place};
use jeton_core::{Nanousd, Timestamp};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

/// What a scripted call gets.
pub(crate) type Scripted = Result<Answer, CallFault>;

/// Answers by script. The first rule whose model and text fit answers; what no rule fits is a fault, so that a test sees what it forgot.
#[derive(Debug, Default)]
pub(crate) struct Script {
    rules: Vec<Rule>,
    vectors: Vec<(String, Vec<f32>)>,
    calls: Mutex<Vec<ModelCall>>,
}

#[derive(Debug)]
struct Rule {
    model: String,
    text: String,
    replies: Vec<Scripted>,
    used: Mutex<usize>,
}

impl Script {
    /// Calls of `model` (`*`: any) whose conversation or context has `text` (empty: any) are answered with `replies` in turn, the last of them
    /// from then on.
    pub(crate) fn on<R: Into<Reply>>(mut self, model: &str, text: &str, replies: impl IntoIterator<Item = R>) -> Self {
        let replies: Vec<Scripted> = replies.into_iter().map(|reply| reply.into().0).collect();
        assert!(!replies.is_empty(), "a rule needs a reply");
        self.rules.push(Rule { model: model.to_owned(), text: text.to_owned(), replies, used: Mutex::new(0) });
        self
    }

    /// The vector of a text, whatever model is asked.
    pub(crate) fn vector(mut self, text: &str, vector: &[f32]) -> Self {
        self.vectors.push((text.to_owned(), vector.to_vec()));
        self
    }

    /// The calls so far, in order; those for vectors have their texts as turns.
    pub(crate) fn calls(&self) -> Vec<ModelCall> {
        self.calls.lock().unwrap().clone()
    }

    fn reply(&self, call: ModelCall) -> Scripted {
        let said = said(&call);
        let rule = self.rules.iter().find(|rule| (rule.model == "*" || rule.model == call.model) && said.contains(&rule.text));
        let nth = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call.clone());
            calls.len()
        };
        let rule = rule.ok_or_else(|| fault("unscripted", &format!("no rule for {}: {said}", call.model)))?;
        let mut used = rule.used.lock().unwrap();
        let reply = rule.replies[(*used).min(rule.replies.len() - 1)].clone();
        *used += 1;
        reply.map(|mut answer| {
            answer.call.get_or_insert_with(|| format!("call-{nth}"));
            answer.model.get_or_insert(call.model);
            answer
        })
    }
}

/// All that a call says, context first.
fn said(call: &ModelCall) -> String {
    let context = call.context.iter().flat_map(|context| context.segments.iter().map(|(text, _)| text.as_str()));
    context.chain(call.turns.iter().map(|turn| turn.content.as_str())).collect::<Vec<_>>().join("\n")
}

/// What a rule may be given as a reply: a text, an answer or a fault.
pub(crate) struct Reply(Scripted);

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        Self(Ok(answer(text)))
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self(Ok(answer(text)))
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self(Ok(answer))
    }
}

impl From<CallFault> for Reply {
    fn from(fault: CallFault) -> Self {
        Self(Err(fault))
    }
}

impl Models for Script {
    fn call(&self, call: ModelCall) -> Calling<'_, Answer> {
        let reply = self.reply(call);
        Box::pin(async move { reply })
    }

    fn embed(&self, model: &str, texts: Vec<String>, tags: Vec<String>) -> Calling<'_, (Vec<Vec<f32>>, Answer)> {
        let turns = texts.iter().map(|text| crate::Turn::new(crate::Role::User, text.clone())).collect();
        self.calls.lock().unwrap().push(ModelCall { model: model.to_owned(), turns, tags, ..ModelCall::default() });
        let vector = |text: &String| self.vectors.iter().find(|(known, _)| known == text).map(|(_, vector)| vector.clone());
        let vectors: Option<Vec<Vec<f32>>> = texts.iter().map(vector).collect();
        let reply = vectors.ok_or_else(|| fault("unscripted", &format!("no vectors for {texts:?}"))).map(|vectors| (vectors, answer("")));
        Box::pin(async move { reply })
    }
}

/// An answer of a millisecond and a thousandth of a cent.
pub(crate) fn answer(text: impl Into<String>) -> Answer {
    Answer { text: text.into(), finish: Some("stop".to_owned()), cost: Some(Nanousd(10_000)), latency_us: 1_000, tries: 1, ..Answer::default() }
}

/// A provider's fault.
pub(crate) fn fault(code: &str, message: &str) -> CallFault {
    CallFault { class: FaultClass::Provider, code: code.to_owned(), message: message.to_owned(), status: None, call: None, cost: None }
}

/// A row of a case in a cluster of its own, without answer, grades and cost.
pub(crate) fn row(case: &str, target: &str, outcome: Outcome) -> Row {
    Row {
        launch: 0,
        cell: Cell { case: case.to_owned(), target: target.to_owned(), repeat: 0 },
        cluster: case.to_owned(),
        tags: Vec::new(),
        outcome,
        score: None,
        weight: 1.0,
        answer: None,
        fault: None,
        grades: Vec::new(),
        context: None,
        cost: None,
        request: Digest::default(),
        is_cached: false,
        at: Timestamp(0),
    }
}

/// A case with a question and a reference.
pub(crate) fn case(id: &str, question: &str, reference: impl Into<Value>) -> Case {
    Case { reference: Some(reference.into()), ..Case::new(id, Input::Text(question.to_owned()), Place::line("evals/suite.toml", 1)) }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A folder that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder with these files.
    pub(crate) fn new<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Self {
        let dir = std::env::temp_dir().join(format!("jeton-eval-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&dir).unwrap();
        let folder = Self(dir);
        for (path, bytes) in files {
            folder.put(path, bytes.as_ref());
        }
        folder
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &Script, model: &str, text: &str) -> Scripted {
        let call = ModelCall { model: model.to_owned(), turns: vec![crate::Turn::new(crate::Role::User, text)], ..ModelCall::default() };
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(script.call(call))
    }

    #[test]
    fn the_first_rule_that_fits_answers_in_turn() {
        let script = Script::default().on("a/b", "sum", ["1", "2"]).on("*", "", [Reply::from(fault("timeout", "late"))]);
        assert_eq!(["a sum", "a sum", "a sum"].map(|text| ask(&script, "a/b", text).unwrap().text), ["1", "2", "2"]);
        assert_eq!(ask(&script, "a/c", "sum").unwrap_err().code, "timeout");
        assert_eq!(script.calls().len(), 4);
        assert_eq!(ask(&Script::default(), "a/b", "").unwrap_err().code, "unscripted");
    }
    #[test]
    fn vectors_are_known_texts() {
        let script = Script::default().vector("a", &[1.0, 0.0]);
        let embed = |texts: &[&str]| {
            let texts = texts.iter().map(|text| (*text).to_owned()).collect();
            tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(script.embed("e/m", texts, Vec::new()))
        };
        assert_eq!(embed(&["a"]).unwrap().0, [[1.0, 0.0]]);
        assert_eq!(embed(&["a", "b"]).unwrap_err().code, "unscripted");
        assert_eq!(case("c", "What?", "this").references(), ["this"]);
    }
}
