//! The text of a constraint as an item of a list.

use crate::Unit;
use crate::markdown::slug;

/// How the lines begin that cannot be joined with the ones before them.
const BLOCKS: [&str; 12] = ["- ", "* ", "+ ", "> ", "# ", "## ", "### ", "|", "```", "~~~", "<", "    "];

/// A rule in the form of a list's item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleText {
    /// The first sentence or sentences, on one line.
    pub(crate) head: String,
    /// The other paragraphs, indented so that they belong to the item; empty where there are none.
    pub(crate) rest: String,
}

impl RuleText {
    /// The text `body` of `unit`. A heading that says what the id says is left out; another one leads the text.
    pub(crate) fn new(unit: &Unit, body: &str) -> Self {
        let (heading, body) = heading(body.trim());
        let (head, rest) = first_paragraph(body);
        let is_told = heading.is_none_or(|words| says(&unit.id, words));
        let head = match (heading, is_told, head.is_empty()) {
            (Some(words), false, false) => format!("{words}: {head}"),
            (Some(words), _, true) => words.to_owned(),
            (None, _, true) => unit.title.clone(),
            _ => head,
        };
        Self { head, rest: indented(rest) }
    }
}

/// The words of the heading on the first line, and what follows.
fn heading(body: &str) -> (Option<&str>, &str) {
    let (first, rest) = body.split_once('\n').unwrap_or((body, ""));
    let words = first.trim_start_matches('#');
    let is_heading = words.len() < first.len() && (words.is_empty() || words.starts_with([' ', '\t']));
    if is_heading { (Some(words.trim_matches(['#', ' ', '\t', '\r'])), rest.trim_start_matches(['\r', '\n'])) } else { (None, body) }
}

/// Whether the last part of an id is made of these words.
fn says(id: &str, words: &str) -> bool {
    let last = id.rsplit([':', '/', '#']).next().unwrap_or(id);
    last.strip_suffix(".md").unwrap_or(last) == slug(words)
}

/// The lines up to the first that is empty or begins a block, joined; and what follows.
fn first_paragraph(body: &str) -> (String, &str) {
    let mut end = 0;
    for line in body.split_inclusive('\n') {
        let is_numbered = line.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(". ") && line.starts_with(|c: char| c.is_ascii_digit());
        if line.trim().is_empty() || is_numbered || BLOCKS.iter().any(|mark| line.starts_with(mark)) {
            break;
        }
        end += line.len();
    }
    (body[..end].split_whitespace().collect::<Vec<_>>().join(" "), &body[end..])
}

fn indented(text: &str) -> String {
    let lines = text.trim_matches(['\r', '\n']).lines().map(|line| if line.trim().is_empty() { String::new() } else { format!("  {line}") });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Kind, Place};

    fn check(id: &str, body: &str, head: &str, rest: &str) {
        let unit = Unit::new(Kind::Constraint, id, "The title", body, Place::line("context/a.md", 1), Format::Markdown);
        assert_eq!(RuleText::new(&unit, body), RuleText { head: head.to_owned(), rest: rest.to_owned() }, "{body}");
    }

    #[test]
    fn rules_are_items_of_a_list() {
        check("constraint:a", "Never\nthat.", "Never that.", "");
        check("constraint:a", "One.\n\nTwo\nlines.\n", "One.", "  Two\n  lines.");
        check("constraint:a", "Never:\n- this\n- that\n", "Never:", "  - this\n  - that");
        check("constraint:a", "Never:\n1. this\n", "Never:", "  1. this");
        check("constraint:a", "Like this.\n\n```rust\nfn a() {\n\n}\n```\n", "Like this.", "  ```rust\n  fn a() {\n\n  }\n  ```");
        check("constraint:a", "- this\n- that\n", "The title", "  - this\n  - that");
        check("constraint:a", "", "The title", "");
    }

    #[test]
    fn a_heading_that_the_id_repeats_is_left_out() {
        check("constraint:refund-window", "# Refund window\n\nA refund is paid.\n", "A refund is paid.", "");
        check("constraint:context/refund-window.md", "## Refund window ##\r\n\r\nA refund is paid.\r\n", "A refund is paid.", "");
        check("constraint:money", "# No floats\n\nMoney is a whole number.\n\nAlways.", "No floats: Money is a whole number.", "  Always.");
        check("constraint:no-floats", "# No floats", "No floats", "");
        check("constraint:a", "#1 is the first.", "#1 is the first.", "");
    }
}
