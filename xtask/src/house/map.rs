//! Documents that must keep up with the code.

use super::{crates, outcome};
use crate::Outcome;
use serde_json::Value;
use std::path::Path;

/// Every crate of the workspace stands in the map, as `` `name` `` or by its directory.
pub(super) fn architecture(root: &Path, metadata: &Value) -> Outcome {
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).map_err(|e| format!("ARCHITECTURE.md: {e}"))?;
    let missing = |name: &String| !text.contains(&format!("`{name}`")) && !text.contains(&format!("crates/{name}"));
    outcome(crates::members(metadata).into_iter().map(|(name, _)| name).filter(missing).map(|name| format!("it does not name `{name}`")).collect())
}

/// The two commands that everything hangs on.
pub(super) fn readme(root: &Path) -> Outcome {
    let text = std::fs::read_to_string(root.join("README.md")).map_err(|e| format!("README.md: {e}"))?;
    let commands = ["cargo run --release -- up", "cargo xtask test"];
    outcome(commands.iter().filter(|command| !text.contains(**command)).map(|command| format!("it lacks `{command}`")).collect())
}
