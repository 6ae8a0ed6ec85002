//! Freshness on changes planted in real code: this workspace's own crates, copied, one page anchored to each of 150 of their functions.
//!
//! One hundred changes must be found in the right state; fifty pages whose function only got other layout, or a neighbour that changed, must
//! raise no alarm.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use jeton_context::check::{AnchorState, CheckInput, CheckOptions, CodePrints, anchor_print, anchor_state, check};
use jeton_context::code::{Fingerprint, Language, Resolved, Symbol, SymbolKind, fingerprints, outline, resolve};
use jeton_context::tree::{Tree, TreeOptions, WorkTree};
use jeton_context::{Catalogue, CatalogueOptions, Finding, Lock};
use jeton_core::SeededRandom;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What is done to the function, or the fact, of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Plant {
    Rename,
    Move,
    Signature,
    Body,
    Delete,
    Fact,
    /// Nothing; its neighbours may change.
    Nothing,
    /// Comments and blank lines, within and around it.
    Layout,
}

/// How many pages get what.
const PLAN: [(Plant, usize); 8] = [
    (Plant::Move, 17),
    (Plant::Rename, 17),
    (Plant::Signature, 17),
    (Plant::Body, 17),
    (Plant::Delete, 16),
    (Plant::Fact, 16),
    (Plant::Nothing, 25),
    (Plant::Layout, 25),
];

/// The crates whose code is copied.
const CRATES: [&str; 4] = ["context", "core", "project", "text"];

/// A function of the copy.
struct Target {
    path: String,
    symbol: Symbol,
    plant: Plant,
    page: usize,
}

impl Target {
    fn unit(&self) -> String {
        format!("doc:planted-{}", self.page)
    }

    /// Whether its name means something in its file now that it is gone.
    fn has_namesake(&self, tree: &WorkTree) -> bool {
        !matches!(resolve(&outline(Language::Rust, &tree.text(&self.path).unwrap()), &self.symbol.path), Resolved::None)
    }
}

/// A replacement of bytes of a file.
struct Edit {
    start: usize,
    end: usize,
    new: String,
}

type Files = BTreeMap<String, String>;

#[test]
fn planted_changes_are_found_and_nothing_else() {
    let mut files = sources();
    let targets = targets(&files);
    let project = Copied::new(&files, &targets);
    let before = project.tree();
    let catalogue = Catalogue::build(&before, &CatalogueOptions::default());
    let lock = Lock::of(&catalogue, &before, &|anchor| anchor_print(&before, &CodePrints, anchor));
    let (lock, faults) = Lock::parse(&lock.to_string(), "context.lock");
    assert!(faults.is_empty(), "{faults:?}");
    let known = findings(&before, &catalogue, &lock);
    assert!(!known.iter().any(is_alarm), "nothing is out of date before anything changes: {known:#?}");

    let moved_to = plant(&mut files, &targets);
    project.write(&files);
    project.write_facts(|page| targets.iter().any(|target| target.page == page && target.plant == Plant::Fact));
    let after = project.tree();
    let now = Catalogue::build(&after, &CatalogueOptions::default());
    let found = findings(&after, &now, &lock);
    let seen = Seen { tree: &after, catalogue: &now, lock: &lock, found: &found, known: &known };
    report(&targets, &seen, &moved_to);
}

/// What the checks said before and after.
struct Seen<'a> {
    tree: &'a WorkTree,
    catalogue: &'a Catalogue,
    lock: &'a Lock,
    found: &'a [Finding],
    known: &'a [Finding],
}

/// Counts what was found as it should be, and fails with all that was not.
fn report(targets: &[Target], seen: &Seen<'_>, moved_to: &BTreeMap<usize, String>) {
    let mut counts: BTreeMap<Plant, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    for target in targets {
        let (right, all) = counts.entry(target.plant).or_default();
        *all += 1;
        match verdict(target, seen, moved_to) {
            Ok(()) => *right += 1,
            Err(why) => wrong.push(format!("{:?} {}#{}: {why}", target.plant, target.path, target.symbol.path)),
        }
    }
    for (plant, (right, all)) in &counts {
        println!("planted {:<10} {right} of {all} as they should be", format!("{plant:?}").to_lowercase());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(counts.values().map(|(_, all)| all).sum::<usize>(), 150);
}

fn verdict(target: &Target, seen: &Seen<'_>, moved_to: &BTreeMap<usize, String>) -> Result<(), String> {
    let id = target.unit();
    let codes = |findings: &[Finding]| findings.iter().filter(|f| f.unit.as_deref() == Some(&id)).map(|f| f.code).collect::<BTreeSet<_>>();
    let new: Vec<&str> = codes(seen.found).difference(&codes(seen.known)).copied().collect();
    let is_gone = matches!(target.plant, Plant::Rename | Plant::Move | Plant::Delete);
    let code: &[&str] = match target.plant {
        // Where a field bears the name of the function that is gone, the name now means the field: something with another signature.
        _ if is_gone && target.has_namesake(seen.tree) => &["stale-anchor"],
        Plant::Rename | Plant::Move | Plant::Delete => &["broken-anchor"],
        Plant::Signature => &["stale-anchor"],
        Plant::Body => &["suspect-anchor"],
        Plant::Fact => &["fact-differs"],
        Plant::Nothing | Plant::Layout => &[],
    };
    if new != code {
        return Err(format!("found {new:?}, not {code:?}"));
    }
    let unit = seen.catalogue.units().iter().find(|unit| unit.id == id).ok_or("the page is gone")?;
    let state = anchor_state(unit, &unit.anchors[0], &input(seen.tree, seen.catalogue, seen.lock));
    let is_right = match (code.first(), &state) {
        (Some(&"broken-anchor"), AnchorState::Broken { is_path: false, moved }) if target.plant == Plant::Delete => {
            // A hint may only lead to what bears the name.
            moved.as_ref().is_none_or(|moved| moved.ends_with(&format!("#{0}", target.symbol.path)) || moved.ends_with(&format!("::{}", target.symbol.path)))
        }
        (Some(&"broken-anchor"), AnchorState::Broken { is_path: false, moved }) => moved.as_ref() == moved_to.get(&target.page),
        (Some(&"stale-anchor"), AnchorState::Stale) | (Some(&"suspect-anchor"), AnchorState::Suspect) => true,
        (Some(&"fact-differs") | None, AnchorState::Fresh) => true,
        _ => false,
    };
    if is_right { Ok(()) } else { Err(format!("is {state:?}; it went to {:?}", moved_to.get(&target.page))) }
}

fn input<'a>(tree: &'a WorkTree, catalogue: &'a Catalogue, lock: &'a Lock) -> CheckInput<'a> {
    CheckInput {
        tree,
        units: catalogue.units(),
        import_findings: &[],
        git: None,
        today: "2026-06-15",
        lock: Some(lock),
        fingerprints: &CodePrints,
        sandbox: Err("nothing is run".to_owned()),
        options: CheckOptions::default(),
    }
}

fn findings(tree: &WorkTree, catalogue: &Catalogue, lock: &Lock) -> Vec<Finding> {
    check(&input(tree, catalogue, lock))
}

fn is_alarm(finding: &Finding) -> bool {
    finding.code.ends_with("-anchor") || finding.code.starts_with("fact-")
}

/// The code of [`CRATES`], by path in the copy.
fn sources() -> Files {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Files::new();
    for name in CRATES {
        let tree = WorkTree::open(&crates.join(name).join("src"), &TreeOptions::default());
        let code = tree.files().iter().filter(|file| file.path.ends_with(".rs"));
        files.extend(code.map(|file| (format!("{name}/src/{}", file.path), tree.text(&file.path).unwrap())));
    }
    files
}

/// Functions drawn by chance, always the same for the same code: those with a name of one meaning in their file, some body, and no twin.
fn targets(files: &Files) -> Vec<Target> {
    let mut twins: BTreeMap<_, usize> = BTreeMap::new();
    let all: Vec<(&String, Vec<(Symbol, Fingerprint)>)> = files.iter().map(|(path, text)| (path, fingerprints(Language::Rust, text))).collect();
    for (_, print) in all.iter().flat_map(|(_, symbols)| symbols) {
        *twins.entry(print.body_without_name).or_default() += 1;
    }
    let mut fit: Vec<(String, Symbol)> = Vec::new();
    for (path, symbols) in &all {
        let (text, outline) = (&files[*path], outline(Language::Rust, &files[*path]));
        let good = symbols.iter().filter(|(symbol, print)| {
            let is_one = matches!(resolve(&outline, &symbol.path), Resolved::One(_));
            is_one && is_plain(text, symbol) && print.tokens >= 30 && twins[&print.body_without_name] == 1
        });
        fit.extend(good.map(|(symbol, _)| ((*path).clone(), symbol.clone())));
    }
    let mut random = SeededRandom::new(100);
    let mut drawn = Vec::new();
    for (plant, count) in PLAN {
        for _ in 0..count {
            // Only what stands by itself can be moved by cutting it out.
            let able: Vec<usize> = (0..fit.len()).filter(|&at| plant != Plant::Move || fit[at].1.depth == 0).collect();
            let pick = able[usize::try_from(random.below(able.len() as u64)).unwrap()];
            let (path, symbol) = fit.swap_remove(pick);
            fit.retain(|(other, near)| *other != path || near.bytes.end <= symbol.doc.start.min(symbol.bytes.start) || near.bytes.start >= symbol.bytes.end);
            drawn.push(Target { path, symbol, plant, page: drawn.len() });
        }
    }
    drawn
}

/// A function outside tests whose parameters follow its name directly and whose body has braces.
fn is_plain(text: &str, symbol: &Symbol) -> bool {
    let is_function = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method) && !symbol.path.starts_with("tests");
    let has_body = symbol.body.as_ref().is_some_and(|body| text[body.clone()].starts_with('{'));
    is_function && has_body && text[symbol.bytes.clone()].contains(&format!("fn {}(", symbol.name))
}

/// Plants everything. Gives where what was renamed or moved stands now, by page.
fn plant(files: &mut Files, targets: &[Target]) -> BTreeMap<usize, String> {
    let mut edits: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let mut moved_to = BTreeMap::new();
    for target in targets {
        let mut edit = |path: &str, (start, end): (usize, usize), new: String| edits.entry(path.to_owned()).or_default().push(Edit { start, end, new });
        if let Some(now) = changes(target, files, &mut edit) {
            moved_to.insert(target.page, now);
        }
    }
    for (path, mut edits) in edits {
        let text = files.get_mut(&path).unwrap();
        edits.sort_by_key(|edit| std::cmp::Reverse((edit.start, edit.end)));
        edits.iter().for_each(|edit| text.replace_range(edit.start..edit.end, &edit.new));
    }
    moved_to
}

/// Gives `edit` the changes of one target: path, first byte and end, new text. Gives the new place of what is renamed or moved.
fn changes(target: &Target, files: &Files, edit: &mut impl FnMut(&str, (usize, usize), String)) -> Option<String> {
    let (path, symbol, text) = (target.path.as_str(), &target.symbol, &files[&target.path]);
    let inside = symbol.body.clone().unwrap().start + 1;
    let whole = if symbol.doc.is_empty() { symbol.bytes.clone() } else { symbol.doc.start..symbol.bytes.end };
    match target.plant {
        Plant::Rename => {
            let name = format!("planted_{}", target.page);
            edit(path, (symbol.bytes.start, symbol.bytes.end), renamed(&text[symbol.bytes.clone()], &symbol.name, &name));
            return Some(format!("{path}#{}{name}", symbol.path.strip_suffix(&symbol.name).unwrap()));
        }
        Plant::Move => {
            edit(path, (whole.start, whole.end), String::new());
            let (other, end) =
                files.iter().find(|(other, text)| *other != path && !text.contains(&symbol.name)).map(|(other, text)| (other, text.len())).unwrap();
            edit(other, (end, end), format!("\n{}\n", &text[whole]));
            return Some(format!("{other}#{}", symbol.name));
        }
        Plant::Signature => {
            let at = end_of_parameters(text, symbol);
            let comma = if text[..at].trim_end().ends_with(['(', ',']) { "" } else { ", " };
            edit(path, (at, at), format!("{comma}planted: u64"));
        }
        Plant::Body => edit(path, (inside, inside), "\n    let _planted = 1;".to_owned()),
        Plant::Delete => edit(path, (whole.start, whole.end), String::new()),
        Plant::Layout => {
            edit(path, (symbol.bytes.start, symbol.bytes.start), "/* planted */  ".to_owned());
            edit(path, (inside, inside), "\n\n    // planted\n".to_owned());
        }
        Plant::Fact | Plant::Nothing => {}
    }
    None
}

/// `text` with the function `name`, and its calls of itself, named `new`.
fn renamed(text: &str, name: &str, new: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        out.push_str(before);
        let is_others = out.ends_with('.') && !out.ends_with("self.");
        let is_whole = !out.ends_with(is_word) && !is_others && after.starts_with('(');
        out.push_str(if is_whole { new } else { name });
        rest = after;
    }
    out + rest
}

/// Where the parenthesis stands that closes the parameters.
fn end_of_parameters(text: &str, symbol: &Symbol) -> usize {
    let head = format!("fn {}(", symbol.name);
    let first = symbol.bytes.start + text[symbol.bytes.clone()].find(&head).unwrap() + head.len();
    let mut depth = 1;
    let close = text[first..].char_indices().find(|(_, c)| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    first + close.unwrap().0
}

/// The copy, removed at the end.
struct Copied(PathBuf);

impl Copied {
    fn new(files: &Files, targets: &[Target]) -> Self {
        let root = std::env::temp_dir().join(format!("jeton-planted-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let project = Self(root);
        project.write(files);
        project.write_facts(|_| false);
        let pages = targets.iter().map(|target| (format!("context/planted-{}.md", target.page), page(target)));
        project.write(&pages.collect());
        project
    }

    fn write(&self, files: &Files) {
        for (path, text) in files {
            let path = self.0.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    /// The figures that pages quote: one each, another one where `is_changed`.
    fn write_facts(&self, is_changed: impl Fn(usize) -> bool) {
        let count: usize = PLAN.iter().map(|(_, count)| count).sum();
        let lines = (0..count).map(|page| format!("limit_{page} = {}\n", 1_000 + page + if is_changed(page) { 5_000 } else { 0 }));
        self.write(&Files::from([("data/limits.toml".to_owned(), lines.collect())]));
    }

    fn tree(&self) -> WorkTree {
        WorkTree::open(&self.0, &TreeOptions::default())
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn page(target: &Target) -> String {
    let (page, path, name) = (target.page, &target.path, &target.symbol.path);
    // Each page counts something else, or they would contradict each other.
    let letter = |at: usize| char::from(b'a' + u8::try_from(at % 26).unwrap());
    let what = format!("zeb{}{}o", letter(page / 26), letter(page));
    let fact = format!("{{fact: {} from data/limits.toml#/limit_{page}}}", 1_000 + page);
    format!("---\nid: planted-{page}\nanchors: [\"{path}#{name}\"]\n---\n# Page {page} about `{name}`\n\nIt takes {fact} {what}.\n")
}
