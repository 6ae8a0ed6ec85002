//! Sums and percentiles over calls. One narrow scan serves them all; groups are formed here and not in SQL, because a
//! call can lie in several (accounts, tags), days follow a time zone, and sums must not overflow.

use super::rows::{certainty_of, count, count_if_known, names, status_of};
use crate::window::{day_name, zone};
use crate::{CallStatus, CostQuery, CostRow, Dimension, LatencyQuery, LatencyRow, LedgerError, Percentiles, SeriesRow, Sums};
use jeton_core::{CallId, Certainty, Nanousd, Timestamp};
use jiff::tz::TimeZone;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, HashMap};

/// The most spans of a series.
const BUCKETS_MAX: i64 = 10_000;

const SELECT: &str = "SELECT id, status, simulated, cost, charged, usage_certainty, input, cache_read, cache_write, cache_write_1h, output, reasoning, tries, \
     first_content_us, total_us, class, model, model_asked, key, outcome, tags, accounts FROM calls WHERE id >= ?1 AND id < ?2";

/// Runs `each` over all calls begun from `since` to before `until`.
fn scan(
    connection: &Connection,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    mut each: impl FnMut(&Row<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let first = since.map_or(0, |since| CallId::first_at(since).to_i64());
    let end = until.map_or(i64::MAX, |until| CallId::first_at(until).to_i64());
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![first, end])?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}

fn add(sums: &mut Sums, row: &Row<'_>) -> Result<(), rusqlite::Error> {
    let charged = Nanousd(row.get(4)?);
    sums.calls += 1;
    match status_of(row.get(1)?) {
        CallStatus::Ok => {}
        CallStatus::Refused => sums.refused += 1,
        CallStatus::Failed => sums.failed += 1,
        CallStatus::Cancelled => sums.cancelled += 1,
        CallStatus::Interrupted => sums.interrupted += 1,
    }
    match row.get::<_, Option<i64>>(3)? {
        Some(cost) => sums.cost = sums.cost.saturating_add(Nanousd(cost)),
        None => {
            sums.unknown_calls += 1;
            sums.unknown_bound = sums.unknown_bound.saturating_add(charged);
        }
    }
    sums.charged = sums.charged.saturating_add(charged);
    add_tokens(sums, row)
}

fn add_tokens(sums: &mut Sums, row: &Row<'_>) -> Result<(), rusqlite::Error> {
    let tokens = &mut sums.tokens;
    let (input, output) = (count_if_known(row, 6)?, count_if_known(row, 10)?);
    let certainty = certainty_of(row.get(5)?);
    let interrupted = status_of(row.get(1)?) == CallStatus::Interrupted;
    let add = |sum: &mut u64, more: Option<u64>| *sum = sum.saturating_add(more.unwrap_or(0));
    add(&mut tokens.input, input);
    add(&mut tokens.cache_read, count_if_known(row, 7)?);
    add(&mut tokens.cache_write, count_if_known(row, 8)?);
    add(&mut tokens.cache_write, count_if_known(row, 9)?);
    add(&mut tokens.output, output);
    add(&mut tokens.reasoning, count_if_known(row, 11)?);
    let used = count(row, 12)? > 0 || interrupted;
    tokens.unknown_calls += u64::from(used && (input.is_none() || output.is_none()));
    tokens.estimated_calls += u64::from(certainty == Certainty::Estimated && (input.is_some() || output.is_some()));
    Ok(())
}

fn is_simulated(row: &Row<'_>) -> Result<bool, rusqlite::Error> {
    row.get(2)
}

/// The groups that a call lies in.
struct Grouping {
    by: Dimension,
    zone: TimeZone,
    /// Days already named, by quarter of an hour: no zone's day begins within one.
    days: HashMap<i64, String>,
}

impl Grouping {
    fn new(by: Dimension, timezone: Option<&str>) -> Result<Self, LedgerError> {
        Ok(Self { by, zone: timezone.map_or(Ok(TimeZone::UTC), zone)?, days: HashMap::new() })
    }

    /// Runs `each` with the name of every group of the row.
    fn names(&mut self, row: &Row<'_>, mut each: impl FnMut(&str) -> Result<(), LedgerError>) -> Result<(), LedgerError> {
        let text = |place: usize| row.get_ref(place).map(|value| if let ValueRef::Text(text) = value { std::str::from_utf8(text).ok() } else { None });
        let model = || Ok::<_, rusqlite::Error>(text(16)?.or(text(17)?).filter(|name| !name.is_empty()).unwrap_or("-"));
        match self.by {
            Dimension::Model => each(model()?),
            Dimension::Provider => each(model()?.split_once('/').map_or("-", |(provider, _)| provider)),
            Dimension::Class => each(text(15)?.unwrap_or("-")),
            Dimension::Outcome => each(text(19)?.unwrap_or("-")),
            Dimension::Key => each(text(18)?.unwrap_or("-")),
            Dimension::Status => each(status_of(row.get(1)?).name()),
            Dimension::Account | Dimension::Tag => {
                let mut groups = names(text(if self.by == Dimension::Tag { 20 } else { 21 })?);
                groups.sort_unstable();
                groups.dedup();
                if groups.is_empty() {
                    return each("-");
                }
                groups.iter().try_for_each(|group| each(group))
            }
            Dimension::Day => {
                let started = CallId::from_i64(row.get(0)?).started();
                let zone = &self.zone;
                each(self.days.entry(started.0.div_euclid(900_000)).or_insert_with(|| day_name(zone, started)))
            }
        }
    }
}

pub(super) fn cost(connection: &Connection, query: &CostQuery) -> Result<Vec<CostRow>, LedgerError> {
    let mut grouping = Grouping::new(query.by, query.timezone.as_deref())?;
    let mut groups: BTreeMap<String, CostRow> = BTreeMap::new();
    scan(connection, query.since, query.until, |row| {
        let simulated = is_simulated(row)?;
        grouping.names(row, |name| {
            if !groups.contains_key(name) {
                groups.insert(name.to_owned(), CostRow { name: name.to_owned(), ..CostRow::default() });
            }
            if let Some(group) = groups.get_mut(name) {
                add(if simulated { &mut group.simulated } else { &mut group.real }, row)?;
            }
            Ok(())
        })
    })?;
    let mut rows: Vec<CostRow> = groups.into_values().collect();
    if query.by != Dimension::Day {
        // Stable, so that groups that cost the same stay in the order of their names.
        rows.sort_by_key(|row| std::cmp::Reverse((row.real.charged, row.simulated.charged, row.real.calls + row.simulated.calls)));
    }
    Ok(rows)
}

pub(super) fn totals(connection: &Connection, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<(Sums, Sums), LedgerError> {
    let (mut real, mut simulated) = (Sums::default(), Sums::default());
    scan(connection, since, until, |row| {
        let is_simulated = is_simulated(row)?;
        Ok(add(if is_simulated { &mut simulated } else { &mut real }, row)?)
    })?;
    Ok((real, simulated))
}

pub(super) fn series(connection: &Connection, since: Timestamp, until: Timestamp, bucket_ms: i64) -> Result<Vec<SeriesRow>, LedgerError> {
    let length = until.0.saturating_sub(since.0);
    if bucket_ms <= 0 || length / bucket_ms.max(1) >= BUCKETS_MAX {
        return Err(LedgerError::Invalid(format!("a series has at most {BUCKETS_MAX} spans, each longer than nothing")));
    }
    let starts = (0..).map(|place| since.0 + place * bucket_ms).take_while(|start| *start < until.0);
    let mut rows: Vec<SeriesRow> = starts.map(|start| SeriesRow { start: Timestamp(start), real: Sums::default(), simulated: Sums::default() }).collect();
    scan(connection, Some(since), Some(until), |row| {
        let started = CallId::from_i64(row.get(0)?).started();
        let place = usize::try_from((started.0 - since.0) / bucket_ms).unwrap_or(usize::MAX);
        if let Some(span) = rows.get_mut(place) {
            let is_simulated = is_simulated(row)?;
            add(if is_simulated { &mut span.simulated } else { &mut span.real }, row)?;
        }
        Ok(())
    })?;
    Ok(rows)
}

pub(super) fn latency(connection: &Connection, query: &LatencyQuery) -> Result<Vec<LatencyRow>, LedgerError> {
    let mut grouping = query.by.map(|by| Grouping::new(by, None)).transpose()?;
    let mut groups: BTreeMap<String, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
    scan(connection, query.since, query.until, |row| {
        let is_counted = status_of(row.get(1)?) == CallStatus::Ok && query.simulated.is_none_or(|wanted| is_simulated(row).is_ok_and(|is| is == wanted));
        if !is_counted {
            return Ok(());
        }
        let (first, total) = (count_if_known(row, 13)?, count(row, 14)?);
        let note = |name: &str| {
            if !groups.contains_key(name) {
                groups.insert(name.to_owned(), (Vec::new(), Vec::new()));
            }
            if let Some((firsts, totals)) = groups.get_mut(name) {
                firsts.extend(first);
                totals.push(total);
            }
            Ok(())
        };
        match &mut grouping {
            Some(grouping) => grouping.names(row, note),
            None => [("all")].into_iter().try_for_each(note),
        }
    })?;
    let mut rows: Vec<LatencyRow> = groups
        .into_iter()
        .map(|(name, (mut firsts, mut totals))| LatencyRow { name, first_content: Percentiles::of(&mut firsts), total: Percentiles::of(&mut totals) })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.total.map_or(0, |times| times.n)));
    Ok(rows)
}
