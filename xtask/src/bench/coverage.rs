//! `cargo xtask bench coverage`: what a nominal level is worth, over 10,000 seeded samples for every interval and every test.

use super::root;
use std::process::Command;

pub(super) const USAGE: &str = "usage: cargo xtask bench coverage [NAME]
  NAME   only the simulations whose name holds it, e.g. `corrected_judges`";

/// Runs the simulations of `crates/allocate/tests/coverage.rs` with optimisation, where all have their 10,000 samples; they print their
/// figures, one to a line. An error where one is outside its bounds.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let name: &[String] = match arguments {
        [] => &[],
        [name] if !name.starts_with('-') => arguments,
        _ => return Err(USAGE.to_owned()),
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["test", "--release", "--quiet", "-p", "jeton-allocate", "--test", "coverage", "--"]).args(name).arg("--nocapture");
    let status = cargo.status().map_err(|e| format!("cannot run cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("a figure is outside its bounds; see above".to_owned()) }
}
