//! The first part: what a model can read.

mod basics;
mod broken;
mod dialects;
mod spoken;
mod stock;
mod uncovered;

use super::report::{Fact, Item, Part, Section};
use super::survey::Survey;
use crate::audit::roles::is_fixture;
use crate::{Catalogue, Finding, Severity, Unit};

/// What there is to read, and what is missing, stale or double. `checks` are the findings of the checks of context,.
pub(super) fn section(survey: &Survey<'_>, catalogue: &Catalogue, checks: &[Finding]) -> Section {
    // What lies among the data of tests is nobody's context.
    let units: Vec<&Unit> = catalogue.units().iter().filter(|unit| !is_fixture(&unit.place.path)).collect();
    let (mut facts, mut items) = (stock::facts(&units), Vec::new());
    let mut take = |(more, found): (Vec<Fact>, Vec<Item>)| {
        facts.extend(more);
        items.extend(found);
    };
    take(basics::readme_and_build(survey));
    take(uncovered::look(survey, &units));
    take(broken::look(survey, checks));
    take(basics::owners(survey, &units));
    take(dialects::look(survey));
    take(basics::budgets(survey, &units));
    Section::new(Part::Context, facts, items)
}

/// A finding about a document, weighed by the commits that changed it.
fn about_doc(survey: &Survey<'_>, finding: Finding) -> Item {
    let commits = survey.past.touching_path(&finding.place.path);
    Item::new(finding, super::report::Touched { commits, ..super::report::Touched::default() })
}

/// A finding about all of the project's code.
fn about_all(survey: &Survey<'_>, code: &'static str, severity: Severity, place: crate::Place, message: String, remedy: &str) -> Item {
    let touched =
        super::report::Touched { commits: survey.past.all(), lines: Some(survey.lines_within("")), is_everything: true, ..super::report::Touched::default() };
    Item::new(Finding::new(code, severity, place, message, remedy), touched)
}

#[cfg(test)]
mod tests;
