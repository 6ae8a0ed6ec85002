//! Times and memory as tables, as JSON, and against the bars.

use super::speed::{Row, Speed};
use serde_json::{Value, json};
use std::fmt::Write;

/// The whole report in words, in Markdown.
pub(super) fn table(speed: &Speed) -> String {
    let mut text = "\n## Speed\n\n| what | CPU s | wall s | peak MiB |\n|---|--:|--:|--:|\n".to_owned();
    for row in &speed.rows {
        let _ = match &row.found {
            Ok(spent) => writeln!(text, "| {} | {:.2} | {:.2} | {:.0} |", row.name, spent.cpu_s, spent.wall_s, mib(spent.peak_kib)),
            Err(why) => writeln!(text, "| {} | {why} | – | – |", row.name),
        };
    }
    text.push('\n');
    match &speed.warm {
        Ok(warm) => text.push_str(&warm_lines(warm)),
        Err(why) => text.push_str(&format!("warm compile: {why}\n")),
    }
    match &speed.watched {
        Ok(watched) => {
            let seconds: Vec<String> = watched.seconds.iter().map(|s| format!("{s:.3}")).collect();
            let _ = writeln!(text, "change to searchable: {} s; the server's peak is {:.0} MiB", seconds.join(", "), mib(watched.peak_kib));
        }
        Err(why) => text.push_str(&format!("change to searchable: {why}\n")),
    }
    text.push('\n');
    for (name, measured, at_most) in bars(speed) {
        let mark = measured.map_or("unknown", |measured| if measured <= at_most { "met" } else { "MISSED" });
        let shown = measured.map_or_else(String::new, |measured| format!("{measured:.2}, "));
        let _ = writeln!(text, "- {mark}: {name}: {shown}at most {at_most}");
    }
    text
}

fn warm_lines(warm: &Value) -> String {
    let number = |value: &Value| value.as_f64().map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"));
    let mut text = "| task compiled into 8,192 tokens | first ms | best ms | median ms of 30 | CPU ms, mean of 30 |\n|---|--:|--:|--:|--:|\n".to_owned();
    for task in warm["tasks"].as_array().into_iter().flatten() {
        let name = task["task"].as_str().unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(text, "| {name} | {} |", ["first_ms", "best_ms", "median_ms", "cpu_ms"].map(|key| number(&task[key])).join(" | "));
    }
    if warm["is_debug"] == true {
        text.push_str("\nThese are of a build without optimisation and not judged: leave out --jeton.\n");
    }
    let (open, save, reopen) = (number(&warm["cold_open_ms"]), number(&warm["save_ms"]), number(&warm["reopen_ms"]));
    let _ = writeln!(
        text,
        "\n{} files, {} chunks; opened from nothing in {open} ms, saved in {save} ms, opened again in {reopen} ms",
        warm["files"], warm["chunks"]
    );
    text
}

#[allow(clippy::cast_precision_loss)] // sizes far below 2^52
fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

/// Each bar: what was measured, and what is allowed.
fn bars(speed: &Speed) -> [(&'static str, Option<f64>, f64); 4] {
    let cold = speed.rows.first().and_then(|row| row.found.as_ref().ok());
    let medians = speed
        .warm
        .as_ref()
        .ok()
        .filter(|warm| warm["is_debug"] != true)
        .map(|warm| warm["tasks"].as_array().into_iter().flatten().filter_map(|task| task["median_ms"].as_f64()).collect());
    let slowest = medians.and_then(|all: Vec<f64>| all.into_iter().reduce(f64::max));
    let watched = speed.watched.as_ref().ok();
    let memory = [cold.map(|spent| spent.peak_kib), watched.map(|watched| watched.peak_kib)].into_iter().flatten().max();
    [
        ("CPU seconds of a cold index", cold.map(|spent| spent.cpu_s), 6.0),
        ("milliseconds of a warm compile, the slowest median", slowest, 20.0),
        ("seconds from a change to searchable, the slowest", watched.and_then(|watched| watched.seconds.iter().copied().reduce(f64::max)), 1.0),
        ("MiB of memory, indexing or serving", memory.map(mib), 300.0),
    ]
}

pub(super) fn json(speed: &Speed) -> Value {
    let row = |row: &Row| match &row.found {
        Ok(spent) => json!({ "name": row.name, "cpu_s": spent.cpu_s, "wall_s": spent.wall_s, "peak_mib": mib(spent.peak_kib) }),
        Err(why) => json!({ "name": row.name, "why_not": why }),
    };
    let bars =
        bars(speed).map(|(name, measured, at_most)| json!({ "name": name, "measured": measured, "at_most": at_most, "holds": measured.map(|m| m <= at_most) }));
    json!({
        "rows": speed.rows.iter().map(row).collect::<Vec<_>>(),
        "warm": speed.warm.as_ref().ok(),
        "change_to_searchable_s": speed.watched.as_ref().ok().map(|watched| &watched.seconds),
        "server_peak_mib": speed.watched.as_ref().ok().map(|watched| mib(watched.peak_kib)),
        "bars": bars,
    })
}

#[cfg(test)]
mod tests {
    use super::super::searchable::Watched;
    use super::super::usage::Spent;
    use super::*;

    #[test]
    fn bars_are_met_missed_or_unknown() {
        let spent = Spent { cpu_s: 5.5, wall_s: 3.0, peak_kib: 400 << 10, stdout: String::new() };
        let rows = vec![Row { name: "jeton, cold index", found: Ok(spent) }, Row { name: "repomix", found: Err("not installed".to_owned()) }];
        let speed = Speed { rows, warm: Err("no".to_owned()), watched: Ok(Watched { seconds: vec![0.2, 0.4], peak_kib: 1 << 10 }) };
        let text = table(&speed);
        for line in [
            "| jeton, cold index | 5.50 | 3.00 | 400 |",
            "| repomix | not installed | – | – |",
            "- met: CPU seconds of a cold index: 5.50, at most 6",
            "- unknown: milliseconds of a warm compile, the slowest median: at most 20",
            "- met: seconds from a change to searchable, the slowest: 0.40, at most 1",
            "- MISSED: MiB of memory, indexing or serving: 400.00, at most 300",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
