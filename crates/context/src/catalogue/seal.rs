//! What every unit gets after its importer: owners, trust by path, mentions, facts, and its digest.

use crate::codeowners::CodeOwners;
use crate::import::Draft;
use crate::mentions::{self, Names};
use crate::secret::mask;
use crate::{Digest, Trust, Unit, facts, markdown};
use serde_json::json;
use std::borrow::Cow;

/// Directories with the work of others, and how far it is believed.
const VENDORED: [(&str, Trust); 5] = [
    ("vendor", Trust::Vendor),
    ("vendored", Trust::Vendor),
    ("third_party", Trust::Vendor),
    ("third-party", Trust::Vendor),
    ("node_modules", Trust::Untrusted),
];

pub(super) fn seal(draft: Draft, owners: &CodeOwners, names: &Names<'_>) -> Unit {
    let Draft { mut unit, body_line, is_prose, definitions } = draft;
    if unit.owners.is_empty() {
        unit.owners = owners.of(&unit.place.path);
    }
    unit.trust = unit.trust.min(trust_of(&unit.place.path));
    if is_prose {
        let line = if body_line == 0 { unit.place.first_line } else { body_line };
        let document = parsed(&unit.body, &definitions);
        let mut found = mentions::find(&document, &unit.place.path, line, names);
        unit.facts = facts::find(&unit.body, &document, &unit.place.path, line);
        if body_line == 0 {
            found.iter_mut().for_each(|anchor| anchor.line = line);
            unit.facts.iter_mut().for_each(|fact| fact.line = line);
        }
        unit.anchors.append(&mut found);
    }
    unit.digest = digest(&unit);
    if let Cow::Owned(masked) = mask(&unit.title).0 {
        unit.title = masked;
    }
    unit
}

/// The parts of a body, whose named links may be explained elsewhere in the file.
fn parsed(body: &str, definitions: &str) -> markdown::Document {
    if definitions.is_empty() || !body.contains('[') {
        return markdown::parse(body);
    }
    markdown::parse(&format!("{body}\n\n{definitions}\n"))
}

/// How far anything at a path is believed at most.
fn trust_of(path: &str) -> Trust {
    path.split('/').filter_map(|part| VENDORED.iter().find(|(name, _)| *name == part)).map(|(_, trust)| *trust).min().unwrap_or(Trust::Reviewed)
}

/// Everything that decides what a model gets and when, and nothing that other files decide or that tells where it stands: a section that
/// moves, a new owner in CODEOWNERS and a mentioned file that comes into being change nothing.
fn digest(unit: &Unit) -> Digest {
    let anchors: Vec<_> = unit.anchors.iter().filter(|anchor| anchor.is_declared).map(|anchor| (&anchor.path, &anchor.at)).collect();
    let rest = json!([
        unit.kind,
        unit.title,
        unit.format,
        unit.scope,
        unit.trust,
        unit.loading,
        anchors,
        unit.valid_from,
        unit.valid_until,
        unit.is_mandatory,
        unit.is_safety,
        unit.access,
        unit.links,
        unit.detail,
    ]);
    Digest::of_parts(&[unit.body.as_bytes(), rest.to_string().as_bytes()])
}
