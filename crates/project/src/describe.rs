//! The form in which settings are described. One table of definitions (`settings`) drives decoding, the check for
//! unknown keys, defaults, the JSON Schema, the reference page and the list of effective values.

use crate::forms::TextForm;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One setting or table. `*` in a path stands for a name that the user chooses.
#[derive(Clone, Copy)]
pub(crate) struct Definition {
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    pub(crate) fallback: Fallback,
    /// Meaning, as one or two sentences.
    pub(crate) doc: &'static str,
    /// A value as `jeton.toml` writes it, for settings whose default is no value.
    pub(crate) example: &'static str,
    /// First version that knows it.
    pub(crate) since: &'static str,
}

impl Definition {
    /// The last key of the path.
    pub(crate) fn leaf(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    pub(crate) fn is_table(&self) -> bool {
        matches!(self.kind, Kind::Section | Kind::Named(_) | Kind::Rules)
    }

    pub(crate) const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// A line that `jeton.toml` may carry, for remedies.
    pub(crate) fn sample(&self) -> String {
        let value = match self.fallback {
            Fallback::Text(text) => format!("{text:?}"),
            Fallback::Whole(number) => number.to_string(),
            Fallback::Flag(flag) => flag.to_string(),
            Fallback::Words(words) => format!("{words:?}"),
            Fallback::Empty | Fallback::Unset(_) if !self.example.is_empty() => self.example.to_owned(),
            Fallback::Empty | Fallback::Unset(_) => match self.kind {
                Kind::Choice(words) => format!("{:?}", words.first().copied().unwrap_or_default()),
                _ => "…".to_owned(),
            },
        };
        format!("{} = {value}", self.leaf())
    }

    /// The unit in which a number counts, from the last word of its name.
    pub(crate) fn unit(&self) -> &'static str {
        match self.leaf().rsplit('_').next() {
            Some("ms") => " of milliseconds",
            Some("bytes") => " of bytes",
            Some("tokens" | "context" | "output") => " of tokens",
            _ => "",
        }
    }
}

/// What a setting holds.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A table whose keys are described.
    Section,
    /// A table whose keys are names chosen by the user; each holds a described table.
    Named(&'static TextForm),
    /// One described table, or a list of them.
    Rules,
    Flag,
    Whole {
        least: u64,
        most: u64,
    },
    /// Dollars, exactly as written.
    Usd,
    /// Dollars per million tokens, exactly as written.
    Rate,
    /// From 0 to `most`.
    Fraction {
        most: f64,
    },
    Choice(&'static [&'static str]),
    /// A list of these words.
    Choices(&'static [&'static str]),
    /// True, false or one of these words.
    FlagOr(&'static [&'static str]),
    Text(&'static TextForm),
    Texts(&'static TextForm),
    /// A reference to a secret.
    Secret,
    /// A table of header names; values are texts or references to secrets.
    Headers,
    /// `"refuse"` or a table with a rate.
    UnknownPrice,
    /// `"last_user"`, or a table with a header's name or a text.
    Query,
    /// Any table; its owner checks it.
    Json,
}

/// The value where nothing is said.
#[derive(Clone, Copy)]
pub(crate) enum Fallback {
    Text(&'static str),
    Whole(u64),
    Flag(bool),
    /// A list of these words.
    Words(&'static [&'static str]),
    /// No entries.
    Empty,
    /// None; the text says what then holds.
    Unset(&'static str),
}

const fn define(path: &'static str, kind: Kind, fallback: Fallback, doc: &'static str) -> Definition {
    Definition { path, kind, fallback, doc, example: "", since: "0.1" }
}

pub(crate) const fn section(path: &'static str, doc: &'static str) -> Definition {
    define(path, Kind::Section, Fallback::Empty, doc)
}

pub(crate) const fn named(path: &'static str, name: &'static TextForm, doc: &'static str) -> Definition {
    define(path, Kind::Named(name), Fallback::Empty, doc)
}

pub(crate) const fn setting(path: &'static str, kind: Kind, fallback: Fallback, doc: &'static str) -> Definition {
    define(path, kind, fallback, doc)
}

/// The definitions by path, and the children of each table in the order of the description.
pub(crate) struct Description {
    by_path: BTreeMap<&'static str, &'static Definition>,
    children: BTreeMap<&'static str, Vec<&'static Definition>>,
}

/// The description of `jeton.toml`.
pub(crate) static DESCRIPTION: LazyLock<Description> = LazyLock::new(|| {
    let mut description = Description { by_path: BTreeMap::new(), children: BTreeMap::new() };
    for definition in crate::settings::SETTINGS {
        let parent = definition.path.rsplit_once('.').map_or("", |(parent, _)| parent);
        description.by_path.insert(definition.path, definition);
        description.children.entry(parent).or_default().push(definition);
    }
    description
});

impl Description {
    pub(crate) fn get(&self, path: &str) -> Option<&'static Definition> {
        self.by_path.get(path).copied()
    }

    /// What lies directly in the table at `path`; for named tables give `path.*`.
    pub(crate) fn children(&self, path: &str) -> &[&'static Definition] {
        self.children.get(path).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::SETTINGS;

    #[test]
    fn every_definition_has_a_parent_a_sentence_and_a_sample() {
        assert_eq!(DESCRIPTION.by_path.len(), SETTINGS.len(), "a path is described twice");
        for definition in SETTINGS {
            let path = definition.path;
            if let Some((parent, _)) = path.rsplit_once('.') {
                let parent = parent.strip_suffix(".*").unwrap_or(parent);
                assert!(DESCRIPTION.get(parent).is_some_and(Definition::is_table), "{path} has no table");
            }
            assert!(definition.doc.ends_with('.') && definition.doc.len() > 10, "{path}: {}", definition.doc);
            assert!(definition.is_table() || !definition.sample().contains('…'), "{path} needs an example");
        }
    }
}
