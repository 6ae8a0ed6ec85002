//! The project's context, read in the background: the server answers before it is there.

use crate::caller::Caller;
use crate::context::Context;
use crate::embedder::ThroughBroker;
use jeton_broker::{Broker, Buffers};
use jeton_console::EngineSlot;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::tree::TreeOptions;
use jeton_context::watch::{Bell, Follower};
use jeton_project::Snapshot;
use jeton_text::Vocabulary;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a model that failed to embed is left alone.
const RETRY: Duration = Duration::from_secs(60);

/// The settings of `[context]` that can change while serving.
type Settings = (TreeOptions, Vocabulary);

/// The project's context on its way, and how its settings are changed.
pub(super) struct Reading {
    /// Where it will be once it has been read.
    slot: EngineSlot,
    /// Settings that came while it was being read.
    waiting: Arc<Mutex<Option<Settings>>>,
    bell: Bell,
}

impl Reading {
    /// Begins to read the context of the project into `slot`. What was read is kept in `.jeton/context` for the next start. `broker` asks the
    /// model whose embeddings take part in ranking, where one is configured.
    pub(super) fn begin(slot: &EngineSlot, context: &Context, snapshot: &Snapshot, broker: &Arc<Broker>, buffers: &Arc<Buffers>) -> Self {
        let follower = Follower::default();
        let reading = Self { slot: Arc::clone(slot), waiting: Arc::default(), bell: follower.bell() };
        let embedder = snapshot.context.embeddings.as_ref().and_then(|model| {
            let made = ThroughBroker::new(model, Arc::new(Caller::serving(broker, buffers)));
            made.inspect_err(|error| tracing::warn!(error, model, "context is ranked by words alone: the model for embeddings cannot be asked")).ok()
        });
        let (slot, waiting) = (Arc::clone(slot), Arc::clone(&reading.waiting));
        let (root, options) = (context.project.dir().to_owned(), options(context.project.dir(), snapshot));
        let begun = std::thread::Builder::new().name("context".to_owned()).spawn(move || {
            let has_embedder = embedder.is_some();
            let engine = read(&slot, &root, options, embedder);
            if let Some((tree, vocabulary)) = waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
                engine.set(tree, vocabulary);
            }
            follow(&engine, follower, has_embedder);
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

fn read(slot: &EngineSlot, root: &Path, options: EngineOptions, embedder: Option<ThroughBroker>) -> Arc<Engine> {
    let begun = Instant::now();
    let engine = Arc::new(Engine::open(root, options));
    if let Some(embedder) = embedder {
        engine.set_embedder(Arc::new(embedder));
    }
    let units = engine.desk().catalogue.units().len();
    tracing::info!(units, ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), "the project's context is read");
    let _ = slot.set(Arc::clone(&engine));
    if let Err(error) = engine.save() {
        tracing::warn!(%error, "what was read of the project's context could not be kept; the next start reads it again");
    }
    engine
}

fn follow(engine: &Arc<Engine>, follower: Follower, has_embedder: bool) {
    let changed = if has_embedder { embed_in_background(engine) } else { None };
    let told = |engine: &Engine| {
        tracing::debug!(units = engine.desk().catalogue.units().len(), "the project's context was read again");
        // One that waits to be seen already stands for this one too.
        let _ = changed.as_ref().map(|changed| changed.try_send(()));
    };
    let blind = |error: String| tracing::warn!(error, "the project's files cannot be watched: changes of context are seen at the next start");
    follower.follow(engine, &mut { told }, &blind);
}

/// Embeds what has no embedding yet, now and after each change that is told to what is returned. Neither calls nor the watching of files
/// wait for it.
fn embed_in_background(engine: &Arc<Engine>) -> Option<SyncSender<()>> {
    let (changed, changes) = sync_channel(1);
    let engine = Arc::clone(engine);
    let begun = std::thread::Builder::new().name("embedding".to_owned()).spawn(move || {
        loop {
            let next = match embed(&engine) {
                Ok(()) => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Err(()) => changes.recv_timeout(RETRY),
            };
            if next == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    });
    begun.inspect_err(|error| tracing::warn!(%error, "context is ranked by words alone: no thread could be started")).ok().map(|_| changed)
}

fn embed(engine: &Engine) -> Result<(), ()> {
    match engine.embed_missing(&mut |_, _| {}) {
        Ok(made) if made.texts == 0 => Ok(()),
        Ok(made) => {
            tracing::info!(texts = made.texts, calls = made.calls, "texts of the project's context were embedded");
            Ok(())
        }
        Err(error) => {
            tracing::warn!(error, retry_s = RETRY.as_secs(), "the project's context could not be embedded: what is new is ranked by words alone");
            Err(())
        }
    }
}

fn options(project: &Path, snapshot: &Snapshot) -> EngineOptions {
    let (tree, vocabulary) = settings(snapshot);
    EngineOptions { tree, vocabulary, cache: Some(project.join(".jeton").join("context")), with_code: true }
}

fn settings(snapshot: &Snapshot) -> Settings {
    let vocabulary = Vocabulary::from_name(&snapshot.context.vocabulary).unwrap_or_default();
    (TreeOptions { ignore: snapshot.context.ignore.clone() }, vocabulary)
}
