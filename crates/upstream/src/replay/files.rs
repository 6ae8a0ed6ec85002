//! The files of recorded exchanges: `MODEL.jsonl`, with the model's name escaped.

use super::record::Exchange;
use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

const EXTENSION: &str = "jsonl";

/// Why recorded exchanges could not be read or written.
#[derive(Debug)]
pub struct ReplayError {
    path: PathBuf,
    /// From 1; zero where no line is at fault.
    line: usize,
    cause: String,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "recorded exchanges in {}", self.path.display())?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ": {}", self.cause)
    }
}

impl std::error::Error for ReplayError {}

fn failed(path: &Path, cause: &io::Error) -> ReplayError {
    ReplayError { path: path.to_owned(), line: 0, cause: cause.to_string() }
}

/// Appends exchanges to the files of a directory. One line is one write, so a crash leaves at most a torn last line.
#[derive(Debug)]
pub struct Recorder {
    directory: PathBuf,
    /// Serialises writers; files stay closed between exchanges.
    writing: Mutex<()>,
}

impl Recorder {
    /// Records into `directory`, which is made if need be.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, ReplayError> {
        let directory = directory.into();
        fs::create_dir_all(&directory).map_err(|error| failed(&directory, &error))?;
        Ok(Self { directory, writing: Mutex::new(()) })
    }

    /// Appends `exchange` to the file of its model. Blocks on the disk.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn append(&self, exchange: &Exchange) -> Result<(), ReplayError> {
        let path = self.directory.join(file_name(&exchange.model));
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        append_line(&path, exchange).map_err(|error| failed(&path, &error))
    }
}

fn append_line(path: &Path, exchange: &Exchange) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut line = if ends_torn(&mut file)? { b"\n".to_vec() } else { Vec::new() };
    serde_json::to_writer(&mut line, exchange)?;
    line.push(b'\n');
    file.write_all(&line)
}

/// Whether the last line lacks its end.
fn ends_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// What tells that a file has changed.
type Stamp = (u64, Option<SystemTime>);

/// What was read of a file, and when.
#[derive(Debug)]
struct Shelf {
    stamp: Stamp,
    exchanges: Arc<[Exchange]>,
}

/// Reads the files of a directory and keeps what it read until they change.
#[derive(Debug)]
pub(super) struct Library {
    directory: PathBuf,
    read: Mutex<HashMap<String, Shelf>>,
}

impl Library {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, read: Mutex::default() }
    }

    /// The models that have a file, sorted.
    pub(super) fn models(&self) -> Result<Vec<String>, ReplayError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&self.directory, &error)),
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
        let mut models: Vec<String> = paths.filter_map(|path| model_name(path.file_stem()?.to_str()?)).collect();
        models.sort();
        Ok(models)
    }

    /// The exchanges of `model`; `None` where it has no file.
    pub(super) fn load(&self, model: &str) -> Result<Option<Arc<[Exchange]>>, ReplayError> {
        let path = self.directory.join(file_name(model));
        let stamp = match fs::metadata(&path) {
            Ok(metadata) => (metadata.len(), metadata.modified().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, &error)),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shelf) = read.get(model).filter(|shelf| shelf.stamp == stamp) {
            return Ok(Some(Arc::clone(&shelf.exchanges)));
        }
        let exchanges: Arc<[Exchange]> = parse(&path, &fs::read_to_string(&path).map_err(|error| failed(&path, &error))?)?.into();
        read.insert(model.to_owned(), Shelf { stamp, exchanges: Arc::clone(&exchanges) });
        Ok(Some(exchanges))
    }
}

/// Reads every line. A last line without its end is a torn write and is passed over.
fn parse(path: &Path, text: &str) -> Result<Vec<Exchange>, ReplayError> {
    let mut exchanges = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        match serde_json::from_str(line) {
            Ok(exchange) => exchanges.push(exchange),
            Err(_) if line.trim().is_empty() || !line.ends_with('\n') => {}
            Err(error) => return Err(ReplayError { path: path.to_owned(), line: index + 1, cause: error.to_string() }),
        }
    }
    Ok(exchanges)
}

/// The file of `model`: letters, digits, `_`, `-` and inner dots stay, every other byte becomes `%` and two digits, so no name leaves the directory.
fn file_name(model: &str) -> String {
    let mut name = String::with_capacity(model.len() + 6);
    for (place, byte) in model.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(char::from(byte)),
            b'.' if place > 0 => name.push('.'),
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    name + "." + EXTENSION
}

/// The model of a file's stem; `None` where it is not an escaped name.
fn model_name(stem: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(stem.len());
    let mut rest = stem;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        bytes.push(u8::from_str_radix(rest.get(at + 1..at + 3)?, 16).ok()?);
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_come_back() {
        for (model, file) in [
            ("gpt-5.1", "gpt-5.1.jsonl"),
            ("openai/gpt-4o:beta", "openai%2Fgpt-4o%3Abeta.jsonl"),
            ("../../etc", "%2E.%2F..%2Fetc.jsonl"),
            ("é", "%C3%A9.jsonl"),
        ] {
            assert_eq!(file_name(model), file);
            assert_eq!(model_name(file.strip_suffix(".jsonl").unwrap()).as_deref(), Some(model));
        }
        assert_eq!(model_name("%zz"), None);
        assert_eq!(model_name("%é"), None);
    }
}
