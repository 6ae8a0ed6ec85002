//! One case of a run: each answer with its grades, the context that it was given, and why it failed.

use super::super::html::{Html, html};
use super::super::show::{count, duration_us, money, short_count, time, unknown};
use super::reasons::evidence;
use super::rows::outcome;
use super::{case_address, crumbs, line, number, state};
use crate::evals::{self, Asked, CauseNote, Label};
use crate::route::Ask;
use crate::state::Console;
use jeton_context::secret;
use jeton_core::Fault;
use jeton_eval::causes::{self, Tried};
use jeton_eval::run::RunHead;
use jeton_eval::{Answer, ContextUse, Grade, Row, UnitUse, Verdict};
use std::collections::BTreeSet;

fn masked(text: &str) -> String {
    secret::mask(text).0.into_owned()
}

pub(super) fn sections(console: &Console, ask: &Ask, head: &RunHead, case: &str) -> Result<Html, Fault> {
    let rows = evals::case_rows(console, head, case)?;
    let note = evals::causes(console, &head.id)?;
    let wanted = ask.text("target").filter(|target| rows.iter().any(|row| row.cell.target == *target));
    let first = &rows[0];
    let asked = evals::suite_now(console, head).and_then(|suite| evals::asked(&suite, head, case));
    let mut text = html!(
        "<header class=\"title\">{}<h2>{}</h2><p class=\"soft\">group {}{}</p></header>{}{}",
        crumbs(ask, head, true),
        super::super::breakable(case),
        first.cluster,
        if first.tags.is_empty() { String::new() } else { format!(" · {}", first.tags.join(", ")) },
        html!("<section>{}</section>", question(asked.as_ref(), &head.file)),
        targets(ask, head, case, &rows, wanted)
    );
    for row in rows.iter().filter(|row| wanted.is_none_or(|target| row.cell.target == target)) {
        let labels = evals::labels_of(console, &head.id, &row.cell)?;
        text.push(&article(console, ask, row, note.as_ref(), &labels));
    }
    Ok(text)
}

/// What the case asks, and what is right.
pub(super) fn question(asked: Option<&Asked>, file: &str) -> Html {
    let Some(asked) = asked else {
        return html!(
            "<p class=\"nothing\">What it asks stands in <span class=\"mono\">{}</span>, which has no such case now, or cannot be read from here.</p>",
            file
        );
    };
    let alone = asked.turns.len() == 1;
    let turn = |(who, text): &(&'static str, String)| {
        let who = if alone { Html::EMPTY } else { html!("<p class=\"sub\">{}</p>", *who) };
        html!("{}<pre class=\"text\" tabindex=\"0\">{}</pre>", who, masked(text))
    };
    let changed =
        if asked.is_changed { html!("<p class=\"soft\">The suite has changed since this run: this is how the case reads now.</p>") } else { Html::EMPTY };
    let right: Html = asked.references.iter().map(|text| html!("<pre class=\"text\" tabindex=\"0\">{}</pre>", masked(text))).collect();
    let heading = if asked.references.len() > 1 { "Right is any of" } else { "Right is" };
    let right = if right == Html::EMPTY { Html::EMPTY } else { html!("<div><h3>{}</h3>{}</div>", heading, right) };
    html!("<div class=\"two\"><div><h3>Asked</h3>{}{}</div>{}</div>", changed, asked.turns.iter().map(turn).collect::<Html>(), right)
}

/// Links to the answers of each target.
fn targets(ask: &Ask, head: &RunHead, case: &str, rows: &[Row], wanted: Option<&str>) -> Html {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.cell.target.as_str()).collect();
    let link = |name: &str, shown: &str| {
        let mark = if wanted.unwrap_or_default() == name { html!(" aria-current=\"true\"") } else { Html::EMPTY };
        html!("<li><a href=\"{}\"{}>{}</a></li>", case_address(ask, &head.id, case, name), mark, shown)
    };
    let links: Html = names.iter().map(|name| link(name, name)).collect();
    html!("<nav aria-label=\"Targets\"><ul class=\"tally filters\">{}{}</ul></nav>", link("", "all targets"), links)
}

fn article(console: &Console, ask: &Ask, row: &Row, note: Option<&CauseNote>, labels: &[Label]) -> Html {
    let repeat = if row.cell.repeat > 0 { format!(", repeat {}", row.cell.repeat) } else { String::new() };
    let sim = row.answer.as_ref().filter(|answer| answer.is_simulated).map_or(Html::EMPTY, |_| html!(" <span class=\"tag\">sim</span>"));
    let mut text = html!(
        "<div class=\"head\"><h2>{}{}{}</h2><p>{}</p></div><div class=\"two\"><div>{}{}</div><div><dl class=\"leaders\">{}</dl>{}</div></div>",
        row.cell.target,
        repeat,
        sim,
        outcome(row.outcome),
        said(row),
        grades(&row.grades),
        facts(row),
        context(ask, row.context.as_ref())
    );
    text.push(&cause(ask, row, note));
    if !labels.is_empty() {
        text.push(&html!("<h3>What people said</h3><ul class=\"findings\">{}</ul>", labels.iter().map(|label| spoken(console, label)).collect::<Html>()));
    }
    html!("<section id=\"row-{}\">{}</section>", row.launch, text)
}

/// A person's label.
pub(super) fn spoken(console: &Console, label: &Label) -> Html {
    let (tone, mark, word) = if label.said.verdict == Verdict::Pass { ("soft", "ok", "pass") } else { ("bad", "failed", "fail") };
    let comment = label.said.comment.as_ref().map_or_else(|| html!("<span class=\"soft\">no comment</span>"), |comment| html!("{}", masked(comment)));
    html!(
        "<li>{}<div><p>{}</p><p class=\"sub\">{}, {} &middot; {}</p></div></li>",
        state(tone, mark, word),
        comment,
        label.said.by,
        time(label.at, &console.zone, "%-d %b %Y %H:%M"),
        label.said.grader
    )
}

/// The answer, or why there is none.
fn said(row: &Row) -> Html {
    if let Some(fault) = &row.fault {
        let status = fault.status.map_or(Html::EMPTY, |status| html!(", HTTP {}", status));
        let receipt = fault.call.as_ref().map_or(Html::EMPTY, |call| html!(" <a href=\"/calls/{}\">Its receipt</a>", call));
        return html!(
            "<h3>There is no answer</h3><div class=\"fault\"><b>{}</b> <span class=\"mono\">{}</span>{}.{}</div>",
            masked(&fault.message),
            fault.code,
            status,
            receipt
        );
    }
    let Some(answer) = &row.answer else { return html!("<h3>Answer</h3><p class=\"nothing\">The row has none.</p>") };
    html!("<h3>Answer</h3>{}{}", answer_text(answer), tools(answer))
}

/// The text of an answer, secrets masked.
pub(super) fn answer_text(answer: &Answer) -> Html {
    if answer.text.trim().is_empty() {
        html!("<p class=\"nothing\">It has no text.</p>")
    } else {
        html!("<pre class=\"text\" tabindex=\"0\">{}</pre>", masked(&answer.text))
    }
}

fn tools(answer: &Answer) -> Html {
    if answer.tools.is_empty() {
        return Html::EMPTY;
    }
    let items: Html = answer.tools.iter().map(|tool| html!("<li><b>{}</b> <code>{}</code></li>", tool.name, masked(&tool.arguments.to_string()))).collect();
    html!("<h3>Tools that it calls</h3><ol class=\"plain-list\">{}</ol>", items)
}

fn grades(grades: &[Grade]) -> Html {
    if grades.is_empty() {
        return html!("<h3>Grades</h3><p class=\"nothing\">No grader has judged it.</p>");
    }
    let item = |grade: &Grade| {
        let (tone, mark, word) = match grade.verdict {
            Verdict::Pass => ("soft", "ok", "pass"),
            Verdict::Fail => ("bad", "failed", "fail"),
            Verdict::Unscored => ("warn", "refused", "no verdict"),
        };
        let score = grade.score.map_or(Html::EMPTY, |score| html!(" &middot; score {}", format!("{score:.2}")));
        let at = grade.at.as_ref().map_or(Html::EMPTY, |at| html!(" &middot; at <span class=\"mono\">{}</span>", at));
        let told = if grade.weight > 0.0 { "" } else { " · decides nothing" };
        let why = if grade.why.is_empty() { html!("<span class=\"soft\">no reason given</span>") } else { super::super::prose(&masked(&grade.why)) };
        let calls: Html = grade.calls.iter().map(|call| html!(" <a href=\"/calls/{}\">receipt</a>", call)).collect();
        html!("<li>{}<div><p>{}</p><p class=\"sub\">{}{}{}{}{}</p></div></li>", state(tone, mark, word), why, grade.grader, score, at, told, calls)
    };
    html!("<h3>Grades</h3><ul class=\"findings\">{}</ul>", grades.iter().map(item).collect::<Html>())
}

fn facts(row: &Row) -> Html {
    let mut lines = line("Cost", &row.cost.map_or_else(|| unknown("The cost is unknown"), money));
    let Some(answer) = &row.answer else { return lines };
    let tokens = |found: Option<u64>| found.map_or_else(|| unknown("The provider did not say"), |tokens| html!("{}", short_count(tokens)));
    lines.push(&line("Model", &answer.model.as_ref().map_or_else(|| unknown("No model is named"), |model| super::super::breakable(model))));
    lines.push(&line("Ended with", &answer.finish.as_ref().map_or_else(|| unknown("The provider did not say"), |finish| html!("{}", finish))));
    lines.push(&line("Tokens in, out", &html!("{}, {}", tokens(answer.tokens_in), tokens(answer.tokens_out))));
    let took = if row.is_cached { html!("<span class=\"soft\">taken from an earlier run</span>") } else { html!("{}", duration_us(answer.latency_us)) };
    lines.push(&line("Time", &took));
    if answer.tries > 1 {
        lines.push(&line("Tries", &html!("{}", u64::from(answer.tries))));
    }
    let receipt =
        answer.call.as_ref().map_or_else(|| html!("<span class=\"soft\">no model was called</span>"), |call| html!("<a href=\"/calls/{}\">{}</a>", call, call));
    lines.push(&line("Receipt", &receipt));
    lines
}

fn unit_link(ask: &Ask, id: &str) -> Html {
    let theme = ask.text("theme").map_or_else(String::new, |theme| format!("&theme={theme}"));
    html!("<a href=\"/context/unit?id={}{}\">{}</a>", super::percent_encoded(id), theme, super::super::breakable(id))
}

/// The manifest of the context that the call was given.
fn context(ask: &Ask, context: Option<&ContextUse>) -> Html {
    let Some(context) = context else { return html!("<h3>Context</h3><p class=\"nothing\">The call was given none.</p>") };
    let row = |unit: &UnitUse| {
        let standing = unit.standing.as_ref().map_or(Html::EMPTY, |word| html!(" {}", state("bad", "failed", word)));
        html!("<tr><th scope=\"row\">{}{}</th><td>{}</td><td class=\"num\">{}</td></tr>", unit_link(ask, &unit.unit), standing, unit.view, count(unit.tokens))
    };
    let mut text = html!(
        "<h3>Context</h3><p class=\"soft\">{} of {} in {}, by the pack <code>{}</code>.</p>",
        count(context.tokens),
        number(usize::try_from(context.budget_tokens).unwrap_or(usize::MAX), "token"),
        number(context.units.len(), "unit"),
        context.pack
    );
    if !context.units.is_empty() {
        text.push(&html!(
            "<table class=\"plain\"><thead><tr><th scope=\"col\">Unit</th><th scope=\"col\">Shown</th><th scope=\"col\" class=\"num\">Tokens</th></tr></thead><tbody>{}</tbody></table>",
            context.units.iter().map(row).collect::<Html>()
        ));
    }
    if !context.missing.is_empty() {
        let missing = context.missing.iter().map(|(unit, why)| html!("<li>{} <span class=\"soft\">{}</span></li>", unit_link(ask, unit), why));
        text.push(&html!("<h3>Needed, and not in it</h3><ul class=\"plain-list\">{}</ul>", missing.collect::<Html>()));
    }
    for (name, units) in [("Put in by an experiment", &context.inserted), ("Left out by an experiment", &context.left_out)] {
        if !units.is_empty() {
            let items: Html = units.iter().map(|unit| html!("<li>{}</li>", unit_link(ask, unit))).collect();
            text.push(&html!("<h3>{}</h3><ul class=\"plain-list\">{}</ul>", name, items));
        }
    }
    text
}

/// Why the row did not pass, with the experiments that show it.
fn cause(ask: &Ask, row: &Row, note: Option<&CauseNote>) -> Html {
    if row.passed() == Some(true) {
        return Html::EMPTY;
    }
    let label = note.into_iter().flat_map(|note| &note.said.labels).find(|label| label.launch == row.launch);
    let Some(label) = label else {
        return html!("<h3>Why</h3><p class=\"nothing\">Unknown: its cause was not looked for. <code>jeton eval causes</code> establishes it.</p>");
    };
    html!(
        "<h3>Why</h3><p><b>{}</b>{} <span class=\"soft\">{} ({})</span></p><p>{}</p><p class=\"soft\">Mended by {}{}.</p>{}",
        label.cause.name(),
        also(label),
        evidence(label.level),
        format!("{:?}", label.level),
        masked(&label.proof),
        label.cause.owner(),
        label.about.as_ref().map_or(Html::EMPTY, |about| html!("; it is about <span class=\"mono\">{}</span>", about)),
        experiments(ask, label, note.and_then(|note| note.said.experiments.as_deref()))
    )
}

fn also(label: &causes::Label) -> Html {
    let names: Vec<&str> = label.also.iter().map(|cause| cause.name()).collect();
    match (names.is_empty(), label.jointly) {
        (true, _) => Html::EMPTY,
        (false, true) => html!(" together with {}", names.join(", ")),
        (false, false) => html!("; {} alone is enough too", names.join(", ")),
    }
}

/// What was tried; each row leads to its answer in the run of the experiments, where that is known.
fn experiments(ask: &Ask, label: &causes::Label, run: Option<&str>) -> Html {
    if label.tried.is_empty() {
        return Html::EMPTY;
    }
    let opened = |launch: u64| match run {
        Some(run) => html!("<a href=\"{}#row-{}\">{}</a> ", case_address(ask, run, &label.case, ""), launch, launch),
        None => html!("{} ", launch),
    };
    let row = |one: &Tried| {
        let p = one.p.map_or_else(|| html!("<span class=\"soft\">control</span>"), |p| html!("{}", format!("{p:.3}")));
        html!(
            "<tr><th scope=\"row\">{}</th><td class=\"num\"><span class=\"what\">passed </span>{} of {}</td><td class=\"num\"><span class=\"what\">p </span>{}</td><td class=\"wrap\"><span class=\"what\">answers </span>{}</td></tr>",
            one.arm,
            count(one.passed),
            count(one.n),
            p,
            one.rows.iter().map(|launch| opened(*launch)).collect::<Html>()
        )
    };
    html!(
        "<div class=\"units\"><table><thead><tr><th scope=\"col\">Experiment</th><th scope=\"col\" class=\"num\">Passed</th><th scope=\"col\" class=\"num\" title=\"Against no effect, adjusted for the number of arms\">p</th><th scope=\"col\">Answers</th></tr></thead><tbody>{}</tbody></table></div>",
        label.tried.iter().map(row).collect::<Html>()
    )
}
