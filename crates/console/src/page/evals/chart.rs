//! Drawings of evaluation: a rate as a bar with its interval, rates over runs, and quality against cost. Positions across are shares of
//! the width, those down are pixels. Every drawing has a table beside it that says the same.

use super::super::html::{Html, html};
use super::figure::{dollars, percent_span};
use jeton_allocate::{Estimate, Interval};

/// Where drawings begin and end across, in percent: what stands left of it is the scale.
const LEFT: f64 = 10.0;
const RIGHT: f64 = 97.0;
/// What is left free above and below, in pixels.
const EDGE: f64 = 8.0;

/// A rate on a line from 0 to 1, its interval as a thick part of it.
pub(super) fn rate_bar(estimate: Option<&Estimate>, bounds: Option<Interval>) -> Html {
    let track = html!("<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"7\" y2=\"7\"/><line class=\"grid\" x1=\"50%\" x2=\"50%\" y1=\"1\" y2=\"13\"/>");
    let range = |class: &str, interval: Interval| {
        html!("<line class=\"{}\" x1=\"{}%\" x2=\"{}%\" y1=\"7\" y2=\"7\"/>", class, interval.low * 100.0, interval.high * 100.0)
    };
    let drawn = match estimate {
        Some(found) => {
            let interval = found.interval.map_or(Html::EMPTY, |interval| range("range", interval));
            html!("{}<circle class=\"p50\" cx=\"{}%\" cy=\"7\" r=\"4\"/>", interval, found.value * 100.0)
        }
        None => bounds.map_or(Html::EMPTY, |bounds| range("range invalid", bounds)),
    };
    html!("<svg height=\"14\" aria-hidden=\"true\">{}{}</svg>", track, drawn)
}

/// One run in a drawing over time.
pub(super) struct Point {
    /// The rate; none where the target is invalid or was not judged.
    pub(super) rate: Option<Estimate>,
    /// What the rate could be.
    pub(super) bounds: Option<Interval>,
    /// When, in few letters.
    pub(super) when: String,
}

#[allow(clippy::cast_precision_loss)]
fn across(place: usize, number: usize) -> f64 {
    LEFT + (RIGHT - LEFT) * (place as f64 + 0.5) / number.max(1) as f64
}

fn down(rate: f64, height: f64) -> f64 {
    EDGE + (1.0 - rate) * (height - 2.0 * EDGE)
}

/// Lines at 0, a half and 1, with their names.
fn scale(height: f64) -> Html {
    [(1.0, "100 %"), (0.5, "50 %"), (0.0, "0 %")]
        .iter()
        .map(|(rate, name)| {
            let y = down(*rate, height);
            html!(
                "<line class=\"grid\" x1=\"{}%\" x2=\"100%\" y1=\"{}\" y2=\"{}\"/><text class=\"tick\" x=\"0\" y=\"{}\" aria-hidden=\"true\">{}</text>",
                LEFT,
                y,
                y,
                y + 4.0,
                *name
            )
        })
        .collect()
}

/// Pass rates of one target over runs.
pub(super) fn over_time(points: &[Point], label: &str) -> Html {
    const HEIGHT: f64 = 104.0;
    let mut shapes = scale(HEIGHT);
    let number = points.len();
    for (place, pair) in points.windows(2).enumerate() {
        if let (Some(from), Some(to)) = (&pair[0].rate, &pair[1].rate) {
            shapes.push(&html!(
                "<line class=\"trend\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>",
                across(place, number),
                across(place + 1, number),
                down(from.value, HEIGHT),
                down(to.value, HEIGHT)
            ));
        }
    }
    for (place, point) in points.iter().enumerate() {
        shapes.push(&marked(point, across(place, number), HEIGHT));
    }
    html!("<div class=\"plot\"><svg height=\"{}\" role=\"img\" aria-label=\"{}\">{}</svg></div>", HEIGHT, label, shapes)
}

fn marked(point: &Point, x: f64, height: f64) -> Html {
    let whisker = |class: &str, interval: Interval| {
        html!("<line class=\"{}\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", class, x, x, down(interval.high, height), down(interval.low, height))
    };
    match (&point.rate, point.bounds) {
        (Some(found), _) => {
            let interval = found.interval.map_or(Html::EMPTY, |interval| whisker("range", interval));
            let says = found.interval.map_or_else(String::new, |interval| format!(", {}", percent_span(interval)));
            let title = format!("{}: {:.0} %{says}, n {}", point.when, found.value * 100.0, found.n);
            html!("<g><title>{}</title>{}<circle class=\"p50\" cx=\"{}%\" cy=\"{}\" r=\"4.5\"/></g>", title, interval, x, down(found.value, height))
        }
        (None, Some(bounds)) => html!("<g><title>{}: invalid, could be {}</title>{}</g>", point.when, percent_span(bounds), whisker("range invalid", bounds)),
        (None, None) => Html::EMPTY,
    }
}

/// The moments under a drawing over time: at most so many that they do not run into each other on a phone.
pub(super) fn moments(points: &[Point]) -> Html {
    let number = points.len();
    let step = number.div_ceil(4).max(1);
    let labels: Html = (0..number)
        .rev()
        .step_by(step)
        .map(|place| html!("<text class=\"tick\" x=\"{}%\" y=\"14\" text-anchor=\"middle\">{}</text>", across(place, number), points[place].when))
        .collect();
    html!("<svg height=\"20\" aria-hidden=\"true\">{}</svg>", labels)
}

/// A target in quality against cost.
pub(super) struct Standing {
    /// Its number in the table beside the drawing.
    pub(super) number: usize,
    pub(super) usd: Estimate,
    pub(super) rate: Estimate,
    pub(super) is_best: bool,
}

/// Quality against cost, the frontier as a stair: what can be had for each price.
pub(super) fn against_cost(standings: &[Standing], label: &str) -> Html {
    const HEIGHT: f64 = 240.0;
    let most = standings.iter().map(|one| one.usd.interval.map_or(one.usd.value, |interval| interval.high)).fold(0.0, f64::max);
    let x = |usd: f64| if most > 0.0 { LEFT + 2.0 + (RIGHT - LEFT - 4.0) * (usd / most).clamp(0.0, 1.0) } else { LEFT + 2.0 };
    let y = |rate: f64| down(rate, HEIGHT);
    let mut shapes = scale(HEIGHT);
    let mut best: Vec<&Standing> = standings.iter().filter(|one| one.is_best).collect();
    best.sort_by(|a, b| a.usd.value.total_cmp(&b.usd.value));
    for (place, one) in best.iter().enumerate() {
        let next = best.get(place + 1);
        let (from, to) = (x(one.usd.value), next.map_or(100.0, |next| x(next.usd.value)));
        shapes.push(&html!("<line class=\"frontier\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", from, to, y(one.rate.value), y(one.rate.value)));
        if let Some(next) = next {
            shapes.push(&html!("<line class=\"frontier\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", to, to, y(one.rate.value), y(next.rate.value)));
        }
    }
    for one in standings {
        let (at_x, at_y) = (x(one.usd.value), y(one.rate.value));
        let mut shape = one.rate.interval.map_or(Html::EMPTY, |interval| {
            html!("<line class=\"whisker\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", at_x, at_x, y(interval.high), y(interval.low))
        });
        if let Some(interval) = one.usd.interval {
            shape.push(&html!("<line class=\"whisker\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>", x(interval.low), x(interval.high), at_y, at_y));
        }
        let class = if one.is_best { "p50" } else { "n1" };
        // Near the right edge the number stands before its point.
        let (dx, anchor) = if at_x > 90.0 { (-9.0, "end") } else { (9.0, "start") };
        shapes.push(&html!(
            "{}<circle class=\"{}\" cx=\"{}%\" cy=\"{}\" r=\"5\"/><text class=\"point halo\" x=\"{}%\" y=\"{}\" dx=\"{}\" text-anchor=\"{}\" aria-hidden=\"true\">{}</text>",
            shape,
            class,
            at_x,
            at_y,
            at_x,
            if at_y < 20.0 { at_y + 17.0 } else { at_y - 7.0 },
            dx,
            anchor,
            one.number
        ));
    }
    html!(
        "<div class=\"plot cost-plot\"><svg height=\"{}\" role=\"img\" aria-label=\"{}\">{}</svg><svg height=\"20\" aria-hidden=\"true\"><text class=\"tick\" x=\"{}%\" y=\"14\">$0</text>\
         <text class=\"tick\" x=\"100%\" y=\"14\" text-anchor=\"end\">{}</text></svg></div>",
        HEIGHT,
        label,
        shapes,
        LEFT + 2.0,
        if most > 0.0 { format!("{} per case", dollars(most)) } else { "all free".to_owned() }
    )
}
