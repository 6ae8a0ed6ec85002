//! What the Markdown of a text holds: links, code, fences, headings. Places are bytes of the text.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;

/// A fenced code block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fence {
    /// The first word after the fence, in small letters: `rust`, `sh`; empty where there is none.
    pub(crate) language: String,
    /// Whether a further word is `test`.
    pub(crate) is_test: bool,
    /// The lines within, without the indentation of a list.
    pub(crate) code: String,
    /// Where the first line within begins.
    pub(crate) start: usize,
    /// Where the last line within ends.
    pub(crate) end: usize,
}

/// A piece of text and where it begins.
pub(crate) type Piece = (String, usize);

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prose {
    /// Targets of links and pictures.
    pub(crate) links: Vec<Piece>,
    /// Inline code.
    pub(crate) codes: Vec<Piece>,
    /// Fenced code blocks.
    pub(crate) fences: Vec<Fence>,
    /// Fragments that links may name: of headings, and ids of HTML.
    pub(crate) fragments: Vec<String>,
}

/// The fenced code blocks of `text`.
pub(crate) fn fences(text: &str) -> Vec<Fence> {
    if text.contains("```") || text.contains("~~~") { Prose::of(text).fences } else { Vec::new() }
}

impl Prose {
    /// Reads `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut prose = Self::default();
        let mut reader = Reader::default();
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_HEADING_ATTRIBUTES | Options::ENABLE_STRIKETHROUGH;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            reader.take(event, range, &mut prose);
        }
        // Of the text itself: a table drops cells beyond its columns, with the ids in them.
        prose.fragments.extend(ids(text));
        prose
    }
}

#[derive(Default)]
struct Reader {
    fence: Option<Fence>,
    heading: Option<(String, Option<String>)>,
    seen: BTreeMap<String, u32>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, range: std::ops::Range<usize>, prose: &mut Prose) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => self.fence = Some(fence(&info, range.end)),
            Event::Text(text) => {
                if let Some(fence) = &mut self.fence {
                    fence.start = if fence.code.is_empty() { range.start } else { fence.start };
                    fence.end = range.end;
                    fence.code.push_str(&text);
                } else if let Some((heading, _)) = &mut self.heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => prose.fences.extend(self.fence.take()),
            Event::Code(text) => {
                if let Some((heading, _)) = &mut self.heading {
                    heading.push_str(&text);
                }
                prose.codes.push((text.into_string(), range.start));
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => prose.links.push((dest_url.into_string(), range.start)),
            Event::Start(Tag::Heading { level, id, .. }) => self.heading = (level <= HeadingLevel::H6).then(|| (String::new(), id.map(|id| id.into_string()))),
            Event::End(TagEnd::Heading(_)) => self.end_heading(prose),
            Event::Html(html) | Event::InlineHtml(html) => prose.links.extend(targets(&html, range.start)),
            _ => {}
        }
    }

    fn end_heading(&mut self, prose: &mut Prose) {
        let Some((text, id)) = self.heading.take() else { return };
        prose.fragments.extend(id);
        let slug = slug(&text);
        let count = self.seen.entry(slug.clone()).or_insert(0);
        prose.fragments.push(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
}

fn fence(info: &str, end: usize) -> Fence {
    let mut words = info.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let language = words.next().unwrap_or_default().to_lowercase();
    Fence { language, is_test: words.any(|word| word == "test"), code: String::new(), start: end, end }
}

/// Where the links and pictures of a piece of HTML lead, which begins at `start`: `<a href="…">`, `<img src="…">`.
fn targets(html: &str, start: usize) -> Vec<Piece> {
    let mut found = Vec::new();
    for mark in [" href=\"", " src=\"", " href='", " src='"] {
        let ends = |at: usize| html[at..].find(['"', '\'']).map(|length| (html[at..at + length].to_owned(), start + at));
        found.extend(html.match_indices(mark).filter_map(|(at, mark)| ends(at + mark.len())));
    }
    found
}

/// `id="…"` and `name="…"` of HTML.
fn ids(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for mark in ["id=\"", "name=\"", "id='", "name='"] {
        let value = |rest: &str| rest.split(['"', '\'']).next().unwrap_or_default().to_owned();
        found.extend(html.split(mark).skip(1).map(value));
    }
    found
}

/// The fragment of a heading, as code hosts make it: small letters, spaces as hyphens, punctuation left out.
pub(crate) fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_markdown_holds() {
        let text = "# Refund `window`!\nSee [a](b.md#x) and `make test`.\n\n- item\n  ```sh test\n  ls\n  pwd\n  ```\n\n# Refund window\n<a id=\"own\"></a>\n";
        let prose = Prose::of(text);
        assert_eq!(prose.links, [("b.md#x".to_owned(), 23)]);
        assert_eq!(prose.codes.iter().map(|(code, _)| code.as_str()).collect::<Vec<_>>(), ["window", "make test"]);
        assert_eq!(prose.fragments, ["refund-window", "refund-window-1", "own"]);
        let fence = &prose.fences[0];
        assert_eq!((fence.language.as_str(), fence.is_test, fence.code.as_str()), ("sh", true, "ls\npwd\n"));
        assert!(text[fence.start..fence.end].starts_with("ls\n"));
    }

    proptest! {
        #[test]
        fn places_lie_in_the_text(text in "([#`\\[\\]()~a-z é\n-]|```|\\[a\\]\\(b\\)){0,40}") {
            let prose = Prose::of(&text);
            for (_, at) in prose.links.iter().chain(&prose.codes) {
                prop_assert!(text.is_char_boundary(*at));
            }
            for fence in &prose.fences {
                prop_assert!(text.get(fence.start..fence.end).is_some());
            }
        }
    }
}
