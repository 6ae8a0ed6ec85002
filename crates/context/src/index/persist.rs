//! An index on disk, so that a new process reads only what has changed. A file that is damaged or of another version is not read.

use super::blob::{Blob, Defined};
use super::chunk::Span;
use super::term::{TermId, Terms};
use super::{BlobId, Index, View};
use crate::Digest;
use crate::tree::Tree;
use rustc_hash::FxHashMap;

/// The form of the file; changed with whatever decides what an index says.
const MAGIC: &[u8; 8] = b"jtnidx\0\x03";

impl Index {
    /// What of the index a tree needs, as bytes: old versions of files are left out.
    #[must_use]
    pub fn save_for(&self, view: &View, tree: &dyn Tree) -> Vec<u8> {
        let mut kept = Self::default();
        let mut moved: FxHashMap<BlobId, BlobId> = FxHashMap::default();
        let mut numbers: Vec<TermId> = vec![TermId::MAX; self.terms.len()];
        for (file, entry) in view.files().iter().zip(tree.files()) {
            let id = *moved.entry(file.blob).or_insert_with(|| {
                let blob = self.blob(file.blob);
                for &term in &blob.terms {
                    if numbers[term as usize] == TermId::MAX {
                        numbers[term as usize] = kept.terms.intern(self.terms.name(term));
                    }
                }
                kept.insert(self.digests[file.blob as usize], blob.clone().renumbered(&numbers))
            });
            kept.by_stamp.insert(super::key(tree, entry).into(), id);
        }
        kept.save()
    }

    /// The index as bytes.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        number(&mut out, self.terms.len());
        for id in 0..self.terms.len() {
            text(&mut out, self.terms.name(u32::try_from(id).unwrap_or(u32::MAX)));
        }
        number(&mut out, self.blobs.len());
        for (blob, digest) in self.blobs.iter().zip(&self.digests) {
            out.extend_from_slice(&digest.0);
            save_blob(&mut out, blob);
        }
        let mut stamps: Vec<_> = self.by_stamp.iter().collect();
        stamps.sort_unstable();
        number(&mut out, stamps.len());
        for (stamp, &blob) in stamps {
            text(&mut out, stamp);
            out.extend_from_slice(&blob.to_le_bytes());
        }
        let digest = Digest::of(&out);
        out.extend_from_slice(&digest.0);
        out
    }

    /// The index that `bytes` hold; `None` where they are damaged or of another version.
    #[must_use]
    pub fn load(bytes: &[u8]) -> Option<Self> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
        let mut input = content.strip_prefix(MAGIC)?;
        if Digest::of(content).0 != digest {
            return None;
        }
        let input = &mut input;
        let mut index = Self::default();
        for _ in 0..read_number(input)? {
            index.terms.intern(read_text(input)?);
        }
        for _ in 0..read_number(input)? {
            let digest = Digest(take(input, 16)?.try_into().ok()?);
            let blob = read_blob(input, &index.terms)?;
            index.insert(digest, blob);
        }
        for _ in 0..read_number(input)? {
            let stamp = read_text(input)?.into();
            let blob: BlobId = read_u32(input)?;
            ((blob as usize) < index.blobs.len()).then(|| index.by_stamp.insert(stamp, blob))?;
        }
        Some(index)
    }
}

fn save_blob(out: &mut Vec<u8>, blob: &Blob) {
    out.push(u8::from(blob.is_generated));
    number(out, blob.spans.len());
    for (span, length) in blob.spans.iter().zip(&blob.lengths) {
        for value in [span.first_line, span.last_line, span.start, span.end, *length] {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
    number(out, blob.terms.len());
    blob.terms.iter().for_each(|term| out.extend_from_slice(&term.to_le_bytes()));
    blob.starts.iter().for_each(|start| out.extend_from_slice(&start.to_le_bytes()));
    number(out, blob.postings.len());
    for (chunk, count) in &blob.postings {
        out.extend_from_slice(&chunk.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
    }
    number(out, blob.symbols.len());
    for symbol in &blob.symbols {
        for value in [symbol.name, symbol.line, symbol.start, symbol.end, symbol.depth] {
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

fn read_blob(input: &mut &[u8], terms: &Terms) -> Option<Blob> {
    let is_generated = take(input, 1)? == [1];
    let (mut spans, mut lengths) = (Vec::new(), Vec::new());
    for _ in 0..read_number(input)? {
        spans.push(Span { first_line: read_u32(input)?, last_line: read_u32(input)?, start: read_u32(input)?, end: read_u32(input)? });
        lengths.push(read_u32(input)?);
    }
    let count = read_number(input)?;
    let words = |bytes: &[u8]| bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect::<Box<[u32]>>();
    let own = words(take(input, count.checked_mul(4)?)?);
    let starts = words(take(input, count.checked_add(1)?.checked_mul(4)?)?);
    let bytes = read_number(input)?.checked_mul(4)?;
    let postings = take(input, bytes)?;
    let postings: Box<[(u16, u16)]> =
        postings.chunks_exact(4).map(|four| (u16::from_le_bytes([four[0], four[1]]), u16::from_le_bytes([four[2], four[3]]))).collect();
    let mut symbols = Vec::new();
    for _ in 0..read_number(input)? {
        symbols.push(Defined { name: read_u32(input)?, line: read_u32(input)?, start: read_u32(input)?, end: read_u32(input)?, depth: read_u32(input)? });
    }
    let is_sound = own.is_sorted()
        && own.last().is_none_or(|&last| (last as usize) < terms.len())
        && starts.is_sorted()
        && starts.last() == Some(&u32::try_from(postings.len()).ok()?)
        && postings.iter().all(|&(chunk, _)| (chunk as usize) < spans.len())
        && symbols.iter().all(|symbol| own.binary_search(&symbol.name).is_ok() && symbol.start <= symbol.end);
    is_sound.then(|| Blob { spans: spans.into(), lengths: lengths.into(), terms: own, starts, postings, symbols: symbols.into(), is_generated })
}

fn number(out: &mut Vec<u8>, value: usize) {
    out.extend_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
}

fn text(out: &mut Vec<u8>, value: &str) {
    number(out, value.len());
    out.extend_from_slice(value.as_bytes());
}

fn take<'b>(input: &mut &'b [u8], bytes: usize) -> Option<&'b [u8]> {
    let (taken, rest) = input.split_at_checked(bytes)?;
    *input = rest;
    Some(taken)
}

fn read_u32(input: &mut &[u8]) -> Option<u32> {
    take(input, 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes)
}

fn read_number(input: &mut &[u8]) -> Option<usize> {
    read_u32(input).map(|value| value as usize)
}

fn read_text<'b>(input: &mut &'b [u8]) -> Option<&'b str> {
    let length = read_number(input)?;
    std::str::from_utf8(take(input, length)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;
    use proptest::prelude::*;

    fn index() -> Index {
        let mut index = Index::new();
        index.view(&MemoryTree::new([("a.rs", "fn alpha() {}\n".repeat(60)), ("b.md", "# Tea\nGreen tea.".to_owned())]));
        index
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let saved = index().save();
        let loaded = Index::load(&saved).unwrap();
        assert_eq!(loaded.save(), saved);
        assert_eq!(loaded.blobs, index().blobs);
        assert!(Index::load(b"").is_none());
    }

    proptest! {
        #[test]
        fn damage_is_noticed(at in 0_usize..4000, bit in 0_u8..8, cut in 0_usize..4000) {
            let mut saved = index().save();
            let at = at % saved.len();
            saved[at] ^= 1 << bit;
            prop_assert!(Index::load(&saved).is_none());
            prop_assert!(Index::load(&saved[..cut % saved.len()]).is_none());
        }
    }
}
