//! `context.lock`: what the context was when somebody last looked at it, so that a change of context is reviewed like code.
//!
//! A text of TOML's kind, one block for each unit, sorted: two people who change different units change different lines.

mod diff;
mod parse;

pub use diff::{Aspect, ChangedUnit, LockDiff};

use crate::tree::Tree;
use crate::{Anchor, Catalogue, Digest, Unit, facts};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Its usual name, in the project's directory.
pub const LOCK_FILE: &str = "context.lock";

const HEAD: &str = "# made by jeton context lock\nversion = 2\n";

/// The prints of what an anchor leads to: where both are as before, nothing happened that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AnchorPrint {
    /// Of what others see: the name, the parameters, the heading.
    pub signature: Digest,
    /// Of everything in it.
    pub body: Digest,
}

/// A unit as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LockedUnit {
    /// The digest of text and use.
    pub digest: Digest,
    /// The digest of the text alone.
    pub body: Digest,
    /// The digest of its scope.
    pub scope: Digest,
    /// Tokens by vocabulary.
    pub tokens: BTreeMap<String, u64>,
    /// The prints of its anchors, by `path` or `path#at`; `None`: it led nowhere.
    pub anchors: BTreeMap<String, Option<AnchorPrint>>,
    /// The digests of the values that its facts had, by `path#pointer`; `None`: there was none. A lock of version 1 keeps none.
    pub facts: BTreeMap<String, Option<Digest>>,
}

/// The context as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The units by id.
    pub units: BTreeMap<String, LockedUnit>,
    /// Paths that texts mention, that never existed, and about which somebody said that this is right.
    pub never: BTreeSet<String>,
}

impl Lock {
    /// The lock of a catalogue. `print` gives the print of what an anchor leads to now; facts have the values that they have in `tree`.
    #[must_use]
    pub fn of(catalogue: &Catalogue, tree: &dyn Tree, print: &dyn Fn(&Anchor) -> Option<AnchorPrint>) -> Self {
        let with_facts = |unit: &Unit| LockedUnit { facts: facts::digests(unit, tree), ..locked(unit, print) };
        let units = catalogue.units().iter().map(|unit| (unit.id.clone(), with_facts(unit)));
        Self { units: units.collect(), never: BTreeSet::new() }
    }

    /// The same, with the answers that `before` remembers.
    #[must_use]
    pub fn with_answers_of(mut self, before: &Self) -> Self {
        self.never.extend(before.never.iter().cloned());
        self
    }

    /// The print that was kept of an anchor of a unit: `None` where it was not kept, `Some(None)` where it led nowhere then.
    #[must_use]
    pub fn print(&self, unit: &str, anchor: &Anchor) -> Option<Option<AnchorPrint>> {
        self.units.get(unit)?.anchors.get(&anchor_name(anchor)).copied()
    }
}

fn locked(unit: &Unit, print: &dyn Fn(&Anchor) -> Option<AnchorPrint>) -> LockedUnit {
    let scope = serde_json::to_string(&unit.scope).unwrap_or_default();
    // A file may be declared and mentioned in the text too; what is declared says more, and so it counts.
    let (declared, mentioned): (Vec<&Anchor>, Vec<&Anchor>) = unit.anchors.iter().partition(|anchor| anchor.is_declared);
    LockedUnit {
        digest: unit.digest,
        body: Digest::of(unit.body.as_bytes()),
        scope: Digest::of(scope.as_bytes()),
        tokens: unit.tokens.clone(),
        anchors: mentioned.into_iter().chain(declared).map(|anchor| (anchor_name(anchor), print(anchor))).collect(),
        facts: BTreeMap::new(),
    }
}

/// An anchor as the lock names it.
#[must_use]
pub fn anchor_name(anchor: &Anchor) -> String {
    anchor.at.as_ref().map_or_else(|| anchor.path.clone(), |at| format!("{}#{at}", anchor.path))
}

/// A text in quotes, as TOML reads them.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}

impl fmt::Display for Lock {
    /// The lock as a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        for path in &self.never {
            write!(f, "\n[[never]]\npath = {}\n", quoted(path))?;
        }
        for (id, unit) in &self.units {
            write!(f, "\n[[unit]]\nid = {}\ndigest = \"{}\"\nbody = \"{}\"\nscope = \"{}\"\n", quoted(id), unit.digest, unit.body, unit.scope)?;
            for (vocabulary, count) in &unit.tokens {
                writeln!(f, "tokens.{} = {count}", quoted(vocabulary))?;
            }
            for (name, print) in &unit.anchors {
                match print {
                    Some(print) => writeln!(f, "anchors.{} = \"{} {}\"", quoted(name), print.signature, print.body)?,
                    None => writeln!(f, "anchors.{} = \"missing\"", quoted(name))?,
                }
            }
            for (name, value) in &unit.facts {
                let value = value.map_or_else(|| "missing".to_owned(), |digest| digest.to_string());
                writeln!(f, "facts.{} = \"{value}\"", quoted(name))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
