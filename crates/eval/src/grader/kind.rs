//! What is known of a criterion by its kind alone.

use super::ready::{Means, Ready};
use super::{quotation, values};
use crate::{Case, Criterion, Grader, template};
use serde_json::Value;

/// The kind's word, as suites write it.
pub(crate) const fn name(criterion: &Criterion) -> &'static str {
    match criterion {
        Criterion::Exact { .. } => "exact",
        Criterion::Contains { .. } => "contains",
        Criterion::StartsWith { .. } => "starts-with",
        Criterion::Regex { .. } => "regex",
        Criterion::Number { .. } => "number",
        Criterion::Json { .. } => "json",
        Criterion::JsonSchema { .. } => "json-schema",
        Criterion::EditSimilarity { .. } => "edit-similarity",
        Criterion::EmbeddingSimilarity { .. } => "embedding-similarity",
        Criterion::Rouge { .. } => "rouge",
        Criterion::Bleu { .. } => "bleu",
        Criterion::Table { .. } => "table",
        Criterion::Sql { .. } => "sql",
        Criterion::Program { .. } => "program",
        Criterion::ToolCalls { .. } => "tool-calls",
        Criterion::Quotation { .. } => "quotation",
        Criterion::Constraint { .. } => "constraint",
        Criterion::Latency { .. } => "latency",
        Criterion::Cost { .. } => "cost",
        Criterion::Length { .. } => "length",
        Criterion::Refusal {} => "refusal",
        Criterion::Judge { .. } => "judge",
        Criterion::Human { .. } => "human",
        Criterion::All { .. } => "all",
        Criterion::Any { .. } => "any",
    }
}

/// How many calls of models one judgement makes.
pub(crate) fn calls(criterion: &Criterion) -> u64 {
    match criterion {
        Criterion::EmbeddingSimilarity { .. } => 1,
        Criterion::Judge { samples, pairwise, .. } => u64::from(*samples) * if *pairwise { 2 } else { 1 },
        Criterion::All { of } | Criterion::Any { of } => of.iter().map(|grader| calls(&grader.criterion)).sum(),
        _ => 0,
    }
}

/// How many calls of models one judgement of a probe makes: a judge is asked for one sample.
pub(crate) fn probe_calls(criterion: &Criterion) -> u64 {
    match criterion {
        Criterion::Judge { pairwise, .. } => 1 + u64::from(*pairwise),
        Criterion::All { of } | Criterion::Any { of } => of.iter().map(|grader| probe_calls(&grader.criterion)).sum(),
        other => calls(other),
    }
}

/// Whether any of the criteria, or of those within, is like this.
pub(crate) fn any_of(criterion: &Criterion, is: &impl Fn(&Criterion) -> bool) -> bool {
    match criterion {
        Criterion::All { of } | Criterion::Any { of } => of.iter().any(|grader| any_of(&grader.criterion, is)),
        other => is(other),
    }
}

/// Whether the answer's words in another order are, by design, another answer for it. Programs are taken to look at no order: what they do is
/// not known.
pub(crate) fn is_ordered(criterion: &Criterion) -> bool {
    let is = |criterion: &Criterion| match criterion {
        Criterion::Rouge { n, .. } => *n > 1,
        Criterion::Table { ordered, .. } => *ordered,
        Criterion::Exact { .. }
        | Criterion::StartsWith { .. }
        | Criterion::Json { .. }
        | Criterion::EditSimilarity { .. }
        | Criterion::Bleu { .. }
        | Criterion::Sql { .. } => true,
        _ => false,
    };
    any_of(criterion, &is)
}

/// Whether the criterion compares with something of the case itself, so that another case's right answer should not do. `is_own`: the grader is
/// written in the case.
pub(crate) fn is_of_case(criterion: &Criterion, is_own: bool) -> bool {
    let varies = |text: &Option<String>| text.as_ref().is_none_or(|text| template::is_template(text)) || is_own;
    let is = |criterion: &Criterion| match criterion {
        Criterion::Exact { value, .. }
        | Criterion::StartsWith { value, .. }
        | Criterion::EditSimilarity { value, .. }
        | Criterion::EmbeddingSimilarity { value, .. }
        | Criterion::Rouge { value, .. }
        | Criterion::Bleu { value }
        | Criterion::Table { value, .. }
        | Criterion::Sql { value, .. } => varies(value),
        Criterion::Contains { values, .. } => is_own || values.is_empty() || values.iter().any(|value| template::is_template(value)),
        Criterion::Regex { pattern } => is_own || template::is_template(pattern),
        Criterion::Number { value, .. } => is_own || value.is_none(),
        Criterion::Json { value, .. } => is_own || value.as_ref().is_none_or(|value| value.as_str().is_some_and(template::is_template)),
        Criterion::Judge { shows_reference, pairwise, .. } => *shows_reference || *pairwise,
        _ => false,
    };
    any_of(criterion, &is)
}

/// Whether the criterion takes the case's references as what is right.
pub(crate) fn takes_reference(criterion: &Criterion) -> bool {
    any_of(criterion, &has_no_value)
}

/// Whether the criterion cannot judge a case without a reference. Of several as one this is not said: another may judge it.
pub(crate) fn needs_reference(criterion: &Criterion) -> bool {
    has_no_value(criterion) || matches!(criterion, Criterion::Judge { shows_reference, pairwise, .. } if *shows_reference || *pairwise)
}

/// Whether a criterion that compares has nothing of its own to compare with.
fn has_no_value(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Exact { value, .. }
        | Criterion::StartsWith { value, .. }
        | Criterion::EditSimilarity { value, .. }
        | Criterion::EmbeddingSimilarity { value, .. }
        | Criterion::Rouge { value, .. }
        | Criterion::Bleu { value }
        | Criterion::Table { value, .. }
        | Criterion::Sql { value, .. } => value.is_none(),
        Criterion::Number { value, .. } => value.is_none(),
        Criterion::Json { value, .. } => value.is_none(),
        Criterion::Contains { values, .. } => values.is_empty(),
        _ => false,
    }
}

/// What would be right for a grader in a case: each of the references; the whole list, where the grader reads a list as one value; or what the
/// grader itself wants, where the case has no reference. Empty where nothing says what is right.
#[must_use]
pub fn right_answers(grader: &Grader, case: &Case) -> Vec<String> {
    let is_whole = matches!(grader.criterion, Criterion::Json { value: None, .. } | Criterion::Table { value: None, .. });
    match &case.reference {
        Some(list @ Value::Array(items)) if is_whole && items.iter().any(|item| !item.is_string()) => vec![list.to_string()],
        // What a negated grader names is what must not be.
        _ if case.references().is_empty() && grader.negate => Vec::new(),
        _ if case.references().is_empty() => own_value(&grader.criterion, case).into_iter().collect(),
        _ => case.references(),
    }
}

/// A right answer by the grader's own word, where the case has no reference.
fn own_value(criterion: &Criterion, case: &Case) -> Option<String> {
    let filled = |text: &str| values::fill(text, case).ok().map(std::borrow::Cow::into_owned);
    match criterion {
        Criterion::Exact { value: Some(value), .. }
        | Criterion::StartsWith { value: Some(value), .. }
        | Criterion::EditSimilarity { value: Some(value), .. }
        | Criterion::EmbeddingSimilarity { value: Some(value), .. }
        | Criterion::Rouge { value: Some(value), .. }
        | Criterion::Bleu { value: Some(value) }
        | Criterion::Table { value: Some(value), .. }
        | Criterion::Sql { value: Some(value), .. } => filled(value),
        Criterion::Contains { values, .. } if !values.is_empty() => {
            values.iter().map(|value| filled(value)).collect::<Option<Vec<_>>>().map(|all| all.join(" "))
        }
        Criterion::Number { value: Some(value), .. } => Some(value.to_string()),
        Criterion::Json { value: Some(value), at: None, .. } => values::fill_value(value, case).ok().map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        }),
        _ => None,
    }
}

/// Whether passages are looked up in the call's context, which no test knows.
pub(crate) fn needs_context(ready: &Ready<'_>) -> bool {
    match &ready.means {
        Means::Sources(sources) => sources.iter().any(|source| matches!(source, quotation::Source::Context)),
        Means::Members(members) => members.iter().any(needs_context),
        _ => false,
    }
}
