//! `jeton model`: what can be asked for, at what price.

use crate::cli::ModelCommand;
use crate::context::{Context, env};
use crate::failure::Failure;
use crate::output;
use jeton_broker::{Live, Resolved, Surroundings};
use jeton_core::{ModelFacts, Price, PriceBook, Rate};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn run(context: &Context, command: &ModelCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        ModelCommand::List => list(context, is_json),
        ModelCommand::Show { name } => show(context, name, is_json),
        ModelCommand::Prices { unknown, all } => prices(context, *unknown, *all, is_json),
        ModelCommand::Probe(args) => super::model_probe::run(context, args, is_json),
    }
}

/// The configured models. A secret that is not there does not matter here: nothing is called.
pub(super) fn live(context: &Context) -> Result<Live, Failure> {
    let snapshot = Arc::new(context.snapshot()?);
    let any = |name: &str| env(name).or_else(|| Some("not needed".to_owned()));
    let around = Surroundings { project_dir: context.project.dir(), env: &any, previous: None };
    Live::assemble(snapshot, &around)
        .map_err(|mistakes| Failure::usage(mistakes.join("; "), "mend jeton.toml; `jeton config check` reports what reading alone can find"))
}

fn list(context: &Context, is_json: bool) -> Result<(), Failure> {
    let live = live(context)?;
    let models: Vec<Resolved> = live.catalogue().models().collect();
    if is_json {
        output::json(&models.iter().map(described).collect::<Vec<_>>());
        return Ok(());
    }
    let rows =
        models.iter().map(|model| row(&model.full_name(), &model.entry.price, model.entry.context, model.entry.output, model.entry.is_simulated)).collect();
    output::table(&["model", "input $/M", "cache read", "output $/M", "context", "max output", ""], &[1, 2, 3, 4, 5], rows);
    Ok(())
}

fn row(name: &str, price: &Price, context: Option<u64>, output_max: Option<u64>, is_simulated: bool) -> Vec<String> {
    let rate = |rate: Option<Rate>| rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string());
    vec![
        name.to_owned(),
        rate(price.rates.input),
        price.rates.cache_read.map_or_else(|| "–".to_owned(), |rate| rate.to_string()),
        rate(price.rates.output),
        output::known(context),
        output::known(output_max),
        if is_simulated { "simulated".to_owned() } else { String::new() },
    ]
}

fn described(model: &Resolved) -> Value {
    json!({
        "model": model.full_name(),
        "price": model.entry.price,
        "price_known": model.entry.price.is_known(),
        "price_version": model.entry.price_version,
        "context": model.entry.context,
        "output": model.entry.output,
        "paths": model.provider.served_paths(),
        "simulated": model.entry.is_simulated,
    })
}

fn show(context: &Context, name: &str, is_json: bool) -> Result<(), Failure> {
    let live = live(context)?;
    let model = match live.catalogue().resolve(name) {
        Ok(model) => model,
        Err(fault) => return Err(Failure::usage(fault.message.clone(), fault.remedy.unwrap_or_default())),
    };
    if is_json {
        output::json(&described(&model));
        return Ok(());
    }
    println!("{}", model.full_name());
    println!("  served at   {}", model.provider.served_paths().join(", "));
    println!("  context     {} tokens, output at most {}", output::known(model.entry.context), output::known(model.entry.output));
    println!(
        "  prices      {} ({})",
        if model.entry.price.is_known() { "USD per million tokens" } else { "UNKNOWN" },
        if model.entry.price_version.is_empty() { "no source" } else { &model.entry.price_version }
    );
    for (kind, rate) in rates(&model.entry.price) {
        println!("    {kind:<18}{rate}");
    }
    for tier in &model.entry.price.context_tiers {
        println!(
            "    above {} input tokens the whole request: input {}, output {}",
            output::count(tier.over_tokens),
            shown(tier.rates.input),
            shown(tier.rates.output)
        );
    }
    for tier in &model.entry.price.service_tiers {
        println!("    service tier {}: input {}, output {}", tier.name, shown(tier.rates.input), shown(tier.rates.output));
    }
    Ok(())
}

fn shown(rate: Option<Rate>) -> String {
    rate.map_or_else(|| "unknown".to_owned(), |rate| rate.to_string())
}

fn rates(price: &Price) -> Vec<(&'static str, Rate)> {
    let rates = &price.rates;
    [
        ("input", rates.input),
        ("cache read", rates.cache_read),
        ("cache write", rates.cache_write),
        ("cache write 1 h", rates.cache_write_1h),
        ("output", rates.output),
        ("reasoning", rates.reasoning),
        ("audio input", rates.input_audio),
        ("audio output", rates.output_audio),
    ]
    .into_iter()
    .filter_map(|(kind, rate)| rate.map(|rate| (kind, rate)))
    .collect()
}

fn prices(context: &Context, only_unknown: bool, is_all: bool, is_json: bool) -> Result<(), Failure> {
    let book = PriceBook::builtin();
    let live = if is_all { None } else { Some(live(context)?) };
    let wanted: Vec<PriceRow> = match &live {
        Some(live) => live
            .catalogue()
            .models()
            .map(|model| (model.full_name(), model.entry.price.clone(), model.entry.context, model.entry.output, model.entry.is_simulated))
            .filter(|(_, price, ..)| !only_unknown || !price.is_known())
            .collect(),
        None => book.iter().filter(|facts| !only_unknown || !facts.price_known).map(facts_row).collect(),
    };
    if is_json {
        let models: Vec<Value> = wanted.iter().map(|(name, price, ..)| json!({ "model": name, "price": price, "known": price.is_known() })).collect();
        output::json(&json!({ "version": book.version(), "licence": book.licence(), "models": models }));
        return Ok(());
    }
    println!("Price book {} ({}), USD per million tokens.", book.version(), book.licence());
    if wanted.is_empty() {
        println!("{}", if only_unknown { "Every configured model has a known price." } else { "No models are configured." });
        return Ok(());
    }
    let rows = wanted.iter().map(|(name, price, context, output_max, is_simulated)| row(name, price, *context, *output_max, *is_simulated)).collect();
    output::table(&["model", "input", "cache read", "output", "context", "max output", ""], &[1, 2, 3, 4, 5], rows);
    Ok(())
}

/// Name, price, context, output at most, whether simulated.
type PriceRow = (String, Price, Option<u64>, Option<u64>, bool);

fn facts_row(facts: &ModelFacts) -> PriceRow {
    let price = if facts.price_known { facts.price.clone() } else { Price::default() };
    (facts.id.to_string(), price, facts.context, facts.output, false)
}
