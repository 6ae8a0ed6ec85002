//! `generationConfig`.

use super::Context;
use crate::Endpoint;
use crate::canonical::encode::{
    NO_SAMPLERS, drop_sampling, drop_sampling_because, effort_of_budget, effort_within, stop_path, tell_bare_schema, thinks, within,
};
use crate::canonical::loss::Loss;
use crate::canonical::request::{Asked, Effort, Reasoning, Request, ResponseFormat};
use crate::canonical::writer::Writer;
use jeton_core::Samplers;

/// Stop texts that the API takes.
const STOPS_MAX: usize = 5;

/// Budgets of thinking tokens for grades, after the table in "OpenAI compatibility" of Google's documentation; what is above `high`
/// thinks as much as the models can.
const BUDGETS: [(Effort, u64); 7] = [
    (Effort::None, 0),
    (Effort::Minimal, 1024),
    (Effort::Low, 1024),
    (Effort::Medium, 8192),
    (Effort::High, 24_576),
    (Effort::XHigh, 24_576),
    (Effort::Max, 24_576),
];

pub(super) fn write_config(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) {
    let Context { request, target, .. } = context;
    let mut config = Writer::with_capacity(256);
    config.object(|w| {
        write_sampling(w, context, loss);
        w.member_of("maxOutputTokens", request.output_limit.or(target.sets_limit.then_some(target.output_limit)));
        write_stop(w, request, loss);
        w.member_of("candidateCount", request.choices.as_ref().map(|choices| choices.value).filter(|&count| count > 1));
        if let Some(logprobs) = &request.logprobs {
            w.member("responseLogprobs", &true);
            w.member_of("logprobs", Some(logprobs.value).filter(|&count| count > 0));
        }
        write_format(w, request, loss);
        write_thinking(w, context, loss);
    });
    let config = config.into_bytes();
    if let (true, Ok(config)) = (config.len() > 2, std::str::from_utf8(&config)) {
        w.member_raw("generationConfig", config);
    }
}

fn write_sampling(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) {
    let sampling = &context.request.sampling;
    if context.target.takes.samplers == Samplers::None {
        drop_sampling_because(sampling, &["frequency_penalty", "presence_penalty", "seed", "logit_bias"], NO_SAMPLERS, loss);
    } else {
        if let Some(temperature) = &sampling.temperature {
            w.member("temperature", &within(temperature, 2.0, &sampling.path("temperature"), loss));
        }
        w.member_of("topP", sampling.top_p.as_ref());
        w.member_of("topK", sampling.top_k.as_ref());
    }
    drop_sampling(sampling, &["temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed"], loss);
    w.member_of("frequencyPenalty", sampling.frequency_penalty.as_ref());
    w.member_of("presencePenalty", sampling.presence_penalty.as_ref());
    w.member_of("seed", sampling.seed.as_ref());
}

/// Case 50.
fn write_stop(w: &mut Writer, request: &Request, loss: &mut Loss) {
    let stop = &request.stop;
    if stop.len() > STOPS_MAX {
        loss.approximated(stop_path(request), "five stop texts are taken there, the first five");
    }
    if !stop.is_empty() {
        w.member("stopSequences", &stop[..stop.len().min(STOPS_MAX)]);
    }
}

/// A schema has no name, and always holds.
fn write_format(w: &mut Writer, request: &Request, loss: &mut Loss) {
    let Some(format) = &request.response_format else { return };
    w.member("responseMimeType", "application/json");
    if let ResponseFormat::JsonSchema { name, description, schema, strict } = format {
        tell_bare_schema(name, description.as_deref(), *strict, request, loss);
        w.member("responseJsonSchema", schema);
    }
}

/// What the model is told about thinking.
enum Thinking {
    /// Nothing.
    Unsaid,
    Budget(i64),
    Level(&'static str),
}

/// Case 49: a level for the models that are graded, else a budget.
fn write_thinking(w: &mut Writer, context: &Context<'_>, loss: &mut Loss) {
    let Reasoning { effort, budget_tokens, is_adaptive, is_shown, summary, is_encrypted: _ } = &context.request.reasoning;
    if let Some(summary) = summary.as_ref().filter(|summary| summary.value != "auto") {
        loss.approximated(summary.path, "how reasoning is summed up cannot be chosen");
    }
    let path = effort.as_ref().filter(|effort| effort.value != Effort::None).map(|effort| effort.path).or(budget_tokens.as_ref().map(|budget| budget.path));
    let is_asked = effort.is_some() || budget_tokens.is_some() || *is_adaptive || *is_shown;
    if !is_asked || !thinks(path, context.target, loss) {
        return;
    }
    let told = match (effort, budget_tokens) {
        _ if context.is_graded() => level(effort.as_ref(), budget_tokens.as_ref(), context, loss),
        (_, Some(budget)) => budget_within(budget, context, loss),
        (Some(effort), None) => budget_of(effort, context, loss),
        // It decides by itself where nothing is said; the word for it is -1.
        (None, None) if *is_adaptive => Thinking::Budget(-1),
        (None, None) => Thinking::Unsaid,
    };
    if matches!(told, Thinking::Unsaid) && !is_shown {
        return;
    }
    w.member_object("thinkingConfig", |w| {
        match told {
            Thinking::Unsaid => {}
            Thinking::Budget(tokens) => w.member("thinkingBudget", &tokens),
            Thinking::Level(word) => w.member("thinkingLevel", word),
        }
        if *is_shown {
            w.member("includeThoughts", &true);
        }
    });
}

/// The largest budget that all models of that generation take.
const BUDGET_MAX: u64 = 24_576;

fn budget_within(budget: &Asked<u64>, context: &Context<'_>, loss: &mut Loss) -> Thinking {
    let is_own = context.request.endpoint == Endpoint::Generate;
    let tokens = if is_own { budget.value } else { budget.value.min(BUDGET_MAX) };
    if tokens != budget.value {
        loss.approximated(budget.path, format!("the largest budget that every model takes there is {BUDGET_MAX}"));
    }
    Thinking::Budget(i64::try_from(tokens).unwrap_or(i64::MAX))
}

fn budget_of(effort: &Asked<Effort>, context: &Context<'_>, loss: &mut Loss) -> Thinking {
    let wished = effort_within(effort, context.target, loss);
    let tokens = BUDGETS.iter().find(|(grade, _)| *grade == wished).map_or(0, |(_, tokens)| *tokens);
    if wished != Effort::None {
        loss.approximated(effort.path, "a budget of thinking tokens stands for the grade");
    }
    Thinking::Budget(i64::try_from(tokens).unwrap_or(i64::MAX))
}

fn level(effort: Option<&Asked<Effort>>, budget: Option<&Asked<u64>>, context: &Context<'_>, loss: &mut Loss) -> Thinking {
    let wished = match (budget, effort) {
        // They take one of the two, and a budget still.
        (Some(budget), _) if context.target.takes.thinking_budget => return Thinking::Budget(i64::try_from(budget.value).unwrap_or(i64::MAX)),
        (Some(budget), _) => {
            loss.approximated(budget.path, "a level stands for the budget");
            effort_of_budget(budget.value, context.request.output_limit.unwrap_or(context.target.output_limit))
        }
        (None, Some(effort)) => effort_within(effort, context.target, loss),
        (None, None) => return Thinking::Unsaid,
    };
    Thinking::Level(match wished {
        // It always thinks a little, says its vendor of the lowest level.
        Effort::None | Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High | Effort::XHigh | Effort::Max => "high",
    })
}
