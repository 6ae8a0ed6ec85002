//! Settings of graders that nothing could be judged by.

use super::table;
use crate::{Criterion, Grader, template};
use jeton_context::{Finding, Place, Severity};
use serde_json::Value;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn error(&mut self, code: &'static str, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding::new(code, Severity::Error, place.clone(), message, remedy));
    }

    pub(crate) fn warn(&mut self, code: &'static str, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding::new(code, Severity::Warning, place.clone(), message, remedy));
    }

    /// How many errors there are.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }
}

/// Reports what is wrong with a grader's settings, its members apart.
pub(crate) fn settings(grader: &Grader, place: &Place, report: &mut Report) {
    let mut bad = |why: &str, remedy: &str| report.error("bad-value", place, format!("grader `{}`: {why}", grader.name), remedy);
    if !(grader.weight.is_finite() && grader.weight >= 0.0) {
        bad("its weight is no number from 0 on", "Write `weight = 1`, or 0 for what is told and decides nothing.");
    }
    if grader.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
        bad("its threshold is no number from 0 to 1", "Scores lie between 0 and 1.");
    }
    for (why, remedy) in faults(&grader.criterion) {
        bad(why, remedy);
    }
    if grader.threshold.is_some_and(|threshold| threshold <= 0.0) {
        let message = format!("grader `{}`: every score reaches a threshold of 0", grader.name);
        report.warn("always-passes", place, message, "Write a threshold above 0, or `weight = 0` for what decides nothing.");
    }
}

/// What is wrong with a criterion, each with its remedy.
fn faults(criterion: &Criterion) -> Vec<(&'static str, &'static str)> {
    let is_tolerance = |value: f64| value.is_finite() && value >= 0.0;
    let mut faults = Vec::new();
    let mut add = |is_wrong: bool, why, remedy| {
        if is_wrong {
            faults.push((why, remedy));
        }
    };
    match criterion {
        Criterion::Number { value, absolute, relative, .. } => {
            add(value.is_some_and(|value| !value.is_finite()), "the value is no finite number", "Write a number.");
            add(
                !is_tolerance(*absolute) || !is_tolerance(*relative),
                "a tolerance is no finite number from 0 on",
                "Write `absolute = 0.5` or `relative = 0.01`.",
            );
        }
        Criterion::Rouge { n, .. } => add(*n == 0, "`n` is 0", "Write how many words make a run: `n = 1`."),
        Criterion::Table { value, tolerance, .. } => {
            add(!is_tolerance(*tolerance), "the tolerance is no finite number from 0 on", "Write `tolerance = 0.001`.");
            let is_none = value.as_ref().is_some_and(|value| !template::is_template(value) && table::read(value).is_none());
            add(is_none, "the value is no table", "Write CSV, rows of JSON or a Markdown table.");
        }
        Criterion::EmbeddingSimilarity { model, .. } => add(model.trim().is_empty(), "there is no model", "Name an embeddings model."),
        Criterion::Program { command, timeout_ms, .. } => {
            add(command.is_empty(), "the command is empty", "Write the program and its arguments as a list.");
            add(*timeout_ms == 0, "its time is 0", "Write `timeout_ms = 10000`.");
        }
        Criterion::ToolCalls { calls, exact, schema, .. } => {
            let is_named = |call: &Value| call.as_str().or_else(|| call.get("name")?.as_str()).is_some_and(|name| !name.is_empty());
            add(!calls.iter().all(is_named), "a call has no name", "Write `{ name = \"…\", arguments = { … } }`.");
            add(
                calls.is_empty() && !exact && !schema,
                "nothing is asked of the tool calls",
                "Write `calls`, `schema = true`, or `exact = true` for none at all.",
            );
        }
        Criterion::Length { unit, at_least, at_most } => {
            add(
                !["words", "fields", "characters", "tokens"].contains(&unit.as_str()),
                "lengths are not measured so",
                "Write `words`, `fields`, `characters` or `tokens`.",
            );
            add(at_least.is_none() && at_most.is_none(), "the length has no bound", "Write `at_least`, `at_most` or both.");
            add(at_least.zip(*at_most).is_some_and(|(least, most)| least > most), "`at_least` is above `at_most`", "Exchange them.");
        }
        Criterion::Judge { model, rubric, samples, pairwise, choices, .. } => {
            add(model.trim().is_empty(), "there is no model that judges", "Name a model.");
            add(rubric.trim().is_empty(), "there is no rubric", "Say what the model judges by.");
            add(*samples == 0, "it asks for no sample", "Write `samples = 1`.");
            add(*pairwise && !choices.is_empty(), "`pairwise` and `choices` exclude each other", "Keep one of them.");
            add(choices.len() == 1, "one choice alone is no verdict", "Write at least two choices with their scores.");
            let is_double = choices.iter().enumerate().any(|(place, (name, _))| choices[..place].iter().any(|(known, _)| known == name));
            add(is_double || choices.iter().any(|(name, _)| name.trim().is_empty()), "a choice is empty or stands twice", "Give each a word of its own.");
            add(
                choices.iter().any(|(_, score)| !(0.0..=1.0).contains(score)),
                "a choice's score is no number from 0 to 1",
                "Write `choices = { A = 1, B = 0.5 }`.",
            );
        }
        Criterion::All { of } | Criterion::Any { of } => add(of.is_empty(), "there is no grader to put together", "Write a list of graders as `of`."),
        _ => {}
    }
    faults
}
