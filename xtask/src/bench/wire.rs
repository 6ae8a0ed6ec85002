//! `cargo xtask bench wire`: what translation between dialects costs, beside what `serde_json` needs to parse the same bytes.
//! The measuring program is an example of the crate, so that nothing but the crate is built for it.

use super::target_dir;
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub(super) const USAGE: &str = "usage: cargo xtask bench wire [--json FILE]
  --json FILE    where the figures go; target/bench/wire.json otherwise";

/// How many times a mere parse a document, and an event of a stream, may cost.
const DOCUMENT_MOST: f64 = 3.0;
const EVENT_MOST: f64 = 4.0;

/// Measures and prints. A missed bar is no error.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let file = match arguments {
        [] => target_dir().join("bench/wire.json"),
        [flag, file] if flag == "--json" => PathBuf::from(file),
        _ => return Err(USAGE.to_owned()),
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "jeton-wire", "--example", "bench-translation"]).stderr(Stdio::inherit());
    let output = cargo.output().map_err(|error| format!("cargo: {error}"))?;
    if !output.status.success() {
        return Err("the measuring program failed".to_owned());
    }
    let figures: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("the measuring program wrote no figures: {error}"))?;
    print!("{}", table(&figures));
    std::fs::create_dir_all(file.parent().unwrap_or(std::path::Path::new("."))).map_err(|error| error.to_string())?;
    std::fs::write(&file, format!("{figures:#}\n")).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("\nfigures: {}", file.display());
    Ok(())
}

/// One line for each measurement: streams per event, documents as a whole.
fn table(figures: &Value) -> String {
    let mut text = "| what | from | to | bytes | parse alone | translated | MB/s | × parse | bar |\n|---|---|---|--:|--:|--:|--:|--:|--:|\n".to_owned();
    for row in figures["rows"].as_array().into_iter().flatten() {
        let word = |name: &str| row[name].as_str().unwrap_or_default();
        let number = |name: &str| row[name].as_f64().unwrap_or_default();
        let bar = if word("what") == "stream" { EVENT_MOST } else { DOCUMENT_MOST };
        let missed = if number("ratio") > bar { " missed" } else { "" };
        text += &format!(
            "| {} | {} | {} | {} | {:.2} µs | {:.2} µs | {:.0} | {:.2} | ≤ {bar:.0}{missed} |\n",
            word("what"),
            word("from"),
            word("to"),
            number("bytes"),
            number("parse_ns") / 1e3,
            number("translate_ns") / 1e3,
            number("bytes_per_s") / 1e6,
            number("ratio"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_missed_bar_is_marked_by_its_kind() {
        let row = |what: &str, ratio: f64| json!({ "what": what, "from": "chat", "to": "messages", "bytes": 9, "parse_ns": 1000.0, "translate_ns": 3500.0, "bytes_per_s": 2e6, "ratio": ratio });
        let text = table(&json!({ "rows": [row("stream", 3.5), row("answer 2 KB", 3.5)] }));
        assert!(text.contains("| stream | chat | messages | 9 | 1.00 µs | 3.50 µs | 2 | 3.50 | ≤ 4 |\n"), "{text}");
        assert!(text.contains("| answer 2 KB | chat | messages | 9 | 1.00 µs | 3.50 µs | 2 | 3.50 | ≤ 3 missed |\n"), "{text}");
    }
}
