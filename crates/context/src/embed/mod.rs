//! Nearness of meaning: a model's vectors of units and files, kept from one process to the next, compared with that of a task.
//!
//! The model is whatever implements [`Embedder`]; this crate calls none. Without one, or while it fails, ranking is by words alone.

mod nearness;
mod texts;
mod vectors;

pub(crate) use nearness::Meant;
pub use nearness::Nearness;
pub(crate) use texts::{Texts, text_of};

use crate::Digest;
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use vectors::{Direction, Vectors};

/// Texts that are given to a model in one call at most.
pub const BATCH_TEXTS_MAX: usize = 96;
/// Batches after which the vectors are written, so that little is paid for twice when the process ends early.
const BATCHES_UNSAVED_MAX: usize = 8;
/// Tasks whose vectors are remembered.
const TASKS_MAX: usize = 32;
/// The file in the cache's directory.
const VECTORS_FILE: &str = "vectors.bin";

/// A model that turns texts into vectors whose directions are near where the texts mean the like.
pub trait Embedder: Send + Sync {
    /// The model as `provider/name`. Vectors of different models are never compared.
    fn model(&self) -> &str;

    /// A vector for each text, in their order, all of one length. Blocks until they are there.
    ///
    /// # Errors
    /// Why there are none, in one line for people.
    fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, String>;
}

/// What was embedded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    /// Texts that had no vector before and have one now.
    pub texts: usize,
    /// Calls of the model.
    pub calls: usize,
}

/// A model with what it has said so far.
pub(crate) struct Meaning {
    embedder: Arc<dyn Embedder>,
    vectors: RwLock<Vectors>,
    /// The latest tasks, newest last.
    tasks: Mutex<VecDeque<(Digest, Direction)>>,
    file: Option<PathBuf>,
}

impl std::fmt::Debug for Meaning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meaning").field("model", &self.model()).finish_non_exhaustive()
    }
}

/// The direction of a task, or why there is none.
pub(crate) type TaskDirection = Result<Direction, String>;

impl Meaning {
    /// With the vectors that were kept in the directory `cache`.
    pub(crate) fn new(embedder: Arc<dyn Embedder>, cache: Option<&PathBuf>) -> Self {
        let file = cache.map(|directory| directory.join(VECTORS_FILE));
        let vectors = file.as_ref().and_then(|file| std::fs::read(file).ok()).map(|bytes| Vectors::load(&bytes)).unwrap_or_default();
        Self { embedder, vectors: RwLock::new(vectors), tasks: Mutex::default(), file }
    }

    pub(crate) fn model(&self) -> &str {
        self.embedder.model()
    }

    /// The direction of a task, by one call of the model where it is not among the latest; none for a task that says nothing.
    pub(crate) fn of_task(&self, task: &str) -> Option<TaskDirection> {
        let text = texts::cut(&crate::standing::masked(task))?;
        if self.vectors.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            return Some(Err("nothing of the project is embedded yet".to_owned()));
        }
        let digest = Digest::of(text.as_bytes());
        let known = self.lock_tasks().iter().find(|(known, _)| *known == digest).map(|(_, direction)| direction.clone());
        Some(known.map_or_else(|| self.ask(digest, text), Ok))
    }

    fn ask(&self, digest: Digest, text: String) -> TaskDirection {
        let direction = self.directions(&[text])?.remove(0);
        let mut tasks = self.lock_tasks();
        tasks.push_back((digest, direction.clone()));
        if tasks.len() > TASKS_MAX {
            tasks.pop_front();
        }
        Ok(direction)
    }

    /// One call of the model.
    fn directions(&self, texts: &[String]) -> Result<Vec<Direction>, String> {
        let vectors = self.embedder.embed(texts)?;
        if vectors.len() != texts.len() {
            return Err(format!("{} gave {} vectors for {} texts", self.model(), vectors.len(), texts.len()));
        }
        let directions = vectors.iter().map(|vector| Direction::new(vector));
        directions.collect::<Option<Vec<_>>>().ok_or_else(|| format!("{} gave a vector that has no direction", self.model()))
    }

    /// How near each text is to a task.
    pub(crate) fn nearness(&self, texts: &Texts, task: &TaskDirection) -> Nearness {
        if texts.all().next().is_none() {
            return Nearness::default();
        }
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        Nearness::new(self.model(), texts, &vectors, task)
    }

    /// Places in `texts` of what has no vector yet, each text once. A vector of another length than the latest task's has none: the model
    /// has changed under its name.
    fn missing(&self, texts: &Texts) -> Vec<(Digest, texts::Which)> {
        let length = self.lock_tasks().back().map(|(_, direction)| direction.len());
        let vectors = self.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let has = |digest: &Digest| vectors.get(digest).is_some_and(|known| length.is_none_or(|length| known.len() == length));
        let mut seen = BTreeSet::new();
        texts.all().filter(|(digest, _)| !has(digest) && seen.insert(*digest)).collect()
    }

    /// Embeds what has no vector yet, and keeps it. `text_of` gives the text of a place in `texts`; `progress` is told how many of how many
    /// texts are done after each call.
    ///
    /// # Errors
    /// As the model; what was embedded before is kept.
    pub(crate) fn embed_missing(
        &self,
        texts: &Texts,
        text_of: &dyn Fn(texts::Which) -> Option<String>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Embedded, String> {
        let missing = self.missing(texts);
        let mut done = Embedded::default();
        for batch in missing.chunks(BATCH_TEXTS_MAX) {
            let asked: Vec<(Digest, String)> = batch.iter().filter_map(|&(digest, which)| Some((digest, text_of(which)?))).collect();
            let (digests, asked): (Vec<Digest>, Vec<String>) = asked.into_iter().unzip();
            let made = self.directions(&asked).inspect_err(|_| self.save(texts))?;
            done = Embedded { texts: done.texts + made.len(), calls: done.calls + 1 };
            let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
            digests.into_iter().zip(made).for_each(|(digest, direction)| vectors.insert(digest, direction));
            drop(vectors);
            if done.calls % BATCHES_UNSAVED_MAX == 0 {
                self.save(texts);
            }
            progress(done.texts, missing.len());
        }
        if done.calls > 0 {
            self.save(texts);
        }
        Ok(done)
    }

    /// Keeps the vectors for the next process, with what another one has written meanwhile. Where that cannot be done they are made again.
    fn save(&self, texts: &Texts) {
        let Some(file) = &self.file else { return };
        let mut vectors = self.vectors.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(bytes) = std::fs::read(file) {
            vectors.adopt(Vectors::load(&bytes));
        }
        vectors.bound(&texts.all().map(|(digest, _)| digest).collect());
        let bytes = vectors.save();
        drop(vectors);
        let _ = crate::tree::replace_file(file, &bytes);
    }

    fn lock_tasks(&self) -> std::sync::MutexGuard<'_, VecDeque<(Digest, Direction)>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
