//! Secrets that only their place gives away: whatever is given to a name that promises one, drawn at random or not. This takes words for
//! secrets now and then, so it is for what callers sent and is about to be kept, and not for files that are to be used as they are.

use super::SecretSpan;
use super::assigned::{NAMES, kind};
use regex::{Captures, Match, Regex};
use std::sync::LazyLock;

/// A name that promises a secret with the value that it is given, in quotes (which may be escaped, as in JSON within JSON) or without.
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    let value = r#"(?:\\{0,3}"([^"\\\r\n]+)|\\{0,3}'([^'\\\r\n]+)|([^\s"'`\\<>]+))"#;
    Regex::new(&format!(r#"(?i)({NAMES}|\bpwd)\\{{0,3}}["']?[ \t]{{0,8}}(=>|:=|[:=])[ \t]{{0,8}}{value}"#)).expect("a regular expression")
});

/// A header `Authorization` (or `Proxy-Authorization`) with its scheme, where one is named, and its credentials.
static AUTHORIZATION: LazyLock<Regex> = LazyLock::new(|| {
    let scheme = "(?:basic|bearer|token|apikey|negotiate|hoba|mutual|dpop)";
    Regex::new(&format!(
        r#"(?i)authorization\\{{0,3}}["']?[ \t]{{0,8}}[:=][ \t]{{0,8}}\\{{0,3}}["']?(?:{scheme}[ \t]{{1,8}}([^\s"'`\\<>]+)|(?:digest|aws4-hmac-sha256)[ \t]{{1,8}}([^\r\n]+)|([^\s"'`\\<>]+))"#
    ))
    .expect("a regular expression")
});

static BEARER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\bbearer[ \t]{1,4}([0-9a-z._~+/=-]{8,})").expect("a regular expression"));

static COOKIE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?i)\bcookie\\{0,3}["']?[ \t]{0,8}:[ \t]{0,8}\\{0,3}["']?([^\s"'=;\\]+=[^"'\\\r\n]+)"#).expect("a regular expression"));

static IN_ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"[A-Za-z]://[^\s/:@"']*:([^\s/@"']+)@[0-9A-Za-z\[]"#).expect("a regular expression"));

/// Further settings of the same line, as in the query of an address or a list of settings.
static NEXT_SETTING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[&,;][A-Za-z_][0-9A-Za-z_.-]*=").expect("a regular expression"));

/// What a name, a header or an address gives away in `text`, in no order.
pub(super) fn find(text: &str) -> Vec<SecretSpan> {
    let mut found: Vec<SecretSpan> = ASSIGNMENT.captures_iter(text).filter_map(|captures| assignment(text, &captures)).collect();
    found.extend(AUTHORIZATION.captures_iter(text).filter_map(|captures| authorization(text, &captures)));
    let bearers = BEARER.captures_iter(text).filter_map(|captures| captures.get(1)).filter(|value| value.as_str().bytes().any(|byte| byte.is_ascii_digit()));
    found.extend(bearers.map(|value| span("bearer-token", value)));
    found.extend(COOKIE.captures_iter(text).filter_map(|captures| Some(span("cookie", captures.get(1)?))));
    found.extend(
        IN_ADDRESS
            .captures_iter(text)
            .filter_map(|captures| captures.get(1))
            .filter(|value| !stands_for_another(value.as_str()))
            .map(|value| span("password", value)),
    );
    found
}

fn span(kind: &'static str, value: Match<'_>) -> SecretSpan {
    SecretSpan { kind, start: value.start(), end: value.end() }
}

fn assignment(text: &str, captures: &Captures<'_>) -> Option<SecretSpan> {
    let (name, sign) = (captures.get(1)?.as_str(), captures.get(2)?.as_str());
    if let Some(quoted) = captures.get(3).or_else(|| captures.get(4)) {
        return (!stands_for_another(quoted.as_str())).then(|| span(kind(name), quoted));
    }
    let bare = bare(captures.get(5)?);
    let value = &text[bare.0..bare.1];
    let is_count = name.eq_ignore_ascii_case("token") && value.len() < 7 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_said = sign == ":" && goes_on_in_words(text, value, bare.1);
    (!value.is_empty() && !is_count && !is_said && !stands_for_another(value)).then(|| SecretSpan { kind: kind(name), start: bare.0, end: bare.1 })
}

fn authorization(text: &str, captures: &Captures<'_>) -> Option<SecretSpan> {
    let with_scheme = captures.get(1).or_else(|| captures.get(2));
    let value = with_scheme.or_else(|| captures.get(3))?;
    let is_said = with_scheme.is_none() && goes_on_in_words(text, value.as_str(), value.end());
    (!is_said && !stands_for_another(value.as_str())).then(|| span("authorization", value))
}

/// A value without quotes: it ends before the next setting, and before the marks that end a sentence.
fn bare(value: Match<'_>) -> (usize, usize) {
    let end = NEXT_SETTING.find(value.as_str()).map_or(value.as_str().len(), |next| next.start());
    let trimmed = value.as_str()[..end].trim_end_matches([',', ';', '.', ')', ']', '}', '?', '!']);
    // A value of such marks alone is none but a password may end with them: what is masked is all of it, then.
    (value.start(), value.start() + trimmed.len())
}

/// Whether a value is the first word of what is being said: letters alone, and further words follow it on its line.
fn goes_on_in_words(text: &str, value: &str, end: usize) -> bool {
    let rest = text[end..].lines().next().unwrap_or_default();
    let next = rest.split_whitespace().next().is_some_and(|word| rest.starts_with([' ', '\t']) && word.starts_with(char::is_alphabetic));
    next && value.chars().all(char::is_alphabetic)
}

/// References to variables, marks for what is to be put in, what is masked already, and no value at all.
fn stands_for_another(value: &str) -> bool {
    let value = value.trim();
    let is_nothing = ["null", "none", "true", "false", "undefined"].iter().any(|word| value.eq_ignore_ascii_case(word));
    is_nothing
        || value.is_empty()
        || value.starts_with("[masked")
        || value.starts_with(['$', '<'])
        || value.starts_with("{{")
        || value.chars().all(|c| c == '*')
}
