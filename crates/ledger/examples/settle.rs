//! What a settled call costs: `cargo run --release --example settle -p jeton-ledger [calls] [callers] [power]`.
//!
//! Callers admit, settle and wait, as streams that end do. Printed are the time on the processor of the writer's thread
//! per call (read from Linux's `/proc`) and the waits of the callers.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use jeton_core::{Attribution, CallIds, Certainty, Cost, Nanousd, SystemClock, Usage};
use jeton_ledger::sqlite::{Durability, Options, SqliteLedger};
use jeton_ledger::{AccountConfig, Ask, Budget, CallRecord, CallStatus, Decision, Ledger, Percentiles, Records, StageTime, TryRecord, Window};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const STAGES: [&str; 9] = ["identify", "classify", "admit", "hold", "choose", "try", "meter", "settle", "record"];

fn record(ask: &Ask) -> CallRecord {
    let mut attribution = Attribution::new(Arc::clone(&ask.accounts));
    (attribution.class, attribution.key, attribution.tags) = (Arc::clone(&ask.class), Some("ci".into()), vec!["team=billing".into()]);
    let usage = Usage { input: Some(812), cache_read: Some(0), output: Some(211), ..Usage::default() };
    let (cost, charged) = (Cost::Known(Nanousd(625_000)), Nanousd(625_000));
    let mut record = CallRecord::begun(ask.call, ask.call.started(), attribution);
    (record.endpoint, record.model_asked, record.model) = ("chat".into(), "fast".into(), Some("acme/fast".into()));
    (record.status, record.http_status, record.stream) = (CallStatus::Ok, 200, true);
    (record.usage, record.usage_certainty, record.charge_certainty) = (usage.clone(), Certainty::Reported, Certainty::Reported);
    (record.cost, record.charged, record.price_version) = (cost.clone(), charged, Some("2026-11-20".into()));
    record.tries = vec![TryRecord {
        provider: "acme".into(),
        model: "fast".into(),
        started_us: 41,
        first_content_us: Some(312_000),
        ended_us: 1_904_000,
        status: Some(200),
        outcome: "ok".into(),
        fault: None,
        usage,
        cost,
        charged,
        bytes_in: 40_000,
        bytes_out: 3_100,
    }];
    record.stages = STAGES.iter().enumerate().map(|(place, stage)| StageTime { stage: (*stage).into(), at_us: place as u64 * 7 }).collect();
    record.decisions = vec![
        Decision { stage: "choose".into(), what: "acme/fast: named by the request.".into() },
        Decision { stage: "hold".into(), what: "$0.032 bounds the call: 900 input and 16000 output tokens.".into() },
    ];
    (record.first_content_us, record.total_us, record.own_us) = (Some(312_000), 1_904_100, 120);
    (record.finish_reason, record.config_digest) = (Some("stop".into()), "9f2c4d1be0".into());
    record
}

/// Time on the processor of the writer's thread in nanoseconds; 0 where the system does not say.
fn writer_ns() -> u64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return 0 };
    let mut paths = tasks.filter_map(|task| Some(task.ok()?.path()));
    let writer = paths.find(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "ledger"));
    let stat = writer.and_then(|path| std::fs::read_to_string(path.join("schedstat")).ok()).unwrap_or_default();
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, other: usize| arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(other);
    let (calls, callers) = (number(0, 100_000), number(1, 64));
    let durability = if arguments.get(2).is_some_and(|text| text == "power") { Durability::Power } else { Durability::Process };
    let folder = std::env::temp_dir().join(format!("jeton-settle-{}", std::process::id()));
    let ledger = SqliteLedger::open(&folder.join("ledger.db"), Options { durability, ..Options::default() }).unwrap();
    let budget = Some(Budget { amount: Nanousd(i64::MAX / 4), window: Window::Month, timezone: "Europe/Berlin".into() });
    let account = |name: &str, parent: Option<&str>| AccountConfig { name: name.into(), parent: parent.map(Into::into), budget: budget.clone() };
    ledger.configure(vec![account("acme", None), account("support", Some("acme")), account("key:ci", Some("support"))]).unwrap();

    let (ids, done) = (CallIds::new(0, None), AtomicUsize::new(0));
    let accounts: Arc<[Arc<str>]> = ["key:ci", "support", "acme"].map(Into::into).to_vec().into();
    let before = writer_ns();
    let begun = Instant::now();
    let mut waits: Vec<u64> = std::thread::scope(|scope| {
        let work = || {
            let mut waits = Vec::new();
            while done.fetch_add(1, Ordering::Relaxed) < calls {
                let (class, model) = ("support.refund".into(), "fast".into());
                let call = ids.next(&SystemClock);
                let ask = Ask {
                    call,
                    accounts: Arc::clone(&accounts),
                    class,
                    model,
                    floor: Nanousd(1),
                    want: Nanousd(32_000_000),
                    lease_ms: 600_000,
                    simulated: false,
                };
                ledger.admit(&ask).unwrap();
                let record = record(&ask);
                let settled = Instant::now();
                ledger.settle(record).wait().unwrap();
                waits.push(u64::try_from(settled.elapsed().as_micros()).unwrap());
            }
            waits
        };
        let workers: Vec<_> = (0..callers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let (seconds, on_processor) = (begun.elapsed().as_secs_f64(), writer_ns() - before);
    let wait = Percentiles::of(&mut waits).unwrap();
    let bytes = std::fs::read_dir(&folder).unwrap().filter_map(|file| Some(file.ok()?.metadata().ok()?.len())).sum::<u64>();
    println!("{calls} calls by {callers} callers, {durability:?}: {:.0} a second", calls as f64 / seconds);
    println!("writer: {:.1} µs on the processor per call", on_processor as f64 / 1e3 / calls as f64);
    println!("waits: p50 {} µs, p90 {} µs, p99 {} µs; {} bytes of file per call", wait.p50_us, wait.p90_us, wait.p99_us, bytes / calls as u64);
    assert!(ledger.verify().unwrap().is_good());
    drop(ledger);
    std::fs::remove_dir_all(folder).unwrap();
}
