//! The lexical index: what each content says, by chunk, and which contents a tree has now.
//!
//! A content is read once, whatever paths and revisions have it; a tree is no more than a list of paths with contents. So an index
//! follows a work tree change by change, and searches any commit of the past as it was.

mod blob;
mod chunk;
mod persist;
mod term;

pub(crate) use blob::{Blob, Defined};
pub(crate) use chunk::Span;
pub(crate) use term::{TermId, Terms, each_word, terms_of_word};

use crate::Digest;
use crate::code::Language;
use crate::role::{Role, role};
use crate::tree::{FileEntry, Tree};
use jeton_text::Vocabulary;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file whose content is searched, in bytes. Larger ones are data: they are found by their path alone.
const SEARCHED_BYTES_MAX: u64 = 1 << 20;
/// The same for files that hold data by their name.
const DATA_BYTES_MAX: u64 = 64 << 10;

/// The largest source file whose definitions are read, in bytes; larger ones are generated, or tables.
const PARSED_BYTES_MAX: u64 = 512 << 10;

/// The number of a content within an [`Index`].
pub(crate) type BlobId = u32;

/// Contents read so far.
#[derive(Debug, Default)]
pub struct Index {
    terms: Terms,
    blobs: Vec<Blob>,
    digests: Vec<Digest>,
    by_stamp: FxHashMap<Box<str>, BlobId>,
    by_digest: FxHashMap<Digest, BlobId>,
    /// Contents that have the term, ascending.
    by_term: Vec<Vec<BlobId>>,
    /// Contents that define the name, ascending.
    by_name: FxHashMap<TermId, Vec<BlobId>>,
    is_changed: bool,
    /// Tokens of chunks that were counted, by content, chunk and vocabulary.
    counted: Mutex<FxHashMap<(BlobId, usize, Vocabulary), u64>>,
}

/// A file of a [`View`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewFile {
    /// The path from the project's directory.
    pub path: Arc<str>,
    /// What the file is for.
    pub role: Role,
    pub(crate) blob: BlobId,
    /// Terms of its name, then of its directories; each list ascending and without repetition.
    pub(crate) name_terms: Box<[TermId]>,
    pub(crate) directory_terms: Box<[TermId]>,
    /// The term by which other files call it: its name without ending and marks of tests, or its directory's where the name says nothing.
    pub(crate) called: TermId,
}

/// The files of one tree, as an index knows them. Sorted by path.
#[derive(Debug, Default)]
pub struct View {
    files: Vec<ViewFile>,
    /// The file of each content; the first by path where several have it.
    file_of: Vec<u32>,
    chunks: u64,
    terms: u64,
    /// Files with a term in their name, and in their directories; ascending.
    by_name: FxHashMap<TermId, Vec<u32>>,
    by_directory: FxHashMap<TermId, Vec<u32>>,
}

/// No file has the content.
const NONE: u32 = u32::MAX;

impl View {
    /// The files, by path.
    #[must_use]
    pub fn files(&self) -> &[ViewFile] {
        &self.files
    }

    /// The number of the file at `path`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()
    }

    /// The digest of all paths with their contents.
    #[must_use]
    pub fn digest(&self, index: &Index) -> Digest {
        let parts: Vec<&[u8]> = self.files.iter().flat_map(|file| [file.path.as_bytes(), &index.digests[file.blob as usize].0[..]]).collect();
        Digest::of_parts(&parts)
    }

    /// How many chunks can be searched.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    pub(crate) fn named(&self, term: TermId) -> &[u32] {
        self.by_name.get(&term).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn under(&self, term: TermId) -> &[u32] {
        self.by_directory.get(&term).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn file_of(&self, blob: BlobId) -> Option<usize> {
        self.file_of.get(blob as usize).filter(|&&file| file != NONE).map(|&file| file as usize)
    }

    /// Terms of a chunk, on average.
    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn mean_chunk_terms(&self) -> f64 {
        (self.terms as f64 / self.chunks.max(1) as f64).max(1.0)
    }
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many contents were read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blobs.len()
    }

    /// Whether nothing was read so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    /// Whether something was read that was not loaded.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Tokens of a chunk, by `count` where they are not known.
    pub(crate) fn tokens(&self, blob: BlobId, chunk: usize, vocabulary: Vocabulary, count: impl FnOnce() -> u64) -> u64 {
        let known = self.counted.lock().unwrap_or_else(PoisonError::into_inner).get(&(blob, chunk, vocabulary)).copied();
        known.unwrap_or_else(|| {
            let tokens = count();
            self.counted.lock().unwrap_or_else(PoisonError::into_inner).insert((blob, chunk, vocabulary), tokens);
            tokens
        })
    }

    /// The lines of a chunk of a file.
    #[must_use]
    pub fn lines(&self, file: &ViewFile, chunk: usize) -> Option<(u32, u32)> {
        self.blob(file.blob).spans.get(chunk).map(|span| (span.first_line, span.last_line))
    }

    pub(crate) fn blob(&self, id: BlobId) -> &Blob {
        &self.blobs[id as usize]
    }

    /// The digest of a file's content.
    #[must_use]
    pub fn digest(&self, file: &ViewFile) -> Digest {
        self.digests[file.blob as usize]
    }

    pub(crate) fn terms(&self) -> &Terms {
        &self.terms
    }

    /// A term as it is written.
    pub(crate) fn name_of(&self, term: TermId) -> &str {
        self.terms.name(term)
    }

    /// Contents that have the term, in this view or not.
    pub(crate) fn blobs_with(&self, term: TermId) -> &[BlobId] {
        self.by_term.get(term as usize).map_or(&[], Vec::as_slice)
    }

    /// Contents that define the name, in this view or not.
    pub(crate) fn blobs_defining(&self, name: TermId) -> &[BlobId] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The tree as it is now: what is new or changed is read, the rest is known.
    pub fn view(&mut self, tree: &dyn Tree) -> View {
        let files = tree.files();
        let key = |place: usize| key(tree, &files[place]);
        let missing: Vec<usize> = (0..files.len()).filter(|&place| !self.by_stamp.contains_key(key(place).as_str())).collect();
        self.is_changed |= !missing.is_empty();
        for (read, place) in read_all(tree, &missing).into_iter().zip(&missing) {
            let id = self.take(read);
            self.by_stamp.insert(key(*place).into(), id);
        }
        let listed = (0..files.len()).map(|place| (Arc::clone(&files[place].path), self.by_stamp[key(place).as_str()]));
        let listed: Vec<(Arc<str>, BlobId)> = listed.collect();
        self.list(listed)
    }

    fn list(&mut self, files: Vec<(Arc<str>, BlobId)>) -> View {
        let mut view = View { files: Vec::with_capacity(files.len()), file_of: vec![NONE; self.blobs.len()], ..View::default() };
        for (path, blob) in files {
            let first = &mut view.file_of[blob as usize];
            if *first == NONE {
                *first = u32::try_from(view.files.len()).unwrap_or(NONE);
                let known = &self.blobs[blob as usize];
                view.chunks += known.spans.len() as u64;
                view.terms += known.lengths.iter().map(|&terms| u64::from(terms)).sum::<u64>();
            }
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", &path));
            let (name_terms, directory_terms) = (self.terms_of(name), self.terms_of(directory));
            let is_generated = self.blobs[blob as usize].is_generated;
            let called = self.terms.intern(&called(&path));
            let number = u32::try_from(view.files.len()).unwrap_or(NONE);
            name_terms.iter().for_each(|&term| view.by_name.entry(term).or_default().push(number));
            directory_terms.iter().for_each(|&term| view.by_directory.entry(term).or_default().push(number));
            view.files.push(ViewFile {
                role: if is_generated { role(&path).generated() } else { role(&path) },
                path,
                blob,
                name_terms,
                directory_terms,
                called,
            });
        }
        view
    }

    /// The distinct terms of a short text, ascending.
    fn terms_of(&mut self, text: &str) -> Box<[TermId]> {
        let mut found = Vec::new();
        each_word(text, |word| found.extend(terms_of_word(word).iter().map(|name| self.terms.intern(name))));
        found.sort_unstable();
        found.dedup();
        found.into()
    }

    fn take(&mut self, read: Read) -> BlobId {
        if let Some(&id) = self.by_digest.get(&read.digest) {
            return id;
        }
        let numbers: Vec<TermId> = read.names.iter().map(|name| self.terms.intern(name)).collect();
        let blob = read.blob.renumbered(&numbers);
        self.insert(read.digest, blob)
    }

    fn insert(&mut self, digest: Digest, blob: Blob) -> BlobId {
        let id = BlobId::try_from(self.blobs.len()).unwrap_or(BlobId::MAX);
        self.by_term.resize_with(self.terms.len(), Vec::new);
        for &term in &blob.terms {
            self.by_term[term as usize].push(id);
        }
        for symbol in &blob.symbols {
            let definers = self.by_name.entry(symbol.name).or_default();
            if definers.last() != Some(&id) {
                definers.push(id);
            }
        }
        self.by_digest.insert(digest, id);
        self.digests.push(digest);
        self.blobs.push(blob);
        id
    }
}

/// What a content is known by without being read.
fn key(tree: &dyn Tree, file: &FileEntry) -> String {
    if tree.stamps_are_contents() { file.stamp.clone() } else { format!("{}\0{}", file.path, file.stamp) }
}

/// What other files call the file at `path`, in small letters.
fn called(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name).to_lowercase();
    let bare = stem.strip_prefix("test_").or(stem.strip_suffix("_test")).or(stem.strip_suffix("_spec")).or(stem.strip_suffix("tests")).unwrap_or(&stem);
    let bare = bare.strip_suffix("test").filter(|rest| !rest.is_empty()).unwrap_or(bare).trim_matches(['_', '-']);
    if matches!(bare, "mod" | "lib" | "main" | "index" | "__init__" | "init" | "imp" | "") {
        let mut above = directory.rsplit('/').filter(|part| !matches!(*part, "src" | "lib" | "tests" | "test"));
        return above.next().unwrap_or(bare).to_lowercase();
    }
    bare.to_owned()
}

/// A content as a reader found it, its terms still numbered by itself.
struct Read {
    digest: Digest,
    blob: Blob,
    names: Vec<Box<str>>,
}

/// Reads the files at `places` on all cores, in their order.
fn read_all(tree: &dyn Tree, places: &[usize]) -> Vec<Read> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(places.len() / 16 + 1);
    let next = AtomicUsize::new(0);
    let mut found: Vec<(usize, Read)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(&place) = places.get(at) else { return done };
                done.push((at, read(tree, place)));
            }
        };
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mut found = work();
        found.extend(others.into_iter().flat_map(|other| other.join().unwrap_or_default()));
        found
    });
    WORDS.with_borrow_mut(Terms::forget);
    found.sort_unstable_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, read)| read).collect()
}

fn read(tree: &dyn Tree, place: usize) -> Read {
    let file = &tree.files()[place];
    let role = role(&file.path);
    let most = if role.is_data() { DATA_BYTES_MAX } else { SEARCHED_BYTES_MAX };
    let bytes = if file.size_bytes > most { None } else { tree.read(&file.path).ok() };
    let Some(bytes) = bytes else {
        let digest = Digest::of_parts(&[b"unread", file.path.as_bytes(), file.stamp.as_bytes()]);
        return Read { digest, blob: Blob::default(), names: Vec::new() };
    };
    let digest = Digest::of(&bytes);
    // A zero byte early on is what Git, too, takes for the mark of a binary file.
    if memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_some() {
        return Read { digest, blob: Blob::default(), names: Vec::new() };
    }
    WORDS.with_borrow_mut(|terms| {
        let text = String::from_utf8_lossy(&bytes);
        let language = if bytes.len() as u64 <= PARSED_BYTES_MAX && !role.is_data() { Language::from_path(&file.path) } else { None };
        let blob = Blob::read(&text, language, terms);
        // Renumbered to what this content has, so that it can be handed over.
        let names = blob.terms.iter().map(|&term| terms.name(term).into()).collect();
        let mut numbers = vec![0; blob.terms.last().map_or(0, |&last| last as usize + 1)];
        for (place, &term) in blob.terms.iter().enumerate() {
            numbers[term as usize] = TermId::try_from(place).unwrap_or(TermId::MAX);
        }
        Read { digest, blob: blob.renumbered(&numbers), names }
    })
}

thread_local! {
    /// The words that this thread has met while reading.
    static WORDS: std::cell::RefCell<Terms> = std::cell::RefCell::default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn what_a_program_wrote_is_no_source() {
        let tree = MemoryTree::new([("a.rs", "// @generated\nfn a() {}"), ("b.pb.go", "package b"), ("c.md", "<!-- @generated -->\n"), ("d.rs", "fn d() {}")]);
        let mut index = Index::new();
        let roles = |index: &mut Index| index.view(&tree).files().iter().map(|file| file.role).collect::<Vec<_>>();
        let expected = [Role::Generated, Role::Generated, Role::Docs, Role::Source];
        assert_eq!(roles(&mut index), expected);
        assert_eq!(roles(&mut Index::load(&index.save()).unwrap()), expected);
    }

    #[test]
    fn a_content_is_read_once_and_found_under_its_path() {
        let mut index = Index::new();
        let before = index.view(&MemoryTree::new([("a.rs", "fn alpha() {}"), ("b.rs", "fn beta() {}")]));
        let after = index.view(&MemoryTree::new([("b.rs", "fn beta() {}"), ("c.rs", "fn alpha() {}"), ("d.rs", "fn alpha() {}")]));
        assert_eq!(index.len(), 2);
        let alpha = index.terms().find("alpha").map(|term| index.blobs_with(term).to_vec()).unwrap();
        assert_eq!(before.file_of(alpha[0]).map(|file| &*before.files()[file].path), Some("a.rs"));
        assert_eq!(after.file_of(alpha[0]).map(|file| &*after.files()[file].path), Some("c.rs"));
        assert_eq!((before.chunks(), after.chunks()), (2, 2));
    }

    #[test]
    fn binary_and_huge_files_are_known_by_name() {
        let mut index = Index::new();
        let view =
            index.view(&MemoryTree::new([("a.bin", vec![0, 159, 146, 150]), ("big.log", vec![b'x'; 2 << 20]), ("bad.txt", vec![b'a', 255, b' ', b'b'])]));
        assert_eq!(view.files().len(), 3);
        assert_eq!(view.chunks(), 1);
    }
}
