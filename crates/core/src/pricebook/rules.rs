//! What the vendors publish and the model data lacks: `data/vendor_rules.json`.

use super::ModelFacts;
use crate::{Nanousd, Price, Rate, Rates, ServiceTier};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Rules {
    derived: Vec<Derived>,
    service_tiers: Vec<TierRule>,
    web_search: Vec<SearchRule>,
    free: Vec<FreeRule>,
    unknown: Vec<UnknownRule>,
}

/// A rate that is a multiple of another one.
#[derive(Deserialize)]
struct Derived {
    provider: String,
    rate: String,
    of: String,
    times: String,
}

/// A service tier whose rates are all the same multiple of the ordinary ones.
#[derive(Deserialize)]
struct TierRule {
    provider: String,
    /// Beginnings of the names of the models that are sold so; empty: all of the provider's.
    #[serde(default)]
    models: Vec<String>,
    tier: String,
    times: String,
}

impl TierRule {
    fn sells(&self, model: &str) -> bool {
        self.models.is_empty() || self.models.iter().any(|beginning| model.starts_with(beginning.as_str()))
    }
}

#[derive(Deserialize)]
struct SearchRule {
    provider: String,
    usd: String,
    #[serde(default)]
    reasoning_models_only: bool,
}

/// Models whose zero is a price, not a gap.
#[derive(Deserialize)]
struct FreeRule {
    provider: String,
    model: Option<String>,
    suffix: Option<String>,
}

/// A provider whose use costs more than the rates tell.
#[derive(Deserialize)]
struct UnknownRule {
    provider: String,
    because: String,
}

impl Rules {
    /// Puts everything the vendors publish into `facts`, whose price holds the data's own rates.
    pub(super) fn apply(&self, facts: &mut ModelFacts) -> Result<(), String> {
        let provider = facts.provider().to_owned();
        if let Some(because) = self.gap(facts) {
            facts.price = Price::default();
            facts.unknown_because = Some(because);
            return Ok(());
        }
        if facts.price.is_known() {
            let model = facts.model().to_owned();
            self.derive(&provider, &model, &mut facts.price)?;
            self.search(&provider, facts.reasoning, &mut facts.price)?;
        }
        Ok(())
    }

    /// Why the data's rates of a model are no price.
    fn gap(&self, facts: &ModelFacts) -> Option<&'static str> {
        let (provider, rates) = (facts.provider(), &facts.price.rates);
        if let Some(rule) = self.unknown.iter().find(|rule| rule.provider == provider) {
            // The rules are read once for the life of the program.
            return Some(Box::leak(rule.because.clone().into_boxed_str()));
        }
        match (rates.input, rates.output) {
            (Some(Rate::FREE), Some(Rate::FREE)) if !self.is_free(facts) => Some("the data gives 0, which here means that it is not sold by the token"),
            (Some(_), Some(Rate::FREE)) if rates.input != Some(Rate::FREE) && !facts.model().to_lowercase().contains("embed") => {
                Some("the data gives 0 for output, though the model is no embedding")
            }
            _ => None,
        }
    }

    fn is_free(&self, facts: &ModelFacts) -> bool {
        let model = facts.model();
        self.free.iter().filter(|rule| rule.provider == facts.provider()).any(|rule| {
            let named = rule.model.as_deref().is_none_or(|name| name == model);
            named && rule.suffix.as_deref().is_none_or(|suffix| model.ends_with(suffix))
        })
    }

    fn derive(&self, provider: &str, model: &str, price: &mut Price) -> Result<(), String> {
        for rule in self.derived.iter().filter(|rule| rule.provider == provider) {
            let times = Factor::parse(&rule.times)?;
            rule.fill(&mut price.rates, times)?;
            price.context_tiers.iter_mut().try_for_each(|tier| rule.fill(&mut tier.rates, times))?;
            price.service_tiers.iter_mut().try_for_each(|tier| rule.fill(&mut tier.rates, times))?;
        }
        // A multiple of the ordinary rates says nothing about long prompts that have rates of their own.
        for rule in self.service_tiers.iter().filter(|rule| rule.provider == provider && rule.sells(model) && price.context_tiers.is_empty()) {
            if price.service_tiers.iter().all(|tier| tier.name != rule.tier) {
                let times = Factor::parse(&rule.times)?;
                price.service_tiers.push(ServiceTier { name: rule.tier.clone(), rates: price.rates.scaled(times.numerator, times.denominator) });
            }
        }
        Ok(())
    }

    fn search(&self, provider: &str, reasoning: bool, price: &mut Price) -> Result<(), String> {
        let rule = self.web_search.iter().find(|rule| rule.provider == provider && (reasoning || !rule.reasoning_models_only));
        price.per_web_search = rule.map(|rule| Nanousd::parse_usd(&rule.usd)).transpose()?;
        Ok(())
    }
}

impl Derived {
    /// Fills the rate where it is unknown and the one it derives from is not.
    fn fill(&self, rates: &mut Rates, times: Factor) -> Result<(), String> {
        let base = match self.of.as_str() {
            "input" => rates.input,
            "output" => rates.output,
            other => return Err(format!("no rate is derived from `{other}`")),
        };
        let slot = match self.rate.as_str() {
            "cache_read" => &mut rates.cache_read,
            "cache_write" => &mut rates.cache_write,
            "cache_write_1h" => &mut rates.cache_write_1h,
            other => return Err(format!("`{other}` is not a rate that can be derived")),
        };
        *slot = slot.or_else(|| base.map(|base| base.scaled(times.numerator, times.denominator)));
        Ok(())
    }
}

/// A decimal factor as a fraction.
#[derive(Clone, Copy)]
struct Factor {
    numerator: u64,
    denominator: u64,
}

impl Factor {
    fn parse(text: &str) -> Result<Self, String> {
        let numerator = Nanousd::parse_usd(text)?.0;
        Ok(Self { numerator: u64::try_from(numerator).map_err(|_| format!("the factor `{text}` is negative"))?, denominator: 1_000_000_000 })
    }
}
