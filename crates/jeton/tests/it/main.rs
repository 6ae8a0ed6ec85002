//! The real binary, from its front to a scripted provider and back. One test binary, so that it links once.
#![allow(clippy::unwrap_used, clippy::float_cmp)]

mod audit;
mod bad_input;
mod budgets;
mod cli;
mod common;
mod config;
mod context;
mod decisions;
mod demo;
mod durability;
mod embeddings;
mod evals;
mod init;
mod keys;
mod live_calls;
mod living;
mod promptfoo;
mod routes;
mod support_desk;
mod tls;
mod translation;
mod wire_chat;
mod wire_messages;
mod wire_responses;
