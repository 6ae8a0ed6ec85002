//! What a call used, in one normal form. `None` means the provider said nothing, which is not zero.

use crate::Nanousd;
use serde::{Deserialize, Serialize};

/// Tokens and uses of one try. The four kinds of input are disjoint; the parts of output lie inside `output`.
///
/// | field | lies in | OpenAI | Anthropic |
/// | --- | --- | --- | --- |
/// | `input` | – | `prompt_tokens` less cached and written | `input_tokens` |
/// | `cache_read` | – | `cached_tokens` | `cache_read_input_tokens` |
/// | `cache_write` | – | `cache_write_tokens`, where given | `cache_creation_input_tokens` less the one-hour part |
/// | `cache_write_1h` | – | – | `cache_creation.ephemeral_1h_input_tokens` |
/// | `output` | – | `completion_tokens` | `output_tokens` |
/// | `reasoning` | `output` | `reasoning_tokens` | `output_tokens_details.thinking_tokens` |
/// | `input_audio` | `input` | `prompt_tokens_details.audio_tokens` | – |
/// | `output_audio` | `output` | `completion_tokens_details.audio_tokens` | – |
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens neither read from nor written to a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Input tokens read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Input tokens written to a cache of the provider's default life (five minutes at Anthropic).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Input tokens written to a cache that lives one hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    /// All output tokens, reasoning and audio among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// The part of `output` that was reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// The part of `input` that was audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<u64>,
    /// The part of `output` that was audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<u64>,
    /// Web searches made by the provider's own tool, billed per use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_searches: Option<u64>,
    /// The service tier or speed that the *response* names (`priority`, `flex`, `batch`, `fast`); decides the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The cost that the provider itself reports for the call; beats a computed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_cost: Option<Nanousd>,
}

impl Usage {
    /// All input tokens, cached or not; unknown where `input` is.
    #[must_use]
    pub fn input_total(&self) -> Option<u64> {
        let cached = [self.cache_read, self.cache_write, self.cache_write_1h].into_iter().flatten().fold(0_u64, u64::saturating_add);
        self.input.map(|input| input.saturating_add(cached))
    }

    /// Whether enough is known to price the call.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.reported_cost.is_some() || (self.input.is_some() && self.output.is_some())
    }

    /// Takes over what `later` states; what it leaves out stays. Streams restate usage cumulatively, so nothing is summed.
    pub fn update(&mut self, later: Usage) {
        fn take<T>(into: &mut Option<T>, from: Option<T>) {
            if from.is_some() {
                *into = from;
            }
        }
        take(&mut self.input, later.input);
        take(&mut self.cache_read, later.cache_read);
        take(&mut self.cache_write, later.cache_write);
        take(&mut self.cache_write_1h, later.cache_write_1h);
        take(&mut self.output, later.output);
        take(&mut self.reasoning, later.reasoning);
        take(&mut self.input_audio, later.input_audio);
        take(&mut self.output_audio, later.output_audio);
        take(&mut self.web_searches, later.web_searches);
        take(&mut self.service_tier, later.service_tier);
        take(&mut self.reported_cost, later.reported_cost);
    }
}

/// Where a figure comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// The provider stated it.
    Reported,
    /// Jeton counted it, because the provider said nothing (an aborted stream, say).
    Estimated,
    /// Nobody knows. A money figure beside it is the upper bound that budgets count.
    #[default]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_not_zero_and_later_figures_replace_earlier_ones() {
        let mut usage = Usage { input: Some(10), output: Some(1), ..Usage::default() };
        usage.update(Usage { output: Some(25), cache_read: Some(0), ..Usage::default() });
        assert_eq!(usage, Usage { input: Some(10), output: Some(25), cache_read: Some(0), ..Usage::default() });
        assert_eq!(usage.input_total(), Some(10));
        assert_eq!(Usage { cache_read: Some(5), ..Usage::default() }.input_total(), None);
    }
}
