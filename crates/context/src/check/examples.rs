//! Examples against their schemas and the constraints of their scope.

use super::desk::Desk;
use crate::constraint::{Constraint, PathScope, Prepared, Subject, Verdict};
use crate::schema::{Schema, read_json};
use crate::{Detail, Example, Finding, Severity, Unit};

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let rules: Vec<Rule<'_>> = desk.units().iter().filter_map(|unit| rule(desk, unit)).collect();
    for unit in desk.units() {
        if let Detail::Example(example) = &unit.detail {
            let is_valid = schema(desk, unit, example, found);
            constraints(desk, unit, example, is_valid, &rules, found);
        }
    }
}

struct Rule<'a> {
    unit: &'a Unit,
    constraint: &'a Constraint,
    paths: PathScope,
    prepared: Prepared<'a>,
}

fn rule<'a>(desk: &'a Desk<'_>, unit: &'a Unit) -> Option<Rule<'a>> {
    let Detail::Constraint(constraint) = &unit.detail else { return None };
    let prepared = Prepared::new(constraint, &desk.surroundings).ok()?;
    (prepared.is_executable() && prepared.judges_outputs()).then_some(Rule { unit, constraint, paths: PathScope::new(&unit.scope.paths).ok()?, prepared })
}

/// Whether the output satisfies its schema, where it has one that can be used.
fn schema(desk: &Desk<'_>, unit: &Unit, example: &Example, found: &mut Vec<Finding>) -> bool {
    let Some(id) = &example.schema else { return true };
    let offset = unit.body.find(example.output.trim()).unwrap_or(0);
    let Some(schema) = desk.surroundings.schema(id) else {
        let message = format!("`{}` names the schema `{id}`, which is not in the catalogue or cannot validate", unit.id);
        found.push(desk.at(unit, 0, "unknown-link", Severity::Error, message, "name the id of a JSON Schema; `jeton context list` shows them".to_owned()));
        return true;
    };
    // A schema that cannot be read is told at its own place.
    let Ok(schema) = Schema::new(schema) else { return true };
    let faults: Vec<String> = match read_json(&example.output) {
        Err(why) => vec![why],
        Ok(value) => schema.faults(&value).into_iter().map(|fault| format!("at `{}`: {}", fault.pointer, fault.message)).collect(),
    };
    if !example.is_counterexample {
        let told = |fault: &String| {
            let message = format!("the output does not satisfy `{id}`: {}", crate::constraint::excerpt(fault));
            desk.at(unit, offset, "example-invalid", Severity::Error, message, format!("mend the output, or `{id}` if the example is right"))
        };
        found.extend(faults.iter().map(told));
    }
    faults.is_empty()
}

fn constraints(desk: &Desk<'_>, unit: &Unit, example: &Example, is_valid: bool, rules: &[Rule<'_>], found: &mut Vec<Finding>) {
    let offset = unit.body.find(example.output.trim()).unwrap_or(0);
    let (mut checked, mut broken) = (0, 0);
    for rule in rules.iter().filter(|rule| is_in_scope(unit, rule)) {
        match rule.prepared.run(Subject::Output { text: &example.output }) {
            Verdict::Unscored(_) => {}
            Verdict::Holds => checked += 1,
            Verdict::Broken(breaches) => {
                (checked, broken) = (checked + 1, broken + 1);
                if !example.is_counterexample {
                    let message =
                        format!("the right answer of `{}` breaks `{}`: {}", unit.id, rule.unit.id, breaches.first().map_or("", |breach| &breach.excerpt));
                    let remedy = format!("mend the answer, or the rule at {}", rule.unit.place);
                    found.push(desk.at(unit, offset, "example-breaks-constraint", rule.constraint.severity, message, remedy));
                }
            }
        }
    }
    if example.is_counterexample && checked > 0 && broken == 0 && is_valid {
        let message = format!("the wrong answer of `{}` breaks none of the {checked} rules of its scope", unit.id);
        found.push(desk.at(
            unit,
            offset,
            "idle-counterexample",
            Severity::Note,
            message,
            "write the rule that it breaks, so that such answers are caught".to_owned(),
        ));
    }
}

fn is_in_scope(unit: &Unit, rule: &Rule<'_>) -> bool {
    let (own, of_rule) = (&unit.scope, &rule.unit.scope);
    meets(&own.classes, &of_rule.classes) && meets(&own.models, &of_rule.models) && (own.paths == of_rule.paths || rule.paths.matches(&unit.place.path))
}

/// Whether two lists of names with `*` at their ends can speak of one thing; an empty list speaks of all.
pub(super) fn meets(a: &[String], b: &[String]) -> bool {
    let one = |a: &str, b: &str| match (a.split_once('*'), b.split_once('*')) {
        (None, None) => a == b,
        (Some((start, _)), None) => b.starts_with(start),
        (None, Some((start, _))) => a.starts_with(start),
        (Some((a, _)), Some((b, _))) => a.starts_with(b) || b.starts_with(a),
    };
    a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| one(a, b)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, unit};
    use super::*;
    use crate::Kind;
    use crate::constraint::{Check, Target};
    use serde_json::json;

    fn check(output: &str, is_counterexample: bool, schema: Option<&str>, scope: &str, expected: &[&str]) {
        let body = format!("Q: How long?\n\n{output}");
        let mut example = unit(Kind::Example, "example:x", "e.md", &body);
        example.detail = Detail::Example(Box::new(Example {
            input: "How long?".to_owned(),
            output: output.to_owned(),
            why: None,
            schema: schema.map(str::to_owned),
            is_counterexample,
        }));
        example.scope.classes = vec!["support.refund".to_owned()];
        let mut shape = unit(Kind::Schema, "schema:days", "s.json", "{}");
        shape.detail = Detail::Schema(Box::new(json!({"properties": {"days": {"maximum": 30}}})));
        let mut rule = unit(Kind::Constraint, "constraint:x", "c.md", "Promise nothing.");
        rule.detail = Detail::Constraint(Box::new(Constraint {
            text: "Promise nothing.".to_owned(),
            severity: Severity::Error,
            check: Some(Check::Forbid("(?i)promise|\"days\": 45".to_owned())),
            target: Target::Output,
        }));
        rule.scope.classes = vec![scope.to_owned()];
        Bench::new(&[("e.md", &body), ("s.json", "{}"), ("c.md", "Promise nothing.")]).check_all(vec![example, shape, rule], expected);
    }

    #[test]
    fn right_answers() {
        check("{\"days\": 14}", false, Some("schema:days"), "support.*", &[]);
        check("{\"days\": 31}", false, Some("schema:days"), "support.*", &["example-invalid e.md:3"]);
        check("Soon.", false, Some("schema:days"), "support.*", &["example-invalid e.md:3"]);
        check("Soon.", false, Some("schema:none"), "support.*", &["unknown-link e.md:1"]);
        check("I promise: soon.", false, None, "support.*", &["example-breaks-constraint e.md:3"]);
        check("I promise: soon.", false, None, "sales", &[]);
    }

    #[test]
    fn wrong_answers_break_something() {
        check("I promise: soon.", true, None, "support.*", &[]);
        check("Soon.", true, None, "support.*", &["idle-counterexample e.md:3"]);
        check("Soon.", true, None, "sales", &[]);
        check("{\"days\": 31}", true, Some("schema:days"), "support.*", &[]);
    }
}
