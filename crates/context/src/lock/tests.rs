use super::*;
use crate::CatalogueOptions;
use crate::tree::MemoryTree;
use proptest::prelude::*;

fn lock(files: &[(&str, &str)], seed: &str) -> Lock {
    let catalogue = Catalogue::build(&MemoryTree::new(files.iter().copied()), &CatalogueOptions::default());
    let print = |anchor: &Anchor| {
        let digest = Digest::of(format!("{seed}{}", anchor.path).as_bytes());
        (!anchor.path.contains("gone")).then_some(AnchorPrint { signature: digest, body: digest })
    };
    Lock::of(&catalogue, &MemoryTree::new(files.iter().copied()), &print)
}

const A: (&str, &str) = ("context/a.md", "---\nid: a\nanchors: [src/x.rs#Y, src/gone.rs]\n---\nText.\n");
const B: (&str, &str) = ("context/b.md", "---\nid: b\n---\nOther.\n");

#[test]
fn a_lock_reads_back() {
    let mut lock = lock(&[A, B], "");
    lock.never.insert("a \"b\" = c".to_owned());
    let text = lock.to_string();
    assert_eq!(Lock::parse(&text, LOCK_FILE), (lock.clone(), Vec::new()), "{text}");
    let anchor = Anchor { path: "src/gone.rs".to_owned(), at: None, is_declared: true, line: 0 };
    assert_eq!((lock.print("doc:a", &anchor), lock.print("doc:b", &anchor)), (Some(None), None));
    assert!(text.starts_with("# made by jeton context lock\nversion = 2\n\n[[never]]\n"));
}

#[test]
fn what_is_declared_counts_where_it_is_mentioned_too() {
    let files = [("src/x.rs", "fn y() {}\n"), ("context/a.md", "---\nid: a\nanchors: [src/x.rs]\n---\nSee `src/x.rs`.\n")];
    let catalogue = Catalogue::build(&MemoryTree::new(files), &CatalogueOptions::default());
    let print = |anchor: &Anchor| {
        let digest = Digest::of(if anchor.is_declared { b"declared" } else { b"mentioned" });
        Some(AnchorPrint { signature: digest, body: digest })
    };
    let lock = Lock::of(&catalogue, &MemoryTree::new(files.iter().copied()), &print);
    let anchor = Anchor { path: "src/x.rs".to_owned(), at: None, is_declared: true, line: 3 };
    assert_eq!(catalogue.units().iter().find(|unit| unit.id == "doc:a").map(|unit| unit.anchors.len()), Some(2));
    assert_eq!(lock.print("doc:a", &anchor), Some(print(&anchor)));
}

#[test]
fn bad_lines_are_reported_and_the_rest_is_read() {
    let text = format!("{}<<<<<<< ours\n[[unit]]\nid = 3\n[[unit]]\nid = \"doc:c\"\ndigest = \"x\"\n", lock(&[A], ""));
    let (read, findings) = Lock::parse(&text, LOCK_FILE);
    assert_eq!(read.units.keys().collect::<Vec<_>>(), ["doc:a", "doc:c"]);
    assert_eq!(findings.len(), 3);
    assert!(findings[0].message.contains("merge"));
}

fn check(old: &Lock, new: &Lock, expected: &str) {
    assert_eq!(Lock::diff(old, new).to_string(), expected);
}

#[test]
fn changes_are_told_apart() {
    let first = lock(&[A, B], "");
    check(&first, &first, "nothing changed\n");
    let text = lock(&[A, (B.0, "---\nid: b\n---\nOther words.\n")], "");
    check(&first, &text, "~ doc:b: body, tokens (2 → 3 tokens in o200k_base)\n0 added, 0 removed, 1 changed; 4 → 5 tokens in o200k_base\n");
    check(
        &first,
        &lock(&[A, (B.0, "---\nid: b\nclasses: [x]\n---\nOther.\n")], ""),
        "~ doc:b: scope\n0 added, 0 removed, 1 changed; 4 → 4 tokens in o200k_base\n",
    );
    check(
        &first,
        &lock(&[A, (B.0, "---\nid: b\nsafety: true\n---\nOther.\n")], ""),
        "~ doc:b: use\n0 added, 0 removed, 1 changed; 4 → 4 tokens in o200k_base\n",
    );
    check(&first, &lock(&[A, B], "later"), "~ doc:a: anchors\n0 added, 0 removed, 1 changed; 4 → 4 tokens in o200k_base\n");
    let removed = "- doc:b (2 tokens in o200k_base)\n0 added, 1 removed, 0 changed; 4 → 2 tokens in o200k_base\n";
    check(&first, &lock(&[A], ""), removed);
    check(&lock(&[A], ""), &first, "+ doc:b (2 tokens in o200k_base)\n1 added, 0 removed, 0 changed; 2 → 4 tokens in o200k_base\n");
}

#[test]
fn a_changed_fact_is_a_change() {
    let with = |days: &str| {
        let policy = format!("days = {days}\n");
        let files =
            [("context/a.md", "---\nid: a\n---\nWithin {fact: 30 from policy.toml#/days} days, {fact: x from policy.toml#/none}.\n"), ("policy.toml", &policy)];
        lock(&files, "")
    };
    let (first, text) = (with("30"), with("30").to_string());
    assert_eq!(Lock::parse(&text, LOCK_FILE), (first.clone(), Vec::new()), "{text}");
    assert!(text.contains("facts.\"policy.toml#/none\" = \"missing\"\n"), "{text}");
    let tokens = first.units["doc:a"].tokens["o200k_base"];
    check(&first, &with("14"), &format!("~ doc:a: facts\n0 added, 0 removed, 1 changed; {tokens} → {tokens} tokens in o200k_base\n"));
    // What a lock of the first version did not keep is no change.
    let older: String = text.replace("version = 2", "version = 1").lines().filter(|line| !line.starts_with("facts.")).map(|line| format!("{line}\n")).collect();
    let (older, findings) = Lock::parse(&older, LOCK_FILE);
    assert_eq!(findings, []);
    check(&older, &with("14"), "nothing changed\n");
}

proptest! {
    #[test]
    fn any_text_is_read(text in "(\\[\\[unit\\]\\]\n|\\[\\[never\\]\\]\n|id = |digest = |tokens\\.|anchors\\.|\"| = |\n|[a-z0-9é]){0,30}") {
        let _ = Lock::parse(&text, LOCK_FILE);
    }

    #[test]
    fn any_names_read_back(names in proptest::collection::btree_map("[a-z \"=.\\\\é]{0,8}", "[a-z =\".#]{0,8}", 0..5)) {
        let units = names.iter().map(|(id, anchor)| (id.clone(), LockedUnit { anchors: BTreeMap::from([(anchor.clone(), None)]), ..LockedUnit::default() }));
        let lock = Lock { units: units.collect(), never: names.keys().cloned().collect() };
        prop_assert_eq!(Lock::parse(&lock.to_string(), LOCK_FILE).0, lock);
    }
}
