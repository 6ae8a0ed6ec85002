//! The catalogue: all units of a project, from whatever it has.

mod seal;

use crate::codeowners::CodeOwners;
use crate::import::{self, Draft, FILE_BYTES_MAX, Found, Native, Pulled, STRUCTURED_BYTES_MAX, Source, structured};
use crate::mentions::Names;
use crate::token_cache::TokenCache;
use crate::tree::{FileEntry, Tree};
use crate::{Digest, Finding, Loading, Place, Severity, Unit};
use jeton_text::Vocabulary;
use std::sync::Arc;

/// What a catalogue keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueOptions {
    /// The vocabularies in which tokens are counted.
    pub vocabularies: Vec<Vocabulary>,
}

impl Default for CatalogueOptions {
    fn default() -> Self {
        Self { vocabularies: vec![Vocabulary::O200kBase] }
    }
}

/// All units of a project, by id, and what was wrong with their files.
#[derive(Debug, Default)]
pub struct Catalogue {
    units: Vec<Unit>,
    findings: Vec<Finding>,
    owners: CodeOwners,
    digest: Digest,
    /// Files that units were read from, in order.
    paths: Vec<Arc<str>>,
}

impl Catalogue {
    /// Reads the files of `tree` that are context. Never fails: what is wrong is in [`Catalogue::findings`].
    #[must_use]
    pub fn build(tree: &dyn Tree, options: &CatalogueOptions) -> Self {
        Self::build_with(tree, options, &mut TokenCache::default())
    }

    /// The same, with token counts that are remembered.
    #[must_use]
    pub fn build_with(tree: &dyn Tree, options: &CatalogueOptions, tokens: &mut TokenCache) -> Self {
        let owners = CodeOwners::read(tree);
        let found = import_all(tree);
        let names = Names::of(tree);
        let mut findings = found.findings;
        let mut units: Vec<Unit> = found.drafts.into_iter().map(|draft| seal::seal(draft, &owners, &names)).collect();
        units.sort_by(|a, b| (&a.id, &a.place).cmp(&(&b.id, &b.place)));
        drop_repeated(&mut units, &mut findings);
        for unit in &mut units {
            for vocabulary in &options.vocabularies {
                unit.tokens.insert(vocabulary.name().to_owned(), tokens.count(&unit.body, *vocabulary));
            }
        }
        for finding in &mut findings {
            if finding.owners.is_empty() {
                finding.owners = owners.of(&finding.place.path);
            }
        }
        findings.sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
        findings.dedup();
        let digest = digest(&units);
        let mut paths: Vec<Arc<str>> = units.iter().map(|unit| Arc::clone(&unit.place.path)).collect();
        paths.sort_unstable();
        paths.dedup();
        Self { units, findings, owners, digest, paths }
    }

    /// All units, by id.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The unit with this id.
    #[must_use]
    pub fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.binary_search_by(|unit| unit.id.as_str().cmp(id)).ok().map(|at| &self.units[at])
    }

    /// The units that `words` name: an id; or a pattern in which `*` stands for any run of characters; or else the end of ids, after
    /// `:`, `/` or `#`. More than one where the end is not unique.
    #[must_use]
    pub fn find(&self, words: &str) -> Vec<&Unit> {
        if let Some(unit) = self.unit(words) {
            return vec![unit];
        }
        if words.contains('*') {
            return self.units.iter().filter(|unit| matches_pattern(words, &unit.id)).collect();
        }
        let ends = |unit: &&Unit| unit.id.strip_suffix(words).is_some_and(|before| before.ends_with([':', '/', '#'])) && !words.is_empty();
        self.units.iter().filter(ends).collect()
    }

    /// Whether a unit was read from the file at `path`.
    #[must_use]
    pub fn has_units_of(&self, path: &str) -> bool {
        self.paths.binary_search_by(|known| (**known).cmp(path)).is_ok()
    }

    /// What was wrong with the files, by place.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The digest of all units' digests.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Everybody whom CODEOWNERS names, some more than once.
    pub fn owners(&self) -> impl Iterator<Item = &String> {
        self.owners.names()
    }

    /// Who answers for a path, after CODEOWNERS; empty where nobody is named.
    #[must_use]
    pub fn owners_of(&self, path: &str) -> Vec<String> {
        self.owners.of(path)
    }
}

fn digest(units: &[Unit]) -> Digest {
    let parts: Vec<&[u8]> = units.iter().flat_map(|unit| [unit.id.as_bytes(), &unit.digest.0[..]]).collect();
    Digest::of_parts(&parts)
}

/// Whether `text` is what `pattern` says, `*` standing for any run of characters.
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Of units with the same id the first by path counts; the others are reported.
fn drop_repeated(units: &mut Vec<Unit>, findings: &mut Vec<Finding>) {
    let mut kept: Vec<Unit> = Vec::with_capacity(units.len());
    for unit in units.drain(..) {
        match kept.last() {
            Some(first) if first.id == unit.id => {
                // The same skill in the folders of two agents is no mistake.
                let severity = if first.digest == unit.digest { Severity::Note } else { Severity::Error };
                let message = format!("the id `{}` stands twice: at {} and at {}; the first counts", unit.id, first.place, unit.place);
                findings.push(Finding::new("duplicate-id", severity, unit.place.clone(), message, "Give one of them another id.").about(&unit));
            }
            _ => kept.push(unit),
        }
    }
    *units = kept;
}

fn import_all(tree: &dyn Tree) -> Found {
    let mut found = Found::default();
    let pulled = import::pulled(tree, &mut found);
    let skills = import::skill::directories(tree);
    for unread in tree.unread() {
        let (place, message) = (Place::file(unread.path.as_str()), format!("this was not looked at: {}", unread.why));
        found.report("unreadable-file", Severity::Note, place, message, "Make it readable, or leave it out with `.jetonignore`.");
    }
    for file in tree.files() {
        let how = pulled.get(&*file.path);
        let is_of_skill =
            |kind: &Native| matches!(kind, Native::Markdown | Native::Rst | Native::AsciiDoc) && skills.iter().any(|skill| file.path.starts_with(skill));
        let kind = import::native(&file.path).filter(|kind| !is_of_skill(kind)).or_else(|| how.map(|_| Native::Pulled));
        if let Some(kind) = kind {
            import_file(kind, file, how, tree, &mut found);
        }
    }
    import::note_changes(&mut found);
    import::note_types(&mut found);
    found
}

fn import_file(kind: Native, file: &FileEntry, pulled: Option<&Pulled>, tree: &dyn Tree, found: &mut Found) {
    let bytes_max = if matches!(kind, Native::Structured | Native::ContextSchema) { STRUCTURED_BYTES_MAX } else { FILE_BYTES_MAX };
    if file.size_bytes > bytes_max {
        report_oversize(kind, file, bytes_max, found);
        return;
    }
    let read = tree.read(&file.path);
    // Most of these files are data of all kinds, about which there is nothing to say.
    if kind == Native::Structured && !read.as_ref().is_ok_and(|bytes| structured::looks_like_schema(bytes)) {
        return;
    }
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(why) => {
            let (place, remedy) = (Place::file(Arc::clone(&file.path)), "Make it readable, or leave it out with `.jetonignore`.");
            found.report("unreadable-file", Severity::Error, place, format!("the file cannot be read: {why}"), remedy);
            return;
        }
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
            let place = Place::line(Arc::clone(&file.path), u32::try_from(line).unwrap_or(u32::MAX));
            found.report("not-utf8", Severity::Warning, place, "the file is no UTF-8; what cannot be read is shown as `\u{fffd}`", "Save it as UTF-8.");
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    };
    let first = found.drafts.len();
    import::import(kind, &Source { path: &file.path, text: &text, tree }, found);
    if let Some(how) = pulled {
        found.drafts[first..].iter_mut().for_each(|draft| pull(draft, how, kind == Native::Pulled));
    }
}

fn report_oversize(kind: Native, file: &FileEntry, bytes_max: u64, found: &mut Found) {
    // A dump of a database is no mistake, and any data may be JSON.
    let severity = match kind {
        Native::Structured => return,
        Native::Sql | Native::GraphQl | Native::Protobuf => Severity::Note,
        _ => Severity::Warning,
    };
    let message = format!("the file has {} KiB; files above {} KiB are not read as context", file.size_bytes >> 10, bytes_max >> 10);
    found.report("oversize-file", severity, Place::file(Arc::clone(&file.path)), message, "Split it, or leave it out with `.jetonignore`.");
}

/// A unit whose file another one names is loaded as that one is, if that is more often than by itself. Where it applies changes only if
/// nothing else would load the file: a page that a part of the tree imports is still a page for all.
fn pull(draft: &mut Draft, how: &Pulled, is_only_pulled: bool) {
    let rank = |loading: Loading| match loading {
        Loading::Always => 3,
        Loading::Scoped => 2,
        Loading::Described => 1,
        Loading::OnDemand => 0,
    };
    if rank(how.loading) > rank(draft.unit.loading) {
        draft.unit.loading = how.loading;
    }
    if is_only_pulled {
        draft.unit.scope.paths.clone_from(&how.scope.paths);
    }
}

#[cfg(test)]
mod tests;
