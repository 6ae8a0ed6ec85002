//! Graders: what is said of an answer, and what a case comes to.
//!
//! ```text
//! Material ─▶ Prepared (compiled once, all mistakes told) ─▶ selftest (before any model is paid)
//!                 └─▶ Bench ─▶ grade(case, answer, graders, context) ─▶ grades ─▶ settle ─▶ outcome, score
//! ```
//! They fail closed: whatever cannot be judged is unscored, never a pass. Each family has a file of its own.

mod check;
mod compound;
mod constraint;
mod json;
mod judge;
mod kind;
mod material;
mod measure;
mod number;
mod program;
mod quotation;
mod ready;
mod said;
pub mod selftest;
mod settle;
mod similarity;
mod sql;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod text;
mod tools;
mod values;

pub(crate) use kind::needs_reference;
pub use kind::right_answers;
pub(crate) use kind::{calls as calls_of, is_of_case, takes_reference};
pub use material::Material;
pub use ready::Prepared;
pub use settle::settle;
pub use values::fill;

use crate::{Answer, Case, Criterion, Grade, Grader, Models, Transform, transform};
use jeton_context::constraint::Subject;
use ready::{Means, Ready};
use said::{Judged, Said, finish};
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use values::Sample;

/// A person's word on an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// From 0 to 1.
    pub score: f64,
    /// Whether it was found right; none: the score says so, from 0.5 on.
    pub passes: Option<bool>,
    /// Why, where it was said.
    pub why: String,
    /// Whose word it is.
    pub by: String,
}

/// Gives people's labels: by the case, the grader's name, what a person is asked, and the answer that was judged.
pub type Labels = dyn Fn(&Case, &str, &str, &Answer) -> Option<Label> + Send + Sync;

/// All that grading an answer needs. Shared by all cases of a run.
pub struct Bench<'a> {
    /// Calls the models of judges and embeddings.
    pub models: &'a dyn Models,
    /// The suite's graders, compiled.
    pub prepared: &'a Prepared<'a>,
    /// Labels of every call in the ledger: the suite and the run.
    pub tags: Vec<String>,
    /// People's labels.
    pub labels: &'a Labels,
    /// After which a judge's call is given up, in milliseconds.
    pub timeout_ms: Option<u64>,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("tags", &self.tags).finish_non_exhaustive()
    }
}

impl<'a> Bench<'a> {
    /// A bench without labels of people or of the ledger, and with the judges' own time.
    #[must_use]
    pub fn new(models: &'a dyn Models, prepared: &'a Prepared<'a>) -> Self {
        Self { models, prepared, tags: Vec::new(), labels: &no_labels, timeout_ms: None }
    }

    /// The labels of a call made for a case.
    fn tags(&self, case: &Case) -> Vec<String> {
        self.tags.iter().cloned().chain([format!("case:{}", case.id)]).collect()
    }
}

/// No labels: what people are to judge stays unscored.
#[must_use]
pub fn no_labels(_: &Case, _: &str, _: &str, _: &Answer) -> Option<Label> {
    None
}

/// The grades of an answer by all graders that judge the case, the suite's and its own, in this order. `context` is what the call was given,
/// for quotations; none where that is not known.
pub async fn grade_all(case: &Case, answer: &Answer, bench: &Bench<'_>, context: Option<&str>) -> Vec<Grade> {
    grade_by(case, answer, bench, context, &|_| true).await
}

/// The same by those alone that `is_wanted`.
pub async fn grade_by(case: &Case, answer: &Answer, bench: &Bench<'_>, context: Option<&str>, is_wanted: &(dyn Fn(&Grader) -> bool + Sync)) -> Vec<Grade> {
    let mut grades = Vec::new();
    for ready in bench.prepared.of(case).filter(|ready| is_wanted(&ready.grader)) {
        grades.push(one(ready, case, answer, bench, context).await);
    }
    grades
}

/// The grade of one grader.
async fn one(ready: &Ready<'_>, case: &Case, answer: &Answer, bench: &Bench<'_>, context: Option<&str>) -> Grade {
    match changed(&ready.grader.transform, &answer.text) {
        Ok(text) => judged(ready, Sample { case, answer, text, context, is_probe: false }, bench).await,
        // What the answer lacks is not there to be judged, negated or not.
        Err(why) => finish(&Grader { negate: false, ..ready.grader.clone() }, Ok(Said::fail(why))),
    }
}

fn changed<'t>(transforms: &[Transform], text: &'t str) -> Result<Cow<'t, str>, String> {
    if transforms.is_empty() { Ok(Cow::Borrowed(text)) } else { transform::apply(transforms, text).map(Cow::Owned) }
}

/// The grade of what an answer is after the grader's changes.
fn judged<'f>(ready: &'f Ready<'_>, sample: Sample<'f>, bench: &'f Bench<'_>) -> Pin<Box<dyn Future<Output = Grade> + Send + 'f>> {
    Box::pin(async move {
        let judged = match &ready.means {
            Means::Broken(why) => Err(why.clone()),
            _ => match free(ready, &sample, bench) {
                Some(judged) => judged,
                None => slow(ready, &sample, bench).await,
            },
        };
        finish(&ready.grader, judged)
    })
}

/// What needs neither a model, a person, a process nor a database; none for all else.
fn free(ready: &Ready<'_>, sample: &Sample<'_>, bench: &Bench<'_>) -> Option<Judged> {
    Some(match (&ready.grader.criterion, &ready.means) {
        (Criterion::Exact { value, ignore_case, verbatim }, _) => text::exact(sample, value.as_deref(), *ignore_case, *verbatim),
        (Criterion::Contains { values, any, ignore_case }, _) => text::contains(sample, values, *any, *ignore_case),
        (Criterion::StartsWith { value, ignore_case, verbatim }, _) => text::starts_with(sample, value.as_deref(), *ignore_case, *verbatim),
        (Criterion::Regex { .. }, Means::Pattern(pattern)) => text::matches(sample, pattern),
        (Criterion::Regex { pattern }, _) => values::fill(pattern, sample.case).and_then(|filled| text::matches(sample, &text::compile(&filled)?)),
        (Criterion::Number { value, absolute, relative, last }, _) => number::number(sample, *value, *absolute, *relative, *last),
        (Criterion::Json { value, at, subset }, _) => json::json(sample, value.as_ref(), at.as_deref(), *subset),
        (Criterion::JsonSchema { embedded, .. }, Means::Schema(schema)) => json::json_schema(sample, schema, *embedded),
        (Criterion::EditSimilarity { value, ignore_case, distance_max, verbatim }, _) => {
            similarity::edit(sample, value.as_deref(), *ignore_case, *distance_max, *verbatim)
        }
        (Criterion::Rouge { value, n, f1 }, _) => similarity::rouge(sample, value.as_deref(), *n, *f1),
        (Criterion::Bleu { value }, _) => similarity::bleu(sample, value.as_deref()),
        (Criterion::Table { value, ordered, tolerance }, _) => table::table(sample, value.as_deref(), *ordered, *tolerance),
        (Criterion::ToolCalls { calls, ordered, exact, schema }, _) => {
            let asked = tools::Asked { calls, ordered: *ordered, exact: *exact, schema: *schema };
            tools::tool_calls(sample, &asked, bench.prepared.offered())
        }
        (Criterion::Quotation { at_least, min_words, .. }, Means::Sources(sources)) => quotation::quotation(sample, sources, *at_least, *min_words),
        (Criterion::Constraint { .. }, Means::Constraint(check)) => Ok(constraint::said(check.run(Subject::Output { text: &sample.text }))),
        (Criterion::Latency { at_most_ms }, _) => measure::latency(sample, *at_most_ms),
        (Criterion::Cost { at_most }, _) => measure::cost(sample, *at_most),
        (Criterion::Length { unit, at_least, at_most }, _) => measure::length(sample, unit, *at_least, *at_most),
        (Criterion::Refusal {}, _) => measure::refusal(sample),
        (Criterion::Human { question }, _) => human(sample, &ready.grader, question, bench),
        _ => return None,
    })
}

/// What waits for a model, a process or a database.
async fn slow(ready: &Ready<'_>, sample: &Sample<'_>, bench: &Bench<'_>) -> Judged {
    match (&ready.grader.criterion, &ready.means) {
        (Criterion::EmbeddingSimilarity { value, model }, _) => similarity::embedding(sample, value.as_deref(), model, bench).await,
        (Criterion::Sql { value, setup, ordered }, means) => sql::sql(sample, value.as_deref(), setup, *ordered, means).await,
        (Criterion::Program { command, timeout_ms, .. }, Means::Sandbox(sandbox, files)) => {
            program::program(sample, command, files, *timeout_ms, sandbox).await
        }
        (Criterion::Constraint { .. }, Means::Command(sandbox, rule)) => constraint::command(sample, sandbox, rule).await,
        (Criterion::Judge { model, rubric, samples, shows_reference, pairwise, choices }, _) => {
            // A probe is plain: one sample tells.
            let samples = if sample.is_probe { 1 } else { *samples };
            let asked = judge::Asked { model, rubric, samples, shows_reference: *shows_reference, choices };
            let threshold = ready.grader.threshold;
            if *pairwise { judge::pairwise(sample, &asked, threshold, bench).await } else { judge::judge(sample, &asked, threshold, bench).await }
        }
        (Criterion::All { .. }, Means::Members(members)) => Ok(compound::all(sample, members, ready.grader.threshold, bench).await),
        (Criterion::Any { .. }, Means::Members(members)) => Ok(compound::any(sample, members, bench).await),
        _ => Err("the grader was not prepared".to_owned()),
    }
}

/// Who was asked what, and said what: queues tell by it what waits for a person, and labels that come later are joined by it,
/// and taken over where question, input and answer are the same.
fn human(sample: &Sample<'_>, grader: &Grader, question: &str, bench: &Bench<'_>) -> Judged {
    let question = values::fill(question, sample.case)?.into_owned();
    let mut raw = serde_json::json!({ "kind": "human", "question": question, "input": sample.case.input.digest() });
    if grader.negate {
        raw["negate"] = true.into();
    }
    let Some(label) = (bench.labels)(sample.case, &grader.name, &question, sample.answer) else {
        return Ok(Said::unscored("nobody has judged it yet").told(raw));
    };
    if !(0.0..=1.0).contains(&label.score) {
        return Err("the label's score is not between 0 and 1".to_owned());
    }
    (raw["by"], raw["score"], raw["passes"], raw["why"]) = (label.by.as_str().into(), label.score.into(), label.passes.into(), label.why.as_str().into());
    let why = if label.why.is_empty() { format!("judged by {}", label.by) } else { format!("{}: {}", label.by, label.why) };
    Ok(match label.passes {
        Some(passes) => Said::met(passes, why).partly(label.score),
        None => Said::score(label.score, 0.5, why),
    }
    .told(raw))
}

#[cfg(test)]
mod tests;
