//! A verdict on a live call, from the program or person who used the answer.

use crate::LedgerError;
use jeton_core::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest comment, in bytes.
pub const COMMENT_BYTES_MAX: usize = 4_096;

/// A verdict. Append-only: a changed mind is another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// `good`, `bad` or a word of the team's own: 1–64 letters, digits, `_`, `-`.
    pub verdict: String,
    /// A score in [0, 1].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why, at most [`COMMENT_BYTES_MAX`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who says so: a key's name, or a person's.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Feedback {
    /// Whether everything lies within its bounds.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`], naming the first field that does not.
    pub fn check(&self) -> Result<(), LedgerError> {
        let wrong = |what: &str| Err(LedgerError::Invalid(what.to_owned()));
        let is_word = (1..=64).contains(&self.verdict.len()) && self.verdict.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !is_word {
            return wrong("`verdict` must be 1 to 64 letters, digits, `_` or `-`, such as `good` or `bad`");
        }
        if self.score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            return wrong("`score` must be a number from 0 to 1");
        }
        if self.comment.as_ref().is_some_and(|comment| comment.len() > COMMENT_BYTES_MAX) {
            return wrong("`comment` must be at most 4096 bytes");
        }
        if self.by.len() > 256 {
            return wrong("`by` must be at most 256 bytes");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_checked() {
        let base = Feedback { verdict: "good".into(), score: Some(0.5), comment: None, by: "ci".into(), at: Timestamp(0) };
        let check = |feedback: Feedback, expected: bool| assert_eq!(feedback.check().is_ok(), expected, "{feedback:?}");
        check(base.clone(), true);
        check(Feedback { score: None, comment: Some("x".repeat(4_096)), ..base.clone() }, true);
        check(Feedback { verdict: String::new(), ..base.clone() }, false);
        check(Feedback { verdict: "so so".into(), ..base.clone() }, false);
        check(Feedback { score: Some(1.01), ..base.clone() }, false);
        check(Feedback { score: Some(f64::NAN), ..base.clone() }, false);
        check(Feedback { comment: Some("x".repeat(4_097)), ..base.clone() }, false);
        check(Feedback { by: "x".repeat(257), ..base }, false);
    }
}
