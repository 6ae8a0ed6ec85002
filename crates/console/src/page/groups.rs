//! Classes and models side by side: what each cost, used, and how it did.

use super::chart::range;
use super::data::{Group, PageData, add};
use super::html::{Html, html};
use super::show::{count, duration_us, money, short_count, unknown};
use super::time::{p99, share};
use jeton_ledger::{Percentiles, Sums};

/// Groups shown before the rest is folded away.
const GROUPS_SHOWN: usize = 10;

/// Groups on the page at all. Callers name classes, so there may be thousands; what comes after is summed up in one line.
const GROUPS_MOST: usize = 40;

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
        let (folded, rest) = groups[GROUPS_SHOWN..].split_at((groups.len() - GROUPS_SHOWN).min(GROUPS_MOST - GROUPS_SHOWN));
        let mut folded = rows(folded);
        folded.push(&rest_rows(data, filter, rest));
        whole.push(&html!(
            "<details class=\"alternative\"><summary>{} more</summary><div class=\"scroll\"><table class=\"groups\"><tbody>{}</tbody></table></div></details>",
            count((groups.len() - GROUPS_SHOWN) as u64),
            folded
        ));
    }
    whole
}

/// The groups that have no row of their own, in one row; two where some are simulated, for those are never added to real ones.
fn rest_rows(data: &PageData, filter: &'static str, rest: &[Group]) -> Html {
    let of_kind = |simulated| {
        let groups = rest.iter().filter(|group| group.simulated == simulated);
        let (number, sums) = groups.fold((0, Sums::default()), |(number, sums), group| (number + 1, add(sums, &group.sums)));
        if number > 0 { rest_row(data, filter, simulated, number, &sums) } else { Html::EMPTY }
    };
    [false, true].into_iter().map(of_kind).collect()
}

fn rest_row(data: &PageData, filter: &'static str, simulated: bool, number: u64, sums: &Sums) -> Html {
    html!(
        "<tr><th scope=\"row\">and {} more{}<span class=\"sub\"><code>jeton cost --by {} --since {}</code></span></th>{}{}{}</tr>",
        count(number),
        simulated_tag(simulated),
        filter,
        data.period.name,
        figures(sums),
        times("first content", None, NO_SUM_OF_TIMES),
        times("whole call", None, NO_SUM_OF_TIMES)
    )
}

const NO_SUM_OF_TIMES: &str = "Percentiles of several groups cannot be added up";

fn simulated_tag(simulated: bool) -> Html {
    if simulated { html!(" <span class=\"tag\">simulated</span>") } else { Html::EMPTY }
}

/// The two columns of a row that can be summed.
fn figures(sums: &Sums) -> Html {
    html!(
        "<td class=\"num\">{}<span class=\"sub\">{}</span></td><td class=\"num\">{}<span class=\"sub\">{}</span></td>",
        cost(sums),
        tokens(sums),
        count(sums.calls),
        failed(sums)
    )
}

fn row(data: &PageData, filter: &'static str, group: &Group) -> Html {
    html!(
        "<tr><th scope=\"row\"><a class=\"name-link\" data-focus=\"{}-{}\" href=\"{}\">{}</a>{}</th>{}{}{}</tr>",
        filter,
        group.name,
        super::link(data, &[(filter, Some(&group.name)), ("status", None)]),
        super::breakable(&group.name),
        simulated_tag(group.simulated),
        figures(&group.sums),
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
