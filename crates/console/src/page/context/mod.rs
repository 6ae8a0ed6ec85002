//! The pages of context: the catalogue, one unit, what the checks found, and what a model would get.

mod findings;
mod lacking;
mod list;
mod preview;
#[cfg(test)]
mod tests;
mod unit;

pub(super) use preview::{BUDGET_PARAM, TASK_PARAM};

use super::html::{Html, html};
use super::{brand, document, percent_encoded};
use crate::context::{Now, STATES};
use crate::route::{Answer, Ask};
use crate::state::Console;
use jeton_context::{Place, Severity};
use jeton_core::Fault;

/// The pages, as their addresses end, with the names of their links.
const TABS: [(&str, &str); 3] = [("", "Catalogue"), ("/findings", "Findings"), ("/preview", "What would the model get?")];

/// The catalogue.
pub(super) fn catalogue(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    Ok(page(ask, "Context", "", &list::section(console, &now, ask)?))
}

/// One unit.
pub(super) fn one_unit(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let unit = now.unit(crate::api::needed(ask, "id", "doc:docs/refunds.md")?)?;
    Ok(page(ask, &unit.title, "/unit", &unit::article(console, &now, ask, unit)?))
}

/// What the checks found.
pub(super) fn findings(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    Ok(page(ask, "Findings", "/findings", &findings::section(&now, ask)))
}

/// What a model would get for a task.
pub(super) fn preview(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    Ok(page(ask, "What would the model get?", "/preview", &preview::section(&now, ask)))
}

fn page(ask: &Ask, title: &str, tab: &str, content: &Html) -> Answer {
    let theme = ask.text("theme");
    let tabs: Html = TABS
        .iter()
        .map(|(end, name)| {
            let mark = if *end == tab { html!(" aria-current=\"page\"") } else { Html::EMPTY };
            html!("<a href=\"{}\"{}>{}</a>", address(end, &[], theme), mark, *name)
        })
        .collect();
    let body = html!(
        "<a class=\"skip\" href=\"#content\">To the content</a><header class=\"top\">{}{}</header><main id=\"content\" class=\"context\"><nav class=\"tabs\" aria-label=\"Context\">{}</nav>{}</main>",
        brand(),
        super::areas("context", theme),
        tabs,
        content
    );
    Answer::html(document(&format!("{title} – Jeton"), theme, false, &body))
}

/// The address of a page of context with some parameters; empty ones are left out.
fn address(end: &str, pairs: &[(&str, &str)], theme: Option<&str>) -> String {
    let pairs = pairs.iter().copied().chain(theme.map(|theme| ("theme", theme))).filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
    if query.is_empty() { format!("/context{end}") } else { format!("/context{end}?{}", query.join("&")) }
}

/// The address of a unit's page.
fn unit_address(id: &str, ask: &Ask) -> String {
    address("/unit", &[("id", id)], ask.text("theme"))
}

/// A state with its mark: the word alone says it too.
fn state(word: &str) -> Html {
    let index = STATES.iter().position(|known| *known == word).unwrap_or(1);
    let (mark, tone) = match index {
        0 => ("ok", "soft"),
        1 => ("idle", "soft"),
        2 => ("refused", "warn"),
        _ => ("failed", "bad"),
    };
    html!("<span class=\"state {}\" title=\"{}\"><span class=\"mark {}\"></span>{}</span>", tone, MEANINGS[index], mark, word)
}

/// What the words of freshness mean, in their order.
const MEANINGS: [&str; 6] = [
    "What it speaks of is as it was when somebody last looked, or it speaks of nothing that could change.",
    "It names things that can change, and nobody has locked how they were: nothing is known.",
    "Something that it speaks of changed inside. The text may still be true.",
    "Something that it speaks of changed in how it is used. The text is probably wrong.",
    "Something that it speaks of is gone.",
    "Its last day is over.",
];

fn severity(severity: Severity) -> Html {
    let (mark, tone) = match severity {
        Severity::Error => ("failed", "bad"),
        Severity::Warning => ("refused", "warn"),
        Severity::Note => ("idle", "soft"),
    };
    html!("<span class=\"state {}\"><span class=\"mark {}\"></span>{}</span>", tone, mark, severity.name())
}

fn place(place: &Place) -> Html {
    html!("<span class=\"mono place\">{}</span>", super::breakable(&place.to_string()))
}

/// A choice of a form; an empty value stands for all.
fn select(name: &str, label: &str, all: &str, options: &[(String, String)], chosen: Option<&str>) -> Html {
    let options: Html = options
        .iter()
        .map(|(value, shown)| {
            let mark = if Some(value.as_str()) == chosen { html!(" selected") } else { Html::EMPTY };
            html!("<option value=\"{}\"{}>{}</option>", value, mark, shown)
        })
        .collect();
    html!("<label>{}<select name=\"{}\"><option value=\"\">{}</option>{}</select></label>", label, name, all, options)
}

/// The theme of the address goes with a form.
fn kept_theme(ask: &Ask) -> Html {
    ask.text("theme").map_or(Html::EMPTY, |theme| html!("<input type=\"hidden\" name=\"theme\" value=\"{}\">", theme))
}

/// `1 unit`, `2 units`.
fn number(count: u64, word: &str) -> String {
    format!("{} {word}{}", super::show::count(count), if count == 1 { "" } else { "s" })
}
