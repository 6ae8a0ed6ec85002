//! The last calls. Each row leads to its receipt.

use super::data::PageData;
use super::html::{Html, html};
use super::show::{count, duration_us, money, short_count, time, unknown};
use jeton_core::{Certainty, Cost, Usage};
use jeton_ledger::{CallRow, CallStatus};

pub(crate) fn section(data: &PageData) -> Html {
    let rows: Html = data.calls.iter().map(|call| row(data, call)).collect();
    let body = if data.calls.is_empty() {
        html!("<p class=\"nothing\">No call matches.</p>")
    } else {
        html!(
            "<div class=\"calls scroll\"><table><thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Class</th><th scope=\"col\">Model</th><th scope=\"col\" class=\"num wide\">Tokens in</th>\
             <th scope=\"col\" class=\"num wide\">out</th><th scope=\"col\" class=\"bar\">First content to end</th><th scope=\"col\" class=\"num wide\">First content</th>\
             <th scope=\"col\" class=\"num\">Whole call</th><th scope=\"col\" class=\"num\">Cost</th></tr></thead><tbody>{}</tbody></table></div>",
            rows
        )
    };
    html!("<div class=\"head\"><h2>Last calls</h2>{}{}</div>{}", chosen(data), filters(data), body)
}

/// Filters in force, each with a link that lifts it.
fn chosen(data: &PageData) -> Html {
    data.filters
        .iter()
        .filter(|(name, _)| *name != "status")
        .map(|(name, value)| {
            html!("<p>{} <b>{}</b> <a href=\"{}\" data-focus=\"lift-{}\">show all</a></p>", *name, value, super::link(data, &[(name, None)]), *name)
        })
        .collect()
}

fn filters(data: &PageData) -> Html {
    let current = data.filters.iter().find(|(name, _)| *name == "status").map(|(_, value)| value.as_str());
    let links: Html =
        [(None, "All"), (Some("failed"), "Failed"), (Some("refused"), "Refused"), (Some("cancelled"), "Cancelled"), (Some("interrupted"), "Interrupted")]
            .into_iter()
            .map(|(status, name)| {
                let mark = if status == current { html!(" aria-current=\"true\"") } else { Html::EMPTY };
                html!("<a href=\"{}\" data-focus=\"status-{}\"{}>{}</a>", super::link(data, &[("status", status)]), name, mark, name)
            })
            .collect();
    html!("<nav class=\"filters\" aria-label=\"Which calls\">{}</nav>", links)
}

fn row(data: &PageData, call: &CallRow) -> Html {
    let address = format!("/calls/{}", call.id);
    let format = if data.now.0 - call.started.0 < 20 * 3_600_000 { "%H:%M:%S" } else { "%-d %b %H:%M" };
    let tag = if call.simulated { html!(" <span class=\"tag\">simulated</span>") } else { Html::EMPTY };
    let ended = match (call.status, &call.fault) {
        (CallStatus::Ok, _) => Html::EMPTY,
        (status, Some(fault)) => html!("<span class=\"sub {}\">{}: {}</span>", tone(status), status.name(), fault),
        (status, None) => html!("<span class=\"sub {}\">{}</span>", tone(status), status.name()),
    };
    html!(
        "<tr data-receipt=\"{}\"><td><a href=\"{}\" data-open data-focus=\"{}\"><span class=\"mark {}\"></span>{}<span class=\"sr\">, {}</span></a></td><td class=\"wrap\">{}{}</td>\
         <td class=\"wrap model\">{}{}{}</td><td class=\"num wide\">{}</td><td class=\"num wide\">{}</td><td class=\"bar\">{}</td><td class=\"num wide\">{}</td><td class=\"num total\">{}</td><td class=\"num cost\">{}</td></tr>",
        address,
        address,
        call.id.to_string(),
        call.status.name(),
        time(call.started, &data.zone, format),
        call.status.name(),
        call.class,
        ended,
        super::breakable(call.model.as_ref().unwrap_or(&call.model_asked)),
        tag,
        tries(call),
        tokens(call, call.usage.input_total(), "input"),
        tokens(call, call.usage.output, "output"),
        super::chart::course(call.first_content_us, call.total_us, tone(call.status) == "bad"),
        first_content(call),
        duration_us(call.total_us),
        cost(&call.cost, call)
    )
}

pub(crate) const fn tone(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Failed | CallStatus::Interrupted => "bad",
        CallStatus::Refused => "warn",
        CallStatus::Ok | CallStatus::Cancelled => "soft",
    }
}

fn tries(call: &CallRow) -> Html {
    if call.tries > 1 { html!("<span class=\"sub\">{} tries</span>", count(call.tries)) } else { Html::EMPTY }
}

fn first_content(call: &CallRow) -> Html {
    match call.first_content_us {
        Some(us) => html!("{}", duration_us(us)),
        None if call.tries == 0 => html!("<span class=\"soft\" title=\"Nothing was sent upstream\">none</span>"),
        None => html!("<span class=\"soft\" title=\"No content came\">none</span>"),
    }
}

fn tokens(call: &CallRow, number: Option<u64>, kind: &str) -> Html {
    match number {
        Some(number) if call.usage_certainty == Certainty::Estimated => {
            html!("<span title=\"{} {} tokens, counted by Jeton: the provider said nothing\">~{}</span>", count(number), kind, short_count(number))
        }
        Some(number) => html!("<span title=\"{} {} tokens\">{}</span>", count(number), kind, short_count(number)),
        None if call.tries == 0 => html!("<span class=\"soft\" title=\"Nothing was sent upstream\">none</span>"),
        None => unknown(&format!("The provider reported no {kind}")),
    }
}

fn cost(cost: &Cost, call: &CallRow) -> Html {
    match cost {
        Cost::Known(amount) if call.usage_certainty == Certainty::Estimated => {
            html!("<span title=\"From tokens that Jeton counted\">~</span>{}", money(*amount))
        }
        Cost::Known(amount) => money(*amount),
        Cost::Unknown(why) => html!("{} <span class=\"soft\">≤ {}</span>", unknown(&format!("Unknown: {why}")), money(call.charged)),
    }
}

/// Tokens by kind as lines of a receipt: what the provider said nothing of is left out, except input and output.
pub(crate) fn usage_lines(usage: &Usage) -> Vec<(&'static str, bool, Option<u64>)> {
    let mut lines = vec![("Input", false, usage.input)];
    let mut further = |name, inner, number: Option<u64>| {
        if number.is_some() {
            lines.push((name, inner, number));
        }
    };
    further("of it audio", true, usage.input_audio);
    further("Read from cache", false, usage.cache_read);
    further("Written to cache", false, usage.cache_write);
    further("Written to cache for an hour", false, usage.cache_write_1h);
    lines.push(("Output", false, usage.output));
    let mut further = |name, inner, number: Option<u64>| {
        if number.is_some() {
            lines.push((name, inner, number));
        }
    };
    further("of it reasoning", true, usage.reasoning);
    further("of it audio", true, usage.output_audio);
    further("Web searches", false, usage.web_searches);
    lines
}
