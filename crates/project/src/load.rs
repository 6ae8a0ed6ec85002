//! One reading: text and environment in, a snapshot or all mistakes out.

use crate::assemble::assemble;
use crate::decode::Decoder;
use crate::diagnostic::{Code, Report};
use crate::forms::quoted;
use crate::source::{Findings, Source, diagnose};
use crate::tree::{Path, Tree};
use crate::{Snapshot, effective, environment, packs, references, syntax};
use toml::de::DeTable;

/// The text of a file that holds one pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackText {
    /// The pack's name: the file's without its ending.
    pub name: String,
    /// Names the file in diagnostics.
    pub path_label: String,
    /// What it holds.
    pub text: String,
}

/// Reads the text of a `jeton.toml` together with the environment, whole or not at all. `path_label` names the file
/// in diagnostics. Reads no file: secrets stay references.
///
/// # Errors
/// Every mistake that one pass can find, in the order of the file. Where the text is no TOML, mistakes that the broken
/// lines may have caused (missing settings, unknown names) are left out.
pub fn load(path_label: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Snapshot, Report> {
    load_with_packs(path_label, text, &[], env)
}

/// As [`load`], with packs in files of their own: each is read as if its keys stood in `jeton.toml` under `packs.NAME`.
///
/// # Errors
/// As [`load`], the mistakes of `jeton.toml` first; and where a pack is defined in two places.
pub fn load_with_packs(path_label: &str, text: &str, packs: &[PackText], env: &dyn Fn(&str) -> Option<String>) -> Result<Snapshot, Report> {
    let mut reading = Reading::default();
    reading.project(path_label, text);
    for pack in packs {
        reading.pack(pack);
    }
    let Reading { sources, mut tree, mut findings, is_toml } = reading;
    let notes = environment::overlay(&mut tree, &mut findings, env);
    let mut snapshot = assemble(&tree);
    snapshot.notes = notes;
    if is_toml {
        references::check(&tree, &mut snapshot, &mut findings);
    }
    if !findings.mistakes.is_empty() {
        return Err(Report { diagnostics: diagnose(&sources, findings) });
    }
    let (settings, digest) = effective::settings(&tree, &snapshot);
    snapshot.settings = settings.into();
    snapshot.digest = digest;
    Ok(snapshot)
}

/// Several files as one: the places of each begin where those of the one before end.
struct Reading<'t> {
    sources: Vec<Source<'t>>,
    tree: Tree,
    findings: Findings,
    is_toml: bool,
}

impl Default for Reading<'_> {
    fn default() -> Self {
        Self { sources: Vec::new(), tree: Tree::default(), findings: Findings::default(), is_toml: true }
    }
}

impl<'t> Reading<'t> {
    fn project(&mut self, path_label: &'t str, text: &'t str) {
        self.tree = self.file(Source::new(path_label, text, 0), |decoder, table| decoder.table("", &Path::new(), table));
    }

    fn pack(&mut self, pack: &'t PackText) {
        let base = self.sources.last().map_or(0, Source::end);
        let more = self.file(Source::new(&pack.path_label, &pack.text, base), |decoder, table| decoder.pack(&pack.name, table));
        if !packs::adopt(&mut self.tree, &pack.name, more) {
            let message = format!("the pack {} stands in `jeton.toml` too", quoted(&pack.name));
            let remedy = format!("take out this file or `[packs.{}]` there", pack.name);
            self.findings.add(Code::Conflict, Some(base..base), message, "each pack in one place", remedy);
        }
    }

    /// What one file says, with places among those of all.
    fn file(&mut self, source: Source<'t>, decode: impl FnOnce(&mut Decoder<'_>, &DeTable<'_>)) -> Tree {
        let (readable, errors) = syntax::recover(&source);
        let (document, _) = DeTable::parse_recoverable(&readable);
        let mut decoder = Decoder::new(&source);
        decode(&mut decoder, document.get_ref());
        let Decoder { mut tree, mut findings, .. } = decoder;
        if !errors.is_empty() {
            syntax::merge(&source, errors, &mut findings);
            self.is_toml = false;
        }
        tree.shift(source.base);
        findings.shift(source.base);
        self.findings.mistakes.append(&mut findings.mistakes);
        self.findings.masks.append(&mut findings.masks);
        self.sources.push(source);
        tree
    }
}
