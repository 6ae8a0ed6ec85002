//! `jeton eval import`: suites of other programs, and live calls as cases.

use crate::cli::ImportArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{self, line, plain};
use jeton_context::Finding;
use jeton_eval::import::{Imported, LiveCase, import as read, live_case, to_files};
use jeton_ledger::Records;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Lines of a file that are shown.
const LINES_SHOWN: usize = 12;

pub(super) fn import(context: &Context, args: &ImportArgs, is_json: bool) -> Result<(), Failure> {
    match (&args.file, &args.call) {
        (Some(file), _) => import_file(context, file, args, is_json),
        (None, Some(call)) => import_call(context, call, args, is_json),
        (None, None) => Err(Failure::usage("nothing to import was named", "name a file, or a call with `--call ID --input FILE`")),
    }
}

fn import_file(context: &Context, file: &Path, args: &ImportArgs, is_json: bool) -> Result<(), Failure> {
    let root = context.project.dir();
    let file = std::path::absolute(file).ok().filter(|path| path.is_file()).unwrap_or_else(|| root.join(file));
    let bytes = std::fs::read(&file).map_err(|error| Failure::usage(format!("{} cannot be read: {error}", file.display()), "name a file in the project"))?;
    let imported = read(root, &file, &bytes).map_err(Failure::Suite)?;
    let files = to_files(&imported);
    if args.write {
        write_new(root, &files, args.force)?;
    }
    if is_json {
        output::json(&data(&imported, &files, args.write));
    } else {
        show(&imported, &files, root, args.write);
    }
    Ok(())
}

fn data(imported: &Imported, files: &[(PathBuf, String)], is_written: bool) -> Value {
    let files: Vec<Value> = files.iter().map(|(path, text)| json!({ "path": path, "bytes": text.len(), "text": (!is_written).then_some(text) })).collect();
    json!({
        "format": imported.format,
        "suite": imported.suite.name,
        "cases": imported.suite.cases.len(),
        "targets": imported.suite.targets.len(),
        "graders": imported.suite.graders.len(),
        "recordings": imported.recordings.len(),
        "findings": imported.findings,
        "files": files,
        "is_written": is_written,
    })
}

fn show(imported: &Imported, files: &[(PathBuf, String)], root: &Path, is_written: bool) {
    let suite = &imported.suite;
    println!(
        "Read as {}: suite {} with {} cases, {} targets, {} graders of every case.",
        imported.format,
        suite.name,
        suite.cases.len(),
        suite.targets.len(),
        suite.graders.len()
    );
    if !imported.recordings.is_empty() {
        println!("{} recorded answers are in the file; they stay there.", imported.recordings.len());
    }
    if !imported.findings.is_empty() {
        println!("\n{} findings:", imported.findings.len());
        imported.findings.iter().for_each(tell);
    }
    for (path, text) in files {
        let standing = match (is_written, root.join(path).exists()) {
            (true, _) => "written",
            (false, true) => "is there already; --write needs --force",
            (false, false) => "would be written",
        };
        println!("\n{} ({}, {standing})", path.display(), lines(text.lines().count()));
        if !is_written {
            text.lines().take(LINES_SHOWN).for_each(|text| println!("  {}", short(&line(text))));
            if text.lines().count() > LINES_SHOWN {
                println!("  … {} more", lines(text.lines().count() - LINES_SHOWN));
            }
        }
    }
    let next = if is_written { format!("jeton eval run {}", suite.name) } else { "the same with --write".to_owned() };
    println!("\nnext: {next}");
}

fn tell(finding: &Finding) {
    println!("  {} {}: {}\n    next: {}", finding.code, line(&finding.place.to_string()), plain(&finding.message), plain(&finding.remedy));
}

fn lines(count: usize) -> String {
    format!("{count} line{}", if count == 1 { "" } else { "s" })
}

fn short(line: &str) -> String {
    if line.chars().count() > 160 { line.chars().take(159).chain(['…']).collect() } else { line.to_owned() }
}

fn import_call(context: &Context, id: &str, args: &ImportArgs, is_json: bool) -> Result<(), Failure> {
    let call = id.parse().map_err(|why| Failure::usage(format!("`{id}` is no call: {why}"), "`jeton call list` shows ids"))?;
    let detail = super::super::store(context)?.call(call)?;
    let detail = detail.ok_or_else(|| Failure::usage(format!("there is no {id} in this ledger"), "`jeton call list` shows the last ones"))?;
    let Some(input) = &args.input else {
        return Err(Failure::usage(
            "the ledger keeps no text, so what was asked must be given",
            format!("`jeton eval import --call {id} --input FILE`; `-` reads it from standard input"),
        ));
    };
    let text = text_of(input)?;
    let found = live_case(&detail, &text).map_err(|why| Failure::usage(why, "give the question as text, or the request's JSON with `messages`"))?;
    let root = context.project.dir();
    if args.write {
        append(root, &found)?;
    }
    if is_json {
        output::json(
            &json!({ "case": found.case.id, "suite": found.suite.0, "cases": found.cases, "line": found.line, "masked": found.masked, "reference": null, "is_written": args.write }),
        );
        return Ok(());
    }
    println!("{} ({})", found.cases.display(), if args.write { "written" } else { "would get this line" });
    println!("  {}", line(found.line.trim_end()));
    if found.masked > 0 {
        println!(
            "{} in what was asked {} masked.",
            if found.masked == 1 { "1 secret".to_owned() } else { format!("{} secrets", found.masked) },
            if found.masked == 1 { "was" } else { "were" }
        );
    }
    println!("\nIt has no reference yet: until somebody writes `reference` into that line, a person must judge its answers.");
    println!(
        "next: {}",
        if args.write {
            format!("edit {}, then `jeton eval run {}`", found.cases.display(), found.suite.0.display())
        } else {
            "the same with --write".to_owned()
        }
    );
    Ok(())
}

fn text_of(input: &str) -> Result<String, Failure> {
    let read = if input == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(input)
    };
    read.map_err(|error| Failure::usage(format!("--input {input} cannot be read: {error}"), "name a file of UTF-8 text, or `-` for standard input"))
}

/// Adds the case to its file, and makes the suite where there is none.
fn append(root: &Path, found: &LiveCase) -> Result<(), Failure> {
    folder(root)?;
    let path = root.join(&found.cases);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Failure::dependency(format!("{} cannot be read: {error}", found.cases.display()), "check its rights")),
    };
    let is_there = before.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).any(|row| row["id"] == found.case.id.as_str());
    if is_there {
        return Err(Failure::usage(format!("{} has the case {} already", found.cases.display(), found.case.id), "edit it there"));
    }
    if !root.join(&found.suite.0).exists() {
        write(root, &found.suite.0, &found.suite.1, false)?;
    }
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let failed = |error: std::io::Error| Failure::dependency(format!("{} cannot be written: {error}", found.cases.display()), "check the rights of evals/");
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
    file.write_all(format!("{gap}{}", found.line).as_bytes()).map_err(failed)
}

/// Writes files, none of which may be there unless `force`: all or none.
fn write_new(root: &Path, files: &[(PathBuf, String)], force: bool) -> Result<(), Failure> {
    let there: Vec<String> = files.iter().filter(|(path, _)| root.join(path).symlink_metadata().is_ok()).map(|(path, _)| path.display().to_string()).collect();
    if !force && !there.is_empty() {
        return Err(Failure::usage(format!("{} is there already; nothing was written", there.join(" and ")), "rename the suite, or `--force` overwrites"));
    }
    folder(root)?;
    files.iter().try_for_each(|(path, text)| write(root, path, text, force))
}

/// The directory of suites; a link could lead out of the project.
fn folder(root: &Path) -> Result<(), Failure> {
    let folder = root.join("evals");
    match folder.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(Failure::usage("evals is no directory", "move it away first")),
        Err(_) => {
            std::fs::create_dir(&folder).map_err(|error| Failure::dependency(format!("evals/ cannot be made: {error}"), "check the rights of the project"))
        }
    }
}

fn write(root: &Path, path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let at = root.join(path);
    if at.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(Failure::usage(format!("{} is a symbolic link; it is not written through", path.display()), "replace the link by a file first"));
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    let options = if force { options.create(true).truncate(true) } else { options.create_new(true) };
    let failed = |error: std::io::Error| Failure::dependency(format!("{} cannot be written: {error}", path.display()), "check the rights of evals/");
    options.open(&at).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    static NEXT: AtomicU32 = AtomicU32::new(0);

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            let folder = std::env::temp_dir().join(format!("jeton-import-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn nothing_is_overwritten_unless_it_is_forced() {
        let folder = Folder::new();
        let files = |text: &str| vec![(PathBuf::from("evals/a.toml"), text.to_owned()), (PathBuf::from("evals/a.jsonl"), text.to_owned())];
        let read = |name: &str| std::fs::read_to_string(folder.0.join("evals").join(name)).ok();
        write_new(&folder.0, &files("one"), false).unwrap();
        std::fs::remove_file(folder.0.join("evals/a.toml")).unwrap();
        // One of two is there: neither is written.
        assert!(write_new(&folder.0, &files("two"), false).is_err());
        assert_eq!((read("a.toml"), read("a.jsonl")), (None, Some("one".to_owned())));
        write_new(&folder.0, &files("three"), true).unwrap();
        assert_eq!((read("a.toml"), read("a.jsonl")), (Some("three".to_owned()), Some("three".to_owned())));
    }

    #[test]
    fn cases_are_added_once_and_on_lines_of_their_own() {
        let folder = Folder::new();
        let case = |id: &str| LiveCase {
            case: jeton_eval::Case::new(id, jeton_eval::Input::Text("q".to_owned()), jeton_context::Place::file("evals/live.jsonl")),
            masked: 0,
            suite: (PathBuf::from("evals/live.toml"), "cases = \"live.jsonl\"\n".to_owned()),
            cases: PathBuf::from("evals/live.jsonl"),
            line: format!("{{\"id\":\"{id}\"}}\n"),
        };
        append(&folder.0, &case("a")).unwrap();
        // Somebody edited the file, and left no line end.
        std::fs::write(folder.0.join("evals/live.jsonl"), "{\"id\":\"a\"}").unwrap();
        append(&folder.0, &case("b")).unwrap();
        assert!(append(&folder.0, &case("a")).is_err());
        assert_eq!(std::fs::read_to_string(folder.0.join("evals/live.jsonl")).unwrap(), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
    }
}
