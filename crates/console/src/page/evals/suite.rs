//! One suite: rates over runs, quality against cost, whether the suite is sound, and why cases failed.

use super::super::html::{Html, html};
use super::super::show::{moment, time, unknown};
use super::chart::{Point, Standing, against_cost, moments, over_time};
use super::figure::{pass_rate, percent_span, simulated, usd};
use super::overview::{banner, progress};
use super::{compare, health, kept_theme, live, number, reasons, run_address, scale, state};
use crate::evals::{self, CauseNote, Run, is_valid};
use crate::route::Ask;
use crate::state::Console;
use jeton_core::Fault;
use std::collections::BTreeSet;

/// How many runs are drawn and listed.
const RUNS_SHOWN: u64 = 30;

pub(super) fn sections(console: &Console, ask: &Ask, name: &str) -> Result<Html, Fault> {
    let history = evals::history(console, name, RUNS_SHOWN)?;
    let health = evals::health(console, name, ask.now)?;
    let alarms: Html = health.alarms.iter().take(3).map(|alarm| banner(console, alarm)).collect();
    let last = &health.last;
    let mut text = html!(
        "{}<header class=\"title\"><p class=\"crumbs\">Suite</p><h2>{}</h2><p class=\"soft\">{}{}</p></header>",
        alarms,
        name,
        last.head.class.as_ref().map_or(Html::EMPTY, |class| html!("for the class {} &middot; ", class)),
        html!("<span class=\"mono\">{}</span>", last.head.file)
    );
    text.push(&over_runs(console, ask, &history));
    text.push(&quality_against_cost(last));
    text.push(&health::soundness(console, ask, &health));
    text.push(&live::section(console, name)?);
    text.push(&reasons::over_time(console, ask, &history));
    text.push(&to_compare(ask, &history));
    Ok(text)
}

/// Names of all targets of these runs, those of the newest first, in their order.
fn targets(history: &[(Run, Option<CauseNote>)]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = history.iter().rev().flat_map(|(run, _)| run.totals.targets.iter().map(|target| target.target.clone()));
    all.filter(|name| seen.insert(name.clone())).collect()
}

fn over_runs(console: &Console, ask: &Ask, history: &[(Run, Option<CauseNote>)]) -> Html {
    let names = targets(history);
    let strips: Html = names.iter().map(|name| strip(console, history, name)).collect();
    let rows: Html = history.iter().rev().map(|(run, _)| row(console, ask, run, &names)).collect();
    let heads: Html = names.iter().map(|name| html!("<th scope=\"col\">{}</th>", name)).collect();
    html!(
        "<section><div class=\"head\"><h2>Pass rate over runs</h2><p>{}, the newest on the right, each with its 95 % interval; an invalid target shows what it could be.</p></div><div class=\"strips\">{}</div>\
         <details class=\"alternative\" open><summary>As a table</summary><div class=\"units runs\"><table><thead><tr><th scope=\"col\">Run</th>{}</tr></thead><tbody>{}</tbody></table></div></details></section>",
        number(history.len(), "run"),
        strips,
        heads,
        rows
    )
}

fn strip(console: &Console, history: &[(Run, Option<CauseNote>)], name: &str) -> Html {
    let with: Vec<_> = history.iter().filter_map(|(run, _)| Some((run, run.target(name)?))).collect();
    let written = scale(console, history.iter().map(|(run, _)| run.head.started));
    let points: Vec<Point> = with
        .iter()
        .map(|(run, totals)| Point {
            rate: totals.pass_rate.filter(|_| is_valid(totals)),
            bounds: totals.bounds.filter(|_| totals.cells > 0),
            when: moment(run.head.started, &console.zone, written),
        })
        .collect();
    let Some((_, newest)) = with.last() else { return Html::EMPTY };
    let label = format!("Pass rates of {name} in {} runs; the table has the figures", points.len());
    html!(
        "<div class=\"strip\"><div class=\"label\"><p class=\"title\">{}{}</p><div class=\"total\">{}</div></div><div>{}{}</div></div>",
        name,
        simulated(newest),
        pass_rate(newest),
        over_time(&points, &label),
        moments(&points)
    )
}

fn row(console: &Console, ask: &Ask, run: &Run, names: &[String]) -> Html {
    let cells: Html = names
        .iter()
        .map(|name| {
            let shown = run.target(name).map_or_else(|| unknown("Not in this run"), |totals| html!("{}{}", pass_rate(totals), simulated(totals)));
            html!("<td><span class=\"what\">{} </span>{}</td>", name, shown)
        })
        .collect();
    html!(
        "<tr><th scope=\"row\"><a href=\"{}\">{}</a><span class=\"sub\">{} {}</span></th>{}</tr>",
        run_address(ask, &run.head.id),
        run.head.id,
        time(run.head.started, &console.zone, "%-d %b %Y %H:%M"),
        progress(run),
        cells
    )
}

/// Quality against cost of the newest run, with the frontier.
pub(super) fn quality_against_cost(run: &Run) -> Html {
    let best = evals::frontier(&run.totals);
    let drawn: Vec<Standing> = run
        .totals
        .targets
        .iter()
        .enumerate()
        .filter_map(|(place, totals)| {
            Some(Standing {
                number: place + 1,
                usd: totals.usd_per_case?,
                rate: totals.pass_rate.filter(|_| is_valid(totals))?,
                is_best: best.contains(&place),
            })
        })
        .collect();
    let rows: Html = run
        .totals
        .targets
        .iter()
        .enumerate()
        .map(|(place, totals)| {
            let is_drawn = drawn.iter().any(|one| one.number == place + 1);
            let standing = match (best.contains(&place), is_drawn) {
                (true, _) => state("soft", "ok", "on the frontier"),
                (false, true) => html!("<span class=\"soft\">another is as good and cheaper, or better</span>"),
                (false, false) => html!("<span class=\"soft\">not drawn: invalid, or of unknown cost</span>"),
            };
            html!(
                "<tr><th scope=\"row\">{}&ensp;{}{}</th><td><span class=\"what\">passes </span>{}</td><td><span class=\"what\">per case </span>{}</td><td><span class=\"what\">per success </span>{}</td><td class=\"wrap\">{}</td></tr>",
                place + 1,
                totals.target,
                simulated(totals),
                pass_rate(totals),
                usd(totals.usd_per_case.as_ref(), "The cost of some rows is unknown"),
                usd(totals.usd_per_success.as_ref(), "The cost of some rows is unknown, or nothing succeeded"),
                standing
            )
        })
        .collect();
    let drawing = if drawn.is_empty() {
        html!("<p class=\"nothing\">No target of the newest run has both a valid rate and a known cost.</p>")
    } else {
        against_cost(&drawn, "Pass rate against cost per case; the table has the figures")
    };
    html!(
        "<section><div class=\"head\"><h2>Quality against cost</h2><p>Of the newest run. The stair is the best that each price has bought, by point estimates: where intervals overlap, more cases are needed to tell.</p></div>{}\
         <div class=\"units\"><table><thead><tr><th scope=\"col\">Target</th><th scope=\"col\">Pass rate</th><th scope=\"col\">Cost per case</th><th scope=\"col\">Cost per success</th><th scope=\"col\">Standing</th></tr></thead>\
         <tbody>{}</tbody></table></div></section>",
        drawing,
        rows
    )
}

/// A form that leads to a comparison of two of these runs.
fn to_compare(ask: &Ask, history: &[(Run, Option<CauseNote>)]) -> Html {
    let options = compare::options(history.iter().rev().map(|(run, _)| run));
    if options.len() < 2 {
        return Html::EMPTY;
    }
    // Suites name what is there first and what is to be tried after it; with one target, a run is compared with the run before.
    let several = history.last().is_some_and(|(run, _)| run.head.targets.len() > 1);
    let (baseline, candidate) = if several { (0, 1) } else { (1, 0) };
    let name = |place: usize| options.get(place).map_or("", |one| &one.0);
    html!(
        "<section><div class=\"head\"><h2>Compare</h2><p>Two targets of these runs, on the cases that both have.</p></div>{}</section>",
        compare::form(ask, &options, name(baseline), name(candidate), kept_theme(ask))
    )
}

/// `could be 40–80 %`, for what is invalid.
pub(super) fn could_be(bounds: Option<jeton_allocate::Interval>) -> Html {
    bounds.map_or_else(|| unknown("No row so far"), |bounds| html!("{}", percent_span(bounds)))
}
