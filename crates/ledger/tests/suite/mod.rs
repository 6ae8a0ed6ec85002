//! What every engine must do, written against the trait. `tests!` makes one test of each case for an engine.

use jeton_core::{Attribution, CallId, CallIds, Certainty, Cost, Fault, FaultKind, ManualClock, Nanousd, Timestamp, Usage};
use jeton_ledger::{
    AccountConfig, AccountStanding, Ask, Budget, CallFilter, CallRecord, CallStatus, ContextAsker, ContextReceipt, ContextSpan, CostQuery, Decision, Dimension,
    EntryKind, ExportFormat, ExportTable, Feedback, HoldOut, KeyRefusal, LatencyQuery, Ledger, LedgerError, NewKey, Note, NoteFilter, RefusalReason, RunRecord,
    RunRow, StageTime, TryRecord, Window, chain,
};
use std::sync::Arc;

/// 2026-11-23T10:00:00Z, a Monday.
pub(crate) const MONDAY: Timestamp = Timestamp(1_795_428_000_000);
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// A store that can be opened again and again, with a clock of its own.
pub(crate) trait Engine: Sync {
    /// Opens the store, empty at first.
    fn open(&self) -> Arc<dyn Ledger>;
    /// The clock that its ledgers read.
    fn clock(&self) -> &Arc<ManualClock>;
    /// A place for files that goes with the engine.
    fn file(&self, name: &str) -> std::path::PathBuf;
}

macro_rules! tests {
    ($engine:ident, $make:expr) => {
        mod $engine {
            $crate::suite::tests!(@each $make, a_settled_call_reads_back, budgets_hold_under_concurrency, raises_and_leases, a_call_is_settled_once, an_interrupted_call_is_charged,
                standings_survive_a_restart, a_new_configuration_takes_effect, windows_renew, calls_are_filtered_and_paged, costs_are_grouped, series_and_latency, verdicts_are_kept,
                keys_live_and_die, everything_is_exported, rows_of_a_run_are_written_once_and_come_back_in_order, a_backup_is_whole, verify_finds_nothing);
        }
    };
    (@each $make:expr, $($case:ident),*) => {
        $(#[test] fn $case() { $crate::suite::$case(&$make); })*
    };
}
pub(crate) use tests;

pub(crate) fn usd(text: &str) -> Nanousd {
    Nanousd::parse_usd(text).unwrap()
}

pub(crate) fn account(name: &str, parent: Option<&str>, budget: Option<(&str, Window)>) -> AccountConfig {
    let budget = budget.map(|(amount, window)| Budget { amount: usd(amount), window, timezone: "Europe/Berlin".into() });
    AccountConfig { name: name.into(), parent: parent.map(Into::into), budget }
}

pub(crate) fn accounts() -> Vec<AccountConfig> {
    vec![account("acme", None, Some(("100", Window::Month))), account("support", Some("acme"), Some(("1", Window::Day))), account("default", None, None)]
}

/// Makes ids and records as the broker does.
pub(crate) struct Caller<'e> {
    ids: CallIds,
    engine: &'e dyn Engine,
}

impl<'e> Caller<'e> {
    pub(crate) fn new(engine: &'e dyn Engine, ledger: &dyn Ledger) -> Self {
        Self { ids: CallIds::new(0, ledger.newest_call().unwrap()), engine }
    }

    pub(crate) fn ask(&self, leaf: &str, floor: &str, want: &str) -> Ask {
        let call = self.ids.next(&**self.engine.clock());
        Ask {
            call,
            accounts: chain(leaf, &accounts()),
            class: "support.refund".into(),
            model: "acme/fast".into(),
            floor: usd(floor),
            want: usd(want),
            lease_ms: 60_000,
            simulated: false,
        }
    }

    /// Admits and settles a call, and changes its record before.
    pub(crate) fn call(&self, ledger: &dyn Ledger, leaf: &str, cost: &str, change: impl FnOnce(&mut CallRecord)) -> CallId {
        let ask = self.ask(leaf, "0", cost);
        ledger.admit(&ask).unwrap();
        let mut record = record(&ask, cost);
        change(&mut record);
        ledger.settle(record).wait().unwrap();
        ask.call
    }
}

/// The record of a call that went well and cost `cost`.
pub(crate) fn record(ask: &Ask, cost: &str) -> CallRecord {
    let mut attribution = Attribution::new(Arc::clone(&ask.accounts));
    attribution.class = Arc::clone(&ask.class);
    let mut record = CallRecord::begun(ask.call, ask.call.started(), attribution);
    let usage = Usage { input: Some(100), cache_read: Some(0), output: Some(20), reasoning: Some(5), ..Usage::default() };
    (record.endpoint, record.model_asked, record.model) = ("chat".into(), ask.model.to_string(), Some(ask.model.to_string()));
    (record.status, record.http_status, record.stream) = (CallStatus::Ok, 200, true);
    (record.usage, record.usage_certainty, record.charge_certainty) = (usage.clone(), Certainty::Reported, Certainty::Reported);
    (record.first_content_us, record.total_us, record.own_us) = (Some(1_000), 5_000, 40);
    record.simulated = ask.simulated;
    charge(&mut record, Cost::Known(usd(cost)), usd(cost));
    record
}

/// Sets what a record cost, with one try that cost it.
pub(crate) fn charge(record: &mut CallRecord, cost: Cost, charged: Nanousd) {
    let usage = record.usage.clone();
    record.tries = vec![TryRecord {
        provider: "acme".into(),
        model: "fast".into(),
        started_us: 30,
        first_content_us: Some(990),
        ended_us: 4_990,
        status: Some(200),
        outcome: "ok".into(),
        fault: None,
        usage,
        cost: cost.clone(),
        charged,
        bytes_in: 400,
        bytes_out: 2_000,
    }];
    (record.cost, record.charged) = (cost, charged);
}

pub(crate) fn standing(ledger: &dyn Ledger, name: &str) -> AccountStanding {
    ledger.standings().into_iter().find(|standing| standing.name == name).unwrap()
}

fn verify(ledger: &dyn Ledger) {
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:#?}", report.problems);
}

fn begin(engine: &dyn Engine) -> Arc<dyn Ledger> {
    engine.clock().set(MONDAY);
    let ledger = engine.open();
    ledger.configure(accounts()).unwrap();
    ledger
}

/// What was attached to a call.
fn context() -> ContextReceipt {
    let span = ContextSpan {
        unit: "doc:docs/refunds.md#windows".into(),
        kind: "doc".into(),
        digest: "d1".into(),
        path: "docs/refunds.md".into(),
        first_line: 3,
        last_line: 9,
        tokens: 70,
        view: "full".into(),
        why: "“refund” in its title".into(),
        tier: "retrieved".into(),
        is_eligible: true,
    };
    ContextReceipt {
        pack: "refunds".into(),
        asked_by: ContextAsker::Class,
        digest: "m1".into(),
        snapshot: "s1".into(),
        query_digest: "q1".into(),
        vocabulary: "o200k_base".into(),
        tokens: 70,
        budget_tokens: 4_000,
        bytes: 300,
        breakpoints: 1,
        breakpoints_dropped: 0,
        spans: vec![span],
        hold_out: Some(HoldOut { share_ppm: 20_000, eligible: 2, propensity_ppb: 10_000_000, held_out: Some("doc:docs/old.md".into()) }),
    }
}

pub(crate) fn a_settled_call_reads_back(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let ask = caller.ask("support", "0.01", "0.05");
    assert_eq!(ledger.admit(&ask).unwrap().amount, usd("0.05"));
    let mut record = record(&ask, "0.02");
    record.attribution.key = Some("ci".into());
    record.attribution.outcome = Some("o1".into());
    record.attribution.task = Some("t1".into());
    record.attribution.tags = vec!["team=billing".into(), "nightly".into()];
    record.usage.service_tier = Some("flex".into());
    record.usage.web_searches = Some(2);
    record.stages = vec![StageTime { stage: "identify".into(), at_us: 3 }];
    record.decisions = vec![Decision { stage: "choose".into(), what: "acme/fast is first of its route — “cheap”".into() }];
    record.context = Some(Box::new(context()));
    record.fault = Some(Fault::new(FaultKind::UpstreamFailed, "it broke").param("model").retry_after_ms(7));
    (record.route, record.price_version, record.finish_reason) = (Some("cheap".into()), Some("v1".into()), Some("stop".into()));
    (record.tool_calls, record.request_bytes, record.response_bytes, record.config_digest) = (1, 10, 20, "abc".into());
    ledger.settle(record.clone()).wait().unwrap();
    record.held = usd("0.05");
    let detail = ledger.call(ask.call).unwrap().unwrap();
    assert_eq!(detail.record, record);
    let entries: Vec<_> = detail.entries.iter().map(|entry| (entry.kind, entry.amount, entry.at)).collect();
    assert_eq!(entries, [(EntryKind::Hold, usd("0.05"), MONDAY), (EntryKind::Charge, usd("0.02"), MONDAY)]);
    assert_eq!(detail.entries[1].accounts, ["support", "acme"]);
    assert_eq!(ledger.newest_call().unwrap(), Some(ask.call));
    assert_eq!(ledger.call(CallId::from_i64(5)).unwrap(), None);
    verify(&*ledger);
}

/// 1,000 concurrent calls, of which each may cost two cents, against one dollar.
pub(crate) fn budgets_hold_under_concurrency(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let (threads, each) = (20, 50);
    let admitted: Vec<Ask> = std::thread::scope(|scope| {
        let work = || (0..each).map(|_| caller.ask("support", "0.013", "0.02")).filter(|ask| ledger.admit(ask).is_ok()).collect::<Vec<_>>();
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(admitted.len(), 50);
    let held = standing(&*ledger, "support");
    assert_eq!((held.held, held.available), (usd("1"), Some(Nanousd::ZERO)));
    let settled: Vec<_> = admitted.iter().map(|ask| ledger.settle(record(ask, "0.02"))).collect();
    settled.into_iter().for_each(|settled| settled.wait().unwrap());
    let spent = standing(&*ledger, "support");
    assert_eq!((spent.spent, spent.held), (usd("1"), Nanousd::ZERO));
    let refusal = ledger.admit(&caller.ask("support", "0.000000001", "1")).unwrap_err();
    assert_eq!((refusal.reason, refusal.account.as_str(), refusal.spent, refusal.budget), (RefusalReason::Exhausted, "support", usd("1"), usd("1")));
    assert_eq!(refusal.renews_at.unwrap().rfc3339(), "2026-11-23T23:00:00.000Z");
    verify(&*ledger);
}

pub(crate) fn raises_and_leases(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let (raised, leaked) = (caller.ask("support", "0.1", "0.1"), caller.ask("support", "0.2", "0.2"));
    ledger.admit(&raised).unwrap();
    ledger.admit(&leaked).unwrap();
    assert_eq!(ledger.raise(raised.call, usd("0.2"), usd("0.3")).unwrap().amount, usd("0.3"));
    assert_eq!(ledger.raise(raised.call, usd("0.4"), usd("5")).unwrap().limited_by.as_deref(), Some("support"));
    ledger.renew(raised.call, 10 * HOUR_MS);
    verify(&*ledger);
    engine.clock().advance(60_000);
    assert!(!ledger.tick().unwrap());
    ledger.flush().wait().unwrap();
    let cut = ledger.call(leaked.call).unwrap().unwrap().record;
    assert_eq!((cut.status, cut.charged, cut.charge_certainty), (CallStatus::Interrupted, usd("0.2"), Certainty::Unknown));
    assert_eq!(standing(&*ledger, "support").spent, usd("0.2"));
    ledger.settle(record(&raised, "0.25")).wait().unwrap();
    let holds: Vec<_> = ledger.call(raised.call).unwrap().unwrap().entries.iter().map(|entry| entry.amount).collect();
    assert_eq!(holds, [usd("0.1"), usd("0.2"), usd("0.5"), usd("0.25")]);
    ledger.settle(record(&leaked, "0.05")).wait().unwrap();
    let late = ledger.call(leaked.call).unwrap().unwrap().entries;
    assert_eq!(late.last().map(|entry| (entry.kind, entry.amount)), Some((EntryKind::Adjust, usd("-0.15"))));
    assert_eq!((standing(&*ledger, "support").spent, standing(&*ledger, "support").held), (usd("0.3"), Nanousd::ZERO));
    verify(&*ledger);
}

pub(crate) fn a_call_is_settled_once(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let ask = caller.ask("support", "0.1", "0.1");
    ledger.admit(&ask).unwrap();
    assert_eq!(ledger.admit(&ask).unwrap_err().reason, RefusalReason::Twice);
    ledger.settle(record(&ask, "0.1")).wait().unwrap();
    assert_eq!(ledger.settle(record(&ask, "0.1")).wait(), Err(LedgerError::AlreadySettled(ask.call)));
    assert_eq!(ledger.raise(ask.call, usd("1"), usd("1")).unwrap_err().reason, RefusalReason::NotHeld);
    let refused = caller.ask("support", "0", "0");
    let mut record = record(&refused, "0");
    (record.status, record.tries, record.usage) = (CallStatus::Refused, Vec::new(), Usage::default());
    ledger.settle(record).wait().unwrap();
    let kinds: Vec<_> = ledger.call(refused.call).unwrap().unwrap().entries.iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Release]);
    assert_eq!(standing(&*ledger, "support").spent, usd("0.1"));
    verify(&*ledger);
}

/// A hold whose process died becomes a charge of its bound: unknown is never zero.
pub(crate) fn an_interrupted_call_is_charged(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    caller.call(&*ledger, "support", "0.1", |_| ());
    let cut = caller.ask("support", "0.3", "0.3");
    ledger.admit(&cut).unwrap();
    ledger.raise(cut.call, usd("0.4"), usd("0.4")).unwrap();
    drop(ledger);
    engine.clock().advance(5_000);
    for _ in 0..2 {
        let ledger = engine.open();
        ledger.configure(accounts()).unwrap();
        let record = ledger.call(cut.call).unwrap().unwrap().record;
        assert_eq!(
            (record.status, record.charged, record.held, record.charge_certainty),
            (CallStatus::Interrupted, usd("0.4"), usd("0.4"), Certainty::Unknown)
        );
        assert!(matches!(record.cost, Cost::Unknown(_)));
        assert_eq!((&*record.attribution.class, record.model_asked.as_str()), ("support.refund", "acme/fast"));
        assert_eq!((standing(&*ledger, "support").spent, standing(&*ledger, "support").held), (usd("0.5"), Nanousd::ZERO));
        verify(&*ledger);
    }
}

pub(crate) fn standings_survive_a_restart(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    caller.call(&*ledger, "support", "0.25", |_| ());
    caller.call(&*ledger, "acme", "0.5", |record| record.simulated = false);
    caller.call(&*ledger, "default", "0.125", |_| ());
    let debt = caller.ask("support", "0.1", "0.1");
    ledger.admit(&debt).unwrap();
    ledger.settle(record(&debt, "0.9")).wait().unwrap();
    let before = ledger.standings();
    assert_eq!(before.iter().map(|standing| standing.spent).collect::<Vec<_>>(), [usd("1.65"), usd("1.15"), usd("0.125")]);
    assert_eq!(before[1].available, Some(usd("-0.15")));
    assert_eq!(ledger.standings_of(&accounts(), MONDAY).unwrap(), before);
    drop(ledger);
    let ledger = engine.open();
    ledger.configure(accounts()).unwrap();
    assert_eq!(ledger.standings(), before);
    assert!(ledger.admit(&Caller::new(engine, &*ledger).ask("support", "0.01", "0.01")).is_err(), "debt outlives the process");
    verify(&*ledger);
}

pub(crate) fn a_new_configuration_takes_effect(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    // Nobody waits for these to be written: the new window must find them nonetheless.
    for _ in 0..50 {
        let ask = caller.ask("default", "0.01", "0.01");
        ledger.admit(&ask).unwrap();
        drop(ledger.settle(record(&ask, "0.01")));
    }
    let open = caller.ask("default", "0.3", "0.3");
    ledger.admit(&open).unwrap();
    let mut changed = accounts();
    changed[2] = account("default", None, Some(("1", Window::Week)));
    ledger.configure(changed).unwrap();
    let now = standing(&*ledger, "default");
    assert_eq!((now.spent, now.held, now.available), (usd("0.5"), usd("0.3"), Some(usd("0.2"))));
    assert_eq!(ledger.admit(&caller.ask("default", "0.1", "9")).unwrap().amount, usd("0.2"));
    let circle = vec![account("a", Some("b"), None), account("b", Some("a"), None)];
    assert!(matches!(ledger.configure(circle), Err(LedgerError::Invalid(_))));
    assert_eq!(standing(&*ledger, "default").held, usd("0.5"), "a refused configuration changes nothing");
    verify(&*ledger);
}

pub(crate) fn windows_renew(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let over_midnight = caller.ask("support", "0.6", "0.6");
    ledger.admit(&over_midnight).unwrap();
    caller.call(&*ledger, "support", "0.4", |_| ());
    assert!(ledger.admit(&caller.ask("support", "0.1", "0.1")).is_err());
    ledger.renew(over_midnight.call, 100 * HOUR_MS);
    engine.clock().advance(13 * HOUR_MS);
    assert_eq!(ledger.admit(&caller.ask("support", "1", "1")).unwrap().amount, usd("1"));
    ledger.settle(record(&over_midnight, "0.6")).wait().unwrap();
    assert_eq!(standing(&*ledger, "support").spent, Nanousd::ZERO, "yesterday's call is yesterday's charge");
    assert_eq!(standing(&*ledger, "acme").spent, usd("1"));
    verify(&*ledger);
}

pub(crate) fn calls_are_filtered_and_paged(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let mut ids = Vec::new();
    for number in 0..6 {
        engine.clock().advance(1_000);
        ids.push(caller.call(&*ledger, if number < 3 { "support" } else { "default" }, "0.01", |record| {
            record.attribution.tags = vec![format!("n={number}").into(), "all".into()];
            record.attribution.key = (number == 1).then(|| "ci".into());
            record.attribution.outcome = (number == 2).then(|| "o".into());
            record.status = if number == 4 { CallStatus::Failed } else { CallStatus::Ok };
            record.simulated = number == 5;
        }));
    }
    let check = |filter: CallFilter, expected: &[usize]| {
        let found: Vec<_> = ledger.calls(&filter).unwrap().iter().map(|row| ids.iter().position(|id| *id == row.id).unwrap()).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let some = |text: &str| Some(text.to_owned());
    check(CallFilter::default(), &[5, 4, 3, 2, 1, 0]);
    check(CallFilter { limit: 2, ..CallFilter::default() }, &[5, 4]);
    check(CallFilter { limit: 2, before: Some(ids[4]), ..CallFilter::default() }, &[3, 2]);
    check(CallFilter { account: some("acme"), ..CallFilter::default() }, &[2, 1, 0]);
    check(CallFilter { account: some("acm"), ..CallFilter::default() }, &[]);
    check(CallFilter { tag: some("n=3"), ..CallFilter::default() }, &[3]);
    check(CallFilter { tag: some("n="), ..CallFilter::default() }, &[]);
    check(CallFilter { key: some("ci"), ..CallFilter::default() }, &[1]);
    check(CallFilter { outcome: some("o"), ..CallFilter::default() }, &[2]);
    check(CallFilter { status: Some(CallStatus::Failed), ..CallFilter::default() }, &[4]);
    check(CallFilter { simulated: Some(true), ..CallFilter::default() }, &[5]);
    check(CallFilter { class: some("support.refund"), model: some("acme/fast"), simulated: Some(false), limit: 1, ..CallFilter::default() }, &[4]);
    check(CallFilter { class: some("'; DROP TABLE calls; --"), ..CallFilter::default() }, &[]);
    check(CallFilter { since: Some(Timestamp(MONDAY.0 + 2_000)), until: Some(Timestamp(MONDAY.0 + 4_000)), ..CallFilter::default() }, &[2, 1]);
    assert_eq!(ledger.calls(&CallFilter { limit: 1, ..CallFilter::default() }).unwrap()[0].tags, ["n=5", "all"]);
}

pub(crate) fn costs_are_grouped(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    caller.call(&*ledger, "support", "0.25", |record| record.attribution.tags = vec!["a".into(), "b".into()]);
    caller.call(&*ledger, "support", "0.5", |record| {
        record.usage = Usage::default();
        charge(record, Cost::Unknown("no price".into()), usd("0.5"));
    });
    engine.clock().advance(20 * HOUR_MS);
    // Only a route leads from a real provider, whose money is held, to a simulated one.
    caller.call(&*ledger, "default", "2", |record| (record.simulated, record.status, record.route) = (true, CallStatus::Failed, Some("cheap".into())));
    let cost = |by| ledger.cost(&CostQuery::all(by)).unwrap();
    let model = &cost(Dimension::Model)[0];
    assert_eq!(
        (model.name.as_str(), model.real.calls, model.real.cost, model.real.unknown_calls, model.real.unknown_bound),
        ("acme/fast", 2, usd("0.25"), 1, usd("0.5"))
    );
    assert_eq!((model.real.charged, model.simulated.calls, model.simulated.cost, model.simulated.failures()), (usd("0.75"), 1, usd("2"), 1));
    assert_eq!((model.real.tokens.input, model.real.tokens.output, model.real.tokens.reasoning, model.real.tokens.unknown_calls), (100, 20, 5, 1));
    let check = |by, expected: &[(&str, u64, u64)]| {
        let rows = cost(by);
        assert_eq!(rows.iter().map(|row| (row.name.as_str(), row.real.calls, row.simulated.calls)).collect::<Vec<_>>(), expected, "{by:?}");
    };
    check(Dimension::Provider, &[("acme", 2, 1)]);
    check(Dimension::Class, &[("support.refund", 2, 1)]);
    check(Dimension::Account, &[("acme", 2, 0), ("support", 2, 0), ("default", 0, 1)]);
    check(Dimension::Tag, &[("-", 1, 1), ("a", 1, 0), ("b", 1, 0)]);
    check(Dimension::Key, &[("-", 2, 1)]);
    check(Dimension::Outcome, &[("-", 2, 1)]);
    check(Dimension::Status, &[("ok", 2, 0), ("failed", 0, 1)]);
    check(Dimension::Day, &[("2026-11-23", 2, 0), ("2026-11-24", 0, 1)]);
    let in_zone = |timezone: &str| ledger.cost(&CostQuery { timezone: Some(timezone.into()), ..CostQuery::all(Dimension::Day) });
    assert_eq!(in_zone("America/Los_Angeles").unwrap().len(), 1, "06:00Z is the evening before there");
    assert!(matches!(in_zone("Nowhere"), Err(LedgerError::Invalid(_))));
    let (real, simulated) = ledger.totals(Some(MONDAY), Some(Timestamp(MONDAY.0 + HOUR_MS))).unwrap();
    assert_eq!((real.calls, simulated.calls, real.charged), (2, 0, usd("0.75")));
    verify(&*ledger);
}

pub(crate) fn series_and_latency(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    for number in 1..=100_u64 {
        engine.clock().advance(30_000);
        caller.call(&*ledger, "default", "0.001", |record| {
            record.total_us = number * 1_000;
            record.first_content_us = (number > 50).then_some(number * 10);
            record.status = if number == 100 { CallStatus::Failed } else { CallStatus::Ok };
        });
    }
    let rows = ledger.series(MONDAY, Timestamp(MONDAY.0 + HOUR_MS), 600_000).unwrap();
    assert_eq!(rows.iter().map(|row| row.real.calls).collect::<Vec<_>>(), [19, 20, 20, 20, 20, 1]);
    assert_eq!((rows[5].start, rows[5].real.failed), (Timestamp(MONDAY.0 + 3_000_000), 1));
    assert!(ledger.series(MONDAY, Timestamp(i64::MAX), 1).is_err() && ledger.series(MONDAY, MONDAY, 0).is_err());
    let all = &ledger.latency(&LatencyQuery::default()).unwrap()[0];
    let (first, total) = (all.first_content.unwrap(), all.total.unwrap());
    assert_eq!((all.name.as_str(), total.n, total.p50_us, total.p90_us, total.p99_us), ("all", 99, 50_000, 90_000, 99_000));
    assert_eq!((first.n, first.p50_us), (49, 750));
    let by_class = ledger.latency(&LatencyQuery { by: Some(Dimension::Class), ..LatencyQuery::default() }).unwrap();
    assert_eq!(by_class[0].name, "support.refund");
    assert!(ledger.latency(&LatencyQuery { simulated: Some(true), ..LatencyQuery::default() }).unwrap().is_empty());
}

pub(crate) fn verdicts_are_kept(engine: &dyn Engine) {
    let ledger = begin(engine);
    let id = Caller::new(engine, &*ledger).call(&*ledger, "support", "0.1", |_| ());
    let good = Feedback { verdict: "good".into(), score: Some(0.9), comment: Some("“right”".into()), by: "ci".into(), at: MONDAY };
    let bad = Feedback { verdict: "bad".into(), score: None, comment: None, by: "ann".into(), at: MONDAY };
    ledger.feedback(id, &good).unwrap();
    ledger.feedback(id, &bad).unwrap();
    assert_eq!(ledger.call(id).unwrap().unwrap().feedback, [good.clone(), bad]);
    assert!(matches!(ledger.feedback(CallId::from_i64(7), &good), Err(LedgerError::NotFound(_))));
    assert!(matches!(ledger.feedback(id, &Feedback { score: Some(2.0), ..good }), Err(LedgerError::Invalid(_))));
    assert_eq!(ledger.verify().unwrap().feedback, 2);
}

pub(crate) fn keys_live_and_die(engine: &dyn Engine) {
    let ledger = begin(engine);
    let now = || jeton_core::Clock::now(&**engine.clock());
    assert!(!ledger.has_keys() && !ledger.has_admin_keys());
    let budget = Budget { amount: usd("0.2"), window: Window::Day, timezone: "UTC".into() };
    let new = NewKey {
        account: Some("support".into()),
        class: Some("c".into()),
        tags: vec!["t".into()],
        expires: Some(Timestamp(MONDAY.0 + HOUR_MS)),
        budget: Some(budget),
        ..NewKey::named("ci")
    };
    let (key, text) = ledger.create_key(new, now()).unwrap();
    assert!(ledger.has_keys() && !ledger.has_admin_keys());
    assert_eq!(*ledger.authenticate(&text).unwrap(), key);
    assert_eq!((key.account.as_str(), key.tags.as_slice()), ("support", &["t".to_owned()][..]));
    assert!(matches!(ledger.create_key(NewKey::named("ci"), now()), Err(LedgerError::Exists(_))));
    assert!(matches!(ledger.create_key(NewKey::named("a b"), now()), Err(LedgerError::Invalid(_))));
    let mut ask = Caller::new(engine, &*ledger).ask("support", "0.1", "0.5");
    ask.accounts = ["key:ci", "support", "acme"].map(Into::into).to_vec().into();
    assert_eq!(ledger.admit(&ask).unwrap().limited_by.as_deref(), Some("key:ci"));
    ledger.settle(record(&ask, "0.2")).wait().unwrap();
    let mut forged = text.clone();
    forged.replace_range(text.len() - 2.., if text.ends_with("00") { "11" } else { "00" });
    assert_eq!(ledger.authenticate(&forged), Err(KeyRefusal::Unknown));
    assert_eq!(ledger.authenticate("sk-something"), Err(KeyRefusal::Malformed));
    engine.clock().advance(HOUR_MS);
    assert_eq!(ledger.authenticate(&text), Err(KeyRefusal::Expired));
    let (again, newer) = ledger.create_key(NewKey::named("ci"), now()).unwrap();
    assert_eq!(ledger.revoke_key("ci", now()).unwrap().id, again.id);
    assert_eq!(ledger.authenticate(&newer), Err(KeyRefusal::Revoked));
    assert!(matches!(ledger.revoke_key("nobody", now()), Err(LedgerError::NotFound(_))));
    ledger.create_key(NewKey { admin: true, ..NewKey::named("root") }, now()).unwrap();
    assert!(ledger.has_admin_keys());
    assert_eq!(ledger.keys().unwrap().iter().map(|key| key.name.as_str()).filter(|name| *name == "ci").count(), 2);
    verify(&*ledger);
}

pub(crate) fn everything_is_exported(engine: &dyn Engine) {
    let ledger = begin(engine);
    let id = Caller::new(engine, &*ledger).call(&*ledger, "support", "0.1", |record| record.model_asked = "a,\"b\"".into());
    ledger.feedback(id, &Feedback { verdict: "good".into(), score: None, comment: None, by: "ci".into(), at: MONDAY }).unwrap();
    let (_, secret) = ledger.create_key(NewKey::named("ci"), MONDAY).unwrap();
    run_with_a_row_and_a_note(&*ledger);
    for (table, rows) in ExportTable::ALL.map(|table| (table, if table == ExportTable::Entries { 2 } else { 1 })) {
        let (mut json, mut csv) = (Vec::new(), Vec::new());
        assert_eq!(ledger.export(table, ExportFormat::Jsonl, &mut json).unwrap(), rows);
        assert_eq!(ledger.export(table, ExportFormat::Csv, &mut csv).unwrap(), rows);
        let (json, csv) = (String::from_utf8(json).unwrap(), String::from_utf8(csv).unwrap());
        assert!(json.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["record"].is_string()), "{json}");
        assert_eq!(csv.lines().count() as u64, rows + 1, "{csv}");
        let id_and_secret = secret.rsplit_once('_').unwrap();
        assert!(!json.contains(id_and_secret.1) && !json.contains("hash") && !csv.contains(id_and_secret.1));
        if table == ExportTable::Calls {
            assert_eq!(serde_json::from_str::<CallRecord>(json.trim()).unwrap(), ledger.call(id).unwrap().unwrap().record);
            assert!(csv.contains("\"a,\"\"b\"\"\""), "{csv}");
        }
    }
}

fn run_with_a_row_and_a_note(ledger: &dyn Ledger) {
    ledger.begin_run(&RunRecord { id: "run-1".into(), suite: "refunds".into(), started: MONDAY, json: "{}".into() }).unwrap();
    assert_eq!(ledger.append_rows("run-1", &[RunRow { launch: 0, json: r#"{"a":1}"#.into() }]).unwrap(), 1);
    ledger.add_note(&Note { kind: "label".into(), subject: "run-1/case".into(), at: MONDAY, json: "{}".into() }).unwrap();
}

pub(crate) fn rows_of_a_run_are_written_once_and_come_back_in_order(engine: &dyn Engine) {
    let ledger = begin(engine);
    run_with_a_row_and_a_note(&*ledger);
    let head = ledger.run("run-1").unwrap().unwrap();
    assert!(matches!(ledger.begin_run(&head), Err(LedgerError::Exists(_))));
    let row = |launch: u64, json: &str| RunRow { launch, json: json.into() };
    assert_eq!(ledger.append_rows("run-1", &[row(2, "c"), row(0, "other"), row(1, "b")]).unwrap(), 2);
    assert_eq!(ledger.rows("run-1", 0).unwrap(), [row(0, r#"{"a":1}"#), row(1, "b"), row(2, "c")]);
    assert_eq!(ledger.rows("run-1", 2).unwrap(), [row(2, "c")]);
    assert_eq!((ledger.rows("run-2", 0).unwrap().len(), ledger.run("run-2").unwrap()), (0, None));
    let later = RunRecord { id: "run-2".into(), suite: "shipping".into(), started: Timestamp(MONDAY.0 + 1), json: "{}".into() };
    ledger.begin_run(&later).unwrap();
    assert_eq!(ledger.runs(None, 10).unwrap(), [later, head.clone()]);
    assert_eq!(ledger.runs(Some("refunds"), 10).unwrap(), [head]);
    ledger.add_note(&Note { kind: "cause".into(), subject: "run-2/case".into(), at: MONDAY, json: "1".into() }).unwrap();
    let notes = |kind: Option<&str>, prefix: Option<&str>, limit| {
        ledger.notes(&NoteFilter { kind: kind.map(Into::into), subject_prefix: prefix.map(Into::into), limit }).unwrap().len()
    };
    assert_eq!([notes(None, None, None), notes(Some("cause"), None, None), notes(None, Some("run-1/"), None), notes(None, None, Some(1))], [2, 1, 1, 1]);
    drop(ledger);
    assert_eq!(engine.open().rows("run-1", 0).unwrap().len(), 3);
}

pub(crate) fn a_backup_is_whole(engine: &dyn Engine) {
    let ledger = begin(engine);
    Caller::new(engine, &*ledger).call(&*ledger, "support", "0.1", |_| ());
    let to = engine.file("backup");
    ledger.backup(&to).unwrap();
    assert!(matches!(ledger.backup(&to), Err(LedgerError::Exists(_))));
    assert!(to.metadata().unwrap().len() > 0);
}

/// Some hundreds of calls of all kinds, then the whole check, before and after a restart.
pub(crate) fn verify_finds_nothing(engine: &dyn Engine) {
    let ledger = begin(engine);
    let caller = Caller::new(engine, &*ledger);
    let mut random = jeton_core::SeededRandom::new(7);
    let (mut waiting, mut cut_off) = (Vec::new(), 0);
    for number in 0..400_u64 {
        engine.clock().advance(i64::try_from(random.below(200_000)).unwrap());
        let mut ask = caller.ask(if number % 3 == 0 { "support" } else { "acme" }, "0.001", "0.01");
        ask.lease_ms = 100 * HOUR_MS;
        ask.simulated = number % 5 == 0;
        let mut record = record(&ask, &format!("0.0{:03}", random.below(200)));
        if ledger.admit(&ask).is_err() {
            (record.status, record.tries, record.usage) = (CallStatus::Refused, Vec::new(), Usage::default());
            (record.cost, record.charged) = (Cost::Known(Nanousd::ZERO), Nanousd::ZERO);
        }
        if number % 50 == 7 && record.status != CallStatus::Refused {
            cut_off += 1;
        } else {
            waiting.push(ledger.settle(record));
        }
    }
    waiting.into_iter().for_each(|settled| settled.wait().unwrap());
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:#?}", report.problems);
    assert_eq!((report.calls, report.open_holds, report.accounts), (400 - cut_off, cut_off, 3));
    assert!(report.debts > 0 && cut_off > 3);
    drop(ledger);
    let ledger = engine.open();
    ledger.configure(accounts()).unwrap();
    let report = ledger.verify().unwrap();
    assert!(report.is_good(), "{:#?}", report.problems);
    assert_eq!((report.calls, report.open_holds), (400, 0));
}
