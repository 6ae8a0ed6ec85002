//! Secrets that are known by their shape: vendors' marks, private keys, signed tokens.

use super::SecretSpan;
use super::random::is_stand_in;
use regex::Regex;
use std::sync::LazyLock;

/// The kind, the mark that it begins with, the whole shape.
const SHAPES: [(&str, &str, &str); 22] = [
    ("aws-access-key", "AKIA", "AKIA[0-9A-Z]{16}"),
    ("aws-access-key", "ASIA", "ASIA[0-9A-Z]{16}"),
    ("github-token", "github_pat_", "github_pat_[0-9A-Za-z_]{50,255}"),
    ("github-token", "gh", "gh[pousr]_[0-9A-Za-z]{36,255}"),
    ("gitlab-token", "gl", "gl(?:pat|ptt|dt|rt|cbt)-[0-9A-Za-z_-]{20,100}"),
    ("slack-token", "xox", "xox[abeoprs]-[0-9A-Za-z-]{20,250}"),
    ("slack-webhook", "hooks.slack.com", "hooks\\.slack\\.com/services/T[0-9A-Z]{7,12}/B[0-9A-Z]{7,12}/[0-9A-Za-z]{20,30}"),
    ("stripe-key", "sk_live_", "sk_live_[0-9A-Za-z]{20,250}"),
    ("stripe-key", "rk_live_", "rk_live_[0-9A-Za-z]{20,250}"),
    ("stripe-key", "whsec_", "whsec_[0-9A-Za-z+/]{24,100}={0,2}"),
    ("anthropic-key", "sk-ant-", "sk-ant-[0-9A-Za-z_-]{24,250}"),
    ("openai-key", "sk-", "sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{20,250}"),
    ("openai-key", "sk-", "sk-[0-9A-Za-z]{32,100}"),
    ("google-key", "AIza", "AIza[0-9A-Za-z_-]{35}"),
    ("npm-token", "npm_", "npm_[0-9A-Za-z]{36}"),
    ("pypi-token", "pypi-", "pypi-[0-9A-Za-z_-]{50,300}"),
    ("hugging-face-token", "hf_", "hf_[0-9A-Za-z]{34}"),
    ("sendgrid-key", "SG.", "SG\\.[0-9A-Za-z_-]{22}\\.[0-9A-Za-z_-]{43}"),
    ("digitalocean-token", "do", "do[or]_v1_[0-9a-f]{64}"),
    ("jeton-key", "jtn_", "jtn_[0-9A-Za-z_-]{16,200}"),
    ("jwt", "eyJ", "eyJ[0-9A-Za-z_-]{10,3000}\\.eyJ[0-9A-Za-z_-]{8,6000}\\.[0-9A-Za-z_-]{10,3000}"),
    ("private-key", "-----BEGIN", "-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"),
];

/// Where a vendor's mark may begin. One look at this decides for most texts.
static MARK: LazyLock<Regex> = LazyLock::new(|| {
    let marks = "AKIA|ASIA|github_pat_|gh[pousr]_|glpat-|glptt-|gldt-|glrt-|glcbt-|xox[abeoprs]-|hooks\\.slack|sk_live_|rk_live_|whsec_|sk-|AIza|npm_|pypi-|hf_|SG\\.|do[or]_v1_|jtn_|eyJ|-----BEGIN ";
    Regex::new(&format!("(?-u:{marks})")).expect("the marks are regular expressions")
});

/// The secrets of `text` whose shape tells.
pub(super) fn find(text: &str) -> Vec<SecretSpan> {
    let Some(first) = MARK.find(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = first.start();
    while let Some(mark) = MARK.find_at(text, at) {
        at = mark.end();
        if text[..mark.start()].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        if let Some(span) = shape_at(text, mark.start()) {
            at = span.end;
            found.push(span);
        }
    }
    found
}

fn shape_at(text: &str, start: usize) -> Option<SecretSpan> {
    let (kind, end) = shape(&text[start..])?;
    let end = start + end;
    if kind == "private-key" {
        return key_block(text, end).map(|end| SecretSpan { kind, start, end });
    }
    // A longer run is something else: a name, a hash, a picture in base 64.
    let rest = &text[end..];
    // What an ellipsis follows is shown in part.
    let is_cut = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '…') || rest.starts_with("...");
    (!is_cut && !is_stand_in(&text[start..end])).then_some(SecretSpan { kind, start, end })
}

/// The kind and length of the shape that `text` begins with.
fn shape(text: &str) -> Option<(&'static str, usize)> {
    static EACH: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        let one = |(_, _, shape): &(&str, &str, &str)| regex::RegexBuilder::new(&format!("^(?-u:{shape})")).size_limit(1 << 26).build();
        SHAPES.iter().map(|shape| one(shape).expect("each shape is a regular expression")).collect()
    });
    let among = SHAPES.iter().zip(EACH.iter()).filter(|((_, mark, _), _)| text.starts_with(mark));
    among.filter_map(|((kind, _, _), shape)| Some((*kind, shape.find(text)?.end()))).next()
}

/// Where the block ends whose first line ends at `at`: after its last line, or, where that is missing, after what looks like key.
fn key_block(text: &str, at: usize) -> Option<usize> {
    let body = &text[at..];
    if !body.starts_with(['\n', '\r', '\\']) {
        return None;
    }
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\n' | '\r' | '\\' | ' ' | '\t' | ':' | ',' | '-');
    let mut end = body.find(|c: char| !is_of_key(c)).unwrap_or(body.len());
    if let Some(last) = body.find("-----END ").filter(|last| *last <= end) {
        end = body[last + 9..].find("-----").map_or(end, |dashes| last + 9 + dashes + 5);
        return Some(at + end);
    }
    // Without a last line an empty line ends it.
    end = body[1..end.max(1)].find("\n\n").map_or(end, |blank| blank + 1);
    let longest = body[..end].split(|c: char| c.is_whitespace() || c == '\\').map(str::len).max().unwrap_or(0);
    (longest >= 32).then(|| at + body[..end].trim_end().len())
}
