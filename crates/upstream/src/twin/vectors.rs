//! Vectors that depend on the words of a text alone: the same text gives the same vector, shared words bring vectors nearer.

use jeton_core::SeededRandom;
use jeton_wire::canonical::EmbeddingInput;

/// The unit vector of `input` in `dimensions` dimensions: the sum of a pseudo-random vector per word, made one long.
pub(super) fn unit_vector(seed: u64, input: &EmbeddingInput, dimensions: u32) -> Vec<f32> {
    let mut sum = vec![0.0_f64; dimensions as usize];
    match input {
        EmbeddingInput::Text(text) => {
            let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
            words.for_each(|word| add(&mut sum, seed, word.to_lowercase().as_bytes()));
        }
        EmbeddingInput::Tokens(tokens) => tokens.iter().for_each(|token| add(&mut sum, seed, &token.to_le_bytes())),
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length < f64::EPSILON {
        // No word in it: any fixed direction.
        return (0..dimensions).map(|place| if place == 0 { 1.0 } else { 0.0 }).collect();
    }
    #[allow(clippy::cast_possible_truncation)]
    sum.iter().map(|x| (x / length) as f32).collect()
}

fn add(sum: &mut [f64], seed: u64, word: &[u8]) {
    let mut random = SeededRandom::new(seed ^ hash(word));
    sum.iter_mut().for_each(|x| *x += random.unit() - 0.5);
}

/// FNV-1a, 64 bits (Fowler, Noll and Vo).
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(text: &str) -> Vec<f32> {
        unit_vector(0, &EmbeddingInput::Text(text.into()), 64)
    }

    fn cosine(a: &str, b: &str) -> f32 {
        vector(a).iter().zip(vector(b)).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn vectors_are_one_long_and_near_where_words_are_shared() {
        for text in ["", "one", "many words in a row"] {
            assert!((cosine(text, text) - 1.0).abs() < 1e-5, "{text:?}");
        }
        assert!(cosine("the refund policy", "refund policy of the shop") > cosine("the refund policy", "blue whales sing"));
        assert_eq!(unit_vector(0, &EmbeddingInput::Tokens(vec![1, 2]), 8).len(), 8);
        assert_ne!(unit_vector(1, &EmbeddingInput::Text("a".into()), 8), unit_vector(2, &EmbeddingInput::Text("a".into()), 8));
    }
}
