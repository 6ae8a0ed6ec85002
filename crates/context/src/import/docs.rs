//! README files, docs trees and decision records, as Markdown, reStructuredText or AsciiDoc.

use super::text_sections::{Text, units};
use super::{Found, Native, Source};
use crate::front_matter::split;
use crate::{Format, markdown};

/// Sections of a page begin at headings up to this level.
const LEVEL_MAX: u8 = 3;

pub(super) fn import(kind: Native, source: &Source<'_>, found: &mut Found) {
    let (body, lines_before, title) = match kind {
        Native::Markdown => {
            // Site generators have keys of their own here; only its title tells something.
            let front = split(source.text);
            let title = front.fields.and_then(Result::ok).and_then(|fields| fields.value.get("title")?.as_str().map(str::to_owned));
            (front.body, front.body_line - 1, title)
        }
        _ => (source.text, 0, None),
    };
    let headings = match kind {
        Native::Markdown => markdown::parse(body).headings,
        _ => markdown::plain_headings(body, kind == Native::AsciiDoc),
    };
    let text = Text { text: body, lines_before, format: Format::Markdown, level_max: LEVEL_MAX, title };
    units(source, &text, &headings, found, &mut |_| {});
}
