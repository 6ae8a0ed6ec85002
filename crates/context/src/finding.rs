//! Findings: what checks, imports and audits have to say, each with its place and remedy.

use crate::Place;
use crate::secret::mask;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably wrong.
    Warning,
    /// Wrong: a check fails.
    Error,
}

impl Severity {
    /// The stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What may be written in the place of what is wrong, on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The line, from 1.
    pub line: u32,
    /// The first column that goes, from 1, in characters.
    pub start_column: u32,
    /// The column after the last that goes.
    pub end_column: u32,
    /// What comes in its place.
    pub new: String,
}

/// One thing found, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code in kebab case: `broken-path`, `stale-anchor`. Each has a line in `docs/context-checks.md`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What is wrong and why, in a sentence.
    pub message: String,
    /// What to do.
    pub remedy: String,
    /// The unit that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Who answers for the unit or the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// The change that mends it, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

impl Finding {
    /// A finding without unit and owners.
    #[must_use]
    pub fn new(code: &'static str, severity: Severity, place: Place, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, severity, place, message: message.into(), remedy: remedy.into(), unit: None, owners: Vec::new(), fix: None }
    }

    /// The finding with secrets masked: what is said must not tell what it warns of.
    #[must_use]
    pub fn masked(mut self) -> Self {
        let fix = self.fix.as_mut().map(|fix| &mut fix.new);
        for text in [Some(&mut self.message), Some(&mut self.remedy), fix].into_iter().flatten() {
            if let Cow::Owned(masked) = mask(text).0 {
                *text = masked;
            }
        }
        self
    }

    /// The finding, about `unit`.
    #[must_use]
    pub fn about(mut self, unit: &crate::Unit) -> Self {
        self.unit = Some(unit.id.clone());
        self.owners.clone_from(&unit.owners);
        self
    }
}
