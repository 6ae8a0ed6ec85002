//! Gemini's `generateContent`: a whole answer in the canonical form.

use super::loss::Loss;
use super::object::Object;
use super::reply::Reply;
use jeton_core::Fault;

/// Fills `reply` from the document.
///
/// # Errors
/// A complaint about the document.
pub(super) fn fill(_reply: &mut Reply, _root: &mut Object<'_>, _loss: &mut Loss) -> Result<(), Fault> {
    todo!("gemini")
}
