//! Units that have the task's words and still were not thought of: they hold for others, or not today.

use super::super::html::{Html, html};
use super::super::show::count;
use super::preview::unit_name;
use crate::context::{Now, Wish};
use crate::route::Ask;
use jeton_context::Unit;
use jeton_context::compile::{Explanation, hindrances};
use std::collections::BTreeSet;

/// How many of the best units for the task are looked at.
const LOOKED_AT: usize = 40;
/// How many are listed.
const LISTED: usize = 12;

pub(super) fn section(now: &Now, ask: &Ask, wish: &Wish, explained: &Explanation) -> Html {
    let known: BTreeSet<&str> =
        explained.manifest.spans.iter().map(|span| span.unit.as_str()).chain(explained.left_out.iter().map(|one| one.unit.as_str())).collect();
    let units = now.desk.catalogue.units();
    let found = now.desk.units.search(&wish.task).into_iter().take(LOOKED_AT).map(|(at, _)| &units[at]);
    let lacking: Vec<&Unit> = found.filter(|unit| !known.contains(unit.id.as_str())).collect();
    if lacking.is_empty() {
        return Html::EMPTY;
    }
    let row = |unit: &&Unit| html!("<tr><th scope=\"row\">{}</th><td class=\"wrap\">{}</td></tr>", unit_name(now, &unit.id, ask), reason(now, wish, unit));
    let more = lacking.len().saturating_sub(LISTED);
    html!(
        "<h3>What was not thought of</h3><p class=\"soft\">Each has words of the task{}.</p><div class=\"units\"><table><thead><tr><th scope=\"col\">Piece</th>\
         <th scope=\"col\">Why not</th></tr></thead><tbody>{}</tbody></table></div>",
        if more > 0 { format!("; {} more are not shown", count(more as u64)) } else { String::new() },
        lacking.iter().take(LISTED).map(row).collect::<Html>()
    )
}

/// Why the unit is no candidate.
fn reason(now: &Now, wish: &Wish, unit: &Unit) -> String {
    let found: Vec<String> = hindrances(unit, &wish.request(now)).iter().map(ToString::to_string).collect();
    if found.is_empty() { "too few of the task's words, or another unit takes its place".to_owned() } else { found.join("; ") }
}
