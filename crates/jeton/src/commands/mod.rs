//! One file for each noun.

mod audit;
mod call;
mod call_context;
mod config;
mod context;
mod cost;
mod demo;
mod eval;
mod init;
mod key;
mod ledger;
mod model;
mod model_probe;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::failure::Failure;
use jeton_core::{Clock, SystemClock, Timestamp};
use jeton_ledger::sqlite::SqliteStore;

/// Runs a command.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    let is_json = cli.json;
    if let Command::Demo { story } = cli.command {
        return demo::run(story, is_json);
    }
    let context = Context::open(cli.project)?;
    match cli.command {
        Command::Init(args) => init::run(&args, context.project.dir(), is_json),
        Command::Audit(args) => audit::run(&context, &args, is_json),
        Command::Up(args) => crate::serve::up(&context, &args),
        Command::Demo { .. } => Ok(()),
        Command::Cost(args) => cost::run(&context, &args, is_json),
        Command::Call(command) => call::run(&context, command, is_json),
        Command::Ledger(command) => ledger::run(&context, command, is_json),
        Command::Key(command) => key::run(&context, command, is_json),
        Command::Config(command) => config::run(&context, &command, is_json),
        Command::Model(command) => model::run(&context, &command, is_json),
        Command::Context(command) => context::run(&context, command, is_json),
        Command::Eval(command) => eval::run(&context, command, is_json),
    }
}

/// The ledger as commands see it, beside a running server or without one.
fn store(context: &Context) -> Result<SqliteStore, Failure> {
    let path = context.ledger_path(&context.snapshot()?);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::dependency(format!("{} cannot be made: {error}", folder.display()), "check the rights of the project's directory"))?;
    }
    Ok(SqliteStore::open(&path)?)
}

/// A moment as people type it: `15m`, `24h`, `7d`, a date.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    jeton_console::parse_moment(text, SystemClock.now(), &jiff::tz::TimeZone::system()).map_err(|why| Failure::usage(why, ""))
}

pub(crate) use call::receipt as call_receipt;
pub(crate) use cost::show as show_costs;
pub(crate) use ledger::summary as ledger_summary;
