//! What a crate may use, and what it must not know.

use super::outcome;
use crate::Outcome;
use serde_json::Value;
use std::path::Path;

/// The crates of the design, from below, each with what it may use. A line is added with the crate's first line.
const MAY_USE: [(&str, &[&str]); 15] = [
    ("core", &[]),
    ("text", &["core"]),
    ("project", &["core"]),
    ("wire", &["core"]),
    ("allocate", &["core"]),
    ("ledger", &["core"]),
    ("upstream", &["core", "text", "wire"]),
    ("broker", &["core", "text", "project", "wire", "allocate", "ledger", "upstream"]),
    ("context", &["core", "text", "project"]),
    ("tools", &["core", "project", "ledger"]),
    ("eval", &["core", "text", "project", "allocate", "broker", "context", "ledger"]),
    ("outcome", &["core", "text", "project", "wire", "allocate", "ledger", "upstream", "broker", "context", "tools", "eval"]),
    ("gateway", &["core", "text", "project", "wire", "allocate", "ledger", "upstream", "broker", "context", "tools", "eval", "outcome"]),
    ("console", &["core", "text", "project", "wire", "allocate", "ledger", "upstream", "broker", "context", "tools", "eval", "outcome"]),
    ("jeton", &["core", "text", "project", "wire", "allocate", "ledger", "upstream", "broker", "context", "tools", "eval", "outcome", "gateway", "console"]),
];

/// Crates that are functions of their arguments, and words in their sources that would break that.
const PURE: [&str; 4] = ["core", "text", "wire", "allocate"];
const IMPURE_WORDS: [&str; 7] = ["std::fs", "std::net", "std::env", "std::process", "std::thread", "tokio::", "hyper::"];
const IMPURE_CRATES: [&str; 8] = ["tokio", "hyper", "hyper-util", "axum", "rusqlite", "rustls", "http-body", "tracing"];

/// The workspace's crates: short name (`core` for `jeton-core`) and package.
pub(super) fn members(metadata: &Value) -> Vec<(String, &Value)> {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    packages.iter().filter(|package| package["source"].is_null()).map(|package| (short(package["name"].as_str().unwrap_or_default()), package)).collect()
}

fn short(name: &str) -> String {
    name.strip_prefix("jeton-").unwrap_or(name).to_owned()
}

/// Every edge between crates of the workspace is one that the design has.
pub(super) fn edges(metadata: &Value) -> Outcome {
    let members = members(metadata);
    let mut findings = Vec::new();
    for (name, package) in members.iter().filter(|(name, _)| !matches!(name.as_str(), "xtask" | "testkit")) {
        let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| known == name) else {
            findings.push(format!("the design has no crate `{name}`; say in xtask/src/house/crates.rs what it may use"));
            continue;
        };
        for dependency in package["dependencies"].as_array().map_or(&[][..], Vec::as_slice) {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev" && (used == "jeton-testkit" || short(used) == *name);
            let ours = used.starts_with("jeton") || used == "xtask";
            if ours && !for_tests && !allowed.contains(&short(used).as_str()) {
                findings.push(format!("`{name}` must not use `{}`", short(used)));
            }
        }
    }
    outcome(findings)
}

/// Pure crates name nothing that reaches outside, neither in their dependencies nor in their sources.
pub(super) fn purity(root: &Path, metadata: &Value) -> Outcome {
    let mut findings = Vec::new();
    for (name, package) in members(metadata).into_iter().filter(|(name, _)| PURE.contains(&name.as_str())) {
        for dependency in package["dependencies"].as_array().map_or(&[][..], Vec::as_slice) {
            let used = dependency["name"].as_str().unwrap_or_default();
            if dependency["kind"].is_null() && IMPURE_CRATES.contains(&used) {
                findings.push(format!("`{name}` must not use `{used}`"));
            }
        }
        for path in sources(&root.join("crates").join(&name).join("src")) {
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            for word in IMPURE_WORDS.iter().filter(|word| text.contains(**word)) {
                findings.push(format!("{} names {word}", path.strip_prefix(root).unwrap_or(&path).display()));
            }
        }
    }
    outcome(findings)
}

/// `[lints] workspace = true` in every manifest.
pub(super) fn lints(metadata: &Value) -> Outcome {
    let mut findings = Vec::new();
    for (name, package) in members(metadata) {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        let text = std::fs::read_to_string(manifest).map_err(|e| format!("{manifest}: {e}"))?;
        if !text.contains("[lints]\nworkspace = true") {
            findings.push(format!("`{name}` does not"));
        }
    }
    outcome(findings)
}

/// The Rust files below a directory.
pub(super) fn sources(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(name: &str, uses: &str, kind: &Value, complaint: Option<&str>) {
        let metadata = json!({"packages": [{"name": name, "source": null, "dependencies": [{"name": uses, "kind": kind}]}]});
        match (edges(&metadata), complaint) {
            (Ok(()), None) => {}
            (Err(why), Some(complaint)) => assert!(why.contains(complaint), "{why}"),
            (got, _) => panic!("{name} → {uses}: {got:?}"),
        }
    }

    #[test]
    fn an_edge_that_the_design_lacks_is_found() {
        check("jeton-wire", "jeton-core", &Value::Null, None);
        check("jeton-wire", "serde", &Value::Null, None);
        check("jeton-wire", "jeton-ledger", &Value::Null, Some("`wire` must not use `ledger`"));
        check("jeton-console", "jeton-gateway", &Value::Null, Some("must not"));
        check("jeton-core", "jeton-testkit", &json!("dev"), None);
        check("jeton-core", "jeton-testkit", &Value::Null, Some("must not"));
        check("jeton-core", "jeton-wire", &json!("dev"), Some("must not"));
        check("jeton-strange", "serde", &Value::Null, Some("no crate `strange`"));
    }
}
