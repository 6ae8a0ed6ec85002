//! Whether a suite is fit to decide by: its age and size, what it can see, its graders' self-test, and its judges beside people.

use super::super::html::{Html, html};
use super::super::show::{count, span_ms, unknown};
use super::figure::rate;
use super::{age, line, number, state};
use crate::evals::Health;
use crate::route::Ask;
use crate::state::Console;
use jeton_allocate::Estimate;
use jeton_eval::label::{Agreement, Calibrated};

/// Whether the suite is fit to decide by.
pub(super) fn soundness(console: &Console, ask: &Ask, health: &Health) -> Html {
    let mut lines = line("Newest run that counts", &age(ask.now, health.last.head.started, console));
    for unfit in &health.passed_over {
        lines.push(&line(
            "Does not count",
            &html!("<span class=\"mono\">{}</span> <span class=\"sub\">{}</span>", super::super::breakable(&unfit.run), unfit.why),
        ));
    }
    lines.push(&line("Cases", &html!("{} in {}", number(health.last.head.cases, "case"), number(health.clusters, "independent group"))));
    lines.push(&line("Graders' self-test", &selftest(health)));
    let share = |rows: usize| html!("{} of {}", count(rows as u64), number(health.cells, "row"));
    lines.push(&line("Answered, without a verdict", &share(health.unscored)));
    lines.push(&line("Without an answer", &share(health.errors)));
    lines.push(&line("Missing above which a target is invalid", &html!("{}", super::super::show::percent(health.last.head.errors_max))));
    lines.push(&line("Smallest difference it can see", &sight(health)));
    let waiting = if health.waiting == 0 {
        html!("none")
    } else {
        html!("<a href=\"{}\">{}</a>", super::address(ask, "/labels", &[("run", &health.last.head.id)]), number(health.waiting, "answer"))
    };
    lines.push(&line("Waiting for a person", &waiting));
    lines.push(&line("Heartbeat", &heartbeat(ask, health)));
    html!(
        "<section><div class=\"head\"><h2>Is the suite sound?</h2></div><dl class=\"leaders narrow\">{}</dl>{}{}</section>",
        lines,
        html!("{}{}", basis(health), faults(health)),
        judges(health)
    )
}

/// The smallest difference.
fn sight(health: &Health) -> Html {
    match &health.sight {
        Ok(sight) if sight.least >= 1.0 => html!("none: not even 100 points"),
        Ok(sight) => html!("<b>{}</b>", format!("{:.1} points", 100.0 * sight.least)),
        Err(_) => unknown("Why, stands below"),
    }
}

/// What the smallest difference is worked out from, or why it is not known.
fn basis(health: &Health) -> Html {
    let of = match &health.sight {
        Ok(sight) => &sight.basis,
        Err(why) => return html!("<p class=\"soft\">The smallest difference it can see is unknown: {}.</p>", why.sentence()),
    };
    let repeats = health.last.head.choice.repeats;
    html!(
        "<p class=\"soft\">The smallest difference is the one found in 4 of 5 comparisons with {}{}, at an error of 1 in 20. It is worked out from how {} in {} vary between <span class=\"mono\">{}</span> and <span class=\"mono\">{}</span>.</p>",
        number(health.last.head.cases, "case"),
        if repeats > 1 { format!(", each {repeats} times") } else { String::new() },
        number(of.cases, "case"),
        number(of.clusters, "independent group"),
        super::super::breakable(&of.baseline),
        super::super::breakable(&of.candidate)
    )
}

/// Judges beside people: what they say, what it is worth, and how far both agree.
fn judges(health: &Health) -> Html {
    if health.calibrations.is_empty() && health.agreements.is_empty() {
        return html!(
            "<h3>Judges and people</h3><p class=\"nothing\">No model judges in this suite, and nobody has labelled an answer of it. A judge is corrected by labels: <code>jeton eval label {} --grader NAME</code>.</p>",
            health.last.head.suite
        );
    }
    let agreed: Html = health.agreements.iter().map(people).collect();
    let agreed = if agreed == Html::EMPTY { Html::EMPTY } else { html!("<ul class=\"plain-list\">{}</ul>", agreed) };
    if health.calibrations.is_empty() {
        return html!("<h3>Judges and people</h3>{}", agreed);
    }
    let rows: Html = health.calibrations.iter().map(|of| judge(of, &health.last.head.suite)).collect();
    html!(
        "<h3>Judges and people</h3><p class=\"soft\">Labels correct what a judge says (PPI++). That holds where the labelled answers are a random sample: the queue of <code>jeton eval label</code> is one.</p>\
         <div class=\"units\"><table><thead><tr><th scope=\"col\">Judge</th><th scope=\"col\">Says it passes</th><th scope=\"col\">Corrected by labels</th><th scope=\"col\">Same as people</th><th scope=\"col\">Labels</th></tr></thead><tbody>{}</tbody></table></div>{}",
        rows,
        agreed
    )
}

fn judge(of: &Calibrated, suite: &str) -> Html {
    let withdrawn: usize = of.withdrawn.iter().map(|(_, labels)| labels).sum();
    let labels = match (of.labelled, withdrawn) {
        (0, 0) => html!("<span class=\"soft\">none: <code>jeton eval label {} --grader {}</code> makes some</span>", suite, of.grader),
        (labelled, _) => html!("{}{}", count(labelled as u64), of.withdrawn.iter().map(|(why, labels)| gone(why, *labels)).collect::<Html>()),
    };
    let same = if of.labelled == 0 {
        unknown("No answer has a label that counts")
    } else {
        let kappa = of.kappa.as_ref().map_or(Html::EMPTY, |kappa| html!("<span class=\"sub\">kappa {}</span>", plain(kappa)));
        html!("{} of {}{}", count(of.agreed as u64), count(of.labelled as u64), kappa)
    };
    let corrected = of.corrected.as_ref().map_or_else(|| unknown("It takes two labels that count"), |found| rate(Some(found)));
    html!(
        "<tr><th scope=\"row\">{}<span class=\"sub\">on {}</span></th><td><span class=\"what\">says </span>{}</td><td><span class=\"what\">corrected </span>{}</td><td><span class=\"what\">as people </span>{}</td>\
         <td class=\"wrap\"><span class=\"what\">labels </span>{}</td></tr>",
        of.grader,
        of.target,
        rate(of.raw.as_ref()),
        corrected,
        same,
        labels
    )
}

fn gone(why: &str, labels: usize) -> Html {
    html!("<span class=\"sub warn\">{} withdrawn, because {}</span>", count(labels as u64), why)
}

/// A coefficient with its interval.
fn plain(of: &Estimate) -> String {
    let interval = of.interval.map_or_else(String::new, |interval| format!(", {:.2} to {:.2}", interval.low, interval.high));
    format!("{:.2}{interval}", of.value)
}

/// How far people agree.
fn people(of: &Agreement) -> Html {
    let told = match (&of.coefficient, &of.value) {
        (Some(_), Some(value)) => {
            let name = if of.people == 2 { "Cohen's kappa" } else { "Krippendorff's alpha" };
            format!("; on {} that more than one labelled they agree with {name} {}", number(of.shared, "answer"), plain(value))
        }
        (Some(_), None) => "; how far they agree cannot be told from so few".to_owned(),
        (None, _) => "; no answer was labelled by more than one".to_owned(),
    };
    html!(
        "<li><b>{}</b>: {} by {}{}.</li>",
        of.grader,
        number(of.labels, "label"),
        if of.people == 1 { "1 person".to_owned() } else { format!("{} people", of.people) },
        told
    )
}

fn selftest(health: &Health) -> Html {
    match &health.selftest {
        None => state("warn", "refused", "left out"),
        Some(test) if test.faults.is_empty() => {
            let more = if test.not_applicable > 0 { format!(", {} not applicable", test.not_applicable) } else { String::new() };
            html!("{} <span class=\"soft\">{} checks{}</span>", state("soft", "ok", "passed"), count(test.checked), more)
        }
        Some(test) => html!("{} <span class=\"soft\">of {}</span>", state("bad", "failed", &format!("{} wrong", test.faults.len())), count(test.checked)),
    }
}

fn faults(health: &Health) -> Html {
    let Some(test) = health.selftest.as_ref().filter(|test| !test.faults.is_empty()) else { return Html::EMPTY };
    let items: Html = test.faults.iter().take(20).map(|fault| html!("<li>{}</li>", super::super::prose(fault))).collect();
    html!("<h3>What the self-test found</h3><ul class=\"plain-list\">{}</ul>", items)
}

fn heartbeat(ask: &Ask, health: &Health) -> Html {
    let Some(beat) = &health.heartbeat else { return html!("<span class=\"soft\">the suite is not watched</span>") };
    let ago = span_ms(u64::try_from(ask.now.0.saturating_sub(beat.at.0)).unwrap_or(0));
    let figure = |name: &str| beat.number(name).map_or_else(|| unknown("The heartbeat does not tell"), |found| html!("{}", count(found)));
    html!("{} ago: {} expected, {} executed, {} scored", ago, figure("expected"), figure("executed"), figure("scored"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_count_no_more_and_those_that_never_were_say_so() {
        let of = |withdrawn: &[(&str, usize)]| {
            let withdrawn = withdrawn.iter().map(|(why, labels)| ((*why).to_owned(), *labels)).collect();
            let of = Calibrated {
                target: "fast".to_owned(),
                grader: "kind".to_owned(),
                labelled: 0,
                judged: 9,
                agreed: 0,
                kappa: None,
                withdrawn,
                raw: None,
                corrected: None,
            };
            judge(&of, "refunds").0
        };
        assert!(of(&[("the suite has changed since", 7)]).contains("7 withdrawn, because the suite has changed since"));
        assert!(of(&[]).contains("jeton eval label refunds --grader kind") && !of(&[]).contains("withdrawn"));
    }
}
