//! `jeton model probe`: what models can do, against what the data claims.

use crate::caller::Caller;
use crate::cli::ProbeArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::probe::{Probed, outcome, print, probe};
use jeton_broker::{Live, Resolved};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) fn run(context: &Context, args: &ProbeArgs, is_json: bool) -> Result<(), Failure> {
    let live = super::model::live(context)?;
    let models = chosen(&live, args.model.as_deref())?;
    let caller = Caller::open(context, live.snapshot(), None)?;
    caller.note().into_iter().for_each(|note| eprintln!("{note}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::dependency(format!("no runtime could be started: {error}"), ""))?;
    let probed = runtime.block_on(probe_all(&caller, &live, &models, args));
    print(&probed, is_json);
    outcome(&probed)
}

async fn probe_all(caller: &Caller, live: &Live, models: &[Resolved], args: &ProbeArgs) -> Vec<Probed> {
    let mut left = args.budget;
    let mut probed = Vec::new();
    for model in models {
        probed.extend(probe(caller, live, model, &args.only, &mut left).await);
    }
    probed
}

/// The model that was named, or all that the configuration names. The price book of a provider without a list is not meant: it has
/// hundreds.
fn chosen(live: &Live, asked: Option<&str>) -> Result<Vec<Resolved>, Failure> {
    let resolve = |name: &str| live.catalogue().resolve(name).map_err(|fault| Failure::usage(fault.message.clone(), fault.remedy.unwrap_or_default()));
    if let Some(name) = asked {
        return Ok(vec![resolve(name)?]);
    }
    let models = named(live).iter().map(|name| resolve(name)).collect::<Result<Vec<_>, _>>()?;
    let models: Vec<Resolved> = models.into_iter().filter(|model| model.provider.api.is_remote()).collect();
    if models.is_empty() {
        let remedy = "name one, as in `jeton model probe openai/gpt-5`; `jeton model list` shows all that can be asked for";
        return Err(Failure::usage("jeton.toml names no model of a provider over the network", remedy));
    }
    Ok(models)
}

/// Names in lists of providers, in `[models]` and in routes; models for embeddings answer no questions.
fn named(live: &Live) -> BTreeSet<String> {
    let snapshot: &Arc<_> = live.snapshot();
    let listed = snapshot.providers.iter().flat_map(|(provider, config)| config.models.iter().map(move |model| format!("{provider}/{model}")));
    let routed = snapshot.routes.values().flat_map(|route| route.models.iter().cloned());
    let embeddings = snapshot.context.embeddings.as_deref();
    let answers = |name: &String| !name.contains("embed") && Some(name.as_str()) != embeddings;
    listed.chain(snapshot.models.keys().cloned()).chain(routed).filter(answers).collect()
}
