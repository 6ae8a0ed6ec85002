//! Fingerprints of source code by its syntax.

use super::{Fingerprints, anchor_print};
use crate::code::{Fingerprint, Language, Resolved, SymbolKind, find_moved, fingerprint, outline, resolve};
use crate::lock::AnchorPrint;
use crate::tree::Tree;
use crate::{Anchor, Digest};

/// How many files are searched for a symbol that is gone.
const SEARCHED_MAX: usize = 5_000;

/// What a lock keeps of the place that an anchor names. Of a path that a text only mentions nothing is kept but that it is there: else every
/// change of the code would put the lock out of date.
#[must_use]
pub fn locked_print(tree: &dyn Tree, anchor: &Anchor) -> Option<AnchorPrint> {
    if anchor.is_declared {
        return anchor_print(tree, &CodePrints, anchor);
    }
    tree.exists(&anchor.path).then(|| AnchorPrint { signature: Digest::of(b""), body: Digest::of(b"") })
}

/// The fingerprints of all languages that Jeton parses.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodePrints;

/// The body is kept without the symbol's own name, so that a renamed symbol is recognised by the lock alone.
const fn print(of: &Fingerprint) -> AnchorPrint {
    AnchorPrint { signature: of.signature, body: of.body_without_name }
}

impl Fingerprints for CodePrints {
    fn print(&self, tree: &dyn Tree, path: &str, at: Option<&str>) -> Option<AnchorPrint> {
        let language = Language::from_path(path)?;
        let text = tree.text(path).ok()?;
        if let Some(found) = fingerprint(language, &text, at) {
            return Some(print(&found));
        }
        // A name of several things stands for all of them.
        let outline = outline(language, &text);
        let Resolved::Many(found) = resolve(&outline, at?) else { return None };
        let all: Vec<Fingerprint> = found.iter().filter_map(|symbol| fingerprint(language, &text, Some(&symbol.path))).collect();
        let of = |part: fn(&Fingerprint) -> Digest| {
            let digests: Vec<Digest> = all.iter().map(part).collect();
            Digest::of_parts(&digests.iter().map(|digest| &digest.0[..]).collect::<Vec<_>>())
        };
        (!all.is_empty()).then(|| AnchorPrint { signature: of(|one| one.signature), body: of(|one| one.body_without_name) })
    }

    fn moved(&self, tree: &dyn Tree, path: &str, at: &str, was: Option<&AnchorPrint>) -> Option<String> {
        let language = Language::from_path(path)?;
        let name = at.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).find(|part| !part.is_empty())?;
        let own = tree.text(path).ok();
        let wanted = was.map(|was| Fingerprint { signature: was.signature, body: was.body, body_without_name: was.body, tokens: 0 });
        if let Some((wanted, own)) = wanted.as_ref().zip(own.as_deref())
            && let Some(moved) = find_moved(wanted, name, [(path, language, own)]).first()
        {
            return Some(format!("{path}#{}", moved.symbol));
        }
        let others = tree.files().iter().filter(|file| *file.path != *path && Language::from_path(&file.path) == Some(language)).take(SEARCHED_MAX);
        let texts: Vec<(&str, String)> =
            others.filter_map(|file| Some((&*file.path, tree.text(&file.path).ok()?))).filter(|(_, text)| text.contains(name)).collect();
        let same = wanted.and_then(|wanted| {
            find_moved(&wanted, name, texts.iter().map(|(path, text)| (*path, language, text.as_str()))).into_iter().find(|moved| !moved.is_renamed)
        });
        same.map(|moved| format!("{}#{}", moved.file, moved.symbol)).or_else(|| by_name(language, at, &texts))
    }

    fn reads(&self, path: &str) -> bool {
        Language::from_path(path).is_some()
    }
}

/// The only file that has a symbol of this path; a file that only declares a module of the name does not count.
fn by_name(language: Language, at: &str, texts: &[(&str, String)]) -> Option<String> {
    let has = |text: &str| match resolve(&outline(language, text), at) {
        Resolved::One(symbol) if symbol.kind != SymbolKind::Module => Some(symbol.path.clone()),
        _ => None,
    };
    let mut found = texts.iter().filter_map(|(path, text)| Some(format!("{path}#{}", has(text)?)));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Anchor;
    use crate::check::{AnchorState, anchor_print};
    use crate::tree::MemoryTree;

    const PAY: &str = "/// Pays.\npub fn pay(cents: u32) -> u32 {\n    let fee = cents / 100;\n    let tax = fee * 2;\n    cents + fee + tax\n}\n";

    fn state(now: &[(&str, &str)]) -> AnchorState {
        let anchor = Anchor { path: "a.rs".to_owned(), at: Some("pay".to_owned()), is_declared: true, line: 1 };
        let was = anchor_print(&MemoryTree::new([("a.rs", PAY)]), &CodePrints, &anchor);
        super::super::freshness::state_of(&MemoryTree::new(now.iter().copied()), &CodePrints, &anchor, was)
    }

    #[test]
    fn planted_changes_of_rust() {
        let gone = |is_path: bool, moved: Option<&str>| AnchorState::Broken { is_path, moved: moved.map(str::to_owned) };
        let check = |text: &str, expected: AnchorState| assert_eq!(state(&[("a.rs", text)]), expected, "{text}");
        check(PAY, AnchorState::Fresh);
        check(&PAY.replace("/// Pays.", "// It pays\n").replace("    ", "\t"), AnchorState::Fresh);
        check(&PAY.replace("/ 100", "/ 50"), AnchorState::Suspect);
        check(&PAY.replace("cents: u32", "cents: u64"), AnchorState::Stale);
        check(&PAY.replace("fn pay", "fn settle"), gone(false, Some("a.rs#settle")));
        check("", gone(false, None));
        assert_eq!(state(&[("a.rs", ""), ("b.rs", PAY)]), gone(false, Some("b.rs#pay")));
        assert_eq!(state(&[("b.rs", &PAY.replace("/ 100", "/ 50"))]), gone(true, Some("b.rs#pay")));
        assert_eq!(state(&[]), gone(true, None));
    }
}
