//! How a command ends that did not succeed: the one place where blame becomes an exit code.

use crate::output::plain;
use jeton_context::{Finding, report};
use jeton_ledger::LedgerError;
use serde_json::json;

/// No: a gate failed, a check found faults.
pub(crate) const NO: u8 = 1;
/// The command line or the configuration is wrong.
pub(crate) const USAGE: u8 = 2;
/// Something that is needed does not work: a disk, a port, a server.
pub(crate) const DEPENDENCY: u8 = 3;
/// There is not enough to say yes or no.
pub(crate) const UNDECIDED: u8 = 4;
/// Too much went wrong on the way to say anything.
pub(crate) const INVALID: u8 = 5;

/// What is done about mistakes of a suite.
const SUITE_REMEDY: &str = "mend the suite; nothing was spent. docs/evals.md has every key";

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer is no; what was found is on stdout already.
    No,
    /// Neither yes nor no can be said; what was found is on stdout already.
    Undecided,
    /// What was measured is no evidence; what was found is on stdout already.
    Invalid,
    /// The command cannot be done as it was asked for.
    Usage { message: String, remedy: String },
    /// A suite has mistakes.
    Suite(Vec<Finding>),
    /// The configuration has mistakes.
    Config(jeton_project::Report),
    /// Something that is needed does not work.
    Dependency { message: String, remedy: String },
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), remedy: remedy.into() }
    }

    pub(crate) fn dependency(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Dependency { message: message.into(), remedy: remedy.into() }
    }

    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::No => NO,
            Self::Undecided => UNDECIDED,
            Self::Invalid => INVALID,
            Self::Usage { .. } | Self::Suite(_) | Self::Config(_) => USAGE,
            Self::Dependency { .. } => DEPENDENCY,
        }
    }

    /// Tells stderr; as JSON where the command's data would have been JSON.
    pub(crate) fn report(&self, is_json: bool) {
        let (message, remedy) = match self {
            Self::No | Self::Undecided | Self::Invalid => return,
            Self::Config(report) if is_json => {
                eprintln!("{}", json!({ "error": { "code": "configuration", "diagnostics": report.diagnostics } }));
                return;
            }
            Self::Config(report) => {
                eprintln!("{report}");
                return;
            }
            Self::Suite(findings) if is_json => {
                let mut error = report::json(findings);
                (error["code"], error["message"], error["remedy"]) = ("suite".into(), self.to_string().into(), SUITE_REMEDY.into());
                eprintln!("{}", json!({ "error": error }));
                return;
            }
            Self::Suite(_) => (&self.to_string(), &SUITE_REMEDY.to_owned()),
            Self::Usage { message, remedy } | Self::Dependency { message, remedy } => (message, remedy),
        };
        if is_json {
            let code = if self.code() == USAGE { "usage" } else { "dependency" };
            eprintln!("{}", json!({ "error": { "code": code, "message": message, "remedy": remedy } }));
        } else if remedy.is_empty() {
            eprintln!("error: {}", plain(message));
        } else {
            eprintln!("error: {}\n  next: {}", plain(message), plain(remedy));
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::No => f.write_str("no"),
            Self::Undecided => f.write_str("undecided"),
            Self::Invalid => f.write_str("invalid"),
            Self::Config(report) => write!(f, "{report}"),
            Self::Suite(findings) => {
                let told: Vec<String> = findings.iter().map(|finding| format!("{}: {}\n       {}", finding.place, finding.message, finding.remedy)).collect();
                f.write_str(&told.join("\n       "))
            }
            Self::Usage { message, .. } | Self::Dependency { message, .. } => f.write_str(message),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match &error {
            LedgerError::Invalid(_) | LedgerError::NotFound(_) | LedgerError::Exists(_) | LedgerError::AlreadySettled(_) => Self::usage(error.to_string(), ""),
            LedgerError::Store(_) => {
                Self::dependency(error.to_string(), "look at the disk and the rights of the file; `jeton ledger verify` checks what is there")
            }
            LedgerError::InUse(_) => Self::dependency(error.to_string(), "stop that server first, or give this one another store.url"),
            LedgerError::Newer { .. } => Self::dependency(error.to_string(), ""),
        }
    }
}
