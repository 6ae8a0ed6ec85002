//! Files of a project: nothing outside it is read, and nothing that is no text of bounded size.

use std::path::{Component, Path, PathBuf};

/// The largest suite file or schema, in bytes.
pub(crate) const SUITE_BYTES_MAX: u64 = 4 << 20;
/// The largest file of data, in bytes.
pub(crate) const DATA_BYTES_MAX: u64 = 256 << 20;

/// Why a file was not read, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) code: &'static str,
    pub(crate) why: String,
    pub(crate) remedy: &'static str,
}

impl Unread {
    fn new(code: &'static str, why: String, remedy: &'static str) -> Self {
        Self { code, why, remedy }
    }
}

/// The file that `named` means, from `folder`, both inside of `project`, which no link may leave.
pub(crate) fn locate(project: &Path, folder: &Path, named: &str) -> Result<PathBuf, Unread> {
    let outside =
        || Unread::new("outside-project", format!("`{named}` lies outside of the project"), "Copy the file into the project; nothing outside of it is read.");
    let path = if Path::new(named).is_absolute() { PathBuf::from(named) } else { folder.join(named) };
    let missing = |error: std::io::Error| {
        Unread::new("unreadable-file", format!("`{named}` cannot be read: {error}"), "Correct the path; it begins at the directory of the file that names it.")
    };
    let root = project.canonicalize().map_err(missing)?;
    // Also where the file is not there: what lies outside is not even looked for.
    if !lies_within(&path, project) {
        return Err(outside());
    }
    let real = path.canonicalize().map_err(missing)?;
    if real.starts_with(&root) { Ok(path) } else { Err(outside()) }
}

/// Whether a path, by its parts alone, stays below `project`.
fn lies_within(path: &Path, project: &Path) -> bool {
    let Ok(rest) = path.strip_prefix(project) else { return false };
    let mut depth = 0_i32;
    rest.components().all(|part| {
        depth += match part {
            Component::ParentDir => -1,
            Component::CurDir => 0,
            _ => 1,
        };
        depth >= 0
    })
}

/// The bytes of a file of at most `bytes_max`.
pub(crate) fn bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Unread> {
    let unreadable = |error: std::io::Error| Unread::new("unreadable-file", format!("the file cannot be read: {error}"), "Make it readable.");
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(Unread::new("unreadable-file", "this is no file".to_owned(), "Name a file."));
    }
    if about.len() > bytes_max {
        let why = format!("the file has {} bytes, and at most {bytes_max} are read", about.len());
        return Err(Unread::new("unreadable-file", why, "Split it; `cases` takes a list of files."));
    }
    std::fs::read(path).map_err(unreadable)
}

/// The text of a file of at most `bytes_max`, without a byte order mark.
pub(crate) fn text(path: &Path, bytes_max: u64) -> Result<String, Unread> {
    let text = String::from_utf8(bytes(path, bytes_max)?).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..good].iter().filter(|&&b| b == b'\n').count() + 1;
        Unread::new("unreadable-file", format!("the file is not UTF-8: line {line}, byte {good}"), "Save it as UTF-8.")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// A path from the project's directory, with `/` between its parts.
pub(crate) fn shown(project: &Path, path: &Path) -> String {
    let rest = path.strip_prefix(project).unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
        }
    }
    parts.join("/")
}
