//! Similarity: edit distance, embeddings, ROUGE, BLEU.

use super::Bench;
use super::said::{Bill, Judged, Said};
use super::values::{Sample, folded, wanted};
use jeton_text::words;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// The most steps that a distance may take: two texts of about 45,000 characters, a tenth of a second.
const STEPS_MAX: usize = 1 << 25;

/// One minus the edit distance over the longer length, in characters; the best over the references. `distance_max` bounds the distance itself.
/// `verbatim`: blanks at both ends count.
pub(crate) fn edit(sample: &Sample<'_>, value: Option<&str>, ignore_case: bool, distance_max: Option<u32>, verbatim: bool) -> Judged {
    fn part(text: &str, verbatim: bool) -> &str {
        if verbatim { text } else { text.trim() }
    }
    let wanted = wanted(value, sample.case)?;
    let text: Vec<char> = folded(part(&sample.text, verbatim), ignore_case).chars().collect();
    let mut best: Option<(usize, f64)> = None;
    for wanted in &wanted {
        let wanted: Vec<char> = folded(part(wanted, verbatim), ignore_case).chars().collect();
        let distance = distance(&text, &wanted).ok_or("the texts are too long for an edit distance")?;
        let similarity = 1.0 - super::text::ratio(distance, text.len().max(wanted.len()));
        if best.is_none_or(|(_, known)| similarity > known) {
            best = Some((distance, similarity));
        }
    }
    let (distance, similarity) = best.ok_or("there is nothing to compare with")?;
    let why = format!("edit distance {distance}, similarity {similarity:.3}");
    Ok(match distance_max {
        Some(most) => Said::met(distance <= most as usize, why).partly(similarity),
        None => Said::score(similarity, 0.8, why),
    })
}

/// The edit distance (insertions, deletions, substitutions) of two texts; none where it would take too long.
///
/// Columns of the table are kept as bits, 64 rows to a word: Myers, "A fast bit-vector algorithm for approximate string matching", J. ACM 46(3),
/// 1999, in the form for whole texts of Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003.
pub(crate) fn distance(a: &[char], b: &[char]) -> Option<usize> {
    let same_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    let same_end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - same_end], &b[..b.len() - same_end]);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return Some(text.len());
    }
    let blocks = pattern.len().div_ceil(64);
    if blocks.checked_mul(text.len())? > STEPS_MAX {
        return None;
    }
    let masks = Masks::of(pattern, blocks);
    let mut column = vec![(u64::MAX, 0_u64); blocks];
    let last = 1_u64 << ((pattern.len() - 1) % 64);
    let mut distance = pattern.len();
    for character in text {
        let (mut carry_plus, mut carry_minus) = (1, 0);
        let (mut up, mut down) = (0, 0);
        for ((plus, minus), equal) in column.iter_mut().zip(masks.row(*character)) {
            let vertical = equal | *minus;
            let eq = equal | carry_minus;
            let horizontal = ((eq & *plus).wrapping_add(*plus) ^ *plus) | eq;
            (up, down) = (*minus | !(horizontal | *plus), *plus & horizontal);
            let (up_in, down_in) = (up << 1 | carry_plus, down << 1 | carry_minus);
            (carry_plus, carry_minus) = (up >> 63, down >> 63);
            *plus = down_in | !(vertical | up_in);
            *minus = up_in & vertical;
        }
        distance = distance + usize::from(up & last != 0) - usize::from(down & last != 0);
    }
    Some(distance)
}

/// Where each character of the pattern stands, as bits. The first row is of characters that are not in it.
struct Masks {
    blocks: usize,
    ascii: [u32; 128],
    others: FxHashMap<char, u32>,
    bits: Vec<u64>,
}

impl Masks {
    fn of(pattern: &[char], blocks: usize) -> Self {
        let mut masks = Self { blocks, ascii: [0; 128], others: FxHashMap::default(), bits: vec![0; blocks] };
        let mut rows = 1;
        for (at, character) in pattern.iter().enumerate() {
            let row = match masks.ascii.get_mut(*character as usize) {
                Some(row) => row,
                None => masks.others.entry(*character).or_insert(0),
            };
            if *row == 0 {
                *row = rows;
                rows += 1;
                masks.bits.resize(rows as usize * blocks, 0);
            }
            masks.bits[*row as usize * blocks + at / 64] |= 1 << (at % 64);
        }
        masks
    }

    fn row(&self, character: char) -> &[u64] {
        let row = self.ascii.get(character as usize).copied().unwrap_or_else(|| self.others.get(&character).copied().unwrap_or(0)) as usize;
        &self.bits[row * self.blocks..(row + 1) * self.blocks]
    }
}

/// The cosine of the embeddings of answer and reference; the best over the references. An empty answer is like nothing, and asks no model.
pub(crate) async fn embedding(sample: &Sample<'_>, value: Option<&str>, model: &str, bench: &Bench<'_>) -> Judged {
    let wanted = wanted(value, sample.case)?;
    if sample.text.trim().is_empty() {
        return Ok(Said::score(0.0, 0.8, "the answer is empty"));
    }
    let texts: Vec<String> = std::iter::once(sample.text.to_string()).chain(wanted.iter().map(Cow::to_string)).collect();
    let count = texts.len();
    let mut bill = Bill::default();
    let vectors = match bench.models.embed(model, texts, bench.tags(sample.case)).await {
        Ok((vectors, answer)) => {
            bill.add(answer.call.as_ref(), answer.cost);
            vectors
        }
        Err(fault) => {
            bill.add(fault.call.as_ref(), fault.cost);
            return Ok(Said::unscored(format!("the embeddings model gave no vectors: {}", fault.message)).billed(bill));
        }
    };
    let said = match vectors.split_first() {
        Some((answer, references)) if vectors.len() == count => best_cosine(answer, references),
        _ => Said::unscored(format!("the embeddings model gave {} vectors for {count} texts", vectors.len())),
    };
    Ok(said.billed(bill))
}

fn best_cosine(answer: &[f32], references: &[Vec<f32>]) -> Said {
    let cosines: Option<Vec<f64>> = references.iter().map(|reference| cosine(answer, reference)).collect();
    match cosines.and_then(|cosines| cosines.into_iter().max_by(f64::total_cmp)) {
        Some(best) => Said::score(best, 0.8, format!("cosine {best:.3}")),
        None => Said::unscored("a vector is empty, zero, of another length or no number"),
    }
}

fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let cosine = dot(a, b) / (dot(a, a).sqrt() * dot(b, b).sqrt());
    (a.len() == b.len() && cosine.is_finite()).then_some(cosine)
}

/// Numbers for words in small letters, the same for the same word.
#[derive(Default)]
struct Lexicon<'t>(FxHashMap<Cow<'t, str>, u32>);

impl<'t> Lexicon<'t> {
    /// The words of a text.
    fn tokens(&mut self, text: &'t str) -> Vec<u32> {
        let words = words(text);
        let mut tokens = Vec::with_capacity(words.len());
        for word in words {
            let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
            tokens.push(*self.0.entry(folded(&text[word.start..word.end], true)).or_insert(next));
        }
        tokens
    }
}

/// How often each run of `n` words comes.
fn grams(tokens: &[u32], n: usize) -> FxHashMap<&[u32], usize> {
    let mut counts = FxHashMap::default();
    for gram in tokens.windows(n.max(1)) {
        *counts.entry(gram).or_insert(0) += 1;
    }
    counts
}

/// How many runs of `n` words a text shares with others, each as often as in the text that has it less often. Runs that the others do not have
/// are not even counted.
fn shared(tokens: &[u32], n: usize, others: &FxHashMap<&[u32], usize>) -> usize {
    let mut left = others.clone();
    let known = tokens.windows(n.max(1)).filter(|gram| {
        left.get_mut(*gram).filter(|count| **count > 0).is_some_and(|count| {
            *count -= 1;
            true
        })
    });
    known.count()
}

/// ROUGE-N recall: the share of the reference's runs of `n` words that the answer has; the best over the references. `f1`: its harmonic mean
/// with the share of the answer's runs that the reference has, so that saying more than the reference costs.
///
/// Lin, "ROUGE: a package for automatic evaluation of summaries", 2004, section 2.
pub(crate) fn rouge(sample: &Sample<'_>, value: Option<&str>, n: u32, f1: bool) -> Judged {
    let n = n as usize;
    let wanted = wanted(value, sample.case)?;
    let mut lexicon = Lexicon::default();
    let answer = lexicon.tokens(&sample.text);
    let mut best: Option<f64> = None;
    for wanted in &wanted {
        let reference = lexicon.tokens(wanted);
        if n == 0 || reference.len() < n {
            return Err(format!("the reference has {} words, and none of it is a run of {n}", reference.len()));
        }
        let (found, of_reference) = (shared(&answer, n, &grams(&reference, n)), reference.len() + 1 - n);
        let of_answer = (answer.len() + 1).saturating_sub(n);
        let score = if f1 { super::text::ratio(2 * found, of_answer + of_reference) } else { super::text::ratio(found, of_reference) };
        best = Some(best.map_or(score, |known: f64| known.max(score)));
    }
    let score = best.ok_or("there is nothing to compare with")?;
    Ok(Said::score(score, 0.75, format!("ROUGE-{n} {} {score:.3}", if f1 { "F1" } else { "recall" })))
}

/// Sentence BLEU with runs of one to four words.
///
/// Papineni, Roukos, Ward, Zhu, "BLEU: a method for automatic evaluation of machine translation", 2002: clipped precision against all references,
/// brevity penalty against the reference nearest in length. For single sentences one is added to both counts of runs longer than a word: Lin,
/// Och, "ORANGE: a method for evaluating automatic evaluation metrics for machine translation", 2004, section 4.
pub(crate) fn bleu(sample: &Sample<'_>, value: Option<&str>) -> Judged {
    let wanted = wanted(value, sample.case)?;
    let mut lexicon = Lexicon::default();
    let references: Vec<Vec<u32>> = wanted.iter().map(|text| lexicon.tokens(text)).collect();
    if references.iter().any(Vec::is_empty) {
        return Err("a reference has no words".to_owned());
    }
    let score = bleu_of(&lexicon.tokens(&sample.text), &references);
    Ok(Said::score(score, 0.5, format!("BLEU {score:.3}")))
}

fn bleu_of(answer: &[u32], references: &[Vec<u32>]) -> f64 {
    const LONGEST: usize = 4;
    let mut logarithms = 0.0;
    for n in 1..=LONGEST {
        let mut most: FxHashMap<&[u32], usize> = FxHashMap::default();
        for (gram, count) in references.iter().flat_map(|reference| grams(reference, n)) {
            let known = most.entry(gram).or_default();
            *known = count.max(*known);
        }
        let smooth = usize::from(n > 1);
        let (hits, all) = (shared(answer, n, &most) + smooth, (answer.len() + 1).saturating_sub(n) + smooth);
        if hits == 0 || all == 0 {
            return 0.0;
        }
        logarithms += super::text::ratio(hits, all).ln();
    }
    let length = answer.len();
    let nearest = references.iter().map(Vec::len).min_by_key(|known| (known.abs_diff(length), *known)).unwrap_or_default();
    let brevity = if length >= nearest { 0.0 } else { 1.0 - super::text::ratio(nearest, length) };
    #[allow(clippy::cast_precision_loss)] // Four.
    (brevity + logarithms / LONGEST as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Criterion;
    use crate::grader::testing::{fails, passes, unscored};
    use proptest::prelude::*;

    fn plain(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let next = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
                diagonal = std::mem::replace(&mut row[j + 1], next);
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn the_distance_is_the_table_s(a in "[a-dé]{0,200}", b in "[a-dé]{0,200}") {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            prop_assert_eq!(distance(&a, &b), Some(plain(&a, &b)));
        }
    }

    #[test]
    fn edit_similarity() {
        let by = |distance_max| Criterion::EditSimilarity { value: None, ignore_case: true, distance_max, verbatim: false };
        passes(&by(None), "kitten and cat", "Kitten and cats");
        fails(&by(None), "kitten", "sitting");
        passes(&by(Some(3)), "kitten", "sitting");
        fails(&by(Some(2)), "kitten", "sitting");
        fails(&by(None), "kitten", "");
        let verbatim = Criterion::EditSimilarity { value: None, ignore_case: false, distance_max: Some(1), verbatim: true };
        passes(&verbatim, "cat", " cat");
        fails(&verbatim, "cat", " cat ");
        unscored(&by(None), &"ab".repeat(100_000), &"cd".repeat(100_000));
    }

    #[test]
    fn rouge_counts_what_the_reference_has() {
        let by = |n| Criterion::Rouge { value: None, n, f1: false };
        passes(&by(1), "the cat sat on the mat", "on the mat sat the cat");
        fails(&by(2), "the cat sat on the mat", "on the mat sat the cat");
        fails(&by(1), "the cat sat on the mat", "the the the the");
        fails(&by(1), "the cat sat on the mat", "");
        unscored(&by(3), "two words", "two words");
        let f1 = Criterion::Rouge { value: None, n: 1, f1: true };
        // Three of four words of both: 0.75, which is just enough.
        passes(&f1, "a cat sat down", "a cat lay down");
        passes(&by(1), "snow fell", "snow fell on all of the town");
        fails(&f1, "snow fell", "snow fell on all of the town");
        fails(&f1, "snow fell", "");
        unscored(&by(0), "two words", "two words");
    }

    #[test]
    fn bleu_of_known_sentences() {
        let score = |answer: &str, references: &[&str]| {
            let mut lexicon = Lexicon::default();
            let references: Vec<Vec<u32>> = references.iter().map(|text| lexicon.tokens(text)).collect();
            bleu_of(&Lexicon::tokens(&mut lexicon, answer), &references)
        };
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        near(score("the cat is on the mat", &["the cat is on the mat"]), 1.0);
        near(score("Paris", &["Paris"]), 1.0);
        near(score("the the the the the the the", &["the cat is on the mat", "there is a cat on the mat"]), ((2.0_f64 / 7.0) / 7.0 / 6.0 / 5.0).powf(0.25));
        near(score("the cat", &["the cat is on the mat"]), (-2.0_f64).exp());
        near(score("dog", &["the cat"]), 0.0);
        near(score("", &["the cat"]), 0.0);
        passes(&Criterion::Bleu { value: None }, "the cat is on the mat", "The cat is on the mat.");
        unscored(&Criterion::Bleu { value: None }, "...", "The cat");
    }

    #[test]
    fn cosines_of_what_can_be_compared() {
        let near = |a: &[f32], b: &[f32], expected: Option<f64>| match (cosine(a, b), expected) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() < 1e-9),
            (found, expected) => assert_eq!(found, expected),
        };
        near(&[1.0, 0.0], &[2.0, 0.0], Some(1.0));
        near(&[1.0, 0.0], &[0.0, 1.0], Some(0.0));
        near(&[0.0, 0.0], &[1.0, 0.0], None);
        near(&[1.0], &[1.0, 0.0], None);
        near(&[f32::NAN], &[1.0], None);
        near(&[], &[], None);
    }
}
