//! A text as units, one for each section under a heading.

use super::{Draft, Found, Source};
use crate::located::Lines;
use crate::markdown::Heading;
use crate::sections::{Cut, Section, cut};
use crate::{Format, Kind, Place, Unit};
use std::sync::Arc;

/// The smallest section that stands alone, in tokens by estimate.
pub(crate) const SECTION_TOKENS_MIN: u64 = 40;

/// A text that is to be cut.
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    /// Lines of the file before the text.
    pub(crate) lines_before: u32,
    pub(crate) format: Format,
    pub(crate) level_max: u8,
    /// The page's title, where it stands in the front matter alone.
    pub(crate) title: Option<String>,
}

/// The sections of `text` that say something, as units; `finish` gets each before it is kept.
pub(crate) fn units(source: &Source<'_>, text: &Text<'_>, headings: &[Heading], found: &mut Found, finish: &mut dyn FnMut(&mut Unit)) {
    let lines = Lines::of(text.text);
    let definitions = definitions(text.text);
    let how = Cut { level_max: text.level_max, tokens_min: SECTION_TOKENS_MIN };
    for section in cut(text.text, headings, how) {
        let raw = &text.text[section.start..section.end];
        let body = raw.trim_end();
        let blank = body.len() - body.trim_start_matches(['\n', '\r']).len();
        let body = &body[blank..];
        if says_nothing(body) {
            continue;
        }
        let first_line = lines.line(section.start + blank) + text.lines_before;
        let last_line = first_line + line_breaks(body);
        let place = Place::lines(Arc::clone(source.path), first_line, last_line);
        let mut unit = Unit::new(Kind::Doc, id(source.path, &section), title(source.path, &section, text.title.as_deref()), body, place, text.format);
        finish(&mut unit);
        found.drafts.push(Draft { definitions: Arc::clone(&definitions), ..Draft::prose(unit, first_line) });
    }
}

fn line_breaks(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

fn id(path: &str, section: &Section) -> String {
    section.slug.as_deref().map_or_else(|| format!("doc:{path}"), |slug| format!("doc:{path}#{slug}"))
}

/// The lines of a page that say where named links lead.
fn definitions(text: &str) -> Arc<str> {
    let is_definition = |line: &&str| line.trim_start().starts_with('[') && !line.trim_start().starts_with("[^") && line.contains("]: ");
    text.lines().filter(is_definition).collect::<Vec<_>>().join("\n").into()
}

/// The headings from the page's title down; the path where there is none.
fn title(path: &str, section: &Section, page: Option<&str>) -> String {
    let own = section.titles.iter().map(String::as_str).filter(|title| !title.is_empty());
    let page = page.filter(|page| section.titles.first().is_none_or(|first| first != page));
    let titles: Vec<&str> = page.into_iter().chain(own).collect();
    if titles.is_empty() { path.to_owned() } else { titles.join(" › ") }
}

/// Whether a section is empty, or nothing but imports of other files, which are units of their own.
fn says_nothing(body: &str) -> bool {
    body.lines().map(str::trim).all(|line| line.is_empty() || (line.starts_with('@') && !line.contains(' ')))
}
