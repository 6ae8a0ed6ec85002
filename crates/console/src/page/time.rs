//! Money, calls, tokens and times on one clock.

use super::chart::{Bars, Fill, Layer, clock, range, scale_axis, swatch};
use super::data::PageData;
use super::html::{Html, html};
use super::show::{count, duration_us, moment, money, percent, short_count, short_money, unknown};
use jeton_core::Nanousd;
use jeton_ledger::{LatencyRow, Percentiles, SeriesRow, Sums};

pub(crate) fn section(data: &PageData) -> Html {
    let ticks = ticks(data);
    let places: Vec<usize> = ticks.iter().map(|(place, _)| *place).collect();
    let mut strips = spend(data, &places);
    strips.push(&calls(data, &places));
    strips.push(&tokens(data, &places));
    strips.push(&html!("<div class=\"strip\"><div class=\"label\"></div>{}</div>", clock(&ticks, data.series.len())));
    html!(
        "<div class=\"head\"><h2>The last {}</h2><p>one bar is {}</p><p class=\"readout\" id=\"readout\" aria-live=\"polite\"></p></div>\
         <div class=\"strips\" tabindex=\"0\" data-focus=\"strips\" role=\"group\" aria-label=\"Charts over time. Arrow keys read one bar after another; a table follows.\">{}</div>{}",
        data.period.long,
        data.period.bucket_name,
        strips,
        table(data)
    )
}

/// A strip: its name, its sum and its parts on the left, the drawing on the right.
fn strip(title: &Html, total: &Html, parts: &[(Fill, Html)], bars: &Bars<'_>) -> Html {
    let notes: Html =
        parts.iter().map(|(fill, text)| html!("<div class=\"note\"><span class=\"legend-mark\">{}</span>{}</div>", swatch(*fill), text)).collect();
    html!(
        "<div class=\"strip\"><div class=\"label\"><div class=\"title\">{}</div><div class=\"total\">{}</div><div class=\"notes\">{}</div></div>{}</div>",
        title,
        total,
        notes,
        bars.draw()
    )
}

fn layer(data: &PageData, fill: Fill, value: impl Fn(&SeriesRow) -> f64) -> Layer {
    Layer { fill, values: data.series.iter().map(value).collect() }
}

fn whole(number: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    short_count(number.round() as u64)
}

#[allow(clippy::cast_precision_loss)]
fn real(number: u64) -> f64 {
    number as f64
}

fn spend(data: &PageData, ticks: &[usize]) -> Html {
    let sums = |of: fn(&SeriesRow) -> &Sums| data.series.iter().fold(Sums::default(), |sum, row| super::data::add(sum, of(row)));
    let (actual, simulated) = (sums(|row| &row.real), sums(|row| &row.simulated));
    let mut strips = Html::EMPTY;
    // Somebody who only tries things out has no real money to show; an empty strip would say that nothing happened.
    if actual.calls > 0 || simulated.calls == 0 {
        strips.push(&spend_strip(data, ticks, &html!("Spend"), &actual, |row| &row.real, Fill::Class("a1")));
    }
    if simulated.calls > 0 {
        strips.push(&spend_strip(
            data,
            ticks,
            &html!("Spend <span class=\"tag\">simulated</span>"),
            &simulated,
            |row| &row.simulated,
            Fill::Pattern("hatch-soft"),
        ));
    }
    strips
}

fn spend_strip(data: &PageData, ticks: &[usize], title: &Html, sums: &Sums, of: fn(&SeriesRow) -> &Sums, fill: Fill) -> Html {
    let up = [layer(data, fill, |row| of(row).cost.as_usd_f64()), layer(data, Fill::Pattern("hatch-warn"), |row| of(row).unknown_bound.as_usd_f64())];
    let total = if sums.calls > 0 && sums.calls == sums.unknown_calls { unknown("No call's cost is known") } else { money(sums.cost) };
    let mut parts = Vec::new();
    if sums.unknown_calls > 0 {
        parts.push((Fill::Pattern("hatch-warn"), html!("{} unknown, ≤ {}", count(sums.unknown_calls), money(sums.unknown_bound))));
    }
    let label = format!("{} spent in the last {}", short_money(sums.cost), data.period.long);
    #[allow(clippy::cast_possible_truncation)]
    let most = |usd: f64| short_money(Nanousd((usd * 1e9) as i64));
    strip(title, &total, &parts, &Bars { up: &up, down: &[], height: 58.0, ticks, label: &label, most: &most })
}

fn calls(data: &PageData, ticks: &[usize]) -> Html {
    let all = data.all();
    let both = |row: &SeriesRow, of: fn(&Sums) -> u64| real(of(&row.real) + of(&row.simulated));
    let good = |sums: &Sums| sums.calls - sums.failures() - sums.refused - sums.cancelled;
    let up = [layer(data, Fill::Class("a1"), |row| both(row, good)), layer(data, Fill::Class("n1"), |row| both(row, |sums| sums.cancelled))];
    let down = [layer(data, Fill::Class("b1"), |row| both(row, Sums::failures)), layer(data, Fill::Pattern("hatch-bad"), |row| both(row, |sums| sums.refused))];
    let simulated: u64 = data.series.iter().map(|row| row.simulated.calls).sum();
    let mut parts = Vec::new();
    let mut part = |fill: Fill, number: u64, name: &str| {
        if number > 0 {
            parts.push((fill, html!("{} {}", count(number), name)));
        }
    };
    part(Fill::Class("b1"), all.failures(), "failed");
    part(Fill::Pattern("hatch-bad"), all.refused, "refused");
    part(Fill::Class("n1"), all.cancelled, "cancelled");
    let title = match simulated {
        0 => html!("Calls"),
        _ if simulated == all.calls => html!("Calls <span class=\"tag\">simulated</span>"),
        _ => html!("Calls, <span class=\"soft\">{} simulated</span>", count(simulated)),
    };
    let label = format!("{} calls in the last {}, {} failed, {} refused", count(all.calls), data.period.long, count(all.failures()), count(all.refused));
    strip(&title, &html!("{}", count(all.calls)), &parts, &Bars { up: &up, down: &down, height: 76.0, ticks, label: &label, most: &whole })
}

fn tokens(data: &PageData, ticks: &[usize]) -> Html {
    let all = data.all().tokens;
    let both = |row: &SeriesRow, of: fn(&Sums) -> u64| real(of(&row.real) + of(&row.simulated));
    let cached = |sums: &Sums| sums.tokens.cache_read + sums.tokens.cache_write;
    let up = [
        layer(data, Fill::Class("a1"), |row| both(row, |sums| sums.tokens.output)),
        layer(data, Fill::Class("a2"), |row| both(row, |sums| sums.tokens.input)),
        layer(data, Fill::Class("a3"), |row| both(row, cached)),
    ];
    let in_cache = all.cache_read + all.cache_write;
    let sum = all.output + all.input + in_cache;
    let mut parts = vec![(Fill::Class("a1"), html!("{} out", short_count(all.output))), (Fill::Class("a2"), html!("{} in", short_count(all.input)))];
    if in_cache > 0 {
        parts.push((Fill::Class("a3"), html!("{} cached", short_count(in_cache))));
    }
    if all.unknown_calls > 0 {
        parts.push((Fill::Pattern("hatch-warn"), html!("{} calls unknown", count(all.unknown_calls))));
    }
    let label = format!(
        "{} tokens in the last {}: {} out, {} in, {} cached",
        short_count(sum),
        data.period.long,
        short_count(all.output),
        short_count(all.input),
        short_count(in_cache)
    );
    let total = html!("<span title=\"{}\">{}</span>", count(sum), short_count(sum));
    strip(&html!("Tokens"), &total, &parts, &Bars { up: &up, down: &[], height: 64.0, ticks, label: &label, most: &whole })
}

/// Times of all calls on one logarithmic scale.
pub(crate) fn scales(data: &PageData) -> Html {
    let rows: Html = [(&data.times[0], false), (&data.times[1], true)]
        .into_iter()
        .filter_map(|(times, simulated)| times.as_ref().map(|times| scale_rows(times, simulated)))
        .collect();
    if rows == Html::EMPTY {
        return html!("<p class=\"nothing\">No call ended well in this period.</p>");
    }
    html!(
        "<table class=\"scales\"><thead><tr><th scope=\"col\"><span class=\"sr\">Time</span></th><th scope=\"col\" class=\"num\">p50</th><th scope=\"col\" class=\"num\">p90</th>\
         <th scope=\"col\" class=\"num\">p99</th><th scope=\"col\" class=\"num\">n</th></tr></thead><tbody>{}<tr><td colspan=\"5\">{}</td></tr></tbody></table>",
        rows,
        scale_axis()
    )
}

fn scale_rows(times: &LatencyRow, simulated: bool) -> Html {
    let tag = if simulated { html!(" <span class=\"tag\">simulated</span>") } else { Html::EMPTY };
    [("First content", times.first_content), ("Whole call", times.total)]
        .into_iter()
        .filter_map(|(name, percentiles)| percentiles.map(|percentiles| (name, percentiles)))
        .map(|(name, percentiles)| {
            html!(
                "<tr><th scope=\"row\">{}{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num soft\">{}</td></tr><tr><td colspan=\"5\">{}</td></tr>",
                name,
                tag,
                duration_us(percentiles.p50_us),
                duration_us(percentiles.p90_us),
                p99(&percentiles),
                count(percentiles.n),
                range(&percentiles, 16.0)
            )
        })
        .collect()
}

/// The 99th percentile; with fewer than 100 times it is only the longest, and says so.
pub(crate) fn p99(times: &Percentiles) -> Html {
    if times.n >= 100 {
        return html!("{}", duration_us(times.p99_us));
    }
    let why = format!("The longest of {}. A 99th percentile needs at least 100 calls.", times.n);
    html!(
        "<span class=\"few\" title=\"{}\">{}<span class=\"sr\"> ({})</span></span>",
        why,
        duration_us(times.p99_us),
        "the longest; too few calls for a percentile"
    )
}

/// Where the clock has its lines, and what they say.
fn ticks(data: &PageData) -> Vec<(usize, String)> {
    let (step, label) = match data.period.name {
        "1h" => ("%H %M", "%H:%M"),
        "24h" => ("%H", "%H:%M"),
        "7d" => ("%d", "%a %-d"),
        _ => ("%d", "%-d %b"),
    };
    let mark = |row: &SeriesRow| {
        let text = moment(row.start, &data.zone, step);
        match data.period.name {
            "1h" => text.split(' ').next_back().and_then(|minute| minute.parse::<i64>().ok()).unwrap_or(0) / 10,
            "24h" => text.parse::<i64>().unwrap_or(0) / 3,
            "7d" => text.parse::<i64>().unwrap_or(0),
            _ => text.parse::<i64>().unwrap_or(0) / 5,
        }
    };
    let marks: Vec<i64> = data.series.iter().map(mark).collect();
    (1..marks.len()).filter(|&at| marks[at] != marks[at - 1]).map(|at| (at, moment(data.series[at].start, &data.zone, label))).collect()
}

/// The same figures as a table, for those who cannot or will not look at drawings.
fn table(data: &PageData) -> Html {
    let format = if data.period.bucket_ms < 3_600_000 { "%H:%M" } else { "%a %-d %b, %H:%M" };
    let rows: Html = data
        .series
        .iter()
        .map(|row| {
            let all = super::data::add(row.real, &row.simulated);
            let tokens = all.tokens;
            html!(
                "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
                moment(row.start, &data.zone, format),
                spent(&row.real),
                short_money(row.simulated.cost),
                count(all.calls),
                count(all.failures() + all.refused),
                short_count(tokens.input + tokens.cache_read + tokens.cache_write),
                short_count(tokens.output)
            )
        })
        .collect();
    html!(
        "<details class=\"alternative\"><summary>The same as a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures over time\"><table><thead><tr><th scope=\"col\">From</th><th scope=\"col\" class=\"num\">Spend</th>\
         <th scope=\"col\" class=\"num\">Simulated</th><th scope=\"col\" class=\"num\">Calls</th><th scope=\"col\" class=\"num\">Failed or refused</th><th scope=\"col\" class=\"num\">Tokens in</th><th scope=\"col\" class=\"num\">Tokens out</th></tr></thead>\
         <tbody>{}</tbody></table></div></details>",
        rows
    )
}

/// Known spend, with what is not known beside it.
fn spent(sums: &Sums) -> Html {
    match sums.unknown_calls {
        0 => html!("{}", short_money(sums.cost)),
        unknown => html!("{} + {} unknown", short_money(sums.cost), count(unknown)),
    }
}

/// A share with its interval as the title: `3` of 212 failed is somewhere between 0.5 % and 4.1 %.
pub(crate) fn share(part: u64, whole: u64) -> Option<String> {
    super::show::wilson(part, whole).map(|(low, high)| format!("{}–{}", percent(low).trim_end_matches("\u{a0}%"), percent(high)))
}
