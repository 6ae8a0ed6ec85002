//! `jeton init`: the safe first steps, shown before they are taken.

use crate::cli::InitArgs;
use crate::failure::Failure;
use crate::output;
use jeton_context::init::{self, Proposal, Proposed, Standing};
use jeton_context::tree::{TreeOptions, WorkTree};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Works in `dir`, which becomes the project.
pub(crate) fn run(args: &InitArgs, dir: &Path, is_json: bool) -> Result<(), Failure> {
    let proposal = init::propose(&WorkTree::open(dir, &TreeOptions::default()));
    let (writes, kept): (Vec<&Proposed>, Vec<&Proposed>) = proposal
        .files
        .iter()
        .filter(|file| file.standing != Standing::Same)
        .partition(|file| file.standing == Standing::New || args.force.contains(&file.path));
    if let Some(wrong) = args.force.iter().find(|path| !proposal.files.iter().any(|file| file.path == **path)) {
        let names: Vec<&str> = proposal.files.iter().map(|file| file.path.as_str()).collect();
        return Err(Failure::usage(format!("--force {wrong}: no such file is proposed"), format!("what is proposed: {}", names.join(", "))));
    }
    if is_json {
        if args.write {
            write_all(dir, &writes)?;
        }
        let written: Vec<&str> = writes.iter().filter(|_| args.write).map(|file| file.path.as_str()).collect();
        output::json(&json!({ "classes": proposal.classes, "files": proposal.files, "ci_snippet": proposal.ci_snippet, "written": written }));
        return Ok(());
    }
    show(&proposal, &writes, &kept);
    if writes.is_empty() {
        return Ok(());
    }
    if !(args.write || asked(writes.len())) {
        println!("Nothing was written. `jeton init --write` writes {}.", files(writes.len()));
        return Ok(());
    }
    write_all(dir, &writes)?;
    println!(
        "Wrote {}. Next:\n  jeton config check      read what was written\n  jeton audit             see what models would lack\n  jeton up                serve, and send calls with the header jeton-class",
        files(writes.len())
    );
    Ok(())
}

fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

fn show(proposal: &Proposal, writes: &[&Proposed], kept: &[&Proposed]) {
    for file in writes {
        println!("# {}", file.why);
        println!("{}", init::unified(file));
    }
    for file in kept {
        println!("{} is there and differs; it stays as it is (`--force {}` replaces it).", file.path, file.path);
    }
    if writes.is_empty() {
        println!("Nothing new to propose.");
    } else if let Some(commands) = &proposal.ci_snippet {
        println!("For CI, which was not found here:");
        commands.lines().for_each(|line| println!("  {line}"));
        println!();
    }
}

/// Asks on a terminal; elsewhere the answer is no.
fn asked(count: usize) -> bool {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return false;
    }
    eprint!("Write {}? [y/N] ", files(count));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

fn write_all(dir: &Path, files: &[&Proposed]) -> Result<(), Failure> {
    files.iter().try_for_each(|file| write(dir, file))
}

/// Writes one file below `dir`. No directory on the way may be a link, for it could lead out.
fn write(dir: &Path, file: &Proposed) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::dependency(
            format!("{} cannot be written: {error}", file.path),
            "check the rights of the directory; run `jeton init` again, it writes what is missing",
        )
    };
    let mut at = dir.to_owned();
    let parts: Vec<&str> = file.path.split('/').collect();
    for part in &parts[..parts.len() - 1] {
        at.push(part);
        match at.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(Failure::usage(format!("{} cannot be written: {} is no directory", file.path, at.display()), "move it away first")),
            Err(error) if error.kind() == ErrorKind::NotFound => std::fs::create_dir(&at).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
    }
    at.push(parts[parts.len() - 1]);
    if file.standing != Standing::New && at.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(Failure::usage(format!("{} is a symbolic link; it is not written through", file.path), "replace the link by a file first"));
    }
    let mut options = OpenOptions::new();
    // A new file must still be none: what came meanwhile is not overwritten.
    if file.standing == Standing::New {
        options.write(true).create_new(true)
    } else {
        options.write(true).truncate(true)
    };
    options.open(&at).and_then(|mut to| to.write_all(file.text.as_bytes())).map_err(failed)
}
