//! What can be asked of the ledger, and the shapes of the answers. All of them serialise, for `--json` and the API.

use crate::{CallRecord, CallStatus, Feedback};
use jeton_core::{CallId, Certainty, Cost, Nanousd, Timestamp, Usage};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which calls to list, newest first. Everything left out matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFilter {
    /// The class.
    pub class: Option<String>,
    /// The model that answered, `provider/name`, or the one asked for.
    pub model: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    /// An account of the chain that pays.
    pub account: Option<String>,
    /// How it ended.
    pub status: Option<CallStatus>,
    /// Simulated ones only, or real ones only.
    pub simulated: Option<bool>,
    /// A tag, word for word.
    pub tag: Option<String>,
    /// The outcome it worked for.
    pub outcome: Option<String>,
    /// Begun at or after.
    pub since: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
    /// Older than this call: the id of the last row of the page before.
    pub before: Option<CallId>,
    /// At most so many; 0 means 100. Never more than 10,000.
    pub limit: usize,
}

/// A call in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// Its id.
    pub id: CallId,
    /// When it began.
    pub started: Timestamp,
    /// Who paid, the nearest first.
    pub accounts: Vec<String>,
    /// The key's name.
    pub key: Option<String>,
    /// The kind of work.
    pub class: String,
    /// The outcome it worked for.
    pub outcome: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// The endpoint's name.
    pub endpoint: String,
    /// The model as the caller named it.
    pub model_asked: String,
    /// The model that answered.
    pub model: Option<String>,
    /// How it ended.
    pub status: CallStatus,
    /// The HTTP status sent.
    pub http_status: u16,
    /// Whether it was streamed.
    pub stream: bool,
    /// Tokens by kind; audio, searches and the service tier are in the record only.
    pub usage: Usage,
    /// Where the usage comes from.
    pub usage_certainty: Certainty,
    /// What it cost.
    pub cost: Cost,
    /// What budgets counted.
    pub charged: Nanousd,
    /// Whether a simulated provider answered.
    pub simulated: bool,
    /// Tries made upstream.
    pub tries: u64,
    /// The code of the error the caller got.
    pub fault: Option<String>,
    /// Microseconds to the first content.
    pub first_content_us: Option<u64>,
    /// Microseconds to the end.
    pub total_us: u64,
    /// Microseconds of Jeton's own.
    pub own_us: u64,
}

/// A call with everything that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallDetail {
    /// The record.
    pub record: CallRecord,
    /// Its entries, in the order of their making.
    pub entries: Vec<EntryRow>,
    /// Verdicts on it, the oldest first.
    pub feedback: Vec<Feedback>,
}

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Money put by; a raise is a further hold of the difference.
    Hold,
    /// The call's charge; what was held and not charged is free again.
    Charge,
    /// The call cost nothing; what was held is free again.
    Release,
    /// A correction of an earlier charge, up or down.
    Adjust,
}

impl EntryKind {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Charge => "charge",
            Self::Release => "release",
            Self::Adjust => "adjust",
        }
    }
}

/// An entry: never changed, only followed by others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    /// The call it belongs to.
    pub call: CallId,
    /// What it does.
    pub kind: EntryKind,
    /// How much: put by, charged or corrected. Zero for a release.
    pub amount: Nanousd,
    /// The accounts it counts for, the nearest first.
    pub accounts: Vec<String>,
    /// When the call was admitted: decides the window.
    pub at: Timestamp,
    /// When the entry was made.
    pub made_at: Timestamp,
    /// Where the amount comes from.
    pub certainty: Certainty,
    /// Whether the money is a simulated provider's.
    pub simulated: bool,
}

/// By what calls are grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// The model that answered, else the one asked for.
    Model,
    /// The part of the model before the first `/`.
    Provider,
    /// The kind of work.
    Class,
    /// The outcome it worked for; `-` for none.
    Outcome,
    /// The key's name; `-` for none.
    Key,
    /// Each account of the chain: a call counts once in each, so rows do not sum to the total.
    Account,
    /// Each tag; `-` for none. A call counts once in each, so rows do not sum to the total.
    Tag,
    /// The day it began, in the query's time zone.
    Day,
    /// How it ended.
    Status,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 9] = [Self::Model, Self::Provider, Self::Class, Self::Outcome, Self::Key, Self::Account, Self::Tag, Self::Day, Self::Status];

    /// The stable word, as in `jeton cost --by`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Provider => "provider",
            Self::Class => "class",
            Self::Outcome => "outcome",
            Self::Key => "key",
            Self::Account => "account",
            Self::Tag => "tag",
            Self::Day => "day",
            Self::Status => "status",
        }
    }

    /// The dimension that a word names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }
}

/// A question about money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostQuery {
    /// By what.
    pub by: Dimension,
    /// Begun at or after.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Begun before.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// The IANA time zone of [`Dimension::Day`]; UTC where none.
    #[serde(default)]
    pub timezone: Option<String>,
}

impl CostQuery {
    /// All calls, by `by`.
    #[must_use]
    pub const fn all(by: Dimension) -> Self {
        Self { by, since: None, until: None, timezone: None }
    }
}

/// Tokens by kind, as far as known, and how many calls' tokens are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Neither read from nor written to a cache.
    pub input: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written to a cache, of either life.
    pub cache_write: u64,
    /// Output, reasoning among it.
    pub output: u64,
    /// The part of output that was reasoning.
    pub reasoning: u64,
    /// Calls that used a provider and whose input or output nobody knows.
    pub unknown_calls: u64,
    /// Calls whose tokens Jeton counted itself.
    pub estimated_calls: u64,
}

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Calls in all.
    pub calls: u64,
    /// Of those, failed ones.
    pub failed: u64,
    /// Of those, refused ones.
    pub refused: u64,
    /// Of those, cancelled by the client.
    pub cancelled: u64,
    /// Of those, interrupted ones.
    pub interrupted: u64,
    /// The cost of all calls whose cost is known.
    pub cost: Nanousd,
    /// Calls whose cost nobody knows.
    pub unknown_calls: u64,
    /// The upper bound charged for those.
    pub unknown_bound: Nanousd,
    /// What budgets counted: known costs and bounds.
    pub charged: Nanousd,
    /// Tokens by kind.
    pub tokens: Tokens,
}

impl Sums {
    /// Calls that ended without a whole answer for no reason of the caller's: failed or interrupted.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failed + self.interrupted
    }
}

/// What a group of calls cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostRow {
    /// The group.
    pub name: String,
    /// Calls that a provider answered.
    pub real: Sums,
    /// Calls that a simulated provider answered.
    pub simulated: Sums,
}

/// Calls begun within one span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesRow {
    /// When the span begins.
    pub start: Timestamp,
    /// Calls that a provider answered.
    pub real: Sums,
    /// Calls that a simulated provider answered.
    pub simulated: Sums,
}

/// A question about times. Only calls that ended well count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LatencyQuery {
    /// By what; all in one row named `all` where none.
    pub by: Option<Dimension>,
    /// Begun at or after.
    pub since: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
    /// Simulated calls only, or real ones only.
    pub simulated: Option<bool>,
}

/// Percentiles by nearest rank, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// How many times there are.
    pub n: u64,
    /// Half are at most this.
    pub p50_us: u64,
    /// Nine of ten are at most this.
    pub p90_us: u64,
    /// 99 of 100 are at most this.
    pub p99_us: u64,
}

impl Percentiles {
    /// Percentiles of `times`, which are sorted on the way; none where there are none.
    #[must_use]
    pub fn of(times: &mut [u64]) -> Option<Self> {
        if times.is_empty() {
            return None;
        }
        times.sort_unstable();
        let rank = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
        Some(Self { n: times.len() as u64, p50_us: rank(50), p90_us: rank(90), p99_us: rank(99) })
    }
}

/// Times of a group of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRow {
    /// The group.
    pub name: String,
    /// From the start to the first content; streams only.
    pub first_content: Option<Percentiles>,
    /// From the start to the end.
    pub total: Option<Percentiles>,
}

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportTable {
    /// Calls: whole records as JSON, the list's columns as CSV.
    Calls,
    /// Entries.
    Entries,
    /// Verdicts.
    Feedback,
    /// Keys, without their hashes.
    Keys,
    /// Heads of runs of suites.
    Runs,
    /// Rows of runs.
    RunRows,
    /// Notes: labels, causes, alarms, ends of runs.
    Notes,
}

impl ExportTable {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Calls, Self::Entries, Self::Feedback, Self::Keys, Self::Runs, Self::RunRows, Self::Notes];
}

/// How it is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One JSON object a line, with a member `record` that names its table.
    Jsonl,
    /// Comma-separated, with a heading.
    Csv,
}

/// What a check of the whole ledger found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyReport {
    /// Calls read.
    pub calls: u64,
    /// Entries read.
    pub entries: u64,
    /// Verdicts read.
    pub feedback: u64,
    /// Accounts whose running figures were compared with their entries; 0 where no server runs.
    pub accounts: u64,
    /// Holds without a charge or release: calls under way, or cut off and not yet recovered.
    pub open_holds: u64,
    /// Calls charged more than was held.
    pub debts: u64,
    /// The sum of all charges and adjustments.
    pub charged: Nanousd,
    /// How many faults there are.
    pub problem_count: u64,
    /// The first faults, at most 100, in words.
    pub problems: Vec<String>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.problem_count == 0
    }

    /// Notes a fault.
    pub(crate) fn problem(&mut self, what: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < 100 {
            self.problems.push(what.into());
        }
    }
}

/// Names joined for one column and split again. The separator is ASCII's unit separator, which no name can hold.
pub(crate) const SEPARATOR: char = '\u{1f}';

pub(crate) fn join(names: &[Arc<str>]) -> String {
    let mut text = String::with_capacity(names.iter().map(|name| name.len() + 1).sum());
    for (place, name) in names.iter().enumerate() {
        if place > 0 {
            text.push(SEPARATOR);
        }
        text.push_str(name);
    }
    text
}

pub(crate) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATOR).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let check = |mut times: Vec<u64>, expected: Option<(u64, u64, u64)>| {
            assert_eq!(Percentiles::of(&mut times).map(|p| (p.p50_us, p.p90_us, p.p99_us)), expected, "{times:?}");
        };
        check(vec![], None);
        check(vec![7], Some((7, 7, 7)));
        check((1..=100).rev().collect(), Some((50, 90, 99)));
        check(vec![1, 2, 3, 4], Some((2, 4, 4)));
    }

    #[test]
    fn words_read_back() {
        for dimension in Dimension::ALL {
            assert_eq!(Dimension::from_name(dimension.name()), Some(dimension));
        }
        assert_eq!(Dimension::from_name("mood"), None);
        let names: Vec<Arc<str>> = ["a,b", "c d"].map(Into::into).to_vec();
        assert_eq!(split(&join(&names)).collect::<Vec<_>>(), ["a,b", "c d"]);
        assert_eq!(split("").count(), 0);
    }
}
