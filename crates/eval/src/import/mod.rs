//! Suites and recorded answers from other programs: promptfoo, Inspect, OpenAI's evals, and rows of data. What cannot be read is told, with its
//! place and what to do; no case passes because something was left out.

mod archive;
mod call;
mod inspect;
mod openai;
pub(crate) mod promptfoo;
mod rows;
#[cfg(test)]
mod tests;

pub use call::{LiveCase, live_case};

use crate::read::check::{self, Surroundings};
use crate::read::files::{self, SUITE_BYTES_MAX};
use crate::read::source::{Report, Source};
use crate::read::units::Units;
use crate::read::{digest, parse};
use crate::{Answer, Grade, Suite};
use jeton_context::{Finding, Place, Severity};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What came of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The suite.
    pub suite: Suite,
    /// Answers that were recorded in the file.
    pub recordings: Vec<Recording>,
    /// What the file was taken for.
    pub format: &'static str,
    /// What was not read, or read as something near it.
    pub findings: Vec<Finding>,
}

/// An answer that another program recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// The case's id.
    pub case: String,
    /// The target's name; none: the suite has none, or it is not known.
    pub target: Option<String>,
    /// The repeat, from 0.
    pub repeat: u32,
    /// The answer.
    pub answer: Answer,
    /// What the other program's graders said.
    pub scores: Vec<Grade>,
}

/// Reads a file of another program; `file` lies in the project and tells by its end what it holds, `bytes` are its contents. Files that it names
/// are read inside of the project only. No script is run, and nothing is fetched.
///
/// # Errors
/// Why nothing could be read.
pub fn import(project: &Path, file: &Path, bytes: &[u8]) -> Result<Imported, Vec<Finding>> {
    let report = Report::default();
    let importer = Importer { project, folder: file.parent().unwrap_or(project).to_path_buf(), path: files::shown(project, file).into(), report: &report };
    let found = read(&importer, bytes);
    finish(&importer, found)
        .ok_or(())
        .and_then(|imported| if report.has_errors() { Err(()) } else { Ok(imported) })
        .map_or_else(|()| Err(report.take()), |imported| Ok(Imported { findings: report.take(), ..imported }))
}

/// The import as files of ours, as paths from the project's directory with their contents: the suite as TOML and its cases as JSON Lines.
#[must_use]
pub fn to_files(imported: &Imported) -> Vec<(PathBuf, String)> {
    crate::write::files(&imported.suite)
}

/// What a file was read as.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) format: &'static str,
    pub(crate) suite: Suite,
    pub(crate) recordings: Vec<Recording>,
}

/// Reads a file, and what it names.
#[derive(Debug)]
pub(crate) struct Importer<'a> {
    pub(crate) project: &'a Path,
    /// The directory of the file.
    pub(crate) folder: PathBuf,
    /// The file as it is shown.
    pub(crate) path: Arc<str>,
    pub(crate) report: &'a Report,
}

fn read(importer: &Importer<'_>, bytes: &[u8]) -> Option<Found> {
    let end = importer.path.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    // What is called an archive is one, or a broken one: that it is no text says nothing to anybody.
    if end == "eval" || bytes.starts_with(b"PK\x03\x04") {
        return inspect::archive(importer, bytes);
    }
    let text = importer.utf8(bytes)?;
    match end.as_str() {
        "csv" | "tsv" | "jsonl" | "ndjson" => rows::import(importer, text),
        "json" if text.trim_start().starts_with('[') => rows::import(importer, text),
        "json" | "yaml" | "yml" => of_document(importer, text),
        _ => {
            importer.unknown("the name does not say what this is", "Let it end with `.yaml`, `.json`, `.jsonl`, `.csv` or `.eval`.");
            None
        }
    }
}

fn of_document(importer: &Importer<'_>, text: &str) -> Option<Found> {
    let source = parse(&importer.path, text, importer.report)?;
    if promptfoo::is_config(&source.value) {
        return promptfoo::import(importer, source);
    }
    let has = |key: &str| source.value.get(key).is_some();
    if has("samples") && has("eval") {
        return inspect::log(importer, &source.value);
    }
    if has("testing_criteria") {
        return openai::definition(importer, &source);
    }
    importer.unknown(
        "this is no configuration of promptfoo's, no log of Inspect's and no evaluation of OpenAI's",
        "If it is a suite of ours, run it as it is; rows of data are a list, or JSON Lines.",
    );
    None
}

/// Checks the suite as if it had been read from a file of ours, and gives it its digest.
fn finish(importer: &Importer<'_>, found: Option<Found>) -> Option<Imported> {
    let Found { format, mut suite, recordings } = found?;
    let units = Units::new(importer.project, None);
    let around = Surroundings { project: importer.project, folder: &importer.folder, units: &units, report: importer.report };
    check::check(&suite, None, &around);
    suite.digest = digest::digest(&suite, &check::file_digests(&suite.cases, importer.project, &importer.folder));
    Some(Imported { suite, recordings, format, findings: Vec::new() })
}

/// Reads a configuration of promptfoo's as a suite.
pub(crate) fn promptfoo_suite(project: &Path, file: &Path, source: Source, report: &Report) -> Option<Suite> {
    let folder = file.parent().unwrap_or(project).to_path_buf();
    let importer = Importer { project, folder, path: Arc::clone(&source.path), report };
    let found = promptfoo::import(&importer, source);
    finish(&importer, found).map(|imported| imported.suite)
}

impl Importer<'_> {
    pub(crate) fn place(&self) -> Place {
        Place::file(Arc::clone(&self.path))
    }

    /// A name for a suite after the file's.
    pub(crate) fn suite_name(&self) -> String {
        let stem = Path::new(&*self.path).file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        name_of(&stem)
    }

    /// Says what has no counterpart here.
    pub(crate) fn skipped(&self, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.add("import-skipped", Severity::Warning, place.clone(), message, remedy);
    }

    /// Says what is read as something near it.
    pub(crate) fn differs(&self, place: &Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.add("import-differs", Severity::Note, place.clone(), message, remedy);
    }

    fn unknown(&self, message: &str, remedy: &str) {
        self.report.error("import-unknown", self.place(), message, remedy);
    }

    fn utf8<'t>(&self, bytes: &'t [u8]) -> Option<&'t str> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let message = format!("the file is not UTF-8: byte {}", error.valid_up_to());
                self.report.error("unreadable-file", self.place(), message, "Save it as UTF-8.");
                None
            }
        }
    }

    /// The text of a file that another file names, from the directory of the first. What is wrong is told at `place`.
    pub(crate) fn text(&self, named: &str, place: &Place) -> Option<(PathBuf, String)> {
        let read = files::locate(self.project, &self.folder, named).and_then(|path| Ok((path.clone(), files::text(&path, SUITE_BYTES_MAX)?)));
        match read {
            Ok(found) => Some(found),
            Err(unread) => {
                self.skipped(place, unread.why, unread.remedy);
                None
            }
        }
    }

    /// What a file holds: the values of JSON and YAML, the text of all others. Scripts are none.
    pub(crate) fn data(&self, named: &str, place: &Place) -> Option<Value> {
        if is_script(named) {
            return None;
        }
        let (path, text) = self.text(named, place)?;
        let end = path.extension().map(|end| end.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        match end.as_str() {
            "json" | "yaml" | "yml" => parse(&files::shown(self.project, &path).into(), &text, self.report).map(|source| source.value),
            _ => Some(text.trim().into()),
        }
    }

    /// The files that a path with `*` in its last part names, by name; the path itself where it has none.
    pub(crate) fn matching(&self, named: &str) -> Vec<String> {
        if !named.contains('*') {
            return vec![named.to_owned()];
        }
        let (folder, pattern) = named.rsplit_once('/').unwrap_or(("", named));
        let Ok(path) = files::locate(self.project, &self.folder, if folder.is_empty() { "." } else { folder }) else { return Vec::new() };
        let names = std::fs::read_dir(path).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<String> = names.filter(|name| jeton_context::catalogue::matches_pattern(pattern, name)).collect();
        found.sort();
        found.into_iter().map(|name| if folder.is_empty() { name } else { format!("{folder}/{name}") }).collect()
    }
}

/// Whether a path names a program; a name of a function may follow it.
pub(crate) fn is_script(named: &str) -> bool {
    let ends = [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".go", ".sh"];
    ends.iter().any(|end| named.ends_with(end) || named.rsplit_once(':').is_some_and(|(path, _)| path.ends_with(end)))
}

/// A text as a name of letters, digits and dashes.
pub(crate) fn name_of(text: &str) -> String {
    let dashed: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '_' { c } else { '-' }).take(100).collect();
    let name = dashed.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    if name.is_empty() { "imported".to_owned() } else { name.to_owned() }
}
