//! The repository's own tasks. `cargo xtask` alone lists them.

#![cfg_attr(test, allow(clippy::unwrap_used))]
#![allow(clippy::print_stdout, clippy::print_stderr)] // its business is to speak to the terminal

mod bench;
mod fuzz;
mod house;
mod prices;
mod promptfoo;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What a task ends with; an error is what to say on the terminal.
pub(crate) type Outcome = Result<(), String>;

const USAGE: &str = "usage: cargo xtask COMMAND
  test [--require-all] [--only PART]... [--list]   run every suite that this machine can run
  bench gateway|soak|context|causes|coverage|eval|gate|wire
                                                   what Jeton costs, how good its answers and figures are; `bench` alone says more
  fuzz [--minutes N] [--seed N] [--only TARGET]    feed the readers of strangers' bytes with mutants
  wire-cases                                       write the names of the tests into docs/wire-cases.md
  promptfoo-verdicts                               run promptfoo on the configurations of its tests, and record what it says
  prices FILE                                      make the price book's data from an extract of models.dev";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = arguments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let root = root();
    let outcome = match command {
        "test" => test::run(&root, rest),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(&root, rest),
        "wire-cases" => house::wire_cases::write(&root),
        "promptfoo-verdicts" => promptfoo::write(&root),
        "prices" => prices::run(&root, rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.is_empty() => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's directory.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}
