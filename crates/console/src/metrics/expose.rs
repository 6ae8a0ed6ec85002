//! Writes everything that is counted, and what the ledger and the status say at this moment.

use super::text::{Kind, Text};
use super::{CallSums, CallTimes, Counter, ENDPOINTS, Histogram, Labels, Metrics};
use crate::state::{Console, Health, Status};
use jeton_core::{Nanousd, Timestamp};
use jeton_ledger::{AccountStanding, CallStatus};
use std::sync::Arc;

/// A family of figures of one kind of thing: its name, its help, and how to take the figure out of the thing.
type Family<T, V> = (&'static str, &'static str, fn(&T) -> V);
type CounterOf = fn(&CallSums) -> &Counter;
type HistogramOf = fn(&CallTimes) -> &Histogram;

/// The whole text of `/metrics`.
pub(crate) fn expose(console: &Console) -> String {
    let status = (console.status)();
    let mut text = Text::default();
    program(&mut text, &status, console.clock.now());
    calls(&mut text, &console.metrics);
    times(&mut text, &console.metrics);
    gauge(&mut text, "jeton_calls_in_flight", "Calls under way.", console.metrics.calls_in_flight.get());
    gauge(&mut text, "jeton_buffered_bytes", "Bytes of requests and responses held in memory.", console.metrics.buffered_bytes.get());
    accounts(&mut text, &console.ledger.standings());
    ledger(&mut text, console);
    providers(&mut text, &status);
    text.finish()
}

fn gauge(text: &mut Text, name: &str, help: &str, value: i64) {
    text.family(name, Kind::Gauge, help);
    text.sample(name, &[], value);
}

fn counter(text: &mut Text, name: &str, help: &str, counter: &Counter) {
    text.family(name, Kind::Counter, help);
    text.sample(name, &[], counter.get());
}

fn program(text: &mut Text, status: &Status, now: Timestamp) {
    text.family("jeton_build_info", Kind::Gauge, "The running version, as a label; always 1.");
    text.sample("jeton_build_info", &[("version", &status.version)], 1);
    gauge(text, "jeton_uptime_seconds", "Seconds since the program started.", now.0.saturating_sub(status.started.0).max(0) / 1_000);
    if let Some(bytes) = resident_bytes() {
        gauge(text, "process_resident_memory_bytes", "Memory of the process that lies in RAM.", bytes);
    }
}

/// Memory in RAM as Linux tells it; none elsewhere.
fn resident_bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<i64>().ok().map(|kib| kib * 1_024)
}

fn calls(text: &mut Text, metrics: &Metrics) {
    let sets = metrics.label_sets();
    text.family("jeton_calls_total", Kind::Counter, "Calls settled, by how they ended.");
    for (labels, sums) in &sets {
        for (status, count) in CallStatus::ALL.iter().zip(&sums.by_status).filter(|(_, count)| count.get() > 0) {
            sample(text, "jeton_calls_total", labels, Some(("status", status.name())), count.get());
        }
    }
    text.family("jeton_tokens_total", Kind::Counter, "Tokens by kind. Reasoning lies within output; the others are disjoint.");
    for (labels, sums) in &sets {
        let kinds = [
            ("input", &sums.input),
            ("cache_read", &sums.cache_read),
            ("cache_write", &sums.cache_write),
            ("output", &sums.output),
            ("reasoning", &sums.reasoning),
        ];
        for (kind, count) in kinds.into_iter().filter(|(_, count)| count.get() > 0) {
            sample(text, "jeton_tokens_total", labels, Some(("kind", kind)), count.get());
        }
    }
    let families: [(&str, &str, CounterOf); 5] = [
        ("jeton_cost_nanousd_total", "Cost of the calls whose cost is known, in 1e-9 USD.", |sums| &sums.cost_nanousd),
        ("jeton_charged_nanousd_total", "What budgets counted: known costs, and bounds for the others, in 1e-9 USD.", |sums| &sums.charged_nanousd),
        ("jeton_calls_cost_unknown_total", "Calls whose cost nobody knows.", |sums| &sums.cost_unknown),
        ("jeton_calls_usage_unknown_total", "Calls that reached a provider and whose tokens nobody knows.", |sums| &sums.usage_unknown),
        ("jeton_tries_total", "Tries made upstream.", |sums| &sums.tries),
    ];
    for (name, help, of) in families {
        text.family(name, Kind::Counter, help);
        for (labels, sums) in &sets {
            sample(text, name, labels, None, of(sums).get());
        }
    }
}

fn sample(text: &mut Text, name: &str, labels: &Labels, further: Option<(&str, &str)>, value: u64) {
    let simulated = if labels.simulated { "true" } else { "false" };
    let mut all = vec![("endpoint", &*labels.endpoint), ("model", &*labels.model), ("class", &*labels.class), ("simulated", simulated)];
    all.extend(further);
    text.sample(name, &all, value);
}

fn times(text: &mut Text, metrics: &Metrics) {
    let families: [(&str, &str, HistogramOf); 3] = [
        ("jeton_call_first_content_seconds", "From the request to the first content sent.", |times| &times.first_content),
        ("jeton_call_duration_seconds", "From the request to the end of the response.", |times| &times.total),
        ("jeton_call_own_seconds", "The part of a call's time that was Jeton's own.", |times| &times.own),
    ];
    for (name, help, of) in families {
        text.family(name, Kind::Histogram, help);
        for (endpoint, times) in ENDPOINTS.iter().zip(&metrics.times).filter(|(_, times)| of(times).cumulative().1 > 0) {
            text.histogram(name, &[("endpoint", endpoint)], of(times));
        }
    }
}

fn accounts(text: &mut Text, standings: &[AccountStanding]) {
    let families: [Family<AccountStanding, Option<Nanousd>>; 3] = [
        ("jeton_account_spent_nanousd", "Charged in the account's window so far, in 1e-9 USD.", |standing| Some(standing.spent)),
        ("jeton_account_held_nanousd", "Put by for calls under way, in 1e-9 USD.", |standing| Some(standing.held)),
        ("jeton_account_budget_nanousd", "The account's budget per window, in 1e-9 USD.", |standing| standing.budget.as_ref().map(|budget| budget.amount)),
    ];
    for (name, help, of) in families {
        text.family(name, Kind::Gauge, help);
        for standing in standings {
            if let Some(amount) = of(standing) {
                let window = standing.budget.as_ref().map_or("month", |budget| budget.window.name());
                text.sample(name, &[("account", &standing.name), ("window", window)], amount.0);
            }
        }
    }
}

fn ledger(text: &mut Text, console: &Console) {
    let metrics: &Arc<Metrics> = &console.metrics;
    gauge(text, "jeton_ledger_healthy", "1 where charges can be written, 0 where the store fails.", i64::from(console.ledger.healthy().is_ok()));
    text.family("jeton_ledger_commit_seconds", Kind::Histogram, "How long a group commit took.");
    text.histogram("jeton_ledger_commit_seconds", &[], &metrics.commit_time);
    text.family("jeton_ledger_commit_entries", Kind::Histogram, "How many entries a group commit wrote.");
    text.histogram("jeton_ledger_commit_entries", &[], &metrics.commit_entries);
    counter(text, "jeton_ledger_commit_failures_total", "Group commits that failed.", &metrics.commit_failures);
    text.family("jeton_config_reloads_total", Kind::Counter, "Changed configurations, by whether they were taken over.");
    text.sample("jeton_config_reloads_total", &[("result", "taken")], metrics.config_reloads.get());
    text.sample("jeton_config_reloads_total", &[("result", "refused")], metrics.config_reload_failures.get());
    counter(text, "jeton_panics_total", "Panics that were caught.", &metrics.panics);
}

fn providers(text: &mut Text, status: &Status) {
    text.family("jeton_provider_up", Kind::Gauge, "1 where the last tries succeeded or some of them did, 0 where they failed; absent where nothing was tried.");
    for provider in status.providers.iter().filter(|provider| provider.health != Health::Unknown) {
        text.sample("jeton_provider_up", &[("provider", &provider.name)], i64::from(provider.health != Health::Down));
    }
}
