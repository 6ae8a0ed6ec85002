//! What suites take from the catalogue: cases from examples, graders from constraints, and whether a unit is there.

use super::grader::free_name;
use super::source::Fields;
use crate::{Case, Criterion, Grader, Input};
use jeton_context::catalogue::matches_pattern;
use jeton_context::constraint::Target;
use jeton_context::tree::{TreeOptions, WorkTree};
use jeton_context::{Catalogue, CatalogueOptions, Detail, Unit};
use std::cell::OnceCell;
use std::path::Path;

/// The catalogue: one that is at hand, or the project's own, read when it is first asked for.
#[derive(Debug)]
pub(crate) struct Units<'a> {
    project: &'a Path,
    given: Option<&'a Catalogue>,
    read: OnceCell<Catalogue>,
}

impl<'a> Units<'a> {
    pub(crate) fn new(project: &'a Path, given: Option<&'a Catalogue>) -> Self {
        Self { project, given, read: OnceCell::new() }
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        let read = || Catalogue::build(&WorkTree::open(self.project, &TreeOptions::default()), &CatalogueOptions { vocabularies: Vec::new() });
        self.given.unwrap_or_else(|| self.read.get_or_init(read))
    }

    /// What to write instead of an id that no unit has.
    pub(crate) fn remedy(&self, id: &str) -> String {
        let catalogue = self.catalogue();
        let found: Vec<&str> = catalogue.find(id).into_iter().take(3).map(|unit| unit.id.as_str()).collect();
        let nearest = if found.is_empty() { jeton_core::nearest(id, catalogue.units().iter().map(|unit| unit.id.as_str()), 3) } else { found };
        if nearest.is_empty() {
            return "The project has no units; `jeton context list` shows them.".to_owned();
        }
        format!("The nearest are {}; `jeton context list` shows all.", nearest.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "))
    }
}

/// The cases that `cases_from_examples` names: patterns of ids, or of classes. Each stands for its unit, and what the unit says is right is the
/// reference. Counterexamples are no cases: they say what is wrong, not what is right.
pub(crate) fn cases(suite: &Fields<'_>, units: &Units<'_>) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for pattern in suite.texts("cases_from_examples") {
        let before = cases.len();
        for unit in units.catalogue().units() {
            if names(&pattern, unit)
                && let Some(case) = case(unit)
                && !cases.iter().any(|other| other.id == case.id)
            {
                cases.push(case);
            }
        }
        if cases.len() == before {
            let examples = units.catalogue().units().iter().filter(|unit| matches!(unit.detail, Detail::Example(_)));
            let remedy = super::source::nearest(&pattern, examples.map(|unit| unit.id.as_str()));
            suite.error("unknown-unit", "cases_from_examples", format!("`{pattern}` names no example"), remedy);
        }
    }
    cases
}

fn names(pattern: &str, unit: &Unit) -> bool {
    let bare = unit.id.strip_prefix("example:").unwrap_or(&unit.id);
    matches_pattern(pattern, &unit.id) || matches_pattern(pattern, bare) || unit.scope.classes.iter().any(|class| matches_pattern(pattern, class))
}

fn case(unit: &Unit) -> Option<Case> {
    let Detail::Example(example) = &unit.detail else { return None };
    if example.is_counterexample {
        return None;
    }
    let mut case = Case::new(unit.id.clone(), Input::Text(example.input.clone()), unit.place.clone());
    case.class = unit.scope.classes.iter().find(|class| !class.contains('*')).cloned();
    // An output that is a JSON object is compared as such; a list would be several references.
    let object = serde_json::from_str(&example.output).ok().filter(serde_json::Value::is_object);
    case.reference = Some(object.unwrap_or_else(|| example.output.clone().into()));
    if let Some(schema) = &example.schema {
        let unit = if schema.starts_with("schema:") { schema.clone() } else { format!("schema:{schema}") };
        case.graders.push(Grader::new("json-schema", Criterion::JsonSchema { schema: None, unit: Some(unit), embedded: false }));
    }
    Some(case)
}

/// A grader for each mandatory constraint with a check of answers whose scope has the class; without a class, those that hold everywhere.
pub(crate) fn constraints(class: Option<&str>, units: &Units<'_>, taken: &[Grader]) -> Vec<Grader> {
    let mut names: Vec<String> = taken.iter().map(|grader| grader.name.clone()).collect();
    let mut graders = Vec::new();
    for unit in units.catalogue().units().iter().filter(|unit| judges_answers(unit, class)) {
        let name = free_name(&unit.id, &names);
        names.push(name.clone());
        graders.push(Grader::new(name, Criterion::Constraint { unit: unit.id.clone() }));
    }
    graders
}

fn judges_answers(unit: &Unit, class: Option<&str>) -> bool {
    let Detail::Constraint(constraint) = &unit.detail else { return false };
    let classes = &unit.scope.classes;
    let in_scope = classes.is_empty() || class.is_some_and(|class| classes.iter().any(|pattern| matches_pattern(pattern, class)));
    unit.is_mandatory && constraint.check.is_some() && constraint.target != Target::Files && in_scope
}
