//! Findings as text, JSON and SARIF.

mod sarif;

pub(crate) use sarif::log;
pub use sarif::sarif;

use crate::{Finding, Severity};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How many findings of each weight there are: errors, warnings, notes.
#[must_use]
pub fn counts(findings: &[Finding]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Note].map(|severity| findings.iter().filter(|finding| finding.severity == severity).count())
}

/// The code with which a command ends: 1 if any finding is an error, else 0.
#[must_use]
pub fn exit_code(findings: &[Finding]) -> i32 {
    i32::from(findings.iter().any(|finding| finding.severity == Severity::Error))
}

/// As text without colour: place, weight and code, what is wrong, what to do, who answers; a sum at the end.
#[must_use]
pub fn text(findings: &[Finding]) -> String {
    let mut made = String::new();
    for finding in findings {
        // Writing into a String cannot fail.
        let _ = writeln!(made, "{}: {} [{}] {}", finding.place, finding.severity.name(), finding.code, finding.message);
        let _ = writeln!(made, "    help: {}", finding.remedy);
        if !finding.owners.is_empty() {
            let _ = writeln!(made, "    owner: {}", finding.owners.join(", "));
        }
    }
    let [errors, warnings, notes] = counts(findings);
    let _ = writeln!(made, "{}, {}, {}", number(errors, "error"), number(warnings, "warning"), number(notes, "note"));
    made
}

/// `1 error`, `2 errors`.
pub(crate) fn number(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// As data: the findings in their order, and how many there are of each weight.
#[must_use]
pub fn json(findings: &[Finding]) -> Value {
    let [errors, warnings, notes] = counts(findings);
    json!({"findings": findings, "errors": errors, "warnings": warnings, "notes": notes})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    fn finding(severity: Severity) -> Finding {
        let mut made = Finding::new("broken-path", severity, Place::line("docs/a.md", 3), "`x` is gone", "write `y`");
        made.owners = vec!["@shop".to_owned()];
        made
    }

    #[test]
    fn as_text() {
        let expected = "docs/a.md:3: error [broken-path] `x` is gone\n    help: write `y`\n    owner: @shop\n1 error, 0 warnings, 0 notes\n";
        assert_eq!(text(&[finding(Severity::Error)]), expected);
        assert_eq!(text(&[]), "0 errors, 0 warnings, 0 notes\n");
    }

    #[test]
    fn as_json_and_as_a_gate() {
        let made = json(&[finding(Severity::Warning)]);
        assert_eq!((&made["findings"][0]["code"], &made["warnings"]), (&json!("broken-path"), &json!(1)));
        let gates = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| exit_code(&[finding(severity)]));
        assert_eq!(gates, [1, 0, 0]);
    }
}
