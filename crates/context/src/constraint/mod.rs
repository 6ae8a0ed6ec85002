//! Constraints: rules whose text goes into the prompt and whose check judges what comes out.

mod enforce;
pub(crate) mod query;
mod run;
mod scope;
mod shape;

pub use enforce::{Enforcement, Unscored, enforce};
pub use run::{Breach, Prepared, Subject, Surroundings, Verdict, run};
pub(crate) use run::{cannot_run, excerpt, regex, said};
pub use scope::PathScope;
pub use shape::judge_shape;

use crate::Severity;
use serde::{Deserialize, Serialize};

/// A rule: one record for prompt, check and grader.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Constraint {
    /// The rule as a model reads it.
    pub text: String,
    /// How much a breach weighs.
    pub severity: Severity,
    /// How a breach is found; none: the rule can only be read.
    pub check: Option<Check>,
    /// What is checked.
    pub target: Target,
}

/// How a breach is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A regular expression that must not be found; `^` and `$` hold at lines.
    Forbid(String),
    /// A regular expression that must be found; `^` and `$` hold at lines.
    Require(String),
    /// A tree-sitter query, each of whose matches is a breach, in a language by its name. The node marked `@breach`, or else the first that is
    /// marked, is shown.
    Query {
        /// The language's name, e.g. `rust`.
        language: String,
        /// The query.
        query: String,
    },
    /// A JSON Schema that the text, read as JSON, must satisfy.
    Schema(serde_json::Value),
    /// The id of a schema unit that the text, read as JSON, must satisfy.
    SchemaUnit(String),
    /// A command that must end with 0; run in a sandbox. Outputs come on standard input, files as paths at its end.
    Command(Vec<String>),
}

/// What a constraint's check looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What a model answers.
    #[default]
    Output,
    /// Files of the project within the scope; with `--diff`, the lines that were added.
    Files,
    /// Both.
    Both,
}
