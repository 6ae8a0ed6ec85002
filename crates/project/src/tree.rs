//! What was said, setting by setting, between the document and the typed snapshot.

use crate::describe::{Definition, Fallback, Kind};
use crate::effective::Origin;
use crate::{HeaderValue, PackQuery, SecretRef};
use jeton_core::{Nanousd, Rate};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Keys from the top of the document; an item of a list of tables is `[0]`, `[1]`, ….
pub(crate) type Path = Vec<String>;

/// A place in the document, in bytes.
pub(crate) type Span = Range<usize>;

/// A value that fits its definition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Flag(bool),
    Whole(u64),
    Text(String),
    Texts(Vec<String>),
    Usd(Nanousd),
    Rate(Rate),
    Fraction(f64),
    Secret(SecretRef),
    Headers(BTreeMap<String, HeaderValue>),
    /// `None`: refused.
    UnknownPrice(Option<Rate>),
    Query(PackQuery),
    Json(serde_json::Value),
}

/// A value and where it was said.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// Its place in the document; none where it came from the environment.
    pub(crate) span: Option<Span>,
    /// The places of a list's items.
    pub(crate) items: Vec<Span>,
}

/// Everything that was said.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) found: BTreeMap<Path, Found>,
    /// Every table, with the place of its key where it stands in the document.
    pub(crate) tables: BTreeMap<Path, Option<Span>>,
    /// Settings that were said, but wrongly: they are not missing.
    pub(crate) refused: BTreeSet<Path>,
}

impl Tree {
    /// Moves every place `by` bytes on.
    pub(crate) fn shift(&mut self, by: usize) {
        let values = self.found.values_mut().flat_map(|found| found.span.iter_mut().chain(&mut found.items));
        for span in values.chain(self.tables.values_mut().flatten()) {
            *span = span.start + by..span.end + by;
        }
    }

    /// Whether the setting at `path` was said, rightly or wrongly.
    pub(crate) fn is_said(&self, path: &[&str]) -> bool {
        let path = owned(path);
        self.found.contains_key(&path) || self.refused.contains(&path)
    }

    /// Whether there is a table at `path`.
    pub(crate) fn has_table(&self, path: &[&str]) -> bool {
        self.tables.contains_key(&owned(path))
    }

    /// The place of the value or else of the table at `path`.
    pub(crate) fn span(&self, path: &[&str]) -> Option<Span> {
        let path = owned(path);
        self.found.get(&path).and_then(|found| found.span.clone()).or_else(|| self.tables.get(&path).cloned().flatten())
    }

    /// The place of item `index` of the list at `path`.
    pub(crate) fn item_span(&self, path: &[&str], index: usize) -> Option<Span> {
        self.found.get(&owned(path)).and_then(|found| found.items.get(index).cloned()).or_else(|| self.span(path))
    }

    /// The names directly in the table at `path`, in the order of the alphabet.
    pub(crate) fn names(&self, path: &[&str]) -> Vec<String> {
        let path = owned(path);
        let depth = path.len();
        let mut names: Vec<String> = self.tables.keys().filter(|key| key.len() == depth + 1 && key.starts_with(&path)).map(|key| key[depth].clone()).collect();
        names.dedup();
        names
    }
}

impl Definition {
    /// The value that holds where nothing is said.
    pub(crate) fn fallback_value(&self) -> Option<Value> {
        match (self.fallback, self.kind) {
            (Fallback::Text(_), Kind::UnknownPrice) => Some(Value::UnknownPrice(None)),
            (Fallback::Text(_), Kind::Query) => Some(Value::Query(PackQuery::LastUser)),
            (Fallback::Text(text), _) => Some(Value::Text(text.to_owned())),
            (Fallback::Whole(number), _) => Some(Value::Whole(number)),
            (Fallback::Flag(flag), _) => Some(Value::Flag(flag)),
            (Fallback::Words(words), _) => Some(Value::Texts(owned(words))),
            (Fallback::Empty, Kind::Texts(_)) => Some(Value::Texts(Vec::new())),
            (Fallback::Empty, Kind::Headers) => Some(Value::Headers(BTreeMap::new())),
            (Fallback::Empty | Fallback::Unset(_), _) => None,
        }
    }
}

pub(crate) fn owned(path: &[&str]) -> Path {
    path.iter().map(|&key| key.to_owned()).collect()
}

/// `path` as `jeton.toml` would write it: `classes."support.refund".match[0].key`.
pub(crate) fn shown(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if key.starts_with('[') {
            text.push_str(key);
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&if bare { key.clone() } else { format!("{key:?}") });
    }
    text
}
