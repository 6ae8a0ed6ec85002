//! One reading: text and environment in, a snapshot or all mistakes out.

use crate::assemble::assemble;
use crate::decode::Decoder;
use crate::diagnostic::Report;
use crate::source::Source;
use crate::tree::Path;
use crate::{Snapshot, effective, environment, references, syntax};
use toml::de::DeTable;

/// Reads the text of a `jeton.toml` together with the environment, whole or not at all. `path_label` names the file
/// in diagnostics. Reads no file: secrets stay references.
///
/// # Errors
/// Every mistake that one pass can find, in the order of the file. Where the text is no TOML, mistakes that the broken
/// lines may have caused (missing settings, unknown names) are left out.
pub fn load(path_label: &str, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Snapshot, Report> {
    let source = Source::new(path_label, text);
    let (readable, errors) = syntax::recover(&source);
    let (document, _) = DeTable::parse_recoverable(&readable);
    let mut decoder = Decoder::new(&source);
    decoder.table("", &Path::new(), document.get_ref());
    let Decoder { mut tree, mut findings, .. } = decoder;
    let is_toml = errors.is_empty();
    if !is_toml {
        syntax::merge(&source, errors, &mut findings);
    }
    let notes = environment::overlay(&mut tree, &mut findings, env);
    let mut snapshot = assemble(&tree);
    snapshot.notes = notes;
    if is_toml {
        references::check(&tree, &mut snapshot, &mut findings);
    }
    if !findings.mistakes.is_empty() {
        return Err(Report { diagnostics: source.diagnose(findings) });
    }
    let (settings, digest) = effective::settings(&tree, &snapshot);
    snapshot.settings = settings.into();
    snapshot.digest = digest;
    Ok(snapshot)
}
