//! All settings of `jeton.toml` and all environment variables, described once.

use crate::describe::Fallback::{Empty, Flag, Text, Unset, Whole, Words};
use crate::describe::Kind::{self, Choice, Choices, FlagOr, Headers, Json, Query, Rules, Secret, Texts, UnknownPrice, Usd};
use crate::describe::{Definition, Fallback, named, section, setting};
use crate::forms;

const MIB: u64 = 1024 * 1024;
const TIB: u64 = MIB * MIB;
/// A day: no timer of a call is longer.
const DAY_MS: u64 = 86_400_000;

/// The grades of effort, from none on.
const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];
/// Values of `api`.
pub(crate) const APIS: &[&str] = &["openai", "anthropic", "gemini", "vertex", "bedrock", "azure", "twin", "replay", "local"];
/// Kinds of unit, and those that a pack takes where it says nothing: code and history are taken where they are asked for.
const UNIT_KINDS: &[&str] = &["constraint", "doc", "schema", "example", "skill", "code", "history"];
const PACK_KINDS: &[&str] = &["constraint", "doc", "schema", "example", "skill"];

const fn milliseconds(path: &'static str, fallback: Fallback, doc: &'static str) -> Definition {
    setting(path, Kind::Whole { least: 1, most: DAY_MS }, fallback, doc).example("60000")
}

const fn bytes(path: &'static str, default: u64, doc: &'static str) -> Definition {
    setting(path, Kind::Whole { least: 1024, most: TIB }, Whole(default), doc)
}

const fn tokens(path: &'static str, fallback: Fallback, doc: &'static str) -> Definition {
    setting(path, Kind::Whole { least: 1, most: 1_000_000_000 }, fallback, doc).example("16000")
}

const fn rate(path: &'static str, doc: &'static str) -> Definition {
    setting(path, Kind::Rate, Unset("price book"), doc).example("0.25")
}

const fn dollars(path: &'static str, fallback: Fallback, doc: &'static str, example: &'static str) -> Definition {
    setting(path, Usd, fallback, doc).example(example)
}

const fn text(path: &'static str, form: &'static forms::TextForm, fallback: Fallback, doc: &'static str) -> Definition {
    setting(path, Kind::Text(form), fallback, doc).example(form.example)
}

const fn texts(path: &'static str, form: &'static forms::TextForm, doc: &'static str, example: &'static str) -> Definition {
    setting(path, Texts(form), Empty, doc).example(example)
}

/// Every setting, in the order of the reference page.
pub(crate) const SETTINGS: &[Definition] = &[
    section("gateway", "How Jeton serves HTTP."),
    text(
        "gateway.listen",
        &forms::LISTEN,
        Text("127.0.0.1:4600"),
        "Address and port to serve on. An address that other machines reach needs keys and an admin credential.",
    ),
    bytes("gateway.body_limit_bytes", 32 * MIB, "The largest request body, as it arrives; a larger one is answered with 413."),
    bytes("gateway.decompressed_limit_bytes", 64 * MIB, "The largest request body after decompression."),
    bytes(
        "gateway.buffer_limit_bytes",
        512 * MIB,
        "Bytes of requests and responses that all calls together may hold in memory; at the bound new calls get 503.",
    ),
    milliseconds("gateway.header_timeout_ms", Whole(10_000), "How long a client may take to send the head of a request."),
    milliseconds("gateway.idle_timeout_ms", Whole(75_000), "How long a connection of a client may stay silent."),
    milliseconds("gateway.drain_deadline_ms", Whole(30_000), "How long a graceful stop waits for running calls."),
    texts("gateway.trusted_proxies", &forms::NETWORK, "Proxies whose forwarding headers are believed.", r#"["10.0.0.0/8"]"#),
    texts(
        "gateway.allowed_hosts",
        &forms::HOST,
        "Further names that the Host header may carry, beside loopback names and the listening address.",
        r#"["jeton.example.com"]"#,
    ),
    texts("gateway.cors_origins", &forms::ORIGIN, "Origins whose pages may call from a browser.", r#"["https://app.example.com"]"#),
    section("gateway.tls", "Certificate of the listener; without it Jeton serves plain HTTP."),
    text("gateway.tls.cert", &forms::PATH, Unset("plain HTTP"), "PEM file with the certificate chain.").example(r#""cert.pem""#),
    text("gateway.tls.key", &forms::PATH, Unset("plain HTTP"), "PEM file with the private key.").example(r#""key.pem""#),
    setting("gateway.workers", Kind::Whole { least: 1, most: 1024 }, Unset("one for each core"), "Threads that serve.").example("4"),
    section("store", "Where the ledger is kept."),
    text("store.url", &forms::STORE, Text("sqlite:.jeton/ledger.db"), "Address of the store; a relative path starts at the project's directory."),
    setting(
        "store.durability",
        Choice(&["process", "power"]),
        Text("process"),
        "What a charge survives once its response has ended: the death of the process, or of the machine (each commit is synced).",
    ),
    section("log", "What Jeton writes about itself."),
    setting("log.format", Choice(&["text", "json"]), Text("text"), "Lines for people, or JSON for collectors."),
    setting("log.level", Choice(&["error", "warn", "info", "debug", "trace"]), Text("info"), "The least weighty level that is written."),
    setting("log.prompts", Kind::Flag, Flag(false), "Whether requests and whole answers are logged, at level info, up to 16 KiB each."),
    section("budget", "How money is put by before a call."),
    setting(
        "budget.unknown_price",
        UnknownPrice,
        Text("refuse"),
        "What happens to a call whose model has no known price: it is refused, or every token is held and charged at this rate.",
    )
    .example("{ usd_per_million_tokens = 75 }"),
    tokens(
        "budget.output_floor_tokens",
        Whole(256),
        "The least output limit that a call without one is given; if the budget does not afford it, the call is refused.",
    ),
    tokens("budget.default_output_bound_tokens", Whole(16_384), "Output tokens that are held for a model whose cap is unknown."),
    setting(
        "budget.lease_ms",
        Kind::Whole { least: 1, most: 8 * DAY_MS },
        Unset("the longest total_ms and five minutes"),
        "How long a hold lives; no shorter than the longest `total_ms`.",
    )
    .example("900000"),
    section("timeouts", "Timers of one try, where provider and route say nothing else."),
    milliseconds("timeouts.connect_ms", Whole(5_000), "To a connection, name look-up and TLS included."),
    milliseconds(
        "timeouts.headers_ms",
        Unset("first_content_ms for streams, total_ms for whole answers"),
        "To the head of the response; an answer that is not streamed shows its head when it is complete.",
    ),
    milliseconds("timeouts.first_content_ms", Whole(120_000), "To the first content; pings, roles and opening events do not count."),
    milliseconds("timeouts.idle_ms", Whole(60_000), "Between two pieces of the response."),
    milliseconds("timeouts.total_ms", Whole(600_000), "To the end of the response."),
    named(
        "providers",
        &forms::PROVIDER,
        "Who answers calls. `local`, `twin` and `replay` are always there; `openai`, `anthropic` and `gemini` are when the environment has their keys.",
    ),
    setting(
        "providers.*.api",
        Choice(APIS),
        Unset("the provider's name, where it is one of these"),
        "The service that it is, and by it its dialect (`openai` fits everything compatible), or the built-in kind that it is.",
    ),
    text("providers.*.base_url", &forms::BASE_URL, Unset("the vendor's own"), "What the vendor's SDK takes: with /v1 for OpenAI, without for Anthropic and Gemini; docs/providers.md has the form for each `api`."),
    setting("providers.*.api_key", Secret, Unset("none is sent"), "Its credential, by reference: an environment variable or a file. For `vertex` a service account's key file (JSON) or an access token; for `bedrock` an API key of Bedrock, where `aws` holds no keys.")
        .example(r#"{ env = "ACME_KEY" }"#),
    setting(
        "providers.*.credential",
        Choice(&["own", "caller"]),
        Text("own"),
        "Whose credential travels upstream: the provider's `api_key`, or the caller's own (`openai`, `anthropic`, `gemini`).",
    ),
    setting("providers.*.headers", Headers, Empty, "Headers sent with each call. A confidential value is a reference, like `api_key`.")
        .example(r#"{ x-team = "support" }"#),
    text(
        "providers.*.prices",
        &forms::PRICES,
        Unset("the provider's name"),
        "The provider of the price book that sells its models; `free` for a server of your own.",
    ),
    setting(
        "providers.*.output_limit_field",
        Choice(&["auto", "max_tokens", "max_completion_tokens"]),
        Text("auto"),
        "The field that carries an output limit put in by Jeton (Chat Completions).",
    ),
    setting(
        "providers.*.stream_options",
        FlagOr(&["auto"]),
        Text("auto"),
        "Whether `stream_options` is sent with streams; `auto` stops once the provider has refused it.",
    ),
    setting(
        "providers.*.endpoints",
        Choices(&["chat", "responses", "embeddings"]),
        Empty,
        "The endpoints that it has; empty: all of its dialect. Calls to others are translated to the first one: `responses` at OpenAI's own address, elsewhere `chat`, where nothing is said.",
    )
    .example(r#"["chat"]"#),
    text(
        "providers.*.reasoning_field",
        &forms::NAME,
        Unset("reasoning is not given back"),
        "The member of a message in which it takes back its own reasoning, in translated calls (Chat Completions).",
    )
    .example(r#""reasoning_content""#),
    text(
        "providers.*.api_version",
        &forms::NAME,
        Unset("the address is that of the v1 API, which has none"),
        "The version of the older API of `azure`, whose paths name a deployment: `base_url` is the resource's address alone then, and a model's name is that of its deployment.",
    )
    .example(r#""2024-10-21""#),
    section("providers.*.aws", "How calls of `bedrock` are signed (Signature Version 4). Left out, `api_key` travels as a bearer token."),
    text("providers.*.aws.region", &forms::NAME, Unset("as in `base_url`"), "The region that is called.").example(r#""eu-central-1""#),
    setting("providers.*.aws.access_key_id", Secret, Unset("calls are not signed"), "The id of the access key.").example(r#"{ env = "AWS_ACCESS_KEY_ID" }"#),
    setting("providers.*.aws.secret_access_key", Secret, Unset("calls are not signed"), "The secret of the access key.")
        .example(r#"{ env = "AWS_SECRET_ACCESS_KEY" }"#),
    setting("providers.*.aws.session_token", Secret, Unset("the key is no temporary one"), "The token of a temporary access key.")
        .example(r#"{ env = "AWS_SESSION_TOKEN" }"#),
    section("providers.*.timeouts", "Timers of a try at this provider."),
    milliseconds("providers.*.timeouts.connect_ms", Unset("as in [timeouts]"), "To a connection, name look-up and TLS included."),
    milliseconds("providers.*.timeouts.headers_ms", Unset("as in [timeouts]"), "To the head of the response."),
    milliseconds("providers.*.timeouts.first_content_ms", Unset("as in [timeouts]"), "To the first content."),
    milliseconds("providers.*.timeouts.idle_ms", Unset("as in [timeouts]"), "Between two pieces of the response."),
    milliseconds("providers.*.timeouts.total_ms", Unset("as in [timeouts]"), "To the end of the response."),
    text("providers.*.region", &forms::NAME, Unset("unknown"), "Where it computes; compared with `allow.regions` of a class.").example(r#""eu""#),
    setting(
        "providers.*.on_cancel",
        Choice(&["cancel", "drain"]),
        Text("cancel"),
        "What happens upstream when the client leaves: the try is cut at once; or, with `drain`, a stream that has begun is read to its end for exact usage.",
    ),
    texts("providers.*.models", &forms::MODEL_NAME, "Names of its models; left out, any name may be asked for.", r#"["fast", "deep"]"#),
    setting("providers.*.twin", Json, Empty, "Latency, errors and scripts of a simulated provider (`api = \"twin\"`).").example("{ seed = 7 }"),
    text("providers.*.replay_dir", &forms::PATH, Text(".jeton/replay"), "Directory of recorded exchanges (`api = \"replay\"`)."),
    named("models", &forms::MODEL, "What the price book lacks or has wrong of a model, under `provider/name`."),
    section("models.*.price", "Own prices in USD per million tokens; each one left out is taken from the price book."),
    rate("models.*.price.input", "Input tokens not cached."),
    rate("models.*.price.output", "Output tokens."),
    rate("models.*.price.cache_read", "Input tokens read from a cache."),
    rate("models.*.price.cache_write", "Input tokens written to a cache of the default life."),
    rate("models.*.price.cache_write_1h", "Input tokens written to a cache that lives one hour."),
    rate("models.*.price.reasoning", "Reasoning tokens, where they are sold apart from other output."),
    rate("models.*.price.input_audio", "Audio input tokens, where they are sold apart."),
    rate("models.*.price.output_audio", "Audio output tokens, where they are sold apart."),
    dollars("models.*.price.per_request_usd", Unset("price book"), "Fee in USD for each request.", "0.005"),
    dollars("models.*.price.per_web_search_usd", Unset("price book"), "Fee in USD for each web search by the provider's own tool.", "0.01"),
    section("models.*.limits", "What the model can take and give."),
    tokens("models.*.limits.context", Unset("price book"), "The context window: prompt and output together."),
    tokens("models.*.limits.output", Unset("price book"), "The longest output."),
    section(
        "models.*.abilities",
        "What the built-in data lacks or has wrong of what the model takes, where a call is translated for it. `jeton model probe` looks.",
    ),
    setting("models.*.abilities.adaptive_thinking", Kind::Flag, Unset("built-in data"), "Whether it decides by itself how much it thinks (Messages).")
        .example("true"),
    setting("models.*.abilities.thinking_budget", Kind::Flag, Unset("built-in data"), "Whether it takes a budget of thinking tokens.").example("false"),
    setting(
        "models.*.abilities.effort_min",
        Choice(EFFORTS),
        Unset("built-in data"),
        "The lowest grade of effort that it takes; `none`: it can be told not to think.",
    )
    .example(r#""low""#),
    setting(
        "models.*.abilities.effort_max",
        Choice(EFFORTS),
        Unset("built-in data"),
        "The highest grade of effort that it takes; `none`: it does not think.",
    )
    .example(r#""high""#),
    setting("models.*.abilities.effort_gaps", Choices(EFFORTS), Unset("built-in data"), "Grades between these two that it does not know.")
        .example(r#"["minimal"]"#),
    setting(
        "models.*.abilities.samplers",
        Choice(&["none", "one", "both"]),
        Unset("built-in data"),
        "Which sampling settings it takes: none, temperature or `top_p`, or both together.",
    )
    .example(r#""one""#),
    setting("models.*.abilities.reads", Choices(&["image", "audio", "video", "pdf"]), Unset("price book"), "What it reads beside text.")
        .example(r#"["image", "pdf"]"#),
    setting("models.*.abilities.stop_texts", Kind::Flag, Unset("built-in data"), "Whether it takes texts at which to stop (Chat).").example("false"),
    named("routes", &forms::ROUTE, "Named ways to choose among models."),
    texts("routes.*.try", &forms::MODEL, "Models as `provider/name`, tried in this order until one gives content.", r#"["acme/fast", "openai/gpt-5-mini"]"#),
    section("routes.*.timeouts", "Timers of each try on this route."),
    milliseconds("routes.*.timeouts.connect_ms", Unset("as the provider says"), "To a connection, name look-up and TLS included."),
    milliseconds("routes.*.timeouts.headers_ms", Unset("as the provider says"), "To the head of the response."),
    milliseconds("routes.*.timeouts.first_content_ms", Unset("as the provider says"), "To the first content."),
    milliseconds("routes.*.timeouts.idle_ms", Unset("as the provider says"), "Between two pieces of the response."),
    milliseconds("routes.*.timeouts.total_ms", Unset("as the provider says"), "To the end of the response."),
    section("routes.*.max_cost", "The most that all tries of a call may cost together."),
    dollars("routes.*.max_cost.usd", Unset("no bound of its own"), "The amount in USD.", "0.10"),
    milliseconds("routes.*.total_ms", Whole(600_000), "How long all tries of a call may take together."),
    setting(
        "routes.*.strict",
        Kind::Flag,
        Flag(false),
        "Whether a call is refused, before anything is sent, at models to which a translation would not carry all of it; so does the header `jeton-strict: true`.",
    ),
    named("accounts", &forms::NAME, "Who may spend. A call is paid by its account and every one above it."),
    text("accounts.*.parent", &forms::NAME, Unset("none"), "The account above. One without a table of its own has no budget.").example(r#""acme-org""#),
    section("accounts.*.budget", "What the account, and those below it, may spend in each period."),
    dollars("accounts.*.budget.usd", Unset("as much as the accounts above may"), "The amount in USD.", "50"),
    setting(
        "accounts.*.budget.window",
        Choice(&["hour", "day", "week", "month", "year", "total"]),
        Text("month"),
        "The period, by the calendar; weeks begin on Monday, `total` never ends.",
    ),
    text("accounts.*.budget.timezone", &forms::TIMEZONE, Text("UTC"), "IANA name of the time zone in which periods begin."),
    named("classes", &forms::CLASS, "Kinds of work, where quality, price, speed and route meet."),
    setting(
        "classes.*.match",
        Rules,
        Empty,
        "Conditions by which a call is found to be of this class; all in one table hold together, of several tables one is enough.",
    )
    .example(r#"{ key = "helpdesk" }"#),
    text("classes.*.match.key", &forms::NAME, Unset("any"), "Name of the caller's key.").example(r#""helpdesk""#),
    text("classes.*.match.header", &forms::HEADER_MATCH, Unset("any"), "A request header as `name: value`; `*` in the value stands for any run of characters."),
    text("classes.*.match.path", &forms::URL_PATH, Unset("any"), "The path of the request, or its beginning up to a slash."),
    text("classes.*.match.tag", &forms::NAME, Unset("any"), "A tag of the call: `name` or `name=value`.").example(r#""team=billing""#),
    text("classes.*.match.system", &forms::PHRASE, Unset("any"), "A pattern on the first 4 KiB of the system prompt; `*` stands for any run of characters.")
        .example(r#""*refund agent*""#),
    section("classes.*.value", "What a good result is worth. Kept for reports; nothing reads it in this version."),
    dollars("classes.*.value.usd", Unset("unknown"), "The amount in USD.", "1.50"),
    section("classes.*.quality", "The quality that results must have. Kept for evaluation; nothing reads it in this version."),
    text("classes.*.quality.suite", &forms::NAME, Unset("none"), "Name of the suite that measures it.").example(r#""refunds""#),
    setting("classes.*.quality.at_least", Kind::Fraction { most: 1.0 }, Unset("none"), "The least score.").example("0.95"),
    section("classes.*.allow", "What may serve the class; a list left out or empty allows everything."),
    texts("classes.*.allow.providers", &forms::PROVIDER, "Names of providers.", r#"["anthropic", "openai"]"#),
    texts("classes.*.allow.regions", &forms::NAME, "Regions of providers.", r#"["eu"]"#),
    texts("classes.*.allow.models", &forms::MODEL_PATTERN, "Models as `provider/name`; `*` stands for any run of characters.", r#"["openai/gpt-5*"]"#),
    section("classes.*.limits", "What a call of the class may take."),
    section("classes.*.limits.cost_per_call", "The most that a call may cost."),
    dollars("classes.*.limits.cost_per_call.usd", Unset("no bound of its own"), "The amount in USD.", "0.02"),
    milliseconds("classes.*.limits.first_content_ms", Unset("as the timers say"), "The longest time to the first content."),
    tokens("classes.*.limits.output_tokens", Unset("no bound of its own"), "The highest output limit."),
    text(
        "classes.*.pack",
        &forms::PACK,
        Unset("none"),
        "Name of the pack whose context is attached to its calls; the header `jeton-context` names another, or `none`.",
    )
    .example(r#""refunds""#),
    text("classes.*.route", &forms::ROUTE, Unset("the model that the caller names"), "Name of the route that serves its calls.").example(r#""cheap-first""#),
    named(
        "packs",
        &forms::PACK,
        "Named requests for context, compiled under a budget of tokens. The keys of a pack may also stand at the top of a file `context/packs/NAME.toml`.",
    ),
    texts("packs.*.scope", &forms::GLOB, "Globs of paths, from the project's directory, whose units may be taken; empty: all.", r#"["docs/refunds/**"]"#),
    setting("packs.*.kinds", Choices(UNIT_KINDS), Words(PACK_KINDS), "Kinds of unit that may be taken."),
    texts("packs.*.units", &forms::UNIT, "Ids of units that must be in; `*` stands for any run of characters.", r#"["constraint:refund-*"]"#),
    setting(
        "packs.*.query",
        Query,
        Text("last_user"),
        "What is looked for: the text of the last user message, the value of a request header, or a fixed text.",
    ),
    tokens("packs.*.budget_tokens", Whole(4_000), "The most tokens that the compiled context may have."),
    setting(
        "packs.*.place",
        Choice(&["system", "user"]),
        Text("system"),
        "Where the context is put: before everything else, where providers cache, or at the start of the last user message.",
    ),
    setting(
        "packs.*.hold_out",
        Kind::Fraction { most: 0.03 },
        Unset("0: nothing is left out"),
        "Share of calls on which one eligible unit is left out at random, so that the value of units can be estimated. Never a unit marked safety.",
    )
    .example("0.01"),
    section("context", "How the catalogue of context is read."),
    texts("context.ignore", &forms::GLOB, "Globs of paths that are never read, beside what ignore files say.", r#"["vendor/**"]"#),
    setting(
        "context.vocabulary",
        Choice(&["o200k_base", "cl100k_base", "p50k_base", "r50k_base"]),
        Text("o200k_base"),
        "The vocabulary in which tokens are counted where the model says nothing of its own.",
    ),
    text(
        "context.embeddings",
        &forms::MODEL,
        Unset("ranking is by words alone"),
        "Model whose embeddings take part in ranking: texts of units and names of code are sent to it, in calls of the class `jeton.context`.",
    )
    .example(r#""openai/text-embedding-3-small""#),
    setting(
        "context.commands",
        Choice(&["sandboxed", "never"]),
        Text("sandboxed"),
        "Whether commands of constraints, and code blocks marked as tests, run in the sandbox or not at all.",
    ),
];

/// An environment variable that Jeton reads as configuration.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

pub(crate) const JETON_LISTEN: &str = "JETON_LISTEN";

/// Every environment variable that is configuration by itself (others are only read where a secret refers to them).
pub(crate) const VARIABLES: &[Variable] = &[
    Variable { name: JETON_LISTEN, doc: "Stands in place of `gateway.listen`." },
    Variable {
        name: "OPENAI_API_KEY",
        doc: "Makes the provider `openai`, or gives it its key, where `jeton.toml` says neither `base_url` nor `api_key` for it.",
    },
    Variable { name: "OPENAI_BASE_URL", doc: "Its base address, in the same cases. Ignored where it is Jeton's own." },
    Variable { name: "ANTHROPIC_API_KEY", doc: "Makes the provider `anthropic`, or gives it its key, in the same cases." },
    Variable { name: "ANTHROPIC_BASE_URL", doc: "Its base address, in the same cases. Ignored where it is Jeton's own." },
    Variable { name: "GEMINI_API_KEY", doc: "Makes the provider `gemini`, or gives it its key, in the same cases." },
    Variable { name: "GOOGLE_GEMINI_BASE_URL", doc: "Its base address, in the same cases. Ignored where it is Jeton's own." },
];
