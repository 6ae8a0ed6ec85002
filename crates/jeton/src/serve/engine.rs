//! The project's context, read in the background: the server answers before it is there.

use crate::context::Context;
use jeton_console::EngineSlot;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::tree::TreeOptions;
use jeton_context::watch::{Bell, Follower};
use jeton_project::Snapshot;
use jeton_text::Vocabulary;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// The settings of `[context]`.
type Settings = (TreeOptions, Vocabulary);

/// The project's context on its way, and how its settings are changed.
pub(super) struct Reading {
    /// Where it will be once it has been read.
    pub(super) slot: EngineSlot,
    /// Settings that came while it was being read.
    waiting: Arc<Mutex<Option<Settings>>>,
    bell: Bell,
}

impl Reading {
    /// Begins to read the context of the project. What was read is kept in `.jeton/context` for the next start.
    pub(super) fn begin(context: &Context, snapshot: &Snapshot) -> Self {
        let follower = Follower::default();
        let reading = Self { slot: Arc::new(OnceLock::new()), waiting: Arc::default(), bell: follower.bell() };
        let (slot, waiting) = (Arc::clone(&reading.slot), Arc::clone(&reading.waiting));
        let (root, options) = (context.project.dir().to_owned(), options(context.project.dir(), snapshot));
        let begun = std::thread::Builder::new().name("context".to_owned()).spawn(move || {
            let engine = read(&slot, &root, options);
            if let Some((tree, vocabulary)) = waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
                engine.set(tree, vocabulary);
            }
            follow(&engine, follower);
        });
        if let Err(error) = begun {
            tracing::warn!(%error, "the project's context is not read: no thread could be started");
        }
        reading
    }

    /// Has the context read again under the settings of `snapshot`. Until that is done, what was read before serves.
    pub(super) fn set(&self, snapshot: &Snapshot) {
        let (tree, vocabulary) = settings(snapshot);
        // Under the lock, so that the settings reach the engine whether it comes before or after.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match self.slot.get() {
            Some(engine) => engine.set(tree, vocabulary),
            None => *waiting = Some((tree, vocabulary)),
        }
        drop(waiting);
        self.bell.ring();
    }
}

fn read(slot: &EngineSlot, root: &Path, options: EngineOptions) -> Arc<Engine> {
    let begun = Instant::now();
    let engine = Arc::new(Engine::open(root, options));
    let units = engine.desk().catalogue.units().len();
    tracing::info!(units, ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), "the project's context is read");
    let _ = slot.set(Arc::clone(&engine));
    if let Err(error) = engine.save() {
        tracing::warn!(%error, "what was read of the project's context could not be kept; the next start reads it again");
    }
    engine
}

fn follow(engine: &Arc<Engine>, follower: Follower) {
    let told = |engine: &Engine| tracing::debug!(units = engine.desk().catalogue.units().len(), "the project's context was read again");
    let blind = |error: String| tracing::warn!(error, "the project's files cannot be watched: changes of context are seen at the next start");
    follower.follow(engine, &mut { told }, &blind);
}

fn options(project: &Path, snapshot: &Snapshot) -> EngineOptions {
    let (tree, vocabulary) = settings(snapshot);
    EngineOptions { tree, vocabulary, cache: Some(project.join(".jeton").join("context")), with_code: true }
}

fn settings(snapshot: &Snapshot) -> Settings {
    let vocabulary = Vocabulary::from_name(&snapshot.context.vocabulary).unwrap_or_default();
    (TreeOptions { ignore: snapshot.context.ignore.clone() }, vocabulary)
}
