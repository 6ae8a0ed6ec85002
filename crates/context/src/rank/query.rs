//! A task as search sees it.

use crate::index::{each_word, terms_of_word};
use std::collections::BTreeMap;

/// Words of English and of commit messages that tell nothing of a place in code.
const STOP: &[&str] = &[
    "a", "about", "above", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before", "being", "both", "but", "by",
    "can", "cannot", "could", "did", "do", "does", "doesn", "doing", "don", "each", "either", "else", "even", "every", "few", "for", "from", "had", "has",
    "have", "having", "here", "how", "i", "if", "in", "instead", "into", "is", "isn", "it", "its", "just", "let", "like", "made", "make", "makes", "may", "me",
    "more", "most", "my", "no", "not", "now", "of", "on", "once", "only", "or", "other", "our", "out", "over", "own", "re", "rather", "s", "same", "should",
    "since", "so", "some", "still", "such", "t", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "thus",
    "to", "too", "under", "until", "up", "us", "use", "used", "uses", "using", "very", "was", "wasn", "we", "were", "what", "when", "where", "which", "while",
    "who", "why", "will", "with", "would", "you", "your", "ve", "ll", "m", "d", "e", "g", "etc", "via",
];

/// A word of the first line counts as often as this: it says what the rest explains.
const HEADLINE: u32 = 3;

/// Words and identifiers of a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// Terms with how often they are said.
    pub(crate) terms: Vec<(String, u32)>,
    /// Names with inner structure, or set as code, in small letters: what the task names exactly.
    pub(crate) names: Vec<String>,
}

impl Query {
    /// Reads a task.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut terms: BTreeMap<String, u32> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        let headline = text.find('\n').unwrap_or(text.len().min(120));
        for (place, piece) in text.split('`').enumerate() {
            each_word(piece, |word| {
                if STOP.contains(&word.to_lowercase().as_str()) {
                    return;
                }
                let found = terms_of_word(word);
                let at = word.as_ptr() as usize - text.as_ptr() as usize;
                let count = if at < headline { HEADLINE } else { 1 };
                // Between back quotes everything is a name.
                if found.len() > 1 || (place % 2 == 1 && word.len() > 2) {
                    names.push(word.trim_matches('_').to_lowercase());
                }
                found.into_iter().for_each(|term| *terms.entry(term).or_default() += count);
            });
        }
        names.sort_unstable();
        names.dedup();
        Self { terms: terms.into_iter().collect(), names }
    }

    /// Whether nothing can be looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// How many distinct terms it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.terms.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_names() {
        let query = Query::new("Fix the parsing of `timeout` in parse_url when the URL is empty");
        let terms: Vec<&str> = query.terms.iter().map(|(term, _)| term.as_str()).collect();
        assert_eq!(terms, ["empti", "fix", "pars", "parse_url", "timeout", "url"]);
        assert_eq!(query.names, ["parse_url", "timeout"]);
        assert!(Query::new("the of in").is_empty());
    }
}
