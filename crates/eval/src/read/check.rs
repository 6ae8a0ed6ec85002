//! What only a whole suite can show: ids that stand twice, variables that no case has, units and references that are not there.

use super::files;
use super::source::{Fields, Report, nearest};
use super::target::place_of_prompt;
use super::units::Units;
use crate::grader::needs_reference;
use crate::{Case, Criterion, Grader, Prompt, Suite, template};
use jeton_context::{Detail, Place, Severity};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What the checks look at beside the suite.
#[derive(Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) project: &'a Path,
    pub(crate) folder: &'a Path,
    pub(crate) units: &'a Units<'a>,
    pub(crate) report: &'a Report,
}

/// Reports what is wrong with a suite as a whole. `table` is its file, where it has one.
pub(crate) fn check(suite: &Suite, table: Option<&Fields<'_>>, around: &Surroundings<'_>) {
    let place = |key: &str| table.map_or_else(|| suite.place.clone(), |table| table.place_of(key));
    if suite.cases.is_empty() && !around.report.has_errors() {
        around.report.error("no-cases", suite.place.clone(), "the suite has no cases", "Write `[[case]]`, or `cases = \"FILE.jsonl\"`.");
    }
    duplicate_ids(&suite.cases, around.report);
    needs(&suite.cases, around);
    case_files(&suite.cases, around);
    prompts(suite, table, around.report);
    only(suite, &place("target"), around.report);
    let grade = place("grade");
    for grader in &suite.graders {
        units_of(grader, &grade, around);
        let cases: Vec<&Case> = suite.cases.iter().filter(|case| grader.applies(case)).collect();
        texts_of(grader, &cases, &grade, around.report);
    }
    for case in &suite.cases {
        for grader in &case.graders {
            units_of(grader, &case.place, around);
            texts_of(grader, &[case], &case.place, around.report);
        }
    }
    deciding(suite, around.report);
}

fn duplicate_ids(cases: &[Case], report: &Report) {
    let mut first: HashMap<&str, &Place> = HashMap::new();
    for case in cases {
        match first.get(case.id.as_str()) {
            Some(place) => {
                report.error("duplicate-id", case.place.clone(), format!("the id `{}` stands already at {place}", case.id), "Give one of them another id.")
            }
            None => drop(first.insert(&case.id, &case.place)),
        }
    }
}

fn needs(cases: &[Case], around: &Surroundings<'_>) {
    for case in cases {
        for id in case.needs.iter().filter(|id| around.units.catalogue().unit(id).is_none()) {
            around.report.error("unknown-unit", case.place.clone(), format!("`needs` names `{id}`, and there is no such unit"), around.units.remedy(id));
        }
    }
}

fn case_files(cases: &[Case], around: &Surroundings<'_>) {
    for case in cases {
        for file in &case.files {
            if let Err(unread) = files::locate(around.project, around.folder, file) {
                around.report.error(unread.code, case.place.clone(), unread.why, unread.remedy);
            }
        }
    }
}

fn prompts(suite: &Suite, table: Option<&Fields<'_>>, report: &Report) {
    for (name, prompt) in &suite.prompts {
        let place = table.map_or_else(|| suite.place.clone(), |table| place_of_prompt(table, name));
        let cases: Vec<&Case> = suite.cases.iter().filter(|case| is_put(suite, name, case)).collect();
        for text in texts(prompt) {
            names(text, &cases, &place, report, |case, name| name == "id" || case.vars.contains_key(name));
        }
    }
}

fn texts(prompt: &Prompt) -> Vec<&str> {
    prompt.before.iter().map(|turn| turn.content.as_str()).chain(prompt.user.as_deref()).collect()
}

/// Whether any target puts the case by this prompt. A prompt that no target names may be asked for on the command line.
fn is_put(suite: &Suite, prompt: &str, case: &Case) -> bool {
    let mut targets = suite.targets.iter().filter(|target| target.prompt.as_deref() == Some(prompt)).peekable();
    targets.peek().is_none() || targets.any(|target| target.only.is_empty() || target.only.iter().any(|tag| case.tags.contains(tag)))
}

/// Reports what a template asks for and cases do not have.
fn names(text: &str, cases: &[&Case], place: &Place, report: &Report, has: impl Fn(&Case, &str) -> bool) {
    let names = match template::names(text) {
        Ok(names) => names,
        Err(why) => {
            report.error(
                "bad-template",
                place.clone(),
                format!("the template cannot be read: {why}"),
                "Mend it; `{{name}}` is replaced by a value, and `{% raw %}` keeps braces.",
            );
            return;
        }
    };
    for name in names.iter().filter(|name| *name != "input") {
        let without: Vec<&str> = cases.iter().filter(|case| !has(case, name)).map(|case| case.id.as_str()).collect();
        if without.is_empty() {
            continue;
        }
        let known: BTreeSet<&str> = cases.iter().flat_map(|case| case.vars.keys().map(String::as_str)).chain(["input", "id"]).collect();
        let message = format!("`{{{{{name}}}}}` has no value in {}", some_of(&without, cases.len()));
        report.error("unset-variable", place.clone(), message, format!("Set it in `vars`, or write another name. {}", nearest(name, known)));
    }
}

/// The first few ids, and how many there are of how many.
fn some_of(ids: &[&str], all: usize) -> String {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    if ids.len() <= 3 { shown.join(", ") } else { format!("{} of {all} cases ({}, …)", ids.len(), shown.join(", ")) }
}

fn only(suite: &Suite, place: &Place, report: &Report) {
    let tags: BTreeSet<&str> = suite.cases.iter().flat_map(|case| case.tags.iter().map(String::as_str)).collect();
    for target in &suite.targets {
        for tag in target.only.iter().filter(|tag| !tags.contains(tag.as_str())) {
            report.error(
                "unknown-tag",
                place.clone(),
                format!("`only` of `{}` names `{tag}`, and no case is tagged so", target.name),
                nearest(tag, tags.iter().copied()),
            );
        }
    }
}

/// Reports units that a grader names and that are not there.
fn units_of(grader: &Grader, place: &Place, around: &Surroundings<'_>) {
    let (id, expected): (&str, &str) = match &grader.criterion {
        Criterion::Constraint { unit } => (unit, "constraint with a check"),
        Criterion::JsonSchema { unit: Some(unit), .. } => (unit, "schema"),
        Criterion::All { of } | Criterion::Any { of } => return of.iter().for_each(|grader| units_of(grader, place, around)),
        _ => return,
    };
    let is_right = |detail: &Detail| match detail {
        Detail::Constraint(constraint) => expected != "schema" && constraint.check.is_some(),
        Detail::Schema(schema) => expected == "schema" && !schema.is_null(),
        _ => false,
    };
    let message = match around.units.catalogue().unit(id) {
        Some(unit) if is_right(&unit.detail) => return,
        Some(_) => format!("`{}` names `{id}`, which is no {expected}", grader.name),
        None => format!("`{}` names `{id}`, and there is no such unit", grader.name),
    };
    around.report.error("unknown-unit", place.clone(), message, around.units.remedy(id));
}

/// Reports variables that a grader's texts ask for and cases lack, and references that it needs and cases lack.
fn texts_of(grader: &Grader, cases: &[&Case], place: &Place, report: &Report) {
    if let Criterion::All { of } | Criterion::Any { of } = &grader.criterion {
        of.iter().for_each(|grader| texts_of(grader, cases, place, report));
        return;
    }
    let has = |case: &Case, name: &str| match name {
        "id" => true,
        "reference" => case.reference.is_some() || case.vars.contains_key(name),
        _ => case.vars.contains_key(name),
    };
    for text in templates(&grader.criterion) {
        names(text, cases, place, report, has);
    }
    if needs_reference(&grader.criterion) {
        let without: Vec<&str> = cases.iter().filter(|case| case.reference.is_none()).map(|case| case.id.as_str()).collect();
        if !without.is_empty() {
            let message = format!("`{}` judges by the reference, and there is none in {}", grader.name, some_of(&without, cases.len()));
            report.error("no-reference", place.clone(), message, "Write `reference` in the case, or `value` in the grader.");
        }
    }
}

/// The texts of a criterion that are templates.
pub(crate) fn templates(criterion: &Criterion) -> Vec<&str> {
    match criterion {
        Criterion::Exact { value, .. }
        | Criterion::StartsWith { value, .. }
        | Criterion::EditSimilarity { value, .. }
        | Criterion::EmbeddingSimilarity { value, .. }
        | Criterion::Rouge { value, .. }
        | Criterion::Bleu { value }
        | Criterion::Table { value, .. } => value.as_deref().into_iter().collect(),
        Criterion::Sql { value, setup, .. } => value.as_deref().into_iter().chain([setup.as_str()]).collect(),
        Criterion::Json { value: Some(Value::String(text)), .. } => vec![text],
        Criterion::Contains { values, .. } => values.iter().map(String::as_str).collect(),
        Criterion::Regex { pattern } => vec![pattern],
        Criterion::Judge { rubric, .. } => vec![rubric],
        Criterion::Human { question } => vec![question],
        _ => Vec::new(),
    }
}

/// Says which cases nothing decides.
fn deciding(suite: &Suite, report: &Report) {
    // A grader that could not be read is told already.
    if report.has_errors() {
        return;
    }
    let is_decided = |case: &&Case| suite.graders.iter().chain(&case.graders).any(|grader| grader.weight > 0.0 && grader.applies(case));
    let without: Vec<&str> = suite.cases.iter().filter(|case| !is_decided(case)).map(|case| case.id.as_str()).collect();
    if !without.is_empty() {
        let message = format!("nothing decides about {}: no grader with a weight above 0", some_of(&without, suite.cases.len()));
        report.add("no-graders", Severity::Warning, suite.place.clone(), message, "Write `[[grade]]`; until then these cases are unscored.");
    }
}

/// The contents of cases' files by path, for the digest.
pub(crate) fn file_digests(cases: &[Case], project: &Path, folder: &Path) -> BTreeMap<String, String> {
    let named: BTreeSet<&String> = cases.iter().flat_map(|case| &case.files).collect();
    let digest = |name: &String| {
        let path = files::locate(project, folder, name).ok()?;
        let bytes = files::bytes(&path, files::DATA_BYTES_MAX).ok()?;
        Some((name.clone(), jeton_context::Digest::of(&bytes).to_string()))
    };
    named.into_iter().filter_map(digest).collect()
}
