//! Vectors as they are kept: directions in small whole numbers, by digest of model and text.

use super::texts::TEXTS_MAX;
use crate::Digest;
use std::collections::{BTreeMap, BTreeSet};

/// The head of the file; another one is not read.
const HEAD: &[u8; 8] = b"jvector1";
/// Numbers of a vector at most; more than any published model gives.
const LENGTH_MAX: usize = 8_192;
/// Vectors that are kept at most: those of the project as it is, and as many of what it was.
const VECTORS_MAX: usize = 2 * TEXTS_MAX;

/// The direction of a vector: each number scaled so that the largest is 127, and rounded. Against a vector of 32-bit numbers this changes a
/// cosine by less than 0.01, takes a quarter of the memory, and is exact on every machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Direction {
    numbers: Box<[i8]>,
    length: f64,
}

impl Direction {
    /// The direction of a vector; none where it has none (no number, only zeros, a number that is not finite) or is too long.
    #[must_use]
    pub(crate) fn new(vector: &[f32]) -> Option<Self> {
        let largest = vector.iter().map(|number| number.abs()).fold(0.0_f32, f32::max);
        if vector.len() > LENGTH_MAX || largest == 0.0 || !vector.iter().all(|number| number.is_finite()) {
            return None;
        }
        // Divided first: the largest may be so small that its reciprocal is infinite.
        #[allow(clippy::cast_possible_truncation)]
        Self::of(vector.iter().map(|number| (number / largest * 127.0).round() as i8).collect())
    }

    fn of(numbers: Box<[i8]>) -> Option<Self> {
        let square = dot(&numbers, &numbers);
        (square > 0).then(|| Self { numbers, length: f64::from(square).sqrt() })
    }

    /// How many numbers the vector has.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The cosine of the angle between two directions, from −1 to 1; none where their vectors are not of one length.
    pub(crate) fn cosine(&self, other: &Self) -> Option<f64> {
        (self.len() == other.len()).then(|| f64::from(dot(&self.numbers, &other.numbers)) / (self.length * other.length))
    }
}

/// At most 8,192 products of at most 127²: far below what an `i32` holds.
fn dot(one: &[i8], other: &[i8]) -> i32 {
    one.iter().zip(other).map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
}

/// Directions by digest of model and text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Vectors(BTreeMap<Digest, Direction>);

impl Vectors {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, digest: &Digest) -> Option<&Direction> {
        self.0.get(digest)
    }

    pub(crate) fn insert(&mut self, digest: Digest, direction: Direction) {
        self.0.insert(digest, direction);
    }

    /// Takes what is not known here.
    pub(crate) fn adopt(&mut self, other: Self) {
        for (digest, direction) in other.0 {
            self.0.entry(digest).or_insert(direction);
        }
    }

    /// Forgets what is not `used`, as far as there are too many.
    pub(crate) fn bound(&mut self, used: &BTreeSet<Digest>) {
        let surplus = self.0.len().saturating_sub(VECTORS_MAX);
        let unused: Vec<Digest> = self.0.keys().filter(|digest| !used.contains(digest)).take(surplus).copied().collect();
        unused.iter().for_each(|digest| drop(self.0.remove(digest)));
    }

    /// What [`Vectors::save`] wrote; empty where `bytes` are anything else.
    pub(crate) fn load(bytes: &[u8]) -> Self {
        Self::read(bytes).unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(16)?)?;
        let mut rest = content.strip_prefix(HEAD)?;
        if Digest::of(content).0 != digest {
            return None;
        }
        let mut known = BTreeMap::new();
        while !rest.is_empty() {
            let (digest, after) = rest.split_first_chunk::<16>()?;
            let (length, after) = after.split_first_chunk::<2>()?;
            let (numbers, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let direction = Direction::of(numbers.iter().map(|number| number.cast_signed()).collect()).filter(|known| known.len() <= LENGTH_MAX)?;
            known.insert(Digest(*digest), direction);
            rest = after;
        }
        Some(Self(known))
    }

    /// All of them as bytes.
    pub(crate) fn save(&self) -> Vec<u8> {
        let mut bytes = HEAD.to_vec();
        for (digest, direction) in &self.0 {
            bytes.extend_from_slice(&digest.0);
            bytes.extend_from_slice(&u16::try_from(direction.len()).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend(direction.numbers.iter().map(|number| number.cast_unsigned()));
        }
        let digest = Digest::of(&bytes);
        bytes.extend_from_slice(&digest.0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jeton_core::SeededRandom;
    use proptest::prelude::*;

    fn digest(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[test]
    fn a_cosine_is_what_it_is_of_whole_vectors_seeds_0_to_99() {
        for seed in 0..100 {
            let mut random = SeededRandom::new(seed);
            #[allow(clippy::cast_possible_truncation)]
            let mut vector = || -> Vec<f32> { (0..1_536).map(|_| (random.unit() - 0.4) as f32 * 0.03).collect() };
            let (a, b) = (vector(), vector());
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
            let exact = dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt();
            let kept = Direction::new(&a).unwrap().cosine(&Direction::new(&b).unwrap()).unwrap();
            assert!((kept - exact).abs() < 0.01, "seed {seed}: {kept} for {exact}");
        }
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        for bad in [&[][..], &[0.0, 0.0], &[1.0, f32::NAN], &[1.0, f32::INFINITY], &[1.0; LENGTH_MAX + 1]] {
            assert_eq!(Direction::new(bad), None, "{:?}", bad.first());
        }
        let small = Direction::new(&[f32::MIN_POSITIVE / 2.0, 0.0]).unwrap();
        assert_eq!(small.cosine(&Direction::new(&[3.0, 0.0]).unwrap()), Some(1.0));
        assert_eq!(small.cosine(&Direction::new(&[3.0]).unwrap()), None);
    }

    proptest! {
        #[test]
        fn what_was_kept_is_read_back_and_what_is_damaged_is_empty(
            all in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 1..40), 1..8), at in 0_usize..10_000, bit in 0_u32..8,
        ) {
            let mut vectors = Vectors::default();
            for (number, vector) in all.iter().enumerate() {
                Direction::new(vector).into_iter().for_each(|direction| vectors.insert(digest(number), direction));
            }
            let mut bytes = vectors.save();
            prop_assert_eq!(&Vectors::load(&bytes), &vectors);
            let at = at % bytes.len();
            prop_assert!(Vectors::load(&bytes[..at]).is_empty());
            bytes[at] ^= 1 << bit;
            prop_assert!(Vectors::load(&bytes).is_empty());
        }
    }

    #[test]
    fn what_is_not_used_goes_first_and_only_where_there_are_too_many() {
        let direction = Direction::new(&[1.0]).unwrap();
        let mut vectors = Vectors((0..VECTORS_MAX + 3).map(|number| (digest(number), direction.clone())).collect());
        let used: BTreeSet<Digest> = (0..TEXTS_MAX).map(digest).collect();
        vectors.bound(&used);
        assert_eq!(vectors.0.len(), VECTORS_MAX);
        assert!(used.iter().all(|digest| vectors.get(digest).is_some()));
        let before = vectors.clone();
        vectors.bound(&BTreeSet::new());
        assert_eq!(vectors, before);
    }
}
