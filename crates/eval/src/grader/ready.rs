//! Graders compiled once for all cases, and every mistake in them told before anything is paid.

use super::check::{self, Report};
use super::material::{Material, Missing};
use super::tools::Offered;
use super::{quotation, sql, text, values};
use crate::{Case, Criterion, Grader, Suite, template};
use jeton_context::constraint::{self, Check, Constraint};
use jeton_context::sandbox::Sandbox;
use jeton_context::schema::{Schema, read_file};
use jeton_context::{Detail, Finding, Place};
use regex::Regex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A suite's graders, compiled. What is broken stays in its place and leaves its grades unscored.
#[derive(Debug)]
pub struct Prepared<'a> {
    suite: Vec<Ready<'a>>,
    cases: HashMap<String, Vec<Ready<'a>>>,
    offered: Offered,
}

/// A grader and what it judges with.
#[derive(Debug)]
pub(crate) struct Ready<'a> {
    pub(crate) grader: Grader,
    pub(crate) means: Means<'a>,
}

/// What a grader judges with, where its settings alone are not enough.
#[derive(Debug)]
pub(crate) enum Means<'a> {
    Nothing,
    /// It cannot judge, and why.
    Broken(String),
    Pattern(Regex),
    Schema(Box<Schema>),
    Constraint(Box<constraint::Prepared<'a>>),
    /// A constraint that a command checks.
    Command(&'a Sandbox, &'a Constraint),
    /// The sandbox, and the files that the program gets, from the project's directory.
    Sandbox(&'a Sandbox, Vec<String>),
    Sources(Vec<quotation::Source>),
    Database(Arc<Mutex<rusqlite::Connection>>),
    Members(Vec<Ready<'a>>),
}

impl<'a> Prepared<'a> {
    /// Compiles the graders of a suite and of its cases. The findings are all that is wrong with them, each with its place and remedy; a run
    /// begins only where none of them is an error.
    #[must_use]
    pub fn new(suite: &Suite, material: &'a Material<'a>) -> (Self, Vec<Finding>) {
        let mut report = Report::default();
        let offered = Offered::of(suite, &mut report);
        let all: Vec<&Case> = suite.cases.iter().collect();
        let mut compile = |graders: &[Grader], cases: &[&Case], place: &Place| {
            let one = |grader: &Grader| {
                let judged: Vec<&Case> = cases.iter().copied().filter(|case| grader.applies(case)).collect();
                Compiler { material, cases: &judged, place, offered: &offered, report: &mut report }.ready(grader)
            };
            graders.iter().map(one).collect::<Vec<_>>()
        };
        let suites = compile(&suite.graders, &all, &suite.place);
        let own = all.iter().filter(|case| !case.graders.is_empty());
        let cases = own.map(|case| (case.id.clone(), compile(&case.graders, &[case], &case.place))).collect();
        (Self { suite: suites, cases, offered }, report.findings)
    }

    /// The graders that judge a case: the suite's, then its own.
    pub(crate) fn of<'p>(&'p self, case: &'p Case) -> impl Iterator<Item = &'p Ready<'a>> {
        let own = self.cases.get(&case.id).map_or(&[][..], Vec::as_slice);
        self.suite.iter().chain(own).filter(|ready| ready.grader.applies(case))
    }

    /// The tools that the suite's targets offer.
    pub(crate) const fn offered(&self) -> &Offered {
        &self.offered
    }
}

struct Compiler<'c, 'a> {
    material: &'a Material<'a>,
    cases: &'c [&'c Case],
    place: &'c Place,
    offered: &'c Offered,
    report: &'c mut Report,
}

impl<'a> Compiler<'_, 'a> {
    fn ready(&mut self, grader: &Grader) -> Ready<'a> {
        let before = self.report.errors();
        check::settings(grader, self.place, self.report);
        let means = match self.means(grader) {
            Ok(Means::Nothing) if self.report.errors() > before => Means::Broken("its settings cannot be used".to_owned()),
            Ok(means) => means,
            Err(missing) => {
                self.report.error(missing.code, self.place, format!("grader `{}`: {}", grader.name, missing.why), missing.remedy);
                Means::Broken(missing.why)
            }
        };
        Ready { grader: grader.clone(), means }
    }

    fn means(&mut self, grader: &Grader) -> Result<Means<'a>, Missing> {
        match &grader.criterion {
            Criterion::Regex { pattern } => self.pattern(grader, pattern),
            Criterion::JsonSchema { schema, unit, .. } => self.schema(schema.as_ref(), unit.as_deref()),
            Criterion::Constraint { unit } => self.constraint(unit),
            Criterion::Sql { value, setup, .. } => self.database(value.as_deref(), setup),
            Criterion::Program { files, .. } => {
                let sandbox = self.material.sandbox()?;
                Ok(Means::Sandbox(sandbox, files.iter().map(|file| self.material.within(file)).collect::<Result<_, _>>()?))
            }
            Criterion::Quotation { sources, .. } => Ok(Means::Sources(quotation::sources(sources, self.material)?)),
            Criterion::ToolCalls { schema: true, .. } if !self.offered.is_known(self.cases) => Err(Missing::new(
                "no-tools",
                "arguments are checked against the offered tools, and no target offers any",
                "Write `tools` in `params` of a target, or as variable `tools` of the case.",
            )),
            Criterion::All { of } | Criterion::Any { of } => Ok(Means::Members(of.iter().map(|grader| self.ready(grader)).collect())),
            _ => Ok(Means::Nothing),
        }
    }

    fn pattern(&self, grader: &Grader, pattern: &str) -> Result<Means<'a>, Missing> {
        let bad = |why: String| Missing::new("bad-pattern", why, "Mend it; there is no look-around and no reference to a group.");
        if !template::is_template(pattern) {
            return text::compile(pattern).map(Means::Pattern).map_err(bad);
        }
        for case in self.cases.iter().filter(|case| grader.applies(case)) {
            let filled = values::fill(pattern, case).and_then(|filled| text::compile(&filled));
            filled.map_err(|why| bad(format!("for case `{}`, {why}", case.id)))?;
        }
        Ok(Means::Nothing)
    }

    fn schema(&self, schema: Option<&Value>, unit: Option<&str>) -> Result<Means<'a>, Missing> {
        let missing = || Missing::new("missing-key", "there is no schema", "Write `schema` (the schema itself, or a file) or `unit`.");
        let value = match (schema, unit) {
            (Some(Value::String(file)), _) => {
                let read = read_file(file, &self.material.text(file)?);
                read.map_err(|why| Missing::new("bad-schema", format!("`{file}`: {why}"), "Mend the file."))?
            }
            (Some(inline), _) => inline.clone(),
            (None, Some(id)) => match &self.material.unit(id)?.detail {
                Detail::Schema(schema) if !schema.is_null() => (**schema).clone(),
                _ => return Err(Missing::new("unknown-unit", format!("`{id}` is no schema that can validate"), "Name a unit with a JSON Schema.")),
            },
            (None, None) => return Err(missing()),
        };
        let built = Schema::new(&value).map_err(|why| Missing::new("bad-schema", format!("the schema cannot be read: {why}"), "Mend the schema."))?;
        Ok(Means::Schema(Box::new(built)))
    }

    fn constraint(&self, id: &str) -> Result<Means<'a>, Missing> {
        let Detail::Constraint(rule) = &self.material.unit(id)?.detail else {
            return Err(Missing::new("unknown-unit", format!("`{id}` is no constraint"), "Name a constraint unit with a check."));
        };
        let bad = |why: String| Missing::new("bad-constraint", format!("the check of `{id}` cannot be used: {why}"), "Mend the constraint.");
        match &rule.check {
            None => Err(Missing::new("bad-constraint", format!("`{id}` has no check; it can only be read"), "Give it a check, or let a model judge.")),
            Some(Check::Command(command)) if !command.is_empty() => Ok(Means::Command(self.material.sandbox()?, rule)),
            Some(_) => constraint::Prepared::new(rule, self.material.surroundings()).map(|check| Means::Constraint(Box::new(check))).map_err(bad),
        }
    }

    fn database(&self, value: Option<&str>, setup: &str) -> Result<Means<'a>, Missing> {
        let bad = |why: String| Missing::new("bad-sql", why, "Mend the statements; they run on an empty database of SQLite, without files.");
        let setup = match sql::file_of(setup) {
            Some(file) => self.material.text(file)?,
            None if template::is_template(setup) => return Ok(Means::Nothing),
            None => setup.to_owned(),
        };
        let database = sql::open(&setup).map_err(|why| bad(format!("`setup` fails: {why}")))?;
        if let Some(query) = value.filter(|value| !template::is_template(value)) {
            sql::run(&database, query).map_err(|stop| bad(format!("`value` fails: {}", stop.why())))?;
        }
        Ok(Means::Database(Arc::new(Mutex::new(database))))
    }
}
