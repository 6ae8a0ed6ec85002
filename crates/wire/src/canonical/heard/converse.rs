//! Bedrock's Converse: the events of a streamed answer.

use super::Hear;
use crate::canonical::loss::Loss;
use crate::canonical::object::Object;
use jeton_core::Fault;

/// Reads the events of one answer.
#[derive(Debug, Default)]
pub(super) struct ConverseReader {}

impl ConverseReader {
    /// Reads one event; true where the answer is over.
    ///
    /// # Errors
    /// A complaint about the event.
    pub(super) fn read(&mut self, _event: Object<'_>, _loss: &mut Loss, _hear: &mut Hear<'_>) -> Result<bool, Fault> {
        todo!("converse")
    }
}
