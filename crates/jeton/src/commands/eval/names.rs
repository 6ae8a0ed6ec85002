//! What suites name outside of themselves, looked up in the configuration and the ledger before anything is called.

use super::reference::Reference;
use crate::caller::endpoint_of;
use crate::context::Context;
use crate::failure::Failure;
use jeton_broker::{Catalogue, askable};
use jeton_context::{Finding, Place, Severity};
use jeton_core::{Fault, nearest};
use jeton_eval::Suite;
use jeton_eval::read::names::{Names, Unknown};
use jeton_eval::session::{SessionError, read_head};
use jeton_ledger::sqlite::SqliteStore;
use jeton_project::Snapshot;
use jeton_wire::Endpoint;
use std::sync::Arc;

/// Runs among which the nearest names are looked for.
const RUNS: u64 = 200;

/// The configuration and the ledger, as far as names go.
pub(super) struct Known {
    snapshot: Arc<Snapshot>,
    catalogue: Catalogue,
    store: SqliteStore,
    /// The targets that are to be tried; empty: all.
    targets: Vec<String>,
    /// What they are compared with: a target that is tried beside them, or what an earlier run came to.
    baseline: Option<String>,
}

impl Known {
    /// Opens both. `targets` are those that are to be tried; empty: all.
    ///
    /// # Errors
    /// Where recordings or the ledger cannot be read.
    pub(super) fn open(context: &Context, snapshot: &Arc<Snapshot>, targets: &[String]) -> Result<Self, Failure> {
        let catalogue = Catalogue::of_names(snapshot, context.project.dir())
            .map_err(|mistakes| Failure::usage(mistakes.join("\n       "), "mend jeton.toml; `jeton config show --effective` shows what holds"))?;
        Ok(Self { snapshot: Arc::clone(snapshot), catalogue, store: super::super::store(context)?, targets: targets.to_vec(), baseline: None })
    }

    /// With what the targets are compared with.
    pub(super) fn beside(self, baseline: Option<&str>) -> Self {
        Self { baseline: baseline.map(str::to_owned), ..self }
    }

    /// Models that were asked for as targets beside those of the suite, and are not there.
    pub(super) fn strangers(&self, suite: Option<&Suite>) -> Vec<Finding> {
        let Some(suite) = suite else { return Vec::new() };
        let is_model = |name: &&String| name.contains('/') && !suite.targets.iter().any(|target| target.name == **name);
        // What cannot be read as an earlier run is told by whoever reads it.
        let is_tried = |name: &&String| matches!(Reference::find(&self.store, name), Ok(None));
        let baseline = self.baseline.iter().filter(is_model).filter(is_tried).map(|name| ("--not-worse-than", name));
        let tried = self.targets.iter().filter(is_model).map(|name| ("--target", name)).chain(baseline);
        let unknown = |(option, name): (&str, &String)| {
            let unknown = self.model(name, suite.class.as_deref()).err()?;
            Some(Finding::new("unknown-model", Severity::Error, Place::file(option), unknown.message, unknown.remedy))
        };
        tried.filter_map(unknown).collect()
    }

    fn ask(&self, model: &str, endpoint: Endpoint, class: Option<&str>) -> Result<(), Unknown> {
        askable(&self.snapshot, &self.catalogue, model, endpoint, class).map_err(|fault| self.unknown(model, fault))
    }

    /// The refusal as a mistake of the suite: routes are names as well, and the list is a command here.
    fn unknown(&self, model: &str, fault: Fault) -> Unknown {
        let remedy = fault.remedy.clone().unwrap_or_default();
        let message = fault.message.trim_end_matches('.').to_owned();
        if fault.code.as_deref() != Some("model_not_found") {
            return Unknown { message, remedy };
        }
        let models: Vec<String> = self.catalogue.models().map(|model| model.full_name()).collect();
        let names = models.iter().chain(self.snapshot.routes.keys()).map(String::as_str);
        let message = match model.split_once('/') {
            Some((provider, _)) if !self.snapshot.providers.contains_key(provider) => {
                format!("there is no model `{model}`: no provider is called `{provider}`")
            }
            _ => format!("there is no model and no route `{model}`"),
        };
        Unknown { message, remedy: format!("{} `jeton model list` shows all models.", did_you_mean(model, names)) }
    }
}

impl Names for Known {
    fn is_wanted(&self, target: &str) -> bool {
        self.targets.is_empty() || self.targets.iter().chain(&self.baseline).any(|name| name == target)
    }

    fn model(&self, model: &str, class: Option<&str>) -> Result<(), Unknown> {
        self.ask(model, endpoint_of(&self.snapshot, model), class)
    }

    fn embedder(&self, model: &str) -> Result<(), Unknown> {
        self.ask(model, Endpoint::Embeddings, None)
    }

    fn pack(&self, name: &str) -> Result<(), Unknown> {
        if self.snapshot.packs.contains_key(name) {
            return Ok(());
        }
        let remedy = format!("{} Packs stand in jeton.toml as `[packs.NAME]`.", did_you_mean(name, self.snapshot.packs.keys().map(String::as_str)));
        Err(Unknown { message: format!("there is no pack `{name}`"), remedy })
    }

    fn run(&self, run: &str, target: Option<&str>) -> Result<(), Unknown> {
        match read_head(&self.store, run) {
            Ok(head) => {
                let targets: Vec<&str> = head.targets.iter().map(|target| target.name.as_str()).collect();
                match target.filter(|target| !targets.contains(target)) {
                    None => Ok(()),
                    Some(target) => Err(Unknown { message: format!("{} has no target `{target}`", head.id), remedy: did_you_mean(target, targets) }),
                }
            }
            Err(SessionError::NoRun(_)) => {
                let runs = jeton_ledger::Runs::runs(&self.store, None, RUNS).unwrap_or_default();
                let names = runs.iter().flat_map(|record| [record.id.as_str(), record.suite.as_str()]);
                let remedy = format!("{} `jeton eval list --runs SUITE` shows the runs of a suite.", did_you_mean(run, names));
                Err(Unknown { message: format!("there is no run `{run}`, and no suite of that name has one"), remedy })
            }
            Err(error) => Err(Unknown { message: format!("the run `{run}` cannot be read: {error}"), remedy: "Name another run.".to_owned() }),
        }
    }
}

/// The remedy for a name that means nothing.
fn did_you_mean<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let near: Vec<String> = nearest(wanted, names, 3).iter().map(|name| format!("`{name}`")).collect();
    match near.as_slice() {
        [] => "There is none to choose from.".to_owned(),
        [one] => format!("Did you mean {one}?"),
        [others @ .., last] => format!("Did you mean {} or {last}?", others.join(", ")),
    }
}
