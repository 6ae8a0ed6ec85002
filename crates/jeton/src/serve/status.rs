//! The state of the program: for the page, `/api/status` and `/readyz`.

use crate::context::Context;
use jeton_broker::{Broker, ProviderEntry};
use jeton_console::{ConfigProblem, ConfigStatus, Health, ModelStatus, ProviderStatus, Status, StatusSource};
use jeton_core::{Clock, SystemClock, Timestamp};
use jeton_gateway::Readiness;
use jeton_ledger::Ledger;
use jeton_project::{Durability, Snapshot};
use jeton_wire::Endpoint;
use std::sync::{Arc, Mutex, PoisonError};

/// When the configuration in use was loaded, and what is wrong with the file on disk.
#[derive(Clone, Debug)]
pub(super) struct ConfigState {
    pub(super) loaded: Timestamp,
    pub(super) problem: Option<ConfigProblem>,
}

/// The state, shared between the one that looks and those that show it.
pub(super) type Shared = Arc<Mutex<ConfigState>>;

/// Tells the state now.
pub(super) fn source(broker: Arc<Broker>, state: Shared, address: String, snapshot: &Snapshot, context: &Context) -> StatusSource {
    let started = SystemClock.now();
    let durability = match snapshot.store.durability {
        Durability::Process => "process",
        Durability::Power => "power",
    };
    let file = context.project.file();
    let path = file.is_file().then(|| file.display().to_string());
    Arc::new(move || {
        let live = broker.live();
        let config = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started,
            listen: vec![address.clone()],
            durability: durability.to_owned(),
            config: ConfigStatus { digest: live.snapshot().digest.clone(), path: path.clone(), loaded: config.loaded, problem: config.problem },
            providers: live.catalogue().providers().map(|provider| provider_status(provider, live.snapshot())).collect(),
            models: live.catalogue().models().map(|model| model_status(&model)).collect(),
            stopping: false,
        }
    })
}

/// Why no call should be sent here; a bad file on disk is a note, for the last good configuration serves.
pub(super) fn readiness(ledger: Arc<dyn Ledger>, state: Shared) -> Readiness {
    Arc::new(move || {
        let mut reasons: Vec<String> = ledger.healthy().err().map(|why| format!("ledger: {why}")).into_iter().collect();
        if let Some(problem) = &state.lock().unwrap_or_else(PoisonError::into_inner).problem {
            reasons.extend(problem.mistakes.iter().map(|mistake| format!("config: {mistake}")));
        }
        reasons
    })
}

fn provider_status(provider: &ProviderEntry, snapshot: &Snapshot) -> ProviderStatus {
    let config = snapshot.providers.get(provider.name());
    let seen = provider.upstream.health().snapshot();
    let health = match (seen.tries, seen.failures_in_a_row) {
        (0, _) => Health::Unknown,
        (_, 0) => Health::Up,
        (_, 1..3) => Health::Degraded,
        _ => Health::Down,
    };
    ProviderStatus {
        name: provider.name().to_owned(),
        api: provider.api.as_str().to_owned(),
        base_url: config.map(|config| config.base_url.clone()).filter(|url| !url.is_empty()),
        health,
        detail: seen.last_failure.as_ref().filter(|_| health != Health::Up).map(|failure| failure.detail.clone()),
        tried: seen.last_failure.as_ref().map(|failure| failure.at),
        simulated: matches!(provider.api, jeton_project::Api::Twin | jeton_project::Api::Replay),
    }
}

fn model_status(model: &jeton_broker::Resolved) -> ModelStatus {
    ModelStatus {
        name: model.full_name(),
        endpoints: Endpoint::ALL.into_iter().filter(|&endpoint| model.provider.serves(endpoint)).map(|endpoint| endpoint.name().to_owned()).collect(),
        priced: model.entry.price.is_known(),
        simulated: model.entry.is_simulated,
    }
}
