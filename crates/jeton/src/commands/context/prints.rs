//! The prints of what anchors lead to.

use jeton_context::lock::AnchorPrint;
use jeton_context::tree::Tree;
use jeton_context::{Anchor, Catalogue, Digest, Lock};

/// The lock of the units as `tree` has them.
pub(super) fn lock_of(catalogue: &Catalogue, tree: &dyn Tree) -> Lock {
    Lock::of(catalogue, &|anchor| print(tree, anchor))
}

/// The print of the file; of a directory only that it is there.
pub(super) fn print(tree: &dyn Tree, anchor: &Anchor) -> Option<AnchorPrint> {
    let path = anchor.path.trim_end_matches('/');
    let body = if tree.file(path).is_some() { tree.read(path).ok()? } else { Vec::new() };
    tree.exists(path).then(|| AnchorPrint { signature: Digest::of(b""), body: Digest::of(&body) })
}
