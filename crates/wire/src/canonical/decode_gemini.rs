//! Gemini's `generateContent`: a request in the canonical form.

use super::loss::Loss;
use super::object::Object;
use super::request::Request;
use jeton_core::Fault;

/// Fills `request` from the body.
///
/// # Errors
/// As [`super::read_request`].
pub(super) fn fill(_request: &mut Request, _root: &mut Object<'_>, _loss: &mut Loss) -> Result<(), Fault> {
    todo!("gemini")
}
