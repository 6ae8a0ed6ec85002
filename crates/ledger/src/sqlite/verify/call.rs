//! What must hold of one call: its columns, its details, its tries and its entries say the same.

use super::super::rows::int;
use super::super::schema::SETTLED;
use super::groups::{Entry, Group};
use crate::{CallRecord, CallStatus, EntryKind, TryRecord, VerifyReport};
use jeton_core::{CallId, Certainty, Cost, Fault, Nanousd, Timestamp, Usage};
use rusqlite::Row;

/// A record's time may differ from its id's where the clock stepped back while ids went on, and an admission comes a
/// little after the start. More than this is a fault.
const SLACK_MS: i64 = 3_600_000;

/// Notes the faults of one call.
pub(super) struct Faults<'r> {
    pub(super) id: CallId,
    pub(super) report: &'r mut VerifyReport,
}

impl Faults<'_> {
    pub(super) fn unless(&mut self, is_right: bool, what: &str) {
        if !is_right {
            self.report.problem(format!("{}: {what}", self.id));
        }
    }
}

/// What `calls` and `details` both tell of. `digest` is the one that was written along with the record.
pub(super) fn columns(row: &Row<'_>, record: &CallRecord, digest: (u64, Option<u64>), faults: &mut Faults<'_>) -> Result<(), rusqlite::Error> {
    let (found, written) = digest;
    faults.unless(written.is_none_or(|written| written == found), "its columns are not those that were written");
    let (cost, why_unknown): (Option<i64>, Option<String>) = (row.get(14)?, row.get(15)?);
    faults.unless(cost.is_some() != why_unknown.is_some(), "its cost must be either known or said to be unknown");
    let (tries, fault): (i64, Option<String>) = (row.get(26)?, row.get(27)?);
    faults.unless(tries == int(record.tries.len() as u64), "its count of tries is not that of its details");
    faults.unless(fault.as_deref() == record.fault.as_ref().map(Fault::code_or_kind), "its fault is not that of its details");
    Ok(())
}

/// What the record and its entries both tell of.
pub(super) fn entries(record: &CallRecord, group: &Group, faults: &mut Faults<'_>) {
    let mut settlements = group.entries.iter().filter(|entry| entry.step == SETTLED);
    let (settled, further) = (settlements.next(), settlements.next());
    faults.unless(settled.is_some() && further.is_none(), "it has no charge and no release");
    faults.unless(group.held() == i128::from(record.held.0), "its entries and its record hold different amounts");
    for hold in group.of_kind(EntryKind::Hold) {
        check_hold(record, hold, faults);
    }
    if let Some(settled) = settled {
        check_settlement(record, settled, faults);
        for hold in group.of_kind(EntryKind::Hold) {
            faults.unless(hold.made_at <= settled.made_at, "its hold comes after its settlement");
            faults.unless(hold.at == settled.at, "its hold and its settlement lie in different windows");
            faults.unless(hold.accounts == settled.accounts, "its hold and its settlement count for different accounts");
        }
        for adjusted in group.of_kind(EntryKind::Adjust) {
            faults.unless(adjusted.at == settled.at, "its adjustment and its settlement lie in different windows");
            faults.unless(adjusted.made_at >= settled.made_at, "its adjustment comes before its settlement");
        }
    }
    let is_held = group.of_kind(EntryKind::Hold).next().is_some();
    faults.report.debts += u64::from(is_held && i128::from(record.charged.0) > group.held());
}

fn check_hold(record: &CallRecord, hold: &Entry, faults: &mut Faults<'_>) {
    faults.unless(hold.class.as_deref() == Some(&*record.attribution.class), "its hold and its record name different classes");
    faults.unless(hold.certainty == Certainty::Estimated, "its hold must be an estimate");
    faults.unless(is_near_start(record, hold.at, 0), "it was admitted at another time than it began");
    let model = hold.model.as_deref();
    let is_asked = model == Some(&record.model_asked);
    if is_cut_off(record) {
        faults.unless(is_asked, "its hold and its record name different models");
    } else if record.route.is_none() {
        // A route may end at another model than it began with, of which the hold knows nothing.
        let is_same = is_asked || record.model.is_none() || model == record.model.as_deref();
        faults.unless(is_same, "its hold and its record name different models");
    }
    if is_cut_off(record) || record.route.is_none() {
        faults.unless(hold.simulated == record.simulated, "its hold and its record differ in whether it was simulated");
    }
}

fn check_settlement(record: &CallRecord, settled: &Entry, faults: &mut Faults<'_>) {
    faults.unless(settled.amount == record.charged, "its entry and its record charge different amounts");
    faults.unless((settled.kind == EntryKind::Release) == (record.charged == Nanousd::ZERO), "it is released and charged at once");
    faults.unless(settled.simulated == record.simulated, "its entry and its record differ in whether it was simulated");
    faults.unless(settled.certainty == record.charge_certainty, "its entry and its record differ in how certain the charge is");
    faults.unless(settled.class.is_none() && settled.model.is_none(), "its settlement names a class or a model, which only holds do");
    let paid_by_the_same = settled.accounts.iter().map(String::as_str).eq(record.attribution.accounts.iter().map(|name| &**name));
    faults.unless(paid_by_the_same, "its entry and its record name different accounts");
    // Where nothing was held, the settlement itself decides the window: at the end of the call.
    let lasted_ms = i64::try_from(record.total_us / 1_000).unwrap_or(i64::MAX);
    faults.unless(is_near_start(record, settled.at, lasted_ms), "its settlement counts at another time than it began");
}

/// Whether `at` is at most the slack before the start and at most the slack after the end.
fn is_near_start(record: &CallRecord, at: Timestamp, lasted_ms: i64) -> bool {
    [record.started, record.id.started()]
        .into_iter()
        .any(|start| (start.0.saturating_sub(SLACK_MS)..=start.0.saturating_add(SLACK_MS).saturating_add(lasted_ms)).contains(&at.0))
}

/// Whether the call was cut off: it has lost its tries with the process that made them.
fn is_cut_off(record: &CallRecord) -> bool {
    record.status == CallStatus::Interrupted && record.tries.is_empty()
}

/// What the record says of itself, once as a whole and once by its tries.
pub(super) fn whole_and_parts(record: &CallRecord, faults: &mut Faults<'_>) {
    let id = record.id;
    let is_of_the_day = record.started.day() == id.started().day() || record.started.0.abs_diff(id.started().0) <= SLACK_MS.unsigned_abs();
    faults.unless(is_of_the_day, "its id is of another day than its record");
    faults.unless(record.cost.known().is_none_or(|cost| cost == record.charged), "its known cost is not what it was charged");
    let is_free_and_unknown = record.charge_certainty == Certainty::Unknown && record.charged == Nanousd::ZERO;
    faults.unless(!is_free_and_unknown || record.held == Nanousd::ZERO || record.tries.is_empty(), "unknown cost charged at nothing");
    if is_cut_off(record) {
        return;
    }
    let charged: i128 = record.tries.iter().map(|attempt| i128::from(attempt.charged.0)).sum();
    faults.unless(charged == i128::from(record.charged.0), "the charges of its tries do not sum to its own");
    match (&record.cost, cost_of(&record.tries)) {
        (Cost::Known(cost), Some(sum)) => faults.unless(i128::from(cost.0) == sum, "the costs of its tries do not sum to its own"),
        (Cost::Known(_), None) => faults.unless(false, "its cost is said to be known, and that of a try is not"),
        (Cost::Unknown(_), Some(_)) => faults.unless(false, "its cost is said to be unknown, and those of all its tries are known"),
        (Cost::Unknown(_), None) => {}
    }
    check_usage(record, faults);
}

/// What all tries cost together, exactly; none as soon as one is unknown.
fn cost_of(tries: &[TryRecord]) -> Option<i128> {
    tries.iter().map(|attempt| attempt.cost.known().map(|cost| i128::from(cost.0))).sum()
}

/// A column of tokens, and the figure that it holds.
type Kind = (&'static str, fn(&Usage) -> Option<u64>);

fn check_usage(record: &CallRecord, faults: &mut Faults<'_>) {
    let kinds: [Kind; 6] = [
        ("input", |usage| usage.input),
        ("cache_read", |usage| usage.cache_read),
        ("cache_write", |usage| usage.cache_write),
        ("cache_write_1h", |usage| usage.cache_write_1h),
        ("output", |usage| usage.output),
        ("reasoning", |usage| usage.reasoning),
    ];
    for (name, of) in kinds {
        // A figure that no try gave is unknown, and not zero.
        let sum = record.tries.iter().filter_map(|attempt| of(&attempt.usage)).reduce(u64::saturating_add);
        faults.unless(sum.map(int) == of(&record.usage).map(int), &format!("the {name} tokens of its tries do not sum to its own"));
    }
}
