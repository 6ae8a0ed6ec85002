//! Secrets by reference. A value is read late, lives in one type, and no formatter prints it.

use serde::{Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// What stands wherever a secret would be printed.
pub(crate) const MASK: &str = "***";

/// Where a secret is kept. The reference itself may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// In the environment variable of this name.
    Env(String),
    /// In a file that holds nothing else; a relative path is taken from the project's directory.
    File(PathBuf),
}

impl SecretRef {
    /// Reads the secret. `project_dir` is where relative paths start. White space around the value is not part of it.
    ///
    /// # Errors
    /// Says which variable or file is missing, unreadable, empty or holds more than one line. Never says the value.
    pub fn resolve(&self, project_dir: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, String> {
        let (place, text) = match self {
            Self::Env(name) => (
                format!("the environment variable `{name}`"),
                env(name).ok_or_else(|| format!("the environment variable `{name}` is not set: export it before starting Jeton"))?,
            ),
            Self::File(path) => {
                let path = project_dir.join(path);
                let text =
                    std::fs::read_to_string(&path).map_err(|error| format!("the secret's file `{}` cannot be read: {}", path.display(), error.kind()))?;
                (format!("the secret's file `{}`", path.display()), text)
            }
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("{place} is empty"));
        }
        // Secrets travel in HTTP headers: a line break in one would end the header and begin another.
        if text.chars().any(char::is_control) {
            return Err(format!("{place} holds a line break or another control character; a secret is one line"));
        }
        Ok(Secret(text.to_owned()))
    }
}

impl fmt::Display for SecretRef {
    /// As it is written in `jeton.toml`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "{{ env = {name:?} }}"),
            Self::File(path) => write!(f, "{{ file = {:?} }}", path.display().to_string()),
        }
    }
}

/// The value of a secret. Debug, Display and serde give `***`; only [`Secret::expose`] gives the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text that is not to be printed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// The value of a header that is sent to a provider. A literal one is kept as a [`Secret`] as well:
/// nothing tells for sure which headers are confidential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum HeaderValue {
    /// Written in `jeton.toml`.
    Literal(Secret),
    /// Kept elsewhere.
    Reference(SecretRef),
}

impl HeaderValue {
    /// The value to send.
    ///
    /// # Errors
    /// As [`SecretRef::resolve`].
    pub fn resolve(&self, project_dir: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Secret, String> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Reference(reference) => reference.resolve(project_dir, env),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "sk-live-4242";

    fn env(name: &str) -> Option<String> {
        match name {
            "KEY" => Some(format!("{VALUE}\n")),
            "EMPTY" => Some("  ".into()),
            "TWO" => Some("a\r\nx-evil: 1".into()),
            _ => None,
        }
    }

    #[test]
    fn no_formatter_prints_a_secret() {
        let secret = SecretRef::Env("KEY".into()).resolve(Path::new("."), &env).unwrap();
        assert_eq!(secret.expose(), VALUE);
        let header = HeaderValue::Literal(secret.clone());
        for shown in [
            format!("{secret}"),
            format!("{secret:?}"),
            format!("{secret:#?}"),
            format!("{secret:>20}"),
            serde_json::to_string(&secret).unwrap(),
            format!("{header:?}"),
            serde_json::to_string(&header).unwrap(),
        ] {
            assert!(!shown.contains("4242") && shown.contains(MASK), "{shown}");
        }
    }

    #[test]
    fn a_missing_secret_is_named_and_a_bad_one_is_not_shown() {
        let check = |reference: SecretRef, expected: &str| {
            let error = reference.resolve(Path::new("/nowhere"), &env).unwrap_err();
            assert!(error.contains(expected) && !error.contains("evil"), "{error}");
        };
        check(SecretRef::Env("MISSING".into()), "`MISSING` is not set");
        check(SecretRef::Env("EMPTY".into()), "`EMPTY` is empty");
        check(SecretRef::Env("TWO".into()), "control character");
        check(SecretRef::File("key.txt".into()), "`/nowhere/key.txt` cannot be read");
    }

    #[test]
    fn a_file_is_found_from_the_project_and_its_last_line_break_is_left_out() {
        let dir = std::env::temp_dir().join(format!("jeton-secret-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("key"), format!("{VALUE}\n")).unwrap();
        let secret = SecretRef::File("key".into()).resolve(&dir, &env).unwrap();
        assert_eq!(secret.expose(), VALUE);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
