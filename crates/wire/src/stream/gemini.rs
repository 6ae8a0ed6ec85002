//! Gemini's `generateContent`: what the events of a stream, and a document, say of themselves.

use super::{Facts, Verdict};
use crate::json::{Cursor, Parsed};

/// Reads one event; the verdict, and whether usage was stated.
pub(super) fn event(_facts: &mut Facts, _data: &[u8]) -> (Verdict, bool) {
    todo!("gemini")
}

/// Reads a document. True where usage was stated.
pub(crate) fn generated(_facts: &mut Facts, _cursor: &mut Cursor<'_>) -> Parsed<bool> {
    todo!("gemini")
}
