//! SARIF 2.1.0, which code hosts show beside the lines.

use crate::check::meaning;
use crate::{Finding, Fix, Severity};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The findings as one run.
#[must_use]
pub fn sarif(findings: &[Finding]) -> Value {
    log("jeton", findings.iter().map(|finding| (finding, Vec::new())))
}

/// What is known of a finding beyond itself: names and values.
pub(crate) type Properties = Vec<(&'static str, Value)>;

/// The findings of the program `tool` as one run, each with its properties.
pub(crate) fn log<'f>(tool: &str, findings: impl IntoIterator<Item = (&'f Finding, Properties)>) -> Value {
    let findings: Vec<(&Finding, Properties)> = findings.into_iter().collect();
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    for (finding, _) in &findings {
        rules.entry(finding.code).or_insert_with(|| rule(finding));
    }
    let place: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, code)| (*code, at)).collect();
    let results: Vec<Value> = findings.into_iter().map(|(finding, more)| result(finding, place[finding.code], more)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": tool, "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules.into_values().collect::<Vec<_>>()}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    severity.name()
}

fn rule(finding: &Finding) -> Value {
    let Some(code) = meaning(finding.code) else { return json!({"id": finding.code, "name": finding.code}) };
    json!({"id": code.name, "shortDescription": {"text": code.cause}, "help": {"text": code.remedy}, "defaultConfiguration": {"level": level(code.severity)}})
}

fn result(finding: &Finding, rule: usize, more: Properties) -> Value {
    let artifact = json!({"uri": uri(&finding.place.path), "uriBaseId": "%SRCROOT%"});
    let mut physical = json!({"artifactLocation": artifact});
    if finding.place.first_line > 0 {
        physical["region"] = json!({"startLine": finding.place.first_line, "endLine": finding.place.last_line.max(finding.place.first_line)});
    }
    let mut made = json!({
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": message(finding)},
        "locations": [{"physicalLocation": physical}],
        "partialFingerprints": {"jeton/v1": fingerprint(finding)},
    });
    if let Some(fix) = &finding.fix {
        made["fixes"] =
            json!([{"description": {"text": finding.remedy}, "artifactChanges": [{"artifactLocation": artifact, "replacements": [replacement(fix)]}]}]);
    }
    if !finding.owners.is_empty() || finding.unit.is_some() {
        made["properties"] = json!({"unit": finding.unit, "owners": finding.owners});
    }
    for (name, value) in more {
        made["properties"][name] = value;
    }
    made
}

/// What is wrong and what to do, as sentences or as a clause with its remedy.
fn message(finding: &Finding) -> String {
    let Finding { message, remedy, .. } = finding;
    if message.ends_with('.') { format!("{message} {remedy}") } else { format!("{message} ({remedy})") }
}

/// The same for the same fault when lines above it move.
fn fingerprint(finding: &Finding) -> String {
    let unit = finding.unit.as_deref().unwrap_or_default();
    crate::Digest::of_parts(&[finding.code.as_bytes(), finding.place.path.as_bytes(), unit.as_bytes(), finding.message.as_bytes()]).to_string()
}

fn replacement(fix: &Fix) -> Value {
    let region = json!({"startLine": fix.line, "startColumn": fix.start_column, "endLine": fix.line, "endColumn": fix.end_column});
    json!({"deletedRegion": region, "insertedContent": {"text": fix.new}})
}

/// A path as an address: all but letters, digits and a few marks is escaped; the top is `.`.
fn uri(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    #[test]
    fn results_point_to_their_rules_and_fixes() {
        let mut broken = Finding::new("broken-path", Severity::Error, Place::line("docs/a b.md", 3), "`x` is gone", "write `y`");
        broken.fix = Some(Fix { line: 3, start_column: 5, end_column: 6, new: "y".to_owned() });
        let whole = Finding::new("own-code", Severity::Note, Place::file(""), "It is.", "Do nothing.");
        let made = log("jeton", [(&broken, Vec::new()), (&whole, vec![("value", json!(3))])]);
        let run = &made["runs"][0];
        assert_eq!((&made["version"], &run["tool"]["driver"]["rules"][0]["id"]), (&json!("2.1.0"), &json!("broken-path")));
        let first = &run["results"][0];
        assert_eq!(first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], json!("docs/a%20b.md"));
        assert_eq!(first["locations"][0]["physicalLocation"]["region"]["startLine"], json!(3));
        assert_eq!(first["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"]["text"], json!("y"));
        let second = &run["results"][1];
        assert_eq!((&second["ruleIndex"], &second["level"]), (&json!(1), &json!("note")));
        assert_eq!(second["locations"][0]["physicalLocation"], json!({"artifactLocation": {"uri": ".", "uriBaseId": "%SRCROOT%"}}));
        assert_eq!((&first["message"]["text"], &second["message"]["text"]), (&json!("`x` is gone (write `y`)"), &json!("It is. Do nothing.")));
        assert_eq!((first.get("properties"), &second["properties"]), (None, &json!({"value": 3})));
    }
}
