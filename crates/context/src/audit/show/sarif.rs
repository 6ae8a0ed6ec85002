//! SARIF 2.1.0, for hosts that show findings beside the code.

use crate::Severity;
use crate::audit::report::{Item, Report};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// All findings of the report; their order is that of the report, their value stands in `rank`'s place as a property.
#[must_use]
pub fn sarif(report: &Report, version: &str) -> Value {
    let codes: BTreeSet<&str> = report.findings().map(|item| item.finding.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code, "name": code })).collect();
    let results: Vec<Value> = report.findings().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": "jeton audit", "version": version, "rules": rules } }, "results": results }],
    })
}

fn result(item: &Item) -> Value {
    let finding = &item.finding;
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut physical = json!({ "artifactLocation": { "uri": address(&finding.place.path) } });
    if finding.place.first_line > 0 {
        physical["region"] = json!({ "startLine": finding.place.first_line, "endLine": finding.place.last_line.max(finding.place.first_line) });
    }
    json!({
        "ruleId": finding.code,
        "level": level,
        "message": { "text": format!("{} {}", finding.message, finding.remedy) },
        "locations": [{ "physicalLocation": physical }],
        "properties": { "value": item.value, "why": item.touched.why() },
    })
}

/// The path as a relative address; the top is `.`.
fn address(path: &str) -> String {
    let kept = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b'~');
    let encoded: String = path.bytes().map(|b| if kept(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
    if encoded.is_empty() { ".".to_owned() } else { encoded }
}
