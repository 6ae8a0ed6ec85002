//! The schemas of a class of work: a schema validates what comes out.

use super::{Enforcement, Surroundings, Unscored, excerpt};
use crate::compile::matches;
use crate::schema::{Schema, read_json};
use crate::{Detail, Finding, Place, Severity, Unit};
use std::collections::BTreeSet;

/// What the answers of a class must look like.
struct Shapes<'a> {
    /// Ids of schemas that every answer must satisfy: those that must be there in the class.
    every: BTreeSet<&'a str>,
    /// Ids of schemas of which an answer must satisfy one: those that the right answers of the class have.
    one: BTreeSet<&'a str>,
    /// Whether every right answer of the class has a schema, so that one without form is none.
    is_always_formed: bool,
}

/// Judges an answer of the class `class` by the schemas of the class: by each schema unit that is mandatory for it, and by one of those that
/// its examples name. A text that is no JSON is judged only where there is no answer without a form. `name` is the answer's file.
#[must_use]
pub fn judge_shape(units: &[Unit], class: &str, model: Option<&str>, text: &str, name: &str, surroundings: &Surroundings<'_>) -> Enforcement {
    let is_for = |unit: &&Unit| matches(&unit.scope.classes, Some(class)) && matches(&unit.scope.models, model);
    let shapes = shapes(units.iter().filter(is_for));
    let mut made = Enforcement::default();
    if shapes.every.is_empty() && (shapes.one.is_empty() || (!shapes.is_always_formed && read_json(text).is_err())) {
        return made;
    }
    for id in &shapes.every {
        match faults(id, text, surroundings) {
            Ok(faults) => {
                made.checked += 1;
                made.breaches.extend(finding(units, id, &faults, name));
            }
            Err(why) => made.unscored.push(Unscored { unit: (*id).to_owned(), path: None, why }),
        }
    }
    let judged: Vec<(&str, Vec<String>)> = shapes.one.iter().filter_map(|id| Some((*id, faults(id, text, surroundings).ok()?))).collect();
    // Where an answer has none of the forms, the one to which it comes nearest is told.
    if let Some((id, faults)) = judged.iter().min_by_key(|(_, faults)| faults.len()) {
        made.checked += 1;
        made.breaches.extend(finding(units, id, faults, name));
    }
    made
}

fn shapes<'a>(units: impl Iterator<Item = &'a Unit>) -> Shapes<'a> {
    let mut shapes = Shapes { every: BTreeSet::new(), one: BTreeSet::new(), is_always_formed: true };
    for unit in units {
        match &unit.detail {
            Detail::Schema(schema) if unit.is_mandatory && !schema.is_null() => {
                shapes.every.insert(&unit.id);
            }
            Detail::Example(example) if !example.is_counterexample => match &example.schema {
                Some(id) => {
                    shapes.one.insert(id);
                }
                None => shapes.is_always_formed = false,
            },
            _ => {}
        }
    }
    shapes.one.retain(|id| !shapes.every.contains(id));
    shapes
}

/// What is wrong with an answer by a schema, or why nobody can tell.
fn faults(id: &str, text: &str, surroundings: &Surroundings<'_>) -> Result<Vec<String>, String> {
    let schema = surroundings.schema(id).ok_or_else(|| format!("the schema `{id}` is not in the catalogue or cannot validate"))?;
    let schema = Schema::new(schema)?;
    Ok(match read_json(text) {
        Err(why) => vec![why],
        Ok(value) => schema.faults(&value).into_iter().map(|fault| format!("at `{}`: {}", fault.pointer, fault.message)).collect(),
    })
}

fn finding(units: &[Unit], id: &str, faults: &[String], name: &str) -> Option<Finding> {
    let first = faults.first()?;
    let more = if faults.len() > 1 { format!(" (and {} more)", faults.len() - 1) } else { String::new() };
    let message = format!("the answer does not satisfy `{id}`: {}{more}", excerpt(first));
    let found = Finding::new("answer-invalid", Severity::Error, Place::file(name), message, "give the answer the form that the schema says");
    Some(match units.iter().find(|unit| unit.id == id) {
        Some(unit) => found.about(unit),
        None => found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;
    use crate::{Catalogue, CatalogueOptions};

    const EXAMPLES: &str =
        "[[example]]\nid = \"a\"\nclasses = [\"support.refund\"]\nschema = \"decision\"\ninput = \"May I?\"\noutput = { decision = \"refund\" }\n";

    /// The number of checks, and what is found.
    fn check(more: &str, class: &str, text: &str, expected: (u64, &[&str])) {
        let schema = |name: &str| {
            format!(
                "{{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"type\": \"object\", \"required\": [\"{name}\"], \"properties\": {{\"{name}\": {{\"enum\": [\"refund\", \"refuse\"]}}}}}}"
            )
        };
        let files = [
            ("context/e.toml", format!("{EXAMPLES}{more}")),
            ("context/schemas/decision.json", schema("decision")),
            ("context/schemas/other.json", schema("other")),
        ];
        let catalogue = Catalogue::build(&MemoryTree::new(files), &CatalogueOptions::default());
        let made = judge_shape(catalogue.units(), class, None, text, "answer.json", &Surroundings::new(catalogue.units()));
        let found: Vec<String> =
            made.breaches.iter().map(|finding| format!("{} {}: {}", finding.code, finding.place, finding.unit.as_deref().unwrap_or_default())).collect();
        assert_eq!(
            (made.checked, found.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), made.unscored.len()),
            (expected.0, expected.1, 0),
            "{text}: {made:?}"
        );
    }

    #[test]
    fn an_answer_of_a_class_has_the_form_of_its_examples() {
        let bad = &["answer-invalid answer.json: schema:decision"][..];
        check("", "support.refund", "{\"decision\": \"refuse\"}", (1, &[]));
        check("", "support.refund", "```json\n{\"decision\": \"refuse\"}\n```", (1, &[]));
        check("", "support.refund", "{\"decision\": \"perhaps\"}", (1, bad));
        check("", "support.refund", "Yes, you may.", (1, bad));
        check("", "support.parcel", "{\"decision\": \"perhaps\"}", (0, &[]));
    }

    #[test]
    fn where_examples_differ_one_form_is_enough() {
        let other = "[[example]]\nid = \"b\"\nclasses = [\"support.*\"]\nschema = \"other\"\ninput = \"x\"\noutput = { other = \"refund\" }\n";
        check(other, "support.refund", "{\"other\": \"refuse\"}", (1, &[]));
        check(other, "support.refund", "{\"neither\": 1}", (1, &["answer-invalid answer.json: schema:decision"]));
        let plain = "[[example]]\nid = \"c\"\nclasses = [\"support.refund\"]\ninput = \"x\"\noutput = \"Plain words.\"\n";
        check(plain, "support.refund", "Yes, you may.", (0, &[]));
        check(plain, "support.refund", "{\"decision\": \"perhaps\"}", (1, &["answer-invalid answer.json: schema:decision"]));
    }
}
