//! What the page shows, asked of the ledger in one go.

use crate::api::{call_filter, ledger_fault};
use crate::period::today_and_month;
use crate::route::Ask;
use crate::state::{Console, Status};
use jeton_core::{Fault, Timestamp};
use jeton_ledger::{AccountStanding, CallRow, CostQuery, CostRow, Dimension, LatencyQuery, LatencyRow, LedgerError, Percentiles, SeriesRow, Sums};
use jiff::tz::TimeZone;
use std::collections::HashMap;

/// How many calls the page lists.
const CALLS_SHOWN: usize = 40;

/// A period that the page can show, and how it is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    /// As in the address and on the switch.
    pub(crate) name: &'static str,
    /// As in a sentence: "in the last …".
    pub(crate) long: &'static str,
    pub(crate) bucket_ms: i64,
    pub(crate) buckets: i64,
    pub(crate) bucket_name: &'static str,
}

/// The periods, the shortest first.
pub(crate) const PERIODS: [Period; 4] = [
    Period { name: "1h", long: "hour", bucket_ms: 60_000, buckets: 60, bucket_name: "1 minute" },
    Period { name: "24h", long: "24 hours", bucket_ms: 900_000, buckets: 96, bucket_name: "15 minutes" },
    Period { name: "7d", long: "7 days", bucket_ms: 7_200_000, buckets: 84, bucket_name: "2 hours" },
    Period { name: "30d", long: "30 days", bucket_ms: 28_800_000, buckets: 90, bucket_name: "8 hours" },
];

impl Period {
    pub(crate) fn named(name: &str) -> Self {
        PERIODS.into_iter().find(|period| period.name == name).unwrap_or(PERIODS[1])
    }

    /// The first bucket's begin. Buckets begin at round local times, so that a bar stays the same bar while time goes on.
    pub(crate) fn since(&self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let offset_ms = jiff::Timestamp::from_millisecond(now.0).map_or(0, |moment| i64::from(zone.to_offset(moment).seconds()) * 1_000);
        let current = (now.0 + offset_ms).div_euclid(self.bucket_ms) * self.bucket_ms - offset_ms;
        Timestamp(current - (self.buckets - 1) * self.bucket_ms)
    }
}

/// A class or a model: money, calls and times of its real calls, or of its simulated ones.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) simulated: bool,
    pub(crate) sums: Sums,
    pub(crate) first_content: Option<Percentiles>,
    pub(crate) total: Option<Percentiles>,
}

/// Everything on the page.
pub(crate) struct PageData {
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) period: Period,
    pub(crate) status: Status,
    pub(crate) store_problem: Option<String>,
    pub(crate) calls_in_flight: i64,
    /// Whether any call was ever made.
    pub(crate) any_call: bool,
    /// Whether calls need a key.
    pub(crate) needs_key: bool,
    /// Real and simulated.
    pub(crate) today: (Sums, Sums),
    pub(crate) month: (Sums, Sums),
    pub(crate) standings: Vec<AccountStanding>,
    pub(crate) series: Vec<SeriesRow>,
    /// Times of all calls: real ones, simulated ones.
    pub(crate) times: [Option<LatencyRow>; 2],
    pub(crate) classes: Vec<Group>,
    pub(crate) models: Vec<Group>,
    pub(crate) calls: Vec<CallRow>,
    /// Filters of the list of calls, by name.
    pub(crate) filters: Vec<(&'static str, String)>,
}

impl PageData {
    /// Asks for everything that `ask` wants to see.
    pub(crate) fn gather(console: &Console, ask: &Ask) -> Result<Self, Fault> {
        let mut filter = call_filter(ask)?;
        filter.limit = CALLS_SHOWN;
        let filters = super::CALL_FILTER_NAMES.iter().filter_map(|name| ask.text(name).map(|value| (*name, value.to_owned()))).collect();
        let period = Period::named(ask.text("period").unwrap_or_default());
        let since = period.since(ask.now, &console.zone);
        let gathered = Self::ask_ledger(console, ask.now, period, since).and_then(|mut data| {
            data.calls = console.ledger.calls(&filter)?;
            data.filters = filters;
            Ok(data)
        });
        gathered.map_err(|error| ledger_fault(&error))
    }

    fn ask_ledger(console: &Console, now: Timestamp, period: Period, since: Timestamp) -> Result<Self, LedgerError> {
        let ledger = &console.ledger;
        let (today, month) = today_and_month(now, &console.zone);
        let times = |simulated| {
            let query = LatencyQuery { since: Some(since), simulated: Some(simulated), ..LatencyQuery::default() };
            ledger.latency(&query).map(|rows| rows.into_iter().next())
        };
        Ok(Self {
            now,
            zone: console.zone.clone(),
            period,
            status: (console.status)(),
            store_problem: ledger.healthy().err(),
            calls_in_flight: console.metrics.calls_in_flight.get(),
            any_call: ledger.newest_call()?.is_some(),
            needs_key: ledger.has_keys(),
            today: ledger.totals(Some(today), None)?,
            month: ledger.totals(Some(month), None)?,
            standings: ledger.standings(),
            series: ledger.series(since, Timestamp(since.0 + period.buckets * period.bucket_ms), period.bucket_ms)?,
            times: [times(false)?, times(true)?],
            classes: groups(console, Dimension::Class, since)?,
            models: groups(console, Dimension::Model, since)?,
            calls: Vec::new(),
            filters: Vec::new(),
        })
    }

    /// The sums of the whole period, real and simulated calls together.
    pub(crate) fn all(&self) -> Sums {
        self.series.iter().flat_map(|row| [&row.real, &row.simulated]).fold(Sums::default(), add)
    }
}

/// `a` and `b` together.
pub(crate) fn add(a: Sums, b: &Sums) -> Sums {
    let mut sum = a;
    sum.calls += b.calls;
    sum.failed += b.failed;
    sum.refused += b.refused;
    sum.cancelled += b.cancelled;
    sum.interrupted += b.interrupted;
    sum.cost = sum.cost.saturating_add(b.cost);
    sum.unknown_calls += b.unknown_calls;
    sum.unknown_bound = sum.unknown_bound.saturating_add(b.unknown_bound);
    sum.charged = sum.charged.saturating_add(b.charged);
    sum.tokens.input += b.tokens.input;
    sum.tokens.cache_read += b.tokens.cache_read;
    sum.tokens.cache_write += b.tokens.cache_write;
    sum.tokens.output += b.tokens.output;
    sum.tokens.reasoning += b.tokens.reasoning;
    sum.tokens.unknown_calls += b.tokens.unknown_calls;
    sum.tokens.estimated_calls += b.tokens.estimated_calls;
    sum
}

/// Groups with their times. Real and simulated calls of one name are two groups: they are never added up.
fn groups(console: &Console, by: Dimension, since: Timestamp) -> Result<Vec<Group>, LedgerError> {
    let rows: Vec<CostRow> = console.ledger.cost(&CostQuery { by, since: Some(since), until: None, timezone: None })?;
    let mut groups = Vec::with_capacity(rows.len());
    for simulated in [false, true] {
        let of = |row: &CostRow| if simulated { row.simulated } else { row.real };
        if rows.iter().all(|row| of(row).calls == 0) {
            continue;
        }
        let query = LatencyQuery { by: Some(by), since: Some(since), until: None, simulated: Some(simulated) };
        let times: HashMap<String, LatencyRow> = console.ledger.latency(&query)?.into_iter().map(|times| (times.name.clone(), times)).collect();
        for row in rows.iter().filter(|row| of(row).calls > 0) {
            let found = times.get(&row.name);
            let (first_content, total) = found.map_or((None, None), |times| (times.first_content, times.total));
            groups.push(Group { name: row.name.clone(), simulated, sums: of(row), first_content, total });
        }
    }
    Ok(groups)
}
