//! One run: what was asked for, what it came to by target, tag and grader, what went wrong, and its rows.

use super::super::html::{Html, html};
use super::super::show::{count, money, percent, short_count, span_ms, unknown};
use super::chart::rate_bar;
use super::figure::{milliseconds, pass_rate, percent_span, points, rate, simulated, usd};
use super::overview::{bar, cost, progress};
use super::suite::could_be;
use super::{age, crumbs, line, number, reasons, rows, state};
use crate::evals::{self, GateNote, Run, is_valid};
use crate::route::Ask;
use crate::state::Console;
use jeton_allocate::verdict::Decision;
use jeton_allocate::{Estimate, Interval};
use jeton_core::Fault;
use jeton_eval::gate::Question;
use jeton_eval::repeats::PassK;
use jeton_eval::totals::TargetTotals;
use std::collections::BTreeSet;

pub(super) fn sections(console: &Console, ask: &Ask, run: &Run) -> Result<Html, Fault> {
    let head = &run.head;
    let gates = evals::gates(console, &head.id)?;
    let mut text = html!(
        "<header class=\"title\">{}<h2 class=\"mono\">{}</h2><p>{} <span class=\"soft\">&middot; {}</span></p></header><dl class=\"leaders narrow\">{}</dl>",
        crumbs(ask, head, false),
        head.id,
        progress(run),
        age(ask.now, head.started, console),
        facts(run)
    );
    text.push(&gate_lines(&gates));
    text.push(&targets(run));
    text.push(&repeats(run));
    text.push(&by_tag(run));
    text.push(&by_grader(run));
    text.push(&faults(run));
    let causes = match evals::causes(console, &head.id)? {
        Some(note) => reasons::of_run(ask, &note),
        None => html!("<p class=\"nothing\">Unknown: nobody has asked. <code>jeton eval causes {}</code> establishes it.</p>", head.id),
    };
    text.push(&html!("<section><div class=\"head\"><h2>Why cases failed</h2></div>{}</section>", causes));
    text.push(&rows::section(console, ask, run)?);
    Ok(text)
}

fn facts(run: &Run) -> Html {
    let head = &run.head;
    let choice = &head.choice;
    let mut lines = line("Suite's file", &html!("<span class=\"mono\">{}</span>", head.file));
    lines.push(&line("Cases", &html!("{}, each {} under each target", number(head.cases, "case"), times(choice.repeats))));
    let mut only = |name: &str, items: &[String]| {
        if !items.is_empty() {
            lines.push(&line(name, &html!("{}", items.join(", "))));
        }
    };
    only("Only cases with the tags", &choice.tags);
    only("Only the cases", &choice.cases);
    if let Some(first) = choice.first {
        lines.push(&line("Only the first", &html!("{} of the seeded order", number(first, "case"))));
    }
    lines.push(&line("Seed", &html!("{}", choice.seed)));
    lines.push(&line("Budget", &choice.budget.map_or_else(|| html!("what the accounts allow"), money)));
    if let Some(end) = &run.end {
        let took = if end.took_ms < 1_000 { format!("{} ms", end.took_ms) } else { span_ms(end.took_ms) };
        lines.push(&line("Took", &html!("{}", took)));
    }
    lines.push(&line("Configuration", &html!("<span class=\"mono\">{}</span>", super::super::short_digest(&head.config))));
    lines.push(&line("Suite's digest", &html!("<span class=\"mono\">{}</span>", super::super::short_digest(&head.digest.to_string()))));
    let test = match &head.selftest {
        None => state("warn", "refused", "left out"),
        Some(test) if test.faults.is_empty() => html!("{} <span class=\"soft\">{} checks</span>", state("soft", "ok", "passed"), count(test.checked)),
        Some(test) => state("bad", "failed", &format!("{} wrong", test.faults.len())),
    };
    lines.push(&line("Graders' self-test", &test));
    lines
}

fn times(repeats: u32) -> String {
    if repeats <= 1 { "once".to_owned() } else { format!("{repeats} times") }
}

fn gate_lines(gates: &[GateNote]) -> Html {
    let one = |gate: &GateNote| {
        let gate = &gate.said;
        let (tone, mark, word, more) = match gate.decision {
            Decision::Pass => ("soft", "ok", "yes", None),
            Decision::Fail => ("bad", "failed", "no", None),
            Decision::Undecided { more_cases } => ("warn", "refused", "undecided", more_cases),
            Decision::Invalid => ("bad", "failed", "invalid: too much is missing", None),
        };
        let more = more.map_or(Html::EMPTY, |more| html!(" About {} would decide.", number(usize::try_from(more).unwrap_or(usize::MAX), "more case")));
        let figure = gate.estimates.0.as_ref().map_or(Html::EMPTY, |found| match gate.question {
            Question::AtLeast { .. } => rate(Some(found)),
            Question::NotWorse { .. } => points(Some(found)),
        });
        let rests = html!("On {}{}.", number(gate.taken, "independent group"), if gate.stopped_early { ", decided before the end" } else { "" });
        html!(
            "<li>{}<div><p>{}</p><p>{}</p><p class=\"soft\">{}{}</p></div></li>",
            state(tone, mark, word),
            evals::gate_asked(&gate.question),
            figure,
            rests,
            more
        )
    };
    if gates.is_empty() {
        return Html::EMPTY;
    }
    html!("<section><div class=\"head\"><h2>Gates</h2></div><ul class=\"findings\">{}</ul></section>", gates.iter().map(one).collect::<Html>())
}

fn targets(run: &Run) -> Html {
    let row = |totals: &TargetTotals| {
        html!(
            "<tr><th scope=\"row\">{}{}{}</th><td><span class=\"what\">passes </span>{}</td><td class=\"bar\">{}</td><td><span class=\"what\">could be </span>{}</td>\
             <td class=\"num\"><span class=\"what\">cost </span>{}</td><td><span class=\"what\">per case </span>{}</td><td><span class=\"what\">per success </span>{}</td>\
             <td><span class=\"what\">median </span>{}</td><td><span class=\"what\">95th </span>{}</td></tr>",
            super::super::breakable(&totals.target),
            simulated(totals),
            outcomes(totals),
            pass_rate(totals),
            bar(totals),
            could_be(totals.bounds),
            cost(totals),
            usd(totals.usd_per_case.as_ref(), "The cost of some rows is unknown"),
            usd(totals.usd_per_success.as_ref(), "The cost of some rows is unknown, or nothing succeeded"),
            milliseconds(totals.latency_p50_ms.as_ref()),
            milliseconds(totals.latency_p95_ms.as_ref())
        )
    };
    html!(
        "<section><div class=\"head\"><h2>Totals</h2><p>Recomputed from the rows. “Could be” counts what is missing as failed, and as passed.</p></div><div class=\"units rates wide-table\"><table><thead><tr><th scope=\"col\">Target</th>\
         <th scope=\"col\">Pass rate</th><th scope=\"col\" class=\"bar\"><span class=\"ends\"><span>0</span><span>100 %</span></span></th><th scope=\"col\">Could be</th><th scope=\"col\" class=\"num\">Cost</th><th scope=\"col\">per case</th><th scope=\"col\">per success</th>\
         <th scope=\"col\">Median time</th><th scope=\"col\">95th</th></tr></thead><tbody>{}</tbody></table></div></section>",
        run.totals.targets.iter().map(row).collect::<Html>()
    )
}

/// Whether any and whether all of several attempts at a case pass, where cases were tried more than once.
fn repeats(run: &Run) -> Html {
    let share = |estimate: Option<&Estimate>, bounds: Option<Interval>| {
        let could = bounds.map_or(Html::EMPTY, |bounds| html!("<span class=\"sub\">could be {}</span>", percent_span(bounds)));
        let shown = estimate.map_or_else(|| unknown("No case has so many verdicts"), |found| rate(Some(found)));
        html!("{}{}", shown, could)
    };
    let row = |totals: &TargetTotals, of: &PassK| {
        html!(
            "<tr><th scope=\"row\">{}</th><td class=\"num\"><span class=\"what\">attempts </span>{}</td><td><span class=\"what\">any passes </span>{}</td>\
             <td><span class=\"what\">all pass </span>{}</td><td class=\"num\"><span class=\"what\">too few verdicts </span>{}</td></tr>",
            super::super::breakable(&totals.target),
            count(of.k),
            share(of.pass_at_k.as_ref(), of.pass_at_k_bounds),
            share(of.pass_hat_k.as_ref(), of.pass_hat_k_bounds),
            count(of.cases_short as u64)
        )
    };
    let valid = run.totals.targets.iter().filter(|totals| is_valid(totals));
    let rows: Vec<Html> = valid.flat_map(|totals| totals.pass_k.iter().map(move |of| row(totals, of))).collect();
    if rows.is_empty() {
        return Html::EMPTY;
    }
    html!(
        "<section><div class=\"head\"><h2>Repeats</h2><p>Of k attempts at a case: whether any passes (pass@k), and whether all do (pass^k).</p></div><div class=\"units\"><table><thead><tr><th scope=\"col\">Target</th>\
         <th scope=\"col\" class=\"num\">k</th><th scope=\"col\">pass@k</th><th scope=\"col\">pass^k</th><th scope=\"col\" class=\"num\">Cases with too few verdicts</th></tr></thead><tbody>{}</tbody></table></div></section>",
        rows.into_iter().collect::<Html>()
    )
}

fn outcomes(totals: &TargetTotals) -> Html {
    let mut parts = vec![format!("{} passed", count(totals.passed as u64)), format!("{} failed", count(totals.failed as u64))];
    for (rows, name) in [(totals.unscored, "without a verdict"), (totals.errors, "without an answer"), (totals.cached, "from earlier runs")] {
        if rows > 0 {
            parts.push(format!("{} {name}", count(rows as u64)));
        }
    }
    let tokens = |found: Option<u64>| found.map_or_else(|| unknown("Some tokens are unknown"), |tokens| html!("{}", short_count(tokens)));
    html!("<span class=\"sub\">{}; {} tokens in, {} out</span>", parts.join(", "), tokens(totals.tokens_in), tokens(totals.tokens_out))
}

fn by_tag(run: &Run) -> Html {
    let tags: BTreeSet<&String> = run.totals.targets.iter().flat_map(|totals| totals.tags.keys()).collect();
    if tags.is_empty() {
        return Html::EMPTY;
    }
    let heads: Html = run.totals.targets.iter().map(|totals| html!("<th scope=\"col\">{}</th>", totals.target)).collect();
    let cell = |totals: &TargetTotals, tag: &String| {
        let shown = match totals.tags.get(tag) {
            Some(found) if is_valid(totals) => html!("{}{}", rate(found.as_ref()), rate_bar(found.as_ref(), None)),
            Some(_) => unknown("The target is invalid: too much is missing"),
            None => unknown("No row has this tag"),
        };
        html!("<td class=\"tagged\"><span class=\"what\">{} </span>{}</td>", totals.target, shown)
    };
    let row = |tag: &&String| html!("<tr><th scope=\"row\">{}</th>{}</tr>", **tag, run.totals.targets.iter().map(|totals| cell(totals, tag)).collect::<Html>());
    html!(
        "<section><div class=\"head\"><h2>By tag</h2></div><div class=\"units\"><table><thead><tr><th scope=\"col\">Tag</th>{}</tr></thead><tbody>{}</tbody></table></div></section>",
        heads,
        tags.iter().map(row).collect::<Html>()
    )
}

fn by_grader(run: &Run) -> Html {
    let lines = run.totals.targets.iter().flat_map(|totals| totals.graders.iter().map(move |(name, grader)| (totals, name, grader)));
    let rows: Html = lines
        .map(|(totals, name, grader)| {
            html!(
                "<tr><th scope=\"row\">{}</th><td><span class=\"what\">target </span>{}</td><td class=\"num\"><span class=\"what\">passed </span>{}</td><td class=\"num\"><span class=\"what\">failed </span>{}</td>\
                 <td class=\"num\"><span class=\"what\">no verdict </span>{}</td></tr>",
                name,
                totals.target,
                count(grader.passed as u64),
                count(grader.failed as u64),
                count(grader.unscored as u64)
            )
        })
        .collect();
    if rows == Html::EMPTY {
        return Html::EMPTY;
    }
    html!(
        "<section><div class=\"head\"><h2>By grader</h2></div><div class=\"units\"><table><thead><tr><th scope=\"col\">Grader</th><th scope=\"col\">Target</th><th scope=\"col\" class=\"num\">Passed</th><th scope=\"col\" class=\"num\">Failed</th>\
         <th scope=\"col\" class=\"num\">No verdict</th></tr></thead><tbody>{}</tbody></table></div></section>",
        rows
    )
}

fn faults(run: &Run) -> Html {
    let rows: Html = run
        .totals
        .targets
        .iter()
        .flat_map(|totals| totals.faults.iter().map(move |(code, rows)| (totals, code, *rows)))
        .map(|(totals, code, rows)| {
            let share = percent(rows as f64 / totals.cells.max(1) as f64);
            html!(
                "<tr><th scope=\"row\" class=\"mono\">{}</th><td><span class=\"what\">target </span>{}</td><td class=\"num\"><span class=\"what\">rows </span>{} of {} <span class=\"soft\">{}</span></td></tr>",
                code,
                totals.target,
                count(rows as u64),
                count(totals.cells as u64),
                share
            )
        })
        .collect();
    if rows == Html::EMPTY {
        return Html::EMPTY;
    }
    html!(
        "<section><div class=\"head\"><h2>Without an answer</h2><p>Missing data, never a wrong answer.</p></div><div class=\"units\"><table><thead><tr><th scope=\"col\">Fault</th><th scope=\"col\">Target</th><th scope=\"col\" class=\"num\">Rows</th></tr></thead>\
         <tbody>{}</tbody></table></div></section>",
        rows
    )
}
