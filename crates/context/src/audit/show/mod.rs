//! The report as people, hosts and pages read it.

mod markdown;
mod sarif;
mod text;

pub use markdown::markdown;
pub use sarif::sarif;
pub use text::text;

use super::report::{Item, Section};

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
    let shown: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" })).collect();
    if shown.is_empty() { "nothing found".to_owned() } else { shown.join(", ") }
}
