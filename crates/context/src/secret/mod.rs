//! Secrets in texts: found by span and masked by span. The text around them stays, and no file is dropped for them.

mod assigned;
mod cautious;
mod random;
mod shapes;

use serde_json::Value;
use std::borrow::Cow;

/// A secret and where it lies, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretSpan {
    /// What it is, in kebab case: `github-token`, `private-key`, `password`.
    pub kind: &'static str,
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The secrets of `text`, in order, none within another.
///
/// Placeholders (`your-key-here`, `${TOKEN}`, `xxxx`, the vendors' published examples), words and references to variables are none.
#[must_use]
pub fn secrets(text: &str) -> Vec<SecretSpan> {
    let mut found = shapes::find(text);
    found.extend(assigned::find(text));
    found.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut end = 0;
    found.retain(|span| {
        let is_apart = span.start >= end;
        if is_apart {
            end = span.end;
        }
        is_apart
    });
    found
}

/// `text` with each secret replaced by `[masked KIND]`, and the spans of the secrets in the text as it came. A text without secrets is lent back.
/// Masking a masked text changes nothing.
#[must_use]
pub fn mask(text: &str) -> (Cow<'_, str>, Vec<SecretSpan>) {
    let spans = secrets(text);
    (masked(text, &spans, false), spans)
}

/// All that [`mask`] masks, and what only its place gives away: every value of a name that promises a secret (`password=…`, `secret: …`,
/// `api_key=…`), credentials in headers and addresses, cookies; whatever they look like. For what callers sent, before it is kept.
#[must_use]
pub fn mask_cautiously(text: &str) -> (Cow<'_, str>, Vec<SecretSpan>) {
    let mut all = secrets(text);
    all.extend(cautious::find(text));
    all.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut spans: Vec<SecretSpan> = Vec::new();
    for span in all {
        match spans.last_mut().filter(|last| span.start < last.end) {
            Some(last) => last.end = last.end.max(span.end),
            None => spans.push(span),
        }
    }
    (masked(text, &spans, false), spans)
}

/// Masks every text in `value` so, those with a name by their names too, and counts the secrets.
pub fn mask_json_cautiously(value: &mut Value) -> usize {
    match value {
        Value::String(text) => {
            let (masked, spans) = mask_cautiously(text);
            let count = spans.len();
            if let Cow::Owned(masked) = masked {
                *text = masked;
            }
            count
        }
        Value::Array(items) => items.iter_mut().map(mask_json_cautiously).sum(),
        Value::Object(members) => members.iter_mut().map(|(name, value)| mask_member(name, value)).sum(),
        _ => 0,
    }
}

fn mask_member(name: &str, value: &mut Value) -> usize {
    if let Value::String(text) = value
        && let Some(span) = mask_cautiously(&format!("{name}={text}")).1.iter().find(|span| span.start == name.len() + 1)
    {
        *text = format!("[masked {}]", span.kind);
        return 1;
    }
    mask_json_cautiously(value)
}

/// The same as [`mask`] with as many lines as before, so that a line is found again by its number.
#[must_use]
pub fn mask_lines(text: &str) -> Cow<'_, str> {
    masked(text, &secrets(text), true)
}

/// Masks every text in `value`. A text that is the value of a name is looked at with the name too, which may be all that gives it away.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(masked) = mask(text).0 {
                *text = masked;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| {
            mask_json(value);
            if let Value::String(text) = value
                && let Some(span) = secrets(&format!("{name}: {text}")).first()
                && span.start == name.len() + 2
            {
                *text = format!("[masked {}]", span.kind);
            }
        }),
        _ => {}
    }
}

fn masked<'t>(text: &'t str, spans: &[SecretSpan], keeps_lines: bool) -> Cow<'t, str> {
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for span in spans {
        masked.push_str(&text[at..span.start]);
        masked.push_str("[masked ");
        masked.push_str(span.kind);
        masked.push(']');
        if keeps_lines {
            masked.extend(text[span.start..span.end].matches('\n'));
        }
        at = span.end;
    }
    masked.push_str(&text[at..]);
    Cow::Owned(masked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `pieces` are joined first, so that this file holds no secret itself.
    fn check(pieces: &[&str], expected: &str) {
        let text = pieces.concat();
        let (masked, spans) = mask(&text);
        assert_eq!(masked, expected, "{text}");
        assert_eq!(mask(&masked).0, masked, "masked twice");
        assert!(spans.iter().all(|span| span.start < span.end && text.is_char_boundary(span.start) && text.is_char_boundary(span.end)));
    }

    #[test]
    fn what_only_its_place_gives_away_is_masked_cautiously() {
        let check = |pieces: &[&str], expected: &str| {
            let text = pieces.concat();
            let masked = mask_cautiously(&text).0.into_owned();
            assert_eq!(masked, expected, "{text}");
            assert_eq!(mask_cautiously(&masked).0, masked, "masked twice");
        };
        check(&["my pass", "word=hunter2 fails"], "my password=[masked password] fails");
        check(&["DB_PASS", "WORD: kettle\nnext"], "DB_PASSWORD: [masked password]\nnext");
        check(&["sec", "ret: s3same, then"], "secret: [masked secret], then");
        check(&["https://a.example/?api_", "key=k1&page=2"], "https://a.example/?api_key=[masked api-key]&page=2");
        check(&["{\"pass", "word\": \"two words\", \"n\": 1}"], "{\"password\": \"[masked password]\", \"n\": 1}");
        check(&["{\\\"tok", "en\\\":\\\"abc\\\"}"], "{\\\"token\\\":\\\"[masked token]\\\"}");
        check(&["curl -H 'Author", "ization: Basic dTpw' x"], "curl -H 'Authorization: Basic [masked authorization]' x");
        check(&["Author", "ization: Bearer short1"], "Authorization: Bearer [masked authorization]");
        check(&["X-Api-", "Key: 12ab"], "X-Api-Key: [masked api-key]");
        check(&["Author", "ization: 12ab34"], "Authorization: [masked authorization]");
        check(&["sent Bear", "er abcdefg8 with it"], "sent Bearer [masked bearer-token] with it");
        check(&["Cookie: sid=", "4; theme=dark\nHost: a"], "Cookie: [masked cookie]\nHost: a");
        check(&["postgres://jeton:kettle", "@db/x"], "postgres://jeton:[masked password]@db/x");
        check(&["pass", "word=größer"], "password=[masked password]");
        // What promises nothing, counts, refers to something else, or is said.
        for text in [
            "the token: 100 of them, max_tokens=50",
            "My password: how do I change it?",
            "password=${PASSWORD} and secret: <your secret>",
            "authorization: how does it work?",
            "The secret of tea is time. Bearer tokens are credentials.",
        ] {
            check(&[text], text);
        }
        let mut value = serde_json::json!({ "user": "ada", "password": "two words", "deep": [{ "api_key": "k", "text": "a pass\u{77}ord=x1" }], "token": "[masked token]" });
        assert_eq!(mask_json_cautiously(&mut value), 3);
        assert_eq!(
            value,
            serde_json::json!({ "user": "ada", "password": "[masked password]", "deep": [{ "api_key": "[masked api-key]", "text": "a password=[masked password]" }], "token": "[masked token]" })
        );
    }

    /// A run without pattern, of `length` letters and digits.
    fn noise(length: usize) -> String {
        let mut state = 0x2545_F491_u32;
        let alphabet = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(alphabet[(state >> 16) as usize % alphabet.len()])
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn keys_with_a_vendors_mark() {
        for (mark, length, kind) in [
            ("ghp_", 36, "github-token"),
            ("glpat-", 20, "gitlab-token"),
            ("sk_live_", 24, "stripe-key"),
            ("sk-ant-api03-", 80, "anthropic-key"),
            ("sk-proj-", 60, "openai-key"),
            ("AIza", 35, "google-key"),
            ("npm_", 36, "npm-token"),
            ("pypi-", 80, "pypi-token"),
            ("jtn_", 32, "jeton-key"),
            ("hf_", 34, "hugging-face-token"),
        ] {
            check(&["use ", mark, &noise(length), " today"], &format!("use [masked {kind}] today"));
        }
        let upper: String = noise(60).to_uppercase().chars().filter(char::is_ascii_alphanumeric).take(16).collect();
        check(&["id=AKIA", &upper, "\n"], "id=[masked aws-access-key]\n");
        check(&["xoxb-2847", "1960352-", &noise(24)], "[masked slack-token]");
        check(&["eyJhbGciOi", "JIUzI1NiJ9.eyJzdWIi", "OiI4In0.", &noise(40)], "[masked jwt]");
    }

    #[test]
    fn a_private_key_goes_whole() {
        let body = noise(64);
        check(&["a\n-----BEGIN RSA PRIV", "ATE KEY-----\n", &body, "\n", &body, "\n-----END RSA PRIV", "ATE KEY-----\nb"], "a\n[masked private-key]\nb");
        // Cut off: what looks like key goes too.
        check(&["-----BEGIN PRIV", "ATE KEY-----\n", &body, "\n\nThe rest."], "[masked private-key]\n\nThe rest.");
        check(
            &["A file that begins with `-----BEGIN PRIV", "ATE KEY-----` is a key."],
            &["A file that begins with `-----BEGIN PRIV", "ATE KEY-----` is a key."].concat(),
        );
    }

    #[test]
    fn lines_keep_their_numbers_and_values_their_names() {
        let key = ["a\n-----BEGIN PRIV", "ATE KEY-----\n", &noise(64), "\n-----END PRIV", "ATE KEY-----\nb"].concat();
        assert_eq!(mask_lines(&key), "a\n[masked private-key]\n\n\nb");
        let (token, password) = (["ghp_", &noise(36)].concat(), ["q7Rk2vX9", "pLm4"].concat());
        let mut value = serde_json::json!({ "text": token, "list": [{ "password": password }], "count": 1 });
        mask_json(&mut value);
        assert_eq!(value, serde_json::json!({ "text": "[masked github-token]", "list": [{ "password": "[masked password]" }], "count": 1 }));
    }

    #[test]
    fn assignments_of_what_is_random() {
        check(&["DB_PASSWORD=", "q7Rk2vX9", "pLm4"], "DB_PASSWORD=[masked password]");
        check(&["  api_key: \"", &noise(32), "\","], "  api_key: \"[masked api-key]\",");
        check(&["client_secret = '", &noise(24), "'"], "client_secret = '[masked secret]'");
        check(&["Authorization: Bearer ", &noise(40)], "Authorization: Bearer [masked bearer-token]");
        check(&["postgres://app:", "q7Rk2vX9pLm4", "@db/main"], "postgres://app:[masked password]@db/main");
    }

    #[test]
    fn near_misses_stay() {
        for text in [
            "api_key = \"your-key-here\"",
            "export API_KEY=xxxxxxxxxxxxxxxxxxxx",
            "password: ${DB_PASSWORD}",
            "password = \"correct-horse-battery-staple\"",
            "token = next_token(&mut stream2);",
            "let token = self.tokens2.pop();",
            "TOKEN={{ secrets.GITHUB_TOKEN2 }}",
            "max_tokens: 128000000000",
            "\"integrity\": \"sha512-Q8dKq0l1sV0mZ2bXoQz9nY7aC4eF6gH1jK3lM5nO7pR9sT\"",
            "checksum = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-ant-api03-your-key-goes-in-this-very-place",
            "sk-this-is-only-a-kebab-case-name",
            "Authorization: Bearer $TOKEN",
            "postgres://user:password@localhost/db",
            "https://example.com/a:b@c",
            "password: the one that you chose when you signed up",
            "token: 0123456789abcdef0123456789abcdef",
            "jtn_x",
            "jtn_ttf72n0zk5v1_d208398cb322…",
            "secret = std::env::var(\"A1B2C3D4E5F6\")",
        ] {
            check(&[text], text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_masked_once_and_for_all(text in "(?s)(password[:=] ?|jtn_|-----BEGIN PRIVATE KEY-----|[a-zA-Z0-9+/=\"' \n:@é-]{0,12}){0,12}") {
            let masked = mask(&text).0.into_owned();
            let again = mask(&masked).0.into_owned();
            prop_assert_eq!(masked, again);
        }
    }
}
