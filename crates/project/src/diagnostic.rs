//! Mistakes with their places: what is wrong, what was expected, what to do.

use serde::{Serialize, Serializer};
use std::fmt;

/// The kind of a mistake, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The file cannot be read, or is no UTF-8.
    Unreadable,
    /// The text is no TOML.
    Syntax,
    /// No setting has this name.
    UnknownKey,
    /// The value is of another type.
    WrongType,
    /// The value is of the right type, but not a valid one.
    BadValue,
    /// A setting that is needed is not there.
    Missing,
    /// A secret stands in the file itself.
    SecretLiteral,
    /// A name that nothing bears is referred to.
    UnknownName,
    /// Things lie above themselves.
    Cycle,
    /// Two settings contradict each other.
    Conflict,
    /// A later release will know it.
    Later,
}

impl Code {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown_key",
            Self::WrongType => "wrong_type",
            Self::BadValue => "bad_value",
            Self::Missing => "missing",
            Self::SecretLiteral => "secret_literal",
            Self::UnknownName => "unknown_name",
            Self::Cycle => "cycle",
            Self::Conflict => "conflict",
            Self::Later => "later",
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file as it was named to the reader, or `environment NAME`.
    pub file: String,
    /// Line from 1; 0 where the mistake has no place in a file.
    pub line: usize,
    /// Column from 1, in characters; 0 as for `line`.
    pub column: usize,
    /// The column after the last one at fault, on the same line.
    pub end_column: usize,
    /// What is wrong. Never holds a secret.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What to do.
    pub remedy: String,
    /// The kind of mistake.
    pub code: Code,
    /// The line at fault, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<Excerpt>,
}

/// A line of the file with everything confidential masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The line.
    pub text: String,
    /// Characters before the marked part.
    pub mark_start: usize,
    /// Characters of the marked part, at least one.
    pub mark_length: usize,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.line == 0 { self.file.clone() } else { format!("{}:{}:{}", self.file, self.line, self.column) };
        writeln!(f, "{place}: {} [{}]", self.message, self.code.as_str())?;
        let gutter = " ".repeat(self.line.max(1).to_string().len());
        if let Some(excerpt) = &self.excerpt {
            writeln!(f, " {gutter} ╭─")?;
            writeln!(f, " {} │ {}", self.line, excerpt.text)?;
            writeln!(f, " {gutter} │ {}{}", " ".repeat(excerpt.mark_start), "^".repeat(excerpt.mark_length))?;
            writeln!(f, " {gutter} ╰─ expected {}", self.expected)?;
        } else {
            writeln!(f, " {gutter} expected {}", self.expected)?;
        }
        writeln!(f, " {gutter} help: {}", self.remedy)
    }
}

/// All mistakes of one reading, in the order of the file. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The mistakes.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for Report {
    /// Each mistake with its line, as plain text without colour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.diagnostics {
            writeln!(f, "{diagnostic}")?;
        }
        match self.diagnostics.len() {
            1 => write!(f, "1 mistake; nothing of this configuration is in force"),
            n => write!(f, "{n} mistakes; nothing of this configuration is in force"),
        }
    }
}

impl std::error::Error for Report {}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Report", 1)?;
        fields.serialize_field("diagnostics", &self.diagnostics)?;
        fields.end()
    }
}
