//! Two targets on the same cases: the verdict in words, what changed, and what it costs.

use super::super::html::{Html, html};
use super::super::prose;
use super::super::show::{percent, unknown};
use super::figure::{dearer, difference, dollars, points, simulated, slower};
use super::{case_address, kept_theme, line, number, run_address, state};
use crate::evals::{self, Pairing, Run, Side};
use crate::route::Ask;
use crate::state::Console;
use jeton_allocate::verdict::Verdict;
use jeton_context::secret;
use jeton_core::Fault;
use jeton_eval::compare::Flip;
use jeton_eval::totals::Validity;

/// How many of the newest runs can be chosen from.
const RUNS_OFFERED: u64 = 30;
/// How many flips of one kind are listed.
const FLIPS_MAX: usize = 200;

pub(super) fn sections(console: &Console, ask: &Ask) -> Result<Html, Fault> {
    let (baseline, candidate) = (ask.text("baseline"), ask.text("candidate"));
    let runs = evals::runs(console, None, RUNS_OFFERED)?;
    let options = options(runs.iter());
    let choice = form(ask, &options, baseline.unwrap_or_default(), candidate.unwrap_or_default(), kept_theme(ask));
    let head = html!("<div class=\"head\"><h2>Compare</h2><p>Paired by case: only cases that both have judged count.</p></div>{}", choice);
    if baseline.is_none() || candidate.is_none() {
        return Ok(html!("<section>{}<p class=\"nothing\">Choose a baseline and a candidate.</p></section>", head));
    }
    Ok(match evals::pairing(console, ask) {
        Ok(pairing) => html!("<section>{}{}</section>{}", head, found(ask, &pairing), flips(ask, &pairing)),
        Err(fault) => {
            let remedy = fault.remedy.as_ref().map_or(Html::EMPTY, |remedy| html!("<br>{}", prose(remedy)));
            html!("<section>{}<div class=\"fault\" role=\"alert\"><b>{}</b>{}</div></section>", head, prose(&fault.message), remedy)
        }
    })
}

/// `RUN:TARGET` of each run, with what is shown for it.
pub(super) fn options<'r>(runs: impl Iterator<Item = &'r Run>) -> Vec<(String, String)> {
    runs.flat_map(|run| {
        run.head.targets.iter().map(|target| (format!("{}:{}", run.head.id, target.name), format!("{} · {} · {}", run.head.suite, target.name, run.head.id)))
    })
    .collect()
}

/// The form that chooses what is compared.
pub(super) fn form(ask: &Ask, options: &[(String, String)], baseline: &str, candidate: &str, theme: Html) -> Html {
    let choice = |name: &str, label: &str, chosen: &str| {
        let mut items: Html = options
            .iter()
            .map(|(value, shown)| {
                let mark = if value == chosen { html!(" selected") } else { Html::EMPTY };
                html!("<option value=\"{}\"{}>{}</option>", value, mark, shown)
            })
            .collect();
        if !chosen.is_empty() && !options.iter().any(|(value, _)| value == chosen) {
            items.push(&html!("<option selected>{}</option>", chosen));
        }
        html!("<label>{}<select name=\"{}\">{}</select></label>", label, name, items)
    };
    html!(
        "<form class=\"asked\" method=\"get\" action=\"/evals/compare\" aria-label=\"What is compared\">{}{}<label>Difference that does not matter<input name=\"margin\" value=\"{}\" size=\"6\"></label>{}<button type=\"submit\">Compare</button></form>",
        choice("baseline", "Baseline", baseline),
        choice("candidate", "Candidate", candidate),
        ask.text("margin").unwrap_or("2pp"),
        theme
    )
}

/// The verdict in words.
fn verdict(pairing: &Pairing) -> Html {
    if let Some(side) = pairing.invalid() {
        return html!("<p class=\"verdict-line bad\"><span class=\"mark failed\"></span>No verdict: {} is invalid.</p>", side.target);
    }
    let (tone, mark, words) = match pairing.comparison.verdict {
        Verdict::Better => ("soft", "ok", "The candidate is better.".to_owned()),
        Verdict::Worse => ("bad", "failed", "The candidate is worse.".to_owned()),
        Verdict::NoRelevantDifference => ("soft", "idle", "There is no relevant difference.".to_owned()),
        Verdict::Undecided { more_cases: Some(more) } => {
            ("warn", "refused", format!("Undecided: about {} would decide.", number(usize::try_from(more).unwrap_or(usize::MAX), "more case")))
        }
        Verdict::Undecided { more_cases: None } => ("warn", "refused", "Undecided: nothing tells how many cases would decide.".to_owned()),
    };
    html!("<p class=\"verdict-line {}\"><span class=\"mark {}\"></span>{}</p>", tone, mark, words)
}

/// What must be known before the verdict is believed.
fn warnings(pairing: &Pairing) -> Html {
    let mut text = Html::EMPTY;
    for side in [&pairing.baseline, &pairing.candidate] {
        if let Some(Validity::Invalid { share, most }) = side.totals().map(|totals| totals.validity) {
            text.push(&html!(
                "<div class=\"banner bad\" role=\"alert\"><strong>{} is no evidence, neither good nor bad.</strong>{} of its rows are missing, more than {}. The figures below are of the rest.</div>",
                side.target,
                percent(share),
                percent(most)
            ));
        }
    }
    if !pairing.is_same_suite() {
        text.push(&html!(
            "<div class=\"banner\" role=\"status\"><strong>The suite was changed between the two runs.</strong>Cases are matched by their ids; their texts, references and graders may differ.</div>"
        ));
    }
    text
}

fn side(ask: &Ask, side: &Side, rate: f64, cases: usize) -> Html {
    let shown = if cases > 0 { html!("<b>{}</b>", percent(rate)) } else { unknown("The two have no judged case in common") };
    let sim = side.totals().map_or(Html::EMPTY, simulated);
    html!("{} <span class=\"sub\">{}{} in <a href=\"{}\">{}</a></span>", shown, side.target, sim, run_address(ask, &side.run.head.id), side.run.head.id)
}

fn found(ask: &Ask, pairing: &Pairing) -> Html {
    let found = &pairing.comparison;
    let unknown_cost = "The cost of some rows is unknown";
    let mut lines = line("Baseline passes", &side(ask, &pairing.baseline, found.rates.0, found.cases));
    lines.push(&line("Candidate passes", &side(ask, &pairing.candidate, found.rates.1, found.cases)));
    lines.push(&line("Difference", &points(found.difference.as_ref())));
    let p = found.p.map_or_else(
        || unknown("There is nothing to test"),
        |p| {
            let shown = if p < 0.000_1 { "less than 0.0001".to_owned() } else { format!("{p:.4}") };
            html!("{} <span class=\"sub\">{}</span>", shown, found.test)
        },
    );
    lines.push(&line("p of no difference", &p));
    lines.push(&line("Difference that does not matter", &html!("{} points", format!("{:.1}", found.margin * 100.0))));
    lines.push(&line("Cases judged in both", &html!("{}", found.cases)));
    lines.push(&line("Judged in one only", &html!("{}", found.unpaired)));
    let mut costs = line("Score", &difference(found.score.as_ref(), &|score| format!("{score:.3}"), "Not all have a score"));
    costs.push(&line("Cost per case", &dearer(found.usd_per_case.as_ref(), unknown_cost)));
    costs.push(&line("Cost per success", &per_success(found.usd_per_success.as_ref())));
    costs.push(&line("Time of an answer", &slower(found.latency_ms.as_ref())));
    html!(
        "{}{}<div class=\"two\"><dl class=\"leaders\">{}</dl><div><h3 class=\"first\">Candidate less baseline</h3><dl class=\"leaders\">{}</dl></div></div>",
        warnings(pairing),
        verdict(pairing),
        lines,
        costs
    )
}

fn per_success(both: Option<&(f64, f64, Option<jeton_allocate::Estimate>)>) -> Html {
    let Some((before, after, apart)) = both else { return unknown("The cost of some rows is unknown, or nothing succeeded") };
    html!("{}<span class=\"sub\">{} before, {} now</span>", dearer(apart.as_ref(), "Too few cases for an interval"), dollars(*before), dollars(*after))
}

fn flips(ask: &Ask, pairing: &Pairing) -> Html {
    let found = &pairing.comparison;
    html!(
        "<section><div class=\"head\"><h2>Broken</h2><p>{} passed more often before.</p></div>{}</section><section><div class=\"head\"><h2>Fixed</h2><p>{} pass more often now.</p></div>{}</section>",
        number(found.broken.len(), "case"),
        list(ask, pairing, &found.broken),
        number(found.fixed.len(), "case"),
        list(ask, pairing, &found.fixed)
    )
}

fn list(ask: &Ask, pairing: &Pairing, flips: &[Flip]) -> Html {
    if flips.is_empty() {
        return html!("<p class=\"nothing\">None.</p>");
    }
    let open = |side: &Side, flip: &Flip, launch: u64, (passed, of): (usize, usize), name: &str| {
        let (tone, mark) = if passed == of { ("soft", "ok") } else { ("bad", "failed") };
        let shown = if of == 1 { (if passed == 1 { "passed" } else { "failed" }).to_owned() } else { format!("{passed} of {of} passed") };
        html!(
            "<a href=\"{}#row-{}\"><span class=\"sr\">{}: </span>{}</a>",
            case_address(ask, &side.run.head.id, &flip.case, &side.target),
            launch,
            name,
            state(tone, mark, &shown)
        )
    };
    let row = |flip: &Flip| {
        html!(
            "<tr><th scope=\"row\">{}</th><td><span class=\"what\">baseline </span>{}</td><td><span class=\"what\">candidate </span>{}</td><td class=\"wrap\">{}</td></tr>",
            super::super::breakable(&flip.case),
            open(&pairing.baseline, flip, flip.rows.0, flip.before, "baseline"),
            open(&pairing.candidate, flip, flip.rows.1, flip.after, "candidate"),
            prose(&secret::mask(&flip.why).0)
        )
    };
    let more = flips.len().saturating_sub(FLIPS_MAX);
    let rest = if more > 0 { html!("<p class=\"nothing\">and {} more: <code>/api/evals/compare</code> lists all.</p>", more) } else { Html::EMPTY };
    html!(
        "<div class=\"units flips\"><table><thead><tr><th scope=\"col\">Case</th><th scope=\"col\">Baseline</th><th scope=\"col\">Candidate</th><th scope=\"col\">Why it fails where it fails</th></tr></thead><tbody>{}</tbody></table></div>{}",
        flips.iter().take(FLIPS_MAX).map(row).collect::<Html>(),
        rest
    )
}
