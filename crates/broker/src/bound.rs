//! The most that a call can cost: what is put by before it is sent.

use jeton_core::{Nanousd, Price, Rate, Rates};
use jeton_wire::{Endpoint, RequestFacts};

/// The most input tokens that one image, audio or file part given by address or inline is reckoned at.
/// The dearest published rule: GPT-4o mini, high detail, 2,833 + 8 tiles × 5,667 (OpenAI, "Images and vision").
/// Longer documents exceed it; what exceeds a hold becomes debt that the next admission sees.
const MEDIA_PART_TOKENS: u64 = 48_169;

/// Tokens that dialects put around messages and that no text of the request shows.
const FRAME_TOKENS: u64 = 64;

/// Tokens of the hidden prompt with which a provider explains tools to its model. Anthropic's table ("Tool use",
/// "Pricing") has 313 to 530; the bound is above all of them.
const TOOLS_TOKENS: u64 = 1_024;

/// What a request may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// Input tokens. No tokenizer makes more tokens than bytes.
    pub(crate) input: u64,
    /// Output tokens of all choices together, where a limit is known (the request's own, or the model's).
    pub(crate) output: u64,
    /// Whether the request itself names the limit.
    pub(crate) output_is_stated: bool,
    /// Whether neither the request nor the model's data names a limit, so that `output` is only assumed.
    pub(crate) output_cap_is_assumed: bool,
    /// How many answers were asked for.
    pub(crate) choices: u64,
}

/// The bound of a request to a model whose limits are known or not.
pub(crate) fn of_request(endpoint: Endpoint, facts: &RequestFacts, context: Option<u64>, output: Option<u64>, default_output: u64) -> Bound {
    let input = facts.text_bytes.saturating_add(facts.media_parts.saturating_mul(MEDIA_PART_TOKENS)).saturating_add(FRAME_TOKENS);
    let input = if facts.tools > 0 || facts.server_tools { input.saturating_add(TOOLS_TOKENS) } else { input };
    let input = context.map_or(input, |context| input.min(context));
    let cap = output.unwrap_or(default_output);
    let per_choice = match endpoint {
        Endpoint::Embeddings | Endpoint::CountTokens => 0,
        _ => facts.output_limit.map_or(cap, |stated| output.map_or(stated, |cap| stated.min(cap))),
    };
    Bound {
        input,
        output: per_choice.saturating_mul(facts.choices),
        output_is_stated: facts.output_limit.is_some(),
        output_cap_is_assumed: facts.output_limit.is_none() && output.is_none(),
        choices: facts.choices.max(1),
    }
}

impl Bound {
    /// The same request with at most `tokens` output tokens for each answer.
    pub(crate) fn with_output(self, tokens: u64) -> Self {
        Self { output: self.output.min(tokens.saturating_mul(self.choices)), ..self }
    }

    /// What it costs at most; `None` where a price is unknown.
    pub(crate) fn cost(&self, price: &Price, service_tier: Option<&str>) -> Option<Nanousd> {
        price.bound(self.input, self.output, service_tier)
    }

    /// The most output tokens for each answer that `money` pays for beside the input, never more than the bound's own.
    pub(crate) fn affordable_output(&self, price: &Price, service_tier: Option<&str>, money: Nanousd) -> u64 {
        let affords = |tokens: u64| self.with_output(tokens).cost(price, service_tier).is_some_and(|cost| cost <= money);
        let (mut low, mut high) = (0, self.output / self.choices);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if affords(middle) { low = middle } else { high = middle - 1 }
        }
        low
    }
}

/// A price that stands in for an unknown one: every token at `rate`.
pub(crate) fn assumed_price(rate: Rate) -> Price {
    let rate = Some(rate);
    Price { rates: Rates { input: rate, output: rate, cache_read: rate, cache_write: rate, cache_write_1h: rate, ..Rates::default() }, ..Price::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price() -> Price {
        assumed_price(Rate(1_000_000_000))
    }

    #[test]
    fn the_affordable_output_costs_no_more_than_the_money_and_one_token_more_would() {
        let bound = Bound { input: 1_000, output: 64_000, output_is_stated: false, output_cap_is_assumed: false, choices: 2 };
        for money in [0, 999_000, 1_000_000, 1_500_000, 5_000_000, 1_000_000_000] {
            let money = Nanousd(money);
            let tokens = bound.affordable_output(&price(), None, money);
            if tokens > 0 {
                assert!(bound.with_output(tokens).cost(&price(), None).unwrap() <= money);
            }
            if tokens < 32_000 {
                assert!(bound.with_output(tokens + 1).cost(&price(), None).unwrap() > money);
            }
        }
    }
}
