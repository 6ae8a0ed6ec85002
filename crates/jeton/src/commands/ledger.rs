//! `jeton ledger`: the books.

use crate::cli::LedgerCommand;
use crate::context::Context;
use crate::failure::Failure;
use crate::output;
use jeton_ledger::{ExportFormat, ExportTable, Records, VerifyReport};

pub(crate) fn run(context: &Context, command: LedgerCommand, is_json: bool) -> Result<(), Failure> {
    match command {
        LedgerCommand::Verify => verify(context, is_json),
        LedgerCommand::Export { table, format } => export(context, &table, &format),
        LedgerCommand::Backup { to } => {
            super::store(context)?.backup(&to)?;
            println!("The ledger was copied to {}.", to.display());
            Ok(())
        }
        LedgerCommand::Restore { from, replace } => {
            let path = context.ledger_path(&context.snapshot()?);
            let report = jeton_ledger::sqlite::restore(&from, &path, replace)?;
            println!("{} holds the backup now: {}", path.display(), summary(&report));
            Ok(())
        }
    }
}

fn verify(context: &Context, is_json: bool) -> Result<(), Failure> {
    let report = super::store(context)?.verify()?;
    if is_json {
        output::json(&report);
    } else {
        println!("{}", summary(&report));
        for problem in &report.problems {
            println!("  {problem}");
        }
    }
    if report.is_good() { Ok(()) } else { Err(Failure::No) }
}

pub(crate) fn summary(report: &VerifyReport) -> String {
    let verdict = if report.is_good() { "every total and invariant holds".to_owned() } else { format!("{} FAULTS", report.problem_count) };
    format!(
        "{} calls, {} entries, {} charged, {} open holds, {} in debt: {verdict}.",
        output::count(report.calls),
        output::count(report.entries),
        report.charged,
        report.open_holds,
        report.debts
    )
}

fn export(context: &Context, table: &str, format: &str) -> Result<(), Failure> {
    let named = |value: &str| serde_json::Value::String(value.to_owned());
    let table: ExportTable = serde_json::from_value(named(table))
        .map_err(|_| Failure::usage(format!("`{table}` is no table"), "use calls, entries, feedback, keys, runs, run_rows or notes"))?;
    let format: ExportFormat = serde_json::from_value(named(format)).map_err(|_| Failure::usage(format!("`{format}` is no format"), "use jsonl or csv"))?;
    let store = super::store(context)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    store.export(table, format, &mut out)?;
    std::io::Write::flush(&mut out).map_err(|error| Failure::dependency(format!("the output cannot be written: {error}"), ""))
}
