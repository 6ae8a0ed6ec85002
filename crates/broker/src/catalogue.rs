//! Which models there are, by what names, at what price.

use jeton_core::{Abilities, Fault, FaultKind, Modalities, Nanousd, Price, PriceBook, Rate, Rates, nearest};
use jeton_project::{Api, Prices, Snapshot};
use jeton_upstream::Provider;
use jeton_wire::Endpoint;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A model of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelEntry {
    /// The provider's own name of it.
    pub name: String,
    /// What its use is sold for; parts or all of it may be unknown.
    pub price: Price,
    /// Where the price comes from, as receipts name it.
    pub price_version: String,
    /// Tokens that fit into its window.
    pub context: Option<u64>,
    /// Tokens it writes at most.
    pub output: Option<u64>,
    /// Whether its money is simulated.
    pub is_simulated: bool,
    /// What it reads, where that is known.
    pub reads: Option<Modalities>,
    /// Day (or month) of its release, `2025-08-07`; empty where it is not known.
    pub released: Cow<'static, str>,
    /// What it takes beside text.
    pub abilities: Abilities,
}

/// A provider with the models that are known of it.
#[derive(Debug)]
pub struct ProviderEntry {
    /// How it is asked.
    pub upstream: Arc<Provider>,
    /// The dialect that it speaks, or the built-in kind.
    pub api: Api,
    /// Known models by name.
    pub models: BTreeMap<String, Arc<ModelEntry>>,
    /// The endpoints that it has itself, the one first to which calls to others are translated.
    endpoints: Vec<Endpoint>,
    /// Whether models that nobody listed may be asked for: true of every provider over the network without a list.
    is_open: bool,
}

impl ProviderEntry {
    /// The provider's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.upstream.name()
    }

    /// The endpoints that it has itself, the one first to which calls to others are translated.
    #[must_use]
    pub fn own_endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The endpoint through which it is asked for answers to calls of `endpoint`: the same where it has it, else the one that they
    /// are translated to. None where they cannot be translated.
    #[must_use]
    pub fn through(&self, endpoint: Endpoint) -> Option<Endpoint> {
        if self.endpoints.contains(&endpoint) {
            return Some(endpoint);
        }
        let translated = self.endpoints.iter().copied().find(|endpoint| endpoint.streams());
        translated.filter(|_| endpoint.streams())
    }

    /// Whether calls of `endpoint` are answered: by the provider, by translation, or, where tokens are to be counted, by an estimate.
    #[must_use]
    pub fn serves(&self, endpoint: Endpoint) -> bool {
        self.through(endpoint).is_some() || (endpoint == Endpoint::CountTokens && self.through(Endpoint::Messages).is_some())
    }

    /// Whether tokens must be counted here, because the provider has no endpoint for it (case 54).
    #[must_use]
    pub fn counts_here(&self) -> bool {
        !self.endpoints.contains(&Endpoint::CountTokens) && self.serves(Endpoint::CountTokens)
    }

    /// The paths under which its models are served.
    #[must_use]
    pub fn served_paths(&self) -> Vec<&'static str> {
        let is_served = |&endpoint: &Endpoint| endpoint != Endpoint::Converse && self.serves(endpoint);
        Endpoint::ALL.into_iter().filter(is_served).map(public_path).collect()
    }
}

/// The endpoints that a provider has itself.
fn endpoints_of(config: &jeton_project::Provider) -> Vec<Endpoint> {
    match config.api {
        Api::Openai | Api::Azure if !config.endpoints.is_empty() => {
            config.endpoints.iter().filter_map(|name| Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == name)).collect()
        }
        // Deployments of Azure's older API are reached by Chat Completions everywhere.
        Api::Azure if config.api_version.is_some() => vec![Endpoint::Chat, Endpoint::Responses, Endpoint::Embeddings],
        Api::Openai | Api::Azure if crate::stages::translate::is_openai(config) => vec![Endpoint::Responses, Endpoint::Chat, Endpoint::Embeddings],
        Api::Openai | Api::Azure => vec![Endpoint::Chat, Endpoint::Responses, Endpoint::Embeddings],
        Api::Anthropic => vec![Endpoint::Messages, Endpoint::CountTokens],
        Api::Gemini | Api::Vertex => vec![Endpoint::Generate],
        Api::Bedrock => vec![Endpoint::Converse],
        Api::Local => vec![Endpoint::Chat, Endpoint::Messages, Endpoint::CountTokens],
        Api::Twin => vec![Endpoint::Chat, Endpoint::Responses, Endpoint::Messages, Endpoint::CountTokens, Endpoint::Embeddings],
        Api::Replay => Endpoint::ALL.to_vec(),
    }
}

/// The path under which Jeton serves an endpoint; Converse is but asked, not served.
#[must_use]
pub const fn public_path(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Chat => "/v1/chat/completions",
        Endpoint::Responses => "/v1/responses",
        Endpoint::Messages => "/v1/messages",
        Endpoint::CountTokens => "/v1/messages/count_tokens",
        Endpoint::Embeddings => "/v1/embeddings",
        Endpoint::Generate => "/v1beta/models/{model}:generateContent",
        Endpoint::Converse => "/model/{model}/converse",
    }
}

/// A model that was found under the name that was asked for.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Its provider.
    pub provider: Arc<ProviderEntry>,
    /// The model.
    pub entry: Arc<ModelEntry>,
}

impl Resolved {
    /// `provider/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.provider.name(), self.entry.name)
    }
}

/// All models that can be asked for.
#[derive(Debug, Default)]
pub struct Catalogue {
    providers: BTreeMap<String, Arc<ProviderEntry>>,
    /// `[models."provider/name"]` and the price book, for models that no list names.
    snapshot: Option<Arc<Snapshot>>,
}

/// What simulated tokens cost, so that budgets and reports have something to count: a dollar per million input tokens,
/// four per million output. Always labelled simulated.
fn nominal_price() -> Price {
    let rate = |usd: u64| Some(Rate(usd * 1_000_000_000));
    Price {
        rates: Rates {
            input: rate(1),
            output: rate(4),
            cache_read: Some(Rate(100_000_000)),
            cache_write: rate(1),
            cache_write_1h: rate(2),
            ..Rates::default()
        },
        per_web_search: Some(Nanousd(10_000_000)),
        ..Price::default()
    }
}

/// The version named on receipts for prices that stand in `jeton.toml`.
const OWN_PRICES: &str = "jeton.toml";

impl Catalogue {
    /// The models of `providers` under `snapshot`. `listed` gives the names of built-in and recorded models by provider.
    #[must_use]
    pub fn new(snapshot: &Arc<Snapshot>, providers: &BTreeMap<String, Arc<Provider>>, listed: &BTreeMap<String, Vec<String>>) -> Self {
        let entries = providers.iter().filter_map(|(name, upstream)| {
            let config = snapshot.providers.get(name)?;
            let mut names: Vec<&str> = config.models.iter().map(String::as_str).collect();
            names.extend(listed.get(name).into_iter().flatten().map(String::as_str));
            let is_open = config.api.is_remote() && names.is_empty();
            let prefix = format!("{name}/");
            names.extend(snapshot.models.keys().filter_map(|full| full.strip_prefix(&prefix)));
            if let (true, Prices::Book(book)) = (is_open, &config.prices) {
                names.extend(PriceBook::builtin().iter().filter(|facts| facts.provider() == book).map(jeton_core::ModelFacts::model));
            }
            let models = names.into_iter().map(|model| (model.to_owned(), Arc::new(entry(snapshot, name, model)))).collect();
            Some((name.clone(), Arc::new(ProviderEntry { upstream: Arc::clone(upstream), api: config.api, models, endpoints: endpoints_of(config), is_open })))
        });
        Self { providers: entries.collect(), snapshot: Some(Arc::clone(snapshot)) }
    }

    /// Providers by name.
    pub fn providers(&self) -> impl Iterator<Item = &Arc<ProviderEntry>> {
        self.providers.values()
    }

    /// Every known model, by provider and name.
    pub fn models(&self) -> impl Iterator<Item = Resolved> {
        self.providers.values().flat_map(|provider| provider.models.values().map(|entry| Resolved { provider: Arc::clone(provider), entry: Arc::clone(entry) }))
    }

    /// The model called `asked`: `provider/name`, or bare where exactly one provider has it.
    ///
    /// # Errors
    /// Not found, with the three nearest names; or a bare name that several providers have.
    pub fn resolve(&self, asked: &str) -> Result<Resolved, Fault> {
        if let Some((provider, name)) = asked.split_once('/')
            && let Some(provider) = self.providers.get(provider)
        {
            return match provider.models.get(name) {
                Some(entry) => Ok(Resolved { provider: Arc::clone(provider), entry: Arc::clone(entry) }),
                None if provider.is_open && is_model_name(name) => Ok(self.unlisted(provider, name)),
                None if provider.api == Api::Replay && provider.models.is_empty() => Err(self
                    .not_found(asked)
                    .remedy("Nothing is recorded there: `jeton up --record DIR` records, and `replay_dir` of the provider names the directory.")),
                None => Err(self.not_found(asked)),
            };
        }
        let mut having = self.providers.values().filter_map(|provider| Some((provider, provider.models.get(asked)?)));
        match (having.next(), having.next()) {
            (Some((provider, entry)), None) => Ok(Resolved { provider: Arc::clone(provider), entry: Arc::clone(entry) }),
            (Some((first, _)), Some((second, _))) => Err(Fault::new(
                FaultKind::InvalidRequest,
                format!("Several providers have a model `{asked}`: `{}/{asked}`, `{}/{asked}`.", first.name(), second.name()),
            )
            .code("model_ambiguous")
            .param("model")
            .remedy("Write the provider before the name.")),
            (None, _) => Err(self.not_found(asked)),
        }
    }

    fn unlisted(&self, provider: &Arc<ProviderEntry>, name: &str) -> Resolved {
        let entry = match &self.snapshot {
            Some(snapshot) => entry(snapshot, provider.name(), name),
            None => ModelEntry {
                name: name.to_owned(),
                price: Price::default(),
                price_version: String::new(),
                context: None,
                output: None,
                is_simulated: false,
                reads: None,
                released: Cow::default(),
                abilities: Abilities::default(),
            },
        };
        Resolved { provider: Arc::clone(provider), entry: Arc::new(entry) }
    }

    fn not_found(&self, asked: &str) -> Fault {
        let names: Vec<String> = self.models().map(|model| model.full_name()).collect();
        let nearest = nearest(asked, names.iter().map(String::as_str), 3).iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let shown: String = asked.chars().take(128).collect();
        Fault::new(FaultKind::NotFound, format!("There is no model `{shown}` here."))
            .code("model_not_found")
            .param("model")
            .remedy(format!("The nearest are {nearest}. GET /v1/models lists all; a model that is new at a provider is reached as `provider/name`."))
    }
}

/// Whether a name may travel to a provider that lists no models: no control characters, no path tricks.
fn is_model_name(name: &str) -> bool {
    (1..=200).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic()) && !name.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

fn entry(snapshot: &Snapshot, provider: &str, name: &str) -> ModelEntry {
    let config = snapshot.providers.get(provider);
    let own = snapshot.models.get(&format!("{provider}/{name}"));
    let (mut price, mut version, mut limits) = match config.map(|config| (config.api, &config.prices)) {
        Some((Api::Local | Api::Replay, _)) | Some((_, Prices::Free)) => (Price::free(), "free".to_owned(), (None, None)),
        Some((Api::Twin, _)) => (nominal_price(), "nominal".to_owned(), (Some(200_000), Some(16_384))),
        Some((_, Prices::Book(book))) => from_book(book, name),
        None => (Price::default(), String::new(), (None, None)),
    };
    if let Some(own) = own {
        limits = (own.context_tokens.or(limits.0), own.output_tokens.or(limits.1));
        if let Some(set) = &own.price {
            // A nominal price stands in for all or nothing: mixed with real ones it would be neither.
            let is_nominal = config.is_some_and(|config| config.api == Api::Twin);
            price = overridden(set, if is_nominal { Price::default() } else { price });
            version = OWN_PRICES.to_owned();
        }
    }
    let is_simulated = config.is_some_and(|config| matches!(config.api, Api::Twin | Api::Replay));
    let (published, facts) = match config.map(|config| &config.prices) {
        Some(Prices::Book(book)) => (abilities_of(book, name), PriceBook::builtin().find(book, name)),
        _ => (Abilities::default(), None),
    };
    let released = facts.map_or(Cow::default(), |facts| facts.released.clone());
    let own_reads = own.and_then(|own| own.abilities.reads.as_ref()).map(|kinds| Modalities::of(kinds.iter().map(String::as_str)));
    let abilities = match own {
        Some(own) => published.with(&own.abilities),
        None => published,
    };
    ModelEntry {
        name: name.to_owned(),
        price,
        price_version: version,
        context: limits.0,
        output: limits.1,
        is_simulated,
        reads: own_reads.or(facts.map(|facts| facts.reads)),
        released,
        abilities,
    }
}

/// What is published of a model. One that is known not to reason takes no effort.
fn abilities_of(book: &str, name: &str) -> Abilities {
    let abilities = Abilities::of(book, name);
    match PriceBook::builtin().find(book, name) {
        Some(facts) if !facts.reasoning => Abilities { effort_max: "none".to_owned(), ..abilities },
        _ => abilities,
    }
}

/// Price, its version and limits (window, output) from the price book.
fn from_book(book: &str, name: &str) -> (Price, String, (Option<u64>, Option<u64>)) {
    match PriceBook::builtin().find(book, name) {
        Some(facts) => {
            let version = PriceBook::builtin().version();
            let version = if facts.model() == name { version.to_owned() } else { format!("{version}, as `{}`", facts.id) };
            let price = if facts.price_known { facts.price.clone() } else { Price::default() };
            (price, version, (facts.context, facts.output))
        }
        None => (Price::default(), String::new(), (None, None)),
    }
}

/// Own prices before the book's. A model priced by its owner has no long-prompt or service tiers but those it states.
fn overridden(own: &Price, book: Price) -> Price {
    Price {
        rates: own.rates.or(book.rates),
        context_tiers: own.context_tiers.clone(),
        service_tiers: own.service_tiers.clone(),
        per_request: own.per_request.or(book.per_request),
        per_web_search: own.per_web_search.or(book.per_web_search),
    }
}
