//! Drawings as SVG, made here: bars over time, and ranges of times on a logarithmic scale. Positions across are shares of
//! the width, so a drawing fits any screen without being scaled, and its text stays text.

use super::html::{Html, html};
use jeton_ledger::Percentiles;

/// One kind of value in a chart: its class in the style sheet or its pattern, and a value for each bucket.
pub(crate) struct Layer {
    pub(crate) fill: Fill,
    pub(crate) values: Vec<f64>,
}

/// How a layer is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// A colour by the style sheet's class.
    Class(&'static str),
    /// A pattern of [`patterns`], by id.
    Pattern(&'static str),
}

impl Fill {
    /// The attribute of a shape.
    fn attribute(self) -> Html {
        match self {
            Self::Class(name) => html!("class=\"{}\"", name),
            Self::Pattern(id) => html!("fill=\"url(#{})\"", id),
        }
    }
}

/// A small square of a fill, for a legend.
pub(crate) fn swatch(fill: Fill) -> Html {
    html!("<svg viewBox=\"0 0 11 11\" aria-hidden=\"true\"><rect width=\"11\" height=\"11\" rx=\"2\" {}/></svg>", fill.attribute())
}

/// Stacked bars: `up` from the base line, `down` below it on the same scale. Every value that is not zero can be seen.
pub(crate) struct Bars<'a> {
    pub(crate) up: &'a [Layer],
    pub(crate) down: &'a [Layer],
    pub(crate) height: f64,
    /// Buckets at which a line of the clock stands.
    pub(crate) ticks: &'a [usize],
    pub(crate) label: &'a str,
    pub(crate) most: &'a dyn Fn(f64) -> String,
}

impl Bars<'_> {
    pub(crate) fn draw(&self) -> Html {
        const LEAST: f64 = 1.5;
        let number = self.up.first().map_or(0, |layer| layer.values.len());
        let highest = |layers: &[Layer]| (0..number).map(|at| layers.iter().map(|layer| layer.values[at]).sum::<f64>()).fold(0.0, f64::max);
        let (above, below) = (highest(self.up), highest(self.down));
        let room = if below > 0.0 { (self.height * below / (above + below)).clamp(8.0, self.height / 2.0) } else { 0.0 };
        let base = self.height - room;
        let scale = |layers_most: f64, room: f64| if layers_most > 0.0 { room / layers_most } else { 0.0 };
        // One scale for both directions, unless one of them would then overflow its room.
        let (up_scale, down_scale) = (scale(above, base - 2.0), scale(below, room));
        let both = up_scale.min(if below > 0.0 { down_scale } else { f64::INFINITY });
        let mut shapes = Html::EMPTY;
        for &tick in self.ticks {
            let x = share(tick, number);
            shapes.push(&html!("<line class=\"grid\" x1=\"{}%\" x2=\"{}%\" y1=\"0\" y2=\"{}\"/>", x, x, self.height));
        }
        for at in 0..number {
            let mut stack = |layers: &[Layer], direction: f64| {
                let mut edge = base;
                for layer in layers.iter().filter(|layer| layer.values[at] > 0.0) {
                    let tall = (layer.values[at] * both).max(LEAST);
                    let top = if direction < 0.0 { edge - tall } else { edge };
                    edge += direction * tall;
                    let (x, width) = (share(at, number), 100.0 / number as f64 * 0.84);
                    shapes.push(&html!("<rect {} x=\"{}%\" y=\"{}\" width=\"{}%\" height=\"{}\"/>", layer.fill.attribute(), x, top, width, tall));
                }
            };
            stack(self.up, -1.0);
            stack(self.down, 1.0);
        }
        let most = if above > 0.0 { (self.most)(above) } else { String::new() };
        // The scale's highest value stands on the right, unless the highest bars do.
        let heights = (0..number).map(|at| self.up.iter().map(|layer| layer.values[at]).sum::<f64>());
        let crowded = heights.skip(number * 9 / 10).any(|height| height > above * 0.7);
        let (x, anchor) = if crowded { (0.0, "start") } else { (100.0, "end") };
        html!(
            "<div class=\"plot\"><svg height=\"{}\" role=\"img\" aria-label=\"{}\">{}<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"{}\" y2=\"{}\"/>\
             <text class=\"tick halo\" x=\"{}%\" y=\"9\" text-anchor=\"{}\" aria-hidden=\"true\">{}</text></svg></div>",
            self.height,
            self.label,
            shapes,
            base,
            base,
            x,
            anchor,
            most
        )
    }
}

#[allow(clippy::cast_precision_loss)]
fn share(at: usize, number: usize) -> f64 {
    at as f64 * 100.0 / number.max(1) as f64
}

/// The clock under the strips: a label at each tick.
pub(crate) fn clock(ticks: &[(usize, String)], number: usize) -> Html {
    let labels: Html = ticks
        .iter()
        .map(|(at, label)| {
            let x = share(*at, number);
            // The last label would run out of the drawing.
            let anchor = if x > 95.0 { "end" } else { "start" };
            html!("<text class=\"tick\" x=\"{}%\" y=\"14\" text-anchor=\"{}\">{}</text>", if x > 95.0 { 100.0 } else { x }, anchor, label)
        })
        .collect();
    html!("<svg height=\"20\" aria-hidden=\"true\">{}</svg>", labels)
}

/// Where `us` lies on the logarithmic scale from 10 ms to 100 s, in percent; what lies outside is held at the ends.
fn on_scale(us: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let decades = (us.max(1) as f64).log10() - 4.0;
    (decades * 25.0).clamp(0.0, 100.0)
}

/// The decades of the scale.
const DECADES: [(u64, &str); 5] = [(10_000, "10 ms"), (100_000, "100 ms"), (1_000_000, "1 s"), (10_000_000, "10 s"), (100_000_000, "100 s")];

/// Percentiles as a line from the median to the 99th, with marks at the median and the 90th.
pub(crate) fn range(times: &Percentiles, height: f64) -> Html {
    let middle = height / 2.0;
    let (p50, p90, p99) = (on_scale(times.p50_us), on_scale(times.p90_us), on_scale(times.p99_us));
    let grid: Html = DECADES.iter().map(|(us, _)| decade(*us, height)).collect();
    html!(
        "<svg height=\"{}\" aria-hidden=\"true\">{}<line class=\"range{}\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/>\
         <line class=\"p90\" x1=\"{}%\" x2=\"{}%\" y1=\"{}\" y2=\"{}\"/><circle class=\"p50\" cx=\"{}%\" cy=\"{}\" r=\"{}\"/></svg>",
        height,
        grid,
        if times.n < 100 { " few-range" } else { "" },
        p50,
        p99,
        middle,
        middle,
        p90,
        p90,
        middle - height / 4.0,
        middle + height / 4.0,
        p50,
        middle,
        (height / 4.0).min(4.5)
    )
}

/// One call: a thin line while it waited, a thick one from its first content to its end.
pub(crate) fn course(first_us: Option<u64>, end_us: u64, failed: bool) -> Html {
    let end = on_scale(end_us);
    let first = first_us.map_or(end, |us| on_scale(us.min(end_us)));
    let grid: Html = DECADES.iter().map(|(us, _)| decade(*us, 12.0)).collect();
    let tone = if failed { " failed" } else { "" };
    html!(
        "<svg height=\"12\" aria-hidden=\"true\">{}<line class=\"wait{}\" x1=\"0\" x2=\"{}%\" y1=\"6\" y2=\"6\"/><line class=\"answer{}\" x1=\"{}%\" x2=\"{}%\" y1=\"6\" y2=\"6\"/></svg>",
        grid,
        tone,
        first,
        tone,
        first,
        end
    )
}

fn decade(us: u64, height: f64) -> Html {
    let x = on_scale(us);
    html!("<line class=\"grid\" x1=\"{}%\" x2=\"{}%\" y1=\"0\" y2=\"{}\"/>", x, x, height)
}

/// The labels of the scale.
pub(crate) fn scale_axis() -> Html {
    let last = DECADES.len() - 1;
    let labels: Html = DECADES
        .iter()
        .enumerate()
        .map(|(place, (us, label))| {
            let anchor = if place == 0 {
                "start"
            } else if place == last {
                "end"
            } else {
                "middle"
            };
            html!("<text class=\"tick\" x=\"{}%\" y=\"13\" text-anchor=\"{}\">{}</text>", on_scale(*us), anchor, *label)
        })
        .collect();
    html!("<svg height=\"18\" aria-hidden=\"true\">{}</svg>", labels)
}

/// The patterns that fills refer to. Stands once in the document.
pub(crate) fn patterns() -> Html {
    let hatch = |id: &str, class: &str| {
        html!(
            "<pattern id=\"{}\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"{}\" x1=\"1\" x2=\"1\" y1=\"0\" y2=\"5\"/></pattern>",
            id,
            class
        )
    };
    html!(
        "<svg width=\"0\" height=\"0\" class=\"sr\" aria-hidden=\"true\"><defs>{}{}{}{}</defs></svg>",
        hatch("hatch", "hatch"),
        hatch("hatch-bad", "hatch-bad"),
        hatch("hatch-soft", "hatch-soft"),
        hatch("hatch-warn", "hatch-warn")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_logarithmic_and_held_at_its_ends() {
        for (us, percent) in [(0, 0.0), (10_000, 0.0), (100_000, 25.0), (1_000_000, 50.0), (100_000_000, 100.0), (u64::MAX, 100.0)] {
            assert!((on_scale(us) - percent).abs() < 1e-9, "{us}");
        }
    }

    #[test]
    fn a_small_value_is_still_drawn_and_none_is_not() {
        let up = [Layer { fill: Fill::Class("a1"), values: vec![1_000_000.0, 0.0, 1.0] }];
        let down = [Layer { fill: Fill::Pattern("hatch-bad"), values: vec![0.0, 0.0, 1.0] }];
        let drawn = Bars { up: &up, down: &down, height: 60.0, ticks: &[], label: "calls", most: &|most| format!("{most}") }.draw().0;
        assert_eq!(drawn.matches("<rect class=\"a1\"").count(), 2);
        assert_eq!(drawn.matches("height=\"1.5\"").count(), 2);
        assert!(drawn.contains("url(#hatch-bad)"));
    }
}
