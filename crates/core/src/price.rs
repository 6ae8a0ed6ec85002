//! What a call costs, from what it used and what the model's tokens are sold for.

use crate::{Exact, Nanousd, Rate, Usage};
use serde::{Deserialize, Serialize};

/// Prices of one model under one set of conditions. `None` is an unknown price; a price of nothing is [`Rate::FREE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Input tokens not cached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Rate>,
    /// Output tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Rate>,
    /// Input tokens read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Rate>,
    /// Input tokens written to a cache of the default life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Rate>,
    /// Input tokens written to a cache that lives one hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<Rate>,
    /// Reasoning tokens, where they are sold apart from other output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Rate>,
    /// Audio input tokens, where they are sold apart from other input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_audio: Option<Rate>,
    /// Audio output tokens, where they are sold apart from other output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_audio: Option<Rate>,
}

impl Rates {
    /// Every rate times `numerator / denominator`.
    #[must_use]
    pub fn scaled(self, numerator: u64, denominator: u64) -> Self {
        let scale = |rate: Option<Rate>| rate.map(|r| r.scaled(numerator, denominator));
        Self {
            input: scale(self.input),
            output: scale(self.output),
            cache_read: scale(self.cache_read),
            cache_write: scale(self.cache_write),
            cache_write_1h: scale(self.cache_write_1h),
            reasoning: scale(self.reasoning),
            input_audio: scale(self.input_audio),
            output_audio: scale(self.output_audio),
        }
    }

    /// `self`, with what it leaves unknown taken from `base`.
    #[must_use]
    pub fn or(self, base: Self) -> Self {
        Self {
            input: self.input.or(base.input),
            output: self.output.or(base.output),
            cache_read: self.cache_read.or(base.cache_read),
            cache_write: self.cache_write.or(base.cache_write),
            cache_write_1h: self.cache_write_1h.or(base.cache_write_1h),
            reasoning: self.reasoning.or(base.reasoning),
            input_audio: self.input_audio.or(base.input_audio),
            output_audio: self.output_audio.or(base.output_audio),
        }
    }

    /// The dearest rate at which one input token can be charged.
    fn input_bound(&self) -> Option<Rate> {
        let input = self.input?;
        Some([self.cache_read, self.cache_write, self.cache_write_1h, self.input_audio].into_iter().flatten().fold(input, Rate::max))
    }

    /// The dearest rate at which one output token can be charged.
    fn output_bound(&self) -> Option<Rate> {
        let output = self.output?;
        Some([self.reasoning, self.output_audio].into_iter().flatten().fold(output, Rate::max))
    }
}

/// Rates for long prompts: they hold for the *whole* request once its input exceeds `over_tokens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextTier {
    /// Input tokens (cached ones too) above which the tier holds.
    pub over_tokens: u64,
    /// Its rates.
    pub rates: Rates,
}

/// Rates under a service tier or speed, as the response names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceTier {
    /// `priority`, `flex`, `batch`, `fast`…
    pub name: String,
    /// Its rates.
    pub rates: Rates,
}

/// All that is known of what a model's use is sold for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Rates of an ordinary request.
    pub rates: Rates,
    /// Rates of long prompts, ascending by `over_tokens`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context_tiers: Vec<ContextTier>,
    /// Rates of other service tiers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_tiers: Vec<ServiceTier>,
    /// Fee of a request, whatever it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_request: Option<Nanousd>,
    /// Fee of one web search by the provider's own tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_web_search: Option<Nanousd>,
}

/// Service tiers that are the ordinary price under another name: OpenAI answers `default` (or `auto`), Anthropic
/// `standard`, Groq `on_demand`.
const ORDINARY_TIERS: [&str; 5] = ["default", "standard", "auto", "on_demand", "standard_only"];

/// What a call cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// This much.
    Known(Nanousd),
    /// Nobody can say; the text names what is missing.
    Unknown(String),
}

impl Cost {
    /// The amount, where it is known.
    #[must_use]
    pub const fn known(&self) -> Option<Nanousd> {
        match self {
            Self::Known(amount) => Some(*amount),
            Self::Unknown(_) => None,
        }
    }
}

impl Price {
    /// A model that costs nothing.
    #[must_use]
    pub fn free() -> Self {
        let free = Some(Rate::FREE);
        Self {
            rates: Rates { input: free, output: free, cache_read: free, cache_write: free, cache_write_1h: free, ..Rates::default() },
            per_web_search: Some(Nanousd::ZERO),
            ..Self::default()
        }
    }

    /// The charge for `usage`. A cost that the provider reports beats a computed one.
    /// Reasoning and audio sold apart are taken out of output (or input) first, so nothing is paid twice.
    #[must_use]
    pub fn charge(&self, usage: &Usage) -> Cost {
        if let Some(reported) = usage.reported_cost {
            return Cost::Known(reported);
        }
        match self.exact(usage) {
            Ok(sum) => Cost::Known(sum.round_half_even()),
            Err(missing) => Cost::Unknown(missing),
        }
    }

    fn exact(&self, usage: &Usage) -> Result<Exact, String> {
        let (Some(input), Some(output)) = (usage.input, usage.output) else {
            return Err("the provider reported no usage".into());
        };
        let rates = self.rates_for(usage)?;
        let mut sum = Exact::default();
        let mut add = |tokens: u64, rate: Option<Rate>, what: &str| match rate {
            _ if tokens == 0 => Ok(()),
            Some(rate) => {
                sum.add_tokens(tokens, rate);
                Ok(())
            }
            None => Err(format!("the price of {what} is unknown")),
        };
        let input_audio = rates.input_audio.map_or(0, |_| usage.input_audio.unwrap_or(0).min(input));
        let reasoning = rates.reasoning.map_or(0, |_| usage.reasoning.unwrap_or(0).min(output));
        let output_audio = rates.output_audio.map_or(0, |_| usage.output_audio.unwrap_or(0).min(output - reasoning));
        add(input - input_audio, rates.input, "input")?;
        add(input_audio, rates.input_audio, "audio input")?;
        add(usage.cache_read.unwrap_or(0), rates.cache_read, "cache reads")?;
        add(usage.cache_write.unwrap_or(0), rates.cache_write, "cache writes")?;
        add(usage.cache_write_1h.unwrap_or(0), rates.cache_write_1h, "one-hour cache writes")?;
        add(output - reasoning - output_audio, rates.output, "output")?;
        add(reasoning, rates.reasoning, "reasoning")?;
        add(output_audio, rates.output_audio, "audio output")?;
        if let Some(fee) = self.per_request {
            sum.add_uses(1, fee);
        }
        if let Some(searches) = usage.web_searches.filter(|&n| n > 0) {
            sum.add_uses(searches, self.per_web_search.ok_or("the price of a web search is unknown")?);
        }
        Ok(sum)
    }

    /// The rates that hold for a request that used `usage`.
    fn rates_for(&self, usage: &Usage) -> Result<Rates, String> {
        if let Some(name) = usage.service_tier.as_deref().filter(|name| !ORDINARY_TIERS.contains(name)) {
            return match self.service_tiers.iter().find(|tier| tier.name == name) {
                Some(tier) => Ok(tier.rates),
                None => Err(format!("the price of service tier `{name}` is unknown")),
            };
        }
        let total = usage.input_total().unwrap_or(0);
        let tier = self.context_tiers.iter().rev().find(|tier| total > tier.over_tokens);
        Ok(tier.map_or(self.rates, |tier| tier.rates.or(self.rates)))
    }

    /// The most that a request of at most `input` and `output` tokens can cost in any tier that it may reach,
    /// web searches apart; `None` where a price is unknown. `service_tier` is the tier that was asked for.
    #[must_use]
    pub fn bound(&self, input: u64, output: u64, service_tier: Option<&str>) -> Option<Nanousd> {
        let mut reachable = vec![self.rates];
        reachable.extend(self.context_tiers.iter().filter(|tier| input > tier.over_tokens).map(|tier| tier.rates.or(self.rates)));
        let asked = service_tier.filter(|name| !ORDINARY_TIERS.contains(name));
        if let Some(name) = asked {
            reachable.push(self.service_tiers.iter().find(|tier| tier.name == name)?.rates);
        }
        reachable
            .iter()
            .map(|rates| {
                let mut sum = Exact::default();
                sum.add_tokens(input, rates.input_bound()?);
                sum.add_tokens(output, if output == 0 { Rate::FREE } else { rates.output_bound()? });
                sum.add_uses(1, self.per_request.unwrap_or(Nanousd::ZERO));
                Some(sum.round_up())
            })
            .try_fold(Nanousd::ZERO, |most, bound| bound.map(|b| most.max(b)))
    }

    /// Whether input and output both have a price.
    #[must_use]
    pub const fn is_known(&self) -> bool {
        self.rates.input.is_some() && self.rates.output.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(usd: &str) -> Option<Rate> {
        Some(Rate::parse_usd_per_million(usd).unwrap())
    }

    fn sonnet() -> Price {
        Price {
            rates: Rates {
                input: rate("3"),
                output: rate("15"),
                cache_read: rate("0.3"),
                cache_write: rate("3.75"),
                cache_write_1h: rate("6"),
                ..Rates::default()
            },
            context_tiers: vec![ContextTier { over_tokens: 200_000, rates: Rates { input: rate("6"), output: rate("22.5"), ..Rates::default() } }],
            service_tiers: vec![ServiceTier { name: "batch".into(), rates: Rates { input: rate("1.5"), output: rate("7.5"), ..Rates::default() } }],
            per_web_search: Some(Nanousd(10_000_000)),
            per_request: None,
        }
    }

    fn usage(input: u64, output: u64) -> Usage {
        Usage { input: Some(input), output: Some(output), ..Usage::default() }
    }

    fn check(usage: &Usage, usd: &str) {
        assert_eq!(sonnet().charge(usage), Cost::Known(Nanousd::parse_usd(usd).unwrap()), "{usage:?}");
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        check(&usage(1_000, 100), "0.0045");
        check(&Usage { cache_read: Some(10_000), cache_write: Some(100), cache_write_1h: Some(100), ..usage(0, 0) }, "0.003975");
        check(&Usage { web_searches: Some(3), ..usage(0, 0) }, "0.03");
    }

    #[test]
    fn case_25_a_context_tier_reprices_the_whole_request_and_cached_input_counts_towards_it() {
        check(&usage(200_000, 0), "0.6");
        check(&usage(200_001, 0), "1.200006");
        check(&Usage { cache_read: Some(200_000), ..usage(1, 0) }, "0.060006");
    }

    #[test]
    fn case_26_the_tier_of_the_response_decides_and_an_unknown_one_is_unknown() {
        let tier = |name: &str| Usage { service_tier: Some(name.into()), ..usage(1_000, 0) };
        check(&tier("standard"), "0.003");
        check(&tier("batch"), "0.0015");
        assert!(matches!(sonnet().charge(&tier("scale")), Cost::Unknown(why) if why.contains("scale")));
    }

    #[test]
    fn case_24_reasoning_sold_apart_is_taken_out_of_output_first() {
        let price = Price { rates: Rates { input: rate("0.4"), output: rate("1.2"), reasoning: rate("4"), ..Rates::default() }, ..Price::default() };
        let used = Usage { reasoning: Some(600), ..usage(0, 1_000) };
        assert_eq!(price.charge(&used), Cost::Known(Nanousd::parse_usd("0.00288").unwrap()));
        let within = Price { rates: Rates { reasoning: None, ..price.rates }, ..Price::default() };
        assert_eq!(within.charge(&used), Cost::Known(Nanousd::parse_usd("0.0012").unwrap()));
    }

    #[test]
    fn case_28_a_reported_cost_beats_a_computed_one() {
        check(&Usage { reported_cost: Some(Nanousd(7)), ..usage(1_000, 100) }, "0.000000007");
    }

    #[test]
    fn unknown_is_never_zero() {
        assert!(sonnet().charge(&Usage { output: None, ..usage(1, 1) }).known().is_none());
        assert!(Price::default().charge(&usage(1, 0)).known().is_none());
        assert!(Price::default().bound(1, 1, None).is_none());
        assert!(sonnet().bound(1, 1, Some("scale")).is_none());
        assert_eq!(Price::free().charge(&usage(9, 9)), Cost::Known(Nanousd::ZERO));
    }

    proptest! {
        #[test]
        fn no_charge_within_the_bounds_exceeds_the_hold(
            parts in prop::array::uniform4(0_u64..300_000), output in 0_u64..100_000, reasoning in 0_u64..100_000
        ) {
            let used = Usage {
                cache_read: Some(parts[1]), cache_write: Some(parts[2]), cache_write_1h: Some(parts[3]),
                reasoning: Some(reasoning), ..usage(parts[0], output)
            };
            let held = sonnet().bound(parts.iter().sum(), output, None).unwrap();
            let Cost::Known(charged) = sonnet().charge(&used) else { panic!("known prices") };
            prop_assert!(charged <= held, "{charged} > {held}");
        }
    }
}
