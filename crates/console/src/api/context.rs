//! What the paths of context do.

use super::context_view as view;
use crate::context::{Assessment, Now, Wish, compile_fault, state_word, uses};
use crate::route::{Answer, Ask};
use crate::state::Console;
use jeton_context::{Finding, Severity, Unit, report};
use jeton_core::{Fault, FaultKind};
use serde_json::{Value, json};

/// What more tokens are asked about by an explanation.
pub(crate) const MORE_TOKENS: u64 = 2_000;
/// How many commits of a unit's file are told.
pub(crate) const COMMITS_MAX: usize = 20;
const LEFT_OUT_MAX: usize = 200;

/// Whether these owners are those that are asked for; `none` asks for those of nobody.
fn is_owner(asked: Option<&str>, owners: &[String]) -> bool {
    asked.is_none_or(|asked| if asked == "none" { owners.is_empty() } else { owners.iter().any(|owner| owner == asked) })
}

/// The units that the filters of `ask` match, by id.
pub(crate) fn matching<'a>(now: &'a Now, ask: &Ask) -> Vec<&'a Unit> {
    let fits = |unit: &&Unit| {
        ask.text("kind").is_none_or(|kind| unit.kind.name() == kind)
            && is_owner(ask.text("owner"), &unit.owners)
            && ask.text("state").is_none_or(|state| state_word(now.assessment.freshness(unit)) == state)
    };
    now.desk.catalogue.units().iter().filter(fits).collect()
}

/// A parameter that must be there.
pub(crate) fn needed<'a>(ask: &'a Ask, name: &'static str, example: &str) -> Result<&'a str, Fault> {
    ask.text(name).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        Fault::new(FaultKind::InvalidRequest, format!("`{name}` is missing.")).param(name).remedy(format!("Give it in the address: `?{name}={example}`."))
    })
}

pub(super) fn units(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let uses = uses(console, ask.now)?;
    let units = matching(&now, ask);
    let rows: Vec<Value> = units.iter().map(|unit| view::unit_row(&now, unit, &uses)).collect();
    Answer::json(&json!({
        "catalogue": now.desk.catalogue.digest(), "vocabulary": now.vocabulary(), "use_days": crate::context::USE_DAYS,
        "totals": view::totals(&now, &units), "units": rows,
    }))
}

pub(super) fn unit(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let unit = now.unit(needed(ask, "id", "doc:docs/refunds.md")?)?;
    let uses = uses(console, ask.now)?;
    Answer::json(&view::unit(&now, unit, &uses))
}

pub(super) fn findings(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let asked = ask.text("owner");
    let is_asked = |owner: Option<&str>| asked.is_none_or(|asked| owner.unwrap_or("none") == asked);
    let groups = now.assessment.by_owner().into_iter().filter(|(owner, _)| is_asked(*owner));
    let owners: Vec<Value> = groups
        .map(|(owner, findings)| {
            let [errors, warnings, notes] = counts(&findings);
            json!({ "owner": owner, "errors": errors, "warnings": warnings, "notes": notes, "findings": findings.into_iter().map(view::finding).collect::<Vec<_>>() })
        })
        .collect();
    let all: Vec<Finding> = now.assessment.findings().iter().filter(|finding| is_owner(asked, &finding.owners)).cloned().collect();
    let [errors, warnings, notes] = report::counts(&all);
    Answer::json(&json!({ "errors": errors, "warnings": warnings, "notes": notes, "owners": owners }))
}

/// How many errors, warnings and notes.
pub(crate) fn counts(findings: &[&Finding]) -> [usize; 3] {
    [Severity::Error, Severity::Warning, Severity::Note].map(|severity| findings.iter().filter(|finding| finding.severity == severity).count())
}

pub(super) fn search(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let words = needed(ask, "q", "refund+window")?;
    let limit = usize::try_from(ask.integer("limit").unwrap_or(20)).unwrap_or(20);
    let all = now.desk.catalogue.units();
    let units: Vec<Value> = now.desk.units.search(words).into_iter().take(limit).map(|(place, score)| view::found_unit(&all[place], score)).collect();
    let found = now.engine.search(words);
    let files: Vec<Value> = found.iter().take(limit).map(|(path, ranked)| view::found_file(path, ranked, now.engine.best_lines(path, ranked))).collect();
    Answer::json(&json!({ "units": units, "files": files }))
}

pub(super) fn compile(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let wish = Wish::of_body(ask.body.as_ref().unwrap_or(&Value::Null), &ask.access, &now)?;
    let compiled = now.engine.compile(&wish.request(&now)).map_err(|error| compile_fault(&error))?;
    Answer::json(&view::compilation(&compiled))
}

pub(super) fn explain(console: &Console, ask: &Ask) -> Result<Answer, Fault> {
    let now = Now::of(console, ask)?;
    let wish = Wish::of_body(ask.body.as_ref().unwrap_or(&Value::Null), &ask.access, &now)?;
    let mut explained = now.engine.explain(&wish.request(&now), MORE_TOKENS).map_err(|error| compile_fault(&error))?;
    explained.left_out.truncate(LEFT_OUT_MAX);
    Answer::json(&view::explanation(&explained))
}

/// The findings about a unit, the worst first.
pub(crate) fn findings_about<'a>(assessment: &'a Assessment, unit: &'a Unit) -> Vec<&'a Finding> {
    let mut found: Vec<&Finding> = assessment.findings_of(&unit.id).collect();
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}
