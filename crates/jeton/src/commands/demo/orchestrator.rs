//! The orchestrator's story: what the context is worth, measured; a page is taken away and the cases that need it flip; why, by experiment;
//! and how much of what fails is the team's to win before a bigger model is bought.

use super::desk;
use super::project::DemoProject;
use crate::commands::eval::{Measured, examine, measure};
use crate::context::Context;
use crate::failure::Failure;
use jeton_allocate::verdict::Verdict;
use jeton_allocate::{Estimate, Level};
use jeton_eval::causes::{Cause, Gap, Level as Evidence, Report};
use jeton_eval::compare::{Comparison, compare};
use jeton_eval::{Outcome as Ended, Row};
use serde::Serialize;

const SUITE: &str = "desk";
/// The pack that loses a page, and the line as it stands and as it is then written.
const PACK: &str = "context/packs/refund.toml";
const BEFORE: &str = "scope = [\"context/**\"]";
const AFTER: &str = "scope = [\"context/shop.md\", \"context/rules.toml\", \"context/schemas/**\"]";
/// The units of the page.
const PAGE: &str = "doc:context/refunds.md#";
/// The largest difference of pass rates that does not matter.
const MARGIN: f64 = 0.02;

/// What the story came to.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// The pack against no context.
    with_and_without: Comparison,
    /// The narrowed pack against the whole one.
    narrowed: Comparison,
    /// Cases that flipped to failing, and need the page.
    flipped: Vec<String>,
    /// How many of them are labelled "context missing" by record or experiment, and how many by association.
    context_missing: (usize, usize),
    gap_before: Option<Gap>,
    gap_after: Option<Gap>,
    pub(super) ok: bool,
}

/// Tells the story.
pub(super) fn run(is_json: bool) -> Result<Outcome, Failure> {
    let say = super::voice(is_json);
    let project = DemoProject::with("orchestrator", desk::FILES)?;
    let context = Context::open(Some(project.dir().to_owned()))?;
    say("1. The same shop has 60 questions of customers, 7 of which its pages do not answer. Is the context worth its tokens? The suite says:\n");
    let whole = measure(&context, SUITE, &[])?;
    let with_and_without = compared(&whole, "without", &whole, "with-pack");
    say(&format!("   without context   {} passed", rate(&whole, "without")));
    say(&format!("   with the pack     {} passed", rate(&whole, "with-pack")));
    say(&format!("   verdict: {}, by {} points\n", with_and_without.verdict, points(with_and_without.difference.as_ref())));
    say("2. Somebody narrows the pack of refunds: the page with the refund rules is in it no more. The suite is run again:\n");
    project.write(PACK, &desk::file(PACK).replacen(BEFORE, AFTER, 1))?;
    let less = measure(&context, SUITE, &["with-pack"])?;
    let narrowed = compared(&whole, "with-pack", &less, "with-pack");
    let flipped: Vec<String> = narrowed.broken.iter().map(|flip| flip.case.clone()).collect();
    say(&format!(
        "   verdict: {}, {} points; {} cases flipped: {}\n",
        narrowed.verdict,
        points(narrowed.difference.as_ref()),
        flipped.len(),
        shortened(&flipped)
    ));
    say("3. Why? Not by opinion: each change is tried against the unchanged request (jeton eval causes):\n");
    let report = examine(&context, &less)?;
    let context_missing = missing(&report, &flipped);
    if let Some(label) = report.labels.iter().find(|label| label.cause == Cause::ContextMissing && !label.tried.is_empty()) {
        say(&format!("   {}: {}, level {:?}: {}", label.case, label.cause, label.level, label.proof));
    }
    say(&format!(
        "   of the {} flipped cases {} are labelled \"context missing\" by record or experiment, {} because they look alike\n",
        flipped.len(),
        context_missing.0,
        context_missing.1
    ));
    let gap_after = report.gaps.into_iter().next();
    project.write(PACK, desk::file(PACK))?;
    let again = measure(&context, SUITE, &["with-pack"])?;
    let gap_before = examine(&context, &again)?.gaps.into_iter().next();
    say("4. How much of what fails is the team's to win by context, before another model is bought (environment gap), and how much is not (model gap):\n");
    for (when, gap) in [("with the narrowed pack", &gap_after), ("with the whole pack   ", &gap_before)] {
        if let Some(gap) = gap {
            say(&format!(
                "   {when}  environment {} points, model {} points, on {} cases",
                points(gap.environment.as_ref()),
                points(gap.model.as_ref()),
                gap.cases
            ));
        }
    }
    say("\n   (The model is local/extract, which gives passages word for word: no figure here is one of a language model.)");
    let ok = came_true(&with_and_without, &narrowed, &flipped, &less, context_missing, (gap_before.as_ref(), gap_after.as_ref()));
    say(&format!("\n{}", if ok { "All of it held." } else { "NOT all of it held; run with --json for the figures." }));
    say(&format!("The project stays in {} to look around: `jeton eval show {SUITE} --outcome failed`.", project.dir().display()));
    Ok(Outcome { with_and_without, narrowed, flipped, context_missing, gap_before, gap_after, ok })
}

fn compared(baseline: &Measured, baseline_target: &str, candidate: &Measured, candidate_target: &str) -> Comparison {
    let of = |measured: &Measured, target: &str| measured.rows.iter().filter(|row| row.cell.target == target).cloned().collect::<Vec<Row>>();
    let (before, after) = (of(baseline, baseline_target), of(candidate, candidate_target));
    let label = |measured: &Measured, target: &str| format!("{}:{target}", measured.head.id);
    let (before_name, after_name) = (label(baseline, baseline_target), label(candidate, candidate_target));
    compare((&before_name, &before.iter().collect::<Vec<_>>()), (&after_name, &after.iter().collect::<Vec<_>>()), MARGIN, Level::P95)
}

/// Flipped cases that are labelled "context missing": by record or experiment, and by association.
fn missing(report: &Report, flipped: &[String]) -> (usize, usize) {
    let labelled = report.labels.iter().filter(|label| label.cause == Cause::ContextMissing && flipped.contains(&label.case));
    let alike = labelled.clone().filter(|label| label.level == Evidence::L1).count();
    (labelled.count() - alike, alike)
}

/// The pack helps; without the page the refund cases, and only cases that lack it, flip; causes say so; the gap opens and closes.
fn came_true(
    with: &Comparison,
    narrowed: &Comparison,
    flipped: &[String],
    less: &Measured,
    missing: (usize, usize),
    gaps: (Option<&Gap>, Option<&Gap>),
) -> bool {
    let lacks_page = |case: &String| {
        let row = less.rows.iter().find(|row| row.cell.case == *case && row.outcome != Ended::Passed);
        row.and_then(|row| row.context.as_ref()).is_some_and(|context| context.missing.iter().any(|(unit, _)| unit.starts_with(PAGE)))
    };
    let of = |gap: Option<&Gap>| gap.and_then(|gap| gap.environment.as_ref()).map_or(0.0, |estimate| estimate.value);
    with.verdict == Verdict::Better
        && narrowed.verdict == Verdict::Worse
        && !flipped.is_empty()
        && flipped.iter().filter(|case| lacks_page(case)).count() * 10 >= flipped.len() * 9
        && missing.0 > 0
        && of(gaps.1) > of(gaps.0) + 0.1
}

fn rate(measured: &Measured, target: &str) -> String {
    let found = measured.totals.targets.iter().find(|totals| totals.target == target);
    found.and_then(|totals| totals.pass_rate).map_or_else(|| "unknown".to_owned(), |estimate| format!("{} %", points(Some(&estimate))))
}

/// Percent or points with their interval.
fn points(estimate: Option<&Estimate>) -> String {
    let Some(estimate) = estimate else { return "unknown".to_owned() };
    let interval = estimate.interval.map_or_else(|| " [unknown]".to_owned(), |i| format!(" [{:.1}, {:.1}]", 100.0 * i.low, 100.0 * i.high));
    format!("{:.1}{interval}", 100.0 * estimate.value)
}

fn shortened(cases: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = if cases.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", cases.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", "))
}
