//! Secrets that are known by the name that they are given to.

use super::SecretSpan;
use super::random::is_random;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Names that promise a secret, as a regular expression.
pub(super) const NAMES: &str = "passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|credentials?";

/// Such a name, at the end of which a value follows.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!("(?i-u:({NAMES})[\"']?[ \\t]{{0,8}}(?:=>|:=|[:=])[ \\t]{{0,8}}([\"']?)([!#-&(-~]{{10,300}}))")).expect("a regular expression")
});

static BEARER: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?i-u:bearer[ \\t]{1,4}([0-9a-z._~+/=-]{20,2000}))").expect("a regular expression"));

static IN_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?-u:[a-z]://[0-9A-Za-z._~%-]{0,80}:([!-.0-9;-?A-~]{10,200})@[0-9A-Za-z])").expect("a regular expression"));

/// The secrets of `text` that a name gives away.
pub(super) fn find(text: &str) -> Vec<SecretSpan> {
    let mut found: Vec<SecretSpan> = ASSIGNMENT.captures_iter(text).filter_map(|captures| assignment(text, &captures)).collect();
    found.extend(BEARER.captures_iter(text).filter_map(|captures| random_group(&captures, "bearer-token")));
    found.extend(IN_ADDRESS.captures_iter(text).filter_map(|captures| random_group(&captures, "password")));
    found
}

fn random_group(captures: &Captures<'_>, kind: &'static str) -> Option<SecretSpan> {
    let value = captures.get(1)?;
    is_random(value.as_str()).then(|| SecretSpan { kind, start: value.start(), end: value.end() })
}

fn assignment(text: &str, captures: &Captures<'_>) -> Option<SecretSpan> {
    let (name, quote, value) = (captures.get(1)?.as_str(), captures.get(2)?.as_str(), captures.get(3)?);
    let mut end = value.end();
    if quote.is_empty() {
        // Without quotes only a line of settings holds a value; a line of code holds an expression.
        let line = text[value.start()..].lines().next().unwrap_or_default();
        let rest = line.get(value.as_str().len()..).unwrap_or_default().trim();
        let trimmed = value.as_str().trim_end_matches(['`', ',', ')', '\\']);
        end = value.start() + trimmed.len();
        if !(rest.is_empty() || rest.starts_with('#') || trimmed.len() < value.as_str().len()) || is_expression(trimmed) {
            return None;
        }
    } else if !text[end..].starts_with(quote) {
        return None;
    }
    let shown = &text[value.start()..end];
    is_random(shown).then(|| SecretSpan { kind: kind(name), start: value.start(), end })
}

fn is_expression(value: &str) -> bool {
    value.contains(['(', ')', '[', ']', ';', '"', '\'']) || value.contains("::") || value.contains("->")
}

/// What a value is, by the name that it is given to.
pub(super) fn kind(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    match name.as_bytes() {
        [b'p', b'a', b's', ..] | [b'p', b'w', b'd'] => "password",
        [b't', ..] => "token",
        _ if name == "secret" || name.starts_with("cred") => "secret",
        _ => "api-key",
    }
}
