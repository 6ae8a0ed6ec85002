//! The rows of a run as a table with filters.

use super::super::html::{Html, html};
use super::super::show::{count, duration_us, money, unknown};
use super::{address, case_address, kept_theme, number, state};
use crate::evals::{self, OUTCOMES, Run, outcome_name};
use crate::route::Ask;
use crate::state::Console;
use jeton_context::secret;
use jeton_core::Fault;
use jeton_eval::{Outcome, Row, Verdict};

/// How many rows stand on one page.
const ROWS_SHOWN: usize = 50;
/// How much of an answer a row shows, in characters.
const ANSWER_SHOWN: usize = 140;

pub(super) fn section(console: &Console, ask: &Ask, run: &Run) -> Result<Html, Fault> {
    let rows = evals::rows(console, &run.head.id)?;
    let found = evals::matching(&rows, ask.text("outcome"), ask.text("target"));
    let offset = usize::try_from(ask.integer("offset").unwrap_or(0)).unwrap_or(0).min(found.len());
    let shown: Html = found.iter().skip(offset).take(ROWS_SHOWN).map(|one| row(ask, run, one)).collect();
    let body = if shown == Html::EMPTY {
        html!("<p class=\"nothing\">No row matches. <a href=\"{}\">Show all</a></p>", address(ask, "/run", &[("id", &run.head.id)]))
    } else {
        html!(
            "<div class=\"units cases\"><table><caption class=\"sr\">Rows</caption><thead><tr><th scope=\"col\">Case</th><th scope=\"col\">Target</th><th scope=\"col\">Outcome</th><th scope=\"col\">Answer</th><th scope=\"col\" class=\"num\">Time</th>\
             <th scope=\"col\" class=\"num\">Cost</th></tr></thead><tbody>{}</tbody></table></div>",
            shown
        )
    };
    Ok(html!(
        "<section id=\"rows\"><div class=\"head\"><h2>Rows</h2><p>{} of {}</p></div>{}{}{}</section>",
        count(found.len() as u64),
        number(rows.len(), "row"),
        filters(ask, run),
        body,
        pages(ask, run, offset, found.len())
    ))
}

fn filters(ask: &Ask, run: &Run) -> Html {
    let choices = |names: Vec<&str>, chosen: Option<&str>| -> Html {
        let option = |name: &&str| {
            let mark = if Some(*name) == chosen { html!(" selected") } else { Html::EMPTY };
            html!("<option{}>{}</option>", mark, *name)
        };
        names.iter().map(option).collect()
    };
    html!(
        "<form class=\"asked\" method=\"get\" action=\"/evals/run#rows\" aria-label=\"Which rows\"><input type=\"hidden\" name=\"id\" value=\"{}\"><label>Outcome<select name=\"outcome\"><option value=\"\">any</option>{}</select></label>\
         <label>Target<select name=\"target\"><option value=\"\">all</option>{}</select></label>{}<button type=\"submit\">Show</button></form>",
        run.head.id,
        choices(OUTCOMES.to_vec(), ask.text("outcome")),
        choices(run.head.targets.iter().map(|target| target.name.as_str()).collect(), ask.text("target")),
        kept_theme(ask)
    )
}

fn pages(ask: &Ask, run: &Run, offset: usize, found: usize) -> Html {
    let link = |offset: usize, name: &str| {
        let (outcome, target) = (ask.text("outcome").unwrap_or_default(), ask.text("target").unwrap_or_default());
        let pairs = [("id", run.head.id.as_str()), ("outcome", outcome), ("target", target), ("offset", &offset.to_string())];
        html!("<a href=\"{}#rows\">{}</a>", address(ask, "/run", &pairs), name)
    };
    let before = if offset > 0 { link(offset.saturating_sub(ROWS_SHOWN), "Before") } else { Html::EMPTY };
    let after = if offset + ROWS_SHOWN < found { link(offset + ROWS_SHOWN, "After") } else { Html::EMPTY };
    if before == Html::EMPTY && after == Html::EMPTY {
        return Html::EMPTY;
    }
    html!(
        "<nav class=\"filters pages\" aria-label=\"Pages of rows\"><span class=\"soft\">{}–{}</span>{}{}</nav>",
        offset + 1,
        (offset + ROWS_SHOWN).min(found),
        before,
        after
    )
}

/// How a row ended, with its mark.
pub(super) fn outcome(outcome: Outcome) -> Html {
    let (tone, mark) = match outcome {
        Outcome::Passed => ("soft", "ok"),
        Outcome::Failed => ("bad", "failed"),
        Outcome::Unscored => ("warn", "refused"),
        Outcome::Error => ("warn", "idle"),
    };
    let word = if outcome == Outcome::Error { "no answer" } else { outcome_name(outcome) };
    state(tone, mark, word)
}

/// The beginning of a text.
fn beginning(text: &str) -> String {
    let masked = secret::mask(text).0;
    let mut shown: String = masked.chars().take(ANSWER_SHOWN).collect();
    if masked.chars().count() > ANSWER_SHOWN {
        shown.push('…');
    }
    shown
}

fn row(ask: &Ask, run: &Run, row: &Row) -> Html {
    let said = row.answer.as_ref().map(|answer| html!("{}", beginning(&answer.text)));
    let said = said
        .or_else(|| row.fault.as_ref().map(|fault| html!("<span class=\"soft\">{}</span>", beginning(&fault.message))))
        .unwrap_or_else(|| unknown("Nothing is known of it"));
    let not_met = row.grades.iter().find(|grade| grade.verdict != Verdict::Pass && grade.weight > 0.0);
    let why = not_met.map_or(Html::EMPTY, |grade| html!("<span class=\"sub\">{}: {}</span>", grade.grader, super::super::prose(&beginning(&grade.why))));
    let repeat = if row.cell.repeat > 0 { html!(" <span class=\"soft\">repeat {}</span>", u64::from(row.cell.repeat)) } else { Html::EMPTY };
    html!(
        "<tr><th scope=\"row\"><a href=\"{}\">{}</a>{}</th><td><span class=\"what\">target </span>{}</td><td>{}</td><td class=\"wrap\">{}{}</td><td class=\"num\"><span class=\"what\">time </span>{}</td><td class=\"num\"><span class=\"what\">cost </span>{}</td></tr>",
        case_address(ask, &run.head.id, &row.cell.case, &row.cell.target),
        super::super::breakable(&row.cell.case),
        repeat,
        row.cell.target,
        outcome(row.outcome),
        said,
        why,
        row.latency_us()
            .map_or_else(|| unknown(if row.is_cached { "Taken from an earlier run" } else { "There is no answer" }), |us| html!("{}", duration_us(us))),
        row.cost.map_or_else(|| unknown("The cost is unknown"), money)
    )
}
