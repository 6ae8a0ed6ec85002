//! From what was said to the typed snapshot. Every value that a snapshot holds is read by the name of its definition.

use crate::describe::DESCRIPTION;
use crate::forms::{parse_listen, split_header};
use crate::snapshot::{
    Account, Allow, Api, Aws, Budget, BudgetRules, Class, ClassLimits, CredentialSource, Declared, Durability, Gateway, HeaderMatch, Log, LogFormat, LogLevel,
    MatchRule, Model, OnCancel, OutputLimitField, Prices, Provider, Quality, Route, Snapshot, Store, StreamOptions, TimeoutOverrides, Timeouts, Tls,
    UnknownPrice, Window,
};
use crate::tree::{Path, Tree, Value, owned};
use crate::{ContextCommands, ContextSettings, HeaderValue, Network, Pack, PackPlace, PackQuery, Pattern, SecretRef};
use jeton_core::{AbilityOverrides, Nanousd, Price, Rate, Rates, Samplers};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A hold outlives the longest call by this much, where `budget.lease_ms` says nothing.
const LEASE_MARGIN_MS: u64 = 300_000;

/// Reads values below one table, or their fallbacks.
struct Reader<'t> {
    tree: &'t Tree,
    path: Path,
    pattern: String,
}

impl<'t> Reader<'t> {
    fn top(tree: &'t Tree) -> Self {
        Self { tree, path: Path::new(), pattern: String::new() }
    }

    fn pattern_of(&self, key: &str) -> String {
        if self.pattern.is_empty() { key.to_owned() } else { format!("{}.{key}", self.pattern) }
    }

    fn table(&self, key: &str) -> Self {
        Self { tree: self.tree, path: crate::decode::below(&self.path, key), pattern: self.pattern_of(key) }
    }

    /// Whether the table `key` stands below.
    fn has(&self, key: &str) -> bool {
        self.tree.tables.contains_key(&crate::decode::below(&self.path, key))
    }

    fn each<T>(&self, key: &str, make: impl Fn(&str, &Self) -> T) -> BTreeMap<String, T> {
        let table = self.table(key);
        let path: Vec<&str> = table.path.iter().map(String::as_str).collect();
        let read = |name: String| {
            let reader = Self { tree: self.tree, path: crate::decode::below(&table.path, &name), pattern: format!("{}.*", table.pattern) };
            let made = make(&name, &reader);
            (name, made)
        };
        self.tree.names(&path).into_iter().map(read).collect()
    }

    fn value(&self, key: &str) -> Option<Value> {
        let pattern = self.pattern_of(key);
        #[cfg(test)]
        tests::READ.with_borrow_mut(|read| read.insert(pattern.clone()));
        match self.tree.found.get(&crate::decode::below(&self.path, key)) {
            Some(found) => Some(found.value.clone()),
            None => DESCRIPTION.get(&pattern)?.fallback_value(),
        }
    }

    fn flag(&self, key: &str) -> bool {
        matches!(self.value(key), Some(Value::Flag(true)))
    }

    fn whole(&self, key: &str) -> Option<u64> {
        if let Some(Value::Whole(number)) = self.value(key) { Some(number) } else { None }
    }

    /// A number whose definition has a default.
    fn number(&self, key: &str) -> u64 {
        self.whole(key).unwrap_or_default()
    }

    fn text(&self, key: &str) -> Option<String> {
        if let Some(Value::Text(text)) = self.value(key) { Some(text) } else { None }
    }

    fn texts(&self, key: &str) -> Vec<String> {
        if let Some(Value::Texts(texts)) = self.value(key) { texts } else { Vec::new() }
    }

    fn usd(&self, key: &str) -> Option<Nanousd> {
        if let Some(Value::Usd(amount)) = self.value(key) { Some(amount) } else { None }
    }

    fn rate(&self, key: &str) -> Option<Rate> {
        if let Some(Value::Rate(rate)) = self.value(key) { Some(rate) } else { None }
    }

    fn secret(&self, key: &str) -> Option<SecretRef> {
        if let Some(Value::Secret(reference)) = self.value(key) { Some(reference) } else { None }
    }

    fn headers(&self, key: &str) -> BTreeMap<String, HeaderValue> {
        if let Some(Value::Headers(headers)) = self.value(key) { headers } else { BTreeMap::new() }
    }

    fn fraction(&self, key: &str) -> Option<f64> {
        if let Some(Value::Fraction(fraction)) = self.value(key) { Some(fraction) } else { None }
    }

    /// The value that a word stands for; the first of `words` where none is said or it did not fit.
    fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> T {
        let said = self.text(key);
        words.iter().find(|(word, _)| Some(*word) == said.as_deref()).unwrap_or(&words[0]).1
    }
}

/// The snapshot of `tree`, still without digest, settings and notes.
pub(crate) fn assemble(tree: &Tree) -> Snapshot {
    let top = Reader::top(tree);
    let timeouts = timeouts(&top.table("timeouts"));
    let providers = top.each("providers", |name, reader| provider(tree, name, reader));
    let routes = top.each("routes", |_, reader| route(reader));
    let totals = providers.values().map(|provider| provider.timeouts.total_ms).chain(routes.values().map(|route| route.timeouts.total_ms)).flatten();
    let longest_ms = totals.chain(routes.values().map(|route| route.total_ms)).fold(timeouts.total_ms, u64::max);
    Snapshot {
        digest: String::new(),
        gateway: gateway(&top.table("gateway")),
        store: store(&top.table("store")),
        log: log(&top.table("log")),
        budget: budget_rules(&top.table("budget"), longest_ms),
        timeouts,
        providers,
        models: top.each("models", |_, reader| model(reader)),
        routes,
        accounts: top.each("accounts", |_, reader| account(reader)),
        classes: top.each("classes", |_, reader| class(tree, reader)),
        class_order: class_order(tree),
        packs: top.each("packs", |_, reader| pack(reader)),
        context: context(&top.table("context")),
        notes: Vec::new(),
        settings: [].into(),
    }
}

fn gateway(reader: &Reader<'_>) -> Gateway {
    let tls = reader.table("tls");
    Gateway {
        listen: reader.text("listen").and_then(|text| parse_listen(&text)).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0))),
        body_limit_bytes: reader.number("body_limit_bytes"),
        decompressed_limit_bytes: reader.number("decompressed_limit_bytes"),
        buffer_limit_bytes: reader.number("buffer_limit_bytes"),
        header_timeout_ms: reader.number("header_timeout_ms"),
        idle_timeout_ms: reader.number("idle_timeout_ms"),
        drain_deadline_ms: reader.number("drain_deadline_ms"),
        trusted_proxies: reader.texts("trusted_proxies").iter().filter_map(|text| Network::parse(text)).collect(),
        allowed_hosts: reader.texts("allowed_hosts").iter().map(|host| host.trim_end_matches('.').to_ascii_lowercase()).collect(),
        cors_origins: reader.texts("cors_origins").iter().map(|origin| origin.to_ascii_lowercase()).collect(),
        tls: tls.text("cert").zip(tls.text("key")).map(|(cert, key)| Tls { cert: cert.into(), key: key.into() }),
        workers: reader.whole("workers").and_then(|count| usize::try_from(count).ok()),
    }
}

fn store(reader: &Reader<'_>) -> Store {
    let url = reader.text("url").unwrap_or_default();
    Store {
        path: PathBuf::from(url.strip_prefix("sqlite:").unwrap_or_default()),
        url,
        durability: reader.word("durability", &[("process", Durability::Process), ("power", Durability::Power)]),
    }
}

fn log(reader: &Reader<'_>) -> Log {
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace].map(|level| (level.as_str(), level));
    Log {
        format: reader.word("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
        level: reader.word("level", &levels),
        prompts: reader.flag("prompts"),
    }
}

fn budget_rules(reader: &Reader<'_>, longest_ms: u64) -> BudgetRules {
    BudgetRules {
        unknown_price: match reader.value("unknown_price") {
            Some(Value::UnknownPrice(Some(rate))) => UnknownPrice::Bound(rate),
            _ => UnknownPrice::Refuse,
        },
        output_floor_tokens: reader.number("output_floor_tokens"),
        default_output_bound_tokens: reader.number("default_output_bound_tokens"),
        lease_ms: reader.whole("lease_ms").unwrap_or(longest_ms.saturating_add(LEASE_MARGIN_MS)),
    }
}

fn timeouts(reader: &Reader<'_>) -> Timeouts {
    Timeouts {
        connect_ms: reader.number("connect_ms"),
        headers_ms: reader.whole("headers_ms"),
        first_content_ms: reader.number("first_content_ms"),
        idle_ms: reader.number("idle_ms"),
        total_ms: reader.number("total_ms"),
    }
}

fn timeout_overrides(reader: &Reader<'_>) -> TimeoutOverrides {
    TimeoutOverrides {
        connect_ms: reader.whole("connect_ms"),
        headers_ms: reader.whole("headers_ms"),
        first_content_ms: reader.whole("first_content_ms"),
        idle_ms: reader.whole("idle_ms"),
        total_ms: reader.whole("total_ms"),
    }
}

/// Every kind of provider.
pub(crate) const APIS: [Api; 9] = [Api::Openai, Api::Anthropic, Api::Gemini, Api::Vertex, Api::Bedrock, Api::Azure, Api::Twin, Api::Replay, Api::Local];

/// The kind of the provider `name`: what is said, else its name; none where neither is one.
pub(crate) fn api_of(tree: &Tree, name: &str) -> Option<Api> {
    let path = owned(&["providers", name, "api"]);
    let said = tree.found.get(&path).and_then(|found| if let Value::Text(text) = &found.value { Some(text.as_str()) } else { None });
    APIS.into_iter().find(|api| api.as_str() == said.unwrap_or(name))
}

fn provider(tree: &Tree, name: &str, reader: &Reader<'_>) -> Provider {
    // Where the kind is not known the reading fails; which one stands here does not matter.
    let _ = reader.value("api");
    let api = api_of(tree, name).unwrap_or(Api::Openai);
    let aws = aws(&reader.table("aws"));
    let vendors_own = match api {
        Api::Openai => "https://api.openai.com/v1".to_owned(),
        Api::Anthropic => "https://api.anthropic.com".to_owned(),
        Api::Gemini => "https://generativelanguage.googleapis.com".to_owned(),
        Api::Bedrock => aws.region.as_ref().map_or_else(String::new, |region| format!("https://bedrock-runtime.{region}.amazonaws.com")),
        // They belong to a resource or a project, so there is none for everybody.
        Api::Azure | Api::Vertex | Api::Twin | Api::Replay | Api::Local => String::new(),
    };
    let declared = match tree.tables.get(&reader.path) {
        Some(Some(_)) => Declared::File,
        _ if api.is_remote() => Declared::Environment,
        _ => Declared::BuiltIn,
    };
    let prices = reader.text("prices").unwrap_or_else(|| api.book().unwrap_or(name).to_owned());
    Provider {
        api,
        base_url: reader.text("base_url").map_or(vendors_own, |url| url.trim_end_matches('/').to_owned()),
        api_key: reader.secret("api_key"),
        credential: reader.word("credential", &[("own", CredentialSource::Own), ("caller", CredentialSource::Caller)]),
        headers: reader.headers("headers"),
        prices: if prices == "free" { Prices::Free } else { Prices::Book(prices) },
        output_limit_field: reader.word(
            "output_limit_field",
            &[("auto", OutputLimitField::Auto), ("max_tokens", OutputLimitField::MaxTokens), ("max_completion_tokens", OutputLimitField::MaxCompletionTokens)],
        ),
        stream_options: match reader.value("stream_options") {
            Some(Value::Flag(true)) => StreamOptions::Always,
            Some(Value::Flag(false)) => StreamOptions::Never,
            _ => StreamOptions::Auto,
        },
        endpoints: reader.texts("endpoints"),
        reasoning_field: reader.text("reasoning_field"),
        api_version: reader.text("api_version"),
        aws,
        timeouts: timeout_overrides(&reader.table("timeouts")),
        region: reader.text("region"),
        on_cancel: reader.word("on_cancel", &[("cancel", OnCancel::Cancel), ("drain", OnCancel::Drain)]),
        models: reader.texts("models"),
        twin: if let Some(Value::Json(twin)) = reader.value("twin") { twin } else { serde_json::Value::Null },
        replay_dir: reader.text("replay_dir").unwrap_or_default().into(),
        declared,
    }
}

fn aws(reader: &Reader<'_>) -> Aws {
    Aws {
        region: reader.text("region"),
        access_key_id: reader.secret("access_key_id"),
        secret_access_key: reader.secret("secret_access_key"),
        session_token: reader.secret("session_token"),
    }
}

fn model(reader: &Reader<'_>) -> Model {
    let (price, limits) = (reader.table("price"), reader.table("limits"));
    let own = Price {
        rates: Rates {
            input: price.rate("input"),
            output: price.rate("output"),
            cache_read: price.rate("cache_read"),
            cache_write: price.rate("cache_write"),
            cache_write_1h: price.rate("cache_write_1h"),
            reasoning: price.rate("reasoning"),
            input_audio: price.rate("input_audio"),
            output_audio: price.rate("output_audio"),
        },
        per_request: price.usd("per_request_usd"),
        per_web_search: price.usd("per_web_search_usd"),
        ..Price::default()
    };
    Model {
        price: (own != Price::default()).then_some(own),
        context_tokens: limits.whole("context"),
        output_tokens: limits.whole("output"),
        abilities: abilities(&reader.table("abilities")),
    }
}

fn abilities(reader: &Reader<'_>) -> AbilityOverrides {
    let flag = |key: &str| if let Some(Value::Flag(flag)) = reader.value(key) { Some(flag) } else { None };
    let words = |key: &str| if let Some(Value::Texts(words)) = reader.value(key) { Some(words) } else { None };
    AbilityOverrides {
        adaptive_thinking: flag("adaptive_thinking"),
        thinking_budget: flag("thinking_budget"),
        effort_min: reader.text("effort_min"),
        effort_max: reader.text("effort_max"),
        effort_gaps: words("effort_gaps"),
        samplers: reader.text("samplers").as_deref().and_then(|word| match word {
            "none" => Some(Samplers::None),
            "one" => Some(Samplers::One),
            "both" => Some(Samplers::Both),
            _ => None,
        }),
        stop_texts: flag("stop_texts"),
        reads: words("reads"),
    }
}

fn route(reader: &Reader<'_>) -> Route {
    Route {
        models: reader.texts("try"),
        timeouts: timeout_overrides(&reader.table("timeouts")),
        max_cost: reader.table("max_cost").usd("usd"),
        total_ms: reader.number("total_ms"),
        is_strict: reader.flag("strict"),
    }
}

fn account(reader: &Reader<'_>) -> Account {
    let budget = reader.table("budget");
    let windows = [Window::Month, Window::Hour, Window::Day, Window::Week, Window::Year, Window::Total].map(|window| (window.as_str(), window));
    let (window, timezone) = (budget.word("window", &windows), budget.text("timezone").unwrap_or_default());
    Account { parent: reader.text("parent"), budget: budget.usd("usd").map(|amount| Budget { amount, window, timezone }) }
}

fn class(tree: &Tree, reader: &Reader<'_>) -> Class {
    let (allow, limits, quality) = (reader.table("allow"), reader.table("limits"), reader.table("quality"));
    Class {
        rules: rules(tree, reader),
        value: reader.table("value").usd("usd"),
        quality: reader.has("quality").then(|| Quality { suite: quality.text("suite"), at_least: quality.fraction("at_least") }),
        allow: Allow {
            providers: allow.texts("providers"),
            regions: allow.texts("regions"),
            models: allow.texts("models").iter().map(|text| Pattern::new(text)).collect(),
        },
        limits: ClassLimits {
            cost_per_call: limits.table("cost_per_call").usd("usd"),
            first_content_ms: limits.whole("first_content_ms"),
            output_tokens: limits.whole("output_tokens"),
        },
        pack: reader.text("pack"),
        route: reader.text("route"),
    }
}

fn pack(reader: &Reader<'_>) -> Pack {
    Pack {
        scope: reader.texts("scope"),
        kinds: reader.texts("kinds"),
        units: reader.texts("units").iter().map(|text| Pattern::new(text)).collect(),
        query: if let Some(Value::Query(query)) = reader.value("query") { query } else { PackQuery::default() },
        budget_tokens: reader.number("budget_tokens"),
        place: reader.word("place", &[("system", PackPlace::System), ("user", PackPlace::User)]),
        hold_out: reader.fraction("hold_out").unwrap_or(0.0),
    }
}

fn context(reader: &Reader<'_>) -> ContextSettings {
    ContextSettings {
        ignore: reader.texts("ignore"),
        vocabulary: reader.text("vocabulary").unwrap_or_default(),
        embeddings: reader.text("embeddings"),
        commands: reader.word("commands", &[("sandboxed", ContextCommands::Sandboxed), ("never", ContextCommands::Never)]),
    }
}

fn rules(tree: &Tree, class: &Reader<'_>) -> Vec<MatchRule> {
    let table = class.table("match");
    let path: Vec<&str> = table.path.iter().map(String::as_str).collect();
    let rule = |item: String| {
        let reader = Reader { tree, path: crate::decode::below(&table.path, &item), pattern: table.pattern.clone() };
        MatchRule {
            key: reader.text("key"),
            header: reader.text("header").and_then(|text| split_header(&text).map(|(name, value)| HeaderMatch { name, value: Pattern::new(value) })),
            path: reader.text("path"),
            tag: reader.text("tag"),
            system: reader.text("system").map(|text| Pattern::new(&text)),
        }
    };
    tree.names(&path).into_iter().map(rule).collect()
}

/// The names of the classes by their places in the file.
fn class_order(tree: &Tree) -> Vec<String> {
    let mut names = tree.names(&["classes"]);
    names.sort_by_key(|name| tree.tables.get(&owned(&["classes", name])).cloned().flatten().map_or(usize::MAX, |span| span.start));
    names
}

#[cfg(test)]
mod tests {
    use crate::describe::{Definition, Kind};
    use crate::settings::SETTINGS;
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        pub(super) static READ: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    #[test]
    fn every_setting_reaches_the_snapshot_and_nothing_else_is_read() {
        let text = "[models.'openai/x']\n[routes.r]\ntry = ['twin/x']\n[accounts.a]\n[classes.c]\nmatch = { key = 'k' }\nquality = { at_least = 1 }\n[providers.openai]\n[packs.p]\n";
        crate::load("jeton.toml", text, &|_| None).unwrap();
        let read = READ.with_borrow(Clone::clone);
        let described: BTreeSet<String> = SETTINGS
            .iter()
            .filter(|definition| !Definition::is_table(definition) || matches!(definition.kind, Kind::Json))
            .map(|definition| definition.path.to_owned())
            .collect();
        assert_eq!(read.symmetric_difference(&described).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
