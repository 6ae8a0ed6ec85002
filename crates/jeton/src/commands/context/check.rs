//! `jeton context check`: what is wrong with the context.

use super::{plural, sandbox, today};
use crate::cli::{CheckArgs, ReportFormat};
use crate::failure::Failure;
use crate::output;
use jeton_context::check::{CheckInput, CheckOptions, CodePrints, LockView, check, unknown_paths};
use jeton_context::engine::{Engine, LOCK_FILE};
use jeton_context::tree::replace_file;
use jeton_context::{Finding, Lock, Severity, report};

pub(super) fn run(engine: &Engine, may_run: bool, args: &CheckArgs, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let sandbox = sandbox(engine, may_run);
    let today = today();
    let import_findings: Vec<Finding> = desk.catalogue.findings().iter().chain(&desk.lock_findings).cloned().collect();
    let mut input = CheckInput {
        tree: &*desk.tree,
        units: desk.catalogue.units(),
        import_findings: &import_findings,
        git: engine.git().ok(),
        today: &today,
        lock: desk.lock.as_ref().map(|lock| lock as &dyn LockView),
        fingerprints: &CodePrints,
        sandbox: sandbox.as_ref().map_err(Clone::clone),
        options: CheckOptions { run_commands: may_run, run_blocks: may_run, vocabulary: engine.vocabulary().name().to_owned() },
    };
    let remembered = if args.remember { Some(remember(engine, &input)?) } else { None };
    if let Some(lock) = &remembered {
        input.lock = Some(lock);
    }
    let findings: Vec<Finding> = check(&input).into_iter().filter(|finding| is_wanted(finding, args)).collect();
    show(&findings, if is_json { ReportFormat::Json } else { args.format });
    if report::exit_code(&findings) == 0 { Ok(()) } else { Err(Failure::No) }
}

fn is_wanted(finding: &Finding, args: &CheckArgs) -> bool {
    let is_owned = |owner: &str| match owner {
        "none" => finding.owners.is_empty(),
        owner => finding.owners.iter().any(|name| name.trim_start_matches('@') == owner.trim_start_matches('@')),
    };
    finding.severity >= Severity::from(args.severity) && args.owner.as_deref().is_none_or(is_owned)
}

pub(super) fn show(findings: &[Finding], format: ReportFormat) {
    match format {
        ReportFormat::Text => print!("{}", report::text(findings)),
        ReportFormat::Json => output::json(&report::json(findings)),
        ReportFormat::Sarif => output::json(&report::sarif(findings)),
    }
}

/// Writes into the lock that the paths which never were are meant so. What it says of units stays: nobody looked at them.
fn remember(engine: &Engine, input: &CheckInput<'_>) -> Result<Lock, Failure> {
    let desk = engine.desk();
    if let Some(finding) = desk.lock_findings.first() {
        return Err(Failure::usage(format!("{}: {}", finding.place, finding.message), "mend context.lock first, or write it anew with `jeton context lock`"));
    }
    let mut lock = desk.lock.clone().unwrap_or_default();
    let unknown = unknown_paths(input);
    let new: Vec<String> = unknown.into_iter().filter(|path| lock.never.insert(path.clone())).collect();
    if new.is_empty() {
        eprintln!("there is nothing new to remember");
        return Ok(lock);
    }
    if engine.git().is_ok_and(jeton_context::git::Git::is_bare) {
        return Err(Failure::usage(format!("a bare repository has no place for {LOCK_FILE}"), "run this in a work tree"));
    }
    let path = engine.root().join(LOCK_FILE);
    replace_file(&path, lock.to_string().as_bytes())
        .map_err(|error| Failure::dependency(format!("{} cannot be written: {error}", path.display()), "check the rights of the project's directory"))?;
    eprintln!("{LOCK_FILE} remembers {} that never were: {}", plural(new.len(), "path"), new.join(", "));
    Ok(lock)
}
