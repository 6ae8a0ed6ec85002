//! A text cut into sections under its headings. The sections cover the text without gap or overlap.

use crate::markdown::Heading;

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The titles of the headings above it and its own; empty before the first heading.
    pub titles: Vec<String>,
    /// Its address; `None` for what stands before the first section, and for a text that is one section.
    pub slug: Option<String>,
    /// The level of its heading; 0 without.
    pub level: u8,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// How a text is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The deepest level of headings that begins a section.
    pub level_max: u8,
    /// Sections with fewer tokens (by estimate) go with the one before them, or with what stands below them.
    pub tokens_min: u64,
}

/// Cuts `text`. Never empty.
#[must_use]
pub fn cut(text: &str, headings: &[Heading], how: Cut) -> Vec<Section> {
    let sections = raw(text, headings, how.level_max);
    let first_titles = sections.iter().map(|section| section.titles.clone()).find(|titles| !titles.is_empty()).unwrap_or_default();
    let mut merged = merge(text, sections, how.tokens_min);
    if let [only] = &mut merged[..] {
        only.slug = None;
        only.titles = first_titles;
    }
    merged
}

/// One section for each heading, and one for what stands before.
fn raw(text: &str, headings: &[Heading], level_max: u8) -> Vec<Section> {
    let mut sections = vec![Section { titles: Vec::new(), slug: None, level: 0, start: 0, end: text.len() }];
    let mut above: Vec<(u8, String)> = Vec::new();
    for heading in headings.iter().filter(|heading| heading.is_top && heading.level <= level_max) {
        above.retain(|(level, _)| *level < heading.level);
        above.push((heading.level, heading.title.clone()));
        let titles = above.iter().map(|(_, title)| title.clone()).collect();
        // The title of the page names the page itself, so that its id survives a new title.
        if heading.level == 1 && sections.len() == 1 && sections[0].titles.is_empty() && is_preamble(&text[..heading.start]) {
            sections[0].titles = titles;
            sections[0].level = 1;
            continue;
        }
        if let Some(last) = sections.last_mut() {
            last.end = heading.start;
        }
        sections.push(Section { titles, slug: Some(heading.slug.clone()), level: heading.level, start: heading.start, end: text.len() });
    }
    sections
}

/// Whether nothing but badges, comments and blank lines stands before the title.
fn is_preamble(text: &str) -> bool {
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with(['<', '[', '!', '.', '=', ':']) || line.ends_with("-->"))
}

fn merge(text: &str, sections: Vec<Section>, tokens_min: u64) -> Vec<Section> {
    let mut merged: Vec<Section> = Vec::new();
    let mut waiting_from: Option<usize> = None;
    let mut sections = sections.into_iter().peekable();
    while let Some(mut section) = sections.next() {
        section.start = waiting_from.take().unwrap_or(section.start);
        if jeton_text::estimate_tokens(&text[section.start..section.end]) >= tokens_min {
            merged.push(section);
            continue;
        }
        let has_below = sections.peek().is_some_and(|next| next.level > section.level);
        match merged.last_mut() {
            _ if has_below => waiting_from = Some(section.start),
            Some(before) => before.end = section.end,
            None if sections.peek().is_some() => waiting_from = Some(section.start),
            None => merged.push(section),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown;
    use proptest::prelude::*;

    fn check(text: &str, tokens_min: u64, expected: &[(Option<&str>, &str, &str)]) {
        let found = cut(text, &markdown::parse(text).headings, Cut { level_max: 2, tokens_min });
        let found: Vec<_> = found
            .iter()
            .map(|section| (section.slug.as_deref(), section.titles.last().map_or("", String::as_str), &text[section.start..section.end]))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_section_for_each_heading() {
        check("", 0, &[(None, "", "")]);
        check("text\n", 0, &[(None, "", "text\n")]);
        check("# T\nintro\n## A\na\n### deep\n## B\n", 0, &[(None, "T", "# T\nintro\n"), (Some("a"), "A", "## A\na\n### deep\n"), (Some("b"), "B", "## B\n")]);
        check("before\n# T\n# U\n", 0, &[(None, "", "before\n"), (Some("t"), "T", "# T\n"), (Some("u"), "U", "# U\n")]);
    }

    #[test]
    fn small_ones_go_with_their_neighbours() {
        let long = "word ".repeat(60);
        let text = format!("# T\n## A\n{long}\n## Small\nx\n## B\n{long}\n");
        let expected_a = format!("# T\n## A\n{long}\n## Small\nx\n");
        let expected_b = format!("## B\n{long}\n");
        check(&text, 40, &[(Some("a"), "A", &expected_a), (Some("b"), "B", &expected_b)]);
        check("# T\n## A\na\n## B\n", 40, &[(None, "T", "# T\n## A\na\n## B\n")]);
    }

    proptest! {
        #[test]
        fn sections_tile_the_text(text in "(#{1,3} [ab]\n|[a-z ]{0,200}\n|```\n|> x\n){0,12}", tokens_min in 0_u64..60, level_max in 1_u8..4) {
            let sections = cut(&text, &markdown::parse(&text).headings, Cut { level_max, tokens_min });
            let mut at = 0;
            for section in &sections {
                prop_assert_eq!(section.start, at);
                at = section.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
