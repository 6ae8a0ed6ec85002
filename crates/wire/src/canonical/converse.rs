//! Bedrock's Converse: an answer from the canonical form, as a document and as a stream.

use super::reply::{Reply, StopReason};
use super::stream::Delta;
use jeton_core::Usage;

/// The answer as one document.
pub(super) fn document(_reply: &Reply) -> Vec<u8> {
    todo!("converse")
}

/// The answer as a stream.
#[derive(Clone, Debug)]
pub(super) struct ConverseStream {}

impl ConverseStream {
    pub(super) fn new(_head: &Reply) -> Self {
        todo!("converse")
    }

    pub(super) fn opening(&mut self) -> Vec<u8> {
        todo!("converse")
    }

    pub(super) fn delta(&mut self, _delta: &Delta<'_>) -> Vec<u8> {
        todo!("converse")
    }

    pub(super) fn closing(&mut self, _stop: &StopReason, _usage: &Usage) -> Vec<u8> {
        todo!("converse")
    }
}
