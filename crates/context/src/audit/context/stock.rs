//! What exists, counted.

use crate::audit::report::{Fact, counted, grouped};
use crate::{Detail, Format, Kind, Loading, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Units by kind and format, their tokens, and those that are loaded with every request.
pub(super) fn facts(units: &[&Unit]) -> Vec<Fact> {
    let files: BTreeSet<&str> = units.iter().map(|unit| &*unit.place.path).collect();
    let tokens = tokens(units.iter().copied());
    let says = format!(
        "{} of context in {}, about {} tokens{}",
        counted(units.len() as u64, "unit", "units"),
        counted(files.len() as u64, "file", "files"),
        grouped(tokens),
        kinds(units)
    );
    let mut facts = vec![Fact::new("units", units.len() as u64, says)];
    facts.push(agent_files(units));
    facts.extend(rules(units));
    facts
}

fn tokens<'a>(units: impl Iterator<Item = &'a Unit>) -> u64 {
    units.map(|unit| jeton_text::estimate_tokens(&unit.body)).sum()
}

fn kinds(units: &[&Unit]) -> String {
    let mut by_kind: BTreeMap<Kind, u64> = BTreeMap::new();
    for unit in units {
        *by_kind.entry(unit.kind).or_default() += 1;
    }
    let name = |kind: Kind, count: u64| format!("{} {}{}", grouped(count), kind.name(), if count == 1 { "" } else { "s" });
    let shown: Vec<String> = by_kind.into_iter().map(|(kind, count)| name(kind, count)).collect();
    if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) }
}

/// Whether a format is one that coding agents load by themselves.
pub(super) const fn is_agents(format: Format) -> bool {
    matches!(format, Format::AgentsMd | Format::ClaudeMd | Format::CursorRules | Format::Copilot | Format::Continue | Format::Skill)
}

fn agent_files(units: &[&Unit]) -> Fact {
    let agents: Vec<&Unit> = units.iter().copied().filter(|unit| is_agents(unit.format)).collect();
    let files: BTreeSet<&str> = agents.iter().map(|unit| &*unit.place.path).collect();
    if files.is_empty() {
        return Fact::new("agent-files", 0, "no file that coding agents load by themselves (AGENTS.md, CLAUDE.md, rules, skills)");
    }
    let always = tokens(agents.into_iter().filter(|unit| unit.loading == Loading::Always));
    let says = format!(
        "{} that coding agents load by themselves; about {} tokens of them with every request",
        counted(files.len() as u64, "file", "files"),
        grouped(always)
    );
    Fact::new("agent-files", files.len() as u64, says)
}

/// Constraints with and without a check.
fn rules(units: &[&Unit]) -> Option<Fact> {
    let rules: Vec<bool> =
        units.iter().filter_map(|unit| if let Detail::Constraint(rule) = &unit.detail { Some(rule.check.is_some()) } else { None }).collect();
    let checked = rules.iter().filter(|&&has_check| has_check).count() as u64;
    let says = format!("{} of {} checked by a rule that runs", grouped(checked), counted(rules.len() as u64, "constraint is", "constraints are"));
    (!rules.is_empty()).then(|| Fact::of("constraints-checked", checked, rules.len() as u64, says))
}
