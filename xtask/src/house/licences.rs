//! Licences of the dependencies, from the metadata that cargo has on this machine.

use super::outcome;
use crate::Outcome;
use serde_json::Value;

/// Permissive licences that go with Apache-2.0 in one binary.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Every package of the build can be used under allowed licences alone.
pub(super) fn check(metadata: &Value) -> Outcome {
    let packages = metadata["packages"].as_array().map_or(&[][..], Vec::as_slice);
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| !package["source"].is_null()) {
        let expression = package["license"].as_str().unwrap_or("no licence given");
        if !is_allowed(expression) {
            findings.push(format!("{} {}: {expression}", package["name"].as_str().unwrap_or_default(), package["version"].as_str().unwrap_or_default()));
        }
    }
    outcome(findings)
}

/// Reads an SPDX expression (and the old `MIT/Apache-2.0`). What cannot be read is not allowed.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest) == Some(true) && rest.is_empty()
}

fn any(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = all(words)?;
    while let Some(("OR", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) {
        *words = rest;
        allowed |= all(words)?;
    }
    Some(allowed)
}

fn all(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = one(words)?;
    while let Some(("AND", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) {
        *words = rest;
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    if *first == "(" {
        let allowed = any(words)?;
        let (close, rest) = words.split_first()?;
        *words = rest;
        return (*close == ")").then_some(allowed);
    }
    if let ["WITH", exception, rest @ ..] = *words {
        let name = format!("{first} WITH {exception}");
        *words = rest;
        return Some(ALLOWED.contains(&name.as_str()));
    }
    Some(ALLOWED.contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_understood_or_refused() {
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND ISC", "Apache-2.0 WITH LLVM-exception OR GPL-2.0", "MIT AND (ISC OR X)"] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0 WITH Classpath-exception", "MIT OR", "(MIT", "MIT)", "no licence given", "MIT ISC"] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
