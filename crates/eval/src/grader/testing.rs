//! For tests: one grader tried on one answer.

use super::{Bench, Material, Prepared, grade_all, no_labels};
use crate::testing::{Script, answer, case};
use crate::{Answer, Case, Criterion, Grade, Grader, Suite, Target, TargetKind, Verdict};
use jeton_context::{Digest, Place};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A suite of these cases and graders.
pub(crate) fn suite(cases: Vec<Case>, graders: Vec<Grader>) -> Suite {
    Suite {
        name: "suite".to_owned(),
        description: String::new(),
        class: None,
        cases,
        graders,
        targets: Vec::new(),
        prompts: BTreeMap::new(),
        seed: 1,
        repeats: 1,
        concurrency: 1,
        errors_max: 0.1,
        timeout_ms: None,
        watch: None,
        is_foreign: false,
        digest: Digest::default(),
        place: Place::file("evals/suite.toml"),
    }
}

/// Waits for what is to come.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A grader and what it is tried with.
pub(crate) struct Trial<'t> {
    pub(crate) grader: Grader,
    pub(crate) case: Case,
    context: Option<&'t str>,
    tools: Option<Value>,
    project: PathBuf,
    folder: PathBuf,
    script: Script,
}

impl<'t> Trial<'t> {
    pub(crate) fn new(criterion: &Criterion) -> Self {
        let (project, folder) = (PathBuf::from("."), PathBuf::from("."));
        Self {
            grader: Grader::new("g", criterion.clone()),
            case: case("c1", "What?", Value::Null),
            context: None,
            tools: None,
            project,
            folder,
            script: Script::default(),
        }
    }

    pub(crate) fn reference(mut self, reference: impl Into<Value>) -> Self {
        self.case.reference = Some(reference.into());
        self
    }

    pub(crate) fn context(mut self, context: &'t str) -> Self {
        self.context = Some(context);
        self
    }

    pub(crate) fn tools(mut self, tools: &Value) -> Self {
        self.tools = Some(tools.clone());
        self
    }

    pub(crate) fn within(mut self, project: &Path, folder: &Path) -> Self {
        (self.project, self.folder) = (project.to_owned(), folder.to_owned());
        self
    }

    pub(crate) fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    pub(crate) fn threshold(mut self, threshold: f64) -> Self {
        self.grader.threshold = Some(threshold);
        self
    }

    pub(crate) fn negated(mut self) -> Self {
        self.grader.negate = !self.grader.negate;
        self
    }

    fn suite(&self) -> Suite {
        let mut suite = suite(vec![self.case.clone()], vec![self.grader.clone()]);
        if let Some(tools) = &self.tools {
            let kind = TargetKind::Model { model: "a/b".into(), pack: None, oracle: false };
            let params = Map::from_iter([("tools".to_owned(), tools.clone())]);
            suite.targets = vec![Target { name: "t".into(), kind, prompt: None, params, only: Vec::new() }];
        }
        suite
    }

    pub(crate) fn answer(&self, answer: &Answer) -> Grade {
        let suite = self.suite();
        let material = Material::new(None, Err("no sandbox".to_owned()), &self.project, &self.folder);
        let (prepared, _) = Prepared::new(&suite, &material);
        let bench = Bench { models: &self.script, prepared: &prepared, tags: vec!["suite:s".into()], labels: &no_labels, timeout_ms: None };
        wait(grade_all(&suite.cases[0], answer, &bench, self.context)).remove(0)
    }

    pub(crate) fn calls(&self) -> Vec<crate::ModelCall> {
        self.script.calls()
    }
}

pub(crate) fn verdict_of(criterion: &Criterion, answer: &Answer) -> Verdict {
    Trial::new(criterion).answer(answer).verdict
}

pub(crate) fn grade_of(criterion: &Criterion, reference: &str, text: &str) -> Grade {
    Trial::new(criterion).reference(reference).answer(&answer(text))
}

fn check(criterion: &Criterion, reference: &str, text: &str, verdict: Verdict) {
    let grade = grade_of(criterion, reference, text);
    let shown: String = text.chars().take(200).collect();
    assert_eq!(grade.verdict, verdict, "{criterion:?} on {shown}: {}", grade.why);
    assert_eq!(grade.score.is_none(), verdict == Verdict::Unscored, "{grade:?}");
}

pub(crate) fn passes(criterion: &Criterion, reference: &str, text: &str) {
    check(criterion, reference, text, Verdict::Pass);
}

pub(crate) fn fails(criterion: &Criterion, reference: &str, text: &str) {
    check(criterion, reference, text, Verdict::Fail);
}

pub(crate) fn unscored(criterion: &Criterion, reference: &str, text: &str) {
    check(criterion, reference, text, Verdict::Unscored);
}
