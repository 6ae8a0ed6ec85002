//! A summary for a pull request.

use super::{asked, said};
use crate::gate::GateReport;
use crate::repeats::PassK;
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
    repeats(&mut out, totals);
    let tested = match &head.selftest {
        Some(test) => format!("graders tested ({} checks): {}", test.checked, test.told()),
        None => "**graders not tested**".to_owned(),
    };
    let _ = writeln!(out, "\n{} cases, seed {}, run `{}`; {tested}.", head.cases, head.choice.seed, head.id);
    out
}

fn row(out: &mut String, target: &TargetTotals) {
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

/// pass@k and pass^k, where cases were tried more than once.
fn repeats(out: &mut String, totals: &Totals) {
    let lines: Vec<(&TargetTotals, &PassK)> = totals.targets.iter().flat_map(|target| target.pass_k.iter().map(move |of| (target, of))).collect();
    if lines.is_empty() {
        return;
    }
    out.push_str("\n| target | k | pass@k, 95 % | pass^k, 95 % | cases with too few verdicts |\n| --- | ---: | --- | --- | ---: |\n");
    for (target, of) in lines {
        let (any, all) = (of.pass_at_k.as_ref().map_or("unknown".to_owned(), percent), of.pass_hat_k.as_ref().map_or("unknown".to_owned(), percent));
        let _ = writeln!(out, "| `{}` | {} | {any} | {all} | {} |", target.target, of.k, of.cases_short);
    }
}

fn percent(estimate: &Estimate) -> String {
    let interval = estimate.interval.map_or(String::new(), |i| format!(" [{:.1}, {:.1}]", 100.0 * i.low, 100.0 * i.high));
    format!("{:.1} %{interval}", 100.0 * estimate.value)
}

/// A gate's answer alone, where no case had to be run for it.
#[must_use]
pub fn markdown_of_gate(suite: &str, gate: &GateReport) -> String {
    format!("### Suite `{suite}`: {}\n\nNothing was run: what is compared with itself is not worse.\n", answer(gate))
}

fn answer(gate: &GateReport) -> String {
    let said = said(gate.decision);
    if matches!(gate.decision, Decision::Fail | Decision::Invalid) {
        return format!("{}: **{said}**", asked(&gate.question));
    }
    format!("{}: {said}", asked(&gate.question))
}
