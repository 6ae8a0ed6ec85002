//! The prints of what anchors lead to.

pub(super) use jeton_context::check::locked_print as print;
use jeton_context::tree::Tree;
use jeton_context::{Catalogue, Lock};

/// The lock of the units as `tree` has them.
pub(super) fn lock_of(catalogue: &Catalogue, tree: &dyn Tree) -> Lock {
    Lock::of(catalogue, tree, &|anchor| print(tree, anchor))
}
