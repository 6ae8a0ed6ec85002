//! Packs of context, and how context is read, as the snapshot holds them.

use crate::Pattern;
use serde::Serialize;

/// `[packs.NAME]`: a named request for context under a budget of tokens. May stand in a file of its own,
/// `context/packs/NAME.toml`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pack {
    /// Globs of paths, from the project's directory; units of other paths are not taken. Empty: every path is.
    pub scope: Vec<String>,
    /// Words of the kinds of unit that may be taken: `constraint`, `doc`, `schema`, `example`, `skill`, `code`, `history`.
    pub kinds: Vec<String>,
    /// Ids of units that must be in.
    pub units: Vec<Pattern>,
    /// What is looked for.
    pub query: PackQuery,
    /// The most tokens that the compilation may have.
    pub budget_tokens: u64,
    /// Where it is put into a request.
    pub place: PackPlace,
    /// Share of calls on which one eligible unit is left out, from 0 (never) to 0.03.
    pub hold_out: f64,
}

/// What a pack looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackQuery {
    /// The text of the last user message.
    #[default]
    LastUser,
    /// The value of this request header; the name is in lower case.
    Header(String),
    /// Always this text.
    Text(String),
}

/// Where context is put into a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PackPlace {
    /// Before everything else, where providers cache.
    #[default]
    System,
    /// At the start of the last user message.
    User,
}

/// `[context]`: how the catalogue is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContextSettings {
    /// Globs of paths that are never read, beside what ignore files say.
    pub ignore: Vec<String>,
    /// Name of the vocabulary in which tokens are counted where the model says nothing.
    pub vocabulary: String,
    /// The model, as `provider/name`, whose embeddings take part in ranking; none: ranking is by words alone.
    pub embeddings: Option<String>,
    /// Whether commands of constraints, and code blocks marked as tests, may run.
    pub commands: ContextCommands,
}

/// Whether commands of constraints, and code blocks marked as tests, may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContextCommands {
    /// In the sandbox.
    #[default]
    Sandboxed,
    /// Not at all.
    Never,
}
