//! Which files agents load because another file names them: imports in `CLAUDE.md`, and symbolic links.

use super::{Found, Native, loading_of_directory, native, scope_of_directory};
use crate::markdown;
use crate::tree::{Tree, file_name, normalize, parent};
use crate::{Loading, Place, Scope, Severity};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many imports may follow each other.
const HOPS_MAX: usize = 5;

/// Extensions of texts that people import.
const TEXTS: [&str; 10] = ["md", "mdx", "mdc", "markdown", "txt", "rst", "adoc", "json", "yaml", "toml"];

/// How a file is loaded because another names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pulled {
    pub(crate) scope: Scope,
    pub(crate) loading: Loading,
}

/// The files that imports and links name, by path.
pub(crate) fn pulled(tree: &dyn Tree, found: &mut Found) -> BTreeMap<String, Pulled> {
    let mut pulled = BTreeMap::new();
    links(tree, &mut pulled, found);
    let linked: Vec<(String, Pulled)> = pulled.clone().into_iter().collect();
    let roots = tree.files().iter().filter(|file| native(&file.path) == Some(Native::ClaudeMd));
    let roots: Vec<(String, Pulled)> = roots.map(|file| (file.path.to_string(), of_directory(&file.path))).chain(linked).collect();
    for (path, how) in &roots {
        let mut walk = Walk { tree, how, pulled: &mut pulled, found, trail: Vec::new(), walked: BTreeMap::new() };
        walk.file(path);
    }
    pulled
}

fn of_directory(path: &str) -> Pulled {
    let directory = parent(path);
    let directory = directory.strip_suffix(".claude").map_or(directory, |above| above.trim_end_matches('/'));
    Pulled { scope: scope_of_directory(directory), loading: loading_of_directory(directory) }
}

/// Links with a name that agents look for lead to a file that they load. Other links are no context: their files have paths of their own.
fn links(tree: &dyn Tree, pulled: &mut BTreeMap<String, Pulled>, found: &mut Found) {
    for link in tree.links() {
        let is_loaded = matches!(native(&link.path), Some(Native::AgentsMd | Native::ClaudeMd | Native::CursorLegacy));
        match end_of(tree, &link.path) {
            Some(target) if is_loaded => {
                pulled.entry(target).or_insert_with(|| of_directory(&link.path));
            }
            None if native(&link.path).is_some_and(|kind| kind != Native::Structured) => {
                let (message, remedy) =
                    ("the symbolic link leads to no file of the project, so it is not read", "Let it lead to a file inside the project, or delete it.");
                let severity = if is_loaded { Severity::Error } else { Severity::Warning };
                found.report("broken-link", severity, Place::file(Arc::clone(&link.path)), message, remedy);
            }
            _ => {}
        }
    }
}

/// The file to which a link leads in the end.
fn end_of(tree: &dyn Tree, path: &str) -> Option<String> {
    let mut path = path.to_owned();
    for _ in 0..HOPS_MAX {
        let link = tree.links().iter().find(|link| *link.path == *path)?;
        path = link.target.clone()?;
        if tree.file(&path).is_some() {
            return Some(path);
        }
    }
    None
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    how: &'a Pulled,
    pulled: &'a mut BTreeMap<String, Pulled>,
    found: &'a mut Found,
    /// The files from the first to the one that is read.
    trail: Vec<String>,
    /// The files that were read, with the least number of files before each: many ways may lead to one.
    walked: BTreeMap<String, usize>,
}

impl Walk<'_> {
    fn file(&mut self, path: &str) {
        if self.walked.get(path).is_some_and(|hops| *hops <= self.trail.len()) {
            return;
        }
        self.walked.insert(path.to_owned(), self.trail.len());
        // A file that cannot be read is reported where it is imported.
        let Ok(text) = self.tree.text(path) else { return };
        self.trail.push(path.to_owned());
        for (written, line) in imports(&text) {
            self.import(path, &written, line);
        }
        self.trail.pop();
    }

    fn import(&mut self, file: &str, written: &str, line: u32) {
        let place = Place::line(file, line);
        let target = normalize(parent(file), written).filter(|_| !written.starts_with('~'));
        let target = target.and_then(|target| end_of(self.tree, &target).or(Some(target)));
        let Some(target) = target else {
            let message = format!("`@{written}` lies outside of the project and is not read");
            self.found.report("import-outside", Severity::Note, place, message, "Move what everybody needs into the project.");
            return;
        };
        if self.tree.file(&target).is_none() {
            if is_surely_path(written) {
                let message = format!("the imported file `{target}` does not exist");
                self.found.report(
                    "import-missing",
                    Severity::Error,
                    place,
                    message,
                    format!("Imports are relative to `{file}`; correct the path or delete the line."),
                );
            }
            return;
        }
        if self.trail.contains(&target) {
            let circle = format!("{} → {target}", self.trail.join(" → "));
            self.found.report("import-cycle", Severity::Error, place, format!("the import goes round in a circle: {circle}"), "Delete one of the imports.");
            return;
        }
        if self.trail.len() > HOPS_MAX {
            let message = format!("more than {HOPS_MAX} imports follow each other; agents stop before `{target}`");
            self.found.report("import-too-deep", Severity::Warning, place, message, "Import it from a file nearer to the first.");
            return;
        }
        if !self.pulled.contains_key(&target) || self.how.loading == Loading::Always {
            self.pulled.insert(target.clone(), self.how.clone());
        }
        self.file(&target);
    }
}

/// What the imports of a text name, with their lines. Not in code, and not in the middle of a word (addresses of mail).
fn imports(text: &str) -> Vec<(String, u32)> {
    let document = markdown::parse(text);
    let lines = crate::located::Lines::of(text);
    let mut imports = Vec::new();
    let mut end = 0;
    for span in &document.prose {
        for (at, _) in text[span.clone()].match_indices('@') {
            let at = span.start + at;
            let is_begin = text[..at].chars().next_back().is_none_or(char::is_whitespace);
            if !is_begin || at < end {
                continue;
            }
            // Marks of emphasis (`_`) part the prose, so the name is read from the text itself.
            let name: String = text[at + 1..].chars().take_while(|c| !c.is_whitespace() && !"`<>|\"'()".contains(*c)).collect();
            end = at + 1 + name.len();
            let name = name.trim_end_matches(['.', ',', ';', ':', '!', '?']);
            if !name.is_empty() {
                imports.push((name.to_owned(), lines.line(at)));
            }
        }
    }
    imports
}

/// Whether what stands after `@` can only be a path: people and packages are written with `@` too.
fn is_surely_path(written: &str) -> bool {
    written.starts_with("./") || written.starts_with("../") || file_name(written).rsplit_once('.').is_some_and(|(_, extension)| TEXTS.contains(&extension))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_stand_outside_of_code_and_words() {
        let check = |text: &str, expected: &[(&str, u32)]| {
            let found = imports(text);
            let found: Vec<(&str, u32)> = found.iter().map(|(name, line)| (name.as_str(), *line)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("@docs/a.md\nSee @b_c_d.md, and @e.\n", &[("docs/a.md", 1), ("b_c_d.md", 2), ("e", 2)]);
        check("`@a.md` a@b.md\n\n```\n@c.md\n```\n- @~/x.md\n", &[("~/x.md", 6)]);
    }
}
