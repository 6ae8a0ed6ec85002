//! What holds, and where it was said.

use crate::assemble::api_of;
use crate::decode::below;
use crate::describe::{DESCRIPTION, Definition, Kind};
use crate::references::applies;
use crate::secret::MASK;
use crate::tree::{Path, Tree, Value, shown};
use crate::{HeaderValue, PackQuery, Prices, Snapshot};
use serde::{Serialize, Serializer};
use std::fmt;

/// One setting that holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its place, e.g. `gateway.listen` or `classes."support.refund".route`.
    pub path: String,
    /// Its value, in the form of `jeton.toml`; secrets are masked. Null where it is not set and has no fixed default.
    pub value: serde_json::Value,
    /// Where it was said.
    pub origin: Origin,
}

/// Where a setting was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: Jeton's default.
    Default,
    /// In this file, on this line (from 1).
    File(String, usize),
    /// In this environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    /// `default`, `jeton.toml:12` or `environment OPENAI_API_KEY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.pad("default"),
            Self::File(file, line) => f.pad(&format!("{file}:{line}")),
            Self::Environment(name) => f.pad(&format!("environment {name}")),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Every setting that holds, and the digest of them all.
pub(crate) fn settings(tree: &Tree, snapshot: &Snapshot) -> (Vec<Setting>, String) {
    let mut listing = Listing { tree, snapshot, settings: Vec::new(), digest: Digest::default() };
    listing.table("", &Path::new());
    (listing.settings, format!("{:016x}", listing.digest.0))
}

struct Listing<'t> {
    tree: &'t Tree,
    snapshot: &'t Snapshot,
    settings: Vec<Setting>,
    digest: Digest,
}

impl Listing<'_> {
    fn table(&mut self, pattern: &str, path: &Path) {
        for definition in DESCRIPTION.children(pattern) {
            let below_path = below(path, definition.leaf());
            match definition.kind {
                Kind::Section => {
                    // Inside a named table a section that nobody wrote has nothing to say.
                    if path.is_empty() || self.tree.tables.contains_key(&below_path) {
                        self.table(definition.path, &below_path);
                    }
                }
                Kind::Named(_) => self.each(&format!("{}.*", definition.path), &below_path),
                Kind::Rules => self.each(definition.path, &below_path),
                _ => self.leaf(definition, below_path),
            }
        }
    }

    /// The things in a table of names, or the items of a list.
    fn each(&mut self, pattern: &str, path: &Path) {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        for name in self.tree.names(&keys) {
            let path = below(path, &name);
            // That a thing is there can matter even where nothing is said of it.
            self.digest.line(&shown(&path), "");
            self.table(pattern, &path);
        }
    }

    fn leaf(&mut self, definition: &'static Definition, path: Path) {
        if let Some(found) = self.tree.found.get(&path) {
            self.push(&path, Some(&found.value), found.origin.clone());
        } else if let Some(value) = definition.fallback_value() {
            let is_said_of_a_name = definition.path.contains('*');
            let is_empty = matches!(definition.fallback, crate::describe::Fallback::Empty);
            if !is_said_of_a_name || (!is_empty && self.fits_provider(definition, &path)) {
                self.push(&path, Some(&value), Origin::Default);
            }
        } else if let Some(value) = self.computed(definition, &path) {
            self.push(&path, Some(&value), Origin::Default);
        } else if !definition.path.contains('*') {
            self.push(&path, None, Origin::Default);
        }
    }

    /// Defaults that follow from other settings.
    fn computed(&self, definition: &Definition, path: &Path) -> Option<Value> {
        if definition.path == "budget.lease_ms" {
            return Some(Value::Whole(self.snapshot.budget.lease_ms));
        }
        let provider = path.get(1).filter(|_| path[0] == "providers").and_then(|name| self.snapshot.providers.get(name))?;
        let text = match definition.path {
            "providers.*.api" => provider.api.as_str(),
            "providers.*.base_url" if provider.api.is_remote() => provider.base_url.as_str(),
            "providers.*.prices" => match &provider.prices {
                Prices::Book(book) if provider.api.is_remote() => book.as_str(),
                _ => return None,
            },
            _ => return None,
        };
        Some(Value::Text(text.to_owned()))
    }

    /// Defaults of a provider are listed where its kind has the setting.
    fn fits_provider(&self, definition: &Definition, path: &Path) -> bool {
        path[0] != "providers" || api_of(self.tree, &path[1]).is_some_and(|api| applies(definition.leaf(), api))
    }

    fn push(&mut self, path: &Path, value: Option<&Value>, origin: Origin) {
        let path = shown(path);
        self.digest.line(&path, &value.map_or_else(String::new, exact));
        self.settings.push(Setting { path, value: value.map_or(serde_json::Value::Null, masked), origin });
    }
}

/// The value as JSON, without secrets.
fn masked(value: &Value) -> serde_json::Value {
    let number = |text: String| {
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        text.parse::<serde_json::Number>().map_or(serde_json::Value::String(text), serde_json::Value::Number)
    };
    match value {
        Value::Flag(flag) => (*flag).into(),
        Value::Whole(whole) => (*whole).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Texts(texts) => texts.clone().into(),
        Value::Usd(amount) => number(amount.to_string().replace('$', "")),
        Value::Rate(rate) => number(rate.to_string()),
        Value::Fraction(fraction) => (*fraction).into(),
        Value::Secret(reference) => serde_json::json!(reference),
        Value::Headers(headers) => headers
            .iter()
            .map(|(name, value)| match value {
                HeaderValue::Literal(_) => (name.clone(), MASK.into()),
                HeaderValue::Reference(reference) => (name.clone(), serde_json::json!(reference)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::UnknownPrice(None) => "refuse".into(),
        Value::UnknownPrice(Some(rate)) => serde_json::json!({ "usd_per_million_tokens": number(rate.to_string()) }),
        Value::Query(PackQuery::LastUser) => "last_user".into(),
        Value::Query(PackQuery::Header(name)) => serde_json::json!({ "header": name }),
        Value::Query(PackQuery::Text(text)) => serde_json::json!({ "text": text }),
        Value::Json(json) => json.clone(),
    }
}

/// The value as a text that differs where values differ, for the digest alone.
fn exact(value: &Value) -> String {
    match value {
        Value::Usd(amount) => amount.0.to_string(),
        Value::Rate(rate) => rate.0.to_string(),
        Value::UnknownPrice(Some(rate)) => rate.0.to_string(),
        Value::Headers(headers) => headers
            .iter()
            .map(|(name, value)| match value {
                HeaderValue::Literal(secret) => format!("{name}:{:?}", secret.expose()),
                HeaderValue::Reference(reference) => format!("{name}:{reference}"),
            })
            .collect(),
        other => masked(other).to_string(),
    }
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo): tells configurations apart, guards against nobody.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    fn line(&mut self, path: &str, value: &str) {
        for byte in path.bytes().chain([b'=']).chain(value.bytes()).chain([b'\n']) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
