//! Reads `data/prices.json`. Numbers are taken from their text, so no price passes through a float.

use super::rules::Rules;
use super::{Modalities, ModelFacts, PriceBook};
use crate::{ContextTier, Price, Rate, Rates, ServiceTier};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize)]
struct Document<'a> {
    source: Cow<'a, str>,
    commit: Cow<'a, str>,
    date: Cow<'a, str>,
    licence: Cow<'a, str>,
    unit: Cow<'a, str>,
    #[serde(borrow)]
    models: Vec<Model<'a>>,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    released: Cow<'a, str>,
    context: Option<u64>,
    input: Option<u64>,
    output: Option<u64>,
    #[serde(borrow)]
    reads: Vec<&'a str>,
    #[serde(borrow)]
    writes: Vec<&'a str>,
    #[serde(default)]
    reasoning: bool,
    #[serde(default)]
    tools: bool,
    #[serde(default)]
    deprecated: bool,
    #[serde(borrow)]
    rates: Option<RawRates<'a>>,
    #[serde(borrow, default)]
    context_tiers: Vec<RawContextTier<'a>>,
    #[serde(borrow, default)]
    service_tiers: Vec<RawServiceTier<'a>>,
}

#[derive(Deserialize)]
struct RawContextTier<'a> {
    over_tokens: u64,
    #[serde(borrow)]
    rates: RawRates<'a>,
}

#[derive(Deserialize)]
struct RawServiceTier<'a> {
    name: String,
    #[serde(borrow)]
    rates: RawRates<'a>,
}

/// The kinds of price in the data. `request` and `citation` are read past: no rate of ours says what they mean.
#[derive(Deserialize)]
struct RawRates<'a> {
    #[serde(borrow)]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow)]
    input_audio: Option<&'a RawValue>,
    #[serde(borrow)]
    output_audio: Option<&'a RawValue>,
}

impl RawRates<'_> {
    fn read(&self) -> Result<Rates, String> {
        let rate = |raw: Option<&RawValue>| raw.map(|raw| Rate::parse_usd_per_million(raw.get())).transpose();
        let input = rate(self.input)?;
        // A cache that is free beside input that is not is an offer or a gap, not a price.
        let beside_input = |cache: Option<Rate>| cache.filter(|&cache| cache != Rate::FREE || input == Some(Rate::FREE));
        Ok(Rates {
            input,
            output: rate(self.output)?,
            cache_read: beside_input(rate(self.cache_read)?),
            cache_write: beside_input(rate(self.cache_write)?),
            cache_write_1h: None,
            reasoning: rate(self.reasoning)?,
            input_audio: rate(self.input_audio)?,
            output_audio: rate(self.output_audio)?,
        })
    }
}

/// Reads the book from the text of the data and of the vendors' rules.
pub(super) fn book(prices: &'static str, rules: &str) -> Result<PriceBook, String> {
    let document: Document<'static> = serde_json::from_str(prices).map_err(|e| format!("prices: {e}"))?;
    let rules: Rules = serde_json::from_str(rules).map_err(|e| format!("vendor rules: {e}"))?;
    if document.unit != "USD per million tokens" {
        return Err(format!("prices are in `{}`", document.unit));
    }
    let mut models = Vec::with_capacity(document.models.len());
    for model in document.models {
        let id = model.id.clone();
        models.push(facts(model, &rules).map_err(|why| format!("{id}: {why}"))?);
    }
    if let Some(pair) = models.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        return Err(format!("`{}` is out of order", pair[1].id));
    }
    let commit = document.commit.get(..7).unwrap_or(&document.commit);
    Ok(PriceBook { version: format!("{}@{commit} {}", document.source, document.date), licence: document.licence.into_owned(), models })
}

fn facts(model: Model<'static>, rules: &Rules) -> Result<ModelFacts, String> {
    let mut facts = ModelFacts {
        price: price(&model)?,
        id: model.id,
        name: model.name,
        price_known: false,
        unknown_because: None,
        context: model.context,
        input: model.input,
        output: model.output,
        reads: modalities(&model.reads)?,
        writes: modalities(&model.writes)?,
        reasoning: model.reasoning,
        tools: model.tools,
        released: model.released,
        deprecated: model.deprecated,
    };
    rules.apply(&mut facts)?;
    facts.price_known = facts.price.is_known();
    facts.price.context_tiers.shrink_to_fit();
    facts.price.service_tiers.shrink_to_fit();
    Ok(facts)
}

fn price(model: &Model) -> Result<Price, String> {
    let context_tiers = model.context_tiers.iter().map(|tier| Ok(ContextTier { over_tokens: tier.over_tokens, rates: tier.rates.read()? }));
    let service_tiers = model.service_tiers.iter().map(|tier| Ok(ServiceTier { name: tier.name.clone(), rates: tier.rates.read()? }));
    Ok(Price {
        rates: model.rates.as_ref().map_or(Ok(Rates::default()), RawRates::read)?,
        context_tiers: context_tiers.collect::<Result<_, String>>()?,
        service_tiers: service_tiers.collect::<Result<_, String>>()?,
        per_request: None,
        per_web_search: None,
    })
}

fn modalities(names: &[&str]) -> Result<Modalities, String> {
    let mut set = Modalities::default();
    names.iter().find(|name| !set.insert(name)).map_or(Ok(()), |name| Err(format!("`{name}` is no modality")))?;
    Ok(set)
}
