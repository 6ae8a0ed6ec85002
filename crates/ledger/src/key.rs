//! Keys: who is asking. A key is a public id and a secret of 256 bits; only the secret's hash is kept.
//!
//! One fast hash is enough: the secret is random, so there is nothing to guess that a slow hash would guard.

use crate::{Budget, LedgerError};
use jeton_core::{DEFAULT_ACCOUNT, Timestamp, is_name};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The leaf account of a key is this and its name.
pub const KEY_ACCOUNT_PREFIX: &str = "key:";

const TEXT_PREFIX: &str = "jtn_";
const ID_CHARACTERS: usize = 12;
/// Crockford's base 32: no letters that are mistaken for digits, and no `_`, which parts the text.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What is known of a key. Holds nothing that would let anybody use it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// Its public id, part of the key's text.
    pub id: String,
    /// Its name; unique among the living.
    pub name: String,
    /// The account above `key:NAME`.
    pub account: String,
    /// The class of its calls, unless a call says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Labels of all its calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// When it stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// Whether it opens the console and the API rather than the models.
    pub admin: bool,
    /// What `key:NAME` may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// When it was made.
    pub created: Timestamp,
}

impl KeyRecord {
    /// The account that stands for the key itself: `key:NAME`.
    #[must_use]
    pub fn leaf_account(&self) -> String {
        format!("{KEY_ACCOUNT_PREFIX}{}", self.name)
    }

    /// Whether the key works at `now`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, now: Timestamp) -> Result<(), KeyRefusal> {
        if self.revoked.is_some() {
            return Err(KeyRefusal::Revoked);
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(KeyRefusal::Expired);
        }
        Ok(())
    }
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Its name.
    pub name: String,
    /// The account above `key:NAME`; `default` where none.
    #[serde(default)]
    pub account: Option<String>,
    /// The class of its calls.
    #[serde(default)]
    pub class: Option<String>,
    /// Labels of all its calls.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it stops working.
    #[serde(default)]
    pub expires: Option<Timestamp>,
    /// Whether it opens the console and the API.
    #[serde(default)]
    pub admin: bool,
    /// What `key:NAME` may spend.
    #[serde(default)]
    pub budget: Option<Budget>,
}

impl NewKey {
    /// A key called `name` with nothing else said.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), account: None, class: None, tags: Vec::new(), expires: None, admin: false, budget: None }
    }

    /// Whether every name is one.
    ///
    /// # Errors
    /// [`LedgerError::Invalid`], naming the first that is none.
    pub fn check(&self) -> Result<(), LedgerError> {
        let names = [("name", Some(&self.name)), ("account", self.account.as_ref()), ("class", self.class.as_ref())];
        let tags = self.tags.iter().map(|tag| ("tag", Some(tag)));
        for (what, value) in names.into_iter().chain(tags) {
            if let Some(value) = value.filter(|value| !is_name(value)) {
                return Err(LedgerError::Invalid(format!(
                    "`{value}` cannot be a key's {what}: use 1 to 128 letters, digits and `. _ - : = @ /`, beginning with a letter or digit"
                )));
            }
        }
        Ok(())
    }

    /// The record of the key to be made.
    pub(crate) fn record(self, id: String, created: Timestamp) -> KeyRecord {
        let account = self.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
        KeyRecord {
            id,
            name: self.name,
            account,
            class: self.class,
            tags: self.tags,
            expires: self.expires,
            revoked: None,
            admin: self.admin,
            budget: self.budget,
            created,
        }
    }
}

/// Why a presented key is not accepted. What the caller is told need not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// It does not look like a key of Jeton's.
    Malformed,
    /// No key has this id, or the secret is another.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// A key's text with its secret, as made. Shown once.
pub(crate) struct Minted {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) hash: [u8; 32],
}

/// Makes a key from the operating system's randomness.
pub(crate) fn mint() -> Result<Minted, LedgerError> {
    let mut random = [0_u8; ID_CHARACTERS + 32];
    getrandom::fill(&mut random).map_err(|error| LedgerError::Store(format!("the system gives no randomness: {error}")))?;
    let id: String = random[..ID_CHARACTERS].iter().map(|byte| ALPHABET[usize::from(byte & 31)] as char).collect();
    let mut secret = String::with_capacity(64);
    for byte in &random[ID_CHARACTERS..] {
        let _ = write!(secret, "{byte:02x}");
    }
    let hash = hash(&secret);
    Ok(Minted { text: format!("{TEXT_PREFIX}{id}_{secret}"), id, hash })
}

/// The id and the secret's hash of a presented key; none where it does not look like one.
pub(crate) fn parse(text: &str) -> Option<(&str, [u8; 32])> {
    let (id, secret) = text.strip_prefix(TEXT_PREFIX)?.split_once('_')?;
    let is_right = id.len() == ID_CHARACTERS && secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit());
    is_right.then(|| (id, hash(secret)))
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares in a time that does not depend on where the two differ.
pub(crate) fn is_same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0_u8, |difference, (x, y)| difference | (x ^ y))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_recognised_and_its_neighbour_is_not() {
        let key = mint().unwrap();
        let (id, hash) = parse(&key.text).unwrap();
        assert_eq!((id, is_same(&hash, &key.hash)), (key.id.as_str(), true));
        let mut other = key.text.clone();
        let last = if other.pop() == Some('0') { '1' } else { '0' };
        other.push(last);
        assert!(!is_same(&parse(&other).unwrap().1, &key.hash));
        assert_ne!(mint().unwrap().text, key.text);
        assert_eq!(key.text.len(), 4 + 12 + 1 + 64);
    }

    #[test]
    fn what_does_not_look_like_a_key_is_none() {
        let long = format!("jtn_0123456789ab_{}", "g".repeat(64));
        for text in ["", "sk-123", "jtn_", "jtn_abc_def", "jtn_0123456789ab_ff", long.as_str(), "jtn_ä_"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_key_ends() {
        let key = NewKey { expires: Some(Timestamp(10)), ..NewKey::named("ci") }.record("id".into(), Timestamp(0));
        assert_eq!(key.check(Timestamp(9)), Ok(()));
        assert_eq!(key.check(Timestamp(10)), Err(KeyRefusal::Expired));
        let revoked = KeyRecord { revoked: Some(Timestamp(3)), ..key };
        assert_eq!(revoked.check(Timestamp(4)), Err(KeyRefusal::Revoked));
        assert_eq!((revoked.leaf_account().as_str(), revoked.account.as_str()), ("key:ci", "default"));
    }

    #[test]
    fn names_are_checked() {
        assert!(NewKey::named("ci").check().is_ok());
        for bad in [
            NewKey::named(""),
            NewKey::named("a b"),
            NewKey { tags: vec!["x\n".into()], ..NewKey::named("ci") },
            NewKey { account: Some("\u{1f}".into()), ..NewKey::named("ci") },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
