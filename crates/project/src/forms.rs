//! The forms that texts in settings take: what each expects, and what is wrong with a text that does not fit.

use crate::Network;
use crate::diagnostic::Code;
use jeton_core::{is_name, nearest};
use std::net::SocketAddr;

/// A form of text.
pub(crate) struct TextForm {
    /// One or two words for the reference page.
    pub(crate) name: &'static str,
    /// What a fitting text is, after "expected".
    pub(crate) expected: &'static str,
    /// A fitting value as `jeton.toml` writes it.
    pub(crate) example: &'static str,
    pub(crate) check: fn(&str) -> Result<(), Complaint>,
}

/// Why a text does not fit.
pub(crate) struct Complaint {
    pub(crate) code: Code,
    /// Continues "`setting` …".
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    /// The text may hold a credential and must not be shown.
    pub(crate) private: bool,
}

fn wrong(message: impl Into<String>) -> Complaint {
    Complaint { code: Code::BadValue, message: message.into(), remedy: None, private: false }
}

impl Complaint {
    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    fn private(mut self) -> Self {
        self.private = true;
        self
    }
}

/// `text` as it may stand in a message: short, on one line, in back quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    format!("`{}`", shown.replace("\\'", "'").replace("\\\"", "\""))
}

fn require(holds: bool, text: &str, why: &str) -> Result<(), Complaint> {
    if holds { Ok(()) } else { Err(wrong(format!("{} {why}", quoted(text)))) }
}

/// Letters, digits and `. _ -`: names that stand in URLs or before a slash.
fn is_plain_name(text: &str) -> bool {
    is_name(text) && !text.contains(['/', ':', '=', '@'])
}

fn plain_name(text: &str) -> Result<(), Complaint> {
    require(is_plain_name(text), text, "cannot be a name here")
}

const PLAIN_NAME: &str = "1 to 128 letters, digits, `.`, `_` and `-`, the first a letter or digit";

pub(crate) static NAME: TextForm = TextForm {
    name: "name",
    expected: "1 to 128 letters, digits and `. _ - : = @ /`, the first a letter or digit",
    example: r#""support""#,
    check: |text| require(is_name(text), text, "cannot be a name"),
};

pub(crate) static PROVIDER: TextForm = TextForm { name: "provider", expected: PLAIN_NAME, example: r#""acme""#, check: plain_name };
pub(crate) static ROUTE: TextForm = TextForm { name: "route", expected: PLAIN_NAME, example: r#""cheap-first""#, check: plain_name };
pub(crate) static CLASS: TextForm = TextForm { name: "class", expected: PLAIN_NAME, example: r#""support.refund""#, check: plain_name };

pub(crate) static PACK: TextForm = TextForm {
    name: "pack",
    expected: PLAIN_NAME,
    example: r#""refunds""#,
    check: |text| match text {
        // The header `jeton-context: none` switches the pack of a class off.
        "none" => Err(wrong("`none` stands for no pack")),
        _ => plain_name(text),
    },
};

/// Whether `text` can be a glob below the project's directory.
fn is_glob(text: &str) -> bool {
    let is_inside = !text.starts_with('/') && !text.split('/').any(|part| part == "..");
    is_inside && !text.trim().is_empty() && text.len() <= 1024 && !text.chars().any(|c| c.is_control() || c == '\\')
}

pub(crate) static GLOB: TextForm = TextForm {
    name: "glob",
    expected: "a glob of paths below the project's directory, with `/` between their parts",
    example: r#""docs/**""#,
    check: |text| require(is_glob(text), text, "is no glob of paths below the project's directory"),
};

pub(crate) static UNIT: TextForm = TextForm {
    name: "unit",
    expected: "the id of a unit, `kind:place`; `*` stands for any run of characters",
    example: r#""constraint:refund-window""#,
    check: |text| {
        let fits = (1..=512).contains(&text.len()) && (text.contains(':') || text.contains('*')) && !text.chars().any(char::is_control);
        require(fits, text, "is no id of a unit")
    },
};

pub(crate) static PRICES: TextForm =
    TextForm { name: "provider or `free`", expected: "the name of a provider in the price book, or `free`", example: r#""openai""#, check: plain_name };

fn is_model_name(text: &str) -> bool {
    (1..=256).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

pub(crate) static MODEL_NAME: TextForm = TextForm {
    name: "model name",
    expected: "the provider's own name of a model, without spaces",
    example: r#""fast""#,
    check: |text| require(is_model_name(text), text, "cannot be the name of a model"),
};

pub(crate) static MODEL: TextForm =
    TextForm { name: "provider/name", expected: "a model as `provider/name`", example: r#""acme/fast""#, check: |text| model(text, is_plain_name) };

pub(crate) static MODEL_PATTERN: TextForm = TextForm {
    name: "provider/pattern",
    expected: "a model as `provider/name`, in which `*` stands for any run of characters",
    example: r#""openai/gpt-5*""#,
    check: |text| model(text, |provider| is_plain_name(&provider.replace('*', "x"))),
};

fn model(text: &str, is_provider: fn(&str) -> bool) -> Result<(), Complaint> {
    match text.split_once('/') {
        Some((provider, name)) if is_provider(provider) && is_model_name(name) => Ok(()),
        Some(_) => Err(wrong(format!("{} is no model", quoted(text)))),
        None => Err(wrong(format!("{} does not say which provider's model it is", quoted(text))).remedy("put the provider before it: `provider/name`")),
    }
}

/// Reads an address to listen on.
pub(crate) fn parse_listen(text: &str) -> Option<SocketAddr> {
    match text.strip_prefix("localhost:") {
        Some(port) => port.parse().ok().map(|port| SocketAddr::from(([127, 0, 0, 1], port))),
        None => text.parse().ok(),
    }
}

pub(crate) static LISTEN: TextForm = TextForm {
    name: "address",
    expected: "an IP address and a port, such as `127.0.0.1:4600` or `[::1]:4600`",
    example: r#""127.0.0.1:4600""#,
    check: |text| {
        if parse_listen(text).is_some() {
            return Ok(());
        }
        let remedy = match text.rsplit_once(':') {
            Some(("", port)) if port.parse::<u16>().is_ok() => format!("name the address too: `127.0.0.1:{port}` for this machine only"),
            _ if text.parse::<std::net::Ipv4Addr>().is_ok() => format!("add a port: `{text}:4600`"),
            _ => "write, for example, `127.0.0.1:4600`".into(),
        };
        Err(wrong(format!("{} is no address to listen on", quoted(text))).remedy(remedy))
    },
};

pub(crate) static NETWORK: TextForm = TextForm {
    name: "address or network",
    expected: "an IP address or a network such as `10.0.0.0/8`",
    example: r#""10.0.0.0/8""#,
    check: |text| require(Network::parse(text).is_some(), text, "is no IP address or network"),
};

/// A host name or an IP address, without a port.
fn is_host(text: &str) -> bool {
    let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok());
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    address || (text.len() <= 253 && text.strip_suffix('.').unwrap_or(text).split('.').all(label))
}

pub(crate) static HOST: TextForm = TextForm {
    name: "host name",
    expected: "a host name without scheme and port",
    example: r#""jeton.example.com""#,
    check: |text| require(is_host(text), text, "is no host name"),
};

/// Scheme, host with port, and the rest of an http or https address.
struct Address<'t> {
    host: &'t str,
    port: Option<u16>,
    scheme_port: u16,
    rest: &'t str,
}

fn parse_address(text: &str) -> Result<Address<'_>, Complaint> {
    let lower = text.to_ascii_lowercase();
    let (scheme_port, after) = match () {
        () if lower.starts_with("https://") => (443, &text[8..]),
        () if lower.starts_with("http://") => (80, &text[7..]),
        // Without a scheme the text may be anything, a key put in the wrong place too.
        () => return Err(wrong("is no http or https address").private()),
    };
    let end = after.find(['/', '?', '#', '\\']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    if authority.contains('@') {
        return Err(wrong("carries a user name or password")
            .private()
            .remedy("take it out of the address, and give it as `api_key = { env = \"…\" }` or in `headers`"));
    }
    if rest.contains(['?', '#']) {
        return Err(wrong("carries a query or fragment").private().remedy("end the address with its path; put further values in `headers`"));
    }
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            // What stands for a port may be a password whose address was cut off.
            Err(_) => return Err(wrong("has no valid port").private()),
        },
        _ => (authority, None),
    };
    if !is_host(host) || rest.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(wrong("is no http or https address").private());
    }
    Ok(Address { host, port, scheme_port, rest })
}

/// Whether `base_url` leads to the address that Jeton itself listens on.
pub(crate) fn leads_to(base_url: &str, listen: SocketAddr) -> bool {
    parse_address(base_url).is_ok_and(|address| {
        let host = address.host.trim_matches(['[', ']']);
        let same_host = match host.parse::<std::net::IpAddr>() {
            Ok(ip) => ip == listen.ip() || (ip.is_loopback() && (listen.ip().is_loopback() || listen.ip().is_unspecified())),
            Err(_) => host.eq_ignore_ascii_case("localhost") && (listen.ip().is_loopback() || listen.ip().is_unspecified()),
        };
        same_host && address.port.unwrap_or(address.scheme_port) == listen.port()
    })
}

pub(crate) static BASE_URL: TextForm = TextForm {
    name: "http(s) address",
    expected: "an address that begins with `http://` or `https://`, without credentials, query and fragment",
    example: r#""http://127.0.0.1:9000/v1""#,
    check: |text| parse_address(text).map(|_| ()),
};

pub(crate) static ORIGIN: TextForm = TextForm {
    name: "origin",
    expected: "scheme, host and port of a page, such as `https://app.example.com`",
    example: r#""https://app.example.com""#,
    check: |text| match text {
        "*" => Err(wrong("`*` would let every page in the world call through the user's browser").remedy("list the origins that may call")),
        _ => parse_address(text).and_then(|address| require(address.rest.is_empty(), text, "is more than an origin")),
    },
};

pub(crate) static STORE: TextForm = TextForm {
    name: "store address",
    expected: "`sqlite:` and the path of a file",
    example: r#""sqlite:.jeton/ledger.db""#,
    check: |text| {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            let later = wrong("names PostgreSQL, which comes in a later release").private().remedy("write `url = \"sqlite:.jeton/ledger.db\"` until then");
            return Err(Complaint { code: Code::Later, ..later });
        }
        match text.strip_prefix("sqlite:") {
            Some(":memory:") => Err(wrong("`sqlite::memory:` would lose the ledger with the process").remedy("name a file: `sqlite:.jeton/ledger.db`")),
            Some(path) if !path.trim().is_empty() && !path.chars().any(char::is_control) => Ok(()),
            Some(_) => Err(wrong(format!("{} names no file", quoted(text)))),
            None => Err(wrong("is no store that Jeton knows").private().remedy("write `url = \"sqlite:.jeton/ledger.db\"`")),
        }
    },
};

pub(crate) static PATH: TextForm = TextForm {
    name: "path",
    expected: "the path of a file or directory; a relative one starts at the project's directory",
    example: r#"".jeton/replay""#,
    check: |text| require(!text.trim().is_empty() && !text.chars().any(char::is_control), text, "is no path"),
};

pub(crate) static URL_PATH: TextForm = TextForm {
    name: "URL path",
    expected: "a path that begins with `/`",
    example: r#""/c/support.refund/v1""#,
    check: |text| require(text.starts_with('/') && !text.chars().any(|c| c.is_whitespace() || c.is_control()), text, "is no path of a request"),
};

pub(crate) static PHRASE: TextForm = TextForm {
    name: "pattern",
    expected: "a text in which `*` stands for any run of characters",
    example: r#""*refund agent*""#,
    check: |text| require(text.chars().any(|c| c != '*' && !c.is_whitespace()), text, "would match every prompt"),
};

/// Whether `text` can name a header (RFC 9110, section 5.6.2: a token).
pub(crate) fn is_header_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The name in lower case, and the value, of `name: value`.
pub(crate) fn split_header(text: &str) -> Option<(String, &str)> {
    let (name, value) = text.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    (is_header_name(name) && !value.is_empty() && !value.chars().any(char::is_control)).then(|| (name.to_ascii_lowercase(), value))
}

pub(crate) static HEADER_MATCH: TextForm = TextForm {
    name: "`name: value`",
    expected: "the name of a header, a colon and its value",
    example: r#""x-app: helpdesk*""#,
    check: |text| require(split_header(text).is_some(), text, "is no header with a value"),
};

pub(crate) static TIMEZONE: TextForm = TextForm {
    name: "time zone",
    expected: "an IANA time zone such as `Europe/Berlin`, or `UTC`",
    example: r#""Europe/Berlin""#,
    check: |text| {
        if jiff::tz::TimeZone::get(text).is_ok() {
            return Ok(());
        }
        let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let remedy = match nearest(text, known.iter().map(String::as_str), 1).first() {
            Some(name) => format!("did you mean `{name}`?"),
            None => "this machine has no time zone data: install it (often the package `tzdata`), or write `UTC`".into(),
        };
        Err(wrong(format!("{} is no time zone", quoted(text))).remedy(remedy))
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &TextForm, fitting: &[&str], unfitting: &[&str]) {
        for text in fitting {
            assert!((form.check)(text).is_ok(), "{}: {text:?} should fit", form.name);
        }
        for text in unfitting {
            assert!((form.check)(text).is_err(), "{}: {text:?} should not fit", form.name);
        }
    }

    #[test]
    fn forms_take_what_fits_and_refuse_the_rest() {
        check(
            &LISTEN,
            &["127.0.0.1:4600", "[::1]:0", "localhost:80", "0.0.0.0:4600"],
            &["", ":4600", "127.0.0.1", "example.com:80", "1.2.3.4:70000", "localhost:"],
        );
        check(
            &BASE_URL,
            &["https://api.openai.com/v1", "http://[::1]:9/", "HTTP://h"],
            &[
                "",
                "api.openai.com",
                "ftp://h",
                "http://",
                "http://:80",
                "http://u:p@h",
                "http://h?x",
                "http://h#x",
                "http://h:x",
                "http://a b",
                "http://h/a b",
                "http://h\\@evil",
            ],
        );
        check(&ORIGIN, &["https://a.example", "http://localhost:3000"], &["*", "https://a.example/", "a.example", "null"]);
        check(&STORE, &["sqlite:x.db", "sqlite:/var/x.db"], &["sqlite:", "sqlite::memory:", "postgres://h/db", "postgresql://h", "x.db", ""]);
        check(&MODEL, &["acme/fast", "openrouter/meta/llama-3:free"], &["fast", "/fast", "acme/", "a b/c", "acme/a b", "acme/a\nb"]);
        check(&MODEL_PATTERN, &["openai/*", "*/gpt-5", "openai/gpt-5*"], &["*", "openai"]);
        check(&HOST, &["a.example", "localhost", "10.0.0.1", "[::1]"], &["", "https://a", "a:80", "a b", ".", "a..b"]);
        check(&HEADER_MATCH, &["x-app: a", "X-App:a*"], &["x-app", "x app: a", ": a", "x-app:", "x: a\r\nb: c"]);
        check(&TIMEZONE, &["UTC", "Europe/Berlin"], &["Europe/Berln", "", "+02:00"]);
        check(&CLASS, &["support.refund", "a"], &["", "a/b", "a:b", "ä", "-a"]);
        check(&PACK, &["refunds", "a.b"], &["", "none", "a/b"]);
        check(&GLOB, &["docs/**", "*.md", "a/{b,c}.md"], &["", "/etc/*", "../x", "a/../../b", "a\\b"]);
        check(&UNIT, &["doc:docs/a.md#b", "constraint:*", "*"], &["", "refund", "doc:\n"]);
        check(&NAME, &["key:ci", "team=a"], &["", " a", "a\n"]);
        check(&URL_PATH, &["/v1", "/"], &["", "v1", "/a b"]);
        check(&PHRASE, &["*a*", "a"], &["", "*", " * "]);
        check(&PATH, &["a", "/a/b"], &["", "  ", "a\0"]);
        check(&PRICES, &["free", "openai"], &["", "a/b"]);
        check(&NETWORK, &["10.0.0.0/8"], &["10.0.0.0/99"]);
        check(&MODEL_NAME, &["gpt-5", "a/b:c"], &["", "a b"]);
    }

    #[test]
    fn an_address_that_leads_back_to_jeton_is_known() {
        let check = |url: &str, listen: &str, expected: bool| assert_eq!(leads_to(url, listen.parse().unwrap()), expected, "{url} {listen}");
        check("http://127.0.0.1:4600/v1", "127.0.0.1:4600", true);
        check("http://localhost:4600", "127.0.0.1:4600", true);
        check("http://[::1]:4600", "0.0.0.0:4600", true);
        check("http://127.0.0.1:9000/v1", "127.0.0.1:4600", false);
        check("https://api.openai.com/v1", "127.0.0.1:443", false);
        check("http://127.0.0.1", "127.0.0.1:80", true);
    }
}
