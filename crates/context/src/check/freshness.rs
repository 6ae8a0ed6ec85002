//! Freshness: whether what a unit speaks of is still what it was when somebody last looked.

use super::desk::Desk;
use super::past::Was;
use super::{CheckInput, Fingerprints};
use crate::lock::AnchorPrint;
use crate::markdown::slug;
use crate::tree::Tree;
use crate::{Anchor, Digest, Finding, Place, Severity, Unit};
use serde::Serialize;
use std::sync::Arc;

/// How fresh a unit is: the worst of its anchors, or its own dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Freshness {
    /// What it speaks of is unchanged since it was locked, or it speaks of nothing that could change.
    Fresh,
    /// Nobody ever locked what it speaks of, so nothing is known.
    Unlocked,
    /// A body that it speaks of changed.
    Suspect,
    /// A signature that it speaks of changed.
    Stale,
    /// What it speaks of is gone.
    Broken,
    /// Its last day is over.
    Expired,
}

/// The state of one anchor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorState {
    /// As it was.
    Fresh,
    /// Not in the lock.
    Unlocked,
    /// Its body changed.
    Suspect,
    /// Its signature changed.
    Stale,
    /// It is gone; whether the file is, and where it seems to stand now.
    Broken {
        /// Whether the whole file is gone.
        is_path: bool,
        /// Its new place as `path` or `path#Symbol`, where one was found.
        moved: Option<String>,
    },
}

/// The fingerprint of an anchored place as `tree` has it: of a symbol, a heading's section, a range of lines (`L10-L20`), the value at a JSON
/// Pointer, a whole file, or the bare existence of a directory. `None` where it is not there.
#[must_use]
pub fn anchor_print(tree: &dyn Tree, fingerprints: &dyn Fingerprints, anchor: &Anchor) -> Option<AnchorPrint> {
    let path = anchor.path.trim_end_matches('/');
    if tree.file(path).is_none() {
        return (anchor.at.is_none() && tree.exists(path)).then(|| plain(b"", b""));
    }
    if let Some(print) = fingerprints.print(tree, path, anchor.at.as_deref()) {
        return Some(print);
    }
    let Some(at) = anchor.at.as_deref() else { return Some(plain(b"", &tree.read(path).ok()?)) };
    let text = tree.text(path).ok()?;
    if let Some((first, last)) = lines(at) {
        let picked: Vec<&str> = text.lines().skip(first - 1).take(last + 1 - first).collect();
        return (text.lines().count() >= last).then(|| plain(b"", picked.join("\n").as_bytes()));
    }
    if at.starts_with('/') {
        let value = crate::schema::read_file(path, &text).ok()?.pointer(at)?.to_string();
        return Some(plain(b"", value.as_bytes()));
    }
    if fingerprints.reads(path) { None } else { section(&text, at) }
}

fn plain(signature: &[u8], body: &[u8]) -> AnchorPrint {
    AnchorPrint { signature: Digest::of(signature), body: Digest::of(body) }
}

/// `L10-L20`, `L10-20`, `L10`.
fn lines(at: &str) -> Option<(usize, usize)> {
    let (first, last) = at.strip_prefix('L')?.split_once('-').unwrap_or((&at[1..], &at[1..]));
    let (first, last): (usize, usize) = (first.parse().ok()?, last.trim_start_matches('L').parse().ok()?);
    (first > 0 && last >= first).then_some((first, last))
}

/// The section under the heading that `at` writes, or whose fragment it is, up to the next heading of its depth or higher.
fn section(text: &str, at: &str) -> Option<AnchorPrint> {
    let wanted = slug(at);
    let depth = |line: &str| Some(line.bytes().take_while(|&b| b == b'#').count()).filter(|depth| (1..=6).contains(depth) && line[*depth..].starts_with(' '));
    let mut rest = text.lines().skip_while(|line| depth(line).is_none_or(|depth| slug(&line[depth..]) != wanted));
    let own = depth(rest.next()?)?;
    let body: Vec<&str> = rest.take_while(|line| depth(line).is_none_or(|depth| depth > own)).map(str::trim_end).collect();
    Some(plain(wanted.as_bytes(), body.join("\n").trim().as_bytes()))
}

/// How fresh `unit` is. Costs a reading of the files that its anchors name.
#[must_use]
pub fn freshness(unit: &Unit, input: &CheckInput<'_>) -> Freshness {
    if unit.valid_until.as_deref().is_some_and(|until| until < input.today) {
        return Freshness::Expired;
    }
    let state = |anchor: &Anchor| match state(unit, anchor, input) {
        AnchorState::Fresh => Freshness::Fresh,
        AnchorState::Unlocked => Freshness::Unlocked,
        AnchorState::Suspect => Freshness::Suspect,
        AnchorState::Stale => Freshness::Stale,
        AnchorState::Broken { .. } => Freshness::Broken,
    };
    unit.anchors.iter().filter(|anchor| anchor.is_declared).map(state).max().unwrap_or(Freshness::Fresh)
}

/// The state of one anchor of `unit`. Costs a reading of the file that it names.
#[must_use]
pub fn anchor_state(unit: &Unit, anchor: &Anchor, input: &CheckInput<'_>) -> AnchorState {
    state(unit, anchor, input)
}

fn state(unit: &Unit, anchor: &Anchor, input: &CheckInput<'_>) -> AnchorState {
    state_of(input.tree, input.fingerprints, anchor, input.lock.and_then(|lock| lock.print(&unit.id, anchor)))
}

/// What became of an anchor whose print `was` kept.
pub(crate) fn state_of(tree: &dyn Tree, fingerprints: &dyn Fingerprints, anchor: &Anchor, was: Option<AnchorPrint>) -> AnchorState {
    match (anchor_print(tree, fingerprints, anchor), was) {
        (Some(_), None) => AnchorState::Unlocked,
        (Some(now), Some(was)) if now == was => AnchorState::Fresh,
        (Some(now), Some(was)) if now.signature == was.signature => AnchorState::Suspect,
        (Some(_), Some(_)) => AnchorState::Stale,
        (None, was) => {
            let moved = anchor.at.as_deref().and_then(|at| fingerprints.moved(tree, &anchor.path, at, was.as_ref()));
            AnchorState::Broken { is_path: !tree.exists(&anchor.path), moved }
        }
    }
}

pub(super) fn check(desk: &Desk<'_>, found: &mut Vec<Finding>) {
    for unit in desk.units() {
        dates(desk, unit, found);
        for anchor in unit.anchors.iter().filter(|anchor| anchor.is_declared) {
            found.extend(finding(desk, unit, anchor));
        }
    }
}

fn dates(desk: &Desk<'_>, unit: &Unit, found: &mut Vec<Finding>) {
    let today = desk.input.today;
    if let Some(until) = unit.valid_until.as_deref().filter(|until| *until < today) {
        let remedy = "renew it and give it a later `valid_until`, or take it out".to_owned();
        found.push(Desk::whole(unit, "expired-unit", Severity::Error, format!("`{}` held until {until}", unit.id), remedy));
    }
    if let Some(from) = unit.valid_from.as_deref().filter(|from| *from > today) {
        let remedy = "nothing, if that is meant; until then it is left out".to_owned();
        found.push(Desk::whole(unit, "future-unit", Severity::Note, format!("`{}` holds only from {from}", unit.id), remedy));
    }
}

fn finding(desk: &Desk<'_>, unit: &Unit, anchor: &Anchor) -> Option<Finding> {
    let named = anchor.at.as_ref().map_or_else(|| anchor.path.clone(), |at| format!("{}#{at}", anchor.path));
    let (code, severity, message, remedy) = match state(unit, anchor, desk.input) {
        AnchorState::Fresh => return None,
        AnchorState::Unlocked => (
            "unlocked-anchor",
            Severity::Note,
            format!("nobody has locked `{named}`, so its changes go unseen"),
            "read the unit against it, then run `jeton context lock`".to_owned(),
        ),
        AnchorState::Suspect => {
            let remedy = "see whether the text is still true, mend it, then run `jeton context lock`".to_owned();
            ("suspect-anchor", Severity::Warning, format!("`{named}` changed in its body since it was locked"), remedy)
        }
        AnchorState::Stale => {
            let remedy = "mend what the text says of it, then run `jeton context lock`".to_owned();
            ("stale-anchor", Severity::Error, format!("`{named}` changed its signature since it was locked"), remedy)
        }
        AnchorState::Broken { is_path, moved } => return Some(broken(desk, unit, anchor, &named, is_path, moved)),
    };
    Some(Finding::new(code, severity, line_of(unit, anchor), message, remedy).about(unit))
}

fn broken(desk: &Desk<'_>, unit: &Unit, anchor: &Anchor, named: &str, is_path: bool, moved: Option<String>) -> Finding {
    let past = if is_path { desk.past.of_path(desk.input.tree, &anchor.path) } else { Was::Never };
    let renamed = match &past {
        Was::Renamed(now) => Some(anchor.at.as_ref().map_or_else(|| now.clone(), |at| format!("{now}#{at}"))),
        _ => None,
    };
    let what = match (is_path, &past) {
        (false, _) => format!("`{}` has no `{}`", anchor.path, anchor.at.as_deref().unwrap_or_default()),
        (true, Was::Removed) => format!("`{}` is gone: Git once had it and it was removed", anchor.path),
        (true, Was::Renamed(now)) => format!("`{}` is gone: Git renamed it to `{now}`", anchor.path),
        (true, Was::Unknown) => format!("`{}` is not there, and the clone is shallow: whether it once was there is not known", anchor.path),
        (true, _) => format!("`{}` is not there", anchor.path),
    };
    // A renamed file may have lost the symbol; what was found by its body is surer.
    let now = moved.or(renamed);
    let remedy = now.as_ref().map_or_else(
        || "name what took its place, or take the anchor out".to_owned(),
        |now| format!("it stands in `{now}` now: write that, then run `jeton context lock`"),
    );
    let finding = Finding::new("broken-anchor", Severity::Error, line_of(unit, anchor), what, remedy).about(unit);
    match now {
        Some(now) => desk.mended(finding, named, &now),
        None => finding,
    }
}

fn line_of(unit: &Unit, anchor: &Anchor) -> Place {
    if anchor.line == 0 { unit.place.clone() } else { Place::line(Arc::clone(&unit.place.path), anchor.line) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, LineSymbols, doc};
    use super::*;
    use crate::tree::MemoryTree;

    fn anchored(path: &str, at: Option<&str>) -> Unit {
        let mut unit = doc("docs/a.md", "A text.");
        unit.anchors.push(Anchor { path: path.to_owned(), at: at.map(str::to_owned), is_declared: true, line: 1 });
        unit
    }

    #[test]
    fn symbols_then_and_now() {
        let check = |now: &[(&str, &str)], expected: &[&str], remedy: &str| {
            let units = vec![anchored("a.rs", Some("pay"))];
            let mut files = vec![("docs/a.md", "A text.")];
            files.extend(now);
            let found = Bench::new(&files).locked(&units, &[("a.rs", "fn pay(u32) {1}\n")]).findings(units);
            assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), expected, "{found:?}");
            assert!(found.first().map_or("", |finding| &finding.remedy).contains(remedy), "{found:?}");
        };
        check(&[("a.rs", "fn other() {}\nfn pay(u32) {1}\n")], &[], "");
        check(&[("a.rs", "fn pay(u32) {2}\n")], &["suspect-anchor"], "");
        check(&[("a.rs", "fn pay(u64) {1}\n")], &["stale-anchor"], "");
        check(&[("a.rs", "fn settle(u32) {1}\n")], &["broken-anchor"], "`a.rs#settle`");
        check(&[("a.rs", ""), ("b.rs", "fn pay(u32) {1}\n")], &["broken-anchor"], "`b.rs#pay`");
        check(&[], &["broken-anchor"], "name what took its place");
    }

    #[test]
    fn anchors_without_a_lock_and_renamed_files() {
        Bench::new(&[("docs/a.md", "A text."), ("a.rs", "fn pay() {}")]).check(anchored("a.rs", Some("pay")), &["unlocked-anchor docs/a.md:1"]);
        let found =
            Bench::new(&[("docs/a.md", "A text."), ("new.toml", "")]).past(&[("old.toml", Some("new.toml"))]).findings(vec![anchored("old.toml", None)]);
        assert_eq!((found[0].code, found[0].remedy.contains("`new.toml`")), ("broken-anchor", true));
    }

    #[test]
    fn places_that_are_no_symbols() {
        let tree = MemoryTree::new([("p.toml", "[refund]\ndays = 30\n"), ("d.md", "# A\nx\n## B\ny\n# C\nz\n"), ("src/x", "")]);
        let print = |path: &str, at: Option<&str>| {
            anchor_print(&tree, &LineSymbols, &Anchor { path: path.to_owned(), at: at.map(str::to_owned), is_declared: true, line: 1 })
        };
        assert!(print("p.toml", Some("/refund/days")).is_some() && print("p.toml", Some("/refund/hours")).is_none());
        assert!(print("d.md", Some("L2-L3")).is_some() && print("d.md", Some("L9")).is_none());
        assert_ne!(print("d.md", Some("A")), print("d.md", Some("b")));
        assert!(print("d.md", Some("D")).is_none() && print("d.md", None).is_some());
        assert!(print("src/", None).is_some() && print("gone/", None).is_none());
    }

    #[test]
    fn dates() {
        let dated = |from: Option<&str>, until: Option<&str>| {
            let mut unit = doc("docs/a.md", "A text.");
            (unit.valid_from, unit.valid_until) = (from.map(str::to_owned), until.map(str::to_owned));
            unit
        };
        let check = |from, until, expected: &[&str]| Bench::new(&[("docs/a.md", "A text.")]).check(dated(from, until), expected);
        check(None, Some("2026-06-15"), &[]);
        check(None, Some("2026-06-14"), &["expired-unit docs/a.md:1"]);
        check(Some("2026-06-15"), None, &[]);
        check(Some("2026-06-16"), None, &["future-unit docs/a.md:1"]);
    }

    #[test]
    fn the_worst_counts() {
        assert!(Freshness::Expired > Freshness::Broken && Freshness::Stale > Freshness::Suspect && Freshness::Suspect > Freshness::Unlocked);
    }
}
