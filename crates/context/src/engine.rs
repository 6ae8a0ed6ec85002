//! A project's context ready for use: files, units, index and past, read once and then followed.

use crate::compile::{Compilation, CompileError, Explanation, FoundUnit, Request, Sources, UnitIndex, compile, explain, found_units};
use crate::embed::{Embedded, Embedder, Meaning, Nearness, TaskDirection, Texts, text_of};
use crate::git::{Git, NoGit};
use crate::index::{Index, View};
use crate::rank::{Corpus, History, Query, RankedFile, rank};
use crate::score::COMMITS_MAX;
use crate::tree::{RevisionTree, Tree, TreeOptions, WorkTree, replace_file};
use crate::{Catalogue, CatalogueOptions, Finding, Lock, TokenCache, Unit};
use jeton_text::Vocabulary;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

/// The lock's file in the project's directory.
pub const LOCK_FILE: &str = "context.lock";

/// How a project is read.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// What is left out beside what ignore files name.
    pub tree: TreeOptions,
    /// The vocabulary in which units are counted.
    pub vocabulary: Vocabulary,
    /// Where what was read is kept for the next process; none: nowhere.
    pub cache: Option<PathBuf>,
    /// Whether the code and the past are read too: what needs only the catalogue starts faster without.
    pub with_code: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { tree: TreeOptions::default(), vocabulary: Vocabulary::default(), cache: None, with_code: true }
    }
}

/// How far units can be relied on, by id: a weight from 0 to 1 and what a reader must be told.
pub type Standing = HashMap<String, (f64, Option<&'static str>)>;

/// What a project has now. Never changed; a change of the files makes a new one.
pub struct Desk {
    /// The vocabulary in which the units were counted.
    pub vocabulary: Vocabulary,
    /// The files.
    pub tree: Arc<dyn Tree>,
    /// The units.
    pub catalogue: Catalogue,
    /// The words of the units.
    pub units: UnitIndex,
    /// The lock, where there is one.
    pub lock: Option<Lock>,
    /// What was wrong with the lock.
    pub lock_findings: Vec<Finding>,
    /// How far units can be relied on; those that are not named have 1.
    pub standing: Standing,
    view: View,
    history: Option<Arc<History>>,
    /// What is embedded; worked out when it is first needed.
    texts: OnceLock<Texts>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("catalogue", &self.catalogue.digest()).finish_non_exhaustive()
    }
}

/// A project's context, kept ready.
#[derive(Debug)]
pub struct Engine {
    root: PathBuf,
    options: RwLock<EngineOptions>,
    git: Result<Git, NoGit>,
    index: RwLock<Index>,
    desk: RwLock<Arc<Desk>>,
    history: Mutex<Option<(String, Arc<History>)>>,
    tokens: Mutex<TokenCache>,
    meaning: OnceLock<Meaning>,
}

impl Engine {
    /// Reads the project at `root`: a directory, or a bare repository, whose newest commit is then read.
    #[must_use]
    pub fn open(root: &Path, options: EngineOptions) -> Self {
        let git = Git::open(root);
        let load = |name: &str| options.cache.as_ref().and_then(|directory| std::fs::read(directory.join(name)).ok());
        let index = if options.with_code { load(INDEX_FILE).and_then(|bytes| Index::load(&bytes)).unwrap_or_default() } else { Index::new() };
        let tokens = load(TOKENS_FILE).map(|bytes| TokenCache::load(&bytes)).unwrap_or_default();
        let engine = Self {
            root: root.to_owned(),
            git,
            index: RwLock::new(index),
            desk: RwLock::new(Arc::new(Desk::empty())),
            history: Mutex::new(None),
            tokens: Mutex::new(tokens),
            meaning: OnceLock::new(),
            options: RwLock::new(options),
        };
        engine.refresh();
        engine
    }

    /// The project's directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The repository, or why there is none.
    ///
    /// # Errors
    /// Where the project belongs to no repository, or Git cannot be asked.
    pub fn git(&self) -> Result<&Git, &NoGit> {
        self.git.as_ref()
    }

    /// The vocabulary in which units are counted.
    #[must_use]
    pub fn vocabulary(&self) -> Vocabulary {
        self.desk().vocabulary
    }

    /// Sets how the project is read from the next [`Engine::refresh`] on. Where the cache is and whether code is read stays as it was.
    pub fn set(&self, tree: TreeOptions, vocabulary: Vocabulary) {
        let mut options = self.options.write().unwrap_or_else(PoisonError::into_inner);
        (options.tree, options.vocabulary) = (tree, vocabulary);
    }

    fn options(&self) -> EngineOptions {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the project has now.
    #[must_use]
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads what has changed since the last time.
    pub fn refresh(&self) {
        let options = self.options();
        let tree = self.tree(&options.tree);
        let catalogue = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            Catalogue::build_with(&*tree, &CatalogueOptions { vocabularies: vec![options.vocabulary] }, &mut tokens)
        };
        let units = UnitIndex::new(&catalogue);
        let (lock, lock_findings) = read_lock(&*tree);
        let standing = crate::standing::standing(&*tree, &catalogue, lock.as_ref());
        let view = if options.with_code { self.index.write().unwrap_or_else(PoisonError::into_inner).view(&*tree) } else { View::default() };
        let history = if options.with_code { self.history(options.cache.as_deref()) } else { None };
        let desk = Desk { vocabulary: options.vocabulary, tree, catalogue, units, lock, lock_findings, standing, view, history, texts: OnceLock::new() };
        *self.desk.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(desk);
    }

    fn tree(&self, options: &TreeOptions) -> Arc<dyn Tree> {
        if let Ok(git) = &self.git
            && git.is_bare()
            && let Ok(tree) = RevisionTree::open(git, "HEAD", options)
        {
            return Arc::new(tree);
        }
        Arc::new(WorkTree::open(&self.root, options))
    }

    /// The past, read again only where there is a new commit.
    fn history(&self, cache: Option<&Path>) -> Option<Arc<History>> {
        let git = self.git.as_ref().ok()?;
        let head = git.resolve("HEAD")?;
        let mut known = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, history)) = &*known
            && *at == head
        {
            return Some(Arc::clone(history));
        }
        let log = match cache {
            Some(directory) => git.cached_log(&head, COMMITS_MAX, &directory.join(LOG_FILE)),
            None => git.log(&head, COMMITS_MAX),
        };
        let history = Arc::new(History::new(&log.ok()?));
        *known = Some((head, Arc::clone(&history)));
        Some(history)
    }

    /// Keeps what was read for the next process.
    ///
    /// # Errors
    /// Where the cache's directory cannot be written.
    pub fn save(&self) -> std::io::Result<()> {
        let EngineOptions { cache: Some(directory), with_code, .. } = self.options() else { return Ok(()) };
        std::fs::create_dir_all(&directory)?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner).save();
        write_if_new(&directory.join(TOKENS_FILE), &tokens)?;
        if with_code {
            let desk = self.desk();
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            if index.is_changed() {
                replace_file(&directory.join(INDEX_FILE), &index.save_for(&desk.view, &*desk.tree))?;
            }
        }
        Ok(())
    }

    /// Compiles the context of a task.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn compile(&self, request: &Request<'_>) -> Result<Compilation, CompileError> {
        self.with_sources(request.task, |sources| compile(sources, request))
    }

    /// Why the context of a task is what it is.
    ///
    /// # Errors
    /// As [`compile`].
    pub fn explain(&self, request: &Request<'_>, more_tokens: u64) -> Result<Explanation, CompileError> {
        self.with_sources(request.task, |sources| explain(sources, request, more_tokens))
    }

    /// Files by how likely a task needs them, with their paths.
    #[must_use]
    pub fn search(&self, task: &str) -> Vec<(String, RankedFile)> {
        let asked = self.ask(task);
        let desk = self.desk();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let meaning = self.nearness(&desk, &index, asked.as_ref()).map(|nearness| nearness.files());
        let corpus = corpus(&desk, &index, meaning.as_deref());
        let path = |ranked: &RankedFile| desk.view.files()[ranked.file].path.to_string();
        rank(&corpus, &Query::new(task)).into_iter().map(|ranked| (path(&ranked), ranked)).collect()
    }

    /// Units by what they have of a task's words and meaning, the best first.
    #[must_use]
    pub fn search_units(&self, task: &str) -> Vec<FoundUnit> {
        let nearness = self.meaning_of(task);
        let desk = self.desk();
        found_units(&desk.catalogue, &desk.units, &Query::new(task), nearness.as_ref())
    }

    /// Lets a model say what means the like, from now on; a second one changes nothing. What it said before is read from the cache's directory.
    pub fn set_embedder(&self, embedder: Arc<dyn Embedder>) {
        let _ = self.meaning.get_or_init(|| Meaning::new(embedder, self.options().cache.as_ref()));
    }

    /// The same engine with a model that says what means the like.
    #[must_use]
    pub fn with_embedder(self, embedder: Arc<dyn Embedder>) -> Self {
        self.set_embedder(embedder);
        self
    }

    /// Asks the model for what it has not yet embedded of the project as it is now, [`crate::embed::BATCH_TEXTS_MAX`] texts in a call, and keeps it.
    /// `progress` is told after each call how many texts of how many are done. Without a model nothing is done.
    ///
    /// # Errors
    /// Why the model gave nothing; what it gave before that is kept.
    pub fn embed_missing(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Embedded, String> {
        let Some(meaning) = self.meaning.get() else { return Ok(Embedded::default()) };
        let desk = self.desk();
        let index = || self.index.read().unwrap_or_else(PoisonError::into_inner);
        let texts = desk.texts(meaning.model(), &index());
        meaning.embed_missing(texts, &|which| text_of(which, &desk.catalogue, &index(), &desk.view), progress)
    }

    /// What the model says of a task; none without a model, or for a task that says nothing.
    #[must_use]
    pub fn meaning_of(&self, task: &str) -> Option<Nearness> {
        let asked = self.ask(task);
        let desk = self.desk();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        self.nearness(&desk, &index, asked.as_ref())
    }

    /// Asks the model for a task's direction. No lock is held meanwhile: the answer may take seconds.
    fn ask(&self, task: &str) -> Option<TaskDirection> {
        self.meaning.get().and_then(|meaning| meaning.of_task(task))
    }

    fn nearness(&self, desk: &Desk, index: &Index, asked: Option<&TaskDirection>) -> Option<Nearness> {
        self.meaning.get().zip(asked).map(|(meaning, asked)| meaning.nearness(desk.texts(meaning.model(), index), asked))
    }

    /// The lines of a chunk of a file of [`Engine::search`]: its best.
    #[must_use]
    pub fn best_lines(&self, path: &str, ranked: &RankedFile) -> Option<(u32, u32)> {
        let desk = self.desk();
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let file = &desk.view.files()[desk.view.find(path)?];
        let best = ranked.chunks.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?.0;
        index.lines(file, best)
    }

    fn with_sources<R>(&self, task: &str, work: impl FnOnce(&Sources<'_>) -> R) -> R {
        let asked = self.ask(task);
        let desk = self.desk();
        let with_code = self.options.read().unwrap_or_else(PoisonError::into_inner).with_code;
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        let nearness = self.nearness(&desk, &index, asked.as_ref());
        let meaning = nearness.as_ref().map(Nearness::files);
        let corpus = corpus(&desk, &index, meaning.as_deref());
        let standing = |unit: &Unit| desk.standing.get(&unit.id).copied().unwrap_or((1.0, None));
        let sources = Sources {
            tree: &*desk.tree,
            catalogue: &desk.catalogue,
            units: &desk.units,
            corpus: with_code.then_some(&corpus),
            standing: &standing,
            mask: &crate::standing::masked,
            nearness: nearness.as_ref(),
        };
        work(&sources)
    }
}

const INDEX_FILE: &str = "index.bin";
const TOKENS_FILE: &str = "tokens.bin";
const LOG_FILE: &str = "log.bin";

fn corpus<'a>(desk: &'a Desk, index: &'a Index, meaning: Option<&'a [f64]>) -> Corpus<'a> {
    Corpus { index, view: &desk.view, history: desk.history.as_deref(), unseen_commits: 0, meaning }
}

fn write_if_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if std::fs::read(path).is_ok_and(|known| known == bytes) { Ok(()) } else { replace_file(path, bytes) }
}

fn read_lock(tree: &dyn Tree) -> (Option<Lock>, Vec<Finding>) {
    match tree.text(LOCK_FILE) {
        Ok(text) => {
            let (lock, findings) = Lock::parse(&text, LOCK_FILE);
            (Some(lock), findings)
        }
        Err(_) => (None, Vec::new()),
    }
}

impl Desk {
    fn empty() -> Self {
        Self {
            vocabulary: Vocabulary::default(),
            tree: Arc::new(crate::tree::MemoryTree::default()),
            catalogue: Catalogue::default(),
            units: UnitIndex::default(),
            lock: None,
            lock_findings: Vec::new(),
            standing: Standing::new(),
            view: View::default(),
            history: None,
            texts: OnceLock::new(),
        }
    }

    /// What is embedded of it by a model.
    fn texts(&self, model: &str, index: &Index) -> &Texts {
        self.texts.get_or_init(|| Texts::new(model, &self.catalogue, index, &self.view))
    }

    /// How many files can be searched, and how many chunks they have.
    #[must_use]
    pub fn size(&self) -> (usize, u64) {
        (self.view.files().len(), self.view.chunks())
    }
}
