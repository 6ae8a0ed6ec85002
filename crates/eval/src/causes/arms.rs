//! The changes that experiments try: one factor at a time, or all but one.

use super::record::judges_text;
use super::{Cause, Deficit};
use crate::cell::Treatment;
use crate::environment::Change;
use crate::{Case, Criterion, Grader, Input, Role, Row, Suite, Target, TargetKind, Turn, Verdict};
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

/// The factors that apply to a failed row, the cheapest first. What nothing points to is tried too where it can be. `changed` are the units of
/// the row's context that have another text now.
#[must_use]
pub fn factors(suite: &Suite, case: &Case, target: &Target, row: &Row, deficits: &[Deficit], changed: &[String]) -> Vec<Factor> {
    let mut found = Vec::new();
    found.extend(limit(target, row));
    found.extend(schema(suite, case, target, row).or_else(|| unwrapped(suite, case, row)));
    found.extend(constraint(deficits));
    found.extend(insert(case, target, row));
    found.extend(fresh(changed));
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

/// The units of the context as they are now, where they have changed since the call: what is as it was cannot be tried fresher.
fn fresh(changed: &[String]) -> Option<Factor> {
    (!changed.is_empty()).then(|| {
        let (names, are) = (changed.join(", "), if changed.len() > 1 { "they are" } else { "it is" });
        factor(Cause::ContextStale, format!("with {names} as {are} now"), Treatment { is_fresh: true, ..Treatment::default() })
    })
}

/// Without what is not needed, where other units were in the context. What is needed stays as far as it was there: what was missing is another
/// factor's.
fn alone(case: &Case, target: &Target, row: &Row) -> Option<Factor> {
    let is_model = matches!(&target.kind, TargetKind::Model { .. });
    let units = &row.context.as_ref().filter(|_| is_model && !case.needs.is_empty())?.units;
    units.iter().any(|unit| !case.needs.contains(&unit.unit)).then(|| {
        let had = case.needs.iter().filter(|need| units.iter().any(|unit| unit.unit == **need && unit.view == "full"));
        let change = Change { insert: had.cloned().collect(), only_inserted: true, ..Change::default() };
        factor(Cause::ContextDistracting, "without the units that are not needed", Treatment { change, ..Treatment::default() })
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

/// Raises a limit once more.
pub(super) fn raise(factor: &mut Factor) {
    for (name, value) in &mut factor.treatment.params {
        let more = value.as_u64().unwrap_or_default().saturating_mul(LIMIT_TIMES);
        *value = json!(more);
        factor.what = format!("with {name} {more}");
    }
}

/// The schema that the answer must satisfy and does not, asked of the provider where the target does not ask for it.
fn schema(suite: &Suite, case: &Case, target: &Target, row: &Row) -> Option<Factor> {
    let is_unmet = |grader: &&Grader| row.grades.iter().any(|grade| grade.grader == grader.name && grade.verdict == Verdict::Fail);
    let mut unmet = suite.graders.iter().chain(&case.graders).filter(is_unmet);
    let schema = unmet.find_map(|grader| if let Criterion::JsonSchema { schema, .. } = &grader.criterion { schema.clone() } else { None })?;
    (!target.params.contains_key("response_format")).then(|| {
        let mut treatment = Treatment::default();
        treatment.params.insert("response_format".to_owned(), json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema } }));
        factor(Cause::Format, "with the schema asked of the provider", treatment)
    })
}

/// The answer graded without what is wrapped around it, where a grader that judges the whole of it is not met.
fn unwrapped(suite: &Suite, case: &Case, row: &Row) -> Option<Factor> {
    let is_failed = |grader: &Grader| row.grades.iter().any(|grade| grade.grader == grader.name && grade.verdict == Verdict::Fail);
    let mut graders = suite.graders.iter().chain(&case.graders);
    let judges_whole = graders.any(|grader| judges_text(&grader.criterion) && !matches!(grader.criterion, Criterion::Contains { .. }) && is_failed(grader));
    judges_whole.then(|| factor(Cause::Format, "graded without fences, marks or words around it", Treatment { is_unwrapped: true, ..Treatment::default() }))
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
        all.is_unwrapped |= one.is_unwrapped;
        all.params.extend(one.params.clone());
        all.before.extend(one.before.iter().cloned());
        all.tool_results.extend(one.tool_results.iter().cloned());
        all.model = all.model.or_else(|| one.model.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Answer, Cell, Grade, Outcome};
    use jeton_context::{Digest, Place};
    use jeton_core::Timestamp;
    use serde_json::Map;

    fn failed(grader: &str) -> Row {
        let cell = Cell { case: "c".to_owned(), target: "t".to_owned(), repeat: 0 };
        Row {
            launch: 0,
            cell,
            cluster: "c".to_owned(),
            tags: Vec::new(),
            outcome: Outcome::Failed,
            score: Some(0.0),
            weight: 1.0,
            answer: Some(Answer { text: "blue".to_owned(), ..Answer::default() }),
            fault: None,
            grades: vec![Grade::new(grader, Verdict::Fail, "no JSON")],
            context: None,
            cost: None,
            request: Digest::default(),
            is_cached: false,
            at: Timestamp(0),
        }
    }

    #[test]
    fn a_schema_that_is_not_met_is_asked_of_the_provider_once() {
        let place = Place::line("evals/s.toml", 1);
        let mut suite = Suite::new("s", place.clone());
        suite.graders = vec![Grader::new("shape", Criterion::JsonSchema { schema: Some(json!({ "type": "object" })), unit: None, embedded: false })];
        let case = Case::new("c", Input::Text("Which color?".to_owned()), place);
        let kind = TargetKind::Model { model: "a/b".to_owned(), pack: None, oracle: false };
        let mut target = Target { name: "t".to_owned(), kind, prompt: None, params: Map::new(), only: Vec::new() };
        let causes = |target: &Target, row: &Row| factors(&suite, &case, target, row, &[], &[]).iter().map(|factor| factor.cause).collect::<Vec<_>>();
        assert_eq!(causes(&target, &failed("shape")), [Cause::Format]);
        assert_eq!(causes(&target, &failed("another")), [], "the schema is met");
        target.params.insert("response_format".to_owned(), json!({ "type": "json_object" }));
        let found = factors(&suite, &case, &target, &failed("shape"), &[], &[]);
        assert!(found.len() == 1 && found[0].treatment.is_unwrapped && found[0].treatment.params.is_empty(), "a form is asked for already: {found:?}");
    }

    #[test]
    fn a_limit_is_raised_by_the_same_times_again() {
        let mut treatment = Treatment::default();
        treatment.params.insert("max_tokens".to_owned(), json!(8));
        let mut limit = factor(Cause::Limit, "with max_tokens 8", treatment);
        raise(&mut limit);
        assert_eq!((limit.what.as_str(), &limit.treatment.params["max_tokens"]), ("with max_tokens 32", &json!(32)));
    }

    #[test]
    fn what_has_not_changed_cannot_be_tried_fresher() {
        assert_eq!(fresh(&[]), None);
        let found = fresh(&["doc:a".to_owned(), "doc:b".to_owned()]).unwrap();
        assert_eq!((found.cause, found.treatment.is_fresh, found.what.as_str()), (Cause::ContextStale, true, "with doc:a, doc:b as they are now"));
    }
}
