//! What the checks found, by who answers for it.

use super::super::html::{Html, html};
use super::super::prose;
use super::{address, number, place, severity, unit_address};
use crate::api::counts;
use crate::context::Now;
use crate::route::Ask;
use jeton_context::Finding;

/// How many findings of one owner are listed.
const ITEMS_MAX: usize = 200;

pub(super) fn section(now: &Now, ask: &Ask) -> Html {
    let groups = now.assessment.by_owner();
    if groups.is_empty() {
        return html!("<section><h2>What the checks found</h2><p class=\"nothing\">Nothing. Every unit reads as it should.</p></section>");
    }
    let asked = ask.text("owner");
    let is_asked = |owner: Option<&str>| asked.is_none_or(|asked| owner.unwrap_or("none") == asked);
    let shown: Html = groups.iter().filter(|(owner, _)| is_asked(*owner)).map(|(owner, findings)| group(*owner, findings, ask)).collect();
    let all: Vec<&Finding> = now.assessment.findings().iter().collect();
    html!(
        "<section><div class=\"head\"><h2>What the checks found</h2><p>{}. The console runs no command of the project; <code>jeton context check</code> does.</p></div>{}{}</section>",
        tally(&all),
        owners(&groups, ask),
        if shown == Html::EMPTY { html!("<p class=\"nothing\">Nothing for this owner.</p>") } else { shown }
    )
}

fn tally(findings: &[&Finding]) -> String {
    let [errors, warnings, notes] = counts(findings);
    [number(errors as u64, "error"), number(warnings as u64, "warning"), number(notes as u64, "note")].join(", ")
}

fn owners(groups: &[(Option<&str>, Vec<&Finding>)], ask: &Ask) -> Html {
    let asked = ask.text("owner");
    let link = |value: &str, name: &str, found: Option<usize>| {
        let mark = if asked.unwrap_or_default() == value { html!(" aria-current=\"true\"") } else { Html::EMPTY };
        let found = found.map_or(Html::EMPTY, |found| html!(" <span class=\"soft\">{}</span>", found));
        html!("<a href=\"{}\"{}>{}</a>{}", address("/findings", &[("owner", value)], ask.text("theme")), mark, name, found)
    };
    let mut links = html!("<li>{}</li>", link("", "everybody", None));
    for (owner, findings) in groups {
        links.push(&html!("<li>{}</li>", link(owner.unwrap_or("none"), owner.unwrap_or("nobody"), Some(findings.len()))));
    }
    html!("<nav aria-label=\"Owners\"><ul class=\"tally filters\">{}</ul></nav>", links)
}

fn group(owner: Option<&str>, findings: &[&Finding], ask: &Ask) -> Html {
    let items: Html = findings.iter().take(ITEMS_MAX).map(|finding| item(finding, ask, true)).collect();
    let more = findings.len().saturating_sub(ITEMS_MAX);
    let rest = if more > 0 { html!("<p class=\"nothing\">and {} more: <code>jeton context check</code> lists all.</p>", more) } else { Html::EMPTY };
    html!(
        "<h3>{} <span class=\"soft\">{}</span></h3><ul class=\"findings\">{}</ul>{}",
        owner.unwrap_or("Nobody answers for these"),
        tally(findings),
        items,
        rest
    )
}

/// A finding: how much it weighs, what, what to do, where.
pub(super) fn item(finding: &Finding, ask: &Ask, with_unit: bool) -> Html {
    let unit = finding.unit.as_ref().filter(|_| with_unit);
    let unit = unit.map_or(Html::EMPTY, |id| html!(" <a href=\"{}\">see the unit</a>", unit_address(id, ask)));
    html!(
        "<li>{}<div><p>{}</p><p class=\"remedy\"><b>To do:</b> {}</p><p class=\"sub\">{} <span class=\"mono\">{}</span>{}</p></div></li>",
        severity(finding.severity),
        prose(&finding.message),
        prose(&finding.remedy),
        place(&finding.place),
        finding.code,
        unit
    )
}
