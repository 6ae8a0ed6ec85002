//! Who pays for a call, and what kind of work it is.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The class of a call that nothing classified. Every report shows it.
pub const UNCLASSIFIED: &str = "unclassified";

/// The account that pays where a call names no other.
pub const DEFAULT_ACCOUNT: &str = "default";

/// How the class of a call was found, in the order in which the ways are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassSource {
    /// The `jeton-class` header.
    Header,
    /// The URL prefix `/c/CLASS/`.
    Path,
    /// The class of the caller's key.
    Key,
    /// A match rule of the class.
    Rule,
    /// Nothing said: `unclassified`.
    #[default]
    None,
}

/// The labels of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Accounts that pay, the nearest first, e.g. `["key:ci", "support", "acme-org"]`. Never empty.
    pub accounts: Arc<[Arc<str>]>,
    /// Name of the key, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// The kind of work.
    pub class: Arc<str>,
    /// How the class was found.
    pub class_source: ClassSource,
    /// The outcome that the call works for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Arc<str>>,
    /// The task of that outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Arc<str>>,
    /// Free labels: `name` or `name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
}

impl Attribution {
    /// A call that only its accounts are known of.
    #[must_use]
    pub fn new(accounts: Arc<[Arc<str>]>) -> Self {
        Self { accounts, key: None, class: UNCLASSIFIED.into(), class_source: ClassSource::None, outcome: None, task: None, tags: Vec::new() }
    }
}

/// Whether `text` can name a class, account, key, route, provider or tag: 1–128 characters of
/// letters, digits and `. _ - : = @ /`, the first a letter or digit.
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.as_bytes()[0].is_ascii_alphanumeric() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:=@/".contains(&b))
}

/// The names among `candidates` nearest to `wanted` by edit distance, best first, at most `most`.
#[must_use]
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>, most: usize) -> Vec<&'a str> {
    let wanted_lower = wanted.to_lowercase();
    // A name that contains the wanted one (or lies in it) is nearer than any other: people leave parts out.
    let mut ranked: Vec<(bool, usize, &str)> = candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let within = lower.contains(&wanted_lower) || wanted_lower.contains(&lower);
            (!within, edit_distance(&wanted_lower, &lower), candidate)
        })
        .collect();
    ranked.sort_unstable();
    ranked.dedup_by(|a, b| a.2 == b.2);
    ranked.into_iter().take(most).map(|(_, _, name)| name).collect()
}

/// Letters put in, left out or replaced between two names (Levenshtein), in characters.
#[must_use]
pub fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names_come_first() {
        let models = ["openai/gpt-5", "openai/gpt-5-mini", "anthropic/claude-sonnet-4-5", "twin/steady"];
        assert_eq!(nearest("gpt-5-mni", models, 2), ["openai/gpt-5-mini", "openai/gpt-5"]);
        assert_eq!(nearest("claude", models, 1), ["anthropic/claude-sonnet-4-5"]);
        assert_eq!(edit_distance("kitten", "sitting"), 3);
    }

    #[test]
    fn names_hold_no_control_characters_or_spaces() {
        for good in ["support.refund", "team=billing", "a", "openai/gpt-4o:beta"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", " a", "a b", "a\r\nx", ".hidden", "ä", &"x".repeat(129)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
