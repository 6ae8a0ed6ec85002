//! A bench for checks: files, a past and a lock made by hand.

use super::desk::Desk;
use super::past::Past;
use super::{CheckInput, CheckOptions, Fingerprints, LockView};
use crate::lock::AnchorPrint;
use crate::sandbox::Sandbox;
use crate::tree::{MemoryTree, Tree};
use crate::{Anchor, Digest, Finding, Format, Kind, Place, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// A unit over a whole file.
pub(super) fn unit(kind: Kind, id: &str, path: &str, body: &str) -> Unit {
    let lines = u32::try_from(body.lines().count().max(1)).unwrap();
    Unit::new(kind, id, id, body, Place::lines(path, 1, lines), Format::Markdown)
}

/// A page.
pub(super) fn doc(path: &str, body: &str) -> Unit {
    unit(Kind::Doc, &format!("doc:{path}"), path, body)
}

#[derive(Default)]
pub(super) struct Bench {
    tree: MemoryTree,
    past: Option<Vec<(String, Option<String>)>>,
    is_shallow: bool,
    lock: Option<Lock>,
    options: CheckOptions,
    sandbox: Option<Sandbox>,
}

#[derive(Default)]
struct Lock {
    never: BTreeSet<String>,
    prints: BTreeMap<(String, String), AnchorPrint>,
}

impl LockView for Lock {
    fn print(&self, unit: &str, anchor: &Anchor) -> Option<AnchorPrint> {
        self.prints.get(&(unit.to_owned(), format!("{}#{}", anchor.path, anchor.at.clone().unwrap_or_default()))).copied()
    }

    fn is_never(&self, path: &str) -> bool {
        self.never.contains(path)
    }
}

/// Lines such as `fn name(parameters) body` are symbols; good enough to be moved about.
pub(super) struct LineSymbols;

fn symbol(line: &str) -> Option<(&str, AnchorPrint)> {
    let (name, rest) = line.strip_prefix("fn ")?.split_once('(')?;
    let (signature, body) = rest.split_once(')')?;
    Some((name, AnchorPrint { signature: Digest::of(signature.as_bytes()), body: Digest::of_parts(&[signature.as_bytes(), body.as_bytes()]) }))
}

impl Fingerprints for LineSymbols {
    fn print(&self, tree: &dyn Tree, path: &str, at: Option<&str>) -> Option<AnchorPrint> {
        let text = tree.text(path).ok()?;
        let Some(at) = at else { return Some(AnchorPrint { signature: Digest::of(b""), body: Digest::of(text.as_bytes()) }) };
        text.lines().filter_map(symbol).find(|(name, _)| *name == at).map(|(_, print)| print)
    }

    fn moved(&self, tree: &dyn Tree, path: &str, at: &str, was: Option<&AnchorPrint>) -> Option<String> {
        let find = |path: &str, is: &dyn Fn(&str, &AnchorPrint) -> bool| {
            let text = tree.text(path).ok()?;
            text.lines().filter_map(symbol).find(|(name, print)| is(name, print)).map(|(name, _)| format!("{path}#{name}"))
        };
        let same_body = find(path, &|_, print| Some(print) == was);
        same_body.or_else(|| tree.files().iter().find_map(|file| find(&file.path, &|name, _| name == at)))
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".rs")
    }
}

impl Bench {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        Self { tree: MemoryTree::new(files.iter().copied()), ..Self::default() }
    }

    pub(super) fn past(mut self, gone: &[(&str, Option<&str>)]) -> Self {
        self.past = Some(gone.iter().map(|(old, new)| ((*old).to_owned(), new.map(str::to_owned))).collect());
        self
    }

    pub(super) fn shallow(mut self) -> Self {
        self.is_shallow = true;
        self
    }

    pub(super) fn never(mut self, paths: &[&str]) -> Self {
        self.lock.get_or_insert_default().never = paths.iter().map(|&path| path.to_owned()).collect();
        self
    }

    /// Locks the anchors of `units` as the files stand in `then`.
    pub(super) fn locked(mut self, units: &[Unit], then: &[(&str, &str)]) -> Self {
        let then = MemoryTree::new(then.iter().copied());
        let lock = self.lock.get_or_insert_default();
        for (unit, anchor) in units.iter().flat_map(|unit| unit.anchors.iter().map(move |anchor| (unit, anchor))) {
            if let Some(print) = super::anchor_print(&then, &LineSymbols, anchor) {
                lock.prints.insert((unit.id.clone(), format!("{}#{}", anchor.path, anchor.at.clone().unwrap_or_default())), print);
            }
        }
        self
    }

    pub(super) fn running(mut self, sandbox: Sandbox) -> Self {
        self.options = CheckOptions { run_commands: true, run_blocks: true, vocabulary: String::new() };
        self.sandbox = Some(sandbox);
        self
    }

    /// All findings, in the order of the report.
    pub(super) fn findings(self, units: Vec<Unit>) -> Vec<Finding> {
        let input = CheckInput {
            tree: &self.tree,
            units: &units,
            import_findings: &[],
            git: None,
            today: "2026-06-15",
            lock: self.lock.as_ref().map(|lock| lock as &dyn LockView),
            fingerprints: &LineSymbols,
            sandbox: self.sandbox.as_ref().ok_or_else(|| "there is none".to_owned()),
            options: self.options.clone(),
        };
        let mut desk = Desk::new(&input);
        desk.past = self.past.clone().map(Past::of).unwrap_or_default();
        desk.past.is_shallow = self.is_shallow;
        super::run(&desk)
    }

    pub(super) fn check(self, unit: Unit, expected: &[&str]) {
        self.check_all(vec![unit], expected);
    }

    /// Codes and places of all findings.
    pub(super) fn check_all(self, units: Vec<Unit>, expected: &[&str]) {
        let found = self.findings(units);
        let shown: Vec<String> = found.iter().map(|finding| format!("{} {}", finding.code, finding.place)).collect();
        assert_eq!(shown, expected, "{found:#?}");
    }
}
