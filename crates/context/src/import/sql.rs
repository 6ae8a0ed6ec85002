//! SQL that defines tables and views: one unit for each, with the changes that later statements make to it.

use super::blank::{SQL, blank};
use super::definitions::{Units, with_comment};
use super::{Found, Source};
use crate::located::Lines;
use crate::tree::parent;
use crate::{Format, Place, Severity};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A statement that changes a table, or drops it.
pub(crate) struct Change {
    table: String,
    text: String,
    place: Place,
}

pub(super) fn import(source: &Source<'_>, found: &mut Found) {
    let blanked = blank(source.text, &SQL);
    let lines = Lines::of(source.text);
    if let Some(at) = blanked.open {
        let message = "a text or comment begins here and does not end; what follows is not read";
        found.report("unterminated", Severity::Error, source.place(lines.line(at)), message, "Close it.");
    }
    let mut units = Units::new(source, Format::SqlDdl);
    for span in statements(&blanked.bytes) {
        // Only the head tells what a statement is; blanked marks of names are looked up in the text.
        let words = head(&source.text[span.clone()], &blanked.bytes[span.clone()]);
        let Some((what, name)) = defined(&words) else { continue };
        if name.is_empty() {
            let message = format!("a {what} without a name is defined here; it is not read");
            found.report("nameless-definition", Severity::Warning, source.place(lines.line(span.start)), message, "Give it a name.");
            continue;
        }
        let name = name.to_owned();
        if what == "change" {
            let place = Place::lines(Arc::clone(source.path), lines.line(span.start), lines.line(span.end.saturating_sub(1)));
            found.changes.push(Change { table: name.to_lowercase(), text: source.text[span].trim().to_owned(), place });
        } else {
            let start = with_comment(source.text, span.start);
            units.add(&name, &format!("{what} {name}"), source.text[start..span.end].to_owned(), start..span.end, found);
        }
    }
}

/// The statements, each from its first word to its semicolon.
fn statements(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b';', bytes).map(|at| at + 1).chain([bytes.len()]) {
        let blank = bytes[start..end].iter().take_while(|b| b.is_ascii_whitespace()).count();
        if start + blank < end {
            found.push(start + blank..end);
        }
        start = end;
    }
    found
}

/// The first words of a statement; marks of quoted names are taken off, and `schema.table` is one word.
fn head<'a>(text: &'a str, blanked: &[u8]) -> Vec<&'a str> {
    let end = blanked.iter().position(|b| *b == b'(').unwrap_or(blanked.len());
    let text = text.get(..end).unwrap_or(text);
    text.split_whitespace().take(9).map(|word| word.trim_matches(['"', '`', '\'', ';', ','])).filter(|word| !word.is_empty()).collect()
}

/// What a statement defines, and its name, empty where it has none; `change` where it changes a table.
fn defined<'w>(words: &[&'w str]) -> Option<(&'static str, &'w str)> {
    let is = |at: usize, word: &str| words.get(at).is_some_and(|found| found.eq_ignore_ascii_case(word));
    let skipped = |mut at: usize, noise: &[&str]| {
        while noise.iter().any(|word| is(at, word)) {
            at += 1;
        }
        at
    };
    if is(0, "alter") || is(0, "drop") {
        let at = skipped(1, &["foreign"]);
        let name = skipped(at + 1, &["if", "exists", "only"]);
        return words.get(name).filter(|_| is(at, "table") || is(at, "view")).map(|name| ("change", *name));
    }
    if !is(0, "create") {
        return None;
    }
    let at = skipped(1, &["or", "replace", "temp", "temporary", "unlogged", "global", "local", "materialized", "recursive", "foreign", "external"]);
    let what = ["table", "view", "type"].into_iter().find(|what| is(at, what))?;
    Some((what, words.get(skipped(at + 1, &["if", "not", "exists"])).copied().unwrap_or_default()))
}

/// Adds to each table the changes that later statements make: in the same file, or in later files of the same directory (migrations).
pub(crate) fn note_changes(found: &mut Found) {
    let mut by_table: BTreeMap<String, Vec<Change>> = BTreeMap::new();
    for change in std::mem::take(&mut found.changes) {
        by_table.entry(change.table.clone()).or_default().push(change);
    }
    for draft in found.drafts.iter_mut().filter(|draft| draft.unit.format == Format::SqlDdl) {
        let name = draft.unit.title.rsplit(' ').next().unwrap_or_default().to_lowercase();
        let place = &draft.unit.place;
        let is_later = |change: &&Change| {
            let is_beside = parent(&change.place.path) == parent(&place.path);
            is_beside && (&*change.place.path, change.place.first_line) > (&*place.path, place.first_line)
        };
        let later: Vec<String> =
            by_table.get(&name).into_iter().flatten().filter(is_later).map(|change| format!("-- later, {}:\n{}", change.place, change.text)).collect();
        if !later.is_empty() {
            draft.unit.body = format!("{}\n\n{}", draft.unit.body, later.join("\n")).into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;
    use proptest::prelude::*;

    fn read(files: &[(&str, &str)]) -> Found {
        let (tree, mut found) = (MemoryTree::default(), Found::default());
        for (path, text) in files {
            let path = Arc::from(*path);
            import(&Source { path: &path, text, tree: &tree }, &mut found);
        }
        note_changes(&mut found);
        found
    }

    #[test]
    fn tables_are_units_with_their_later_changes() {
        let first = "-- Money back;\nCREATE TABLE IF NOT EXISTS \"refund\" (\n id int, -- ; no\n note text default ';'\n);\nINSERT INTO refund VALUES (1);\ncreate or replace view shop.late as select 1;\nALTER TABLE refund ADD b int;\n";
        let found = read(&[("db/1.sql", first), ("db/2.sql", "alter table only refund add c int;\n"), ("x/3.sql", "drop table refund;")]);
        let units: Vec<(&str, String)> = found.drafts.iter().map(|draft| (draft.unit.id.as_str(), draft.unit.place.to_string())).collect();
        assert_eq!(units, [("schema:db/1.sql#refund", "db/1.sql:1-5".to_owned()), ("schema:db/1.sql#shop.late", "db/1.sql:7".to_owned())]);
        let body = &found.drafts[0].unit.body;
        assert!(body.ends_with("-- later, db/1.sql:8:\nALTER TABLE refund ADD b int;\n-- later, db/2.sql:1:\nalter table only refund add c int;"), "{body}");
        assert_eq!(read(&[("a.sql", "create table a (b text default 'x);\n")]).findings.len(), 1);
        let nameless = read(&[("a.sql", "create table ok (a int);\nCREATE TABLE (\n  id int\n);\n")]);
        let found: Vec<(&str, u32)> = nameless.findings.iter().map(|finding| (finding.code, finding.place.first_line)).collect();
        assert_eq!((found.as_slice(), nameless.drafts.len()), (&[("nameless-definition", 2)][..], 1));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(create table |alter table |drop |view |if not exists |a|\"|'|\\$x\\$|;|\\(|\\)|--|/\\*|\n| |é){0,30}") {
            read(&[("a.sql", &text)]);
        }
    }
}
