//! Classes and models side by side: what each cost, used, and how it did.

use super::chart::range;
use super::data::{Group, PageData};
use super::html::{Html, html};
use super::show::{count, duration_us, money, short_count, unknown};
use super::time::{p99, share};
use jeton_ledger::{Percentiles, Sums};

/// Groups shown before the rest is folded away.
const GROUPS_SHOWN: usize = 10;

pub(crate) fn section(data: &PageData) -> Html {
    html!(
        "<div class=\"head\"><h2 class=\"sr\">Classes and models</h2></div><div class=\"pair\"><div>{}</div><div>{}</div></div>",
        table(data, "Classes", "class", &data.classes),
        table(data, "Models", "model", &data.models)
    )
}

fn table(data: &PageData, title: &str, filter: &'static str, groups: &[Group]) -> Html {
    let rows = |groups: &[Group]| -> Html { groups.iter().map(|group| row(data, filter, group)).collect() };
    let head = html!(
        "<thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">Cost<span class=\"sub\">tokens</span></th><th scope=\"col\" class=\"num\">Calls<span class=\"sub\">failed, 95 %</span></th>\
         <th scope=\"col\" class=\"times\">First content<span class=\"sub\">p50, p99</span></th><th scope=\"col\" class=\"times\">Whole call<span class=\"sub\">p50, p99</span></th></tr></thead>",
        if filter == "class" { "Class" } else { "Model" }
    );
    let body = if groups.is_empty() {
        html!("<tr><td colspan=\"5\" class=\"nothing\">No calls in this period.</td></tr>")
    } else {
        rows(&groups[..groups.len().min(GROUPS_SHOWN)])
    };
    let mut whole = html!("<h2>{}</h2><div class=\"scroll\"><table class=\"groups\">{}<tbody>{}</tbody></table></div>", title, head, body);
    if groups.len() > GROUPS_SHOWN {
        let rest = &groups[GROUPS_SHOWN..];
        whole.push(&html!(
            "<details class=\"alternative\"><summary>{} more</summary><div class=\"scroll\"><table class=\"groups\"><tbody>{}</tbody></table></div></details>",
            rest.len(),
            rows(rest)
        ));
    }
    whole
}

fn row(data: &PageData, filter: &'static str, group: &Group) -> Html {
    let tag = if group.simulated { html!(" <span class=\"tag\">simulated</span>") } else { Html::EMPTY };
    html!(
        "<tr><th scope=\"row\"><a class=\"name-link\" data-focus=\"{}-{}\" href=\"{}\">{}</a>{}</th><td class=\"num\">{}<span class=\"sub\">{}</span></td><td class=\"num\">{}<span class=\"sub\">{}</span></td>{}{}</tr>",
        filter,
        group.name,
        super::link(data, &[(filter, Some(&group.name)), ("status", None)]),
        super::breakable(&group.name),
        tag,
        cost(&group.sums),
        tokens(&group.sums),
        count(group.sums.calls),
        failed(&group.sums),
        times("first content", group.first_content.as_ref(), "No call that ended well was streamed"),
        times("whole call", group.total.as_ref(), "No call ended well")
    )
}

fn cost(sums: &Sums) -> Html {
    let known = if sums.unknown_calls == sums.calls { unknown("No call's cost is known") } else { money(sums.cost) };
    match sums.unknown_calls {
        0 => known,
        number => html!(
            "{}<span class=\"sub warn\" title=\"{} calls of unknown cost, charged at their bound\">+ ≤ {} unknown</span>",
            known,
            count(number),
            money(sums.unknown_bound)
        ),
    }
}

fn tokens(sums: &Sums) -> Html {
    let tokens = sums.tokens;
    let sum = tokens.input + tokens.cache_read + tokens.cache_write + tokens.output;
    let detail = format!(
        "{} in, {} cached, {} out; {} calls unknown",
        count(tokens.input),
        count(tokens.cache_read + tokens.cache_write),
        count(tokens.output),
        count(tokens.unknown_calls)
    );
    if sums.calls > 0 && tokens.unknown_calls == sums.calls {
        unknown("No call's tokens are known")
    } else {
        html!("<span title=\"{}\">{} tokens</span>", detail, short_count(sum))
    }
}

fn failed(sums: &Sums) -> Html {
    let failures = sums.failures();
    let class = if failures > 0 { "bad" } else { "soft" };
    let interval = share(failures, sums.calls).unwrap_or_default();
    html!(
        "<span class=\"{}\">{} failed</span>, <span title=\"Where the true share lies with 95 % confidence, from {} of {}\">{}</span>",
        class,
        count(failures),
        count(failures),
        count(sums.calls),
        interval
    )
}

fn times(what: &str, times: Option<&Percentiles>, why: &str) -> Html {
    match times {
        None => html!("<td class=\"times\"><span class=\"what\">{} </span>{}</td>", what, unknown(why)),
        Some(times) => html!(
            "<td class=\"times\"><span class=\"what\">{} </span><span class=\"line\">{}, {}</span><span class=\"line\">{}<span class=\"n\">n {}</span></span></td>",
            what,
            duration_us(times.p50_us),
            p99(times),
            range(times, 10.0),
            count(times.n)
        ),
    }
}
