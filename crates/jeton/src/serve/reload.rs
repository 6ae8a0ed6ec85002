//! A changed configuration is taken up while calls go on: valid, it replaces the old one at once; invalid, the last good
//! one stays, and the mistakes are shown.

use super::accounts_with;
use super::engine::Reading;
use super::live::WatchAccounts;
use super::status::{ConfigState, Shared};
use crate::context::env;
use jeton_broker::{Broker, Live, Surroundings};
use jeton_console::{ConfigProblem, Metrics};
use jeton_core::{Clock, SystemClock};
use jeton_ledger::Ledger;
use jeton_ledger::sqlite::SqliteLedger;
use jeton_project::{Project, ProjectStamp};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

/// Looks after `jeton.toml` and the files of packs.
pub(super) struct Reload {
    project: Project,
    broker: Arc<Broker>,
    ledger: Arc<SqliteLedger>,
    watch_accounts: WatchAccounts,
    reading: Reading,
    listen: Option<SocketAddr>,
    stamp: ProjectStamp,
    state: Shared,
    metrics: Arc<Metrics>,
}

impl Reload {
    /// `listen` is the address of the command line, which no file changes.
    pub(super) fn new(
        project: Project,
        broker: Arc<Broker>,
        ledger: Arc<SqliteLedger>,
        watch_accounts: WatchAccounts,
        reading: Reading,
        listen: Option<SocketAddr>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let stamp = project.stamp();
        let state = Shared::new(ConfigState { loaded: SystemClock.now(), problem: None }.into());
        Self { project, broker, ledger, watch_accounts, reading, listen, stamp, state, metrics }
    }

    /// When the configuration in use was loaded, and what is wrong with the file now.
    pub(super) fn state(&self) -> Shared {
        Arc::clone(&self.state)
    }

    /// Takes the files up if one has changed.
    pub(super) fn look(&mut self) {
        let stamp = self.project.stamp();
        if stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        let outcome = self.take_up();
        match &outcome {
            Ok(digest) => tracing::info!(digest, "the configuration changed and is in use"),
            Err(mistakes) => {
                mistakes.iter().for_each(|mistake| tracing::error!(mistake, "the configuration changed and is wrong; the last good one stays in use"))
            }
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(_) => {
                self.metrics.config_reloads.increment();
                *state = ConfigState { loaded: SystemClock.now(), problem: None };
            }
            Err(mistakes) => {
                self.metrics.config_reload_failures.increment();
                state.problem = Some(ConfigProblem { since: SystemClock.now(), mistakes });
            }
        }
    }

    fn take_up(&self) -> Result<String, Vec<String>> {
        let before = self.broker.live();
        let mut snapshot = self.project.load(&env).map_err(|report| report.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        if let Some(listen) = self.listen {
            snapshot.gateway.listen = listen;
        }
        self.note_what_waits(before.snapshot(), &snapshot);
        let snapshot = Arc::new(snapshot);
        let around = Surroundings { project_dir: self.project.dir(), env: &env, previous: Some(&before) };
        let live = Live::assemble(Arc::clone(&snapshot), &around)?;
        self.ledger.configure(accounts_with(&snapshot, &self.watch_accounts)).map_err(|error| vec![error.to_string()])?;
        self.broker.replace(live);
        if before.snapshot().context != snapshot.context {
            self.reading.set(&snapshot);
        }
        Ok(snapshot.digest.clone())
    }

    /// Sockets and files are opened once, and so is the project's context: their settings hold from the next start.
    fn note_what_waits(&self, before: &jeton_project::Snapshot, after: &jeton_project::Snapshot) {
        let waits = [
            ("gateway.listen", before.gateway.listen != after.gateway.listen && before.gateway.listen.port() != 0),
            ("gateway.tls", before.gateway.tls != after.gateway.tls),
            ("gateway.workers", before.gateway.workers != after.gateway.workers),
            ("store", before.store != after.store),
            ("log", before.log != after.log),
            ("context", before.context != after.context),
        ];
        for (setting, _) in waits.iter().filter(|(_, changed)| *changed) {
            tracing::warn!(setting, "changed; it holds from the next start");
        }
    }
}
