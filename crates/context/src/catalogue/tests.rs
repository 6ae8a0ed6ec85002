use super::*;
use crate::Trust;
use crate::tree::MemoryTree;

fn catalogue(files: &[(&str, &str)]) -> Catalogue {
    Catalogue::build(&MemoryTree::new(files.iter().copied()), &CatalogueOptions::default())
}

fn ids(catalogue: &Catalogue) -> Vec<&str> {
    catalogue.units().iter().map(|unit| unit.id.as_str()).collect()
}

fn codes(catalogue: &Catalogue) -> Vec<String> {
    catalogue.findings().iter().map(|finding| format!("{} {}", finding.place, finding.code)).collect()
}

fn long(title: &str) -> String {
    format!("## {title}\n\n{}\n\n", "Some words that say something about the work. ".repeat(8))
}

#[test]
fn files_become_units_with_owner_scope_and_tokens() {
    let agents = format!("# Rules\n\nShort.\n\n{}{}", long("Build"), long("Test"));
    let catalogue = catalogue(&[("AGENTS.md", &agents), ("crates/a/AGENTS.md", "Use tabs.\n"), (".github/CODEOWNERS", "* @all\n/crates/ @core\n")]);
    assert_eq!(ids(&catalogue), ["doc:AGENTS.md#build", "doc:AGENTS.md#test", "doc:crates/a/AGENTS.md"]);
    let nested = catalogue.unit("doc:crates/a/AGENTS.md").unwrap();
    assert_eq!((nested.scope.paths.as_slice(), nested.owners.as_slice()), (&["crates/a/**".to_owned()][..], &["@core".to_owned()][..]));
    assert_eq!(nested.tokens.get("o200k_base").copied(), Some(Vocabulary::O200kBase.count("Use tabs.")));
    let build = catalogue.unit("doc:AGENTS.md#build").unwrap();
    assert_eq!((build.loading, build.title.as_str(), build.place.to_string().as_str()), (Loading::Always, "Rules › Build", "AGENTS.md:1-7"));
    assert!(catalogue.findings().is_empty());
}

#[test]
fn imports_are_loaded_with_their_importer_and_circles_end() {
    let catalogue = catalogue(&[
        ("CLAUDE.md", "@AGENTS.md\n@notes/a.md\n@notes/gone.md\n@octocat said so\n"),
        ("AGENTS.md", "Rules.\n"),
        ("notes/a.md", "A note. @b.md\n"),
        ("notes/b.md", "Back to @a.md\n"),
        ("README.md", "Hello.\n"),
    ]);
    assert_eq!(ids(&catalogue), ["doc:AGENTS.md", "doc:CLAUDE.md", "doc:README.md", "doc:notes/a.md", "doc:notes/b.md"]);
    assert_eq!(codes(&catalogue), ["CLAUDE.md:3 import-missing", "notes/b.md:1 import-cycle"]);
    let loading = |id: &str| catalogue.unit(id).map(|unit| unit.loading);
    assert_eq!((loading("doc:notes/b.md"), loading("doc:README.md")), (Some(Loading::Always), Some(Loading::OnDemand)));
}

#[test]
fn an_id_used_twice_is_reported_with_both_places() {
    let catalogue = catalogue(&[("context/b.md", "---\nid: x\n---\nB\n"), ("context/a.md", "---\nid: x\n---\nA\n")]);
    assert_eq!(codes(&catalogue), ["context/b.md:4 duplicate-id"]);
    assert!(catalogue.findings()[0].message.contains("context/a.md:4") && catalogue.findings()[0].message.contains("context/b.md:4"));
    assert_eq!(&*catalogue.unit("doc:x").unwrap().body, "A");
}

#[test]
fn moving_a_unit_keeps_its_digest_and_changing_its_use_does_not() {
    let digest = |text: &str| catalogue(&[("context/a.md", text)]).unit("doc:x").unwrap().digest;
    let first = digest("---\nid: x\n---\nA\n");
    assert_eq!(first, digest("---\nid: x\n\n---\n\n\nA\n"));
    assert_ne!(first, digest("---\nid: x\nclasses: a\n---\nA\n"));
    assert_ne!(first, digest("---\nid: x\nsafety: true\n---\nA\n"));
    assert_ne!(first, digest("---\nid: x\n---\nB\n"));
}

#[test]
fn units_are_found_by_id_end_and_pattern() {
    let catalogue = catalogue(&[("docs/a.md", "A\n"), ("docs/b/a.md", "B\n"), ("context/x.md", "---\nid: rule\nkind: constraint\n---\nX\n")]);
    let find = |words: &str| catalogue.find(words).iter().map(|unit| unit.id.as_str()).collect::<Vec<_>>();
    assert_eq!(find("rule"), ["constraint:rule"]);
    assert_eq!(find("docs/a.md"), ["doc:docs/a.md"]);
    assert_eq!(find("a.md"), ["doc:docs/a.md", "doc:docs/b/a.md"]);
    assert_eq!(find("doc:*b*"), ["doc:docs/b/a.md"]);
    assert!(find("ule").is_empty() && find("").is_empty());
}

#[test]
fn bad_files_are_reported_and_the_rest_is_read() {
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("context/open.md", b"---\nid: x\nText".to_vec()),
        ("context/yaml.md", b"---\na: [\n---\nText".to_vec()),
        ("context/latin.md", b"Caf\xe9\n".to_vec()),
        ("context/key.md", b"---\nscop: x\nvalid_until: soon\n---\nText".to_vec()),
    ];
    files.push(("README.md", vec![b'a'; 600 << 10]));
    let catalogue = Catalogue::build(&MemoryTree::new(files), &CatalogueOptions::default());
    let expected = [
        "README.md oversize-file",
        "context/key.md:2 unknown-key",
        "context/key.md:3 bad-value",
        "context/latin.md:1 not-utf8",
        "context/open.md:1 unreadable-front-matter",
        "context/yaml.md:3 unreadable-front-matter",
    ];
    assert_eq!(codes(&catalogue), expected);
    assert_eq!(catalogue.units().len(), 4);
}

#[test]
fn the_work_of_others_is_believed_less() {
    let catalogue = catalogue(&[("vendor/x/README.md", "A\n"), ("node_modules/y/README.md", "B\n"), ("README.md", "C\n")]);
    let trusts: Vec<Trust> = catalogue.units().iter().map(|unit| unit.trust).collect();
    assert_eq!(trusts, [Trust::Team, Trust::Untrusted, Trust::Vendor]);
}

#[test]
fn named_links_and_titles_of_the_whole_page_count_in_its_sections() {
    let page = format!("---\ntitle: Page\n---\n{}See [the code][code].\n\n{}\n[code]: ../src/a.rs\n", long("One"), long("Two"));
    let catalogue = catalogue(&[("docs/a.md", &page), ("src/a.rs", "")]);
    let one = catalogue.unit("doc:docs/a.md#one").unwrap();
    let anchors: Vec<(&str, u32)> = one.anchors.iter().map(|anchor| (anchor.path.as_str(), anchor.line)).collect();
    assert_eq!((anchors.as_slice(), one.title.as_str()), (&[("src/a.rs", 8)][..], "Page › One"));
}
