//! `jeton context export`: the units of `context/` in the files that other tools read.

use super::today;
use crate::cli::ExportArgs;
use crate::failure::Failure;
use crate::output;
use jeton_context::compile::Today;
use jeton_context::engine::Engine;
use jeton_context::export::{Dialect, ExportFile, check_drift, export};
use jeton_context::tree::replace_file;
use serde_json::json;
use std::path::Path;

pub(super) fn run(engine: &Engine, args: &ExportArgs, is_json: bool) -> Result<(), Failure> {
    let desk = engine.desk();
    let files = export(&desk.catalogue, Dialect::from(args.dialect), &*desk.tree, Today(&today()));
    if args.check {
        return check(engine, &files, is_json);
    }
    if files.is_empty() && !is_json {
        println!("There is nothing to export: context/ has no unit that is for every agent.");
        return Ok(());
    }
    if args.write {
        return write(engine, &files, is_json);
    }
    if is_json {
        output::json(&json!({ "files": files }));
        return Ok(());
    }
    for file in &files {
        if files.len() > 1 {
            println!("==> {} <==", file.path);
        }
        print!("{}", file.text);
        if files.len() > 1 {
            println!();
        }
    }
    Ok(())
}

fn check(engine: &Engine, files: &[ExportFile], is_json: bool) -> Result<(), Failure> {
    let findings = check_drift(files, &*engine.desk().tree);
    if is_json {
        output::json(&json!({ "up_to_date": findings.is_empty(), "findings": findings }));
    } else if findings.is_empty() {
        println!("{} what context/ says.", if files.len() == 1 { "The exported file says".to_owned() } else { format!("{} exported files say", files.len()) });
    } else {
        for finding in &findings {
            println!("{}: {}: {} [{}]\n  {}", finding.place, finding.severity.name(), finding.message, finding.code, finding.remedy);
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(Failure::No) }
}

/// Writes all files, or none where one of them may not be replaced.
fn write(engine: &Engine, files: &[ExportFile], is_json: bool) -> Result<(), Failure> {
    if engine.git().is_ok_and(jeton_context::git::Git::is_bare) {
        return Err(Failure::usage("a bare repository has no files to write", "run this in a work tree"));
    }
    let states: Vec<(&ExportFile, State)> = files.iter().map(|file| (file, state(engine.root(), file))).collect();
    let is_refused = states.iter().any(|(_, state)| matches!(state, State::Refused(_)));
    for (file, state) in states.iter().filter(|_| !is_refused) {
        if matches!(state, State::New | State::Changed) {
            let path = engine.root().join(&file.path);
            replace_file(&path, file.text.as_bytes())
                .map_err(|error| Failure::dependency(format!("{} cannot be written: {error}", path.display()), "check the rights of the directory"))?;
        }
    }
    if is_json {
        let rows: Vec<_> = states.iter().map(|(file, state)| json!({ "path": file.path, "state": state.name(is_refused), "why": state.why() })).collect();
        output::json(&json!({ "written": !is_refused, "files": rows }));
    } else {
        for (file, state) in &states {
            println!("{}: {}{}", file.path, state.name(is_refused), state.why().map(|why| format!(": {why}")).unwrap_or_default());
        }
        if is_refused {
            println!("Nothing was written. Move what these files say into context/ and delete them, or choose another dialect.");
        }
    }
    if is_refused { Err(Failure::No) } else { Ok(()) }
}

/// What stands where a file is to be written.
enum State {
    New,
    Changed,
    Same,
    Refused(&'static str),
}

impl State {
    const fn name(&self, is_refused: bool) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Same => "unchanged",
            _ if is_refused => "not written",
            Self::New => "written",
            Self::Changed => "written anew",
        }
    }

    const fn why(&self) -> Option<&'static str> {
        match self {
            Self::Refused(why) => Some(why),
            _ => None,
        }
    }
}

fn state(root: &Path, file: &ExportFile) -> State {
    // A link could lead out of the project.
    let parts = file.path.match_indices('/').map(|(at, _)| &file.path[..at]).chain([file.path.as_str()]);
    for part in parts {
        if root.join(part).symlink_metadata().is_ok_and(|data| data.is_symlink()) {
            return State::Refused("a symbolic link stands there");
        }
    }
    match std::fs::read(root.join(&file.path)) {
        Ok(bytes) if bytes == file.text.as_bytes() => State::Same,
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) if file.may_replace(Some(&text)) => State::Changed,
            _ => State::Refused("the file was not made by an export, or was edited since"),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::New,
        Err(_) => State::Refused("what stands there cannot be read"),
    }
}
