//! What changed between two locks.

use super::{Lock, LockedUnit};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What of a unit changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Its text.
    Body,
    /// Where it applies.
    Scope,
    /// Whom it belongs to, how far it is believed, whether it is mandatory, its check: anything else that decides its use.
    Use,
    /// What it speaks of, or what that was.
    Anchors,
    /// The value of a fact that it quotes.
    Facts,
    /// How many tokens it has.
    Tokens,
}

impl Aspect {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Scope => "scope",
            Self::Use => "use",
            Self::Anchors => "anchors",
            Self::Facts => "facts",
            Self::Tokens => "tokens",
        }
    }
}

/// A unit that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedUnit {
    /// Its id.
    pub id: String,
    /// What changed.
    pub what: Vec<Aspect>,
    /// Its tokens before, by vocabulary.
    pub tokens_before: BTreeMap<String, u64>,
    /// Its tokens now.
    pub tokens_after: BTreeMap<String, u64>,
}

/// What changed between two locks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LockDiff {
    /// Ids of units that are new, with their tokens.
    pub added: BTreeMap<String, BTreeMap<String, u64>>,
    /// Ids of units that are gone, with their tokens.
    pub removed: BTreeMap<String, BTreeMap<String, u64>>,
    /// Units that changed, by id.
    pub changed: Vec<ChangedUnit>,
    /// Tokens of all units before, by vocabulary.
    pub tokens_before: BTreeMap<String, u64>,
    /// Tokens of all units now.
    pub tokens_after: BTreeMap<String, u64>,
}

impl Lock {
    /// What changed from `old` to `new`.
    #[must_use]
    pub fn diff(old: &Self, new: &Self) -> LockDiff {
        let only = |from: &Self, other: &Self| -> BTreeMap<String, BTreeMap<String, u64>> {
            from.units.iter().filter(|(id, _)| !other.units.contains_key(*id)).map(|(id, unit)| (id.clone(), unit.tokens.clone())).collect()
        };
        let changed = new.units.iter().filter_map(|(id, after)| changed(id, old.units.get(id)?, after));
        LockDiff { added: only(new, old), removed: only(old, new), changed: changed.collect(), tokens_before: totals(old), tokens_after: totals(new) }
    }
}

fn changed(id: &str, before: &LockedUnit, after: &LockedUnit) -> Option<ChangedUnit> {
    let is_other = |aspect: &Aspect| match aspect {
        Aspect::Body => before.body != after.body,
        Aspect::Scope => before.scope != after.scope,
        Aspect::Anchors => before.anchors != after.anchors,
        // A new quotation is a change of the text; a lock of an older version has no values.
        Aspect::Facts => after.facts.iter().any(|(name, value)| before.facts.get(name).is_some_and(|before| before != value)),
        Aspect::Tokens => before.tokens != after.tokens,
        Aspect::Use => false,
    };
    let mut what: Vec<Aspect> = [Aspect::Body, Aspect::Scope, Aspect::Anchors, Aspect::Facts, Aspect::Tokens].into_iter().filter(is_other).collect();
    // The digest covers more than what is kept apart.
    if before.digest != after.digest && what.iter().all(|aspect| *aspect == Aspect::Tokens) {
        what.insert(0, Aspect::Use);
    }
    (!what.is_empty()).then(|| ChangedUnit { id: id.to_owned(), what, tokens_before: before.tokens.clone(), tokens_after: after.tokens.clone() })
}

fn totals(lock: &Lock) -> BTreeMap<String, u64> {
    let mut totals = BTreeMap::new();
    for (vocabulary, count) in lock.units.values().flat_map(|unit| &unit.tokens) {
        *totals.entry(vocabulary.clone()).or_insert(0) += count;
    }
    totals
}

impl LockDiff {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl fmt::Display for LockDiff {
    /// A line for each unit, then the totals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing changed\n");
        }
        for (id, tokens) in &self.added {
            writeln!(f, "+ {id}{}", in_brackets(tokens))?;
        }
        for (id, tokens) in &self.removed {
            writeln!(f, "- {id}{}", in_brackets(tokens))?;
        }
        for unit in &self.changed {
            let what: Vec<&str> = unit.what.iter().map(|aspect| aspect.name()).collect();
            write!(f, "~ {}: {}", unit.id, what.join(", "))?;
            writeln!(f, "{}", steps(&unit.tokens_before, &unit.tokens_after, false).map(|steps| format!(" ({steps})")).unwrap_or_default())?;
        }
        write!(f, "{} added, {} removed, {} changed", self.added.len(), self.removed.len(), self.changed.len())?;
        writeln!(f, "{}", steps(&self.tokens_before, &self.tokens_after, true).map(|steps| format!("; {steps}")).unwrap_or_default())
    }
}

fn in_brackets(tokens: &BTreeMap<String, u64>) -> String {
    let counts: Vec<String> = tokens.iter().map(|(vocabulary, count)| format!("{count} tokens in {vocabulary}")).collect();
    if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) }
}

/// `120 → 90 tokens in o200k_base`, for each vocabulary that both have; those that stay only where `with_equal`.
fn steps(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>, with_equal: bool) -> Option<String> {
    let both = after.iter().filter_map(|(vocabulary, now)| Some((vocabulary, before.get(vocabulary)?, now)));
    let steps: Vec<String> =
        both.filter(|(_, then, now)| with_equal || then != now).map(|(vocabulary, then, now)| format!("{then} → {now} tokens in {vocabulary}")).collect();
    (!steps.is_empty()).then(|| steps.join(", "))
}
