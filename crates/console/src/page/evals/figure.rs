//! Figures of evaluation for people: each with its interval and what it rests on. Unknown is a dash that says so; an invalid target
//! shows no rate, for it is no evidence.

use super::super::html::{Html, html};
use super::super::show::{count, percent, short_money, unknown};
use super::state;
use jeton_allocate::{Estimate, Interval};
use jeton_core::Nanousd;
use jeton_eval::totals::{TargetTotals, Validity};

/// `72–91 %`; one figure where both ends are the same.
pub(super) fn percent_span(interval: Interval) -> String {
    let (low, high) = (format!("{:.0}", interval.low * 100.0), format!("{:.0}", interval.high * 100.0));
    if low == high {
        return format!("{low}\u{a0}%");
    }
    format!("{low}–{high}\u{a0}%")
}

/// What an estimate rests on, as a title.
fn basis(estimate: &Estimate) -> String {
    format!("{} cases in {} independent groups; {:.0} % interval by {}", estimate.n, estimate.clusters, estimate.level.get() * 100.0, estimate.method)
}

/// What stands under a figure: its interval and n.
fn under(estimate: &Estimate, shown: &dyn Fn(Interval) -> String) -> Html {
    let why = if estimate.clusters > 1 { "no interval: all alike" } else { "no interval: one group" };
    let interval = estimate.interval.map_or_else(|| html!("{}", why), |interval| html!("{}", shown(interval)));
    html!("<span class=\"sub\" title=\"{}\">{}, n {}</span>", basis(estimate), interval, count(estimate.n as u64))
}

/// A rate with interval and n.
pub(super) fn rate(estimate: Option<&Estimate>) -> Html {
    estimate.map_or_else(|| unknown("Nothing was judged"), |found| html!("<b>{}</b>{}", percent(found.value), under(found, &percent_span)))
}

/// The pass rate of a target; where it is invalid, the word, and what the rate could be.
pub(super) fn pass_rate(totals: &TargetTotals) -> Html {
    match totals.validity {
        Validity::Valid => rate(totals.pass_rate.as_ref()),
        Validity::Empty => unknown("No row so far"),
        Validity::Invalid { share, most } => {
            let title = format!("{} of the rows are missing, more than {} make a target no evidence", percent(share), percent(most));
            let bounds = totals.bounds.map_or(Html::EMPTY, |bounds| html!("<span class=\"sub\">could be {}</span>", percent_span(bounds)));
            html!("<span title=\"{}\">{}</span>{}", title, state("bad", "failed", "invalid"), bounds)
        }
    }
}

/// Whether simulated answers are among those of a target.
pub(super) fn simulated(totals: &TargetTotals) -> Html {
    if totals.is_simulated { html!(" <span class=\"tag\" title=\"Answers of a simulated provider\">sim</span>") } else { Html::EMPTY }
}

/// US dollars as money is written.
#[allow(clippy::cast_possible_truncation)]
pub(super) fn dollars(usd: f64) -> String {
    short_money(Nanousd((usd * 1e9) as i64))
}

/// An estimate of US dollars.
pub(super) fn usd(estimate: Option<&Estimate>, why_unknown: &str) -> Html {
    let span = |interval: Interval| format!("{}–{}", dollars(interval.low), dollars(interval.high));
    estimate.map_or_else(|| unknown(why_unknown), |found| html!("{}{}", dollars(found.value), under(found, &span)))
}

/// An estimate of milliseconds.
pub(super) fn milliseconds(estimate: Option<&Estimate>) -> Html {
    let span = |interval: Interval| format!("{}–{}", ms(interval.low), ms(interval.high));
    estimate.map_or_else(|| unknown("No answer has a time"), |found| html!("{}{}", ms(found.value), under(found, &span)))
}

fn ms(value: f64) -> String {
    if value.abs() < 1_000.0 { format!("{value:.0} ms") } else { format!("{:.2} s", value / 1_000.0) }
}

fn signed(value: f64, shown: &dyn Fn(f64) -> String) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", shown(value.abs()))
}

/// A difference with its interval, in the unit that `shown` writes.
pub(super) fn difference(estimate: Option<&Estimate>, shown: &dyn Fn(f64) -> String, why_unknown: &str) -> Html {
    let span = |interval: Interval| format!("{} to {}", signed(interval.low, shown), signed(interval.high, shown));
    estimate.map_or_else(|| unknown(why_unknown), |found| html!("<b>{}</b>{}", signed(found.value, shown), under(found, &span)))
}

/// A difference of rates in points.
pub(super) fn points(estimate: Option<&Estimate>) -> Html {
    difference(estimate, &|share| format!("{:.1} points", share * 100.0), "The two have no judged case in common")
}

/// A difference of milliseconds.
pub(super) fn slower(estimate: Option<&Estimate>) -> Html {
    difference(estimate, &ms, "Not all answers have a time")
}

/// A difference of US dollars.
pub(super) fn dearer(estimate: Option<&Estimate>, why_unknown: &str) -> Html {
    difference(estimate, &dollars, why_unknown)
}
