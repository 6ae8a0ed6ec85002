//! Gemini's `generateContent`: a whole answer in the canonical form. It is what a stream of one event would say.

use super::collect::Collected;
use super::heard::GeminiReader;
use super::loss::Loss;
use super::object::Object;
use super::reply::Reply;
use jeton_core::Fault;

/// Fills `reply` from the document.
///
/// # Errors
/// A complaint about the document.
pub(super) fn fill(reply: &mut Reply, root: &mut Object<'_>, loss: &mut Loss) -> Result<(), Fault> {
    let mut collected = Collected::default();
    let mut reader = GeminiReader::default();
    let mut hear = |heard: super::heard::Heard<'_>| collected.hear(heard);
    reader.read(root.take_all(), loss, &mut hear)?;
    reader.flush(&mut hear)?;
    if let Some((id, model, _)) = collected.start {
        (reply.id, reply.model) = (id, model);
    }
    reply.parts = collected.parts;
    reply.stop = collected.stop.unwrap_or_default();
    Ok(())
}
