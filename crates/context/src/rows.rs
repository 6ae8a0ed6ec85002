//! Units as rows and cards, for terminals, pages and JSON.

use crate::{Catalogue, Kind, Loading, Trust, Unit};
use serde::Serialize;
use std::collections::BTreeMap;

/// A unit in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnitRow {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// A line that names it.
    pub title: String,
    /// Where it stands: `path:3-9`.
    pub place: String,
    /// Who answers for it.
    pub owners: Vec<String>,
    /// How far it is believed.
    pub trust: Trust,
    /// How agents load it.
    pub loading: Loading,
    /// Whether every compilation in its scope must hold it.
    pub is_mandatory: bool,
    /// Tokens by vocabulary.
    pub tokens: BTreeMap<String, u64>,
}

impl From<&Unit> for UnitRow {
    fn from(unit: &Unit) -> Self {
        Self {
            id: unit.id.clone(),
            kind: unit.kind,
            title: unit.title.clone(),
            place: unit.place.to_string(),
            owners: unit.owners.clone(),
            trust: unit.trust,
            loading: unit.loading,
            is_mandatory: unit.is_mandatory,
            tokens: unit.tokens.clone(),
        }
    }
}

/// One unit whole: all that is known of it, and its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitCard<'a> {
    /// All that is known of it.
    #[serde(flatten)]
    pub unit: &'a Unit,
    /// Its text, before facts are filled in.
    pub body: &'a str,
}

impl<'a> From<&'a Unit> for UnitCard<'a> {
    fn from(unit: &'a Unit) -> Self {
        Self { unit, body: &unit.body }
    }
}

/// Units and tokens of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindTotal {
    /// How many units.
    pub units: u64,
    /// Their tokens by vocabulary.
    pub tokens: BTreeMap<String, u64>,
    /// Of these the tokens that agents load with every request, by vocabulary.
    pub tokens_always: BTreeMap<String, u64>,
}

impl Catalogue {
    /// All units as rows, by id.
    #[must_use]
    pub fn rows(&self) -> Vec<UnitRow> {
        self.units().iter().map(UnitRow::from).collect()
    }

    /// Totals by the name of the kind.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<&'static str, KindTotal> {
        let mut totals: BTreeMap<&'static str, KindTotal> = BTreeMap::new();
        for unit in self.units() {
            let total = totals.entry(unit.kind.name()).or_default();
            total.units += 1;
            for (vocabulary, count) in &unit.tokens {
                *total.tokens.entry(vocabulary.clone()).or_insert(0) += count;
                if unit.loading == Loading::Always {
                    *total.tokens_always.entry(vocabulary.clone()).or_insert(0) += count;
                }
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CatalogueOptions;
    use crate::tree::MemoryTree;

    #[test]
    fn rows_and_cards_are_json() {
        let tree = MemoryTree::new([("AGENTS.md", "Use tabs.\n"), ("context/a.md", "---\nid: a\nkind: constraint\n---\nNo.\n")]);
        let catalogue = Catalogue::build(&tree, &CatalogueOptions::default());
        let rows = serde_json::to_value(catalogue.rows()).unwrap();
        assert_eq!((&rows[0]["id"], &rows[0]["is_mandatory"], &rows[1]["loading"]), (&"constraint:a".into(), &true.into(), &"always".into()));
        let card = serde_json::to_value(UnitCard::from(&catalogue.units()[0])).unwrap();
        assert_eq!((&card["body"], &card["id"]), (&"No.".into(), &"constraint:a".into()));
        let totals = catalogue.totals();
        assert_eq!((totals["doc"].units, totals["doc"].tokens == totals["doc"].tokens_always), (1, true));
    }
}
