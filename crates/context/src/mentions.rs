//! Paths of the project that running text mentions, in inline code and in links.

use crate::Anchor;
use crate::markdown::Document;
use crate::tree::{Tree, file_name, normalize, parent};
use std::collections::BTreeMap;

/// Directories that builds make; a path into them is no mistake where they are missing.
const BUILT: [&str; 10] = ["target", "node_modules", "dist", "build", "out", ".git", ".venv", "venv", "coverage", "__pycache__"];

/// What exists in the tree, for quick questions.
pub(crate) struct Names<'t> {
    tree: &'t dyn Tree,
    /// The paths of the files with a name.
    by_name: BTreeMap<&'t str, Vec<&'t str>>,
}

impl<'t> Names<'t> {
    pub(crate) fn of(tree: &'t dyn Tree) -> Self {
        let mut by_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for file in tree.files().iter().filter(|file| has_extension(&file.path)) {
            by_name.entry(file_name(&file.path)).or_default().push(&file.path);
        }
        Self { tree, by_name }
    }

    /// The files whose path ends with `end`.
    fn ending_with(&self, end: &str) -> Vec<&'t str> {
        let named = self.by_name.get(file_name(end)).into_iter().flatten();
        named.filter(|path| path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))).copied().collect()
    }

    fn exists(&self, path: &str) -> bool {
        !path.is_empty() && (self.tree.exists(path) || self.tree.links().iter().any(|link| *link.path == *path))
    }
}

/// The paths that a body mentions. `path` is its file, and `body_line` the line on which it begins.
pub(crate) fn find(document: &Document, path: &str, body_line: u32, names: &Names<'_>) -> Vec<Anchor> {
    let from = parent(path);
    let codes = document.codes.iter().filter_map(|code| Some((in_code(&code.text, from, names)?, code.line)));
    let links = document.links.iter().filter_map(|link| Some((in_link(&link.target, path, names)?, link.line)));
    let found = codes.chain(links).map(|((path, at), line)| Anchor { path, at, is_declared: false, line: body_line + line - 1 });
    let mut anchors: Vec<Anchor> = found.collect();
    anchors.sort_by(|a, b| (a.line, a).cmp(&(b.line, b)));
    anchors.dedup();
    anchors
}

type Named = (String, Option<String>);

fn in_link(target: &str, file: &str, names: &Names<'_>) -> Option<Named> {
    if target.contains("://") || target.starts_with("mailto:") || target.contains(['<', '{', '*', '$']) {
        return None;
    }
    let (path, at) = cut(target);
    let path = path.split('?').next().unwrap_or_default().replace("%20", " ");
    if path.is_empty() {
        return at.map(|at| (file.to_owned(), Some(at)));
    }
    let path = normalize(parent(file), &path)?;
    let is_written_from_top = !names.exists(&path) && normalize("", target.split('#').next()?).is_some_and(|path| names.exists(&path));
    let path = if is_written_from_top { normalize("", target.split('#').next()?)? } else { path };
    // A site's address without extension (`./guide`) is no file.
    (names.exists(&path) || file_name(&path).contains('.')).then_some((path, at)).filter(|(path, _)| !path.is_empty())
}

fn in_code(code: &str, from: &str, names: &Names<'_>) -> Option<Named> {
    if !is_path_like(code) {
        return None;
    }
    let (written, at) = cut(code);
    let written = written.trim_end_matches('/');
    let candidates = [normalize(from, written), normalize("", written)];
    if let Some(path) = candidates.iter().flatten().find(|path| names.exists(path)) {
        return Some((path.clone(), at));
    }
    let path = normalize("", written).or_else(|| normalize(from, written))?;
    // People leave out what stands before: `core/main.rs` for the only file whose path ends so.
    match names.ending_with(&path).as_slice() {
        [only] => return Some(((*only).to_owned(), at)),
        // A name that several files have, or none, speaks of no file in particular.
        several if !several.is_empty() || !written.contains('/') => return None,
        _ => {}
    }
    let first = path.split('/').next().unwrap_or_default();
    if BUILT.contains(&first) {
        return None;
    }
    let stands_in_known = names.exists(first) || (!from.is_empty() && names.exists(&format!("{from}/{first}")));
    let has_extension = has_extension(&path);
    (has_extension && !first.contains('.') || stands_in_known).then_some((path, at))
}

/// Whether the last part has an extension as files have.
fn has_extension(path: &str) -> bool {
    let extension = file_name(path).rsplit_once('.').map_or("", |(_, extension)| extension);
    (1..=8).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric()) && extension.bytes().any(|b| b.is_ascii_alphabetic())
}

fn is_path_like(code: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '#' | ':' | '+' | '(' | ')' | '@');
    let is_clean = code.chars().all(allowed) && !code.contains("//") && !code.contains(":/") && !code.contains("...") && code.contains(['/', '.']);
    is_clean && (!code.starts_with(['/', '@', '-', '#', '.', '(', ':']) || code.starts_with("./") || code.starts_with("../") || is_dot_path(code))
}

/// `.github/workflows/ci.yml`, but not `.method`.
fn is_dot_path(code: &str) -> bool {
    code.starts_with('.') && code.len() > 2 && code[1..].contains('/') && code.chars().all(|c| c.is_alphanumeric() || "/._-#".contains(c))
}

/// A mention cut into path and place: `#heading`, `:12`, `:12-20`, `::symbol`.
fn cut(text: &str) -> (&str, Option<String>) {
    if let Some((path, at)) = text.split_once('#') {
        return (path, Some(at.to_owned()).filter(|at| !at.is_empty()));
    }
    if let Some((path, at)) = text.split_once("::") {
        return (path, Some(at.to_owned()).filter(|at| !at.is_empty()));
    }
    match text.split_once(':') {
        Some((path, lines)) if !lines.is_empty() && lines.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b':') => {
            let lines = lines.split(':').next().unwrap_or(lines);
            (path, Some(lines.split('-').map(|line| format!("L{line}")).collect::<Vec<_>>().join("-")))
        }
        _ => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown;
    use crate::tree::MemoryTree;

    fn check(text: &str, expected: &[&str]) {
        let tree = MemoryTree::new([("src/refund.rs", ""), ("docs/a.md", ""), ("docs/img/x.png", ""), ("policy.toml", ""), (".github/workflows/ci.yml", "")]);
        let anchors = find(&markdown::parse(text), "docs/a.md", 1, &Names::of(&tree));
        let found: Vec<String> =
            anchors.iter().map(|anchor| anchor.at.as_ref().map_or_else(|| anchor.path.clone(), |at| format!("{}#{at}", anchor.path))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn paths_are_found() {
        check("See `src/refund.rs`, `policy.toml`, `src/`.", &["policy.toml", "src", "src/refund.rs"]);
        check(
            "`src/refund.rs#Refund::window` `src/refund.rs:12-20` `src/refund.rs::window`",
            &["src/refund.rs#L12-L20", "src/refund.rs#Refund::window", "src/refund.rs#window"],
        );
        check("[x](img/x.png) [y](../src/refund.rs) [z](#below) [t](docs/a.md)", &["docs/a.md", "docs/a.md#below", "docs/img/x.png", "src/refund.rs"]);
        check("`.github/workflows/ci.yml` `src/gone.rs` `src/gone` `lib/gone.rs`", &[".github/workflows/ci.yml", "lib/gone.rs", "src/gone", "src/gone.rs"]);
        check(
            "[gone](gone.md) `refund.rs:7` `img/x.png` `workflows/ci.yml`",
            &[".github/workflows/ci.yml", "docs/gone.md", "docs/img/x.png", "src/refund.rs#L7"],
        );
    }

    #[test]
    fn what_is_no_path_is_left_alone() {
        check("`and/or` `application/json` `origin/main` `std::fs` `a.b()` `1/2` `v1.2/3.4`", &[]);
        check("`https://a.b/c.md` [x](https://a.b/c.md) [m](mailto:a@b.c) `github.com/a/b.rs`", &[]);
        check("`src/*.rs` `src/<name>.rs` `src/{x}.rs` `/etc/passwd` `~/a/b.md` `$HOME/a.md`", &[]);
        check("`target/debug/x.d` `gone.md` `tool:/a/b.toml` <a@b.dev> `.method` `@scope/pkg.js` `cargo test`", &[]);
    }
}
