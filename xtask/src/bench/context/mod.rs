//! `cargo xtask bench context`: how well past fixes are found in known repositories, how fast, and how fresh.

mod fresh;
mod options;
mod quality;
mod quality_report;
mod searchable;
mod speed;
mod speed_report;
mod usage;
pub(super) mod warm;

use super::{Programs, build, target_dir};
use options::Options;
use serde_json::json;
use std::path::PathBuf;

pub(super) const USAGE: &str = "usage: cargo xtask bench context [--repository NAME=PATH]... [--speed PATH] [--freshness] [--cases N] [--jeton FILE]
                                [--repomix FILE] [--code2prompt FILE] [--json FILE]
  --repository NAME=PATH   measure this repository, bare or not; the names are astral-sh/uv, tokio-rs/axum, nextest-rs/nextest, psf/requests,
                           expressjs/express, spf13/cobra, and any other
  --speed PATH             times and memory over this work tree, beside other programs; only its .jeton/context is made anew
  --freshness              the changes planted in this workspace's own code
  --cases N                cases of a repository at most; 150 otherwise
  --jeton FILE             this program in place of a release build
  --json FILE              where the figures go; target/bench/context.json otherwise";

/// Runs what the arguments ask for and prints its tables.
pub(super) fn run(arguments: &[String]) -> Result<(), String> {
    let options = Options::read(arguments).map_err(|why| format!("{why}\n{USAGE}"))?;
    let programs = programs(&options)?;
    let quality =
        options.repositories.iter().map(|(name, path)| quality::measure(&programs.jeton, name, path, options.cases)).collect::<Result<Vec<_>, _>>()?;
    if !quality.is_empty() {
        print!("{}", quality_report::table(&quality));
    }
    let speed = options.speed.as_ref().map(|path| speed::measure(&programs, path, &options)).transpose()?;
    if let Some(speed) = &speed {
        print!("{}", speed_report::table(speed));
    }
    let fresh = if options.has_freshness { Some(fresh::measure()?) } else { None };
    if let Some(lines) = &fresh {
        println!("\n## Freshness on planted changes\n\n{}", lines.join("\n"));
    }
    let figures = json!({ "quality": quality_report::json(&quality), "speed": speed.as_ref().map(speed_report::json), "freshness": fresh });
    let file = options.json.clone().unwrap_or_else(|| target_dir().join("bench/context.json"));
    std::fs::write(&file, format!("{figures:#}\n")).map_err(|e| format!("cannot write {}: {e}", file.display()))?;
    println!("\nfigures: {}", file.display());
    Ok(())
}

/// The given program with this very one, or release builds of both.
fn programs(options: &Options) -> Result<Programs, String> {
    let Some(jeton) = &options.jeton else { return build() };
    std::fs::create_dir_all(target_dir().join("bench")).map_err(|e| e.to_string())?;
    let xtask: PathBuf = std::env::current_exe().map_err(|e| e.to_string())?;
    Ok(Programs { jeton: jeton.clone(), xtask })
}
