//! Why cases failed: as a share over runs, and how much of it is ours to mend.

use super::super::chart::{Bars, Fill, Layer, swatch};
use super::super::html::{Html, html};
use super::super::show::{count, moment, time};
use super::figure::{points, rate};
use super::{number, run_address, scale};
use crate::evals::{CauseNote, Run};
use crate::route::Ask;
use crate::state::Console;
use jeton_eval::causes::{Cause, Label, Level};
use std::collections::BTreeMap;

/// What is drawn as one, for thirteen colours cannot be told from each other.
const GROUPS: [(&str, Fill, &[Cause]); 6] = [
    ("context", Fill::Class("a1"), &[Cause::ContextMissing, Cause::ContextStale, Cause::ContextDistracting]),
    ("tools, limits, form, rules", Fill::Class("a2"), &[Cause::Tool, Cause::Limit, Cause::Refusal, Cause::Format, Cause::Constraint]),
    ("model, or chance", Fill::Class("a3"), &[Cause::Model, Cause::Random]),
    ("provider", Fill::Class("b1"), &[Cause::Provider]),
    ("grader", Fill::Pattern("hatch-warn"), &[Cause::Grader]),
    ("undetermined", Fill::Pattern("hatch-soft"), &[Cause::Undetermined]),
];

/// How many labels have each cause.
fn counts(labels: &[Label]) -> BTreeMap<Cause, usize> {
    labels.iter().fold(BTreeMap::new(), |mut counts, label| {
        *counts.entry(label.cause).or_insert(0) += 1;
        counts
    })
}

/// Shares of causes over the runs that were examined.
pub(super) fn over_time(console: &Console, ask: &Ask, history: &[(Run, Option<CauseNote>)]) -> Html {
    let examined: Vec<(&Run, &CauseNote)> =
        history.iter().filter_map(|(run, note)| Some((run, note.as_ref()?))).filter(|(_, note)| !note.said.labels.is_empty()).collect();
    let Some((_, newest)) = examined.last() else {
        return html!(
            "<section><div class=\"head\"><h2>Why cases failed</h2></div><p class=\"nothing\">Unknown: nobody has asked. <code>jeton eval causes RUN</code> establishes it, from the record first and by experiments.</p></section>"
        );
    };
    html!(
        "<section><div class=\"head\"><h2>Why cases failed</h2><p>Shares of the rows that did not pass, in the {} that were examined.</p><p class=\"legend\">{}</p></div>{}{}{}</section>",
        number(examined.len(), "run"),
        legend(),
        drawing(console, &examined),
        table(console, ask, &examined),
        gaps(newest)
    )
}

fn legend() -> Html {
    GROUPS.iter().map(|(name, fill, _)| html!("<span>{}{}</span>", swatch(*fill), *name)).collect()
}

#[allow(clippy::cast_precision_loss)]
fn drawing(console: &Console, examined: &[(&Run, &CauseNote)]) -> Html {
    let share = |note: &CauseNote, group: &[Cause]| {
        let found = note.said.labels.iter().filter(|label| group.contains(&label.cause)).count();
        100.0 * found as f64 / note.said.labels.len().max(1) as f64
    };
    let layers: Vec<Layer> =
        GROUPS.iter().map(|(_, fill, group)| Layer { fill: *fill, values: examined.iter().map(|(_, note)| share(note, group)).collect() }).collect();
    let written = scale(console, examined.iter().map(|(run, _)| run.head.started));
    let ticks: Vec<(usize, String)> = examined.iter().enumerate().map(|(place, (run, _))| (place, moment(run.head.started, &console.zone, written))).collect();
    let step = ticks.len().div_ceil(4).max(1);
    let shown: Vec<(usize, String)> = ticks.into_iter().step_by(step).collect();
    let bars =
        Bars { up: &layers, down: &[], height: 120.0, ticks: &[], label: "Causes of failures as shares; the table has the figures", most: &|_| String::new() };
    html!("<div class=\"few-bars\">{}{}</div>", bars.draw(), super::super::chart::clock(&shown, examined.len()))
}

fn table(console: &Console, ask: &Ask, examined: &[(&Run, &CauseNote)]) -> Html {
    let all: Vec<BTreeMap<Cause, usize>> = examined.iter().map(|(_, note)| counts(&note.said.labels)).collect();
    let causes: Vec<Cause> = Cause::ALL.into_iter().filter(|cause| all.iter().any(|counts| counts.contains_key(cause))).collect();
    let heads: Html = examined
        .iter()
        .map(|(run, _)| {
            let when = time(run.head.started, &console.zone, "%-d %b %H:%M");
            html!("<th scope=\"col\" class=\"num\"><a href=\"{}\">{}</a></th>", run_address(ask, &run.head.id), when)
        })
        .collect();
    let row = |cause: &Cause| {
        let cells: Html = all
            .iter()
            .zip(examined)
            .map(|(counts, (_, note))| {
                let found = counts.get(cause).copied().unwrap_or(0);
                html!("<td class=\"num\">{} <span class=\"soft\">of {}</span></td>", count(found as u64), count(note.said.labels.len() as u64))
            })
            .collect();
        html!("<tr><th scope=\"row\">{}<span class=\"sub\">{}</span></th>{}</tr>", cause.name(), cause.owner(), cells)
    };
    html!(
        "<details class=\"alternative\" open><summary>As a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Causes by run\"><table class=\"plain\"><thead><tr><th scope=\"col\">Cause, and who mends it</th>{}</tr></thead><tbody>{}</tbody></table></div></details>",
        heads,
        causes.iter().map(row).collect::<Html>()
    )
}

/// How much of what fails is ours to mend.
pub(super) fn gaps(note: &CauseNote) -> Html {
    if note.said.gaps.is_empty() {
        return Html::EMPTY;
    }
    let row = |gap: &jeton_eval::causes::Gap| {
        html!(
            "<tr><th scope=\"row\">{}<span class=\"sub\">{}</span></th><td><span class=\"what\">as it is </span>{}</td><td><span class=\"what\">at its best </span>{}</td>\
             <td><span class=\"what\">environment gap </span>{}</td><td><span class=\"what\">model gap </span>{}</td></tr>",
            gap.target,
            number(gap.cases, "case"),
            rate(gap.actual.as_ref()),
            rate(gap.oracle.as_ref()),
            points(gap.environment.as_ref()),
            points(gap.model.as_ref())
        )
    };
    html!(
        "<h3>What is ours to mend</h3><p class=\"soft\">The environment gap is what context, tools and limits can win; the model gap is what only another model, or another task, can.</p>\
         <div class=\"units\"><table><thead><tr><th scope=\"col\">Target</th><th scope=\"col\">Passes as it is</th><th scope=\"col\">Environment at its best</th><th scope=\"col\">Environment gap</th><th scope=\"col\">Model gap</th></tr></thead><tbody>{}</tbody></table></div>",
        note.said.gaps.iter().map(row).collect::<Html>()
    )
}

/// On what a label stands, in words.
pub(super) const fn evidence(level: Level) -> &'static str {
    match level {
        Level::L3 => "the record proves it",
        Level::L2 => "an experiment shows it",
        Level::L1 => "it looks like others that were examined",
        Level::L0 => "nothing shows it",
    }
}

/// The causes of one run, as a table.
pub(super) fn of_run(ask: &Ask, note: &CauseNote) -> Html {
    let all = counts(&note.said.labels);
    let row = |(cause, found): (&Cause, &usize)| {
        let at = |level: Level| count(note.said.labels.iter().filter(|label| label.cause == *cause && label.level == level).count() as u64);
        html!(
            "<tr><th scope=\"row\">{}<span class=\"sub\">{}</span></th><td class=\"num\"><span class=\"what\">rows </span>{}</td><td class=\"num\"><span class=\"what\">by the record </span>{}</td>\
             <td class=\"num\"><span class=\"what\">by experiment </span>{}</td><td class=\"num\"><span class=\"what\">by likeness </span>{}</td></tr>",
            cause.name(),
            cause.owner(),
            count(*found as u64),
            at(Level::L3),
            at(Level::L2),
            at(Level::L1)
        )
    };
    let cut = if note.said.is_cut { " The bound on calls ended it before its time." } else { "" };
    html!(
        "<p class=\"soft\">{} were labelled, with {} for {}.{}</p><div class=\"units\"><table><thead><tr><th scope=\"col\">Cause, and who mends it</th><th scope=\"col\" class=\"num\">Rows</th>\
         <th scope=\"col\" class=\"num\">By the record</th><th scope=\"col\" class=\"num\">By experiment</th><th scope=\"col\" class=\"num\">By likeness</th></tr></thead><tbody>{}</tbody></table></div>{}",
        number(note.said.labels.len(), "row"),
        number(usize::try_from(note.said.calls).unwrap_or(usize::MAX), "call"),
        note.said.experiments.as_ref().map_or_else(|| html!("experiments"), |run| html!("<a href=\"{}\">experiments</a>", run_address(ask, run))),
        cut,
        all.iter().map(row).collect::<Html>(),
        gaps(note)
    )
}
