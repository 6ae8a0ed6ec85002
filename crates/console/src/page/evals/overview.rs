//! All suites, with the newest run of each target; alarms first.

use super::super::html::{Html, html};
use super::super::show::{count, moment, money, span_ms, time, unknown};
use super::chart::rate_bar;
use super::figure::{pass_rate, simulated, usd};
use super::{age, number, run_address, state, suite_address};
use crate::evals::{self, Progress, Said, SuiteLine, is_valid};
use crate::route::Ask;
use crate::state::Console;
use jeton_core::Fault;
use jeton_eval::run::RunHead;
use jeton_eval::totals::TargetTotals;

/// Alarms older than this, in milliseconds, are no news any more.
const ALARM_NEWS_MS: i64 = 7 * 86_400_000;
/// How many alarms stand on top.
const ALARMS_MAX: usize = 5;

pub(super) fn section(console: &Console, ask: &Ask) -> Result<Html, Fault> {
    let suites = evals::suites(console)?;
    // A suite that judges live calls alone has alarms and no run.
    let alarms = banners(console, ask, &evals::alarms(console, 200)?);
    if suites.is_empty() {
        return Ok(html!(
            "{}<section class=\"empty\"><h2>No suite was run so far.</h2><p>A suite is a file in <code>evals/</code>: cases, graders, and the targets to be tried. <code>jeton eval run SUITE</code> runs it; \
             what it came to stands here, with intervals.</p></section>",
            alarms
        ));
    }
    let lines: Html = suites.iter().map(|line| suite(console, ask, line)).collect();
    Ok(html!("{}{}", alarms, lines))
}

/// The newest alarms as banners.
fn banners(console: &Console, ask: &Ask, alarms: &[Said]) -> Html {
    let news: Vec<&Said> = alarms.iter().filter(|alarm| ask.now.0.saturating_sub(alarm.at.0) <= ALARM_NEWS_MS).collect();
    let mut text: Html = news.iter().take(ALARMS_MAX).map(|alarm| banner(console, alarm)).collect();
    if news.len() > ALARMS_MAX {
        text.push(&html!("<p class=\"nothing\">and {} more: <code>/api/evals/alarms</code> lists all.</p>", count((news.len() - ALARMS_MAX) as u64)));
    }
    text
}

/// One alarm.
pub(super) fn banner(console: &Console, alarm: &Said) -> Html {
    html!(
        "<div class=\"banner bad\" role=\"status\"><strong>Alarm: {}</strong>{} <span class=\"soft\">{}</span></div>",
        alarm.subject,
        jeton_context::secret::mask(&alarm.sentence()).0.into_owned(),
        time(alarm.at, &console.zone, "%-d %b %H:%M")
    )
}

/// How far a run came, where it is not complete.
pub(super) fn progress(run: &evals::Run) -> Html {
    let of = format!("{} of {} rows", count(run.rows_done() as u64), count(run.head.cells as u64));
    match run.progress() {
        Progress::Complete => state("soft", "ok", "complete"),
        Progress::Stopped => {
            let why = run.end.as_ref().and_then(|end| end.why.clone()).unwrap_or_else(|| "stopped".to_owned());
            html!("{} <span class=\"soft\">{}</span>", state("warn", "refused", &why), of)
        }
        Progress::Open => html!("{} <span class=\"soft\">{}</span>", state("soft", "idle", "goes on, or was cut off"), of),
    }
}

fn suite(console: &Console, ask: &Ask, line: &SuiteLine) -> Html {
    let rows: Html = line.targets.iter().map(|(head, totals)| row(console, ask, line, head, totals)).collect();
    html!(
        "<section><div class=\"head\"><h2><a href=\"{}\">{}</a></h2><p>{}, the last <a href=\"{}\">{}</a>. {}</p></div>\
         <div class=\"units rates standings\"><table><caption class=\"sr\">Targets of {}</caption><thead><tr><th scope=\"col\">Target</th><th scope=\"col\">Pass rate</th>\
         <th scope=\"col\" class=\"bar\"><span class=\"ends\"><span>0</span><span>50</span><span>100 %</span></span></th><th scope=\"col\" class=\"num\">Cost of the run</th><th scope=\"col\" class=\"num\">per case</th>\
         <th scope=\"col\" class=\"num\">Age</th></tr></thead><tbody>{}</tbody></table></div></section>",
        suite_address(ask, &line.name),
        line.name,
        number(line.runs, "run"),
        run_address(ask, &line.last.head.id),
        age(ask.now, line.last.head.started, console),
        progress(&line.last),
        line.name,
        rows
    )
}

fn row(console: &Console, ask: &Ask, line: &SuiteLine, head: &RunHead, totals: &TargetTotals) -> Html {
    let ago = span_ms(u64::try_from(ask.now.0.saturating_sub(head.started.0)).unwrap_or(0));
    let when = if head.id == line.last.head.id {
        html!("{}", ago)
    } else {
        html!("<a href=\"{}\" title=\"{}\">{}</a>", run_address(ask, &head.id), moment(head.started, &console.zone, "%-d %b %H:%M"), ago)
    };
    html!(
        "<tr><th scope=\"row\">{}{}</th><td><span class=\"what\">passes </span>{}</td><td class=\"bar\">{}</td><td class=\"num\"><span class=\"what\">run </span>{}</td>\
         <td class=\"num\"><span class=\"what\">per case </span>{}</td><td class=\"num\"><span class=\"what\">age </span>{}</td></tr>",
        super::super::breakable(&totals.target),
        simulated(totals),
        pass_rate(totals),
        bar(totals),
        cost(totals),
        usd(totals.usd_per_case.as_ref(), "The cost of some rows is unknown"),
        when
    )
}

/// The pass rate as a bar; of an invalid target what it could be.
pub(super) fn bar(totals: &TargetTotals) -> Html {
    if is_valid(totals) { rate_bar(totals.pass_rate.as_ref(), None) } else { rate_bar(None, totals.bounds) }
}

/// What all rows of a target cost.
pub(super) fn cost(totals: &TargetTotals) -> Html {
    match totals.cost_unknown {
        0 => money(totals.cost),
        rows if rows == totals.cells => unknown("No row's cost is known"),
        rows => html!("{}<span class=\"sub warn\">{} of unknown cost</span>", money(totals.cost), number(rows, "row")),
    }
}
