//! What the record of a failed cell proves, without another call.

use super::Cause;
use crate::grader::{Bench, grade_by, right_answers, settle};
use crate::{Answer, Case, Criterion, FaultClass, Grade, Grader, Outcome, Role, Row, Suite, Target, Verdict};
use serde_json::Value;

/// Something that was wrong with a cell. Whether it alone explains the failure is told by `is_final`; else an experiment confirms it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deficit {
    /// The cause that it points to.
    pub cause: Cause,
    /// What shows it.
    pub proof: String,
    /// The unit, grader or parameter that it is about.
    pub about: Option<String>,
    /// Whether the record alone decides: the failure cannot be anything else's.
    pub is_final: bool,
}

impl Deficit {
    fn new(cause: Cause, proof: impl Into<String>) -> Self {
        Self { cause, proof: proof.into(), about: None, is_final: false }
    }

    fn about(mut self, what: impl Into<String>) -> Self {
        self.about = Some(what.into());
        self
    }

    const fn decisive(mut self) -> Self {
        self.is_final = true;
        self
    }
}

/// The graders of a case under a suite.
pub(crate) fn graders_of<'a>(suite: &'a Suite, case: &'a Case) -> Vec<Grader> {
    suite.graders.iter().chain(&case.graders).filter(|grader| grader.applies(case)).cloned().collect()
}

/// All that the record shows of a row that did not pass, the cheapest to mend first. Grades answers again where that is free.
pub async fn deficits(suite: &Suite, case: &Case, target: &Target, row: &Row, bench: &Bench<'_>) -> Vec<Deficit> {
    let mut found = Vec::new();
    found.extend(of_fault(row));
    found.extend(of_grader(suite, case, row, bench).await);
    if let Some(answer) = &row.answer {
        found.extend(of_limit(target, answer));
        found.extend(of_format(suite, case, row, answer, bench).await);
        found.extend(of_tools(case, target, row));
    }
    found.extend(of_constraint(suite, case, row));
    found.extend(of_context(row));
    found
}

/// Why there is no answer. A request that is refused for what it is, is no fault of who answers: it says so, and no more.
fn of_fault(row: &Row) -> Option<Deficit> {
    let fault = row.fault.as_ref()?;
    let cause = match (fault.class, fault.code.as_str()) {
        (FaultClass::Provider | FaultClass::Target, _) => Cause::Provider,
        (FaultClass::Request, "context_budget_exceeded") => Cause::Limit,
        (FaultClass::Request, "context_unit_not_found") => Cause::ContextMissing,
        (FaultClass::Request | FaultClass::Budget | FaultClass::Internal, _) => Cause::Undetermined,
    };
    Some(Deficit::new(cause, format!("there is no answer: {} ({})", fault.message, fault.code)).about(fault.code.clone()).decisive())
}

/// A grader that gave no verdict, or that fails the reference too.
async fn of_grader(suite: &Suite, case: &Case, row: &Row, bench: &Bench<'_>) -> Option<Deficit> {
    if row.outcome == Outcome::Unscored {
        let grade = row.grades.iter().find(|grade| grade.verdict == Verdict::Unscored)?;
        return Some(Deficit::new(Cause::Grader, format!("`{}` gave no verdict: {}", grade.grader, grade.why)).about(grade.grader.clone()).decisive());
    }
    let is_failed = |grader: &Grader| row.grades.iter().any(|grade| grade.grader == grader.name && grade.verdict == Verdict::Fail);
    for grader in graders_of(suite, case).iter().filter(|grader| judges_text(&grader.criterion) && is_failed(grader)) {
        if let Some(why) = fails_what_is_right(grader, case, bench).await {
            let proof = format!("the reference itself does not pass `{}`: {why}", grader.name);
            return Some(Deficit::new(Cause::Grader, proof).about(grader.name.clone()).decisive());
        }
    }
    None
}

/// What a grader says against everything that is right by the case or by its own word; none where one of that passes, or nothing is known to be
/// right.
async fn fails_what_is_right(grader: &Grader, case: &Case, bench: &Bench<'_>) -> Option<String> {
    let mut said = None;
    for right in right_answers(grader, case) {
        let answer = Answer { text: right, finish: Some("stop".to_owned()), ..Answer::default() };
        let grades = grade_by(case, &answer, bench, None, &|other| other.name == grader.name).await;
        said = Some(grades.into_iter().find(|grade| grade.verdict != Verdict::Pass)?.why);
    }
    said
}

/// Whether a criterion judges a text by itself, so that the reference can be put in the answer's place.
pub(super) const fn judges_text(criterion: &Criterion) -> bool {
    matches!(
        criterion,
        Criterion::Exact { .. }
            | Criterion::Contains { .. }
            | Criterion::StartsWith { .. }
            | Criterion::Regex { .. }
            | Criterion::Number { .. }
            | Criterion::Json { .. }
            | Criterion::JsonSchema { .. }
            | Criterion::EditSimilarity { .. }
            | Criterion::Table { .. }
    )
}

fn of_limit(target: &Target, answer: &Answer) -> Option<Deficit> {
    let finish = answer.finish.as_deref()?;
    match finish {
        "length" => {
            let limit = ["max_tokens", "max_completion_tokens", "max_output_tokens"].iter().find_map(|name| Some((*name, target.params.get(*name)?)));
            let told = limit.map_or_else(|| "the model's own limit".to_owned(), |(name, value)| format!("{name} {value}"));
            let tokens = answer.tokens_out.map_or(String::new(), |tokens| format!(" after {tokens} tokens"));
            Some(Deficit::new(Cause::Limit, format!("the answer was cut{tokens} by {told}")).about(told))
        }
        "content_filter" | "refusal" | "safety" => Some(Deficit::new(Cause::Refusal, format!("the answer ended with `{finish}`")).about(finish).decisive()),
        _ => None,
    }
}

/// The right value in the wrong wrapper: it passes once fences, quotation marks or words around it are taken away.
async fn of_format(suite: &Suite, case: &Case, row: &Row, answer: &Answer, bench: &Bench<'_>) -> Option<Deficit> {
    let graders: Vec<Grader> = graders_of(suite, case).into_iter().filter(|grader| judges_text(&grader.criterion)).collect();
    if graders.is_empty() || answer.finish.as_deref() == Some("length") {
        return None;
    }
    unwrapped(case, answer, &row.grades, bench).await?;
    let schema = graders.iter().find(|grader| matches!(grader.criterion, Criterion::JsonSchema { .. } | Criterion::Json { .. }));
    let about = schema.map_or_else(|| "the answer's wrapper".to_owned(), |grader| grader.name.clone());
    Some(Deficit::new(Cause::Format, "the answer passes once the words, fences or marks around it are taken away").about(about))
}

/// The grades of a failed answer with what is wrapped around it taken away; none where it does not pass so, where it was cut, or where what
/// failed cannot be judged again by the text alone.
pub(crate) async fn unwrapped(case: &Case, answer: &Answer, grades: &[Grade], bench: &Bench<'_>) -> Option<Vec<Grade>> {
    let is_free = |name: &str| bench.prepared.of(case).any(|ready| ready.grader.name == name && judges_text(&ready.grader.criterion));
    let failed = grades.iter().filter(|grade| grade.weight > 0.0 && grade.verdict == Verdict::Fail);
    if answer.finish.as_deref() == Some("length") || !failed.clone().all(|grade| is_free(&grade.grader)) {
        return None;
    }
    for repaired in repairs(&answer.text) {
        let answer = Answer { text: repaired, ..answer.clone() };
        let again = grade_by(case, &answer, bench, None, &|grader| judges_text(&grader.criterion)).await;
        let kept = grades.iter().filter(|grade| !is_free(&grade.grader)).cloned();
        let all: Vec<Grade> = again.into_iter().chain(kept).collect();
        if settle(&all).0 == Outcome::Passed {
            return Some(all);
        }
    }
    None
}

/// Mechanical repairs of an answer: what stands in fences, the JSON in it, the text without marks around it.
fn repairs(text: &str) -> Vec<String> {
    let trimmed = text.trim();
    let mut found = Vec::new();
    if let Some((_, rest)) = trimmed.split_once("```") {
        let body = rest.split_once('\n').map_or(rest, |(_, body)| body);
        found.push(body.split("```").next().unwrap_or_default().trim().to_owned());
    }
    for (open, close) in [('{', '}'), ('[', ']')] {
        if let (Some(from), Some(to)) = (trimmed.find(open), trimmed.rfind(close))
            && from < to
        {
            found.push(trimmed[from..=to].to_owned());
        }
    }
    found.push(trimmed.trim_matches(|c: char| c == '"' || c == '\'' || c == '`' || c == '*' || c == '.').trim().to_owned());
    if let Some((_, after)) = trimmed.rsplit_once(':') {
        found.push(after.trim().trim_end_matches('.').to_owned());
    }
    found.retain(|repaired| !repaired.is_empty() && repaired != text);
    found.dedup();
    found
}

fn of_constraint(suite: &Suite, case: &Case, row: &Row) -> Option<Deficit> {
    let graders = graders_of(suite, case);
    let broken = row.grades.iter().find(|grade| {
        grade.verdict == Verdict::Fail && graders.iter().any(|grader| grader.name == grade.grader && matches!(grader.criterion, Criterion::Constraint { .. }))
    })?;
    let others_fail = row.grades.iter().any(|grade| grade.weight > 0.0 && grade.verdict == Verdict::Fail && grade.grader != broken.grader);
    let deficit = Deficit::new(Cause::Constraint, format!("`{}` does not hold: {}", broken.grader, broken.why)).about(broken.grader.clone());
    Some(if others_fail { deficit } else { deficit.decisive() })
}

/// Tools that failed in the conversation, or that the case needs and that were not offered.
fn of_tools(case: &Case, target: &Target, row: &Row) -> Option<Deficit> {
    if let crate::Input::Messages(turns) = &case.input
        && let Some(failed) = turns.iter().find(|turn| turn.role == Role::Tool && is_error(&turn.content))
    {
        let id = failed.tool_call_id.clone().unwrap_or_default();
        return Some(Deficit::new(Cause::Tool, format!("the result of tool call `{id}` is an error: {}", first_line(&failed.content))).about(id));
    }
    let offered: Vec<&str> =
        target.params.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(|tool| tool["function"]["name"].as_str()).collect();
    let graders = case.graders.iter();
    let wanted = graders.filter_map(|grader| if let Criterion::ToolCalls { calls, .. } = &grader.criterion { Some(calls) } else { None });
    let missing = wanted.flatten().filter_map(|call| call["name"].as_str()).find(|name| !offered.contains(name));
    let name = missing.filter(|_| row.outcome == Outcome::Failed)?;
    Some(Deficit::new(Cause::Tool, format!("the tool `{name}` is needed and was not offered")).about(name).decisive())
}

/// Whether a tool's result says that it failed.
fn is_error(result: &str) -> bool {
    let text = result.trim();
    let as_json =
        serde_json::from_str::<Value>(text).ok().is_some_and(|value| value.get("error").is_some_and(|error| !error.is_null()) || value["is_error"] == true);
    as_json || text.is_empty() || text.to_lowercase().starts_with("error")
}

fn first_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or("nothing").chars().take(120).collect()
}

/// Needed units that were not in the context, or were out of date in it.
fn of_context(row: &Row) -> Vec<Deficit> {
    let Some(context) = &row.context else { return Vec::new() };
    let missing = context
        .missing
        .iter()
        .map(|(unit, why)| Deficit::new(Cause::ContextMissing, format!("`{unit}` is needed and was not in the context: {why}")).about(unit.clone()));
    let stale = context.units.iter().filter_map(|unit| {
        let standing = unit.standing.as_ref()?;
        Some(Deficit::new(Cause::ContextStale, format!("`{}` was in the context and is {standing}", unit.unit)).about(unit.unit.clone()))
    });
    missing.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_come_off() {
        let check = |text: &str, expected: &str| assert!(repairs(text).iter().any(|repaired| repaired == expected), "{text}: {:?}", repairs(text));
        check("Here you are:\n```json\n{\"a\":1}\n```\nBye", "{\"a\":1}");
        check("The answer is {\"a\": [1]} as asked.", "{\"a\": [1]}");
        check("**30 days**", "30 days");
        check("Answer: 30 days.", "30 days");
        assert!(repairs("30 days").is_empty(), "{:?}", repairs("30 days"));
    }

    #[test]
    fn results_that_are_errors() {
        for text in ["", "Error: no such order", r#"{"error": {"code": 5}}"#, r#"{"is_error": true}"#] {
            assert!(is_error(text), "{text}");
        }
        for text in ["no error", r#"{"error": null, "days": 3}"#, "{}"] {
            assert!(!is_error(text), "{text}");
        }
    }
}
