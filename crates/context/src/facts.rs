//! Values quoted from their source, `{fact: 30 from policy.toml#/refund/days}`, so that a text cannot say what its source does not.

use crate::markdown::Document;
use crate::secret::mask;
use crate::tree::{Tree, file_name, normalize, parent};
use crate::{Digest, Fact, Finding, Place, Severity, Unit, json, toml_values, yaml};
use regex::Regex;
use serde_json::Value;
use std::collections::BTreeMap;

const OPEN: &str = "{fact:";

/// The longest quotation, in bytes.
const FACT_BYTES_MAX: usize = 1000;

/// The quotations of a body whose first line is `body_line` of the file `path`. Code quotes nothing: there, a page can show how it is
/// written. `document` is the body by its parts.
pub(crate) fn find(body: &str, document: &Document, path: &str, body_line: u32) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut from = 0;
    while let Some(at) = body[from..].find(OPEN) {
        let start = from + at;
        from = start + OPEN.len();
        if is_code(document, start) {
            continue;
        }
        let Some(length) = length(&body[from..]) else { continue };
        let line = body_line + u32::try_from(body[..start].matches('\n').count()).unwrap_or(0);
        facts.extend(parse(&body[from..from + length], path, line, (start, from + length + 1)));
    }
    facts
}

fn is_code(document: &Document, at: usize) -> bool {
    let spans = document.codes.iter().map(|code| &code.span).chain(document.blocks.iter().map(|block| &block.span));
    spans.into_iter().any(|span| span.contains(&at))
}

/// Bytes until the brace that closes; braces in regular expressions come in pairs, or after `\`. A quotation stands on one line.
fn length(text: &str) -> Option<usize> {
    let (mut depth, mut is_escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate().take(FACT_BYTES_MAX) {
        match byte {
            _ if is_escaped && byte != b'\n' => is_escaped = false,
            b'\\' => is_escaped = true,
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

fn parse(inside: &str, file: &str, line: u32, span: (usize, usize)) -> Option<Fact> {
    let (said, source) = inside.rsplit_once(" from ")?;
    let (path, pointer) = source.trim().split_once('#')?;
    let from = if path.starts_with("./") || path.starts_with("../") { parent(file) } else { "" };
    Some(Fact { said: said.trim().to_owned(), path: normalize(from, path)?, pointer: pointer.to_owned(), line, span })
}

/// The text of a unit with every quotation replaced by the value that its source has now. Where the source or the place in it is
/// missing, the value stays as written and a finding says so. The findings' places have only the line; their path is `path`.
#[must_use]
pub fn fill_facts(body: &str, facts: &[Fact], path: &str, tree: &dyn Tree) -> (String, Vec<Finding>) {
    let (mut out, mut findings) = (String::with_capacity(body.len()), Vec::new());
    let mut sources = Sources { tree, read: BTreeMap::new() };
    let mut from = 0;
    for fact in facts {
        let (start, end) = fact.span;
        let Some(before) = body.get(from..start) else { continue };
        if body.get(start..end).is_none() {
            continue;
        }
        out.push_str(before);
        from = end;
        match sources.value(fact) {
            Ok(value) => out.push_str(&value),
            Err(why) => {
                out.push_str(&fact.said);
                let message = format!("the fact `{}` cannot be taken from its source: {why}", fact.said);
                let remedy = format!("Correct `{}#{}`, or write the value as plain text.", fact.path, fact.pointer);
                findings.push(Finding::new("fact-source-missing", Severity::Error, Place::line(path, fact.line), message, remedy));
            }
        }
    }
    out.push_str(body.get(from..).unwrap_or_default());
    (out, findings)
}

/// The text of `unit` as anybody may see it: facts as they are now, secrets masked. What is wrong with the facts is told as by [`fill_facts`].
#[must_use]
pub fn shown_text(unit: &Unit, tree: &dyn Tree) -> (String, Vec<Finding>) {
    let (filled, findings) = fill_facts(&unit.body, &unit.facts, &unit.place.path, tree);
    (mask(&filled).0.into_owned(), findings)
}

/// The value that the source of `fact` has now.
///
/// # Errors
/// Why there is none, in a sentence.
pub fn fact_value(fact: &Fact, tree: &dyn Tree) -> Result<String, String> {
    Sources { tree, read: BTreeMap::new() }.value(fact)
}

/// The digests of the values that the facts of `unit` have now, by `path#pointer`; `None` where one has none.
pub(crate) fn digests(unit: &Unit, tree: &dyn Tree) -> BTreeMap<String, Option<Digest>> {
    let mut sources = Sources { tree, read: BTreeMap::new() };
    let digest = |fact: &Fact| (format!("{}#{}", fact.path, fact.pointer), sources.value(fact).ok().map(|value| Digest::of(value.as_bytes())));
    unit.facts.iter().map(digest).collect()
}

/// Sources that were read: a page quotes the same file many times.
struct Sources<'a> {
    tree: &'a dyn Tree,
    read: BTreeMap<String, Result<(String, Option<Value>), String>>,
}

impl Sources<'_> {
    fn value(&mut self, fact: &Fact) -> Result<String, String> {
        if !self.read.contains_key(&fact.path) {
            let read = self.tree.text(&fact.path).map(|text| structured(&fact.path, text)).map_err(|why| format!("`{}`: {why}", fact.path));
            self.read.insert(fact.path.clone(), read);
        }
        let (text, value) = self.read.get(&fact.path).ok_or("it was not read")?.as_ref().map_err(Clone::clone)?;
        if let Some(pattern) = fact.pointer.strip_prefix("re:") {
            return captured(text, pattern);
        }
        let value = value.as_ref().ok_or_else(|| format!("`{}` has no structure that a pointer could follow", fact.path))?;
        let value = value.pointer(&fact.pointer).ok_or_else(|| format!("`{}` has nothing at `{}`", fact.path, fact.pointer))?;
        Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

fn structured(path: &str, text: String) -> (String, Option<Value>) {
    let extension = file_name(path).rsplit_once('.').map_or("", |(_, extension)| extension);
    let read = match extension {
        "toml" => toml_values::parse(&text).ok(),
        "json" => json::parse(&text).ok(),
        "yaml" | "yml" => yaml::parse(&text).ok(),
        _ => None,
    };
    (text, read.map(|located| located.value))
}

fn captured(text: &str, pattern: &str) -> Result<String, String> {
    let regex = Regex::new(pattern).map_err(|_| format!("`{pattern}` is no regular expression"))?;
    if regex.captures_len() != 2 {
        return Err(format!("`{pattern}` has not exactly one group"));
    }
    let found = regex.captures(text).and_then(|captures| captures.get(1)).ok_or_else(|| format!("`{pattern}` is not found there"))?;
    Ok(found.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown;
    use crate::tree::MemoryTree;
    use proptest::prelude::*;

    fn check(body: &str, expected: &str, faults: usize) {
        let tree = MemoryTree::new([("policy.toml", "[refund]\ndays = 45\n"), ("src/a.rs", "const DAYS: u32 = 14;\n"), ("p.json", "{\"a\": \"b\"}")]);
        let facts = find(body, &markdown::parse(body), "context/a.md", 3);
        let (filled, findings) = fill_facts(body, &facts, "context/a.md", &tree);
        assert_eq!((filled.as_str(), findings.len()), (expected, faults), "{body}: {findings:?}");
    }

    #[test]
    fn quotations_become_what_their_source_says() {
        check("Within {fact: 30 from policy.toml#/refund/days} days.", "Within 45 days.", 0);
        check("{fact: 9 from src/a.rs#re:DAYS: u32 = ([0-9]{1,3})} and {fact: x from ../p.json#/a}", "14 and b", 0);
        check("{fact: 30 from policy.toml#/refund/weeks}", "30", 1);
        check("{fact: 30 from gone.toml#/a} {fact: 1 from src/a.rs#/a} {fact: 2 from src/a.rs#re:(}", "30 1 2", 3);
        check("{fact: 30} {fact: 30 from ../../x#/a} {fact: open", "{fact: 30} {fact: 30 from ../../x#/a} {fact: open", 0);
        assert_eq!(find("a\n{fact: 1 from b#/c}", &Document::default(), "x", 10).first().map(|fact| (fact.line, fact.span)), Some((11, (2, 21))));
    }

    #[test]
    fn code_shows_how_a_quotation_is_written() {
        let check = |body: &str, expected: usize| assert_eq!(find(body, &markdown::parse(body), "a.md", 1).len(), expected, "{body}");
        let quoted = "{fact: 30 from policy.toml#/refund/days}";
        check(&format!("Write `{quoted}` for {quoted} days."), 1);
        check(&format!("```md\n{quoted}\n```\n"), 0);
        check(&format!("Text.\n\n    {quoted}\n"), 0);
        check("It is {fact: `x` from policy.toml#/name}.", 1);
        check(&format!("| `a` | {quoted} |\n| --- | --- |\n| b | `{quoted}` |\n"), 1);
    }

    proptest! {
        #[test]
        fn any_text_is_filled(body in "(\\{fact: |[a-z{}# é\n]|from | from policy.toml#/refund/days\\}|re:\\(a\\)){0,30}") {
            let tree = MemoryTree::new([("policy.toml", "[refund]\ndays = 45\n")]);
            let facts = find(&body, &markdown::parse(&body), "a.md", 1);
            let _ = fill_facts(&body, &facts, "a.md", &tree);
        }
    }
}
