//! Words against chunks and paths.

use super::{Corpus, Query};
use crate::index::{BlobId, TermId};

/// How fast repetition saturates, and how far length counts. Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework".
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// Scores of chunks by file: what of the words each chunk has.
#[derive(Debug, Default)]
pub(crate) struct ChunkScores {
    /// The file's number with the scores of its chunks; only files with a word of the query.
    pub(crate) by_file: Vec<(usize, Box<[f32]>)>,
}

/// How much a term tells among `all` documents of which `with` have it; never negative.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn idf(all: u64, with: u64) -> f64 {
    (1.0 + (all as f64 - with as f64 + 0.5) / (with as f64 + 0.5)).max(1.0).ln()
}

/// BM25 over chunks, for weighted terms.
pub(crate) fn chunk_scores(corpus: &Corpus<'_>, terms: &[(TermId, f64)]) -> ChunkScores {
    let (index, view) = (corpus.index, corpus.view);
    let mean = view.mean_chunk_terms();
    let mut scores: Vec<Option<Box<[f32]>>> = vec![None; view.files().len()];
    for &(term, weight) in terms {
        let holders: Vec<(BlobId, usize)> = index.blobs_with(term).iter().filter_map(|&blob| view.file_of(blob).map(|file| (blob, file))).collect();
        let with: u64 = holders.iter().map(|&(blob, _)| index.blob(blob).postings(term).len() as u64).sum();
        let weight = weight * idf(view.chunks(), with);
        for (blob, file) in holders {
            let blob = index.blob(blob);
            let of_file = scores[file].get_or_insert_with(|| vec![0.0; blob.spans.len()].into());
            for &(chunk, count) in blob.postings(term) {
                of_file[chunk as usize] += saturated(count, blob.lengths[chunk as usize], mean, weight);
            }
        }
    }
    let found = scores.into_iter().enumerate().filter_map(|(file, scores)| scores.map(|scores| (file, scores)));
    ChunkScores { by_file: found.collect() }
}

#[allow(clippy::cast_possible_truncation)]
fn saturated(count: u16, length: u32, mean: f64, weight: f64) -> f32 {
    let count = f64::from(count);
    (weight * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * f64::from(length) / mean))) as f32
}

/// BM25 over whole files, for comparison.
pub(crate) fn file_scores(corpus: &Corpus<'_>, terms: &[(TermId, f64)]) -> Vec<f64> {
    let (index, view) = (corpus.index, corpus.view);
    let files = view.files().len() as u64;
    let mean = view.mean_chunk_terms() * f64::from(u32::try_from(view.chunks()).unwrap_or(u32::MAX)) / f64::from(u32::try_from(files.max(1)).unwrap_or(1));
    let mut scores = vec![0.0; view.files().len()];
    for &(term, weight) in terms {
        let holders: Vec<(BlobId, usize)> = index.blobs_with(term).iter().filter_map(|&blob| view.file_of(blob).map(|file| (blob, file))).collect();
        let weight = weight * idf(files, holders.len() as u64);
        for (blob, file) in holders {
            let blob = index.blob(blob);
            let count: u64 = blob.postings(term).iter().map(|&(_, count)| u64::from(count)).sum();
            let length: u64 = blob.lengths.iter().map(|&length| u64::from(length)).sum();
            let (count, length) = (count.min(u64::from(u16::MAX)), u32::try_from(length).unwrap_or(u32::MAX));
            scores[file] += f64::from(saturated(u16::try_from(count).unwrap_or(u16::MAX), length, mean, weight));
        }
    }
    scores
}

/// Words against paths: the file's name counts twice its directories, each the less the more words it has.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn path_scores(corpus: &Corpus<'_>, terms: &[(TermId, f64)]) -> Vec<f64> {
    let files = corpus.view.files();
    let mut scores = vec![0.0; files.len()];
    for &(term, weight) in terms {
        let (in_name, in_directory) = (corpus.view.named(term), corpus.view.under(term));
        // A file can have the word in both.
        let with = in_name.len() + in_directory.iter().filter(|file| in_name.binary_search(file).is_err()).count();
        let weight = weight * idf(files.len() as u64, with as u64);
        for &file in in_name {
            scores[file as usize] += 2.0 * weight / (1.0 + files[file as usize].name_terms.len() as f64).sqrt();
        }
        for &file in in_directory {
            scores[file as usize] += weight / (1.0 + files[file as usize].directory_terms.len() as f64).sqrt();
        }
    }
    scores
}

/// Exact names of the task in each file: the sum of how much each of those it has tells.
pub(crate) fn name_scores(corpus: &Corpus<'_>, query: &Query) -> Vec<f64> {
    let (index, view) = (corpus.index, corpus.view);
    let mut scores = vec![0.0; view.files().len()];
    for name in &query.names {
        let Some(term) = index.terms().find(name) else { continue };
        let holders: Vec<usize> = index.blobs_with(term).iter().filter_map(|&blob| view.file_of(blob)).collect();
        let weight = idf(view.files().len() as u64, holders.len() as u64);
        holders.into_iter().for_each(|file| scores[file] += weight);
    }
    scores
}

/// Definitions of what the task says: the sum of how much each name that a file defines tells.
pub(crate) fn definition_scores(corpus: &Corpus<'_>, terms: &[(TermId, f64)]) -> Vec<f64> {
    let (index, view) = (corpus.index, corpus.view);
    let mut scores = vec![0.0; view.files().len()];
    for &(term, weight) in terms {
        let definers: Vec<usize> = index.blobs_defining(term).iter().filter_map(|&blob| view.file_of(blob)).collect();
        let weight = weight * idf(view.files().len() as u64, definers.len() as u64);
        definers.into_iter().for_each(|file| scores[file] += weight);
    }
    scores
}
