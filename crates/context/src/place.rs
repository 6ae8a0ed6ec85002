//! Where something stands, and what its bytes are.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The path from the project's directory, with `/` between its parts.
    pub path: Arc<str>,
    /// The first line, from 1; 0 where the whole file is meant.
    pub first_line: u32,
    /// The last line; 0 where the whole file is meant.
    pub last_line: u32,
}

impl Place {
    /// The lines `first_line` to `last_line` of `path`.
    #[must_use]
    pub fn lines(path: impl Into<Arc<str>>, first_line: u32, last_line: u32) -> Self {
        Self { path: path.into(), first_line, last_line }
    }

    /// The whole file.
    #[must_use]
    pub fn file(path: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), first_line: 0, last_line: 0 }
    }

    /// One line.
    #[must_use]
    pub fn line(path: impl Into<Arc<str>>, line: u32) -> Self {
        Self::lines(path, line, line)
    }
}

impl fmt::Display for Place {
    /// `path`, `path:3` or `path:3-9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first_line, self.last_line) {
            (0, _) => f.write_str(&self.path),
            (first, last) if first == last => write!(f, "{}:{first}", self.path),
            (first, last) => write!(f, "{}:{first}-{last}", self.path),
        }
    }
}

/// The first 16 bytes of a SHA-256, written as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// The digest of several parts, each with its length, so that moving a border changes it.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        if let [part] = parts {
            hasher.update(part);
        } else {
            for part in parts {
                hasher.update((part.len() as u64).to_le_bytes());
                hasher.update(part);
            }
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hasher.finalize()[..16]);
        Self(first)
    }

    /// The digest that `text` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("expected 32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_read_back_and_parts_do_not_run_together() {
        let digest = Digest::of(b"tea");
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("zz"), None);
        assert_ne!(Digest::of_parts(&[b"ab", b"c"]), Digest::of_parts(&[b"a", b"bc"]));
    }

    #[test]
    fn places_as_editors_write_them() {
        let shown = [Place::file("a"), Place::line("a", 3), Place::lines("a", 3, 9)].map(|place| place.to_string());
        assert_eq!(shown, ["a", "a:3", "a:3-9"]);
    }
}
