//! Markdown by its parts, each with its place: headings, links, code blocks, inline code.

use crate::located::Lines;
use crate::secret::mask;
use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};
use std::collections::BTreeMap;
use std::ops::Range;

/// A heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text without markup.
    pub title: String,
    /// Its address in the page, as Git hosts make it: `refund-window`, the second one `refund-window-1`.
    pub slug: String,
    /// The byte at which its line begins.
    pub start: usize,
    /// Its line, from 1.
    pub line: u32,
    /// Whether it stands outside of lists and quotations.
    pub is_top: bool,
}

/// A link or an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, as written.
    pub target: String,
    /// Its text.
    pub text: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its place in bytes.
    pub span: Range<usize>,
}

/// A block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// What stands after the opening fence; empty for indented blocks.
    pub info: String,
    /// The code.
    pub text: String,
    /// The line of its fence (of its first line of code, where it is indented), from 1.
    pub line: u32,
    /// Its place in bytes, with its fences.
    pub span: Range<usize>,
    /// The place of the code alone, in bytes; empty at the end of `span` where there is none.
    pub code: Range<usize>,
    /// Whether it stands between fences.
    pub is_fenced: bool,
}

impl CodeBlock {
    /// The first word after the fence, in small letters: `rust`, `sh`; empty where there is none.
    #[must_use]
    pub fn language(&self) -> String {
        self.words().next().unwrap_or_default().to_lowercase()
    }

    /// Whether a further word after the fence is `test`.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.words().skip(1).any(|word| word == "test")
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
    }
}

/// Code within a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub text: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its place in bytes, with its marks.
    pub span: Range<usize>,
}

/// A Markdown text by its parts, each kind in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// Headings.
    pub headings: Vec<Heading>,
    /// Links and images.
    pub links: Vec<Link>,
    /// Blocks of code.
    pub blocks: Vec<CodeBlock>,
    /// Code within lines.
    pub codes: Vec<Code>,
    /// Running text, without code and markup, in bytes.
    pub prose: Vec<Range<usize>>,
    /// HTML, comments too, in bytes.
    pub html: Vec<Range<usize>>,
}

/// Reads a Markdown text. Front matter must be cut off before.
#[must_use]
pub fn parse(text: &str) -> Document {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_FOOTNOTES | Options::ENABLE_GFM;
    let mut reader = Reader { text, lines: Lines::of(text), out: Document::default(), nesting: 0, heading: None, links: Vec::new(), block: None };
    for (event, span) in Parser::new_ext(text, options).into_offset_iter() {
        reader.take(event, span);
    }
    reader.out.links.sort_by_key(|link| link.span.start);
    number(&mut reader.out.headings);
    reader.out
}

struct Reader<'t> {
    text: &'t str,
    lines: Lines,
    out: Document,
    nesting: usize,
    heading: Option<Heading>,
    links: Vec<Link>,
    block: Option<CodeBlock>,
}

impl Reader<'_> {
    fn take(&mut self, event: Event<'_>, span: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(tag, span),
            Event::End(tag) => self.close(tag),
            Event::Text(words) => {
                if let Some(block) = &mut self.block {
                    block.code = if block.text.is_empty() { span } else { block.code.start..span.end };
                    block.text.push_str(&words);
                } else {
                    self.say(&words);
                    self.out.prose.push(span);
                }
            }
            Event::Code(words) => {
                self.say(&words);
                self.out.codes.push(Code { text: words.to_string(), line: self.lines.line(span.start), span });
            }
            Event::SoftBreak | Event::HardBreak => self.say(" "),
            Event::Html(_) | Event::InlineHtml(_) => self.out.html.push(span),
            _ => {}
        }
    }

    /// Adds words to the titles and link texts that are open.
    fn say(&mut self, words: &str) {
        if let Some(heading) = &mut self.heading {
            heading.title.push_str(words);
        }
        self.links.iter_mut().for_each(|link| link.text.push_str(words));
    }

    fn open(&mut self, tag: Tag<'_>, span: Range<usize>) {
        let line = self.lines.line(span.start);
        match tag {
            Tag::Heading { level, .. } => {
                let start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                self.heading = Some(Heading { level: level as u8, title: String::new(), slug: String::new(), start, line, is_top: self.nesting == 0 });
            }
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                self.links.push(Link { target: format!("mailto:{dest_url}"), text: String::new(), line, span });
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(Link { target: dest_url.to_string(), text: String::new(), line, span });
            }
            Tag::CodeBlock(kind) => {
                let (info, is_fenced) = match kind {
                    CodeBlockKind::Fenced(info) => (info.trim().to_owned(), true),
                    CodeBlockKind::Indented => (String::new(), false),
                };
                self.block = Some(CodeBlock { info, text: String::new(), line, code: span.end..span.end, span, is_fenced });
            }
            Tag::BlockQuote(_) | Tag::List(_) | Tag::Item | Tag::FootnoteDefinition(_) => self.nesting += 1,
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => self.out.headings.extend(self.heading.take()),
            TagEnd::Link | TagEnd::Image => self.out.links.extend(self.links.pop()),
            TagEnd::CodeBlock => self.out.blocks.extend(self.block.take()),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item | TagEnd::FootnoteDefinition => self.nesting = self.nesting.saturating_sub(1),
            _ => {}
        }
    }
}

impl Document {
    /// The blocks of code that stand between fences.
    pub fn fences(&self) -> impl Iterator<Item = &CodeBlock> {
        self.blocks.iter().filter(|block| block.is_fenced)
    }
}

/// What links may name in a Markdown text: its headings by their addresses or by ids of their own (`# Title {#id}`), and ids of its HTML.
#[must_use]
pub fn fragments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for heading in parse(text).headings {
        if let Some((title, id)) = own_id(&heading.title) {
            found.extend([id.to_owned(), slug(title)]);
        } else {
            found.push(heading.slug);
        }
    }
    for mark in ["id=\"", "name=\"", "id='", "name='"] {
        found.extend(text.split(mark).skip(1).map(|rest| rest.split(['"', '\'']).next().unwrap_or_default().to_owned()));
    }
    found
}

/// A title before its braces, and the id in them.
fn own_id(title: &str) -> Option<(&str, &str)> {
    let (title, attributes) = title.strip_suffix('}')?.rsplit_once('{')?;
    let id = attributes.split_whitespace().find_map(|word| word.strip_prefix('#'))?;
    Some((title, id))
}

/// The address that a heading gets: lower case, spaces as hyphens, nothing but letters, digits, `_` and `-`.
#[must_use]
pub fn slug(title: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    title.trim().chars().filter(|&c| kept(c)).flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Gives every heading its address, no two the same.
fn number(headings: &mut [Heading]) {
    let mut used: BTreeMap<String, u32> = BTreeMap::new();
    for heading in headings {
        // Ids and titles of units are made of headings, and stand everywhere.
        heading.title = mask(heading.title.trim()).0.into_owned();
        let wanted = slug(&heading.title);
        let mut found = wanted.clone();
        while used.contains_key(&found) {
            let count = used.entry(wanted.clone()).or_insert(0);
            *count += 1;
            found = format!("{wanted}-{count}");
        }
        used.insert(found.clone(), 0);
        heading.slug = found;
    }
}

/// The headings of a reStructuredText or AsciiDoc file: enough to cut it into sections.
pub(crate) fn plain_headings(text: &str, is_asciidoc: bool) -> Vec<Heading> {
    let mut headings = if is_asciidoc { asciidoc_headings(text) } else { underlined_headings(text) };
    number(&mut headings);
    headings
}

fn asciidoc_headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let (mut start, mut is_in_block) = (0, false);
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let trimmed = line.trim_end();
        if trimmed.len() >= 4 && (trimmed.bytes().all(|b| b == b'-') || trimmed.bytes().all(|b| b == b'.')) {
            is_in_block = !is_in_block;
        }
        let level = trimmed.bytes().take_while(|&b| b == b'=').count();
        if !is_in_block && (1..=6).contains(&level) && trimmed[level..].starts_with(' ') {
            headings.push(plain_heading(level, &trimmed[level..], start, at));
        }
        start += line.len();
    }
    headings
}

/// Titles with a line of punctuation below. A mark's level is the order in which it first comes.
fn underlined_headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut marks: Vec<u8> = Vec::new();
    let mut before: Option<(usize, &str)> = None;
    let mut start = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let trimmed = line.trim_end();
        let mark = trimmed.bytes().next().filter(|b| b"=-~^\"'`#*+.:_".contains(b) && trimmed.len() >= 2 && trimmed.bytes().all(|other| other == *b));
        match (mark, before) {
            (Some(mark), Some((title_start, title))) if trimmed.len() + 1 >= title.chars().count() => {
                let level = marks.iter().position(|known| *known == mark).unwrap_or_else(|| {
                    marks.push(mark);
                    marks.len() - 1
                });
                headings.push(plain_heading(level.min(5) + 1, title, title_start, at.saturating_sub(1)));
                before = None;
            }
            (Some(_), _) => before = None,
            _ => before = Some((start, trimmed)).filter(|(_, title)| !title.is_empty() && !title.starts_with([' ', '\t', '|', '+'])),
        }
        start += line.len();
    }
    headings
}

fn plain_heading(level: usize, title: &str, start: usize, line: usize) -> Heading {
    let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
    Heading { level: u8::try_from(level).unwrap_or(6), title: title.trim().to_owned(), slug: String::new(), start, line, is_top: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_have_places() {
        let text = "# A `b` *c*\n\nSee [x](docs/x.md#y) and `src/a.rs`.\n\n```rust test\nlet a = [1](2);\n```\n\n> ## In a quote\n\nUnder\n-----\n";
        let read = parse(text);
        let headings: Vec<_> = read.headings.iter().map(|heading| (heading.level, heading.title.as_str(), heading.line, heading.is_top)).collect();
        assert_eq!(headings, [(1, "A b c", 1, true), (2, "In a quote", 9, false), (2, "Under", 11, true)]);
        assert_eq!((read.links.len(), read.links[0].target.as_str(), read.links[0].text.as_str(), read.links[0].line), (1, "docs/x.md#y", "x", 3));
        assert_eq!((read.codes[1].text.as_str(), &text[read.codes[1].span.clone()]), ("src/a.rs", "`src/a.rs`"));
        assert_eq!((read.blocks[0].info.as_str(), read.blocks[0].text.as_str(), read.blocks[0].line), ("rust test", "let a = [1](2);\n", 5));
    }

    #[test]
    fn blocks_say_what_they_hold() {
        let text = "    indented\n\n- item\n  ```Sh,test\n  ls\n  pwd\n  ```\n\n```\n```\n";
        let read = parse(text);
        let fences: Vec<_> = read.fences().map(|block| (block.language(), block.is_test(), block.text.as_str(), &text[block.code.clone()])).collect();
        assert_eq!(fences, [("sh".to_owned(), true, "ls\npwd\n", "ls\n  pwd\n"), (String::new(), false, "", "")]);
        assert_eq!(read.blocks.len(), 3);
    }

    #[test]
    fn links_may_name_headings_and_ids() {
        let text = "# Refund `window`!\n# Refund window\n## Fees {#cost .wide}\n## Types {a, b}\n<a id=\"own\"></a> <a name='old'>\n";
        assert_eq!(fragments(text), ["refund-window", "refund-window-1", "cost", "fees", "types-a-b", "own", "old"]);
    }

    #[test]
    fn headings_have_the_addresses_of_git_hosts() {
        let check = |title: &str, expected: &str| assert_eq!(slug(title), expected, "{title}");
        check("Refund window", "refund-window");
        check("What's new? (v1.2)", "whats-new-v12");
        check("Über `a_b` & c", "über-a_b--c");
        let read = parse("# A\n# A\n# A-1\n# A\n");
        assert_eq!(read.headings.iter().map(|heading| heading.slug.as_str()).collect::<Vec<_>>(), ["a", "a-1", "a-1-1", "a-2"]);
    }

    #[test]
    fn other_markups_have_headings() {
        let levels = |text: &str, is_asciidoc| plain_headings(text, is_asciidoc).iter().map(|h| (h.level, h.slug.clone(), h.line)).collect::<Vec<_>>();
        let expected = [(1, "top".to_owned(), 2), (2, "one".to_owned(), 5), (2, "two".to_owned(), 8)];
        assert_eq!(levels("===\nTop\n===\n\nOne\n---\ntext\nTwo\n---\n", false), expected);
        assert_eq!(levels("= Top\n----\n= no\n----\n== One\n", true), [(1, "top".to_owned(), 1), (2, "one".to_owned(), 5)]);
    }

    proptest! {
        #[test]
        fn any_text_has_parts_within_it(text in "([a#>\\[\\]()`\n *_=<!é{}~-]|```|\\[a\\]\\(b\\)){0,60}") {
            let read = parse(&text);
            let of_blocks = read.blocks.iter().flat_map(|block| [&block.span, &block.code]);
            for span in read.links.iter().map(|x| &x.span).chain(read.codes.iter().map(|x| &x.span)).chain(&read.prose).chain(of_blocks) {
                prop_assert!(text.get(span.clone()).is_some());
            }
            for heading in read.headings.iter().chain(&plain_headings(&text, false)).chain(&plain_headings(&text, true)) {
                prop_assert!(text.is_char_boundary(heading.start));
            }
        }
    }
}
