//! The figures as a table, as JSON, and against the bars.

use super::measure::{Row, Run};
use super::targets::Way;
use serde_json::{Value, json};
use std::fmt::Write;

/// One bar: what was measured, what is allowed, what is aimed at.
#[derive(Debug, PartialEq)]
struct Bar {
    name: &'static str,
    measured: f64,
    at_most: f64,
    aim: Option<f64>,
    unit: &'static str,
}

impl Bar {
    fn holds(&self) -> bool {
        self.measured <= self.at_most
    }
}

/// The whole report in words.
pub(crate) fn table(run: &Run) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "\n{:<15} {:<13} {:>8} {:>7} {:>9} {:>7} {:>10} {:>10} {:>9} {:>9} {:>10} {:>9}",
        "cell", "way", "n", "errors", "req/s", "share", "p50 ms", "p99 ms", "+p50 ms", "+p99 ms", "CPU s/1000", "peak MiB"
    );
    for row in &run.rows {
        let direct = find(run, &row.cell.name(), Way::Direct);
        text.push_str(&line(row, direct));
    }
    for row in run.rows.iter().filter(|row| row.cell.is_stream()) {
        let (p50, p99) = (row.first_byte.quantile(0.5), row.first_byte.quantile(0.99));
        let _ =
            writeln!(text, "first byte of {:<15} {:<13} n {:<7} p50 {} ms, p99 {} ms", row.cell.name(), row.way.name(), row.first_byte.n(), ms(p50), ms(p99));
    }
    let errors = run.rows.iter().filter_map(|row| row.first_error.as_ref().map(|e| format!("{}, {}: {e}", row.cell.name(), row.way.name())));
    errors.for_each(|e| text.push_str(&format!("error in {e}\n")));
    let _ = writeln!(text, "\n{} cores; one disk sync takes {} ms (median of 51)\n", run.cores, ms(Some(run.sync_us)));
    for bar in bars(run) {
        let aim = bar.aim.map(|aim| format!(", aim {aim}")).unwrap_or_default();
        let mark = if bar.holds() { "holds " } else { "MISSED" };
        let _ = writeln!(text, "{mark}  {}: {:.2} {} (at most {:.2}{aim})", bar.name, bar.measured, bar.unit, bar.at_most);
    }
    if !run.has_nginx {
        text.push_str("not judged: the bars against nginx, which is not installed\n");
    }
    text
}

fn line(row: &Row, direct: Option<&Row>) -> String {
    let (p50, p99) = (row.latency.quantile(0.5), row.latency.quantile(0.99));
    let added = |share: f64| direct.filter(|_| row.way != Way::Direct).and_then(|d| added_ms(row, d, share));
    let share = direct.map(|d| row.per_second() / d.per_second() * 100.0).filter(|s| s.is_finite());
    let or_dash = |value: Option<f64>, digits: usize| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.digits$}"));
    format!(
        "{:<15} {:<13} {:>8} {:>7} {:>9.0} {:>6}% {:>10} {:>10} {:>9} {:>9} {:>10} {:>9}\n",
        row.cell.name(),
        row.way.name(),
        row.latency.n(),
        row.errors,
        row.per_second(),
        or_dash(share, 1),
        ms(p50),
        ms(p99),
        or_dash(added(0.5), 3),
        or_dash(added(0.99), 3),
        or_dash(row.cpu_per_1000(), 4),
        or_dash(row.peak_kib.map(mib), 1),
    )
}

#[allow(clippy::cast_precision_loss)] // times and sizes far below 2^52
fn ms(us: Option<u64>) -> String {
    us.map_or_else(|| "–".to_owned(), |us| format!("{:.3}", us as f64 / 1_000.0))
}

#[allow(clippy::cast_precision_loss)] // times and sizes far below 2^52
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

#[allow(clippy::cast_precision_loss)] // times far below 2^52
fn difference_ms(more: Option<u64>, less: Option<u64>) -> Option<f64> {
    Some((more? as f64 - less? as f64) / 1_000.0)
}

fn added_ms(row: &Row, base: &Row, share: f64) -> Option<f64> {
    difference_ms(row.latency.quantile(share), base.latency.quantile(share))
}

fn find<'a>(run: &'a Run, cell: &str, way: Way) -> Option<&'a Row> {
    run.rows.iter().find(|row| row.cell.name() == cell && row.way == way)
}

/// The bars of the issue that this run can judge, at the default durability unless said otherwise.
fn bars(run: &Run) -> Vec<Bar> {
    let cpu_ratio = |cell: &str| Some(find(run, cell, Way::Jeton)?.cpu_per_1000()? / find(run, cell, Way::Nginx)?.cpu_per_1000().filter(|s| *s > 0.0)?);
    let added = |way: Way| added_ms(find(run, "2 KB × 1", way)?, find(run, "2 KB × 1", Way::Nginx)?, 0.5);
    let first_byte = |way: Way| Some(find(run, "stream × 32", way)?.first_byte.quantile(0.5));
    let added_over_direct = |way: Way| added_ms(find(run, "2 KB × 1", way)?, find(run, "2 KB × 1", Way::Direct)?, 0.5);
    let translated = || Some(added_over_direct(Way::Translated)? / added_over_direct(Way::Jeton)?);
    let added_first = || difference_ms(first_byte(Way::Jeton)?, first_byte(Way::Direct)?);
    let small = run.rows.iter().filter(|row| row.way == Way::Jeton && row.cell.group == "2 KB").filter_map(|row| row.peak_kib).max();
    let many = find(run, "streams × 2000", Way::Jeton).and_then(|row| row.peak_kib);
    #[allow(clippy::cast_precision_loss)] // times far below 2^52
    let sync_ms = run.sync_us as f64 / 1_000.0;
    let bar = |name, measured: Option<f64>, at_most, aim, unit| measured.map(|measured| Bar { name, measured, at_most, aim, unit });
    [
        bar("CPU per call ÷ nginx's, 2 KB × 64", cpu_ratio("2 KB × 64"), 8.0, Some(5.0), "times"),
        bar("CPU per stream ÷ nginx's, stream × 32", cpu_ratio("stream × 32"), 2.6, Some(2.0), "times"),
        bar("p50 above nginx's, 2 KB × 1", added(Way::Jeton), 0.2, None, "ms"),
        bar("p50 above nginx's, 2 KB × 1, power", added(Way::JetonPower), 0.2 + sync_ms, None, "ms"),
        bar("added p50, translated ÷ passed through, 2 KB × 1", translated(), 1.5, None, "times"),
        bar("p50 of the first byte above direct, stream × 32", added_first(), 1.0, None, "ms"),
        bar("peak memory, 2 KB", small.map(mib), 60.0, None, "MiB"),
        bar("peak memory, streams × 2000", many.map(mib), 250.0, None, "MiB"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The whole report as JSON.
pub(crate) fn json(run: &Run) -> String {
    let rows: Vec<Value> = run.rows.iter().map(|row| row_json(run, row)).collect();
    let bars: Vec<Value> = bars(run)
        .iter()
        .map(|bar| json!({ "name": bar.name, "measured": bar.measured, "at_most": bar.at_most, "aim": bar.aim, "unit": bar.unit, "holds": bar.holds() }))
        .collect();
    format!("{:#}\n", json!({ "cores": run.cores, "sync_us": run.sync_us, "nginx": run.has_nginx, "rows": rows, "bars": bars }))
}

fn row_json(run: &Run, row: &Row) -> Value {
    let direct = find(run, &row.cell.name(), Way::Direct).filter(|_| row.way != Way::Direct);
    json!({
        "cell": row.cell.name(), "way": row.way.name(), "prompt_bytes": row.cell.prompt_bytes, "connections": row.cell.connections, "stream": row.cell.is_stream(),
        "n": row.latency.n(), "completed": row.completed, "rounds": row.rounds, "errors": row.errors, "first_error": row.first_error,
        "requests_per_s": row.per_second(), "share_of_direct": direct.map(|d| row.per_second() / d.per_second()).filter(|s| s.is_finite()),
        "latency_us": { "p50": row.latency.quantile(0.5), "p99": row.latency.quantile(0.99) },
        "first_byte_us": { "p50": row.first_byte.quantile(0.5), "p99": row.first_byte.quantile(0.99) },
        "added_ms": { "p50": direct.and_then(|d| added_ms(row, d, 0.5)), "p99": direct.and_then(|d| added_ms(row, d, 0.99)) },
        "cpu_s_per_1000": row.cpu_per_1000(), "peak_mib": row.peak_kib.map(mib),
    })
}
