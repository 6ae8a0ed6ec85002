//! Follows the files of a project: what changes is read again within a fraction of a second.

use crate::engine::Engine;
use crate::tree::parent;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Changes often come in rows (an editor's save, a checkout): they are waited for until there is none for this long,
const QUIET: Duration = Duration::from_millis(80);
/// but no longer than this.
const PATIENCE: Duration = Duration::from_millis(400);

/// Has the project read again though none of its files changed: see [`Engine::set`].
#[derive(Clone, Debug)]
pub struct Bell(Sender<()>);

impl Bell {
    /// Rings. Nothing happens where nobody follows any longer.
    pub fn ring(&self) {
        let _ = self.0.send(());
    }
}

/// Follows one project, on a thread of its own.
#[derive(Debug)]
pub struct Follower {
    sender: Sender<()>,
    events: Receiver<()>,
}

impl Default for Follower {
    fn default() -> Self {
        let (sender, events) = channel();
        Self { sender, events }
    }
}

impl Follower {
    /// What calls this follower. It is heard also by one who follows only later.
    #[must_use]
    pub fn bell(&self) -> Bell {
        Bell(self.sender.clone())
    }

    /// Reads the project again whenever a file of it changes or the bell rings, and calls `on_change` after each reading; never returns. Where the
    /// system gives no watcher, `on_blind` is told why, and only the bell is heard.
    ///
    /// Only directories that hold files of the project are watched: what is ignored costs nothing.
    pub fn follow(self, engine: &Arc<Engine>, on_change: &mut dyn FnMut(&Engine), on_blind: &dyn Fn(String)) {
        let sender = self.sender.clone();
        let on_event = move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                let _ = sender.send(());
            }
        };
        let mut watcher = notify::recommended_watcher(on_event).map_err(|error| on_blind(error.to_string())).ok();
        let mut watched = BTreeSet::new();
        let mut look = || {
            // What changed in a directory between its reading and its first watch was told by nobody.
            while watcher.as_mut().is_some_and(|watcher| watch(watcher, engine, &mut watched)) {
                engine.refresh();
            }
        };
        look();
        while wait(&self.events) {
            engine.refresh();
            look();
            on_change(engine);
        }
    }
}

/// Waits for a change and for the end of its row; no more, where nothing can tell of one any longer.
fn wait(events: &Receiver<()>) -> bool {
    let is_told = events.recv().is_ok();
    let begun = Instant::now();
    while is_told && begun.elapsed() < PATIENCE && events.recv_timeout(QUIET).is_ok() {}
    is_told
}

/// Watches the directories that came in, and lets go of those that went. Whether any came in.
fn watch(watcher: &mut RecommendedWatcher, engine: &Engine, watched: &mut BTreeSet<PathBuf>) -> bool {
    let wanted = directories(engine);
    for gone in watched.difference(&wanted) {
        let _ = watcher.unwatch(gone);
    }
    // A directory that vanished meanwhile is told of by its parent.
    let new: Vec<PathBuf> = wanted.difference(watched).filter(|directory| watcher.watch(directory, RecursiveMode::NonRecursive).is_ok()).cloned().collect();
    watched.retain(|directory| wanted.contains(directory));
    let has_new = !new.is_empty();
    watched.extend(new);
    has_new
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
