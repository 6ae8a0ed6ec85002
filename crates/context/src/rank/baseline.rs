//! Plain BM25, over files and over chunks: what the ranking is measured against.

use super::lexical::{chunk_scores, file_scores};
use super::{Corpus, Query};
use crate::index::TermId;
use std::ops::Range;

/// A piece of a file that a plain packer would take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file's number in the view.
    pub file: usize,
    /// Its bytes in the file.
    pub bytes: Range<usize>,
    /// Its first line.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
}

/// Pieces that are given at most; more never fit a budget.
const PIECES_MAX: usize = 400;

fn terms(corpus: &Corpus<'_>, query: &Query) -> Vec<(TermId, f64)> {
    query.terms.iter().filter_map(|(term, _)| corpus.index.terms().find(term).map(|term| (term, 1.0))).collect()
}

/// Files by BM25 over whole files, and the files as pieces in that order.
#[must_use]
pub fn files(corpus: &Corpus<'_>, query: &Query) -> (Vec<usize>, Vec<Piece>) {
    let scores = file_scores(corpus, &terms(corpus, query));
    let mut order: Vec<usize> = (0..scores.len()).filter(|&file| scores[file] > 0.0).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let whole = |&file: &usize| {
        let last = corpus.index.blob(corpus.view.files()[file].blob).spans.last()?;
        Some(Piece { file, bytes: 0..last.end as usize, first_line: 1, last_line: last.last_line })
    };
    let pieces = order.iter().filter_map(whole).take(PIECES_MAX).collect();
    (order, pieces)
}

/// Files by BM25 of their best chunk, and chunks in their order.
#[must_use]
pub fn chunks(corpus: &Corpus<'_>, query: &Query) -> (Vec<usize>, Vec<Piece>) {
    let scores = chunk_scores(corpus, &terms(corpus, query));
    let mut all: Vec<(f32, usize, usize)> =
        scores.by_file.iter().flat_map(|(file, scores)| scores.iter().enumerate().map(move |(chunk, &score)| (score, *file, chunk))).collect();
    all.retain(|(score, ..)| *score > 0.0);
    all.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut order: Vec<usize> = Vec::new();
    let mut seen = vec![false; corpus.view.files().len()];
    for &(_, file, _) in &all {
        if !std::mem::replace(&mut seen[file], true) {
            order.push(file);
        }
    }
    let piece = |&(_, file, chunk): &(f32, usize, usize)| {
        let span = corpus.index.blob(corpus.view.files()[file].blob).spans[chunk];
        Piece { file, bytes: span.start as usize..span.end as usize, first_line: span.first_line, last_line: span.last_line }
    };
    let pieces = all.iter().take(PIECES_MAX).map(piece).collect();
    (order, pieces)
}
