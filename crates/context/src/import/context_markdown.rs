//! `context/**/*.md`: Markdown with front matter.

use super::common::{apply, known, severity};
use super::text_sections::{Text, units};
use super::{Found, Source};
use crate::constraint::{Constraint, Target};
use crate::fields::Fields;
use crate::front_matter::split;
use crate::located::Located;
use crate::markdown::{self, Document};
use crate::tree::file_name;
use crate::{Detail, Example, Finding, Format, Kind, Place, Severity, Skill, Unit};
use std::sync::Arc;

/// Sections begin at headings up to this level.
const LEVEL_MAX: u8 = 3;

const KINDS: [(&str, Kind); 5] =
    [("doc", Kind::Doc), ("constraint", Kind::Constraint), ("example", Kind::Example), ("schema", Kind::Schema), ("skill", Kind::Skill)];

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let front = split(source.text);
    let located = match front.fields {
        None => Located::default(),
        Some(Ok(located)) => located,
        Some(Err(error)) => {
            let remedy = "Write `key: value` lines between two lines `---`; texts with `: ` or a leading `*` go in quotes.";
            found.report(
                "unreadable-front-matter",
                Severity::Error,
                source.place(error.line),
                format!("the front matter cannot be read: {}", error.message),
                remedy,
            );
            Located::default()
        }
    };
    let head = head(source.path, &located, &mut found.findings);
    let document = markdown::parse(front.body);
    let lines_before = front.body_line - 1;
    if head.is_whole || document.headings.iter().filter(|heading| heading.is_top && heading.level == 2).count() < 2 {
        whole(source, &located, &head, front.body, lines_before, &document, found);
        return;
    }
    let text = Text { text: front.body, lines_before, format: Format::Context, level_max: LEVEL_MAX, title: None };
    let mut findings = Vec::new();
    units(source, &text, &document.headings, found, &mut |unit| {
        // What is wrong in the front matter is said once, not for each section.
        let title = std::mem::take(&mut unit.title);
        settle(source.path, &located, &mut Vec::new(), unit);
        unit.title = title;
    });
    settle(source.path, &located, &mut findings, &mut empty(source.path));
    found.findings.append(&mut findings);
}

/// What decides how the file is cut.
struct Head {
    kind: Kind,
    id: Option<String>,
    is_whole: bool,
    severity: Severity,
}

fn head(path: &Arc<str>, located: &Located, findings: &mut Vec<Finding>) -> Head {
    let Some(mut fields) = Fields::new(located, String::new(), path, findings) else {
        return Head { kind: Kind::Doc, id: None, is_whole: false, severity: Severity::Warning };
    };
    fields.only(&known(&["kind", "whole"]));
    let kind = super::common::choice(&mut fields, "kind", &KINDS);
    let id = fields.text("id");
    let is_whole = fields.flag("whole").unwrap_or(kind.is_some() || id.is_some());
    Head { kind: kind.unwrap_or(Kind::Doc), id, is_whole, severity: severity(&mut fields) }
}

fn empty(path: &Arc<str>) -> Unit {
    Unit::new(Kind::Doc, "", "", "", Place::file(Arc::clone(path)), Format::Context)
}

fn settle(path: &Arc<str>, located: &Located, findings: &mut Vec<Finding>, unit: &mut Unit) {
    if let Some(mut fields) = Fields::new(located, String::new(), path, findings) {
        apply(&mut fields, unit);
    }
}

fn whole(source: &Source<'_>, located: &Located, head: &Head, text: &str, lines_before: u32, document: &Document, found: &mut Found) {
    let body = text.trim();
    if body.is_empty() {
        found.report("empty-unit", Severity::Warning, source.place(1), "the file has no text", "Write the text below the front matter, or delete the file.");
        return;
    }
    let skipped = text[..text.len() - text.trim_start().len()].matches('\n').count();
    let first_line = lines_before + 1 + u32::try_from(skipped).unwrap_or(0);
    let last_line = first_line + u32::try_from(body.matches('\n').count()).unwrap_or(0);
    let id = head.id.as_deref().map_or_else(|| format!("{}:{}", head.kind.name(), source.path), |id| full_id(head.kind, id));
    let title = document.headings.first().map_or_else(|| stem(source.path), |heading| heading.title.clone());
    let place = Place::lines(Arc::clone(source.path), first_line, last_line);
    let mut unit = Unit::new(head.kind, id, title, body, place, Format::Context);
    unit.is_mandatory = head.kind == Kind::Constraint;
    settle(source.path, located, &mut found.findings, &mut unit);
    unit.detail = detail(head, &unit, document);
    found.prose(unit, first_line);
}

/// `kind:ID`, whether or not the kind was written with it.
pub(super) fn full_id(kind: Kind, id: &str) -> String {
    let id = id.trim();
    match id.split_once(':') {
        Some((written, _)) if written == kind.name() => id.to_owned(),
        _ => format!("{}:{id}", kind.name()),
    }
}

fn stem(path: &str) -> String {
    let name = file_name(path);
    name.strip_suffix(".md").unwrap_or(name).to_owned()
}

fn detail(head: &Head, unit: &Unit, document: &Document) -> Detail {
    match head.kind {
        Kind::Constraint => {
            Detail::Constraint(Box::new(Constraint { text: unit.body.to_string(), severity: head.severity, check: None, target: Target::Output }))
        }
        Kind::Example => example(unit).map_or(Detail::Plain, |example| Detail::Example(Box::new(example))),
        Kind::Schema => Detail::Schema(Box::new(first_json(document))),
        Kind::Skill => Detail::Skill(Box::new(Skill { name: unit.title.clone(), ..Skill::default() })),
        _ => Detail::Plain,
    }
}

fn first_json(document: &Document) -> serde_json::Value {
    let blocks = document.blocks.iter().filter(|block| block.info.starts_with("json"));
    blocks.filter_map(|block| serde_json::from_str(&block.text).ok()).next().unwrap_or_default()
}

/// The example in the sections `Input`, `Output` and `Why`.
fn example(unit: &Unit) -> Option<Example> {
    let document = markdown::parse(&unit.body);
    let section = |name: &str| {
        let at = document.headings.iter().position(|heading| heading.title.eq_ignore_ascii_case(name))?;
        let end = document.headings.get(at + 1).map_or(unit.body.len(), |next| next.start);
        let text = &unit.body[document.headings[at].start..end];
        Some(text.split_once('\n').map_or("", |(_, text)| text).trim().to_owned())
    };
    Some(Example { input: section("Input")?, output: section("Output")?, why: section("Why"), schema: None, is_counterexample: false })
}
