//! The configuration in use, made ready for calls. Immutable; a changed configuration makes a new one, and a call keeps
//! the one it began with.

use crate::bound::assumed_price;
use crate::catalogue::{Catalogue, Resolved};
use crate::inbound::Inbound;
use jeton_core::{Attribution, DEFAULT_ACCOUNT, Price};
use jeton_project::{Class, MatchRule, Pack, Route, Snapshot, Timeouts, UnknownPrice};
use jeton_upstream::Provider;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The configuration in use.
#[derive(Debug)]
pub struct Live {
    snapshot: Arc<Snapshot>,
    providers: BTreeMap<String, Arc<Provider>>,
    catalogue: Catalogue,
    classes: HashMap<String, Arc<Class>>,
    packs: BTreeMap<String, Arc<Pack>>,
    default_accounts: Arc<[Arc<str>]>,
    assumed: Option<Price>,
}

impl Live {
    /// Makes `snapshot` ready. `providers` were built for it; `listed` names the models of built-in providers.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>, providers: BTreeMap<String, Arc<Provider>>, listed: &BTreeMap<String, Vec<String>>) -> Self {
        let catalogue = Catalogue::new(&snapshot, &providers, listed);
        let classes = snapshot.classes.iter().map(|(name, class)| (name.clone(), Arc::new(class.clone()))).collect();
        let packs = snapshot.packs.iter().map(|(name, pack)| (name.clone(), Arc::new(pack.clone()))).collect();
        let default_accounts = snapshot.account_chain(DEFAULT_ACCOUNT).into_iter().map(Arc::from).collect();
        let assumed = match snapshot.budget.unknown_price {
            UnknownPrice::Refuse => None,
            UnknownPrice::Bound(rate) => Some(assumed_price(rate)),
        };
        Self { snapshot, providers, catalogue, classes, packs, default_accounts, assumed }
    }

    /// The settings.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The models.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The providers by name.
    #[must_use]
    pub const fn providers(&self) -> &BTreeMap<String, Arc<Provider>> {
        &self.providers
    }

    /// The accounts that pay for callers without a key.
    pub(crate) fn default_accounts(&self) -> Arc<[Arc<str>]> {
        Arc::clone(&self.default_accounts)
    }

    /// The accounts that pay for calls with the key `name` of `account`: the key's own first.
    pub(crate) fn accounts_of_key(&self, name: &str, account: &str) -> Arc<[Arc<str>]> {
        let own: Arc<str> = format!("key:{name}").into();
        std::iter::once(own).chain(self.snapshot.account_chain(account).into_iter().map(Arc::from)).collect()
    }

    pub(crate) fn class(&self, name: &str) -> Option<Arc<Class>> {
        self.classes.get(name).cloned()
    }

    pub(crate) fn pack(&self, name: &str) -> Option<Arc<Pack>> {
        self.packs.get(name).cloned()
    }

    pub(crate) fn pack_names(&self) -> impl Iterator<Item = &str> {
        self.packs.keys().map(String::as_str)
    }

    pub(crate) fn route(&self, name: &str) -> Option<&Route> {
        self.snapshot.routes.get(name)
    }

    pub(crate) fn route_names(&self) -> impl Iterator<Item = &str> {
        self.snapshot.routes.keys().map(String::as_str)
    }

    /// The first class, in the order of the file, one of whose rules holds for the call.
    pub(crate) fn matching_class(&self, inbound: &Inbound, attribution: &Attribution, system_prompt: &str) -> Option<Arc<str>> {
        let holds = |rule: &MatchRule| rule_holds(rule, inbound, attribution, system_prompt);
        let name = self.snapshot.class_order.iter().find(|name| self.classes.get(*name).is_some_and(|class| class.rules.iter().any(holds)))?;
        Some(Arc::from(name.as_str()))
    }

    pub(crate) fn region_of(&self, provider: &str) -> Option<&str> {
        self.snapshot.providers.get(provider)?.region.as_deref()
    }

    /// The price by which the most that a call can cost is reckoned: the model's, else what is assumed for unknown prices.
    #[must_use]
    pub fn price_for_bound<'a>(&'a self, resolved: &'a Resolved) -> Cow<'a, Price> {
        match &self.assumed {
            Some(assumed) if !resolved.entry.price.is_known() => Cow::Borrowed(assumed),
            _ => Cow::Borrowed(&resolved.entry.price),
        }
    }

    pub(crate) fn lease_ms(&self) -> i64 {
        i64::try_from(self.snapshot.budget.lease_ms).unwrap_or(i64::MAX)
    }

    /// The timers of a try, with the class's bound on the first content.
    pub(crate) fn timeouts(&self, provider: &str, route: Option<&str>, class: Option<&Class>) -> Timeouts {
        let mut timeouts = self.snapshot.timeouts_for(provider, route);
        if let Some(limit) = class.and_then(|class| class.limits.first_content_ms) {
            timeouts.first_content_ms = timeouts.first_content_ms.min(limit);
        }
        timeouts
    }
}

/// Whether every condition that the rule sets holds.
fn rule_holds(rule: &MatchRule, inbound: &Inbound, attribution: &Attribution, system_prompt: &str) -> bool {
    let key = rule.key.as_deref().is_none_or(|key| attribution.key.as_deref() == Some(key));
    let header = rule.header.as_ref().is_none_or(|header| inbound.header(&header.name).is_some_and(|value| header.value.matches(value)));
    let path = rule
        .path
        .as_deref()
        .is_none_or(|path| inbound.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/')));
    let tag = rule.tag.as_deref().is_none_or(|tag| attribution.tags.iter().any(|have| &**have == tag));
    let system = rule.system.as_ref().is_none_or(|pattern| pattern.matches(system_prompt));
    key && header && path && tag && system
}
