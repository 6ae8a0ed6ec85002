//! `llms.txt`: a page of links for models. Links into the project become mentions; others are never fetched.

use super::text_sections::{Text, units};
use super::{Found, Source};
use crate::{Format, Severity, markdown};

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let document = markdown::parse(source.text);
    if !document.headings.iter().any(|heading| heading.level == 1) {
        let message = "there is no heading `# Name`, the only part that the format requires";
        found.report("llms-txt-title", Severity::Warning, source.place(1), message, "Begin the file with the project's name as a heading.");
    }
    let text = Text { text: source.text, lines_before: 0, format: Format::LlmsTxt, level_max: 2, title: None };
    units(source, &text, &document.headings, found, &mut |_| {});
}
