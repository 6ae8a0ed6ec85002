//! Units that have the task's words and still were not thought of: they hold for others, or not today.

use super::super::html::{Html, html};
use super::super::show::count;
use super::preview::unit_name;
use crate::context::{Now, Wish};
use crate::route::Ask;
use jeton_context::compile::Explanation;
use jeton_context::{Kind, Unit};
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
    let request = wish.request(now);
    let today = now.today.as_str();
    if let Some(until) = unit.valid_until.as_deref().filter(|until| *until < today) {
        return format!("it held until {until}");
    }
    if let Some(from) = unit.valid_from.as_deref().filter(|from| *from > today) {
        return format!("it holds only from {from}");
    }
    if !unit.access.is_empty() {
        return format!("only these keys may see it: {}", unit.access.join(", "));
    }
    if !unit.scope.classes.is_empty() {
        return format!("it is for this kind of work only: {}", unit.scope.classes.join(", "));
    }
    if !unit.scope.models.is_empty() {
        return format!("it is for these models only: {}", unit.scope.models.join(", "));
    }
    if !request.kinds.is_empty() && !request.kinds.contains(&unit.kind) {
        return format!("only these kinds were asked for: {}", request.kinds.iter().map(|kind| Kind::name(*kind)).collect::<Vec<_>>().join(", "));
    }
    if request.paths.is_empty() {
        "too few of the task's words, or another unit takes its place".to_owned()
    } else {
        format!("it lies outside of {}, or has too few of the task's words", request.paths.join(", "))
    }
}
