//! The report as people, hosts and pages read it.

mod markdown;
mod text;

pub use markdown::markdown;
pub use text::{text, visible};

use super::report::{Item, Report, Section};
use crate::report::number;
use serde_json::Value;

/// All findings in the report's order, for hosts that show them beside the code; each has its value and its reason as properties.
#[must_use]
pub fn sarif(report: &Report) -> Value {
    let properties = |item: &Item| vec![("value", item.value.into()), ("why", item.touched.why().into())];
    crate::report::log("jeton audit", report.findings().map(|item| (&item.finding, properties(item))))
}

/// The first `limit` findings, and how many more there are.
fn shown(section: &Section, limit: usize) -> (&[Item], usize) {
    let most = section.items.len().min(limit);
    (&section.items[..most], section.items.len() - most)
}

/// `1 error, 3 warnings, 4 notes`; what there is none of is left out.
fn tally(section: &Section) -> String {
    use crate::Severity::{Error, Note, Warning};
    let count = |severity| section.items.iter().filter(|item| item.finding.severity == severity).count();
    let parts = [(count(Error), "error"), (count(Warning), "warning"), (count(Note), "note")];
    let shown: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| number(count, word)).collect();
    if shown.is_empty() { "nothing found".to_owned() } else { shown.join(", ") }
}
