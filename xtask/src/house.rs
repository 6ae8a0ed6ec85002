//! Rules of the house, so that reviews are about design. Each is a check with a name.

mod crates;
mod errors;
mod licences;
mod map;
mod text;
pub(crate) mod wire_cases;

use crate::test::Tally;
use std::path::Path;
use std::process::Command;

/// Checks every rule.
pub(crate) fn check(root: &Path) -> Tally {
    let mut tally = Tally::default();
    match metadata(root) {
        Ok(metadata) => {
            tally.check("crates use only what the design allows", crates::edges(&metadata));
            tally.check("pure crates do no I/O", crates::purity(root, &metadata));
            tally.check("every crate takes the workspace's lints", crates::lints(&metadata));
            tally.check("licences of dependencies are allowed", licences::check(&metadata));
            tally.check("ARCHITECTURE.md names every crate", map::architecture(root, &metadata));
        }
        Err(why) => tally.failures.push(format!("cargo metadata: {why}")),
    }
    tally.check("the README gives the two commands", map::readme(root));
    match files(root) {
        Ok(files) => text::check(root, &files, &mut tally),
        Err(why) => tally.failures.push(format!("list of files: {why}")),
    }
    tally.check("docs/wire-cases.md is whole and true", wire_cases::check(root));
    tally.check("docs/errors.md names every code", errors::check(root));
    tally
}

/// The workspace and all its dependencies, from what is on this machine. Packages for other platforms may never have
/// been downloaded; then the question is asked for this platform alone.
fn metadata(root: &Path) -> Result<serde_json::Value, String> {
    let host = output(root, "rustc", &["-vV"])?.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)).unwrap_or_default();
    let text = output(root, "cargo", &["metadata", "--format-version", "1", "--offline"])
        .or_else(|_| output(root, "cargo", &["metadata", "--format-version", "1", "--offline", "--filter-platform", &host]))?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// The files that belong to the repository: tracked, or new and not ignored. Without Git nothing can be said.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let listed = output(root, "git", &["ls-files", "--cached", "--others", "--exclude-standard", "-z"])?;
    let mut files: Vec<String> = listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files.retain(|path| root.join(path).is_file());
    Ok(files)
}

fn output(root: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).current_dir(root).output().map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}

/// Findings as one error, or none.
fn outcome(findings: Vec<String>) -> crate::Outcome {
    if findings.is_empty() { Ok(()) } else { Err(findings.join("\n         ")) }
}
