//! Parts put into text: the same parts give the same bytes, and no date, counter or absolute path is among them.

use super::manifest::{Span, View};
use super::{Part, Segment, Sources, Tier, shown};
use crate::facts::fill_facts;
use crate::rule_text::RuleText;
use crate::{Kind, Trust, Unit};
use jeton_text::Vocabulary;

/// Tokens that the headings of all tiers take, in every vocabulary.
pub(super) const HEADINGS_TOKENS: u64 = 24;

/// A segment shorter than this is not worth a breakpoint: providers cache prefixes from about 1,024 tokens on, and four bytes a token is
/// the customary estimate.
const CACHED_BYTES_MIN: usize = 4_096;

fn heading(tier: Tier) -> &'static str {
    match tier {
        Tier::Rules => "# Rules\n\n",
        Tier::Knowledge => "# Knowledge\n\n",
        Tier::Code => "# Code\n\n",
    }
}

/// The parts, in their order, as segments by tier.
pub(super) fn segments(parts: &[Part]) -> Vec<Segment> {
    let mut found: Vec<Segment> = Vec::new();
    for part in parts {
        match found.last_mut() {
            Some(last) if last.tier == part.tier => last.text.push_str(&part.text),
            _ => found.push(Segment { tier: part.tier, text: format!("{}{}", heading(part.tier), part.text), breakpoint: false }),
        }
    }
    let mut bytes = 0;
    for segment in &mut found {
        bytes += segment.text.len();
        segment.breakpoint = bytes >= CACHED_BYTES_MIN;
    }
    found
}

/// Tokens of parts with their headings.
pub(super) fn tokens(parts: &[Part], vocabulary: Vocabulary) -> u64 {
    vocabulary.count(&segments(parts).iter().map(|segment| segment.text.as_str()).collect::<String>())
}

/// The whole unit.
pub(super) fn whole(sources: &Sources<'_>, vocabulary: Vocabulary, unit: &Unit, tier: Tier, why: &str) -> Part {
    let body = body(sources, unit);
    part(sources, vocabulary, unit, tier, View::Full, &body, why)
}

/// The unit's text with its facts as they are now, and without secrets.
pub(super) fn body(sources: &Sources<'_>, unit: &Unit) -> String {
    let filled = if unit.facts.is_empty() { unit.body.to_string() } else { fill_facts(&unit.body, &unit.facts, &unit.place.path, sources.tree).0 };
    shown(sources, &filled).into_owned()
}

/// A unit with as much of its text as `body` has.
pub(super) fn part(sources: &Sources<'_>, vocabulary: Vocabulary, unit: &Unit, tier: Tier, view: View, body: &str, why: &str) -> Part {
    let text = unit_text(sources, unit, view, body);
    let span = Span {
        unit: unit.id.clone(),
        kind: unit.kind,
        digest: unit.digest,
        place: unit.place.clone(),
        view,
        tier,
        tokens: vocabulary.count(&text),
        why: why.to_owned(),
        density: 0.0,
    };
    Part { tier, order: (unit.kind, unit.id.clone(), unit.place.first_line), text, span }
}

/// A unit as it stands in the context.
pub(super) fn unit_text(sources: &Sources<'_>, unit: &Unit, view: View, body: &str) -> String {
    let warning = (sources.standing)(unit).1.map_or(String::new(), |warning| format!(" ({warning})"));
    let id = unit.id.strip_prefix(unit.kind.name()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(&unit.id);
    let text = match (unit.kind, view) {
        (_, View::Handle) => format!("- {}: {} [{id}]{warning}\n", unit.kind.name(), unit.title),
        (Kind::Constraint, _) => rule(&RuleText::new(unit, body), &format!("[{id}]{warning}")),
        _ => format!("## {} [{id}]{warning}\n\n{}\n\n", unit.title, without_title(body, &unit.title).trim()),
    };
    if unit.trust == Trust::Untrusted {
        format!("<untrusted from=\"{}\">\n{}</untrusted>\n", unit.place.path, text.replace("</untrusted", "</ untrusted"))
    } else {
        text
    }
}

/// The id stands behind the first paragraph, where short rules end.
fn rule(rule: &RuleText, mark: &str) -> String {
    let RuleText { head, rest } = rule;
    if rest.is_empty() { format!("- {head} {mark}\n") } else { format!("- {head} {mark}\n\n{rest}\n\n") }
}

/// A section's own heading says what the title says.
fn without_title<'t>(body: &'t str, title: &str) -> &'t str {
    let trimmed = body.trim_start();
    let Some(rest) = trimmed.strip_prefix('#') else { return body };
    let (first, rest) = rest.split_once('\n').unwrap_or((rest, ""));
    // A title of several parts ends with the section's own.
    let own = title.rsplit(" › ").next().unwrap_or(title);
    if first.trim_matches(['#', ' ', '\r']) == own.trim() { rest } else { body }
}

/// Lines of a source file; the first piece of a file names it.
pub(super) fn code(vocabulary: Vocabulary, path: Option<&str>, fence: &str, lines: (u32, u32), text: &str) -> (String, u64) {
    // A fence longer than any within.
    let ticks = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let head = path.map_or(String::new(), |path| format!("## {path}\n"));
    let shown = format!("{head}{ticks}{fence} {}-{}\n{text}{end}{ticks}\n", lines.0, lines.1);
    let tokens = vocabulary.count(&shown);
    (shown, tokens)
}
