//! What became of the live calls that a suite judges.

use super::super::html::{Html, html};
use super::super::show::{count, time, unknown};
use super::figure::percent_span;
use super::line;
use crate::evals;
use crate::state::Console;
use jeton_core::Fault;

/// The section; nothing where the suite has judged none.
pub(super) fn section(console: &Console, suite: &str) -> Result<Html, Fault> {
    let Some(found) = evals::live(console, suite)? else { return Ok(Html::EMPTY) };
    let rate = match &found.pass_rate {
        Some((rate, interval)) => html!("<b>{}</b> <span class=\"soft\">{}</span>", format!("{:.1} %", 100.0 * rate), percent_span(*interval)),
        None => unknown("None has a verdict so far"),
    };
    let feedback = match found.feedback {
        Some((calls, mean)) => html!("{} on average, of {} calls", format!("{mean:.2}"), count(calls)),
        None => html!("none on these calls"),
    };
    let mut lines = line("Judged, of those in the sample", &html!("{} of {}", count(found.executed), count(found.expected.max(found.executed))));
    lines.push(&line("Passed, of those with a verdict", &rate));
    lines.push(&line("Let go of, because too many came", &html!("{}", count(found.dropped))));
    lines.push(&line("What callers said", &feedback));
    lines.push(&line("Last sign of life", &found.last_beat.map_or_else(|| html!("none yet"), |at| time(at, &console.zone, "%-d %b %Y %H:%M"))));
    let kinds: Html = found.failures.iter().map(|(kind, calls)| html!("<li><span class=\"mono\">{}</span> {}</li>", kind, count(*calls))).collect();
    let failures = if found.failures.is_empty() { Html::EMPTY } else { html!("<p>What failed:</p><ul>{}</ul>", kinds) };
    Ok(html!("<section><div class=\"head\"><h2>Live calls</h2></div><dl class=\"leaders narrow\">{}</dl>{}</section>", lines, failures))
}
