//! The stages of a call, in their order. Each knows its own business only; [`crate::Broker::call`] puts them in a row.

pub(crate) mod admit;
pub(crate) mod attach;
pub(crate) mod attempt;
pub(crate) mod choose;
pub(crate) mod classify;
pub(crate) mod hold;
pub(crate) mod identify;
pub(crate) mod meter;
pub(crate) mod record;
pub(crate) mod settle;
pub(crate) mod translate;
