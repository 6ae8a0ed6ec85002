//! Follows the files of a project: what changes is read again within a fraction of a second.

use crate::engine::Engine;
use crate::tree::parent;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Changes often come in rows (an editor's save, a checkout): they are waited for until there is none for this long,
const QUIET: Duration = Duration::from_millis(80);
/// but no longer than this.
const PATIENCE: Duration = Duration::from_millis(400);

/// Reads the project again whenever a file of it changes; returns only where it cannot be watched, or when `is_over` says so after a
/// change. Calls `on_change` after each reading.
///
/// Only directories that hold files of the project are watched: what is ignored costs nothing.
///
/// # Errors
/// Where the system gives no watcher.
pub fn follow(engine: &Arc<Engine>, on_change: &mut dyn FnMut(&Engine)) -> Result<(), String> {
    let (sender, events) = channel();
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = sender.send(());
        }
    };
    let mut watcher = notify::recommended_watcher(on_event).map_err(|error| error.to_string())?;
    let mut watched = BTreeSet::new();
    watch(&mut watcher, engine, &mut watched);
    // What changed between the first reading and the first watch.
    engine.refresh();
    while wait(&events) {
        engine.refresh();
        watch(&mut watcher, engine, &mut watched);
        on_change(engine);
    }
    Ok(())
}

/// Waits for a change and for the end of its row; no more, where nothing watches any longer.
fn wait(events: &Receiver<()>) -> bool {
    if events.recv().is_err() {
        return false;
    }
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        match events.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

/// Watches the directories that came in, and lets go of those that went.
fn watch(watcher: &mut RecommendedWatcher, engine: &Engine, watched: &mut BTreeSet<PathBuf>) {
    let wanted = directories(engine);
    for gone in watched.difference(&wanted) {
        let _ = watcher.unwatch(gone);
    }
    // A directory that vanished meanwhile is told of by its parent.
    let new: Vec<PathBuf> = wanted.difference(watched).filter(|directory| watcher.watch(directory, RecursiveMode::NonRecursive).is_ok()).cloned().collect();
    watched.retain(|directory| wanted.contains(directory));
    watched.extend(new);
}

fn directories(engine: &Engine) -> BTreeSet<PathBuf> {
    let desk = engine.desk();
    let root = engine.root();
    let mut found = BTreeSet::from([root.to_owned()]);
    for file in desk.tree.files() {
        let mut directory = parent(&file.path);
        while !directory.is_empty() && found.insert(root.join(directory)) {
            directory = parent(directory);
        }
    }
    // A new commit is written here.
    found.extend([root.join(".git"), root.join(".git/logs")].into_iter().filter(|directory| Path::is_dir(directory)));
    found
}
