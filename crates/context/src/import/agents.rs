//! `AGENTS.md`, `CLAUDE.md`, and files that only an import of theirs names.

use super::text_sections::{Text, units};
use super::{Found, Native, Source, loading_of_directory, scope_of_directory};
use crate::tree::parent;
use crate::{Format, markdown};

/// Sections of such a file begin at headings up to this level.
const LEVEL_MAX: u8 = 2;

pub(super) fn import(kind: Native, source: &Source<'_>, found: &mut Found) {
    let directory = parent(source.path);
    let directory = directory.strip_suffix(".claude").map_or(directory, |above| above.trim_end_matches('/'));
    let format = if kind == Native::AgentsMd { Format::AgentsMd } else { Format::ClaudeMd };
    let text = Text { text: source.text, lines_before: 0, format, level_max: LEVEL_MAX, title: None };
    units(source, &text, &markdown::parse(source.text).headings, found, &mut |unit| {
        if kind != Native::Pulled {
            unit.scope = scope_of_directory(directory);
            unit.loading = loading_of_directory(directory);
        }
    });
}
