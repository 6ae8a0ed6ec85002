//! Which units may, and which must, be in a context.

use super::{CompileError, Request, Sources};
use crate::catalogue::matches_pattern;
use crate::{Detail, Kind, Trust, Unit};
use globset::{Glob, GlobSet, GlobSetBuilder};

/// A day as `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Today<'a>(pub &'a str);

/// Globs as one; `None` where there are none, which means everything.
pub(super) fn globs(patterns: &[String]) -> Option<GlobSet> {
    if patterns.is_empty() {
        return None;
    }
    let mut set = GlobSetBuilder::new();
    // What is no glob was reported when the file that holds it was read.
    for glob in patterns.iter().filter_map(|pattern| Glob::new(pattern).ok()) {
        set.add(glob);
    }
    set.build().ok()
}

/// Whether the caller may see the unit.
pub(super) fn may_see(unit: &Unit, request: &Request<'_>) -> bool {
    unit.access.is_empty() || request.key.is_some_and(|key| unit.access.iter().any(|name| name == key))
}

/// Whether the unit holds on this day.
pub(crate) fn holds(unit: &Unit, today: Today<'_>) -> bool {
    unit.valid_from.as_deref().is_none_or(|day| day <= today.0) && unit.valid_until.as_deref().is_none_or(|day| day >= today.0)
}

/// Whether a class or model is one of those that `patterns` name; no pattern names all.
pub(crate) fn matches(patterns: &[String], value: Option<&str>) -> bool {
    patterns.is_empty() || value.is_some_and(|value| patterns.iter().any(|pattern| matches_pattern(pattern, value)))
}

/// Whether the caller may see the unit, and it holds today, for this class and model. [`super::hindrances`] says why not.
pub(super) fn applies(unit: &Unit, request: &Request<'_>) -> bool {
    may_see(unit, request)
        && holds(unit, request.today)
        && matches(&unit.scope.classes, request.class)
        && matches(&unit.scope.models, request.model)
        && !request.held_out.contains(&unit.id.as_str())
}

/// Whether the request asks for units of this kind, at this place. A wrong answer that is kept as a warning never is: it serves checks and
/// tests, and a reader in haste would take it for a right one.
pub(super) fn is_asked_for(unit: &Unit, request: &Request<'_>, paths: Option<&GlobSet>) -> bool {
    let is_wrong = matches!(&unit.detail, Detail::Example(example) if example.is_counterexample);
    !is_wrong && (request.kinds.is_empty() || request.kinds.contains(&unit.kind)) && paths.is_none_or(|paths| paths.is_match(&*unit.place.path))
}

/// What must be there: units that say so within their scope, and those that the request names; each with what it requires, without what
/// another supersedes. By id.
///
/// A rule for some paths only is there where those paths can be in the context at all: where code is asked for.
pub(super) fn mandatory<'a>(sources: &Sources<'a>, request: &Request<'_>) -> Result<Vec<&'a Unit>, CompileError> {
    let asks_for_code = request.kinds.is_empty() || request.kinds.contains(&Kind::Code);
    let says_so = |unit: &&Unit| {
        let is_rule = unit.is_mandatory && unit.trust > Trust::Untrusted;
        is_rule && applies(unit, request) && (request.kinds.is_empty() || request.kinds.contains(&unit.kind)) && (unit.scope.paths.is_empty() || asks_for_code)
    };
    let mut found: Vec<&Unit> = sources.catalogue.units().iter().filter(says_so).collect();
    for name in request.mandatory {
        let named: Vec<&Unit> = sources.catalogue.find(name).into_iter().filter(|unit| applies(unit, request)).collect();
        if named.is_empty() && !request.held_out.contains(&name.as_str()) {
            return Err(CompileError::NoSuchUnit(name.clone()));
        }
        found.extend(named);
    }
    let mut at = 0;
    while at < found.len() {
        let required = found[at].links.requires.iter().filter_map(|id| sources.catalogue.unit(id)).filter(|unit| applies(unit, request));
        let new: Vec<&Unit> = required.filter(|unit| !found.iter().any(|have| have.id == unit.id)).collect();
        found.extend(new);
        at += 1;
    }
    let superseded: Vec<&String> = found.iter().flat_map(|unit| &unit.links.supersedes).collect();
    found.retain(|unit| !superseded.contains(&&unit.id));
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}
