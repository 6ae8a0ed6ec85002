//! Scripts: files with a shebang or a shell's ending, where projects keep them.

use super::{EntryPoint, Source};
use crate::Place;
use crate::tree::{file_name, parent};

/// Directories of scripts.
const DIRECTORIES: [&str; 9] = ["scripts", "script", "bin", "hack", "ci", "dev", "tools", "tasks", ".ci"];

/// Whether the file may be a script that people run.
pub(super) fn is_meant(path: &str, name: &str) -> bool {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_shell = matches!(ending, "sh" | "bash");
    let in_directory = path.split('/').rev().nth(1).is_some_and(|directory| DIRECTORIES.contains(&directory));
    let is_part = stem.starts_with('_') || matches!(stem, "lib" | "common" | "utils" | "helpers" | "env" | "functions");
    let may = is_shell && (in_directory || !path.contains('/')) || in_directory && (ending.is_empty() || matches!(ending, "py" | "js" | "mjs" | "ts" | "rb"));
    may && !is_part && !name.starts_with('.')
}

pub(super) fn read(path: &str, text: &str, found: &mut Vec<EntryPoint>) {
    let name = file_name(path);
    let is_shell = [".sh", ".bash"].iter().any(|ending| name.ends_with(ending));
    // Without a shebang a file of another language is a module of one.
    if !text.starts_with("#!") && !is_shell {
        return;
    }
    let calls = vec![path.to_owned(), name.to_owned()];
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let entry =
        EntryPoint::new(Source::Script, stem, Place::line(path, 1), if parent(path).is_empty() { vec![name.to_owned()] } else { calls }, text.to_owned());
    found.push(entry.described(is_described(text)).typed(is_typed(text)));
}

/// Whether a comment or docstring of some words stands at its head.
fn is_described(text: &str) -> bool {
    let head: Vec<&str> =
        text.lines().skip_while(|line| line.starts_with("#!")).take(12).map(str::trim).skip_while(|line| line.is_empty() || is_licence(line)).take(3).collect();
    let is_prose = |line: &&str| {
        let words = line.trim_start_matches(['#', '/', '*', '"', '\'', ' ']);
        let is_comment = line.starts_with(['#', '"', '\'']) || line.starts_with("//") || line.starts_with("/*");
        is_comment && words.split_whitespace().count() >= 3 && !words.starts_with("shellcheck") && !words.starts_with("///")
    };
    head.iter().any(is_prose)
}

fn is_licence(line: &str) -> bool {
    let lower = line.to_lowercase();
    line.starts_with('#') && ["copyright", "licen", "spdx", "shellcheck"].iter().any(|word| lower.contains(word)) || line == "#"
}

/// Whether it declares its arguments, or uses none.
fn is_typed(text: &str) -> Option<bool> {
    let declares = ["getopts", "argparse", "import click", "typer", "commander", "yargs", "parseArgs", "usage()", "usage ()", "Usage:", "usage:", "optparse"];
    let uses = ["$1", "${1", "$@", "$*", "sys.argv", "process.argv", "ARGV"];
    match (declares.iter().any(|word| text.contains(word)), uses.iter().any(|word| text.contains(word))) {
        (true, _) | (false, false) => Some(true),
        (false, true) => Some(false),
    }
}
