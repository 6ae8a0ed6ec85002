//! Records as rows and back. Each figure is kept in one place: what lists and sums need as columns, the rest as JSON.

use super::schema::SETTLED;
use super::tally::{self, CALL_WIDTH, Digest, Tally};
use crate::query::{join, split};
use crate::{CallRecord, CallRow, CallStatus, ContextReceipt, Decision, EntryKind, EntryRow, LedgerError, StageTime, TryRecord};
use jeton_core::{Attribution, CallId, Certainty, ClassSource, Cost, Fault, Nanousd, Timestamp, Usage};
use rusqlite::{CachedStatement, Connection, Row, params};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// The columns of `calls` in the order of [`read_call_row`].
pub(super) const CALL_COLUMNS: &str = "id, started, endpoint, class, key, accounts, outcome, tags, model_asked, model, status, http_status, stream, simulated, \
     cost, cost_unknown, charged, charge_certainty, held, usage_certainty, input, cache_read, cache_write, cache_write_1h, output, reasoning, \
     tries, fault, first_content_us, total_us, own_us";

const INSERT_CALL: &str = "INSERT INTO calls VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, \
     ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)";
const INSERT_DETAILS: &str = "INSERT INTO details VALUES (?1, ?2)";
const INSERT_ENTRY: &str = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";

/// What is not a column. Borrowed when written, owned when read.
#[derive(Serialize, Deserialize)]
struct Details<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<Arc<str>>,
    class_source: ClassSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    route: Option<Cow<'a, str>>,
    usage: Cow<'a, Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_version: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    tries: Cow<'a, [TryRecord]>,
    #[serde(default, skip_serializing_if = "is_empty")]
    stages: Cow<'a, [StageTime]>,
    request_bytes: u64,
    response_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finish_reason: Option<Cow<'a, str>>,
    tool_calls: u64,
    #[serde(default, skip_serializing_if = "is_empty")]
    decisions: Cow<'a, [Decision]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<Cow<'a, ContextReceipt>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fault: Option<Cow<'a, Fault>>,
    config_digest: Cow<'a, str>,
    /// Digest of the columns. Records of the first version have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    columns_digest: Option<u64>,
}

#[allow(clippy::ptr_arg)] // serde calls it with the field's own type.
fn is_empty<T: Clone>(list: &Cow<'_, [T]>) -> bool {
    list.is_empty()
}

impl<'a> Details<'a> {
    fn of(record: &'a CallRecord, columns: Digest) -> Self {
        Self {
            task: record.attribution.task.clone(),
            class_source: record.attribution.class_source,
            route: record.route.as_deref().map(Cow::Borrowed),
            usage: Cow::Owned(Usage {
                input_audio: record.usage.input_audio,
                output_audio: record.usage.output_audio,
                web_searches: record.usage.web_searches,
                service_tier: record.usage.service_tier.clone(),
                reported_cost: record.usage.reported_cost,
                ..Usage::default()
            }),
            price_version: record.price_version.as_deref().map(Cow::Borrowed),
            tries: Cow::Borrowed(&record.tries),
            stages: Cow::Borrowed(&record.stages),
            request_bytes: record.request_bytes,
            response_bytes: record.response_bytes,
            finish_reason: record.finish_reason.as_deref().map(Cow::Borrowed),
            tool_calls: record.tool_calls,
            decisions: Cow::Borrowed(&record.decisions),
            context: record.context.as_deref().map(Cow::Borrowed),
            fault: record.fault.as_ref().map(Cow::Borrowed),
            config_digest: Cow::Borrowed(&record.config_digest),
            columns_digest: Some(columns.to_u64()),
        }
    }
}

/// An entry to be written.
pub(super) struct NewEntry<'a> {
    pub(super) call: CallId,
    pub(super) step: i64,
    pub(super) kind: EntryKind,
    pub(super) amount: Nanousd,
    pub(super) accounts: &'a [Arc<str>],
    pub(super) at: Timestamp,
    pub(super) made_at: Timestamp,
    pub(super) certainty: Certainty,
    pub(super) simulated: bool,
    /// Class and model, on a hold: what a call cut off by a crash is told apart by.
    pub(super) about: Option<(&'a str, &'a str)>,
}

/// The statements of a transaction, looked up once, and the tally of what they wrote.
pub(super) struct Inserts<'c> {
    connection: &'c Connection,
    written: Tally,
    entry: CachedStatement<'c>,
    call: CachedStatement<'c>,
    details: CachedStatement<'c>,
    json: Vec<u8>,
}

impl<'c> Inserts<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let prepare = |sql| connection.prepare_cached(sql);
        Ok(Self {
            connection,
            written: Tally::default(),
            entry: prepare(INSERT_ENTRY)?,
            call: prepare(INSERT_CALL)?,
            details: prepare(INSERT_DETAILS)?,
            json: Vec::new(),
        })
    }

    /// Ends the transaction's inserts: counts what was written.
    pub(super) fn finish(self) -> Result<(), rusqlite::Error> {
        self.written.save(self.connection)
    }

    /// Writes an entry; false where its place is taken.
    pub(super) fn entry(&mut self, entry: &NewEntry<'_>) -> Result<bool, rusqlite::Error> {
        let (class, model) = entry.about.unzip();
        let values = params![
            entry.call.to_i64(),
            entry.step,
            kind_code(entry.kind),
            entry.amount.0,
            join(entry.accounts),
            entry.at.0,
            entry.made_at.0,
            certainty_code(entry.certainty),
            entry.simulated,
            class,
            model
        ];
        let (inserted, digest) = tally::execute(&mut self.entry, values)?;
        if inserted == 1 {
            self.written.add_entry(digest);
        }
        Ok(inserted == 1)
    }

    /// Writes a charge or release with its record; false where the call was settled before.
    pub(super) fn settlement(&mut self, record: &CallRecord, at: Timestamp, made_at: Timestamp) -> Result<bool, rusqlite::Error> {
        let kind = if record.charged == Nanousd::ZERO { EntryKind::Release } else { EntryKind::Charge };
        let entry = NewEntry {
            call: record.id,
            step: SETTLED,
            kind,
            amount: record.charged,
            accounts: &record.attribution.accounts,
            at,
            made_at,
            certainty: record.charge_certainty,
            simulated: record.simulated,
            about: None,
        };
        if !self.entry(&entry)? {
            return Ok(false);
        }
        let mut digest = self.call(record)?;
        self.json.clear();
        serde_json::to_writer(&mut self.json, &Details::of(record, digest)).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let json = std::str::from_utf8(&self.json).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        self.details.execute(params![record.id.to_i64(), json])?;
        digest.bytes(&self.json);
        self.written.add_call(digest);
        Ok(true)
    }

    /// Writes the columns, and gives their digest.
    fn call(&mut self, record: &CallRecord) -> Result<Digest, rusqlite::Error> {
        let (attribution, usage) = (&record.attribution, &record.usage);
        let unknown = match &record.cost {
            Cost::Known(_) => None,
            Cost::Unknown(why) => Some(why.as_str()),
        };
        let tags = (!attribution.tags.is_empty()).then(|| join(&attribution.tags));
        let values = params![
            record.id.to_i64(),
            record.started.0,
            record.endpoint,
            attribution.class,
            attribution.key,
            join(&attribution.accounts),
            attribution.outcome,
            tags,
            record.model_asked,
            record.model,
            status_code(record.status),
            record.http_status,
            record.stream,
            record.simulated,
            record.cost.known().map(|cost| cost.0),
            unknown,
            record.charged.0,
            certainty_code(record.charge_certainty),
            record.held.0,
            certainty_code(record.usage_certainty),
            usage.input.map(int),
            usage.cache_read.map(int),
            usage.cache_write.map(int),
            usage.cache_write_1h.map(int),
            usage.output.map(int),
            usage.reasoning.map(int),
            record.tries.len(),
            record.fault.as_ref().map(Fault::code_or_kind),
            record.first_content_us.map(int),
            int(record.total_us),
            int(record.own_us),
        ];
        Ok(tally::execute(&mut self.call, values)?.1)
    }
}

/// A count as SQLite keeps it: its integers are signed.
pub(super) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn count(row: &Row<'_>, place: usize) -> Result<u64, rusqlite::Error> {
    Ok(row.get::<_, i64>(place)?.max(0).unsigned_abs())
}

pub(super) fn count_if_known(row: &Row<'_>, place: usize) -> Result<Option<u64>, rusqlite::Error> {
    Ok(row.get::<_, Option<i64>>(place)?.map(|count| count.max(0).unsigned_abs()))
}

pub(super) fn names(text: Option<&str>) -> Vec<String> {
    split(text.unwrap_or_default()).map(str::to_owned).collect()
}

fn kind_code(kind: EntryKind) -> i64 {
    match kind {
        EntryKind::Hold => 0,
        EntryKind::Charge => 1,
        EntryKind::Release => 2,
        EntryKind::Adjust => 3,
    }
}

pub(super) fn kind_of(code: i64) -> EntryKind {
    match code {
        0 => EntryKind::Hold,
        1 => EntryKind::Charge,
        2 => EntryKind::Release,
        _ => EntryKind::Adjust,
    }
}

fn certainty_code(certainty: Certainty) -> i64 {
    match certainty {
        Certainty::Reported => 0,
        Certainty::Estimated => 1,
        Certainty::Unknown => 2,
    }
}

pub(super) fn certainty_of(code: i64) -> Certainty {
    match code {
        0 => Certainty::Reported,
        1 => Certainty::Estimated,
        _ => Certainty::Unknown,
    }
}

pub(super) fn status_code(status: CallStatus) -> i64 {
    CallStatus::ALL.iter().position(|other| *other == status).map_or(0, |place| int(place as u64))
}

pub(super) fn status_of(code: i64) -> CallStatus {
    usize::try_from(code).ok().and_then(|place| CallStatus::ALL.get(place).copied()).unwrap_or(CallStatus::Interrupted)
}

/// Reads a row of [`CALL_COLUMNS`].
pub(super) fn read_call_row(row: &Row<'_>) -> Result<CallRow, rusqlite::Error> {
    let cost = match row.get::<_, Option<i64>>(14)? {
        Some(amount) => Cost::Known(Nanousd(amount)),
        None => Cost::Unknown(row.get::<_, Option<String>>(15)?.unwrap_or_default()),
    };
    Ok(CallRow {
        id: CallId::from_i64(row.get(0)?),
        started: Timestamp(row.get(1)?),
        endpoint: row.get(2)?,
        class: row.get(3)?,
        key: row.get(4)?,
        accounts: names(row.get_ref(5)?.as_str_or_null()?),
        outcome: row.get(6)?,
        tags: names(row.get_ref(7)?.as_str_or_null()?),
        model_asked: row.get(8)?,
        model: row.get(9)?,
        status: status_of(row.get(10)?),
        http_status: row.get(11)?,
        stream: row.get(12)?,
        simulated: row.get(13)?,
        cost,
        charged: Nanousd(row.get(16)?),
        usage_certainty: certainty_of(row.get(19)?),
        usage: Usage {
            input: count_if_known(row, 20)?,
            cache_read: count_if_known(row, 21)?,
            cache_write: count_if_known(row, 22)?,
            cache_write_1h: count_if_known(row, 23)?,
            output: count_if_known(row, 24)?,
            reasoning: count_if_known(row, 25)?,
            ..Usage::default()
        },
        tries: count(row, 26)?,
        fault: row.get(27)?,
        first_content_us: count_if_known(row, 28)?,
        total_us: count(row, 29)?,
        own_us: count(row, 30)?,
    })
}

/// Reads a row of [`CALL_COLUMNS`] and its JSON, which comes as the last column, as the record that was written.
pub(super) fn read_record(row: &Row<'_>) -> Result<CallRecord, LedgerError> {
    Ok(read_sealed(row)?.0)
}

/// As [`read_record`], with the digest of the columns that was written along.
pub(super) fn read_sealed(row: &Row<'_>) -> Result<(CallRecord, Option<u64>), LedgerError> {
    let call = read_call_row(row)?;
    let json: String = row.get(CALL_WIDTH)?;
    let details: Details<'_> =
        serde_json::from_str(&json).map_err(|error| LedgerError::Store(format!("the details of {} cannot be read: {error}", call.id)))?;
    let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
    let rest = details.usage.into_owned();
    let usage = Usage {
        input_audio: rest.input_audio,
        output_audio: rest.output_audio,
        web_searches: rest.web_searches,
        service_tier: rest.service_tier,
        reported_cost: rest.reported_cost,
        ..call.usage
    };
    let record = CallRecord {
        id: call.id,
        started: call.started,
        attribution: Attribution {
            accounts: call.accounts.iter().map(|name| name.as_str().into()).collect(),
            key: call.key.map(Into::into),
            class: call.class.into(),
            class_source: details.class_source,
            outcome: call.outcome.map(Into::into),
            task: details.task,
            tags: call.tags.iter().map(|tag| tag.as_str().into()).collect(),
        },
        endpoint: call.endpoint,
        model_asked: call.model_asked,
        model: call.model,
        route: owned(details.route),
        status: call.status,
        http_status: call.http_status,
        stream: call.stream,
        usage,
        usage_certainty: call.usage_certainty,
        cost: call.cost,
        charged: call.charged,
        charge_certainty: certainty_of(row.get(17)?),
        price_version: owned(details.price_version),
        simulated: call.simulated,
        held: Nanousd(row.get(18)?),
        tries: details.tries.into_owned(),
        stages: details.stages.into_owned(),
        first_content_us: call.first_content_us,
        total_us: call.total_us,
        own_us: call.own_us,
        request_bytes: details.request_bytes,
        response_bytes: details.response_bytes,
        finish_reason: owned(details.finish_reason),
        tool_calls: details.tool_calls,
        decisions: details.decisions.into_owned(),
        context: details.context.map(|context| Box::new(context.into_owned())),
        fault: details.fault.map(Cow::into_owned),
        config_digest: details.config_digest.into_owned(),
    };
    Ok((record, details.columns_digest))
}

/// The columns of `entries` in the order of [`read_entry`].
pub(super) const ENTRY_COLUMNS: &str = "call, step, kind, amount, accounts, at, made_at, certainty, simulated, class, model";

/// Reads a row of [`ENTRY_COLUMNS`].
pub(super) fn read_entry(row: &Row<'_>) -> Result<EntryRow, rusqlite::Error> {
    Ok(EntryRow {
        call: CallId::from_i64(row.get(0)?),
        kind: kind_of(row.get(2)?),
        amount: Nanousd(row.get(3)?),
        accounts: names(row.get_ref(4)?.as_str_or_null()?),
        at: Timestamp(row.get(5)?),
        made_at: Timestamp(row.get(6)?),
        certainty: certainty_of(row.get(7)?),
        simulated: row.get(8)?,
    })
}
