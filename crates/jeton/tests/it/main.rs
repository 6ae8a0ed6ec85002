//! The real binary, from its front to a scripted provider and back. One test binary, so that it links once.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

mod budgets;
mod common;
mod durability;
mod routes;
mod wire_chat;
mod wire_messages;
mod wire_responses;
