//! Checks across settings: names that must exist, settings that contradict each other, accounts above themselves.

use crate::assemble::api_of;
use crate::diagnostic::Code;
use crate::environment::{BUILT_IN, VENDORS};
use crate::forms::quoted;
use crate::snapshot::{Api, Snapshot};
use crate::source::Findings;
use crate::tree::{Tree, owned, shown};
use jeton_core::nearest;
use std::collections::BTreeSet;

/// Holds the snapshot against itself, and adds what follows: notes, and accounts that are only named as parents.
pub(crate) fn check(tree: &Tree, snapshot: &mut Snapshot, findings: &mut Findings) {
    let mut checker = Checker { tree, findings, notes: Vec::new() };
    checker.providers(snapshot);
    checker.models(snapshot);
    checker.routes(snapshot);
    checker.classes(snapshot);
    checker.packs(snapshot);
    checker.gateway();
    checker.lease(snapshot);
    checker.parents(snapshot);
    checker.cycles(snapshot);
    snapshot.notes.append(&mut checker.notes);
}

/// Settings of a provider that only some kinds have.
const LIMITED: [&str; 12] = [
    "base_url",
    "api_key",
    "credential",
    "headers",
    "output_limit_field",
    "stream_options",
    "endpoints",
    "reasoning_field",
    "api_version",
    "aws",
    "twin",
    "replay_dir",
];

/// Whether a kind of provider has a setting.
pub(crate) fn applies(leaf: &str, api: Api) -> bool {
    match leaf {
        "base_url" | "api_key" | "headers" => api.is_remote(),
        "credential" => matches!(api, Api::Openai | Api::Anthropic | Api::Gemini),
        "output_limit_field" | "stream_options" => matches!(api, Api::Openai | Api::Anthropic | Api::Azure),
        "endpoints" | "reasoning_field" => matches!(api, Api::Openai | Api::Azure),
        "api_version" => api == Api::Azure,
        "aws" => api == Api::Bedrock,
        "twin" => api == Api::Twin,
        "replay_dir" => api == Api::Replay,
        _ => true,
    }
}

pub(crate) struct Checker<'t> {
    pub(crate) tree: &'t Tree,
    findings: &'t mut Findings,
    pub(crate) notes: Vec<String>,
}

impl Checker<'_> {
    pub(crate) fn add(&mut self, code: Code, path: &[&str], message: String, expected: &str, remedy: String) {
        self.findings.add(code, self.tree.span(path), message, expected, remedy);
    }

    fn providers(&mut self, snapshot: &Snapshot) {
        for name in snapshot.providers.keys() {
            let path = ["providers", name.as_str()];
            let place = shown(&owned(&path));
            let Some(api) = api_of(self.tree, name) else {
                // A wrong `api` has been reported already.
                if !self.tree.is_said(&["providers", name, "api"]) {
                    let remedy = "add `api = \"openai\"`, if it is compatible with OpenAI".to_owned();
                    self.add(Code::Missing, &path, format!("`{place}` does not say its `api`"), "`api`, the dialect that the provider speaks", remedy);
                }
                continue;
            };
            if BUILT_IN.contains(&name.as_str()) && api.as_str() != name {
                let remedy = "give the provider another name".to_owned();
                self.add(
                    Code::Conflict,
                    &["providers", name, "api"],
                    format!("the name `{name}` belongs to a built-in provider"),
                    "a provider's own name",
                    remedy,
                );
            }
            self.provider_settings(snapshot, name, api, &place);
        }
    }

    fn provider_settings(&mut self, snapshot: &Snapshot, name: &str, api: Api, place: &str) {
        for leaf in LIMITED {
            let path = ["providers", name, leaf];
            if (self.tree.is_said(&path) || self.tree.has_table(&path)) && !applies(leaf, api) {
                let fitting: Vec<&str> = crate::assemble::APIS.iter().filter(|api| applies(leaf, **api)).map(|api| api.as_str()).collect();
                let message = format!("`{place}.{leaf}` means nothing for `api = \"{}\"`", api.as_str());
                self.add(
                    Code::Conflict,
                    &path,
                    message,
                    &format!("`api` to be {}", crate::decode::one_of(&fitting)),
                    format!("take out `{leaf}`, or change `api`"),
                );
            }
        }
        self.provider_address(snapshot, name, api, place);
        let is_callers =
            self.tree.found.get(&owned(&["providers", name, "credential"])).is_some_and(|found| found.value == crate::tree::Value::Text("caller".into()));
        if is_callers && self.tree.is_said(&["providers", name, "api_key"]) {
            let message = format!("`{place}` has an `api_key`, but passes on the caller's credential");
            self.add(
                Code::Conflict,
                &["providers", name, "api_key"],
                message,
                "one of `api_key` and `credential = \"caller\"`",
                "take out one of the two".into(),
            );
        }
    }

    /// What a service that has no address or credential for everybody must be told.
    fn provider_address(&mut self, snapshot: &Snapshot, name: &str, api: Api, place: &str) {
        let Some(config) = snapshot.providers.get(name) else { return };
        let path = ["providers", name];
        if config.base_url.is_empty() && api.is_remote() {
            let (expected, remedy) = match api {
                Api::Azure => ("the address of the resource", "add `base_url = \"https://RESOURCE.openai.azure.com/openai/v1\"`"),
                Api::Bedrock => ("the region", "add `aws = { region = \"eu-central-1\" }`, or a `base_url`"),
                _ => (
                    "the address of the project",
                    "add `base_url = \"https://aiplatform.googleapis.com/v1/projects/PROJECT/locations/global/publishers/google\"`",
                ),
            };
            self.add(Code::Missing, &path, format!("`{place}` does not say where it is"), expected, remedy.to_owned());
        }
        let aws = &config.aws;
        if aws.access_key_id.is_some() != aws.secret_access_key.is_some() || (aws.session_token.is_some() && aws.access_key_id.is_none()) {
            let expected = "`access_key_id` and `secret_access_key`, or neither";
            self.add(
                Code::Missing,
                &["providers", name, "aws"],
                format!("`{place}.aws` has but a part of an access key"),
                expected,
                format!("add what is missing of `{place}.aws`"),
            );
        }
        if aws.access_key_id.is_some() && config.api_key.is_some() {
            let expected = "one of `api_key` and `aws.access_key_id`";
            self.add(
                Code::Conflict,
                &["providers", name, "api_key"],
                format!("`{place}` has an `api_key` and an access key"),
                expected,
                "take out one of the two".into(),
            );
        }
    }

    /// Whether the provider of `model` exists and may have it; `place` says who names it.
    pub(crate) fn model_exists(&mut self, snapshot: &Snapshot, model: &str, place: &str, span: Option<crate::tree::Span>) {
        let Some((provider, name)) = model.split_once('/') else { return };
        let Some(found) = snapshot.providers.get(provider) else {
            if let Some((_, variable, _)) = VENDORS.iter().find(|(vendor, _, _)| *vendor == provider) {
                let note = format!("{place} names `{model}`, but there is no provider `{provider}`: set `{variable}` or add `[providers.{provider}]`.");
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
                return;
            }
            self.unknown_provider(snapshot, provider, place, span);
            return;
        };
        let of_provider = format!("{provider}/");
        let described = snapshot.models.keys().filter_map(|model| model.strip_prefix(&of_provider));
        let mut known: BTreeSet<&str> = found.models.iter().map(String::as_str).collect();
        match found.api {
            Api::Local => drop(known.insert("extract")),
            _ if known.is_empty() => return,
            _ => known.extend(described),
        }
        if !known.contains(name) {
            let close = nearest(name, known.iter().copied(), 1).first().copied().unwrap_or_default();
            let expected = format!("a model of `{provider}`: {}", crate::decode::one_of(&known.iter().copied().collect::<Vec<_>>()));
            self.findings.add(
                Code::UnknownName,
                span,
                format!("{place} names {}, which `{provider}` does not have", quoted(model)),
                expected,
                format!("did you mean `{provider}/{close}`?"),
            );
        }
    }

    fn unknown_provider(&mut self, snapshot: &Snapshot, provider: &str, place: &str, span: Option<crate::tree::Span>) {
        let known: BTreeSet<&str> = snapshot.providers.keys().map(String::as_str).chain(VENDORS.iter().map(|(vendor, _, _)| *vendor)).collect();
        let close = nearest(provider, known.iter().copied(), 1).first().copied().unwrap_or_default();
        let expected = format!("a provider: {}", crate::decode::one_of(&known.iter().copied().collect::<Vec<_>>()));
        let remedy = format!("did you mean `{close}`? Otherwise add `[providers.{provider}]`");
        self.findings.add(Code::UnknownName, span, format!("{place} names the provider {}, which does not exist", quoted(provider)), expected, remedy);
    }

    fn models(&mut self, snapshot: &Snapshot) {
        for model in snapshot.models.keys() {
            let path = ["models", model.as_str()];
            let span = self.tree.span(&path);
            // A model described here exists by that; only its provider is asked for.
            let provider = model.split_once('/').map_or("", |(provider, _)| provider);
            if !provider.is_empty() && !snapshot.providers.contains_key(provider) && !VENDORS.iter().any(|(vendor, _, _)| *vendor == provider) {
                self.unknown_provider(snapshot, provider, &format!("`{}`", shown(&owned(&path))), span);
            }
        }
    }

    fn routes(&mut self, snapshot: &Snapshot) {
        for (name, route) in &snapshot.routes {
            let place = format!("`{}`", shown(&owned(&["routes", name])));
            let path = ["routes", name.as_str(), "try"];
            if route.models.is_empty() {
                self.add(
                    Code::Missing,
                    if self.tree.is_said(&path) { &path } else { &path[..2] },
                    format!("{place} tries no model"),
                    "`try`, a list of at least one model",
                    "add, for example, `try = [\"openai/gpt-5-mini\"]`".into(),
                );
            }
            for (index, model) in route.models.iter().enumerate() {
                self.model_exists(snapshot, model, &place, self.tree.item_span(&path, index));
            }
        }
    }

    fn classes(&mut self, snapshot: &Snapshot) {
        for (name, class) in &snapshot.classes {
            let place = format!("`{}`", shown(&owned(&["classes", name])));
            if let Some(route) = class.route.as_ref().filter(|route| !snapshot.routes.contains_key(*route)) {
                let message = format!("{place} is served by the route {}, which does not exist", quoted(route));
                let known: Vec<&str> = snapshot.routes.keys().map(String::as_str).collect();
                let (expected, remedy) = match nearest(route, known.iter().copied(), 1).first() {
                    Some(close) => (format!("a route: {}", crate::decode::one_of(&known)), format!("did you mean `{close}`? Otherwise add `[routes.{route}]`")),
                    None => ("the name of a route".to_owned(), format!("add `[routes.{route}]` with `try = […]`")),
                };
                self.add(Code::UnknownName, &["classes", name, "route"], message, &expected, remedy);
            }
            let path = ["classes", name.as_str(), "allow", "providers"];
            for (index, provider) in class.allow.providers.iter().enumerate() {
                if !snapshot.providers.contains_key(provider) && !VENDORS.iter().any(|(vendor, _, _)| vendor == provider) {
                    self.unknown_provider(snapshot, provider, &format!("`{}`", shown(&owned(&path))), self.tree.item_span(&path, index));
                }
            }
            let path = ["classes", name.as_str(), "allow", "models"];
            for (index, model) in class.allow.models.iter().enumerate() {
                if let Some((provider, rest)) = model.as_str().split_once('/').filter(|(provider, _)| !provider.contains('*')) {
                    let span = self.tree.item_span(&path, index);
                    let place = format!("`{}`", shown(&owned(&path)));
                    if !rest.contains('*') {
                        self.model_exists(snapshot, model.as_str(), &place, span);
                    } else if !snapshot.providers.contains_key(provider) && !VENDORS.iter().any(|(vendor, _, _)| *vendor == provider) {
                        self.unknown_provider(snapshot, provider, &place, span);
                    }
                }
            }
        }
    }

    /// A table that stands in the file needs these settings.
    fn needs(&mut self, table: &[&str], leaf: &str, remedy: &str) {
        let mut path = table.to_vec();
        path.push(leaf);
        let full = shown(&owned(&path));
        if self.tree.has_table(table) && !self.tree.is_said(&path) {
            self.add(Code::Missing, table, format!("`{full}` is missing"), &format!("`{leaf}` in `{}`", shown(&owned(table))), remedy.to_owned());
        }
    }

    fn gateway(&mut self) {
        self.needs(&["gateway", "tls"], "cert", "add `cert = \"cert.pem\"`, or take out `tls`");
        self.needs(&["gateway", "tls"], "key", "add `key = \"key.pem\"`, or take out `tls`");
        for name in self.tree.names(&["accounts"]) {
            self.needs(&["accounts", &name, "budget"], "usd", "add, for example, `usd = 50`, or take out `budget`");
        }
        for name in self.tree.names(&["classes"]) {
            self.needs(&["classes", &name, "value"], "usd", "add, for example, `usd = 1.50`, or take out `value`");
            self.needs(&["classes", &name, "limits", "cost_per_call"], "usd", "add, for example, `usd = 0.02`, or take out `cost_per_call`");
        }
        for name in self.tree.names(&["routes"]) {
            self.needs(&["routes", &name, "max_cost"], "usd", "add, for example, `usd = 0.10`, or take out `max_cost`");
        }
    }

    /// A hold that ends before its call would let others spend its money.
    fn lease(&mut self, snapshot: &Snapshot) {
        let own = snapshot
            .providers
            .values()
            .map(|provider| provider.timeouts.total_ms)
            .chain(snapshot.routes.values().map(|route| route.timeouts.total_ms))
            .flatten();
        let longest = own.chain(snapshot.routes.values().map(|route| route.total_ms)).fold(snapshot.timeouts.total_ms, u64::max);
        if snapshot.budget.lease_ms < longest {
            let message = format!("`budget.lease_ms` is shorter than the longest `total_ms`, {longest}: a hold would end before its call");
            self.add(
                Code::Conflict,
                &["budget", "lease_ms"],
                message,
                &format!("at least {longest}"),
                format!("write `lease_ms = {longest}`, or leave it out"),
            );
        }
    }
}
