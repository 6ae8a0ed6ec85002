//! What a file is, by its path, its first bytes and its size: which files are read as code, and which are left out.

use super::Language;

/// Text above this many bytes is not taken apart: 1 MiB. Hand-written files are far below; what is above is data, logs or generated.
pub const TEXT_BYTES_MAX: u64 = 1024 * 1024;

/// Data of JSON, XML and the like above this many bytes is no configuration any more.
const STRUCTURED_BYTES_MAX: u64 = 64 * 1024;

/// Bytes at a file's beginning that are looked at.
pub const HEAD_BYTES: usize = 8 * 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileClass {
    /// Code in a language with a grammar.
    Source(Language),
    /// Other text.
    Text,
    /// Records, tables, snapshots: text that nobody reads from top to bottom.
    Data,
    /// No text.
    Binary,
    /// Written by a program.
    Generated,
    /// Taken over from somebody else.
    Vendored,
    /// Made small for machines.
    Minified,
    /// Text above [`TEXT_BYTES_MAX`].
    Huge,
}

/// What a file of `path` (with `/` between its parts) is, whose first bytes are `head` and which has `size_bytes` in all.
#[must_use]
pub fn classify(path: &str, head: &[u8], size_bytes: u64) -> FileClass {
    let head = &head[..head.len().min(HEAD_BYTES)];
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    if is_binary(head) || has_extension(name, BINARY_EXTENSIONS) {
        return FileClass::Binary;
    }
    if is_vendored(&lower) {
        return FileClass::Vendored;
    }
    let text = String::from_utf8_lossy(head);
    if is_lock(name) || is_generated_name(name) || has_generated_mark(&text) {
        return FileClass::Generated;
    }
    let language = Language::from_path(path).or_else(|| Language::from_shebang(text.lines().next().unwrap_or_default()));
    if name.contains(".min.") || is_minified(&text, name, language.is_some()) {
        return FileClass::Minified;
    }
    if is_data(&lower, name, size_bytes) {
        return FileClass::Data;
    }
    match language {
        _ if size_bytes > TEXT_BYTES_MAX => FileClass::Huge,
        Some(language) => FileClass::Source(language),
        None => FileClass::Text,
    }
}

const BINARY_EXTENSIONS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "webp", "ico", "bmp", "tiff", "pdf", "zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "jar", "war", "class", "so",
    "dylib", "dll", "exe", "o", "a", "lib", "wasm", "woff", "woff2", "ttf", "otf", "eot", "mp3", "mp4", "wav", "ogg", "webm", "mov", "sqlite", "db", "pyc",
    "parquet", "bin",
];

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| !stem.is_empty() && extensions.contains(&extension))
}

/// A NUL byte, or more than a tenth of bytes that are no UTF-8. A character cut by the head's end does not count.
fn is_binary(head: &[u8]) -> bool {
    if memchr::memchr(0, head).is_some() {
        return true;
    }
    let (mut bad, mut rest) = (0_usize, head);
    while let Err(error) = std::str::from_utf8(rest) {
        let Some(length) = error.error_len() else { break };
        bad += length;
        rest = &rest[error.valid_up_to() + length..];
    }
    bad * 10 > head.len()
}

/// Folders of other people's code. `lib`, `deps` and `packages` are as often one's own; `dist`, `build` and `target` are checked at the top only.
fn is_vendored(path: &str) -> bool {
    const ANYWHERE: &[&str] = &[
        "node_modules",
        "vendor",
        "vendored",
        "third_party",
        "third-party",
        "thirdparty",
        "bower_components",
        ".venv",
        "venv",
        "site-packages",
        ".bundle",
        ".yarn",
    ];
    const AT_TOP: &[&str] = &["dist", "target", "external"];
    let folders: Vec<&str> = path.split('/').collect();
    let folders = &folders[..folders.len() - 1];
    let holds = |list: &[&str], folder: &&str| list.contains(folder);
    // A package may itself be called vendor: then its folder lies in a source tree.
    let is_own = |at: usize| folders[..at].iter().any(|folder| matches!(*folder, "src" | "app"));
    folders.iter().enumerate().any(|(at, folder)| holds(ANYWHERE, folder) && !(is_own(at) && *folder == "vendor"))
        || folders.first().is_some_and(|folder| holds(AT_TOP, folder))
}

fn is_lock(name: &str) -> bool {
    const NAMES: &[&str] =
        &["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum", "go.work.sum", "packages.lock.json", "bun.lockb", "flake.lock"];
    NAMES.contains(&name) || has_extension(name, &["lock", "lockfile"])
}

fn is_generated_name(name: &str) -> bool {
    const ENDS: &[&str] = &[
        ".pb.go",
        ".pb.cc",
        ".pb.h",
        "_pb2.py",
        "_pb2_grpc.py",
        "_pb.js",
        "_pb.d.ts",
        ".g.cs",
        ".g.dart",
        ".designer.cs",
        ".generated.ts",
        ".generated.cs",
        ".js.map",
        ".css.map",
    ];
    ENDS.iter().any(|end| name.ends_with(end))
}

/// A mark in a comment of the first lines. A line that only speaks of such marks (in quotes) is none.
fn has_generated_mark(head: &str) -> bool {
    head.lines().take(20).any(|line| {
        let trimmed = line.trim_start();
        let is_comment = ["//", "#", "/*", "*", "--", "<!--", ";", "\"\"\"", "'''", "%"].iter().any(|mark| trimmed.starts_with(mark));
        let lower = trimmed.to_ascii_lowercase();
        let at_start = lower.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '@');
        let is_mark = at_start.starts_with("@generated")
            || lower.contains("code generated") && lower.contains("do not edit")
            || at_start.starts_with("do not edit") && !lower.contains("do not edit the ")
            || lower.contains("<auto-generated")
            || at_start.starts_with("automatically generated by") | at_start.starts_with("autogenerated by")
            || at_start.starts_with("this file is automatically generated") | at_start.starts_with("this file was automatically generated");
        is_comment && is_mark && !lower.contains('`') && !lower.contains("\"do not")
    })
}

/// Lines far longer than anybody writes, in code and style sheets.
fn is_minified(head: &str, name: &str, is_source: bool) -> bool {
    let lines = head.lines().filter(|line| !line.trim().is_empty()).count().max(1);
    (is_source || has_extension(name, &["css", "svg", "html"])) && head.len() > 1_000 && head.len() / lines > 500
}

fn is_data(path: &str, name: &str, size_bytes: u64) -> bool {
    const ALWAYS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "snap", "snapshot", "golden", "log", "dat", "geojson", "ipynb", "po", "pot", "svg"];
    const WHEN_LARGE: &[&str] = &["json", "json5", "xml", "yaml", "yml", "txt", "html", "sql"];
    let is_snapshot = path.split('/').any(|part| matches!(part, "__snapshots__" | "snapshots" | "cassettes")) && Language::from_path(path).is_none();
    is_snapshot || has_extension(name, ALWAYS) || size_bytes > STRUCTURED_BYTES_MAX && has_extension(name, WHEN_LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, head: &str, expected: FileClass) {
        assert_eq!(classify(path, head.as_bytes(), head.len() as u64), expected, "{path}");
    }

    #[test]
    fn files_by_path() {
        check("src/main.rs", "fn main() {}", FileClass::Source(Language::Rust));
        check("bin/run", "#!/usr/bin/env python3\n", FileClass::Source(Language::Python));
        check("README.md", "# Hello", FileClass::Text);
        check("vendor/a/b.go", "package b", FileClass::Vendored);
        check("web/node_modules/a/index.js", "a", FileClass::Vendored);
        check("src/vendor/model.rs", "struct Vendor;", FileClass::Source(Language::Rust));
        check("docs/vendor.md", "# Vendors", FileClass::Text);
        check("dist/a.js", "a", FileClass::Vendored);
        check("tools/dist/a.js", "a", FileClass::Source(Language::JavaScript));
        check("Cargo.lock", "[[package]]", FileClass::Generated);
        check("a/package-lock.json", "{}", FileClass::Generated);
        check("a.pb.go", "package a", FileClass::Generated);
        check("a.min.js", "a", FileClass::Minified);
        check("a.csv", "a,b", FileClass::Data);
        check("__snapshots__/a.txt", "a", FileClass::Data);
        check("src/snapshots/store.ts", "a", FileClass::Source(Language::TypeScript));
        check("logo.PNG", "a", FileClass::Binary);
    }

    #[test]
    fn files_by_their_first_lines() {
        check("a.go", "// Code generated by protoc. DO NOT EDIT.\npackage a", FileClass::Generated);
        check("a.rs", "// @generated by a tool\n", FileClass::Generated);
        check("a.py", "# DO NOT EDIT: made by make\n", FileClass::Generated);
        check("a.rs", "//! Finds `@generated` marks.\n", FileClass::Source(Language::Rust));
        check("a.rs", "const MARK: &str = \"@generated\";\n", FileClass::Source(Language::Rust));
        check("a.rs", "// We do not edit files.\n", FileClass::Source(Language::Rust));
        check("a.js", &"var a=1;".repeat(200), FileClass::Minified);
        check("a.md", &"word ".repeat(1_000), FileClass::Text);
        check("a.json", &"{}".repeat(100), FileClass::Text);
    }

    #[test]
    fn files_by_bytes_and_size() {
        let check = |path: &str, head: &[u8], size: u64, expected: FileClass| assert_eq!(classify(path, head, size), expected, "{path}");
        check("a", b"a\0b", 3, FileClass::Binary);
        check("a.rs", &[0xff; 40], 40, FileClass::Binary);
        check("latin.txt", b"Caf\xe9 au lait, s'il vous pla\xeet, et vite", 40, FileClass::Text);
        check("cut.txt", "é".as_bytes().split_at(1).0, 1, FileClass::Text);
        check("a.txt", b"", 0, FileClass::Text);
        check("a.rs", b"fn a() {}", TEXT_BYTES_MAX + 1, FileClass::Huge);
        check("a.rs", b"fn a() {}", TEXT_BYTES_MAX, FileClass::Source(Language::Rust));
        check("server.log", b"a", 200 << 20, FileClass::Data);
        check("large.json", b"{", 100_000, FileClass::Data);
    }
}
