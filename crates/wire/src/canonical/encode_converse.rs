//! Bedrock's Converse: a request from the canonical form.

use super::loss::Loss;
use super::names::ToolNames;
use super::request::Request;
use super::target::Target;
use jeton_core::Fault;

/// The body; the model stands in the path.
///
/// # Errors
/// As [`super::encode_request`].
pub(super) fn body(_request: &Request, _target: &Target, _names: &ToolNames, _loss: &mut Loss) -> Result<Vec<u8>, Fault> {
    todo!("converse")
}
