//! To whom a request is written: what the model takes, and how its provider wants it said. All of it is data.

use super::request::Effort;
use crate::Endpoint;
use jeton_core::Samplers;

/// The model that a request is written for.
#[derive(Clone, Debug)]
pub struct Target {
    /// The endpoint that it is asked through.
    pub endpoint: Endpoint,
    /// The provider's own name of it.
    pub model: String,
    /// The limit of output tokens that a request without one is given, where the dialect demands a limit (case 19): what the
    /// model can write, or what was put by for.
    pub output_limit: u64,
    /// The most tokens that the model writes, where that is known.
    pub output_most: Option<u64>,
    /// Whether the limit is set where the dialect demands none, too.
    pub sets_limit: bool,
    /// What the model and its provider take.
    pub takes: Takes,
    /// What is not settled yet of the caller's dialect and asked for by the header `anthropic-beta` (case 52): names, one each.
    pub betas: Vec<String>,
}

/// What a model and its provider take. The default is the vendor's own API and its current models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takes {
    /// Chat: whether the limit is called `max_completion_tokens`; else `max_tokens` (case 19).
    pub completion_limit: bool,
    /// Chat: the member of a message in which reasoning is given back (`reasoning_content`); none: it is not (case 18).
    pub reasoning_member: Option<String>,
    /// Whether tools with free-text input are known; else they are declared as functions with one text.
    pub custom_tools: bool,
    /// Whether the model grades its own thinking (Messages `adaptive`, Gemini's levels); else it is given a budget.
    pub adaptive_thinking: bool,
    /// Whether it takes a budget of thinking tokens.
    pub thinking_budget: bool,
    /// The lowest grade of effort; none: the model can be told not to think.
    pub effort_min: Effort,
    /// The highest grade of effort; none: the model does not think.
    pub effort_max: Effort,
    /// Grades between these two that it does not know.
    pub effort_gaps: Vec<Effort>,
    /// Which of temperature, `top_p` and `top_k` it takes.
    pub samplers: Samplers,
    /// Chat: whether it takes texts at which to stop.
    pub stop_texts: bool,
    /// Chat: whether usage can be asked for in a stream.
    pub stream_options: bool,
}

impl Default for Takes {
    fn default() -> Self {
        Self {
            completion_limit: true,
            reasoning_member: None,
            custom_tools: true,
            adaptive_thinking: false,
            thinking_budget: true,
            effort_min: Effort::None,
            effort_max: Effort::High,
            effort_gaps: Vec::new(),
            samplers: Samplers::One,
            stop_texts: true,
            stream_options: true,
        }
    }
}

impl Target {
    /// The model of that name with what the vendor's own current models take.
    #[must_use]
    pub fn new(endpoint: Endpoint, model: impl Into<String>, output_limit: u64) -> Self {
        Self { endpoint, model: model.into(), output_limit, output_most: None, sets_limit: false, takes: Takes::default(), betas: Vec::new() }
    }
}
