//! The settings of a Converse request.

use super::Context;
use super::maker::Maker;
use crate::canonical::encode::{
    NO_SAMPLERS, adaptive_path, drop_sampling, drop_sampling_because, effort_of_budget, effort_within, graded, schema_path, stop_path, thinks, within,
};
use crate::canonical::exact;
use crate::canonical::loss::Loss;
use crate::canonical::request::{Asked, Effort, Reasoning, Request, ResponseFormat, Sampling, ServiceTier};
use crate::canonical::schema::{HELD, held};
use crate::canonical::writer::Writer;
use jeton_core::Samplers;
use serde_json::{Map, Number, Value, json};

/// `inferenceConfig`: the settings that all makers' models take. What only some take goes to `more`.
pub(super) fn write_inference(w: &mut Writer, context: &Context<'_>, is_thinking: bool, more: &mut Map<String, Value>, loss: &mut Loss) {
    let Context { request, target, .. } = context;
    let limit = request.output_limit.or(target.sets_limit.then_some(target.output_limit));
    let (stop, blank): (Vec<&String>, Vec<&String>) = request.stop.iter().partition(|text| !text.trim().is_empty());
    if !blank.is_empty() {
        loss.dropped(stop_path(request), "a stop text of white space alone is refused there");
    }
    let (temperature, top_p) = samplers(context, is_thinking, more, loss);
    if limit.is_none() && temperature.is_none() && top_p.is_none() && stop.is_empty() {
        return;
    }
    w.member_object("inferenceConfig", |w| {
        w.member_of("maxTokens", limit);
        w.member_of("temperature", temperature);
        w.member_of("topP", top_p);
        if !stop.is_empty() {
            w.member("stopSequences", &stop);
        }
    });
}

/// Temperature and `topP`, both between 0 and 1 there; how many tokens are drawn from is the makers' own.
fn samplers(context: &Context<'_>, is_thinking: bool, more: &mut Map<String, Value>, loss: &mut Loss) -> (Option<Number>, Option<Number>) {
    let Context { request, target, maker, .. } = context;
    let sampling = &request.sampling;
    if is_thinking {
        // Case 49: a model that thinks takes none of them.
        let is_usual = sampling.temperature.as_ref().is_some_and(|number| number.as_f64() == Some(1.0));
        let keeps: &[&str] = if is_usual { &["temperature"] } else { &[] };
        drop_sampling_because(sampling, keeps, "a model that thinks does not take it", loss);
        return (None, None);
    }
    if target.takes.samplers == Samplers::None {
        drop_sampling_because(sampling, &[], NO_SAMPLERS, loss);
        return (None, None);
    }
    drop_sampling(sampling, &["temperature", "top_p", "top_k"], loss);
    write_top_k(*maker, sampling, more, loss);
    let temperature = sampling.temperature.as_ref().map(|number| within(number, 1.0, &sampling.path("temperature"), loss));
    let top_p = sampling.top_p.as_ref().map(|number| within(number, 1.0, &sampling.path("top_p"), loss));
    if *maker == Maker::Anthropic && target.takes.samplers != Samplers::Both && temperature.is_some() && top_p.is_some() {
        loss.dropped(sampling.path("top_p"), "it may not stand beside a temperature");
        return (temperature, None);
    }
    (temperature, top_p)
}

/// By the names that the makers have for it ("Inference request parameters and response fields", Amazon Bedrock User Guide).
fn write_top_k(maker: Maker, sampling: &Sampling, more: &mut Map<String, Value>, loss: &mut Loss) {
    let Some(top_k) = &sampling.top_k else { return };
    match maker {
        Maker::Anthropic => drop(more.insert("top_k".into(), top_k.clone().into())),
        Maker::Nova => drop(more.insert("inferenceConfig".into(), json!({ "topK": top_k }))),
        Maker::Other | Maker::Unknown => loss.dropped(sampling.path("top_k"), "the dialect has no such setting for this model"),
    }
}

/// What Claude at Bedrock knows of what is not settled yet ("Anthropic Claude Messages API, request and response", `anthropic_beta`, in the
/// Amazon Bedrock User Guide). Any other name is an `invalid beta flag`.
const BETAS: [&str; 11] = [
    "computer-use-2024-10-22",
    "computer-use-2025-01-24",
    "token-efficient-tools-2025-02-19",
    "interleaved-thinking-2025-05-14",
    "output-128k-2025-02-19",
    "dev-full-thinking-2025-05-14",
    "context-1m-2025-08-07",
    "context-management-2025-06-27",
    "effort-2025-11-24",
    "tool-search-tool-2025-10-19",
    "tool-examples-2025-10-29",
];

/// Case 52: what the caller asks for by a header stands in the body. Models that take no budget for thinking take no such names either
/// (https://github.com/anthropics/claude-code/issues/49648).
pub(super) fn pass_betas(context: &Context<'_>, more: &mut Map<String, Value>, loss: &mut Loss) {
    let Context { target, maker, .. } = context;
    let takes_any = *maker == Maker::Anthropic && target.takes.thinking_budget;
    let (passed, dropped): (Vec<&String>, Vec<&String>) = target.betas.iter().partition(|beta| takes_any && BETAS.contains(&beta.as_str()));
    if let Some(beta) = dropped.first() {
        loss.dropped("anthropic-beta", format!("`{beta}` is not known there"));
    }
    if !passed.is_empty() {
        more.insert("anthropic_beta".into(), json!(passed));
    }
}

/// The grade of effort for models that are not Anthropic's: for Nova in a member of its own, for the others where the dialect has it.
pub(super) fn effort(context: &Context<'_>, more: &mut Map<String, Value>, loss: &mut Loss) -> Option<&'static str> {
    let Context { request, target, maker, .. } = context;
    let Reasoning { effort, budget_tokens, is_adaptive, is_shown, summary, is_encrypted: _ } = &request.reasoning;
    if let Some(summary) = summary.as_ref().filter(|summary| summary.value != "auto") {
        loss.approximated(summary.path, "how reasoning is summed up cannot be chosen");
    }
    let wished = match (effort, budget_tokens) {
        (Some(effort), _) if effort.value == Effort::None => {
            if *maker != Maker::Nova {
                loss.dropped(effort.path, "that a model is not to think cannot be said there");
            }
            return None;
        }
        (Some(effort), _) => Asked::new(effort_within(effort, target, loss), effort.path),
        (None, Some(budget)) => {
            loss.approximated(budget.path, "the model itself decides how much it thinks, at the grade nearest to the budget");
            Asked::new(graded(effort_of_budget(budget.value, request.output_limit.unwrap_or(target.output_limit)), target), budget.path)
        }
        (None, None) => {
            if *is_adaptive || *is_shown {
                loss.dropped(adaptive_path(request), "whether the model thinks is its own affair");
            }
            return None;
        }
    };
    if !thinks(Some(wished.path), target, loss) {
        return None;
    }
    let lowest = wished.value.max(Effort::Low);
    let grade = if *maker == Maker::Nova { lowest.min(Effort::High) } else { lowest };
    if grade != wished.value {
        loss.approximated(wished.path, format!("the nearest grade there is `{}`", grade.name()));
    }
    if *maker == Maker::Nova {
        more.insert("reasoningConfig".into(), json!({ "type": "enabled", "maxReasoningEffort": grade.name() }));
        return None;
    }
    Some(grade.name())
}

/// Case 50: which stop text was met is told on demand alone. A stream has it one step deeper.
pub(super) fn write_matched_stop(w: &mut Writer, request: &Request) {
    if request.stop.iter().all(|text| text.trim().is_empty()) {
        return;
    }
    let pointers: &[&str] = if request.stream { &["/stop_sequence", "/delta/stop_sequence"] } else { &["/stop_sequence"] };
    w.member("additionalModelResponseFieldPaths", pointers);
}

/// `outputConfig`: the grade of effort, and the schema of the answer, which is a text there.
pub(super) fn write_output(w: &mut Writer, effort: Option<&'static str>, request: &Request, loss: &mut Loss) {
    let format = match &request.response_format {
        Some(ResponseFormat::JsonSchema { name, description, schema, strict }) => {
            if !strict {
                loss.approximated(schema_path(request, "strict"), "a schema always holds strictly there");
            }
            let (schema, changed) = held(schema);
            if changed {
                loss.approximated(schema_path(request, "schema"), HELD);
            }
            Some((name, description, exact::text(&schema)))
        }
        _ => None,
    };
    if effort.is_none() && format.is_none() {
        return;
    }
    w.member_object("outputConfig", |w| {
        if let Some((name, description, schema)) = format {
            w.member_object("textFormat", |w| {
                w.member("type", "json_schema");
                w.member_object("structure", |w| {
                    w.member_object("jsonSchema", |w| {
                        w.member_text("schema", &schema);
                        w.member_of("name", Some(name).filter(|name| !name.is_empty()));
                        w.member_of("description", description.as_ref());
                    });
                });
            });
        }
        w.member_of("effort", effort);
    });
}

/// Case 53.
pub(super) fn write_tier(w: &mut Writer, tier: Option<&Asked<ServiceTier>>, loss: &mut Loss) {
    let Some(tier) = tier else { return };
    let word = match &tier.value {
        ServiceTier::Auto => return loss.dropped(tier.path, "that the provider chooses the tier cannot be said there"),
        ServiceTier::Standard => "default",
        ServiceTier::Other(word) if matches!(word.as_str(), "priority" | "flex" | "reserved") => word,
        ServiceTier::Other(word) => return loss.dropped(tier.path, format!("there is no tier `{word}`")),
    };
    w.member_object("serviceTier", |w| w.member("type", word));
}

/// Most labels of a call, and the longest of their names and values, in characters (`ConverseRequest.requestMetadata`).
const LABELS_MAX: usize = 16;
const LABEL_CHARS_MAX: usize = 256;

/// `requestMetadata`: labels of plain characters, which the logs can be searched by.
pub(super) fn write_metadata(w: &mut Writer, metadata: Option<&Asked<Map<String, Value>>>, loss: &mut Loss) {
    let Some(metadata) = metadata else { return };
    let fits =
        |text: &str| text.len() <= LABEL_CHARS_MAX && text.chars().all(|c| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || ":_@$#=/+,-.".contains(c));
    let mut labels = Vec::new();
    for (name, value) in &metadata.value {
        match value.as_str() {
            Some(value) if !name.is_empty() && fits(name) && fits(value) && labels.len() < LABELS_MAX => labels.push((name, value)),
            _ => loss.dropped(format!("{}.{name}", metadata.path), "such a label is refused there"),
        }
    }
    if !labels.is_empty() {
        w.member_object("requestMetadata", |w| labels.into_iter().for_each(|(name, value)| w.member(name, value)));
    }
}
