//! BM25F: ranking by term frequency over documents of several fields.

use std::collections::HashMap;

/// How fast repetition of a term saturates. 1.2 is the customary value (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework",
/// find 1.2 to 2 good for most collections).
pub const K1: f64 = 1.2;

/// How a field counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// How many times an occurrence here counts; above 0. The main field has 1.
    pub weight: f64,
    /// How much a long field is discounted: 0 not at all, 1 in proportion to its length. 0.75 is customary for prose.
    pub b: f64,
}

/// A document that has at least one of the terms asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The document's number: how many were added before it.
    pub document: usize,
    /// Its score; finite and above 0.
    pub score: f64,
}

#[derive(Debug)]
struct Posting {
    document: u32,
    /// Occurrences by field.
    counts: Box<[u32]>,
}

/// Documents on their way into an index.
#[derive(Debug)]
pub struct IndexBuilder {
    fields: Vec<Field>,
    postings: HashMap<String, Vec<Posting>>,
    lengths: Vec<Box<[u32]>>,
}

impl IndexBuilder {
    /// An empty index over these fields.
    #[must_use]
    pub fn new(fields: &[Field]) -> Self {
        Self { fields: fields.to_vec(), postings: HashMap::new(), lengths: Vec::new() }
    }

    /// Adds a document: its terms by field, in the fields' order (missing fields are empty, further ones ignored). Returns its number.
    pub fn add<'a>(&mut self, fields: &[&'a [String]]) -> usize {
        let number = self.lengths.len();
        let document = u32::try_from(number).unwrap_or(u32::MAX);
        let mut counts: HashMap<&'a str, Box<[u32]>> = HashMap::new();
        let mut lengths = vec![0_u32; self.fields.len()];
        for (place, terms) in fields.iter().take(self.fields.len()).enumerate() {
            lengths[place] = u32::try_from(terms.len()).unwrap_or(u32::MAX);
            for term in *terms {
                counts.entry(term).or_insert_with(|| vec![0; self.fields.len()].into())[place] += 1;
            }
        }
        for (term, counts) in counts {
            self.postings.entry(term.to_owned()).or_default().push(Posting { document, counts });
        }
        self.lengths.push(lengths.into());
        number
    }

    /// Closes the index.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn build(self) -> Index {
        let documents = self.lengths.len().max(1) as f64;
        let mean = |place: usize| self.lengths.iter().map(|lengths| f64::from(lengths[place])).sum::<f64>() / documents;
        let means = (0..self.fields.len()).map(|place| mean(place).max(f64::MIN_POSITIVE)).collect();
        Index { fields: self.fields, postings: self.postings, lengths: self.lengths, means }
    }
}

/// An index in memory. Scores follow BM25F: S. Robertson, H. Zaragoza and M. Taylor, "Simple BM25 extension to multiple weighted fields",
/// CIKM 2004, with each field normalised by its own length (Zaragoza et al., TREC 2004):
///
/// ```text
/// tf(t, d)    = Σ_f weight_f · count(t, d, f) / (1 − b_f + b_f · length(d, f) / mean length(f))
/// idf(t)      = ln(1 + (N − n_t + ½) / (n_t + ½))
/// score(q, d) = Σ_t weight_t · idf(t) · tf(t, d) / (K1 + tf(t, d))
/// ```
///
/// N is the number of documents, n_t of those that have the term in any field. This idf is never negative, so a further term never lowers a
/// score. The factor (K1 + 1) of the older form is left out: it changes no order.
#[derive(Debug)]
pub struct Index {
    fields: Vec<Field>,
    postings: HashMap<String, Vec<Posting>>,
    lengths: Vec<Box<[u32]>>,
    means: Vec<f64>,
}

impl Index {
    /// How many documents there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there is no document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// How many documents have the term.
    #[must_use]
    pub fn document_frequency(&self, term: &str) -> usize {
        self.postings.get(term).map_or(0, Vec::len)
    }

    /// How much a term tells: above 0, the more the rarer it is; defined for unseen terms too.
    #[must_use]
    #[allow(clippy::cast_precision_loss)]
    pub fn idf(&self, term: &str) -> f64 {
        let seen = self.document_frequency(term) as f64;
        (1.0 + (self.len() as f64 - seen + 0.5) / (seen + 0.5)).ln()
    }

    /// The weighted frequency of a term in a document; 0 where it has none.
    #[must_use]
    pub fn frequency(&self, term: &str, document: usize) -> f64 {
        let Some(postings) = self.postings.get(term) else { return 0.0 };
        let found = postings.binary_search_by_key(&document, |posting| posting.document as usize);
        found.map_or(0.0, |place| self.posting_frequency(&postings[place]))
    }

    fn posting_frequency(&self, posting: &Posting) -> f64 {
        let lengths = &self.lengths[posting.document as usize];
        let each = self.fields.iter().enumerate().map(|(place, field)| {
            let length = f64::from(lengths[place]) / self.means[place];
            match posting.counts[place] {
                0 => 0.0,
                count => field.weight * f64::from(count) / (1.0 - field.b + field.b * length),
            }
        });
        each.sum()
    }

    /// All documents with at least one of the terms, best first; equal ones in the order in which they were added. Each term of the query has
    /// a weight above 0; a term that is given twice counts twice.
    #[must_use]
    pub fn search(&self, query: &[(&str, f64)]) -> Vec<Hit> {
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for (term, weight) in query {
            let idf = self.idf(term);
            for posting in self.postings.get(*term).into_iter().flatten() {
                *scores.entry(posting.document).or_default() += weight * idf * saturated(self.posting_frequency(posting));
            }
        }
        let mut hits: Vec<Hit> = scores.into_iter().map(|(document, score)| Hit { document: document as usize, score }).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.document.cmp(&b.document)));
        hits
    }
}

fn saturated(frequency: f64) -> f64 {
    frequency / (K1 + frequency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms;
    use proptest::prelude::*;

    const FIELDS: &[Field] = &[Field { weight: 1.0, b: 0.75 }, Field { weight: 2.0, b: 0.5 }];

    fn index(documents: &[(&str, &str)]) -> Index {
        let mut builder = IndexBuilder::new(FIELDS);
        for (body, title) in documents {
            builder.add(&[&terms(body), &terms(title)]);
        }
        builder.build()
    }

    fn order(documents: &[(&str, &str)], query: &str) -> Vec<usize> {
        let terms = terms(query);
        let query: Vec<(&str, f64)> = terms.iter().map(|term| (term.as_str(), 1.0)).collect();
        index(documents).search(&query).iter().map(|hit| hit.document).collect()
    }

    #[test]
    fn ranking() {
        assert_eq!(order(&[("tea in cups", ""), ("coffee and tea and tea", ""), ("milk", "")], "tea"), [1, 0]);
        assert_eq!(order(&[("tea and more", "other things"), ("and more of it", "tea")], "tea"), [1, 0]);
        assert_eq!(order(&[("a b c d e f g tea", ""), ("tea", "")], "tea"), [1, 0]);
        assert_eq!(order(&[("common rare", ""), ("common common", ""), ("common", "")], "rare common"), [0, 1, 2]);
        assert_eq!(order(&[], "tea"), Vec::<usize>::new());
        assert_eq!(order(&[("", "")], "tea"), Vec::<usize>::new());
    }

    #[test]
    fn the_formula_by_hand() {
        // One field of two documents with three terms each: length equals mean, so tf is the count.
        let index = index(&[("tea tea cup", ""), ("cup milk jam", "")]);
        let idf = (1.0_f64 + (2.0 - 1.0 + 0.5) / 1.5).ln();
        let hit = index.search(&[("tea", 1.0)])[0];
        assert!((hit.score - idf * 2.0 / (1.2 + 2.0)).abs() < 1e-12, "{}", hit.score);
    }

    proptest! {
        #[test]
        fn scores_are_finite_and_grow_with_frequency(
            documents in prop::collection::vec(("[abcd]( [abcd]){0,9}", "[abcd]?"), 1..8), length in 2_usize..10, count in 1_usize..9,
        ) {
            // Two documents of equal length, one with one more `q`.
            let count = count.min(length - 1);
            let made = |count: usize| (vec!["q"; count].join(" ") + &" x".repeat(length - count), "");
            let mut all: Vec<(&str, &str)> = documents.iter().map(|(body, title)| (body.as_str(), title.as_str())).collect();
            let (less, more) = (made(count), made(count + 1));
            all.push((&less.0, less.1));
            all.push((&more.0, more.1));
            let index = index(&all);
            for hit in index.search(&[("a", 1.0), ("b", 0.5), ("q", 1.0)]) {
                prop_assert!(hit.score.is_finite() && hit.score > 0.0);
            }
            let hits = index.search(&[("q", 1.0)]);
            prop_assert_eq!(hits.iter().map(|hit| hit.document).collect::<Vec<_>>(), [all.len() - 1, all.len() - 2]);
            prop_assert!(hits[0].score > hits[1].score);
        }
    }
}
