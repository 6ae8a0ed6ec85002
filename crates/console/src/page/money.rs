//! What was spent today and this month, and how accounts stand against their budgets.

use super::accounts::{Rest, choose, used};
use super::data::PageData;
use super::html::{Html, html};
use super::show::{count, moment, money, percent, short_money, unknown};
use jeton_core::{Nanousd, Timestamp};
use jeton_ledger::{AccountStanding, Sums, Window};
use jiff::tz::TimeZone;

/// Accounts shown before the rest is folded away.
const ACCOUNTS_SHOWN: usize = 8;

pub(crate) fn section(data: &PageData) -> Html {
    html!(
        "<div><h2 class=\"sr\">Money</h2><dl class=\"figures\">{}{}</dl><div class=\"head second\"><h2>Latency</h2><p>last {}, calls that ended well</p></div>{}</div>\
         <div><div class=\"head\"><h2>Budgets</h2>{}</div>{}</div>",
        figure(&html!("Today, {}", moment(data.now, &data.zone, "%-d %B")), &data.today),
        figure(&html!("{}", moment(data.now, &data.zone, "%B")), &data.month),
        data.period.long,
        super::time::scales(data),
        legend(),
        budgets(data)
    )
}

fn legend() -> Html {
    html!(
        "<p class=\"legend\"><span>{}spent</span><span>{}held for calls under way</span></p>",
        super::chart::swatch(super::chart::Fill::Class("spent")),
        super::chart::swatch(super::chart::Fill::Pattern("hatch"))
    )
}

fn figure(title: &Html, (real, simulated): &(Sums, Sums)) -> Html {
    let large = if real.calls > 0 && real.unknown_calls == real.calls { unknown("No call's cost is known") } else { money(real.cost) };
    let mut under = html!("{} {}", count(real.calls), if real.calls == 1 { "call" } else { "calls" });
    if real.unknown_calls > 0 {
        under.push(&html!("<br><span class=\"warn\">{} of unknown cost, ≤ {}</span>", count(real.unknown_calls), money(real.unknown_bound)));
    }
    if simulated.calls > 0 {
        under.push(&html!("<br>apart: {} <span class=\"tag\">simulated</span>", money(simulated.cost)));
    }
    html!("<div class=\"figure\"><dt>{}</dt><dd class=\"large\">{}</dd><dd class=\"under\">{}</dd></div>", title, large, under)
}

fn budgets(data: &PageData) -> Html {
    let chosen = choose(&data.standings);
    let mut list = Html::EMPTY;
    if !data.standings.iter().any(|standing| standing.budget.is_some()) {
        list.push(&html!(
            "<p class=\"nothing\">No budget is set. One line in <code>jeton.toml</code> sets one: <code>[accounts.default]</code> <code>budget = {}</code></p>",
            "{ usd = 50, window = \"month\" }"
        ));
    }
    let row = |(depth, standing): &(usize, &AccountStanding)| account(data, *depth, standing);
    let (first, folded) = chosen.rows.split_at(chosen.rows.len().min(ACCOUNTS_SHOWN));
    list.push(&html!("<ul class=\"budgets\">{}</ul>", first.iter().map(row).collect::<Html>()));
    let number = folded.len() as u64 + chosen.rest.number;
    if number > 0 {
        let mut folded: Html = folded.iter().map(row).collect();
        folded.push(&rest_row(&chosen.rest));
        list.push(&html!("<details class=\"alternative\"><summary>{} more</summary><ul class=\"budgets\">{}</ul></details>", count(number), folded));
    }
    list
}

/// The accounts that have no row of their own.
fn rest_row(rest: &Rest) -> Html {
    if rest.number == 0 {
        return Html::EMPTY;
    }
    html!(
        "<li><span class=\"name\">and {} more<span class=\"window\">month, in UTC</span></span><span class=\"soft\">no budget; <code>jeton cost --by account</code></span>\
         <span class=\"figures-line\">{}{}</span></li>",
        count(rest.number),
        money(rest.spent),
        held(rest.held)
    )
}

fn held(amount: Nanousd) -> Html {
    if amount.0 > 0 { html!(" + {} held", money(amount)) } else { Html::EMPTY }
}

fn account(data: &PageData, depth: usize, standing: &AccountStanding) -> Html {
    let window = standing.budget.as_ref().map_or("month, in UTC", |budget| window_name(budget.window));
    let held = held(standing.held);
    let (bar, figures) = match &standing.budget {
        Some(budget) => {
            let state = if standing.available.is_some_and(|left| left.0 <= 0) { "bad" } else { "" };
            (
                bar(standing, budget.amount),
                html!(
                    "<span class=\"{}\">{}{}</span> of {}<span class=\"soft\">{}</span>",
                    state,
                    money(standing.spent),
                    held,
                    money(budget.amount),
                    remainder(data, standing)
                ),
            )
        }
        None => (html!("<span class=\"soft\">no budget</span>"), html!("{}{}", money(standing.spent), held)),
    };
    html!(
        "<li><span class=\"name{}\">{}<span class=\"window\">{}</span></span>{}<span class=\"figures-line\">{}</span></li>",
        ["", " child", " child deeper", " child deepest"][depth.min(3)],
        standing.name,
        window,
        bar,
        figures
    )
}

const fn window_name(window: Window) -> &'static str {
    match window {
        Window::Hour => "per hour",
        Window::Day => "per day",
        Window::Week => "per week",
        Window::Month => "per month",
        Window::Year => "per year",
        Window::Total => "in all",
    }
}

fn remainder(data: &PageData, standing: &AccountStanding) -> Html {
    let left = standing.available.unwrap_or_default();
    let left = if left.0 < 0 { html!("<span class=\"bad\">{} over</span>", money(Nanousd(left.0.saturating_neg()))) } else { html!("{} left", money(left)) };
    match standing.renews_at {
        Some(at) => html!("{}, renews {}", left, renewal(data, standing, at)),
        None => html!("{}, does not renew", left),
    }
}

/// Near renewals by the clock, others by the day. Both are those of the budget's own zone, whose calendar decides: midnight
/// on the first there is another hour, even another day, elsewhere. A zone that is not the page's is named.
fn renewal(data: &PageData, standing: &AccountStanding, at: Timestamp) -> Html {
    let format = if at.0 - data.now.0 < 24 * 3_600_000 { "%H:%M" } else { "%-d %b" };
    let name = standing.budget.as_ref().map_or("", |budget| budget.timezone.as_str());
    match TimeZone::get(name) {
        Ok(zone) if !same_zone(&zone, &data.zone) => html!("{} in {}", super::show::time(at, &zone, format), name),
        _ => super::show::time(at, &data.zone, format),
    }
}

/// Whether two zones are one. UTC is also known as `Etc/UTC`.
fn same_zone(one: &TimeZone, other: &TimeZone) -> bool {
    let bare = |zone: &TimeZone| zone.iana_name().map(|name| name.trim_start_matches("Etc/").to_owned());
    one == other || (bare(one).is_some() && bare(one) == bare(other))
}

fn bar(standing: &AccountStanding, budget: Nanousd) -> Html {
    let whole = standing.spent.saturating_add(standing.held).max(budget).as_usd_f64().max(1e-9);
    let share = |amount: Nanousd| (amount.as_usd_f64() / whole * 100.0).clamp(0.0, 100.0);
    let (spent, held, limit) = (share(standing.spent), share(standing.held), share(budget));
    let over = standing.spent >= budget;
    let mark = if limit < 100.0 { html!("<line class=\"limit\" x1=\"{}%\" x2=\"{}%\" y1=\"0\" y2=\"14\"/>", limit, limit) } else { Html::EMPTY };
    let label = format!(
        "{}: {} spent and {} held of {}, {} used",
        standing.name,
        short_money(standing.spent),
        short_money(standing.held),
        short_money(budget),
        percent(used(standing))
    );
    html!(
        "<svg role=\"img\" aria-label=\"{}\"><rect class=\"track\" width=\"100%\" height=\"14\" rx=\"3\"/><rect class=\"{}\" width=\"{}%\" height=\"14\" rx=\"3\"/>\
         <rect x=\"{}%\" width=\"{}%\" height=\"14\" fill=\"url(#{})\"/>{}</svg>",
        label,
        if over { "over" } else { "spent" },
        if standing.spent.0 > 0 { spent.max(0.4) } else { 0.0 },
        spent,
        held,
        if over { "hatch-bad" } else { "hatch" },
        mark
    )
}
