//! One unit: its text, who answers for it, what it speaks of, its past, where it was used, and what is wrong with it.

use super::super::html::{Html, html};
use super::super::show::{count, time, unknown};
use super::findings::item;
use super::list::{owners, tokens};
use super::{place, state};
use crate::api::{body, findings_about, history};
use crate::context::{LIFT_UNKNOWN, Now, USE_DAYS, Uses, anchor_word, state_word, uses};
use crate::route::Ask;
use crate::state::Console;
use jeton_context::check::AnchorState;
use jeton_context::{Loading, Trust, Unit, facts, secret};
use jeton_core::{Fault, Timestamp};

/// How many calls that had the unit are listed.
const CALLS_MAX: usize = 20;

pub(super) fn article(console: &Console, now: &Now, ask: &Ask, unit: &Unit) -> Result<Html, Fault> {
    let uses = uses(console, ask.now)?;
    let mut text = html!(
        "<header><p class=\"id mono\">{}</p><h2>{}</h2><p>{} <span class=\"soft\">&middot; {} &middot; {}</span></p></header><dl class=\"leaders\">{}</dl>",
        super::super::breakable(&unit.id),
        unit.title,
        state(state_word(now.assessment.freshness(unit))),
        unit.kind.name(),
        place(&unit.place),
        lines(now, unit, &uses)
    );
    text.push(&found(now, ask, unit));
    text.push(&html!("<h3>Text, as a model gets it</h3><pre class=\"text\" tabindex=\"0\">{}</pre>", body(now, unit)));
    text.push(&anchors(now, unit));
    text.push(&facts_of(now, unit));
    text.push(&calls(console, unit, &uses));
    text.push(&past(console, now, unit));
    Ok(html!("<article class=\"unit\" aria-label=\"{}\">{}</article>", unit.title, text))
}

fn line(name: &str, value: &Html) -> Html {
    html!("<div><dt>{}</dt><dd>{}</dd></div>", name, value)
}

fn lines(now: &Now, unit: &Unit, uses: &Result<Uses, &'static str>) -> Html {
    let mut lines = line("Owner", &owners(unit));
    lines.push(&line("Tokens", &tokens(now, unit)));
    lines.push(&line("Believed as", &html!("{}", trust(unit.trust))));
    lines.push(&line("Coding agents load it", &html!("{}", loading(unit.loading))));
    if unit.is_mandatory {
        lines.push(&line("Must be there", &html!("yes, in every context of its scope")));
    }
    let mut listed = |name: &str, items: &[String]| {
        if !items.is_empty() {
            lines.push(&line(name, &html!("{}", items.join(", "))));
        }
    };
    listed("Only for paths", &unit.scope.paths);
    listed("Only for classes", &unit.scope.classes);
    listed("Only for models", &unit.scope.models);
    listed("Only for keys", &unit.access);
    listed("Holds from", unit.valid_from.as_slice());
    listed("Holds until", unit.valid_until.as_slice());
    let used = uses.as_ref().map_or_else(|why| unknown(&format!("Unknown: {why}")), |uses| html!("{}", count(uses.count(&unit.id))));
    lines.push(&line(&format!("Calls in {USE_DAYS} days"), &used));
    lines.push(&line("Lift", &unknown(&format!("Unknown: {LIFT_UNKNOWN}"))));
    lines
}

const fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Untrusted => "from outside, never a rule",
        Trust::Vendor => "a supplier's",
        Trust::Team => "the team's own",
        Trust::Reviewed => "approved by its owner",
    }
}

const fn loading(loading: Loading) -> &'static str {
    match loading {
        Loading::Always => "with every request",
        Loading::Scoped => "with files of its scope",
        Loading::Described => "its description always, its text when asked",
        Loading::OnDemand => "only when it is selected",
    }
}

fn found(now: &Now, ask: &Ask, unit: &Unit) -> Html {
    let items: Html = findings_about(&now.assessment, unit).into_iter().map(|finding| item(finding, ask, false)).collect();
    if items == Html::EMPTY {
        html!("<h3>Findings</h3><p class=\"nothing\">The checks found nothing wrong with it.</p>")
    } else {
        html!("<h3>Findings</h3><ul class=\"findings\">{}</ul>", items)
    }
}

fn anchors(now: &Now, unit: &Unit) -> Html {
    if unit.anchors.is_empty() {
        return html!("<h3>What it speaks of</h3><p class=\"nothing\">It names no file of the project, so no change can make it stale.</p>");
    }
    let row = |(anchor, reached): (&jeton_context::Anchor, &AnchorState)| {
        let named = anchor.at.as_ref().map_or_else(|| anchor.path.clone(), |at| format!("{}#{at}", anchor.path));
        let moved = match reached {
            AnchorState::Broken { moved: Some(moved), .. } => html!("<span class=\"sub\">now in <code>{}</code></span>", moved),
            _ => Html::EMPTY,
        };
        let shown = if anchor.is_declared { state(anchor_word(reached)) } else { html!("<span class=\"soft\">named in passing</span>") };
        html!(
            "<tr><th scope=\"row\"><span class=\"mono place\">{}</span>{}</th><td>{}</td><td class=\"num\">line {}</td></tr>",
            super::super::breakable(&named),
            moved,
            shown,
            u64::from(anchor.line)
        )
    };
    let states = now.assessment.anchors(unit);
    let rows: Html = unit.anchors.iter().zip(&states).map(row).collect();
    html!(
        "<h3>What it speaks of</h3><table class=\"plain\"><thead><tr><th scope=\"col\">Place</th><th scope=\"col\">State</th><th scope=\"col\" class=\"num\">Named on</th></tr></thead>\
         <tbody>{}</tbody></table>",
        rows
    )
}

fn facts_of(now: &Now, unit: &Unit) -> Html {
    if unit.facts.is_empty() {
        return Html::EMPTY;
    }
    let row = |fact: &jeton_context::Fact| {
        let value = match facts::fact_value(fact, &*now.desk.tree) {
            Ok(value) => html!("{}", secret::mask(&value).0.into_owned()),
            Err(why) => html!("<span class=\"bad\">{}</span>", super::super::prose(&why)),
        };
        html!(
            "<tr><th scope=\"row\"><span class=\"mono place\">{}</span></th><td>{}</td><td>{}</td></tr>",
            super::super::breakable(&format!("{}#{}", fact.path, fact.pointer)),
            secret::mask(&fact.said).0.into_owned(),
            value
        )
    };
    let rows: Html = unit.facts.iter().map(row).collect();
    html!(
        "<h3>Facts that it quotes</h3><table class=\"plain\"><thead><tr><th scope=\"col\">Source</th><th scope=\"col\">Written</th><th scope=\"col\">Now</th></tr></thead><tbody>{}</tbody></table>",
        rows
    )
}

fn calls(console: &Console, unit: &Unit, uses: &Result<Uses, &'static str>) -> Html {
    let uses = match uses {
        Err(why) => return html!("<h3>Where it was used</h3><p class=\"nothing\">Unknown: {}.</p>", *why),
        Ok(uses) => uses.of(&unit.id),
    };
    let row = |one: &crate::context::UnitUse| {
        html!(
            "<tr><th scope=\"row\"><a href=\"/calls/{}\">{}</a></th><td>{}</td><td class=\"num\">{}</td></tr>",
            one.call.to_string(),
            time(one.started, &console.zone, "%-d %b %H:%M"),
            one.class,
            count(one.tokens)
        )
    };
    if uses.is_empty() {
        return html!("<h3>Where it was used</h3><p class=\"nothing\">By no call of the last {} days.</p>", USE_DAYS);
    }
    let rows: Html = uses.iter().take(CALLS_MAX).map(row).collect();
    html!(
        "<h3>Where it was used</h3><table class=\"plain\"><thead><tr><th scope=\"col\">Call</th><th scope=\"col\">Class</th><th scope=\"col\" class=\"num\">Tokens of it</th></tr></thead><tbody>{}</tbody></table>",
        rows
    )
}

fn past(console: &Console, now: &Now, unit: &Unit) -> Html {
    let commits = match history(now, unit) {
        Err(why) => return html!("<h3>History of its file</h3><p class=\"nothing\">Unknown: {}.</p>", why),
        Ok(commits) if commits.is_empty() => return html!("<h3>History of its file</h3><p class=\"nothing\">No commit has it so far.</p>"),
        Ok(commits) => commits,
    };
    let row = |one: &jeton_context::git::FileCommit| {
        html!(
            "<li><span class=\"soft\">{}</span><div>{}<span class=\"sub\">{}, <span class=\"mono\">{}</span></span></div></li>",
            time(Timestamp(one.time_s.saturating_mul(1_000)), &console.zone, "%-d %b %Y"),
            secret::mask(&one.subject).0.into_owned(),
            one.author,
            one.id.chars().take(10).collect::<String>()
        )
    };
    html!("<h3>History of its file</h3><ol class=\"past\">{}</ol>", commits.iter().map(row).collect::<Html>())
}
