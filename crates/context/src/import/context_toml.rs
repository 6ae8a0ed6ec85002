//! `context/**/*.toml`: constraints, examples and short docs, many in a file.

use super::common::{apply, choice, known, severity};
use super::context_markdown::full_id;
use super::{Draft, Found, Source};
use crate::constraint::{Check, Constraint, Target};
use crate::fields::Fields;
use crate::located::Located;
use crate::{Detail, Example, Format, Kind, Place, Severity, Unit, toml_values};
use serde_json::Value;
use std::sync::Arc;

const TABLES: [(&str, Kind); 3] = [("constraint", Kind::Constraint), ("example", Kind::Example), ("doc", Kind::Doc)];

const TARGETS: [(&str, Target); 3] = [("output", Target::Output), ("files", Target::Files), ("both", Target::Both)];

/// Settings of the whole file.
const DEFAULTS: [&str; 7] = ["owner", "owners", "scope", "paths", "classes", "models", "trust"];

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let located = match toml_values::parse(source.text) {
        Ok(located) => located,
        Err(error) => {
            let message = format!("the file is no TOML, so none of its units is read: {}", error.message);
            found.report("unreadable-toml", Severity::Error, source.place(error.line), message, "Correct the line.");
            return;
        }
    };
    if let Some(mut fields) = Fields::new(&located, String::new(), source.path, &mut found.findings) {
        fields.only(&["constraint", "example", "doc", "defaults"]);
    }
    if let Some(mut fields) = Fields::new(&located, "/defaults".to_owned(), source.path, &mut found.findings) {
        fields.only(&DEFAULTS);
    }
    for (table, kind) in TABLES {
        let Some(items) = located.value.get(table) else { continue };
        let Some(items) = items.as_array() else {
            let place = source.place(located.line(&format!("/{table}")));
            found.report("wrong-type", Severity::Error, place, format!("`{table}` is no list of tables"), format!("Begin each with a line `[[{table}]]`."));
            continue;
        };
        for at in 0..items.len() {
            item(source, &located, kind, &format!("/{table}/{at}"), found);
        }
    }
}

fn item(source: &Source<'_>, located: &Located, kind: Kind, pointer: &str, found: &mut Found) {
    let mut findings = Vec::new();
    if let Some(mut fields) = Fields::new(located, pointer.to_owned(), source.path, &mut findings)
        && let Some(mut unit) = unit(source, kind, &mut fields)
    {
        unit.is_mandatory = kind == Kind::Constraint;
        defaults(source.path, located, &mut unit);
        apply(&mut fields, &mut unit);
        found.drafts.push(if kind == Kind::Example { Draft::plain(unit) } else { Draft::prose(unit, 0) });
    }
    found.findings.append(&mut findings);
}

fn defaults(path: &Arc<str>, located: &Located, unit: &mut Unit) {
    // Mistakes in the defaults are reported by the caller, once.
    if let Some(mut fields) = Fields::new(located, "/defaults".to_owned(), path, &mut Vec::new()) {
        apply(&mut fields, unit);
    }
}

fn unit(source: &Source<'_>, kind: Kind, fields: &mut Fields<'_>) -> Option<Unit> {
    let id = needed(fields, "id", kind)?;
    let (body, detail) = match kind {
        Kind::Constraint => constraint(fields)?,
        Kind::Example => example(fields)?,
        _ => {
            fields.only(&known(&["text"]));
            (needed(fields, "text", kind)?, Detail::Plain)
        }
    };
    let place = Place::lines(Arc::clone(source.path), fields.first_line(), last_line(source.text, fields.first_line()));
    let mut unit = Unit::new(kind, full_id(kind, &id), id, body.trim(), place, Format::Context);
    unit.detail = detail;
    Some(unit)
}

/// The line before the next table, without blank lines and comments at its end.
fn last_line(text: &str, first_line: u32) -> u32 {
    let first = first_line as usize;
    let mut last = first;
    for (at, line) in text.lines().enumerate().skip(first) {
        let line = line.trim();
        if line.starts_with("[[") {
            break;
        }
        if !line.is_empty() && !line.starts_with('#') {
            last = at + 1;
        }
    }
    u32::try_from(last).unwrap_or(first_line)
}

fn needed(fields: &mut Fields<'_>, key: &str, kind: Kind) -> Option<String> {
    let text = fields.text(key).filter(|text| !text.trim().is_empty());
    if text.is_none() && !fields.map.contains_key(key) {
        fields.report("missing-key", key, format!("the {} has no `{key}`, so it is left out", kind.name()), format!("Add `{key} = \"…\"`."));
    }
    text
}

fn constraint(fields: &mut Fields<'_>) -> Option<(String, Detail)> {
    fields.only(&known(&["text", "check", "target"]));
    let text = needed(fields, "text", Kind::Constraint)?;
    let severity = severity(fields);
    let target = choice(fields, "target", &TARGETS).unwrap_or_default();
    let check = check(fields);
    let constraint = Constraint { text: text.trim().to_owned(), severity, check, target };
    Some((text, Detail::Constraint(Box::new(constraint))))
}

fn check(fields: &mut Fields<'_>) -> Option<Check> {
    let mut check = fields.within("check")?;
    check.only(&["forbid", "require", "language", "query", "schema", "schema_unit", "command"]);
    let found = match check.map {
        map if map.contains_key("forbid") => expression(&mut check, "forbid").map(Check::Forbid),
        map if map.contains_key("require") => expression(&mut check, "require").map(Check::Require),
        map if map.contains_key("query") => query(&mut check),
        map if map.contains_key("schema") => schema(&mut check),
        map if map.contains_key("schema_unit") => check.text("schema_unit").map(|id| Check::SchemaUnit(full_id(Kind::Schema, &id))),
        map if map.contains_key("command") => Some(check.texts("command")).filter(|words| !words.is_empty()).map(Check::Command),
        _ => {
            let remedy = "Write one of `forbid`, `require`, `language` with `query`, `schema`, `schema_unit`, `command`.";
            check.report("bad-value", "", "the check says nothing to check", remedy);
            None
        }
    };
    let ways = ["forbid", "require", "query", "schema", "schema_unit", "command"].into_iter().filter(|way| check.map.contains_key(*way)).count();
    if ways > 1 {
        check.report("bad-value", "", format!("the check has {ways} ways to check, and only the first is used"), "Make a constraint of each.");
    }
    found
}

fn expression(check: &mut Fields<'_>, key: &str) -> Option<String> {
    let pattern = check.text(key)?;
    match regex::Regex::new(&pattern) {
        Ok(_) => Some(pattern),
        Err(error) => {
            let why = error.to_string().lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            check.report(
                "bad-value",
                key,
                format!("`{pattern}` is no regular expression ({why}), so nothing is checked"),
                "Correct it; a literal text may need `\\` before its marks.",
            );
            None
        }
    }
}

fn query(check: &mut Fields<'_>) -> Option<Check> {
    let query = check.text("query")?;
    let Some(language) = check.text("language") else {
        check.report("missing-key", "language", "a query needs a language", "Add `language = \"rust\"`, or the one of the files.");
        return None;
    };
    Some(Check::Query { language, query })
}

fn schema(check: &mut Fields<'_>) -> Option<Check> {
    let schema = check.map.get("schema").cloned().unwrap_or(Value::Null);
    if let Err(error) = jsonschema::validator_for(&schema) {
        check.report("bad-value", "schema", format!("this is no JSON Schema: {error}"), "Correct it, or refer to a schema by `schema_unit`.");
        return None;
    }
    Some(Check::Schema(schema))
}

fn example(fields: &mut Fields<'_>) -> Option<(String, Detail)> {
    fields.only(&known(&["input", "output", "why", "schema", "counterexample"]));
    let (input, output) = (value(fields, "input")?, value(fields, "output")?);
    let why = fields.text("why");
    let schema = fields.text("schema").map(|id| full_id(Kind::Schema, &id));
    let is_counterexample = fields.flag("counterexample").unwrap_or(false);
    let label = if is_counterexample { "Wrong output" } else { "Output" };
    let mut body = format!("Input:\n{}\n\n{label}:\n{}", input.trim(), output.trim());
    if let Some(why) = &why {
        body.push_str(&format!("\n\nWhy: {}", why.trim()));
    }
    Some((body, Detail::Example(Box::new(Example { input, output, why, schema, is_counterexample }))))
}

/// A text, or a table or list, which is written as JSON.
fn value(fields: &mut Fields<'_>, key: &str) -> Option<String> {
    match fields.map.get(key) {
        Some(value @ (Value::Object(_) | Value::Array(_))) => Some(value.to_string()),
        _ => needed(fields, key, Kind::Example),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn read(text: &str) -> Found {
        let (tree, path, mut found) = (MemoryTree::default(), Arc::from("context/rules.toml"), Found::default());
        import(&Source { path: &path, text, tree: &tree }, &mut found);
        found
    }

    fn mistakes(text: &str) -> Vec<(&'static str, u32)> {
        read(text).findings.iter().map(|finding: &crate::Finding| (finding.code, finding.place.first_line)).collect()
    }

    #[test]
    fn constraints_and_examples() {
        let found = read(
            "[defaults]\nowner = \"@cara\"\n\n[[constraint]]\nid = \"window\"\ntext = \"Never promise more than 30 days.\"\nseverity = \"error\"\nclasses = [\"support.*\"]\ncheck = { forbid = '\\b60 days\\b' }\n\n# next\n[[example]]\nid = \"late\"\ninput = \"May I?\"\noutput = { ok = false }\nmandatory = true\n",
        );
        assert!(found.findings.is_empty(), "{:?}", found.findings);
        let units: Vec<&Unit> = found.drafts.iter().map(|draft| &draft.unit).collect();
        assert_eq!((units[0].id.as_str(), units[0].owners.as_slice(), units[0].is_mandatory), ("constraint:window", &["@cara".to_owned()][..], true));
        assert_eq!((units[0].place.first_line, units[0].place.last_line), (4, 9));
        let Detail::Constraint(constraint) = &units[0].detail else { panic!("{:?}", units[0].detail) };
        assert_eq!(constraint.check, Some(Check::Forbid("\\b60 days\\b".to_owned())));
        assert_eq!((units[1].id.as_str(), &*units[1].body, units[1].is_mandatory), ("example:late", "Input:\nMay I?\n\nOutput:\n{\"ok\":false}", true));
    }

    #[test]
    fn mistakes_have_places() {
        assert_eq!(mistakes("a = 1\nb ="), [("unreadable-toml", 2)]);
        assert_eq!(mistakes("[[constraint]]\nid = \"a\"\ntxt = \"x\"\n"), [("unknown-key", 3), ("missing-key", 1)]);
        assert_eq!(
            mistakes("[[constraint]]\nid = \"a\"\ntext = \"x\"\nseverity = \"bad\"\ncheck = { forbid = \"(\" }\n"),
            [("bad-value", 4), ("bad-value", 5)]
        );
        assert_eq!(mistakes("[[doc]]\nid = \"a\"\ntext = \"x\"\nvalid_until = 2026-13-01\n"), [("unreadable-toml", 4)]);
        assert_eq!(mistakes("constraint = 3\n[defaults]\nowners = 3\nx = 1\n"), [("unknown-key", 4), ("wrong-type", 1)]);
    }
}
