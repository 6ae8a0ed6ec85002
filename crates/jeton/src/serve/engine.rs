//! The project's context, read in the background: the server answers before it is there.

use crate::context::Context;
use jeton_console::EngineSlot;
use jeton_context::engine::{Engine, EngineOptions};
use jeton_context::tree::TreeOptions;
use jeton_project::Snapshot;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Begins to read the context of the project; where it will be once that is done. What was read is kept in `.jeton/context` for the next start.
pub(super) fn open(context: &Context, snapshot: &Snapshot) -> EngineSlot {
    let slot: EngineSlot = Arc::new(OnceLock::new());
    let (filled, root, options) = (Arc::clone(&slot), context.project.dir().to_owned(), options(context.project.dir(), snapshot));
    let begun = std::thread::Builder::new().name("context".to_owned()).spawn(move || read(&filled, &root, options));
    if let Err(error) = begun {
        tracing::warn!(%error, "the project's context is not read: no thread could be started");
    }
    slot
}

fn read(slot: &EngineSlot, root: &Path, options: EngineOptions) {
    let begun = Instant::now();
    let engine = Arc::new(Engine::open(root, options));
    let units = engine.desk().catalogue.units().len();
    tracing::info!(units, ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX), "the project's context is read");
    let _ = slot.set(Arc::clone(&engine));
    if let Err(error) = engine.save() {
        tracing::warn!(%error, "what was read of the project's context could not be kept; the next start reads it again");
    }
}

fn options(project: &Path, snapshot: &Snapshot) -> EngineOptions {
    EngineOptions {
        tree: TreeOptions { ignore: snapshot.context.ignore.clone() },
        vocabulary: jeton_text::Vocabulary::from_name(&snapshot.context.vocabulary).unwrap_or_default(),
        cache: Some(project.join(".jeton").join("context")),
        with_code: true,
    }
}
