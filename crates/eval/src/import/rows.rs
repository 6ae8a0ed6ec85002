//! Rows of data: test cases of promptfoo's, Inspect's and OpenAI's data sets, and what else has a question and an answer.

use super::{Found, Importer, Recording, promptfoo};
use crate::read::case::{self, Defaults};
use crate::read::rows::{self, Row, Rows};
use crate::{Answer, Case, Criterion, Grader, Prompt, Role, Suite, Turn};
use serde_json::{Map, Value};

/// Longer references are not looked for word for word.
const CONTAINED_CHARS_MAX: usize = 200;

pub(super) fn import(importer: &Importer<'_>, text: &str) -> Option<Found> {
    if let Some(found) = promptfoo::tests_alone(importer, text) {
        return Some(found);
    }
    let Rows { rows, dialect } = rows::parse(&importer.path, text, importer.report);
    if importer.report.has_errors() {
        return None;
    }
    let mut suite = Suite::new(importer.suite_name(), importer.place());
    let (vars, mut recordings) = (Map::new(), Vec::new());
    let defaults = Defaults { vars: &vars, graders: &[] };
    for row in &rows {
        let number = suite.cases.len() + 1;
        let Some(case) = row.source.table("", importer.report).and_then(|table| case::case(&table, &defaults, number)) else { continue };
        recordings.extend(recording(row, &case));
        suite.cases.push(case);
    }
    let choices = with_choices(&mut suite);
    suite.graders.extend(grader(importer, &suite.cases, choices));
    Some(Found { format: dialect.unwrap_or("Jeton"), suite, recordings })
}

/// The answer that a row holds.
fn recording(row: &Row, case: &Case) -> Option<Recording> {
    let text = match row.output.as_ref()? {
        Value::String(text) => text.clone(),
        // OpenAI's hosted evals keep a sample with its text.
        other => other.get("output_text").and_then(Value::as_str).map_or_else(|| other.to_string(), str::to_owned),
    };
    let answer = Answer { text, ..Answer::default() };
    Some(Recording { case: case.id.clone(), target: None, repeat: 0, answer, scores: Vec::new() })
}

/// The prompt that shows the choices of every case as letters, where all have some.
pub(super) fn with_choices(suite: &mut Suite) -> bool {
    let has_choices = |case: &Case| case.vars.get("choices").and_then(Value::as_array).is_some_and(|choices| (1..=26).contains(&choices.len()));
    if suite.cases.is_empty() || !suite.cases.iter().all(has_choices) {
        return false;
    }
    for case in &mut suite.cases {
        let choices = case.vars.get("choices").and_then(Value::as_array).cloned().unwrap_or_default();
        let lettered = |(letter, choice): (char, &Value)| format!("{letter}) {}", choice.as_str().map_or_else(|| choice.to_string(), str::to_owned));
        case.vars.insert("lettered".to_owned(), ('A'..='Z').zip(&choices).map(lettered).collect::<Vec<_>>().join("\n").into());
        case.reference = case.reference.take().map(|reference| letter(reference, &choices));
    }
    let system = Turn::new(Role::System, "Answer with the letter of the right choice, and nothing else.");
    suite.prompts.insert("choices".to_owned(), Prompt { before: vec![system], user: Some("{{input}}\n\n{{lettered}}".to_owned()) });
    true
}

/// The letter of a choice that is given by its text or its number; else the reference as it is.
fn letter(reference: Value, choices: &[Value]) -> Value {
    let at = choices.iter().position(|choice| *choice == reference).or_else(|| reference.as_u64().and_then(|at| usize::try_from(at).ok()));
    at.and_then(|at| ('A'..='Z').nth(at)).map_or(reference, |letter| letter.to_string().into())
}

/// A grader for data that brings none: the letter of a choice, equal JSON, or a text that is contained.
pub(super) fn grader(importer: &Importer<'_>, cases: &[Case], choices: bool) -> Option<Grader> {
    let references: Vec<&Value> = cases.iter().filter_map(|case| case.reference.as_ref()).collect();
    if references.len() < cases.len() || cases.is_empty() || cases.iter().any(|case| !case.graders.is_empty()) {
        return None;
    }
    let criterion = if choices {
        Criterion::Exact { value: None, ignore_case: true, verbatim: false }
    } else if references.iter().any(|reference| reference.is_object()) {
        Criterion::Json { value: None, at: None, subset: false }
    } else if cases.iter().flat_map(Case::references).all(|text| text.chars().count() <= CONTAINED_CHARS_MAX) {
        Criterion::Contains { values: Vec::new(), any: true, ignore_case: true }
    } else {
        Criterion::Rouge { value: None, n: 1, f1: false }
    };
    let kind = match &criterion {
        Criterion::Exact { .. } => "exact",
        Criterion::Json { .. } => "json",
        Criterion::Contains { .. } => "contains",
        _ => "rouge",
    };
    let message = format!("the data has no grader; `{kind}` with the reference is written");
    importer.report.add(
        "grader-guessed",
        jeton_context::Severity::Note,
        importer.place(),
        message,
        "See whether it says what is right, and write the grader that does.",
    );
    Some(Grader::new(kind, criterion))
}
