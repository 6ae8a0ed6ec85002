//! What a run is written as for other programs.

mod junit;
mod markdown;
mod otel;

pub use junit::{junit, junit_of_gate};
pub use markdown::{markdown, markdown_of_gate};
pub use otel::otel_exports;

use crate::gate::Question;
use jeton_allocate::verdict::Decision;

/// What a gate asks.
fn asked(question: &Question) -> String {
    match question {
        Question::AtLeast { target, bar } => format!("`{target}` at least {:.1} %", 100.0 * bar),
        Question::NotWorse { baseline, candidate, margin } => format!("`{candidate}` not worse than `{baseline}` by {:.1} points", 100.0 * margin),
    }
}

/// What it says.
const fn said(decision: Decision) -> &'static str {
    match decision {
        Decision::Pass => "yes",
        Decision::Fail => "no",
        Decision::Undecided { .. } => "undecided",
        Decision::Invalid => "invalid, too much is missing to say",
    }
}
