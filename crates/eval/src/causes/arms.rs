//! The changes that experiments try: one factor at a time, or all but one.

use super::{Cause, Deficit};
use crate::cell::Treatment;
use crate::environment::Change;
use crate::{Case, Criterion, Input, Role, Row, Suite, Target, TargetKind, Turn};
use serde_json::{Value, json};

/// One thing that can be made right about the environment of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// The cause that it mends.
    pub cause: Cause,
    /// What is done, for people.
    pub what: String,
    /// The change.
    pub treatment: Treatment,
}

/// How much longer an answer may be where a limit is lifted.
const LIMIT_TIMES: u64 = 4;

/// The factors that apply to a failed row, the cheapest first. What nothing points to is tried too where it can be.
#[must_use]
pub fn factors(suite: &Suite, case: &Case, target: &Target, row: &Row, deficits: &[Deficit]) -> Vec<Factor> {
    let mut found = Vec::new();
    found.extend(limit(target, row));
    found.extend(schema(suite, case, deficits));
    found.extend(constraint(deficits));
    found.extend(insert(case, target, row));
    found.extend(fresh(row, deficits));
    found.extend(tools(case));
    found.extend(alone(case, target, row));
    found
}

fn factor(cause: Cause, what: impl Into<String>, treatment: Treatment) -> Factor {
    Factor { cause, what: what.into(), treatment }
}

/// The needed units, whole, beside everything that was chosen.
fn insert(case: &Case, target: &Target, row: &Row) -> Option<Factor> {
    let is_model = matches!(&target.kind, TargetKind::Model { .. });
    let lacking = row
        .context
        .as_ref()
        .is_none_or(|context| !context.missing.is_empty() || context.units.iter().any(|unit| case.needs.contains(&unit.unit) && unit.view != "full"));
    (is_model && !case.needs.is_empty() && lacking).then(|| {
        let change = Change { insert: case.needs.clone(), ..Change::default() };
        factor(Cause::ContextMissing, format!("with {}", case.needs.join(", ")), Treatment { change, ..Treatment::default() })
    })
}

/// The needed units as they are now, where they have changed since the call, or are not what their source says.
fn fresh(row: &Row, deficits: &[Deficit]) -> Option<Factor> {
    let stale: Vec<&str> = deficits.iter().filter(|deficit| deficit.cause == Cause::ContextStale).filter_map(|deficit| deficit.about.as_deref()).collect();
    let then: Vec<(String, jeton_context::Digest)> = row
        .context
        .iter()
        .flat_map(|context| &context.units)
        .filter(|unit| stale.contains(&unit.unit.as_str()))
        .map(|unit| (unit.unit.clone(), unit.digest))
        .collect();
    (!then.is_empty()).then(|| {
        let names: Vec<&str> = then.iter().map(|(unit, _)| unit.as_str()).collect();
        let what = format!("with {} as it is now", names.join(", "));
        factor(Cause::ContextStale, what, Treatment { is_fresh: true, ..Treatment::default() })
    })
}

/// Nothing but what is needed, where other units were in the context.
fn alone(case: &Case, target: &Target, row: &Row) -> Option<Factor> {
    let others = row.context.as_ref().is_some_and(|context| context.units.iter().any(|unit| !case.needs.contains(&unit.unit)));
    let is_model = matches!(&target.kind, TargetKind::Model { .. });
    (is_model && others && !case.needs.is_empty()).then(|| {
        let change = Change { insert: case.needs.clone(), only_inserted: true, ..Change::default() };
        factor(Cause::ContextDistracting, "with the needed units alone", Treatment { change, ..Treatment::default() })
    })
}

fn limit(target: &Target, row: &Row) -> Option<Factor> {
    let name = ["max_tokens", "max_completion_tokens", "max_output_tokens"].into_iter().find(|name| target.params.contains_key(*name));
    let is_cut = row.answer.as_ref().is_some_and(|answer| answer.finish.as_deref() == Some("length"));
    if name.is_none() && !is_cut {
        return None;
    }
    let name = name.unwrap_or("max_tokens");
    let before = target.params.get(name).and_then(Value::as_u64).or(row.answer.as_ref().and_then(|answer| answer.tokens_out)).unwrap_or(1_024);
    let mut treatment = Treatment::default();
    treatment.params.insert(name.to_owned(), json!(before.saturating_mul(LIMIT_TIMES)));
    Some(factor(Cause::Limit, format!("with {name} {}", before.saturating_mul(LIMIT_TIMES)), treatment))
}

/// The schema that the answer must satisfy, asked of the provider.
fn schema(suite: &Suite, case: &Case, deficits: &[Deficit]) -> Option<Factor> {
    let is_pointed_to = deficits.iter().any(|deficit| deficit.cause == Cause::Format);
    let graders = suite.graders.iter().chain(&case.graders);
    let schema = graders
        .filter_map(|grader| if let Criterion::JsonSchema { schema: Some(schema), .. } = &grader.criterion { Some(schema.clone()) } else { None })
        .next();
    schema.filter(|_| is_pointed_to).map(|schema| {
        let mut treatment = Treatment::default();
        treatment.params.insert("response_format".to_owned(), json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema } }));
        factor(Cause::Format, "with the schema asked of the provider", treatment)
    })
}

/// The broken rule said once more, right before the question.
fn constraint(deficits: &[Deficit]) -> Option<Factor> {
    let broken = deficits.iter().find(|deficit| deficit.cause == Cause::Constraint)?;
    let before = vec![Turn::new(Role::System, format!("This rule must hold for your answer. {}", broken.proof))];
    Some(factor(Cause::Constraint, "with the broken rule said before the question", Treatment { before, ..Treatment::default() }))
}

/// The tool results that the case knows to be right, in the place of those it had: `vars.tool_results` by the id of the tool call.
fn tools(case: &Case) -> Option<Factor> {
    let Input::Messages(turns) = &case.input else { return None };
    let right = case.vars.get("tool_results")?.as_object()?;
    let differs = |turn: &&Turn| {
        let known = turn.tool_call_id.as_ref().and_then(|id| right.get(id));
        turn.role == Role::Tool && known.is_some_and(|known| text(known) != turn.content)
    };
    turns.iter().find(differs)?;
    let results = right.iter().map(|(id, result)| (id.clone(), text(result))).collect();
    Some(factor(Cause::Tool, "with the right tool results", Treatment { tool_results: results, ..Treatment::default() }))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Several factors at once.
#[must_use]
pub(super) fn together(factors: &[&Factor]) -> Treatment {
    let mut all = Treatment::default();
    for factor in factors {
        let one = &factor.treatment;
        all.change.insert.extend(one.change.insert.iter().filter(|unit| !all.change.insert.contains(unit)).cloned().collect::<Vec<_>>());
        all.change.leave_out.extend(one.change.leave_out.iter().cloned());
        all.change.only_inserted |= one.change.only_inserted;
        all.is_fresh |= one.is_fresh;
        all.params.extend(one.params.clone());
        all.before.extend(one.before.iter().cloned());
        all.tool_results.extend(one.tool_results.iter().cloned());
        all.model = all.model.or_else(|| one.model.clone());
    }
    all
}
