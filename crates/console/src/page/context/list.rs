//! The catalogue as a table with filters.

use super::super::html::{Html, html};
use super::super::show::{count, unknown};
use super::{MEANINGS, address, kept_theme, number, place, select, state, unit_address};
use crate::api::matching;
use crate::context::{LIFT_UNKNOWN, Now, STATES, USE_DAYS, Uses, state_word, uses};
use crate::route::Ask;
use crate::state::Console;
use jeton_context::{Kind, Loading, Unit};
use jeton_core::Fault;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// How many units have rows.
const ROWS_MAX: usize = 400;

pub(super) fn section(console: &Console, now: &Now, ask: &Ask) -> Result<Html, Fault> {
    if now.desk.catalogue.units().is_empty() {
        return Ok(empty());
    }
    let uses = uses(console, ask.now)?;
    let mut units = matching(now, ask);
    units.sort_by_key(|unit| Reverse(now.assessment.freshness(unit)));
    let tokens: u64 = units.iter().filter_map(|unit| now.tokens(unit)).sum();
    let always: u64 = units.iter().filter(|unit| unit.loading == Loading::Always).filter_map(|unit| now.tokens(unit)).sum();
    let head = html!(
        "<div class=\"head\"><h2>What this project tells a model</h2><p>{}, {} ({}), of which {} go with every request of a coding agent. The least fresh first.</p></div>",
        number(units.len() as u64, "unit"),
        number(tokens, "token"),
        now.vocabulary(),
        count(always)
    );
    let body = if units.is_empty() {
        html!("<p class=\"nothing\">No unit matches. <a href=\"{}\">Show all</a></p>", address("", &[], ask.text("theme")))
    } else {
        table(now, ask, &units, &uses)
    };
    Ok(html!("<section class=\"catalogue\">{}{}{}{}{}</section>", head, states(now, ask), filters(now, ask), body, words()))
}

fn empty() -> Html {
    html!(
        "<section class=\"empty\"><h2>No context so far.</h2><p>Write what a model must know as Markdown files in the folder <code>context/</code>, one subject a file. \
         Documents, schemas, rules and instructions for coding agents that the project has already are found where they are.</p></section>"
    )
}

/// How many units are in each state, each a link that lists them.
fn states(now: &Now, ask: &Ask) -> Html {
    let mut counts = [0_u64; STATES.len()];
    for unit in now.desk.catalogue.units() {
        let word = state_word(now.assessment.freshness(unit));
        counts[STATES.iter().position(|known| *known == word).unwrap_or(0)] += 1;
    }
    let links: Html = STATES
        .iter()
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(word, units)| html!("<li><a href=\"{}\">{} {}</a></li>", address("", &[("state", word)], ask.text("theme")), state(word), count(units)))
        .collect();
    let findings = now.assessment.findings().len() as u64;
    let more = if findings == 0 {
        html!("<li class=\"soft\">nothing found by the checks</li>")
    } else {
        html!("<li><a href=\"{}\">{}</a></li>", address("/findings", &[], ask.text("theme")), number(findings, "finding"))
    };
    html!("<ul class=\"tally\" aria-label=\"Units by freshness\">{}{}</ul>", links, more)
}

fn filters(now: &Now, ask: &Ask) -> Html {
    let plain = |words: Vec<&str>| words.into_iter().map(|word| (word.to_owned(), word.to_owned())).collect::<Vec<_>>();
    let units = now.desk.catalogue.units();
    let kinds = Kind::ALL.map(Kind::name).into_iter().filter(|kind| units.iter().any(|unit| unit.kind.name() == *kind)).collect();
    let mut owners = plain(units.iter().flat_map(|unit| unit.owners.iter().map(String::as_str)).collect::<BTreeSet<_>>().into_iter().collect());
    if units.iter().any(|unit| unit.owners.is_empty()) {
        owners.push(("none".to_owned(), "nobody".to_owned()));
    }
    html!(
        "<form class=\"asked\" method=\"get\" action=\"/context\" aria-label=\"Which units\">{}{}{}{}<button type=\"submit\">Show</button></form>",
        select("kind", "Kind", "all kinds", &plain(kinds), ask.text("kind")),
        select("owner", "Owner", "everybody", &owners, ask.text("owner")),
        select("state", "Freshness", "any", &plain(STATES.to_vec()), ask.text("state")),
        kept_theme(ask)
    )
}

fn table(now: &Now, ask: &Ask, units: &[&Unit], uses: &Result<Uses, &'static str>) -> Html {
    let rows: Html = units.iter().take(ROWS_MAX).map(|unit| row(now, ask, unit, uses)).collect();
    let more = if units.len() > ROWS_MAX {
        html!("<p class=\"nothing\">and {} more: choose a kind, an owner or a freshness.</p>", count((units.len() - ROWS_MAX) as u64))
    } else {
        Html::EMPTY
    };
    html!(
        "<div class=\"units\"><table><caption class=\"sr\">Units</caption><thead><tr><th scope=\"col\">Unit</th><th scope=\"col\">Kind</th><th scope=\"col\">Owner</th>\
         <th scope=\"col\">Freshness</th><th scope=\"col\" class=\"num\">Tokens</th><th scope=\"col\" class=\"num\">Calls in {} days</th>\
         <th scope=\"col\" class=\"num\">Lift</th></tr></thead><tbody>{}</tbody></table></div>{}",
        USE_DAYS,
        rows,
        more
    )
}

fn row(now: &Now, ask: &Ask, unit: &Unit, uses: &Result<Uses, &'static str>) -> Html {
    let must = if unit.is_mandatory { html!(" <span class=\"tag\">always in</span>") } else { Html::EMPTY };
    html!(
        "<tr><th scope=\"row\"><a class=\"name-link\" href=\"{}\">{}</a>{}<span class=\"sub\">{}</span></th><td><span class=\"what\">kind </span>{}</td>\
         <td class=\"wrap\"><span class=\"what\">owner </span>{}</td><td>{}</td><td class=\"num\"><span class=\"what\">tokens </span>{}</td>\
         <td class=\"num\"><span class=\"what\">calls </span>{}</td><td class=\"num\"><span class=\"what\">lift </span>{}</td></tr>",
        unit_address(&unit.id, ask),
        unit.title,
        must,
        place(&unit.place),
        unit.kind.name(),
        owners(unit),
        state(state_word(now.assessment.freshness(unit))),
        tokens(now, unit),
        uses.as_ref().map_or_else(|why| unknown(&format!("Unknown: {why}")), |uses| html!("{}", count(uses.count(&unit.id)))),
        unknown(&format!("Unknown: {LIFT_UNKNOWN}"))
    )
}

/// Who answers for a unit.
pub(super) fn owners(unit: &Unit) -> Html {
    if unit.owners.is_empty() { html!("<span class=\"soft\">nobody</span>") } else { html!("{}", unit.owners.join(", ")) }
}

/// The tokens of a unit.
pub(super) fn tokens(now: &Now, unit: &Unit) -> Html {
    now.tokens(unit).map_or_else(|| unknown("Unknown: not counted in this vocabulary"), |tokens| html!("{}", count(tokens)))
}

/// What the words of freshness mean.
fn words() -> Html {
    let lines: Html = STATES.iter().zip(MEANINGS).map(|(word, meaning)| html!("<div><dt>{}</dt><dd>{}</dd></div>", state(word), meaning)).collect();
    html!("<details class=\"alternative\"><summary>What the words mean</summary><dl class=\"meanings\">{}</dl></details>", lines)
}
