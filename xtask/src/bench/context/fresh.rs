//! Freshness on planted changes: the counts of the test that plants them.

use super::super::root;
use std::process::Command;

/// The lines of the test, one for each kind of change.
pub(super) fn measure() -> Result<Vec<String>, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["test", "--quiet", "-p", "jeton-context", "--test", "planted", "--", "--nocapture"]);
    let out = cargo.output().map_err(|e| format!("cannot run cargo: {e}"))?;
    let said = String::from_utf8_lossy(&out.stdout);
    let lines: Vec<String> = said.lines().filter_map(|line| line.strip_prefix("planted ")).map(|line| format!("- {line}")).collect();
    if lines.is_empty() { Err(format!("the planted changes could not be tested:\n{}", String::from_utf8_lossy(&out.stderr))) } else { Ok(lines) }
}
