//! `jeton eval check`: what is wrong with suites, all at once, before a token is spent.

use super::Desk;
use super::names::Known;
use crate::cli::EvalCheckArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_context::{Finding, report};
use jeton_eval::grader::Prepared;
use jeton_eval::grader::selftest::paid_calls;
use jeton_eval::read;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

pub(super) fn check(context: &Context, args: &EvalCheckArgs, is_json: bool) -> Result<(), Failure> {
    let root = context.project.dir();
    let files: Vec<PathBuf> = match args.suite.is_empty() {
        true => read::suites(root).into_iter().map(|(_, file)| file).collect(),
        false => args.suite.iter().map(|suite| super::file_of(context, suite)).collect::<Result<_, _>>()?,
    };
    if files.is_empty() {
        return Err(Failure::usage("there is no suite", "put one into evals/NAME.toml; docs/evals.md says how"));
    }
    let snapshot = Arc::new(context.snapshot()?);
    let engine = super::engine(context, &snapshot);
    let known = Known::open(context, &snapshot, &[])?;
    let desk = engine.desk();
    let (mut suites, mut findings) = (Vec::new(), Vec::new());
    for file in files {
        match read::read_suite_for(root, &file, &desk.catalogue, &known) {
            Ok((suite, notes)) => {
                findings.extend(notes);
                let (sandbox, folder) = (Desk::sandbox(context), Desk::folder(context, &suite));
                let material = jeton_eval::grader::Material::new(Some((&desk.catalogue, &*desk.tree)), sandbox.as_ref().map_err(Clone::clone), root, &folder);
                findings.extend(Prepared::new(&suite, &material).1);
                suites.push(data(&suite));
            }
            Err(found) => findings.extend(found),
        }
    }
    findings.sort_by(|a: &Finding, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
    findings.dedup();
    if is_json {
        let mut data = report::json(&findings);
        data["suites"] = Value::Array(suites);
        output::json(&data);
    } else {
        suites.iter().for_each(told);
        print!("{}", report::text(&findings));
    }
    if report::exit_code(&findings) == 0 { Ok(()) } else { Err(Failure::No) }
}

fn data(suite: &jeton_eval::Suite) -> Value {
    let targets: Vec<&str> = suite.targets.iter().map(|target| target.name.as_str()).collect();
    json!({ "suite": suite.name, "file": &*suite.place.path, "cases": suite.cases.len(), "targets": targets, "selftest_calls": paid_calls(suite) })
}

fn told(suite: &Value) {
    let text = |key: &str| suite[key].as_str().unwrap_or_default();
    let paid = match suite["selftest_calls"].as_u64() {
        None | Some(0) => String::new(),
        Some(calls) => format!("; the graders' self-test makes at most {calls} calls of models"),
    };
    println!("{}: suite {} can be read: {} cases{paid}", text("file"), text("suite"), suite["cases"]);
}
