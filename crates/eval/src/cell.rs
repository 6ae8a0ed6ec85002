//! One cell: the context of a case, the call, the grades, the row.

use crate::environment::{Change, Environment, Wanted};
use crate::grader::{Bench, grade_all, settle};
use crate::run::Planned;
use crate::{Answer, CallFault, Case, ContextText, ContextUse, FaultClass, Input, ModelCall, Models, Outcome, Role, Row, Suite, Target, TargetKind, Turn};
use jeton_context::Digest;
use jeton_core::{Clock, Nanousd};
use serde_json::Value;
use std::collections::HashMap;

/// Gives the answers of commands, endpoints and earlier runs.
pub trait Targets: Send + Sync {
    /// The answer of a command or an endpoint to the case as JSON.
    fn outside<'a>(&'a self, kind: &'a TargetKind, case: &'a Value, timeout_ms: Option<u64>) -> crate::Calling<'a, Answer>;
}

/// What an experiment asks beside the target's own settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Treatment {
    /// What is put in or left out of the context.
    pub change: Change,
    /// The model instead of the target's.
    pub model: Option<String>,
    /// Parameters that are set instead of the target's.
    pub params: serde_json::Map<String, Value>,
    /// Turns that are added before the question.
    pub before: Vec<Turn>,
    /// Results of tool calls by the call's id, in the place of those of the conversation.
    pub tool_results: Vec<(String, String)>,
    /// Whether units are given as they are now, whatever they were when the row was made.
    pub is_fresh: bool,
    /// Whether what fails is graded again with fences, marks and words around it taken away.
    pub is_unwrapped: bool,
}

/// Makes rows of cells. Shared by all of a run.
pub struct CellRunner<'a> {
    /// The suite.
    pub suite: &'a Suite,
    /// The chosen targets.
    pub targets: &'a [Target],
    /// Calls models.
    pub models: &'a dyn Models,
    /// Answers of what is no model.
    pub outside: &'a dyn Targets,
    /// The project's context.
    pub environment: &'a Environment,
    /// What graders need.
    pub bench: &'a Bench<'a>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Labels of every call: the suite and the run.
    pub tags: &'a [String],
    /// After which a call is given up, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Answers that need not be asked for: by the digest of the request.
    pub known: &'a HashMap<Digest, Answer>,
    /// Recorded answers by target, case and repeat.
    pub recorded: &'a HashMap<crate::Cell, Answer>,
}

/// What a cell is asked with.
struct Asking {
    request: Digest,
    context: Option<ContextUse>,
    text: Option<String>,
}

impl CellRunner<'_> {
    /// The row of a planned cell.
    pub async fn run(&self, planned: &Planned) -> Row {
        self.treated(planned, &Treatment::default()).await
    }

    /// The row of a cell under a treatment.
    pub async fn treated(&self, planned: &Planned, treatment: &Treatment) -> Row {
        let (case, target) = (&self.suite.cases[planned.case], &self.targets[planned.target]);
        let mut row = self.blank(planned, case);
        match self.answered(case, target, planned, treatment, &mut row).await {
            Ok((answer, asking)) => {
                row.grades = grade_all(case, &answer, self.bench, asking.text.as_deref()).await;
                (row.outcome, row.score) = settle(&row.grades);
                if treatment.is_unwrapped
                    && row.outcome == Outcome::Failed
                    && let Some(grades) = crate::causes::unwrapped(case, &answer, &row.grades, self.bench).await
                {
                    row.grades = grades;
                    (row.outcome, row.score) = settle(&row.grades);
                }
                row.cost = total(if row.is_cached { Some(Nanousd::ZERO) } else { answer.cost.or_else(|| free(target)) }, &row);
                (row.answer, row.context, row.request) = (Some(answer), asking.context, asking.request);
            }
            Err(fault) => {
                row.cost = if fault.call.is_some() { fault.cost } else { Some(Nanousd::ZERO) };
                row.fault = Some(fault);
            }
        }
        row.at = self.clock.now();
        row
    }

    fn blank(&self, planned: &Planned, case: &Case) -> Row {
        Row {
            launch: planned.launch,
            cell: planned.cell.clone(),
            cluster: case.cluster.clone(),
            tags: case.tags.clone(),
            outcome: Outcome::Error,
            score: None,
            weight: case.weight,
            answer: None,
            fault: None,
            grades: Vec::new(),
            context: None,
            cost: None,
            request: Digest::default(),
            is_cached: false,
            at: self.clock.now(),
        }
    }

    async fn answered(&self, case: &Case, target: &Target, planned: &Planned, treatment: &Treatment, row: &mut Row) -> Result<(Answer, Asking), CallFault> {
        let kind = &target.kind;
        match kind {
            TargetKind::Model { .. } => self.modelled(case, target, treatment, row).await,
            TargetKind::Recorded { .. } => {
                let answer = self
                    .recorded
                    .get(&planned.cell)
                    .cloned()
                    .ok_or_else(|| fault(FaultClass::Target, "not_recorded", format!("the recorded run has no answer to case `{}`", case.id)))?;
                row.is_cached = true;
                Ok((answer, Asking { request: Digest::default(), context: None, text: None }))
            }
            TargetKind::Command { .. } | TargetKind::Http { .. } => {
                let document = as_json(case);
                let request = Digest::of_parts(&[target.name.as_bytes(), document.to_string().as_bytes()]);
                let answer = self.outside.outside(kind, &document, self.timeout_ms).await?;
                Ok((answer, Asking { request, context: None, text: None }))
            }
        }
    }

    /// The context that a case gets under a target and a treatment, without a call; none where the target has no pack, or is no model.
    ///
    /// # Errors
    /// Where the pack is not known, or what must be in does not fit or is not there.
    pub async fn context(&self, case: &Case, target: &Target, treatment: &Treatment) -> Result<Option<(ContextText, ContextUse)>, CallFault> {
        let TargetKind::Model { model, pack, oracle } = &target.kind else { return Ok(None) };
        let mut change = treatment.change.clone();
        if *oracle {
            change.insert.extend(case.needs.iter().filter(|need| !change.leave_out.contains(need)).cloned());
        }
        let wanted = Wanted {
            pack: pack.as_deref(),
            question: case.input.last_text(),
            model: treatment.model.as_ref().unwrap_or(model),
            class: case.class.as_deref().or(self.suite.class.as_deref()),
            needs: &case.needs,
            change: &change,
        };
        self.environment.context_aside(&wanted).await
    }

    async fn modelled(&self, case: &Case, target: &Target, treatment: &Treatment, row: &mut Row) -> Result<(Answer, Asking), CallFault> {
        let TargetKind::Model { model, .. } = &target.kind else {
            return Err(fault(FaultClass::Internal, "no_model", "the target is no model".to_owned()));
        };
        let model = treatment.model.as_ref().unwrap_or(model);
        let (text, used) = self.context(case, target, treatment).await?.unzip();
        row.context.clone_from(&used);
        let mut call = self.call(case, target, model, text)?;
        call.params.extend(treatment.params.clone());
        for turn in &mut call.turns {
            let right = treatment.tool_results.iter().find(|(id, _)| turn.tool_call_id.as_ref() == Some(id));
            turn.content = right.filter(|_| turn.role == Role::Tool).map_or_else(|| turn.content.clone(), |(_, result)| result.clone());
        }
        let last = call.turns.len().saturating_sub(1);
        call.turns.splice(last..last, treatment.before.iter().cloned());
        let request = digest(&call, planned_repeat(row));
        row.request = request;
        let shown = call.context.as_ref().map(|context| context.segments.iter().map(|(text, _)| text.as_str()).collect::<String>());
        if let Some(known) = self.known.get(&request) {
            row.is_cached = true;
            return Ok((known.clone(), Asking { request, context: used, text: shown }));
        }
        let answer = self.converse(case, target, call).await?;
        Ok((answer, Asking { request, context: used, text: shown }))
    }

    fn call(&self, case: &Case, target: &Target, model: &str, context: Option<ContextText>) -> Result<ModelCall, CallFault> {
        let turns = crate::prompt::turns(self.suite, target, case).map_err(|why| fault(FaultClass::Request, "prompt", why))?;
        let mut tags = self.tags.to_vec();
        tags.push(format!("case:{}", case.id));
        Ok(ModelCall {
            model: model.to_owned(),
            turns,
            context,
            params: target.params.clone(),
            class: case.class.clone().or_else(|| self.suite.class.clone()),
            tags,
            timeout_ms: self.timeout_ms,
        })
    }

    /// Asks once; a dialogue turn by turn, with the answers so far. Figures of all turns are summed.
    async fn converse(&self, case: &Case, target: &Target, mut call: ModelCall) -> Result<Answer, CallFault> {
        let mut whole = self.models.call(call.clone()).await?;
        for nth in 1.. {
            let Some(say) = crate::prompt::next(self.suite, target, case, nth).map_err(|why| fault(FaultClass::Request, "prompt", why))? else { break };
            call.turns.push(Turn::new(Role::Assistant, whole.text.clone()));
            call.turns.push(say);
            whole = joined(whole, self.models.call(call.clone()).await?);
        }
        Ok(whole)
    }
}

/// A later answer of a dialogue with the figures of those before.
fn joined(before: Answer, mut answer: Answer) -> Answer {
    let sum = |a: Option<u64>, b: Option<u64>| Some(a?.saturating_add(b?));
    answer.tools.splice(0..0, before.tools);
    answer.cost = before.cost.zip(answer.cost).map(|(a, b)| a.saturating_add(b));
    answer.tokens_in = sum(before.tokens_in, answer.tokens_in);
    answer.tokens_out = sum(before.tokens_out, answer.tokens_out);
    answer.latency_us = answer.latency_us.saturating_add(before.latency_us);
    answer.tries = answer.tries.saturating_add(before.tries);
    answer
}

const fn planned_repeat(row: &Row) -> u32 {
    row.cell.repeat
}

/// The digest of all that decides an answer. Repeats are different requests: an answer of one is never taken for another.
fn digest(call: &ModelCall, repeat: u32) -> Digest {
    let turns = serde_json::to_vec(&call.turns).unwrap_or_default();
    let params = serde_json::to_vec(&call.params).unwrap_or_default();
    let context = call.context.as_ref().map_or(Vec::new(), |context| {
        let mut bytes: Vec<u8> = context.segments.iter().flat_map(|(text, _)| text.bytes()).collect();
        bytes.push(u8::from(context.in_user_turn));
        bytes
    });
    Digest::of_parts(&[call.model.as_bytes(), &turns, &params, &context, &repeat.to_le_bytes()])
}

/// A case as commands and endpoints get it.
fn as_json(case: &Case) -> Value {
    serde_json::json!({ "id": case.id, "input": match &case.input {
        Input::Text(text) => Value::from(text.as_str()),
        Input::Messages(turns) => serde_json::to_value(turns).unwrap_or_default(),
        Input::Dialogue(says) => Value::from(says.clone()),
    }, "vars": case.vars, "files": case.files })
}

/// What is no model's answer costs nothing that Jeton knows of.
fn free(target: &Target) -> Option<Nanousd> {
    (!matches!(target.kind, TargetKind::Model { .. })).then_some(Nanousd::ZERO)
}

/// The answer's cost with that of its graders; unknown where any of it is.
fn total(answer: Option<Nanousd>, row: &Row) -> Option<Nanousd> {
    row.grades.iter().filter(|grade| !grade.calls.is_empty()).try_fold(answer?, |sum, grade| Some(sum.saturating_add(grade.cost?)))
}

pub(crate) fn fault(class: FaultClass, code: &str, message: String) -> CallFault {
    CallFault { class, code: code.to_owned(), message, status: None, call: None, cost: None }
}
