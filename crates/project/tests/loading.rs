//! What is read, what is refused, and what is never shown.
#![allow(clippy::unwrap_used)]

use jeton_core::{Nanousd, Rate};
use jeton_project::{
    Api, Code, CredentialSource, Declared, Durability, LogLevel, OnCancel, OutputLimitField, Prices, Report, SecretRef, Snapshot, StreamOptions, UnknownPrice,
    Window, load,
};
use proptest::prelude::*;

fn no_env(_: &str) -> Option<String> {
    None
}

fn read(text: &str) -> Snapshot {
    load("jeton.toml", text, &no_env).unwrap_or_else(|report| panic!("{report}"))
}

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Snapshot, Report> {
    load("jeton.toml", text, &|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

/// The text has exactly one mistake, of this kind, on this line; its message and remedy hold these parts.
fn check(text: &str, code: Code, line: usize, message: &str, remedy: &str) {
    let report = load("jeton.toml", text, &no_env).expect_err(text);
    let [mistake] = report.diagnostics.as_slice() else { panic!("{text}: not one mistake but\n{report}") };
    assert_eq!((mistake.code, mistake.line), (code, line), "{report}");
    assert!(mistake.message.contains(message) && mistake.remedy.contains(remedy), "{report}");
    assert!(!mistake.expected.is_empty() && !mistake.remedy.is_empty() && mistake.end_column > mistake.column, "{report}");
}

#[test]
fn nothing_said_gives_the_defaults() {
    let snapshot = read("");
    let gateway = &snapshot.gateway;
    assert_eq!(gateway.listen.to_string(), "127.0.0.1:4600");
    assert_eq!((gateway.body_limit_bytes, gateway.buffer_limit_bytes, gateway.decompressed_limit_bytes), (32 << 20, 512 << 20, 64 << 20));
    assert_eq!((gateway.header_timeout_ms, gateway.idle_timeout_ms, gateway.drain_deadline_ms), (10_000, 75_000, 30_000));
    assert!(
        gateway.trusted_proxies.is_empty()
            && gateway.allowed_hosts.is_empty()
            && gateway.cors_origins.is_empty()
            && gateway.tls.is_none()
            && gateway.workers.is_none()
    );
    assert_eq!((snapshot.store.path.to_str().unwrap(), snapshot.store.durability), (".jeton/ledger.db", Durability::Process));
    assert_eq!((snapshot.log.level, snapshot.log.prompts), (LogLevel::Info, false));
    assert_eq!(
        (snapshot.budget.unknown_price, snapshot.budget.output_floor_tokens, snapshot.budget.default_output_bound_tokens),
        (UnknownPrice::Refuse, 256, 16_384)
    );
    assert_eq!(snapshot.budget.lease_ms, 900_000);
    let timeouts = snapshot.timeouts;
    assert_eq!(
        (timeouts.connect_ms, timeouts.headers_ms, timeouts.first_content_ms, timeouts.idle_ms, timeouts.total_ms),
        (5_000, None, 120_000, 60_000, 600_000)
    );
    assert_eq!(snapshot.providers.keys().collect::<Vec<_>>(), ["local", "replay", "twin"]);
    assert!(snapshot.providers.values().all(|provider| provider.declared == Declared::BuiltIn && provider.base_url.is_empty()));
    assert!(
        snapshot.models.is_empty() && snapshot.routes.is_empty() && snapshot.accounts.is_empty() && snapshot.classes.is_empty() && snapshot.notes.is_empty()
    );
    assert!(!snapshot.is_public());
}

#[test]
fn providers_are_read_whole() {
    let snapshot = read(
        "[providers.acme]\napi = 'openai'\nbase_url = 'http://127.0.0.1:9/v1/'\napi_key = { file = 'key' }\nheaders = { X-Team = 'a', x-api-key = { env = 'K' } }\n\
         prices = 'free'\noutput_limit_field = 'max_tokens'\nstream_options = false\nregion = 'eu'\non_cancel = 'drain'\nmodels = ['fast']\ntimeouts = { idle_ms = 7 }\n\
         [providers.openai]\ncredential = 'caller'\n[providers.twin]\ntwin = { seed = 7, errors = [{ status = 429, share = 0.5 }] }\n[providers.canned]\napi = 'replay'\nreplay_dir = 'r'\n",
    );
    let acme = &snapshot.providers["acme"];
    assert_eq!((acme.api, acme.base_url.as_str(), acme.declared), (Api::Openai, "http://127.0.0.1:9/v1", Declared::File));
    assert_eq!(acme.api_key, Some(SecretRef::File("key".into())));
    assert_eq!(acme.headers.keys().collect::<Vec<_>>(), ["x-api-key", "x-team"]);
    assert_eq!((&acme.prices, acme.output_limit_field, acme.stream_options), (&Prices::Free, OutputLimitField::MaxTokens, StreamOptions::Never));
    assert_eq!((acme.region.as_deref(), acme.on_cancel, acme.models.as_slice()), (Some("eu"), OnCancel::Drain, ["fast".to_owned()].as_slice()));
    assert_eq!(snapshot.timeouts_for("acme", None).idle_ms, 7);
    let openai = &snapshot.providers["openai"];
    assert_eq!((openai.api, openai.base_url.as_str(), openai.credential), (Api::Openai, "https://api.openai.com/v1", CredentialSource::Caller));
    assert_eq!((&openai.prices, openai.stream_options), (&Prices::Book("openai".into()), StreamOptions::Auto));
    assert_eq!(snapshot.providers["twin"].twin, serde_json::json!({ "seed": 7, "errors": [{ "status": 429, "share": 0.5 }] }));
    assert_eq!(snapshot.providers["canned"].replay_dir.to_str(), Some("r"));
}

#[test]
fn money_is_read_from_its_digits() {
    let snapshot = read(
        "[budget]\nunknown_price = { usd_per_million_tokens = 75 }\n[models.'openai/x']\nprice = { input = 0.1, output = 1_000.000000001, reasoning = 0x10, cache_read = 25e-3, per_request_usd = 0.005 }\n\
         [accounts.a]\nbudget = { usd = 0.1 }\n",
    );
    let price = snapshot.models["openai/x"].price.clone().unwrap();
    assert_eq!((price.rates.input, price.rates.output), (Some(Rate(100_000_000)), Some(Rate(1_000_000_000_001))));
    assert_eq!((price.rates.reasoning, price.rates.cache_read, price.rates.cache_write), (Some(Rate(16_000_000_000)), Some(Rate(25_000_000)), None));
    assert_eq!(price.per_request, Some(Nanousd(5_000_000)));
    assert_eq!(snapshot.budget.unknown_price, UnknownPrice::Bound(Rate(75_000_000_000)));
    let budget = snapshot.accounts["a"].budget.clone().unwrap();
    assert_eq!((budget.amount, budget.window, budget.timezone.as_str()), (Nanousd(100_000_000), Window::Month, "UTC"));
}

#[test]
fn classes_keep_the_order_of_the_file_and_rules_come_single_or_listed() {
    let snapshot = read(
        "[classes.'z.last']\nmatch = { system = '*Refund*', header = 'X-App: help*' }\n[classes.a]\n[[classes.a.match]]\nkey = 'k'\n[[classes.a.match]]\ntag = 'team=b'\n\
         [classes.a.allow]\nmodels = ['openai/gpt-5*']\n",
    );
    assert_eq!(snapshot.class_order, ["z.last", "a"]);
    let rule = &snapshot.classes["z.last"].rules[0];
    assert!(rule.system.as_ref().unwrap().matches("You do refunds."));
    let header = rule.header.as_ref().unwrap();
    assert!(header.name == "x-app" && header.value.matches("helpdesk"));
    let class = &snapshot.classes["a"];
    assert_eq!((class.rules.len(), class.rules[0].key.as_deref(), class.rules[1].tag.as_deref()), (2, Some("k"), Some("team=b")));
    assert!(class.allow.models[0].matches("openai/gpt-5-mini") && !class.allow.models[0].matches("openai/o3"));
}

#[test]
fn the_timers_of_a_route_beat_those_of_a_provider() {
    let snapshot = read(
        "[timeouts]\nidle_ms = 1\nconnect_ms = 1\nheaders_ms = 1\n[providers.twin.timeouts]\nidle_ms = 2\nconnect_ms = 2\n[routes.r]\ntry = ['twin/x']\ntimeouts = { idle_ms = 3 }\nmax_cost = { usd = 1 }\n",
    );
    let timeouts = snapshot.timeouts_for("twin", Some("r"));
    assert_eq!((timeouts.idle_ms, timeouts.connect_ms, timeouts.headers_ms), (3, 2, Some(1)));
    assert_eq!(snapshot.timeouts_for("no", Some("no")), snapshot.timeouts);
    assert_eq!(snapshot.routes["r"].max_cost, Some(Nanousd(1_000_000_000)));
}

#[test]
fn a_hold_outlives_the_longest_call() {
    assert_eq!(read("[timeouts]\ntotal_ms = 3600000\n").budget.lease_ms, 3_900_000);
    assert_eq!(read("[routes.r]\ntry = ['twin/x']\ntotal_ms = 700000\n").budget.lease_ms, 1_000_000);
    check("[timeouts]\ntotal_ms = 3600000\n[budget]\nlease_ms = 3599999\n", Code::Conflict, 4, "shorter", "lease_ms = 3600000");
}

#[test]
fn accounts_form_trees() {
    let snapshot = read("[accounts.a]\nparent = 'org'\n[accounts.leaf]\nparent = 'a'\n");
    assert_eq!(snapshot.account_chain("leaf"), ["leaf", "a", "org"]);
    assert_eq!(snapshot.account_chain("unheard"), ["unheard"]);
    assert!(snapshot.accounts["org"].budget.is_none() && snapshot.notes[0].contains("`org`"));
    check("[accounts.a]\nparent = 'a'\n", Code::Cycle, 2, "`a` → `a`", "take out one");
    check("[accounts.a]\nparent = 'b'\n[accounts.b]\nparent = 'c'\n[accounts.c]\nparent = 'b'\n", Code::Cycle, 4, "`b` → `c` → `b`", "take out one");
    check(
        "[accounts.acme-org]\n[accounts.team]\nparent = 'acme_org'\n",
        Code::UnknownName,
        3,
        "`acme_org`",
        "did you mean `acme-org`? Otherwise add `[accounts.acme_org]`",
    );
}

#[test]
fn the_environment_makes_providers_and_moves_the_listener() {
    let keys = [("OPENAI_API_KEY", "sk-1"), ("ANTHROPIC_API_KEY", "sk-2"), ("ANTHROPIC_BASE_URL", "http://127.0.0.1:9"), ("JETON_LISTEN", "0.0.0.0:80")];
    let snapshot = read_with("", &keys).unwrap();
    let openai = &snapshot.providers["openai"];
    assert_eq!((openai.api, openai.declared, openai.base_url.as_str()), (Api::Openai, Declared::Environment, "https://api.openai.com/v1"));
    assert_eq!(openai.api_key, Some(SecretRef::Env("OPENAI_API_KEY".into())));
    assert_eq!(snapshot.providers["anthropic"].base_url, "http://127.0.0.1:9");
    assert!(snapshot.is_public());
    let origin = |path: &str| snapshot.effective().iter().find(|setting| setting.path == path).unwrap().origin.to_string();
    assert_eq!(origin("gateway.listen"), "environment JETON_LISTEN");
    assert_eq!(origin("providers.anthropic.base_url"), "environment ANTHROPIC_BASE_URL");
}

#[test]
fn services_of_the_clouds_have_their_addresses_and_prices() {
    let snapshot =
        read_with("[providers.bedrock]\naws = { region = 'eu-central-1' }\n[providers.google]\napi = 'gemini'\n", &[("GEMINI_API_KEY", "k")]).unwrap();
    let told = |name: &str| {
        let provider = &snapshot.providers[name];
        (provider.api, provider.base_url.as_str(), provider.prices.clone(), provider.api_key.is_some())
    };
    assert_eq!(told("bedrock"), (Api::Bedrock, "https://bedrock-runtime.eu-central-1.amazonaws.com", Prices::Book("amazon-bedrock".into()), false));
    assert_eq!(told("google"), (Api::Gemini, "https://generativelanguage.googleapis.com", Prices::Book("google".into()), false));
    assert_eq!(told("gemini"), (Api::Gemini, "https://generativelanguage.googleapis.com", Prices::Book("google".into()), true));
}

#[test]
fn a_key_of_the_environment_never_goes_where_the_file_points() {
    let provider = |text: &str| read_with(text, &[("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "http://127.0.0.1:9")]).unwrap().providers["openai"].clone();
    assert_eq!(provider("[providers.openai]\nregion = 'eu'\n").api_key, Some(SecretRef::Env("OPENAI_API_KEY".into())));
    assert_eq!(provider("[providers.openai]\nbase_url = 'http://elsewhere'\n").api_key, None);
    assert_eq!(provider("[providers.openai]\ncredential = 'caller'\n").api_key, None);
    let own = provider("[providers.openai]\napi_key = { env = 'MINE' }\n");
    assert_eq!((own.api_key, own.base_url.as_str()), (Some(SecretRef::Env("MINE".into())), "https://api.openai.com/v1"));
    assert_eq!(provider("[providers.openai]\napi = 'anthropic'\n").api_key, None);
}

#[test]
fn an_address_of_the_environment_that_leads_to_jeton_is_ignored() {
    let snapshot = read_with("", &[("OPENAI_BASE_URL", "http://localhost:4600/v1")]).unwrap();
    assert!(!snapshot.providers.contains_key("openai") && snapshot.notes[0].contains("leads to Jeton itself"));
    let snapshot = read_with("", &[("OPENAI_BASE_URL", "http://localhost:4601/v1"), ("OPENAI_API_KEY", " ")]).unwrap();
    assert_eq!((snapshot.providers["openai"].api_key.as_ref(), snapshot.notes.len()), (None, 0));
}

#[test]
fn mistakes_in_the_environment_are_reported_with_the_others() {
    let report = read_with("[log]\nlevel = 'loud'\n", &[("JETON_LISTEN", "here"), ("OPENAI_BASE_URL", "http://u:hunter2@h")]).unwrap_err();
    let places: Vec<_> = report.diagnostics.iter().map(|mistake| (mistake.file.as_str(), mistake.line)).collect();
    assert_eq!(places, [("jeton.toml", 2), ("environment JETON_LISTEN", 0), ("environment OPENAI_BASE_URL", 0)]);
    assert!(!report.to_string().contains("hunter2"));
}

#[test]
fn only_loopback_is_private() {
    let public = |listen: &str| read(&format!("[gateway]\nlisten = '{listen}'\n")).is_public();
    for private in ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.8.8.8:1", "[::ffff:127.0.0.1]:1"] {
        assert!(!public(private), "{private}");
    }
    for open in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1"] {
        assert!(public(open), "{open}");
    }
}

#[test]
fn each_mistake_has_its_place_and_remedy() {
    use Code::{BadValue, Conflict, Later, Missing, SecretLiteral, Syntax, UnknownKey, UnknownName, WrongType};
    check("\n[gatewya]\n", UnknownKey, 2, "unknown key `gatewya` at the top", "`gateway`");
    check("[log]\nidle_ms = 5\n", UnknownKey, 2, "`idle_ms` in `log`", "`idle_ms` in `timeouts`");
    check("gateway = 4\n", WrongType, 1, "`gateway` is a whole number", "[gateway]");
    check("[[gateway]]\n", WrongType, 1, "`gateway` is a list", "[gateway]");
    check("[accounts]\nparent = 'a'\n", WrongType, 2, "`accounts.parent` is a text", "[accounts.parent]");
    check("[timeouts]\nidle_ms = '60s'\n", WrongType, 2, "`timeouts.idle_ms` is a text", "idle_ms = 60000");
    check("[timeouts]\nidle_ms = 1.5\n", WrongType, 2, "a decimal number", "idle_ms = 60000");
    check("[timeouts]\nidle_ms = -5\n", BadValue, 2, "`-5` is out of range", "idle_ms = 60000");
    check("[timeouts]\nidle_ms = 99999999999999999999\n", BadValue, 2, "out of range", "idle_ms");
    check("[log]\nprompts = 'yes'\n", WrongType, 2, "`log.prompts` is a text", "prompts = false");
    check("[log]\nlevel = 'warning'\n", BadValue, 2, "`warning`", "`warn`");
    check("[gateway]\ncors_origins = 'https://a'\n", WrongType, 2, "`gateway.cors_origins` is a text", "cors_origins = [");
    check("[gateway]\nallowed_hosts = ['https://a']\n", BadValue, 2, "no host name", "allowed_hosts");
    check("[store]\nurl = 'sqlite::memory:'\n", BadValue, 2, "would lose the ledger", "name a file");
    check("[store]\nurl = 'postgresql://h/d'\n", Later, 2, "PostgreSQL", "sqlite:");
    check("[providers.a]\napi = 'vertex'", Code::Missing, 1, "does not say where it is", "aiplatform.googleapis.com");
    check("[providers.bedrock]\napi = 'bedrock'", Code::Missing, 1, "does not say where it is", "aws = { region");
    let part = "[providers.bedrock]\naws = { region = 'us-east-1', access_key_id = { env = 'ID' } }";
    check(part, Code::Missing, 2, "but a part of an access key", "what is missing");
    let both = "[providers.bedrock]\napi_key = { env = 'K' }\naws = { region = 'r', access_key_id = { env = 'ID' }, secret_access_key = { env = 'S' } }";
    check(both, Code::Conflict, 2, "an `api_key` and an access key", "take out one of the two");
    check("[providers.a]\napi = 'openai'\n[providers.a.aws]\nregion = 'r'", Code::Conflict, 3, "means nothing for `api = \"openai\"`", "take out `aws`");
    check("[providers.a]\napi = 'opnai'\n", BadValue, 2, "`opnai`", "`openai`");
    check("[providers.a]\n", Missing, 1, "does not say its `api`", "api = \"openai\"");
    check("[providers.'a/b']\napi = 'openai'\n", BadValue, 1, "`a/b` cannot be a name here", "rename it");
    check("[providers.twin]\napi = 'openai'\n", Conflict, 2, "belongs to a built-in provider", "another name");
    check("[providers.openai]\ntwin = {}\n", Conflict, 2, "means nothing", "take out `twin`");
    check("[providers.twin]\ntwin = { latency_ms = inf }\n", BadValue, 2, "a number that JSON cannot", "twin");
    check("[providers.openai]\napi_key = 'hunter2'\n", SecretLiteral, 2, "holds a secret itself", "api_key = { env = \"OPENAI_KEY\" }");
    check("[providers.openai]\napi_key = 42\n", WrongType, 2, "is a whole number", "{ env =");
    check("[providers.openai]\napi_key = { env = 'sk-1' }\n", BadValue, 2, "names no environment variable", "{ env =");
    check("[providers.openai]\napi_key = { env = 'A', file = 'b' }\n", BadValue, 2, "needs one of", "{ env =");
    check("[providers.openai]\napi_key = { vault = 'A' }\n", BadValue, 2, "knows only", "{ env =");
    check("[providers.openai]\nheaders = { cookie = 'a' }\n", SecretLiteral, 2, "headers.cookie", "{ env =");
    check("[providers.openai]\nheaders = { x-a = 'Bearer b' }\n", SecretLiteral, 2, "headers.x-a", "{ env =");
    check("[providers.openai]\nheaders = { 'x a' = 'b' }\n", BadValue, 2, "has no valid name", "x-team");
    check("[providers.openai]\nheaders = { x-a = \"b\\r\\nc: d\" }\n", BadValue, 2, "control character", "one line");
    check("[providers.openai]\nheaders = { jeton-key = 'b' }\n", Conflict, 2, "set by Jeton itself", "take it out");
    check("[providers.openai]\nheaders = { x-a = 'b', X-A = 'c' }\n", Conflict, 2, "twice", "keep one");
    check("[models.fast]\n", BadValue, 1, "does not say which provider's model", "provider/name");
    check("[models.'openia/x']\n", UnknownName, 1, "`openia`, which does not exist", "`openai`");
    check("[models.'openai/x']\nprice = { input = '3' }\n", WrongType, 2, "is a text", "input = 0.25");
    check("[models.'openai/x']\nprice = { input = 1e999999999999 }\n", BadValue, 2, "out of range", "input = 0.25");
    check("[models.'openai/x']\nprice = { input = nan }\n", BadValue, 2, "is no price", "input = 0.25");
    check("[budget]\nunknown_price = { usd = 1 }\n", BadValue, 2, "neither of its forms", "refuse");
    check("[routes.r]\n", Missing, 1, "tries no model", "try = [");
    check("[routes.r]\ntry = []\n", Missing, 2, "tries no model", "try = [");
    check("[routes.r]\ntry = ['local/extrakt']\n", UnknownName, 2, "`local` does not have", "`local/extract`");
    check("[providers.a]\napi = 'openai'\nmodels = ['fast']\n[routes.r]\ntry = ['a/fats']\n", UnknownName, 5, "`a` does not have", "`a/fast`");
    check("[accounts.a]\nbudget = { usd = -1 }\n", BadValue, 2, "`accounts.a.budget.usd` is negative", "usd = 50");
    check("[accounts.a]\nbudget = {}\n", Missing, 2, "`accounts.a.budget.usd` is missing", "usd = 50");
    check("[classes.'a/b']\n", BadValue, 1, "cannot be a name here", "rename it");
    check("[classes.a]\nroute = 'r'\n", UnknownName, 2, "the route `r`", "add `[routes.r]`");
    check("[classes.a]\nallow = { models = ['opnai/*'] }\n", UnknownName, 2, "`opnai`", "`openai`");
    check("[classes.a]\nmatch = {}\n", Missing, 2, "no condition", "key");
    check("[classes.a]\nmatch = [1]\n", WrongType, 2, "a whole number", "match");
    check("[classes.a]\nquality = { at_least = 1.01 }\n", BadValue, 2, "out of range", "0.95");
    check("[log]\nlevel = info\n", Syntax, 2, "stands in no quotes", "in quotes");
    check("[log\nlevel = 'info'\n", Syntax, 1, "unclosed table", "close it");
    check("[log]\nlevel = 'info'\nlevel = 'warn'\n", Syntax, 3, "duplicate key", "keep one");
    check("[log]\nlevel = 'inf\n", Syntax, 2, "string", "close the text");
}

#[test]
fn models_that_are_described_or_listed_exist() {
    read(
        "[providers.a]\napi = 'openai'\nmodels = ['fast']\n[models.'a/deep']\n[routes.r]\ntry = ['a/fast', 'a/deep', 'local/extract', 'twin/any', 'openai/any']\n",
    );
}

#[test]
fn the_digest_follows_what_holds_and_nothing_else() {
    let digest = |text: &str| read(text).digest;
    let empty = digest("");
    assert_eq!(empty.len(), 16);
    assert_eq!(digest("# only a comment\n\n[log]\nlevel = 'info'\n"), empty, "a default said aloud changes nothing");
    let different = [
        "[log]\nlevel = 'debug'\n",
        "[accounts.a]\n",
        "[accounts.a]\nbudget = { usd = 1 }\n",
        "[accounts.a]\nbudget = { usd = 1.000000001 }\n",
        "[models.'openai/x']\nprice = { input = 1 }\n",
        "[providers.openai]\nheaders = { x-a = 'b' }\n",
        "[providers.openai]\nheaders = { x-a = 'c' }\n",
        "[providers.openai]\napi_key = { env = 'A' }\n",
    ];
    let digests: std::collections::BTreeSet<String> = different.iter().map(|text| digest(text)).chain([empty]).collect();
    assert_eq!(digests.len(), different.len() + 1);
}

#[test]
fn every_word_that_is_allowed_reaches_the_snapshot() {
    let schema = jeton_project::schema();
    let words = |pointer: &str| {
        schema.pointer(pointer).unwrap()["enum"].as_array().unwrap().iter().filter_map(|word| word.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let shown = |text: &str, pointer: &str| serde_json::to_value(read(text)).unwrap().pointer(pointer).unwrap().clone();
    for (schema_at, text, snapshot_at) in [
        ("/properties/store/properties/durability", "[store]\ndurability = 'WORD'", "/store/durability"),
        ("/properties/log/properties/format", "[log]\nformat = 'WORD'", "/log/format"),
        ("/properties/log/properties/level", "[log]\nlevel = 'WORD'", "/log/level"),
        ("/properties/providers/additionalProperties/properties/api", "[providers.a]\napi = 'WORD'", "/providers/a/api"),
        ("/properties/providers/additionalProperties/properties/credential", "[providers.openai]\ncredential = 'WORD'", "/providers/openai/credential"),
        (
            "/properties/providers/additionalProperties/properties/output_limit_field",
            "[providers.openai]\noutput_limit_field = 'WORD'",
            "/providers/openai/output_limit_field",
        ),
        ("/properties/providers/additionalProperties/properties/on_cancel", "[providers.openai]\non_cancel = 'WORD'", "/providers/openai/on_cancel"),
        (
            "/properties/accounts/additionalProperties/properties/budget/properties/window",
            "[accounts.a]\nbudget = { usd = 1, window = 'WORD' }",
            "/accounts/a/budget/window",
        ),
    ] {
        for word in words(schema_at) {
            // These belong to a resource or a project and have no address for everybody.
            let address = if ["vertex", "bedrock", "azure"].contains(&word.as_str()) { "\nbase_url = 'http://h'" } else { "" };
            assert_eq!(shown(&(text.replace("WORD", &word) + address), snapshot_at), word, "{text}");
        }
    }
}

#[test]
fn no_formatter_of_a_snapshot_prints_a_secret() {
    let text = "[providers.openai]\nheaders = { x-team = 'hunter2' }\n[providers.anthropic]\n";
    let snapshot = read_with(text, &[("OPENAI_API_KEY", "hunter2"), ("ANTHROPIC_API_KEY", "hunter2")]).unwrap();
    for shown in [
        format!("{snapshot:?}"),
        serde_json::to_string(&snapshot).unwrap(),
        serde_json::to_string(&snapshot.effective()).unwrap(),
        format!("{:#?}", snapshot.effective()),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let secret = snapshot.providers["openai"].headers["x-team"].resolve(std::path::Path::new("."), &no_env).unwrap();
    assert_eq!(secret.expose(), "hunter2");
}

/// Places where somebody may paste a key by mistake; none of the reports may show it.
#[test]
fn no_report_shows_a_pasted_key() {
    for line in [
        "api_key = \"KEY\"",
        "api_key = KEY",
        "api_key = \"KEY",
        "api_key = \"\"\"\nKEY\"\"\"",
        "api_key = { env = \"KEY\" }",
        "api_key = { env = \"KEY\", x = 1 }",
        "api_key = [\"KEY\"]",
        "api_key = { value = \"KEY\" }",
        "apikey = \"KEY\"",
        "key = { deep = [\"KEY\"] }",
        "base_url = \"KEY\"",
        "base_url = \"https://KEY@host\"",
        "base_url = \"https://host?key=KEY\"",
        "headers = { authorization = \"Bearer KEY\" }",
        "headers = \"KEY\"",
        "headers = { x-key = \"KEY\", x-other = 1 }",
        "credential = \"KEY\"",
        "stream_options = \"KEY\"",
        "region = \"KEY \"",
        "api = \"KEY\"",
        "models = \"KEY\"",
        "timeouts = \"KEY\"",
        "nonsense KEY",
        "api_key \"KEY\"",
        "on_cancel = \"cut\" # KEY",
        "on_cancel = \"cut\", api_key = \"KEY\"",
    ] {
        let text = format!("[providers.acme]\nbogus = true\n{}\n[store]\nurl = \"postgres://KEY@h\"\n", line).replace("KEY", "sk-hunter2");
        let report = load("jeton.toml", &text, &no_env).unwrap_err();
        for shown in [report.to_string(), format!("{report:?}"), serde_json::to_string(&report).unwrap()] {
            assert!(!shown.contains("hunter2"), "{line}:\n{shown}");
        }
    }
}

/// A letter, a quote or a bracket left out or put in, anywhere around the keys of a provider.
#[test]
fn no_report_of_a_damaged_file_shows_a_key() {
    let whole = include_str!("golden/mistakes.toml");
    let whole = &whole[whole.find("[store]").unwrap()..whole.find("[providers.cloud]").unwrap()];
    for at in 0..whole.len() {
        for (length, put) in [(0, "\""), (0, "\n"), (1, ""), (2, "["), (7, "{")] {
            let text = format!("{}{put}{}", &whole[..at], &whole[(at + length).min(whole.len())..]);
            let Err(report) = load("jeton.toml", &text, &no_env) else { continue };
            assert!(!report.to_string().contains("hunter2"), "{report}");
        }
    }
}

proptest! {
    /// Half-written files are read on every save: none may panic, and places lie inside the text.
    #[test]
    fn any_damage_is_reported_and_nothing_panics(at in 0_usize..2_600, length in 0_usize..40, put in "[\\PC\n\"'=\\[\\]{},#\\\\]{0,4}", seed in 0_usize..2) {
        let whole = [include_str!("golden/design.toml"), include_str!("golden/mistakes.toml")][seed];
        let mut at = at.min(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        let mut end = (at + length).min(whole.len());
        while !whole.is_char_boundary(end) { end -= 1; }
        let text = format!("{}{put}{}", &whole[..at], &whole[end.max(at)..]);
        if let Err(report) = load("jeton.toml", &text, &no_env) {
            prop_assert!(!report.diagnostics.is_empty());
            for mistake in &report.diagnostics {
                prop_assert!(mistake.line <= text.split('\n').count());
                prop_assert!(!mistake.remedy.is_empty() && !mistake.expected.is_empty() && !mistake.message.is_empty());
            }
            prop_assert!(!report.to_string().is_empty());
        }
    }
}
