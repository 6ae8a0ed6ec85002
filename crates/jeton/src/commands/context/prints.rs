//! The prints of what anchors lead to.

use jeton_context::check::{CodePrints, anchor_print};
use jeton_context::lock::AnchorPrint;
use jeton_context::tree::Tree;
use jeton_context::{Anchor, Catalogue, Digest, Lock};

/// The lock of the units as `tree` has them.
pub(super) fn lock_of(catalogue: &Catalogue, tree: &dyn Tree) -> Lock {
    Lock::of(catalogue, tree, &|anchor| print(tree, anchor))
}

/// The print of what a unit is about. Of a path that a text only mentions nothing is kept but that it is there: else every change of the code
/// would put the lock out of date.
pub(super) fn print(tree: &dyn Tree, anchor: &Anchor) -> Option<AnchorPrint> {
    if anchor.is_declared {
        return anchor_print(tree, &CodePrints, anchor);
    }
    tree.exists(&anchor.path).then(|| AnchorPrint { signature: Digest::of(b""), body: Digest::of(b"") })
}
