//! A summary for a pull request.

use crate::gate::{GateReport, Question};
use crate::run::RunHead;
use crate::totals::{TargetTotals, Totals, Validity};
use jeton_allocate::Estimate;
use jeton_allocate::verdict::Decision;
use std::fmt::Write;

/// A run's totals, and a gate's answer where there was one, as GitHub's Markdown.
#[must_use]
pub fn markdown(head: &RunHead, totals: &Totals, gate: Option<&GateReport>) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### Suite `{}`: {}\n", head.suite, gate.map_or_else(|| "totals".to_owned(), answer));
    out.push_str(
        "| target | cells | passed, 95 % | bounds | errors | unscored | cost | usd a success |\n| --- | ---: | --- | --- | ---: | ---: | ---: | --- |\n",
    );
    for target in &totals.targets {
        row(&mut out, target);
    }
    let tested = match &head.selftest {
        Some(test) => format!("graders tested ({} checks): {}", test.checked, test.told()),
        None => "**graders not tested**".to_owned(),
    };
    let _ = writeln!(out, "\n{} cases, seed {}, run `{}`; {tested}.", head.cases, head.choice.seed, head.id);
    out
}

fn row(out: &mut String, target: &TargetTotals) {
    let percent = |estimate: &Estimate| {
        let interval = estimate.interval.map_or(String::new(), |i| format!(" [{:.1}, {:.1}]", 100.0 * i.low, 100.0 * i.high));
        format!("{:.1} %{interval}", 100.0 * estimate.value)
    };
    let invalid = if matches!(target.validity, Validity::Invalid { .. }) { " **invalid**" } else { "" };
    let unknown = if target.cost_unknown > 0 { format!(" + {} unknown", target.cost_unknown) } else { String::new() };
    let _ = writeln!(
        out,
        "| `{}`{invalid} | {} | {} | {} | {} | {} | {}{unknown} | {} |",
        target.target,
        target.cells,
        target.pass_rate.as_ref().map_or("unknown".to_owned(), percent),
        target.bounds.map_or("unknown".to_owned(), |bounds| format!("{:.1}–{:.1} %", 100.0 * bounds.low, 100.0 * bounds.high)),
        target.errors,
        target.unscored,
        target.cost,
        target.usd_per_success.as_ref().map_or("unknown".to_owned(), |estimate| format!("{:.6}", estimate.value)),
    );
}

fn answer(gate: &GateReport) -> String {
    let asked = match &gate.question {
        Question::AtLeast { target, bar } => format!("`{target}` at least {:.1} %", 100.0 * bar),
        Question::NotWorse { baseline, candidate, margin } => format!("`{candidate}` not worse than `{baseline}` by {:.1} points", 100.0 * margin),
    };
    let said = match gate.decision {
        Decision::Pass => "yes",
        Decision::Fail => "**no**",
        Decision::Undecided { .. } => "undecided",
    };
    format!("{asked}: {said}")
}
