//! Links and paths. What Git once had and is gone is wrong; what never was is asked about once.

use super::desk::Desk;
use super::past::Was;
use crate::tree::{normalize, parent};
use crate::{Finding, Place, Severity, Unit};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Ends that sites leave out or change.
const PAGE_ENDS: [&str; 5] = [".md", ".mdx", "/index.md", "/README.md", "/index.mdx"];

/// What makes the past known where the clone is shallow.
const UNSHALLOW: &str = "fetch the past with `git fetch --unshallow` and check again; in CI, check out with the whole history";

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    let unknown = walk(desk, found);
    found.extend(unknown.into_values());
}

/// Paths that are named and never were, which a lock can remember.
pub(super) fn unknown(desk: &Desk<'_>) -> BTreeSet<String> {
    walk(desk, &mut Vec::new()).into_keys().collect()
}

/// Looks at every path. What never was comes back by its path.
fn walk(desk: &Desk<'_>, found: &mut Vec<Finding>) -> BTreeMap<String, Finding> {
    let mut unknown: BTreeMap<String, Finding> = BTreeMap::new();
    let mut said: BTreeSet<(Arc<str>, u32, String)> = BTreeSet::new();
    for unit in desk.units() {
        for anchor in unit.anchors.iter().filter(|anchor| !anchor.is_declared) {
            let named = Named { unit, path: anchor.path.clone(), shown: anchor.path.clone(), line: anchor.line };
            look(desk, named, found, &mut unknown, &mut said);
        }
    }
    for (unit, prose) in desk.prose() {
        for named in &prose.links {
            link(desk, unit, &named.target, named.span.start, found, &mut unknown, &mut said);
        }
        for (target, offset) in prose.html.iter().flat_map(|span| targets(&unit.body[span.clone()], span.start)) {
            link(desk, unit, target, offset, found, &mut unknown, &mut said);
        }
    }
    unknown
}

/// Where the links and pictures of a piece of HTML lead, which begins at `start`: `<a href="…">`, `<img src="…">`.
fn targets(html: &str, start: usize) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for mark in [" href=\"", " src=\"", " href='", " src='"] {
        let ends = |at: usize| html[at..].find(['"', '\'']).map(|length| (&html[at..at + length], start + at));
        found.extend(html.match_indices(mark).filter_map(|(at, mark)| ends(at + mark.len())));
    }
    found
}

/// A path that a unit names on a line.
struct Named<'a> {
    unit: &'a Unit,
    path: String,
    /// As it is written.
    shown: String,
    line: u32,
}

fn look(desk: &Desk<'_>, named: Named<'_>, found: &mut Vec<Finding>, unknown: &mut BTreeMap<String, Finding>, said: &mut BTreeSet<(Arc<str>, u32, String)>) {
    let path = named.path.trim_end_matches('/').to_owned();
    if exists(desk, &path) || path.contains(['*', '<', '{', '$', '?']) || !said.insert((Arc::clone(&named.unit.place.path), named.line, path.clone())) {
        return;
    }
    let place = Place::line(Arc::clone(&named.unit.place.path), named.line);
    let broken = |message: String, remedy: String| Finding::new("broken-path", Severity::Error, place.clone(), message, remedy).about(named.unit);
    match desk.past.of_path(desk.input.tree, &path) {
        Was::There => {}
        Was::Renamed(now) => {
            let written = rewritten(&named, &now);
            let finding = broken(format!("`{}` is gone: Git renamed it to `{now}`", named.shown), format!("write `{written}`"));
            found.push(desk.mended(finding, &named.shown, &written));
        }
        Was::Removed => {
            found.push(broken(
                format!("`{}` is gone: Git once had it and it was removed", named.shown),
                "take the sentence out, or name what took its place".to_owned(),
            ));
        }
        Was::Never | Was::Unknown if desk.input.lock.is_some_and(|lock| lock.is_never(&path)) => {}
        Was::Unknown => {
            let message = format!("`{}` is not there, and the clone is shallow: whether it once was there is not known", named.shown);
            found.push(Finding::new("unknown-path", Severity::Warning, place, message, UNSHALLOW).about(named.unit));
        }
        Was::Never => {
            let why = if desk.past.is_known { "is not there, and Git never had it" } else { "is not there, and without Git nobody knows whether it ever was" };
            let remedy = "mend it if it is meant to be there; if not, `jeton context check --remember` never asks again";
            let finding = Finding::new("unknown-path", Severity::Note, place, format!("`{}` {why}", named.shown), remedy).about(named.unit);
            unknown.entry(path).or_insert(finding);
        }
    }
}

/// The new path in the manner of the old: from the unit's directory where the old was written so.
fn rewritten(named: &Named<'_>, now: &str) -> String {
    if named.shown.trim_end_matches('/') == named.path.trim_end_matches('/') {
        return now.to_owned();
    }
    let from: Vec<&str> = parent(&named.unit.place.path).split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = now.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; from.len() - common];
    parts.extend(&to[common..]);
    parts.join("/")
}

fn exists(desk: &Desk<'_>, path: &str) -> bool {
    let tree = desk.input.tree;
    tree.exists(path) || tree.links().iter().any(|link| *link.path == *path || path.strip_prefix(&*link.path).is_some_and(|rest| rest.starts_with('/')))
}

fn link(
    desk: &Desk<'_>,
    unit: &Unit,
    target: &str,
    offset: usize,
    found: &mut Vec<Finding>,
    unknown: &mut BTreeMap<String, Finding>,
    said: &mut BTreeSet<(Arc<str>, u32, String)>,
) {
    if is_address(target) {
        return;
    }
    let (named, fragment) = target.split_once('#').map_or((target, None), |(path, fragment)| (path, Some(fragment)));
    let named = decoded(named.split('?').next().unwrap_or_default());
    let path = if named.is_empty() { Some(unit.place.path.to_string()) } else { resolve(desk, &unit.place.path, &named) };
    // What leads out of the project is never looked at.
    let Some(path) = path else { return };
    if exists(desk, &path) {
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            found.extend(heading(desk, unit, offset, &path, fragment, target));
        }
        return;
    }
    // A path from the site's top says nothing about the project's.
    if !named.starts_with('/') {
        let line = desk.line(unit, offset);
        look(desk, Named { unit, path, shown: named, line }, found, unknown, said);
    }
}

fn is_address(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    target.is_empty()
        || target.starts_with("//")
        || scheme.is_some_and(|scheme| scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'-' || b == b'.'))
}

/// The file that a link from the file `from` leads to: as it is written, or in one of the ways in which sites name their pages.
fn resolve(desk: &Desk<'_>, from: &str, named: &str) -> Option<String> {
    let (base, named) = named.strip_prefix('/').map_or_else(|| (parent(from), named), |rest| ("", rest));
    let plain = normalize(base, named)?;
    let tree = desk.input.tree;
    if tree.exists(&plain) {
        return Some(plain);
    }
    let stem = plain.strip_suffix(".html").unwrap_or(&plain);
    Some(PAGE_ENDS.iter().map(|end| format!("{stem}{end}")).find(|page| tree.file(page).is_some()).unwrap_or(plain))
}

/// `%20` and the like, where they give UTF-8.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code =
            (*first == b'%').then(|| tail.get(..2).and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok())).flatten();
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn heading(desk: &Desk<'_>, unit: &Unit, offset: usize, path: &str, fragment: &str, target: &str) -> Option<Finding> {
    let is_markdown = [".md", ".mdx", ".markdown"].iter().any(|end| path.ends_with(end));
    let fragment = decoded(fragment);
    // Fragments of viewers: a range of lines, a text to be searched.
    if !is_markdown || fragment.starts_with("L") && fragment[1..].starts_with(|c: char| c.is_ascii_digit()) || fragment.starts_with(':') {
        return None;
    }
    let known = desk.fragments(path);
    let wanted = fragment.to_lowercase();
    if known.iter().any(|known| is_same_heading(known, &wanted)) || desk.text(path).is_none_or(|text| is_assembled(&text)) {
        return None;
    }
    let near = known.iter().filter(|known| known.contains(&wanted) || wanted.contains(known.as_str())).find(|known| !known.is_empty());
    let remedy = near.map_or_else(|| format!("name a heading of `{path}`"), |near| format!("did you mean `#{near}`?"));
    let message = format!("`{target}` leads to no heading: `{path}` has none that gives `#{fragment}`");
    let finding = desk.at(unit, offset, "broken-heading", Severity::Warning, message, remedy);
    Some(match near {
        Some(near) => desk.mended(finding, &format!("#{fragment}"), &format!("#{near}")),
        None => finding,
    })
}

/// Whether a fragment may mean a heading. Sites differ in what they make of punctuation, so only letters and digits count, and a heading with
/// parameters may be named without them.
fn is_same_heading(known: &str, wanted: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (known, wanted) = (plain(known), plain(wanted));
    let is_start = |long: &str, short: &str| short.len() >= 8 && long.starts_with(short);
    known == wanted || is_start(&known, &wanted) || is_start(&wanted, &known)
}

/// Whether a page takes in others when it is built: then its headings are not all its own.
fn is_assembled(text: &str) -> bool {
    ["--8<--", "{{#include", "<!--@include", "<!-- @include", "{% include", "{%- include", "```{include}", ".. include::", "{{<", "::: "]
        .iter()
        .any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, doc};
    use crate::Anchor;

    fn named(path: &str) -> crate::Unit {
        let mut unit = doc("docs/a.md", "A text.");
        unit.anchors.push(Anchor { path: path.to_owned(), at: None, is_declared: false, line: 1 });
        unit
    }

    #[test]
    fn paths_in_text() {
        let bench = || Bench::new(&[("docs/a.md", "A text."), ("src/new.rs", "")]).past(&[("src/old.rs", Some("src/new.rs")), ("gone.md", None)]);
        bench().check(named("src/new.rs"), &[]);
        bench().check(named("src/old.rs"), &["broken-path docs/a.md:1"]);
        bench().check(named("gone.md"), &["broken-path docs/a.md:1"]);
        bench().check(named("out/report.json"), &["unknown-path docs/a.md:1"]);
        bench().never(&["out/report.json"]).check(named("out/report.json"), &[]);
        Bench::new(&[("docs/a.md", "A text.")]).check(named("gone.md"), &["unknown-path docs/a.md:1"]);
    }

    #[test]
    fn in_a_shallow_clone_nobody_knows() {
        let bench = || Bench::new(&[("docs/a.md", "A text.")]).past(&[]).shallow();
        let found = bench().findings(vec![named("gone.md")]);
        assert_eq!((found[0].severity, found[0].remedy.contains("git fetch --unshallow"), found.len()), (crate::Severity::Warning, true, 1));
        bench().never(&["gone.md"]).check(named("gone.md"), &[]);
    }

    #[test]
    fn asked_once() {
        Bench::new(&[("docs/a.md", "A text.")]).check_all(vec![named("x.log"), named("x.log")], &["unknown-path docs/a.md:1"]);
    }

    #[test]
    fn links() {
        let check = |body: &str, expected: &[&str]| {
            let files = [("docs/a.md", body), ("docs/b c.md", "# Win `dow`s!\n"), ("README.md", ""), ("docs/guide/index.md", "")];
            Bench::new(&files).past(&[("docs/old.md", Some("README.md"))]).check(doc("docs/a.md", body), expected);
        };
        check("[a](../README.md) [b](https://x.org/gone.md) [c](mailto:a@b.c) [d](../../out.md) [e](/site/page) <a@b.c>", &[]);
        check("[a](b%20c.md#win-dows) [b](guide/) [c](./guide)", &[]);
        check("One.\n\n[a](b%20c.md#windows) [b](b%20c.md#door)", &["broken-heading docs/a.md:3"]);
        check("# Here\n[a](#here) [b](#there)", &["broken-heading docs/a.md:2"]);
        check("[a](old.md)", &["broken-path docs/a.md:1"]);
        check("[a](nowhere.md)", &["unknown-path docs/a.md:1"]);
        check("One.\n\nSee <a href=\"old.md\">it</a> and <a class='x' href='../README.md'>that</a>.", &["broken-path docs/a.md:3"]);
        check("<p align=\"center\">\n  <a href=\"https://x.org\"><img src=\"old.md\"></a>\n</p>", &["broken-path docs/a.md:2"]);
    }

    #[test]
    fn a_renamed_path_has_its_remedy_and_fix() {
        let body = "See [the old](old.md).";
        let found = Bench::new(&[("docs/a.md", body), ("README.md", "")]).past(&[("docs/old.md", Some("README.md"))]).findings(vec![doc("docs/a.md", body)]);
        assert_eq!(found[0].remedy, "write `../README.md`");
        let fix = found[0].fix.as_ref().unwrap();
        assert_eq!((fix.line, fix.start_column, fix.end_column, fix.new.as_str()), (1, 15, 21, "../README.md"));
    }
}
