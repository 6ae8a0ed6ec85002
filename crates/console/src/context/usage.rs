//! Which units the context of calls held, as their receipts say.

use crate::state::Console;
use jeton_core::{CallId, Timestamp};
use jeton_ledger::{CallFilter, LedgerError};
use std::collections::{BTreeMap, BTreeSet};

/// The days back from now in which uses are counted.
pub(crate) const USE_DAYS: i64 = 7;

/// How many of the newest calls are looked at: the receipt of each is read.
const CALLS_MAX: usize = 1_000;

/// A call whose context held a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnitUse {
    pub(crate) call: CallId,
    pub(crate) started: Timestamp,
    pub(crate) class: String,
    /// Tokens of all stretches of the unit.
    pub(crate) tokens: u64,
}

/// The uses of units by calls of the last days.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    by_unit: BTreeMap<String, Vec<UnitUse>>,
    /// Whether all calls of those days were looked at; otherwise a count is a lower bound.
    pub(crate) are_all: bool,
}

/// The uses, or why nobody knows them: then a count is unknown, and not 0.
pub(crate) type Used = Result<Uses, String>;

impl Uses {
    /// How many calls had the unit.
    pub(crate) fn count(&self, unit: &str) -> u64 {
        self.of(unit).len() as u64
    }

    /// The calls that had the unit, newest first.
    pub(crate) fn of(&self, unit: &str) -> &[UnitUse] {
        self.by_unit.get(unit).map_or(&[], Vec::as_slice)
    }
}

/// What the calls of the last days used.
pub(crate) fn uses(console: &Console, now: Timestamp) -> Used {
    read(console, now, CALLS_MAX).map_err(|error| format!("the ledger cannot be asked: {error}"))
}

fn read(console: &Console, now: Timestamp, most: usize) -> Result<Uses, LedgerError> {
    let filter = CallFilter { since: Some(Timestamp(now.0 - USE_DAYS * 86_400_000)), limit: most + 1, ..CallFilter::default() };
    let rows = console.ledger.calls(&filter)?;
    let mut uses = Uses { are_all: rows.len() <= most, ..Uses::default() };
    for row in rows.iter().take(most) {
        let Some(context) = console.ledger.call(row.id)?.and_then(|detail| detail.record.context) else { continue };
        let units: BTreeSet<&str> = context.spans.iter().map(|span| span.unit.as_str()).collect();
        for unit in units {
            let tokens = context.spans.iter().filter(|span| span.unit == unit).map(|span| span.tokens).sum();
            let used = UnitUse { call: row.id, started: row.started, class: row.class.clone(), tokens };
            uses.by_unit.entry(unit.to_owned()).or_default().push(used);
        }
    }
    Ok(uses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Fixture, NOW, good};
    use jeton_ledger::{ContextAsker, ContextReceipt, ContextSpan};

    fn span(unit: &str, tokens: u64) -> ContextSpan {
        let text = String::new;
        ContextSpan {
            unit: unit.into(),
            kind: "doc".into(),
            digest: text(),
            path: text(),
            first_line: 0,
            last_line: 0,
            tokens,
            view: "full".into(),
            why: text(),
            tier: "knowledge".into(),
            is_eligible: false,
        }
    }

    /// A call `ago_ms` before now that had these units, each with its tokens.
    fn call(fixture: &Fixture, ago_ms: i64, units: &[(&str, u64)]) {
        let mut record = good(ago_ms);
        record.context = Some(Box::new(ContextReceipt {
            pack: "refunds".into(),
            asked_by: ContextAsker::Class,
            digest: String::new(),
            snapshot: String::new(),
            query_digest: String::new(),
            vocabulary: "o200k_base".into(),
            tokens: 10,
            budget_tokens: 100,
            bytes: 40,
            breakpoints: 0,
            breakpoints_dropped: 0,
            spans: units.iter().map(|(unit, tokens)| span(unit, *tokens)).collect(),
            hold_out: None,
        }));
        fixture.settle(record);
    }

    #[tokio::test]
    async fn receipts_tell_which_calls_had_a_unit() {
        let fixture = Fixture::with_context();
        call(&fixture, 2_000, &[("doc:context/refunds.md", 9), ("doc:context/refunds.md", 4)]);
        call(&fixture, 1_000, &[("doc:context/refunds.md", 9), ("doc:gone.md", 1)]);
        call(&fixture, 8 * 86_400_000, &[("doc:context/refunds.md", 9)]);
        fixture.settle(good(500));
        let uses = read(&fixture.console, NOW, 10).unwrap();
        let found: Vec<(i64, u64)> = uses.of("doc:context/refunds.md").iter().map(|one| (NOW.0 - one.started.0, one.tokens)).collect();
        assert_eq!((found.as_slice(), uses.are_all), (&[(1_000, 9), (2_000, 13)][..], true), "newest first, stretches of one call together");
        assert_eq!((uses.count("doc:gone.md"), uses.count("doc:context/old.md")), (1, 0));
        assert!(!read(&fixture.console, NOW, 2).unwrap().are_all, "a count over some of the calls is a lower bound");
        let unit = fixture.get("/api/context/unit?id=doc:context/refunds.md").await.json();
        assert_eq!((unit["uses"].as_u64(), unit["calls"][0]["tokens"].as_u64()), (Some(2), Some(9)));
        assert!(fixture.get("/context/unit?id=doc:context/refunds.md").await.text.contains("href=\"/calls/call-"));
    }
}
