//! Gemini's `generateContent`: the events of a streamed answer.

use super::Hear;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use jeton_core::Fault;

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(super) struct GeminiReader {}

impl GeminiReader {
    /// Reads one event; true where the answer is over.
    ///
    /// # Errors
    /// A complaint about the event.
    pub(super) fn read(&mut self, _event: Object<'_>, _loss: &mut Loss, _hear: &mut Hear<'_>) -> Result<bool, Fault> {
        todo!("gemini")
    }

    /// The provider has said all; there is no last event.
    ///
    /// # Errors
    /// Where it did not say why it ends.
    pub(super) fn flush(&mut self, _hear: &mut Hear<'_>) -> Result<(), Fault> {
        todo!("gemini")
    }
}
