//! Bedrock's Converse: each event is an object with one member, named after its type, as the SDKs show it (`{"messageStop": {…}}`). What the events of a stream, and a document, say of themselves.

use super::{Facts, Verdict};
use crate::json::{Cursor, Parsed};

/// Reads one event; the verdict, and whether usage was stated.
pub(super) fn event(_facts: &mut Facts, _data: &[u8]) -> (Verdict, bool) {
    todo!("converse")
}

/// Reads a document. True where usage was stated.
pub(crate) fn converse(_facts: &mut Facts, _cursor: &mut Cursor<'_>) -> Parsed<bool> {
    todo!("converse")
}
