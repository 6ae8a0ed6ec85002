//! Token counts that are remembered from one catalogue to the next, by the digest of the text.

use crate::Digest;
use jeton_text::Vocabulary;
use std::collections::BTreeMap;

/// The head of a saved cache; another one is not read.
const HEAD: &[u8; 8] = b"jtokens1";

/// Bytes of an entry: digest, vocabulary, count.
const ENTRY_BYTES: usize = 16 + 1 + 4;

/// Token counts by text and vocabulary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenCache {
    known: BTreeMap<(Digest, u8), u32>,
    used: BTreeMap<(Digest, u8), u32>,
}

impl TokenCache {
    /// What [`TokenCache::save`] wrote; empty where `bytes` are anything else.
    #[must_use]
    pub fn load(bytes: &[u8]) -> Self {
        let Some(entries) = bytes.strip_prefix(HEAD) else { return Self::default() };
        let known = entries.chunks_exact(ENTRY_BYTES).map(|entry| {
            let (mut digest, mut count) = ([0; 16], [0; 4]);
            digest.copy_from_slice(&entry[..16]);
            count.copy_from_slice(&entry[17..]);
            ((Digest(digest), entry[16]), u32::from_le_bytes(count))
        });
        Self { known: known.collect(), used: BTreeMap::new() }
    }

    /// The counts that were asked for since the cache was loaded, as bytes. What nobody asked for is forgotten.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        for ((digest, vocabulary), count) in &self.used {
            bytes.extend_from_slice(&digest.0);
            bytes.push(*vocabulary);
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes
    }

    /// The tokens of `text`, counted only where that was not done before.
    pub fn count(&mut self, text: &str, vocabulary: Vocabulary) -> u64 {
        let place = Vocabulary::ALL.iter().position(|known| *known == vocabulary).unwrap_or_default();
        let key = (Digest::of(text.as_bytes()), u8::try_from(place).unwrap_or_default());
        let count = self.used.get(&key).or_else(|| self.known.get(&key)).copied();
        let count = count.unwrap_or_else(|| u32::try_from(vocabulary.count(text)).unwrap_or(u32::MAX));
        self.used.insert(key, count);
        u64::from(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_remembered() {
        let mut cache = TokenCache::default();
        let count = cache.count("a few words", Vocabulary::O200kBase);
        assert_eq!(count, Vocabulary::O200kBase.count("a few words"));
        let mut loaded = TokenCache::load(&cache.save());
        assert_eq!((loaded.known.len(), loaded.count("a few words", Vocabulary::O200kBase)), (1, count));
        assert_eq!(TokenCache::load(b"something else"), TokenCache::default());
        assert_eq!(TokenCache::load(&[&HEAD[..], b"cut"].concat()), TokenCache::default());
    }
}
