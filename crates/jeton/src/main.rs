//! `jeton`: one binary, one noun and one verb at a time. Data goes to stdout, the rest to stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)] // the terminal is this crate's business
#![cfg_attr(test, allow(clippy::unwrap_used))]

/// Prints to stdout. Whoever reads may stop reading (`jeton call list | head`): that is no error, and ends nothing half-way.
macro_rules! print {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = std::write!(std::io::stdout(), $($text)*);
    }};
}

/// The same with the end of the line.
macro_rules! println {
    () => { print!("\n") };
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = std::writeln!(std::io::stdout(), $($text)*);
    }};
}

mod caller;
mod cli;
mod commands;
mod context;
mod embedder;
mod failure;
mod output;
mod probe;
mod serve;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors.
            let code = if error.use_stderr() { failure::USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let is_json = cli.json;
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(is_json);
            ExitCode::from(failure.code())
        }
    }
}
