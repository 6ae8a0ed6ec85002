//! The pages of evaluation: suites, one suite over time, a run, a case, a comparison, and what waits for a person.

mod case;
mod chart;
mod compare;
mod figure;
mod health;
mod labels;
mod live;
mod overview;
mod reasons;
mod rows;
mod run;
mod suite;
#[cfg(test)]
mod tests;

pub(super) use labels::give;

use super::html::{Html, html};
use super::show::{span_ms, time};
use super::{brand, document, percent_encoded, show};
use crate::api::needed;
use crate::evals;
use crate::route::{Answer, Ask};
use crate::state::Console;
use jeton_core::{Fault, Timestamp};
use jeton_eval::run::RunHead;

/// The pages that lead to all others, as their addresses end, with the names of their links.
const TABS: [(&str, &str); 3] = [("", "Suites"), ("/compare", "Compare"), ("/labels", "Waiting for a person")];

/// All suites.
pub(super) fn overview(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Ok(page(ask, "Evals", "", &overview::section(console, ask)?))
}

/// One suite over time.
pub(super) fn one_suite(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let name = needed(ask, "suite", "refunds")?;
    Ok(page(ask, name, "/suite", &suite::sections(console, ask, name)?))
}

/// One run.
pub(super) fn one_run(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let run = evals::run(console, needed(ask, "id", "run-20261123-0a1b2c3d4")?, "id")?;
    Ok(page(ask, &run.head.id, "/run", &run::sections(console, ask, &run)?))
}

/// One case of a run.
pub(super) fn one_case(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let head = evals::head(console, needed(ask, "run", "run-20261123-0a1b2c3d4")?, "run")?;
    let case = needed(ask, "case", "refund-late")?;
    Ok(page(ask, case, "/case", &case::sections(console, ask, &head, case)?))
}

/// Two targets on the same cases.
pub(super) fn comparison(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Ok(page(ask, "Compare", "/compare", &compare::sections(console, ask)?))
}

/// What waits for a person.
pub(super) fn queue(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    Ok(page(ask, "Waiting for a person", "/labels", &labels::section(console, ask)?))
}

fn page(ask: &Ask, title: &str, tab: &str, content: &Html) -> Answer {
    let tabs: Html = TABS
        .iter()
        .map(|(end, name)| {
            let mark = if *end == tab { html!(" aria-current=\"page\"") } else { Html::EMPTY };
            html!("<a href=\"{}\"{}>{}</a>", address(ask, end, &[]), mark, *name)
        })
        .collect();
    let body = html!(
        "<a class=\"skip\" href=\"#content\">To the content</a><header class=\"top\">{}{}</header><main id=\"content\" class=\"context evals\"><nav class=\"tabs\" aria-label=\"Evals\">{}</nav>{}</main>",
        brand(),
        super::areas("evals", ask.text("theme")),
        tabs,
        content
    );
    Answer::html(document(&format!("{title} – Jeton"), ask.text("theme"), false, &body))
}

/// The address of a page of evaluation with some parameters; empty ones are left out.
fn address(ask: &Ask, end: &str, pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().copied().chain(ask.text("theme").map(|theme| ("theme", theme))).filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    if query.is_empty() { format!("/evals{end}") } else { format!("/evals{end}?{}", query.join("&")) }
}

fn suite_address(ask: &Ask, suite: &str) -> String {
    address(ask, "/suite", &[("suite", suite)])
}

fn run_address(ask: &Ask, run: &str) -> String {
    address(ask, "/run", &[("id", run)])
}

fn case_address(ask: &Ask, run: &str, case: &str, target: &str) -> String {
    address(ask, "/case", &[("run", run), ("case", case), ("target", target)])
}

/// Where the page stands: the way down to it.
fn crumbs(ask: &Ask, head: &RunHead, with_run: bool) -> Html {
    let run = if with_run { html!(" <span aria-hidden=\"true\">/</span> <a href=\"{}\">{}</a>", run_address(ask, &head.id), head.id) } else { Html::EMPTY };
    // Experiments are kept under a name of their own, which is no suite.
    let suite = head.suite.split('#').next().unwrap_or_default();
    html!("<p class=\"crumbs\">Suite <a href=\"{}\">{}</a>{}</p>", suite_address(ask, suite), suite, run)
}

/// How moments of these runs are written in a drawing: by the day, or by the hour where all are of one day.
fn scale(console: &Console, mut moments: impl Iterator<Item = Timestamp>) -> &'static str {
    let day = |at: Timestamp| show::moment(at, &console.zone, "%Y-%m-%d");
    let first = moments.next().map(day);
    if moments.all(|at| Some(day(at)) == first) { "%H:%M" } else { "%-d %b" }
}

/// How long ago something was.
fn age(now: Timestamp, then: Timestamp, console: &Console) -> Html {
    let ms = u64::try_from(now.0.saturating_sub(then.0)).unwrap_or(0);
    html!("{}, {} ago", time(then, &console.zone, "%-d %b %H:%M"), span_ms(ms))
}

/// A word with its mark.
fn state(tone: &str, mark: &str, word: &str) -> Html {
    html!("<span class=\"state {}\"><span class=\"mark {}\"></span>{}</span>", tone, mark, word)
}

/// A line of a list of facts.
fn line(name: &str, value: &Html) -> Html {
    html!("<div><dt>{}</dt><dd>{}</dd></div>", name, value)
}

/// The theme of the address goes with a form.
fn kept_theme(ask: &Ask) -> Html {
    ask.text("theme").map_or(Html::EMPTY, |theme| html!("<input type=\"hidden\" name=\"theme\" value=\"{}\">", theme))
}

/// `1 case`, `2 cases`.
fn number(count: usize, word: &str) -> String {
    format!("{} {word}{}", super::show::count(count as u64), if count == 1 { "" } else { "s" })
}
