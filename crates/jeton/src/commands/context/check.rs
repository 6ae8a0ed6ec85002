//! `jeton context check`: what is wrong with the context.

use super::{context_use, may_run_commands, plural, sandbox, today};
use crate::cli::{CheckArgs, ReportFormat};
use crate::failure::Failure;
use crate::output;
use jeton_context::check::{CheckInput, CheckOptions, CodePrints, LockView, check, unknown_paths};
use jeton_context::engine::{Desk, Engine, LOCK_FILE};
use jeton_context::tree::replace_file;
use jeton_context::{Finding, Lock, Severity, report, settings};
use jeton_core::nearest;
use jeton_project::Snapshot;

pub(super) fn run(engine: &Engine, snapshot: &Snapshot, args: &CheckArgs, is_json: bool) -> Result<(), Failure> {
    let (desk, may_run) = (engine.desk(), may_run_commands(snapshot));
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
    let mut findings = check(&input);
    findings.extend(settings::check(engine, &context_use(snapshot, engine), &today));
    findings.sort_by(|a, b| (&a.place, a.code, &a.unit, &a.message).cmp(&(&b.place, b.code, &b.unit, &b.message)));
    known_owner(&desk, &findings, args.owner.as_deref())?;
    findings.retain(|finding| is_wanted(finding, args));
    show(&findings, if is_json { ReportFormat::Json } else { args.format });
    if report::exit_code(&findings) == 0 { Ok(()) } else { Err(Failure::No) }
}

/// Refuses an owner whom neither CODEOWNERS nor a unit names: a misspelt name would silently have no findings.
fn known_owner(desk: &Desk, findings: &[Finding], owner: Option<&str>) -> Result<(), Failure> {
    let plain = |name: &str| name.trim_start_matches('@').to_owned();
    let Some(owner) = owner.filter(|owner| *owner != "none").map(plain) else { return Ok(()) };
    let of_units = desk.catalogue.units().iter().flat_map(|unit| &unit.owners);
    let mut known: Vec<String> =
        of_units.chain(findings.iter().flat_map(|finding| &finding.owners)).chain(desk.catalogue.owners()).map(|name| plain(name)).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&owner) {
        return Ok(());
    }
    let near = nearest(&owner, known.iter().map(String::as_str), 1);
    let next = near.first().map_or_else(|| "name an `owner` in a unit, or write CODEOWNERS".to_owned(), |near| format!("did you mean `{near}`?"));
    Err(Failure::usage(format!("--owner {owner}: nothing here belongs to such an owner"), next))
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
